//! What deleveraging leaves in the state: the list while it is needed, the cuts for ever.

use super::{Cut, Tally};
use crate::{
    event::{Cohort, Event},
    loss::evolve::claim_closed,
    policy::AdlPolicy,
    reject::Corrupt,
    state::{Adl, AdlCut, AdlPart, State},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Base, LossId, Timestamp};

/// What a placement on winners begins with.
pub(crate) fn pending(
    (loss, row): (LossId, u8),
    (claim, policy): (Amount, AdlPolicy),
    placed_at: Timestamp,
) -> Adl {
    Adl {
        loss,
        row,
        claim,
        policy,
        placed_at,
        sealed: None,
        tally: Tally::default(),
        last_part: None,
        cuts: 0,
        lots: Base::ZERO,
        forgone: Amount::ZERO,
        done: false,
        closed: false,
    }
}

pub(crate) fn adl(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::AdlOpened { loss, sealed } => {
            let id = find(state, *loss)?;
            forget(state, id)?;
            let adl = state.adls.change(id)?;
            adl.sealed = Some(*sealed);
            adl.tally = Tally::default();
            Ok(())
        }
        Event::AdlPartAdded { loss, entries, tally } => {
            let (id, part) = (find(state, *loss)?, state.adl_parts.next_id());
            let earlier = state.adls.expect(id)?.last_part;
            state.adl_parts.insert(part, AdlPart { entries: entries.clone(), earlier })?;
            let adl = state.adls.change(id)?;
            adl.last_part = Some(part);
            adl.tally = tally.clone();
            Ok(())
        }
        Event::AdlRan { loss, cuts, done, .. } => ran(state, *loss, cuts, *done),
        Event::AdlClosed { loss, row, forgone, rest, .. } => {
            let id = find(state, *loss)?;
            forget(state, id)?;
            state.adls.change(id)?.closed = true;
            claim_closed(state, (*loss, *row), *forgone, *rest)
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn find(state: &State, loss: LossId) -> Result<u32, Corrupt> {
    let rows = &state.losses.expect(loss)?.rows;
    let adl = rows.iter().find_map(|row| match row.row.cohort {
        Cohort::Adl { adl } => Some(adl),
        _ => None,
    });
    adl.ok_or(Corrupt::DanglingHandle)
}

/// Empties the parts of a list: its entries stay in the log.
fn forget(state: &mut State, id: u32) -> Result<(), Corrupt> {
    let mut next = state.adls.change(id)?.last_part.take();
    while let Some(id) = next {
        let part = state.adl_parts.change(id)?;
        part.entries = Vec::new();
        next = part.earlier;
    }
    Ok(())
}

/// Counts the cuts, each under its holder's name, so that a recovery finds him.
fn ran(state: &mut State, loss: LossId, cuts: &[Cut], done: bool) -> Result<(), Corrupt> {
    let mut lots = Base::ZERO;
    let mut forgone = Amount::ZERO;
    for cut in cuts {
        lots = lots.checked_add(cut.lots).ok_or(Corrupt::Overflow)?;
        forgone = forgone.checked_add(cut.forgone).ok_or(Corrupt::Overflow)?;
        let key = (loss, cut.account);
        if let Some(id) = state.labels.adl_cuts.get(key) {
            let kept = state.adl_cuts.change(id)?;
            kept.lots = kept.lots.checked_add(cut.lots).ok_or(Corrupt::Overflow)?;
            kept.forgone = kept.forgone.checked_add(cut.forgone).ok_or(Corrupt::Overflow)?;
            continue;
        }
        let id = state.adl_cuts.next_id();
        let Cut { account, lots, forgone, .. } = *cut;
        state.adl_cuts.insert(id, AdlCut { loss, account, lots, forgone })?;
        state.labels.adl_cuts.insert(key, id);
    }
    let adl = find(state, loss)?;
    let adl = state.adls.change(adl)?;
    let more = u32::try_from(cuts.len()).map_err(|_| Corrupt::CounterRange)?;
    adl.cuts = adl.cuts.checked_add(more).ok_or(Corrupt::CounterRange)?;
    adl.lots = adl.lots.checked_add(lots).ok_or(Corrupt::Overflow)?;
    adl.forgone = adl.forgone.checked_add(forgone).ok_or(Corrupt::Overflow)?;
    adl.done = done;
    Ok(())
}
