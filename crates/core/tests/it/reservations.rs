//! Capacity held for liquidations in flight, late settlements, idle cash.

use crate::run::property;
use backstop_core::{
    Body, Command, Event, RejectCode as C,
    command::{
        AssessLoss, CommitReservation, Contribute, CoverDeficit, DeclareLoss, Direction, MoveIdle,
        PlaceLoss, ReleaseReservation, Reserve, SetControl, SetOfflineBudget, SetTarget,
        SettleLiquidation, WithdrawExcess,
    },
    event::Cohort,
    fund::{coverage, coverage_at, excess},
    invariants,
    ledger::LedgerAccount,
    liquidation::offline::Offline,
    policy::{Cause, ControlPolicy, FundPolicy, IdlePolicy, ReservationPolicy, Underwater},
};
use backstop_testkit::{Setup, World, label};
use backstop_units::{
    Amount, Bps, FundId, Hash, Label, LossId, MarketId, Ppm, Price, Signed, Span, Timestamp,
};
use proptest::collection::vec;

const MAIN: FundId = FundId::new(0);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn deficit(market: &str, amount: i128) -> SettleLiquidation {
    SettleLiquidation {
        market: label(market),
        account: label("dave"),
        liquidator: label("carol"),
        outcome: Signed::new(-amount),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    }
}

fn reserve(world: &World, market: &str, id: &str, amount: u128, minutes: u64) -> Reserve {
    let until = world.now.plus(Span::from_ms(minutes * 60_000));
    Reserve { market: label(market), id: label(id), amount: atoms(amount), until }
}

fn commit(market: &str, id: &str, amount: i128) -> CommitReservation {
    let settlement = Box::new(deficit(market, amount));
    CommitReservation { id: label(id), settlement }
}

/// What the reserve of `main` has paid by the last command.
fn drawn(world: &World) -> u128 {
    let placed = world.events.iter().filter_map(|event| match event {
        Event::LossPlaced(placement) => Some(&placement.rows),
        _ => None,
    });
    let rows = placed
        .flatten()
        .filter(|row| matches!(row.cohort, Cohort::Reserve(MAIN) | Cohort::Contributions(MAIN)));
    rows.map(|row| row.amount.get()).sum()
}

/// A fund with a reserve of 1,000, all of which may be reserved.
fn fund(change: impl Fn(&mut Setup, &mut ControlPolicy)) -> World {
    let mut setup = Setup { reserve: atoms(1_000), threshold: Amount::ZERO, ..Setup::default() };
    let reservations =
        ReservationPolicy { part_max: Ppm::WHOLE, span_max: Span::hours(1), count_max: 64 };
    let mut control = ControlPolicy { reservations, ..ControlPolicy::default() };
    change(&mut setup, &mut control);
    let mut world = World::of(&setup);
    world.must("op", SetControl { fund: label("main"), policy: Box::new(control) });
    world
}

#[test]
fn what_one_market_reserves_no_other_draws() {
    let mut world = fund(|_, _| ());
    let held = reserve(&world, "sol", "a", 700, 10);
    world.must("venue", held);
    world.must("venue", deficit("btc", 500));
    assert_eq!(drawn(&world), 300);
    // The settlement that it was made for gets all of it, and the rest of what there is.
    world.must("venue", commit("sol", "a", 650));
    assert_eq!(drawn(&world), 650);
    world.must("venue", deficit("btc", 500));
    assert_eq!(drawn(&world), 50);
}

#[test]
fn one_market_has_several_and_each_expires() {
    let mut world = fund(|_, _| ());
    for (id, minutes) in [("a", 10), ("b", 20)] {
        let held = reserve(&world, "sol", id, 400, minutes);
        world.must("venue", held);
    }
    world.must("venue", deficit("sol", 1_000));
    assert_eq!(drawn(&world), 200);
    world.wait(Span::from_ms(600_000));
    world.must("venue", deficit("sol", 1_000));
    assert_eq!(drawn(&world), 400);
    world.must("venue", ReleaseReservation { market: label("sol"), id: label("b") });
    world.must("venue", deficit("sol", 1_000));
    assert_eq!(drawn(&world), 400);
}

