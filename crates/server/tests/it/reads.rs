//! Every read of the table of routes, on ledgers with something in them, against its own description.

use crate::support::{CURATOR, FIRST_LOSS, Service};
use backstop_api::http::{Method, Payload, Place, Route, openapi, routes};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is wrong with a value, by a schema of the description. Objects that are described by name hold what
/// the description names and nothing else.
struct Checker {
    document: Value,
    wrong: Vec<String>,
}

impl Checker {
    fn new() -> Self {
        Self { document: openapi(), wrong: Vec::new() }
    }

    fn fits(document: &Value, value: &Value, schema: &Value) -> bool {
        let mut inner = Self { document: Value::Null, wrong: Vec::new() };
        inner.walk(document, value, schema, "");
        inner.wrong.is_empty()
    }

    fn check(&mut self, value: &Value, schema: &Value, at: &str) {
        let document = std::mem::take(&mut self.document);
        self.walk(&document, value, schema, at);
        self.document = document;
    }

    fn walk(&mut self, document: &Value, value: &Value, schema: &Value, at: &str) {
        if let Some(to) = schema["$ref"].as_str() {
            let target = document.pointer(&to[1..]).unwrap();
            self.walk(document, value, target, at);
        }
        for choice in ["anyOf", "oneOf"] {
            let Some(all) = schema[choice].as_array() else { continue };
            let fitting = all.iter().filter(|one| Self::fits(document, value, one)).count();
            if fitting == 0 || (choice == "oneOf" && fitting > 1) {
                self.wrong.push(format!("{at}: {value} fits {fitting} of {choice}"));
            }
        }
        if schema.get("const").is_some_and(|wanted| wanted != value) {
            self.wrong.push(format!("{at}: {value} is not {}", schema["const"]));
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
            self.wrong.push(format!("{at}: {value} is none of the words"));
        }
        let kinds = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) {
            self.wrong.push(format!("{at}: {value} is no {kinds:?}"));
        }
        self.parts(document, value, schema, at);
    }

    fn parts(&mut self, document: &Value, value: &Value, schema: &Value, at: &str) {
        if let (Value::Array(items), Some(item)) = (value, schema.get("items")) {
            for (index, value) in items.iter().enumerate() {
                self.walk(document, value, item, &format!("{at}/{index}"));
            }
        }
        let (Value::Object(fields), Some(described)) = (value, schema["properties"].as_object())
        else {
            return;
        };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.wrong.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, field) in fields {
            match described.get(name) {
                Some(schema) => self.walk(document, field, schema, &format!("{at}/{name}")),
                None => self.wrong.push(format!("{at}: `{name}` is not described")),
            }
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

/// Every name that a route's path can hold on this ledger.
fn paths(service: &Service, route: &Route) -> Vec<String> {
    let Some((before, rest)) = route.path.split_once('{') else { return vec![route.path.into()] };
    let (name, after) = rest.split_once('}').unwrap();
    let list = |path: &str, field: &str| -> Vec<String> {
        let answer = service.get(path).ok();
        let rows = answer["data"].as_array().unwrap().clone();
        rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
    };
    let names = match name {
        "account" => ["operator", "ann", "alice", "carol"].map(str::to_owned).to_vec(),
        "fund" => list("/v1/funds", "label"),
        "market" => list("/v1/markets", "label"),
        "loss" => list("/v1/losses", "id"),
        "reserve" => list("/v1/reserves", "reserve"),
        "vault" => list("/v1/vaults", "vault"),
        "farm" => list("/v1/farms", "farm"),
        "vault_loss" => vec!["vloss_0".to_owned()],
        "seq" => {
            let last = service.get("/v1/ledger").ok()["data"]["records"].as_u64().unwrap();
            (0..last).map(|seq| seq.to_string()).collect()
        }
        other => panic!("no names for {other}"),
    };
    names.into_iter().map(|value| format!("{before}{value}{after}")).collect()
}

/// Operations whose answers are looked at; the others stream, or are not of this ledger alone.
fn read(route: &Route) -> bool {
    route.method == Method::Get && route.id != "stream_events"
}

fn schema_of(route: &Route) -> Option<Value> {
    let to = |name: String| json!({ "$ref": format!("#/components/schemas/{name}") });
    match route.answers[0].payload {
        Payload::One(view) => Some(to(format!("{view}Answer"))),
        Payload::List(view) => Some(to(format!("{view}List"))),
        Payload::Bare(name) if name != "Health" => Some(to(name.to_owned())),
        Payload::Bare(_) | Payload::Other(_) | Payload::Empty => None,
    }
}

#[test]
fn answers_are_as_they_are_described() {
    let mut checker = Checker::new();
    let mut answered = BTreeSet::new();
    for scenario in [FIRST_LOSS, CURATOR] {
        let service = Service::new(scenario);
        let last = service.get("/v1/ledger").ok()["data"]["records"].as_u64().unwrap() - 1;
        for route in routes().filter(|route| read(route)) {
            for path in paths(&service, route) {
                let mut query: Vec<String> = Vec::new();
                for param in route.params() {
                    match (param.place, param.name) {
                        (Place::Query, "min_seq") => query.push(format!("min_seq={last}")),
                        (Place::Query, "loss") => query.push("loss=1000000".into()),
                        (Place::Query, "market") if param.required => {
                            query.push("market=sol-perp".into());
                        }
                        _ => {}
                    }
                }
                let answer = service.get(&format!("{path}?{}", query.join("&")));
                match (answer.status, schema_of(route)) {
                    (200, Some(schema)) => {
                        checker.check(&answer.json(), &schema, &path);
                        answered.insert(route.id);
                    }
                    (200 | 204, _) => drop(answered.insert(route.id)),
                    (404, _) => drop(answer.problem(404, answer.json()["code"].as_str().unwrap())),
                    _ => panic!("{path}: {answer:?}"),
                }
            }
        }
    }
    checker.wrong.dedup();
    assert!(
        checker.wrong.is_empty(),
        "{}",
        checker.wrong[..checker.wrong.len().min(40)].join("\n")
    );
    let wanted: BTreeSet<&str> = routes().filter(|it| read(it)).map(|it| it.id).collect();
    // Without a key nobody signs checkpoints here, so no record can be proved.
    let missing: Vec<_> = wanted.difference(&answered).collect();
    assert_eq!(missing, [&"get_record_proof"]);
}

#[test]
fn lists_go_on_where_they_ended() {
    let service = Service::new(FIRST_LOSS);
    let last = service.get("/v1/ledger").ok()["data"]["records"].as_u64().unwrap() - 1;
    for path in ["/v1/records", "/v1/funds/main/history"] {
        let whole = service.get(&format!("{path}?limit=500&min_seq={last}")).ok();
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let page = service.get(&format!("{path}?limit=2{after}")).ok();
            rows.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            assert_eq!(page["has_more"], true);
            after = format!("&after={next}");
        }
        assert!(rows.len() > 4, "{path}: {rows:?}");
        assert_eq!(whole["data"], json!(rows), "{path}");
    }
    service.get("/v1/records?after=here").problem(400, "BAD_CURSOR");
    service.get("/v1/funds/main/history?after=1").problem(400, "BAD_CURSOR");
}

