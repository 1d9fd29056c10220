//! The HTTP API as data: its routes, its problems, and what they are described with. Nothing here
//! opens a socket; the server makes its router from [`ROUTES`], and every page of the reference is
//! printed from the same tables.

mod openapi;
mod problem;
mod reference;
mod routes;
mod status;
mod webhook;

pub use openapi::openapi;
pub use problem::{PointedError, Problem};
pub use reference::{problem_codes, problems_text};
pub use routes::{
    Answer, FUND_REASONS, Kind, Media, Method, NAMED_PARTIES, NUMBERED_PARTIES, Param, Payload,
    Place, ROUTES, Route, TAGS, Tied, Who, routes,
};
pub use status::{HTTP_PROBLEMS, HttpProblem, read_status, retryable, status};
pub use webhook::{WEBHOOK_KINDS_MAX, WEBHOOK_URL_MAX, WebhookRequest};
