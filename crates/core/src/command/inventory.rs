//! The buyer of last resort: what a fund takes over, and how it gets rid of it.

use crate::{policy::InventoryPolicy, table::commands};
use alloc::boxed::Box;
use backstop_units::{Hash, Label, Price, Signed};

commands! {
    /// Lets a market's fund take a position over, with the margin that is left.
    TakeOver {
        /// On which market.
        market: Label,
        /// Whose position.
        account: Label,
        /// What the fund receives, in base atoms: a long is positive, a short negative.
        size: Signed,
        /// At which price it changes hands, as a rule the price of bankruptcy.
        price: Price,
        /// The mark.
        mark: Price,
        /// What is left of the account at that price, in atoms, handed over; below zero: what is owed.
        collateral: Signed,
        /// Merkle root of marks, fills and positions.
        evidence: Hash,
    }
    /// Values what a market's fund has taken over.
    MarkInventory {
        /// On which market.
        market: Label,
        /// The mark, the venue's to send; none: the price of the market's index, and anyone may.
        @default mark: Option<Price>,
    }
    /// Books a fill that closed a part of what was taken over.
    FillInventory {
        /// On which market.
        market: Label,
        /// The fill, in base atoms: below zero for what was sold.
        size: Signed,
        /// At which price.
        price: Price,
        /// Merkle root of marks, fills and positions; a loss beyond the margin needs it.
        @default evidence: Option<Hash>,
    }
    /// Puts what was taken over to auction: the risk desk any time, anyone once a limit is passed.
    StartAuction {
        /// On which market.
        market: Label,
    }
    /// Takes a part of what is auctioned, at the price of this moment.
    BidAuction {
        /// On which market.
        market: Label,
        /// Who takes it.
        bidder: Label,
        /// What he receives, in base atoms, of the sign of what is auctioned.
        size: Signed,
        /// The worst price for which he does.
        price: Price,
    }
    /// Closes what was taken over against the other side of the market, at the mark: the risk desk any
    /// time, anyone once a limit is passed.
    DeleverageInventory {
        /// On which market.
        market: Label,
    }
    /// Sets what a market's fund may take over: tighter by the risk desk at once, else by the council.
    SetInventory {
        /// On which market.
        market: Label,
        /// All its rules from now on.
        policy: Box<InventoryPolicy>,
    }
}
