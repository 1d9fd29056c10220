//! Scenario files: a preset, opening balances, timed steps, expectations. JSON or TOML.

use crate::{
    Format, Preset, Query,
    source::{Fault, Node, Place, Source, Wrong},
};
use backstop_core::{
    Body, Genesis, Halt,
    command::{Approvals, Opening, OpeningAccount},
};
use backstop_units::{Amount, Label, Span, Timestamp};
use serde::Deserialize;

/// A scenario, and where its parts stand in its file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows.
    pub title: String,
    /// The first moment.
    pub start: Timestamp,
    /// What happens.
    pub steps: Vec<Step>,
    genesis: Genesis,
    text: String,
    /// Where each step begins.
    step_starts: Vec<usize>,
    /// Where each setup command of the genesis begins; none for those of a named preset.
    setup_starts: Vec<Option<usize>>,
}

/// A scenario as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    title: String,
    #[serde(default)]
    preset: Option<String>,
    #[serde(default)]
    config: Option<Preset>,
    #[serde(default)]
    setup: Vec<Body>,
    #[serde(default = "start")]
    start: Timestamp,
    #[serde(default)]
    opening: Vec<OpeningBalance>,
    steps: Vec<Step>,
}

/// One opening balance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningBalance {
    account: OpeningAccount,
    asset: Label,
    amount: Amount,
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

fn start() -> Timestamp {
    Timestamp::from_ms(1_735_689_600_000)
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`Fault`] with line and column.
    pub fn parse(text: &str, format: Format) -> Result<Self, Fault> {
        let source = Source(text);
        let root = source.read(format)?;
        let written: Written = source.convert(&root)?;
        let step_starts = root.starts("steps");
        for (step, start) in written.steps.iter().zip(&step_starts) {
            step.check().map_err(|wrong| source.fault(wrong, *start))?;
        }
        let (genesis, setup_starts) = genesis(written.preset, written.config, &root)
            .map_err(|wrong| source.fault(wrong, root.span.start))?;
        let mut scenario = Self {
            title: written.title,
            start: written.start,
            steps: written.steps,
            genesis,
            text: text.to_owned(),
            step_starts,
            setup_starts,
        };
        scenario.begin_with(written.setup, &root.starts("setup"));
        let opening = written.opening.into_iter().map(OpeningBalance::body).collect();
        scenario.begin_with(opening, &root.starts("opening"));
        Ok(scenario)
    }

    fn begin_with(&mut self, bodies: Vec<Body>, starts: &[usize]) {
        self.genesis.setup.extend(bodies);
        self.setup_starts.extend(starts.iter().copied().map(Some));
    }

    /// The genesis of the scenario's ledger, with opening balances allowed.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Where a step stands, counted from zero.
    pub fn step_place(&self, step: usize) -> Option<Place> {
        self.step_starts.get(step).map(|start| Source(&self.text).place(*start))
    }

    /// What to say when setup command `at` of the genesis, counted from zero, was refused: the reject
    /// with its place, if the command stands in this file and not in a named preset.
    pub fn setup_fault(&self, at: usize, halt: &Halt) -> Option<Fault> {
        let start = self.setup_starts.get(at).copied().flatten()?;
        let Halt::Reject(reject) = halt else { return None };
        let (code, problem) = (reject.code, crate::problem(reject));
        let told = |field: &str| problem[field].as_str().unwrap_or("nothing").to_owned();
        let wrong = Wrong {
            got: Some(told("got")),
            hint: told("hint"),
            ..Wrong::of(format!("refused, {} ({}): {}", code.name(), code.number(), code.what()))
                .expecting(format!("limit {}", told("limit")))
        };
        Some(Source(&self.text).fault(wrong, start))
    }
}

