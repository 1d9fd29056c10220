//! What is put right before shares of a tranche change hands: assets without shares get an owner, and
//! shares that outgrew assets are divided by a power of ten.
//!
//! A near-total loss leaves many shares over few atoms. The next stakes would be counted in ever longer
//! numbers, so the series is rescaled: nobody's value changes by more than the dust that
//! [`scaled`](super::shares::scaled) states. Positions and tickets follow when they are next touched, by
//! the difference of their powers of ten to the tranche's.

use super::shares::{outgrown, scaled};
use crate::{
    event::Event,
    ledger::LedgerAccount,
    policy::ProtocolHolding,
    reject::{Corrupt, Halt},
    state::{Position, State, Ticket, Tranche},
    txn::Txn,
};
use backstop_units::{Amount, Shares, TrancheId};

/// What a tranche's ledger account holds.
pub(crate) fn assets_of(state: &State, id: TrancheId) -> Result<Amount, Corrupt> {
    let asset = state.funds.expect(state.tranches.expect(id)?.fund)?.asset;
    Ok(state.ledger.owed(LedgerAccount::Tranche(id), asset))
}

/// Prepares a tranche for a change of its shares.
pub(crate) fn prepare(txn: &mut Txn<'_>, id: TrancheId) -> Result<(), Halt> {
    let assets = assets_of(txn.state(), id)?;
    let tranche = txn.state().tranches.expect(id)?;
    let ownerless = tranche.shares.is_zero() && !assets.is_zero();
    if ownerless && tranche.policy.protocol == ProtocolHolding::Shares {
        txn.emit(Event::OrphansTaken { tranche: id, shares: Shares::new(assets.get()) })?;
    }
    let tranche = txn.state().tranches.expect(id)?;
    match outgrown(assets, tranche.shares, tranche.policy.spare_decimals) {
        0 => Ok(()),
        digits => txn.emit(Event::Rescaled { tranche: id, digits }),
    }
}

/// Divides a tranche's shares. What rounding takes from the stakers' sum is the protocol's, so that the
/// parts add up.
pub(crate) fn rescale(tranche: &mut Tranche, digits: u8) -> Result<(), Corrupt> {
    let digits = u16::from(digits);
    let stakers = tranche.shares.checked_sub(tranche.protocol).ok_or(Corrupt::CounterRange)?;
    tranche.shares = scaled(tranche.shares, digits);
    tranche.protocol = tranche.shares.saturating_sub(scaled(stakers, digits));
    tranche.queued = scaled(tranche.queued, digits);
    tranche.base = tranche.base.checked_add(digits).ok_or(Corrupt::CounterRange)?;
    Ok(())
}

/// A position's shares and those of them on tickets, in the tranche's present measure; none of an
/// earlier series.
pub fn shares_now(position: &Position, tranche: &Tranche) -> (Shares, Shares) {
    if position.series != tranche.series {
        return (Shares::ZERO, Shares::ZERO);
    }
    let digits = tranche.base.saturating_sub(position.base);
    (scaled(position.shares, digits), scaled(position.queued, digits))
}

/// A ticket's shares in the tranche's present measure; none of an earlier series.
pub fn ticket_now(ticket: &Ticket, tranche: &Tranche) -> Shares {
    if ticket.series != tranche.series {
        return Shares::ZERO;
    }
    scaled(ticket.shares, tranche.base.saturating_sub(ticket.base))
}
