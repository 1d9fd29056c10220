//! Bad input: for every reject code of the core at least one command that yields exactly it, with the
//! value that was got and the limit it met; and after each the state is as before.

#[path = "rejects/compensation.rs"]
mod compensation;
#[path = "rejects/farm.rs"]
mod farm;
#[path = "rejects/lending.rs"]
mod lending;
#[path = "rejects/pool.rs"]
mod pool;
#[path = "rejects/vault.rs"]
mod vault;

use crate::{
    adl::{asked, open, price, submit, three, winners_second},
    inventory::{self, auction, bid, deleverage, fill, mark, rules, seconds, set, take},
    risk_message,
};
use RejectCode as C;
use backstop_core::{
    Body, Command, Reject, RejectCode, begin,
    command::{
        ActivateRules, AddSpike, Approvals, Approve, AssessLoss, BalancePools, BeginTransfer,
        CancelUnstake, CheckDrawdown, ClaimRecovery, ClaimUnstake, CloseAdl, CloseEquity,
        CloseLoss, CommitReservation, Contribute, CoverDeficit, CreateFund, CreateMarket,
        CreateTranche, DeclareLoss, Direction, DistributeSurplus, EndAlert, EndSpike, Execute,
        FillInventory, FundPnlPool, GrantProtocolShares, LapseDeclaration, LapseTicket, Linked,
        MarkInventory, MergeIsolated, MoveIdle, OpenAccount, OpenAdl, OpenEquity, Opening,
        OpeningAccount, Outcome, Party, PauseEntries, PayFees, PayRevenue, PlaceLoss, Propose,
        RaiseAlert, Reconcile, RecoverLoss, RedeemProtocolShares, RegisterAsset, RegisterFeed,
        RegisterIndex, ReleaseReservation, RepayHouse, ReportConditions, ReportDeposits,
        ReportHouse, ReportOpenInterest, ReportPrice, ReportResults, ReportRisk, Reporter,
        RequestUnstake, Reserve, ResolveTransfer, RetireFeed, RunAdl, RunControl, RunEquity,
        SetCollateral, SetControl, SetCouncil, SetDrawdown, SetHostedRules, SetIndexPolicy,
        SetInventory, SetMarketStatus, SetMarketTier, SetOfflineBudget, SetOpenInterestMax,
        SetPools, SetRevenue, SetRoles, SetSplit, SetTarget, SetThreshold, SetTier, SetVault,
        SetWaterfall, SettleBadDebt, SettleLiquidation, SettleRevenue, Stake, StakeProtocol,
        TakeOver, Trade, VoidLoss, WithdrawExcess,
    },
    governance::body_digest,
    loss::adl::Candidate,
    oracle,
    policy::{
        AdlPolicy, AdlRank, AlertCause, AuctionPolicy, Cause, CollateralPolicy, ControlPolicy,
        DrawdownPolicy, EquityPolicy, FeeRamp, FundKind, FundPolicy, HostedPolicy, HousePolicy,
        IdlePolicy, IndexPolicy, InventoryPolicy, LayerPolicy, LayerSource, LiquidationFees,
        MarginPoolPolicy, MarginScale, MarginTier, MarketPolicy, MarketStatus, Netting, Payout,
        PoolPolicy, PositionSide, PublicKey, ReservationPolicy, RevenuePolicy, RiskMessagePolicy,
        Role, Roles, Routes, SizeFee, SpikeCause, SplitPolicy, SurplusRoute, TierPolicy,
        TranchePolicy, Underwater,
    },
    reject::Value,
};
use backstop_testkit::{
    Setup, World, hosted, keys, label,
    world::{INDEX, START, layer, market, report},
};
use backstop_units::{
    Amount, Base, Bps, Hash, Label, LossId, Ppm, Price, ProposalId, ShareIndex, Shares, Signed,
    Span, TicketId, Timestamp, TransferId,
};
use std::collections::BTreeSet;

/// Codes that the engine answers, before or instead of the core.
const ENGINE: [C; 7] = [
    C::IdTooOld,
    C::IdInFuture,
    C::IdReused,
    C::ClockJumped,
    C::QueueFull,
    C::JournalFull,
    C::Stopped,
];

/// Codes that only formulas without a state give; tables beside them try each.
const FORMULAS: [C; 2] = [C::NoMaintenance, C::LimitSpent];

/// The cases that were tried; each sends one bad command to a world of its own.
#[derive(Default)]
struct Table {
    tried: BTreeSet<C>,
}

impl Table {
    /// Sends the last command of a case and compares the whole reject.
    fn case(&mut self, world: &mut World, actor: &str, body: impl Into<Body>, expected: Reject) {
        let command = world.command(actor, body);
        self.command(world, &command, expected);
    }

    /// Asks for the price of the test index: no command, but the same rejects.
    fn price(&mut self, world: &World, expected: Reject) {
        let id = world.state.index_id(label(INDEX)).unwrap();
        assert_eq!(oracle::price(&world.state, id, world.now), Err(expected));
        self.tried.insert(expected.code);
    }

    fn command(&mut self, world: &mut World, command: &Command, expected: Reject) {
        let before = world.state.hash();
        let got = world.send_command(command).map(<[_]>::to_vec);
        assert_eq!(got, Err(expected), "{command:?}");
        assert_ne!(expected.got, Value::None, "{} names no value", expected.code.name());
        assert_eq!(world.state.hash(), before, "{} changed the state", expected.code.name());
        self.tried.insert(expected.code);
    }
}

fn no(code: C, got: impl Into<Value>, limit: impl Into<Value>) -> Reject {
    Reject::new(code, got, limit)
}
fn got(code: C, got: impl Into<Value>) -> Reject {
    Reject::got(code, got)
}
/// Zero where one or more is needed.
fn none(code: C) -> Reject {
    Reject::new(code, 0u32, 1u32)
}
fn overflow() -> Reject {
    no(C::Overflow, "more than 128 bits", u128::MAX)
}
fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}
fn after(span: Span) -> Timestamp {
    START.plus(span)
}
fn hours(hours: u64) -> Span {
    Span::hours(hours)
}

const NOTHING: &str = "nothing";
const EVIDENCE: Hash = Hash::new([1; 32]);
const LOSS: LossId = LossId::new(0);
const TICKET: TicketId = TicketId::new(0);

fn of(change: impl Fn(&mut Setup)) -> World {
    let mut setup = Setup::default();
    change(&mut setup);
    World::of(&setup)
}

fn stake(account: &str, amount: u128) -> Stake {
    let (tranche, account, asset) = (label("jun"), label(account), label("usdt"));
    Stake { tranche, account, asset, amount: atoms(amount), min_shares: Shares::ZERO }
}
fn contribute(amount: u128) -> Contribute {
    let (fund, account, asset) = (label("main"), label("alice"), label("usdt"));
    Contribute { fund, account, asset, amount: atoms(amount) }
}
fn request(shares: u128) -> RequestUnstake {
    let (tranche, account) = (label("jun"), label("alice"));
    RequestUnstake { tranche, account, shares: Shares::new(shares), amount: None }
}
fn settle(outcome: i128) -> SettleLiquidation {
    SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(outcome),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(EVIDENCE),
    }
}
fn declare(amount: u128) -> DeclareLoss {
    let (market, cause) = (label("sol"), Cause::BadDebt);
    DeclareLoss { market, cause, account: None, estimate: atoms(amount) }
}
fn assess(amount: u128) -> AssessLoss {
    AssessLoss { loss: LOSS, amount: atoms(amount), evidence: EVIDENCE }
}
fn transfer(direction: Direction, party: Party, amount: u128) -> BeginTransfer {
    let (asset, reference) = (label("usdt"), Label::NONE);
    BeginTransfer { direction, party, asset, amount: atoms(amount), reference }
}
fn alice() -> Party {
    Party::Account(label("alice"))
}
fn withdraw(amount: u128) -> WithdrawExcess {
    WithdrawExcess { fund: label("main"), amount: atoms(amount) }
}
fn account(name: &str) -> OpenAccount {
    OpenAccount { label: label(name), group: None, venue: None }
}
fn create_fund(name: &str, asset: &str) -> CreateFund {
    CreateFund {
        label: label(name),
        asset: label(asset),
        kind: FundKind::Shared,
        treasury: label("treasury"),
        threshold: Amount::ZERO,
        target: Amount::ZERO,
        policy: Box::default(),
    }
}
fn create_market(fund: &str, waterfall: Vec<LayerPolicy>) -> CreateMarket {
    let (name, venue) = (label("new"), label("venue"));
    CreateMarket { label: name, fund: label(fund), venue, policy: Box::new(market(waterfall)) }
}

/// A world with a stake of 500 by Alice and a ticket for it.
fn with_ticket() -> World {
    let mut world = World::new();
    world.must("alice", stake("alice", 500));
    world.must("alice", request(500));
    world
}

#[test]
fn commands_and_batches() {
    let mut table = Table::default();
    let world = &mut World::new();
    for (at, limit) in [
        (START.minus(Span::from_ms(3_600_001)), START.minus(hours(1))),
        (START.plus(Span::from_ms(300_001)), START.plus(Span::from_ms(300_000))),
    ] {
        let command = Command { occurred_at: Some(at), ..world.command("venue", settle(5)) };
        table.command(world, &command, no(C::OccurredAtSkew, at, limit));
    }
    let (asset, balance, as_of) = (label("usdt"), Amount::ZERO, after(hours(1)));
    let future = Reconcile { asset, balance, as_of, signature: None };
    let limit = START.plus(Span::from_ms(300_000));
    table.case(world, "custodian", future, no(C::OccurredAtSkew, as_of, limit));

    let many = Linked { steps: vec![account("x").into(); 257] };
    table.case(world, "op", many, no(C::BatchTooLarge, 257usize, 256usize));
    table.case(world, "op", Linked { steps: vec![] }, no(C::BatchTooLarge, 0usize, 256usize));
    let inner = Body::from(Linked { steps: vec![account("x").into()] });
    let nested = Linked { steps: vec![account("y").into(), inner.clone()] };
    table.case(world, "op", nested, no(C::BatchNested, "linked", "a single command"));
    let expires_at = after(hours(1));
    let proposed = Propose { body: Box::new(inner), nonce: 1, expires_at };
    table.case(world, "op", proposed, no(C::BatchNested, "linked", "a single command"));

    let mut closed = of(|setup| {
        setup.limits.sandbox = false;
        setup.balance = Amount::ZERO;
    });
    let open = |asset: &str| Opening {
        account: OpeningAccount::Reserve(label("main")),
        asset: label(asset),
        amount: atoms(1),
    };
    table.case(&mut closed, "op", open("usdt"), no(C::SandboxOnly, "a live ledger", "a scenario"));
    table.case(world, "op", open("eth"), no(C::WrongAsset, label("eth"), label("usdt")));
    done(&table);
}

/// Who may open accounts, and who may settle.
const OPENS: Roles = Roles::of(&[Role::Venue, Role::Operator]);
const PROPOSES: Roles = Roles::of(&[Role::Operator, Role::Council, Role::Risk, Role::Guardian]);
const DECLARES: Roles = Roles::of(&[Role::Venue, Role::Risk, Role::Guardian]);

#[test]
fn a_refusal_names_every_role_that_would_do() {
    let words = |roles| Value::from(roles).to_string();
    assert_eq!(words(OPENS), "operator or venue");
    assert_eq!(words(DECLARES), "venue, risk or guardian");
    assert_eq!(words(Roles::of(&[Role::Keeper])), "keeper");
    assert_eq!(words(Roles::NONE), "");
}

#[test]
fn rights() {
    let mut table = Table::default();
    let world = &mut World::new();
    table.case(world, NOTHING, account("x"), got(C::UnknownActor, label(NOTHING)));
    table.case(world, "alice", account("x"), no(C::RoleMissing, "none", OPENS));
    // A declaration by the wrong role.
    table.case(world, "keeper", declare(5), no(C::RoleMissing, "keeper", DECLARES));
    table.case(world, "risk", withdraw(5), no(C::RoleMissing, "risk", "operator"));
    table.case(world, "alice", settle(5), no(C::RoleMissing, "none", OPENS));
    table.case(world, "bob", stake("alice", 5), no(C::NotOwner, label("bob"), label("alice")));
    let out = transfer(Direction::Out, alice(), 5);
    table.case(world, "bob", out, no(C::NotOwner, label("bob"), label("alice")));

    let mut slow = of(|setup| setup.fund.withdraw_delay = Span::days(3));
    table.case(&mut slow, "op", withdraw(5), no(C::Timelocked, Span::ZERO, Span::days(3)));
    let (fund, less) = (label("main"), atoms(1));
    let mut slow = of(|setup| setup.fund.threshold_delay = Span::days(14));
    let lower = SetThreshold { fund, threshold: less };
    table.case(&mut slow, "op", lower, no(C::Timelocked, Span::ZERO, Span::days(14)));

    for (keys, threshold, size) in [
        (vec![], 1, 0usize),
        (vec![keys::public(1)], 0, 1),
        (vec![keys::public(1)], 2, 1),
        (vec![keys::public(1), keys::public(1)], 1, 1),
    ] {
        let council = SetCouncil { keys, threshold };
        table.case(world, "op", council, no(C::BadCouncil, usize::from(threshold), size));
    }
    let rules = ActivateRules { version: 9 };
    table.case(world, "op", rules, no(C::UnknownRules, 9u32, 1u32));
    let genesis = backstop_core::Genesis { rules: 9, ..Setup::default().genesis() };
    let refused = begin(&genesis, START).map(drop);
    assert_eq!(refused, Err((0, no(C::UnknownRules, 9u32, 1u32).into())));
    done(&table);
}

/// A council of three, two of whom must sign, and a fund with excess.
fn council() -> World {
    of(|setup| {
        setup.council = (3, 2);
        setup.reserve = atoms(20_000);
    })
}

fn signed(world: &mut World, body: impl Into<Body>, approvals: Approvals) -> Command {
    Command { approvals: Some(approvals), ..world.command("op", body) }
}

/// Withdrawal without enough valid signatures: wrong key, replayed nonce, expired, over other bytes, by
/// another ledger, too few, twice by one.
#[test]
fn approvals() {
    let mut table = Table::default();
    let world = &mut council();
    let ledger = world.state.meta.ledger;
    let body = Body::from(withdraw(100));
    let until = after(hours(1));
    let by = |members: &[u8]| keys::approve(ledger, &body, 7, until, members);
    let mut case = |world: &mut World, approvals, expected| {
        let command = signed(world, body.clone(), approvals);
        table.command(world, &command, expected);
    };
    let key = |seed| Hash::new(keys::public(seed).0);

    // By a stranger, besides enough members.
    case(world, by(&[1, 2, 9]), got(C::UnknownSigner, key(9)));
    // Over another amount, nonce or expiry; on another ledger; one key's bytes under another key.
    let other = keys::approve(ledger, &withdraw(101).into(), 7, until, &[1, 2]);
    case(world, other, got(C::BadSignature, key(1)));
    case(world, Approvals { nonce: 8, ..by(&[1, 2]) }, got(C::BadSignature, key(1)));
    let later = Approvals { expires_at: after(hours(2)), ..by(&[1, 2]) };
    case(world, later, got(C::BadSignature, key(1)));
    let abroad = keys::approve(label("elsewhere"), &body, 7, until, &[1, 2]);
    case(world, abroad, got(C::BadSignature, key(1)));
    let mut forged = by(&[1, 2]);
    forged.signatures[1].bytes = forged.signatures[0].bytes;
    case(world, forged, got(C::BadSignature, key(2)));
    let mut flipped = by(&[1, 2]);
    flipped.signatures[0].bytes.0[63] ^= 1;
    case(world, flipped, got(C::BadSignature, key(1)));
    let mut junk = by(&[1, 2]);
    junk.signatures[0].key = PublicKey([0xff; 32]);
    // A key that is none is nobody's of the council.
    case(world, junk, got(C::UnknownSigner, Hash::new([0xff; 32])));
    case(world, by(&[1, 1]), no(C::DuplicateSigner, key(1), 1u32));
    case(world, by(&[2]), no(C::TooFewSignatures, 1usize, 2usize));
    case(world, by(&[]), no(C::TooFewSignatures, 0usize, 2usize));
    let unsigned = world.command("op", body.clone());
    table.command(world, &unsigned, no(C::TooFewSignatures, 0usize, 2usize));

    // The right ones pass, once.
    let command = signed(world, body.clone(), by(&[3, 1]));
    world.send_command(&command).expect("two of three have signed");
    table.command(world, &command, no(C::NonceUsed, 7u64, 7u64));
    let old = keys::approve(ledger, &body, 6, until, &[1, 2]);
    let command = signed(world, body.clone(), old);
    table.command(world, &command, no(C::NonceUsed, 6u64, 7u64));
    world.wait(hours(1));
    let late = keys::approve(ledger, &body, 8, until, &[1, 2]);
    let command = signed(world, body.clone(), late);
    table.command(world, &command, no(C::ApprovalExpired, until, until));
    done(&table);
}

