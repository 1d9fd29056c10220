//! Pledges: collateral beside a pool's own asset, what it weighs, and its seizure before anyone else pays.

use crate::run::property;
use backstop_core::{
    Body, Halt, RejectCode as C,
    command::{MergeIsolated, Opening, OpeningAccount, SeizeCollateral, SetTarget},
    hosted::account::load,
    invariants,
    ledger::LedgerAccount,
    policy::{BeyondBankruptcy, CollateralPolicy, HostedPolicy, MarginPoolPolicy, Netting},
};
use backstop_testkit::{
    World,
    hosted::{
        bankrupt, coin, deleverage, deposit, fill, flag, haircuts, mark, pledge, policy, pool,
        redeem, seize, takes, trade, withdraw, world, worth,
    },
    label,
};
use backstop_units::{Amount, Span};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// A pool that takes coins, each worth 100; alice, bob and carol have a hundred each, and bob and carol
/// 9,000 of quote in the pool. The mark is 100.
fn with(coins: CollateralPolicy, debt_max: u128, reserve: u128) -> World {
    let rules = MarginPoolPolicy { debt_max: atoms(debt_max), ..pool(Netting::None) };
    let place = HostedPolicy { beyond_bankruptcy: BeyondBankruptcy::Place, ..policy() };
    let mut world = world([place.clone(), place], rules, &[], reserve);
    for body in coin() {
        world.must("op", body);
    }
    world.must("op", takes("main", coins));
    world.must("venue", worth(100, world.now));
    for name in NAMES {
        let (account, asset) = (OpeningAccount::Account(label(name)), label("coin"));
        world.must("op", Opening { account, asset, amount: atoms(100) });
    }
    for name in ["bob", "carol"] {
        world.must(name, deposit(name, "main", 9_000));
    }
    world.must("venue", mark("perp", 100));
    world
}

/// Alice has pledged ten coins and is short of carol by ten; her quote is what she was paid.
fn short(debt_max: u128, reserve: u128) -> World {
    let mut world = with(haircuts(), debt_max, reserve);
    world.must("alice", pledge("alice", "main", 10));
    world.must("venue", trade("perp", ("carol", "alice"), 10, 100));
    world
}

/// Equity, what of it is no pledge, maintenance and initial margin, and what is free.
fn seen(world: &World, account: &str) -> (i128, i128, u128, u128, u128) {
    let state = &world.state;
    let (id, fund) = (state.account_id(label(account)), state.fund_id(label("main")));
    let (margin, _) = state.margin(id.unwrap(), fund.unwrap()).unwrap();
    let loaded = load(state, margin, world.now).unwrap();
    let all = loaded.standing().unwrap();
    let own = loaded.own().unwrap().get();
    let free = loaded.free().unwrap().get();
    (all.equity.get(), own, all.maintenance.get(), all.initial.get(), free)
}

fn coins(world: &World, account: &str) -> u128 {
    let state = &world.state;
    let asset = state.asset_id(label("coin")).unwrap();
    let account = state.account_id(label(account)).unwrap();
    state.ledger.owed(LedgerAccount::Balance(account), asset).get()
}

fn held(world: &World, account: impl Fn(backstop_units::FundId) -> LedgerAccount) -> u128 {
    let fund = world.state.fund_id(label("main")).unwrap();
    world.owed(account(fund)).get()
}

fn backlog(world: &World) -> u32 {
    world.state.hosted(world.state.market_id(label("perp")).unwrap()).unwrap().backlog
}

fn code<T: core::fmt::Debug>(refused: Result<T, backstop_core::Reject>) -> C {
    refused.unwrap_err().code
}

