//! Assets that a pool takes beside its own: their rules, and what a margin account's pledges of them
//! count for.
//!
//! They weigh in margin and in nothing else: what a pool owes is quote atoms. An asset without a fresh
//! price counts for nothing, so nobody opens or withdraws on an old one; and nobody is liquidated for
//! want of one.

use crate::{
    command::SetCollateral,
    event::Event,
    hosted::book::{MarginAccount, pool},
    ledger::LedgerAccount,
    liquidation::{
        collateral::{Collateral, counted},
        margin::scale,
    },
    oracle,
    policy::CollateralPolicy,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
};
use alloc::{vec, vec::Vec};
use backstop_units::{Amount, AssetId, FundId, IndexId, Label, Ppm, Price, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most assets that a pool takes beside its own.
pub(crate) const COLLATERALS_MAX: usize = 8;

/// An asset that a pool takes beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PoolCollateral {
    /// Of which fund's pool.
    pub fund: FundId,
    /// Which asset.
    pub asset: AssetId,
    /// What prices it, in the pool's own asset.
    pub index: IndexId,
    /// Its rules.
    pub policy: CollateralPolicy,
    /// The pool's next one.
    pub next: Option<u32>,
}

/// What a margin account holds of an asset beside the pool's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pledge {
    /// Of which margin account.
    pub owner: u32,
    /// Of which of the pool's assets.
    pub collateral: u32,
    /// How many atoms.
    pub amount: Amount,
    /// The account's next pledge.
    pub next: Option<u32>,
}

/// What an account's pledges count for, in quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Toward maintenance margin, and so toward equity.
    pub maintenance: Amount,
    /// Toward initial margin.
    pub initial: Amount,
    /// Why a pledge that has no fresh price counts for nothing.
    pub unpriced: Option<Reject>,
}

impl Counted {
    /// What pledges count less toward initial margin.
    pub fn gap(&self) -> Amount {
        self.maintenance.saturating_sub(self.initial)
    }
}

impl State {
    /// The assets that a fund's pool takes beside its own, the newest first.
    pub fn collaterals_of(&self, fund: FundId) -> impl Iterator<Item = (u32, &PoolCollateral)> {
        let found = |id: u32| self.collaterals.get(id).map(|item| (id, item));
        let first = self.margin_pools.get(fund).and_then(|pool| pool.collateral);
        core::iter::successors(first.and_then(found), move |(_, item)| item.next.and_then(found))
    }

    /// The pledges of a margin account, empty ones too.
    pub fn pledges_of(&self, margin: &MarginAccount) -> impl Iterator<Item = (u32, &Pledge)> {
        let found = |id: u32| self.pledges.get(id).map(|pledge| (id, pledge));
        core::iter::successors(margin.pledge.and_then(found), move |(_, pledge)| {
            pledge.next.and_then(found)
        })
    }
}

/// The rules of an asset in a fund's pool.
pub(crate) fn taken(
    state: &State,
    fund: FundId,
    asset: AssetId,
) -> Result<(u32, &PoolCollateral), Halt> {
    let found = state.collaterals_of(fund).find(|(_, item)| item.asset == asset);
    let label = state.assets.expect(asset)?.label;
    Ok(found.ok_or_else(|| Reject::got(RejectCode::NotCollateral, label))?)
}

/// What a margin account holds of one of its pool's assets.
pub(crate) fn pledged(
    state: &State,
    owner: &MarginAccount,
    collateral: u32,
) -> Option<(u32, Amount)> {
    let mut pledges = state.pledges_of(owner);
    let found = pledges.find(|(_, pledge)| pledge.collateral == collateral);
    found.map(|(id, pledge)| (id, pledge.amount))
}

/// Whether a margin account holds anything beside quote.
pub(crate) fn pledges(state: &State, owner: &MarginAccount) -> bool {
    state.pledges_of(owner).any(|(_, pledge)| !pledge.amount.is_zero())
}

