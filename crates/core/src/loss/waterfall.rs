//! The loss waterfall: who pays how much, in which order.
//!
//! ```text
//!            loss
//!             │
//!             ▼
//!   ┌──────────────────┐  each layer pays the least of
//!   │ fee pool         │    · what is still needed
//!   ├──────────────────┤    · what it has
//!   │ reserve          │    · what its limits leave (per event, 1 h, 8 h, 24 h, lifetime)
//!   ├──────────────────┤  and nothing at all if it does not cover the cause,
//!   │ staked tranche   │  or if it pays whole and this is less than what is still needed
//!   ├──────────────────┤
//!   │ socialised       │  open positions, by base amount; nothing when there are none
//!   ├──────────────────┤
//!   │ depositors       │  lenders, by their shares; nothing when there are none
//!   └──────────────────┘
//!             │
//!             ▼
//!          residual       named, never an error and never silence
//! ```
//!
//! Order and subset are data: a market names its layers. This file is pure and knows neither funds
//! nor ledgers; [`capacity`](super::capacity) looks up what a layer has, [`place`](super::place)
//! turns the answer into rows.

use crate::policy::Payout;
use arrayvec::ArrayVec;
use backstop_units::Amount;

/// Most layers that one waterfall can have.
pub const LAYERS_MAX: usize = 16;

/// What one layer could pay now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// What it has, in atoms; zero if it does not cover the cause.
    pub available: Amount,
    /// What its tightest limit leaves, in atoms; [`Amount::MAX`] without limits.
    pub headroom: Amount,
    /// Whether it pays a part when it can't pay all.
    pub payout: Payout,
}

impl Capacity {
    /// The most it can pay.
    pub fn most(self) -> Amount {
        self.available.min(self.headroom)
    }

    /// What it pays of a need.
    pub fn draw(self, need: Amount) -> Amount {
        match self.payout {
            Payout::Whole if self.most() < need => Amount::ZERO,
            Payout::Whole | Payout::Partial => self.most().min(need),
        }
    }
}

/// Who pays how much. **Invariant F1** draws and residual add up to the loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// One draw for each layer, in the same order; zero where it pays nothing.
    pub draws: ArrayVec<Amount, LAYERS_MAX>,
    /// What no layer could take.
    pub residual: Amount,
}

/// Sends `loss` through `layers` from the first to the last.
///
/// **Shape** layers past [`LAYERS_MAX`] are not asked. **Rounding** none: whole atoms are drawn.
/// **Complexity** one step for each layer. **Source** the priority of payments of the
/// venues in the product's notes, with the order as data.
///
/// ```
/// use backstop_core::{
///     policy::Payout,
///     waterfall::{Capacity, allocate},
/// };
/// use backstop_units::Amount;
///
/// let layer = |available, headroom| Capacity {
///     available: Amount::new(available),
///     headroom: Amount::new(headroom),
///     payout: Payout::Partial,
/// };
/// let paid = allocate(Amount::new(100), &[layer(30, 200), layer(500, 50)]);
/// assert_eq!(paid.draws.as_slice(), [Amount::new(30), Amount::new(50)]);
/// assert_eq!(paid.residual, Amount::new(20));
/// ```
pub fn allocate(loss: Amount, layers: &[Capacity]) -> Allocation {
    let mut need = loss;
    let draws = layers
        .iter()
        .take(LAYERS_MAX)
        .map(|layer| {
            let draw = layer.draw(need);
            need = need.saturating_sub(draw);
            draw
        })
        .collect();
    Allocation { draws, residual: need }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn layer(available: u128, headroom: u128) -> Capacity {
        let [available, headroom] = [available, headroom].map(Amount::new);
        Capacity { available, headroom, payout: Payout::Partial }
    }

    fn whole(available: u128, headroom: u128) -> Capacity {
        Capacity { payout: Payout::Whole, ..layer(available, headroom) }
    }

    #[test]
    fn table() {
        let max = u128::MAX;
        for (loss, layers, draws, residual) in [
            (0, vec![layer(5, max)], vec![0], 0),
            (5, vec![], vec![], 5),
            (5, vec![layer(5, max)], vec![5], 0),
            (6, vec![layer(5, max)], vec![5], 1),
            (6, vec![layer(5, 2), layer(1, 9), layer(9, 9)], vec![2, 1, 3], 0),
            (9, vec![layer(0, max), layer(9, 0), layer(4, 4)], vec![0, 0, 4], 5),
            (max, vec![layer(max, max), layer(1, 1)], vec![max, 0], 0),
            // All or nothing: to the last atom, by what it has and by what its limits leave.
            (5, vec![whole(5, max), layer(9, 9)], vec![5, 0], 0),
            (6, vec![whole(5, max), layer(9, 9)], vec![0, 6], 0),
            (6, vec![whole(max, 5), layer(4, 9), whole(2, 2)], vec![0, 4, 2], 0),
            (7, vec![layer(2, 2), whole(4, 4), whole(5, 5)], vec![2, 0, 5], 0),
            (7, vec![whole(6, 6), whole(6, 6)], vec![0, 0], 7),
            (0, vec![whole(0, 0)], vec![0], 0),
        ] {
            let paid = allocate(Amount::new(loss), &layers);
            let got: Vec<u128> = paid.draws.iter().map(|draw| draw.get()).collect();
            assert_eq!((got, paid.residual.get()), (draws, residual), "{loss} over {layers:?}");
        }
    }
}
