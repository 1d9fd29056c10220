//! What runs: every crash under every preset that the venue can run with.

use crate::{args::DemoArgs, exit::Failure};
use backstop_api::{PRESETS, Preset};
use backstop_core::Genesis;
use backstop_risk::{
    CRASHES, Crash, Feed, LedgerError, RiskError, VenueParams,
    demo::{fits, stage},
};
use backstop_units::Label;
use std::path::{Path, PathBuf};

/// The preset of the main run.
const MAIN: &str = "backstop";

/// One run: a crash under a preset's rules.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) crash: &'static Crash,
    pub(crate) preset: &'static str,
    pub(crate) genesis: Genesis,
    pub(crate) feeds: Vec<Feed>,
}

impl Job {
    /// Where it lies below a folder: the first run in the folder itself.
    pub(super) fn place(&self, top: &Path, is_first: bool) -> PathBuf {
        if is_first {
            top.to_owned()
        } else {
            top.join(format!("runs/{}-{}", self.crash.name, self.preset))
        }
    }
}

/// What runs, and what can't.
#[derive(Debug)]
pub(super) struct Plan {
    /// The runs, the main crash first and the main preset first in each.
    pub(super) jobs: Vec<Job>,
    /// Presets that this venue can't run with, and why.
    pub(super) left_out: Vec<(&'static str, String)>,
}

/// The runs that the arguments ask for.
///
/// # Errors
/// [`Failure::Input`] for a crash or preset that there is not, or if no preset can run.
pub(super) fn plan(args: &DemoArgs) -> Result<Plan, Failure> {
    let mut plan = Plan { jobs: Vec::new(), left_out: Vec::new() };
    let mut fitting = Vec::new();
    for preset in presets(&args.preset)? {
        let genesis = genesis(preset, args.seed)?;
        match fits(&genesis) {
            Ok(cast) => fitting.push((preset, genesis, cast.decimals)),
            Err(error) => plan.left_out.push((preset, why(&error))),
        }
    }
    for crash in chosen(CRASHES, &args.crash, |crash| crash.name, "crash")? {
        for (preset, genesis, decimals) in &fitting {
            let feeds = crash.feeds(*decimals).map_err(|error| Failure::machine(&error))?;
            let genesis = stage(genesis.clone(), &feeds, &VenueParams::DEMO);
            let genesis = genesis.map_err(|error| Failure::machine(&error))?;
            plan.jobs.push(Job { crash, preset, genesis, feeds });
        }
    }
    if plan.jobs.is_empty() {
        let why: Vec<_> =
            plan.left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        return Err(Failure::Input(format!("nothing can run: {}", why.join("; "))));
    }
    Ok(plan)
}

/// Why a preset does not fit: of a refusal what was refused, not by which command.
fn why(error: &RiskError) -> String {
    match error {
        RiskError::Ledger(LedgerError::Halt { halt, .. }) => halt.to_string(),
        other => other.to_string(),
    }
}

fn presets(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut known: Vec<&'static str> = PRESETS.iter().map(|(name, _)| *name).collect();
    known.sort_by_key(|name| *name != MAIN);
    Ok(chosen(&known, names, |name| name, "preset")?.into_iter().copied().collect())
}

/// Those of these names in the order of `all`; all without a name.
fn chosen<'a, T>(
    all: &'a [T],
    names: &[String],
    name: impl Fn(&'a T) -> &'static str,
    what: &str,
) -> Result<Vec<&'a T>, Failure> {
    if let Some(unknown) = names.iter().find(|wanted| all.iter().all(|one| name(one) != **wanted)) {
        let known: Vec<&str> = all.iter().map(&name).collect();
        return Err(Failure::Input(format!(
            "no {what} {unknown:?}\n\nhint: there are {}",
            known.join(", ")
        )));
    }
    Ok(all.iter().filter(|one| names.is_empty() || names.iter().any(|n| n == name(one))).collect())
}

fn genesis(preset: &str, seed: u64) -> Result<Genesis, Failure> {
    let preset = Preset::named(preset).map_err(|error| Failure::Input(error.to_string()))?;
    let label = format!("demo-{seed:x}");
    let label = Label::parse(label.get(..16).unwrap_or(&label))
        .map_err(|error| Failure::Input(error.to_string()))?;
    Ok(preset.genesis(label))
}
