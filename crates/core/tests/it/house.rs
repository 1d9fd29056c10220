//! A fund's own account at a venue: what counts, what it repays, what leaves it, what losses take of it.

use crate::run::{lose, property};
use backstop_core::{
    Event, RejectCode,
    command::{
        BeginTransfer, Contribute, CreateMarket, DeclareLoss, Direction, DistributeSurplus,
        OpenAccount, Party, RecoverLoss, RepayHouse, ReportHouse, Reserve, SetControl, SetDrawdown,
        SetHouse, SetRoles, SetThreshold, SettleLiquidation, VoidLoss, WithdrawExcess,
    },
    event::{Cohort, HouseTerms},
    fund::{coverage, drawdown::standing, excess, gauge::extremes, house, room},
    invariants,
    ledger::LedgerAccount,
    policy::{
        Cause, ControlPolicy, DrawdownPolicy, HouseCounts, HousePolicy, LayerPolicy, LayerSource,
        Payout, Role, Roles,
    },
    state::House,
};
use backstop_testkit::{
    Setup, World, label,
    world::{layer, market},
};
use backstop_units::{Amount, AssetId, FundId, Hash, LossId, MarketId, Ppm, Price, Signed, Span};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

const MAIN: FundId = FundId::new(0);
const SOL: MarketId = MarketId::new(0);
const EVIDENCE: Hash = Hash::new([1; 32]);

/// The account at the venue of `sol`, all of it counted, its surplus the treasury's.
pub(crate) fn policy() -> HousePolicy {
    HousePolicy {
        market: label("sol"),
        counts: HouseCounts::Value,
        beneficiary: Some(label("carol")),
        anyone_repays: true,
    }
}

pub(crate) fn report(value: i128, free: u128, moves: u32) -> ReportHouse {
    ReportHouse {
        fund: label("main"),
        value: Signed::new(value),
        free: Amount::new(free),
        moves,
        evidence: EVIDENCE,
    }
}

pub(crate) fn set(house: impl Into<Option<HousePolicy>>) -> SetHouse {
    SetHouse { fund: label("main"), house: house.into() }
}

/// A fund with so much of its own, a threshold, and an account at the venue of `sol`.
pub(crate) fn housed(reserve: u128, threshold: u128, payout: Payout) -> World {
    let mut setup = Setup {
        reserve: Amount::new(reserve),
        threshold: Amount::new(threshold),
        ..Setup::default()
    };
    setup.fund.coverage_min = backstop_units::Bps::ZERO;
    setup.markets[0] =
        market(vec![LayerPolicy { payout, ..layer(LayerSource::Reserve(label("main"))) }]);
    let mut world = World::of(&setup);
    world.must("op", set(policy()));
    world
}

fn account(world: &World) -> House {
    *world.state.funds.get(MAIN).unwrap().house.as_deref().unwrap()
}

fn reserve(world: &World) -> u128 {
    world.owed(LedgerAccount::Reserve(MAIN)).get()
}

fn counted(world: &World) -> u128 {
    coverage(&world.state, MAIN, world.state.funds.get(MAIN).unwrap()).unwrap().counted.get()
}

fn code(answer: Result<&[Event], backstop_core::Reject>) -> Option<RejectCode> {
    answer.err().map(|reject| reject.code)
}

const DISTRIBUTE: fn() -> DistributeSurplus = || DistributeSurplus { fund: label("main") };
const REPAY: fn() -> RepayHouse = || RepayHouse { fund: label("main") };

