//! What a run of the risk desk says: figures with their intervals, windows and seeds, ready for JSON and for pages.
//!
//! Money is in whole units of the quote asset; what a ledger would be told stands beside it in atoms, rounded up.
//! Probabilities and rates are parts of one. Times are text, as the reader gets them. A part that was not asked
//! for is absent, never zero.

mod book;
mod crises;
mod varied;

pub use book::{BookPage, MarketLine, OwnerLine};

use super::setup::Setup;
use crate::{float::count, models::tail::Interval, scenarios::Origin};
use serde::{Deserialize, Serialize};

pub use crises::{ReverseLine, StressLine};
pub use varied::{
    Counted, Figures, ReferenceLine, ReferencePage, SensitivityLine, SensitivityPage,
};

/// The form of this document; a reader refuses a higher one.
pub const VERSION: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Which program made it.
    pub program: String,
    /// When, as who ran it says; the core of the desk has no clock.
    pub made_at: String,
    /// All settings: with the same files they give the same bytes.
    pub setup: Setup,
    /// The files behind it.
    pub data: Vec<FilePage>,
    /// What stands at risk.
    pub book: BookPage,
    /// What the fund may need.
    pub need: Option<NeedPage>,
    /// How big it should be.
    pub size: Option<SizePage>,
    /// How far need and size move with one assumption at a time.
    pub sensitivity: Option<SensitivityPage>,
    /// How fees would get it there.
    pub fee: Option<FeePage>,
    /// What slices of the loss would cost.
    pub tranches: Vec<TrancheLine>,
    /// Named and made-up crises.
    pub stress: Vec<StressLine>,
    /// What would empty the fund.
    pub reverse: Vec<ReverseLine>,
    /// The reference venue over many seeds; none: no seeds were asked for.
    pub reference: Option<ReferencePage>,
    /// How models of prices did in the past, market by market.
    pub back_tests: Vec<BackTestPage>,
    /// The tails that were fitted: of the need, and of each market's losses.
    pub tails: Vec<TailPage>,
    /// What is ahead.
    pub forecast: Option<ForecastPage>,
    /// What a reader must know before trusting a figure: a model that failed, a hole in the data, a cap that bound.
    pub notes: Vec<String>,
}

/// A file of prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilePage {
    /// Its name.
    pub file: String,
    /// SHA-256 of its bytes, in hex.
    pub digest: String,
    /// Where it comes from, as its first comment lines say.
    pub origin: String,
    /// Time from bar to bar, in words.
    pub step: String,
    /// Its markets: name, first and last bar, number of bars.
    pub markets: Vec<(String, String, String, usize)>,
    /// Missing bars: market, from, to, number.
    pub holes: Vec<(String, String, String, u64)>,
}

/// The distribution of the need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeedPage {
    /// How the scenarios came about.
    pub origin: Origin,
    /// How many.
    pub scenarios: usize,
    /// Steps of each, and time of a step in words.
    pub steps: (usize, String),
    /// Which fund the page compares with, in quote.
    pub fund: f64,
    /// Value at risk and expected shortfall of the path maximum, level by level. The upper end is that of another history's
    /// worst, where this one may have no day beyond the level.
    pub levels: Vec<LevelLine>,
    /// The crude figure beside it: value at risk of open interest, as if nothing were ever closed.
    pub crude: Vec<(f64, f64)>,
    /// The same levels if everybody were closed at a scenario's prices at once: prices alone.
    #[serde(default)]
    pub instant: Vec<InstantLine>,
    /// Need against the probability that it is exceeded, from small to large.
    pub exceedance: Vec<(f64, f64)>,
    /// The need of each scenario in their order, where the order is time: label and amount.
    pub over_time: Vec<(String, f64)>,
    /// Largest losses of one, of two, … owner groups in one scenario.
    pub cover: Vec<CoverLine>,
    /// The largest sum of all shortfalls, and its scenario.
    pub shortfall: (f64, String),
    /// Mean of the path maximum, and of the need at the end: what a fund at the end of the day does not show.
    pub path_and_end: (f64, f64),
    /// The worst scenarios, the worst first.
    pub worst: Vec<WorstLine>,
    /// The worst scenario's need, step by step: minutes from its start and the amount.
    pub worst_path: Vec<(f64, f64)>,
    /// Probability that the fund does not do.
    pub adl_probability: Interval,
    /// What is then put on winners or socialised, on average.
    pub adl_size: f64,
    /// Days until fees have refilled the expected shortfall at the first level; none if they never do.
    pub refill_days: Option<f64>,
    /// Parts of the expected shortfall by market, collateral asset and owner group, each summing to it.
    pub shares: Vec<ShareLine>,
    /// Most rounds that a cascade took, and whether one was cut off.
    pub cascade: (usize, bool),
}

