//! Pages for people: the same views that the API gives, as HTML that needs no script.
//!
//! A page is a struct with its values and a template of the same name under `templates/`. Numbers come
//! formatted out of [`view::View`]; templates place them and compute nothing.

mod account;
mod act;
mod changes;
mod chart;
mod docs;
mod flat;
mod fund;
mod keeper;
mod loss;
mod market;
mod overview;
mod payouts;
mod records;
mod risk;
mod shell;
mod theatre;
mod vault;
mod view;
mod whatif;

pub(crate) use chart::Charts;
pub(crate) use shell::{Page, Shell, page, refused};
pub(crate) use view::{View, grouped};

use crate::app::App;
use axum::{Router, routing::get};

/// Every page.
pub(crate) fn routes() -> Router<App> {
    act::routes()
        .merge(risk::routes())
        .route("/", get(overview::get))
        .route("/funds/{label}", get(fund::get))
        .route("/losses/{id}", get(loss::get))
        .route("/markets/{label}", get(market::get))
        .route("/vaults/{label}", get(vault::get))
        .route("/accounts/{label}", get(account::get))
        .route("/theatre", get(theatre::get))
        .route("/theatre/frames", get(theatre::frames))
        .route("/docs/problems", get(docs::problems))
        .route("/docs/api", get(docs::api))
        .route("/keeper", get(keeper::get))
        .route("/records", get(records::list))
        .route("/records/{seq}", get(records::one))
}
