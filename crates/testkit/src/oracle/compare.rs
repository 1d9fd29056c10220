//! Side by side: every number of the model and the core's.

use super::{
    adl::Taken,
    model::{Bearer, Market, Model, Net, Row},
};
use crate::world::{ASSETS, label};
use backstop_core::{
    State,
    command::Party,
    fund::rescale::{shares_now, ticket_now},
    ledger::LedgerAccount,
    oracle,
};
use backstop_units::{
    AssetId, FeedId, FundId, IndexId, Label, LossId, MarketId, Shares, Signed, TicketId, TrancheId,
};
use ruint::aliases::U256;

#[expect(clippy::needless_pass_by_value, reason = "numbers and names made for the comparison")]
fn same<T: PartialEq + std::fmt::Debug>(what: String, core: T, model: T) -> Result<(), String> {
    if core == model { Ok(()) } else { Err(format!("{what} is {core:?}, should be {model:?}")) }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("a small world")
}

impl Model {
    pub(super) fn compare(&self, state: &State) -> Result<(), String> {
        self.same_balances(state)?;
        self.same_custody(state)?;
        self.same_funds(state)?;
        self.same_tranches(state)?;
        self.same_tickets(state)?;
        let markets = self.markets.iter().enumerate();
        markets.into_iter().try_for_each(|(at, market)| same_market(state, at, market))?;
        self.same_losses(state)?;
        self.same_steering(state)?;
        self.same_prices(state)
    }

    fn same_prices(&self, state: &State) -> Result<(), String> {
        for (at, model) in self.indexes.iter().enumerate() {
            let id = IndexId::new(index(at));
            let core = state.indexes.get(id).ok_or("no such index")?;
            let fresh = oracle::price(state, id, state.meta.now);
            let expected = model.price(state.meta.now);
            same(format!("price {fresh:?}"), fresh.ok().map(|fresh| fresh.price.get()), expected)?;
            let last = core.band.last().map(|(price, at)| (at, price.get()));
            same("last accepted price".into(), last, model.accepted.last().copied())?;
            for (place, feed) in model.feeds.iter().enumerate() {
                let core = state.feeds.get(FeedId::new(index(place))).ok_or("no such feed")?;
                let report = core.report.map(|r| (r.price.get(), r.at, r.taken));
                same(
                    format!("feed {}", feed.label),
                    (report, core.retired),
                    (feed.last, feed.retired),
                )?;
            }
        }
        Ok(())
    }

    fn same_balances(&self, state: &State) -> Result<(), String> {
        for name in &self.accounts {
            for asset in ASSETS.map(label) {
                let id = state.account_id(*name).map_err(|reject| reject.to_string())?;
                let asset_id = state.asset_id(asset).map_err(|reject| reject.to_string())?;
                let balance = self.balances.iter().find(|(key, _)| *key == (*name, asset));
                let core = state.ledger.owed(LedgerAccount::Balance(id), asset_id);
                let model = balance.map_or(0, |balance| balance.1);
                same(format!("{asset} balance of {name}"), core.get(), model)?;
                let key = (Party::Account(*name), asset);
                let pending = self.pending.iter().find(|(other, _)| *other == key);
                let core = state.ledger.owed(LedgerAccount::Pending(id), asset_id);
                same(format!("pending of {name}"), core.get(), pending.map_or(0, |p| p.1))?;
            }
        }
        Ok(())
    }

    fn same_custody(&self, state: &State) -> Result<(), String> {
        for custody in &self.custody {
            let id = state.asset_id(custody.asset).map_err(|reject| reject.to_string())?;
            let held = state.ledger.held(LedgerAccount::Custody(id), id);
            same(format!("custody of {}", custody.asset), held.get(), custody.held)?;
            same_net(state, LedgerAccount::Suspense(id), id, custody.suspense)?;
            same_net(state, LedgerAccount::InTransit(id), id, custody.transit)?;
        }
        Ok(())
    }

