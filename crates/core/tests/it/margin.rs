//! Margin of hosted markets: tiers, open interest, the leverage that a band leaves, and what a
//! liquidation is charged.

use crate::run::property;
use backstop_core::{
    RejectCode as C,
    command::{Opening, OpeningAccount, RunControl, SetControl, SetHostedRules, SetTarget},
    hosted::account::standing,
    ledger::LedgerAccount,
    policy::{
        ControlPolicy, FeeRamp, HostedPolicy, LiquidationFees, MarginScale, MarginTier, Netting,
        SizeFee,
    },
};
use backstop_testkit::{
    World,
    hosted::{deposit, fill, flag, mark, policy, pool, positions, trade, withdraw, world},
    label,
};
use backstop_units::{Amount, AssetId, Base, Ppm, Span};
use proptest::prelude::*;

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

fn tier(above: u128, initial: u32, maintenance: u32) -> MarginTier {
    MarginTier {
        above: atoms(above),
        initial: Ppm::new(initial),
        maintenance: Ppm::new(maintenance),
    }
}

/// 20 % and 10 % up to 1,000, then 40 % and 20 %, from 3,000 on all of it and half.
fn tiered() -> HostedPolicy {
    let tiers = vec![tier(1_000, 400_000, 200_000), tier(3_000, 1_000_000, 500_000)];
    HostedPolicy { tiers, ..policy() }
}

/// A world with one set of rules, in which each of these has so much in the shared pool; the mark is 100.
fn with(policy: HostedPolicy, reserve: u128, money: &[(&str, u128)]) -> World {
    let mut world = world([policy.clone(), policy], pool(Netting::None), &[], reserve);
    for (name, amount) in money {
        world.must(name, deposit(name, "main", *amount));
    }
    world.must("venue", mark("perp", 100));
    world
}

/// Maintenance and initial margin of an account.
fn needs(world: &World, account: &str) -> (u128, u128) {
    let state = &world.state;
    let (id, fund) = (state.account_id(label(account)), state.fund_id(label("main")));
    let (margin, _) = state.margin(id.unwrap(), fund.unwrap()).unwrap();
    let standing = standing(state, margin, world.now).unwrap();
    (standing.maintenance.get(), standing.initial.get())
}

fn quote(world: &World, account: &str) -> i128 {
    let state = &world.state;
    let (id, fund) = (state.account_id(label(account)), state.fund_id(label("main")));
    state.margin(id.unwrap(), fund.unwrap()).map_or(0, |(_, margin)| margin.quote.get())
}

fn reserve(world: &World) -> u128 {
    let fund = world.state.fund_id(label("main")).unwrap();
    world.state.ledger.owed(LedgerAccount::Reserve(fund), AssetId::new(0)).get()
}

fn code<T: core::fmt::Debug>(refused: Result<T, backstop_core::Reject>) -> C {
    refused.unwrap_err().code
}

fn rules(policy: HostedPolicy) -> SetHostedRules {
    SetHostedRules { market: label("perp"), rules: Box::new(policy) }
}

#[test]
fn a_larger_position_needs_more_of_each_atom() {
    for (size, want) in
        [(1, (10, 20)), (10, (100, 200)), (11, (120, 240)), (30, (500, 1_000)), (31, (550, 1_100))]
    {
        let mut world = with(tiered(), 0, &[("alice", 10_000), ("bob", 10_000)]);
        world.must("venue", trade("perp", ("alice", "bob"), size, 100));
        assert_eq!(needs(&world, "alice"), want, "{size} long");
        assert_eq!(needs(&world, "bob"), want, "{size} short");
    }
    let mut world = with(tiered(), 0, &[("alice", 999), ("bob", 10_000)]);
    assert_eq!(
        code(world.send("venue", trade("perp", ("alice", "bob"), 30, 100))),
        C::WorseStanding
    );
    world.must("venue", trade("perp", ("alice", "bob"), 29, 100));
    // 999 of equity less the 960 that 29 need: the tier binds what leaves as well.
    assert_eq!(code(world.send("alice", withdraw("alice", "main", 40))), C::MarginShort);
    world.must("alice", withdraw("alice", "main", 39));
    // At 84 she is worth 496 and needs 387: a flat rate of 20 % would have liquidated her at 83.
    world.must("venue", mark("perp", 84));
    assert_eq!(
        code(world.send("venue", fill("perp", ("alice", "bob"), 9, 84))),
        C::NotLiquidatable
    );
    world.must("venue", mark("perp", 78));
    world.must("venue", fill("perp", ("alice", "bob"), 9, 78));
    // Closing 9 of 29 freed 180 of 352, so 180 ÷ 352 of her 322 of equity may be used up.
    assert_eq!(needs(&world, "alice").0, 212);
}

