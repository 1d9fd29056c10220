//! Running properties and scripts.

use backstop_core::{Halt, command::SettleLiquidation, invariants};
use backstop_testkit::{Oracle, Script, World, label};
use backstop_units::{Amount, Hash, Price, Signed};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use std::collections::BTreeMap;

/// How many random cases each property gets.
pub(crate) fn cases() -> u32 {
    std::env::var("BACKSTOP_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

/// Tries a property on random cases; prints the smallest counterexample that shrinking finds.
pub(crate) fn property<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), String>) {
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let result =
        TestRunner::new(config).run(&strategy, |value| test(value).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nsmallest case: {value:?}\n{why}"),
        Err(TestError::Abort(why)) => panic!("too few cases: {why}"),
    }
}

/// How many commands of each kind were accepted and refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(pub(crate) BTreeMap<&'static str, (u64, u64)>);

impl Count {
    fn add(&mut self, word: &'static str, accepted: bool) {
        let count = self.0.entry(word).or_default();
        if accepted { count.0 += 1 } else { count.1 += 1 }
    }
    pub(crate) fn merge(&mut self, other: &Self) {
        for (word, more) in &other.0 {
            let count = self.0.entry(word).or_default();
            *count = (count.0 + more.0, count.1 + more.1);
        }
    }
}

/// Sends a script, and after each command counts the invariants and asks the oracle.
pub(crate) fn with_oracle(script: &Script) -> Result<(World, Count), String> {
    let mut world = World::of(&script.setup);
    let mut oracle = Oracle::new(&script.setup);
    let mut count = Count::default();
    oracle.compare(&world.state)?;
    for step in &script.steps {
        world.wait(step.wait);
        let command = step.command(&mut world);
        let answer = world.try_command(&command);
        let told = |why: String| format!("{why}\nat {}: {command:?}", world.now);
        let expected = match &answer {
            Ok(()) => oracle.step(&command, world.now, Ok(&world.events)),
            Err(halt) => oracle.step(&command, world.now, Err(halt)),
        };
        expected.map_err(told)?;
        invariants::check(&world.state).map_err(|corrupt| told(corrupt.to_string()))?;
        oracle.compare(&world.state).map_err(told)?;
        count.add(command.body.word(), answer.is_ok());
    }
    Ok((world, count))
}

/// Sends a script and hands the world to `check` after each command, with whether it was accepted.
pub(crate) fn each(
    script: &Script,
    mut check: impl FnMut(&World, bool) -> Result<(), String>,
) -> Result<World, String> {
    let mut world = World::of(&script.setup);
    for step in &script.steps {
        world.wait(step.wait);
        let command = step.command(&mut world);
        let accepted = match world.try_command(&command) {
            Ok(()) => true,
            Err(Halt::Reject(_)) => false,
            Err(Halt::Corrupt(corrupt)) => return Err(format!("{corrupt}: {command:?}")),
        };
        check(&world, accepted).map_err(|why| format!("{why}\nat {}: {command:?}", world.now))?;
    }
    Ok(world)
}

/// A bankruptcy of `dave` on `sol` that leaves so many atoms to pay.
pub(crate) fn lose(world: &mut World, amount: u128) {
    let settle = SettleLiquidation {
        market: label("sol"),
        account: label("dave"),
        liquidator: label("carol"),
        outcome: Signed::new(-i128::try_from(amount).unwrap()),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    };
    world.must("venue", settle);
}
