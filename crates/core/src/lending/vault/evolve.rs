//! What events about vaults change, and what they post.

use super::{
    book::{Allocation, Funds, Holding, Queue, Round, Vault, Waiting},
    kin::{self, Kin},
    loss, snapshot,
    yields::{Returns, Trail},
};
use crate::{
    event::{
        FeesTaken, ForcedReserve, InKindRedemption, Investment, OpenedVault, QueueFill, QueueMove,
        VaultDeposit, VaultEvent, VaultWithdrawal,
    },
    ledger::LedgerAccount,
    reject::Corrupt,
    state::{State, Supply},
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, AssetId, Fixed60, ReserveId, Shares, VaultId};

pub(crate) fn evolve(state: &mut State, event: &VaultEvent) -> Result<(), Corrupt> {
    match event {
        VaultEvent::VaultCreated { vault, label, asset, curator, policy } => {
            state.labels.vaults.insert(*label, *vault);
            let held = Funds::default();
            let (allocations, waiting, returns) = (Vec::new(), Vec::new(), Returns::default());
            let (label, asset, curator, policy) = (*label, *asset, *curator, policy.clone());
            let (streamed, farm, pool, kin) = (Amount::ZERO, None, None, Kin::default());
            let created = Vault {
                label,
                asset,
                curator,
                policy,
                held,
                returns,
                streamed,
                queue: Queue::default(),
                allocations,
                waiting,
                farm,
                pool,
                kin,
            };
            state.trails.insert(*vault, Trail::default())?;
            state.vaults.insert(*vault, created)
        }
        VaultEvent::VaultPolicySet { vault, policy } => {
            state.vaults.change(*vault)?.policy.clone_from(policy);
            Ok(())
        }
        VaultEvent::ReserveListed { reserve, listed } => {
            state.reserves.change(*reserve)?.listed = *listed;
            Ok(())
        }
        VaultEvent::AllocationProposed { .. }
        | VaultEvent::AllocationSet { .. }
        | VaultEvent::AllocationVetoed { .. }
        | VaultEvent::AllocationRemoved { .. } => allocation(state, event),
        VaultEvent::RewardsStreamed { vault, amount, at, .. } => {
            let vault = state.vaults.change(*vault)?;
            vault.stream(*amount, *at).map_err(|_| Corrupt::Overflow)
        }
        VaultEvent::RewardsFunded { vault, amount, per_second, .. } => {
            let now = state.meta.now;
            let rewards = &mut state.vaults.change(*vault)?.held.rewards;
            rewards.left = more(rewards.left, *amount)?;
            (rewards.per_second, rewards.at) = (*per_second, now);
            Ok(())
        }
        VaultEvent::FeesCharged { vault: id, charged, high, at } => {
            let vault = state.vaults.change(*id)?;
            if let Some(last) = vault.held.charged_at
                && state.trails.expect(*id)?.begins(*at)
            {
                state.trails.change(*id)?.note(last, vault.returns, *at);
            }
            vault.charge(charged, *high, *at).map_err(|_| Corrupt::Overflow)
        }
        VaultEvent::FeesGivenUp { vault, amount, marks } => {
            let held = &mut state.vaults.change(*vault)?.held;
            held.pending = held.pending.checked_sub(*amount).ok_or(Corrupt::CounterRange)?;
            (held.basis, held.high) = (marks.basis, marks.high);
            Ok(())
        }
        _ => money(state, event),
    }
}

