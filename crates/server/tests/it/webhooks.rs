//! Webhooks with receivers on loopback: what they get, when it comes again, where it may not go.

use crate::support::{Answer, Connection, FIRST_LOSS, PATIENCE, posted, told};
use backstop_engine::{Engine, Options, ScenarioClock, read_model::beside};
use backstop_server::{Mounted, Running, Settings, Site, config::Written};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver as Inbox, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// A service whose deliveries may go to this machine, and which can be stopped and started again.
struct Service {
    running: Option<Running>,
    clock: ScenarioClock,
    folder: TempDir,
    flags: Vec<(String, String)>,
}

const OWN: &[(&str, &str)] = &[
    ("listen", "127.0.0.1:0"),
    ("commands", "open"),
    ("webhooks_allow_private", "true"),
    ("webhooks_retry_seconds", "1 1"),
];

impl Service {
    fn new(flags: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, clock) = told(FIRST_LOSS, &folder.path().join("journal.db"));
        drop(engine);
        let flags = OWN.iter().chain(flags).map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let mut service = Self { running: None, clock, folder, flags };
        service.start();
        service
    }

    fn start(&mut self) {
        let journal = self.folder.path().join("journal.db");
        let options = Options {
            read_model: Some(beside(&journal)),
            ..Options::with_clock(self.clock.clone())
        };
        let engine = Engine::open(&journal, options).unwrap();
        let written = Written::gather(&self.flags, |_| None, None).unwrap();
        let mut settings = Settings::read(&written).unwrap();
        settings.server_db = Some(self.folder.path().join("server.db"));
        let mounted = Mounted { name: String::new(), title: "test".into(), engine, signer: None };
        self.running = Some(Site { ledgers: vec![mounted], settings }.start().unwrap());
    }

    fn ask(&self, bytes: &str) -> Answer {
        Connection::to(self.running.as_ref().unwrap().address()).ask(bytes)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.ask(&posted(path, &json, &body.to_string()))
    }

    fn act(&self, method: &str, path: &str) -> Answer {
        self.ask(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n"))
    }

    /// Opens an account; returns the record's sequence number.
    fn record(&self, label: &str) -> u64 {
        let body = json!({ "actor": "operator", "body": { "open_account": { "label": label } } });
        self.post("/v1/commands", &body).ok()["seq"].as_u64().unwrap()
    }

    fn subscribe(&self, request: &Value) -> Value {
        let made = self.post("/v1/webhooks", request);
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()
    }

    fn listed(&self, id: &Value) -> Value {
        let list = self.get("/v1/webhooks").ok();
        let rows = list["data"].as_array().unwrap();
        rows.iter()
            .find(|row| row["id"] == *id)
            .unwrap_or_else(|| panic!("no {id}: {list}"))
            .clone()
    }

    /// Waits until a subscription has come to a status.
    fn comes_to(&self, id: &Value, status: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let row = self.listed(id);
            if row["status"] == status {
                return row;
            }
            assert!(Instant::now() < end, "not {status}: {row}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn metric(&self, line: &str) -> bool {
        self.get("/metrics").body.lines().any(|it| it == line)
    }
}

/// One POST as it came in.
#[derive(Debug)]
struct Delivery {
    head: Vec<(String, String)>,
    body: String,
    at: Instant,
}

impl Delivery {
    fn header(&self, name: &str) -> &str {
        let found = self.head.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name}: {self:?}"), |(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn seq(&self) -> u64 {
        self.json()["data"]["seq"].as_u64().unwrap()
    }

    /// Checks the signature as a receiver does.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = ::ring::hmac::Key::new(::ring::hmac::HMAC_SHA256, &key);
        let (id, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = format!("{id}.{time}.{}", self.body);
        let all = self.header("webhook-signature").split(' ');
        let mut known = all.filter_map(|one| one.strip_prefix("v1,"));
        known.any(|one| {
            let tag = BASE64.decode(one).unwrap();
            ::ring::hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
        })
    }
}

