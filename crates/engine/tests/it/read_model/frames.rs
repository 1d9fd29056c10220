//! Steps of markets and points of charts against the state at every record.

use super::{Logged, logged, random};
use backstop_core::{
    Event, State,
    fund::{coverage, realised::SharePrice},
    ledger::LedgerAccount,
    replay, replay_genesis,
    state::Source,
};
use backstop_engine::read_model::{Frame, Level, POINTS_MAX, Series};
use backstop_units::{Amount, FundId, LossId, MarketId, Seq, Timestamp, TrancheId};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

const EVER: (Timestamp, Timestamp) = (Timestamp::ZERO, Timestamp::from_ms(u64::MAX >> 1));
const ALL: (Seq, Seq) = (Seq::new(0), Seq::new(u64::MAX >> 1));

/// What is counted of one market by going through its events.
#[derive(Default)]
struct Count {
    liquidations: u64,
    losses: u64,
    lost: Amount,
    worst: Vec<(Seq, LossId, Amount)>,
    /// Its waterfall was replaced, so what a layer has used is not all that its payer has paid.
    replaced: bool,
}

impl Count {
    fn take(counts: &mut BTreeMap<MarketId, Self>, seq: Seq, event: &Event) {
        match event {
            Event::LiquidationSettled { market, .. } => {
                counts.entry(*market).or_default().liquidations += 1;
            }
            Event::MarginLiquidated(it) => counts.entry(it.market).or_default().liquidations += 1,
            Event::LossPlaced(it) => {
                let count = counts.entry(it.market).or_default();
                count.losses += 1;
                count.lost = count.lost.saturating_add(it.gross);
                count.worst.push((seq, it.loss, it.gross));
            }
            Event::WaterfallSet { market, .. } => {
                counts.entry(*market).or_default().replaced = true;
            }
            Event::IsolatedMerged(it) => counts.entry(it.market).or_default().replaced = true,
            _ => {}
        }
    }
}

/// What a layer holds of a market's asset, by the state.
fn held(state: &State, market: MarketId, source: Source) -> Option<Amount> {
    let asset = state.funds.get(state.markets.get(market)?.fund)?.asset;
    let owed = |account| state.ledger.owed(account, asset);
    match source {
        Source::FeePool => Some(owed(LedgerAccount::FeePool(market))),
        Source::Reserve(fund) if state.funds.get(fund)?.asset == asset => Some(
            owed(LedgerAccount::Reserve(fund))
                .saturating_add(owed(LedgerAccount::Contributions(fund))),
        ),
        Source::Staked(id) if state.funds.get(state.tranches.get(id)?.fund)?.asset == asset => {
            Some(owed(LedgerAccount::Tranche(id)))
        }
        _ => None,
    }
}

/// One step, at the record that it ends with.
fn stands(state: &State, market: MarketId, count: &Count, frame: &Frame) {
    let at = frame.last;
    let item = state.markets.get(market).unwrap();
    assert_eq!((frame.liquidations, frame.losses), (count.liquidations, count.losses), "{at}");
    assert_eq!(frame.lost, count.lost, "{at}");
    let total = coverage(state, item.fund, state.funds.get(item.fund).unwrap()).unwrap().total();
    assert_eq!(frame.balance, total, "{at}");
    assert!(frame.lowest <= frame.balance);
    let sources: Vec<Source> = state.layers_of(item).map(|(_, layer)| layer.source).collect();
    assert!(frame.layers.iter().map(|layer| layer.source).take(sources.len()).eq(sources), "{at}");
    for (kept, (_, layer)) in frame.layers.iter().zip(state.layers_of(item)) {
        assert_eq!(kept.held, held(state, market, layer.source), "{at} {:?}", layer.source);
        if !count.replaced {
            assert_eq!(kept.paid, layer.used, "{at} {:?}", layer.source);
        }
    }
    if let Some(index) = item.mark.and_then(|mark| state.indexes.get(mark.index))
        && let Some((price, _)) = index.band.last()
        && frame.price.is_some()
    {
        assert_eq!(frame.price, Some(price), "{at}");
    }
    if state.hosted_markets.get(market).is_some_and(Option::is_none)
        && !item.open_interest.is_zero()
    {
        assert_eq!(frame.open_interest, Some(item.open_interest), "{at}");
    }
}

