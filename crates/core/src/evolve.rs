//! From event to state: no rule, no choice, no reject. Replay needs nothing else.

use crate::{
    compensation,
    event::Event,
    farm,
    fund::{
        controls::{self, Control},
        drawdown::{self, Watch},
        evolve::{revenue, stake},
        gauge::{self, Gauge, Peaks},
        holds::Holds,
        house,
        inventory::{Inventory, Stock, evolve::inventory},
        reservations::{self, Reservations},
    },
    hosted::{self, book::MarginPool},
    ledger::postings,
    lending,
    liquidation::{
        market::{latest_layer, resolve},
        offline::{self, Offline},
        open_interest,
        pools::pools,
    },
    loss::{
        capacity::{ROLLING, event_window},
        claim::evolve::claim,
        conversion::evolve::{begun, conversion},
        evolve::loss,
        window::Window,
    },
    oracle::evolve::oracle,
    policy::{Cause, LayerPolicy},
    pool,
    reject::Corrupt,
    state::{
        Account, Asset, Council, Fund, Layer, Lent, MarkCheck, Market, Proposal, Results, State,
        Tranche, Transfer,
    },
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Amount, Base, Fixed60, Label, MarketId, Ppm, Shares, Span, Timestamp};

/// Applies one fact.
///
/// # Errors
/// [`Corrupt`] when the event does not fit the state.
pub(crate) fn evolve(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let repaid = matches!(event, Event::HouseRepaid { .. });
    postings(event, |posting| {
        state.ledger.post(posting)?;
        // What a fund repays to its own account stays with it.
        if repaid { Ok(()) } else { gauge::follow(state, posting) }
    })?;
    match event {
        Event::LiquidationSettled { .. }
        | Event::PnlPoolFunded { .. }
        | Event::FeesPaid { .. }
        | Event::ExcessWithdrawn { .. }
        | Event::IdleMoved { .. }
        | Event::Opened { .. } => Ok(()),
        Event::AssetRegistered { .. }
        | Event::AccountOpened { .. }
        | Event::RolesSet { .. }
        | Event::CouncilSet { .. }
        | Event::RulesActivated { .. }
        | Event::NonceUsed { .. } => registry(state, event),
        Event::FundCreated { .. }
        | Event::TrancheCreated { .. }
        | Event::ThresholdSet { .. }
        | Event::TargetSet { .. }
        | Event::SplitSet { .. }
        | Event::CoversSet { .. }
        | Event::AlertRaised { .. }
        | Event::AlertEnded { .. }
        | Event::EntriesPaused { .. } => fund(state, event),
        Event::Contributed { .. }
        | Event::Staked { .. }
        | Event::UnstakeRequested { .. }
        | Event::UnstakeEnded { .. }
        | Event::Unstaked { .. }
        | Event::SeriesStarted { .. } => stake(state, event),
        Event::RevenuePaid { .. }
        | Event::RevenueSettled { .. }
        | Event::RevenueRouted { .. }
        | Event::LiquidityReported { .. }
        | Event::RevenueSet { .. }
        | Event::SharesOpened { .. }
        | Event::VaultForced { .. }
        | Event::ProtocolSharesGranted { .. }
        | Event::ProtocolSharesRedeemed { .. }
        | Event::ProtocolStaked { .. }
        | Event::OrphansTaken { .. }
        | Event::Rescaled { .. } => revenue(state, event),
        Event::ControlSet { .. }
        | Event::ControlRan(_)
        | Event::ConditionsReported { .. }
        | Event::SpikeAdded { .. }
        | Event::SpikeEnded { .. }
        | Event::RiskReported { .. } => controls::evolve(state, event),
        Event::Reserved { .. }
        | Event::ReservationCommitted { .. }
        | Event::ReservationReleased { .. } => reservations::evolve(state, event),
        Event::DrawdownSet { .. } | Event::DrawdownTurned { .. } => drawdown::evolve(state, event),
        Event::OfflineBudgetMoved { .. } => offline::evolve(state, event),
        Event::OpenInterestMaxSet { .. } => open_interest::evolve(state, event),
        Event::Lending(event) => lending::evolve::evolve(state, event),
        Event::Vault(event) => lending::vault::evolve::evolve(state, event),
        Event::Farm(event) => farm::evolve::evolve(state, event),
        Event::Pool(event) => pool::evolve::evolve(state, event),
        Event::Compensation(event) => compensation::evolve::evolve(state, event),
        _ => of_markets(state, event),
    }
}

