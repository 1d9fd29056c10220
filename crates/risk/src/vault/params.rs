//! Parameters of the vault, its people and its borrowers: constants with their source, fixed before the first run.
//!
//! `docs/demo.md` has the same table with addresses. Where the other runs of the demo have a number, it is theirs.

use crate::params::{BookParams, VenueParams};
use backstop_units::{Bps, Span};

/// What a week is drawn from, and how often people act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LendingParams {
    /// Depositors before the week begins. **Source** a choice: some thousand.
    pub depositors: u32,
    /// What depositors put in is drawn like the sizes of trading accounts, and loans like the tail of these.
    pub book: BookParams,
    /// Part of the depositors who want to leave during the week, each at a moment drawn by lot.
    ///
    /// **Source** what was locked in Solend halved when Terra fell, from 1.4 bn to 725 m US dollars.
    pub leaving: f64,
    /// New depositors during the week, as a part of those before. **Source** a choice.
    pub coming: f64,
    /// Part of what is supplied that is lent when the week begins. **Source** the curators' documentation: its worked
    /// example of a reserve's interest has 75 % in use.
    pub lent: Bps,
    /// A loan is at least this part of what its collateral lets borrow. **Source** a choice.
    pub loan_least: f64,
    /// A loan is at most this part of it: just below all. **Source** a choice.
    pub loan_most: f64,
    /// The curator's own stake in the pool, as a part of what is lent. **Source** the demo's fund, as a part of open
    /// interest ([`VenueParams::fund_of_open_interest`]).
    pub pool_of_loans: Bps,
    /// What is staked is matched up to this, in whole units. **Source** the curators' documentation: 250,000 US dollars.
    pub match_max: u128,
    /// How the market in which liquidators sell bears it, and how depth thins: the venue's, in the coins that its
    /// money bought at first, so that it shrinks as the price falls.
    pub market: VenueParams,
    /// The part of that depth which is on chain, where liquidators of loans sell. **Source** trade on decentralised
    /// exchanges was 8 to 17 % of that on the others in 2022 (`CryptoSlate`, June 2023); a tenth.
    pub on_chain: f64,
    /// Prices move, and liquidators act, so often. **Source** a choice.
    pub step: Span,
    /// The risk desk, the keeper and depositors act so often. **Source** a choice: twice a day.
    pub look: Span,
}

impl LendingParams {
    /// The demo's.
    pub const DEMO: Self = Self {
        depositors: 4_000,
        book: BookParams::DEMO,
        leaving: 0.5,
        coming: 0.05,
        lent: Bps::new(7_500),
        loan_least: 0.5,
        loan_most: 0.999,
        pool_of_loans: VenueParams::DEMO.fund_of_open_interest,
        match_max: 250_000,
        market: VenueParams::DEMO,
        on_chain: 0.10,
        step: Span::from_ms(15 * 60_000),
        look: Span::hours(12),
    };
}
