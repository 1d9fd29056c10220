//! A balance over time: steps, how far below its peak it stands, and what moved it.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, portion, px},
};
use crate::names::Unit;
use backstop_units::{Amount, Timestamp};
use std::fmt::Write as _;

const HIGH: Px = px(150);

/// A balance from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// From when on.
    pub at: Timestamp,
    /// How much.
    pub amount: Amount,
}

/// What moved a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Money came in.
    Inflow,
    /// The fund paid for a loss.
    Payout,
    /// Stakers lost.
    Slash,
    /// Money came back after a loss.
    Recovery,
}

impl MarkKind {
    const ALL: [Self; 4] = [Self::Inflow, Self::Payout, Self::Slash, Self::Recovery];

    const fn look(self) -> (&'static str, &'static str, Tone) {
        match self {
            Self::Inflow => ("inflow", "inflows, pointing up", Tone::Back),
            Self::Payout => ("payout", "payouts, pointing down", Tone::Gone),
            Self::Slash => ("slash", "slashes, square", Tone::Share),
            Self::Recovery => ("recovery", "recoveries, round", Tone::Match),
        }
    }
}

/// Something worth a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: MarkKind,
    /// How much.
    pub amount: Amount,
}

/// A balance over time. **Shape** points and marks in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// How amounts are written.
    pub unit: Unit,
    /// The balance, each from its moment to the next one's.
    pub points: Vec<Point>,
    /// What moved it.
    pub marks: Vec<Mark>,
}

/// Where things go.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    low: Amount,
    high: Amount,
    bottom: Px,
}

impl Scale {
    fn x(&self, at: Timestamp) -> Px {
        let whole = self.to.since(self.from).ms();
        MARGIN + portion(INNER, at.min(self.to).since(self.from).ms().into(), whole.into())
    }

    fn y(&self, amount: Amount) -> Px {
        let (above, whole) = (amount.saturating_sub(self.low), self.high.saturating_sub(self.low));
        self.bottom - portion(HIGH, above.get(), whole.get())
    }
}

impl Picture for Balance {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let y = sketch.header(&self.title, &[]);
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            sketch.lines((MARGIN, y + px(24), INNER), Type::plain(13), "Nothing has moved yet.");
            return sketch;
        };
        let (low, high) = self.extremes();
        // A balance that moves little is seen from near; the words at the lines say where they are.
        let base = if low.saturating_add(low) <= high { Amount::ZERO } else { low };
        let scale =
            Scale { from: first.at, to: last.at, low: base, high, bottom: y + px(34) + HIGH };
        let top = scale.bottom - HIGH;
        sketch.line(
            (MARGIN, top - px(8), INNER),
            Type::dim(12),
            &format!("high {}", self.unit.brief(high)),
        );
        sketch.fill(Area { x: MARGIN, y: top, width: INNER, height: px(1) }, Tone::Track);
        self.fall(&mut sketch, &scale);
        self.steps(&mut sketch, &scale);
        sketch.fill(Area { x: MARGIN, y: scale.bottom, width: INNER, height: px(1) }, Tone::Dim);
        let rug = scale.bottom + px(10);
        for mark in &self.marks {
            symbol(&mut sketch, (scale.x(mark.at), rug), mark.kind);
        }
        let dates = rug + px(24);
        let half = px(160);
        sketch.line((MARGIN, dates, half), Type::dim(12), &minute(first.at));
        sketch.line((WIDTH - MARGIN, dates, half), Type::dim(12).at(Anchor::End), &minute(last.at));
        let edge = if base.is_zero() {
            "bottom line: zero".to_owned()
        } else {
            format!("bottom line: {}", self.unit.brief(base))
        };
        let mut y = sketch.lines(
            (MARGIN, dates + px(20), INNER),
            Type::plain(12),
            &format!("low {}; {edge}", self.unit.brief(low)),
        );
        y = sketch.lines(
            (MARGIN, y + px(17), INNER),
            Type::plain(12),
            "shaded: below the highest so far",
        );
        for kind in MarkKind::ALL {
            let count = self.marks.iter().filter(|mark| mark.kind == kind).count();
            if count > 0 {
                y += px(18);
                symbol(&mut sketch, (MARGIN + px(6), y - px(4)), kind);
                let words = format!("{}: {count}", kind.look().1);
                sketch.line((MARGIN + px(20), y, INNER - px(20)), Type::plain(12), &words);
            }
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["from", "balance", "below its highest"]);
        for (point, peak) in self.points.iter().zip(self.peaks()) {
            let below = peak.saturating_sub(point.amount);
            let [amount, below] = [point.amount, below].map(|sum| Cell::amount(&self.unit, sum));
            table.row([Cell::text(point.at.to_string()), amount, below]);
        }
        table
    }
}

