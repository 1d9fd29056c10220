//! Scenario files: a preset, opening balances, timed steps, expectations. JSON or TOML.

use crate::{Preset, PresetError, Query};
use backstop_core::{
    Body, Genesis,
    command::{Approvals, Opening, OpeningAccount},
};
use backstop_units::{Amount, Label, Span, Timestamp};
use serde::Deserialize;
use std::path::Path;

/// A scenario as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    #[serde(default)]
    pub title: String,
    /// The preset whose rules hold; `config` takes its place.
    #[serde(default)]
    pub preset: Option<String>,
    /// Rules of its own, in a preset's format.
    #[serde(default)]
    pub config: Option<Preset>,
    /// Further setup after the preset's.
    #[serde(default)]
    pub setup: Vec<Body>,
    /// The first moment.
    #[serde(default = "start")]
    pub start: Timestamp,
    /// Balances posted against `opening` before the first step.
    #[serde(default)]
    pub opening: Vec<OpeningBalance>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One opening balance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningBalance {
    /// Where.
    pub account: OpeningAccount,
    /// Of which asset.
    pub asset: Label,
    /// How many atoms.
    pub amount: Amount,
}

/// One step: a command or a query.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, absolutely.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// When, after the step before.
    #[serde(default)]
    pub after: Option<Span>,
    /// Who sends the command.
    #[serde(default)]
    pub actor: Option<Label>,
    /// The command's id; made from time and position if left out.
    #[serde(default)]
    pub id: Option<Label>,
    /// When it happened at the venue.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// What is asked of the ledger.
    #[serde(default)]
    pub command: Option<Body>,
    /// Signatures.
    #[serde(default)]
    pub approvals: Option<Approvals>,
    /// Answer only, record nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// What is asked of the state.
    #[serde(default)]
    pub query: Option<Query>,
    /// What must come out; the run fails otherwise.
    #[serde(default)]
    pub expect: Option<Expect>,
}

/// What a step must give.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The code of the refusal.
    #[serde(default)]
    pub reject: Option<String>,
    /// Fields that the answer must contain somewhere, each with this value.
    #[serde(default)]
    pub contains: serde_json::Map<String, serde_json::Value>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

/// Why a file is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not readable as JSON or TOML, or a field is wrong; says line and column.
    #[error("{0}")]
    Syntax(String),
    /// Readable, and still wrong.
    #[error("step {step}: {what}")]
    Step {
        /// Counted from one.
        step: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The preset can't be had.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// Neither preset nor config, or both.
    #[error("a scenario needs either `preset` or `config`")]
    NoRules,
}

fn start() -> Timestamp {
    Timestamp::from_ms(1_735_689_600_000)
}

impl Format {
    /// By the file's name: `.json` is JSON, everything else TOML.
    pub fn of(path: &Path) -> Self {
        let json = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Toml }
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`FileError`] with line and column, or the step.
    pub fn parse(text: &str, format: Format) -> Result<Self, FileError> {
        let scenario: Self = match format {
            Format::Json => {
                serde_json::from_str(text).map_err(|e| FileError::Syntax(e.to_string()))?
            }
            Format::Toml => toml::from_str(text).map_err(|e| FileError::Syntax(e.to_string()))?,
        };
        for (at, step) in scenario.steps.iter().enumerate() {
            step.check().map_err(|what| FileError::Step { step: at + 1, what })?;
        }
        Ok(scenario)
    }

    /// The genesis of the scenario's ledger, with opening balances allowed.
    ///
    /// # Errors
    /// [`FileError::Preset`], [`FileError::NoRules`].
    pub fn genesis(&self) -> Result<Genesis, FileError> {
        let preset = match (&self.config, &self.preset) {
            (Some(config), None) => config.clone(),
            (None, Some(name)) => Preset::named(name)?,
            (Some(_), Some(_)) | (None, None) => return Err(FileError::NoRules),
        };
        let mut genesis = preset.genesis(Label::parse("scenario").unwrap_or_default());
        genesis.limits.sandbox = true;
        genesis.setup.extend(self.setup.iter().cloned());
        genesis.setup.extend(self.opening.iter().map(|balance| {
            Body::Opening(Opening {
                account: balance.account,
                asset: balance.asset,
                amount: balance.amount,
            })
        }));
        Ok(genesis)
    }
}

impl Step {
    fn check(&self) -> Result<(), &'static str> {
        match (&self.command, &self.query) {
            (Some(_), Some(_)) => Err("has both a command and a query"),
            (None, None) => Err("has neither a command nor a query"),
            (Some(_), None) if self.actor.is_none() => Err("a command needs an actor"),
            (None, Some(_)) if self.dry_run => {
                Err("a query records nothing anyway; leave dry_run out")
            }
            _ if self.at.is_some() && self.after.is_some() => Err("has both at and after"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_says_where() {
        for (text, format, needle) in [
            ("{\"steps\": [}", Format::Json, "line 1 column 12"),
            (
                "steps = [\n  { actor = \"a\", command = { contribute = { fund = \"main\" } } }\n]",
                Format::Toml,
                "line 2",
            ),
            ("[[steps]]\nactor = \"a\"\n", Format::Toml, "step 1: has neither"),
            ("[[steps]]\nactor = \"ALICE\"\n", Format::Toml, "line 2, column 9"),
            ("[[steps]]\ncommand.explode = {}\n", Format::Toml, "unknown variant `explode`"),
            ("[[steps]]\ncommand.lapse_ticket = { ticket = 7 }\n", Format::Toml, "line 2"),
        ] {
            let error = Scenario::parse(text, format).unwrap_err().to_string();
            assert!(error.contains(needle), "{text:?}: {error}");
        }
    }
}
