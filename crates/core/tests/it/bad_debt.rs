//! What bankrupt borrowers owe: who counts as bankrupt, who pays, and that nobody earns.

use crate::{
    lenders::{deposits, lent},
    run::{lose, property},
};
use backstop_core::{
    Event, RejectCode,
    command::{AssessLoss, PlaceLoss, ReportDeposits, SetOfflineBudget, SettleBadDebt},
    event::{Cohort, Row},
    invariants,
    ledger::LedgerAccount,
    policy::{BadDebtPolicy, Cause, Causes, IndexPolicy, LayerSource},
    state::{Loss, LossStatus},
};
use backstop_testkit::{
    Setup, World, label,
    world::{INDEX, layer, market},
};
use backstop_units::{Amount, AssetId, FundId, Hash, LossId, MarketId, Price, Span};
use std::cell::Cell;

/// A debt of so many atoms by an account that has nothing.
pub(crate) fn debt(amount: u128) -> SettleBadDebt {
    SettleBadDebt {
        market: label("sol"),
        account: label("dave"),
        assets: Amount::ZERO,
        debts: Amount::new(1_000_000),
        amount: Amount::new(amount),
        mark: Price::ZERO,
        evidence: Hash::new([1; 32]),
    }
}

/// A reserve before the lenders, and debts that count only of accounts with nearly nothing.
pub(crate) fn bank(reserve: u128, shares: u128) -> World {
    let mut setup = Setup { reserve: Amount::new(reserve), ..Setup::default() };
    let layers = [LayerSource::Reserve(label("main")), LayerSource::Depositors].map(layer);
    setup.markets[0] = market(layers.to_vec());
    setup.markets[0].bad_debt =
        BadDebtPolicy { assets_below: Some(Amount::new(100_000)), debts_above: Amount::new(100) };
    let mut world = World::of(&setup);
    world.must("venue", deposits(shares, 0));
    world
}

fn last(world: &World) -> &Loss {
    let id = u32::try_from(world.state.losses.len()).unwrap() - 1;
    world.state.losses.get(LossId::new(id)).unwrap()
}

fn rows(world: &World) -> Vec<Row> {
    last(world).rows.iter().map(|row| row.row).collect()
}

#[test]
fn the_fund_pays_then_lenders_bear_and_nobody_earns() {
    for (reserve, owed, paid, borne, residual) in [
        (500u128, 300u128, 300u128, 0u128, 0u128),
        (500, 500, 500, 0, 0),
        (500, 800, 500, 300, 0),
        (0, 300, 0, 300, 0),
        (0, 1_000, 0, 1_000, 0),
        (500, 1_700, 500, 1_000, 200),
    ] {
        let world = &mut bank(reserve, 1_000);
        let before = world.balance("carol");
        let events = world.must("venue", debt(owed)).to_vec();
        assert!(matches!(events.as_slice(), [Event::LossPlaced(_)]), "{events:?}");
        let (mut got, mut all) = ([0u128; 3], 0u128);
        for row in rows(world) {
            let at = match row.cohort {
                Cohort::Reserve(_) => 0,
                Cohort::Depositors { .. } => 1,
                Cohort::Residual => 2,
                other => panic!("{other:?}"),
            };
            got[at] += row.amount.get();
            all += row.amount.get();
        }
        assert_eq!((got, all), ([paid, borne, residual], owed), "{owed} with {reserve}");
        let loss = last(world);
        assert_eq!((loss.status, loss.cause), (LossStatus::Closed, Cause::BadDebt));
        let lent = world.state.markets.get(MarketId::new(0)).unwrap().deposits.as_deref().unwrap();
        assert_eq!(lent.deposits.worth().unwrap().get(), 1_000 - borne);
        assert_eq!(lent.is_dead(), borne == 1_000);
        assert_eq!(world.balance("carol"), before);
        // The venue gets what the fund paid, and may send it on to the lenders' vault.
        let clearing = LedgerAccount::Clearing(MarketId::new(0));
        assert_eq!(world.owed(clearing).get(), owed);
        invariants::check(&world.state).unwrap();
    }
}

/// The cause decides: a fund that covers no bad debt leaves it to the lenders.
#[test]
fn a_cause_that_is_not_covered_skips_the_fund() {
    let mut setup = Setup { reserve: Amount::new(500), ..Setup::default() };
    setup.fund.covers = Causes::of(&[Cause::Bankruptcy]);
    let layers = [LayerSource::Reserve(label("main")), LayerSource::Depositors].map(layer);
    setup.markets[0] = market(layers.to_vec());
    let world = &mut World::of(&setup);
    world.must("venue", deposits(1_000, 0));
    world.must("venue", debt(300));
    assert!(matches!(rows(world)[..], [Row { layer: 1, .. }]), "{:?}", rows(world));
    lose(world, 300);
    assert!(matches!(rows(world)[..], [Row { layer: 0, .. }]), "{:?}", rows(world));
}

