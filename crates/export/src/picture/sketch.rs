//! What pictures are drawn on: whole numbers, text that keeps to its room, one palette.
//!
//! A sketch remembers where its words stand, so tests find words on top of each other and anything outside.

use super::ink::{Tone, stylesheet};
use backstop_units::mul_div_floor;
use std::{fmt::Write as _, num::Saturating};

/// A length or a place, in the picture's own pixels; a phone shows one to one.
pub(super) type Px = Saturating<i64>;

/// As [`Px`].
pub(super) const fn px(length: i64) -> Px {
    Saturating(length)
}

/// All pictures are this wide.
pub(super) const WIDTH: Px = px(360);
/// Kept free at the sides.
pub(super) const MARGIN: Px = px(16);
/// What is left between the margins.
pub(super) const INNER: Px = px(328);

/// How a picture is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A file of its own, with its dark scheme and its page.
    File,
    /// Inside a page: no style element and no style attribute; the page brings [`super::stylesheet`].
    Inline,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: Px,
    pub(super) y: Px,
    pub(super) width: Px,
    pub(super) height: Px,
}

impl Area {
    /// The least rectangle from one corner to the other.
    pub(super) fn between((x, y): (Px, Px), (right, bottom): (Px, Px)) -> Self {
        Self { x, y, width: right - x, height: bottom - y }
    }
}

/// Where words begin, end, or have their middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How words look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: i64,
    pub(super) tone: Tone,
    pub(super) strong: bool,
    pub(super) anchor: Anchor,
    /// With a rim in the page's color, for words over lines.
    pub(super) rim: bool,
}

impl Type {
    pub(super) const fn plain(size: i64) -> Self {
        Self { size, tone: Tone::Ink, strong: false, anchor: Anchor::Start, rim: false }
    }

    pub(super) const fn over(self) -> Self {
        Self { rim: true, ..self }
    }

    pub(super) const fn strong(size: i64) -> Self {
        Self { strong: true, ..Self::plain(size) }
    }

    pub(super) const fn dim(size: i64) -> Self {
        Self { tone: Tone::Dim, ..Self::plain(size) }
    }

