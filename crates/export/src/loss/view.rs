//! Everything that the pages of one loss show, looked up once.

use super::history::{History, Placing};
use crate::{
    error::ExportError,
    names::{Unit, account_label, fund_label, market_label, tranche_label},
    picture::{Waterfall, WaterfallLayer},
    words::status_word,
};
use backstop_core::{
    event::Cohort,
    ledger::LedgerAccount,
    policy::Payout,
    state::{Loss, LossRow, LossStatus, Source, State},
};
use backstop_units::{Amount, AssetId, LossId, MarketId, Price, Seq};

/// Whether users bear what a layer brings, rather than money that was put there for losses.
pub(super) const fn by_users(source: Source) -> bool {
    match source {
        Source::FeePool | Source::Reserve(_) | Source::Staked(_) => false,
        Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => true,
    }
}

/// One loss with its surroundings.
pub(super) struct LossView<'a> {
    pub(super) state: &'a State,
    pub(super) id: LossId,
    pub(super) loss: &'a Loss,
    pub(super) asset: AssetId,
    pub(super) unit: Unit,
    placing: Option<&'a Placing>,
    /// The waterfall as it was, where that is known.
    sources: Vec<Source>,
}

/// One row of a loss with what was known when it was drawn.
pub(super) struct RowView<'a> {
    /// Its place among the loss's rows.
    pub(super) at: usize,
    pub(super) row: &'a LossRow,
    /// What the loss still needed before this row.
    pub(super) needed: Amount,
    /// What its account had.
    pub(super) had: Option<Amount>,
}

impl<'a> LossView<'a> {
    pub(super) fn new(
        state: &'a State,
        id: LossId,
        history: &'a History,
    ) -> Result<Self, ExportError> {
        let loss = state.losses.get(id).ok_or(ExportError::UnknownLoss(id))?;
        let market = state.markets.expect(loss.market)?;
        let asset = state.funds.expect(market.fund)?.asset;
        let placing = history.get(id);
        let sources = placing.map_or_else(
            || state.layers_of(market).map(|(_, layer)| layer.source).collect(),
            |placing| placing.layers.clone(),
        );
        let fits = loss.rows.iter().all(|row| {
            let source = sources.get(usize::from(row.row.layer)).copied();
            row.row.cohort.source() == source
        });
        // A waterfall that was replaced since would name layers that were never asked.
        let sources = if fits { sources } else { Vec::new() };
        let unit = Unit::of(state, asset);
        Ok(Self { state, id, loss, asset, unit, placing, sources })
    }

    pub(super) fn market(&self) -> String {
        market_label(self.state, self.loss.market)
    }

    pub(super) fn account(&self) -> Option<String> {
        self.loss.account.map(|account| account_label(self.state, account))
    }

    pub(super) fn cause(&self) -> String {
        self.loss.cause.word().replace('_', " ")
    }

