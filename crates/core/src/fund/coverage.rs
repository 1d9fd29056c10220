//! What a fund holds, what of it counts, and what of it is excess.

use super::{control::WHOLE, house, idle, reserve::free_reserve};
use crate::{
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Fund, State},
};
use backstop_units::{Amount, FundId, MathError, Shares, Signed, Timestamp, mul_div_floor};

/// The parts of a fund's money, in atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The protocol's own.
    pub reserve: Amount,
    /// Contributors' gifts.
    pub contributions: Amount,
    /// Stakers' money, queued exits too.
    pub staked: Amount,
    /// Of it, on open tickets: counts as gone.
    pub queued: Amount,
    /// The protocol's own at a yield venue.
    pub idle: Amount,
    /// Held for liquidations in flight: no money of its own, a part of the first two.
    pub reserved: Amount,
    /// What of its own account at a venue counts; below zero: what it owes there. No money of the ledger.
    pub house: Signed,
    /// Unrealised loss of what was taken over, beyond the margin that came with it: not posted.
    pub shortfall: Amount,
    /// What counts toward threshold and target under the fund's policy, without what is reserved or
    /// taken over at a loss.
    pub counted: Amount,
}

impl Coverage {
    /// All the fund's money, whoever owns it.
    pub fn total(&self) -> Amount {
        let own = self.reserve.saturating_add(self.contributions).saturating_add(self.idle);
        own.saturating_add(self.staked)
    }
}

/// How well a target is covered: what counts over it, in trillionths ([`WHOLE`]); nothing without a target.
///
/// `⌊counted × 10¹² ÷ target⌋`. **Rounding** down, so a fund never seems better covered than it is; what is past
/// 128 bits is the largest number. **Source** the design's section 4: what counts over the target.
pub fn ratio(counted: Amount, target: Amount) -> Option<u128> {
    match mul_div_floor(counted.get(), WHOLE, target.get()) {
        Ok(ratio) => Some(ratio),
        Err(MathError::DivisionByZero) => None,
        Err(MathError::Overflow) => Some(u128::MAX),
    }
}

/// [`ratio`] in basis points, as people are told it.
///
/// **Rounding** down; both steps together are `⌊counted × 10,000 ÷ target⌋`.
pub fn ratio_bps(counted: Amount, target: Amount) -> Option<u128> {
    mul_div_floor(ratio(counted, target)?, 10_000, WHOLE).ok()
}

/// The target that counts at a moment: a fund's own, or the higher one that its risk model asks for.
///
/// # Errors
/// [`crate::Corrupt`] when there is no such fund.
pub fn target_at(
    state: &State,
    id: FundId,
    fund: &Fund,
    now: Timestamp,
) -> Result<Amount, Corrupt> {
    Ok(state.controls.expect(id)?.target_at(fund.target, now))
}

/// Looks up a fund's parts at a moment.
///
/// # Errors
/// [`crate::Corrupt`] when a tranche has fewer shares than are queued.
pub fn coverage_at(
    state: &State,
    id: FundId,
    fund: &Fund,
    now: Timestamp,
) -> Result<Coverage, Halt> {
    let owed = |account| state.ledger.owed(account, fund.asset);
    let mut parts = Coverage {
        reserve: owed(LedgerAccount::Reserve(id)),
        contributions: owed(LedgerAccount::Contributions(id)),
        idle: owed(LedgerAccount::Idle(id)),
        reserved: state.reservations.expect(id)?.held(now),
        house: house::counted_of(fund),
        shortfall: fund.inventory.shortfall,
        ..Coverage::default()
    };
    for (tranche_id, tranche) in state.tranches_of(fund) {
        let assets = owed(LedgerAccount::Tranche(tranche_id));
        parts.staked = parts.staked.saturating_add(assets);
        parts.queued =
            parts.queued.saturating_add(leaving(tranche.queued, assets, tranche.shares)?);
    }
    let all = standing(state, id, fund, &parts)?;
    parts.counted = all.saturating_sub(parts.reserved).saturating_sub(parts.shortfall);
    Ok(parts)
}

/// Looks up a fund's parts as of the last record.
///
/// # Errors
/// As [`coverage_at`].
pub fn coverage(state: &State, id: FundId, fund: &Fund) -> Result<Coverage, Halt> {
    coverage_at(state, id, fund, state.meta.now)
}

/// What stands behind a fund's markets, reserved or not.
fn standing(state: &State, id: FundId, fund: &Fund, parts: &Coverage) -> Result<Amount, Halt> {
    let own = parts.reserve.saturating_add(parts.contributions);
    let own = own.saturating_add(idle::counted(state, id, fund)?);
    let stake = parts.staked.saturating_sub(parts.queued);
    let all = if fund.policy.counts_stake { own.saturating_add(stake) } else { own };
    Ok(house::with(all, parts.house))
}

/// What queued shares may take with them, rounded up: coverage must not count an atom too many.
fn leaving(queued: Shares, assets: Amount, shares: Shares) -> Result<Amount, Halt> {
    if queued.is_zero() {
        return Ok(Amount::ZERO);
    }
    Ok(assets.mul_div_ceil(queued.get(), shares.get())?)
}

