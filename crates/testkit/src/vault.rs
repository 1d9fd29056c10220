//! A vault over two reserves of dollars.
//!
//! ```text
//!   vault safe ── weight 3 ──▶ reserve cash     collateral ore
//!              ── weight 1 ──▶ reserve spare    lends against ore too
//!              ── weight 1 ──  idle
//! ```

use crate::{
    label,
    lending::{self, CASH},
    world::World,
};
use backstop_core::{
    Body,
    command::{
        CreateReserve, CreateVault, DepositVault, Invest, ListReserve, RedeemInKind, SetAllocation,
        WithdrawVault,
    },
    policy::{AllocationKind, ReservePolicy, VaultPolicy},
};
use backstop_units::{Amount, Shares, Span};

/// The vault.
pub const SAFE: &str = "safe";
/// Its second reserve.
pub const SPARE: &str = "spare";

/// No fee, no penalty, no dead shares, and no wait for a veto.
pub fn policy() -> VaultPolicy {
    VaultPolicy {
        penalty: backstop_units::Bps::ZERO,
        penalty_min: Amount::ZERO,
        crank_fee: Amount::ZERO,
        dead_shares: Shares::ZERO,
        idle_weight: 1,
        cap_delay: Span::ZERO,
        ..VaultPolicy::default()
    }
}

/// What builds the vault beside the reserve of [`lending`]; `carol` is its curator.
pub fn bodies(reserve: ReservePolicy, policy: VaultPolicy) -> Vec<Body> {
    let spare = CreateReserve {
        label: label(SPARE),
        asset: label("usdt"),
        treasury: label("treasury"),
        policy: Box::new(reserve),
    };
    let vault = CreateVault {
        label: label(SAFE),
        asset: label("usdt"),
        curator: label("carol"),
        policy: Box::new(policy),
    };
    let list = |name| ListReserve { reserve: label(name), listed: true };
    vec![spare.into(), vault.into(), list(CASH).into(), list(SPARE).into()]
}

/// The world of [`lending`] with the vault.
pub fn world(policy: VaultPolicy) -> World {
    let mut world = lending::world(lending::policy());
    for body in bodies(lending::policy(), policy) {
        let actor = if matches!(body, Body::CreateVault(_)) { "carol" } else { "op" };
        world.must(actor, body);
    }
    for (name, weight) in [(CASH, 3), (SPARE, 1)] {
        world.must("carol", allocate(name, weight, 1_000_000_000));
    }
    world
}

/// Weight and cap of a reserve.
pub fn allocate(reserve: &str, weight: u64, cap: u128) -> SetAllocation {
    SetAllocation {
        vault: label(SAFE),
        reserve: label(reserve),
        kind: AllocationKind::Standard,
        weight,
        cap: Amount::new(cap),
    }
}

/// Money for shares, without a guard.
pub fn deposit(account: &str, amount: u128) -> DepositVault {
    DepositVault {
        account: label(account),
        vault: label(SAFE),
        amount: Amount::new(amount),
        min_shares: Shares::ZERO,
    }
}

/// Shares for money out of idle money and a reserve, without a guard.
pub fn withdraw(account: &str, shares: u128, reserve: Option<&str>) -> WithdrawVault {
    WithdrawVault {
        account: label(account),
        vault: label(SAFE),
        shares: Shares::new(shares),
        reserve: reserve.map(label),
        min_amount: Amount::ZERO,
    }
}

/// Shares for shares of a reserve, without a guard.
pub fn redeem(account: &str, shares: u128, reserve: &str) -> RedeemInKind {
    RedeemInKind {
        account: label(account),
        vault: label(SAFE),
        shares: Shares::new(shares),
        reserve: label(reserve),
        min_shares: Shares::ZERO,
    }
}

/// Money toward a reserve's target; `erin` pays a rounding.
pub fn invest(reserve: &str) -> Invest {
    Invest { vault: label(SAFE), reserve: label(reserve), payer: label("erin"), max: None }
}
