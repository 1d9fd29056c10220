//! The steps of a deleveraging: announce the list, bring it, cut, close.

use super::{Candidate, Need, Sealed, Tally, Terms, select};
use crate::{
    command::{CloseAdl, OpenAdl, RunAdl, SubmitAdlPart},
    event::{Cohort, Event, Row},
    governance::Context,
    ledger::party::cleared_asset,
    loss::{lifecycle::find, place::reallocate},
    policy::{AdlPolicy, AdlRank},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Adl, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{LossId, MarketId, Span};

/// Settings within their rails: units that divide, steps and lists that end, and time for the venue.
pub(crate) fn rails(policy: &AdlPolicy) -> Result<(), Reject> {
    let bad = |got: u128, limit: u128| Err(Reject::new(RejectCode::BadPolicy, got, limit));
    if policy.base_unit.is_zero() {
        return bad(0, 1);
    }
    if policy.batch == 0 || policy.batch > AdlPolicy::PART_MAX {
        return bad(policy.batch.into(), AdlPolicy::PART_MAX.into());
    }
    if policy.candidates_max == 0 || policy.candidates_max > AdlPolicy::LIST_MAX {
        return bad(policy.candidates_max.into(), AdlPolicy::LIST_MAX.into());
    }
    let shortest = Span::from_ms(60_000);
    if policy.deadline < shortest {
        return Err(Reject::new(RejectCode::BadPolicy, policy.deadline, shortest));
    }
    Ok(())
}

/// A deleveraging that goes on, with its market's rules.
struct Running<'a> {
    adl: &'a Adl,
    market: MarketId,
    policy: AdlPolicy,
}

fn running(state: &State, id: LossId) -> Result<Running<'_>, Halt> {
    let loss = find(state, id)?;
    let adl = loss.rows.iter().find_map(|row| match row.row.cohort {
        Cohort::Adl { adl } => Some(adl),
        _ => None,
    });
    let adl = adl.ok_or_else(|| Reject::got(RejectCode::AdlUnknown, id))?;
    let adl = state.adls.expect(adl)?;
    if adl.closed {
        return Err(Reject::got(RejectCode::AdlClosed, id).into());
    }
    Ok(Running { adl, market: loss.market, policy: adl.policy })
}

fn sealed(adl: &Adl) -> Result<Sealed, Reject> {
    adl.sealed.ok_or_else(|| Reject::got(RejectCode::AdlNotOpen, adl.loss))
}

fn terms(policy: &AdlPolicy, sealed: &Sealed) -> Terms {
    let Sealed { side, mark, price, .. } = *sealed;
    Terms { side, mark, price, base_unit: policy.base_unit }
}

pub(crate) fn open(state: &State, command: &OpenAdl) -> Result<Event, Halt> {
    let Running { adl, policy, .. } = running(state, command.loss)?;
    if adl.cuts > 0 {
        return Err(Reject::new(RejectCode::AdlStarted, adl.cuts, 0u32).into());
    }
    if command.count > policy.candidates_max {
        let limit = policy.candidates_max;
        return Err(Reject::new(RejectCode::AdlListTooLong, command.count, limit).into());
    }
    let OpenAdl { side, price, mark, count, lots, root, .. } = *command;
    let sealed = Sealed { side, price, mark, count, lots, root };
    if price.is_zero() || terms(&policy, &sealed).distance().is_zero() {
        return Err(Reject::new(RejectCode::AdlPrice, price.get(), mark.get()).into());
    }
    Ok(Event::AdlOpened { loss: command.loss, sealed })
}

pub(crate) fn submit(state: &State, command: &SubmitAdlPart) -> Result<Event, Halt> {
    let Running { adl, policy, .. } = running(state, command.loss)?;
    let sealed = sealed(adl)?;
    let (size, most) = (command.entries.len(), usize::from(AdlPolicy::PART_MAX));
    if size == 0 || size > most {
        return Err(Reject::new(RejectCode::AdlPartTooLarge, size, most).into());
    }
    if let Some(stray) = command.entries.iter().find(|entry| entry.side != sealed.side) {
        return Err(Reject::new(RejectCode::AdlSide, stray.account, sealed.side.word()).into());
    }
    if let Some(bad) = command.entries.iter().find(|entry| !sound(&policy, entry)) {
        return Err(Reject::got(RejectCode::AdlCandidate, bad.account).into());
    }
    let mut tally = adl.tally.clone();
    for entry in &command.entries {
        if tally.count >= sealed.count {
            let come = tally.count.saturating_add(1);
            return Err(Reject::new(RejectCode::AdlSeal, come, sealed.count).into());
        }
        tally.push(entry).map_err(|_| over(&tally, &sealed))?;
    }
    matches(&tally, &sealed)?;
    Ok(Event::AdlPartAdded { loss: command.loss, entries: command.entries.clone(), tally })
}

