//! The service itself: problems, health, webhooks.

use super::View;

pub(super) const VIEWS: &[View] = &[
    View {
        name: "Problem",
        doc: "A refusal (RFC 9457).",
        fields: &[
            ("type", "text", "The path of the page that explains it."),
            ("title", "text", "Which rule refused; the same words for every occurrence."),
            ("status", "int", "The HTTP status."),
            ("detail", "text", "This occurrence in a sentence."),
            ("instance", "text?", "The path that was asked."),
            ("code", "ProblemCode", "The stable code."),
            (
                "number",
                "int?",
                "The stable number of a refusal by the ledger; null for what HTTP refuses.",
            ),
            ("got", "text?", "The value that was offered."),
            ("limit", "text?", "The limit that it met."),
            ("hint", "text", "What to do next."),
            ("retryable", "bool", "Whether the same request may be sent again as it is."),
            ("errors", "[PointedError]", "What is wrong where."),
        ],
    },
    View {
        name: "ProblemCodeRow",
        doc: "One problem that an answer can carry.",
        fields: &[
            ("code", "ProblemCode", "The stable code."),
            ("number", "int?", "The stable number of a refusal by the ledger."),
            ("type", "text", "The path of the page that explains it."),
            ("status", "int", "The status of a refused command."),
            ("read_status", "int", "The status of a refused read."),
            ("title", "text", "Which rule refuses."),
            ("hint", "text", "What to do next."),
            ("retryable", "bool", "Whether the same request may be sent again as it is."),
        ],
    },
    View {
        name: "ProblemCodes",
        doc: "Every problem.",
        fields: &[("data", "[ProblemCodeRow]", "All of them.")],
    },
    View {
        name: "Health",
        doc: "How the service is doing.",
        fields: &[("status", "text", "`ok` or `failed`.")],
    },
    View {
        name: "WebhookView",
        doc: "A subscription.",
        fields: &[
            ("id", "text", "Its id."),
            ("url", "text", "Where deliveries go."),
            ("kinds", "[text]", "Words of the commands it hears of; empty for all."),
            ("created_at", "Timestamp", "Since when."),
            (
                "status",
                "text",
                "`active`; `failing` while the last attempt failed and another follows; `disabled` when none follows.",
            ),
            (
                "next_seq",
                "Seq",
                "The first record that it has not been told of, or that it does not want.",
            ),
            ("delivered", "int", "Deliveries that went well."),
            ("delivered_at", "Timestamp?", "When the last one did."),
            ("failures", "int", "Attempts that failed since then."),
            ("last_error", "text?", "Why the last one failed; null once one has gone well."),
            ("retry_at", "Timestamp?", "When the next attempt is made, while it is failing."),
            ("disabled_at", "Timestamp?", "Since when no attempt is made."),
        ],
    },
    View {
        name: "WebhookCreated",
        doc: "A subscription that was made.",
        fields: &[
            ("id", "text", "Its id."),
            ("url", "text", "Where deliveries go."),
            ("kinds", "[text]", "Words of the commands it hears of; empty for all."),
            ("next_seq", "Seq", "The first record that it will hear of, if it wants it."),
            ("secret", "text", "What deliveries are signed with, `whsec_…`; shown this once."),
        ],
    },
    View {
        name: "WebhookSecret",
        doc: "A new secret.",
        fields: &[
            ("id", "text", "The subscription's id."),
            (
                "secret",
                "text",
                "What deliveries are signed with from now on, `whsec_…`; shown this once.",
            ),
            (
                "previous_until",
                "Timestamp",
                "Until when they are signed with the secret before, too.",
            ),
        ],
    },
    View {
        name: "WebhookTried",
        doc: "How a delivery on trial went.",
        fields: &[
            ("id", "text", "Its `webhook-id`."),
            ("delivered", "bool", "Whether the receiver took it."),
            ("error", "text?", "Why it was not delivered."),
            ("took_ms", "int", "Milliseconds until that was known."),
        ],
    },
];
