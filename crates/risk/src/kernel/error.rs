//! Why a kernel refuses its input or ends early.

/// Why a kernel refuses its input or ends early.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KernelError {
    /// A number that is none, or outside its range.
    #[error("{what} {at} is {got}, it must be {range}")]
    Range {
        /// Of what.
        what: &'static str,
        /// Its place, from 0.
        at: usize,
        /// What it is.
        got: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A list of another length than what it goes with.
    #[error("{what}: {got} given, {want} needed")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there must be.
        want: usize,
    },
    /// More of something than a kernel counts.
    #[error("{what}: {got} given, at most {most} fit; split the run")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many fit.
        most: usize,
    },
    /// Nothing to work on.
    #[error("no {0}: give at least one")]
    Nothing(&'static str),
    /// The caller's watch said to stop.
    #[error("stopped by the caller after {done} of {total} blocks")]
    Stopped {
        /// Blocks that were done.
        done: u64,
        /// Blocks that there were.
        total: u64,
    },
}

/// Checks that every number is finite and no larger than what leaves room for sums of 2²⁴ of them.
pub(super) fn finite(what: &'static str, values: &[f64]) -> Result<(), KernelError> {
    match values.iter().position(|value| !fits(*value)) {
        None => Ok(()),
        Some(at) => {
            let got = values.get(at).copied().unwrap_or(f64::NAN);
            Err(KernelError::Range { what, at, got, range: "a number of at most 1e150" })
        }
    }
}

/// Largest amount, so that neither a product nor a sum of such overflows.
const MOST: f64 = 1e150;

/// Whether it is a number, and not too large; what is no number fails the comparison.
pub(super) fn fits(value: f64) -> bool {
    value.abs() <= MOST
}
