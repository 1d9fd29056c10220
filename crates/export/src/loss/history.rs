//! What losses met at the moment they were placed: the state forgets it, the log does not.

use crate::error::ExportError;
use backstop_core::{
    Event,
    event::{Cohort, Row},
    ledger::{LedgerAccount, postings},
    record::Record,
    state::{Source, State},
};
use backstop_units::{Amount, AssetId, LossId, MarketId, Seq, Timestamp};
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
    /// How many rows it has, and whether one of them is the residual.
    rows: usize,
    residual: bool,
    /// What was reallocated met, by its first row.
    later: Vec<(usize, BTreeMap<LedgerAccount, Amount>)>,
}

impl Placing {
    /// A placing that was written down when it happened: the record, the waterfall as it was, what its
    /// accounts held just before, and its rows.
    pub fn kept(
        (seq, time): (Seq, Timestamp),
        layers: Vec<Source>,
        had: impl IntoIterator<Item = (LedgerAccount, Amount)>,
        rows: &[Row],
    ) -> Self {
        let (had, later) = (had.into_iter().collect(), Vec::new());
        let mut placing = Self { seq, time, layers, had, rows: 0, residual: false, later };
        placing.add(rows);
        placing
    }

    /// Adds a reallocation that was written down when it happened.
    pub fn reallocate(
        &mut self,
        had: impl IntoIterator<Item = (LedgerAccount, Amount)>,
        rows: &[Row],
    ) {
        self.later.push((self.rows, had.into_iter().collect()));
        self.add(rows);
    }

    /// What an account of the waterfall held just before the loss; none for one of another asset.
    pub fn had(&self, account: LedgerAccount) -> Option<Amount> {
        self.had.get(&account).copied()
    }

    /// What the account that bore a row held just before that row was placed.
    pub fn had_for(&self, row: usize, account: LedgerAccount) -> Option<Amount> {
        let met = self.later.iter().rev().find(|(first, _)| *first <= row);
        met.map_or(&self.had, |(_, had)| had).get(&account).copied()
    }

    /// Counts further rows; there is one residual.
    fn add(&mut self, rows: &[Row]) {
        let residual = |row: &&Row| row.cohort == Cohort::Residual;
        let more = rows.len().saturating_sub(rows.iter().filter(residual).count());
        let new = !self.residual && more < rows.len();
        self.rows = self.rows.saturating_add(more).saturating_add(usize::from(new));
        self.residual |= more < rows.len();
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
            let later = record.events.get(at..).unwrap_or_default();
            match event {
                Event::LossPlaced(placed) => {
                    let (layers, had) =
                        met(after, (placed.market, placed.asset), &placed.rows, later)?;
                    let at = (record.seq, record.time);
                    self.insert(placed.loss, Placing::kept(at, layers, had, &placed.rows));
                }
                Event::LossReallocated(more) => {
                    let Some(placing) = self.placings.get_mut(&more.loss) else { continue };
                    let (_, had) = met(after, (more.market, more.asset), &more.rows, later)?;
                    placing.reallocate(had, &more.rows);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in a placing that was written down elsewhere.
    pub fn insert(&mut self, loss: LossId, placing: Placing) {
        self.placings.insert(loss, placing);
    }

    /// What a loss met, if its placing was seen.
    pub fn get(&self, loss: LossId) -> Option<&Placing> {
        self.placings.get(&loss)
    }
}

/// A waterfall, and what the accounts of its layers held.
type Met = (Vec<Source>, BTreeMap<LedgerAccount, Amount>);

/// Takes `later` events, the placing itself first, back out of the balances after the record.
fn met(
    after: &State,
    (id, asset): (MarketId, AssetId),
    rows: &[Row],
    later: &[Event],
) -> Result<Met, ExportError> {
    let market = after.markets.expect(id)?;
    let layers: Vec<Source> = after.layers_of(market).map(|(_, layer)| layer.source).collect();
    let mut had = BTreeMap::new();
    // A waterfall that was replaced in the same record lacks those who paid.
    let paid = rows.iter().filter_map(|row| row.cohort.source());
    for source in layers.iter().copied().chain(paid) {
        if of_one_asset(after, source, asset)? {
            let accounts = accounts_of(source, id).into_iter();
            had.extend(accounts.map(|account| (account, before(after, asset, account, later))));
        }
    }
    Ok((layers, had))
}

/// An account's credit balance before `later` happened.
fn before(after: &State, asset: AssetId, account: LedgerAccount, later: &[Event]) -> Amount {
    let mut entry = after.ledger.entry(account, asset);
    for event in later {
        // The closure can't fail, so neither can the walk.
        let _ = postings(event, |posting| {
            if posting.asset == asset {
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
fn of_one_asset(state: &State, source: Source, asset: AssetId) -> Result<bool, ExportError> {
    let fund = match source {
        Source::Reserve(fund) => fund,
        Source::Staked(tranche) => state.tranches.expect(tranche)?.fund,
        Source::FeePool
        | Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => return Ok(true),
    };
    Ok(state.funds.expect(fund)?.asset == asset)
}

/// The accounts that a layer pays from, in the order in which it does.
fn accounts_of(source: Source, market: MarketId) -> Vec<LedgerAccount> {
    match source {
        Source::FeePool => vec![LedgerAccount::FeePool(market)],
        Source::Reserve(fund) => {
            vec![LedgerAccount::Reserve(fund), LedgerAccount::Contributions(fund)]
        }
        Source::Staked(tranche) => vec![LedgerAccount::Tranche(tranche)],
        Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => Vec::new(),
    }
}
