//! Which right each command needs: one table for all of them.

mod lending;

use super::{Context, Power, approvals};
use crate::{
    command::{Body, Direction, Party, SetHostedRules, SetIndexPolicy, SetMarketStatus},
    event::Event,
    fund::{inventory::settings, rails},
    hosted::rules,
    liquidation::{offline, open_interest},
    loss::lifecycle::find,
    policy::{LayerPolicy, LayerSource, MarketStatus, Role, Roles},
    reject::{Halt, Reject, RejectCode},
    state::{FeedSource, Fund, State},
    txn::Txn,
};
use backstop_units::{AccountId, FundId, Label, MarketId, Span};

/// The right that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// None: time or a signature inside decides.
    Anyone,
    /// One of these roles.
    Role(Roles),
    /// The account itself, or the venue that acts for its holder.
    Owner(AccountId),
    /// This account itself, while it is an office of the venue or the risk desk.
    Reporter(AccountId),
    /// The market's own venue, or the operator.
    Venue(MarketId),
    /// The council, after a delay. A ledger without council keys leaves it to the operator.
    Council(Span),
    /// A proposal, an approval or an execution: its own rules follow.
    Own,
}

const OPERATOR: Roles = Roles::of(&[Role::Operator]);
const OPENS_ACCOUNTS: Roles = Roles::of(&[Role::Operator, Role::Venue]);
const DECLARES: Roles = Roles::of(&[Role::Venue, Role::Risk, Role::Guardian]);
const RISK: Roles = Roles::of(&[Role::Risk]);
const RETURNS: Roles = Roles::of(&[Role::Operator, Role::Risk, Role::Guardian]);
const PLACES: Roles = Roles::of(&[Role::Risk, Role::Keeper, Role::Operator]);
const CRANKS: Roles = Roles::of(&[Role::Keeper, Role::Venue, Role::Operator]);
const ALERTS: Roles = Roles::of(&[Role::Guardian, Role::Risk]);
const VENUE: Roles = Roles::of(&[Role::Venue]);
const VENUE_OR_OPERATOR: Roles = Roles::of(&[Role::Venue, Role::Operator]);
const GUARDIAN: Roles = Roles::of(&[Role::Guardian]);
const REPORTS: Roles = Roles::of(&[Role::Venue, Role::Risk, Role::Operator]);
const FEEDS: Roles = Roles::of(&[Role::Venue, Role::Risk]);
const PROTECTS: Roles = Roles::of(&[Role::Risk, Role::Operator]);
const CUSTODY: Roles = Roles::of(&[Role::Custodian, Role::Operator]);