/// Without bounds only what an account has against what it owes counts.
#[test]
fn without_bounds_any_excess_of_debts_counts() {
    let world = &mut lent(1_000);
    let of = |assets, debts| SettleBadDebt {
        assets: Amount::new(assets),
        debts: Amount::new(debts),
        ..debt(10)
    };
    assert_eq!(world.send("venue", of(7, 7)).unwrap_err().code, RejectCode::NotBankrupt);
    world.must("venue", of(6, 7));
    assert_eq!(rows(world)[0].amount.get(), 10);
}

/// A checked mark can't be dodged by calling a deficit a bad debt.
#[test]
fn an_unsound_mark_parks_the_debt() {
    let mut setup = Setup {
        index: Some(IndexPolicy::default()),
        reserve: Amount::new(500),
        ..Setup::default()
    };
    setup.markets[0].mark = Some(label(INDEX));
    let world = &mut World::of(&setup);
    // No feed has reported.
    let events = world.must("venue", debt(300)).to_vec();
    let parked = |event: &Event| matches!(event, Event::LossParked(it) if it.cause == Cause::BadDebt && it.price.is_none());
    assert!(matches!(events.as_slice(), [event] if parked(event)), "{events:?}");
    let loss = last(world);
    assert_eq!((loss.status, loss.cause), (LossStatus::Declared, Cause::BadDebt));
    assert_eq!(world.owed(LedgerAccount::Reserve(FundId::new(0))).get(), 500);
    let (loss, amount) = (LossId::new(0), Amount::new(200));
    world.must("risk", AssessLoss { loss, amount, evidence: Hash::new([2; 32]) });
    world.must("keeper", PlaceLoss { loss });
    assert_eq!(world.owed(LedgerAccount::Reserve(FundId::new(0))).get(), 300);
}

/// A late debt draws on the same budget as a late deficit.
#[test]
fn a_late_debt_draws_on_the_offline_budget() {
    let world = &mut bank(500, 1_000);
    let late = |world: &mut World, amount| {
        let at = world.now.minus(Span::hours(9));
        let mut command = world.command("venue", debt(amount));
        command.occurred_at = Some(at);
        world.send_command(&command).map(drop).map_err(|reject| reject.code)
    };
    world.wait(Span::days(1));
    assert_eq!(late(world, 10), Err(RejectCode::OccurredAtSkew));
    let (market, span) = (label("sol"), Span::hours(10));
    world.must("op", SetOfflineBudget { market, budget: Amount::new(100), span });
    assert_eq!(late(world, 101), Err(RejectCode::OfflineBudgetSpent));
    assert_eq!(late(world, 60), Ok(()));
    assert_eq!(late(world, 60), Err(RejectCode::OfflineBudgetSpent));
}

/// Accepted exactly when the account is bankrupt, and then placed as a deficit of the same size is.
#[test]
fn placed_as_a_deficit_of_the_same_size() {
    let (taken, refused) = (Cell::new(0u64), Cell::new(0u64));
    let values = (0u128..200_000, 0u128..200_000);
    let amounts = (0u128..2_000, 1u128..3_000, 1u128..4_000);
    property((values, amounts), |((assets, debts), (reserve, shares, owed))| {
        let mut world = bank(reserve, shares);
        let mut twin = world.clone();
        let [have, owe] = [assets, debts].map(Amount::new);
        let answer = world.send("venue", SettleBadDebt { assets: have, debts: owe, ..debt(owed) });
        let bankrupt = assets < debts && assets < 100_000 && debts > 100;
        match answer.map(drop).map_err(|reject| reject.code) {
            Ok(()) if bankrupt => {}
            Err(RejectCode::NotBankrupt) if !bankrupt => {
                refused.set(refused.get() + 1);
                return Ok(());
            }
            other => return Err(format!("{other:?} for {assets} against {debts}")),
        }
        taken.set(taken.get() + 1);
        lose(&mut twin, owed);
        if rows(&world) != rows(&twin) {
            return Err(format!("{:?}, not {:?}", rows(&world), rows(&twin)));
        }
        let usdt = AssetId::new(0);
        let held = |world: &World, account| world.state.ledger.entry(account, usdt);
        for account in [
            LedgerAccount::Clearing(MarketId::new(0)),
            LedgerAccount::Reserve(FundId::new(0)),
            LedgerAccount::Depositors(MarketId::new(0)),
            LedgerAccount::Residual(MarketId::new(0)),
        ] {
            if held(&world, account) != held(&twin, account) {
                return Err(format!("{account:?} differs"));
            }
        }
        Ok(())
    });
    assert!(taken.get() > 0 && refused.get() > 0, "{taken:?} {refused:?}");
}

/// Nothing is settled on a market that lenders lost all on.
#[test]
fn a_market_that_is_over_settles_nothing() {
    let world = &mut bank(0, 1_000);
    world.must("venue", debt(1_000));
    assert_eq!(world.send("venue", debt(1)).unwrap_err().code, RejectCode::MarketDead);
    let report = ReportDeposits { losses: 1, ..deposits(1_000, 0) };
    assert_eq!(world.send("venue", report).unwrap_err().code, RejectCode::MarketDead);
}