    pub(super) fn status(&self) -> &'static str {
        status_word(self.loss.status)
    }

    pub(super) fn placed_in(&self) -> Option<Seq> {
        self.loss.placed_in
    }

    pub(super) fn title(&self) -> String {
        format!("{}: {} on {}", self.id, self.cause(), self.market())
    }

    /// The mark with its decimals, if a venue reported one.
    pub(super) fn mark(&self) -> Option<String> {
        let mark = self.loss.mark;
        let digits = || crate::names::trim(self.unit.price(mark));
        (mark != Price::ZERO).then(|| format!("{} {}", digits(), self.unit.symbol))
    }

    pub(super) fn residual(&self) -> Amount {
        let rows = self.loss.rows.iter().filter(|row| row.row.cohort == Cohort::Residual);
        rows.fold(Amount::ZERO, |sum, row| sum.saturating_add(row.row.amount))
    }

    /// What came back to all rows.
    pub(super) fn recovered(&self) -> Amount {
        self.loss.rows.iter().fold(Amount::ZERO, |sum, row| sum.saturating_add(row.recovered))
    }

    /// Why there are no rows, or what became of them; empty in the ordinary case.
    pub(super) fn notice(&self) -> &'static str {
        match self.loss.status {
            LossStatus::Declared => "Declared and not yet assessed: nothing is placed.",
            LossStatus::Open => "Assessed and not yet placed.",
            LossStatus::Void if self.loss.rows.is_empty() => "Withdrawn before it was placed.",
            LossStatus::Void => "Withdrawn: every row was reversed.",
            LossStatus::Placed | LossStatus::Closed => "",
        }
    }

    /// The rows in the order of the waterfall: what was reallocated stands where its layer does.
    pub(super) fn rows(&self) -> Vec<RowView<'a>> {
        let mut needed = self.loss.gross;
        let mut rows: Vec<(usize, &LossRow)> = self.loss.rows.iter().enumerate().collect();
        rows.sort_by_key(|(at, row)| (row.row.layer, *at));
        let rows = rows.into_iter().map(|(at, row)| {
            let view = RowView { at, row, needed, had: self.had(at, &row.row.cohort) };
            needed = needed.saturating_sub(row.row.amount);
            view
        });
        rows.collect()
    }

    fn had(&self, row: usize, cohort: &Cohort) -> Option<Amount> {
        let account = match cohort {
            Cohort::FeePool => LedgerAccount::FeePool(self.loss.market),
            Cohort::Reserve(fund) => LedgerAccount::Reserve(*fund),
            Cohort::Contributions(fund) => LedgerAccount::Contributions(*fund),
            Cohort::Stakers { tranche, .. } => LedgerAccount::Tranche(*tranche),
            Cohort::Positions { .. } | Cohort::Adl { .. } | Cohort::Equity { .. } => {
                return Some(Amount::MAX);
            }
            Cohort::Depositors { .. }
            | Cohort::House(_)
            | Cohort::Haircut { .. }
            | Cohort::Residual => return None,
        };
        self.placing.and_then(|placing| placing.had_for(row, account))
    }

    /// What a whole layer had that paid nothing.
    fn layer_had(&self, source: Source) -> Option<Amount> {
        let placing = self.placing?;
        match source {
            Source::FeePool => placing.had(LedgerAccount::FeePool(self.loss.market)),
            Source::Reserve(fund) => {
                let own = placing.had(LedgerAccount::Reserve(fund))?;
                let given = placing.had(LedgerAccount::Contributions(fund))?;
                Some(own.saturating_add(given))
            }
            Source::Staked(tranche) => placing.had(LedgerAccount::Tranche(tranche)),
            Source::Socialised
            | Source::Adl
            | Source::Depositors
            | Source::Equity
            | Source::Haircut => None,
        }
    }

    /// The layers with their rows, in order; a layer that paid nothing is there with nothing.
    pub(super) fn picture(&self) -> Waterfall {
        let rows = self.rows();
        let mut layers = Vec::new();
        let mut needed = self.loss.gross;
        let silent = |source: Source, needed: Amount| WaterfallLayer {
            name: source_words(self.state, self.loss.market, source),
            capacity: self.layer_had(source),
            used: None,
            draw: Amount::ZERO,
            note: self.silence(source, needed).to_owned(),
            by_users: by_users(source),
        };
        let mut sources = self.sources.iter().copied().enumerate().peekable();
        for view in rows.iter().filter(|view| view.row.row.cohort != Cohort::Residual) {
            let at = usize::from(view.row.row.layer);
            while let Some((_, source)) = sources.next_if(|(layer, _)| *layer < at) {
                layers.push(silent(source, needed));
            }
            sources.next_if(|(layer, _)| *layer == at);
            needed = view.needed.saturating_sub(view.row.row.amount);
            layers.push(self.layer(view));
        }
        let placed = !self.loss.rows.is_empty();
        layers.extend(sources.filter(|_| placed).map(|(_, source)| silent(source, needed)));
        Waterfall {
            id: self.id.to_string(),
            title: self.title(),
            facts: self.facts(),
            unit: self.unit.clone(),
            loss: self.loss.gross,
            layers,
            residual: self.residual(),
        }
    }

    fn layer(&self, view: &RowView<'_>) -> WaterfallLayer {
        let draw = view.row.row.amount;
        let note = match view.had {
            _ if draw == view.needed => "covers the rest",
            Some(had) if had == draw => "emptied",
            Some(_) => "held back by a limit",
            None => "",
        };
        WaterfallLayer {
            name: row_words(self.state, self.loss.market, &view.row.row.cohort),
            capacity: view.had,
            used: None,
            draw,
            note: note.to_owned(),
            by_users: view.row.row.cohort.source().is_some_and(by_users),
        }
    }

    /// Why a layer paid nothing.
    fn silence(&self, source: Source, needed: Amount) -> &'static str {
        match (needed, self.layer_had(source), source) {
            (Amount::ZERO, ..) => "not reached",
            (_, Some(Amount::ZERO), _) => "empty",
            (_, Some(had), _) if had < needed && self.pays_whole(source) => {
                "all or nothing, and less than was needed"
            }
            (_, Some(_), _) => "held back by a limit or by what it covers",
            (_, None, Source::Socialised) => "no open positions, or a limit",
            (_, None, Source::Adl) => "no rules for deleveraging, or a limit",
            (_, None, Source::Equity) => "no rules for sharing by equity, or a limit",
            (_, None, Source::Depositors) => "no deposits, or a limit",
            (_, None, Source::Haircut) => "the pool is as short as it may be, or a limit",
            (_, None, _) => "paid nothing",
        }
    }

    /// Whether a layer pays all or nothing, by the market's present waterfall.
    fn pays_whole(&self, source: Source) -> bool {
        let market = self.state.markets.get(self.loss.market);
        let mut layers = market.into_iter().flat_map(|market| self.state.layers_of(market));
        layers.any(|(_, layer)| layer.source == source && layer.policy.payout == Payout::Whole)
    }

    /// The lines under a picture's title.
    fn facts(&self) -> Vec<String> {
        let record = self.placed_in().map(|seq| format!("record {seq}, "));
        let mut facts = vec![format!("{}{}", record.unwrap_or_default(), self.loss.occurred_at)];
        let status = format!("status {}", self.status());
        facts.push(match self.account() {
            Some(account) => format!("{status}, account {account}"),
            None => status,
        });
        let recovered = self.recovered();
        if !self.notice().is_empty() {
            facts.push(self.notice().to_owned());
        } else if !recovered.is_zero() {
            facts.push(format!("{} came back since", self.unit.short(recovered)));
        }
        facts
    }
}

/// Who bore a row, in words.
pub(crate) fn row_words(state: &State, market: MarketId, cohort: &Cohort) -> String {
    match (cohort, cohort.source()) {
        (Cohort::Contributions(fund), _) => {
            format!("contributions to {}", fund_label(state, *fund))
        }
        (Cohort::House(fund), _) => format!("house account of {}", fund_label(state, *fund)),
        (_, Some(source)) => source_words(state, market, source),
        (_, None) => crate::picture::RESIDUAL.to_owned(),
    }
}

/// Who pays a layer, in words.
pub(super) fn source_words(state: &State, market: MarketId, source: Source) -> String {
    match source {
        Source::FeePool => format!("fee pool of {}", market_label(state, market)),
        Source::Reserve(fund) => format!("reserve of {}", fund_label(state, fund)),
        Source::Staked(tranche) => format!("staked in {}", tranche_label(state, tranche)),
        Source::Socialised => "socialised, by position".to_owned(),
        Source::Adl => "deleveraged winners".to_owned(),
        Source::Depositors => "depositors, by share".to_owned(),
        Source::Haircut => "withdrawal haircut, by claim".to_owned(),
        Source::Equity => "accounts, by equity".to_owned(),
    }
}
