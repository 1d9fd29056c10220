//! The buyer of last resort: positions that a fund has taken over, one line for each market.
//!
//! ```text
//!   take_over ──▶ line: base, cost ──▶ fill · auction · close against the other side ──▶ flat
//!     margin ──▶ inventory account          gain ──▶ inventory account     what is left ──▶ reserve
//!                                           loss ──▶ inventory account, then the market's waterfall
//! ```
//!
//! A position has no money of its own. Its **cost** is what the fund would have paid for it; whoever
//! closes it settles the difference with the venue's clearing. What came with it, and what it gained so far,
//! is its **margin**: a ledger account of its own, first to bear its losses and no part of the reserve
//! until the line is flat. The **shortfall** is the unrealised loss beyond the margin; it is never posted,
//! and coverage counts it.
//!
//! **Units** a base atom; prices are those of [`Price`], so `base_unit × 10⁹` turns size × price into
//! quote atoms. **Rounding** against the fund: what it pays is rounded up, what it gets down; the venue's
//! clearing keeps the dust. **Invariant N1** a fund's shortfall is the sum of its lines'; a flat line
//! has neither cost nor margin.

pub mod auction;
pub(crate) mod close;
pub(crate) mod evolve;
pub(crate) mod limits;
pub(crate) mod settings;
pub(crate) mod takeover;

use crate::{
    event::LineMove,
    ledger::LedgerAccount,
    loss::window::Window,
    policy::InventoryPolicy,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{
    Amount, Base, Hash, Label, MarketId, MathError, Price, Signed, Span, Timestamp,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// On how many markets one fund may hold a position.
pub const LINES_MAX: usize = 64;

/// What a [`Price`] is multiplied with.
const PRICE_SCALE: u128 = 1_000_000_000;

/// What a market's fund has taken over and not closed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Inventory {
    /// Its rules; none until the council sets some.
    pub policy: Option<InventoryPolicy>,
    /// The position, in base atoms.
    pub base: Signed,
    /// What it was taken for, in quote atoms: of a short below zero.
    pub cost: Signed,
    /// The last mark.
    pub mark: Price,
    /// When it was last marked.
    pub marked_at: Timestamp,
    /// Since when it is neither flat nor on the other side.
    pub opened_at: Timestamp,
    /// Its unrealised loss at the last mark beyond its margin.
    pub shortfall: Amount,
    /// Evidence of the last takeover.
    pub evidence: Hash,
    /// Since when it is auctioned.
    pub auction: Option<Timestamp>,
    /// What it cost the market's layers lately.
    pub paid: Window,
}

impl Default for Inventory {
    fn default() -> Self {
        Self {
            policy: None,
            base: Signed::ZERO,
            cost: Signed::ZERO,
            mark: Price::ZERO,
            marked_at: Timestamp::ZERO,
            opened_at: Timestamp::ZERO,
            shortfall: Amount::ZERO,
            evidence: Hash::ZERO,
            auction: None,
            paid: Window::new(Span::hours(24)),
        }
    }
}

impl Inventory {
    /// When it has been held too long; nothing is due of a flat line.
    pub fn due_at(&self) -> Option<Timestamp> {
        let policy = self.policy.filter(|_| !self.base.is_zero())?;
        Some(self.opened_at.plus(policy.hold_max))
    }

    /// Whether it has been held too long at `now`.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.due_at().is_some_and(|due| now >= due)
    }

    /// What it has cost within 24 hours, unrealised loss included.
    pub fn cost_lately(&self, now: Timestamp) -> Amount {
        self.paid.used(now).saturating_add(self.shortfall)
    }

    /// Whether time or loss has passed its limit, so that anyone may have it closed.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let lost = self.policy.is_some_and(|policy| self.cost_lately(now) >= policy.loss_max);
        self.overdue(now) || (lost && !self.base.is_zero())
    }

    /// Until when an auction that runs at `now` takes bids, and since when it does.
    pub fn auctioned(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (since, policy) = (self.auction?, self.policy?);
        let until = since.plus(policy.auction.lifetime);
        (now < until).then_some((since, until))
    }
}

/// What one fund holds on all its markets.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Stock {
    /// The shortfalls of its lines, as last marked.
    pub shortfall: Amount,
    /// The markets on which it holds a position.
    pub lines: Vec<MarketId>,
}

/// The last takeover of a fund from an owner group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Takeover {
    /// By which fund.
    pub fund: backstop_units::FundId,
    /// From which group.
    pub group: Label,
    /// When.
    pub at: Timestamp,
}

/// What base atoms are worth at a price, in quote atoms: of a short below zero.
///
/// **Rounding** floor, toward minus infinity.
///
/// # Errors
/// [`MathError`] when it does not fit, or the base unit is zero.
pub fn worth(size: Signed, price: Price, base_unit: Base) -> Result<Signed, MathError> {
    size.mul_div_floor(price.get(), scale(base_unit)?)
}

/// As [`worth`], rounded up.
fn worth_ceil(size: Signed, price: Price, base_unit: Base) -> Result<Signed, MathError> {
    size.mul_div_ceil(price.get(), scale(base_unit)?)
}

fn scale(base_unit: Base) -> Result<u128, MathError> {
    base_unit.get().checked_mul(PRICE_SCALE).ok_or(MathError::Overflow)
}

