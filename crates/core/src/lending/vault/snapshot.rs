//! Who held how much of a vault when it lost something.
//!
//! Nobody is listed when a loss is recorded: the vault counts its losses, and a holder's shares, those in farms
//! too, are written down on their first change after one. So recording is O(1) in holders, and who came
//! later met nothing.
//!
//! ```text
//!   losses of the vault     0    1    2    3    4    5
//!   shares of one holder   10   10        ·   25   25   25
//!   changed                         ▲    ▲            ▲     now
//!   runs                   [0, 2) 10      [3, 5) 25         at hand: 25 from 5 on
//! ```
//!
//! Every change of a holder's shares passes [`before_change`], with shares at hand and in farms as they were.
//! Runs of one holder hang together, the newest first, each with a second link that jumps further back, so that
//! any of them is found in a number of steps that grows with the logarithm of their number (**Source** Myers,
//! "An applicative random-access stack", 1983). **Invariant V2** what holders held when a loss was recorded, and
//! what nobody held, adds up to the shares that bore it, less than a share short for each who waited in the queue.

use super::book::Holding;
use crate::{reject::Corrupt, state::State};
use alloc::collections::BTreeMap;
use backstop_units::{Shares, VaultId};
use borsh::{BorshDeserialize, BorshSerialize};

/// A run of losses that one holder met with one number of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ShareRun {
    /// From the loss with this count on.
    pub from: u32,
    /// Up to the loss with this count, exclusive.
    pub until: u32,
    /// Shares at hand and in farms.
    pub shares: Shares,
    /// The run before; none before the first.
    pub earlier: Option<u32>,
    /// A run further back; itself for the first.
    pub jump: u32,
    /// How many runs are before it.
    pub depth: u32,
}

/// With how many shares a holder met the loss of his vault that has this count.
///
/// **Complexity** logarithmic in his runs.
///
/// # Errors
/// [`Corrupt::DanglingHandle`].
pub fn shares_at(state: &State, holding: &Holding, loss: u32) -> Result<Shares, Corrupt> {
    if holding.met <= loss {
        return shares_of(state, holding);
    }
    let Some(last) = holding.run else { return Ok(Shares::ZERO) };
    let mut run = state.share_runs.expect(last)?;
    while run.from > loss {
        let Some(earlier) = run.earlier else { return Ok(Shares::ZERO) };
        let jump = state.share_runs.expect(run.jump)?;
        run = if jump.from > loss { jump } else { state.share_runs.expect(earlier)? };
    }
    Ok(if loss < run.until { run.shares } else { Shares::ZERO })
}

/// All that a holder owns of his vault: at hand, in farms, and in its withdrawal queue. A loss ends the queue's round,
/// so that from then on what somebody waits with is a number of shares as any other.
///
/// # Errors
/// [`Corrupt::Overflow`] past 128 bits.
pub fn shares_of(state: &State, holding: &Holding) -> Result<Shares, Corrupt> {
    let own = own_shares(holding)?;
    if state.queued.is_empty() {
        return Ok(own);
    }
    let Some((_, waiting)) = state.waiting(holding.vault, holding.account) else { return Ok(own) };
    let waits = waiting.shares(state.rounds.expect(waiting.round)?);
    own.checked_add(waits.map_err(|_| Corrupt::Overflow)?).ok_or(Corrupt::Overflow)
}

/// What a holder has at hand and in farms.
pub(crate) fn own_shares(holding: &Holding) -> Result<Shares, Corrupt> {
    holding.shares.checked_add(holding.staked).ok_or(Corrupt::Overflow)
}

/// Writes down with what a holder met the losses since his shares last changed. Comes before every change of
/// them, at hand or in a farm.
pub(crate) fn before_change(state: &mut State, id: u32) -> Result<(), Corrupt> {
    let holding = *state.holdings.expect(id)?;
    let (from, until) = (holding.met, state.vaults.expect(holding.vault)?.held.losses);
    if from == until {
        return Ok(());
    }
    let shares = shares_of(state, &holding)?;
    let run = if shares.is_zero() { holding.run } else { Some(add(state, &holding, until)?) };
    let holding = state.holdings.change(id)?;
    (holding.met, holding.run) = (until, run);
    Ok(())
}

