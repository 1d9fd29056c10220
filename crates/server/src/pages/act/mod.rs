//! Forms that change something: filled in, tried with its consequences shown, then confirmed.
//!
//! ```text
//!   GET  /act/<form>?tranche=…      the form, with what the link knows filled in
//!   POST /act/<form>  step=try      a dry run: what would change; nothing is recorded
//!   POST /act/<form>  step=do       the same command with the same id, so that a second click changes nothing
//! ```
//!
//! A form is a row of [`table::FORMS`]: which command it sends and which fields it asks for. The rules are
//! the core's; a field that is wrong is told by the same readers as a file's or a request's.

mod difference;
mod read;
mod table;

pub(crate) use table::{FORMS, Form};

use super::{
    shell::{Page, Shell, page},
    view::View,
};
use crate::{
    app::App,
    commands::{fresh_id, rehearse, send},
    extract::{Asked, Named, Text},
    identity::Caller,
    problem::Problem,
};
use askama::Template;
use axum::{Router, extract::State as Of, response::Response, routing::get};
use backstop_api::{account_view, event_json};
use backstop_core::{Command, State};
use backstop_units::{Label, Timestamp};
use difference::Change;
use read::{Entered, Wrong};
use serde_json::Value;

/// Every form.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/act", get(list)).route("/act/{form}", get(empty).post(posted))
}

#[derive(Template)]
#[template(path = "acts.html")]
struct List {
    shell: Shell,
    forms: &'static [Form],
}

async fn list(Of(app): Of<App>) -> Page {
    Ok(page(&List { shell: Shell::new(&app, "What you can do", "act"), forms: FORMS }))
}

fn form(name: &str) -> Result<&'static Form, Problem> {
    let found = FORMS.iter().find(|form| form.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no form `{name}`; /act lists them")))
}

#[derive(Template)]
#[template(path = "act.html")]
struct Asking {
    shell: Shell,
    form: &'static Form,
    entered: Entered,
    wrong: Option<Wrong>,
}

impl Asking {
    /// What is wrong with one field, if it is that one.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        let wrong = self.wrong.as_ref().filter(|wrong| wrong.field == field)?;
        Some(&wrong.what)
    }

    /// What is wrong with none of the fields alone.
    fn wrong_at_all(&self) -> Option<&Wrong> {
        let known = |field: &str| self.form.fields.iter().any(|known| known.name == field);
        self.wrong.as_ref().filter(|wrong| !known(&wrong.field))
    }
}

async fn empty(
    Of(app): Of<App>,
    Named(name): Named<String>,
    Asked(fields): Asked<Vec<(String, String)>>,
) -> Page {
    let form = form(&name)?;
    let shell = Shell::new(&app, form.title, "act");
    Ok(page(&Asking { shell, form, entered: Entered::of(fields), wrong: None }))
}

async fn posted(
    Of(app): Of<App>,
    Named(name): Named<String>,
    caller: Caller,
    Text(body): Text,
) -> Page {
    let form = form(&name)?;
    let entered = Entered::parse(&body)?;
    let id = entered.id().unwrap_or_else(|| fresh_id(&app));
    let made = app.look({
        let entered = entered.clone();
        move |state, _| read::command(form, &entered, state, id)
    });
    let command = match made.await? {
        Ok(command) => command,
        Err(wrong) => return Ok(asked_again(&app, form, entered, wrong)),
    };
    let done = entered.get("step") == Some("do");
    let outcome = if done {
        carry_out(&app, form, command, &caller.proving(entered.get("csrf"))).await
    } else {
        try_out(&app, form, (command, &entered), &caller).await
    };
    match outcome {
        // What a rule refuses is told beside the form, with everything still filled in.
        Err(problem) if problem.0.number.is_some() => {
            Ok(asked_again(&app, form, entered, Wrong::of(&problem)))
        }
        other => other,
    }
}

fn asked_again(app: &App, form: &'static Form, entered: Entered, wrong: Wrong) -> Response {
    let shell = Shell::new(app, form.title, "act");
    let mut response = page(&Asking { shell, form, entered, wrong: Some(wrong) });
    *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    response
}

#[derive(Template)]
#[template(path = "act_try.html")]
struct Tried {
    shell: Shell,
    form: &'static Form,
    entered: Vec<(String, String)>,
    id: Label,
    actor: Label,
    changes: Vec<Change>,
    events: Vec<View>,
    csrf: String,
    /// Whether the caller could send it now.
    may: bool,
}

async fn try_out(
    app: &App,
    form: &'static Form,
    (command, entered): (Command, &Entered),
    caller: &Caller,
) -> Page {
    let (id, actor) = (command.id, command.actor);
    let about = entered.get("account").and_then(|label| Label::parse(label).ok()).unwrap_or(actor);
    let before = app.look(move |state, now| seen(state, about, now)).await?;
    let tried = rehearse(app, command, move |state, receipt| {
        let told = receipt.events.iter().map(|event| View(event_json(event, state)));
        let changes = difference::between(&before, &seen(state, about, receipt.time), state);
        (changes, told.collect::<Vec<_>>())
    });
    let (changes, events) = tried.await?;
    Ok(page(&Tried {
        shell: Shell::new(app, form.title, "act"),
        form,
        entered: entered.asked(form),
        id,
        actor,
        changes,
        events,
        csrf: caller.csrf().unwrap_or_default().to_owned(),
        may: caller.proving(caller.csrf()).sends_as(actor).is_ok(),
    }))
}

/// What an account has; nothing where there is none.
fn seen(state: &State, account: Label, now: Timestamp) -> Value {
    account_view(state, account, now).unwrap_or(Value::Null)
}

#[derive(Template)]
#[template(path = "act_done.html")]
struct Done {
    shell: Shell,
    form: &'static Form,
    actor: Label,
    seq: u64,
    replayed: bool,
    events: Vec<View>,
}

async fn carry_out(app: &App, form: &'static Form, command: Command, caller: &Caller) -> Page {
    let actor = command.actor;
    caller.sends_as(actor)?;
    let receipt = send(app, command).await?;
    let events = app
        .engine()
        .read(|state| receipt.events.iter().map(|event| View(event_json(event, state))).collect());
    Ok(page(&Done {
        shell: Shell::new(app, form.title, "act"),
        form,
        actor,
        seq: receipt.seq.get(),
        replayed: receipt.replayed,
        events,
    }))
}
