//! What a client sends to subscribe, and what a subscription is sent.

use crate::source::{Fault, Format, Source};
use backstop_units::Seq;
use serde::Deserialize;

/// Characters of an address.
pub const WEBHOOK_URL_MAX: usize = 2_048;
/// Words of commands that one subscription names.
pub const WEBHOOK_KINDS_MAX: usize = 64;

/// A subscription to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// Where deliveries go.
    pub url: String,
    /// Words of the commands to hear of; all if empty.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Begin behind this record; with what comes now if none.
    #[serde(default)]
    pub after_seq: Option<Seq>,
}

impl WebhookRequest {
    /// Reads one out of a body.
    ///
    /// # Errors
    /// [`Fault`] with line and column.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let source = Source(text);
        source.convert(&source.read(Format::Json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_whole_or_told_where_it_is_wrong() {
        let full =
            r#"{"url": "https://a.example/x", "kinds": ["settle_liquidation"], "after_seq": 7}"#;
        let read = WebhookRequest::parse(full).unwrap();
        assert_eq!((read.kinds.len(), read.after_seq), (1, Some(Seq::new(7))));
        let least = WebhookRequest::parse(r#"{"url": "https://a.example"}"#).unwrap();
        assert_eq!((least.kinds.len(), least.after_seq), (0, None));
        for (text, column) in [
            (r#"{"url": 7}"#, 9),
            (r#"{"url": "x", "color": 1}"#, 14),
            (r#"{"url": "x", "after_seq": -1}"#, 27),
            ("{}", 1),
            ("[]", 1),
        ] {
            let fault = WebhookRequest::parse(text).unwrap_err();
            assert_eq!((fault.place.line, fault.place.column), (1, column), "{text}: {fault}");
        }
    }
}
