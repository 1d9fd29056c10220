//! `keys`: ed25519 keys and council signatures, made offline.

use crate::{
    args::{KeysArgs, KeysVerb},
    exit::Failure,
    files,
    printer::Printer,
};
use backstop_api::command_body;
use backstop_core::governance::signed_bytes;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &KeysArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    match &args.verb {
        KeysVerb::New { file } => new(file, printer),
        KeysVerb::Api(args) => super::api_keys::run(args, db, printer),
        KeysVerb::Sign { key, ledger, nonce, expires, body } => {
            let secret = load(key)?;
            let text = files::read(body)?;
            let body = command_body(&text).map_err(|fault| Failure::text(body, fault))?;
            let (digest, bytes) = signed_bytes(*ledger, &body, *nonce, *expires);
            let signature = secret.sign(&bytes);
            printer.value(&json!({
                "nonce": nonce,
                "expires_at": expires,
                "digest": digest,
                "signatures": [{
                    "key": hex::encode(secret.verifying_key().to_bytes()),
                    "bytes": hex::encode(signature.to_bytes()),
                }],
            }))
        }
    }
}

fn new(file: &Path, printer: &Printer) -> Result<(), Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::Environment(format!("random numbers: {error}")))?;
    let secret = SigningKey::from_bytes(&seed);
    files::write_secret(file, &format!("{}\n", hex::encode(seed)))?;
    let public = hex::encode(secret.verifying_key().to_bytes());
    printer.note(&format!(
        "The secret is in {}. Keep it off the machine that runs the ledger.",
        file.display()
    ));
    printer.either(&json!({ "public_key": public }), || format!("{public}\n"))
}

/// Reads a secret as written by `keys new`.
pub(crate) fn load(path: &Path) -> Result<SigningKey, Failure> {
    let text = files::read(path)?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| {
        Failure::Input(format!(
            "{}: not a secret key as `backstop keys new` writes it",
            path.display()
        ))
    })?;
    Ok(SigningKey::from_bytes(&seed))
}
