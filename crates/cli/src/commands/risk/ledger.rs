//! A ledger's hosted markets as the desk's files: accounts, pledges, positions and terms as they stand at its head.
//!
//! An account's equity at the marks, by the core's own margin code, is its collateral: what it has won or lost so far is in
//! it. A pledge of another asset is one in the desk's book too where a market is known that it follows. Attached markets keep
//! their positions at the venue: those come from files.

use super::{book::Book, told};
use crate::{exit::Failure, ledger};
use backstop_core::State;
use backstop_risk::{
    data::read_beside,
    desk::{
        LedgerFund, Setup,
        inputs::{Text, Texts},
    },
};
use backstop_units::FundId;
use std::{collections::BTreeSet, path::Path};

/// What a run has from a ledger beside texts.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) fund: LedgerFund,
    /// What a reader must know of what was found there.
    pub(super) notes: Vec<String>,
}

/// Puts what the ledger holds in the place of files and of settings. With `positions` given as files only the fund is taken.
pub(super) fn fill(
    db: &Path,
    setup: &mut Setup,
    (texts, positions): (&mut Texts, bool),
) -> Result<Seen, Failure> {
    let state = ledger::walk(db, |_, _| Ok(()))?;
    let name = db.display().to_string();
    let wanted = setup.fund.name.clone();
    let holders =
        if positions { state.funds.iter().map(|(id, _)| id).collect() } else { holders(&state) };
    let found = LedgerFund::among(&state, wanted.as_deref(), &|id| holders.contains(&id));
    let fund = found.map_err(|error| told(&error))?.ok_or_else(|| {
        Failure::Input(format!(
            "{name}: no account has a position on a hosted market\n\nhint: an attached market's venue keeps its positions: \
             give --accounts and --positions"
        ))
    })?;
    fund.settle(setup);
    if positions {
        return Ok(Seen { fund, notes: Vec::new() });
    }
    (setup.files.accounts, setup.files.positions) = (None, None);
    let beside = texts.venue.as_ref().map(|text| read_beside(&text.file, &text.text)).transpose();
    let beside = beside.map_err(|error| Failure::Input(error.to_string()))?;
    let mut book = Book::new(&state, fund.id, beside.as_ref());
    for (place, margin) in state.margins.iter().filter(|(_, margin)| margin.fund == fund.id) {
        book.account(place, margin).map_err(|halt| {
            let whose = state.accounts.get(margin.account).map(|account| account.label);
            let whose = whose.unwrap_or_default();
            Failure::Input(format!(
                "{name}: the margin account of {whose} can't be valued at the ledger's last record: {halt}\n\nhint: report fresh \
                 prices first"
            ))
        })?;
    }
    let named = |what: &str, text: String| Some(Text { file: format!("{name} ({what})"), text });
    let (venue, notes) = book.venue(texts.prices.is_empty(), setup.impact.shape);
    texts.venue = named("venue", venue);
    texts.accounts = named("accounts", book.accounts);
    texts.positions = named("positions", book.positions);
    Ok(Seen { fund, notes })
}

/// Funds behind a position that is open.
fn holders(state: &State) -> BTreeSet<FundId> {
    let open = state.margins.iter().filter(|(_, margin)| {
        state.positions_of(margin).any(|(_, position)| position.size.get() != 0)
    });
    open.map(|(_, margin)| margin.fund).collect()
}
