//! Subscriptions, for the operator.

use super::{
    Handler,
    page::Listed,
    params::{Params, bad_cursor},
};
use crate::{
    app::App,
    problem::Problem,
    webhooks::{Subscription, is_id},
};

pub(super) const HANDLERS: &[(&str, Handler)] = &[("list_webhooks", Handler::Past(list))];

fn list(app: &App, params: &Params) -> Result<Listed, Problem> {
    let after: Option<String> = params.after()?;
    if let Some(cursor) = after.as_deref().filter(|cursor| !is_id(cursor)) {
        return Err(bad_cursor(cursor));
    }
    let all = app.webhooks().list(app)?;
    let mut rest = all.iter().filter(|row| after.as_ref().is_none_or(|after| row.id > *after));
    let page: Vec<_> = rest.by_ref().take(params.limit()).collect();
    let next = rest.next().and(page.last()).map(|last| last.id.clone());
    Ok(Listed { rows: page.into_iter().map(Subscription::view).collect(), next })
}
