//! What a fund holds, what of it counts, and what of it is excess.

use crate::{
    ledger::LedgerAccount,
    reject::{Halt, Reject, RejectCode},
    state::{Fund, State},
};
use backstop_units::{Amount, FundId, Shares, Timestamp};

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
    /// What counts toward threshold and target under the fund's policy.
    pub counted: Amount,
}

impl Coverage {
    /// All the fund's money, whoever owns it.
    pub fn total(&self) -> Amount {
        self.reserve.saturating_add(self.contributions).saturating_add(self.staked)
    }
}

/// Looks up a fund's parts.
///
/// # Errors
/// [`crate::Corrupt`] when a tranche has fewer shares than are queued.
pub fn coverage(state: &State, id: FundId, fund: &Fund) -> Result<Coverage, Halt> {
    let owed = |account| state.ledger.owed(account, fund.asset);
    let mut parts = Coverage {
        reserve: owed(LedgerAccount::Reserve(id)),
        contributions: owed(LedgerAccount::Contributions(id)),
        ..Coverage::default()
    };
    for (tranche_id, tranche) in state.tranches_of(fund) {
        let assets = owed(LedgerAccount::Tranche(tranche_id));
        parts.staked = parts.staked.saturating_add(assets);
        parts.queued =
            parts.queued.saturating_add(leaving(tranche.queued, assets, tranche.shares)?);
    }
    let own = parts.reserve.saturating_add(parts.contributions);
    let stake = parts.staked.saturating_sub(parts.queued);
    parts.counted = if fund.policy.counts_stake { own.saturating_add(stake) } else { own };
    Ok(parts)
}

/// What queued shares may take with them, rounded up: coverage must not count an atom too many.
fn leaving(queued: Shares, assets: Amount, shares: Shares) -> Result<Amount, Halt> {
    if queued.is_zero() {
        return Ok(Amount::ZERO);
    }
    Ok(assets.mul_div_ceil(queued.get(), shares.get())?)
}

/// Room left under the threshold for automatic allocations.
pub(crate) fn room(state: &State, id: FundId, fund: &Fund) -> Result<Amount, Halt> {
    // The cheap half first: most settlements meet a fund that counts no stake.
    if fund.policy.counts_stake {
        return Ok(fund.threshold.saturating_sub(coverage(state, id, fund)?.counted));
    }
    let owed = |account| state.ledger.owed(account, fund.asset);
    let own =
        owed(LedgerAccount::Reserve(id)).saturating_add(owed(LedgerAccount::Contributions(id)));
    Ok(fund.threshold.saturating_sub(own))
}

/// What the operator may withdraw now: protocol reserve above the threshold, never contributions,
/// nothing while a loss is open, the books disagree with the custodian, or coverage is low.
///
/// `min(reserve − contributions, counted − threshold)`, where the reserve account already leaves
/// contributions out. At exactly the threshold it is nothing.
///
/// # Errors
/// The first rule that leaves nothing, in the order of the reject table from `LOSS_OPEN` on; before
/// them [`RejectCode::Overflow`], for a target whose band can't be computed.
pub fn excess(state: &State, id: FundId, fund: &Fund, now: Timestamp) -> Result<Amount, Halt> {
    let parts = coverage(state, id, fund)?;
    let band = fund.policy.coverage_min.of_ceil(fund.target)?;
    if let Some(loss) = state.holds.expect(id)?.gated_by(now) {
        return Err(Reject::got(RejectCode::LossOpen, loss).into());
    }
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
    let above = parts.counted.saturating_sub(fund.threshold);
    if above.is_zero() {
        return Err(Reject::new(RejectCode::NoExcess, parts.counted, fund.threshold).into());
    }
    let excess = above.min(parts.reserve);
    if excess.is_zero() {
        return Err(Reject::new(RejectCode::NoProtocolExcess, above, parts.reserve).into());
    }
    Ok(excess)
}
