//! A fund's own account at a venue.

use crate::{policy::HousePolicy, table::commands};
use backstop_units::{Amount, Hash, Label, Signed};

commands! {
    /// Names a fund's own account at a venue and who gets its surplus. Needs the council.
    SetHouse {
        /// Which fund; its threshold is above zero.
        fund: Label,
        /// The account's rules; none: the fund has no account.
        @default house: Option<HousePolicy>,
    }
    /// Reports what a fund's house account is worth.
    ReportHouse {
        /// Which fund.
        fund: Label,
        /// Cash and positions at the venue's prices, in atoms; below zero: what the fund owes.
        value: Signed,
        /// What the venue would pay out now, in atoms.
        @default free: Amount,
        /// How often the fund has moved the account: its own count, or the report is late.
        @default moves: u32,
        /// Merkle root of what it was computed from.
        evidence: Hash,
    }
    /// Pays what a fund's house account owes, as far as its own reserve goes.
    RepayHouse {
        /// Which fund.
        fund: Label,
    }
    /// Sends what counts above a fund's threshold to the beneficiary, as far as its house account is free;
    /// anyone may.
    DistributeSurplus {
        /// Which fund.
        fund: Label,
    }
}
