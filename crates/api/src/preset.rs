//! Presets: a venue's rules as a list of setup commands.

use crate::{
    Format,
    source::{Fault, Source, Wrong},
};
use backstop_core::{Body, Genesis, RULES_VERSION, policy::Limits};
use backstop_units::Label;
use serde::Deserialize;

/// The presets inside the binary: name and TOML text.
pub const PRESETS: &[(&str, &str)] = &[
    ("backstop", include_str!("../../../presets/backstop.toml")),
    ("drift", include_str!("../../../presets/drift.toml")),
    ("dydx", include_str!("../../../presets/dydx.toml")),
    ("kamino", include_str!("../../../presets/kamino.toml")),
    ("kana", include_str!("../../../presets/kana.toml")),
    ("mango", include_str!("../../../presets/mango.toml")),
    ("marginfi", include_str!("../../../presets/marginfi.toml")),
    ("perp-v2", include_str!("../../../presets/perp-v2.toml")),
    ("umbrella", include_str!("../../../presets/umbrella.toml")),
];

/// A venue's rules: limits, and commands that are carried out at the genesis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name.
    pub name: Label,
    /// One sentence on what it is.
    #[serde(default)]
    pub about: String,
    /// Limits of the ledger.
    #[serde(default)]
    pub limits: Limits,
    /// Carried out in this order.
    pub setup: Vec<Body>,
}

/// Why there is no preset.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PresetError {
    /// Not one of those in the binary.
    #[error("no preset {got:?}: there are {known}")]
    Unknown {
        /// What was asked for.
        got: String,
        /// What there is.
        known: String,
    },
    /// One of those in the binary is not readable: a defect.
    #[error(transparent)]
    Unreadable(#[from] Fault),
}

impl PresetError {
    /// The same, for the text that named the preset.
    pub(crate) fn wrong(self) -> Wrong {
        match self {
            Self::Unknown { got, known } => {
                Wrong::of(format!("no preset {got:?}")).expecting(format!("one of {known}"))
            }
            Self::Unreadable(fault) => Wrong::of(fault.to_string()),
        }
    }
}

impl Preset {
    /// The preset of this name.
    ///
    /// # Errors
    /// [`PresetError::Unknown`] with the names there are.
    pub fn named(name: &str) -> Result<Self, PresetError> {
        if let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) {
            return Ok(Self::parse(text)?);
        }
        let known: Vec<_> = PRESETS.iter().map(|(known, _)| *known).collect();
        Err(PresetError::Unknown { got: name.to_owned(), known: known.join(", ") })
    }

    /// Reads a preset from TOML.
    ///
    /// # Errors
    /// [`Fault`] with line and column.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let source = Source(text);
        source.convert(&source.read(Format::Toml)?)
    }

    /// The genesis of a ledger with these rules.
    pub fn genesis(self, ledger: Label) -> Genesis {
        Genesis {
            ledger,
            rules: RULES_VERSION,
            preset: self.name,
            limits: self.limits,
            setup: self.setup,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Timestamp;

    #[test]
    fn every_preset_begins_a_ledger() {
        for (name, _) in PRESETS {
            let preset = Preset::named(name).unwrap();
            assert_eq!(preset.name.to_string(), *name);
            let genesis = preset.genesis(Label::parse("test").unwrap());
            let (state, events) = backstop_core::begin(&genesis, Timestamp::from_ms(1)).unwrap();
            assert!(events.len() >= genesis.setup.len());
            backstop_core::invariants::check(&state).unwrap();
        }
    }

    #[test]
    fn a_wrong_preset_says_where() {
        let error = Preset::parse("name = \"x\"\n[[setup]]\nopen_account = { labl = \"a\" }\n")
            .unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
        assert!(Preset::named("drift2").unwrap_err().to_string().contains("kana"));
    }
}
