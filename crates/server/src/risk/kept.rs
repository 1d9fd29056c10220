//! Runs as files: a line about each from the moment it begins, and its report if it came to one.

use backstop_risk::desk::{Report, Setup, outcome::VERSION};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Runs that the list shows, the newest.
const LISTED: usize = 50;

/// What became of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// It came to a report.
    #[default]
    Report,
    /// It has begun, and nothing is known since: it is under way, or the program ended before it did.
    Begun,
    /// Somebody stopped it: who.
    Stopped(String),
    /// It failed: why.
    Failed(String),
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) made_at: String,
    #[serde(default)]
    pub(crate) end: End,
    /// What the form changed of the settings file; empty for a run of the file as it was.
    #[serde(default)]
    pub(crate) changes: Vec<String>,
    pub(crate) seed: u64,
    /// Of the report; of the settings until there is one.
    pub(crate) scenarios: usize,
    /// The fund that it was compared with, in quote.
    pub(crate) fund: f64,
    /// The recommended size and its interval, in quote; none where none was asked for.
    pub(crate) recommended: Option<(f64, f64, f64)>,
    pub(crate) notes: usize,
}

impl Line {
    /// A run that begins.
    pub(super) fn begun(setup: &Setup, changes: Vec<String>, made_at: String) -> Self {
        Self {
            id: 0,
            made_at,
            end: End::Begun,
            changes,
            seed: setup.seed,
            scenarios: setup.scenarios.number,
            fund: setup.fund.size,
            recommended: None,
            notes: 0,
        }
    }

    /// The same with what a report says.
    pub(super) fn reported(self, report: &Report) -> Self {
        let size = report.size.as_ref().map(|size| size.recommended);
        Self {
            end: End::Report,
            scenarios: report.need.as_ref().map_or(self.scenarios, |need| need.scenarios),
            recommended: size.map(|size| (size.estimate, size.low, size.high)),
            notes: report.notes.len(),
            ..self
        }
    }

    /// Why there is no report, in words; none where there is one, or may yet be.
    pub(crate) fn why_not(&self, is_running: bool) -> Option<String> {
        match &self.end {
            End::Report => None,
            End::Begun if is_running => None,
            End::Begun => Some("the program ended before the run did".to_owned()),
            End::Stopped(who) => Some(format!("stopped {who}")),
            End::Failed(why) => Some(why.clone()),
        }
    }

    /// What the word for its end leaves out.
    pub(crate) fn detail(&self, is_running: bool) -> Option<String> {
        match &self.end {
            End::Stopped(who) => Some(who.clone()),
            _ => self.why_not(is_running),
        }
    }

    /// Whether there is a report to show.
    pub(crate) fn has_report(&self) -> bool {
        self.end == End::Report
    }

    /// What became of it in one word.
    pub(crate) const fn word(&self, is_running: bool) -> &'static str {
        match &self.end {
            End::Report => "done",
            End::Begun if is_running => "under way",
            End::Begun => "broken off",
            End::Stopped(_) => "stopped",
            End::Failed(_) => "failed",
        }
    }
}

/// Why a run has no report to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoReport {
    /// There is no such run.
    #[error("no run {0} is kept; /risk lists them")]
    NoRun(u64),
    /// It came to none.
    #[error("run {0} {1}, so it has no report")]
    NoneMade(u64, String),
    /// The last that the disk knows of it is that it began.
    #[error("run {0} was broken off: the program ended before the run did, so it has no report")]
    Begun(u64),
    /// It is under way.
    #[error("run {0} is under way, so it has no report yet: wait for it, or stop it")]
    UnderWay(u64),
    /// Its form is not this program's.
    #[error(
        "run {0} was made by another version of the report and can't be shown here; its files are still there"
    )]
    Foreign(u64),
    /// It is gone, or the disk does not give it.
    #[error("the report of run {0} can't be read: {1}")]
    Unreadable(u64, io::Error),
}

/// A folder of runs; it is made when the first one is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
}

