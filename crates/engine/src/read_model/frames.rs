//! How markets went, in steps that a page can play.
//!
//! ```text
//!   level 0   [····8 changes][loss][··a minute][····8]     each with how things stood at its end,
//!   level 1   [            4 of these            ][..      and the extremes of what it holds
//!   level 2   [                       4 of those  …
//! ```
//!
//! A change is a record that concerns the market. A step of the lowest level ends with its eighth change,
//! with a loss, and before a change that comes a minute after its first: where little happens each change is
//! a step, where much does a step stands for eight, and a loss always ends one. Steps of a level above hold
//! four of the level below. So a stretch of any length is there in some hundred steps, and no loss is lost
//! in it: a step knows how many came, what they were in all, and the largest.
//!
//! What a settlement takes is in `docs/benchmarks.md`.

use std::collections::{BTreeSet, HashMap};

use backstop_core::{
    Body, Entry, Event, Record,
    event::{Cohort, RowPart},
    ledger::LedgerAccount,
    oracle::Verdict,
    state::Source,
};
use backstop_units::{Amount, AssetId, LossId, MarketId, Price};
use rusqlite::Connection;

use super::{
    books::Books,
    error::{Fault, Misfit},
    frame_rows::{LayerThen, Market, Open, Scene, store},
    history::accounts_of,
    party::Party,
    series::{Samples, Series},
};

/// Changes of a step of the lowest level.
const CHANGES: u32 = 8;
/// Steps of the level below that one holds.
const PARTS: u32 = 4;
/// A step of the lowest level takes no change that comes so long after its first, in milliseconds.
const SPAN: u64 = 60_000;

/// The open steps of every market.
#[derive(Debug, Default)]
pub(super) struct Frames {
    markets: HashMap<MarketId, Market>,
    dirty: BTreeSet<MarketId>,
}