#[test]
fn pledges_weigh_in_margin_and_no_quote_leaves_on_them() {
    let mut world = short(0, 0);
    // Ten coins: 900 for maintenance; initial margin asks for the 100 more that are taken off there.
    assert_eq!(seen(&world, "alice"), (900, 0, 100, 300, 0));
    assert_eq!(code(world.send("alice", withdraw("alice", "main", 1))), C::MarginShort);
    assert_eq!(
        code(world.send("venue", trade("perp", ("carol", "alice"), 31, 100))),
        C::WorseStanding
    );
    world.must("venue", trade("perp", ("carol", "alice"), 30, 100));
    assert_eq!(code(world.send("alice", redeem("alice", "main", 1))), C::MarginShort);
    world.must("venue", trade("perp", ("alice", "carol"), 30, 100));
    // Three coins are 240 of initial margin, two are 160.
    assert_eq!(code(world.send("alice", redeem("alice", "main", 11))), C::CollateralShort);
    assert_eq!(code(world.send("alice", redeem("alice", "main", 8))), C::MarginShort);
    world.must("alice", redeem("alice", "main", 7));
    assert_eq!(coins(&world, "alice"), 97);
    // Gains are quote, and free as far as margin is met.
    world.must("venue", mark("perp", 80));
    assert_eq!(seen(&world, "alice"), (470, 200, 80, 190, 200));
}

#[test]
fn a_cap_takes_more_off_what_lies_beyond_it() {
    let capped = CollateralPolicy { cap: Some(atoms(4)), pool_max: Some(atoms(15)), ..haircuts() };
    let mut world = with(capped, 0, 0);
    world.must("alice", pledge("alice", "main", 10));
    // 360 and 320 within, 300 beyond.
    assert_eq!(seen(&world, "alice"), (660, 0, 0, 40, 0));
    assert_eq!(code(world.send("bob", pledge("bob", "main", 6))), C::CollateralCap);
    world.must("bob", pledge("bob", "main", 5));
    assert_eq!(code(world.send("bob", pledge("bob", "pen", 1))), C::NotCollateral);
    world.must("bob", redeem("bob", "main", 5));
    // Half of what a coin is worth, and rules that change for all.
    world.must("op", takes("main", CollateralPolicy { cap: None, ..haircuts() }));
    world.wait(Span::from_ms(1));
    world.must("venue", worth(50, world.now));
    assert_eq!(seen(&world, "alice"), (450, 0, 0, 50, 0));
}

#[test]
fn a_stale_price_counts_for_nothing_and_liquidates_nobody() {
    let mut world = short(1_000, 0);
    world.wait(Span::from_ms(3_600_001));
    assert_eq!(seen(&world, "alice").0, 0);
    let out = redeem("alice", "main", 1);
    assert_eq!(code(world.send("alice", out.clone())), C::MarginShort);
    assert_eq!(
        code(world.send("venue", trade("perp", ("carol", "alice"), 1, 100))),
        C::WorseStanding
    );
    assert_eq!(code(world.send("keeper", flag("alice", "main"))), C::StalePrice);
    assert_eq!(code(world.send("venue", fill("perp", ("alice", "bob"), 1, 100))), C::StalePrice);
    assert_eq!(code(world.send("venue", deleverage("perp", "alice", &["carol"]))), C::StalePrice);
    assert_eq!(code(world.send("bob", seize("alice", "main", "bob"))), C::StalePrice);
    // She may close, and is not put on the backlog for want of a price.
    world.must("venue", trade("perp", ("alice", "carol"), 1, 100));
    assert_eq!(backlog(&world), 0);
    world.must("venue", worth(100, world.now));
    world.must("alice", out);
    // Whoever owes nothing needs no price to leave.
    world.must("bob", pledge("bob", "main", 3));
    world.wait(Span::from_ms(3_600_001));
    world.must("bob", redeem("bob", "main", 3));
}