/// The right that `body` needs in this state.
///
/// # Errors
/// A reject when the body names what does not exist.
pub fn authority(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Anyone, Council, Own, Owner};
    let config = state.meta.limits.config_delay;
    let account = |label| state.account_id(label).map(Owner);
    Ok(match body {
        Body::RegisterAsset(_)
        | Body::CreateFund(_)
        | Body::CreateTranche(_)
        | Body::Opening(_)
        | Body::OpeningShares(_)
        | Body::SetVault(_)
        | Body::OpeningMargin(_)
        | Body::OpeningPosition(_)
        | Body::RegisterIndex(_) => Authority::Role(OPERATOR),
        Body::OpenAccount(_) => Authority::Role(OPENS_ACCOUNTS),
        Body::SetRoles(_)
        | Body::SetCouncil(_)
        | Body::ActivateRules(_)
        | Body::SetSplit(_)
        | Body::SetDrawdown(_)
        | Body::SetMarginPool(_)
        | Body::SetCollateral(_)
        | Body::MergeIsolated(_)
        | Body::RegisterFeed(_) => Council(config),
        Body::CreateMarket(c) => Council(waterfall_delay(state, &c.policy.waterfall, config)?),
        Body::SetWaterfall(c) => Council(waterfall_delay(state, &c.layers, config)?),
        Body::SetThreshold(c) => protective(state, c.fund, |f| c.threshold >= f.threshold)?,
        Body::SetTarget(c) => protective(state, c.fund, |f| c.target >= f.target)?,
        Body::SetCovers(c) => Council(covers_delay(state, state.fund_id(c.fund)?, config)?),
        Body::SetRevenue(c) => Council(covers_delay(state, state.fund_id(c.fund)?, config)?),
        Body::PayRevenue(c) => party(state, c.from)?,
        Body::ReportLiquidity(_) => Authority::Role(REPORTS),
        Body::GrantProtocolShares(c) => Council(protocol_delay(state, c.tranche)?),
        Body::RedeemProtocolShares(c) => Council(protocol_delay(state, c.tranche)?),
        Body::StakeProtocol(c) => account(c.account)?,
        Body::Contribute(c) => account(c.account)?,
        Body::Stake(c) => account(c.account)?,
        Body::RequestUnstake(c) => account(c.account)?,
        Body::ClaimRecovery(c) => account(c.account)?,
        Body::DepositMargin(c) => account(c.account)?,
        Body::WithdrawMargin(c) => account(c.account)?,
        Body::CancelUnstake(c) => ticket_owner(state, c.ticket)?,
        Body::ClaimUnstake(c) => ticket_owner(state, c.ticket)?,
        Body::SetControl(_)
        | Body::ReportConditions(_)
        | Body::AddSpike(_)
        | Body::EndSpike(_)
        | Body::MoveIdle(_)
        | Body::SetOfflineBudget(_)
        | Body::SetOpenInterestMax(_) => steering(state, body)?,
        Body::RunControl(_)
        | Body::CheckDrawdown(_)
        | Body::LapseTicket(_)
        | Body::LapseDeclaration(_)
        | Body::SettleRevenue(_)
        | Body::FlagLiquidation(_)
        | Body::BalancePools(_)
        | Body::DistributeSurplus(_) => Anyone,
        Body::SetHouse(_) | Body::ReportHouse(_) | Body::RepayHouse(_) => of_house(state, body)?,
        Body::WithdrawExcess(c) => Council(withdraw_delay(state, state.fund_id(c.fund)?)?),
        Body::RaiseAlert(_) | Body::EndAlert(_) | Body::RetireFeed(_) => Authority::Role(ALERTS),
        Body::PauseEntries(_) => Authority::Role(GUARDIAN),
        Body::Propose(_)
        | Body::Approve(_)
        | Body::Execute(_)
        | Body::CancelProposal(_)
        | Body::Linked(_) => Own,
        _ => of_markets(state, body)?,
    })
}

/// The right that a command about markets, losses, custody or prices needs.
fn of_markets(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Council, Venue};
    let market = |label| state.market_id(label).map(Venue);
    Ok(match body {
        Body::SetPools(_) | Body::SetTier(_) | Body::SetMarketTier(_) | Body::SetMarketRules(_) => {
            Council(state.meta.limits.config_delay)
        }
        Body::ReportOpenInterest(c) => market(c.market)?,
        Body::ReportDeposits(c) => market(c.market)?,
        Body::PayFees(c) => market(c.market)?,
        Body::SettleLiquidation(c) => market(c.market)?,
        Body::SettleBadDebt(c) => market(c.market)?,
        Body::ReportResults(c) => market(c.market)?,
        Body::FundPnlPool(c) => market(c.market)?,
        Body::CoverDeficit(c) => market(c.market)?,
        Body::Reserve(c) => market(c.market)?,
        Body::CommitReservation(c) => market(c.settlement.market)?,
        Body::ReleaseReservation(c) => market(c.market)?,
        Body::DeclareLoss(_) => Authority::Role(DECLARES),
        Body::AssessLoss(_) | Body::CloseLoss(_) => Authority::Role(RISK),
        Body::PlaceLoss(_) | Body::SettleBasis(_) => Authority::Role(PLACES),
        Body::BookConversion(c) if c.any_price => Council(Span::ZERO),
        Body::BookConversion(c) => market(c.market)?,
        Body::VoidLoss(_) => Council(Span::ZERO),
        Body::OpenAdl(c) => Venue(find(state, c.loss)?.market),
        Body::SubmitAdlPart(c) => Venue(find(state, c.loss)?.market),
        Body::OpenEquity(c) => Venue(find(state, c.loss)?.market),
        Body::SubmitEquityPart(c) => Venue(find(state, c.loss)?.market),
        Body::RunAdl(_)
        | Body::CloseAdl(_)
        | Body::RunEquity(_)
        | Body::CloseEquity(_)
        | Body::SettleBankrupt(_) => Authority::Role(CRANKS),
        Body::TakeOver(c) => market(c.market)?,
        Body::FillInventory(c) => market(c.market)?,
        Body::MarkInventory(c) if c.mark.is_some() => market(c.market)?,
        Body::MarkInventory(_) | Body::ReportRisk(_) => Authority::Anyone,
        Body::StartAuction(c) => ending(state, c.market)?,
        Body::DeleverageInventory(c) => ending(state, c.market)?,
        Body::BidAuction(c) => Authority::Owner(state.account_id(c.bidder)?),
        Body::RecapitalisePool(c) => Authority::Owner(state.account_id(c.account)?),
        Body::DepositCollateral(c) => Authority::Owner(state.account_id(c.account)?),
        Body::WithdrawCollateral(c) => Authority::Owner(state.account_id(c.account)?),
        Body::SeizeCollateral(c) => Authority::Owner(state.account_id(c.liquidator)?),
        Body::SetInventory(c) => {
            let line = state.inventories.expect(state.market_id(c.market)?)?;
            if settings::widens(line, &c.policy) {
                Council(state.meta.limits.config_delay)
            } else {
                Authority::Role(PROTECTS)
            }
        }
        Body::RecoverLoss(c) => party(state, c.from)?,
        Body::BeginTransfer(c) => match c.direction {
            Direction::In => Authority::Role(CUSTODY),
            Direction::Out => party(state, c.party)?,
        },
        Body::ResolveTransfer(_) | Body::Reconcile(_) => Authority::Role(CUSTODY),
        Body::ReportPrice(c) => reporter(state, c.feed)?,
        Body::SetIndexPolicy(c) => index_policy(state, c)?,
        Body::ReportMark(c) => market(c.market)?,
        Body::Trade(c) => market(c.market)?,
        Body::PayFunding(c) => market(c.market)?,
        Body::FillLiquidation(c) => market(c.market)?,
        Body::Deleverage(c) => market(c.market)?,
        Body::SetMarketStatus(c) => wind_down(state, c)?,
        Body::SetHostedRules(c) => hosted_rules(state, c)?,
        _ => lending::of_lending(state, body)?,
    })
}

