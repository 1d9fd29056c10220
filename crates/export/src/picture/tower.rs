//! The layers as a tower: the lowest pays first, and a loss fills it from below.

use super::{
    Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, line_count, portion, px},
    waterfall::{RESIDUAL, Waterfall, WaterfallLayer},
};
use backstop_units::Amount;
use std::fmt::Write as _;

const LEFT: Px = px(98);
const RIGHT: Px = px(154);
/// Where the words beside the tower begin, and their room.
const BESIDE: Px = px(166);
const ROOM: Px = px(178);
/// The words under the left edge's numbers end here.
const AXIS: Px = px(80);
/// What is parted among the layers by what they can pay, beyond the height that their words need.
const BY_SIZE: Px = px(120);

/// A waterfall as a tower, with the loss drawn into it; a loss of zero shows what is there.
#[derive(Clone, Copy, Debug)]
pub struct Tower<'a>(pub &'a Waterfall);

/// A block of the tower.
struct Block<'a> {
    layer: &'a WaterfallLayer,
    /// From which loss on it pays, as far as that is known.
    from: Option<Amount>,
    /// Up to which loss, where it has a limit.
    to: Option<Amount>,
    next: bool,
    lines: Vec<(Type, String)>,
    height: Px,
}

impl Picture for Tower<'_> {
    fn sketch(&self) -> Sketch {
        let waterfall = self.0;
        let blocks = blocks(waterfall);
        let words = description(waterfall, &blocks);
        let mut sketch = Sketch::new(&waterfall.id, &waterfall.title, &words);
        let mut y = sketch.header(&waterfall.title, &waterfall.facts) + px(22);
        if !waterfall.residual.is_zero() {
            y = residual(&mut sketch, y, waterfall);
        }
        for block in blocks.iter().rev() {
            y = draw(&mut sketch, y, (waterfall, block));
        }
        if let Some(Block { from: Some(from), .. }) = blocks.first() {
            axis(&mut sketch, y, &waterfall.unit.compact(*from));
        }
        let mut legend = format!(
            "The lowest layer pays first. At the left: from which loss on, in {}. ",
            waterfall.unit.symbol
        );
        legend.push_str("Strong: pays. Faint: can pay. Blocks grow with what they can pay.");
        sketch.lines((MARGIN, y + px(24), INNER), Type::dim(12), &legend);
        sketch
    }

    fn table(&self) -> Table {
        self.0.rows()
    }
}

/// The blocks from the lowest up, with the words beside them and the heights these need.
fn blocks(waterfall: &Waterfall) -> Vec<Block<'_>> {
    let capacity = |layer: &WaterfallLayer| layer.capacity.unwrap_or(layer.draw);
    let limited = waterfall.layers.iter().map(capacity).filter(|amount| *amount != Amount::MAX);
    let all = limited.fold(Amount::ZERO, Amount::saturating_add);
    let next = waterfall.layers.iter().position(|layer| layer.draw < capacity(layer));
    let mut from = Some(Amount::ZERO);
    let mut blocks = Vec::new();
    for (at, layer) in waterfall.layers.iter().enumerate() {
        let can = capacity(layer);
        let to = from.filter(|_| can != Amount::MAX).map(|from| from.saturating_add(can));
        let next = next == Some(at);
        let lines = lines(waterfall, layer, next);
        let share = if can == Amount::MAX { px(0) } else { portion(BY_SIZE, can.get(), all.get()) };
        let height = words_height(&lines) + px(12) + share;
        blocks.push(Block { layer, from, to, next, lines, height });
        from = to;
    }
    blocks
}

/// What stands beside a block.
fn lines(waterfall: &Waterfall, layer: &WaterfallLayer, next: bool) -> Vec<(Type, String)> {
    let unit = &waterfall.unit;
    let mut lines = vec![(Type::strong(13), layer.name.clone())];
    lines.push((
        Type::plain(12),
        match layer.capacity {
            Some(Amount::MAX) => "can pay any amount".to_owned(),
            Some(Amount::ZERO) => "has nothing to pay with".to_owned(),
            Some(amount) => format!("can pay {}", unit.brief(amount)),
            None => String::new(),
        },
    ));
    if !layer.draw.is_zero() {
        lines.push((Type::strong(12), format!("pays {}", unit.brief(layer.draw))));
    }
    if next {
        lines.push((Type::strong(12), "◀ next to pay".to_owned()));
    }
    if let Some(used) = layer.used.filter(|used| !used.is_zero()) {
        lines.push((Type::dim(12), format!("paid {} before", unit.brief(used))));
    }
    if !layer.note.is_empty() {
        lines.push((Type::dim(12), layer.note.clone()));
    }
    lines.retain(|(_, words)| !words.is_empty());
    lines
}

