//! Invariants D1 and D2, counted over all reserves.

use crate::{ledger::LedgerAccount, reject::Corrupt, state::State};
use alloc::collections::BTreeMap;
use backstop_units::{Amount, AssetId, Fixed60, ReserveId, Shares};

/// What a reserve's supplies, vaults and loans add up to.
#[derive(Default)]
struct Sums {
    shares: Shares,
    impaired: Fixed60,
    pledged: BTreeMap<AssetId, Amount>,
}

/// Counts all reserves.
///
/// # Errors
/// The invariant that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut all: BTreeMap<ReserveId, Sums> = BTreeMap::new();
    for (_, supply) in state.supplies.iter() {
        let sums = all.entry(supply.reserve).or_default();
        sums.shares = sums.shares.checked_add(supply.shares).ok_or(Corrupt::Overflow)?;
    }
    for (_, loan) in state.loans.iter() {
        let sums = all.entry(loan.reserve).or_default();
        sums.impaired = sums.impaired.checked_add(loan.impaired).ok_or(Corrupt::Overflow)?;
        for pledge in &loan.pledges {
            let sum = sums.pledged.entry(pledge.asset).or_default();
            *sum = sum.checked_add(pledge.amount).ok_or(Corrupt::Overflow)?;
        }
    }
    for (_, vault) in state.vaults.iter() {
        for allocation in &vault.allocations {
            let sums = all.entry(allocation.reserve).or_default();
            let sum = sums.shares.checked_add(allocation.shares);
            sums.shares = sum.ok_or(Corrupt::Overflow)?;
        }
    }
    for (id, _) in state.reserves.iter() {
        books(state, id)?;
        adds_up(state, id, &all.remove(&id).unwrap_or_default())?;
    }
    if !all.is_empty() {
        return Err(Corrupt::DanglingHandle);
    }
    super::occurrence::check(state)?;
    super::vault::check::check(state)?;
    crate::compensation::check::check(state)?;
    crate::pool::check::check(state)
}

/// D1: the ledger holds the state's fractions rounded down, and lenders the rest.
fn books(state: &State, id: ReserveId) -> Result<(), Corrupt> {
    let reserve = state.reserves.expect(id)?;
    let held = &reserve.held;
    let owed = |account| state.ledger.owed(account, reserve.asset);
    let (loans, interest) = (held.borrowed.floor(), held.fees.floor());
    let there = held.available.checked_add(loans).ok_or(Corrupt::Overflow)?;
    let sound = state.ledger.held(LedgerAccount::Loans(id), reserve.asset) == loans
        && owed(LedgerAccount::Interest(id)) == interest
        && there.checked_sub(interest) == Some(owed(LedgerAccount::Lenders(id)))
        && reserve.referrers <= held.fees;
    if sound { Ok(()) } else { Err(Corrupt::Invariant("D1")) }
}

/// D2: what a reserve says of its shares, impairments and collateral is what its items add up to.
fn adds_up(state: &State, id: ReserveId, sums: &Sums) -> Result<(), Corrupt> {
    let reserve = state.reserves.expect(id)?;
    let pledged = |(asset, amount): (&AssetId, &Amount)| {
        state.ledger.owed(LedgerAccount::Pledged(id), *asset) == *amount
    };
    let sound = reserve.held.shares == sums.shares
        && reserve.impaired == sums.impaired
        && sums.pledged.iter().all(pledged);
    if sound { Ok(()) } else { Err(Corrupt::Invariant("D2")) }
}