impl Kept {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, id: u64, end: &str) -> PathBuf {
        self.folder.join(format!("{id:06}.{end}"))
    }

    pub(super) fn report_file(&self, id: u64) -> PathBuf {
        self.file(id, "report.json")
    }

    /// Numbers of all runs, the newest first; one whose line can't be read has its number still.
    fn ids(&self) -> Vec<u64> {
        let Ok(inside) = fs::read_dir(&self.folder) else { return Vec::new() };
        let id = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (number, end) = name.to_str()?.split_once('.')?;
            (end == "line.json").then(|| number.parse().ok())?
        };
        let mut ids: Vec<u64> = inside.filter_map(Result::ok).filter_map(id).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    }

    /// The newest runs, the newest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.ids().into_iter().take(LISTED).filter_map(|id| self.line(id)).collect()
    }

    /// The line of a run.
    pub(crate) fn line(&self, id: u64) -> Option<Line> {
        serde_json::from_str(&fs::read_to_string(self.file(id, "line.json")).ok()?).ok()
    }

    /// The newest runs that came to a report, the newest first.
    pub(super) fn reported(&self) -> Vec<u64> {
        let is_there = |id: &u64| self.report_file(*id).exists();
        self.ids().into_iter().filter(is_there).take(LISTED).collect()
    }

    /// The report of a run as it was written.
    ///
    /// # Errors
    /// [`NoReport`].
    pub(super) fn text(&self, id: u64) -> Result<String, NoReport> {
        // What the line says matters where there is no file: a line that can't be read hides no report.
        let error = match fs::read_to_string(self.report_file(id)) {
            Ok(text) => return Ok(text),
            Err(error) => error,
        };
        let line = self.line(id).ok_or(NoReport::NoRun(id))?;
        Err(match line.end {
            End::Report => NoReport::Unreadable(id, error),
            End::Begun => NoReport::Begun(id),
            End::Stopped(who) => NoReport::NoneMade(id, format!("was stopped {who}")),
            End::Failed(why) => NoReport::NoneMade(id, format!("failed ({why})")),
        })
    }

    /// The report of a run.
    ///
    /// # Errors
    /// [`NoReport`].
    pub(super) fn report(&self, id: u64) -> Result<Report, NoReport> {
        let report: Result<Report, _> = serde_json::from_str(&self.text(id)?);
        report.ok().filter(|report| report.version <= VERSION).ok_or(NoReport::Foreign(id))
    }

    /// Takes the next number for a run, for good: it is on the disk before the run begins, so no other run ever has it.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn begin(&self, mut line: Line) -> io::Result<Line> {
        fs::create_dir_all(&self.folder)?;
        line.id = self.ids().first().map_or(1, |last| last + 1);
        loop {
            match File::create_new(self.file(line.id, "line.json")) {
                Ok(mut file) => {
                    file.write_all(serde_json::to_string(&line)?.as_bytes())?;
                    return Ok(line);
                }
                // Another program that keeps its runs here was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => line.id += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps a report: its line last, so that what the list calls done is whole.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn write(&self, line: Line, report: &Report) -> io::Result<()> {
        // Written as it is made: a report of many markets is not held twice.
        let line = line.reported(report);
        whole(&self.report_file(line.id), |file| Ok(serde_json::to_writer_pretty(file, report)?))?;
        self.end(&line)
    }

    /// Keeps how a run ended.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn end(&self, line: &Line) -> io::Result<()> {
        whole(&self.file(line.id, "line.json"), |file| Ok(serde_json::to_writer(file, line)?))
    }
}

/// Writes a file whole or not at all.
fn whole(path: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = io::BufWriter::new(File::create(&partial)?);
    write(&mut file)?;
    file.flush()?;
    drop(file);
    fs::rename(partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(kept: &Kept) -> Line {
        kept.begin(Line::begun(&Setup::default(), Vec::new(), "now".to_owned())).unwrap()
    }

    #[test]
    fn a_number_is_never_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("runs"));
        let first = begun(&kept);
        kept.end(&Line { end: End::Failed("no".into()), ..first.clone() }).unwrap();
        assert_eq!((first.id, begun(&kept).id, begun(&kept).id), (1, 2, 3));
        // A line that a full disk cut off is no line, and its number is taken.
        fs::write(folder.path().join("runs/000007.line.json"), "{\"id\":").unwrap();
        assert_eq!(begun(&kept).id, 8);
        let again = Kept::new(folder.path().join("runs"));
        assert_eq!(again.lines().iter().map(|line| line.id).collect::<Vec<_>>(), [8, 3, 2, 1]);
        assert_eq!(again.line(1).unwrap().why_not(false).unwrap(), "no");
        assert!(again.line(2).unwrap().why_not(false).unwrap().contains("the program ended"));
        assert_eq!(again.line(2).unwrap().why_not(true), None);
        assert!(again.reported().is_empty());
        for (id, told) in [
            (1, "run 1 failed (no), so it has no report"),
            (2, "run 2 was broken off: the program ended before the run did, so it has no report"),
            (99, "no run 99 is kept; /risk lists them"),
        ] {
            assert_eq!(again.report(id).unwrap_err().to_string(), told);
        }
    }

    #[test]
    fn lines_of_before_are_runs_with_a_report() {
        let old = r#"{"id":4,"made_at":"then","seed":1,"scenarios":5,"fund":2.0,"recommended":null,"notes":0}"#;
        let line: Line = serde_json::from_str(old).unwrap();
        assert_eq!((line.end.clone(), line.why_not(false)), (End::Report, None));
    }
}
