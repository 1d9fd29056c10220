//! What the log says and the state forgets, for pages: how a fund's balance went, what layers had when a loss came,
//! how a crash ran. It is read from the journal when a page first asks, and read on from there.
//!
//! A ledger with more records than [`RECORDS`] is not walked through; its history is the read model's.

use backstop_core::{
    Body, Corrupt, Entry, Event, Record, State, event::Cohort, fund::coverage_at, policy::Cause,
};
use backstop_engine::{
    Engine, ReadModel,
    read_model::{FundPart, Level, MoveFilter, Reason, Series},
};
use backstop_export::{
    loss::{History, Placing, what_if},
    picture::{MarkKind, Waterfall},
};
use backstop_units::{Amount, Base, FundId, LossId, MarketId, Price, Timestamp};
use std::{borrow::Cow, collections::BTreeMap};

/// The longest log that is looked through for a page.
pub(crate) const RECORDS: u64 = 300_000;
/// Steps of a theatre: when there are more, every second one is given up.
const FRAMES: usize = 400;
/// Markets that a theatre follows.
const MARKETS: usize = 8;

/// A market at one step.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The last record that it is made of.
    pub(crate) seq: u64,
    pub(crate) time: Timestamp,
    pub(crate) price: Option<Price>,
    pub(crate) open_interest: Base,
    /// Liquidations since the beginning.
    pub(crate) liquidations: u64,
    /// Losses since the beginning, and their sum.
    pub(crate) losses: u64,
    pub(crate) lost: Amount,
    /// What its fund holds.
    pub(crate) balance: Amount,
    /// What its layers had paid and could pay.
    pub(crate) layers: Waterfall,
}

/// Counts of one market.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    liquidations: u64,
    losses: u64,
    lost: Amount,
}

/// A thing that moved a fund.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub(crate) at: Timestamp,
    pub(crate) kind: MarkKind,
    pub(crate) amount: Amount,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Past {
    state: Option<State>,
    next: u64,
    stride: u64,
    /// Where history is, for a log that is too long to be walked through.
    model: Option<ReadModel>,
    history: History,
    balances: BTreeMap<FundId, Vec<(Timestamp, Amount)>>,
    moved: BTreeMap<FundId, Vec<Moved>>,
    tallies: BTreeMap<MarketId, Tally>,
    /// The last mark that a venue closed somebody at.
    marks: BTreeMap<MarketId, Price>,
    frames: BTreeMap<MarketId, Vec<Frame>>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            state: None,
            next: 0,
            stride: 1,
            model: None,
            history: History::default(),
            balances: BTreeMap::new(),
            moved: BTreeMap::new(),
            tallies: BTreeMap::new(),
            marks: BTreeMap::new(),
            frames: BTreeMap::new(),
        }
    }
}

impl Past {
    /// Reads what is new of the journal. A journal that can't be read leaves the past as it is, and the log says so.
    pub(crate) fn read_on(&mut self, engine: &Engine) {
        if engine.applied_seq().get() > RECORDS {
            self.model = engine.read_model().cloned();
            return;
        }
        if self.next >= engine.applied_seq().get() {
            return;
        }
        if let Err(error) = self.walk(engine) {
            tracing::error!(error, "the past can't be read from the journal");
        }
    }

