//! `POST /v1/commands`: once, all or nothing, and what bad input gets.

use crate::support::{FIRST_LOSS, Service};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn open(id: &str, label: &str) -> String {
    json!({ "id": id, "actor": "operator", "body": { "open_account": { "label": label } } })
        .to_string()
}

/// Ids of the scenario's time.
fn id(service: &Service, counter: u64) -> String {
    use backstop_engine::{Clock as _, ids::uuid7};
    uuid7(service.clock.now(), counter).to_string()
}

#[test]
fn a_command_is_answered_once_and_again_with_the_same() {
    let service = Service::new(FIRST_LOSS);
    let id = id(&service, 1);
    let first = service.command(&open(&id, "dora"));
    let value = first.ok();
    assert_eq!(value["events"][0]["type"], "account_opened");
    assert_eq!(value["events"][0]["label"], "dora");
    assert_eq!(
        (value["replayed"].clone(), first.header("idempotent-replayed")),
        (json!(false), None)
    );
    let again = service.post("/v1/commands", &[JSON, ("idempotency-key", &id)], &open(&id, "dora"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let mut told = again.ok();
    told["replayed"] = json!(false);
    assert_eq!(told, value);
    service.command(&open(&id, "dorothea")).problem(409, "ID_REUSED");
    let other =
        service.post("/v1/commands", &[JSON, ("idempotency-key", "other")], &open(&id, "dora"));
    assert_eq!(other.problem(409, "KEY_DIFFERS")["errors"][0]["pointer"], "/id");
}

#[test]
fn a_dry_run_says_the_same_and_records_nothing() {
    let service = Service::new(FIRST_LOSS);
    let body = open(&id(&service, 1), "dora");
    let tried = service.post("/v1/commands?dry_run=true", &[JSON], &body).ok();
    assert_eq!((&tried["dry_run"], &tried["events"][0]["label"]), (&json!(true), &json!("dora")));
    let done = service.command(&body).ok();
    assert_eq!((&tried["seq"], &tried["events"]), (&done["seq"], &done["events"]));
    let refused =
        service.post("/v1/commands?dry_run=true", &[JSON], &open(&id(&service, 2), "dora"));
    assert_eq!(refused.problem(422, "DUPLICATE_LABEL")["got"], "dora");
}

#[test]
fn a_linked_batch_is_all_or_nothing() {
    let service = Service::new(FIRST_LOSS);
    let linked = |counter, second: &str| {
        let steps = [
            json!({ "open_account": { "label": "dora" } }),
            json!({ "open_account": { "label": second } }),
        ];
        json!({ "id": id(&service, counter), "actor": "operator", "body": { "linked": { "steps": steps } } }).to_string()
    };
    service.command(&linked(1, "alice")).problem(422, "DUPLICATE_LABEL");
    let done = service.command(&linked(2, "emma")).ok();
    let labels: Vec<&Value> =
        done["events"].as_array().unwrap().iter().map(|event| &event["label"]).collect();
    assert_eq!(labels, ["dora", "emma"]);
}

#[test]
fn junk_is_told_where_and_what() {
    let service = Service::new(FIRST_LOSS);
    for (body, pointer) in [
        ("{", ""),
        ("7", ""),
        ("", ""),
        ("[]", ""),
        (r#"{"actor": "operator", "body": {"opn_account": {"label": "x"}}}"#, "/body/opn_account"),
        (
            r#"{"actor": "operator", "body": {"open_account": {"label": "NO"}}}"#,
            "/body/open_account/label",
        ),
        (
            r#"{"actor": "operator", "body": {"open_account": {"label": "x", "more": 1}}}"#,
            "/body/open_account/more",
        ),
    ] {
        let problem = service.command(body).problem(400, "MALFORMED");
        if !pointer.is_empty() {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
        assert!(problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{body}");
    }
    let two = format!("{}\n{}", open(&id(&service, 1), "a1"), open(&id(&service, 2), "a2"));
    assert_eq!(service.command(&two).problem(400, "MALFORMED")["errors"][0]["line"], 2);
    let tall = open(&id(&service, 1_000), "a3").replace(',', ",\n  ").replace('{', "{\n");
    service.command(&tall).ok();
    service
        .post("/v1/commands", &[("content-type", "text/plain")], "{}")
        .problem(415, "WRONG_MEDIA");
    service.post("/v1/commands", &[], "{}").problem(415, "WRONG_MEDIA");
    service.post("/v1/commands?dry=1", &[JSON], "{}").problem(400, "BAD_PARAMETER");
    service
        .post("/v1/commands", &[JSON, ("idempotency-key", "NO LABEL")], "{}")
        .problem(400, "BAD_HEADER");
    service.get("/v1/commands").problem(405, "WRONG_METHOD");
    service.get("/v1/nothing").problem(404, "NO_ROUTE");
}

#[test]
fn rules_that_refuse_say_what_was_got_and_the_limit() {
    let service = Service::new(FIRST_LOSS);
    let take = json!({
        "actor": "carol",
        "body": { "request_unstake": { "tranche": "stakers", "account": "carol", "shares": "999999999999999999" } },
    });
    let refused = service.command(&take.to_string());
    let problem = refused.problem(422, "INSUFFICIENT_SHARES");
    assert_eq!(problem["got"], "999999999999999999");
    assert!(problem["limit"].as_str().unwrap().parse::<u128>().is_ok());
    let stranger = json!({ "actor": "nobody", "body": { "open_account": { "label": "x" } } });
    service.command(&stranger.to_string()).problem(422, "UNKNOWN_ACTOR");
    let role = json!({ "actor": "carol", "body": { "open_account": { "label": "x" } } });
    service.command(&role.to_string()).problem(403, "ROLE_MISSING");
}
