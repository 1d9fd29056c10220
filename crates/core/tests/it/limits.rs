//! Layers pay in order, and no limit is ever exceeded, however a loss is cut or reported.

use crate::run::property;
use backstop_core::{
    Body, Command, Entry, Event, Record, State,
    command::{AssessLoss, DeclareLoss, PlaceLoss, SettleLiquidation, VoidLoss},
    event::{Cohort, Placement},
    loss::capacity::capacities,
    policy::{Cause, LayerPolicy, LayerSource, Payout},
    replay,
    waterfall::{Capacity, allocate},
};
use backstop_testkit::{
    Setup, World, label, script,
    world::{layer, market},
};
use backstop_units::{Amount, Hash, LossId, Price, Signed, Span, Timestamp};
use proptest::{collection::vec, option, prelude::*};
use std::cell::Cell;

#[test]
fn allocation_is_in_order_and_complete() {
    let amount = || prop_oneof![0u128..50, any::<u128>(), Just(u128::MAX)].prop_map(Amount::new);
    let layers = vec((amount(), amount(), prop::sample::select(Payout::ALL)), 0..=16);
    property((amount(), layers), |(loss, layers)| {
        let layers: Vec<Capacity> = layers
            .into_iter()
            .map(|(available, headroom, payout)| Capacity { available, headroom, payout })
            .collect();
        let paid = allocate(loss, &layers);
        let mut need = loss.get();
        for (draw, layer) in paid.draws.iter().zip(&layers) {
            // All that is needed and that it can pay: so a lower one pays only if this one is exhausted,
            // or pays whole and can't.
            let most = layer.available.get().min(layer.headroom.get());
            let wanted = match layer.payout {
                Payout::Partial => need.min(most),
                Payout::Whole => need * u128::from(need <= most),
            };
            if draw.get() != wanted {
                return Err(format!("{draw} of {need} by {layer:?}"));
            }
            need -= draw.get();
        }
        if paid.residual.get() == need { Ok(()) } else { Err(format!("residual, not {need}")) }
    });
}

#[test]
fn a_lower_layer_pays_only_when_the_upper_one_is_exhausted() {
    let deep = Cell::new(0u64);
    property(script(), |script| {
        let mut world = World::of(&script.setup);
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            if matches!(command.body, Body::Linked(_)) {
                continue;
            }
            let before = world.state.clone();
            let answered = world.try_command(&command);
            let placed = world.events.iter().find_map(|event| match event {
                Event::LossPlaced(placement) => Some(placement),
                _ => None,
            });
            let (Ok(()), Some(placement)) = (answered, placed) else { continue };
            let id = placement.market;
            let before = just_before(before, &world, command.clone())?;
            let market = before.markets.get(id).ok_or("market")?;
            let most = capacities(&before, id, market, placement.cause, world.now)
                .map_err(|corrupt| corrupt.to_string())?;
            deep.set(deep.get() + u64::from(placement.rows.len() > 2));
            for row in &placement.rows {
                for (above, most) in most.iter().enumerate().take(usize::from(row.layer)) {
                    let paid = paid_by(placement, above);
                    let needed = placement.gross.get() - paid_above(placement, above);
                    let whole = most.payout == Payout::Whole && most.most().get() < needed;
                    if paid != if whole { 0 } else { most.most().get() } {
                        return Err(format!("layer {above} paid {paid} of {most:?}, yet {row:?}"));
                    }
                }
            }
        }
        Ok(())
    });
    assert!(deep.get() > 0, "no loss went through three layers");
}

/// The state that a placement met: the command's events before it may have changed what layers have.
fn just_before(mut state: State, world: &World, command: Command) -> Result<State, String> {
    let placed = |event: &&Event| !matches!(event, Event::LossPlaced(_));
    let record = Record {
        seq: state.meta.next,
        time: world.now,
        rules: state.meta.rules,
        entry: Entry::Command(command),
        events: world.events.iter().take_while(placed).cloned().collect(),
    };
    replay(&mut state, &record).map_err(|corrupt| corrupt.to_string())?;
    Ok(state)
}

fn paid_by(placement: &Placement, layer: usize) -> u128 {
    let rows = placement.rows.iter().filter(|row| usize::from(row.layer) == layer);
    rows.map(|row| row.amount.get()).sum()
}

fn paid_above(placement: &Placement, layer: usize) -> u128 {
    (0..layer).map(|above| paid_by(placement, above)).sum()
}