impl Balance {
    /// The highest balance so far at each point.
    fn peaks(&self) -> Vec<Amount> {
        let mut peak = Amount::ZERO;
        let seen = self.points.iter().map(|point| {
            peak = peak.max(point.amount);
            peak
        });
        seen.collect()
    }

    fn extremes(&self) -> (Amount, Amount) {
        let amounts = || self.points.iter().map(|point| point.amount);
        (amounts().min().unwrap_or_default(), amounts().max().unwrap_or_default())
    }

    /// What lies between the balance and its highest so far.
    fn fall(&self, sketch: &mut Sketch, scale: &Scale) {
        let ends = self.points.iter().skip(1).map(|point| point.at).chain([scale.to]);
        for ((point, peak), end) in self.points.iter().zip(self.peaks()).zip(ends) {
            let (left, right) = (scale.x(point.at), scale.x(end));
            let area = Area::between((left, scale.y(peak)), (right, scale.y(point.amount)));
            sketch.fill(area, Tone::Fall);
        }
    }

    fn steps(&self, sketch: &mut Sketch, scale: &Scale) {
        let mut line: Vec<(Px, Px)> = Vec::new();
        for point in &self.points {
            let (x, y) = (scale.x(point.at), scale.y(point.amount));
            if let Some((_, before)) = line.last().copied() {
                line.push((x, before));
            }
            line.push((x, y));
        }
        line.dedup();
        sketch.stroke(&line, Tone::Pay, false);
    }

    fn words(&self) -> String {
        let (low, high) = self.extremes();
        let Some((first, last)) = self.points.first().zip(self.points.last()) else {
            return "Nothing has moved yet.".to_owned();
        };
        let brief = |amount| self.unit.brief(amount);
        let mut text = format!(
            "From {} on {} to {} on {}; lowest {}, highest {}.",
            brief(first.amount),
            minute(first.at),
            brief(last.amount),
            minute(last.at),
            brief(low),
            brief(high)
        );
        for mark in &self.marks {
            let (what, _, _) = mark.kind.look();
            let _ = write!(text, " {}: {what} of {}.", minute(mark.at), brief(mark.amount));
        }
        text
    }
}

/// A moment to the minute.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let cut = text.char_indices().nth(16).map_or(text.len(), |(cut, _)| cut);
    text.get(..cut).unwrap_or_default().replace('T', " ")
}

/// Each kind has a form of its own, so none is told by color alone.
fn symbol(sketch: &mut Sketch, (x, y): (Px, Px), kind: MarkKind) {
    let (r, tone) = (px(4), kind.look().2);
    match kind {
        MarkKind::Inflow => sketch.shape(&[(x - r, y + r), (x + r, y + r), (x, y - r)], tone),
        MarkKind::Payout => sketch.shape(&[(x - r, y - r), (x + r, y - r), (x, y + r)], tone),
        MarkKind::Slash => {
            sketch.fill(Area { x: x - r, y: y - r, width: r + r, height: r + r }, tone);
        }
        MarkKind::Recovery => sketch.dot((x, y), r, tone, true),
    }
}
