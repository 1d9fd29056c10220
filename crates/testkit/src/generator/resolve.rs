//! From a step to a command: small numbers become labels and handles.

use super::{
    Money, Op, Part, control, deposits, income,
    price::{self, MARK},
};
use crate::{
    keys,
    world::{ASSETS, FUNDS, MARKETS, TRADERS, TRANCHES, label, layer},
};
use backstop_core::{
    Body, State,
    command::{
        Approvals, Approve, AssessLoss, BeginTransfer, CancelProposal, CancelUnstake,
        ClaimRecovery, ClaimUnstake, CloseLoss, Contribute, CreateFund, DeclareLoss, Direction,
        EndAlert, Execute, LapseDeclaration, LapseTicket, Linked, OpenAccount, Opening,
        OpeningAccount, Outcome, Party, PauseEntries, PayFees, PlaceLoss, Propose, RaiseAlert,
        Reconcile, RecoverLoss, RegisterAsset, ReportOpenInterest, RequestUnstake, ResolveTransfer,
        SetCovers, SetTarget, SetThreshold, SetWaterfall, SettleLiquidation, Stake, VoidLoss,
        WithdrawExcess,
    },
    fund::{coverage, excess, rescale::shares_now},
    ledger::LedgerAccount,
    loss::claimable,
    policy::{AlertCause, Cause, Causes, FundKind, LayerPolicy, LayerSource},
    state::{Loss, LossStatus, Position, Proposal, Ticket, Transfer},
};
use backstop_units::{
    Amount, Base, Hash, Label, LossId, Price, ProposalId, Shares, Signed, TicketId, Timestamp,
    TransferId,
};

