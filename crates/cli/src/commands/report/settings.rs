//! Settings that changed in a period: what, of what, by whom, signed by whom.

use super::sender;
use backstop_api::event_json;
use backstop_core::{Entry, Event, Record, State};
use backstop_engine::read_model::is_setting;
use backstop_export::{
    event_word,
    picture::{Cell, Table},
    report::Sheet,
};
use backstop_units::{ProposalId, Seq, Timestamp};
use serde_json::Value;

/// What a changed setting can belong to, in the order in which an event is asked for it.
const SUBJECTS: [&str; 10] =
    ["tranche", "market", "fund", "vault", "reserve", "farm", "pool", "feed", "index", "account"];
/// Digits of a key that tell it apart.
const KEY_DIGITS: usize = 16;

/// One change.
#[derive(Debug)]
struct Change {
    seq: Seq,
    time: Timestamp,
    word: &'static str,
    of: String,
    by: String,
    signed: String,
    proposal: Option<ProposalId>,
    value: Value,
}

/// The changes of a period.
#[derive(Debug, Default)]
pub(super) struct Settings(Vec<Change>);

impl Settings {
    /// Takes in a record of the period, with the state right after it.
    pub(super) fn record(&mut self, after: &State, record: &Record) {
        let mut proposal = None;
        for event in &record.events {
            if let Event::Executed { proposal: id } = event {
                proposal = Some(*id);
            }
            if is_setting(event) {
                let value = event_json(event, after);
                self.0.push(Change {
                    seq: record.seq,
                    time: record.time,
                    word: event_word(event),
                    of: subject(&value),
                    by: sender(&record.entry),
                    signed: signers(after, record, proposal),
                    proposal,
                    value,
                });
            }
        }
    }

    /// The changes, and each new value whole.
    pub(super) fn sheets(&self) -> [Sheet; 2] {
        let columns = ["record", "time", "what", "of", "by", "signed by", "proposal"];
        let mut table = Table::new("Settings", columns);
        let mut values = Table::new("Values of settings", ["record", "what", "of", "value"]);
        for it in &self.0 {
            let proposal = it.proposal.map_or_else(String::new, |id| id.to_string());
            let what = it.word.replace('_', " ");
            table.row([
                Cell::number(&it.seq),
                Cell::text(it.time.to_string()),
                Cell::text(what.clone()),
                Cell::text(&*it.of),
                Cell::text(&*it.by),
                Cell::text(&*it.signed),
                Cell::text(proposal),
            ]);
            let (of, value) = (Cell::text(&*it.of), Cell::text(it.value.to_string()));
            values.row([Cell::number(&it.seq), Cell::text(what), of, value]);
        }
        let changes = "Every setting that was made or changed, by whom, and the first 16 digits of each key that signed. \
                       What a genesis sets was signed by nobody: it is what the ledger began with.";
        let whole =
            "The same changes with the event that the log holds, names in place of handles.";
        [
            Sheet { name: "settings", note: changes, shown: 60, table },
            Sheet { name: "setting-values", note: whole, shown: 0, table: values },
        ]
    }
}

/// Whose setting it is.
fn subject(event: &Value) -> String {
    let found = SUBJECTS.iter().find_map(|kind| {
        let of = event.get(kind).or_else(|| event.get("tier").filter(|_| *kind == "tranche"))?;
        let of = of.as_str().map_or_else(|| of.to_string(), str::to_owned);
        Some(format!("{kind} {of}"))
    });
    found.unwrap_or_else(|| "the ledger".to_owned())
}

/// The keys that signed a command, or the proposal that it carried out.
fn signers(state: &State, record: &Record, proposal: Option<ProposalId>) -> String {
    let proposed = proposal.and_then(|id| state.proposals.get(id)).map(|it| it.keys.clone());
    let keys = match (&record.entry, proposed) {
        (_, Some(keys)) => keys,
        (Entry::Command(command), None) => {
            let signatures = command.approvals.iter().flat_map(|found| &found.signatures);
            signatures.map(|signature| signature.key).collect()
        }
        (Entry::Genesis(_), None) => Vec::new(),
    };
    let short = |key: &backstop_core::policy::PublicKey| {
        key.to_string().chars().take(KEY_DIGITS).collect::<String>()
    };
    keys.iter().map(short).collect::<Vec<_>>().join(" ")
}
