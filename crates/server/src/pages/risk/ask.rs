//! The what-if form: what it may change, whether that can be run, and how it differs from the settings file.
//!
//! A run takes minutes, so what can only fail is told beside its field before one begins. Ranges are the desk's own.

use crate::pages::view::grouped;
use backstop_risk::{
    desk::{Setup, setup::Generator},
    models::tail::long_enough,
    sizing::{YEAR, optimum::Costs},
};

/// Where a field's value is kept among the settings.
#[derive(Debug)]
enum Slot {
    Real(fn(&mut Setup) -> &mut f64),
    Count(fn(&mut Setup) -> &mut usize),
    Seed,
}

/// A field of the form.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// Unit or range, beside the label.
    pub(super) unit: &'static str,
    /// Its name and unit in a list of changes.
    short: (&'static str, &'static str),
    slot: Slot,
}

/// What the form may change. Everything else is in the settings file.
pub(super) const FIELDS: [Field; 8] = [
    Field {
        name: "fund",
        label: "What the fund holds in all, reserve and stakes together",
        unit: "quote",
        short: ("fund", ""),
        slot: Slot::Real(|setup| &mut setup.fund.size),
    },
    Field {
        name: "income",
        label: "Fee income of a day",
        unit: "quote",
        short: ("income", " a day"),
        slot: Slot::Real(|setup| &mut setup.fund.income_per_day),
    },
    Field {
        name: "scenarios",
        label: "Scenarios",
        unit: "whole number",
        short: ("scenarios", ""),
        slot: Slot::Count(|setup| &mut setup.scenarios.number),
    },
    Field {
        name: "seed",
        label: "Seed",
        unit: "whole number",
        short: ("seed", ""),
        slot: Slot::Seed,
    },
    Field {
        name: "latency",
        label: "From margin call to close",
        unit: "seconds",
        short: ("latency", " s"),
        slot: Slot::Real(|setup| &mut setup.closing.latency_seconds),
    },
    Field {
        name: "jump",
        label: "Part of a step's move that comes at once",
        unit: "0 to 1",
        short: ("jump", ""),
        slot: Slot::Real(|setup| &mut setup.closing.jump_share),
    },
    Field {
        name: "depth",
        label: "Part of calm depth left in a crash",
        unit: "above 0, at most 1",
        short: ("depth", ""),
        slot: Slot::Real(|setup| &mut setup.impact.floor),
    },
    Field {
        name: "uncovered",
        label: "Cost of a unit that is not covered",
        unit: "times the unit",
        short: ("uncovered", ""),
        slot: Slot::Real(|setup| &mut setup.costs.uncovered),
    },
];

/// What is wrong, by the field's name; an empty name where it is no field's.
pub(super) type Faults = Vec<(&'static str, String)>;

impl Field {
    /// Its value in settings, as the form shows it.
    pub(super) fn shown(&self, setup: &Setup) -> String {
        let mut setup = setup.clone();
        match &self.slot {
            Slot::Real(of) => of(&mut setup).to_string(),
            Slot::Count(of) => of(&mut setup).to_string(),
            Slot::Seed => setup.seed.to_string(),
        }
    }

    /// Sets what was entered.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn set(&self, setup: &mut Setup, text: &str) -> Result<(), String> {
        let whole = || format!("`{text}` is no whole number: write digits alone, such as 10000");
        match &self.slot {
            Slot::Seed => setup.seed = text.parse().map_err(|_| whole())?,
            Slot::Count(of) => *of(setup) = text.parse().map_err(|_| whole())?,
            Slot::Real(of) => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                let wrong =
                    || format!("`{text}` is no number: write digits, such as 250000 or 0.25");
                *of(setup) = number.ok_or_else(wrong)?;
            }
        }
        Ok(())
    }

    /// A value as a list of changes shows it.
    fn told(&self, setup: &Setup) -> String {
        let text = self.shown(setup);
        let is_whole = !matches!(self.slot, Slot::Seed) && text.chars().all(|c| c.is_ascii_digit());
        if is_whole { grouped(&text) } else { text }
    }
}

/// Settings with what a form asks for; the rest as they were.
///
/// # Errors
/// All that is wrong with them.
pub(super) fn changed(setup: &Setup, entered: &[(String, String)]) -> Result<Setup, Faults> {
    if let Err(error) = setup.check() {
        return Err(vec![("", error.to_string())]);
    }
    let (mut setup, mut faults) = (setup.clone(), Faults::new());
    for field in &FIELDS {
        let Some((_, text)) = entered.iter().find(|(name, _)| name == field.name) else { continue };
        let mut with = setup.clone();
        // One field after the other: whatever the desk refuses then is this one's doing.
        let set = field.set(&mut with, text.trim());
        match set.and_then(|()| with.check().map_err(|error| error.to_string())) {
            Ok(()) => setup = with,
            Err(fault) => faults.push((field.name, fault)),
        }
    }
    for (name, fault) in too_few(&setup) {
        if !faults.iter().any(|(known, _)| *known == name) {
            faults.push((name, fault));
        }
    }
    if faults.is_empty() { Ok(setup) } else { Err(faults) }
}

