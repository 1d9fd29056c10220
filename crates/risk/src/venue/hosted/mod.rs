//! A venue whose positions are kept in the ledger: what it sends instead of settlements.
//!
//! ```text
//!   open      deposits, marks, and each position as a trade against the maker
//!   block     marks that moved ─▶ a fill for each account that waits, a part of its position at a time
//!                                   │ worse than bankruptcy, and the fund can't pay it whole
//!                                   ├─ equity below zero ─▶ deleveraged against others, unranked
//!                                   └─ else it waits: prices may come back
//! ```
//!
//! Book, marks, impact, latency and who is below maintenance are the venue's, as where it keeps the
//! positions itself. What an account holds is a copy that follows the ledger's events; at the end the two
//! are compared, account by account.
//!
//! Deliberately not here: trading fees (in the ledger they come with a trade, and nobody trades after the
//! start), and losses that a market spreads over positions nobody looks at.

mod deleverage;
mod follow;
mod work;

use super::{Status, Trader, Venue};
use crate::{
    book::{Account, BASE_DECIMALS, Book},
    custody,
    error::RiskError,
    ledger::Ledger,
    margin::{Position, signed, size},
};
use backstop_core::{
    Body,
    command::{DepositMargin, ReportMark, Trade},
    liquidation::{margin, steps::StepPolicy},
    policy::PositionSide,
    state::State,
};
use backstop_units::{
    AccountId, Amount, FundId, Label, MarketId, Ppm, Price, Signed, Span, Timestamp,
};
use std::collections::BTreeSet;

/// A rolling window is cut into so many parts, rounded up, and counts for one more of them.
const WINDOW_PARTS: u64 = 24;

/// Longest time between two reports of the marks: a venue that is silent for minutes has stalled.
const HEARTBEAT: Span = Span::from_ms(60_000);

/// What a hosted market lets a liquidation do.
#[derive(Clone, Copy, Debug)]
struct Rules {
    steps: StepPolicy,
    max_fee: Ppm,
}

/// What the venue keeps of a ledger that keeps its positions.
#[derive(Clone, Debug)]
pub(super) struct Hosted {
    fund: FundId,
    label: Label,
    rules: Vec<Rules>,
    /// The shortest time after which an account's limits are free again.
    block: Span,
    /// Most notional and most insurance of one account in a block.
    notional_max: Amount,
    insurance_max: Amount,
    /// When the last block was.
    last: Timestamp,
    /// The marks as the ledger has them, and since when.
    told: (Vec<Price>, Timestamp),
    /// Accounts that are being liquidated, first come first served.
    working: Vec<usize>,
    /// Whose each margin account is, by its handle.
    owners: Vec<(usize, AccountId)>,
    /// Accounts that were liquidated, in part or whole.
    begun: BTreeSet<usize>,
}

impl Hosted {
    /// What a ledger says of its markets; nothing if it does not keep their positions.
    pub(super) fn find(state: &State, ids: &[MarketId]) -> Option<Self> {
        let market = state.markets.get(*ids.first()?)?;
        let pool = state.margin_pools.get(market.fund)?.policy?;
        let mut step = Span::ZERO;
        let mut rules = Vec::new();
        for id in ids {
            let policy = &state.hosted(*id).ok()?.policy;
            let steps = StepPolicy { min_notional: policy.min_notional, portion: policy.portion };
            rules.push(Rules { steps, max_fee: policy.max_fee });
            step = step.max(policy.step);
        }
        let part = pool.throttle.window.ms().div_ceil(WINDOW_PARTS);
        let window = part.saturating_mul(WINDOW_PARTS + 1);
        let limited = pool.throttle.notional_max.or(pool.throttle.insurance_max).is_some();
        let window = Span::from_ms(if limited { window } else { 1 });
        Some(Self {
            fund: market.fund,
            label: state.funds.get(market.fund)?.label,
            rules,
            block: step.max(window),
            notional_max: pool.throttle.notional_max.unwrap_or(Amount::MAX),
            insurance_max: pool.throttle.insurance_max.unwrap_or(Amount::MAX),
            last: Timestamp::ZERO,
            told: (vec![Price::ZERO; ids.len()], Timestamp::ZERO),
            working: Vec::new(),
            owners: Vec::new(),
            begun: BTreeSet::new(),
        })
    }

    /// The marks that the ledger does not have yet.
    fn news(&self, marks: &[Price]) -> Vec<usize> {
        let moved = |(at, mark): (usize, &Price)| (self.told.0.get(at) != Some(mark)).then_some(at);
        marks.iter().enumerate().filter_map(moved).collect()
    }
}

