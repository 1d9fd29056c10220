//! A council and a custodian to test with. The keys are public knowledge: never use them elsewhere.

use backstop_core::{
    Body,
    command::{Approvals, ReportRisk, Signature},
    fund::risk_message::risk_bytes,
    governance::{approval_bytes, balance_bytes, body_digest},
    oracle::report_bytes,
    policy::{PublicKey, SignatureBytes},
};
use backstop_units::{Amount, Hash, Label, Price, Timestamp};
use ed25519_dalek::{Signer, SigningKey};

/// The seed of the custodian's key.
pub const CUSTODIAN: u8 = 200;

/// The seed of the risk model's key.
pub const MODEL: u8 = 201;

fn signing(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// The public key of a member.
pub fn public(seed: u8) -> PublicKey {
    PublicKey(signing(seed).verifying_key().to_bytes())
}

/// The keys of members 1 to `count`.
pub fn council(count: u8) -> Vec<PublicKey> {
    (1..=count).map(public).collect()
}

/// One member's signature over any bytes.
pub fn sign(seed: u8, bytes: &[u8]) -> Signature {
    let bytes = SignatureBytes(signing(seed).sign(bytes).to_bytes());
    Signature { key: public(seed), bytes }
}

/// Approvals of a body's digest by these members.
pub fn approve_digest(
    ledger: Label,
    digest: &Hash,
    nonce: u64,
    expires_at: Timestamp,
    members: &[u8],
) -> Approvals {
    let bytes = approval_bytes(ledger, nonce, expires_at, digest);
    let signatures = members.iter().map(|seed| sign(*seed, &bytes)).collect();
    Approvals { nonce, expires_at, signatures }
}

/// Approvals of a body by these members.
pub fn approve(
    ledger: Label,
    body: &Body,
    nonce: u64,
    expires_at: Timestamp,
    members: &[u8],
) -> Approvals {
    approve_digest(ledger, &body_digest(body), nonce, expires_at, members)
}

/// The custodian's signature over an external balance.
pub fn balance(ledger: Label, asset: Label, balance: Amount, as_of: Timestamp) -> SignatureBytes {
    sign(CUSTODIAN, &balance_bytes(ledger, asset, balance, as_of)).bytes
}

/// A feed's signature over its report for an index.
pub fn report(
    seed: u8,
    ledger: Label,
    (index, feed): (Label, Label),
    price: Price,
    at: Timestamp,
) -> SignatureBytes {
    sign(seed, &report_bytes(ledger, index, feed, price, at)).bytes
}

/// The message with the risk model's signature over it.
#[expect(clippy::needless_pass_by_value, reason = "callers build it for this")]
pub fn risk(ledger: Label, message: ReportRisk) -> ReportRisk {
    let signature = sign(MODEL, &risk_bytes(ledger, &message)).bytes;
    ReportRisk { signature, ..message }
}
