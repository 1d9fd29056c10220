//! Queries: pure questions to a state, or to a formula. They journal nothing.

mod deleverage;
mod deposits;
mod fee;
mod house;
mod input;
mod inventory;
mod lending;
mod liquidation;
mod margin;

mod pools;
mod settlement;
mod shares;

mod adl;
mod equity;
mod oracle;

pub use adl::Deleveraging;
pub use equity::EquityShares;

use crate::{
    json::problem,
    view::{
        account_view, compensation_view, farm_view, fund_view, holders_view, holding_view,
        insurance_view, lending_view, loss_view, margin_view, market_view, pool_view, reserve_view,
        revenue_view, staker_view, tier_view, vault_losses_view, vault_view, waterfall_view,
    },
};
use backstop_core::{
    Corrupt, Halt, State,
    fund::{self, surplus},
    ledger::LedgerAccount,
    liquidation::charge,
    policy::Cause,
};
use backstop_units::{Amount, Label, LossId, Timestamp, VaultLossId};
use serde::Deserialize;
use serde_json::{Value, json};

/// One question.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Query {
    /// What the operator may withdraw from a fund, or which rule leaves nothing.
    Excess {
        /// Which fund.
        fund: Label,
    },
    /// How a remaining collateral would be shared now.
    Split {
        /// Which fund.
        fund: Label,
        /// How many atoms.
        collateral: Amount,
        /// The closed notional, for a fund that charges on it.
        #[serde(default)]
        notional: Amount,
    },
    /// What the next settlement of a fund's revenue would move, and when it is due.
    Revenue {
        /// Which fund.
        fund: Label,
    },
    /// When revenue is due that was last settled at some moment.
    RevenueSchedule(shares::RevenueSchedule),
    /// By which power of ten shares would be rescaled.
    Rescale(shares::Rescale),
    /// What would pass between a market's pools and the revenue pool.
    PoolFlow(Box<pools::PoolFlow>),
    /// A fund's own account at a venue, and what would leave it or be repaid now.
    House(house::HouseQuery),
    /// How far a loss lowers the index of lenders' deposits.
    DepositIndex(deposits::DepositIndex),
    /// A risk tier's ceilings.
    Tier {
        /// Which tier.
        tier: Label,
    },
    /// How many shares of a ticket would be forfeited if it were taken back.
    Forfeit(shares::Forfeit),
    /// Who would pay how much of a loss now.
    Waterfall {
        /// Which market.
        market: Label,
        /// How many atoms.
        loss: Amount,
        /// Why; bankruptcy if left out.
        #[serde(default = "bankruptcy")]
        cause: Cause,
    },
    /// A fund's parts.
    Fund {
        /// Which fund.
        fund: Label,
    },
    /// An account's balances, stakes, tickets and claims.
    Account {
        /// Which account.
        account: Label,
    },
    /// A market's open interest, index, pools and layers.
    Market {
        /// Which market.
        market: Label,
    },
    /// A loss with its rows.
    Loss {
        /// Which loss.
        loss: LossId,
    },
    /// An index's price or why there is none, its feeds and what it accepted lately.
    Price {
        /// Which index.
        index: Label,
    },
    /// Seal, ranks and cuts of a list of candidates.
    Deleveraging(Deleveraging),
    /// Seal and shares of a list of accounts that a claim by equity is put on.
    EquityShares(EquityShares),
    /// What a market's fund has taken over, and what its auction asks.
    Inventory {
        /// Which market.
        market: Label,
    },
    /// What an auction asks so long after it began.
    AuctionPrice(Box<inventory::AuctionPrice>),
    /// Debits and credits of each asset.
    TrialBalance {},
    /// The state's hash.
    StateHash {},
    /// What an account is worth and needs.
    Margin(margin::MarginQuery),
    /// What a position has gained between two prices.
    Pnl(margin::PnlQuery),
    /// What a position is owed between two readings of a funding index.
    Funding(margin::FundingQuery),
    /// What collateral counts for, after haircuts and caps.
    CollateralValue(margin::CollateralQuery),
    /// What an unrealised gain counts for.
    PnlWeight(margin::PnlWeightQuery),
    /// Whether a trade stays within position and open-interest limits.
    TradeLimits(margin::LimitsQuery),
    /// What a position pays for its size.
    SizeFee(margin::SizeFeeQuery),
    /// What closing a part of a position must bring.
    BankruptcyPrice(liquidation::CloseQuery),
    /// Bankruptcy and liquidation price of a position with its own margin.
    IsolatedPrices(liquidation::IsolatedPricesQuery),
    /// The mark at which an account falls under maintenance.
    LiquidationPrice(liquidation::LiquidationPriceQuery),
    /// The worst price at which a liquidation order may rest.
    LimitPrice(liquidation::LimitPriceQuery),
    /// What a fill brings the fund or costs it.
    FundDelta(liquidation::FundDeltaQuery),
    /// Whether and how far a fund can pay a delta.
    FundPayout(liquidation::PayoutQuery),
    /// How much of a position one step may close.
    LiquidationStep(liquidation::StepQuery),
    /// How much may be closed when a large position begins with a part.
    GentleStart(liquidation::GentleStartQuery),
    /// What limits over time leave.
    LiquidationAllowance(liquidation::AllowanceQuery),
    /// Whether a fall from a peak sends losses to deleveraging.
    Drawdown(liquidation::DrawdownQuery),
    /// The fund's fee on closing a position.
    PositionFee(fee::PositionFeeQuery),
    /// The fund's fee on repaying a debt with collateral.
    DebtFee(fee::DebtFeeQuery),
    /// A liquidator's fee that rises while nobody acts.
    LiquidatorFee(fee::LiquidatorFeeQuery),
    /// Collateral taken for debt: who pays and gets what.
    Seizure(fee::SeizureQuery),
    /// A loser's `PnL`: settled with the liquidator, taken over for a fund's money, spread.
    PnlSettlement(settlement::PnlSettlementQuery),
    /// What a fund pays a liquidator who takes over a debt.
    DebtTakeover(settlement::DebtTakeoverQuery),
    /// At which price an account may be deleveraged now.
    DeleverageAllowed(deleverage::DeleverageAllowedQuery),
    /// One position closed against one other.
    DeleverageTrade(deleverage::DeleverageTradeQuery),
    /// One position closed against several others, in their order.
    DeleverageWalk(deleverage::DeleverageWalkQuery),
    /// A collateral pool, and whether money may leave it.
    MarginPool {
        /// Of which fund.
        fund: Label,
    },
    /// What an account holds in a pool, is worth and needs.
    MarginAccount {
        /// Whose.
        account: Label,
        /// In which fund's pool.
        fund: Label,
    },
    /// The yearly rate that borrowers pay at a utilization.
    BorrowRate(lending::BorrowRate),
    /// By which factor a debt grows.
    GrowthFactor(lending::GrowthFactor),
    /// What a reserve's shares and atoms stand for.
    ReserveExchange(lending::ReserveExchange),
    /// What interest adds to a reserve, and whose it is.
    Accrual(Box<lending::Accrual>),
    /// What a debt that is taken off costs lenders.
    LossOfReserve(Box<lending::LossOfReserve>),
    /// What a vault's fees leave of a yield.
    NetYield(lending::NetYield),
    /// A lending reserve at this moment, interest of whole periods added.
    Reserve {
        /// Which reserve.
        reserve: Label,
    },
    /// A vault: money, shares, fees, allocations and their targets.
    Vault {
        /// Which vault.
        vault: Label,
    },
    /// A farm: what is staked, its rewards, its rules.
    Farm {
        /// Which farm.
        farm: Label,
    },
    /// What an account has in a farm, and could claim.
    Staker {
        /// Whose.
        account: Label,
        /// In which farm.
        farm: Label,
    },
    /// What an account holds of a vault, and waits with in its queue.
    Holding {
        /// Whose.
        account: Label,
        /// Of which vault.
        vault: Label,
    },
    /// The largest holders of a vault, with what their shares are worth.
    Holders {
        /// Of which vault.
        vault: Label,
        /// At most so many.
        #[serde(default = "twenty")]
        limit: usize,
    },
    /// What a vault has lost: what is certain, who bore it, what was made good.
    VaultLosses {
        /// Which vault.
        vault: Label,
    },
    /// The insurance pool of a vault: tranches, live coverage, stakes, exits, owner and signers.
    InsurancePool {
        /// Of which vault.
        vault: Label,
    },
    /// What of a vault's loss is made good: assessment, money, claims, their root, what is missing; for an account, what
    /// it is due and the proof of that.
    Compensation {
        /// Of which loss.
        loss: VaultLossId,
        /// For whom.
        #[serde(default)]
        account: Option<Label>,
    },
    /// What an account supplied to a reserve and owes it.
    Lending {
        /// Whose.
        account: Label,
        /// In which reserve.
        reserve: Label,
    },
    /// Whether money may leave a pool that was seen in trouble.
    WithdrawalGate(deleverage::WithdrawalGateQuery),
}

