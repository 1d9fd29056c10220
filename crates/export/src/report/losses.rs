//! Losses of a period: who paid, layer by layer, what nobody paid, what came back.

use super::{Period, Sheet};
use crate::{
    error::ExportError,
    loss::row_words,
    names::{
        Unit, account_label, account_path, asset_label, market_label, reserve_label, vault_label,
    },
    picture::{Cell, Table},
    standing::halted,
    words::{event_word, loss_of, status_word},
};
use backstop_core::{
    Event,
    event::Cohort,
    ledger::{LedgerAccount, Sum, postings},
    record::Record,
    state::{Loss, State, VaultLoss},
};
use backstop_units::{Amount, AssetId, LossId, Seq, Timestamp, VaultLossId};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a page; the files hold all.
const SHOWN: usize = 40;

/// Who can bear a row, in the order of the columns.
pub(super) const BEARERS: [&str; 7] =
    ["fee pools", "reserves", "contributions", "stakers", "house accounts", "users", "nobody"];

/// The place of a row's bearer among [`BEARERS`].
pub(super) const fn bearer(cohort: &Cohort) -> usize {
    match cohort {
        Cohort::FeePool => 0,
        Cohort::Reserve(_) => 1,
        Cohort::Contributions(_) => 2,
        Cohort::Stakers { .. } => 3,
        Cohort::House(_) => 4,
        Cohort::Positions { .. }
        | Cohort::Adl { .. }
        | Cohort::Equity { .. }
        | Cohort::Depositors { .. }
        | Cohort::Haircut { .. } => 5,
        Cohort::Residual => 6,
    }
}

/// Money that came back, one posting of it.
#[derive(Clone, Copy, Debug)]
struct Back {
    seq: Seq,
    time: Timestamp,
    loss: LossId,
    word: &'static str,
    asset: AssetId,
    to: LedgerAccount,
    amount: Amount,
}

/// What is gathered of losses.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    touched: BTreeSet<LossId>,
    back: Vec<Back>,
}

impl Losses {
    /// Takes in an event of the period.
    pub(super) fn event(&mut self, state: &State, record: &Record, event: &Event) {
        self.touched.extend(loss_of(event));
        if let Event::LossRecovered { loss, .. } | Event::LossVoided { loss, .. } = event {
            let (seq, time, word) = (record.seq, record.time, event_word(event));
            // The closure can't fail, so neither can the walk.
            let _ = postings(event, |posting| {
                let (asset, to, amount) = (posting.asset, posting.credit, posting.amount);
                if !amount.is_zero() && state.losses.get(*loss).is_some() {
                    self.back.push(Back { seq, time, loss: *loss, word, asset, to, amount });
                }
                Ok::<(), std::convert::Infallible>(())
            });
        }
    }

    /// Losses touched in the period, their rows, what came back of any loss, and losses of vaults.
    ///
    /// # Errors
    /// [`ExportError::Corrupt`].
    pub(super) fn sheets(&self, period: Period, state: &State) -> Result<Vec<Sheet>, ExportError> {
        let mut of_period = Vec::new();
        for id in &self.touched {
            let loss = state.losses.get(*id).ok_or(ExportError::UnknownLoss(*id))?;
            let asset = state.funds.expect(state.markets.expect(loss.market)?.fund)?.asset;
            of_period.push((*id, loss, asset));
        }
        let whole = "Every loss that a record of the period is about: declared, placed, withdrawn, recovered. Rows \
                     are as they stood at the end of the period; what bore it adds up to the loss. Users are positions, \
                     deleveraged winners, accounts by equity, depositors and haircuts. A withdrawn loss counts in no sum.";
        let parts = "The rows of these losses, each with its bearer and what came back to it.";
        let back = "Money that came back to those who bore a loss, and rows that were reversed.";
        let vaults = "What vaults noticed in the period that they had lost, as it stood at its end: a provisional part may \
                      still come right, a socialised one is lost. Amounts as `vault losses` has them.";
        Ok(vec![
            Sheet {
                name: "losses",
                note: whole,
                shown: SHOWN,
                table: by_loss(state, of_period.clone()),
            },
            Sheet { name: "loss-rows", note: parts, shown: 0, table: rows(state, &of_period) },
            Sheet { name: "recoveries", note: back, shown: SHOWN, table: self.back(state) },
            Sheet {
                name: "vault-losses",
                note: vaults,
                shown: SHOWN,
                table: of_vaults(period, state)?,
            },
        ])
    }

    fn back(&self, state: &State) -> Table {
        let columns = ["record", "time", "loss", "what", "to", "amount"];
        let mut table = Table::new("What came back", columns);
        for back in &self.back {
            table.row([
                Cell::number(&back.seq),
                Cell::text(back.time.to_string()),
                Cell::text(back.loss.to_string()),
                Cell::text(back.word.replace('_', " ")),
                Cell::text(account_path(state, back.to)),
                Cell::exact(&Unit::of(state, back.asset), back.amount),
            ]);
        }
        table
    }
}

/// What each of [`BEARERS`] bore of a loss, and what came back to all of them.
pub(super) fn borne(loss: &Loss) -> ([Amount; 7], Amount) {
    let (mut bore, mut back) = ([Amount::ZERO; 7], Amount::ZERO);
    for row in &loss.rows {
        if let Some(sum) = bore.get_mut(bearer(&row.row.cohort)) {
            *sum = sum.saturating_add(row.row.amount);
        }
        back = back.saturating_add(row.recovered);
    }
    (bore, back)
}

