//! The command table: everything that can be asked of a ledger.

use crate::{
    policy::{
        AlertCause, Cause, Causes, FundKind, FundPolicy, LayerPolicy, MarketPolicy, PublicKey,
        Roles, SignatureBytes, SplitPolicy, TranchePolicy, choice,
    },
    table::{CommandSpec, FieldSpec, commands},
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{
    Amount, Base, Hash, Label, LossId, Price, ProposalId, Signed, TicketId, Timestamp, TransferId,
};
use borsh::{BorshDeserialize, BorshSerialize, de::EnumExt, io};
use serde::{Deserialize, Serialize};

/// One request: who asks, for what, under which approvals.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Made by the client (`UUIDv7`): the same id with the same body is answered once.
    pub id: Label,
    /// The account that sends it.
    pub actor: Label,
    /// When it happened at the venue, if not now; serves windows and snapshots.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// What is asked.
    pub body: Body,
    /// Signatures of the council, where the body needs them.
    #[serde(default)]
    pub approvals: Option<Approvals>,
}

/// Signatures over one body, this ledger, a nonce and an expiry.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Above every nonce used before.
    pub nonce: u64,
    /// Not valid after this.
    pub expires_at: Timestamp,
    /// Who signed.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// By which key.
    pub key: PublicKey,
    /// The 64 bytes.
    pub bytes: SignatureBytes,
}

/// Reads a body that stands inside another one: it can hold none itself, so hostile bytes can't nest
/// deeper than a stack.
fn flat<R: io::Read>(reader: &mut R) -> io::Result<Body> {
    let tag = u8::deserialize_reader(reader)?;
    if HOLDS_BODIES.contains(&tag) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a body inside a body inside a body",
        ));
    }
    Body::deserialize_variant(reader, tag)
}

/// Discriminants of the commands that hold others: `propose` and `linked`.
const HOLDS_BODIES: [u8; 2] = [100, 110];

fn flat_body<R: io::Read>(reader: &mut R) -> io::Result<Box<Body>> {
    flat(reader).map(Box::new)
}

fn flat_steps<R: io::Read>(reader: &mut R) -> io::Result<Vec<Body>> {
    let count = u32::deserialize_reader(reader)?;
    (0..count).map(|_| flat(reader)).collect()
}

choice! {
    /// Which way a transfer goes.
    Direction {
        /// From outside into the books.
        In = 0 "in",
        /// Out of the books.
        Out = 1 "out",
    }
}
choice! {
    /// How a transfer ended.
    Outcome {
        /// The custodian has moved the money.
        Confirmed = 0 "confirmed",
        /// It came to nothing; what was set aside goes back.
        Failed = 1 "failed",
    }
}

/// Whose money a transfer, payment or opening balance is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Party {
    /// An account's free balance.
    Account(Label) = 0,
    /// A market's clearing: what is owed to its venue.
    Clearing(Label) = 1,
}

/// Where an opening balance stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum OpeningAccount {
    /// An account's free balance.
    Account(Label) = 0,
    /// A fund's own reserve.
    Reserve(Label) = 1,
    /// A fund's contributions.
    Contributions(Label) = 2,
    /// A market's fee pool.
    FeePool(Label) = 3,
}

