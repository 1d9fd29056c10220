//! The HTTP API against its own description: schemathesis makes requests out of the document that the built binary
//! serves, those that fit it and those that don't, and looks at every answer.
//!
//! What it checks and why stands in `crates/server/tests/schemathesis`. It asks ledgers that scenarios have filled, with a
//! key of an operator, so commands are carried out; each journal is verified afterwards. Without Python the step is left
//! out, and says so.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::process::{capture, cargo, stream, succeeds};
use crate::repo::{Repo, at};
use crate::steps::Skipped;
use crate::table::Table;
use crate::tools;

/// Settings, hooks and the list of packages.
const FOLDER: &str = "crates/server/tests/schemathesis";
/// How often a download is tried.
const ATTEMPTS: usize = 3;

/// A ledger that is asked.
struct Story {
    /// Its name, and that of its folder.
    name: &'static str,
    /// The scenario that fills it.
    scenario: &'static str,
    /// Which of its phases schemathesis goes through: what coverage asks follows from the description alone, so it is
    /// asked of one ledger.
    phases: &'static str,
    /// Requests that fuzzing makes of one operation at most, and walks along links.
    examples: &'static str,
}

/// Ledgers with something behind every read: a fund with stakers and a loss; a vault with its reserve, farm, pool and
/// compensation; a hosted market with positions.
const STORIES: &[Story] = &[
    Story {
        name: "fund",
        scenario: "examples/first-loss.toml",
        phases: "examples,coverage,fuzzing,stateful",
        examples: "40",
    },
    Story {
        name: "vault",
        scenario: "examples/curator.toml",
        phases: "fuzzing,stateful",
        examples: "40",
    },
    Story {
        name: "market",
        scenario: "scenarios/hosted.toml",
        phases: "fuzzing,stateful",
        examples: "20",
    },
];

/// `cargo xtask schemathesis [--binary FILE]`: builds the binary, or takes that one, then asks it.
pub(crate) fn run(repo: &Repo, arguments: &[String]) -> Outcome {
    let binary = match arguments {
        [] => {
            stream(&mut cargo(&repo.root, &["build", "--release"]))?;
            repo.binary()
        }
        [flag, file] if flag == "--binary" => {
            fs::canonicalize(file).map_err(|error| at(Path::new(file), &error))?
        }
        _ => {
            return Err(Failure::new(
                "`cargo xtask schemathesis` takes `--binary FILE` or nothing",
            ));
        }
    };
    let mut skipped = Skipped::new();
    examine(repo, &binary, &mut skipped)?;
    for what in &skipped {
        println!("skipped: {what}");
    }
    Ok(())
}

/// The step of the suite; logs of every request stay in the build folder.
pub(crate) fn step(repo: &Repo, skipped: &mut Skipped) -> Outcome {
    examine(repo, &repo.binary(), skipped)
}

fn examine(repo: &Repo, binary: &Path, skipped: &mut Skipped) -> Outcome {
    if !tools::has_venv() {
        skipped.push("schemathesis: Python 3 with its module venv is not installed".to_owned());
        return Ok(());
    }
    let folder = repo.scratch("schemathesis")?;
    let asker = Asker { binary, program: install(repo)?, settings: repo.root.join(FOLDER) };
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for story in STORIES {
        let place = folder.join(story.name);
        fs::create_dir_all(&place).map_err(|error| at(&place, &error))?;
        let scenario = repo.root.join(story.scenario);
        if let Err(failure) = asker.ask(story, &scenario, &place) {
            println!("{failure}");
            failed.push(story.name);
        }
        counts.add(story.name, &place.join("requests.ndjson"))?;
    }
    println!("{}", counts.table().render());
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "schemathesis found something on {}; look above, or in {}",
        failed.join(", "),
        folder.display()
    )))
}

