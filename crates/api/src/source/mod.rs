//! Texts that people write, JSON or TOML, read so that whatever is wrong with them has a place.
//!
//! A text becomes a tree of [`Node`]s that know where they stand; the tree is then converted by serde.
//! Both formats go through one conversion, so both tell a fault in the same words.

mod convert;
mod fault;
mod json;
mod node;
mod toml;

pub use fault::{Fault, Place};

pub(crate) use convert::{Wrong, convert};
pub(crate) use node::{Data, Key, Node};

use core::ops::Range;
use std::path::Path;

/// Values inside values, at most: no file needs more, and the reader's stack is finite.
const DEPTH_MAX: usize = 64;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

impl Format {
    /// By the file's name: `.json` is JSON, everything else TOML.
    pub fn of(path: &Path) -> Self {
        let json = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Toml }
    }
}

/// The JSON pointer (RFC 6901) of what stands at a place of a JSON text; empty for the whole of it, and
/// for a text that is no JSON.
pub(crate) fn pointer(text: &str, place: Place) -> String {
    let before = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len);
    let start: usize = before.sum();
    let line = text.get(start..).unwrap_or_default();
    let column = place.column.saturating_sub(1);
    let at = start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let mut path = String::new();
    if let Ok(root) = Source(text).read(Format::Json) {
        root.path_to(at, &mut path);
    }
    path
}

/// A text, and how to name places in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a>(pub(crate) &'a str);

impl Source<'_> {
    /// Reads the whole text.
    pub(crate) fn read(self, format: Format) -> Result<Node, Fault> {
        let read = match format {
            Format::Json => json::read(self.0, 0..self.0.len()),
            Format::Toml => toml::read(self.0),
        };
        read.map_err(|wrong| self.fault(wrong, 0))
    }

    /// Reads one part of the text as JSON.
    pub(crate) fn read_json(self, part: Range<usize>) -> Result<Node, Fault> {
        let start = part.start;
        json::read(self.0, part).map_err(|wrong| self.fault(wrong, start))
    }

    /// Converts a node.
    pub(crate) fn convert<T: serde::de::DeserializeOwned>(self, node: &Node) -> Result<T, Fault> {
        convert(node).map_err(|wrong| self.fault(wrong, node.span.start))
    }

    /// What is wrong, with its place; `start` if it has none of its own.
    pub(crate) fn fault(self, wrong: Wrong, start: usize) -> Fault {
        let span = wrong.span.unwrap_or(start..start);
        let (place, line) = self.line(span.start);
        let here = self.0.get(span).unwrap_or_default();
        Fault {
            place,
            what: wrong.what.into(),
            got: wrong.got.unwrap_or_else(|| fault::short(here)).into(),
            expected: wrong.expected.into(),
            hint: wrong.hint.into(),
            excerpt: fault::excerpt(line, place, here).into(),
        }
    }

    /// The place of a byte.
    pub(crate) fn place(self, offset: usize) -> Place {
        self.line(offset).0
    }

    /// The place of a byte, and the line it stands on.
    fn line(&self, offset: usize) -> (Place, &str) {
        let mut offset = offset.min(self.0.len());
        while !self.0.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = self.0.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(self.0.len(), |at| offset + at);
        let place = Place {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[start..].chars().count() + 1,
        };
        (place, self.0[start..end].trim_end_matches('\r'))
    }
}
