//! The bytes of every command and event are pinned: what a log holds today must read the same for ever.
//!
//! `UPDATE_GOLDEN=1` writes `tests/golden/encoding.txt` anew. A line may be added to it; a line that
//! changes breaks every log in the world.

use crate::samples;
use backstop_core::{
    Body, COMMANDS, Command, Entry, Event, Record,
    command::{Approvals, OpeningAccount, Party, Reporter, SettleLiquidation, Signature},
    event::{
        CompensationEvent, FarmEvent, GateCause, LendingEvent, MoveCause, PoolEvent, VaultEvent,
    },
    policy::{
        AdlRank, AdlSelect, AlertCause, AllocationKind, BeyondBankruptcy, BreachCause, Cause,
        FarmDust, FarmKind, FarmLock, Growth, HouseCounts, InventoryEnd, MarketStatus, MatchExit,
        MatchYield, Netting, Payout, PenaltyBase, PoolMode, PoolSigner, PositionSide, PublicKey,
        ReleaseBy, ReleaseStatus, ReserveStatus, Role, SignatureBytes, SpikeCause, SurplusRoute,
    },
    state::FeedSource,
};
use backstop_testkit::{World, label};
use backstop_units::{AccountId, Amount, Base, Hash, Price, Seq, Signed, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use std::{collections::BTreeSet, fmt::Debug, fmt::Write as _, path::PathBuf};

/// One pinned value: its name and its bytes.
type Line = (String, Vec<u8>);

/// Encodes a value, and checks that it comes back, alone and not from bytes too few or too many.
fn pin<T>(name: impl Into<String>, value: &T) -> Line
where
    T: BorshSerialize + BorshDeserialize + PartialEq + Debug,
{
    let (name, bytes) = (name.into(), borsh::to_vec(value).unwrap());
    assert_eq!(borsh::from_slice::<T>(&bytes).ok().as_ref(), Some(value), "{name}");
    assert!(borsh::from_slice::<T>(&bytes[..bytes.len() - 1]).is_err(), "{name}: a byte too few");
    let more: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(borsh::from_slice::<T>(&more).is_err(), "{name}: a byte too many");
    (name, bytes)
}

/// The discriminant and name of an event. A new variant must be given a sample and a line here.
#[expect(clippy::too_many_lines, reason = "a table: one kind after the other")]
fn kind(event: &Event) -> (u16, &'static str) {
    match event {
        Event::AssetRegistered { .. } => (1, "asset_registered"),
        Event::AccountOpened { .. } => (2, "account_opened"),
        Event::RolesSet { .. } => (3, "roles_set"),
        Event::CouncilSet { .. } => (4, "council_set"),
        Event::RulesActivated { .. } => (5, "rules_activated"),
        Event::NonceUsed { .. } => (6, "nonce_used"),
        Event::FundCreated { .. } => (20, "fund_created"),
        Event::TrancheCreated { .. } => (21, "tranche_created"),
        Event::ThresholdSet { .. } => (22, "threshold_set"),
        Event::TargetSet { .. } => (23, "target_set"),
        Event::SplitSet { .. } => (24, "split_set"),
        Event::CoversSet { .. } => (25, "covers_set"),
        Event::Contributed { .. } => (26, "contributed"),
        Event::ExcessWithdrawn { .. } => (27, "excess_withdrawn"),
        Event::Staked { .. } => (28, "staked"),
        Event::UnstakeRequested { .. } => (29, "unstake_requested"),
        Event::UnstakeEnded { .. } => (30, "unstake_ended"),
        Event::Unstaked { .. } => (31, "unstaked"),
        Event::SeriesStarted { .. } => (32, "series_started"),
        Event::AlertRaised { .. } => (33, "alert_raised"),
        Event::AlertEnded { .. } => (34, "alert_ended"),
        Event::EntriesPaused { .. } => (35, "entries_paused"),
        Event::RevenuePaid { .. } => (36, "revenue_paid"),
        Event::RevenueSettled { .. } => (37, "revenue_settled"),
        Event::LiquidityReported { .. } => (38, "liquidity_reported"),
        Event::RevenueSet { .. } => (39, "revenue_set"),
        Event::ControlSet { .. } => (40, "control_set"),
        Event::ControlRan(_) => (41, "control_ran"),
        Event::ConditionsReported { .. } => (42, "conditions_reported"),
        Event::SpikeAdded { .. } => (43, "spike_added"),
        Event::SpikeEnded { .. } => (44, "spike_ended"),
        Event::RiskReported { .. } => (96, "risk_reported"),
        Event::IdleMoved { .. } => (45, "idle_moved"),
        Event::Reserved { .. } => (46, "reserved"),
        Event::ReservationCommitted { .. } => (47, "reservation_committed"),
        Event::ReservationReleased { .. } => (48, "reservation_released"),
        Event::OfflineBudgetMoved { .. } => (49, "offline_budget_moved"),
        Event::OpenInterestMaxSet { .. } => (205, "open_interest_max_set"),
        Event::RevenueRouted { .. } => (206, "revenue_routed"),
        Event::DrawdownSet { .. } => (94, "drawdown_set"),
        Event::DrawdownTurned { .. } => (95, "drawdown_turned"),
        Event::MarketCreated { .. } => (50, "market_created"),
        Event::WaterfallSet { .. } => (51, "waterfall_set"),
        Event::MarketRulesSet { .. } => (85, "market_rules_set"),
        Event::OpenInterestReported { .. } => (52, "open_interest_reported"),
        Event::FeesPaid { .. } => (53, "fees_paid"),
        Event::LiquidationSettled { .. } => (54, "liquidation_settled"),
        Event::PoolsSet { .. } => (55, "pools_set"),
        Event::ResultsReported { .. } => (56, "results_reported"),
        Event::PoolsBalanced { .. } => (57, "pools_balanced"),
        Event::PnlPoolFunded { .. } => (58, "pnl_pool_funded"),
        Event::DeficitCovered { .. } => (59, "deficit_covered"),
        Event::TierSet { .. } => (60, "tier_set"),
        Event::MarketTierSet { .. } => (61, "market_tier_set"),
        Event::PositionTaken { .. } => (190, "position_taken"),
        Event::InventoryMarked { .. } => (191, "inventory_marked"),
        Event::InventoryFilled(_) => (192, "inventory_filled"),
        Event::AuctionStarted { .. } => (193, "auction_started"),
        Event::AuctionWon { .. } => (194, "auction_won"),
        Event::InventoryDeleveraged(_) => (195, "inventory_deleveraged"),
        Event::InventorySet { .. } => (196, "inventory_set"),
        Event::LossDeclared { .. } => (70, "loss_declared"),
        Event::LossAssessed { .. } => (71, "loss_assessed"),
        Event::LossPlaced(_) => (72, "loss_placed"),
        Event::LossClosed { .. } => (73, "loss_closed"),
        Event::LossVoided { .. } => (74, "loss_voided"),
        Event::LossRecovered { .. } => (76, "loss_recovered"),
        Event::RecoveryClaimed { .. } => (77, "recovery_claimed"),
        Event::AdlOpened { .. } => (80, "adl_opened"),
        Event::AdlPartAdded { .. } => (81, "adl_part_added"),
        Event::AdlRan { .. } => (82, "adl_ran"),
        Event::AdlClosed { .. } => (83, "adl_closed"),
        Event::LossReallocated(_) => (220, "loss_reallocated"),
        Event::EquityOpened { .. } => (221, "equity_opened"),
        Event::EquityPartAdded { .. } => (222, "equity_part_added"),
        Event::EquityRan { .. } => (223, "equity_ran"),
        Event::EquityClosed { .. } => (224, "equity_closed"),
        Event::DepositsReported { .. } => (84, "deposits_reported"),
        Event::TransferBegun { .. } => (90, "transfer_begun"),
        Event::TransferResolved { .. } => (91, "transfer_resolved"),
        Event::Reconciled { .. } => (92, "reconciled"),
        Event::Proposed { .. } => (100, "proposed"),
        Event::Approved { .. } => (101, "approved"),
        Event::Executed { .. } => (102, "executed"),
        Event::ProposalCancelled { .. } => (103, "proposal_cancelled"),
        Event::Opened { .. } => (120, "opened"),
        Event::IndexRegistered { .. } => (130, "index_registered"),
        Event::FeedRegistered { .. } => (131, "feed_registered"),
        Event::PriceReported { .. } => (132, "price_reported"),
        Event::IndexPolicySet { .. } => (133, "index_policy_set"),
        Event::FeedRetired { .. } => (134, "feed_retired"),
        Event::LossParked(_) => (136, "loss_parked"),
        Event::HouseSet { .. } => (200, "house_set"),
        Event::HouseReported { .. } => (201, "house_reported"),
        Event::HouseRepaid { .. } => (202, "house_repaid"),
        Event::SurplusDistributed { .. } => (203, "surplus_distributed"),
        Event::ConversionBooked(_) => (135, "conversion_booked"),
        Event::BasisSettled(_) => (137, "basis_settled"),
        Event::ConversionUnpriced { .. } => (138, "conversion_unpriced"),
        Event::LayerConverted(_) => (139, "layer_converted"),
        Event::SharesOpened { .. } => (121, "shares_opened"),
        Event::VaultForced { .. } => (122, "vault_forced"),
        Event::ProtocolSharesGranted { .. } => (140, "protocol_shares_granted"),
        Event::ProtocolSharesRedeemed { .. } => (141, "protocol_shares_redeemed"),
        Event::ProtocolStaked { .. } => (142, "protocol_staked"),
        Event::OrphansTaken { .. } => (143, "orphans_taken"),
        Event::Rescaled { .. } => (144, "rescaled"),
        Event::MarginPoolSet { .. } => (160, "margin_pool_set"),
        Event::MarginDeposited(_) => (161, "margin_deposited"),
        Event::MarginWithdrawn(_) => (162, "margin_withdrawn"),
        Event::MarkReported(_) => (163, "mark_reported"),
        Event::IndexesSettled(_) => (164, "indexes_settled"),
        Event::Traded(_) => (165, "traded"),
        Event::FundingPaid { .. } => (166, "funding_paid"),
        Event::MarginLiquidated(_) => (167, "margin_liquidated"),
        Event::PoolPaid(_) => (168, "pool_paid"),
        Event::MarginMoved(_) => (169, "margin_moved"),
        Event::HaircutTaken(_) => (230, "haircut_taken"),
        Event::PoolRecapitalised(_) => (231, "pool_recapitalised"),
        Event::BacklogSet { .. } => (170, "backlog_set"),
        Event::MarketStatusSet(_) => (171, "market_status_set"),
        Event::IsolatedMerged(_) => (172, "isolated_merged"),
        Event::GateSeen { .. } => (173, "gate_seen"),
        Event::MarginAbsorbed { .. } => (174, "margin_absorbed"),
        Event::HostedRulesSet { .. } => (210, "hosted_rules_set"),
        Event::LiquidatorPaid(_) => (211, "liquidator_paid"),
        Event::CollateralSet { .. } => (212, "collateral_set"),
        Event::CollateralDeposited(_) => (213, "collateral_deposited"),
        Event::CollateralWithdrawn(_) => (214, "collateral_withdrawn"),
        Event::CollateralSeized(_) => (215, "collateral_seized"),
        Event::MarginOpened { .. } => (175, "margin_opened"),
        Event::Lending(event) => lending(event),
        Event::Vault(event) => vault(event),
        Event::Farm(event) => farm(event),
        Event::Pool(event) => pool(event),
        Event::Compensation(event) => compensation(event),
    }
}
/// The two discriminants of an event about lending as one number, and its name.
fn lending(event: &LendingEvent) -> (u16, &'static str) {
    use LendingEvent as E;
    let code: u16 = match event {
        E::ReserveCreated { .. } => 0,
        E::ReserveSet { .. } => 1,
        E::ReserveStatusSet { .. } => 2,
        E::InterestAccrued { .. } => 3,
        E::Supplied { .. } => 4,
        E::SupplyWithdrawn { .. } => 5,
        E::Pledged { .. } => 6,
        E::Unpledged { .. } => 7,
        E::Borrowed { .. } => 8,
        E::Repaid(_) => 9,
        E::LoanLiquidated(_) => 10,
        E::ImpairmentMarked { .. } => 11,
        E::LoanSocialised(_) => 12,
        E::InterestCollected { .. } => 13,
    };
    (PARTS + code, event.word())
}
/// As [`lending`], of an event about vaults.
fn vault(event: &VaultEvent) -> (u16, &'static str) {
    use VaultEvent as E;
    let code: u16 = match event {
        E::VaultCreated { .. } => 0,
        E::VaultPolicySet { .. } => 1,
        E::ReserveListed { .. } => 2,
        E::AllocationProposed { .. } => 3,
        E::AllocationSet { .. } => 4,
        E::AllocationVetoed { .. } => 5,
        E::AllocationRemoved { .. } => 6,
        E::RewardsStreamed { .. } => 7,
        E::FeesCharged { .. } => 8,
        E::VaultDeposited(_) => 9,
        E::VaultWithdrawn(_) => 10,
        E::RedeemedInKind(_) => 11,
        E::Invested(_) => 12,
        E::FeesTaken(_) => 13,
        E::FeesGivenUp { .. } => 14,
        E::RewardsFunded { .. } => 15,
        E::QueueMoved(_) => 18,
        E::QueueFilled(_) => 19,
        E::ReserveOpened { .. } => 16,
        E::VaultOpened(_) => 17,
        E::LossRecorded { .. } => 30,
        E::LossCushioned { .. } => 31,
    };
    (PARTS + 256 + code, event.word())
}
/// As [`lending`], of an event about farms.
fn farm(event: &FarmEvent) -> (u16, &'static str) {
    use FarmEvent as E;
    let code: u16 = match event {
        E::FarmCreated(_) => 0,
        E::FarmAttached { .. } => 1,
        E::FarmPolicySet { .. } => 2,
        E::FarmOffered { .. } => 3,
        E::FarmTaken { .. } => 4,
        E::RewardSet { .. } => 5,
        E::FarmFunded { .. } => 6,
        E::FarmDefunded { .. } => 7,
        E::RewardIssued { .. } => 8,
        E::StakerOpened { .. } => 9,
        E::StakerSettled { .. } => 10,
        E::StakeWarmed { .. } => 11,
        E::FarmStaked(_) => 12,
        E::FarmUnstaked(_) => 13,
        E::FarmTicketCancelled(_) => 14,
        E::FarmWithdrawn(_) => 15,
        E::RewardHarvested { .. } => 16,
        E::FarmStakeMoved(_) => 17,
        E::FarmStakeSet(_) => 18,
        E::RewardGiven { .. } => 19,
        E::FarmStakeGiven { .. } => 20,
        E::PenaltiesPaid { .. } => 21,
    };
    (PARTS + 2 * 256 + code, event.word())
}
/// As [`lending`], of an event about insurance pools.
fn pool(event: &PoolEvent) -> (u16, &'static str) {
    use PoolEvent as E;
    let code: u16 = match event {
        E::InsurancePoolCreated { .. } => 0,
        E::PoolStaked(_) => 1,
        E::PoolMatched { .. } => 2,
        E::PoolExitSignalled { .. } => 3,
        E::PoolExitCancelled { .. } => 4,
        E::PoolExitPaid(_) => 5,
        E::PoolOffered { .. } => 6,
        E::PoolAccepted { .. } => 7,
        E::PoolSignerSet { .. } => 8,
        E::PoolReleased(_) => 9,
        E::ReleaseAnnounced { .. } => 10,
        E::ReleaseDisputed { .. } => 11,
        E::CommitmentBroken { .. } => 12,
        E::LossAbsorbed(_) => 13,
    };
    (PARTS + 3 * 256 + code, event.word())
}
/// As [`lending`], of an event about compensation.
fn compensation(event: &CompensationEvent) -> (u16, &'static str) {
    use CompensationEvent as E;
    let code: u16 = match event {
        E::VaultLossAssessed { .. } => 0,
        E::VaultLossDisputed { .. } => 1,
        E::CompensationPaidIn { .. } => 2,
        E::ClaimsOpened { .. } => 3,
        E::CompensationClaimed(_) => 4,
        E::ClaimsClosed(_) => 5,
        E::ClaimsRootPublished { .. } => 6,
        E::ClaimsRootStruck { .. } => 7,
        E::ClaimsCounted(_) => 8,
    };
    (PARTS + 4 * 256 + code, event.word())
}
/// The first number of the events of a part: its own discriminant, then theirs.
const PARTS: u16 = 240 << 8;
/// How many kinds [`kind`] knows.
const KINDS: usize = 212;

/// The first bytes of an event with this number.
fn front(code: u16) -> Vec<u8> {
    match code.to_be_bytes() {
        [0, code] => vec![code],
        both => both.to_vec(),
    }
}

fn command(body: Body) -> Command {
    let signature = Signature { key: PublicKey([1; 32]), bytes: SignatureBytes([2; 64]) };
    Command {
        id: samples::id(),
        actor: label("op"),
        occurred_at: Some(Timestamp::from_ms(3)),
        body,
        approvals: Some(Approvals {
            nonce: 4,
            expires_at: Timestamp::from_ms(5),
            signatures: vec![signature],
        }),
    }
}

/// What farms choose from.
fn farm_lines(lines: &mut Vec<Line>) {
    let (stakes, staked, units) = samples::farm_stakes();
    lines.extend(stakes.iter().map(|stake| pin(format!("farm stake {stake:?}"), stake)));
    lines.extend(staked.iter().map(|staked| pin(format!("farm staked {staked:?}"), staked)));
    lines.extend(units.iter().map(|unit| pin(format!("farm unit {unit:?}"), unit)));
    lines.extend(FarmKind::ALL.iter().map(|kind| pin(format!("farm {}", kind.word()), kind)));
    lines.extend(FarmLock::ALL.iter().map(|lock| pin(format!("farm lock {}", lock.word()), lock)));
    lines.extend(FarmDust::ALL.iter().map(|dust| pin(format!("farm dust {}", dust.word()), dust)));
}

#[expect(clippy::too_many_lines, reason = "a table: one value after the other")]
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for body in samples::bodies() {
        lines.push(pin(format!("body {}", body.word()), &body));
    }
    for event in samples::events() {
        lines.push(pin(format!("event {}", kind(&event).1), &event));
    }
    for account in samples::ledger_accounts() {
        lines.push(pin(format!("ledger {}", account.word()), &account));
    }
    let [nothing, full, deficit] = samples::underwater();
    lines.push(pin("underwater nothing", &nothing));
    lines.push(pin("underwater full_fee", &full));
    lines.push(pin("underwater deficit_fee", &deficit));
    for cause in Cause::ALL {
        lines.push(pin(format!("cause {}", cause.word()), cause));
    }
    let curve = samples::curve();
    lines.push(pin("law curve", &curve));
    for route in SurplusRoute::ALL {
        lines.push(pin(format!("surplus {}", route.word()), route));
    }
    for counts in HouseCounts::ALL {
        lines.push(pin(format!("house counts {}", counts.word()), counts));
    }
    for cause in SpikeCause::ALL {
        lines.push(pin(format!("spike {}", cause.word()), cause));
    }
    for cause in AlertCause::ALL {
        lines.push(pin(format!("alert {}", cause.word()), cause));
    }
    for payout in Payout::ALL {
        lines.push(pin(format!("payout {}", payout.word()), payout));
    }
    for rank in AdlRank::ALL {
        lines.push(pin(format!("rank {}", rank.word()), rank));
    }
    for rule in AdlSelect::ALL {
        lines.push(pin(format!("select {}", rule.word()), rule));
    }
    for side in PositionSide::ALL {
        lines.push(pin(format!("side {}", side.word()), side));
    }
    for end in InventoryEnd::ALL {
        lines.push(pin(format!("end {}", end.word()), end));
    }
    farm_lines(&mut lines);
    for status in MarketStatus::ALL {
        lines.push(pin(format!("status {}", status.word()), status));
    }
    for rule in BeyondBankruptcy::ALL {
        lines.push(pin(format!("beyond {}", rule.word()), rule));
    }
    for status in ReserveStatus::ALL {
        lines.push(pin(format!("reserve status {}", status.word()), status));
    }
    for kind in AllocationKind::ALL {
        lines.push(pin(format!("allocation {}", kind.word()), kind));
    }
    for mode in PoolMode::ALL {
        lines.push(pin(format!("pool mode {}", mode.word()), mode));
    }
    for yields in MatchYield::ALL {
        lines.push(pin(format!("match yields {}", yields.word()), yields));
    }
    for exits in MatchExit::ALL {
        lines.push(pin(format!("match exits {}", exits.word()), exits));
    }
    for by in ReleaseBy::ALL {
        lines.push(pin(format!("release by {}", by.word()), by));
    }
    for status in ReleaseStatus::ALL {
        lines.push(pin(format!("release {}", status.word()), status));
    }
    for cause in BreachCause::ALL {
        lines.push(pin(format!("breach {}", cause.word()), cause));
    }
    for signer in PoolSigner::ALL {
        lines.push(pin(format!("pool signer {}", signer.word()), signer));
    }
    for base in PenaltyBase::ALL {
        lines.push(pin(format!("penalty of {}", base.word()), base));
    }
    for growth in Growth::ALL {
        lines.push(pin(format!("growth {}", growth.word()), growth));
    }
    for rule in Netting::ALL {
        lines.push(pin(format!("netting {}", rule.word()), rule));
    }
    for why in MoveCause::ALL {
        lines.push(pin(format!("move {}", why.word()), why));
    }
    for cause in GateCause::ALL {
        lines.push(pin(format!("gate {}", cause.word()), cause));
    }
    for role in Role::ALL {
        lines.push(pin(format!("role {}", role.word()), role));
    }
    let name = label("x");
    lines.push(pin("party account", &Party::Account(name)));
    lines.push(pin("party clearing", &Party::Clearing(name)));
    lines.push(pin("opening account", &OpeningAccount::Account(name)));
    lines.push(pin("opening reserve", &OpeningAccount::Reserve(name)));
    lines.push(pin("opening contributions", &OpeningAccount::Contributions(name)));
    lines.push(pin("opening fee_pool", &OpeningAccount::FeePool(name)));
    lines.push(pin("opening tranche", &OpeningAccount::Tranche(name)));
    lines.push(pin("opening revenue", &OpeningAccount::Revenue(name)));
    for (at, verdict) in samples::verdicts().iter().enumerate() {
        lines.push(pin(format!("verdict {at}"), verdict));
    }
    lines.push(pin("reporter account", &Reporter::Account(name)));
    lines.push(pin("feed account", &FeedSource::Account(AccountId::new(1))));
    let signed = command(samples::bodies().remove(1));
    lines.push(pin("command", &signed));
    let record = Record {
        seq: Seq::new(6),
        time: Timestamp::from_ms(7),
        rules: 1,
        entry: Entry::Command(signed),
        events: vec![Event::NonceUsed { nonce: 8 }],
    };
    lines.push(pin("record command", &record));
    let genesis = backstop_core::Genesis {
        ledger: label("ledger"),
        rules: 1,
        preset: label("preset"),
        limits: backstop_core::policy::Limits::default(),
        setup: vec![samples::bodies().remove(0)],
    };
    let record = Record { entry: Entry::Genesis(genesis), ..record };
    lines.push(pin("record genesis", &record));
    lines
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encoding.txt")
}

