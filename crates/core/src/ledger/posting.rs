//! Postings as a pure function of an event: derived, never stored.

use super::LedgerAccount;
use crate::{
    command::{Direction, Outcome},
    compensation,
    event::{Cohort, Event, LineMove, RevenuePart},
    farm, lending,
    loss::conversion::evolve as conversion,
    pool,
};
use backstop_units::{Amount, AssetId, FundId, MarketId};

/// Moves `amount` of `asset` from the credit of one account to the credit of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account that gives (its debits grow).
    pub debit: LedgerAccount,
    /// The account that takes (its credits grow).
    pub credit: LedgerAccount,
    /// Of which asset.
    pub asset: AssetId,
    /// How many atoms.
    pub amount: Amount,
}

/// Hands every posting of `event` to `post`, in order.
///
/// # Errors
/// The first error of `post`.
pub fn postings<E>(event: &Event, mut post: impl FnMut(Posting) -> Result<(), E>) -> Result<(), E> {
    use LedgerAccount as L;
    let mut one = |asset, debit, credit, amount| post(Posting { debit, credit, asset, amount });
    match event {
        Event::Contributed { fund, account, asset, amount } => {
            one(*asset, L::Balance(*account), L::Contributions(*fund), *amount)
        }
        Event::ExcessWithdrawn { fund, asset, treasury, amount } => {
            one(*asset, L::Reserve(*fund), L::Balance(*treasury), *amount)
        }
        Event::Staked { tranche, account, asset, amount, .. }
        | Event::ProtocolStaked { tranche, account, asset, amount, .. } => {
            one(*asset, L::Balance(*account), L::Tranche(*tranche), *amount)
        }
        Event::Unstaked { tranche, fund, account, asset, amount, orphaned, .. } => {
            one(*asset, L::Tranche(*tranche), L::Balance(*account), *amount)?;
            one(*asset, L::Tranche(*tranche), L::Reserve(*fund), *orphaned)
        }
        Event::FeesPaid { .. }
        | Event::RevenuePaid { .. }
        | Event::RevenueSettled { .. }
        | Event::RevenueRouted { .. }
        | Event::ProtocolSharesRedeemed { .. }
        | Event::VaultForced { .. }
        | Event::IdleMoved { .. }
        | Event::HouseRepaid { .. }
        | Event::SurplusDistributed { .. } => revenue(event, one),
        Event::PoolsBalanced { .. }
        | Event::PnlPoolFunded { .. }
        | Event::DeficitCovered { .. } => pools(event, one),
        Event::LiquidationSettled { .. } => settled(event, one),
        Event::LossPlaced(_) | Event::LossReallocated(_) => placed(event, one),
        Event::Lending(event) => lending::evolve::postings(event, one),
        Event::Vault(event) => lending::vault::evolve::postings(event, one),
        Event::Pool(event) => pool::evolve::postings(event, one),
        Event::Farm(event) => farm::evolve::postings(event, one),
        Event::Compensation(event) => compensation::evolve::postings(event, one),
        Event::LayerConverted(_) | Event::ConversionBooked(_) | Event::BasisSettled(_) => {
            conversion::postings(event, one)
        }
        Event::LossVoided { market, asset, parts, .. } => parts
            .iter()
            .try_for_each(|part| one(*asset, L::Clearing(*market), part.to, part.amount)),
        Event::LossRecovered { asset, from, parts, .. } => {
            parts.iter().try_for_each(|part| one(*asset, *from, part.to, part.amount))
        }
        Event::RecoveryClaimed { loss, account, asset, amount, .. } => {
            one(*asset, L::Recoveries(*loss), L::Balance(*account), *amount)
        }
        Event::AdlClosed { .. } | Event::EquityClosed { .. } => claim_closed(event, one),
        Event::PositionTaken { moved, .. }
        | Event::InventoryFilled(moved)
        | Event::InventoryDeleveraged(moved) => line(moved, one),
        Event::AuctionWon { bidder, margin, moved, .. } => {
            one(moved.asset, L::Balance(*bidder), L::Clearing(moved.market), *margin)?;
            line(moved, one)
        }
        Event::TransferBegun { direction, party, asset, amount, .. } => {
            begun(*direction, *party, *asset, *amount, one)
        }
        Event::TransferResolved { direction, party, asset, amount, outcome, .. } => {
            resolved((*direction, *outcome), *party, *asset, *amount, one)
        }
        Event::Reconciled { asset, surplus, shortfall, .. } => {
            one(*asset, L::Custody(*asset), L::Suspense(*asset), *surplus)?;
            one(*asset, L::Suspense(*asset), L::Custody(*asset), *shortfall)
        }
        _ => collateral(event, one),
    }
}

