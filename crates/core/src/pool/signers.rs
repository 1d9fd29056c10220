//! Whose signatures a command about an insurance pool asks for: one table for the rules and for whoever collects them.
//!
//! ```text
//!   release at once            both keys          announce, dispute by one     that key
//!   offer by an owner          the owner's keys   replace a key                the other key
//!   accept                     the keys that were offered
//! ```

use super::book::InsurancePool;
use crate::{
    command::{AcceptPool, Body},
    governance::{Context, Verified, approvals},
    policy::{PoolSigner, PublicKey},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::vec::Vec;

/// Keys of which so many must sign, under a nonce above the last one that was used among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// The keys that count.
    pub keys: Vec<PublicKey>,
    /// How many must sign.
    pub threshold: u8,
    /// The highest nonce that was used for this pool.
    pub last: u64,
}

impl Signers {
    /// The signatures of a command, if they are by these.
    pub(crate) fn verified<'a>(&self, context: &Context<'a>) -> Result<&'a Verified, Reject> {
        approvals::by_keys(context, &self.keys, self.threshold, self.last)
    }
}

/// Both keys for releases.
pub(crate) fn both(pool: &InsurancePool) -> Signers {
    let keys = PoolSigner::ALL.iter().map(|signer| pool.key(*signer)).collect();
    Signers { keys, threshold: 2, last: pool.nonce }
}

/// One of them.
pub(crate) fn one(pool: &InsurancePool, signer: PoolSigner) -> Signers {
    Signers { keys: [pool.key(signer)].into(), threshold: 1, last: pool.nonce }
}

/// The one who signs for the other's new key.
pub(crate) const fn other(signer: PoolSigner) -> PoolSigner {
    match signer {
        PoolSigner::Council => PoolSigner::Nominee,
        PoolSigner::Nominee => PoolSigner::Council,
    }
}

/// The owner's keys, once there is one.
pub(crate) fn owner(pool: &InsurancePool) -> Option<Signers> {
    let owner = pool.owner.as_deref()?;
    Some(Signers { keys: owner.keys.clone(), threshold: owner.threshold, last: pool.nonce })
}

/// The keys that are to be the owner's.
pub(crate) fn heir(pool: &InsurancePool, command: &AcceptPool) -> Signers {
    Signers { keys: command.keys.clone(), threshold: command.threshold, last: pool.nonce }
}

/// Whose signatures `body` asks for; none for a command that asks for none of a pool's.
///
/// # Errors
/// A reject when the body names a vault, pool or release that is not there.
pub fn signers(state: &State, body: &Body) -> Result<Option<Signers>, Halt> {
    let of = |vault| state.insurance_pool(vault).map(|(_, pool)| pool);
    Ok(match body {
        Body::ReleasePool(c) => Some(both(of(c.vault)?)),
        Body::AnnounceRelease(c) => match c.signer {
            Some(signer) => Some(one(of(c.vault)?, signer)),
            None => None,
        },
        Body::DisputeRelease(c) => {
            let unknown = || Reject::got(RejectCode::UnknownRelease, c.release);
            let release = state.pool_releases.get(c.release).ok_or_else(unknown)?;
            Some(one(state.insurance_pools.expect(release.pool)?, c.signer))
        }
        Body::OfferPool(c) => owner(of(c.vault)?),
        Body::AcceptPool(c) => Some(heir(of(c.vault)?, c)),
        Body::SetPoolSigner(c) => Some(one(of(c.vault)?, other(c.signer))),
        _ => None,
    })
}
