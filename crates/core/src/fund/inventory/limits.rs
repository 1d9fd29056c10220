//! What bounds a takeover: size, loss, time, the fund's money, and who it comes from.

use super::{LINES_MAX, margin, worth};
use crate::{
    event::LineMove,
    fund::reservations::unreserved,
    policy::InventoryPolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Amount, FundId, Label, MarketId, Ppm, Price, Signed, Timestamp};

/// When a fund last took something over from an owner group.
pub(crate) fn last_from(state: &State, fund: FundId, group: Label) -> Option<Timestamp> {
    let id = state.labels.takeovers.get((fund, group))?;
    state.takeovers.get(id).map(|takeover| takeover.at)
}

/// Refuses what a takeover would pass, in the order of the reject table. All limits look at the whole
/// position after it, so many small takeovers come no further than one large.
pub(crate) fn within(
    state: &State,
    now: Timestamp,
    policy: &InventoryPolicy,
    after: &LineMove,
    group: Label,
) -> Result<(), Halt> {
    let line = state.inventories.expect(after.market)?;
    if let Some(last) = last_from(state, after.fund, group) {
        let free = last.plus(policy.cooldown);
        if now < free {
            return Err(Reject::new(RejectCode::InventoryCooldown, now, free).into());
        }
    }
    let notional = notional(after.base, after.mark, policy)?;
    let smaller = after.base.size() <= line.base.size();
    if notional > policy.position_max && !smaller {
        let limit = policy.position_max;
        return Err(Reject::new(RejectCode::InventoryPosition, notional, limit).into());
    }
    let lost = line.paid.used(now).saturating_add(after.paid).saturating_add(after.shortfall);
    if lost > policy.loss_max {
        return Err(Reject::new(RejectCode::InventoryLoss, lost, policy.loss_max).into());
    }
    let (risk, most) = at_risk(state, now, policy, after)?;
    if risk > most {
        return Err(Reject::new(RejectCode::InventoryRisk, risk, most).into());
    }
    if let Some(due) = line.due_at().filter(|due| now >= *due) {
        return Err(Reject::new(RejectCode::InventoryOverdue, now, due).into());
    }
    let open = state.funds.expect(after.fund)?.inventory.lines.len();
    if line.base.is_zero() && open >= LINES_MAX {
        return Err(Reject::new(RejectCode::TooManyInventories, open, LINES_MAX).into());
    }
    Ok(())
}

/// The size of a position at a mark, in atoms, rounded up.
fn notional(base: Signed, mark: Price, policy: &InventoryPolicy) -> Result<Amount, Halt> {
    let long = Signed::gain(base.size()).ok_or(Reject::overflow())?;
    Ok(super::worth_ceil(long, mark, policy.base_unit)?.positive())
}

/// What the moves that the rules of its lines name would cost a fund on all of them, and how much of its
/// unreserved money that may be. What the takeover itself costs is gone by then.
fn at_risk(
    state: &State,
    now: Timestamp,
    policy: &InventoryPolicy,
    after: &LineMove,
) -> Result<(Amount, Amount), Halt> {
    let fund = state.funds.expect(after.fund)?;
    let kept = margin(state, after.market)?.saturating_add(after.margin_in);
    let kept = kept.saturating_add(after.result.positive()).saturating_sub(after.from_margin);
    let mut risk = line_at_risk((after.base, after.cost), after.mark, kept, policy)?;
    for id in fund.inventory.lines.iter().filter(|id| **id != after.market) {
        risk = risk.saturating_add(open_risk(state, *id)?);
    }
    let own = unreserved(state, after.fund, fund, now)?.saturating_sub(after.paid);
    Ok((risk, policy.reserve_part.of_floor(own)?))
}

fn open_risk(state: &State, market: MarketId) -> Result<Amount, Halt> {
    let line = state.inventories.expect(market)?;
    let Some(policy) = line.policy else { return Ok(Amount::ZERO) };
    line_at_risk((line.base, line.cost), line.mark, margin(state, market)?, &policy)
}

/// What a move against a position would cost beyond its margin and what it has gained.
///
/// **Rounding** up.
fn line_at_risk(
    (base, cost): (Signed, Signed),
    mark: Price,
    margin: Amount,
    policy: &InventoryPolicy,
) -> Result<Amount, Halt> {
    let open = worth(base, mark, policy.base_unit)?.checked_sub(cost).ok_or(Reject::overflow())?;
    let moved: Ppm = policy.shock;
    let move_costs = moved.of_ceil(notional(base, mark, policy)?)?;
    let need = move_costs.checked_add(open.negative()).ok_or(Reject::overflow())?;
    Ok(need.saturating_sub(margin.saturating_add(open.positive())))
}
