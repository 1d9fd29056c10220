//! What the read model keeps of the past, in the forms that pages show.

use backstop_api::{YIELD_DAYS, yield_view};
use backstop_core::{Event, State};
use backstop_engine::{
    Engine, ReadModel,
    read_model::{At, Frame, Party, ReadModelError, Series, SettingChange},
};
use backstop_export::{
    loss::{History, Placing},
    picture::{Mark, MarkKind, Point},
};
use backstop_units::{Amount, FundId, LossId, MarketId, Seq, Span, Timestamp, TrancheId};
use serde_json::Value;
use std::time::Duration;

/// How long a page waits for history to come as far as the state.
const PATIENCE: Duration = Duration::from_millis(250);
/// From the first moment to the last one that can be asked for.
const EVER: (Timestamp, Timestamp) = (Timestamp::ZERO, Timestamp::from_ms(i64::MAX.unsigned_abs()));

/// A ledger's history, if one is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    model: Option<ReadModel>,
    /// Records that the state has and history does not have yet.
    behind: u64,
}

/// What a fund's page shows of the past.
#[derive(Debug, Default)]
pub(crate) struct FundPast {
    pub(crate) points: Vec<Point>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) settings: Vec<SettingChange>,
    /// Where the older settings begin.
    pub(crate) older: Option<(Seq, u32)>,
    /// The event that made the fund.
    pub(crate) made: Option<Event>,
}

/// An answer, or nothing where history can't be read; the log says why then.
fn told<T: Default>(asked: Result<At<T>, ReadModelError>) -> T {
    match asked {
        Ok(answer) => answer.value,
        Err(error) => {
            tracing::error!(%error, "the read model can't be read");
            T::default()
        }
    }
}

impl Kept {
    /// The history of an engine's ledger, after a moment in which it may catch up with the state.
    pub(crate) fn of(engine: &Engine) -> Self {
        let model = engine.read_model().cloned();
        let applied = engine.applied_seq().get();
        if let (Some(model), Some(last)) = (&model, applied.checked_sub(1)) {
            // What is missing comes with a later look; the page says how much that is.
            let _ = model.wait_for(Seq::new(last), PATIENCE);
        }
        let kept = model.as_ref().map_or(0, |model| model.applied_seq().get());
        Self { model, behind: applied.saturating_sub(kept) }
    }

    /// How many records history lacks, as a page says it; nothing where it is complete.
    pub(crate) fn lacks(&self) -> Option<String> {
        (self.behind > 0).then(|| super::pages::grouped(&self.behind.to_string()))
    }

    fn ask<T: Default>(&self, ask: impl FnOnce(&ReadModel) -> Result<At<T>, ReadModelError>) -> T {
        self.model.as_ref().map_or_else(T::default, |model| told(ask(model)))
    }

