//! Flags of `risk`.

use backstop_units::{Amount, Label, Ppm, Timestamp};
use clap::{Args, Subcommand, builder::RangedU64ValueParser};
use std::path::PathBuf;

/// Flags of `risk`.
#[derive(Debug, Args)]
pub(crate) struct RiskArgs {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) verb: RiskVerb,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum RiskVerb {
    /// How big the fund should be: need, value at risk and shortfall with intervals, Cover-2, recommended size, ruin.
    Size(RiskRun),
    /// Named and made-up crises, who pays in each, and what would empty the fund.
    Stress(RiskRun),
    /// How models of prices did against the past.
    Backtest(RiskRun),
    /// What is ahead: volatility and risk of the next day, accounts near liquidation.
    Forecast {
        /// Files and settings.
        #[command(flatten)]
        run: RiskRun,
        /// Enter the fitted models here, with the hash of their data, their window and scores; made if it is not there.
        #[arg(long, value_name = "FILE")]
        registry: Option<PathBuf>,
    },
    /// The fee path by which the fund would get to its size.
    Fee(RiskRun),
    /// What slices of the fund's loss should cost.
    Tranche(RiskRun),
    /// All of these as one page with plots, CSV files and JSON.
    Report {
        /// Files and settings.
        #[command(flatten)]
        run: RiskRun,
        /// Where it goes; made anew, or empty.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// A signed message of a risk model, ready for `apply`.
    Message(RiskMessageArgs),
}

/// Files and settings of a run. Flags come before the settings file, that before the defaults.
#[derive(Debug, Args)]
pub(crate) struct RiskRun {
    /// All settings, as a report prints them; file names in it are as seen from it.
    #[arg(long, value_name = "FILE")]
    pub(crate) setup: Option<PathBuf>,
    /// Price history: bars or closes as CSV, also gzipped; several times for several files.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) prices: Vec<PathBuf>,
    /// The venue's markets and collateral, as TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) venue: Option<PathBuf>,
    /// Accounts: `account,owner,asset,collateral`.
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// Positions: `account,market,size` or `notional`.
    #[arg(long, value_name = "FILE")]
    pub(crate) positions: Option<PathBuf>,
    /// Crises of one's own, as TOML or CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) shocks: Option<PathBuf>,
    /// What became of accounts, for a model of liquidations: `time,equity,maintenance,gross,volatility,liquidated`.
    #[arg(long, value_name = "FILE")]
    pub(crate) outcomes: Option<PathBuf>,
    /// Take the fund with its fee control, accounts and positions from the ledger's hosted markets (`--db`); with `--accounts`
    /// and `--positions` the fund alone. A file of `--venue` then gives depth and volume by market.
    #[arg(long)]
    pub(crate) from_ledger: bool,
    /// Which fund of the ledger, where there are several.
    #[arg(long, value_name = "FUND", requires = "from_ledger")]
    pub(crate) fund_name: Option<String>,
    /// What the fund holds, in quote.
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) fund: Option<f64>,
    /// Seed of everything that is drawn.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Scenarios that are drawn.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) scenarios: Option<usize>,
    /// Threads, at most 1,024; as many as the machine has if left out. The report is the same.
    #[arg(long, allow_negative_numbers = true, value_parser = threads())]
    pub(crate) threads: Option<usize>,
}

/// Flags of `risk message`.
#[derive(Debug, Args)]
pub(crate) struct RiskMessageArgs {
    /// The report, as `risk report` writes it: `report.json`.
    pub(crate) report: PathBuf,
    /// The model's secret, as `keys new` writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The ledger's id.
    #[arg(long)]
    pub(crate) ledger: Label,
    /// Who sends it; the signature is what counts, so anyone with an account may.
    #[arg(long, default_value = "keeper")]
    pub(crate) actor: Label,
    /// Which fund.
    #[arg(long)]
    pub(crate) fund: Label,
    /// Above the number of the last message.
    #[arg(long)]
    pub(crate) sequence: u64,
    /// When it was made; now if left out.
    #[arg(long, value_parser = super::moment)]
    pub(crate) made_at: Option<Timestamp>,
    /// It lapses then.
    #[arg(long, value_parser = super::moment)]
    pub(crate) until: Timestamp,
    /// What it adds to the rate, in parts per million.
    #[arg(long, value_name = "PPM", value_parser = ppm, default_value = "0")]
    pub(crate) fee: Ppm,
    /// What it holds back, in atoms.
    #[arg(long, value_name = "ATOMS", value_parser = super::atoms, default_value = "0")]
    pub(crate) hold: Amount,
}

/// More threads than any machine has would only be waited for.
fn threads() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_024)
}

fn ppm(text: &str) -> Result<Ppm, String> {
    text.parse().map(Ppm::new).map_err(|_| "expected parts per million".to_owned())
}
