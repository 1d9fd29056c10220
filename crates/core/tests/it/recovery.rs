//! What comes back goes to those who bore it: all of them, only them, once.

use crate::run::{lose, property};
use backstop_core::{
    RejectCode,
    command::{ClaimRecovery, ClaimUnstake, Party, RecoverLoss, RequestUnstake, Stake},
    ledger::LedgerAccount,
    policy::LayerSource,
};
use backstop_testkit::{
    Setup, World, label,
    world::{TRADERS, layer, market},
};
use backstop_units::{Amount, LossId, Shares, Span, TicketId, TrancheId};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

/// Between two losses: who stakes how much, and who leaves with which part.
type Between = (Vec<(u8, u128)>, Vec<(u8, u8)>);

fn between() -> impl Strategy<Value = Between> {
    (vec((0u8..5, 1u128..4_000), 0..4), vec((0u8..5, any::<u8>()), 0..3))
}

fn shares(world: &World, account: &str) -> u128 {
    let id = world.state.account_id(label(account)).unwrap();
    let tranche = world.state.tranches.get(TrancheId::new(0)).unwrap();
    let position = world.state.position(TrancheId::new(0), id);
    position.filter(|(_, p)| p.series == tranche.series).map_or(0, |(_, p)| p.shares.get())
}

fn come_and_go(world: &mut World, (stakes, exits): &Between) {
    for (who, amount) in stakes {
        let account = label(TRADERS[usize::from(*who)]);
        let (tranche, asset) = (label("jun"), label("usdt"));
        let (amount, min_shares) = (Amount::new(*amount), Shares::ZERO);
        let _ = world.send("venue", Stake { tranche, account, asset, amount, min_shares });
    }
    for (who, part) in exits {
        let name = TRADERS[usize::from(*who)];
        let shares = Shares::new(shares(world, name) * (u128::from(*part) + 1) / 256);
        let request =
            RequestUnstake { tranche: label("jun"), account: label(name), shares, amount: None };
        if world.send("venue", request).is_ok() {
            let ticket = TicketId::new(u32::try_from(world.state.tickets.len()).unwrap() - 1);
            world.wait(Span::hours(1));
            world.must("venue", ClaimUnstake { ticket });
        }
    }
}

fn world() -> World {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Staked(label("jun")))]);
    setup.tranches[0].cooldown = Span::hours(1);
    World::of(&setup)
}

/// Several losses with people coming and going between them, then recoveries in two parts: each gets
/// his part by the shares he held at the loss, leavers too, newcomers nothing; the dust is less than
/// one atom for each holder.
#[test]
fn recoveries_go_to_the_bearers() {
    let (paid_leavers, refused) = (Cell::new(0u64), Cell::new(0u64));
    let losses = vec((between(), 1u128..6_000), 1..5);
    property((losses, between(), 0u8..=255), |(losses, after, part)| {
        let mut world = world();
        let mut held: Vec<Vec<u128>> = Vec::new();
        for (between, amount) in &losses {
            come_and_go(&mut world, between);
            held.push(TRADERS.iter().map(|name| shares(&world, name)).collect());
            lose(&mut world, *amount);
        }
        come_and_go(&mut world, &after);
        for (at, held) in held.iter().enumerate() {
            let loss = LossId::new(u32::try_from(at).unwrap());
            let rows = world.state.losses.get(loss).unwrap().rows.clone();
            let staked = rows
                .iter()
                .find(|row| matches!(row.row.cohort, backstop_core::event::Cohort::Stakers { .. }));
            let staked = staked.map_or(0, |row| row.row.amount.get());
            let residual: u128 = rows.iter().map(|row| row.row.amount.get()).sum::<u128>() - staked;
            // The residual stands last and is paid back first.
            let first = staked * u128::from(part) / 255;
            let mut got = vec![0; TRADERS.len()];
            for amount in [residual + first, staked - first] {
                if amount > 0 {
                    let from = Party::Clearing(label("sol"));
                    world.must("venue", RecoverLoss { loss, from, amount: Amount::new(amount) });
                }
                for (name, got) in TRADERS.iter().zip(&mut got) {
                    let before = world.balance(name).get();
                    let account = label(name);
                    match world.send("venue", ClaimRecovery { loss, account }) {
                        Ok(_) => *got += world.balance(name).get() - before,
                        Err(reject) if reject.code == RejectCode::NothingToClaim => {
                            refused.set(refused.get() + 1);
                        }
                        Err(reject) => return Err(reject.to_string()),
                    }
                }
            }
            let all: u128 = held.iter().sum();
            for ((name, held), got) in TRADERS.iter().zip(held).zip(&got) {
                let due = (staked * held).checked_div(all).unwrap_or(0);
                if *got != due {
                    return Err(format!("{name} got {got}, bore {due} of loss {at}"));
                }
                paid_leavers
                    .set(paid_leavers.get() + u64::from(due > 0 && shares(&world, name) == 0));
            }
            let dust = world.owed(LedgerAccount::Recoveries(loss)).get();
            let holders = held.iter().filter(|held| **held > 0).count();
            if dust != staked - got.iter().sum::<u128>()
                || dust >= u128::try_from(holders.max(1)).unwrap()
            {
                return Err(format!("dust of {dust} with {holders} holders"));
            }
        }
        Ok(())
    });
    assert!(paid_leavers.get() > 0 && refused.get() > 0, "no leaver was paid, or nobody refused");
}