/// Own money, value and free money of the account, threshold: what counts, and what leaves.
#[test]
fn surplus_is_the_least_of_what_is_above_and_what_is_free() {
    use RejectCode::{BelowThreshold, NoExcess, NothingToMove};
    for (own, value, free, threshold, counts, leaves) in [
        (0u128, 0i128, 0u128, 100u128, 0u128, Err(BelowThreshold)),
        (0, 100, 100, 100, 100, Err(NoExcess)),
        (0, 50, 50, 100, 50, Err(BelowThreshold)),
        (200, 0, 0, 100, 200, Err(NothingToMove)),
        (0, 200, 200, 100, 200, Ok(100u128)),
        (50, 200, 200, 100, 250, Ok(150)),
        (200, 200, 200, 100, 400, Ok(200)),
        (200, 200, 30, 100, 400, Ok(30)),
        (300, -100, 0, 100, 200, Err(NothingToMove)),
        (100, -100, 0, 100, 0, Err(BelowThreshold)),
        (50, -100, 0, 100, 0, Err(BelowThreshold)),
        // More is free than the account's cash and positions are worth: other collateral backs it.
        (200, 0, 40, 100, 200, Ok(40)),
    ] {
        let world = &mut housed(own, threshold, Payout::Partial);
        world.must("venue", report(value, free, 0));
        assert_eq!(counted(world), counts, "{own} and {value}");
        let before = world.balance("carol").get();
        // Anyone may ask.
        let answer = world.send("dave", DISTRIBUTE()).map(<[_]>::to_vec).map_err(|r| r.code);
        assert_eq!(answer.clone().err(), leaves.err(), "{own}, {value}, {free}: {answer:?}");
        let paid = leaves.unwrap_or(0);
        assert_eq!(world.balance("carol").get() - before, paid);
        assert_eq!(reserve(world), own, "the reserve stays");
        let after = account(world);
        assert_eq!(after.value.get(), value - i128::try_from(paid).unwrap());
        assert_eq!(after.free.get(), free - paid);
        assert_eq!(after.moves, u32::from(leaves.is_ok()));
        invariants::check(&world.state).unwrap();
    }
}

#[test]
fn a_debt_is_repaid_as_far_as_the_own_reserve_goes() {
    use RejectCode::{InsufficientBalance, NothingToMove};
    for (own, value, paid) in [
        (50u128, -100i128, Ok(50u128)),
        (100, -100, Ok(100)),
        (500, -100, Ok(100)),
        (0, -100, Err(InsufficientBalance)),
        (50, 0, Err(NothingToMove)),
        (50, 100, Err(NothingToMove)),
    ] {
        let world = &mut housed(own, 1_000, Payout::Partial);
        world.must("venue", report(value, 0, 0));
        let before = counted(world);
        let answer = world.send("dave", REPAY()).map(drop).map_err(|reject| reject.code);
        assert_eq!(answer.err(), paid.err(), "{own} against {value}");
        let paid = paid.unwrap_or(0);
        assert_eq!(reserve(world), own - paid);
        assert_eq!(account(world).value.get(), value + i128::try_from(paid).unwrap());
        assert_eq!(world.owed(LedgerAccount::Clearing(SOL)).get(), paid, "the venue's to collect");
        assert_eq!(counted(world), before, "what counts does not change");
        invariants::check(&world.state).unwrap();
    }
}

/// Neither gifts nor what is reserved for a liquidation in flight pay a debt.
#[test]
fn gifts_and_reservations_pay_no_debt() {
    let world = &mut housed(100, 1_000, Payout::Partial);
    let (fund, asset, amount) = (label("main"), label("usdt"), Amount::new(60));
    world.must("alice", Contribute { fund, account: label("alice"), asset, amount });
    world.must("op", SetControl { fund, policy: Box::new(ControlPolicy::default()) });
    let until = world.now.plus(Span::from_ms(60_000));
    let id = label("r1");
    world.must("venue", Reserve { market: label("sol"), id, amount: Amount::new(80), until });
    world.must("venue", report(-500, 0, 0));
    world.must("dave", REPAY());
    // 160 less 80 is free of the hundred.
    assert_eq!((reserve(world), account(world).value.get()), (20, -420));
    assert_eq!(code(world.send("dave", REPAY())), Some(RejectCode::InsufficientBalance));
    world.wait(Span::hours(1));
    world.must("dave", REPAY());
    assert_eq!((reserve(world), account(world).value.get()), (0, -400));
    assert_eq!(world.owed(LedgerAccount::Contributions(MAIN)).get(), 60);
}

