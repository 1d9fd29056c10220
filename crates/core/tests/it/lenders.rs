//! Layers that pay all or nothing, and losses that lenders bear through their index.

use crate::run::{lose, property};
use backstop_core::{
    Event, RejectCode,
    command::{
        AssessLoss, BeginTransfer, DeclareLoss, Direction, Party, PlaceLoss, RecoverLoss,
        ReportDeposits, SetWaterfall, VoidLoss,
    },
    event::{Cohort, Row},
    ledger::LedgerAccount,
    loss::deposit_index::Deposits,
    policy::{Cause, LayerPolicy, LayerSource, Payout},
};
use backstop_testkit::{
    Setup, World, label,
    world::{layer, market},
};
use backstop_units::{Amount, AssetId, Hash, LossId, MarketId, ShareIndex, Shares};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

const SOL: MarketId = MarketId::new(0);
const UNIT: u128 = 1_000_000_000;

/// A report of so many shares at one atom each, after so many losses.
pub(crate) fn deposits(shares: u128, losses: u32) -> ReportDeposits {
    let unit = ShareIndex::new(UNIT);
    let market = label("sol");
    ReportDeposits { market, shares: Shares::new(shares), index: unit, unit, losses }
}

/// A market whose lenders bear all its losses, and what they hold.
pub(crate) fn lent(shares: u128) -> World {
    let mut setup = Setup::default();
    setup.markets[0] = market(vec![layer(LayerSource::Depositors)]);
    let mut world = World::of(&setup);
    world.must("venue", deposits(shares, 0));
    world
}

fn held(world: &World, account: LedgerAccount) -> u128 {
    world.state.ledger.held(account, AssetId::new(0)).get()
}

/// The index now, and how many losses it has borne.
fn index(world: &World) -> (u128, u32) {
    let lent = world.state.markets.get(SOL).unwrap().deposits.as_deref().unwrap();
    (lent.deposits.index.get(), lent.losses)
}

fn rows(world: &World, loss: u32) -> Vec<Row> {
    let loss = world.state.losses.get(LossId::new(loss)).unwrap();
    loss.rows.iter().map(|row| row.row).collect()
}

fn borne(shares: u128, from: u128, to: u128) -> Cohort {
    let [from, to] = [from, to].map(ShareIndex::new);
    Cohort::Depositors { shares: Shares::new(shares), from, to }
}

#[test]
fn lenders_bear_a_loss_and_the_next_report_begins_from_it() {
    let mut world = lent(1_000);
    lose(&mut world, 300);
    assert_eq!(index(&world), (UNIT * 7 / 10, 1));
    let row = |cohort, amount| Row { layer: 0, cohort, amount: Amount::new(amount) };
    assert_eq!(rows(&world, 0), [row(borne(1_000, UNIT, UNIT * 7 / 10), 300)]);
    assert_eq!(held(&world, LedgerAccount::Depositors(SOL)), 300);
    // What lenders bore is the venue's to collect: it is owed no money for it.
    let out = BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("sol")),
        asset: label("usdt"),
        amount: Amount::new(1),
        reference: label("out"),
    };
    let refused = world.send("venue", out).unwrap_err();
    assert_eq!(refused.code, RejectCode::NothingOwed);

    // Others lend 500 more shares; the second loss knows them, the first one doesn't.
    let index_now = ShareIndex::new(UNIT * 7 / 10);
    world.must("venue", ReportDeposits { index: index_now, ..deposits(1_500, 1) });
    lose(&mut world, 105);
    assert_eq!(rows(&world, 1), [row(borne(1_500, UNIT * 7 / 10, UNIT * 63 / 100), 105)]);
    let recover = |loss, amount| RecoverLoss {
        loss: LossId::new(loss),
        from: Party::Clearing(label("sol")),
        amount: Amount::new(amount),
    };
    world.must("venue", recover(0, 100));
    assert_eq!(held(&world, LedgerAccount::Depositors(SOL)), 305);
    assert_eq!(world.state.losses.get(LossId::new(0)).unwrap().rows[0].recovered.get(), 100);
    // Money that came back is no part of the index: only those who bore the loss are paid.
    assert_eq!(index(&world), (UNIT * 63 / 100, 2));
    let more = world.send("venue", recover(0, 201)).unwrap_err();
    assert_eq!(more.code, RejectCode::RecoveryAboveLoss);
}