type Sent = (&'static str, Body, Option<Approvals>);

/// Who sends it, what it is, and who has signed it.
pub(super) fn resolve(op: &Op, state: &State, now: Timestamp) -> Sent {
    let approvals = match op {
        Op::Propose { .. } | Op::Approve { .. } => signed(op, state, now),
        _ => None,
    };
    let (actor, body) = governance(op, state, now)
        .or_else(|| stake(op, state, now))
        .or_else(|| income::revenue(op, state))
        .or_else(|| income::pools(op))
        .or_else(|| deposits::deposits(op, state))
        .or_else(|| control::steers(op, state, now))
        .or_else(|| control::holds(op, state, now))
        .or_else(|| loss(op, state))
        .or_else(|| super::adl::resolve(op, state))
        .or_else(|| fund(op, state, now))
        .or_else(|| money(op, state, now))
        .or_else(|| price::resolve(op, state, now))
        .unwrap_or_else(|| nonsense(op));
    (actor, body, approvals)
}

/// The one at `number`, or a name that nothing has.
fn name(names: &[&'static str], number: u8) -> Label {
    match names.get(usize::from(number)) {
        Some(name) => label(name),
        None => label("nothing"),
    }
}

pub(super) fn trader(number: u8) -> &'static str {
    TRADERS[usize::from(number) % TRADERS.len()]
}
pub(super) fn fund_label(number: u8) -> Label {
    name(&FUNDS, number)
}
pub(super) fn tranche_label(number: u8) -> Label {
    name(&TRANCHES.map(|tranche| tranche.0), number)
}
pub(super) fn market_label(number: u8) -> Label {
    name(&MARKETS.map(|market| market.0), number)
}

/// One of the newest `count` handles; now and then one past the end.
fn recent(number: u8, count: usize) -> u32 {
    let count = u32::try_from(count).expect("a short script");
    match u32::from(number) {
        n if count == 0 || n >= 250 => count,
        n => count - 1 - n % count.min(6),
    }
}

/// One of those that fit, the newest first; now and then any.
pub(super) fn fitting<T>(
    number: u8,
    count: usize,
    get: impl Fn(u32) -> Option<T>,
    fits: impl Fn(T) -> bool,
) -> u32 {
    let all = 0..u32::try_from(count).expect("a short script");
    let fit: Vec<u32> = all.rev().filter(|id| get(*id).is_some_and(&fits)).take(8).collect();
    match fit.len() {
        0 => recent(number, count),
        _ if number >= 240 => recent(number, count),
        len => fit[usize::from(number) % len],
    }
}

/// A loss in one of these states, if there is one.
fn loss_in(state: &State, number: u8, states: &[LossStatus]) -> LossId {
    let get = |id| state.losses.get(LossId::new(id));
    let fits = |loss: &Loss| states.contains(&loss.status);
    LossId::new(fitting(number, state.losses.len(), get, fits))
}

impl Part {
    pub(super) fn take(self, all: u128) -> u128 {
        match self {
            Self::Exact(units) => units,
            Self::Of(part) => all / 255 * u128::from(part) + all % 255 * u128::from(part) / 255,
            Self::AllAnd(more) if more < 0 => all.saturating_sub(u128::from(more.unsigned_abs())),
            Self::AllAnd(more) => all.saturating_add(u128::from(more.unsigned_abs())),
        }
    }
}

pub(super) fn evidence(given: bool) -> Hash {
    if given { Hash::new([7; 32]) } else { Hash::ZERO }
}

/// A stake with free shares, of this tranche and staker if they have any: its tranche, its owner and
/// the shares.
fn staked(state: &State, tranche: u8, who: u8) -> (Label, &'static str, u128) {
    let (asked, name) = (tranche_label(tranche), trader(who));
    let free = |position: &Position| {
        let (shares, queued) = state
            .tranches
            .get(position.tranche)
            .map_or_else(Default::default, |tranche| shares_now(position, tranche));
        shares.get().saturating_sub(queued.get())
    };
    let named = |position: &Position| {
        let tranche = state.tranches.get(position.tranche)?;
        let account = state.accounts.get(position.account)?.label;
        let account = TRADERS.iter().find(|name| label(name) == account)?;
        (position.series == tranche.series).then_some((tranche.label, *account, free(position)))
    };
    let all: Vec<_> = state.positions.iter().filter_map(|(_, position)| named(position)).collect();
    let mine = all.iter().find(|(tranche, owner, _)| *tranche == asked && *owner == name);
    let usable = |found: &&(Label, &str, u128)| found.2 > 0;
    match mine.filter(usable).or_else(|| all.iter().find(usable)) {
        Some(found) if tranche < 3 => *found,
        _ => (asked, name, 0),
    }
}

/// Somebody who has something to claim of a loss, if there is one.
fn bearer(state: &State, number: u8, who: u8) -> (&'static str, LossId) {
    let first = (who == 5).then_some("treasury");
    let names = first.into_iter().chain((0..5).map(|more| trader(who.wrapping_add(more))));
    for name in names {
        let claims =
            |id: u32| claimable(state, LossId::new(id), state.account_id(label(name)).ok()?).ok();
        let id = fitting(number, state.losses.len(), claims, |parts| !parts.is_empty());
        if claims(id).is_some_and(|parts| !parts.is_empty()) {
            return (name, LossId::new(id));
        }
    }
    (trader(who), LossId::new(recent(number, state.losses.len())))
}

fn owner_of(state: &State, ticket: TicketId) -> &'static str {
    let position = state.tickets.get(ticket).and_then(|t| state.positions.get(t.position));
    let account = position.and_then(|p| state.accounts.get(p.account));
    account
        .and_then(|a| TRADERS.iter().find(|name| label(name) == a.label))
        .copied()
        .unwrap_or("alice")
}

fn stake(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    let asset = label(ASSETS[0]);
    let get = |id| state.tickets.get(TicketId::new(id));
    let open = |ticket: &Ticket| !ticket.closed;
    let ticket = |number: &u8| TicketId::new(fitting(*number, state.tickets.len(), get, open));
    Some(match op {
        Op::Contribute { fund, who, amount } => {
            let (fund, account) = (fund_label(*fund), label(trader(*who)));
            let amount = Amount::new(*amount);
            (trader(*who), Contribute { fund, account, asset, amount }.into())
        }
        Op::Stake { tranche, who, amount, min } => {
            let (tranche, account) = (tranche_label(*tranche), label(trader(*who)));
            let min_shares = Shares::new(if *min { *amount } else { 0 });
            let amount = Amount::new(*amount);
            (trader(*who), Stake { tranche, account, asset, amount, min_shares }.into())
        }
        Op::Request { tranche, who, part, amount } => {
            let (name, account, free) = staked(state, *tranche, *who);
            let (units, owner) = (part.take(free), label(account));
            let (shares, amount) = income::either(*amount, units);
            (account, RequestUnstake { tranche: name, account: owner, shares, amount }.into())
        }
        Op::Cancel { ticket: number } => {
            let ticket = ticket(number);
            (owner_of(state, ticket), CancelUnstake { ticket }.into())
        }
        Op::Claim { ticket: number } => {
            let ready = |ticket: &Ticket| !ticket.closed && now >= ticket.ready_at;
            let ticket = TicketId::new(fitting(*number, state.tickets.len(), get, ready));
            (owner_of(state, ticket), ClaimUnstake { ticket }.into())
        }
        Op::Lapse { ticket: number } => ("keeper", LapseTicket { ticket: ticket(number) }.into()),
        _ => return None,
    })
}

