//! An auditor's statement of a period, gathered while the records go by.
//!
//! ```text
//!   records before the period ──▶ nothing but the opening balances at its first record
//!   records in it ─────────────▶ moves of funds, coverage, losses touched, statements of custody
//!   the state at its end ──────▶ closing balances, losses, reconciliation, disclosure
//! ```
//!
//! A period is `from ≤ time < until`. Balances come from the ledger's own columns at both ends; sums of moves have
//! to lead from one to the other, or there is no statement. What a loss was at the end is taken from the state there,
//! not from a later one, so a statement does not change while the journal grows.

mod disclosure;
mod funds;
mod losses;
mod reconcile;
mod trial;

use crate::{error::ExportError, picture::Table};
use backstop_core::{ledger::LedgerAccount, record::Record, state::State};
use backstop_units::{Amount, AssetId, Seq, Timestamp};
use std::collections::BTreeMap;

/// From a moment on, up to another that is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment of it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Period {
    /// Whether a moment is in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        at >= self.from && at < self.until
    }
}

/// One part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name, also of its file.
    pub name: &'static str,
    /// What it says and where that comes from.
    pub note: &'static str,
    /// How many rows a page shows of it; its file holds all.
    pub shown: usize,
    /// Its rows.
    pub table: Table,
}

/// All debits and credits ever of each account, as they were before the period.
type Columns = BTreeMap<(AssetId, LedgerAccount), (Amount, Amount)>;

/// Gathers a statement. **Complexity** memory for each account, loss touched, and reason of a fund's moves.
#[derive(Clone, Debug)]
pub struct Gather {
    period: Period,
    opening: Option<Columns>,
    first: Option<Seq>,
    funds: funds::Funds,
    losses: losses::Losses,
    custody: Vec<reconcile::Statement>,
}

impl Gather {
    /// A statement of a period, before its records.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            opening: None,
            first: None,
            funds: funds::Funds::default(),
            losses: losses::Losses::default(),
            custody: Vec::new(),
        }
    }

    /// The first record of the period, once it has come.
    pub const fn first(&self) -> Option<Seq> {
        self.first
    }

    /// Looks at the state right before a record, which is none before the genesis: the first time takes the opening
    /// balances, the others do nothing.
    ///
    /// # Errors
    /// [`ExportError::Refused`], [`ExportError::Corrupt`].
    pub fn open(&mut self, before: Option<&State>) -> Result<(), ExportError> {
        if self.opening.is_some() {
            return Ok(());
        }
        self.opening = Some(before.map(columns).unwrap_or_default());
        self.first = Some(before.map_or_else(Seq::default, |state| state.meta.next));
        before.map_or(Ok(()), |state| self.funds.open(state, self.period.from))
    }

    /// Looks at a record of the period; `after` is the state right after it, no later.
    ///
    /// # Errors
    /// [`ExportError::OtherState`] when the state is another, [`ExportError::Refused`], [`ExportError::Corrupt`].
    pub fn record(&mut self, after: &State, record: &Record) -> Result<(), ExportError> {
        let written = record.seq.next();
        if after.meta.next != written {
            return Err(ExportError::OtherState { state: after.meta.next, written });
        }
        for event in &record.events {
            self.funds.event(after, event)?;
            self.losses.event(after, record, event);
            self.custody.extend(reconcile::statement(record, event));
        }
        self.funds.measure(after, record.seq)
    }

    /// The statement, with the state after the period's last record. `as_of` is the moment that it is made up for: the
    /// period's end, or the ledger's clock where that has not come so far.
    ///
    /// # Errors
    /// [`ExportError::Untied`] when the moves of a fund do not lead from its opening to its closing balance,
    /// [`ExportError::Refused`], [`ExportError::Corrupt`].
    pub fn finish(mut self, state: &State, as_of: Timestamp) -> Result<Vec<Sheet>, ExportError> {
        self.open(Some(state))?;
        let opening = self.opening.unwrap_or_default();
        let mut sheets = trial::sheets(&opening, state)?;
        sheets.extend(self.losses.sheets(self.period, state)?);
        sheets.extend(reconcile::sheets(&self.custody, state));
        sheets.extend(self.funds.sheets(&opening, state, as_of)?);
        sheets.push(disclosure::sheet(self.period, state, as_of)?);
        Ok(sheets)
    }
}

/// The columns of every account.
fn columns(state: &State) -> Columns {
    let entries = state.ledger.iter();
    entries.map(|entry| ((entry.asset, entry.account), (entry.debits, entry.credits))).collect()
}
