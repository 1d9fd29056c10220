//! What events about hosted markets change.

use super::{
    bearers,
    book::{HostedMarket, HostedPosition, MarginAccount},
    collateral, haircut,
    margins::tables,
    throttle::count,
};
use crate::{
    event::{Event, Fill, GateCause, Liquidated, MarginMove, Merge},
    policy::{HostedPolicy, MarketStatus},
    reject::Corrupt,
    state::{Source, State},
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, Base, FundId, MarketId, Signed, Timestamp};

/// What is kept of a new market; nothing of one that is attached.
pub(crate) fn hosted(
    state: &State,
    policy: Option<&HostedPolicy>,
) -> Result<Option<Box<HostedMarket>>, Corrupt> {
    let Some(policy) = policy else { return Ok(None) };
    let home = policy.home.map(|label| state.fund_id(label)).transpose();
    let home = home.map_err(|_| Corrupt::DanglingHandle)?;
    Ok(Some(Box::new(HostedMarket {
        policy: policy.clone(),
        tables: tables(policy).map_err(|_| Corrupt::Overflow)?,
        home,
        status: MarketStatus::Active,
        mark: None,
        funding: Signed::ZERO,
        waiting: Signed::ZERO,
        backlog: 0,
        first: None,
        last: None,
        windows: [None; 2],
        former: None,
        losses: 0,
    })))
}

pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::MarginPoolSet { fund, policy } => {
            state.margin_pools.change(*fund)?.policy = Some(**policy);
            Ok(())
        }
        Event::MarginDeposited(it) => {
            open(state, it.margin, it.account, it.fund)?;
            pay(state, it.margin, gain(it.amount)?)
        }
        Event::MarginOpened { margin, account, fund, amount, .. } => {
            open(state, *margin, *account, *fund)?;
            pay(state, *margin, *amount)
        }
        Event::MarginWithdrawn(it) => pay(state, it.margin, loss(it.amount)?),
        Event::MarkReported(report) => {
            change(state, report.market)?.mark = Some((report.price, now));
            heard(state, report.fund)
        }
        Event::FundingPaid { market, fund, step } => {
            let hosted = change(state, *market)?;
            hosted.funding = plus(hosted.funding, *step)?;
            heard(state, *fund)
        }
        Event::MarketStatusSet(changed) => {
            let hosted = change(state, changed.market)?;
            hosted.status = changed.status;
            hosted.waiting = plus(hosted.waiting, loss(changed.dust)?)?;
            heard(state, changed.fund)
        }
        Event::GateSeen { fund, cause } => {
            let pool = state.margin_pools.change(*fund)?;
            match cause {
                GateCause::Negative => pool.negative_at = Some(now),
                GateCause::Stall => pool.stalled_at = Some(now),
            }
            Ok(())
        }
        Event::HostedRulesSet { market, policy } => {
            let tables = tables(policy).map_err(|_| Corrupt::Overflow)?;
            let hosted = change(state, *market)?;
            (hosted.policy, hosted.tables) = ((**policy).clone(), tables);
            Ok(())
        }
        Event::BacklogSet { position, since } => backlog(state, *position, *since),
        Event::IsolatedMerged(merge) => merged(state, merge),
        _ => positions(state, event),
    }
}

/// Facts about margin accounts and their positions.
fn positions(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::IndexesSettled(settled) => {
            let owner = bearers::settled(state, settled)?;
            let received = plus(settled.funding, loss(settled.loss)?)?;
            pay(state, owner, received)?;
            wait(state, settled.market, negated(received)?)
        }
        Event::Traded(fill) => traded(state, fill),
        Event::MarginLiquidated(liquidated) => self::liquidated(state, liquidated),
        Event::PoolPaid(paid) => {
            pay(state, paid.margin, gain(paid.paid)?)?;
            pay(state, paid.margin, gain(paid.owed)?)?;
            wait(state, paid.market, loss(paid.owed)?)
        }
        Event::LiquidatorPaid(paid) => {
            pay(state, paid.margin, loss(paid.amount)?)?;
            pay(state, paid.liquidator, gain(paid.amount)?)
        }
        Event::MarginMoved(moved) => self::moved(state, moved),
        Event::CollateralDeposited(moved) => {
            open(state, moved.margin, moved.account, moved.fund)?;
            collateral::evolve(state, event)
        }
        Event::CollateralSeized(seized) => {
            let given = seized.to_fund.saturating_add(seized.overflow);
            pay(state, seized.margin, gain(seized.paid.saturating_sub(given))?)?;
            collateral::evolve(state, event)
        }
        Event::HaircutTaken(taken) | Event::PoolRecapitalised(taken) => {
            if let Some(margin) = taken.margin {
                pay(state, margin, loss(taken.amount)?)?;
            }
            haircut::evolve::taken(state, taken)
        }
        Event::MarginAbsorbed { from, to, account, fund } => {
            open(state, *to, *account, *fund)?;
            absorbed(state, *from, *to)
        }
        _ => collateral::evolve(state, event),
    }
}

