//! Questions about liquidations: prices, what a fill brings the fund, steps, fees.

use super::input::{AccountInput, Decimal, decimal, price_text, six};
use backstop_core::{
    Reject, RejectCode,
    liquidation::{
        bankruptcy,
        drawdown::{Drawdown, TriggerCause, TriggerPolicy, trigger},
        fund_delta::{fund_delta, settle},
        isolated::{Contract, Isolated, MarginOf},
        limit_price::{SpreadPolicy, limit_price},
        liquidation_price::liquidation_price,
        margin::notional,
        steps::{GentleStart, StepPolicy, WindowLimit, closable, once, remaining_within},
    },
    policy::{Payout, PositionSide},
};
use backstop_units::{Amount, Label, Ppm, Price, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident of $core:ident { $($variant:ident),* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::query) enum $name {
            $(#[doc = concat!("[`", stringify!($core), "::", stringify!($variant), "`].")] $variant),*
        }
        impl From<$name> for $core {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),* }
            }
        }
    };
}
pub(super) use words;

words! {
    /// How a contract pays.
    ContractWord of Contract { Linear, Inverse }
}
words! {
    /// What maintenance margin is a portion of.
    MarginOfWord of MarginOf { Entry, Mark }
}

/// A part of an account's position.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseQuery {
    account: AccountInput,
    market: Label,
    /// Base atoms to close, on the other side of the position.
    delta: Signed,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl CloseQuery {
    fn quote(&self) -> Result<(Signed, Option<Price>), Reject> {
        let tables = self.account.tables()?;
        let account = self.account.account(&tables, self.quote_decimals)?;
        let at = self.account.index(self.market);
        let quote = bankruptcy::quote(&account, at, self.delta)?;
        let price = bankruptcy::price(self.delta, account.position(at)?.decimals, quote)?;
        Ok((quote, price))
    }

    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let (quote, price) = self.quote()?;
        let price = price.map(|price| price_text(price, self.quote_decimals));
        Ok(json!({ "quote": quote, "price": price }))
    }
}

/// What a fill brings the fund or costs it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundDeltaQuery {
    account: AccountInput,
    market: Label,
    delta: Signed,
    /// Quote atoms that the fill brings, below zero for a buy.
    fill: Signed,
    max_fee: Ppm,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl FundDeltaQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let close = CloseQuery {
            account: self.account.clone(),
            market: self.market,
            delta: self.delta,
            quote_decimals: self.quote_decimals,
        };
        let (bankruptcy, _) = close.quote()?;
        let delta = fund_delta(self.fill, bankruptcy, self.max_fee)?;
        Ok(json!({
            "bankruptcy_quote": bankruptcy,
            "residual": delta.residual,
            "fund": delta.fund,
            "account": delta.account,
        }))
    }
}

/// Whether and how far a fund can pay a delta.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayoutQuery {
    balance: Amount,
    delta: Signed,
    payout: Payout,
}

impl PayoutQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let settled = settle(self.balance, self.delta, self.payout)?;
        Ok(json!({
            "accepted": settled.accepted,
            "paid": settled.paid,
            "uncovered": settled.uncovered,
            "balance": settled.balance,
        }))
    }
}

/// The worst price at which a liquidation order may rest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitPriceQuery {
    account: AccountInput,
    market: Label,
    steepness: Ppm,
    of_maintenance: Ppm,
    /// Base atoms of the order, if they are to be checked.
    #[serde(default)]
    delta: Option<Signed>,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl LimitPriceQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let tables = self.account.tables()?;
        let account = self.account.account(&tables, self.quote_decimals)?;
        let at = self.account.index(self.market);
        if let Some(delta) = self.delta {
            account.position(at)?.closed_by(delta)?;
        }
        let policy =
            SpreadPolicy { steepness: self.steepness, of_maintenance: self.of_maintenance };
        let price = limit_price(&account, at, &policy)?;
        Ok(json!({ "price": price_text(price, self.quote_decimals) }))
    }
}

/// The mark at which an account falls under maintenance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidationPriceQuery {
    account: AccountInput,
    market: Label,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl LiquidationPriceQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let tables = self.account.tables()?;
        let account = self.account.account(&tables, self.quote_decimals)?;
        let price = liquidation_price(&account, self.account.index(self.market))?;
        Ok(json!({ "price": price.map(|price| price_text(price, self.quote_decimals)) }))
    }
}

