//! The auditor's own totals: turnover counted from the postings of every record, without the ledger
//! that the rules keep, and compared with it.

use std::convert::Infallible;

use backstop_core::{
    Event, State, invariants,
    ledger::{Posting, Sum, postings},
};
use backstop_units::{Amount, AssetId};

/// Records between two comparisons with the ledger, each of which counts every account.
const COMPARE_EVERY: u64 = 1 << 20;

/// Debits and credits by asset, in the order of the assets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turnover(Vec<(AssetId, Sum, Sum)>);

impl Turnover {
    fn add(&mut self, asset: AssetId, debit: Amount, credit: Amount) {
        if debit.is_zero() && credit.is_zero() {
            return;
        }
        let at = self.0.binary_search_by_key(&asset, |total| total.0).unwrap_or_else(|at| {
            self.0.insert(at, (asset, Sum::default(), Sum::default()));
            at
        });
        if let Some((_, debits, credits)) = self.0.get_mut(at) {
            debits.add(debit);
            credits.add(credit);
        }
    }
}

/// The running totals of all records.
#[derive(Debug, Default)]
pub(super) struct Books {
    turnover: Turnover,
    since: u64,
}

impl Books {
    /// Counts the postings of a record.
    pub(super) fn count(&mut self, events: &[Event]) {
        self.since = self.since.saturating_add(1);
        let turnover = &mut self.turnover;
        let mut add = |Posting { asset, amount, .. }: Posting| {
            turnover.add(asset, amount, amount);
            Ok::<(), Infallible>(())
        };
        for event in events {
            let Ok(()) = postings(event, &mut add);
        }
    }

    /// Whether it is time to compare.
    pub(super) const fn is_due(&self) -> bool {
        self.since >= COMPARE_EVERY
    }

    /// Compares with the ledger's accounts and counts every invariant.
    ///
    /// # Errors
    /// What differs, in words.
    pub(super) fn compare(&mut self, state: &State) -> Result<(), String> {
        self.since = 0;
        invariants::check(state).map_err(|corrupt| corrupt.to_string())?;
        let mut kept = Turnover::default();
        for entry in state.ledger.iter() {
            kept.add(entry.asset, entry.debits, entry.credits);
        }
        if kept == self.turnover {
            return Ok(());
        }
        Err("the ledger's turnover is not the sum of the records' postings".to_owned())
    }
}
