//! A pool that is short: who leaves first and who leaves last, what comes back, and whose it is.

use crate::run::{cases, property};
use backstop_core::{
    RejectCode as C, State,
    command::{
        ClaimRecovery, CreateMarket, MergeIsolated, Opening, OpeningAccount, Party, RecoverLoss,
        VoidLoss,
    },
    event::Cohort,
    hosted::haircut::{HAIRCUTS_MAX, Holdings},
    invariants,
    ledger::LedgerAccount,
    loss::claimable,
    policy::{BeyondBankruptcy, HostedPolicy, LayerSource, MarketPolicy, Netting},
};
use backstop_testkit::{
    World,
    hosted::{
        bankrupt, deposit, fill, mark, opening, policy, pool, recapitalise, trade, withdraw, world,
    },
    label,
    world::{layer, market},
};
use backstop_units::{Amount, AssetId, FundId, LossId, Ppm, Span};
use proptest::{collection::vec, prelude::*};
use std::cell::Cell;

const CAST: [&str; 4] = ["alice", "bob", "carol", "dave"];
const MINUTE: Span = Span::from_ms(60_000);

fn asset() -> AssetId {
    AssetId::new(0)
}

/// Pools whose waterfall is the haircut, up to `max` of the claims; nobody has paid in yet.
fn bare(max: u32, netting: Netting, home: Option<&str>) -> World {
    let hosted = HostedPolicy { beyond_bankruptcy: BeyondBankruptcy::Place, ..policy() };
    let alt = HostedPolicy { home: home.map(label), ..hosted.clone() };
    let layer = LayerSource::Haircut(Ppm::new(max));
    let mut world = world([hosted, alt], pool(netting), &[layer], 0);
    let (account, asset) = (OpeningAccount::Account(label("treasury")), label("usdt"));
    world.must("op", Opening { account, asset, amount: Amount::new(10_000_000) });
    for market in ["perp", "alt"] {
        world.must("venue", mark(market, 100));
    }
    world
}

/// Erin has traded on a market and holds nothing; the others have a thousand each in its pool.
fn ready(max: u32, netting: Netting) -> World {
    let mut world = bare(max, netting, None);
    for (market, fund) in [("perp", "main"), ("alt", "pen")] {
        for name in CAST {
            world.must(name, deposit(name, fund, 1_000));
        }
        world.must("op", opening("erin", fund, 1_000));
        world.must("venue", trade(market, ("erin", "carol"), 1, 100));
        world.must("venue", trade(market, ("carol", "erin"), 1, 100));
        world.must("op", opening("erin", fund, -1_000));
    }
    world
}

/// Erin owes a pool what she took out of it, and its members bear that; the gate is open again.
fn lose(world: &mut World, fund: &str, amount: u128) -> LossId {
    world.must("op", opening("erin", fund, -i128::try_from(amount).unwrap()));
    world.must("keeper", bankrupt("erin", fund));
    world.wait(MINUTE);
    LossId::new(u32::try_from(world.state.losses.len()).unwrap() - 1)
}

fn holdings(state: &State, fund: &str) -> (u128, u128) {
    let id = state.fund_id(label(fund)).unwrap();
    let Holdings { claims, short } = Holdings::of(state, id, asset()).unwrap();
    (claims.get(), short.get())
}

fn balance(world: &World, account: &str) -> u128 {
    let id = world.state.account_id(label(account)).unwrap();
    world.state.ledger.owed(LedgerAccount::Balance(id), asset()).get()
}

fn quote(world: &World, account: &str, fund: &str) -> u128 {
    let (account, fund) = (label(account), label(fund));
    let ids = (world.state.account_id(account).unwrap(), world.state.fund_id(fund).unwrap());
    let found = world.state.margin(ids.0, ids.1);
    found.map_or(0, |(_, margin)| margin.quote.positive().get())
}

fn claim(loss: LossId, account: &str) -> ClaimRecovery {
    ClaimRecovery { loss, account: label(account) }
}

fn recover(loss: LossId, amount: u128) -> RecoverLoss {
    RecoverLoss { loss, from: Party::Account(label("treasury")), amount: Amount::new(amount) }
}

/// What an account takes out of a pool for a claim.
fn leaves(world: &mut World, account: &str, fund: &str, amount: u128) -> u128 {
    let before = balance(world, account);
    world.must(account, withdraw(account, fund, amount));
    balance(world, account) - before
}

fn code<T: core::fmt::Debug>(refused: Result<T, backstop_core::Reject>) -> C {
    refused.unwrap_err().code
}

