//! How a plot is drawn: a frame with round ticks, traces in tenths of a pixel, words where they are free.

use super::{
    label::{flats, key, marks, named},
    plot::{Plot, Rule},
    span::{Span, picked, whole},
    trace::{sampled, trace},
};
use crate::picture::{
    Sketch, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Type, half, measured, px, scaled},
};

pub(super) const HIGH: Px = px(176);
pub(super) const RIGHT: Px = px(344);
pub(super) const SMALL: i64 = 12;

/// Where things go.
pub(super) struct Frame {
    pub(super) left: Px,
    pub(super) top: Px,
    across: Span,
    up: Span,
}

impl Frame {
    pub(super) fn bottom(&self) -> Px {
        self.top + HIGH
    }

    /// A place in tenths of a pixel.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(Px, Px)> {
        let (x, y) = (self.x(x)?, self.up.along(y, HIGH)?);
        Some((x, self.bottom() * px(10) - y))
    }

    pub(super) fn x(&self, value: f64) -> Option<Px> {
        Some(self.left * px(10) + self.across.along(value, RIGHT - self.left)?)
    }

    /// Where a flat line at a value stands, in tenths.
    pub(super) fn flat(&self, y: f64) -> Option<(Px, Px)> {
        Some((self.left * px(10), self.bottom() * px(10) - self.up.along(y, HIGH)?))
    }

    /// The foot of what is filled: zero, or the lower bound.
    pub(super) fn foot(&self) -> Px {
        let zero = self.up.along(0.0, HIGH).unwrap_or(px(0));
        self.bottom() * px(10) - zero
    }
}

/// Draws all of a plot.
pub(super) fn sketch(plot: &Plot) -> Sketch {
    let mut sketch = Sketch::new(&plot.id, &plot.title, &plot.words());
    let y = sketch.header(&plot.title, &plot.facts);
    let values = plot.series.iter().map(|series| series.trace.values().len());
    if values.sum::<usize>() == 0 {
        sketch.lines((MARGIN, y + px(24), INNER), Type::plain(13), "There is nothing to draw.");
        return sketch;
    }
    let (across, up) = plot.spans();
    let y = sketch.lines((MARGIN, y + px(20), INNER), Type::dim(SMALL), &plot.up.name);
    let widest = up.ticks.iter().map(|tick| measured(&plot.up.numbers.brief(*tick), SMALL)).max();
    let left = (MARGIN + widest.unwrap_or(px(0)) + px(6)).min(px(150));
    let mut frame = Frame { left, top: y, across, up };
    let strip = strip(&mut sketch, plot, &frame);
    frame.top = y + strip + px(18);
    axes(&mut sketch, plot, &frame);
    let uprights = plot.rules.iter().filter(|rule| rule.upright);
    for rule in uprights {
        upright(&mut sketch, &frame, rule);
    }
    let mut lines: Vec<Vec<(Px, Px)>> = Vec::new();
    for series in &plot.series {
        lines.push(trace(&mut sketch, &frame, series));
    }
    let busy: Vec<(Px, Px)> = lines.iter().flat_map(|line| sampled(line)).collect();
    flats(&mut sketch, plot, (&frame, &busy));
    marks(&mut sketch, plot, (&frame, &busy));
    let left = named(&mut sketch, plot, (&frame, &busy), &lines);
    let wide = measured(&plot.across.name, SMALL).min(RIGHT - MARGIN);
    let reach = half(wide) + px(1);
    let middle = half(frame.left + RIGHT).max(MARGIN + reach).min(RIGHT - reach);
    let name = Type::dim(SMALL).at(Anchor::Middle);
    let y = frame.bottom() + px(38);
    sketch.line((middle, y, wide), name, &plot.across.name);
    key(&mut sketch, &left, y);
    sketch
}

