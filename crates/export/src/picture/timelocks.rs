//! Changes that wait: from when on each can be carried out, and when it lapses.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, WIDTH, portion, px},
};
use backstop_units::Timestamp;

const BAR: Px = px(10);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timelock {
    /// What it would change, and its number.
    pub name: String,
    /// From when on it can be carried out; none until enough have signed.
    pub ready_at: Option<Timestamp>,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// How many have signed, and how many must.
    pub signed: (usize, usize),
}

/// All that wait, on one line of time that begins now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timelocks {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Where the line begins.
    pub now: Timestamp,
    /// The changes, the first to be carried out first.
    pub waiting: Vec<Timelock>,
}

/// A moment to the minute, for people.
fn moment(at: Timestamp) -> String {
    at.to_string().chars().take(16).collect::<String>().replace('T', " ")
}

impl Timelock {
    /// How far it is, in words.
    fn words(&self, now: Timestamp) -> String {
        let (signed, needed) = self.signed;
        let lapses = format!("lapses {}", moment(self.expires_at));
        match self.ready_at {
            None => format!("{signed} of {needed} have signed; {lapses}"),
            Some(ready) if ready <= now => format!("can be carried out now; {lapses}"),
            Some(ready) => format!("can be carried out from {}; {lapses}", moment(ready)),
        }
    }
}

impl Timelocks {
    /// Where the line ends: when the last one lapses.
    fn end(&self) -> Timestamp {
        let ends = self.waiting.iter().map(|it| it.expires_at);
        ends.max().unwrap_or(self.now).max(self.now)
    }

    fn at(&self, moment: Timestamp) -> Px {
        let whole = u128::from(self.end().since(self.now).ms()).max(1);
        MARGIN + portion(INNER, u128::from(moment.since(self.now).ms()).min(whole), whole)
    }

    fn words(&self) -> String {
        if self.waiting.is_empty() {
            return "Nothing waits.".to_owned();
        }
        let row = |it: &Timelock| format!("{}: {}.", it.name, it.words(self.now));
        self.waiting.iter().map(row).collect::<Vec<_>>().join(" ")
    }
}

impl Picture for Timelocks {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, &[]);
        if self.waiting.is_empty() {
            sketch.lines((MARGIN, y + px(24), INNER), Type::plain(13), "Nothing waits.");
            return sketch;
        }
        for it in &self.waiting {
            y = sketch.lines((MARGIN, y + px(26), INNER), Type::strong(13), &it.name);
            y = sketch.lines((MARGIN, y + px(16), INNER), Type::dim(12), &it.words(self.now));
            let (top, bottom) = (y + px(7), y + px(7) + BAR);
            sketch.fill(Area::between((MARGIN, top), (MARGIN + INNER, bottom)), Tone::Track);
            let lapses = self.at(it.expires_at);
            let ready = it.ready_at.map_or(lapses, |ready| self.at(ready));
            let waits = if it.ready_at.is_some() { Tone::Leaving } else { Tone::All };
            sketch.fill(Area::between((MARGIN, top), (ready, bottom)), waits);
            sketch.fill(Area::between((ready, top), (lapses, bottom)), Tone::Pay);
            y = bottom;
        }
        let half = px(150);
        sketch.line((MARGIN, y + px(18), half), Type::dim(12), "now");
        let end = Type::dim(12).at(Anchor::End);
        sketch.line((WIDTH - MARGIN, y + px(18), half), end, &moment(self.end()));
        y += px(20);
        for (tone, words) in [
            (Tone::All, "waits for signatures"),
            (Tone::Leaving, "waits for its time"),
            (Tone::Pay, "can be carried out"),
        ] {
            y += px(18);
            let swatch = Area { x: MARGIN, y: y - px(10), width: px(12), height: px(12) };
            sketch.fill(swatch, tone);
            sketch.line((MARGIN + px(20), y, INNER - px(20)), Type::plain(12), words);
        }
        sketch
    }

    fn table(&self) -> Table {
        let columns = ["change", "signed", "needed", "can be carried out", "lapses"];
        let mut table = Table::new(self.title.clone(), columns);
        for it in &self.waiting {
            table.row([
                Cell::text(it.name.clone()),
                Cell::number(&it.signed.0),
                Cell::number(&it.signed.1),
                Cell::text(it.ready_at.map_or_else(|| "not signed yet".to_owned(), moment)),
                Cell::text(moment(it.expires_at)),
            ]);
        }
        table
    }
}
