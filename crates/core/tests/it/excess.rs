//! What the operator may take: only protocol money above the threshold.

use crate::run::property;
use backstop_core::{
    Event, RejectCode,
    command::{Contribute, SetThreshold, Stake, WithdrawExcess},
    fund::{coverage, excess},
    ledger::LedgerAccount,
};
use backstop_testkit::{Setup, World, label, script};
use backstop_units::{Amount, FundId, Shares, TrancheId};
use proptest::prelude::*;
use std::cell::Cell;

#[test]
fn excess_never_touches_contributions_or_stakers() {
    let seen = Cell::new(0u64);
    property(script(), |script| {
        let mut world = World::of(&script.setup);
        for step in &script.steps {
            world.wait(step.wait);
            let command = step.command(&mut world);
            let others = |world: &World| {
                let given =
                    [0, 1].map(|id| world.owed(LedgerAccount::Contributions(FundId::new(id))));
                let staked =
                    [0, 1, 2].map(|id| world.owed(LedgerAccount::Tranche(TrancheId::new(id))));
                (given, staked)
            };
            let before = others(&world);
            if world.try_command(&command).is_err() || world.events.len() > 2 {
                continue;
            }
            let Some(Event::ExcessWithdrawn { fund, .. }) = world.events.last() else { continue };
            seen.set(seen.get() + 1);
            let id = *fund;
            let fund = world.state.funds.get(id).ok_or("fund")?;
            let parts = coverage(&world.state, id, fund).map_err(|halt| halt.to_string())?;
            if others(&world) != before || parts.counted < fund.threshold {
                return Err(format!("{parts:?} after {:?}", world.events));
            }
        }
        Ok(())
    });
    assert!(seen.get() > 0, "nothing was withdrawn");
}

/// `min(reserve, counted − threshold)`, and nothing at or under the threshold.
#[test]
fn excess_is_zero_at_exactly_the_threshold() {
    let case = (1u128..5_000, 0u128..5_000, 0u128..5_000, any::<bool>());
    property((case, -1i8..=1), |((reserve, gift, stake, counts), step)| {
        let mut setup = Setup { reserve: Amount::new(reserve), ..Setup::default() };
        setup.fund.counts_stake = counts;
        let mut world = World::of(&setup);
        let (fund, asset, account) = (label("main"), label("usdt"), label("alice"));
        if gift > 0 {
            world.must("alice", Contribute { fund, account, asset, amount: Amount::new(gift) });
        }
        if stake > 0 {
            let (tranche, amount, min_shares) = (label("jun"), Amount::new(stake), Shares::ZERO);
            world.must("alice", Stake { tranche, account, asset, amount, min_shares });
        }
        let counted = reserve + gift + if counts { stake } else { 0 };
        let threshold = Amount::new(counted.saturating_add_signed(i128::from(step)));
        world.must("op", SetThreshold { fund, threshold });
        let id = FundId::new(0);
        let found = excess(&world.state, id, world.state.funds.get(id).unwrap(), world.now);
        let code = |world: &mut World, amount: u128| {
            let sent = world.send("op", WithdrawExcess { fund, amount: Amount::new(amount) });
            sent.map(|_| ()).map_err(|reject| reject.code)
        };
        let expected = match step {
            -1 => Ok(()),
            0 => Err(RejectCode::NoExcess),
            _ => Err(RejectCode::BelowThreshold),
        };
        if found.is_ok() != expected.is_ok() || found.is_ok_and(|limit| limit != Amount::new(1)) {
            return Err(format!("excess is {found:?} at {step} from the threshold"));
        }
        if step == -1 {
            assert_eq!(code(&mut world, 2), Err(RejectCode::AboveExcess));
        }
        let got = code(&mut world, 1);
        if got == expected { Ok(()) } else { Err(format!("{got:?}, should be {expected:?}")) }
    });
}