/// Room left under the threshold for automatic allocations. A reservation makes none: what is held
/// may come back, and the fund would have grown past its threshold. Nor does an unrealised loss.
///
/// # Errors
/// As [`coverage_at`].
pub fn room(state: &State, id: FundId, fund: &Fund) -> Result<Amount, Halt> {
    // The cheap half first: most settlements meet a fund that counts no stake.
    if fund.policy.counts_stake {
        let parts = coverage(state, id, fund)?;
        return Ok(fund.threshold.saturating_sub(standing(state, id, fund, &parts)?));
    }
    let owed = |account| state.ledger.owed(account, fund.asset);
    let own =
        owed(LedgerAccount::Reserve(id)).saturating_add(owed(LedgerAccount::Contributions(id)));
    let own = own.saturating_add(idle::counted(state, id, fund)?);
    Ok(fund.threshold.saturating_sub(house::with(own, house::counted_of(fund))))
}

/// Refuses while a loss holds the fund.
pub(crate) fn no_open_loss(state: &State, id: FundId, now: Timestamp) -> Result<(), Halt> {
    match state.holds.expect(id)?.gated_by(now) {
        Some(loss) => Err(Reject::got(RejectCode::LossOpen, loss).into()),
        None => Ok(()),
    }
}

/// What the operator may withdraw now: protocol reserve above the threshold, never contributions nor
/// what is reserved, nothing while a loss is open, the books disagree with the custodian, coverage is low,
/// or a position that was taken over is held too long.
///
/// `min(reserve − contributions, counted − threshold)`, where the reserve account already leaves
/// contributions out. At exactly the threshold it is nothing.
///
/// # Errors
/// The first rule that leaves nothing, in the order of the reject table from `LOSS_OPEN` on; before
/// them [`RejectCode::Overflow`], for a target whose band can't be computed.
pub fn excess(state: &State, id: FundId, fund: &Fund, now: Timestamp) -> Result<Amount, Halt> {
    let above = above_threshold(state, id, fund, now)?;
    let free = free_reserve(state, id, now)?;
    let excess = above.min(free);
    if excess.is_zero() {
        return Err(Reject::new(RejectCode::NoProtocolExcess, above, free).into());
    }
    none_overdue(state, fund, now)?;
    Ok(excess)
}

/// What counts above the threshold, less what a risk message holds back, as long as nothing holds back all of it.
///
/// # Errors
/// As [`excess`], but for what is free.
pub(crate) fn above_threshold(
    state: &State,
    id: FundId,
    fund: &Fund,
    now: Timestamp,
) -> Result<Amount, Halt> {
    let parts = coverage_at(state, id, fund, now)?;
    let band = fund.policy.coverage_min.of_ceil(target_at(state, id, fund, now)?)?;
    no_open_loss(state, id, now)?;
    let suspense = state.ledger.entry(LedgerAccount::Suspense(fund.asset), fund.asset);
    if suspense.debits != suspense.credits {
        let open = suspense.credit_balance().saturating_add(suspense.debit_balance());
        return Err(Reject::new(RejectCode::SuspenseOpen, open, Amount::ZERO).into());
    }
    if parts.counted < band {
        return Err(Reject::new(RejectCode::CoverageLow, parts.counted, band).into());
    }
    if parts.counted < fund.threshold {
        return Err(Reject::new(RejectCode::BelowThreshold, parts.counted, fund.threshold).into());
    }
    let held_back = state.controls.expect(id)?.held_back(now);
    let above = parts.counted.saturating_sub(fund.threshold).saturating_sub(held_back);
    if above.is_zero() {
        return Err(Reject::new(RejectCode::NoExcess, parts.counted, fund.threshold).into());
    }
    Ok(above)
}

/// Refuses while a position that the fund took over is held longer than its rules allow.
///
/// **Complexity** O(open lines), at most [`super::inventory::LINES_MAX`].
pub(crate) fn none_overdue(state: &State, fund: &Fund, now: Timestamp) -> Result<(), Halt> {
    for market in &fund.inventory.lines {
        let due = state.inventories.expect(*market)?.due_at();
        if let Some(due) = due.filter(|due| now >= *due) {
            return Err(Reject::new(RejectCode::InventoryOverdue, now, due).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_rounded_down_and_none_without_a_target() {
        for (counted, target, fine, bps) in [
            (0, 0, None, None),
            (5, 0, None, None),
            (0, 3, Some(0), Some(0)),
            (2, 3, Some(666_666_666_666), Some(6_666)),
            (3, 3, Some(WHOLE), Some(10_000)),
            (99_999, 100_000, Some(999_990_000_000), Some(9_999)),
            // Twenty times the target is told as what it is; only the fee controller stops at ten.
            (60, 3, Some(20 * WHOLE), Some(200_000)),
        ] {
            let (counted, target) = (Amount::new(counted), Amount::new(target));
            assert_eq!((ratio(counted, target), ratio_bps(counted, target)), (fine, bps));
        }
        assert_eq!(ratio(Amount::MAX, Amount::new(1)), Some(u128::MAX));
    }
}
