//! Historical value at risk of very many portfolios at once.
//!
//! Each account of a [`Book`] is a portfolio, each scenario of a [`Panel`] a day. A first pass in 32 bits finds, for
//! 16 to 64 groups of days, the worst day of each; the `k`-th smallest of those bounds the `k`-th smallest of all from above. Days
//! whose 32-bit profit is not above that bound by more than both roundings (the screen's `γ`, twice) are computed again in 64 bits:
//! the `k` worst are among them. Where the bound holds too many days, all are computed.
//!
//! **Rounding** profits are sums of `k` fused products in 64 bits; the order statistic and the mean of what lies
//! beyond it are those of [`of_sample`](crate::models::tail::of_sample), to the bit.

#![expect(
    clippy::inline_always,
    reason = "what runs on lanes must be inlined where they are enabled"
)]

use super::{
    book::{Account, Book},
    error::KernelError,
    lanes::Run,
    panel::{GROUP, Panel, TILE, nearest},
    screen::{above, below, blocks, equities, gamma, reach},
};
use crate::models::{
    ModelError,
    tail::{Beyond, Risk},
};
use core::ops::Range;
use fearless_simd::{dispatch, f32x16, f64x8, mask32x16, prelude::*};

/// Risk of each portfolio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risks {
    /// Value at risk, in the book's unit; collateral is not counted.
    pub value_at_risk: Vec<f64>,
    /// Expected shortfall.
    pub expected_shortfall: Vec<f64>,
}

/// Why portfolios can't be measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PortfolioError {
    /// Of the kernel.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Of the quantile.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What is asked of each portfolio.
#[derive(Clone, Copy)]
struct Job<'a> {
    book: &'a Book,
    panel: &'a Panel,
    beyond: Beyond,
}

/// Value at risk and expected shortfall of each account's positions over the scenarios, taken as days of history.
///
/// # Errors
/// [`KernelError::Length`] for a book with markets that the scenarios lack, [`ModelError::Range`] for a level outside 0 to 1,
/// [`KernelError::Stopped`].
pub fn historical(
    book: &Book,
    panel: &Panel,
    level: f64,
    run: &Run<'_>,
) -> Result<Risks, PortfolioError> {
    if book.reach() > panel.markets() {
        let (got, want) = (panel.markets(), book.reach());
        return Err(KernelError::Length { what: "markets of the scenarios", got, want }.into());
    }
    let job = Job { book, panel, beyond: Beyond::new(panel.scenarios(), level)? };
    let lanes = run.lanes.level();
    let mut risks = Risks::default();
    risks.value_at_risk.reserve_exact(book.len());
    risks.expected_shortfall.reserve_exact(book.len());
    let pieces: Vec<Range<usize>> = blocks(book.len()).collect();
    run.in_order(
        &pieces,
        |piece| dispatch!(lanes, simd => job.piece(simd, piece.clone())),
        |piece| {
            for risk in piece {
                risks.value_at_risk.push(risk.value_at_risk);
                risks.expected_shortfall.push(risk.expected_shortfall);
            }
        },
    )?;
    Ok(risks)
}

/// Portfolios whose worst days are sorted together.
const BATCH: usize = 8;
/// Days of a portfolio that are sorted together with others'; one with more is sorted alone.
const SORTED: usize = 32;

/// Space that every portfolio of a piece uses again.
struct Space {
    sizes: Vec<f32>,
    /// For each tile the least of its four parts, lane by lane.
    least: Vec<[f32; 16]>,
    losses: Vec<f64>,
}

