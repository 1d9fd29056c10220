//! Lengths beside each other: signed bars, with an interval where there is one.

use super::{
    axis::Scale,
    number::Numbers,
    span::{Span, picked},
};
use crate::picture::{
    Cell, Picture, Sketch, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Type, WIDTH, half, measured, px, scaled},
};

/// More than these are in the table only.
const MOST: usize = 24;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Its length; below zero it points to the left.
    pub value: f64,
    /// An interval around it.
    pub range: Option<(f64, f64)>,
}

/// Bars below each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// What names the bars, and what is as long as them, with its unit.
    pub columns: (String, String),
    /// How figures are written.
    pub numbers: Numbers,
    /// From the top down.
    pub bars: Vec<Bar>,
}

impl Bars {
    fn has_ranges(&self) -> bool {
        self.bars.iter().any(|bar| bar.range.is_some())
    }

    fn value_words(&self, bar: &Bar) -> String {
        match bar.range {
            Some((low, high)) => format!(
                "{} ({} to {})",
                self.numbers.brief(bar.value),
                self.numbers.brief(low),
                self.numbers.brief(high)
            ),
            None => self.numbers.brief(bar.value),
        }
    }

    fn words(&self) -> String {
        let one = |bar: &Bar| format!("{} {}", bar.name, self.value_words(bar));
        let all: Vec<String> = self.bars.iter().map(one).collect();
        format!("{} by {}: {}.", self.columns.1, self.columns.0, all.join(", "))
    }

    /// One bar, its interval as a line with feet.
    fn bar(sketch: &mut Sketch, span: &Span, (bar, y): (&Bar, Px)) {
        let x = |value: f64| {
            let along = span.along(value, INNER).unwrap_or(px(0));
            MARGIN + px(scaled(along.0, 1, 10))
        };
        sketch.fill(Area { x: MARGIN, y, width: INNER, height: px(12) }, Tone::Track);
        let (zero, end) = (x(0.0), x(bar.value));
        let (from, to) = (zero.min(end), zero.max(end).max(zero.min(end) + px(1)));
        let tone = if bar.value < 0.0 { Tone::Gone } else { Tone::Pay };
        sketch.fill(Area::between((from, y), (to, y + px(12))), tone);
        sketch.fill(Area { x: zero, y: y - px(2), width: px(1), height: px(16) }, Tone::Dim);
        if let Some((low, high)) = bar.range {
            let (low, high) = (x(low), x(high));
            sketch.fill(Area::between((low, y + px(5)), (high, y + px(7))), Tone::Ink);
            for x in [low, high] {
                let foot = Area { x: x - px(1), y: y + px(2), width: px(2), height: px(8) };
                sketch.fill(foot, Tone::Ink);
            }
        }
    }
}

impl Picture for Bars {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let fact = if self.has_ranges() {
            format!("{}; the line is its interval", self.columns.1)
        } else {
            self.columns.1.clone()
        };
        let mut y = sketch.header(&self.title, &[fact]) + px(10);
        if self.bars.is_empty() {
            sketch.lines((MARGIN, y + px(14), INNER), Type::plain(13), "There is nothing to draw.");
            return sketch;
        }
        let shown = self.bars.get(..MOST).unwrap_or(&self.bars);
        let ends = |bar: &Bar| bar.range.map_or([bar.value; 2], |(low, high)| [low, high]);
        let values = shown.iter().flat_map(|bar| ends(bar).into_iter().chain([bar.value, 0.0]));
        let span = Span::over(values, Scale::Linear, 12);
        for bar in shown {
            y += px(18);
            let value = self.value_words(bar);
            let wide = measured(&value, 12).min(px(200));
            let end = Type::plain(12).at(Anchor::End);
            sketch.line((WIDTH - MARGIN, y, px(200)), end, &value);
            let room = INNER - wide - px(8);
            y = sketch.lines((MARGIN, y, room), Type::plain(12), &bar.name);
            Self::bar(&mut sketch, &span, (bar, y + px(6)));
            y += px(22);
        }
        let left = self.bars.len().saturating_sub(MOST);
        if left > 0 {
            let words = format!("{left} more are in the table");
            sketch.line((MARGIN, y + px(18), INNER), Type::dim(12), &words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut columns = vec![self.columns.0.clone(), self.columns.1.clone()];
        if self.has_ranges() {
            columns.extend(["from", "to"].map(str::to_owned));
        }
        let rows = self.bars.iter().map(|bar| {
            let ends = bar.range.map_or([Cell::text(""), Cell::text("")], |(low, high)| {
                [self.numbers.cell(low), self.numbers.cell(high)]
            });
            let cells = [Cell::text(bar.name.clone()), self.numbers.cell(bar.value)];
            cells.into_iter().chain(ends).take(columns.len()).collect()
        });
        let rows = rows.collect();
        Table { caption: self.title.clone(), columns, rows }
    }
}

/// Parts of several wholes.
#[derive(Clone, Debug, PartialEq)]
pub struct Stacked {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// What names the bars, and what is as long as them, with its unit.
    pub columns: (String, String),
    /// How figures are written.
    pub numbers: Numbers,
    /// Parts in their order, each with its color; each has a letter too.
    pub parts: Vec<(String, Tone)>,
    /// From the top down, a value for each part. **Shape** as many as parts.
    pub rows: Vec<(String, Vec<f64>)>,
}

fn letter(at: usize) -> String {
    let at = u8::try_from(at.min(25)).unwrap_or(25);
    char::from(b'A'.saturating_add(at)).to_string()
}

impl Stacked {
    fn total(values: &[f64]) -> f64 {
        values.iter().copied().filter(|value| value.is_finite()).sum()
    }

