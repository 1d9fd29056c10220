//! Which right each command needs: one table for all of them.

use super::{Context, Power, approvals};
use crate::{
    command::{Body, Party},
    event::Event,
    loss::lifecycle::find,
    policy::{LayerPolicy, LayerSource, Role, Roles},
    reject::{Halt, Reject, RejectCode},
    state::{Fund, State},
    txn::Txn,
};
use backstop_units::{AccountId, Amount, FundId, Label, MarketId, Span};

/// The right that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// None: time or a signature inside decides.
    Anyone,
    /// One of these roles.
    Role(Roles),
    /// The account itself, or the venue that acts for its holder.
    Owner(AccountId),
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
const PLACES: Roles = Roles::of(&[Role::Risk, Role::Keeper, Role::Operator]);
const CRANKS: Roles = Roles::of(&[Role::Keeper, Role::Venue, Role::Operator]);
const ALERTS: Roles = Roles::of(&[Role::Guardian, Role::Risk]);
const VENUE: Roles = Roles::of(&[Role::Venue]);
const GUARDIAN: Roles = Roles::of(&[Role::Guardian]);
const REPORTS: Roles = Roles::of(&[Role::Venue, Role::Risk, Role::Operator]);
const CUSTODY: Roles = Roles::of(&[Role::Custodian, Role::Operator]);

/// The right that `body` needs in this state.
///
/// # Errors
/// A reject when the body names what does not exist.
pub fn authority(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Anyone, Council, Own, Owner, Venue};
    let config = state.meta.limits.config_delay;
    let account = |label| state.account_id(label).map(Owner);
    let market = |label| state.market_id(label).map(Venue);
    Ok(match body {
        Body::RegisterAsset(_)
        | Body::CreateFund(_)
        | Body::CreateTranche(_)
        | Body::Opening(_)
        | Body::OpeningShares(_)
        | Body::SetVault(_) => Authority::Role(OPERATOR),
        Body::OpenAccount(_) => Authority::Role(OPENS_ACCOUNTS),
        Body::SetRoles(_) | Body::SetCouncil(_) | Body::ActivateRules(_) | Body::SetSplit(_) => {
            Council(config)
        }
        Body::SetPools(_) | Body::SetTier(_) | Body::SetMarketTier(_) => Council(config),
        Body::CreateMarket(c) => Council(waterfall_delay(state, &c.policy.waterfall, config)?),
        Body::SetWaterfall(c) => Council(waterfall_delay(state, &c.layers, config)?),
        Body::SetThreshold(c) => protective(state, c.fund, c.threshold, |fund| fund.threshold)?,
        Body::SetTarget(c) => protective(state, c.fund, c.target, |fund| fund.target)?,
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
        Body::CancelUnstake(c) => ticket_owner(state, c.ticket)?,
        Body::ClaimUnstake(c) => ticket_owner(state, c.ticket)?,
        Body::LapseTicket(_)
        | Body::LapseDeclaration(_)
        | Body::SettleRevenue(_)
        | Body::BalancePools(_) => Anyone,
        Body::WithdrawExcess(c) => {
            Council(state.funds.expect(state.fund_id(c.fund)?)?.policy.withdraw_delay)
        }
        Body::RaiseAlert(_) | Body::EndAlert(_) => Authority::Role(ALERTS),
        Body::PauseEntries(_) => Authority::Role(GUARDIAN),
        Body::ReportOpenInterest(c) => market(c.market)?,
        Body::PayFees(c) => market(c.market)?,
        Body::SettleLiquidation(c) => market(c.market)?,
        Body::ReportResults(c) => market(c.market)?,
        Body::FundPnlPool(c) => market(c.market)?,
        Body::CoverDeficit(c) => market(c.market)?,
        Body::DeclareLoss(_) => Authority::Role(DECLARES),
        Body::AssessLoss(_) | Body::CloseLoss(_) => Authority::Role(RISK),
        Body::PlaceLoss(_) => Authority::Role(PLACES),
        Body::VoidLoss(_) => Council(Span::ZERO),
        Body::OpenAdl(c) => Venue(find(state, c.loss)?.market),
        Body::SubmitAdlPart(c) => Venue(find(state, c.loss)?.market),
        Body::RunAdl(_) | Body::CloseAdl(_) => Authority::Role(CRANKS),
        Body::RecoverLoss(c) => party(state, c.from)?,
        Body::BeginTransfer(c) => match c.direction {
            crate::command::Direction::In => Authority::Role(CUSTODY),
            crate::command::Direction::Out => party(state, c.party)?,
        },
        Body::ResolveTransfer(_) | Body::Reconcile(_) => Authority::Role(CUSTODY),
        Body::Propose(_)
        | Body::Approve(_)
        | Body::Execute(_)
        | Body::CancelProposal(_)
        | Body::Linked(_) => Own,
    })
}

/// A rise protects and is immediate for the risk desk; a fall waits for the council and the delay.
fn protective(
    state: &State,
    label: Label,
    new: Amount,
    present: fn(&Fund) -> Amount,
) -> Result<Authority, Halt> {
    let fund = state.funds.expect(state.fund_id(label)?)?;
    Ok(if new >= present(fund) {
        Authority::Role(Roles::of(&[Role::Risk, Role::Operator]))
    } else {
        Authority::Council(fund.policy.threshold_delay)
    })
}

/// The protocol's shares leave as the operator's excess does: after the same delay.
fn protocol_delay(state: &State, tranche: Label) -> Result<Span, Halt> {
    let fund = state.tranches.expect(state.tranche_id(tranche)?)?.fund;
    Ok(state.funds.expect(fund)?.policy.withdraw_delay)
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
        Some(Authority::Owner(owner)) => {
            if !acts_for(state, context, owner)? {
                return Err(not_owner(state, context, owner)?.into());
            }
        }
        Some(Authority::Venue(market)) => {
            if context.actor != Some(state.markets.expect(market)?.venue) {
                has_role(state, context, OPERATOR)?;
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

/// Whether the sender holds one of these roles.
pub(crate) fn has_role(state: &State, context: &Context<'_>, roles: Roles) -> Result<(), Halt> {
    let held = match context.actor {
        Some(actor) => state.accounts.expect(actor)?.roles,
        None => Roles::NONE,
    };
    if held.meets(roles) {
        return Ok(());
    }
    let needed = roles.iter().next().map_or("none", Role::word);
    Err(Reject::new(RejectCode::RoleMissing, held.iter().next().map_or("none", Role::word), needed)
        .into())
}
