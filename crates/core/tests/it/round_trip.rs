//! Nobody gains by coming and going, and nobody who stays loses by it.

use crate::run::{lose, property};
use backstop_core::{
    Event,
    command::{
        CancelUnstake, ClaimRecovery, ClaimUnstake, Party, RecoverLoss, RequestUnstake, Stake,
        VoidLoss,
    },
    ledger::LedgerAccount,
    policy::{ExitValue, LayerSource},
};
use backstop_testkit::{
    Setup, World, label, script,
    world::{layer, market},
};
use backstop_units::{Amount, LossId, Shares, Span, TicketId, TrancheId};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U256;
use std::cell::Cell;

/// What the travellers do among others who stay.
#[derive(Clone, Debug)]
enum Move {
    Stake(u8, u128),
    Request(u8, u8),
    Cancel(u8),
    Claim(u8),
    Wait(u64),
    Loss(u128),
    Recover(u8, u8),
    ClaimRecovery(u8, u8),
    Void(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0u8..2, 1u128..3_000).prop_map(|(who, amount)| Move::Stake(who, amount)),
        4 => (0u8..2, any::<u8>()).prop_map(|(who, part)| Move::Request(who, part)),
        1 => any::<u8>().prop_map(Move::Cancel),
        4 => any::<u8>().prop_map(Move::Claim),
        3 => (0u64..60).prop_map(Move::Wait),
        3 => (1u128..2_500).prop_map(Move::Loss),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(loss, part)| Move::Recover(loss, part)),
        2 => (any::<u8>(), 0u8..2).prop_map(|(loss, who)| Move::ClaimRecovery(loss, who)),
        1 => any::<u8>().prop_map(Move::Void),
    ];
    vec(one, 1..50)
}

const TRAVELLERS: [&str; 2] = ["alice", "bob"];

/// One staked layer and nothing before it.
fn world(exit_value: ExitValue, new_series: bool) -> World {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Staked(label("jun")))]);
    setup.tranches[0].cooldown = Span::hours(20);
    setup.tranches[0].claim_window = Span::ZERO;
    setup.tranches[0].exit_value = exit_value;
    setup.tranches[0].new_series_after_wipe = new_series;
    World::of(&setup)
}

fn stake(world: &mut World, account: &str, amount: u128) -> bool {
    let (tranche, asset, amount) = (label("jun"), label("usdt"), Amount::new(amount));
    let min_shares = Shares::ZERO;
    let stake = Stake { tranche, account: label(account), asset, amount, min_shares };
    world.send(account, stake).is_ok()
}

fn free_shares(world: &World, account: &str) -> u128 {
    let id = world.state.account_id(label(account)).unwrap();
    let tranche = world.state.tranches.get(TrancheId::new(0)).unwrap();
    let position = world.state.position(TrancheId::new(0), id);
    let position = position.filter(|(_, position)| position.series == tranche.series);
    position.map_or(0, |(_, position)| position.shares.get() - position.queued.get())
}

fn request(world: &mut World, account: &str, shares: u128) -> bool {
    let (tranche, shares) = (label("jun"), Shares::new(shares));
    world
        .send(account, RequestUnstake { tranche, account: label(account), shares, amount: None })
        .is_ok()
}

fn act(world: &mut World, action: &Move) -> bool {
    let tickets = world.state.tickets.len();
    let losses = u32::try_from(world.state.losses.len()).unwrap();
    let ticket =
        |number: &u8| TicketId::new(u32::try_from(usize::from(*number) % tickets.max(1)).unwrap());
    let loss = |number: &u8| LossId::new(u32::from(*number) % losses.max(1));
    match action {
        Move::Stake(who, amount) => stake(world, TRAVELLERS[usize::from(*who)], *amount),
        Move::Request(who, part) => {
            let who = TRAVELLERS[usize::from(*who)];
            let shares = free_shares(world, who) * (u128::from(*part) + 1) / 256;
            request(world, who, shares)
        }
        Move::Cancel(number) => {
            world.send("venue", CancelUnstake { ticket: ticket(number) }).is_ok()
        }
        Move::Claim(number) => world.send("venue", ClaimUnstake { ticket: ticket(number) }).is_ok(),
        Move::Wait(hours) => {
            world.wait(Span::hours(*hours));
            true
        }
        Move::Loss(amount) => {
            lose(world, *amount);
            true
        }
        Move::Recover(number, part) => {
            let loss = loss(number);
            let open: u128 = world.state.losses.get(loss).map_or(0, |item| {
                item.rows.iter().map(|row| row.row.amount.get() - row.recovered.get()).sum()
            });
            let amount = Amount::new(open * (u128::from(*part) + 1) / 256);
            let from = Party::Clearing(label("sol"));
            world.send("venue", RecoverLoss { loss, from, amount }).is_ok()
        }
        Move::ClaimRecovery(number, who) => {
            claim(world, loss(number), TRAVELLERS[usize::from(*who)])
        }
        Move::Void(number) => world.send("op", VoidLoss { loss: loss(number) }).is_ok(),
    }
}

fn claim(world: &mut World, loss: LossId, account: &str) -> bool {
    world.send(account, ClaimRecovery { loss, account: label(account) }).is_ok()
}

/// Everything that the travellers own goes back into their free balances.
fn go_home(world: &mut World) {
    for who in TRAVELLERS {
        for ticket in 0..u32::try_from(world.state.tickets.len()).unwrap() {
            let _ = world.send("venue", CancelUnstake { ticket: TicketId::new(ticket) });
        }
        let shares = free_shares(world, who);
        if shares > 0 {
            assert!(request(world, who, shares), "{who} can't leave");
        }
        world.wait(Span::hours(20));
        if shares > 0 {
            let ticket = TicketId::new(u32::try_from(world.state.tickets.len()).unwrap() - 1);
            world.must(who, ClaimUnstake { ticket });
        }
    }
    for loss in 0..u32::try_from(world.state.losses.len()).unwrap() {
        for who in TRAVELLERS {
            claim(world, LossId::new(loss), who);
        }
    }
}

