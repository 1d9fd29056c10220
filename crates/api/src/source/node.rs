//! The tree between a text and what it means.

use core::ops::Range;

/// One value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) data: Data,
}

/// One name in a table and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
    /// The name.
    pub(crate) name: String,
}

/// What a value is. There are no floats: no field is one.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Names with values.
    Table(Vec<(Key, Node)>),
}

impl Node {
    /// The value under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Data::Table(entries) = &self.data else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Where each item of the list under a name begins.
    pub(crate) fn starts(&self, name: &str) -> Vec<usize> {
        match self.get(name).map(|node| &node.data) {
            Some(Data::List(items)) => items.iter().map(|item| item.span.start).collect(),
            _ => Vec::new(),
        }
    }
}
