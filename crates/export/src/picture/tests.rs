//! Every picture, from small to absurd: words apart, everything inside, tables as wide as their heads, and snapshots.
//! `UPDATE_GOLDEN=1` rewrites the snapshots.

use super::*;
use crate::names::Unit;
use backstop_units::{Amount, Timestamp};
use sketch::{Area, WIDTH, px};

fn usdt() -> Unit {
    Unit { symbol: "usdt".to_owned(), decimals: 6 }
}

fn money(whole: u128) -> Amount {
    Amount::new(whole * 1_000_000)
}

fn layer(name: &str, capacity: Amount, draw: Amount, by_users: bool) -> WaterfallLayer {
    let note = if draw == capacity && !draw.is_zero() { "would be used up" } else { "" };
    let (name, note) = (name.to_owned(), note.to_owned());
    WaterfallLayer { name, capacity: Some(capacity), used: None, draw, note, by_users }
}

fn waterfall(id: &str, loss: u128, draws: [u128; 5], residual: u128) -> Waterfall {
    let [fees, reserve, junior, senior, users] = draws.map(money);
    let mut limited = layer("staked in senior", money(900_000), senior, false);
    limited.note = "held back by a limit".to_owned();
    limited.used = Some(money(12_345));
    let fact = format!("what if a loss of {} came now", usdt().brief(money(loss)));
    Waterfall {
        id: id.to_owned(),
        title: "Who pays on sol-perp".to_owned(),
        facts: if loss == 0 { Vec::new() } else { vec![fact] },
        unit: usdt(),
        loss: money(loss),
        layers: vec![
            layer("fee pool of sol-perp", money(1_250), fees, false),
            layer("reserve of main", money(2_400_000), reserve, false),
            layer("staked in junior", money(640_000), junior, false),
            limited,
            layer("deleveraged winners", Amount::MAX, users, true),
        ],
        residual: money(residual),
    }
}

/// Names that are markup and have no blank, amounts as large as they get.
fn hostile() -> Waterfall {
    let unit = Unit { symbol: "018f2d9a-7b1c-7000-8000-0000000000aa".to_owned(), decimals: 30 };
    let long = "<script>018f2d9a-7b1c-7000-8000-0000000000aa&more";
    let mut layers =
        vec![layer(long, Amount::new(u128::MAX - 2), Amount::new(u128::MAX - 2), true)];
    layers.push(layer(long, Amount::ZERO, Amount::ZERO, false));
    layers.push(layer(long, Amount::new(1), Amount::new(1), false));
    Waterfall {
        id: "\"><b".to_owned(),
        title: long.to_owned(),
        facts: vec![long.to_owned()],
        unit,
        loss: Amount::MAX,
        layers,
        residual: Amount::new(1),
    }
}

fn flow(id: &str, gross: u128, rows: &[(&str, u128, u128, bool)], residual: u128) -> Flow {
    let row = |(name, amount, recovered, by_users): &(&str, u128, u128, bool)| FlowRow {
        name: (*name).to_owned(),
        amount: money(*amount),
        recovered: money(*recovered),
        by_users: *by_users,
    };
    Flow {
        id: id.to_owned(),
        title: "Where loss_1 went".to_owned(),
        unit: usdt(),
        gross: money(gross),
        rows: rows.iter().map(row).collect(),
        residual: money(residual),
        residual_recovered: Amount::ZERO,
    }
}

fn queue(id: &str, counted: u128, days: &[(&str, u128)]) -> Queue {
    let mut left: u128 = counted + days.iter().map(|(_, amount)| amount).sum::<u128>();
    let staked = money(left);
    let day = |(day, amount): &(&str, u128)| {
        left -= amount;
        QueueDay { day: (*day).to_owned(), amount: money(*amount), left: money(left) }
    };
    Queue {
        id: id.to_owned(),
        title: "Exits from main by day".to_owned(),
        unit: usdt(),
        staked,
        counted: money(counted),
        ratio: "80.00%".to_owned(),
        days: days.iter().map(day).collect(),
    }
}

