//! Requests that are too large, too slow or too many, and what every answer has.

use crate::support::{Connection, FIRST_LOSS, PATIENCE, Service, posted};
use backstop_api::http::{Kind, Place, routes};
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

#[test]
fn bytes_in_a_path_that_are_no_text_are_refused_as_everything_else() {
    let service = Service::new(FIRST_LOSS);
    for path in ["/v1/funds/%ff", "/v1/records/%c3%28", "/v1/losses/%80/picture.svg"] {
        let problem = service.get(path).problem(400, "BAD_PARAMETER");
        assert!(problem["limit"].as_str().unwrap().contains("UTF-8"), "{path}: {problem}");
    }
}

/// Filters by a name that nobody has are 404, and the description says so.
#[test]
fn a_filter_by_an_unknown_name_is_refused_as_described() {
    let service = Service::new(FIRST_LOSS);
    let mut looked_at = 0;
    for route in routes().filter(|route| !route.path.contains('{')) {
        for param in route.params().iter().filter(|param| param.place == Place::Query) {
            let value = match param.kind {
                Kind::Named("Label") => "nobody",
                Kind::Party => "fund:nobody",
                _ => continue,
            };
            let answer = service.get(&format!("{}?{}={value}", route.path, param.name));
            assert_eq!(answer.status, 404, "{}: {}", route.id, param.name);
            assert!(route.problems().contains(&404), "{}: {}", route.id, param.name);
            looked_at += 1;
        }
    }
    assert!(looked_at > 5, "{looked_at}");
}

/// Nobody waits for a record that is not there, and parameters of the stream are those of the table.
#[test]
fn a_stream_begins_at_a_record_that_is_there_or_not_at_all() {
    let service = Service::new(FIRST_LOSS);
    let begun = Instant::now();
    let far = "/v1/events?after_seq=9007199254740991";
    service.get(far).problem(412, "SEQ_AHEAD");
    let resumed =
        "GET /v1/events HTTP/1.1\r\nhost: test\r\nlast-event-id: 9007199254740991\r\n\r\n";
    service.connect().ask(resumed).problem(412, "SEQ_AHEAD");
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
    for (query, pointer) in [
        ("after_seq=9007199254740992", "?after_seq"),
        ("after_seq=1&after_seq=1", "?after_seq"),
        ("detail=all", "?detail"),
        ("kind=weather", "?kind"),
        ("colour=red", "?colour"),
    ] {
        let problem = service.get(&format!("/v1/events?{query}")).problem(400, "BAD_PARAMETER");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    for id in ["x", "+1", "9007199254740992"] {
        let head = format!("GET /v1/events HTTP/1.1\r\nhost: test\r\nlast-event-id: {id}\r\n\r\n");
        service.connect().ask(&head).problem(400, "BAD_HEADER");
    }
}

/// A body that is broken is not called too large, and one in a form that nobody reads is refused as such.
#[test]
fn bodies_are_refused_for_what_is_wrong_with_them() {
    let service = Service::new(FIRST_LOSS);
    let head = "POST /v1/commands HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n");
    service.connect().ask(&chunked).problem(400, "MALFORMED");
    let mut broken = service.connect();
    broken.send(&format!("{head}content-length: 10\r\n\r\n{{"));
    broken.0.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    broken.answer().unwrap().problem(400, "MALFORMED");
    let zipped = [("content-type", "application/json"), ("content-encoding", "gzip")];
    service.post("/v1/commands", &zipped, "{}").problem(415, "WRONG_MEDIA");
    // Media types have no case; nor is anything wrong with saying that nothing was done to the body.
    let plain =
        [("content-type", "Application/JSON; charset=utf-8"), ("content-encoding", "identity")];
    service.post("/v1/commands", &plain, "{}").problem(400, "MALFORMED");
}

/// A key that is no text is a key that is refused, not a caller without one.
#[test]
fn a_key_that_is_no_text_is_refused() {
    let service = Service::new(FIRST_LOSS);
    let head = "GET /v1/ledger HTTP/1.1\r\nhost: test\r\nauthorization: Bearer \u{fc}\r\n\r\n";
    service.connect().ask(head).problem(401, "KEY_REFUSED");
}
/// What of thirty requests one caller makes at once is within the limit: what is past it waits a second.
#[test]
fn past_its_limit_a_caller_is_told_to_wait() {
    let service = Service::with(FIRST_LOSS, &[("requests_per_second", "3")]);
    let mut connection = service.connect();
    let ask = "GET /v1/rejects HTTP/1.1\r\nhost: test\r\n\r\n";
    let begun = Instant::now();
    let answers: Vec<_> = (0..30).map(|_| connection.ask(ask)).collect();
    // Each second begins a new count; the machine may have needed several.
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((3..=3 * seconds).contains(&admitted), "{admitted} in {seconds} s");
    assert_eq!(answers[0].status, 200);
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert_eq!(refused.len(), 30 - admitted);
    for answer in refused {
        assert_eq!(answer.problem(429, "TOO_MANY")["limit"], "3 requests a second");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=5).contains(&wait), "{wait}");
    }
    // Whether the process lives is always told.
    for _ in 0..10 {
        assert_eq!(connection.ask("GET /livez HTTP/1.1\r\nhost: test\r\n\r\n").status, 200);
    }
}
