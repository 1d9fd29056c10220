//! Exit codes, and how a failure is told: what, why, and a hint.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | refused by a rule |
//! | 2 | wrong usage, or an input file that can't be read as what it should be |
//! | 3 | verification found something wrong |
//! | 4 | a file or the machine failed, or a newer format |
//! | 130 | interrupted |

use crate::printer::Printer;
use backstop_api::problem;
use backstop_core::Reject;
use serde_json::json;
use std::process::ExitCode;

/// Why a verb did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A rule refused.
    Rejected(Reject),
    /// The input is not what it should be.
    Input(String),
    /// Verification found something; the report is printed already.
    Unverified(String),
    /// A file or the machine failed.
    Environment(String),
}

impl Failure {
    /// A failure of a file, with its name.
    pub(crate) fn file(path: &std::path::Path, error: &dyn std::fmt::Display) -> Self {
        Self::Environment(format!("{}: {error}", path.display()))
    }

    fn code(&self) -> u8 {
        match self {
            Self::Rejected(_) => 1,
            Self::Input(_) => 2,
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
                Self::Input(what) | Self::Unverified(what) | Self::Environment(what) => {
                    json!({ "title": what })
                }
            };
            eprintln!("{}", json!({ "error": what, "exit_code": code }));
            return ExitCode::from(code);
        }
        match self {
            Self::Rejected(reject) => {
                eprintln!("refused: {reject}\n\nhint: {}", reject.code.hint());
            }
            Self::Input(what) | Self::Unverified(what) | Self::Environment(what) => {
                eprintln!("error: {what}");
            }
        }
        ExitCode::from(code)
    }
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
