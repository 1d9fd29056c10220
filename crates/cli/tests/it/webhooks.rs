//! `webhooks` as an operator meets it, and a service that takes up what it did.

use crate::{code, err, ledger, out, value};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn backstop(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backstop"))
        .current_dir(folder)
        .args(args)
        .env("BACKSTOP_WEBHOOKS_ALLOW_PRIVATE", "true")
        .output()
        .unwrap()
}

/// A receiver that takes everything; its address, and the bodies that came.
fn receiver() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?token=hidden", listener.local_addr().unwrap());
    let (to, bodies) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let to = to.clone();
            thread::spawn(move || {
                let mut length = 0;
                let mut line = String::new();
                while matches!(reader.read_line(&mut line), Ok(1..)) {
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        let mut body = vec![0; length];
                        reader.read_exact(&mut body).unwrap();
                        // The test may have seen enough.
                        let _ = to.send(serde_json::from_slice(&body).unwrap());
                        let answer = b"HTTP/1.1 204 Fine\r\n\r\n";
                        reader.get_mut().write_all(answer).unwrap();
                    }
                    line.clear();
                }
            });
        }
    });
    (address, bodies)
}

#[test]
fn subscriptions_are_made_tried_served_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ledger(folder);
    let (address, bodies) = receiver();
    let next = || bodies.recv_timeout(PATIENCE).expect("nothing was delivered");
    let create = ["webhooks", "create", &address, "--after-seq", "0", "--json"];
    let made = value(&backstop(folder, &create));
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    out(&backstop(folder, &["webhooks", "test", id]));
    assert_eq!(next()["type"], "webhook.test");

    let log = folder.join("serve.log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_backstop"))
        .current_dir(folder)
        .args(["serve", "--listen", "127.0.0.1:0", "--set", "log_level=trace"])
        .args(["--set", "webhooks_allow_private=true"])
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let kinds = ["open_account", "begin_transfer", "resolve_transfer", "contribute"];
    for (seq, kind) in (1..).zip(kinds) {
        let body = next();
        assert_eq!((&body["type"], &body["data"]["seq"]), (&kind.into(), &seq.into()), "{body}");
    }
    let rotated = value(&backstop(folder, &["webhooks", "rotate", id, "--json"]));
    let other =
        value(&backstop(folder, &["webhooks", "create", &address, "--after-seq", "3", "--json"]));
    assert_eq!(next()["data"]["seq"], 4, "a service that runs takes a new one up");
    child.kill().unwrap();
    child.wait().unwrap();
    let log = fs::read_to_string(log).unwrap();
    for secret in [secret, rotated["secret"].as_str().unwrap(), other["secret"].as_str().unwrap()] {
        let bare = secret.strip_prefix("whsec_").unwrap();
        assert!(!log.contains(bare) && !log.contains("token=hidden"), "{log}");
    }

    let listed = out(&backstop(folder, &["webhooks", "list"]));
    assert!(
        listed.contains(id) && listed.contains("active") && !listed.contains("whsec_"),
        "{listed}"
    );
    out(&backstop(folder, &["webhooks", "resume", id]));
    out(&backstop(folder, &["webhooks", "delete", id]));
    for (args, needle) in [
        (vec!["webhooks", "delete", id], "webhooks list"),
        (vec!["webhooks", "test", "wh_1"], "webhooks list"),
        (vec!["webhooks", "create", "http://169.254.169.254/"], "link-local"),
        (vec!["webhooks", "create", &address, "--kind", "x"], "backstop reference commands"),
        (vec!["webhooks", "create", &address, "--after-seq", "99"], "at most 4"),
    ] {
        let refused = backstop(folder, &args);
        assert_eq!(code(&refused), 2, "{args:?}: {}", err(&refused));
        assert!(err(&refused).contains(needle), "{args:?}: {}", err(&refused));
    }
    // Without the setting, neither plain http nor this machine.
    let refused = crate::backstop(folder, &["webhooks", "create", "https://127.0.0.1:8443/"]);
    assert!(err(&refused).contains("webhooks_allow_private"), "{}", err(&refused));
}