    /// What a loss met when it was placed, as far as it is known.
    pub(crate) fn history_of(&self, loss: LossId) -> History {
        let mut history = History::default();
        let mut placing: Option<Placing> = None;
        for step in self.ask(|model| model.loss_steps(loss)) {
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

    /// How a market went between two records, the last one within, in at most `most` steps.
    pub(crate) fn frames(
        &self,
        market: MarketId,
        (from, to): (Seq, Seq),
        most: usize,
    ) -> Vec<Frame> {
        self.ask(|model| model.frames(market, (from, to.next()), most))
    }

    /// A value over all its time in at most about `most` points: the lowest, highest and last of each
    /// stretch in which it changed.
    pub(crate) fn points(&self, series: Series, most: usize) -> Vec<Point> {
        let samples = self.ask(|model| model.curve(series, EVER, (most / 3).max(1)));
        let points = samples.iter().enumerate().flat_map(|(at, one)| {
            // What a stretch began with is where the one before it ended; before the first there is none.
            let first = (at == 0 && one.first != one.last).then_some(one.first);
            let low = (one.low < one.last.min(one.first)).then_some(one.low);
            let high = (one.high > one.last.max(one.first)).then_some(one.high);
            let all = [first, low, high, Some(one.last)];
            all.into_iter().flatten().map(|amount| Point { at: one.begins, amount })
        });
        points.collect()
    }

    /// What moved a fund, in at most `most` stretches of time for each kind.
    fn marks(&self, fund: FundId, most: usize) -> Vec<Mark> {
        let kinds = [
            (Series::Received(fund), MarkKind::Inflow),
            (Series::PaidOut(fund), MarkKind::Payout),
            (Series::Slashed(fund), MarkKind::Slash),
            (Series::Recovered(fund), MarkKind::Recovery),
        ];
        let mut marks = Vec::new();
        for (series, kind) in kinds {
            let sums = self.ask(|model| model.curve(series, EVER, most));
            marks.extend(sums.iter().filter(|one| one.last > one.first).map(|one| {
                let amount = one.last.saturating_sub(one.first);
                Mark { at: one.begins, kind, amount }
            }));
        }
        marks.sort_by_key(|mark| mark.at);
        marks
    }

    /// All that a fund's page shows of the past.
    pub(crate) fn fund(
        &self,
        fund: FundId,
        (points, marks, settings): (usize, usize, usize),
        after: Option<(Seq, u32)>,
    ) -> FundPast {
        let party = Some(Party::Fund(fund));
        let Some(model) = &self.model else { return FundPast::default() };
        let (settings, older) = match model.settings(party, after, settings) {
            Ok(page) => (page.value.rows, page.value.next),
            Err(error) => {
                tracing::error!(%error, "the read model can't be read");
                (Vec::new(), None)
            }
        };
        FundPast {
            points: self.points(Series::Balance(fund), points),
            marks: self.marks(fund, marks),
            made: self.ask(|model| model.made(fund)),
            settings,
            older,
        }
    }

    /// What shares of tranches really earned over the last days, and since they began: see
    /// [`backstop_core::fund::realised`].
    pub(crate) fn yields(&self, engine: &Engine, tranches: &[TrancheId]) -> Vec<Value> {
        let now = engine.now();
        let mut rows = Vec::new();
        for id in tranches {
            let began = self.ask(|model| model.shares_began(*id));
            let periods = YIELD_DAYS.iter().map(|days| {
                (Some(*days), now.ms().checked_sub(Span::days(*days).ms()).map(Timestamp::from_ms))
            });
            for (days, from) in periods.chain([(None, began)]) {
                let then = from.and_then(|from| self.ask(|model| model.share_price(*id, from)));
                let look = |state: &State| yield_view(state, *id, (days, from), then);
                match engine.read(look) {
                    Ok(row) => rows.push(row),
                    Err(error) => tracing::error!(?error, "a yield can't be told"),
                }
            }
        }
        rows
    }
}

/// Amounts as they stand on an axis of their own, such as prices.
pub(crate) fn at_amounts(points: impl IntoIterator<Item = (Timestamp, u128)>) -> Vec<Point> {
    let points = points.into_iter();
    points.map(|(at, amount)| Point { at, amount: Amount::new(amount) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_core::{
        Body, Record,
        command::{Contribute, Party as Payer, RecoverLoss, SettleLiquidation, Stake},
        fund::coverage_at,
        replay, replay_genesis,
    };
    use backstop_engine::{Options, ScenarioClock, ids::uuid7, read_model::beside};
    use backstop_testkit::world::{START, Setup, label};
    use backstop_units::{Base, Hash, Price, Shares, Signed};
    use std::collections::BTreeMap;

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
        let mut bodies: Vec<(&str, Body)> = vec![
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
        let from = Payer::Clearing(label("sol"));
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
        engine.wait_for(last, PATIENCE * 100).unwrap();
        engine.read_model().unwrap().wait_for(last, PATIENCE * 100).unwrap();
        engine
    }

    /// What a walk through the log finds: what losses met, and the balances of a fund.
    fn walked(engine: &Engine, fund: FundId) -> (History, Vec<Amount>) {
        let (mut history, mut balances) = (History::default(), Vec::new());
        let journal = engine.journal().unwrap();
        let mut state: Option<State> = None;
        for seq in 0..engine.head().size {
            let record = Record::decode(&journal.record(seq).unwrap().unwrap()).unwrap();
            let next = match state.take() {
                None => replay_genesis(&record).unwrap(),
                Some(mut state) => {
                    replay(&mut state, &record).unwrap();
                    state
                }
            };
            history.observe(&next, &record).unwrap();
            if let Some(item) = next.funds.get(fund) {
                balances.push(coverage_at(&next, fund, item, record.time).unwrap().total());
            }
            state = Some(next);
        }
        balances.dedup();
        (history, balances)
    }

    #[test]
    fn history_knows_what_a_walk_through_the_log_finds() {
        let folder = tempfile::tempdir().unwrap();
        let engine = filled(folder.path());
        let (kept, fund) = (Kept::of(&engine), FundId::new(0));
        let (history, balances) = walked(&engine, fund);
        for loss in (0..3).map(LossId::new) {
            let placing = history.get(loss);
            assert!(placing.is_some(), "{loss}");
            assert_eq!(kept.history_of(loss).get(loss), placing, "{loss}");
        }
        let past = kept.fund(fund, (1_000, 1_000, 50), None);
        let mut points: Vec<Amount> = past.points.iter().map(|point| point.amount).collect();
        points.dedup();
        // What a fund holds before anything moved in it is no point.
        assert_eq!(
            points,
            balances.into_iter().skip_while(|amount| amount.is_zero()).collect::<Vec<_>>()
        );
        let mut sums: BTreeMap<u8, u128> = BTreeMap::new();
        for mark in &past.marks {
            *sums.entry(mark.kind as u8).or_default() += mark.amount.get();
        }
        let rows = engine.read(|state| {
            let rows = state.losses.iter().flat_map(|(_, loss)| loss.rows.clone());
            rows.map(|row| (row.row.cohort, row.row.amount, row.recovered)).collect::<Vec<_>>()
        });
        let paid = |slashed: bool| -> u128 {
            use backstop_core::event::Cohort;
            let of = |cohort: &Cohort| match cohort {
                Cohort::Stakers { .. } => slashed,
                Cohort::Reserve(_) | Cohort::Contributions(_) => !slashed,
                _ => false,
            };
            rows.iter().filter(|row| of(&row.0)).map(|row| row.1.get()).sum()
        };
        assert_eq!(sums[&(MarkKind::Inflow as u8)], 20_700);
        assert_eq!(sums[&(MarkKind::Payout as u8)], paid(false));
        assert_eq!(sums[&(MarkKind::Slash as u8)], paid(true));
        assert_eq!(sums[&(MarkKind::Recovery as u8)], 500);
        assert!(past.made.is_some() && !past.settings.is_empty());
    }

    #[test]
    fn a_chart_has_few_points_and_keeps_the_lowest() {
        let folder = tempfile::tempdir().unwrap();
        let engine = filled(folder.path());
        let kept = Kept::of(&engine);
        let all = kept.points(Series::Balance(FundId::new(0)), 1_000);
        let few = kept.points(Series::Balance(FundId::new(0)), 6);
        assert!(few.len() <= 6 && few.len() < all.len(), "{}", few.len());
        let least = |points: &[Point]| points.iter().map(|point| point.amount).min();
        let most = |points: &[Point]| points.iter().map(|point| point.amount).max();
        assert_eq!((least(&few), most(&few)), (least(&all), most(&all)));
        assert_eq!(few.last().map(|it| it.amount), all.last().map(|it| it.amount));
    }
}
