//! Words of the field for events, causes and states, as they stand in exported files.

use backstop_core::{
    Event,
    record::{Entry, Record},
    state::LossStatus,
};
use backstop_units::LossId;

/// The word for an event, the same as in its JSON.
pub const fn event_word(event: &Event) -> &'static str {
    match event {
        Event::AssetRegistered { .. } => "asset_registered",
        Event::AccountOpened { .. } => "account_opened",
        Event::RolesSet { .. } => "roles_set",
        Event::CouncilSet { .. } => "council_set",
        Event::RulesActivated { .. } => "rules_activated",
        Event::NonceUsed { .. } => "nonce_used",
        Event::FundCreated { .. } => "fund_created",
        Event::TrancheCreated { .. } => "tranche_created",
        Event::ThresholdSet { .. } => "threshold_set",
        Event::TargetSet { .. } => "target_set",
        Event::SplitSet { .. } => "split_set",
        Event::CoversSet { .. } => "covers_set",
        Event::Contributed { .. } => "contributed",
        Event::ExcessWithdrawn { .. } => "excess_withdrawn",
        Event::Staked { .. } => "staked",
        Event::UnstakeRequested { .. } => "unstake_requested",
        Event::UnstakeEnded { .. } => "unstake_ended",
        Event::Unstaked { .. } => "unstaked",
        Event::SeriesStarted { .. } => "series_started",
        Event::AlertRaised { .. } => "alert_raised",
        Event::AlertEnded { .. } => "alert_ended",
        Event::EntriesPaused { .. } => "entries_paused",
        Event::RevenuePaid { .. } => "revenue_paid",
        Event::RevenueSettled { .. } => "revenue_settled",
        Event::RevenueRouted { .. } => "revenue_routed",
        Event::LiquidityReported { .. } => "liquidity_reported",
        Event::RevenueSet { .. } => "revenue_set",
        Event::ControlSet { .. } => "control_set",
        Event::ControlRan(_) => "control_ran",
        Event::ConditionsReported { .. } => "conditions_reported",
        Event::SpikeAdded { .. } => "spike_added",
        Event::SpikeEnded { .. } => "spike_ended",
        Event::RiskReported { .. } => "risk_reported",
        Event::IdleMoved { .. } => "idle_moved",
        Event::Reserved { .. } => "reserved",
        Event::ReservationCommitted { .. } => "reservation_committed",
        Event::ReservationReleased { .. } => "reservation_released",
        Event::OfflineBudgetMoved { .. } => "offline_budget_moved",
        Event::DrawdownSet { .. } => "drawdown_set",
        Event::DrawdownTurned { .. } => "drawdown_turned",
        Event::Lending(event) => event.word(),
        Event::Vault(event) => event.word(),
        Event::Farm(event) => event.word(),
        Event::Pool(event) => event.word(),
        Event::Compensation(event) => event.word(),
        _ => of_markets(event),
    }
}

/// The words of facts about markets, losses, custody and proposals.
const fn of_markets(event: &Event) -> &'static str {
    match event {
        Event::MarketCreated { .. } => "market_created",
        Event::WaterfallSet { .. } => "waterfall_set",
        Event::OpenInterestMaxSet { .. } => "open_interest_max_set",
        Event::OpenInterestReported { .. } => "open_interest_reported",
        Event::FeesPaid { .. } => "fees_paid",
        Event::LiquidationSettled { .. } => "liquidation_settled",
        Event::PoolsSet { .. } => "pools_set",
        Event::ResultsReported { .. } => "results_reported",
        Event::PoolsBalanced { .. } => "pools_balanced",
        Event::PnlPoolFunded { .. } => "pnl_pool_funded",
        Event::DeficitCovered { .. } => "deficit_covered",
        Event::TierSet { .. } => "tier_set",
        Event::MarketTierSet { .. } => "market_tier_set",
        Event::PositionTaken { .. } => "position_taken",
        Event::InventoryMarked { .. } => "inventory_marked",
        Event::InventoryFilled(_) => "inventory_filled",
        Event::AuctionStarted { .. } => "auction_started",
        Event::AuctionWon { .. } => "auction_won",
        Event::InventoryDeleveraged(_) => "inventory_deleveraged",
        Event::InventorySet { .. } => "inventory_set",
        Event::LossDeclared { .. } => "loss_declared",
        Event::LossAssessed { .. } => "loss_assessed",
        Event::LossPlaced(_) => "loss_placed",
        Event::LossClosed { .. } => "loss_closed",
        Event::LossVoided { .. } => "loss_voided",
        Event::LossRecovered { .. } => "loss_recovered",
        Event::RecoveryClaimed { .. } => "recovery_claimed",
        Event::AdlOpened { .. } => "adl_opened",
        Event::AdlPartAdded { .. } => "adl_part_added",
        Event::AdlRan { .. } => "adl_ran",
        Event::AdlClosed { .. } => "adl_closed",
        Event::EquityOpened { .. } => "equity_opened",
        Event::EquityPartAdded { .. } => "equity_part_added",
        Event::EquityRan { .. } => "equity_ran",
        Event::EquityClosed { .. } => "equity_closed",
        Event::LossReallocated(_) => "loss_reallocated",
        Event::DepositsReported { .. } => "deposits_reported",
        Event::MarketRulesSet { .. } => "market_rules_set",
        Event::TransferBegun { .. } => "transfer_begun",
        Event::TransferResolved { .. } => "transfer_resolved",
        Event::Reconciled { .. } => "reconciled",
        Event::Proposed { .. } => "proposed",
        Event::Approved { .. } => "approved",
        Event::Executed { .. } => "executed",
        Event::ProposalCancelled { .. } => "proposal_cancelled",
        Event::Opened { .. } => "opened",
        Event::LossParked(_) => "loss_parked",
        Event::HouseSet { .. } => "house_set",
        Event::HouseReported { .. } => "house_reported",
        Event::HouseRepaid { .. } => "house_repaid",
        Event::SurplusDistributed { .. } => "surplus_distributed",
        Event::SharesOpened { .. } => "shares_opened",
        Event::VaultForced { .. } => "vault_forced",
        Event::ProtocolSharesGranted { .. } => "protocol_shares_granted",
        Event::ProtocolSharesRedeemed { .. } => "protocol_shares_redeemed",
        Event::ProtocolStaked { .. } => "protocol_staked",
        Event::OrphansTaken { .. } => "orphans_taken",
        Event::Rescaled { .. } => "rescaled",
        _ => of_prices(event),
    }
}