/// A loss of one market: how it is reported, and what becomes of it.
#[derive(Clone, Debug)]
struct Report {
    wait: Span,
    late: Span,
    amount: u128,
    cause: Cause,
    /// Declared now and placed after that time, instead of settled at once.
    slow: Option<Span>,
    /// Which earlier loss is voided after it.
    void: Option<prop::sample::Index>,
}

fn report() -> impl Strategy<Value = Report> {
    let wait = prop_oneof![
        3 => Just(Span::ZERO),
        4 => (0u64..80).prop_map(|minutes| Span::from_ms(minutes * 60_000)),
        2 => (0u64..26).prop_map(Span::hours),
        1 => prop::sample::select(vec![Span::hours(1), Span::hours(8), Span::hours(24)]),
    ];
    let late = prop_oneof![2 => Just(0u64), 1 => 0u64..=3_600_000].prop_map(Span::from_ms);
    let slow = option::weighted(0.25, (0u64..200).prop_map(|m| Span::from_ms(m * 60_000)));
    let cause = prop::sample::select(vec![Cause::Bankruptcy, Cause::BadDebt]);
    let void = option::weighted(0.15, any::<prop::sample::Index>());
    (wait, late, 1u128..700, (cause, slow, void)).prop_map(
        |(wait, late, amount, (cause, slow, void))| Report {
            wait,
            late,
            amount,
            cause,
            slow,
            void,
        },
    )
}

fn limits() -> impl Strategy<Value = LayerPolicy> {
    let limit = || option::weighted(0.4, (1u128..1_500).prop_map(Amount::new));
    let lifetime = option::weighted(0.3, (1_000u128..6_000).prop_map(Amount::new));
    (limit(), limit(), limit(), limit(), lifetime).prop_map(
        |(per_event, per_1h, per_8h, per_24h, lifetime)| LayerPolicy {
            payout: Payout::Partial,
            per_event,
            per_1h,
            per_8h,
            per_24h,
            lifetime,
            ..layer(LayerSource::Reserve(label("main")))
        },
    )
}

/// A world whose first market has one layer: the limited reserve, rich enough for anything.
fn limited(policy: LayerPolicy, event_window: Span) -> World {
    let mut setup = Setup { reserve: Amount::new(10_000_000), ..Setup::default() };
    setup.fund.declaration_lapse = Span::days(30);
    setup.markets[0] = market(vec![policy]);
    setup.markets[0].event_window = event_window;
    World::of(&setup)
}

/// What the layer paid, when it counts, why, and for which loss.
#[derive(Clone, Copy, Debug)]
struct Paid {
    at: Timestamp,
    cause: Cause,
    amount: u128,
    loss: LossId,
}

impl Report {
    /// Sends the loss and answers what the layer paid.
    fn send(&self, world: &mut World) -> Result<Paid, String> {
        let occurred_at = Some(world.now.minus(self.late));
        let evidence = Hash::new([1; 32]);
        let send = |world: &mut World, actor, body: Body| {
            let command = backstop_core::Command { occurred_at, ..world.command(actor, body) };
            world.try_command(&command).map_err(|halt| format!("{halt}: {command:?}"))
        };
        if self.slow.is_none() && self.cause == Cause::Bankruptcy {
            send(world, "venue", settle(self.amount, evidence))?;
        } else {
            let loss = world.state.losses.next_id();
            let (cause, estimate) = (self.cause, Amount::new(self.amount));
            let declare = DeclareLoss { market: label("sol"), cause, account: None, estimate };
            send(world, "risk", declare.into())?;
            world.wait(self.slow.unwrap_or(Span::ZERO));
            let assess = AssessLoss { loss, amount: estimate, evidence };
            world.send("risk", assess).map_err(|reject| reject.to_string())?;
            world.send("keeper", PlaceLoss { loss }).map_err(|reject| reject.to_string())?;
        }
        let placement = world.events.iter().find_map(|event| match event {
            Event::LossPlaced(placement) => Some(placement),
            _ => None,
        });
        let placement = placement.ok_or("nothing was placed")?;
        let amount = placement.rows.iter().filter(|row| row.cohort != Cohort::Residual);
        let amount = amount.map(|row| row.amount.get()).sum();
        // Limits count by the time of payment.
        Ok(Paid { at: world.now, cause: placement.cause, amount, loss: placement.loss })
    }
}

fn settle(amount: u128, evidence: Hash) -> Body {
    SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-i128::try_from(amount).expect("a small loss")),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(evidence),
    }
    .into()
}

