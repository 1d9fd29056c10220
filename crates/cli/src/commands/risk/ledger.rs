//! A ledger's hosted markets as the desk's files: accounts, positions and terms as they stand at its head.
//!
//! An account's equity at the marks, by the core's own margin code, is its collateral: what it has won or lost so far is in
//! it. Attached markets keep their positions at the venue: those come from files.

use crate::{exit::Failure, ledger};
use backstop_core::{
    Halt, State,
    fund::coverage_at,
    hosted::account::load,
    state::{HostedMarket, HostedPosition, MarginAccount},
};
use backstop_risk::desk::{
    Setup,
    inputs::{Text, Texts},
};
use backstop_units::{FundId, Label};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};

/// Parts that a price counts beside the quote asset's decimals.
const PRICE_PARTS: f64 = 1e9;

/// Puts what the ledger holds in the place of files.
pub(super) fn fill(db: &Path, setup: &mut Setup, texts: &mut Texts) -> Result<(), Failure> {
    let state = ledger::walk(db, |_, _| Ok(()))?;
    let name = db.display().to_string();
    let named = |what: &str, text: String| Some(Text { file: format!("{name} ({what})"), text });
    let mut book = Book::new(&state);
    for (place, margin) in state.margins.iter() {
        book.account(place, margin).map_err(|halt| Failure::machine(&halt))?;
    }
    if book.funds.is_empty() {
        return Err(Failure::Input(format!(
            "{name}: no account has a position on a hosted market\n\nhint: an attached market's venue keeps its positions: \
             give --accounts and --positions"
        )));
    }
    if setup.fund.size <= 0.0 {
        setup.fund.size = book.fund()?;
    }
    if texts.venue.is_none() {
        texts.venue = named("venue", book.venue(texts.prices.is_empty()));
    }
    texts.accounts = named("accounts", book.accounts);
    texts.positions = named("positions", book.positions);
    Ok(())
}

struct Book<'a> {
    state: &'a State,
    accounts: String,
    positions: String,
    /// Funds and markets that somebody has a position on.
    funds: BTreeSet<FundId>,
    markets: BTreeSet<backstop_units::MarketId>,
}

impl<'a> Book<'a> {
    fn new(state: &'a State) -> Self {
        Self {
            state,
            accounts: "account,owner,asset,collateral\n".to_owned(),
            positions: "account,market,size\n".to_owned(),
            funds: BTreeSet::new(),
            markets: BTreeSet::new(),
        }
    }

    fn market(&self, id: backstop_units::MarketId) -> Option<&'a HostedMarket> {
        self.state.hosted_markets.get(id)?.as_deref()
    }

    /// Atoms of the quote asset in a whole unit.
    fn atoms(&self, fund: FundId) -> f64 {
        let asset = self.state.funds.get(fund).and_then(|fund| self.state.assets.get(fund.asset));
        10f64.powi(asset.map_or(0, |asset| i32::from(asset.decimals)))
    }

    /// Price of a whole base unit in whole quote units, at the venue's last mark.
    fn price(&self, id: backstop_units::MarketId) -> Option<f64> {
        let (mark, _) = self.market(id)?.mark?;
        let fund = self.state.markets.get(id)?.fund;
        Some(to_float(mark.get()) / PRICE_PARTS / self.atoms(fund))
    }

    fn account(&mut self, place: u32, margin: &MarginAccount) -> Result<(), Halt> {
        let Some(account) = self.state.accounts.get(margin.account) else { return Ok(()) };
        // One trader may have an account in several pools: each is an account of its own here, of one owner.
        let name = format!("{}/{place}", account.label);
        let owner = if account.group == Label::NONE { account.label } else { account.group };
        let mut next = margin.first;
        while let Some(at) = next {
            let Some(position) = self.state.hosted_positions.get(at) else { break };
            next = position.next;
            self.position(&name, margin.fund, position);
        }
        // Pledges are in it at what they count for; that they move with the market is not.
        let standing = load(self.state, place, self.state.meta.now)?.standing()?;
        let equity = signed(standing.equity.get()) / self.atoms(margin.fund);
        let _ = writeln!(self.accounts, "{name},{owner},usd,{equity:.9}");
        Ok(())
    }

    fn position(&mut self, name: &str, fund: FundId, position: &HostedPosition) {
        let open = self.market(position.market).filter(|_| position.size.get() != 0);
        let Some(market) = open else { return };
        let size = signed(position.size.get()) / 10f64.powi(i32::from(market.policy.decimals));
        let label = self.state.markets.get(position.market).map_or(Label::NONE, |it| it.label);
        let _ = writeln!(self.positions, "{name},{label},{size:.9}");
        self.funds.insert(fund);
        self.markets.insert(position.market);
    }

    /// What the funds behind these markets hold, in quote.
    fn fund(&self) -> Result<f64, Failure> {
        let mut all = 0.0;
        for id in &self.funds {
            let Some(fund) = self.state.funds.get(*id) else { continue };
            let parts = coverage_at(self.state, *id, fund, self.state.meta.now)
                .map_err(|halt| Failure::machine(&halt))?;
            all += to_float(parts.total().get()) / self.atoms(*id);
        }
        Ok(all)
    }

    /// The terms of the markets. Depth and volume are the venue's to know: without them nothing moves a mark. Without any
    /// price history a day's deviation of 5 % stands in; with no volume it decides nothing but who is nearest.
    fn venue(&self, blind: bool) -> String {
        let mut text = String::from("quote = \"usd\"\n");
        for id in &self.markets {
            let (Some(market), Some(price)) = (self.market(*id), self.price(*id)) else { continue };
            let Some(outer) = self.state.markets.get(*id) else { continue };
            let (label, policy) = (outer.label, &market.policy);
            let history = label.to_string().to_uppercase();
            let _ = write!(
                text,
                "\n[market.{label}]\nhistory = \"{history}\"\nprice = {price:?}\nadv = inf\ndepth_per_percent = inf\n"
            );
            if blind {
                text.push_str("sigma = 0.05\n");
            }
            let part = |ppm: backstop_units::Ppm| f64::from(ppm.get()) / 1e6;
            if policy.tiers.is_empty() {
                let (maintenance, initial) = (part(policy.maintenance), part(policy.initial));
                let _ = write!(text, "maintenance = {maintenance:?}\ninitial = {initial:?}\n");
                continue;
            }
            let atoms = self.atoms(outer.fund);
            // Below the first tier the market's own rate holds.
            let first = policy.tiers.first().is_some_and(|tier| !tier.above.is_zero());
            let own =
                first.then(|| format!("{{ above = 0, rate = {:?} }}", part(policy.maintenance)));
            let steps: Vec<String> = policy
                .tiers
                .iter()
                .map(|tier| {
                    let above = to_float(tier.above.get()) / atoms;
                    format!("{{ above = {above:?}, rate = {:?} }}", part(tier.maintenance))
                })
                .collect();
            let steps: Vec<String> = own.into_iter().chain(steps).collect();
            let _ = write!(
                text,
                "tiers = [{}]\ninitial = {:?}\n",
                steps.join(", "),
                part(policy.initial)
            );
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "a float computation starts here")]
const fn to_float(units: u128) -> f64 {
    units as f64
}

#[expect(clippy::cast_precision_loss, reason = "a float computation starts here")]
const fn signed(units: i128) -> f64 {
    units as f64
}
