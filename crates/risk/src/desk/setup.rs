//! Settings of a run, as a file has them: with the same files they give the same report to the byte.
//!
//! Each has a default with its source; a report prints all of them, so that a reader can run it again.

use super::{error::DeskError, limits, overrides::Overrides};
use crate::{
    crash::Crash,
    data::line_and_column,
    need::{Curve, Pressure, Rules, Thinning},
};
use serde::{Deserialize, Serialize};
use toml::de::DeTable;

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Levels of the need's value at risk and expected shortfall.
    pub levels: Vec<f64>,
    /// Whether a size comes with its sensitivity table: about twenty runs of all scenarios more.
    pub sensitivity: bool,
    /// The files.
    pub files: Files,
    /// What prices may do.
    pub scenarios: Drawn,
    /// How the venue closes accounts.
    pub closing: Close,
    /// What forced trades do to prices.
    pub impact: Impact,
    /// The fund of now.
    pub fund: FundNow,
    /// What decides how big it should be.
    pub costs: Costs,
    /// Ruin over time.
    pub ruin: Ruin,
    /// The fee path.
    pub fee: Fee,
    /// Slices of the loss that are priced.
    pub tranches: Tranches,
    /// Back tests of the models of prices.
    pub back_test: BackTest,
    /// The reference venue among the crises.
    pub reference_venue: ReferenceVenue,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            levels: vec![0.99, 0.995, 0.999],
            sensitivity: true,
            files: Files::default(),
            scenarios: Drawn::default(),
            closing: Close::default(),
            impact: Impact::default(),
            fund: FundNow::default(),
            costs: Costs::default(),
            ruin: Ruin::default(),
            fee: Fee::default(),
            tranches: Tranches::default(),
            back_test: BackTest::default(),
            reference_venue: ReferenceVenue::default(),
        }
    }
}

impl Setup {
    /// Reads a settings file.
    ///
    /// # Errors
    /// [`DeskError::Setup`] with line and column: no TOML, an unknown setting, or one that [`Self::check`] refuses.
    pub fn parse(file: &str, text: &str) -> Result<Self, DeskError> {
        let refused = |at: usize, fault: String| {
            let (line, column) = line_and_column(text, at);
            DeskError::Setup { file: file.to_owned(), line, column, fault }
        };
        let setup: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let hint = "a report's setup.toml has all settings with their names";
            refused(at, format!("{}\n\nhint: {hint}", error.message()))
        })?;
        match setup.check() {
            Ok(()) => Ok(setup),
            Err(DeskError::Setting { key, said }) => Err(refused(place(text, &key), said)),
            Err(error) => Err(error),
        }
    }

    /// Checks the range of every setting, what they must be together, and that a run of them fits into memory; for
    /// settings that flags or forms have changed.
    ///
    /// # Errors
    /// [`DeskError::Setting`] that names the first which is out of range.
    pub fn check(&self) -> Result<(), DeskError> {
        limits::check(self)
    }

    /// The settings file that gives these settings.
    pub fn to_toml(&self) -> String {
        // Plain tables of numbers and texts: there is nothing that TOML can't hold.
        toml::to_string(self).unwrap_or_default()
    }
}

/// Where a setting's value stands in a file; its section, or the beginning, where it is left out.
fn place(text: &str, key: &str) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 0 };
    let mut names = key.split(['.', '[', ']']).filter(|name| !name.is_empty());
    let first = names.next().and_then(|name| root.get_ref().get(name));
    let Some(mut value) = first else { return 0 };
    for name in names {
        let inner = match name.parse::<usize>() {
            Ok(at) => value.get_ref().get(at),
            Err(_) => value.get_ref().get(name),
        };
        let Some(inner) = inner else { break };
        value = inner;
    }
    value.span().start
}

/// Names of files; paths are as seen from the settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// Price history: bars or closes.
    pub prices: Vec<String>,
    /// The venue's markets and collateral.
    pub venue: Option<String>,
    /// Accounts with their collateral.
    pub accounts: Option<String>,
    /// Positions.
    pub positions: Option<String>,
    /// Crises of one's own.
    pub shocks: Option<String>,
    /// What became of accounts, for a model of liquidations to learn from.
    pub outcomes: Option<String>,
}

/// Where scenarios come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generator {
    /// Days as they were, each a path through its open, extremes and close.
    Historical,
    /// Residuals of the filter, drawn for all markets from the same day.
    Filtered,
    /// t copula with common jumps, marginals by the filter and a fitted tail.
    Simulated,
}