#[test]
fn margin_rises_with_open_interest() {
    let scale = Some(MarginScale { lower: atoms(1_000), upper: atoms(5_000) });
    let mut world =
        with(HostedPolicy { scale, ..policy() }, 0, &[("alice", 9_999), ("bob", 9_999)]);
    // Long and short together 1,000: as without a scale.
    world.must("venue", trade("perp", ("alice", "bob"), 5, 100));
    assert_eq!(needs(&world, "alice"), (50, 100));
    // 3,000 is half the way: 20 % and half of the other 80 %. Maintenance stays.
    world.must("venue", trade("perp", ("alice", "bob"), 10, 100));
    assert_eq!(needs(&world, "alice"), (150, 900));
    world.must("venue", trade("perp", ("alice", "bob"), 15, 100));
    assert_eq!(needs(&world, "bob"), (300, 3_000));
}

/// A fund that has 60 % of its target, in a band that allows a leverage of five and half the open interest.
fn banded(policy: HostedPolicy, money: &[(&str, u128)]) -> World {
    let mut world = with(policy, 6_000, money);
    let fund = label("main");
    world.must("op", SetTarget { fund, target: atoms(10_000) });
    world
}

fn controlled(world: &mut World, leverage: u32) {
    let mut control = ControlPolicy::default();
    for band in control.bands.iter_mut().take(2) {
        band.leverage = Ppm::new(leverage);
    }
    let fund = world.state.fund_id(label("main")).unwrap();
    // The first rules are the council's, tighter ones the risk desk's.
    let first = world.state.controls.get(fund).is_some_and(|control| control.policy.is_none());
    let set = SetControl { fund: label("main"), policy: Box::new(control) };
    world.must(if first { "op" } else { "risk" }, set);
}

#[test]
fn a_band_binds_what_opens_and_lets_all_close() {
    let loose =
        HostedPolicy { initial: Ppm::new(50_000), maintenance: Ppm::new(25_000), ..policy() };
    let mut world = banded(loose, &[("alice", 250), ("bob", 9_000), ("carol", 100)]);
    world.must("venue", trade("perp", ("carol", "bob"), 10, 100));
    controlled(&mut world, 4_000_000);
    let longer = |size| trade("perp", ("alice", "bob"), size, 100);
    assert_eq!(code(world.send("venue", longer(11))), C::LeverageLimit);
    world.must("venue", longer(10));
    assert_eq!(code(world.send("venue", longer(1))), C::LeverageLimit);
    // Her own rules would let 200 go; what the band had her bring has to stay.
    assert_eq!(code(world.send("alice", withdraw("alice", "main", 1))), C::LeverageLimit);
    assert_eq!(code(world.send("alice", withdraw("alice", "main", 201))), C::MarginShort);
    // Carol has a leverage of ten from before: she may close, she is not liquidated, she may not turn.
    let sells = |size| trade("perp", ("bob", "carol"), size, 100);
    assert_eq!(
        code(world.send("venue", fill("perp", ("carol", "bob"), 1, 100))),
        C::NotLiquidatable
    );
    assert_eq!(code(world.send("venue", sells(15))), C::LeverageLimit);
    world.must("venue", sells(6));
    world.must("venue", sells(4));
    // A leverage of nothing: nobody opens, everybody closes.
    controlled(&mut world, 0);
    assert_eq!(code(world.send("venue", longer(1))), C::LeverageLimit);
    world.must("venue", trade("perp", ("bob", "alice"), 10, 100));
}

