//! Books against custody: what the ledger says is held, what the custodian said, what differs.

use super::{Sheet, losses::asset_cell};
use crate::{
    names::Unit,
    picture::{Cell, Table},
};
use backstop_core::{Event, ledger::LedgerAccount, record::Record, state::State};
use backstop_units::{Amount, AssetId, Seq, Timestamp};

/// What a custodian said he holds, and what the books moved to or from suspense for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    seq: Seq,
    time: Timestamp,
    asset: AssetId,
    balance: Amount,
    as_of: Timestamp,
    surplus: Amount,
    shortfall: Amount,
}

/// The statement behind an event, if it is one.
pub(super) fn statement(record: &Record, event: &Event) -> Option<Statement> {
    let Event::Reconciled { asset, balance, as_of, surplus, shortfall } = *event else {
        return None;
    };
    let (seq, time) = (record.seq, record.time);
    Some(Statement { seq, time, asset, balance, as_of, surplus, shortfall })
}

/// How things stand for each asset, and every statement of the period.
pub(super) fn sheets(statements: &[Statement], state: &State) -> Vec<Sheet> {
    let columns = [
        "asset",
        "in custody by the books",
        "on its way in",
        "on its way out",
        "unexplained surplus",
        "unexplained shortfall",
        "last statement",
        "as of",
        "all debits",
        "all credits",
        "books",
    ];
    let mut table = Table::new("Reconciliation", columns);
    for total in state.ledger.totals() {
        let asset = total.asset;
        let unit = Unit::of(state, asset);
        let of = |account: fn(AssetId) -> LedgerAccount| state.ledger.entry(account(asset), asset);
        let (transit, suspense) = (of(LedgerAccount::InTransit), of(LedgerAccount::Suspense));
        let last = statements.iter().rev().find(|it| it.asset == asset);
        let none = || Cell::text("none in the period");
        table.row([
            asset_cell(state, asset),
            Cell::exact(&unit, of(LedgerAccount::Custody).debit_balance()),
            Cell::exact(&unit, transit.debit_balance()),
            Cell::exact(&unit, transit.credit_balance()),
            Cell::exact(&unit, suspense.credit_balance()),
            Cell::exact(&unit, suspense.debit_balance()),
            last.map_or_else(none, |it| Cell::exact(&unit, it.balance)),
            last.map_or_else(none, |it| Cell::text(it.as_of.to_string())),
            Cell::exact(&unit, total.debits.amount()),
            Cell::exact(&unit, total.credits.amount()),
            Cell::text(if total.balances() { "balance" } else { "DO NOT BALANCE" }),
        ]);
    }
    let columns =
        ["record", "time", "asset", "as of", "balance", "surplus found", "shortfall found"];
    let mut each = Table::new("Statements of custody", columns);
    for it in statements {
        let unit = Unit::of(state, it.asset);
        each.row([
            Cell::number(&it.seq),
            Cell::text(it.time.to_string()),
            asset_cell(state, it.asset),
            Cell::text(it.as_of.to_string()),
            Cell::exact(&unit, it.balance),
            Cell::exact(&unit, it.surplus),
            Cell::exact(&unit, it.shortfall),
        ]);
    }
    let now = "Of each asset: what the books hold in custody, what is between books and custodian, and what they disagree \
               on, which stands in suspense until it is explained. On its way in and out are netted. Debits and credits are \
               all there ever were.";
    let said = "Every balance that a custodian stated in the period, with what was moved to or from suspense so that the \
                books follow it. A statement that agrees has neither.";
    vec![
        Sheet { name: "reconciliation", note: now, shown: usize::MAX, table },
        Sheet { name: "custody-statements", note: said, shown: 40, table: each },
    ]
}