/// The rules' own genesis, and where its setup commands stand.
fn genesis(
    name: Option<String>,
    config: Option<Preset>,
    root: &Node,
) -> Result<(Genesis, Vec<Option<usize>>), Wrong> {
    let place = |field: &str| root.get(field).map(|node| node.span.clone()).unwrap_or_default();
    let (preset, starts) = match (config, name) {
        (Some(config), None) => {
            let starts =
                root.get("config").map(|config| config.starts("setup")).unwrap_or_default();
            (config, starts.into_iter().map(Some).collect())
        }
        (None, Some(name)) => {
            let preset =
                Preset::named(&name).map_err(|error| error.wrong().at(&place("preset")))?;
            let count = preset.setup.len();
            (preset, vec![None; count])
        }
        (None, None) => {
            let wrong = Wrong::of("no rules: neither `preset` nor `config`");
            return Err(wrong.expecting("one of them, such as preset = \"backstop\""));
        }
        (Some(_), Some(_)) => {
            let wrong = Wrong::of("two sets of rules: both `preset` and `config`");
            return Err(wrong.expecting("one of them").at(&place("preset")));
        }
    };
    let mut genesis = preset.genesis(Label::parse("scenario").unwrap_or_default());
    genesis.limits.sandbox = true;
    Ok((genesis, starts))
}

impl OpeningBalance {
    fn body(self) -> Body {
        let Self { account, asset, amount } = self;
        Body::Opening(Opening { account, asset, amount })
    }
}

