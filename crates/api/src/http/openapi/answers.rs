//! Schemas of answers: views, the envelopes around them, and problems with all their examples.

use super::{
    super::{
        problem::Problem,
        routes::{Answer, Media, Payload, routes},
        status::{HTTP_PROBLEMS, read_status, status},
        webhook::{WEBHOOK_KINDS_MAX, WEBHOOK_URL_MAX},
    },
    core::to,
    views::{VIEWS, View},
};
use backstop_core::{Reject, RejectCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One schema for each view.
pub(super) fn view_schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for view in VIEWS.iter().copied().flatten() {
        schemas.insert(view.name.into(), schema(view));
    }
    let codes = HTTP_PROBLEMS.iter().map(|it| it.name());
    let codes = codes.chain(RejectCode::ALL.iter().map(|it| it.name()));
    let codes: Vec<&str> = codes.collect();
    let doc = "Codes are never renamed and never used again; new ones come.";
    schemas.insert(
        "ProblemCode".into(),
        json!({ "type": "string", "description": doc, "enum": codes }),
    );
    schemas.insert("PointedError".into(), pointed_error());
    schemas.insert("WebhookRequest".into(), webhook_request());
    schemas
}

fn pointed_error() -> Value {
    json!({
        "type": "object",
        "description": "One place of a request that is wrong.",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": { "type": "string", "description": "The place in the body as a JSON pointer, or `?name` of a parameter." },
            "detail": { "type": "string", "description": "What is wrong there." },
            "line": { "type": "integer", "description": "The line of the body, from 1." },
            "column": { "type": "integer", "description": "The column, from 1, in characters." },
        },
    })
}

fn webhook_request() -> Value {
    json!({
        "type": "object",
        "description": "A subscription to be made.",
        "required": ["url"],
        "additionalProperties": false,
        "properties": {
            "url": { "type": "string", "format": "uri", "minLength": 1, "maxLength": WEBHOOK_URL_MAX,
                     "description": "Where deliveries go." },
            "kinds": { "type": "array", "items": { "type": "string" }, "maxItems": WEBHOOK_KINDS_MAX,
                       "description": "Words of the commands to hear of; all if left out." },
            "after_seq": { "anyOf": [to("Seq"), { "type": "null" }],
                           "description": "Begin behind this record; with what comes now if left out." },
        },
    })
}

fn schema(view: &View) -> Value {
    let mut properties = Map::new();
    for (name, kind, doc) in view.fields {
        let mut property = kind_schema(kind);
        property["description"] = (*doc).into();
        properties.insert((*name).into(), property);
    }
    let required: Vec<&str> = view.fields.iter().map(|(name, ..)| *name).collect();
    json!({
        "type": "object", "description": view.doc, "required": required, "properties": properties,
    })
}

/// The schema of a type as the tables of views write it.
fn kind_schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix('?') {
        return json!({ "anyOf": [kind_schema(kind), { "type": "null" }] });
    }
    if let Some(item) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return json!({ "type": "array", "items": kind_schema(item) });
    }
    match kind {
        "text" => json!({ "type": "string" }),
        "int" => json!({ "type": "integer" }),
        "bool" => json!({ "type": "boolean" }),
        "object" => json!({ "type": "object" }),
        "any" => json!({}),
        name => to(name),
    }
}

/// The name of a view's schema.
fn view_name(view: &str) -> String {
    format!("{view}View")
}

/// What stands around views: one schema for each view that is answered alone or in a list.
pub(super) fn envelopes() -> Map<String, Value> {
    let mut all = Map::new();
    let seq = json!({ "$ref": to("Seq")["$ref"], "description": "The last record that the answer is made of." });
    let time = json!({ "$ref": to("Timestamp")["$ref"], "description": "The ledger's time then." });
    for answer in routes().flat_map(|route| route.answers) {
        match answer.payload {
            Payload::One(view) => {
                all.insert(
                    format!("{view}Answer"),
                    json!({
                        "type": "object",
                        "required": ["seq", "time", "data"],
                        "properties": { "seq": seq, "time": time, "data": to(&view_name(view)) },
                    }),
                );
            }
            Payload::List(view) => {
                let data = json!({ "type": "array", "items": to(&view_name(view)) });
                let next = json!({ "type": ["string", "null"],
                    "description": "What `after` takes to go on; null at the end." });
                all.insert(format!("{view}List"), json!({
                    "type": "object",
                    "required": ["seq", "time", "data", "has_more", "next_cursor"],
                    "properties": {
                        "seq": seq, "time": time, "data": data,
                        "has_more": { "type": "boolean", "description": "Whether there is a next page." },
                        "next_cursor": next,
                    },
                }));
            }
            Payload::Bare(_) | Payload::Other(_) | Payload::Empty => {}
        }
    }
    all
}

