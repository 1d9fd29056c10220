//! What an axis says.

use super::number::Numbers;

/// Whether steps of an axis add or multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps add.
    Linear,
    /// Equal steps multiply; what is not above zero has no place.
    Log,
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What stands on it, with its unit.
    pub name: String,
    /// How its figures are written.
    pub numbers: Numbers,
    /// Whether its steps add or multiply.
    pub scale: Scale,
    /// Whether zero is on it, come what may; for lengths that are compared.
    pub zero: bool,
    /// Words in place of numbers at 0, 1, 2, …; none: it has numbers.
    pub labels: Vec<String>,
}

impl Axis {
    /// An axis whose steps add.
    pub fn linear(name: impl Into<String>, numbers: Numbers) -> Self {
        let (scale, zero, labels) = (Scale::Linear, false, Vec::new());
        Self { name: name.into(), numbers, scale, zero, labels }
    }

    /// The same with zero on it.
    #[must_use]
    pub fn with_zero(self) -> Self {
        Self { zero: true, ..self }
    }

    /// An axis whose steps multiply.
    pub fn log(name: impl Into<String>, numbers: Numbers) -> Self {
        Self { scale: Scale::Log, ..Self::linear(name, numbers) }
    }

    /// An axis of words at 0, 1, 2, …, such as days.
    pub fn labelled(name: impl Into<String>, labels: Vec<String>) -> Self {
        Self { labels, ..Self::linear(name, Numbers::Count) }
    }
}