#[test]
fn proposals() {
    let mut table = Table::default();
    let world = &mut of(|setup| {
        setup.council = (3, 2);
        setup.reserve = atoms(20_000);
        setup.fund.withdraw_delay = Span::days(2);
    });
    let ledger = world.state.meta.ledger;
    let (proposal, until) = (ProposalId::new(0), after(Span::days(10)));
    let body = Body::from(withdraw(100));
    let propose = |body: &Body, nonce| {
        Body::from(Propose { body: Box::new(body.clone()), nonce, expires_at: until })
    };
    table.case(world, "alice", propose(&body, 1), no(C::RoleMissing, "none", PROPOSES));
    let open = account("x").into();
    table.case(
        world,
        "op",
        propose(&open, 1),
        no(C::NotProposable, "open_account", "a command of the council"),
    );
    table.case(world, "op", propose(&body, 0), no(C::NonceUsed, 0u64, 0u64));
    let dead = Propose { body: Box::new(body.clone()), nonce: 1, expires_at: START };
    table.case(world, "op", dead, no(C::ApprovalExpired, START, START));
    table.case(world, "op", Execute { proposal }, got(C::UnknownProposal, proposal));

    let first = keys::approve(ledger, &body, 1, until, &[1]);
    let command = signed(world, propose(&body, 1), first.clone());
    world.send_command(&command).expect("a proposal");
    let unsigned = no(C::TooFewSignatures, 1usize, 2usize);
    table.case(world, "keeper", Execute { proposal }, unsigned);
    let digest = body_digest(&body);
    let approve = Approve { proposal, digest };
    table.case(world, "alice", approve.clone(), no(C::TooFewSignatures, 0usize, 1usize));
    let wrong = Approve { proposal, digest: Hash::ZERO };
    let elsewhere = keys::approve_digest(ledger, &Hash::ZERO, 1, until, &[2]);
    let command = signed(world, wrong, elsewhere);
    table.command(world, &command, no(C::ProposalMismatch, Hash::ZERO, digest));
    let replayed = keys::approve(ledger, &body, 2, until, &[2]);
    let command = signed(world, approve.clone(), replayed);
    table.command(world, &command, no(C::ProposalMismatch, 2u64, 1u64));
    let stranger = keys::approve(ledger, &body, 1, until, &[9]);
    let command = signed(world, approve.clone(), stranger);
    table.command(world, &command, got(C::UnknownSigner, Hash::new(keys::public(9).0)));
    // The first member again adds nothing.
    let command = signed(world, approve.clone(), first);
    world.send_command(&command).expect("an approval that is known");
    table.case(world, "keeper", Execute { proposal }, unsigned);
    let second = keys::approve(ledger, &body, 1, until, &[2]);
    let command = signed(world, approve.clone(), second.clone());
    world.send_command(&command).expect("the second member");
    let ready = after(Span::days(2));
    table.case(world, "keeper", Execute { proposal }, no(C::ProposalNotReady, START, ready));
    world.wait(Span::days(2));
    world.must("keeper", Execute { proposal });
    table.case(world, "keeper", Execute { proposal }, got(C::ProposalClosed, proposal));
    let command = signed(world, approve, second);
    table.command(world, &command, got(C::ProposalClosed, proposal));

    // One who has signed leaves the council: what he signed waits for nobody.
    let resign =
        Body::from(SetCouncil { keys: vec![keys::public(2), keys::public(3)], threshold: 2 });
    let withdrawn = keys::approve(ledger, &body, 2, until, &[1, 2]);
    let command = signed(world, propose(&body, 2), withdrawn);
    world.send_command(&command).expect("a proposal with two signatures");
    let approvals = keys::approve(ledger, &resign, 3, until, &[2, 3]);
    let command = signed(world, resign, approvals);
    world.send_command(&command).expect("a new council");
    world.wait(Span::days(2));
    let gone = got(C::UnknownSigner, Hash::new(keys::public(1).0));
    table.case(world, "keeper", Execute { proposal: ProposalId::new(1) }, gone);
    done(&table);
}

#[test]
fn registry() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.limits.accounts_max = 12);
    let nothing = label(NOTHING);
    table.case(world, "op", create_fund("new", NOTHING), got(C::UnknownAsset, nothing));
    let roles = SetRoles { account: nothing, roles: Roles::of(&[Role::Operator]) };
    table.case(world, "op", roles, got(C::UnknownAccount, nothing));
    let target = SetTarget { fund: nothing, target: atoms(1) };
    table.case(world, "op", target, got(C::UnknownFund, nothing));
    let stranger = Stake { tranche: nothing, ..stake("alice", 5) };
    table.case(world, "alice", stranger, got(C::UnknownTranche, nothing));
    let fees = PayFees { market: nothing, amount: atoms(5) };
    table.case(world, "op", fees, got(C::UnknownMarket, nothing));
    table.case(world, "op", account("alice"), got(C::DuplicateLabel, label("alice")));
    table.case(world, "op", create_fund("main", "usdt"), got(C::DuplicateLabel, label("main")));
    let unnamed = OpenAccount { label: Label::NONE, group: None, venue: None };
    table.case(world, "op", unnamed, got(C::DuplicateLabel, Label::NONE));
    let fine = RegisterAsset { label: label("fine"), decimals: 31, custodian: None };
    table.case(world, "op", fine, no(C::TooManyDecimals, 31u32, 30u32));
    table.case(world, "op", account("x"), no(C::CapacityReached, 12usize, 12u32));
    done(&table);
}

#[test]
fn amounts() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.reserve = atoms(20_000));
    let zero = none(C::ZeroAmount);
    table.case(world, "alice", contribute(0), zero);
    table.case(world, "alice", stake("alice", 0), zero);
    table.case(world, "alice", request(0), zero);
    table.case(world, "op", withdraw(0), zero);
    table.case(world, "risk", declare(0), zero);
    table.case(world, "venue", PayFees { market: label("sol"), amount: Amount::ZERO }, zero);
    table.case(world, "custodian", transfer(Direction::In, alice(), 0), zero);
    let eth = Contribute { asset: label("eth"), ..contribute(5) };
    table.case(world, "alice", eth, no(C::WrongAsset, label("eth"), label("usdt")));
    let clearing = Party::Clearing(label("sol"));
    let eth = BeginTransfer { asset: label("eth"), ..transfer(Direction::In, clearing, 5) };
    table.case(world, "custodian", eth, no(C::WrongAsset, label("eth"), label("usdt")));
    let (all, more) = (atoms(1_000_000), atoms(1_000_001));
    table.case(world, "alice", contribute(more.get()), no(C::InsufficientBalance, more, all));
    table.case(world, "alice", stake("alice", more.get()), no(C::InsufficientBalance, more, all));
    let out = transfer(Direction::Out, alice(), u128::MAX);
    table.case(world, "alice", out, no(C::InsufficientBalance, u128::MAX, all));

    // Past 128 bits: a fee on top of the largest deficit, and a second fee pool of everything.
    let mut fees = of(|setup| {
        setup.markets[0].underwater = Underwater::FullFee { fee: Bps::WHOLE };
    });
    let huge = SettleLiquidation { notional: Amount::MAX, ..settle(i128::MIN) };
    table.case(&mut fees, "venue", huge, overflow());
    let fees = PayFees { market: label("sol"), amount: Amount::MAX };
    world.must("venue", fees.clone());
    table.case(world, "venue", fees, overflow());
    let amount = Amount::MAX;
    let opening =
        Opening { account: OpeningAccount::Account(label("alice")), asset: label("usdt"), amount };
    table.case(world, "op", opening, overflow());
    done(&table);
}

#[test]
fn holds_and_pauses() {
    let mut table = Table::default();
    let (fund, cause) = (label("main"), AlertCause::Oracle);
    let world = &mut with_ticket();
    let until = after(hours(5));
    world.must("guardian", PauseEntries { fund, until });
    table.case(world, "bob", stake("bob", 5), no(C::EntriesPaused, START, until));
    table.case(world, "alice", contribute(5), no(C::EntriesPaused, START, until));

    let world = &mut with_ticket();
    world.wait(Span::days(14));
    let (now, until) = (world.now, world.now.plus(hours(5)));
    world.must("guardian", RaiseAlert { fund, cause, until });
    let claim = ClaimUnstake { ticket: TICKET };
    table.case(world, "alice", claim.clone(), no(C::FundOnAlert, now, until));
    world.must("risk", declare(5));
    table.case(world, "alice", claim, got(C::FundGated, LOSS));
    table.case(world, "bob", stake("bob", 5), got(C::FundGated, LOSS));

    let world = &mut World::new();
    let long = after(Span::days(7).plus(Span::from_ms(1)));
    let (week, more) = (Span::days(7), 604_800_001u64);
    let alert = RaiseAlert { fund, cause, until: long };
    table.case(world, "guardian", alert, no(C::AlertTooLong, more, week));
    table.case(
        world,
        "guardian",
        PauseEntries { fund, until: long },
        no(C::AlertTooLong, more, week),
    );
    table.case(world, "risk", EndAlert { fund }, got(C::NotOnAlert, label("main")));
    let past = RaiseAlert { fund, cause, until: START };
    table.case(world, "guardian", past, no(C::TimeRunsBack, START, START));
    done(&table);
}

#[test]
fn fee_control() {
    let mut table = Table::default();
    let world = &mut World::new();
    let fund = label("main");
    let set = |policy| SetControl { fund, policy: Box::new(policy) };
    let spike =
        |size, until| AddSpike { fund, size: Ppm::new(size), cause: SpikeCause::Loss, until };
    let run = RunControl { fund };
    let conditions = ReportConditions {
        fund,
        open_interest: Ppm::WHOLE,
        volatility: Ppm::WHOLE,
        headroom: None,
        forecast: None,
    };
    let end = EndSpike { fund, spike: 0 };
    for (actor, body) in [
        ("alice", Body::from(run.clone())),
        ("venue", conditions.clone().into()),
        ("risk", spike(1, after(hours(1))).into()),
        ("risk", end.clone().into()),
    ] {
        table.case(world, actor, body, got(C::NoControl, fund));
    }
    let high = ControlPolicy { rate_max: Ppm::new(1_000_001), ..ControlPolicy::default() };
    table.case(world, "op", set(high), no(C::BadPolicy, 1_000_001u32, 1_000_000u32));
    world.must("op", set(ControlPolicy::default()));
    let hour = after(hours(1));
    table.case(world, "alice", run.clone(), no(C::ControlTooEarly, START, hour));
    world.now = hour;
    world.must("alice", run.clone());
    table.case(world, "alice", run, no(C::ControlTooEarly, hour, after(hours(2))));

    // The desk moves within the rails, the council moves the rails; a forecast is the desk's.
    let wide = ControlPolicy { rate_max: Ppm::new(250_001), ..ControlPolicy::default() };
    table.case(world, "risk", set(wide), no(C::RoleMissing, "risk", "operator"));
    let forecast = ReportConditions { forecast: Some(Ppm::ZERO), ..conditions.clone() };
    table.case(world, "venue", forecast, no(C::RoleMissing, "venue", "risk"));
    world.must("venue", conditions.clone());
    let late = Command { occurred_at: Some(START), ..world.command("venue", conditions) };
    table.command(world, &late, no(C::TimeRunsBack, START, hour));

    table.case(world, "risk", spike(0, START), none(C::ZeroAmount));
    table.case(world, "risk", spike(1, hour), no(C::TimeRunsBack, hour, hour));
    let (week, more) = (Span::days(7), Span::from_ms(604_800_001));
    let long = spike(1, hour.plus(more));
    table.case(world, "risk", long, no(C::SpikeTooLong, more, week));
    for _ in 0..4 {
        world.must("risk", spike(1, hour.plus(week)));
    }
    table.case(world, "risk", spike(1, hour.plus(week)), no(C::TooManySpikes, 4usize, 4usize));
    world.must("risk", end.clone());
    table.case(world, "risk", end, got(C::UnknownSpike, 0u32));
    done(&table);
}

#[test]
fn risk_messages() {
    let mut table = Table::default();
    let world = &mut World::new();
    let ledger = world.state.meta.ledger;
    let plain = risk_message::message(1, START);
    let signed = |message: ReportRisk| keys::risk(ledger, message);
    table.case(world, "alice", signed(plain.clone()), got(C::NoRiskModel, label("main")));
    let caps = risk_message::caps;
    let set = |caps| SetControl {
        fund: label("main"),
        policy: Box::new(ControlPolicy { messages: Some(caps), ..ControlPolicy::default() }),
    };
    let (cap, low) = (atoms(20_000), atoms(20_001));
    let above = RiskMessagePolicy { target_default: low, ..caps() };
    table.case(world, "op", set(above), no(C::BadPolicy, low, cap));
    let never = RiskMessagePolicy { span_max: Span::ZERO, ..caps() };
    let expected = no(C::BadPolicy, "messages of no time", Span::from_ms(1));
    table.case(world, "op", set(never), expected);
    let all = RiskMessagePolicy { fee_max: Ppm::new(1_000_001), ..caps() };
    table.case(world, "op", set(all), no(C::BadPolicy, 1_000_001u32, 1_000_000u32));
    world.must("op", set(caps()));

    let key = Hash::new(caps().key.0);
    let other = ReportRisk { fee: Ppm::new(1), ..signed(plain.clone()) };
    let forged = no(C::BadRiskSignature, "another signature", key);
    table.case(world, "alice", other, forged);
    let hour = Span::hours(1);
    let ahead = after(hour);
    let newest = START.plus(world.state.meta.limits.skew_ahead);
    let future = ReportRisk { made_at: ahead, until: after(Span::hours(2)), ..plain.clone() };
    table.case(world, "alice", signed(future), no(C::RiskMessageStale, ahead, newest));
    let (age, most) = (Span::from_ms(600_001), Span::from_ms(600_000));
    let old = ReportRisk { made_at: START.minus(age), ..plain.clone() };
    table.case(world, "alice", signed(old), no(C::RiskMessageStale, age, most));
    let over = ReportRisk { until: START, ..plain.clone() };
    table.case(world, "alice", signed(over), no(C::RiskMessageStale, START, START));
    let (long, day) = (Span::from_ms(86_400_001), Span::days(1));
    let lasting = ReportRisk { until: after(long), ..plain.clone() };
    table.case(world, "alice", signed(lasting), no(C::RiskMessageCaps, long, day));
    let high = ReportRisk { target: low, ..plain.clone() };
    table.case(world, "alice", signed(high), no(C::RiskMessageCaps, low, cap));
    let held = ReportRisk { hold: atoms(501), ..plain.clone() };
    table.case(world, "alice", signed(held), no(C::RiskMessageCaps, atoms(501), atoms(500)));
    let dear = ReportRisk { fee: Ppm::new(30_001), ..plain.clone() };
    table.case(world, "alice", signed(dear), no(C::RiskMessageCaps, 30_001u32, 30_000u32));
    let short = ReportRisk { cover_two: atoms(15_001), ..plain.clone() };
    let below = no(C::TargetBelowCover, atoms(15_000), atoms(15_001));
    table.case(world, "alice", signed(short), below);
    world.must("alice", signed(plain.clone()));
    table.case(world, "alice", signed(plain), no(C::RiskMessageOrder, 1u64, 1u64));
    done(&table);
}

