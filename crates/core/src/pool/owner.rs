//! Who owns an insurance pool, and whose signatures release it. Both move only with somebody else's consent.

use super::{
    book::{InsurancePool, Multisig},
    setup::{of_council, two_keys},
    signers,
};
use crate::{
    command::{AcceptPool, OfferPool, SetPoolSigner},
    event::{Event, PoolEvent},
    governance::{Context, approvals},
    policy::PoolSigner,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::boxed::Box;
use backstop_units::Hash;

/// Most keys of an owner.
const KEYS_MAX: usize = 16;

/// The curator, or after the first transfer the owner's signatures.
pub(crate) fn offer(
    state: &State,
    context: &Context<'_>,
    command: &OfferPool,
) -> Result<Event, Halt> {
    let (id, pool) = state.insurance_pool(command.vault)?;
    let nonce = match signers::owner(pool) {
        Some(owner) => Some(owner.verified(context)?.nonce),
        None => None,
    };
    let owner = Multisig { keys: command.keys.clone(), threshold: command.threshold };
    includes(pool, &owner)?;
    Ok(Event::Pool(PoolEvent::PoolOffered { pool: id, owner: Box::new(owner), nonce }))
}

/// Keys that differ, the council's among them, of which none can act alone.
fn includes(pool: &InsurancePool, owner: &Multisig) -> Result<(), Reject> {
    let Multisig { keys, threshold } = owner;
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let needed = usize::from(*threshold);
    let whole = sorted.len() == keys.len() && keys.len() <= KEYS_MAX;
    if !whole || needed < 2 || needed > keys.len() {
        return Err(Reject::new(RejectCode::BadOwner, needed, keys.len()));
    }
    if !keys.contains(&pool.council) {
        return Err(Reject::got(RejectCode::OwnerWithoutCouncil, Hash::new(pool.council.0)));
    }
    Ok(())
}

/// The new owner signs, and the council as one of it: nobody is made an owner without knowing.
pub(crate) fn accept(
    state: &State,
    context: &Context<'_>,
    command: &AcceptPool,
) -> Result<Event, Halt> {
    let (id, pool) = state.insurance_pool(command.vault)?;
    let verified = signers::heir(pool, command).verified(context)?;
    approvals::among(verified, &pool.council)?;
    let named = Multisig { keys: command.keys.clone(), threshold: command.threshold };
    if pool.heir.as_deref() != Some(&named) {
        return Err(Reject::got(RejectCode::NotOffered, command.vault).into());
    }
    Ok(Event::Pool(PoolEvent::PoolAccepted { pool: id, nonce: verified.nonce }))
}

/// The other key signs for the new one.
pub(crate) fn set_signer(
    state: &State,
    context: &Context<'_>,
    command: &SetPoolSigner,
) -> Result<Event, Halt> {
    let (id, pool) = state.insurance_pool(command.vault)?;
    let other = signers::other(command.signer);
    let nonce = signers::one(pool, other).verified(context)?.nonce;
    two_keys(&command.key, &pool.key(other))?;
    if command.signer == PoolSigner::Council {
        of_council(state, &command.key)?;
    }
    let (signer, key) = (command.signer, command.key);
    Ok(Event::Pool(PoolEvent::PoolSignerSet { pool: id, signer, key, nonce }))
}