fn plus(a: Signed, b: Signed) -> Result<Signed, Corrupt> {
    a.checked_add(b).ok_or(Corrupt::Overflow)
}
fn negated(value: Signed) -> Result<Signed, Corrupt> {
    value.checked_neg().ok_or(Corrupt::Overflow)
}
fn gain(amount: Amount) -> Result<Signed, Corrupt> {
    Signed::gain(amount).ok_or(Corrupt::Overflow)
}
fn loss(amount: Amount) -> Result<Signed, Corrupt> {
    Signed::loss(amount).ok_or(Corrupt::Overflow)
}

fn change(state: &mut State, market: MarketId) -> Result<&mut HostedMarket, Corrupt> {
    state.hosted_markets.change(market)?.as_deref_mut().ok_or(Corrupt::DanglingHandle)
}

fn heard(state: &mut State, fund: FundId) -> Result<(), Corrupt> {
    let now = state.meta.now;
    state.margin_pools.change(fund)?.heard_at = Some(now);
    Ok(())
}

fn pay(state: &mut State, margin: u32, quote: Signed) -> Result<(), Corrupt> {
    let owner = state.margins.change(margin)?;
    owner.quote = plus(owner.quote, quote)?;
    Ok(())
}

fn wait(state: &mut State, market: MarketId, quote: Signed) -> Result<(), Corrupt> {
    let hosted = change(state, market)?;
    hosted.waiting = plus(hosted.waiting, quote)?;
    Ok(())
}

/// Opens a margin account if its handle is the next; it stands right behind the first of its group.
fn open(state: &mut State, id: u32, account: AccountId, fund: FundId) -> Result<(), Corrupt> {
    if id != state.margins.next_id() {
        return state.margins.expect(id).map(drop);
    }
    let group = state.accounts.expect(account)?.group;
    let first = state.labels.margins.group(group);
    let kin = match first {
        Some(first) => state.margins.change(first)?.kin.replace(id),
        None => None,
    };
    let item = MarginAccount {
        account,
        fund,
        quote: Signed::ZERO,
        first: None,
        open: 0,
        reduced: None,
        windows: [None; 2],
        kin,
        pledge: None,
    };
    state.margins.insert(id, item)?;
    state.labels.margins.add(id, (account, fund), group);
    Ok(())
}

fn traded(state: &mut State, fill: &Fill) -> Result<(), Corrupt> {
    let size = gain(Amount::new(fill.size.get()))?;
    let paid = plus(fill.quote, gain(fill.buyer_fee)?)?;
    let received = plus(fill.quote, loss(fill.seller_fee)?)?;
    resize(state, fill.buyer, fill.market, size)?;
    resize(state, fill.seller, fill.market, negated(size)?)?;
    pay(state, fill.buyer, negated(paid)?)?;
    pay(state, fill.seller, received)?;
    heard(state, fill.fund)
}

