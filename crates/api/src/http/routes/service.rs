//! What happens now, and the service itself.

use super::{Answer, Kind, Media, Param, Payload, Place, Route, Tied, Who, filter};

const fn bare(schema: &'static str, doc: &'static str) -> Answer {
    Answer { status: 200, payload: Payload::Bare(schema), doc }
}

pub(super) const ROUTES: &[Route] = &[
    Route::one(
        "/v1/events",
        "stream_events",
        &[Answer {
            status: 200,
            payload: Payload::Other(Media::Events),
            doc: "Frames without end, each with the last sequence number it holds as its id.",
        }],
        [
            "live",
            "What happens, as it happens.",
            "Server-sent events, at most ten frames a second. Whoever was cut off goes on where he was: the browser \
             sends `Last-Event-ID` by itself. A comment comes every 15 seconds when nothing happens.",
        ],
    )
    .with(&[
        filter("after_seq", Kind::Named("Seq"), "Begin behind this record; with what comes now if left out."),
        Param {
            name: "Last-Event-ID",
            place: Place::Header,
            kind: Kind::Named("Seq"),
            required: false,
            doc: "The id of the last frame that came; stands above `after_seq`.",
        },
        filter("detail", Kind::Word(&["summary", "full"]), "What changed, or every record; a summary if left out."),
        filter("fund", Kind::Named("Label"), "Only what concerns this fund."),
        filter("market", Kind::Named("Label"), "Only what concerns this market."),
        filter("account", Kind::Named("Label"), "Only what concerns this account."),
        filter("kind", Kind::Text(40), "Only commands with this word."),
    ])
    .tied(Tied::Free),
    Route::one(
        "/v1/rejects",
        "list_rejects",
        &[bare("ProblemCodes", "All of them.")],
        ["service", "Every problem.", "What HTTP refuses and every rule of the ledger, each with status, words and what to do next."],
    )
    .tied(Tied::Free)
    .open_to(Who::Anyone),
    Route::one(
        "/v1/openapi.json",
        "get_openapi",
        &[Answer { status: 200, payload: Payload::Other(Media::OpenApi), doc: "The document." }],
        ["service", "This document.", "OpenAPI 3.1, printed from the declarations of the core."],
    )
    .tied(Tied::Free)
    .open_to(Who::Anyone),
    Route::one(
        "/livez",
        "get_liveness",
        &[bare("Health", "The process lives.")],
        ["service", "Whether the process lives.", "Restart it when this does not answer."],
    )
    .tied(Tied::Free)
    .open_to(Who::Anyone),
    Route::one(
        "/readyz",
        "get_readiness",
        &[bare("Health", "It can serve.")],
        ["service", "Whether the service can serve.", "Each check by its name: the writer, how far reads are behind, the read model, room in the journal. 503 when one fails."],
    )
    .tied(Tied::Free)
    .open_to(Who::Anyone),
    Route::one(
        "/metrics",
        "get_metrics",
        &[Answer { status: 200, payload: Payload::Other(Media::Text), doc: "Metrics as text." }],
        ["service", "Metrics.", "In the form that Prometheus reads; names begin with `backstop_`."],
    )
    .tied(Tied::Free)
    .open_to(Who::Anyone),
];
