//! Which accounts may fall short in which scenarios: a screen in 32 bits with a proven bound.
//!
//! # The bound
//!
//! An account of `k` positions has the equity `e = c + Σ nⱼrⱼ`. With `Rⱼ` the largest size of a return of the market (at
//! least 2⁻⁶⁰) let `T = |c| + Σ |nⱼ|Rⱼ`, so that `|e| ≤ T` and `|nⱼ|/T ≤ 2⁶⁰`.
//!
//! *In 32 bits* (`u = 2⁻²⁴`) the screen computes `ê` from `c/T`, `nⱼ/T` and `rⱼ`, each rounded once, by `k` fused steps. No
//! term meets more than `k + 2` roundings to 32 bits and two to 64, so (Higham, "Accuracy and Stability of
//! Numerical Algorithms", 2002, lemma 3.1 and section 3.1) `|ê − e/T| ≤ γ(k + 3)` with `γ(m) = mu / (1 − mu)`.
//! Underflow adds less than `k · 2⁻⁸⁹`, which `γ(k + 4)` covers.
//!
//! *In 64 bits* (`u = 2⁻⁵³`) the equity is computed by `k` fused steps from the caller's numbers:
//! `|ê − e| ≤ γ(k) T ≤ (k + 1) u T`. This and the caller's own [`Slack`] make up the *band* around zero in which 64
//! bits do not decide.
//!
//! The screen lets a scenario through where `ê < γ(k + 4) + 2 · band / T`. Where it does not, `e > band`: the account has equity by
//! a margin that nothing here or in the caller's inputs can take away, and its computed equity in 64 bits lies outside the
//! band too.
//!
//! # Pruning
//!
//! For a tile of scenarios the same steps run over each market's least return of the tile (for a short position the
//! largest). Rounding keeps order, so the result is never above the `ê` of any scenario of the tile: skipping the tile when it
//! passes the screen leaves out nothing that the screen would let through. For all scenarios together the bound is
//! computed in 64 bits with an allowance of its own.

#![expect(clippy::inline_always, reason = "lanes need what runs on them inlined")]

use super::{
    book::{Account, Book},
    panel::{Bounds, Edge, GROUP, Group, Narrow, Panel, SLAB, TILE, nearest},
    shortfall::{Pruning, Slack},
};
use crate::float::count;
use core::ops::Range;
use fearless_simd::{f32x16, prelude::*};
use std::sync::LazyLock;

/// Accounts that are scaled at once: so many that a group of tiles pays for its way into the nearest cache.
const CHUNK: usize = 1024;
/// Least `T`: below there are only zeros and dust.
const SCALE_LEAST: f64 = 1e-200;

/// What is screened.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) book: &'a Book,
    pub(super) panel: &'a Panel,
    pub(super) slack: Slack,
    pub(super) pruning: Pruning,
}

/// An account that may fall short somewhere in a tile.
#[derive(Clone, Copy, Default)]
pub(super) struct Hit {
    /// In which lanes.
    pub(super) lanes: u64,
    /// Within how much of zero 64 bits do not decide.
    pub(super) band: f64,
    pub(super) account: u32,
}

/// What is done with the hits of a tile, given in the accounts' order.
pub(super) trait Sink {
    fn hits<S: Simd>(&mut self, simd: S, job: &Job<'_>, tile: usize, hits: &[Hit]);
}

/// What a screen did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Accounts that could not be pruned whole.
    pub(super) kept: u64,
    /// Tiles that were looked at.
    pub(super) tiles: u64,
}

/// Positions that an account carries with it; those of one with more lie beside.
const FEW: usize = 4;

/// An account scaled by its `T`.
#[derive(Clone, Copy)]
struct Ready {
    band: f64,
    account: u32,
    held: f32,
    limit: f32,
    count: usize,
    /// Where its sizes begin among those that lie beside.
    from: u32,
    sizes: [f32; FEW],
    markets: [u16; FEW],
}

