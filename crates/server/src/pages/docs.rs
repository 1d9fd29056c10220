//! The reference as pages: every problem, every route, from the tables that answer them.

use super::{
    shell::{Page, Shell, page},
    view::View,
};
use crate::app::App;
use askama::Template;
use axum::extract::State as Of;
use backstop_api::http::{
    Kind, Param, Payload, Place, Route, TAGS, Tied, Who, problem_codes, routes,
};
use serde_json::Value;

#[derive(Template)]
#[template(path = "docs_problems.html")]
struct Problems {
    shell: Shell,
    rows: Vec<View>,
}

/// Every code that an answer can carry; a problem's `type` leads to its row.
pub(crate) async fn problems(Of(app): Of<App>) -> Page {
    let rows = match problem_codes() {
        Value::Array(rows) => rows.into_iter().map(View).collect(),
        _ => Vec::new(),
    };
    Ok(page(&Problems { shell: Shell::new(&app, "Problems", ""), rows }))
}

/// A part of the API with its routes.
struct Part {
    tag: &'static str,
    about: &'static str,
    routes: Vec<Told>,
}

/// A route in words.
struct Told {
    route: &'static Route,
    method: String,
    who: &'static str,
    tied: &'static str,
    params: Vec<(Param, &'static str, String)>,
    answers: Vec<(u16, String, &'static str)>,
    problems: String,
}

#[derive(Template)]
#[template(path = "docs_api.html")]
struct Api {
    shell: Shell,
    parts: Vec<Part>,
}

/// Every route: who may call it, what it takes, what it answers.
pub(crate) async fn api(Of(app): Of<App>) -> Page {
    let parts = TAGS.iter().map(|(tag, about)| {
        let of = routes().filter(|route| route.tag == *tag);
        Part { tag, about, routes: of.map(told).collect() }
    });
    Ok(page(&Api { shell: Shell::new(&app, "API", ""), parts: parts.collect() }))
}

fn told(route: &'static Route) -> Told {
    let params = route.params().into_iter();
    let answers = route.answers.iter();
    Told {
        route,
        method: route.method.word().to_uppercase(),
        who: who(route.who),
        tied: tied(route.tied),
        params: params.map(|param| (param, place(param.place), kind(param.kind))).collect(),
        answers: answers.map(|it| (it.status, payload(it.payload), it.doc)).collect(),
        problems: route.problems().iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    }
}

const fn who(who: Who) -> &'static str {
    match who {
        Who::Anyone => "anybody, always",
        Who::Reader => "anybody where reads are public, otherwise any key",
        Who::Sender => "a key that may send commands, as its accounts",
        Who::Operator => "a key of an operator",
    }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Path => "in the path",
        Place::Query => "in the query",
        Place::Header => "a header",
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Named(name) => name.to_owned(),
        Kind::Count(least, most) => format!("{least} to {most}"),
        Kind::Flag => "true or false".to_owned(),
        Kind::Word(words) => words.join(", "),
        Kind::Text(most) => format!("text of at most {most} characters"),
        Kind::Command => "the word of a command, or genesis".to_owned(),
        Kind::Party => "a kind and a name, such as fund:main".to_owned(),
    }
}

fn payload(payload: Payload) -> String {
    match payload {
        Payload::One(view) => format!("one {view}"),
        Payload::List(view) => format!("a list of {view}, in pages"),
        Payload::Bare(schema) => schema.to_owned(),
        Payload::Other(media) => media.word().to_owned(),
        Payload::Empty => "nothing".to_owned(),
    }
}

/// How a read may be tied to a record, in words; nothing where it can't be.
const fn tied(tied: Tied) -> &'static str {
    match tied {
        Tied::Free => "",
        Tied::After => "Can wait for a record.",
        Tied::At => "Can wait for a record, or tell how it was just after one.",
    }
}
