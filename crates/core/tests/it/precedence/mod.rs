//! A command with several faults gets the reject that is declared first. Each test is a ladder: a
//! command with all the faults it can have at once, of which one after the other is put right; the
//! numbers that it gets can only rise.
//!
//! A rung is missing where a check hangs on what an earlier one looks for: whose account it is can't
//! be told of an account that is not there, a price not of a tranche that was wiped.

mod control;
mod hosted;
mod inventory;
mod lending;
mod losses;
mod pool;
mod prices;
mod rights;

use RejectCode as C;
use backstop_core::{
    Body, Command, RejectCode,
    command::{
        Approvals, Approve, AssessLoss, BeginTransfer, CancelProposal, CancelUnstake,
        ClaimRecovery, ClaimUnstake, CloseAdl, CloseEquity, Contribute, CreateFund, CreateMarket,
        CreateTranche, DeclareLoss, Direction, DistributeSurplus, EndAlert, Execute, LapseTicket,
        Linked, OpenAdl, OpenEquity, Opening, OpeningAccount, Party, PauseEntries, PayFees,
        Propose, RaiseAlert, Reconcile, RecoverLoss, ReportHouse, RequestUnstake, RunAdl,
        RunEquity, SetCouncil, SetCovers, SetHouse, SetTarget, SetWaterfall, SettleBadDebt,
        SettleLiquidation, Stake, WithdrawExcess,
    },
    governance::body_digest,
    loss::adl::Candidate,
    policy::{
        AlertCause, Cause, Causes, FundKind, FundPolicy, HousePolicy, LayerPolicy, LayerSource,
        PositionSide, SplitPolicy, TranchePolicy, Underwater,
    },
};
use backstop_testkit::{
    Setup, World, keys, label,
    world::{START, layer, market},
};
use backstop_units::{
    Amount, Base, Bps, Hash, Label, LossId, Price, ProposalId, Shares, Signed, Span, TicketId,
    Timestamp,
};

/// One command that is put right step by step.
#[derive(Default)]
struct Ladder {
    last: Option<C>,
}

impl Ladder {
    /// The next rung: the reject that is left now, numbered above the last one.
    fn rung(&mut self, world: &mut World, actor: &str, body: impl Into<Body>, code: C) {
        let command = world.command(actor, body);
        self.command(world, &command, code);
    }

    fn command(&mut self, world: &mut World, command: &Command, code: C) {
        let refused = world.send_command(command).map(drop).map_err(|reject| reject.code);
        assert_eq!(refused, Err(code), "{command:?}");
        assert!(self.last < Some(code), "{code:?} is declared before {:?}", self.last);
        self.last = Some(code);
    }
}

const NOTHING: &str = "nothing";
const EVIDENCE: Hash = Hash::new([1; 32]);
const LOSS: LossId = LossId::new(0);
const TICKET: TicketId = TicketId::new(0);
const PROPOSAL: ProposalId = ProposalId::new(0);

