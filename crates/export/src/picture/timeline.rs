//! What happened, what comes, and when: a loss, a timelock, an exit.

use super::{
    Cell, Picture, Table, Tone,
    sketch::{Anchor, Area, MARGIN, Px, Sketch, Type, WIDTH, px},
};

const WORDS: Px = px(46);
const STATE_ROOM: Px = px(88);

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It happened.
    Done,
    /// It is so now.
    Now,
    /// It is to come.
    Ahead,
    /// It does not happen any more.
    Missed,
}

impl StepState {
    const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Ahead => "to come",
            Self::Missed => "not reached",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub name: String,
    /// When, in words; may be empty.
    pub when: String,
    /// How far it is.
    pub state: StepState,
}

/// Steps below each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Names the picture among others on one page.
    pub id: String,
    /// One line over the picture.
    pub title: String,
    /// The steps, the first one first.
    pub steps: Vec<Step>,
}

impl Picture for Timeline {
    fn sketch(&self) -> Sketch {
        let mut sketch = Sketch::new(&self.id, &self.title, &self.words());
        let mut y = sketch.header(&self.title, &[]) + px(28);
        let (x, mut above) = (MARGIN + px(10), None);
        let mut dots = Vec::new();
        for step in &self.steps {
            if let Some(above) = above {
                let rule = Area::between((x - px(1), above + px(8)), (x + px(1), y - px(12)));
                sketch.fill(rule, Tone::All);
            }
            let room = WIDTH - MARGIN - WORDS - STATE_ROOM;
            let state = Type::dim(12).at(Anchor::End);
            sketch.line((WIDTH - MARGIN, y, STATE_ROOM), state, step.state.word());
            let mut last = sketch.lines((WORDS, y, room), Type::strong(13), &step.name);
            if !step.when.is_empty() {
                last = sketch.lines(
                    (WORDS, last + px(16), WIDTH - MARGIN - WORDS),
                    Type::dim(12),
                    &step.when,
                );
            }
            let at = y - px(5);
            dots.push(((x, at), step.state));
            above = Some(at);
            y = last + px(26);
        }
        for (at, state) in dots {
            let (tone, filled) = match state {
                StepState::Done => (Tone::Back, true),
                StepState::Now => (Tone::Pay, true),
                StepState::Ahead => (Tone::All, false),
                StepState::Missed => (Tone::Dim, false),
            };
            sketch.dot(at, px(6), tone, filled);
        }
        sketch
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.title.clone(), ["step", "when", "state"]);
        for step in &self.steps {
            table.row([
                Cell::text(step.name.clone()),
                Cell::text(step.when.clone()),
                Cell::text(step.state.word()),
            ]);
        }
        table
    }
}

impl Timeline {
    fn words(&self) -> String {
        let step = |step: &Step| {
            let when = if step.when.is_empty() { String::new() } else { format!(" {}", step.when) };
            format!("{}{when}: {}", step.name, step.state.word())
        };
        let steps: Vec<String> = self.steps.iter().map(step).collect();
        format!("{}.", steps.join(". "))
    }
}