    pub(super) const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) const fn of(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// A picture in the making.
#[derive(Clone, Debug)]
pub struct Sketch {
    id: String,
    title: String,
    words: String,
    body: String,
    height: Px,
    /// Where words stand, and what they are.
    pub(super) texts: Vec<(Area, String)>,
    /// Where shapes are.
    pub(super) shapes: Vec<Area>,
}

impl Sketch {
    /// An empty picture. `id` names it among others on its page, `title` what it shows, `words` all of it for those
    /// who do not see it.
    pub(super) fn new(id: &str, title: &str, words: &str) -> Self {
        let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        Self {
            id: id.chars().filter(plain).collect(),
            title: escaped(title),
            words: escaped(words),
            body: String::new(),
            height: px(0),
            texts: Vec::new(),
            shapes: Vec::new(),
        }
    }

    /// The title and lines of facts at the top; returns the last one's `y`.
    pub(super) fn header(&mut self, title: &str, facts: &[String]) -> Px {
        let mut y = self.lines((MARGIN, px(28), INNER), Type::strong(15), title);
        for fact in facts {
            y = self.lines((MARGIN, y + px(18), INNER), Type::dim(12), fact);
        }
        y
    }

    /// Writes one line. It is squeezed where it is wider than `room`.
    pub(super) fn line(&mut self, (x, y, room): (Px, Px, Px), how: Type, words: &str) {
        let wide = measured(words, how.size);
        let width = wide.min(room);
        let (start, anchor) = match how.anchor {
            Anchor::Start => (x, ""),
            Anchor::Middle => (x - half(width), " text-anchor=\"middle\""),
            Anchor::End => (x - width, " text-anchor=\"end\""),
        };
        let squeeze = if wide > room {
            format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"")
        } else {
            String::new()
        };
        let weight = if how.strong { " font-weight=\"600\"" } else { "" };
        let (size, words) = (how.size, escaped(words));
        let look = if how.rim { how.tone.rimmed() } else { how.tone.fill() };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{squeeze} {look}{weight}>{words}</text>"
        );
        // From the top of a capital to the foot of a letter that hangs.
        let (rise, drop) = (px(how.size), px(scaled(how.size, 1, 4)));
        let place = Area { x: start, y: y - rise, width, height: rise + drop };
        self.texts.push((place, words));
        self.reach(y + drop);
    }

    /// Writes words from the line at `y` down, in as many lines as they need; returns the last one's `y`.
    pub(super) fn lines(&mut self, (x, mut y, room): (Px, Px, Px), how: Type, words: &str) -> Px {
        for (at, line) in wrapped(words, letters(room, how.size)).iter().enumerate() {
            if at > 0 {
                y += px(how.size) + px(3);
            }
            self.line((x, y, room), how, line);
        }
        y
    }

    /// Fills a rectangle; one without a size is left out.
    pub(super) fn fill(&mut self, area: Area, tone: Tone) {
        let Area { x, y, width, height } = area;
        if width <= px(0) || height <= px(0) {
            return;
        }
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {}/>",
            tone.fill()
        );
        self.shapes.push(area);
        self.reach(y + height);
    }

    /// A line through points, dashed or not.
    pub(super) fn stroke(&mut self, points: &[(Px, Px)], tone: Tone, dashed: bool) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{}{x},{y}", if path.is_empty() { "" } else { " " });
            self.shapes.push(Area { x: *x, y: *y, width: px(0), height: px(0) });
            self.reach(*y);
        }
        let dash = if dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let look = tone.stroke();
        let _ =
            writeln!(self.body, "<polyline points=\"{path}\" stroke-width=\"2\"{dash} {look}/>");
    }

    /// A thin line through points in tenths of a pixel, for curves. Its words stand apart by themselves.
    pub(super) fn curve(&mut self, points: &[(Px, Px)], tone: Tone, dashed: bool) {
        let path = self.fine(points);
        let dash = if dashed { " stroke-dasharray=\"5 3\"" } else { "" };
        let look = tone.stroke();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{path}\" stroke-width=\"1.5\" stroke-linejoin=\"round\"{dash} {look}/>"
        );
    }

    /// A filled shape with corners in tenths of a pixel, half seen through.
    pub(super) fn region(&mut self, points: &[(Px, Px)], tone: Tone) {
        let path = self.fine(points);
        let look = tone.fill();
        let _ = writeln!(self.body, "<polygon points=\"{path}\" fill-opacity=\"0.3\" {look}/>");
    }

    /// A rectangle that is seen through; 100 parts are all of the color.
    pub(super) fn wash(&mut self, area: Area, tone: Tone, parts: Px) {
        let Area { x, y, width, height } = area;
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill-opacity=\"{}\" {}/>",
            fine_number(parts * px(10), 1000),
            tone.fill()
        );
        self.shapes.push(area);
        self.reach(y + height);
    }

    /// Points in tenths of a pixel as an attribute.
    fn fine(&mut self, points: &[(Px, Px)]) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let gap = if path.is_empty() { "" } else { " " };
            let _ = write!(path, "{gap}{},{}", fine_number(*x, 10), fine_number(*y, 10));
            let (x, y) = (px(scaled(x.0, 1, 10)), px(scaled(y.0, 1, 10)));
            self.shapes.push(Area { x, y, width: px(0), height: px(0) });
            self.reach(y);
        }
        path
    }

    /// A filled shape with corners.
    pub(super) fn shape(&mut self, points: &[(Px, Px)], tone: Tone) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{}{x},{y}", if path.is_empty() { "" } else { " " });
            self.shapes.push(Area { x: *x, y: *y, width: px(0), height: px(0) });
            self.reach(*y);
        }
        let _ = writeln!(self.body, "<polygon points=\"{path}\" {}/>", tone.fill());
    }

    /// A dot, filled or an empty ring.
    pub(super) fn dot(&mut self, (x, y): (Px, Px), radius: Px, tone: Tone, filled: bool) {
        let look =
            if filled { tone.fill() } else { format!("stroke-width=\"2\" {}", tone.stroke()) };
        let _ = writeln!(self.body, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {look}/>");
        let wide = radius + radius;
        self.shapes.push(Area { x: x - radius, y: y - radius, width: wide, height: wide });
        self.reach(y + radius);
    }

    /// A band that flows from one edge (`x`, from `y`, to `y`) to another, half seen through.
    pub(super) fn ribbon(&mut self, from: (Px, Px, Px), to: (Px, Px, Px), tone: Tone) {
        let ((x, top, bottom), (end, end_top, end_bottom)) = (from, to);
        let middle = half(x + end);
        let _ = writeln!(
            self.body,
            "<path d=\"M{x},{top} C{middle},{top} {middle},{end_top} {end},{end_top} L{end},{end_bottom} \
             C{middle},{end_bottom} {middle},{bottom} {x},{bottom} Z\" fill-opacity=\"0.35\" {}/>",
            tone.fill()
        );
        self.shapes.push(Area::between((x, top.min(end_top)), (end, bottom.max(end_bottom))));
        self.reach(bottom.max(end_bottom));
    }

    /// The picture's height so far, with what stays free below.
    pub(super) fn height(&self) -> Px {
        self.height + px(12)
    }

    fn reach(&mut self, y: Px) {
        self.height = self.height.max(y);
    }

    /// The file, or the element for a page.
    pub(super) fn svg(&self, form: Form) -> String {
        let (height, id, title, words) = (self.height(), &self.id, &self.title, &self.words);
        let (size, page) = match form {
            Form::File => (
                format!(" width=\"{WIDTH}\" height=\"{height}\""),
                format!(
                    "<style>{}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" {}/>\n",
                    stylesheet(),
                    Tone::Page.fill()
                ),
            ),
            Form::Inline => (" class=\"bs-picture\"".to_owned(), String::new()),
        };
        let body = &self.body;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\"{size} role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" \
             font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\">\n\
             <title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-desc\">{words}</desc>\n\
             {page}{body}</svg>\n"
        )
    }
}

