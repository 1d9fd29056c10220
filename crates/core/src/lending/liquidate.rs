//! Liquidation of a loan: a part of the debt is repaid for collateral with a bonus.

use super::{
    accrue::accrue,
    book::{LendingReserve, Loan, find_loan, rules_of},
    loan::{repayment, worth},
    supply::{payable, some},
};
use crate::{
    command::LiquidateLoan,
    event::{Event, LendingEvent, LoanLiquidation, Seizure},
    governance::Context,
    loss::conversion,
    policy::PledgePolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{Amount, AssetId, Bps, Ppm, ReserveId, Timestamp};

pub(crate) fn liquidate(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &LiquidateLoan,
) -> Result<(), Halt> {
    let state = txn.state();
    let asset = state.asset_id(command.asset)?;
    let (owner, payer) =
        (state.account_id(command.account)?, state.account_id(command.liquidator)?);
    some(command.repay)?;
    let id = state.reserve_id(command.reserve)?;
    let group = |account| state.accounts.expect(account).map(|account| account.group);
    if group(owner)? == group(payer)? {
        return Err(Reject::new(RejectCode::OwnGroup, command.liquidator, group(owner)?).into());
    }
    let rules = rules_of(state, state.reserves.expect(id)?, asset)?;
    let (loan, _) = find_loan(state, id, command.account)?;
    accrue(txn, context, id)?;
    let state = txn.state();
    let reserve = state.reserves.expect(id)?;
    let held = state.loans.expect(loan)?;
    let most = closable(state, reserve, held, context.now)?;
    let asked = command.repay.min(most);
    let (repay, seized) = seizable(state, reserve, (held, asset, &rules), asked, context.now)?;
    if seized < command.min_seized {
        return Err(Reject::new(RejectCode::Slippage, seized, command.min_seized).into());
    }
    if seized.is_zero() {
        return Err(Reject::none(RejectCode::CollateralShort).into());
    }
    let repayment = repayment(state, id, (loan, payer), repay)?;
    payable(state, payer, (repayment.asset, repayment.amount))?;
    let whole = Bps::WHOLE.get();
    let with_bonus = whole.saturating_add(rules.bonus.get());
    // The bonus is what is seized beyond the worth of the repayment.
    let bonus = seized.saturating_sub(seized.mul_div_ceil(whole.into(), with_bonus.into())?);
    let to_treasury = rules.bonus_take.of_floor(bonus)?;
    let seizure = Seizure {
        account: owner,
        asset,
        to_liquidator: seized.saturating_sub(to_treasury),
        to_treasury,
        treasury: reserve.treasury,
    };
    let liquidation = LoanLiquidation { repayment, seizure };
    txn.emit(Event::Lending(LendingEvent::LoanLiquidated(Box::new(liquidation))))
}

/// How much of a debt may be repaid at once: a part of it; all of it when it is small, or when the collateral
/// is worth less.
fn closable(
    state: &State,
    reserve: &LendingReserve,
    loan: &Loan,
    now: Timestamp,
) -> Result<Amount, Halt> {
    let debt = loan.grown(reserve)?.ceil();
    let carried = worth(state, reserve, loan, (|rules| rules.liquidation, now))?;
    if debt <= carried {
        return Err(Reject::new(RejectCode::LoanCovered, debt, carried).into());
    }
    let all = worth(state, reserve, loan, (|_| Bps::WHOLE, now))?;
    if debt <= reserve.policy.close_all || debt >= all {
        return Ok(debt);
    }
    Ok(reserve.policy.close.of_ceil(debt)?)
}

/// What is repaid and seized: collateral worth the repayment and the bonus, at most what is pledged; then
/// as much is repaid as that is worth.
///
/// **Rounding** collateral down, the repayment up: the loan keeps the dust.
fn seizable(
    state: &State,
    reserve: &LendingReserve,
    (loan, asset, rules): (&Loan, AssetId, &PledgePolicy),
    repay: Amount,
    now: Timestamp,
) -> Result<(Amount, Amount), Halt> {
    let pledged = loan.pledged(asset);
    let whole = Bps::WHOLE.get();
    let with_bonus = whole.saturating_add(rules.bonus.get());
    let same = asset == reserve.asset;
    let worth_of = |amount: Amount| -> Result<Amount, Halt> {
        if same {
            return Ok(amount);
        }
        Ok(conversion::rate(state, (reserve.asset, asset), Ppm::ZERO, now)?.worth(amount)?)
    };
    let wanted = worth_of(repay)?.mul_div_floor(with_bonus.into(), whole.into())?;
    if wanted <= pledged {
        return Ok((repay, wanted));
    }
    let bare = pledged.mul_div_ceil(whole.into(), with_bonus.into())?;
    let price = if same {
        bare
    } else {
        conversion::rate(state, (asset, reserve.asset), Ppm::ZERO, now)?.least(bare)?
    };
    Ok((price.min(repay), pledged))
}

/// What a reserve would let be repaid of a loan now, for queries.
///
/// # Errors
/// As [`liquidate`].
pub fn close_max(state: &State, id: ReserveId, loan: u32, now: Timestamp) -> Result<Amount, Halt> {
    closable(state, state.reserves.expect(id)?, state.loans.expect(loan)?, now)
}
