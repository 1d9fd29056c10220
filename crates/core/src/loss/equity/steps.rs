//! The steps of sharing by equity: announce the list, bring it, let it pay, close.

use super::shares;
use crate::{
    command::{CloseEquity, OpenEquity, RunEquity, SubmitEquityPart},
    event::Event,
    governance::Context,
    loss::claim::{
        Announced, Entries, Kind, Rules, Seal,
        steps::{self, may_announce, may_run, not_open, part_fits, parts, running, tallied, turn},
    },
    policy::EquityPolicy,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{LayerClaim, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{LossId, Measure};

/// The claim by equity that is worked off now, with its rules.
fn found(state: &State, loss: LossId) -> Result<(&LayerClaim, EquityPolicy), Halt> {
    let claim = running(state, loss, Kind::Equity)?;
    match claim.rules {
        Rules::Equity(policy) => Ok((claim, policy)),
        Rules::Adl(_) => Err(Corrupt::DanglingHandle.into()),
    }
}

fn sealed(claim: &LayerClaim) -> Result<Seal, Reject> {
    claim.announced.as_ref().map(Announced::seal).ok_or_else(|| not_open(claim))
}

pub(crate) fn open(state: &State, command: &OpenEquity) -> Result<Event, Halt> {
    let (claim, _) = found(state, command.loss)?;
    may_announce(claim, command.count)?;
    let OpenEquity { loss, count, equity, root } = *command;
    let seal = Seal { count, sum: Measure::new(equity.get()), root };
    Ok(Event::EquityOpened { loss, seal })
}

pub(crate) fn submit(state: &State, command: &SubmitEquityPart) -> Result<Event, Halt> {
    let (claim, _) = found(state, command.loss)?;
    let seal = sealed(claim)?;
    part_fits(command.entries.len())?;
    let tally = tallied(claim, &seal, &command.entries)?;
    if let Some(empty) = command.entries.iter().find(|entry| entry.equity.is_zero()) {
        return Err(Reject::got(RejectCode::EquityHolder, empty.account).into());
    }
    Ok(Event::EquityPartAdded { loss: command.loss, entries: command.entries.clone(), tally })
}

/// The next accounts of the list pay.
///
/// **Complexity** O(n log n) in the accounts of the list, whose number the market's policy bounds.
pub(crate) fn run(state: &State, command: &RunEquity) -> Result<Event, Halt> {
    let (claim, policy) = found(state, command.loss)?;
    may_run(claim, &sealed(claim)?)?;
    let mut holders = Vec::new();
    for part in parts(state, claim)? {
        let Entries::Equity(entries) = part else { return Err(Corrupt::DanglingHandle.into()) };
        holders.extend_from_slice(entries);
    }
    let (shares, done) = turn(claim, shares(policy.cap, claim.claim, &holders)?)?;
    Ok(Event::EquityRan { loss: command.loss, from: claim.payers, shares, done })
}

pub(crate) fn close(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CloseEquity,
) -> Result<(), Halt> {
    steps::close(txn, context, (command.loss, Kind::Equity), |end| Event::EquityClosed {
        loss: end.loss,
        row: end.row,
        market: end.market,
        asset: end.asset,
        paid: end.brought,
        rest: end.rest,
    })
}