    fn walk(&mut self, engine: &Engine) -> Result<(), String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let journal = engine.journal().map_err(|error| said(&error))?;
        for batch in journal.batches_from(self.next) {
            let batch = batch.map_err(|error| said(&error))?;
            for item in batch.records() {
                let (seq, bytes) = item.map_err(|error| said(&error))?;
                if seq < self.next {
                    continue;
                }
                let record = Record::decode(bytes).map_err(|error| said(&error))?;
                self.step(&record).map_err(|error| said(&error))?;
                self.next = seq.saturating_add(1);
            }
        }
        Ok(())
    }

    fn step(&mut self, record: &Record) -> Result<(), Corrupt> {
        let state = match self.state.take() {
            None => backstop_core::replay_genesis(record)?,
            Some(mut state) => {
                backstop_core::replay(&mut state, record)?;
                state
            }
        };
        if let Err(error) = self.history.observe(&state, record) {
            tracing::error!(%error, "a loss's surroundings can't be told");
        }
        if let Entry::Command(command) = &record.entry
            && let Body::SettleLiquidation(settled) = &command.body
            && settled.mark != Price::ZERO
            && let Ok(market) = state.market_id(settled.market)
        {
            self.marks.insert(market, settled.mark);
        }
        for event in &record.events {
            self.count(&state, record.time, event);
        }
        for (id, fund) in state.funds.iter() {
            let Ok(parts) = coverage_at(&state, id, fund, record.time) else { continue };
            let samples = self.balances.entry(id).or_default();
            if samples.last().is_none_or(|(_, amount)| *amount != parts.total()) {
                samples.push((record.time, parts.total()));
            }
        }
        if record.seq.get().is_multiple_of(self.stride) {
            self.shoot(&state, record);
        }
        self.state = Some(state);
        Ok(())
    }

    /// What an event did to a fund, and to a market's counts.
    fn count(&mut self, state: &State, at: Timestamp, event: &Event) {
        let mut moved = |fund: FundId, kind, amount: Amount| {
            if !amount.is_zero() {
                self.moved.entry(fund).or_default().push(Moved { at, kind, amount });
            }
        };
        match event {
            Event::Contributed { fund, amount, .. } => moved(*fund, MarkKind::Inflow, *amount),
            Event::Staked { tranche, amount, .. } => {
                if let Some(tranche) = state.tranches.get(*tranche) {
                    moved(tranche.fund, MarkKind::Inflow, *amount);
                }
            }
            Event::LiquidationSettled { market, fund, to_fund, .. } => {
                moved(*fund, MarkKind::Inflow, *to_fund);
                let tally = self.tallies.entry(*market).or_default();
                tally.liquidations = tally.liquidations.saturating_add(1);
            }
            Event::LossPlaced(placed) => {
                for row in &placed.rows {
                    match row.cohort {
                        Cohort::Reserve(fund) | Cohort::Contributions(fund) => {
                            moved(fund, MarkKind::Payout, row.amount);
                        }
                        Cohort::Stakers { tranche, .. } => {
                            if let Some(tranche) = state.tranches.get(tranche) {
                                moved(tranche.fund, MarkKind::Slash, row.amount);
                            }
                        }
                        _ => {}
                    }
                }
                let tally = self.tallies.entry(placed.market).or_default();
                tally.losses = tally.losses.saturating_add(1);
                let all = placed.rows.iter().map(|row| row.amount);
                tally.lost = all.fold(tally.lost, Amount::saturating_add);
            }
            Event::LossRecovered { loss, parts, .. } => {
                let market =
                    state.losses.get(*loss).and_then(|loss| state.markets.get(loss.market));
                if let Some(market) = market {
                    let all = parts.iter().map(|part| part.amount);
                    moved(
                        market.fund,
                        MarkKind::Recovery,
                        all.fold(Amount::ZERO, Amount::saturating_add),
                    );
                }
            }
            _ => {}
        }
    }

    /// A step of the theatre.
    fn shoot(&mut self, state: &State, record: &Record) {
        for (id, market) in state.markets.iter().take(MARKETS) {
            let tally = self.tallies.get(&id).copied().unwrap_or_default();
            let layers = what_if(state, (id, Amount::ZERO), Cause::Bankruptcy, record.time);
            let fund = state.funds.get(market.fund);
            let parts = fund.map(|fund| coverage_at(state, market.fund, fund, record.time));
            let (Ok(layers), Some(Ok(parts))) = (layers, parts) else { continue };
            let index = market.mark.and_then(|mark| state.indexes.get(mark.index));
            self.frames.entry(id).or_default().push(Frame {
                seq: record.seq.get(),
                time: record.time,
                price: index
                    .and_then(|index| index.band.last())
                    .map(|(price, _)| price)
                    .or_else(|| self.marks.get(&id).copied()),
                open_interest: market.open_interest,
                liquidations: tally.liquidations,
                losses: tally.losses,
                lost: tally.lost,
                balance: parts.total(),
                layers,
            });
        }
        if self.frames.values().any(|frames| frames.len() >= FRAMES) {
            self.stride = self.stride.saturating_mul(2);
            for frames in self.frames.values_mut() {
                let stride = self.stride;
                frames.retain(|frame| frame.seq.is_multiple_of(stride));
            }
        }
    }

    /// What a loss met when it was placed, as far as it is known.
    pub(crate) fn history_of(&self, loss: LossId) -> Cow<'_, History> {
        self.model
            .as_ref()
            .map_or(Cow::Borrowed(&self.history), |model| Cow::Owned(kept_history(model, loss)))
    }

    /// Balances of a fund in the order of time, at most `most`: the lowest and the last of each stretch.
    pub(crate) fn balances(&self, fund: FundId, most: usize) -> Vec<(Timestamp, Amount)> {
        if let Some(model) = &self.model {
            return kept_balances(model, fund, most);
        }
        let all = self.balances.get(&fund).map_or(&[][..], Vec::as_slice);
        let each = all.len().div_ceil((most / 2).max(1)).max(1);
        let mut thin: Vec<(Timestamp, Amount)> = all.first().copied().into_iter().collect();
        for stretch in all.get(1..).unwrap_or_default().chunks(each) {
            let low = stretch.iter().min_by_key(|(_, amount)| *amount);
            thin.extend(low.copied());
            thin.extend(stretch.last().filter(|last| low != Some(*last)).copied());
        }
        thin
    }

    /// What moved a fund, summed over at most `most` stretches of time.
    pub(crate) fn moved(&self, fund: FundId, most: u64) -> Vec<Moved> {
        let kept = self.model.as_ref().map(|model| kept_moves(model, fund));
        let walked = self.moved.get(&fund).map_or(&[][..], Vec::as_slice);
        let all = kept.as_deref().unwrap_or(walked);
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return Vec::new() };
        let span = last.at.since(first.at).ms() / most.max(1) + 1;
        let mut sums: BTreeMap<(u64, u8), Moved> = BTreeMap::new();
        for one in all {
            let key = (one.at.since(first.at).ms() / span, one.kind as u8);
            let sum = sums.entry(key).or_insert(Moved { amount: Amount::ZERO, ..*one });
            sum.amount = sum.amount.saturating_add(one.amount);
        }
        sums.into_values().collect()
    }

    /// The steps of a market.
    pub(crate) fn frames(&self, market: MarketId) -> &[Frame] {
        self.frames.get(&market).map_or(&[], Vec::as_slice)
    }
}