/// Adds a run, or makes the last one longer where nothing lies between and the shares are the same.
fn add(state: &mut State, holding: &Holding, until: u32) -> Result<u32, Corrupt> {
    let (from, id) = (holding.met, state.share_runs.next_id());
    let shares = shares_of(state, holding)?;
    let Some(last) = holding.run else {
        let first = ShareRun { from, until, shares, earlier: None, jump: id, depth: 0 };
        state.share_runs.insert(id, first)?;
        return Ok(id);
    };
    let run = *state.share_runs.expect(last)?;
    if run.until == from && run.shares == shares {
        state.share_runs.change(last)?.until = until;
        return Ok(last);
    }
    // Two jumps of one length are followed by one over both.
    let near = *state.share_runs.expect(run.jump)?;
    let far = *state.share_runs.expect(near.jump)?;
    let alike = run.depth.saturating_sub(near.depth) == near.depth.saturating_sub(far.depth);
    let jump = if alike { near.jump } else { last };
    let depth = run.depth.checked_add(1).ok_or(Corrupt::Overflow)?;
    let added = ShareRun { from, until, shares, earlier: Some(last), jump, depth };
    state.share_runs.insert(id, added)?;
    Ok(id)
}

/// Counts what holders held when losses were recorded: **V2**.
///
/// # Errors
/// Where it does not add up.
pub(crate) fn check(state: &State) -> Result<(), Corrupt> {
    // By vault and count: shares that begin there, shares that end there, and what bore that loss.
    let mut turns: BTreeMap<(VaultId, u32), (Shares, Shares, Option<Shares>)> = BTreeMap::new();
    let mut turn = |vault, from: u32, until: u32, shares: Shares| {
        let begins = turns.entry((vault, from)).or_default();
        begins.0 = begins.0.saturating_add(shares);
        let ends = turns.entry((vault, until)).or_default();
        ends.1 = ends.1.saturating_add(shares);
    };
    for (_, holding) in state.holdings.iter() {
        let losses = state.vaults.expect(holding.vault)?.held.losses;
        turn(holding.vault, holding.met, losses, shares_of(state, holding)?);
        let mut run = holding.run;
        while let Some(ShareRun { from, until, shares, earlier, .. }) =
            run.and_then(|id| state.share_runs.get(id).copied())
        {
            turn(holding.vault, from, until, shares);
            run = earlier;
        }
    }
    for (_, loss) in state.vault_losses.iter() {
        let bore = loss.shares.checked_sub(loss.nobodys).ok_or(Corrupt::Invariant("V2"))?;
        turns.entry((loss.vault, loss.count)).or_default().2 = Some(bore);
    }
    let mut dust: BTreeMap<VaultId, Shares> = BTreeMap::new();
    for (_, waiting) in state.queued.iter() {
        let sum = dust.entry(waiting.vault).or_default();
        *sum = sum.saturating_add(Shares::new(1));
    }
    let mut held = (VaultId::default(), Shares::ZERO);
    for ((vault, _), (begins, ends, bore)) in turns {
        let before = if held.0 == vault { held.1 } else { Shares::ZERO };
        let all = before.saturating_add(begins).checked_sub(ends);
        let all = all.ok_or(Corrupt::Invariant("V2"))?;
        // Less than a share for each who waited is rounded off.
        let waited = dust.get(&vault).copied().unwrap_or_default();
        if bore.is_some_and(|bore| bore.checked_sub(all).is_none_or(|off| off > waited)) {
            return Err(Corrupt::Invariant("V2"));
        }
        held = (vault, all);
    }
    Ok(())
}
