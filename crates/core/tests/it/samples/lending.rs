//! Samples of lending reserves.

use backstop_core::{
    Body, Event,
    command::{
        AccrueInterest, CollectInterest, CreateReserve, SetReserve, SetReserveStatus, Supply,
        WithdrawSupply,
    },
    event::{LendingEvent, LoanLiquidation, Repayment, Seizure, Socialised},
    lending::interest::Interest,
    policy::{Growth, InterestPolicy, PledgePolicy, RatePoint, ReservePolicy, ReserveStatus},
};
use backstop_testkit::{
    label,
    lending::{borrow, impair, liquidate, pledge, repay, socialise, unpledge},
};
use backstop_units::{
    AccountId, Amount, AssetId, Bps, Fixed60, ReserveId, Shares, Span, Timestamp,
};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}

/// No two settings alike.
fn policy() -> Box<ReservePolicy> {
    let point =
        |utilization, rate| RatePoint { utilization: Bps::new(utilization), rate: Bps::new(rate) };
    Box::new(ReservePolicy {
        interest: InterestPolicy {
            curve: vec![point(0, 1), point(2, 3)],
            take: Bps::new(4),
            referral: Bps::new(5),
            host_rate: Bps::new(6),
            period: Span::from_ms(7),
            growth: Growth::Series,
        },
        collateral: vec![PledgePolicy {
            asset: label("eth"),
            borrow: Bps::new(8),
            liquidation: Bps::new(9),
            bonus: Bps::new(10),
            bonus_take: Bps::new(11),
            max: Some(atoms(12)),
        }],
        supply_max: Some(atoms(13)),
        borrow_max: Some(atoms(14)),
        utilization_max: Bps::new(15),
        close: Bps::new(16),
        close_all: atoms(17),
        fees_first: false,
    })
}

pub(super) fn command_samples() -> Vec<Body> {
    let (account, reserve) = (label("alice"), label("cash"));
    vec![
        CreateReserve {
            label: reserve,
            asset: label("usdt"),
            treasury: label("treasury"),
            policy: policy(),
        }
        .into(),
        SetReserve { reserve, policy: policy() }.into(),
        SetReserveStatus { reserve, status: ReserveStatus::Paused }.into(),
        AccrueInterest { reserve }.into(),
        Supply { account, reserve, amount: atoms(1), min_shares: Shares::new(2) }.into(),
        WithdrawSupply { account, reserve, shares: Shares::new(1), min_amount: atoms(2) }.into(),
        pledge("alice", 1).into(),
        unpledge("alice", 1).into(),
        borrow("alice", 1).into(),
        repay("alice", 1).into(),
        liquidate("alice", "bob", 1).into(),
        impair("alice").into(),
        socialise("alice", Some(1)).into(),
        CollectInterest { reserve }.into(),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table: one value after the other")]
pub(super) fn event_samples() -> Vec<Event> {
    let (reserve, asset, account) = (ReserveId::new(1), AssetId::new(2), AccountId::new(3));
    let (loan, supply) = (4, 5);
    let repayment = Repayment {
        reserve,
        asset,
        loan,
        payer: account,
        amount: atoms(6),
        repaid: Fixed60::new(7),
        debt: Fixed60::new(8),
        impaired: Fixed60::new(9),
        loans: atoms(10),
    };
    let seizure = Seizure {
        account: AccountId::new(11),
        asset: AssetId::new(12),
        to_liquidator: atoms(13),
        to_treasury: atoms(14),
        treasury: AccountId::new(15),
    };
    let interest =
        Interest { debt: Fixed60::new(6), protocol: Fixed60::new(7), referrers: Fixed60::new(8) };
    let events = vec![
        LendingEvent::ReserveCreated {
            reserve,
            label: label("cash"),
            asset,
            treasury: account,
            policy: policy(),
        },
        LendingEvent::ReserveSet { reserve, policy: policy() },
        LendingEvent::ReserveStatusSet { reserve, status: ReserveStatus::Dead },
        LendingEvent::InterestAccrued {
            reserve,
            asset,
            at: Timestamp::from_ms(4),
            interest,
            index: Fixed60::new(9),
            loans: atoms(10),
            fees: atoms(11),
        },
        LendingEvent::Supplied {
            reserve,
            asset,
            supply,
            account,
            amount: atoms(6),
            shares: Shares::new(7),
        },
        LendingEvent::SupplyWithdrawn {
            reserve,
            asset,
            supply,
            account,
            amount: atoms(6),
            shares: Shares::new(7),
        },
        LendingEvent::Pledged { reserve, loan, account, asset, amount: atoms(6) },
        LendingEvent::Unpledged { reserve, loan, account, asset, amount: atoms(6) },
        LendingEvent::Borrowed {
            reserve,
            asset,
            loan,
            account,
            amount: atoms(6),
            debt: Fixed60::new(7),
        },
        LendingEvent::Repaid(Box::new(repayment)),
        LendingEvent::LoanLiquidated(Box::new(LoanLiquidation { repayment, seizure })),
        LendingEvent::ImpairmentMarked { reserve, loan, impaired: Fixed60::new(6) },
        LendingEvent::LoanSocialised(Box::new(Socialised {
            reserve,
            asset,
            loan,
            amount: Fixed60::new(6),
            debt: Fixed60::new(7),
            impaired: Fixed60::new(8),
            fees: Fixed60::new(9),
            loans: atoms(10),
            interest: atoms(11),
            dead: true,
        })),
        LendingEvent::InterestCollected { reserve, asset, treasury: account, amount: atoms(6) },
    ];
    events.into_iter().map(Event::Lending).collect()
}
