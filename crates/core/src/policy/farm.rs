//! Rules of farms: what is staked for how long, and how rewards are issued and claimed.

use super::choice;
use alloc::vec::Vec;
use backstop_units::{Amount, Bps, Span, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// What a farm is for.
    FarmKind {
        /// Anything staked, any rewards.
        Open = 0 "open",
        /// A vault's shares staked; a vault has at most one, which the council keeps.
        Vault = 1 "vault",
        /// A vault's shares staked, rewards in what the vault holds: they become more staked shares.
        Autocompound = 2 "autocompound",
        /// Nothing is handed over: its owner, or the rule it serves, says what everybody has at stake.
        Delegated = 3 "delegated",
    }
}
choice! {
    /// How the waits of one staker's deposits and exits run.
    FarmTimers {
        /// Each has its own.
        Each = 0 "each",
        /// One for all of them, which every further one starts anew.
        One = 1 "one",
    }
}
choice! {
    /// When stake is locked.
    FarmLock {
        /// Never.
        None = 0 "none",
        /// For a time from each staker's last deposit on.
        Continuous = 1 "continuous",
        /// For a time that begins for all at one moment.
        Expiry = 2 "expiry",
    }
}
choice! {
    /// What the wait before a claim counts from.
    ClaimClock {
        /// The stake: a further deposit moves the moment toward now, by its part of all.
        Stake = 0 "stake",
        /// The opening of the staker's place, staked or not.
        Opening = 1 "opening",
    }
}
choice! {
    /// What becomes of fractions of atoms.
    FarmDust {
        /// They are carried until they make an atom.
        Carried = 0 "carried",
        /// The farm keeps them, and its clock stands while less than an atom is due.
        Left = 1 "left",
    }
}
choice! {
    /// What a reward's rate is for.
    RewardKind {
        /// All stake together.
        Proportional = 0 "proportional",
        /// Each atom that is staked.
        Constant = 1 "constant",
        /// All stake together, at its target; less with less stake, and no lower than four fifths with more.
        Targeted = 2 "targeted",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares the words, not what is usual")]
impl Default for RewardKind {
    fn default() -> Self {
        Self::Proportional
    }
}

/// From when on rewards come at which rate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RewardPoint {
    /// The moment.
    pub at: Timestamp,
    /// How much a second, in the parts of an atom that the reward's decimals say.
    pub rate: Amount,
}

/// How one reward comes.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RewardTerms {
    /// What the rate is for.
    pub kind: RewardKind,
    /// Rates count in tenths of an atom to this power; at most 18.
    pub decimals: u8,
    /// How many staked atoms a targeted rate is for.
    pub target: Amount,
    /// How long after the stake, and after each claim, it can be claimed.
    pub claim_wait: Span,
    /// Its rates, each from a later moment than the one before; at most 20. None: it doesn't come.
    pub points: Vec<RewardPoint>,
}

impl RewardTerms {
    /// Most points of a schedule.
    pub const POINTS_MAX: usize = 20;
    /// Most decimals of a rate.
    pub const DECIMALS_MAX: u8 = 18;

    /// Whether nothing comes now or later.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let last = self.points.iter().rposition(|point| point.at <= now).unwrap_or(0);
        self.points.iter().skip(last).all(|point| point.rate.is_zero())
    }
}

/// Rules of one farm.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FarmPolicy {
    /// How long a deposit waits before it earns.
    pub warmup: Span,
    /// How long what is taken out waits before it is paid; it earns nothing meanwhile.
    pub cooldown: Span,
    /// How these waits run.
    pub timers: FarmTimers,
    /// At most so many waiting deposits and exits of one staker.
    pub tickets_max: u8,
    /// When stake is locked.
    pub lock: FarmLock,
    /// For how long.
    pub lock_span: Span,
    /// When a lock for all begins.
    pub lock_start: Timestamp,
    /// What leaving at the beginning of a lock costs, falling to nothing at its end. Nothing or all of it: who is
    /// locked can't leave.
    pub penalty: Bps,
    /// What the wait before a claim counts from.
    pub claim_clock: ClaimClock,
    /// Whether anyone may have a staker's reward paid to him.
    pub open_harvest: bool,
    /// Whether stake can change hands.
    pub transferable: bool,
    /// The treasury's part of what is claimed.
    pub fee: Bps,
    /// At most so many atoms are staked; none: no limit.
    pub cap: Option<Amount>,
    /// What becomes of fractions.
    pub dust: FarmDust,
    /// A staked atom is this power of ten of the farm's shares at first. Fixed.
    pub stake_decimals: u8,
    /// The rewards of a share count in tenths of an atom to this power. Fixed.
    pub index_decimals: u8,
}

impl FarmPolicy {
    /// Most waiting deposits and exits of one staker.
    pub const TICKETS_MAX: u8 = 32;
    /// Longest wait.
    pub const WAIT_MAX: Span = Span::days(365);
    /// Most decimals of shares and of the index.
    pub const DECIMALS_MAX: u8 = 18;
    /// From so many decimals of shares on, gifts to all stakers can't make a share too dear for a deposit.
    pub const GIFT_DECIMALS: u8 = 9;
}

impl Default for FarmPolicy {
    fn default() -> Self {
        Self {
            warmup: Span::ZERO,
            cooldown: Span::ZERO,
            timers: FarmTimers::Each,
            tickets_max: 8,
            lock: FarmLock::None,
            lock_span: Span::ZERO,
            lock_start: Timestamp::default(),
            penalty: Bps::ZERO,
            claim_clock: ClaimClock::Stake,
            open_harvest: false,
            transferable: false,
            fee: Bps::ZERO,
            cap: None,
            dust: FarmDust::Carried,
            stake_decimals: 0,
            index_decimals: 12,
        }
    }
}
