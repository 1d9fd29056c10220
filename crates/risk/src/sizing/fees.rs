//! The fee path: what share of fees the fund gets on each day, by the core's own controller under the fund's own policy.
//!
//! ```text
//!   coverage ──▶ control::step ──▶ rate ──▶ rate × income ──▶ balance − losses ──▶ coverage of the next day
//! ```
//!
//! All of it is integer money; only where the losses come from is a model. **Rounding** what the fund gets is rounded
//! down, in trillionths of the income, as the controller counts. A ledger charges whole parts per million, so it gets at
//! most one millionth of the income less.

use crate::{
    desk::{Cancelled, Progress, Stage},
    sweep::Percentiles,
};
use backstop_core::fund::{
    control::{WHOLE, charged_fine, coverage_of, step},
    controls::Control,
};
use backstop_units::{Amount, MathError, Span, Timestamp};
use rayon::prelude::*;
use serde::Serialize;

/// A fund under its controller.
#[derive(Clone, Copy, Debug)]
pub struct FeeSetup<'a> {
    /// Fee control as the ledger has it: policy, rate, integral, last run, and reports, spikes and messages as long as the
    /// core counts them. Without a policy nothing is charged.
    pub control: &'a Control,
    /// What it should hold.
    pub target: Amount,
    /// What it holds.
    pub balance: Amount,
    /// Fees of a step, of which it gets the rate.
    pub income: Amount,
    /// Now: the first step ends one `each` later.
    pub begins: Timestamp,
    /// Time of a step, one day as a rule.
    pub each: Span,
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FeeStep {
    /// The rate, in trillionths.
    pub rate: u128,
    /// What the fund got of the income.
    pub got: Amount,
    /// What it paid.
    pub paid: Amount,
    /// What it could not pay.
    pub missing: Amount,
    /// What it holds after.
    pub balance: Amount,
    /// That as a part of the target, in trillionths.
    pub coverage: u128,
}

/// The path under given losses, one for each step: first the controller runs and fees come in, then the step's loss is
/// paid as far as the balance goes. The controller runs no sooner than its policy lets it, so a step that is shorter goes on at
/// the rate before it.
///
/// # Errors
/// [`MathError`] for a policy that the core refuses.
pub fn path(setup: &FeeSetup<'_>, losses: &[Amount]) -> Result<Vec<FeeStep>, MathError> {
    let control = setup.control;
    let (mut controller, mut balance) = (control.controller, setup.balance);
    let mut now: Timestamp = setup.begins;
    let mut steps = Vec::with_capacity(losses.len());
    for loss in losses {
        now = now.plus(setup.each);
        let mut rate = 0;
        if let Some(policy) = control.policy.as_deref() {
            if now >= controller.at.plus(policy.interval_min) {
                let coverage = coverage_of(balance, setup.target);
                controller =
                    step(policy, &controller, &control.reading(policy, coverage, now), now)?.0;
            }
            let spikes = control.spikes_sum(now);
            rate = charged_fine(policy, controller.rate, spikes, control.headroom);
        }
        let got = setup.income.mul_div_floor(rate, WHOLE)?;
        let before = balance.checked_add(got).ok_or(MathError::Overflow)?;
        let paid = before.min(*loss);
        balance = before.saturating_sub(paid);
        steps.push(FeeStep {
            rate,
            got,
            paid,
            missing: loss.saturating_sub(paid),
            balance,
            coverage: coverage_of(balance, setup.target),
        });
    }
    Ok(steps)
}

/// How rate and coverage are spread over many loss paths, step by step. Trillionths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeeFan {
    /// The rate of each step.
    pub rates: Vec<Percentiles>,
    /// The coverage after each step.
    pub coverages: Vec<Percentiles>,
    /// What came in over each path.
    pub got: Percentiles,
    /// Paths on which something could not be paid.
    pub short: usize,
    /// First step at whose end half of the paths are fully covered; none within the paths.
    pub covered: Option<usize>,
}

