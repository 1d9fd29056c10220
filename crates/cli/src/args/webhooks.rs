//! Flags of `webhooks`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Flags of `webhooks`.
#[derive(Debug, Args)]
pub(crate) struct WebhooksArgs {
    /// The service's settings from a TOML file.
    #[arg(long, global = true, value_name = "FILE", env = "BACKSTOP_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The file that holds them; `server.db` beside the journal if left out.
    #[arg(long, global = true, env = "BACKSTOP_SERVER_DB", value_name = "FILE")]
    pub(crate) server_db: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: WebhooksVerb,
}

/// What about subscriptions to the ledger's records.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksVerb {
    /// List subscriptions, how far each has come and how its last delivery went.
    List,
    /// Send each record from now on to an address; the secret that it is signed with is shown this once.
    Create {
        /// Where deliveries go, by https.
        url: String,
        /// Only commands with this word; more than one with more flags.
        #[arg(long, value_name = "WORD")]
        kind: Vec<String>,
        /// Begin behind this record.
        #[arg(long, value_name = "SEQ")]
        after_seq: Option<u64>,
    },
    /// End a subscription.
    Delete {
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Send one delivery to try it; the subscription stays as it is.
    Test {
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Try again at once, also what was disabled.
    Resume {
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Make a new secret; the one before counts for a day more.
    Rotate {
        /// Its id, as `list` shows it.
        id: String,
    },
}
