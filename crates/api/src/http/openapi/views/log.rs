//! The ledger, its records, proofs, proposals.

use super::View;

pub(super) const VIEWS: &[View] = &[
    View {
        name: "LedgerView",
        doc: "Where the ledger stands.",
        fields: &[
            ("ledger", "Label", "Its name."),
            ("rules", "int", "The rules version in force."),
            ("records", "int", "Records that are durable: the size of the tree."),
            ("root", "Hash", "The tree's root over them."),
            ("applied", "int", "Records that reads have."),
            ("now", "Timestamp", "The ledger's time: that of its last record."),
            ("limits", "Limits", "Its limits, fixed at its genesis."),
            ("council", "CouncilRow", "Who approves."),
            ("accounts", "int", "Open accounts."),
            ("funds", "int", "Funds."),
            ("markets", "int", "Markets."),
            ("losses", "int", "Losses, of every status."),
        ],
    },
    View {
        name: "CouncilRow",
        doc: "Keys of which several must sign.",
        fields: &[
            ("keys", "[PublicKey]", "The keys."),
            ("threshold", "int", "How many must sign."),
            ("nonce", "int", "The highest nonce that was used."),
        ],
    },
    View {
        name: "RecordSummaryView",
        doc: "A record in a list.",
        fields: &[
            ("seq", "Seq", "Its place in the log."),
            ("time", "Timestamp", "When the writer stamped it."),
            ("id", "Label?", "The command's id; null for the genesis."),
            ("actor", "Label?", "Who sent it; null for the genesis."),
            ("command", "text", "The command's word, or `genesis`."),
            ("events", "[text]", "What kinds of events it turned out to mean, in order."),
        ],
    },
    View {
        name: "RecordView",
        doc: "A record: what was asked, and what it turned out to mean.",
        fields: &[
            ("seq", "Seq", "Its place in the log."),
            ("time", "Timestamp", "When the writer stamped it."),
            ("rules", "int", "The rules it was decided by."),
            ("id", "Label?", "The command's id; null for the genesis."),
            ("actor", "Label?", "Who sent it; null for the genesis."),
            ("command", "text", "The command's word, or `genesis`."),
            ("entry", "Entry", "The whole command, or the genesis, as it was sent."),
            ("events", "[EventView]", "The facts, with names instead of handles."),
        ],
    },
    View {
        name: "Proof",
        doc: "That a record is in the log, for somebody who has neither: `backstop proof check` reads it.",
        fields: &[
            ("schema", "text", "`backstop.proof.v1`."),
            ("seq", "Seq", "Which record."),
            ("record", "text", "Its bytes in hex digits."),
            ("path", "[Hash]", "The hashes from its leaf to the root."),
            ("checkpoint", "text", "A signed note over a tree that holds it."),
        ],
    },
    View {
        name: "CheckpointView",
        doc: "A signed head of the log.",
        fields: &[
            ("size", "int", "Records it covers."),
            ("note", "text", "The signed note as it is."),
        ],
    },
    View {
        name: "ProposalView",
        doc: "A change that waits for signatures or time.",
        fields: &[
            ("id", "ProposalId", "Which proposal."),
            ("proposer", "Label", "Who proposed it."),
            ("command", "text", "The word of what is to be done."),
            ("body", "object", "What is to be done."),
            ("nonce", "int", "The nonce to sign with."),
            ("expires_at", "Timestamp", "Not valid after this."),
            ("digest", "text", "The SHA-256 of the body that is proposed, in hex digits."),
            ("bytes", "text", "The exact bytes to sign, in hex digits."),
            ("signed", "[PublicKey]", "Whose signatures are there."),
            ("missing", "[PublicKey]", "Which keys of the council have not signed."),
            ("threshold", "int", "How many must sign."),
            (
                "ready_at",
                "Timestamp?",
                "From when on it can be executed; null until enough have signed.",
            ),
            ("closed", "bool", "Whether it was executed or cancelled."),
        ],
    },
    View {
        name: "Receipt",
        doc: "A command that was recorded and is durable; of a dry run, what it would have got.",
        fields: &[
            ("id", "Label", "The command's id."),
            ("command", "text", "The command's word."),
            ("seq", "Seq", "Its place in the log."),
            ("time", "Timestamp", "When the writer stamped it."),
            ("replayed", "bool", "The id was recorded before; this is the first answer again."),
            ("dry_run", "bool", "Nothing was recorded."),
            ("events", "[EventView]", "What it turned out to mean, with names instead of handles."),
        ],
    },
];
