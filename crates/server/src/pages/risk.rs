//! The risk desk: the last run, a what-if that runs in the background, and the history of runs.
//!
//! A run costs minutes of a processor, so only the operator begins or stops one; everybody who may read sees what came
//! out. The parts of a report come from `backstop_export::risk`, the same as in the file.

mod ask;

use self::ask::{FIELDS, Faults, Field, changed, differences};
use super::{
    shell::{Page, Shell, page},
    view::grouped,
};
use crate::{
    app::App,
    extract::{Named, Text},
    identity::{Caller, wall},
    problem::{HttpProblem, Problem},
    risk::{DeskRefusal, End, Job, Kept, Line, NoReport, Seen, settled},
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
use backstop_risk::desk::Setup;
use std::sync::Arc;

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
    /// The run that is under way.
    running: Option<u64>,
    /// The runs that were under way before the lines were read, or are after it.
    under_way: Vec<Arc<Job>>,
    asked: Asked,
}

/// The form: values in the order of [`FIELDS`]; none without a settings file.
struct Asked {
    values: Vec<(&'static Field, String)>,
    why_not: Option<String>,
    /// What was wrong with what was entered.
    faults: Faults,
    csrf: String,
    may: bool,
}

impl Asked {
    /// What is wrong with a field.
    fn wrong_with(&self, name: &str) -> Option<&str> {
        let found = self.faults.iter().find(|(known, _)| *known == name);
        found.map(|(_, fault)| fault.as_str())
    }

    /// What is wrong with none of the fields alone.
    fn wrong_at_all(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().filter(|(name, _)| name.is_empty()).map(|(_, fault)| fault.as_str())
    }
}

impl Home {
    /// Whether a line that knows no end may be of a run that has one by now.
    fn is_running(&self, line: &Line) -> bool {
        self.under_way.iter().any(|job| job.id() == line.id)
    }

    /// The colour of a run's outcome, which its word says too.
    fn tone(&self, line: &Line) -> &'static str {
        match line.end {
            End::Report => "good",
            End::Begun if self.is_running(line) => "",
            End::Stopped(_) => "warn",
            End::Begun | End::Failed(_) => "bad",
        }
    }
}

async fn home(Of(app): Of<App>, caller: Caller) -> Page {
    let asked = Asked::fresh(&app, &caller).await?;
    Ok(page(&shown(&app, asked).await?))
}

/// Does what waits for files on a thread that answers nobody.
async fn aside<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    tokio::task::spawn_blocking(move || work(&app)).await.map_err(|_| Problem::internal())
}

async fn shown(app: &App, asked: Asked) -> Result<Home, Problem> {
    let read = |app: &App| {
        let desk = app.desk();
        let last = desk.last().map(|(id, report)| (id, sections(&report)));
        let (lines, under_way) = desk.look(Kept::lines);
        (last, lines, under_way)
    };
    let (last, lines, under_way) = aside(app, read).await?;
    let running = under_way.iter().find(|job| job.is_running()).map(|job| job.id());
    Ok(Home { shell: Shell::new(app, "Risk", "risk"), last, lines, running, under_way, asked })
}

impl Asked {
    async fn fresh(app: &App, caller: &Caller) -> Result<Self, Problem> {
        let begins = aside(app, settings).await?;
        let shown =
            |setup: &Setup| FIELDS.iter().map(|field| (field, field.shown(setup))).collect();
        let values = begins.as_ref().map(shown).unwrap_or_default();
        let why_not = begins.err().map(|error: DeskRefusal| error.to_string());
        Ok(Self {
            values,
            why_not,
            faults: Faults::new(),
            csrf: caller.csrf().unwrap_or_default().to_owned(),
            may: caller.proving(caller.csrf()).operates_for_sure().is_ok(),
        })
    }
}

/// What a run begins from: the settings file, with what it leaves to the ledger as it is now.
fn settings(app: &App) -> Result<Setup, DeskRefusal> {
    let setup = app.desk().setup()?;
    app.engine().read(|state| settled(setup, state))
}

/// Begins what a form asks for.
fn begun(app: &App, entered: &[(String, String)]) -> Result<u64, Faults> {
    let refused = |error: DeskRefusal| at_all(error.to_string());
    let setup = settings(app).map_err(refused)?;
    let asked = changed(&setup, entered)?;
    let changes = differences(&setup, &asked);
    let order = app.desk().order(asked).map_err(refused)?;
    let order = app.engine().read(|state| order.beside(state)).map_err(refused)?;
    app.desk().begin(order, changes, wall().to_string()).map_err(refused)
}

