//! Why a command was refused, and what must never happen.

mod halt;
mod value;

pub use halt::{Corrupt, Halt};
pub use value::Value;

use alloc::string::String;
use backstop_units::MathError;
use core::fmt;

/// One refusal. A refused command changes nothing, is not journalled and does not use up its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Which rule refused.
    pub code: RejectCode,
    /// The value that was offered.
    pub got: Value,
    /// The limit that it met.
    pub limit: Value,
}

impl Reject {
    /// A refusal with the offered value and the limit.
    pub fn new(code: RejectCode, got: impl Into<Value>, limit: impl Into<Value>) -> Self {
        Self { code, got: got.into(), limit: limit.into() }
    }
    /// A refusal that only an offered value explains.
    pub fn got(code: RejectCode, got: impl Into<Value>) -> Self {
        Self { code, got: got.into(), limit: Value::None }
    }
    /// A refusal of nothing where at least one is needed.
    pub(crate) const fn none(code: RejectCode) -> Self {
        Self { code, got: Value::Count(0), limit: Value::Count(1) }
    }
    /// A refusal of a command inside another, by its word.
    pub(crate) const fn nested(word: &'static str) -> Self {
        let (got, limit) = (Value::Word(word), Value::Word("a single command"));
        Self { code: RejectCode::BatchNested, got, limit }
    }
    /// A refusal of what would not fit; what it is can't be written down either.
    pub(crate) const fn overflow() -> Self {
        let (got, limit) = (Value::Word("more than 128 bits"), Value::Count(u128::MAX));
        Self { code: RejectCode::Overflow, got, limit }
    }
    /// A refusal for which there is neither value nor limit: no rule of the core gives one.
    pub const fn bare(code: RejectCode) -> Self {
        Self { code, got: Value::None, limit: Value::None }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code.name(), self.code.number(), self.code.what())?;
        if self.got != Value::None {
            write!(f, ", got {}", self.got)?;
        }
        if self.limit != Value::None {
            write!(f, ", limit {}", self.limit)?;
        }
        Ok(())
    }
}

impl core::error::Error for Reject {}

impl From<MathError> for Reject {
    fn from(_: MathError) -> Self {
        Self::overflow()
    }
}

macro_rules! rejects {
    ($($number:literal $variant:ident $name:literal $what:literal => $hint:literal;)*) => {
        /// The rule that refused. Numbers come in bands for each part and are never reused.
        ///
        /// Their order is the order of precedence: a command that breaks several rules is refused by the
        /// one that is declared first. Three things stand against it. A rule that hangs on something
        /// isn't asked when that is not there. The steps of a linked batch are decided one after the
        /// other, so past what can be told without the state the first step that fails speaks. And two
        /// refusals come when they must: [`BatchTooLarge`](Self::BatchTooLarge) for approvals is given
        /// before their signatures cost time and the state is looked at, and
        /// [`Overflow`](Self::Overflow) of a column in the books after all else, when the events are
        /// applied.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum RejectCode {
            $(#[doc = $what] $variant = $number,)*
        }

        impl RejectCode {
            /// Every code, in the order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable number.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number),* }
            }
            /// The stable name, upper case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// Which rule was broken.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }
            /// What to do next.
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),* }
            }
        }
    };
}

