//! Prices of a position that stands alone with its own margin: bankruptcy and liquidation.

use crate::{
    policy::PositionSide,
    reject::{Reject, RejectCode},
};
use backstop_units::{Ppm, Price, Ratio, Signed};

/// How a contract pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// In quote: gain is `size × (price − entry)`.
    Linear,
    /// In base, for a size in quote: gain is `size × (1 ÷ entry − 1 ÷ price)`.
    Inverse,
}

/// What maintenance margin is a portion of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarginOf {
    /// The value at entry.
    Entry,
    /// The value at the mark.
    Mark,
}

/// A position of its own margin, `value at entry ÷ leverage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isolated {
    /// How it pays.
    pub contract: Contract,
    /// Which way it gains.
    pub side: PositionSide,
    /// Price at entry.
    pub entry: Price,
    /// Value at entry ÷ margin, in millionths: 50,000,000 is fifty-fold.
    pub leverage: u64,
}

impl Isolated {
    /// The price at which the margin is exactly used up; none where no price does that.
    ///
    /// | | long | short |
    /// | --- | --- | --- |
    /// | linear | entry × (1 − 1/L) | entry × (1 + 1/L) |
    /// | inverse | entry × L/(L + 1) | entry × L/(L − 1) |
    ///
    /// **Rounding** up for a long, down for a short: closing here costs the fund nothing. **Source** the
    /// formulas that exchanges publish.
    ///
    /// # Errors
    /// [`RejectCode::BadPolicy`] for no leverage; [`RejectCode::Overflow`].
    pub fn bankruptcy(&self) -> Result<Option<Price>, Reject> {
        self.at(Ppm::ZERO, MarginOf::Entry)
    }

    /// The price at which the margin left is `maintenance` of the position's value; none where no price
    /// does that.
    ///
    /// With m on the value at entry, linear is `entry × (1 ∓ (1/L − m))` and inverse
    /// `entry ÷ (1 ± (1/L − m))`; on the value at the mark, linear is `entry × (1 ∓ 1/L) ÷ (1 ∓ m)` and
    /// inverse `entry × (1 ± m) ÷ (1 ± 1/L)`: upper signs for a long. **Rounding** as
    /// [`Self::bankruptcy`].
    ///
    /// # Errors
    /// As [`Self::bankruptcy`].
    pub fn liquidation(&self, maintenance: Ppm, of: MarginOf) -> Result<Option<Price>, Reject> {
        self.at(maintenance, of)
    }

    fn at(&self, maintenance: Ppm, of: MarginOf) -> Result<Option<Price>, Reject> {
        if self.leverage == 0 {
            return Err(Reject::none(RejectCode::BadPolicy));
        }
        // An inverse contract is a linear one of the other side in prices turned upside down.
        let down = (self.side == PositionSide::Long) == (self.contract == Contract::Linear);
        let (over, under) = self.factor(down, maintenance, of).ok_or(Reject::overflow())?;
        let (over, under) = match self.contract {
            Contract::Linear => (over, under),
            Contract::Inverse => (under, over),
        };
        let (Ok(over), Ok(under @ 1..)) = (u128::try_from(over), u128::try_from(under)) else {
            return Ok(None);
        };
        let entry = Ratio::whole(Signed::new(1)).times(self.entry.get())?;
        let price = entry.times(over)?.over(under)?;
        let rounded = match self.side {
            PositionSide::Long => price.ceil()?,
            PositionSide::Short => price.floor()?,
        };
        Ok(Some(Price::new(rounded.positive().get())))
    }

