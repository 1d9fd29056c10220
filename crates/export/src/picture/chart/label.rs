//! Words at what they name, where nothing else stands; what finds no place gets a line in the key.

use super::{
    draw::{Frame, RIGHT, SMALL},
    plot::{Plot, Series, Trace},
    trace::{cross, pixel},
};
use crate::picture::{
    Sketch, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Type, half, measured, px, scaled},
};

/// The frame, and points that lines go through.
type Ground<'a> = (&'a Frame, &'a [(Px, Px)]);

/// Writes words at the first of some places where they are free, or on as few lines as may be; tells whether.
fn put(
    sketch: &mut Sketch,
    (frame, busy): Ground<'_>,
    words: &str,
    places: &[(Px, Px, Anchor)],
) -> bool {
    let wide = measured(words, SMALL);
    let box_of = |(x, y, anchor): &(Px, Px, Anchor)| {
        let start = match anchor {
            Anchor::Start => *x,
            Anchor::Middle => *x - half(wide),
            Anchor::End => *x - wide,
        };
        Area { x: start, y: *y - px(SMALL), width: wide, height: px(SMALL) + px(3) }
    };
    let inside = |area: &Area| {
        area.x >= frame.left + px(2)
            && area.x + area.width <= RIGHT + px(12)
            && area.y >= frame.top - px(4)
            && area.y + area.height <= frame.bottom()
    };
    let holds = |area: &Area, (x, y): &(Px, Px)| {
        *x >= area.x && *x <= area.x + area.width && *y >= area.y && *y <= area.y + area.height
    };
    let apart = |one: &Area, other: &Area| {
        one.x >= other.x + other.width
            || other.x >= one.x + one.width
            || one.y >= other.y + other.height
            || other.y >= one.y + one.height
    };
    let best = places
        .iter()
        .map(|place| (place, box_of(place)))
        .filter(|(_, area)| inside(area))
        .filter(|(_, area)| sketch.texts.iter().all(|(other, _)| apart(area, other)))
        .min_by_key(|(_, area)| busy.iter().filter(|point| holds(area, point)).count());
    let Some(((x, y, anchor), area)) = best else { return false };
    if busy.iter().filter(|point| holds(&area, point)).count() > 2 {
        return false;
    }
    sketch.line((*x, *y, INNER), Type::plain(SMALL).at(*anchor).over(), words);
    true
}

/// Flat rules with their words at the side where they are free.
pub(super) fn flats(sketch: &mut Sketch, plot: &Plot, ground: Ground<'_>) {
    let frame = ground.0;
    for rule in plot.rules.iter().filter(|rule| !rule.upright) {
        let Some((_, y)) = frame.flat(rule.at) else { continue };
        sketch.curve(&[(frame.left * px(10), y), (RIGHT * px(10), y)], rule.tone, true);
        let y = px(scaled(y.0, 1, 10));
        let middle = half(frame.left + RIGHT);
        let sides =
            [(RIGHT, Anchor::End), (frame.left + px(4), Anchor::Start), (middle, Anchor::Middle)];
        let places = [y - px(4), y + px(14)].map(|y| sides.map(|(x, anchor)| (x, y, anchor)));
        put(sketch, ground, &plot.rule_words(rule), places.as_flattened());
    }
}

/// Single points with their words around them.
pub(super) fn marks(sketch: &mut Sketch, plot: &Plot, ground: Ground<'_>) {
    let places = plot.marks.iter().filter_map(|mark| {
        let at = pixel(ground.0.at(mark.at.0, mark.at.1)?);
        Some((mark, at))
    });
    let places: Vec<_> = places.collect();
    for (mark, (x, y)) in &places {
        let r = px(4);
        if mark.square {
            sketch.fill(Area { x: *x - r, y: *y - r, width: r + r, height: r + r }, mark.tone);
        } else {
            sketch.dot((*x, *y), r, mark.tone, true);
        }
    }
    let dots: Vec<(Px, Px)> =
        places.iter().map(|(_, at)| *at).chain(ground.1.iter().copied()).collect();
    for (mark, (x, y)) in places {
        let around = [
            (x + px(7), y + px(4), Anchor::Start),
            (x + px(6), y - px(6), Anchor::Start),
            (x, y - px(8), Anchor::Middle),
            (x - px(7), y + px(4), Anchor::End),
            (x - px(6), y - px(6), Anchor::End),
            (x, y + px(17), Anchor::Middle),
            (x - px(6), y + px(15), Anchor::End),
            (x + px(6), y + px(15), Anchor::Start),
        ];
        if !mark.label.is_empty() {
            put(sketch, (ground.0, &dots), &mark.label, &around);
        }
    }
}

/// Names lines at their ends where that is free; gives the series that need a line in the key.
pub(super) fn named<'a>(
    sketch: &mut Sketch,
    plot: &'a Plot,
    ground: Ground<'_>,
    lines: &[Vec<(Px, Px)>],
) -> Vec<&'a Series> {
    let mut left = Vec::new();
    for (series, line) in plot.series.iter().zip(lines) {
        let is_line = matches!(series.trace, Trace::Line(_) | Trace::Dashed(_));
        if series.name.is_empty() {
            continue;
        }
        let mut places = Vec::new();
        for part in [10_usize, 8, 6, 4, 2] {
            let last = line.len().saturating_sub(1);
            let at = last.saturating_mul(part).checked_div(10).unwrap_or(0);
            let Some((x, y)) = line.get(at).map(|point| pixel(*point)) else { continue };
            let anchor = if part > 6 { Anchor::End } else { Anchor::Middle };
            places.extend([y - px(6), y + px(16)].map(|y| (x, y, anchor)));
        }
        if !is_line || line.len() < 2 || !put(sketch, ground, &series.name, &places) {
            left.push(series);
        }
    }
    left
}

/// Lines of words with a sample of what they mean.
pub(super) fn key(sketch: &mut Sketch, series: &[&Series], mut y: Px) {
    for series in series {
        y += px(19);
        let (tone, middle) = (series.tone, y - px(4));
        let ends =
            [(MARGIN, middle), (MARGIN + px(20), middle)].map(|(x, y)| (x * px(10), y * px(10)));
        let sample = Area { x: MARGIN, y: y - px(10), width: px(20), height: px(12) };
        match series.trace {
            Trace::Line(_) => sketch.curve(&ends, tone, false),
            Trace::Dashed(_) => sketch.curve(&ends, tone, true),
            Trace::Area(_) | Trace::Band(_) => sketch.wash(sample, tone, px(30)),
            Trace::Points(_) => sketch.dot((MARGIN + px(10), middle), px(2), tone, true),
            Trace::Crosses(_) => cross(sketch, (MARGIN + px(10), middle), tone),
            Trace::Sticks(_) => {
                for x in [4, 8, 12, 16] {
                    let area =
                        Area { x: MARGIN + px(x), y: y - px(10), width: px(1), height: px(12) };
                    sketch.fill(area, tone);
                }
            }
        }
        let room = (MARGIN + px(28), y, INNER - px(28));
        y = sketch.lines(room, Type::plain(SMALL), &series.name);
    }
}

/// Colors of parts that stand beside each other, in their order; letters tell them too.
pub(super) const PARTS: [Tone; 6] =
    [Tone::Pay, Tone::Match, Tone::Share, Tone::Back, Tone::Leaving, Tone::Room];
