//! Flags of `reference`.

use clap::{Args, ValueEnum};

/// Flags of `reference`.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Which table.
    #[arg(value_enum)]
    pub(crate) table: ReferenceTable,
}

/// A reference table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferenceTable {
    /// Every command with its fields.
    Commands,
    /// Every refusal with its rule and hint.
    Rejects,
    /// The description of the HTTP API, as `OpenAPI` 3.1.
    Openapi,
    /// Every problem that the HTTP API answers with, and its status.
    Problems,
    /// Every fee of lending.
    Fees,
    /// Every check of `config check`.
    Checks,
    /// Every verb of this program with its flags.
    Cli,
    /// Every setting of the service.
    Config,
}
