//! Settings of the service: one table with name, variable, default and meaning.
//!
//! A flag wins over a variable of the environment, that over the file, that over the default. The table
//! is what `config show` prints and what the reference page is made of.

use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file, and as a flag with dashes.
    pub name: &'static str,
    /// What it is without being set.
    pub default: &'static str,
    /// What it is for, with its unit.
    pub what: &'static str,
    /// Whether `config show` hides it.
    pub secret: bool,
}

const fn setting(name: &'static str, default: &'static str, what: &'static str) -> Setting {
    Setting { name, default, what, secret: false }
}

/// Every setting of the service.
pub const SETTINGS: &[Setting] = &[
    setting("listen", "127.0.0.1:8787", "address and port; port 0 takes a free one"),
    setting(
        "public_url",
        "",
        "how the world reaches the service through a proxy that ends TLS; this or `tls_cert` is needed to listen beyond loopback",
    ),
    setting(
        "tls_cert",
        "",
        "file of the service's certificate and what leads to its authority (PEM); read again within a minute when it changes",
    ),
    setting("tls_key", "", "file of the certificate's key (PEM)"),
    setting("reads", "public", "who may read: `public`, or `key` for holders of an API key"),
    setting(
        "commands",
        "key",
        "who may send commands: `key` for holders of an API key, `open` for everybody on this machine",
    ),
    setting(
        "server_db",
        "",
        "file of API keys and of commands that wait for signatures; `server.db` beside the journal if empty",
    ),
    setting("read_model", "", "file of the read model; `<journal>.read.db` beside it if empty"),
    setting(
        "checkpoint_key",
        "",
        "file of the key that signs heads of the log, as `backstop keys new` writes it; no proofs for new records without",
    ),
    setting(
        "snapshot_every",
        "1000000",
        "records from one snapshot to the next, 0 takes none; a restart reads the last one",
    ),
    setting(
        "journal_bytes",
        "0",
        "bytes that the journal file may grow to, 0 for no limit; more is refused with JOURNAL_FULL",
    ),
    setting("risk_setup", "", "settings of risk runs, its accounts or the ledger's; none without"),
    setting("risk_runs", "", "folder of the desk's runs; `risk-runs` beside the journal if empty"),
    setting("connections", "1024", "connections at once; more wait to be accepted"),
    setting("body_bytes", "1048576", "bytes of one request's body"),
    setting("header_seconds", "10", "seconds in which a request's head must have arrived"),
    setting("request_seconds", "30", "seconds for one request, its body included"),
    setting("drain_seconds", "20", "seconds that requests under way get to end after SIGTERM"),
    setting("requests_per_second", "0", "requests of one caller in a second, 0 for no limit"),
    setting("sse_readers", "512", "readers of `/v1/events` at once"),
    setting(
        "webhooks_allow_private",
        "false",
        "whether webhooks may go to private addresses, by plain http and to any port: `true` or `false`",
    ),
    setting(
        "webhooks_ca",
        "",
        "file of certificates (PEM) that webhooks trust beside the public ones, such as those of an authority of one's own",
    ),
    setting(
        "webhooks_retry_seconds",
        "5 300 1800 7200 18000 36000 36000",
        "seconds before each further attempt of a delivery, up to a fifth more by chance; after the last one the subscription is disabled",
    ),
    setting("log", "auto", "`text`, `json`, or `auto`: text on a terminal, JSON elsewhere"),
    setting("log_level", "info", "least level that is logged: `error`, `warn`, `info`, `debug`"),
];

/// The prefix of every variable of the environment.
pub const PREFIX: &str = "BACKSTOP_";

impl Setting {
    /// Its variable of the environment.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The configuration file.
    File,
    /// Nobody set it.
    Default,
}

impl Origin {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// Why settings can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is no table of settings.
    #[error("the configuration file is not TOML: {0}")]
    File(String),
    /// There is no such setting.
    #[error("`{name}` is no setting{}", near.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// What was written.
        name: String,
        /// The setting whose name is nearest.
        near: Option<String>,
    },
    /// A value is not what its setting takes.
    #[error("`{name}` is `{got}`, expected {expected}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What it was set to.
        got: String,
        /// What it takes.
        expected: &'static str,
    },
    /// The address is not loopback, there is no certificate, and no proxy is stated.
    #[error(
        "`listen` is {0}, which others can reach without TLS: listen on 127.0.0.1, name a certificate with `tls_cert` and `tls_key`, or put a proxy that ends TLS before it and state its address as `public_url = \"https://…\"`"
    )]
    Exposed(SocketAddr),
    /// A certificate without its key, or a key without its certificate.
    #[error("`{set}` is set and `{missing}` is not: name both files, or neither")]
    Half {
        /// The one that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// Others than this machine's users could send commands without a key.
    #[error(
        "`commands` is `open` and `listen` is {0} or `public_url` is set: leave `commands` at `key`, or listen on loopback without a proxy"
    )]
    Open(SocketAddr),
}

/// Values as they were written, with where each came from.
#[derive(Clone, Debug, Default)]
pub struct Written {
    values: BTreeMap<&'static str, (String, Origin)>,
}

