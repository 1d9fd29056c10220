//! Scenarios as the kernels read them: market by market, in tiles of 64 that lie on cache lines.

use super::error::{KernelError, finite};
use crate::float::count;

/// Scenarios of one tile.
pub(super) const TILE: usize = 64;
/// Tiles whose bounds are looked at together.
pub(super) const SLAB: usize = 16;
/// Least size that a return's bound is taken for, 2⁻⁶⁰, so that scaled notionals stay in the range of 32 bits.
const LEAST: f64 = 8.673_617_379_884_035e-19;
/// Largest return: a price cannot grow by more between two looks.
const MOST: f64 = 1e6;

/// Tiles that lie side by side in 32 bits: a kilobyte of each market, so that 40 markets fit the nearest cache.
pub(super) const GROUP: usize = 4;

/// Returns of a tile in 32 bits, 16 at a time.
pub(super) type Narrow = [[f32; 16]; 4];

/// A market's returns of [`GROUP`] tiles in 32 bits.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Group(pub(super) [Narrow; GROUP]);

/// Returns of a tile in 64 bits, 8 at a time.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Wide(pub(super) [[f64; 8]; 8]);

/// Bounds of the returns of [`SLAB`] tiles.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Edge(pub(super) [f32; SLAB]);

/// Returns of every market under every scenario.
///
/// Inside, scenarios are put in order of their mean return, so that those of one tile are alike and their bounds
/// tight; every answer is given in the caller's order.
#[derive(Clone, Debug)]
pub struct Panel {
    markets: usize,
    scenarios: usize,
    /// Tiles of a market.
    tiles: usize,
    /// Which scenario stands at each place; the last is repeated to the end of its tile.
    order: Vec<u32>,
    /// Group by group, all markets of each.
    narrow: Vec<Group>,
    /// Tile by tile, all markets of each.
    wide: Vec<Wide>,
    /// Slab by slab; for each market the tiles' least returns, then their largest.
    edges: Vec<[Edge; 2]>,
    bounds: Vec<Bounds>,
}

/// Bounds of a market's returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The least and the largest return: what is worst for a long position and for a short one.
    pub(super) worst: [f64; 2],
    /// The largest size.
    pub(super) most: f64,
}

impl Panel {
    /// Takes simple returns (`-0.1` is a fall by a tenth), all scenarios of the first market, then of the next.
    ///
    /// # Errors
    /// [`KernelError::Nothing`], [`KernelError::Length`] for a list that is no multiple of the markets,
    /// [`KernelError::TooMany`] beyond 2³² scenarios or 65,536 markets, [`KernelError::Range`] for a return that is no
    /// number, below −100 % or above 1e6.
    pub fn new(markets: usize, returns: &[f64]) -> Result<Self, KernelError> {
        if markets == 0 || returns.is_empty() {
            return Err(KernelError::Nothing("scenario"));
        }
        let scenarios = returns.len() / markets;
        if scenarios * markets != returns.len() {
            let (got, want) = (returns.len(), (scenarios + 1) * markets);
            return Err(KernelError::Length { what: "returns", got, want });
        }
        let too_many = |what, got, most| Err(KernelError::TooMany { what, got, most });
        if markets > usize::from(u16::MAX) + 1 {
            return too_many("markets", markets, usize::from(u16::MAX) + 1);
        }
        if scenarios > u32::MAX as usize - TILE {
            return too_many("scenarios", scenarios, u32::MAX as usize - TILE);
        }
        finite("return", returns)?;
        if let Some(at) = returns.iter().position(|value| !(-1.0..=MOST).contains(value)) {
            let (what, got) = ("return", returns[at]);
            return Err(KernelError::Range { what, at, got, range: "between -1 and 1e6" });
        }
        Ok(Self::laid_out(markets, scenarios, returns))
    }

    fn laid_out(markets: usize, scenarios: usize, returns: &[f64]) -> Self {
        let order = by_mean(markets, scenarios, returns);
        let tiles = order.len() / TILE;
        let mut panel = Self {
            markets,
            scenarios,
            tiles,
            narrow: vec![Group([[[0.0; 16]; 4]; GROUP]); tiles.div_ceil(GROUP) * markets],
            wide: vec![Wide([[0.0; 8]; 8]); tiles * markets],
            edges: vec![[Edge([0.0; SLAB]), Edge([0.0; SLAB])]; tiles.div_ceil(SLAB) * markets],
            bounds: Vec::with_capacity(markets),
            order,
        };
        for (market, row) in returns.chunks_exact(scenarios).enumerate() {
            panel.lay_row(market, row);
        }
        panel
    }

