//! Hosted markets: one story of all they do, and tables of each part.

use backstop_core::{
    Body, RejectCode as C, State,
    command::{MergeIsolated, Opening, OpeningAccount, SetHostedRules, SetMarketStatus},
    hosted::{account::standing, gate},
    ledger::LedgerAccount,
    policy::{
        BeyondBankruptcy, FeeRamp, HostedPolicy, LayerSource, LiquidationFees, MarginPoolPolicy,
        MarginTier, MarketStatus, Netting,
    },
};
use backstop_testkit::{
    World,
    hosted::{
        bankrupt, coin, deleverage, deposit, fill, flag, funding, haircuts, mark, opening, pledge,
        policy, pool, redeem, seize, takes, trade, withdraw, world, worth,
    },
    label,
};
use backstop_units::{Amount, AssetId, FundId, Ppm, Span};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// Every event of hosted markets: trades, funding, a fee, a payout, the backlog, deleveraging, netting,
/// a bankrupt, a merge, the end. `council` sends what needs one.
pub(crate) fn story(world: &mut World, council: impl Fn(&mut World, Body)) {
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        let account = OpeningAccount::Account(label(name));
        let asset = label("usdt");
        world.must("op", Opening { account, asset, amount: atoms(100_000) });
    }
    world.must("op", opening("carol", "main", 1_000));
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        world.must(name, deposit(name, "main", 1_000));
    }
    world.must("carol", withdraw("carol", "main", 500));
    world.must("venue", mark("perp", 100));
    for seller in ["alice", "dave", "bob"] {
        world.must("venue", trade("perp", ("carol", seller), 10, 100));
    }
    world.must("venue", funding("perp", 3));
    council(world, charging().into());
    world.must("venue", mark("perp", 190));
    world.must("keeper", flag("alice", "main"));
    world.must("venue", fill("perp", ("alice", "carol"), 5, 195));
    world.must("venue", mark("perp", 230));
    // Below zero: his brother pays what he lacks, then nothing is left but the book's other side.
    world.must("venue", deleverage("perp", "alice", &["carol"]));
    world.must("venue", fill("perp", ("dave", "carol"), 10, 230));
    world.must("venue", fill("perp", ("bob", "carol"), 10, 203));
    end(world, &council);
    pledged(world, council);
}

/// Coins beside quote: a position on nothing but them, and what it lost seized.
fn pledged(world: &mut World, council: impl Fn(&mut World, Body)) {
    let [asset, index, feed] = coin();
    world.must("op", asset);
    world.must("op", index);
    council(world, feed);
    council(world, takes("main", haircuts()).into());
    let (account, asset) = (OpeningAccount::Account(label("alice")), label("coin"));
    world.must("op", Opening { account, asset, amount: atoms(10) });
    world.must("venue", worth(100, world.now));
    world.must("alice", pledge("alice", "main", 10));
    world.must("venue", trade("perp", ("carol", "alice"), 5, 230));
    world.must("venue", mark("perp", 300));
    world.must("bob", seize("alice", "main", "bob"));
    world.wait(Span::from_ms(120_000));
    world.must("venue", mark("perp", 300));
    world.wait(Span::from_ms(120_000));
    world.must("alice", deposit("alice", "main", 1_000));
    world.must("alice", redeem("alice", "main", 1));
}

/// Rules under which whoever takes a position over is paid.
fn charging() -> SetHostedRules {
    let (base, step, max) = (Ppm::new(10_000), Ppm::new(1), Ppm::new(20_000));
    let (grace, every) = (Span::hours(1), Span::hours(1));
    let liquidator = Some(FeeRamp { base, grace, step, every, max });
    let tiers = vec![MarginTier {
        above: atoms(1_000_000),
        initial: Ppm::new(200_000),
        maintenance: Ppm::new(100_000),
    }];
    let fees = Some(Box::new(LiquidationFees { liquidator, ..LiquidationFees::default() }));
    let rules = Box::new(HostedPolicy { tiers, fees, ..policy() });
    SetHostedRules { market: label("perp"), rules }
}

