//! What a risk model's signed message does, and what it can't.

use backstop_core::{
    Event, RejectCode as C,
    command::{
        Direction, MoveIdle, ReportRisk, RunControl, SetControl, SettleLiquidation, WithdrawExcess,
    },
    fund::{
        band_at,
        coverage::{excess, target_at},
    },
    ledger::LedgerAccount,
    policy::{ControlPolicy, IdlePolicy, RiskMessagePolicy, SignatureBytes, Underwater},
};
use backstop_testkit::{Setup, World, keys, label};
use backstop_units::{Amount, Bps, FundId, Hash, Ppm, Price, Signed, Span, Timestamp};

const MAIN: FundId = FundId::new(0);

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// Caps of the model.
pub(crate) fn caps() -> RiskMessagePolicy {
    RiskMessagePolicy {
        key: keys::public(keys::MODEL),
        age_max: Span::from_ms(600_000),
        span_max: Span::days(1),
        target_max: atoms(20_000),
        target_default: atoms(12_000),
        fee_max: Ppm::new(30_000),
        hold_max: atoms(500),
    }
}

/// A message within the caps, without its signature.
pub(crate) fn message(sequence: u64, made_at: Timestamp) -> ReportRisk {
    ReportRisk {
        fund: label("main"),
        sequence,
        made_at,
        until: made_at.plus(Span::hours(1)),
        target: atoms(15_000),
        cover_two: atoms(15_000),
        fee: Ppm::new(20_000),
        hold: atoms(400),
        evidence: Hash::new([7; 32]),
        signature: SignatureBytes([0; 64]),
    }
}

fn set(world: &mut World, policy: ControlPolicy) {
    world.must("op", SetControl { fund: label("main"), policy: Box::new(policy) });
}

fn steered(messages: Option<RiskMessagePolicy>) -> ControlPolicy {
    ControlPolicy { messages, ..ControlPolicy::default() }
}

/// A fund of 14,000 with a target of 10,000 and a threshold of 9,000.
fn fund() -> World {
    let mut world = World::of(&Setup {
        target: atoms(10_000),
        threshold: atoms(9_000),
        reserve: atoms(14_000),
        ..Setup::default()
    });
    set(&mut world, steered(Some(caps())));
    world
}

fn tell(world: &mut World, message: ReportRisk) {
    let message = keys::risk(world.state.meta.ledger, message);
    world.must("alice", message);
}

fn target(world: &World) -> Amount {
    let fund = world.state.funds.get(MAIN).expect("a fund");
    target_at(&world.state, MAIN, fund, world.now).expect("a target")
}

fn left(world: &World) -> Result<Amount, C> {
    let fund = world.state.funds.get(MAIN).expect("a fund");
    excess(&world.state, MAIN, fund, world.now).map_err(|halt| match halt {
        backstop_core::Halt::Reject(reject) => reject.code,
        other @ backstop_core::Halt::Corrupt(_) => panic!("{other}"),
    })
}

fn rate(world: &World) -> u32 {
    world.state.controls.get(MAIN).and_then(|c| c.rate_at(world.now)).map_or(0, Ppm::get)
}

#[test]
fn a_message_tightens_until_it_lapses_and_then_the_safe_default_holds() {
    let mut world = fund();
    // Without a message the safe default counts: 14,000 over 12,000 is the highest band.
    assert_eq!((target(&world), rate(&world)), (atoms(12_000), 0));
    assert_eq!(band_at(&world.state, MAIN, world.now), Ok(Some(4)));
    assert_eq!(left(&world), Ok(atoms(5_000)));

    let made = world.now;
    tell(&mut world, message(1, made));
    // 14,000 over 15,000 is 93 %: two bands lower at once, the fee on top, nothing in excess.
    assert_eq!((target(&world), rate(&world)), (atoms(15_000), 20_000));
    assert_eq!(band_at(&world.state, MAIN, world.now), Ok(Some(2)));
    let told = world.state.controls.get(MAIN).and_then(|control| control.message.clone());
    assert_eq!(told.map(|told| (told.sequence, told.evidence)), Some((1, Hash::new([7; 32]))));
    assert_eq!(left(&world), Err(C::CoverageLow));

    world.wait(Span::from_ms(3_599_999));
    assert_eq!(target(&world), atoms(15_000));
    let run = |world: &mut World| match world.must("keeper", RunControl { fund: label("main") }) {
        [Event::ControlRan(run)] => (run.message, run.spikes, run.charged),
        other => panic!("{other:?}"),
    };
    world.wait(Span::from_ms(1));
    assert_eq!((target(&world), rate(&world)), (atoms(12_000), 0), "lapsed by itself");
    assert_eq!(left(&world), Ok(atoms(5_000)));
    let now = world.now;
    tell(&mut world, message(2, now));
    let (named, spikes, charged) = run(&mut world);
    // A run names the message that it was under; its fee stands among the spikes.
    assert_eq!((named, spikes), (Some(2), Ppm::new(20_000)));
    assert!(charged >= Ppm::new(20_000));
    world.wait(Span::hours(1));
    assert_eq!(run(&mut world).0, None);
}