fn timelocks() -> Timelocks {
    let at = |day: &str| Timestamp::parse(&format!("{day}T09:00:00Z")).unwrap();
    let row = |name: &str, ready: Option<&str>, lapses: &str, signed| Timelock {
        name: name.to_owned(),
        ready_at: ready.map(at),
        expires_at: at(lapses),
        signed: (signed, 2),
    };
    Timelocks {
        id: "timelocks".to_owned(),
        title: "Changes that wait".to_owned(),
        now: at("2025-10-10"),
        waiting: vec![
            row("proposal_3: set threshold", Some("2025-10-09"), "2025-10-12", 2),
            row("proposal_4: withdraw excess", Some("2025-10-13"), "2025-10-20", 3),
            row("proposal_5: set waterfall", None, "2025-10-17", 1),
        ],
    }
}

fn gauge(id: &str, counted: u128, threshold: u128, target: u128) -> Gauge {
    let band = |(name, from): (&str, u128)| Band { name: name.to_owned(), from: money(from) };
    Gauge {
        id: id.to_owned(),
        title: "Coverage of main".to_owned(),
        unit: usdt(),
        counted: money(counted),
        queued: money(counted / 8),
        threshold: money(threshold),
        target: money(target),
        ratio: "86.20%".to_owned(),
        bands: [("short", 0), ("normal", target / 2), ("rich", target + target / 10)]
            .map(band)
            .into(),
    }
}

fn balance(id: &str, amounts: &[u128]) -> Balance {
    let at = |hour: usize| Timestamp::from_ms(1_760_130_000_000 + hour as u64 * 3_600_000);
    let kinds = [MarkKind::Inflow, MarkKind::Payout, MarkKind::Slash, MarkKind::Recovery];
    let points = amounts.iter().enumerate();
    let marks = points.clone().zip(kinds.iter().cycle());
    Balance {
        id: id.to_owned(),
        title: "Balance of main".to_owned(),
        unit: usdt(),
        points: points
            .map(|(hour, amount)| Point { at: at(hour), amount: money(*amount) })
            .collect(),
        marks: marks
            .map(|((hour, amount), kind)| Mark {
                at: at(hour),
                kind: *kind,
                amount: money(*amount),
            })
            .collect(),
    }
}

fn part(name: &str, tone: Tone, size: u128, value: &str, note: &str) -> Part {
    let value = Cell::number(&value);
    Part { name: name.to_owned(), tone, size, value, note: note.to_owned() }
}

fn yields() -> Stack {
    Stack {
        id: "yield".to_owned(),
        title: "What the yield comes from".to_owned(),
        facts: vec!["of the last 30 days, for a year".to_owned()],
        parts: vec![
            part("interest", Tone::Pay, 41_250, "4.1250%", "paid by borrowers"),
            part("rewards", Tone::Match, 20_000, "2.0000%", "paid in, until they are used up"),
        ],
        less: vec![part("fees", Tone::Share, 6_100, "0.6100%", "performance and management")],
        total: Some(("net".to_owned(), Cell::number(&"5.5150%"))),
    }
}

fn cover() -> Stack {
    let amount = |whole| Cell::amount(&usdt(), money(whole));
    let part =
        |name: &str, tone, whole| Part { value: amount(whole), ..part(name, tone, whole, "", "") };
    Stack {
        id: "cover".to_owned(),
        title: "What stands before the depositors".to_owned(),
        facts: Vec::new(),
        parts: vec![
            part("the curator's own", Tone::Pay, 250_000),
            part("matched", Tone::Match, 250_000),
            part("on its way out, still liable", Tone::Leaving, 40_000),
        ],
        less: Vec::new(),
        total: Some(("depositors behind it".to_owned(), amount(12_345_678))),
    }
}

fn lights(id: &str, on: u8, mine: Option<u8>) -> Lights {
    Lights {
        id: id.to_owned(),
        title: "How near deleveraging is on sol-perp".to_owned(),
        facts: vec!["2,400,000 usdt lie before winners".to_owned()],
        on,
        mine: mine.map(|mine| (mine, "you".to_owned())),
    }
}

