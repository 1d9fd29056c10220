//! Fee control, coverage bands and what they are steered by.

use super::{Direction, SettleLiquidation};
use crate::{
    policy::{ControlPolicy, DrawdownPolicy, SignatureBytes, SpikeCause},
    table::commands,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Hash, Label, Ppm, Span, Timestamp};

commands! {
    /// Sets a fund's fee control and coverage bands: within the rails set before by the risk desk at
    /// once, past them or for the first time by the council after its delay.
    SetControl {
        /// Which fund.
        fund: Label,
        /// All its rules from now on.
        @default policy: Box<ControlPolicy>,
    }
    /// Moves a fund's rate and band to where its coverage now wants them; anyone may.
    RunControl {
        /// Which fund.
        fund: Label,
    }
    /// Reports what a fund's markets are like, for what is fed forward.
    ReportConditions {
        /// Which fund.
        fund: Label,
        /// Open interest as a part of its reference, in parts per million.
        open_interest: Ppm,
        /// Volatility as a part of its reference, in parts per million.
        volatility: Ppm,
        /// What the margin leaves for a fee at most; without it the last one stands.
        @default headroom: Option<Ppm>,
        /// Coverage as forecast; it can only tighten, and is the risk desk's to send.
        @default forecast: Option<Ppm>,
    }
    /// Raises a fund's rate for a time.
    AddSpike {
        /// Which fund.
        fund: Label,
        /// What it adds to the rate, in parts per million.
        size: Ppm,
        /// Why.
        cause: SpikeCause,
        /// Ends by itself then.
        until: Timestamp,
    }
    /// Ends a spike early.
    EndSpike {
        /// Which fund.
        fund: Label,
        /// Which of its spikes.
        spike: u32,
    }
    /// Takes what a risk model asks of a fund until it lapses: a higher target, a higher rate, money held back.
    /// Signed by the model's key, so anyone may send it.
    ReportRisk {
        /// Which fund.
        fund: Label,
        /// Counts the model's messages for this fund: above the last one's.
        sequence: u64,
        /// When the model made it.
        made_at: Timestamp,
        /// It lapses then by itself.
        until: Timestamp,
        /// What the fund should hold, in atoms; it can only raise the fund's own target.
        target: Amount,
        /// The stress loss of the two largest owner groups, in atoms; no target is below it.
        cover_two: Amount,
        /// What it adds to the rate, in parts per million.
        fee: Ppm,
        /// What it holds back from what may leave the fund, in atoms; losses are still paid from it.
        hold: Amount,
        /// SHA-256 of the report that the figures come from.
        evidence: Hash,
        /// The model's signature over the message.
        signature: SignatureBytes,
    }
    /// Moves a fund's own reserve to its yield venue (`out`), or back (`in`).
    MoveIdle {
        /// Which fund.
        fund: Label,
        /// Which way.
        direction: Direction,
        /// How many atoms.
        amount: Amount,
    }
    /// Holds capacity of a market's fund for a liquidation in flight.
    Reserve {
        /// Which market.
        market: Label,
        /// The venue's name for it.
        id: Label,
        /// How many atoms.
        amount: Amount,
        /// Free again by itself then.
        until: Timestamp,
    }
    /// Settles a liquidation with the capacity that was held for it; the rest is free again.
    CommitReservation {
        /// Which reservation of the settlement's market.
        id: Label,
        /// The settlement.
        settlement: Box<SettleLiquidation>,
    }
    /// Frees capacity that is not needed.
    ReleaseReservation {
        /// Which market.
        market: Label,
        /// Which of its reservations.
        id: Label,
    }
    /// Sets what a venue may settle after this ledger was down, and fills it up: lower or the same by
    /// the risk desk at once, higher by the council after its delay.
    SetOfflineBudget {
        /// Which market.
        market: Label,
        /// What late deficits may cost in all, in atoms.
        budget: Amount,
        /// How old a settlement may be; at most 7 days.
        span: Span,
    }
    /// Sets when a fund counts as fallen far from its peak. Needs the council.
    SetDrawdown {
        /// Which fund.
        fund: Label,
        /// Its rules; none: nobody looks.
        @default policy: Option<DrawdownPolicy>,
    }
    /// Turns a fund's trigger on or off, as its fall has it; anyone may.
    CheckDrawdown {
        /// Which fund.
        fund: Label,
    }
}