const fn twenty() -> usize {
    20
}

const fn bankruptcy() -> Cause {
    Cause::Bankruptcy
}

/// Answers a query as of `now`; a refusal says which rule stands in the way.
///
/// # Errors
/// A reject when a label is unknown, or what an invariant's breach says.
pub fn answer(state: &State, query: &Query, now: Timestamp) -> Result<Value, Halt> {
    match query {
        Query::Excess { fund } => excess(state, *fund, now),
        Query::Split { fund, collateral, notional } => {
            share(state, *fund, (*collateral, *notional), now)
        }
        Query::Revenue { fund } => revenue_view(state, state.fund_id(*fund)?, now),
        Query::RevenueSchedule(query) => Ok(query.answer(now)),
        Query::Rescale(query) => Ok(query.answer()),
        Query::Forfeit(query) => query.answer(),
        Query::PoolFlow(query) => query.answer(),
        Query::House(query) => query.answer(state, now),
        Query::DepositIndex(query) => query.answer(),
        Query::Tier { tier } => tier_view(state, *tier),
        Query::Waterfall { market, loss, cause } => {
            waterfall_view(state, *market, *loss, *cause, now)
        }
        Query::Fund { fund } => fund_view(state, state.fund_id(*fund)?, now),
        Query::Account { account } => account_view(state, *account, now),
        Query::Market { market } => market_view(state, state.market_id(*market)?, now),
        Query::Loss { loss } => loss_view(state, *loss),
        Query::Price { index } => oracle::price_view(state, *index, now),
        Query::Deleveraging(query) => adl::answer(state, query),
        Query::EquityShares(query) => equity::answer(state, query),
        Query::Inventory { market } => inventory::answer(state, *market, now),
        Query::AuctionPrice(query) => query.answer(),
        Query::TrialBalance {} => Ok(trial_balance(state)),
        Query::StateHash {} => Ok(json!({ "state_hash": state.hash() })),
        Query::Margin(query) => Ok(query.answer()?),
        Query::Pnl(query) => Ok(query.answer()?),
        Query::Funding(query) => Ok(query.answer()?),
        Query::CollateralValue(query) => Ok(query.answer()?),
        Query::PnlWeight(query) => Ok(query.answer()?),
        Query::TradeLimits(query) => Ok(query.answer()?),
        Query::SizeFee(query) => Ok(query.answer()?),
        Query::BankruptcyPrice(query) => Ok(query.answer()?),
        Query::IsolatedPrices(query) => Ok(query.answer()?),
        Query::LiquidationPrice(query) => Ok(query.answer()?),
        Query::LimitPrice(query) => Ok(query.answer()?),
        Query::FundDelta(query) => Ok(query.answer()?),
        Query::FundPayout(query) => Ok(query.answer()?),
        Query::LiquidationStep(query) => Ok(query.answer()?),
        Query::GentleStart(query) => Ok(query.answer()?),
        Query::LiquidationAllowance(query) => Ok(query.answer()?),
        Query::Drawdown(query) => Ok(query.answer()?),
        Query::PositionFee(query) => Ok(query.answer()?),
        Query::DebtFee(query) => Ok(query.answer()?),
        Query::LiquidatorFee(query) => Ok(query.answer()),
        Query::Seizure(query) => Ok(query.answer()?),
        Query::PnlSettlement(query) => query.answer(),
        Query::DebtTakeover(query) => query.answer(),
        Query::DeleverageAllowed(query) => Ok(query.answer()?),
        Query::DeleverageTrade(query) => Ok(query.answer()?),
        Query::DeleverageWalk(query) => Ok(query.answer()?),
        Query::MarginPool { fund } => pool_view(state, state.fund_id(*fund)?, now),
        Query::MarginAccount { account, fund } => margin_view(state, (*account, *fund), now),
        Query::BorrowRate(query) => query.answer(),
        Query::GrowthFactor(query) => query.answer(),
        Query::ReserveExchange(query) => query.answer(),
        Query::Accrual(query) => query.answer(),
        Query::LossOfReserve(query) => query.answer(),
        Query::NetYield(query) => query.answer(),
        Query::WithdrawalGate(query) => Ok(query.answer()?),
        _ => of_lending(state, query, now),
    }
}

