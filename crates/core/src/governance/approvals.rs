//! Council signatures over canonical bytes.
//!
//! What is signed: a fixed prefix, the ledger id, the nonce, the expiry, and the SHA-256 of the body's
//! one encoding. So a signature is good for one body, on one ledger, once, and not for ever.

use crate::{
    command::{Approvals, Body, Command},
    policy::PublicKey,
    reject::{Reject, RejectCode},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{Hash, Label, Timestamp};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

const PREFIX: &[u8] = b"backstop approval v1\n";
/// More signatures than any council needs are refused before they cost time.
const SIGNATURES_MAX: usize = 64;

/// Signatures that fit their bytes, each by another key: the only thing the quorum rule accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) nonce: u64,
    pub(crate) expires_at: Timestamp,
    pub(crate) digest: Hash,
}

/// SHA-256 of a body's one encoding.
pub fn body_digest(body: &Body) -> Hash {
    Hash::new(Sha256::digest(borsh::to_vec(body).unwrap_or_default()).into())
}

/// The exact bytes that a council member signs.
pub fn approval_bytes(ledger: Label, nonce: u64, expires_at: Timestamp, digest: &Hash) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX.len().saturating_add(64));
    bytes.extend_from_slice(PREFIX);
    bytes.extend_from_slice(ledger.bytes());
    bytes.extend_from_slice(&nonce.to_le_bytes());
    bytes.extend_from_slice(&expires_at.ms().to_le_bytes());
    bytes.extend_from_slice(digest.bytes());
    bytes
}

/// What the approvals of a command are about: a proposal's body, the body that an approval names, or
/// the command's own.
fn subject(command: &Command) -> Hash {
    match &command.body {
        Body::Propose(propose) => body_digest(&propose.body),
        Body::Approve(approve) => approve.digest,
        body => body_digest(body),
    }
}

/// Checks every signature of a command, without any state but the ledger's id.
///
/// # Errors
/// [`RejectCode::BadSignature`] when one does not fit, [`RejectCode::DuplicateSigner`] when two are by
/// one key.
pub fn verify_approvals(ledger: Label, command: &Command) -> Result<Option<Verified>, Reject> {
    let Some(approvals) = &command.approvals else { return Ok(None) };
    let verified = trusted(command, approvals)?;
    let bytes = approval_bytes(ledger, approvals.nonce, approvals.expires_at, &verified.digest);
    for signature in &approvals.signatures {
        check_signature(&signature.key, &bytes, &signature.bytes.0)?;
    }
    Ok(Some(verified))
}

/// The approvals of a command whose signatures were checked when it was recorded.
pub(crate) fn trusted(command: &Command, approvals: &Approvals) -> Result<Verified, Reject> {
    if approvals.signatures.len() > SIGNATURES_MAX {
        return Err(Reject::new(
            RejectCode::BatchTooLarge,
            approvals.signatures.len(),
            SIGNATURES_MAX,
        ));
    }
    let mut keys: Vec<PublicKey> = Vec::with_capacity(approvals.signatures.len());
    for signature in &approvals.signatures {
        if keys.contains(&signature.key) {
            return Err(Reject::new(RejectCode::DuplicateSigner, Hash::new(signature.key.0), 1u32));
        }
        keys.push(signature.key);
    }
    let (nonce, expires_at) = (approvals.nonce, approvals.expires_at);
    Ok(Verified { keys, nonce, expires_at, digest: subject(command) })
}

/// Whether `signature` is by `key` over `bytes`, strictly.
pub(crate) fn check_signature(
    key: &PublicKey,
    bytes: &[u8],
    signature: &[u8; 64],
) -> Result<(), Reject> {
    let fits = VerifyingKey::from_bytes(&key.0)
        .and_then(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)));
    fits.map_err(|_| Reject::got(RejectCode::BadSignature, Hash::new(key.0)))
}

/// Members among the signers, or the first that is none.
pub(crate) fn members(state: &State, keys: &[PublicKey]) -> Result<(), Reject> {
    match keys.iter().find(|key| !state.council.keys.contains(key)) {
        Some(stranger) => Err(Reject::got(RejectCode::UnknownSigner, Hash::new(stranger.0))),
        None => Ok(()),
    }
}

/// A nonce above all used before, before its expiry. Without a council there are no signatures that
/// could be used twice, so any nonce will do.
pub(crate) fn fresh(
    state: &State,
    now: Timestamp,
    nonce: u64,
    expires_at: Timestamp,
) -> Result<(), Reject> {
    if nonce <= state.meta.nonce && !state.council.keys.is_empty() {
        return Err(Reject::new(RejectCode::NonceUsed, nonce, state.meta.nonce));
    }
    if now >= expires_at {
        return Err(Reject::new(RejectCode::ApprovalExpired, now, expires_at));
    }
    Ok(())
}

/// The quorum rule: enough members, a fresh nonce, not expired.
pub(crate) fn quorum(state: &State, now: Timestamp, verified: &Verified) -> Result<(), Reject> {
    members(state, &verified.keys)?;
    fresh(state, now, verified.nonce, verified.expires_at)?;
    let (got, limit) = (verified.keys.len(), usize::from(state.council.threshold));
    if got < limit { Err(Reject::new(RejectCode::TooFewSignatures, got, limit)) } else { Ok(()) }
}
