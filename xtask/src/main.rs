//! Project chores, run as `cargo xtask VERB`.
//!
//! Everything that a person or a build machine runs on this repository starts here, so that both run
//! the same thing. `cargo xtask help` lists the verbs; each verb is one row of [`VERBS`].
//!
//! Deliberately not here: anything the product needs at run time. This crate depends on no other crate
//! of the workspace and drives the built binary from outside.

mod bench;
mod books;
mod browser;
mod failure;
mod process;
mod readme;
mod repo;
mod schemathesis;
mod soak;
mod steps;
mod suite;
mod table;
mod tidy;
mod tools;
mod transcript;

use std::process::ExitCode;

use failure::{Failure, Outcome};
use repo::Repo;

/// One verb of `cargo xtask`.
struct Verb {
    name: &'static str,
    about: &'static str,
    run: fn(&Repo, &[String]) -> Outcome,
}

/// Every verb, in the order in which `help` shows them.
const VERBS: &[Verb] = &[
    Verb { name: "help", about: "this list", run: help },
    Verb { name: "test", about: "all checks of a change, under 15 minutes", run: suite::test },
    Verb {
        name: "ci",
        about: "test, then the long property runs, schemathesis and the documents' sessions",
        run: suite::ci,
    },
    Verb {
        name: "soak",
        about: "fuzz every decoder: [--minutes N] each, [--at-once N]",
        run: soak::run,
    },
    Verb {
        name: "tools",
        about: "install the programs of others where that is allowed",
        run: tools::run,
    },
    Verb { name: "tidy", about: "house rules that no compiler checks", run: tidy::run },
    Verb { name: "books", about: "demo and scenarios against hledger and Ledger", run: books::run },
    Verb {
        name: "browser",
        about: "every page in Chromium, and the main tasks",
        run: browser::run,
    },
    Verb {
        name: "schemathesis",
        about: "the HTTP API against its own description: [--binary FILE]",
        run: schemathesis::run,
    },
    Verb {
        name: "readme",
        about: "commands, sessions and pictures of the documents: [BINARY [PAGES]]",
        run: readme::run,
    },
    Verb {
        name: "bench",
        about: "our benches and the peers': arguments pass through",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", arguments),
    };
    let verb = VERBS
        .iter()
        .find(|verb| verb.name == name)
        .ok_or_else(|| Failure::new(format!("no verb `{name}`; try `cargo xtask help`")))?;
    (verb.run)(&Repo::find()?, rest)
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all rows of a table")]
fn help(_: &Repo, _: &[String]) -> Outcome {
    println!("cargo xtask VERB [ARGUMENTS]\n");
    for verb in VERBS {
        println!("  {:<12} {}", verb.name, verb.about);
    }
    Ok(())
}
