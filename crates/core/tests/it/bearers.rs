//! Who bore a socialised loss of a hosted market: all of them, only them, however they traded since.

use crate::run::{cases, property};
use backstop_core::{
    command::{
        ClaimRecovery, MergeIsolated, Opening, OpeningAccount, Party, RecoverLoss, VoidLoss,
    },
    event::Cohort,
    hosted::bearers::size_at,
    invariants,
    loss::claimable,
    policy::{BeyondBankruptcy, HostedPolicy, LayerSource, Netting},
};
use backstop_testkit::{
    World,
    hosted::{bankrupt, deposit, flag, mark, opening, policy, pool, trade, world},
    label,
};
use backstop_units::{Amount, LossId};
use proptest::{collection::vec, prelude::*};
use std::{cell::Cell, collections::BTreeMap};

const CAST: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const MARKETS: [(&str, &str); 2] = [("perp", "main"), ("alt", "pen")];

#[derive(Clone, Debug)]
enum Step {
    Trade(usize, usize, usize, u128),
    Lose(usize, u128),
    Recover(usize, u8),
    Claim(usize, usize),
    Touch(usize),
    Void(usize),
    Merge,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2usize, 0..5usize, 0..5usize, 1..40u128).prop_map(|(m, a, b, s)| Step::Trade(m, a, b, s)),
        5 => (0..2usize, 1..700u128).prop_map(|(m, amount)| Step::Lose(m, amount)),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(loss, part)| Step::Recover(loss, part)),
        10 => (0..5usize, any::<usize>()).prop_map(|(who, loss)| Step::Claim(who, loss)),
        2 => (0..5usize).prop_map(Step::Touch),
        1 => (any::<usize>()).prop_map(Step::Void),
        1 => Just(Step::Merge),
    ]
}

/// What anybody would write down on paper: at each loss, what everybody holds.
#[derive(Default)]
struct Book {
    sizes: BTreeMap<(usize, usize), i128>,
    losses: Vec<Written>,
    merged: bool,
}

struct Written {
    held: [u128; 5],
    amount: u128,
    recovered: u128,
    paid: [u128; 5],
    void: bool,
}

impl Book {
    fn fund(&self, market: usize) -> &'static str {
        if self.merged { "main" } else { MARKETS[market].1 }
    }

    fn trade(&mut self, world: &mut World, market: usize, (a, b): (usize, usize), size: u128) {
        if world.send("venue", trade(MARKETS[market].0, (CAST[a], CAST[b]), size, 100)).is_ok() {
            let size = i128::try_from(size).unwrap();
            *self.sizes.entry((market, a)).or_default() += size;
            *self.sizes.entry((market, b)).or_default() -= size;
        }
    }

    fn size(&self, market: usize, who: usize) -> u128 {
        self.sizes.get(&(market, who)).copied().unwrap_or(0).unsigned_abs()
    }

    /// Erin goes in and out of the market, owes its pool, and the waterfall pays.
    fn lose(&mut self, world: &mut World, market: usize, amount: u128) {
        if self.size(0, 4) != 0 || self.size(1, 4) != 0 {
            return;
        }
        let fund = self.fund(market);
        world.must("op", opening("erin", fund, 1_000));
        let on = world.state.market_id(label(MARKETS[market].0)).unwrap();
        self.trade(world, market, (4, 2), 1);
        self.trade(world, market, (2, 4), 1);
        let id = world.state.account_id(label("erin")).unwrap();
        let at = world.state.fund_id(label(fund)).unwrap();
        let (_, margin) = world.state.margin(id, at).unwrap();
        if margin.open != 0 || margin.reduced != Some(on) {
            return;
        }
        let all = i128::try_from(amount).unwrap() + margin.quote.get();
        if world.send("op", opening("erin", fund, -all)).is_err() {
            return;
        }
        let held = [0, 1, 2, 3, 4].map(|who| self.size(market, who));
        world.must("keeper", bankrupt("erin", fund));
        let (amount, recovered, paid) = (amount, 0, [0; 5]);
        self.losses.push(Written { held, amount, recovered, paid, void: false });
    }

    fn agrees(&self, world: &World) -> Result<(), String> {
        for (at, loss) in self.losses.iter().enumerate() {
            let id = LossId::new(u32::try_from(at).unwrap());
            let base: u128 = loss.held.iter().sum();
            for (who, name) in CAST.iter().enumerate() {
                let account = world.state.account_id(label(name)).unwrap();
                let parts = claimable(&world.state, id, account).map_err(|e| e.to_string())?;
                let got: u128 = parts.iter().map(|(_, _, part)| part.get()).sum();
                let due = (loss.recovered * loss.held[who]).checked_div(base).unwrap_or(0);
                if got != due - loss.paid[who] {
                    let paid = loss.paid[who];
                    return Err(format!("{name} of {id}: {got}, not {due} less {paid}"));
                }
            }
        }
        invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())
    }

    fn step(&mut self, world: &mut World, step: &Step) {
        let one_of = |at: usize| at % self.losses.len().max(1);
        let step = match *step {
            Step::Recover(at, part) => Step::Recover(one_of(at), part),
            Step::Claim(who, at) => Step::Claim(who, one_of(at)),
            Step::Void(at) => Step::Void(one_of(at)),
            ref other => other.clone(),
        };
        match step {
            Step::Trade(market, a, b, size) if a != b => self.trade(world, market, (a, b), size),
            Step::Trade(..) => {}
            Step::Lose(market, amount) => self.lose(world, market, amount),
            Step::Recover(at, part) => {
                let Some(loss) = self.losses.get_mut(at).filter(|loss| !loss.void) else { return };
                let amount = (loss.amount - loss.recovered) * (u128::from(part) + 1) / 256;
                let from = Party::Account(label("treasury"));
                let id = LossId::new(u32::try_from(at).unwrap());
                let recover = RecoverLoss { loss: id, from, amount: Amount::new(amount) };
                if world.send("treasury", recover).is_ok() {
                    loss.recovered += amount;
                }
            }
            Step::Claim(who, at) => {
                let loss = LossId::new(u32::try_from(at).unwrap());
                let claim = ClaimRecovery { loss, account: label(CAST[who]) };
                if world.send(CAST[who], claim).is_ok() {
                    let loss = &mut self.losses[at];
                    let base: u128 = loss.held.iter().sum();
                    loss.paid[who] = loss.recovered * loss.held[who] / base;
                }
            }
            Step::Touch(who) => {
                for fund in ["main", "pen"] {
                    let _ = world.send("keeper", flag(CAST[who], fund));
                }
            }
            Step::Void(at) => {
                let Some(loss) = self.losses.get_mut(at).filter(|loss| !loss.void) else { return };
                let id = LossId::new(u32::try_from(at).unwrap());
                world.must("op", VoidLoss { loss: id });
                (loss.void, loss.recovered) = (true, loss.amount);
            }
            Step::Merge => {
                let merge = MergeIsolated { market: label("alt"), fund: label("main") };
                self.merged |= world.send("op", merge).is_ok();
            }
        }
    }
}