#[test]
fn a_band_leaves_liquidations_alone() {
    let mut world = banded(policy(), &[("alice", 300), ("bob", 9_000), ("carol", 400)]);
    world.must("venue", trade("perp", ("bob", "alice"), 10, 100));
    controlled(&mut world, 1_000_000);
    world.must("venue", mark("perp", 119));
    // Alice needs 119 and has 110. Carol takes ten with a third of their worth: in a trade she could not.
    assert_eq!(
        code(world.send("venue", trade("perp", ("bob", "carol"), 10, 119))),
        C::LeverageLimit
    );
    world.must("venue", fill("perp", ("alice", "bob"), 5, 119));
    let mut taken = banded(policy(), &[("alice", 300), ("bob", 9_000), ("carol", 400)]);
    taken.must("venue", trade("perp", ("bob", "alice"), 10, 100));
    controlled(&mut taken, 1_000_000);
    taken.must("venue", mark("perp", 119));
    taken.must("venue", fill("perp", ("alice", "carol"), 10, 119));
}

#[test]
fn a_band_grants_a_part_of_open_interest() {
    let capped = HostedPolicy { open_interest_max: Some(Base::new(40)), ..policy() };
    let mut world = banded(capped, &[("alice", 9_000), ("bob", 9_000), ("carol", 9_000)]);
    world.must("venue", trade("perp", ("alice", "bob"), 15, 100));
    controlled(&mut world, 5_000_000);
    // Half of 40 is less than the 30 that are open: they may go on to the next holder.
    assert_eq!(
        code(world.send("venue", trade("perp", ("alice", "bob"), 1, 100))),
        C::OpenInterestLimit
    );
    world.must("venue", trade("perp", ("carol", "alice"), 5, 100));
    world.must("venue", trade("perp", ("bob", "alice"), 10, 100));
    assert_eq!(
        code(world.send("venue", trade("perp", ("alice", "bob"), 6, 100))),
        C::OpenInterestLimit
    );
    world.must("venue", trade("perp", ("alice", "bob"), 5, 100));
    // Coverage is back, and a day later the band.
    let account = OpeningAccount::Reserve(label("main"));
    world.must("op", Opening { account, asset: label("usdt"), amount: atoms(9_000) });
    for _ in 0..2 {
        world.wait(Span::days(1));
        world.must("keeper", RunControl { fund: label("main") });
    }
    world.must("venue", trade("perp", ("alice", "bob"), 10, 100));
}

fn ramp(base: u32, grace: u64, step: u32, max: u32) -> FeeRamp {
    let (base, step, max) = (Ppm::new(base), Ppm::new(step), Ppm::new(max));
    let (grace, every) = (Span::from_ms(grace), Span::from_ms(1_000));
    FeeRamp { base, grace, step, every, max }
}

fn charging(fees: LiquidationFees) -> HostedPolicy {
    HostedPolicy { fees: Some(Box::new(fees)), ..policy() }
}

/// Alice is short of bob by ten with 1,000 paid in; at 185 she is worth 150 and needs 185.
fn short(policy: HostedPolicy) -> World {
    let mut world = with(policy, 0, &[("alice", 1_000), ("bob", 9_000), ("carol", 9_000)]);
    world.must("venue", trade("perp", ("bob", "alice"), 10, 100));
    world.must("venue", mark("perp", 185));
    world
}