#[test]
fn a_message_never_loosens() {
    let mut world = fund();
    let now = world.now;
    let low = ReportRisk { target: atoms(1), cover_two: atoms(1), ..message(1, now) };
    tell(&mut world, ReportRisk { fee: Ppm::ZERO, hold: Amount::ZERO, ..low });
    // Lower than the fund's own target: the own one counts, and nothing else moved.
    assert_eq!((target(&world), rate(&world)), (atoms(10_000), 0));
    assert_eq!(left(&world), Ok(atoms(5_000)));
}

#[test]
fn lower_caps_bind_what_was_told_and_another_key_ends_it() {
    let mut world = fund();
    let now = world.now;
    tell(&mut world, message(1, now));
    let lower = RiskMessagePolicy {
        target_max: atoms(13_000),
        fee_max: Ppm::new(5_000),
        hold_max: atoms(100),
        ..caps()
    };
    // Within the rails, so the desk may.
    let policy = Box::new(steered(Some(lower)));
    world.must("risk", SetControl { fund: label("main"), policy });
    assert_eq!((target(&world), rate(&world)), (atoms(13_000), 5_000));
    assert_eq!(left(&world), Ok(atoms(4_900)));
    let key = keys::public(keys::CUSTODIAN);
    set(&mut world, steered(Some(RiskMessagePolicy { key, ..lower })));
    assert_eq!((target(&world), rate(&world)), (atoms(12_000), 0));
    set(&mut world, steered(None));
    assert_eq!(target(&world), atoms(10_000));
}

#[test]
fn only_the_council_lets_messages_reach_farther() {
    let world = fund();
    let wider = |change: fn(&mut RiskMessagePolicy)| {
        let mut caps = caps();
        change(&mut caps);
        steered(Some(caps))
    };
    let changes: [fn(&mut RiskMessagePolicy); 7] = [
        |caps| caps.key = keys::public(keys::CUSTODIAN),
        |caps| caps.age_max = Span::from_ms(600_001),
        |caps| caps.span_max = Span::days(2),
        |caps| caps.target_max = atoms(20_001),
        |caps| caps.target_default = atoms(11_999),
        |caps| caps.fee_max = Ppm::new(30_001),
        |caps| caps.hold_max = atoms(501),
    ];
    for policy in changes.map(wider).into_iter().chain([steered(None)]) {
        let mut world = world.clone();
        let policy = Box::new(policy);
        let reject = world.send("risk", SetControl { fund: label("main"), policy }).unwrap_err();
        assert_eq!(reject.code, C::RoleMissing);
    }
}

#[test]
fn what_is_held_back_pays_losses_and_leaves_by_no_other_door() {
    let mut world = fund();
    let idle = IdlePolicy {
        venue: label("yield"),
        part_max: Ppm::WHOLE,
        notice: Span::ZERO,
        reach: Span::ZERO,
    };
    let policy = ControlPolicy { idle: Some(idle), ..steered(Some(caps())) };
    set(&mut world, policy);
    let now = world.now;
    let (target, hold) = (atoms(14_000), atoms(500));
    let cover_two = target;
    tell(&mut world, ReportRisk { target, cover_two, hold, ..message(1, now) });
    let out =
        |amount| MoveIdle { fund: label("main"), direction: Direction::Out, amount: atoms(amount) };
    let reject = world.send("op", out(13_501)).unwrap_err();
    assert_eq!(reject.code, C::InsufficientBalance);
    let withdraw = |amount| WithdrawExcess { fund: label("main"), amount: atoms(amount) };
    let reject = world.send("op", withdraw(4_501)).unwrap_err();
    assert_eq!(reject.code, C::AboveExcess);
    world.must("op", withdraw(4_500));
}

/// A bounty is no loss: it comes out of what is left of the reserve and not held back. The oracle paid it out of that too.
#[test]
fn a_bounty_is_not_paid_out_of_what_is_held_back() {
    for (hold, left) in [(0, 0), (400, 400)] {
        let mut setup = Setup { reserve: atoms(1_000), ..Setup::default() };
        setup.markets[0].underwater = Underwater::Bounty { fee: Bps::WHOLE, cap: Amount::MAX };
        let mut world = World::of(&setup);
        set(&mut world, steered(Some(caps())));
        let now = world.now;
        tell(&mut world, ReportRisk { hold: atoms(hold), ..message(1, now) });
        world.must(
            "venue",
            SettleLiquidation {
                market: label("sol"),
                account: label("dave"),
                liquidator: label("carol"),
                outcome: Signed::new(-40),
                notional: atoms(5_000),
                mark: Price::ZERO,
                open_interest: None,
                evidence: Some(Hash::new([1; 32])),
            },
        );
        assert_eq!(world.owed(LedgerAccount::Reserve(MAIN)), atoms(left));
    }
}
