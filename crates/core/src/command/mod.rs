//! The command table: everything that can be asked of a ledger. One file for each part of the domain
//! declares the commands' fields; this page gives each its number and its word.

mod adl;
mod compensation;
mod control;
mod custody;
mod envelope;
mod equity;
mod farm;
mod fund;
mod governance;
mod hosted;
mod house;
mod inventory;
mod lending;
mod loss;
mod market;
mod oracle;
mod pool;
mod vault;

pub use adl::*;
pub use compensation::*;
pub use control::*;
pub use custody::*;
pub use envelope::*;
pub use equity::*;
pub use farm::*;
pub use fund::*;
pub use governance::*;
pub use hosted::*;
pub use house::*;
pub use inventory::*;
pub use lending::*;
pub use loss::*;
pub use market::*;
pub use oracle::*;
pub use pool::*;
pub use vault::*;

use crate::table::{CommandSpec, bodies, read_code};
use alloc::{boxed::Box, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

bodies! {
    1 RegisterAsset "register_asset",
    2 OpenAccount "open_account",
    3 SetRoles "set_roles",
    4 SetCouncil "set_council",
    5 ActivateRules "activate_rules",
    20 CreateFund "create_fund",
    21 CreateTranche "create_tranche",
    22 SetThreshold "set_threshold",
    23 SetTarget "set_target",
    24 SetSplit "set_split",
    25 SetCovers "set_covers",
    26 Contribute "contribute",
    27 WithdrawExcess "withdraw_excess",
    28 Stake "stake",
    29 RequestUnstake "request_unstake",
    30 CancelUnstake "cancel_unstake",
    31 ClaimUnstake "claim_unstake",
    32 LapseTicket "lapse_ticket",
    33 RaiseAlert "raise_alert",
    34 EndAlert "end_alert",
    35 PauseEntries "pause_entries",
    36 PayRevenue "pay_revenue",
    37 SettleRevenue "settle_revenue",
    38 ReportLiquidity "report_liquidity",
    39 SetRevenue "set_revenue",
    40 SetControl "set_control",
    41 RunControl "run_control",
    42 ReportConditions "report_conditions",
    43 AddSpike "add_spike",
    44 EndSpike "end_spike",
    45 MoveIdle "move_idle",
    46 Reserve "reserve",
    47 CommitReservation "commit_reservation",
    48 ReleaseReservation "release_reservation",
    49 SetOfflineBudget "set_offline_budget",
    94 SetDrawdown "set_drawdown",
    95 CheckDrawdown "check_drawdown",
    96 ReportRisk "report_risk",
    50 CreateMarket "create_market",
    51 SetWaterfall "set_waterfall",
    52 ReportOpenInterest "report_open_interest",
    53 PayFees "pay_fees",
    54 SettleLiquidation "settle_liquidation",
    55 SetPools "set_pools",
    56 ReportResults "report_results",
    57 BalancePools "balance_pools",
    58 FundPnlPool "fund_pnl_pool",
    59 CoverDeficit "cover_deficit",
    60 SetTier "set_tier",
    61 SetMarketTier "set_market_tier",
    62 TakeOver "take_over",
    63 MarkInventory "mark_inventory",
    64 FillInventory "fill_inventory",
    65 StartAuction "start_auction",
    66 BidAuction "bid_auction",
    67 DeleverageInventory "deleverage_inventory",
    68 SetInventory "set_inventory",
    70 DeclareLoss "declare_loss",
    71 AssessLoss "assess_loss",
    72 PlaceLoss "place_loss",
    73 CloseLoss "close_loss",
    74 VoidLoss "void_loss",
    75 LapseDeclaration "lapse_declaration",
    76 RecoverLoss "recover_loss",
    77 ClaimRecovery "claim_recovery",
    80 OpenAdl "open_adl",
    81 SubmitAdlPart "submit_adl_part",
    82 RunAdl "run_adl",
    83 CloseAdl "close_adl",
    220 OpenEquity "open_equity",
    221 SubmitEquityPart "submit_equity_part",
    222 RunEquity "run_equity",
    223 CloseEquity "close_equity",
    84 ReportDeposits "report_deposits",
    85 SetMarketRules "set_market_rules",
    90 BeginTransfer "begin_transfer",
    91 ResolveTransfer "resolve_transfer",
    92 Reconcile "reconcile",
    100 Propose "propose",
    101 Approve "approve",
    102 Execute "execute",
    103 CancelProposal "cancel_proposal",
    110 Linked "linked",
    120 Opening "opening",
    121 OpeningShares "opening_shares",
    122 SetVault "set_vault",
    130 RegisterIndex "register_index",
    131 RegisterFeed "register_feed",
    132 ReportPrice "report_price",
    133 SetIndexPolicy "set_index_policy",
    134 RetireFeed "retire_feed",
    135 BookConversion "book_conversion",
    137 SettleBasis "settle_basis",
    140 GrantProtocolShares "grant_protocol_shares",
    141 RedeemProtocolShares "redeem_protocol_shares",
    142 StakeProtocol "stake_protocol",
    150 SetMarginPool "set_margin_pool",
    151 DepositMargin "deposit_margin",
    152 WithdrawMargin "withdraw_margin",
    153 ReportMark "report_mark",
    154 Trade "trade",
    155 PayFunding "pay_funding",
    156 FillLiquidation "fill_liquidation",
    157 Deleverage "deleverage",
    158 SettleBankrupt "settle_bankrupt",
    159 FlagLiquidation "flag_liquidation",
    160 SetMarketStatus "set_market_status",
    161 MergeIsolated "merge_isolated",
    162 OpeningMargin "opening_margin",
    163 OpeningPosition "opening_position",
    170 SettleBadDebt "settle_bad_debt",
    171 SetHouse "set_house",
    172 ReportHouse "report_house",
    173 RepayHouse "repay_house",
    174 DistributeSurplus "distribute_surplus",
    175 SetOpenInterestMax "set_open_interest_max",
    210 SetHostedRules "set_hosted_rules",
    211 SetCollateral "set_collateral",
    212 DepositCollateral "deposit_collateral",
    213 WithdrawCollateral "withdraw_collateral",
    214 SeizeCollateral "seize_collateral",
    230 RecapitalisePool "recapitalise_pool",
    256 CreateReserve "create_reserve",
    257 SetReserve "set_reserve",
    258 SetReserveStatus "set_reserve_status",
    259 AccrueInterest "accrue_interest",
    260 Supply "supply",
    261 WithdrawSupply "withdraw_supply",
    262 Pledge "pledge",
    263 Unpledge "unpledge",
    264 Borrow "borrow",
    265 Repay "repay",
    266 LiquidateLoan "liquidate_loan",
    267 MarkImpairment "mark_impairment",
    268 SocialiseLoan "socialise_loan",
    269 CollectInterest "collect_interest",
    270 CreateVault "create_vault",
    271 SetVaultPolicy "set_vault_policy",
    272 ListReserve "list_reserve",
    273 SetAllocation "set_allocation",
    274 ApplyAllocation "apply_allocation",
    275 VetoAllocation "veto_allocation",
    276 RemoveAllocation "remove_allocation",
    277 DepositVault "deposit_vault",
    278 WithdrawVault "withdraw_vault",
    279 RedeemInKind "redeem_in_kind",
    280 Invest "invest",
    281 ChargeFees "charge_fees",
    282 TakeFees "take_fees",
    283 GiveUpFees "give_up_fees",
    284 FundRewards "fund_rewards",
    285 OpeningReserve "opening_reserve",
    286 OpeningVault "opening_vault",
    287 QueueWithdrawal "queue_withdrawal",
    288 FillQueue "fill_queue",
    289 ClaimQueued "claim_queued",
    350 LeaveQueue "leave_queue",
    351 BorrowConditional "borrow_conditional",
    290 CreateFarm "create_farm",
    291 AttachFarm "attach_farm",
    292 SetFarmPolicy "set_farm_policy",
    293 OfferFarm "offer_farm",
    294 TakeFarm "take_farm",
    295 SetReward "set_reward",
    296 FundFarm "fund_farm",
    297 DefundFarm "defund_farm",
    298 StakeFarm "stake_farm",
    299 UnstakeFarm "unstake_farm",
    300 CancelFarmTicket "cancel_farm_ticket",
    301 WithdrawFarm "withdraw_farm",
    302 HarvestFarm "harvest_farm",
    303 CompoundFarm "compound_farm",
    304 TransferFarmStake "transfer_farm_stake",
    305 SetFarmStake "set_farm_stake",
    306 RewardOnce "reward_once",
    307 GiveFarmStake "give_farm_stake",
    308 RefreshFarm "refresh_farm",
    309 PayPenalties "pay_penalties",
    310 CreateInsurancePool "create_insurance_pool",
    311 StakePool "stake_pool",
    312 MatchPool "match_pool",
    313 ExitPool "exit_pool",
    314 CancelPoolExit "cancel_pool_exit",
    315 ClaimPoolExit "claim_pool_exit",
    316 OfferPool "offer_pool",
    317 AcceptPool "accept_pool",
    318 SetPoolSigner "set_pool_signer",
    319 ReleasePool "release_pool",
    320 AnnounceRelease "announce_release",
    321 DisputeRelease "dispute_release",
    322 CarryRelease "carry_release",
    330 RecogniseLoss "recognise_loss",
    331 AssessVaultLoss "assess_vault_loss",
    332 DisputeVaultLoss "dispute_vault_loss",
    333 PayCompensation "pay_compensation",
    334 OpenClaims "open_claims",
    335 ClaimCompensation "claim_compensation",
    336 PayClaims "pay_claims",
    337 CloseClaims "close_claims",
    338 PublishClaimsRoot "publish_claims_root",
    339 ChallengeClaimsRoot "challenge_claims_root",
    340 CountClaims "count_claims",
}

/// Reads a body that stands inside another one: it can hold none itself, so hostile bytes can't nest
/// deeper than a stack.
fn flat<R: io::Read>(reader: &mut R) -> io::Result<Body> {
    let code = read_code(reader)?;
    if HOLDS_BODIES.contains(&code) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a body inside a body inside a body",
        ));
    }
    Body::of_code(code, reader)
}

/// Numbers of the commands that hold others: `propose` and `linked`.
const HOLDS_BODIES: [u16; 2] = [100, 110];

fn flat_body<R: io::Read>(reader: &mut R) -> io::Result<Box<Body>> {
    flat(reader).map(Box::new)
}

fn flat_steps<R: io::Read>(reader: &mut R) -> io::Result<Vec<Body>> {
    let count = u32::deserialize_reader(reader)?;
    (0..count).map(|_| flat(reader)).collect()
}