#[test]
fn leavers_take_their_part_along_and_recoveries_follow_them() {
    let mut world = ready(1_000_000, Netting::None);
    let loss = lose(&mut world, "main", 1_000);
    assert_eq!(holdings(&world.state, "main"), (4_000, 1_000));
    assert_eq!(holdings(&world.state, "pen"), (4_000, 0));
    assert_eq!(leaves(&mut world, "bob", "pen", 400), 400);
    // A quarter is missing: of 401 it is rounded up.
    assert_eq!(leaves(&mut world, "alice", "main", 401), 300);
    assert_eq!(holdings(&world.state, "main"), (3_599, 899));
    assert_eq!(quote(&world, "alice", "main"), 599);
    let refused = world.send("dave", deposit("dave", "main", 1)).unwrap_err();
    assert_eq!((refused.code, refused.got), (C::PoolHaircut, Amount::new(899).into()));
    // A snapshot knows who took what over.
    world.state = State::from_bytes(&world.state.to_bytes()).unwrap();
    // Half of what is missing comes back: she gets half of her 101, the pool the rest.
    world.must("treasury", recover(loss, 500));
    assert_eq!(holdings(&world.state, "main"), (3_599, 450));
    world.must("alice", claim(loss, "alice"));
    assert_eq!(code(world.send("bob", claim(loss, "bob"))), C::NothingToClaim);
    // Dave pays the gap and has taken it over.
    assert_eq!(code(world.send("dave", recapitalise("dave", "main", 451))), C::AboveHaircut);
    world.must("dave", recapitalise("dave", "main", 450));
    assert_eq!(holdings(&world.state, "main"), (3_599, 0));
    world.must("dave", deposit("dave", "main", 1));
    assert_eq!(leaves(&mut world, "bob", "main", 1_000), 1_000);
    let before = balance(&world, "dave");
    world.must("treasury", recover(loss, 500));
    world.must("dave", claim(loss, "dave"));
    assert_eq!(balance(&world, "dave") - before, 450);
    assert_eq!(holdings(&world.state, "main"), (2_600, 0));
    invariants::check(&world.state).unwrap();
}

#[test]
fn a_void_closes_the_gap_at_the_venues_cost() {
    let mut world = ready(1_000_000, Netting::None);
    let loss = lose(&mut world, "main", 1_000);
    assert_eq!(leaves(&mut world, "alice", "main", 1_000), 750);
    world.must("op", VoidLoss { loss });
    assert_eq!(holdings(&world.state, "main"), (3_000, 0));
    let before = balance(&world, "alice");
    world.must("alice", claim(loss, "alice"));
    assert_eq!(balance(&world, "alice") - before, 250);
    let perp = world.state.market_id(label("perp")).unwrap();
    assert_eq!(world.state.ledger.held(LedgerAccount::Clearing(perp), asset()).get(), 1_000);
    invariants::check(&world.state).unwrap();
}

#[test]
fn a_pool_is_short_of_eight_losses_and_a_portion_at_most() {
    let mut world = ready(500_000, Netting::None);
    let rows = |world: &World, loss: LossId| {
        let rows = &world.state.losses.get(loss).unwrap().rows;
        let haircut = |cohort| matches!(cohort, Cohort::Haircut { .. });
        rows.iter().map(|row| (haircut(row.row.cohort), row.row.amount.get())).collect::<Vec<_>>()
    };
    for _ in 0..HAIRCUTS_MAX {
        let loss = lose(&mut world, "main", 10);
        assert_eq!(rows(&world, loss), [(true, 10)]);
    }
    let ninth = lose(&mut world, "main", 10);
    assert_eq!(rows(&world, ninth), [(false, 10)]);
    // The first is paid, so there is room for one more: half of 1,990 in claims, 70 of it used up.
    world.must("dave", recapitalise("dave", "main", 10));
    let tenth = lose(&mut world, "main", 2_000);
    assert_eq!(rows(&world, tenth), [(true, 925), (false, 1_075)]);
    invariants::check(&world.state).unwrap();
}

