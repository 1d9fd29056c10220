//! The service with a certificate of its own.

use crate::support::{Answer, Connection, FIRST_LOSS, PATIENCE, Service, posted};
use backstop_engine::{Clock as _, SystemClock};
use backstop_server::{
    ServerDb,
    identity::{NewKey, Role},
};
use rcgen::{CertificateParams, KeyPair};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Instant,
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring,
    pki_types::CertificateDer,
};

/// A service on loopback that speaks TLS, with the certificate that it shows.
fn service(folder: &Path, flags: &[(&str, &str)]) -> (Service, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let (cert, secret) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, certificate.pem()).unwrap();
    std::fs::write(&secret, key.serialize_pem()).unwrap();
    let own = [("tls_cert", cert.to_str().unwrap()), ("tls_key", secret.to_str().unwrap())];
    let service = Service::with(FIRST_LOSS, &[&own[..], flags].concat());
    (service, certificate.der().clone())
}

/// Asks over TLS; the service closes the connection after its answer.
fn ask(address: SocketAddr, trusted: &CertificateDer<'static>, request: &str) -> Answer {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = StreamOwned::new(session, stream);
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    Answer { status, headers, body: String::from_utf8(body).unwrap() }
}

#[test]
fn pages_and_commands_come_over_tls_and_cookies_stay_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let (service, trusted) = service(folder.path(), &[("commands", "key")]);
    let ask = |request: &str| ask(service.address(), &trusted, request);
    let livez = ask("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(livez.ok()["status"], "ok");
    let db = ServerDb::open(&service.folder.path().join("server.db")).unwrap();
    let (name, accounts) = ("op".to_owned(), Vec::new());
    let new = NewKey { name, role: Role::Operator, accounts, expires_at: None };
    let key = db.create(&new, SystemClock::default().now()).unwrap().reveal();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let entered = ask(&posted("/sign-in", &form, &format!("key={key}")));
    let set = entered.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-") && set.ends_with("; Secure"), "{set}");
    let json = [("content-type", "application/json"), ("authorization", &format!("Bearer {key}"))];
    let body = r#"{"actor": "operator", "body": {"open_account": {"label": "dora"}}}"#;
    ask(&posted("/v1/commands", &json, body)).ok();
}

#[test]
fn plain_http_and_whoever_is_slow_to_begin_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (service, trusted) = service(folder.path(), &[("header_seconds", "1")]);
    let begun = Instant::now();
    let mut plain = Connection::to(service.address());
    plain.send("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut silent = Connection::to(service.address());
    for connection in [&mut plain, &mut silent] {
        let mut rest = Vec::new();
        // It may be closed with an alert, or at once.
        let _ = connection.0.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&rest));
    }
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    let livez = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(ask(service.address(), &trusted, livez).status, 200);
}
