//! A loss running down the layers: each bar begins where the one above ended.

use super::{
    Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, px},
    waterfall::{Bar, RESIDUAL, Waterfall},
};
use backstop_units::{Amount, Bps};
use std::fmt::Write as _;

const BAR: Px = px(12);

/// A waterfall as bars below each other.
#[derive(Clone, Copy, Debug)]
pub struct Cascade<'a>(pub &'a Waterfall);

/// One row of the picture.
struct Row {
    name: String,
    part: Bps,
    amount: String,
    remarks: String,
    bar: Bar,
    tone: Tone,
}

impl Picture for Cascade<'_> {
    fn sketch(&self) -> Sketch {
        let picture = self.0;
        let mut sketch = Sketch::new(&picture.id, &picture.title, &description(picture));
        let mut y = sketch.header(&picture.title, &picture.facts) + px(14);
        let rows = rows(picture);
        for row in &rows {
            y = draw(&mut sketch, y, row);
        }
        if rows.iter().any(|row| row.bar.room > row.bar.end) {
            let legend = "Strong: paid. Faint: there, and not paid.";
            sketch.lines((MARGIN, y + px(12), INNER), Type::dim(12), legend);
        }
        sketch
    }

    fn table(&self) -> Table {
        self.0.rows()
    }
}

/// The whole loss, then the layers, then what nobody paid.
fn rows(picture: &Waterfall) -> Vec<Row> {
    let inner = u64::try_from(INNER.0).unwrap_or(0);
    let (bars, parts) = (picture.bars(inner), picture.parts());
    let mut rows = vec![Row {
        name: "the whole loss".to_owned(),
        part: Bps::WHOLE,
        amount: picture.unit.short(picture.loss),
        remarks: String::new(),
        bar: Bar { start: 0, end: inner, room: inner },
        tone: Tone::All,
    }];
    rows.extend(picture.layers.iter().zip(&bars).zip(&parts).map(|((layer, bar), part)| Row {
        name: layer.name.clone(),
        part: *part,
        amount: format!("paid {}", picture.unit.short(layer.draw)),
        remarks: picture.remarks(layer),
        bar: *bar,
        tone: Tone::Pay,
    }));
    let residual = bars.last().zip(parts.last()).filter(|_| !picture.residual.is_zero());
    rows.extend(residual.map(|(bar, part)| Row {
        name: RESIDUAL.to_owned(),
        part: *part,
        amount: format!("{} found no payer", picture.unit.short(picture.residual)),
        remarks: String::new(),
        bar: *bar,
        tone: Tone::Gone,
    }));
    rows
}

/// Draws a row from `y` down: name and percent, amount, remarks, bar. Returns where the next begins.
fn draw(sketch: &mut Sketch, y: Px, row: &Row) -> Px {
    let first = y + px(18);
    // The percent stands at the right end, so the name has less room.
    let (percent, end) = (px(64), WIDTH - MARGIN);
    let right = Type::plain(13).at(Anchor::End);
    sketch.line((end, first, percent), right, &row.part.to_string());
    let mut y = sketch.lines((MARGIN, first, INNER - percent), Type::strong(13), &row.name);
    y = sketch.lines((MARGIN, y + px(17), INNER), Type::plain(13), &row.amount);
    if !row.remarks.is_empty() {
        y = sketch.lines((MARGIN, y + px(15), INNER), Type::dim(12), &row.remarks);
    }
    y += px(7);
    let [start, end, room] = [row.bar.start, row.bar.end, row.bar.room]
        .map(|step| MARGIN + px(i64::try_from(step).unwrap_or(0)));
    let mut bar = |from: Px, to: Px, tone| {
        sketch.fill(Area::between((from, y), (to, y + BAR)), tone);
    };
    bar(MARGIN, MARGIN + INNER, Tone::Track);
    bar(end, room, Tone::Room);
    bar(start, end, row.tone);
    y + BAR + px(8)
}

/// The picture in words, for those who do not see it.
fn description(picture: &Waterfall) -> String {
    let mut text = format!("Loss of {}.", picture.unit.short(picture.loss));
    for (layer, part) in picture.layers.iter().zip(picture.parts()) {
        let draw = picture.unit.short(layer.draw);
        let _ = match layer.draw {
            Amount::ZERO => write!(text, " {} paid nothing", layer.name),
            _ => write!(text, " {} paid {draw}, {part}", layer.name),
        };
        let remarks = picture.remarks(layer);
        if !remarks.is_empty() {
            let _ = write!(text, " ({remarks})");
        }
        text.push('.');
    }
    match picture.residual {
        Amount::ZERO if picture.layers.is_empty() => text.push_str(" Nobody has paid of it yet."),
        Amount::ZERO => text.push_str(" Nothing was left unpaid."),
        residual => {
            let _ = write!(text, " {} was left unpaid.", picture.unit.short(residual));
        }
    }
    text
}
