//! What a run came to. Amounts are atoms; a page or a terminal turns them into decimals.

use super::cast::Cast;
use crate::{
    error::RiskError,
    ledger::Ledger,
    venue::{BiggestLoss, Conservation, Listing, Venue},
};
use backstop_core::{
    fund::{coverage, coverage::ratio_bps},
    ledger::LedgerAccount,
    policy::LayerSource,
    state::State,
};
use backstop_units::{Amount, Base, Bps, Hash, Label, Timestamp};
use serde::Serialize;

/// A fund's money at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FundParts {
    /// The protocol's own.
    pub reserve: Amount,
    /// Contributors' gifts.
    pub contributions: Amount,
    /// Stakers' money.
    pub staked: Amount,
    /// The fee pools of the venue's markets.
    pub fee_pool: Amount,
    /// What counts toward the target under the fund's policy.
    pub counted: Amount,
    /// What the fund should hold.
    pub target: Amount,
    /// Counted ÷ target, rounded down; the whole without a target. What the fund's policy does not
    /// count, such as stakers' money, is left out.
    pub coverage: Bps,
    /// All the fund's money, stakers' too, ÷ target, rounded down.
    pub coverage_with_stake: Bps,
}

impl FundParts {
    /// Reserve, contributions and stake, without the fee pool.
    pub fn total(&self) -> Amount {
        self.reserve.saturating_add(self.contributions).saturating_add(self.staked)
    }
}

/// What one layer of the waterfalls has paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LayerPaid {
    /// Who pays it.
    pub source: LayerSource,
    /// How much, in atoms.
    pub amount: Amount,
}

/// The distance between the venue's mark and the oracle at its worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WorstBasis {
    /// In basis points of the oracle; below zero when the mark lay lower.
    pub bps: i64,
    /// When it was reached.
    pub at: Timestamp,
}

/// One market before and after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MarketReport {
    /// Its name.
    pub market: Label,
    /// Open interest before, long and short together, the maker too, in base atoms.
    pub open_interest_before: Base,
    /// Open interest after. The maker has taken what was closed, so it need not shrink.
    pub open_interest_after: Base,
    /// Positions of trading accounts before, long and short together, without the maker, in base
    /// atoms.
    pub trader_interest_before: Base,
    /// Positions of trading accounts after.
    pub trader_interest_after: Base,
    /// Mark against oracle at its worst.
    pub worst_basis: WorstBasis,
}

/// Who bore all losses of a run, in atoms; the parts add up to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Payers {
    /// Fee pools of markets.
    pub fee_pool: Amount,
    /// Funds' own money and contributors' gifts.
    pub reserve: Amount,
    /// Stakers.
    pub staked: Amount,
    /// Winners, by what they gave up.
    pub deleveraged: Amount,
    /// All open positions.
    pub socialised: Amount,
    /// Lenders, by what their deposits lost.
    pub depositors: Amount,
    /// Nobody.
    pub residual: Amount,
}

