//! Other people's programs that check the exported books: hledger and Ledger, where they are installed.

use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A program, and how it is asked whether books are sound.
struct Referee {
    program: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

const REFEREES: [Referee; 2] = [
    Referee { program: "hledger", before: &[], after: &["check", "--strict", "ordereddates"] },
    Referee { program: "ledger", before: &["--args-only"], after: &["--pedantic", "balance"] },
];
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

/// Asks every referee for every run's books, all at once.
pub(super) fn ask<'a>(books: impl Iterator<Item = (String, &'a Path)>) -> Vec<Verdict> {
    let books: Vec<_> = books.collect();
    let mut asked = Vec::new();
    for referee in &REFEREES {
        for (run, path) in &books {
            asked.push((referee, run.clone(), *path, referee.begin(path)));
        }
    }
    let verdicts = asked.into_iter().map(|(referee, run, path, child)| Verdict {
        program: referee.program,
        run,
        command: referee.command(path),
        answer: child.map(answer),
    });
    verdicts.collect()
}

impl Referee {
    fn begin(&self, books: &Path) -> Option<Child> {
        let mut command = Command::new(self.program);
        command.args(self.before).arg("-f").arg(books).args(self.after);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().ok()
    }

    fn command(&self, books: &Path) -> String {
        let Self { program, after, .. } = self;
        format!("{program} -f {} {}", books.display(), after.join(" "))
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
