//! Files for operators, under `etc/`: what they name is what the service has.

use crate::{
    events::Client,
    support::{FIRST_LOSS, told},
};
use backstop_engine::{Engine, Options, read_model::beside};
use backstop_server::{
    Mounted, Settings, Site,
    config::{SETTINGS, Written},
};
use serde_json::Value;
use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../../../etc/alerts.yml");
const TRIALS: &str = include_str!("../../../../etc/alerts.test.yml");
const BOARD: &str = include_str!("../../../../etc/grafana/backstop.json");
const FILE: &str = include_str!("../../../../etc/backstop.toml");
const UNIT: &str = include_str!("../../../../etc/backstop.service");
const CONTAINER: &str = include_str!("../../../../etc/Containerfile");
const COMPOSE: &str = include_str!("../../../../etc/compose.yaml");

/// What a service tells after a loss. Its journal has a limit, so that the room left is told too.
fn page_after_a_loss() -> String {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let (engine, clock) = told(FIRST_LOSS, &journal);
    drop(engine);
    let options = Options {
        read_model: Some(beside(&journal)),
        journal_bytes: Some(1 << 30),
        ..Options::with_clock(clock)
    };
    let engine = Engine::open(&journal, options).unwrap();
    let flags = [("listen".to_owned(), "127.0.0.1:0".to_owned())];
    let written = Written::gather(&flags, |_| None, None).unwrap();
    let settings = Settings::read(&written).unwrap();
    let mounted = Mounted { name: String::new(), title: "test".to_owned(), engine, signer: None };
    let running = Site { ledgers: vec![mounted], settings }.start().unwrap();
    // The first request is counted once it is answered.
    let _ = Client::metrics(running.address());
    Client::metrics(running.address())
}

/// Names of all samples of that page.
fn samples() -> BTreeSet<String> {
    let page = page_after_a_loss();
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect()
}

/// What in a text looks like the name of a metric.
fn names_in(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let starts = text.match_indices("backstop_").map(|(at, _)| &text[at..]);
    starts.map(|rest| rest.split(|c: char| !is_part(c)).next().unwrap()).collect()
}

#[test]
fn rules_and_dashboard_ask_for_what_the_service_tells() {
    let told = samples();
    for (file, text, least) in [("alerts.yml", ALERTS, 15), ("grafana/backstop.json", BOARD, 20)] {
        let named = names_in(text);
        assert!(named.len() >= least, "{file} names only {named:?}");
        let unknown: Vec<&str> = named.into_iter().filter(|name| !told.contains(*name)).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}, /metrics has {told:?}");
    }
    let tried = names_in(TRIALS);
    let untold: Vec<&str> = tried.into_iter().filter(|name| !told.contains(*name)).collect();
    assert!(untold.is_empty(), "alerts.test.yml names {untold:?}");
}

/// What can fall is no counter, and a counter's name says that it is one: rates of the others mean nothing.
#[test]
fn what_can_fall_is_a_gauge() {
    let page = page_after_a_loss();
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let kinds: Vec<(&str, &str)> = kinds.filter_map(|line| line.split_once(' ')).collect();
    for falls in
        ["backstop_layer_drawn_units", "backstop_uncovered_loss_atoms", "backstop_balance_units"]
    {
        assert!(kinds.contains(&(falls, "gauge")), "{falls}: {kinds:?}");
    }
    for (name, kind) in kinds.iter().filter(|(name, _)| name.ends_with("_total")) {
        assert_eq!(*kind, "counter", "{name}");
    }
}

#[test]
fn rules_know_the_limits_of_the_program() {
    let limits = Options::default();
    for rule in [
        format!("backstop_queue_commands > {} ", limits.queue_commands / 2),
        format!("backstop_queue_bytes > {}\n", limits.queue_bytes / 2),
        format!("backstop_follower_lag_bytes > {}\n", limits.lag_bytes / 2),
    ] {
        assert!(ALERTS.contains(&rule), "alerts.yml has no `{rule}`");
    }
}

#[test]
fn every_rule_is_tried_out() {
    let rules = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let rules: Vec<&str> = rules.collect();
    assert!(rules.len() >= 20, "{rules:?}");
    for rule in rules {
        let fires = format!("alertname: {rule}\n        exp_alerts:\n");
        assert!(TRIALS.contains(&fires), "no case of alerts.test.yml lets {rule} fire");
    }
}

#[test]
fn every_panel_of_the_dashboard_asks_something_and_says_what() {
    let board: Value = serde_json::from_str(BOARD).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() >= 30, "{}", panels.len());
    let mut ids = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is taken");
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].is_string(), "{title}: no description");
        let asked = panel["targets"].as_array().unwrap();
        assert!(!asked.is_empty(), "{title}: asks nothing");
        for target in asked {
            assert!(!target["expr"].as_str().unwrap().is_empty(), "{title}: asks nothing");
        }
    }
}

#[test]
fn the_file_of_settings_names_each_with_its_default() {
    let rows = |text: &str| Written::gather(&[], |_| None, Some(text)).unwrap().rows();
    for row in rows(FILE) {
        assert_eq!(row["from"], "default", "as it is, the file changes nothing: {row}");
    }
    // `#name = value` is a setting, `# Words` are words.
    let commented = FILE.lines().filter_map(|line| line.strip_prefix('#'));
    let settings = commented.filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    let uncommented: Vec<&str> = settings.collect();
    let uncommented = rows(&uncommented.join("\n"));
    assert_eq!(uncommented.len(), SETTINGS.len());
    for (setting, row) in SETTINGS.iter().zip(&uncommented) {
        let got = ["name", "value", "from"].map(|key| row[key].as_str().unwrap());
        assert_eq!(got, [setting.name, setting.default, "file"], "etc/backstop.toml");
    }
}

/// The number that stands behind some words.
fn number(text: &str, before: &str) -> usize {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}`"));
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn unit_and_container_give_the_service_what_it_needs() {
    let settings = Settings::default();
    let drain = usize::try_from(settings.drain_time.as_secs()).unwrap();
    assert!(number(UNIT, "\nTimeoutStopSec=") > drain);
    assert!(number(COMPOSE, "stop_grace_period: ") > drain);
    assert!(number(UNIT, "\nLimitNOFILE=") >= 2 * settings.connections);
    assert!(CONTAINER.contains("GET /readyz "));
}
