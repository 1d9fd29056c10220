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

    /// Appends the JSON pointer from here to the innermost value or name that holds byte `at`.
    pub(crate) fn path_to(&self, at: usize, path: &mut String) {
        match &self.data {
            Data::List(items) => {
                let mut found = items.iter().enumerate().filter(|(_, it)| it.span.contains(&at));
                if let Some((index, item)) = found.next() {
                    path.push('/');
                    path.push_str(&index.to_string());
                    item.path_to(at, path);
                }
            }
            Data::Table(entries) => {
                let holds = |key: &Key, node: &Self| (key.span.start..node.span.end).contains(&at);
                if let Some((key, node)) = entries.iter().find(|(key, node)| holds(key, node)) {
                    path.push('/');
                    path.push_str(&key.name.replace('~', "~0").replace('/', "~1"));
                    node.path_to(at, path);
                }
            }
            _ => {}
        }
    }
}
