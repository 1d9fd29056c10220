//! Accounts as the kernels read them: one array for each part of an account.

use super::error::{KernelError, fits};
use core::ops::Range;

/// Accounts with their collateral and positions.
///
/// Equity of account `i` under a scenario is `collateral + Σ notional · return` over its positions. Collateral and
/// notionals are in one unit, money atoms or whole units as the caller likes; a short position's notional is negative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// Where the positions of each account begin; one more at the end.
    starts: Vec<u32>,
    markets: Vec<u16>,
    notionals: Vec<f64>,
    collateral: Vec<f64>,
    /// One more than the largest market.
    reach: usize,
}

impl Book {
    /// An empty book with room for so many accounts and positions.
    pub fn with_capacity(accounts: usize, positions: usize) -> Self {
        let mut starts = Vec::with_capacity(accounts + 1);
        starts.push(0);
        Self {
            starts,
            markets: Vec::with_capacity(positions),
            notionals: Vec::with_capacity(positions),
            collateral: Vec::with_capacity(accounts),
            reach: 0,
        }
    }

    /// Adds an account: its collateral (or equity at today's prices), and market and signed notional of each position.
    ///
    /// # Errors
    /// [`KernelError::Range`] for what is no number or beyond 1e150, [`KernelError::TooMany`] beyond 2³² positions.
    pub fn push(&mut self, collateral: f64, positions: &[(u16, f64)]) -> Result<(), KernelError> {
        let at = self.collateral.len();
        let bad = |what, got| KernelError::Range { what, at, got, range: "at most 1e150" };
        if !fits(collateral) {
            return Err(bad("collateral of account", collateral));
        }
        if let Some((_, got)) = positions.iter().find(|(_, notional)| !fits(*notional)) {
            return Err(bad("a notional of account", *got));
        }
        let all = self.markets.len() + positions.len();
        let most = u32::MAX as usize;
        let end = u32::try_from(all).map_err(|_| KernelError::TooMany {
            what: "positions",
            got: all,
            most,
        })?;
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for (market, notional) in positions {
            self.markets.push(*market);
            self.notionals.push(*notional);
            self.reach = self.reach.max(usize::from(*market) + 1);
        }
        self.collateral.push(collateral);
        self.starts.push(end);
        Ok(())
    }

    /// How many accounts.
    pub fn len(&self) -> usize {
        self.collateral.len()
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.collateral.is_empty()
    }

    /// How many positions.
    pub fn positions(&self) -> usize {
        self.markets.len()
    }

    /// How many markets a panel must have for this book.
    pub const fn reach(&self) -> usize {
        self.reach
    }

    /// One account.
    #[inline]
    pub fn account(&self, at: usize) -> Account<'_> {
        let (from, to) = (self.starts[at] as usize, self.starts[at + 1] as usize);
        Account {
            collateral: self.collateral[at],
            markets: &self.markets[from..to],
            notionals: &self.notionals[from..to],
        }
    }

    /// Some accounts, each with its place.
    #[inline]
    pub(super) fn accounts(
        &self,
        places: Range<usize>,
    ) -> impl Iterator<Item = (usize, Account<'_>)> {
        let starts = self.starts[places.start..=places.end].windows(2);
        let all = places.clone().zip(starts.zip(&self.collateral[places]));
        all.map(|(at, (ends, collateral))| {
            let (from, to) = (ends[0] as usize, ends[1] as usize);
            let (markets, notionals) = (&self.markets[from..to], &self.notionals[from..to]);
            (at, Account { collateral: *collateral, markets, notionals })
        })
    }

    /// The book whose equity is this one's above a line of maintenance: `equity − Σ ratio · |notional| · (1 + return)`, one
    /// ratio for each market. Who falls short in it is below maintenance here.
    ///
    /// **Rounding** collateral and notionals each carry one rounding for each position more than here: allow for it with
    /// [`Slack`](super::shortfall::Slack) where an exact answer is asked for.
    ///
    /// # Errors
    /// [`KernelError::Length`] for fewer ratios than markets, [`KernelError::Range`] for one that is below 0 or no number.
    pub fn above_line(&self, ratios: &[f64]) -> Result<Self, KernelError> {
        if ratios.len() < self.reach {
            let (got, want) = (ratios.len(), self.reach);
            return Err(KernelError::Length { what: "maintenance ratios", got, want });
        }
        if let Some(at) = ratios.iter().position(|ratio| !(0.0..=1e6).contains(ratio)) {
            let (what, got) = ("maintenance ratio", ratios[at]);
            return Err(KernelError::Range { what, at, got, range: "between 0 and 1e6" });
        }
        let mut line = self.clone();
        for at in 0..self.len() {
            let (from, to) = (self.starts[at] as usize, self.starts[at + 1] as usize);
            for place in from..to {
                let asked = ratios[usize::from(self.markets[place])] * self.notionals[place].abs();
                line.notionals[place] -= asked;
                line.collateral[at] -= asked;
            }
        }
        Ok(line)
    }
}

/// One account of a [`Book`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account<'a> {
    /// Collateral, or equity at today's prices.
    pub collateral: f64,
    /// Market of each position.
    pub markets: &'a [u16],
    /// Signed notional of each position.
    pub notionals: &'a [f64],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_come_back_as_they_went_in() {
        let mut book = Book::default();
        book.push(10.0, &[(3, 5.0), (1, -2.0)]).unwrap();
        book.push(-1.0, &[]).unwrap();
        assert_eq!((book.len(), book.positions(), book.reach()), (2, 2, 4));
        let first = book.account(0);
        assert_eq!(
            (first.collateral, first.markets, first.notionals),
            (10.0, &[3, 1][..], &[5.0, -2.0][..])
        );
        assert!(book.account(1).markets.is_empty());
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let mut book = Book::with_capacity(1, 1);
        for bad in [f64::NAN, f64::INFINITY, 2e150] {
            assert!(matches!(book.push(bad, &[]), Err(KernelError::Range { at: 0, .. })));
            assert!(matches!(book.push(1.0, &[(0, bad)]), Err(KernelError::Range { at: 0, .. })));
        }
        assert!(book.is_empty() && book.positions() == 0, "a refusal leaves nothing behind");
        book.push(1.0, &[(2, 1.0)]).unwrap();
        assert!(matches!(book.above_line(&[0.1]), Err(KernelError::Length { want: 3, .. })));
        assert!(matches!(
            book.above_line(&[0.1, f64::NAN, 0.0]),
            Err(KernelError::Range { at: 1, .. })
        ));
    }

    #[test]
    fn the_line_book_falls_short_where_equity_is_below_maintenance() {
        let mut book = Book::default();
        book.push(10.0, &[(0, 100.0), (1, -50.0)]).unwrap();
        let line = book.above_line(&[0.05, 0.1]).unwrap();
        let account = line.account(0);
        // At −4 % and +2 %: equity 10 − 4 − 1 = 5; maintenance 0.05·96 + 0.1·51 = 9.9.
        let above = account.collateral + account.notionals[0] * -0.04 + account.notionals[1] * 0.02;
        assert!((above - (5.0 - 9.9)).abs() < 1e-12, "{above}");
    }
}
