//! Rules of a vault's insurance pool: its mode, its delays, who matches it.

use super::choice;
use backstop_units::{Amount, Label, Span};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

choice! {
    /// When the pool pays for a loss of its vault.
    PoolMode {
        /// Depositors bear the loss and are made whole afterwards, out of what is released.
        Reimburse = 0 "reimburse",
        /// Shares of the pool are burned in the same step, so that no other share falls while the pool has any.
        FirstLoss = 1 "first_loss",
    }
}
choice! {
    /// Whose the yield of matched money is.
    MatchYield {
        /// The matcher's, with the shares.
        Matcher = 0 "matcher",
        /// The stakers': the matcher gets back at most what he put in.
        Stakers = 1 "stakers",
    }
}
choice! {
    /// How matched money goes back.
    MatchExit {
        /// As stakers leave, pro rata; otherwise only once no staker is left.
        WithStakers = 0 "with_stakers",
        /// So, and also on the matcher's own notice, after the same delay as a staker's.
        Notice = 1 "notice",
    }
}
choice! {
    /// Who signs a release.
    PoolSigner {
        /// The council.
        Council = 0 "council",
        /// The curator's nominee.
        Nominee = 1 "nominee",
    }
}

choice! {
    /// Who announced a release.
    ReleaseBy {
        /// The vault's curator, alone.
        Curator = 0 "curator",
        /// The council, without the nominee.
        Council = 1 "council",
        /// The nominee, without the council.
        Nominee = 2 "nominee",
        /// Somebody else, since neither of them moved.
        Anyone = 3 "anyone",
    }
}
choice! {
    /// What became of an announced release.
    ReleaseStatus {
        /// It waits.
        Announced = 0 "announced",
        /// It was paid.
        Paid = 1 "paid",
        /// A signer said no.
        Disputed = 2 "disputed",
    }
}
choice! {
    /// A commitment that was not kept.
    BreachCause {
        /// A staker signalled his exit while a loss was open.
        ExitInLoss = 0 "exit_in_loss",
        /// The council did not sign in time.
        CouncilSilent = 1 "council_silent",
        /// The nominee did not sign in time.
        NomineeSilent = 2 "nominee_silent",
    }
}

/// Rules of one insurance pool. No command changes them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InsurancePolicy {
    /// When the pool pays.
    pub mode: PoolMode,
    /// From the signal of an exit to its payment.
    pub exit_delay: Span,
    /// Open exits of one staker.
    pub tickets_max: u8,
    /// From the announcement of the curator's release to its payment.
    pub release_delay: Span,
    /// How long after its assessment a loss waits for signatures; from then on anyone releases.
    pub silence: Span,
    /// Who matches what stakers put in, if anybody does.
    pub matching: Option<MatchPolicy>,
}

/// Money beside that of stakers, one for one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MatchPolicy {
    /// Whose money.
    pub matcher: Label,
    /// What the cap is counted in: the vault's own asset, or one that its price is quoted in.
    pub quote: Label,
    /// At most so many atoms of it, valued when they are matched.
    pub cap: Amount,
    /// Whose the yield is.
    pub yields: MatchYield,
    /// How it goes back.
    pub exits: MatchExit,
}

impl InsurancePolicy {
    /// The shortest and the longest notice of an exit.
    pub const EXIT_DELAY: (Span, Span) = (Span::days(1), Span::days(366));
    /// The longest delay of the curator's release.
    pub const RELEASE_DELAY_MAX: Span = Span::days(30);
    /// The shortest and the longest wait for signatures.
    pub const SILENCE: (Span, Span) = (Span::days(1), Span::days(90));
}

impl Default for InsurancePolicy {
    fn default() -> Self {
        Self {
            mode: PoolMode::Reimburse,
            exit_delay: Span::days(30),
            tickets_max: 16,
            release_delay: Span::days(3),
            silence: Span::days(14),
            matching: None,
        }
    }
}
