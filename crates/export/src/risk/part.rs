//! What a report is made of before it is HTML, CSV or text: parts with words, facts, tables and charts.

use crate::picture::{
    Cell, Form, Picture, Table,
    chart::{Numbers, exact},
};
use backstop_risk::models::tail::Interval;

/// One part of a report.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Names it within a page.
    pub(super) id: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// What it says, in order.
    pub(super) blocks: Vec<Block>,
}

impl Part {
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, blocks: Vec::new() }
    }

    pub(super) fn words(&mut self, words: impl Into<String>) {
        self.blocks.push(Block::Words(words.into()));
    }

    pub(super) fn under(&mut self, heading: impl Into<String>) {
        self.blocks.push(Block::Under(heading.into()));
    }

    pub(super) fn note(&mut self, mood: Mood, words: impl Into<String>) {
        self.blocks.push(Block::Note(mood, words.into()));
    }

    pub(super) fn facts(&mut self, sheet: Sheet) {
        self.blocks.push(Block::Facts(sheet));
    }

    /// A table; one without rows is a line that says so.
    pub(super) fn sheet(&mut self, sheet: Sheet) {
        if sheet.rows.is_empty() {
            self.words(format!("{}: none.", sheet.caption));
        } else {
            self.blocks.push(Block::Sheet(sheet));
        }
    }

    /// A table for programs.
    pub(super) fn file(&mut self, sheet: Sheet) {
        self.blocks.push(Block::File(sheet));
    }

    pub(super) fn chart(&mut self, file: impl Into<String>, picture: &dyn Picture) {
        let (svg, table) = (picture.svg(Form::Inline), picture.table());
        self.blocks.push(Block::Chart(Chart { file: file.into(), svg, table }));
    }
}

/// How a note is to be taken; its words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Warn,
    Bad,
}

#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A paragraph.
    Words(String),
    /// A heading within the part.
    Under(String),
    /// What must not be overlooked.
    Note(Mood, String),
    /// Single figures; a sheet of name, value and remark.
    Facts(Sheet),
    /// A table.
    Sheet(Sheet),
    /// A table that is in a file only: a chart or another table shows it.
    File(Sheet),
    /// A table whose file is a chart's.
    Values(Table),
    /// A picture with its table.
    Chart(Chart),
    /// Text for a machine.
    Code(String),
    /// Lines.
    List(Vec<String>),
    /// Lines to sign on.
    Sign,
}

/// A drawn picture and its values.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// Its file, without an ending.
    pub(super) file: String,
    pub(super) svg: String,
    pub(super) table: Table,
}

/// One value of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Figure(Numbers, f64),
    Interval(Numbers, Interval),
    /// Nothing, with why.
    None(&'static str),
}

impl Value {
    pub(super) fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    pub(super) fn count(number: usize) -> Self {
        Self::Figure(Numbers::Count, crate::picture::chart::whole(number))
    }

    pub(super) const fn money(value: f64) -> Self {
        Self::Figure(Numbers::Money, value)
    }

    pub(super) const fn percent(value: f64) -> Self {
        Self::Figure(Numbers::Percent, value)
    }

    pub(super) const fn plain(value: f64) -> Self {
        Self::Figure(Numbers::Plain, value)
    }

    /// A value that may be absent.
    pub(super) fn maybe(numbers: Numbers, value: Option<f64>) -> Self {
        value.map_or(Self::None("none"), |value| Self::Figure(numbers, value))
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Text(words) => words.clone(),
            Self::Figure(numbers, value) => numbers.words(*value),
            Self::Interval(numbers, value) => {
                numbers.interval([value.estimate, value.low, value.high])
            }
            Self::None(why) => (*why).to_owned(),
        }
    }

    /// For people.
    fn shown(&self) -> Cell {
        match self {
            Self::Text(words) => Cell::text(words.clone()),
            Self::Figure(numbers, value) => numbers.cell(*value),
            Self::Interval(..) => Cell::Number(self.words()),
            Self::None(why) => Cell::Number((*why).to_owned()),
        }
    }

    /// For programs: one cell, or three for an interval's estimate and ends.
    fn cells(&self, is_interval: bool) -> Vec<Cell> {
        let (first, ends) = match self {
            Self::Text(words) => (Cell::text(words.clone()), [f64::NAN; 2]),
            Self::Figure(_, value) => (Cell::Number(exact(*value)), [f64::NAN; 2]),
            Self::Interval(_, value) => {
                (Cell::Number(exact(value.estimate)), [value.low, value.high])
            }
            Self::None(_) => (Cell::text(""), [f64::NAN; 2]),
        };
        let ends = if is_interval { ends.as_slice() } else { &[] };
        let ends = ends.iter().map(|value| Cell::Number(exact(*value)));
        [first].into_iter().chain(ends).collect()
    }
}

/// A table with intervals. **Shape** each row has a value for each column.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// Its file, without an ending.
    pub(super) file: String,
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Sheet {
    pub(super) fn new<const N: usize>(
        file: impl Into<String>,
        caption: impl Into<String>,
        columns: [&str; N],
    ) -> Self {
        let columns = columns.map(str::to_owned).into();
        Self { file: file.into(), caption: caption.into(), columns, rows: Vec::new() }
    }

    /// A sheet of single figures.
    pub(super) fn facts(file: &'static str, caption: &'static str) -> Self {
        Self::new(file, caption, ["what", "value", "remark"])
    }

    pub(super) fn row<const N: usize>(&mut self, values: [Value; N]) {
        self.rows.push(values.into());
    }

    /// One figure with a remark that may be empty.
    pub(super) fn fact(&mut self, name: &str, value: Value, remark: impl Into<String>) {
        self.row([Value::text(name), value, Value::text(remark)]);
    }

    /// The first rows for people, and how many are left out.
    pub(super) fn shown(&self, most: usize) -> (Table, usize) {
        let row = |row: &Vec<Value>| row.iter().map(Value::shown).collect();
        let rows = self.rows.iter().take(most).map(row).collect();
        let (caption, columns) = (self.caption.clone(), self.columns.clone());
        (Table { caption, columns, rows }, self.rows.len().saturating_sub(most))
    }

    /// All of it for programs: a column with intervals has three.
    pub(super) fn table(&self) -> Table {
        let is_interval = |at: usize| {
            self.rows.iter().any(|row| matches!(row.get(at), Some(Value::Interval(..))))
        };
        let names = self.columns.iter().enumerate().flat_map(|(at, name)| {
            let ends = if is_interval(at) { [", from", ", to"].as_slice() } else { &[] };
            let ends = ends.iter().map(|end| format!("{name}{end}"));
            [name.clone()].into_iter().chain(ends).collect::<Vec<_>>()
        });
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().enumerate();
            cells.flat_map(|(at, value)| value.cells(is_interval(at))).collect()
        });
        Table { caption: self.caption.clone(), columns: names.collect(), rows: rows.collect() }
    }
}
