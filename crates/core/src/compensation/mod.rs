//! Compensation of exactly the people whom a loss of a vault has hurt.
//!
//! ```text
//!   recorded loss ── assess_vault_loss ──▶ assessed ── time to dispute ──▶ open ── time to claim ──▶ closed
//!        who held then: snapshot              ▲ │ dispute_vault_loss         │ claim, or paid in       │ rest goes
//!                                             └─┘ assess anew               ▼ parts; each once        ▼ back
//!   insurance pool, anyone ── money ──▶ compensation account ──────────▶ holders            to who paid it
//! ```
//!
//! A claim is the account's money times the holder's shares at the loss, divided by the shares that have a claim,
//! rounded down: it hangs on nothing but these, so neither order nor parts change it. What rounding leaves goes back with what
//! nobody claimed: claims and what went back add up to what was there. The money never enters the vault, so no
//! fee sees a profit in it. **Invariant M1** a compensation account holds at least what is open of its claims.

pub mod assess;
pub mod book;
pub(crate) mod check;
pub mod claims;
mod count;
pub(crate) mod evolve;
mod publish;
pub mod root;

use crate::{
    command::Body,
    governance::Context,
    reject::{Corrupt, Halt, Reject, RejectCode},
    txn::Txn,
};

/// Carries a command about compensation out.
pub(crate) fn carry_out(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Result<(), Halt> {
    match body {
        Body::AssessVaultLoss(c) => assess::assess(txn, context, c),
        Body::DisputeVaultLoss(c) => assess::dispute(txn, c),
        Body::PayCompensation(c) => assess::pay(txn, c),
        Body::OpenClaims(c) => claims::open(txn, context, c.loss),
        Body::ClaimCompensation(c) => claims::claim(txn, context, c),
        Body::PayClaims(c) => claims::pay(txn, context, c),
        Body::CloseClaims(c) => claims::close(txn, context, c.loss),
        Body::PublishClaimsRoot(c) => publish::publish(txn, context, c),
        Body::ChallengeClaimsRoot(c) => publish::challenge(txn, context, c),
        Body::CountClaims(c) => count::count(txn, context, c),
        _ => Err(Corrupt::DanglingHandle.into()),
    }
}

/// Refuses lists that are longer than one command may hold.
pub(crate) fn sized(body: &Body) -> Result<(), Reject> {
    match body {
        Body::PayClaims(c) => claims::part(c.accounts.len()),
        Body::CountClaims(c) => claims::part(c.holders.len()),
        Body::AssessVaultLoss(c) if c.excluded.len() > assess::NAMED_MAX => {
            let (got, most) = (c.excluded.len(), assess::NAMED_MAX);
            Err(Reject::new(RejectCode::BatchTooLarge, got, most))
        }
        _ => Ok(()),
    }
}
