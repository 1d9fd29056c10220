//! The numbered invariants, counted over the whole state. The follower runs them after each snapshot,
//! tests after each command.

use crate::{
    ledger::LedgerAccount,
    reject::Corrupt,
    state::{LossStatus, State},
};
use alloc::{vec, vec::Vec};
use backstop_units::{Amount, Shares, TrancheId};

/// Counts everything.
///
/// - **I1** debits equal credits for each asset (L1), and no account leaves its side (L2).
/// - **I2** the shares of a tranche's current series are exactly its positions' shares, and so are
///   the queued ones its open tickets'.
/// - **I3** the rows of a placed loss add up to it, and no row recovered more than it bore.
/// - **I4** what waits in a loss's recoveries is what its stakers' rows recovered less what was paid.
/// - **I5** a layer has never paid more than its lifetime limit.
///
/// # Errors
/// The first that is broken.
pub fn check(state: &State) -> Result<(), Corrupt> {
    state.ledger.check()?;
    shares(state)?;
    losses(state)?;
    let over = state
        .layers
        .iter()
        .any(|(_, layer)| layer.policy.lifetime.is_some_and(|limit| layer.used > limit));
    if over { Err(Corrupt::Invariant("I5")) } else { Ok(()) }
}

fn shares(state: &State) -> Result<(), Corrupt> {
    let mut held: Vec<(Shares, Shares)> = vec![(Shares::ZERO, Shares::ZERO); state.tranches.len()];
    let mut add = |tranche: TrancheId, shares: Shares, queued: Shares| {
        let sums = usize::try_from(tranche.get())
            .ok()
            .and_then(|at| held.get_mut(at))
            .ok_or(Corrupt::DanglingHandle)?;
        *sums = (sums.0.saturating_add(shares), sums.1.saturating_add(queued));
        Ok::<(), Corrupt>(())
    };
    for (_, position) in state.positions.iter() {
        if position.series == state.tranches.expect(position.tranche)?.series {
            add(position.tranche, position.shares, Shares::ZERO)?;
        }
    }
    for (_, ticket) in state.tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        if ticket.series == state.tranches.expect(ticket.tranche)?.series {
            add(ticket.tranche, Shares::ZERO, ticket.shares)?;
        }
    }
    let kept = state.tranches.iter().zip(&held).all(|((_, t), sums)| (t.shares, t.queued) == *sums);
    if kept { Ok(()) } else { Err(Corrupt::Invariant("I2")) }
}

fn losses(state: &State) -> Result<(), Corrupt> {
    let mut paid: Vec<Amount> = vec![Amount::ZERO; state.losses.len()];
    for (_, claim) in state.claims.iter() {
        let at = usize::try_from(claim.loss.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = paid.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.saturating_add(claim.paid);
    }
    for ((id, loss), paid) in state.losses.iter().zip(&paid) {
        let sum =
            loss.rows.iter().fold(Amount::ZERO, |sum, row| sum.saturating_add(row.row.amount));
        let placed = matches!(loss.status, LossStatus::Placed | LossStatus::Closed);
        let over = loss.rows.iter().any(|row| row.recovered > row.row.amount);
        if over || (placed && sum != loss.gross) {
            return Err(Corrupt::Invariant("I3"));
        }
        let staked = loss
            .rows
            .iter()
            .filter(|row| matches!(row.row.cohort, crate::event::Cohort::Stakers { .. }));
        let recovered = staked.fold(Amount::ZERO, |sum, row| sum.saturating_add(row.recovered));
        let asset = state.funds.expect(state.markets.expect(loss.market)?.fund)?.asset;
        let waiting = state.ledger.owed(LedgerAccount::Recoveries(id), asset);
        if waiting.saturating_add(*paid) != recovered {
            return Err(Corrupt::Invariant("I4"));
        }
    }
    Ok(())
}
