//! The risk desk: the last run, a what-if that runs in the background, and the history of runs.
//!
//! A run costs minutes of a processor, so only the operator begins or stops one; everybody who may read sees what came
//! out. The parts of a report come from `backstop_export::risk`, the same as in the file.

use super::{
    shell::{Page, Shell, page},
    view::grouped,
};
use crate::{
    app::App,
    extract::{Named, Text},
    identity::{Caller, wall},
    problem::{HttpProblem, Problem},
    risk::{DeskRefusal, Line, Seen, settled},
};
use askama::Template;
use axum::{
    Router,
    extract::State as Of,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use backstop_export::risk::{Section, page as whole_page, sections};
use backstop_risk::desk::{LedgerFund, Report, Setup};

/// What the form may change, with the words beside it. Everything else is in the settings file.
const FIELDS: [Field; 8] = [
    Field { name: "fund", label: "What the fund holds", unit: "quote" },
    Field { name: "income", label: "Fee income of a day", unit: "quote" },
    Field { name: "scenarios", label: "Scenarios", unit: "number" },
    Field { name: "seed", label: "Seed", unit: "whole number" },
    Field { name: "latency", label: "From margin call to close", unit: "seconds" },
    Field { name: "jump", label: "Part of a step's move that comes at once", unit: "0 to 1" },
    Field {
        name: "depth",
        label: "Part of calm depth left in a crash",
        unit: "above 0, at most 1",
    },
    Field {
        name: "uncovered",
        label: "Cost of a unit that is not covered",
        unit: "times the unit",
    },
];

#[derive(Debug)]
struct Field {
    name: &'static str,
    label: &'static str,
    unit: &'static str,
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/risk", get(home).post(begin))
        .route("/risk/runs/{id}", get(one))
        .route("/risk/runs/{id}/progress", get(progress))
        .route("/risk/runs/{id}/stop", post(stop))
        .route("/risk/runs/{id}/report.html", get(html))
        .route("/risk/runs/{id}/report.json", get(json))
}

#[derive(Template)]
#[template(path = "risk.html")]
struct Home {
    shell: Shell,
    /// The last run with its parts; none before the first.
    last: Option<(u64, Vec<Section>)>,
    lines: Vec<Line>,
    running: Option<u64>,
    asked: Asked,
}

/// The form: values in the order of [`FIELDS`]; none without a settings file.
struct Asked {
    values: Vec<(&'static Field, String)>,
    why_not: Option<String>,
    wrong: Option<String>,
    csrf: String,
    may: bool,
}

async fn home(Of(app): Of<App>, caller: Caller) -> Page {
    let asked = Asked::fresh(&app, &caller).await?;
    Ok(page(&shown(&app, asked).await?))
}

async fn shown(app: &App, asked: Asked) -> Result<Home, Problem> {
    let reading = app.clone();
    // Reports are files of some hundred thousand bytes: not on a thread that answers.
    let read = move || {
        let desk = reading.desk();
        let last = desk.last().map(|(id, report)| (id, sections(&report)));
        (last, desk.kept().lines())
    };
    let (last, lines) = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?;
    let running = app.desk().running().map(|job| job.id());
    Ok(Home { shell: Shell::new(app, "Risk", "risk"), last, lines, running, asked })
}

impl Asked {
    async fn fresh(app: &App, caller: &Caller) -> Result<Self, Problem> {
        let begins = settings(app).await?;
        let values = begins.as_ref().map(|(setup, _)| values(setup)).unwrap_or_default();
        let why_not = begins.err().map(|error: DeskRefusal| error.to_string());
        Ok(Self {
            values: FIELDS.iter().zip(values).collect(),
            why_not,
            wrong: None,
            csrf: caller.csrf().unwrap_or_default().to_owned(),
            may: caller.proving(caller.csrf()).operates_for_sure().is_ok(),
        })
    }
}

/// What a run begins from: the settings file, and the ledger's fund as it is now.
async fn settings(app: &App) -> Result<Result<(Setup, Option<LedgerFund>), DeskRefusal>, Problem> {
    match app.desk().setup() {
        Ok(setup) => app.look(move |state, _| settled(setup, state)).await,
        Err(refused) => Ok(Err(refused)),
    }
}

/// What a form shows of settings.
fn values(setup: &Setup) -> Vec<String> {
    vec![
        setup.fund.size.to_string(),
        setup.fund.income_per_day.to_string(),
        setup.scenarios.number.to_string(),
        setup.seed.to_string(),
        setup.closing.latency_seconds.to_string(),
        setup.closing.jump_share.to_string(),
        setup.impact.floor.to_string(),
        setup.costs.uncovered.to_string(),
    ]
}

/// Settings with what a form asks for; the rest as the file has it.
fn changed(mut setup: Setup, entered: &[(String, String)]) -> Result<Setup, String> {
    for (name, text) in entered {
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else { continue };
        let text = text.trim();
        let wrong = || format!("{}: got `{text}`, expected {}", field.label, field.unit);
        let number = || text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong);
        match field.name {
            "fund" => setup.fund.size = number()?,
            "income" => setup.fund.income_per_day = number()?,
            "scenarios" => setup.scenarios.number = text.parse().map_err(|_| wrong())?,
            "seed" => setup.seed = text.parse().map_err(|_| wrong())?,
            "latency" => setup.closing.latency_seconds = number()?,
            "jump" => setup.closing.jump_share = number()?,
            "depth" => setup.impact.floor = number()?,
            _ => setup.costs.uncovered = number()?,
        }
    }
    Ok(setup)
}

async fn begin(Of(app): Of<App>, caller: Caller, Text(body): Text) -> Page {
    let entered: Vec<(String, String)> =
        serde_urlencoded::from_str(&body).map_err(|_| Problem::http(HttpProblem::Malformed))?;
    let token = entered.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
    caller.proving(token).operates_for_sure()?;
    let begins = settings(&app).await?.map_err(|error| error.to_string());
    let begun = begins.and_then(|(setup, fund)| {
        let setup = changed(setup, &entered)?;
        app.desk().begin((setup, fund), wall().to_string()).map_err(|error| error.to_string())
    });
    match begun {
        Ok(id) => Ok(Redirect::to(&format!("{}/risk/runs/{id}", app.base())).into_response()),
        Err(wrong) => {
            let mut asked = Asked::fresh(&app, &caller).await?;
            for (field, value) in &mut asked.values {
                let found = entered.iter().find(|(name, _)| name == field.name);
                if let Some((_, text)) = found {
                    value.clone_from(text);
                }
            }
            asked.wrong = Some(wrong);
            let mut response = page(&shown(&app, asked).await?);
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

#[derive(Template)]
#[template(path = "risk_run.html")]
struct Under {
    shell: Shell,
    id: u64,
    seen: Option<Seen>,
    failed: Option<String>,
    sections: Vec<Section>,
    csrf: String,
    may: bool,
}

async fn one(Of(app): Of<App>, Named(id): Named<u64>, caller: Caller) -> Page {
    let job = app.desk().job(id);
    let seen = job.as_ref().filter(|job| job.is_running()).map(|job| job.seen());
    let failed = job.as_ref().and_then(|job| job.failed());
    let sections = if seen.is_none() && failed.is_none() {
        sections(&report(&app, id).await?)
    } else {
        Vec::new()
    };
    let csrf = caller.csrf().unwrap_or_default().to_owned();
    let may = caller.proving(caller.csrf()).operates_for_sure().is_ok();
    let shell = Shell::new(&app, format!("Risk run {id}"), "risk");
    Ok(page(&Under { shell, id, seen, failed, sections, csrf, may }))
}

#[derive(Template)]
#[template(path = "risk_progress.html")]
struct Bar {
    base: String,
    id: u64,
    seen: Option<Seen>,
}

impl Bar {
    fn base(&self) -> &str {
        &self.base
    }
}

impl Under {
    fn base(&self) -> &str {
        &self.shell.base
    }
}

/// Quote units without their fraction, grouped.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
fn money(amount: &f64) -> String {
    grouped(&format!("{amount:.0}"))
}

/// The part of a run's page that changes while it is under way.
async fn progress(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let job = app.desk().job(id).filter(|job| job.is_running());
    let seen = job.map(|job| job.seen());
    let done = seen.is_none();
    let mut response = page(&Bar { base: app.base().to_owned(), id, seen });
    if done {
        // The page has something else to show now.
        response.headers_mut().insert("hx-refresh", header::HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn stop(Of(app): Of<App>, Named(id): Named<u64>, caller: Caller, Text(body): Text) -> Page {
    let entered: Vec<(String, String)> = serde_urlencoded::from_str(&body).unwrap_or_default();
    let token = entered.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
    caller.proving(token).operates_for_sure()?;
    let job = app.desk().job(id).ok_or_else(|| unknown(id))?;
    job.stop();
    Ok(Redirect::to(&format!("{}/risk/runs/{id}", app.base())).into_response())
}

fn unknown(id: u64) -> Problem {
    Problem::not_found(format!("no run {id} is kept; /risk lists them"))
}

async fn report(app: &App, id: u64) -> Result<Report, Problem> {
    let reading = app.clone();
    let read = move || reading.desk().kept().read(id);
    let found = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?;
    found.ok_or_else(|| unknown(id))
}

/// A file to keep: the page has its own styles, which ours would not let in.
fn file(name: &str, kind: &'static str, text: String) -> Response {
    let kept = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, kept)], text)
        .into_response()
}

async fn html(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let report = report(&app, id).await?;
    let name = format!("risk-{id:06}.html");
    Ok(file(&name, "text/html; charset=utf-8", whole_page(&report)))
}

async fn json(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let reading = app.clone();
    let read = move || reading.desk().kept().text(id);
    let found = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?;
    let text = found.ok_or_else(|| unknown(id))?;
    Ok(file(&format!("risk-{id:06}.json"), "application/json", text))
}
