//! Series as lines, areas and marks, thinned to what a picture can show.

use super::{
    draw::{Frame, RIGHT},
    plot::{Series, Trace},
};
use crate::picture::{
    Sketch, Tone,
    sketch::{Area, Px, px, scaled},
};
use std::collections::BTreeMap;

/// Draws one series; gives what it takes up as points, in tenths.
pub(super) fn trace(sketch: &mut Sketch, frame: &Frame, series: &Series) -> Vec<(Px, Px)> {
    let all = series.trace.values();
    let points: Vec<(Px, Px)> = all.iter().filter_map(|(x, y, _)| frame.at(*x, *y)).collect();
    let tone = series.tone;
    match &series.trace {
        Trace::Line(_) | Trace::Dashed(_) => {
            let points = thinned(&points);
            sketch.curve(&points, tone, matches!(series.trace, Trace::Dashed(_)));
            points
        }
        Trace::Area(_) => {
            let points = steps(&thinned(&points), RIGHT * px(10));
            if let Some((first, last)) = points.first().zip(points.last()) {
                let foot = [(last.0, frame.foot()), (first.0, frame.foot())];
                sketch.region(&[points.as_slice(), &foot].concat(), tone);
            }
            sketch.curve(&points, tone, false);
            points
        }
        Trace::Band(_) => {
            let over = |(x, _, high): &(f64, f64, Option<f64>)| frame.at(*x, (*high)?);
            let high: Vec<(Px, Px)> = all.iter().rev().filter_map(over).collect();
            sketch.region(&[points.as_slice(), &high].concat(), tone);
            high
        }
        Trace::Points(_) => {
            for at in columns(&points) {
                sketch.dot(pixel(at), px(2), tone, true);
            }
            Vec::new()
        }
        Trace::Crosses(_) => {
            for at in columns(&points) {
                cross(sketch, pixel(at), tone);
            }
            points
        }
        Trace::Sticks(_) => {
            let foot = px(scaled(frame.foot().0, 1, 10));
            for (x, y) in tallest(&points) {
                let area = Area::between((x, px(scaled(y.0, 1, 10))), (x + px(1), foot));
                sketch.fill(area, tone);
            }
            Vec::new()
        }
    }
}

pub(super) fn pixel((x, y): (Px, Px)) -> (Px, Px) {
    let nearest = |tenths: Px| px(scaled((tenths + px(5)).0, 1, 10));
    (nearest(x), nearest(y))
}

pub(super) fn cross(sketch: &mut Sketch, (x, y): (Px, Px), tone: Tone) {
    let r = px(3);
    sketch.stroke(&[(x - r, y - r), (x + r, y + r)], tone, false);
    sketch.stroke(&[(x - r, y + r), (x + r, y - r)], tone, false);
}

/// A value that holds until the next, up to an end.
fn steps(points: &[(Px, Px)], end: Px) -> Vec<(Px, Px)> {
    let mut out: Vec<(Px, Px)> = Vec::new();
    for (x, y) in points {
        if let Some((_, before)) = out.last().copied() {
            out.push((*x, before));
        }
        out.push((*x, *y));
    }
    if let Some((x, y)) = out.last().copied().filter(|(x, _)| points.len() > 1 && *x < end) {
        out.push((x.max(end), y));
    }
    out.dedup();
    out
}

/// Which half pixel across.
fn column((x, _): (Px, Px)) -> i64 {
    scaled(x.0, 1, 5)
}

/// Of many points in one half pixel across, the first, the last and both extremes.
fn thinned(points: &[(Px, Px)]) -> Vec<(Px, Px)> {
    if points.len() < 700 {
        return points.to_vec();
    }
    let mut out: Vec<(Px, Px)> = Vec::new();
    for points in points.chunk_by(|one, other| column(*one) == column(*other)) {
        let at = |y: Option<Px>| points.iter().position(|point| Some(point.1) == y);
        let low = at(points.iter().map(|point| point.1).min());
        let high = at(points.iter().map(|point| point.1).max());
        let mut keep: Vec<usize> =
            [Some(0), low, high, points.len().checked_sub(1)].into_iter().flatten().collect();
        keep.sort_unstable();
        keep.dedup();
        out.extend(keep.into_iter().filter_map(|at| points.get(at).copied()));
    }
    out
}

/// One of the points at each pixel.
fn columns(points: &[(Px, Px)]) -> Vec<(Px, Px)> {
    let mut seen = BTreeMap::new();
    for point in points {
        seen.entry(pixel(*point)).or_insert(*point);
    }
    seen.into_values().collect()
}

/// The highest of each pixel across.
fn tallest(points: &[(Px, Px)]) -> BTreeMap<Px, Px> {
    let mut out: BTreeMap<Px, Px> = BTreeMap::new();
    for (x, y) in points {
        let top = out.entry(px(scaled(x.0, 1, 10))).or_insert(*y);
        *top = (*top).min(*y);
    }
    out
}

/// Points every four pixels along a line.
pub(super) fn sampled(points: &[(Px, Px)]) -> Vec<(Px, Px)> {
    let mut out = Vec::new();
    for pair in points.windows(2) {
        let [(x, y), (to, end)] = pair else { continue };
        let far = (*to - *x).abs().max((*end - *y).abs()).0;
        let parts = far.checked_div(40).unwrap_or(0).clamp(1, 100);
        for at in 0..=parts {
            let part = |from: i64, to: i64| {
                let whole = to.saturating_sub(from).saturating_mul(at);
                px(from.saturating_add(whole.checked_div(parts).unwrap_or(0)))
            };
            out.push(pixel((part(x.0, to.0), part(y.0, end.0))));
        }
    }
    out
}
