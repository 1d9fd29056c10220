//! Which models were fitted to what, and how they did: a file that tells a model from one that only has its name.
//!
//! An entry holds the hash of the very bytes it was fitted to. Whoever uses it hashes what it has; if that is something
//! else the entry is refused, and nothing is forecast.

use super::gate::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The form of the file. A newer one is refused.
pub const FORMAT: u32 = 1;

/// Standard errors on each side at 95 %.
const WIDE: f64 = 1.959_963_984_540_054;

/// A number with the bounds that its estimate has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The estimate.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// One fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The model's name: `har`, `liquidation`.
    pub model: String,
    /// Its version, from 1, given by [`Registry::add`].
    pub version: u32,
    /// SHA-256 of the bytes it was fitted to, in hex.
    pub data: String,
    /// First and last day of the data.
    pub window: (String, String),
    /// Rows fitted.
    pub rows: u64,
    /// Seed of its random numbers; zero where it draws none.
    pub seed: u64,
    /// What was fitted, by name.
    pub parameters: BTreeMap<String, Measured>,
    /// How it did on what it had not seen, by name.
    pub scores: BTreeMap<String, Measured>,
    /// Whether the gate let it in.
    pub accepted: bool,
    /// What the gate said against it.
    pub failures: Vec<String>,
}

/// All entries, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The form of the file.
    pub format: u32,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// Why an entry can't be used or added, or a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file is no registry.
    #[error("the registry is no JSON of this form: {0}")]
    Json(#[from] serde_json::Error),
    /// The file was written by a newer program.
    #[error(
        "the registry has form {got}, this program knows {known}: use the program that wrote it"
    )]
    Newer {
        /// The file's.
        got: u32,
        /// This program's.
        known: u32,
    },
    /// No entry has that name, or none was let in.
    #[error("the registry has no {model} that the gate let in: fit one")]
    Unknown {
        /// The name asked for.
        model: String,
    },
    /// The data are not those of the fit.
    #[error(
        "{model} version {version} was fitted to data with hash {want}, these have {got}: give the same file, or fit again"
    )]
    OtherData {
        /// The entry's name.
        model: String,
        /// Its version.
        version: u32,
        /// The entry's hash.
        want: String,
        /// That of what was given.
        got: String,
    },
    /// An entry without a parameter that its model needs.
    #[error(
        "{model} version {version} has no parameter {name}: it is another program's, or was changed by hand"
    )]
    Lacks {
        /// The entry's name.
        model: String,
        /// Its version.
        version: u32,
        /// The parameter.
        name: String,
    },
    /// A number that is none.
    #[error(
        "{model}: {name} is {got}: every parameter and score must be a finite number within its bounds"
    )]
    NotFinite {
        /// The entry's name.
        model: String,
        /// Which number.
        name: String,
        /// What it is.
        got: f64,
    },
    /// Two entries have one name and version, or versions do not rise from 1.
    #[error("{model} has version {version} where {want} follows: the file was changed by hand")]
    Versions {
        /// The name.
        model: String,
        /// The version found.
        version: u32,
        /// The one that follows.
        want: u32,
    },
}

/// The hash of data, as entries hold it.
pub fn hash(data: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(data) {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('?'));
        }
    }
    text
}

impl Entry {
    /// An entry not added yet, with what the gate said.
    pub fn new(model: &str, data: &[u8], window: (String, String), verdict: &Verdict) -> Self {
        let scores = verdict.figures.iter().flat_map(|figure| {
            let (low, high) = figure.difference;
            let apart = figure.challenger - figure.baseline;
            [
                (format!("{} less baseline", figure.name), Measured { value: apart, low, high }),
                (figure.name.clone(), Measured::exact(figure.challenger)),
                (format!("{} of baseline", figure.name), Measured::exact(figure.baseline)),
            ]
        });
        Self {
            model: model.to_owned(),
            version: 0,
            data: hash(data),
            window,
            rows: 0,
            seed: 0,
            parameters: BTreeMap::new(),
            scores: scores.collect(),
            accepted: verdict.passes(),
            failures: verdict.failures().into_iter().map(str::to_owned).collect(),
        }
    }

    /// Checks that data are those of the fit.
    ///
    /// # Errors
    /// [`RegistryError::OtherData`].
    pub fn check_data(&self, data: &[u8]) -> Result<(), RegistryError> {
        let got = hash(data);
        if got == self.data {
            return Ok(());
        }
        let (model, version, want) = (self.model.clone(), self.version, self.data.clone());
        Err(RegistryError::OtherData { model, version, want, got })
    }

    /// One parameter.
    ///
    /// # Errors
    /// [`RegistryError::Lacks`].
    pub fn parameter(&self, name: &str) -> Result<Measured, RegistryError> {
        let lacks = || RegistryError::Lacks {
            model: self.model.clone(),
            version: self.version,
            name: name.to_owned(),
        };
        self.parameters.get(name).copied().ok_or_else(lacks)
    }

    fn check_numbers(&self) -> Result<(), RegistryError> {
        for (name, number) in self.parameters.iter().chain(&self.scores) {
            let Measured { value, low, high } = *number;
            let fine = [value, low, high].iter().all(|part| part.is_finite());
            if !(fine && low <= value && value <= high) {
                let (model, name) = (self.model.clone(), name.clone());
                return Err(RegistryError::NotFinite { model, name, got: value });
            }
        }
        Ok(())
    }
}

