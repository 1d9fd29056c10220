use crate::fixture::{
    Recorder, account, backstop, kana, label, open, plain, second, two_markets, usd, winners_pay,
};
use backstop_core::{
    Body,
    policy::{AdlPolicy, AdlSelect},
};
use backstop_risk::{
    Book, RiskError, Venue, VenueParams,
    book::{Account, numbered},
    evidence::prove,
    venue::{Listing, Names, VenueSetup},
};
use backstop_units::{Amount, Base, Label, Span};

const SOL: [(&str, f64); 1] = [("sol-perp", 100.0)];

fn closed(venue: &Venue) -> Vec<String> {
    venue.closed().map(|label: Label| label.to_string()).collect()
}

fn check(venue: &Venue, ledger: &mut Recorder) {
    let conservation = venue.check(Amount::ZERO, ledger).unwrap();
    assert!(conservation.holds());
    ledger.memory.check().unwrap();
}

/// Alice is close to her margin, Bob needs a fall of another percent.
fn cascade_book() -> Vec<Account> {
    vec![account(1, 60_000, &[(0, 10_000)]), account(2, 70_000, &[(0, 10_000)])]
}

#[test]
fn impact_of_one_close_triggers_the_next() {
    // Alice falls at 100 × (1 - 0.06) ÷ 0.975 = 96.41, Bob at 95.38.
    let shallow = VenueParams { depth_per_percent: 500_000.0, ..plain() };
    let (mut venue, mut ledger) = open(&backstop(), &shallow, cascade_book(), &SOL);
    venue.step(second(20), &[usd(96.45)], &mut ledger).unwrap();
    assert!(closed(&venue).is_empty());
    // Alice's close sells 0.96 m: nearly two percent of impact, enough for Bob in the same step.
    venue.step(second(40), &[usd(96.40)], &mut ledger).unwrap();
    assert_eq!(closed(&venue), ["trader-00001", "trader-00002"]);
    assert!(venue.worst_basis(0).0 < -100);
    assert_eq!(venue.worst_basis(0).1, second(40));
    check(&venue, &mut ledger);
}

#[test]
fn without_impact_there_is_no_cascade() {
    let (mut venue, mut ledger) = open(&backstop(), &plain(), cascade_book(), &SOL);
    for (step, price) in (1..).zip([96.45, 96.40, 95.50, 96.0]) {
        venue.step(second(20 * step), &[usd(price)], &mut ledger).unwrap();
    }
    assert_eq!(closed(&venue), ["trader-00001"]);
    assert_eq!(venue.worst_basis(0).0, 0);
    venue.step(second(200), &[usd(95.30)], &mut ledger).unwrap();
    assert_eq!(closed(&venue).len(), 2);
    check(&venue, &mut ledger);
}

#[test]
fn latency_lets_the_price_run_and_the_recovered_go() {
    let late = VenueParams { latency: Span::from_ms(60_000), ..plain() };
    let (mut venue, mut ledger) = open(&backstop(), &late, cascade_book(), &SOL);
    for (at, price) in [(20, 96.0), (40, 96.0), (60, 97.0), (80, 98.0)] {
        venue.step(second(at), &[usd(price)], &mut ledger).unwrap();
    }
    assert!(closed(&venue).is_empty(), "was back above maintenance when its turn came");
    for (at, price) in [(100, 96.0), (120, 95.0), (140, 94.0)] {
        venue.step(second(at), &[usd(price)], &mut ledger).unwrap();
        assert!(closed(&venue).is_empty());
    }
    venue.step(second(160), &[usd(93.0)], &mut ledger).unwrap();
    assert_eq!(closed(&venue), ["trader-00001"]);
    // Bankrupt at 94: one dollar on ten thousand units is missing.
    let settled = ledger.settlements();
    assert_eq!((settled.len(), settled[0].outcome.get()), (1, -10_000_000_000));
    assert_eq!(settled[0].mark, usd(93.0));
    check(&venue, &mut ledger);
}

/// Fifty longs of rising leverage, with shorts against them.
fn ladder() -> Vec<Account> {
    let long = |n: u32| account(n, 4_000 + u128::from(n) * 700, &[(0, 1_000)]);
    let short = |n: u32| account(100 + n, 90_000, &[(0, -1_000)]);
    (1..=50).map(long).chain((1..=50).map(short)).collect()
}

