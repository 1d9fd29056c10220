//! Simulated returns of many assets: multivariate Student t, or normal.
//!
//! ```text
//!   r = μ + s·Lz      z independent standard normals, L the dispersion's root (lower triangular)
//!   s = √(ν/χ²)       one for each path, so that all assets fall together; 1 for a normal
//! ```
//!
//! The covariance is `LLᵀ·ν/(ν − 2)`. χ² is twice a gamma variate by rejection (Marsaglia and Tsang 2000). Each
//! path is a function of the seed and its number alone ([`Key`]): paths may be drawn in any order, by any number of
//! threads, and a longer run begins with the shorter one.

#![expect(
    clippy::inline_always,
    reason = "what runs on lanes must be inlined where they are enabled"
)]

use super::{
    error::{KernelError, finite},
    lanes::{Lanes, Run},
    normals::{ln, pair, uniform},
    panel::{TILE, Wide},
    philox::Key,
};
use crate::stats::linear::Matrix;
use core::ops::Range;
use fearless_simd::{dispatch, f64x8, prelude::*, u64x8};

/// Paths of one piece of work.
const PIECE: usize = 4096;
/// Tries of a gamma variate; of each, nineteen in twenty succeed.
const TRIES: u32 = 200;
/// What a counter's last word says the block is for.
const FOR_NORMALS: u32 = 0;
const FOR_TRIES: u32 = 1;
const FOR_CHANCES: u32 = 2;
/// Degrees of freedom that are simulated: below two there is no variance.
const NU: core::ops::RangeInclusive<f64> = 2.0..=1e6;

/// A distribution of returns to draw from.
#[derive(Clone, Debug, PartialEq)]
pub struct StudentT {
    means: Vec<f64>,
    /// The root's rows, each up to its diagonal.
    root: Vec<f64>,
    nu: Option<f64>,
    key: Key,
}

impl StudentT {
    /// Returns with these means and this dispersion's lower-triangular root (see
    /// [`cholesky`](crate::stats::linear::cholesky)); `nu` degrees of freedom, or none for normal returns.
    ///
    /// # Errors
    /// [`KernelError::Nothing`], [`KernelError::Length`] for a root of another size, [`KernelError::Range`] for what is no number
    /// and for degrees of freedom below 2 (there is no variance) or above a million (take a normal).
    pub fn new(
        means: &[f64],
        root: &Matrix,
        nu: Option<f64>,
        seed: u64,
    ) -> Result<Self, KernelError> {
        let assets = means.len();
        if assets == 0 {
            return Err(KernelError::Nothing("asset"));
        }
        for got in [root.rows(), root.columns()] {
            if got != assets {
                let what = "rows and columns of the dispersion's root";
                return Err(KernelError::Length { what, got, want: assets });
            }
        }
        finite("mean", means)?;
        let packed: Vec<f64> =
            (0..assets).flat_map(|row| root.row(row)[..=row].iter().copied()).collect();
        finite("cell of the root", &packed)?;
        if let Some(got) = nu.filter(|nu| !NU.contains(nu)) {
            let range = "between 2 and 1e6; give none for normal returns";
            return Err(KernelError::Range { what: "degrees of freedom", at: 0, got, range });
        }
        Ok(Self { means: means.to_vec(), root: packed, nu, key: Key::new(seed) })
    }

    /// How many assets.
    pub fn assets(&self) -> usize {
        self.means.len()
    }

    /// Losses of a portfolio on each path, from the path's full returns: `−Σ weight · return`, in the unit of the weights.
    ///
    /// # Errors
    /// [`KernelError::Length`] for other than one weight for each asset, [`KernelError::Range`] for one that is no number,
    /// [`KernelError::Stopped`].
    pub fn losses(
        &self,
        weights: &[f64],
        paths: usize,
        run: &Run<'_>,
    ) -> Result<Vec<f64>, KernelError> {
        if weights.len() != self.assets() {
            let (got, want) = (weights.len(), self.assets());
            return Err(KernelError::Length { what: "weights", got, want });
        }
        finite("weight", weights)?;
        let level = run.lanes.level();
        let mut all = Vec::with_capacity(paths);
        run.in_order(
            &pieces(paths),
            |piece| dispatch!(level, simd => self.piece_of_losses(simd, weights, piece.clone())),
            |losses| all.extend_from_slice(&losses),
        )?;
        Ok(all)
    }