/// A position after a trade, and what the trade realised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traded {
    /// The position.
    pub base: Signed,
    /// Its cost.
    pub cost: Signed,
    /// What was realised.
    pub result: Signed,
}

/// Adds `size` base atoms at a price to a position: what is on the other side closes as much of it, and
/// the rest opens.
///
/// ```text
///   closed = min(|size|, |base|)      result = ⌊closed × price⌋ − ⌈cost × closed ÷ |base|⌉
/// ```
///
/// **Rounding** against the position in each step; cost that a part does not take stays with the rest,
/// so results and open cost always add up to what was paid and got.
///
/// # Errors
/// [`MathError`] past 127 bits.
pub fn trade(
    (base, cost): (Signed, Signed),
    size: Signed,
    price: Price,
    base_unit: Base,
) -> Result<Traded, MathError> {
    let over = MathError::Overflow;
    let sum = base.checked_add(size).ok_or(over)?;
    if base.is_zero() || base.is_negative() == size.is_negative() {
        let paid = worth_ceil(size, price, base_unit)?;
        let cost = cost.checked_add(paid).ok_or(over)?;
        return Ok(Traded { base: sum, cost, result: Signed::ZERO });
    }
    let (held, closed) = (base.size(), base.size().min(size.size()));
    let part = if base.is_negative() { Signed::loss(closed) } else { Signed::gain(closed) };
    let got = worth(part.ok_or(over)?, price, base_unit)?;
    let share = cost.mul_div_ceil(closed.get(), held.get())?;
    let result = got.checked_sub(share).ok_or(over)?;
    let kept = cost.checked_sub(share).ok_or(over)?;
    if size.size() <= held {
        return Ok(Traded { base: sum, cost: kept, result });
    }
    Ok(Traded { base: sum, cost: worth_ceil(sum, price, base_unit)?, result })
}

/// What a position with this margin lacks at a mark: its unrealised loss beyond the margin.
///
/// # Errors
/// [`MathError`] past 127 bits.
pub fn shortfall(
    (base, cost): (Signed, Signed),
    mark: Price,
    margin: Amount,
    base_unit: Base,
) -> Result<Amount, MathError> {
    let open = worth(base, mark, base_unit)?.checked_sub(cost).ok_or(MathError::Overflow)?;
    Ok(open.negative().saturating_sub(margin))
}

/// A trade on a market's line that has been looked at: what moves, and what the margin does not bear.
pub(crate) struct Booked {
    pub(crate) moved: LineMove,
    pub(crate) policy: InventoryPolicy,
    /// What the waterfall is asked for.
    pub(crate) gross: Amount,
}

/// What a trade at a price does to a market's line, with margin that comes in and the mark after it.
pub(crate) fn booked(
    state: &State,
    market: MarketId,
    (size, price, mark): (Signed, Price, Price),
    margin_in: Amount,
) -> Result<Booked, Halt> {
    let line = state.inventories.expect(market)?;
    let policy = line.policy.ok_or_else(|| off(state, market))?;
    let fund = state.markets.expect(market)?.fund;
    let asset = state.funds.expect(fund)?.asset;
    let traded = trade((line.base, line.cost), size, price, policy.base_unit)?;
    let margin = margin(state, market)?.checked_add(margin_in).ok_or(Reject::overflow())?;
    let from_margin = traded.result.negative().min(margin);
    let lost = traded.result.negative().saturating_sub(from_margin);
    let left = margin.saturating_sub(from_margin);
    let left = left.checked_add(traded.result.positive()).ok_or(Reject::overflow())?;
    let flat = traded.base.is_zero();
    let shortfall = shortfall((traded.base, traded.cost), mark, left, policy.base_unit)?;
    let moved = LineMove {
        market,
        fund,
        asset,
        size,
        price,
        mark,
        base: traded.base,
        cost: traded.cost,
        result: traded.result,
        margin_in,
        from_margin,
        paid: lost,
        released: if flat { left } else { Amount::ZERO },
        shortfall,
    };
    Ok(Booked { moved, policy, gross: lost })
}

/// The margin of a market's line: what came with the position and what it gained since.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when there is no such market.
pub fn margin(state: &State, market: MarketId) -> Result<Amount, Corrupt> {
    let asset = state.funds.expect(state.markets.expect(market)?.fund)?.asset;
    Ok(state.ledger.owed(LedgerAccount::Inventory(market), asset))
}

/// Refusal of a market whose fund takes nothing over.
fn off(state: &State, market: MarketId) -> Reject {
    let label = state.markets.get(market).map_or(Label::NONE, |market| market.label);
    Reject::got(RejectCode::InventoryOff, label)
}

/// A market's line with its rules, if it is open.
pub(crate) fn open_line(
    state: &State,
    market: MarketId,
) -> Result<(&Inventory, InventoryPolicy), Halt> {
    let line = state.inventories.expect(market)?;
    match line.policy {
        Some(policy) if !line.base.is_zero() => Ok((line, policy)),
        Some(_) => {
            let label = state.markets.expect(market)?.label;
            Err(Reject::got(RejectCode::InventoryFlat, label).into())
        }
        None => Err(off(state, market).into()),
    }
}

#[cfg(test)]
mod tests;