/// Whom the rules let repay; who may report; whose the rules are.
#[test]
fn who_may_do_what() {
    let world = &mut housed(50, 1_000, Payout::Partial);
    for actor in ["dave", "carol", "risk", "keeper"] {
        let answer = code(world.send(actor, report(-10, 0, 0)));
        assert_eq!(answer, Some(RejectCode::RoleMissing), "{actor} reports");
        assert_eq!(code(world.send(actor, set(None))), Some(RejectCode::RoleMissing));
    }
    world.must("venue", report(-30, 0, 0));
    world.must("op", set(HousePolicy { anyone_repays: false, ..policy() }));
    for actor in ["dave", "venue", "guardian"] {
        assert_eq!(code(world.send(actor, REPAY())), Some(RejectCode::RoleMissing), "{actor}");
    }
    world.must("keeper", REPAY());

    // Whom a fund pays changes no sooner than money could be withdrawn.
    let mut setup = Setup { threshold: Amount::new(1), ..Setup::default() };
    setup.fund.withdraw_delay = Span::days(3);
    setup.limits.config_delay = Span::days(1);
    let world = &mut World::of(&setup);
    let refused = world.send("op", set(policy())).unwrap_err();
    assert_eq!(
        refused,
        backstop_core::Reject::new(RejectCode::Timelocked, Span::ZERO, Span::days(3))
    );
}

/// Other rules keep what was reported at the same venue; none forgets it.
#[test]
fn rules_change_and_reports_stay() {
    let world = &mut housed(0, 100, Payout::Partial);
    world.must("venue", report(200, 150, 0));
    world.must("op", set(HousePolicy { counts: HouseCounts::Free, beneficiary: None, ..policy() }));
    assert_eq!((account(world).value.get(), counted(world)), (200, 150));
    let nobody = code(world.send("dave", DISTRIBUTE()));
    assert_eq!(nobody, Some(RejectCode::NoBeneficiary));
    world.must("op", set(HousePolicy { market: label("btc"), ..policy() }));
    assert_eq!(counted(world), 200, "the same venue");
    world.must("op", set(None));
    assert_eq!(counted(world), 0);
    assert_eq!(code(world.send("venue", report(1, 1, 0))), Some(RejectCode::HouseOff));
    world.must("op", set(policy()));
    let terms = HouseTerms {
        market: SOL,
        counts: HouseCounts::Value,
        beneficiary: world.state.account_id(label("carol")).ok(),
        anyone_repays: true,
    };
    assert_eq!(account(world), House::new(terms));
}

/// A report that does not know of the last movement would undo it.
#[test]
fn a_late_report_is_refused() {
    let world = &mut housed(0, 100, Payout::Partial);
    world.must("venue", report(200, 200, 0));
    world.must("dave", DISTRIBUTE());
    let late = code(world.send("venue", report(200, 200, 0)));
    assert_eq!(late, Some(RejectCode::HouseLate));
    world.must("venue", report(101, 101, 1));
    world.must("dave", DISTRIBUTE());
    assert_eq!(account(world).value.get(), 100);
}

/// What holds the operator's excess back holds the surplus back.
#[test]
fn nothing_leaves_while_a_loss_is_open() {
    let world = &mut housed(0, 100, Payout::Partial);
    world.must("venue", report(200, 200, 0));
    let estimate = Amount::new(5);
    let (market, cause) = (label("sol"), Cause::Bankruptcy);
    world.must("risk", DeclareLoss { market, cause, account: None, estimate });
    assert_eq!(code(world.send("dave", DISTRIBUTE())), Some(RejectCode::LossOpen));
    world.wait(Span::days(2));
    world.must("dave", DISTRIBUTE());
}

