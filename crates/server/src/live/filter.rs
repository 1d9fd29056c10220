//! What a reader wants to see.

use crate::{
    problem::Problem,
    reads::params::{Params, command_code},
};
use backstop_core::{Entry, Record, State};
use backstop_engine::read_model::Party;
use backstop_units::AccountId;

/// What a kind is.
pub(crate) const A_WORD: &str = "a command's word, as in `backstop reference commands`";

/// How much a frame tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Detail {
    /// What changed, with the values of now.
    #[default]
    Summary,
    /// Every record.
    Full,
}

/// Commands by their words; all of them if none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Kinds(Vec<u16>);

impl Kinds {
    /// Finds what words name.
    ///
    /// # Errors
    /// The first word that names no command.
    pub(crate) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let find = |word: &'a str| command_code(word).map_err(|_| word);
        words.into_iter().map(find).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a record is of one of these kinds.
    pub(crate) fn hold(&self, record: &Record) -> bool {
        let code = match &record.entry {
            Entry::Genesis(_) => 0,
            Entry::Command(command) => command.body.code(),
        };
        self.0.is_empty() || self.0.contains(&code)
    }
}

/// A detail and a filter: readers of the same view get the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) detail: Detail,
    kinds: Kinds,
    parties: Vec<Party>,
}

impl View {
    /// Finds what the filter names.
    ///
    /// # Errors
    /// 404 for an unknown name, 400 for an unknown kind.
    pub(crate) fn of(params: &Params, state: &State) -> Result<Self, Problem> {
        let mut parties = Vec::new();
        let unknown = |reject| Problem::of_read(&reject);
        if let Some(label) = params.filter("fund") {
            parties.push(Party::Fund(state.fund_id(label).map_err(unknown)?));
        }
        if let Some(label) = params.filter("market") {
            parties.push(Party::Market(state.market_id(label).map_err(unknown)?));
        }
        if let Some(label) = params.filter("account") {
            parties.push(Party::Account(state.account_id(label).map_err(unknown)?));
        }
        let kinds = Kinds::of(params.text("kind"))
            .map_err(|word| Problem::parameter("kind", word, A_WORD))?;
        let is_full = params.text("detail") == Some("full");
        let detail = if is_full { Detail::Full } else { Detail::Summary };
        Ok(Self { detail, kinds, parties })
    }

    /// Whether a record is wanted: of the kind, and naming every party in an event. Who sent a record
    /// counts as named.
    pub(crate) fn wants(&self, record: &Record, state: &State) -> bool {
        if !self.kinds.hold(record) {
            return false;
        }
        if self.parties.is_empty() {
            return true;
        }
        let command = match &record.entry {
            Entry::Genesis(_) => None,
            Entry::Command(command) => Some(command),
        };
        let mut named: Vec<Party> = record.events.iter().flat_map(Party::of_event).collect();
        let sender: Option<AccountId> =
            command.and_then(|command| state.account_id(command.actor).ok());
        named.extend(sender.map(Party::Account));
        self.parties.iter().all(|party| named.contains(party))
    }
}
