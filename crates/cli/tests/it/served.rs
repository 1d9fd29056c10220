//! `serve` as an operator meets it: killed in the middle of work, told to stop, given wrong settings.

use crate::{backstop, code, err, ledger, out};
use backstop_core::{Entry, Record};
use backstop_engine::{RecordProof, ids::uuid7, verify_proof};
use backstop_journal::{Access, SqliteJournal};
use backstop_units::{Seq, Timestamp};
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A `serve` of its own; killed when dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    /// With further settings.
    fn with(folder: &Path, settings: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
            .current_dir(folder)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--set", "log_level=error"])
            .args(["--set", "commands=open"])
            .args(settings.iter().flat_map(|setting| ["--set", *setting]))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        while serde_json::from_str::<Value>(&told).is_err() {
            assert_ne!(lines.read_line(&mut told).unwrap(), 0, "serve ended: {told}");
        }
        let value: Value = serde_json::from_str(&told).unwrap();
        let address = value["address"].as_str().unwrap();
        let address = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one command on an open connection; none when the service is gone before it has answered.
fn send(stream: &mut BufReader<TcpStream>, id: &str, label: &str) -> Option<(u16, Value)> {
    let body =
        json!({ "id": id, "actor": "operator", "body": { "open_account": { "label": label } } });
    let body = body.to_string();
    let head =
        "POST /v1/commands HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length";
    stream.get_mut().write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
    let mut status = String::new();
    stream.read_line(&mut status).ok()?;
    let status = status.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((status, serde_json::from_slice(&body).ok()?))
}

fn connect(address: &str) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.set_nodelay(true).ok()?;
    Some(BufReader::new(stream))
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id and a label that no other call gets.
fn fresh() -> (String, String) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let time = Timestamp::from_ms(now.try_into().unwrap());
    (uuid7(time, number).to_string(), format!("k{number}"))
}

/// One who sends until the service is gone: what was answered, and what was under way.
type Sent = (Vec<(String, String, u64)>, Option<(String, String)>);

fn sender(address: &str) -> Sent {
    let Some(mut stream) = connect(address) else { return (Vec::new(), None) };
    let mut answered = Vec::new();
    loop {
        let (id, label) = fresh();
        match send(&mut stream, &id, &label) {
            Some((200, value)) => answered.push((id, label, value["seq"].as_u64().unwrap())),
            Some((status, value)) => panic!("{status} {value}"),
            None => return (answered, Some((id, label))),
        }
    }
}

/// The records of a journal by command id.
fn recorded(journal: &Path) -> BTreeMap<String, Vec<u64>> {
    let journal = SqliteJournal::open(journal, Access::ReadOnly).unwrap();
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for batch in journal.batches_from(0) {
        for record in batch.unwrap().records() {
            let (seq, bytes) = record.unwrap();
            if let Entry::Command(command) = Record::decode(bytes).unwrap().entry {
                found.entry(command.id.to_string()).or_default().push(seq);
            }
        }
    }
    found
}

/// `BACKSTOP_KILLS` times: every acknowledged command is there, none twice, and one whose answer was lost is answered
/// when it is sent again.
#[test]
fn what_was_answered_survives_being_killed() {
    let kills =
        std::env::var("BACKSTOP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(50);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["init", "--preset", "backstop", "--ledger", "test"]));
    let mut answered: Vec<(String, String, u64)> = Vec::new();
    let mut open: Vec<(String, String)> = Vec::new();
    for kill in 0..kills {
        let mut served = Served::start(folder);
        let mut again = connect(&served.address).unwrap();
        for (id, label) in std::mem::take(&mut open) {
            let (status, value) = send(&mut again, &id, &label).unwrap();
            assert_eq!(status, 200, "{value}");
            answered.push((id, label, value["seq"].as_u64().unwrap()));
        }
        let sent: Vec<Sent> = thread::scope(|scope| {
            let address = &served.address;
            let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| sender(address))).collect();
            thread::sleep(Duration::from_millis(20 + 37 * kill % 150));
            served.child.kill().unwrap();
            senders.into_iter().map(|sender| sender.join().unwrap()).collect()
        });
        for (done, lost) in sent {
            answered.extend(done);
            open.extend(lost);
        }
    }
    assert!(answered.len() as u64 > kills * 8, "only {} answers", answered.len());
    let recorded = recorded(&folder.join("backstop.db"));
    for (id, label, seq) in &answered {
        assert_eq!(recorded.get(id), Some(&vec![*seq]), "{label} was answered as record {seq}");
    }
    assert!(recorded.values().all(|seqs| seqs.len() == 1), "a command is there twice");
    assert_eq!(code(&backstop(folder, &["verify", "backstop.db"])), 0);
}

