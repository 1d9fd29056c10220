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
use backstop_units::{Amount, AssetId, FundId, LossId};
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
            moves(state, event, |moved| self.side(state, (record, event), &moved))
        })
    }

    fn side(
        &mut self,
        state: &State,
        (record, event): (&Record, &Event),
        moved: &Move,
    ) -> Result<(), ExportError> {
        let after = |balance: &mut Amount| {
            let after = if moved.comes {
                balance.checked_add(moved.amount)
            } else {
                balance.checked_sub(moved.amount)
            };
            *balance = after.ok_or(Corrupt::Overdrawn)?;
            Ok::<_, ExportError>(balance.to_string())
        };
        let part = after(self.parts.entry(moved.part).or_default())?;
        let whole = after(self.funds.entry(moved.fund).or_default())?;
        let amount = moved.amount.to_string();
        let (income, outgo) =
            if moved.comes { (amount, String::new()) } else { (String::new(), amount) };
        put(
            &mut self.out,
            &[
                record.seq.to_string(),
                record.time.to_string(),
                fund_label(state, moved.fund),
                account_path(state, moved.part),
                moved.reason.to_owned(),
                loss_of(event).map_or_else(String::new, |loss| loss.to_string()),
                asset_label(state, moved.asset),
                income,
                outgo,
                part,
                whole,
                account_path(state, moved.other),
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

/// One side of a posting that is a fund's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// Whose it is.
    pub(crate) fund: FundId,
    /// The account of the fund that it moved.
    pub(crate) part: LedgerAccount,
    /// Where it came from or went.
    pub(crate) other: LedgerAccount,
    /// Of which asset.
    pub(crate) asset: AssetId,
    /// How much; never nothing.
    pub(crate) amount: Amount,
    /// Into the fund, or out of it.
    pub(crate) comes: bool,
    /// Why.
    pub(crate) reason: &'static str,
}

/// Calls `visit` for each side of an event's postings that is a fund's. `state` says which tranche is whose.
///
/// # Errors
/// What `visit` returns.
pub(crate) fn moves(
    state: &State,
    event: &Event,
    mut visit: impl FnMut(Move) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    postings(event, |posting| {
        let Posting { debit, credit, asset, amount } = posting;
        for (part, other, comes) in [(debit, credit, false), (credit, debit, true)] {
            if let Some(fund) = fund_of(&state.tranches, part).filter(|_| !amount.is_zero()) {
                let reason = reason(event, comes);
                visit(Move { fund, part, other, asset, amount, comes, reason })?;
            }
        }
        Ok(())
    })
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