/// What the fund, the liquidator and the account get of a fill of `size` at 185 after waiting so long.
fn shares(policy: HostedPolicy, wait: u64, size: u128) -> (u128, i128, i128) {
    let mut world = short(policy);
    world.must("keeper", flag("alice", "main"));
    world.wait(Span::from_ms(wait));
    let before = (quote(&world, "alice"), quote(&world, "carol"));
    world.must("venue", fill("perp", ("alice", "carol"), size, 185));
    let paid = i128::try_from(185 * size).unwrap();
    (
        reserve(&world),
        quote(&world, "carol") - before.1 - paid,
        quote(&world, "alice") - before.0 + paid,
    )
}

#[test]
fn a_fill_is_charged_out_of_what_it_brought_above_bankruptcy() {
    // Ten at 185 bring 150 above bankruptcy. The fund's plain fee is 5 % of 1,850.
    assert_eq!(shares(policy(), 0, 10), (92, 0, -92));
    let none = LiquidationFees::default();
    assert_eq!(shares(charging(none.clone()), 0, 10), (92, 0, -92));
    let liquidator = Some(ramp(10_000, 5_000, 1_000, 40_000));
    let paid = charging(LiquidationFees { liquidator, ..none.clone() });
    for (wait, liquidator, fund) in
        [(0, 18, 92), (4_999, 18, 92), (5_000, 27, 92), (20_000, 55, 92), (60_000, 74, 76)]
    {
        let want = (u128::try_from(fund).unwrap(), liquidator, -(fund + liquidator));
        assert_eq!(shares(paid.clone(), wait, 10), want, "{wait} ms");
    }
    // Both together are never more than what there is.
    let dear =
        charging(LiquidationFees { liquidator: Some(ramp(90_000, 0, 0, 90_000)), ..none.clone() });
    assert_eq!(shares(dear, 0, 10), (0, 150, -150));
    let capped = charging(LiquidationFees { cap: Some(atoms(30)), ..none.clone() });
    assert_eq!(shares(capped, 0, 10), (30, 0, -30));
    // The margin ratio is 10 %, of which 3 ÷ 185 are missing: half of the rest is 4.19 %.
    let share = Some(Ppm::new(500_000));
    let bounded = charging(LiquidationFees { headroom_share: share, ..none.clone() });
    assert_eq!(shares(bounded.clone(), 0, 10), (77, 0, -77));
    // The liquidator's part comes off the headroom first.
    let liquidator = Some(ramp(10_000, 0, 0, 10_000));
    let both = charging(LiquidationFees { headroom_share: share, liquidator, ..none.clone() });
    assert_eq!(shares(both, 0, 10), (68, 18, -86));
}

#[test]
fn a_large_position_pays_for_its_size_once() {
    // She is half of all open interest: 10 % of it are free, 1 % of what lies above.
    let size = vec![SizeFee { above: Ppm::new(100_000), rate: Ppm::new(10_000) }];
    let large = charging(LiquidationFees { size, ..LiquidationFees::default() });
    assert_eq!(shares(large.clone(), 0, 10), (92 + 15, 0, -(92 + 15)));
    // Half of it pays 10 of these, since the other half is still there; then the rest of them.
    let mut world = short(large.clone());
    world.must("venue", fill("perp", ("alice", "carol"), 5, 185));
    assert_eq!(reserve(&world), 46 + 9);
    // A brother on the same side is the same holder, whoever of them is liquidated.
    let mut world =
        with(large, 0, &[("dave", 500), ("erin", 9_000), ("bob", 9_000), ("carol", 9_000)]);
    world.must("venue", trade("perp", ("bob", "dave"), 5, 100));
    world.must("venue", trade("perp", ("bob", "erin"), 5, 100));
    world.must("venue", mark("perp", 185));
    world.must("venue", fill("perp", ("dave", "carol"), 5, 185));
    assert_eq!(reserve(&world), 46 + 9);
}