#[test]
fn what_is_seized_pays_the_debt_and_the_fund_its_part() {
    let mut world = short(100, 0);
    world.must("venue", mark("perp", 110));
    // 100 may be owed on the coins.
    assert_eq!(code(world.send("bob", seize("alice", "main", "bob"))), C::NotSeizable);
    world.must("venue", mark("perp", 130));
    assert_eq!(seen(&world, "alice"), (600, -300, 130, 360, 0));
    let own = seize("alice", "main", "alice");
    assert_eq!(code(world.send("alice", own)), C::SameAccount);
    let quote = world.balance("bob");
    // Two at 97, of which the fund gets 4; the debt is 300 − 190 = 110.
    let two = SeizeCollateral { amount: Some(atoms(2)), ..seize("alice", "main", "bob") };
    world.must("bob", two);
    assert_eq!(seen(&world, "alice"), (610, -110, 130, 340, 0));
    assert_eq!((coins(&world, "bob"), held(&world, LedgerAccount::Reserve)), (102, 4));
    // Two more take it to zero, and leave 80.
    world.must("bob", seize("alice", "main", "bob"));
    assert_eq!(seen(&world, "alice"), (620, 80, 130, 320, 80));
    assert_eq!(world.balance("bob").get(), quote.get() - 4 * 97);
    assert_eq!(code(world.send("bob", seize("alice", "main", "bob"))), C::NotSeizable);
    // A fund at its threshold sends its part to the treasury.
    let mut full = short(100, 0);
    let fund = label("main");
    full.must("op", SetTarget { fund, target: atoms(1) });
    full.must("venue", mark("perp", 130));
    full.must("bob", seize("alice", "main", "bob"));
    assert_eq!(held(&full, LedgerAccount::Reserve), 8);
}

#[test]
fn nobody_pays_while_something_is_left_to_seize() {
    let mut world = short(5_000, 1_000);
    // 1,000 owed on coins that count 900: bankrupt by 100, at most.
    world.must("venue", mark("perp", 200));
    assert_eq!(seen(&world, "alice").0, -100);
    assert_eq!(
        code(world.send("venue", deleverage("perp", "alice", &["carol"]))),
        C::CollateralLeft
    );
    let fill = fill("perp", ("alice", "bob"), 10, 200);
    assert_eq!(code(world.send("venue", fill.clone())), C::CollateralLeft);
    world.must("bob", seize("alice", "main", "bob"));
    assert_eq!(seen(&world, "alice"), (-50, -50, 200, 400, 0));
    world.must("venue", fill);
    // The fund got 20 of the premium and paid 50.
    assert_eq!(held(&world, LedgerAccount::Reserve), 970);

    // Without a position: what she owes first takes her coins, then the waterfall pays.
    let mut world = short(5_000, 1_000);
    world.must("venue", mark("perp", 150));
    world.must("venue", trade("perp", ("alice", "carol"), 10, 150));
    assert_eq!(code(world.send("keeper", bankrupt("alice", "main"))), C::CollateralLeft);
    world.wait(Span::from_ms(1));
    world.must("venue", worth(60, world.now));
    assert_eq!(code(world.send("bob", seize("alice", "main", "bob"))), C::NotSeizable);
    world.wait(Span::from_ms(1));
    world.must("venue", worth(40, world.now));
    world.must("bob", seize("alice", "main", "bob"));
    assert_eq!(seen(&world, "alice"), (-120, -120, 0, 0, 0));
    world.must("keeper", bankrupt("alice", "main"));
    assert_eq!(seen(&world, "alice").0, 0);
    // Ten at 40: 8 from the premium, 120 paid.
    assert_eq!(held(&world, LedgerAccount::Reserve), 1_000 + 8 - 120);
}

#[test]
fn a_fill_within_what_the_account_has_is_its_own_to_pay() {
    // Half of her 80 may be used up by half of the position. At 195 it takes 65, and she has them.
    let mut world = short(5_000, 1_000);
    world.must("venue", mark("perp", 182));
    assert_eq!(seen(&world, "alice"), (80, -820, 182, 464, 0));
    world.must("venue", fill("perp", ("alice", "bob"), 5, 195));
    assert_eq!(seen(&world, "alice").0, 80 - 65);
    assert_eq!(held(&world, LedgerAccount::Reserve), 1_000);
}

#[test]
fn an_isolated_pool_is_merged_without_pledges() {
    let mut world = with(haircuts(), 0, 0);
    world.must("op", takes("pen", haircuts()));
    world.must("alice", pledge("alice", "pen", 5));
    let merge = MergeIsolated { market: label("alt"), fund: label("main") };
    assert_eq!(code(world.send("op", merge.clone())), C::CollateralLeft);
    world.must("alice", redeem("alice", "pen", 5));
    world.must("op", merge);
    // What is named by the old pool is in the new one.
    world.must("alice", pledge("alice", "pen", 5));
    assert_eq!(seen(&world, "alice").0, 450);
}

