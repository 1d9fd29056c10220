//! Auto-deleveraging: winners give up part of a gain when nobody else can pay a loss.
//!
//! ```text
//!   candidates ──rank──▶ order ──┐
//!       │                        ├──select──▶ cuts: who closes how many lots, and forgoes what
//!       └──── what each can give ┘                Σ lots = min(need, what there is), to the last lot
//! ```
//!
//! A cut closes lots at the terms' price, which is worse for the winner than the mark. What it forgoes
//! is lots × (distance of price and mark); that is the money that the loss needed. All of
//! this is pure and knows neither losses nor ledgers; `steps` does, which carries it out as a
//! [claim](super::claim).
//!
//! **Units** a lot is one base atom. Prices are those of [`Price`]; `base_unit × 10⁹` turns lots × price
//! into quote atoms.

mod level;
mod pro_rata;
mod rank;
mod select;
pub(crate) mod steps;

pub use level::{Column, level};
pub use pro_rata::pro_rata;
pub use rank::{order, quantiles};
pub use select::{Cut, Need, Selection, select};
pub(crate) use steps::rails;

use super::claim::{Listed, Seal};
use crate::policy::PositionSide;
use backstop_units::{
    Amount, Base, Hash, Label, MathError, Measure, Price, mul_div_ceil, mul_div_floor,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What a [`Price`] is multiplied with.
const PRICE_SCALE: u128 = 1_000_000_000;

/// One position that could be cut, with what is needed to rank it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Whose; need not have an account here.
    pub account: Label,
    /// Which way it gains.
    pub side: PositionSide,
    /// Its size in lots.
    pub size: Base,
    /// How many of its lots are hedged by other positions of the same holder.
    #[serde(default)]
    pub hedged: Base,
    /// Its average entry.
    pub entry: Price,
    /// The account's equity at the mark, unrealised results included.
    pub equity: Amount,
    /// The account's collateral without unrealised results; needed where the rank asks for it.
    #[serde(default)]
    pub collateral: Amount,
    /// The account's maintenance margin; needed where the rank asks for it.
    #[serde(default)]
    pub maintenance: Amount,
}

impl Candidate {
    /// Lots that no other position hedges.
    pub fn unhedged(&self) -> Base {
        self.size.saturating_sub(self.hedged)
    }
}

impl Listed for Candidate {
    fn measure(&self) -> Measure {
        Measure::new(self.size.get())
    }
}

/// What a venue says of its list before it comes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sealed {
    /// The side that is cut.
    pub side: PositionSide,
    /// What cut lots are closed at.
    pub price: Price,
    /// The mark.
    pub mark: Price,
    /// How many candidates.
    pub count: u32,
    /// All their lots.
    pub lots: Base,
    /// The root over them.
    pub root: Hash,
}

impl Sealed {
    /// What the list must add up to.
    pub const fn seal(&self) -> Seal {
        Seal { count: self.count, sum: Measure::new(self.lots.get()), root: self.root }
    }
}

/// At which prices winners of which side are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The side that is cut.
    pub side: PositionSide,
    /// The mark.
    pub mark: Price,
    /// What cut lots are closed at: for longs below the mark, for shorts above it.
    pub price: Price,
    /// Base atoms of a whole base unit.
    pub base_unit: Base,
}

impl Terms {
    /// How much worse than the mark the price is for those who are cut; nothing if it is not.
    pub fn distance(&self) -> Price {
        match self.side {
            PositionSide::Long => self.mark.saturating_sub(self.price),
            PositionSide::Short => self.price.saturating_sub(self.mark),
        }
    }

    /// How far the price has moved since an entry, and whether that is a gain.
    pub fn moved(&self, entry: Price) -> (bool, u128) {
        let (mark, entry) = (self.mark.get(), entry.get());
        let gains = match self.side {
            PositionSide::Long => mark > entry,
            PositionSide::Short => mark < entry,
        };
        (gains, mark.abs_diff(entry))
    }

    /// What a candidate has gained and not realised, in quote atoms; zero for a loser.
    ///
    /// **Rounding** floor.
    ///
    /// # Errors
    /// [`MathError`] when it does not fit, or the base unit is zero.
    pub fn gain(&self, candidate: &Candidate) -> Result<Amount, MathError> {
        match self.moved(candidate.entry) {
            (true, moved) => self.worth(candidate.size, moved),
            (false, _) => Ok(Amount::ZERO),
        }
    }

    /// What closing so many lots at the price instead of the mark forgoes, in quote atoms.
    ///
    /// **Rounding** floor: the winner keeps the dust.
    ///
    /// # Errors
    /// As [`Terms::gain`].
    pub fn forgone(&self, lots: Base) -> Result<Amount, MathError> {
        self.worth(lots, self.distance().get())
    }

    /// The fewest lots whose closing covers an amount; all there can be when the price is the mark.
    ///
    /// **Rounding** ceil; what the last lot brings beyond the amount stays with its holder.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the base unit does not fit.
    pub fn lots_for(&self, amount: Amount) -> Result<Base, MathError> {
        // More lots than can be written are more than there are.
        let lots = mul_div_ceil(amount.get(), self.scale()?, self.distance().get());
        Ok(lots.map_or(Base::MAX, Base::new))
    }

    /// The most lots whose closing forgoes no more than an amount.
    ///
    /// **Rounding** floor.
    ///
    /// # Errors
    /// As [`Terms::lots_for`].
    pub fn lots_within(&self, amount: Amount) -> Result<Base, MathError> {
        let lots = mul_div_floor(amount.get(), self.scale()?, self.distance().get());
        Ok(lots.map_or(Base::MAX, Base::new))
    }

    fn worth(&self, lots: Base, price: u128) -> Result<Amount, MathError> {
        mul_div_floor(lots.get(), price, self.scale()?).map(Amount::new)
    }

    fn scale(&self) -> Result<u128, MathError> {
        self.base_unit.get().checked_mul(PRICE_SCALE).ok_or(MathError::Overflow)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod testing {
    use super::{Candidate, PRICE_SCALE, Terms};
    use crate::policy::PositionSide;
    use backstop_units::{Amount, Base, Label, Price};

    /// Prices in quote atoms for each lot.
    pub(super) fn price(atoms: u128) -> Price {
        Price::new(atoms * PRICE_SCALE)
    }

    pub(super) fn terms(side: PositionSide, mark: u128, at: u128) -> Terms {
        Terms { side, mark: price(mark), price: price(at), base_unit: Base::new(1) }
    }

    /// A long without hedge, named by its size.
    pub(super) fn candidate(size: u128, entry: u128, equity: u128) -> Candidate {
        Candidate {
            account: Label::from_bytes(size.to_be_bytes()),
            side: PositionSide::Long,
            size: Base::new(size),
            hedged: Base::ZERO,
            entry: price(entry),
            equity: Amount::new(equity),
            collateral: Amount::new(equity),
            maintenance: Amount::new(equity / 10),
        }
    }
}