/// What separates volatility from shocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filtering {
    /// Average of squared returns, weight 0.94.
    Ewma,
    /// GARCH(1,1).
    Garch,
    /// GJR-GARCH with Student innovations.
    Gjr,
}

/// What prices may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drawn {
    /// Where scenarios come from.
    pub generator: Generator,
    /// What separates volatility from shocks.
    pub filter: Filtering,
    /// How many; historical ones are as many as there are days.
    pub number: usize,
    /// Steps of the price files that a scenario lasts.
    pub steps: usize,
    /// Probability a step of a crash in simulated markets, beside the steps of a common jump as history has them; none: those
    /// alone.
    pub crash_probability: Option<f64>,
    /// Least correlation within a crash.
    pub crash_correlation: f64,
}

impl Default for Drawn {
    fn default() -> Self {
        Self {
            generator: Generator::Filtered,
            filter: Filtering::Garch,
            number: 10_000,
            steps: 1,
            crash_probability: None,
            crash_correlation: 0.9,
        }
    }
}

/// How the venue closes accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Close {
    /// From the mark at which an account falls to its close, in seconds, in calm times. **Source** on 2025-10-10
    /// Hyperliquid's first auto-deleveraging came 61.7 s after its first liquidation.
    pub latency_seconds: f64,
    /// Latency of a full crash ÷ that of calm times.
    pub crash_latency: f64,
    /// Part of a step's move that comes at once. **Source** a choice: diffusion alone leaves no gap in a minute. The
    /// report's sensitivity table has its half, its double and both ends of what it can be.
    pub jump_share: f64,
    /// Seconds in which a fund that takes accounts over works them off; zero: they are closed at once.
    pub unwind_seconds: f64,
    /// Part of what is left of a closed account that goes to the fund.
    pub surplus_share: f64,
}

impl Default for Close {
    fn default() -> Self {
        let closing = Rules::DEFAULT.closing;
        Self {
            latency_seconds: closing.latency,
            crash_latency: closing.crash_latency,
            jump_share: closing.jump_share,
            unwind_seconds: closing.unwind,
            surplus_share: closing.surplus_share,
        }
    }
}

/// How the cost of a trade grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// In proportion, by depth per percent.
    Linear,
    /// With the square root, by a day's volume.
    SquareRoot,
}

/// What forced trades do to prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Impact {
    /// How the cost of a trade grows.
    pub shape: Shape,
    /// Factor of the square root: about one.
    pub factor: f64,
    /// Move at which depth is at its floor. **Source** bitcoin's fall of 2025-10-10.
    pub full_move: f64,
    /// Part of calm depth that is then left. **Source** depth falls by 80 to 95 % in crashes.
    pub floor: f64,
    /// Part of a move by forced trades that stays in the mark.
    pub permanent: f64,
    /// Furthest that forced trades can bring a mark from its path, as a fraction.
    pub band: f64,
    /// Most rounds of a step.
    pub rounds_max: u32,
}

impl Default for Impact {
    fn default() -> Self {
        let Pressure { curve, thinning, permanent, band, rounds_max } = Rules::DEFAULT.pressure;
        let (shape, factor) = match curve {
            Curve::Linear => (Shape::Linear, 1.0),
            Curve::SquareRoot { factor } => (Shape::SquareRoot, factor),
        };
        let Thinning { full_move, floor } = thinning;
        Self { shape, factor, full_move, floor, permanent, band, rounds_max }
    }
}

/// The fund of now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FundNow {
    /// Which fund of the ledger; none: the only one.
    pub name: Option<String>,
    /// What it holds, in quote; zero beside a ledger: what counts there toward the fund's target.
    pub size: f64,
    /// Fee income of the venue in a day, of which the fund's rate takes a part, in quote.
    pub income_per_day: f64,
    /// Decimals of the quote asset; beside a ledger those of the fund's asset there.
    pub decimals: u8,
    /// The preset whose waterfall says who pays in a crisis, and without a ledger whose fee control the fee path has.
    pub preset: String,
}

impl Default for FundNow {
    fn default() -> Self {
        let preset = "backstop".to_owned();
        Self { name: None, size: 0.0, income_per_day: 0.0, decimals: 6, preset }
    }
}

