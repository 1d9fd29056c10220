//! Standard output for data, standard error for progress; quiet when the reader has gone.

use crate::exit::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal, Write};

/// Where and how output goes.
#[derive(Debug)]
pub(crate) struct Printer {
    json: bool,
    progress: bool,
}

impl Printer {
    pub(crate) fn new(json: bool, no_progress: bool) -> Self {
        let progress = !no_progress && !json && std::io::stderr().is_terminal();
        Self { json, progress }
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints text as it is.
    ///
    /// # Errors
    /// When standard output can't be written; a closed pipe ends the program quietly.
    #[expect(clippy::unused_self, reason = "one way to print, whatever was asked for")]
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            other => {
                other.map_err(|error| Failure::Environment(format!("standard output: {error}")))
            }
        }
    }

    /// Prints one JSON value on lines of its own.
    ///
    /// # Errors
    /// As [`Printer::text`].
    pub(crate) fn value(&self, value: &Value) -> Result<(), Failure> {
        self.text(&format!("{value:#}\n"))
    }

    /// Prints JSON or text, whichever was asked for.
    ///
    /// # Errors
    /// As [`Printer::text`].
    pub(crate) fn either(
        &self,
        value: &Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.value(value) } else { self.text(&text()) }
    }

    /// A note on standard error; none with JSON.
    pub(crate) fn note(&self, note: &str) {
        if !self.json {
            eprintln!("{note}");
        }
    }

    /// A progress bar with rate and time left, on a terminal only.
    pub(crate) fn bar(&self, length: u64, what: &'static str) -> ProgressBar {
        let target =
            if self.progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {per_sec} eta {eta}");
        let bar = ProgressBar::with_draw_target(Some(length), target).with_message(what);
        match style {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        }
    }
}

/// Columns of text, each as wide as its widest cell; numbers to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let numeric = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).map(|(cell, width)| {
            if numeric(cell) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}
