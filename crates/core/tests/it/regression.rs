//! One test for each bug that was found, with the smallest commands that showed it.

use backstop_core::{
    Body, Event, Reject, RejectCode, State,
    command::{
        AssessLoss, CancelProposal, DeclareLoss, PlaceLoss, Propose, Reconcile, ReportOpenInterest,
        SetWaterfall, SettleLiquidation, VoidLoss, WithdrawExcess,
    },
    governance::body_digest,
    policy::{Cause, LayerPolicy, LayerSource},
};
use backstop_testkit::{
    Setup, World, keys, label,
    world::{layer, market},
};
use backstop_units::{Amount, Base, Hash, LossId, Price, ProposalId, Signed, Span, Timestamp};
use ruint::aliases::U256;

fn reserve() -> LayerPolicy {
    layer(LayerSource::Reserve(label("main")))
}

/// A world whose first market has this one layer and a rich reserve.
fn limited(policy: LayerPolicy) -> World {
    let mut setup = Setup { reserve: Amount::new(10_000_000), ..Setup::default() };
    setup.markets[0] = market(vec![policy]);
    World::of(&setup)
}

fn settle(amount: i128) -> SettleLiquidation {
    SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-amount),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    }
}

/// What the first layer paid of the loss in the last command.
fn paid(world: &World) -> u128 {
    let placement = world.events.iter().find_map(|event| match event {
        Event::LossPlaced(placement) => Some(placement),
        _ => None,
    });
    let rows = &placement.expect("a loss was placed").rows;
    rows.iter().filter(|row| row.layer == 0).map(|row| row.amount.get()).sum()
}

/// Voiding an old loss gave back what a newer one had used: the limit was paid twice within a day.
#[test]
fn voiding_an_old_loss_frees_nothing_of_the_last_day() {
    let mut world = limited(LayerPolicy { per_24h: Some(Amount::new(100)), ..reserve() });
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 100);
    world.wait(Span::days(3));
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 100);
    world.must("op", VoidLoss { loss: LossId::new(0) });
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 0, "200 within one day, limit 100");
}

/// A void loss gives back its own use while it counts.
#[test]
fn voiding_a_fresh_loss_frees_its_own_use() {
    let mut world = limited(LayerPolicy { per_24h: Some(Amount::new(100)), ..reserve() });
    world.must("venue", settle(60));
    world.wait(Span::hours(2));
    world.must("venue", settle(60));
    assert_eq!(paid(&world), 40);
    world.must("op", VoidLoss { loss: LossId::new(0) });
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 60);
}

/// Half of an event was settled at once; the other half came in late, after a later use had pushed the
/// first one out of the window's memory: the event was paid twice over.
#[test]
fn a_late_report_sees_what_its_event_has_used() {
    let mut world = limited(LayerPolicy { per_event: Some(Amount::new(100)), ..reserve() });
    let struck = world.now;
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 100);
    // 62 minutes later somebody else's small loss, of another event.
    world.wait(Span::from_ms(62 * 60_000));
    world.must("venue", settle(1));
    // And a report of something that happened eight minutes after the first strike.
    let at = struck.plus(Span::from_ms(8 * 60_000));
    let command = world.command("venue", settle(100));
    let command = backstop_core::Command { occurred_at: Some(at), ..command };
    world.send_command(&command).expect("54 minutes late is allowed");
    assert_eq!(paid(&world), 0, "200 of one event, limit 100");
}

/// Removing a layer and naming it again forgot what it had used: two proposals renewed a lifetime limit.
#[test]
fn a_layer_that_returns_keeps_what_it_has_used() {
    let policy = LayerPolicy { lifetime: Some(Amount::new(100)), ..reserve() };
    let mut world = limited(policy);
    world.must("venue", settle(100));
    let set = |layers| SetWaterfall { market: label("sol"), layers };
    world.must("op", set(vec![layer(LayerSource::FeePool)]));
    world.must("op", set(vec![policy]));
    world.must("venue", settle(100));
    assert_eq!(paid(&world), 0, "200 ever, limit 100");
    let low = LayerPolicy { lifetime: Some(Amount::new(99)), ..reserve() };
    world.must("op", set(vec![layer(LayerSource::FeePool)]));
    let refused = world.send("op", set(vec![low])).map(drop);
    assert_eq!(refused.map_err(|reject| reject.code), Err(RejectCode::LimitBelowUsed));
}

