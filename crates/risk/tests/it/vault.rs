//! A vault through its weeks, without a pool and with one of either mode.

use crate::fixture::{Recorder, backstop};
use backstop_core::{
    Body, Halt, RejectCode,
    policy::{PoolSigner, PublicKey, SignatureBytes},
};
use backstop_risk::{
    Cover, LedgerError, LendingParams, RiskError, WEEKS, Week, WeekReport, WeekSetup,
    vault::{Group, Signers, run, stage},
};
use backstop_testkit::keys;
use backstop_units::{Amount, Bps, Span};

/// Two keys, and who really signs for the nominee.
struct Keys(u8);

impl Keys {
    const NOMINEE: u8 = 50;

    const fn seed(signer: PoolSigner) -> u8 {
        match signer {
            PoolSigner::Council => 1,
            PoolSigner::Nominee => Self::NOMINEE,
        }
    }
}

impl Signers for Keys {
    fn key(&self, signer: PoolSigner) -> PublicKey {
        keys::public(Self::seed(signer))
    }

    fn sign(&self, signer: PoolSigner, bytes: &[u8]) -> SignatureBytes {
        let by = match signer {
            PoolSigner::Council => Self::seed(signer),
            PoolSigner::Nominee => self.0,
        };
        keys::sign(by, bytes).bytes
    }
}

fn attempt(
    (seed, week): (u64, &Week),
    cover: Cover,
    params: &LendingParams,
    keys: &Keys,
) -> (Result<WeekReport, RiskError>, Recorder) {
    let genesis = stage(backstop(), (week, cover), params, keys).unwrap();
    let setup = WeekSetup { seed, week, cover, genesis: &genesis, params };
    let mut ledger = Recorder::begin(&genesis);
    let mut days = 0;
    let report = run(&setup, keys, &mut ledger, &mut |_| days += 1);
    assert_eq!(days, 7);
    ledger.memory.check().unwrap();
    (report, ledger)
}

fn take(seed: u64, week: &Week, cover: Cover, params: &LendingParams) -> (WeekReport, Recorder) {
    let (report, ledger) = attempt((seed, week), cover, params, &Keys(Keys::NOMINEE));
    (report.unwrap(), ledger)
}

const fn whole(amount: Amount) -> u128 {
    amount.get() / 1_000_000
}

/// Whether a group has all it put in but for two basis points: the penalty of a withdrawal is one.
fn is_whole(group: &Group) -> bool {
    group.have.get() >= group.put_in.get() - group.put_in.get() / 5_000
}

/// Whether the depositors are whole. Where the pool's shares are burned, each group is. Where they are reimbursed, who
/// stayed is; who left before the end left what of the marks came right to all who stayed, here less than a fiftieth.
/// Who came between a mark and what became of it paid as if nothing lacked, and has no claim on it.
fn are_whole(report: &WeekReport) -> bool {
    if report.cover != Cover::Reimburse {
        return [report.stayed, report.leaving, report.came].iter().all(is_whole);
    }
    let Group { put_in, have, .. } = report.leaving;
    is_whole(&report.stayed) && have.get() >= put_in.get() - put_in.get() / 50
}

/// What does not depend on the pool: what borrowers and liquidators do.
fn of_loans(report: &WeekReport) -> [u128; 6] {
    let amounts = [report.deposits, report.repaid, report.impaired, report.bad_debt];
    let [a, b, c, d] = amounts.map(Amount::get);
    [a, b, c, d, report.liquidations.into(), report.bad_loans.into()]
}

fn assert_adds_up(report: &WeekReport) {
    let all = [report.stayed, report.leaving, report.came, report.backers];
    let put_in: u128 = all.iter().map(|group| group.put_in.get()).sum();
    assert_eq!(put_in, report.deposits.get(), "{report:?}");
    let have: u128 = all.iter().map(|group| group.have.get()).sum();
    let counted = have + report.nobodys.get() + report.bad_debt.get();
    assert_eq!(
        i128::try_from(put_in).unwrap() - i128::try_from(counted).unwrap(),
        report.dust.get()
    );
    assert!(report.dust.get().abs() < 4_000 && report.nobodys.get() < 40_000, "{report:?}");
    assert_eq!(all.iter().map(|group| group.people).sum::<u64>(), 4_202);
}

