//! A whole out of parts: what a yield comes from, what covers a vault, who ranks before whom.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, portion, px},
};

const BAR: Px = px(18);

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is, in words.
    pub name: String,
    /// Its color.
    pub tone: Tone,
    /// Its size, in the measure of all parts of the picture.
    pub size: u128,
    /// The value as people read it.
    pub value: Cell,
    /// What else is to be said; may be empty.
    pub note: String,
}

/// A bar of parts one after the other, and what goes off it again as a second bar on the same scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Further lines under the title.
    pub facts: Vec<String>,
    /// What adds up, the first to be hit first.
    pub parts: Vec<Part>,
    /// What goes off.
    pub less: Vec<Part>,
    /// The name and value of what comes out, where that is to be said.
    pub total: Option<(String, Cell)>,
}

impl Picture for Stack {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, &self.facts) + px(14);
        let sum =
            |parts: &[Part]| parts.iter().fold(0u128, |sum, part| sum.saturating_add(part.size));
        let whole = sum(&self.parts).max(sum(&self.less));
        for parts in [&self.parts, &self.less] {
            if !parts.is_empty() {
                bar(&mut sketch, y, parts, whole);
                y += BAR + px(4);
            }
        }
        for (sign, parts) in [("", &self.parts), ("less ", &self.less)] {
            for part in parts {
                y = row(&mut sketch, y, (sign, part));
            }
        }
        if let Some((name, value)) = &self.total {
            sketch.fill(Area { x: MARGIN, y: y + px(8), width: INNER, height: px(1) }, Tone::Dim);
            let end = Type::strong(13).at(Anchor::End);
            sketch.line((WIDTH - MARGIN, y + px(26), px(160)), end, value.words());
            sketch.lines((MARGIN, y + px(26), px(160)), Type::strong(13), name);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["part", "value", "note"]);
        for (sign, parts) in [("", &self.parts), ("less ", &self.less)] {
            for part in parts {
                let name = Cell::text(format!("{sign}{}", part.name));
                table.row([name, part.value.clone(), Cell::text(part.note.clone())]);
            }
        }
        if let Some((name, value)) = &self.total {
            table.row([Cell::text(name.clone()), value.clone(), Cell::text("")]);
        }
        table
    }
}

impl Stack {
    fn words(&self) -> String {
        let name = |sign: &str, part: &Part| {
            let note =
                if part.note.is_empty() { String::new() } else { format!(" ({})", part.note) };
            format!("{sign}{} {}{note}", part.name, part.value.words())
        };
        let parts = self.parts.iter().map(|part| name("", part));
        let less = self.less.iter().map(|part| name("less ", part));
        let total = self.total.iter().map(|(name, value)| format!("{name} {}", value.words()));
        let all: Vec<String> = parts.chain(less).chain(total).collect();
        format!("{}.", all.join(", "))
    }
}

/// Parts next to each other; one that is there at all is two wide at least.
fn bar(sketch: &mut Sketch, y: Px, parts: &[Part], whole: u128) {
    sketch.fill(Area { x: MARGIN, y, width: INNER, height: BAR }, Tone::Track);
    let (mut before, mut x) = (0u128, MARGIN);
    for part in parts.iter().filter(|part| part.size > 0) {
        before = before.saturating_add(part.size);
        let end = (MARGIN + portion(INNER, before, whole)).max(x + px(2)).min(MARGIN + INNER);
        sketch.fill(Area::between((x, y), (end, y + BAR)), part.tone);
        x = end;
    }
}

/// A part in words, with its color before it.
fn row(sketch: &mut Sketch, y: Px, (sign, part): (&str, &Part)) -> Px {
    let first = y + px(20);
    sketch.fill(Area { x: MARGIN, y: first - px(10), width: px(12), height: px(12) }, part.tone);
    let value = Type::plain(13).at(Anchor::End);
    sketch.line((WIDTH - MARGIN, first, px(146)), value, part.value.words());
    let name = format!("{sign}{}", part.name);
    let last = sketch.lines((MARGIN + px(20), first, px(154)), Type::strong(13), &name);
    if part.note.is_empty() {
        return last;
    }
    sketch.lines((MARGIN + px(20), last + px(15), INNER - px(20)), Type::dim(12), &part.note)
}