/// SIGTERM: what is under way is answered, nothing new is taken, the exit code is 0.
#[test]
#[cfg(unix)]
fn told_to_stop_it_answers_what_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let mut served = Served::start(folder);
    let sent: Vec<Sent> = thread::scope(|scope| {
        let address = &served.address;
        let senders: Vec<_> = (0..4).map(|_| scope.spawn(|| sender(address))).collect();
        thread::sleep(Duration::from_millis(100));
        let pid = served.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
    let recorded = recorded(&folder.join("backstop.db"));
    let answered: usize = sent.iter().map(|(done, _)| done.len()).sum();
    // Four of the ledger's own.
    assert_eq!(recorded.len(), answered + 4, "a record was made and not answered");
}

#[test]
fn settings_that_can_not_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    for (args, needle) in [
        (vec!["--listen", "0.0.0.0:0"], "without TLS"),
        (vec!["--listen", "somewhere"], "expected an address"),
        (vec!["--set", "conections=1"], "did you mean `connections`"),
        (vec!["--set", "connections"], "expected NAME=VALUE"),
        (vec!["--config", "none.toml"], "none.toml"),
    ] {
        let refused = backstop(folder, &[&["serve"], &args[..]].concat());
        assert!(matches!(code(&refused), 2 | 4), "{args:?}: {}", err(&refused));
        assert!(err(&refused).contains(needle), "{args:?}: {}", err(&refused));
    }
    fs::write(folder.join("b.toml"), "connections = 9").unwrap();
    let shown = out(&backstop(folder, &["config", "show", "--config", "b.toml"]));
    let row = shown.lines().find(|line| line.starts_with("connections")).unwrap();
    assert!(row.contains(" 9 ") && row.contains("file"), "{row}");
    let missing = backstop(folder, &["serve", "--db", "none.db"]);
    assert_eq!(code(&missing), 4);
}

/// The drill: copied in the middle of work, brought back elsewhere, served again; what was answered before the copy began
/// is there, a key still counts, and what was damaged or is in the way is refused.
#[test]
fn a_backup_of_a_running_service_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["init", "--preset", "backstop", "--ledger", "test"]));
    let served = Served::start(folder);
    let sent = |stream: &mut BufReader<TcpStream>| {
        let (id, label) = fresh();
        let (status, value) = send(stream, &id, &label).unwrap();
        assert_eq!(status, 200, "{value}");
        (id, value["seq"].as_u64().unwrap())
    };
    let mut first = connect(&served.address).unwrap();
    let before: Vec<_> = (0..50).map(|_| sent(&mut first)).collect();
    let after: Vec<_> = thread::scope(|scope| {
        let more = scope.spawn(|| {
            let mut second = connect(&served.address).unwrap();
            (0..200).map(|_| sent(&mut second)).collect()
        });
        out(&backstop(folder, &["backup", "kept"]));
        more.join().unwrap()
    });
    drop(served);
    assert_eq!(after.len(), 200);
    fs::create_dir(folder.join("new")).unwrap();
    out(&backstop(folder, &["restore", "kept", "--db", "new/backstop.db"]));
    assert_eq!(code(&backstop(folder, &["verify", "new/backstop.db"])), 0);
    let again = recorded(&folder.join("new/backstop.db"));
    for (id, seq) in &before {
        assert_eq!(again.get(id), Some(&vec![*seq]));
    }
    // In the way, and damaged.
    let taken = backstop(folder, &["restore", "kept", "--db", "new/backstop.db"]);
    assert_eq!(
        (code(&taken), err(&taken).contains("there is one already")),
        (2, true),
        "{}",
        err(&taken)
    );
    let twice = backstop(folder, &["backup", "kept"]);
    assert_eq!(code(&twice), 4, "{}", err(&twice));
    let journal = folder.join("kept/journal.db");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xA5);
    fs::write(&journal, bytes).unwrap();
    fs::create_dir(folder.join("other")).unwrap();
    let damaged = backstop(folder, &["restore", "kept", "--db", "other/backstop.db"]);
    assert!(matches!(code(&damaged), 3 | 4), "{}", err(&damaged));
    assert_eq!(fs::read_dir(folder.join("other")).unwrap().count(), 0);
    // What the restored service is sent goes on after what it has.
    let restored = Served::start(&folder.join("new"));
    let (id, label) = fresh();
    let (status, value) = send(&mut connect(&restored.address).unwrap(), &id, &label).unwrap();
    assert_eq!(status, 200, "{value}");
}

