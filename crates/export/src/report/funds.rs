//! Funds over a period: opening balance, what came in and went out by reason, closing balance, coverage.

use super::{Columns, Sheet, trial::owed_before};
use crate::{
    error::ExportError,
    fund_csv::moves,
    names::{Unit, account_path, fund_label},
    picture::{Cell, Table},
    standing::{halted, ratio_words},
};
use backstop_core::{
    Event,
    fund::{coverage::target_at, coverage_at, gauge::fund_of},
    ledger::{LedgerAccount, Sum},
    state::State,
};
use backstop_units::{Amount, AssetId, FundId, Seq, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What counted of a fund at a moment.
#[derive(Clone, Copy, Debug)]
struct Counted {
    amount: Amount,
    target: Amount,
    at: Timestamp,
    /// After which record; none at the ends of the period.
    seq: Option<Seq>,
}

/// What is gathered of funds.
#[derive(Clone, Debug, Default)]
pub(super) struct Funds {
    /// What came into a part of a fund and went out of it, by reason.
    moved: BTreeMap<(LedgerAccount, AssetId, &'static str), (Sum, Sum)>,
    first: BTreeMap<FundId, Counted>,
    least: BTreeMap<FundId, Counted>,
    /// Funds of the present record.
    touched: BTreeSet<FundId>,
}

impl Funds {
    /// Measures every fund as the period begins.
    pub(super) fn open(&mut self, state: &State, from: Timestamp) -> Result<(), ExportError> {
        for (id, _) in state.funds.iter() {
            let found = counted(state, id, (from, None))?;
            self.first.insert(id, found);
            self.least.insert(id, found);
        }
        Ok(())
    }

    /// Takes in an event of the period.
    pub(super) fn event(&mut self, after: &State, event: &Event) -> Result<(), ExportError> {
        self.touched.extend(subject(after, event));
        moves(after, event, |moved| {
            self.touched.insert(moved.fund);
            let (income, outgo) =
                self.moved.entry((moved.part, moved.asset, moved.reason)).or_default();
            if moved.comes { income } else { outgo }.add(moved.amount);
            Ok(())
        })
    }

    /// Measures the funds that a record touched.
    pub(super) fn measure(&mut self, after: &State, seq: Seq) -> Result<(), ExportError> {
        for id in std::mem::take(&mut self.touched) {
            let found = counted(after, id, (after.meta.now, Some(seq)))?;
            self.lower(id, found);
        }
        Ok(())
    }

    fn lower(&mut self, id: FundId, found: Counted) {
        let least = self.least.entry(id).or_insert(found);
        if found.amount < least.amount {
            *least = found;
        }
    }

    /// The moves of each part of each fund, and its coverage at both ends and where it was least.
    ///
    /// # Errors
    /// [`ExportError::Untied`] when moves do not lead from the opening to the closing balance.
    pub(super) fn sheets(
        mut self,
        opening: &Columns,
        state: &State,
        as_of: Timestamp,
    ) -> Result<Vec<Sheet>, ExportError> {
        let columns = ["fund", "part", "what", "in", "out", "balance"];
        let mut table = Table::new("Funds", columns);
        for (part, asset) in parts(opening, state) {
            let Some(fund) = fund_of(&state.tranches, part) else { continue };
            self.part(&mut table, (opening, state), (fund, part, asset))?;
        }
        let columns =
            ["fund", "moment", "time", "record", "counts", "target", "counts of the target"];
        let mut coverage = Table::new("Coverage", columns);
        for (id, _) in state.funds.iter() {
            let last = counted(state, id, (as_of, None))?;
            self.lower(id, last);
            let least = self.least.get(&id).copied();
            let rows =
                [("start", self.first.get(&id).copied()), ("least", least), ("end", Some(last))];
            for (moment, found) in rows {
                coverage.rows.extend(found.map(|found| measured(state, (id, moment), found)));
            }
        }
        let of_moves = "Each part of a fund: what it held, what came and went by reason, what it holds. Reasons are those \
                        of `backstop export funds`, which has every single move. Opening and moves lead to the closing \
                        balance, or there would be no statement.";
        let of_coverage = "What counted toward threshold and target as the period began, at its least, and at its end. \
                           The least is looked for after every record that moved the fund's money, exits, \
                           reservations or settings. A fund that was made in the period has no start.";
        Ok(vec![
            Sheet { name: "funds", note: of_moves, shown: usize::MAX, table },
            Sheet { name: "coverage", note: of_coverage, shown: usize::MAX, table: coverage },
        ])
    }

    /// The lines of one part of a fund.
    fn part(
        &self,
        table: &mut Table,
        (opening, state): (&Columns, &State),
        (fund, part, asset): (FundId, LedgerAccount, AssetId),
    ) -> Result<(), ExportError> {
        let unit = Unit::of(state, asset);
        let path = account_path(state, part);
        let mut put = |what: &str, [income, outgo, balance]: [Option<Amount>; 3]| {
            let cell = |amount: Option<Amount>| {
                amount.map_or_else(|| Cell::text(""), |amount| Cell::exact(&unit, amount))
            };
            table.row([
                Cell::text(fund_label(state, fund)),
                Cell::text(path.clone()),
                Cell::text(what.replace('_', " ")),
                cell(income),
                cell(outgo),
                cell(balance),
            ]);
        };
        let before = owed_before(opening, asset, part);
        put("opening", [None, None, Some(before)]);
        let mut sums = (Sum::ZERO, Sum::ZERO);
        sums.0.add(before);
        let of = self.moved.range((part, asset, "")..);
        for ((_, _, reason), (income, outgo)) in
            of.take_while(|((p, a, _), _)| (*p, *a) == (part, asset))
        {
            let (income, outgo) = (income.amount(), outgo.amount());
            sums.0.add(income);
            sums.1.add(outgo);
            put(reason, [Some(income), Some(outgo), None]);
        }
        let after = state.ledger.owed(part, asset);
        if sums.0.amount().checked_sub(sums.1.amount()) != Some(after) {
            return Err(ExportError::Untied { account: path });
        }
        put("closing", [None, None, Some(after)]);
        Ok(())
    }
}

/// Every account of a fund that was ever posted to, in the order of the chart.
fn parts(opening: &Columns, state: &State) -> BTreeSet<(LedgerAccount, AssetId)> {
    let now = state.ledger.iter().map(|entry| (entry.account, entry.asset));
    let all = opening.keys().map(|(asset, account)| (*account, *asset)).chain(now);
    all.filter(|(account, _)| fund_of(&state.tranches, *account).is_some()).collect()
}

fn counted(
    state: &State,
    id: FundId,
    (at, seq): (Timestamp, Option<Seq>),
) -> Result<Counted, ExportError> {
    let fund = state.funds.expect(id)?;
    let counted = coverage_at(state, id, fund, at).map_err(halted)?.counted;
    Ok(Counted { amount: counted, target: target_at(state, id, fund, at)?, at, seq })
}

fn measured(state: &State, (id, moment): (FundId, &str), found: Counted) -> Vec<Cell> {
    let asset = state.funds.get(id).map_or_else(AssetId::default, |fund| fund.asset);
    let unit = Unit::of(state, asset);
    vec![
        Cell::text(fund_label(state, id)),
        Cell::text(moment),
        Cell::text(found.at.to_string()),
        found.seq.map_or_else(|| Cell::text(""), |seq| Cell::number(&seq)),
        Cell::exact(&unit, found.amount),
        Cell::exact(&unit, found.target),
        Cell::number(&ratio_words(found.amount, found.target)),
    ]
}

/// The fund whose coverage an event changes though it posts nothing.
fn subject(state: &State, event: &Event) -> Option<FundId> {
    let of_tranche = |id| state.tranches.get(id).map(|tranche| tranche.fund);
    match event {
        Event::RiskReported { fund, .. }
        | Event::FundCreated { fund, .. }
        | Event::ThresholdSet { fund, .. }
        | Event::TargetSet { fund, .. }
        | Event::LiquidityReported { fund, .. }
        | Event::RevenueSet { fund, .. }
        | Event::Reserved { fund, .. }
        | Event::ReservationCommitted { fund, .. }
        | Event::ReservationReleased { fund, .. }
        | Event::HouseSet { fund, .. }
        | Event::HouseReported { fund, .. } => Some(*fund),
        Event::UnstakeRequested { tranche, .. } | Event::SeriesStarted { tranche, .. } => {
            of_tranche(*tranche)
        }
        Event::UnstakeEnded { ticket, .. } => {
            state.tickets.get(*ticket).and_then(|ticket| of_tranche(ticket.tranche))
        }
        Event::PositionTaken { moved, .. }
        | Event::AuctionWon { moved, .. }
        | Event::InventoryFilled(moved)
        | Event::InventoryDeleveraged(moved) => Some(moved.fund),
        Event::InventoryMarked { market, .. } => {
            state.markets.get(*market).map(|market| market.fund)
        }
        _ => None,
    }
}