/// The threshold of a fund whose surplus leaves by itself is never zero.
#[test]
fn a_threshold_is_needed() {
    let world = &mut housed(0, 100, Payout::Partial);
    let zero = SetThreshold { fund: label("main"), threshold: Amount::ZERO };
    assert_eq!(code(world.send("op", zero.clone())), Some(RejectCode::BadPolicy));
    world.must("op", set(None));
    world.must("op", zero);
    assert_eq!(code(world.send("op", set(policy()))), Some(RejectCode::BadPolicy));
}

/// The account counts where excess and allocations are measured; a debt takes from both.
#[test]
fn excess_and_room_see_the_account() {
    let world = &mut housed(150, 100, Payout::Partial);
    let fund = |world: &World| world.state.funds.get(MAIN).unwrap().clone();
    let seen = |world: &World| {
        let fund = fund(world);
        let free = excess(&world.state, MAIN, &fund, world.now).map(Amount::get);
        (free.map_err(drop), room(&world.state, MAIN, &fund).unwrap().get())
    };
    assert_eq!(seen(world), (Ok(50), 0));
    for (value, expected) in
        [(-20i128, (Ok(30), 0)), (-50, (Err(()), 0)), (-90, (Err(()), 40)), (70, (Ok(120), 0))]
    {
        world.must("venue", report(value, 0, 0));
        assert_eq!(seen(world), expected, "{value}");
    }
    // Only the reserve leaves this way, at most what is there.
    world.must("venue", report(1_000, 0, 0));
    assert_eq!(seen(world).0, Ok(150));
    world.must("op", WithdrawExcess { fund: label("main"), amount: Amount::new(150) });
    assert_eq!(house::surplus(&world.state, MAIN, world.now).map_err(drop), Err(()));
}

/// Rows of a loss: the account first, then the reserve, then gifts.
#[test]
fn losses_draw_on_the_account_where_it_is() {
    let world = &mut housed(100, 1_000, Payout::Whole);
    let (fund, asset, amount) = (label("main"), label("usdt"), Amount::new(60));
    world.must("alice", Contribute { fund, account: label("alice"), asset, amount });
    let rows = |world: &World, loss: u32| {
        let loss = world.state.losses.get(LossId::new(loss)).unwrap();
        loss.rows.iter().map(|row| (row.row.cohort, row.row.amount.get())).collect::<Vec<_>>()
    };
    let (own, given, drawn) =
        (Cohort::Reserve(MAIN), Cohort::Contributions(MAIN), Cohort::House(MAIN));
    world.must("venue", report(50, 20, 0));
    lose(world, 30);
    assert_eq!(rows(world, 0), [(drawn, 30)]);
    assert_eq!((account(world).value.get(), account(world).free.get()), (20, 0));
    // The venue has collected it there already.
    let out = BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("sol")),
        asset,
        amount: Amount::new(1),
        reference: label("out"),
    };
    assert_eq!(code(world.send("venue", out.clone())), Some(RejectCode::NothingOwed));
    lose(world, 70);
    assert_eq!(rows(world, 1), [(drawn, 20), (own, 50)]);
    lose(world, 80);
    assert_eq!(rows(world, 2), [(own, 50), (given, 30)]);
    // Thirty are left, less a debt of ten: all of a loss or nothing.
    world.must("venue", report(-10, 0, 2));
    lose(world, 21);
    assert_eq!(rows(world, 3), [(Cohort::Residual, 21)]);
    lose(world, 20);
    assert_eq!(rows(world, 4), [(given, 20)]);
    invariants::check(&world.state).unwrap();

    // Money that comes back is the venue's to put back on the account.
    let held = |world: &World| {
        world.state.ledger.held(LedgerAccount::HouseDrawn(SOL), AssetId::new(0)).get()
    };
    assert_eq!(held(world), 50);
    let back = RecoverLoss {
        loss: LossId::new(0),
        from: Party::Clearing(label("sol")),
        amount: Amount::new(10),
    };
    world.must("venue", back);
    assert_eq!((held(world), account(world).value.get()), (40, -10));
    world.must("op", VoidLoss { loss: LossId::new(1) });
    assert_eq!((held(world), reserve(world)), (20, 50));
    invariants::check(&world.state).unwrap();
}