/// Opening balances; money in and out of the collateral pools of hosted markets.
fn collateral<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        Event::Opened { account, asset, amount } => {
            one(*asset, L::Opening(*asset), *account, *amount)
        }
        Event::MarginDeposited(it) => {
            one(it.asset, L::Balance(it.account), L::Collateral(it.fund), it.amount)
        }
        Event::MarginWithdrawn(it) => {
            one(it.asset, L::Collateral(it.fund), L::Balance(it.account), it.amount)
        }
        Event::CollateralDeposited(it) => {
            one(it.asset, L::Balance(it.account), L::Collateral(it.fund), it.amount)
        }
        Event::CollateralWithdrawn(it) => {
            one(it.asset, L::Collateral(it.fund), L::Balance(it.account), it.amount)
        }
        Event::CollateralSeized(it) => {
            let (pool, buyer) = (L::Collateral(it.fund), L::Balance(it.liquidator));
            one(it.seized, pool, buyer, it.amount)?;
            one(it.asset, buyer, pool, it.paid)?;
            one(it.asset, pool, L::Reserve(it.fund), it.to_fund)?;
            one(it.asset, pool, L::Balance(it.treasury), it.overflow)
        }
        Event::HaircutTaken(it) => {
            one(it.asset, L::Collateral(it.fund), L::Haircut(it.fund), it.amount)
        }
        Event::PoolRecapitalised(it) => {
            one(it.asset, L::Balance(it.account), L::Haircut(it.fund), it.amount)
        }
        Event::MarginOpened { fund, asset, amount, .. } => {
            let (opening, pool) = (L::Opening(*asset), L::Collateral(*fund));
            one(*asset, opening, pool, amount.positive())?;
            one(*asset, pool, opening, amount.negative())
        }
        Event::Traded(fill) => {
            let (pool, fees) = (L::Collateral(fill.fund), L::FeePool(fill.market));
            one(fill.asset, pool, fees, fill.buyer_fee)?;
            one(fill.asset, pool, fees, fill.seller_fee)
        }
        Event::MarginLiquidated(it) => {
            let pool = L::Collateral(it.fund);
            one(it.asset, pool, L::Reserve(it.fund), it.to_fund)?;
            one(it.asset, pool, L::Balance(it.treasury), it.overflow)
        }
        Event::PoolPaid(it) => {
            one(it.asset, L::Clearing(it.market), L::Collateral(it.fund), it.paid)
        }
        Event::MarginMoved(it) if it.from_fund != it.to_fund => {
            let (from, to) = (L::Collateral(it.from_fund), L::Collateral(it.to_fund));
            one(it.asset, from, to, it.amount)
        }
        Event::MarketStatusSet(it) => {
            one(it.asset, L::Collateral(it.fund), L::Reserve(it.fund), it.dust)
        }
        Event::IsolatedMerged(it) => {
            one(it.asset, L::Reserve(it.from), L::Reserve(it.to), it.reserve)?;
            let (given, taken) = (L::Contributions(it.from), L::Contributions(it.to));
            one(it.asset, given, taken, it.contributions)?;
            one(it.asset, L::Collateral(it.from), L::Collateral(it.to), it.collateral)
        }
        _ => Ok(()),
    }
}

