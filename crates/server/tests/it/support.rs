//! A service on loopback with a ledger made from a scenario, and a client that says exactly what is sent.

use backstop_api::{Format, Host, HostError, Scenario, run};
use backstop_core::{Command, Event, State};
use backstop_engine::{Engine, Options, ScenarioClock, read_model::beside};
use backstop_server::{Mounted, Running, Settings, Site, config::Written};
use backstop_units::{Seq, Timestamp};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};
use tempfile::TempDir;

/// How long anything may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A scenario that fills a fund, has stakers, and a loss that reaches them.
pub(crate) const FIRST_LOSS: &str = include_str!("../../../../examples/first-loss.toml");
/// A vault with a curator's pool through a loss and its compensation.
pub(crate) const CURATOR: &str = include_str!("../../../../examples/curator.toml");

struct Story<'a> {
    engine: &'a Engine,
    clock: ScenarioClock,
}

impl Host for Story<'_> {
    fn send(
        &mut self,
        at: Timestamp,
        command: &Command,
        dry_run: bool,
    ) -> Result<(Seq, Vec<Event>), HostError> {
        self.clock.set(at);
        let engine = self.engine;
        let answer = if dry_run { engine.dry_run(command) } else { engine.call(command.clone()) };
        let receipt = answer?;
        Ok((receipt.seq, receipt.events))
    }

    fn look<T>(&mut self, look: impl FnOnce(&State) -> T) -> Result<T, HostError> {
        let last = Seq::new(self.engine.head().size.saturating_sub(1));
        self.engine.wait_for(last, PATIENCE).map_err(|e| HostError::Broken(e.to_string()))?;
        Ok(self.engine.read(look))
    }
}

/// Carries a scenario out on a new journal; its clock stands at the end.
pub(crate) fn told(scenario: &str, journal: &Path) -> (Engine, ScenarioClock) {
    let scenario = Scenario::parse(scenario, Format::Toml).unwrap();
    let clock = ScenarioClock::at(scenario.start);
    let options =
        Options { read_model: Some(beside(journal)), ..Options::with_clock(clock.clone()) };
    let engine = Engine::create(journal, scenario.genesis(), options).unwrap();
    let mut host = Story { engine: &engine, clock: clock.clone() };
    let outcome = run(&scenario, &mut host).unwrap();
    assert_eq!(outcome.unmet, [], "the scenario went otherwise");
    (engine, clock)
}

/// A service with one ledger.
pub(crate) struct Service {
    running: Running,
    pub(crate) clock: ScenarioClock,
    pub(crate) folder: TempDir,
}

impl Service {
    pub(crate) fn new(scenario: &str) -> Self {
        Self::with(scenario, &[])
    }

    /// A service with settings other than the defaults.
    pub(crate) fn with(scenario: &str, flags: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, clock) = told(scenario, &folder.path().join("journal.db"));
        let fixed = [("listen", "127.0.0.1:0"), ("commands", "open")];
        let flags: Vec<_> =
            fixed.iter().chain(flags).map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let written = Written::gather(&flags, |_| None, None).unwrap();
        let mut settings = Settings::read(&written).unwrap();
        settings.server_db = Some(folder.path().join("server.db"));
        let mounted = Mounted { name: String::new(), title: "test".into(), engine, signer: None };
        let running = Site { ledgers: vec![mounted], settings }.start().unwrap();
        Self { running, clock, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.connect().ask(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
    }

    /// As a browser asks.
    pub(crate) fn page(&self, path: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\naccept: text/html\r\n\r\n");
        self.connect().ask(&head)
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.connect().ask(&posted(path, headers, body))
    }

    /// Sends a command as JSON.
    pub(crate) fn command(&self, body: &str) -> Answer {
        self.post("/v1/commands", &[("content-type", "application/json")], body)
    }
}

/// The bytes of a POST.
pub(crate) fn posted(path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text =
        format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.extend([*name, ": ", *value, "\r\n"]);
    }
    text + "\r\n" + body
}

/// One connection that stays open.
pub(crate) struct Connection(pub(crate) BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Checks that it is a problem with this status and code, and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let value = self.json();
        assert_eq!((self.status, value["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(value["status"], status, "{}", self.body);
        value
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
    }

    pub(crate) fn ask(&mut self, bytes: &str) -> Answer {
        self.send(bytes);
        self.answer().expect("the service closed the connection")
    }

    /// The next answer; none when the connection was closed.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        if self.0.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some(Answer { status, headers, body: String::from_utf8(body).unwrap() })
    }
}
