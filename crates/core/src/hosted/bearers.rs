//! Who held how much of a hosted market when it socialised a loss.
//!
//! Nobody is listed when a loss is placed: the market counts its losses, and a position that settles
//! past some of them writes down with which size it met them. So placing is O(1) in positions, later
//! entrants get nothing of a recovery, and who closed or moved since keeps his claim.
//!
//! ```text
//!   losses of the market    0    1    2    3    4    5
//!   size of one account    10   10        ·   25   25   25
//!   touched                         ▲    ▲            ▲     now
//!   runs                   [0, 2) 10      [3, 5) 25         open position: 25 from 5 on
//! ```
//!
//! Runs of one account on one market hang together, the newest first, each with a second link that
//! jumps further back, so that any of them is found in a number of steps that grows with the logarithm
//! of their number (**Source** Myers, "An applicative random-access stack", 1983).

use super::book::{HostedPosition, position_on};
use crate::{
    event::{Cohort, IndexSettlement},
    reject::Corrupt,
    state::State,
};
use alloc::collections::BTreeMap;
use backstop_units::{AccountId, Amount, Base, MarketId};
use borsh::{BorshDeserialize, BorshSerialize};

/// One account that met losses of one hosted market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bearer {
    /// Which account.
    pub account: AccountId,
    /// On which market.
    pub market: MarketId,
    /// The newest run of its sizes.
    pub last: u32,
}

/// A run of losses that one account met with one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SizeRun {
    /// From the loss with this count on.
    pub from: u32,
    /// Up to the loss with this count, exclusive.
    pub until: u32,
    /// Long or short, in base atoms.
    pub size: Amount,
    /// The run before; none before the first.
    pub earlier: Option<u32>,
    /// A run further back; itself for the first.
    pub jump: u32,
    /// How many runs are before it.
    pub depth: u32,
}

/// The size with which an account met the loss of a market that has this count.
///
/// **Complexity** one step for each of its positions, then logarithmic in its runs.
///
/// # Errors
/// [`Corrupt::DanglingHandle`].
pub fn size_at(
    state: &State,
    account: AccountId,
    market: MarketId,
    epoch: u32,
) -> Result<Amount, Corrupt> {
    if let Some(open) = open(state, account, market)?
        && open.epoch <= epoch
    {
        return Ok(open.size.size());
    }
    let Some(bearer) = state.labels.bearers.get((account, market)) else {
        return Ok(Amount::ZERO);
    };
    let mut run = state.size_runs.expect(state.bearers.expect(bearer)?.last)?;
    while run.from > epoch {
        let Some(earlier) = run.earlier else { return Ok(Amount::ZERO) };
        let jump = state.size_runs.expect(run.jump)?;
        run = if jump.from > epoch { jump } else { state.size_runs.expect(earlier)? };
    }
    Ok(if epoch < run.until { run.size } else { Amount::ZERO })
}

