//! Funds, tranches, stakes and what holds them.

use super::envelope::Party;
use crate::{
    policy::{AlertCause, Causes, FundKind, FundPolicy, RevenuePolicy, SplitPolicy, TranchePolicy},
    table::commands,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Label, Shares, Signed, TicketId, Timestamp};

commands! {
    /// Creates a fund with an empty reserve.
    CreateFund {
        /// Its name.
        label: Label,
        /// The one asset it holds.
        asset: Label,
        /// Whom it serves.
        kind: FundKind,
        /// The account that gets excess and overflow.
        treasury: Label,
        /// Where automatic allocations stop, in atoms.
        threshold: Amount,
        /// What risk says it should hold, in atoms.
        @default target: Amount,
        /// Its rules.
        @default policy: Box<FundPolicy>,
    }
    /// Adds a staked tranche to a fund.
    CreateTranche {
        /// Its name.
        label: Label,
        /// Its fund.
        fund: Label,
        /// Its rules.
        @default policy: TranchePolicy,
    }
    /// Moves the threshold: up at once, down after the fund's delay and with the council.
    SetThreshold {
        /// Which fund.
        fund: Label,
        /// The new threshold, in atoms.
        threshold: Amount,
    }
    /// Sets what the fund should hold.
    SetTarget {
        /// Which fund.
        fund: Label,
        /// The new target, in atoms.
        target: Amount,
    }
    /// Changes the sharing of remaining collateral. Needs the council.
    SetSplit {
        /// Which fund.
        fund: Label,
        /// The new sharing.
        split: SplitPolicy,
    }
    /// Changes what a fund's reserve covers. Needs the council; a longer list waits out the cooldown.
    SetCovers {
        /// Which fund.
        fund: Label,
        /// All it covers from now on.
        covers: Causes,
    }
    /// Gives money to a fund for ever, recorded by contributor.
    Contribute {
        /// To which fund.
        fund: Label,
        /// Out of whose free balance.
        account: Label,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Moves protocol reserve above the threshold to the treasury. Needs the council.
    WithdrawExcess {
        /// From which fund.
        fund: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Stakes into a tranche at its share price.
    Stake {
        /// Into which tranche.
        tranche: Label,
        /// Out of whose free balance.
        account: Label,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
        /// Refused if fewer shares would come out.
        @default min_shares: Shares,
    }
    /// Files a ticket to unstake.
    RequestUnstake {
        /// Out of which tranche.
        tranche: Label,
        /// Whose stake.
        account: Label,
        /// How many shares; none if an amount is given.
        @default shares: Shares,
        /// How many atoms, turned into shares at the price of now, rounded down.
        @default amount: Option<Amount>,
    }
    /// Takes a ticket back; the shares stay staked.
    CancelUnstake {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Pays a ticket whose cooldown is over.
    ClaimUnstake {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Returns a ticket whose claim window is over into stake; anyone may.
    LapseTicket {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Holds exits from a fund for a limited time.
    RaiseAlert {
        /// Which fund.
        fund: Label,
        /// Why.
        cause: AlertCause,
        /// Ends by itself then.
        until: Timestamp,
    }
    /// Ends an alert early.
    EndAlert {
        /// Which fund.
        fund: Label,
    }
    /// Holds entries (stake, contributions) into a fund for a limited time.
    PauseEntries {
        /// Which fund.
        fund: Label,
        /// Ends by itself then.
        until: Timestamp,
    }
    /// Moves income into a fund's revenue pool.
    PayRevenue {
        /// Which fund.
        fund: Label,
        /// Whose money it is now.
        from: Party,
        /// How many atoms.
        amount: Amount,
    }
    /// Settles revenue that is due to stakers and protocol; anyone may.
    SettleRevenue {
        /// Which fund.
        fund: Label,
    }
    /// Reports how much of the money behind a fund's revenue pool is free, where it is lent out.
    ReportLiquidity {
        /// Which fund.
        fund: Label,
        /// Deposits less borrows, in atoms; nothing: all of it is free.
        @default free: Option<Signed>,
    }
    /// Changes how revenue is settled. Needs the council; waits out the cooldown.
    SetRevenue {
        /// Which fund.
        fund: Label,
        /// The new rules.
        revenue: RevenuePolicy,
    }
    /// Makes some of the protocol's shares a staker's. Needs the council.
    GrantProtocolShares {
        /// Of which tranche.
        tranche: Label,
        /// To whom.
        account: Label,
        /// How many.
        shares: Shares,
    }
    /// Pays the protocol's shares out to the treasury. Needs the council.
    RedeemProtocolShares {
        /// Of which tranche.
        tranche: Label,
        /// How many shares; none if an amount is given.
        @default shares: Shares,
        /// How many atoms, for the shares that they cost now, rounded up.
        @default amount: Option<Amount>,
    }
    /// Stakes for the protocol at the share price.
    StakeProtocol {
        /// Into which tranche.
        tranche: Label,
        /// Out of whose free balance.
        account: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Gives shares out of nothing; exists in scenarios only.
    OpeningShares {
        /// Of which tranche.
        tranche: Label,
        /// To whom; nobody: to the protocol.
        @default account: Option<Label>,
        /// How many.
        shares: Shares,
    }
    /// Forces a tranche's assets; exists in scenarios only.
    SetVault {
        /// Which tranche.
        tranche: Label,
        /// What it holds from now on, in atoms.
        amount: Amount,
    }
}
