//! Losses, deleveragings, claims, and what layers in another asset owe.

use super::Source;
use crate::{
    event::Row,
    loss::claim::{Announced, Entries, Rules, Tally},
    policy::Cause,
};
use alloc::vec::Vec;
use backstop_units::{
    AccountId, Amount, FundId, Hash, Label, LossId, MarketId, Measure, Ppm, Price, Seq, Timestamp,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;

entity! {
    /// What was taken of a layer in another asset for one market, until it is sold.
    Conversion {
        /// For which market.
        market: MarketId,
        /// Of which fund.
        fund: FundId,
        /// Of which layer.
        source: Source,
        /// What was taken off the price at the last draw.
        haircut: Ppm,
        /// Not sold yet, in atoms of the fund's asset.
        unsold: Amount,
        /// Of it, what contributors gave: sold last, returned first.
        given: Amount,
        /// What it is still to bring, in atoms of the market's asset.
        owed: Amount,
        /// What sales fell short of, in atoms of the market's asset.
        short: Amount,
    }
    /// A loss.
    Loss {
        /// On which market.
        market: MarketId,
        /// Why.
        cause: Cause,
        /// How far it is.
        status: LossStatus,
        /// Whose account caused it.
        account: Option<AccountId>,
        /// Estimate, then assessment.
        gross: Amount,
        /// Merkle root of what it was computed from; zero until it is assessed.
        evidence: Hash,
        /// The mark, where a venue reported one.
        mark: Price,
        /// When it happened.
        occurred_at: Timestamp,
        /// When it was declared.
        declared_at: Timestamp,
        /// When the declaration lapses.
        lapses_at: Timestamp,
        /// The record that placed it.
        placed_in: Option<Seq>,
        /// Who bore how much, in the order in which it was placed.
        rows: Vec<LossRow>,
    }
    /// One row of a loss, and what came back to it.
    LossRow {
        /// Who bore how much.
        row: Row,
        /// When it was placed; limits count it then.
        placed_at: Timestamp,
        /// What came back.
        recovered: Amount,
    }
    /// What a layer that pays later is to bring for one loss, and how far that is.
    LayerClaim {
        /// For which loss.
        loss: LossId,
        /// Which of its rows.
        row: u8,
        /// What the row was placed with.
        claim: Amount,
        /// The market's rules when it was placed; a change of them is for later ones.
        rules: Rules,
        /// When it was placed; its deadline counts from here.
        placed_at: Timestamp,
        /// What the venue said of its list, once it has.
        announced: Option<Announced>,
        /// What has come in of the list.
        tally: Tally,
        /// The newest part of the list.
        last_part: Option<u32>,
        /// How many of the list have paid.
        payers: u32,
        /// What they add up to in the list's unit: lots closed, or equity.
        measure: Measure,
        /// What they paid.
        brought: Amount,
        /// Whether all have paid who must.
        done: bool,
        /// Whether the rest has gone to the layers behind.
        closed: bool,
    }
    /// A part of a claim's list; emptied when it is needed no longer.
    ListPart {
        /// The entries, in order.
        entries: Entries,
        /// The part before it.
        earlier: Option<u32>,
    }
    /// What one holder paid of a claim: his part of what comes back.
    ClaimShare {
        /// Of which claim.
        claim: u32,
        /// Who.
        account: Label,
        /// Lots closed, or the equity that he paid by.
        measure: Measure,
        /// How much.
        amount: Amount,
    }
    /// What one of those who bore a loss was paid of one recovery.
    Claim {
        /// Of which loss.
        loss: LossId,
        /// Of which row.
        row: u8,
        /// To which position; of a claim, for which of its shares; of a row of hosted positions, to which
        /// account; of a haircut, to which share.
        position: u32,
        /// How much so far.
        paid: Amount,
    }
}

/// How far a loss is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum LossStatus {
    /// Declared, without evidence.
    Declared = 0,
    /// Amount and evidence are fixed; open until it is placed.
    Open = 1,
    /// Every row is placed.
    Placed = 2,
    /// Nothing further is expected but recoveries.
    Closed = 3,
    /// Withdrawn or lapsed.
    Void = 4,
}