/// What was left of a liquidated account, shared; and the bounty of one that was under water.
fn settled<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    let Event::LiquidationSettled {
        market,
        account,
        liquidator,
        asset,
        fund,
        to_fund,
        to_liquidator,
        to_user,
        overflow,
        overflow_to,
        bounty,
    } = event
    else {
        return Ok(());
    };
    let clearing = L::Clearing(*market);
    one(*asset, clearing, L::Reserve(*fund), *to_fund)?;
    one(*asset, clearing, L::Balance(*liquidator), *to_liquidator)?;
    one(*asset, clearing, L::Balance(*account), *to_user)?;
    one(*asset, clearing, *overflow_to, *overflow)?;
    one(*asset, L::Reserve(*fund), L::Balance(*liquidator), *bounty)
}

/// Fees and income that are paid in and settled, the protocol's shares, idle cash, house accounts, and
/// what a scenario forces.
fn revenue<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        Event::FeesPaid { market, asset, amount } => {
            one(*asset, L::Clearing(*market), L::FeePool(*market), *amount)
        }
        Event::RevenuePaid { fund, from, asset, amount } => {
            one(*asset, *from, L::Revenue(*fund), *amount)
        }
        Event::RevenueSettled { fund, asset, to_reserve, parts } => {
            one(*asset, L::Revenue(*fund), L::Reserve(*fund), *to_reserve)?;
            to_tranches(*fund, *asset, parts, one)
        }
        Event::RevenueRouted { fund, asset, amount, to, parts } => {
            one(*asset, L::Revenue(*fund), *to, *amount)?;
            to_tranches(*fund, *asset, parts, one)
        }
        Event::ProtocolSharesRedeemed { tranche, asset, treasury, amount, .. } => {
            one(*asset, L::Tranche(*tranche), L::Balance(*treasury), *amount)
        }
        Event::VaultForced { tranche, asset, gain, loss } => {
            one(*asset, L::External(*asset), L::Tranche(*tranche), *gain)?;
            one(*asset, L::Tranche(*tranche), L::External(*asset), *loss)
        }
        Event::IdleMoved { fund, asset, direction, amount } => {
            let (debit, credit) = idle(*fund, *direction);
            one(*asset, debit, credit, *amount)
        }
        Event::HouseRepaid { fund, market, asset, amount } => {
            one(*asset, L::Reserve(*fund), L::Clearing(*market), *amount)
        }
        Event::SurplusDistributed { market, asset, beneficiary, amount, .. } => {
            one(*asset, L::Clearing(*market), L::Balance(*beneficiary), *amount)
        }
        _ => Ok(()),
    }
}

/// What a settlement of revenue brings staked tranches.
fn to_tranches<E>(
    fund: FundId,
    asset: AssetId,
    parts: &[RevenuePart],
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let pool = LedgerAccount::Revenue(fund);
    let tranche = |part: &RevenuePart| LedgerAccount::Tranche(part.tranche);
    parts.iter().try_for_each(|part| one(asset, pool, tranche(part), part.amount))
}

/// What a market's pools and the revenue pool feed each other.
fn pools<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        Event::PoolsBalanced { market, fund, asset, flow } => {
            let (fees, winners) = (L::FeePool(*market), L::PnlPool(*market));
            one(*asset, fees, winners, flow.to_pnl)?;
            one(*asset, winners, fees, flow.from_pnl)?;
            one(*asset, fees, L::Revenue(*fund), flow.to_revenue)?;
            one(*asset, L::Revenue(*fund), fees, flow.from_revenue)
        }
        Event::PnlPoolFunded { market, asset, amount }
        | Event::DeficitCovered { market, asset, amount, .. } => {
            one(*asset, L::Clearing(*market), L::PnlPool(*market), *amount)
        }
        _ => Ok(()),
    }
}

/// From where to where idle cash goes.
const fn idle(fund: FundId, direction: Direction) -> (LedgerAccount, LedgerAccount) {
    let (reserve, placed) = (LedgerAccount::Reserve(fund), LedgerAccount::Idle(fund));
    match direction {
        Direction::Out => (reserve, placed),
        Direction::In => (placed, reserve),
    }
}

