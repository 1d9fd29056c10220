//! What happens now, and the service itself.

use super::{
    Answer, Kind, Media, Method, Param, Payload, Place, Route, Tied, Who, filter, in_path, list,
};

const fn bare(schema: &'static str, doc: &'static str) -> Answer {
    Answer { status: 200, payload: Payload::Bare(schema), doc }
}

const WEBHOOK: Param = in_path("webhook", Kind::Text(40), "The subscription's id.");

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
        filter("after_seq", Kind::Named("Seq"), "Begin behind this record; with what comes now if left out. 412 if the ledger has not come so far."),
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
        filter("kind", Kind::Command, "Only commands with this word."),
    ])
    .tied(Tied::Free),
    Route::one(
        "/v1/webhooks",
        "list_webhooks",
        &[list("Webhook")],
        [
            "live",
            "Subscriptions.",
            "Addresses that are told of each record, how far each has come and how its last delivery went. Secrets are never shown again.",
        ],
    )
    .tied(Tied::Free)
    .open_to(Who::Operator),
    Route::one(
        "/v1/webhooks",
        "create_webhook",
        &[Answer {
            status: 201,
            payload: Payload::Bare("WebhookCreated"),
            doc: "The subscription with its secret, which is shown this once.",
        }],
        [
            "live",
            "Subscribes.",
            "From now on each record is sent in a POST of its own, in order, as `{type, timestamp, data}`: the command's word, the record's \
             time, and the record as `/v1/events?detail=full` tells it. Deliveries are signed as Standard Webhooks say (`webhook-id`, \
             `webhook-timestamp`, `webhook-signature`). Answer 2xx within 15 seconds once the record is stored; after anything else the same \
             record is tried again, eight times in 28 hours as configured by default, and the subscription is then disabled; 410 disables it at once. A \
             record may come more than once: it has the same `webhook-id` then. 422 for an address that is not reached by https on a public \
             network, unless the service's configuration allows that.",
        ],
    )
    .sends(Method::Post, Some("WebhookRequest"))
    .open_to(Who::Operator),
    Route::one(
        "/v1/webhooks/{webhook}",
        "delete_webhook",
        &[Answer { status: 204, payload: Payload::Empty, doc: "Nothing more is delivered." }],
        ["live", "Ends a subscription.", "A delivery that is under way may still arrive."],
    )
    .with(&[WEBHOOK])
    .sends(Method::Delete, None)
    .open_to(Who::Operator),
    Route::one(
        "/v1/webhooks/{webhook}/test",
        "test_webhook",
        &[bare("WebhookTried", "How it went, also when it was not delivered.")],
        [
            "live",
            "Sends a delivery to try a subscription.",
            "One signed POST of type `webhook.test`, at once and without a second attempt. The subscription stays as it is.",
        ],
    )
    .with(&[WEBHOOK])
    .sends(Method::Post, None)
    .open_to(Who::Operator),
    Route::one(
        "/v1/webhooks/{webhook}/secret",
        "rotate_webhook_secret",
        &[bare("WebhookSecret", "The new secret, which is shown this once.")],
        [
            "live",
            "Makes a new secret.",
            "For 24 hours deliveries carry a signature by the new secret and one by the secret before, so that the receiver can change in between.",
        ],
    )
    .with(&[WEBHOOK])
    .sends(Method::Post, None)
    .open_to(Who::Operator),
    Route::one(
        "/v1/webhooks/{webhook}/resume",
        "resume_webhook",
        &[Answer { status: 204, payload: Payload::Empty, doc: "The next attempt is made at once." }],
        [
            "live",
            "Tries again.",
            "A subscription that is disabled, or waits for its next attempt, goes on at once with the record that it stopped at.",
        ],
    )
    .with(&[WEBHOOK])
    .sends(Method::Post, None)
    .open_to(Who::Operator),
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
