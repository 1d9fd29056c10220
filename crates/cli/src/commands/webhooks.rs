//! `webhooks`: who is told of each record. A service that runs takes a change up within a second.

use crate::{
    args::{ServeArgs, WebhooksArgs, WebhooksVerb},
    commands::serve,
    exit::Failure,
    ledger,
    printer::{Printer, table},
};
use backstop_api::http::WebhookRequest;
use backstop_engine::{Clock as _, SystemClock};
use backstop_server::{
    ServerDb, Settings,
    identity::ServerDbError,
    webhooks::{NewWebhook, Refusal, Subscription, SubscriptionError, Subscriptions, try_once},
};
use backstop_units::{Label, Seq};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &WebhooksArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let settings =
        serve::settings(&ServeArgs { config: args.config.clone(), ..ServeArgs::default() })?;
    let path = args.server_db.clone().or_else(|| settings.server_db.clone());
    let path = path.unwrap_or_else(|| db.with_file_name("server.db"));
    let told = |error: ServerDbError| Failure::file(&path, &error);
    let journal = ledger::open(db)?;
    let ledger = Label::from_bytes(journal.genesis().ledger_id);
    let file = ServerDb::open(&path).map_err(told)?;
    let all = Subscriptions { db: &file, ledger };
    let now = SystemClock::default().now();
    let there = |found: bool, id: &str| if found { Ok(()) } else { Err(unknown(id)) };
    match &args.verb {
        WebhooksVerb::List => {
            let all = all.list().map_err(told)?;
            let rows: Value = all.iter().map(Subscription::view).collect();
            printer.either(&rows, || text(&all))
        }
        WebhooksVerb::Create { url, kind, after_seq } => {
            let size = journal.size().map_err(|error| ledger::journal_failure(db, &error))?;
            let after_seq = after_seq.map(Seq::new);
            let request = WebhookRequest { url: url.clone(), kinds: kind.clone(), after_seq };
            let new = NewWebhook::check(request, settings.webhooks_allow_private, size);
            let made = all.create(&new.map_err(refused)?, now).map_err(|error| match error {
                SubscriptionError::Refused(refusal) => refused(refusal),
                other => Failure::file(&path, &other),
            })?;
            printer.note("This is the only time that the secret is shown.");
            let secret = made.secret.reveal();
            let value = json!({
                "id": made.id, "url": made.url, "kinds": made.kinds, "next_seq": made.next_seq,
                "secret": secret,
            });
            printer.either(&value, || format!("{}  {secret}\n", made.id))
        }
        WebhooksVerb::Delete { id } => {
            there(all.delete(id).map_err(told)?, id)?;
            printer.either(&json!({ "deleted": id }), || format!("{id} is ended\n"))
        }
        WebhooksVerb::Resume { id } => {
            there(all.resume(id).map_err(told)?, id)?;
            printer.either(&json!({ "resumed": id }), || format!("{id} is tried again\n"))
        }
        WebhooksVerb::Rotate { id } => {
            let rotated = all.rotate(id, now).map_err(told)?.ok_or_else(|| unknown(id))?;
            printer.note("This is the only time that the secret is shown.");
            let (secret, until) = (rotated.secret.reveal(), rotated.previous_until);
            let value = json!({ "id": id, "secret": secret, "previous_until": until });
            printer.either(&value, || format!("{secret}\nthe one before counts until {until}\n"))
        }
        WebhooksVerb::Test { id } => {
            let found = all.find(id).map_err(told)?.ok_or_else(|| unknown(id))?;
            test(&settings, &found, ledger, printer)
        }
    }
}

fn test(
    settings: &Settings,
    subscription: &Subscription,
    ledger: Label,
    printer: &Printer,
) -> Result<(), Failure> {
    let tried = try_once(settings, subscription, ledger)
        .map_err(|error| Failure::Environment(error.to_string()))?;
    let took = &tried["took_ms"];
    let error = tried["error"].as_str().map(str::to_owned);
    printer.either(&tried, || match &error {
        None => format!("{} took the delivery in {took} ms\n", subscription.url),
        Some(_) => String::new(),
    })?;
    match error {
        None => Ok(()),
        Some(why) => Err(Failure::Environment(format!("not delivered: {why}"))),
    }
}

fn unknown(id: &str) -> Failure {
    Failure::Input(format!(
        "no subscription {id} to this ledger: `backstop webhooks list` shows all"
    ))
}

fn refused(refusal: Refusal) -> Failure {
    let what = match refusal.pointer.as_str() {
        "/url" => "the address",
        "/after_seq" => "--after-seq",
        "" => "a subscription",
        _ => "--kind",
    };
    let hint =
        "an https address on a public network will do; `webhooks_allow_private` allows others";
    let hint = if what == "the address" { format!("\n\nhint: {hint}") } else { String::new() };
    Failure::Input(format!("{what}: {}; expected {}{hint}", refusal.got, refusal.limit))
}

fn text(all: &[Subscription]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|it| {
            let progress = &it.progress;
            let kinds = if it.kinds.is_empty() { "all".to_owned() } else { it.kinds.join(" ") };
            vec![
                it.id.clone(),
                progress.status().to_owned(),
                progress.next_seq.to_string(),
                progress.delivered.to_string(),
                kinds,
                it.url.clone(),
                progress.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(&["id", "status", "next record", "delivered", "kinds", "address", "last error"], &rows)
}