#[test]
fn reservations_and_late_settlements() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.reserve = atoms(1_000));
    let (fund, market) = (label("main"), label("sol"));
    let reserve =
        |id: &str, amount, until| Reserve { market, id: label(id), amount: atoms(amount), until };
    let minutes = |minutes: u64| Span::from_ms(minutes * 60_000);
    let soon = after(minutes(1));
    let release = |id: &str| ReleaseReservation { market, id: label(id) };
    let commit = |id: &str, outcome| CommitReservation {
        id: label(id),
        settlement: Box::new(settle(outcome)),
    };
    table.case(world, "venue", reserve("a", 5, soon), got(C::NoControl, fund));
    let limits =
        ReservationPolicy { part_max: Ppm::new(500_000), span_max: minutes(10), count_max: 2 };
    let control = ControlPolicy { reservations: limits, ..ControlPolicy::default() };
    world.must("op", SetControl { fund, policy: Box::new(control) });
    table.case(world, "venue", reserve("a", 0, soon), none(C::ZeroAmount));
    table.case(world, "venue", reserve("a", 5, START), no(C::TimeRunsBack, START, START));
    let (long, most) = (Span::from_ms(600_001), minutes(10));
    let late = reserve("a", 5, after(long));
    table.case(world, "venue", late, no(C::ReservationTooLong, long, most));
    world.must("venue", reserve("a", 400, soon));
    table.case(world, "venue", reserve("a", 5, soon), got(C::DuplicateReservation, label("a")));
    let above = no(C::ReservationAboveCapacity, 101u128, 100u128);
    table.case(world, "venue", reserve("b", 101, soon), above);
    world.must("venue", reserve("b", 100, after(minutes(2))));
    let many = no(C::TooManyReservations, 2usize, 2usize);
    table.case(world, "venue", reserve("c", 1, soon), many);
    let unknown = got(C::UnknownReservation, label("c"));
    table.case(world, "venue", release("c"), unknown);
    table.case(world, "venue", commit("c", -5), unknown);
    world.now = soon;
    let expired = no(C::ReservationExpired, soon, soon);
    table.case(world, "venue", release("a"), expired);
    table.case(world, "venue", commit("a", -5), expired);

    let back = START.minus(Span::hours(2));
    let settled = |world: &mut World, outcome| Command {
        occurred_at: Some(back),
        ..world.command("venue", settle(outcome))
    };
    let command = settled(world, -70);
    table.command(world, &command, no(C::OccurredAtSkew, back, soon.minus(hours(1))));
    let budget =
        |amount, days| SetOfflineBudget { market, budget: atoms(amount), span: Span::days(days) };
    let (long, week) = (Span::days(8), Span::days(7));
    table.case(world, "op", budget(70, 8), no(C::BadPolicy, long, week));
    table.case(world, "risk", budget(70, 1), no(C::RoleMissing, "risk", "operator"));
    world.must("op", budget(70, 1));
    let command = settled(world, -71);
    table.command(world, &command, no(C::OfflineBudgetSpent, 71u128, 70u128));
    done(&table);
}

/// 60 % of the target: the default bands let half of a market's maximum stand, and list no market.
#[test]
fn bands() {
    let mut table = Table::default();
    let world = &mut of(|setup| {
        (setup.reserve, setup.target) = (atoms(6_000), atoms(10_000));
    });
    let (fund, sol) = (label("main"), label("sol"));
    let report = |base| ReportOpenInterest { market: sol, base: Base::new(base) };
    let most = |max: Option<u128>| SetOpenInterestMax { market: sol, max: max.map(Base::new) };
    world.must("venue", report(5_000));
    world.must("risk", most(Some(1_001)));
    for wider in [None, Some(1_002)] {
        table.case(world, "risk", most(wider), no(C::RoleMissing, "risk", "operator"));
    }
    table.case(world, "venue", report(5_001), no(C::OpenInterestLimit, 5_001u128, 1_001u128));
    world.must("venue", report(1_002));
    world.must("venue", report(1_000));
    world.must("venue", report(1_001));
    world.must("op", SetControl { fund, policy: Box::default() });
    table.case(world, "venue", report(1_002), no(C::OpenInterestLimit, 1_002u128, 500u128));
    world.must("venue", report(499));
    table.case(world, "venue", report(501), no(C::OpenInterestLimit, 501u128, 500u128));
    world.must("venue", report(500));
    // What a liquidation says of it is taken: it is never refused for what was traded before it.
    let grown = SettleLiquidation { open_interest: Some(Base::new(900)), ..settle(0) };
    world.must("venue", grown);

    let list = CreateMarket {
        label: label("eth"),
        fund,
        venue: label("venue"),
        policy: Box::new(market(vec![layer(LayerSource::FeePool)])),
    };
    let stopped = no(C::ListingsStopped, 500_000u32, 800_000u32);
    table.case(world, "op", list.clone(), stopped);
    world.must("risk", SetTarget { fund, target: atoms(10_001) });
    let (account, asset) = (label("alice"), label("usdt"));
    world.must("alice", Contribute { fund, account, asset, amount: atoms(3_000) });
    // Coverage is there at once, the band a day later.
    world.wait(hours(1));
    world.must("keeper", RunControl { fund });
    table.case(world, "op", list.clone(), stopped);
    world.wait(Span::days(1));
    world.must("keeper", RunControl { fund });
    world.must("op", list);
    world.must("venue", report(800));
    done(&table);
}

/// Routes lead to accounts that there are.
#[test]
fn routes_of_surplus() {
    let mut table = Table::default();
    let world = &mut World::new();
    let set = |lps: Option<&str>, surplus| {
        let mut policy = ControlPolicy {
            routes: Some(Routes { lps: lps.map(label), token_holders: None }),
            ..ControlPolicy::default()
        };
        policy.bands[4].surplus = surplus;
        SetControl { fund: label("main"), policy: Box::new(policy) }
    };
    let lps = SurplusRoute::Lps;
    let nothing = got(C::UnknownAccount, label(NOTHING));
    table.case(world, "op", set(Some(NOTHING), lps), nothing);
    let bad = no(C::BadPolicy, "lps", "a route with an account");
    table.case(world, "op", set(None, lps), bad);
    let bad = no(C::BadPolicy, "token_holders", "a route with an account");
    table.case(world, "op", set(None, SurplusRoute::TokenHolders), bad);
    world.must("op", set(Some("bob"), lps));
    // Where the money goes is the council's to change.
    let mine = set(Some("carol"), lps);
    table.case(world, "risk", mine, no(C::RoleMissing, "risk", "operator"));
    done(&table);
}

#[test]
fn falls_from_a_peak() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.reserve = atoms(1_000));
    let fund = label("main");
    let set = |start, stop| {
        let (start, stop) = (Ppm::new(start), Ppm::new(stop));
        let policy = DrawdownPolicy { start, stop, min_balance: Amount::ZERO, spares: false };
        SetDrawdown { fund, policy: Some(policy) }
    };
    table.case(world, "alice", CheckDrawdown { fund }, got(C::DrawdownOff, fund));
    table.case(world, "op", set(0, 0), no(C::BadPolicy, 0u32, 1_000_000u32));
    table.case(world, "op", set(1_000_001, 0), no(C::BadPolicy, 1_000_001u32, 1_000_000u32));
    table.case(world, "op", set(300_000, 300_001), no(C::BadPolicy, 300_001u32, 300_000u32));
    table.case(world, "risk", set(300_000, 250_000), no(C::RoleMissing, "risk", "operator"));
    world.must("op", set(300_000, 250_000));
    table.case(world, "alice", CheckDrawdown { fund }, got(C::DrawdownStands, fund));
    done(&table);
}

#[test]
fn idle_cash() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.reserve = atoms(1_000));
    let fund = label("main");
    let moved = |direction, amount| MoveIdle { fund, direction, amount: atoms(amount) };
    let (into, out) = (Direction::In, Direction::Out);
    table.case(world, "op", moved(out, 0), none(C::ZeroAmount));
    table.case(world, "op", moved(out, 1), got(C::NoControl, fund));
    table.case(world, "risk", moved(out, 1), no(C::RoleMissing, "risk", "operator"));
    world.must("op", SetControl { fund, policy: Box::default() });
    table.case(world, "op", moved(out, 1), no(C::IdleAboveLimit, 1u128, 0u128));
    let (venue, part_max) = (label("yield"), Ppm::new(100_000));
    let idle = IdlePolicy { venue, part_max, notice: Span::ZERO, reach: Span::ZERO };
    let control = ControlPolicy { idle: Some(idle), ..ControlPolicy::default() };
    world.must("op", SetControl { fund, policy: Box::new(control) });
    world.must("op", moved(out, 60));
    table.case(world, "op", moved(out, 41), no(C::IdleAboveLimit, 101u128, 100u128));
    table.case(world, "op", moved(out, 941), no(C::InsufficientBalance, 941u128, 940u128));
    table.case(world, "guardian", moved(into, 61), no(C::AboveIdle, 61u128, 60u128));
    world.must("risk", declare(5));
    table.case(world, "op", moved(out, 1), got(C::LossOpen, LOSS));
    world.must("guardian", moved(into, 60));
    done(&table);
}

#[test]
fn excess() {
    let mut table = Table::default();
    let rich = |reserve: u128| of(|setup| setup.reserve = atoms(reserve));
    let world = &mut rich(10_500);
    table.case(world, "op", withdraw(501), no(C::AboveExcess, atoms(501), atoms(500)));
    world.must("risk", declare(5));
    table.case(world, "op", withdraw(5), got(C::LossOpen, LOSS));
    table.case(&mut rich(9_999), "op", withdraw(1), no(C::BelowThreshold, 9_999u128, 10_000u128));
    table.case(&mut rich(10_000), "op", withdraw(1), no(C::NoExcess, 10_000u128, 10_000u128));

    let world = &mut rich(10_500);
    world.must("op", SetTarget { fund: label("main"), target: atoms(20_000) });
    table.case(world, "op", withdraw(1), no(C::CoverageLow, 10_500u128, 20_000u128));

    let world = &mut World::new();
    world.must("alice", contribute(10_500));
    table.case(world, "op", withdraw(1), no(C::NoProtocolExcess, 500u128, 0u128));

    let world = &mut rich(10_500);
    let balance = |amount: u128| Reconcile {
        asset: label("usdt"),
        balance: atoms(amount),
        as_of: START,
        signature: None,
    };
    world.must("custodian", balance(3));
    table.case(world, "op", withdraw(1), no(C::SuspenseOpen, 3u128, 0u128));
    world.must("venue", settle(100));
    let treasury = Party::Account(label("treasury"));
    let mut gains = of(|setup| setup.threshold = Amount::ZERO);
    gains.must("venue", settle(100));
    gains.must("custodian", balance(3));
    let out = transfer(Direction::Out, treasury, 1);
    table.case(&mut gains, "treasury", out, no(C::SuspenseOpen, 3u128, 0u128));
    done(&table);
}

#[test]
fn settings() {
    let mut table = Table::default();
    let world = &mut World::new();
    let short = SplitPolicy { user: Bps::new(4_999), ..SplitPolicy::default() };
    let split = SetSplit { fund: label("main"), split: short };
    table.case(world, "op", split, no(C::BadSplit, 9_999u64, 10_000u64));
    let with = |policy| CreateFund { policy: Box::new(policy), ..create_fund("new", "usdt") };
    let policy = FundPolicy { split: short, ..FundPolicy::default() };
    table.case(world, "op", with(policy), no(C::BadSplit, 9_999u64, 10_000u64));
    let policy = FundPolicy { hold_max: Span::days(91), ..FundPolicy::default() };
    table.case(world, "op", with(policy), no(C::BadPolicy, Span::days(91), Span::days(90)));
    let policy = FundPolicy { declaration_lapse: Span::ZERO, ..FundPolicy::default() };
    let expected = no(C::BadPolicy, "declaration_lapse of no time", Span::days(1));
    table.case(world, "op", with(policy), expected);

    let reserve = |fund: &str| layer(LayerSource::Reserve(label(fund)));
    table.case(world, "op", create_market("main", vec![]), none(C::NoWaterfall));
    let empty = SetWaterfall { market: label("sol"), layers: vec![] };
    table.case(world, "op", empty, none(C::NoWaterfall));
    let many = vec![reserve("main"); 13];
    table.case(world, "op", create_market("main", many), no(C::TooManyLayers, 13usize, 12usize));
    let twice = vec![reserve("main"), layer(LayerSource::FeePool), reserve("main")];
    table.case(world, "op", create_market("main", twice), no(C::DuplicateLayer, 2usize, 12usize));
    let mixed = vec![reserve("main"), reserve("iso")];
    let expected = no(C::IsolatedFund, label("iso"), label("main"));
    table.case(world, "op", create_market("main", mixed), expected);
    world.must("op", create_fund("gold", "eth"));
    let gold = vec![reserve("main"), reserve("gold")];
    table.case(
        world,
        "op",
        create_market("main", gold),
        no(C::LayerAsset, label("gold"), label("main")),
    );

    world.must("venue", settle(-70));
    let limited = |limit| LayerPolicy {
        lifetime: Some(atoms(limit)),
        ..layer(LayerSource::Reserve(label("main")))
    };
    world.must("alice", contribute(500));
    world.must("venue", settle(-70));
    let layers = vec![limited(69)];
    let low = SetWaterfall { market: label("sol"), layers };
    table.case(world, "op", low, no(C::LimitBelowUsed, 69u128, 70u128));
    world.must("risk", declare(5));
    let change = SetWaterfall { market: label("sol"), layers: vec![limited(70)] };
    table.case(world, "op", change, got(C::LossOpen, LossId::new(2)));
    done(&table);
}

