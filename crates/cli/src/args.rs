//! Verbs and flags.

mod api_keys;
mod lending;
mod pictures;
mod reference;
mod report;
mod risk;
mod webhooks;

pub(crate) use api_keys::{ApiKeysArgs, ApiKeysVerb};
pub(crate) use lending::{
    CompensationArgs, CompensationVerb, FarmArgs, FarmVerb, PoolArgs, PoolVerb, ReserveArgs,
    ReserveVerb, VaultArgs, VaultVerb,
};
pub(crate) use pictures::{PictureArgs, PictureVerb};
pub(crate) use reference::{ReferenceArgs, ReferenceTable};
pub(crate) use report::ReportArgs;
pub(crate) use risk::{RiskArgs, RiskMessageArgs, RiskRun, RiskVerb};
pub(crate) use webhooks::{WebhooksArgs, WebhooksVerb};

use backstop_units::{Amount, Label, LossId, Timestamp, VaultLossId};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Decides who pays when a trader goes bankrupt, posts every unit, proves it.
#[derive(Debug, Parser)]
#[command(name = "backstop", version, arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Cli {
    /// The ledger's journal.
    #[arg(
        long,
        global = true,
        env = "BACKSTOP_DB",
        default_value = "backstop.db",
        value_name = "FILE"
    )]
    pub(crate) db: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress.
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const AFTER: &str = "\
Example: backstop demo
Exit codes: 0 done, 1 refused by a rule or warned under --strict, 2 wrong usage or input, 3 verification found something wrong,
4 a file or the machine failed, 130 interrupted";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Replay a real crash on a leveraged venue and show who paid.
    Demo(DemoArgs),
    /// Begin a ledger from a preset.
    Init(InitArgs),
    /// Serve the HTTP API and the dashboard.
    Serve(ServeArgs),
    /// Copy a journal, and the service's keys, while they are in use.
    Backup(BackupArgs),
    /// Bring a backup back, if every byte of it adds up.
    Restore(RestoreArgs),
    /// Send commands from a JSON file or standard input.
    Apply(ApplyArgs),
    /// Carry out a scenario file in memory.
    Run(RunArgs),
    /// Check a journal: its bytes, its books, and that the rules were followed.
    Verify(VerifyArgs),
    /// Sign the journal's present head.
    Checkpoint(CheckpointArgs),
    /// Prove that a record is in the journal, or check such a proof.
    Proof(ProofArgs),
    /// Funds: what they hold, what counts, what holds them.
    Fund(FundArgs),
    /// Losses: who paid how much.
    Loss(LossArgs),
    /// The loss waterfall: who would pay how much.
    Waterfall(WaterfallArgs),
    /// Pictures as SVG: who pays, coverage, exits, a loss.
    Picture(PictureArgs),
    /// Vaults: worth, share price, allocations, yields, fees, holders, losses.
    Vault(VaultArgs),
    /// Lending reserves: money, rates, collateral, impairments.
    Reserve(ReserveArgs),
    /// Farms: stake and rewards.
    Farm(FarmArgs),
    /// Vaults' insurance pools: tranches, coverage, exits, signers.
    Pool(PoolArgs),
    /// What of a vault's loss is made good, and to whom.
    Compensation(CompensationArgs),
    /// Books for other programs.
    Export(ExportArgs),
    /// An auditor's pack of a month: trial balance, losses, reconciliation, funds, disclosure.
    Report(ReportArgs),
    /// The risk desk: how big the fund must be, what would empty it, what cover should cost.
    Risk(RiskArgs),
    /// Settings that are known to go wrong.
    Config(ConfigArgs),
    /// Keys and signatures, made offline.
    Keys(KeysArgs),
    /// Addresses that are told of each record.
    Webhooks(WebhooksArgs),
    /// The ledger's present state: head, hash, trial balance, balances.
    State,
    /// Reference tables: commands, refusals, problems, fees, checks, verbs, settings.
    Reference(ReferenceArgs),
    /// Completions for a shell.
    Completions(CompletionsArgs),
}

/// Flags of `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Where the copies go; a journal that is there already is never written over.
    pub(crate) folder: PathBuf,
    /// The service's file of keys; `server.db` beside the journal if left out.
    #[arg(long, value_name = "FILE", env = "BACKSTOP_SERVER_DB")]
    pub(crate) server_db: Option<PathBuf>,
}