/// Moves of one reason that a chart marks, the newest.
const MARKED: usize = 1_000;

/// What the read model knows of a loss's placing.
fn kept_history(model: &ReadModel, loss: LossId) -> History {
    let mut history = History::default();
    let steps = match model.loss_steps(loss) {
        Ok(steps) => steps.value,
        Err(error) => {
            tracing::error!(%error, "the read model can't be read");
            return history;
        }
    };
    let mut placing: Option<Placing> = None;
    for step in steps {
        match step.event {
            Event::LossPlaced(placed) => {
                let layers = step.layers.unwrap_or_default();
                let at = (step.seq, step.time);
                placing = Some(Placing::kept(at, layers, step.had, &placed.rows));
            }
            Event::LossReallocated(more) => {
                if let Some(placing) = &mut placing {
                    placing.reallocate(step.had, &more.rows);
                }
            }
            _ => {}
        }
    }
    if let Some(placing) = placing {
        history.insert(loss, placing);
    }
    history
}

/// The lowest and the last balance of each stretch, in the finest stretches that give at most `most`.
fn kept_balances(model: &ReadModel, fund: FundId, most: usize) -> Vec<(Timestamp, Amount)> {
    let ever = (Timestamp::default(), Timestamp::from_ms(i64::MAX.unsigned_abs()));
    let mut points = Vec::new();
    for level in [Level::Minute, Level::Hour, Level::Day] {
        let samples = match model.samples(Series::Balance(fund), level, ever) {
            Ok(samples) => samples.value,
            Err(error) => {
                tracing::error!(%error, "the read model can't be read");
                return Vec::new();
            }
        };
        points = samples
            .iter()
            .flat_map(|one| {
                let low = (one.low < one.last).then_some((one.begins, one.low));
                low.into_iter().chain([(one.begins, one.last)])
            })
            .collect();
        if points.len() <= most {
            break;
        }
    }
    points
}

