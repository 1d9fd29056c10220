//! Proposals: signatures collected over time, and the timelock. One table for both.

use super::{
    Context, Power,
    approvals::{Verified, body_digest, by_members, fresh, members, sound, standing},
    authority::{Authority, authority, has_role},
};
use crate::{
    command::{Approve, CancelProposal, Execute, Propose},
    decide,
    event::Event,
    policy::{PublicKey, Role, Roles},
    reject::{Halt, Reject, RejectCode, Value},
    state::{Proposal, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{Hash, Label, ProposalId, Span, Timestamp};

const OPERATOR: Roles = Roles::of(&[Role::Operator]);
const PROPOSES: Roles = Roles::of(&[Role::Operator, Role::Council, Role::Risk, Role::Guardian]);

fn open(state: &State, id: ProposalId) -> Result<&Proposal, Reject> {
    let proposal =
        state.proposals.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownProposal, id))?;
    if proposal.closed { Err(Reject::got(RejectCode::ProposalClosed, id)) } else { Ok(proposal) }
}

/// When a proposal with these signers can be carried out, if enough have signed.
fn ready_at(state: &State, signers: usize, delay: Span, now: Timestamp) -> Option<Timestamp> {
    (signers >= usize::from(state.council.threshold)).then(|| now.plus(delay))
}

pub(crate) fn propose(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Propose,
) -> Result<(), Halt> {
    let state = txn.state();
    // Without a council the operator alone decides, so he alone proposes.
    let proposes = if state.council.keys.is_empty() { OPERATOR } else { PROPOSES };
    has_role(state, context, proposes)?;
    let by = context.actor.ok_or(Reject::got(RejectCode::UnknownActor, Label::NONE))?;
    let verified = by_members(state, context)?;
    fresh(state, context.now, command.nonce, command.expires_at)?;
    let digest = body_digest(&command.body);
    standing(state, digest, command.nonce, command.expires_at)?;
    meant(verified, digest, command.nonce, command.expires_at)?;
    let Authority::Council(delay) = authority(state, &command.body)? else {
        let (got, limit) = (command.body.word(), "a command of the council");
        return Err(Reject::new(RejectCode::NotProposable, got, limit).into());
    };
    let proposal = state.proposals.next_id();
    txn.emit(Event::Proposed {
        proposal,
        by,
        body: command.body.clone(),
        digest,
        nonce: command.nonce,
        expires_at: command.expires_at,
        delay_ms: delay.ms(),
    })?;
    let item = txn.state().proposals.expect(proposal)?;
    let signing = signing(txn.state(), item, verified, context.now);
    sign(txn, proposal, signing)
}

pub(crate) fn approve(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Approve,
) -> Result<(), Halt> {
    let (state, id) = (txn.state(), command.proposal);
    let verified = by_members(state, context)?;
    let signing =
        state.proposals.get(id).map(|proposal| signing(state, proposal, verified, context.now));
    if let Some(proposal) = state.proposals.get(id) {
        if signing.as_ref().is_some_and(|signing| signing.completes) {
            fresh(state, context.now, proposal.nonce, proposal.expires_at)?;
        }
        unexpired(proposal, context.now)?;
    }
    if verified.is_none() {
        return Err(Reject::new(RejectCode::TooFewSignatures, 0usize, 1usize).into());
    }
    let proposal = open(state, id)?;
    if proposal.digest != command.digest {
        let (got, limit) = (command.digest, proposal.digest);
        return Err(Reject::new(RejectCode::ProposalMismatch, got, limit).into());
    }
    meant(verified, proposal.digest, proposal.nonce, proposal.expires_at)?;
    signing.map_or(Ok(()), |signing| sign(txn, id, signing))
}

fn unexpired(proposal: &Proposal, now: Timestamp) -> Result<(), Reject> {
    if now < proposal.expires_at {
        return Ok(());
    }
    Err(Reject::new(RejectCode::ApprovalExpired, now, proposal.expires_at))
}