/// Without a council the operator decides; the risk desk could propose in his place, and anyone execute.
#[test]
fn without_a_council_only_the_operator_proposes() {
    for actor in ["risk", "guardian"] {
        let mut world = limited(reserve());
        world.must("venue", settle(100));
        let body = Box::new(Body::from(VoidLoss { loss: LossId::new(0) }));
        let propose = Propose { body, nonce: 1, expires_at: world.now.plus(Span::days(1)) };
        let refused = world.send(actor, propose).map(drop);
        assert_eq!(refused.map_err(|reject| reject.code), Err(RejectCode::RoleMissing), "{actor}");
    }
}

/// One unsigned proposal with the last nonce of all left the council without any for ever.
#[test]
fn nobody_can_use_up_the_nonces() {
    let setup = Setup { council: (3, 2), reserve: Amount::new(20_000), ..Setup::default() };
    let mut world = World::of(&setup);
    let until = world.now.plus(Span::days(1));
    let body = Body::from(WithdrawExcess { fund: label("main"), amount: Amount::new(5) });
    let last = Propose { body: Box::new(body.clone()), nonce: u64::MAX, expires_at: until };
    let _ = world.send("guardian", last);
    let nonce = world.state.meta.nonce.saturating_add(1);
    let approvals = keys::approve(world.state.meta.ledger, &body, nonce, until, &[1, 2]);
    let sent = world.send_approved("op", body, approvals).map(drop);
    assert_eq!(sent, Ok(()), "the council can't act any more");
}

/// An old statement of the custodian, signed and true in its time, closed a break that a newer one had
/// opened, and so freed the operator's withdrawals.
#[test]
fn an_old_balance_can_not_be_replayed() {
    let mut world = World::new();
    let (asset, ledger) = (label("eth"), world.state.meta.ledger);
    let statement = |balance: u128, as_of: Timestamp| {
        let balance = Amount::new(balance);
        let signature = Some(keys::balance(ledger, asset, balance, as_of));
        Reconcile { asset, balance, as_of, signature }
    };
    let old = statement(0, world.now);
    world.must("custodian", old.clone());
    world.wait(Span::hours(1));
    let break_found = statement(7, world.now);
    world.must("custodian", break_found);
    let replayed = world.send("op", old).map(drop);
    assert_eq!(replayed.map_err(|reject| reject.code), Err(RejectCode::TimeRunsBack));
}

/// No dead ends: what the index can't express is a residual, never a refusal.
#[test]
fn a_loss_too_large_for_the_index_is_placed() {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Socialised)]);
    for (base, deficit) in
        [(1, 1 << 68), (1, 1 << 100), (3, i128::MAX), (u128::MAX, i128::MAX), (1 << 20, 1 << 90)]
    {
        let mut world = World::of(&setup);
        let base = Base::new(base);
        world.must("venue", ReportOpenInterest { market: label("sol"), base });
        for _ in 0..2 {
            let sent = world.send("venue", settle(deficit)).map(drop);
            assert_eq!(sent, Ok(()), "{deficit} over {base}");
            let loss = world.state.losses.iter().last().expect("a loss").1;
            let rows: u128 = loss.rows.iter().map(|row| row.row.amount.get()).sum();
            assert_eq!(rows, loss.gross.get());
        }
    }
}

