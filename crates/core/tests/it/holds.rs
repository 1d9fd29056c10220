//! The gate, alerts, and the claim window that stands still while they hold.

use crate::run::property;
use backstop_core::{
    Event, RejectCode,
    command::{
        ClaimUnstake, DeclareLoss, EndAlert, LapseDeclaration, LapseTicket, RaiseAlert,
        RequestUnstake, Stake,
    },
    policy::{AlertCause, Cause, LayerSource},
    state::LossStatus,
};
use backstop_testkit::{Setup, World, label, script};
use backstop_units::{Amount, FundId, LossId, Shares, Span, TicketId, Timestamp};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

/// Whether a loss is declared or open now that a fund's gate must be shut for.
fn has_open_loss(world: &World, fund: FundId) -> bool {
    let state = &world.state;
    state.losses.iter().any(|(_, loss)| {
        let open = match loss.status {
            LossStatus::Declared => world.now < loss.lapses_at,
            LossStatus::Open => true,
            LossStatus::Placed | LossStatus::Closed | LossStatus::Void => false,
        };
        let market = state.markets.get(loss.market).unwrap();
        let touches = state.layers_of(market).any(|(_, layer)| match layer.policy.source {
            LayerSource::Reserve(name) => state.fund_id(name) == Ok(fund),
            LayerSource::Staked(name) => {
                let tranche = state.tranche_id(name).ok().and_then(|id| state.tranches.get(id));
                tranche.is_some_and(|tranche| tranche.fund == fund)
            }
            LayerSource::FeePool
            | LayerSource::Socialised
            | LayerSource::Adl
            | LayerSource::Depositors
            | LayerSource::Equity
            | LayerSource::Haircut(_) => false,
        });
        open && (market.fund == fund || touches)
    })
}