/// A rise protects and is immediate for the risk desk; a fall waits for the council and the delay.
fn protective(
    state: &State,
    fund: Label,
    rises: impl Fn(&Fund) -> bool,
) -> Result<Authority, Halt> {
    let fund = state.funds.expect(state.fund_id(fund)?)?;
    let at_once = Authority::Role(PROTECTS);
    Ok(if rises(fund) { at_once } else { Authority::Council(fund.policy.threshold_delay) })
}

/// A position past a limit of time or loss is anybody's to have closed.
fn ending(state: &State, market: Label) -> Result<Authority, Halt> {
    let line = state.inventories.expect(state.market_id(market)?)?;
    Ok(if line.is_due(state.meta.now) { Authority::Anyone } else { Authority::Role(PROTECTS) })
}

/// Signed reports come from anybody, others from the feed's own account.
fn reporter(state: &State, feed: Label) -> Result<Authority, Halt> {
    Ok(match state.feeds.expect(state.feed_id(feed)?)?.source {
        FeedSource::Key(_) => Authority::Anyone,
        FeedSource::Account(account) => Authority::Reporter(account),
    })
}

/// Stricter rules protect and are immediate; any other set waits for the council and the delay.
fn index_policy(state: &State, command: &SetIndexPolicy) -> Result<Authority, Halt> {
    let index = state.indexes.expect(state.index_id(command.index)?)?;
    Ok(if command.policy.tightens(&index.policy) {
        Authority::Role(PROTECTS)
    } else {
        Authority::Council(state.meta.limits.config_delay)
    })
}

/// The venue may let positions only shrink, and close a market that has none; what settles positions at
/// the mark, or goes a step back, waits for the council and the delay.
fn wind_down(state: &State, command: &SetMarketStatus) -> Result<Authority, Halt> {
    let market = state.market_id(command.market)?;
    let own = matches!(command.status, MarketStatus::ReduceOnly | MarketStatus::Closed);
    let forward = state.hosted(market).is_ok_and(|hosted| hosted.status < command.status);
    Ok(if own && forward {
        Authority::Venue(market)
    } else {
        Authority::Council(state.meta.limits.config_delay)
    })
}

/// Lower caps protect and are immediate; any other change waits for the council and the delay.
fn hosted_rules(state: &State, command: &SetHostedRules) -> Result<Authority, Halt> {
    let hosted = state.hosted(state.market_id(command.market)?)?;
    Ok(if rules::tightens(&hosted.policy, &command.rules) {
        Authority::Role(PROTECTS)
    } else {
        Authority::Council(state.meta.limits.config_delay)
    })
}

