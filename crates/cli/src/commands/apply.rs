//! `apply`: commands from a file or standard input, durably.

use crate::{
    args::ApplyArgs,
    exit::Failure,
    files,
    ledger::{PATIENCE, engine_failure},
    printer::Printer,
};
use backstop_api::{commands, event_json, problem};
use backstop_core::{Command, Reject};
use backstop_engine::{Clock, Engine, Options, SystemClock, ids::uuid7};
use serde_json::{Value, json};
use std::path::Path;

/// What to do when the journal failed on the way.
const AGAIN: &str = "what was answered is in the journal; mend the cause, then send the rest again \
                     (a command with the same id is never carried out twice)";

pub(crate) fn run(args: &ApplyArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let text = files::read(&args.file)?;
    let now = SystemClock::default().now();
    let commands =
        commands(&text, |at| uuid7(now, at)).map_err(|fault| Failure::text(&args.file, fault))?;
    let engine =
        Engine::open(db, Options::default()).map_err(|error| engine_failure(db, &error))?;
    let done = send(&engine, commands, args, printer);
    if let Some(failure) = engine.failed() {
        return Err(Failure::file(db, failure).hinting(AGAIN));
    }
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
        if answer.is_err() && engine.failed().is_some() {
            break;
        }
        let line = match &answer {
            Ok(receipt) => {
                // Names in events may be as new as the command itself.
                if !args.dry_run {
                    engine
                        .wait_for(receipt.seq, PATIENCE)
                        .map_err(|error| Failure::machine(&error))?;
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
