//! What every account falls short of under every scenario.
//!
//! ```text
//!   e(account, scenario) = collateral + Σ notional · return        shortfall = max(0, −e)
//! ```
//!
//! [`Exposure::shortfall`] sums the shortfalls of each scenario, counts the accounts and names the largest;
//! [`Exposure::below`] lists the accounts, for an engine that looks closer at them only.
//!
//! **Rounding** each shortfall is within its band (`(k + 2) · 2⁻⁵³ · T`, see the screen's proof) of the exact one,
//! and is exactly what [`Exact`] says where the sign was in doubt. A scenario's sum adds them in the accounts' order,
//! so its relative error is below `n · 2⁻⁵³` for `n` short accounts. Money that is derived from a sum must be rounded
//! up by its caller.

#![expect(
    clippy::inline_always,
    reason = "what runs on lanes must be inlined where they are enabled"
)]

use super::{
    book::{Account, Book},
    error::KernelError,
    lanes::Run,
    panel::{Panel, SLAB, TILE, Wide},
    screen::{Hit, Job, Sink, Work, blocks, screen},
};
use crate::float::count;
use core::ops::Range;
use fearless_simd::{dispatch, f64x8, prelude::*};

/// Slabs that a block of accounts meets at once: bounds the memory of sums that wait to be added.
const SLABS: usize = 4;

/// Decides exactly what 64 bits can't.
pub trait Exact: Sync {
    /// What an account falls short of in a scenario, in the book's unit; zero if it has equity.
    fn shortfall(&self, account: usize, scenario: usize) -> f64;
}

/// How far the book's numbers may be from what [`Exact`] computes with, beyond what the kernel rounds.
///
/// A book made of integer money is off by one rounding for each notional and return (`relative` of
/// `2 · 2⁻⁵³`), and by half a tick of price times size where exact prices are rounded (`absolute`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slack {
    /// Share of `|collateral| + Σ |notional| · largest |return|`.
    pub relative: f64,
    /// In the book's unit, for each account.
    pub absolute: f64,
}

/// Whether accounts and scenarios that can't matter are left out. The answer is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pruning {
    /// Every account meets every scenario.
    None,
    /// What is proven to have equity is left out.
    #[default]
    Exact,
}

/// Accounts and the scenarios that they meet.
#[derive(Clone, Copy)]
pub struct Exposure<'a> {
    /// The accounts.
    pub book: &'a Book,
    /// The scenarios.
    pub panel: &'a Panel,
    /// Who decides what 64 bits can't; without one, twice their precision does.
    pub exact: Option<&'a dyn Exact>,
    /// How far the book may be from what `exact` computes with.
    pub slack: Slack,
    /// Whether what can't matter is left out.
    pub pruning: Pruning,
}

impl core::fmt::Debug for Exposure<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Exposure")
            .field("accounts", &self.book.len())
            .field("scenarios", &self.panel.scenarios())
            .field("exact", &self.exact.is_some())
            .field("slack", &self.slack)
            .field("pruning", &self.pruning)
            .finish()
    }
}

/// Shortfalls of each scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Stress {
    /// Sum of shortfalls, in the book's unit.
    pub sums: Vec<f64>,
    /// Accounts that fall short.
    pub short: Vec<u64>,
    /// The largest shortfall.
    pub largest: Vec<f64>,
    /// Whose it is; the first of equals.
    pub whose: Vec<Option<usize>>,
    /// What was done for it.
    pub effort: Effort,
}

/// What a stress run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Accounts that could not be left out whole.
    pub kept: u64,
    /// Looks of an account at 64 scenarios.
    pub looks: u64,
    /// Shortfalls that 64 bits did not decide.
    pub exact: u64,
}

/// Who is below the line in each scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Below {
    starts: Vec<usize>,
    accounts: Vec<u32>,
}