/// The protocol's shares leave as the operator's excess does: after the same delay.
fn protocol_delay(state: &State, tranche: Label) -> Result<Span, Halt> {
    withdraw_delay(state, state.tranches.expect(state.tranche_id(tranche)?)?.fund)
}

/// How long the operator waits for a fund's excess.
fn withdraw_delay(state: &State, fund: FundId) -> Result<Span, Halt> {
    Ok(state.funds.expect(fund)?.policy.withdraw_delay)
}

/// A house account: whom it pays is the council's, after the delay of a withdrawal; what it is worth its
/// venue's to say; what it owes is paid by an office of the house unless its rules let anyone.
fn of_house(state: &State, body: &Body) -> Result<Authority, Halt> {
    let house = |label: Label| -> Result<_, Halt> {
        let fund = state.funds.expect(state.fund_id(label)?)?;
        let terms = fund.house.as_deref().map(|house| house.terms);
        Ok(terms.ok_or_else(|| Reject::got(RejectCode::HouseOff, fund.label))?)
    };
    Ok(match body {
        Body::SetHouse(c) => {
            let delay = withdraw_delay(state, state.fund_id(c.fund)?)?;
            Authority::Council(delay.max(state.meta.limits.config_delay))
        }
        Body::ReportHouse(c) => Authority::Venue(house(c.fund)?.market),
        Body::RepayHouse(c) if house(c.fund)?.anyone_repays => Authority::Anyone,
        _ => Authority::Role(PLACES),
    })
}

/// What steers a fund: within the rails that the council set the risk desk moves at once; the rails
/// themselves are the council's, and so is the first setting.
fn steering(state: &State, body: &Body) -> Result<Authority, Halt> {
    let role = match body {
        Body::SetControl(c) => {
            let old = state.controls.expect(state.fund_id(c.fund)?)?.policy.as_deref();
            old.filter(|old| !rails::widens(old, &c.policy)).map(|_| RISK)
        }
        Body::SetOfflineBudget(c) => (!offline::widens(state, c)?).then_some(RISK),
        Body::SetOpenInterestMax(c) => (!open_interest::widens(state, c)?).then_some(RISK),
        Body::ReportConditions(c) if c.forecast.is_none() => Some(REPORTS),
        Body::MoveIdle(c) if c.direction == Direction::In => Some(RETURNS),
        Body::MoveIdle(_) => Some(OPERATOR),
        _ => Some(RISK),
    };
    Ok(role.map_or(Authority::Council(state.meta.limits.config_delay), Authority::Role))
}

/// Covering more than stakers agreed to waits until those who object can have left.
fn covers_delay(state: &State, fund: FundId, least: Span) -> Result<Span, Halt> {
    let cooldowns =
        state.tranches_of(state.funds.expect(fund)?).map(|(_, tranche)| tranche.policy.cooldown);
    Ok(cooldowns.fold(least, Span::max))
}

/// A waterfall that draws on stakers waits until those who object can have left.
fn waterfall_delay(state: &State, layers: &[LayerPolicy], least: Span) -> Result<Span, Halt> {
    let mut delay = least;
    for layer in layers {
        if let LayerSource::Staked(label) = layer.source {
            delay = delay.max(state.tranches.expect(state.tranche_id(label)?)?.policy.cooldown);
        }
    }
    Ok(delay)
}

fn party(state: &State, party: Party) -> Result<Authority, Halt> {
    Ok(match party {
        Party::Account(label) => Authority::Owner(state.account_id(label)?),
        Party::Clearing(label) => Authority::Venue(state.market_id(label)?),
    })
}

fn ticket_owner(state: &State, ticket: backstop_units::TicketId) -> Result<Authority, Halt> {
    let ticket = crate::fund::unstake::find_ticket(state, ticket)?;
    Ok(Authority::Owner(state.positions.expect(ticket.position)?.account))
}

/// The least delay of a command that is the council's whatever it names: known even where what it
/// names, and so the whole delay, is not.
fn least_delay(state: &State, body: &Body) -> Option<Span> {
    match body {
        Body::CreateMarket(_)
        | Body::SetWaterfall(_)
        | Body::SetCovers(_)
        | Body::SetHouse(_)
        | Body::SetRevenue(_) => Some(state.meta.limits.config_delay),
        Body::WithdrawExcess(_) | Body::GrantProtocolShares(_) | Body::RedeemProtocolShares(_) => {
            Some(Span::ZERO)
        }
        _ => None,
    }
}

