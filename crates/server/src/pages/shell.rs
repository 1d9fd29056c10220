//! What stands around every page, and how a page becomes an answer.

use crate::{app::App, problem::Problem};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use backstop_units::{Seq, Timestamp};

/// What the frame around a page shows.
#[derive(Debug)]
pub(crate) struct Shell {
    /// What the page is about.
    pub(crate) title: String,
    /// What stands before every path.
    pub(crate) base: String,
    /// The ledger's name for people.
    pub(crate) ledger: String,
    /// Which entry of the menu this page belongs to.
    pub(crate) tab: &'static str,
    /// Records that the page's numbers are made of.
    pub(crate) seq: Seq,
    /// The ledger's time.
    pub(crate) now: Timestamp,
    /// Other ledgers served here: path and title.
    pub(crate) others: Vec<(String, String)>,
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) htmx: String,
    pub(crate) uplot: String,
    pub(crate) uplot_css: String,
}

impl Shell {
    pub(crate) fn new(app: &App, title: impl Into<String>, tab: &'static str) -> Self {
        let assets = app.assets();
        let others = app.ledgers().map(|(path, title)| (path, title.to_owned())).collect();
        Self {
            title: title.into(),
            base: app.base().to_owned(),
            ledger: app.title().to_owned(),
            tab,
            seq: app.engine().applied_seq(),
            now: app.engine().now(),
            others,
            css: assets.css.clone(),
            js: assets.js.clone(),
            htmx: assets.htmx.clone(),
            uplot: assets.uplot.clone(),
            uplot_css: assets.uplot_css.clone(),
        }
    }

    /// The first page's address.
    pub(crate) fn home(&self) -> &str {
        if self.base.is_empty() { "/" } else { &self.base }
    }

    /// `current` on the menu's entry for this page.
    pub(crate) fn current(&self, tab: &str) -> &'static str {
        if self.tab == tab { "page" } else { "false" }
    }
}

/// Renders a template.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            Problem::internal().into_response()
        }
    }
}

/// What a page's handler returns: an answer, or a refusal that is shown as a page.
pub(crate) type Page = Result<Response, Problem>;

/// A refusal as a page.
#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    shell: Shell,
    status: u16,
    code: &'static str,
    detail: String,
    hint: String,
}

/// A refusal as a page.
pub(crate) fn refused(app: &App, problem: &Problem) -> Response {
    let problem = &problem.0;
    page(&Refused {
        shell: Shell::new(app, problem.title, ""),
        status: problem.status,
        code: problem.code,
        detail: problem.detail.clone(),
        hint: problem.hint.clone(),
    })
}
