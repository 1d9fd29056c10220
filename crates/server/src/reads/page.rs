//! What stands around an answer, and how a list is cut into pages.

use super::params::Params;
use crate::problem::Problem;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use backstop_core::Halt;
use backstop_units::{Seq, Timestamp};
use serde_json::{Value, json};

/// What an answer is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The last record.
    pub(super) seq: Seq,
    /// The ledger's time then.
    pub(super) time: Timestamp,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Its rows.
    pub(super) rows: Vec<Value>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
}

/// One view.
pub(super) fn one(data: &Value, Seen { seq, time }: Seen) -> Response {
    Json(json!({ "seq": seq, "time": time, "data": data })).into_response()
}

/// A page.
pub(super) fn list(Listed { rows, next }: Listed, Seen { seq, time }: Seen) -> Response {
    let body = json!({
        "seq": seq, "time": time, "data": rows, "has_more": next.is_some(), "next_cursor": next,
    });
    Json(body).into_response()
}

/// Cuts a page out of items in their order; each comes with its place, and `view` says what is shown of
/// it, or that it is left out.
pub(super) fn cut<T>(
    params: &Params,
    items: impl Iterator<Item = (u32, T)>,
    order: Order,
    mut view: impl FnMut(u32, T) -> Result<Option<Value>, Halt>,
) -> Result<Listed, Problem> {
    let after: Option<u32> = params.after()?;
    let limit = params.limit();
    let mut listed = Listed::default();
    let mut last = None;
    for (place, item) in items {
        let passed = after.is_some_and(|after| match order {
            Order::Rising => place <= after,
            Order::Falling => place >= after,
        });
        if passed {
            continue;
        }
        let Some(row) = view(place, item)? else { continue };
        if listed.rows.len() >= limit {
            listed.next = last.map(|last: u32| last.to_string());
            break;
        }
        listed.rows.push(row);
        last = Some(place);
    }
    Ok(listed)
}

/// Which way the places of a list go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The oldest first.
    Rising,
    /// The newest first.
    Falling,
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_api::http::routes;

    fn params(query: &str) -> Params {
        let route = routes().find(|route| route.id == "list_funds").unwrap();
        Params::read(route, Vec::new(), query).unwrap()
    }

    /// Page after page gives every item once, in order.
    #[test]
    fn pages_join_without_gap_or_repeat() {
        for order in [Order::Rising, Order::Falling] {
            let mut places: Vec<u32> = (0..23).collect();
            if order == Order::Falling {
                places.reverse();
            }
            let mut seen = Vec::new();
            let mut query = "limit=5".to_owned();
            loop {
                let items = places.iter().map(|place| (*place, ()));
                let shown = |place, ()| Ok((place % 3 != 0).then(|| json!(place)));
                let page = cut(&params(&query), items, order, shown).unwrap();
                assert!(page.rows.len() <= 5);
                seen.extend(page.rows);
                let Some(next) = page.next else { break };
                query = format!("limit=5&after={next}");
            }
            let expected: Vec<Value> =
                places.iter().filter(|place| *place % 3 != 0).map(|place| json!(place)).collect();
            assert_eq!(seen, expected);
        }
    }
}