impl Below {
    /// How many scenarios.
    pub fn scenarios(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The accounts that are below in a scenario, and those within the band of zero, in their order.
    pub fn of(&self, scenario: usize) -> &[u32] {
        &self.accounts[self.starts[scenario]..self.starts[scenario + 1]]
    }

    /// All pairs of an account and a scenario.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether nobody is below in any scenario.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

impl<'a> Exposure<'a> {
    /// Accounts under scenarios, nothing else asked for.
    pub fn new(book: &'a Book, panel: &'a Panel) -> Self {
        Self { book, panel, exact: None, slack: Slack::default(), pruning: Pruning::default() }
    }

    fn checked(&self) -> Result<Job<'a>, KernelError> {
        let Self { book, panel, slack, pruning, .. } = *self;
        if book.reach() > panel.markets() {
            let (got, want) = (panel.markets(), book.reach());
            return Err(KernelError::Length { what: "markets of the scenarios", got, want });
        }
        if book.len() > u32::MAX as usize {
            let most = u32::MAX as usize;
            return Err(KernelError::TooMany { what: "accounts", got: book.len(), most });
        }
        for (at, got) in [slack.relative, slack.absolute].into_iter().enumerate() {
            if !(0.0..=1e150).contains(&got) {
                let range = "between 0 and 1e150";
                return Err(KernelError::Range { what: "slack", at, got, range });
            }
        }
        Ok(Job { book, panel, slack, pruning })
    }

    /// Pieces of work: scenarios outermost, so that sums are added in the accounts' order.
    fn pieces(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let slabs = self.panel.slabs();
        let parts = (0..slabs).step_by(SLABS).map(|from| from..slabs.min(from + SLABS));
        parts
            .flat_map(|part| blocks(self.book.len()).map(move |block| (block, part.clone())))
            .collect()
    }

    /// Sums, counts and the largest shortfall of each scenario.
    ///
    /// # Errors
    /// [`KernelError::Length`] for a book with markets that the scenarios lack, [`KernelError::Range`] for a slack below 0,
    /// [`KernelError::Stopped`].
    pub fn shortfall(&self, run: &Run<'_>) -> Result<Stress, KernelError> {
        let job = self.checked()?;
        let (places, scenarios) = (self.panel.order().len(), self.panel.scenarios());
        let mut totals = vec![Tally::default(); places / 8];
        let mut effort = Effort::default();
        let level = run.lanes.level();
        run.in_order(
            &self.pieces(),
            |(accounts, slabs)| {
                let first = slabs.start * SLAB * TILE / 8;
                let end = totals_end(slabs, places);
                let mut sums = Sums::new(self.exact, first, end - first);
                let at = (accounts.clone(), slabs.clone());
                let work = dispatch!(level, simd => screen(simd, &job, at, &mut sums));
                sums.finish(&job);
                (sums, work)
            },
            |(sums, work)| {
                let Work { kept, tiles } = work;
                // Every part of the scenarios sees the same accounts.
                effort.kept += if sums.first == 0 { kept } else { 0 };
                effort.looks += tiles;
                effort.exact += sums.decided;
                let totals = totals.iter_mut().skip(sums.first);
                totals.zip(&sums.tallies).for_each(|(total, part)| total.add(part));
            },
        )?;
        let mut stress = Stress {
            sums: vec![0.0; scenarios],
            short: vec![0; scenarios],
            largest: vec![0.0; scenarios],
            whose: vec![None; scenarios],
            effort,
        };
        for (place, scenario) in self.panel.order().iter().take(scenarios).enumerate() {
            let (tally, lane, at) = (&totals[place / 8], place % 8, *scenario as usize);
            stress.sums[at] = tally.sum[lane];
            stress.short[at] = whole(tally.short[lane]);
            stress.largest[at] = tally.largest[lane];
            let whose = (tally.largest[lane] > 0.0).then_some(tally.whose[lane]);
            stress.whose[at] = whose.and_then(|whose| usize::try_from(whole(whose)).ok());
        }
        Ok(stress)
    }

    /// Which accounts fall short in which scenario, or may: those whose computed equity is at or below the band around zero.
    ///
    /// Over [`Book::above_line`] these are the accounts below maintenance; whoever takes them up decides by exact rules.
    ///
    /// # Errors
    /// As [`Exposure::shortfall`].
    pub fn below(&self, run: &Run<'_>) -> Result<Below, KernelError> {
        let job = self.checked()?;
        let scenarios = self.panel.scenarios();
        let level = run.lanes.level();
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); scenarios];
        run.in_order(
            &self.pieces(),
            |(accounts, slabs)| {
                let mut pairs = Pairs::default();
                let at = (accounts.clone(), slabs.clone());
                dispatch!(level, simd => screen(simd, &job, at, &mut pairs));
                // Of each place the accounts come in their order, as the sink meets them.
                pairs.found
            },
            |found| {
                for (place, account) in found {
                    let scenario = self.panel.order()[place as usize];
                    lists[scenario as usize].push(account);
                }
            },
        )?;
        let mut below = Below { starts: vec![0], accounts: Vec::new() };
        below.accounts.reserve_exact(lists.iter().map(Vec::len).sum());
        for list in lists {
            below.accounts.extend(list);
            below.starts.push(below.accounts.len());
        }
        Ok(below)
    }
}