/// The isolated market: a payout of its own fund, then its merge and its end.
fn end(world: &mut World, council: impl Fn(&mut World, Body)) {
    let (pen, main, alt) = (label("pen"), label("main"), label("alt"));
    let (account, asset) = (OpeningAccount::Reserve(pen), label("usdt"));
    world.must("op", Opening { account, asset, amount: atoms(400) });
    world.must("op", opening("bob", "pen", 300));
    world.must("carol", deposit("carol", "pen", 5_000));
    world.must("venue", mark("alt", 100));
    world.must("venue", trade("alt", ("carol", "bob"), 10, 100));
    world.must("venue", mark("alt", 140));
    world.must("venue", fill("alt", ("bob", "carol"), 4, 150));
    council(world, MergeIsolated { market: alt, fund: main }.into());
    world.must("venue", fill("alt", ("bob", "carol"), 6, 135));
    let status = |status| SetMarketStatus { market: alt, status };
    world.must("venue", status(MarketStatus::Closed));
}

fn quote(state: &State, account: &str, fund: &str) -> i128 {
    let (account, fund) = (label(account), label(fund));
    let found = state.margin(state.account_id(account).unwrap(), state.fund_id(fund).unwrap());
    found.map_or(0, |(_, margin)| margin.quote.get())
}

fn equity(world: &World, account: &str, fund: &str) -> i128 {
    let state = &world.state;
    let id = state.account_id(label(account)).unwrap();
    let (margin, _) = state.margin(id, state.fund_id(label(fund)).unwrap()).unwrap();
    standing(state, margin, world.now).unwrap().equity.get()
}

fn owed(world: &World, account: fn(FundId) -> LedgerAccount, fund: &str) -> u128 {
    let id = world.state.fund_id(label(fund)).unwrap();
    world.state.ledger.owed(account(id), AssetId::new(0)).get()
}

fn backlog(world: &World, market: &str) -> u32 {
    let id = world.state.market_id(label(market)).unwrap();
    world.state.hosted(id).unwrap().backlog
}

fn code<T: core::fmt::Debug>(refused: Result<T, backstop_core::Reject>) -> C {
    refused.unwrap_err().code
}

/// A world in which alice and bob (short) and carol (long) have positions.
fn short_of(
    hosted: HostedPolicy,
    netting: Netting,
    sources: &[LayerSource],
    reserve: u128,
) -> World {
    let mut world = world([hosted.clone(), hosted], pool(netting), sources, reserve);
    for name in ["alice", "bob", "carol"] {
        world.must(name, deposit(name, "main", 1_000));
    }
    world.must("venue", mark("perp", 100));
    world.must("venue", trade("perp", ("carol", "alice"), 10, 100));
    world.must("venue", trade("perp", ("carol", "bob"), 10, 100));
    world
}

#[test]
fn trades_and_funding_move_quotes() {
    let mut world = short_of(policy(), Netting::None, &[], 0);
    assert_eq!(quote(&world.state, "carol", "main"), -1_000);
    assert_eq!(quote(&world.state, "alice", "main"), 2_000);
    world.must("venue", funding("perp", 7));
    // Nobody is touched by it until the next look.
    assert_eq!(quote(&world.state, "alice", "main"), 2_000);
    assert_eq!(equity(&world, "alice", "main"), 1_070);
    world.must("keeper", flag("alice", "main"));
    world.must("keeper", flag("carol", "main"));
    assert_eq!(quote(&world.state, "alice", "main"), 2_070);
    assert_eq!(quote(&world.state, "carol", "main"), -1_140);
    world.must("venue", mark("perp", 150));
    assert_eq!(equity(&world, "carol", "main"), 1_860);
    // 20 % of 3,000 stays.
    assert_eq!(code(world.send("carol", withdraw("carol", "main", 1_261))), C::MarginShort);
    world.must("carol", withdraw("carol", "main", 1_260));
    assert_eq!(owed(&world, LedgerAccount::Collateral, "main"), 1_740);
}

