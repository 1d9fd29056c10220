//! The venue on markets whose positions are kept in the ledger.

use crate::fixture::{
    Recorder, account, bring, dydx, fill_reserve, hosted, kana, label, open, plain, second, usd,
};
use backstop_core::{
    Body, Genesis,
    command::DepositMargin,
    policy::{HostedPolicy, LayerPolicy, LayerSource},
};
use backstop_risk::{
    Bars, Feed, Ledger, RiskError, Venue, VenueParams,
    book::{Account, numbered},
    demo::{fits, stage},
};
use backstop_units::{Amount, Base, Label, Ppm, Span, Timestamp};

const SOL: [(&str, f64); 1] = [("sol-perp", 100.0)];

/// No steps and no limits: a fill closes all of a position.
const fn at_once(policy: &mut HostedPolicy) {
    policy.portion = Ppm::WHOLE;
    policy.step = Span::ZERO;
}

fn check(venue: &Venue, ledger: &mut Recorder, given: u128) {
    assert!(venue.check(Amount::new(given * 1_000_000), ledger).unwrap().holds());
    ledger.memory.check().unwrap();
}

fn trader(number: u32) -> Label {
    numbered("trader", number).unwrap()
}

/// What an account is worth at the marks, in whole dollars, rounded down.
fn worth(venue: &Venue, number: u32) -> i128 {
    venue.equity(trader(number)).unwrap().unwrap().div_euclid(1_000_000)
}

fn count(ledger: &Recorder, pick: fn(&Body) -> bool) -> usize {
    ledger.sent.iter().filter(|(.., body)| pick(body)).count()
}

/// Liquidation fills in base atoms, with their times.
fn fills(ledger: &Recorder) -> Vec<(Timestamp, u128)> {
    let sent = ledger.sent.iter();
    let fill = sent.filter_map(|(at, _, body)| match body {
        Body::FillLiquidation(fill) => Some((*at, fill.size.get())),
        _ => None,
    });
    fill.collect()
}

/// The same in whole units, cut.
fn units(ledger: &Recorder) -> Vec<u128> {
    fills(ledger).into_iter().map(|(_, base)| base / 1_000_000_000).collect()
}

#[test]
fn the_book_is_opened_in_the_ledger() {
    // The second one has the highest leverage there is, and a notional that is no whole number of atoms.
    let mut tight = account(2, 0, &[(0, -1)]);
    tight.positions[0].base = Base::new(333_333_333);
    tight.collateral = Amount::new(1_666_666);
    let book = vec![account(1, 60_000, &[(0, 10_000)]), tight];
    let (venue, mut ledger) = open(&hosted(at_once), &plain(), book, &SOL);
    check(&venue, &mut ledger, 0);
    assert_eq!(count(&ledger, |body| matches!(body, Body::Trade(_))), 2);
    assert_eq!(count(&ledger, |body| matches!(body, Body::ReportMark(_))), 1);
    assert_eq!(worth(&venue, 1), 60_000);
    let state = ledger.memory.state();
    let id = state.market_id(label("sol-perp")).unwrap();
    assert_eq!(state.markets.get(id).unwrap().open_interest, venue.open_interest(0));
    assert_eq!(venue.trader_interest(0), Base::new(10_000_333_333_333));
}

#[test]
fn a_position_is_closed_in_parts_until_its_account_is_healthy() {
    // 500 units at 95.4 with 200 dollars of equity: maintenance is 1,192.5. A block closes a tenth, or a
    // thousand dollars, until what is left needs less than 200.
    let book = vec![account(1, 2_500, &[(0, 500)]), account(2, 90_000, &[(0, -400)])];
    let steps = |policy: &mut HostedPolicy| {
        policy.step = Span::from_ms(1_000);
        policy.max_fee = Ppm::new(0);
    };
    let (mut venue, mut ledger) = open(&hosted(steps), &plain(), book, &SOL);
    venue.step(second(20), &[usd(95.4)], &mut ledger).unwrap();
    assert_eq!(units(&ledger), [50], "one block as the step begins");
    venue.step(second(40), &[usd(95.4)], &mut ledger).unwrap();
    let all = fills(&ledger);
    assert_eq!(units(&ledger)[..4], [50, 45, 40, 36], "a tenth of what is left");
    let left = venue.trader_interest(0).get() - 400_000_000_000;
    let margin = |base: u128| base * 954 / 10 * 25 / 1_000;
    assert!(
        margin(left) < 200_000_000_000 && margin(left + all[all.len() - 1].1) > 200_000_000_000
    );
    assert_eq!((venue.closed().count(), venue.tally().liquidations), (0, 1));
    assert!(venue.tally().losses == 0 && (199..=200).contains(&worth(&venue, 1)));
    assert!(all.windows(2).all(|pair| pair[1].0.since(pair[0].0) == Span::from_ms(1_000)));
    check(&venue, &mut ledger, 0);
    // Below maintenance again further down, and then bankrupt.
    for (at, price) in [(60, 94.5), (80, 94.5), (100, 91.0), (120, 91.0), (140, 91.0)] {
        venue.step(second(at), &[usd(price)], &mut ledger).unwrap();
    }
    assert!(fills(&ledger).len() > all.len() && venue.tally().liquidations == 1);
    assert_eq!(venue.closed().count(), 1);
    check(&venue, &mut ledger, 0);
}