pub(super) fn settle(op: &Op) -> Option<(&'static str, Body)> {
    let Op::Settle { market, who, by, outcome, notional, base, evidence: given } = op else {
        return None;
    };
    let settle = SettleLiquidation {
        market: market_label(*market),
        account: label(trader(*who)),
        liquidator: label(trader(*by)),
        outcome: Signed::new(*outcome),
        notional: Amount::new(*notional),
        mark: Price::new(MARK),
        open_interest: base.map(Base::new),
        evidence: given.then(|| evidence(true)),
    };
    Some(("venue", settle.into()))
}

fn loss(op: &Op, state: &State) -> Option<(&'static str, Body)> {
    use LossStatus::{Closed, Declared, Open, Placed};
    let loss = |number: &u8, states: &[_]| loss_in(state, *number, states);
    Some(match op {
        Op::Settle { .. } => return settle(op),
        Op::Declare { market, cause, amount } => {
            let (market, estimate) = (market_label(*market), Amount::new(*amount));
            ("risk", DeclareLoss { market, cause: *cause, account: None, estimate }.into())
        }
        Op::Assess { loss: number, amount, evidence: given } => {
            let (amount, evidence) = (Amount::new(*amount), evidence(*given));
            ("risk", AssessLoss { loss: loss(number, &[Declared, Open]), amount, evidence }.into())
        }
        Op::Place { loss: number } => ("keeper", PlaceLoss { loss: loss(number, &[Open]) }.into()),
        Op::Close { loss: number } => ("risk", CloseLoss { loss: loss(number, &[Placed]) }.into()),
        Op::Void { loss: number } => {
            ("op", VoidLoss { loss: loss(number, &[Declared, Open, Placed, Closed]) }.into())
        }
        Op::LapseDeclaration { loss: number } => {
            ("alice", LapseDeclaration { loss: loss(number, &[Declared]) }.into())
        }
        Op::Recover { loss: number, from, part } => {
            let loss = loss(number, &[Placed, Closed]);
            let open = state.losses.get(loss).map_or(0, |item| {
                let open = |row: &backstop_core::state::LossRow| {
                    row.row.amount.get().saturating_sub(row.recovered.get())
                };
                item.rows.iter().map(open).fold(0, u128::saturating_add)
            });
            let (actor, from) = party(*from);
            (actor, RecoverLoss { loss, from, amount: Amount::new(part.take(open)) }.into())
        }
        Op::ClaimRecovery { loss: number, who } => {
            let (who, loss) = bearer(state, *number, *who);
            (who, ClaimRecovery { loss, account: label(who) }.into())
        }
        _ => return None,
    })
}

pub(super) fn party(money: Money) -> (&'static str, Party) {
    match money {
        Money::Account(7) => ("treasury", Party::Account(label("treasury"))),
        Money::Account(who) => (trader(who), Party::Account(label(trader(who)))),
        Money::Clearing(market) => ("venue", Party::Clearing(market_label(market))),
    }
}

fn fund(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    let (cause, until) = (AlertCause::Backlog, |span: &_| now.plus(*span));
    Some(match op {
        Op::Alert { fund, span } => {
            ("guardian", RaiseAlert { fund: fund_label(*fund), cause, until: until(span) }.into())
        }
        Op::EndAlert { fund } => ("risk", EndAlert { fund: fund_label(*fund) }.into()),
        Op::Pause { fund, span } => {
            ("guardian", PauseEntries { fund: fund_label(*fund), until: until(span) }.into())
        }
        Op::Threshold { fund, amount } => {
            let (fund, threshold) = (fund_label(*fund), threshold(state, *fund, *amount));
            ("op", SetThreshold { fund, threshold }.into())
        }
        Op::Target { fund, amount } => {
            let (fund, target) = (fund_label(*fund), Amount::new(*amount));
            ("op", SetTarget { fund, target }.into())
        }
        Op::Excess { fund, part } => {
            let label = fund_label(*fund);
            let id = state.fund_id(label).ok();
            let limit = id
                .and_then(|id| state.funds.get(id).map(|fund| (id, fund)))
                .and_then(|(id, fund)| excess(state, id, fund, now).ok())
                .unwrap_or_default();
            let amount = Amount::new(part.take(limit.get()));
            ("op", WithdrawExcess { fund: label, amount }.into())
        }
        Op::Covers { fund, all } => {
            let covers = if *all { Causes::INSURED } else { Causes::of(&[Cause::BadDebt]) };
            ("op", SetCovers { fund: fund_label(*fund), covers }.into())
        }
        Op::Waterfall { market, keep, lifetime } => {
            let layers = waterfall(*market, *keep, lifetime.map(Amount::new));
            ("op", SetWaterfall { market: market_label(*market), layers }.into())
        }
        _ => return None,
    })
}