/// What asks for more than the settings draw, by the field that the form has.
fn too_few(setup: &Setup) -> Faults {
    let mut faults = Faults::new();
    let level = setup.levels.iter().copied().fold(0.0, f64::max);
    let drawn = setup.scenarios.number;
    if setup.scenarios.generator != Generator::Historical && long_enough(drawn, level).is_err() {
        let told = format!(
            "{drawn} scenarios say nothing of the level {level}, which the settings ask for: two and a half must lie \
             beyond it"
        );
        faults.push(("scenarios", told));
    }
    let costs = Costs { holding: setup.costs.holding, uncovered: setup.costs.uncovered };
    let level = costs.fractile(YEAR).unwrap_or(0.0);
    if level > 0.0 && long_enough(setup.ruin.paths, level).is_err() {
        let (got, years) = (costs.uncovered, setup.ruin.paths);
        let told = format!(
            "with {got} the fund must last {level:.6} of all years, of which {years} are simulated too few: take less, or \
             raise ruin.paths in the settings"
        );
        faults.push(("uncovered", told));
    }
    faults
}

/// What differs between two settings, field by field, in words.
pub(super) fn differences(before: &Setup, after: &Setup) -> Vec<String> {
    let differs = |field: &&Field| field.shown(before) != field.shown(after);
    let told = |field: &Field| {
        let (name, unit) = field.short;
        format!("{name} {} \u{2192} {}{unit}", field.told(before), field.told(after))
    };
    FIELDS.iter().filter(differs).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(name: &str, text: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), text.to_owned())]
    }

    #[test]
    fn what_can_only_fail_is_refused_at_its_field() {
        let setup = Setup::default();
        for (name, text) in [
            ("fund", "-5"),
            ("fund", "1e300"),
            ("fund", "abc"),
            ("fund", "NaN"),
            ("fund", "inf"),
            ("fund", ""),
            ("income", "-1"),
            ("scenarios", "1"),
            ("scenarios", "2499"),
            ("scenarios", "-4"),
            ("scenarios", "1.5"),
            ("seed", "many"),
            ("latency", "-1"),
            ("jump", "2"),
            ("depth", "0"),
            ("depth", "1.1"),
            ("uncovered", "0.01"),
            ("uncovered", "0"),
            ("uncovered", "1000000000"),
            ("uncovered", "100000"),
        ] {
            let faults = changed(&setup, &entered(name, text)).unwrap_err();
            let told: Vec<&str> = faults.iter().map(|(name, _)| *name).collect();
            assert_eq!(told, [name], "{name}={text}: {faults:?}");
            let (_, fault) = &faults[0];
            assert!(text == "1e300" || fault.contains(text), "{fault}");
        }
    }

    #[test]
    fn what_can_be_run_is_taken() {
        let setup = Setup::default();
        for (name, text) in [
            ("fund", "0"),
            ("fund", " 250000.5 "),
            ("income", "0"),
            ("scenarios", "2500"),
            ("seed", "9223372036854775807"),
            ("latency", "0"),
            ("jump", "0"),
            ("jump", "1"),
            ("depth", "1"),
            ("uncovered", "0.5"),
            ("nothing", "of the form"),
        ] {
            assert!(changed(&setup, &entered(name, text)).is_ok(), "{name}={text}");
        }
        let asked = changed(&setup, &entered("depth", "0.01")).unwrap();
        assert_eq!(asked.impact.floor.to_bits(), 0.01_f64.to_bits());
    }

    #[test]
    fn a_change_is_told_and_nothing_else() {
        let mut setup = Setup::default();
        setup.fund.size = 250_000.0;
        assert!(differences(&setup, &setup.clone()).is_empty());
        let form = [("fund", "125000"), ("latency", "600"), ("depth", "0.01"), ("seed", "1")];
        let form: Vec<(String, String)> =
            form.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let asked = changed(&setup, &form).unwrap();
        let told = differences(&setup, &asked);
        let depth = format!("depth {} \u{2192} 0.01", setup.impact.floor);
        let latency = format!("latency {} \u{2192} 600 s", setup.closing.latency_seconds);
        assert_eq!(told, ["fund 250,000 \u{2192} 125,000".to_owned(), latency, depth]);
    }
}