impl Job<'_> {
    #[inline(always)]
    fn piece<S: Simd>(&self, simd: S, piece: Range<usize>) -> Vec<Risk> {
        let least = vec![[0.0; 16]; self.panel.tiles()];
        let mut space = Space { sizes: Vec::new(), least, losses: Vec::new() };
        let mut risks = Vec::with_capacity(piece.len());
        for from in piece.clone().step_by(BATCH) {
            let batch = from..piece.end.min(from + BATCH);
            simd.vectorize(
                #[inline(always)]
                || self.batch(simd, batch, (&mut space, &mut risks)),
            );
        }
        risks
    }

    /// Some portfolios: each its own column of worst days, all columns sorted at once.
    #[inline(always)]
    fn batch<S: Simd>(
        &self,
        simd: S,
        batch: Range<usize>,
        (space, risks): (&mut Space, &mut Vec<Risk>),
    ) {
        let mut columns = [[f64::NEG_INFINITY; BATCH]; SORTED];
        let mut alone = [None; BATCH];
        for ((_, account), column) in self.book.accounts(batch.clone()).zip(0..BATCH) {
            self.candidates(simd, &account, space);
            if space.losses.len() > SORTED || self.beyond.number > SORTED {
                alone[column] = Some(self.beyond.largest(&mut space.losses));
            } else {
                for (row, loss) in columns.iter_mut().zip(&space.losses) {
                    row[column] = *loss;
                }
            }
        }
        sort(simd, &mut columns);
        let first = SORTED.saturating_sub(self.beyond.number);
        for (column, alone) in alone.into_iter().enumerate().take(batch.len()) {
            let mut rising = [0.0; SORTED];
            let rows = columns[first..].iter();
            rising.iter_mut().zip(rows).for_each(|(to, row)| *to = row[column]);
            let risk = alone.unwrap_or_else(|| self.beyond.rising(&rising[..SORTED - first]));
            risks.push(risk);
        }
    }

    /// Puts down the losses of the days that may be among the worst, or of all days.
    #[inline(always)]
    fn candidates<S: Simd>(&self, simd: S, account: &Account<'_>, space: &mut Space) {
        let held = Account { collateral: 0.0, ..*account };
        let (whole, _) = reach(self.panel.bounds(), &held);
        let over = 1.0 / whole;
        space.sizes.clear();
        space.sizes.extend(account.notionals.iter().map(|size| nearest(size * over)));
        space.losses.clear();
        match account.markets.len() {
            1 => self.screen::<S, 1>(simd, account, space),
            2 => self.screen::<S, 2>(simd, account, space),
            3 => self.screen::<S, 3>(simd, account, space),
            4 => self.screen::<S, 4>(simd, account, space),
            _ => {}
        }
        if space.losses.len() < self.beyond.number {
            space.losses.clear();
            let all = 0..self.panel.scenarios();
            space.losses.extend(all.map(|place| self.loss(account, place)));
        }
    }

    /// A loss in 64 bits.
    #[inline(always)]
    fn loss(&self, account: &Account<'_>, place: usize) -> f64 {
        let rows = self.panel.tile(place / TILE);
        let one = |sum: f64, (market, size): (&u16, &f64)| {
            size.mul_add(rows[usize::from(*market)].0[place % TILE / 8][place % 8], sum)
        };
        0.0 - account.markets.iter().zip(account.notionals).fold(0.0, one)
    }

    /// Puts down the losses of the days that may be among the worst.
    #[inline(always)]
    fn screen<S: Simd, const K: usize>(&self, simd: S, account: &Account<'_>, space: &mut Space) {
        let (Some(sizes), Some(markets)) =
            (space.sizes.first_chunk::<K>(), account.markets.first_chunk::<K>())
        else {
            return;
        };
        let sizes = sizes.map(
            #[inline(always)]
            |size| f32x16::splat(simd, size),
        );
        let worst = self.worst(simd, (&sizes, markets), &mut space.least);
        let Some(bound) = bound(simd, worst, self.beyond.number) else { return };
        let limits = f32x16::splat(simd, above(bound + 2.0 * gamma(K)));
        let Some(notionals) = account.notionals.first_chunk::<K>() else { return };
        let zero = f32x16::splat(simd, 0.0);
        for (tile, least) in space.least.iter().enumerate() {
            if !f32x16::load_array_ref(simd, least).simd_lt(limits).any_true() {
                continue;
            }
            let rows = self.panel.group(tile / GROUP);
            let rows = markets.map(|market| &rows[usize::from(market)].0[tile % GROUP]);
            let days = below(equities(simd, zero, &sizes, &rows), limits);
            let mut days = days & self.panel.valid(tile);
            let wide = self.panel.tile(tile);
            let wide = markets.map(|market| &wide[usize::from(market)].0);
            while days != 0 {
                let day = days.trailing_zeros() as usize % TILE;
                days &= days.wrapping_sub(1);
                let mut profit = 0.0;
                for (size, row) in notionals.iter().zip(wide) {
                    profit = size.mul_add(row[day / 8][day % 8], profit);
                }
                space.losses.push(0.0 - profit);
            }
        }
    }

    /// The least profit of each lane over all tiles, parts together: sixteen groups of days for each of four kinds of tile.
    /// Puts down the same for each tile.
    #[inline(always)]
    fn worst<S: Simd, const K: usize>(
        &self,
        simd: S,
        (sizes, markets): (&[f32x16<S>; K], &[u16; K]),
        least: &mut [[f32; 16]],
    ) -> [f32x16<S>; GROUP] {
        let zero = f32x16::splat(simd, 0.0);
        let mut worst = [f32x16::splat(simd, f32::INFINITY); GROUP];
        for (group, least) in least.chunks_mut(GROUP).enumerate() {
            let rows = self.panel.group(group);
            let rows = markets.map(|market| &rows[usize::from(market)].0);
            for (tile, worst) in worst.iter_mut().enumerate() {
                let Some(least) = least.get_mut(tile) else { break };
                let profits = equities(simd, zero, sizes, &rows.map(|row| &row[tile]));
                let valid = self.panel.valid(group * GROUP + tile);
                let [a, b, c, d] =
                    if valid == u64::MAX { profits } else { only(simd, profits, valid) };
                let lanes = a.min(b).min(c.min(d));
                *worst = worst.min(lanes);
                lanes.store_array(least);
            }
        }
        worst
    }
}

