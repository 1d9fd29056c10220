//! What waits for signatures: proposals of the ledger, and commands that must come with all of them at once.
//!
//! Signatures are made elsewhere, by `backstop keys sign`; keys never come here. For each thing that waits the
//! page says whose signature is missing, the exact bytes to sign, and what would happen then.

mod drafts;
mod page;

pub(crate) use drafts::SCHEMA;
pub(crate) use page::routes;