/// The words of facts about prices, and about layers in another asset.
const fn of_prices(event: &Event) -> &'static str {
    match event {
        Event::IndexRegistered { .. } => "index_registered",
        Event::FeedRegistered { .. } => "feed_registered",
        Event::PriceReported { .. } => "price_reported",
        Event::IndexPolicySet { .. } => "index_policy_set",
        Event::FeedRetired { .. } => "feed_retired",
        Event::ConversionBooked(_) => "conversion_booked",
        Event::BasisSettled(_) => "basis_settled",
        Event::ConversionUnpriced { .. } => "conversion_unpriced",
        Event::LayerConverted(_) => "layer_converted",
        _ => of_hosted(event),
    }
}

/// The words of facts about hosted markets.
const fn of_hosted(event: &Event) -> &'static str {
    match event {
        Event::MarginPoolSet { .. } => "margin_pool_set",
        Event::MarginDeposited(_) => "margin_deposited",
        Event::MarginWithdrawn(_) => "margin_withdrawn",
        Event::HaircutTaken(_) => "haircut_taken",
        Event::PoolRecapitalised(_) => "pool_recapitalised",
        Event::MarkReported(_) => "mark_reported",
        Event::IndexesSettled(_) => "indexes_settled",
        Event::Traded(_) => "traded",
        Event::FundingPaid { .. } => "funding_paid",
        Event::MarginLiquidated(_) => "margin_liquidated",
        Event::PoolPaid(_) => "pool_paid",
        Event::MarginMoved(_) => "margin_moved",
        Event::BacklogSet { .. } => "backlog_set",
        Event::MarketStatusSet(_) => "market_status_set",
        Event::IsolatedMerged(_) => "isolated_merged",
        Event::GateSeen { .. } => "gate_seen",
        Event::MarginAbsorbed { .. } => "margin_absorbed",
        Event::HostedRulesSet { .. } => "hosted_rules_set",
        Event::LiquidatorPaid(_) => "liquidator_paid",
        Event::CollateralSet { .. } => "collateral_set",
        Event::CollateralDeposited(_) => "collateral_deposited",
        Event::CollateralWithdrawn(_) => "collateral_withdrawn",
        Event::CollateralSeized(_) => "collateral_seized",
        Event::MarginOpened { .. } => "margin_opened",
        // A test compares every word with the JSON.
        _ => "unnamed",
    }
}

/// The command's word of a record; `genesis` for the first.
pub(crate) const fn command_word(record: &Record) -> &'static str {
    match &record.entry {
        Entry::Genesis(_) => "genesis",
        Entry::Command(command) => command.body.word(),
    }
}

/// The loss that an event is about.
pub(crate) fn loss_of(event: &Event) -> Option<LossId> {
    match event {
        Event::LossDeclared { loss, .. }
        | Event::LossAssessed { loss, .. }
        | Event::AdlOpened { loss, .. }
        | Event::AdlPartAdded { loss, .. }
        | Event::AdlRan { loss, .. }
        | Event::AdlClosed { loss, .. }
        | Event::EquityOpened { loss, .. }
        | Event::EquityPartAdded { loss, .. }
        | Event::EquityRan { loss, .. }
        | Event::EquityClosed { loss, .. }
        | Event::LossClosed { loss }
        | Event::LossVoided { loss, .. }
        | Event::LossRecovered { loss, .. }
        | Event::RecoveryClaimed { loss, .. } => Some(*loss),
        Event::LossParked(parked) => Some(parked.loss),
        Event::LossPlaced(placement) => Some(placement.loss),
        Event::LossReallocated(more) => Some(more.loss),
        _ => None,
    }
}

/// The word for how far a loss is.
pub(crate) const fn status_word(status: LossStatus) -> &'static str {
    match status {
        LossStatus::Declared => "declared",
        LossStatus::Open => "open",
        LossStatus::Placed => "placed",
        LossStatus::Closed => "closed",
        LossStatus::Void => "void",
    }
}
