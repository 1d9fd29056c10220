//! Lending reserves: supply, loans, liquidation, losses.

use crate::{
    policy::{ReservePolicy, ReserveStatus},
    table::commands,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Label, Shares};

commands! {
    /// Opens a reserve that lends one asset. Needs the council.
    CreateReserve {
        /// Its name.
        label: Label,
        /// What it lends.
        asset: Label,
        /// Who gets the protocol's interest.
        treasury: Label,
        /// Its rules.
        @default policy: Box<ReservePolicy>,
    }
    /// Changes the rules of a reserve; interest up to now is by the old ones. Needs the council.
    SetReserve {
        /// Which reserve.
        reserve: Label,
        /// Its new rules.
        policy: Box<ReservePolicy>,
    }
    /// Pauses a reserve, or opens it again. A pause needs the guardian or the risk desk, the rest the council.
    SetReserveStatus {
        /// Which reserve.
        reserve: Label,
        /// `active` or `paused`.
        status: ReserveStatus,
    }
    /// Adds the interest of whole periods that have passed. Anyone.
    AccrueInterest {
        /// To which reserve.
        reserve: Label,
    }
    /// Supplies money for shares.
    Supply {
        /// Whose money.
        account: Label,
        /// To which reserve.
        reserve: Label,
        /// How many atoms.
        amount: Amount,
        /// Refused for fewer shares than this.
        @default min_shares: Shares,
    }
    /// Takes money out for shares, as far as it is not lent.
    WithdrawSupply {
        /// Whose shares.
        account: Label,
        /// Of which reserve.
        reserve: Label,
        /// How many shares.
        shares: Shares,
        /// Refused for fewer atoms than this.
        @default min_amount: Amount,
    }
    /// Pledges collateral for a loan.
    Pledge {
        /// Whose.
        account: Label,
        /// For a loan of which reserve.
        reserve: Label,
        /// Which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Takes collateral back that a loan does not need.
    Unpledge {
        /// Whose.
        account: Label,
        /// From a loan of which reserve.
        reserve: Label,
        /// Which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Borrows against what is pledged.
    Borrow {
        /// Who.
        account: Label,
        /// From which reserve.
        reserve: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Repays a loan, in part or whole; what is more than the debt is not taken.
    Repay {
        /// Whose loan.
        account: Label,
        /// Of which reserve.
        reserve: Label,
        /// Who pays.
        payer: Label,
        /// At most how many atoms.
        amount: Amount,
    }
    /// Repays a part of a loan whose collateral does not cover it, for collateral with a bonus. Anyone else than
    /// the borrower's owner group.
    LiquidateLoan {
        /// Whose loan.
        account: Label,
        /// Of which reserve.
        reserve: Label,
        /// Who repays.
        liquidator: Label,
        /// Which collateral he takes.
        asset: Label,
        /// At most how many atoms he repays.
        repay: Amount,
        /// Refused for less collateral than this.
        @default min_seized: Amount,
    }
    /// Notes what a loan's collateral lacks, or that it lacks nothing any more. Anyone.
    MarkImpairment {
        /// Whose loan.
        account: Label,
        /// Of which reserve.
        reserve: Label,
    }
    /// Lets lenders bear a debt without collateral, in part or whole.
    SocialiseLoan {
        /// Whose loan.
        account: Label,
        /// Of which reserve.
        reserve: Label,
        /// At most how many atoms; all of the debt if left out.
        @default amount: Option<Amount>,
    }
    /// Pays the protocol's interest out to the reserve's treasury, as far as it is not lent. Anyone.
    CollectInterest {
        /// Of which reserve.
        reserve: Label,
    }
}