/// Flags of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A backup's folder. The journal goes to --db, which must not exist.
    pub(crate) folder: PathBuf,
    /// A checkpoint that was kept elsewhere: the backup must hold all that it covers.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Where the service's file of keys goes; `server.db` beside the journal if left out.
    #[arg(long, value_name = "FILE", env = "BACKSTOP_SERVER_DB")]
    pub(crate) server_db: Option<PathBuf>,
}

/// Flags of `serve`, and of what shows its settings.
#[derive(Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// Settings from a TOML file.
    #[arg(long, value_name = "FILE", env = "BACKSTOP_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Address and port; 127.0.0.1:8787 if left out.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// How the world reaches the service through a proxy that ends TLS.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Any setting of `config show` (repeat for several).
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// The ledger's clock goes on from its last record, as in a demo, and not by this machine's.
    #[arg(long)]
    pub(crate) story: bool,
    /// I have looked at this machine's clock: a jump since the last run is right.
    #[arg(long)]
    pub(crate) confirm_clock: bool,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where journal, books and loss pages go; made anew, must be empty.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The synthetic book's seed.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// End without a dashboard (implied by --out and when output is no terminal).
    #[arg(long)]
    pub(crate) no_serve: bool,
    /// End in a dashboard also with --out or when output is no terminal.
    #[arg(long, conflicts_with = "no_serve")]
    pub(crate) serve: bool,
    /// Where the dashboard listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: String,
    /// Only this crash (repeat for several); all of them if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) crash: Vec<String>,
    /// Only this preset (repeat for several); all that a venue can run with if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Vec<String>,
    /// Runs at once; as many as there are processors if left out. The results are the same.
    #[arg(long, value_name = "COUNT")]
    pub(crate) threads: Option<usize>,
    /// Of every run, not only of the first: a page for each loss, and hledger and Ledger asked.
    #[arg(long)]
    pub(crate) full: bool,
    /// Instead: the results over so many seeds, in memory.
    #[arg(long, value_name = "SEEDS")]
    pub(crate) sweep: Option<u32>,
    /// Steps for each leg of a price bar.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) steps: u32,
}

/// Flags of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// A preset's name, or a preset file.
    #[arg(long, default_value = "backstop")]
    pub(crate) preset: String,
    /// The ledger's id: a label or UUID; random if left out.
    #[arg(long)]
    pub(crate) ledger: Option<Label>,
    /// A council member's public key (repeat for each).
    #[arg(long, value_name = "KEY")]
    pub(crate) council: Vec<String>,
    /// How many of the council must sign; a majority if left out.
    #[arg(long)]
    pub(crate) threshold: Option<u8>,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// One JSON command a line, or an array; `-` is standard input.
    pub(crate) file: PathBuf,
    /// Answer, record nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Go on after a refusal.
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// Flags of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The scenario, TOML or JSON.
    pub(crate) file: PathBuf,
    /// Also write the books for hledger and Ledger.
    #[arg(long, value_name = "FILE")]
    pub(crate) books: Option<PathBuf>,
    /// Also keep the ledger, as a new journal that every other verb can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The journal.
    pub(crate) file: PathBuf,
    /// A checkpoint kept elsewhere: finds a cut tail and a rewritten history.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Who must have signed that checkpoint.
    #[arg(long, value_name = "NAME:KEY", requires = "checkpoint")]
    pub(crate) signer: Option<String>,
    /// Take the signatures inside the log as checked.
    #[arg(long)]
    pub(crate) no_signatures: bool,
}

/// Flags of `checkpoint`.
#[derive(Debug, Args)]
pub(crate) struct CheckpointArgs {
    /// The key to sign with.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The signer's name.
    #[arg(long, default_value = "backstop")]
    pub(crate) name: String,
}

/// Flags of `proof`.
#[derive(Debug, Args)]
pub(crate) struct ProofArgs {
    /// What about it.
    #[command(subcommand)]
    pub(crate) verb: ProofVerb,
}

