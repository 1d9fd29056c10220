//! Secrets and signatures, as Standard Webhooks 1.0 say: `v1,` and the HMAC-SHA256 of `id.timestamp.body` as base64.

use crate::identity::{KeyError, random};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ring::hmac;
use std::fmt;

/// Bytes of a new secret; the standard asks for 24 to 64.
const BYTES: usize = 32;

/// What deliveries to one receiver are signed with; it has the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one out of the system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn random() -> Result<Self, KeyError> {
        Ok(Self(random::<BYTES>()?.to_vec()))
    }

    pub(super) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the receiver is given it, once: `whsec_` and base64.
    pub fn reveal(&self) -> String {
        format!("whsec_{}", BASE64.encode(&self.0))
    }

    /// The signature of a delivery; `seconds` since 1970.
    pub(super) fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The case of the standard's own libraries.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = Secret::from_bytes(secret);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = secret.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(secret.sign(id, 1_614_265_331, br#"{"test": 2432232314}"#), signed);
    }

    #[test]
    fn a_secret_shows_itself_on_demand_only() {
        let secret = Secret::random().unwrap();
        let shown = secret.reveal();
        assert_eq!(BASE64.decode(shown.strip_prefix("whsec_").unwrap()).unwrap(), secret.bytes());
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_ne!(Secret::random().unwrap(), secret);
    }
}
