//! Why a fund's money moved, in the words of published balance histories.

use backstop_core::{Event, command::Direction, event::Cohort, ledger::LedgerAccount};
use backstop_units::{FundId, TrancheId};

use super::series::Series;

/// The part of a fund that money moved in or out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FundPart {
    /// The protocol's own money.
    Reserve,
    /// What contributors gave.
    Contributions,
    /// A staked tranche.
    Tranche(TrancheId),
    /// Its own money at a yield venue.
    Idle,
    /// Income that waits for its settlement; no part of the balance.
    Revenue,
}

impl FundPart {
    pub(super) const fn key(self) -> (i64, Option<u32>) {
        match self {
            Self::Reserve => (0, None),
            Self::Contributions => (1, None),
            Self::Tranche(tranche) => (2, Some(tranche.get())),
            Self::Idle => (3, None),
            Self::Revenue => (4, None),
        }
    }

    pub(super) fn of_key(part: i64, tranche: Option<u32>) -> Option<Self> {
        Some(match (part, tranche) {
            (0, None) => Self::Reserve,
            (1, None) => Self::Contributions,
            (2, Some(tranche)) => Self::Tranche(TrancheId::new(tranche)),
            (3, None) => Self::Idle,
            (4, None) => Self::Revenue,
            _ => return None,
        })
    }

    /// Whether it counts in the fund's balance.
    pub const fn in_balance(self) -> bool {
        !matches!(self, Self::Revenue)
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Contributions => "contributions",
            Self::Tranche(_) => "tranche",
            Self::Idle => "idle",
            Self::Revenue => "revenue",
        }
    }
}

/// Which fund's part an account is; a tranche's fund is asked of `fund_of`.
pub(super) fn part_of(
    account: LedgerAccount,
    fund_of: impl FnOnce(TrancheId) -> Option<FundId>,
) -> Option<(FundId, FundPart)> {
    Some(match account {
        LedgerAccount::Reserve(fund) => (fund, FundPart::Reserve),
        LedgerAccount::Contributions(fund) => (fund, FundPart::Contributions),
        LedgerAccount::Idle(fund) => (fund, FundPart::Idle),
        LedgerAccount::Revenue(fund) => (fund, FundPart::Revenue),
        LedgerAccount::Tranche(tranche) => (fund_of(tranche)?, FundPart::Tranche(tranche)),
        _ => return None,
    })
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal,)*) => {
        /// Why a fund's money moved.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(super) const fn key(self) -> i64 {
                match self { $(Self::$name => $number,)* }
            }

            pub(super) const fn of_key(key: i64) -> Option<Self> {
                match key { $($number => Some(Self::$name),)* _ => None }
            }

            /// Its word in JSON and queries.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The reason that a word stands for.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.word() == word)
            }
        }
    };
}

// Numbers up to 2 come by the million and have no index by reason, see the index `move_rare`.
reasons! {
    /// A liquidation's part for the fund.
    LiquidationAllocation = 0 "liquidation_allocation",
    /// A liquidator's bounty, paid by the fund.
    LiquidationBounty = 1 "liquidation_bounty",
    /// A market's fees passing through the revenue pool.
    PoolFlow = 2 "pool_flow",
    /// A gift.
    Contribution = 3 "contribution",
    /// Settled revenue.
    Revenue = 4 "revenue",
    /// Income for the revenue pool.
    Income = 5 "income",
    /// A stake, the protocol's too.
    Stake = 6 "stake",
    /// A paid exit.
    Unstake = 7 "unstake",
    /// What the last staker left behind.
    Orphaned = 8 "orphaned",
    /// Excess that the operator took.
    ExcessWithdrawal = 9 "excess_withdrawal",
    /// Shares that the protocol had paid out.
    ProtocolWithdrawal = 10 "protocol_withdrawal",
    /// A loss's payment.
    BankruptcyLoss = 11 "bankruptcy_loss",
    /// A loss that was withdrawn: its payment came back.
    LossVoided = 12 "loss_voided",
    /// Money that came back after a loss.
    Recovery = 13 "recovery",
    /// Something of a position that was taken over.
    Takeover = 14 "takeover",
    /// To or from the yield venue.
    IdleMove = 15 "idle_move",
    /// What was owed at the venue, repaid.
    HouseRepayment = 16 "house_repayment",
    /// A sale of what a layer in another asset gave, or what it came to.
    Conversion = 17 "conversion",
    /// To or from the custodian.
    Transfer = 18 "transfer",
    /// An isolated market's fund became part of a shared one.
    Merge = 19 "merge",
    /// A scenario's opening balance, or what it forces.
    Opening = 20 "opening",
    /// What rounding left.
    Dust = 21 "dust",
    /// None of these.
    Other = 22 "other",
}

