use crate::fixture::{Recorder, backstop, kana, label, presets, winners_pay};
use backstop_core::{
    Body, Genesis, State,
    command::CreateMarket,
    policy::{AdlPolicy, Overflow},
};
use backstop_risk::{
    Bars, BookParams, CRASHES, Crash, DemoReport, DemoSetup, Feed, Memory, RiskError, VenueParams,
    demo::{Cast, Payers, fits, stage},
    run, run_with_evidence, sweep,
};
use backstop_units::{Amount, Bps, Span};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A book small enough for a test without optimisation.
const SMALL: BookParams = BookParams { accounts: 1_500, ..BookParams::DEMO };

fn run_on(genesis: &Genesis, venue: &VenueParams, steps_per_leg: u32) -> (DemoReport, Recorder) {
    let feeds = Crash::MAIN.feeds(6).unwrap();
    let setup =
        DemoSetup { steps_per_leg, book: &SMALL, venue, ..DemoSetup::new(1, genesis, &feeds) };
    let mut ledger = Recorder::begin(genesis);
    let report = run(&setup, &mut ledger, &mut |_| {}).unwrap();
    ledger.memory.check().unwrap();
    (report, ledger)
}

fn assert_adds_up(report: &DemoReport, state: &State) {
    assert!(report.conservation.holds());
    let layers: u128 = report.layers.iter().map(|layer| layer.amount.get()).sum();
    assert_eq!(layers + report.residual.get(), report.gross_loss.get());
    let paid = report.payers();
    let Payers { fee_pool, reserve, staked, deleveraged, socialised, depositors, residual } = paid;
    let parts = [fee_pool, reserve, staked, deleveraged, socialised, depositors, residual];
    let sum: u128 = parts.iter().map(|part| part.get()).sum();
    assert_eq!(sum, report.gross_loss.get(), "{paid:?}");
    assert_eq!(
        [deleveraged, socialised, residual],
        [report.deleveraged, report.socialised, report.residual]
    );
    let (before, after) = (report.fund_before, report.fund_after);
    let spent = fee_pool.get() + reserve.get() + staked.get() + report.bounties.get();
    // Overflow to stakers stays in the fund.
    let overflow = match state.funds.iter().next().unwrap().1.policy.split.overflow {
        Overflow::Stakers => report.overflow.get(),
        _ => 0,
    };
    let came = report.to_fund.get() + overflow + report.fees.get();
    assert_eq!(
        before.total().get() + before.fee_pool.get() + came - spent,
        after.total().get() + after.fee_pool.get(),
    );
}

#[test]
fn the_crash_runs_under_both_presets() {
    for genesis in [backstop(), kana()] {
        let (report, ledger) = run_on(&genesis, &VenueParams::DEMO, 60);
        assert_eq!(report.preset, genesis.preset);
        assert!(report.liquidations > 100 && report.deficits > 0, "{report:?}");
        assert_eq!(u64::try_from(ledger.settlements().len()).unwrap(), report.liquidations);
        assert_adds_up(&report, ledger.memory.state());
        assert!(report.biggest_loss.is_some_and(|biggest| biggest.gross <= report.gross_loss));
        let market = report.markets[0];
        assert!(market.open_interest_after < market.open_interest_before);
    }
}

/// A crash on a small book and a fund a twelfth of the demo's, so that layers behind it pay too.
fn crash_on(crash: &Crash, preset: &Genesis, seed: u64) -> (DemoReport, Recorder) {
    let thin = VenueParams { fund_of_open_interest: Bps::new(20), ..VenueParams::DEMO };
    let feeds = crash.feeds(6).unwrap();
    let genesis = stage(preset.clone(), &feeds, &thin).unwrap();
    let setup = DemoSetup {
        steps_per_leg: 20,
        book: &SMALL,
        venue: &thin,
        ..DemoSetup::new(seed, &genesis, &feeds)
    };
    let mut ledger = Recorder::begin(&genesis);
    let report = run(&setup, &mut ledger, &mut |_| {}).unwrap();
    ledger.memory.check().unwrap();
    assert_eq!(report.markets.len(), feeds.len());
    (report, ledger)
}

