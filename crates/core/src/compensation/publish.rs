//! A root over all claims, made by who reads the ledger and published, so that claims can be checked or paid elsewhere.
//!
//! ```text
//!   claims open ── publish ──▶ root ── time to dispute ──▶ stands
//!                               │ ▲                          │
//!     a leaf that is not right ─┘ │    counted out ◀─────────┘ at any time: the ledger's own root
//!                  struck: publish anew
//! ```
//!
//! Nobody votes: the ledger knows each holder's leaf, so one wrong leaf with its proof strikes the root in a number of
//! steps that grows with the logarithm of the claims. A root of which nobody can show leaves, or that leaves somebody
//! out, is overruled by a [count](super::count). No claim waits for a root: without a proof it is paid by the same
//! rule, and with one by the same rule too.

use super::{
    assess::of,
    claims::{entitled, leaf, passed_over, running},
    root::{Leaf, includes},
};
use crate::{
    command::{ChallengeClaimsRoot, PublishClaimsRoot},
    compensation::book::find,
    event::{ClaimsRoot, CompensationClaimed, CompensationEvent},
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Hash, Timestamp, VaultLossId};

/// Binds a root to claims that are open and have none.
pub(crate) fn publish(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &PublishClaimsRoot,
) -> Result<(), Halt> {
    let state = txn.state();
    let (compensation, held, claims) = running(state, command.loss)?;
    if let Some(root) = held.root {
        return Err(Reject::got(RejectCode::RootStands, root.root).into());
    }
    let PublishClaimsRoot { loss, root, count, total } = *command;
    if count == 0 || total > claims.money {
        return Err(Reject::new(RejectCode::BadRoot, total, claims.money).into());
    }
    let window = state.vaults.expect(find(state, loss)?.vault)?.policy.dispute_window;
    let (at, stands_at) = (context.now, context.now.plus(window));
    let root = Box::new(ClaimsRoot { loss, root, count, total, at, stands_at, counted: false });
    txn.emit(of(CompensationEvent::ClaimsRootPublished { compensation, root }))
}

/// Strikes a root by a leaf of it that the rules do not give: of an account without a claim, or that nobody has,
/// with another number or another amount.
pub(crate) fn challenge(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &ChallengeClaimsRoot,
) -> Result<(), Halt> {
    let state = txn.state();
    let loss = command.loss;
    let (compensation, held, _) = running(state, loss)?;
    let root = held.root.ok_or_else(|| Reject::got(RejectCode::NoRoot, loss.get()))?;
    if context.now >= root.stands_at {
        return Err(Reject::new(RejectCode::RootStands, context.now, root.stands_at).into());
    }
    let ChallengeClaimsRoot { index, account, amount, .. } = *command;
    let shown = Leaf { index, account, amount };
    if !includes(shown.hash(), &command.proof, root.root) {
        return Err(Reject::got(RejectCode::BadProof, account).into());
    }
    if right(state, loss, &shown)? {
        return Err(Reject::got(RejectCode::LeafRight, account).into());
    }
    let (root, leaf) = (root.root, Box::new(shown));
    txn.emit(of(CompensationEvent::ClaimsRootStruck { compensation, loss, root, leaf }))
}

/// Whether a leaf says what the rules give.
fn right(state: &State, loss: VaultLossId, shown: &Leaf) -> Result<bool, Halt> {
    let Ok(account) = state.account_id(shown.account) else { return Ok(false) };
    match entitled(state, loss, account) {
        Ok(claim) => Ok(leaf(state, &claim)? == *shown),
        Err(Halt::Reject(reject)) if passed_over(reject.code) => Ok(false),
        Err(halt) => Err(halt),
    }
}

/// Refuses a claim whose proof does not lead to the root that stands.
pub(super) fn proven(
    state: &State,
    now: Timestamp,
    (claim, proof): (&CompensationClaimed, &[Hash]),
) -> Result<(), Halt> {
    let (_, held, _) = running(state, claim.loss)?;
    let root = held.root.ok_or_else(|| Reject::got(RejectCode::NoRoot, claim.loss.get()))?;
    if now < root.stands_at {
        return Err(Reject::new(RejectCode::RootWaits, now, root.stands_at).into());
    }
    let own = leaf(state, claim)?;
    if !includes(own.hash(), proof, root.root) {
        return Err(Reject::got(RejectCode::BadProof, own.account).into());
    }
    Ok(())
}
