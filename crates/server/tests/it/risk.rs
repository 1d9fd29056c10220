//! The Risk page: a run in the background from its form to its report, kept over a restart, one at a time.

use crate::support::{FIRST_LOSS, PATIENCE, Service};
use std::{path::PathBuf, time::Instant};

fn settings() -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/risk/risk.toml");
    file.display().to_string()
}

const FORM: &str =
    "fund=250000&income=60000&scenarios=3000&seed=7&latency=60&jump=0.25&depth=0.1&uncovered=4";
const TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[test]
fn a_what_if_runs_in_the_background_and_is_kept() {
    let runs = tempfile::tempdir().unwrap();
    let kept = runs.path().display().to_string();
    let settings = settings();
    let service = Service::with(FIRST_LOSS, &[("risk_setup", &settings), ("risk_runs", &kept)]);
    let page = service.page("/risk");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Nobody has run the desk here yet")
            && page.body.contains("name=\"seed\"")
    );
    let wrong = service.post("/risk", &[TYPE], &FORM.replace("seed=7", "seed=many"));
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("got `many`") && wrong.body.contains("value=\"many\""));

    // What no machine can hold is refused by the form, before anything is drawn.
    for (from, to, told) in [
        (
            "scenarios=3000",
            "scenarios=1000000000000",
            "scenarios.number is 1000000000000, it must lie",
        ),
        ("fund=250000", "fund=-5", "fund.size is -5, it must lie from 0 to 1e15"),
    ] {
        let wrong = service.post("/risk", &[TYPE], &FORM.replace(from, to));
        assert!(wrong.status == 422 && wrong.body.contains(told), "{}", wrong.body);
    }

    let begun = service.post("/risk", &[TYPE], FORM);
    assert_eq!((begun.status, begun.header("location")), (303, Some("/risk/runs/1")));
    let busy = service.post("/risk", &[TYPE], FORM);
    let started = Instant::now();
    loop {
        let page = service.page("/risk/runs/1");
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(!page.body.contains("ended without a report"), "{}", page.body);
        if page.body.contains("The report as one page") {
            break;
        }
        assert!(started.elapsed() < 4 * PATIENCE, "the run does not end");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // It was under way when it was asked for again, unless it was faster than the second request.
    assert!(busy.status == 303 || busy.body.contains("is under way"), "{}", busy.body);
    let json = service.get("/risk/runs/1/report.json");
    let report: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(report["setup"]["seed"], 7);
    // The fee path is that of the ledger's own fund; a ledger that has set no fee control is told so.
    assert_eq!(report["setup"]["fund"]["name"], "main");
    let whose = report["fee"]["control"]["whose"].as_str().unwrap();
    assert!(whose.starts_with("the default: fund main of ledger "), "{whose}");
    let html = service.get("/risk/runs/1/report.html");
    assert!(html.header("content-disposition").unwrap().contains("attachment"));
    assert!(html.body.starts_with("<!doctype html>"));
    let home = service.page("/risk").body;
    assert!(home.contains("/risk/runs/1/report.json") && home.contains("The last run, number 1"));
    service.get("/risk/runs/99").problem(404, "NOT_THERE");
    drop(service);
    let again = Service::with(FIRST_LOSS, &[("risk_setup", &settings), ("risk_runs", &kept)]);
    assert!(again.page("/risk").body.contains("The last run, number 1"), "kept over a restart");
}

#[test]
fn only_the_operator_begins_a_run_and_without_settings_nobody_does() {
    let settings = settings();
    let service = Service::with(FIRST_LOSS, &[("risk_setup", &settings), ("commands", "key")]);
    service.post("/risk", &[TYPE], FORM).problem(401, "NO_KEY");
    assert!(service.page("/risk").body.contains("the operator begins it"));
    let none = Service::new(FIRST_LOSS);
    assert!(none.page("/risk").body.contains("set `risk_setup` to one"));
    assert_eq!(none.post("/risk", &[TYPE], FORM).status, 422);
}
