//! A report with every part, made up: figures are of a plausible size and mean nothing.

use super::varied;
use backstop_risk::{
    desk::{
        Report, Setup,
        outcome::{
            BackTestLine, BackTestPage, BookPage, ControlPage, CoverLine, FeePage, FilePage,
            ForecastLine, ForecastPage, InstantLine, LevelLine, LiquidationLine, MarketLine,
            NeedPage, OwnerLine, ReverseLine, ShareLine, SizePage, StressLine, TailLine, TailPage,
            TrancheLine, VERSION, WorstLine,
        },
        setup::{Files, Slice},
    },
    models::tail::Interval,
    scenarios::Origin,
};

fn interval(estimate: f64) -> Interval {
    Interval { estimate, low: estimate * 0.875, high: estimate * 1.25 }
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

/// Numbers that look drawn and are the same everywhere.
pub(super) fn noise(at: u32) -> f64 {
    f64::from((at * 7_919 + 104_729) % 1_009) / 1_009.0
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn day(at: u32) -> String {
    format!("20{:02}-{:02}-{:02}", 20 + at / 336, at / 28 % 12 + 1, at % 28 + 1)
}

pub(super) fn report() -> Report {
    Report {
        version: VERSION,
        program: "backstop 0.1.0".to_owned(),
        made_at: "2026-11-22T12:00:00Z".to_owned(),
        setup: setup(),
        data: vec![file("btc_daily.csv", 0), file("sol_hourly.csv", 1)],
        book: book(),
        need: Some(need()),
        size: Some(size()),
        sensitivity: Some(varied::sensitivity()),
        fee: Some(fee()),
        tranches: ["first", "second", "top"].into_iter().zip(0..).map(tranche).collect(),
        stress: ["2020-03-12", "2025-10-10", "one whale", "dollar coin at 0.9"]
            .into_iter()
            .zip(0..)
            .map(stress)
            .collect(),
        reverse: vec![
            reverse("all markets fall by 10%", Some(2.375)),
            reverse("sol-perp falls alone by 20%", Some(3.25)),
            reverse("all markets rise by 10%", None),
        ],
        reference: Some(varied::reference()),
        back_tests: vec![back_test("btc-perp", true), back_test("sol-perp", false)],
        tails: vec![tail("the need", 1e6), tail("losses of btc-perp", 0.055)],
        forecast: Some(forecast()),
        notes: vec![
            "sol_hourly.csv lacks 26 bars; they were left out".to_owned(),
            "of 5 other seeds 1 lies further off than another history would".to_owned(),
        ],
    }
}

/// A report of which nothing was asked for.
pub(super) fn empty() -> Report {
    let book = BookPage {
        accounts: 0,
        groups: 0,
        quote: String::new(),
        collateral: 0.0,
        under_water: (0, 0.0),
        below_maintenance: 0,
        markets: Vec::new(),
        owners: Vec::new(),
    };
    Report {
        data: Vec::new(),
        book,
        need: None,
        size: None,
        sensitivity: None,
        fee: None,
        tranches: Vec::new(),
        stress: Vec::new(),
        reverse: Vec::new(),
        reference: None,
        back_tests: Vec::new(),
        tails: Vec::new(),
        forecast: None,
        notes: Vec::new(),
        ..report()
    }
}

fn setup() -> Setup {
    let mut setup = Setup { seed: 20_251_010, ..Setup::default() };
    setup.files = Files {
        prices: vec!["btc_daily.csv".to_owned(), "sol_hourly.csv".to_owned()],
        venue: Some("venue.csv".to_owned()),
        accounts: Some("accounts.csv".to_owned()),
        positions: Some("positions.csv".to_owned()),
        shocks: None,
        outcomes: None,
    };
    setup.fund.size = 3_250_000.0;
    setup.fund.income_per_day = 91_000.0;
    setup.costs.most = Some(25_000_000.0);
    let slice = |name: &str, attach, detach| Slice { name: name.to_owned(), attach, detach };
    setup.tranches.slices = vec![slice("first", 0.0, 2e6), slice("second", 2e6, 8e6)];
    setup
}

fn file(name: &str, at: u32) -> FilePage {
    let market = if at == 0 { "btc-perp" } else { "sol-perp" };
    let hole = (market.to_owned(), "2022-01-03".to_owned(), "2022-01-04".to_owned(), 26);
    FilePage {
        file: name.to_owned(),
        digest: format!("{at}9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0"),
        origin: format!("a public set of prices, number {at}, MIT"),
        step: if at == 0 { "one day" } else { "one hour" }.to_owned(),
        markets: vec![(market.to_owned(), "2019-01-01".to_owned(), day(1_500), 2_557)],
        holes: if at == 0 { Vec::new() } else { vec![hole] },
    }
}

fn book() -> BookPage {
    let line = |name: &str, price: f64, interest: f64, at: u32| MarketLine {
        market: name.to_owned(),
        price,
        open_interest: interest,
        holders: 1_200 + 37 * usize::try_from(at).unwrap(),
        hhi: 0.012_5 + 0.05 * f64::from(at),
        effective_number: 1.0 / (0.012_5 + 0.05 * f64::from(at)),
        largest: (format!("whale-{at}"), interest * (0.0625 + 0.125 * f64::from(at))),
        days: 0.375 + f64::from(at),
        add_on: 1.0 + 0.25 * f64::from(at),
    };
    BookPage {
        accounts: 20_000,
        groups: 18_750,
        quote: "usdc".to_owned(),
        collateral: 412_300_500.0,
        under_water: (17, 4_321.5),
        below_maintenance: 23,
        markets: vec![
            line("btc-perp", 104_250.5, 182_400_000.0, 0),
            line("eth-perp", 3_911.25, 96_300_000.0, 1),
            line("sol-perp", 184.75, 41_800_000.0, 2),
        ],
        owners: vec![owner("whale-2", 2_500_000.0), owner("whale-0", -12_500.0)],
    }
}

fn owner(name: &str, collateral: f64) -> OwnerLine {
    OwnerLine {
        owner: name.to_owned(),
        accounts: 3,
        value_at_risk: 3_125_000.0 + collateral / 16.0,
        expected_shortfall: 4_062_500.0 + collateral / 16.0,
        collateral,
    }
}

fn cover(groups: usize, amount: f64) -> CoverLine {
    let who = (0..groups).map(|at| (format!("group {groups}.{at}"), amount / 2.0 + float(at)));
    CoverLine { groups, amount, scenario: "2020-03-12".to_owned(), who: who.collect() }
}

fn worst(scenario: &str, need: f64) -> WorstLine {
    WorstLine {
        scenario: scenario.to_owned(),
        need,
        end: need * 0.5625,
        instant: Some(need * 0.875),
        closed: 4_120,
        bankrupt: 311,
        notional: need * 23.0,
        market: ("sol-perp".to_owned(), -0.4375),
    }
}

fn need() -> NeedPage {
    let exceedance = (0..80).map(|at| {
        let amount = 25_000.0 * 1.09_f64.powi(at);
        (amount.round(), 0.6 / (1.0 + amount / 180_000.0).powi(2))
    });
    let level = |level: f64, risk: f64| LevelLine {
        level,
        value_at_risk: interval(risk),
        expected_shortfall: interval(risk * 1.75),
        by_tail: (level > 0.99).then_some((risk * 1.0625, risk * 1.875)),
    };
    let share = |of: &str, name: &str, amount: f64| ShareLine {
        of: of.to_owned(),
        name: name.to_owned(),
        amount,
    };
    NeedPage {
        origin: Origin {
            generator: "filtered".to_owned(),
            settings: vec![
                "GARCH(1,1), Student".to_owned(),
                "days drawn for all markets at once".to_owned(),
            ],
            window: Some(pair("2019-01-01", "2025-10-31")),
            seed: Some(20_251_010),
            observations: Some(2_495),
        },
        scenarios: 10_000,
        steps: (24, "one hour".to_owned()),
        fund: 3_250_000.0,
        levels: vec![
            level(0.99, 1_214_000.0),
            level(0.995, 1_803_500.0),
            level(0.999, 4_902_750.0),
        ],
        crude: vec![(0.99, 31_250_000.0), (0.95, 15_500_000.0)],
        instant: vec![
            InstantLine {
                level: 0.99,
                end: (812_000.0, 2_437_500.0),
                worst: (937_500.0, 2_875_000.0),
            },
            InstantLine { level: 0.95, end: (1_250.0, 93_750.0), worst: (1_875.0, 101_500.0) },
        ],
        exceedance: exceedance.collect(),
        over_time: (0..400).map(|at| (day(at), (noise(at).powi(9) * 5e6).round())).collect(),
        cover: vec![cover(1, 2_750_000.0), cover(2, 4_125_000.0)],
        shortfall: (9_312_500.0, "2020-03-12".to_owned()),
        path_and_end: (84_500.0, 61_250.0),
        worst: vec![worst("2020-03-12", 8_450_250.0), worst("2025-10-10", 5_275_125.0)],
        worst_path: (0..25)
            .map(|at| {
                (
                    f64::from(at) * 60.0,
                    (8_450_250.0 * f64::from(at.min(15) * (40 - at)) / 375.0).round(),
                )
            })
            .collect(),
        adl_probability: Interval { estimate: 0.002_4, low: 0.001_6, high: 0.003_4 },
        adl_size: 1_937_500.0,
        refill_days: Some(38.5),
        shares: vec![
            share("market", "sol-perp", 1_250_125.0),
            share("market", "btc-perp", 911_375.0),
            share("market", "eth-perp", -37_000.0),
            share("asset", "usdc", 2_000_000.0),
            share("asset", "sol", 124_500.0),
            share("group", "group 1.0", 1_100_000.0),
        ],
        cascade: (7, true),
    }
}

fn size() -> SizePage {
    let funds: Vec<f64> = (0..7).map(|at| 1e6 * 1.5_f64.powi(at)).collect();
    let needs = vec![1_214_001.0, 1_803_501.0, 4_902_751.0];
    let covered =
        funds.iter().map(|fund| needs.iter().map(|need| (fund / need).min(1.0)).collect());
    SizePage {
        recommended: interval(6_125_400.0),
        atoms: "6125400000000".to_owned(),
        decimals: 6,
        binding: "Cover-2 in 2020-03-12".to_owned(),
        fractile: 0.98,
        beyond_history: Some((18_067.0, 1_724)),
        by_sample: Some(5_012_500.0),
        by_tail: Some(interval(5_437_500.0)),
        floors: (4_125_001.0, 5_900_000.0),
        cover_two: interval(4_125_001.0),
        beyond_cap: 0.0,
        cap: Some(25_000_000.0),
        exceed: 0.0175,
        uncovered: Some(15_625.0),
        cost: Some(552_525.0),
        other_seeds: vec![(2, 6_050_000.0), (3, 6_311_000.0), (4, 5_975_500.0), (5, 8_100_000.0)],
        of_history: Some(Interval { estimate: 6_125_400.0, low: 5_250_000.0, high: 7_350_500.0 }),
        exceeds: funds.iter().map(|fund| 0.25 / (fund / 1e6).powi(2)).collect(),
        covered: covered.collect(),
        confidences: vec![0.99, 0.995, 0.999],
        needs,
        funds,
        ruin: Some(Interval { estimate: 0.008, low: 0.006_5, high: 0.009_75 }),
        smallest: Some((0.0099, 5_650_000.0)),
        pays_for_itself: Some(false),
    }
}

fn fee() -> FeePage {
    let rate = |at: u32| 0.30 - 0.2 * f64::from(at) / 180.0;
    let coverage = |at: u32| 0.53 + 0.6 * f64::from(at) / 180.0;
    FeePage {
        target: 6_125_401.0,
        start: 3_250_002.0,
        income: 91_003.0,
        control: Some(ControlPage {
            whose: "fund main of ledger lab after 4711 records; the settings change rate_max"
                .to_owned(),
            law: "proportional and integral".to_owned(),
            rails: (0.0125, 0.3175),
            base: Some(0.1075),
            gains: Some((0.5125, 0.0115, "2d".to_owned())),
            range: Some((0.9525, 1.1025)),
            points: vec![(0.2505, 0.3005), (1.0505, 0.0505)],
            slew: Some((0.0515, "3d".to_owned())),
            rate: 0.1185,
            integral: -0.0195,
            last_run: Some("2026-11-21T23:00:00Z".to_owned()),
        }),
        days: 2.5,
        rates: (0..180).map(rate).map(|half| [half * 0.75, half, half * 1.5]).collect(),
        coverages: (0..180).map(coverage).map(|half| [half * 0.5, half, half * 1.125]).collect(),
        covered: Some(141),
        short: (13, 1_003),
    }
}

fn tranche((name, at): (&str, u32)) -> TrancheLine {
    let from = 2e6 * f64::from(at);
    TrancheLine {
        name: name.to_owned(),
        attach: from,
        detach: from + 2e6,
        attaches: 0.31 / f64::from(1 + at * 7),
        exhausts: 0.11 / f64::from(1 + at * 9),
        expected: 212_500.0 / f64::from(1 + at * 5),
        price: 301_250.0 / f64::from(1 + at * 5),
        yearly_rate: 0.15 / f64::from(1 + at * 5),
    }
}

fn stress((name, at): (&str, u32)) -> StressLine {
    let need = 8_450_251.0 / f64::from(at + 1);
    let layer = |name: &str, part: f64| (name.to_owned(), (need * part).round());
    StressLine {
        name: name.to_owned(),
        kind: if at < 2 { "history" } else { "hypothetical" }.to_owned(),
        about: format!("what happened in crisis number {at}, in a sentence that is not short"),
        need,
        end: need * 0.8125,
        cover_two: need * 0.40625,
        accounts: (4_121 + usize::try_from(at).unwrap(), 312 + usize::try_from(at).unwrap()),
        notional: need * 21.5,
        rounds: 9 + usize::try_from(at).unwrap(),
        pays: vec![
            layer("fee pool", 0.03),
            layer("reserve", 0.41),
            layer("staked in junior", 0.22),
            layer("staked in senior", 0.17),
        ],
        left: if at < 2 { need * 0.17 } else { 0.0 },
        unpaid: if at < 2 { need * 0.17 } else { 0.0 },
    }
}

fn reverse(direction: &str, multiple: Option<f64>) -> ReverseLine {
    ReverseLine {
        direction: direction.to_owned(),
        multiple,
        need: multiple.map_or(1_875_000.0, |multiple| 3_250_000.0 + multiple),
        changes: vec![("btc-perp".to_owned(), -0.237_5), ("sol-perp".to_owned(), -0.312_5)],
    }
}

fn back_test(market: &str, passes: bool) -> BackTestPage {
    let line = |model: &str, hits: usize, passes: bool| BackTestLine {
        model: model.to_owned(),
        hits: (hits, 11.53),
        rate: Some(Interval { estimate: float(hits) / 1_153.0, low: 0.005, high: 0.017 }),
        kupiec: Some(0.41 / float(hits)),
        independence: Some(0.77 / float(hits)),
        conditional: Some(0.53 / float(hits)),
        z2: Some(-0.03 * float(hits)),
        zone: if passes { "green" } else { "yellow" }.to_owned(),
        pinball: Some(0.000_63),
        score: Some(-2.71),
        passes,
        failures: if passes {
            Vec::new()
        } else {
            vec!["Kupiec: too many hits".to_owned(), "they cluster".to_owned()]
        },
    };
    let point = |at: u32| {
        let storm = if at % 300 > 240 { 2.0 } else { 1.0 };
        let draw = noise(at * 3) - 0.5;
        (day(at), draw * draw * draw * 0.5 * storm, 0.052 * storm)
    };
    let why = if passes {
        "it has the best score of those that pass"
    } else {
        "too many hits, 2 of them in a row"
    };
    BackTestPage {
        market: market.to_owned(),
        window: (day(0), day(899)),
        days: (1_153, 1_000),
        level: 0.99,
        models: vec![
            line("history", 19, false),
            line("filtered history, GARCH", 12, passes),
            line("EWMA", 27, false),
        ],
        recommended: Some("filtered history, GARCH".to_owned()),
        verdict: (passes, format!("{why} ({market})")),
        points: (0..900).map(point).collect(),
    }
}

fn tail(of: &str, scale: f64) -> TailPage {
    let part = |at: u32| f64::from(at) / 16.0;
    TailPage {
        of: of.to_owned(),
        threshold: scale * 1.5,
        excesses: 163,
        clusters: (scale < 1.0).then_some((231, 0.7056)),
        shape: Interval { estimate: 0.3125, low: 0.140_625, high: 0.484_375 },
        scale: scale * 0.625,
        levels: vec![TailLine {
            level: 0.9975,
            value_at_risk: interval(scale * 2.75),
            expected_shortfall: Some((
                scale * 3.5,
                scale * 2.5,
                (scale >= 1.0).then_some(scale * 9.0),
            )),
        }],
        quantiles: (0..60)
            .map(|at| {
                let fit = scale * (1.5 + part(at) * part(at));
                (fit, fit * (0.97 + 0.06 * noise(at)))
            })
            .collect(),
        stability: (0..14)
            .map(|at| {
                let shape = 0.3125 + 0.05 * (noise(at) - 0.5);
                let half = 0.1 + 0.02 * part(at * 8);
                (
                    scale * (1.0 + part(at)),
                    320 - 20 * usize::try_from(at).unwrap(),
                    shape,
                    shape - half,
                    shape + half,
                )
            })
            .collect(),
        mean_excess: (0..20)
            .map(|at| (scale * (1.0 + part(at)), scale * (0.6 + 0.4 * part(at))))
            .collect(),
        note: (scale < 1.0).then(|| "the largest loss lies above the fit".to_owned()),
    }
}

fn forecast() -> ForecastPage {
    let line = |market: &str, model: &str, size: f64| ForecastLine {
        market: market.to_owned(),
        model: model.to_owned(),
        volatility: (0.023 * size, 1.21 * size),
        risk: (0.061 * size, 0.093 * size),
        ends: Some([(0.052 * size, 0.071 * size), (0.077 * size, 0.115 * size)]),
        scores: Some((0.000_61 * size, 0.000_67 * size, 0.031 * size)),
        window: pair("2021-01-01", "2025-10-31"),
    };
    ForecastPage {
        markets: vec![
            line("btc-perp", "log-HAR and filtered history", 1.0),
            line("sol-perp", "log-HAR", 1.5),
        ],
        accounts: vec![("whale-2".to_owned(), 0.0625), ("account 8123".to_owned(), 0.003)],
        liquidation: Some(LiquidationLine {
            rows: 21_900,
            events: 412,
            fits: 24,
            brier: (0.0141, 0.0163),
            auc: (0.93, 0.88),
            precision: (0.31, 0.22),
            p_value: 0.004,
            failures: Vec::new(),
            window: pair("2022-11-01", "2025-10-31"),
        }),
        gate: vec![
            "boosted trees were refused: Brier 0.0141 against 0.0139 of the baseline".to_owned(),
        ],
    }
}