#[test]
fn a_fill_above_bankruptcy_pays_the_fee_and_one_below_draws_on_the_fund() {
    let mut world = short_of(policy(), Netting::None, &[], 40);
    world.must("venue", mark("perp", 190));
    world.must("keeper", flag("alice", "main"));
    assert_eq!(backlog(&world, "perp"), 1);
    // Bankruptcy at 200: half of it closed at 195 brings 25, less than the fee of 48.
    world.must("venue", fill("perp", ("alice", "carol"), 5, 195));
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 65);
    assert_eq!(
        (quote(&world.state, "alice", "main"), equity(&world, "alice", "main")),
        (1_000, 50)
    );
    // At 214 it lacks 70, at 213 exactly what the fund has.
    let at = |at| fill("perp", ("alice", "carol"), 5, at);
    assert_eq!(code(world.send("venue", at(214))), C::BeyondBankruptcy);
    world.must("venue", at(213));
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 0);
    assert_eq!((quote(&world.state, "alice", "main"), backlog(&world, "perp")), (0, 0));
    assert_eq!(world.state.losses.len(), 1);
}

#[test]
fn a_position_worth_no_whole_atoms_is_closed_whole() {
    // One and a half base units at 75 are 112.5 atoms, for a long and for a short.
    for (long, mark_at) in [(true, 75), (false, 125)] {
        let hosted = HostedPolicy { decimals: 1, ..policy() };
        let mut world = world([hosted; 2], pool(Netting::None), &[], 0);
        for (name, amount) in [("alice", 40), ("carol", 1_000)] {
            world.must(name, deposit(name, "main", amount));
        }
        world.must("venue", mark("perp", 101));
        let sides = if long { ("alice", "carol") } else { ("carol", "alice") };
        world.must("venue", trade("perp", sides, 15, 101));
        world.must("venue", mark("perp", mark_at));
        world.must("venue", fill("perp", ("alice", "carol"), 15, mark_at));
        let open = world.state.margins.iter().filter(|(_, margin)| margin.open > 0).count();
        assert_eq!(open, 0, "long: {long}");
    }
}

#[test]
fn what_insured_layers_lack_positions_share_through_the_index() {
    let hosted = HostedPolicy { beyond_bankruptcy: BeyondBankruptcy::Place, ..policy() };
    let mut world = short_of(hosted, Netting::None, &[LayerSource::Socialised], 40);
    world.must("venue", mark("perp", 220));
    world.must("venue", fill("perp", ("alice", "carol"), 10, 220));
    // 200 are missing: 40 from the reserve, 160 from twenty base atoms of the positions left.
    assert_eq!(quote(&world.state, "alice", "main"), 0);
    for (name, want) in [("bob", 2_000 - 80), ("carol", -1_000 + 2_200 - 80)] {
        world.must("keeper", flag(name, "main"));
        assert_eq!(quote(&world.state, name, "main"), want, "{name}");
    }
    assert_eq!(owed(&world, LedgerAccount::Collateral, "main"), 3_040);
}

#[test]
fn deleveraging_takes_the_bankruptcy_price_and_skips() {
    let mut world = short_of(policy(), Netting::None, &[], 0);
    world.must("venue", mark("perp", 190));
    let all = |against: &[&str]| deleverage("perp", "alice", against);
    assert_eq!(code(world.send("venue", all(&["carol"]))), C::NotDeleverageable);
    world.must("venue", mark("perp", 220));
    assert_eq!(code(world.send("venue", all(&["carol", "carol"]))), C::DuplicateCounterparty);
    world.must("venue", all(&["bob", "carol"]));
    assert_eq!(quote(&world.state, "alice", "main"), 0);
    assert_eq!(quote(&world.state, "carol", "main"), -1_000 + 2_000);
    assert_eq!(quote(&world.state, "bob", "main"), 2_000);
    assert_eq!(owed(&world, LedgerAccount::Collateral, "main"), 3_000);
}

#[test]
fn an_account_above_zero_bears_what_a_fill_lacks() {
    let mut world = short_of(policy(), Netting::Pool, &[], 500);
    world.must("venue", mark("perp", 190));
    // 35 worse than bankruptcy for these five, of the 100 that she is worth.
    world.must("venue", fill("perp", ("alice", "carol"), 5, 207));
    assert_eq!(equity(&world, "alice", "main"), 100 - 85);
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 500);
}