/// One level of the need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelLine {
    /// Such as 0.99.
    pub level: f64,
    /// Value at risk.
    pub value_at_risk: Interval,
    /// Expected shortfall.
    pub expected_shortfall: Interval,
    /// From the fitted tail; none without one.
    pub by_tail: Option<(f64, f64)>,
}

/// One level of what accounts would owe if nobody were closed on the way and then everybody at once: no latency, no
/// impact, no cascade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstantLine {
    /// Such as 0.99.
    pub level: f64,
    /// Value at risk and expected shortfall at the scenarios' last prices.
    pub end: (f64, f64),
    /// The same after the step of each scenario at which it is most.
    pub worst: (f64, f64),
}

/// Losses of the largest groups together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverLine {
    /// How many groups.
    pub groups: usize,
    /// Their stress losses over margin.
    pub amount: f64,
    /// In which scenario.
    pub scenario: String,
    /// Who, with each one's loss.
    pub who: Vec<(String, f64)>,
}

/// One bad scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstLine {
    /// Its name.
    pub scenario: String,
    /// The path maximum of the need.
    pub need: f64,
    /// The need at its end.
    pub end: f64,
    /// What all would owe if everybody were closed at its last prices at once; none in reports before there was one.
    #[serde(default)]
    pub instant: Option<f64>,
    /// Accounts closed.
    pub closed: usize,
    /// Accounts that left a deficit.
    pub bankrupt: usize,
    /// Notional closed.
    pub notional: f64,
    /// The market that moved most, and its change.
    pub market: (String, f64),
}

/// A part of the expected shortfall.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareLine {
    /// `market`, `asset` or `group`.
    pub of: String,
    /// Which one.
    pub name: String,
    /// Its part, in quote.
    pub amount: f64,
}

/// How big the fund should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizePage {
    /// What to hold, with its interval.
    pub recommended: Interval,
    /// The same in atoms, rounded up.
    pub atoms: String,
    /// Decimals of the quote asset.
    pub decimals: u8,
    /// What decided: the costs, a floor or the cap.
    pub binding: String,
    /// `1 − holding cost ÷ uncovered cost`, over the horizon.
    pub fractile: f64,
    /// Where the costs ask for more than history can tell and no tail was fitted: once in how many scenarios comes what they ask
    /// for, and how many scenarios of history there are that share no day.
    #[serde(default)]
    pub beyond_history: Option<(f64, usize)>,
    /// By the sample alone.
    pub by_sample: Option<f64>,
    /// By the fitted tail.
    pub by_tail: Option<Interval>,
    /// Cover-2, and the need of the reverse stress that must be survived.
    pub floors: (f64, f64),
    /// Cover-2, and between which two that of as many other scenarios would lie; where each is a day of history drawn again,
    /// another history's.
    #[serde(default)]
    pub cover_two: Interval,
    /// At most; none: no cap.
    pub cap: Option<f64>,
    /// How much the floors ask beyond the cap; floors win.
    #[serde(default)]
    pub beyond_cap: f64,
    /// Probability that more is needed over the horizon.
    pub exceed: f64,
    /// Expected loss that stays uncovered.
    pub uncovered: Option<f64>,
    /// Yearly cost of holding it and of what stays uncovered.
    pub cost: Option<f64>,
    /// The same with other seeds, from which [`Self::recommended`] learns how far one seed lies from another.
    pub other_seeds: Vec<(u64, f64)>,
    /// The interval by what history leaves open alone. Another seed outside of it widened the recommended one, and a note says
    /// so; none in reports from before it was told.
    #[serde(default)]
    pub of_history: Option<Interval>,
    /// Fund sizes.
    pub funds: Vec<f64>,
    /// Levels.
    pub confidences: Vec<f64>,
    /// What each level needs.
    pub needs: Vec<f64>,
    /// Part of the need at each level that each fund covers: a row for each fund.
    pub covered: Vec<Vec<f64>>,
    /// Probability that each fund is too small.
    pub exceeds: Vec<f64>,
    /// Probability of ruin within `ruin.days` at the recommended size, by simulation; its ends are those that a day's own
    /// probability of needing more than the fund allows, over as many days.
    pub ruin: Option<Interval>,
    /// A probability of ruin, and the smallest fund that keeps ruin as unlikely.
    pub smallest: Option<(f64, f64)>,
    /// Whether income exceeds expected losses at all.
    pub pays_for_itself: Option<bool>,
}

