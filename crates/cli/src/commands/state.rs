//! `state`: the ledger's head, hash, and books.

use crate::{
    exit::Failure,
    ledger,
    printer::{Printer, table},
};
use backstop_api::books;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(db: &Path, printer: &Printer) -> Result<(), Failure> {
    let state = ledger::load(db)?;
    let books = books(&state);
    let value = json!({
        "schema": "backstop.state.v1",
        "ledger": state.meta.ledger,
        "rules": state.meta.rules,
        "next_seq": state.meta.next,
        "time": state.meta.now,
        "accounts": state.accounts.len(),
        "losses": state.losses.len(),
        "state_hash": books["state_hash"],
        "books": books,
    });
    printer.either(&value, || {
        let head = ["ledger", "rules", "next_seq", "time", "accounts", "losses", "state_hash"];
        let cell =
            |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let rows: Vec<_> =
            head.iter().map(|field| vec![(*field).to_owned(), cell(&value[field])]).collect();
        let balanced = value["books"]["trial_balance"]["balanced"] == true;
        let word = if balanced { "zero for every asset" } else { "NOT ZERO" };
        format!("{}trial balance  {word}\n", table(&["", ""], &rows).trim_start())
    })
}
