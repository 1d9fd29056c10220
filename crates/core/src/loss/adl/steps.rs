//! The steps of a deleveraging: announce the list, bring it, cut, close.

use super::{Candidate, Need, Sealed, Terms, select};
use crate::{
    command::{CloseAdl, OpenAdl, RunAdl, SubmitAdlPart},
    event::Event,
    governance::Context,
    loss::claim::{
        Announced, Entries, Kind, Rules,
        steps::{self, may_announce, may_run, not_open, part_fits, parts, running, tallied, turn},
    },
    policy::{AdlPolicy, AdlRank},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{LayerClaim, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::LossId;

/// Settings within their rails: units that divide, and what bounds any claim.
pub(crate) fn rails(policy: &AdlPolicy) -> Result<(), Reject> {
    if policy.base_unit.is_zero() {
        return Err(Reject::new(RejectCode::BadPolicy, 0u128, 1u128));
    }
    Rules::Adl(*policy).bounds().rails()
}

/// The deleveraging that goes on, with its rules.
fn found(state: &State, loss: LossId) -> Result<(&LayerClaim, AdlPolicy), Halt> {
    let claim = running(state, loss, Kind::Adl)?;
    match claim.rules {
        Rules::Adl(policy) => Ok((claim, policy)),
        Rules::Equity(_) => Err(Corrupt::DanglingHandle.into()),
    }
}

fn sealed(claim: &LayerClaim) -> Result<Sealed, Halt> {
    match claim.announced {
        Some(Announced::Adl(sealed)) => Ok(sealed),
        Some(Announced::Equity(_)) => Err(Corrupt::DanglingHandle.into()),
        None => Err(not_open(claim).into()),
    }
}

fn terms(policy: &AdlPolicy, sealed: &Sealed) -> Terms {
    let Sealed { side, mark, price, .. } = *sealed;
    Terms { side, mark, price, base_unit: policy.base_unit }
}

pub(crate) fn open(state: &State, command: &OpenAdl) -> Result<Event, Halt> {
    let (claim, policy) = found(state, command.loss)?;
    may_announce(claim, command.count)?;
    let OpenAdl { side, price, mark, count, lots, root, .. } = *command;
    let sealed = Sealed { side, price, mark, count, lots, root };
    if price.is_zero() || terms(&policy, &sealed).distance().is_zero() {
        return Err(Reject::new(RejectCode::AdlPrice, price.get(), mark.get()).into());
    }
    Ok(Event::AdlOpened { loss: command.loss, sealed })
}

pub(crate) fn submit(state: &State, command: &SubmitAdlPart) -> Result<Event, Halt> {
    let (claim, policy) = found(state, command.loss)?;
    let sealed = sealed(claim)?;
    part_fits(command.entries.len())?;
    if let Some(stray) = command.entries.iter().find(|entry| entry.side != sealed.side) {
        return Err(Reject::new(RejectCode::AdlSide, stray.account, sealed.side.word()).into());
    }
    if let Some(bad) = command.entries.iter().find(|entry| !sound(&policy, entry)) {
        return Err(Reject::got(RejectCode::AdlCandidate, bad.account).into());
    }
    let tally = tallied(claim, &sealed.seal(), &command.entries)?;
    Ok(Event::AdlPartAdded { loss: command.loss, entries: command.entries.clone(), tally })
}

/// Whether a candidate can be ranked and cut.
fn sound(policy: &AdlPolicy, candidate: &Candidate) -> bool {
    let Candidate { size, hedged, entry, equity, collateral, .. } = candidate;
    let whole = !size.is_zero() && hedged <= size && !entry.is_zero() && !equity.is_zero();
    whole && (policy.rank != AdlRank::LeveragedPnl || !collateral.is_zero())
}

/// The next cuts.
///
/// **Complexity** O(n log n) in the candidates, whose number the market's policy bounds.
pub(crate) fn run(state: &State, command: &RunAdl) -> Result<Event, Halt> {
    let (claim, policy) = found(state, command.loss)?;
    let sealed = sealed(claim)?;
    may_run(claim, &sealed.seal())?;
    let mut candidates = Vec::new();
    for part in parts(state, claim)? {
        let Entries::Adl(entries) = part else { return Err(Corrupt::DanglingHandle.into()) };
        candidates.extend_from_slice(entries);
    }
    let chosen = select(&policy, &terms(&policy, &sealed), Need::Atoms(claim.claim), &candidates)?;
    let (cuts, done) = turn(claim, chosen.cuts)?;
    let Sealed { mark, price, .. } = sealed;
    Ok(Event::AdlRan { loss: command.loss, mark, price, from: claim.payers, cuts, done })
}

pub(crate) fn close(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &CloseAdl,
) -> Result<(), Halt> {
    steps::close(txn, context, (command.loss, Kind::Adl), |end| Event::AdlClosed {
        loss: end.loss,
        row: end.row,
        market: end.market,
        asset: end.asset,
        forgone: end.brought,
        rest: end.rest,
    })
}
