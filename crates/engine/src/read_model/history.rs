//! What the state forgets and the log does not: what layers had when a loss was placed, and settings as they
//! were.

use std::collections::BTreeMap;

use backstop_core::{
    Event,
    event::{FarmEvent, LendingEvent, PoolEvent, Row, VaultEvent},
    ledger::LedgerAccount,
    state::Source,
};
use backstop_units::{Amount, AssetId, FundId, LossId, MarketId, ProposalId};
use rusqlite::Connection;

use super::{
    books::{Books, Place},
    error::{Fault, Misfit},
    moves::paid_from,
    number::{Atoms, account_key, to_sql},
    party::Party,
};

/// Writes down a step of a loss; `books` are as they were just before it.
pub(super) fn loss_step(
    connection: &Connection,
    books: &Books,
    place: &Place,
    event: &Event,
) -> Result<(), Fault> {
    let Some(loss) = step_of(event) else { return Ok(()) };
    let placed = match event {
        Event::LossPlaced(it) => Some((it.market, it.asset, it.rows.as_slice())),
        Event::LossReallocated(it) => Some((it.market, it.asset, it.rows.as_slice())),
        _ => None,
    };
    let layers = placed.map(|(market, ..)| borsh::to_vec(books.layers(market)));
    let layers = layers.transpose().map_err(|_| Misfit::Handle)?;
    let bytes = borsh::to_vec(event).map_err(|_| Misfit::Handle)?;
    let sql = "INSERT INTO loss_step VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = (loss.get(), place.seq, place.event, bytes, layers);
    connection.prepare_cached(sql)?.execute(row)?;
    let Some((market, asset, rows)) = placed else { return Ok(()) };
    let sql = "INSERT INTO loss_met VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (account, had) in met(books, (market, asset), rows) {
        let account = account_key(account);
        insert.execute((loss.get(), place.seq, place.event, account, Atoms(had)))?;
    }
    Ok(())
}

/// What the accounts of a waterfall hold, and of those who paid though they stand in it no more.
fn met(
    books: &Books,
    (market, asset): (MarketId, AssetId),
    rows: &[Row],
) -> BTreeMap<LedgerAccount, Amount> {
    let of_layers = books.layers(market).iter().filter(|source| books.is_of(**source, asset));
    let of_layers = of_layers.flat_map(|source| accounts_of(*source, market)).flatten();
    let paid = rows.iter().filter_map(|row| paid_from(&row.cohort, market));
    let of_rows = paid.filter(|account| {
        let source = match account {
            LedgerAccount::Tranche(tranche) => Source::Staked(*tranche),
            LedgerAccount::Reserve(fund) | LedgerAccount::Contributions(fund) => {
                Source::Reserve(*fund)
            }
            _ => Source::FeePool,
        };
        books.is_of(source, asset)
    });
    of_layers.chain(of_rows).map(|account| (account, books.held(account, asset))).collect()
}

/// The accounts that a layer pays from.
pub(super) const fn accounts_of(source: Source, market: MarketId) -> [Option<LedgerAccount>; 2] {
    use LedgerAccount as L;
    match source {
        Source::FeePool => [Some(L::FeePool(market)), None],
        Source::Reserve(fund) => [Some(L::Reserve(fund)), Some(L::Contributions(fund))],
        Source::Staked(tranche) => [Some(L::Tranche(tranche)), None],
        _ => [None, None],
    }
}

/// The loss that an event is a step of. Lists, cuts and claims are many for one loss: they are found as
/// the records that concern it.
const fn step_of(event: &Event) -> Option<LossId> {
    Some(match event {
        Event::LossDeclared { loss, .. }
        | Event::LossAssessed { loss, .. }
        | Event::LossClosed { loss }
        | Event::LossVoided { loss, .. }
        | Event::LossRecovered { loss, .. }
        | Event::DeficitCovered { loss, .. }
        | Event::AdlOpened { loss, .. }
        | Event::AdlClosed { loss, .. }
        | Event::EquityOpened { loss, .. }
        | Event::EquityClosed { loss, .. } => *loss,
        Event::LossPlaced(it) => it.loss,
        Event::LossReallocated(it) => it.loss,
        Event::LossParked(it) => it.loss,
        _ => return None,
    })
}