/// Scaled accounts.
#[derive(Default)]
pub(super) struct Chunk {
    /// Accounts that can't be left out, with their `T`.
    kept: Vec<(u32, f64)>,
    ready: Vec<Ready>,
    /// Scaled positions of accounts with more than a few, one after the other.
    sizes: Vec<f32>,
    /// Which of the accounts meet which tile of a slab.
    lists: [Vec<u32>; SLAB],
    /// Hits of a tile, or of each tile of a group.
    hits: [Vec<Hit>; GROUP],
}

/// [`gamma`] of few positions: a division less for each account.
static GAMMA: LazyLock<[f64; FEW + 1]> = LazyLock::new(|| core::array::from_fn(gamma));

/// `γ(k + 4)` of 32 bits; infinite where it is not below a half.
pub(super) fn gamma(positions: usize) -> f64 {
    let part = count(positions + 4) * f64::from(f32::EPSILON) / 2.0;
    if part < 0.25 { part / (1.0 - part) } else { f64::INFINITY }
}

/// The account's `T`, which no equity exceeds, and a bound below all its equities, exact but for rounding.
#[inline(always)]
pub(super) fn reach(bounds: &[Bounds], account: &Account<'_>) -> (f64, f64) {
    let start = (account.collateral.abs(), account.collateral);
    let add = |(whole, least): (f64, f64), (market, size): (&u16, &f64)| {
        let bounds = &bounds[usize::from(*market)];
        let worst = bounds.worst[usize::from(*size < 0.0)];
        (whole + size.abs() * bounds.most, least + size * worst)
    };
    // The commonest number by hand: its steps overlap.
    let (whole, least) = match (account.markets, account.notionals) {
        ([m1, m2, m3], [n1, n2, n3]) => add(add(add(start, (m1, n1)), (m2, n2)), (m3, n3)),
        (markets, sizes) => markets.iter().zip(sizes).fold(start, add),
    };
    (whole.max(SCALE_LEAST), least)
}

/// The next 32-bit number above.
pub(super) fn above(value: f64) -> f32 {
    nearest(value).next_up()
}

impl Chunk {
    /// Scales some accounts; leaves out those that have equity in every scenario, if asked to.
    #[inline(always)]
    fn fill(&mut self, job: &Job<'_>, accounts: Range<usize>) {
        let (bounds, unit) = (job.panel.bounds(), f64::EPSILON / 2.0);
        self.kept.clear();
        self.kept.resize(accounts.len(), (0, 0.0));
        let mut number = 0;
        let all = job.pruning == Pruning::None;
        for (place, (_, account)) in (0..).zip(job.book.accounts(accounts.clone())) {
            let (whole, least) = reach(bounds, &account);
            // Twice the band, two roundings for each position of the bound, one for each of the sum of sizes.
            let positions = count(account.markets.len());
            let part = (5.0 * positions + 8.0) * unit + 2.0 * job.slack.relative;
            let close = all || least <= part * whole + 2.0 * job.slack.absolute;
            // What holds nothing moves with nothing: whether it has equity needs no scenario.
            let idle = account.markets.is_empty() && account.collateral >= job.slack.absolute;
            let keep = close && !idle;
            // Written always and counted if kept: which it will be is hard to foretell.
            if let Some(slot) = self.kept.get_mut(number) {
                *slot = (place, whole);
            }
            number += usize::from(keep);
        }
        self.kept.truncate(number);
        self.ready.clear();
        self.sizes.clear();
        for at in 0..number {
            let (place, whole) = self.kept[at];
            self.scale(job, accounts.start + place as usize, whole);
        }
    }

    #[inline(always)]
    fn scale(&mut self, job: &Job<'_>, at: usize, whole: f64) {
        let account = job.book.account(at);
        let number = account.markets.len();
        let gamma = GAMMA.get(number).copied().unwrap_or_else(|| gamma(number));
        let share = count(number + 2) * (f64::EPSILON / 2.0) + job.slack.relative;
        let band = share * whole + job.slack.absolute;
        let over = 1.0 / whole;
        let mut ready = Ready {
            band,
            account: u32::try_from(at).unwrap_or(u32::MAX),
            held: nearest(account.collateral * over),
            limit: above(gamma + 2.0 * band * over),
            count: number,
            from: u32::try_from(self.sizes.len()).unwrap_or(u32::MAX),
            sizes: [0.0; FEW],
            markets: [0; FEW],
        };
        if number <= FEW {
            let places = ready.sizes.iter_mut().zip(&mut ready.markets);
            for (to, (size, market)) in places.zip(account.notionals.iter().zip(account.markets)) {
                (*to.0, *to.1) = (nearest(size * over), *market);
            }
        } else {
            self.sizes.extend(account.notionals.iter().map(|size| nearest(size * over)));
        }
        self.ready.push(ready);
    }
}

