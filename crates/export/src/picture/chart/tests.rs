//! Charts as they are used, and at their limits.

use super::*;
use crate::picture::{Picture, Tone};

type Sample = (&'static str, Box<dyn Picture>);

fn power(from: f64, ratio: f64, number: i32) -> Vec<f64> {
    (0..number).map(|at| from * ratio.powi(at)).collect()
}

fn money(name: &str) -> String {
    format!("{name}, usdc")
}

fn exceedance() -> Plot {
    let across = Axis::log(money("need"), Numbers::Money);
    let up = Axis::log("probability that more is needed in a day", Numbers::Chance);
    let needs = power(40_000.0, 1.07, 90);
    let line = needs.iter().map(|need| (*need, (need / 40_000.0).powf(-1.4))).collect();
    let trace = Trace::Line(line);
    let mut plot = Plot::new("exceedance", "How often more is needed", (across, up))
        .with(Series::new("10,000 scenarios", Tone::Pay, trace))
        .rule("fund", 3_200_000.0, true)
        .rule("recommended", 5_100_000.0, true);
    for (level, risk, mean) in [("99%", 1_073_000.0, 3.4e6), ("99.9%", 5_560_000.0, 9.1e6)] {
        let chance = if level == "99%" { 0.01 } else { 0.001 };
        for (at, square, label) in [(risk, false, level), (mean, true, "")] {
            let (name, label) =
                (format!("{} {level}", if square { "ES" } else { "VaR" }), label.to_owned());
            plot.marks.push(Mark { name, label, at: (at, chance), square, tone: Tone::Ink });
        }
    }
    plot
}

fn wave(number: i32, size: f64) -> Vec<(f64, f64)> {
    // No function of the standard library that differs between machines: a polynomial of the place.
    let at = |at: i32| f64::from(at * at * 31 % 97 - 48) * size / 48.0;
    (0..number).map(|place| (f64::from(place), at(place))).collect()
}

fn hits() -> Plot {
    let days = (0..900)
        .map(|day| format!("20{:02}-{:02}-{:02}", 20 + day / 336, day / 28 % 12 + 1, day % 28 + 1));
    let across = Axis::labelled("day", days.collect());
    let losses = wave(900, 0.06);
    let limit = losses.iter().map(|(x, _)| (*x, 0.05 + 0.01 * (x / 450.0 - 1.0).powi(2)));
    let hits = losses.iter().filter(|(_, loss)| *loss > 0.058).copied().collect();
    Plot::new(
        "hits",
        "Losses of btc-perp beyond the forecast",
        (across, Axis::linear("loss", Numbers::Percent)),
    )
    .with(Series::new(
        "loss of a day; gains are not drawn",
        Tone::All,
        Trace::Sticks(losses.clone()),
    ))
    .with(Series::new("value at risk 99%", Tone::Pay, Trace::Line(limit.collect())))
    .with(Series::new("a hit: the loss is larger", Tone::Gone, Trace::Crosses(hits)))
}

fn fan() -> Plot {
    let axes = (
        Axis::linear("days from now", Numbers::Count),
        Axis::linear("coverage", Numbers::Percent).with_zero(),
    );
    let day = |at: i32| (f64::from(at), 0.4 + f64::from(at) / 250.0);
    let band = (0..180).map(day).map(|(x, y)| (x, y * 0.8, y * 1.15)).collect();
    Plot::new("fan", "Coverage ahead", axes)
        .with(Series::new("9 of 10 paths", Tone::Pay, Trace::Band(band)))
        .with(Series::new("half of the paths", Tone::Pay, Trace::Line((0..180).map(day).collect())))
        .rule("covered", 1.0, false)
}

fn stability() -> Plot {
    let axes =
        (Axis::linear(money("threshold"), Numbers::Money), Axis::linear("shape", Numbers::Plain));
    let points = (0..12).map(|at| (1e5 + 3e4 * f64::from(at), 0.4 + 0.01 * f64::from(at * at % 7)));
    let band = points.clone().map(|(x, y)| (x, y - 0.002 * x / 1e4, y + 0.002 * x / 1e4)).collect();
    Plot::new("stability", "Shape of the tail at other thresholds", axes)
        .with(Series::new("95% interval", Tone::Room, Trace::Band(band)))
        .with(Series::new("shape", Tone::Pay, Trace::Line(points.collect())))
        .rule("infinite mean from", 1.0, false)
        .rule("taken", 220_000.0, true)
}

fn quantiles() -> Plot {
    let axes = (
        Axis::log(money("by the fit"), Numbers::Money),
        Axis::log(money("observed"), Numbers::Money),
    );
    let ends = power(2e5, 1.05, 60);
    let seen = ends.iter().zip(wave(60, 0.06)).map(|(x, (_, part))| (*x, x * (1.0 + part)));
    let diagonal = vec![(2e5, 2e5), (3.6e6, 3.6e6)];
    Plot::new("quantiles", "Tail of the need against its fit", axes)
        .with(Series::new("as the fit", Tone::Dim, Trace::Dashed(diagonal)))
        .with(Series::new("a loss", Tone::Pay, Trace::Points(seen.collect())))
}

fn steps() -> Plot {
    let axes = (
        Axis::linear("minutes", Numbers::Count),
        Axis::linear(money("need"), Numbers::Money).with_zero(),
    );
    let path = wave(25, 1.0).into_iter().map(|(x, y)| (x * 60.0, (y + 1.0) * x * 2.1e5));
    let mut plot = Plot::new("path", "The worst path", axes)
        .fact("2020-03-12 in hours")
        .with(Series::new("", Tone::Pay, Trace::Area(path.collect())));
    let at = (840.0, 2_100_000.0);
    let [name, label] = ["most"; 2].map(str::to_owned);
    plot.marks.push(Mark { name, label, at, square: false, tone: Tone::Gone });
    plot
}

fn bars() -> Bars {
    let bar = |name: &str, value: f64, range| Bar { name: name.to_owned(), value, range };
    Bars {
        id: "bars".to_owned(),
        title: "Parts of the expected shortfall".to_owned(),
        columns: ("market".to_owned(), money("part at 99%")),
        numbers: Numbers::Money,
        bars: vec![
            bar("btc-perp", 3.1e6, Some((2.4e6, 3.9e6))),
            bar("a market with a name that is much longer than all of the room", 1.2e6, None),
            bar("eth-perp", -4.1e5, Some((-6e5, -1e5))),
            bar("sol-perp", 0.0, None),
        ],
    }
}

fn stacked() -> Stacked {
    let parts = ["reserve", "staked in junior", "staked in senior", "deleveraged winners"];
    let tones = [PARTS[0], PARTS[1], PARTS[2], Tone::Gone];
    Stacked {
        id: "pays".to_owned(),
        title: "Who pays in each crisis".to_owned(),
        columns: ("scenario".to_owned(), money("need")),
        numbers: Numbers::Money,
        parts: parts.map(str::to_owned).into_iter().zip(tones).collect(),
        rows: vec![
            ("2020-03-12".to_owned(), vec![2.4e6, 6.4e5, 9e5, 3.1e5]),
            (
                "2025-10-10, twice as fast and with a name that is long".to_owned(),
                vec![1.1e6, 0.0, 0.0, 0.0],
            ),
            ("no move".to_owned(), vec![0.0; 4]),
            ("all at once".to_owned(), vec![1e4, 1e4, 1e4, 8e6]),
        ],
    }
}

fn grid() -> Grid {
    let funds = power(5e5, 1.6, 8);
    let row = |fund: &f64| {
        let values = [1.1e6, 1.9e6, 5.5e6].map(|need: f64| (fund / need).min(1.0));
        (Numbers::Money.brief(*fund), values.into())
    };
    Grid {
        id: "grid".to_owned(),
        title: "What each fund covers".to_owned(),
        facts: vec!["part of the need at each level".to_owned()],
        names: ("fund, usdc".to_owned(), "need at a level".to_owned()),
        columns: ["99%", "99.5%", "99.9%"].map(str::to_owned).into(),
        rows: funds.iter().map(row).collect(),
    }
}

fn tornado() -> Tornado {
    let swing = |name: &str, ends: &[(&str, f64)]| {
        let ends = ends.iter().map(|(change, value)| ((*change).to_owned(), *value)).collect();
        Swing { name: name.to_owned(), ends }
    };
    Tornado {
        id: "tornado".to_owned(),
        title: "What the size rests on".to_owned(),
        columns: ("assumption".to_owned(), money("recommended size")),
        numbers: Numbers::Money,
        base: 2.9e5,
        swings: vec![
            swing(
                "part at once",
                &[("none", 0.0), ("half", 1.1e5), ("double", 7e5), ("all", 1.6e6)],
            ),
            swing(
                "an assumption whose name needs more than one line",
                &[("half", 2.9e5), ("double", 3e5)],
            ),
            swing("latency", &[("double", 3.4e5)]),
        ],
    }
}

/// One of each; a name for the golden file.
pub(in crate::picture) fn samples() -> Vec<Sample> {
    vec![
        ("chart-tornado", Box::new(tornado())),
        ("chart-exceedance", Box::new(exceedance())),
        ("chart-hits", Box::new(hits())),
        ("chart-fan", Box::new(fan())),
        ("chart-stability", Box::new(stability())),
        ("chart-quantiles", Box::new(quantiles())),
        ("chart-steps", Box::new(steps())),
        ("chart-bars", Box::new(bars())),
        ("chart-stacked", Box::new(stacked())),
        ("chart-grid", Box::new(grid())),
    ]
}

fn tornados(long: &str, values: &[f64]) -> Vec<Sample> {
    let ends: Vec<_> = values.iter().map(|value| (long.to_owned(), *value)).collect();
    let swings = vec![Swing { name: long.to_owned(), ends }; 20];
    let with = |base: &f64| -> Sample {
        ("", Box::new(Tornado { base: *base, swings: swings.clone(), ..tornado() }))
    };
    let none: Sample = ("", Box::new(Tornado { swings: Vec::new(), ..tornado() }));
    values.iter().map(with).chain([none]).collect()
}

/// Nothing, one, too many, no number, markup.
pub(in crate::picture) fn limits() -> Vec<Sample> {
    let mut out: Vec<Sample> = Vec::new();
    let values =
        [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE];
    let long = "<script>018f2d9a-7b1c-7000-8000-0000000000aa&more of it";
    let points: Vec<(f64, f64)> =
        values.iter().flat_map(|x| values.iter().map(|y| (*x, *y))).collect();
    let traces = |points: &[(f64, f64)]| {
        let points = points.to_vec();
        let band = points.iter().map(|(x, y)| (*x, *y, y * 2.0)).collect();
        vec![
            Trace::Line(points.clone()),
            Trace::Dashed(points.clone()),
            Trace::Area(points.clone()),
            Trace::Points(points.clone()),
            Trace::Crosses(points.clone()),
            Trace::Sticks(points),
            Trace::Band(band),
        ]
    };
    for points in [vec![], vec![(0.0, 0.0)], vec![(3.0, 4.0)], points, wave(5_000, 1e9)] {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = |numbers| Axis { scale, ..Axis::linear(long, numbers) };
            let axes = (axis(Numbers::Money), axis(Numbers::Chance));
            let mut plot = Plot::new("\"><b", long, axes.clone()).fact(long);
            for trace in traces(&points) {
                plot = plot.with(Series::new(long, Tone::Gone, trace));
            }
            for value in values {
                plot = plot.rule(long, value, true).rule(long, value, false);
                let [name, label] = [long; 2].map(str::to_owned);
                plot.marks.push(Mark {
                    name,
                    label,
                    at: (value, value),
                    square: false,
                    tone: Tone::Ink,
                });
            }
            out.push(("", Box::new(plot)));
            let label = Axis::labelled(long, vec![long.to_owned(); points.len().min(400)]);
            let plot = Plot::new("l", "l", (label, axes.1));
            out.push((
                "",
                Box::new(plot.with(Series::new("x", Tone::Pay, Trace::Line(points.clone())))),
            ));
        }
    }
    let many = values.iter().cycle().take(100);
    let bar = |value: &f64| Bar {
        name: long.to_owned(),
        value: *value,
        range: Some((value - 1.0, *value)),
    };
    out.push((
        "",
        Box::new(Bars { bars: many.clone().map(bar).collect(), title: long.to_owned(), ..bars() }),
    ));
    out.push(("", Box::new(Bars { bars: Vec::new(), ..bars() })));
    out.extend(tornados(long, &values));
    let row = |value: &f64| (long.to_owned(), vec![*value; 26]);
    let parts = vec![(long.to_owned(), Tone::Share); 26];
    out.push(("", Box::new(Stacked { rows: many.clone().map(row).collect(), parts, ..stacked() })));
    out.push(("", Box::new(Stacked { rows: Vec::new(), ..stacked() })));
    let columns = vec![long.to_owned(); 26];
    out.push(("", Box::new(Grid { rows: many.map(row).collect(), columns, ..grid() })));
    out.push(("", Box::new(Grid { rows: Vec::new(), ..grid() })));
    out
}

#[test]
fn no_chart_says_what_is_no_number() {
    for (name, picture) in samples().into_iter().chain(limits()) {
        let table = picture.table();
        for text in [picture.svg(crate::picture::Form::File), table.html(), table.csv()] {
            let words = text.replace("Nanos", "");
            assert!(!words.contains("NaN") && !words.contains("inf\""), "{name}: {text}");
        }
    }
}