#[test]
fn nothing_that_is_reserved_leaves_as_excess_bounty_or_idle_cash() {
    let bounty = Underwater::Bounty { fee: Bps::WHOLE, cap: Amount::MAX };
    let idle = IdlePolicy {
        venue: label("yield"),
        part_max: Ppm::WHOLE,
        notice: Span::ZERO,
        reach: Span::ZERO,
    };
    for counts_stake in [false, true] {
        let mut world = fund(|setup, control| {
            setup.fund = FundPolicy { counts_stake, ..setup.fund };
            setup.markets[1].underwater = bounty;
            control.idle = Some(idle);
        });
        let held = reserve(&world, "sol", "a", 900, 10);
        world.must("venue", held);
        let item = world.state.funds.get(MAIN).expect("a fund").clone();
        let parts = coverage(&world.state, MAIN, &item).expect("parts");
        assert_eq!(
            (parts.reserved, parts.counted, parts.total()),
            (atoms(900), atoms(100), atoms(1_000))
        );
        assert_eq!(excess(&world.state, MAIN, &item, world.now), Ok(atoms(100)));
        let later = world.now.plus(Span::hours(1));
        let parts = coverage_at(&world.state, MAIN, &item, later).expect("parts");
        assert_eq!(parts.counted, atoms(1_000));
        let (fund, direction) = (label("main"), Direction::Out);
        assert!(world.send("op", MoveIdle { fund, direction, amount: atoms(101) }).is_err());
        assert!(world.send("op", WithdrawExcess { fund, amount: atoms(101) }).is_err());
        let settle = SettleLiquidation { notional: atoms(5_000), ..deficit("btc", 40) };
        world.must("venue", settle);
        assert_eq!(drawn(&world), 40);
        // The bounty is what is left and not reserved.
        assert_eq!(world.owed(LedgerAccount::Reserve(MAIN)), atoms(900));
        invariants::check(&world.state).expect("R1");
    }
}

/// Coverage, and with it fee and band, leaves out what is reserved.
#[test]
fn a_reservation_lowers_coverage_until_it_is_over() {
    let mut world = fund(|_, _| ());
    world.must("op", SetTarget { fund: label("main"), target: atoms(1_000) });
    let band = |world: &World| backstop_core::fund::band_at(&world.state, MAIN, world.now);
    let held = reserve(&world, "sol", "a", 300, 10);
    assert_eq!(band(&world), Ok(Some(3)));
    world.must("venue", held);
    assert_eq!(band(&world), Ok(Some(1)));
    world.wait(Span::from_ms(600_000));
    assert_eq!(band(&world), Ok(Some(3)));
}

/// One step of a script: what, which market and name, how much, after how many minutes.
type Step = (u8, u8, u8, u128, u64);

/// A reservation as the model keeps it.
type Held = (Label, u8, u128, Timestamp);

fn body(world: &World, step: Step) -> Body {
    let (what, market, id, amount, minutes) = step;
    let (name, id) = (if market == 0 { "sol" } else { "btc" }, format!("r{id}"));
    let signed = i128::try_from(amount).unwrap_or(0);
    match what {
        0..=2 => reserve(world, name, &id, amount, minutes).into(),
        3 => commit(name, &id, signed).into(),
        4 => ReleaseReservation { market: label(name), id: label(&id) }.into(),
        5 => deficit(name, signed).into(),
        6 => WithdrawExcess { fund: label("main"), amount: atoms(amount) }.into(),
        _ => {
            let (fund, account, asset) = (label("main"), label("alice"), label("usdt"));
            Contribute { fund, account, asset, amount: atoms(amount) }.into()
        }
    }
}

/// A naive list of who holds what until when, and what there is.
struct Model {
    list: Vec<Held>,
    own: u128,
    gifts: u128,
    part: u128,
}