/// Puts what is no day beyond all profits.
#[inline(always)]
fn only<S: Simd>(simd: S, mut profits: [f32x16<S>; 4], valid: u64) -> [f32x16<S>; 4] {
    for (part, profit) in profits.iter_mut().enumerate() {
        let days = mask32x16::from_bitmask(simd, valid >> (16 * part) & 0xFFFF);
        *profit = days.select(*profit, f32x16::splat(simd, f32::INFINITY));
    }
    profits
}

/// Comparisons of Batcher's odd-even merge sort (1968) of [`SORTED`] numbers.
const NETWORK: [(u8, u8); 191] = network();

#[expect(clippy::cast_possible_truncation, reason = "places are below 32")]
const fn network() -> [(u8, u8); 191] {
    let (mut pairs, mut number, mut p) = ([(0, 0); 191], 0, 1);
    while p < SORTED {
        let mut k = p;
        while k > 0 {
            let mut j = k % p;
            while j + k < SORTED {
                let mut i = 0;
                while i < k && i + j + k < SORTED {
                    if (i + j) / (2 * p) == (i + j + k) / (2 * p) {
                        pairs[number] = ((i + j) as u8, (i + j + k) as u8);
                        number += 1;
                    }
                    i += 1;
                }
                j += 2 * k;
            }
            k /= 2;
        }
        p *= 2;
    }
    assert!(number == 191);
    pairs
}

/// Puts each column in rising order.
#[inline(always)]
fn sort<S: Simd>(simd: S, columns: &mut [[f64; BATCH]; SORTED]) {
    for (low, high) in NETWORK {
        let (low, high) = (usize::from(low) % SORTED, usize::from(high) % SORTED);
        let a = f64x8::load_array_ref(simd, &columns[low]);
        let b = f64x8::load_array_ref(simd, &columns[high]);
        a.min(b).store_array(&mut columns[low]);
        a.max(b).store_array(&mut columns[high]);
    }
}

/// A number that at least so many of the values do not exceed, if these are the least of groups: the `needed`-th smallest of them
/// or a little more. None if there are too few groups for that.
#[inline(always)]
fn bound<S: Simd>(simd: S, worst: [f32x16<S>; GROUP], needed: usize) -> Option<f64> {
    let [a, b, c, d] = worst;
    let (ab, cd) = (a.min(b), c.min(d));
    // Fewer groups are quicker to rank, more give a tighter bound.
    if needed <= 12 {
        ranked(simd, &[ab.min(cd)], needed)
    } else if needed <= 24 {
        ranked(simd, &[ab, cd], needed)
    } else if needed <= 52 {
        ranked(simd, &worst, needed)
    } else {
        None
    }
}

/// The least of the values that so many do not exceed.
#[inline(always)]
fn ranked<S: Simd>(simd: S, values: &[f32x16<S>], needed: usize) -> Option<f64> {
    let mut least = f32::INFINITY;
    for value in values.iter().flat_map(|vector| vector.to_array()) {
        let splat = f32x16::splat(simd, value);
        let mut number = 0;
        for vector in values {
            number += vector.simd_le(splat).to_bitmask().count_ones();
        }
        if number as usize >= needed && value < least {
            least = value;
        }
    }
    least.is_finite().then(|| f64::from(least))
}
