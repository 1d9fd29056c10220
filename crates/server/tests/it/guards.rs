//! Requests that are too large, too slow or too many, and what every answer has.

use crate::support::{Connection, FIRST_LOSS, PATIENCE, Service, posted};
use std::{io::Read, time::Instant};

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let service = Service::with(FIRST_LOSS, &[("body_bytes", "1000")]);
    let json = [("content-type", "application/json")];
    let large = "x".repeat(1001);
    assert_eq!(
        service.post("/v1/commands", &json, &large).problem(413, "BODY_TOO_LARGE")["limit"],
        "1000"
    );
    // One that only says that it is large, and one that does not say how large it is.
    let head = "POST /v1/commands HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    let said = service.connect().ask(&format!("{head}content-length: 99999999\r\n\r\n"));
    said.problem(413, "BODY_TOO_LARGE");
    let chunked =
        format!("{head}transfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
    service.connect().ask(&chunked).problem(413, "BODY_TOO_LARGE");
}

#[test]
fn whoever_is_too_slow_is_cut_off() {
    let service = Service::with(FIRST_LOSS, &[("header_seconds", "1"), ("request_seconds", "1")]);
    let begun = Instant::now();
    let mut head = service.connect();
    head.send("GET / HTTP/1.1\r\nhost: te");
    let mut body = service.connect();
    body.send("POST /v1/commands HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{");
    let mut rest = Vec::new();
    // The connection is closed, with an answer or without one.
    head.0.read_to_end(&mut rest).unwrap();
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
    body.answer().unwrap().problem(408, "TOO_SLOW");
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn connections_past_the_limit_wait_and_are_served_later() {
    let service = Service::with(FIRST_LOSS, &[("connections", "2")]);
    let mut two: Vec<Connection> = (0..2).map(|_| service.connect()).collect();
    for held in &mut two {
        assert_eq!(held.ask("GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").status, 200);
    }
    let mut third = service.connect();
    third.send("GET /livez HTTP/1.1\r\nhost: test\r\n\r\n");
    drop(two.pop());
    assert_eq!(third.answer().unwrap().status, 200);
}

#[test]
fn junk_that_is_no_http_does_no_harm() {
    let service = Service::new(FIRST_LOSS);
    let junk = [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "a".repeat(100_000)),
        format!("GET / HTTP/1.1\r\nhost: test\r\n{}\r\n", "a: b\r\n".repeat(1000)),
        posted(
            "/v1/commands",
            &[("content-type", "application/json"), ("content-length", "3")],
            "{}",
        ),
    ];
    for bytes in junk {
        let mut connection = service.connect();
        connection.send(&bytes);
        connection.0.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        // It may be reset while we still write.
        let _ = connection.0.read_to_end(&mut rest);
        let text = String::from_utf8_lossy(&rest);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    assert_eq!(service.get("/livez").status, 200);
}

#[test]
fn every_answer_is_hardened_and_says_which_request_it_was() {
    let service = Service::new(FIRST_LOSS);
    for path in ["/", "/livez", "/v1/none", "/records/0", "/metrics"] {
        let answer = service.page(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-request-id").map(str::len), Some(36), "{path}");
    }
}
