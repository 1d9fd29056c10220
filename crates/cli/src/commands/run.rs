//! `run`: a scenario file in memory or as a journal, through the same engine as `serve` will use.

use crate::{
    args::RunArgs,
    exit::Failure,
    files::{self, Unfinished},
    ledger::{Durable, engine_failure},
    printer::Printer,
};
use backstop_api::{Format, HostError, Scenario};
use backstop_engine::EngineError;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &RunArgs, printer: &Printer) -> Result<(), Failure> {
    let text = files::read(&args.file)?;
    let scenario = Scenario::parse(&text, Format::of(&args.file))
        .map_err(|fault| Failure::text(&args.file, fault))?;
    // Books are written from a journal: the one that is kept, or one that goes with the run.
    let passing = args.keep.is_none() && args.books.is_some();
    let scratch = passing.then(scratch).transpose()?;
    let scratch_journal = scratch.as_ref().map(|scratch| scratch.path().join("journal.db"));
    let journal = args.keep.clone().or(scratch_journal);
    let mut host = Durable::create(journal.as_deref(), scenario.genesis(), scenario.start)
        .map_err(|error| not_begun(&scenario, args, journal.as_deref(), &error))?;
    let outcome = backstop_api::run(&scenario, &mut host).map_err(|error| match error {
        HostError::Reject(reject) => Failure::Rejected(reject),
        HostError::Broken(what) => Failure::Environment(what),
    })?;
    drop(host);
    if let (Some(books), Some(journal)) = (&args.books, &journal) {
        files::write(books, |out| super::export::ledger_of(journal, out))?;
    }
    let value = json!({ "schema": "backstop.run.v1", "title": scenario.title, "steps": outcome.steps, "books": outcome.books });
    printer.either(&value, || text_of(&value))?;
    match outcome.unmet.first() {
        None => Ok(()),
        Some((step, what)) => {
            let count = outcome.unmet.len();
            let place = scenario.step_place(step - 1);
            let at = place.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
            Err(Failure::Unverified(format!(
                "{}{at}: {count} expectations not met; the first at step {step}: {what}",
                args.file.display()
            )))
        }
    }
}

/// A folder that goes when the run ends.
fn scratch() -> Result<Unfinished, Failure> {
    let folder = std::env::temp_dir().join(format!("backstop-run-{}", std::process::id()));
    Unfinished::folder(folder)
}

/// Why the scenario's ledger could not be begun, with the place of the setup command at fault.
fn not_begun(
    scenario: &Scenario,
    args: &RunArgs,
    journal: Option<&Path>,
    error: &EngineError,
) -> Failure {
    if let EngineError::Genesis { step, halt } = error
        && let Some(fault) = scenario.setup_fault(*step, halt)
    {
        return Failure::text(&args.file, fault);
    }
    engine_failure(journal.unwrap_or(&args.file), error)
}

fn text_of(value: &Value) -> String {
    let mut text = format!("{}\n\n", value["title"].as_str().unwrap_or_default());
    for step in value["steps"].as_array().into_iter().flatten() {
        let what = match (&step["reject"], &step["result"], &step["events"]) {
            (Value::Object(reject), ..) => {
                format!(
                    "refused on line {}: {} (got {}, limit {})",
                    step["line"],
                    reject["code"].as_str().unwrap_or_default(),
                    plain(&reject["got"]),
                    plain(&reject["limit"])
                )
            }
            (_, Value::Object(result), _) => short(&Value::Object(result.clone())),
            (_, _, Value::Array(events)) => {
                events.iter().map(short).collect::<Vec<_>>().join("\n      ")
            }
            _ => String::new(),
        };
        let command = step["command"].as_str().unwrap_or("query");
        text.push_str(&format!(
            "{:>3}  {} {command}\n      {what}\n",
            step["step"],
            plain(&step["at"])
        ));
    }
    text.push_str("\nclosing books (atoms)\n");
    for account in value["books"]["accounts"].as_array().into_iter().flatten() {
        if account["balance"] != "0" {
            text.push_str(&format!(
                "  {:>24} {:6} {} {}\n",
                plain(&account["balance"]),
                plain(&account["side"]),
                plain(&account["asset"]),
                account["account"]
            ));
        }
    }
    text.push_str(&format!("state hash {}\n", plain(&value["books"]["state_hash"])));
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// One line: what is not zero or empty.
fn short(value: &Value) -> String {
    let Value::Object(fields) = value else { return plain(value) };
    let kept = fields.iter().filter(|(_, v)| !v.is_null() && **v != "0" && **v != json!([]));
    kept.map(|(key, v)| if key == "type" { plain(v) } else { format!("{key}={}", plain(v)) })
        .collect::<Vec<_>>()
        .join(" ")
}