/// Adds to a position, in its place or the first that is free.
fn resize(state: &mut State, margin: u32, market: MarketId, delta: Signed) -> Result<(), Corrupt> {
    let owner = *state.margins.expect(margin)?;
    let here = |held: &HostedPosition| held.market == market && !held.size.is_zero();
    let open = state.positions_of(&owner).find(|(_, held)| here(held)).map(|(id, _)| id);
    let id = match open {
        Some(id) => id,
        None => place(state, margin, &owner, market)?,
    };
    let position = state.hosted_positions.change(id)?;
    let before = position.size;
    position.size = plus(before, delta)?;
    let after = position.size;
    let owner = state.margins.change(margin)?;
    if before.is_zero() {
        owner.open = owner.open.checked_add(1).ok_or(Corrupt::Overflow)?;
    }
    if after.is_zero() {
        owner.open = owner.open.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    }
    if !before.is_zero() && before.is_negative() != delta.is_negative() {
        owner.reduced = Some(market);
    }
    let item = state.markets.change(market)?;
    let base = |size: Signed| Base::new(size.size().get());
    let grown = item.open_interest.checked_add(base(after)).ok_or(Corrupt::Overflow)?;
    item.open_interest = grown.checked_sub(base(before)).ok_or(Corrupt::CounterRange)?;
    Ok(())
}

/// A place for a new position, at the market's indexes of this moment.
fn place(
    state: &mut State,
    margin: u32,
    owner: &MarginAccount,
    market: MarketId,
) -> Result<u32, Corrupt> {
    let hosted = state.hosted(market).map_err(|_| Corrupt::DanglingHandle)?;
    let mut position = HostedPosition {
        owner: margin,
        market,
        size: Signed::ZERO,
        funding: hosted.funding,
        loss: state.markets.expect(market)?.index,
        epoch: hosted.losses,
        step_at: None,
        step_left: Amount::ZERO,
        waiting: None,
        before: None,
        after: None,
        next: None,
    };
    let free = |held: &HostedPosition| held.size.is_zero() && held.waiting.is_none();
    let found = state.positions_of(owner).find(|(_, held)| free(held));
    if let Some((id, next)) = found.map(|(id, held)| (id, held.next)) {
        position.next = next;
        *state.hosted_positions.change(id)? = position;
        return Ok(id);
    }
    let id = state.hosted_positions.next_id();
    position.next = owner.first;
    state.hosted_positions.insert(id, position)?;
    state.margins.change(margin)?.first = Some(id);
    Ok(id)
}

fn liquidated(state: &mut State, event: &Liquidated) -> Result<(), Corrupt> {
    let now = state.meta.now;
    pay(state, event.margin, loss(event.to_fund)?)?;
    pay(state, event.margin, loss(event.overflow)?)?;
    let owner = *state.margins.expect(event.margin)?;
    let here = |held: &HostedPosition| held.market == event.market && !held.size.is_zero();
    let open = state.positions_of(&owner).find(|(_, held)| here(held)).map(|(id, _)| id);
    if let Some(id) = open {
        let position = state.hosted_positions.change(id)?;
        position.step_left = event.step_left;
        if event.step_begins {
            position.step_at = Some(now);
        }
    }
    let used = [event.notional, event.insured];
    let pool = state.margin_pools.expect(owner.fund)?.policy.ok_or(Corrupt::DanglingHandle)?;
    let windows = count(state, &pool.throttle, owner.windows, used)?;
    if windows != owner.windows {
        state.margins.change(event.margin)?.windows = windows;
    }
    let hosted = change(state, event.market)?;
    let (throttle, old) = (hosted.policy.throttle, hosted.windows);
    let windows = count(state, &throttle, old, used)?;
    if windows != old {
        change(state, event.market)?.windows = windows;
    }
    Ok(())
}

fn moved(state: &mut State, moved: &MarginMove) -> Result<(), Corrupt> {
    open(state, moved.to, moved.account, moved.to_fund)?;
    pay(state, moved.from, loss(moved.amount)?)?;
    pay(state, moved.to, gain(moved.amount)?)
}

/// Puts a position at the end of its market's backlog, or takes it out.
fn backlog(state: &mut State, id: u32, since: Option<Timestamp>) -> Result<(), Corrupt> {
    let old = *state.hosted_positions.expect(id)?;
    if old.waiting.is_some() == since.is_some() {
        return Err(Corrupt::CounterRange);
    }
    let market = old.market;
    if since.is_some() {
        let hosted = change(state, market)?;
        let before = hosted.last.replace(id);
        hosted.first = hosted.first.or(Some(id));
        hosted.backlog = hosted.backlog.checked_add(1).ok_or(Corrupt::Overflow)?;
        if let Some(before) = before {
            state.hosted_positions.change(before)?.after = Some(id);
        }
        let position = state.hosted_positions.change(id)?;
        (position.waiting, position.before, position.after) = (since, before, None);
        return Ok(());
    }
    match old.before {
        Some(before) => state.hosted_positions.change(before)?.after = old.after,
        None => change(state, market)?.first = old.after,
    }
    match old.after {
        Some(after) => state.hosted_positions.change(after)?.before = old.before,
        None => change(state, market)?.last = old.before,
    }
    let hosted = change(state, market)?;
    hosted.backlog = hosted.backlog.checked_sub(1).ok_or(Corrupt::CounterRange)?;
    let position = state.hosted_positions.change(id)?;
    (position.waiting, position.before, position.after) = (None, None, None);
    Ok(())
}

