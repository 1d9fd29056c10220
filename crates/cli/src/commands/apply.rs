//! `apply`: commands from a file or standard input, durably.

use crate::{
    args::ApplyArgs,
    exit::Failure,
    files,
    ledger::{PATIENCE, engine_failure},
    printer::Printer,
};
use backstop_api::{event_json, problem};
use backstop_core::{Command, Reject};
use backstop_engine::{Clock, Engine, Options, SystemClock, ids::uuid7};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &ApplyArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let text = files::read(&args.file)?;
    let commands = parse(&text, &args.file)?;
    let engine =
        Engine::open(db, Options::default()).map_err(|error| engine_failure(db, &error))?;
    let done = send(&engine, commands, args, printer);
    drop(engine);
    match done? {
        None => Ok(()),
        Some(reject) => Err(reject.into()),
    }
}

/// Sends one after the other; the first refusal ends it, unless told to go on.
fn send(
    engine: &Engine,
    commands: Vec<Command>,
    args: &ApplyArgs,
    printer: &Printer,
) -> Result<Option<Reject>, Failure> {
    let mut first = None;
    for command in commands {
        let (id, word) = (command.id, command.body.word());
        let answer = if args.dry_run { engine.dry_run(&command) } else { engine.call(command) };
        let line = match &answer {
            Ok(receipt) => {
                // Names in events may be as new as the command itself.
                if !args.dry_run {
                    engine
                        .wait_for(receipt.seq, PATIENCE)
                        .map_err(|error| Failure::Environment(error.to_string()))?;
                }
                let events: Vec<Value> = engine.read(|state| {
                    receipt.events.iter().map(|event| event_json(event, state)).collect()
                });
                json!({ "id": id, "command": word, "seq": receipt.seq, "time": receipt.time,
                        "replayed": receipt.replayed, "dry_run": args.dry_run, "events": events })
            }
            Err(reject) => json!({ "id": id, "command": word, "reject": problem(reject) }),
        };
        printer.text(&format!("{line}\n"))?;
        if let Err(reject) = answer {
            first.get_or_insert(reject);
            if !args.keep_going {
                break;
            }
        }
    }
    Ok(first)
}

/// One command a line, or an array of them; one without an id gets a new one.
fn parse(text: &str, path: &Path) -> Result<Vec<Command>, Failure> {
    let told = |at: &str, error: &dyn std::fmt::Display| {
        Failure::Input(format!("{}{at}: {error}", path.display()))
    };
    let now = SystemClock::default().now();
    if text.trim_start().starts_with('[') {
        let items: Vec<Value> = serde_json::from_str(text).map_err(|error| told("", &error))?;
        let numbered = (0u64..).zip(items);
        return numbered
            .map(|(at, item)| {
                command(item, uuid7(now, at))
                    .map_err(|e| told(&format!(", command {}", at + 1), &e))
            })
            .collect();
    }
    let lines = (0u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let line_number = format!(", line {}", at + 1);
            let item = serde_json::from_str(line).map_err(|error| told(&line_number, &error))?;
            command(item, uuid7(now, at)).map_err(|error| told(&line_number, &error))
        })
        .collect()
}

fn command(mut item: Value, id: backstop_units::Label) -> Result<Command, serde_json::Error> {
    if let Value::Object(fields) = &mut item {
        fields.entry("id").or_insert_with(|| Value::String(id.to_string()));
    }
    serde_json::from_value(item)
}