/// A threshold near what the fund has now, so that the edge is met often.
fn threshold(state: &State, number: u8, amount: u128) -> Amount {
    let id = state.fund_id(fund_label(number)).ok();
    let fund = id.and_then(|id| state.funds.get(id).map(|fund| (id, fund)));
    let counted = fund.and_then(|(id, fund)| coverage(state, id, fund).ok()).unwrap_or_default();
    if amount.is_multiple_of(2) { counted.counted } else { Amount::new(amount) }
}

/// Those of the layers that a market may have whose bit is set in `keep`.
fn waterfall(number: u8, keep: u8, lifetime: Option<Amount>) -> Vec<LayerPolicy> {
    let sources: &[LayerSource] = &match number {
        2 => vec![LayerSource::Reserve(label("iso")), LayerSource::Staked(label("ijun"))],
        _ => vec![
            LayerSource::FeePool,
            LayerSource::Reserve(label("main")),
            LayerSource::Staked(label("jun")),
            LayerSource::Staked(label("sen")),
            LayerSource::Socialised,
            LayerSource::Adl,
            LayerSource::Depositors,
            LayerSource::Equity,
        ],
    };
    let kept = sources.iter().enumerate().filter(|(at, _)| keep >> at & 1 == 1);
    kept.map(|(_, source)| LayerPolicy { lifetime, ..layer(*source) }).collect()
}

fn money(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    let asset_label = |number: &u8| name(&ASSETS, *number);
    Some(match op {
        Op::Fees { market, amount } => {
            let (market, amount) = (market_label(*market), Amount::new(*amount));
            ("venue", PayFees { market, amount }.into())
        }
        Op::OpenInterest { market, base } => {
            let (market, base) = (market_label(*market), Base::new(*base));
            ("venue", ReportOpenInterest { market, base }.into())
        }
        Op::TransferIn { to, asset, amount } => {
            let transfer = BeginTransfer {
                direction: Direction::In,
                party: party(*to).1,
                asset: asset_label(asset),
                amount: Amount::new(*amount),
                reference: Label::NONE,
            };
            ("custodian", transfer.into())
        }
        Op::TransferOut { from, asset, part } => {
            let (actor, party) = party(*from);
            let asset = asset_label(asset);
            let amount = Amount::new(part.take(free(state, party, asset)));
            let (direction, reference) = (Direction::Out, Label::NONE);
            (actor, BeginTransfer { direction, party, asset, amount, reference }.into())
        }
        Op::Resolve { transfer, confirmed } => {
            let get = |id| state.transfers.get(TransferId::new(id));
            let open = |transfer: &Transfer| transfer.outcome.is_none();
            let transfer = TransferId::new(fitting(*transfer, state.transfers.len(), get, open));
            let outcome = if *confirmed { Outcome::Confirmed } else { Outcome::Failed };
            ("custodian", ResolveTransfer { transfer, outcome }.into())
        }
        Op::Reconcile { asset, surplus } => {
            let label = asset_label(asset);
            let held = state
                .asset_id(label)
                .map_or(0, |id| state.ledger.held(LedgerAccount::Custody(id), id).get());
            let balance = Amount::new(held.saturating_add_signed(i128::from(*surplus)));
            let signature =
                (*asset == 1).then(|| keys::balance(state.meta.ledger, label, balance, now));
            ("custodian", Reconcile { asset: label, balance, as_of: now, signature }.into())
        }
        _ => return None,
    })
}

