//! The API description, `OpenAPI` 3.1: routes from their table, commands, settings and events from the
//! core's own types, answers from the tables of views, problems from the refusals.

mod answers;
mod core;
mod views;

use super::routes::{Kind, Param, Place, Route, TAGS, Who, routes};
use backstop_core::COMMANDS;
use serde_json::{Map, Value, json};

/// Where schemas stand in the document.
const SCHEMAS: &str = "#/components/schemas/";

/// The whole document.
pub fn openapi() -> Value {
    let mut schemas = core::schemas();
    schemas.extend(answers::view_schemas());
    schemas.extend(answers::envelopes());
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(route.method.word().into(), operation(route));
        }
    }
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, doc)| json!({ "name": name, "description": doc })).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Backstop",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "An insurance-fund engine: who pays for a loss, by rules that anyone can read.",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": answers::problem_responses(),
            "securitySchemes": {
                "api_key": { "type": "http", "scheme": "bearer", "description": "An API key, `bsk_…`." },
                "session": { "type": "apiKey", "in": "cookie", "name": "backstop_session",
                             "description": "A browser that has signed in with an API key." },
            },
        },
    });
    core::prune(&mut document);
    document
}

/// What holds for the whole API.
const ABOUT: &str = "\
Amounts are decimal strings of atoms, the smallest unit of their asset. Times are RFC 3339 in UTC. Every answer says \
with `seq` how many records it is made of, and with `time` when that was. Lists take `limit` and `after` and \
answer `{data, has_more, next_cursor}`. A refusal is `application/problem+json` with a stable `code`; \
`/v1/rejects` lists all of them.";

fn operation(route: &Route) -> Value {
    let parameters: Vec<Value> = route.params().iter().map(parameter).collect();
    let mut responses = Map::new();
    for answer in route.answers {
        responses.insert(answer.status.to_string(), answers::success(answer));
    }
    for status in route.problems() {
        let name = format!("#/components/responses/Problem{status}");
        responses.insert(status.to_string(), json!({ "$ref": name }));
    }
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.doc,
        "responses": responses,
        "security": security(route.who),
    });
    if let Value::Object(fields) = &mut operation {
        if !parameters.is_empty() {
            fields.insert("parameters".into(), parameters.into());
        }
        if let Some(body) = route.body {
            let schema = json!({ "$ref": format!("{SCHEMAS}{body}") });
            let content = json!({ "application/json": { "schema": schema } });
            fields.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
    }
    operation
}

fn security(who: Who) -> Value {
    match who {
        Who::Anyone => json!([]),
        Who::Reader => json!([{}, { "api_key": [] }, { "session": [] }]),
        Who::Sender | Who::Operator => json!([{ "api_key": [] }, { "session": [] }]),
    }
}

fn parameter(param: &Param) -> Value {
    let place = match param.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let schema = match param.kind {
        Kind::Command => {
            let words = COMMANDS.iter().map(|command| command.word).chain(["genesis"]);
            json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
        }
        Kind::Party => core::party(),
        Kind::Named(name) => json!({ "$ref": format!("{SCHEMAS}{name}") }),
        Kind::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Text(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
    };
    json!({
        "name": param.name, "in": place, "required": param.required,
        "description": param.doc, "schema": schema,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn refs<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::String(to) if name == "$ref" => drop(found.insert(to)),
                        other => refs(other, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| refs(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_everything_is_referred_to() {
        let document = openapi();
        let mut found = BTreeSet::new();
        refs(&document, &mut found);
        for to in &found {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
        }
        for kind in ["schemas", "responses"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                let to = format!("#/components/{kind}/{name}");
                assert!(found.contains(to.as_str()), "nothing refers to {to}");
            }
        }
    }

    #[test]
    fn no_view_hides_a_type_of_the_core() {
        let core = core::schemas();
        for name in answers::view_schemas().keys().chain(answers::envelopes().keys()) {
            assert!(!core.contains_key(name), "{name} is a type of the core");
        }
        for name in core.keys().filter(|name| *name != "Fixed60") {
            assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "{name}: two types of one name");
        }
    }

    #[test]
    fn all_commands_and_their_fields_are_described() {
        let document = openapi();
        let schemas = &document["components"]["schemas"];
        let bodies = schemas["Body"]["oneOf"].as_array().unwrap();
        assert_eq!(bodies.len(), backstop_core::COMMANDS.len());
        for command in backstop_core::COMMANDS {
            let body = bodies.iter().find(|body| body["properties"].get(command.word).is_some());
            let body = body.unwrap_or_else(|| panic!("{} is not described", command.word));
            let to = body["properties"][command.word]["$ref"].as_str().unwrap();
            let fields = document.pointer(&to[1..]).unwrap()["properties"].as_object();
            let fields = fields.map(|fields| fields.keys().cloned().collect::<BTreeSet<_>>());
            let declared: BTreeSet<String> =
                command.fields.iter().map(|field| field.name.to_owned()).collect();
            assert_eq!(fields.unwrap_or_default(), declared, "{}", command.word);
        }
    }
}
