//! Funds, tranches, stakes and what holds them.

use crate::{
    policy::{AlertCause, Causes, FundKind, FundPolicy, SplitPolicy, TranchePolicy},
    table::commands,
};
use backstop_units::{Amount, Label, Shares, TicketId, Timestamp};

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
        @default policy: FundPolicy,
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
        /// How many shares.
        shares: Shares,
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
}
