//! The trial balance: what every account held before the period, its debits and credits in it, what it holds after.

use super::{Columns, Sheet};
use crate::{
    error::ExportError,
    names::{Unit, account_path},
    picture::{Cell, Table},
};
use backstop_core::{
    ledger::{LedgerAccount, Sum},
    state::State,
};
use backstop_units::{Amount, AssetId};
use std::collections::BTreeMap;

/// The columns of a trial balance: debits stand left of credits.
const COLUMNS: [&str; 8] = [
    "account",
    "asset",
    "opening debit",
    "opening credit",
    "debits",
    "credits",
    "closing debit",
    "closing credit",
];

/// Opening debit and credit, debits and credits of the period, closing debit and credit.
type Line = [Amount; 6];

/// The trial balance by kind of account, whose last line of each asset adds it up, and that of each account.
///
/// # Errors
/// [`ExportError::Untied`] when an account's columns have shrunk.
pub(super) fn sheets(opening: &Columns, state: &State) -> Result<Vec<Sheet>, ExportError> {
    let mut kinds: BTreeMap<(AssetId, &'static str), [Sum; 6]> = BTreeMap::new();
    let mut totals: BTreeMap<AssetId, [Sum; 6]> = BTreeMap::new();
    let mut accounts = Table::new("Trial balance, account by account", COLUMNS);
    for ((asset, account), closing) in super::columns(state) {
        let before = opening.get(&(asset, account)).copied().unwrap_or_default();
        let line = line(before, closing)
            .ok_or_else(|| ExportError::Untied { account: account_path(state, account) })?;
        add(kinds.entry((asset, account.word())).or_default(), &line);
        add(totals.entry(asset).or_default(), &line);
        accounts.rows.push(cells(state, (asset, account_path(state, account)), &line));
    }
    let mut table = Table::new("Trial balance", COLUMNS);
    for (asset, total) in totals {
        let of = kinds.range((asset, "")..).take_while(|((other, _), _)| *other == asset);
        for ((_, kind), sums) in of {
            let name = kind.replace('_', " ");
            table.rows.push(cells(state, (asset, name), &sums.map(Sum::amount)));
        }
        table.rows.push(cells(state, (asset, "all accounts".to_owned()), &total.map(Sum::amount)));
    }
    let note = "Debits equal credits in every line `all accounts`: the sum over all accounts of an asset is zero, \
                before, in and after the period. What is held stands on the debit side, what is owed on the credit side.";
    let each = "Each account with the columns of the ledger. Closing balances are those that \
                `backstop export ledger` asserts and hledger adds up.";
    Ok(vec![
        Sheet { name: "trial-balance", note, shown: usize::MAX, table },
        Sheet { name: "trial-balance-accounts", note: each, shown: 0, table: accounts },
    ])
}

/// An account's line out of its columns before and after.
fn line(before: (Amount, Amount), after: (Amount, Amount)) -> Option<Line> {
    let sides = |(debits, credits): (Amount, Amount)| {
        (debits.saturating_sub(credits), credits.saturating_sub(debits))
    };
    let (opening, closing) = (sides(before), sides(after));
    let debits = after.0.checked_sub(before.0)?;
    let credits = after.1.checked_sub(before.1)?;
    Some([opening.0, opening.1, debits, credits, closing.0, closing.1])
}

fn add(sums: &mut [Sum; 6], line: &Line) {
    for (sum, amount) in sums.iter_mut().zip(line) {
        sum.add(*amount);
    }
}

fn cells(state: &State, (asset, name): (AssetId, String), line: &Line) -> Vec<Cell> {
    let unit = Unit::of(state, asset);
    let amounts = line.iter().map(|amount| Cell::exact(&unit, *amount));
    [Cell::text(name), Cell::text(unit.symbol.clone())].into_iter().chain(amounts).collect()
}

/// What an account held or was owed at the opening: the larger side less the smaller.
pub(super) fn owed_before(opening: &Columns, asset: AssetId, account: LedgerAccount) -> Amount {
    let (debits, credits) = opening.get(&(asset, account)).copied().unwrap_or_default();
    credits.saturating_sub(debits)
}