#[test]
fn pools_that_are_short_are_not_merged_and_nobody_is_moved_into_or_out_of_them() {
    let mut world = ready(1_000_000, Netting::None);
    lose(&mut world, "pen", 100);
    let merge = MergeIsolated { market: label("alt"), fund: label("main") };
    assert_eq!(code(world.send("op", merge.clone())), C::PoolHaircut);
    world.must("dave", recapitalise("dave", "pen", 100));
    lose(&mut world, "main", 100);
    assert_eq!(code(world.send("op", merge.clone())), C::PoolHaircut);
    world.must("dave", recapitalise("dave", "main", 100));
    world.must("op", merge);

    let mut world = bare(1_000_000, Netting::None, Some("main"));
    for (name, fund) in [("alice", "pen"), ("carol", "pen"), ("erin", "pen"), ("dave", "pen")] {
        world.must(name, deposit(name, fund, 1_000));
    }
    let around = |world: &mut World, name: &str| {
        world.must("venue", trade("alt", (name, "carol"), 1, 100));
        world.must("venue", trade("alt", ("carol", name), 1, 100));
    };
    // Erin leaves by the home rule, comes back as a debt, and the pool is short.
    around(&mut world, "erin");
    assert_eq!((quote(&world, "erin", "pen"), quote(&world, "erin", "main")), (0, 1_000));
    lose(&mut world, "pen", 500);
    world.must("op", opening("carol", "pen", 1_000));
    around(&mut world, "alice");
    assert_eq!((quote(&world, "alice", "pen"), quote(&world, "alice", "main")), (1_000, 0));
}

#[test]
fn a_group_pays_out_of_a_short_pool_with_a_larger_claim() {
    let mut world = bare(1_000_000, Netting::Asset, None);
    for (name, fund) in [("alice", "pen"), ("carol", "pen"), ("carol", "main"), ("dave", "main")] {
        world.must(name, deposit(name, fund, 10_000));
    }
    // Dave and erin are one group; bob owes the isolated pool, which is short by half of 12,000.
    world.must("op", opening("erin", "pen", 4_000));
    world.must("op", opening("bob", "pen", 1_000));
    world.must("venue", trade("alt", ("bob", "carol"), 1, 100));
    world.must("venue", trade("alt", ("carol", "bob"), 1, 100));
    world.must("op", opening("bob", "pen", -13_000));
    world.must("keeper", bankrupt("bob", "pen"));
    assert_eq!(holdings(&world.state, "pen"), (24_000, 12_000));
    world.wait(MINUTE);
    // Dave loses 600 more than he has.
    world.must("op", opening("dave", "main", -9_000));
    world.must("venue", trade("perp", ("dave", "carol"), 20, 100));
    world.must("venue", mark("perp", 20));
    world.must("venue", fill("perp", ("dave", "carol"), 20, 20));
    // 600 are worth 1,200 of erin's claims.
    assert_eq!(quote(&world, "erin", "pen"), 2_800);
    assert_eq!(holdings(&world.state, "pen"), (22_800, 11_400));
    assert_eq!(holdings(&world.state, "main").1, 0);
    assert_eq!(quote(&world, "dave", "main"), 0);
    invariants::check(&world.state).unwrap();
}

/// What a patient clerk would note, in real numbers.
#[derive(Default)]
struct Book {
    claims: [f64; 4],
    nobody: f64,
    rows: Vec<Noted>,
    steps: f64,
}

#[derive(Default)]
struct Noted {
    all: u128,
    haircut: u128,
    back: u128,
    open: f64,
    /// What each has taken over and not got back, and what came back for him.
    missing: [f64; 4],
    got: [f64; 4],
}

impl Book {
    fn all(&self) -> f64 {
        self.claims.iter().sum::<f64>() - self.nobody
    }

    fn short(&self) -> f64 {
        self.rows.iter().map(|row| row.open).sum()
    }

    fn take(&mut self, who: usize, row: usize, amount: f64) {
        self.rows[row].open -= amount;
        self.rows[row].missing[who] += amount;
    }

    fn back(&mut self, row: usize, amount: u128) {
        let row = &mut self.rows[row];
        row.back += amount;
        let lacking = row.open + row.missing.iter().sum::<f64>();
        let part = real(amount) / lacking;
        row.open -= row.open * part;
        for who in 0..4 {
            row.got[who] += row.missing[who] * part;
            row.missing[who] -= row.missing[who] * part;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Lose(u128),
    Leave(usize, u8),
    Recapitalise(usize, u8),
    Recover(usize, u8),
    Claim(usize, usize),
    Deposit(usize, u128),
    Void(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..300_000u128).prop_map(Step::Lose),
        8 => (0..4usize, any::<u8>()).prop_map(|(who, part)| Step::Leave(who, part)),
        2 => (0..4usize, any::<u8>()).prop_map(|(who, part)| Step::Recapitalise(who, part)),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(loss, part)| Step::Recover(loss, part)),
        8 => (0..4usize, any::<usize>()).prop_map(|(who, loss)| Step::Claim(who, loss)),
        2 => (0..4usize, 1..1_000u128).prop_map(|(who, amount)| Step::Deposit(who, amount)),
        1 => any::<usize>().prop_map(Step::Void),
    ]
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "test amounts are small")]
fn real(amount: u128) -> f64 {
    amount as f64
}