impl Step {
    fn check(&self) -> Result<(), Wrong> {
        let wrong = |what: &str, expected: &str| Err(Wrong::of(what).expecting(expected));
        match (&self.command, &self.query) {
            (Some(_), Some(_)) => wrong("a step with both a command and a query", "one of them"),
            (None, None) => wrong("a step with neither a command nor a query", "one of them"),
            (Some(_), None) if self.actor.is_none() => {
                wrong("a command without an actor", "`actor`, the label of who sends it")
            }
            (None, Some(_)) if self.dry_run => {
                wrong("a dry run of a query, which records nothing anyway", "no `dry_run`")
            }
            _ if self.at.is_some() && self.after.is_some() => {
                wrong("a step with both `at` and `after`", "one of them, or neither")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, format: Format) -> Fault {
        Scenario::parse(text, format).err().unwrap_or_else(|| panic!("read: {text}"))
    }

    /// Line and column of the character before which `@` stands, and the text without it.
    fn marked(text: &str) -> (String, Place) {
        let (before, _) = text.split_once('@').unwrap();
        let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        (text.replacen('@', "", 1), Place { line, column })
    }

    /// What is wrong begins at `@`.
    const TOML: &[(&str, &str)] = &[
        ("steps = [@\n", "not TOML"),
        ("preset = \"kana\"\n@stepz = []\nsteps = []", "unknown field `stepz`"),
        ("[[steps]]\nactor = @\"ALICE\"\n", "not a label"),
        ("[[steps]]\nactor = @7\n", "wrong type: a number"),
        ("[[steps]]\ncommand.@explode = {}\n", "unknown word `explode`"),
        ("[[steps]]\ncommand.lapse_ticket = { ticket = @7 }\n", "wrong type"),
        ("[[steps]]\ncommand = @\"stake\"\n", "`stake` without its fields"),
        ("[[steps]]\ncommand = @{ stake = {}, unstake = {} }\n", "not one choice"),
        ("[[steps]]\ncommand.contribute = @{ fund = \"main\" }\n", "field `account` is missing"),
        ("[[steps]]\ncommand.withdraw_excess = { fund = \"main\", amount = @\"1.5\" }\n", ""),
        (
            "[[steps]]\ncommand.withdraw_excess = { fund = \"main\", amount = @1.5 }\n",
            "whole number",
        ),
        ("[[steps]]\ncommand.withdraw_excess = { fund = \"main\", amount = @-1 }\n", "negative"),
        ("[[steps]]\ncommand.withdraw_excess = { fund = \"main\", @amout = 1 }\n", "`amout`"),
        ("[[steps]]\nat = @2025-10-10T21:00:00Z\n", "without quotes"),
        ("[[steps]]\nat = @\"noon\"\n", ""),
        ("[[steps]]\nafter = @\"5x\"\n", ""),
        ("# ä\n@[[steps]]\nactor = \"a\"\n", "neither a command nor a query"),
        ("preset = @\"drift2\"\nsteps = []\n", "no preset"),
        ("@steps = []\n", "no rules"),
        (
            "preset = \"kana\"\nsteps = []\nsetup = [\n { open_account = { label = @\"Ä\" } } ]",
            "not a label",
        ),
        (
            "preset = \"kana\"\nsteps = []\nopening = [{ account = { @pocket = \"a\" }, asset = \"a\", amount = 1 }]",
            "unknown word",
        ),
    ];

    const JSON: &[(&str, &str)] = &[
        ("{\"steps\": [@}", "not JSON"),
        ("{\"steps\": []@", "not JSON: EOF"),
        ("{\n  \"preset\": \"kana\",\n  @\"stepz\": [], \"steps\": [] }", "unknown field `stepz`"),
        ("{\"steps\": [\n  {\"actor\": @\"ALICE\"}\n]}", "not a label"),
        ("{\"steps\": [\n  {\"actor\": @[7]}\n]}", "wrong type: a list"),
        ("{\"steps\": [\n  {\"command\": {@\"explode\": {}}}\n]}", "unknown word `explode`"),
        (
            "{\"steps\": [\n  {\"command\": {\"contribute\": @{\"fund\": \"main\"}}}\n]}",
            "`account` is missing",
        ),
        (
            "{\"steps\": [\n  {\"command\": {\"withdraw_excess\": {\"amount\": @1e6}}}\n]}",
            "whole number",
        ),
        ("{\"steps\": [\n  {\"command\": {\"withdraw_excess\": {\"amount\": @\"x\"}}}\n]}", ""),
        ("{\"steps\": [\n  {\"actor\": \"a\", @\"actor\": \"b\"}\n]}", "stands twice"),
        ("{\"title\": \"ä\", @\"x\": 1, \"steps\": []}", "unknown field `x`"),
        ("{\"steps\": [\n  @{\"actor\": \"a\"}\n]}", "neither a command nor a query"),
        ("{\"steps\": [], \"preset\": @\"drift2\"}", "no preset"),
        ("@{\"steps\": []}", "no rules"),
        ("@[]", "wrong type: a list"),
        ("{\"steps\": [], @\"steps\": []}", "stands twice"),
    ];

    #[test]
    fn junk_says_where_what_got_and_expected() {
        let formats = [(Format::Toml, TOML), (Format::Json, JSON)];
        for (format, cases) in formats {
            for (text, needle) in cases {
                let (text, place) = marked(text);
                let fault = fault(&text, format);
                assert_eq!(fault.place, place, "{text}\n{fault}");
                assert!(fault.what.contains(needle), "{text}\n{fault}");
                for part in [&fault.what, &fault.got, &fault.expected, &fault.hint] {
                    assert!(!part.is_empty(), "{text}\n{fault:?}");
                }
            }
        }
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_a_hint() {
        let text = "preset = \"kana\"\n[[steps]]\nactor = \"a\"\ncommand.steak = {}\n";
        let words = backstop_core::COMMANDS.len();
        assert_eq!(
            fault(text, Format::Toml).in_file("case.toml"),
            format!(
                "case.toml:4:9: unknown word `steak`\n  |\n4 | command.steak = {{}}\n  |         ^^^^^\n\
                 got `steak`, expected one of {words} words\n\nhint: did you mean `stake`? docs/scenarios.md \
                 has every field and spelling, `backstop reference commands` every command"
            )
        );
        let long = format!(
            "{{\"title\": \"{}\", \"steps\": 7, \"x\": \"{}\"}}",
            "y".repeat(300),
            "z".repeat(300)
        );
        let told = fault(&long, Format::Json).in_file("case.json");
        assert!(told.lines().all(|line| line.chars().count() < 200), "{told}");
        let deep = format!("{{\"steps\": {}", "[".repeat(100_000));
        assert!(fault(&deep, Format::Json).what.contains("not JSON"));
        let deep = format!("{{\"steps\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(fault(&deep, Format::Json).what.contains("nested too deeply"));
    }

    #[test]
    fn a_refused_setup_command_says_where() {
        let text = "preset = \"kana\"\nsteps = []\nopening = [\n  \
                    { account = { reserve = \"main\" }, asset = \"gold\", amount = \"5\" } ]\n";
        let scenario = Scenario::parse(text, Format::Toml).unwrap();
        let (at, halt) = backstop_core::begin(scenario.genesis(), scenario.start).unwrap_err();
        let fault = scenario.setup_fault(at, &halt).unwrap();
        assert_eq!(fault.place, Place { line: 4, column: 3 });
        assert!(fault.what.contains("UNKNOWN_ASSET"), "{fault}");
        assert_eq!(&*fault.got, "gold");
    }
}
