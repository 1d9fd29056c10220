//! `keys api`: keys of the HTTP API, kept as hashes beside the service.

use crate::{
    args::{ApiKeysArgs, ApiKeysVerb},
    exit::Failure,
    printer::{Printer, table},
};
use backstop_engine::{Clock as _, SystemClock};
use backstop_server::{
    ServerDb,
    identity::{ApiKey, NewKey, Role, ServerDbError},
};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &ApiKeysArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let path = args.server_db.clone().unwrap_or_else(|| db.with_file_name("server.db"));
    let told = |error: ServerDbError| Failure::file(&path, &error);
    let keys = ServerDb::open(&path).map_err(told)?;
    let now = SystemClock::default().now();
    match &args.verb {
        ApiKeysVerb::Create { name, role, account, expires } => {
            if *role == Role::Sender && account.is_empty() {
                let what =
                    "a sender's key needs the accounts that it sends as: name them with --account";
                return Err(Failure::Input(what.to_owned()));
            }
            let accounts = account.clone();
            let new = NewKey { name: name.clone(), role: *role, accounts, expires_at: *expires };
            let made = keys.create(&new, now).map_err(told)?;
            printer.note("This is the only time that the key is shown.");
            let value = json!({ "id": made.id, "key": made.reveal(), "role": role.word() });
            printer.either(&value, || format!("{}\n", made.reveal()))
        }
        ApiKeysVerb::List => {
            let all = keys.list().map_err(told)?;
            let rows: Value = all.iter().map(row).collect();
            printer.either(&rows, || text(&all))
        }
        ApiKeysVerb::Revoke { id } => {
            if !keys.revoke(id, now).map_err(told)? {
                let what = format!("no key {id} that counts: `backstop keys api list` shows all");
                return Err(Failure::Input(what));
            }
            printer.either(&json!({ "revoked": id }), || format!("{id} is revoked\n"))
        }
    }
}

fn row(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "name": key.name, "role": key.role.word(), "accounts": key.accounts,
        "created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at,
        "used_at": key.used_at,
    })
}

fn text(all: &[ApiKey]) -> String {
    let moment = |time: Option<backstop_units::Timestamp>| {
        time.map_or_else(|| "-".to_owned(), |time| time.to_string())
    };
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|key| {
            let accounts: Vec<String> = key.accounts.iter().map(ToString::to_string).collect();
            vec![
                key.id.clone(),
                key.name.clone(),
                key.role.word().to_owned(),
                accounts.join(" "),
                moment(key.expires_at),
                moment(key.revoked_at),
                moment(key.used_at),
            ]
        })
        .collect();
    table(&["id", "name", "role", "accounts", "expires", "revoked", "used"], &rows)
}
