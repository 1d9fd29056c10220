//! Rules of price indexes.

use backstop_units::{Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// When an index has a price, and which moves of it are believed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct IndexPolicy {
    /// So many feeds must be fresh and agree.
    pub quorum: u8,
    /// Of so many families: feeds of one operator or source fail together and count once.
    pub families: u8,
    /// A report older than this does not count.
    pub max_age: Span,
    /// A feed further from the median than this portion of it does not count.
    pub max_deviation: Ppm,
    /// A price further than this portion from one accepted lately is suspect.
    pub band: Ppm,
    /// What lately means: this span and up to as much again. The last accepted price always counts.
    pub band_span: Span,
    /// A suspect price is accepted once it has held within the band for so long.
    pub confirm_after: Span,
    /// A price further than this portion from the last accepted one is never accepted by itself.
    pub max_jump: Ppm,
}

impl Default for IndexPolicy {
    fn default() -> Self {
        Self {
            quorum: 3,
            families: 2,
            max_age: Span::from_ms(60_000),
            max_deviation: Ppm::new(20_000),
            band: Ppm::new(100_000),
            band_span: Span::from_ms(10 * 60_000),
            confirm_after: Span::from_ms(2 * 60_000),
            max_jump: Ppm::new(500_000),
        }
    }
}

impl IndexPolicy {
    /// Whether each rule is at least as strict as in `old`: prices may go missing, none is added.
    pub fn tightens(&self, old: &Self) -> bool {
        self.quorum >= old.quorum
            && self.families >= old.families
            && self.max_age <= old.max_age
            && self.max_deviation <= old.max_deviation
            && self.band <= old.band
            // A change of the span forgets all but the last accepted price.
            && self.band_span == old.band_span
            && self.confirm_after >= old.confirm_after
            && self.max_jump <= old.max_jump
    }
}