/// What about a proof.
#[derive(Debug, Subcommand)]
pub(crate) enum ProofVerb {
    /// Print the proof of a record.
    Show {
        /// Its sequence number.
        seq: u64,
        /// Sign the present head with this key; without it a stored checkpoint is used.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Check a proof; needs no journal.
    Check {
        /// The proof, as printed.
        file: PathBuf,
    },
}

/// Flags of `fund`.
#[derive(Debug, Args)]
pub(crate) struct FundArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: FundVerb,
}

/// What to see of funds.
#[derive(Debug, Subcommand)]
pub(crate) enum FundVerb {
    /// All funds.
    List,
    /// One fund.
    Show {
        /// Its label.
        fund: Label,
    },
}

/// Flags of `loss`.
#[derive(Debug, Args)]
pub(crate) struct LossArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: LossVerb,
}

/// What to see of losses.
#[derive(Debug, Subcommand)]
pub(crate) enum LossVerb {
    /// All losses, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// One loss.
    Show {
        /// `loss_0` and so on.
        #[arg(value_parser = loss_id)]
        loss: LossId,
    },
}

/// Flags of `waterfall`.
#[derive(Debug, Args)]
pub(crate) struct WaterfallArgs {
    /// What to see.
    #[command(subcommand)]
    pub(crate) verb: WaterfallVerb,
}

/// What to see of a waterfall.
#[derive(Debug, Subcommand)]
pub(crate) enum WaterfallVerb {
    /// Who would pay how much of a loss that hits a market now.
    Explain {
        /// The market's label.
        market: Label,
        /// The loss, in atoms.
        #[arg(value_parser = atoms)]
        loss: Amount,
    },
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Which format.
    #[arg(value_enum)]
    pub(crate) format: ExportFormat,
    /// Of which loss, for claims.
    #[arg(long, value_name = "LOSS", required_if_eq("format", "claims"), value_parser = vault_loss_id)]
    pub(crate) loss: Option<VaultLossId>,
    /// Where to; standard output if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A format of exported books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// hledger and Ledger.
    Ledger,
    /// Postings, RFC 4180.
    Csv,
    /// What moved in and out of funds, each row with its reason, RFC 4180.
    Funds,
    /// Claims on a vault's loss, with a Merkle proof for each.
    Claims,
}

/// Flags of `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// What about settings.
    #[command(subcommand)]
    pub(crate) verb: ConfigVerb,
}

/// What about settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Warn of settings that are known to go wrong: of a preset file, a preset, or the ledger.
    Check {
        /// A preset file; without it and --preset the ledger's present settings.
        #[arg(conflicts_with = "preset")]
        file: Option<PathBuf>,
        /// One of the presets in the binary.
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
        /// Exit with 1 where there is a warning.
        #[arg(long)]
        strict: bool,
    },
    /// The service's settings: each with its value and where that came from.
    Show(ServeArgs),
}

/// Flags of `keys`.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// What about keys.
    #[command(subcommand)]
    pub(crate) verb: KeysVerb,
}

/// What about keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysVerb {
    /// Make a key; the file holds the secret, the output is the public key.
    New {
        /// Where the secret goes; refused if it exists.
        file: PathBuf,
    },
    /// Keys of the HTTP API, which the service checks.
    Api(ApiKeysArgs),
    /// Sign a command's body for one ledger, nonce and expiry.
    Sign {
        /// The secret.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The ledger's id.
        #[arg(long)]
        ledger: Label,
        /// Above every nonce used before.
        #[arg(long)]
        nonce: u64,
        /// Not valid after this.
        #[arg(long, value_parser = moment)]
        expires: Timestamp,
        /// A file with the body as JSON, such as `{"void_loss": {"loss": "loss_3"}}`; `-` for standard input.
        body: PathBuf,
    },
}

/// Flags of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    pub(crate) shell: Shell,
}

fn atoms(text: &str) -> Result<Amount, String> {
    backstop_units::parse_decimal(text, 0).map(Amount::new).map_err(|error| error.to_string())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

fn vault_loss_id(text: &str) -> Result<VaultLossId, String> {
    let index = text.strip_prefix("vloss_").unwrap_or(text);
    index.parse().map(VaultLossId::new).map_err(|_| "expected vloss_ and a number".to_owned())
}

fn loss_id(text: &str) -> Result<LossId, String> {
    let index = text.strip_prefix("loss_").unwrap_or(text);
    index.parse().map(LossId::new).map_err(|_| "expected loss_ and a number".to_owned())
}