/// Stakes, tickets, losses, recoveries and voids in any order: without revenue the two of them never
/// own more than before, whoever else is in the tranche.
#[test]
fn no_round_trip_gains() {
    let (moved, left) = (Cell::new(0u64), Cell::new(0u64));
    let policy = (prop::sample::select(ExitValue::ALL), any::<bool>());
    let others = vec(1u128..5_000, 0..3);
    property((policy, others, moves()), |((exit_value, new_series), others, moves)| {
        let mut world = world(exit_value, new_series);
        for (name, amount) in ["carol", "dave", "erin"].iter().zip(others) {
            stake(&mut world, name, amount);
        }
        let wealth =
            |world: &World| TRAVELLERS.iter().map(|who| world.balance(who).get()).sum::<u128>();
        let before = wealth(&world);
        for action in &moves {
            moved.set(moved.get() + u64::from(act(&mut world, action)));
        }
        go_home(&mut world);
        let after = wealth(&world);
        left.set(left.get() + u64::from(after < before));
        if after <= before { Ok(()) } else { Err(format!("{before} became {after}")) }
    });
    assert!(moved.get() > 0 && left.get() > 0, "nothing happened");
}

/// The same stake in parts, by several accounts and tickets, never brings home more than in one piece.
#[test]
fn splitting_stakes_and_tickets_gains_nothing() {
    let case = (1u128..5_000, vec(1u128..2_000, 2..5), 0u128..4_000, vec(1u128..10_000, 1..6));
    property((case, prop::sample::select(ExitValue::ALL)), |((other, parts, loss, cuts), exit)| {
        let whole = parts.iter().sum::<u128>();
        let pay_out = |split: bool| {
            let mut world = world(exit, true);
            stake(&mut world, "carol", other);
            let before = world.balance("alice").get();
            let stakes: &[u128] = if split { &parts } else { &[whole] };
            if !stakes.iter().all(|amount| stake(&mut world, "alice", *amount)) {
                return 0;
            }
            let first = world.state.tickets.len();
            let mut shares = free_shares(&world, "alice");
            for cut in cuts.iter().filter(|_| split) {
                let part = (*cut).min(shares);
                if part > 0 && request(&mut world, "alice", part) {
                    shares -= part;
                }
            }
            if shares > 0 {
                assert!(request(&mut world, "alice", shares));
            }
            if loss > 0 {
                lose(&mut world, loss);
            }
            world.wait(Span::hours(20));
            for ticket in first..world.state.tickets.len() {
                let ticket = TicketId::new(u32::try_from(ticket).unwrap());
                world.must("alice", ClaimUnstake { ticket });
            }
            world.balance("alice").get() + whole - before
        };
        let (one, many) = (pay_out(false), pay_out(true));
        if many <= one { Ok(()) } else { Err(format!("{one} in one piece, {many} in parts")) }
    });
}

/// Price after ≥ price before, for those who stay, whoever comes or goes.
#[test]
fn the_share_price_never_falls_on_entry_or_exit() {
    let seen = Cell::new(0u64);
    property(script(), |script| {
        let mut world = World::of(&script.setup);
        let price = |world: &World, id: TrancheId| {
            let assets = world.owed(LedgerAccount::Tranche(id));
            let tranche = world.state.tranches.get(id).unwrap();
            (tranche.series, U256::from(assets.get()), U256::from(tranche.shares.get()))
        };
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            let before: Vec<_> = (0..3).map(|id| price(&world, TrancheId::new(id))).collect();
            if matches!(command.body, backstop_core::Body::Linked(_))
                || world.try_command(&command).is_err()
            {
                continue;
            }
            for event in &world.events {
                let (Event::Staked { tranche, .. } | Event::Unstaked { tranche, .. }) = event
                else {
                    continue;
                };
                let (series, assets, shares) = before[usize::try_from(tranche.get()).unwrap()];
                let (now_series, now_assets, now_shares) = price(&world, *tranche);
                if shares.is_zero() || now_shares.is_zero() || series != now_series {
                    continue;
                }
                seen.set(seen.get() + 1);
                if now_assets * shares < assets * now_shares {
                    return Err(format!(
                        "{assets}/{shares} became {now_assets}/{now_shares} by {event:?}"
                    ));
                }
            }
        }
        Ok(())
    });
    assert!(seen.get() > 0, "nobody came or went");
}

/// A newcomer after a wipe owns exactly what he brought, and the old shares nothing of it.
#[test]
fn a_wiped_tranche_starts_anew() {
    property((1u128..5_000, 1u128..5_000, 0u128..100), |(old, new, more)| {
        let mut world = world(ExitValue::AtClaim, true);
        assert!(stake(&mut world, "alice", old));
        lose(&mut world, old + more);
        assert!(stake(&mut world, "carol", new));
        if free_shares(&world, "alice") != 0 {
            return Err("the old shares live on".into());
        }
        let before = world.balance("carol").get();
        let shares = free_shares(&world, "carol");
        assert!(request(&mut world, "carol", shares));
        world.wait(Span::hours(20));
        world.must("carol", ClaimUnstake { ticket: TicketId::new(0) });
        let back = world.balance("carol").get() - before;
        if back == new { Ok(()) } else { Err(format!("brought {new}, took {back}")) }
    });
}