/// The market is the shared fund's from now on, and so are the layers that were its own fund's.
fn merged(state: &mut State, merge: &Merge) -> Result<(), Corrupt> {
    let market = state.markets.change(merge.market)?;
    market.fund = merge.to;
    let (from, count) = (market.layers_from, market.layers);
    let label = state.funds.expect(merge.to)?.label;
    for id in from..from.saturating_add(u32::from(count)) {
        let layer = state.layers.change(id)?;
        if layer.source == Source::Reserve(merge.from) {
            layer.source = Source::Reserve(merge.to);
            layer.policy.source = crate::policy::LayerSource::Reserve(label);
        }
    }
    let hosted = change(state, merge.market)?;
    hosted.former = Some(merge.from);
    hosted.home = None;
    let pool = state.margin_pools.change(merge.from)?;
    pool.policy = None;
    pool.merged = Some(merge.to);
    Ok(())
}

/// Hands positions and quote over; the old margin account stays, empty.
fn absorbed(state: &mut State, from: u32, to: u32) -> Result<(), Corrupt> {
    let old = *state.margins.expect(from)?;
    let (mut last, mut at) = (None, old.first);
    while let Some(id) = at {
        let position = state.hosted_positions.change(id)?;
        position.owner = to;
        (last, at) = (Some(id), position.next);
    }
    let new = *state.margins.expect(to)?;
    if let Some(last) = last {
        state.hosted_positions.change(last)?.next = new.first;
    }
    let left = state.margins.change(from)?;
    (left.quote, left.first, left.open) = (Signed::ZERO, None, 0);
    let item = state.margins.change(to)?;
    item.quote = plus(new.quote, old.quote)?;
    item.first = old.first.or(new.first);
    item.open = new.open.checked_add(old.open).ok_or(Corrupt::Overflow)?;
    item.reduced = new.reduced.or(old.reduced);
    Ok(())
}

/// Counts a fund's margin accounts and markets: **H1**, **H2** and **H4**.
///
/// # Errors
/// The first that is broken.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    let pool_of = |fund: FundId| {
        let merged = state.margin_pools.get(fund).and_then(|pool| pool.merged);
        merged.unwrap_or(fund)
    };
    for (id, fund) in state.funds.iter() {
        let mut sum = Signed::ZERO;
        for (_, margin) in state.margins.iter().filter(|(_, margin)| pool_of(margin.fund) == id) {
            sum = plus(sum, margin.quote)?;
        }
        for (market, _) in state.markets.iter().filter(|(_, market)| market.fund == id) {
            sum = plus(sum, state.hosted(market).map_or(Signed::ZERO, |hosted| hosted.waiting))?;
        }
        let held = state.ledger.owed(crate::ledger::LedgerAccount::Collateral(id), fund.asset);
        if Some(sum) != Signed::gain(held) {
            return Err(Corrupt::Invariant("H1"));
        }
    }
    for (id, market) in state.markets.iter() {
        let Ok(hosted) = state.hosted(id) else { continue };
        let (mut sizes, mut open, mut waits) = (Signed::ZERO, Base::ZERO, 0u32);
        for (_, held) in state.hosted_positions.iter().filter(|(_, held)| held.market == id) {
            sizes = plus(sizes, held.size)?;
            open = open.saturating_add(Base::new(held.size.size().get()));
            waits = waits.saturating_add(u32::from(held.waiting.is_some()));
        }
        if !sizes.is_zero() || open != market.open_interest || waits != hosted.backlog {
            return Err(Corrupt::Invariant("H2"));
        }
    }
    collateral::check(state)
}
