//! What moves when an assumption does: rows of the sensitivity table, and the reference venue's spread over seeds.

use serde::{Deserialize, Serialize};

/// The report's figures with one assumption changed at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensitivityPage {
    /// Level of value at risk and expected shortfall: the first of the settings.
    pub level: f64,
    /// The report's own figures, to the bit.
    pub base: Figures,
    /// Row by row, the rows of one assumption below each other.
    pub lines: Vec<SensitivityLine>,
}

/// One assumption changed, all others as the report has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensitivityLine {
    /// What is changed.
    pub assumption: String,
    /// How, in words.
    pub change: String,
    /// What it then is, with its unit.
    pub value: String,
    /// What comes out; none where it can't be computed or nothing changes.
    pub figures: Option<Figures>,
    /// Why there is nothing.
    pub why: Option<String>,
}

/// What a row is compared by, in quote. There are no intervals: rows that share their scenarios share their luck.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Value at risk of the need.
    pub value_at_risk: f64,
    /// Its expected shortfall.
    pub expected_shortfall: f64,
    /// Loss of the two largest owner groups.
    pub cover_two: f64,
    /// Recommended size.
    pub size: f64,
    /// Whether a fitted tail is behind the size; false: the sample alone. Two rows that differ in it differ by that too.
    pub by_tail: bool,
}

/// The reference venue over many seeds of its book, in a real crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferencePage {
    /// Name of the crash.
    pub crash: String,
    /// What it is, in a few words.
    pub about: String,
    /// The preset whose waterfall pays.
    pub preset: String,
    /// The asset that it pays in.
    pub asset: String,
    /// Books drawn, of seeds from zero on.
    pub seeds: u32,
    /// Figure by figure; empty where it can't run.
    pub lines: Vec<ReferenceLine>,
    /// Why the venue can't run with the preset.
    pub why: Option<String>,
}

/// One figure over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceLine {
    /// What it is.
    pub name: String,
    /// What it counts in.
    pub unit: Counted,
    /// Smallest, 5th, 25th, 50th, 75th, 95th percentile and largest, by nearest rank: each was seen.
    pub points: [f64; 7],
}

/// What a figure counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Whole units of the asset.
    Money,
    /// Accounts, losses.
    Number,
    /// Parts of one.
    Part,
}