/// Why there is no fan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FanError {
    /// A policy that the core refuses, or money past what it counts.
    #[error(transparent)]
    Math(#[from] MathError),
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The fan over loss paths of one length, on all threads of the current pool; the same bytes on any number of them.
/// Shorter paths count as without losses at their end.
///
/// # Errors
/// [`FanError`].
pub fn fan(
    setup: &FeeSetup<'_>,
    paths: &[Vec<Amount>],
    progress: &dyn Progress,
) -> Result<FeeFan, FanError> {
    let length = paths.iter().map(Vec::len).max().unwrap_or(0);
    let one = |losses: &Vec<Amount>| {
        let mut whole = losses.clone();
        whole.resize(length, Amount::ZERO);
        Ok::<_, FanError>(path(setup, &whole)?)
    };
    let stage = Stage::begin(progress, "fee path", paths.len())?;
    let walked = paths.par_iter().map(|losses| stage.part(|| one(losses)));
    let walked: Vec<Vec<FeeStep>> = walked.collect::<Result<_, _>>()?;
    let over = |at: usize, pick: fn(&FeeStep) -> u128| {
        progress.ask()?;
        Ok(Percentiles::of(walked.iter().filter_map(|steps| steps.get(at)).map(pick)))
    };
    let all = |pick| (0..length).map(|at| over(at, pick)).collect::<Result<Vec<_>, Cancelled>>();
    let coverages = all(|step| step.coverage)?;
    let total = |steps: &Vec<FeeStep>| {
        steps.iter().fold(0_u128, |sum, step| sum.saturating_add(step.got.get()))
    };
    let is_short = |steps: &&Vec<FeeStep>| steps.iter().any(|step| step.missing > Amount::ZERO);
    Ok(FeeFan {
        rates: all(|step| step.rate)?,
        got: Percentiles::of(walked.iter().map(total)),
        short: walked.iter().filter(is_short).count(),
        covered: coverages.iter().position(|points| points.median >= WHOLE),
        coverages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Silent;
    use backstop_core::{
        fund::controls::Spike,
        policy::{ControlPolicy, SpikeCause},
    };
    use backstop_units::Ppm;

    fn control(policy: ControlPolicy) -> Control {
        Control { policy: Some(Box::new(policy)), ..Control::default() }
    }

    fn setup(control: &Control) -> FeeSetup<'_> {
        FeeSetup {
            control,
            target: Amount::new(100_000_000),
            balance: Amount::new(60_000_000),
            income: Amount::new(4_000_000),
            begins: Timestamp::ZERO,
            each: Span::days(1),
        }
    }

    #[test]
    fn no_atom_appears_or_vanishes() {
        let control = control(ControlPolicy::default());
        let losses: Vec<Amount> = (0..200_u128)
            .map(|day| Amount::new(if day % 37 == 5 { 85_000_003 } else { day * 11 }))
            .collect();
        let steps = path(&setup(&control), &losses).unwrap();
        let mut balance = 60_000_000_u128;
        for (step, loss) in steps.iter().zip(&losses) {
            balance = balance + step.got.get() - step.paid.get();
            assert_eq!(balance, step.balance.get());
            assert_eq!(step.paid.get() + step.missing.get(), loss.get());
            assert!(step.got <= Amount::new(1_000_000), "a quarter of the income at most");
        }
        assert!(steps.iter().any(|step| step.missing > Amount::ZERO));
    }

    #[test]
    fn worse_losses_never_lower_the_rate() {
        let control = control(ControlPolicy::default());
        let light = vec![Amount::new(100_000); 60];
        let heavy = vec![Amount::new(900_000); 60];
        let (light, heavy) =
            (path(&setup(&control), &light).unwrap(), path(&setup(&control), &heavy).unwrap());
        for (one, other) in light.iter().zip(&heavy) {
            assert!(one.rate <= other.rate && one.coverage >= other.coverage);
        }
    }

    #[test]
    fn a_fan_of_one_path_is_the_path() {
        let control = control(ControlPolicy::default());
        let losses = vec![Amount::new(200_000); 50];
        let steps = path(&setup(&control), &losses).unwrap();
        let fan = fan(&setup(&control), &[losses], &Silent).unwrap();
        for (at, step) in steps.iter().enumerate() {
            assert_eq!(fan.rates[at].points(), [step.rate; 7]);
            assert_eq!(fan.coverages[at].median, step.coverage);
        }
        assert_eq!(fan.short, 0);
        let covered = steps.iter().position(|step| step.coverage >= WHOLE);
        assert_eq!(fan.covered, covered);
        assert!(super::fan(&setup(&control), &[], &Silent).unwrap().rates.is_empty());
    }

    /// By hand: 40 % of the target is missing, 35 % below the dead band. Base and gain ask for 10 % + 0.5 × 35 % = 27.5 %, above
    /// both ceilings; the slew limit leads there by 5 % a day.
    #[test]
    fn the_ceiling_is_that_of_the_policy() {
        for (ceiling, wanted) in
            [(250_000, [50, 100, 150, 200, 250, 250]), (120_000, [50, 100, 120, 120, 120, 120])]
        {
            let rate_max = Ppm::new(ceiling);
            let control = control(ControlPolicy { rate_max, ..ControlPolicy::default() });
            let setup = FeeSetup { income: Amount::ZERO, ..setup(&control) };
            let steps = path(&setup, &[Amount::ZERO; 6]).unwrap();
            let rates: Vec<u128> = steps.iter().map(|step| step.rate / (WHOLE / 1_000)).collect();
            assert_eq!(rates, wanted);
        }
    }

    /// No run before the second day; within the dead band the base rate of 10 %, with a spike of 3 % before the third.
    #[test]
    fn spikes_end_headroom_holds_and_no_run_comes_too_early() {
        let (slew, interval_min) = (None, Span::days(2));
        let until = Timestamp::ZERO.plus(Span::days(3));
        let spike = Spike { number: 0, size: Ppm::new(30_000), cause: SpikeCause::Event, until };
        let policy = ControlPolicy { slew, interval_min, ..ControlPolicy::default() };
        let free = Control { spikes: vec![spike], ..control(policy) };
        let bound = Control { headroom: Some(Ppm::new(110_000)), ..free.clone() };
        for (control, wanted) in [
            (free, [30, 130, 100, 100]),
            (bound, [30, 110, 100, 100]),
            (Control::default(), [0; 4]),
        ] {
            let setup = FeeSetup {
                balance: Amount::new(100_000_000),
                income: Amount::ZERO,
                ..setup(&control)
            };
            let steps = path(&setup, &[Amount::ZERO; 4]).unwrap();
            let rates: Vec<u128> = steps.iter().map(|step| step.rate / (WHOLE / 1_000)).collect();
            assert_eq!(rates, wanted);
        }
    }
}
