//! Revenue, the protocol's shares, and a market's pools, as commands.

use super::{
    Op,
    resolve::{evidence, fund_label, market_label, party, trader, tranche_label},
};
use crate::world::label;
use backstop_core::{
    Body, State,
    command::{
        BalancePools, CoverDeficit, FundPnlPool, GrantProtocolShares, PayRevenue,
        RedeemProtocolShares, ReportLiquidity, ReportResults, SettleRevenue, StakeProtocol,
    },
};
use backstop_units::{Amount, Label, Shares, Signed};

/// So many shares, or so many atoms.
pub(super) fn either(amount: bool, units: u128) -> (Shares, Option<Amount>) {
    if amount { (Shares::ZERO, Some(Amount::new(units))) } else { (Shares::new(units), None) }
}

pub(super) fn revenue(op: &Op, state: &State) -> Option<(&'static str, Body)> {
    let protocol = |tranche: Label| {
        let id = state.tranche_id(tranche).ok();
        id.and_then(|id| state.tranches.get(id)).map_or(0, |tranche| tranche.protocol.get())
    };
    Some(match op {
        Op::Revenue { fund, from, amount } => {
            let (actor, from) = party(*from);
            let (fund, amount) = (fund_label(*fund), Amount::new(*amount));
            (actor, PayRevenue { fund, from, amount }.into())
        }
        Op::SettleRevenue { fund } => ("alice", SettleRevenue { fund: fund_label(*fund) }.into()),
        Op::Liquidity { fund, free } => {
            let free = free.map(|free| Signed::new(i128::from(free)));
            ("venue", ReportLiquidity { fund: fund_label(*fund), free }.into())
        }
        Op::Grant { tranche, who, part } => {
            let (tranche, account) = (tranche_label(*tranche), label(trader(*who)));
            let shares = Shares::new(part.take(protocol(tranche)));
            ("op", GrantProtocolShares { tranche, account, shares }.into())
        }
        Op::Redeem { tranche, part, amount } => {
            let tranche = tranche_label(*tranche);
            let (shares, amount) = either(*amount, part.take(protocol(tranche)));
            ("op", RedeemProtocolShares { tranche, shares, amount }.into())
        }
        Op::StakeProtocol { tranche, who, amount } => {
            let (tranche, account) = (tranche_label(*tranche), label(trader(*who)));
            let amount = Amount::new(*amount);
            (trader(*who), StakeProtocol { tranche, account, amount }.into())
        }
        _ => return None,
    })
}

pub(super) fn pools(op: &Op) -> Option<(&'static str, Body)> {
    Some(match op {
        Op::Results { market, exchange_fees, liquidation_fees, surplus, net_revenue } => {
            let results = ReportResults {
                market: market_label(*market),
                exchange_fees: Amount::new(*exchange_fees),
                liquidation_fees: Amount::new(*liquidation_fees),
                surplus: Signed::new(i128::from(*surplus)),
                net_revenue: Signed::new(i128::from(*net_revenue)),
            };
            ("venue", results.into())
        }
        Op::Balance { market } => ("bob", BalancePools { market: market_label(*market) }.into()),
        Op::FundPnl { market, amount } => {
            let (market, amount) = (market_label(*market), Amount::new(*amount));
            ("venue", FundPnlPool { market, amount }.into())
        }
        Op::Cover { market, net_pnl } => {
            let (market, net_pnl) = (market_label(*market), Amount::new(*net_pnl));
            ("venue", CoverDeficit { market, net_pnl, evidence: evidence(true) }.into())
        }
        _ => return None,
    })
}