/// What moves money or shares.
fn money(state: &mut State, event: &VaultEvent) -> Result<(), Corrupt> {
    match event {
        VaultEvent::VaultDeposited(it) => deposited(state, it),
        VaultEvent::ReserveOpened { supply, account, forced } => {
            forced_reserve(state, (*supply, *account), forced)
        }
        VaultEvent::VaultOpened(it) => opened(state, it),
        VaultEvent::VaultWithdrawn(it) => withdrawn(state, it),
        VaultEvent::RedeemedInKind(it) => redeemed(state, it),
        VaultEvent::Invested(it) => invested(state, it),
        VaultEvent::FeesTaken(it) => taken(state, it),
        VaultEvent::QueueMoved(it) => moved(state, it),
        VaultEvent::QueueFilled(it) => filled(state, it),
        VaultEvent::LossRecorded { .. } | VaultEvent::LossCushioned { .. } => {
            loss::evolve(state, event)
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn allocation(state: &mut State, event: &VaultEvent) -> Result<(), Corrupt> {
    match event {
        VaultEvent::AllocationProposed { vault, allocation, ready_at } => {
            let vault = state.vaults.change(*vault)?;
            vault.waiting.retain(|(waiting, _)| waiting.reserve != allocation.reserve);
            vault.waiting.push((*allocation, *ready_at));
            Ok(())
        }
        VaultEvent::AllocationSet { vault, allocation } => {
            let vault = state.vaults.change(*vault)?;
            vault.waiting.retain(|(waiting, _)| waiting.reserve != allocation.reserve);
            let at = vault.place(allocation.reserve);
            match at.and_then(|at| vault.allocations.get_mut(at)) {
                Some(place) => *place = *allocation,
                None => vault.allocations.push(*allocation),
            }
            Ok(())
        }
        VaultEvent::AllocationVetoed { vault, reserve } => {
            let vault = state.vaults.change(*vault)?;
            vault.waiting.retain(|(waiting, _)| waiting.reserve != *reserve);
            Ok(())
        }
        VaultEvent::AllocationRemoved { vault, reserve } => {
            let vault = state.vaults.change(*vault)?;
            vault.allocations.retain(|allocation| allocation.reserve != *reserve);
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn deposited(state: &mut State, it: &VaultDeposit) -> Result<(), Corrupt> {
    let holding = holder(state, it.holding, (it.vault, it.account))?;
    holding.shares = minted(holding.shares, it.shares)?;
    let held = &mut state.vaults.change(it.vault)?.held;
    held.idle = more(held.idle, it.amount)?;
    held.crank = more(held.crank, it.crank)?;
    held.shares = minted(minted(held.shares, it.shares)?, it.dead)?;
    held.dead = minted(held.dead, it.dead)?;
    (held.basis, held.high) = (it.marks.basis, it.marks.high);
    Ok(())
}

fn supplies(
    state: &mut State,
    supply: u32,
    (reserve, account): (ReserveId, AccountId),
) -> Result<&mut Supply, Corrupt> {
    if supply == state.supplies.next_id() {
        state.labels.supplies.insert((reserve, account), supply);
        let none = Supply { account, reserve, shares: Shares::ZERO };
        state.supplies.insert(supply, none)?;
    }
    state.supplies.change(supply)
}

fn forced_reserve(
    state: &mut State,
    (supply, account): (u32, AccountId),
    it: &ForcedReserve,
) -> Result<(), Corrupt> {
    let own = supplies(state, supply, (it.reserve, account))?;
    let others = unminted(it.from.shares, own.shares)?;
    own.shares = unminted(it.to.shares, others)?;
    let reserve = state.reserves.change(it.reserve)?;
    reserve.held = it.to;
    reserve.referrers = reserve.referrers.min(it.to.fees);
    Ok(())
}

fn opened(state: &mut State, it: &OpenedVault) -> Result<(), Corrupt> {
    holder(state, it.holding, (it.vault, it.account))?.shares = it.held.shares;
    for (allocation, supply) in &it.allocations {
        let own = state.supplies.change(*supply)?;
        own.shares = unminted(own.shares, allocation.shares)?;
    }
    for (allocation, _) in &it.allocations {
        loss::join(state, allocation.reserve)?;
    }
    let vault = state.vaults.change(it.vault)?;
    vault.held = it.held;
    vault.allocations = it.allocations.iter().map(|(allocation, _)| *allocation).collect();
    Ok(())
}

/// A holder's place before his shares change; a new one if its handle is the next.
pub(crate) fn holder(
    state: &mut State,
    holding: u32,
    (vault, account): (VaultId, AccountId),
) -> Result<&mut Holding, Corrupt> {
    if holding == state.holdings.next_id() {
        let met = state.vaults.expect(vault)?.held.losses;
        let (shares, staked) = (Shares::ZERO, Shares::ZERO);
        let kin = kin::link(state, holding, (vault, account))?;
        state.labels.holdings.insert((vault, account), holding);
        let new = Holding { account, vault, shares, staked, met, run: None, kin };
        state.holdings.insert(holding, new)?;
    }
    snapshot::before_change(state, holding)?;
    state.holdings.change(holding)
}

fn withdrawn(state: &mut State, it: &VaultWithdrawal) -> Result<(), Corrupt> {
    let what = &it.withdrawal;
    burn(state, (it.vault, it.holding), what.burned)?;
    let held = &mut state.vaults.change(it.vault)?.held;
    let there = more(held.idle, what.received)?;
    held.idle = less(less(there, what.from_idle)?, what.from_reserve)?;
    (held.basis, held.high) = (it.marks.basis, it.marks.high);
    given_back(state, it.vault, it.reserve, (what.redeemed, what.received))
}

/// Shares and money between a holder and the queue.
fn moved(state: &mut State, it: &QueueMove) -> Result<(), Corrupt> {
    snapshot::before_change(state, it.holding)?;
    let holding = state.holdings.change(it.holding)?;
    holding.shares = minted(unminted(holding.shares, it.joins)?, it.leaves)?;
    let queue = &mut state.vaults.change(it.vault)?.queue;
    queue.owed = less(queue.owed, it.paid)?;
    if it.round == state.rounds.next_id() {
        queue.round = Some(it.round);
        state.rounds.insert(it.round, Round::of(it.vault))?;
    }
    let place = (it.account, it.vault);
    let before = match state.queued.get(it.ticket) {
        Some(waiting) if waiting.round == it.round => waiting.units,
        _ => Shares::ZERO,
    };
    let round = state.rounds.change(it.round)?;
    round.shares = unminted(minted(round.shares, it.joins)?, it.leaves)?;
    round.units = minted(unminted(round.units, before)?, it.units)?;
    let (index, emptied) = (round.index, round.units.is_zero());
    if emptied {
        round.carry = Fixed60::ZERO;
    }
    let (account, vault) = place;
    let (round, units, due) = (it.round, it.units, it.due);
    let now = Waiting { account, vault, round, units, index, due };
    if it.ticket == state.queued.next_id() {
        state.labels.queued.insert((vault, account), it.ticket);
        state.queued.insert(it.ticket, now)?;
    } else {
        *state.queued.change(it.ticket)? = now;
    }
    let queue = &mut state.vaults.change(it.vault)?.queue;
    if emptied && queue.round == Some(round) {
        queue.round = None;
    }
    Ok(())
}

/// Shares of all who wait are burned for money that each has a part of.
fn filled(state: &mut State, it: &QueueFill) -> Result<(), Corrupt> {
    let what = &it.withdrawal;
    let round = state.rounds.change(it.round)?;
    round.shares = unminted(round.shares, what.burned)?;
    (round.index, round.carry) = (it.index, it.carry);
    let vault = state.vaults.change(it.vault)?;
    let held = &mut vault.held;
    held.shares = unminted(held.shares, what.burned)?;
    let there = more(held.idle, what.received)?;
    held.idle = less(less(there, what.from_idle)?, what.from_reserve)?;
    (held.basis, held.high) = (it.marks.basis, it.marks.high);
    let queue = &mut vault.queue;
    queue.owed = more(more(queue.owed, what.from_idle)?, what.from_reserve)?;
    if it.ended {
        queue.round = None;
    }
    given_back(state, it.vault, it.reserve, (what.redeemed, what.received))
}

fn taken(state: &mut State, it: &FeesTaken) -> Result<(), Corrupt> {
    let held = &mut state.vaults.change(it.vault)?.held;
    let amount = Fixed60::from_atoms(it.amount).ok_or(Corrupt::Overflow)?;
    held.pending = held.pending.checked_sub(amount).ok_or(Corrupt::CounterRange)?;
    let there = more(held.idle, it.received)?;
    held.idle = less(less(there, it.from_idle)?, it.from_reserve)?;
    given_back(state, it.vault, it.reserve, (it.redeemed, it.received))
}

fn redeemed(state: &mut State, it: &InKindRedemption) -> Result<(), Corrupt> {
    burn(state, (it.vault, it.holding), it.redeemed.burned)?;
    let vault = state.vaults.change(it.vault)?;
    (vault.held.basis, vault.held.high) = (it.marks.basis, it.marks.high);
    let place = of(vault, it.reserve)?;
    place.shares = unminted(place.shares, it.redeemed.handed)?;
    let supply = supplies(state, it.supply, (it.reserve, it.account))?;
    supply.shares = minted(supply.shares, it.redeemed.handed)?;
    Ok(())
}

fn invested(state: &mut State, it: &Investment) -> Result<(), Corrupt> {
    let now = state.meta.now;
    let seen = loss::join(state, it.reserve)?;
    let vault = state.vaults.change(it.vault)?;
    let held = &mut vault.held;
    if it.payer.is_none() {
        held.crank = less(held.crank, it.rounding)?;
    }
    let there = more(held.idle, it.rounding)?;
    held.idle = if it.adds { less(there, it.amount)? } else { more(there, it.amount)? };
    let place = of(vault, it.reserve)?;
    if it.cranked {
        place.moved_at = Some(now);
    }
    place.seen = seen;
    place.shares =
        if it.adds { minted(place.shares, it.shares)? } else { unminted(place.shares, it.shares)? };
    let held = &mut state.reserves.change(it.reserve)?.held;
    if it.adds {
        held.available = more(held.available, it.amount)?;
        held.shares = minted(held.shares, it.shares)?;
    } else {
        held.available = less(held.available, it.amount)?;
        held.shares = unminted(held.shares, it.shares)?;
    }
    Ok(())
}

/// Shares that a reserve takes back for money.
fn given_back(
    state: &mut State,
    vault: VaultId,
    reserve: Option<ReserveId>,
    (shares, received): (Shares, Amount),
) -> Result<(), Corrupt> {
    let Some(id) = reserve else { return Ok(()) };
    let place = of(state.vaults.change(vault)?, id)?;
    place.shares = unminted(place.shares, shares)?;
    let held = &mut state.reserves.change(id)?.held;
    held.available = less(held.available, received)?;
    held.shares = unminted(held.shares, shares)?;
    Ok(())
}

fn burn(
    state: &mut State,
    (vault, holding): (VaultId, u32),
    shares: Shares,
) -> Result<(), Corrupt> {
    snapshot::before_change(state, holding)?;
    let holding = state.holdings.change(holding)?;
    holding.shares = unminted(holding.shares, shares)?;
    let held = &mut state.vaults.change(vault)?.held;
    held.shares = unminted(held.shares, shares)?;
    Ok(())
}

fn of(vault: &mut Vault, reserve: ReserveId) -> Result<&mut Allocation, Corrupt> {
    let found = vault.allocations.iter_mut().find(|allocation| allocation.reserve == reserve);
    found.ok_or(Corrupt::DanglingHandle)
}
fn more(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn less(a: Amount, b: Amount) -> Result<Amount, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}
fn minted(a: Shares, b: Shares) -> Result<Shares, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn unminted(a: Shares, b: Shares) -> Result<Shares, Corrupt> {
    a.checked_sub(b).ok_or(Corrupt::CounterRange)
}

/// Money of vaults.
pub(crate) fn postings<E>(
    event: &VaultEvent,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    let balance = |account: AccountId| L::Balance(account);
    match event {
        VaultEvent::RewardsStreamed { vault, asset, amount, .. } => {
            one(*asset, L::VaultRewards(*vault), L::VaultIdle(*vault), *amount)
        }
        VaultEvent::RewardsFunded { vault, account, asset, amount, .. } => {
            one(*asset, balance(*account), L::VaultRewards(*vault), *amount)
        }
        VaultEvent::VaultDeposited(it) => {
            one(it.asset, balance(it.account), L::VaultIdle(it.vault), it.amount)?;
            one(it.asset, balance(it.account), L::VaultCrank(it.vault), it.crank)
        }
        VaultEvent::VaultWithdrawn(it) => {
            let (idle, what) = (L::VaultIdle(it.vault), &it.withdrawal);
            if let Some(reserve) = it.reserve {
                one(it.asset, L::Lenders(reserve), idle, what.received)?;
            }
            one(it.asset, idle, balance(it.account), what.from_idle)?;
            one(it.asset, idle, balance(it.account), what.from_reserve)
        }
        VaultEvent::QueueFilled(it) => {
            let (idle, queue, what) =
                (L::VaultIdle(it.vault), L::VaultQueue(it.vault), &it.withdrawal);
            if let Some(reserve) = it.reserve {
                one(it.asset, L::Lenders(reserve), idle, what.received)?;
            }
            one(it.asset, idle, queue, what.from_idle)?;
            one(it.asset, idle, queue, what.from_reserve)
        }
        VaultEvent::QueueMoved(it) => {
            one(it.asset, L::VaultQueue(it.vault), balance(it.account), it.paid)
        }
        VaultEvent::FeesTaken(it) => {
            let idle = L::VaultIdle(it.vault);
            if let Some(reserve) = it.reserve {
                one(it.asset, L::Lenders(reserve), idle, it.received)?;
            }
            one(it.asset, idle, balance(it.curator), it.from_idle)?;
            one(it.asset, idle, balance(it.curator), it.from_reserve)
        }
        VaultEvent::Invested(it) => {
            let (idle, lenders) = (L::VaultIdle(it.vault), L::Lenders(it.reserve));
            let pays = it.payer.map_or(L::VaultCrank(it.vault), balance);
            one(it.asset, pays, idle, it.rounding)?;
            let (from, to) = if it.adds { (idle, lenders) } else { (lenders, idle) };
            one(it.asset, from, to, it.amount)
        }
        VaultEvent::ReserveOpened { forced, .. } => opened_reserve(forced, one),
        VaultEvent::VaultOpened(it) => {
            let opening = L::Opening(it.asset);
            one(it.asset, opening, L::VaultIdle(it.vault), it.held.idle)?;
            one(it.asset, opening, L::VaultRewards(it.vault), it.held.rewards.left)
        }
        _ => Ok(()),
    }
}

/// What a forced reserve has more or less of.
fn opened_reserve<E>(
    it: &ForcedReserve,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    let (from, to, reserve) = (&it.from, &it.to, it.reserve);
    let moves = [
        (L::Opening(it.asset), L::Lenders(reserve), from.available, to.available),
        (L::Loans(reserve), L::Lenders(reserve), from.borrowed.floor(), to.borrowed.floor()),
        (L::Lenders(reserve), L::Interest(reserve), from.fees.floor(), to.fees.floor()),
    ];
    // What comes in first: no account is overdrawn on the way.
    for (debit, credit, was, is) in moves {
        one(it.asset, debit, credit, is.saturating_sub(was))?;
    }
    for (debit, credit, was, is) in moves {
        one(it.asset, credit, debit, was.saturating_sub(is))?;
    }
    Ok(())
}