/// Prices of a position with its own margin.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsolatedPricesQuery {
    contract: ContractWord,
    side: PositionSide,
    entry: Decimal,
    /// Value at entry ÷ margin, such as "50" or "12.5".
    leverage: Decimal,
    #[serde(default)]
    maintenance: Ppm,
    #[serde(default = "of_entry")]
    maintenance_of: MarginOfWord,
    #[serde(default = "six")]
    quote_decimals: u8,
}

const fn of_entry() -> MarginOfWord {
    MarginOfWord::Entry
}

impl IsolatedPricesQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let leverage = self.leverage.scaled(6)?;
        let most = Reject::new(RejectCode::Overflow, leverage, u64::MAX);
        let position = Isolated {
            contract: self.contract.into(),
            side: self.side,
            entry: self.entry.price(self.quote_decimals)?,
            leverage: u64::try_from(leverage).map_err(|_| most)?,
        };
        let text = |price: Option<Price>| price.map(|price| price_text(price, self.quote_decimals));
        let liquidation = position.liquidation(self.maintenance, self.maintenance_of.into())?;
        Ok(json!({
            "bankruptcy": text(position.bankruptcy()?),
            "liquidation": text(liquidation),
        }))
    }
}

/// How much of a position one step may close.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepQuery {
    size: Signed,
    decimals: u8,
    mark: Decimal,
    #[serde(default = "six")]
    quote_decimals: u8,
    min_notional: Amount,
    portion: Ppm,
    /// Smallest size that trades, in base atoms.
    #[serde(default)]
    lot: Amount,
}

impl StepQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let mark = self.mark.price(self.quote_decimals)?;
        let worth = notional(self.size, self.decimals, mark)?.size();
        let policy = StepPolicy { min_notional: self.min_notional, portion: self.portion };
        let bounds = policy.bounds(worth)?;
        let most = closable(self.size, self.decimals, mark, bounds.max, self.lot)?;
        Ok(json!({ "notional": worth, "min": bounds.min, "max": bounds.max, "closable": most }))
    }
}

/// How much notional may be closed when large positions begin with a part.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GentleStartQuery {
    notional: Amount,
    above: Amount,
    first: Ppm,
    wait: u64,
    #[serde(default)]
    first_at: Option<u64>,
    now: u64,
}

impl GentleStartQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let policy = GentleStart { above: self.above, first: self.first, wait: self.wait };
        Ok(json!({ "notional": policy.step(self.notional, self.first_at, self.now)? }))
    }
}

/// What limits over time leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowanceQuery {
    /// Blocks or milliseconds.
    now: u64,
    windows: Vec<WindowInput>,
    #[serde(default)]
    uses: Vec<UseInput>,
    /// When this position was liquidated last.
    #[serde(default)]
    last: Option<u64>,
    /// How far apart liquidations of one position must be.
    #[serde(default = "one")]
    apart: u64,
}

const fn one() -> u64 {
    1
}

/// A limit over a stretch of time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowInput {
    length: u64,
    limit: Amount,
}

/// What was used when.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UseInput {
    at: u64,
    amount: Amount,
}

impl AllowanceQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let windows = self.windows.iter().map(|w| WindowLimit { length: w.length, limit: w.limit });
        let windows: Vec<_> = windows.collect();
        let uses: Vec<_> = self.uses.iter().map(|used| (used.at, used.amount)).collect();
        let remaining = remaining_within(&windows, &uses, self.now)?;
        once(self.last, self.now, self.apart)?;
        Ok(json!({ "remaining": remaining }))
    }
}

/// Whether a fall from a peak sends losses to deleveraging.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawdownQuery {
    balance: Signed,
    #[serde(default)]
    now: Signed,
    #[serde(default)]
    peak: Signed,
    #[serde(default)]
    base: Amount,
    start: Ppm,
    stop: Ppm,
    #[serde(default)]
    min_balance: Amount,
    #[serde(default)]
    active: bool,
}

impl DrawdownQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let drawdown = Drawdown { now: self.now, peak: self.peak, base: self.base };
        let policy =
            TriggerPolicy { start: self.start, stop: self.stop, min_balance: self.min_balance };
        let trigger = trigger(self.balance, &drawdown, &policy, self.active)?;
        let cause = trigger.cause.map(|cause| match cause {
            TriggerCause::EmptyPool => "empty_pool",
            TriggerCause::Drawdown => "drawdown",
        });
        let portion = drawdown.portion()?.map(|fall| decimal(fall.get(), 6));
        Ok(json!({
            "active": cause.is_some(),
            "cause": cause,
            "fall": portion,
            "excess": trigger.excess,
        }))
    }
}
