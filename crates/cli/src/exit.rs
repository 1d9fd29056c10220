//! Exit codes, and how a failure is told: what, why, and a hint.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | refused by a rule, or warnings where `--strict` allows none |
//! | 2 | wrong usage, or an input file that can't be read as what it should be |
//! | 3 | verification found something wrong |
//! | 4 | a file or the machine failed, or a newer format |
//! | 130 | interrupted |

use crate::printer::Printer;
use backstop_api::{Fault, problem};
use backstop_core::Reject;
use serde_json::json;
use std::{
    error::Error,
    io::{self, ErrorKind},
    path::Path,
    process::ExitCode,
};

/// Why a verb did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A rule refused.
    Rejected(Reject),
    /// The input is not what it should be.
    Input(String),
    /// A text file is not what it should be, at one place.
    Text {
        /// The file's name.
        file: String,
        /// What is wrong, and where.
        fault: Box<Fault>,
    },
    /// Warnings were found, and were to be none; they are printed already.
    Warned(String),
    /// Verification found something; the report is printed already.
    Unverified(String),
    /// A file or the machine failed.
    Environment(String),
}

impl Failure {
    /// A failure of a file, with its name and all that is known of the cause.
    pub(crate) fn file(path: &Path, error: &(dyn Error + 'static)) -> Self {
        Self::Environment(format!("{}: {}{}", path.display(), chain(error), advice(error)))
    }

    /// A failure of the machine that no file of ours is behind.
    pub(crate) fn machine(error: &(dyn Error + 'static)) -> Self {
        Self::Environment(format!("{}{}", chain(error), advice(error)))
    }

    /// With the name of the file, if the failure is of the environment and does not have it yet.
    pub(crate) fn of(self, path: &Path) -> Self {
        let name = path.display().to_string();
        match self {
            Self::Environment(what) if !what.contains(&name) => {
                Self::Environment(format!("{name}: {what}"))
            }
            other => other,
        }
    }

    /// A fault in a text file.
    pub(crate) fn text(path: &Path, fault: Fault) -> Self {
        Self::Text { file: path.display().to_string(), fault: Box::new(fault) }
    }

    /// With what to do next in place of any other hint.
    pub(crate) fn hinting(self, hint: &str) -> Self {
        match self {
            Self::Environment(what) => {
                let what = what.split("\n\nhint: ").next().unwrap_or_default();
                Self::Environment(format!("{what}\n\nhint: {hint}"))
            }
            other => other,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Rejected(_) | Self::Warned(_) => 1,
            Self::Input(_) | Self::Text { .. } => 2,
            Self::Unverified(_) => 3,
            Self::Environment(_) => 4,
        }
    }

    /// Tells the failure on standard error, as JSON where that was asked for.
    pub(crate) fn report(&self, printer: &Printer) -> ExitCode {
        let code = self.code();
        if printer.is_json() {
            let what = match self {
                Self::Rejected(reject) => problem(reject),
                Self::Text { file, fault } => fault.json(file),
                Self::Input(what)
                | Self::Warned(what)
                | Self::Unverified(what)
                | Self::Environment(what) => {
                    let (title, hint) = what.split_once("\n\nhint: ").unzip();
                    json!({ "title": title.unwrap_or(what), "hint": hint })
                }
            };
            eprintln!("{}", json!({ "error": what, "exit_code": code }));
            return ExitCode::from(code);
        }
        match self {
            Self::Rejected(reject) => {
                eprintln!("refused: {reject}\n\nhint: {}", reject.code.hint());
            }
            Self::Text { file, fault } => eprintln!("error: {}", fault.in_file(file)),
            Self::Input(what)
            | Self::Warned(what)
            | Self::Unverified(what)
            | Self::Environment(what) => {
                eprintln!("error: {what}");
            }
        }
        ExitCode::from(code)
    }
}

/// An error with its causes, none said twice.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !told.contains(&more) {
            told = format!("{told}: {more}");
        }
        cause = error.source();
    }
    told
}

/// What to do next about what the system said, as a paragraph of its own.
fn advice(error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    let mut kind = None;
    while let Some(error) = cause {
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        cause = error.source();
    }
    let hint = match kind {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "free some space there, or name another place"
        }
        Some(ErrorKind::FileTooLarge) => "raise the limit on the size of files (`ulimit -f`)",
        Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            "name a place that you may write, or change who may"
        }
        Some(ErrorKind::NotFound | ErrorKind::NotADirectory) => "check the name",
        Some(ErrorKind::AlreadyExists) => "name another, or move that one away",
        Some(ErrorKind::IsADirectory) => "name a file, not a folder",
        _ => return String::new(),
    };
    format!("\n\nhint: {hint}")
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Self {
        Self::Rejected(reject)
    }
}

/// Tells a usage error, or prints help and version as what they are.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is nobody's fault.
    let _ = error.print();
    let help = matches!(
        error.kind(),
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
    );
    if help { ExitCode::SUCCESS } else { ExitCode::from(2) }
}