/// Words of upright rules in rows over the frame; returns the height of all rows.
fn strip(sketch: &mut Sketch, plot: &Plot, frame: &Frame) -> Px {
    let mut rows: Vec<Vec<(Px, Px)>> = Vec::new();
    for rule in plot.rules.iter().filter(|rule| rule.upright) {
        let words = plot.rule_words(rule);
        let Some(x) = frame.x(rule.at).map(|x| px(scaled(x.0, 1, 10))) else { continue };
        let wide = measured(&words, SMALL).min(RIGHT - MARGIN - px(8));
        let reach = half(wide) + px(3);
        let middle = x.max(MARGIN + reach).min(RIGHT - reach);
        let (from, to) = (middle - reach, middle + reach);
        let is_free =
            |row: &Vec<(Px, Px)>| row.iter().all(|(start, end)| to <= *start || from >= *end);
        let at = rows.iter().position(is_free).unwrap_or(rows.len());
        if at == rows.len() {
            rows.push(Vec::new());
        }
        if let Some(row) = rows.get_mut(at) {
            row.push((from, to));
        }
        let y = frame.top + px(17) + px(15) * count(at);
        let how = Type::plain(SMALL).at(Anchor::Middle);
        sketch.line((middle, y, wide), how, &words);
    }
    px(15) * count(rows.len())
}

fn count(number: usize) -> Px {
    px(i64::try_from(number).unwrap_or(0))
}

/// Lines and numbers of both axes.
fn axes(sketch: &mut Sketch, plot: &Plot, frame: &Frame) {
    for tick in &frame.up.ticks {
        let Some(along) = frame.up.along(*tick, HIGH) else { continue };
        let y = frame.bottom() - px(scaled(along.0, 1, 10));
        let line = Area { x: frame.left, y, width: RIGHT - frame.left, height: px(1) };
        sketch.fill(line, Tone::Track);
        let how = Type::dim(SMALL).at(Anchor::End);
        let words = plot.up.numbers.brief(*tick);
        sketch.line((frame.left - px(5), y + px(4), px(130)), how, &words);
    }
    let ticks: Vec<(f64, String)> = if plot.across.labels.is_empty() {
        let words = |tick: &f64| (*tick, plot.across.numbers.brief(*tick));
        frame.across.ticks.iter().map(words).collect()
    } else {
        let places = picked(plot.across.labels.len(), 5);
        let label = |at: &usize| Some((whole(*at), plot.across.labels.get(*at)?.clone()));
        places.iter().filter_map(label).collect()
    };
    let mut end = px(0);
    let last = ticks.len().saturating_sub(1);
    let y = frame.bottom() + px(20);
    let ends = ticks.last().map(|(_, words)| RIGHT - measured(words, SMALL) - px(8));
    for (at, (tick, words)) in ticks.iter().enumerate() {
        let Some(x) = frame.x(*tick).map(|x| px(scaled(x.0, 1, 10))) else { continue };
        let line = Area { x, y: frame.top, width: px(1), height: HIGH };
        sketch.fill(line, Tone::Track);
        let room = measured(words, SMALL).min(px(104));
        let reach = half(room) + px(1);
        let middle = x.max(MARGIN + reach).min(RIGHT + px(8) - reach);
        let labelled = !plot.across.labels.is_empty();
        let is_in_the_way = labelled && at < last && ends.is_some_and(|ends| middle + reach > ends);
        if middle - reach >= end && !is_in_the_way {
            sketch.line((middle, y, room), Type::dim(SMALL).at(Anchor::Middle), words);
            end = middle + reach + px(6);
        }
    }
    let base = Area { x: frame.left, y: frame.bottom(), width: RIGHT - frame.left, height: px(1) };
    sketch.fill(base, Tone::Dim);
}

fn upright(sketch: &mut Sketch, frame: &Frame, rule: &Rule) {
    if let Some(x) = frame.x(rule.at) {
        let ends = [frame.top - px(6), frame.bottom()].map(|y| (x, y * px(10)));
        sketch.curve(&ends, rule.tone, true);
    }
}