#[test]
fn rules_change_by_the_council_and_caps_by_the_risk_desk() {
    let mut world = with(policy(), 0, &[("alice", 1_000), ("bob", 1_000)]);
    world.must("venue", trade("perp", ("alice", "bob"), 10, 100));
    assert_eq!(code(world.send("risk", rules(tiered()))), C::RoleMissing);
    world.must("op", rules(HostedPolicy { tiers: vec![tier(500, 300_000, 150_000)], ..policy() }));
    assert_eq!(needs(&world, "alice"), (125, 250));
    let capped = |max| HostedPolicy { open_interest_max: Some(Base::new(max)), ..policy() };
    // It takes tiers away, so it is no protection alone.
    assert_eq!(code(world.send("risk", rules(capped(20)))), C::RoleMissing);
    world.must("op", rules(policy()));
    assert_eq!(code(world.send("risk", rules(capped(19)))), C::CapBelowOpen);
    world.must("risk", rules(capped(20)));
    assert_eq!(code(world.send("risk", rules(capped(21)))), C::RoleMissing);
    assert_eq!(
        code(world.send("venue", trade("perp", ("alice", "bob"), 1, 100))),
        C::OpenInterestLimit
    );
}

/// The margin of a notional, part by part, in millionths of an atom.
fn naive(policy: &HostedPolicy, notional: u128, rate: fn(&MarginTier) -> Ppm, base: Ppm) -> u128 {
    let mut sum = notional * u128::from(base.get());
    let mut before = base.get();
    for tier in &policy.tiers {
        let above = notional.saturating_sub(tier.above.get());
        sum += above * u128::from(rate(tier).get() - before);
        before = rate(tier).get();
    }
    sum
}

fn any_rules() -> impl Strategy<Value = HostedPolicy> {
    let step = (1u128..5_000, 0u32..200_000, 0u32..100_000);
    prop::collection::vec(step, 0..5).prop_map(|steps| {
        let (mut above, mut initial, mut maintenance) = (0, 100_000, 50_000);
        let mut tiers = Vec::new();
        for (more, more_initial, more_maintenance) in steps {
            above += more;
            initial = (initial + more_initial).min(1_000_000);
            maintenance = (maintenance + more_maintenance).min(initial);
            tiers.push(tier(above, initial, maintenance));
        }
        HostedPolicy {
            initial: Ppm::new(100_000),
            maintenance: Ppm::new(50_000),
            tiers,
            ..policy()
        }
    })
}

#[test]
fn tiers_agree_with_a_sum_over_parts() {
    let cases = (any_rules(), 1u128..400, 1u128..400, 0u128..90_000);
    property(cases, |(rules, size, price, money)| {
        let notional = size * price;
        let tiers = u128::try_from(rules.tiers.len()).unwrap();
        let margin = |rate, base| naive(&rules, notional, rate, base).div_ceil(1_000_000);
        let (maintenance, initial) = (
            margin(|tier| tier.maintenance, rules.maintenance),
            margin(|tier| tier.initial, rules.initial),
        );
        // What a book lets open is what a sum over the parts says, but for an atom for each tier.
        let mut book = with(rules.clone(), 0, &[("alice", 1 + money), ("bob", 900_000)]);
        book.must("venue", mark("perp", price));
        let opened = book.send("venue", trade("perp", ("alice", "bob"), size, price)).is_ok();
        if opened != (money + 1 >= initial) && (money + 1).abs_diff(initial) > tiers {
            return Err(format!("{opened}, with {money} for {initial}"));
        }
        let mut forced = with(rules.clone(), 0, &[("alice", 1), ("bob", 1)]);
        forced.must("venue", mark("perp", price));
        forced.must("op", positions("perp", ("alice", "bob"), size));
        let got = needs(&forced, "alice");
        if got != needs(&forced, "bob") {
            return Err(format!("{got:?} long and another short"));
        }
        for (got, want) in [(got.0, maintenance), (got.1, initial)] {
            if got < want || got > want + tiers {
                return Err(format!("{got} against {want}"));
            }
        }
        Ok(())
    });
}
