//! What a command asks its signers for: whose signatures, over what, under which nonce. For whoever collects them; the
//! rules ask the same tables, [`authority`](super::authority::authority) and [`pool::signers`](crate::pool::signers).

use super::{
    approvals::{approval_bytes, subject},
    authority::{Authority, authority},
};
use crate::{
    command::Body,
    policy::PublicKey,
    pool::signers::signers,
    reject::{Halt, Reject, RejectCode},
    state::{Proposal, State},
};
use alloc::vec::Vec;
use backstop_units::{Hash, Label, ProposalId, Timestamp};

/// Whose keys are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatories {
    /// Members of the council.
    Council,
    /// The keys of an insurance pool.
    Pool,
}

/// Under which nonce and expiry signatures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Any nonce above this one, the last that was used; any expiry to come.
    Above(u64),
    /// This nonce and this expiry: the command or the proposal states them.
    Exactly(u64, Timestamp),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Whose keys they are.
    pub of: Signatories,
    /// The keys that count.
    pub keys: Vec<PublicKey>,
    /// How many must sign; a proposal also takes fewer, and waits for the others.
    pub threshold: u8,
    /// Under which nonce and expiry.
    pub stamp: Stamp,
}

/// What `body` asks its signers for in this state; nothing where no signature comes with it. Of a linked command, what
/// the first step asks that asks anything: a nonce is used up once.
///
/// # Errors
/// A reject when the body names what does not exist.
pub fn signing(state: &State, body: &Body) -> Result<Option<Signing>, Halt> {
    Ok(match body {
        Body::Propose(c) => council(state, Stamp::Exactly(c.nonce, c.expires_at)),
        Body::Approve(c) => {
            let proposal = proposed(state, c.proposal)?;
            council(state, Stamp::Exactly(proposal.nonce, proposal.expires_at))
        }
        Body::Linked(c) => {
            let mut asked = c.steps.iter().map(|step| of_one(state, step));
            asked.find_map(Result::transpose).transpose()?
        }
        body => of_one(state, body)?,
    })
}

fn proposed(state: &State, id: ProposalId) -> Result<&Proposal, Reject> {
    state.proposals.get(id).ok_or_else(|| Reject::got(RejectCode::UnknownProposal, id))
}

fn of_one(state: &State, body: &Body) -> Result<Option<Signing>, Halt> {
    if let Some(asked) = signers(state, body)? {
        let (of, stamp) = (Signatories::Pool, Stamp::Above(asked.last));
        return Ok(Some(Signing { of, keys: asked.keys, threshold: asked.threshold, stamp }));
    }
    Ok(match authority(state, body)? {
        Authority::Council(_) => council(state, Stamp::Above(state.meta.nonce)),
        _ => None,
    })
}

/// The council, if there is one: without it the operator decides alone.
fn council(state: &State, stamp: Stamp) -> Option<Signing> {
    let (keys, threshold) = (state.council.keys.clone(), state.council.threshold);
    (!keys.is_empty()).then_some(Signing { of: Signatories::Council, keys, threshold, stamp })
}

/// What the signatures of a command with this body are over: its digest and the exact bytes.
pub fn signed_bytes(
    ledger: Label,
    body: &Body,
    nonce: u64,
    expires_at: Timestamp,
) -> (Hash, Vec<u8>) {
    let digest = subject(body);
    (digest, approval_bytes(ledger, nonce, expires_at, &digest))
}
