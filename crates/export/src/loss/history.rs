//! What losses met at the moment they were placed: the state forgets it, the log does not.

use crate::error::ExportError;
use backstop_core::{
    Event,
    event::{Cohort, Placement},
    ledger::{LedgerAccount, postings},
    record::Record,
    state::{Source, State},
};
use backstop_units::{Amount, LossId, Seq, Timestamp};
use std::collections::BTreeMap;

/// What one loss met when it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placing {
    /// The record that placed it.
    pub seq: Seq,
    /// When.
    pub time: Timestamp,
    /// The waterfall as it was.
    pub layers: Vec<Source>,
    had: BTreeMap<LedgerAccount, Amount>,
}

impl Placing {
    /// What an account of the waterfall held just before the loss; none for one of another asset.
    pub fn had(&self, account: LedgerAccount) -> Option<Amount> {
        self.had.get(&account).copied()
    }
}

/// The placings of all losses seen. **Complexity** memory for each placed loss and its layers.
#[derive(Clone, Debug, Default)]
pub struct History {
    placings: BTreeMap<LossId, Placing>,
}

impl History {
    /// Looks at a record; `after` is the state right after it, no later.
    ///
    /// # Errors
    /// [`ExportError::OtherState`] when the state is another, [`ExportError::Corrupt`].
    pub fn observe(&mut self, after: &State, record: &Record) -> Result<(), ExportError> {
        let written = record.seq.next();
        if after.meta.next != written {
            return Err(ExportError::OtherState { state: after.meta.next, written });
        }
        for (at, event) in record.events.iter().enumerate() {
            let Event::LossPlaced(placement) = event else { continue };
            let later = record.events.get(at..).unwrap_or_default();
            let placing = placing(after, record, placement, later)?;
            self.placings.insert(placement.loss, placing);
        }
        Ok(())
    }

    /// What a loss met, if its placing was seen.
    pub fn get(&self, loss: LossId) -> Option<&Placing> {
        self.placings.get(&loss)
    }
}

/// Takes `later` events, the placing itself first, back out of the balances after the record.
fn placing(
    after: &State,
    record: &Record,
    placement: &Placement,
    later: &[Event],
) -> Result<Placing, ExportError> {
    let market = after.markets.expect(placement.market)?;
    let layers: Vec<Source> = after.layers_of(market).map(|(_, layer)| layer.source).collect();
    let mut had = BTreeMap::new();
    let rows = placement.rows.iter().map(|row| source_of(&row.cohort)).collect::<Vec<_>>();
    for source in layers.iter().copied().chain(rows.into_iter().flatten()) {
        if !of_one_asset(after, source, placement)? {
            continue;
        }
        for account in accounts_of(source, placement) {
            had.insert(account, before(after, placement, account, later));
        }
    }
    Ok(Placing { seq: record.seq, time: record.time, layers, had })
}

/// An account's credit balance before `later` happened.
fn before(after: &State, placement: &Placement, account: LedgerAccount, later: &[Event]) -> Amount {
    let mut entry = after.ledger.entry(account, placement.asset);
    for event in later {
        // The closure can't fail, so neither can the walk.
        let _ = postings(event, |posting| {
            if posting.asset == placement.asset {
                if posting.debit == account {
                    entry.debits = entry.debits.saturating_sub(posting.amount);
                }
                if posting.credit == account {
                    entry.credits = entry.credits.saturating_sub(posting.amount);
                }
            }
            Ok::<(), std::convert::Infallible>(())
        });
    }
    entry.credit_balance()
}

/// Whether a layer holds the market's asset: what one of another asset had is no sum that a row can be
/// compared with.
fn of_one_asset(state: &State, source: Source, placement: &Placement) -> Result<bool, ExportError> {
    let fund = match source {
        Source::Reserve(fund) => fund,
        Source::Staked(tranche) => state.tranches.expect(tranche)?.fund,
        Source::FeePool
        | Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Haircut => return Ok(true),
    };
    Ok(state.funds.expect(fund)?.asset == placement.asset)
}

/// The accounts that a layer pays from, in the order in which it does.
fn accounts_of(source: Source, placement: &Placement) -> Vec<LedgerAccount> {
    match source {
        Source::FeePool => vec![LedgerAccount::FeePool(placement.market)],
        Source::Reserve(fund) => {
            vec![LedgerAccount::Reserve(fund), LedgerAccount::Contributions(fund)]
        }
        Source::Staked(tranche) => vec![LedgerAccount::Tranche(tranche)],
        Source::Socialised | Source::Adl | Source::Depositors | Source::Haircut => Vec::new(),
    }
}

/// The layer that a row belongs to; the residual belongs to none.
pub(super) const fn source_of(cohort: &Cohort) -> Option<Source> {
    match cohort {
        Cohort::FeePool => Some(Source::FeePool),
        Cohort::Reserve(fund) | Cohort::Contributions(fund) | Cohort::House(fund) => {
            Some(Source::Reserve(*fund))
        }
        Cohort::Stakers { tranche, .. } => Some(Source::Staked(*tranche)),
        Cohort::Positions { .. } => Some(Source::Socialised),
        Cohort::Adl { .. } => Some(Source::Adl),
        Cohort::Depositors { .. } => Some(Source::Depositors),
        Cohort::Haircut { .. } => Some(Source::Haircut),
        Cohort::Residual => None,
    }
}