impl Model {
    fn free(&self) -> u128 {
        self.own - self.list.iter().map(|held| held.2).sum::<u128>()
    }

    fn find(&self, step: Step) -> Option<usize> {
        let key = (label(&format!("r{}", step.2)), step.1);
        self.list.iter().position(|held| (held.0, held.1) == key)
    }

    fn accepts(&self, step: Step) -> bool {
        let (what, _, _, amount, minutes) = step;
        let found = self.find(step);
        match what {
            0..=2 => {
                let most = self.own * self.part / 1_000_000;
                let room = self.own - self.free() + amount <= most;
                found.is_none() && minutes <= 60 && self.list.len() < 4 && room
            }
            3 | 4 => found.is_some(),
            6 => amount <= self.free().min(self.own - self.gifts),
            _ => true,
        }
    }

    /// Takes a step, and says what the reserve pays for it.
    fn take(&mut self, step: Step, now: Timestamp) -> u128 {
        let (what, market, id, amount, minutes) = step;
        let mine = match (what, self.find(step)) {
            (3 | 4, Some(at)) => self.list.swap_remove(at).2,
            _ => 0,
        };
        let mut pays = 0;
        match what {
            0..=2 => {
                let until = now.plus(Span::from_ms(minutes * 60_000));
                self.list.push((label(&format!("r{id}")), market, amount, until));
            }
            3 | 5 => pays = amount.min(self.free()),
            6 => self.own -= amount,
            7 => (self.own, self.gifts) = (self.own + amount, self.gifts + amount),
            _ => assert!(mine > 0, "only what is there is released"),
        }
        self.own -= pays;
        self.gifts = self.gifts.min(self.own);
        pays
    }
}

/// The model predicts every answer and every draw, and in the end all of them have freed themselves.
#[test]
fn reservations_follow_a_naive_list() {
    let steps = vec((0u8..8, 0u8..2, 0u8..3, 1u128..600, 1u64..70, 0u64..30), 1..60);
    property((steps, 1u32..=1_000_000), |(steps, part)| {
        let mut world = fund(|_, control| {
            control.reservations.part_max = Ppm::new(part);
            control.reservations.count_max = 4;
        });
        let mut model = Model { list: Vec::new(), own: 1_000, gifts: 0, part: part.into() };
        for (what, market, id, amount, minutes, wait) in steps {
            world.wait(Span::from_ms(wait * 60_000));
            model.list.retain(|held| world.now < held.3);
            let step = (what, market, id, amount, minutes);
            let body = body(&world, step);
            let told = |why: String| format!("{why}: {body:?} with {:?}", model.list);
            let actor = ["venue", "venue", "venue", "venue", "venue", "venue", "op", "alice"];
            let got = world.send(actor[usize::from(what)], body.clone()).map(|_| ());
            if got.is_ok() != model.accepts(step) {
                return Err(told(format!("{got:?}")));
            }
            if got.is_err() {
                continue;
            }
            let pays = model.take(step, world.now);
            let drew = drawn(&world);
            if drew != pays {
                return Err(format!("drew {drew}, not {pays}: {body:?} with {:?}", model.list));
            }
            invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
        }
        world.wait(Span::hours(1));
        world.must("venue", deficit("sol", 1_000_000));
        let drew = drawn(&world);
        if drew == model.own { Ok(()) } else { Err(format!("{drew} of {}", model.own)) }
    });
}

const SOL: MarketId = MarketId::new(0);

fn late(world: &mut World, hours: u64, amount: i128) -> Command {
    let occurred_at = Some(world.now.minus(Span::hours(hours)));
    Command { occurred_at, ..world.command("venue", deficit("sol", amount)) }
}

