//! Questions about deleveraging, and about the gate that holds exits.

use super::{
    input::{AccountInput, account_json, six},
    liquidation::words,
};
use backstop_core::{
    Reject,
    liquidation::{
        deleverage::{ClosePrice, allowed, trade, walk},
        withdrawal_gate::{Movement, is_open, opens_at},
    },
};
use backstop_units::{Base, Label, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

words! {
    /// At which price positions are closed against each other.
    ClosePriceWord of ClosePrice { Bankruptcy, Oracle }
}
words! {
    /// Which way money goes.
    MovementWord of Movement { Deposit, Withdrawal, Transfer }
}

/// At which price an account may be deleveraged now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleverageAllowedQuery {
    account: AccountInput,
    #[serde(default)]
    final_settlement: bool,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl DeleverageAllowedQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let tables = self.account.tables()?;
        let equity = self.account.account(&tables, self.quote_decimals)?.standing()?.equity;
        let price = allowed(equity, self.final_settlement).map(|price| match price {
            ClosePrice::Bankruptcy => "bankruptcy",
            ClosePrice::Oracle => "oracle",
        });
        Ok(json!({ "equity": equity, "price": price }))
    }
}

/// One position closed against one other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleverageTradeQuery {
    account: AccountInput,
    counterparty: AccountInput,
    market: Label,
    delta: Signed,
    price: ClosePriceWord,
    #[serde(default = "six")]
    quote_decimals: u8,
}

impl DeleverageTradeQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let (own, others) = (self.account.tables()?, self.counterparty.tables()?);
        let account = self.account.account(&own, self.quote_decimals)?;
        let other = self.counterparty.account(&others, self.quote_decimals)?;
        let index = |account: &AccountInput| account.index(self.market);
        let closing = (&account, index(&self.account));
        let against = (&other, index(&self.counterparty));
        let trade = trade(closing, against, self.delta, self.price.into())?;
        Ok(json!({
            "quote": trade.quote,
            "account": account_json(&self.account, &trade.closed)?,
            "counterparty": account_json(&self.counterparty, &trade.counterparty)?,
        }))
    }
}

/// One position closed against several others, in their order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleverageWalkQuery {
    account: AccountInput,
    candidates: Vec<Candidate>,
    market: Label,
    delta: Signed,
    price: ClosePriceWord,
    /// Open interest of the market before, in base atoms.
    #[serde(default)]
    open_interest: Option<Base>,
    #[serde(default = "six")]
    quote_decimals: u8,
}

/// Who may be closed against.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Candidate {
    label: Label,
    account: AccountInput,
}

impl DeleverageWalkQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let own = self.account.tables()?;
        let account = self.account.account(&own, self.quote_decimals)?;
        let tables: Vec<_> =
            self.candidates.iter().map(|c| c.account.tables()).collect::<Result<_, _>>()?;
        let mut list = Vec::new();
        for (candidate, tables) in self.candidates.iter().zip(&tables) {
            let built = candidate.account.account(tables, self.quote_decimals)?;
            list.push((built, candidate.account.index(self.market)));
        }
        let closing = (&account, self.account.index(self.market));
        let walk = walk(closing, &list, self.delta, self.price.into())?;
        let mut candidates = Vec::new();
        let mut filled = 0u128;
        for ((input, after), fill) in self.candidates.iter().zip(&walk.candidates).zip(&walk.fills)
        {
            filled = filled.saturating_add(fill.get());
            let state = account_json(&input.account, after)?;
            candidates.push(json!({ "label": input.label, "fill": fill, "account": state }));
        }
        let open = self.open_interest.map(|open| open.saturating_sub(Base::new(filled)));
        Ok(json!({
            "remaining": walk.remaining,
            "account": account_json(&self.account, &walk.closed)?,
            "candidates": candidates,
            "open_interest": open,
        }))
    }
}

/// Whether money may leave a pool that was seen in trouble.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalGateQuery {
    /// Blocks or milliseconds.
    now: u64,
    /// When trouble was seen: an account below zero, a stall.
    #[serde(default)]
    seen: Vec<u64>,
    /// How long the gate stays shut after each.
    length: u64,
    movement: MovementWord,
}

impl WithdrawalGateQuery {
    pub(super) fn answer(&self) -> Result<Value, Reject> {
        let open = is_open(self.now, &self.seen, self.length, self.movement.into());
        Ok(json!({ "open": open, "opens_at": opens_at(self.now, &self.seen, self.length)? }))
    }
}
