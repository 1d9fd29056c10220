//! Settings as rows: a tree of JSON laid flat, each leaf with its path.

use backstop_api::named;
use backstop_core::State;
use serde::Serialize;
use serde_json::Value;

/// Leaves with their paths, handles replaced by names.
pub(super) fn rows(value: &impl Serialize, state: &State) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Ok(value) = serde_json::to_value(value) {
        walk(String::new(), &named(value, state), &mut rows);
    }
    rows
}

fn walk(path: String, value: &Value, rows: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, field)| walk(below(key), field, rows));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (at, item) in items.iter().enumerate() {
                walk(below(&at.to_string()), item, rows);
            }
        }
        Value::Array(items) => {
            let words: Vec<String> = items.iter().map(leaf).collect();
            rows.push((path, if words.is_empty() { "none".to_owned() } else { words.join(", ") }));
        }
        value => rows.push((path, leaf(value))),
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_keep_their_paths() {
        let mut rows = Vec::new();
        walk(
            String::new(),
            &json!({ "a": { "b": 1 }, "c": [{ "d": null }], "e": ["x", "y"], "f": {} }),
            &mut rows,
        );
        let rows: Vec<_> = rows.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(rows, [("a.b", "1"), ("c.0.d", "not set"), ("e", "x, y"), ("f", "{}")]);
    }
}