/// What a receiver answers, by how many deliveries came before; none to stay silent.
type Script = Arc<dyn Fn(usize) -> Option<String> + Send + Sync>;

struct Receiver {
    address: SocketAddr,
    inbox: Inbox<Delivery>,
}

fn answers(script: impl Fn(usize) -> String + Send + Sync + 'static) -> Script {
    Arc::new(move |count| Some(script(count)))
}

fn silence() -> Script {
    Arc::new(|_| None)
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 2\r\n\r\nok")
}

fn fine() -> Script {
    answers(|_| status("200 OK"))
}

impl Receiver {
    fn new(script: &Script) -> Self {
        Self::with(script, None)
    }

    fn with(script: &Script, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (to, inbox) = channel();
        let script = Arc::clone(script);
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (to, script, count) = (to.clone(), Arc::clone(&script), Arc::clone(&count));
                let tls = tls.clone();
                thread::spawn(move || {
                    let next = || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    match tls {
                        None => serve(&stream, &to, &script, next),
                        Some(config) => {
                            let session = ServerConnection::new(config).unwrap();
                            let stream =
                                Shared(std::cell::RefCell::new(StreamOwned::new(session, stream)));
                            serve(&stream, &to, &script, next);
                        }
                    }
                });
            }
        });
        Self { address, inbox }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn next(&self) -> Delivery {
        self.inbox.recv_timeout(PATIENCE).expect("nothing was delivered")
    }

    fn is_quiet(&self) -> bool {
        self.inbox.recv_timeout(Duration::from_millis(600)).is_err()
    }
}

/// A TLS session that is read and written by turns.
struct Shared(std::cell::RefCell<StreamOwned<ServerConnection, TcpStream>>);

impl Read for &Shared {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(to)
    }
}