/// Screens accounts against all scenarios of some slabs and hands on the hits: for each scenario in the accounts' order.
#[inline(always)]
pub(super) fn screen<S: Simd>(
    simd: S,
    job: &Job<'_>,
    (accounts, slabs): (Range<usize>, Range<usize>),
    sink: &mut impl Sink,
) -> Work {
    let (mut work, mut chunk) = (Work::default(), Chunk::default());
    let end = accounts.end;
    for from in accounts.step_by(CHUNK) {
        simd.vectorize(
            #[inline(always)]
            || chunk.fill(job, from..end.min(from + CHUNK)),
        );
        work.kept += chunk.ready.len() as u64;
        for slab in slabs.clone() {
            if job.pruning == Pruning::None {
                work.tiles += meet_all(simd, job, (&mut chunk, slab), sink);
            } else {
                work.tiles += meet_some(simd, job, (&mut chunk, slab), sink);
            }
        }
    }
    work
}

/// Lets every account meet every tile of a slab, a group of tiles after the other.
#[inline(always)]
fn meet_all<S: Simd>(
    simd: S,
    job: &Job<'_>,
    (chunk, slab): (&mut Chunk, usize),
    sink: &mut impl Sink,
) -> u64 {
    let tiles = job.panel.tiles();
    let first = slab * SLAB / GROUP;
    let last = tiles.div_ceil(GROUP).min(first + SLAB / GROUP);
    let mut hits = core::mem::take(&mut chunk.hits);
    for group in first..last {
        let rows = job.panel.group(group);
        hits.iter_mut().for_each(Vec::clear);
        for ready in &chunk.ready {
            let look = Look { ready, group: rows };
            match ready.count {
                1 => look.few::<S, 1>(simd, &mut hits),
                2 => look.few::<S, 2>(simd, &mut hits),
                3 => look.few::<S, 3>(simd, &mut hits),
                4 => look.few::<S, 4>(simd, &mut hits),
                _ => {
                    let sizes = ready.beside(&chunk.sizes);
                    for (tile, hits) in hits.iter_mut().enumerate() {
                        let equity = look.many(simd, job, (sizes, tile));
                        look.keep(equity, f32x16::splat(simd, ready.limit), hits);
                    }
                }
            }
        }
        for (tile, hits) in (group * GROUP..tiles).zip(&mut hits) {
            hand_on(simd, job, (tile, hits), sink);
        }
    }
    chunk.hits = hits;
    let slab_tiles = (tiles - slab * SLAB).min(SLAB);
    (chunk.ready.len() * slab_tiles) as u64
}

/// Hands a tile's hits on.
#[inline(always)]
fn hand_on<S: Simd>(
    simd: S,
    job: &Job<'_>,
    (tile, hits): (usize, &mut [Hit]),
    sink: &mut impl Sink,
) {
    let valid = job.panel.valid(tile);
    if valid != u64::MAX {
        for hit in hits.iter_mut() {
            hit.lanes &= valid;
        }
    }
    if !hits.is_empty() {
        sink.hits(simd, job, tile, hits);
    }
}

