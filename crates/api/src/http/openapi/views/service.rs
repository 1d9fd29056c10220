//! The service itself: problems and health.

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
];