    fn same_funds(&self, state: &State) -> Result<(), String> {
        for (at, fund) in self.funds.iter().enumerate() {
            let id = FundId::new(index(at));
            let asset = AssetId::new(0);
            let reserve = state.ledger.owed(LedgerAccount::Reserve(id), asset);
            same(format!("reserve of {}", fund.label), reserve.get(), fund.reserve)?;
            let given = state.ledger.owed(LedgerAccount::Contributions(id), asset);
            same(format!("contributions of {}", fund.label), given.get(), fund.contributions)?;
            let revenue = state.ledger.owed(LedgerAccount::Revenue(id), asset);
            same(format!("revenue of {}", fund.label), revenue.get(), fund.revenue)?;
            let core = state.funds.get(id).ok_or("no such fund")?;
            same(format!("free money of {}", fund.label), core.free.map(Signed::get), fund.free)?;
            let model = (fund.threshold, fund.target);
            same("threshold and target".into(), (core.threshold.get(), core.target.get()), model)?;
            for (account, total) in &fund.gifts {
                let id_of = state.account_id(*account).map_err(|reject| reject.to_string())?;
                same(format!("gifts of {account}"), state.contribution(id, id_of).get(), *total)?;
            }
        }
        Ok(())
    }

    fn same_tranches(&self, state: &State) -> Result<(), String> {
        for (at, tranche) in self.tranches.iter().enumerate() {
            let (id, name) = (TrancheId::new(index(at)), tranche.label);
            let core = state.tranches.get(id).ok_or("no such tranche")?;
            let assets = state.ledger.owed(LedgerAccount::Tranche(id), AssetId::new(0));
            same(format!("assets of {name}"), assets.get(), tranche.assets)?;
            same(format!("shares of {name}"), core.shares.get(), tranche.shares())?;
            same(format!("series of {name}"), core.series, tranche.series)?;
            let parts = (core.protocol.get(), core.queued.get(), core.base);
            let model = (tranche.protocol, tranche.queued_all, tranche.base);
            same(format!("protocol's and queued shares and base of {name}"), parts, model)?;
            for account in &self.accounts {
                let held = tranche.holders.iter().find(|holder| holder.0 == *account);
                let account_id = state.account_id(*account).map_err(|reject| reject.to_string())?;
                let position = state.position(id, account_id);
                let (shares, on_tickets) =
                    position.map_or_else(Default::default, |(_, p)| shares_now(p, core));
                let shares = shares.get();
                same(format!("{account}'s shares of {name}"), shares, held.map_or(0, |h| h.1))?;
                let mine = self.queued(at, *account);
                same(format!("{account}'s queued shares of {name}"), on_tickets.get(), mine)?;
            }
        }
        Ok(())
    }

    fn same_tickets(&self, state: &State) -> Result<(), String> {
        same("number of tickets".into(), state.tickets.len(), self.tickets.len())?;
        for (at, ticket) in self.tickets.iter().enumerate() {
            let core = state.tickets.get(TicketId::new(index(at))).ok_or("no such ticket")?;
            let tranche = state.tranches.get(core.tranche).ok_or("no such tranche")?;
            // Shares of an earlier series stand for nothing, whatever their number.
            let counts = ticket.series == tranche.series && !ticket.closed;
            let shares = if counts { ticket.shares } else { 0 };
            let now = if core.closed { Shares::ZERO } else { ticket_now(core, tranche) };
            let model = (shares, ticket.value, ticket.ready_at, ticket.closed);
            let core = (now.get(), core.value.get(), core.ready_at, core.closed);
            same(format!("ticket {at}"), core, model)?;
        }
        Ok(())
    }

