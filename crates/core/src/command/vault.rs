//! Vaults: deposits, withdrawals, where the money goes, fees.

use crate::{
    lending::{exchange::Holdings, vault::book::Stream},
    policy::{AllocationKind, VaultPolicy},
    table::commands,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Fixed60, Label, Shares, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One reserve of a scenario's vault.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpeningAllocation {
    /// Which reserve.
    pub reserve: Label,
    /// Its weight.
    pub weight: u64,
    /// Its cap.
    pub cap: Amount,
    /// Shares of it that the vault holds.
    pub shares: Shares,
    /// When money was last moved.
    #[serde(default)]
    pub moved_at: Option<Timestamp>,
}

commands! {
    /// Opens a vault for deposits of one asset.
    CreateVault {
        /// Its name.
        label: Label,
        /// What is deposited.
        asset: Label,
        /// Who manages it and earns its fees.
        curator: Label,
        /// Its rules.
        @default policy: Box<VaultPolicy>,
    }
    /// Changes a vault's rules; fees up to now are by the old ones.
    SetVaultPolicy {
        /// Which vault.
        vault: Label,
        /// Its new rules.
        policy: Box<VaultPolicy>,
    }
    /// Says whether vaults that take listed reserves only may put new money into one. Needs the council.
    ListReserve {
        /// Which reserve.
        reserve: Label,
        /// Whether they may.
        listed: bool,
    }
    /// Sets weight and cap of a reserve. Less is at once; a new reserve or more waits for a veto.
    SetAllocation {
        /// Which vault.
        vault: Label,
        /// Which reserve.
        reserve: Label,
        /// When money goes there.
        @default kind: AllocationKind,
        /// Its part of what is not kept idle, against the other weights.
        weight: u64,
        /// At most so many atoms; zero: none.
        cap: Amount,
    }
    /// Puts a waiting allocation into force. Anyone, once its time has come.
    ApplyAllocation {
        /// Which vault.
        vault: Label,
        /// Which reserve.
        reserve: Label,
    }
    /// Strikes a waiting allocation.
    VetoAllocation {
        /// Which vault.
        vault: Label,
        /// Which reserve.
        reserve: Label,
    }
    /// Takes a reserve off a vault that holds nothing there and gives it no weight.
    RemoveAllocation {
        /// Which vault.
        vault: Label,
        /// Which reserve.
        reserve: Label,
    }
    /// Deposits money for shares of a vault.
    DepositVault {
        /// Whose money.
        account: Label,
        /// Into which vault.
        vault: Label,
        /// At most how many atoms, the crank fee among them.
        amount: Amount,
        /// Refused for fewer shares than this.
        @default min_shares: Shares,
    }
    /// Takes money out of a vault: idle money first, then out of one reserve. What is not there is not burned.
    WithdrawVault {
        /// Whose shares.
        account: Label,
        /// Of which vault.
        vault: Label,
        /// At most how many shares.
        shares: Shares,
        /// Which reserve the rest comes out of.
        @default reserve: Option<Label>,
        /// Refused for fewer atoms than this.
        @default min_amount: Amount,
    }
    /// Takes shares of a reserve out of a vault instead of money.
    RedeemInKind {
        /// Whose shares.
        account: Label,
        /// Of which vault.
        vault: Label,
        /// At most how many shares.
        shares: Shares,
        /// Of which reserve.
        reserve: Label,
        /// Refused for fewer shares of the reserve than this.
        @default min_shares: Shares,
    }
    /// Moves money toward a reserve's target, in or out. Anyone; a rounding that the crank fund does not hold
    /// is the payer's.
    Invest {
        /// Which vault.
        vault: Label,
        /// Which reserve.
        reserve: Label,
        /// Who pays a rounding of one atom.
        payer: Label,
        /// At most how many atoms.
        @default max: Option<Amount>,
    }
    /// Charges the fees that have accrued. Anyone.
    ChargeFees {
        /// Of which vault.
        vault: Label,
    }
    /// Pays pending fees to the curator, out of idle money and one reserve.
    TakeFees {
        /// Of which vault.
        vault: Label,
        /// Which reserve the rest comes out of.
        @default reserve: Option<Label>,
    }
    /// Gives pending fees up to all holders.
    GiveUpFees {
        /// Of which vault.
        vault: Label,
        /// At most how many atoms; all if left out.
        @default max: Option<Amount>,
    }
    /// What a scenario's reserve holds from now on: shares that no vault holds are `holder`'s.
    OpeningReserve {
        /// Which reserve.
        reserve: Label,
        /// Whose shares.
        holder: Label,
        /// Its money and all its shares.
        held: Holdings,
    }
    /// What a scenario's vault holds: its shares are `holder`'s, its reserves' shares are taken off his.
    OpeningVault {
        /// Which vault.
        vault: Label,
        /// Whose shares.
        holder: Label,
        /// Atoms in no reserve.
        idle: Amount,
        /// All shares.
        shares: Shares,
        /// What profit is measured from.
        @default basis: Fixed60,
        /// Pending fees.
        @default pending: Fixed60,
        /// When fees were last charged.
        @default charged_at: Option<Timestamp>,
        /// Rewards that come in over time.
        @default rewards: Stream,
        /// Its reserves.
        @default allocations: Vec<OpeningAllocation>,
    }
    /// Pays rewards in that come to the vault second by second.
    FundRewards {
        /// Who pays.
        account: Label,
        /// To which vault.
        vault: Label,
        /// How many atoms.
        amount: Amount,
        /// Atoms for each second from now on; as before if left out.
        @default per_second: Option<Amount>,
    }
    /// Puts shares into the queue of those whom a vault can't pay at once.
    QueueWithdrawal {
        /// Whose shares.
        account: Label,
        /// Of which vault.
        vault: Label,
        /// At most how many shares.
        shares: Shares,
    }
    /// Pays what is at hand to those in the queue, each his part. Anyone.
    FillQueue {
        /// Of which vault.
        vault: Label,
        /// Which reserve the rest comes out of, after idle money.
        @default reserve: Option<Label>,
    }
    /// Pays out what has come for an account in the queue. Anyone.
    ClaimQueued {
        /// Whose.
        account: Label,
        /// Of which vault.
        vault: Label,
    }
    /// Takes shares back out of the queue, with what has come for them.
    LeaveQueue {
        /// Whose.
        account: Label,
        /// Of which vault.
        vault: Label,
    }
    /// Borrows out of a reserve that a vault fills when it is asked to: what is not at hand there comes out of the vault's
    /// idle money and one other reserve.
    BorrowConditional {
        /// Who borrows, and pays a rounding of one atom for each reserve that the crank fund does not hold.
        account: Label,
        /// Out of which reserve.
        reserve: Label,
        /// How many atoms.
        amount: Amount,
        /// Whose allocation is filled.
        vault: Label,
        /// Which reserve the vault's money comes out of, after its idle money.
        @default from: Option<Label>,
    }
    /// Looks at a vault for losses and records them. Anyone.
    RecogniseLoss {
        /// Which vault.
        vault: Label,
    }
}
