//! A ledger with a lending reserve of dollars that takes ore as collateral.
//!
//! ```text
//!   reserve cash    lends usdt    collateral ore: 70 % to borrow, 80 % before liquidation, 5 % bonus
//! ```
//!
//! Both assets have six decimals; the venue alone says what an ore is worth.

use crate::{
    label,
    world::{Setup, World},
};
use backstop_core::{
    Body,
    command::{
        Borrow, CreateReserve, LiquidateLoan, MarkImpairment, Opening, OpeningAccount, Pledge,
        RegisterAsset, RegisterFeed, RegisterIndex, Repay, ReportPrice, Reporter, SocialiseLoan,
        Supply, Unpledge, WithdrawSupply,
    },
    policy::{IndexPolicy, InterestPolicy, PledgePolicy, RatePoint, ReservePolicy},
};
use backstop_units::{Amount, Bps, Ppm, Price, Shares, Span};

/// The reserve.
pub const CASH: &str = "cash";

/// A price that the venue alone says, believed whatever it is.
pub fn index() -> IndexPolicy {
    IndexPolicy {
        quorum: 1,
        families: 1,
        max_age: Span::days(3_650),
        band: Ppm::WHOLE,
        confirm_after: Span::ZERO,
        max_jump: Ppm::new(u32::MAX),
        ..IndexPolicy::default()
    }
}

/// 10 % a year at any utilization, 15 % of it the protocol's; no limits.
pub fn policy() -> ReservePolicy {
    let point =
        |utilization| RatePoint { utilization: Bps::new(utilization), rate: Bps::new(1_000) };
    ReservePolicy {
        interest: InterestPolicy {
            curve: vec![point(0), point(10_000)],
            ..InterestPolicy::default()
        },
        collateral: vec![PledgePolicy {
            asset: label("ore"),
            borrow: Bps::new(7_000),
            liquidation: Bps::new(8_000),
            bonus: Bps::new(500),
            bonus_take: Bps::new(2_000),
            max: None,
        }],
        utilization_max: Bps::WHOLE,
        ..ReservePolicy::default()
    }
}

/// What builds the reserve.
pub fn bodies(policy: ReservePolicy) -> Vec<Body> {
    let (ore, quote) = (label("ore"), label("usdt"));
    let index_label = label("ore-usd");
    vec![
        RegisterAsset { label: ore, decimals: 6, custodian: None }.into(),
        RegisterIndex { label: index_label, asset: Some(ore), quote, policy: index() }.into(),
        RegisterFeed {
            label: label("ore-own"),
            index: index_label,
            family: label("own"),
            reporter: Reporter::Account(label("venue")),
        }
        .into(),
        CreateReserve {
            label: label(CASH),
            asset: quote,
            treasury: label("treasury"),
            policy: Box::new(policy),
        }
        .into(),
    ]
}

/// The usual world with the reserve; each trader has a million atoms of ore too, worth a dollar each
/// atom for atom.
pub fn world(policy: ReservePolicy) -> World {
    let mut world = World::of(&Setup::default());
    for body in bodies(policy) {
        world.must("op", body);
    }
    for name in crate::world::TRADERS {
        let (account, asset) = (OpeningAccount::Account(label(name)), label("ore"));
        world.must("op", Opening { account, asset, amount: Amount::new(1_000_000) });
    }
    price(&mut world, 1_000);
    world
}

/// Says what a thousand atoms of ore are worth, in atoms of the dollar.
pub fn price(world: &mut World, thousand: u128) {
    world.wait(Span::from_ms(1));
    // A whole unit has a million atoms on both sides.
    let price = Price::new(thousand * 1_000 * 1_000_000_000);
    let (feed, at) = (label("ore-own"), world.now);
    world.must("venue", ReportPrice { feed, price, at, signature: None });
}

/// Money for shares, without a guard.
pub fn supply(account: &str, amount: u128) -> Supply {
    Supply {
        account: label(account),
        reserve: label(CASH),
        amount: Amount::new(amount),
        min_shares: Shares::ZERO,
    }
}

/// Shares for money, without a guard.
pub fn withdraw(account: &str, shares: u128) -> WithdrawSupply {
    WithdrawSupply {
        account: label(account),
        reserve: label(CASH),
        shares: Shares::new(shares),
        min_amount: Amount::ZERO,
    }
}

/// Ether pledged.
pub fn pledge(account: &str, amount: u128) -> Pledge {
    let (reserve, asset) = (label(CASH), label("ore"));
    Pledge { account: label(account), reserve, asset, amount: Amount::new(amount) }
}

/// Ether taken back.
pub fn unpledge(account: &str, amount: u128) -> Unpledge {
    let (reserve, asset) = (label(CASH), label("ore"));
    Unpledge { account: label(account), reserve, asset, amount: Amount::new(amount) }
}

/// A loan.
pub fn borrow(account: &str, amount: u128) -> Borrow {
    Borrow { account: label(account), reserve: label(CASH), amount: Amount::new(amount) }
}

/// Repaid by the borrower himself.
pub fn repay(account: &str, amount: u128) -> Repay {
    let account = label(account);
    Repay { account, reserve: label(CASH), payer: account, amount: Amount::new(amount) }
}

/// Ether for a part of a debt, without a guard.
pub fn liquidate(account: &str, liquidator: &str, amount: u128) -> LiquidateLoan {
    LiquidateLoan {
        account: label(account),
        reserve: label(CASH),
        liquidator: label(liquidator),
        asset: label("ore"),
        repay: Amount::new(amount),
        min_seized: Amount::ZERO,
    }
}

/// What a loan's collateral lacks.
pub fn impair(account: &str) -> MarkImpairment {
    MarkImpairment { account: label(account), reserve: label(CASH) }
}

/// A debt that lenders bear, or this much of it.
pub fn socialise(account: &str, amount: Option<u128>) -> SocialiseLoan {
    SocialiseLoan { account: label(account), reserve: label(CASH), amount: amount.map(Amount::new) }
}