#[test]
fn bytes_are_as_they_have_always_been() {
    let mut text = String::new();
    for (name, bytes) in lines() {
        writeln!(text, "{name} {}", hex::encode(bytes)).unwrap();
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(golden().parent().unwrap()).unwrap();
        std::fs::write(golden(), &text).unwrap();
    }
    let pinned = std::fs::read_to_string(golden()).expect("UPDATE_GOLDEN=1 writes it");
    for (now, then) in text.lines().zip(pinned.lines()) {
        assert_eq!(now, then);
    }
    assert_eq!(text.lines().count(), pinned.lines().count(), "lines were added or removed");
}

#[test]
fn every_command_has_a_sample_and_its_own_discriminant() {
    let samples = samples::bodies();
    let words: Vec<&str> = samples.iter().map(Body::word).collect();
    let table: Vec<&str> = COMMANDS.iter().map(|spec| spec.word).collect();
    assert_eq!(words, table);
    for (sample, spec) in samples.iter().zip(COMMANDS) {
        let bytes = borsh::to_vec(sample).unwrap();
        let code = if bytes[0] == 255 { 256 + u16::from(bytes[1]) } else { bytes[0].into() };
        assert_eq!(code, spec.code, "{}", spec.word);
    }
    let codes: BTreeSet<u16> = COMMANDS.iter().map(|spec| spec.code).collect();
    let distinct: BTreeSet<&str> = table.iter().copied().collect();
    assert_eq!((codes.len(), distinct.len()), (COMMANDS.len(), COMMANDS.len()));
}

