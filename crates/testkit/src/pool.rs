//! The insurance pool of the vault of [`vault`](crate::vault), and a model of it.
//!
//! ```text
//!   carol, erin ── stake ──▶ own tranche      hit first
//!   dave ─────── match ──▶ matched tranche    hit next
//! ```

use crate::{keys, label, lending, vault, world::World};
use backstop_core::{
    Body,
    command::{
        AcceptPool, AnnounceRelease, ClaimPoolExit, CreateInsurancePool, CreateVault, ExitPool,
        MatchPool, OfferPool, ReleasePool, SetAllocation, StakePool,
    },
    policy::{
        InsurancePolicy, MatchExit, MatchPolicy, MatchYield, PoolMode, PoolSigner, VaultPolicy,
    },
};
use backstop_units::{Amount, Shares, Span, VaultLossId};

/// The seed of the council's key for releases.
pub const COUNCIL: u8 = 1;
/// The seed of the nominee's.
pub const NOMINEE: u8 = 50;
/// The second vault.
pub const GUARD: &str = "guard";
/// Who matches.
pub const MATCHER: &str = "dave";

/// 30 days' notice, matched up to this many atoms.
pub fn policy(cap: u128) -> InsurancePolicy {
    InsurancePolicy {
        matching: Some(MatchPolicy {
            matcher: label(MATCHER),
            quote: label("usdt"),
            cap: Amount::new(cap),
            yields: MatchYield::Matcher,
            exits: MatchExit::WithStakers,
        }),
        ..InsurancePolicy::default()
    }
}

/// What creates the pool.
pub fn create(policy: InsurancePolicy) -> CreateInsurancePool {
    CreateInsurancePool {
        vault: label(vault::SAFE),
        council: keys::public(COUNCIL),
        nominee: keys::public(NOMINEE),
        policy: Box::new(policy),
    }
}

/// The world of [`vault`](crate::vault) with the pool.
pub fn world(rules: VaultPolicy, policy: InsurancePolicy) -> World {
    let mut world = vault::world(rules);
    world.must("carol", create(policy));
    world
}

/// Shares into the stakers' tranche.
pub fn stake(account: &str, shares: u128) -> StakePool {
    StakePool { account: label(account), vault: label(vault::SAFE), shares: Shares::new(shares) }
}

/// The matcher's shares, or as many as fit.
pub fn matching(shares: Option<u128>) -> MatchPool {
    MatchPool { vault: label(vault::SAFE), shares: shares.map(Shares::new) }
}

/// A signal of a staker's exit, of all units or some.
pub fn exit(account: &str, units: Option<u128>) -> ExitPool {
    ExitPool {
        account: label(account),
        vault: label(vault::SAFE),
        matched: false,
        units: units.map(Shares::new),
    }
}

/// A signal of the matcher's exit.
pub fn exit_matched(units: Option<u128>) -> ExitPool {
    ExitPool { matched: true, ..exit(MATCHER, units) }
}

/// The claim of an exit.
pub fn claim(ticket: u32) -> ClaimPoolExit {
    ClaimPoolExit { ticket }
}

/// A release by both signatures.
pub fn release(loss: u32, amount: u128) -> ReleasePool {
    let (loss, amount) = (VaultLossId::new(loss), Amount::new(amount));
    ReleasePool { vault: label(vault::SAFE), loss, amount }
}

/// A release that is paid later.
pub fn announce(loss: u32, amount: u128, signer: Option<PoolSigner>) -> AnnounceRelease {
    let (loss, amount) = (VaultLossId::new(loss), Amount::new(amount));
    AnnounceRelease { vault: label(vault::SAFE), loss, amount, signer }
}

/// A second vault of carol's over the same reserve, with a pool of its own that nobody matches.
pub fn second(mode: PoolMode) -> Vec<Body> {
    let vault = label(GUARD);
    let policy = InsurancePolicy { mode, ..InsurancePolicy::default() };
    let asset = label("usdt");
    let curator = label("carol");
    vec![
        CreateVault { label: vault, asset, curator, policy: Box::new(vault::policy()) }.into(),
        SetAllocation { vault, ..vault::allocate(lending::CASH, 1, 1_000_000_000) }.into(),
        CreateInsurancePool { vault, ..create(policy) }.into(),
    ]
}

/// The offer of the pool to a multisig.
pub fn offer(seeds: &[u8], threshold: u8) -> OfferPool {
    let keys = seeds.iter().map(|seed| keys::public(*seed)).collect();
    OfferPool { vault: label(vault::SAFE), keys, threshold }
}

/// The acceptance of that offer.
pub fn accept(seeds: &[u8], threshold: u8) -> AcceptPool {
    let OfferPool { vault, keys, threshold } = offer(seeds, threshold);
    AcceptPool { vault, keys, threshold }
}

/// Sends a body that these keys have signed, under a nonce.
///
/// # Errors
/// The reject.
pub fn signed(
    world: &mut World,
    actor: &str,
    body: impl Into<Body>,
    (nonce, seeds): (u64, &[u8]),
) -> Result<(), backstop_core::Reject> {
    let body = body.into();
    let until = world.now.plus(Span::days(1));
    let approvals = keys::approve(world.state.meta.ledger, &body, nonce, until, seeds);
    world.send_approved(actor, body, approvals).map(drop)
}
