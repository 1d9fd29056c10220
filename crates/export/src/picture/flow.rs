//! Where a loss went: from the whole to those who bore it, and from them to what came back.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, portion, px},
};
use crate::names::Unit;
use backstop_units::Amount;
use std::fmt::Write as _;

/// Heights of money: the whole loss is so high.
const WHOLE: Px = px(180);
const NODE: Px = px(12);
const MIDDLE: Px = px(110);
/// Room of the words above the nodes in the middle and at the right.
const MIDDLE_ROOM: Px = px(136);
const RIGHT_ROOM: Px = px(92);

/// Who bore a part of a loss, and what came back to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRow {
    /// Who, in words.
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// What of it came back; at most `amount`.
    pub recovered: Amount,
    /// Whether users bore it, rather than money put there for losses.
    pub by_users: bool,
}

/// A loss on its way. **Shape** rows and residual add up to `gross`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// How amounts are written.
    pub unit: Unit,
    /// The whole loss.
    pub gross: Amount,
    /// Those who bore it, in the order in which they paid.
    pub rows: Vec<FlowRow>,
    /// What nobody bore.
    pub residual: Amount,
    /// What of the residual came back.
    pub residual_recovered: Amount,
}

/// Something that has a height: a row or an outcome.
struct Node {
    words: String,
    amount: Amount,
    tone: Tone,
    top: Px,
    /// How far down its ribbons reach already.
    taken: Px,
}

impl Flow {
    /// Rows with the residual as the last one, with its tone. Those that bore nothing are left out.
    fn payers(&self) -> Vec<(FlowRow, Tone)> {
        let tone = |row: &FlowRow| if row.by_users { Tone::Share } else { Tone::Pay };
        let residual = FlowRow {
            name: "nobody".to_owned(),
            amount: self.residual,
            recovered: self.residual_recovered,
            by_users: false,
        };
        let rows = self.rows.iter().map(|row| (row.clone(), tone(row)));
        rows.chain([(residual, Tone::Gone)]).filter(|(row, _)| !row.amount.is_zero()).collect()
    }

    fn outcomes(&self) -> [(&'static str, Tone, Amount); 4] {
        let mut sums = [Amount::ZERO; 4];
        let [back, funded, shared, gone] = &mut sums;
        for (row, tone) in self.payers() {
            *back = back.saturating_add(row.recovered);
            let left = row.amount.saturating_sub(row.recovered);
            let sum = match tone {
                Tone::Pay => &mut *funded,
                Tone::Share => &mut *shared,
                _ => &mut *gone,
            };
            *sum = sum.saturating_add(left);
        }
        let [back, funded, shared, gone] = sums;
        [
            ("came back", Tone::Back, back),
            ("funded", Tone::Pay, funded),
            ("users bear", Tone::Share, shared),
            ("unpaid", Tone::Gone, gone),
        ]
    }

    fn height(&self, amount: Amount) -> Px {
        portion(WHOLE, amount.get(), self.gross.get())
    }

    fn label(&self, amount: Amount) -> String {
        format!("{} {}", self.unit.compact(amount), self.unit.symbol)
    }
}

impl Picture for Flow {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let top =
            sketch.header(&self.title, &[format!("loss {}", self.unit.brief(self.gross))]) + px(12);
        let payers = self.payers();
        let mut middle = Vec::new();
        let mut y = top;
        for (row, tone) in &payers {
            let node = (row.name.as_str(), self.label(row.amount), (MIDDLE, MIDDLE_ROOM));
            y = place(&mut sketch, y, node, Anchor::Start);
            middle.push(Node {
                words: row.name.clone(),
                amount: row.amount,
                tone: *tone,
                top: y,
                taken: y,
            });
            y += self.height(row.amount).max(px(2)) + px(10);
        }
        let mut right = Vec::new();
        let mut y = top;
        for (words, tone, amount) in self.outcomes() {
            if amount.is_zero() {
                continue;
            }
            let node = (words, self.label(amount), (WIDTH - MARGIN, RIGHT_ROOM));
            y = place(&mut sketch, y, node, Anchor::End);
            right.push(Node { words: words.to_owned(), amount, tone, top: y, taken: y });
            y += self.height(amount).max(px(2)) + px(10);
        }
        self.draw(&mut sketch, top + px(24), (&payers, &mut middle, &mut right));
        sketch
    }

