//! Runs as files: the report, and a line about it for the list.

use backstop_risk::desk::Report;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Runs that the list shows, the newest.
const LISTED: usize = 50;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) made_at: String,
    pub(crate) seed: u64,
    pub(crate) scenarios: usize,
    /// The fund that it was compared with, in quote.
    pub(crate) fund: f64,
    /// The recommended size and its interval, in quote; none where none was asked for.
    pub(crate) recommended: Option<(f64, f64, f64)>,
    pub(crate) notes: usize,
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

    fn ids(&self) -> Vec<u64> {
        let Ok(inside) = fs::read_dir(&self.folder) else { return Vec::new() };
        let id = |entry: fs::DirEntry| {
            let name = entry.file_name();
            name.to_str()?.strip_suffix(".line.json")?.parse().ok()
        };
        let mut ids: Vec<u64> = inside.filter_map(Result::ok).filter_map(id).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    }

    /// The number of the next run.
    pub(super) fn next(&self) -> u64 {
        self.ids().first().map_or(1, |last| last + 1)
    }

    /// The newest runs, the newest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let read = |id: u64| {
            let text = fs::read_to_string(self.file(id, "line.json")).ok()?;
            serde_json::from_str(&text).ok()
        };
        self.ids().into_iter().take(LISTED).filter_map(read).collect()
    }

    /// The report of a run as it was written.
    pub(crate) fn text(&self, id: u64) -> Option<String> {
        fs::read_to_string(self.file(id, "report.json")).ok()
    }

    /// The report of a run.
    pub(crate) fn read(&self, id: u64) -> Option<Report> {
        serde_json::from_str(&self.text(id)?).ok()
    }

    /// Keeps a run: its line last, so that what the list has is whole.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn write(&self, id: u64, report: &Report) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let size = report.size.as_ref().map(|size| size.recommended);
        let line = Line {
            id,
            made_at: report.made_at.clone(),
            seed: report.setup.seed,
            scenarios: report.need.as_ref().map_or(0, |need| need.scenarios),
            fund: report.setup.fund.size,
            recommended: size.map(|size| (size.estimate, size.low, size.high)),
            notes: report.notes.len(),
        };
        whole(&self.file(id, "report.json"), &serde_json::to_string_pretty(report)?)?;
        whole(&self.file(id, "line.json"), &serde_json::to_string(&line)?)
    }
}

/// Writes a file whole or not at all.
fn whole(path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, text)?;
    fs::rename(partial, path)
}
