//! How fees get the fund to its size: the core's own controller under the fund's own policy, over drawn losses.

use super::{
    error::DeskError,
    fund::LedgerFund,
    inputs::Inputs,
    need_page::{Needs, days},
    outcome::{ControlPage, FeePage},
    progress::{Progress, Stage},
    setup::Setup,
};
use crate::{
    float::{count, signed_to_float, to_count, to_float},
    models::ModelError,
    random::Random,
    scenarios::Scenarios,
    sizing::{
        fees::{FanError, FeeSetup, fan},
        money,
    },
    sweep::Percentiles,
};
use backstop_core::{
    fund::{
        control::{WHOLE, within},
        controls::Control,
        rails,
    },
    policy::{ControlPolicy, CurvePoint, Law},
};
use backstop_units::{Amount, Ppm, Span, Timestamp};

/// What can't be counted on the way.
const OVERFLOW: &str = "target, income or gains are larger than the ledger counts together";
/// What the draws of loss paths are for: see [`Random::of_block`].
const PATHS: u64 = 0x0046_4545;

/// The page: from what the fund has toward a target in quote.
///
/// # Errors
/// [`DeskError`].
pub(super) fn page(
    setup: &Setup,
    inputs: &Inputs,
    (needs, scenarios): (&Needs, &Scenarios),
    target: f64,
    progress: &dyn Progress,
) -> Result<FeePage, DeskError> {
    let decimals = setup.fund.decimals;
    let preset = || inputs.waterfall.as_ref().and_then(LedgerFund::of_preset);
    let fund = inputs.fund.clone().or_else(preset);
    let begins = fund.as_ref().map_or(Timestamp::ZERO, |fund| fund.now);
    let (control, mut described) = steered(setup, fund.as_ref())?;
    described.last_run = described.last_run.filter(|_| inputs.fund.is_some());
    let lasts = days(scenarios);
    let each = Span::from_ms(scenarios.horizon().ms());
    let steps = steps(setup, lasts);
    let stage = Stage::begin(progress, "losses of the fee path", setup.fee.paths)?;
    let drawn = |path| {
        stage.part(|| {
            let mut random = Random::of_block(setup.seed, PATHS, path);
            let loss = |_| money(needs.losses.drawn(random.uniform()), decimals);
            (0..steps).map(loss).collect()
        })
    };
    let paths: Result<Vec<Vec<Amount>>, ModelError> =
        (0u64..).take(setup.fee.paths).map(drawn).collect();
    let start = FeeSetup {
        control: &control,
        target: money(target, decimals)?,
        balance: balance(setup, fund.as_ref())?,
        income: money(setup.fund.income_per_day * lasts, decimals)?,
        begins,
        each,
    };
    let found = fan(&start, &paths?, progress).map_err(|error| match error {
        FanError::Math(_) => DeskError::Control { fault: OVERFLOW.to_owned() },
        FanError::Cancelled(stopped) => stopped.into(),
    })?;
    let part = |of: u128| to_float(of) / to_float(WHOLE);
    let three = |points: &Percentiles| [part(points.p5), part(points.median), part(points.p95)];
    Ok(FeePage {
        target,
        start: setup.fund.size,
        days: lasts,
        income: setup.fund.income_per_day,
        control: Some(described),
        rates: found.rates.iter().map(three).collect(),
        coverages: found.coverages.iter().map(three).collect(),
        covered: found.covered,
        short: (found.short, setup.fee.paths),
    })
}

/// Steps of the path, each as many days as a scenario lasts.
pub(super) fn steps(setup: &Setup, lasts: f64) -> usize {
    to_count(libm::ceil(count(setup.fee.days) / lasts)).max(1)
}

/// The fund at the start, to the atom where it is the ledger's own.
fn balance(setup: &Setup, fund: Option<&LedgerFund>) -> Result<Amount, ModelError> {
    match fund.filter(|fund| fund.is_size_of(setup)) {
        Some(fund) => Ok(fund.counted),
        None => money(setup.fund.size, setup.fund.decimals),
    }
}

/// Fee control as the path has it, and how the report tells of it: the fund's own, or the core's default where it sets none,
/// with what settings say otherwise. Other rules than the fund's own count as set now.
fn steered(setup: &Setup, fund: Option<&LedgerFund>) -> Result<(Control, ControlPage), DeskError> {
    let mut control = fund.map(|fund| fund.control.clone()).unwrap_or_default();
    let own = control.policy.take();
    let mut whose = match (&own, fund) {
        (Some(_), Some(fund)) => fund.place.clone(),
        (_, Some(fund)) => format!("the default: {} sets no fee control", fund.place),
        (_, None) => "the default: no fund is named".to_owned(),
    };
    let changes = &setup.fee.control;
    if !changes.is_empty() {
        whose = format!("{whose}; the settings change {}", changes.names().join(", "));
    }
    let is_own = own.is_some() && changes.is_empty();
    let refused = |fault: &dyn std::fmt::Display| DeskError::Control { fault: fault.to_string() };
    let policy = changes.over(&own.map_or_else(ControlPolicy::default, |own| *own));
    let policy = policy.map_err(|fault| refused(&fault))?;
    rails::check(&policy).map_err(|fault| refused(&fault))?;
    let now = fund.map_or(Timestamp::ZERO, |fund| fund.now);
    let last_run = is_own.then(|| control.controller.at.to_string());
    if !is_own {
        let set = within(&policy, &control.controller, now);
        control.controller = set.map_err(|fault| refused(&fault))?;
    }
    let page = ControlPage { whose, last_run, ..told(&policy) };
    control.policy = Some(Box::new(policy));
    let integral = signed_to_float(control.controller.integral.get()) / to_float(WHOLE);
    Ok((control.clone(), ControlPage { rate: part(control.rate_at(now)), integral, ..page }))
}

fn part(ppm: impl Into<Option<Ppm>>) -> f64 {
    ppm.into().map_or(0.0, |ppm| f64::from(ppm.get()) / 1e6)
}

/// A policy's main figures.
fn told(policy: &ControlPolicy) -> ControlPage {
    let slew = policy.slew.map(|slew| (part(slew.by), slew.per.to_string()));
    let page = ControlPage {
        rails: (part(policy.rate_min), part(policy.rate_max)),
        slew,
        ..ControlPage::default()
    };
    match &policy.law {
        Law::Pi(law) => ControlPage {
            law: "proportional and integral".to_owned(),
            base: Some(part(law.base)),
            gains: Some((part(law.kp), part(law.ki), law.ki_period.to_string())),
            range: Some((part(law.dead_from), part(law.dead_to))),
            ..page
        },
        Law::Curve(points) => {
            let point = |point: &CurvePoint| (part(point.coverage), part(point.rate));
            let points = points.iter().map(point).collect();
            ControlPage { law: "a curve over coverage".to_owned(), points, ..page }
        }
    }
}