/// What a run came to. The book behind it is synthetic; the prices are real.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoReport {
    /// The preset.
    pub preset: Label,
    /// The asset of all amounts.
    pub asset: Label,
    /// Its decimals.
    pub decimals: u8,
    /// The book's seed.
    pub seed: u64,
    /// Bars run, of the feed with the shortest ones.
    pub bars: usize,
    /// Steps of each leg of a bar, for each of its hours.
    pub steps_per_leg: u32,
    /// Trading accounts in the book.
    pub accounts: usize,
    /// The markets, in the order of the feeds.
    pub markets: Vec<MarketReport>,
    /// The fund.
    pub fund: Label,
    /// Accounts closed; where the ledger keeps the positions, accounts liquidated in part or whole.
    pub liquidations: u64,
    /// Of them, accounts that owed more than they had.
    pub deficits: u64,
    /// Losses placed in the ledger.
    pub losses: u64,
    /// All losses.
    pub gross_loss: Amount,
    /// What each layer paid on all markets, in the order of the waterfall.
    pub layers: Vec<LayerPaid>,
    /// Of what the reserve layer paid: contributors' money.
    pub contributions_used: Amount,
    /// Borne by open positions.
    pub socialised: Amount,
    /// Forgone by winners who were deleveraged.
    pub deleveraged: Amount,
    /// What was closed of their positions, in quote atoms at the mark.
    pub cut_notional: Amount,
    /// How many of them there were.
    pub cut_accounts: u64,
    /// Borne by nobody.
    pub residual: Amount,
    /// What open accounts owe beyond what they have when the run ends: losses nobody has borne yet.
    pub below_zero: Amount,
    /// What lenders have put in, where losses fall on them.
    pub lent_before: Amount,
    /// What is left of it.
    pub lent_after: Amount,
    /// The largest loss.
    pub biggest_loss: Option<BiggestLoss>,
    /// The fund before the first bar.
    pub fund_before: FundParts,
    /// The fund after the last.
    pub fund_after: FundParts,
    /// Remaining collateral kept by the fund.
    pub to_fund: Amount,
    /// Remaining collateral earned by liquidators.
    pub to_liquidators: Amount,
    /// Remaining collateral returned to users.
    pub to_users: Amount,
    /// The fund's parts past its threshold.
    pub overflow: Amount,
    /// Bounties for closing under water.
    pub bounties: Amount,
    /// Fees paid into the fee pool.
    pub fees: Amount,
    /// One side's open interest before, at the oracle prices, in quote atoms.
    pub notional_before: Amount,
    /// One side's open interest after.
    pub notional_after: Amount,
    /// All money, counted at the end.
    pub conservation: Conservation,
    /// Batches of settlements sent.
    pub batches: u64,
    /// Steps that closed somebody, and the evidence root of each.
    pub evidence: Vec<Hash>,
}

impl DemoReport {
    /// Who bore all losses.
    pub fn payers(&self) -> Payers {
        let mut payers = Payers { residual: self.residual, ..Payers::default() };
        for layer in &self.layers {
            let part = match layer.source {
                LayerSource::FeePool => &mut payers.fee_pool,
                LayerSource::Reserve(_) => &mut payers.reserve,
                LayerSource::Staked(_) => &mut payers.staked,
                LayerSource::Adl => &mut payers.deleveraged,
                LayerSource::Socialised | LayerSource::Equity => &mut payers.socialised,
                LayerSource::Depositors => &mut payers.depositors,
                // The reference venue's markets are attached: no pool is behind them.
                LayerSource::Haircut(_) => continue,
            };
            *part = part.saturating_add(layer.amount);
        }
        payers
    }

    /// The largest distance of mark and oracle on any market.
    pub fn worst_basis(&self) -> Option<WorstBasis> {
        let worst = self.markets.iter().map(|market| market.worst_basis);
        worst.reduce(|a, b| if b.bps.abs() > a.bps.abs() { b } else { a })
    }
}

/// Looks up the fund's parts.
pub(super) fn fund_parts(
    cast: &Cast,
    listings: &[Listing],
    ledger: &mut impl Ledger,
) -> Result<FundParts, RiskError> {
    ledger.read(|state| parts(state, cast, listings))?.ok_or(RiskError::Missing("fund"))
}

fn parts(state: &State, cast: &Cast, listings: &[Listing]) -> Option<FundParts> {
    let id = state.fund_id(cast.fund).ok()?;
    let fund = state.funds.get(id)?;
    let found = coverage(state, id, fund).ok()?;
    let mut fee_pool = Amount::ZERO;
    for listing in listings {
        let pool = LedgerAccount::FeePool(state.market_id(listing.market).ok()?);
        fee_pool = fee_pool.saturating_add(state.ledger.owed(pool, fund.asset));
    }
    let ratio = |amount: Amount| {
        let bps = ratio_bps(amount, fund.target);
        bps.and_then(|bps| u32::try_from(bps).ok()).map_or(Bps::WHOLE, Bps::new)
    };
    Some(FundParts {
        reserve: found.reserve,
        contributions: found.contributions,
        staked: found.staked,
        fee_pool,
        counted: found.counted,
        target: fund.target,
        coverage: ratio(found.counted),
        coverage_with_stake: ratio(found.total()),
    })
}

/// Open interest and positions of traders of one market, in base atoms.
pub(super) type Interest = (Base, Base);

/// Both of each market.
pub(super) fn interest(venue: &Venue, markets: usize) -> Vec<Interest> {
    (0..markets).map(|at| (venue.open_interest(at), venue.trader_interest(at))).collect()
}