#[test]
fn an_owner_group_pays_before_the_fund() {
    let mut world = world([policy(), policy()], pool(Netting::Asset), &[], 500);
    for (name, fund, amount) in [
        ("dave", "main", 1_000),
        ("erin", "main", 60),
        ("erin", "pen", 70),
        ("carol", "main", 9_000),
    ] {
        world.must(name, deposit(name, fund, amount));
    }
    world.must("venue", mark("perp", 100));
    world.must("venue", trade("perp", ("carol", "dave"), 10, 100));
    world.must("venue", mark("perp", 220));
    assert_eq!(code(world.send("venue", fill("perp", ("dave", "erin"), 1, 220))), C::OwnGroup);
    world.must("venue", fill("perp", ("dave", "carol"), 10, 220));
    // 200 are missing: erin's two accounts give 130, the reserve 70.
    assert_eq!((quote(&world.state, "erin", "main"), quote(&world.state, "erin", "pen")), (0, 0));
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 430);
    assert_eq!(owed(&world, LedgerAccount::Collateral, "pen"), 0);
}

#[test]
fn the_gate_of_a_pool_shuts_and_opens() {
    let stalls = MarginPoolPolicy { stall: Span::from_ms(300_000), ..pool(Netting::None) };
    let mut world = world([policy(), policy()], stalls, &[], 0);
    let minute = Span::from_ms(60_000);
    for (name, fund) in [("alice", "main"), ("carol", "main"), ("bob", "pen")] {
        world.must(name, deposit(name, fund, 1_000));
    }
    world.must("venue", mark("perp", 100));
    world.must("venue", trade("perp", ("carol", "alice"), 10, 100));
    world.must("venue", mark("perp", 201));
    world.must("keeper", flag("alice", "main"));
    let out = |name, fund| withdraw(name, fund, 1);
    assert_eq!(code(world.send("carol", out("carol", "main"))), C::WithdrawalsHeld);
    world.must("carol", deposit("carol", "main", 1));
    world.must("bob", out("bob", "pen"));
    world.wait(Span::from_ms(59_999));
    assert_eq!(code(world.send("carol", out("carol", "main"))), C::WithdrawalsHeld);
    world.wait(Span::from_ms(1));
    world.must("carol", out("carol", "main"));
    // The venue falls silent: shut while it is, and for a minute after it is back.
    world.wait(minute.plus(minute).plus(minute).plus(minute));
    assert_eq!(code(world.send("carol", out("carol", "main"))), C::WithdrawalsHeld);
    world.must("venue", mark("perp", 150));
    world.wait(Span::from_ms(59_999));
    assert_eq!(code(world.send("carol", out("carol", "main"))), C::WithdrawalsHeld);
    let fund = world.state.fund_id(label("main")).unwrap();
    let opens = gate::opens(&world.state, fund, world.now).unwrap();
    assert_eq!(opens, world.now.plus(Span::from_ms(1)));
    world.wait(Span::from_ms(1));
    world.must("carol", out("carol", "main"));
}

#[test]
fn winding_down_goes_one_way_and_settles_at_the_mark() {
    let mut world = short_of(policy(), Netting::None, &[], 0);
    let set = |status| SetMarketStatus { market: label("perp"), status };
    world.must("venue", set(MarketStatus::ReduceOnly));
    assert_eq!(code(world.send("venue", trade("perp", ("bob", "alice"), 1, 100))), C::ReduceOnly);
    assert_eq!(code(world.send("venue", trade("perp", ("bob", "carol"), 11, 100))), C::ReduceOnly);
    world.must("venue", trade("perp", ("bob", "carol"), 4, 100));
    assert_eq!(code(world.send("venue", set(MarketStatus::Active))), C::RoleMissing);
    assert_eq!(code(world.send("venue", set(MarketStatus::FinalSettlement))), C::RoleMissing);
    world.must("op", set(MarketStatus::FinalSettlement));
    assert_eq!(code(world.send("venue", trade("perp", ("bob", "carol"), 1, 100))), C::WrongStatus);
    assert_eq!(code(world.send("venue", set(MarketStatus::Closed))), C::OpenInterestLeft);
    world.must("venue", mark("perp", 110));
    world.must("venue", deleverage("perp", "carol", &["alice", "bob"]));
    let quotes = ["alice", "bob", "carol"].map(|name| quote(&world.state, name, "main"));
    assert_eq!(quotes, [900, 940, 1_160]);
    world.must("venue", set(MarketStatus::Closed));
    for name in ["alice", "bob", "carol"] {
        let all = u128::try_from(quote(&world.state, name, "main")).unwrap();
        world.must(name, withdraw(name, "main", all));
    }
    assert_eq!(owed(&world, LedgerAccount::Collateral, "main"), 0);
}