fn totals_end(slabs: &Range<usize>, places: usize) -> usize {
    (slabs.end * SLAB * TILE).min(places) / 8
}

/// A count that was kept as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, at least 0, and below 2³²"
)]
const fn whole(value: f64) -> u64 {
    value as u64
}

/// Sums of eight scenarios.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Tally {
    sum: [f64; 8],
    short: [f64; 8],
    largest: [f64; 8],
    whose: [f64; 8],
}

impl Tally {
    /// Adds the sums of accounts that come later.
    fn add(&mut self, other: &Self) {
        for lane in 0..8 {
            self.sum[lane] += other.sum[lane];
            self.short[lane] += other.short[lane];
            self.see(lane, other.largest[lane], other.whose[lane]);
        }
    }

    fn see(&mut self, lane: usize, amount: f64, whose: f64) {
        if amount > self.largest[lane] {
            (self.largest[lane], self.whose[lane]) = (amount, whose);
        }
    }
}

/// Sums of some accounts over some scenarios.
struct Sums<'a> {
    exact: Option<&'a dyn Exact>,
    first: usize,
    tallies: Vec<Tally>,
    /// Places of the hits of a part of a tile.
    some: Vec<u32>,
    /// Accounts and places that 64 bits do not decide.
    near: Vec<(u32, usize)>,
    decided: u64,
}

impl<'a> Sums<'a> {
    fn new(exact: Option<&'a dyn Exact>, first: usize, size: usize) -> Self {
        let (tallies, some, near) = (vec![Tally::default(); size], Vec::new(), Vec::new());
        Self { exact, first, tallies, some, near, decided: 0 }
    }

    /// Adds the shortfalls that 64 bits did not decide, after all others of the block and in the accounts' order.
    fn finish(&mut self, job: &Job<'_>) {
        for (account, place) in core::mem::take(&mut self.near) {
            let account = account as usize;
            let amount = match self.exact {
                Some(exact) => exact.shortfall(account, job.panel.order()[place] as usize).max(0.0),
                None => doubled(job, account, place),
            };
            self.decided += 1;
            let tally = &mut self.tallies[place / 8 - self.first];
            tally.sum[place % 8] += amount;
            tally.short[place % 8] += if amount > 0.0 { 1.0 } else { 0.0 };
            tally.see(place % 8, amount, count(account));
        }
    }
}

/// A shortfall in twice the precision (Ogita, Rump and Oishi 2005, algorithm 5.3).
fn doubled(job: &Job<'_>, account: usize, place: usize) -> f64 {
    let Account { collateral, markets, notionals } = job.book.account(account);
    let (mut sum, mut rest) = (collateral, 0.0);
    let tile = job.panel.tile(place / TILE);
    for (market, size) in markets.iter().zip(notionals) {
        let value = tile[usize::from(*market)].0[place % TILE / 8][place % 8];
        let product = size * value;
        let lost = size.mul_add(value, -product);
        let next = sum + product;
        let back = next - sum;
        rest += (sum - (next - back)) + (product - back) + lost;
        sum = next;
    }
    (-(sum + rest)).max(0.0)
}

impl Sink for Sums<'_> {
    #[inline(always)]
    fn hits<S: Simd>(&mut self, simd: S, job: &Job<'_>, tile: usize, hits: &[Hit]) {
        simd.vectorize(
            #[inline(always)]
            || {
                for part in 0..TILE / 8 {
                    self.part(simd, job, (tile, part), hits);
                }
            },
        );
    }
}

