//! What is on its way out, day by day, and what is left after it.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Sketch, Type, WIDTH, portion, px},
};
use crate::names::Unit;
use backstop_units::Amount;
use std::fmt::Write as _;

const HIGH: i64 = 120;

/// What can be paid from one day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDay {
    /// The day, as `2025-10-10`.
    pub day: String,
    /// What may leave from then on.
    pub amount: Amount,
    /// What stakers have left after it.
    pub left: Amount,
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
    /// What stakers have now: all of it bears losses until it is paid.
    pub staked: Amount,
    /// What counts of the fund: queued exits count zero already.
    pub counted: Amount,
    /// The part of the target that counts, in words.
    pub ratio: String,
    /// Days with exits, the earliest first.
    pub days: Vec<QueueDay>,
}

impl Queue {
    /// What is left now and after each day.
    fn left(&self) -> Vec<Amount> {
        [self.staked].into_iter().chain(self.days.iter().map(|day| day.left)).collect()
    }

    fn words(&self) -> String {
        let mut text = format!("Stakers have now: {}.", self.unit.brief(self.staked));
        for day in &self.days {
            let (out, left) = (self.unit.brief(day.amount), self.unit.brief(day.left));
            let _ = write!(text, " {}: {out} may leave, {left} stays.", day.day);
        }
        text
    }

    /// Coverage once all have gone.
    fn covered(&self) -> String {
        format!(
            "coverage after queued exits: {} ({} counts)",
            self.ratio,
            self.unit.brief(self.counted)
        )
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
        let now = format!("stakers have now: {}", self.unit.brief(self.staked));
        y = sketch.lines((MARGIN, y + px(20), INNER), Type::plain(12), &now);
        y = sketch.lines((MARGIN, y + px(17), INNER), Type::strong(12), &self.covered());
        let (top, bottom) = (y + px(14), y + px(14) + px(HIGH));
        let whole = self.staked.get();
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
        let last = self.days.last().map_or("", |day| day.day.as_str());
        sketch.line((MARGIN, top + px(HIGH) + px(16), px(150)), Type::dim(12), "now");
        let end = Type::dim(12).at(Anchor::End);
        sketch.line((WIDTH - MARGIN, bottom + px(16), px(150)), end, last);
        let mut y = bottom + px(20);
        for (tone, words) in [(Tone::Pay, "stays"), (Tone::Leaving, "may leave that day")] {
            y += px(18);
            let swatch = Area { x: MARGIN, y: y - px(10), width: px(12), height: px(12) };
            sketch.fill(swatch, tone);
            sketch.line((MARGIN + px(20), y, INNER - px(20)), Type::plain(12), words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["day", "may leave", "stays"]);
        let amount = |amount| Cell::amount(&self.unit, amount);
        table.row([Cell::text("now"), amount(Amount::ZERO), amount(self.staked)]);
        for day in &self.days {
            table.row([Cell::text(day.day.clone()), amount(day.amount), amount(day.left)]);
        }
        table
    }
}