fn socialising() -> World {
    let hosted = HostedPolicy { beyond_bankruptcy: BeyondBankruptcy::Place, ..policy() };
    let mut world =
        world([hosted.clone(), hosted], pool(Netting::None), &[LayerSource::Socialised], 0);
    for name in CAST {
        for fund in ["main", "pen"] {
            world.must(name, deposit(name, fund, 20_000));
        }
    }
    let (account, asset) = (OpeningAccount::Account(label("treasury")), label("usdt"));
    world.must("op", Opening { account, asset, amount: Amount::new(1_000_000) });
    world.must("venue", mark("perp", 100));
    world.must("venue", mark("alt", 100));
    world
}

#[test]
fn a_recovery_finds_exactly_the_bearers() {
    let (losses, claimed) = (Cell::new(0usize), Cell::new(0usize));
    property(vec(step(), 1..70), |steps| {
        let (mut world, mut book) = (socialising(), Book::default());
        for step in &steps {
            book.step(&mut world, step);
            book.agrees(&world).map_err(|why| format!("{why}\nat {step:?}"))?;
        }
        losses.set(losses.get() + book.losses.len());
        claimed.set(claimed.get() + world.state.claims.len());
        Ok(())
    });
    // The property would also hold if nothing ever happened.
    let cases = usize::try_from(cases()).unwrap();
    assert!(
        losses.get() > cases && claimed.get() > cases / 10,
        "{losses:?} losses, {claimed:?} claims"
    );
}

#[test]
fn every_size_of_a_long_life_is_found_again() {
    let (mut world, mut book) = (socialising(), Book::default());
    let mut held = Vec::new();
    for turn in 0..300u128 {
        // Now and then nothing changes between two losses, and now and then all is closed.
        if turn % 3 != 0 {
            book.trade(&mut world, 0, if turn % 2 == 0 { (0, 1) } else { (1, 0) }, turn % 7 + 1);
        }
        book.trade(&mut world, 0, (3, 2), 1);
        held.push(book.size(0, 0));
        book.lose(&mut world, 0, 3);
    }
    assert_eq!(book.losses.len(), 300);
    let (alice, perp) = (label("alice"), label("perp"));
    let (account, market) =
        (world.state.account_id(alice).unwrap(), world.state.market_id(perp).unwrap());
    for (at, size) in held.iter().enumerate() {
        let epoch = u32::try_from(at).unwrap();
        let found = size_at(&world.state, account, market, epoch).unwrap();
        assert_eq!(found.get(), *size, "{at}");
        let loss = world.state.losses.get(LossId::new(epoch)).unwrap();
        assert!(
            matches!(loss.rows[0].row.cohort, Cohort::Positions { epoch: Some(e), .. } if e == epoch)
        );
    }
    assert!(world.state.size_runs.len() > 150, "{} runs", world.state.size_runs.len());
}
