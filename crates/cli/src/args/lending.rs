//! Flags of verbs about lending.

use backstop_units::{Label, VaultLossId};
use clap::{Args, Subcommand};

/// Flags of `vault`.
#[derive(Debug, Args)]
pub(crate) struct VaultArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: VaultVerb,
}

/// What to see of vaults.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultVerb {
    /// All vaults.
    List,
    /// One vault: worth, share price, allocations, yields, fees, queue.
    Show {
        /// Its label.
        vault: Label,
        /// Also what this account holds of it.
        #[arg(long)]
        account: Option<Label>,
    },
    /// Who holds a vault, the largest first.
    Holders {
        /// Its label.
        vault: Label,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// What a vault has lost, who bore it, and what was made good.
    Losses {
        /// Its label.
        vault: Label,
    },
}

/// Flags of `reserve`.
#[derive(Debug, Args)]
pub(crate) struct ReserveArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: ReserveVerb,
}

/// What to see of reserves.
#[derive(Debug, Subcommand)]
pub(crate) enum ReserveVerb {
    /// All reserves.
    List,
    /// One reserve: money, rates, curve, collateral, loans that lack something.
    Show {
        /// Its label.
        reserve: Label,
        /// Also what this account supplied and owes.
        #[arg(long)]
        account: Option<Label>,
    },
}

/// Flags of `farm`.
#[derive(Debug, Args)]
pub(crate) struct FarmArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: FarmVerb,
}

/// What to see of farms.
#[derive(Debug, Subcommand)]
pub(crate) enum FarmVerb {
    /// All farms.
    List,
    /// One farm: stake, rewards with their rates, rules.
    Show {
        /// Its label.
        farm: Label,
        /// Also what this account has staked and can claim.
        #[arg(long)]
        account: Option<Label>,
    },
}

/// Flags of `pool`.
#[derive(Debug, Args)]
pub(crate) struct PoolArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: PoolVerb,
}

/// What to see of insurance pools.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolVerb {
    /// All insurance pools.
    List,
    /// One vault's insurance pool: tranches, coverage, stakes, exits with their days, signers.
    Show {
        /// The vault's label.
        vault: Label,
    },
}

/// Flags of `compensation`.
#[derive(Debug, Args)]
pub(crate) struct CompensationArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: CompensationVerb,
}

/// What to see of compensation.
#[derive(Debug, Subcommand)]
pub(crate) enum CompensationVerb {
    /// One loss of a vault: assessment, money, claims, the root over them, what is missing.
    Show {
        /// Its handle.
        #[arg(value_parser = super::vault_loss_id)]
        loss: VaultLossId,
        /// Also what this account is due, with the proof of it.
        #[arg(long)]
        account: Option<Label>,
    },
}