/// Money at one venue does not pay another venue's losses; a debt at one is owed whoever asks.
#[test]
fn an_account_at_another_venue_pays_nothing_here() {
    let world = &mut housed(100, 1_000, Payout::Partial);
    // `doge` is a market of another fund.
    let elsewhere = set(HousePolicy { market: label("doge"), ..policy() });
    assert_eq!(code(world.send("op", elsewhere)), Some(RejectCode::BadPolicy));
    let (far, fund) = (label("far"), label("main"));
    world.must("op", OpenAccount { label: far, group: None, venue: None });
    world.must("op", SetRoles { account: far, roles: Roles::of(&[Role::Venue]) });
    let policy = Box::new(market(vec![layer(LayerSource::Reserve(fund))]));
    world.must("op", CreateMarket { label: far, fund, venue: far, policy });
    let settle = |outcome| SettleLiquidation {
        market: far,
        account: label("dave"),
        liquidator: label("alice"),
        outcome: Signed::new(outcome),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(EVIDENCE),
    };
    world.must("venue", report(500, 500, 0));
    world.must("far", settle(-70));
    assert_eq!((reserve(world), account(world).value.get()), (30, 500));
    world.must("venue", report(-25, 0, 0));
    world.must("far", settle(-70));
    assert_eq!((reserve(world), account(world).value.get()), (25, -25));
}

/// Against a naive book: nothing appears or vanishes, the fund's wealth falls by what left and was lost,
/// and no surplus takes it below its threshold.
#[test]
fn a_naive_book_agrees() {
    let (left, repaid, drawn) = (Cell::new(0u64), Cell::new(0u64), Cell::new(0u64));
    let step = prop_oneof![
        3 => (-400i128..800, 0u128..500).prop_map(|(value, free)| Step::Report(value, free)),
        2 => Just(Step::Repay),
        3 => Just(Step::Distribute),
        3 => (1u128..600).prop_map(Step::Lose),
    ];
    let whole = any::<bool>();
    property(
        (0u128..800, 1u128..600, whole, vec(step, 1..12)),
        |(own, threshold, whole, steps)| {
            let payout = if whole { Payout::Whole } else { Payout::Partial };
            let mut world = housed(own, threshold, payout);
            let mut book = Book { own: own.cast_signed(), value: 0, free: 0, moves: 0 };
            for step in steps {
                let expected = book.step(step, threshold.cast_signed(), whole);
                let carol = world.balance("carol").get();
                let got = match step {
                    Step::Report(value, free) => {
                        world.must("venue", report(value, free, book.moves));
                        0
                    }
                    Step::Repay => {
                        let before = reserve(&world);
                        let _ = world.send("dave", REPAY());
                        repaid.set(repaid.get() + u64::from(before > reserve(&world)));
                        before - reserve(&world)
                    }
                    Step::Distribute => {
                        let _ = world.send("dave", DISTRIBUTE());
                        let paid = world.balance("carol").get() - carol;
                        left.set(left.get() + u64::from(paid > 0));
                        if paid > 0 && counted(&world) < threshold {
                            return Err(format!("{paid} left, {} counted", counted(&world)));
                        }
                        paid
                    }
                    Step::Lose(amount) => {
                        lose(&mut world, amount);
                        let id = u32::try_from(world.state.losses.len()).unwrap() - 1;
                        let rows = &world.state.losses.get(LossId::new(id)).unwrap().rows;
                        let at = rows.iter().filter(|row| row.row.cohort == Cohort::House(MAIN));
                        drawn.set(drawn.get() + u64::try_from(at.count()).unwrap());
                        let paid = rows.iter().filter(|row| row.row.cohort != Cohort::Residual);
                        paid.map(|row| row.row.amount.get()).sum()
                    }
                };
                if got.cast_signed() != expected {
                    return Err(format!("{step:?} moved {got}, not {expected}, in {book:?}"));
                }
                let house = account(&world);
                let core = (
                    reserve(&world).cast_signed(),
                    house.value.get(),
                    house.free.get().cast_signed(),
                );
                if core != (book.own, book.value, book.free) || house.moves != book.moves {
                    return Err(format!("{core:?} after {step:?}, not {book:?}"));
                }
                invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
            }
            Ok(())
        },
    );
    assert!(left.get() > 0 && repaid.get() > 0 && drawn.get() > 0, "{left:?} {repaid:?} {drawn:?}");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Report(i128, u128),
    Repay,
    Distribute,
    Lose(u128),
}