impl Measured {
    /// A number without uncertainty of its own.
    pub const fn exact(value: f64) -> Self {
        Self { value, low: value, high: value }
    }

    /// The standard error that [`Measured::of_error`] made the bounds of.
    pub fn error(&self) -> f64 {
        (self.high - self.value) / WIDE
    }

    /// An estimate with the bounds at 95 % of a normal with this standard error.
    pub fn of_error(value: f64, error: f64) -> Self {
        let reach = WIDE * error.abs();
        Self { value, low: value - reach, high: value + reach }
    }
}

impl Registry {
    /// An empty registry.
    pub const fn new() -> Self {
        Self { format: FORMAT, entries: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`RegistryError`]: no JSON, a newer form, versions or numbers that [`Registry::add`] would not have written.
    pub fn from_json(text: &str) -> Result<Self, RegistryError> {
        let found: Self = serde_json::from_str(text)?;
        if found.format > FORMAT {
            return Err(RegistryError::Newer { got: found.format, known: FORMAT });
        }
        let mut last: BTreeMap<&str, u32> = BTreeMap::new();
        for entry in &found.entries {
            let version = last.entry(&entry.model).or_default();
            *version = version.saturating_add(1);
            if entry.version != *version {
                let (model, got) = (entry.model.clone(), entry.version);
                return Err(RegistryError::Versions { model, version: got, want: *version });
            }
            entry.check_numbers()?;
        }
        Ok(found)
    }

    /// The file: the same entries give the same bytes.
    ///
    /// # Errors
    /// [`RegistryError::Json`].
    pub fn to_json(&self) -> Result<String, RegistryError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Adds an entry and gives its version: one more than the last of its name.
    ///
    /// # Errors
    /// [`RegistryError::NotFinite`].
    pub fn add(&mut self, mut entry: Entry) -> Result<u32, RegistryError> {
        entry.check_numbers()?;
        let of_name = self.entries.iter().filter(|known| known.model == entry.model);
        let version = of_name.map(|known| known.version).max().unwrap_or(0).saturating_add(1);
        entry.version = version;
        self.entries.push(entry);
        Ok(version)
    }

    /// The newest entry of a name that the gate let in.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`].
    pub fn newest(&self, model: &str) -> Result<&Entry, RegistryError> {
        let of_name = |entry: &&Entry| entry.model == model && entry.accepted;
        let unknown = || RegistryError::Unknown { model: model.to_owned() };
        self.entries.iter().rfind(of_name).ok_or_else(unknown)
    }

    /// The newest accepted entry of a name, if it was fitted to these data.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], [`RegistryError::OtherData`].
    pub fn usable(&self, model: &str, data: &[u8]) -> Result<&Entry, RegistryError> {
        let entry = self.newest(model)?;
        entry.check_data(data)?;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::gate::Judged;

    fn verdict(failure: Option<&str>) -> Verdict {
        Verdict {
            figures: vec![Judged {
                name: "QLIKE".into(),
                challenger: 0.2,
                baseline: 0.3,
                difference: (-0.15, -0.05),
                p_value: 0.001,
                steps: 500,
                failure: failure.map(str::to_owned),
            }],
        }
    }

    fn entry(data: &[u8], failure: Option<&str>) -> Entry {
        let window = ("2020-01-01".to_owned(), "2024-12-31".to_owned());
        let mut entry = Entry::new("har", data, window, &verdict(failure));
        entry.parameters.insert("day".into(), Measured::of_error(0.334, 0.03));
        entry
    }

    #[test]
    fn a_registry_comes_back_from_its_file() {
        let mut registry = Registry::new();
        assert_eq!(registry.add(entry(b"one", None)).unwrap(), 1);
        assert_eq!(registry.add(entry(b"two", Some("QLIKE: not better"))).unwrap(), 2);
        let text = registry.to_json().unwrap();
        let again = Registry::from_json(&text).unwrap();
        assert_eq!(again, registry);
        assert_eq!(again.to_json().unwrap(), text);
        // The second was not let in, so the first is used, and only with its own data.
        assert_eq!(again.usable("har", b"one").unwrap().version, 1);
        let refused = again.usable("har", b"two").unwrap_err();
        assert!(matches!(refused, RegistryError::OtherData { version: 1, .. }), "{refused}");
        assert!(matches!(again.usable("svm", b"one"), Err(RegistryError::Unknown { .. })));
        // SHA-256 of nothing, as published.
        assert!(hash(b"").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }

    #[test]
    fn files_that_were_changed_are_refused() {
        let mut registry = Registry::new();
        registry.add(entry(b"one", None)).unwrap();
        let text = registry.to_json().unwrap();
        let with = |from: &str, to: &str| Registry::from_json(&text.replace(from, to));
        assert!(matches!(with("\"format\": 1", "\"format\": 2"), Err(RegistryError::Newer { .. })));
        assert!(matches!(
            with("\"version\": 1", "\"version\": 3"),
            Err(RegistryError::Versions { .. })
        ));
        assert!(matches!(with("\"rows\": 0", "\"rows\": null"), Err(RegistryError::Json(_))));
        assert!(matches!(with("\"seed\": 0", "\"sead\": 0"), Err(RegistryError::Json(_))));
        assert!(matches!(with("0.334", "9.0"), Err(RegistryError::NotFinite { .. })));
        let mut bad = entry(b"one", None);
        bad.scores.insert("Brier".into(), Measured::exact(f64::NAN));
        assert!(matches!(registry.add(bad), Err(RegistryError::NotFinite { .. })));
    }
}