impl Written {
    /// Gathers values: what stands later in the list of [`Origin`] never hides what stands earlier.
    ///
    /// # Errors
    /// [`ConfigError::File`], [`ConfigError::Unknown`].
    pub fn gather(
        flags: &[(String, String)],
        variable: impl Fn(&str) -> Option<String>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut written = Self::default();
        for (name, value) in file.map(entries).transpose()?.unwrap_or_default() {
            written.set(&name, value, Origin::File)?;
        }
        for setting in SETTINGS {
            if let Some(value) = variable(&setting.variable()) {
                written.set(setting.name, value, Origin::Environment)?;
            }
        }
        for (name, value) in flags {
            written.set(&name.replace('-', "_"), value.clone(), Origin::Flag)?;
        }
        Ok(written)
    }

    fn set(&mut self, name: &str, value: String, origin: Origin) -> Result<(), ConfigError> {
        let known = SETTINGS.iter().find(|setting| setting.name == name);
        let Some(setting) = known else {
            let near = SETTINGS.iter().map(|setting| setting.name);
            let near = near.min_by_key(|other| distance(name, other));
            let near = near.filter(|other| distance(name, other) <= 3).map(str::to_owned);
            return Err(ConfigError::Unknown { name: name.to_owned(), near });
        };
        self.values.insert(setting.name, (value, origin));
        Ok(())
    }

    /// A setting's value and where it came from.
    fn get(&self, name: &'static str) -> (String, Origin) {
        let default = SETTINGS.iter().find(|setting| setting.name == name);
        let default = default.map_or(String::new(), |setting| setting.default.to_owned());
        self.values.get(name).cloned().unwrap_or((default, Origin::Default))
    }

    /// Every setting with its value and where that came from.
    pub fn rows(&self) -> Vec<Value> {
        let row = |setting: &Setting| {
            let (value, origin) = self.get(setting.name);
            let value = if setting.secret && !value.is_empty() { "***".to_owned() } else { value };
            json!({ "name": setting.name, "value": value, "from": origin.word(), "what": setting.what })
        };
        SETTINGS.iter().map(row).collect()
    }
}

/// Edits from one name to another, for a word that was mistyped.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, left) in from.chars().enumerate() {
        let mut before = at;
        let mut last = at.saturating_add(1);
        for (cell, right) in row.iter_mut().skip(1).zip(&to) {
            let here =
                if left == *right { before } else { before.min(last).min(*cell).saturating_add(1) };
            before = *cell;
            *cell = here;
            last = here;
        }
        if let Some(first) = row.first_mut() {
            *first = at.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn entries(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| ConfigError::File(error.message().to_owned()))?;
    let plain = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(table.into_iter().map(|(name, value)| (name, plain(value))).collect())
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Everybody: the ledger's records are public.
    Public,
    /// Holders of an API key.
    Key,
}

/// Who may send commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commands {
    /// Holders of an API key that is bound to the account.
    Key,
    /// Everybody who reaches the service: on loopback only, for a demo or a desk of one's own.
    Open,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

/// Settings, read and checked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is described in the table of settings")]
pub struct Settings {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub reads: Reads,
    pub commands: Commands,
    pub server_db: Option<PathBuf>,
    pub read_model: Option<PathBuf>,
    pub checkpoint_key: Option<PathBuf>,
    pub snapshot_every: u64,
    pub journal_bytes: Option<u64>,
    pub risk_setup: Option<PathBuf>,
    pub risk_runs: Option<PathBuf>,
    pub connections: usize,
    pub body_bytes: usize,
    pub header_time: Duration,
    pub request_time: Duration,
    pub drain_time: Duration,
    pub requests_per_second: u32,
    pub sse_readers: usize,
    pub webhooks_allow_private: bool,
    pub webhooks_ca: Option<PathBuf>,
    pub webhooks_retry: Vec<Duration>,
    pub log: LogForm,
    pub log_level: tracing::Level,
}

impl Default for Settings {
    fn default() -> Self {
        // The defaults of the table are checked by a test.
        Self::read(&Written::default()).unwrap_or_else(|_| unreachable!("a default is wrong"))
    }
}

