//! Who may do what: roles, council approvals, proposals with timelocks, registry and custody.

pub mod approvals;
pub mod authority;
pub(crate) mod custody;
pub(crate) mod proposal;
pub(crate) mod registry;
pub(crate) mod sandbox;
pub mod signing;

pub use approvals::{Signed, Verified, approval_bytes, body_digest, verify_approvals};
pub use custody::balance_bytes;
pub use signing::{Signatories, Signing, Stamp, signed_bytes, signing};

use backstop_units::{AccountId, Timestamp};

/// What a command brings besides its body.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The ledger's time.
    pub now: Timestamp,
    /// When it happened at the venue.
    pub occurred_at: Timestamp,
    /// Who sent it; nobody in a genesis.
    pub actor: Option<AccountId>,
    /// Whose signatures came with it.
    pub(crate) power: Power<'a>,
    /// Whether signatures inside bodies are checked; a replay may trust the log.
    pub(crate) check_signatures: bool,
}

/// By what right a command acts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Power<'a> {
    /// The sender's roles, and approvals if any came.
    Sender(Option<&'a Signed>),
    /// The genesis record, or a proposal whose signatures and delay are complete.
    Granted,
}