#[test]
fn staking() {
    let mut table = Table::default();
    // 500 atoms for 1 share: less than that buys nothing.
    let world = &mut of(|setup| {
        setup.threshold = Amount::ZERO;
        setup.fund.split.overflow = backstop_core::policy::Overflow::Stakers;
        setup.fund.split.fund = Bps::WHOLE;
        setup.fund.split.liquidator = Bps::ZERO;
        setup.fund.split.user = Bps::ZERO;
    });
    world.must("alice", stake("alice", 1));
    world.must("venue", settle(499));
    table.case(world, "bob", stake("bob", 499), no(C::ZeroShares, 499u128, 500u128));
    let greedy = Stake { min_shares: Shares::new(3), ..stake("bob", 1_000) };
    table.case(world, "bob", greedy, no(C::Slippage, 2u128, 3u128));

    let world = &mut of(|setup| {
        setup.tranches[0].stake_min = atoms(100);
        setup.tranches[0].new_series_after_wipe = false;
        setup.tranches[0].tickets_max = 1;
    });
    table.case(world, "bob", stake("bob", 99), no(C::BelowMinimumStake, 99u128, 100u128));
    world.must("alice", stake("alice", 500));
    table.case(world, "alice", request(501), no(C::InsufficientShares, 501u128, 500u128));
    world.must("alice", request(100));
    table.case(world, "alice", request(401), no(C::InsufficientShares, 401u128, 400u128));
    table.case(world, "alice", request(100), no(C::TooManyTickets, 1u32, 1u32));
    world.must("venue", settle(-500));
    table.case(world, "bob", stake("bob", 500), no(C::TrancheWiped, 0u128, 500u128));

    let world = &mut with_ticket();
    let (ready, over) = (after(Span::days(14)), after(Span::days(17)));
    let unknown = TicketId::new(9);
    let claim = ClaimUnstake { ticket: TICKET };
    let lapse = LapseTicket { ticket: TICKET };
    table.case(world, "alice", ClaimUnstake { ticket: unknown }, got(C::UnknownTicket, unknown));
    table.case(world, "alice", LapseTicket { ticket: unknown }, got(C::UnknownTicket, unknown));
    table.case(world, "alice", claim.clone(), no(C::CooldownNotOver, START, ready));
    table.case(world, "keeper", lapse.clone(), no(C::TicketNotLapsed, START, over));
    world.now = over;
    table.case(world, "alice", claim.clone(), no(C::ClaimWindowOver, over, over));
    world.must("keeper", lapse.clone());
    table.case(world, "keeper", lapse, got(C::TicketClosed, TICKET));
    table.case(world, "alice", claim, got(C::TicketClosed, TICKET));
    table.case(world, "alice", CancelUnstake { ticket: TICKET }, got(C::TicketClosed, TICKET));
    done(&table);
}

#[test]
fn revenue() {
    let mut table = Table::default();
    let world = &mut World::new();
    let (main, iso, jun, alice) = (label("main"), label("iso"), label("jun"), label("alice"));
    let from = Party::Account(alice);
    let pay = |amount| PayRevenue { fund: main, from, amount: atoms(amount) };
    table.case(world, "alice", pay(0), none(C::ZeroAmount));
    let rich = no(C::InsufficientBalance, 1_000_001u128, 1_000_000u128);
    table.case(world, "alice", pay(1_000_001), rich);
    // Stakers may leave before the rules of their revenue change.
    let world = &mut of(|setup| {
        setup.tranches.iter_mut().for_each(|tranche| tranche.cooldown = Span::ZERO);
    });
    let rules = |revenue| SetRevenue { fund: iso, revenue };
    let over = Ppm::new(1_000_001);
    let off = RevenuePolicy { period: Span::ZERO, ..RevenuePolicy::default() };
    for revenue in [
        RevenuePolicy { pool_share: over, ..off },
        RevenuePolicy { liquid_share: over, ..off },
        RevenuePolicy { total_factor: over, ..off },
    ] {
        let refused = no(C::BadPolicy, 1_000_001u32, 1_000_000u32);
        let body = Body::from(rules(revenue));
        table.case(world, "op", body, refused);
    }
    let greedy = RevenuePolicy { total_factor: Ppm::new(5), staker_factor: Ppm::new(6), ..off };
    table.case(world, "op", rules(greedy), no(C::BadPolicy, 6u32, 5u32));

    let settle = |fund| SettleRevenue { fund };
    // The world began 3,200 seconds into an hour: more than a third, so the next hour is skipped.
    let due = START.plus(Span::from_ms(4_000_000));
    table.case(world, "bob", settle(main), no(C::RevenueEarly, START, due));
    world.now = due;
    table.case(world, "bob", settle(main), none(C::NoRevenue));
    let silent = &mut of(|setup| setup.fund.revenue = off);
    table.case(silent, "bob", settle(main), no(C::RevenueOff, Span::ZERO, "some time"));

    let grant = |shares| GrantProtocolShares { tranche: jun, account: alice, shares };
    let redeem =
        |shares, amount| RedeemProtocolShares { tranche: jun, shares: Shares::new(shares), amount };
    let own = |amount| StakeProtocol { tranche: jun, account: alice, amount: atoms(amount) };
    table.case(world, "op", grant(Shares::ZERO), none(C::ZeroAmount));
    table.case(world, "op", grant(Shares::new(1)), no(C::AboveProtocolShares, 1u128, 0u128));
    table.case(world, "op", redeem(0, None), none(C::ZeroAmount));
    table.case(world, "op", redeem(0, Some(atoms(5))), no(C::TrancheWiped, 0u128, 0u128));
    table.case(world, "alice", own(0), none(C::ZeroAmount));
    world.must("alice", own(700));
    table.case(world, "op", redeem(701, None), no(C::AboveProtocolShares, 701u128, 700u128));
    table.case(
        world,
        "op",
        redeem(7, Some(atoms(5))),
        no(C::SharesOrAmount, 5u128, "shares alone"),
    );
    let both = RequestUnstake { amount: Some(atoms(3)), ..request(1) };
    world.must("op", grant(Shares::new(200)));
    table.case(world, "alice", both, no(C::SharesOrAmount, 3u128, "shares alone"));
    let none_left = &mut of(|setup| {
        setup.tranches[0].keeps = atoms(5);
        setup.tranches[0].spare_decimals = 38;
        setup.tranches[0].new_series_after_wipe = false;
        setup.tranches[0].stake_while_leaving = false;
    });
    none_left.must("alice", stake("alice", 500));
    none_left.must("alice", request(100));
    table.case(none_left, "alice", stake("alice", 500), no(C::TicketOpen, 1u32, 0u32));
    let forced = SetVault { tranche: jun, amount: atoms(500_000) };
    none_left.must("op", forced);
    table.case(none_left, "bob", own_of("bob", 5), no(C::ZeroShares, 5u128, 500_000u128));
    none_left.must("op", SetVault { tranche: jun, amount: Amount::ZERO });
    table.case(none_left, "bob", own_of("bob", 5), no(C::TrancheWiped, 0u128, 500u128));
    done(&table);
}

#[test]
fn pools_and_tiers() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.reserve = atoms(500));
    let (sol, tier) = (label("sol"), label("b"));
    let rules = |imbalance, period, share| PoolPolicy {
        buffer: Amount::ZERO,
        fee_share: Ppm::new(share),
        period_max: atoms(period),
        imbalance_max: atoms(imbalance),
    };
    let set = |pools| SetPools { market: sol, pools: Some(pools) };
    let to = |label| SetMarketTier { market: sol, tier: Some(label) };
    let cover = |net_pnl| CoverDeficit { market: sol, net_pnl: atoms(net_pnl), evidence: EVIDENCE };
    table.case(world, "op", to(tier), got(C::UnknownTier, tier));
    let nothing = FundPnlPool { market: sol, amount: Amount::ZERO };
    table.case(world, "venue", nothing, none(C::ZeroAmount));
    let over = no(C::BadPolicy, 1_000_001u32, 1_000_000u32);
    table.case(world, "op", set(rules(0, 0, 1_000_001)), over);
    let blind = CoverDeficit { evidence: Hash::ZERO, ..cover(5) };
    table.case(world, "venue", blind, none(C::NoEvidence));
    table.case(world, "venue", BalancePools { market: sol }, got(C::PoolsOff, sol));
    table.case(world, "venue", cover(5), got(C::PoolsOff, sol));

    world.must("op", set(rules(100, 50, 0)));
    table.case(world, "venue", cover(500), no(C::NoDeficit, 500u128, 100u128));
    let short = ReportResults {
        market: sol,
        exchange_fees: Amount::ZERO,
        liquidation_fees: Amount::ZERO,
        surplus: Signed::new(-1),
        net_revenue: Signed::ZERO,
    };
    world.must("venue", short);
    table.case(world, "venue", cover(100), no(C::NoDeficit, 100u128, 100u128));
    world.must("venue", cover(500));
    table.case(world, "venue", cover(500), no(C::NoDeficit, 500u128, 100u128));
    let short = ReportResults {
        market: sol,
        exchange_fees: Amount::ZERO,
        liquidation_fees: Amount::ZERO,
        surplus: Signed::new(-1),
        net_revenue: Signed::ZERO,
    };
    world.must("venue", short);
    // The period's fifty are used.
    table.case(world, "venue", cover(500), no(C::NoCover, 400u128, 0u128));

    let ceilings = |insurance, imbalance, period| TierPolicy {
        insurance_max: atoms(insurance),
        imbalance_max: atoms(imbalance),
        period_max: atoms(period),
    };
    let define = |tier_policy| SetTier { label: tier, tier: tier_policy };
    world.must("op", define(ceilings(1_000, 100, 50)));
    // Layers without a lifetime limit reach beyond every tier.
    table.case(world, "op", to(tier), no(C::AboveTier, u128::MAX, 1_000u128));
    let capped = |limit| SetWaterfall {
        market: sol,
        layers: vec![LayerPolicy {
            lifetime: Some(atoms(limit)),
            ..layer(LayerSource::Reserve(label("main")))
        }],
    };
    world.must("op", capped(1_000));
    world.must("op", to(tier));
    table.case(world, "op", capped(1_001), no(C::AboveTier, 1_001u128, 1_000u128));
    table.case(world, "op", set(rules(101, 50, 0)), no(C::AboveTier, 101u128, 100u128));
    table.case(world, "op", set(rules(100, 51, 0)), no(C::AboveTier, 51u128, 50u128));
    let shrunk = define(ceilings(999, 100, 50));
    table.case(world, "op", shrunk, no(C::AboveTier, 1_000u128, 999u128));
    done(&table);
}

fn own_of(account: &str, amount: u128) -> StakeProtocol {
    StakeProtocol { tranche: label("jun"), account: label(account), amount: atoms(amount) }
}

#[test]
fn losses() {
    let mut table = Table::default();
    let world = &mut World::new();
    let own = SettleLiquidation { liquidator: label("alice"), ..settle(-5) };
    table.case(world, "venue", own, got(C::SelfLiquidation, label("alice")));
    for evidence in [None, Some(Hash::ZERO)] {
        let blind = SettleLiquidation { evidence, ..settle(-5) };
        table.case(world, "venue", blind, none(C::NoEvidence));
    }
    let place = PlaceLoss { loss: LOSS };
    table.case(world, "keeper", place.clone(), got(C::UnknownLoss, LOSS));
    table.case(world, "risk", assess(5), got(C::UnknownLoss, LOSS));
    world.must("risk", declare(5));
    let blind = AssessLoss { evidence: Hash::ZERO, ..assess(5) };
    table.case(world, "risk", blind, none(C::NoEvidence));
    table.case(world, "risk", assess(0), none(C::ZeroAmount));
    table.case(world, "keeper", place.clone(), no(C::LossState, "declared", "open"));
    let early = no(C::DeclarationNotLapsed, START, after(Span::days(1)));
    table.case(world, "alice", LapseDeclaration { loss: LOSS }, early);
    let recover = |amount| {
        let (from, amount) = (Party::Clearing(label("sol")), atoms(amount));
        RecoverLoss { loss: LOSS, from, amount }
    };
    table.case(world, "venue", recover(5), no(C::LossState, "not placed", "placed or closed"));
    let mut lapsed = world.clone();
    lapsed.wait(Span::days(1));
    table.case(&mut lapsed, "risk", assess(5), no(C::LossState, "lapsed", "declared"));
    world.must("risk", assess(5));
    let open = no(C::LossState, "open", "declared");
    table.case(world, "alice", LapseDeclaration { loss: LOSS }, open);
    world.must("keeper", place.clone());
    table.case(world, "keeper", place, no(C::LossState, "placed", "open"));
    table.case(world, "risk", assess(5), no(C::LossState, "placed", "declared or open"));
    table.case(world, "venue", recover(6), no(C::RecoveryAboveLoss, 6u128, 5u128));
    table.case(world, "venue", recover(0), none(C::ZeroAmount));
    let poor = RecoverLoss { from: Party::Account(label("treasury")), ..recover(5) };
    table.case(world, "treasury", poor, no(C::InsufficientBalance, 5u128, 0u128));
    let claim = ClaimRecovery { loss: LOSS, account: label("bob") };
    table.case(world, "bob", claim, got(C::NothingToClaim, label("bob")));
    world.must("risk", CloseLoss { loss: LOSS });
    let closed = no(C::LossState, "closed", "placed");
    table.case(world, "risk", CloseLoss { loss: LOSS }, closed);
    world.must("op", VoidLoss { loss: LOSS });
    let void = no(C::LossState, "void", "any but void");
    table.case(world, "op", VoidLoss { loss: LOSS }, void);

    let world = &mut World::new();
    for _ in 0..64 {
        world.must("risk", declare(5));
    }
    table.case(world, "risk", declare(5), no(C::TooManyOpenLosses, 64usize, 64usize));
    done(&table);
}

/// What a fund may not take over, and what it may not close.
#[test]
fn taking_over() {
    let mut table = Table::default();
    let world = &mut inventory::world(rules());
    takeovers(&mut table, world);
    fills(&mut table, world);
    auctions(&mut table, world);
    rules_of_takeovers(&mut table, world);
    let world = &mut inventory::world(rules());
    let policy = InventoryPolicy { position_max: Amount::MAX, ..rules() };
    let mut create = create_market("main", vec![layer(LayerSource::FeePool)]);
    for at in 0..65 {
        create.label = label(&format!("m{at}"));
        let account = label(&format!("a{at}"));
        world.must("op", create.clone());
        world.must("op", OpenAccount { label: account, group: None, venue: None });
        world.must("op", SetInventory { market: create.label, policy: Box::new(policy) });
        let one = TakeOver { market: create.label, account, ..take("alice", 1, 1, 1, 0) };
        if at < 64 {
            world.must("venue", one);
        } else {
            table.case(world, "venue", one, no(C::TooManyInventories, 64usize, 64usize));
        }
    }
    done(&table);
}

fn takeovers(table: &mut Table, world: &mut World) {
    let good = take("alice", 40, 95, 98, 0);
    table.case(world, "bob", good.clone(), no(C::RoleMissing, "none", OPENS));
    let nobody = TakeOver { account: label(NOTHING), ..good.clone() };
    table.case(world, "venue", nobody, got(C::UnknownAccount, label(NOTHING)));
    let nowhere = TakeOver { market: label(NOTHING), ..good.clone() };
    table.case(world, "venue", nowhere, got(C::UnknownMarket, label(NOTHING)));
    for zero in [take("alice", 0, 95, 98, 0), take("alice", 1, 0, 98, 0), take("alice", 1, 1, 0, 0)]
    {
        table.case(world, "venue", zero, none(C::ZeroAmount));
    }
    table.case(world, "venue", take("alice", i128::MAX, 2, 2, 0), overflow());
    let unproven = TakeOver { evidence: Hash::ZERO, ..good.clone() };
    table.case(world, "venue", unproven, none(C::NoEvidence));
    let elsewhere = TakeOver { market: label("btc"), ..good.clone() };
    table.case(world, "venue", elsewhere, got(C::InventoryOff, label("btc")));
    let large = no(C::InventoryPosition, atoms(5_096), atoms(5_000));
    table.case(world, "venue", take("alice", 52, 95, 98, 0), large);
    let dear = no(C::InventoryLoss, atoms(410), atoms(400));
    table.case(world, "venue", take("alice", 41, 108, 98, 0), dear);
    let risky = no(C::InventoryRisk, atoms(873), atoms(500));
    table.case(world, "venue", take("alice", 49, 106, 98, 0), risky);
    let mut checked = of(|setup| setup.index = Some(IndexPolicy::default()));
    let mut create = create_market("main", vec![layer(LayerSource::FeePool)]);
    (create.label, create.policy.mark) = (label("checked"), Some(label(INDEX)));
    let market = create.label;
    checked.must("op", create);
    checked.must("op", SetInventory { market, policy: Box::new(rules()) });
    let unsound = got(C::InventoryMark, price(98));
    table.case(&mut checked, "venue", TakeOver { market, ..good.clone() }, unsound);
    world.must("venue", good);
    let again = no(C::InventoryCooldown, START, after(Span::days(1)));
    table.case(world, "venue", take("alice", 1, 95, 98, 0), again);
}

