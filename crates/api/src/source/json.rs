//! JSON into nodes. Each raw value is a slice of the text, so its place is the distance to the start.

use super::{DEPTH_MAX, Data, Key, Node, Wrong};
use core::{fmt, ops::Range};
use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Reads one value, which is all there is in this part of the text.
pub(super) fn read(text: &str, part: Range<usize>) -> Result<Node, Wrong> {
    let start = part.start;
    let part = text.get(part).unwrap_or_default();
    let raw: &RawValue = serde_json::from_str(part).map_err(|error| syntax(part, start, &error))?;
    node(text, raw, 0)
}

/// serde's line and column as a byte.
fn syntax(part: &str, start: usize, error: &serde_json::Error) -> Wrong {
    let told = error.to_string();
    let what = told.split(" at line ").next().unwrap_or_default();
    let before = part.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let at = if error.is_eof() { part.len() } else { line + error.column().saturating_sub(1) };
    let at = start + at;
    let mut wrong = Wrong::syntax("JSON", what, at..at);
    if error.is_eof() {
        wrong.got = Some("the end of the text".to_owned());
    }
    wrong
}

fn node(text: &str, raw: &RawValue, depth: usize) -> Result<Node, Wrong> {
    let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
    let span = start..start + raw.get().len();
    if depth > DEPTH_MAX {
        return Err(Wrong::too_deep(span));
    }
    let data = data(text, raw.get(), depth).map_err(|wrong| wrong.at(&span))?;
    Ok(Node { span, data })
}

fn data(text: &str, raw: &str, depth: usize) -> Result<Data, Wrong> {
    Ok(match raw.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = part(raw)?;
            let mut seen = BTreeSet::new();
            let entries = entries.into_iter().map(|(name, value)| {
                let start = name.get().as_ptr().addr() - text.as_ptr().addr();
                let span = start..start + name.get().len();
                let name: String = part(name.get()).map_err(|wrong: Wrong| wrong.at(&span))?;
                if !seen.insert(name.clone()) {
                    return Err(Wrong::twice(&name).at(&span));
                }
                Ok((Key { span, name }, node(text, value, depth + 1)?))
            });
            Data::Table(entries.collect::<Result<_, Wrong>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = part(raw)?;
            let items = items.into_iter().map(|item| node(text, item, depth + 1));
            Data::List(items.collect::<Result<_, Wrong>>()?)
        }
        Some(b'"') => Data::Text(part(raw)?),
        Some(b't') => Data::Bool(true),
        Some(b'f') => Data::Bool(false),
        Some(b'n') => Data::Null,
        _ => Data::Whole(raw.parse().map_err(|_| Wrong::number())?),
    })
}

fn part<'a, T: Deserialize<'a>>(raw: &'a str) -> Result<T, Wrong> {
    serde_json::from_str(raw).map_err(|error| {
        let told = error.to_string();
        Wrong::of(told.split(" at line ").next().unwrap_or_default())
    })
}

/// A table's names and values as they stand.
struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        from.deserialize_map(Walk).map(Self)
    }
}
