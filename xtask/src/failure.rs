//! The one error of this binary: a sentence for the person who reads the terminal.

use std::fmt;

/// Result of a chore.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a chore did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A sentence that still has to be shown.
    Message(String),
    /// The chore has printed its own summary; only the exit code is left to set.
    Reported,
}

impl Failure {
    /// A failure that says `message`.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Reported => f.write_str("failed, see above"),
        }
    }
}

/// Refuses arguments of a verb that takes none.
pub(crate) fn no_arguments(verb: &str, arguments: &[String]) -> Outcome {
    match arguments.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("`{verb}` takes no arguments, got `{first}`"))),
    }
}