impl Frames {
    /// Takes a record in; `parties` are all that it concerns, and `books` are as they are after it.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        (books, samples): (&Books, &Samples),
        record: &Record,
        parties: &[u64],
    ) -> Result<(), Fault> {
        let (seq, ms) = (record.seq.get(), record.time.ms());
        let markets = concerned(books, record, parties);
        for id in &markets {
            if !self.markets.contains_key(id) {
                self.markets.insert(*id, Market::load(connection, *id)?);
            }
            let Some(market) = self.markets.get_mut(id) else { continue };
            let [lowest, ..] = &market.open;
            if lowest.is_some_and(|open| ms.saturating_sub(open.begun) >= SPAN) {
                market.close(connection, *id)?;
            }
        }
        let mut worst: HashMap<MarketId, (LossId, Amount)> = HashMap::new();
        for event in &record.events {
            self.event(connection, (books, samples), event)?;
            if let Event::LossPlaced(placed) = event {
                let known = worst.entry(placed.market).or_insert((placed.loss, placed.gross));
                if placed.gross > known.1 {
                    *known = (placed.loss, placed.gross);
                }
            }
        }
        if let Entry::Command(command) = &record.entry {
            self.marks(books, &command.body);
        }
        for id in markets {
            let Some(market) = self.markets.get_mut(&id) else { continue };
            market.stand(books, id, seq);
            market.step(ms, worst.get(&id).copied());
            self.dirty.insert(id);
            let [lowest, ..] = &market.open;
            if worst.contains_key(&id) || lowest.is_some_and(|open| open.parts >= CHANGES) {
                market.close(connection, id)?;
            }
        }
        Ok(())
    }

    /// Stores what has changed.
    pub(super) fn flush(&mut self, connection: &Connection) -> Result<(), Fault> {
        while let Some(id) = self.dirty.pop_first() {
            let Some(market) = self.markets.get_mut(&id) else { continue };
            let Market { scene, open } = market;
            for (open, level) in open.iter_mut().zip(0..) {
                if let Some(open) = open.as_mut().filter(|open| open.changed) {
                    open.changed = false;
                    store(connection, (id, level), scene, (open, true))?;
                }
            }
        }
        Ok(())
    }

    /// What an event tells of a market.
    fn event(
        &mut self,
        connection: &Connection,
        (books, samples): (&Books, &Samples),
        event: &Event,
    ) -> Result<(), Fault> {
        match event {
            Event::LiquidationSettled { market, .. } => self.on(*market, Scene::liquidated),
            Event::MarginLiquidated(it) => self.on(it.market, Scene::liquidated),
            Event::OpenInterestReported { market, base } => {
                self.on(*market, |scene| scene.interest = Some(*base));
            }
            Event::MarkReported(it) => self.marked(books, it.market, it.price),
            Event::PriceReported {
                index,
                verdict: Verdict::Accepted(price) | Verdict::Confirmed(price),
                ..
            } => {
                for market in books.marked_by(*index) {
                    self.on(*market, |scene| scene.price = Some(*price));
                }
            }
            Event::MarketCreated { market, .. } | Event::MarketRulesSet { market, .. } => {
                if let Some(index) = books.mark_of(*market) {
                    let price = samples.last(connection, Series::Index(index))?;
                    self.on(*market, |scene| scene.price = price.map(|it| Price::new(it.get())));
                }
            }
            Event::LossPlaced(it) => self.on(it.market, |scene| {
                scene.losses = scene.losses.saturating_add(1);
                scene.lost = scene.lost.saturating_add(it.gross);
                it.rows.iter().for_each(|row| scene.pay(&row.cohort, row.amount));
            }),
            Event::LossReallocated(it) => self.on(it.market, |scene| {
                it.rows.iter().for_each(|row| scene.pay(&row.cohort, row.amount));
            }),
            Event::AdlClosed { market, rest, .. } => {
                self.on(*market, |scene| scene.give_back(Source::Adl, *rest));
            }
            Event::EquityClosed { market, rest, .. } => {
                self.on(*market, |scene| scene.give_back(Source::Equity, *rest));
            }
            Event::LossVoided { loss, market, parts, .. } if !parts.is_empty() => {
                let cohorts = placed(connection, *loss)?;
                self.on(*market, |scene| scene.reverse(&cohorts, parts));
            }
            _ => {}
        }
        Ok(())
    }

    /// A venue's mark counts where no index stands over it.
    fn marked(&mut self, books: &Books, market: MarketId, price: Price) {
        if books.mark_of(market).is_none() {
            self.on(market, |scene| scene.price = Some(price));
        }
    }

    /// The marks that a venue closed somebody at.
    fn marks(&mut self, books: &Books, body: &Body) {
        match body {
            Body::SettleLiquidation(it) if it.mark != Price::ZERO => {
                if let Some(market) = books.market_named(it.market) {
                    self.marked(books, market, it.mark);
                }
            }
            Body::Linked(it) => it.steps.iter().for_each(|step| self.marks(books, step)),
            _ => {}
        }
    }

    fn on(&mut self, market: MarketId, change: impl FnOnce(&mut Scene)) {
        if let Some(market) = self.markets.get_mut(&market) {
            change(&mut market.scene);
        }
    }
}

/// The markets that a record concerns, and those whose mark an index of it is.
fn concerned(books: &Books, record: &Record, parties: &[u64]) -> BTreeSet<MarketId> {
    let named = parties.iter().filter_map(|key| match Party::of_key(*key) {
        Some(Party::Market(id)) => Some(id),
        _ => None,
    });
    let priced = record.events.iter().flat_map(|event| match event {
        Event::PriceReported { index, .. } => books.marked_by(*index),
        _ => &[],
    });
    named.chain(priced.copied()).collect()
}

/// Who bore the rows of a loss, in their order.
fn placed(connection: &Connection, loss: LossId) -> Result<Vec<Cohort>, Fault> {
    let mut cohorts: Vec<Cohort> = Vec::new();
    let sql = "SELECT event FROM loss_step WHERE loss = ?1 ORDER BY seq, at";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([loss.get()])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(0)?.as_blob().map_err(|_| Misfit::Handle)?;
        match borsh::from_slice(bytes).map_err(|_| Misfit::Handle)? {
            Event::LossPlaced(it) => cohorts = it.rows.iter().map(|row| row.cohort).collect(),
            Event::LossReallocated(it) => {
                let known = cohorts.contains(&Cohort::Residual);
                let new = it.rows.iter().map(|row| row.cohort);
                cohorts.extend(new.filter(|cohort| !(known && *cohort == Cohort::Residual)));
            }
            _ => {}
        }
    }
    Ok(cohorts)
}

