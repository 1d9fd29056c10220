//! The page of all problems, from the tables they are made of.

use super::{
    problem::kind,
    status::{HTTP_PROBLEMS, read_status, retryable, status},
};
use backstop_core::RejectCode;
use serde_json::{Value, json};
use std::fmt::Write;

/// One row for each problem that an answer can carry: those of HTTP, then every refusal of the ledger.
pub fn problem_codes() -> Value {
    let http = HTTP_PROBLEMS.iter().map(|it| {
        json!({
            "code": it.name(), "number": null, "type": kind(it.name()), "status": it.status(),
            "read_status": it.status(), "title": it.what(), "hint": it.hint(), "retryable": it.retryable(),
        })
    });
    let rejects = RejectCode::ALL.iter().map(|it| {
        json!({
            "code": it.name(), "number": it.number(), "type": kind(it.name()), "status": status(*it),
            "read_status": read_status(*it), "title": it.what(), "hint": it.hint(),
            "retryable": retryable(*it),
        })
    });
    http.chain(rejects).collect()
}

/// The same as Markdown; every code is an anchor that a problem's `type` leads to.
pub fn problems_text() -> String {
    let mut text =
        "| status | code | number | what | what to do next |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    for it in HTTP_PROBLEMS {
        // Writing into a String can't fail.
        let _ = writeln!(
            text,
            "| {} | {} | | {} | {} |",
            it.status(),
            anchor(it.name()),
            it.what(),
            it.hint()
        );
    }
    for it in RejectCode::ALL {
        let (status, read) = (status(*it), read_status(*it));
        let status = if read == status { status.to_string() } else { format!("{status}, {read}") };
        let _ = writeln!(
            text,
            "| {status} | {} | {} | {} | {} |",
            anchor(it.name()),
            it.number(),
            it.what(),
            it.hint()
        );
    }
    text
}

fn anchor(code: &str) -> String {
    format!("<a id=\"{code}\"></a>`{code}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_refusal_has_one_problem_and_the_page_lists_it() {
        let Value::Array(rows) = problem_codes() else { panic!("no list") };
        let kinds: BTreeSet<&str> = rows.iter().map(|row| row["type"].as_str().unwrap()).collect();
        assert_eq!(kinds.len(), rows.len(), "two problems share a type");
        let page = problems_text();
        for code in RejectCode::ALL {
            let row = rows.iter().find(|row| row["code"] == code.name()).unwrap();
            assert_eq!(row["number"], code.number());
            let anchor = row["type"].as_str().unwrap().strip_prefix("/docs/problems#").unwrap();
            assert_eq!(page.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
        }
        assert_eq!(rows.len(), RejectCode::ALL.len() + HTTP_PROBLEMS.len());
    }
}
