//! Checkpoints: a size and a root, signed, in the C2SP `tlog-checkpoint` text form.
//!
//! ```text
//! example.org/fund                                  origin: which log this is
//! 2300                                              size, decimal
//! hGXQ...=                                          root, base64
//! (further lines that other programs may add)
//!                                                   an empty line ends the body
//! — example.org/fund wpBz...                        name, base64 of key id and signature
//! ```
//!
//! The signature covers the body with its last newline and without the empty line. A checkpoint
//! kept outside the journal is what shows that a log was cut short or rewritten.
//!
//! **Source** C2SP `signed-note` and `tlog-checkpoint`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::merkle::{Hash, sha256};

/// The algorithm byte of Ed25519 in a key id.
const ED25519: u8 = 1;

/// Bytes of a key id.
const KEY_ID_BYTES: usize = 4;

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// The state of a log that its operator commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is, for people and programs: one line, not empty.
    pub origin: String,
    /// The number of records.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a text is no checkpoint, or not one to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text lacks a part or a part is malformed.
    #[error("line {line} is not what a checkpoint has there: fetch the checkpoint again")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
    },
    /// The origin or name can't stand in a checkpoint: it is empty or holds a newline; a name
    /// must not hold a space or `+` either.
    #[error("the name can't stand in a checkpoint: use a word without spaces, `+` or newlines")]
    BadName,
    /// No signature line carries this name and key.
    #[error("no signature of this name and key: use the key that the log publishes")]
    NotSigned,
    /// There is a signature of this name and key, but it does not fit the text.
    #[error("the signature does not fit the text: do not trust this checkpoint")]
    WrongSignature,
}

impl Checkpoint {
    /// The checkpoint as signed text.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::BadName`] if the origin or the name can't be written.
    pub fn sign(&self, key: &SigningKey, name: &str) -> Result<String, CheckpointError> {
        if !is_name(name) || self.origin.is_empty() || self.origin.contains(char::is_control) {
            return Err(CheckpointError::BadName);
        }
        let root = BASE64.encode(self.root);
        let body = format!("{}\n{}\n{root}\n", self.origin, self.size);
        let mut blob = key_id(name, &key.verifying_key()).to_vec();
        blob.extend_from_slice(&key.sign(body.as_bytes()).to_bytes());
        Ok(format!("{body}\n{SIGNATURE_PREFIX}{name} {}\n", BASE64.encode(blob)))
    }

    /// Reads the body of a checkpoint **without checking any signature**, for a reader that has
    /// no key. Nothing in it can be trusted before it is compared with something that is.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Malformed`].
    pub fn parse_unverified(text: &str) -> Result<Self, CheckpointError> {
        let (body, _) = split(text)?;
        parse_body(body)
    }

    /// Reads a checkpoint that `key` signed under `name`. Signatures of others are passed over.
    ///
    /// # Errors
    ///
    /// In this order: [`CheckpointError::Malformed`], [`CheckpointError::BadName`],
    /// [`CheckpointError::NotSigned`], [`CheckpointError::WrongSignature`].
    pub fn open(text: &str, name: &str, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let (body, signatures) = split(text)?;
        let checkpoint = parse_body(body)?;
        if !is_name(name) {
            return Err(CheckpointError::BadName);
        }
        let id = key_id(name, key);
        let blob = signatures
            .lines()
            .filter_map(signature_line)
            .find_map(|(signer, blob)| {
                let (found, signature) = blob.split_first_chunk::<KEY_ID_BYTES>()?;
                (signer == name && *found == id).then(|| signature.to_vec())
            })
            .ok_or(CheckpointError::NotSigned)?;
        let signature =
            Signature::from_slice(&blob).map_err(|_| CheckpointError::WrongSignature)?;
        key.verify_strict(body.as_bytes(), &signature)
            .map_err(|_| CheckpointError::WrongSignature)?;
        Ok(checkpoint)
    }
}

/// The key id: the first four bytes of SHA-256(name || 0x0A || 0x01 || public key).
pub fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
    [a, b, c, d]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// The body with its last newline, and the signature lines, each checked for its form.
fn split(text: &str) -> Result<(&str, &str), CheckpointError> {
    let end = text.rfind("\n\n").ok_or(CheckpointError::Malformed { line: lines(text) })?;
    let (body, rest) = text.split_at(end.saturating_add(1));
    let signatures = rest.strip_prefix('\n').unwrap_or(rest);
    let first = lines(body).saturating_add(1);
    if !signatures.ends_with('\n') {
        return Err(CheckpointError::Malformed { line: first.saturating_add(lines(signatures)) });
    }
    for (line, offset) in signatures.lines().zip(1usize..) {
        if signature_line(line).is_none() {
            return Err(CheckpointError::Malformed { line: first.saturating_add(offset) });
        }
    }
    Ok((body, signatures))
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

/// The name and the decoded bytes of a signature line.
fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let blob = BASE64.decode(blob).ok()?;
    (is_name(name) && blob.len() > KEY_ID_BYTES).then_some((name, blob))
}

fn parse_body(body: &str) -> Result<Checkpoint, CheckpointError> {
    let mut lines = body.split('\n');
    let mut next = |line: usize| lines.next().ok_or(CheckpointError::Malformed { line });
    let origin = next(1)?;
    if origin.is_empty() || origin.contains(char::is_control) {
        return Err(CheckpointError::Malformed { line: 1 });
    }
    let size = parse_size(next(2)?).ok_or(CheckpointError::Malformed { line: 2 })?;
    let root = BASE64
        .decode(next(3)?)
        .ok()
        .and_then(|root| Hash::try_from(root).ok())
        .ok_or(CheckpointError::Malformed { line: 3 })?;
    // Extension lines may follow; none of them is empty.
    let whole = body.strip_suffix('\n').unwrap_or(body);
    if let Some((_, line)) = whole.split('\n').zip(1usize..).find(|(text, _)| text.is_empty()) {
        return Err(CheckpointError::Malformed { line });
    }
    Ok(Checkpoint { origin: origin.to_owned(), size, root })
}

/// A decimal number in its one spelling: no sign, no leading zero.
fn parse_size(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if !plain || leading_zero {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