/// Reserves, vaults, farms and pools.
fn of_lending(state: &State, query: &Query, now: Timestamp) -> Result<Value, Halt> {
    match query {
        Query::Reserve { reserve } => reserve_view(state, state.reserve_id(*reserve)?, now),
        Query::Holding { account, vault } => holding_view(state, (*account, *vault), now),
        Query::Vault { vault } => vault_view(state, state.vault_id(*vault)?, now),
        Query::Farm { farm } => farm_view(state, state.farm_id(*farm)?, now),
        Query::Staker { account, farm } => staker_view(state, (*account, *farm), now),
        Query::Holders { vault, limit } => holders_view(state, (*vault, *limit), now),
        Query::VaultLosses { vault } => vault_losses_view(state, *vault),
        Query::InsurancePool { vault } => insurance_view(state, *vault, now),
        Query::Compensation { loss, account } => compensation_view(state, *loss, *account),
        Query::Lending { account, reserve } => lending_view(state, (*account, *reserve), now),
        _ => Err(Corrupt::DanglingHandle.into()),
    }
}

fn excess(state: &State, label: Label, now: Timestamp) -> Result<Value, Halt> {
    let id = state.fund_id(label)?;
    let item = state.funds.expect(id)?;
    match fund::excess(state, id, item, now) {
        Ok(limit) => Ok(json!({ "allowed_max": limit })),
        Err(Halt::Reject(reject)) => {
            Ok(json!({ "allowed_max": Amount::ZERO, "because": problem(&reject) }))
        }
        Err(corrupt) => Err(corrupt),
    }
}

fn share(
    state: &State,
    label: Label,
    sums: (Amount, Amount),
    now: Timestamp,
) -> Result<Value, Halt> {
    let id = state.fund_id(label)?;
    let item = state.funds.expect(id)?;
    let parts = charge::parts(state, id, item, sums, now)?;
    let routed = surplus::account(state, id, item, now)?;
    Ok(json!({
        "to_fund": parts.fund,
        "to_liquidator": parts.liquidator,
        "to_user": parts.user,
        "overflow": parts.overflow,
        "overflow_to": item.policy.split.overflow,
        "routed_to": routed.map(LedgerAccount::word),
    }))
}

fn trial_balance(state: &State) -> Value {
    let rows = state.ledger.totals().into_iter().map(|total| {
        let label = state.assets.get(total.asset).map(|item| item.label);
        let (debits, credits) = (total.debits.amount(), total.credits.amount());
        json!({ "asset": label, "debits": debits, "credits": credits, "balanced": total.balances() })
    });
    json!({ "assets": rows.collect::<Vec<_>>() })
}
