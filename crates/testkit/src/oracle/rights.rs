//! Who may send what, as one naive table.

use super::{Answer, Call, No, model::Model, need, refuse};
use crate::world::label;
use backstop_core::{
    Body,
    command::{Direction, Party},
    policy::{LayerSource, Role},
};
use backstop_units::{Label, Span};

/// What a command asks of its sender.
pub(super) enum Right {
    Anyone,
    Roles(&'static [Role]),
    Owner(Label),
    Venue,
    /// The venue itself, which reports for the feed without a key.
    Reporter,
    /// The council, after this long.
    Council(Span),
}

/// What a market's own venue sends.
const fn of_a_venue(body: &Body) -> bool {
    matches!(
        body,
        Body::ReportOpenInterest(_)
            | Body::ReportDeposits(_)
            | Body::PayFees(_)
            | Body::ReportResults(_)
            | Body::FundPnlPool(_)
            | Body::CoverDeficit(_)
            | Body::SettleLiquidation(_)
            | Body::Reserve(_)
            | Body::CommitReservation(_)
            | Body::ReleaseReservation(_)
    )
}

impl Model {
    pub(super) fn has(&self, call: &Call<'_>, roles: &[Role]) -> bool {
        let mut held = self.roles.iter().filter(|(name, _)| Some(*name) == call.actor);
        held.any(|(_, held)| held.iter().any(|role| roles.contains(role)))
    }

    pub(super) fn may(&self, call: &Call<'_>, body: &Body) -> Answer {
        let allowed = match self.right(body)? {
            Right::Anyone => true,
            Right::Roles(roles) => self.has(call, roles),
            // The one venue acts for every trader of the world, and for no office.
            Right::Owner(owner) => {
                let office = self.roles.iter().any(|(name, _)| *name == owner);
                call.actor == Some(owner) || (!office && self.has(call, &[Role::Venue]))
            }
            // One account is the venue of all markets of the world.
            Right::Reporter => call.actor == Some(label("venue")),
            Right::Venue => self.has(call, &[Role::Operator, Role::Venue]),
            Right::Council(delay) if !delay.is_zero() => return refuse("a timelock"),
            // Scripts sign proposals only.
            Right::Council(_) => self.council.0 == 0 && self.has(call, &[Role::Operator]),
        };
        need(allowed, "the sender may not")
    }

    fn party(&self, party: Party) -> Result<Right, No> {
        match party {
            Party::Account(label) => self.account(label).map(|()| Right::Owner(label)),
            Party::Clearing(label) => self.market(label).map(|_| Right::Venue),
        }
    }

    /// The protocol's shares leave as the operator's excess does.
    fn protocol(&self, tranche: Label) -> Result<Right, No> {
        let fund = self.tranches[self.tranche(tranche)?].fund;
        Ok(Right::Council(self.funds[fund].policy.withdraw_delay))
    }

    fn holder(&self, account: Label) -> Result<Right, No> {
        self.party(Party::Account(account))
    }

    fn ticket_owner(&self, ticket: u32) -> Result<Right, No> {
        let ticket = usize::try_from(ticket).ok().and_then(|at| self.tickets.get(at));
        let owner = ticket.map(|ticket| Right::Owner(ticket.account));
        owner.ok_or(No::Refused("unknown ticket"))
    }

    /// The council decides what could hurt; a rise of threshold or target protects.
    pub(super) fn right(&self, body: &Body) -> Result<Right, No> {
        use Role::{Custodian, Guardian, Keeper, Operator, Risk, Venue};
        let config = self.limits.config_delay;
        let protects = |rises, delay| {
            if rises { Right::Roles(&[Risk, Operator]) } else { Right::Council(delay) }
        };
        Ok(match body {
            Body::OpenAccount(_) => Right::Roles(&[Operator, Venue]),
            Body::SetWaterfall(c) => {
                // Who objects to a waterfall that draws on his stake must be able to leave before.
                let mut delay = config;
                for layer in &c.layers {
                    if let LayerSource::Staked(tranche) = layer.source {
                        delay = delay.max(self.tranches[self.tranche(tranche)?].policy.cooldown);
                    }
                }
                Right::Council(delay)
            }
            Body::SetThreshold(c) => {
                let fund = &self.funds[self.fund(c.fund)?];
                protects(c.threshold.get() >= fund.threshold, fund.policy.threshold_delay)
            }
            Body::SetTarget(c) => {
                let fund = &self.funds[self.fund(c.fund)?];
                protects(c.target.get() >= fund.target, fund.policy.threshold_delay)
            }
            Body::SetCovers(c) => {
                let cooldowns =
                    self.tranches_of(self.fund(c.fund)?).map(|(_, t)| t.policy.cooldown);
                Right::Council(cooldowns.fold(config, Span::max))
            }
            Body::WithdrawExcess(c) => {
                Right::Council(self.funds[self.fund(c.fund)?].policy.withdraw_delay)
            }
            Body::GrantProtocolShares(c) => self.protocol(c.tranche)?,
            Body::RedeemProtocolShares(c) => self.protocol(c.tranche)?,
            Body::StakeProtocol(c) => self.holder(c.account)?,
            Body::PayRevenue(c) => self.party(c.from)?,
            Body::ReportLiquidity(_) => Right::Roles(&[Venue, Risk, Operator]),
            Body::VoidLoss(_) => Right::Council(Span::ZERO),
            Body::Contribute(c) => self.holder(c.account)?,
            Body::Stake(c) => self.holder(c.account)?,
            Body::RequestUnstake(c) => self.holder(c.account)?,
            Body::ClaimRecovery(c) => self.holder(c.account)?,
            Body::RecoverLoss(c) => self.party(c.from)?,
            Body::CancelUnstake(c) => self.ticket_owner(c.ticket.get())?,
            Body::ClaimUnstake(c) => self.ticket_owner(c.ticket.get())?,
            Body::RaiseAlert(_) | Body::EndAlert(_) => Right::Roles(&[Guardian, Risk]),
            Body::PauseEntries(_) => Right::Roles(&[Guardian]),
            _ if of_a_venue(body) => Right::Venue,
            Body::DeclareLoss(_) => Right::Roles(&[Venue, Risk, Guardian]),
            Body::AssessLoss(_) | Body::CloseLoss(_) => Right::Roles(&[Risk]),
            Body::PlaceLoss(_) => Right::Roles(&[Risk, Keeper, Operator]),
            Body::BeginTransfer(c) if c.direction == Direction::Out => self.party(c.party)?,
            Body::BeginTransfer(_) | Body::ResolveTransfer(_) | Body::Reconcile(_) => {
                Right::Roles(&[Custodian, Operator])
            }
            Body::Linked(_)
            | Body::RunControl(_)
            | Body::LapseTicket(_)
            | Body::SettleRevenue(_)
            | Body::BalancePools(_)
            | Body::LapseDeclaration(_)
            | Body::Propose(_)
            | Body::Approve(_)
            | Body::Execute(_)
            | Body::CancelProposal(_) => Right::Anyone,
            _ => self.steers(body)?,
        })
    }
}