#[test]
fn late_settlements_draw_on_the_offline_budget() {
    let mut world = fund(|_, _| ());
    let (market, budget, span) = (label("sol"), atoms(100), Span::hours(24));
    world.must("op", SetOfflineBudget { market, budget, span });
    world.wait(Span::days(3));
    let left = |world: &World| world.state.offline.get(SOL).map(|offline| offline.left);
    let command = late(&mut world, 20, 60);
    world.send_command(&command).expect("within the budget");
    assert_eq!((left(&world), drawn(&world)), (Some(atoms(40)), 60));
    let command = late(&mut world, 20, 41);
    assert!(world.send_command(&command).is_err());
    let command = late(&mut world, 1, 41);
    world.send_command(&command).expect("within the skew, which draws on nothing");
    let mut gain = late(&mut world, 24, 0);
    if let Body::SettleLiquidation(settle) = &mut gain.body {
        settle.outcome = Signed::new(500);
    }
    world.send_command(&gain).expect("no deficit, no draw");
    assert_eq!(left(&world), Some(atoms(40)));
    let command = late(&mut world, 25, 1);
    assert!(world.send_command(&command).is_err());
    // The desk has looked at it; the council alone may give more.
    world.must("risk", SetOfflineBudget { market, budget, span });
    assert_eq!(left(&world), Some(budget));
    let more = SetOfflineBudget { market, budget: atoms(101), span };
    assert!(world.send("risk", more).is_err());
    world.must("risk", SetOfflineBudget { market, budget: Amount::ZERO, span });
    let nothing = Offline { budget: Amount::ZERO, left: Amount::ZERO, span };
    assert_eq!(world.state.offline.get(SOL), Some(&nothing));
}

/// Only what may have happened while the ledger was down is taken late; what the risk desk has assessed draws
/// on nothing.
#[test]
fn the_offline_budget_is_for_settlements() {
    let mut world = fund(|_, _| ());
    let (market, budget, span) = (label("sol"), atoms(100), Span::hours(24));
    world.must("op", SetOfflineBudget { market, budget, span });
    world.wait(Span::days(3));
    let evidence = Hash::new([1; 32]);
    let cover = CoverDeficit { market, net_pnl: atoms(50), evidence };
    let (cause, estimate) = (Cause::BadDebt, atoms(500));
    let declare = DeclareLoss { market, cause, account: None, estimate };
    let when = Some(world.now.minus(Span::hours(2)));
    for (actor, body) in [("venue", Body::from(cover)), ("risk", declare.clone().into())] {
        let command = Command { occurred_at: when, ..world.command(actor, body) };
        assert_eq!(world.send_command(&command).unwrap_err().code, C::OccurredAtSkew);
    }
    world.must("risk", declare);
    let loss = LossId::new(0);
    world.must("risk", AssessLoss { loss, amount: atoms(500), evidence });
    world.must("keeper", PlaceLoss { loss });
    assert_eq!(drawn(&world), 500);
    assert_eq!(world.state.offline.get(SOL).map(|offline| offline.left), Some(budget));
}

#[test]
fn idle_cash_counts_only_if_it_is_back_in_time() {
    for (notice, counted) in [(2, 1_000), (3, 800)] {
        let mut world = fund(|_, control| {
            control.idle = Some(IdlePolicy {
                venue: label("yield"),
                part_max: Ppm::new(200_000),
                notice: Span::days(notice),
                reach: Span::days(2),
            });
        });
        let (fund, amount) = (label("main"), atoms(200));
        world.must("op", MoveIdle { fund, direction: Direction::Out, amount });
        let item = world.state.funds.get(MAIN).expect("a fund").clone();
        let parts = coverage(&world.state, MAIN, &item).expect("parts");
        assert_eq!((parts.idle, parts.reserve), (amount, atoms(800)));
        assert_eq!((parts.counted, parts.total()), (atoms(counted), atoms(1_000)));
        // It is out of reach of a loss.
        world.must("venue", deficit("sol", 1_000));
        assert_eq!(drawn(&world), 800);
        world.must("guardian", MoveIdle { fund, direction: Direction::In, amount });
        world.must("venue", deficit("sol", 1_000));
        assert_eq!(drawn(&world), 200);
        invariants::check(&world.state).expect("books that balance");
    }
}
