//! What a run came to. Amounts are atoms; a page or a terminal turns them into decimals.

use super::cast::Cast;
use crate::{
    error::RiskError,
    ledger::Ledger,
    venue::{BiggestLoss, Conservation, Venue},
};
use backstop_core::{fund::coverage, policy::LayerSource, state::State};
use backstop_units::{Amount, Base, Bps, Hash, Label, Timestamp, mul_div_floor};
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
    /// The market's fee pool.
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

/// What one layer of the market's waterfall has paid.
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

/// What a run came to. The book behind it is synthetic; the prices are real.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoReport {
    /// The preset.
    pub preset: Label,
    /// The book's seed.
    pub seed: u64,
    /// Bars run.
    pub bars: usize,
    /// Steps of each leg of a bar.
    pub steps_per_leg: u32,
    /// Trading accounts in the book.
    pub accounts: usize,
    /// The market.
    pub market: Label,
    /// The fund.
    pub fund: Label,
    /// Accounts closed.
    pub liquidations: u64,
    /// Of them, accounts that owed more than they had.
    pub deficits: u64,
    /// All losses.
    pub gross_loss: Amount,
    /// What each layer paid, in the order of the waterfall.
    pub layers: Vec<LayerPaid>,
    /// Of what the reserve layer paid: contributors' money.
    pub contributions_used: Amount,
    /// Borne by open positions.
    pub socialised: Amount,
    /// Borne by nobody.
    pub residual: Amount,
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
    /// Mark against oracle at its worst.
    pub worst_basis: WorstBasis,
    /// Open interest before, long and short together, the maker too, in base atoms.
    pub open_interest_before: Base,
    /// Open interest after. The maker has taken what was closed, so it need not shrink.
    pub open_interest_after: Base,
    /// Positions of trading accounts before, long and short together, without the maker, in base
    /// atoms.
    pub trader_interest_before: Base,
    /// Positions of trading accounts after.
    pub trader_interest_after: Base,
    /// One side's open interest before, at the oracle price, in quote atoms.
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

/// Looks up the fund's parts.
pub(super) fn fund_parts(cast: &Cast, ledger: &mut impl Ledger) -> Result<FundParts, RiskError> {
    ledger.read(|state| parts(state, cast))?.ok_or(RiskError::Missing("fund"))
}

fn parts(state: &State, cast: &Cast) -> Option<FundParts> {
    let id = state.fund_id(cast.fund).ok()?;
    let fund = state.funds.get(id)?;
    let found = coverage(state, id, fund).ok()?;
    let market = state.market_id(cast.market).ok()?;
    let fee_pool =
        state.ledger.owed(backstop_core::ledger::LedgerAccount::FeePool(market), fund.asset);
    let ratio = |amount: Amount| {
        let bps = mul_div_floor(amount.get(), 10_000, fund.target.get()).ok();
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

/// Where a run stood before its first bar.
pub(super) struct Before {
    pub(super) fund: FundParts,
    pub(super) open_interest: Base,
    pub(super) trader_interest: Base,
    pub(super) notional: Amount,
}

/// A run after its last bar.
pub(super) struct Run<'a> {
    pub(super) setup: &'a super::DemoSetup<'a>,
    pub(super) cast: &'a Cast,
    pub(super) before: &'a Before,
    pub(super) venue: &'a Venue,
    pub(super) conservation: Conservation,
}

/// Puts a report together.
pub(super) fn report(run: &Run<'_>, ledger: &mut impl Ledger) -> Result<DemoReport, RiskError> {
    let Run { setup, cast, before, venue, conservation } = *run;
    let tally = venue.tally();
    let market = ledger.read(|state| state.market_id(cast.market))?;
    let market = market.map_err(|_| RiskError::Market(cast.market))?;
    let layers = (0u8..).zip(&cast.layers);
    let (bps, at) = venue.worst_basis(0);
    Ok(DemoReport {
        preset: cast.preset,
        seed: setup.seed,
        bars: setup.bars.bars.len(),
        steps_per_leg: setup.steps_per_leg,
        accounts: venue.accounts(),
        market: cast.market,
        fund: cast.fund,
        liquidations: tally.liquidations,
        deficits: tally.deficits,
        gross_loss: tally.gross,
        layers: layers
            .map(|(at, source)| LayerPaid { source: *source, amount: tally.layer(market, at) })
            .collect(),
        contributions_used: tally.contributions,
        socialised: tally.socialised,
        residual: tally.residual,
        biggest_loss: tally.biggest,
        fund_before: before.fund,
        fund_after: fund_parts(cast, ledger)?,
        to_fund: tally.to_fund,
        to_liquidators: tally.to_liquidators,
        to_users: tally.to_users,
        overflow: tally.overflow,
        bounties: tally.bounties,
        fees: tally.fees,
        worst_basis: WorstBasis { bps, at },
        open_interest_before: before.open_interest,
        open_interest_after: venue.open_interest(0),
        trader_interest_before: before.trader_interest,
        trader_interest_after: venue.trader_interest(0),
        notional_before: before.notional,
        notional_after: venue.one_sided(0)?,
        conservation,
        batches: tally.batches,
        evidence: venue.evidence().iter().map(|step| step.root).collect(),
    })
}
