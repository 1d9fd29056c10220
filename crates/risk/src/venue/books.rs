//! The venue's own books, and the proof that nothing appeared or vanished.

use super::Venue;
use crate::{error::RiskError, ledger::Ledger, margin::signed};
use backstop_core::{
    Event,
    ledger::{LedgerAccount, Posting, Side, postings},
    state::State,
};
use backstop_units::{Amount, MarketId, MathError, Signed};

/// What the venue holds and what it is owed, in quote atoms.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    /// Money at the venue.
    held: i128,
    /// All that was ever paid in by accounts.
    deposited: i128,
    /// What each market's clearing owes the venue; below zero, what the venue owes.
    due: Vec<(MarketId, i128)>,
    /// Socialised by the core and not collected from positions: floors and the index's carry.
    uncollected: i128,
}

impl Books {
    pub(super) fn deposit(&mut self, amount: i128) -> Result<(), MathError> {
        self.held = self.held.checked_add(amount).ok_or(MathError::Overflow)?;
        self.deposited += amount;
        Ok(())
    }

    /// As [`Books::deposit`], to the custodian and not to the venue.
    pub(super) const fn deposit_in_ledger(&mut self, amount: i128) {
        self.deposited += amount;
    }

    pub(super) fn due_of(&self, market: MarketId) -> i128 {
        self.due.iter().find(|(id, _)| *id == market).map_or(0, |(_, due)| *due)
    }

    /// A transfer of what was due has arrived, or went out.
    pub(super) const fn paid(&mut self, due: i128) {
        self.held += due;
    }

    pub(super) fn socialised(&mut self, amount: Amount) -> Result<(), MathError> {
        self.uncollected += signed(amount.get())?;
        Ok(())
    }

    pub(super) const fn collected(&mut self, amount: i128) {
        self.uncollected -= amount;
    }

    /// Follows the clearing of the venue's markets through an event's postings. What positions or
    /// nobody bore is credited there too, so it is taken off again.
    pub(super) fn mirror(&mut self, event: &Event, markets: &[MarketId]) -> Result<(), MathError> {
        postings(event, |posting: Posting| {
            let amount = signed(posting.amount.get())?;
            self.change(posting.credit, amount, markets);
            self.change(posting.debit, -amount, markets);
            Ok(())
        })
    }

    fn change(&mut self, account: LedgerAccount, amount: i128, markets: &[MarketId]) {
        let (LedgerAccount::Clearing(market)
        | LedgerAccount::Socialised(market)
        | LedgerAccount::Deleveraged(market)
        | LedgerAccount::Depositors(market)
        | LedgerAccount::ByEquity(market)
        | LedgerAccount::HouseDrawn(market)
        | LedgerAccount::Residual(market)) = account
        else {
            return;
        };
        if !markets.contains(&market) {
            return;
        }
        match self.due.iter_mut().find(|(id, _)| *id == market) {
            Some((_, due)) => *due += amount,
            None => self.due.push((market, amount)),
        }
    }
}

/// All money of venue and ledger, by whose it is, in quote atoms. **Invariant** it adds up: see
/// [`Conservation::holds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Conservation {
    /// All that was ever paid in: margins at the venue, and money at the custodian.
    pub deposited: Signed,
    /// Money at the venue.
    pub at_venue: Signed,
    /// Money at the custodian.
    pub at_custodian: Amount,
    /// Cash of accounts: margin less what their positions cost.
    pub traders: Signed,
    /// The same of the maker.
    pub maker: Signed,
    /// What lenders have put in and not lost.
    pub lenders: Amount,
    /// Fees taken and not yet paid into a fee pool.
    pub fees_waiting: Amount,
    /// What the ledger owes: fund, stakers, fee pools, free balances; what it owes the margin accounts of
    /// traders and maker is theirs above.
    pub ledger: Amount,
    /// Residuals: losses nobody could bear, missing at the venue.
    pub uncovered: Amount,
    /// Socialised and not collected: floors of the positions and the index's carry.
    pub dust: Signed,
    /// What clearing owes the venue, or the venue it.
    pub clearing: Signed,
}

impl Conservation {
    /// Whether both hold to the atom:
    ///
    /// - the money that is there is the money that was paid in;
    /// - it is owed: `traders + maker + lenders + fees + ledger − uncovered − dust = deposited`.
    pub fn holds(&self) -> bool {
        let unsigned = |amount: Amount| i128::try_from(amount.get()).ok();
        let money = unsigned(self.at_custodian).map(|amount| amount + self.at_venue.get());
        let owed = || {
            let owed = self.traders.get()
                + self.maker.get()
                + unsigned(self.lenders)?
                + unsigned(self.fees_waiting)?
                + unsigned(self.ledger)?;
            Some(owed - unsigned(self.uncovered)? - self.dust.get())
        };
        let deposited = Some(self.deposited.get());
        money == deposited && owed() == deposited && self.dust >= Signed::ZERO
    }
}

impl Venue {
    /// Counts all money of venue and ledger. `custody_in` is what accounts other than the venue
    /// have paid in through custody.
    ///
    /// # Errors
    /// [`RiskError::NotConserved`] when an atom is missing or too many, [`RiskError::Copy`] when an account
    /// in the ledger is not what the venue takes it for.
    pub fn check(
        &self,
        custody_in: Amount,
        ledger: &mut impl Ledger,
    ) -> Result<Conservation, RiskError> {
        ledger.read(|state| self.compare(state).and_then(|()| self.compare_banks(state)))??;
        let counted = ledger.read(|state| self.count(state, custody_in))??;
        if counted.holds() { Ok(counted) } else { Err(RiskError::NotConserved(Box::new(counted))) }
    }

    fn count(&self, state: &State, custody_in: Amount) -> Result<Conservation, RiskError> {
        let asset = self.asset;
        let mut owed = 0u128;
        for entry in state.ledger.iter().filter(|entry| entry.asset == asset) {
            let margins = matches!(entry.account, LedgerAccount::Collateral(_));
            if entry.account.side() == Side::Credit && !margins {
                owed += entry.credit_balance().get();
            }
        }
        let mut uncovered = 0u128;
        for market in &self.markets {
            uncovered += state.ledger.held(LedgerAccount::Residual(market.id), asset).get();
        }
        let due: i128 = self.books.due.iter().map(|(_, due)| due).sum();
        Ok(Conservation {
            deposited: Signed::new(self.books.deposited + signed(custody_in.get())?),
            at_venue: Signed::new(self.books.held),
            at_custodian: state.ledger.held(LedgerAccount::Custody(asset), asset),
            traders: Signed::new(self.traders.iter().map(|trader| trader.cash).sum()),
            maker: Signed::new(self.maker.cash),
            lenders: self.lenders().1,
            fees_waiting: Amount::new(self.markets.iter().map(|market| market.fees).sum()),
            ledger: Amount::new(owed),
            uncovered: Amount::new(uncovered),
            dust: Signed::new(self.books.uncollected),
            clearing: Signed::new(due),
        })
    }
}