/// The fund's own money, and its account.
#[derive(Debug)]
struct Book {
    own: i128,
    value: i128,
    free: i128,
    moves: u32,
}

impl Book {
    /// Takes a step; what it moved.
    fn step(&mut self, step: Step, threshold: i128, whole: bool) -> i128 {
        let capacity = (self.own + self.value).max(0);
        let moved = match step {
            Step::Report(value, free) => {
                (self.value, self.free) = (value, free.cast_signed());
                return 0;
            }
            Step::Repay => {
                let amount = (-self.value).max(0).min(self.own);
                self.own -= amount;
                self.value += amount;
                amount
            }
            Step::Distribute => {
                let amount = (capacity - threshold).max(0).min(self.free);
                self.value -= amount;
                self.free -= amount;
                amount
            }
            Step::Lose(amount) => {
                let amount = amount.cast_signed();
                let paid = if whole && amount > capacity { 0 } else { amount.min(capacity) };
                let there = paid.min(self.value.max(0));
                self.own -= paid - there;
                self.value -= there;
                self.free = (self.free - there).max(0);
                self.moves += u32::from(there > 0);
                return paid;
            }
        };
        self.moves += u32::from(moved > 0);
        moved
    }
}

/// Peaks and falls see what the fund could really pay with: a gain at the venue raises them, a debt there
/// lowers them, and what the fund repays stays its own.
#[test]
fn peaks_and_falls_see_the_account() {
    let mut world = housed(1_000, 1, Payout::Partial);
    let shown = |world: &World| {
        invariants::check(&world.state).unwrap();
        let [eight, month] = extremes(&world.state, MAIN, world.now).unwrap();
        let now = world.state.gauges.get(MAIN).unwrap().holdings.get();
        (now, eight.low.get(), eight.high.get(), month.high.get())
    };
    world.wait(Span::days(40));
    assert_eq!(shown(&world), (1_000, 1_000, 1_000, 1_000));
    world.must("venue", report(500, 500, 0));
    assert_eq!(shown(&world), (1_500, 1_000, 1_500, 1_500));
    // A loss of 300 takes of the account first, and the fund falls by it once.
    lose(&mut world, 300);
    assert_eq!(shown(&world), (1_200, 1_000, 1_500, 1_500));
    world.must("venue", report(-400, 0, 1));
    assert_eq!(shown(&world), (600, 600, 1_500, 1_500));
    world.must("alice", REPAY());
    assert_eq!((shown(&world), reserve(&world)), ((600, 600, 1_500, 1_500), 600));
    // It has fallen by three fifths from its peak, which the reserve alone does not show.
    let (start, stop) = (Ppm::new(600_000), Ppm::new(500_000));
    let policy = DrawdownPolicy { start, stop, min_balance: Amount::ZERO, spares: true };
    world.must("op", SetDrawdown { fund: label("main"), policy: Some(policy) });
    let (_, standing) = standing(&world.state, MAIN, world.now).unwrap().unwrap();
    assert_eq!(standing.drawdown.fall().unwrap().get(), 900);
    assert!(standing.trigger.cause.is_some());
    // Debts past all that is there leave nothing, and without an account its money counts alone.
    world.must("venue", report(-5_000, 0, 2));
    assert_eq!(shown(&world).0, 0);
    world.must("op", set(None));
    assert_eq!(shown(&world).0, 600);
}