/// What decides how big it should be. **Source** the newsvendor's critical fractile, `1 − holding ÷ uncovered`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Costs {
    /// Yearly cost of holding a unit.
    pub holding: f64,
    /// Cost of a unit that is not covered.
    pub uncovered: f64,
    /// The most that is worth having, in quote.
    pub most: Option<f64>,
    /// Name of a crisis that the fund must survive, whatever it costs; none: Cover-2 is the only floor.
    pub survive: Option<String>,
    /// Draws of the bootstrap behind the interval; each fits a tail and simulates years of its own.
    pub draws: usize,
    /// Part of the losses that a tail is fitted to.
    pub tail_share: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            holding: 0.08,
            uncovered: 4.0,
            most: None,
            survive: None,
            draws: 100,
            tail_share: 0.10,
        }
    }
}

/// Ruin over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ruin {
    /// Days of a path.
    pub days: usize,
    /// Paths.
    pub paths: usize,
    /// The probability of ruin that is still borne.
    pub probability: f64,
    /// Part of the income that goes to the fund.
    pub income_share: f64,
}

impl Default for Ruin {
    fn default() -> Self {
        Self { days: 365, paths: 20_000, probability: 0.01, income_share: 0.10 }
    }
}

/// The fee path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fee {
    /// Days ahead.
    pub days: usize,
    /// Paths of losses.
    pub paths: usize,
    /// What of fee control is other than the fund has it.
    #[serde(skip_serializing_if = "Overrides::is_empty")]
    pub control: Overrides,
}

impl Default for Fee {
    fn default() -> Self {
        Self { days: 180, paths: 1_000, control: Overrides::default() }
    }
}

/// Slices of the loss that are priced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tranches {
    /// Part of the loss's deviation that is charged beside its mean.
    pub load: f64,
    /// Yearly yield for capital that is locked up.
    pub lockup: f64,
    /// The slices, in quote, one beginning where another ends; none: quarters of the recommended size and what is above.
    pub slices: Vec<Slice>,
}

impl Default for Tranches {
    fn default() -> Self {
        Self { load: 0.3, lockup: 0.04, slices: Vec::new() }
    }
}

/// One slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Its name.
    pub name: String,
    /// Where it begins to pay.
    pub attach: f64,
    /// Where it is used up.
    pub detach: f64,
}

/// Back tests of the models of prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackTest {
    /// Steps that each forecast looks back on.
    pub window: usize,
    /// Steps from one fit to the next.
    pub refit: usize,
    /// Level of the value at risk.
    pub level: f64,
    /// Level at which a test rejects.
    pub significance: f64,
}

impl Default for BackTest {
    fn default() -> Self {
        Self { window: 1_000, refit: 25, level: 0.99, significance: 0.05 }
    }
}

/// The reference venue of the demo over many seeds of its book, under `fund.preset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReferenceVenue {
    /// How many; zero: it is left out. 20,000 accounts are drawn for each and taken through the crash step by step.
    pub seeds: u32,
    /// Name of the crash, as `backstop demo --crash` has them.
    pub crash: String,
}

impl Default for ReferenceVenue {
    fn default() -> Self {
        Self { seeds: 0, crash: Crash::MAIN.name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_what_is_printed() {
        let mut setup = Setup::default();
        setup.scenarios.crash_probability = Some(0.01);
        setup.tranches.slices.push(Slice { name: "junior".into(), attach: 0.0, detach: 5.0 });
        setup.files.prices.push("btc.csv".into());
        let control = "[fee.control]\nrate_max = 120000\nslew = { by = 10000, per = \"1d\" }\n";
        setup.fee.control = Setup::parse("control.toml", control).unwrap().fee.control;
        assert!(setup.to_toml().contains("rate_max = 120000"), "{}", setup.to_toml());
        assert_eq!(Setup::parse("setup.toml", &setup.to_toml()).unwrap(), setup);
        assert_eq!(Setup::parse("setup.toml", "").unwrap(), Setup::default());
    }

    #[test]
    fn a_wrong_setting_is_named_by_its_place() {
        let error = Setup::parse("a.toml", "seed = 1\n[costs]\nholdng = 2.0\n").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("a.toml:3:1: unknown field `holdng`"), "{text}");
        for (line, wrong) in [
            ("rate_mx = 5", "unknown field `rate_mx`"),
            ("rate_max = \"a lot\"", "invalid type"),
            ("law = { straight = 1 }", "unknown variant `straight`"),
        ] {
            let text = format!("seed = 1\n[fee.control]\n{line}\n");
            let text = Setup::parse("a.toml", &text).unwrap_err().to_string();
            assert!(text.starts_with("a.toml:2:1: ") && text.contains(wrong), "{text}");
        }
    }
}