commands! {
    /// Registers an asset.
    1 RegisterAsset "register_asset" {
        /// Its name.
        label: Label,
        /// Decimals of a whole unit, for print only.
        decimals: u8,
        /// Whose signature an external balance needs; none: the custodian role alone reports it.
        @default custodian: Option<PublicKey>,
    }
    /// Opens an account for a trader, staker, liquidator or an office of the venue.
    2 OpenAccount "open_account" {
        /// Its pseudonymous name.
        label: Label,
        /// Accounts of one owner share a group; without one the account is its own group.
        @default group: Option<Label>,
        /// The venue that acts for its holder; the sender if it is a venue, nobody otherwise.
        @default venue: Option<Label>,
    }
    /// Sets what an account may do. Needs the council.
    3 SetRoles "set_roles" {
        /// Whose roles.
        account: Label,
        /// All it has from now on.
        roles: Roles,
    }
    /// Replaces the council. Needs the council.
    4 SetCouncil "set_council" {
        /// The members' keys.
        keys: Vec<PublicKey>,
        /// How many must sign.
        threshold: u8,
    }
    /// Switches on a rules version. Needs the council.
    5 ActivateRules "activate_rules" {
        /// From the next record on.
        version: u16,
    }
    /// Creates a fund with an empty reserve.
    20 CreateFund "create_fund" {
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
    21 CreateTranche "create_tranche" {
        /// Its name.
        label: Label,
        /// Its fund.
        fund: Label,
        /// Its rules.
        @default policy: TranchePolicy,
    }
    /// Moves the threshold: up at once, down after the fund's delay and with the council.
    22 SetThreshold "set_threshold" {
        /// Which fund.
        fund: Label,
        /// The new threshold, in atoms.
        threshold: Amount,
    }
    /// Sets what the fund should hold.
    23 SetTarget "set_target" {
        /// Which fund.
        fund: Label,
        /// The new target, in atoms.
        target: Amount,
    }
    /// Changes the sharing of remaining collateral. Needs the council.
    24 SetSplit "set_split" {
        /// Which fund.
        fund: Label,
        /// The new sharing.
        split: SplitPolicy,
    }
    /// Changes what a fund's reserve covers. Needs the council; a longer list waits out the cooldown.
    25 SetCovers "set_covers" {
        /// Which fund.
        fund: Label,
        /// All it covers from now on.
        covers: Causes,
    }
    /// Gives money to a fund for ever, recorded by contributor.
    26 Contribute "contribute" {
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
    27 WithdrawExcess "withdraw_excess" {
        /// From which fund.
        fund: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Stakes into a tranche at its share price.
    28 Stake "stake" {
        /// Into which tranche.
        tranche: Label,
        /// Out of whose free balance.
        account: Label,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
        /// Refused if fewer shares would come out.
        @default min_shares: backstop_units::Shares,
    }
    /// Files a ticket to unstake.
    29 RequestUnstake "request_unstake" {
        /// Out of which tranche.
        tranche: Label,
        /// Whose stake.
        account: Label,
        /// How many shares.
        shares: backstop_units::Shares,
    }
    /// Takes a ticket back; the shares stay staked.
    30 CancelUnstake "cancel_unstake" {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Pays a ticket whose cooldown is over.
    31 ClaimUnstake "claim_unstake" {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Returns a ticket whose claim window is over into stake; anyone may.
    32 LapseTicket "lapse_ticket" {
        /// Which ticket.
        ticket: TicketId,
    }
    /// Holds exits from a fund for a limited time.
    33 RaiseAlert "raise_alert" {
        /// Which fund.
        fund: Label,
        /// Why.
        cause: AlertCause,
        /// Ends by itself then.
        until: Timestamp,
    }
    /// Ends an alert early.
    34 EndAlert "end_alert" {
        /// Which fund.
        fund: Label,
    }
    /// Holds entries (stake, contributions) into a fund for a limited time.
    35 PauseEntries "pause_entries" {
        /// Which fund.
        fund: Label,
        /// Ends by itself then.
        until: Timestamp,
    }
    /// Creates a market on a fund.
    50 CreateMarket "create_market" {
        /// Its name.
        label: Label,
        /// The fund that its allocations feed.
        fund: Label,
        /// The venue's account.
        venue: Label,
        /// Its rules.
        policy: MarketPolicy,
    }
    /// Replaces a market's waterfall; what layers have used stays used. Needs the council.
    51 SetWaterfall "set_waterfall" {
        /// Which market.
        market: Label,
        /// The new layers, in the order in which they pay.
        layers: Vec<LayerPolicy>,
    }
    /// Reports a market's open interest, long and short together.
    52 ReportOpenInterest "report_open_interest" {
        /// Which market.
        market: Label,
        /// In base atoms.
        base: Base,
    }
    /// Moves fees from a market's clearing into its fee pool.
    53 PayFees "pay_fees" {
        /// Which market.
        market: Label,
        /// How many atoms.
        amount: Amount,
    }
    /// Settles one liquidation: shares what is left, or places the deficit.
    54 SettleLiquidation "settle_liquidation" {
        /// On which market.
        market: Label,
        /// Whose position was closed.
        account: Label,
        /// Who closed it.
        liquidator: Label,
        /// Collateral left after `PnL`, funding and fees; below zero: what is owed beyond it.
        outcome: Signed,
        /// Closed notional at the mark, in quote atoms.
        @default notional: Amount,
        /// The mark it was closed at, for the loss page.
        @default mark: Price,
        /// Open interest after it, in base atoms; without it the last report stands.
        @default open_interest: Option<Base>,
        /// Merkle root of marks, fills and positions; a deficit needs it.
        @default evidence: Option<Hash>,
    }
    /// Declares a loss and closes the gate of the funds it may touch.
    70 DeclareLoss "declare_loss" {
        /// On which market.
        market: Label,
        /// Why.
        cause: Cause,
        /// Whose account, if one account caused it.
        @default account: Option<Label>,
        /// First estimate, in atoms.
        estimate: Amount,
    }
    /// Fixes a declared loss's amount and evidence; may be revised until it is placed.
    71 AssessLoss "assess_loss" {
        /// Which loss.
        loss: LossId,
        /// How much, in atoms.
        amount: Amount,
        /// Merkle root of what it was computed from.
        evidence: Hash,
    }
    /// Sends an assessed loss through the waterfall and opens the gate.
    72 PlaceLoss "place_loss" {
        /// Which loss.
        loss: LossId,
    }
    /// Closes a placed loss.
    73 CloseLoss "close_loss" {
        /// Which loss.
        loss: LossId,
    }
    /// Withdraws a loss; a placed one is reversed. Needs the council.
    74 VoidLoss "void_loss" {
        /// Which loss.
        loss: LossId,
    }
    /// Ends a declaration that was not assessed in time; anyone may.
    75 LapseDeclaration "lapse_declaration" {
        /// Which loss.
        loss: LossId,
    }
    /// Returns recovered money to those who bore a loss, last layer first.
    76 RecoverLoss "recover_loss" {
        /// Which loss.
        loss: LossId,
        /// Whose money it is now.
        from: Party,
        /// How many atoms.
        amount: Amount,
    }
    /// Pays one staker's part of what was recovered.
    77 ClaimRecovery "claim_recovery" {
        /// Of which loss.
        loss: LossId,
        /// To whom.
        account: Label,
    }
    /// Announces a transfer; money going out is set aside.
    90 BeginTransfer "begin_transfer" {
        /// Which way.
        direction: Direction,
        /// Whose money.
        party: Party,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
        /// The custodian's reference.
        @default reference: Label,
    }
    /// Reports how a transfer ended.
    91 ResolveTransfer "resolve_transfer" {
        /// Which transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
    }
    /// Compares custody with the custodian's own figure; a difference goes to suspense.
    92 Reconcile "reconcile" {
        /// Which asset.
        asset: Label,
        /// What the custodian holds, in atoms.
        balance: Amount,
        /// As of when.
        as_of: Timestamp,
        /// The custodian's signature over ledger id, asset, balance and time.
        @default signature: Option<SignatureBytes>,
    }
    /// Files a command that needs the council, to collect signatures and wait out its delay.
    100 Propose "propose" {
        /// What is proposed.
        !"flat_body" body: Box<Body>,
        /// Above every nonce used before.
        nonce: u64,
        /// Lapses then.
        expires_at: Timestamp,
    }
    /// Adds signatures to a proposal.
    101 Approve "approve" {
        /// Which proposal.
        proposal: ProposalId,
        /// Digest of its body.
        digest: Hash,
    }
    /// Carries out a proposal that is signed and whose delay is over; anyone may.
    102 Execute "execute" {
        /// Which proposal.
        proposal: ProposalId,
    }
    /// Withdraws a proposal.
    103 CancelProposal "cancel_proposal" {
        /// Which proposal.
        proposal: ProposalId,
    }
    /// All of these or none, as one record.
    110 Linked "linked" {
        /// In this order.
        !"flat_steps" steps: Vec<Body>,
    }
    /// Sets an opening balance; exists in scenarios only.
    120 Opening "opening" {
        /// Where.
        account: OpeningAccount,
        /// Of which asset.
        asset: Label,
        /// How many atoms.
        amount: Amount,
    }
}
