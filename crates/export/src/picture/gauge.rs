//! Coverage: what counts against threshold and target, with the bands in between.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, half, measured, portion, px},
};
use crate::names::Unit;
use backstop_units::Amount;

/// A range of coverage in which something else applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// From which amount that counts on.
    pub from: Amount,
}

/// Coverage of a fund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// How amounts are written.
    pub unit: Unit,
    /// What counts.
    pub counted: Amount,
    /// What is on its way out; counts zero.
    pub queued: Amount,
    /// Where automatic allocations stop; zero: nothing set.
    pub threshold: Amount,
    /// What risk says the fund should hold; zero: nothing set.
    pub target: Amount,
    /// The part of the target that counts, in words.
    pub ratio: String,
    /// Bands from the lowest up.
    pub bands: Vec<Band>,
}

impl Gauge {
    /// What the strip reaches to: a fifth beyond the largest of all.
    fn whole(&self) -> u128 {
        let bands = self.bands.iter().map(|band| band.from);
        let all = [self.counted.saturating_add(self.queued), self.threshold, self.target];
        let most = all.into_iter().chain(bands).max().unwrap_or(Amount::ZERO).get();
        most.saturating_add(backstop_units::mul_div_floor(most, 1, 5).unwrap_or(0)).max(1)
    }

    fn at(&self, amount: Amount) -> Px {
        MARGIN + portion(INNER, amount.get(), self.whole())
    }

    fn rows(&self) -> Vec<(String, Option<Tone>, Cell)> {
        let amount = |amount| Cell::amount(&self.unit, amount);
        let mut rows = vec![("counts now".to_owned(), Some(Tone::Pay), amount(self.counted))];
        if !self.queued.is_zero() {
            let words = "on its way out, counts zero".to_owned();
            rows.push((words, Some(Tone::Leaving), amount(self.queued)));
        }
        for (name, limit) in [("threshold", self.threshold), ("target", self.target)] {
            if !limit.is_zero() {
                rows.push((name.to_owned(), None, amount(limit)));
            }
        }
        rows.push(("part of the target".to_owned(), None, Cell::number(&self.ratio)));
        for band in &self.bands {
            rows.push((format!("band {} from", band.name), None, amount(band.from)));
        }
        rows
    }
}

impl Picture for Gauge {
    fn sketch(&self) -> Sketch {
        let rows = self.rows();
        let words: Vec<_> =
            rows.iter().map(|(name, _, value)| format!("{name} {}", value.words())).collect();
        let mut sketch = Sketch::new(&self.id, &self.title, &format!("{}.", words.join(", ")));
        let top = sketch.header(&self.title, &[]) + px(34);
        let bottom = top + px(20);
        sketch.fill(Area::between((MARGIN, top), (MARGIN + INNER, bottom)), Tone::Track);
        let (counted, queued) =
            (self.at(self.counted), self.at(self.counted.saturating_add(self.queued)));
        sketch.fill(Area::between((counted, top), (queued, bottom)), Tone::Leaving);
        sketch.fill(Area::between((MARGIN, top), (counted, bottom)), Tone::Pay);
        let mut y = bottom;
        for (name, limit, (text, from, to)) in [
            ("threshold", self.threshold, (top - px(8), top - px(4), bottom)),
            ("target", self.target, (bottom + px(18), top, bottom + px(4))),
        ] {
            if limit.is_zero() {
                continue;
            }
            let x = self.at(limit);
            sketch.fill(Area::between((x - px(1), from), (x + px(1), to)), Tone::Ink);
            let reach = half(measured(name, 12)) + px(1);
            let middle = x.max(MARGIN + reach).min(WIDTH - MARGIN - reach);
            sketch.line((middle, text, INNER), Type::dim(12).at(Anchor::Middle), name);
            y = y.max(text);
        }
        if !self.bands.is_empty() {
            y = self.band_strip(&mut sketch, y + px(8));
        }
        for (name, tone, value) in &rows {
            y += px(20);
            if let Some(tone) = tone {
                sketch
                    .fill(Area { x: MARGIN, y: y - px(10), width: px(12), height: px(12) }, *tone);
            }
            let end = Type::plain(13).at(Anchor::End);
            sketch.line((WIDTH - MARGIN, y, px(136)), end, value.words());
            sketch.line((MARGIN + px(20), y, px(168)), Type::plain(13), name);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["what", "value"]);
        for (name, _, value) in self.rows() {
            table.row([Cell::text(name), value]);
        }
        table
    }
}

impl Gauge {
    /// Bands as a strip of their own, each with its name where that has room; returns its last `y`.
    fn band_strip(&self, sketch: &mut Sketch, y: Px) -> Px {
        let ends = self.bands.iter().skip(1).map(|band| self.at(band.from)).chain([MARGIN + INNER]);
        for (at, (band, end)) in self.bands.iter().zip(ends).enumerate() {
            let start = self.at(band.from);
            let tone = if at.is_multiple_of(2) { Tone::Room } else { Tone::Track };
            sketch.fill(Area::between((start, y), (end, y + px(8))), tone);
            let room = end - start - px(4);
            if measured(&band.name, 12) <= room {
                sketch.line((start + px(2), y + px(22), room), Type::dim(12), &band.name);
            }
        }
        y + px(24)
    }
}