#[test]
fn limits_of_an_account_stretch_its_liquidation() {
    // A tenth of 1.9 million is more than the 100,000 that an account may be liquidated for in a second.
    let book = vec![account(1, 120_000, &[(0, 20_000)])];
    let (mut venue, mut ledger) = open(&dydx(), &plain(), book, &SOL);
    venue.step(second(20), &[usd(95.0)], &mut ledger).unwrap();
    venue.step(second(40), &[usd(95.0)], &mut ledger).unwrap();
    let all = fills(&ledger);
    assert_eq!(units(&ledger)[..3], [1_052; 3]);
    // A window of a second counts for a 24th more, in whole milliseconds.
    assert!(all.windows(2).all(|pair| pair[1].0.since(pair[0].0) >= Span::from_ms(1_050)));
    assert!(all.len() >= 18, "{all:?}");
    check(&venue, &mut ledger, 0);
}

/// Alice, long, is bankrupt at 94; the shorts are in gain.
fn crash_book() -> Vec<Account> {
    vec![
        account(1, 60_000, &[(0, 10_000)]),
        account(2, 200_000, &[(0, -5_000)]),
        account(3, 400_000, &[(0, -4_000)]),
        account(4, 2_000_000, &[(0, -8_000)]),
        account(5, 500_000, &[(0, 10)]),
    ]
}

#[test]
fn the_fund_pays_whole_or_winners_are_deleveraged() {
    // Ten thousand dollars are missing at 93.
    for (reserve, deleveraged) in [(10_000, false), (9_999, true), (0, true)] {
        let (mut venue, mut ledger) = open(&hosted(at_once), &plain(), crash_book(), &SOL);
        fill_reserve(&mut ledger, "cross", reserve);
        venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
        check(&venue, &mut ledger, reserve);
        let tally = venue.tally();
        let (liquidations, deficits) = (tally.liquidations, tally.deficits);
        assert_eq!((liquidations, deficits, tally.gross.get()), (1, 1, 10_000_000_000));
        assert_eq!(tally.losses, u64::from(!deleveraged));
        assert_eq!(count(&ledger, |body| matches!(body, Body::Deleverage(_))) > 0, deleveraged);
        let before = [(2, 235_000), (3, 428_000), (4, 2_056_000)];
        let lost = before.map(|(number, before)| before - worth(&venue, number));
        if deleveraged {
            // Each unit closed at 94 and not 93 forgoes a dollar; from some account on, whole positions.
            assert_eq!(tally.deleveraged, tally.gross);
            assert_eq!(tally.cut_notional, Amount::new(930_000_000_000));
            assert_eq!(lost.iter().sum::<i128>(), 10_000, "{lost:?}");
            let touched = lost.iter().filter(|lost| **lost > 0).count();
            assert_eq!(u64::try_from(touched), Ok(tally.cut_accounts), "{lost:?}");
            assert_eq!(venue.trader_interest(0), Base::new(7_010_000_000_000));
        } else {
            assert_eq!(lost, [0; 3]);
            assert!(tally.deleveraged.is_zero() && tally.cut_accounts == 0);
        }
        assert_eq!(worth(&venue, 5), 499_930, "nobody else's business");
    }
}

#[test]
fn an_account_above_zero_waits_for_a_fill_that_can_be_paid() {
    // The book is so thin that selling ends five percent lower, beyond bankruptcy; at the mark something is
    // left.
    let thin = VenueParams { depth_per_percent: 93_000.0, band: 0.1, ..plain() };
    let (mut venue, mut ledger) = open(&hosted(at_once), &thin, crash_book(), &SOL);
    for at in [20, 40, 60] {
        venue.step(second(at), &[usd(95.0)], &mut ledger).unwrap();
    }
    assert!(fills(&ledger).is_empty() && venue.tally().liquidations == 0);
    assert_eq!(count(&ledger, |body| matches!(body, Body::Deleverage(_))), 0);
    assert_eq!(venue.worst_basis(0).0, 0, "an order that nobody takes moves nothing");
    // With a fund the same order is filled.
    fill_reserve(&mut ledger, "cross", 100_000);
    venue.step(second(80), &[usd(95.0)], &mut ledger).unwrap();
    assert_eq!((units(&ledger), venue.tally().losses), (vec![10_000], 1));
    check(&venue, &mut ledger, 100_000);
}

