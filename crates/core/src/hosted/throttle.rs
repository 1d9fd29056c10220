//! How much may be liquidated: of one position in a step, of one account and one market in a window.

use super::book::{HostedPosition, pool};
use crate::{
    liquidation::steps::{StepPolicy, remaining},
    policy::{HostedPolicy, Throttle},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, MarketId, Timestamp};

/// What a step has left after a fill, and whether the fill began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) left: Amount,
    pub(crate) begins: bool,
}

/// Takes a fill out of the position's step; a new step begins when the last one is over.
pub(crate) fn step(
    policy: &HostedPolicy,
    held: &HostedPosition,
    (whole, closed): (Amount, Amount),
    now: Timestamp,
) -> Result<Step, Reject> {
    let runs = |at: Timestamp| !policy.step.is_zero() && now.since(at) < policy.step;
    let begins = !held.step_at.is_some_and(runs);
    let allowed = if begins {
        let bounds = StepPolicy { min_notional: policy.min_notional, portion: policy.portion };
        bounds.bounds(whole)?.max
    } else {
        held.step_left
    };
    let over = Reject::new(RejectCode::LiquidationStep, closed, allowed);
    let left = allowed.checked_sub(closed).ok_or(over)?;
    Ok(Step { left, begins })
}

/// Refuses a fill that exceeds the rolling limits of its account or its market.
pub(crate) fn within(
    state: &State,
    market: MarketId,
    margin: u32,
    (notional, insured): (Amount, Amount),
    now: Timestamp,
) -> Result<(), Halt> {
    let owner = state.margins.expect(margin)?;
    let hosted = state.hosted(market)?;
    let sides = [
        (pool(state, owner.fund)?.1.throttle, owner.windows),
        (hosted.policy.throttle, hosted.windows),
    ];
    for (throttle, windows) in sides {
        for ((limit, window), asked) in limits(&throttle).zip(windows).zip([notional, insured]) {
            let Some(limit) = limit else { continue };
            let used = window.and_then(|id| state.windows.get(id)).map(|window| window.used(now));
            // A limit that was lowered in between leaves nothing.
            let left = remaining(limit, used.unwrap_or(Amount::ZERO)).unwrap_or(Amount::ZERO);
            if asked > left {
                return Err(Reject::new(RejectCode::Throttled, asked, left).into());
            }
        }
    }
    Ok(())
}

fn limits(throttle: &Throttle) -> impl Iterator<Item = Option<Amount>> {
    [throttle.notional_max, throttle.insurance_max].into_iter()
}

/// Counts a fill in the windows of a throttle that has limits; opens those that are not there.
pub(crate) fn count(
    state: &mut State,
    throttle: &Throttle,
    windows: [Option<u32>; 2],
    used: [Amount; 2],
) -> Result<[Option<u32>; 2], Corrupt> {
    let mut counted = windows;
    let now = state.meta.now;
    for ((limit, window), used) in limits(throttle).zip(&mut counted).zip(used) {
        if limit.is_none() || used.is_zero() {
            continue;
        }
        let id = window.unwrap_or(state.windows.next_id());
        if window.is_none() {
            state.windows.insert(id, crate::loss::window::Window::new(throttle.window))?;
            *window = Some(id);
        }
        state.windows.change(id)?.add(now, used);
    }
    Ok(counted)
}
