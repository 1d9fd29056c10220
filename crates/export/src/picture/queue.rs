//! What is on its way out, day by day, and what is left after it.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Sketch, Type, WIDTH, portion, px},
};
use crate::names::Unit;
use backstop_units::Amount;
use std::fmt::Write as _;

const HIGH: i64 = 120;

/// What unlocks on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDay {
    /// The day, as `2025-10-10`.
    pub day: String,
    /// What may leave from then on.
    pub amount: Amount,
}

/// Exits that were filed, by the day on which they unlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// How amounts are written.
    pub unit: Unit,
    /// What counts: what is there after all exits.
    pub counted: Amount,
    /// What the fund should hold; zero: nothing set.
    pub target: Amount,
    /// Days with exits, the earliest first.
    pub days: Vec<QueueDay>,
}

impl Queue {
    /// What is left after each day, beginning with what is there before the first.
    fn left(&self) -> Vec<Amount> {
        let mut after = self.counted;
        let mut left = vec![after];
        for day in self.days.iter().rev() {
            after = after.saturating_add(day.amount);
            left.push(after);
        }
        left.reverse();
        left
    }

    fn words(&self) -> String {
        let left = self.left();
        let mut text = format!("In reach of losses now: {}.", self.brief(left.first()));
        for (day, left) in self.days.iter().zip(left.iter().skip(1)) {
            let (out, left) = (self.unit.brief(day.amount), self.unit.brief(*left));
            let _ = write!(text, " {}: {out} may leave, {left} stays.", day.day);
        }
        text
    }

    fn brief(&self, amount: Option<&Amount>) -> String {
        self.unit.brief(amount.copied().unwrap_or_default())
    }
}

impl Picture for Queue {
    fn sketch(&self) -> Sketch {
        let left = self.left();
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, &[]);
        if self.days.is_empty() {
            sketch.lines(
                (MARGIN, y + px(24), INNER),
                Type::plain(13),
                "Nobody has asked to leave.",
            );
            return sketch;
        }
        let (now, end) = (self.brief(left.first()), self.unit.brief(self.counted));
        y = sketch.lines(
            (MARGIN, y + px(20), INNER),
            Type::plain(12),
            &format!("in reach of losses now: {now}"),
        );
        let words = format!("coverage after queued exits: {end}");
        y = sketch.lines((MARGIN, y + px(17), INNER), Type::strong(12), &words);
        let (top, bottom) = (y + px(14), y + px(14) + px(HIGH));
        let whole = left.first().copied().unwrap_or_default().max(self.target).get();
        let slots = u128::try_from(left.len()).unwrap_or(1);
        let leaving = [Amount::ZERO].into_iter().chain(self.days.iter().map(|day| day.amount));
        for ((at, left), leaving) in (0u128..).zip(&left).zip(leaving) {
            let x = MARGIN + portion(INNER, at, slots);
            let next = MARGIN + portion(INNER, at.saturating_add(1), slots);
            let right = (next - px(2)).max(x + px(1));
            let stays = bottom - portion(px(HIGH), left.get(), whole);
            let before = bottom - portion(px(HIGH), left.saturating_add(leaving).get(), whole);
            let before = if leaving.is_zero() { stays } else { before.min(stays - px(2)) };
            sketch.fill(Area::between((x, stays), (right, bottom)), Tone::Pay);
            sketch.fill(Area::between((x, before), (right, stays)), Tone::Leaving);
        }
        sketch.fill(Area { x: MARGIN, y: bottom, width: INNER, height: px(1) }, Tone::Dim);
        if !self.target.is_zero() {
            let y = bottom - portion(px(HIGH), self.target.get(), whole);
            sketch.stroke(&[(MARGIN, y), (MARGIN + INNER, y)], Tone::Ink, true);
        }
        let last = self.days.last().map_or("", |day| day.day.as_str());
        sketch.line((MARGIN, top + px(HIGH) + px(16), px(150)), Type::dim(12), "now");
        let end = Type::dim(12).at(Anchor::End);
        sketch.line((WIDTH - MARGIN, bottom + px(16), px(150)), end, last);
        let mut legend =
            vec![(Tone::Pay, "stays".to_owned()), (Tone::Leaving, "may leave that day".to_owned())];
        if !self.target.is_zero() {
            legend
                .push((Tone::Ink, format!("dashed: the target, {}", self.unit.brief(self.target))));
        }
        let mut y = bottom + px(20);
        for (tone, words) in legend {
            y += px(18);
            let high = if tone == Tone::Ink { px(2) } else { px(12) };
            let swatch =
                Area { x: MARGIN, y: y - px(4) - portion(high, 1, 2), width: px(12), height: high };
            sketch.fill(swatch, tone);
            sketch.line((MARGIN + px(20), y, INNER - px(20)), Type::plain(12), &words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["day", "may leave", "stays"]);
        let left = self.left();
        let now = Cell::amount(&self.unit, left.first().copied().unwrap_or_default());
        table.row([Cell::text("now"), Cell::amount(&self.unit, Amount::ZERO), now]);
        for (day, left) in self.days.iter().zip(left.iter().skip(1)) {
            let [out, left] = [day.amount, *left].map(|amount| Cell::amount(&self.unit, amount));
            table.row([Cell::text(day.day.clone()), out, left]);
        }
        table
    }
}
