//! A picture on a page: the picture, the same values as a table, and a link to them as CSV.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use backstop_export::picture::{Form, Picture};
use std::fmt::Write as _;

/// One picture.
#[derive(Debug)]
pub(crate) struct Chart {
    name: &'static str,
    svg: String,
    table: String,
    csv: String,
    /// Whether a script may draw its table on a wide screen.
    plot: bool,
}

impl Chart {
    pub(crate) fn of(name: &'static str, picture: &dyn Picture) -> Self {
        let table = picture.table();
        let (svg, csv) = (picture.svg(Form::Inline), table.csv());
        Self { name, svg, table: table.html(), csv, plot: false }
    }
}

/// The pictures of a page, asked for by their names.
#[derive(Debug, Default)]
pub(crate) struct Charts {
    /// What the links to CSV go on with; empty or as `&loss=5`.
    query: String,
    charts: Vec<Chart>,
}

impl Charts {
    /// Pictures of a page whose address has these further fields.
    pub(crate) fn with(query: String) -> Self {
        Self { query, charts: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, picture: &dyn Picture) {
        self.charts.push(Chart::of(name, picture));
    }

    /// A value over time: a script draws its table with more room where there is a script and room.
    pub(crate) fn add_plot(&mut self, name: &'static str, picture: &dyn Picture) {
        self.charts.push(Chart { plot: true, ..Chart::of(name, picture) });
    }

    /// A picture as HTML; nothing where the page has none of that name.
    pub(crate) fn html(&self, name: &str) -> String {
        let Some(chart) = self.charts.iter().find(|chart| chart.name == name) else {
            return String::new();
        };
        let mut html = String::new();
        let (Chart { svg, table, .. }, query) = (chart, &self.query);
        let plot = if chart.plot { " data-plot" } else { "" };
        let _ = write!(
            html,
            "<figure class=\"picture\" id=\"{name}\"{plot}>{svg}<details><summary>The same as a table</summary>\
             <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of {name}\">{table}</div></details>\
             <p><a href=\"?csv={name}{query}\">CSV</a></p></figure>"
        );
        html
    }

    /// A picture's values as CSV, if that is what was asked for.
    pub(crate) fn csv(&self, name: Option<&str>) -> Option<Response> {
        let chart = self.charts.iter().find(|chart| Some(chart.name) == name)?;
        let disposition = format!("attachment; filename=\"{}.csv\"", chart.name);
        let head = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        Some((head, chart.csv.clone()).into_response())
    }
}