/// Fee path through the core's controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeePage {
    /// Target that it steers to, in quote.
    pub target: f64,
    /// Fund at the start.
    pub start: f64,
    /// Fee income a day that the rate is a part of.
    pub income: f64,
    /// Whose fee control it is, and its main figures; none in reports from before it was told.
    #[serde(default)]
    pub control: Option<ControlPage>,
    /// Days of a step: a scenario's length.
    #[serde(default = "one_day")]
    pub days: f64,
    /// Step by step: 5th, 50th and 95th percentile of the rate.
    pub rates: Vec<[f64; 3]>,
    /// Step by step: the same of coverage, at the step's end.
    pub coverages: Vec<[f64; 3]>,
    /// First step, counted from zero, at whose end half of the paths are covered.
    pub covered: Option<usize>,
    /// Paths that ran dry, of how many.
    pub short: (usize, usize),
}

const fn one_day() -> f64 {
    1.0
}

impl FeePage {
    /// Days from now until the end of a step.
    pub fn ends(&self, step: usize) -> f64 {
        (count(step) + 1.0) * self.days
    }
}

/// Fee control as the fee path has it. Rates are parts of the income, coverages parts of the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlPage {
    /// Whose policy it is, and what settings change in it.
    pub whose: String,
    /// How the rate follows from coverage, in words.
    pub law: String,
    /// Lowest and highest rate.
    pub rails: (f64, f64),
    /// The rate within the range; none of a curve.
    pub base: Option<f64>,
    /// What a shortfall of the whole target adds to the rate: at once, and in each span; none of a curve.
    pub gains: Option<(f64, f64, String)>,
    /// Coverages between which nothing is added or taken off; none of a curve.
    pub range: Option<(f64, f64)>,
    /// Coverage and rate of each point of a curve.
    pub points: Vec<(f64, f64)>,
    /// The most that the rate moves in a span; none: at once.
    pub slew: Option<(f64, String)>,
    /// The rate that is charged now.
    pub rate: f64,
    /// What the controller's integral adds to it.
    pub integral: f64,
    /// When the ledger's control ran last; none where it counts as set now.
    pub last_run: Option<String>,
}

/// A slice of the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrancheLine {
    /// Its name.
    pub name: String,
    /// From where it pays, to where.
    pub attach: f64,
    /// Where it is used up.
    pub detach: f64,
    /// Probability that it is touched.
    pub attaches: f64,
    /// Probability that it is used up.
    pub exhausts: f64,
    /// Expected loss over a year.
    pub expected: f64,
    /// Price for a year.
    pub price: f64,
    /// The same as a yearly part of the slice.
    pub yearly_rate: f64,
}

/// Models of one market against its past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackTestPage {
    /// Which market.
    pub market: String,
    /// First and last day that was forecast.
    pub window: (String, String),
    /// Days forecast, and days that each forecast looked back on.
    pub days: (usize, usize),
    /// Level of the value at risk.
    pub level: f64,
    /// Each model.
    pub models: Vec<BackTestLine>,
    /// The recommended one; none when all refused.
    pub recommended: Option<String>,
    /// Whether that one passes, and why it was taken.
    pub verdict: (bool, String),
    /// Of the recommended one, for the picture: day, loss, value at risk.
    pub points: Vec<(String, f64, f64)>,
}