async fn begin(Of(app): Of<App>, caller: Caller, Text(body): Text) -> Page {
    let entered: Vec<(String, String)> =
        serde_urlencoded::from_str(&body).map_err(|_| Problem::http(HttpProblem::Malformed))?;
    let token = entered.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
    caller.proving(token).operates_for_sure()?;
    let form = entered.clone();
    let begun = aside(&app, move |app| begun(app, &form)).await?;
    match begun {
        Ok(id) => Ok(Redirect::to(&format!("{}/risk/runs/{id}", app.base())).into_response()),
        Err(faults) => {
            let mut asked = Asked::fresh(&app, &caller).await?;
            for (field, value) in &mut asked.values {
                let found = entered.iter().find(|(name, _)| name == field.name);
                if let Some((_, text)) = found {
                    value.clone_from(text);
                }
            }
            asked.faults = faults;
            let mut response = page(&shown(&app, asked).await?);
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

/// What is wrong with no field of the form alone.
fn at_all(fault: String) -> Faults {
    vec![("", fault)]
}

#[derive(Template)]
#[template(path = "risk_run.html")]
struct Under {
    shell: Shell,
    line: Line,
    seen: Option<Seen>,
    /// Why there is no report; none where there is one, or may yet be.
    why_not: Option<String>,
    /// Why the report that there is can't be shown.
    unread: Option<String>,
    sections: Vec<Section>,
    csrf: String,
    may: bool,
}

async fn one(Of(app): Of<App>, Named(id): Named<u64>, caller: Caller) -> Page {
    let read = move |app: &App| {
        let (line, under_way) = app.desk().look(|kept| kept.line(id));
        let line = line?;
        let job = under_way.into_iter().find(|job| job.id() == id);
        // A line that knows an end knows more than whoever asked before it was read.
        let seen = job.filter(|_| line.end == End::Begun).map(|job| job.seen());
        let why_not = line.why_not(seen.is_some());
        let shown = line.has_report().then(|| Ok(sections(&app.desk().report(id)?)));
        let (sections, unread) = match shown.transpose() {
            Ok(sections) => (sections.unwrap_or_default(), None),
            Err(why) => (Vec::new(), Some(NoReport::to_string(&why))),
        };
        Some((line, seen, why_not, unread, sections))
    };
    let found = aside(&app, read).await?;
    let (line, seen, why_not, unread, sections) = found.ok_or_else(|| unknown(id))?;
    let csrf = caller.csrf().unwrap_or_default().to_owned();
    let may = caller.proving(caller.csrf()).operates_for_sure().is_ok();
    let shell = Shell::new(&app, format!("Risk run {id}"), "risk");
    Ok(page(&Under { shell, line, seen, why_not, unread, sections, csrf, may }))
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

    const fn id(&self) -> u64 {
        self.id
    }
}

impl Under {
    fn base(&self) -> &str {
        &self.shell.base
    }

    /// For the part that the page has in common with [`Bar`].
    const fn id(&self) -> u64 {
        self.line.id
    }
}

/// Quote units without their fraction, grouped.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
fn money(amount: &f64) -> String {
    grouped(&format!("{amount:.0}"))
}

/// The part of a run's page that changes while it is under way.
async fn progress(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let job = app.desk().running().filter(|job| job.id() == id);
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
    // One that has ended needs no stopping: its page says how it did.
    if let Some(job) = app.desk().running().filter(|job| job.id() == id) {
        job.stop("by the operator");
    }
    Ok(Redirect::to(&format!("{}/risk/runs/{id}", app.base())).into_response())
}

fn unknown(id: u64) -> Problem {
    none(&NoReport::NoRun(id))
}

fn none(why: &NoReport) -> Problem {
    Problem::not_found(why.to_string())
}

/// A file to keep: the page has its own styles, which ours would not let in.
fn file(name: &str, kind: &'static str, text: String) -> Response {
    let kept = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, kept)], text)
        .into_response()
}

async fn html(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let read = move |app: &App| app.desk().report(id).map(|report| whole_page(&report));
    let text = aside(&app, read).await?.map_err(|why| none(&why))?;
    Ok(file(&format!("risk-{id:06}.html"), "text/html; charset=utf-8", text))
}

async fn json(Of(app): Of<App>, Named(id): Named<u64>) -> Page {
    let text = aside(&app, move |app| app.desk().text(id)).await?.map_err(|why| none(&why))?;
    Ok(file(&format!("risk-{id:06}.json"), "application/json", text))
}