#[derive(Clone, Debug)]
enum Step {
    Quote(usize, u128),
    Out(usize, u128),
    Pledge(usize, u128),
    Redeem(usize, u128),
    Trade(usize, usize, u128),
    Mark(u128),
    Worth(u128),
    Seize(usize, usize, Option<u128>),
    Fill(usize, usize, u128),
    Bankrupt(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..3, 1u128..2_000).prop_map(|(who, amount)| Step::Quote(who, amount)),
        (0usize..3, 1u128..2_000).prop_map(|(who, amount)| Step::Out(who, amount)),
        (0usize..3, 1u128..40).prop_map(|(who, amount)| Step::Pledge(who, amount)),
        (0usize..3, 1u128..40).prop_map(|(who, amount)| Step::Redeem(who, amount)),
        (0usize..3, 0usize..3, 1u128..40).prop_map(|(a, b, size)| Step::Trade(a, b, size)),
        (60u128..160).prop_map(Step::Mark),
        (60u128..110).prop_map(Step::Worth),
        (0usize..3, 0usize..3, prop::option::of(1u128..20))
            .prop_map(|(a, b, n)| Step::Seize(a, b, n)),
        (0usize..3, 0usize..3, 1u128..20).prop_map(|(a, b, size)| Step::Fill(a, b, size)),
        (0usize..3).prop_map(Step::Bankrupt),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the property remembers: nothing of it comes out of the ledger but what was accepted.
#[derive(Clone, Debug)]
struct Naive {
    coins: [u128; 3],
    at: (u128, u128),
}

impl Naive {
    /// What pledges count for, with so much taken off within the cap of ten.
    fn counted(&self, who: usize, haircut: u128) -> u128 {
        let (within, beyond) = (self.coins[who].min(10), self.coins[who].saturating_sub(10));
        within * self.at.1 * (100 - haircut) / 100 + beyond * self.at.1 / 2
    }
}

fn body(step: &Step, naive: &Naive) -> (&'static str, Body) {
    let main = "main";
    match step {
        Step::Quote(who, amount) => (NAMES[*who], deposit(NAMES[*who], main, *amount).into()),
        Step::Out(who, amount) => (NAMES[*who], withdraw(NAMES[*who], main, *amount).into()),
        Step::Pledge(who, amount) => (NAMES[*who], pledge(NAMES[*who], main, *amount).into()),
        Step::Redeem(who, amount) => (NAMES[*who], redeem(NAMES[*who], main, *amount).into()),
        Step::Trade(a, b, size) => {
            ("venue", trade("perp", (NAMES[*a], NAMES[*b]), *size, naive.at.0).into())
        }
        Step::Mark(price) => ("venue", mark("perp", *price).into()),
        Step::Worth(price) => ("venue", worth(*price, backstop_testkit::world::START).into()),
        Step::Seize(a, b, amount) => {
            let amount = amount.map(atoms);
            let seize = seize(NAMES[*a], main, NAMES[*b]);
            (NAMES[*b], SeizeCollateral { amount, ..seize }.into())
        }
        Step::Fill(a, b, size) => {
            ("venue", fill("perp", (NAMES[*a], NAMES[*b]), *size, naive.at.0 + 3).into())
        }
        Step::Bankrupt(who) => ("keeper", bankrupt(NAMES[*who], main).into()),
    }
}

/// What an accepted step did to pledges and prices, and whether it may have been accepted.
fn follow(naive: &mut Naive, step: &Step, (before, world): (&World, &World)) -> Result<(), String> {
    match step {
        Step::Pledge(who, amount) => naive.coins[*who] += amount,
        Step::Redeem(who, amount) => {
            naive.coins[*who] -= amount;
            let (equity, _, _, initial, _) = seen(world, NAMES[*who]);
            if equity < i128::try_from(initial).unwrap() {
                return Err("redeemed what margin needs".into());
            }
        }
        Step::Out(who, amount) => {
            let own = seen(before, NAMES[*who]).1;
            if own < i128::try_from(*amount).unwrap() {
                return Err(format!("quote on credit of pledges: {own}"));
            }
        }
        Step::Mark(price) => naive.at.0 = *price,
        Step::Worth(price) => naive.at.1 = *price,
        Step::Seize(who, by, asked) => {
            let taken = coins(world, NAMES[*by]) - coins(before, NAMES[*by]);
            naive.coins[*who] -= taken;
            let (was, is) = (seen(before, NAMES[*who]), seen(world, NAMES[*who]));
            let gained = is.1 - was.1;
            let atom = i128::try_from(naive.at.1).unwrap();
            if was.1 >= 0 || gained < 0 || gained > -was.1 + atom {
                return Err(format!("a debt of {} got {gained}", -was.1));
            }
            // Within the cap a seizure costs less than the haircut; an atom for each rounding.
            if is.0 + 4 < was.0 || asked.is_some_and(|asked| taken > asked) {
                return Err(format!("{was:?} became {is:?} by {taken}"));
            }
        }
        Step::Quote(..) | Step::Trade(..) | Step::Fill(..) | Step::Bankrupt(_) => {}
    }
    Ok(())
}

#[test]
fn random_pledges_agree_with_a_naive_book() {
    let capped = CollateralPolicy { cap: Some(atoms(10)), ..haircuts() };
    let funded = [0u128, 500, 100_000];
    let seized = std::cell::Cell::new(0u32);
    property(
        (steps(), 0u128..600, prop::sample::select(funded.to_vec())),
        |(steps, debt, reserve)| {
            let mut world = with(capped, debt, reserve);
            world.must("alice", deposit("alice", "main", 500));
            for name in ["bob", "carol"] {
                world.must(name, withdraw(name, "main", 8_500));
            }
            for name in NAMES {
                world.must(name, pledge(name, "main", 20));
            }
            let mut naive = Naive { coins: [20; 3], at: (100, 100) };
            for step in steps {
                let (actor, mut body) = self::body(&step, &naive);
                world.wait(Span::from_ms(61_000));
                if let Body::ReportPrice(report) = &mut body {
                    report.at = world.now;
                } else if !matches!(step, Step::Mark(_)) {
                    world.must("venue", worth(naive.at.1, world.now));
                    world.wait(Span::from_ms(1));
                }
                let before = world.clone();
                let command = world.command(actor, body);
                match world.try_command(&command) {
                    Ok(()) => {
                        seized.set(seized.get() + u32::from(matches!(step, Step::Seize(..))));
                        follow(&mut naive, &step, (&before, &world))?;
                    }
                    Err(Halt::Reject(_)) => {}
                    Err(Halt::Corrupt(corrupt)) => return Err(corrupt.to_string()),
                }
                invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
                for (who, name) in NAMES.iter().enumerate() {
                    let (equity, own, ..) = seen_or_none(&world, name);
                    let counted = i128::try_from(naive.counted(who, 10)).unwrap();
                    if equity - own != counted {
                        return Err(format!("{name} counts {} and not {counted}", equity - own));
                    }
                    if coins(&world, name) + naive.coins[who] > 300 {
                        return Err("coins out of nowhere".into());
                    }
                }
                let free: u128 = NAMES.iter().map(|name| coins(&world, name)).sum();
                if free + naive.coins.iter().sum::<u128>() != 300 {
                    return Err("coins lost or made".into());
                }
            }
            Ok(())
        },
    );
    // How many there are is luck; next to none would mean that nothing was tried.
    assert!(seized.get() > 4, "only {} seizures", seized.get());
}

fn seen_or_none(world: &World, account: &str) -> (i128, i128, u128, u128, u128) {
    let state = &world.state;
    let (id, fund) = (state.account_id(label(account)), state.fund_id(label("main")));
    match state.margin(id.unwrap(), fund.unwrap()) {
        Some(_) => seen(world, account),
        None => (0, 0, 0, 0, 0),
    }
}