fn fills(table: &mut Table, world: &mut World) {
    let flat = FillInventory { market: label("btc"), ..fill(-1, 95) };
    table.case(world, "venue", flat.clone(), got(C::InventoryOff, label("btc")));
    world.must("op", SetInventory { market: label("btc"), policy: Box::new(rules()) });
    table.case(world, "venue", flat, got(C::InventoryFlat, label("btc")));
    table.case(world, "venue", fill(0, 95), none(C::ZeroAmount));
    table.case(world, "venue", fill(-1, 0), none(C::ZeroAmount));
    let bare = FillInventory { evidence: None, ..fill(-1, 94) };
    table.case(world, "venue", bare, none(C::NoEvidence));
    table.case(world, "venue", fill(1, 95), no(C::BadClose, atoms(1), atoms(40)));
    table.case(world, "venue", fill(-41, 95), no(C::BadClose, atoms(41), atoms(40)));
    let bound = Price::new(price(98).get() / 100 * 95);
    table.case(world, "venue", fill(-1, 93), no(C::InventoryPrice, price(93), bound));
    let none_to_ask = MarkInventory { mark: None, ..mark(1) };
    table.case(world, "bob", none_to_ask, got(C::UnknownIndex, label("sol")));
    table.case(world, "venue", mark(0), none(C::ZeroAmount));
    world.wait(seconds(61));
    let stale = no(C::InventoryStale, world.now, after(seconds(60)));
    table.case(world, "venue", fill(-1, 95), stale);
    table.case(world, "risk", deleverage(), stale);
    world.must("venue", mark(98));
}

fn auctions(table: &mut Table, world: &mut World) {
    let over = got(C::AuctionOver, label("sol"));
    table.case(world, "bob", bid("bob", 1, 98), over);
    world.must("risk", auction());
    let until = world.now.plus(seconds(600));
    table.case(world, "risk", auction(), no(C::AuctionOpen, world.now, until));
    table.case(world, "risk", deleverage(), no(C::AuctionOpen, world.now, until));
    let whose = no(C::NotOwner, label("bob"), label("carol"));
    table.case(world, "bob", bid("carol", 1, 98), whose);
    table.case(world, "bob", bid("bob", 0, 98), none(C::ZeroAmount));
    let poor = no(C::InsufficientBalance, atoms(10), Amount::ZERO);
    table.case(world, "treasury", bid("treasury", 1, 98), poor);
    table.case(world, "bob", bid("bob", 41, 98), no(C::AuctionSize, atoms(41), atoms(40)));
    table.case(world, "bob", bid("bob", -1, 98), no(C::AuctionSize, atoms(1), atoms(40)));
    let asked = Price::new(price(98).get() / 100 * 99);
    table.case(world, "bob", bid("bob", 1, 97), no(C::AuctionPrice, asked, price(97)));
    table.case(world, "alice", bid("alice", 1, 98), got(C::AuctionGroup, label("alice")));
    world.wait(hours(1));
    let due = no(C::InventoryOverdue, world.now, after(hours(1)));
    table.case(world, "venue", take("carol", 1, 95, 98, 0), due);
}

/// Rails, and what is held is counted in the unit that it was taken in.
fn rules_of_takeovers(table: &mut Table, world: &mut World) {
    let (good, whole) = (rules(), 1_000_000u32);
    let auction = good.auction;
    let (minute, short) = (Span::from_ms(60_000), Span::from_ms(59_999));
    let past = Ppm::new(whole + 1);
    for (policy, expected) in [
        (InventoryPolicy { base_unit: Base::ZERO, ..good }, no(C::BadPolicy, 0u32, 1u32)),
        (InventoryPolicy { base_unit: Base::MAX, ..good }, overflow()),
        (InventoryPolicy { base_unit: Base::new(2), ..good }, no(C::BadPolicy, 2u32, 1u32)),
        (InventoryPolicy { reserve_part: past, ..good }, no(C::BadPolicy, whole + 1, whole)),
        (InventoryPolicy { slip_max: past, ..good }, no(C::BadPolicy, whole + 1, whole)),
        (
            InventoryPolicy { shock: Ppm::new(10_000_001), ..good },
            no(C::BadPolicy, 10_000_001u32, 10_000_000u32),
        ),
        (InventoryPolicy { hold_max: short, ..good }, no(C::BadPolicy, short, minute)),
        (
            InventoryPolicy { auction: AuctionPolicy { lifetime: short, ..auction }, ..good },
            no(C::BadPolicy, short, minute),
        ),
        (
            InventoryPolicy { auction: AuctionPolicy { interval: Span::ZERO, ..auction }, ..good },
            no(C::BadPolicy, Span::ZERO, Span::from_ms(1)),
        ),
        (
            InventoryPolicy { auction: AuctionPolicy { start: past, ..auction }, ..good },
            no(C::BadPolicy, whole + 1, 50_000u32),
        ),
        (
            InventoryPolicy { auction: AuctionPolicy { most: past, ..auction }, ..good },
            no(C::BadPolicy, whole + 1, whole),
        ),
        (
            InventoryPolicy { auction: AuctionPolicy { margin: past, ..auction }, ..good },
            no(C::BadPolicy, whole + 1, whole),
        ),
    ] {
        table.case(world, "op", set(policy), expected);
    }
    // Tighter is the risk desk's at once, wider is not.
    world.must("risk", set(InventoryPolicy { position_max: Amount::ZERO, ..good }));
    table.case(world, "risk", set(good), no(C::RoleMissing, "risk", "operator"));
}

/// A list of winners that is wrong in every way it can be.
#[test]
fn deleveraging() {
    let mut table = Table::default();
    let world = &mut asked();
    let list = three();
    let (run, close) = (RunAdl { loss: LOSS }, CloseAdl { loss: LOSS });
    let mut bare = World::new();
    bare.must("risk", declare(5));
    table.case(&mut bare, "venue", open(&list), got(C::ClaimUnknown, LOSS));
    let stray = RecoverLoss { loss: LOSS, from: Party::Clearing(label("sol")), amount: atoms(1) };
    table.case(world, "venue", stray, no(C::ClaimUnsettled, 0u32, 600u32));
    table.case(world, "op", VoidLoss { loss: LOSS }, no(C::ClaimUnsettled, 0u32, 600u32));
    let long = OpenAdl { count: 101, ..open(&list) };
    table.case(world, "venue", long, no(C::ListTooLong, 101u32, 100u32));
    for (side, at) in [
        (PositionSide::Long, 100),
        (PositionSide::Long, 101),
        (PositionSide::Short, 90),
        (PositionSide::Long, 0),
    ] {
        let bad = OpenAdl { side, price: price(at), ..open(&list) };
        let expected = no(C::AdlPrice, price(at).get(), price(100).get());
        table.case(world, "venue", bad, expected);
    }
    table.case(world, "venue", submit(&list), got(C::ListNotOpen, LOSS));
    table.case(world, "keeper", run.clone(), got(C::ListNotOpen, LOSS));
    table.case(world, "keeper", close.clone(), no(C::ClaimNotComplete, START, after(hours(1))));

    world.must("venue", open(&list));
    table.case(world, "venue", submit(&[]), no(C::ListPartTooLarge, 0usize, 4_096usize));
    let many = submit(&vec![list[0]; 4_097]);
    table.case(world, "venue", many, no(C::ListPartTooLarge, 4_097usize, 4_096usize));
    let wrong = Candidate { side: PositionSide::Short, ..list[1] };
    table.case(world, "venue", submit(&[list[0], wrong]), no(C::AdlSide, label("alice"), "long"));
    for bad in [
        Candidate { size: Base::ZERO, ..list[1] },
        Candidate { hedged: Base::new(31), ..list[1] },
        Candidate { entry: Price::ZERO, ..list[1] },
        Candidate { equity: Amount::ZERO, ..list[1] },
    ] {
        table.case(world, "venue", submit(&[list[0], bad]), got(C::AdlCandidate, label("alice")));
    }
    // One too many, too many lots, too few, and another list of the same size.
    let more = submit(&[list[0], list[1], list[2], list[2]]);
    table.case(world, "venue", more, no(C::ListSeal, 4u32, 3u32));
    let larger = Candidate { size: Base::new(81), ..list[2] };
    table.case(world, "venue", submit(&[list[1], larger]), no(C::ListSeal, 111u32, 110u32));
    let smaller = Candidate { size: Base::new(39), ..list[2] };
    let fewer = submit(&[list[0], list[1], smaller]);
    table.case(world, "venue", fewer, no(C::ListSeal, 109u32, 110u32));
    let endless = Candidate { size: Base::MAX, ..list[2] };
    let endless = submit(&[list[0], endless]);
    table.case(world, "venue", endless, no(C::ListSeal, 40u32, 110u32));
    let turned = [list[1], list[0], list[2]];
    let expected = no(C::ListSeal, open(&turned).root, open(&list).root);
    table.case(world, "venue", submit(&turned), expected);
    world.must("venue", submit(&list[..2]));
    table.case(world, "keeper", run.clone(), no(C::ClaimNotComplete, 2u32, 3u32));
    world.must("venue", submit(&list[2..]));
    table.case(world, "venue", submit(&list[2..]), no(C::ListSeal, 4u32, 3u32));

    world.must("keeper", run.clone());
    let layers = vec![layer(LayerSource::Adl)];
    let other = SetWaterfall { market: label("sol"), layers };
    table.case(world, "op", other.clone(), no(C::ClaimOpen, 1u32, 0u32));
    table.case(world, "venue", open(&list), no(C::ClaimStarted, 2u32, 0u32));
    table.case(world, "keeper", run.clone(), no(C::ClaimDone, 2u32, 2u32));
    world.must("keeper", close.clone());
    table.case(world, "venue", open(&list), got(C::ClaimClosed, LOSS));
    table.case(world, "venue", submit(&list), got(C::ClaimClosed, LOSS));
    table.case(world, "keeper", run, got(C::ClaimClosed, LOSS));
    table.case(world, "keeper", close, got(C::ClaimClosed, LOSS));
    world.must("op", other);
    done(&table);
}

/// Deposits that can't express a loss, that come late, or on a market that lost them all.
#[test]
fn lenders() {
    use crate::lenders::{deposits, lent};
    let mut table = Table::default();
    let world = &mut lent(1_000);
    for (index, unit, expected) in [
        (1_000_000, 0, no(C::DepositIndex, 0u32, 1u32)),
        (999_999, 1, no(C::DepositIndex, 999_999u32, 1_000_000u32)),
        (u128::MAX, 1, overflow()),
    ] {
        let [index, unit] = [index, unit].map(ShareIndex::new);
        let bad = ReportDeposits { index, unit, ..deposits(1_000, 0) };
        table.case(world, "venue", bad, expected);
    }
    table.case(world, "venue", deposits(1_000, 1), no(C::DepositsLate, 1u32, 0u32));
    world.must("venue", settle(-70));
    table.case(world, "venue", deposits(1_000, 0), no(C::DepositsLate, 0u32, 1u32));
    world.must("venue", settle(-931));
    table.case(world, "venue", deposits(1_000, 2), got(C::MarketDead, label("sol")));
    table.case(world, "venue", settle(-1), got(C::MarketDead, label("sol")));
    table.case(world, "venue", settle(1), got(C::MarketDead, label("sol")));

    // Who pays later can't promise to pay all.
    let whole = LayerPolicy { payout: Payout::Whole, ..layer(LayerSource::Adl) };
    let bad = create_market("main", vec![whole]);
    table.case(world, "op", bad, no(C::BadPolicy, "whole", "partial"));
    done(&table);
}

/// A fund's account at a venue: none, a late report, nothing to move, nobody to get it.
#[test]
fn house_accounts() {
    use crate::house::{housed, policy, report, set};
    let mut table = Table::default();
    let fund = label("main");
    let world = &mut housed(0, 100, Payout::Partial);
    let elsewhere = set(HousePolicy { market: label("doge"), ..policy() });
    let other = no(C::BadPolicy, label("iso"), fund);
    table.case(world, "op", elsewhere, other);
    let blind = ReportHouse { evidence: Hash::ZERO, ..report(1, 1, 0) };
    table.case(world, "venue", blind, none(C::NoEvidence));
    table.case(world, "venue", report(1, 1, 1), no(C::HouseLate, 1u32, 0u32));
    table.case(world, "dave", RepayHouse { fund }, none(C::NothingToMove));
    world.must("venue", report(-7, 0, 0));
    table.case(world, "dave", RepayHouse { fund }, no(C::InsufficientBalance, 7u32, 0u32));
    let give = DistributeSurplus { fund };
    table.case(world, "dave", give.clone(), no(C::BelowThreshold, 0u32, 100u32));
    world.must("venue", report(100, 100, 0));
    table.case(world, "dave", give.clone(), no(C::NoExcess, 100u32, 100u32));
    world.must("venue", report(120, 0, 0));
    table.case(world, "dave", give.clone(), no(C::NothingToMove, 0u32, 20u32));
    world.must("op", set(HousePolicy { beneficiary: None, ..policy() }));
    table.case(world, "dave", give.clone(), got(C::NoBeneficiary, fund));
    let zero = SetThreshold { fund, threshold: Amount::ZERO };
    table.case(world, "op", zero, no(C::BadPolicy, 0u32, 1u32));
    world.must("op", set(None));
    table.case(world, "venue", report(1, 1, 0), got(C::HouseOff, fund));
    table.case(world, "dave", RepayHouse { fund }, got(C::HouseOff, fund));
    let mut rich = housed(150, 100, Payout::Partial);
    rich.must("op", set(None));
    table.case(&mut rich, "dave", give, got(C::HouseOff, fund));
    done(&table);
}

/// Debts of those who can pay, or that say too little.
#[test]
fn bad_debts() {
    use crate::bad_debt::{bank, debt};
    let mut table = Table::default();
    let world = &mut bank(0, 1_000);
    let of =
        |assets, debts| SettleBadDebt { assets: atoms(assets), debts: atoms(debts), ..debt(5) };
    for (bad, expected) in [
        (of(7, 7), no(C::NotBankrupt, 7u32, 7u32)),
        (of(100_000, 200_000), no(C::NotBankrupt, 100_000u32, 100_000u32)),
        (of(0, 100), no(C::NotBankrupt, 100u32, 100u32)),
        (debt(0), none(C::ZeroAmount)),
        (SettleBadDebt { evidence: Hash::ZERO, ..debt(5) }, none(C::NoEvidence)),
    ] {
        table.case(world, "venue", bad, expected);
    }
    world.must("venue", debt(1_000));
    table.case(world, "venue", debt(5), got(C::MarketDead, label("sol")));
    done(&table);
}