/// Writes down a change of a setting.
pub(super) fn setting(
    connection: &Connection,
    place: &Place,
    proposal: Option<ProposalId>,
    event: &Event,
) -> Result<(), Fault> {
    let Some(subject) = subject(event) else { return Ok(()) };
    let bytes = borsh::to_vec(event).map_err(|_| Misfit::Handle)?;
    let sql = "INSERT INTO setting VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let subject = subject_key(subject);
    let proposal = proposal.map(ProposalId::get);
    let row = (subject, place.seq, place.event, word_of(&bytes), proposal, bytes);
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Whether an event changes a setting: of the ledger, of an account's roles, or of something that has rules.
pub fn is_setting(event: &Event) -> bool {
    subject(event).is_some()
}

/// The number of the subject of a setting; the ledger itself is 0.
pub(super) fn subject_key(subject: Option<Party>) -> i64 {
    subject.map_or(0, |party| to_sql(party.key()))
}

/// Which kind of event some bytes are: its number, and for parts with events of their own theirs too.
fn word_of(event: &[u8]) -> u16 {
    /// The first number of a part with events of its own.
    const PARTS: u8 = 240;
    match event {
        [part, own, ..] if *part >= PARTS => u16::from_be_bytes([*part, *own]),
        [own, ..] => u16::from_be_bytes([*own, 0]),
        [] => 0,
    }
}

/// What an event sets something of: the outer none is no setting, the inner one the ledger itself.
#[expect(
    clippy::option_option,
    reason = "no setting, a setting of the ledger, a setting of a party"
)]
fn subject(event: &Event) -> Option<Option<Party>> {
    let of_fund = |fund: &FundId| Some(Some(Party::Fund(*fund)));
    match event {
        Event::CouncilSet { .. } | Event::RulesActivated { .. } | Event::TierSet { .. } => {
            Some(None)
        }
        Event::RolesSet { account, .. } => Some(Some(Party::Account(*account))),
        Event::FundCreated { fund, .. }
        | Event::ThresholdSet { fund, .. }
        | Event::TargetSet { fund, .. }
        | Event::SplitSet { fund, .. }
        | Event::CoversSet { fund, .. }
        | Event::RevenueSet { fund, .. }
        | Event::ControlSet { fund, .. }
        | Event::DrawdownSet { fund, .. }
        | Event::MarginPoolSet { fund, .. }
        | Event::HouseSet { fund, .. }
        | Event::CollateralSet { fund, .. }
        | Event::AlertRaised { fund, .. }
        | Event::AlertEnded { fund }
        | Event::EntriesPaused { fund, .. } => of_fund(fund),
        Event::TrancheCreated { tranche, .. } => Some(Some(Party::Tranche(*tranche))),
        Event::MarketCreated { market, .. }
        | Event::WaterfallSet { market, .. }
        | Event::OpenInterestMaxSet { market, .. }
        | Event::PoolsSet { market, .. }
        | Event::MarketTierSet { market, .. }
        | Event::MarketRulesSet { market, .. }
        | Event::InventorySet { market, .. }
        | Event::HostedRulesSet { market, .. } => Some(Some(Party::Market(*market))),
        Event::MarketStatusSet(it) => Some(Some(Party::Market(it.market))),
        Event::IsolatedMerged(it) => Some(Some(Party::Market(it.market))),
        Event::IndexRegistered { index, .. }
        | Event::IndexPolicySet { index, .. }
        | Event::FeedRegistered { index, .. }
        | Event::FeedRetired { index, .. } => Some(Some(Party::Index(*index))),
        Event::Lending(event) => lending(event).map(Some),
        Event::Vault(event) => vault(event).map(Some),
        Event::Farm(event) => farm(event).map(Some),
        Event::Pool(event) => pool(event).map(Some),
        _ => None,
    }
}

const fn lending(event: &LendingEvent) -> Option<Party> {
    match event {
        LendingEvent::ReserveCreated { reserve, .. }
        | LendingEvent::ReserveSet { reserve, .. }
        | LendingEvent::ReserveStatusSet { reserve, .. } => Some(Party::Reserve(*reserve)),
        _ => None,
    }
}

const fn vault(event: &VaultEvent) -> Option<Party> {
    match event {
        VaultEvent::VaultCreated { vault, .. }
        | VaultEvent::VaultPolicySet { vault, .. }
        | VaultEvent::AllocationProposed { vault, .. }
        | VaultEvent::AllocationSet { vault, .. }
        | VaultEvent::AllocationVetoed { vault, .. }
        | VaultEvent::AllocationRemoved { vault, .. } => Some(Party::Vault(*vault)),
        VaultEvent::ReserveListed { reserve, .. } => Some(Party::Reserve(*reserve)),
        _ => None,
    }
}

fn farm(event: &FarmEvent) -> Option<Party> {
    match event {
        FarmEvent::FarmCreated(it) => Some(Party::Farm(it.farm)),
        FarmEvent::FarmAttached { farm, .. }
        | FarmEvent::FarmPolicySet { farm, .. }
        | FarmEvent::FarmOffered { farm, .. }
        | FarmEvent::FarmTaken { farm, .. }
        | FarmEvent::RewardSet { farm, .. } => Some(Party::Farm(*farm)),
        _ => None,
    }
}

const fn pool(event: &PoolEvent) -> Option<Party> {
    match event {
        PoolEvent::InsurancePoolCreated { pool, .. }
        | PoolEvent::PoolOffered { pool, .. }
        | PoolEvent::PoolAccepted { pool, .. }
        | PoolEvent::PoolSignerSet { pool, .. } => Some(Party::Pool(*pool)),
        _ => None,
    }
}
