//! How a fund stands, and how an account stands in what could come: the same on every face.

use backstop_api::{closing_view, fund_view, loss_shares_view, positions_view};
use backstop_core::{
    Record,
    command::{DeclareLoss, RaiseAlert, Stake},
    policy::{AlertCause, BeyondBankruptcy, Cause, HostedPolicy, LayerSource, Netting},
};
use backstop_testkit::{
    Setup, World,
    hosted::{self, deposit, fill, mark, trade},
    label,
};
use backstop_units::{Amount, FundId, LossId, Ppm, Shares, Span};
use serde_json::json;

fn word(world: &World) -> String {
    let view = fund_view(&world.state, FundId::new(0), world.state.meta.now).unwrap();
    view["standing"].as_str().unwrap().to_owned()
}

fn of(reserve: u128, target: u128) -> World {
    let (reserve, target) = (Amount::new(reserve), Amount::new(target));
    World::of(&Setup { reserve, target, ..Setup::default() })
}

#[test]
fn the_first_that_holds_is_the_word() {
    // Nothing is short of a target that is not there.
    for (reserve, target, expected) in [
        (0, 0, "depleted"),
        (0, 500, "depleted"),
        (499, 500, "under_target"),
        (500, 500, "healthy"),
        (500, 0, "healthy"),
    ] {
        assert_eq!(word(&of(reserve, target)), expected, "{reserve} of {target}");
    }
    let mut world = of(499, 500);
    let (tranche, account, asset) = (label("jun"), label("alice"), label("usdt"));
    let amount = Amount::new(100);
    world.must("alice", Stake { tranche, account, asset, amount, min_shares: Shares::ZERO });
    let until = world.state.meta.now.plus(Span::hours(2));
    let cause = AlertCause::Backlog;
    world.must("guardian", RaiseAlert { fund: label("main"), cause, until });
    assert_eq!(word(&world), "alert");
    let (market, cause, estimate) = (label("sol"), Cause::BadDebt, Amount::new(1));
    world.must("risk", DeclareLoss { market, cause, account: None, estimate });
    assert_eq!(word(&world), "gated");
}

/// Alice and carol hold ten lots each against twenty of bob's, all at 100; carol has half of alice's money.
fn traders(source: LayerSource) -> World {
    let policy = HostedPolicy { beyond_bankruptcy: BeyondBankruptcy::Place, ..hosted::policy() };
    let pool = hosted::pool(Netting::None);
    let mut world = hosted::world([policy.clone(), policy], pool, &[source], 0);
    world.must("venue", mark("perp", 100));
    for (name, amount) in [("alice", 1_000), ("bob", 2_500), ("carol", 500), ("dave", 2_000)] {
        world.must(name, deposit(name, "main", amount));
    }
    for buyer in ["alice", "carol"] {
        world.must("venue", trade("perp", (buyer, "bob"), 10, 100));
    }
    world
}

#[test]
fn lights_tell_who_stands_first_by_leverage() {
    let world = traders(LayerSource::Socialised);
    let lights = |account: &str| {
        let rows = positions_view(&world.state, label(account), world.now).unwrap();
        rows.first().map(|row| row["adl_lights"].clone())
    };
    // Of twenty lots on the long side carol's ten come first: up to the third fifth, then alice's to the last.
    assert_eq!(lights("carol"), Some(json!(3)));
    assert_eq!(lights("alice"), Some(json!(1)));
    assert_eq!(lights("dave"), None);
}

#[test]
fn parts_of_a_loss_that_is_thought_of_add_up_to_what_their_layer_pays() {
    let haircut = LayerSource::Haircut(Ppm::WHOLE);
    for (source, layer, parts) in [
        // By claims on the pool: 1,000, 2,500, 500 and 2,000 of 6,000.
        (haircut, "withdrawal_haircut", [100, 250, 50, 200]),
        // By size: dave has no position.
        (LayerSource::Socialised, "socialised", [150, 300, 150, 0]),
    ] {
        let world = traders(source);
        for (account, part) in ["alice", "bob", "carol", "dave"].into_iter().zip(parts) {
            let of = (label(account), label("perp"));
            let rows = loss_shares_view(&world.state, of, Amount::new(600), world.now).unwrap();
            let expected = json!({
                "layer": layer, "pays": "600", "mine": part.to_string(), "lights": null,
                "asset": "usdt", "decimals": 6,
            });
            assert_eq!(rows, if part == 0 { vec![] } else { vec![expected] }, "{account} {layer}");
        }
    }
}

#[test]
fn why_an_account_was_closed_is_in_the_record_of_its_loss() {
    let mut world = traders(LayerSource::Haircut(Ppm::WHOLE));
    world.must("venue", mark("perp", 40));
    // Carol has 500 − 600; the fill at the mark lacks 100 of the 500 at which nothing would be left.
    world.must("venue", fill("perp", ("carol", "dave"), 10, 40));
    let record = Record::decode(world.log.last().unwrap()).unwrap();
    let told = closing_view(&world.state, LossId::new(0), Some(&record)).unwrap();
    for (field, value) in [
        ("account", json!("carol")),
        ("mark", json!("40000000000")),
        ("fill_price", json!("40000000000")),
        ("bankruptcy_price", json!("50000000000")),
        ("notional", json!("400")),
        ("short", json!("100")),
        ("beyond_ppm", json!("250000")),
        ("placed_in", json!(record.seq)),
    ] {
        assert_eq!(told[field], value, "{field}: {told}");
    }
    // Without its record nothing is made up.
    let bare = closing_view(&world.state, LossId::new(0), None).unwrap();
    assert_eq!((&bare["fill_price"], &bare["notional"]), (&json!(null), &json!(null)));
    assert!(closing_view(&world.state, LossId::new(9), None).is_err());
}