#[test]
fn more_latency_never_shrinks_deficits_in_a_monotone_crash() {
    let mut last = None;
    for latency in [0, 10, 20, 60, 120, 400, 900] {
        let params = VenueParams { latency: Span::from_ms(latency * 1_000), ..plain() };
        let (mut venue, mut ledger) = open(&kana(), &params, ladder(), &SOL);
        for step in 1..=200u32 {
            let price = 100.0 - 0.25 * f64::from(step.min(160));
            venue.step(second(u64::from(step) * 10), &[usd(price)], &mut ledger).unwrap();
        }
        check(&venue, &mut ledger);
        let (gross, count) = (venue.tally().gross, venue.tally().deficits);
        assert!(last <= Some((gross, count)), "{latency} s: {gross} after {last:?}");
        last = Some((gross, count));
    }
    assert!(last.unwrap().0 > Amount::ZERO);
}

#[test]
fn each_account_is_settled_once_with_rows_it_can_prove() {
    let params = VenueParams { depth_per_percent: 100_000.0, ..VenueParams::DEMO };
    let (mut venue, mut ledger) = open(&backstop(), &params, ladder(), &SOL);
    for step in 1..=100u32 {
        let price = 100.0 - 0.5 * f64::from(step.min(60));
        venue.step(second(u64::from(step) * 20), &[usd(price)], &mut ledger).unwrap();
    }
    venue.end_bar(3_600_000, &mut ledger).unwrap();
    check(&venue, &mut ledger);
    let settled = ledger.settlements();
    assert_eq!(settled.len(), closed(&venue).len());
    assert!(settled.len() > 20);
    for (at, settle) in settled.iter().enumerate() {
        assert!(settled[..at].iter().all(|other| other.account != settle.account));
        let root = settle.evidence.unwrap();
        let step = venue.evidence().iter().find(|step| step.root == root).unwrap();
        let index = step.rows.iter().position(|row| row.account == settle.account).unwrap();
        let path = step.prove(index).unwrap();
        assert!(prove(&step.rows[index], index, step.rows.len(), &path, root));
        assert_eq!(step.rows[index].outcome, settle.outcome);
    }
}

#[test]
fn positions_bear_what_is_socialised_and_the_rest_is_named() {
    // No fund at all: `backstop` socialises, `kana` has nobody left and names a residual.
    for (genesis, socialised) in [(backstop(), true), (kana(), false)] {
        let late = VenueParams { latency: Span::from_ms(200_000), ..plain() };
        let (mut venue, mut ledger) = open(&genesis, &late, ladder(), &SOL);
        let survivor = numbered("trader", 101).unwrap();
        for step in 1..=40u32 {
            let price = 100.0 - 0.5 * f64::from(step);
            venue.step(second(u64::from(step) * 20), &[usd(price)], &mut ledger).unwrap();
        }
        check(&venue, &mut ledger);
        let tally = venue.tally().clone();
        let borne = if socialised { tally.socialised } else { tally.residual };
        assert!(borne > Amount::ZERO);
        assert_eq!(tally.gross, borne);
        // A short that gained 20,000 on its way down keeps all of it only under kana.
        let equity = venue.equity(survivor).unwrap().unwrap();
        assert_eq!(equity < 110_000_000_000, socialised, "{equity}");
        venue.end_bar(3_600_000, &mut ledger).unwrap();
        check(&venue, &mut ledger);
        let dust = venue.check(Amount::ZERO, &mut ledger).unwrap().dust.get();
        assert!((0..20_000).contains(&dust), "{dust} atoms");
    }
}

#[test]
fn winners_give_up_what_the_reserve_lacks() {
    for (select, batch) in [(AdlSelect::Queue, 1), (AdlSelect::ProRataGains, 1_024)] {
        let rules = AdlPolicy { select, batch, hedge_aware: false, ..AdlPolicy::default() };
        // A long of a million is closed 10,000 under water; three shorts have gained on its way down.
        let book = vec![
            account(1, 60_000, &[(0, 10_000)]),
            account(2, 200_000, &[(0, -5_000)]),
            account(3, 400_000, &[(0, -4_000)]),
            account(4, 2_000_000, &[(0, -8_000)]),
            account(5, 500_000, &[(0, 10)]),
        ];
        let (mut venue, mut ledger) = open(&winners_pay(rules), &plain(), book, &SOL);
        venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
        assert_eq!(closed(&venue), ["trader-00001"]);
        let tally = venue.tally();
        assert_eq!(tally.gross, Amount::new(10_000_000_000));
        assert_eq!(tally.deleveraged, tally.gross, "all of it to the atom: {tally:?}");
        assert!(tally.residual.is_zero() && tally.socialised.is_zero());
        let equity = |n| venue.equity(numbered("trader", n).unwrap()).unwrap().unwrap();
        let lost = [(2, 200_000 + 35_000), (3, 400_000 + 28_000), (4, 2_000_000 + 56_000)]
            .map(|(n, before): (u32, i128)| before * 1_000_000 - equity(n));
        assert_eq!(lost.iter().sum::<i128>(), 10_000_000_000, "{lost:?}");
        // Each unit closed at 94 instead of 93 forgoes a dollar. The queue takes whole positions from
        // the front; by gains everybody gives ten of seventeen.
        match select {
            AdlSelect::Queue => {
                assert_eq!(lost, [5_000_000_000, 4_000_000_000, 1_000_000_000]);
            }
            _ => assert!((lost[2] - 2 * lost[1]).abs() < 10 && lost[1] < lost[0], "{lost:?}"),
        }
        assert_eq!(equity(5), 500_000_000_000 - 70_000_000, "nobody else's business");
        assert_eq!(venue.trader_interest(0), Base::new(7_010 * 1_000_000_000));
        check(&venue, &mut ledger);
        venue.end_bar(3_600_000, &mut ledger).unwrap();
        check(&venue, &mut ledger);
    }
}

