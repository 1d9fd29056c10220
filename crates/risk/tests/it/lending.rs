//! The venue where losses fall on lenders: positions are loans.

use crate::fixture::{
    Recorder, account, bring, fill_reserve, label, marginfi, open, plain, second, usd,
};
use backstop_core::{Body, command::ReportDeposits};
use backstop_risk::{Ledger, RiskError, Venue, book::Account};
use backstop_units::{Amount, ShareIndex, Shares};

const SOL: [(&str, f64); 1] = [("sol-perp", 100.0)];

/// Alice, long with 940,000 borrowed, is bankrupt at 94; one who owes next to nothing is at 93.
fn book() -> Vec<Account> {
    let mut dust = account(6, 0, &[(0, 1)]);
    dust.collateral = Amount::new(6_999_950);
    vec![
        account(1, 60_000, &[(0, 10_000)]),
        account(2, 200_000, &[(0, -5_000)]),
        account(3, 2_000_000, &[(0, -12_000)]),
        account(5, 500_000, &[(0, 10)]),
        dust,
    ]
}

fn check(venue: &Venue, ledger: &mut Recorder, given: u128) {
    let counted = venue.check(Amount::new(given * 1_000_000), ledger).unwrap();
    assert!(counted.holds() && counted.lenders == venue.lenders().1);
    ledger.memory.check().unwrap();
}

#[test]
fn lenders_bear_what_the_reserve_lacks() {
    // Lent: 940,000 and 93.00005 to longs, 1.7 million to shorts; lenders have put in five quarters of it.
    let put = (940_000_000_000u128 + 93_000_050 + 1_700_000_000_000) * 5 / 4 + 1;
    for (reserve, borne) in [(20_000, 0), (4_000, 6_000_000_050), (0, 10_000_000_050)] {
        let (mut venue, mut ledger) = open(&marginfi(), &plain(), book(), &SOL);
        assert_eq!(venue.lenders(), (Amount::new(put), Amount::new(put)));
        fill_reserve(&mut ledger, "main", reserve);
        venue.step(second(20), &[usd(93.0)], &mut ledger).unwrap();
        let tally = venue.tally();
        assert_eq!((tally.deficits, tally.gross), (2, Amount::new(10_000_000_050)));
        assert!(tally.residual.is_zero() && tally.socialised.is_zero());
        assert_eq!(venue.lenders().1, Amount::new(put - borne), "{reserve}");
        check(&venue, &mut ledger, reserve);
        venue.end_bar(3_600_000, &mut ledger).unwrap();
        check(&venue, &mut ledger, reserve);
        // What is too little for a bad debt is a deficit like any other.
        let sent = |pick: fn(&Body) -> bool| ledger.sent.iter().filter(|(.., b)| pick(b)).count();
        assert_eq!(sent(|body| matches!(body, Body::SettleBadDebt(_))), 1);
        assert_eq!(sent(|body| matches!(body, Body::SettleLiquidation(_))), 1);
    }
}

#[test]
fn an_index_that_differs_is_an_error() {
    let (venue, mut ledger) = open(&marginfi(), &plain(), book(), &SOL);
    check(&venue, &mut ledger, 0);
    bring(&mut ledger, label("operator"), 1);
    // One share more or less than there are, at a value that can't be a rounding.
    for shares in [venue.lenders().0.get() - 1_000, venue.lenders().0.get() + 1] {
        let report = ReportDeposits {
            market: label("sol-perp"),
            shares: Shares::new(shares),
            index: ShareIndex::new(1_000_000_000_000),
            unit: ShareIndex::new(1_000_000_000_000),
            losses: 0,
        };
        ledger.send(second(1), label("venue"), report.into()).unwrap();
        let checked = venue.check(Amount::new(1), &mut ledger);
        assert!(matches!(checked, Err(RiskError::Copy(market)) if market == label("sol-perp")));
    }
}
