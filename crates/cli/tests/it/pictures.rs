//! Pictures out of ledgers of scenarios that were kept.

use super::{backstop, code, err, out, value};
use std::path::Path;

fn kept(folder: &Path, name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    out(&backstop(folder, &["--db", "x.db", "run", file.to_str().unwrap(), "--keep", "x.db"]));
}

fn picture(folder: &Path, args: &[&str]) -> std::process::Output {
    backstop(folder, &[&["--db", "x.db", "picture"], args].concat())
}

#[test]
fn each_is_a_file_of_its_own_with_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept(folder, "examples/first-loss.toml");
    let unstake = r#"{"actor":"carol","body":{"request_unstake":{"tranche":"stakers","account":"carol","shares":"1000000"}}}"#;
    std::fs::write(folder.join("unstake.jsonl"), unstake).unwrap();
    out(&backstop(folder, &["--db", "x.db", "apply", "unstake.jsonl"]));
    for (args, word) in [
        (&["tower", "sol-perp"][..], "can pay 600,200"),
        (&["tower", "sol-perp", "--loss", "1000000000"], "pays 1,000"),
        (&["coverage", "main"], "threshold"),
        (&["queue", "main"], "may leave"),
        (&["loss", "loss_0"], "paid 199800"),
        (&["flow", "loss_0"], "still missing"),
        (&["states", "loss_0"], "closed"),
        (&["exit", "ticket_0"], "cooldown"),
    ] {
        let svg = out(&picture(folder, args));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{args:?}");
        let both = value(&picture(folder, &[args, &["--json"]].concat()));
        assert_eq!(both["svg"].as_str().unwrap().trim_end(), svg.trim_end(), "{args:?}");
        let csv = out(&picture(folder, &[args, &["--csv"]].concat()));
        assert_eq!(both["csv"].as_str().unwrap().trim_end(), csv.trim_end(), "{args:?}");
        assert!(svg.contains(word) || csv.contains(word), "{word} not in\n{svg}\n{csv}");
    }
    std::fs::remove_file(folder.join("x.db")).unwrap();
    kept(folder, "scenarios/gauges.toml");
    assert!(out(&picture(folder, &["lights", "xbt-perp"])).contains("deleveraging"));
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept(folder, "examples/first-loss.toml");
    for (args, exit, words) in [
        (&["tower", "nowhere"][..], 1, "UNKNOWN_MARKET"),
        (&["coverage", "nobody"], 1, "UNKNOWN_FUND"),
        (&["lights", "sol-perp"], 2, "no winners stand in the waterfall of sol-perp"),
        (&["loss", "loss_7"], 2, "there is no loss_7"),
        (&["exit", "ticket_7"], 2, "there is no open ticket_7"),
        (&["exit", "soon"], 2, "expected ticket_ and a number"),
        (&["tower", "sol-perp", "--loss", "1.5"], 2, "1.5"),
    ] {
        let output = picture(folder, args);
        assert_eq!(code(&output), exit, "{args:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
}