/// Facts about house accounts, markets, losses, custody, proposals and prices.
fn of_markets(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::HouseSet { .. }
        | Event::HouseReported { .. }
        | Event::HouseRepaid { .. }
        | Event::SurplusDistributed { .. } => house::evolve(state, event),
        Event::MarketCreated { .. }
        | Event::WaterfallSet { .. }
        | Event::OpenInterestReported { .. }
        | Event::DepositsReported { .. }
        | Event::MarketRulesSet { .. } => market(state, event),
        Event::PoolsSet { .. }
        | Event::ResultsReported { .. }
        | Event::PoolsBalanced { .. }
        | Event::DeficitCovered { .. }
        | Event::TierSet { .. }
        | Event::MarketTierSet { .. } => pools(state, event),
        Event::LossDeclared { .. }
        | Event::LossAssessed { .. }
        | Event::LossPlaced(_)
        | Event::LossReallocated(_)
        | Event::LossClosed { .. }
        | Event::LossVoided { .. }
        | Event::LossRecovered { .. }
        | Event::RecoveryClaimed { .. }
        | Event::LossParked(_) => loss(state, event),
        Event::LayerConverted(_)
        | Event::ConversionBooked(_)
        | Event::BasisSettled(_)
        | Event::ConversionUnpriced { .. } => conversion(state, event),
        Event::AdlOpened { .. }
        | Event::AdlPartAdded { .. }
        | Event::AdlRan { .. }
        | Event::AdlClosed { .. }
        | Event::EquityOpened { .. }
        | Event::EquityPartAdded { .. }
        | Event::EquityRan { .. }
        | Event::EquityClosed { .. } => claim(state, event),
        Event::PositionTaken { .. }
        | Event::InventoryMarked { .. }
        | Event::InventoryFilled(_)
        | Event::AuctionStarted { .. }
        | Event::AuctionWon { .. }
        | Event::InventoryDeleveraged(_)
        | Event::InventorySet { .. } => inventory(state, event),
        Event::TransferBegun { .. } | Event::TransferResolved { .. } | Event::Reconciled { .. } => {
            transfer(state, event)
        }
        Event::Proposed { .. }
        | Event::Approved { .. }
        | Event::Executed { .. }
        | Event::ProposalCancelled { .. } => proposal(state, event),
        Event::IndexRegistered { .. }
        | Event::FeedRegistered { .. }
        | Event::PriceReported { .. }
        | Event::IndexPolicySet { .. }
        | Event::FeedRetired { .. } => oracle(state, event),
        _ => hosted::evolve::evolve(state, event),
    }
}

fn registry(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::AssetRegistered { asset, label, decimals, custodian } => {
            state.assets.insert(
                *asset,
                Asset {
                    label: *label,
                    decimals: *decimals,
                    custodian: *custodian,
                    reconciled: Timestamp::ZERO,
                    index: None,
                },
            )?;
            state.labels.assets.insert(*label, *asset);
        }
        Event::AccountOpened { account, label, group, venue } => {
            let roles = crate::policy::Roles::NONE;
            let (label, group, venue) = (*label, *group, *venue);
            state.accounts.insert(*account, Account { label, group, venue, roles })?;
            state.labels.accounts.insert(label, *account);
        }
        Event::RolesSet { account, roles } => state.accounts.change(*account)?.roles = *roles,
        Event::CouncilSet { keys, threshold } => {
            *state.change_council() = Council { keys: keys.clone(), threshold: *threshold };
        }
        Event::RulesActivated { version } => state.meta.rules = *version,
        Event::NonceUsed { nonce } => state.meta.nonce = *nonce,
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}

