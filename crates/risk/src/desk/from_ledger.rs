//! What a run takes from a ledger in the place of files: its fund, and the book of its hosted markets.

use super::{
    error::DeskError,
    fund::LedgerFund,
    inputs::{Text, Texts},
    ledger_book::written,
    setup::Setup,
};
use crate::data::read_beside;
use backstop_core::State;
use backstop_units::FundId;
use std::collections::BTreeSet;

/// How much a run takes from a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// The fund alone: accounts and positions are in files.
    Fund,
    /// The fund with the accounts and positions of its hosted markets.
    Book,
    /// The same where somebody has a position on a hosted market, else the fund alone.
    BookIfAny,
}

/// What was found beside the texts.
#[derive(Clone, Debug)]
pub struct Found {
    /// The fund that the run is about.
    pub fund: LedgerFund,
    /// Whether accounts and positions are the ledger's.
    pub has_book: bool,
    /// What a reader must know of what was found there.
    pub notes: Vec<String>,
}

/// The fund that a run is about, and whether its book is taken too; none where the ledger has no fund and needs none.
///
/// `name` is the ledger's, for refusals; `wanted` the fund's, where settings say it.
///
/// # Errors
/// As [`LedgerFund::of`]; [`DeskError::Ledger`] where a book is wanted and nobody has a position.
pub fn fund(
    (state, name): (&State, &str),
    wanted: Option<&str>,
    taking: Taking,
) -> Result<Option<(LedgerFund, bool)>, DeskError> {
    let holders = if taking == Taking::Fund { BTreeSet::new() } else { holders(state) };
    let called = |id: &FundId| {
        let label = state.funds.get(*id).map(|fund| fund.label.to_string());
        wanted.is_none_or(|wanted| label.as_deref() == Some(wanted))
    };
    let has_book = match taking {
        Taking::Fund => false,
        Taking::Book if holders.is_empty() => {
            return Err(DeskError::Ledger {
                place: name.to_owned(),
                fault: "no account has a position on a hosted market\n\nhint: an attached market's venue keeps its positions: \
                        give --accounts and --positions"
                    .to_owned(),
            });
        }
        Taking::Book => true,
        Taking::BookIfAny => holders.iter().any(called),
    };
    let found = LedgerFund::among(state, wanted, &|id| !has_book || holders.contains(&id))?;
    Ok(found.map(|fund| (fund, has_book)))
}

/// Finds the fund, and puts its book in the place of the texts of accounts, positions and terms. What a markets file among
/// the texts says of depth, volume and histories goes into those terms. Of the settings only what they say of the fund, of
/// price files and of impact matters; they stay as they are ([`LedgerFund::settle`]).
///
/// # Errors
/// As [`fund`]; [`DeskError::Data`] of the markets file; [`DeskError::Ledger`] when the core can't value an account.
pub fn fill(
    (state, name): (&State, &str),
    (setup, taking): (&Setup, Taking),
    texts: &mut Texts,
) -> Result<Option<Found>, DeskError> {
    let Some((fund, has_book)) = fund((state, name), setup.fund.name.as_deref(), taking)? else {
        return Ok(None);
    };
    let mut notes = Vec::new();
    if has_book {
        let beside = texts.venue.as_ref().map(|text| read_beside(&text.file, &text.text));
        let beside = beside.transpose()?;
        let how = (texts.prices.is_empty(), setup.impact.shape);
        let book = written((state, name), fund.id, beside.as_ref(), how)?;
        let named =
            |what: &str, text: String| Some(Text { file: format!("{name} ({what})"), text });
        texts.venue = named("venue", book.venue);
        texts.accounts = named("accounts", book.accounts);
        texts.positions = named("positions", book.positions);
        notes = book.notes;
    }
    Ok(Some(Found { fund, has_book, notes }))
}

/// Funds behind a position that is open.
fn holders(state: &State) -> BTreeSet<FundId> {
    let open = state.margins.iter().filter(|(_, margin)| {
        state.positions_of(margin).any(|(_, position)| position.size.get() != 0)
    });
    open.map(|(_, margin)| margin.fund).collect()
}