/// A body that a GET brings.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// A proof that came over HTTP convinces somebody who has only the log's public key, and stops to when a byte of it is
/// another one.
#[test]
fn a_proof_from_the_service_is_checked_offline() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    out(&backstop(folder, &["init", "--preset", "backstop", "--ledger", "test"]));
    let public = out(&backstop(folder, &["keys", "new", "log.key"]));
    let mut key = [0; 32];
    hex::decode_to_slice(public.trim(), &mut key).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let served = Served::with(folder, &["checkpoint_key=log.key"]);
    let mut stream = connect(&served.address).unwrap();
    let (id, label) = fresh();
    let (status, receipt) = send(&mut stream, &id, &label).unwrap();
    assert_eq!(status, 200, "{receipt}");
    let seq = receipt["seq"].as_u64().unwrap();
    let (status, text) = get(&served.address, &format!("/v1/records/{seq}/proof"));
    assert_eq!(status, 200, "{text}");
    let (beyond, _) = get(&served.address, &format!("/v1/records/{}/proof", seq + 1));
    assert_eq!(beyond, 404);
    drop(served);

    let file = folder.join("proof.json");
    fs::write(&file, &text).unwrap();
    let checked = out(&backstop(folder, &["proof", "check", "proof.json", "--json"]));
    let checked: Value = serde_json::from_str(&checked).unwrap();
    assert_eq!((&checked["ok"], &checked["seq"]), (&json!(true), &json!(seq)));

    let value: Value = serde_json::from_str(&text).unwrap();
    let proof = RecordProof {
        seq: Seq::new(seq),
        record: hex::decode(value["record"].as_str().unwrap()).unwrap(),
        path: serde_json::from_value(value["path"].clone()).unwrap(),
        checkpoint: value["checkpoint"].as_str().unwrap().to_owned(),
    };
    let record = verify_proof(&proof, Some(("backstop", &key))).unwrap();
    let Entry::Command(command) = record.entry else { panic!("no command") };
    assert_eq!(command.id.to_string(), id);
    let stranger = SigningKey::from_bytes(&[9; 32]).verifying_key();
    assert!(verify_proof(&proof, Some(("backstop", &stranger))).is_err(), "another's signature");
    let mut other = proof.clone();
    *other.record.last_mut().unwrap() ^= 1;
    assert!(verify_proof(&other, None).is_err(), "another record");
    let seq = Seq::new(seq - 1);
    assert!(verify_proof(&RecordProof { seq, ..proof }, None).is_err(), "another place");
    let changed = text.replacen("\"record\":\"", "\"record\":\"00", 1);
    fs::write(&file, changed).unwrap();
    assert_ne!(code(&backstop(folder, &["proof", "check", "proof.json"])), 0);
}