/// Signatures over this proposal's own body, nonce and expiry.
fn meant(
    verified: Option<&Verified>,
    digest: Hash,
    nonce: u64,
    expires_at: Timestamp,
) -> Result<(), Reject> {
    let Some(verified) = verified else { return Ok(()) };
    let other =
        |got: Value, limit: Value| Err(Reject::new(RejectCode::ProposalMismatch, got, limit));
    if verified.digest != digest {
        return other(verified.digest.into(), digest.into());
    }
    if verified.nonce != nonce {
        return other(verified.nonce.into(), nonce.into());
    }
    if verified.expires_at != expires_at {
        return other(verified.expires_at.into(), expires_at.into());
    }
    Ok(())
}

/// What a proposal would be with more signatures.
struct Signing {
    keys: Vec<PublicKey>,
    ready_at: Option<Timestamp>,
    /// Whether it is other than the proposal is now.
    changes: bool,
    /// Whether these make it a quorum. Only that uses up a nonce: one proposer alone can't put it out of
    /// everybody's reach.
    completes: bool,
    nonce: u64,
}

/// Adds the signatures that came with a command; a council of nobody is complete at once.
fn signing(
    state: &State,
    proposal: &Proposal,
    verified: Option<&Verified>,
    now: Timestamp,
) -> Signing {
    let mut keys = proposal.keys.clone();
    let new = verified.map_or(&[][..], |verified| &verified.keys);
    keys.extend(new.iter().filter(|key| !proposal.keys.contains(key)));
    let ready_at = proposal.ready_at.or_else(|| ready_at(state, keys.len(), proposal.delay, now));
    let now_ready = ready_at != proposal.ready_at;
    Signing {
        changes: now_ready || keys.len() != proposal.keys.len(),
        completes: now_ready && !state.council.keys.is_empty(),
        nonce: proposal.nonce,
        keys,
        ready_at,
    }
}

fn sign(txn: &mut Txn<'_>, proposal: ProposalId, signing: Signing) -> Result<(), Halt> {
    let Signing { keys, ready_at, changes, completes, nonce } = signing;
    if changes {
        txn.emit(Event::Approved { proposal, keys, ready_at })?;
    }
    if completes { txn.emit(Event::NonceUsed { nonce }) } else { Ok(()) }
}

pub(crate) fn execute(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Execute,
) -> Result<(), Halt> {
    let (state, id) = (txn.state(), command.proposal);
    let found = state.proposals.get(id);
    // Signatures count for the council of today: one replaced since must not act through old ones.
    found.map_or(Ok(()), |proposal| members(state, &proposal.keys))?;
    sound(context)?;
    if let Some(proposal) = found {
        unexpired(proposal, context.now)?;
        let (got, limit) = (proposal.keys.len(), usize::from(state.council.threshold));
        if got < limit {
            return Err(Reject::new(RejectCode::TooFewSignatures, got, limit).into());
        }
    }
    let proposal = open(state, id)?;
    if proposal.ready_at.is_none_or(|ready_at| context.now < ready_at) {
        let limit = proposal.ready_at.unwrap_or(Timestamp::MAX);
        return Err(Reject::new(RejectCode::ProposalNotReady, context.now, limit).into());
    }
    let body = proposal.body.clone();
    txn.emit(Event::Executed { proposal: id })?;
    let granted = Context { power: Power::Granted, ..*context };
    decide::decide(txn, &granted, &body)
}

pub(crate) fn cancel(
    state: &State,
    context: &Context<'_>,
    command: &CancelProposal,
) -> Result<Event, Halt> {
    if let Some(proposal) = state.proposals.get(command.proposal)
        && context.actor != Some(proposal.by)
    {
        has_role(state, context, Roles::of(&[Role::Guardian]))?;
    }
    sound(context)?;
    open(state, command.proposal)?;
    Ok(Event::ProposalCancelled { proposal: command.proposal })
}
