//! What a vault holds, and what its shares are worth.

use super::book::Vault;
use crate::{
    lending::{accrue::preview, book::LendingReserve, exchange::Holdings},
    policy::ReserveStatus,
    reject::{Halt, Reject},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Fixed60, MathError, Shares, Timestamp};

/// A vault's reserves and money at a moment.
#[derive(Clone, Debug)]
pub struct Valued {
    /// Its reserves with their interest, in the order of its allocations; a dead one holds nothing.
    pub reserves: Vec<Holdings>,
    /// What its shares of each are worth.
    pub invested: Vec<Fixed60>,
    /// Idle money and all of that.
    pub holdings: Fixed60,
}

/// How a reserve's money is seen: as it stands for who enters, [sound](LendingReserve::sound) for who leaves.
pub type Seen = fn(&LendingReserve) -> Holdings;

/// Values a vault as who enters sees it, or who leaves. **Rounding** down for each reserve, by less than a
/// step of 2⁻⁶⁰.
///
/// # Errors
/// [`RejectCode::Overflow`](crate::reject::RejectCode::Overflow) from 2⁶⁸ atoms on.
pub fn value(state: &State, vault: &Vault, (seen, now): (Seen, Timestamp)) -> Result<Valued, Halt> {
    let mut reserves = Vec::with_capacity(vault.allocations.len());
    let mut invested = Vec::with_capacity(vault.allocations.len());
    let mut holdings = Fixed60::from_atoms(vault.held.idle).ok_or(Reject::overflow())?;
    for allocation in &vault.allocations {
        let reserve = preview(state, allocation.reserve, now)?;
        // Shares with nothing behind them are worth nothing here, whatever rate they would be sold at anew.
        let held = seen(&reserve);
        let empty = held.supply()?.is_zero() && !held.shares.is_zero();
        let dead = reserve.status == ReserveStatus::Dead || empty;
        let held = if dead { Holdings::default() } else { held };
        let worth = if dead { Fixed60::ZERO } else { held.worth(allocation.shares)? };
        holdings = holdings.checked_add(worth).ok_or(Reject::overflow())?;
        reserves.push(held);
        invested.push(worth);
    }
    Ok(Valued { reserves, invested, holdings })
}

impl Valued {
    /// Net assets: holdings less pending fees, nothing where these are more.
    pub fn net(&self, pending: Fixed60) -> Fixed60 {
        self.holdings.saturating_sub(pending)
    }
}

/// Shares for so many atoms at these net assets, and the atoms that they cost.
///
/// **Rounding** shares down against net assets rounded up, then their price up: what does not buy a share is
/// not taken. **Source** the deposits of published vault programs.
///
/// # Errors
/// [`MathError::DivisionByZero`] when there are shares and nothing behind them.
pub fn bought(net: Fixed60, shares: Shares, paid: Amount) -> Result<(Shares, Amount), MathError> {
    if shares.is_zero() {
        return Ok((Shares::new(paid.get()), paid));
    }
    let got = paid.mul_div_floor(shares.get(), net.ceil().get())?;
    let cost = net.mul_div_ceil(got.get(), shares.get())?.ceil();
    Ok((Shares::new(got.get()), cost))
}

/// What so many shares stand for. **Rounding** down; all shares stand for all, none for nothing.
///
/// # Errors
/// [`MathError::DivisionByZero`] for shares of a vault that has none.
pub fn stands_for(net: Fixed60, all: Shares, shares: Shares) -> Result<Amount, MathError> {
    if shares.is_zero() {
        return Ok(Amount::ZERO);
    }
    Ok(net.mul_div_floor(shares.get(), all.get())?.floor())
}

/// Shares that a value costs. **Rounding** up.
///
/// # Errors
/// [`MathError::DivisionByZero`] without assets.
pub fn burned(net: Fixed60, all: Shares, value: Fixed60) -> Result<Shares, MathError> {
    let burned = value.mul_div_ceil(all.get(), net.get())?;
    Ok(Shares::new(burned.get()))
}
