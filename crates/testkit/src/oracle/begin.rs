//! The model of a world before its first command.

use super::{
    control::Control,
    model::{Custody, Fund, Market, Model, Net, Results, Tranche},
    price::indexes,
    reserve::Offline,
};
use crate::world::{ASSETS, FUNDS, MARKETS, OFFICES, START, Setup, TRADERS, TRANCHES, label};
use backstop_core::policy::{ControlPolicy, MarketPolicy, TranchePolicy};
use backstop_units::{Label, Timestamp};

impl Model {
    pub(super) fn new(setup: &Setup) -> Self {
        let offices = OFFICES.map(|(name, roles)| (label(name), roles.to_vec()));
        let accounts = offices.iter().map(|office| office.0);
        let money = label(ASSETS[0]);
        let mut model = Self {
            limits: setup.limits,
            council: setup.council,
            nonce: 0,
            accounts: accounts.chain(TRADERS.map(label)).collect(),
            roles: offices.to_vec(),
            balances: TRADERS.map(|name| ((label(name), money), setup.balance.get())).to_vec(),
            pending: Vec::new(),
            custody: ASSETS.map(|asset| custody(label(asset), asset == "eth")).to_vec(),
            funds: FUNDS.map(|name| fund(label(name), setup)).to_vec(),
            tranches: tranches(setup),
            tickets: Vec::new(),
            markets: markets(setup),
            losses: Vec::new(),
            transfers: Vec::new(),
            proposals: Vec::new(),
            indexes: indexes(setup),
            unsure: None,
        };
        for (at, policy) in setup.controls.iter().enumerate() {
            let coverage = model.covered(at, START);
            let control = |policy: &ControlPolicy| Control::begin(policy.clone(), coverage, START);
            model.funds[at].control = policy.as_ref().map(control);
        }
        model
    }
}

fn custody(asset: Label, signed: bool) -> Custody {
    Custody {
        asset,
        signed,
        as_of: Timestamp::ZERO,
        held: 0,
        suspense: Net::default(),
        transit: Net::default(),
    }
}

fn fund(label: Label, setup: &Setup) -> Fund {
    Fund {
        label,
        threshold: setup.threshold.get(),
        target: setup.target.get(),
        policy: setup.fund,
        reserve: setup.reserve.get(),
        contributions: 0,
        gifts: Vec::new(),
        alerts: Vec::new(),
        pauses: Vec::new(),
        gates: Vec::new(),
        revenue: 0,
        settled_at: START,
        free: None,
        idle: 0,
        control: None,
        held: Vec::new(),
    }
}

fn fund_index(name: &str) -> usize {
    FUNDS.iter().position(|fund| *fund == name).expect("a fund of the world")
}

fn tranches(setup: &Setup) -> Vec<Tranche> {
    let make = |((name, fund), policy): (&(&str, &str), TranchePolicy)| Tranche {
        label: label(name),
        fund: fund_index(fund),
        policy,
        series: 0,
        assets: 0,
        holders: Vec::new(),
        protocol: 0,
        dust: 0,
        queued: Vec::new(),
        queued_all: 0,
        base: 0,
    };
    TRANCHES.iter().zip(setup.tranches).map(make).collect()
}

fn markets(setup: &Setup) -> Vec<Market> {
    let named = MARKETS.iter().zip(&setup.markets);
    let make = |((name, fund), policy): (&(&str, &str), &MarketPolicy)| Market {
        label: label(name),
        fund: fund_index(fund),
        underwater: policy.underwater,
        event_window: policy.event_window,
        layers: policy.waterfall.clone(),
        mark_band: policy.mark.map(|_| policy.mark_band.get()),
        fee_pool: 0,
        clearing: Net::default(),
        socialised: 0,
        residual: 0,
        deleveraged: 0,
        depositors: 0,
        lent: None,
        adl: policy.adl,
        equity: policy.equity,
        by_equity: 0,
        open_interest: 0,
        index: 0,
        index_carry: 0,
        uses: Vec::new(),
        pools: policy.pools,
        pnl_pool: 0,
        results: Results::default(),
        offline: Offline::default(),
        open_interest_max: None,
    };
    named.map(make).collect()
}