/// Lets each account meet the tiles of a slab in which it may fall short, one tile after the other.
#[inline(always)]
fn meet_some<S: Simd>(
    simd: S,
    job: &Job<'_>,
    (chunk, slab): (&mut Chunk, usize),
    sink: &mut impl Sink,
) -> u64 {
    let left = (job.panel.tiles() - slab * SLAB).min(SLAB);
    let looks = chunk.list(simd, job, (slab, (1 << left) - 1));
    let mut hits = core::mem::take(&mut chunk.hits[0]);
    for (list, tile) in chunk.lists.iter().zip(slab * SLAB..).take(left) {
        if hits.len() < list.len() {
            hits.resize(list.len(), Hit::default());
        }
        let mut number = 0;
        let (group, tile_of) = (job.panel.group(tile / GROUP), tile % GROUP);
        for at in list {
            let ready = &chunk.ready[*at as usize];
            let look = Look { ready, group };
            let equity = match ready.count {
                1 => look.one::<S, 1>(simd, tile_of),
                2 => look.one::<S, 2>(simd, tile_of),
                3 => look.one::<S, 3>(simd, tile_of),
                4 => look.one::<S, 4>(simd, tile_of),
                _ => look.many(simd, job, (ready.beside(&chunk.sizes), tile_of)),
            };
            let lanes = below(equity, f32x16::splat(simd, ready.limit));
            // Written always and counted if there is one: which it will be is hard to foretell.
            if let Some(slot) = hits.get_mut(number) {
                *slot = Hit { lanes, band: ready.band, account: ready.account };
            }
            number += usize::from(lanes != 0);
        }
        hand_on(simd, job, (tile, &mut hits[..number]), sink);
    }
    chunk.hits[0] = hits;
    looks
}

impl Chunk {
    /// Lists for each tile of a slab the accounts that may fall short in it; how many in all.
    #[inline(always)]
    fn list<S: Simd>(&mut self, simd: S, job: &Job<'_>, (slab, all): (usize, u64)) -> u64 {
        let edges = job.panel.edges(slab);
        self.lists.iter_mut().for_each(Vec::clear);
        let mut looks = 0;
        for (at, ready) in (0..).zip(&self.ready) {
            let sizes = ready.beside(&self.sizes);
            let mut tiles = ready.tiles(simd, job, (edges, sizes)) & all;
            looks += u64::from(tiles.count_ones());
            while tiles != 0 {
                self.lists[tiles.trailing_zeros() as usize % SLAB].push(at);
                tiles &= tiles.wrapping_sub(1);
            }
        }
        looks
    }
}

impl Ready {
    /// Its sizes among those that lie beside.
    #[inline(always)]
    fn beside<'a>(&self, sizes: &'a [f32]) -> &'a [f32] {
        let from = self.from as usize;
        &sizes[from..from + if self.count > FEW { self.count } else { 0 }]
    }

    /// Which tiles of a slab may hold a hit.
    #[inline(always)]
    fn tiles<S: Simd>(
        &self,
        simd: S,
        job: &Job<'_>,
        (edges, sizes): (&[[Edge; 2]], &[f32]),
    ) -> u64 {
        let mut equity = f32x16::splat(simd, self.held);
        let (sizes, markets) = if self.count <= FEW {
            (&self.sizes[..self.count], &self.markets[..self.count])
        } else {
            (sizes, job.book.account(self.account as usize).markets)
        };
        for (size, market) in sizes.iter().zip(markets) {
            let edge = &edges[usize::from(*market)][usize::from(*size < 0.0)];
            let edge = f32x16::load_array_ref(simd, &edge.0);
            equity = edge.mul_add_precise(f32x16::splat(simd, *size), equity);
        }
        equity.simd_lt(f32x16::splat(simd, self.limit)).to_bitmask()
    }
}

/// One account before a group of tiles.
struct Look<'a> {
    ready: &'a Ready,
    /// The group's returns, market by market.
    group: &'a [Group],
}