rejects! {
    101 IdTooOld "ID_TOO_OLD" "the command id lies before the idempotency window" => "make a new UUIDv7 id; check the log first whether the old command was recorded";
    102 IdInFuture "ID_IN_FUTURE" "the command id is over five minutes ahead of the ledger's clock" => "set the client's clock and make a new id";
    103 IdReused "ID_REUSED" "this id was used by a command with another body" => "make a new id, or send the first body again to get its answer";
    104 ClockJumped "CLOCK_JUMPED" "the machine's clock jumped; commands wait until an operator confirms the time" => "check the clock and restart with --confirm-clock";
    105 OccurredAtSkew "OCCURRED_AT_SKEW" "`occurred_at` lies outside the allowed skew" => "send the event sooner, or leave `occurred_at` out";
    106 QueueFull "QUEUE_FULL" "the writer's queue is full" => "wait and send the same id again";
    107 JournalFull "JOURNAL_FULL" "the journal has reached its size limit" => "raise the limit or move to a larger disk; reads go on";
    108 Stopped "STOPPED" "the writer has stopped" => "look at the service's log; restart recovers from the journal";
    109 BatchTooLarge "BATCH_TOO_LARGE" "too many steps or bytes in one command" => "send fewer steps";
    110 BatchNested "BATCH_NESTED" "a linked batch, proposal or execution can't stand inside another" => "send it on its own";
    111 SandboxOnly "SANDBOX_ONLY" "opening balances exist in scenarios only" => "bring the money in through a transfer";
    // 112 was NOT_GENESIS. A journal is created with its genesis, so nothing could give it; reserved.

    201 UnknownActor "UNKNOWN_ACTOR" "no account has the actor's label" => "open an account for the actor first";
    202 RoleMissing "ROLE_MISSING" "the actor lacks the role for this command" => "use an actor that holds the role, or have it granted";
    203 NotOwner "NOT_OWNER" "the actor is neither the account itself nor the venue that acts for it" => "let the owner of the account or its venue send it";
    204 UnknownSigner "UNKNOWN_SIGNER" "a signature is by a key that is not of the council" => "sign with a council key";
    205 BadSignature "BAD_SIGNATURE" "a signature does not fit these bytes" => "sign this body with this ledger id, nonce and expiry";
    206 DuplicateSigner "DUPLICATE_SIGNER" "the same key signed twice" => "collect signatures of different keys";
    207 NonceUsed "NONCE_USED" "the approval's nonce is not above the last one used" => "sign again with a higher nonce";
    208 ApprovalExpired "APPROVAL_EXPIRED" "the approval has expired" => "sign again with a later expiry";
    209 TooFewSignatures "TOO_FEW_SIGNATURES" "fewer valid signatures than the council's threshold" => "collect more signatures, or propose and let others approve";
    210 Timelocked "TIMELOCKED" "this change must wait out its delay" => "propose it, and execute the proposal when it is ready";
    211 UnknownProposal "UNKNOWN_PROPOSAL" "no such proposal" => "list the proposals";
    212 ProposalClosed "PROPOSAL_CLOSED" "the proposal was executed or cancelled" => "propose again with a higher nonce";
    213 ProposalMismatch "PROPOSAL_MISMATCH" "the approval names other bytes, nonce or expiry than the proposal" => "sign the proposal's own digest, nonce and expiry";
    214 ProposalNotReady "PROPOSAL_NOT_READY" "the proposal lacks signatures or its delay is not over" => "wait until it is ready";
    215 BadCouncil "BAD_COUNCIL" "a council needs distinct keys and a threshold of 1 to all of them" => "correct keys and threshold";
    216 NotProposable "NOT_PROPOSABLE" "this command needs no council" => "send it directly";
    217 UnknownRules "UNKNOWN_RULES" "this program does not know that rules version" => "upgrade the program first";

    301 UnknownAsset "UNKNOWN_ASSET" "no such asset" => "register the asset, or correct its label";
    302 UnknownAccount "UNKNOWN_ACCOUNT" "no such account" => "open the account, or correct its label";
    303 UnknownFund "UNKNOWN_FUND" "no such fund" => "create the fund, or correct its label";
    304 UnknownTranche "UNKNOWN_TRANCHE" "no such tranche" => "create the tranche, or correct its label";
    305 UnknownMarket "UNKNOWN_MARKET" "no such market" => "create the market, or correct its label";
    306 DuplicateLabel "DUPLICATE_LABEL" "this label is taken" => "choose another label";
    307 TooManyDecimals "TOO_MANY_DECIMALS" "an asset has at most 30 decimals, the base of a position 29, a price nine more than its quote" => "use fewer decimals";
    308 CapacityReached "CAPACITY_REACHED" "a configured number of items is reached" => "raise the limit in the configuration";
    309 ZeroAmount "ZERO_AMOUNT" "the amount is zero" => "send a positive amount";
    310 WrongAsset "WRONG_ASSET" "the asset is not the one this holds" => "send the right asset";
    311 InsufficientBalance "INSUFFICIENT_BALANCE" "the account's free balance is smaller" => "transfer money in first, or send less";
    312 Overflow "OVERFLOW" "the result exceeds 128 bits" => "send a smaller amount";
    313 UnknownTier "UNKNOWN_TIER" "no such tier" => "look up its label";
    314 UnknownReserve "UNKNOWN_RESERVE" "no such lending reserve" => "create the reserve, or correct its label";
    315 UnknownVault "UNKNOWN_VAULT" "no such vault" => "create the vault, or correct its label";
    316 UnknownFarm "UNKNOWN_FARM" "no such farm" => "create the farm, or correct its label";
    317 UnknownInsurancePool "UNKNOWN_INSURANCE_POOL" "the vault has no insurance pool" => "let its curator create one";
    318 UnknownVaultLoss "UNKNOWN_VAULT_LOSS" "no such loss of a vault" => "look at the vault's losses";

    401 BadSplit "BAD_SPLIT" "the shares of the split don't add up to 100%" => "make fund, liquidator and user add up to 10000 bps";
    402 EntriesPaused "ENTRIES_PAUSED" "the guardian has paused entries into this fund" => "wait until the pause ends";
    403 FundGated "FUND_GATED" "an open loss holds this fund" => "wait until the loss is placed, void or lapsed";
    404 FundOnAlert "FUND_ON_ALERT" "an alert holds exits from this fund" => "wait until the alert ends";
    405 LossOpen "LOSS_OPEN" "nothing is withdrawn while a loss is open" => "place or void the loss first";
    406 SuspenseOpen "SUSPENSE_OPEN" "the books and the custodian disagree" => "reconcile until suspense is zero";
    407 CoverageLow "COVERAGE_LOW" "coverage is below its band" => "wait until the fund has grown";
    408 BelowThreshold "BELOW_THRESHOLD" "the fund is below its threshold" => "wait until the fund has grown past it";
    409 NoExcess "NO_EXCESS" "the fund is exactly at its threshold" => "only what lies above the threshold is excess";
    410 NoProtocolExcess "NO_PROTOCOL_EXCESS" "what lies above the threshold is contributors' or stakers' money" => "contributions are never withdrawn";
    411 AboveExcess "ABOVE_EXCESS" "more than the excess" => "withdraw at most the limit";
    412 BadPolicy "BAD_POLICY" "a setting is outside its rails" => "correct the setting";
    413 AlertTooLong "ALERT_TOO_LONG" "alerts and pauses exceed what may be used in 90 days" => "shorten it";
    414 NotOnAlert "NOT_ON_ALERT" "the fund has no alert" => "nothing to end";
    415 TimeRunsBack "TIME_RUNS_BACK" "the moment lies in the past" => "name a later moment";
    416 RevenueOff "REVENUE_OFF" "this fund settles no revenue" => "give its revenue a period";
    417 RevenueEarly "REVENUE_EARLY" "the next settlement of revenue is not due" => "wait until the limit";
    418 NoRevenue "NO_REVENUE" "nothing can be settled" => "pay revenue in, or wait until more of it is free";
    420 NoControl "NO_CONTROL" "the fund has no fee control" => "have the council set it";
    421 ControlTooEarly "CONTROL_TOO_EARLY" "fee control ran a short while ago" => "run it from the limit on";
    422 SpikeTooLong "SPIKE_TOO_LONG" "a spike lasts longer than the fund allows" => "end it sooner";
    423 TooManySpikes "TOO_MANY_SPIKES" "too many spikes at one time" => "end one first";
    424 UnknownSpike "UNKNOWN_SPIKE" "no such spike is on" => "look at the fund for its spikes";
    425 NoRiskModel "NO_RISK_MODEL" "the fund takes no risk messages" => "have the council name the model's key in the fund's control";
    426 BadRiskSignature "BAD_RISK_SIGNATURE" "the risk message is not signed by the model's key" => "sign this ledger's id and the message with the model's key";
    427 RiskMessageOrder "RISK_MESSAGE_ORDER" "the risk message is not later than the last one" => "number messages upward, each once";
    428 RiskMessageStale "RISK_MESSAGE_STALE" "the risk message is too old, from the future, or over already" => "run the model again and send its message at once";
    429 RiskMessageCaps "RISK_MESSAGE_CAPS" "the risk message asks for more than the fund's caps allow" => "ask for at most the limit, or have the council raise it";
    430 UnknownReservation "UNKNOWN_RESERVATION" "no such reservation is open" => "reserve first, or settle without one";
    431 ReservationExpired "RESERVATION_EXPIRED" "the reservation has expired, its capacity is free again" => "reserve again, or settle without one";
    432 DuplicateReservation "DUPLICATE_RESERVATION" "the market has an open reservation of this name" => "choose another name";
    433 ReservationTooLong "RESERVATION_TOO_LONG" "a reservation holds capacity longer than the fund allows" => "end it sooner";
    434 TooManyReservations "TOO_MANY_RESERVATIONS" "too many open reservations of one fund" => "commit or release one first";
    435 ReservationAboveCapacity "RESERVATION_ABOVE_CAPACITY" "more than the fund may still hold for others" => "reserve at most the limit";
    436 TargetBelowCover "TARGET_BELOW_COVER" "the target is below the stress loss of the two largest owner groups" => "ask for at least the limit";
    440 OfflineBudgetSpent "OFFLINE_BUDGET_SPENT" "a late deficit exceeds what is left of the offline budget" => "have the risk desk look at what was settled and fill it up";
    441 IdleAboveLimit "IDLE_ABOVE_LIMIT" "more idle cash than the fund allows" => "place less; by default nothing may be placed";
    442 AboveIdle "ABOVE_IDLE" "more than is placed" => "return at most the limit";
    443 NotBankrupt "NOT_BANKRUPT" "the account can pay, owes too little to count, or has positions left" => "liquidate or close what it has first";
    450 DrawdownOff "DRAWDOWN_OFF" "nobody watches this fund for a fall from its peak" => "have the council set when it counts as fallen";
    451 DrawdownStands "DRAWDOWN_STANDS" "the fund's trigger already stands as its fall has it" => "ask again when the fund has changed";

    501 ZeroShares "ZERO_SHARES" "the amount is too small for one share" => "stake more";
    502 BelowMinimumStake "BELOW_MINIMUM_STAKE" "below the tranche's minimum stake" => "stake at least the limit";
    503 Slippage "SLIPPAGE" "less than the guard allows" => "look at the price and send again";
    504 TrancheWiped "TRANCHE_WIPED" "a loss took all assets of this tranche" => "this tranche takes no new stake";
    505 InsufficientShares "INSUFFICIENT_SHARES" "more shares than are free" => "ask for at most the limit";
    506 TooManyTickets "TOO_MANY_TICKETS" "too many open tickets of this staker" => "claim or cancel one first";
    507 UnknownTicket "UNKNOWN_TICKET" "no such ticket" => "list the tickets";
    508 TicketClosed "TICKET_CLOSED" "the ticket was claimed, cancelled or lapsed" => "file a new request";
    509 CooldownNotOver "COOLDOWN_NOT_OVER" "the cooldown is not over" => "claim from the limit on";
    510 ClaimWindowOver "CLAIM_WINDOW_OVER" "the claim window is over, the ticket lapsed back into stake" => "file a new request";
    511 TicketNotLapsed "TICKET_NOT_LAPSED" "the claim window is not over" => "wait until the limit";
    512 TicketOpen "TICKET_OPEN" "no stake is added while a ticket of this staker is open" => "claim the ticket or take it back";
    513 AboveProtocolShares "ABOVE_PROTOCOL_SHARES" "more shares than the protocol holds" => "name at most the limit";
    514 SharesOrAmount "SHARES_OR_AMOUNT" "one of shares and amount is needed, not both" => "name one of them";

    601 NoWaterfall "NO_WATERFALL" "a market needs at least one layer" => "name the layers";
    602 TooManyLayers "TOO_MANY_LAYERS" "too many layers" => "use at most the limit";
    603 DuplicateLayer "DUPLICATE_LAYER" "a layer stands twice in the waterfall" => "name each layer once";
    604 LayerAsset "LAYER_ASSET" "a layer holds another asset than the market's fund" => "use a layer of the same asset, or give it a haircut and both assets a price in one quote";
    605 IsolatedFund "ISOLATED_FUND" "an isolated fund and a shared one can't stand in one waterfall" => "use layers of one kind";
    606 LimitBelowUsed "LIMIT_BELOW_USED" "a lifetime limit below what is already used" => "set at least the limit";
    607 SelfLiquidation "SELF_LIQUIDATION" "an account can't liquidate itself" => "name another liquidator";
    608 NoEvidence "NO_EVIDENCE" "a loss needs an evidence root" => "send the Merkle root of marks, fills and positions";
    609 AboveTier "ABOVE_TIER" "a cap above what the market's tier allows" => "set at most the limit, or move the market to another tier";
    610 PoolsOff "POOLS_OFF" "this market's pools don't feed each other" => "give the market pool rules";
    611 NoDeficit "NO_DEFICIT" "the market can pay its winners" => "wait until its pool is short";
    612 NoCover "NO_COVER" "the limits leave nothing to cover with" => "look at the market's layers and its limit for a period";

    641 BadClose "BAD_CLOSE" "the size to close must be on the other side of the position and no larger" => "close at most the limit, with the other sign";
    642 NoMaintenance "NO_MAINTENANCE" "the account needs no maintenance margin, so there is nothing to share its equity by" => "give the positions a maintenance rate";
    643 WorseStanding "WORSE_STANDING" "the trade would leave one side worse than it may be" => "take another counterparty or another price";
    644 LimitSpent "LIMIT_SPENT" "more is used than the limit allows" => "wait until the limit refills";
    645 AlreadyLiquidated "ALREADY_LIQUIDATED" "this position was liquidated a moment ago" => "wait until the limit";
    646 PositionLimit "POSITION_LIMIT" "the position would be larger than the market allows" => "trade at most up to the limit, or reduce";
    647 OpenInterestLimit "OPEN_INTEREST_LIMIT" "open interest would be larger than the market allows" => "trade at most up to the limit, or reduce";

    650 NotHosted "NOT_HOSTED" "the venue keeps this market's positions" => "use the commands of attached markets, such as settle_liquidation";
    651 Hosted "HOSTED" "this market's positions are kept here" => "use the commands of hosted markets, such as fill_liquidation";
    652 NoMarginPool "NO_MARGIN_POOL" "the fund has no collateral pool" => "have the council open one";
    653 UnknownMargin "UNKNOWN_MARGIN" "the account has no collateral in this pool" => "deposit first";
    654 WithdrawalsHeld "WITHDRAWALS_HELD" "an account below zero or a stall was seen, so nothing leaves the pool" => "wait until the limit";
    655 MarginShort "MARGIN_SHORT" "initial margin needs this collateral" => "withdraw at most the limit, or reduce positions";
    656 PoolShort "POOL_SHORT" "the pool holds less than this payment" => "wait until positions that lost have paid in";
    657 NoMark "NO_MARK" "the market has no mark yet" => "report one";
    658 MarkStale "MARK_STALE" "the market's mark is older than its rules allow" => "report a new one";
    659 MarkByIndex "MARK_BY_INDEX" "this market's mark is its index's price" => "report to the index's feeds";
    660 WrongStatus "WRONG_STATUS" "the market's status does not allow this" => "look at the market for its status";
    661 ReduceOnly "REDUCE_ONLY" "the trade would open or enlarge a position on a market that is wound down" => "trade at most what closes positions of both sides";
    662 SameAccount "SAME_ACCOUNT" "both sides of a trade are the same account" => "name another one";
    663 OwnGroup "OWN_GROUP" "the counterparty belongs to the owner group of the liquidated account" => "take a counterparty of another group";
    664 NotLiquidatable "NOT_LIQUIDATABLE" "the account has its maintenance margin" => "leave it alone, or wait";
    665 BeyondBankruptcy "BEYOND_BANKRUPTCY" "the fill is worse than bankruptcy by more than insured layers pay" => "find a better price, or deleverage the account";
    666 LiquidationStep "LIQUIDATION_STEP" "more notional than one step of a liquidation may close" => "close at most the limit, then wait for the next step";
    667 Throttled "THROTTLED" "more than may be liquidated within the window" => "close at most up to the limit, or wait until it refills";
    668 NotDeleverageable "NOT_DELEVERAGEABLE" "the account is not below zero, and the market is not in final settlement" => "liquidate it through the book";
    669 TooManyCounterparties "TOO_MANY_COUNTERPARTIES" "too many counterparties at once" => "send the first ones, then the others";
    670 DuplicateCounterparty "DUPLICATE_COUNTERPARTY" "a counterparty stands twice in the list" => "name each once";
    672 TooManyPositions "TOO_MANY_POSITIONS" "the account has too many open positions" => "close one first";
    673 OpenInterestLeft "OPEN_INTEREST_LEFT" "positions are open" => "close them by trades, or by final settlement";
    674 NotIsolated "NOT_ISOLATED" "the market is not isolated, or shares its fund with others" => "only a market alone on an isolated fund can be merged";
    675 FundStaked "FUND_STAKED" "the fund has staked tranches, or the market's waterfall names more than its own reserve" => "stakers agreed to this fund alone; let them leave first";

    680 InventoryOff "INVENTORY_OFF" "this market's fund takes nothing over" => "have the council set what it may take over";
    681 InventoryMark "INVENTORY_MARK" "the mark is not borne out by the market's index" => "send a mark near the index's price, or wait until it has one";
    682 InventoryCooldown "INVENTORY_COOLDOWN" "the fund took a position of this owner group a short while ago" => "liquidate in the book, deleverage, or wait until the limit";
    683 InventoryPosition "INVENTORY_POSITION" "the position would be larger than the fund may hold on this market" => "hand over less";
    684 InventoryLoss "INVENTORY_LOSS" "positions on this market would have cost more within 24 hours than they may" => "auction or deleverage what is held";
    685 InventoryRisk "INVENTORY_RISK" "a move against the fund's positions would cost more than the part of its money that may be at risk" => "hand over less, or bring the fund money";
    686 InventoryOverdue "INVENTORY_OVERDUE" "a position is held longer than it may be" => "auction it or have it closed";
    687 TooManyInventories "TOO_MANY_INVENTORIES" "the fund holds positions on too many markets" => "close one first";
    688 InventoryFlat "INVENTORY_FLAT" "the fund holds no position on this market" => "nothing is to be done";
    689 InventoryStale "INVENTORY_STALE" "the mark is too old to close a position at" => "mark it first";
    690 InventoryPrice "INVENTORY_PRICE" "the fill is worse than the mark by more than is allowed" => "mark the position anew, or auction it";
    691 AuctionOpen "AUCTION_OPEN" "the position is being auctioned" => "wait until the limit";
    692 AuctionOver "AUCTION_OVER" "the position is not being auctioned" => "start an auction";
    693 AuctionSize "AUCTION_SIZE" "the bid is on the other side or for more than there is" => "bid for at most the limit, with the position's sign";
    694 AuctionPrice "AUCTION_PRICE" "the auction's price is worse than the bid's" => "wait until the discount has risen, or bid better";
    695 AuctionGroup "AUCTION_GROUP" "the fund took a position of the bidder's own group over" => "let others bid";

    700 HouseOff "HOUSE_OFF" "the fund has no account of its own at a venue" => "have the council name one";
    701 UnknownLoss "UNKNOWN_LOSS" "no such loss" => "list the losses";
    702 LossState "LOSS_STATE" "the loss is in another state" => "look at the loss's page for its state";
    703 TooManyOpenLosses "TOO_MANY_OPEN_LOSSES" "too many open losses on one fund" => "place or void one first";
    704 DeclarationNotLapsed "DECLARATION_NOT_LAPSED" "the declaration has time left to be assessed" => "wait until the limit";
    705 RecoveryAboveLoss "RECOVERY_ABOVE_LOSS" "more than is still to be recovered" => "send at most the limit";
    706 NothingToClaim "NOTHING_TO_CLAIM" "nothing recovered for this account" => "wait for a recovery";
    707 NoBeneficiary "NO_BENEFICIARY" "nobody is named to get the fund's surplus" => "have the council name a beneficiary";
    708 HouseLate "HOUSE_LATE" "the house account was reported before the fund last moved it" => "take the movement into account, and report with the fund's count of them";
    709 NothingToMove "NOTHING_TO_MOVE" "nothing in the house account is to be moved this way" => "look at the fund for what the account owes and what is free in it";
    710 ListingsStopped "LISTINGS_STOPPED" "the fund's coverage band lists no new markets" => "wait until coverage has reached the limit and the band has risen";

    720 ClaimUnknown "CLAIM_UNKNOWN" "the loss has no such claim" => "look at the loss's rows";
    721 ClaimClosed "CLAIM_CLOSED" "the claim is closed" => "nothing is left to do; the rest went to the layers behind";
    722 ClaimUnsettled "CLAIM_UNSETTLED" "who bears a claim of the loss is not settled" => "run it and close it first";
    723 ClaimStarted "CLAIM_STARTED" "some of the list have already paid" => "run it to its end";
    724 ListTooLong "LIST_TOO_LONG" "the list is longer than the market's policy allows" => "list at most the limit, of winners those who stand first";
    725 AdlPrice "ADL_PRICE" "the price is not worse than the mark for the side that is cut" => "send the price of bankruptcy and the mark, and the side that gains";
    726 ListNotOpen "LIST_NOT_OPEN" "no list was announced" => "announce it first";
    727 ListPartTooLarge "LIST_PART_TOO_LARGE" "a part of a list holds none or too many entries" => "send 1 to 4096 at once";
    728 AdlSide "ADL_SIDE" "a candidate is on the wrong side" => "list positions of the side that is cut";
    729 AdlCandidate "ADL_CANDIDATE" "a candidate has no size, entry or equity, more hedged than held, or lacks what the rank divides by" => "correct the candidate; who has no equity is to be liquidated";
    730 ListSeal "LIST_SEAL" "the list does not match its seal" => "send exactly the entries of the announced list, or announce it anew";
    731 ClaimNotComplete "CLAIM_NOT_COMPLETE" "the list has not all come in, or not all have paid" => "send the rest, run it, or wait for the deadline to close it";
    732 ClaimDone "CLAIM_DONE" "all have paid" => "close the claim";

    733 MarketDead "MARKET_DEAD" "a loss has taken all that lenders had on this market" => "create another market; what is lost here stays with those who bore it";
    734 DepositIndex "DEPOSIT_INDEX" "the index of deposits, or its unit, is below what can express a loss" => "scale index and unit up by the same power of ten";
    735 DepositsLate "DEPOSITS_LATE" "the deposits were reported before a loss that they have borne" => "take the loss off the index, and report with the market's count of losses";

    740 LeverageLimit "LEVERAGE_LIMIT" "the fund's coverage band allows less leverage" => "trade or withdraw less, deposit margin, or wait until the band has risen";
    741 CapBelowOpen "CAP_BELOW_OPEN" "the cap lies below what is open" => "set it to at least the limit; a cap at what is open lets nothing grow";
    742 NotCollateral "NOT_COLLATERAL" "this asset is not taken as collateral here" => "look up which are, and give one of them";
    743 CollateralCap "COLLATERAL_CAP" "no more of this asset is taken as collateral here" => "give at most the limit, or another asset";
    744 CollateralLeft "COLLATERAL_LEFT" "something that was pledged is left" => "have it seized or withdrawn first";
    745 CollateralShort "COLLATERAL_SHORT" "the account has pledged less of this asset" => "name at most the limit";
    746 NotSeizable "NOT_SEIZABLE" "the account has its margin and owes no more than it may" => "leave it alone, or wait";

    760 ClaimOpen "CLAIM_OPEN" "a layer of the waterfall that placed a loss has yet to pay" => "run it and close it first, or wait for its deadline to close it";
    761 EquityHolder "EQUITY_HOLDER" "an account on the list has no equity" => "leave it out; who owes more than he has is to be liquidated";

    780 PoolHaircut "POOL_HAIRCUT" "the pool is short of what its members can claim, so it takes no new money as collateral and is not merged" => "recapitalise it by the value got, or wait for a recovery";
    781 AboveHaircut "ABOVE_HAIRCUT" "more than the pool is short of" => "pay at most the limit";

    801 UnknownTransfer "UNKNOWN_TRANSFER" "no such transfer" => "list the transfers";
    802 TransferClosed "TRANSFER_CLOSED" "the transfer was already confirmed or failed" => "begin a new transfer";
    803 NothingOwed "NOTHING_OWED" "more than the venue is owed" => "transfer at most the limit";
    804 UnsignedBalance "UNSIGNED_BALANCE" "the external balance must be signed by the asset's custodian" => "have the custodian sign it";
    805 CustodyShort "CUSTODY_SHORT" "custody holds less than this transfer" => "reconcile, or transfer less";

    850 UnknownIndex "UNKNOWN_INDEX" "no such price index" => "register the index, or correct its label";
    851 UnknownFeed "UNKNOWN_FEED" "no such feed" => "register the feed, or correct its label";
    852 FeedRetired "FEED_RETIRED" "the feed is retired" => "register a new feed";
    853 ReporterTaken "REPORTER_TAKEN" "this key or account already reports for the index" => "use another key for each feed of an index";
    854 BadReportSignature "BAD_REPORT_SIGNATURE" "the report is not signed by the feed's key" => "sign this ledger's id, index, feed, price and time with the feed's key";
    855 ReportOutOfOrder "REPORT_OUT_OF_ORDER" "the report is not later than the feed's last one" => "send reports in order, each once";
    856 ReportAhead "REPORT_AHEAD" "the report's time lies ahead of the ledger's by more than the allowed skew" => "set the feed's clock";
    857 PriceZero "PRICE_ZERO" "the price is zero" => "report a positive price";
    858 StalePrice "STALE_PRICE" "too many of the feeds' reports are older than the index allows" => "wait for new reports";
    859 TooFewFeeds "TOO_FEW_FEEDS" "fewer feeds have reported than the quorum" => "wait for more feeds";
    860 TooFewFamilies "TOO_FEW_FAMILIES" "the fresh feeds are of too few families" => "wait for feeds of other families";
    861 FeedsDisagree "FEEDS_DISAGREE" "without the feeds that deviate too far too few are left" => "look at the index's page for the feeds that deviate";
    862 PriceOutOfBand "PRICE_OUT_OF_BAND" "the price moved beyond its band and is not confirmed yet" => "wait until it has held for the confirmation time";
    863 PriceJumped "PRICE_JUMPED" "the price moved further than any that time alone confirms" => "have the council look at it and set the index's policy";
    864 AssetPriced "ASSET_PRICED" "the asset has a price index already" => "use that index, or leave the asset out";
    865 ConversionUnpriced "CONVERSION_UNPRICED" "a layer in another asset is needed, and too few fresh prices say what it is worth" => "wait for new reports, then place the loss";
    866 ConversionDisputed "CONVERSION_DISPUTED" "a layer in another asset is needed, and the feeds of its price disagree or are of too few families" => "look at the index's page for the feeds that deviate";
    867 ConversionSuspect "CONVERSION_SUSPECT" "a layer in another asset is needed, and its price moved beyond its band" => "wait until the price is confirmed, or have the council look at it";
    868 SaleBelowPrice "SALE_BELOW_PRICE" "the sale brings less than the fresh price after the haircut" => "bring at least the limit, or have the council book it";
    869 AboveConversion "ABOVE_CONVERSION" "more than is unsold or owed" => "look at the market's layers, and name at most the limit";

    900 BadCurve "BAD_CURVE" "a curve has 2 to 11 points from 0 to 100% utilization, each further than the one before, with rates that never fall" => "correct the points";
    901 ReserveClosed "RESERVE_CLOSED" "the reserve is paused, or dead" => "withdraw, repay or liquidate; or wait until it is open again";
    902 UnknownLoan "UNKNOWN_LOAN" "the account has no loan from this reserve" => "pledge collateral first, or correct the label";
    904 SharesShort "SHARES_SHORT" "the account has fewer shares" => "send fewer";
    907 SupplyAboveMax "SUPPLY_ABOVE_MAX" "more would be supplied than the reserve takes" => "send less";
    908 SharesRoundToZero "SHARES_ROUND_TO_ZERO" "the amount buys no share" => "send at least the limit";
    911 LoanCovered "LOAN_COVERED" "the collateral covers the debt" => "wait; there is nothing to liquidate";
    912 NoDebt "NO_DEBT" "the loan has no debt" => "look at the loan";
    913 AboveDebt "ABOVE_DEBT" "more than the debt" => "name at most the limit, or no amount for all of it";
    914 ReserveIlliquid "RESERVE_ILLIQUID" "more than the reserve has at hand" => "take less, or wait for repayments";
    915 BorrowAboveMax "BORROW_ABOVE_MAX" "more would be lent than the reserve's rules allow" => "borrow less";
    916 UtilizationAboveMax "UTILIZATION_ABOVE_MAX" "utilization would be above the reserve's limit" => "borrow less, or wait for supply";
    917 LoanUncovered "LOAN_UNCOVERED" "the collateral does not carry the debt" => "pledge more, or borrow or take back less";
    920 NotAllocated "NOT_ALLOCATED" "the vault has no such reserve, or nothing waits for it" => "look at the vault's allocations";
    921 NotListed "NOT_LISTED" "the vault takes listed reserves only" => "have the council list the reserve";
    922 AllocationWaits "ALLOCATION_WAITS" "the allocation still waits for a veto" => "apply it from the limit on";
    923 AllocationUsed "ALLOCATION_USED" "the reserve has weight, cap or money" => "set both to zero and move the money out first";
    924 InvestTooSoon "INVEST_TOO_SOON" "money was moved for this reserve a moment ago" => "wait until the limit";
    925 BelowMinimum "BELOW_MINIMUM" "less than the vault's minimum, or not more where it has to be more" => "send more; the quoted minimum includes every deduction";
    926 VaultEmpty "VAULT_EMPTY" "the vault's shares are worth nothing" => "wait for a recovery, or use another vault";
    927 NothingDelivered "NOTHING_DELIVERED" "nothing would be paid" => "ask for more, or name a reserve that has money";
    928 PenaltyTakesAll "PENALTY_TAKES_ALL" "the penalty is as much as what would be paid" => "withdraw more at once";
    929 QueueWaits "QUEUE_WAITS" "others wait in the queue for money of this vault" => "fill the queue with what is at hand, join it, or redeem in kind";
    930 FarmKind "FARM_KIND" "a farm of this kind, or with these rules, does not do this" => "look at the farm for what it is for";
    931 VaultFarmUsed "VAULT_FARM_USED" "something is staked in the farm that the vault has" => "wait until all have left it";
    932 FarmNotOffered "FARM_NOT_OFFERED" "the farm was offered to nobody" => "have its owner offer it";
    933 UnknownReward "UNKNOWN_REWARD" "the farm pays no reward in this asset" => "look at the farm's rewards";
    934 UnknownStaker "UNKNOWN_STAKER" "the account has no place in this farm" => "stake, or refresh the farm for the account";
    935 FarmFull "FARM_FULL" "more would be staked than the farm takes" => "stake less";
    936 StakeLocked "STAKE_LOCKED" "the stake is locked" => "wait until the limit";
    937 ExitWaits "EXIT_WAITS" "an exit whose wait is over was not collected" => "withdraw it first";
    938 NoExit "NO_EXIT" "no exit of this account waits" => "unstake first";
    939 ClaimTooEarly "CLAIM_TOO_EARLY" "the wait before a claim is not over" => "claim from the limit on";
    940 NothingEarned "NOTHING_EARNED" "nothing to claim" => "wait until the farm has issued something";
    941 BadSchedule "BAD_SCHEDULE" "a schedule has at most 20 points, each later than the one before, and at most 18 decimals" => "correct the points";
    942 RewardsRun "REWARDS_RUN" "the reward's schedule is not over" => "set all rates to zero first";
    943 AboveUnissued "ABOVE_UNISSUED" "more than what is left to be issued" => "name at most the limit";
    944 ExpectedDiffers "EXPECTED_DIFFERS" "the staker has another amount unclaimed than expected" => "look whether the reward was given already";
    945 NobodyStakes "NOBODY_STAKES" "nobody has active stake" => "wait until somebody stakes";
    946 NoPenalties "NO_PENALTIES" "the farm holds no penalties" => "nothing is to be done";

    950 InsurancePoolExists "INSURANCE_POOL_EXISTS" "the vault has its insurance pool for ever" => "stake in that one";
    951 OneSigner "ONE_SIGNER" "council and nominee are one key" => "name two keys, of two owners";
    952 NotOfCouncil "NOT_OF_COUNCIL" "the key is of no member of the council" => "name a member's key";
    953 MatchUnpriced "MATCH_UNPRICED" "the cap's asset and the vault's have no prices in one quote" => "register the index of the vault's asset first, or count the cap in that asset";
    954 NotMatched "NOT_MATCHED" "nobody matches this pool" => "stake instead";
    955 AboveMatchCap "ABOVE_MATCH_CAP" "more would be matched than the cap allows" => "match less; the limit is valued when it is matched";
    956 AboveStake "ABOVE_STAKE" "more would be matched than stakers have locked and not signalled to take" => "match at most the limit, or let them stake first";
    957 MatchStays "MATCH_STAYS" "matched money leaves only as stakers do" => "wait until they have left";
    958 BadOwner "BAD_OWNER" "an owner has 2 to 16 distinct keys, of which two or more must sign" => "correct keys and threshold";
    959 OwnerWithoutCouncil "OWNER_WITHOUT_COUNCIL" "the council's key is not among the new owner's" => "add the pool's council key";
    960 NotOffered "NOT_OFFERED" "the pool was not offered to these keys" => "accept exactly what was offered, or have it offered";
    961 OtherVaultsLoss "OTHER_VAULTS_LOSS" "the loss is of another vault" => "name a loss of this pool's vault";
    962 UnknownRelease "UNKNOWN_RELEASE" "no such release was announced" => "announce it first";
    963 ReleaseClosed "RELEASE_CLOSED" "the release was paid or disputed" => "announce another one, or have both sign";
    964 ReleaseWaits "RELEASE_WAITS" "the release's time has not come" => "carry it out from the limit on";
    965 NotDisputable "NOT_DISPUTABLE" "this release is not the signer's to dispute" => "only who was silent disputes what others announced";
    966 AboveLoss "ABOVE_LOSS" "more than depositors have lost for good and did not get back" => "release at most the limit";
    967 InsurancePoolEmpty "INSURANCE_POOL_EMPTY" "the pool has nothing that answers for this loss" => "what is left stays with depositors, or is paid in by others";
    968 InsurancePoolHeld "INSURANCE_POOL_HELD" "a loss that the pool answers for is not over" => "release for it first, or wait until it is void";
    980 NothingLost "NOTHING_LOST" "the vault's reserves lost nothing since they were last looked at" => "have the loan marked or socialised first";
    981 AboveBorne "ABOVE_BORNE" "none, or more than those with a claim have lost for good and nobody has made good" => "name at most the limit";
    982 CompensationState "COMPENSATION_STATE" "the loss's compensation is in another state" => "look at the loss for its state";
    983 ClaimsWait "CLAIMS_WAIT" "the assessment can still be disputed" => "wait until the limit";
    984 NothingReleased "NOTHING_RELEASED" "the loss's compensation account holds nothing" => "have the insurance pool release, or pay in";
    985 ClaimsOver "CLAIMS_OVER" "the time for claims is over" => "nothing is left to claim; what is left goes back";
    986 ClaimsRunning "CLAIMS_RUNNING" "claims can still be made" => "wait until the limit";
    987 ClaimExcluded "CLAIM_EXCLUDED" "the account is of the curator's owner group or was named with it" => "have the assessment revised before claims open";
    988 HeldNothing "HELD_NOTHING" "the account held nothing of the vault when the loss occurred" => "look at the loss for who held";
    989 AlreadyClaimed "ALREADY_CLAIMED" "the claim was paid" => "nothing is left to do";
    990 PoolOwes "POOL_OWES" "the vault's insurance pool can still release for this loss" => "release the rest first; anyone may announce it once its signers were silent";
    1000 NoQueue "NO_QUEUE" "the vault has no queue to wait in" => "withdraw what is at hand, or redeem in kind";
    1001 NotQueued "NOT_QUEUED" "nobody waits, or the account does not" => "withdraw as usual";
    1002 NotConditional "NOT_CONDITIONAL" "the vault's money goes to this reserve by weight, not when it is borrowed" => "borrow what the reserve has at hand";
    1003 AboveCap "ABOVE_CAP" "more than the vault's cap for this reserve leaves" => "borrow less, or wait for repayments";
    1010 FeesWait "FEES_WAIT" "a loss of the vault is not certain yet, and pending fees bear it first" => "wait until the loan is repaid or socialised";
    1011 RootStands "ROOT_STANDS" "the claims have a root, or the time to challenge it is over" => "use that one; a wrong one is struck by a wrong leaf in time, and overruled by a count";
    1012 NoRoot "NO_ROOT" "no root of these claims was published" => "claim without a proof, or publish the root";
    1013 RootWaits "ROOT_WAITS" "the root can still be challenged" => "claim without a proof, or from the limit on";
    1014 BadProof "BAD_PROOF" "the proof does not lead from this leaf to the root" => "make the proof anew from the list of claims";
    1015 LeafRight "LEAF_RIGHT" "the leaf is what the rules give" => "nothing is wrong with it";
    1016 BadRoot "BAD_ROOT" "a root of no claims, or of more than is shared" => "make it anew from the list of claims";
    1017 CountOrder "COUNT_ORDER" "not the next part of this count" => "go on from the limit, or begin anew from 0";
    1018 LeavesFall "LEAVES_FALL" "a leaf is not above the one before it, or one too many" => "list claims by the hashes of their leaves, each once";
    1019 HoldersMissing "HOLDERS_MISSING" "those who were listed did not hold all shares that have a claim" => "list all claims";
    1020 AffiliatesFull "AFFILIATES_FULL" "more accounts of the curator's owner group would hold the vault than a loss can tell apart" => "use an account of the group that holds it already";
}

/// The catalogue of reject codes as a Markdown table, for the reference page.
pub fn reject_table() -> String {
    use core::fmt::Write as _;
    let mut table =
        String::from("| number | code | rule | what to do next |\n| --- | --- | --- | --- |\n");
    for code in RejectCode::ALL {
        // Writing into a String can't fail.
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {} |",
            code.number(),
            code.name(),
            code.what(),
            code.hint()
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_differ() {
        for pair in RejectCode::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{:?}", pair[1]);
            assert!(pair[0] < pair[1]);
        }
        for (i, code) in RejectCode::ALL.iter().enumerate() {
            assert!(RejectCode::ALL[..i].iter().all(|other| other.name() != code.name()));
        }
    }
}