fn free(state: &State, party: Party, asset: Label) -> u128 {
    let account = match party {
        Party::Account(label) => state.account_id(label).map(LedgerAccount::Balance),
        Party::Clearing(label) => state.market_id(label).map(LedgerAccount::Clearing),
    };
    let found = account.and_then(|account| Ok(state.ledger.owed(account, state.asset_id(asset)?)));
    found.map_or(0, Amount::get)
}

fn governance(op: &Op, state: &State, now: Timestamp) -> Option<(&'static str, Body)> {
    let get = |id| state.proposals.get(ProposalId::new(id));
    let open = |item: &Proposal| !item.closed;
    let proposal =
        |number: &u8| ProposalId::new(fitting(*number, state.proposals.len(), get, open));
    Some(match op {
        Op::Propose { op, nonce, expires, .. } => {
            let body = Box::new(resolve(op, state, now).1);
            let nonce = nonce_of(state, *nonce);
            ("op", Propose { body, nonce, expires_at: now.plus(*expires) }.into())
        }
        Op::Approve { proposal: number, .. } => {
            let proposal = proposal(number);
            let digest = state.proposals.get(proposal).map_or(Hash::ZERO, |item| item.digest);
            ("alice", Approve { proposal, digest }.into())
        }
        Op::Execute { proposal: number } => {
            let ready = |item: &Proposal| {
                !item.closed && item.ready_at.is_some_and(|ready_at| now >= ready_at)
            };
            let id = fitting(*number, state.proposals.len(), get, ready);
            ("keeper", Execute { proposal: ProposalId::new(id) }.into())
        }
        Op::CancelProposal { proposal: number } => {
            ("op", CancelProposal { proposal: proposal(number) }.into())
        }
        Op::Linked(ops) => {
            let steps = ops.iter().map(|op| resolve(op, state, now)).collect::<Vec<_>>();
            let actor = steps.first().map_or("op", |step| step.0);
            (actor, Linked { steps: steps.into_iter().map(|step| step.1).collect() }.into())
        }
        _ => return None,
    })
}

/// A fresh nonce, or a used one.
fn nonce_of(state: &State, number: u8) -> u64 {
    state.meta.nonce + u64::from(number % 4)
}

/// The signatures that come with a proposal or an approval: each bit is a member of the council, the
/// fourth a stranger.
fn signed(op: &Op, state: &State, now: Timestamp) -> Option<Approvals> {
    let (digest, nonce, expires_at, members) = match op {
        Op::Propose { op, members, nonce, expires } => {
            let body = resolve(op, state, now).1;
            let digest = backstop_core::governance::body_digest(&body);
            (digest, nonce_of(state, *nonce), now.plus(*expires), *members)
        }
        Op::Approve { proposal, members } => {
            let get = |id| state.proposals.get(ProposalId::new(id));
            let open = |item: &Proposal| !item.closed;
            let id = fitting(*proposal, state.proposals.len(), get, open);
            let item = state.proposals.get(ProposalId::new(id))?;
            (item.digest, item.nonce, item.expires_at, *members)
        }
        _ => return None,
    };
    let members: Vec<u8> = (1..=4).filter(|member| members >> (member - 1) & 1 == 1).collect();
    let ledger = state.meta.ledger;
    (!members.is_empty())
        .then(|| keys::approve_digest(ledger, &digest, nonce, expires_at, &members))
}

fn nonsense(op: &Op) -> (&'static str, Body) {
    let (kind, amount) = match op {
        Op::Nonsense { kind, amount } => (*kind, Amount::new(*amount)),
        _ => (0, Amount::ZERO),
    };
    let (alice, main, nothing) = (label("alice"), label("main"), label("nothing"));
    let body = match kind % 7 {
        0 => OpenAccount { label: alice, group: None, venue: None }.into(),
        1 => OpenAccount { label: Label::NONE, group: None, venue: None }.into(),
        2 => RegisterAsset { label: label("usdt"), decimals: 6, custodian: None }.into(),
        3 => RegisterAsset { label: nothing, decimals: 99, custodian: None }.into(),
        4 => Contribute { fund: main, account: alice, asset: label("eth"), amount }.into(),
        5 => {
            Opening { account: OpeningAccount::FeePool(label("sol")), asset: label("eth"), amount }
                .into()
        }
        _ => CreateFund {
            label: main,
            asset: label("usdt"),
            kind: FundKind::Shared,
            treasury: nothing,
            threshold: amount,
            target: amount,
            policy: Box::default(),
        }
        .into(),
    };
    ("op", body)
}
