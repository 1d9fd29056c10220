//! Flags of `report`.

use clap::Args;
use std::path::PathBuf;

/// Flags of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The journal.
    pub(crate) file: PathBuf,
    /// The month, such as 2026-10; the last full one of the ledger's clock if left out.
    #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["from", "until"])]
    pub(crate) month: Option<String>,
    /// Instead of a month: from this moment on, such as 2026-10-01 or 2026-10-01T06:00:00Z.
    #[arg(long, value_name = "TIME", requires = "until")]
    pub(crate) from: Option<String>,
    /// Up to this moment, which is no part of it.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub(crate) until: Option<String>,
    /// Where the pack goes; made anew, or empty.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
