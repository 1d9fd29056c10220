//! TOML into nodes.

use super::{DEPTH_MAX, Data, Key, Node, Wrong};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Node, Wrong> {
    let document = DeTable::parse(text).map_err(|error| {
        let end = text.len();
        Wrong::syntax("TOML", error.message(), error.span().unwrap_or(end..end))
    })?;
    Ok(Node { span: 0..0, data: table(document.get_ref(), 0)? })
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Wrong> {
    let span = value.span();
    if depth > DEPTH_MAX {
        return Err(Wrong::too_deep(span));
    }
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.as_ref().to_owned()),
        DeValue::Boolean(yes) => Data::Bool(*yes),
        DeValue::Integer(whole) => {
            let read = i128::from_str_radix(whole.as_str(), whole.radix());
            Data::Whole(read.map_err(|_| Wrong::number().at(&span))?)
        }
        DeValue::Float(_) => return Err(Wrong::number().at(&span)),
        DeValue::Datetime(_) => return Err(Wrong::bare_time().at(&span)),
        DeValue::Array(items) => {
            Data::List(items.iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(entries) => table(entries, depth)?,
    };
    Ok(Node { span, data })
}

fn table(entries: &DeTable<'_>, depth: usize) -> Result<Data, Wrong> {
    let entries = entries.iter().map(|(name, value)| {
        let key = Key { span: name.span(), name: name.get_ref().as_ref().to_owned() };
        Ok((key, node(value, depth + 1)?))
    });
    Ok(Data::Table(entries.collect::<Result<_, Wrong>>()?))
}