#[test]
fn every_crash_is_paid_for_to_the_atom_under_every_preset_that_fits() {
    let presets: Vec<Genesis> = presets().into_iter().filter(|one| fits(one).is_ok()).collect();
    for name in ["backstop", "drift", "dydx", "kana", "mango", "marginfi"] {
        assert!(presets.iter().any(|genesis| genesis.preset == label(name)), "{name}");
    }
    let adl = AdlPolicy { hedge_aware: false, ..AdlPolicy::default() };
    let mut bearers = Payers::default();
    for crash in CRASHES {
        let mut books = Vec::new();
        for preset in presets.iter().chain([&winners_pay(adl)]) {
            let (report, ledger) = crash_on(crash, preset, 1);
            let run = format!("{} under {}", crash.name, report.preset);
            assert_adds_up(&report, ledger.memory.state());
            assert!(report.deficits > 0, "{run}");
            for market in &report.markets {
                assert!(market.trader_interest_after < market.trader_interest_before, "{run}");
            }
            // To the last moment the ledger hears of open interest, or of marks where it keeps positions.
            let heard =
                |body: &Body| matches!(body, Body::ReportOpenInterest(_) | Body::ReportMark(_));
            let last = ledger.sent.iter().rev().find(|(.., body)| heard(body));
            let silent = last.map(|(at, ..)| crash.until.since(*at));
            assert!(
                silent.is_some_and(|silent| silent < Span::from_ms(300_000)),
                "{run}: {silent:?}"
            );
            assert!(report.below_zero.is_zero(), "{run}: {}", report.below_zero);
            books.push((report.notional_before, report.fund_before.total()));
            let paid = report.payers();
            for (sum, part) in [
                (&mut bearers.fee_pool, paid.fee_pool),
                (&mut bearers.reserve, paid.reserve),
                (&mut bearers.staked, paid.staked),
                (&mut bearers.deleveraged, paid.deleveraged),
                (&mut bearers.socialised, paid.socialised),
                (&mut bearers.depositors, paid.depositors),
                (&mut bearers.residual, paid.residual),
            ] {
                *sum = sum.saturating_add(part);
            }
        }
        assert!(books.iter().all(|book| *book == books[0]), "one book, one fund: {books:?}");
    }
    let Payers { fee_pool, reserve, staked, deleveraged, socialised, depositors, residual } =
        bearers;
    for part in [fee_pool, reserve, staked, deleveraged, socialised, depositors, residual] {
        assert!(!part.is_zero(), "somebody never paid: {bearers:?}");
    }
}

#[test]
fn every_crash_is_the_same_twice_and_another_with_another_seed() {
    let adl = AdlPolicy { hedge_aware: false, ..AdlPolicy::default() };
    for (crash, preset) in CRASHES.iter().zip([backstop(), kana(), winners_pay(adl), backstop()]) {
        let of = |seed| {
            let (report, ledger) = crash_on(crash, &preset, seed);
            (report, ledger.memory.state().hash())
        };
        let first = of(5);
        assert_eq!(first, of(5), "{}", crash.name);
        assert_ne!(first.1, of(6).1, "{}", crash.name);
    }
}

#[test]
fn presets_that_the_venue_cannot_run_with_say_why() {
    let with = |change: &dyn Fn(&mut CreateMarket)| {
        let mut genesis = backstop();
        for body in &mut genesis.setup {
            if let Body::CreateMarket(market) = body {
                change(market);
            }
        }
        fits(&genesis)
    };
    // Whatever the core refuses: here a settlement in the name of an account that is no venue.
    let stranger = with(&|market| market.venue = label("guardian"));
    assert!(matches!(stranger, Err(RiskError::Ledger(_))), "{stranger:?}");
    assert!(with(&|_| {}).is_ok());
}

#[test]
fn the_fund_is_filled_where_its_market_finds_it() {
    let feeds = Crash::MAIN.feeds(6).unwrap();
    for (preset, staked) in [("backstop", 5_000), ("drift", 10_000), ("kana", 0), ("mango", 0)] {
        let genesis = presets().into_iter().find(|one| one.preset == label(preset)).unwrap();
        let setup =
            DemoSetup { steps_per_leg: 1, book: &SMALL, ..DemoSetup::new(1, &genesis, &feeds) };
        let mut ledger = Recorder::begin(&genesis);
        let before = run(&setup, &mut ledger, &mut |_| {}).unwrap().fund_before;
        let want = Bps::new(staked).of_floor(before.total()).unwrap();
        assert_eq!(before.staked, want, "{preset}");
    }
}

#[test]
fn a_thin_fund_runs_out() {
    let thin = VenueParams { fund_of_open_interest: Bps::new(1), ..VenueParams::DEMO };
    let (report, ledger) = run_on(&backstop(), &thin, 60);
    assert!(report.socialised > Amount::ZERO && report.residual.is_zero());
    assert_adds_up(&report, ledger.memory.state());
    let (report, ledger) = run_on(&kana(), &thin, 60);
    assert!(report.residual > Amount::ZERO && report.socialised.is_zero());
    assert_adds_up(&report, ledger.memory.state());
}

