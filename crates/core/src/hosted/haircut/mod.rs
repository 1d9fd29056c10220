//! A pool that is short: its members can claim more than it holds, and whoever leaves takes his part of
//! the gap along.
//!
//! ```text
//!   claims C = money + H          H: the open parts of at most eight rows of losses
//!
//!   loss              H grows by the row; nobody's claim on the pool changes
//!   leaving with a    pays a − ⌈a × H ÷ C⌉; H falls by the rest, which the leaver has taken over
//!   paying p in       H falls by p, which the payer has taken over
//!   recovery of x     the open part of what the row lacks lowers H; who took parts over claims the others
//! ```
//!
//! The portion H ÷ C is the same for the first and the last to leave, and nobody's leaving raises it.
//! While a pool is short nothing is deposited: it would pay for others' loss, or share in what comes
//! back to them. What an account owes its pool may be paid in at any time, in full.

pub(crate) mod evolve;
pub(crate) mod leave;

use super::book::MarginPool;
use crate::{
    event::HaircutPart,
    ledger::LedgerAccount,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{LossRow, State},
};
use alloc::vec::Vec;
use backstop_units::{
    AccountId, Amount, AssetId, FundId, LossId, MathError, Ppm, split::largest_remainder_of_many,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most losses that a pool can be short of at once.
pub const HAIRCUTS_MAX: usize = 8;

/// What one loss took out of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Haircut {
    /// Of which fund's pool.
    pub fund: FundId,
    /// Which loss.
    pub loss: LossId,
    /// Which of its rows.
    pub row: u8,
    /// What the pool is short of: borne by who is in it, in atoms.
    pub open: Amount,
    /// What those have taken over who left or paid in, ever, in atoms.
    pub taken: Amount,
    /// What came back for them, in atoms.
    pub returned: Amount,
}

/// What one account has taken over of a haircut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HaircutShare {
    /// Of which haircut.
    pub haircut: u32,
    /// Who.
    pub account: AccountId,
    /// How much, ever, in atoms.
    pub taken: Amount,
    /// The same as a part of the whole row, in atoms: more than was taken where some had come back.
    pub weight: Amount,
    /// What had come back to the row when the weight last changed.
    pub since: Amount,
    /// What was due until then.
    pub due: Amount,
}

/// What a pool owes and has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// What its margin accounts and markets claim, in atoms.
    pub claims: Amount,
    /// What it is short of that, in atoms.
    pub short: Amount,
}

impl Holdings {
    /// What a pool owes and has. **Complexity** one more lookup if it is short.
    ///
    /// # Errors
    /// [`Corrupt::DanglingHandle`].
    pub fn of(state: &State, fund: FundId, asset: AssetId) -> Result<Self, Corrupt> {
        let claims = state.ledger.owed(LedgerAccount::Collateral(fund), asset);
        let short = if is_short(state.margin_pools.expect(fund)?) {
            state.ledger.held(LedgerAccount::Haircut(fund), asset)
        } else {
            Amount::ZERO
        };
        Ok(Self { claims, short })
    }

    /// What it has.
    pub fn money(self) -> Amount {
        self.claims.saturating_sub(self.short)
    }

    /// What who leaves with a claim bears. **Rounding** up: the pool keeps the dust.
    ///
    /// # Errors
    /// [`MathError`] for a claim on a pool on which there are none.
    pub fn cut(self, claim: Amount) -> Result<Amount, MathError> {
        if self.short.is_zero() {
            return Ok(Amount::ZERO);
        }
        claim.mul_div_ceil(self.short.get(), self.claims.get())
    }

    /// The least claim that must leave for a payment to arrive; all claims where there is no money.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn claim_for(self, payment: Amount) -> Result<Amount, MathError> {
        match self.money() {
            Amount::ZERO => Ok(self.claims),
            money => payment.mul_div_ceil(self.claims.get(), money.get()),
        }
    }
}

/// Whether a pool is short.
pub fn is_short(pool: &MarginPool) -> bool {
    pool.haircuts.first().is_some_and(Option::is_some)
}

/// Refuses what a pool that is short does not do.
pub(crate) fn whole(state: &State, fund: FundId) -> Result<(), Halt> {
    if !is_short(state.margin_pools.expect(fund)?) {
        return Ok(());
    }
    let short = Holdings::of(state, fund, state.funds.expect(fund)?.asset)?.short;
    Err(Reject::new(RejectCode::PoolHaircut, short, Amount::ZERO).into())
}

/// What a pool could be made short of besides: at most the money that it has, and as long as it is short
/// of at most `max` of its claims; nothing beyond [`HAIRCUTS_MAX`] losses. **Rounding** down.
pub(crate) fn capacity(
    state: &State,
    (fund, asset): (FundId, AssetId),
    max: Ppm,
) -> Result<Amount, Corrupt> {
    let pool = state.margin_pools.expect(fund)?;
    if pool.policy.is_none() || pool.haircuts.iter().all(Option::is_some) {
        return Ok(Amount::ZERO);
    }
    let holdings = Holdings::of(state, fund, asset)?;
    let most = max.of_floor(holdings.claims).map_err(|_| Corrupt::Overflow)?;
    Ok(most.saturating_sub(holdings.short).min(holdings.money()))
}

/// The open haircuts of a pool, the oldest first.
///
/// # Errors
/// [`Corrupt::DanglingHandle`].
pub fn open(state: &State, pool: &MarginPool) -> Result<Vec<(u32, Haircut)>, Corrupt> {
    let found = |id: u32| state.haircuts.expect(id).map(|haircut| (id, *haircut));
    pool.haircuts.iter().flatten().map(|id| found(*id)).collect()
}

/// Splits what a leaver bears over the haircuts of his pool, in proportion to what each has open.
/// **Rounding** exact, by largest remainder: no part is more than what is open.
pub(crate) fn split(open: &[(u32, Haircut)], cut: Amount) -> Result<Vec<HaircutPart>, MathError> {
    let weights: Vec<u128> = open.iter().map(|(_, haircut)| haircut.open.get()).collect();
    let parts = largest_remainder_of_many(cut.get(), &weights)?;
    let parts = open.iter().zip(parts).map(|((haircut, _), amount)| HaircutPart {
        haircut: *haircut,
        amount: Amount::new(amount),
    });
    Ok(parts.filter(|part| !part.amount.is_zero()).collect())
}

/// Of what comes back to a row, what lowers the gap of its pool; who took parts over gets the rest.
///
/// **Rounding** down: what lowers the gap is at most its part, so that the others' claims are covered.
///
/// # Errors
/// [`MathError`] when the row lacks nothing.
pub(crate) fn into_pool(haircut: &Haircut, back: Amount) -> Result<Amount, MathError> {
    let away = haircut.taken.saturating_sub(haircut.returned);
    let lacking = haircut.open.saturating_add(away);
    back.mul_div_floor(haircut.open.get(), lacking.get())
}

/// What a share was due ever of what came back to its row.
///
/// **Rounding** down; the dust stays in the loss's recoveries.
///
/// # Errors
/// [`Corrupt::Overflow`].
pub(crate) fn due(share: &HaircutShare, row: &LossRow) -> Result<Amount, Corrupt> {
    let back = row.recovered.checked_sub(share.since).ok_or(Corrupt::CounterRange)?;
    let more = back.mul_div_floor(share.weight.get(), row.row.amount.get());
    let more = more.map_err(|_| Corrupt::Overflow)?;
    share.due.checked_add(more).ok_or(Corrupt::Overflow)
}
