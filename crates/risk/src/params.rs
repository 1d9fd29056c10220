//! Parameters of the book and the venue: constants with their source, fixed before the first run.
//!
//! None was chosen by looking at a result. `docs/demo.md` has the same table with addresses; where a
//! source gives a range, the middle or the careful end was taken, and the doc says which.

use backstop_units::{Amount, Bps, Ppm, Span};

/// What a synthetic book is drawn from. All money is in whole quote units here; it becomes atoms
/// when the book is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookParams {
    /// Trading accounts.
    pub accounts: u32,
    /// Median notional of the body of account sizes, in whole quote units.
    ///
    /// **Source** published account sizes of 2025-10-10: 19,337 positions that Hyperliquid
    /// auto-deleveraged have a mean logarithm of 6.568, `e^6.568` = 712 US dollars.
    pub size_median: f64,
    /// Standard deviation of the logarithm of account sizes. **Source** the same positions: 2.705.
    pub size_sigma: f64,
    /// Part of the accounts that lies in the tail. **Source** a choice: the top 5 %.
    pub tail_part: f64,
    /// Notional where the tail begins, in whole quote units. **Source** the same positions' 95 %
    /// quantile.
    pub tail_from: f64,
    /// Exponent of the Pareto tail. **Source** Hill's estimate over the same top 967 positions.
    /// Below one: without a limit the mean would not exist.
    pub tail_exponent: f64,
    /// Largest notional of one account, in whole quote units. **Source** Binance's SOLUSDT tiers of
    /// October 2024 end 20-fold leverage there.
    pub size_max: f64,
    /// Median of notional ÷ equity when the book begins.
    ///
    /// **Source** a published split of 7.63 bn US dollars of on-chain open interest, 2025-12-15:
    /// 36.3 % below 3-fold, 48.5 % from 3 to 7, 15.2 % above; the lognormal through both points.
    pub leverage_median: f64,
    /// Standard deviation of the logarithm of leverage. **Source** the same split.
    pub leverage_sigma: f64,
    /// Lowest leverage drawn; a choice that cuts 0.1 %.
    pub leverage_min: f64,
    /// Highest leverage drawn: the venue's initial margin of 5 %. **Source** Hyperliquid's SOL tier.
    pub leverage_max: f64,
    /// Part of the trading accounts that is long. **Source** an identity: each contract has a long
    /// and a short. The maker takes what does not match, so sizes decide which side is heavier.
    pub long_part: f64,
    /// Where a venue has several markets: part of the accounts that holds all of them, with the same
    /// notional in each; the others hold one. **Source** a choice: one in four.
    pub crossed_part: f64,
}

impl BookParams {
    /// The demo's book.
    pub const DEMO: Self = Self {
        accounts: 20_000,
        size_median: 712.0,
        size_sigma: 2.705,
        tail_part: 0.05,
        tail_from: 114_394.0,
        tail_exponent: 0.760,
        size_max: 8_000_000.0,
        leverage_median: 3.72,
        leverage_sigma: 0.615,
        leverage_min: 0.5,
        leverage_max: 20.0,
        long_part: 0.5,
        crossed_part: 0.25,
    };
}