/// Installs exactly what the list says, in an environment of its own that stays in the build folder.
fn install(repo: &Repo) -> Outcome<PathBuf> {
    let environment = repo.target.join("xtask").join("python");
    let pip = environment.join("bin").join("pip");
    if !succeeds(Command::new(&pip).arg("--version")) {
        stream(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    }
    let list = repo.root.join(FOLDER).join("requirements.txt");
    for attempt in 1..=ATTEMPTS {
        let mut command = Command::new(&pip);
        command.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]);
        if stream(command.arg(&list)).is_ok() {
            return Ok(environment.join("bin").join("st"));
        }
        println!("attempt {attempt} of {ATTEMPTS} to get the Python packages failed");
    }
    Err(Failure::new(format!("`pip install -r {}` failed", list.display())))
}

/// Who asks, and whom.
struct Asker<'a> {
    /// The built binary.
    binary: &'a Path,
    /// Schemathesis.
    program: PathBuf,
    /// The folder of its settings.
    settings: PathBuf,
}

impl Asker<'_> {
    /// Fills a ledger, asks its service everything, and verifies what was recorded.
    fn ask(&self, story: &Story, scenario: &Path, place: &Path) -> Outcome {
        let backstop = || {
            let mut command = Command::new(self.binary);
            command.current_dir(place);
            command
        };
        capture(backstop().arg("run").arg(scenario).args(["--keep", "journal.db"]))?;
        let made = ["--db", "journal.db", "--json", "keys", "api", "create", "tests"];
        let made = capture(backstop().args(made).args(["--role", "operator"]))?;
        let made: Value = serde_json::from_str(&made)
            .map_err(|error| Failure::new(format!("`keys api create` printed no JSON: {error}")))?;
        capture(backstop().args(["keys", "new", "log.key"]))?;
        let settings = ["--set", "log_level=error", "--set", "checkpoint_key=log.key"];
        let serve = ["--db", "journal.db", "serve", "--story", "--listen", "127.0.0.1:0"];
        let service = Service::start(backstop().args(serve).args(settings))?;
        let folder = &self.settings;
        let mut command = Command::new(&self.program);
        command.current_dir(place);
        command.env("BACKSTOP_KEY", made["key"].as_str().unwrap_or_default());
        command.env("BACKSTOP_HOOKS", folder.join("hooks.py"));
        command.arg("--config-file").arg(folder.join("schemathesis.toml"));
        command.args(["run", &format!("{}/v1/openapi.json", service.address), "--no-color"]);
        command.args(["--phases", story.phases, "--max-examples", story.examples]);
        // How fast requests are made up is no property of the service.
        command.arg("--suppress-health-check=too_slow");
        command.args(["--report", "ndjson", "--report-ndjson-path", "requests.ndjson"]);
        // Not shown as other calls are: a key stands in its environment.
        println!("$ st run {}/v1/openapi.json", service.address);
        let asked = command.status();
        drop(service);
        let asked = asked.map_err(|error| at(&self.program, &error))?;
        if !asked.success() {
            return Err(Failure::new(format!("schemathesis ended with {asked}")));
        }
        stream(backstop().args(["--no-progress", "verify", "journal.db"]))
    }
}

