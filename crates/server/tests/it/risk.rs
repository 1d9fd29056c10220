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
    assert!(wrong.body.contains("`many` is no whole number"), "{}", wrong.body);
    assert!(wrong.body.contains("value=\"many\""));

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
fn what_can_only_fail_does_not_begin() {
    let (settings, runs) = (settings(), tempfile::tempdir().unwrap());
    let kept = runs.path().display().to_string();
    let service = Service::with(FIRST_LOSS, &[("risk_setup", &settings), ("risk_runs", &kept)]);
    for (name, good, bad) in [
        ("fund", "250000", "-5"),
        ("fund", "250000", "1e300"),
        ("fund", "250000", "abc"),
        ("income", "60000", "-1"),
        ("scenarios", "3000", "1"),
        ("latency", "60", "-1"),
        ("jump", "0.25", "2"),
        ("depth", "0.1", "0"),
        ("uncovered", "4", "0.01"),
    ] {
        let form = FORM.replace(&format!("{name}={good}"), &format!("{name}={bad}"));
        let refused = service.post("/risk", &[TYPE], &form);
        assert_eq!(refused.status, 422, "{name}={bad}");
        let at = format!("value=\"{bad}\" autocomplete=\"off\" required aria-invalid=\"true\"");
        let told = format!("<span id=\"{name}-wrong\" class=\"wrong\">");
        assert!(refused.body.contains(&at) && refused.body.contains(&told), "{}", refused.body);
        assert_eq!(refused.body.matches("class=\"wrong\"").count(), 1, "{name}={bad}");
    }
    assert!(std::fs::read_dir(&kept).unwrap().next().is_none(), "nothing was kept");
}

/// A run that takes minutes, so that it is under way when it is stopped; it differs from the settings in four fields.
const LONG: &str =
    "fund=125000&income=60000&scenarios=300000&seed=7&latency=600&jump=0.25&depth=0.01&uncovered=4";

