//! Capacity held for liquidations in flight.
//!
//! **Invariant R1** a fund's open reservations are never more than its reserve and contributions:
//! none is granted past them, and nothing that leaves the reserve takes what is reserved, but the
//! settlement that a reservation was made for. One that expires is free again without a command.

use crate::{
    event::Event,
    ledger::LedgerAccount,
    reject::Corrupt,
    state::{Fund, State},
};
use alloc::vec::Vec;
use backstop_units::{Amount, FundId, Label, MarketId, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// How many reservations a fund may hold at once.
pub const RESERVATIONS_MAX: u8 = 64;

/// Capacity of a fund held for one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reservation {
    /// For which market.
    pub market: MarketId,
    /// The venue's name for it.
    pub id: Label,
    /// How many atoms.
    pub amount: Amount,
    /// Free again from then on.
    pub until: Timestamp,
}

/// The reservations of one fund; those that have expired are dropped when another one comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reservations(Vec<Reservation>);

impl Reservations {
    /// Those that hold capacity at `now`.
    pub fn open(&self, now: Timestamp) -> impl Iterator<Item = &Reservation> {
        self.0.iter().filter(move |reservation| now < reservation.until)
    }

    /// What is held at `now`, in atoms. **Complexity** at most [`RESERVATIONS_MAX`] steps.
    #[inline]
    pub fn held(&self, now: Timestamp) -> Amount {
        self.open(now).fold(Amount::ZERO, |sum, open| sum.saturating_add(open.amount))
    }

    /// A market's reservation of this name, expired or not; the newest if there were several.
    pub fn find(&self, market: MarketId, id: Label) -> Option<&Reservation> {
        let is_it = |found: &&Reservation| found.market == market && found.id == id;
        self.0.iter().rev().find(is_it)
    }
}

/// What a fund's reserve and contributions have at `now` that is not reserved, in atoms.
///
/// # Errors
/// [`Corrupt::DanglingHandle`] when there is no such fund.
pub fn unreserved(
    state: &State,
    id: FundId,
    fund: &Fund,
    now: Timestamp,
) -> Result<Amount, Corrupt> {
    let owed = |account| state.ledger.owed(account, fund.asset);
    let own =
        owed(LedgerAccount::Reserve(id)).saturating_add(owed(LedgerAccount::Contributions(id)));
    Ok(own.saturating_sub(state.reservations.expect(id)?.held(now)))
}

/// What commands about reservations leave in the state.
pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::Reserved { fund, market, id, amount, until } => {
            let Reservations(list) = state.reservations.change(*fund)?;
            list.retain(|reservation| now < reservation.until);
            let (market, id, amount, until) = (*market, *id, *amount, *until);
            list.push(Reservation { market, id, amount, until });
        }
        Event::ReservationCommitted { fund, market, id, .. }
        | Event::ReservationReleased { fund, market, id, .. } => {
            let Reservations(list) = state.reservations.change(*fund)?;
            list.retain(|reservation| (reservation.market, reservation.id) != (*market, *id));
        }
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}
