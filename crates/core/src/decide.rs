//! Dispatch: each command to its rule. No rule is here.

use crate::{
    command::{Body, Linked},
    compensation,
    event::Event,
    farm,
    fund::{
        crank, drawdown, hold, house, idle,
        inventory::{auction, close, settings, takeover},
        money, protocol, reserve, revenue, risk_message, setup, stake, unstake,
    },
    governance::{Context, authority, custody, proposal, registry, sandbox},
    hosted,
    lending::{self, vault},
    liquidation::{bad_debt, market, offline, open_interest, pools, risk_tier, rules, settle},
    loss::{adl, conversion::book, deposits, equity, lifecycle, recovery},
    oracle::{feed, report},
    pool,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use backstop_units::Timestamp;

/// What can be told of a command without asking who sent it: its times, its size, and what may stand
/// in it.
pub(crate) fn envelope(state: &State, now: Timestamp, body: &Body) -> Result<(), Reject> {
    match body {
        Body::Linked(command) => {
            let steps = &command.steps;
            steps.iter().try_for_each(|step| dated(state, now, step))?;
            let limit = usize::from(state.meta.limits.steps_max);
            if steps.is_empty() || steps.len() > limit {
                return Err(Reject::new(RejectCode::BatchTooLarge, steps.len(), limit));
            }
            steps.iter().try_for_each(compensation::sized)?;
            steps.iter().try_for_each(flat)?;
            steps.iter().try_for_each(|step| sandboxed(state, step))
        }
        Body::Propose(command) => {
            compensation::sized(&command.body)?;
            flat(&command.body)
        }
        single => {
            dated(state, now, single)?;
            compensation::sized(single)?;
            sandboxed(state, single)
        }
    }
}

fn dated(state: &State, now: Timestamp, body: &Body) -> Result<(), Reject> {
    match body {
        Body::Reconcile(command) => custody::dated(state, now, command),
        _ => Ok(()),
    }
}

/// One level deep: what holds other commands, or stands for one, can't be held itself.
fn flat(body: &Body) -> Result<(), Reject> {
    match body {
        Body::Linked(_) | Body::Propose(_) | Body::Approve(_) | Body::Execute(_) => {
            Err(Reject::nested(body.word()))
        }
        _ => Ok(()),
    }
}

fn sandboxed(state: &State, body: &Body) -> Result<(), Reject> {
    match body {
        Body::Opening(_)
        | Body::OpeningShares(_)
        | Body::SetVault(_)
        | Body::OpeningMargin(_)
        | Body::OpeningPosition(_)
        | Body::OpeningReserve(_)
        | Body::OpeningVault(_)
            if !state.meta.limits.sandbox =>
        {
            Err(Reject::new(RejectCode::SandboxOnly, "a live ledger", "a scenario"))
        }
        _ => Ok(()),
    }
}

/// Checks the sender's right, then lets the command's rule emit its events.
pub(crate) fn decide(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Result<(), Halt> {
    match authority::require(txn, context, body) {
        Ok(()) => carry_out(txn, context, body),
        Err(Halt::Reject(reject)) if reject.code >= RejectCode::UnknownAsset => {
            Err(first_missing(txn, context, body, reject))
        }
        Err(halt) => Err(halt),
    }
}

/// The right hangs on something that is not there; something else may be missing that is declared
/// before it, and the rule knows. Whatever the rule says, the command is refused.
fn first_missing(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body, missing: Reject) -> Halt {
    match carry_out(txn, context, body) {
        Err(Halt::Reject(other)) if other.code < missing.code => other.into(),
        _ => missing.into(),
    }
}

fn carry_out(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Result<(), Halt> {
    match composite(txn, context, body) {
        Some(done) => done,
        None => single(txn, context, body).and_then(|event| txn.emit(event)),
    }
}

/// Commands that take several steps.
fn composite(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Option<Result<(), Halt>> {
    Some(match body {
        Body::Stake(c) => stake::stake(txn, context, c),
        Body::RequestUnstake(c) => unstake::request(txn, c),
        Body::CancelUnstake(c) => unstake::cancel(txn, c.ticket),
        Body::ClaimUnstake(c) => unstake::claim(txn, context, c.ticket),
        Body::LapseTicket(c) => unstake::lapse(txn, context, c.ticket),
        Body::GrantProtocolShares(c) => protocol::grant(txn, c),
        Body::RedeemProtocolShares(c) => protocol::redeem(txn, context, c),
        Body::StakeProtocol(c) => protocol::stake(txn, context, c),
        Body::CoverDeficit(c) => pools::cover(txn, context, c),
        Body::SettleLiquidation(c) => settle::settle(txn, context, c),
        Body::SettleBadDebt(c) => bad_debt::settle(txn, context, c),
        Body::CommitReservation(c) => reserve::commit(txn, context, c),
        Body::PlaceLoss(c) => lifecycle::place_assessed(txn, context, c),
        Body::SettleBasis(c) => book::settle(txn, context, c),
        Body::CloseAdl(c) => adl::steps::close(txn, context, c),
        Body::CloseEquity(c) => equity::steps::close(txn, context, c),
        Body::ClaimRecovery(c) => recovery::claim(txn, context, c),
        Body::Propose(c) => proposal::propose(txn, context, c),
        Body::Approve(c) => proposal::approve(txn, context, c),
        Body::Execute(c) => proposal::execute(txn, context, c),
        Body::TakeOver(c) => takeover::take_over(txn, context, c),
        Body::FillInventory(c) => close::fill(txn, context, c),
        Body::BidAuction(c) => auction::bid(txn, context, c),
        Body::DeleverageInventory(c) => close::deleverage(txn, context, c),
        Body::Linked(c) => linked(txn, context, c),
        _ => return of_hosted(txn, context, body).or_else(|| of_lending(txn, context, body)),
    })
}

/// Commands of hosted markets that take several steps.
fn of_hosted(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Option<Result<(), Halt>> {
    Some(match body {
        Body::DepositMargin(c) => hosted::money::deposit(txn, context, c),
        Body::WithdrawMargin(c) => hosted::money::withdraw(txn, context, c),
        Body::ReportMark(c) => hosted::trade::report_mark(txn, context, c),
        Body::Trade(c) => hosted::trade::trade(txn, context, c),
        Body::PayFunding(c) => hosted::trade::pay_funding(txn, context, c),
        Body::FillLiquidation(c) => hosted::liquidate::fill(txn, context, c),
        Body::Deleverage(c) => hosted::deleverage::deleverage(txn, context, c),
        Body::SettleBankrupt(c) => hosted::bankrupt::settle_bankrupt(txn, context, c),
        Body::FlagLiquidation(c) => hosted::backlog::flag(txn, context, c),
        Body::SetMarketStatus(c) => hosted::wind_down::set_status(txn, context, c),
        Body::OpeningPosition(c) => hosted::trade::opening_position(txn, c),
        Body::DepositCollateral(c) => hosted::pledge::deposit(txn, context, c),
        Body::WithdrawCollateral(c) => hosted::pledge::withdraw(txn, context, c),
        Body::SeizeCollateral(c) => hosted::pledge::seize(txn, context, c),
        _ => return None,
    })
}

/// Commands of lending reserves that take several steps: interest comes first.
fn of_lending(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Option<Result<(), Halt>> {
    Some(match body {
        Body::SetReserve(c) => lending::setup::set(txn, context, c),
        Body::AccrueInterest(c) => lending::accrue::crank(txn, context, c),
        Body::CollectInterest(c) => lending::accrue::collect(txn, context, c),
        Body::Supply(c) => lending::supply::supply(txn, context, c),
        Body::WithdrawSupply(c) => lending::supply::withdraw(txn, context, c),
        Body::Pledge(c) => lending::loan::pledge(txn, context, c),
        Body::Unpledge(c) => lending::loan::unpledge(txn, context, c),
        Body::Borrow(c) => lending::loan::borrow(txn, context, c),
        Body::Repay(c) => lending::loan::repay(txn, context, c),
        Body::LiquidateLoan(c) => lending::liquidate::liquidate(txn, context, c),
        Body::MarkImpairment(c) => lending::bad_debt::mark(txn, context, c),
        Body::SetVaultPolicy(c) => vault::curate::set_policy(txn, context, c),
        Body::DepositVault(c) => vault::deposit::deposit(txn, context, c),
        Body::WithdrawVault(c) => vault::leave::leave(txn, context, c),
        Body::RedeemInKind(c) => vault::leave::in_kind(txn, context, c),
        Body::Invest(c) => vault::invest::invest(txn, context, c),
        Body::QueueWithdrawal(c) => vault::queue::join(txn, context, c),
        Body::FillQueue(c) => vault::queue::fill(txn, context, c),
        Body::LeaveQueue(c) => vault::queue::leave(txn, context, c),
        Body::BorrowConditional(c) => vault::conditional::borrow(txn, context, c),
        Body::ChargeFees(c) => vault::payout::charge(txn, context, c),
        Body::RecogniseLoss(c) => vault::loss::recognise(txn, context, c),
        Body::TakeFees(c) => vault::payout::take(txn, context, c),
        Body::GiveUpFees(c) => vault::payout::give_up(txn, context, c),
        Body::FundRewards(c) => vault::payout::fund(txn, context, c),
        Body::SocialiseLoan(c) => lending::bad_debt::socialise(txn, context, c),
        Body::StakePool(c) => pool::stake::stake(txn, context, c),
        Body::MatchPool(c) => pool::matching::add(txn, context, c),
        Body::ExitPool(c) => pool::exit::signal(txn, context, c),
        Body::ClaimPoolExit(c) => pool::exit::claim(txn, context, c.ticket),
        Body::ReleasePool(c) => pool::release::at_once(txn, context, c),
        Body::AnnounceRelease(c) => pool::release::announce(txn, context, c),
        Body::CarryRelease(c) => pool::release::carry(txn, context, c),
        Body::AssessVaultLoss(_)
        | Body::DisputeVaultLoss(_)
        | Body::PayCompensation(_)
        | Body::OpenClaims(_)
        | Body::ClaimCompensation(_)
        | Body::PayClaims(_)
        | Body::CloseClaims(_)
        | Body::PublishClaimsRoot(_)
        | Body::ChallengeClaimsRoot(_)
        | Body::CountClaims(_) => compensation::carry_out(txn, context, body),
        _ => return of_farms(txn, context, body),
    })
}

/// Commands of farms that take several steps: rewards up to now come first.
fn of_farms(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Option<Result<(), Halt>> {
    Some(match body {
        Body::SetFarmPolicy(c) => farm::setup::set_policy(txn, context, c),
        Body::SetReward(c) => farm::rewards::set(txn, context, c),
        Body::FundFarm(c) => farm::rewards::fund(txn, context, c),
        Body::DefundFarm(c) => farm::rewards::defund(txn, context, c),
        Body::StakeFarm(c) => farm::stake::stake(txn, context, c),
        Body::UnstakeFarm(c) => farm::unstake::unstake(txn, context, c),
        Body::CancelFarmTicket(c) => farm::tickets::cancel(txn, context, c),
        Body::WithdrawFarm(c) => farm::tickets::withdraw(txn, context, c),
        Body::HarvestFarm(c) => farm::harvest::harvest(txn, context, c),
        Body::CompoundFarm(c) => farm::compound::compound(txn, context, c),
        Body::TransferFarmStake(c) => farm::transfer::transfer(txn, context, c),
        Body::SetFarmStake(c) => farm::delegated::set(txn, context, c),
        Body::RewardOnce(c) => farm::delegated::reward_once(txn, context, c),
        Body::GiveFarmStake(c) => farm::gift::give(txn, context, c),
        Body::RefreshFarm(c) => farm::gift::refresh(txn, context, c),
        _ => return None,
    })
}

/// Commands that are one fact: those about the registry and funds, and the others.
fn single(txn: &Txn<'_>, context: &Context<'_>, body: &Body) -> Result<Event, Halt> {
    let state = txn.state();
    match body {
        Body::RegisterAsset(c) => registry::register_asset(state, c),
        Body::OpenAccount(c) => registry::open_account(state, context, c),
        Body::SetRoles(c) => registry::set_roles(state, c),
        Body::SetCouncil(c) => registry::set_council(c),
        Body::ActivateRules(c) => registry::activate_rules(state, c),
        Body::Opening(c) => sandbox::opening(state, c),
        Body::OpeningShares(c) => sandbox::opening_shares(state, c),
        Body::SetVault(c) => sandbox::set_vault(state, c),
        Body::CreateFund(c) => setup::create_fund(state, c),
        Body::CreateTranche(c) => setup::create_tranche(state, c),
        Body::SetThreshold(c) => setup::set_threshold(state, c),
        Body::SetTarget(c) => setup::set_target(state, c),
        Body::SetSplit(c) => setup::set_split(state, c),
        Body::SetCovers(c) => setup::set_covers(state, c),
        Body::Contribute(c) => money::contribute(state, context, c),
        Body::WithdrawExcess(c) => money::withdraw_excess(state, context, c),
        Body::PayRevenue(c) => revenue::pay(state, c),
        Body::SettleRevenue(c) => revenue::settle(state, context, c),
        Body::ReportLiquidity(c) => revenue::report_liquidity(state, c),
        Body::SetRevenue(c) => revenue::set_revenue(state, c),
        Body::RaiseAlert(c) => hold::raise_alert(state, context, c),
        Body::EndAlert(c) => hold::end_alert(state, context, c),
        Body::PauseEntries(c) => hold::pause_entries(state, context, c),
        Body::SetControl(c) => crank::set_control(state, context, c),
        Body::RunControl(c) => crank::run_control(state, context, c),
        Body::ReportConditions(c) => crank::report_conditions(state, context, c),
        Body::AddSpike(c) => crank::add_spike(state, context, c),
        Body::EndSpike(c) => crank::end_spike(state, context, c),
        Body::ReportRisk(c) => risk_message::report(state, context, c),
        Body::MoveIdle(c) => idle::move_idle(state, context, c),
        Body::SetHouse(c) => house::set(state, c),
        Body::ReportHouse(c) => house::report(state, c),
        Body::RepayHouse(c) => house::repay(state, context, c),
        Body::DistributeSurplus(c) => house::distribute(state, context, c),
        Body::Reserve(c) => reserve::reserve(state, context, c),
        Body::ReleaseReservation(c) => reserve::release(state, context, c),
        Body::SetOfflineBudget(c) => offline::set_budget(state, c),
        Body::SetDrawdown(c) => drawdown::set_drawdown(state, c),
        Body::CheckDrawdown(c) => drawdown::check_drawdown(state, c, context.now),
        _ => of_markets(state, context, body),
    }
}

/// Those about markets, losses, custody, prices and proposals.
fn of_markets(state: &State, context: &Context<'_>, body: &Body) -> Result<Event, Halt> {
    match body {
        Body::CreateMarket(c) => market::create(state, context, c),
        Body::SetWaterfall(c) => market::set_waterfall(state, c),
        Body::SetOpenInterestMax(c) => open_interest::set_max(state, c),
        Body::ReportOpenInterest(c) => open_interest::report(state, context, c),
        Body::ReportDeposits(c) => deposits::report(state, c),
        Body::SetMarketRules(c) => rules::set(state, c),
        Body::PayFees(c) => market::pay_fees(state, c),
        Body::SetPools(c) => pools::set_pools(state, c),
        Body::ReportResults(c) => pools::report_results(state, c),
        Body::BalancePools(c) => pools::balance(state, c),
        Body::FundPnlPool(c) => pools::fund_pnl_pool(state, c),
        Body::SetTier(c) => risk_tier::set_tier(state, c),
        Body::SetMarketTier(c) => risk_tier::set_market_tier(state, c),
        Body::MarkInventory(c) => close::mark(state, context, c),
        Body::StartAuction(c) => auction::start(state, context, c),
        Body::SetInventory(c) => settings::set(state, c),
        Body::DeclareLoss(c) => lifecycle::declare(state, context, c),
        Body::AssessLoss(c) => lifecycle::assess(state, context, c),
        Body::CloseLoss(c) => lifecycle::close(state, c),
        Body::VoidLoss(c) => lifecycle::void(state, c),
        Body::LapseDeclaration(c) => lifecycle::lapse(state, context, c),
        Body::RecoverLoss(c) => recovery::recover(state, c),
        Body::BookConversion(c) => book::book(state, context, c),
        Body::OpenAdl(c) => adl::steps::open(state, c),
        Body::SubmitAdlPart(c) => adl::steps::submit(state, c),
        Body::RunAdl(c) => adl::steps::run(state, c),
        Body::OpenEquity(c) => equity::steps::open(state, c),
        Body::SubmitEquityPart(c) => equity::steps::submit(state, c),
        Body::RunEquity(c) => equity::steps::run(state, c),
        Body::BeginTransfer(c) => custody::begin(state, c),
        Body::ResolveTransfer(c) => custody::resolve(state, c),
        Body::Reconcile(c) => custody::reconcile(state, context, c),
        Body::CancelProposal(c) => proposal::cancel(state, context, c),
        Body::RegisterIndex(c) => feed::register_index(state, c),
        Body::RegisterFeed(c) => feed::register_feed(state, c),
        Body::ReportPrice(c) => report::report(state, context, c),
        Body::SetIndexPolicy(c) => feed::set_policy(state, c),
        Body::RetireFeed(c) => feed::retire(state, c),
        Body::SetMarginPool(c) => hosted::setup::set_pool(state, c),
        Body::SetHostedRules(c) => hosted::rules::set(state, c),
        Body::SetCollateral(c) => hosted::collateral::set(state, c),
        Body::MergeIsolated(c) => hosted::merge::merge(state, c),
        Body::RecapitalisePool(c) => hosted::haircut::leave::recapitalise(state, c),
        Body::OpeningMargin(c) => hosted::money::opening(state, c),
        Body::CreateVault(c) => vault::curate::create(state, c),
        Body::OpeningReserve(c) => vault::opening::reserve(state, c),
        Body::OpeningVault(c) => vault::opening::vault(state, c),
        Body::ListReserve(c) => vault::curate::list(state, c),
        Body::ClaimQueued(c) => vault::queue::claim(state, c),
        Body::SetAllocation(c) => vault::curate::allocate(state, context, c),
        Body::ApplyAllocation(c) => vault::curate::apply(state, context, c),
        Body::VetoAllocation(c) => vault::curate::veto(state, c),
        Body::RemoveAllocation(c) => vault::curate::remove(state, c),
        Body::CreateReserve(c) => lending::setup::create(state, c),
        Body::SetReserveStatus(c) => lending::setup::set_status(state, c),
        Body::CreateInsurancePool(c) => pool::setup::create(state, c),
        Body::CancelPoolExit(c) => pool::exit::cancel(state, c.ticket),
        Body::OfferPool(c) => pool::owner::offer(state, context, c),
        Body::AcceptPool(c) => pool::owner::accept(state, context, c),
        Body::SetPoolSigner(c) => pool::owner::set_signer(state, context, c),
        Body::DisputeRelease(c) => pool::release::dispute(state, context, c),
        _ => facts_of_farms(state, body),
    }
}

/// Those about farms.
fn facts_of_farms(state: &State, body: &Body) -> Result<Event, Halt> {
    match body {
        Body::CreateFarm(c) => farm::setup::create(state, c),
        Body::AttachFarm(c) => farm::setup::attach(state, c),
        Body::OfferFarm(c) => farm::setup::offer(state, c),
        Body::TakeFarm(c) => farm::setup::take(state, c),
        Body::PayPenalties(c) => farm::gift::pay_penalties(state, c),
        // What takes several steps was carried out before.
        _ => Err(Reject::nested(body.word()).into()),
    }
}

/// All steps or none; how many and which is a matter of the [`envelope`].
fn linked(txn: &mut Txn<'_>, context: &Context<'_>, command: &Linked) -> Result<(), Halt> {
    command.steps.iter().try_for_each(|step| decide(txn, context, step))
}
