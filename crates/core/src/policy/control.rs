//! Rules of fee control and coverage bands.

use super::{PublicKey, choice};
use alloc::{vec, vec::Vec};
use backstop_units::{Amount, Label, Ppm, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// Where a fund's surplus goes while its coverage lies in a band.
    SurplusRoute {
        /// It stays in the reserve.
        Reserve = 0 "reserve",
        /// To liquidity providers.
        Lps = 1 "lps",
        /// To the fund's stakers.
        Stakers = 2 "stakers",
        /// To holders of the venue's token.
        TokenHolders = 3 "token_holders",
        /// To the fund's treasury account.
        Treasury = 4 "treasury",
    }
}
choice! {
    /// Why a fee is raised for a time.
    SpikeCause {
        /// Prices move more than usual.
        Volatility = 0 "volatility",
        /// Open interest grew faster than the fund.
        OpenInterest = 1 "open_interest",
        /// A loss took a part of the fund.
        Loss = 2 "loss",
        /// An event ahead: a listing, an upgrade, a date that markets wait for.
        Event = 3 "event",
    }
}

/// One point of a curve: the rate at a coverage.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// Coverage: the counted balance as a part of the target.
    pub coverage: Ppm,
    /// The rate there.
    pub rate: Ppm,
}

/// A proportional and integral law: rate = base + `kp` × error + ∫ `ki` × error.
///
/// The error is how far coverage lies below the dead band (positive) or above it (negative), at most
/// the whole either way.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PiLaw {
    /// The rate without any error.
    pub base: Ppm,
    /// What an error of the whole adds to the rate.
    pub kp: Ppm,
    /// What an error of the whole adds to the rate in each `ki_period`.
    pub ki: Ppm,
    /// The time that `ki` counts in.
    pub ki_period: Span,
    /// Where the dead band begins: at most the whole.
    pub dead_from: Ppm,
    /// Where the dead band ends: at least the whole.
    pub dead_to: Ppm,
}

/// How the rate follows from coverage.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Law {
    /// Straight lines between 2 to 11 points, flat outside them; a higher coverage never has a
    /// higher rate.
    Curve(Vec<CurvePoint>) = 0,
    /// Proportional and integral.
    Pi(PiLaw) = 1,
}

/// The fastest that a rate moves.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slew {
    /// By so much.
    pub by: Ppm,
    /// In so much time.
    pub per: Span,
}

/// What holds while a fund's coverage lies at `from` or above, below the next band's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Lower edge: coverage as a part of the target; of the first band zero.
    pub from: Ppm,
    /// Open interest, as a part of the market's configured maximum.
    pub open_interest: Ppm,
    /// Largest leverage; the whole is 1.
    pub leverage: Ppm,
    /// Whether new markets may be listed.
    pub listings: bool,
    /// Where surplus goes.
    pub surplus: SurplusRoute,
}

/// What may be held for liquidations in flight.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReservationPolicy {
    /// At most this part of the reserve and contributions, all reservations together.
    pub part_max: Ppm,
    /// Longest life of a reservation.
    pub span_max: Span,
    /// Reservations at one time; at most 64.
    pub count_max: u8,
}

/// A yield venue for idle cash.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IdlePolicy {
    /// Its name, for people.
    pub venue: Label,
    /// At most this part of the fund's own money, placed or not.
    pub part_max: Ppm,
    /// How long it takes to have the money back.
    pub notice: Span,
    /// What is placed counts toward coverage if the notice is not longer than this, else not.
    pub reach: Span,
}

/// Who gets surplus where a band's route leads to those whom this ledger doesn't know.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Routes {
    /// The account from which liquidity providers are paid.
    pub lps: Option<Label>,
    /// The account from which holders of the venue's token are paid.
    pub token_holders: Option<Label>,
}

