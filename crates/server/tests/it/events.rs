//! A service over a fresh ledger, and a client that reads events.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use backstop_core::{Command, policy::Limits};
use backstop_engine::{Engine, Options, ids::uuid7, read_model::beside};
use backstop_server::{Mounted, Running, Settings, Site, config::Written};
use backstop_testkit::world::{Setup, label};
use backstop_units::{Amount, Span, Timestamp};
use serde_json::Value;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A service over a new ledger; its files go with it.
pub(crate) struct Service {
    pub(crate) running: Running,
    _folder: tempfile::TempDir,
}

/// Starts a service with these settings.
pub(crate) fn service(settings: &[(&str, &str)]) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let limits = Limits { sandbox: true, config_delay: Span::ZERO, ..Limits::default() };
    let balance = Amount::new(1 << 60);
    let genesis = Setup { limits, balance, ..Setup::default() }.genesis();
    let options = Options { read_model: Some(beside(&path)), ..Options::default() };
    let engine = Engine::create(&path, &genesis, options).unwrap();
    let own = [("listen", "127.0.0.1:0"), ("commands", "open")];
    let mut flags: Vec<(String, String)> =
        own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    flags.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let written = Written::gather(&flags, |_| None, None).unwrap();
    let settings = Settings::read(&written).unwrap();
    let mounted = Mounted { name: String::new(), title: "test".to_owned(), engine, signer: None };
    let running = Site { ledgers: vec![mounted], settings }.start().unwrap();
    Service { running, _folder: folder }
}

/// A command of the present, told apart from others by `number`.
pub(crate) fn command(number: u64, actor: &str, body: impl Into<backstop_core::Body>) -> Command {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Timestamp::from_ms(u64::try_from(now.as_millis()).unwrap());
    let id = uuid7(now, number);
    Command { id, actor: label(actor), occurred_at: None, body: body.into(), approvals: None }
}

/// A connection that stays open.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

/// A status and a body.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    fn send(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while self.reader.read_line(&mut head).unwrap() > 2 {}
        let status = head.split_whitespace().nth(1).unwrap_or_default();
        (status.parse().unwrap_or_else(|_| panic!("no answer: {head}")), head)
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn post(&mut self, command: &Command) -> Answered {
        let body = serde_json::to_string(command).unwrap();
        let length = body.len();
        self.send(&format!(
            "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ));
        self.answer()
    }

    /// The page of metrics.
    pub(crate) fn metrics(address: SocketAddr) -> String {
        let mut client = Self::new(address);
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.answer().body
    }

    fn answer(&mut self) -> Answered {
        let (status, head) = self.head();
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned))
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or_else(|| panic!("no length: {head}"));
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        Answered { status, body: String::from_utf8(body).unwrap() }
    }

    /// Begins to read events.
    pub(crate) fn events(address: SocketAddr, query: &str, last: Option<u64>) -> Events {
        let mut client = Self::new(address);
        let resume = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        client.send(&format!("GET /v1/events{query} HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n"));
        let (status, head) = client.head();
        Events { status, head, lines: String::new(), reader: client.reader }
    }
}

/// One frame.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A stream of events.
pub(crate) struct Events {
    pub(crate) status: u16,
    pub(crate) head: String,
    lines: String,
    reader: BufReader<TcpStream>,
}

impl Events {
    /// A line of the body, with the lengths of chunks taken out.
    fn line(&mut self) -> Option<String> {
        while !self.lines.contains('\n') {
            let mut size = String::new();
            self.reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok().filter(|size| *size > 0)?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).ok()?;
            self.lines.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
        let (line, rest) = self.lines.split_once('\n')?;
        let (line, rest) = (line.to_owned(), rest.to_owned());
        self.lines = rest;
        Some(line)
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, String::new(), None);
        loop {
            let line = self.line()?;
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.parse().ok();
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = Some(serde_json::from_str(text).unwrap());
            } else if line.is_empty()
                && let (Some(id), Some(data)) = (id, data.take())
            {
                return Some(Event { id, name, data });
            }
        }
    }
}

/// Tries until it works or patience ends.
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < end, "{what} did not come true");
        std::thread::yield_now();
    }
}
