//! What the fold remembers of money and shares: enough to say what an event moved and what was there.

use std::collections::{HashMap, HashSet};

use backstop_core::{
    Event,
    fund::shares::scaled,
    ledger::{LedgerAccount, Posting, postings},
    policy::{LayerPolicy, LayerSource},
    state::Source,
};
use backstop_units::{
    Amount, AssetId, FundId, IndexId, Label, MarketId, Shares, TicketId, TrancheId,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    error::{Fault, Misfit},
    moves::{flow, part_of, reason},
    names::{Named, Names},
    number::{Atoms, account_key, account_of, handle},
    series::{Samples, Series},
};

/// Where the fold is: which record, and how many moves of each fund it has seen in it.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) seq: i64,
    /// Which event of the record.
    pub(super) event: i64,
    /// Moves so far in this record.
    moves: i64,
}

impl Place {
    pub(super) const fn begin(seq: i64) -> Self {
        Self { seq, event: 0, moves: 0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Tranche {
    fund: FundId,
    shares: Shares,
    series: u32,
    base: u16,
}

#[derive(Clone, Debug, Default)]
struct Market {
    fund: FundId,
    layers: Vec<Source>,
    /// The index that its mark is compared with.
    mark: Option<IndexId>,
}

/// Balances of what funds own and of fee pools, shares of tranches, waterfalls of markets.
#[derive(Debug, Default)]
pub(super) struct Books {
    balances: HashMap<(LedgerAccount, AssetId), Amount>,
    totals: HashMap<FundId, Amount>,
    funds: HashMap<FundId, AssetId>,
    tranches: HashMap<TrancheId, Tranche>,
    markets: HashMap<MarketId, Market>,
    names: Names,
    /// Markets by the index of their mark.
    marked: HashMap<IndexId, Vec<MarketId>>,
    dirty: HashSet<(LedgerAccount, AssetId)>,
    dirty_tranches: HashSet<TrancheId>,
}

/// Whether the books keep an account's balance.
const fn is_kept(account: LedgerAccount) -> bool {
    matches!(
        account,
        LedgerAccount::Reserve(_)
            | LedgerAccount::Contributions(_)
            | LedgerAccount::Tranche(_)
            | LedgerAccount::Idle(_)
            | LedgerAccount::Revenue(_)
            | LedgerAccount::FeePool(_)
    )
}

impl Books {
    /// Reads them back.
    pub(super) fn load(connection: &Connection) -> Result<Self, Fault> {
        let mut books = Self::default();
        let mut rows = connection.prepare("SELECT account, asset, amount FROM balance")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for row in rows {
            let (account, asset, Atoms(amount)): (i64, i64, Atoms) = row?;
            let account = account_of(account).ok_or(Misfit::Handle)?;
            books.balances.insert((account, AssetId::new(handle(asset))), amount);
        }
        let mut rows = connection.prepare("SELECT id, asset FROM fund")?;
        for row in rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (id, asset): (i64, i64) = row?;
            books.funds.insert(FundId::new(handle(id)), AssetId::new(handle(asset)));
        }
        let sql = "SELECT id, fund, shares, series, base FROM tranche";
        let mut rows = connection.prepare(sql)?;
        let rows = rows.query_map([], |row| {
            let Atoms(shares) = row.get(2)?;
            let (id, fund) = (handle(row.get(0)?), handle(row.get(1)?));
            let fund = FundId::new(fund);
            let shares = Shares::new(shares.get());
            Ok((id, Tranche { fund, shares, series: row.get(3)?, base: row.get(4)? }))
        })?;
        for row in rows {
            let (id, tranche) = row?;
            books.tranches.insert(TrancheId::new(id), tranche);
        }
        books.load_markets(connection)?;
        books.count_totals();
        Ok(books)
    }

    fn load_markets(&mut self, connection: &Connection) -> Result<(), Fault> {
        let mut rows = connection.prepare("SELECT id, fund, layers, mark FROM market")?;
        let rows =
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        for row in rows {
            let (id, fund, layers, mark): (i64, i64, Vec<u8>, Option<i64>) = row?;
            let layers = borsh::from_slice(&layers).map_err(|_| Misfit::Handle)?;
            let mark = mark.map(|mark| IndexId::new(handle(mark)));
            let (id, fund) = (MarketId::new(handle(id)), FundId::new(handle(fund)));
            self.markets.insert(id, Market { fund, layers, mark: None });
            self.set_mark(id, mark);
        }
        self.names = Names::load(connection)?;
        Ok(())
    }

    fn count_totals(&mut self) {
        for ((account, asset), amount) in &self.balances {
            let fund_of = |tranche| self.tranches.get(&tranche).map(|found: &Tranche| found.fund);
            let Some((fund, part)) = part_of(*account, fund_of) else { continue };
            if part.in_balance() && self.funds.get(&fund) == Some(asset) {
                let total = self.totals.entry(fund).or_default();
                *total = total.saturating_add(*amount);
            }
        }
    }

    /// What an account holds of an asset, as far as the books keep it.
    pub(super) fn held(&self, account: LedgerAccount, asset: AssetId) -> Amount {
        self.balances.get(&(account, asset)).copied().unwrap_or_default()
    }

    /// The markets whose mark is compared with an index.
    pub(super) fn marked_by(&self, index: IndexId) -> &[MarketId] {
        self.marked.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The index that a market's mark is compared with.
    pub(super) fn mark_of(&self, market: MarketId) -> Option<IndexId> {
        self.markets.get(&market)?.mark
    }

    /// The market of a label.
    pub(super) fn market_named(&self, label: Label) -> Option<MarketId> {
        self.names.find(label, Named::Market).map(MarketId::new)
    }

    /// What a market's fund holds, and its asset.
    pub(super) fn fund_of(&self, market: MarketId) -> Option<(Amount, AssetId)> {
        let fund = self.markets.get(&market)?.fund;
        Some((self.totals.get(&fund).copied().unwrap_or_default(), *self.funds.get(&fund)?))
    }

    fn index(&self, label: Option<Label>) -> Option<IndexId> {
        self.names.find(label?, Named::Index).map(IndexId::new)
    }

    fn set_mark(&mut self, id: MarketId, mark: Option<IndexId>) {
        let market = self.markets.entry(id).or_default();
        if let Some(old) = std::mem::replace(&mut market.mark, mark)
            && let Some(markets) = self.marked.get_mut(&old)
        {
            markets.retain(|one| *one != id);
        }
        if let Some(new) = mark {
            self.marked.entry(new).or_default().push(id);
        }
    }

    /// A market's waterfall as it is.
    pub(super) fn layers(&self, market: MarketId) -> &[Source] {
        self.markets.get(&market).map_or(&[], |market| market.layers.as_slice())
    }

    /// Whether a layer holds this asset; one that holds no money does.
    pub(super) fn is_of(&self, source: Source, asset: AssetId) -> bool {
        let fund = match source {
            Source::Reserve(fund) => Some(fund),
            Source::Staked(tranche) => self.tranches.get(&tranche).map(|tranche| tranche.fund),
            _ => return true,
        };
        fund.and_then(|fund| self.funds.get(&fund)) == Some(&asset)
    }

    /// Takes an event in: what exists, shares, then money.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        samples: &mut Samples,
        place: &mut Place,
        event: &Event,
    ) -> Result<(), Fault> {
        self.create(connection, event)?;
        self.shares(connection, samples, event)?;
        postings(event, |posting| self.post(connection, samples, place, (event, posting)))
    }

    fn create(&mut self, connection: &Connection, event: &Event) -> Result<(), Fault> {
        match event {
            Event::FundCreated { fund, label, asset, .. } => {
                self.funds.insert(*fund, *asset);
                self.names.add(connection, *label, (Named::Fund, fund.get()))?;
                let sql = "INSERT INTO fund VALUES (?1, ?2)";
                connection.execute(sql, (fund.get(), asset.get()))?;
            }
            Event::TrancheCreated { tranche, label, fund, .. } => {
                let new = Tranche { fund: *fund, shares: Shares::ZERO, series: 0, base: 0 };
                self.tranches.insert(*tranche, new);
                self.dirty_tranches.insert(*tranche);
                self.names.add(connection, *label, (Named::Tranche, tranche.get()))?;
            }
            Event::IndexRegistered { index, label, .. } => {
                self.names.add(connection, *label, (Named::Index, index.get()))?;
            }
            Event::MarketCreated { market, label, fund, policy, .. } => {
                let layers = self.resolve(&policy.waterfall)?;
                self.names.add(connection, *label, (Named::Market, market.get()))?;
                self.markets.insert(*market, Market { fund: *fund, layers, mark: None });
                self.set_mark(*market, self.index(policy.mark));
                self.store_market(connection, *market)?;
            }
            Event::MarketRulesSet { market, rules } => {
                self.set_mark(*market, self.index(rules.mark));
                self.store_market(connection, *market)?;
            }
            Event::WaterfallSet { market, layers } => {
                let layers = self.resolve(layers)?;
                self.markets.entry(*market).or_default().layers = layers;
                self.store_market(connection, *market)?;
            }
            Event::IsolatedMerged(it) => {
                let market = self.markets.entry(it.market).or_default();
                market.fund = it.to;
                // Layers of its own fund are the shared one's from now on.
                for source in &mut market.layers {
                    if *source == Source::Reserve(it.from) {
                        *source = Source::Reserve(it.to);
                    }
                }
                self.store_market(connection, it.market)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn resolve(&self, layers: &[LayerPolicy]) -> Result<Vec<Source>, Fault> {
        let find = |label: Label, kind: Named| self.names.find(label, kind).ok_or(Misfit::Handle);
        let sources = layers.iter().map(|layer| {
            Ok(match layer.source {
                LayerSource::FeePool => Source::FeePool,
                LayerSource::Reserve(label) => {
                    Source::Reserve(FundId::new(find(label, Named::Fund)?))
                }
                LayerSource::Staked(label) => {
                    Source::Staked(TrancheId::new(find(label, Named::Tranche)?))
                }
                LayerSource::Socialised => Source::Socialised,
                LayerSource::Adl => Source::Adl,
                LayerSource::Depositors => Source::Depositors,
                LayerSource::Haircut(_) => Source::Haircut,
                LayerSource::Equity => Source::Equity,
            })
        });
        sources.collect()
    }

    fn store_market(&self, connection: &Connection, id: MarketId) -> Result<(), Fault> {
        let Some(market) = self.markets.get(&id) else { return Ok(()) };
        let layers = borsh::to_vec(&market.layers).map_err(|_| Misfit::Handle)?;
        let sql = "INSERT OR REPLACE INTO market VALUES (?1, ?2, ?3, ?4)";
        let mark = market.mark.map(IndexId::get);
        connection.execute(sql, (id.get(), market.fund.get(), layers, mark))?;
        Ok(())
    }

    /// What an event does to a tranche's shares, as the core's own arithmetic has it.
    fn shares(
        &mut self,
        connection: &Connection,
        samples: &mut Samples,
        event: &Event,
    ) -> Result<(), Fault> {
        match event {
            Event::Staked { tranche, shares, .. }
            | Event::SharesOpened { tranche, shares, .. }
            | Event::ProtocolStaked { tranche, shares, .. }
            | Event::OrphansTaken { tranche, shares } => {
                self.mint(samples, *tranche, |all| all.checked_add(*shares))
            }
            Event::RevenueSettled { parts, .. } | Event::RevenueRouted { parts, .. } => {
                parts.iter().try_for_each(|part| {
                    self.mint(samples, part.tranche, |all| all.checked_add(part.minted))
                })
            }
            Event::ProtocolSharesRedeemed { tranche, shares, .. } => {
                self.mint(samples, *tranche, |all| all.checked_sub(*shares))
            }
            Event::UnstakeRequested { ticket, tranche, shares, .. } => {
                let Some(of) = self.tranches.get(tranche) else {
                    return Err(Misfit::Handle.into());
                };
                let sql = "INSERT INTO ticket VALUES (?1, ?2, ?3, ?4, ?5)";
                let shares = Atoms(Amount::new(shares.get()));
                let row = (ticket.get(), tranche.get(), of.series, of.base, shares);
                connection.prepare_cached(sql)?.execute(row)?;
                Ok(())
            }
            Event::UnstakeEnded { ticket, forfeited, .. } => {
                let (tranche, _) = self.ticket(connection, *ticket)?;
                self.mint(samples, tranche, |all| all.checked_sub(*forfeited))
            }
            Event::Unstaked { ticket, tranche, .. } => {
                let (_, burned) = self.ticket(connection, *ticket)?;
                self.mint(samples, *tranche, |all| all.checked_sub(burned))
            }
            Event::SeriesStarted { tranche, series } => {
                let of = self.tranches.get_mut(tranche).ok_or(Misfit::Handle)?;
                (of.series, of.base) = (*series, 0);
                samples.set(Series::ShareSeries(*tranche), Amount::new((*series).into()));
                samples.set(Series::ShareBase(*tranche), Amount::ZERO);
                self.mint(samples, *tranche, |_| Some(Shares::ZERO))
            }
            Event::Rescaled { tranche, digits } => {
                let of = self.tranches.get_mut(tranche).ok_or(Misfit::Handle)?;
                of.base = of.base.saturating_add((*digits).into());
                samples.set(Series::ShareBase(*tranche), Amount::new(of.base.into()));
                self.mint(samples, *tranche, |all| Some(scaled(all, (*digits).into())))
            }
            _ => Ok(()),
        }
    }

    fn mint(
        &mut self,
        samples: &mut Samples,
        id: TrancheId,
        change: impl FnOnce(Shares) -> Option<Shares>,
    ) -> Result<(), Fault> {
        let tranche = self.tranches.get_mut(&id).ok_or(Misfit::Handle)?;
        tranche.shares = change(tranche.shares).ok_or(Misfit::Shares)?;
        self.dirty_tranches.insert(id);
        samples.set(Series::Shares(id), Amount::new(tranche.shares.get()));
        Ok(())
    }

    /// A ticket's tranche and its shares in the tranche's present measure.
    fn ticket(&self, connection: &Connection, id: TicketId) -> Result<(TrancheId, Shares), Fault> {
        let sql = "SELECT tranche, series, base, shares FROM ticket WHERE id = ?1";
        let found = connection.prepare_cached(sql)?.query_row([id.get()], |row| {
            let Atoms(shares) = row.get(3)?;
            Ok((handle(row.get(0)?), row.get::<_, u32>(1)?, row.get::<_, u16>(2)?, shares))
        });
        let (tranche, series, base, shares) = found.optional()?.ok_or(Misfit::Handle)?;
        let id = TrancheId::new(tranche);
        let tranche = self.tranches.get(&id).ok_or(Misfit::Handle)?;
        if series != tranche.series {
            return Ok((id, Shares::ZERO));
        }
        let digits = tranche.base.saturating_sub(base);
        Ok((id, scaled(Shares::new(shares.get()), digits)))
    }

    fn post(
        &mut self,
        connection: &Connection,
        samples: &mut Samples,
        place: &mut Place,
        (event, posting): (&Event, Posting),
    ) -> Result<(), Fault> {
        let Posting { debit, credit, asset, amount } = posting;
        if amount.is_zero() {
            return Ok(());
        }
        for (account, counter, is_out) in [(debit, credit, true), (credit, debit, false)] {
            if !is_kept(account) {
                continue;
            }
            let held = self.balances.entry((account, asset)).or_default();
            let after = if is_out { held.checked_sub(amount) } else { held.checked_add(amount) };
            *held = after.ok_or(Misfit::Balance)?;
            let after = *held;
            self.dirty.insert((account, asset));
            let fund_of = |tranche| self.tranches.get(&tranche).map(|found: &Tranche| found.fund);
            let Some((fund, part)) = part_of(account, fund_of) else { continue };
            if self.funds.get(&fund) != Some(&asset) {
                continue;
            }
            let total = self.totals.entry(fund).or_default();
            if part.in_balance() {
                let moved =
                    if is_out { total.checked_sub(amount) } else { total.checked_add(amount) };
                *total = moved.ok_or(Misfit::Balance)?;
                samples.set(Series::Balance(fund), *total);
            }
            samples.set(part_series(fund, part), after);
            let moved_part = part;
            let (part, tranche) = part.key();
            let sql = "INSERT INTO move VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
            let why = reason(event, debit, credit);
            if let Some(series) = flow(why, (fund, moved_part), is_out) {
                samples.add(series, amount);
            }
            let row = rusqlite::params![
                fund.get(),
                place.seq,
                place.moves,
                part,
                tranche,
                why.key(),
                is_out,
                Atoms(amount),
                Atoms(after),
                Atoms(*total),
                account_key(counter),
            ];
            connection.prepare_cached(sql)?.execute(row)?;
            place.moves = place.moves.saturating_add(1);
        }
        Ok(())
    }

    /// Stores what has changed.
    pub(super) fn flush(&mut self, connection: &Connection) -> Result<(), Fault> {
        let sql = "INSERT OR REPLACE INTO balance VALUES (?1, ?2, ?3)";
        let mut insert = connection.prepare_cached(sql)?;
        for (account, asset) in self.dirty.drain() {
            let amount = self.balances.get(&(account, asset)).copied().unwrap_or_default();
            insert.execute((account_key(account), asset.get(), Atoms(amount)))?;
        }
        let sql = "INSERT OR REPLACE INTO tranche VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = connection.prepare_cached(sql)?;
        for id in self.dirty_tranches.drain() {
            let Some(tranche) = self.tranches.get(&id) else { continue };
            let shares = Atoms(Amount::new(tranche.shares.get()));
            insert.execute((id.get(), tranche.fund.get(), shares, tranche.series, tranche.base))?;
        }
        Ok(())
    }
}

const fn part_series(fund: FundId, part: super::moves::FundPart) -> Series {
    use super::moves::FundPart as P;
    match part {
        P::Reserve => Series::Reserve(fund),
        P::Contributions => Series::Contributions(fund),
        P::Tranche(tranche) => Series::Assets(tranche),
        P::Idle => Series::Idle(fund),
        P::Revenue => Series::Revenue(fund),
    }
}
