//! A naive model of the money rules: plain structs, lists that are searched from end to end, and
//! explicit memory of who held what when.
//!
//! It is written from the design's text and knows nothing of slabs, epochs, buckets or postings. It is
//! slow on purpose. What it does not predict to the atom is what the design leaves open: when a rolling
//! limit refills (up to a 24th of its span late). There it demands that the core's answer lies within
//! the bounds, and takes it over.

mod adl;
mod begin;
mod charge;
mod claim;
mod compare;
mod control;
mod custody;
mod declare;
mod deposits;
mod fund;
mod governance;
mod limits;
mod loss;
mod math;
mod model;
mod place;
mod pools;
mod price;
mod rails;
mod recovery;
mod reserve;
mod revenue;
mod rights;
mod stake;
mod steer;

use crate::world::Setup;
use backstop_core::{Body, Command, Event, Halt, RejectCode, State, event::Row};
use backstop_units::{Amount, Fixed60, Label, Timestamp};
use model::Model;
use std::collections::VecDeque;

/// Why the model refuses, in its own words.
type Answer = Result<(), No>;

/// What stops a command in the model.
#[derive(Clone, Debug)]
enum No {
    /// It must be refused.
    Refused(&'static str),
    /// The core did what the rules don't allow.
    Wrong(String),
}

/// Short for a refusal.
fn refuse<T>(why: &'static str) -> Result<T, No> {
    Err(No::Refused(why))
}

/// Refuses unless `holds`.
fn need(holds: bool, why: &'static str) -> Answer {
    if holds { Ok(()) } else { refuse(why) }
}

/// What the core says that it placed: a loss, or what a claim on one could not bring.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    amount: Amount,
    rows: &'a [Row],
    index_carry: Fixed60,
}

/// What the model knows about the command at hand.
#[derive(Clone, Debug)]
struct Call<'a> {
    actor: Option<Label>,
    now: Timestamp,
    occurred_at: Timestamp,
    /// Keys that signed, by the first byte of nothing but their position in the test council.
    keys: Vec<u8>,
    approved: bool,
    /// By the power of the genesis or of a proposal: rights are not asked.
    granted: bool,
    /// What the core says it placed; empty when it refused.
    placements: VecDeque<Seen<'a>>,
    observed: bool,
}

/// The model of one world.
#[derive(Clone, Debug)]
pub struct Oracle {
    model: Model,
}

impl Oracle {
    /// The model of a world of this setup, before its first command.
    pub fn new(setup: &Setup) -> Self {
        Self { model: Model::new(setup) }
    }

    /// Judges the core's answer to a command and moves on with it.
    ///
    /// # Errors
    /// What the core did and the model did not expect, or the other way round.
    pub fn step(
        &mut self,
        command: &Command,
        now: Timestamp,
        answer: Result<&[Event], &Halt>,
    ) -> Result<(), String> {
        let mut next = self.model.clone();
        let mut call = Call::new(command, now, answer.ok());
        next.unsure = None;
        let expected = next.command(&mut call, command);
        let what = command.body.word();
        match (expected, answer) {
            (Err(No::Wrong(wrong)), _) => Err(format!("{what}: {wrong}")),
            (_, Err(Halt::Corrupt(corrupt))) => Err(format!("{what}: the core broke: {corrupt}")),
            (Ok(()), Ok(_)) if call.placements.is_empty() => {
                self.model = next;
                Ok(())
            }
            (Ok(()), Ok(_)) => Err(format!("{what}: a loss was placed that nobody asked for")),
            (Ok(()), Err(Halt::Reject(reject))) => match next.unsure {
                Some(_) => Ok(()),
                None if reject.code == RejectCode::Overflow && next.is_huge(&command.body) => {
                    Ok(())
                }
                None => Err(format!("{what}: should be accepted, got {reject}")),
            },
            (Err(No::Refused(why)), Ok(_)) => {
                Err(format!("{what}: was accepted, should be refused: {why}"))
            }
            (Err(No::Refused(_)), Err(_)) => Ok(()),
        }
    }

    /// Compares every balance, share and ticket with the core's.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, state: &State) -> Result<(), String> {
        self.model.compare(state)
    }
}

