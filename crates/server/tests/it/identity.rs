//! Who may read, who may send what, and browsers that have signed in.

use crate::support::{FIRST_LOSS, Service, posted};
use backstop_engine::{Clock as _, SystemClock};
use backstop_server::{
    ServerDb,
    identity::{NewKey, Role},
};
use backstop_units::Label;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn key(service: &Service, role: Role, accounts: &[&str]) -> String {
    let db = ServerDb::open(&service.folder.path().join("server.db")).unwrap();
    let accounts = accounts.iter().map(|name| Label::parse(name).unwrap()).collect();
    let new = NewKey { name: role.word().into(), role, accounts, expires_at: None };
    db.create(&new, SystemClock::default().now()).unwrap().reveal()
}

fn open_account(actor: &str, label: &str) -> String {
    format!(r#"{{"actor": "{actor}", "body": {{"open_account": {{"label": "{label}"}}}}}}"#)
}

fn send(service: &Service, key: &str, body: &str) -> crate::support::Answer {
    let bearer = format!("Bearer {key}");
    service.post("/v1/commands", &[JSON, ("authorization", &bearer)], body)
}

#[test]
fn keys_send_as_the_accounts_they_are_bound_to() {
    let service = Service::with(FIRST_LOSS, &[("commands", "key")]);
    let body = open_account("operator", "dora");
    service.command(&body).problem(401, "NO_KEY");
    send(&service, "bsk_junk", &body).problem(401, "KEY_REFUSED");
    let reader = key(&service, Role::Reader, &[]);
    assert_eq!(send(&service, &reader, &body).problem(403, "ROLE_NEEDED")["got"], "reader");
    let bound = key(&service, Role::Sender, &["venue"]);
    let problem = send(&service, &bound, &body).problem(403, "ACTOR_NOT_BOUND");
    assert_eq!((&problem["got"], &problem["limit"]), (&"operator".into(), &"venue".into()));
    send(&service, &key(&service, Role::Sender, &["operator"]), &body).ok();
    send(&service, &key(&service, Role::Operator, &[]), &open_account("operator", "emil")).ok();
}

#[test]
fn reads_need_a_key_where_the_operator_says_so() {
    let service = Service::with(FIRST_LOSS, &[("reads", "key")]);
    for path in ["/v1/funds", "/", "/records"] {
        service.get(path).problem(401, "NO_KEY");
    }
    for path in ["/livez", "/v1/openapi.json", "/v1/rejects", "/sign-in"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    let bearer = format!("authorization: Bearer {}", key(&service, Role::Auditor, &[]));
    let asked = format!("GET /v1/funds HTTP/1.1\r\nhost: test\r\n{bearer}\r\n\r\n");
    service.connect().ask(&asked).ok();
}

#[test]
fn a_browser_signs_in_and_proves_its_session() {
    let service = Service::with(FIRST_LOSS, &[("commands", "key")]);
    let made = key(&service, Role::Operator, &[]);
    let entered = service.post("/sign-in", &[FORM], &format!("key={made}"));
    assert_eq!(entered.status, 303, "{entered:?}");
    let set = entered.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let ask = format!("GET /sign-in HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\n\r\n");
    let page = service.connect().ask(&ask).body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = open_account("operator", "dora");
    let headers = [JSON, ("cookie", cookie)];
    service.post("/v1/commands", &headers, &body).problem(403, "BAD_CSRF");
    let proved = [JSON, ("cookie", cookie), ("x-csrf-token", csrf)];
    service.post("/v1/commands", &proved, &body).ok();
    let out = |csrf: &str| {
        let form = posted("/sign-out", &[FORM, ("cookie", cookie)], &format!("csrf={csrf}"));
        service.connect().ask(&form)
    };
    out("wrong").problem(403, "BAD_CSRF");
    assert_eq!(out(csrf).status, 303);
    service.post("/v1/commands", &proved, &body).problem(401, "NO_KEY");
}

#[test]
fn who_guesses_keys_has_to_wait() {
    let service = Service::with(FIRST_LOSS, &[("commands", "key")]);
    for _ in 0..10 {
        assert_eq!(service.post("/sign-in", &[FORM], "key=bsk_junk").status, 401);
    }
    service.post("/sign-in", &[FORM], "key=bsk_junk").problem(429, "TOO_MANY");
}

#[test]
fn a_page_of_another_site_sends_nothing() {
    let service = Service::new(FIRST_LOSS);
    let body = open_account("operator", "dora");
    let foreign = [JSON, ("origin", "https://elsewhere.example")];
    service.post("/v1/commands", &foreign, &body).problem(401, "NO_KEY");
    let own = [JSON, ("origin", "http://test")];
    service.post("/v1/commands", &own, &body).ok();
}