/// Why a posting of `event` from `debit` to `credit` moved a fund's money.
pub(super) fn reason(event: &Event, debit: LedgerAccount, credit: LedgerAccount) -> Reason {
    use LedgerAccount as L;
    match event {
        Event::LiquidationSettled { .. } => match debit {
            L::Reserve(_) => Reason::LiquidationBounty,
            _ => Reason::LiquidationAllocation,
        },
        Event::MarginLiquidated(_) | Event::CollateralSeized(_) => Reason::LiquidationAllocation,
        Event::PoolsBalanced { .. } => Reason::PoolFlow,
        Event::Contributed { .. } => Reason::Contribution,
        Event::RevenueSettled { .. } | Event::RevenueRouted { .. } => Reason::Revenue,
        Event::RevenuePaid { .. } => Reason::Income,
        Event::Staked { .. } | Event::ProtocolStaked { .. } => Reason::Stake,
        Event::Unstaked { .. } => match credit {
            L::Reserve(_) => Reason::Orphaned,
            _ => Reason::Unstake,
        },
        Event::ExcessWithdrawn { .. } => Reason::ExcessWithdrawal,
        Event::ProtocolSharesRedeemed { .. } => Reason::ProtocolWithdrawal,
        Event::LossPlaced(_) | Event::LossReallocated(_) => Reason::BankruptcyLoss,
        Event::LossVoided { .. } => Reason::LossVoided,
        Event::LossRecovered { .. } | Event::RecoveryClaimed { .. } => Reason::Recovery,
        Event::PositionTaken { .. }
        | Event::InventoryFilled(_)
        | Event::InventoryDeleveraged(_)
        | Event::AuctionWon { .. } => Reason::Takeover,
        Event::IdleMoved { direction: Direction::In | Direction::Out, .. } => Reason::IdleMove,
        Event::HouseRepaid { .. } => Reason::HouseRepayment,
        Event::LayerConverted(_) | Event::ConversionBooked(_) | Event::BasisSettled(_) => {
            Reason::Conversion
        }
        Event::TransferBegun { .. } | Event::TransferResolved { .. } => Reason::Transfer,
        Event::IsolatedMerged(_) => Reason::Merge,
        Event::Opened { .. } | Event::VaultForced { .. } => Reason::Opening,
        Event::MarketStatusSet(_) => Reason::Dust,
        _ => Reason::Other,
    }
}

/// The sum that a move adds to, where it is one that a fund's picture marks: what came in, what was paid for
/// losses out of its own money and its stakers', what came back.
pub(super) const fn flow(
    why: Reason,
    (fund, part): (FundId, FundPart),
    is_out: bool,
) -> Option<Series> {
    if !part.in_balance() {
        return None;
    }
    match (why, is_out, part) {
        (Reason::BankruptcyLoss, true, FundPart::Tranche(_)) => Some(Series::Slashed(fund)),
        (Reason::BankruptcyLoss, true, _) => Some(Series::PaidOut(fund)),
        (Reason::Recovery | Reason::LossVoided, false, _) => Some(Series::Recovered(fund)),
        (
            Reason::LiquidationAllocation | Reason::Contribution | Reason::Stake | Reason::Revenue,
            false,
            _,
        ) => Some(Series::Received(fund)),
        _ => None,
    }
}

/// The account of a funded layer's cohort, as the books have it.
pub(super) const fn paid_from(
    cohort: &Cohort,
    market: backstop_units::MarketId,
) -> Option<LedgerAccount> {
    match cohort {
        Cohort::FeePool => Some(LedgerAccount::FeePool(market)),
        Cohort::Reserve(fund) => Some(LedgerAccount::Reserve(*fund)),
        Cohort::Contributions(fund) => Some(LedgerAccount::Contributions(*fund)),
        Cohort::Stakers { tranche, .. } => Some(LedgerAccount::Tranche(*tranche)),
        _ => None,
    }
}