fn fund(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    let now = state.meta.now;
    match event {
        Event::FundCreated { fund, label, asset, kind, treasury, threshold, target, policy } => {
            let item = Fund {
                label: *label,
                asset: *asset,
                kind: *kind,
                treasury: *treasury,
                threshold: *threshold,
                target: *target,
                policy: *policy,
                first_tranche: None,
                settled_at: now,
                free: None,
                house: None,
                inventory: Stock::default(),
            };
            state.funds.insert(*fund, item)?;
            state.holds.insert(*fund, Holds::default())?;
            state.controls.insert(*fund, Control::default())?;
            state.reservations.insert(*fund, Reservations::default())?;
            state.gauges.insert(*fund, Gauge::new(now))?;
            state.peaks.insert(*fund, Peaks::default())?;
            state.watches.insert(*fund, Watch::default())?;
            state.margin_pools.insert(*fund, MarginPool::default())?;
            state.labels.funds.insert(*label, *fund);
        }
        Event::TrancheCreated { tranche, label, fund, policy } => {
            let item = Tranche {
                label: *label,
                fund: *fund,
                policy: *policy,
                series: 0,
                epoch: 0,
                base: 0,
                shares: Shares::ZERO,
                protocol: Shares::ZERO,
                queued: Shares::ZERO,
                sibling: None,
            };
            let last = state.tranches_of(state.funds.expect(*fund)?).last().map(|(id, _)| id);
            state.tranches.insert(*tranche, item)?;
            match last {
                Some(last) => state.tranches.change(last)?.sibling = Some(*tranche),
                None => state.funds.change(*fund)?.first_tranche = Some(*tranche),
            }
            state.labels.tranches.insert(*label, *tranche);
        }
        Event::ThresholdSet { fund, threshold } => {
            state.funds.change(*fund)?.threshold = *threshold;
        }
        Event::TargetSet { fund, target } => state.funds.change(*fund)?.target = *target,
        Event::SplitSet { fund, split } => state.funds.change(*fund)?.policy.split = *split,
        Event::CoversSet { fund, covers } => state.funds.change(*fund)?.policy.covers = *covers,
        Event::AlertRaised { fund, until, .. } => {
            state.holds.change(*fund)?.raise_alert(now, *until);
        }
        Event::AlertEnded { fund } => state.holds.change(*fund)?.end_alert(now),
        Event::EntriesPaused { fund, until } => state.holds.change(*fund)?.pause(now, *until),
        _ => return Err(Corrupt::DanglingHandle),
    }
    Ok(())
}

/// The index that a market's marks are checked against, and how far they may be from it.
fn checked_by(state: &State, mark: Option<Label>, band: Ppm) -> Result<Option<MarkCheck>, Corrupt> {
    let Some(label) = mark else { return Ok(None) };
    let index = state.index_id(label).map_err(|_| Corrupt::DanglingHandle)?;
    Ok(Some(MarkCheck { index, band }))
}

