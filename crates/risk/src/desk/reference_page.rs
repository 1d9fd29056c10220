//! The reference venue over many seeds of its book, as one more crisis: what is luck of the book and what is not.

use super::{
    error::DeskError,
    inputs::Inputs,
    outcome::{Counted, ReferenceLine, ReferencePage},
    progress::Progress,
    setup::Setup,
};
use crate::{
    crash::{CRASHES, Crash},
    demo::{DemoSetup, fits, stage},
    error::RiskError,
    float::to_float,
    params::VenueParams,
    sweep::{Line, Unit, watched},
};
use backstop_core::Genesis;
use backstop_units::Label;

/// The page; none where no seeds are asked for.
///
/// # Errors
/// [`DeskError::NoCrash`] for a name that no crash has; [`DeskError::Cancelled`]. A preset that the venue can't run with
/// is no error: the page says why.
pub(super) fn page(
    setup: &Setup,
    inputs: &Inputs,
    progress: &dyn Progress,
) -> Result<Option<ReferencePage>, DeskError> {
    let asked = &setup.reference_venue;
    if asked.seeds == 0 {
        return Ok(None);
    }
    let Some(crash) = CRASHES.iter().find(|crash| crash.name == asked.crash) else {
        let known: Vec<&str> = CRASHES.iter().map(|crash| crash.name).collect();
        return Err(DeskError::NoCrash { name: asked.crash.clone(), known: known.join(", ") });
    };
    let preset = setup.fund.preset.clone();
    let found = match &inputs.waterfall {
        None => Err(format!("there is no preset {preset}")),
        Some(genesis) => match swept(genesis, crash, u64::from(asked.seeds), progress) {
            Err(RiskError::Cancelled(stopped)) => return Err(stopped.into()),
            found => found.map_err(|error| error.reason()),
        },
    };
    let (asset, lines, why) = match found {
        Ok((asset, lines)) => (asset.to_string(), lines, None),
        Err(why) => (String::new(), Vec::new(), Some(why)),
    };
    Ok(Some(ReferencePage {
        crash: crash.name.to_owned(),
        about: crash.title.to_owned(),
        preset,
        asset,
        seeds: asked.seeds,
        lines,
        why,
    }))
}

/// The asset that pays, and the lines.
fn swept(
    genesis: &Genesis,
    crash: &Crash,
    seeds: u64,
    progress: &dyn Progress,
) -> Result<(Label, Vec<ReferenceLine>), RiskError> {
    let cast = fits(genesis)?;
    let feeds = crash.feeds(cast.decimals)?;
    let genesis = stage(genesis.clone(), &feeds, &VenueParams::DEMO)?;
    let found = watched(&DemoSetup::new(0, &genesis, &feeds), seeds, progress)?;
    let atoms = libm::pow(10.0, f64::from(cast.decimals));
    Ok((cast.asset, found.lines().into_iter().map(|line| told(line, atoms)).collect()))
}

fn told(Line { name, unit, percentiles }: Line, atoms: f64) -> ReferenceLine {
    let (unit, whole) = match unit {
        Unit::Count => (Counted::Number, 1.0),
        Unit::Atoms => (Counted::Money, atoms),
        Unit::Bps => (Counted::Part, 10_000.0),
    };
    ReferenceLine { name, unit, points: percentiles.points().map(|point| to_float(point) / whole) }
}
