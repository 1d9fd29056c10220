//! The demo over many seeds, in memory: what is luck of the book and what is not.

use crate::{
    demo::{self, DemoReport, DemoSetup},
    desk::{Progress, Silent, Stage},
    error::RiskError,
    ledger::Memory,
};
use backstop_core::policy::LayerSource;
use backstop_units::mul_div_floor;
use rayon::prelude::*;
use serde::{Serialize, Serializer};

/// Seven points of a distribution: order statistics by nearest rank, so each is a value that was
/// seen.
///
/// As JSON the points are texts of digits, as amounts are everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// The smallest.
    pub min: u128,
    /// 5 % are at most this.
    pub p5: u128,
    /// 25 % are at most this.
    pub p25: u128,
    /// Half are at most this.
    pub median: u128,
    /// 75 % are at most this.
    pub p75: u128,
    /// 95 % are at most this.
    pub p95: u128,
    /// The largest.
    pub max: u128,
}

impl Percentiles {
    /// The points of some values; all zero if there are none.
    pub fn of(values: impl IntoIterator<Item = u128>) -> Self {
        let mut values: Vec<u128> = values.into_iter().collect();
        values.sort_unstable();
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or(0)
        };
        Self {
            min: at(0),
            p5: at(5),
            p25: at(25),
            median: at(50),
            p75: at(75),
            p95: at(95),
            max: at(100),
        }
    }

    /// The points in rising order.
    pub const fn points(&self) -> [u128; 7] {
        [self.min, self.p5, self.p25, self.median, self.p75, self.p95, self.max]
    }
}

impl Serialize for Percentiles {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let names = ["min", "p5", "p25", "median", "p75", "p95", "max"];
        to.collect_map(names.into_iter().zip(self.points().map(|point| point.to_string())))
    }
}

/// All runs of a sweep, in the order of their seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// One report for each seed, from zero on, without the evidence roots.
    pub reports: Vec<DemoReport>,
}

/// One line of a sweep: a figure and its distribution over the seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is counted.
    pub name: String,
    /// In what: a count, atoms of the asset, or basis points.
    pub unit: Unit,
    /// Its distribution.
    pub percentiles: Percentiles,
}

/// What a line counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Accounts, losses.
    Count,
    /// Atoms of the fund's asset.
    Atoms,
    /// Hundredths of a percent.
    Bps,
}

/// Runs the seeds from zero to below `seeds`, on all threads of the current pool. The setup's own
/// seed is not used.
///
/// The same bytes come out on one thread and on many: each run is alone, and their order is the
/// seeds'.
///
/// # Errors
/// The error of the lowest seed that has one.
pub fn sweep(setup: &DemoSetup<'_>, seeds: u64) -> Result<Sweep, RiskError> {
    watched(setup, seeds, &Silent)
}

/// As [`sweep`], telling how many seeds are done.
///
/// # Errors
/// As [`sweep`]; [`RiskError::Cancelled`] when it is told to stop.
pub fn watched(
    setup: &DemoSetup<'_>,
    seeds: u64,
    progress: &dyn Progress,
) -> Result<Sweep, RiskError> {
    let number = usize::try_from(seeds).unwrap_or(usize::MAX);
    let stage = Stage::begin(progress, "reference venue", number)?;
    let run = |seed| {
        let setup = DemoSetup { seed, ..*setup };
        let mut ledger = Memory::begin(setup.genesis, setup.begins_at())?;
        let mut report = demo::run(&setup, &mut ledger, &mut |_| {})?;
        report.evidence = Vec::new();
        Ok::<_, RiskError>(report)
    };
    let one = |seed| stage.part(|| run(seed));
    let runs: Vec<Result<DemoReport, RiskError>> = (0..seeds).into_par_iter().map(one).collect();
    Ok(Sweep { reports: runs.into_iter().collect::<Result<_, _>>()? })
}

impl Sweep {
    /// The figures worth a line, in the order of a page.
    pub fn lines(&self) -> Vec<Line> {
        let line = |name: &str, unit, pick: &dyn Fn(&DemoReport) -> u128| Line {
            name: name.to_owned(),
            unit,
            percentiles: Percentiles::of(self.reports.iter().map(pick)),
        };
        let mut lines = vec![
            line("open interest before, one side", Unit::Atoms, &|r| r.notional_before.get()),
            line("fund before", Unit::Atoms, &|r| r.fund_before.total().get()),
            line("liquidations", Unit::Count, &|r| r.liquidations.into()),
            line("deficits", Unit::Count, &|r| r.deficits.into()),
            line("gross loss", Unit::Atoms, &|r| r.gross_loss.get()),
        ];
        let layers = self.reports.first().map_or(0, |report| report.layers.len());
        for at in 0..layers {
            let source = self.reports.first().and_then(|r| r.layers.get(at)).map(|l| l.source);
            let name = source.map_or_else(String::new, layer_name);
            lines.push(line(&name, Unit::Atoms, &|r| {
                r.layers.get(at).map_or(0, |layer| layer.amount.get())
            }));
        }
        lines.extend([
            line("residual", Unit::Atoms, &|r| r.residual.get()),
            line("remaining collateral to fund", Unit::Atoms, &|r| r.to_fund.get()),
            line("remaining collateral to liquidators", Unit::Atoms, &|r| r.to_liquidators.get()),
            line("remaining collateral to users", Unit::Atoms, &|r| r.to_users.get()),
            line("fund after", Unit::Atoms, &|r| r.fund_after.total().get()),
            line("coverage after, stakers not counted", Unit::Bps, &|r| {
                let own = r.fund_after.reserve.saturating_add(r.fund_after.contributions);
                mul_div_floor(own.get(), 10_000, r.fund_after.target.get()).unwrap_or(0)
            }),
            line("coverage after, stakers counted", Unit::Bps, &|r| {
                r.fund_after.coverage_with_stake.get().into()
            }),
            line("worst distance of mark and oracle", Unit::Bps, &|r| {
                r.worst_basis().map_or(0, |worst| worst.bps.unsigned_abs().into())
            }),
            line("positions of traders left, first market", Unit::Bps, &|r| {
                let first = r.markets.first();
                let left = first.map(|m| (m.trader_interest_before, m.trader_interest_after));
                let left = left.map(|(before, after)| {
                    mul_div_floor(after.get(), 10_000, before.get()).unwrap_or(0)
                });
                left.unwrap_or(0)
            }),
        ]);
        lines
    }
}

/// The name of a layer as a line of a sweep.
pub fn layer_name(source: LayerSource) -> String {
    match source {
        LayerSource::FeePool => "paid by fee pool".to_owned(),
        LayerSource::Reserve(fund) => format!("paid by reserve of {fund}"),
        LayerSource::Staked(tranche) => format!("paid by tranche {tranche}"),
        LayerSource::Socialised => "socialised".to_owned(),
        LayerSource::Adl => "deleveraged".to_owned(),
        LayerSource::Depositors => "borne by depositors".to_owned(),
        LayerSource::Haircut(_) => "withdrawal haircut".to_owned(),
        LayerSource::Equity => "borne by equity".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let points = Percentiles::of((1..=100).rev()).points();
        assert_eq!(points, [1, 5, 25, 50, 75, 95, 100]);
        assert_eq!(Percentiles::of([7]).points(), [7; 7]);
        assert_eq!(Percentiles::of([]).points(), [0; 7]);
        assert_eq!(Percentiles::of([10, 20]).points(), [10, 10, 10, 10, 20, 20, 20]);
    }
}