/// Rules of deleveraging outside their rails, and a rank that needs more of a candidate.
#[test]
fn rails_of_deleveraging() {
    let mut table = Table::default();
    let world = &mut World::new();
    let adl = AdlPolicy::default();
    let minute = Span::from_ms(60_000);
    let short = Span::from_ms(59_999);
    for (adl, expected) in [
        (AdlPolicy { base_unit: Base::ZERO, ..adl }, no(C::BadPolicy, 0u32, 1u32)),
        (AdlPolicy { batch: 0, ..adl }, no(C::BadPolicy, 0u32, 4_096u32)),
        (AdlPolicy { batch: 4_097, ..adl }, no(C::BadPolicy, 4_097u32, 4_096u32)),
        (AdlPolicy { candidates_max: 0, ..adl }, no(C::BadPolicy, 0u32, 1u32 << 20)),
        (
            AdlPolicy { candidates_max: (1 << 20) + 1, ..adl },
            no(C::BadPolicy, (1u32 << 20) + 1, 1u32 << 20),
        ),
        (AdlPolicy { deadline: short, ..adl }, no(C::BadPolicy, short, minute)),
    ] {
        let mut bad = create_market("main", vec![layer(LayerSource::Adl)]);
        bad.policy.adl = Some(adl);
        table.case(world, "op", bad, expected);
    }

    // A rank that divides by collateral needs it.
    let mut ranked = of(|setup| {
        let adl = winners_second().adl.map(|adl| AdlPolicy { rank: AdlRank::LeveragedPnl, ..adl });
        setup.markets[0] = MarketPolicy { adl, ..winners_second() };
    });
    crate::run::lose(&mut ranked, 600);
    ranked.must("venue", open(&three()));
    table.case(&mut ranked, "venue", submit(&three()), got(C::AdlCandidate, label("carol")));
    done(&table);
}

/// A list of accounts that is wrong in every way it can be, and a layer where it may not stand.
#[test]
fn by_equity() {
    use crate::equity::{RULES, asked, holder, open, submit, three};
    let mut table = Table::default();
    let world = &mut World::new();
    let minute = Span::from_ms(60_000);
    let short = Span::from_ms(59_999);
    for (rules, expected) in [
        (EquityPolicy { cap: Ppm::ZERO, ..RULES }, no(C::BadPolicy, 0u32, 1_000_000u32)),
        (
            EquityPolicy { cap: Ppm::new(1_000_001), ..RULES },
            no(C::BadPolicy, 1_000_001u32, 1_000_000u32),
        ),
        (EquityPolicy { batch: 0, ..RULES }, no(C::BadPolicy, 0u32, 4_096u32)),
        (EquityPolicy { accounts_max: 0, ..RULES }, no(C::BadPolicy, 0u32, 1u32 << 20)),
        (EquityPolicy { deadline: short, ..RULES }, no(C::BadPolicy, short, minute)),
    ] {
        let mut bad = create_market("main", vec![layer(LayerSource::Equity)]);
        bad.policy.equity = Some(rules);
        table.case(world, "op", bad, expected);
    }
    let whole = LayerPolicy { payout: Payout::Whole, ..layer(LayerSource::Equity) };
    let bad = create_market("main", vec![whole]);
    table.case(world, "op", bad, no(C::BadPolicy, "whole", "partial"));
    // What hosted accounts are worth is the ledger's to say.
    let mut bad = create_market("main", vec![layer(LayerSource::Equity)]);
    bad.policy.hosted = Some(Box::new(hosted::policy()));
    let new = bad.label;
    table.case(world, "op", bad, got(C::Hosted, new));
    table.case(world, "venue", open(&three()), got(C::UnknownLoss, LOSS));
    world.must("risk", declare(5));
    table.case(world, "venue", open(&three()), got(C::ClaimUnknown, LOSS));

    let world = &mut asked(&[]);
    let list = three();
    let (run, close) = (RunEquity { loss: LOSS }, CloseEquity { loss: LOSS });
    let long = OpenEquity { count: 101, ..open(&list) };
    table.case(world, "venue", long, no(C::ListTooLong, 101u32, 100u32));
    table.case(world, "venue", submit(&list), got(C::ListNotOpen, LOSS));
    table.case(world, "keeper", run.clone(), got(C::ListNotOpen, LOSS));
    table.case(world, "keeper", close.clone(), no(C::ClaimNotComplete, START, after(hours(1))));
    world.must("venue", open(&list));
    table.case(world, "venue", submit(&[]), no(C::ListPartTooLarge, 0usize, 4_096usize));
    let many = submit(&vec![list[0]; 4_097]);
    table.case(world, "venue", many, no(C::ListPartTooLarge, 4_097usize, 4_096usize));
    let empty = submit(&[list[0], holder("dave", 0)]);
    table.case(world, "venue", empty, got(C::EquityHolder, label("dave")));
    let other = submit(&[list[0], list[1], holder("carol", 499)]);
    table.case(world, "venue", other, no(C::ListSeal, 2_999u32, 3_000u32));
    let endless = submit(&[list[0], holder("carol", u128::MAX)]);
    table.case(world, "venue", endless, no(C::ListSeal, 1_500u32, 3_000u32));
    world.must("venue", submit(&list[..2]));
    table.case(world, "keeper", run.clone(), no(C::ClaimNotComplete, 2u32, 3u32));
    world.must("venue", submit(&list[2..]));
    world.must("keeper", run.clone());
    table.case(world, "venue", open(&list), no(C::ClaimStarted, 2u32, 0u32));
    world.must("keeper", run.clone());
    table.case(world, "keeper", run.clone(), no(C::ClaimDone, 3u32, 3u32));
    world.must("keeper", close.clone());
    table.case(world, "keeper", close, got(C::ClaimClosed, LOSS));
    table.case(world, "keeper", run, got(C::ClaimClosed, LOSS));
    done(&table);
}

#[test]
fn custody() {
    let mut table = Table::default();
    let world = &mut World::new();
    let transfer_id = TransferId::new(0);
    let end = |outcome| ResolveTransfer { transfer: transfer_id, outcome };
    let confirmed = end(Outcome::Confirmed);
    table.case(world, "custodian", confirmed.clone(), got(C::UnknownTransfer, transfer_id));
    world.must("alice", transfer(Direction::Out, alice(), 50));
    let short = no(C::CustodyShort, 50u128, 0u128);
    table.case(world, "custodian", confirmed.clone(), short);
    world.must("custodian", end(Outcome::Failed));
    table.case(world, "custodian", confirmed, got(C::TransferClosed, transfer_id));
    world.must("venue", settle(-70));
    let owed = Party::Clearing(label("sol"));
    // The 70 are a residual: nobody has paid them in, so the venue has nothing to take out.
    let out = transfer(Direction::Out, owed, 1);
    table.case(world, "venue", out, no(C::NothingOwed, 1u128, 0u128));

    let (eth, as_of, balance) = (label("eth"), START, atoms(5));
    let ledger = world.state.meta.ledger;
    let reconcile = |signature| Reconcile { asset: eth, balance, as_of, signature };
    let custodian = Hash::new(keys::public(keys::CUSTODIAN).0);
    table.case(world, "custodian", reconcile(None), no(C::UnsignedBalance, "none", custodian));
    let key = got(C::BadSignature, custodian);
    let other = keys::balance(ledger, eth, atoms(6), as_of);
    table.case(world, "custodian", reconcile(Some(other)), key);
    let abroad = keys::balance(label("elsewhere"), eth, balance, as_of);
    table.case(world, "custodian", reconcile(Some(abroad)), key);
    world.must("custodian", reconcile(Some(keys::balance(ledger, eth, balance, as_of))));
    done(&table);
}

#[test]
fn prices() {
    let mut table = Table::default();
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let mark = label(INDEX);
    let feed = |name: &str| RetireFeed { feed: label(name) };
    table.case(world, "risk", feed(NOTHING), got(C::UnknownFeed, label(NOTHING)));
    let policy = IndexPolicy::default();
    let unknown = SetIndexPolicy { index: label(NOTHING), policy };
    table.case(world, "op", unknown, got(C::UnknownIndex, label(NOTHING)));
    let ledger = world.state.meta.ledger;
    let say = |name: &str, price, at| report(ledger, name, Price::new(price), at);

    let key = keys::public(101);
    let index = RegisterIndex { label: label("new"), asset: None, quote: label("usdt"), policy };
    let eth = RegisterIndex { asset: Some(label("eth")), ..index };
    world.must("op", eth.clone());
    let again = RegisterIndex { label: label("again"), ..eth };
    table.case(world, "op", again, no(C::AssetPriced, label("eth"), label("new")));
    let twice = RegisterFeed {
        label: label("twice"),
        index: mark,
        family: label("four"),
        reporter: Reporter::Key(key),
    };
    table.case(world, "op", twice.clone(), got(C::ReporterTaken, Hash::new(key.0)));
    let venue = RegisterFeed { reporter: Reporter::Account(label("venue")), ..twice };
    table.case(world, "op", venue, got(C::ReporterTaken, label("venue")));

    let unsigned = ReportPrice { signature: None, ..say("north", 1_000, START) };
    let limit = Hash::new(key.0);
    let expected = no(C::BadReportSignature, "no signature", limit);
    table.case(world, "keeper", unsigned, expected);
    let other = no(C::BadReportSignature, "another signature", limit);
    let forged = ReportPrice { price: Price::new(1_001), ..say("north", 1_000, START) };
    table.case(world, "keeper", forged, other);
    let later = ReportPrice { at: after(hours(0)), ..say("north", 1_000, START.plus(hours(1))) };
    table.case(world, "keeper", later, other);
    let abroad = report(label("elsewhere"), "north", Price::new(1_000), START);
    table.case(world, "keeper", abroad, other);
    let sister = ReportPrice { feed: label("north"), ..say("south", 1_000, START) };
    table.case(world, "keeper", sister, other);
    let ahead = START.plus(Span::from_ms(300_001));
    let expected = no(C::ReportAhead, ahead, START.plus(Span::from_ms(300_000)));
    table.case(world, "keeper", say("north", 1_000, ahead), expected);
    table.case(world, "keeper", say("north", 0, START), none(C::PriceZero));

    no_price(&mut table, world);
    done(&table);
}

/// What the price of an index is refused for, one after the other.
fn no_price(table: &mut Table, world: &mut World) {
    let ledger = world.state.meta.ledger;
    let say = |name: &str, price, at| report(ledger, name, Price::new(price), at);
    let feed = |name: &str| RetireFeed { feed: label(name) };
    table.price(world, no(C::TooFewFeeds, 0u32, 3u32));
    world.must("keeper", say("north", 1_000, START));
    let replayed = say("north", 1_000, START);
    table.case(world, "keeper", replayed, no(C::ReportOutOfOrder, START, START));
    world.must("keeper", say("south", 1_000, START));
    world.must("keeper", say("east", 1_200, START));
    table.price(world, no(C::FeedsDisagree, 0u32, 3u32));
    world.now = START.plus(Span::from_ms(60_001));
    let oldest = START.plus(Span::from_ms(1));
    table.price(world, no(C::StalePrice, START, oldest));
    let all = |world: &mut World, price| {
        for name in ["north", "south", "east"] {
            let said = say(name, price, world.now);
            world.must("keeper", said);
        }
    };
    all(world, 1_000);
    world.wait(Span::from_ms(1));
    all(world, 1_101);
    table.price(world, no(C::PriceOutOfBand, 1_101u128, 1_000u128));
    world.wait(Span::from_ms(1));
    all(world, 1_501);
    table.price(world, no(C::PriceJumped, 1_501u128, 1_000u128));
    world.must("risk", feed("east"));
    table.case(world, "risk", feed("east"), got(C::FeedRetired, label("east")));
    let late = say("east", 1_000, world.now);
    table.case(world, "keeper", late, got(C::FeedRetired, label("east")));
    let narrow = &mut of(|setup| {
        setup.index = Some(IndexPolicy { quorum: 2, ..IndexPolicy::default() });
    });
    narrow.must("keeper", say("north", 1_000, START));
    narrow.must("keeper", say("south", 1_000, START));
    table.price(narrow, no(C::TooFewFamilies, 1u32, 2u32));
}

/// Alice and bob short of carol by ten each, a thousand in for each of them.
fn hosted(change: impl Fn(&mut HostedPolicy), pool: MarginPoolPolicy) -> World {
    let mut policy = hosted::policy();
    change(&mut policy);
    let mut world = hosted::world([policy.clone(), policy], pool, &[], 0);
    for name in ["alice", "bob", "carol"] {
        world.must(name, hosted::deposit(name, "main", 1_000));
    }
    world.must("venue", hosted::mark("perp", 100));
    world.must("venue", hosted::trade("perp", ("carol", "alice"), 10, 100));
    world.must("venue", hosted::trade("perp", ("carol", "bob"), 10, 100));
    world
}

fn lone() -> MarginPoolPolicy {
    hosted::pool(Netting::None)
}

#[test]
fn hosted_markets() {
    let mut table = Table::default();
    let world = &mut hosted(|_| {}, lone());
    let (sol, perp, alt, main) = (label("sol"), label("perp"), label("alt"), label("main"));
    let pair = ("alice", "bob");
    table.case(world, "venue", hosted::mark("sol", 1), got(C::NotHosted, sol));
    let report = ReportOpenInterest { market: perp, base: Base::new(1) };
    table.case(world, "venue", report, got(C::Hosted, perp));
    let own = SettleLiquidation { market: perp, ..settle(-5) };
    table.case(world, "venue", own, got(C::Hosted, perp));
    let line = SetInventory { market: perp, policy: Box::new(rules()) };
    table.case(world, "op", line, got(C::Hosted, perp));
    let bare = &mut World::new();
    table.case(bare, "alice", hosted::deposit("alice", "main", 1), got(C::NoMarginPool, main));
    let out = hosted::withdraw("dave", "main", 1);
    table.case(world, "dave", out, got(C::UnknownMargin, label("dave")));
    // 1,000 of equity, 200 of initial margin.
    let out = hosted::withdraw("alice", "main", 801);
    table.case(world, "alice", out, no(C::MarginShort, 801u32, 800u32));
    let none = hosted::trade("alt", pair, 1, 100);
    table.case(world, "venue", none, got(C::UnknownMargin, label("alice")));
    for name in ["alice", "bob"] {
        world.must(name, hosted::deposit(name, "pen", 1_000));
    }
    table.case(world, "venue", hosted::trade("alt", pair, 1, 100), got(C::NoMark, alt));
    let same = hosted::trade("perp", ("alice", "alice"), 1, 100);
    table.case(world, "venue", same, got(C::SameAccount, label("alice")));
    let worse = hosted::trade("perp", ("carol", "bob"), 100, 100);
    table.case(world, "venue", worse, no(C::WorseStanding, 1_000u32, 2_400u32));
    let small = hosted::fill("perp", ("alice", "carol"), 11, 100);
    table.case(world, "venue", small, no(C::BadClose, 11u32, 10u32));
    let sound = hosted::fill("perp", ("alice", "carol"), 1, 100);
    table.case(world, "venue", sound, no(C::NotLiquidatable, 1_000u32, 100u32));
    let sound = hosted::deleverage("perp", "alice", &["carol"]);
    table.case(world, "venue", sound, no(C::NotDeleverageable, 1_000u32, 0u32));
    let twice = hosted::deleverage("perp", "alice", &["carol", "carol"]);
    table.case(world, "venue", twice, got(C::DuplicateCounterparty, label("carol")));
    let many = hosted::deleverage("perp", "alice", &["carol"; 65]);
    table.case(world, "venue", many, no(C::TooManyCounterparties, 65u32, 64u32));
    let open = hosted::bankrupt("alice", "main");
    table.case(world, "keeper", open, no(C::NotBankrupt, 1u32, 0u32));
    let close = SetMarketStatus { market: perp, status: MarketStatus::Closed };
    table.case(world, "venue", close, no(C::OpenInterestLeft, 40u32, 0u32));
    let merge = |market, fund| MergeIsolated { market, fund: label(fund) };
    table.case(world, "op", merge(perp, "main"), no(C::NotIsolated, main, main));
    let again = SetMarketStatus { market: perp, status: MarketStatus::Active };
    table.case(world, "op", again, no(C::WrongStatus, "active", "active"));
    world.must("op", SetMarketStatus { market: perp, status: MarketStatus::ReduceOnly });
    let opens = hosted::trade("perp", ("carol", "bob"), 1, 100);
    table.case(world, "venue", opens, no(C::ReduceOnly, 1u32, 20u32));
    world.must("venue", hosted::mark("perp", 300));
    world.must("keeper", hosted::flag("alice", "main"));
    let held = hosted::withdraw("bob", "main", 1);
    let opens = after(Span::from_ms(60_000));
    table.case(world, "bob", held, no(C::WithdrawalsHeld, START, opens));
    let fill = hosted::fill("perp", ("alice", "carol"), 10, 300);
    table.case(world, "venue", fill, no(C::BeyondBankruptcy, 1_000u32, 0u32));
    let staked = CreateTranche {
        label: label("penned"),
        fund: label("pen"),
        policy: TranchePolicy::default(),
    };
    world.must("op", staked);
    table.case(world, "op", merge(alt, "main"), got(C::FundStaked, label("pen")));
    done(&table);
}

