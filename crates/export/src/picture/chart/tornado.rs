//! What one figure becomes when assumptions change: bars to both sides of what it is without.

use super::{axis::Scale, number::Numbers, span::Span};
use crate::picture::{
    Cell, Picture, Sketch, Table, Tone,
    sketch::{Area, INNER, MARGIN, Px, Type, px, scaled},
};

/// More than these are in the table only.
const MOST: usize = 16;
/// Height of one end's bar.
const LANE: Px = px(7);

/// An assumption and what the figure is under each of its changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Swing {
    /// The assumption.
    pub name: String,
    /// Each change and the figure under it, one bar below the other.
    pub ends: Vec<(String, f64)>,
}

/// Swings below each other around one line. Above it is worse: more is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tornado {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// What names the swings, and what is drawn, with its unit.
    pub columns: (String, String),
    /// How figures are written.
    pub numbers: Numbers,
    /// What the figure is when nothing is changed.
    pub base: f64,
    /// From the top down, as a rule the widest first.
    pub swings: Vec<Swing>,
}

impl Tornado {
    fn ends_words(&self, swing: &Swing) -> String {
        let one =
            |(change, value): &(String, f64)| format!("{change} {}", self.numbers.brief(*value));
        let all: Vec<String> = swing.ends.iter().map(one).collect();
        format!("{}: {}", swing.name, all.join(", "))
    }

    fn words(&self) -> String {
        let all: Vec<String> = self.swings.iter().map(|swing| self.ends_words(swing)).collect();
        let base = self.numbers.brief(self.base);
        format!("{} by {}: {base} as it is. {}.", self.columns.1, self.columns.0, all.join(". "))
    }

    /// One swing's bars from the base to each end; how high they are.
    fn bars(&self, sketch: &mut Sketch, span: &Span, (swing, mut y): (&Swing, Px)) -> Px {
        let x = |value: f64| {
            let along = span.along(value, INNER);
            along.map(|along| MARGIN + px(scaled(along.0, 1, 10)))
        };
        let lanes = i64::try_from(swing.ends.len()).unwrap_or(1);
        let (top, height) = (y, LANE * px(lanes));
        sketch.fill(Area { x: MARGIN, y, width: INNER, height }, Tone::Track);
        let base = x(self.base);
        for (_, value) in &swing.ends {
            if let (Some(base), Some(end)) = (base, x(*value)) {
                let tone = if *value > self.base { Tone::Gone } else { Tone::Pay };
                let area = Area::between((base.min(end), y), (base.max(end), y + LANE - px(1)));
                sketch.fill(area, tone);
            }
            y += LANE;
        }
        if let Some(x) = base {
            let area = Area { x, y: top - px(2), width: px(1), height: height + px(4) };
            sketch.fill(area, Tone::Ink);
        }
        height
    }
}

impl Picture for Tornado {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let line = format!("the line is {}, as it is", self.numbers.brief(self.base));
        let mut y = sketch.header(&self.title, &[self.columns.1.clone(), line]) + px(10);
        if self.swings.is_empty() {
            sketch.lines((MARGIN, y + px(14), INNER), Type::plain(13), "There is nothing to draw.");
            return sketch;
        }
        let shown = self.swings.get(..MOST).unwrap_or(&self.swings);
        let values = shown.iter().flat_map(|swing| swing.ends.iter().map(|(_, value)| *value));
        let span = Span::over(values.chain([self.base]), Scale::Linear, 12);
        for swing in shown {
            y += px(18);
            y = sketch.lines((MARGIN, y, INNER), Type::plain(12), &self.ends_words(swing));
            y += px(6);
            y += self.bars(&mut sketch, &span, (swing, y)) + px(6);
        }
        let left = self.swings.len().saturating_sub(MOST);
        if left > 0 {
            let words = format!("{left} more are in the table");
            sketch.line((MARGIN, y + px(14), INNER), Type::dim(12), &words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let columns = [self.columns.0.as_str(), "change", &self.columns.1, "difference"];
        let row = |name: &str, change: &str, value: f64| {
            let figures = [value, value - self.base].map(|figure| self.numbers.cell(figure));
            [Cell::text(name), Cell::text(change)].into_iter().chain(figures).collect()
        };
        let rows = self.swings.iter().flat_map(|swing| {
            swing.ends.iter().map(|(change, value)| row(&swing.name, change, *value))
        });
        Table {
            caption: self.title.clone(),
            columns: columns.map(str::to_owned).into(),
            rows: [row("as it is", "none", self.base)].into_iter().chain(rows).collect(),
        }
    }
}