fn words_height(lines: &[(Type, String)]) -> Px {
    let height = |(how, words): &(Type, String)| {
        let count = i64::try_from(line_count(words, ROOM, how.size)).unwrap_or(1);
        px(count) * px(how.size.saturating_add(4))
    };
    lines.iter().map(height).fold(px(0), |sum, height| sum + height)
}

/// What no layer takes, above all of them.
fn residual(sketch: &mut Sketch, y: Px, waterfall: &Waterfall) -> Px {
    let words = format!("{} finds no payer", waterfall.unit.brief(waterfall.residual));
    let first = sketch.lines((BESIDE, y + px(13), ROOM), Type::strong(13).of(Tone::Gone), RESIDUAL);
    let last = sketch.lines((BESIDE, first + px(16), ROOM), Type::plain(12), &words);
    let bottom = last + px(10);
    sketch.fill(Area::between((LEFT, y), (RIGHT, bottom)), Tone::Gone);
    bottom + px(3)
}

/// Draws a block from `y` down; returns where the one below begins.
fn draw(sketch: &mut Sketch, y: Px, (waterfall, block): (&Waterfall, &Block<'_>)) -> Px {
    let bottom = y + block.height - px(3);
    let layer = block.layer;
    let tone = match layer.capacity {
        Some(Amount::ZERO) => Tone::Track,
        _ => Tone::Room,
    };
    sketch.fill(Area::between((LEFT, y), (RIGHT, bottom)), tone);
    // Without a limit the fill says how much of the loss it is.
    let whole = match layer.capacity.unwrap_or(layer.draw) {
        Amount::MAX => waterfall.loss,
        capacity => capacity,
    };
    let least = if layer.draw.is_zero() { px(0) } else { px(2) };
    let filled = portion(bottom - y, layer.draw.get(), whole.get()).max(least);
    let pays = if layer.by_users { Tone::Share } else { Tone::Pay };
    sketch.fill(Area::between((LEFT, bottom - filled), (RIGHT, bottom)), pays);
    if block.next {
        let at = (bottom - filled).max(y + px(6)).min(bottom - px(8));
        let tip = LEFT - px(2);
        sketch.shape(
            &[(tip - px(10), at - px(6)), (tip, at), (tip - px(10), at + px(6))],
            Tone::Gone,
        );
    }
    match (block.from, block.to) {
        (_, Some(to)) => axis(sketch, y, &waterfall.unit.compact(to)),
        (Some(_), None) => axis(sketch, y, "no limit"),
        (None, None) => {}
    }
    let mut line = y;
    for (how, words) in &block.lines {
        line += px(how.size.saturating_add(1));
        line = sketch.lines((BESIDE, line, ROOM), *how, words) + px(3);
    }
    y + block.height
}

/// A number at the left edge, and its tick.
fn axis(sketch: &mut Sketch, y: Px, words: &str) {
    sketch.line((AXIS, y + px(4), AXIS - px(4)), Type::dim(12).at(Anchor::End), words);
    sketch.fill(
        Area { x: AXIS + px(4), y, width: WIDTH - MARGIN - AXIS - px(4), height: px(1) },
        Tone::Track,
    );
}

fn description(waterfall: &Waterfall, blocks: &[Block<'_>]) -> String {
    let unit = &waterfall.unit;
    let mut text = match waterfall.loss {
        Amount::ZERO => "What each layer could pay now, the first payer first.".to_owned(),
        loss => format!("How a loss of {} would be paid.", unit.brief(loss)),
    };
    for block in blocks {
        let words: Vec<_> = block.lines.iter().map(|(_, words)| words.replace("◀ ", "")).collect();
        text.push(' ');
        text.push_str(&words.join(", "));
        text.push('.');
    }
    if !waterfall.residual.is_zero() {
        let _ = write!(text, " {} finds no payer.", unit.brief(waterfall.residual));
    }
    text
}