/// Where a run stood before its first bar.
pub(super) struct Before {
    pub(super) fund: FundParts,
    pub(super) interest: Vec<Interest>,
    pub(super) notional: Amount,
}

/// A run after its last bar.
pub(super) struct Run<'a> {
    pub(super) setup: &'a super::DemoSetup<'a>,
    pub(super) cast: &'a Cast,
    pub(super) listings: &'a [Listing],
    pub(super) before: &'a Before,
    pub(super) venue: &'a Venue,
}

impl Run<'_> {
    fn markets(&self) -> Vec<MarketReport> {
        let after = interest(self.venue, self.listings.len());
        let pairs = self.before.interest.iter().zip(after);
        let market =
            |(at, (listing, (before, after))): (usize, (&Listing, (&Interest, Interest)))| {
                let (bps, reached) = self.venue.worst_basis(at);
                MarketReport {
                    market: listing.market,
                    open_interest_before: before.0,
                    open_interest_after: after.0,
                    trader_interest_before: before.1,
                    trader_interest_after: after.1,
                    worst_basis: WorstBasis { bps, at: reached },
                }
            };
        self.listings.iter().zip(pairs).enumerate().map(market).collect()
    }

    /// What each layer has paid on all markets; one that stands in several waterfalls is one. Where the
    /// ledger keeps the positions winners bear what no layer pays, whatever the waterfall says.
    fn layers(&self, state: &State) -> Result<Vec<LayerPaid>, RiskError> {
        let mut layers: Vec<LayerPaid> = Vec::new();
        for listing in self.listings {
            let market = listing.market;
            let id = state.market_id(market).map_err(|_| RiskError::Market(market))?;
            let waterfall = self.cast.waterfalls.iter().find(|(label, _)| *label == market);
            for (at, source) in (0u8..).zip(waterfall.iter().flat_map(|(_, layers)| layers)) {
                let amount = self.venue.tally().layer(id, at);
                match layers.iter_mut().find(|layer| layer.source == *source) {
                    Some(layer) => layer.amount = layer.amount.saturating_add(amount),
                    None => layers.push(LayerPaid { source: *source, amount }),
                }
            }
        }
        if self.cast.hosted {
            let amount = self.venue.tally().deleveraged;
            layers.push(LayerPaid { source: LayerSource::Adl, amount });
        }
        Ok(layers)
    }
}

/// Puts a report together.
pub(super) fn report(
    run: &Run<'_>,
    conservation: Conservation,
    ledger: &mut impl Ledger,
) -> Result<DemoReport, RiskError> {
    let Run { setup, cast, before, venue, listings } = *run;
    let tally = venue.tally();
    let (lent_before, lent_after) = venue.lenders();
    let bars = setup.feeds.iter().map(|feed| feed.bars.bars.len()).max();
    Ok(DemoReport {
        preset: cast.preset,
        asset: cast.asset,
        decimals: cast.decimals,
        seed: setup.seed,
        bars: bars.unwrap_or(0),
        steps_per_leg: setup.steps_per_leg,
        accounts: venue.accounts(),
        markets: run.markets(),
        fund: cast.fund,
        liquidations: tally.liquidations,
        deficits: tally.deficits,
        losses: tally.losses,
        gross_loss: tally.gross,
        layers: ledger.read(|state| run.layers(state))??,
        contributions_used: tally.contributions,
        socialised: tally.socialised,
        deleveraged: tally.deleveraged,
        cut_notional: tally.cut_notional,
        cut_accounts: tally.cut_accounts,
        residual: tally.residual,
        below_zero: venue.below_zero()?,
        lent_before,
        lent_after,
        biggest_loss: tally.biggest,
        fund_before: before.fund,
        fund_after: fund_parts(cast, listings, ledger)?,
        to_fund: tally.to_fund,
        to_liquidators: tally.to_liquidators,
        to_users: tally.to_users,
        overflow: tally.overflow,
        bounties: tally.bounties,
        fees: tally.fees,
        notional_before: before.notional,
        notional_after: venue.one_sided()?,
        conservation,
        batches: tally.batches,
        evidence: venue.evidence().iter().map(|step| step.root).collect(),
    })
}