#[test]
fn without_impact_both_ways_of_keeping_positions_close_the_same_accounts_for_the_same_loss() {
    let long = |n: u32| account(n, 4_400 + u128::from(n) * 700, &[(0, 1_000)]);
    let short = |n: u32| account(100 + n, 9_000, &[(0, -1_000)]);
    let book: Vec<Account> = (1..=50).map(long).chain((1..=50).map(short)).collect();
    let late = VenueParams { latency: Span::from_ms(60_000), taker_fee: Ppm::new(0), ..plain() };
    let run = |genesis: &Genesis, fund: &str| {
        let (mut venue, mut ledger) = open(genesis, &late, book.clone(), &SOL);
        fill_reserve(&mut ledger, fund, 10_000_000);
        for step in 1..=300u32 {
            let swing = f64::from(step % 60) * 0.3;
            let price = 100.0 - f64::from(step.min(120)) * 0.25 + swing;
            venue.step(second(u64::from(step) * 20), &[usd(price)], &mut ledger).unwrap();
        }
        let closed: Vec<Label> = venue.closed().collect();
        let tally = venue.tally();
        (closed, tally.liquidations, tally.deficits, tally.gross.get())
    };
    let (ours, ledgers) = (run(&kana(), "main"), run(&hosted(at_once), "cross"));
    assert_eq!((&ours.0, ours.1, ours.2), (&ledgers.0, ledgers.1, ledgers.2));
    assert!(ours.2 > 10, "{ours:?}");
    // What one sells for is rounded to the atom, up there and down here.
    assert!(ours.3.abs_diff(ledgers.3) <= u128::from(ours.1), "{} {}", ours.3, ledgers.3);
}

#[test]
fn deleveraging_goes_round_until_all_is_closed_or_nobody_is_left() {
    // A hundred shorts of a hundred units each, a list and a half; none of them alone is enough.
    let short = |n: u32| account(100 + n, 20_000, &[(0, -100)]);
    let book: Vec<Account> =
        [account(1, 60_000, &[(0, 10_000)])].into_iter().chain((1..=100).map(short)).collect();
    let (mut venue, mut ledger) = open(&hosted(at_once), &plain(), book, &SOL);
    venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
    assert_eq!(count(&ledger, |body| matches!(body, Body::Deleverage(_))), 2);
    assert_eq!((venue.tally().cut_accounts, venue.trader_interest(0)), (100, Base::ZERO));
    check(&venue, &mut ledger, 0);
    // Ninety of them leave a tenth of the position; it stays open, below zero, until prices are back.
    let book: Vec<Account> =
        [account(1, 60_000, &[(0, 10_000)])].into_iter().chain((1..=90).map(short)).collect();
    let (mut venue, mut ledger) = open(&hosted(at_once), &plain(), book, &SOL);
    venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
    venue.step(second(40), &[usd(93.0)], &mut ledger).unwrap();
    assert_eq!((venue.closed().count(), worth(&venue, 1)), (0, -1_000));
    assert_eq!(venue.below_zero().unwrap(), Amount::new(1_000_000_000));
    check(&venue, &mut ledger, 0);
    venue.step(second(60), &[usd(99.0)], &mut ledger).unwrap();
    assert_eq!((venue.below_zero().unwrap(), worth(&venue, 1)), (Amount::ZERO, 5_000));
    check(&venue, &mut ledger, 0);
}

#[test]
fn a_copy_that_differs_is_an_error() {
    let (venue, mut ledger) = open(&hosted(at_once), &plain(), crash_book(), &SOL);
    let (account, fund) = (trader(4), label("cross"));
    bring(&mut ledger, account, 1);
    let deposit = DepositMargin { account, fund, amount: Amount::new(1) };
    ledger.send(second(1), label("venue"), deposit.into()).unwrap();
    let checked = venue.check(Amount::new(1), &mut ledger);
    assert!(matches!(checked, Err(RiskError::Copy(who)) if who == trader(4)), "{checked:?}");
}

#[test]
fn a_staged_market_counts_and_asks_as_the_book_does() {
    let text = "open_time_unix,open,high,low,close\n60,10,11,8,9\n";
    let feeds = [Feed { market: label("doge-perp"), bars: Bars::parse(text, 6).unwrap() }];
    let genesis = dydx();
    let staged = stage(genesis, &feeds, &VenueParams::DEMO).unwrap();
    let policy = staged.setup.iter().find_map(|body| match body {
        Body::CreateMarket(market) if market.label == label("doge-perp") => {
            market.policy.hosted.clone()
        }
        _ => None,
    });
    let policy = policy.unwrap();
    assert_eq!(
        (policy.decimals, policy.initial, policy.maintenance),
        (9, Ppm::new(50_000), Ppm::new(25_000))
    );
    assert!(fits(&staged).is_ok_and(|cast| cast.hosted));
}

#[test]
fn losses_that_all_positions_share_are_left_out() {
    let mut genesis = dydx();
    for body in &mut genesis.setup {
        let Body::CreateMarket(market) = body else { continue };
        let layer = market.policy.waterfall[0];
        market.policy.waterfall.push(LayerPolicy { source: LayerSource::Socialised, ..layer });
    }
    assert!(matches!(fits(&genesis), Err(RiskError::Spread(_))));
}
