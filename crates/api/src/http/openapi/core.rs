//! Schemas that the core's own types derive, and what JSON for people makes of events.

use super::{
    super::routes::{NAMED_PARTIES, NUMBERED_PARTIES},
    SCHEMAS,
};
use backstop_core::{
    COMMANDS, Command, Entry, Event,
    policy::{Cause, Limits},
    state::LossStatus,
};
use backstop_units::{
    Amount, Base, Fixed60, Hash, Label, LossId, Price, ProposalId, Seq, Shares, Signed, Span,
    TicketId, Timestamp, VaultLossId,
};
use schemars::{JsonSchema as _, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Everything that a command, a genesis or an event holds, by its name in the core.
pub(super) fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut with = settings.into_generator();
    roots(&mut with);
    let mut schemas = with.take_definitions(true);
    if let Some(body) = schemas.get_mut("Body") {
        describe(body);
    }
    if let Some(command) = schemas.get("Command").cloned() {
        schemas.insert("CommandRequest".into(), request(command));
    }
    let events = flat_events(&schemas);
    schemas.insert("EventView".into(), events);
    // Answers show events flat only.
    for word in TAGGED {
        schemas.remove(*word);
    }
    for schema in schemas.values_mut() {
        plain(schema);
        bounded(schema);
    }
    if let Some(label) = schemas.get_mut("Label") {
        label["not"] = json!({ "pattern": format!("^{}$", handle()) });
        label["description"] = LABEL.into();
    }
    if let Some(time) = schemas.get_mut("Timestamp") {
        time["pattern"] = TIME.into();
        time["description"] = "A moment in UTC, to the millisecond, from 1970 on.".into();
    }
    schemas
}

/// What handles are spelled with: no name may look like one.
const HANDLES: &[&str] = &[
    "acct", "asset", "farm", "feed", "fund", "index", "loss", "market", "proposal", "reserve",
    "ticket", "tranche", "transfer", "vault",
];

const LABEL: &str = "A name that a client chose: up to 16 characters of a-z 0-9 . _ : - that are not spelled like a \
                     handle such as fund_0, or a UUID.";

/// Moments are counted from 1970.
const TIME: &str = r"^(19[7-9][0-9]|[2-9][0-9]{3}|[1-9][0-9]{4,})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z$";

/// The pattern of what looks like a handle.
fn handle() -> String {
    format!("({})_[0-9]*", HANDLES.join("|"))
}

/// Whom a record concerns, as filters write it.
pub(super) fn party() -> Value {
    let mut with = SchemaGenerator::default();
    let label = Label::json_schema(&mut with).to_value();
    let name = label["pattern"].as_str().unwrap_or_default().trim_matches(['^', '$']).to_owned();
    let named = NAMED_PARTIES.join("|");
    let mut kinds = vec![format!("({named}):{name}")];
    kinds.extend(NUMBERED_PARTIES.iter().map(|kind| format!("{kind}:{kind}_[0-9]{{1,10}}")));
    json!({
        "type": "string", "maxLength": 48, "pattern": format!("^({})$", kinds.join("|")),
        "not": { "pattern": format!("^({named}):{}$", handle()) }, "examples": ["fund:main", "loss:loss_0"],
    })
}

/// Takes out what nothing refers to: types of events that stand whole in the list of all.
pub(super) fn prune(document: &mut Value) {
    loop {
        let mut found = BTreeSet::new();
        refs(document, &mut found);
        let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| found.contains(name));
        if schemas.len() == before {
            return;
        }
    }
}

fn refs(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(to) if name == "$ref" => {
                        found.extend(to.strip_prefix(SCHEMAS).map(str::to_owned));
                    }
                    other => refs(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| refs(item, found)),
        _ => {}
    }
}

/// Enums of events as the core tags them.
const TAGGED: &[&str] =
    &["Event", "LendingEvent", "VaultEvent", "FarmEvent", "PoolEvent", "CompensationEvent"];