#[test]
fn no_stake_is_minted_or_paid_while_a_loss_is_open() {
    let (held, moved) = (Cell::new(0u64), Cell::new(0u64));
    property(script(), |script| {
        let mut world = World::of(&script.setup);
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            let open = [0, 1].map(|fund| has_open_loss(&world, FundId::new(fund)));
            let composite = matches!(command.body, backstop_core::Body::Linked(_));
            match world.send_command(&command) {
                Err(reject) if reject.code == RejectCode::FundGated => held.set(held.get() + 1),
                Ok(_) if !composite => {
                    for event in &world.events {
                        let fund = match event {
                            Event::Staked { tranche, .. } => {
                                world.state.tranches.get(*tranche).unwrap().fund
                            }
                            Event::Unstaked { fund, .. } | Event::ExcessWithdrawn { fund, .. } => {
                                *fund
                            }
                            _ => continue,
                        };
                        moved.set(moved.get() + 1);
                        if open[usize::try_from(fund.get()).unwrap()] {
                            return Err(format!("{event:?} while a loss is open"));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    });
    assert!(held.get() > 0 && moved.get() > 0, "the gate was never met, or nothing moved");
}

/// What holds exits, in hours after the ticket was filed.
#[derive(Clone, Debug)]
enum Hold {
    /// An alert of so many hours, ended after so many.
    Alert(u64, u64),
    /// A declaration that lapses after six hours.
    Declare,
}

/// Free hours count against the window, held ones don't: claimable exactly while fewer free hours than
/// the window have passed since the cooldown and nothing holds; lapsing exactly from then on.
#[test]
fn the_claim_window_stands_still_while_held() {
    let (claimable, lapsed, stood) = (Cell::new(0u64), Cell::new(0u64), Cell::new(0u64));
    let hold = prop_oneof![
        (1u64..12, 1u64..14).prop_map(|(until, end)| Hold::Alert(until, end)),
        Just(Hold::Declare),
    ];
    let holds = vec((0u64..50, hold), 0..6);
    property((holds, 1u64..20, 0u64..20), |(mut holds, window, cooldown)| {
        holds.sort_by_key(|(at, _)| *at);
        let mut setup = Setup::default();
        setup.fund.declaration_lapse = Span::hours(6);
        setup.tranches[0].cooldown = Span::hours(cooldown);
        setup.tranches[0].claim_window = Span::hours(window);
        let mut world = World::of(&setup);
        let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
        let (amount, min_shares) = (Amount::new(500), Shares::ZERO);
        world.must("alice", Stake { tranche, account, asset, amount, min_shares });
        world.must(
            "alice",
            RequestUnstake { tranche, account, shares: Shares::new(500), amount: None },
        );
        let (mut alert, mut gates, mut end_at) = (0u64, Vec::<u64>::new(), None);
        let mut free = 0;
        for hour in 0..150u64 {
            if end_at.is_some_and(|end| end <= hour) && alert > hour {
                world.must("risk", EndAlert { fund: label("main") });
                (alert, end_at) = (hour, None);
            }
            for (_, hold) in holds.iter().filter(|(at, _)| *at == hour) {
                match hold {
                    Hold::Alert(span, end) => {
                        let until = world.now.plus(Span::hours(*span));
                        let (fund, cause) = (label("main"), AlertCause::Oracle);
                        world.must("guardian", RaiseAlert { fund, cause, until });
                        alert = alert.max(hour + span);
                        end_at = Some(hour + end);
                    }
                    Hold::Declare => {
                        let (market, cause) = (label("sol"), Cause::BadDebt);
                        let estimate = Amount::new(5);
                        world.must("risk", DeclareLoss { market, cause, account: None, estimate });
                        gates.push(hour + 6);
                    }
                }
            }
            let held = alert > hour || gates.iter().any(|until| *until > hour);
            let ready = hour >= cooldown;
            let (claim, lapse) = dry(&mut world);
            let expected = (ready && !held && free < window, ready && free >= window);
            if (claim, lapse) != expected {
                return Err(format!(
                    "hour {hour}, held {held}, {free} free hours: claim and lapse are {claim} and \
                     {lapse}, should be {expected:?}"
                ));
            }
            claimable.set(claimable.get() + u64::from(claim));
            lapsed.set(lapsed.get() + u64::from(lapse));
            stood.set(stood.get() + u64::from(ready && held));
            free += u64::from(ready && !held);
            world.wait(Span::hours(1));
        }
        Ok(())
    });
    assert!(claimable.get() > 0 && lapsed.get() > 0 && stood.get() > 0);
}

/// Whether the first ticket could be claimed, and whether it could be lapsed.
fn dry(world: &mut World) -> (bool, bool) {
    let ticket = TicketId::new(0);
    let mut copy = world.clone();
    let claim = copy.send("alice", ClaimUnstake { ticket }).is_ok();
    let mut copy = world.clone();
    (claim, copy.send("keeper", LapseTicket { ticket }).is_ok())
}

/// A declaration that nobody assesses holds nothing after its time, cranked or not.
#[test]
fn a_declaration_lapses_by_itself() {
    let mut world = World::new();
    let (market, cause, estimate) = (label("sol"), Cause::BadDebt, Amount::new(5));
    world.must("risk", DeclareLoss { market, cause, account: None, estimate });
    let stake = |world: &mut World| {
        let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
        let (amount, min_shares) = (Amount::new(500), Shares::ZERO);
        let stake = Stake { tranche, account, asset, amount, min_shares };
        world.send("alice", stake).map(|_| ()).map_err(|reject| reject.code)
    };
    world.wait(Span::days(1).minus(Span::from_ms(1)));
    assert_eq!(stake(&mut world), Err(RejectCode::FundGated));
    let loss = LossId::new(0);
    let early = world.send("alice", LapseDeclaration { loss }).unwrap_err();
    assert_eq!(early.code, RejectCode::DeclarationNotLapsed);
    world.wait(Span::from_ms(1));
    assert_eq!(stake(&mut world), Ok(()));
    world.must("alice", LapseDeclaration { loss });
    assert_ne!(world.now, Timestamp::ZERO);
}