impl Sums<'_> {
    /// Adds the shortfalls of eight scenarios; their sums stay in registers.
    #[inline(always)]
    fn part<S: Simd>(
        &mut self,
        simd: S,
        job: &Job<'_>,
        (tile, part): (usize, usize),
        hits: &[Hit],
    ) {
        let some = pick(&mut self.some, part, hits);
        let tally = &mut self.tallies[tile * TILE / 8 + part - self.first];
        let (zero, one) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 1.0));
        let mut sum = f64x8::load_array_ref(simd, &tally.sum);
        let mut short = f64x8::load_array_ref(simd, &tally.short);
        let mut largest = f64x8::load_array_ref(simd, &tally.largest);
        let mut whose = f64x8::load_array_ref(simd, &tally.whose);
        let rows = job.panel.tile(tile);
        for place in some {
            let hit = &hits[*place as usize];
            let equity = equity(simd, (rows, part), &job.book.account(hit.account as usize));
            let falls = equity.simd_lt(f64x8::splat(simd, -hit.band));
            let amount = falls.select(-equity, zero);
            sum += amount;
            short += falls.select(one, zero);
            let larger = amount.simd_gt(largest);
            largest = larger.select(amount, largest);
            whose = larger.select(f64x8::splat(simd, f64::from(hit.account)), whose);
            let near = equity.abs().simd_le(f64x8::splat(simd, hit.band));
            if near.any_true() {
                let lanes = near.to_bitmask() & hit.lanes >> (part * 8);
                let lanes = (0..8).filter(|lane| lanes >> lane & 1 == 1);
                let first = tile * TILE + part * 8;
                self.near.extend(lanes.map(|lane| (hit.account, first + lane)));
            }
        }
        sum.store_array(&mut tally.sum);
        short.store_array(&mut tally.short);
        largest.store_array(&mut tally.largest);
        whose.store_array(&mut tally.whose);
    }
}

/// Places of those of a tile's hits that have a lane in one of its parts.
#[inline(always)]
fn pick<'a>(some: &'a mut Vec<u32>, part: usize, hits: &[Hit]) -> &'a [u32] {
    if some.len() < hits.len() {
        some.resize(hits.len(), 0);
    }
    let mut number = 0;
    for (place, hit) in (0..).zip(hits) {
        // Written always and counted if it matters: which it will be is hard to foretell.
        if let Some(slot) = some.get_mut(number) {
            *slot = place;
        }
        number += usize::from(hit.lanes >> (part * 8) & 0xFF != 0);
    }
    &some[..number]
}

/// An account's equities in eight scenarios in 64 bits.
#[inline(always)]
fn equity<S: Simd>(simd: S, (rows, part): (&[Wide], usize), account: &Account<'_>) -> f64x8<S> {
    let start = f64x8::splat(simd, account.collateral);
    let add = |equity: f64x8<S>, (market, size): (&u16, &f64)| {
        let row = f64x8::load_array_ref(simd, &rows[usize::from(*market)].0[part]);
        row.mul_add_precise(f64x8::splat(simd, *size), equity)
    };
    // The commonest number by hand: its steps overlap.
    match (account.markets, account.notionals) {
        ([m1, m2, m3], [n1, n2, n3]) => add(add(add(start, (m1, n1)), (m2, n2)), (m3, n3)),
        (markets, sizes) => markets.iter().zip(sizes).fold(start, add),
    }
}

/// Accounts that are below, each with its scenario's place.
#[derive(Default)]
struct Pairs {
    some: Vec<u32>,
    found: Vec<(u32, u32)>,
}

impl Sink for Pairs {
    #[inline(always)]
    fn hits<S: Simd>(&mut self, simd: S, job: &Job<'_>, tile: usize, hits: &[Hit]) {
        simd.vectorize(
            #[inline(always)]
            || {
                let rows = job.panel.tile(tile);
                for part in 0..TILE / 8 {
                    for place in pick(&mut self.some, part, hits) {
                        let hit = &hits[*place as usize];
                        let account = job.book.account(hit.account as usize);
                        let equity = equity(simd, (rows, part), &account);
                        let below = equity.simd_le(f64x8::splat(simd, hit.band)).to_bitmask();
                        let mut lanes = below & hit.lanes >> (part * 8);
                        while lanes != 0 {
                            let place = tile * TILE + part * 8 + lanes.trailing_zeros() as usize;
                            lanes &= lanes.wrapping_sub(1);
                            let place = u32::try_from(place).unwrap_or(u32::MAX);
                            self.found.push((place, hit.account));
                        }
                    }
                }
            },
        );
    }
}
