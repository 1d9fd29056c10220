//! Commands, the log, accounts.

use super::{
    Answer, Kind, Method, Param, Payload, Place, Route, Tied, Who, filter, in_path, label, list,
    view,
};

const SEQ: Kind = Kind::Named("Seq");
const TIME: Kind = Kind::Named("Timestamp");

/// Filters of lists of records.
const RECORD_FILTERS: &[Param] = &[
    filter("kind", Kind::Command, "Only commands with this word, such as `settle_liquidation`."),
    filter("actor", Kind::Named("Label"), "Only what this account sent."),
    filter(
        "party",
        Kind::Party,
        "Only what concerns this one: a kind and a name, such as `fund:main`, `account:alice`, `market:btc`, `loss:loss_3`.",
    ),
    filter("from", TIME, "Not before this moment."),
    filter("to", TIME, "Before this moment."),
    filter("order", Kind::Word(&["newest", "oldest"]), "Which come first; the newest if left out."),
];

pub(super) const ROUTES: &[Route] = &[
    Route::one(
        "/v1/commands",
        "send_command",
        &[Answer {
            status: 200,
            payload: Payload::Bare("Receipt"),
            doc: "The command was recorded and is durable, or was before: then the first answer comes again, with the header `Idempotent-Replayed: true`. With `dry_run` the answer it would get now, and nothing was recorded.",
        }],
        [
            "commands",
            "Sends a command.",
            "Anything that changes the ledger is a command. `linked` makes one of several: all of them or none. The \
             client makes the id, a UUIDv7; the same id with the same body is answered once, also after a restart. \
             The id may come in the header `Idempotency-Key` instead of the body.",
        ],
    )
    .with(&[
        filter("dry_run", Kind::Flag, "Answer as if it were sent, and record nothing."),
        Param {
            name: "Idempotency-Key",
            place: Place::Header,
            kind: Kind::Named("Label"),
            required: false,
            doc: "The command's id, if the body has none.",
        },
    ])
    .sends(Method::Post, Some("CommandRequest"))
    .open_to(Who::Sender),
    Route::one(
        "/v1/ledger",
        "get_ledger",
        &[view("Ledger")],
        [
            "ledger",
            "Where the ledger stands.",
            "Its name, the durable end of the log with its root, what reads have applied, rules and limits.",
        ],
    )
    .tied(Tied::After),
    Route::one(
        "/v1/assets",
        "list_assets",
        &[list("Asset")],
        ["accounts", "Assets.", "Every registered asset with its decimals and what the books hold of it."],
    ),
    Route::one(
        "/v1/accounts/{account}",
        "get_account",
        &[view("Account")],
        [
            "accounts",
            "An account.",
            "Free and pending balances, stakes with their open tickets, gifts, and recoveries that wait to be claimed.",
        ],
    )
    .with(&[label("account", "Its name.")]),
    Route::one(
        "/v1/accounts/{account}/history",
        "list_account_history",
        &[list("RecordSummary")],
        ["accounts", "What happened to an account.", "Every record that concerns it, the newest first."],
    )
    .with(&[label("account", "Its name.")])
    .tied(Tied::After),
    Route::one(
        "/v1/accounts/{account}/positions",
        "list_account_positions",
        &[list("Position")],
        [
            "accounts",
            "An account's positions.",
            "Positions on hosted markets with their margin and how near deleveraging they are. Attached markets keep \
             positions at their venue.",
        ],
    )
    .with(&[label("account", "Its name.")]),
    Route::one(
        "/v1/accounts/{account}/loss_shares",
        "list_account_loss_shares",
        &[list("LossShare")],
        [
            "accounts",
            "What a loss would cost an account.",
            "The waterfall asked about a loss on one market: for each layer that would pay and that the account stands in \
             with a stake, a position or margin, what of it would be the account's.",
        ],
    )
    .with(&[
        label("account", "Its name."),
        Param { name: "market", place: Place::Query, kind: Kind::Named("Label"), required: true, doc: "On which market." },
        Param { name: "loss", place: Place::Query, kind: Kind::Named("Amount"), required: true, doc: "How large, in atoms of the market's asset." },
    ]),
    Route::one(
        "/v1/proposals",
        "list_proposals",
        &[list("Proposal")],
        [
            "ledger",
            "What waits for signatures or time.",
            "Each with the exact bytes to sign, their digest, who has signed and from when on it can be executed.",
        ],
    )
    .with(&[filter("open", Kind::Flag, "Only those that are neither executed nor cancelled.")]),
    Route::one(
        "/v1/records",
        "list_records",
        &[list("RecordSummary")],
        ["ledger", "The log.", "Records with their command and the number of events; one of them by its number has all."],
    )
    .with(RECORD_FILTERS)
    .tied(Tied::After),
    Route::one(
        "/v1/records/{seq}",
        "get_record",
        &[view("Record")],
        ["ledger", "A record.", "The command as it was sent, and every event it turned out to mean."],
    )
    .with(&[in_path("seq", SEQ, "Its sequence number.")])
    .tied(Tied::After),
    Route::one(
        "/v1/records/{seq}/proof",
        "get_record_proof",
        &[Answer {
            status: 200,
            payload: Payload::Bare("Proof"),
            doc: "The record's bytes, its path and a signed checkpoint.",
        }],
        [
            "ledger",
            "The proof that a record is in the log.",
            "A file that `backstop proof check` reads without this service: the record, the hashes from its leaf to the root, \
             and the earliest signed checkpoint that covers it.",
        ],
    )
    .with(&[in_path("seq", SEQ, "Its sequence number.")])
    .tied(Tied::After),
    Route::one(
        "/v1/checkpoints",
        "list_checkpoints",
        &[list("Checkpoint")],
        ["ledger", "Signed checkpoints.", "The size that each covers with the signed note, the oldest first."],
    )
    .tied(Tied::Free),
    Route::one(
        "/v1/checkpoints/latest",
        "get_latest_checkpoint",
        &[Answer {
            status: 200,
            payload: Payload::Other(super::Media::Text),
            doc: "The signed note as it is.",
        },
        Answer { status: 204, payload: Payload::Empty, doc: "None was signed yet." }],
        ["ledger", "The newest checkpoint.", "The signed note in the form that witnesses read, as text."],
    )
    .tied(Tied::Free),
];