#[test]
fn short_pools() {
    let mut table = Table::default();
    let layers = [LayerSource::Haircut(Ppm::WHOLE)];
    let world = &mut hosted::world([hosted::policy(), hosted::policy()], lone(), &layers, 0);
    for name in ["alice", "carol"] {
        world.must(name, hosted::deposit(name, "main", 1_000));
    }
    world.must("venue", hosted::mark("perp", 100));
    world.must("venue", hosted::trade("perp", ("alice", "carol"), 1, 100));
    world.must("venue", hosted::trade("perp", ("carol", "alice"), 1, 100));
    world.must("op", hosted::opening("alice", "main", -1_500));
    world.must("keeper", hosted::bankrupt("alice", "main"));
    let deposit = hosted::deposit("bob", "main", 1);
    table.case(world, "bob", deposit, no(C::PoolHaircut, 500u32, 0u32));
    let more = hosted::recapitalise("bob", "main", 501);
    table.case(world, "bob", more, no(C::AboveHaircut, 501u32, 500u32));
    done(&table);
}

#[test]
fn limits_of_hosted_markets() {
    let mut table = Table::default();
    let second = Span::from_ms(1_000);
    let few = MarginPoolPolicy { positions_max: 1, ..lone() };
    let world = &mut hosted(|_| {}, few);
    let create = CreateMarket {
        label: label("more"),
        fund: label("main"),
        venue: label("venue"),
        policy: Box::new(MarketPolicy {
            hosted: Some(Box::new(hosted::policy())),
            ..market(vec![layer(LayerSource::Reserve(label("main")))])
        }),
    };
    world.must("op", create);
    world.must("venue", hosted::mark("more", 1));
    let second_one = hosted::trade("more", ("alice", "bob"), 1, 1);
    table.case(world, "venue", second_one, no(C::TooManyPositions, 1u32, 1u32));
    let world = &mut hosted(|policy| policy.mark_age = second, lone());
    world.wait(Span::from_ms(1_001));
    let (got_age, seen) = (Span::from_ms(1_001), hosted::flag("alice", "main"));
    table.case(world, "keeper", seen, no(C::MarkStale, got_age, second));
    let bounds = |policy: &mut HostedPolicy| {
        policy.position_max = Some(Base::new(20));
        policy.open_interest_max = Some(Base::new(40));
    };
    let world = &mut hosted(bounds, lone());
    let more = |pair| hosted::trade("perp", pair, 1, 100);
    table.case(world, "venue", more(("carol", "bob")), no(C::PositionLimit, 21u32, 20u32));
    world.must("erin", hosted::deposit("erin", "main", 1_000));
    let open = more(("erin", "bob"));
    table.case(world, "venue", open, no(C::OpenInterestLimit, 42u32, 40u32));
    let steps = |policy: &mut HostedPolicy| {
        policy.portion = Ppm::new(500_000);
        policy.step = second;
        policy.throttle.notional_max = Some(atoms(600));
    };
    let world = &mut hosted(steps, lone());
    world.must("venue", hosted::mark("perp", 190));
    let fill = |size| hosted::fill("perp", ("alice", "carol"), size, 190);
    table.case(world, "venue", fill(6), no(C::LiquidationStep, 1_140u32, 950u32));
    table.case(world, "venue", fill(5), no(C::Throttled, 950u32, 600u32));
    world.must("venue", fill(2));
    table.case(world, "venue", fill(4), no(C::LiquidationStep, 760u32, 570u32));
    let (lower, at) = (hosted::deleverage("perp", "alice", &["carol"]), START.ms());
    table.case(world, "venue", lower, no(C::AlreadyLiquidated, at, at + 1_000));
    let world = &mut hosted(|_| {}, hosted::pool(Netting::Pool));
    for name in ["dave", "erin"] {
        world.must(name, hosted::deposit(name, "main", 100));
    }
    let family = hosted::fill("perp", ("dave", "erin"), 1, 100);
    table.case(world, "venue", family, no(C::OwnGroup, label("erin"), label("family")));
    // What carol owes on her longs is more than the pool holds once others have taken theirs.
    world.must("op", hosted::opening("carol", "main", -3_190));
    let fee = Trade { buyer_fee: atoms(11), ..hosted::trade("perp", ("alice", "bob"), 1, 100) };
    table.case(world, "venue", fee, no(C::PoolShort, 11u32, 10u32));
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    for body in hosted::bodies([hosted::policy(), hosted::policy()], lone(), &[]) {
        let body = match body {
            Body::CreateMarket(mut create) => {
                create.policy.mark = Some(label(INDEX));
                create.into()
            }
            other => other,
        };
        world.must("op", body);
    }
    table.case(world, "venue", hosted::mark("perp", 1), got(C::MarkByIndex, label("perp")));
    done(&table);
}

#[test]
fn margin_of_hosted_markets() {
    let mut table = Table::default();
    let world = &mut hosted(|_| {}, lone());
    let rules = |change: fn(&mut HostedPolicy)| {
        let mut rules = hosted::policy();
        change(&mut rules);
        SetHostedRules { market: label("perp"), rules: Box::new(rules) }
    };
    let cap = rules(|new| new.open_interest_max = Some(Base::new(39)));
    table.case(world, "op", cap, no(C::CapBelowOpen, 39u32, 40u32));
    let finer = rules(|new| new.decimals = 1);
    table.case(world, "op", finer, no(C::BadPolicy, 1u32, 0u32));
    let away = rules(|new| new.home = Some(label("main")));
    table.case(world, "op", away, no(C::BadPolicy, "home", "unchanged"));
    let first =
        MarginTier { above: atoms(9), initial: Ppm::new(300_000), maintenance: Ppm::new(150_000) };
    for (tiers, limits) in [
        (vec![MarginTier { above: atoms(0), ..first }], (0u128, 0u128)),
        (vec![first, first], (9, 9)),
        (vec![MarginTier { initial: Ppm::new(199_999), ..first }], (200_000, 199_999)),
        (vec![MarginTier { maintenance: Ppm::new(99_999), ..first }], (100_000, 99_999)),
        (vec![MarginTier { maintenance: Ppm::new(300_001), ..first }], (300_001, 300_000)),
        (vec![MarginTier { initial: Ppm::new(1_000_001), ..first }], (1_000_001, 1_000_000)),
        (vec![first; 17], (17, 16)),
    ] {
        let mut bad = rules(|_| {});
        bad.rules.tiers = tiers;
        table.case(world, "op", bad, no(C::BadPolicy, limits.0, limits.1));
    }
    let mut both = rules(|new| {
        new.scale = Some(MarginScale { lower: atoms(1), upper: atoms(2) });
    });
    both.rules.tiers = vec![first];
    table.case(world, "op", both, no(C::BadPolicy, "tiers", "scale"));
    let (base, max) = (Ppm::new(2), Ppm::new(1));
    let (grace, step, every) = (Span::ZERO, Ppm::ZERO, Span::ZERO);
    let ramp = FeeRamp { base, grace, step, every, max };
    let dear = FeeRamp { base: max, max: Ppm::new(950_000), ..ramp };
    let size = |above| SizeFee { above: Ppm::new(above), rate: Ppm::new(1_000_000) };
    let plain = LiquidationFees::default;
    let beyond = Some(Ppm::new(1_000_001));
    for (fees, limits) in [
        (LiquidationFees { liquidator: Some(ramp), ..plain() }, (2u128, 1u128)),
        (LiquidationFees { liquidator: Some(dear), ..plain() }, (1_000_000, 1_000_000)),
        (LiquidationFees { headroom_share: beyond, ..plain() }, (1_000_001, 1_000_000)),
        (LiquidationFees { size: vec![size(5), size(5)], ..plain() }, (5, 5)),
        (LiquidationFees { size: vec![size(5); 17], ..plain() }, (17, 16)),
    ] {
        let mut bad = rules(|_| {});
        bad.rules.fees = Some(Box::new(fees));
        table.case(world, "op", bad, no(C::BadPolicy, limits.0, limits.1));
    }
    // Nothing is in the fund, so its lowest band holds: a leverage of three.
    world.must("op", SetTarget { fund: label("main"), target: atoms(1_000) });
    world.must("op", SetControl { fund: label("main"), policy: Box::default() });
    let more = hosted::trade("perp", ("carol", "bob"), 14, 100);
    table.case(world, "venue", more, no(C::LeverageLimit, 1_000u32, 1_134u32));
    let out = hosted::withdraw("carol", "main", 400);
    table.case(world, "carol", out, no(C::LeverageLimit, 600u32, 667u32));
    done(&table);
}

#[test]
fn pledges() {
    let mut table = Table::default();
    let world = &mut hosted(|_| {}, lone());
    let (coin, usdt, main) = (label("coin"), label("usdt"), "main");
    let takes = |change: fn(&mut CollateralPolicy)| {
        let mut policy = hosted::haircuts();
        change(&mut policy);
        hosted::takes(main, policy)
    };
    let [asset, index, feed] = hosted::coin();
    table.case(world, "op", takes(|_| {}), got(C::UnknownAsset, coin));
    world.must("op", asset);
    table.case(world, "op", takes(|_| {}), got(C::UnknownIndex, coin));
    world.must("op", index);
    world.must("op", feed);
    let own = SetCollateral { asset: usdt, ..takes(|_| {}) };
    table.case(world, "op", own, no(C::WrongAsset, usdt, usdt));
    let premium: fn(&mut CollateralPolicy) = |policy| policy.fund_fee = Ppm::new(70_001);
    let initial: fn(&mut CollateralPolicy) = |policy| policy.initial_haircut = Ppm::new(99_999);
    let beyond: fn(&mut CollateralPolicy) = |policy| policy.beyond = Ppm::new(199_999);
    let whole: fn(&mut CollateralPolicy) = |policy| policy.beyond = Ppm::new(1_000_001);
    let all: fn(&mut CollateralPolicy) = |policy| {
        for part in [
            &mut policy.maintenance_haircut,
            &mut policy.initial_haircut,
            &mut policy.beyond,
            &mut policy.liquidator_fee,
        ] {
            *part = Ppm::WHOLE;
        }
        policy.fund_fee = Ppm::ZERO;
    };
    for (change, got, limit) in [
        (premium, 100_001u128, 100_000u128),
        (initial, 100_000, 99_999),
        (beyond, 200_000, 199_999),
        (whole, 1_000_001, 1_000_000),
        (all, 1_000_000, 1_000_000),
    ] {
        table.case(world, "op", takes(change), no(C::BadPolicy, got, limit));
    }
    let (account, amount) = (OpeningAccount::Account(label("alice")), atoms(100));
    world.must("op", Opening { account, asset: coin, amount });
    let put = |amount| hosted::pledge("alice", main, amount);
    table.case(world, "alice", put(101), no(C::InsufficientBalance, 101u32, 100u32));
    table.case(world, "alice", put(1), got(C::NotCollateral, coin));
    world.must("op", takes(|policy| policy.pool_max = Some(atoms(20))));
    table.case(world, "alice", put(21), no(C::CollateralCap, 21u32, 20u32));
    world.must("alice", put(20));
    let out = hosted::redeem("alice", main, 21);
    table.case(world, "alice", out, no(C::CollateralShort, 21u32, 20u32));
    let buy = |by| hosted::seize("alice", main, by);
    table.case(world, "bob", buy("bob"), no(C::TooFewFeeds, 0usize, 1usize));
    world.must("venue", hosted::worth(5, world.now));
    table.case(world, "bob", buy("bob"), no(C::NotSeizable, 0u32, 0u32));
    table.case(world, "alice", buy("alice"), got(C::SameAccount, label("alice")));
    // 1,000 on quote, 100 on coins: she is bankrupt by 10 with all of them seized at their price.
    world.must("venue", hosted::mark("perp", 211));
    let sold = hosted::deleverage("perp", "alice", &["carol"]);
    table.case(world, "venue", sold, no(C::CollateralLeft, coin, 20u32));
    done(&table);
}