/// Every step is what a replay finds at its end, and every loss ends one. Says how many there were.
pub(super) fn fit(logged: &Logged) -> usize {
    let model = logged.engine.read_model().unwrap();
    let markets = logged.engine.read(|state| state.markets.len());
    let all: Vec<(MarketId, Vec<Frame>)> = (0..)
        .take(markets)
        .map(MarketId::new)
        .map(|id| (id, model.frames(id, ALL, POINTS_MAX).unwrap().value))
        .collect();
    let mut state = replay_genesis(&logged.records[0]).unwrap();
    let mut counts: BTreeMap<MarketId, Count> = BTreeMap::new();
    for record in &logged.records {
        if record.seq.get() > 0 {
            replay(&mut state, record).unwrap();
        }
        record.events.iter().for_each(|event| Count::take(&mut counts, record.seq, event));
        for (market, frames) in &all {
            for frame in frames.iter().filter(|frame| frame.last == record.seq) {
                stands(&state, *market, counts.entry(*market).or_default(), frame);
            }
        }
    }
    for (market, frames) in &all {
        assert!(frames.iter().all(|frame| frame.level == 0 && frame.first <= frame.last));
        assert!(frames.windows(2).all(|pair| pair[0].last < pair[1].first));
        let count = &counts[market];
        for (seq, loss, gross) in &count.worst {
            let frame = frames.iter().find(|frame| frame.last == *seq).unwrap();
            let (worst, most) = frame.worst.unwrap();
            assert!(most > *gross || (most == *gross && worst.get() <= loss.get()), "{loss}");
        }
        let ends: BTreeSet<Seq> = count.worst.iter().map(|(seq, ..)| *seq).collect();
        assert_eq!(frames.iter().filter(|frame| frame.worst.is_some()).count(), ends.len());
        coarser(logged, *market, frames);
        windows(logged, *market, frames);
    }
    curves(logged);
    all.iter().map(|(_, frames)| frames.len()).sum()
}

/// Larger steps hold whole smaller ones, with their extremes; the last one ends where the smallest does.
fn coarser(logged: &Logged, market: MarketId, frames: &[Frame]) {
    let model = logged.engine.read_model().unwrap();
    for most in [1, 2, 5, 20] {
        let found = model.frames(market, ALL, most).unwrap().value;
        assert!(found.len() <= most && found.len() == frames.len().min(found.len()));
        let mut rest = frames;
        for frame in &found {
            let inside = rest.iter().take_while(|one| one.last <= frame.last).count();
            let (mine, others) = rest.split_at(inside);
            rest = others;
            let (Some(first), Some(last)) = (mine.first(), mine.last()) else { panic!("nothing") };
            assert!(frame.level == 0 || mine.len() <= 4usize.pow(frame.level.into()));
            assert_eq!((frame.first, frame.last), (first.first, last.last));
            assert_eq!(
                (frame.liquidations, frame.losses, frame.lost, frame.balance, &frame.layers),
                (last.liquidations, last.losses, last.lost, last.balance, &last.layers)
            );
            assert_eq!(frame.high, mine.iter().filter_map(|one| one.high).max());
            assert_eq!(frame.low, mine.iter().filter_map(|one| one.low).min());
            assert_eq!(Some(frame.lowest), mine.iter().map(|one| one.lowest).min());
            let worst = mine.iter().filter_map(|one| one.worst).map(|(_, gross)| gross).max();
            assert_eq!(frame.worst.map(|(_, gross)| gross), worst);
        }
        assert!(rest.is_empty());
    }
}

/// A window has the steps that lie in it, also those that begin before it.
fn windows(logged: &Logged, market: MarketId, frames: &[Frame]) {
    let model = logged.engine.read_model().unwrap();
    let size = logged.engine.head().size;
    for (from, until) in [(0, size / 2), (size / 3, size / 2), (size / 2, size), (size, size + 5)] {
        let bounds = (Seq::new(from), Seq::new(until));
        let want = frames.iter().filter(|one| one.last >= bounds.0 && one.first < bounds.1);
        let found = model.frames(market, bounds, POINTS_MAX).unwrap().value;
        assert!(found.iter().eq(want), "{bounds:?}");
    }
}