impl Write for &Shared {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(from)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

fn serve<S>(stream: &S, to: &Sender<Delivery>, script: &Script, next: impl Fn() -> usize)
where
    for<'a> &'a S: Read + Write,
{
    let mut reader = BufReader::new(stream);
    loop {
        let (mut first, mut head) = (String::new(), Vec::new());
        if !matches!(reader.read_line(&mut first), Ok(1..)) {
            return;
        }
        assert!(first.starts_with("POST /hook HTTP/1.1"), "{first}");
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).is_err() {
                return;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            head.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = head.iter().find(|(name, _)| name == "content-length").unwrap().1.parse();
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        // The test may have seen enough.
        let _ = to.send(Delivery { head, body, at: Instant::now() });
        match script(next()) {
            Some(answer) => {
                let mut writer = stream;
                if writer.write_all(answer.as_bytes()).and_then(|()| writer.flush()).is_err() {
                    return;
                }
            }
            None => thread::sleep(PATIENCE),
        }
    }
}

#[test]
fn records_come_signed_in_order_and_by_kind() {
    let service = Service::new(&[]);
    let (all, some) = (Receiver::new(&fine()), Receiver::new(&fine()));
    let before = service.record("k0");
    let to_all = service.subscribe(&json!({ "url": all.url(), "after_seq": before - 1 }));
    let none = json!({ "url": some.url(), "kinds": ["declare_loss"] });
    let to_some = service.subscribe(&none);
    let seqs: Vec<u64> = (1..40).map(|n| service.record(&format!("k{n}"))).collect();
    let secret = to_all["secret"].as_str().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for seq in std::iter::once(before).chain(seqs) {
        let got = all.next();
        assert_eq!(got.seq(), seq);
        assert!(
            got.is_signed_with(secret) && !got.is_signed_with(to_some["secret"].as_str().unwrap())
        );
        assert!(
            ids.insert(got.header("webhook-id").to_owned())
                && !got.header("webhook-id").contains('.')
        );
        let body = got.json();
        assert_eq!(
            (&body["type"], &body["data"]["command"]),
            (&"open_account".into(), &"open_account".into())
        );
        assert!(body["timestamp"].is_string() && body["data"]["events"].is_array());
        assert_eq!(got.header("content-type"), "application/json");
    }
    assert!(some.is_quiet());
    let row = service.listed(&to_all["id"]);
    assert_eq!((&row["delivered"], &row["status"]), (&json!(40), &"active".into()));
    assert_eq!(
        row["next_seq"],
        service.listed(&to_some["id"])["next_seq"],
        "both have come as far"
    );
    let list = service.get("/v1/webhooks").body;
    assert!(!list.contains("whsec_") && !list.contains(&secret["whsec_".len()..]));
    assert!(service.metric("backstop_webhooks{status=\"active\"} 2"));
    assert!(service.metric("backstop_webhook_deliveries_total{result=\"delivered\"} 40"));
    let path = format!("/v1/webhooks/{}", to_all["id"].as_str().unwrap());
    assert_eq!(service.act("DELETE", &path).status, 204);
    service.act("DELETE", &path).problem(404, "NOT_THERE");
    service.record("late");
    assert!(all.is_quiet());
}

#[test]
fn a_failed_delivery_comes_again_with_the_same_id_when_the_receiver_wants_it() {
    let service = Service::new(&[]);
    let receiver = Receiver::new(&answers(|n| match n {
        0 => status("500 Oops"),
        1 => status("503 Busy\r\nretry-after: 2"),
        _ => status("204 Fine"),
    }));
    let made = service.subscribe(&json!({ "url": receiver.url() }));
    service.record("k1");
    let three = [receiver.next(), receiver.next(), receiver.next()];
    let id = three[0].header("webhook-id");
    assert!(three.iter().all(|it| it.header("webhook-id") == id && it.body == three[0].body));
    assert!(three[1].at - three[0].at >= Duration::from_millis(950));
    assert!(three[2].at - three[1].at >= Duration::from_millis(1_950), "Retry-After");
    let row = service.comes_to(&made["id"], "active");
    assert_eq!((&row["failures"], &row["last_error"]), (&json!(0), &Value::Null));
    assert!(service.metric("backstop_webhook_deliveries_total{result=\"failed\"} 2"));
}

#[test]
fn nothing_is_lost_or_skipped_over_a_restart() {
    let mut service = Service::new(&[("webhooks_retry_seconds", "1 1 1 1 1 1")]);
    let ok = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let works = Arc::clone(&ok);
    let receiver = Receiver::new(&answers(move |_| {
        status(if works.load(std::sync::atomic::Ordering::SeqCst) { "200 OK" } else { "500 No" })
    }));
    let made = service.subscribe(&json!({ "url": receiver.url() }));
    let mut expected: Vec<u64> = (0..3).map(|n| service.record(&format!("a{n}"))).collect();
    let mut got: Vec<u64> = expected.iter().map(|_| receiver.next().seq()).collect();
    assert_eq!(got, expected);
    // The last answer may still be on its way; one more refusal would send that record again.
    let end = Instant::now() + PATIENCE;
    while service.listed(&made["id"])["next_seq"].as_u64() <= Some(expected[2]) {
        assert!(Instant::now() < end, "record {} stays unanswered", expected[2]);
        thread::sleep(Duration::from_millis(50));
    }
    ok.store(false, std::sync::atomic::Ordering::SeqCst);
    expected.extend((0..3).map(|n| service.record(&format!("b{n}"))));
    assert_eq!(receiver.next().seq(), expected[3]);
    service.comes_to(&made["id"], "failing");
    service.running = None;
    // What was tried meanwhile failed.
    while receiver.inbox.try_recv().is_ok() {}
    ok.store(true, std::sync::atomic::Ordering::SeqCst);
    service.start();
    assert_eq!(service.listed(&made["id"])["delivered"], 3);
    expected.push(service.record("c0"));
    got.extend((3..7).map(|_| receiver.next().seq()));
    assert_eq!(got, expected);
    assert!(receiver.is_quiet());
}

#[test]
fn who_never_answers_well_is_disabled_and_can_be_resumed() {
    let service = Service::new(&[("webhooks_retry_seconds", "1")]);
    let receiver = Receiver::new(&answers(|n| match n {
        0 => status("500 No"),
        1 => status("302 Found\r\nlocation: http://127.0.0.1:1/"),
        2 => status("200 OK"),
        _ => status("410 Gone"),
    }));
    let made = service.subscribe(&json!({ "url": receiver.url() }));
    let seq = service.record("k1");
    let row = service.comes_to(&made["id"], "disabled");
    assert_eq!((row["failures"].as_u64(), row["next_seq"].as_u64()), (Some(2), Some(seq)), "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("redirects are not followed"), "{row}");
    assert!(row["disabled_at"].is_string() && row["retry_at"].is_null(), "{row}");
    assert!(service.metric("backstop_webhooks{status=\"disabled\"} 1"));
    let path = format!("/v1/webhooks/{}/resume", made["id"].as_str().unwrap());
    assert_eq!(service.act("POST", &path).status, 204);
    let tried = [receiver.next(), receiver.next(), receiver.next()];
    assert!(tried.iter().all(|it| it.seq() == seq));
    // Gone means gone, without a second attempt.
    service.comes_to(&made["id"], "active");
    service.record("k2");
    let row = service.comes_to(&made["id"], "disabled");
    assert_eq!(row["failures"], 1, "{row}");
    assert!(row["last_error"].as_str().unwrap().contains("410"), "{row}");
}

#[test]
fn a_silent_receiver_holds_up_nobody_else() {
    let service = Service::new(&[]);
    let (silent, other) = (Receiver::new(&silence()), Receiver::new(&fine()));
    service.subscribe(&json!({ "url": silent.url() }));
    service.subscribe(&json!({ "url": other.url() }));
    let begun = Instant::now();
    for n in 0..50 {
        let seq = service.record(&format!("k{n}"));
        assert_eq!(other.next().seq(), seq);
    }
    // The silent one is given 15 seconds for its first delivery alone.
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
    assert_eq!(silent.inbox.try_iter().count(), 1);
}

#[test]
fn a_trial_says_how_it_went_and_a_new_secret_counts_beside_the_old_one() {
    let service = Service::new(&[]);
    let receiver = Receiver::new(&answers(|n| status(if n < 2 { "200 OK" } else { "404 What" })));
    let made = service.subscribe(&json!({ "url": receiver.url() }));
    let id = made["id"].as_str().unwrap();
    let try_it = || service.act("POST", &format!("/v1/webhooks/{id}/test")).ok();
    assert_eq!(
        (&try_it()["delivered"], &receiver.next().json()["type"]),
        (&json!(true), &"webhook.test".into())
    );
    let rotated = service.act("POST", &format!("/v1/webhooks/{id}/secret")).ok();
    try_it();
    let got = receiver.next();
    for secret in [&made["secret"], &rotated["secret"]] {
        assert!(got.is_signed_with(secret.as_str().unwrap()));
    }
    let refused = try_it();
    assert_eq!(refused["delivered"], false);
    assert_eq!(refused["error"], "the receiver answered 404");
    assert_eq!(service.listed(&made["id"])["failures"], 0, "a trial changes nothing");
    for what in ["test", "secret", "resume"] {
        let path = format!("/v1/webhooks/wh_000000000000/{what}");
        service.act("POST", &path).problem(404, "NOT_THERE");
    }
}

#[test]
fn addresses_that_are_not_public_are_refused() {
    let service = Service::new(&[("webhooks_allow_private", "false")]);
    let refused = |request: Value, pointer: &str| {
        let problem = service.post("/v1/webhooks", &request).problem(422, "WEBHOOK_REFUSED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["got"].is_string() && problem["limit"].is_string(), "{problem}");
    };
    for url in [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://2130706433/",
        "https://a:b@hooks.example/",
        "https://192.168.1.1:8443/",
        "https://1.1.1.1:25/",
        "nonsense",
    ] {
        refused(json!({ "url": url }), "/url");
    }
    let url = "https://1.1.1.1/";
    refused(json!({ "url": url, "kinds": ["open_account", "x"] }), "/kinds/1");
    refused(json!({ "url": url, "after_seq": 1_000_000 }), "/after_seq");
    service.post("/v1/webhooks", &json!({ "url": 7 })).problem(400, "MALFORMED");
    service.post("/v1/webhooks", &json!({ "url": url, "color": 1 })).problem(400, "MALFORMED");
    service.post("/v1/webhooks?x=1", &json!({ "url": url })).problem(400, "BAD_PARAMETER");
    let plain = posted("/v1/webhooks", &[("content-type", "text/plain")], "{}");
    service.ask(&plain).problem(415, "WRONG_MEDIA");
    assert_eq!(service.get("/v1/webhooks").ok()["data"], json!([]));
}

#[test]
fn subscriptions_are_the_operators() {
    let service = Service::new(&[("commands", "key")]);
    service.get("/v1/webhooks").problem(401, "NO_KEY");
    service.post("/v1/webhooks", &json!({ "url": "https://1.1.1.1/" })).problem(401, "NO_KEY");
    let db = backstop_server::ServerDb::open(&service.folder.path().join("server.db")).unwrap();
    for role in backstop_server::identity::Role::ALL {
        let new = backstop_server::identity::NewKey {
            name: role.word().into(),
            role: *role,
            accounts: Vec::new(),
            expires_at: None,
        };
        let key = db.create(&new, backstop_units::Timestamp::from_ms(1)).unwrap().reveal();
        let bearer =
            format!("host: test\r\nauthorization: Bearer {key}\r\ncontent-length: 0\r\n\r\n");
        let listed = service.ask(&format!("GET /v1/webhooks HTTP/1.1\r\n{bearer}"));
        let ended = service.ask(&format!("DELETE /v1/webhooks/wh_1 HTTP/1.1\r\n{bearer}"));
        if *role == backstop_server::identity::Role::Operator {
            listed.ok();
            ended.problem(404, "NOT_THERE");
        } else {
            assert_eq!(listed.problem(403, "ROLE_NEEDED")["limit"], "operator");
            ended.problem(403, "ROLE_NEEDED");
        }
    }
}

/// Certificates of an authority of one's own: its PEM, and a server for 127.0.0.1.
fn authority() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (issuer.pem(), Arc::new(config))
}

#[test]
fn deliveries_by_https_go_to_whom_the_operator_trusts() {
    let (pem, config) = authority();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let trusting = Service::new(&[("webhooks_ca", file.to_str().unwrap())]);
    let receiver = Receiver::with(&fine(), Some(config));
    let url = format!("https://{}/hook", receiver.address);
    let made = trusting.subscribe(&json!({ "url": url }));
    let seqs = [trusting.record("k1"), trusting.record("k2")];
    let got = [receiver.next(), receiver.next()];
    assert_eq!(got.each_ref().map(Delivery::seq), seqs);
    assert!(got[0].is_signed_with(made["secret"].as_str().unwrap()));
    let wary = Service::new(&[]);
    let made = wary.subscribe(&json!({ "url": url }));
    let path = format!("/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    let tried = wary.act("POST", &path).ok();
    assert!(tried["error"].as_str().unwrap().contains("UnknownIssuer"), "{tried}");
    assert!(receiver.is_quiet());
}

#[test]
fn a_file_of_certificates_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("junk.pem");
    std::fs::write(&junk, "junk").unwrap();
    let missing = folder.path().join("missing.pem");
    for (file, needle) in [(&junk, "no certificate"), (&missing, "No such file")] {
        let error = refused(file);
        assert!(error.contains("webhooks_ca") && error.contains(needle), "{error}");
        assert!(error.contains(file.to_str().unwrap()), "{error}");
    }
}

fn refused(file: &Path) -> String {
    let flags = [("listen", "127.0.0.1:0"), ("webhooks_ca", file.to_str().unwrap())];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::read(&Written::gather(&flags, |_| None, None).unwrap()).unwrap();
    Site { ledgers: Vec::new(), settings }.start().unwrap_err().to_string()
}
