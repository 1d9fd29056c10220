//! The steps of any claim: find it, announce a list, take its parts, pay, close.

use super::{Entries, Kind, Listed, Seal, Tally};
use crate::{
    event::{Event, Row},
    governance::Context,
    ledger::party::cleared_asset,
    loss::{lifecycle::find, place::reallocate},
    policy::AdlPolicy,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{LayerClaim, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{Amount, AssetId, LossId, MarketId};

/// The claim of a loss on a layer that is worked off now: the oldest that is open.
pub(crate) fn running(state: &State, id: LossId, kind: Kind) -> Result<&LayerClaim, Halt> {
    let rows = &find(state, id)?.rows;
    let claims = rows.iter().filter_map(|row| row.row.cohort.claim_on(kind));
    let mut known = false;
    for claim in claims {
        let claim = state.layer_claims.expect(claim)?;
        if !claim.closed {
            return Ok(claim);
        }
        known = true;
    }
    let code = if known { RejectCode::ClaimClosed } else { RejectCode::ClaimUnknown };
    Err(Reject::got(code, id).into())
}

/// Refuses a list where the last one has begun to pay, or one that is too long.
pub(crate) fn may_announce(claim: &LayerClaim, count: u32) -> Result<(), Reject> {
    if claim.payers > 0 {
        return Err(Reject::new(RejectCode::ClaimStarted, claim.payers, 0u32));
    }
    let most = claim.rules.bounds().entries_max;
    if count > most {
        return Err(Reject::new(RejectCode::ListTooLong, count, most));
    }
    Ok(())
}

/// The refusal of a step that needs a list, before there is one.
pub(crate) fn not_open(claim: &LayerClaim) -> Reject {
    Reject::got(RejectCode::ListNotOpen, claim.loss)
}

/// A part holds one entry or more, and no more than can be sent at once.
pub(crate) fn part_fits(size: usize) -> Result<(), Reject> {
    let most = usize::from(AdlPolicy::PART_MAX);
    if size == 0 || size > most {
        return Err(Reject::new(RejectCode::ListPartTooLarge, size, most));
    }
    Ok(())
}

/// What has come in with a part: a list that is complete must be the one announced, one that is not may
/// still become it.
pub(crate) fn tallied(
    claim: &LayerClaim,
    seal: &Seal,
    entries: &[impl Listed],
) -> Result<Tally, Reject> {
    let over = |tally: &Tally| Reject::new(RejectCode::ListSeal, tally.sum.get(), seal.sum.get());
    let mut tally = claim.tally.clone();
    for entry in entries {
        if tally.count >= seal.count {
            let come = tally.count.saturating_add(1);
            return Err(Reject::new(RejectCode::ListSeal, come, seal.count));
        }
        tally.push(entry).map_err(|_| over(&tally))?;
    }
    let complete = tally.count == seal.count;
    if tally.sum > seal.sum || (complete && tally.sum != seal.sum) {
        return Err(over(&tally));
    }
    let root = tally.root();
    if complete && root != seal.root {
        return Err(Reject::new(RejectCode::ListSeal, root, seal.root));
    }
    Ok(tally)
}

/// Refuses to let a list pay that has not all come in, or that has paid.
pub(crate) fn may_run(claim: &LayerClaim, seal: &Seal) -> Result<(), Reject> {
    if claim.tally.count < seal.count {
        return Err(Reject::new(RejectCode::ClaimNotComplete, claim.tally.count, seal.count));
    }
    if claim.done {
        return Err(Reject::new(RejectCode::ClaimDone, claim.payers, claim.payers));
    }
    Ok(())
}

/// All parts of a claim's list, in order.
pub(crate) fn parts<'a>(
    state: &'a State,
    claim: &LayerClaim,
) -> Result<impl Iterator<Item = &'a Entries>, Corrupt> {
    let mut parts = Vec::new();
    let mut next = claim.last_part;
    while let Some(id) = next {
        let part = state.list_parts.expect(id)?;
        parts.push(&part.entries);
        next = part.earlier;
    }
    Ok(parts.into_iter().rev())
}

/// Of all who must pay, those whose turn it is, and whether they are the last.
///
/// Every step chooses again from the whole list and takes up where the last one ended, so many small
/// steps come to exactly the same as one large one.
pub(crate) fn turn<T>(claim: &LayerClaim, all: Vec<T>) -> Result<(Vec<T>, bool), Corrupt> {
    let from = usize::try_from(claim.payers).map_err(|_| Corrupt::CounterRange)?;
    let until = from.saturating_add(usize::from(claim.rules.bounds().batch));
    let done = until >= all.len();
    Ok((all.into_iter().take(until).skip(from).collect(), done))
}

/// A claim that ends, with what it brought and what goes to the layers behind.
pub(crate) struct Closing {
    pub(crate) loss: LossId,
    pub(crate) row: u8,
    pub(crate) market: MarketId,
    pub(crate) asset: AssetId,
    pub(crate) brought: Amount,
    pub(crate) rest: Amount,
}

/// Ends a claim: what it could not bring goes to the layers behind.
///
/// # Errors
/// As a placement's, where a layer in another asset is needed and has no price: it stays open.
pub(crate) fn close(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    (loss, kind): (LossId, Kind),
    record: impl FnOnce(&Closing) -> Event,
) -> Result<(), Halt> {
    let state = txn.state();
    let claim = running(state, loss, kind)?;
    let deadline = claim.placed_at.plus(claim.rules.bounds().deadline);
    if !claim.done && context.now < deadline {
        return Err(Reject::new(RejectCode::ClaimNotComplete, context.now, deadline).into());
    }
    let item = state.losses.expect(loss)?;
    let row = item.rows.get(usize::from(claim.row)).ok_or(Corrupt::DanglingHandle)?;
    let Row { layer, .. } = row.row;
    let closing = Closing {
        loss,
        row: claim.row,
        market: item.market,
        asset: cleared_asset(state, item.market)?,
        brought: claim.brought,
        rest: claim.claim.checked_sub(claim.brought).ok_or(Corrupt::CounterRange)?,
    };
    txn.emit(record(&closing))?;
    reallocate(txn, context, (loss, layer), closing.rest)
}