/// What moved a fund, without allocations from liquidations: these come by the million.
fn kept_moves(model: &ReadModel, fund: FundId) -> Vec<Moved> {
    let mut all = Vec::new();
    let reasons = [Reason::Contribution, Reason::Stake, Reason::BankruptcyLoss, Reason::Recovery];
    for reason in reasons {
        let filter = MoveFilter { reason: Some(reason), limit: MARKED, ..MoveFilter::default() };
        let rows = match model.fund_moves(fund, &filter) {
            Ok(page) => page.value.rows,
            Err(error) => {
                tracing::error!(%error, "the read model can't be read");
                return Vec::new();
            }
        };
        all.extend(rows.into_iter().map(|row| {
            let kind = match (reason, row.part) {
                (Reason::BankruptcyLoss, FundPart::Tranche(_)) => MarkKind::Slash,
                (Reason::BankruptcyLoss, _) => MarkKind::Payout,
                (Reason::Recovery, _) => MarkKind::Recovery,
                _ => MarkKind::Inflow,
            };
            Moved { at: row.time, kind, amount: row.amount }
        }));
    }
    all.sort_by_key(|one| one.at);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_core::command::{Contribute, Party, RecoverLoss, SettleLiquidation, Stake};
    use backstop_engine::{Options, ScenarioClock, ids::uuid7, read_model::beside};
    use backstop_testkit::world::{START, Setup, label};
    use backstop_units::{Hash, Seq, Shares, Signed, Span};
    use std::time::Duration;

    /// A fund that takes gifts and stakes and pays for losses.
    fn filled(folder: &std::path::Path) -> Engine {
        let path = folder.join("journal.db");
        let limits = backstop_core::policy::Limits {
            sandbox: true,
            ..backstop_core::policy::Limits::default()
        };
        let (balance, reserve) = (Amount::new(1 << 40), Amount::new(9_000));
        let genesis = Setup { limits, balance, reserve, ..Setup::default() }.genesis();
        let clock = ScenarioClock::at(START);
        let options =
            Options { read_model: Some(beside(&path)), ..Options::with_clock(clock.clone()) };
        let engine = Engine::create(&path, &genesis, options).unwrap();
        let (asset, alice) = (label("usdt"), label("alice"));
        let mut bodies: Vec<(&str, backstop_core::Body)> = vec![
            (
                "alice",
                Contribute { fund: label("main"), account: alice, asset, amount: Amount::new(700) }
                    .into(),
            ),
            (
                "alice",
                Stake {
                    tranche: label("jun"),
                    account: alice,
                    asset,
                    amount: Amount::new(20_000),
                    min_shares: Shares::ZERO,
                }
                .into(),
            ),
        ];
        for lost in [4_000, 8_000, 6_000] {
            bodies.push((
                "venue",
                SettleLiquidation {
                    market: label("sol"),
                    account: label("bob"),
                    liquidator: label("dave"),
                    outcome: Signed::new(-lost),
                    notional: Amount::new(50_000),
                    mark: Price::default(),
                    open_interest: Some(Base::new(1_000_000)),
                    evidence: Some(Hash::new([7; 32])),
                }
                .into(),
            ));
        }
        let from = Party::Clearing(label("sol"));
        bodies.push((
            "venue",
            RecoverLoss { loss: LossId::new(0), from, amount: Amount::new(500) }.into(),
        ));
        for ((actor, body), number) in bodies.into_iter().zip(1..) {
            let now = START.plus(Span::hours(number));
            clock.set(now);
            let (id, actor) = (uuid7(now, number), label(actor));
            let command =
                backstop_core::Command { id, actor, occurred_at: None, body, approvals: None };
            engine.call(command).unwrap();
        }
        let last = Seq::new(engine.head().size - 1);
        engine.wait_for(last, Duration::from_secs(30)).unwrap();
        engine.read_model().unwrap().wait_for(last, Duration::from_secs(30)).unwrap();
        engine
    }

    #[test]
    fn the_read_model_knows_what_a_walk_through_the_log_finds() {
        let folder = tempfile::tempdir().unwrap();
        let engine = filled(folder.path());
        let mut walked = Past::default();
        walked.read_on(&engine);
        assert!(walked.model.is_none());
        let kept = Past { model: engine.read_model().cloned(), ..Past::default() };
        for loss in (0..3).map(LossId::new) {
            let placing = walked.history.get(loss);
            assert!(placing.is_some(), "{loss}");
            assert_eq!(kept.history_of(loss).get(loss), placing, "{loss}");
        }
        let fund = FundId::new(0);
        let amounts = |past: &Past| -> Vec<Amount> {
            let mut amounts: Vec<_> =
                past.balances(fund, 1_000).into_iter().map(|(_, amount)| amount).collect();
            amounts.dedup();
            amounts
        };
        assert_eq!(amounts(&kept), amounts(&walked));
        let sums = |past: &Past| {
            let mut sums: BTreeMap<u8, Amount> = BTreeMap::new();
            for one in past.moved(fund, 1_000) {
                let sum = sums.entry(one.kind as u8).or_default();
                *sum = sum.saturating_add(one.amount);
            }
            sums
        };
        let (kept, walked) = (sums(&kept), sums(&walked));
        assert!(kept.len() >= 4, "{kept:?}");
        assert_eq!(kept, walked);
    }
}