impl Venue {
    /// Opens the book in the ledger: everybody pays in, and each position is traded with the maker.
    pub(super) fn enter(&mut self, book: &Book, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let Some(hosted) = &self.hosted else { return Ok(()) };
        let fund = hosted.label;
        let mut payments = Vec::with_capacity(book.accounts.len() + 1);
        for account in &book.accounts {
            payments.push((account.label, self.entry(account)?));
            let (label, status) = (account.label, Status::Open);
            self.traders.push(Trader { label, cash: 0, positions: Vec::new(), status, armed: 0 });
        }
        payments.push((self.maker.label, self.stake_of_maker(book)?));
        payments.retain(|(_, amount)| !amount.is_zero());
        let custodian = (self.names.custodian, self.names.asset);
        custody::bring_in(custodian, &payments, self.now, ledger)?;
        let deposit = |(account, amount): &(Label, Amount)| {
            DepositMargin { account: *account, fund, amount: *amount }.into()
        };
        let deposits = payments.iter().map(deposit).collect();
        let events = ledger.send_all(self.now, self.names.venue, deposits)?;
        self.own(&events)?;
        for (_, amount) in &payments {
            self.books.deposit_in_ledger(signed(amount.get())?);
        }
        let marks = self.marks();
        let mut bodies = self.tell(&marks);
        for account in &book.accounts {
            bodies.extend(self.trades(account));
        }
        let events = ledger.send_all(self.now, self.names.venue, bodies)?;
        self.follow(&events)
    }

    /// What an account pays in: what the book says, and where its leverage is the highest there is the few
    /// atoms by which its initial margin is rounded up.
    fn entry(&self, account: &Account) -> Result<Amount, RiskError> {
        let (mut need, mut most) = (Amount::ZERO, account.collateral);
        for opening in &account.positions {
            let price = self.markets.get(opening.market).map(|market| market.oracle);
            let notional = size(signed(opening.base.get())?, price.unwrap_or_default())?;
            let margin = self.params.initial.of_ceil(Amount::new(notional))?;
            need = need.saturating_add(margin).saturating_add(Amount::new(2));
            most = most.saturating_add(Amount::new(4));
        }
        Ok(account.collateral.max(need.min(most)))
    }

    /// The maker's collateral: one whole open interest, as where the venue keeps the positions.
    fn stake_of_maker(&self, book: &Book) -> Result<Amount, RiskError> {
        let mut collateral = 0;
        for (at, market) in self.markets.iter().enumerate() {
            let (mut all, mut net) = (0u128, 0i128);
            let openings = book.accounts.iter().flat_map(|account| &account.positions);
            for opening in openings.filter(|opening| opening.market == at) {
                let base = signed(opening.base.get())?;
                all += opening.base.get();
                net += if opening.side == PositionSide::Long { base } else { -base };
            }
            collateral += size(signed(all + net.unsigned_abs())?, market.oracle)?;
        }
        Ok(Amount::new(collateral))
    }

    /// An account's positions as trades with the maker, at the first oracle price.
    fn trades(&self, account: &Account) -> Vec<Body> {
        let trade = |opening: &crate::book::Opening| {
            let market = self.markets.get(opening.market)?;
            let (buyer, seller) = match opening.side {
                PositionSide::Long => (account.label, self.maker.label),
                PositionSide::Short => (self.maker.label, account.label),
            };
            let trade = Trade {
                market: market.label,
                buyer,
                seller,
                size: opening.base,
                price: market.oracle,
                buyer_fee: Amount::ZERO,
                seller_fee: Amount::ZERO,
            };
            Some(trade.into())
        };
        account.positions.iter().filter_map(trade).collect()
    }

    /// Reports of the marks that moved since the last ones.
    fn tell(&mut self, marks: &[Price]) -> Vec<Body> {
        let Some(hosted) = &mut self.hosted else { return Vec::new() };
        let news = hosted.news(marks);
        hosted.told = (marks.to_vec(), self.now);
        let report = |at: usize| {
            let (market, price) = (self.markets.get(at)?.label, *marks.get(at)?);
            Some(ReportMark { market, price }.into())
        };
        news.into_iter().filter_map(report).collect()
    }

    /// An account as the ledger's formulas take it; its markets in the same order.
    fn account(
        &self,
        index: usize,
        marks: &[Price],
    ) -> Option<(margin::Account<'static>, Vec<usize>)> {
        let trader = self.traders.get(index)?;
        let position = |position: &Position| margin::Position {
            size: Signed::new(position.base),
            decimals: BASE_DECIMALS,
            mark: marks.get(position.market).copied().unwrap_or_default(),
            funding: Signed::ZERO,
            maintenance: margin::Margin::Rate(self.params.maintenance),
            initial: margin::Margin::Rate(self.params.initial),
        };
        let positions = trader.positions.iter().map(position).collect();
        let account = margin::Account { collateral: Signed::new(trader.cash), positions };
        Some((account, trader.positions.iter().map(|position| position.market).collect()))
    }
}