#[test]
fn same_seed_same_commands_and_state() {
    let genesis = backstop();
    let (first, one) = run_on(&genesis, &VenueParams::DEMO, 30);
    let (again, two) = run_on(&genesis, &VenueParams::DEMO, 30);
    assert_eq!(first, again);
    assert_eq!(one.sent, two.sent);
    assert_eq!(one.memory.state().hash(), two.memory.state().hash());
}

/// The evidence of a run is what the floats of the venue end in. One digest, on every machine.
#[test]
fn evidence_is_the_same_on_every_machine() {
    let genesis = backstop();
    let feeds = Crash::MAIN.feeds(6).unwrap();
    let setup = DemoSetup { book: &SMALL, ..DemoSetup::new(7, &genesis, &feeds) };
    let mut ledger = Recorder::begin(&genesis);
    let (report, evidence) = run_with_evidence(&setup, &mut ledger, &mut |_| {}).unwrap();
    let roots: Vec<_> = evidence.iter().map(|step| step.root).collect();
    assert_eq!(report.evidence, roots);
    let mut digest = Sha256::new();
    for root in &roots {
        digest.update(root.bytes());
    }
    let mut hex = String::new();
    for byte in digest.finalize().iter().take(8) {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert_eq!((roots.len(), hex.as_str()), (132, "81c9a112089d7f2b"));
}

#[test]
fn steps_may_be_halved_and_doubled() {
    let genesis = kana();
    let counts: Vec<u64> = [30, 60, 120]
        .map(|steps| run_on(&genesis, &VenueParams::DEMO, steps).0.liquidations)
        .to_vec();
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}

#[test]
fn a_sweep_is_the_same_on_one_thread_and_two() {
    let (genesis, feeds) = (kana(), Crash::MAIN.feeds(6).unwrap());
    let book = BookParams { accounts: 200, ..BookParams::DEMO };
    let setup = DemoSetup { steps_per_leg: 10, book: &book, ..DemoSetup::new(0, &genesis, &feeds) };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sweep(&setup, 5)).unwrap()
    };
    let (one, two) = (on(1), on(2));
    assert_eq!(one, two);
    assert_eq!(one.reports.iter().map(|r| r.seed).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_ne!(one.reports[0].gross_loss, one.reports[1].gross_loss);
    assert!(one.lines().iter().any(|line| line.name == "deficits"));
}

#[test]
fn bars_of_a_user_run_too() {
    let text = "open_time_unix,open,high,low,close\n60,10,11,8,9\n3660,9,9.5,6.25,9\n";
    let genesis = backstop();
    let feeds = [Feed { market: label("sol-perp"), bars: Bars::parse(text, 6).unwrap() }];
    let setup = DemoSetup { book: &SMALL, ..DemoSetup::new(3, &genesis, &feeds) };
    let mut ledger = Memory::begin(&genesis, setup.begins_at()).unwrap();
    let mut seen = Vec::new();
    let report = run(&setup, &mut ledger, &mut |progress| seen.push(progress.bars)).unwrap();
    assert_eq!((seen, report.bars), (vec![1, 2], 2));
    assert_adds_up(&report, ledger.state());
}

#[test]
fn setups_that_cannot_run_are_refused() {
    let (genesis, feeds) = (backstop(), Crash::MAIN.feeds(6).unwrap());
    let mut ledger = Recorder::begin(&genesis);
    let mut refuse = |feeds: &[Feed], steps_per_leg: u32| {
        let setup = DemoSetup { steps_per_leg, ..DemoSetup::new(0, &genesis, feeds) };
        run(&setup, &mut ledger, &mut |_| {}).unwrap_err()
    };
    assert!(matches!(refuse(&[], 60), RiskError::NothingToRun));
    let mut none = feeds.clone();
    none[0].bars.bars.clear();
    assert!(matches!(refuse(&none, 60), RiskError::NothingToRun));
    assert!(matches!(refuse(&feeds, 0), RiskError::NothingToRun));
    let other = Crash::MAIN.feeds(8).unwrap();
    assert!(matches!(refuse(&other, 60), RiskError::Decimals { got: 8, want: 6 }));
    let unlisted = [Feed { market: label("doge-perp"), ..feeds[0].clone() }];
    assert!(
        matches!(refuse(&unlisted, 60), RiskError::Market(market) if market == label("doge-perp"))
    );
    let mut bare = genesis.clone();
    bare.setup.retain(|body| !matches!(body, Body::CreateMarket(_)));
    assert!(matches!(Cast::of(&bare), Err(RiskError::Missing("market"))));
    assert!(matches!(stage(bare, &feeds, &VenueParams::DEMO), Err(RiskError::Missing("market"))));
    bare = genesis.clone();
    bare.setup.retain(|body| !matches!(body, Body::SetRoles(_)));
    assert!(matches!(Cast::of(&bare), Err(RiskError::NoRole(_))));
}