/// A number of parts as a decimal: `12.5` of 125 tenths.
fn fine_number(parts: Px, of: i64) -> String {
    let (whole, rest) = (scaled(parts.0, 1, of), parts.0.checked_rem(of).unwrap_or(0));
    if rest <= 0 {
        return whole.to_string();
    }
    let digits = of.checked_ilog10().and_then(|places| usize::try_from(places).ok()).unwrap_or(1);
    format!("{whole}.{}", format!("{rest:0digits$}").trim_end_matches('0'))
}

/// Half of a length, rounded down.
pub(super) fn half(length: Px) -> Px {
    px(scaled(length.0, 1, 2))
}

/// `of` × `part` ÷ `whole` of lengths, rounded down; nothing of no whole.
pub(super) fn scaled(of: i64, part: i64, whole: i64) -> i64 {
    let parts = [of, part, whole].map(|value| u128::try_from(value).unwrap_or(0));
    fraction(parts)
}

/// A length's part of amounts: `length` × `part` ÷ `whole`, rounded down; nothing of no whole.
pub(super) fn portion(length: Px, part: u128, whole: u128) -> Px {
    px(fraction([u128::try_from(length.0).unwrap_or(0), part, whole]))
}

fn fraction([of, part, whole]: [u128; 3]) -> i64 {
    let value = mul_div_floor(of, part, whole).unwrap_or(0);
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// How wide a line is taken to be: a letter as 5/8 of its size, more than the mean of the widest common fonts.
pub(super) fn measured(words: &str, size: i64) -> Px {
    let count = i64::try_from(words.chars().count()).unwrap_or(i64::MAX);
    px(scaled(px(size).0.saturating_mul(5), count, 8).saturating_add(1))
}

/// How many letters have room in a line.
pub(super) fn letters(room: Px, size: i64) -> usize {
    let limit = scaled(room.0, 8, px(size).0.saturating_mul(5));
    usize::try_from(limit).unwrap_or(1).max(1)
}

/// How many lines words take.
pub(super) fn line_count(words: &str, room: Px, size: i64) -> usize {
    wrapped(words, letters(room, size)).len()
}

/// Breaks a text at blanks into lines of at most `limit` letters; a longer word stays whole.
fn wrapped(words: &str, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let letters = word.chars().count().saturating_add(1);
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(letters) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Text that can't be taken for markup; characters that XML does not allow are dropped.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks() {
        for (text, lines) in [
            ("", vec![]),
            ("a b c", vec!["a b", "c"]),
            ("abcdef g", vec!["abcdef", "g"]),
            ("  a  bc", vec!["a", "bc"]),
        ] {
            assert_eq!(wrapped(text, 3), lines, "{text:?}");
        }
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escaped("<a b=\"c\">&'\u{0}</a>"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;&lt;/a&gt;"
        );
    }

    #[test]
    fn inside_a_page_nothing_needs_a_style() {
        let mut sketch = Sketch::new("a b\"", "t", "w");
        sketch.header("t", &["f".to_owned()]);
        let svg = sketch.svg(Form::Inline);
        assert!(!svg.contains("style") && svg.contains("id=\"ab-title\""), "{svg}");
        assert!(sketch.svg(Form::File).contains("prefers-color-scheme:dark"));
    }
}
