//! The ledger's own root over all claims, in parts: for a root of which nobody can show leaves, or that leaves
//! somebody out.
//!
//! A proof shows what is in a tree, never what is missing: pairs are hashed in rising order, so nobody can show a place
//! in it. A count lists every holder with a claim instead, by rising leaves. The ledger makes each leaf itself, so none
//! is wrong; rising means that none comes twice; and that nobody is missing follows from the shares of those who were
//! listed: together they held all that has a claim. What waits in the vault's queue is rounded down for each, so there
//! the sum may be short by less than a share for each who was in it.
//!
//! **Complexity** a part takes one step for each of its holders, at most 4,096.

use super::{
    assess::of,
    book::find,
    claims::{entitled, leaf, running},
    root::Stream,
};
use crate::{
    command::CountClaims,
    event::{ClaimCount, ClaimsCounted, ClaimsRoot, CompensationClaimed, CompensationEvent},
    governance::Context,
    lending::vault::kin,
    reject::{Halt, Reject, RejectCode},
    state::{Compensation, State},
    txn::Txn,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{AccountId, Amount, Shares, VaultId, VaultLossId};

pub(crate) fn count(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CountClaims,
) -> Result<(), Halt> {
    let state = txn.state();
    let loss = command.loss;
    let account = state.account_id(command.account)?;
    let holders = command.holders.iter().map(|label| state.account_id(*label));
    let holders = holders.collect::<Result<Vec<_>, _>>()?;
    let (compensation, held, _) = running(state, loss)?;
    let vault = find(state, loss)?.vault;
    let claims = holders.iter().map(|holder| entitled(state, loss, *holder));
    let claims = claims.collect::<Result<Vec<_>, _>>()?;
    if let Some(root) = held.root.filter(|root| root.counted) {
        return Err(Reject::got(RejectCode::RootStands, root.root).into());
    }
    let (id, mut count) = begun(state, (loss, account), command)?;
    for claim in &claims {
        add(state, vault, (&mut count, claim))?;
    }
    let root = match count.stream.root() {
        Some(root) => {
            complete(state, (vault, held), &count)?;
            let (at, total, count) = (context.now, count.total, count.stream.count);
            Some(ClaimsRoot { loss, root, count, total, at, stands_at: at, counted: true })
        }
        None => None,
    };
    let counted = ClaimsCounted { compensation, id, count, root };
    txn.emit(of(CompensationEvent::ClaimsCounted(Box::new(counted))))
}

/// The count that is gone on with, or a new one in its place.
fn begun(
    state: &State,
    (loss, account): (VaultLossId, AccountId),
    command: &CountClaims,
) -> Result<(u32, ClaimCount), Halt> {
    let old = state.claim_count(loss, account);
    let id = old.map_or(state.claim_counts.next_id(), |(id, _)| id);
    if command.from == 0 {
        let (stream, total, held) = (Stream::new(command.count), Amount::ZERO, Shares::ZERO);
        return Ok((id, ClaimCount { loss, account, stream, total, held, waited: 0 }));
    }
    let going = old.filter(|(_, count)| count.stream.count == command.count);
    let taken = going.map_or(0, |(_, count)| count.stream.taken);
    match going {
        Some((_, count)) if taken == command.from => Ok((id, count.clone())),
        _ => Err(Reject::new(RejectCode::CountOrder, command.from, taken).into()),
    }
}

fn add(
    state: &State,
    vault: VaultId,
    (count, claim): (&mut ClaimCount, &CompensationClaimed),
) -> Result<(), Halt> {
    let leaf = leaf(state, claim)?;
    if !count.stream.take(leaf.hash()) {
        return Err(Reject::new(RejectCode::LeavesFall, leaf.account, count.stream.count).into());
    }
    count.total = count.total.checked_add(claim.amount).ok_or(Reject::overflow())?;
    count.held = count.held.checked_add(claim.held).ok_or(Reject::overflow())?;
    count.waited = count.waited.saturating_add(waited(state, vault, claim.account));
    Ok(())
}

/// One for an account that has been in a vault's queue.
fn waited(state: &State, vault: VaultId, account: AccountId) -> u32 {
    u32::from(state.waiting(vault, account).is_some())
}

/// Refuses a list that leaves somebody out.
fn complete(
    state: &State,
    (vault, held): (VaultId, &Compensation),
    count: &ClaimCount,
) -> Result<(), Halt> {
    let apart = kin::of(state, vault).map(|(_, place)| place.account);
    let apart = apart.chain(held.assessment.excluded.iter().copied());
    let waited = apart.map(|account| waited(state, vault, account));
    let waited = waited.fold(count.waited, u32::saturating_add);
    let off = held.assessment.eligible.saturating_sub(count.held);
    if off > Shares::new(waited.saturating_sub(1).into()) {
        let (got, limit) = (count.held, held.assessment.eligible);
        return Err(Reject::new(RejectCode::HoldersMissing, got, limit).into());
    }
    Ok(())
}