/// Written down by each test of this file, so that a code without a case is found whatever the order.
const CASES: &[(&str, &[C])] = &[
    ("bands", &[C::RoleMissing, C::OpenInterestLimit, C::ListingsStopped]),
    ("routes", &[C::RoleMissing, C::UnknownAccount, C::BadPolicy]),
    (
        "batches",
        &[C::OccurredAtSkew, C::BatchTooLarge, C::BatchNested, C::SandboxOnly, C::WrongAsset],
    ),
    (
        "rights",
        &[
            C::UnknownActor,
            C::RoleMissing,
            C::NotOwner,
            C::Timelocked,
            C::BadCouncil,
            C::UnknownRules,
        ],
    ),
    (
        "approvals",
        &[
            C::UnknownSigner,
            C::BadSignature,
            C::DuplicateSigner,
            C::NonceUsed,
            C::ApprovalExpired,
            C::TooFewSignatures,
        ],
    ),
    (
        "proposals",
        &[
            C::RoleMissing,
            C::UnknownSigner,
            C::NonceUsed,
            C::ApprovalExpired,
            C::TooFewSignatures,
            C::UnknownProposal,
            C::ProposalClosed,
            C::ProposalMismatch,
            C::ProposalNotReady,
            C::NotProposable,
        ],
    ),
    (
        "registry",
        &[
            C::UnknownAsset,
            C::UnknownAccount,
            C::UnknownFund,
            C::UnknownTranche,
            C::UnknownMarket,
            C::DuplicateLabel,
            C::TooManyDecimals,
            C::CapacityReached,
        ],
    ),
    ("amounts", &[C::ZeroAmount, C::WrongAsset, C::InsufficientBalance, C::Overflow]),
    (
        "holds",
        &[
            C::EntriesPaused,
            C::FundGated,
            C::FundOnAlert,
            C::AlertTooLong,
            C::NotOnAlert,
            C::TimeRunsBack,
        ],
    ),
    (
        "control",
        &[
            C::RoleMissing,
            C::ZeroAmount,
            C::BadPolicy,
            C::TimeRunsBack,
            C::NoControl,
            C::ControlTooEarly,
            C::SpikeTooLong,
            C::TooManySpikes,
            C::UnknownSpike,
        ],
    ),
    (
        "risk_messages",
        &[
            C::BadPolicy,
            C::NoRiskModel,
            C::BadRiskSignature,
            C::RiskMessageOrder,
            C::RiskMessageStale,
            C::RiskMessageCaps,
            C::TargetBelowCover,
        ],
    ),
    (
        "reservations",
        &[
            C::OccurredAtSkew,
            C::RoleMissing,
            C::ZeroAmount,
            C::BadPolicy,
            C::TimeRunsBack,
            C::NoControl,
            C::UnknownReservation,
            C::ReservationExpired,
            C::DuplicateReservation,
            C::ReservationTooLong,
            C::TooManyReservations,
            C::ReservationAboveCapacity,
            C::OfflineBudgetSpent,
        ],
    ),
    ("falls_from_a_peak", &[C::RoleMissing, C::BadPolicy, C::DrawdownOff, C::DrawdownStands]),
    (
        "idle",
        &[
            C::RoleMissing,
            C::ZeroAmount,
            C::InsufficientBalance,
            C::LossOpen,
            C::NoControl,
            C::IdleAboveLimit,
            C::AboveIdle,
        ],
    ),
    (
        "excess",
        &[
            C::LossOpen,
            C::SuspenseOpen,
            C::CoverageLow,
            C::BelowThreshold,
            C::NoExcess,
            C::NoProtocolExcess,
            C::AboveExcess,
        ],
    ),
    (
        "settings",
        &[
            C::BadSplit,
            C::LossOpen,
            C::BadPolicy,
            C::NoWaterfall,
            C::TooManyLayers,
            C::DuplicateLayer,
            C::LayerAsset,
            C::IsolatedFund,
            C::LimitBelowUsed,
        ],
    ),
    (
        "staking",
        &[
            C::ZeroShares,
            C::BelowMinimumStake,
            C::Slippage,
            C::TrancheWiped,
            C::InsufficientShares,
            C::TooManyTickets,
            C::UnknownTicket,
            C::TicketClosed,
            C::CooldownNotOver,
            C::ClaimWindowOver,
            C::TicketNotLapsed,
        ],
    ),
    (
        "revenue and the protocol's shares",
        &[
            C::ZeroAmount,
            C::InsufficientBalance,
            C::BadPolicy,
            C::RevenueOff,
            C::RevenueEarly,
            C::NoRevenue,
            C::ZeroShares,
            C::TrancheWiped,
            C::TicketOpen,
            C::AboveProtocolShares,
            C::SharesOrAmount,
        ],
    ),
    (
        "pools and tiers",
        &[
            C::ZeroAmount,
            C::UnknownTier,
            C::BadPolicy,
            C::NoEvidence,
            C::AboveTier,
            C::PoolsOff,
            C::NoDeficit,
            C::NoCover,
        ],
    ),
    (
        "losses",
        &[
            C::ZeroAmount,
            C::InsufficientBalance,
            C::SelfLiquidation,
            C::NoEvidence,
            C::UnknownLoss,
            C::LossState,
            C::TooManyOpenLosses,
            C::DeclarationNotLapsed,
            C::RecoveryAboveLoss,
            C::NothingToClaim,
        ],
    ),
    (
        "by equity",
        &[
            C::BadPolicy,
            C::Hosted,
            C::UnknownLoss,
            C::ClaimUnknown,
            C::ClaimClosed,
            C::ClaimStarted,
            C::ListTooLong,
            C::ListNotOpen,
            C::ListPartTooLarge,
            C::ListSeal,
            C::ClaimNotComplete,
            C::ClaimDone,
            C::EquityHolder,
        ],
    ),
    (
        "deleveraging",
        &[
            C::ClaimUnknown,
            C::ClaimClosed,
            C::ClaimUnsettled,
            C::ClaimStarted,
            C::ListTooLong,
            C::AdlPrice,
            C::ListNotOpen,
            C::ListPartTooLarge,
            C::AdlSide,
            C::AdlCandidate,
            C::ListSeal,
            C::ClaimNotComplete,
            C::ClaimDone,
            C::ClaimOpen,
        ],
    ),
    ("lenders", &[C::Overflow, C::BadPolicy, C::MarketDead, C::DepositIndex, C::DepositsLate]),
    (
        "house_accounts",
        &[
            C::InsufficientBalance,
            C::BelowThreshold,
            C::NoExcess,
            C::BadPolicy,
            C::NoEvidence,
            C::HouseOff,
            C::NoBeneficiary,
            C::HouseLate,
            C::NothingToMove,
        ],
    ),
    ("bad_debts", &[C::ZeroAmount, C::NotBankrupt, C::NoEvidence, C::MarketDead]),
    (
        "taking over",
        &[
            C::RoleMissing,
            C::NotOwner,
            C::UnknownAccount,
            C::UnknownMarket,
            C::ZeroAmount,
            C::InsufficientBalance,
            C::Overflow,
            C::BadPolicy,
            C::NoEvidence,
            C::BadClose,
            C::InventoryOff,
            C::InventoryMark,
            C::InventoryCooldown,
            C::InventoryPosition,
            C::InventoryLoss,
            C::InventoryRisk,
            C::InventoryOverdue,
            C::TooManyInventories,
            C::InventoryFlat,
            C::InventoryStale,
            C::InventoryPrice,
            C::AuctionOpen,
            C::AuctionOver,
            C::AuctionSize,
            C::AuctionPrice,
            C::AuctionGroup,
            C::UnknownIndex,
        ],
    ),
    ("rails_of_deleveraging", &[C::BadPolicy, C::AdlCandidate]),
    (
        "hosted_markets",
        &[
            C::NotBankrupt,
            C::BadClose,
            C::WorseStanding,
            C::NotHosted,
            C::Hosted,
            C::NoMarginPool,
            C::UnknownMargin,
            C::WithdrawalsHeld,
            C::MarginShort,
            C::NoMark,
            C::WrongStatus,
            C::ReduceOnly,
            C::SameAccount,
            C::NotLiquidatable,
            C::BeyondBankruptcy,
            C::NotDeleverageable,
            C::TooManyCounterparties,
            C::DuplicateCounterparty,
            C::OpenInterestLeft,
            C::NotIsolated,
            C::FundStaked,
        ],
    ),
    (
        "pledges",
        &[
            C::UnknownAsset,
            C::WrongAsset,
            C::InsufficientBalance,
            C::BadPolicy,
            C::SameAccount,
            C::NotCollateral,
            C::CollateralCap,
            C::CollateralLeft,
            C::CollateralShort,
            C::NotSeizable,
            C::UnknownIndex,
            C::TooFewFeeds,
        ],
    ),
    ("margin_of_hosted_markets", &[C::BadPolicy, C::LeverageLimit, C::CapBelowOpen]),
    ("short_pools", &[C::PoolHaircut, C::AboveHaircut]),
    (
        "limits_of_hosted_markets",
        &[
            C::AlreadyLiquidated,
            C::PositionLimit,
            C::OpenInterestLimit,
            C::PoolShort,
            C::MarkStale,
            C::MarkByIndex,
            C::OwnGroup,
            C::LiquidationStep,
            C::Throttled,
            C::TooManyPositions,
        ],
    ),
    (
        "custody",
        &[
            C::BadSignature,
            C::UnknownTransfer,
            C::TransferClosed,
            C::NothingOwed,
            C::UnsignedBalance,
            C::CustodyShort,
        ],
    ),
    (
        "layers in another asset",
        &[
            C::BadPolicy,
            C::LayerAsset,
            C::ConversionUnpriced,
            C::ConversionDisputed,
            C::ConversionSuspect,
            C::SaleBelowPrice,
            C::AboveConversion,
        ],
    ),
    (
        "lending",
        &[
            C::ZeroAmount,
            C::InsufficientBalance,
            C::UnknownReserve,
            C::BadPolicy,
            C::Slippage,
            C::OwnGroup,
            C::NotCollateral,
            C::CollateralCap,
            C::CollateralLeft,
            C::CollateralShort,
            C::ReserveClosed,
            C::UnknownLoan,
            C::SharesShort,
            C::SupplyAboveMax,
            C::LoanCovered,
            C::NoDebt,
            C::AboveDebt,
            C::ReserveIlliquid,
            C::BorrowAboveMax,
            C::LoanUncovered,
        ],
    ),
    (
        "rules_of_lending",
        &[
            C::UnknownAsset,
            C::DuplicateLabel,
            C::BadPolicy,
            C::BadCurve,
            C::NoDebt,
            C::ReserveIlliquid,
            C::UtilizationAboveMax,
        ],
    ),
    ("ends_of_lending", &[C::SharesRoundToZero]),
    (
        "vaults",
        &[
            C::UnknownVault,
            C::Slippage,
            C::SharesShort,
            C::SupplyAboveMax,
            C::NotAllocated,
            C::NotListed,
            C::AllocationUsed,
            C::InvestTooSoon,
            C::BelowMinimum,
            C::VaultEmpty,
            C::NothingDelivered,
            C::PenaltyTakesAll,
            C::NothingLost,
        ],
    ),
    ("lines_of_vaults", &[C::QueueWaits, C::NoQueue, C::NotQueued, C::NotConditional, C::AboveCap]),
    (
        "compensation",
        &[
            C::BatchTooLarge,
            C::UnknownVaultLoss,
            C::NoEvidence,
            C::AboveBorne,
            C::CompensationState,
            C::ClaimsWait,
            C::NothingReleased,
            C::ClaimsOver,
            C::ClaimsRunning,
            C::ClaimExcluded,
            C::HeldNothing,
            C::AlreadyClaimed,
        ],
    ),
    (
        "roots_of_claims",
        &[
            C::BatchTooLarge,
            C::CompensationState,
            C::ClaimExcluded,
            C::HeldNothing,
            C::AlreadyClaimed,
            C::RootStands,
            C::NoRoot,
            C::RootWaits,
            C::BadProof,
            C::LeafRight,
            C::BadRoot,
            C::CountOrder,
            C::LeavesFall,
            C::HoldersMissing,
        ],
    ),
    ("affiliates", &[C::FeesWait, C::AffiliatesFull]),
    ("rules_of_vaults", &[C::DuplicateLabel, C::BadPolicy, C::AllocationWaits]),
    (
        "farms",
        &[
            C::ZeroAmount,
            C::InsufficientBalance,
            C::UnknownFarm,
            C::InsufficientShares,
            C::TooManyTickets,
            C::UnknownTicket,
            C::CooldownNotOver,
            C::SameAccount,
            C::NothingDelivered,
            C::FarmKind,
            C::FarmNotOffered,
            C::UnknownReward,
            C::UnknownStaker,
            C::FarmFull,
            C::StakeLocked,
            C::ExitWaits,
            C::NoExit,
            C::ClaimTooEarly,
            C::NothingEarned,
            C::RewardsRun,
            C::AboveUnissued,
            C::NobodyStakes,
            C::NoPenalties,
        ],
    ),
    (
        "farms_of_vaults_and_others",
        &[C::SharesShort, C::FarmKind, C::VaultFarmUsed, C::AboveUnissued, C::ExpectedDiffers],
    ),
    ("rules_of_farms", &[C::DuplicateLabel, C::BadPolicy, C::FarmKind, C::BadSchedule]),
    (
        "insurance_pools",
        &[
            C::ZeroAmount,
            C::UnknownInsurancePool,
            C::ZeroShares,
            C::InsufficientShares,
            C::TooManyTickets,
            C::UnknownTicket,
            C::CooldownNotOver,
            C::SharesShort,
            C::NotMatched,
            C::AboveMatchCap,
            C::AboveStake,
            C::MatchStays,
        ],
    ),
    (
        "rules_of_insurance_pools",
        &[
            C::UnknownAsset,
            C::BadPolicy,
            C::InsurancePoolExists,
            C::OneSigner,
            C::NotOfCouncil,
            C::MatchUnpriced,
        ],
    ),
    (
        "losses_of_insurance_pools",
        &[
            C::UnknownVaultLoss,
            C::OtherVaultsLoss,
            C::UnknownRelease,
            C::ReleaseClosed,
            C::ReleaseWaits,
            C::NotDisputable,
            C::AboveLoss,
            C::InsurancePoolEmpty,
            C::InsurancePoolHeld,
            C::PoolOwes,
        ],
    ),
    ("owners_of_insurance_pools", &[C::BadOwner, C::OwnerWithoutCouncil, C::NotOffered]),
    (
        "prices",
        &[
            C::UnknownIndex,
            C::UnknownFeed,
            C::FeedRetired,
            C::ReporterTaken,
            C::BadReportSignature,
            C::ReportOutOfOrder,
            C::ReportAhead,
            C::PriceZero,
            C::StalePrice,
            C::TooFewFeeds,
            C::TooFewFamilies,
            C::FeedsDisagree,
            C::PriceOutOfBand,
            C::PriceJumped,
            C::AssetPriced,
        ],
    ),
];

/// A test has tried exactly the codes that it is listed with.
fn done(table: &Table) {
    let tried: Vec<C> = table.tried.iter().copied().collect();
    let listed = CASES.iter().any(|(_, codes)| *codes == tried);
    assert!(listed, "not listed in CASES: {tried:?}");
}

#[test]
fn layers_in_another_asset() {
    use crate::conversion::{cut, gems, sale, say, settle, world};
    let mut table = Table::default();
    let usd = 1_000_000_000_000_000u128;
    let whole = cut(gems(), 1_000_000);
    let bare = &mut world(6, IndexPolicy::default(), &[]);
    let expected = no(C::BadPolicy, 1_000_000u32, 999_999u32);
    table.case(bare, "op", create_market("main", vec![whole]), expected);
    let expected = no(C::LayerAsset, label("gems"), label("main"));
    table.case(bare, "op", create_market("main", vec![layer(gems())]), expected);

    let policy = IndexPolicy { quorum: 2, ..IndexPolicy::default() };
    let waiting = |prices: &[(u128, usize)]| {
        let world = &mut world(6, policy, &[cut(gems(), 0)]);
        let (account, asset) = (OpeningAccount::Reserve(label("gems")), label("gem"));
        world.must("op", Opening { account, asset, amount: atoms(1_000) });
        for (price, silent) in prices {
            world.wait(Span::from_ms(1));
            say(world, *price, *silent);
        }
        world.must("venue", settle(-150));
        world.must("risk", AssessLoss { loss: LOSS, amount: atoms(150), evidence: EVIDENCE });
        world.clone()
    };
    let place = PlaceLoss { loss: LOSS };
    let expected = no(C::ConversionUnpriced, 0usize, 2usize);
    table.case(&mut waiting(&[]), "keeper", place.clone(), expected);
    let expected = no(C::ConversionDisputed, 1usize, 2usize);
    table.case(&mut waiting(&[(usd, 1)]), "keeper", place.clone(), expected);
    let expected = no(C::ConversionSuspect, 2 * usd, usd);
    table.case(&mut waiting(&[(usd, 0), (2 * usd, 0)]), "keeper", place, expected);

    let world = &mut waiting(&[]);
    say(world, usd, 0);
    world.must("keeper", PlaceLoss { loss: LOSS });
    let expected = no(C::SaleBelowPrice, 49u128, 50u128);
    table.case(world, "venue", sale(gems(), 50, 49), expected);
    let expected = no(C::AboveConversion, 51u128, 50u128);
    table.case(world, "venue", sale(gems(), 51, 51), expected);
    done(&table);
}

#[test]
fn every_code_of_the_core_has_a_case() {
    let tried: BTreeSet<C> = CASES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
    let missing: Vec<&str> = C::ALL
        .iter()
        .filter(|code| !tried.contains(code))
        .filter(|code| !ENGINE.contains(code) && !FORMULAS.contains(code))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
