//! Random command scripts that shrink.
//!
//! A script is a setup and steps. A step names its targets by small numbers, so that it still means
//! something after other steps have been removed; [`Step::command`] turns it into a command when its
//! turn comes, looking at the state only to find a target worth hitting.

mod adl;
mod control;
mod deposits;
mod income;
mod price;
mod resolve;
mod setup;
mod steering;
mod strategy;

pub use setup::setup;
pub use strategy::{Ranges, adl_script, op, script, script_of, steering_script};

use crate::world::{OFFICES, Setup, TRADERS, World};
use backstop_core::{
    Command,
    command::Approvals,
    policy::{Cause, ControlPolicy},
};
use backstop_units::{Span, Timestamp};

/// A setup and what happens in it.
#[derive(Clone, Debug)]
pub struct Script {
    /// How the world begins.
    pub setup: Setup,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One command at its time.
#[derive(Clone, Debug)]
pub struct Step {
    /// Time since the step before.
    pub wait: Span,
    /// Sent by this one instead of by whom it concerns.
    pub stranger: Option<u8>,
    /// How long before its arrival it happened, in milliseconds; below zero: after.
    pub late: Option<i64>,
    /// What is asked.
    pub op: Op,
}

/// What is asked, with targets as small numbers.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are those of the command of the same name")]
pub enum Op {
    Contribute {
        fund: u8,
        who: u8,
        amount: u128,
    },
    Stake {
        tranche: u8,
        who: u8,
        amount: u128,
        min: bool,
    },
    Request {
        tranche: u8,
        who: u8,
        part: Part,
        amount: bool,
    },
    Cancel {
        ticket: u8,
    },
    Claim {
        ticket: u8,
    },
    Lapse {
        ticket: u8,
    },
    Settle {
        market: u8,
        who: u8,
        by: u8,
        outcome: i128,
        notional: u128,
        base: Option<u128>,
        evidence: bool,
    },
    Revenue {
        fund: u8,
        from: Money,
        amount: u128,
    },
    SettleRevenue {
        fund: u8,
    },
    Liquidity {
        fund: u8,
        free: Option<i64>,
    },
    Grant {
        tranche: u8,
        who: u8,
        part: Part,
    },
    Redeem {
        tranche: u8,
        part: Part,
        amount: bool,
    },
    StakeProtocol {
        tranche: u8,
        who: u8,
        amount: u128,
    },
    Results {
        market: u8,
        exchange_fees: u128,
        liquidation_fees: u128,
        surplus: i64,
        net_revenue: i64,
    },
    Balance {
        market: u8,
    },
    FundPnl {
        market: u8,
        amount: u128,
    },
    Cover {
        market: u8,
        net_pnl: u128,
    },
    Fees {
        market: u8,
        amount: u128,
    },
    Deposits {
        market: u8,
        shares: u128,
        index: u128,
        late: bool,
    },
    OpenInterest {
        market: u8,
        base: u128,
    },
    Declare {
        market: u8,
        cause: Cause,
        amount: u128,
    },
    Assess {
        loss: u8,
        amount: u128,
        evidence: bool,
    },
    Place {
        loss: u8,
    },
    Close {
        loss: u8,
    },
    Void {
        loss: u8,
    },
    LapseDeclaration {
        loss: u8,
    },
    Recover {
        loss: u8,
        from: Money,
        part: Part,
    },
    ClaimRecovery {
        loss: u8,
        who: u8,
    },
    OpenAdl {
        loss: u8,
        list: Winners,
    },
    SubmitAdl {
        loss: u8,
        list: Winners,
        from: u8,
        count: u8,
    },
    RunAdl {
        loss: u8,
    },
    CloseAdl {
        loss: u8,
    },
    OpenEquity {
        loss: u8,
        list: Winners,
    },
    SubmitEquity {
        loss: u8,
        list: Winners,
        from: u8,
        count: u8,
    },
    RunEquity {
        loss: u8,
    },
    CloseEquity {
        loss: u8,
    },
    Alert {
        fund: u8,
        span: Span,
    },
    EndAlert {
        fund: u8,
    },
    Pause {
        fund: u8,
        span: Span,
    },
    Threshold {
        fund: u8,
        amount: u128,
    },
    Target {
        fund: u8,
        amount: u128,
    },
    Excess {
        fund: u8,
        part: Part,
    },
    Covers {
        fund: u8,
        all: bool,
    },
    Waterfall {
        market: u8,
        keep: u8,
        lifetime: Option<u128>,
    },
    TransferIn {
        to: Money,
        asset: u8,
        amount: u128,
    },
    TransferOut {
        from: Money,
        asset: u8,
        part: Part,
    },
    Resolve {
        transfer: u8,
        confirmed: bool,
    },
    Reconcile {
        asset: u8,
        surplus: i64,
    },
    Control {
        fund: u8,
        policy: Box<ControlPolicy>,
    },
    /// The rules that there are, but for one setting.
    Tweak {
        fund: u8,
        what: u8,
        value: u32,
    },
    RunControl {
        fund: u8,
    },
    Conditions {
        fund: u8,
        open_interest: u32,
        volatility: u32,
        headroom: Option<u32>,
        forecast: Option<u32>,
    },
    Spike {
        fund: u8,
        size: u32,
        span: Span,
    },
    EndSpike {
        fund: u8,
        /// Of those that are on, if there are so many.
        spike: u8,
    },
    Risk {
        fund: u8,
        told: control::Told,
    },
    Idle {
        fund: u8,
        out: bool,
        part: Part,
    },
    Reserve {
        market: u8,
        id: u8,
        part: Part,
        span: Span,
    },
    Commit {
        reservation: u8,
        /// On whose market it is.
        settlement: Box<Op>,
    },
    Release {
        reservation: u8,
    },
    OpenInterestMax {
        market: u8,
        max: Option<u128>,
    },
    Offline {
        market: u8,
        budget: u128,
        span: Span,
    },
    Propose {
        op: Box<Op>,
        members: u8,
        nonce: u8,
        expires: Span,
    },
    Approve {
        proposal: u8,
        members: u8,
    },
    Execute {
        proposal: u8,
    },
    CancelProposal {
        proposal: u8,
    },
    Linked(Vec<Op>),
    Report {
        feed: u8,
        /// Above or below the price that settlements are reported at, in millionths.
        off: i32,
        /// How long before its arrival it was seen, in milliseconds; below zero: after.
        age: i64,
        signature: u8,
    },
    IndexPolicy {
        quorum: u8,
        families: u8,
        band: u32,
        confirm: Span,
    },
    Retire {
        feed: u8,
    },
    /// Names what does not exist, or what exists already.
    Nonsense {
        kind: u8,
        amount: u128,
    },
}

/// How much of what there is.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// So many units, whatever there is.
    Exact(u128),
    /// So many 255ths of what there is.
    Of(u8),
    /// All there is, and this much more or less.
    AllAnd(i8),
}