/// Refuses a command whose sender lacks the right; uses up an approval's nonce.
pub(crate) fn require(txn: &mut Txn<'_>, context: &Context<'_>, body: &Body) -> Result<(), Halt> {
    if matches!(context.power, Power::Granted) {
        return Ok(());
    }
    let state = txn.state();
    let found = authority(state, body);
    // What is not there is told after all that can be told of the sender without it.
    let needed = match &found {
        Ok(needed) => Some(*needed),
        Err(_) => least_delay(state, body).map(Authority::Council),
    };
    match needed {
        None | Some(Authority::Anyone) => {}
        // These look at the signatures themselves, or leave it to their steps.
        Some(Authority::Own) => return Ok(()),
        Some(Authority::Role(roles)) => has_role(state, context, roles)?,
        Some(Authority::Reporter(account)) => {
            has_role(state, context, FEEDS)?;
            if context.actor != Some(account) {
                return Err(not_owner(state, context, account)?.into());
            }
        }
        Some(Authority::Owner(owner)) => {
            if !acts_for(state, context, owner)? {
                return Err(not_owner(state, context, owner)?.into());
            }
        }
        Some(Authority::Venue(market)) => {
            if context.actor != Some(state.markets.expect(market)?.venue)
                && has_role(state, context, OPERATOR).is_err()
            {
                return Err(role_missing(held(state, context)?, VENUE_OR_OPERATOR).into());
            }
        }
        Some(Authority::Council(delay)) => {
            let nonce = council(state, context, delay)?;
            found?;
            return nonce.map_or(Ok(()), |nonce| txn.emit(Event::NonceUsed { nonce }));
        }
    }
    approvals::sound(context)?;
    found.map(drop)
}

/// Whether the council wants it, or the operator where there is none; the nonce that this uses up.
fn council(state: &State, context: &Context<'_>, delay: Span) -> Result<Option<u64>, Halt> {
    let verified = if state.council.keys.is_empty() {
        has_role(state, context, OPERATOR)?;
        approvals::sound(context)?;
        None
    } else {
        Some(approvals::quorum(state, context)?)
    };
    if !delay.is_zero() {
        return Err(Reject::new(RejectCode::Timelocked, Span::ZERO, delay).into());
    }
    let Some(verified) = verified else { return Ok(None) };
    approvals::standing(state, verified.digest, verified.nonce, verified.expires_at)?;
    Ok(Some(verified.nonce))
}

/// Whether the sender is the account's holder, or the venue that acts for him.
fn acts_for(state: &State, context: &Context<'_>, owner: AccountId) -> Result<bool, Halt> {
    if context.actor == Some(owner) {
        return Ok(true);
    }
    let venue = state.accounts.expect(owner)?.venue;
    Ok(venue.is_some() && venue == context.actor && has_role(state, context, VENUE).is_ok())
}

/// Who sent it, and whose it is.
fn not_owner(state: &State, context: &Context<'_>, owner: AccountId) -> Result<Reject, Halt> {
    let actor = context.actor.and_then(|actor| state.accounts.get(actor));
    let actor = actor.map_or(Label::NONE, |actor| actor.label);
    Ok(Reject::new(RejectCode::NotOwner, actor, state.accounts.expect(owner)?.label))
}

/// The roles of the sender.
fn held(state: &State, context: &Context<'_>) -> Result<Roles, Halt> {
    Ok(match context.actor {
        Some(actor) => state.accounts.expect(actor)?.roles,
        None => Roles::NONE,
    })
}

/// What the sender has, and all that would do.
fn role_missing(held: Roles, roles: Roles) -> Reject {
    let held = held.iter().next().map_or("none", Role::word);
    let mut needed = roles.iter();
    match (needed.next(), needed.next()) {
        (Some(role), None) => Reject::new(RejectCode::RoleMissing, held, role.word()),
        _ => Reject::new(RejectCode::RoleMissing, held, roles),
    }
}

/// Whether the sender holds one of these roles.
pub(crate) fn has_role(state: &State, context: &Context<'_>, roles: Roles) -> Result<(), Halt> {
    let held = held(state, context)?;
    if held.meets(roles) {
        return Ok(());
    }
    Err(role_missing(held, roles).into())
}
