//! The waterfall as values, and as plain text.

use super::{Cell, Table};
use crate::names::Unit;
use backstop_units::{Amount, Bps, mul_div_floor, split::largest_remainder};
use std::fmt::Write as _;

/// Columns of a bar in text.
const COLUMNS: u64 = 24;

/// One layer of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaterfallLayer {
    /// Who pays, in words.
    pub name: String,
    /// The most it could pay, where known; [`Amount::MAX`]: any amount.
    pub capacity: Option<Amount>,
    /// What it had paid before, where that is of interest.
    pub used: Option<Amount>,
    /// What it pays.
    pub draw: Amount,
    /// Why not more, in words; may be empty.
    pub note: String,
    /// Whether users bear it, rather than money that was put there for losses.
    pub by_users: bool,
}

/// A loss, or a what-if, on its way through the layers; zero shows what is there. **Shape** draws and residual add up to `loss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waterfall {
    /// Names the picture among others on one page: letters, digits, `_` and `-`.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Further lines under the title.
    pub facts: Vec<String>,
    /// How amounts are written.
    pub unit: Unit,
    /// The whole loss.
    pub loss: Amount,
    /// Layers in the order in which they pay.
    pub layers: Vec<WaterfallLayer>,
    /// What nobody pays.
    pub residual: Amount,
}

/// Where a bar starts and ends, and how far its capacity reaches, on a scale of the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) room: u64,
}

impl Waterfall {
    /// Each layer's part of the loss and the residual's, at the end. **Rounding** exact: to a
    /// hundredth of a percent by largest remainder, so the parts add up to 100%.
    pub fn parts(&self) -> Vec<Bps> {
        let draws = self.layers.iter().map(|layer| layer.draw.get());
        let weights: Vec<u128> = draws.chain([self.residual.get()]).collect();
        let mut parts = vec![0; weights.len()];
        if largest_remainder(10_000, &weights, &mut parts).is_err() {
            parts.fill(0);
        }
        parts.into_iter().map(|part| Bps::new(u32::try_from(part).unwrap_or(u32::MAX))).collect()
    }

    /// Bars of the layers and the residual, each beginning where the one before ended. **Rounding**
    /// down to whole steps of `width`; what is paid at all is one step long at least.
    pub(super) fn bars(&self, width: u64) -> Vec<Bar> {
        let mut before = Amount::ZERO;
        let residual = (self.residual, None);
        let layers = self.layers.iter().map(|layer| (layer.draw, layer.capacity));
        layers
            .chain([residual])
            .map(|(draw, capacity)| {
                let after = before.saturating_add(draw);
                let reach = before.saturating_add(capacity.unwrap_or(draw)).min(self.loss);
                let least = u64::from(!draw.is_zero());
                let start = self.scale(before, width).min(width.saturating_sub(least));
                let end = self.scale(after, width).max(start.saturating_add(least));
                before = after;
                Bar { start, end, room: self.scale(reach, width).max(end) }
            })
            .collect()
    }

    fn scale(&self, amount: Amount, width: u64) -> u64 {
        let steps = mul_div_floor(amount.min(self.loss).get(), u128::from(width), self.loss.get());
        steps.ok().and_then(|steps| u64::try_from(steps).ok()).unwrap_or(0)
    }

    /// Its layers as rows: what each could pay, had paid, pays, and its part of the loss.
    pub(super) fn rows(&self) -> Table {
        let columns = ["layer", "could pay", "paid before", "pays", "part", "why not more"];
        let mut table = Table::new(self.title.clone(), columns);
        let known = |amount: Option<Amount>| {
            amount.map_or_else(|| Cell::text("–"), |amount| Cell::amount(&self.unit, amount))
        };
        let parts = self.parts();
        for (layer, part) in self.layers.iter().zip(&parts) {
            table.row([
                Cell::text(layer.name.clone()),
                known(layer.capacity),
                known(layer.used),
                Cell::amount(&self.unit, layer.draw),
                Cell::number(part),
                Cell::text(layer.note.clone()),
            ]);
        }
        let mut closing = |name: &str, amount: Amount, part: Bps| {
            let (none, amount) = (|| Cell::text("–"), Cell::amount(&self.unit, amount));
            table.row([
                Cell::text(name),
                none(),
                none(),
                amount,
                Cell::number(&part),
                Cell::text(""),
            ]);
        };
        closing(RESIDUAL, self.residual, parts.last().copied().unwrap_or(Bps::ZERO));
        let whole = if self.loss.is_zero() { Bps::ZERO } else { Bps::WHOLE };
        closing("the whole loss", self.loss, whole);
        table
    }