    fn table(&self) -> Table {
        let columns = ["who", "bore", "came back", "still missing", "how"];
        let mut table = Table::new(self.title.clone(), columns);
        for (row, tone) in self.payers() {
            let missing = row.amount.saturating_sub(row.recovered);
            let [amount, back, missing] =
                [row.amount, row.recovered, missing].map(|sum| Cell::amount(&self.unit, sum));
            let how = match tone {
                Tone::Pay => "funded",
                Tone::Share => "borne by users",
                _ => "residual, unpaid",
            };
            table.row([Cell::text(row.name), amount, back, missing, Cell::text(how)]);
        }
        table
    }
}

type Nodes<'a> = (&'a [(FlowRow, Tone)], &'a mut [Node], &'a mut [Node]);

impl Flow {
    /// Draws nodes and ribbons; the whole loss begins at `y`.
    fn draw(&self, sketch: &mut Sketch, y: Px, (payers, middle, right): Nodes<'_>) {
        let mut left = y;
        for ((row, _), node) in payers.iter().zip(middle.iter_mut()) {
            let height = self.height(node.amount).max(px(2));
            let end = (MIDDLE, node.top, node.top + height);
            sketch.ribbon((MARGIN + NODE, left, left + height), end, node.tone);
            left += height;
            let parts =
                [("came back", row.recovered), ("", row.amount.saturating_sub(row.recovered))];
            for (to, part) in parts {
                let goal = right.iter_mut().find(|goal| match to {
                    "" => goal.tone == node.tone,
                    to => goal.words == to,
                });
                let Some(goal) = goal.filter(|_| !part.is_zero()) else { continue };
                let height = self.height(part).max(px(2));
                let start = (MIDDLE + NODE, node.taken, node.taken + height);
                let end = (WIDTH - MARGIN - NODE, goal.taken, goal.taken + height);
                sketch.ribbon(start, end, goal.tone);
                node.taken += height;
                goal.taken += height;
            }
        }
        sketch.fill(Area::between((MARGIN, y), (MARGIN + NODE, left)), Tone::All);
        for (x, nodes) in [(MIDDLE, &*middle), (WIDTH - MARGIN - NODE, &*right)] {
            for node in nodes {
                let bottom = node.taken.max(node.top + px(2));
                sketch.fill(Area::between((x, node.top), (x + NODE, bottom)), node.tone);
            }
        }
        if payers.is_empty() {
            sketch.lines((MARGIN, y + px(18), INNER), Type::plain(13), "Nothing is placed yet.");
        }
    }

    fn words(&self) -> String {
        let mut text = format!("A loss of {}.", self.unit.brief(self.gross));
        for (row, _) in self.payers() {
            let _ = write!(text, " {} bore {}", row.name, self.unit.brief(row.amount));
            if !row.recovered.is_zero() {
                let _ = write!(text, ", of which {} came back", self.unit.brief(row.recovered));
            }
            text.push('.');
        }
        text
    }
}

/// Writes a node's words from `y` down; returns where the node itself begins.
fn place(
    sketch: &mut Sketch,
    y: Px,
    (words, amount, (x, room)): (&str, String, (Px, Px)),
    anchor: Anchor,
) -> Px {
    let y = sketch.lines((x, y + px(12), room), Type::strong(12).at(anchor), words);
    sketch.line((x, y + px(15), room), Type::plain(12).at(anchor), &amount);
    y + px(21)
}
