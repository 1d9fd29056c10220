//! One journal for hledger and Ledger, written as the records go by.
//!
//! ```text
//!   2025-10-10 (17) settle_liquidation by venue
//!       ; seq: 17
//!       ; time: 2025-10-10T21:00:00Z
//!       Liabilities:Market:sol-perp:Clearing      5.000000 "usdt"
//!       Equity:Fund:main:Reserve                 -1.000000 "usdt"
//! ```
//!
//! Assets and accounts are declared right before the first transaction that uses them: one file, one
//! pass, and both programs' strict modes hold. The file ends with postings of nothing that assert
//! the state's balance of every account, so the outside program checks the engine's books and not
//! only that each transaction balances.

use crate::{
    error::ExportError,
    names::{account_path, level},
    words::{command_word, event_word, loss_of},
};
use backstop_core::{
    Corrupt,
    ledger::{LedgerAccount, Posting, postings},
    record::{Entry, Record},
    state::State,
};
use backstop_units::{Amount, AssetId, Seq, Timestamp, format_decimal};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{BufWriter, Write},
};

/// Tags on transactions; Ledger's pedantic mode wants them declared.
const TAGS: [&str; 6] = ["seq", "time", "id", "actor", "events", "loss"];

/// Assertions in one closing transaction: Ledger takes quadratic time in the length of one.
const CLOSING_LINES: usize = 64;

/// One line of a transaction: postings to one column of one account, added up.
struct Line {
    account: LedgerAccount,
    asset: AssetId,
    debit: bool,
    amount: Amount,
}

/// Writes the books of one ledger. **Complexity** one line of output for each account and column
/// that a record touches; memory for the set of accounts seen.
pub struct LedgerWriter<W: Write> {
    out: BufWriter<W>,
    next: Seq,
    transactions: u64,
    accounts: BTreeSet<LedgerAccount>,
    assets: BTreeSet<AssetId>,
    lines: Lines,
    text: String,
}

impl<W: Write> std::fmt::Debug for LedgerWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerWriter").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<W: Write> LedgerWriter<W> {
    /// A writer before the genesis record. It buffers.
    pub fn new(out: W) -> Self {
        Self {
            out: BufWriter::new(out),
            next: Seq::default(),
            transactions: 0,
            accounts: BTreeSet::new(),
            assets: BTreeSet::new(),
            lines: Lines::default(),
            text: String::new(),
        }
    }

    /// Adds the next record. `state` serves names only: the state right after the record, or any later.
    ///
    /// # Errors
    /// [`ExportError::OutOfOrder`] when it is not the next, [`ExportError::Io`].
    pub fn record(&mut self, state: &State, record: &Record) -> Result<(), ExportError> {
        if record.seq != self.next {
            return Err(ExportError::OutOfOrder { got: record.seq, expected: self.next });
        }
        self.text.clear();
        if self.next == Seq::default() {
            header(&mut self.text, state);
        }
        self.lines.clear();
        for event in &record.events {
            let lines = &mut self.lines;
            postings(event, |posting| {
                lines.add(posting);
                Ok::<(), ExportError>(())
            })?;
        }
        if !self.lines.lines.is_empty() {
            self.declare(state);
            transaction(&mut self.text, record);
            for line in &self.lines.lines {
                posting_line(&mut self.text, state, line);
            }
            self.transactions = self.transactions.saturating_add(1);
        }
        self.out.write_all(self.text.as_bytes())?;
        self.next = self.next.next();
        Ok(())
    }

    /// Writes the closing assertions, flushes, and returns what was written to.
    ///
    /// # Errors
    /// [`ExportError::OtherState`] when `state` is not the one right after the last record,
    /// [`ExportError::Corrupt`] when debits are not credits, [`ExportError::Io`].
    pub fn finish(mut self, state: &State) -> Result<W, ExportError> {
        if state.meta.next != self.next {
            return Err(ExportError::OtherState { state: state.meta.next, written: self.next });
        }
        self.text.clear();
        summary(&mut self.text, state, self.transactions)?;
        let mut entries: Vec<_> = state.ledger.iter().collect();
        entries.sort_unstable_by_key(|entry| (entry.account, entry.asset));
        let date = date(state.meta.now);
        for some in entries.chunks(CLOSING_LINES) {
            line(&mut self.text, format_args!("\n{date} (end) closing balances"));
            for entry in some {
                let balance = signed(state, entry.asset, entry.debits, entry.credits);
                let zero = signed(state, entry.asset, Amount::ZERO, Amount::ZERO);
                let path = account_path(state, entry.account);
                line(&mut self.text, format_args!("    {path}  {zero} = {balance}"));
            }
        }
        self.out.write_all(self.text.as_bytes())?;
        self.out.into_inner().map_err(|error| ExportError::Io(error.into_error()))
    }

    /// Declares assets and accounts that the coming transaction is the first to use.
    fn declare(&mut self, state: &State) {
        for used in &self.lines.lines {
            if self.assets.insert(used.asset) {
                let symbol = symbol(state, used.asset);
                let format = number(state, used.asset, Amount::new(0));
                line(&mut self.text, format_args!("\ncommodity {symbol}"));
                line(&mut self.text, format_args!("    format {format} {symbol}"));
            }
        }
        let mut first = true;
        for used in &self.lines.lines {
            if self.accounts.insert(used.account) {
                let gap = if std::mem::take(&mut first) { "\n" } else { "" };
                let path = account_path(state, used.account);
                line(&mut self.text, format_args!("{gap}account {path}"));
            }
        }
    }
}

/// The lines of one transaction, in the order of their first posting.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    index: BTreeMap<(LedgerAccount, AssetId, bool), usize>,
}