/// The page of a run as soon as it holds a text.
fn until(service: &Service, path: &str, text: &str) -> String {
    let started = Instant::now();
    loop {
        let page = service.page(path).body;
        if page.contains(text) {
            return page;
        }
        assert!(started.elapsed() < PATIENCE, "no `{text}` in {page}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_was_stopped_is_kept_with_its_reason_and_its_number() {
    let (settings, runs) = (settings(), tempfile::tempdir().unwrap());
    let kept = runs.path().display().to_string();
    let flags = [("risk_setup", settings.as_str()), ("risk_runs", kept.as_str())];
    let service = Service::with(FIRST_LOSS, &flags);
    assert_eq!(service.post("/risk", &[TYPE], LONG).header("location"), Some("/risk/runs/1"));
    until(&service, "/risk/runs/1", "left of this stage");
    assert!(service.page("/risk").body.contains("under way"));
    assert_eq!(service.post("/risk/runs/1/stop", &[TYPE], "").status, 303);
    let page = until(&service, "/risk/runs/1", "ended without a report");
    assert!(page.contains("stopped by the operator"), "{page}");
    // The service ends while the second one runs, and waits for it.
    assert_eq!(service.post("/risk", &[TYPE], LONG).header("location"), Some("/risk/runs/2"));
    until(&service, "/risk/runs/2", "so far");
    drop(service);
    // A third one that the program did not live to end.
    std::fs::copy(runs.path().join("000002.line.json"), runs.path().join("000003.line.json"))
        .unwrap();
    let line = std::fs::read_to_string(runs.path().join("000003.line.json")).unwrap();
    let mut line: serde_json::Value = serde_json::from_str(&line).unwrap();
    (line["id"], line["end"]) = (3.into(), "begun".into());
    std::fs::write(runs.path().join("000003.line.json"), line.to_string()).unwrap();

    let again = Service::with(FIRST_LOSS, &flags);
    for (run, why) in [
        (1, "stopped by the operator"),
        (2, "stopped with the service"),
        (3, "the program ended before the run did"),
    ] {
        let page = again.page(&format!("/risk/runs/{run}"));
        assert_eq!(page.status, 200);
        assert!(page.body.contains(why), "{run}: {}", page.body);
        for name in ["report.json", "report.html"] {
            let none = again.get(&format!("/risk/runs/{run}/{name}")).problem(404, "NOT_THERE");
            let told = none["detail"].as_str().unwrap();
            assert!(told.contains(why) && told.ends_with("so it has no report"), "{told}");
        }
    }
    let nobody = again.get("/risk/runs/99/report.html").problem(404, "NOT_THERE");
    assert_eq!(nobody["detail"], "no run 99 is kept; /risk lists them");
    let home = again.page("/risk").body;
    assert!(home.contains("</span> with the service") && home.contains("broken off"), "{home}");
    for change in ["fund 250,000 \u{2192} 125,000", "latency 60 \u{2192} 600 s"] {
        assert!(home.contains(change), "{change}: {home}");
    }
    assert_eq!(again.post("/risk", &[TYPE], LONG).header("location"), Some("/risk/runs/4"));
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

#[test]
fn a_report_of_another_form_is_told_as_such() {
    let runs = tempfile::tempdir().unwrap();
    let line = r#"{"id":4,"made_at":"then","seed":1,"scenarios":5,"fund":2.0,"recommended":null,"notes":0}"#;
    std::fs::write(runs.path().join("000004.line.json"), line).unwrap();
    std::fs::write(runs.path().join("000004.report.json"), "{\"version\":1}").unwrap();
    let kept = runs.path().display().to_string();
    let service = Service::with(FIRST_LOSS, &[("risk_runs", &kept)]);
    let why = "run 4 was made by another version of the report and can&#39;t be shown here";
    let page = service.page("/risk/runs/4");
    assert!(page.status == 200 && page.body.contains(why), "{}", page.body);
    assert!(page.body.contains("/risk/runs/4/report.json"), "{}", page.body);
    let none = service.get("/risk/runs/4/report.html").problem(404, "NOT_THERE");
    let told = none["detail"].as_str().unwrap();
    assert!(
        told.contains("another version") && told.ends_with("its files are still there"),
        "{told}"
    );
    assert_eq!(service.get("/risk/runs/4/report.json").body, "{\"version\":1}");
    let home = service.page("/risk");
    assert!(home.status == 200 && !home.body.contains("The last run"), "{}", home.body);
}

/// Bob, Alice and Carol on a market that the ledger itself has.
const HOSTED: &str = include_str!("../../../../scenarios/hosted-margin.toml");

/// The report of a run that the settings of a folder begin.
fn ran(folder: &std::path::Path, settings: &str) -> serde_json::Value {
    std::fs::write(folder.join("risk.toml"), settings).unwrap();
    let setup = folder.join("risk.toml").display().to_string();
    let runs = tempfile::tempdir().unwrap();
    let kept = runs.path().display().to_string();
    let service = Service::with(HOSTED, &[("risk_setup", &setup), ("risk_runs", &kept)]);
    let begun = service.post("/risk", &[TYPE], "fund=125&seed=7");
    assert_eq!(begun.header("location"), Some("/risk/runs/1"), "{}", begun.body);
    until(&service, "/risk/runs/1", "The report as one page");
    service.get("/risk/runs/1/report.json").json()
}

#[test]
fn a_ledger_with_hosted_markets_is_the_book_where_no_file_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let notes = |report: &serde_json::Value| report["notes"].to_string();
    let own = ran(folder, "");
    assert!(own["book"]["accounts"].as_u64().unwrap() >= 2, "{}", own["book"]);
    assert_eq!(own["book"]["quote"], "usdt");
    assert_eq!(own["book"]["markets"][0]["market"], "coin-perp");
    assert!(own["stress"].as_array().unwrap().len() > 10, "{}", own["stress"]);
    assert!(notes(&own).contains("infinitely deep"), "{}", notes(&own));
    assert_eq!(own["setup"]["fund"]["size"], 125.0, "the form's, not the ledger's");
    // A markets file says how deep its market is.
    let row = "[market.coin-perp]\nadv = 20000\ndepth_per_percent = 500\nsigma = 0.05\n";
    std::fs::write(folder.join("venue.toml"), row).unwrap();
    let deep = ran(folder, "[files]\nvenue = \"venue.toml\"\n");
    assert_eq!(deep["book"]["accounts"], own["book"]["accounts"]);
    assert!(!notes(&deep).contains("infinitely deep"), "{}", notes(&deep));
    // Files come before the ledger.
    let row = format!("quote = \"usdt\"\n{row}maintenance = 0.1\nprice = 100.0\n");
    std::fs::write(folder.join("venue.toml"), row).unwrap();
    let accounts = "account,owner,asset,collateral\nzoe,zoe,usdt,100\n";
    std::fs::write(folder.join("accounts.csv"), accounts).unwrap();
    std::fs::write(folder.join("positions.csv"), "account,market,size\nzoe,coin-perp,1\n").unwrap();
    let files =
        "venue = \"venue.toml\"\naccounts = \"accounts.csv\"\npositions = \"positions.csv\"\n";
    assert_eq!(ran(folder, &format!("[files]\n{files}"))["book"]["accounts"], 1);
}

#[test]
fn a_preset_that_is_not_there_is_refused_by_the_form() {
    let folder = tempfile::tempdir().unwrap();
    let setup = folder.path().join("risk.toml");
    std::fs::write(&setup, "[fund]\npreset = \"nobody\"\n").unwrap();
    let setup = setup.display().to_string();
    let service = Service::with(FIRST_LOSS, &[("risk_setup", &setup)]);
    let refused = service.post("/risk", &[TYPE], "seed=7");
    assert!(refused.status == 422 && refused.body.contains("fund.preset: "), "{}", refused.body);
    assert!(service.page("/risk").body.contains("Nobody has run the desk here yet"));
}
