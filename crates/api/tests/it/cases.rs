//! What the adapters of published cases share: reading their numbers, comparing what came out.

use serde_json::{Value, json};

/// A number or text as the case writes it; nothing is zero.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(
        || if value.is_null() { "0".to_owned() } else { value.to_string() },
        ToOwned::to_owned,
    )
}

/// A decimal number of a case in units of 10^−`decimals`, exact.
pub(crate) fn scaled(value: &Value, decimals: usize) -> i128 {
    let text = text(value);
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.trim_end_matches('0').len() <= decimals, "{text} has more than {decimals}");
    let places: String = fraction.chars().chain(std::iter::repeat('0')).take(decimals).collect();
    sign * format!("{whole}{places}").parse::<i128>().unwrap()
}

/// A count of 10^−`decimals` as a decimal text.
pub(crate) fn decimal(value: &Value, decimals: usize) -> String {
    let digits = format!("{:0>width$}", text(value), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{whole}.{fraction}").trim_end_matches('.').to_owned()
}

/// A query as a step.
pub(crate) fn ask(word: &str, fields: &Value) -> Value {
    json!({ "query": { word: fields } })
}

/// A scenario of steps under the preset that has no bearing on formulas.
pub(crate) fn scenario(steps: &[Value]) -> Value {
    json!({ "preset": "backstop", "steps": steps })
}

/// What a step was refused by, if it was.
pub(crate) fn code(step: &Value) -> Option<&str> {
    step["reject"]["code"].as_str()
}

/// Compares one expected value, whole: every field of a table, every item of a list. Counts may be
/// written as numbers or in quotes.
pub(crate) fn same(case: &Value, field: &str, wanted: &Value, got: &Value) {
    match (wanted, got) {
        (Value::Object(wanted), _) => {
            for (inner, wanted) in wanted {
                assert!(
                    got.get(inner).is_some(),
                    "{}: {field}.{inner} is not compared",
                    case["id"]
                );
                same(case, inner, wanted, &got[inner]);
            }
        }
        (Value::Array(wanted), Value::Array(got)) => {
            assert_eq!(wanted.len(), got.len(), "{}: {field}", case["id"]);
            for (wanted, got) in wanted.iter().zip(got) {
                same(case, field, wanted, got);
            }
        }
        _ => near(case, field, wanted, got),
    }
}

/// Equal, or within the tolerance of the case where that is a number.
fn near(case: &Value, field: &str, wanted: &Value, got: &Value) {
    let (wanted, got) = (text(wanted), text(got));
    let tolerance: Option<f64> = case["tolerance"].as_str().and_then(|told| told.parse().ok());
    let numbers = (wanted.parse::<f64>().ok(), got.parse::<f64>().ok(), tolerance);
    if let (Some(wanted), Some(got), Some(tolerance)) = numbers {
        assert!(
            (wanted - got).abs() <= tolerance,
            "{}: {field} is {got}, not {wanted}",
            case["id"]
        );
    } else {
        assert_eq!(got, wanted, "{}: {field}", case["id"]);
    }
}