impl Lines {
    fn clear(&mut self) {
        self.lines.clear();
        self.index.clear();
    }

    /// Adds a posting of something to both its lines. Debits and credits of an account stay apart.
    fn add(&mut self, posting: Posting) {
        if posting.amount.is_zero() {
            return;
        }
        let Posting { debit, credit, asset, amount } = posting;
        for (account, debit) in [(debit, true), (credit, false)] {
            let key = (account, asset, debit);
            let same = self.index.get(&key).and_then(|at| self.lines.get_mut(*at));
            let sum = same.and_then(|line| {
                line.amount.checked_add(amount).map(|sum| (&mut line.amount, sum))
            });
            if let Some((amount, sum)) = sum {
                *amount = sum;
            } else {
                // The first, or one whose sum would pass 128 bits.
                self.index.insert(key, self.lines.len());
                self.lines.push(Line { account, asset, debit, amount });
            }
        }
    }
}

fn header(text: &mut String, state: &State) {
    let ledger = level(state.meta.ledger);
    line(text, format_args!("; Backstop: books of ledger {ledger}, for hledger and Ledger."));
    for words in [
        "; One transaction for each record that moves money, in the order of the log; the number in",
        "; brackets is the record's sequence number. Debits are positive, credits negative. A colon in a",
        "; name is written as a slash. The closing lines assert the engine's own balances: if a posting",
        "; is missing or changed, the file does not load.",
        ";   hledger -f FILE check --strict ordereddates",
        ";   ledger -f FILE --pedantic balance",
        "",
    ] {
        line(text, format_args!("{words}"));
    }
    for tag in TAGS {
        line(text, format_args!("tag {tag}"));
    }
}

fn transaction(text: &mut String, record: &Record) {
    let (date, seq, word) = (date(record.time), record.seq, command_word(record));
    let who = match &record.entry {
        Entry::Genesis(genesis) => format!("of {}", level(genesis.ledger)),
        Entry::Command(command) => format!("by {}", level(command.actor)),
    };
    line(text, format_args!("\n{date} ({seq}) {word} {who}"));
    line(text, format_args!("    ; seq: {seq}"));
    line(text, format_args!("    ; time: {}", record.time));
    if let Entry::Command(command) = &record.entry {
        line(text, format_args!("    ; id: {}", level(command.id)));
        line(text, format_args!("    ; actor: {}", level(command.actor)));
    }
    line(text, format_args!("    ; events: {}", event_words(record)));
    let losses: BTreeSet<_> = record.events.iter().filter_map(loss_of).collect();
    if !losses.is_empty() {
        let losses: Vec<String> = losses.iter().map(ToString::to_string).collect();
        line(text, format_args!("    ; loss: {}", losses.join(" ")));
    }
}

/// The record's events in order; a run of one word is written once, with its length.
fn event_words(record: &Record) -> String {
    let mut runs: Vec<(&'static str, u64)> = Vec::new();
    for word in record.events.iter().map(event_word) {
        match runs.last_mut() {
            Some((last, count)) if *last == word => *count = count.saturating_add(1),
            _ => runs.push((word, 1)),
        }
    }
    let spell = |(word, count): &(&str, u64)| match count {
        1 => (*word).to_owned(),
        count => format!("{word}*{count}"),
    };
    runs.iter().map(spell).collect::<Vec<_>>().join(" ")
}

fn posting_line(text: &mut String, state: &State, posting: &Line) {
    let (mut debits, mut credits) = (Amount::ZERO, Amount::ZERO);
    *(if posting.debit { &mut debits } else { &mut credits }) = posting.amount;
    let path = account_path(state, posting.account);
    line(text, format_args!("    {path}  {}", signed(state, posting.asset, debits, credits)));
}

/// What the file holds, for people.
fn summary(text: &mut String, state: &State, transactions: u64) -> Result<(), ExportError> {
    let next = state.meta.next;
    line(text, format_args!("\n; Closing: {next} records, {transactions} with postings."));
    line(text, format_args!("; State hash {}", state.hash()));
    for total in state.ledger.totals() {
        if !total.balances() {
            return Err(Corrupt::TrialBalance.into());
        }
        let symbol = symbol(state, total.asset);
        let sum = match total.debits.amount() {
            Amount::MAX => "past 128 bits of atoms".to_owned(),
            amount => number(state, total.asset, amount),
        };
        line(text, format_args!("; Trial balance {symbol}: debits = credits = {sum}"));
    }
    Ok(())
}

fn date(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('T').map_or_else(String::new, |(date, _)| date.to_owned())
}

/// An asset's name as both programs read it, whatever is in it.
fn symbol(state: &State, asset: AssetId) -> String {
    let label = state.assets.get(asset).map(|asset| level(asset.label));
    format!("\"{}\"", label.unwrap_or_else(|| asset.to_string()))
}

/// An amount in whole units. hledger wants a decimal point in a format, so there is always one.
fn number(state: &State, asset: AssetId, amount: Amount) -> String {
    match state.assets.get(asset).map_or(0, |asset| asset.decimals) {
        0 => format!("{amount}.0"),
        decimals => format_decimal(amount.get(), decimals),
    }
}

fn signed(state: &State, asset: AssetId, debits: Amount, credits: Amount) -> String {
    let (sign, amount) = match debits.checked_sub(credits) {
        Some(balance) => ("", balance),
        None => ("-", credits.saturating_sub(debits)),
    };
    format!("{sign}{} {}", number(state, asset, amount), symbol(state, asset))
}

/// Appends a line. Writing into memory can't fail.
fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{words}");
}