fn id(loss: usize) -> LossId {
    LossId::new(u32::try_from(loss).unwrap())
}

fn portion(of: u128, part: u8) -> u128 {
    of * (u128::from(part) + 1) / 256
}

/// Leaves with a claim: fair to the atom, and the portion that is missing never rises by it.
fn leave(world: &mut World, book: &mut Book, (who, part): (usize, u8)) -> Result<(), String> {
    let a = portion(quote(world, CAST[who], "main"), part);
    let (claims, short) = holdings(&world.state, "main");
    let before = balance(world, CAST[who]);
    match world.send(CAST[who], withdraw(CAST[who], "main", a)) {
        Ok(_) if a <= claims => {}
        Err(reject) if a > claims && reject.code == C::PoolShort => return Ok(()),
        Err(reject) if a == 0 && reject.code == C::ZeroAmount => return Ok(()),
        other => return Err(format!("{a} of {claims}, short by {short}: {other:?}")),
    }
    let paid = balance(world, CAST[who]) - before;
    if paid != a * (claims - short) / claims {
        return Err(format!("paid {paid} for {a} of {claims}, short by {short}"));
    }
    let (after, gap) = holdings(&world.state, "main");
    if gap * claims > short * after {
        return Err(format!("{short} of {claims} became {gap} of {after}"));
    }
    let portion = real(a) / real(claims);
    for row in 0..book.rows.len() {
        book.take(who, row, book.rows[row].open * portion);
    }
    book.claims[who] -= real(a);
    Ok(())
}

