//! CSV after RFC 4180: postings, losses with their rows, balances.
//!
//! Amounts are whole atoms. A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or a
//! control character for a formula, and a label may begin with `-`; such a text gets an apostrophe in
//! front. Numbers are never negative: balances have a side instead.

use crate::{
    error::ExportError,
    loss::row_words,
    names::{account_label, account_path, asset_label, market_label},
    words::{command_word, status_word},
};
use ::csv::{Terminator, Writer, WriterBuilder};
use backstop_core::{
    ledger::postings,
    record::Record,
    state::{Loss, State},
};
use backstop_units::{Hash, LossId, Price};
use std::{borrow::Cow, io::Write};

/// A text that no spreadsheet runs.
pub fn guarded(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

pub(crate) fn writer<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

pub(crate) fn inner<W: Write>(out: Writer<W>) -> Result<W, ExportError> {
    out.into_inner().map_err(|error| ExportError::Io(std::io::Error::other(error.to_string())))
}

pub(crate) fn put<W: Write, const N: usize>(
    out: &mut Writer<W>,
    cells: &[String; N],
) -> Result<(), ExportError> {
    out.write_record(cells.iter().map(|cell| guarded(cell).into_owned()))?;
    Ok(())
}

/// Writes every posting as the records go by.
#[derive(Debug)]
pub struct PostingsCsv<W: Write>(Writer<W>);

impl<W: Write> PostingsCsv<W> {
    /// Writes the head line.
    ///
    /// # Errors
    /// [`ExportError::Csv`].
    pub fn new(out: W) -> Result<Self, ExportError> {
        let mut out = writer(out);
        out.write_record([
            "seq",
            "time",
            "command",
            "debit_account",
            "credit_account",
            "asset",
            "amount_atoms",
        ])?;
        Ok(Self(out))
    }

    /// Adds a record's postings. `state` serves names only: right after the record, or any later.
    ///
    /// # Errors
    /// [`ExportError::Csv`].
    pub fn record(&mut self, state: &State, record: &Record) -> Result<(), ExportError> {
        let out = &mut self.0;
        record.events.iter().try_for_each(|event| {
            postings(event, |posting| {
                if posting.amount.is_zero() {
                    return Ok(());
                }
                let cells = [
                    record.seq.to_string(),
                    record.time.to_string(),
                    command_word(record).to_owned(),
                    account_path(state, posting.debit),
                    account_path(state, posting.credit),
                    asset_label(state, posting.asset),
                    posting.amount.to_string(),
                ];
                put(out, &cells)
            })
        })
    }

    /// Flushes and returns what was written to.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn finish(self) -> Result<W, ExportError> {
        inner(self.0)
    }
}

/// Writes every account's columns and balance, in the order of the chart of accounts.
///
/// # Errors
/// [`ExportError::Csv`], [`ExportError::Io`].
pub fn balances_csv<W: Write>(out: W, state: &State) -> Result<W, ExportError> {
    let mut out = writer(out);
    out.write_record([
        "account",
        "asset",
        "debits_atoms",
        "credits_atoms",
        "side",
        "balance_atoms",
    ])?;
    let mut entries: Vec<_> = state.ledger.iter().collect();
    entries.sort_unstable_by_key(|entry| (entry.account, entry.asset));
    for entry in entries {
        let (side, balance) = match entry.debits.checked_sub(entry.credits) {
            Some(balance) => ("debit", balance),
            None => ("credit", entry.credit_balance()),
        };
        let cells = [
            account_path(state, entry.account),
            asset_label(state, entry.asset),
            entry.debits.to_string(),
            entry.credits.to_string(),
            side.to_owned(),
            balance.to_string(),
        ];
        put(&mut out, &cells)?;
    }
    inner(out)
}

/// Writes every loss, one line for each of its rows; a loss without rows has one line.
///
/// # Errors
/// [`ExportError::Corrupt`], [`ExportError::Csv`], [`ExportError::Io`].
pub fn losses_csv<W: Write>(out: W, state: &State) -> Result<W, ExportError> {
    let mut out = writer(out);
    out.write_record([
        "loss",
        "seq",
        "status",
        "cause",
        "market",
        "account",
        "occurred_at",
        "declared_at",
        "asset",
        "gross_atoms",
        "mark",
        "evidence",
        "row",
        "layer",
        "bearer",
        "amount_atoms",
        "recovered_atoms",
    ])?;
    for (id, loss) in state.losses.iter() {
        let head = loss_cells(state, id, loss)?;
        let rows = (0u64..).zip(&loss.rows).map(|(at, row)| {
            [
                at.to_string(),
                row.row.layer.to_string(),
                row_words(state, loss.market, &row.row.cohort),
                row.row.amount.to_string(),
                row.recovered.to_string(),
            ]
        });
        let none = loss.rows.is_empty().then(|| std::array::from_fn(|_| String::new()));
        for row in rows.chain(none) {
            let cells = head.iter().chain(&row);
            out.write_record(cells.map(|cell| guarded(cell).into_owned()))?;
        }
    }
    inner(out)
}

fn loss_cells(state: &State, id: LossId, loss: &Loss) -> Result<[String; 12], ExportError> {
    let fund = state.markets.expect(loss.market)?.fund;
    let asset = state.funds.expect(fund)?.asset;
    let none = String::new;
    Ok([
        id.to_string(),
        loss.placed_in.map_or_else(none, |seq| seq.to_string()),
        status_word(loss.status).to_owned(),
        loss.cause.word().to_owned(),
        market_label(state, loss.market),
        loss.account.map_or_else(none, |account| account_label(state, account)),
        loss.occurred_at.to_string(),
        loss.declared_at.to_string(),
        asset_label(state, asset),
        loss.gross.to_string(),
        if loss.mark == Price::ZERO { none() } else { loss.mark.to_string() },
        if loss.evidence == Hash::ZERO { none() } else { loss.evidence.to_string() },
    ])
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn formulas_are_text() {
        for (text, want) in [
            ("alice", "alice"),
            ("-1.1", "'-1.1"),
            ("=1", "'=1"),
            ("+1", "'+1"),
            ("@a", "'@a"),
            ("\tx", "'\tx"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), want);
        }
    }
}
