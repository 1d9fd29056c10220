//! The waterfall as SVG: self-contained, light and dark, no script, readable at 360 px.
//!
//! Each bar begins where the one above ended, so the loss is seen running down the layers. All
//! coordinates are whole numbers. Colors are attributes for a page that forbids style elements;
//! the style element only adds the dark scheme. Every color comes with words.

use super::picture::{Bar, Picture, RESIDUAL};
use backstop_units::{Amount, Bps, mul_div_floor};
use std::fmt::Write as _;

const WIDTH: u64 = 360;
const MARGIN: u64 = 16;
const INNER: u64 = 328;
const BAR: u64 = 12;

/// How a text looks.
#[derive(Clone, Copy)]
enum Ink {
    Strong,
    Plain,
    Dim,
}

/// One row of the picture.
struct Row {
    name: String,
    part: Bps,
    amount: String,
    remarks: String,
    bar: Bar,
    class: &'static str,
    color: &'static str,
}

/// Draws a picture. The file has a title and a description that tells all of it in words.
pub fn waterfall_svg(picture: &Picture) -> String {
    let mut body = String::new();
    let mut y = text(&mut body, (28, 15, INNER), Ink::Strong, &picture.title);
    for fact in &picture.facts {
        y = text(&mut body, (y.saturating_add(18), 12, INNER), Ink::Dim, fact);
    }
    y = y.saturating_add(14);
    let rows = rows(picture);
    for row in &rows {
        y = draw(&mut body, y, row);
    }
    if rows.iter().any(|row| row.bar.room > row.bar.end) {
        let legend = "Strong: paid. Faint: there, and not paid.";
        y = text(&mut body, (y.saturating_add(12), 12, INNER), Ink::Dim, legend);
    }
    frame(picture, &body, y)
}

/// The whole loss, then the layers, then what nobody paid.
fn rows(picture: &Picture) -> Vec<Row> {
    let (bars, parts) = (picture.bars(INNER), picture.parts());
    let mut rows = vec![Row {
        name: "the whole loss".to_owned(),
        part: Bps::WHOLE,
        amount: picture.unit.short(picture.loss),
        remarks: String::new(),
        bar: Bar { start: 0, end: INNER, room: INNER },
        class: "all",
        color: "#6b7280",
    }];
    rows.extend(picture.layers.iter().zip(&bars).zip(&parts).map(|((layer, bar), part)| Row {
        name: layer.name.clone(),
        part: *part,
        amount: format!("paid {}", picture.unit.short(layer.draw)),
        remarks: picture.remarks(layer),
        bar: *bar,
        class: "pay",
        color: "#2563eb",
    }));
    let residual = bars.last().zip(parts.last()).filter(|_| !picture.residual.is_zero());
    rows.extend(residual.map(|(bar, part)| Row {
        name: RESIDUAL.to_owned(),
        part: *part,
        amount: format!("{} found no payer", picture.unit.short(picture.residual)),
        remarks: String::new(),
        bar: *bar,
        class: "gone",
        color: "#b91c1c",
    }));
    rows
}

/// Draws a row from `y` down: name and percent, amount, remarks, bar. Returns where the next begins.
fn draw(body: &mut String, y: u64, row: &Row) -> u64 {
    let first = y.saturating_add(18);
    let (end, part) = (WIDTH.saturating_sub(MARGIN), row.part);
    let _ = writeln!(
        body,
        "<text x=\"{end}\" y=\"{first}\" font-size=\"13\" text-anchor=\"end\" class=\"bs-ink\" \
         fill=\"#111827\">{part}</text>"
    );
    // The percent stands at the right end, so the name has less room.
    let mut y = text(body, (first, 13, INNER.saturating_sub(64)), Ink::Strong, &row.name);
    y = text(body, (y.saturating_add(17), 13, INNER), Ink::Plain, &row.amount);
    if !row.remarks.is_empty() {
        y = text(body, (y.saturating_add(15), 12, INNER), Ink::Dim, &row.remarks);
    }
    y = y.saturating_add(7);
    let bar = row.bar;
    rect(body, (0, y, INNER), "track", "#e5e7eb");
    rect(body, (bar.end, y, bar.room.saturating_sub(bar.end)), "room", "#93c5fd");
    rect(body, (bar.start, y, bar.end.saturating_sub(bar.start)), row.class, row.color);
    y.saturating_add(BAR).saturating_add(8)
}

fn rect(body: &mut String, (x, y, width): (u64, u64, u64), class: &str, color: &str) {
    if width == 0 {
        return;
    }
    let x = x.saturating_add(MARGIN);
    let _ = writeln!(
        body,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BAR}\" class=\"bs-{class}\" \
         fill=\"{color}\"/>"
    );
}

/// Writes a text from the line at `y` down, in as many lines as it needs; returns the last one's `y`.
/// A word that is wider than its room is squeezed.
fn text(body: &mut String, (mut y, size, room): (u64, u64, u64), ink: Ink, words: &str) -> u64 {
    let look = match ink {
        Ink::Strong => "class=\"bs-ink\" fill=\"#111827\" font-weight=\"600\"",
        Ink::Plain => "class=\"bs-ink\" fill=\"#111827\"",
        Ink::Dim => "class=\"bs-dim\" fill=\"#4b5563\"",
    };
    // A letter is taken as 5/8 of the size, more than the mean of the widest common fonts.
    let limit = mul_div_floor(room.into(), 8, u128::from(size).saturating_mul(5));
    let limit = limit.ok().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1);
    for (at, line) in wrapped(words, limit).iter().enumerate() {
        if at > 0 {
            y = y.saturating_add(size).saturating_add(3);
        }
        let squeezed = format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"");
        let squeeze = if line.chars().count() > limit { squeezed } else { String::new() };
        let _ = writeln!(
            body,
            "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{size}\"{squeeze} {look}>{}</text>",
            escaped(line)
        );
    }
    y
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

/// The file around its body.
fn frame(picture: &Picture, body: &str, y: u64) -> String {
    let height = y.saturating_add(12);
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let id: String = picture.id.chars().filter(plain).collect();
    let (title, description) = (escaped(&picture.title), escaped(&description(picture)));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" \
         font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\">\n\
         <title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-desc\">{description}</desc>\n\
         <style>{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" class=\"bs-page\" fill=\"#ffffff\"/>\n\
         {body}</svg>\n"
    )
}

/// Colors of the dark scheme; the light ones are attributes.
const STYLE: &str = ".bs-ink,.bs-dim{font-variant-numeric:tabular-nums}\
@media(prefers-color-scheme:dark){\
.bs-page{fill:#111827}.bs-ink{fill:#f3f4f6}.bs-dim{fill:#9ca3af}.bs-track{fill:#374151}\
.bs-all{fill:#9ca3af}.bs-pay{fill:#60a5fa}.bs-room{fill:#1e3a8a}.bs-gone{fill:#f87171}}";

/// The picture in words, for those who do not see it.
fn description(picture: &Picture) -> String {
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

/// Text that can't be taken for markup; characters that XML does not allow are dropped.
fn escaped(text: &str) -> String {
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
    use super::{escaped, wrapped};

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
}