/// A successful answer.
pub(super) fn success(answer: &Answer) -> Value {
    let json = |schema: Value| json!({ "application/json": { "schema": schema } });
    let content = match answer.payload {
        Payload::One(view) => json(to(&format!("{view}Answer"))),
        Payload::List(view) => json(to(&format!("{view}List"))),
        Payload::Bare(name) => json(to(name)),
        Payload::Other(media) => json!({ media.word(): { "schema": other(media) } }),
        Payload::Empty => return json!({ "description": answer.doc }),
    };
    json!({ "description": answer.doc, "content": content })
}

/// What stands in an answer that is none of our JSON. Of a stream it is each event, as readers of event streams
/// hand it on.
fn other(media: Media) -> Value {
    match media {
        Media::OpenApi => json!({ "type": "object" }),
        Media::Svg | Media::Text => json!({ "type": "string" }),
        Media::Events => json!({
            "type": "object",
            "description": "One event of the stream.",
            "required": ["id", "event", "data"],
            "properties": {
                "id": { "type": "string", "pattern": "^[0-9]{1,16}$",
                        "description": "The last sequence number that it holds: what `Last-Event-ID` takes." },
                "event": { "type": "string", "enum": ["summary", "records"],
                           "description": "As `detail` asked: what changed, or every record." },
                "data": { "type": "string", "contentMediaType": "application/json",
                          "description": "JSON on one line: `from_seq` and `last_seq`, with what changed or `records`." },
                "retry": { "type": "integer", "description": "Milliseconds after which a browser comes back." },
            },
        }),
    }
}

/// One response for each status of a refusal, with an example of every problem that has it.
pub(super) fn problem_responses() -> Map<String, Value> {
    let mut examples: BTreeMap<u16, Map<String, Value>> = BTreeMap::new();
    for it in HTTP_PROBLEMS {
        let example = json!({ "value": Problem::http(*it).json() });
        examples.entry(it.status()).or_default().insert(it.name().into(), example);
    }
    for code in RejectCode::ALL {
        let reject = Reject::bare(*code);
        let example = json!({ "value": Problem::of_command(&reject).json() });
        examples.entry(status(*code)).or_default().insert(code.name().into(), example);
        if read_status(*code) != status(*code) {
            let example = json!({ "value": Problem::of_read(&reject).json() });
            examples.entry(read_status(*code)).or_default().insert(code.name().into(), example);
        }
    }
    let response = |(status, examples): (u16, Map<String, Value>)| {
        let mut response = json!({
            "description": doc(status),
            "content": { "application/problem+json": { "schema": to("Problem"), "examples": examples } },
        });
        if matches!(status, 429 | 503) {
            response["headers"] = json!({ "Retry-After": {
                "description": "Seconds to wait.", "schema": { "type": "integer" },
            }});
        }
        (format!("Problem{status}"), response)
    };
    let used = |(status, _): &(u16, Map<String, Value>)| {
        routes().any(|route| route.problems().contains(status))
    };
    examples.into_iter().filter(used).map(response).collect()
}

const fn doc(status: u16) -> &'static str {
    match status {
        400 => "The request can't be read; `errors` says where.",
        401 => "This needs an API key, or the key is refused.",
        403 => "The key, the actor or the signatures do not allow this.",
        404 => "It is not there.",
        405 => "The path does not take this method.",
        406 => "No form of the answer fits `Accept`.",
        408 => "The request did not come in time.",
        409 => "The id was used by another command, or differs from `Idempotency-Key`.",
        410 => "The id is older than the window in which answers are kept.",
        412 => "The ledger has not come so far.",
        413 => "The body or the command is too large.",
        414 => "The address is too long; without a body where the connection is cut off for it.",
        415 => "The body is of another media type than JSON.",
        422 => "A rule of the ledger refuses it.",
        429 => "Too much at once; wait as long as `Retry-After` says.",
        431 => {
            "The headers are too large or too many; without a body where the connection is cut off for it."
        }
        503 => "The service can't do it now; wait as long as `Retry-After` says.",
        _ => "Something is broken in the service.",
    }
}
