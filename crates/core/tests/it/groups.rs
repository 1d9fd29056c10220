//! A group that is liquidated account, liquidator, staker and contributor at once gains by none of it.
//!
//! The group is Dave and Erin. Its wealth is what its accounts have free and what their shares are worth;
//! gifts are gone. A liquidation is compared with the same moment without it, after revenue that is due
//! has been settled in both.

use crate::run::property;
use backstop_core::{
    Event,
    command::{SettleLiquidation, SettleRevenue},
    event::Cohort,
    fund::{rescale::shares_now, shares::worth},
    ledger::LedgerAccount,
    policy::{Overflow, Underwater},
};
use backstop_testkit::{
    Script, World, label, script,
    world::{FUNDS, MARKETS, TRANCHES},
};
use backstop_units::{Amount, Base, FundId, Hash, Price, Signed, TrancheId};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

const FAMILY: [&str; 2] = ["dave", "erin"];

/// A liquidation inside the family.
#[derive(Clone, Debug)]
struct Own {
    market: u8,
    outcome: i128,
    notional: u128,
    base: Option<u128>,
    swapped: bool,
}

fn own() -> impl Strategy<Value = Own> {
    let outcome = prop_oneof![-2_000i128..0, 0i128..3_000];
    let rest = (0u128..200_000, prop::option::of(0u128..500), any::<bool>());
    (0u8..3, outcome, rest).prop_map(|(market, outcome, (notional, base, swapped))| Own {
        market,
        outcome,
        notional,
        base,
        swapped,
    })
}

impl Own {
    fn settle(&self) -> SettleLiquidation {
        let at = usize::from(self.swapped);
        SettleLiquidation {
            market: label(MARKETS[usize::from(self.market)].0),
            account: label(FAMILY[at]),
            liquidator: label(FAMILY[1 - at]),
            outcome: Signed::new(self.outcome),
            notional: Amount::new(self.notional),
            mark: Price::ZERO,
            open_interest: self.base.map(Base::new),
            evidence: Some(Hash::new([7; 32])),
        }
    }
}

fn ids<T>(count: usize, id: impl Fn(u32) -> T) -> impl Iterator<Item = T> {
    (0..u32::try_from(count).unwrap()).map(id)
}

/// What the family's shares are worth.
fn staked(world: &World) -> u128 {
    let state = &world.state;
    let mut sum = 0;
    for tranche_id in ids(TRANCHES.len(), TrancheId::new) {
        let tranche = state.tranches.get(tranche_id).unwrap();
        let assets = world.owed(LedgerAccount::Tranche(tranche_id));
        let accounts = FAMILY.map(|name| state.account_id(label(name)).unwrap());
        for (_, position) in accounts.iter().filter_map(|who| state.position(tranche_id, *who)) {
            let (shares, _) = shares_now(position, tranche);
            if !tranche.shares.is_zero() {
                sum += worth(shares, assets, tranche.shares).unwrap().get();
            }
        }
    }
    sum
}

fn wealth(world: &World) -> u128 {
    FAMILY.iter().map(|name| world.balance(name).get()).sum::<u128>() + staked(world)
}

/// What a command may bring the family that is no gain by it: revenue that was due and that anybody could
/// have settled; and where a near-total loss rescaled a tranche, for each of the family's positions there the
/// worth of one new share, which is what the others' broken shares sum to at most.
fn due_anyway(world: &World) -> u128 {
    let of = |event: &Event| match event {
        Event::RevenueSettled { parts, .. } | Event::RevenueRouted { parts, .. } => {
            parts.iter().map(|part| part.amount.get()).sum()
        }
        Event::Rescaled { tranche, .. } => {
            let shares = world.state.tranches.get(*tranche).unwrap().shares.get();
            let assets = world.owed(LedgerAccount::Tranche(*tranche)).get();
            let positions = FAMILY.map(|name| world.state.account_id(label(name)).unwrap());
            let held =
                positions.iter().filter(|who| world.state.position(*tranche, **who).is_some());
            assets.div_ceil(shares.max(1)) * u128::try_from(held.count()).unwrap()
        }
        _ => 0,
    };
    world.events.iter().map(of).sum()
}

/// Carries a script out, settles what is due, and then each liquidation of the family's own.
fn tried(
    script: &Script,
    own: &[Own],
    check: impl Fn(&World, &Own, i128) -> Result<(), String>,
) -> Result<(), String> {
    let mut world = World::of(&script.setup);
    for step in &script.steps {
        world.wait(step.wait);
        let command = step.command(&mut world);
        let _ = world.try_command(&command);
    }
    for fund in FUNDS {
        let _ = world.send("keeper", SettleRevenue { fund: label(fund) });
    }
    for own in own {
        let before = wealth(&world);
        if world.send("venue", own.settle()).is_ok() {
            let change = i128::try_from(wealth(&world)).unwrap() - i128::try_from(before).unwrap();
            check(&world, own, change)
                .map_err(|why| format!("{why}: {own:?}, events {:?}", world.events))?;
        }
    }
    Ok(())
}