    fn words(&self) -> String {
        let row = |(name, values): &(String, Vec<f64>)| {
            let part = |((part, _), value): (&(String, Tone), &f64)| {
                format!("{part} {}", self.numbers.brief(*value))
            };
            let is_some = |(_, value): &(&(String, Tone), &f64)| **value > 0.0;
            let parts: Vec<String> =
                self.parts.iter().zip(values).filter(is_some).map(part).collect();
            let total = self.numbers.brief(Self::total(values));
            if parts.is_empty() {
                format!("{name}: {total}")
            } else {
                format!("{name}: {total}, of it {}", parts.join(", "))
            }
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        format!("{} by {}. {}.", self.columns.1, self.columns.0, rows.join(". "))
    }

    /// One bar with letters under its parts.
    fn row(&self, sketch: &mut Sketch, (values, span): (&[f64], &Span), y: Px) {
        sketch.fill(Area { x: MARGIN, y, width: INNER, height: px(12) }, Tone::Track);
        let x =
            |value: f64| MARGIN + px(scaled(span.along(value, INNER).unwrap_or(px(0)).0, 1, 10));
        let (mut sum, mut free) = (0.0, MARGIN);
        for (at, ((_, tone), value)) in self.parts.iter().zip(values).enumerate() {
            if !value.is_finite() || *value <= 0.0 {
                continue;
            }
            let from = x(sum);
            sum += value;
            let to = x(sum).max(from + px(1));
            let gap = if to - from > px(3) { px(1) } else { px(0) };
            sketch.fill(Area::between((from, y), (to - gap, y + px(12))), *tone);
            let middle = half(from + to);
            if middle - px(5) >= free && middle + px(5) <= WIDTH - MARGIN {
                let how = Type::dim(12).at(Anchor::Middle);
                sketch.line((middle, y + px(24), px(20)), how, &letter(at));
                free = middle + px(5);
            }
        }
    }
}

impl Picture for Stacked {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, std::slice::from_ref(&self.columns.1)) + px(6);
        if self.rows.is_empty() {
            sketch.lines((MARGIN, y + px(18), INNER), Type::plain(13), "There is nothing to draw.");
            return sketch;
        }
        for (at, (name, tone)) in self.parts.iter().enumerate() {
            y += px(18);
            sketch.fill(Area { x: MARGIN, y: y - px(10), width: px(12), height: px(12) }, *tone);
            let words = format!("{} {name}", letter(at));
            y = sketch.lines((MARGIN + px(20), y, INNER - px(20)), Type::plain(12), &words);
        }
        y += px(8);
        let shown = self.rows.get(..MOST).unwrap_or(&self.rows);
        let totals = shown.iter().map(|(_, values)| Self::total(values)).chain([0.0]);
        let span = Span::over(totals, Scale::Linear, 12);
        for (name, values) in shown {
            y += px(20);
            let total = self.numbers.brief(Self::total(values));
            let wide = measured(&total, 12);
            sketch.line((WIDTH - MARGIN, y, px(120)), Type::plain(12).at(Anchor::End), &total);
            y = sketch.lines((MARGIN, y, INNER - wide - px(8)), Type::plain(12), name);
            self.row(&mut sketch, (values, &span), y + px(6));
            y += px(32);
        }
        let left = self.rows.len().saturating_sub(MOST);
        if left > 0 {
            let words = format!("{left} more are in the table");
            sketch.line((MARGIN, y + px(18), INNER), Type::dim(12), &words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let parts = self.parts.iter().map(|(name, _)| name.clone());
        let columns = [self.columns.0.clone()].into_iter().chain(parts);
        let columns: Vec<String> = columns.chain(["together".to_owned()]).collect();
        let rows = self.rows.iter().map(|(name, values)| {
            let total = Self::total(values);
            let cells = values.iter().chain([&total]).map(|value| self.numbers.cell(*value));
            [Cell::text(name.clone())].into_iter().chain(cells).collect()
        });
        Table { caption: self.title.clone(), rows: rows.collect(), columns }
    }
}

/// Figures in rows and columns, the larger the darker.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Lines under the title.
    pub facts: Vec<String>,
    /// What names rows, and what names columns.
    pub names: (String, String),
    /// Words of the columns.
    pub columns: Vec<String>,
    /// Words of each row, and its values as parts of one. **Shape** as many as columns.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// What of a table has room in a picture.
const ROWS: usize = 16;
const COLUMNS: usize = 5;

impl Picture for Grid {
    fn sketch(&self) -> Sketch {
        let words = format!(
            "{} by {} and {}: {} rows, {} columns; the table has all of them.",
            self.title,
            self.names.0,
            self.names.1,
            self.rows.len(),
            self.columns.len()
        );
        let mut sketch = Sketch::new(&self.id, &self.title, &words);
        let mut y = sketch.header(&self.title, &self.facts) + px(22);
        if self.rows.is_empty() || self.columns.is_empty() {
            sketch.lines((MARGIN, y, INNER), Type::plain(13), "There is nothing to draw.");
            return sketch;
        }
        let left = px(96);
        let places = picked(self.columns.len(), COLUMNS);
        let number = i64::try_from(places.len()).unwrap_or(1).max(1);
        let wide = px(scaled((WIDTH - MARGIN - left).0, 1, number));
        sketch.line((WIDTH - MARGIN, y, INNER), Type::dim(12).at(Anchor::End), &self.names.1);
        y += px(18);
        sketch.line((MARGIN, y, left - MARGIN), Type::dim(12), &self.names.0);
        let mut x = left;
        for at in &places {
            let words = self.columns.get(*at).map_or("", String::as_str);
            let how = Type::dim(12).at(Anchor::Middle);
            sketch.line((x + half(wide), y, wide - px(4)), how, words);
            x += wide;
        }
        y += px(8);
        for row in picked(self.rows.len(), ROWS) {
            let Some((name, values)) = self.rows.get(row) else { continue };
            let how = Type::plain(12).at(Anchor::End);
            sketch.line((left - px(6), y + px(15), left - MARGIN - px(6)), how, name);
            let mut x = left;
            for at in &places {
                let value = values.get(*at).copied().unwrap_or(f64::NAN);
                // Paler than the color itself, so that the words on it can be read.
                let part = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
                let parts = super::span::tenths(part, px(5));
                let area = Area { x, y, width: wide - px(2), height: px(20) };
                sketch.wash(area, Tone::Pay, parts);
                let words = Numbers::Percent.brief(value);
                let how = Type::plain(12).at(Anchor::Middle);
                sketch.line((x + half(wide) - px(1), y + px(15), wide - px(6)), how, &words);
                x += wide;
            }
            y += px(22);
        }
        sketch
    }

    fn table(&self) -> Table {
        let columns = [self.names.0.clone()].into_iter().chain(self.columns.iter().cloned());
        let rows = self.rows.iter().map(|(name, values)| {
            let cells = values.iter().map(|value| Numbers::Percent.cell(*value));
            [Cell::text(name.clone())].into_iter().chain(cells).collect()
        });
        Table { caption: self.title.clone(), rows: rows.collect(), columns: columns.collect() }
    }
}