/// An account's open position on a market, in the pool of its fund or still in that of a fund that was
/// merged into it.
fn open(
    state: &State,
    account: AccountId,
    market: MarketId,
) -> Result<Option<&HostedPosition>, Corrupt> {
    let hosted = state.hosted_markets.expect(market)?.as_deref();
    let former = hosted.and_then(|hosted| hosted.former);
    for fund in [Some(state.markets.expect(market)?.fund), former].into_iter().flatten() {
        let Some((margin, _)) = state.margin(account, fund) else { continue };
        if let Some((_, position)) = position_on(state, margin, market)? {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

/// Counts a loss of a hosted market's positions; nothing on another market.
pub(crate) fn counted(
    state: &mut State,
    market: MarketId,
    epoch: Option<u32>,
) -> Result<(), Corrupt> {
    let Some(epoch) = epoch else { return Ok(()) };
    let hosted = state.hosted_markets.change(market)?.as_deref_mut();
    let hosted = hosted.ok_or(Corrupt::DanglingHandle)?;
    if hosted.losses != epoch {
        return Err(Corrupt::CounterRange);
    }
    hosted.losses = epoch.checked_add(1).ok_or(Corrupt::Overflow)?;
    Ok(())
}

/// Brings a position to its market's indexes and writes down the losses that it met; returns its
/// margin account.
pub(crate) fn settled(state: &mut State, settled: &IndexSettlement) -> Result<u32, Corrupt> {
    let hosted = state.hosted(settled.market).map_err(|_| Corrupt::DanglingHandle)?;
    let (funding, until) = (hosted.funding, hosted.losses);
    let index = state.markets.expect(settled.market)?.index;
    let position = state.hosted_positions.change(settled.position)?;
    let (owner, from, size) = (position.owner, position.epoch, position.size.size());
    (position.funding, position.loss, position.epoch) = (funding, index, until);
    if from != until {
        let account = state.margins.expect(owner)?.account;
        note(state, (account, settled.market), (from, until), size)?;
    }
    Ok(owner)
}

/// Adds a run, or makes the last one longer where nothing lies between and the size is the same.
fn note(
    state: &mut State,
    key: (AccountId, MarketId),
    (from, until): (u32, u32),
    size: Amount,
) -> Result<(), Corrupt> {
    let id = state.size_runs.next_id();
    let Some(bearer) = state.labels.bearers.get(key) else {
        let first = SizeRun { from, until, size, earlier: None, jump: id, depth: 0 };
        state.size_runs.insert(id, first)?;
        let bearer = state.bearers.next_id();
        let (account, market) = key;
        state.bearers.insert(bearer, Bearer { account, market, last: id })?;
        state.labels.bearers.insert(key, bearer);
        return Ok(());
    };
    let last = state.bearers.expect(bearer)?.last;
    let run = *state.size_runs.expect(last)?;
    if run.until == from && run.size == size {
        state.size_runs.change(last)?.until = until;
        return Ok(());
    }
    // Two jumps of one length are followed by one over both.
    let near = *state.size_runs.expect(run.jump)?;
    let far = *state.size_runs.expect(near.jump)?;
    let alike = run.depth.saturating_sub(near.depth) == near.depth.saturating_sub(far.depth);
    let jump = if alike { near.jump } else { last };
    let depth = run.depth.checked_add(1).ok_or(Corrupt::Overflow)?;
    state.size_runs.insert(id, SizeRun { from, until, size, earlier: Some(last), jump, depth })?;
    state.bearers.change(bearer)?.last = id;
    Ok(())
}

/// Counts what positions held when losses fell: **H3**.
///
/// # Errors
/// Where it does not add up to the base that bore the loss.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    // By market and count: sizes that begin there, sizes that end there, and the base of that loss.
    let mut turns: BTreeMap<(MarketId, u32), (Amount, Amount, Option<Base>)> = BTreeMap::new();
    let mut turn = |market, from: u32, until: u32, size: Amount| {
        let begins = turns.entry((market, from)).or_default();
        begins.0 = begins.0.saturating_add(size);
        let ends = turns.entry((market, until)).or_default();
        ends.1 = ends.1.saturating_add(size);
    };
    for (_, bearer) in state.bearers.iter() {
        let mut run = Some(bearer.last);
        while let Some(SizeRun { from, until, size, earlier, .. }) =
            run.and_then(|id| state.size_runs.get(id).copied())
        {
            turn(bearer.market, from, until, size);
            run = earlier;
        }
    }
    for (_, held) in state.hosted_positions.iter().filter(|(_, held)| !held.size.is_zero()) {
        let hosted = state.hosted(held.market).map_err(|_| Corrupt::DanglingHandle)?;
        turn(held.market, held.epoch, hosted.losses, held.size.size());
    }
    for (_, loss) in state.losses.iter() {
        for row in &loss.rows {
            if let Cohort::Positions { base, epoch: Some(epoch), .. } = row.row.cohort {
                turns.entry((loss.market, epoch)).or_default().2 = Some(base);
            }
        }
    }
    let mut held = (MarketId::default(), Amount::ZERO);
    for ((market, _), (begins, ends, base)) in turns {
        let before = if held.0 == market { held.1 } else { Amount::ZERO };
        let all = before.saturating_add(begins).checked_sub(ends);
        let all = all.ok_or(Corrupt::Invariant("H3"))?;
        if base.is_some_and(|base| base.get() != all.get()) {
            return Err(Corrupt::Invariant("H3"));
        }
        held = (market, all);
    }
    Ok(())
}