/// What the index carried while open interest was vast is borne by the few that are left: the carry
/// counts against what the index can express.
#[test]
fn a_vast_carry_is_no_dead_end() {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Socialised)]);
    let mut world = World::of(&setup);
    let open_interest = |world: &mut World, base| {
        let base = Base::new(base);
        world.must("venue", ReportOpenInterest { market: label("sol"), base });
    };
    // Base atoms that bear nearly 2¹²⁸ steps of carry, then one alone.
    open_interest(&mut world, u128::MAX);
    world.must("venue", settle((1 << 67) + 1));
    let carried = world.state.markets.iter().next().expect("a market").1.clone();
    open_interest(&mut world, 1);
    for _ in 0..3 {
        let before = world.state.markets.iter().next().expect("a market").1.clone();
        let sent = world.send("venue", settle((1 << 68) - 1)).map(drop);
        assert_eq!(sent, Ok(()), "{carried:?}");
        let after = world.state.markets.iter().next().expect("a market").1.clone();
        let steps = U256::from(after.index.get()) - U256::from(before.index.get());
        let borne = steps + U256::from(after.index_carry.get());
        let due = U256::from(paid(&world)) * U256::from(1u128 << 60);
        assert_eq!(borne, due + U256::from(before.index_carry.get()), "steps were lost");
    }
}

/// A slow loss is refused nothing either.
#[test]
fn a_declared_loss_too_large_for_the_index_is_placed() {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Socialised)]);
    let mut world = World::of(&setup);
    let (market, base) = (label("sol"), Base::new(1));
    world.must("venue", ReportOpenInterest { market, base });
    let (cause, estimate) = (Cause::BadDebt, Amount::new(1 << 100));
    world.must("risk", DeclareLoss { market, cause, account: None, estimate });
    let (loss, evidence) = (LossId::new(0), Hash::new([1; 32]));
    world.must("risk", AssessLoss { loss, amount: estimate, evidence });
    let placed = world.send("keeper", PlaceLoss { loss }).map(drop);
    assert_eq!(placed, Ok(()), "the gate would stay shut for ever");
}

/// Ten kilobytes of one byte overflowed the stack of whoever decoded them. In a process of its own: an
/// overflow can't be caught.
#[test]
fn deep_nesting_is_refused_by_the_decoder() {
    if std::env::var_os("BACKSTOP_DEEP").is_some() {
        for bytes in [vec![100; 1 << 20], [110, 1, 0, 0, 0].repeat(1 << 18)] {
            assert!(borsh::from_slice::<Body>(&bytes).is_err());
        }
        return;
    }
    let this = std::env::current_exe().expect("a test binary");
    let name = "regression::deep_nesting_is_refused_by_the_decoder";
    let child = std::process::Command::new(this)
        .args([name, "--exact"])
        .env("BACKSTOP_DEEP", "1")
        .output()
        .expect("the test binary runs again");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// A signature given on a proposal that was withdrawn is good for nothing: neither with others' in a
/// command of its own, nor on the same proposal filed again.
#[test]
fn a_withdrawn_proposal_takes_its_signatures_with_it() {
    let world = &mut World::of(&Setup {
        council: (3, 2),
        reserve: Amount::new(20_000),
        ..Setup::default()
    });
    let (ledger, until) = (world.state.meta.ledger, world.now.plus(Span::days(5)));
    let body = Body::from(WithdrawExcess { fund: label("main"), amount: Amount::new(100) });
    let propose = |nonce| Propose { body: Box::new(body.clone()), nonce, expires_at: until };
    let by = |nonce, members: &[u8]| keys::approve(ledger, &body, nonce, until, members);
    world.send_approved("op", propose(5), by(5, &[1])).expect("a proposal with one signature");
    let proposal = ProposalId::new(0);
    world.must("guardian", CancelProposal { proposal });

    let closed = Reject::got(RejectCode::ProposalClosed, body_digest(&body));
    // Also for a state that was read back from a snapshot.
    let mut restored = world.clone();
    restored.state = State::from_bytes(&world.state.to_bytes()).expect("a state");
    for world in [&mut *world, &mut restored] {
        let late = world.send_approved("op", body.clone(), by(5, &[1, 2])).map(drop);
        assert_eq!(late, Err(closed));
        let again = world.send("op", propose(5)).map(drop);
        assert_eq!(again, Err(closed));
    }
    // It is about those signatures only: nobody can put a nonce out of others' reach.
    world.send_approved("op", propose(6), by(6, &[1])).expect("another proposal");
    let other = Body::from(WithdrawExcess { fund: label("main"), amount: Amount::new(99) });
    let approvals = keys::approve(ledger, &other, 5, until, &[1, 2]);
    world.send_approved("op", other, approvals).expect("another body under the same nonce");
}
