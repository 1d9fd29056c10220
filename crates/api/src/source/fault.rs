//! How a fault in a text is told: what, where, got, expected, and what to do next.

use core::fmt;
use serde_json::{Value, json};

/// Where something stands in a text, both counted from one; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}, got {got}, expected {expected}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: Box<str>,
    /// What stands there.
    pub got: Box<str>,
    /// What may stand there.
    pub expected: Box<str>,
    /// What to do next.
    pub hint: Box<str>,
    /// The line with a mark under the place, on lines of its own.
    pub excerpt: Box<str>,
}

impl Fault {
    /// The fault of a file on a few lines, the first beginning with `file:line:column`.
    pub fn in_file(&self, file: &str) -> String {
        let Self { place: Place { line, column }, what, got, expected, hint, excerpt } = self;
        format!(
            "{file}:{line}:{column}: {what}\n{excerpt}got {got}, expected {expected}\n\nhint: {hint}"
        )
    }

    /// The same for programs.
    pub fn json(&self, file: &str) -> Value {
        json!({
            "title": self.what, "file": file, "line": self.place.line, "column": self.place.column,
            "got": self.got, "expected": self.expected, "hint": self.hint,
        })
    }
}

/// Longest piece of a text that an error repeats, in characters.
const SHORT: usize = 48;
/// Longest line that an error repeats; of a longer one, what stands around the place.
const LINE: usize = 100;

/// What stands at a place, cut to a readable length.
pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(SHORT).collect();
    match (cut.is_empty(), cut.len() < text.len()) {
        (true, _) => "nothing".to_owned(),
        (_, true) => format!("{cut}…"),
        (_, false) => cut,
    }
}

/// The line with a mark under what is wrong.
pub(super) fn excerpt(line: &str, place: Place, here: &str) -> String {
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let skipped =
        if line.chars().count() > LINE { place.column.saturating_sub(LINE / 2) } else { 0 };
    let shown: String = line.chars().skip(skipped).take(LINE).collect();
    // Tabs stay tabs, so that the mark stands where the eye sees the place.
    let before = line.chars().take(place.column.saturating_sub(1)).skip(skipped);
    let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let room = shown.chars().count().saturating_sub(indent.chars().count()).max(1);
    let marked = here.lines().next().unwrap_or_default().chars().count().clamp(1, room);
    format!("{margin} |\n{number} | {shown}\n{margin} | {indent}{}\n", "^".repeat(marked))
}