/// How the venue liquidates, what its market can bear, and what it charges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueParams {
    /// What a new position has to have in equity, as a part of its notional. The book's highest leverage
    /// is the inverse of it.
    ///
    /// **Source** Hyperliquid's margin tier of SOL, 20-fold.
    pub initial: Ppm,
    /// Below this part of its notional an account's equity is too small.
    ///
    /// **Source** Hyperliquid: half the initial margin at 20-fold leverage.
    pub maintenance: Ppm,
    /// From the mark at which an account falls below maintenance to its close.
    ///
    /// **Source** on 2025-10-10 Hyperliquid's first auto-deleveraging came 61.7 s after its first
    /// liquidation. The queue behind a slow book is not modelled beyond this.
    pub latency: Span,
    /// Quote that moves the venue's mark by 1 % while the market is calm, in whole quote units.
    /// Infinite: no impact.
    ///
    /// **Source** two-percent depth of Binance's SOL/USDT: 14.5 m bid, 10.8 m ask; half the thinner.
    /// Linear, because with a decay that is exponential only linear impact leaves no money machine
    /// (Gatheral 2010).
    pub depth_per_percent: f64,
    /// Part of the calm depth that is left in a full crash. **Source** depth falls by 80 to 95 % in
    /// crashes; 90 %.
    pub depth_floor: f64,
    /// Fall from the highest oracle price of 24 hours at which depth is at its floor; between none
    /// and this it thins linearly. **Source** the size of bitcoin's fall on 2025-10-10, from 122 to
    /// 105 thousand US dollars, over which books emptied.
    pub thinning_drawdown: f64,
    /// How long impact takes to decay by half. **Source** 5.4 minutes, the middle one of the
    /// half-lives in Obizhaeva and Wang (2013).
    pub impact_half_life: Span,
    /// How far the mark may lie from the oracle. **Source** Drift's guard rail on mark and oracle.
    pub band: f64,
    /// Trading fee on a fill, a liquidation's too, as far as the account can pay it.
    ///
    /// **Source** Hyperliquid's taker fee in its first tier, 0.045 %, rounded down to whole basis
    /// points.
    pub taker_fee: Ppm,
    /// Part of all fees that goes to the market's fee pool; the rest is the operator's income and
    /// not modelled. **Source** a choice: one tenth.
    pub fee_pool_part: Bps,
    /// Notional traded in a day, as part of open interest, charged hour by hour to positions.
    /// **Source** a choice: everybody turns over once.
    pub daily_turnover: Bps,
    /// Fund at the start, as part of one side's open interest.
    ///
    /// **Source** Binance before 2025-10-10: a shared fund of 1.23 bn over open interest of 30 bn
    /// after the crash ÷ 0.57 (all venues lost 43 %), 2.34 %.
    pub fund_of_open_interest: Bps,
    /// Stakers' part of that fund where it has a staked tranche. **Source** a choice: half, so that
    /// all presets begin with the same money.
    pub staked_part: Bps,
    /// Where losses fall on lenders: part of their deposits that the book has borrowed. **Source** a choice:
    /// four fifths. It says how deep the index falls, not who pays.
    pub lent_part: Bps,
    /// Stakers.
    pub stakers: u32,
    /// Liquidators, who take turns.
    pub liquidators: u32,
    /// Smallest stake, in atoms, so that every staker meets a preset's minimum.
    pub stake_min: Amount,
}

impl VenueParams {
    /// The demo's venue.
    pub const DEMO: Self = Self {
        initial: Ppm::new(50_000),
        maintenance: Ppm::new(25_000),
        latency: Span::from_ms(60_000),
        depth_per_percent: 5_400_000.0,
        depth_floor: 0.10,
        thinning_drawdown: 0.14,
        impact_half_life: Span::from_ms(324_000),
        band: 0.10,
        taker_fee: Ppm::new(400),
        fee_pool_part: Bps::new(1_000),
        daily_turnover: Bps::new(10_000),
        fund_of_open_interest: Bps::new(234),
        staked_part: Bps::new(5_000),
        lent_part: Bps::new(8_000),
        stakers: 100,
        liquidators: 8,
        stake_min: Amount::new(100_000_000),
    };
}

impl VenueParams {
    /// The demo's venue with one assumption changed at a time: to half or double, where a source
    /// leaves room. What a reader needs to judge how much of a result is assumption.
    pub fn variations() -> Vec<(&'static str, Self)> {
        let base = Self::DEMO;
        let ms = |ms: u64| Span::from_ms(ms);
        vec![
            ("as documented", base),
            ("latency 20 s", Self { latency: ms(20_000), ..base }),
            ("latency 120 s", Self { latency: ms(120_000), ..base }),
            ("half the depth", Self { depth_per_percent: base.depth_per_percent / 2.0, ..base }),
            ("double depth", Self { depth_per_percent: base.depth_per_percent * 2.0, ..base }),
            ("depth without end", Self { depth_per_percent: f64::INFINITY, ..base }),
            ("depth floor 5 %", Self { depth_floor: 0.05, ..base }),
            ("depth floor 20 %", Self { depth_floor: 0.20, ..base }),
            ("impact half-life 54 s", Self { impact_half_life: ms(54_000), ..base }),
            ("impact half-life 27 min", Self { impact_half_life: ms(1_620_000), ..base }),
            ("band 5 %", Self { band: 0.05, ..base }),
            ("band 20 %", Self { band: 0.20, ..base }),
            ("maintenance 1.25 %", Self { maintenance: Ppm::new(12_500), ..base }),
            ("maintenance 5 %", Self { maintenance: Ppm::new(50_000), ..base }),
        ]
    }
}
