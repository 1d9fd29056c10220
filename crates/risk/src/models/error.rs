//! Why a model can't be fitted or asked.

use crate::{desk::Cancelled, stats::linear::LinearError};

/// Why a model can't be fitted or asked. Nothing here ever comes out as a silent "not a number".
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// Too few observations for what is asked.
    #[error("{what}: {got} observations, at least {least} are needed; {hint}")]
    TooFew {
        /// For what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many are needed.
        least: usize,
        /// What to do instead.
        hint: &'static str,
    },
    /// A number outside its range, or no number.
    #[error("{what} is {got}, it must lie {range}")]
    Range {
        /// Of what.
        what: &'static str,
        /// What it is.
        got: f64,
        /// Where it may lie.
        range: &'static str,
    },
    /// An observation that is no finite number.
    #[error("observation {at} is {got}: every observation must be a finite number")]
    NotFinite {
        /// Its place, from 0.
        at: usize,
        /// What it is.
        got: f64,
    },
    /// All observations are alike.
    #[error("all {got} observations are alike: there is nothing to fit")]
    Constant {
        /// How many.
        got: usize,
    },
    /// A tail so heavy that its mean is infinite.
    #[error(
        "the tail's shape is {shape:.3}, at 1 or above its mean is infinite: state a cap on the loss instead (costs.most)"
    )]
    InfiniteMean {
        /// The shape.
        shape: f64,
    },
    /// No threshold leaves excesses that the tail's distribution describes.
    #[error(
        "none of {tried} thresholds leaves excesses like those of a generalised Pareto distribution (best p-value \
         {best:.3}): use the sample alone with more scenarios, or state a cap on the loss"
    )]
    NoTail {
        /// Thresholds tried.
        tried: usize,
        /// The largest p-value among them.
        best: f64,
    },
    /// Excesses so near an end that the likelihood of a tail has no maximum.
    #[error(
        "the excesses end abruptly: at a shape of {shape:.3}, -0.95 or below, a tail's likelihood has no maximum; use the \
         sample alone, or another threshold"
    )]
    NoMaximum {
        /// The shape at which the search ended.
        shape: f64,
    },
    /// The likelihood has no maximum that the search finds.
    #[error("{what} did not settle after {steps} steps: give more data or another model")]
    Unsettled {
        /// Which fit.
        what: &'static str,
        /// Steps taken.
        steps: usize,
    },
    /// Two series that belong together have different lengths.
    #[error("{what}: {got} values beside {want}, both must have the same number")]
    Unequal {
        /// Which series.
        what: &'static str,
        /// How many it has.
        got: usize,
        /// How many the first has.
        want: usize,
    },
    /// A matrix that is no correlation.
    #[error(
        "row {row}, column {column} is {got}: a correlation matrix has ones on its diagonal, is symmetric and lies \
         between -1 and 1"
    )]
    NotCorrelation {
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// What stands there.
        got: f64,
    },
    /// A matrix or regression can't be used.
    #[error(transparent)]
    Linear(#[from] LinearError),
    /// It was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Checks that there are enough finite observations.
///
/// # Errors
/// [`ModelError::TooFew`], [`ModelError::NotFinite`].
pub(crate) fn checked(
    values: &[f64],
    (what, least, hint): (&'static str, usize, &'static str),
) -> Result<(), ModelError> {
    if values.len() < least {
        return Err(ModelError::TooFew { what, got: values.len(), least, hint });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(ModelError::NotFinite { at, got: values[at] }),
        None => Ok(()),
    }
}

/// Checks that series which belong together have one length, and gives it.
///
/// # Errors
/// [`ModelError::TooFew`] without a series, [`ModelError::Unequal`].
pub(crate) fn alike<S: AsRef<[f64]>>(
    series: &[S],
    what: &'static str,
) -> Result<usize, ModelError> {
    let hint = "give at least one series";
    let Some(first) = series.first() else {
        return Err(ModelError::TooFew { what, got: 0, least: 1, hint });
    };
    let want = first.as_ref().len();
    match series.iter().map(|one| one.as_ref().len()).find(|got| *got != want) {
        Some(got) => Err(ModelError::Unequal { what, got, want }),
        None => Ok(want),
    }
}

/// Checks that a number lies strictly between two others.
///
/// # Errors
/// [`ModelError::Range`].
pub(crate) fn between(
    (what, range): (&'static str, &'static str),
    got: f64,
    (low, high): (f64, f64),
) -> Result<(), ModelError> {
    if got > low && got < high { Ok(()) } else { Err(ModelError::Range { what, got, range }) }
}
