//! Figures over figures: lines, steps, bands, points, sticks, with rules and marks. What it is drawn from, and its table.

use super::{
    axis::Axis,
    span::{Span, whole},
};
use crate::picture::{Cell, Picture, Sketch, Table, Tone};
use std::{collections::BTreeMap, fmt::Write as _};

/// How a series is drawn. **Shape** across, then up; a line's points in the order in which it goes through them.
#[derive(Clone, Debug, PartialEq)]
pub enum Trace {
    /// A line.
    Line(Vec<(f64, f64)>),
    /// A dashed line.
    Dashed(Vec<(f64, f64)>),
    /// A value that holds until the next one, filled down to the axis.
    Area(Vec<(f64, f64)>),
    /// A range: across, from, to.
    Band(Vec<(f64, f64, f64)>),
    /// Dots.
    Points(Vec<(f64, f64)>),
    /// Crosses.
    Crosses(Vec<(f64, f64)>),
    /// Thin sticks from zero up; what is below zero has none.
    Sticks(Vec<(f64, f64)>),
}

impl Trace {
    /// Its values: across, one or two up.
    pub(super) fn values(&self) -> Vec<(f64, f64, Option<f64>)> {
        match self {
            Self::Band(points) => {
                points.iter().map(|(x, low, high)| (*x, *low, Some(*high))).collect()
            }
            Self::Line(points)
            | Self::Dashed(points)
            | Self::Area(points)
            | Self::Points(points)
            | Self::Crosses(points)
            | Self::Sticks(points) => points.iter().map(|(x, y)| (*x, *y, None)).collect(),
        }
    }
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is; empty: no words stand at it.
    pub name: String,
    /// Its color; its form tells it too.
    pub tone: Tone,
    /// How it is drawn.
    pub trace: Trace,
}

impl Series {
    /// A series.
    pub fn new(name: impl Into<String>, tone: Tone, trace: Trace) -> Self {
        Self { name: name.into(), tone, trace }
    }
}

/// A line across all of the plot at one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it is; its value is written after it.
    pub name: String,
    /// Where.
    pub at: f64,
    /// Whether it stands upright, at a value of the lower axis.
    pub upright: bool,
    /// Its color.
    pub tone: Tone,
}

/// A point with words of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it is, for the table.
    pub name: String,
    /// What is written beside it where there is room.
    pub label: String,
    /// Across and up.
    pub at: (f64, f64),
    /// Whether it is a square; else it is round.
    pub square: bool,
    /// Its color.
    pub tone: Tone,
}

/// Figures over figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Lines under the title.
    pub facts: Vec<String>,
    /// The lower axis.
    pub across: Axis,
    /// The axis at the left.
    pub up: Axis,
    /// What is drawn, the first one lowest.
    pub series: Vec<Series>,
    /// Lines at single values.
    pub rules: Vec<Rule>,
    /// Single points with words.
    pub marks: Vec<Mark>,
}

impl Plot {
    /// A plot without anything on it.
    pub fn new(id: &str, title: impl Into<String>, (across, up): (Axis, Axis)) -> Self {
        Self {
            id: id.to_owned(),
            title: title.into(),
            facts: Vec::new(),
            across,
            up,
            series: Vec::new(),
            rules: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// What both axes reach over.
    pub(super) fn spans(&self) -> (Span, Span) {
        let across = if self.across.labels.is_empty() {
            let series = self.series.iter().flat_map(|series| series.trace.values());
            let rules = self.rules.iter().filter(|rule| rule.upright).map(|rule| rule.at);
            let marks = self.marks.iter().map(|mark| mark.at.0);
            let zero = self.across.zero.then_some(0.0);
            let values = series.map(|(x, _, _)| x).chain(rules).chain(marks).chain(zero);
            Span::over(values, self.across.scale, 6)
        } else {
            Span::places(self.across.labels.len())
        };
        let series = self.series.iter().flat_map(|series| series.trace.values());
        let ups = series.flat_map(|(_, low, high)| [low].into_iter().chain(high));
        let rules = self.rules.iter().filter(|rule| !rule.upright).map(|rule| rule.at);
        let marks = self.marks.iter().map(|mark| mark.at.1);
        let zero = self.up.zero.then_some(0.0);
        let values: Vec<f64> = ups.chain(rules).chain(marks).chain(zero).collect();
        // Sticks stand on zero: what is below has no room of its own.
        let floor = self.series.iter().any(|series| matches!(series.trace, Trace::Sticks(_)));
        let values = values.into_iter().filter(|value| !floor || *value >= 0.0);
        (across, Span::over(values, self.up.scale, 6))
    }

    /// What stands at a place of the lower axis.
    fn across_words(&self, value: f64) -> String {
        let label = self.across.labels.iter().enumerate();
        let mut label = label.filter(|(at, _)| (whole(*at) - value).abs() < 0.5);
        let label = label.next().map(|(_, label)| label.clone());
        label.unwrap_or_else(|| self.across.numbers.words(value))
    }

    /// All of it in words: what it shows, from where to where, rules and marks.
    pub(super) fn words(&self) -> String {
        let mut text = format!("{} over {}.", self.up.name, self.across.name);
        for series in &self.series {
            let values = series.trace.values();
            let ends = values.first().zip(values.last());
            let Some(((from, first, _), (to, last, high))) = ends else {
                let _ = write!(text, " {}: nothing.", series.name);
                continue;
            };
            let name = if series.name.is_empty() { &self.up.name } else { &series.name };
            let up = |value| self.up.numbers.words(value);
            let _ = write!(
                text,
                " {name}: {} values, from {} at {} to {} at {}.",
                values.len(),
                up(*first),
                self.across_words(*from),
                up(high.unwrap_or(*last)),
                self.across_words(*to)
            );
        }
        for rule in &self.rules {
            let _ = write!(text, " {}.", self.rule_words(rule));
        }
        for mark in &self.marks {
            let up = self.up.numbers.words(mark.at.1);
            let _ = write!(text, " {}: {up} at {}.", mark.name, self.across_words(mark.at.0));
        }
        text
    }

    /// A rule with its value.
    pub(super) fn rule_words(&self, rule: &Rule) -> String {
        let axis = if rule.upright { &self.across } else { &self.up };
        let value = if rule.upright && !axis.labels.is_empty() {
            self.across_words(rule.at)
        } else {
            axis.numbers.brief(rule.at)
        };
        format!("{} {value}", rule.name)
    }

    fn across_cell(&self, value: f64) -> Cell {
        if self.across.labels.is_empty() {
            self.across.numbers.cell(value)
        } else {
            Cell::text(self.across_words(value))
        }
    }
}

/// Doubles in their order, with how often the same came before.
type Key = (u64, usize);

fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 0 { bits | (1 << 63) } else { !bits }
}

impl Picture for Plot {
    fn sketch(&self) -> Sketch {
        super::draw::sketch(self)
    }

