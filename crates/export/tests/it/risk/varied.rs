//! What moves with an assumption or a seed, made up.

use backstop_risk::desk::outcome::{
    Counted, Figures, ReferenceLine, ReferencePage, SensitivityLine, SensitivityPage,
};

pub(super) fn sensitivity() -> SensitivityPage {
    let figures = |by: f64| Figures {
        value_at_risk: 1_214_000.0 * by,
        expected_shortfall: 2_120_000.0 * by,
        cover_two: 4_125_000.0 * by,
        size: 6_125_400.0 * by,
        by_tail: by >= 1.0,
    };
    let line = |(assumption, change, value, by): (&str, &str, &str, Result<f64, &str>)| {
        let [assumption, change, value] = [assumption, change, value].map(str::to_owned);
        let why = by.err().map(str::to_owned);
        SensitivityLine { assumption, change, value, figures: by.ok().map(figures), why }
    };
    let lines = [
        ("latency", "half", "30 s", Ok(0.9375)),
        ("latency", "double", "120 s", Ok(1.1875)),
        ("depth and volume", "half", "0.5 × that of each market", Ok(1.625)),
        ("haircut of collateral", "half", "", Err("no asset has a haircut")),
        ("scenarios", "simulated", "other scenarios", Ok(0.6875)),
        ("scenarios", "filtered", "", Err("it is the report's own")),
    ];
    SensitivityPage { level: 0.99, base: figures(1.0), lines: lines.map(line).into() }
}

pub(super) fn reference() -> ReferencePage {
    let line = |(name, unit, from): (&str, Counted, f64)| ReferenceLine {
        name: name.to_owned(),
        unit,
        points: [1.0, 1.125, 1.25, 1.5, 1.75, 2.0, 2.5].map(|by| from * by),
    };
    let lines = [
        ("deficits", Counted::Number, 3_464.0),
        ("gross loss", Counted::Money, 2_683_072.0),
        ("coverage after, stakers counted", Counted::Part, 0.375),
    ];
    ReferencePage {
        crash: "sol-2025-10-10".to_owned(),
        about: "SOL, hourly".to_owned(),
        preset: "backstop".to_owned(),
        asset: "usdx".to_owned(),
        seeds: 24,
        lines: lines.map(line).into(),
        why: None,
    }
}