fn market(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::MarketCreated { market, label, fund, venue, policy } => {
            let tier = policy.tier.map(|label| state.tier_id(label)).transpose();
            let tier = tier.map_err(|_| Corrupt::DanglingHandle)?;
            let item = Market {
                label: *label,
                fund: *fund,
                venue: *venue,
                underwater: policy.underwater,
                event_window: policy.event_window,
                mark: checked_by(state, policy.mark, policy.mark_band)?,
                layers_from: 0,
                layers: 0,
                open_interest: Base::ZERO,
                index: Fixed60::ZERO,
                index_carry: Fixed60::ZERO,
                tier,
                pools: policy.pools,
                results: Results::default(),
                short: Amount::ZERO,
                claims: 0,
                adl: policy.adl,
                equity: policy.equity,
                bad_debt: policy.bad_debt,
                deposits: None,
            };
            state.markets.insert(*market, item)?;
            state.offline.insert(*market, Offline::default())?;
            state.open_interest_max.insert(*market, None)?;
            state.inventories.insert(*market, Inventory::default())?;
            let hosted = hosted::evolve::hosted(state, policy.hosted.as_deref())?;
            state.hosted_markets.insert(*market, hosted)?;
            state.labels.markets.insert(*label, *market);
            set_layers(state, *market, &policy.waterfall)
        }
        Event::WaterfallSet { market, layers } => set_layers(state, *market, layers),
        Event::OpenInterestReported { market, base } => {
            state.markets.change(*market)?.open_interest = *base;
            Ok(())
        }
        Event::MarketRulesSet { market, rules } => {
            let index = checked_by(state, rules.mark, rules.mark_band)?;
            let item = state.markets.change(*market)?;
            (item.underwater, item.mark) = (rules.underwater, index);
            (item.adl, item.equity) = (rules.adl, rules.equity);
            Ok(())
        }
        Event::DepositsReported { market, deposits, losses } => {
            let lent = Lent { deposits: *deposits, losses: *losses };
            state.markets.change(*market)?.deposits = Some(Box::new(lent));
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

/// Appends a waterfall; a layer whose payer stays keeps what it has used.
fn set_layers(state: &mut State, id: MarketId, policies: &[LayerPolicy]) -> Result<(), Corrupt> {
    let window = state.markets.expect(id)?.event_window;
    // Reports of one event may come late by the allowed skew: the window waits for them.
    let event_span = window.plus(state.meta.limits.skew_past);
    let mut layers: Vec<Layer> = Vec::with_capacity(policies.len());
    for policy in policies {
        let source = resolve(state, policy.source).map_err(|_| Corrupt::DanglingHandle)?;
        let old = latest_layer(state, id, source).map(|(_, layer)| layer.clone());
        let (used, mut windows, old) = old
            .map_or((Amount::ZERO, [None; 9], None), |old| (old.used, old.windows, old.conversion));
        let conversion = match (old, policy.haircut) {
            (None, Some(haircut)) => Some(begun(state, id, source, haircut)?),
            _ => old,
        };
        let rolling = ROLLING
            .iter()
            .filter(|(_, _, limit)| limit(policy).is_some())
            .map(|(at, span, _)| (*at, *span));
        let causes = Cause::ALL.iter().filter(|_| policy.per_event.is_some());
        let events = causes.map(|cause| (event_window(*cause), event_span));
        for (at, span) in rolling.chain(events).collect::<Vec<(usize, Span)>>() {
            let Some(place) = windows.get_mut(at).filter(|place| place.is_none()) else { continue };
            let window = state.windows.next_id();
            state.windows.insert(window, Window::new(span))?;
            *place = Some(window);
        }
        layers.push(Layer { market: id, policy: *policy, source, used, windows, conversion });
    }
    let from = state.layers.next_id();
    let count = u8::try_from(layers.len()).map_err(|_| Corrupt::CounterRange)?;
    for layer in layers {
        let layer_id = state.layers.next_id();
        state.layers.insert(layer_id, layer)?;
    }
    let market = state.markets.change(id)?;
    market.layers_from = from;
    market.layers = count;
    Ok(())
}

fn transfer(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::TransferBegun { transfer, direction, party, asset, amount, reference } => {
            let item = Transfer {
                direction: *direction,
                party: *party,
                asset: *asset,
                amount: *amount,
                reference: *reference,
                outcome: None,
            };
            state.transfers.insert(*transfer, item)
        }
        Event::TransferResolved { transfer, outcome, .. } => {
            state.transfers.change(*transfer)?.outcome = Some(*outcome);
            Ok(())
        }
        Event::Reconciled { asset, as_of, .. } => {
            state.assets.change(*asset)?.reconciled = *as_of;
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}

fn proposal(state: &mut State, event: &Event) -> Result<(), Corrupt> {
    match event {
        Event::Proposed { proposal, by, body, digest, nonce, expires_at, delay_ms } => {
            let item = Proposal {
                by: *by,
                body: body.clone(),
                digest: *digest,
                nonce: *nonce,
                expires_at: *expires_at,
                delay: Span::from_ms(*delay_ms),
                keys: Vec::new(),
                ready_at: None,
                closed: false,
            };
            state.proposals.insert(*proposal, item)
        }
        Event::Approved { proposal, keys, ready_at } => {
            let item = state.proposals.change(*proposal)?;
            item.keys.clone_from(keys);
            item.ready_at = *ready_at;
            Ok(())
        }
        Event::Executed { proposal } | Event::ProposalCancelled { proposal } => {
            let item = state.proposals.change(*proposal)?;
            item.closed = true;
            state.labels.close(item);
            Ok(())
        }
        _ => Err(Corrupt::DanglingHandle),
    }
}