/// The margin that was handed in comes home in part; how big a part is the overflow policy's to say. Where
/// it goes to the user or the liquidator, nothing is lost past the threshold: liquidating oneself is free.
#[test]
fn a_group_never_gets_back_more_than_it_handed_in() {
    let (free, charged) = (Cell::new(0u64), Cell::new(0u64));
    property((script(), vec(own(), 1..6)), |(script, own)| {
        tried(&script, &own, |world, own, change| {
            let Some(Event::LiquidationSettled { fund, to_fund, overflow, overflow_to, .. }) =
                world.events.last()
            else {
                return Err("not settled".to_owned());
            };
            if own.outcome <= 0 {
                return Ok(());
            }
            let number = |amount: &Amount| i128::try_from(amount.get()).unwrap();
            let (to_fund, overflow) = (number(to_fund), number(overflow));
            let cost = own.outcome - change;
            let policy = world.state.funds.get(*fund).unwrap().policy.split.overflow;
            let control = world.state.controls.get(*fund).unwrap().policy.as_deref();
            let routed = control.is_some_and(|control| control.routes.is_some());
            let stakers = (to_fund, to_fund + overflow + 1);
            let (least, most) = match (policy, overflow_to) {
                // The family's part of the tranche gains its part of the overflow, but for the floors.
                (_, LedgerAccount::Tranche(_)) => stakers,
                (Overflow::User | Overflow::Liquidator, _) if !routed => (to_fund, to_fund),
                _ => (to_fund + overflow, to_fund + overflow),
            };
            if overflow > 0 && cost == to_fund {
                free.set(free.get() + u64::from((least, most) != stakers));
            }
            charged.set(charged.get() + u64::from(overflow > 0 && cost > to_fund));
            if (least..=most).contains(&cost) && cost >= 0 {
                Ok(())
            } else {
                Err(format!("cost {cost}, not {least} to {most} under {policy:?}"))
            }
        })
    });
    assert!(free.get() > 0 && charged.get() > 0, "{} free, {} charged", free.get(), charged.get());
}

/// Under water nothing is paid to the bankrupt's own group, whatever the liquidator's pay is.
#[test]
fn a_group_never_earns_by_its_own_bankruptcy() {
    let paid_policies = Cell::new(0u64);
    property((script(), vec(own(), 1..6)), |(script, own)| {
        tried(&script, &own, |world, own, change| {
            if own.outcome >= 0 {
                return Ok(());
            }
            let policy = &script.setup.markets[usize::from(own.market)].underwater;
            let pays = *policy != Underwater::Nothing && own.notional >= 10_000;
            paid_policies.set(paid_policies.get() + u64::from(pays));
            let Some(Event::LiquidationSettled { to_liquidator, bounty, .. }) = world.events.last()
            else {
                return Err("not settled".to_owned());
            };
            let most = i128::try_from(due_anyway(world)).unwrap();
            if change <= most && to_liquidator.is_zero() && bounty.is_zero() {
                Ok(())
            } else {
                Err(format!(
                    "gained {change}, of it {to_liquidator} and {bounty}, under {policy:?}"
                ))
            }
        })
    });
    assert!(paid_policies.get() > 0, "no policy would have paid");
}

/// What happens on an isolated market stays with its fund and positions.
#[test]
fn an_isolated_loss_never_touches_the_shared_fund() {
    let touched = Cell::new(0u64);
    property((script(), vec(own(), 1..6)), |(script, own)| {
        let mut world = World::of(&script.setup);
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            let _ = world.try_command(&command);
        }
        for fund in FUNDS {
            let _ = world.send("keeper", SettleRevenue { fund: label(fund) });
        }
        let shared = |world: &World| {
            let fund = FundId::new(0);
            let reserve = [LedgerAccount::Reserve(fund), LedgerAccount::Contributions(fund)];
            (
                reserve.map(|a| world.owed(a)),
                [0, 1].map(|t| world.owed(LedgerAccount::Tranche(TrancheId::new(t)))),
            )
        };
        for own in own {
            let own = Own { market: 2, outcome: -own.outcome.abs() - 1, ..own };
            let before = shared(&world);
            if world.send("venue", own.settle()).is_err() {
                continue;
            }
            if shared(&world) != before {
                return Err(format!("{before:?} became {:?} by {own:?}", shared(&world)));
            }
            let rows = world.events.iter().filter_map(|event| match event {
                Event::LossPlaced(placement) => Some(placement.rows.clone()),
                _ => None,
            });
            let paid = rows.flatten().any(|row| row.cohort != Cohort::Residual);
            touched.set(touched.get() + u64::from(paid));
        }
        Ok(())
    });
    assert!(touched.get() > 0, "the isolated fund never paid");
}