#[test]
fn what_winners_can_not_give_is_residual() {
    let book = vec![account(1, 60_000, &[(0, 10_000)]), account(2, 20_000, &[(0, -1_000)])];
    let rules = AdlPolicy { select: AdlSelect::Queue, ..AdlPolicy::default() };
    let (mut venue, mut ledger) = open(&winners_pay(rules), &plain(), book, &SOL);
    venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
    let tally = venue.tally();
    // A thousand units at a loss of one dollar each.
    assert_eq!(tally.deleveraged, Amount::new(1_000_000_000));
    assert_eq!(tally.residual, Amount::new(9_000_000_000));
    check(&venue, &mut ledger);
}

#[test]
fn margin_is_shared_across_markets() {
    // Alice is long one market and short the other; Bob has the long leg alone.
    let book = vec![
        account(1, 10_000, &[(0, 1_000), (1, -10)]),
        account(2, 10_000, &[(0, 1_000)]),
        account(3, 1_000_000, &[(1, 5)]),
    ];
    let prices = [("sol-perp", 100.0), ("btc-perp", 10_000.0)];
    let (mut venue, mut ledger) = open(&two_markets(), &plain(), book, &prices);
    venue.step(second(20), &[usd(92.0), usd(9_200.0)], &mut ledger).unwrap();
    assert_eq!(closed(&venue), ["trader-00002"], "the hedge holds");
    venue.step(second(40), &[usd(92.0), usd(9_800.0)], &mut ledger).unwrap();
    let settled = ledger.settlements();
    assert_eq!((settled.len(), closed(&venue).len()), (2, 2));
    // One settlement for both legs, on the larger one; the other market's open interest follows.
    assert_eq!(settled[1].market, label("btc-perp"));
    let reported = ledger.sent.iter().rev().find_map(|(.., body)| match body {
        Body::ReportOpenInterest(report) => Some((report.market, report.base)),
        _ => None,
    });
    assert_eq!(reported, Some((label("sol-perp"), Base::ZERO)));
    check(&venue, &mut ledger);
}

#[test]
fn open_interest_is_long_and_short_with_the_maker() {
    let (venue, mut ledger) = open(&backstop(), &plain(), cascade_book(), &SOL);
    assert_eq!(venue.open_interest(0), Base::new(40_000 * 1_000_000_000));
    assert_eq!(venue.one_sided().unwrap(), Amount::new(2_000_000 * 1_000_000));
    let market = ledger.read_market("sol-perp");
    assert_eq!(market, venue.open_interest(0));
}

#[test]
fn an_unknown_market_is_refused() {
    let mut ledger = Recorder::begin(&backstop());
    let names = Names {
        venue: label("venue"),
        custodian: label("custodian"),
        liquidators: vec![label("keeper")],
        maker: label("maker"),
        asset: label("usdt"),
    };
    let listing = [Listing { market: label("doge-perp"), price: usd(1.0) }];
    let book = Book::default();
    let setup = VenueSetup {
        params: &plain(),
        book: &book,
        listings: &listing,
        names,
        at: second(0),
        quote_atoms: Amount::new(1_000_000),
    };
    let opened = Venue::open(setup, &mut ledger);
    assert!(matches!(opened, Err(RiskError::Market(market)) if market == label("doge-perp")));
}

impl Recorder {
    fn read_market(&mut self, market: &str) -> Base {
        let state = self.memory.state();
        let id = state.market_id(label(market)).unwrap();
        state.markets.get(id).unwrap().open_interest
    }
}