/// The most that was paid within any one span.
fn worst(paid: &[Paid], span: Span) -> u128 {
    let ends = paid.iter().map(|last| last.at);
    let within = |end: Timestamp| {
        let inside = paid.iter().filter(|p| p.at <= end && end.since(p.at) < span);
        inside.map(|p| p.amount).sum::<u128>()
    };
    ends.map(within).max().unwrap_or(0)
}

#[test]
fn no_window_ever_exceeds_its_limit() {
    let (full, voided) = (Cell::new(0u64), Cell::new(0u64));
    let event_window =
        prop::sample::select(vec![Span::from_ms(60_000), Span::hours(1), Span::days(2)]);
    property((limits(), event_window, vec(report(), 1..40)), |(policy, event_window, reports)| {
        let mut world = limited(policy, event_window);
        let mut paid: Vec<Paid> = Vec::new();
        for report in &reports {
            world.wait(report.wait);
            let one = report.send(&mut world)?;
            full.set(full.get() + u64::from(one.amount < report.amount));
            paid.push(one);
            let events = Cause::ALL.iter().map(|cause| {
                let paid: Vec<Paid> = paid.iter().filter(|p| p.cause == *cause).copied().collect();
                ("event", policy.per_event, worst(&paid, event_window))
            });
            let windows = [
                ("1 h", policy.per_1h, worst(&paid, Span::hours(1))),
                ("8 h", policy.per_8h, worst(&paid, Span::hours(8))),
                ("24 h", policy.per_24h, worst(&paid, Span::hours(24))),
                ("lifetime", policy.lifetime, paid.iter().map(|p| p.amount).sum()),
            ];
            for (what, limit, used) in windows.into_iter().chain(events) {
                if let Some(limit) = limit.filter(|limit| used > limit.get()) {
                    return Err(format!("{used} within {what}, limit {limit}: {paid:?}"));
                }
            }
            if let Some(at) = report.void {
                let gone = paid.remove(at.index(paid.len()));
                world.must("op", VoidLoss { loss: gone.loss });
                voided.set(voided.get() + 1);
            }
        }
        Ok(())
    });
    assert!(full.get() > 0 && voided.get() > 0, "no limit was met, or nothing voided");
}

#[test]
fn a_limit_is_used_to_the_last_atom_and_refills() {
    let policy = LayerPolicy {
        per_1h: Some(Amount::new(100)),
        ..layer(LayerSource::Reserve(label("main")))
    };
    let mut world = limited(policy, Span::hours(1));
    let report = |amount| Report {
        wait: Span::ZERO,
        late: Span::ZERO,
        amount,
        cause: Cause::Bankruptcy,
        slow: None,
        void: None,
    };
    assert_eq!(report(70).send(&mut world).unwrap().amount, 70);
    assert_eq!(report(70).send(&mut world).unwrap().amount, 30);
    assert_eq!(report(70).send(&mut world).unwrap().amount, 0);
    // A 24th late at most.
    world.wait(Span::from_ms(3_600_000 + 2 * 300_000));
    assert_eq!(report(170).send(&mut world).unwrap().amount, 100);
}

#[test]
fn splitting_a_loss_does_not_dodge_the_event_limit() {
    let limit = 1u128..2_000;
    let parts = vec((1u128..500, 0u64..3_599_000), 2..12);
    property((limit, parts, any::<bool>()), |(limit, parts, by_report)| {
        let limit_of = Some(Amount::new(limit));
        let reserve = layer(LayerSource::Reserve(label("main")));
        let policy = LayerPolicy { per_event: limit_of, ..reserve };
        let mut world = limited(policy, Span::hours(1));
        let sum: u128 = parts.iter().map(|part| part.0).sum();
        let start = world.now.plus(Span::hours(1));
        let mut times: Vec<u64> = parts.iter().map(|part| part.1).collect();
        times.sort_unstable();
        let mut paid = 0;
        for ((amount, _), at) in parts.iter().zip(times) {
            // The event struck at once; its parts come in over the hour, or each happens at its time.
            world.now = start.plus(Span::from_ms(at));
            let late = if by_report { Span::from_ms(at) } else { Span::ZERO };
            let cause = Cause::Bankruptcy;
            let part =
                Report { wait: Span::ZERO, late, amount: *amount, cause, slow: None, void: None };
            paid += part.send(&mut world)?.amount;
        }
        if paid == sum.min(limit) {
            Ok(())
        } else {
            Err(format!("paid {paid} of {sum}, limit {limit}"))
        }
    });
}
