//! The one palette: what is drawn in which color, light and dark, and the stylesheet of all of it.

use std::fmt::Write as _;

/// What a mark stands for. Colors are attributes, so a page that forbids style elements shows them; classes let
/// its stylesheet put the dark ones in their place. Every one comes with words in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Text.
    Ink,
    /// Text of second rank.
    Dim,
    /// The page itself.
    Page,
    /// What a bar runs in, and thin rules.
    Track,
    /// A whole, without judgement.
    All,
    /// Money that was there and pays.
    Pay,
    /// Money that is there.
    Room,
    /// What nobody pays.
    Gone,
    /// What users bear: socialised, deleveraged, by equity.
    Share,
    /// What came back.
    Back,
    /// A second kind of money beside the first, as what was matched.
    Match,
    /// What is on its way out.
    Leaving,
    /// How far below a peak.
    Fall,
}

impl Tone {
    const ALL: [Self; 13] = [
        Self::Ink,
        Self::Dim,
        Self::Page,
        Self::Track,
        Self::All,
        Self::Pay,
        Self::Room,
        Self::Gone,
        Self::Share,
        Self::Back,
        Self::Match,
        Self::Leaving,
        Self::Fall,
    ];

    /// The class of a fill, the light color, the dark one.
    const fn look(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ink => ("bs-ink", "#111827", "#f3f4f6"),
            Self::Dim => ("bs-dim", "#4b5563", "#9ca3af"),
            Self::Page => ("bs-page", "#ffffff", "#111827"),
            Self::Track => ("bs-track", "#e5e7eb", "#374151"),
            Self::All => ("bs-all", "#6b7280", "#9ca3af"),
            Self::Pay => ("bs-pay", "#2563eb", "#60a5fa"),
            Self::Room => ("bs-room", "#93c5fd", "#1e3a8a"),
            Self::Gone => ("bs-gone", "#b91c1c", "#f87171"),
            Self::Share => ("bs-share", "#b45309", "#fbbf24"),
            Self::Back => ("bs-back", "#15803d", "#4ade80"),
            Self::Match => ("bs-match", "#7c3aed", "#a78bfa"),
            Self::Leaving => ("bs-leaving", "#a16207", "#eab308"),
            Self::Fall => ("bs-fall", "#fecaca", "#5b2128"),
        }
    }

    /// The attributes of a filled shape.
    pub(super) fn fill(self) -> String {
        let (class, light, _) = self.look();
        format!("class=\"{class}\" fill=\"{light}\"")
    }

    /// The attributes of words over lines: the page's color around them.
    pub(super) fn rimmed(self) -> String {
        let ((class, light, _), (_, page, _)) = (self.look(), Self::Page.look());
        format!(
            "class=\"{class} bs-page-line\" fill=\"{light}\" stroke=\"{page}\" stroke-width=\"3\" paint-order=\"stroke\" \
             stroke-linejoin=\"round\""
        )
    }

    /// The attributes of a line.
    pub(super) fn stroke(self) -> String {
        let (class, light, _) = self.look();
        format!("class=\"{class}-line\" fill=\"none\" stroke=\"{light}\"")
    }
}

/// What a page's stylesheet needs for pictures inside it: equal widths of digits, and the dark scheme. A file
/// of its own carries it in itself.
pub fn stylesheet() -> String {
    let mut css = String::from(".bs-ink,.bs-dim{font-variant-numeric:tabular-nums}");
    css.push_str("@media(prefers-color-scheme:dark){");
    for tone in Tone::ALL {
        let (class, _, dark) = tone.look();
        let _ = write!(css, ".{class}{{fill:{dark}}}.{class}-line{{stroke:{dark}}}");
    }
    css.push('}');
    css
}
