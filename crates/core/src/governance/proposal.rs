//! Proposals: signatures collected over time, and the timelock. One table for both.

use super::{
    Context, Power,
    approvals::{Verified, body_digest, fresh, members},
    authority::{Authority, authority, has_role},
};
use crate::{
    command::{Approve, Body, CancelProposal, Execute, Propose},
    decide,
    event::Event,
    policy::{Role, Roles},
    reject::{Halt, Reject, RejectCode},
    state::{Proposal, State},
    txn::Txn,
};
use backstop_units::{Label, ProposalId, Span, Timestamp};

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

fn verified<'a>(context: &Context<'a>) -> Option<&'a Verified> {
    match context.power {
        Power::Sender(verified) => verified,
        Power::Granted => None,
    }
}

pub(crate) fn propose(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Propose,
) -> Result<(), Halt> {
    let state = txn.state();
    if matches!(
        *command.body,
        Body::Propose(_) | Body::Approve(_) | Body::Execute(_) | Body::Linked(_)
    ) {
        return Err(Reject::nested(command.body.word()).into());
    }
    // Without a council the operator alone decides, so he alone proposes.
    let proposes = if state.council.keys.is_empty() { OPERATOR } else { PROPOSES };
    has_role(state, context, proposes)?;
    let by = context.actor.ok_or(Reject::got(RejectCode::UnknownActor, Label::NONE))?;
    let Authority::Council(delay) = authority(state, &command.body)? else {
        return Err(Reject::new(
            RejectCode::NotProposable,
            command.body.word(),
            "a command of the council",
        )
        .into());
    };
    fresh(state, context.now, command.nonce, command.expires_at)?;
    let proposal = state.proposals.next_id();
    let digest = body_digest(&command.body);
    txn.emit(Event::Proposed {
        proposal,
        by,
        body: command.body.clone(),
        digest,
        nonce: command.nonce,
        expires_at: command.expires_at,
        delay_ms: delay.ms(),
    })?;
    sign(txn, context, proposal)
}

pub(crate) fn approve(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Approve,
) -> Result<(), Halt> {
    let proposal = open(txn.state(), command.proposal)?;
    if proposal.digest != command.digest {
        return Err(
            Reject::new(RejectCode::ProposalMismatch, command.digest, proposal.digest).into()
        );
    }
    if verified(context).is_none() {
        return Err(Reject::new(RejectCode::TooFewSignatures, 0usize, 1usize).into());
    }
    sign(txn, context, command.proposal)
}

/// Adds the signatures that came with a command; a council of nobody is complete at once.
fn sign(txn: &mut Txn<'_>, context: &Context<'_>, id: ProposalId) -> Result<(), Halt> {
    let state = txn.state();
    let proposal = open(state, id)?;
    let mut keys = proposal.keys.clone();
    if let Some(verified) = verified(context) {
        let (got, needed) =
            ((verified.nonce, verified.expires_at), (proposal.nonce, proposal.expires_at));
        if got != needed || verified.digest != proposal.digest {
            return Err(
                Reject::new(RejectCode::ProposalMismatch, verified.nonce, proposal.nonce).into()
            );
        }
        if context.now >= proposal.expires_at {
            return Err(
                Reject::new(RejectCode::ApprovalExpired, context.now, proposal.expires_at).into()
            );
        }
        members(state, &verified.keys)?;
        keys.extend(verified.keys.iter().filter(|key| !proposal.keys.contains(key)));
    }
    let ready_at =
        proposal.ready_at.or_else(|| ready_at(state, keys.len(), proposal.delay, context.now));
    if keys.len() == proposal.keys.len() && ready_at == proposal.ready_at {
        return Ok(());
    }
    // Only a quorum uses up a nonce: one proposer alone can't put it out of everybody's reach.
    let complete =
        proposal.ready_at.is_none() && ready_at.is_some() && !state.council.keys.is_empty();
    let (nonce, expires_at) = (proposal.nonce, proposal.expires_at);
    if complete {
        fresh(state, context.now, nonce, expires_at)?;
    }
    txn.emit(Event::Approved { proposal: id, keys, ready_at })?;
    if complete { txn.emit(Event::NonceUsed { nonce }) } else { Ok(()) }
}

pub(crate) fn execute(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &Execute,
) -> Result<(), Halt> {
    let proposal = open(txn.state(), command.proposal)?;
    if context.now >= proposal.expires_at {
        return Err(
            Reject::new(RejectCode::ApprovalExpired, context.now, proposal.expires_at).into()
        );
    }
    let ready = proposal.ready_at.is_some_and(|ready_at| context.now >= ready_at);
    if !ready {
        let limit = proposal.ready_at.unwrap_or(Timestamp::MAX);
        return Err(Reject::new(RejectCode::ProposalNotReady, context.now, limit).into());
    }
    // Signatures count for the council of today: one replaced since must not act through old ones.
    members(txn.state(), &proposal.keys)?;
    if proposal.keys.len() < usize::from(txn.state().council.threshold) {
        let limit = usize::from(txn.state().council.threshold);
        return Err(Reject::new(RejectCode::TooFewSignatures, proposal.keys.len(), limit).into());
    }
    let body = proposal.body.clone();
    txn.emit(Event::Executed { proposal: command.proposal })?;
    let granted = Context { power: Power::Granted, ..*context };
    decide::decide(txn, &granted, &body)
}

pub(crate) fn cancel(
    state: &State,
    context: &Context<'_>,
    command: &CancelProposal,
) -> Result<Event, Halt> {
    let proposal = open(state, command.proposal)?;
    if context.actor != Some(proposal.by) {
        has_role(state, context, Roles::of(&[Role::Guardian]))?;
    }
    Ok(Event::ProposalCancelled { proposal: command.proposal })
}