/// The table of `docs/demo.md`: in whole units, bad debt, what depositors lost, what the pool paid and has left, and
/// the shortfall. What comes out, not what was aimed at.
#[test]
fn three_weeks_with_and_without_a_pool() {
    let want = [
        [(8_852_270, 8_684_186), (8_852_270, 5_573_679), (8_852_270, 5_518_818)],
        [(854_692, 836_735), (854_692, 0), (854_692, 0)],
        [(0, 0), (0, 0), (0, 0)],
    ];
    for (week, want) in WEEKS.iter().zip(want) {
        let runs = Cover::ALL.map(|cover| take(7, week, cover, &LendingParams::DEMO).0);
        for (report, want) in runs.iter().zip(want) {
            assert_eq!((whole(report.bad_debt), whole(report.shortfall)), want, "{report:?}");
            assert_eq!(of_loans(report), of_loans(&runs[0]), "{}", week.name);
            assert_adds_up(report);
            let had = report.pool.before.get().abs_diff(runs[1].pool.before.get());
            assert!(report.cover == Cover::None || had == 0);
        }
        let [none, reimburse, first_loss] = &runs;
        assert_eq!((none.pool.before, none.pool.paid, none.claims), Default::default());
        assert!(first_loss.price_lost >= reimburse.price_lost);
        assert_eq!(reimburse.price_lost, none.price_lost);
        for report in [reimburse, first_loss] {
            assert!(none.depositors().lost() >= report.depositors().lost());
            if report.shortfall.is_zero() {
                assert!(are_whole(report), "{report:?}");
            } else {
                assert_eq!((report.pool.left, report.whole_after), (Amount::ZERO, None));
            }
        }
        let after = [reimburse.whole_after, first_loss.whole_after];
        let days = |days| Some(Span::hours(days));
        match week.name {
            "vault-ftx-2022-11" => assert_eq!(after, [days(156), Some(Span::ZERO)]),
            _ => assert_eq!(after, [None, None]),
        }
    }
}

/// A book small enough for many runs, with as much less of a market.
fn small() -> LendingParams {
    LendingParams { depositors: 300, on_chain: 0.01, step: Span::hours(1), ..LendingParams::DEMO }
}

/// While the pool suffices both modes leave who stayed with what he put in, and what first-loss burns is what was not
/// repaid. Reimbursing releases no more than that, and leaves nobody worse off than no pool.
#[test]
fn a_pool_that_suffices_makes_everybody_whole() {
    let large = LendingParams { pool_of_loans: Bps::new(6_000), ..small() };
    let mut lost = 0;
    for seed in 1..4 {
        for week in WEEKS {
            let runs = Cover::ALL.map(|cover| take(seed, week, cover, &large).0);
            let [none, reimburse, first_loss] = &runs;
            assert_eq!(of_loans(none), of_loans(reimburse));
            assert_eq!(of_loans(none), of_loans(first_loss));
            for report in [reimburse, first_loss] {
                assert!(report.shortfall.is_zero(), "{report:?}");
                assert!(are_whole(report), "{report:?}");
            }
            let burned = first_loss.pool.paid.get().abs_diff(first_loss.bad_debt.get());
            assert!(burned < 100, "{first_loss:?}");
            if !none.bad_debt.is_zero() {
                assert!(!none.shortfall.is_zero() && none.whole_after.is_none());
                assert!(reimburse.claims > 0 && first_loss.claims == 0);
                assert!(reimburse.pool.paid <= reimburse.bad_debt, "{reimburse:?}");
                assert!(reimburse.leaving.have > none.leaving.have);
                assert!(reimburse.whole_after > first_loss.whole_after);
                lost += 1;
            }
        }
    }
    assert!(lost > 2, "{lost}");
}

#[test]
fn the_same_seed_sends_the_same_commands() {
    let week = &WEEKS[1];
    let run = |seed| take(seed, week, Cover::Reimburse, &small());
    let ((one, first), (other, second), (_, third)) = (run(7), run(7), run(8));
    assert_eq!(one, other);
    assert_eq!(first.memory.state().hash(), second.memory.state().hash());
    assert_eq!(first.sent, second.sent);
    assert_ne!(first.memory.state().hash(), third.memory.state().hash());
}

#[test]
fn a_release_needs_both_signatures() {
    let week = &WEEKS[0];
    let (failed, ledger) = attempt((7, week), Cover::Reimburse, &small(), &Keys(51));
    let Err(RiskError::Ledger(LedgerError::Halt { halt, .. })) = failed else {
        panic!("{failed:?}")
    };
    let Halt::Reject(reject) = *halt else { panic!("{halt:?}") };
    assert_eq!(reject.code, RejectCode::BadSignature);
    let last = &ledger.sent.last().unwrap().2;
    assert!(matches!(last, Body::ReleasePool(_)), "{last:?}");
}
