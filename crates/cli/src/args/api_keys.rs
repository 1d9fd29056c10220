//! Flags of `keys api`.

use backstop_server::identity::Role;
use backstop_units::{Label, Timestamp};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Flags of `keys api`.
#[derive(Debug, Args)]
pub(crate) struct ApiKeysArgs {
    /// The service's file of keys; `server.db` beside the journal if left out.
    #[arg(long, global = true, env = "BACKSTOP_SERVER_DB", value_name = "FILE")]
    pub(crate) server_db: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: ApiKeysVerb,
}

/// What about keys of the HTTP API.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeysVerb {
    /// Make a key; it is shown this once.
    Create {
        /// What people know it by.
        name: String,
        /// What it may do: reader, auditor, sender, operator.
        #[arg(long, value_parser = role)]
        role: Role,
        /// An account that a sender may send commands as; more than one with more flags.
        #[arg(long, value_parser = label, value_name = "ACCOUNT")]
        account: Vec<Label>,
        /// Not valid from then on.
        #[arg(long, value_parser = super::moment)]
        expires: Option<Timestamp>,
    },
    /// List keys, without their secrets.
    List,
    /// End a key at once; sessions that were opened with it end too.
    Revoke {
        /// Its id, as `list` shows it.
        id: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|error: backstop_server::identity::KeyError| error.to_string())
}

fn label(text: &str) -> Result<Label, String> {
    Label::parse(text).map_err(|error| error.to_string())
}