impl Settings {
    /// Reads and checks what was written.
    ///
    /// # Errors
    /// [`ConfigError`], all of them but those of [`Written::gather`].
    pub fn read(written: &Written) -> Result<Self, ConfigError> {
        let field = Field(written);
        let path =
            |name| Some(written.get(name).0).filter(|text| !text.is_empty()).map(PathBuf::from);
        let settings = Self {
            listen: field.parse("listen", "an address with a port, such as 127.0.0.1:8787")?,
            public_url: field.url("public_url")?,
            tls_cert: path("tls_cert"),
            tls_key: path("tls_key"),
            reads: field.word(
                "reads",
                &[("public", Reads::Public), ("key", Reads::Key)],
                "`public` or `key`",
            )?,
            commands: field.word(
                "commands",
                &[("key", Commands::Key), ("open", Commands::Open)],
                "`key` or `open`",
            )?,
            server_db: path("server_db"),
            read_model: path("read_model"),
            checkpoint_key: path("checkpoint_key"),
            snapshot_every: field.parse("snapshot_every", "a count of records")?,
            journal_bytes: field.journal_bytes("journal_bytes")?,
            risk_setup: path("risk_setup"),
            risk_runs: path("risk_runs"),
            connections: field
                .parse("connections", "a count above 0")
                .and_then(|n| Field::positive("connections", n))?,
            body_bytes: field.parse("body_bytes", "a count of bytes")?,
            header_time: field.seconds("header_seconds")?,
            request_time: field.seconds("request_seconds")?,
            drain_time: field.seconds("drain_seconds")?,
            requests_per_second: field.parse("requests_per_second", "a count")?,
            sse_readers: field.parse("sse_readers", "a count")?,
            webhooks_allow_private: field.parse("webhooks_allow_private", "`true` or `false`")?,
            webhooks_ca: path("webhooks_ca"),
            webhooks_retry: field.spans("webhooks_retry_seconds")?,
            log: field.word(
                "log",
                &[("text", LogForm::Text), ("json", LogForm::Json), ("auto", LogForm::Auto)],
                "`text`, `json` or `auto`",
            )?,
            log_level: field.parse("log_level", "`error`, `warn`, `info`, `debug` or `trace`")?,
        };
        let half = |set, missing| Err(ConfigError::Half { set, missing });
        match (settings.tls_cert.is_some(), settings.tls_key.is_some()) {
            (true, false) => return half("tls_cert", "tls_key"),
            (false, true) => return half("tls_key", "tls_cert"),
            (with_tls, _) => {
                let is_reached = !settings.listen.ip().is_loopback();
                if is_reached && !with_tls && settings.public_url.is_none() {
                    return Err(ConfigError::Exposed(settings.listen));
                }
            }
        }
        if settings.commands == Commands::Open && !settings.is_private() {
            return Err(ConfigError::Open(settings.listen));
        }
        Ok(settings)
    }

    /// Whether only this machine reaches the service.
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback() && self.public_url.is_none()
    }

    /// Whether browsers reach the service by TLS, so that cookies may be marked for it.
    pub fn is_secure(&self) -> bool {
        let by_proxy = self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        by_proxy || self.tls_cert.is_some()
    }
}

/// The least limit of a journal: an empty one takes a few pages of 64 KiB.
const JOURNAL_BYTES_MIN: u64 = 1 << 20;

struct Field<'a>(&'a Written);

impl Field<'_> {
    fn parse<T: std::str::FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, ConfigError> {
        let got = self.0.get(name).0;
        got.parse().map_err(|_| ConfigError::Value { name, got, expected })
    }

    fn positive(name: &'static str, count: usize) -> Result<usize, ConfigError> {
        let got = count.to_string();
        if count > 0 {
            Ok(count)
        } else {
            Err(ConfigError::Value { name, got, expected: "a count above 0" })
        }
    }

    fn seconds(&self, name: &'static str) -> Result<Duration, ConfigError> {
        let expected = "seconds above 0, at most a day";
        let seconds: u64 = self.parse(name, expected)?;
        if (1..=86_400).contains(&seconds) {
            return Ok(Duration::from_secs(seconds));
        }
        Err(ConfigError::Value { name, got: seconds.to_string(), expected })
    }

    /// Spans of at least a second, each at most a day: at most twenty.
    fn spans(&self, name: &'static str) -> Result<Vec<Duration>, ConfigError> {
        let expected =
            "at most 20 counts of seconds above 0, each at most a day, with spaces between";
        let got = self.0.get(name).0;
        let span = |word: &str| {
            let seconds: Option<u64> = word.parse().ok();
            seconds.filter(|seconds| (1..=86_400).contains(seconds)).map(Duration::from_secs)
        };
        let spans: Option<Vec<Duration>> = got.split_whitespace().map(span).collect();
        match spans {
            Some(spans) if spans.len() <= 20 => Ok(spans),
            _ => Err(ConfigError::Value { name, got, expected }),
        }
    }

    /// None for no limit; a limit that leaves no room for a ledger is a slip.
    fn journal_bytes(&self, name: &'static str) -> Result<Option<u64>, ConfigError> {
        let expected = "0, or a count of bytes from 1048576 on";
        match self.parse(name, expected)? {
            0 => Ok(None),
            bytes @ JOURNAL_BYTES_MIN.. => Ok(Some(bytes)),
            few => Err(ConfigError::Value { name, got: few.to_string(), expected }),
        }
    }

    fn url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let got = self.0.get(name).0;
        let fits = got.starts_with("https://") || got.starts_with("http://");
        match (got.is_empty(), fits) {
            (true, _) => Ok(None),
            (_, true) => Ok(Some(got.trim_end_matches('/').to_owned())),
            _ => Err(ConfigError::Value {
                name,
                got,
                expected: "an address that begins with https://",
            }),
        }
    }

    fn word<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, ConfigError> {
        let got = self.0.get(name).0;
        let found = words.iter().find(|(word, _)| *word == got).map(|(_, value)| *value);
        found.ok_or(ConfigError::Value { name, got, expected })
    }
}

#[cfg(test)]
mod tests;