#[test]
fn a_loss_of_all_deposits_ends_the_market() {
    let mut world = lent(1_000);
    let evidence = Hash::new([1; 32]);
    let declare = DeclareLoss {
        market: label("sol"),
        cause: Cause::BadDebt,
        account: None,
        estimate: Amount::new(50),
    };
    world.must("risk", declare);
    lose(&mut world, 1_200);
    assert_eq!(index(&world), (0, 1));
    let amounts: Vec<u128> = rows(&world, 1).iter().map(|row| row.amount.get()).collect();
    assert_eq!(amounts, [1_000, 200]);
    assert_eq!(rows(&world, 1)[1].cohort, Cohort::Residual);
    // What was declared before can still be placed: it is residual.
    let loss = LossId::new(0);
    world.must("risk", AssessLoss { loss, amount: Amount::new(50), evidence });
    world.must("keeper", PlaceLoss { loss });
    assert_eq!(rows(&world, 0)[0].cohort, Cohort::Residual);
    // A reversal gives the money back, and no life.
    world.must("op", VoidLoss { loss: LossId::new(1) });
    assert_eq!(held(&world, LedgerAccount::Depositors(SOL)), 0);
    assert_eq!(index(&world), (0, 1));
}

#[test]
fn without_deposits_the_next_layer_is_asked() {
    let mut setup = Setup { reserve: Amount::new(100), ..Setup::default() };
    let sources = [LayerSource::Depositors, LayerSource::Reserve(label("main"))];
    setup.markets[0] = market(sources.map(layer).to_vec());
    let mut world = World::of(&setup);
    lose(&mut world, 30);
    assert_eq!(rows(&world, 0).len(), 1);
    assert_eq!(rows(&world, 0)[0].layer, 1);
    // Nobody lends: that is no loss of everything.
    world.must("venue", deposits(0, 0));
    lose(&mut world, 30);
    world.must("venue", deposits(10, 0));
    lose(&mut world, 15);
    let amounts: Vec<u128> = rows(&world, 2).iter().map(|row| row.amount.get()).collect();
    assert_eq!((amounts, index(&world).0), (vec![10, 5], 0));
}

/// Each share bears the same, to one step of the index; what a layer draws is what it is set to and
/// what there is; shares that came after a loss bear nothing of it.
#[test]
fn every_share_bears_the_same() {
    let killed = Cell::new(0u64);
    let steps = vec((1u128..5_000, 1u128..3_000), 1..8);
    property((1u128..10_000, steps), |(first, steps)| {
        let mut world = lent(first);
        let mut shares = first;
        let mut losses = 0;
        for (loss, more) in steps {
            let lent = world.state.markets.get(SOL).unwrap().deposits.as_deref().copied().unwrap();
            let worth = lent.deposits.worth().unwrap().get();
            lose(&mut world, loss);
            let [row, rest @ ..] = &rows(&world, losses)[..] else { return Err("no row".into()) };
            let residual: u128 = rest.iter().map(|row| row.amount.get()).sum();
            let Cohort::Depositors { from, to, .. } = row.cohort else {
                return if worth == 0 { Ok(()) } else { Err(format!("{row:?} of {worth}")) };
            };
            if row.amount.get() != loss.min(worth) || residual != loss.saturating_sub(worth) {
                return Err(format!("{row:?} and {residual} of {loss}, with {worth}"));
            }
            // A holder of one share in ten bears a tenth, to one step and the floors of two values.
            let value = |index| {
                Deposits { shares: Shares::new(shares / 10), index, unit: ShareIndex::new(UNIT) }
                    .worth()
                    .map(Amount::get)
                    .unwrap()
            };
            let bore = value(from) - value(to);
            let fair = row.amount.get() * (shares / 10) / shares;
            if bore + 2 < fair || bore > fair + 2 {
                return Err(format!("{bore} of {fair}"));
            }
            losses += 1;
            shares += more;
            if to.is_zero() {
                killed.set(killed.get() + 1);
                let code = world.send("venue", deposits(shares, losses)).unwrap_err().code;
                return if code == RejectCode::MarketDead {
                    Ok(())
                } else {
                    Err(format!("{code:?}"))
                };
            }
            // Interest never lowers the index below what can express a loss here.
            let index = to.max(ShareIndex::new(UNIT / 100));
            world.must("venue", ReportDeposits { index, ..deposits(shares, losses) });
        }
        Ok(())
    });
    assert!(killed.get() > 0, "no loss took all");
}