/// Refuses what would let others pay while an account has something to seize.
pub(crate) fn exhausted(state: &State, owner: &MarginAccount) -> Result<(), Halt> {
    let left = state.pledges_of(owner).find(|(_, pledge)| !pledge.amount.is_zero());
    let Some((_, pledge)) = left else { return Ok(()) };
    let asset = state.collaterals.expect(pledge.collateral)?.asset;
    let label = state.assets.expect(asset)?.label;
    Err(Reject::new(RejectCode::CollateralLeft, label, pledge.amount).into())
}

/// What a margin account's pledges count for at `now`.
///
/// **Rounding** as [`counted`], each pledge for itself.
///
/// # Errors
/// As [`counted`].
pub(crate) fn weigh(state: &State, owner: &MarginAccount, now: Timestamp) -> Result<Counted, Halt> {
    let mut sum = Counted::default();
    for (_, pledge) in state.pledges_of(owner).filter(|(_, pledge)| !pledge.amount.is_zero()) {
        let item = state.collaterals.expect(pledge.collateral)?;
        let price = match oracle::price(state, item.index, now) {
            Ok(agreed) => agreed.price,
            Err(reject) => {
                sum.unpriced = sum.unpriced.or(Some(reject));
                continue;
            }
        };
        let decimals = state.assets.expect(item.asset)?.decimals;
        let policy = &item.policy;
        let [maintenance, initial] = [policy.maintenance_haircut, policy.initial_haircut]
            .map(|haircut| counted(&of(policy, (pledge.amount, decimals), price, haircut)));
        sum.maintenance = sum.maintenance.saturating_add(maintenance?);
        sum.initial = sum.initial.saturating_add(initial?);
    }
    Ok(sum)
}

const fn of(
    policy: &CollateralPolicy,
    (amount, decimals): (Amount, u8),
    price: Price,
    haircut: Ppm,
) -> Collateral {
    let CollateralPolicy { cap, beyond, .. } = *policy;
    Collateral { amount, decimals, price, haircut, cap, beyond }
}

/// Lets a pool take an asset, or changes its rules.
pub(crate) fn set(state: &State, command: &SetCollateral) -> Result<Event, Halt> {
    let asset = state.asset_id(command.asset)?;
    let fund = state.fund_id(command.fund)?;
    let (item, own) = (state.assets.expect(asset)?, state.funds.expect(fund)?.asset);
    scale(item.decimals)?;
    let known = state.collaterals_of(fund).find(|(_, known)| known.asset == asset);
    let count = state.collaterals_of(fund).count();
    if known.is_none() && count >= COLLATERALS_MAX {
        return Err(Reject::new(RejectCode::CapacityReached, count, COLLATERALS_MAX).into());
    }
    let quote = match item.index {
        Some(index) => Some(state.indexes.expect(index)?.quote),
        None => None,
    };
    if asset == own || quote.is_some_and(|quote| quote != own) {
        let own = state.assets.expect(own)?.label;
        return Err(Reject::new(RejectCode::WrongAsset, item.label, own).into());
    }
    rails(&command.policy)?;
    pool(state, fund)?;
    let unpriced = || Reject::got(RejectCode::UnknownIndex, item.label);
    let index = item.index.ok_or_else(unpriced)?;
    let collateral = known.map_or(state.collaterals.next_id(), |(id, _)| id);
    let policy = command.policy;
    Ok(Event::CollateralSet { collateral, fund, asset, index, policy })
}

/// Haircuts that rise, and a premium within the first: seizing at it lowers nobody's equity.
fn rails(policy: &CollateralPolicy) -> Result<(), Reject> {
    let premium = policy.liquidator_fee.saturating_add(policy.fund_fee);
    for (low, high) in [
        (premium, policy.maintenance_haircut),
        (policy.maintenance_haircut, policy.initial_haircut),
        (policy.initial_haircut, policy.beyond),
        (policy.beyond, Ppm::WHOLE),
    ] {
        if low > high {
            return Err(Reject::new(RejectCode::BadPolicy, low.get(), high.get()));
        }
    }
    if premium >= Ppm::WHOLE {
        return Err(Reject::new(RejectCode::BadPolicy, premium.get(), Ppm::WHOLE.get()));
    }
    Ok(())
}

pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::CollateralSet { collateral, fund, asset, index, policy } => {
            if *collateral != state.collaterals.next_id() {
                state.collaterals.change(*collateral)?.policy = *policy;
                return Ok(());
            }
            let pool = state.margin_pools.change(*fund)?;
            let next = pool.collateral.replace(*collateral);
            let (fund, asset, index, policy) = (*fund, *asset, *index, *policy);
            let item = PoolCollateral { fund, asset, index, policy, next };
            state.collaterals.insert(*collateral, item)
        }
        Event::CollateralDeposited(moved) => {
            let pledge = place(state, moved.margin, moved.collateral)?;
            let item = state.pledges.change(pledge)?;
            item.amount = item.amount.checked_add(moved.amount).ok_or(Corrupt::Overflow)?;
            Ok(())
        }
        Event::CollateralWithdrawn(moved) => {
            take(state, moved.margin, (moved.collateral, moved.amount))
        }
        Event::CollateralSeized(seized) => {
            take(state, seized.margin, (seized.collateral, seized.amount))
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// The place of a pledge; a new one at the head of the account's list.
fn place(state: &mut State, margin: u32, collateral: u32) -> Result<u32, Corrupt> {
    let owner = *state.margins.expect(margin)?;
    if let Some((id, _)) = pledged(state, &owner, collateral) {
        return Ok(id);
    }
    let id = state.pledges.next_id();
    let (amount, next) = (Amount::ZERO, owner.pledge);
    state.pledges.insert(id, Pledge { owner: margin, collateral, amount, next })?;
    state.margins.change(margin)?.pledge = Some(id);
    Ok(id)
}

fn take(
    state: &mut State,
    margin: u32,
    (collateral, amount): (u32, Amount),
) -> Result<(), Corrupt> {
    let owner = *state.margins.expect(margin)?;
    let (id, _) = pledged(state, &owner, collateral).ok_or(Corrupt::DanglingHandle)?;
    let pledge = state.pledges.change(id)?;
    pledge.amount = pledge.amount.checked_sub(amount).ok_or(Corrupt::Overdrawn)?;
    Ok(())
}

/// **H4** a pool's account holds of each other asset what its margin accounts' pledges add up to.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let mut sums: Vec<Amount> = vec![Amount::ZERO; state.collaterals.len()];
    for (_, pledge) in state.pledges.iter() {
        let item = state.collaterals.expect(pledge.collateral)?;
        let at = usize::try_from(pledge.collateral).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = sums.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.checked_add(pledge.amount).ok_or(Corrupt::Overflow)?;
        if state.margins.expect(pledge.owner)?.fund != item.fund {
            return Err(Corrupt::Invariant("H4"));
        }
    }
    let holds =
        |item: &PoolCollateral| state.ledger.owed(LedgerAccount::Collateral(item.fund), item.asset);
    let held = state.collaterals.iter().map(|(_, item)| holds(item));
    if held.eq(sums) { Ok(()) } else { Err(Corrupt::Invariant("H4")) }
}

/// The label of an asset that a pool holds besides its own, if it does.
pub(crate) fn any_held(state: &State, fund: FundId) -> Result<Option<(Label, Amount)>, Corrupt> {
    for (_, item) in state.collaterals_of(fund) {
        let held = state.ledger.owed(LedgerAccount::Collateral(fund), item.asset);
        if !held.is_zero() {
            return Ok(Some((state.assets.expect(item.asset)?.label, held)));
        }
    }
    Ok(None)
}