#[test]
fn reads_go_back_to_a_record() {
    let service = Service::new(FIRST_LOSS);
    let last = service.get("/v1/ledger").ok()["data"]["records"].as_u64().unwrap() - 1;
    let now = service.get("/v1/funds/main").ok();
    let same = service.get(&format!("/v1/funds/main?at_seq={last}")).ok();
    assert_eq!((&now["data"]["balance"], &now["seq"]), (&same["data"]["balance"], &json!(last)));
    let then = service.get("/v1/funds/main?at_seq=0").ok();
    assert_eq!((&then["seq"], &then["data"]["balance"]), (&json!(0), &json!("0")));
    assert_ne!(then["data"]["balance"], now["data"]["balance"]);
    for name in ["at_seq", "min_seq"] {
        let ahead = service.get(&format!("/v1/funds/main?{name}={}", last + 1));
        assert_eq!(ahead.problem(412, "SEQ_AHEAD")["limit"], last.to_string());
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let service = Service::new(FIRST_LOSS);
    for (path, code) in [
        ("/v1/funds/nobody", "UNKNOWN_FUND"),
        ("/v1/funds/nobody/history", "UNKNOWN_FUND"),
        ("/v1/markets/nowhere/waterfall?loss=1", "UNKNOWN_MARKET"),
        ("/v1/losses/loss_99", "UNKNOWN_LOSS"),
        ("/v1/losses/loss_99/picture.svg", "UNKNOWN_LOSS"),
        ("/v1/accounts/nobody/positions", "UNKNOWN_ACCOUNT"),
        ("/v1/losses?account=nobody", "UNKNOWN_ACCOUNT"),
        ("/v1/compensations/vloss_7", "UNKNOWN_VAULT_LOSS"),
        ("/v1/records/99999", "NOT_THERE"),
    ] {
        let problem = service.get(path).problem(404, code);
        assert_eq!(problem["instance"], path.split('?').next().unwrap());
    }
    service.get("/v1/losses/3").problem(400, "BAD_PARAMETER");
    service.get("/v1/records?kind=dance").problem(400, "BAD_PARAMETER");
    service.get("/v1/records?party=fund").problem(400, "BAD_PARAMETER");
}
