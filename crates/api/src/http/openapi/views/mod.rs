//! What answers hold: a table of fields for each view, in the words of the view's own code. A test
//! compares answers of filled ledgers with these tables, both ways.

mod accounts;
mod funds;
mod lending;
mod log;
mod service;

/// One field of an answer: its name, its type, what it is.
///
/// A type is the name of a schema, or `text`, `int`, `bool`, `any`, `object`; in brackets a list of it;
/// with a question mark behind, null is possible too.
pub(super) type Field = (&'static str, &'static str, &'static str);

/// One view.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Its name in the description.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) doc: &'static str,
    /// What it holds; every field is always there.
    pub(super) fields: &'static [Field],
}

/// Every view.
pub(super) const VIEWS: &[&[View]] =
    &[accounts::VIEWS, funds::VIEWS, lending::VIEWS, log::VIEWS, service::VIEWS];
