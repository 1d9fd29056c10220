use super::*;
use crate::desk::setup::Setup;

/// A settings file with one line in it, and how its refusal begins.
#[track_caller]
fn refused(text: &str, want: &str) {
    let error = Setup::parse("risk.toml", text).expect_err(text).to_string();
    assert!(error.starts_with(want), "{error}\n  is not\n{want}");
}

#[test]
fn what_a_setting_may_not_be_is_told_by_file_line_column_and_name() {
    let text = "seed = 1\n\n[costs]\nuncovered = 4.0\nholding = 0\n";
    let want = "risk.toml:5:11: costs.holding is 0, it must lie above 0 and at most 10 (a part of";
    refused(text, want);
    refused("[fund]\nsize = -5.0\n", "risk.toml:2:8: fund.size is -5, it must lie from 0 to 1e15");
    refused("levels = [0.99, 2.0]\n", "risk.toml:1:17: levels[1] is 2, it must lie from 0.5 to");
    refused("levels = [0.9, 0.9]\n", "risk.toml:1:16: levels[1] is 0.9, which is there twice");
    refused("levels = []\n", "risk.toml:1:10: levels is 0, it must lie from 1 to 20");
    let slices = "[[tranches.slices]]\nname = \"a\"\nattach = 0.0\ndetach = 5.0\n";
    let next = "[[tranches.slices]]\nname = \"b\"\nattach = 7.0\ndetach = 9.0\n";
    refused(
        &format!("{slices}{next}"),
        "risk.toml:7:10: tranches.slices[1].attach is 7, the slice before ends at 5",
    );
    let turned = slices.replace("attach = 0.0", "attach = 5.0").replace("detach = 5", "detach = 1");
    refused(&turned, "risk.toml:4:10: tranches.slices[0].detach is 1, it must lie above 5");
    // What is wrong only together stands at the section where the setting itself is left out.
    refused(
        "[costs]\nuncovered = 0.05\n",
        "risk.toml:1:1: costs.holding is 0.08, it must lie below",
    );
}

/// Every setting of the table refuses what is no number, and what lies beyond its ends.
#[test]
fn every_setting_has_both_ends() {
    let rows = |setup: &Setup| of_models(setup).into_iter().chain(of_money(setup));
    for (key, got, range, unit) in rows(&Setup::default()) {
        assert!(ranged(key, got, range, unit).is_ok(), "the default of {key} is refused");
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -2.0, 1e300] {
            let error = ranged(key, bad, range, unit).expect_err(key).to_string();
            assert!(error.starts_with(&format!("{key} is {}", shown(bad))), "{error}");
            assert!(error.len() < 160, "{error}");
        }
    }
    // The table has a row for each number of the settings: what is printed and not in it is a name, a choice or a list.
    let text = Setup::default().to_toml();
    let table: toml::Table = text.parse().unwrap();
    for (section, settings) in
        table.iter().filter_map(|(name, value)| Some((name, value.as_table()?)))
    {
        for (name, value) in settings {
            let key = format!("{section}.{name}");
            let number = value.is_float() || value.is_integer();
            assert_eq!(number, rows(&Setup::default()).any(|row| row.0 == key), "{key}");
        }
    }
}

#[test]
fn what_nobody_can_hold_is_refused_before_it_is_drawn() {
    refused(
        "[scenarios]\nnumber = 1000000000000\n",
        "risk.toml:2:10: scenarios.number is 1000000000000, it must lie from 1 to 1000000 (memory",
    );
    refused(
        "[scenarios]\nnumber = 1000000\nsteps = 400\n",
        "risk.toml:2:10: scenarios.number × scenarios.steps is 1000000 × 400 = 400000000, at most 16000000",
    );
    refused("[ruin]\ndays = 100000000\n", "risk.toml:2:8: ruin.days is 100000000, it must lie");
    refused(
        "[ruin]\npaths = 1000000\ndays = 36500\n",
        "risk.toml:3:8: ruin.days × ruin.paths is 36500 × 1000000 = 36500000000, at most",
    );
    refused("[fee]\npaths = 100000\n", "risk.toml:1:1: fee.days × fee.paths is 180 × 100000");
    refused("seed = 1.5\n", "risk.toml:1:8: invalid type");
    let setup = Setup { seed: u64::MAX, ..Setup::default() };
    let error = setup.check().unwrap_err().to_string();
    assert!(
        error.starts_with("seed is 18446744073709551615, it must lie from 0 to 9223372"),
        "{error}"
    );
}

/// Prices of one market with bars of this length, in seconds.
fn columns(seconds: u64) -> Columns {
    use std::fmt::Write as _;
    let mut text = "close_time_unix,BTC\n".to_owned();
    for bar in 0..300_u64 {
        let _ = writeln!(text, "{},{}", 1_700_000_000 + bar * seconds, 100 + bar % 7);
    }
    let file = crate::data::read_prices("p.csv", &text, ("BTC", "made up")).unwrap();
    let history = crate::data::History::join(vec![file]).unwrap();
    Columns::single(&history, "BTC").unwrap()
}

#[test]
fn years_of_short_scenarios_are_not_simulated_one_by_one() {
    let mut setup = Setup::default();
    assert!(room(&setup, &columns(86_400), true).is_ok());
    assert!(room(&setup, &columns(3_600), false).is_ok());
    let refused = room(&setup, &columns(60), false).unwrap_err().to_string();
    assert!(refused.contains("525600 × 400000 = 210240000000, at most 20000000000"), "{refused}");
    // An hour of minutes at once.
    setup.scenarios.steps = 60;
    assert!(room(&setup, &columns(60), false).is_ok());
    // By day the fee path is 180 steps, by the hour 4,320.
    setup.fee.paths = 2_000;
    assert!(room(&setup, &columns(86_400), true).is_ok());
    let refused = room(&setup, &columns(60), true).unwrap_err().to_string();
    assert!(refused.contains("fee.paths is 4320 × 2000 = 8640000, at most 5000000"), "{refused}");
}