#[test]
fn a_bankrupt_without_positions_is_settled_by_the_waterfall() {
    let mut world = short_of(policy(), Netting::None, &[], 2_000);
    assert_eq!(code(world.send("keeper", bankrupt("alice", "main"))), C::NotBankrupt);
    world.must("venue", trade("perp", ("alice", "carol"), 10, 100));
    assert_eq!(code(world.send("keeper", bankrupt("alice", "main"))), C::NotBankrupt);
    world.must("op", opening("alice", "main", -1_300));
    world.must("keeper", bankrupt("alice", "main"));
    assert_eq!(quote(&world.state, "alice", "main"), 0);
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 1_700);
    assert_eq!(code(world.send("carol", withdraw("carol", "main", 1))), C::WithdrawalsHeld);
}

#[test]
fn a_merged_market_takes_fund_pool_and_accounts_along() {
    let mut world = world([policy(), policy()], pool(Netting::None), &[], 100);
    for name in ["alice", "carol"] {
        world.must(name, deposit(name, "pen", 1_000));
        world.must(name, deposit(name, "main", 50));
    }
    world.must("venue", mark("alt", 100));
    world.must("venue", trade("alt", ("carol", "alice"), 10, 100));
    let merge = |market, fund| MergeIsolated { market: label(market), fund: label(fund) };
    assert_eq!(code(world.send("op", merge("perp", "main"))), C::NotIsolated);
    assert_eq!(code(world.send("venue", merge("alt", "main"))), C::RoleMissing);
    world.must("op", merge("alt", "main"));
    assert_eq!(owed(&world, LedgerAccount::Reserve, "main"), 200);
    assert_eq!(owed(&world, LedgerAccount::Collateral, "main"), 2_100);
    assert_eq!(owed(&world, LedgerAccount::Collateral, "pen"), 0);
    world.must("venue", mark("alt", 190));
    world.must("venue", trade("alt", ("alice", "carol"), 5, 190));
    assert_eq!(
        (quote(&world.state, "alice", "pen"), quote(&world.state, "alice", "main")),
        (0, 1_100)
    );
    // What came from the isolated pool may leave the shared one.
    world.must("carol", withdraw("carol", "pen", 100));
    assert_eq!(code(world.send("op", merge("alt", "main"))), C::NotIsolated);
}

#[test]
fn collateral_goes_home_with_the_last_position() {
    let home = HostedPolicy { home: Some(label("main")), ..policy() };
    let mut world = world([policy(), home], pool(Netting::None), &[], 0);
    for name in ["alice", "carol"] {
        world.must(name, deposit(name, "pen", 1_000));
    }
    world.must("venue", mark("alt", 100));
    world.must("venue", trade("alt", ("carol", "alice"), 10, 100));
    world.must("venue", trade("alt", ("alice", "carol"), 10, 90));
    assert_eq!(
        (quote(&world.state, "alice", "pen"), quote(&world.state, "alice", "main")),
        (0, 1_100)
    );
    assert_eq!(
        (quote(&world.state, "carol", "pen"), quote(&world.state, "carol", "main")),
        (0, 900)
    );
    assert_eq!(owed(&world, LedgerAccount::Collateral, "pen"), 0);
}

#[test]
fn the_story_is_told_to_its_end() {
    let mut world = world([policy(), policy()], pool(Netting::Pool), &[], 0);
    story(&mut world, |world, body| {
        world.must("op", body);
    });
    backstop_core::invariants::check(&world.state).unwrap();
}