    fn lay_row(&mut self, market: usize, row: &[f64]) {
        let mut worst = [f64::INFINITY, f64::NEG_INFINITY];
        for (tile, places) in self.order.chunks_exact(TILE).enumerate() {
            let at = |place: usize| row[places[place] as usize];
            let wide: [f64; TILE] = core::array::from_fn(at);
            let least = wide.iter().fold(f64::INFINITY, |a, b| a.min(*b));
            let largest = wide.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
            worst = [worst[0].min(least), worst[1].max(largest)];
            let group = &mut self.narrow[tile / GROUP * self.markets + market];
            group.0[tile % GROUP] =
                core::array::from_fn(|a| core::array::from_fn(|b| nearest(wide[16 * a + b])));
            self.wide[tile * self.markets + market] =
                Wide(core::array::from_fn(|a| core::array::from_fn(|b| wide[8 * a + b])));
            let edges = &mut self.edges[tile / SLAB * self.markets + market];
            edges[0].0[tile % SLAB] = nearest(least);
            edges[1].0[tile % SLAB] = nearest(largest);
        }
        let most = worst[0].abs().max(worst[1].abs()).max(LEAST);
        self.bounds.push(Bounds { worst, most });
    }

    /// How many markets.
    pub const fn markets(&self) -> usize {
        self.markets
    }

    /// How many scenarios.
    pub const fn scenarios(&self) -> usize {
        self.scenarios
    }

    /// Tiles of each market.
    pub(super) const fn tiles(&self) -> usize {
        self.tiles
    }

    /// Slabs of each market.
    pub(super) const fn slabs(&self) -> usize {
        self.tiles.div_ceil(SLAB)
    }

    /// Which scenario stands at each place, the last repeated to the end of its tile.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// A group of tiles in 32 bits, market by market.
    pub(super) fn group(&self, group: usize) -> &[Group] {
        &self.narrow[group * self.markets..(group + 1) * self.markets]
    }

    /// A tile in 64 bits, market by market.
    pub(super) fn tile(&self, tile: usize) -> &[Wide] {
        &self.wide[tile * self.markets..(tile + 1) * self.markets]
    }

    /// For each market the returns that a slab's tiles do not fall below, and those that they do not exceed.
    pub(super) fn edges(&self, slab: usize) -> &[[Edge; 2]] {
        &self.edges[slab * self.markets..(slab + 1) * self.markets]
    }

    /// Bounds of each market's returns.
    pub(super) fn bounds(&self) -> &[Bounds] {
        &self.bounds
    }

    /// Which lanes of a tile are scenarios and not filling.
    pub(super) const fn valid(&self, tile: usize) -> u64 {
        let left = self.scenarios.saturating_sub(tile * TILE);
        if left >= TILE { u64::MAX } else { (1 << left) - 1 }
    }
}

/// The 32-bit number nearest to a return.
#[expect(clippy::cast_possible_truncation, reason = "rounded to nearest; the range was checked")]
pub(super) const fn nearest(value: f64) -> f32 {
    value as f32
}

/// Scenarios by rising mean return, each market's returns taken in units of their standard deviation; the last is repeated to fill
/// its tile.
fn by_mean(markets: usize, scenarios: usize, returns: &[f64]) -> Vec<u32> {
    let mut score = vec![0.0; scenarios];
    for row in returns.chunks_exact(scenarios) {
        let mean = row.iter().sum::<f64>() / count(scenarios);
        let square = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        if square > 0.0 {
            let unit = (square / count(scenarios)).sqrt() * count(markets);
            score.iter_mut().zip(row).for_each(|(score, value)| *score += value / unit);
        }
    }
    let mut order: Vec<u32> = (0..scenarios).filter_map(|at| u32::try_from(at).ok()).collect();
    order.sort_by(|a, b| score[*a as usize].total_cmp(&score[*b as usize]));
    if let Some(last) = order.last().copied() {
        order.resize(scenarios.next_multiple_of(TILE), last);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_size_is_a_power_of_two() {
        assert_eq!(LEAST.to_bits(), 2.0_f64.powi(-60).to_bits());
    }

    #[test]
    fn scenarios_lie_in_tiles_by_their_mean() {
        let returns: Vec<f64> =
            (0..130).flat_map(|at| [f64::from((at * 37) % 130) / 200.0]).collect();
        let panel = Panel::new(1, &returns).unwrap();
        assert_eq!((panel.tiles(), panel.slabs(), panel.scenarios()), (3, 1, 130));
        let at = |place: usize| panel.tile(place / TILE)[0].0[place % TILE / 8][place % 8];
        assert!((0..129).all(|place| at(place) < at(place + 1)));
        assert!(
            (0..130).all(
                |place| at(place).to_bits() == returns[panel.order()[place] as usize].to_bits()
            )
        );
        assert!(
            (130..192).all(|place| at(place).to_bits() == at(129).to_bits()),
            "the last fills the tile"
        );
        assert_eq!(
            [panel.valid(0), panel.valid(1), panel.valid(2), panel.valid(3)],
            [u64::MAX, u64::MAX, 3, 0]
        );
        let [low, high] = &panel.edges(0)[0];
        assert_eq!((low.0[1], high.0[1]), (nearest(at(64)), nearest(at(127))));
    }
}