/// One model of a back test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackTestLine {
    /// Its name.
    pub model: String,
    /// Losses beyond it, and how many were to be expected.
    pub hits: (usize, f64),
    /// Rate of hits.
    pub rate: Option<Interval>,
    /// p-value of Kupiec's test.
    pub kupiec: Option<f64>,
    /// p-value of Christoffersen's independence.
    pub independence: Option<f64>,
    /// p-value of both together.
    pub conditional: Option<f64>,
    /// Acerbi and Szekely's second statistic.
    pub z2: Option<f64>,
    /// Basel's zone.
    pub zone: String,
    /// Pinball loss.
    pub pinball: Option<f64>,
    /// Fissler and Ziegel's loss.
    pub score: Option<f64>,
    /// Whether all tests pass.
    pub passes: bool,
    /// Why not.
    pub failures: Vec<String>,
}

/// A fitted tail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TailPage {
    /// Of what: the need, or a market's daily losses.
    pub of: String,
    /// Where it begins.
    pub threshold: f64,
    /// Excesses behind it; of those that came together one.
    pub excesses: usize,
    /// All losses beyond the threshold, and the part of them that began a cluster (the extremal index); none where each counts
    /// by itself.
    #[serde(default)]
    pub clusters: Option<(usize, f64)>,
    /// Shape of the generalised Pareto distribution, with its 95 % interval.
    pub shape: Interval,
    /// Scale.
    pub scale: f64,
    /// What it says of the levels that lie beyond the threshold.
    #[serde(default)]
    pub levels: Vec<TailLine>,
    /// Model against sample, for the picture: quantile by the fit, observed.
    pub quantiles: Vec<(f64, f64)>,
    /// Shape at other thresholds: threshold, excesses, shape, low, high.
    pub stability: Vec<(f64, usize, f64, f64, f64)>,
    /// Mean excess over rising thresholds.
    pub mean_excess: Vec<(f64, f64)>,
    /// Why there is none, or what to mind.
    pub note: Option<String>,
}

/// A level by a fitted tail, with 95 % intervals by profile likelihood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TailLine {
    /// Such as 0.99.
    pub level: f64,
    /// Value at risk.
    pub value_at_risk: Interval,
    /// Expected shortfall with its lower and its upper end; no upper end where the losses do not rule out a tail without a
    /// mean, none at all where the fitted one has none.
    pub expected_shortfall: Option<(f64, f64, Option<f64>)>,
}

/// What is ahead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastPage {
    /// Market by market.
    pub markets: Vec<ForecastLine>,
    /// Accounts most likely to be liquidated within a day: name and probability.
    pub accounts: Vec<(String, f64)>,
    /// The model of accounts that outcomes taught; none without outcomes, or with too few of them.
    pub liquidation: Option<LiquidationLine>,
    /// Whether a challenger was let in, and the figure that decided.
    pub gate: Vec<String>,
}

/// One market's forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastLine {
    /// Which market.
    pub market: String,
    /// Which model.
    pub model: String,
    /// Volatility of the next day, and as a part of its long average.
    pub volatility: (f64, f64),
    /// Value at risk and expected shortfall of the next step's logarithmic losses, turned into parts of the price.
    pub risk: (f64, f64),
    /// Ends of the 95 % intervals of both; none in reports from before they were told, or where nothing was judged.
    #[serde(default)]
    pub ends: Option<[(f64, f64); 2]>,
    /// Walk-forward: score of the model and of the baseline, and Diebold and Mariano's one-sided p-value: how often a model no
    /// better than the baseline scores as well.
    pub scores: Option<(f64, f64, f64)>,
    /// Training window.
    pub window: (String, String),
}

/// A model of accounts, walked forward. Pairs are its figure and that of the formula without a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidationLine {
    /// Rows that it learned from.
    pub rows: usize,
    /// Liquidations among them.
    pub events: usize,
    /// Fits made on the walk.
    pub fits: usize,
    /// Brier scores.
    pub brier: (f64, f64),
    /// Areas under the ROC curve.
    pub auc: (f64, f64),
    /// Average precisions.
    pub precision: (f64, f64),
    /// P-value that the two score alike.
    pub p_value: f64,
    /// What speaks against it; none: it is in use.
    pub failures: Vec<String>,
    /// First and last day.
    pub window: (String, String),
}