/// Whether a candidate can be ranked and cut.
fn sound(policy: &AdlPolicy, candidate: &Candidate) -> bool {
    let Candidate { size, hedged, entry, equity, collateral, .. } = candidate;
    let whole = !size.is_zero() && hedged <= size && !entry.is_zero() && !equity.is_zero();
    whole && (policy.rank != AdlRank::LeveragedPnl || !collateral.is_zero())
}

/// A list that is over by its lots.
fn over(tally: &Tally, sealed: &Sealed) -> Reject {
    Reject::new(RejectCode::AdlSeal, tally.lots.get(), sealed.lots.get())
}

/// A list that is complete must be the one announced; one that is not may still become it.
fn matches(tally: &Tally, sealed: &Sealed) -> Result<(), Reject> {
    if tally.lots > sealed.lots {
        return Err(over(tally, sealed));
    }
    if tally.count < sealed.count {
        return Ok(());
    }
    if tally.lots != sealed.lots {
        return Err(over(tally, sealed));
    }
    let root = tally.root();
    if root != sealed.root {
        return Err(Reject::new(RejectCode::AdlSeal, root, sealed.root));
    }
    Ok(())
}

/// All candidates of a list, in its order.
fn candidates(state: &State, adl: &Adl) -> Result<Vec<Candidate>, Corrupt> {
    let mut parts = Vec::new();
    let mut next = adl.last_part;
    while let Some(id) = next {
        let part = state.adl_parts.expect(id)?;
        parts.push(&part.entries);
        next = part.earlier;
    }
    Ok(parts.into_iter().rev().flatten().copied().collect())
}

/// The next cuts. Every step selects again from the whole list and takes up where the last one ended,
/// so many small steps cut exactly as one large one.
///
/// **Complexity** O(n log n) in the candidates, whose number the market's policy bounds.
pub(crate) fn run(state: &State, command: &RunAdl) -> Result<Event, Halt> {
    let Running { adl, policy, .. } = running(state, command.loss)?;
    let sealed = sealed(adl)?;
    if adl.tally.count < sealed.count {
        let (got, limit) = (adl.tally.count, sealed.count);
        return Err(Reject::new(RejectCode::AdlNotComplete, got, limit).into());
    }
    if adl.done {
        return Err(Reject::new(RejectCode::AdlDone, adl.cuts, adl.cuts).into());
    }
    let candidates = candidates(state, adl)?;
    let terms = terms(&policy, &sealed);
    let chosen = select(&policy, &terms, Need::Atoms(adl.claim), &candidates)?;
    let from = usize::try_from(adl.cuts).map_err(|_| Corrupt::CounterRange)?;
    let until = from.saturating_add(usize::from(policy.batch));
    let done = until >= chosen.cuts.len();
    let cuts = chosen.cuts.into_iter().take(until).skip(from).collect();
    let Sealed { mark, price, .. } = sealed;
    Ok(Event::AdlRan { loss: command.loss, mark, price, from: adl.cuts, cuts, done })
}

/// Ends a deleveraging: what it could not bring goes to the layers behind.
///
/// # Errors
/// As a placement's, where a layer in another asset is needed and has no price: it stays open.
pub(crate) fn close(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CloseAdl,
) -> Result<(), Halt> {
    let Running { adl, market, policy } = running(txn.state(), command.loss)?;
    let deadline = adl.placed_at.plus(policy.deadline);
    if !adl.done && context.now < deadline {
        return Err(Reject::new(RejectCode::AdlNotComplete, context.now, deadline).into());
    }
    let (loss, row) = (command.loss, adl.row);
    let rest = adl.claim.checked_sub(adl.forgone).ok_or(Corrupt::CounterRange)?;
    let (asset, forgone) = (cleared_asset(txn.state(), market)?, adl.forgone);
    let layer = row_of(txn.state(), loss, row)?.layer;
    txn.emit(Event::AdlClosed { loss, row, market, asset, forgone, rest })?;
    reallocate(txn, context, (loss, layer), rest)
}

fn row_of(state: &State, loss: LossId, row: u8) -> Result<Row, Corrupt> {
    let rows = &state.losses.expect(loss)?.rows;
    rows.get(usize::from(row)).map(|row| row.row).ok_or(Corrupt::DanglingHandle)
}