    fn table(&self) -> Table {
        let mut columns = vec![self.across.name.clone()];
        let mut rows: BTreeMap<Key, (f64, BTreeMap<usize, Cell>)> = BTreeMap::new();
        for series in &self.series {
            let name = if series.name.is_empty() { &self.up.name } else { &series.name };
            let at = columns.len();
            match series.trace {
                Trace::Band(_) => {
                    columns.extend([format!("{name}, from"), format!("{name}, to")]);
                }
                _ => columns.push(name.clone()),
            }
            let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
            for (x, low, high) in series.trace.values() {
                let before = seen.entry(ordered(x)).or_default();
                let row = rows.entry((ordered(x), *before)).or_insert((x, BTreeMap::new()));
                *before = before.saturating_add(1);
                for (column, value) in [low].into_iter().chain(high).enumerate() {
                    row.1.insert(at.saturating_add(column), self.up.numbers.cell(value));
                }
            }
        }
        let is_marked = !(self.rules.is_empty() && self.marks.is_empty());
        if is_marked {
            columns.push("mark".to_owned());
        }
        let blank = || Cell::text("");
        let width = columns.len();
        let mut table = Table { caption: self.title.clone(), columns, rows: Vec::new() };
        for (x, mut cells) in rows.into_values() {
            let rest = (1..width).map(|at| cells.remove(&at).unwrap_or_else(blank));
            table.rows.push([self.across_cell(x)].into_iter().chain(rest).collect());
        }
        let rules = self.rules.iter().map(|rule| {
            let (x, y) = (self.across_cell(rule.at), self.up.numbers.cell(rule.at));
            (&rule.name, if rule.upright { (x, blank()) } else { (blank(), y) })
        });
        let marks = self.marks.iter().map(|mark| {
            (&mark.name, (self.across_cell(mark.at.0), self.up.numbers.cell(mark.at.1)))
        });
        for (name, (x, y)) in rules.chain(marks) {
            let middle =
                (0..width.saturating_sub(2)).map(|at| if at == 0 { y.clone() } else { blank() });
            let ends = [Cell::text(name.clone())];
            table.rows.push([x].into_iter().chain(middle).chain(ends).take(width).collect());
        }
        table
    }
}

impl Plot {
    /// With a line under its title.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// With one more series.
    #[must_use]
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// With an upright rule, or a flat one.
    #[must_use]
    pub fn rule(mut self, name: &str, at: f64, upright: bool) -> Self {
        self.rules.push(Rule { name: name.to_owned(), at, upright, tone: Tone::Dim });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::chart::Numbers;

    #[test]
    fn the_table_has_a_row_for_each_place_in_order() {
        let axes = (Axis::linear("day", Numbers::Count), Axis::linear("rate", Numbers::Percent));
        let mut plot = Plot::new("p", "Rate", axes)
            .with(Series::new("half", Tone::Pay, Trace::Line(vec![(1.0, 0.1), (0.0, 0.2)])))
            .with(Series::new("90%", Tone::Pay, Trace::Band(vec![(1.0, 0.05, 0.3)])))
            .rule("most", 0.5, false);
        let at = (1.0, 0.1);
        let (name, label) = ("here".to_owned(), String::new());
        plot.marks.push(Mark { name, label, at, square: false, tone: Tone::Ink });
        assert_eq!(
            plot.table().csv(),
            "day,half,\"90%, from\",\"90%, to\",mark\r\n0,0.2,,,\r\n1,0.1,0.05,0.3,\r\n,0.5,,,most\r\n1,0.1,,,here\r\n"
        );
        let doubled = vec![(1.0, 2.0), (1.0, 2.0), (-1.0, f64::NAN)];
        plot.series = vec![Series::new("", Tone::Pay, Trace::Points(doubled))];
        assert_eq!(plot.table().rows.len(), 5);
        assert!(plot.sketch().svg(crate::picture::Form::File).contains("rate over day"));
    }
}