fn timeline() -> Timeline {
    let step = |name: &str, when: &str, state| Step {
        name: name.to_owned(),
        when: when.to_owned(),
        state,
    };
    Timeline {
        id: "exit".to_owned(),
        title: "Exit of ticket_4".to_owned(),
        steps: vec![
            step("filed", "2025-10-01 12:00", StepState::Done),
            step("cooldown, still in reach of losses", "until 2025-10-15 12:00", StepState::Now),
            step("ready to be paid", "from 2025-10-15 12:00", StepState::Ahead),
            step("lapses", "2025-10-17 12:00", StepState::Missed),
        ],
    }
}

/// Samples with the names of their snapshots.
fn samples() -> Vec<(&'static str, Box<dyn Picture>)> {
    let leak = |waterfall: Waterfall| -> &'static Waterfall { Box::leak(Box::new(waterfall)) };
    let days = [
        ("2025-10-11", 120_000),
        ("2025-10-12", 40),
        ("2025-10-14", 300_000),
        ("2025-10-20", 64_000),
    ];
    let flow_rows = [
        ("fee pool of sol-perp", 1_250, 1_250, false),
        ("reserve of main", 400_000, 0, false),
        ("staked in junior", 320_000, 110_000, false),
        ("socialised, by position", 90_000, 0, true),
    ];
    let mut all: Vec<(&'static str, Box<dyn Picture>)> = vec![
        ("tower", Box::new(Tower(leak(waterfall("tower", 0, [0; 5], 0))))),
        (
            "tower-loss",
            Box::new(Tower(leak(waterfall(
                "tower",
                3_000_000,
                [1_250, 2_400_000, 598_750, 0, 0],
                0,
            )))),
        ),
        (
            "tower-residual",
            Box::new(Tower(leak(waterfall(
                "tower",
                5_000_000,
                [1_250, 2_400_000, 640_000, 900_000, 900_000],
                158_750,
            )))),
        ),
        ("flow", Box::new(flow("flow", 831_250, &flow_rows, 20_000))),
        ("queue", Box::new(queue("queue", 1_200_000, &days))),
        ("gauge", Box::new(gauge("gauge", 1_724_000, 1_000_000, 2_000_000))),
        (
            "balance",
            Box::new(balance(
                "balance",
                &[900_000, 1_200_000, 1_180_000, 300_000, 410_000, 1_000_000],
            )),
        ),
        ("yield", Box::new(yields())),
        ("cover", Box::new(cover())),
        ("lights", Box::new(lights("lights", 3, Some(5)))),
        ("timeline", Box::new(timeline())),
        ("timelocks", Box::new(timelocks())),
    ];
    all.extend(chart::tests::samples());
    all
}

/// The same at their limits; none has a name.
fn limits() -> Vec<(&'static str, Box<dyn Picture>)> {
    let leak = |waterfall: Waterfall| -> &'static Waterfall { Box::leak(Box::new(waterfall)) };
    let mut all: Vec<(&'static str, Box<dyn Picture>)> = vec![
        (
            "",
            Box::new(Cascade(leak(waterfall(
                "c",
                3_000_000,
                [1_250, 2_400_000, 598_750, 0, 0],
                0,
            )))),
        ),
        ("", Box::new(Tower(leak(hostile())))),
        ("", Box::new(Cascade(leak(hostile())))),
        ("", Box::new(Tower(leak(Waterfall { layers: Vec::new(), ..hostile() })))),
        (
            "",
            Box::new(flow(
                "f",
                10_000_000,
                &[("a", 1, 1, true), ("b", 9_999_999, 9_999_998, false)],
                0,
            )),
        ),
        ("", Box::new(flow("f", 5, &[], 0))),
        ("", Box::new(queue("q", 0, &[("2025-10-11", 1)]))),
        ("", Box::new(queue("q", 5, &[]))),
        ("", Box::new(queue("q", 9, &[("2025-10-11", 1); 90]))),
        ("", Box::new(gauge("g", 0, 0, 0))),
        ("", Box::new(gauge("g", 9, 9, 9))),
        ("", Box::new(gauge("g", 1, 9, 10_000_000_000))),
        ("", Box::new(balance("b", &[]))),
        ("", Box::new(balance("b", &[7]))),
        ("", Box::new(balance("b", &[1_000_000, 999_999, 1_000_001]))),
        ("", Box::new(lights("l", 9, None))),
        ("", Box::new(Stack { parts: Vec::new(), ..yields() })),
        ("", Box::new(Timeline { steps: Vec::new(), ..timeline() })),
        ("", Box::new(Timelocks { waiting: Vec::new(), ..timelocks() })),
        ("", Box::new(Timelocks { now: Timestamp::MAX, ..timelocks() })),
        ("", Box::new(Timelocks { now: Timestamp::ZERO, ..timelocks() })),
    ];
    all.extend(chart::tests::limits());
    all
}

