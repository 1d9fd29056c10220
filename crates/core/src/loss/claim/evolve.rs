//! What claims leave in the state: the list while it is needed, who paid for ever.

use super::{Announced, Entries, Kind, Rules, Tally, steps::running};
use crate::{
    event::Event,
    loss::evolve::claim_closed,
    reject::{Corrupt, Halt},
    state::{ClaimShare, LayerClaim, ListPart, State},
};
use alloc::vec::Vec;
use backstop_units::{Amount, Label, LossId, Measure, Timestamp};

/// What a row on a layer that pays later begins with.
pub(crate) fn pending(
    (loss, row): (LossId, u8),
    (claim, rules): (Amount, Rules),
    placed_at: Timestamp,
) -> LayerClaim {
    LayerClaim {
        loss,
        row,
        claim,
        rules,
        placed_at,
        announced: None,
        tally: Tally::default(),
        last_part: None,
        payers: 0,
        measure: Measure::ZERO,
        brought: Amount::ZERO,
        done: false,
        closed: false,
    }
}

pub(crate) fn claim(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::AdlOpened { loss, sealed } => {
            announced(state, (*loss, Kind::Adl), Announced::Adl(*sealed))
        }
        Event::EquityOpened { loss, seal } => {
            announced(state, (*loss, Kind::Equity), Announced::Equity(*seal))
        }
        Event::AdlPartAdded { loss, entries, tally } => {
            part_added(state, (*loss, Kind::Adl), Entries::Adl(entries.clone()), tally)
        }
        Event::EquityPartAdded { loss, entries, tally } => {
            part_added(state, (*loss, Kind::Equity), Entries::Equity(entries.clone()), tally)
        }
        Event::AdlRan { loss, cuts, done, .. } => {
            let paid = cuts.iter();
            let paid =
                paid.map(|cut| (cut.account, Measure::new(cut.lots.get()), cut.forgone)).collect();
            ran(state, (*loss, Kind::Adl), paid, *done)
        }
        Event::EquityRan { loss, shares, done, .. } => {
            let paid = shares.iter();
            let paid =
                paid.map(|one| (one.account, Measure::new(one.equity.get()), one.pays)).collect();
            ran(state, (*loss, Kind::Equity), paid, *done)
        }
        Event::AdlClosed { loss, row, forgone, rest, .. } => {
            closed(state, (*loss, Kind::Adl), *row, (*forgone, *rest))
        }
        Event::EquityClosed { loss, row, paid, rest, .. } => {
            closed(state, (*loss, Kind::Equity), *row, (*paid, *rest))
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// The claim that an event is about: the one that its rule found.
fn find(state: &State, (loss, kind): (LossId, Kind)) -> Result<u32, Corrupt> {
    let claim = running(state, loss, kind).map_err(|halt| match halt {
        Halt::Corrupt(corrupt) => corrupt,
        Halt::Reject(_) => Corrupt::DanglingHandle,
    })?;
    let row = state.losses.expect(loss)?.rows.get(usize::from(claim.row));
    row.and_then(|row| row.row.cohort.claim()).ok_or(Corrupt::DanglingHandle)
}

fn announced(state: &mut State, of: (LossId, Kind), announced: Announced) -> Result<(), Corrupt> {
    let id = find(state, of)?;
    forget(state, id)?;
    let claim = state.layer_claims.change(id)?;
    claim.announced = Some(announced);
    claim.tally = Tally::default();
    Ok(())
}

fn part_added(
    state: &mut State,
    of: (LossId, Kind),
    entries: Entries,
    tally: &Tally,
) -> Result<(), Corrupt> {
    let (id, part) = (find(state, of)?, state.list_parts.next_id());
    let earlier = state.layer_claims.expect(id)?.last_part;
    state.list_parts.insert(part, ListPart { entries, earlier })?;
    let claim = state.layer_claims.change(id)?;
    claim.last_part = Some(part);
    claim.tally = tally.clone();
    Ok(())
}

/// Empties the parts of a list: its entries stay in the log.
fn forget(state: &mut State, id: u32) -> Result<(), Corrupt> {
    let mut next = state.layer_claims.change(id)?.last_part.take();
    while let Some(id) = next {
        let part = state.list_parts.change(id)?;
        match &mut part.entries {
            Entries::Adl(entries) => *entries = Vec::new(),
            Entries::Equity(entries) => *entries = Vec::new(),
        }
        next = part.earlier;
    }
    Ok(())
}

/// Counts what was paid, each under its holder's name, so that a recovery finds him.
fn ran(
    state: &mut State,
    of: (LossId, Kind),
    paid: Vec<(Label, Measure, Amount)>,
    done: bool,
) -> Result<(), Corrupt> {
    let id = find(state, of)?;
    let mut all = (Measure::ZERO, Amount::ZERO);
    let plus = |sum: (Measure, Amount), measure, amount| {
        let sums = (sum.0.checked_add(measure), Amount::checked_add(sum.1, amount));
        Ok::<_, Corrupt>((sums.0.ok_or(Corrupt::Overflow)?, sums.1.ok_or(Corrupt::Overflow)?))
    };
    let more = u32::try_from(paid.len()).map_err(|_| Corrupt::CounterRange)?;
    for (account, measure, amount) in paid {
        all = plus(all, measure, amount)?;
        if let Some(share) = state.labels.claim_shares.get((id, account)) {
            let kept = state.claim_shares.change(share)?;
            (kept.measure, kept.amount) = plus((kept.measure, kept.amount), measure, amount)?;
            continue;
        }
        let share = state.claim_shares.next_id();
        state.claim_shares.insert(share, ClaimShare { claim: id, account, measure, amount })?;
        state.labels.claim_shares.insert((id, account), share);
    }
    let claim = state.layer_claims.change(id)?;
    claim.payers = claim.payers.checked_add(more).ok_or(Corrupt::CounterRange)?;
    (claim.measure, claim.brought) = plus((claim.measure, claim.brought), all.0, all.1)?;
    claim.done = done;
    Ok(())
}

fn closed(
    state: &mut State,
    of: (LossId, Kind),
    row: u8,
    (brought, rest): (Amount, Amount),
) -> Result<(), Corrupt> {
    let id = find(state, of)?;
    forget(state, id)?;
    state.layer_claims.change(id)?.closed = true;
    claim_closed(state, (of.0, row), brought, rest)
}
