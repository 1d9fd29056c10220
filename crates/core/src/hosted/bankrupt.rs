//! An account that has no position left and owes its pool.

use super::{
    backlog::watch,
    book::find,
    collateral::exhausted,
    gate,
    merge::seat,
    places::{cover, net},
};
use crate::{
    command::SettleBankrupt,
    governance::Context,
    reject::{Halt, Reject, RejectCode},
    txn::Txn,
};
use backstop_units::{Price, Signed};

/// Once nothing is left to seize the owner group pays what it can, then the whole waterfall of the market
/// on which the account's positions were last closed; the account is left with nothing and owes nothing.
pub(crate) fn settle_bankrupt(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &SettleBankrupt,
) -> Result<(), Halt> {
    let state = txn.state();
    state.account_id(command.account)?;
    let fund = state.fund_id(command.fund)?;
    let fund = seat(txn, command.account, fund)?;
    let margin = find(txn.state(), command.account, fund)?;
    let owner = *txn.state().margins.expect(margin)?;
    let owed = owner.quote.negative();
    let Some(market) = owner.reduced.filter(|_| owner.open == 0 && !owed.is_zero()) else {
        let reject = Reject::new(RejectCode::NotBankrupt, u32::from(owner.open), 0u32);
        return Err(reject.into());
    };
    exhausted(txn.state(), &owner)?;
    gate::negative(txn, context, fund)?;
    let left = net(txn, context, margin, owed)?;
    if !left.is_zero() {
        cover(txn, context, (market, margin), (Signed::ZERO, Price::ZERO), left)?;
    }
    watch(txn, context, margin)
}
