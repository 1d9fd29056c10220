//! Other people's programs that check the exported books: hledger and Ledger, where they are installed.

use super::parallel::in_parallel;
use crate::exit::Failure;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A program, and how it is asked whether books are sound.
struct Referee {
    program: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
    /// The same for large books. hledger looks for each posting's account among all that are declared; Ledger
    /// checks that as well.
    large: &'static [&'static str],
}

const REFEREES: [Referee; 2] = [
    Referee {
        program: "hledger",
        before: &[],
        after: &["check", "--strict", "ordereddates"],
        large: &["check", "ordereddates"],
    },
    Referee {
        program: "ledger",
        before: &["--args-only"],
        after: &["--pedantic", "balance"],
        large: &["--pedantic", "balance"],
    },
];
/// Books past this size are large, in bytes.
const LARGE: u64 = 20_000_000;
/// Lines that are repeated of what a program says against the books.
const LINES: usize = 6;

/// What a referee says of one run's books.
pub(super) struct Verdict {
    pub(super) program: &'static str,
    pub(super) run: String,
    /// How to ask again.
    pub(super) command: String,
    /// Its answer: none if it is not installed; an empty text if it has nothing against them.
    pub(super) answer: Option<Result<(), String>>,
}

impl Verdict {
    pub(super) fn value(&self) -> Value {
        let said = self.answer.as_ref().and_then(|answer| answer.as_ref().err());
        json!({
            "program": self.program,
            "run": self.run,
            "command": self.command,
            "ran": self.answer.is_some(),
            "accepted": self.answer.as_ref().map(Result::is_ok),
            "said": said,
        })
    }
}

/// Asks every referee for all these books, a few at a time.
pub(super) fn ask(books: &[(String, PathBuf)], threads: usize) -> Result<Vec<Verdict>, Failure> {
    let asked: Vec<_> =
        REFEREES.iter().flat_map(|referee| books.iter().map(move |run| (referee, run))).collect();
    in_parallel(&asked, threads, |_, (referee, (run, path))| {
        Ok(Verdict {
            program: referee.program,
            run: run.clone(),
            command: referee.command(path),
            answer: referee.begin(path).map(answer),
        })
    })
}

impl Referee {
    fn begin(&self, books: &Path) -> Option<Child> {
        let mut command = Command::new(self.program);
        command.args(self.before).arg("-f").arg(books).args(self.args(books));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().ok()
    }

    fn command(&self, books: &Path) -> String {
        format!("{} -f {} {}", self.program, books.display(), self.args(books).join(" "))
    }

    fn args(&self, books: &Path) -> &'static [&'static str] {
        let large = fs::metadata(books).is_ok_and(|file| file.len() > LARGE);
        if large { self.large } else { self.after }
    }
}

fn answer(child: Child) -> Result<(), String> {
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().take(LINES).collect::<Vec<_>>().join("\n"))
}
