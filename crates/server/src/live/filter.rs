//! What a reader wants to see.

use crate::problem::Problem;
use backstop_core::{COMMANDS, Entry, Record, State};
use backstop_engine::read_model::Party;
use backstop_units::{AccountId, Label};
use serde::Deserialize;

/// How much a frame tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Detail {
    /// What changed, with the values of now.
    #[default]
    Summary,
    /// Every record.
    Full,
}

/// What stands behind the question mark.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) after_seq: Option<u64>,
    #[serde(default)]
    detail: Detail,
    fund: Option<Label>,
    market: Option<Label>,
    account: Option<Label>,
    kind: Option<String>,
}

/// A detail and a filter: readers of the same view get the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) detail: Detail,
    kind: Option<u16>,
    parties: Vec<Party>,
}

impl View {
    /// Finds what the filter names.
    ///
    /// # Errors
    /// 404 for an unknown name, 400 for an unknown kind.
    pub(crate) fn of(wanted: &Wanted, state: &State) -> Result<Self, Problem> {
        let mut parties = Vec::new();
        let unknown = |reject| Problem::of_read(&reject);
        if let Some(label) = wanted.fund {
            parties.push(Party::Fund(state.fund_id(label).map_err(unknown)?));
        }
        if let Some(label) = wanted.market {
            parties.push(Party::Market(state.market_id(label).map_err(unknown)?));
        }
        if let Some(label) = wanted.account {
            parties.push(Party::Account(state.account_id(label).map_err(unknown)?));
        }
        let find = |word: &str| {
            let found = COMMANDS.iter().find(|command| command.word == word);
            let expected = "a command's word, as in `backstop reference commands`";
            found
                .map(|command| command.code)
                .ok_or_else(|| Problem::parameter("kind", word, expected))
        };
        let kind = wanted.kind.as_deref().map(find).transpose()?;
        Ok(Self { detail: wanted.detail, kind, parties })
    }

    /// Whether a record is wanted: of the kind, and naming every party in an event. Who sent a record
    /// counts as named.
    pub(crate) fn wants(&self, record: &Record, state: &State) -> bool {
        let command = match &record.entry {
            Entry::Genesis(_) => None,
            Entry::Command(command) => Some(command),
        };
        if self.kind.is_some() && self.kind != command.map(|command| command.body.code()) {
            return false;
        }
        if self.parties.is_empty() {
            return true;
        }
        let mut named: Vec<Party> = record.events.iter().flat_map(Party::of_event).collect();
        let sender: Option<AccountId> =
            command.and_then(|command| state.account_id(command.actor).ok());
        named.extend(sender.map(Party::Account));
        self.parties.iter().all(|party| named.contains(party))
    }
}
