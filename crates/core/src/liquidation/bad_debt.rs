//! What a bankrupt borrower still owes, settled without a liquidator: nothing is left to take.

use super::offline;
use crate::{
    command::SettleBadDebt,
    event::{Event, ParkedLoss},
    governance::Context,
    loss::{
        deposits::{dead, is_dead},
        lifecycle::not_full,
        place::{Assessed, place},
    },
    oracle::mark::{self, Checked},
    policy::{BadDebtPolicy, Cause},
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, Hash};

/// Refuses an account that can pay, in part or whole, or owes too little to count.
///
/// **Units** both values in the unit of the market's policy. **Source** the bankruptcy test of published
/// lending markets: assets < debts, assets < a bound, debts > a bound.
///
/// # Errors
/// [`RejectCode::NotBankrupt`] with the value that stands in the way and the bound it meets.
pub fn bankrupt(policy: &BadDebtPolicy, assets: Amount, debts: Amount) -> Result<(), Reject> {
    let refused = |got: Amount, limit: Amount| Reject::new(RejectCode::NotBankrupt, got, limit);
    if assets >= debts {
        return Err(refused(assets, debts));
    }
    match policy.assets_below {
        Some(bound) if assets >= bound => return Err(refused(assets, bound)),
        _ => {}
    }
    if debts <= policy.debts_above {
        return Err(refused(debts, policy.debts_above));
    }
    Ok(())
}

/// Sends a bankrupt's debt on one market through its waterfall, in one step; nobody earns on it. On a
/// market whose marks are checked an unsound one parks the debt, as it parks a deficit.
pub(crate) fn settle(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SettleBadDebt,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let id = state.market_id(command.market)?;
    let market = state.markets.expect(id)?;
    let (check, over) = (market.mark, is_dead(market));
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let late = offline::draw(state, context, id, command.amount)?;
    bankrupt(&market.bad_debt, command.assets, command.debts)?;
    if command.evidence == Hash::ZERO {
        return Err(Reject::none(RejectCode::NoEvidence).into());
    }
    late.map_or(Ok(()), |event| txn.emit(event))?;
    let state = txn.state();
    let loss = Assessed {
        loss: state.losses.next_id(),
        market: id,
        cause: Cause::BadDebt,
        account: Some(account),
        evidence: command.evidence,
        mark: command.mark,
        gross: command.amount,
        occurred_at: context.occurred_at,
        closed: true,
    };
    match mark::check(state, check, command.mark, context.now) {
        Checked::Sound => place(txn, context, &loss)?,
        Checked::Unsound(price) => {
            let market = state.markets.expect(id)?;
            not_full(state, market)?;
            let lapse = state.funds.expect(market.fund)?.policy.declaration_lapse;
            txn.emit(Event::LossParked(Box::new(ParkedLoss {
                loss: loss.loss,
                market: id,
                cause: loss.cause,
                account,
                deficit: loss.gross,
                evidence: loss.evidence,
                mark: loss.mark,
                price,
                occurred_at: loss.occurred_at,
                lapses_at: context.now.plus(lapse),
            })))?;
        }
    }
    if over { Err(dead(command.market).into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_bankrupt() {
        let bounds = |assets_below: Option<u128>, debts_above| BadDebtPolicy {
            assets_below: assets_below.map(Amount::new),
            debts_above: Amount::new(debts_above),
        };
        let (dust, any) = (bounds(Some(100_000), 100), bounds(None, 0));
        for (policy, assets, debts, refused) in [
            (dust, 0, 101, None),
            (dust, 99_999, 100_000, None),
            (dust, 99_999, u128::MAX, None),
            (dust, 100_000, 200_000, Some((100_000, 100_000))),
            (dust, 50_000, 50_000, Some((50_000, 50_000))),
            (dust, 60_000, 50_000, Some((60_000, 50_000))),
            (dust, 0, 100, Some((100, 100))),
            (dust, 0, 0, Some((0, 0))),
            (any, 0, 1, None),
            (any, 500_000, 500_001, None),
            (any, 7, 7, Some((7, 7))),
        ] {
            let got = bankrupt(&policy, Amount::new(assets), Amount::new(debts));
            let wanted = refused.map_or(Ok(()), |(got, limit): (u128, u128)| {
                Err(Reject::new(RejectCode::NotBankrupt, got, limit))
            });
            assert_eq!(got, wanted, "{assets} against {debts}");
        }
    }
}
