//! Council signatures over canonical bytes.
//!
//! What is signed: a fixed prefix, the ledger id, the nonce, the expiry, and the SHA-256 of the body's
//! one encoding. So a signature is good for one body, on one ledger, once, and not for ever.

use super::{Context, Power};
use crate::{
    command::{self, Approvals, Body, Command},
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

/// The approvals of a command: who is named as signer, and whether the signatures hold. A fault is
/// kept until it is its turn: a stranger is told before a signature that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    named: Vec<PublicKey>,
    verified: Result<Verified, Reject>,
}

impl Signed {
    /// The signatures, if all of them hold.
    ///
    /// # Errors
    /// [`RejectCode::BadSignature`] when one does not fit, else [`RejectCode::DuplicateSigner`] when two
    /// are by one key.
    pub fn verified(&self) -> Result<&Verified, Reject> {
        self.verified.as_ref().map_err(|reject| *reject)
    }
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
pub(super) fn subject(body: &Body) -> Hash {
    match body {
        Body::Propose(propose) => body_digest(&propose.body),
        Body::Approve(approve) => approve.digest,
        body => body_digest(body),
    }
}

/// Checks every signature of a command, without any state but the ledger's id.
///
/// # Errors
/// [`RejectCode::BatchTooLarge`] for more signatures than any council needs: they are not even checked.
pub fn verify_approvals(ledger: Label, command: &Command) -> Result<Option<Signed>, Reject> {
    let Some(approvals) = &command.approvals else { return Ok(None) };
    let mut signed = trusted(command, approvals)?;
    let bytes =
        approval_bytes(ledger, approvals.nonce, approvals.expires_at, &subject(&command.body));
    let fits = |signature: &command::Signature| {
        check_signature(&signature.key, &bytes, &signature.bytes.0)
    };
    if let Err(reject) = approvals.signatures.iter().try_for_each(fits) {
        signed.verified = Err(reject);
    }
    Ok(Some(signed))
}

/// The approvals of a command whose signatures were checked when it was recorded.
pub(crate) fn trusted(command: &Command, approvals: &Approvals) -> Result<Signed, Reject> {
    let count = approvals.signatures.len();
    if count > SIGNATURES_MAX {
        return Err(Reject::new(RejectCode::BatchTooLarge, count, SIGNATURES_MAX));
    }
    let named: Vec<PublicKey> = approvals.signatures.iter().map(|by| by.key).collect();
    let twice =
        named.iter().enumerate().find(|(at, key)| named.iter().take(*at).any(|k| k == *key));
    let verified = match twice {
        Some((_, key)) => Err(Reject::new(RejectCode::DuplicateSigner, Hash::new(key.0), 1u32)),
        None => Ok(Verified {
            keys: named.clone(),
            nonce: approvals.nonce,
            expires_at: approvals.expires_at,
            digest: subject(&command.body),
        }),
    };
    Ok(Signed { named, verified })
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

/// Refuses signatures that do not hold, also where none were needed.
pub(crate) fn sound<'a>(context: &Context<'a>) -> Result<Option<&'a Verified>, Reject> {
    match context.power {
        Power::Sender(Some(signed)) => signed.verified().map(Some),
        Power::Sender(None) | Power::Granted => Ok(None),
    }
}

/// The signatures that came with a command, each by a member.
pub(crate) fn by_members<'a>(
    state: &State,
    context: &Context<'a>,
) -> Result<Option<&'a Verified>, Reject> {
    if let Power::Sender(Some(signed)) = context.power {
        members(state, &signed.named)?;
    }
    sound(context)
}

/// Refuses what was signed on a proposal that is closed. Whoever withdraws one takes back what was
/// signed for it and nothing else: its nonce stays good for everybody, unless a quorum has used it up.
pub(crate) fn standing(
    state: &State,
    digest: Hash,
    nonce: u64,
    expires_at: Timestamp,
) -> Result<(), Reject> {
    // Without a council there are no signatures to take back.
    if state.council.keys.is_empty() {
        return Ok(());
    }
    match state.labels.closed.get((digest, nonce, expires_at)) {
        Some(()) => Err(Reject::got(RejectCode::ProposalClosed, digest)),
        None => Ok(()),
    }
}

/// Signatures by so many of these keys, under a nonce above the last one used among them, not expired.
pub(crate) fn by_keys<'a>(
    context: &Context<'a>,
    keys: &[PublicKey],
    threshold: u8,
    last: u64,
) -> Result<&'a Verified, Reject> {
    let limit = usize::from(threshold);
    let too_few = |got: usize| Reject::new(RejectCode::TooFewSignatures, got, limit);
    if let Power::Sender(Some(signed)) = context.power
        && let Some(stranger) = signed.named.iter().find(|key| !keys.contains(key))
    {
        return Err(Reject::got(RejectCode::UnknownSigner, Hash::new(stranger.0)));
    }
    let verified = sound(context)?.ok_or_else(|| too_few(0))?;
    if verified.nonce <= last {
        return Err(Reject::new(RejectCode::NonceUsed, verified.nonce, last));
    }
    if context.now >= verified.expires_at {
        return Err(Reject::new(RejectCode::ApprovalExpired, context.now, verified.expires_at));
    }
    let got = verified.keys.len();
    if got < limit { Err(too_few(got)) } else { Ok(verified) }
}

/// Refuses signatures of which none is by this key.
pub(crate) fn among(verified: &Verified, key: &PublicKey) -> Result<(), Reject> {
    if verified.keys.contains(key) {
        return Ok(());
    }
    let got = verified.keys.len();
    Err(Reject::new(RejectCode::TooFewSignatures, got, got.saturating_add(1)))
}

/// The quorum rule: enough members, a fresh nonce, not expired.
pub(crate) fn quorum<'a>(state: &State, context: &Context<'a>) -> Result<&'a Verified, Reject> {
    let limit = usize::from(state.council.threshold);
    let too_few = |got: usize| Reject::new(RejectCode::TooFewSignatures, got, limit);
    let verified = by_members(state, context)?.ok_or_else(|| too_few(0))?;
    fresh(state, context.now, verified.nonce, verified.expires_at)?;
    let got = verified.keys.len();
    if got < limit { Err(too_few(got)) } else { Ok(verified) }
}