impl Scene {
    const fn liquidated(&mut self) {
        self.liquidations = self.liquidations.saturating_add(1);
    }

    fn pay(&mut self, cohort: &Cohort, amount: Amount) {
        let Some(source) = cohort.source() else { return };
        match self.layers.iter_mut().find(|layer| layer.source == source) {
            Some(layer) => layer.paid = layer.paid.saturating_add(amount),
            None => self.layers.push(LayerThen { source, paid: amount, held: None }),
        }
    }

    fn give_back(&mut self, source: Source, amount: Amount) {
        if let Some(layer) = self.layers.iter_mut().find(|layer| layer.source == source) {
            layer.paid = layer.paid.saturating_sub(amount);
        }
    }

    fn reverse(&mut self, cohorts: &[Cohort], parts: &[RowPart]) {
        for part in parts {
            let cohort = cohorts.get(usize::from(part.row));
            if let Some(source) = cohort.and_then(Cohort::source) {
                self.give_back(source, part.amount);
            }
        }
    }
}

impl Market {
    /// How things stand after a record: the waterfall as it is, then who bore something and left it.
    fn stand(&mut self, books: &Books, id: MarketId, seq: u64) {
        let scene = &mut self.scene;
        scene.last = seq;
        let Some((balance, asset)) = books.fund_of(id) else { return };
        scene.balance = balance;
        let sources = books.layers(id);
        let paid = |source: Source| {
            let known = scene.layers.iter().find(|layer| layer.source == source);
            known.map_or(Amount::ZERO, |layer| layer.paid)
        };
        let mut layers: Vec<LayerThen> = Vec::with_capacity(scene.layers.len().max(sources.len()));
        for source in sources.iter().copied() {
            let held = held(books, source, (id, asset));
            layers.push(LayerThen { source, paid: paid(source), held });
        }
        let gone = scene.layers.iter().filter(|layer| !sources.contains(&layer.source));
        let gone = gone.filter(|layer| !layer.paid.is_zero());
        layers.extend(gone.map(|layer| LayerThen { held: None, ..*layer }));
        scene.layers = layers;
    }

    /// One change more in every open step; where none is open, one begins.
    fn step(&mut self, ms: u64, worst: Option<(LossId, Amount)>) {
        let Self { scene, open } = self;
        for open in open.iter_mut() {
            let open = open.get_or_insert_with(|| Open {
                first: scene.last,
                begun: ms,
                parts: 0,
                high: None,
                low: None,
                lowest: scene.balance,
                worst: None,
                changed: true,
            });
            open.high = open.high.max(scene.price);
            open.low = match (open.low, scene.price) {
                (Some(low), Some(price)) => Some(low.min(price)),
                (low, price) => low.or(price),
            };
            open.lowest = open.lowest.min(scene.balance);
            if worst.map(|(_, gross)| gross) > open.worst.map(|(_, gross)| gross) {
                open.worst = worst;
            }
            open.changed = true;
        }
        if let [Some(lowest), ..] = open {
            lowest.parts = lowest.parts.saturating_add(1);
        }
    }

    /// Ends a step, and those above that are full with it.
    fn close(&mut self, connection: &Connection, id: MarketId) -> Result<(), Fault> {
        let Self { scene, open } = self;
        for (level, place) in open.iter_mut().enumerate() {
            if level > 0 {
                let Some(step) = place else { return Ok(()) };
                step.parts = step.parts.saturating_add(1);
                step.changed = true;
                if step.parts < PARTS {
                    return Ok(());
                }
            }
            if let Some(step) = place.take() {
                store(connection, (id, level), scene, (&step, false))?;
            }
        }
        Ok(())
    }
}

/// What a layer holds of the market's asset.
fn held(books: &Books, source: Source, (market, asset): (MarketId, AssetId)) -> Option<Amount> {
    if !source.is_funded() || !books.is_of(source, asset) {
        return None;
    }
    let accounts = accounts_of(source, market).into_iter().flatten();
    let held = accounts.map(|account: LedgerAccount| books.held(account, asset));
    Some(held.fold(Amount::ZERO, Amount::saturating_add))
}