impl<'a> Call<'a> {
    fn new(command: &Command, now: Timestamp, events: Option<&'a [Event]>) -> Self {
        let signatures = command.approvals.iter().flat_map(|approvals| &approvals.signatures);
        let member = |key| (1..=4).find(|seed| crate::keys::public(*seed) == key).unwrap_or(0);
        let placed = |event: &'a Event| match event {
            Event::LossPlaced(p) => {
                Some(Seen { amount: p.gross, rows: &p.rows, index_carry: p.index_carry })
            }
            Event::LossReallocated(r) => {
                Some(Seen { amount: r.amount, rows: &r.rows, index_carry: r.index_carry })
            }
            _ => None,
        };
        Self {
            actor: Some(command.actor),
            now,
            occurred_at: command.occurred_at.unwrap_or(now),
            keys: signatures.map(|signature| member(signature.key)).collect(),
            approved: command.approvals.is_some(),
            granted: false,
            placements: events.into_iter().flatten().filter_map(placed).collect(),
            observed: events.is_some(),
        }
    }
}

impl Model {
    fn command(&mut self, call: &mut Call<'_>, command: &Command) -> Answer {
        need(self.accounts.contains(&command.actor), "the actor is unknown")?;
        let oldest = call.now.minus(self.oldest(&command.body));
        need(call.occurred_at >= oldest, "too long ago")?;
        need(call.occurred_at <= call.now.plus(self.limits.skew_ahead), "too far ahead")?;
        self.body(call, &command.body)
    }

    fn linked(&mut self, call: &mut Call<'_>, steps: &[Body]) -> Answer {
        need(!steps.is_empty(), "an empty batch")?;
        need(steps.len() <= usize::from(self.limits.steps_max), "a long batch")?;
        steps.iter().try_for_each(|step| match step {
            Body::Linked(_) | Body::Propose(_) | Body::Approve(_) | Body::Execute(_) => {
                refuse("nested")
            }
            step => self.body(call, step),
        })
    }

    fn body(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        if !call.granted {
            self.may(call, body)?;
        }
        match body {
            Body::Linked(c) => self.linked(call, &c.steps),
            Body::Contribute(_)
            | Body::WithdrawExcess(_)
            | Body::RaiseAlert(_)
            | Body::EndAlert(_)
            | Body::PauseEntries(_)
            | Body::SetThreshold(_)
            | Body::SetTarget(_)
            | Body::SetCovers(_)
            | Body::SetWaterfall(_)
            | Body::ReportOpenInterest(_)
            | Body::ReportDeposits(_)
            | Body::PayFees(_) => self.fund_command(call, body),
            Body::Stake(_)
            | Body::RequestUnstake(_)
            | Body::CancelUnstake(_)
            | Body::ClaimUnstake(_)
            | Body::LapseTicket(_) => self.stake_command(call, body),
            Body::ReportResults(_)
            | Body::BalancePools(_)
            | Body::FundPnlPool(_)
            | Body::CoverDeficit(_) => self.pool_command(call, body),
            Body::PayRevenue(_)
            | Body::SettleRevenue(_)
            | Body::ReportLiquidity(_)
            | Body::GrantProtocolShares(_)
            | Body::RedeemProtocolShares(_)
            | Body::StakeProtocol(_) => self.revenue_command(call, body),
            Body::SettleLiquidation(_)
            | Body::DeclareLoss(_)
            | Body::AssessLoss(_)
            | Body::PlaceLoss(_)
            | Body::CloseLoss(_)
            | Body::VoidLoss(_)
            | Body::LapseDeclaration(_)
            | Body::RecoverLoss(_)
            | Body::ClaimRecovery(_) => self.loss_command(call, body),
            Body::OpenAdl(_)
            | Body::SubmitAdlPart(_)
            | Body::RunAdl(_)
            | Body::CloseAdl(_)
            | Body::OpenEquity(_)
            | Body::SubmitEquityPart(_)
            | Body::RunEquity(_)
            | Body::CloseEquity(_) => self.adl_command(call, body),
            Body::BeginTransfer(_) | Body::ResolveTransfer(_) | Body::Reconcile(_) => {
                self.custody_command(call, body)
            }
            Body::Propose(_) | Body::Approve(_) | Body::Execute(_) | Body::CancelProposal(_) => {
                self.governance_command(call, body)
            }
            Body::ReportPrice(_) | Body::SetIndexPolicy(_) | Body::RetireFeed(_) => {
                self.price_command(call, body)
            }
            _ => self.steering_command(call, body),
        }
    }
}