    /// Returns of every asset on some paths, all of them of the first asset, then of the next, on the caller's thread:
    /// for callers that spread their own work.
    pub fn rows(&self, paths: Range<usize>, lanes: Lanes) -> Vec<f64> {
        let (number, mut tile) = (paths.len(), Tile::new(self.assets()));
        let mut all = vec![0.0; self.assets() * number];
        for first in (paths.start / TILE * TILE..paths.end).step_by(TILE) {
            let block = tile.draw(self, first, lanes);
            let (from, until) = (first.max(paths.start), paths.end.min(first + TILE));
            for (asset, row) in all.chunks_exact_mut(number.max(1)).enumerate() {
                let to = &mut row[from - paths.start..until - paths.start];
                to.copy_from_slice(&block[asset].0.as_flattened()[from - first..until - first]);
            }
        }
        all
    }

    #[inline(always)]
    fn piece_of_losses<S: Simd>(&self, simd: S, weights: &[f64], piece: Range<usize>) -> Vec<f64> {
        let mut draft = Draft::new(self.assets());
        let mut losses = Vec::with_capacity(piece.len() + TILE);
        for first in piece.clone().step_by(TILE) {
            draft.draw(simd, self, first);
            let mut loss = [f64x8::splat(simd, 0.0); 8];
            self.multiply(
                simd,
                &draft,
                #[inline(always)]
                |asset, values| {
                    let weight = f64x8::splat(simd, -weights[asset]);
                    for (loss, value) in loss.iter_mut().zip(values) {
                        *loss = value.mul_add_precise(weight, *loss);
                    }
                },
            );
            for loss in loss {
                losses.extend_from_slice(&loss.to_array());
            }
        }
        losses.truncate(piece.len());
        losses
    }

    /// Returns of a draft's paths, asset by asset.
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, draft: &Draft, mut see: impl FnMut(usize, [f64x8<S>; 8])) {
        let scale = draft.scale.0.map(
            #[inline(always)]
            |scale| f64x8::load_array(simd, scale),
        );
        let mut rest = self.root.as_slice();
        for (asset, mean) in self.means.iter().enumerate() {
            let (row, after) = rest.split_at(asset + 1);
            rest = after;
            let mut sum = [f64x8::splat(simd, 0.0); 8];
            for (cell, normals) in row.iter().zip(&draft.normals) {
                let cell = f64x8::splat(simd, *cell);
                for (sum, normals) in sum.iter_mut().zip(&normals.0) {
                    *sum = f64x8::load_array_ref(simd, normals).mul_add_precise(cell, *sum);
                }
            }
            let mean = f64x8::splat(simd, *mean);
            for (sum, scale) in sum.iter_mut().zip(scale) {
                *sum = sum.mul_add_precise(scale, mean);
            }
            see(asset, sum);
        }
    }
}

/// Pieces of work.
fn pieces(paths: usize) -> Vec<Range<usize>> {
    (0..paths).step_by(PIECE).map(|from| from..paths.min(from + PIECE)).collect()
}

/// Returns of a tile of paths; its memory is used again.
struct Tile {
    draft: Draft,
    returns: Vec<Wide>,
}

impl Tile {
    fn new(assets: usize) -> Self {
        Self { draft: Draft::new(assets), returns: vec![Wide([[0.0; 8]; 8]); assets] }
    }