/// A line for each loss, the largest first, and a sum for each asset.
fn by_loss(state: &State, mut losses: Vec<(LossId, &Loss, AssetId)>) -> Table {
    losses.sort_by_key(|(id, loss, asset)| (*asset, std::cmp::Reverse(loss.gross), *id));
    let mut table = Table::new(
        "Losses",
        ["loss", "record", "occurred at", "market", "cause", "status", "gross"],
    );
    table.columns.extend(BEARERS.map(str::to_owned));
    table.columns.push("came back".to_owned());
    let mut sums: BTreeMap<AssetId, [Sum; 9]> = BTreeMap::new();
    for (id, loss, asset) in losses {
        let (bore, back) = borne(loss);
        let amounts = [loss.gross].into_iter().chain(bore).chain([back]);
        if loss.status != backstop_core::state::LossStatus::Void {
            let sums = sums.entry(asset).or_default();
            sums.iter_mut().zip(amounts.clone()).for_each(|(sum, amount)| sum.add(amount));
        }
        let unit = Unit::of(state, asset);
        let head = [
            Cell::text(id.to_string()),
            loss.placed_in.map_or_else(|| Cell::text(""), |seq| Cell::number(&seq)),
            Cell::text(loss.occurred_at.to_string()),
            Cell::text(market_label(state, loss.market)),
            Cell::text(loss.cause.word().replace('_', " ")),
            Cell::text(status_word(loss.status)),
        ];
        let amounts = amounts.map(|amount| Cell::exact(&unit, amount));
        table.rows.push(head.into_iter().chain(amounts).collect());
    }
    // The sums come first, or a page that is cut short would not have them.
    let totals = sums.into_iter().map(|(asset, sums)| {
        let unit = Unit::of(state, asset);
        let words = ["all, but withdrawn", "", "", "", "", ""].map(Cell::text);
        let amounts = sums.map(|sum| Cell::exact(&unit, sum.amount()));
        words.into_iter().chain(amounts).collect()
    });
    table.rows.splice(0..0, totals.collect::<Vec<_>>());
    table
}

fn rows(state: &State, losses: &[(LossId, &Loss, AssetId)]) -> Table {
    let columns = ["loss", "row", "layer", "placed at", "account", "bearer", "bore", "came back"];
    let mut table = Table::new("Rows of losses", columns);
    for (id, loss, asset) in losses {
        let unit = Unit::of(state, *asset);
        for (at, row) in (0u64..).zip(&loss.rows) {
            table.row([
                Cell::text(id.to_string()),
                Cell::number(&at),
                Cell::number(&row.row.layer),
                Cell::text(row.placed_at.to_string()),
                Cell::text(loss.account.map_or_else(String::new, |it| account_label(state, it))),
                Cell::text(row_words(state, loss.market, &row.row.cohort)),
                Cell::exact(&unit, row.row.amount),
                Cell::exact(&unit, row.recovered),
            ]);
        }
    }
    table
}

fn of_vaults(period: Period, state: &State) -> Result<Table, ExportError> {
    let columns = [
        "loss",
        "record",
        "vault",
        "reserve",
        "occurred at",
        "provisional",
        "socialised",
        "released",
        "by fees",
        "by pool",
        "by holders",
        "assessed",
        "paid to claims",
    ];
    let mut table = Table::new("Losses of vaults", columns);
    for (id, loss) in state.vault_losses.iter() {
        if period.contains(loss.noticed_at) {
            table.rows.push(of_vault(state, id, loss)?);
        }
    }
    Ok(table)
}

/// **Rounding** as where a vault's losses are listed: up what is lost, down what came right or others bore.
fn of_vault(state: &State, id: VaultLossId, loss: &VaultLoss) -> Result<Vec<Cell>, ExportError> {
    let amounts = loss.amounts(state).map_err(halted)?;
    let by_holders = loss.borne_of(state, loss.borne_by()).map_err(halted)?;
    let compensation = state.compensation(id);
    let assessed = compensation.map_or(Amount::ZERO, |held| held.assessment.amount);
    let claims = compensation.and_then(|held| held.claims);
    let sums = [
        amounts.provisional.ceil(),
        amounts.socialised.ceil(),
        amounts.released.floor(),
        loss.cushioned.floor(),
        loss.absorbed.floor(),
        by_holders.ceil(),
        assessed,
        claims.map_or(Amount::ZERO, |claims| claims.paid),
    ];
    let unit = Unit::of(state, state.vaults.expect(loss.vault)?.asset);
    let head = [
        Cell::text(id.to_string()),
        Cell::number(&loss.seq),
        Cell::text(vault_label(state, loss.vault)),
        Cell::text(reserve_label(state, loss.reserve)),
        Cell::text(loss.at.to_string()),
    ];
    Ok(head.into_iter().chain(sums.map(|sum| Cell::exact(&unit, sum))).collect())
}

/// The name of an asset, for lines that are about one.
pub(super) fn asset_cell(state: &State, asset: AssetId) -> Cell {
    Cell::text(asset_label(state, asset))
}