    /// What is said of a layer besides its draw: what it had, what it had paid, why not more.
    pub(super) fn remarks(&self, layer: &WaterfallLayer) -> String {
        let mut words = Vec::new();
        match layer.capacity {
            Some(Amount::MAX) => words.push("any amount".to_owned()),
            Some(capacity) => words.push(format!("had {}", self.unit.short(capacity))),
            None => {}
        }
        if let Some(used) = layer.used {
            words.push(format!("paid {} before", self.unit.short(used)));
        }
        if !layer.note.is_empty() {
            words.push(layer.note.clone());
        }
        words.join(", ")
    }
}

/// The waterfall in plain text, 80 columns wide where names and amounts allow it.
pub fn waterfall_text(picture: &Waterfall) -> String {
    let mut text = String::new();
    let (bars, parts) = (picture.bars(COLUMNS), picture.parts());
    let rows = picture
        .layers
        .iter()
        .map(|layer| (layer.name.as_str(), layer.draw, '█', picture.remarks(layer)));
    let residual =
        (!picture.residual.is_zero()).then(|| (RESIDUAL, picture.residual, '▓', String::new()));
    let rows: Vec<_> = rows.chain(residual).collect();
    let digits = |amount| picture.unit.digits(amount);
    let name = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0).max(4);
    let amount = digits(picture.loss).len();
    // Each row's bar; the residual's is the last one.
    let last = bars.len().saturating_sub(1);
    for (at, (words, draw, fill, remarks)) in rows.iter().enumerate() {
        let at = if *fill == '▓' { last } else { at };
        let (Some(bar), Some(part)) = (bars.get(at), parts.get(at)) else { continue };
        let (draw, bar) = (digits(*draw), drawn(*bar, *fill));
        let part = part.to_string();
        let _ = writeln!(text, "  {words:name$}  {bar}  {draw:>amount$}  {part:>7}");
        if !remarks.is_empty() {
            let _ = writeln!(text, "    {remarks}");
        }
    }
    let total = digits(picture.loss);
    let gap = " ".repeat(usize::try_from(COLUMNS).unwrap_or(0));
    let _ = writeln!(text, "  {:name$}  {gap}  {total:>amount$}  100.00%", "loss");
    text
}

/// The residual's name in pictures.
pub(crate) const RESIDUAL: &str = "residual, unpaid";

fn drawn(bar: Bar, fill: char) -> String {
    let cell = |at: u64| match at {
        at if at < bar.start => ' ',
        at if at < bar.end => fill,
        at if at < bar.room => '░',
        _ => ' ',
    };
    (0..COLUMNS).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(loss: u128, draws: &[(u128, Option<u128>)], residual: u128) -> Waterfall {
        let layer = |(draw, capacity): &(u128, Option<u128>)| WaterfallLayer {
            name: "layer".to_owned(),
            capacity: capacity.map(Amount::new),
            used: None,
            draw: Amount::new(*draw),
            note: String::new(),
            by_users: false,
        };
        Waterfall {
            id: "t".to_owned(),
            title: "t".to_owned(),
            facts: Vec::new(),
            unit: Unit { symbol: "usdt".to_owned(), decimals: 0 },
            loss: Amount::new(loss),
            layers: draws.iter().map(layer).collect(),
            residual: Amount::new(residual),
        }
    }

    #[test]
    fn bars_follow_each_other() {
        for (loss, draws, residual, want) in [
            (
                100,
                vec![(50, None), (50, Some(80))],
                0,
                vec![(0, 12, 12), (12, 24, 24), (24, 24, 24)],
            ),
            (100, vec![(0, Some(50)), (100, None)], 0, vec![(0, 0, 12), (0, 24, 24), (24, 24, 24)]),
            (1_000, vec![(1, None), (998, None)], 1, vec![(0, 1, 1), (0, 23, 23), (23, 24, 24)]),
            (0, vec![(0, None)], 0, vec![(0, 0, 0), (0, 0, 0)]),
            (u128::MAX, vec![(u128::MAX, Some(u128::MAX))], 0, vec![(0, 24, 24), (24, 24, 24)]),
        ] {
            let bars = picture(loss, &draws, residual).bars(COLUMNS);
            let got: Vec<_> = bars.iter().map(|bar| (bar.start, bar.end, bar.room)).collect();
            assert_eq!(got, want, "{loss} {draws:?} {residual}");
        }
    }

    #[test]
    fn parts_add_up() {
        let parts = picture(3, &[(1, None), (1, None)], 1).parts();
        assert_eq!(parts, [3_334, 3_333, 3_333].map(Bps::new));
        assert_eq!(picture(0, &[(0, None)], 0).parts(), [Bps::ZERO, Bps::ZERO]);
    }
}