    fn draw(&mut self, model: &StudentT, first: usize, lanes: Lanes) -> &[Wide] {
        let Self { draft, returns } = self;
        dispatch!(lanes.level(), simd => {
            draft.draw(simd, model, first);
            model.multiply(simd, draft, #[inline(always)] |asset, values| {
                for (to, value) in returns[asset].0.iter_mut().zip(values) {
                    value.store_array(to);
                }
            });
        });
        returns
    }
}

/// What is drawn for a tile of paths.
struct Draft {
    /// For each asset; one more if they are odd.
    normals: Vec<Wide>,
    scale: Wide,
}

impl Draft {
    fn new(assets: usize) -> Self {
        let normals = vec![Wide([[0.0; 8]; 8]); assets.next_multiple_of(2)];
        Self { normals, scale: Wide([[1.0; 8]; 8]) }
    }

    /// Draws a tile's normals and scales.
    #[inline(always)]
    fn draw<S: Simd>(&mut self, simd: S, model: &StudentT, first: usize) {
        for part in 0..8 {
            let paths = Paths::new(simd, first + part * 8);
            for (draw, two) in (0..).zip(self.normals.chunks_exact_mut(2)) {
                let words = paths.words(simd, model.key, [draw, FOR_NORMALS]);
                for (to, normals) in two.iter_mut().zip(pair(simd, words)) {
                    normals.store_array(&mut to.0[part]);
                }
            }
            if let Some(nu) = model.nu {
                paths.scale(simd, model.key, nu).store_array(&mut self.scale.0[part]);
            }
        }
    }
}

/// Eight paths in a row.
#[derive(Clone, Copy)]
struct Paths<S: Simd> {
    low: u64x8<S>,
    high: u32,
}

impl<S: Simd> Paths<S> {
    /// From a multiple of eight on, so that all have the same upper word.
    #[inline(always)]
    fn new(simd: S, first: usize) -> Self {
        let first = first as u64;
        let low = core::array::from_fn(|lane| (first & 0xFFFF_FFFF) | lane as u64);
        let high = u32::try_from(first >> 32).unwrap_or(u32::MAX);
        Self { low: u64x8::load_array(simd, low), high }
    }

    #[inline(always)]
    fn words(&self, simd: S, key: Key, [draw, purpose]: [u32; 2]) -> [u64x8<S>; 2] {
        key.words(simd, self.low, [self.high, draw, purpose])
    }

    /// `√(ν/χ²)` with χ² of `ν` degrees of freedom.
    #[inline(always)]
    fn scale(&self, simd: S, key: Key, nu: f64) -> f64x8<S> {
        let splat = |value: f64| f64x8::splat(simd, value);
        let shape = nu / 2.0 - 1.0 / 3.0;
        let slope = 1.0 / (9.0 * shape).sqrt();
        let mut gamma = splat(shape);
        let mut settled = 0_u64;
        for turn in 0..TRIES {
            let normals = pair(simd, self.words(simd, key, [turn, FOR_TRIES]));
            let chances = self.words(simd, key, [turn, FOR_CHANCES]);
            for (normal, chance) in normals.into_iter().zip(chances) {
                let root = normal.mul_add_precise(splat(slope), splat(1.0));
                let cube = root * root * root;
                let positive = cube.simd_gt(splat(f64::MIN_POSITIVE));
                let cube = positive.select(cube, splat(1.0));
                // Kept if ln u < x²/2 + d − dv + d ln v.
                let most = (ln(simd, cube) - cube + splat(1.0)) * splat(shape);
                let most = (normal * normal).mul_add_precise(splat(0.5), most);
                let kept = ln(simd, uniform(simd, chance)).simd_lt(most) & positive;
                let fresh = kept.to_bitmask() & !settled;
                let fresh_lanes = fearless_simd::mask64x8::from_bitmask(simd, fresh);
                gamma = fresh_lanes.select(cube * splat(shape), gamma);
                settled |= fresh;
            }
            if settled == 0xFF {
                break;
            }
        }
        (splat(nu / 2.0) / gamma).sqrt()
    }
}