fn play(world: &mut World, book: &mut Book, step: &Step) -> Result<(), String> {
    let losses = book.rows.len();
    match *step {
        Step::Lose(amount) => {
            let (claims, short) = holdings(&world.state, "main");
            if amount + short > claims {
                return Ok(());
            }
            let loss = lose(world, "main", amount);
            let left = claims - amount;
            let open = book.rows.iter().filter(|row| row.open > 1e-6).count();
            let room = (left * 7 / 10).saturating_sub(short).min(left - short);
            let rows = &world.state.losses.get(loss).unwrap().rows;
            let haircut = if rows[0].row.cohort == Cohort::Residual { 0 } else { amount.min(room) };
            if haircut == 0 && room > 0 && open < HAIRCUTS_MAX {
                return Err(format!("room for {room}, and nothing is used"));
            }
            if haircut > 0 && rows[0].row.amount.get() != haircut {
                return Err(format!("{:?}, not {haircut}", rows[0]));
            }
            book.nobody += real(amount - haircut);
            let open = real(haircut);
            book.rows.push(Noted { all: amount, haircut, open, ..Noted::default() });
        }
        Step::Leave(who, part) => leave(world, book, (who, part))?,
        Step::Recapitalise(who, part) => {
            let amount = portion(holdings(&world.state, "main").1, part);
            if amount == 0 {
                return Ok(());
            }
            world.must(CAST[who], recapitalise(CAST[who], "main", amount));
            let mut left = real(amount);
            for row in 0..losses {
                let part = left.min(book.rows[row].open);
                book.take(who, row, part);
                left -= part;
            }
        }
        Step::Recover(at, part) if losses > 0 => {
            // The residual is first to get its part back, and it is nobody's in the pool.
            let row = &book.rows[at % losses];
            let amount = portion(row.all - row.back, part);
            if amount > 0 && row.haircut == row.all {
                world.must("treasury", recover(id(at % losses), amount));
                book.back(at % losses, amount);
            }
        }
        Step::Claim(who, at) if losses > 0 => {
            let _ = world.send(CAST[who], claim(id(at % losses), CAST[who]));
        }
        Step::Deposit(who, amount) => {
            let short = holdings(&world.state, "main").1 > 0;
            match world.send(CAST[who], deposit(CAST[who], "main", amount)) {
                Ok(_) if !short => book.claims[who] += real(amount),
                Err(reject) if short && reject.code == C::PoolHaircut => {}
                other => return Err(format!("short: {short}, {other:?}")),
            }
        }
        Step::Void(at) if losses > 0 => {
            let row = &book.rows[at % losses];
            if row.haircut == row.all && row.back < row.all {
                let rest = row.all - row.back;
                world.must("op", VoidLoss { loss: id(at % losses) });
                book.back(at % losses, rest);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Every claim, gap and part of a recovery is what the clerk has noted, but for an atom a step.
fn agrees(world: &World, book: &Book) -> Result<(), String> {
    let near = |what: &str, got: f64, want: f64| {
        let off = (got - want).abs();
        if off <= book.steps { Ok(()) } else { Err(format!("{what}: {got}, not {want}")) }
    };
    let (claims, short) = holdings(&world.state, "main");
    near("claims", real(claims), book.all())?;
    near("short", real(short), book.short())?;
    for (at, row) in book.rows.iter().enumerate() {
        for (who, name) in CAST.iter().enumerate() {
            let account = world.state.account_id(label(name)).unwrap();
            let parts = claimable(&world.state, id(at), account).map_err(|e| e.to_string())?;
            let open: u128 = parts.iter().map(|(_, _, part)| part.get()).sum();
            let paid = world.state.claims.iter().filter(|(_, claim)| claim.loss == id(at));
            let paid = paid.filter(|(_, claim)| {
                world.state.haircut_shares.get(claim.position).unwrap().account == account
            });
            let paid: u128 = paid.map(|(_, claim)| claim.paid.get()).sum();
            near(&format!("{name} of {}", id(at)), real(open + paid), row.got[who])?;
        }
    }
    invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())
}

#[test]
fn nobody_gains_by_leaving_first_last_or_twice() {
    let (short, claimed) = (Cell::new(0usize), Cell::new(0usize));
    property(vec(step(), 1..60), |steps| {
        let mut world = ready(700_000, Netting::None);
        let mut book = Book { claims: [1_000_000.0; 4], ..Book::default() };
        for name in CAST {
            world.must("op", opening(name, "main", 999_000));
            let (account, asset) = (OpeningAccount::Account(label(name)), label("usdt"));
            world.must("op", Opening { account, asset, amount: Amount::new(1 << 40) });
        }
        for step in &steps {
            book.steps += 1.0;
            play(&mut world, &mut book, step).map_err(|why| format!("{why}\nat {step:?}"))?;
            agrees(&world, &book).map_err(|why| format!("{why}\nat {step:?}"))?;
        }
        // The run: whoever stands first or last in the queue, each atom of claims gets the same.
        let (claims, gap) = holdings(&world.state, "main");
        let whole = book.nobody < 1.0 && gap > 0;
        for (at, name) in CAST.iter().enumerate() {
            let own = quote(&world, name, "main");
            if !whole || own == 0 {
                continue;
            }
            let got = leaves(&mut world, name, "main", own);
            let fair = own * (claims - gap) / claims;
            if got < fair || got > fair + 1 + u128::try_from(at).unwrap() {
                return Err(format!("{name} gets {got} of {own}, not {fair}"));
            }
            short.set(short.get() + 1);
        }
        claimed.set(claimed.get() + world.state.claims.len());
        invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())
    });
    // The property would also hold if nothing ever happened.
    let cases = usize::try_from(cases()).unwrap();
    assert!(
        short.get() > cases && claimed.get() > cases / 2,
        "{short:?} leavers, {claimed:?} claims"
    );
}

#[test]
fn the_layer_is_one_of_hosted_markets_and_a_portion() {
    let mut world = bare(1_000_000, Netting::None, None);
    let mut create = |hosted: bool, portion: u32| {
        let waterfall = vec![layer(LayerSource::Haircut(Ppm::new(portion)))];
        let hosted = hosted.then(|| Box::new(policy()));
        let policy = Box::new(MarketPolicy { hosted, ..market(waterfall) });
        let (label, fund, venue) = (label("new"), label("main"), label("venue"));
        world.send("op", CreateMarket { label, fund, venue, policy }).map(drop)
    };
    let words = |word: &'static str, limit: &'static str| (word.into(), limit.into());
    let over = (Amount::new(1_000_001).into(), Amount::new(1_000_000).into());
    for (hosted, portion, (got, limit)) in
        [(false, 1, words("withdrawal_haircut", "hosted")), (true, 1_000_001, over)]
    {
        let refused = create(hosted, portion).unwrap_err();
        assert_eq!((refused.code, refused.got, refused.limit), (C::BadPolicy, got, limit));
    }
    create(true, 1_000_000).unwrap();
}

#[test]
fn a_pool_that_was_never_short_has_no_haircut() {
    let mut world = ready(1_000_000, Netting::None);
    assert_eq!(leaves(&mut world, "alice", "main", 1_000), 1_000);
    assert_eq!(world.state.haircuts.len(), 0);
    let refused = world.send("bob", recapitalise("bob", "main", 1)).unwrap_err();
    assert_eq!((refused.code, refused.limit), (C::AboveHaircut, Amount::ZERO.into()));
    assert_eq!(world.state.ledger.held(LedgerAccount::Haircut(FundId::new(0)), asset()).get(), 0);
}