/// A service that runs until it is dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Starts it and waits until it says where it is.
    fn start(command: &mut Command) -> Outcome<Self> {
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::new(format!("the service could not be started: {error}"))
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| cannot(&error))?;
        let output = child.stdout.take().map(BufReader::new);
        let mut service = Self { child, address: String::new() };
        for line in output.into_iter().flat_map(BufRead::lines) {
            if let Some(address) = address(&line.map_err(|error| cannot(&error))?) {
                address.clone_into(&mut service.address);
                return Ok(service);
            }
        }
        Err(cannot(&"it ended before it said where it is"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Killed and not stopped: what was answered has to be in the journal either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a service says that it is.
fn address(line: &str) -> Option<&str> {
    line.strip_prefix("Open ")?.strip_suffix("/ in a browser; Ctrl-C ends.")
}

/// Requests by ledger and phase, and how they were answered.
#[derive(Default)]
struct Counts {
    rows: BTreeMap<(String, String), BTreeMap<u64, u64>>,
}

/// Classes of statuses, as columns.
const CLASSES: [(u64, &str); 4] = [(2, "2xx"), (3, "3xx"), (4, "4xx"), (5, "5xx")];

impl Counts {
    /// Adds what one run has logged.
    fn add(&mut self, ledger: &str, log: &Path) -> Outcome {
        // A run that could not begin has none.
        let Ok(file) = fs::File::open(log) else { return Ok(()) };
        for line in BufReader::new(file).lines() {
            self.line(ledger, &line.map_err(|error| at(log, &error))?);
        }
        Ok(())
    }

    fn line(&mut self, ledger: &str, line: &str) {
        let Ok(event) = serde_json::from_str::<Value>(line) else { return };
        let finished = &event["ScenarioFinished"];
        let asked = finished["recorder"]["interactions"].as_object();
        for one in asked.into_iter().flat_map(|asked| asked.values()) {
            let Some(status) = one["response"]["status_code"].as_u64() else { continue };
            let phase = finished["phase"].as_str().unwrap_or_default().to_owned();
            let row = self.rows.entry((ledger.to_owned(), phase)).or_default();
            *row.entry(status / 100).or_default() += 1;
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(
            ["ledger", "phase", "requests"].into_iter().chain(CLASSES.map(|(_, name)| name)),
        );
        let mut total: BTreeMap<u64, u64> = BTreeMap::new();
        for ((ledger, phase), row) in &self.rows {
            table.row(cells(ledger, phase, row));
            for (class, count) in row {
                *total.entry(*class).or_default() += count;
            }
        }
        table.row(cells("all", "", &total));
        table
    }
}

fn cells(ledger: &str, phase: &str, row: &BTreeMap<u64, u64>) -> Vec<String> {
    let mut cells =
        vec![ledger.to_owned(), phase.to_owned(), row.values().sum::<u64>().to_string()];
    let of = |class| row.get(&class).copied().unwrap_or_default().to_string();
    cells.extend(CLASSES.map(|(class, _)| of(class)));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_phase_and_class() {
        let mut counts = Counts::default();
        let line = |phase: &str, statuses: &[u16]| {
            let asked = statuses.iter().enumerate().map(|(number, status)| {
                format!("\"{number}\":{{\"response\":{{\"status_code\":{status}}}}}")
            });
            let asked = asked.collect::<Vec<_>>().join(",");
            format!(
                "{{\"ScenarioFinished\":{{\"phase\":\"{phase}\",\"recorder\":{{\"interactions\":{{{asked}}}}}}}}}"
            )
        };
        counts.line("fund", &line("fuzzing", &[200, 204, 404]));
        counts.line("fund", &line("fuzzing", &[422]));
        counts.line("vault", &line("coverage", &[503]));
        counts.line("vault", "{\"PhaseStarted\":{}}");
        counts.line("vault", "no JSON");
        let expected = "\
| ledger | phase    | requests | 2xx | 3xx | 4xx | 5xx |
| ------ | -------- | -------- | --- | --- | --- | --- |
| fund   | fuzzing  | 4        | 2   | 0   | 2   | 0   |
| vault  | coverage | 1        | 0   | 0   | 0   | 1   |
| all    |          | 5        | 2   | 0   | 2   | 1   |
";
        assert_eq!(counts.table().render(), expected);
    }

    #[test]
    fn a_service_says_where_it_is() {
        let line = "Open http://127.0.0.1:8787/ in a browser; Ctrl-C ends.";
        assert_eq!(address(line), Some("http://127.0.0.1:8787"));
        assert_eq!(address("41 runs took 68.6 s."), None);
    }

    #[test]
    fn every_story_and_list_is_there() {
        let repo = Repo::find().unwrap();
        for story in STORIES {
            assert!(repo.root.join(story.scenario).is_file(), "{}", story.scenario);
        }
        let list = fs::read_to_string(repo.root.join(FOLDER).join("requirements.txt")).unwrap();
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("=="), "{line} has no version");
        }
    }
}