#[test]
fn every_event_has_a_sample_and_its_own_discriminant() {
    let samples = samples::events();
    let kinds: BTreeSet<(u16, &str)> = samples.iter().map(kind).collect();
    let codes: BTreeSet<u16> = samples.iter().map(|event| kind(event).0).collect();
    assert_eq!((samples.len(), kinds.len(), codes.len()), (KINDS, KINDS, KINDS));
    for event in &samples {
        assert!(borsh::to_vec(event).unwrap().starts_with(&front(kind(event).0)), "{event:?}");
    }
}

#[test]
fn unknown_discriminants_are_refused() {
    let known: BTreeSet<u16> = COMMANDS.iter().map(|spec| spec.code).collect();
    for code in (0..512u16).filter(|code| *code != 255 && !known.contains(code)) {
        let mut bytes = match u8::try_from(code) {
            Ok(short) => vec![short],
            Err(_) => vec![255, u8::try_from(code - 256).unwrap()],
        };
        bytes.resize(600, 0);
        // Any number of zeros: for no length may an unknown command be read.
        for length in 1..bytes.len() {
            assert!(borsh::from_slice::<Body>(&bytes[..length]).is_err(), "command {code}");
        }
    }
}

/// The aim is 220 bytes for a settlement. What it is today must not grow; a settlement with a deficit
/// also carries its loss.
#[test]
fn a_settlement_is_small() {
    let mut world = World::new();
    let mut settle = SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(1_000_000),
        notional: Amount::new(20_000_000),
        mark: Price::new(150_000_000_000),
        open_interest: Some(Base::new(5_000)),
        evidence: Some(Hash::new([1; 32])),
    };
    let mut size = |settle: &SettleLiquidation| {
        world.must("venue", settle.clone());
        world.log.last().map_or(0, Vec::len)
    };
    let full = size(&settle);
    settle.outcome = Signed::new(-5_000);
    let deficit = size(&settle);
    settle.outcome = Signed::new(1_000_000);
    settle.open_interest = None;
    settle.evidence = None;
    let plain = size(&settle);
    println!(
        "a settlement is {plain} bytes, {full} with open interest and evidence, {deficit} with a deficit"
    );
    assert!(
        plain <= 262 && full <= 331 && deficit <= 465,
        "{plain}, {full}, {deficit}: it has grown"
    );
}