/// The account that a row of a loss on `market` is taken from.
pub(crate) fn row_account(cohort: &Cohort, market: MarketId) -> LedgerAccount {
    match cohort {
        Cohort::FeePool => LedgerAccount::FeePool(market),
        Cohort::Reserve(fund) => LedgerAccount::Reserve(*fund),
        Cohort::Contributions(fund) => LedgerAccount::Contributions(*fund),
        Cohort::Stakers { tranche, .. } => LedgerAccount::Tranche(*tranche),
        Cohort::Positions { .. } => LedgerAccount::Socialised(market),
        Cohort::Residual => LedgerAccount::Residual(market),
        Cohort::Adl { .. } => LedgerAccount::Deleveraged(market),
        Cohort::Equity { .. } => LedgerAccount::ByEquity(market),
        Cohort::Depositors { .. } => LedgerAccount::Depositors(market),
        Cohort::House(_) => LedgerAccount::HouseDrawn(market),
        Cohort::Haircut { fund, .. } => LedgerAccount::Haircut(*fund),
    }
}

fn placed<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let (asset, market, rows) = match event {
        Event::LossPlaced(loss) => (loss.asset, loss.market, &loss.rows),
        Event::LossReallocated(rest) => (rest.asset, rest.market, &rest.rows),
        _ => return Ok(()),
    };
    let clearing = LedgerAccount::Clearing(market);
    rows.iter()
        .try_for_each(|row| one(asset, row_account(&row.cohort, market), clearing, row.amount))
}

/// What a claim could not bring is not owed by its layer any more.
fn claim_closed<E>(
    event: &Event,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    use LedgerAccount as L;
    match event {
        Event::AdlClosed { market, asset, rest, .. } => {
            one(*asset, L::Clearing(*market), L::Deleveraged(*market), *rest)
        }
        Event::EquityClosed { market, asset, rest, .. } => {
            one(*asset, L::Clearing(*market), L::ByEquity(*market), *rest)
        }
        _ => Ok(()),
    }
}

/// A trade on a position that was taken over: margin and gain come from the venue, a loss goes to it as far
/// as the margin reaches, and what a flat line leaves is the fund's.
fn line<E>(
    moved: &LineMove,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let (asset, market) = (moved.asset, moved.market);
    let (clearing, line) = (LedgerAccount::Clearing(market), LedgerAccount::Inventory(market));
    one(asset, clearing, line, moved.margin_in)?;
    one(asset, clearing, line, moved.result.positive())?;
    one(asset, line, clearing, moved.from_margin)?;
    one(asset, line, LedgerAccount::Reserve(moved.fund), moved.released)
}

/// Incoming money is held in transit for its owner; outgoing money leaves its owner at once.
fn begun<E>(
    direction: Direction,
    party: LedgerAccount,
    asset: AssetId,
    amount: Amount,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let transit = LedgerAccount::InTransit(asset);
    match direction {
        Direction::In => one(asset, transit, pending(party), amount),
        Direction::Out => one(asset, party, transit, amount),
    }
}

fn resolved<E>(
    (direction, outcome): (Direction, Outcome),
    party: LedgerAccount,
    asset: AssetId,
    amount: Amount,
    mut one: impl FnMut(AssetId, LedgerAccount, LedgerAccount, Amount) -> Result<(), E>,
) -> Result<(), E> {
    let (transit, custody) = (LedgerAccount::InTransit(asset), LedgerAccount::Custody(asset));
    match (direction, outcome) {
        (Direction::In, Outcome::Confirmed) => {
            one(asset, custody, transit, amount)?;
            one(asset, pending(party), party, amount)
        }
        (Direction::In, Outcome::Failed) => one(asset, pending(party), transit, amount),
        (Direction::Out, Outcome::Confirmed) => one(asset, transit, custody, amount),
        (Direction::Out, Outcome::Failed) => one(asset, transit, party, amount),
    }
}

/// Where money on its way to `party` waits.
fn pending(party: LedgerAccount) -> LedgerAccount {
    match party {
        LedgerAccount::Balance(account) => LedgerAccount::Pending(account),
        LedgerAccount::Clearing(market) => LedgerAccount::PendingClearing(market),
        other => other,
    }
}
