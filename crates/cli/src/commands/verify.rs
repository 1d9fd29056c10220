//! `verify`: integrity, books and rules of a journal, each by itself.

use crate::{args::VerifyArgs, exit::Failure, files, printer::Printer};
use backstop_engine::verify::{Findings, KeptCheckpoint, VerifyOptions, VerifyReport, verify};
use backstop_units::parse_hex;
use ed25519_dalek::VerifyingKey;
use serde_json::{Value, json};

pub(crate) fn run(args: &VerifyArgs, printer: &Printer) -> Result<(), Failure> {
    let checkpoint = args.checkpoint.as_ref().map(|path| files::read(path)).transpose()?;
    let signer = args.signer.as_deref().map(signer).transpose()?;
    let options = VerifyOptions {
        signatures: !args.no_signatures,
        pages: true,
        checkpoint: checkpoint.map(|text| KeptCheckpoint { text, signer }),
    };
    let report = verify(&args.file, &options).map_err(|error| Failure::file(&args.file, &error))?;
    let value = value(&report);
    printer.either(&value, || text(&report))?;
    if report.is_clean() {
        return Ok(());
    }
    Err(Failure::Unverified(format!("{} is not what it should be", args.file.display())))
}

/// `NAME:KEY` of the checkpoint's signer.
fn signer(text: &str) -> Result<(String, VerifyingKey), Failure> {
    let mut bytes = [0; 32];
    let split = text.rsplit_once(':').filter(|(_, key)| parse_hex(key, &mut bytes));
    let key = VerifyingKey::from_bytes(&bytes).ok();
    match (split, key) {
        (Some((name, _)), Some(key)) => Ok((name.to_owned(), key)),
        _ => Err(Failure::Input(format!(
            "{text:?} is no signer: write NAME:KEY, the key as 64 hex digits"
        ))),
    }
}

fn sections(report: &VerifyReport) -> [(&'static str, &Findings); 3] {
    [("integrity", &report.integrity), ("books", &report.books), ("rules", &report.rules)]
}

fn value(report: &VerifyReport) -> Value {
    let findings = |found: &Findings| {
        let list = found
            .list()
            .iter()
            .map(|f| json!({ "first": f.first, "last": f.last, "detail": f.detail }));
        json!({ "ok": found.is_empty(), "findings": list.collect::<Vec<_>>(), "omitted": found.omitted() })
    };
    let mut value = json!({
        "schema": "backstop.verify.v1",
        "ok": report.is_clean(),
        "records": report.size,
        "root": report.root,
        "state_hash": report.state_hash,
    });
    for (name, found) in sections(report) {
        value[name] = findings(found);
    }
    let ranges = report.ranges.iter().map(|range| {
        json!({ "rules": range.rules, "first": range.first, "last": range.last, "decided_again": range.checked })
    });
    value["rules"]["versions"] = ranges.collect();
    value
}

fn text(report: &VerifyReport) -> String {
    let mut text = format!(
        "records     {}\nroot        {}\nstate hash  {}\n",
        report.size, report.root, report.state_hash
    );
    for (name, found) in sections(report) {
        let word = if found.is_empty() { "sound" } else { "WRONG" };
        text.push_str(&format!("{name:11} {word}\n"));
        for finding in found.list() {
            text.push_str(&format!("  {finding}\n"));
        }
        if found.omitted() > 0 {
            text.push_str(&format!("  and {} more\n", found.omitted()));
        }
    }
    for range in report.ranges.iter().filter(|range| !range.checked) {
        text.push_str(&format!(
            "  records {} to {} follow rules {}, which this program does not know: not decided again, use a newer one\n",
            range.first, range.last, range.rules
        ));
    }
    text
}