/// Curves end where the state is and keep the extremes of the minutes.
fn curves(logged: &Logged) {
    let model = logged.engine.read_model().unwrap();
    let funds = logged.engine.read(|state| state.funds.len());
    for fund in (0..).take(funds).map(FundId::new) {
        let series = Series::Balance(fund);
        let minutes = model.samples(series, Level::Minute, EVER).unwrap().value;
        for most in [1, 2, 7, 1_000] {
            let curve = model.curve(series, EVER, most).unwrap().value;
            assert!(curve.len() <= most);
            let low =
                |all: &[backstop_engine::read_model::Sample]| all.iter().map(|it| it.low).min();
            let high =
                |all: &[backstop_engine::read_model::Sample]| all.iter().map(|it| it.high).max();
            assert_eq!(low(&curve), low(&minutes));
            assert_eq!(high(&curve), high(&minutes));
            assert_eq!(curve.last().map(|it| it.last), minutes.last().map(|it| it.last));
        }
    }
    logged.engine.read(|state| {
        for (id, tranche) in state.tranches.iter() {
            let asset = state.funds.get(tranche.fund).unwrap().asset;
            let now = SharePrice {
                assets: state.ledger.owed(LedgerAccount::Tranche(id), asset),
                shares: tranche.shares,
                base: tranche.base,
                series: tranche.series,
            };
            let later = Timestamp::from_ms(state.meta.now.ms() + 60_000);
            if let Some(kept) = model.share_price(id, later).unwrap().value {
                assert_eq!(kept, now, "{id}");
            }
        }
    });
}

/// Sums of flows are those of the moves behind them; share prices of the past are what a replay finds.
#[test]
fn share_prices_and_sums_are_what_a_replay_finds() {
    let mut runner = TestRunner::deterministic();
    let mut compared = 0;
    for _ in 0..12 {
        let logged = logged(&random(&mut runner));
        let model = logged.engine.read_model().unwrap();
        let mut state = replay_genesis(&logged.records[0]).unwrap();
        let tranches = logged.engine.read(|state| state.tranches.len());
        let mut before: Vec<Option<SharePrice>> = vec![None; tranches];
        let mut minute = 0;
        for record in &logged.records {
            let now = record.time.ms() / 60_000;
            if now > minute {
                minute = now;
                for (at, want) in before.iter().enumerate() {
                    let id = TrancheId::new(u32::try_from(at).unwrap());
                    let kept = model.share_price(id, record.time).unwrap().value;
                    let Some(want) = want else { continue };
                    let Some(kept) = kept else {
                        assert!(want.shares.is_zero(), "{id} before {}", record.seq);
                        continue;
                    };
                    assert_eq!(kept, *want, "{id} before {}", record.seq);
                    compared += 1;
                }
            }
            if record.seq.get() > 0 {
                replay(&mut state, record).unwrap();
            }
            for (id, tranche) in state.tranches.iter() {
                let asset = state.funds.get(tranche.fund).unwrap().asset;
                before[id.get() as usize] = Some(SharePrice {
                    assets: state.ledger.owed(LedgerAccount::Tranche(id), asset),
                    shares: tranche.shares,
                    base: tranche.base,
                    series: tranche.series,
                });
            }
        }
        for fund in (0..).take(state.funds.len()).map(FundId::new) {
            let last = |series| {
                let all = model.curve(series, EVER, 1).unwrap().value;
                all.last().map_or(Amount::ZERO, |it| it.last)
            };
            let mut sums = [Amount::ZERO; 2];
            for one in super::all_moves(model, fund, 1_000) {
                use backstop_engine::read_model::{FundPart, Reason};
                let place = match (one.reason, one.part, one.is_out) {
                    (Reason::BankruptcyLoss, FundPart::Tranche(_), true) => 1,
                    (Reason::BankruptcyLoss, FundPart::Reserve | FundPart::Contributions, true) => {
                        0
                    }
                    _ => continue,
                };
                sums[place] = sums[place].saturating_add(one.amount);
            }
            assert_eq!([Series::PaidOut(fund), Series::Slashed(fund)].map(last), sums);
        }
    }
    assert!(compared > 50, "{compared}");
}
