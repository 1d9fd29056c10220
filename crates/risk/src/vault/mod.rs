//! A vault taken through a real week, with and without an insurance pool.
//!
//! ```text
//!   week ──▶ market ─┐                          ┌─ look: losses marked and taken, people come and leave
//!                    ├─▶ walk ─▶ step: prices, ─┤
//!   book ─▶ stage ───┘           liquidators    └─ aftermath: assessed, released, claimed ──▶ report
//! ```
//!
//! Prices are real; people and loans are drawn from a seed. Every step is a command of the ledger, and who loses how
//! much is read from it: nothing is computed beside it but what a market is imitated with, how much liquidators can sell.

mod aftermath;
mod look;
mod market;
mod report;
mod stage;
mod walk;

pub mod book;
pub mod params;
pub mod week;

pub use book::LendingBook;
pub use params::LendingParams;
pub use report::{Group, PoolMoney, Unbalanced, WeekReport};
pub use stage::{Signers, stage};
pub use week::{Cover, WEEKS, Week};

use crate::{
    error::RiskError,
    ledger::{Ledger, LedgerError},
};
use backstop_core::{Genesis, Halt};
use backstop_units::{Amount, Timestamp};
use walk::Walk;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct WeekSetup<'a> {
    /// Seed of the people.
    pub seed: u64,
    /// Which week.
    pub week: &'a Week,
    /// How the loss is met.
    pub cover: Cover,
    /// The genesis that the ledger was begun with, made by [`stage()`] for the same week and cover.
    pub genesis: &'a Genesis,
    /// What everything is drawn from; [`LendingParams::DEMO`].
    pub params: &'a LendingParams,
}

/// Takes the vault through its week and what comes after it, on a ledger that was begun with the setup's genesis at
/// [`Week::begins_at`] or before, and used for nothing else. `day` is called at the end of each day.
///
/// # Errors
/// [`RiskError`]; a [`RiskError::Unbalanced`] is a defect.
pub fn run(
    setup: &WeekSetup<'_>,
    signers: &impl Signers,
    ledger: &mut impl Ledger,
    day: &mut dyn FnMut(Timestamp),
) -> Result<WeekReport, RiskError> {
    let cast = crate::demo::Cast::of(setup.genesis)?;
    let quote_atoms = Amount::new(10u128.pow(u32::from(cast.decimals)));
    let names = stage::Names::of(setup.genesis, setup.week)?;
    let closes = setup.week.prices(cast.decimals)?;
    let first = closes.each_ref().map(|all| all.first().map_or_else(Default::default, |c| c.1));
    let book = LendingBook::draw(setup.seed, setup.params, (setup.week, first), quote_atoms)?;
    stage::open(setup, (&names, &book), first, ledger)?;
    let before = report::seen(&names, &book, ledger)?;
    let mut walk = Walk::new(setup, (&names, &book), closes, quote_atoms);
    walk.week(ledger, day)?;
    let lost = report::seen(&names, &book, ledger)?;
    let paid = aftermath::settle(&mut walk, signers, ledger)?;
    let after = report::seen(&names, &book, ledger)?;
    let report = report::report(&walk, &cast, [before, lost, after], &paid, ledger)?;
    aftermath::close(&walk, &paid, ledger)?;
    Ok(report)
}

/// A refusal outside of a command.
fn told(halt: Halt) -> RiskError {
    LedgerError::Halt { at: 0, halt: Box::new(halt) }.into()
}