    fn same_losses(&self, state: &State) -> Result<(), String> {
        same("number of losses".into(), state.losses.len(), self.losses.len())?;
        for (at, loss) in self.losses.iter().enumerate() {
            let id = LossId::new(index(at));
            let core = state.losses.get(id).ok_or("no such loss")?;
            same(format!("status of loss {at}"), core.status, loss.status)?;
            same(format!("gross of loss {at}"), core.gross.get(), loss.gross)?;
            same(format!("evidence of loss {at}"), core.evidence, loss.evidence)?;
            let recovered: Vec<u128> = core.rows.iter().map(|row| row.recovered.get()).collect();
            let model: Vec<u128> = loss.rows.iter().map(|row| row.recovered).collect();
            same(format!("what rows of loss {at} recovered"), recovered, model)?;
            let amounts: Vec<u128> = core.rows.iter().map(|row| row.row.amount.get()).collect();
            let model: Vec<u128> = loss.rows.iter().map(|row| row.amount).collect();
            same(format!("rows of loss {at}"), amounts, model)?;
            let waits = |row: &&Row| matches!(row.bearer, Bearer::Stakers(..) | Bearer::Claim(_));
            let staked = loss.rows.iter().filter(waits);
            let waiting: u128 = staked
                .map(|row| row.recovered - row.paid.iter().map(|paid| paid.1).sum::<u128>())
                .sum();
            let core = state.ledger.owed(LedgerAccount::Recoveries(id), AssetId::new(0));
            same(format!("recoveries of loss {at}"), core.get(), waiting)?;
            let claims = state.layer_claims.iter().filter(|(_, claim)| claim.loss == id);
            let shares = claims.map(|(number, _)| {
                let own = state.claim_shares.iter().filter(move |(_, s)| s.claim == number);
                own.map(|(_, s)| (s.account, (s.measure.get(), s.amount.get()))).collect()
            });
            let core: Vec<Vec<Taken>> = shares.collect();
            let model: Vec<Vec<Taken>> =
                loss.claims.iter().map(|claim| claim.taken.clone()).collect();
            same(format!("shares of claims on loss {at}"), core, model)?;
        }
        Ok(())
    }
}

fn same_market(state: &State, at: usize, market: &Market) -> Result<(), String> {
    let (id, asset, name): (_, _, Label) =
        (MarketId::new(index(at)), AssetId::new(0), market.label);
    let core = state.markets.get(id).ok_or("no such market")?;
    let owed = |account| state.ledger.owed(account, asset).get();
    let held = |account| state.ledger.held(account, asset).get();
    same(format!("fee pool of {name}"), owed(LedgerAccount::FeePool(id)), market.fee_pool)?;
    same(format!("pool for winners of {name}"), owed(LedgerAccount::PnlPool(id)), market.pnl_pool)?;
    let [core_results, model] = [
        (core.results.surplus.get(), core.results.passed_on.get(), core.results.received.get()),
        (market.results.surplus, market.results.passed_on, market.results.received),
    ];
    same(format!("surplus, passed on and received of {name}"), core_results, model)?;
    let socialised = held(LedgerAccount::Socialised(id));
    same(format!("socialised of {name}"), socialised, market.socialised)?;
    let deleveraged = held(LedgerAccount::Deleveraged(id));
    same(format!("deleveraged of {name}"), deleveraged, market.deleveraged)?;
    let by_equity = held(LedgerAccount::ByEquity(id));
    same(format!("by equity of {name}"), by_equity, market.by_equity)?;
    let depositors = held(LedgerAccount::Depositors(id));
    same(format!("depositors of {name}"), depositors, market.depositors)?;
    let lent = core.deposits.as_deref().map(|lent| (lent.deposits.index.get(), lent.losses));
    let model = market.lent.map(|lent| (lent.index, lent.losses));
    same(format!("deposits of {name}"), lent, model)?;
    same(format!("residual of {name}"), held(LedgerAccount::Residual(id)), market.residual)?;
    same_net(state, LedgerAccount::Clearing(id), asset, market.clearing)?;
    let core_index = (core.open_interest.get(), core.index.get(), core.index_carry.get());
    let model = (market.open_interest, market.index, market.index_carry);
    same(format!("open interest, index and carry of {name}"), core_index, model)
}

/// An account that goes both ways: only the difference means something.
fn same_net(state: &State, account: LedgerAccount, asset: AssetId, net: Net) -> Result<(), String> {
    let entry = state.ledger.entry(account, asset);
    let core = U256::from(entry.credits.get()) + net.minus;
    let model = U256::from(entry.debits.get()) + net.plus;
    if core == model { Ok(()) } else { Err(format!("{account:?} is {entry:?}, should be {net:?}")) }
}