/// How far the signed messages of a risk model may move a fund's limits, and what holds without one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RiskMessagePolicy {
    /// The key that signs the model's messages.
    pub key: PublicKey,
    /// A message that was made longer ago than this is refused.
    pub age_max: Span,
    /// Longest time from when a message was made to its end.
    pub span_max: Span,
    /// The highest target that a message may ask for, in atoms.
    pub target_max: Amount,
    /// The target that counts, at least, while no message is in force, in atoms: the safe default.
    pub target_default: Amount,
    /// The most that a message may add to the rate; it counts among the spikes.
    pub fee_max: Ppm,
    /// The most that a message may hold back from what may leave the fund, in atoms.
    pub hold_max: Amount,
}

/// Rules of one fund's fee control and coverage bands.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ControlPolicy {
    /// How the rate follows from coverage.
    pub law: Law,
    /// The rate is never below this.
    pub rate_min: Ppm,
    /// The rate is never above this, spikes aside.
    pub rate_max: Ppm,
    /// The fastest that the rate moves; none: at once.
    pub slew: Option<Slew>,
    /// Least time between two runs.
    pub interval_min: Span,
    /// What open interest adds to the rate when it is twice its reference.
    pub open_interest_gain: Ppm,
    /// What volatility adds to the rate when it is twice its reference.
    pub volatility_gain: Ppm,
    /// A report older than this counts as none.
    pub report_age_max: Span,
    /// All spikes together add at most this.
    pub spike_max: Ppm,
    /// Spikes at one time; at most 16.
    pub spikes_max: u8,
    /// Longest life of a spike.
    pub spike_span_max: Span,
    /// Coverage bands, the lowest first; 1 to 8.
    pub bands: Vec<Band>,
    /// A band is left upward only this far above the next one's edge.
    pub band_margin: Ppm,
    /// And only after coverage was that high for so long.
    pub loosen_delay: Span,
    /// What may be held for liquidations in flight.
    pub reservations: ReservationPolicy,
    /// Where idle cash may be placed; nowhere by default.
    pub idle: Option<IdlePolicy>,
    /// With it surplus goes where the band's route says; without it routes are only shown.
    pub routes: Option<Routes>,
    /// Whose risk messages are taken, and how far they reach; nobody's by default.
    pub messages: Option<RiskMessagePolicy>,
}

impl Default for Law {
    fn default() -> Self {
        Self::Pi(PiLaw {
            base: Ppm::new(100_000),
            kp: Ppm::new(500_000),
            ki: Ppm::new(10_000),
            ki_period: Span::days(1),
            dead_from: Ppm::new(950_000),
            dead_to: Ppm::new(1_100_000),
        })
    }
}

impl Default for ControlPolicy {
    fn default() -> Self {
        let band = |from, open_interest, leverage, listings, surplus| Band {
            from: Ppm::new(from),
            open_interest: Ppm::new(open_interest),
            leverage: Ppm::new(leverage),
            listings,
            surplus,
        };
        let (kept, freed) = (SurplusRoute::Reserve, SurplusRoute::Treasury);
        Self {
            law: Law::default(),
            rate_min: Ppm::ZERO,
            rate_max: Ppm::new(250_000),
            slew: Some(Slew { by: Ppm::new(50_000), per: Span::days(1) }),
            interval_min: Span::hours(1),
            open_interest_gain: Ppm::new(50_000),
            volatility_gain: Ppm::new(50_000),
            report_age_max: Span::hours(1),
            spike_max: Ppm::new(50_000),
            spikes_max: 4,
            spike_span_max: Span::days(7),
            bands: vec![
                band(0, 250_000, 3_000_000, false, kept),
                band(500_000, 500_000, 5_000_000, false, kept),
                band(800_000, 800_000, 10_000_000, true, kept),
                band(1_000_000, 1_000_000, 20_000_000, true, kept),
                band(1_100_000, 1_000_000, 20_000_000, true, freed),
            ],
            band_margin: Ppm::new(20_000),
            loosen_delay: Span::days(1),
            reservations: ReservationPolicy {
                part_max: Ppm::new(500_000),
                span_max: Span::from_ms(10 * 60 * 1_000),
                count_max: 64,
            },
            idle: None,
            routes: None,
            messages: None,
        }
    }
}
