//! Five lights: how near a market's winners are to being deleveraged, and where one of them stands.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, INNER, MARGIN, Px, Sketch, Type, half, px},
};

const LIGHT: Px = px(60);
const GAP: Px = px(7);

/// A row of five lights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lights {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// Further lines under the title.
    pub facts: Vec<String>,
    /// How many are on, 0 to 5.
    pub on: u8,
    /// Which fifth of the queue somebody is in, 1 (last to be cut) to 5 (first), and who.
    pub mine: Option<(u8, String)>,
}

impl Picture for Lights {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, &self.facts) + px(14);
        if self.mine.is_some() {
            y += px(22);
        }
        for at in 1..=5_u8 {
            let x = MARGIN + (LIGHT + GAP) * px(i64::from(at).saturating_sub(1));
            let lit = at <= self.on;
            let area = Area { x, y, width: LIGHT, height: px(24) };
            sketch.fill(area, if lit { Tone::Gone } else { Tone::Track });
            let middle = x + half(LIGHT);
            let below = Type::dim(12).at(Anchor::Middle);
            sketch.line((middle, y + px(40), LIGHT), below, if lit { "on" } else { "off" });
            if let Some((_, who)) = self.mine.as_ref().filter(|(mine, _)| *mine == at) {
                let tip = y - px(3);
                sketch.shape(
                    &[(middle - px(6), tip - px(8)), (middle + px(6), tip - px(8)), (middle, tip)],
                    Tone::Ink,
                );
                sketch.line(
                    (middle, tip - px(12), LIGHT),
                    Type::strong(12).at(Anchor::Middle),
                    who,
                );
            }
        }
        y += px(60);
        sketch.lines((MARGIN, y, INNER), Type::plain(13), &self.summary());
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["light", "state", "who"]);
        for at in 1..=5_u8 {
            let who = self.mine.as_ref().filter(|(mine, _)| *mine == at);
            table.row([
                Cell::text(at.to_string()),
                Cell::text(if at <= self.on { "on" } else { "off" }),
                Cell::text(who.map_or("", |(_, who)| who)),
            ]);
        }
        table
    }
}

impl Lights {
    fn summary(&self) -> String {
        let lights = format!("{} of 5 lights are on", self.on.min(5));
        match &self.mine {
            Some((mine, who)) => {
                format!("{lights}; {who}: fifth {mine} of the queue, the fifth 5 is cut first.")
            }
            None => format!("{lights}; five mean that the next loss is put on winners."),
        }
    }

    fn words(&self) -> String {
        self.summary()
    }
}
