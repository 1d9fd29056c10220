//! Settings of fee control that stand in for a fund's own.

use backstop_core::policy::ControlPolicy;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// Fields of a [`ControlPolicy`] by the names and in the units that commands give them (`rate_max = 250000` parts per million,
/// `interval_min = "1h"`). What is not named stays as the fund has it; what is named replaces it whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Overrides(toml::Table);

impl Overrides {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in the order of the alphabet.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A policy with these fields in it.
    ///
    /// # Errors
    /// What is wrong with a name or a value; whether the whole can be carried out is for
    /// [`rails::check`](backstop_core::fund::rails::check) to say.
    pub fn over(&self, policy: &ControlPolicy) -> Result<ControlPolicy, serde_json::Error> {
        // As JSON, which has a word for nothing: a policy without a slew limit stays without one.
        let mut all = serde_json::to_value(policy)?;
        for (name, value) in &self.0 {
            if let Some(fields) = all.as_object_mut() {
                fields.insert(name.clone(), serde_json::to_value(value)?);
            }
        }
        serde_json::from_value(all)
    }
}

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = Self(toml::Table::deserialize(from)?);
        read.over(&ControlPolicy::default()).map_err(D::Error::custom)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::{Ppm, Span};

    #[test]
    fn what_is_not_named_stays_as_it_was() {
        let own = ControlPolicy {
            slew: None,
            interval_min: Span::hours(6),
            rate_max: Ppm::new(400_000),
            ..ControlPolicy::default()
        };
        let read = |text: &str| toml::from_str::<Overrides>(text).unwrap();
        assert_eq!(read("").over(&own).unwrap(), own);
        let other = read("rate_max = 120000\nloosen_delay = \"2d\"");
        assert_eq!(other.names(), ["loosen_delay", "rate_max"]);
        let (rate_max, loosen_delay) = (Ppm::new(120_000), Span::days(2));
        assert_eq!(other.over(&own).unwrap(), ControlPolicy { rate_max, loosen_delay, ..own });
    }
}
