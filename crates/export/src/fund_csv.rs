//! CSV of what moved in and out of funds: each row with its reason and what was there after it.

use crate::{
    csv::{inner, put, writer},
    error::ExportError,
    names::{account_path, asset_label, fund_label},
    words::event_word,
};
use ::csv::Writer;
use backstop_core::{
    Corrupt, Event,
    fund::gauge::fund_of,
    ledger::{LedgerAccount, Posting, postings},
    record::Record,
    state::State,
};
use backstop_units::{Amount, FundId, LossId};
use std::{collections::BTreeMap, io::Write};

/// Writes a row for each side of a posting that is a fund's, as the records go by from the first on.
#[derive(Debug)]
pub struct FundsCsv<W: Write> {
    out: Writer<W>,
    parts: BTreeMap<LedgerAccount, Amount>,
    funds: BTreeMap<FundId, Amount>,
}

impl<W: Write> FundsCsv<W> {
    /// Writes the head line.
    ///
    /// # Errors
    /// [`ExportError::Csv`].
    pub fn new(out: W) -> Result<Self, ExportError> {
        let mut out = writer(out);
        out.write_record([
            "seq",
            "time",
            "fund",
            "part",
            "reason",
            "loss",
            "asset",
            "in_atoms",
            "out_atoms",
            "part_after",
            "fund_after",
            "counterpart",
        ])?;
        Ok(Self { out, parts: BTreeMap::new(), funds: BTreeMap::new() })
    }

    /// Adds a record's rows. `state` serves names only: right after the record, or any later.
    ///
    /// # Errors
    /// [`ExportError::Csv`].
    pub fn record(&mut self, state: &State, record: &Record) -> Result<(), ExportError> {
        record.events.iter().try_for_each(|event| {
            postings(event, |posting| {
                self.side(state, (record, event), posting, false)?;
                self.side(state, (record, event), posting, true)
            })
        })
    }

    fn side(
        &mut self,
        state: &State,
        (record, event): (&Record, &Event),
        posting: Posting,
        comes: bool,
    ) -> Result<(), ExportError> {
        let (account, other) =
            if comes { (posting.credit, posting.debit) } else { (posting.debit, posting.credit) };
        let Some(fund) = fund_of(&state.tranches, account).filter(|_| !posting.amount.is_zero())
        else {
            return Ok(());
        };
        let moved = |balance: &mut Amount| {
            let after = if comes {
                balance.checked_add(posting.amount)
            } else {
                balance.checked_sub(posting.amount)
            };
            *balance = after.ok_or(Corrupt::Overdrawn)?;
            Ok::<_, ExportError>(balance.to_string())
        };
        let part = moved(self.parts.entry(account).or_default())?;
        let whole = moved(self.funds.entry(fund).or_default())?;
        let amount = posting.amount.to_string();
        let (income, outgo) = if comes { (amount, String::new()) } else { (String::new(), amount) };
        put(
            &mut self.out,
            &[
                record.seq.to_string(),
                record.time.to_string(),
                fund_label(state, fund),
                account_path(state, account),
                reason(event, comes).to_owned(),
                loss_of(event).map_or_else(String::new, |loss| loss.to_string()),
                asset_label(state, posting.asset),
                income,
                outgo,
                part,
                whole,
                account_path(state, other),
            ],
        )
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn finish(self) -> Result<W, ExportError> {
        inner(self.out)
    }
}

/// Why money moved: the cause of a loss, what a liquidation brought or cost, else the event's word.
const fn reason(event: &Event, comes: bool) -> &'static str {
    match event {
        Event::LossPlaced(placement) => placement.cause.word(),
        Event::LossReallocated(more) => more.cause.word(),
        Event::LiquidationSettled { .. } if comes => "liquidation",
        Event::LiquidationSettled { .. } => "bounty",
        _ => event_word(event),
    }
}

/// The loss that a movement belongs to.
const fn loss_of(event: &Event) -> Option<LossId> {
    match event {
        Event::LossPlaced(placement) => Some(placement.loss),
        Event::LossReallocated(more) => Some(more.loss),
        Event::LossVoided { loss, .. }
        | Event::LossRecovered { loss, .. }
        | Event::DeficitCovered { loss, .. } => Some(*loss),
        _ => None,
    }
}