/// A list of candidates, made of its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Winners {
    /// What prices, sizes and equities are taken from.
    pub seed: u32,
    /// How many.
    pub count: u8,
}

/// Whose money.
#[derive(Clone, Copy, Debug)]
pub enum Money {
    /// A trader's or the treasury's.
    Account(u8),
    /// A market's clearing.
    Clearing(u8),
}

impl Step {
    /// The command of this step in this world, whose clock must already stand at its time.
    pub fn command(&self, world: &mut World) -> Command {
        let (owner, body, approvals) = resolve::resolve(&self.op, &world.state, world.now);
        let actor = self.stranger.map_or(owner, anyone);
        let occurred_at = self.late.map(|late| moment(world.now, late));
        let approvals: Option<Approvals> = approvals;
        Command { occurred_at, approvals, ..world.command(actor, body) }
    }
}

fn moment(now: Timestamp, late: i64) -> Timestamp {
    let span = Span::from_ms(late.unsigned_abs());
    if late < 0 { now.plus(span) } else { now.minus(span) }
}

/// Any account, and sometimes one that does not exist.
fn anyone(number: u8) -> &'static str {
    let offices = OFFICES.iter().map(|(name, _)| *name);
    let all: Vec<&'static str> = TRADERS.iter().copied().chain(offices).chain(["nobody"]).collect();
    all[usize::from(number) % all.len()]
}