    /// What a linear position's entry price is multiplied by and divided by, for a move down or up.
    fn factor(&self, down: bool, maintenance: Ppm, of: MarginOf) -> Option<(i128, i128)> {
        let (l, w) = (i128::from(self.leverage), i128::from(Ppm::WHOLE.get()));
        let m = i128::from(maintenance.get());
        let toward = |value: i128| if down { value.checked_neg() } else { Some(value) };
        match of {
            // 1 ∓ (w/l − m/w) over l × w.
            MarginOf::Entry => {
                let spare = w.checked_mul(w)?.checked_sub(m.checked_mul(l)?)?;
                let whole = l.checked_mul(w)?;
                Some((whole.checked_add(toward(spare)?)?, whole))
            }
            // (l ∓ w)/l over (w ∓ m)/w.
            MarginOf::Mark => {
                let over = l.checked_add(toward(w)?)?.checked_mul(w)?;
                let under = w.checked_add(toward(m)?)?.checked_mul(l)?;
                Some((over, under))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Contract::{Inverse, Linear};
    use PositionSide::{Long, Short};
    use proptest::prelude::*;

    fn isolated(contract: Contract, side: PositionSide, entry: u128, leverage: u64) -> Isolated {
        Isolated { contract, side, entry: Price::new(entry), leverage }
    }

    #[test]
    fn bankruptcy_prices() {
        const FIFTY: u64 = 50_000_000;
        for (contract, side, entry, leverage, want) in [
            (Inverse, Long, 7_890_080_000, FIFTY, Some(7_735_372_550)),
            (Inverse, Short, 7_890_080_000, FIFTY, Some(8_051_102_040)),
            (Linear, Long, 7_890_080_000, FIFTY, Some(7_732_278_400)),
            (Linear, Short, 7_890_080_000, FIFTY, Some(8_047_881_600)),
            (Linear, Long, 100, 1_000_000, Some(0)),
            (Linear, Long, 100, 500_000, None),
            (Linear, Short, 100, 1_000_000, Some(200)),
            (Inverse, Long, 100, 1_000_000, Some(50)),
            (Inverse, Short, 100, 1_000_000, None),
            (Inverse, Short, 100, 2_000_000, Some(200)),
            (Linear, Long, 10, 3_000_000, Some(7)),
            (Linear, Short, 10, 3_000_000, Some(13)),
        ] {
            let position = isolated(contract, side, entry, leverage);
            let got = position.bankruptcy().unwrap().map(Price::get);
            assert_eq!(got, want, "{position:?}");
        }
        let none = isolated(Linear, Long, 5, 0).bankruptcy().unwrap_err();
        assert_eq!(none.code, RejectCode::BadPolicy);
        let wide = isolated(Linear, Short, u128::MAX, 1_000_000).bankruptcy().unwrap_err();
        assert_eq!(wide.code, RejectCode::Overflow);
    }

    #[test]
    fn liquidation_prices() {
        let one = Ppm::new(5_000);
        for (contract, side, of, want) in [
            // Ten-fold at 10,000 with 0.5 % maintenance.
            (Linear, Long, MarginOf::Entry, 9_050),
            (Linear, Short, MarginOf::Entry, 10_950),
            (Inverse, Long, MarginOf::Entry, 9_133),
            (Inverse, Short, MarginOf::Entry, 11_049),
            (Linear, Long, MarginOf::Mark, 9_046),
            (Linear, Short, MarginOf::Mark, 10_945),
            (Inverse, Long, MarginOf::Mark, 9_137),
            (Inverse, Short, MarginOf::Mark, 11_055),
        ] {
            let position = isolated(contract, side, 10_000, 10_000_000);
            let got = position.liquidation(one, of).unwrap().map(Price::get);
            assert_eq!(got, Some(want), "{contract:?} {side:?} {of:?}");
        }
        // A mark-based margin of the whole can't be met by a long below its entry.
        let whole = isolated(Linear, Long, 10_000, 10_000_000);
        assert_eq!(whole.liquidation(Ppm::WHOLE, MarginOf::Mark), Ok(None));
    }

    proptest! {
        #[test]
        fn liquidation_comes_before_bankruptcy(
            entry in 1_000u128..1_000_000_000_000, leverage in 1_100_000u64..200_000_000, m in 0u32..5_000,
            inverse: bool, short: bool, on_mark: bool,
        ) {
            let contract = if inverse { Inverse } else { Linear };
            let position = isolated(contract, if short { Short } else { Long }, entry, leverage);
            let of = if on_mark { MarginOf::Mark } else { MarginOf::Entry };
            let bankrupt = position.bankruptcy().unwrap().unwrap();
            let liquidated = position.liquidation(Ppm::new(m), of).unwrap().unwrap();
            if short {
                prop_assert!(liquidated <= bankrupt && bankrupt.get() >= entry);
            } else {
                prop_assert!(liquidated >= bankrupt && bankrupt.get() <= entry);
            }
        }
    }
}