fn of(change: impl Fn(&mut Setup)) -> World {
    let mut setup = Setup::default();
    change(&mut setup);
    World::of(&setup)
}
fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}
fn days(days: u64) -> Timestamp {
    START.plus(Span::days(days))
}
fn declare(amount: u128) -> DeclareLoss {
    let (market, cause) = (label("sol"), Cause::BadDebt);
    DeclareLoss { market, cause, account: None, estimate: atoms(amount) }
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
fn reserve(fund: &str) -> LayerPolicy {
    layer(LayerSource::Reserve(label(fund)))
}
fn staked(tranche: &str) -> LayerPolicy {
    layer(LayerSource::Staked(label(tranche)))
}
fn suspense(world: &mut World) {
    let (asset, balance, as_of) = (label("usdt"), atoms(3), world.now);
    world.must("custodian", Reconcile { asset, balance, as_of, signature: None });
}

#[test]
fn stake() {
    let mut world = of(|setup| {
        setup.tranches[0].stake_min = atoms(100);
        setup.tranches[0].new_series_after_wipe = false;
        setup.fund.split.overflow = backstop_core::policy::Overflow::Stakers;
    });
    let world = &mut world;
    let (tranche, account, asset) = (label(NOTHING), label("alice"), label(NOTHING));
    let bad =
        Stake { tranche, account, asset, amount: Amount::ZERO, min_shares: Shares::new(u128::MAX) };
    let nobody = Stake { account: label(NOTHING), ..bad.clone() };
    let mut lookups = Ladder::default();
    lookups.rung(world, "bob", nobody.clone(), C::UnknownAsset);
    lookups.rung(world, "bob", Stake { asset: label("eth"), ..nobody }, C::UnknownAccount);

    world.must("venue", settle(-5));
    world.must("risk", declare(5));
    let until = world.now.plus(Span::hours(5));
    world.must("guardian", PauseEntries { fund: label("main"), until });
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    ladder.rung(world, "alice", bad.clone(), C::UnknownAsset);
    let bad = Stake { asset: label("eth"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::UnknownTranche);
    let bad = Stake { tranche: label("jun"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::ZeroAmount);
    let bad = Stake { amount: Amount::MAX, ..bad };
    ladder.rung(world, "alice", bad.clone(), C::WrongAsset);
    let bad = Stake { asset: label("usdt"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::InsufficientBalance);
    let bad = Stake { amount: atoms(50), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::EntriesPaused);
    world.now = until;
    ladder.rung(world, "alice", bad.clone(), C::FundGated);
    world.wait(Span::days(1));
    ladder.rung(world, "alice", bad.clone(), C::BelowMinimumStake);
    let bad = Stake { amount: atoms(100), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::Slippage);
    world.must("alice", Stake { min_shares: Shares::ZERO, ..bad.clone() });
    world.must("venue", settle(-100));
    ladder.rung(world, "alice", bad.clone(), C::TrancheWiped);
    // The minimum needs no price, so it can be told of a wiped tranche too.
    let mut wiped = Ladder::default();
    wiped.rung(world, "alice", Stake { amount: atoms(50), ..bad.clone() }, C::BelowMinimumStake);
    wiped.rung(world, "alice", bad, C::TrancheWiped);
}

/// 600 atoms for 1 share: less buys nothing.
#[test]
fn a_stake_too_small_for_a_share() {
    let world = &mut of(|setup| {
        setup.threshold = Amount::ZERO;
        setup.tranches[0].stake_min = Amount::ZERO;
        setup.fund.split = SplitPolicy {
            overflow: backstop_core::policy::Overflow::Stakers,
            fund: Bps::WHOLE,
            liquidator: Bps::ZERO,
            user: Bps::ZERO,
            ..SplitPolicy::default()
        };
    });
    let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
    let one = Stake { tranche, account, asset, amount: atoms(1), min_shares: Shares::new(1) };
    world.must("alice", one.clone());
    world.must("venue", settle(599));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", Stake { amount: atoms(599), ..one.clone() }, C::ZeroShares);
    let two = Stake { amount: atoms(600), min_shares: Shares::new(2), ..one };
    ladder.rung(world, "alice", two, C::Slippage);
}

#[test]
fn contribute() {
    let world = &mut World::new();
    let until = world.now.plus(Span::hours(5));
    world.must("guardian", PauseEntries { fund: label("main"), until });
    let (fund, account, asset) = (label(NOTHING), label("alice"), label(NOTHING));
    let bad = Contribute { fund, account, asset, amount: Amount::ZERO };
    let nobody = Contribute { account: label(NOTHING), ..bad.clone() };
    Ladder::default().rung(world, "bob", nobody, C::UnknownAsset);
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", bad.clone(), C::NotOwner);
    ladder.rung(world, "alice", bad.clone(), C::UnknownAsset);
    let bad = Contribute { asset: label("eth"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::UnknownFund);
    let bad = Contribute { fund: label("main"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::ZeroAmount);
    let bad = Contribute { amount: Amount::MAX, ..bad };
    ladder.rung(world, "alice", bad.clone(), C::WrongAsset);
    let bad = Contribute { asset: label("usdt"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::InsufficientBalance);
    ladder.rung(world, "alice", Contribute { amount: atoms(5), ..bad }, C::EntriesPaused);
}

#[test]
fn tickets() {
    let world = &mut of(|setup| setup.tranches[0].tickets_max = 1);
    let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
    let min_shares = Shares::ZERO;
    world.must("alice", Stake { tranche, account, asset, amount: atoms(500), min_shares });
    let ask = |tranche: &str, shares| RequestUnstake {
        tranche: label(tranche),
        account: label("alice"),
        shares: Shares::new(shares),
        amount: None,
    };
    world.must("alice", ask("jun", 100));
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", ask(NOTHING, 0), C::NotOwner);
    ladder.rung(world, "alice", ask(NOTHING, 0), C::UnknownTranche);
    ladder.rung(world, "alice", ask("jun", 0), C::ZeroAmount);
    ladder.rung(world, "alice", ask("jun", 401), C::InsufficientShares);
    ladder.rung(world, "alice", ask("jun", 400), C::TooManyTickets);

    let claim = ClaimUnstake { ticket: TICKET };
    let fund = label("main");
    world.must("risk", declare(5));
    let until = world.now.plus(Span::days(2));
    world.must("guardian", RaiseAlert { fund, cause: AlertCause::Oracle, until });
    let mut closed = world.clone();
    closed.must("alice", CancelUnstake { ticket: TICKET });
    for world in [world, &mut closed] {
        let open = world.state.tickets.get(TICKET).is_some_and(|ticket| !ticket.closed);
        let last = if open { C::CooldownNotOver } else { C::TicketClosed };
        let mut ladder = Ladder::default();
        ladder.rung(world, "bob", claim.clone(), C::NotOwner);
        ladder.rung(world, "alice", claim.clone(), C::FundGated);
        world.wait(Span::days(1));
        ladder.rung(world, "alice", claim.clone(), C::FundOnAlert);
        world.must("guardian", EndAlert { fund });
        ladder.rung(world, "alice", claim.clone(), last);
        if !open {
            let mut ladder = Ladder::default();
            ladder.rung(world, "bob", CancelUnstake { ticket: TICKET }, C::NotOwner);
            ladder.rung(world, "alice", CancelUnstake { ticket: TICKET }, C::TicketClosed);
            Ladder::default().rung(world, "bob", LapseTicket { ticket: TICKET }, C::TicketClosed);
        }
    }
}

#[test]
fn setup_of_funds() {
    let world = &mut World::new();
    let policy = FundPolicy {
        split: SplitPolicy { user: Bps::ZERO, ..SplitPolicy::default() },
        hold_max: Span::days(91),
        ..FundPolicy::default()
    };
    let bad = CreateFund {
        label: label("main"),
        asset: label(NOTHING),
        kind: FundKind::Shared,
        treasury: label(NOTHING),
        threshold: Amount::ZERO,
        target: Amount::ZERO,
        policy: Box::new(policy),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAsset);
    let bad = CreateFund { asset: label("usdt"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::UnknownAccount);
    let bad = CreateFund { treasury: label("treasury"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::DuplicateLabel);
    let bad = CreateFund { label: label("new"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::BadSplit);
    let policy = FundPolicy { split: SplitPolicy::default(), ..policy };
    ladder.rung(world, "op", CreateFund { policy: Box::new(policy), ..bad }, C::BadPolicy);

    let bad = CreateTranche {
        label: label("jun"),
        fund: label(NOTHING),
        policy: TranchePolicy::default(),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", bad.clone(), C::UnknownFund);
    ladder.rung(world, "op", CreateTranche { fund: label("main"), ..bad }, C::DuplicateLabel);

    let mut ladder = Ladder::default();
    let alert = |fund, until| RaiseAlert { fund: label(fund), cause: AlertCause::Oracle, until };
    ladder.rung(world, "alice", alert(NOTHING, START), C::RoleMissing);
    ladder.rung(world, "guardian", alert(NOTHING, START), C::UnknownFund);
    ladder.rung(world, "guardian", alert("main", days(8)), C::AlertTooLong);
    ladder.rung(world, "guardian", alert("main", START), C::TimeRunsBack);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a ladder: one rung after the other")]
fn setup_of_markets() {
    let world = &mut World::new();
    world.must(
        "op",
        CreateFund {
            label: label("gold"),
            asset: label("eth"),
            kind: FundKind::Shared,
            treasury: label("treasury"),
            threshold: Amount::ZERO,
            target: Amount::ZERO,
            policy: Box::default(),
        },
    );
    let of = |layers: &[LayerPolicy]| {
        let mut policy = market(layers.to_vec());
        policy.event_window = Span::ZERO;
        CreateMarket {
            label: label("sol"),
            fund: label(NOTHING),
            venue: label(NOTHING),
            policy: Box::new(policy),
        }
    };
    let unknown = [staked(NOTHING), reserve(NOTHING)];
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", of(&unknown), C::RoleMissing);
    ladder.rung(world, "op", of(&unknown), C::UnknownAccount);
    let of = |layers: &[LayerPolicy]| CreateMarket { venue: label("venue"), ..of(layers) };
    ladder.rung(world, "op", of(&unknown), C::UnknownFund);
    let of = |layers: &[LayerPolicy]| CreateMarket { fund: label("main"), ..of(layers) };
    Ladder::default().rung(world, "op", of(&unknown), C::UnknownFund);
    ladder.rung(world, "op", of(&unknown[..1]), C::UnknownTranche);
    ladder.rung(world, "op", of(&[]), C::DuplicateLabel);
    let of = |layers: &[LayerPolicy]| CreateMarket { label: label("new"), ..of(layers) };
    ladder.rung(world, "op", of(&[]), C::BadPolicy);
    let of = |layers: &[LayerPolicy]| {
        let policy = market(layers.to_vec());
        CreateMarket { policy: Box::new(policy), ..of(layers) }
    };
    ladder.rung(world, "op", of(&[]), C::NoWaterfall);
    // Isolated, of another asset, twice, and too many.
    let mut layers = vec![reserve("iso"), reserve("gold")];
    layers.extend(vec![reserve("main"); 12]);
    ladder.rung(world, "op", of(&layers), C::TooManyLayers);
    ladder.rung(world, "op", of(&layers[..4]), C::DuplicateLayer);
    ladder.rung(world, "op", of(&layers[..3]), C::LayerAsset);
    ladder.rung(world, "op", of(&[reserve("iso"), reserve("main")]), C::IsolatedFund);

    world.must(
        "alice",
        Contribute {
            fund: label("main"),
            account: label("alice"),
            asset: label("usdt"),
            amount: atoms(500),
        },
    );
    world.must("venue", settle(-70));
    world.must("risk", declare(5));
    let set = |market, layers: &[LayerPolicy]| SetWaterfall {
        market: label(market),
        layers: layers.to_vec(),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", set(NOTHING, &unknown), C::UnknownFund);
    ladder.rung(world, "op", set(NOTHING, &unknown[..1]), C::UnknownTranche);
    ladder.rung(world, "op", set(NOTHING, &[]), C::UnknownMarket);
    ladder.rung(world, "op", set("sol", &[]), C::LossOpen);
    world.wait(Span::days(1));
    world.must("alice", backstop_core::command::LapseDeclaration { loss: LossId::new(1) });
    ladder.rung(world, "op", set("sol", &[]), C::NoWaterfall);
    let low = LayerPolicy { lifetime: Some(atoms(69)), ..reserve("main") };
    ladder.rung(world, "op", set("sol", &[low, low, reserve("iso")]), C::DuplicateLayer);
    ladder.rung(world, "op", set("sol", &[low, reserve("iso")]), C::IsolatedFund);
    ladder.rung(world, "op", set("sol", &[low]), C::LimitBelowUsed);
}