/// The reserve pays all of a loss or none of it; the tranche behind it is then asked for all.
#[test]
fn no_layer_that_pays_whole_pays_a_part() {
    let (whole, passed) = (Cell::new(0u64), Cell::new(0u64));
    let limit = prop::option::of(1u128..2_000);
    property((0u128..2_000, limit, vec(1u128..1_500, 1..6)), |(reserve, per_24h, losses)| {
        let mut setup = Setup { reserve: Amount::new(reserve), ..Setup::default() };
        let first = LayerPolicy {
            payout: Payout::Whole,
            per_24h: per_24h.map(Amount::new),
            ..layer(LayerSource::Reserve(label("main")))
        };
        setup.markets[0] = market(vec![first, layer(LayerSource::Depositors)]);
        let mut world = World::of(&setup);
        world.must("venue", deposits(3_000, 0));
        let (mut left, mut used, mut lenders) = (reserve, 0u128, 3_000u128);
        for (number, loss) in (0u32..).zip(losses) {
            if lenders == 0 {
                break;
            }
            lose(&mut world, loss);
            let pays = loss <= left && per_24h.is_none_or(|limit| used + loss <= limit);
            let bear = if pays { 0 } else { loss.min(lenders) };
            let residual = if pays { 0 } else { loss - bear };
            let got: Vec<u128> = rows(&world, number).iter().map(|row| row.amount.get()).collect();
            let all = if pays { vec![loss] } else { vec![bear, residual] };
            let expected: Vec<u128> = all.into_iter().filter(|amount| *amount > 0).collect();
            if got != expected || u128::from(rows(&world, number)[0].layer) != u128::from(!pays) {
                return Err(format!("{got:?}, not {expected:?}"));
            }
            if pays {
                (left, used) = (left - loss, used + loss);
                whole.set(whole.get() + 1);
            } else {
                passed.set(passed.get() + 1);
            }
            let lent = world.state.markets.get(SOL).unwrap().deposits.as_deref().copied();
            lenders = lent.unwrap().deposits.worth().unwrap().get();
        }
        Ok(())
    });
    assert!(whole.get() > 0 && passed.get() > 0, "{whole:?} {passed:?}");
}

/// A waterfall that is replaced keeps what lenders have borne and their count.
#[test]
fn another_waterfall_forgets_nothing() {
    let mut world = lent(1_000);
    lose(&mut world, 100);
    let whole = LayerPolicy { payout: Payout::Whole, ..layer(LayerSource::Depositors) };
    world.must("op", SetWaterfall { market: label("sol"), layers: vec![whole] });
    lose(&mut world, 901);
    assert_eq!(rows(&world, 1)[0].cohort, Cohort::Residual);
    lose(&mut world, 900);
    assert_eq!(index(&world), (0, 2));
    let placed = world.events.iter().any(|event| matches!(event, Event::LossPlaced(_)));
    assert!(placed, "the last loss was placed before the market ended");
}