fn roots(with: &mut SchemaGenerator) {
    with.subschema_for::<Command>();
    with.subschema_for::<Entry>();
    with.subschema_for::<Event>();
    with.subschema_for::<(Cause, Limits, LossStatus)>();
    with.subschema_for::<(Amount, Base, Fixed60, Hash, Label, Price, Seq, Shares)>();
    with.subschema_for::<(Signed, Span, Timestamp)>();
    with.subschema_for::<(LossId, ProposalId, TicketId, VaultLossId)>();
}

/// Each command's own description in the list of all.
fn describe(body: &mut Value) {
    let Some(Value::Array(all)) = body.get_mut("oneOf") else { return };
    for one in all {
        let word = one["required"][0].as_str().unwrap_or_default();
        let spec = COMMANDS.iter().find(|spec| spec.word == word);
        if let (Some(spec), Value::Object(fields)) = (spec, one) {
            fields.insert("description".into(), spec.doc.trim().into());
        }
    }
}

/// A command as it is sent: its id may stand in a header instead.
fn request(mut command: Value) -> Value {
    if let Some(Value::Array(required)) = command.get_mut("required") {
        required.retain(|name| name != "id");
    }
    command
}

/// Events as `event_json` writes them: the kind in `type`, beside the fields.
fn flat_events(schemas: &Map<String, Value>) -> Value {
    let mut kinds = Vec::new();
    for word in TAGGED {
        let all = schemas.get(*word).and_then(|schema| schema.get("oneOf").or(schema.get("anyOf")));
        for one in all.and_then(Value::as_array).into_iter().flatten() {
            kinds.extend(flat(one, schemas));
        }
    }
    json!({ "description": "An event: `type` says what kind, the other fields are that kind's.", "oneOf": kinds })
}

/// One kind of event; none for a part that has kinds of its own.
fn flat(one: &Value, schemas: &Map<String, Value>) -> Option<Value> {
    let word = one["required"][0].as_str()?;
    let mut own = one["properties"].get(word)?.clone();
    // What is a type of its own stands there by reference.
    if let Some(name) = own["$ref"].as_str().and_then(|to| to.strip_prefix(SCHEMAS)) {
        own = schemas.get(name)?.clone();
    }
    own["properties"]["type"] = json!({ "const": word });
    match own.get_mut("required") {
        Some(Value::Array(required)) => required.insert(0, "type".into()),
        _ => own["required"] = json!(["type"]),
    }
    own.as_object_mut()?.remove("additionalProperties");
    if let Some(doc) = one.get("description") {
        own["description"] = doc.clone();
    }
    Some(own)
}

/// Words for people who don't read Rust: no links into its documentation.
fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "description" => {
                        *text = text.replace("[`", "`").replace("`]", "`").replace('\n', " ");
                    }
                    other => plain(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Whole numbers end where their kind ends: `format` alone binds nobody.
fn bounded(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let most = match fields.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(u64::from(u8::MAX)),
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(most) = most {
                fields.entry("maximum").or_insert(most.into());
            }
            fields.values_mut().for_each(bounded);
        }
        Value::Array(items) => items.iter_mut().for_each(bounded),
        _ => {}
    }
}

/// A reference to a schema.
pub(super) fn to(name: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_end_where_their_kind_ends() {
        let mut schema =
            json!({ "items": [{ "format": "uint32" }, { "format": "uint8", "maximum": 9 }] });
        bounded(&mut schema);
        assert_eq!(schema["items"][0]["maximum"], u32::MAX);
        assert_eq!(schema["items"][1]["maximum"], 9, "what is narrower stays");
        assert_eq!(schemas()["EndSpike"]["properties"]["spike"]["maximum"], u32::MAX);
    }

    /// The description and the reader agree on what looks like a handle.
    #[test]
    fn names_that_look_like_handles_are_those_that_readers_refuse() {
        for kind in HANDLES {
            assert!(Label::parse(&format!("{kind}_0")).is_err(), "{kind}");
            assert!(Label::parse(&format!("{kind}_")).is_err(), "{kind}");
            assert!(Label::parse(&format!("{kind}_a")).is_ok(), "{kind}");
        }
        let label = &schemas()["Label"];
        assert!(label["not"]["pattern"].as_str().is_some_and(|it| it.contains("fund|")), "{label}");
    }
}
