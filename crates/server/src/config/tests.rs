//! Tests of the file beside.

use super::*;

fn written(flags: &[(&str, &str)], file: &str) -> Result<Written, ConfigError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let flags: Vec<_> = flags.iter().map(owned).collect();
    let variable = |name: &str| {
        (name == "BACKSTOP_BODY_BYTES" || name == "BACKSTOP_LOG")
            .then(|| "json".replace("json", if name.ends_with("LOG") { "json" } else { "77" }))
    };
    Written::gather(&flags, variable, Some(file))
}

#[test]
fn defaults_are_sound() {
    let settings = Settings::default();
    assert!(settings.listen.ip().is_loopback());
    assert_eq!(settings.reads, Reads::Public);
    let engine = backstop_engine::Options::default();
    assert_eq!(settings.snapshot_every, engine.snapshot_every);
    assert_eq!(settings.journal_bytes, engine.journal_bytes);
    let limited = written(&[("journal_bytes", "1048576"), ("snapshot_every", "0")], "").unwrap();
    let limited = Settings::read(&limited).unwrap();
    assert_eq!((limited.journal_bytes, limited.snapshot_every), (Some(1 << 20), 0));
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let file = "body_bytes = 5\nlog = \"text\"\nsse_readers = 9";
    let got = written(&[("log", "text")], file).unwrap();
    let settings = Settings::read(&got).unwrap();
    assert_eq!((settings.log, settings.body_bytes, settings.sse_readers), (LogForm::Text, 77, 9));
    let from = |name: &str| {
        let rows = got.rows();
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        row["from"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        ["log", "body_bytes", "sse_readers", "listen"].map(from),
        ["flag", "environment", "file", "default"]
    );
}

#[test]
fn junk_is_told_with_what_was_got_and_expected() {
    for (name, value, needle) in [
        ("listen", "nowhere", "expected an address"),
        ("listen", "0.0.0.0:80", "without TLS"),
        ("tls_cert", "a.pem", "`tls_key` is not"),
        ("tls_key", "a.key", "`tls_cert` is not"),
        ("connections", "0", "above 0"),
        ("request-seconds", "0", "at most a day"),
        ("reads", "some", "`public` or `key`"),
        ("snapshot_every", "often", "a count of records"),
        ("journal_bytes", "1GB", "a count of bytes"),
        ("journal_bytes", "1048575", "from 1048576 on"),
        ("commands", "all", "`key` or `open`"),
        ("public_url", "fund.example", "https://"),
        ("webhooks_allow_private", "yes", "`true` or `false`"),
        ("webhooks_retry_seconds", "5 0", "above 0"),
        ("webhooks_retry_seconds", "5, 6", "spaces between"),
    ] {
        let error = written(&[(name, value)], "").and_then(|got| Settings::read(&got)).unwrap_err();
        assert!(error.to_string().contains(needle), "{name}: {error}");
    }
    let error = written(&[("conections", "1")], "").unwrap_err();
    assert_eq!(error.to_string(), "`conections` is no setting; did you mean `connections`?");
    assert!(written(&[], "listen = ").unwrap_err().to_string().contains("not TOML"));
    let proxied = [("listen", "0.0.0.0:80"), ("public_url", "https://fund.example/")];
    let open = [&proxied[..], &[("commands", "open")]].concat();
    let error = Settings::read(&written(&open, "").unwrap()).unwrap_err();
    assert!(error.to_string().contains("leave `commands` at `key`"), "{error}");
    let settings = Settings::read(&written(&proxied, "").unwrap()).unwrap();
    assert_eq!(settings.public_url.as_deref(), Some("https://fund.example"));
    assert!(settings.is_secure());
    let tls = [("listen", "0.0.0.0:443"), ("tls_cert", "a.pem"), ("tls_key", "a.key")];
    let settings = Settings::read(&written(&tls, "").unwrap()).unwrap();
    assert!(settings.is_secure() && !settings.is_private());
    let open = [&tls[..], &[("commands", "open")]].concat();
    assert!(matches!(Settings::read(&written(&open, "").unwrap()), Err(ConfigError::Open(_))));
}