fn overlap(one: &Area, other: &Area) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

#[test]
fn words_stand_apart_and_nothing_is_outside() {
    for (at, (name, picture)) in samples().iter().chain(&limits()).enumerate() {
        let sketch = picture.sketch();
        let inside = |area: &Area| {
            area.x >= px(0)
                && area.y >= px(0)
                && area.x + area.width <= WIDTH
                && area.y + area.height <= sketch.height()
        };
        for (place, (area, words)) in sketch.texts.iter().enumerate() {
            assert!(inside(area), "{at} {name}: {words:?} at {area:?}");
            for (other, more) in sketch.texts.iter().skip(place + 1) {
                assert!(
                    !overlap(area, other),
                    "{at} {name}: {words:?} on {more:?}: {area:?} {other:?}"
                );
            }
        }
        for area in &sketch.shapes {
            assert!(inside(area), "{at} {name}: {area:?} of {}", sketch.height());
        }
        let svg = picture.svg(Form::Inline);
        assert!(!svg.contains("style") && svg.contains("role=\"img\""), "{svg}");
        assert!(svg.contains("<title id=") && svg.contains("<desc id="), "{svg}");
    }
}

#[test]
fn tables_have_a_cell_for_each_column() {
    for (name, picture) in samples().into_iter().chain(limits()) {
        let table = picture.table();
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{name}");
        let lines = table.csv().matches("\r\n").count();
        assert_eq!(lines, table.rows.len() + 1, "{name}");
        assert_eq!(table.html().matches("<tr>").count(), lines, "{name}");
    }
}

#[test]
fn blocks_of_a_tower_stand_on_each_other_and_a_full_one_is_filled() {
    let draws = [1_250, 2_400_000, 598_750, 0, 0];
    let sketch = Tower(&waterfall("tower", 3_000_000, draws, 0)).sketch();
    let column = |area: &&Area| area.x == px(98) && area.width == px(56);
    let blocks: Vec<_> = sketch.shapes.iter().filter(column).collect();
    // The two upper layers are not reached; of the three others each has its block and its fill.
    assert_eq!(blocks.len(), 5 + 3, "{blocks:?}");
    let (full, filled) = (blocks[6], blocks[7]);
    assert_eq!((full.y, full.height), (filled.y, filled.height), "the fee pool is used up");
    let (junior, drawn) = (blocks[2], blocks[3]);
    let want = junior.height.0 * 598_750 / 640_000;
    assert_eq!((drawn.height.0, drawn.y + drawn.height), (want, junior.y + junior.height));
    for pair in [(0, 1), (1, 2), (2, 4), (4, 6)] {
        let (above, below) = (blocks[pair.0], blocks[pair.1]);
        assert_eq!(above.y + above.height + px(3), below.y, "{pair:?}");
    }
}

#[test]
fn the_pictures_are_as_they_were() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pictures");
    for (name, picture) in samples() {
        let path = format!("{folder}/{name}.svg");
        let svg = picture.svg(Form::File);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, &svg).unwrap();
        }
        let want = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(svg == want, "{name} changed: UPDATE_GOLDEN=1, and look at it");
    }
}