impl Look<'_> {
    /// An account with few positions before all tiles: sizes stay in registers.
    #[inline(always)]
    fn few<S: Simd, const K: usize>(&self, simd: S, hits: &mut [Vec<Hit>; GROUP]) {
        let (Some(sizes), Some(rows)) = (self.sizes::<S, K>(simd), self.rows::<K>()) else {
            return;
        };
        let held = f32x16::splat(simd, self.ready.held);
        let limit = f32x16::splat(simd, self.ready.limit);
        for tile in 0..GROUP {
            let equity = equities(simd, held, &sizes, &rows.map(|row| &row[tile]));
            self.keep(equity, limit, &mut hits[tile]);
        }
    }

    /// The same before one tile.
    #[inline(always)]
    fn one<S: Simd, const K: usize>(&self, simd: S, tile: usize) -> [f32x16<S>; 4] {
        let held = f32x16::splat(simd, self.ready.held);
        let (Some(sizes), Some(rows)) = (self.sizes::<S, K>(simd), self.rows::<K>()) else {
            return [held; 4];
        };
        equities(simd, held, &sizes, &rows.map(|row| &row[tile % GROUP]))
    }

    #[inline(always)]
    fn sizes<S: Simd, const K: usize>(&self, simd: S) -> Option<[f32x16<S>; K]> {
        Some(self.ready.sizes.first_chunk::<K>()?.map(|size| f32x16::splat(simd, size)))
    }

    #[inline(always)]
    fn rows<const K: usize>(&self) -> Option<[&[Narrow; GROUP]; K]> {
        let markets = self.ready.markets.first_chunk::<K>()?;
        Some(markets.map(|market| &self.group[usize::from(market)].0))
    }

    /// An account with any number of positions before one tile.
    #[inline(always)]
    fn many<S: Simd>(
        &self,
        simd: S,
        job: &Job<'_>,
        (sizes, tile): (&[f32], usize),
    ) -> [f32x16<S>; 4] {
        let mut equity = [f32x16::splat(simd, self.ready.held); 4];
        let markets = job.book.account(self.ready.account as usize).markets;
        for (size, market) in sizes.iter().zip(markets) {
            let row = &self.group[usize::from(*market)].0[tile % GROUP];
            let size = f32x16::splat(simd, *size);
            for (equity, row) in equity.iter_mut().zip(row) {
                *equity = f32x16::load_array_ref(simd, row).mul_add_precise(size, *equity);
            }
        }
        equity
    }

    /// Keeps a tile if any of its scenarios passes below the limit.
    #[inline(always)]
    fn keep<S: Simd>(&self, equity: [f32x16<S>; 4], limit: f32x16<S>, hits: &mut Vec<Hit>) {
        let [a, b, c, d] = equity;
        let least = a.min(b).min(c.min(d));
        if least.simd_lt(limit).any_true() {
            record(hits, self.ready, below(equity, limit));
        }
    }
}

/// Kept out of line: hits are few, and the loops around have no register to spare.
#[cold]
#[inline(never)]
fn record(hits: &mut Vec<Hit>, ready: &Ready, lanes: u64) {
    hits.push(Hit { lanes, band: ready.band, account: ready.account });
}

/// Equities of a tile's scenarios.
#[inline(always)]
pub(super) fn equities<S: Simd, const K: usize>(
    simd: S,
    held: f32x16<S>,
    sizes: &[f32x16<S>; K],
    rows: &[&Narrow; K],
) -> [f32x16<S>; 4] {
    let mut equity = [held; 4];
    for (part, equity) in equity.iter_mut().enumerate() {
        for (size, row) in sizes.iter().zip(rows) {
            *equity = f32x16::load_array_ref(simd, &row[part]).mul_add_precise(*size, *equity);
        }
    }
    equity
}

/// Which of a tile's lanes lie below a limit.
#[inline(always)]
pub(super) fn below<S: Simd>(values: [f32x16<S>; 4], limit: f32x16<S>) -> u64 {
    let mut bits = 0;
    for (part, value) in values.into_iter().enumerate() {
        bits |= value.simd_lt(limit).to_bitmask() << (part * 16);
    }
    bits
}

/// Accounts of one block of work: its sums are added to the others' in order.
pub(super) const BLOCK: usize = 8192;

/// Blocks of accounts.
pub(super) fn blocks(accounts: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    (0..accounts).step_by(BLOCK).map(move |from| from..accounts.min(from + BLOCK))
}

const _: () = assert!(TILE == 64 && SLAB.is_multiple_of(GROUP));

#[cfg(test)]
mod tests;
