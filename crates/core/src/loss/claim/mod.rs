//! Claims: what a layer that pays later is asked for, worked off over a sealed list.
//!
//! ```text
//!   a loss is placed ──▶ row with a claim          the venue is owed all of it
//!   announce             what the list adds up to: count, sum, root
//!   submit               the list comes in parts
//!   run                  the next of the list pay; again until all have who must
//!   close                the row is what they brought; the rest goes to the layers behind
//! ```
//!
//! Who of a list pays how much is the layer's own rule: [`adl`](super::adl) cuts winners,
//! [`equity`](super::equity) shares by equity. What is here is the same for every such layer.

pub(crate) mod evolve;
mod gauge;
mod seal;
pub(crate) mod steps;

pub use gauge::{ClaimGauge, LIGHTS, gauge};
pub use seal::{Listed, Seal, Tally};

use super::{
    adl::{Candidate, Sealed},
    equity::Holder,
};
use crate::{
    policy::{AdlPolicy, EquityPolicy},
    reject::{Reject, RejectCode},
};
use alloc::vec::Vec;
use backstop_units::Span;
use borsh::{BorshDeserialize, BorshSerialize};

/// Which of the layers that pay later a claim is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Winners, by deleveraging.
    Adl,
    /// Accounts, by equity.
    Equity,
}

/// By which rules a claim is worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Rules {
    /// Of deleveraging.
    Adl(AdlPolicy) = 0,
    /// Of sharing by equity.
    Equity(EquityPolicy) = 1,
}

/// What bounds the work on a claim, whatever its rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// At most so many of a list pay in one step.
    pub(crate) batch: u16,
    /// At most so many entries in a list.
    pub(crate) entries_max: u32,
    /// So long after it was placed a claim can be closed, whatever it has brought.
    pub(crate) deadline: Span,
}

impl Rules {
    pub(crate) const fn bounds(&self) -> Bounds {
        match self {
            Self::Adl(policy) => Bounds {
                batch: policy.batch,
                entries_max: policy.candidates_max,
                deadline: policy.deadline,
            },
            Self::Equity(policy) => Bounds {
                batch: policy.batch,
                entries_max: policy.accounts_max,
                deadline: policy.deadline,
            },
        }
    }
}

impl Bounds {
    /// Steps and lists that end, and time for the venue.
    pub(crate) fn rails(&self) -> Result<(), Reject> {
        let bad = |got: u128, limit: u128| Err(Reject::new(RejectCode::BadPolicy, got, limit));
        if self.batch == 0 || self.batch > AdlPolicy::PART_MAX {
            return bad(self.batch.into(), AdlPolicy::PART_MAX.into());
        }
        if self.entries_max == 0 || self.entries_max > AdlPolicy::LIST_MAX {
            return bad(self.entries_max.into(), AdlPolicy::LIST_MAX.into());
        }
        let shortest = Span::from_ms(60_000);
        if self.deadline < shortest {
            return Err(Reject::new(RejectCode::BadPolicy, self.deadline, shortest));
        }
        Ok(())
    }
}

/// What a venue said of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Announced {
    /// Of candidates, with the prices that they are cut at.
    Adl(Sealed) = 0,
    /// Of accounts.
    Equity(Seal) = 1,
}

impl Announced {
    /// What the list must add up to.
    pub const fn seal(&self) -> Seal {
        match self {
            Self::Adl(sealed) => sealed.seal(),
            Self::Equity(seal) => *seal,
        }
    }
}

/// The entries of a part of a list.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Entries {
    /// Candidates for deleveraging.
    Adl(Vec<Candidate>) = 0,
    /// Accounts with their equity.
    Equity(Vec<Holder>) = 1,
}
