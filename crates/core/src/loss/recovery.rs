//! Money that comes back: rows in reverse order, to those who bore them.
//!
//! A staker's claim is his shares just before the loss ÷ all shares then. Nobody is listed when a
//! loss is placed: the tranche counts its losses, and a position writes down its shares on the first
//! change after one ([`PastShares`](crate::state::PastShares)). So placing is O(1) in stakers, later
//! stakers get nothing and leavers lose nothing.

use super::lifecycle::find;
use crate::{
    command::{ClaimRecovery, RecoverLoss},
    event::{Cohort, Event, Row, RowPart},
    fund::shares::scaled,
    governance::Context,
    hosted::{bearers::size_at, haircut},
    ledger::{
        LedgerAccount,
        party::{cleared_asset, party_account, payable},
    },
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::{Loss, LossStatus, State},
    txn::Txn,
};
use alloc::vec::Vec;
use backstop_units::{AccountId, Amount, LossId, MarketId, Shares};

/// Where money for a row goes: to its layer, or for those who claim it (stakers, holders of hosted
/// positions, those who paid a claim) into the loss's recoveries.
fn row_returns_to(cohort: &Cohort, loss: LossId, market: MarketId) -> LedgerAccount {
    match cohort {
        claimed if claimed.is_claimed() => LedgerAccount::Recoveries(loss),
        other => crate::ledger::posting::row_account(other, market),
    }
}

/// What has not come back yet, the row of the last layer first: what was placed later joined the rows, but
/// stands where its layer does.
pub(crate) fn unrecovered(id: LossId, loss: &Loss) -> impl Iterator<Item = RowPart> {
    let mut rows = (0u8..).zip(&loss.rows).collect::<Vec<_>>();
    rows.sort_by_key(|(at, row)| (row.row.layer, *at));
    let market = loss.market;
    rows.into_iter().rev().filter_map(move |(at, row)| {
        let amount = row.row.amount.saturating_sub(row.recovered);
        let part = RowPart { row: at, to: row_returns_to(&row.row.cohort, id, market), amount };
        (!amount.is_zero()).then_some(part)
    })
}

pub(crate) fn recover(state: &State, command: &RecoverLoss) -> Result<Event, Halt> {
    let from = party_account(state, command.from)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let loss = find(state, command.loss)?;
    let asset = cleared_asset(state, loss.market)?;
    payable(state, from, asset, command.amount)?;
    if !matches!(loss.status, LossStatus::Placed | LossStatus::Closed) {
        return Err(Reject::new(RejectCode::LossState, "not placed", "placed or closed").into());
    }
    let mut left = command.amount;
    let mut parts = Vec::new();
    for part in unrecovered(command.loss, loss) {
        let amount = part.amount.min(left);
        left = left.saturating_sub(amount);
        if !amount.is_zero() {
            parts.push(RowPart { amount, ..part });
        }
    }
    if !left.is_zero() {
        let limit = command.amount.saturating_sub(left);
        return Err(Reject::new(RejectCode::RecoveryAboveLoss, command.amount, limit).into());
    }
    for part in &parts {
        settled(state, loss, usize::from(part.row))?;
    }
    let parts = shared(state, (command.loss, loss), parts)?;
    Ok(Event::LossRecovered { loss: command.loss, asset, from, parts })
}

/// Splits what comes back to a pool's haircut: a part lowers what the pool is short of, the rest waits in
/// the loss's recoveries for those who took parts of it over.
pub(crate) fn shared(
    state: &State,
    (id, loss): (LossId, &Loss),
    parts: Vec<RowPart>,
) -> Result<Vec<RowPart>, Halt> {
    let mut split = Vec::with_capacity(parts.len());
    for part in parts {
        let row = loss.rows.get(usize::from(part.row)).map(|row| row.row.cohort);
        let own = match row {
            Some(Cohort::Haircut { haircut, .. }) => {
                haircut::into_pool(state.haircuts.expect(haircut)?, part.amount)?
            }
            _ => part.amount,
        };
        let others = part.amount.saturating_sub(own);
        let to = LedgerAccount::Recoveries(id);
        let both = [RowPart { amount: own, ..part }, RowPart { to, amount: others, ..part }];
        split.extend(both.into_iter().filter(|part| !part.amount.is_zero()));
    }
    Ok(split)
}

/// Who bore a claim is known once that is closed; nothing comes back to it before.
pub(crate) fn settled(state: &State, loss: &Loss, row: usize) -> Result<(), Halt> {
    if let Some(claim) = loss.rows.get(row).and_then(|row| row.row.cohort.claim()) {
        let claim = state.layer_claims.expect(claim)?;
        if !claim.closed {
            let (got, limit) = (claim.brought, claim.claim);
            return Err(Reject::new(RejectCode::ClaimUnsettled, got, limit).into());
        }
    }
    Ok(())
}

/// The shares that a position held just before a loss that its tranche's stakers bore, in the measure
/// of that moment.
pub fn shares_at(state: &State, position: u32, cohort: &Cohort) -> Shares {
    let Cohort::Stakers { series, epoch, base, .. } = *cohort else { return Shares::ZERO };
    let Some(position) = state.positions.get(position) else { return Shares::ZERO };
    let measured = |held: (u32, u16, Shares)| match held {
        (of, since, shares) if of == series => scaled(shares, base.saturating_sub(since)),
        _ => Shares::ZERO,
    };
    if position.epoch < epoch {
        return measured((position.series, position.base, position.shares));
    }
    let mut run = position.past;
    while let Some(past) = run.and_then(|id| state.past_shares.get(id)) {
        if past.after < epoch && epoch <= past.until {
            return measured((past.series, past.base, past.shares));
        }
        run = past.earlier;
    }
    Shares::ZERO
}

/// Stands for the protocol among the positions of a claim.
pub const PROTOCOL: u32 = u32::MAX;

/// By what an account bore a row, and the weight of each: its stake, the protocol's shares if it is the
/// fund's treasury, its share of a claim, the size of its position, or what it took over of a haircut.
/// And the weight of all; nothing where rows
/// return by themselves.
fn bearers(
    state: &State,
    market: MarketId,
    row: &Row,
    account: AccountId,
) -> Result<(Vec<(u32, u128)>, u128), Corrupt> {
    Ok(match row.cohort {
        Cohort::Stakers { tranche, shares, protocol, .. } => {
            let treasury = state.funds.expect(state.tranches.expect(tranche)?.fund)?.treasury;
            let own = state.position(tranche, account).map(|(position, _)| position);
            let own = own.map(|at| (at, shares_at(state, at, &row.cohort).get()));
            let protocol = (treasury == account).then_some((PROTOCOL, protocol.get()));
            (own.into_iter().chain(protocol).collect(), shares.get())
        }
        Cohort::Adl { adl: claim } | Cohort::Equity { claim } => {
            let label = state.accounts.expect(account)?.label;
            let share = state.labels.claim_shares.get((claim, label));
            let weight = |share| Ok((share, state.claim_shares.expect(share)?.amount.get()));
            let own = share.map(weight).transpose()?;
            (own.into_iter().collect(), row.amount.get())
        }
        Cohort::Positions { base, epoch: Some(epoch), .. } => {
            let size = size_at(state, account, market, epoch)?;
            (Vec::from([(account.get(), size.get())]), base.get())
        }
        Cohort::Haircut { haircut, .. } => {
            let share = state.labels.haircut_shares.get((haircut, account));
            let weight = |id| Ok((id, state.haircut_shares.expect(id)?.weight.get()));
            (share.map(weight).transpose()?.into_iter().collect(), row.amount.get())
        }
        _ => (Vec::new(), 0),
    })
}

/// What an account can claim of a loss now: for each row of stakers its position and the amount, for a
/// claim its share of it, for one of hosted positions the account itself, for a haircut its share. The
/// fund's treasury
/// claims for the protocol's shares.
///
/// **Rounding** floor; the dust stays in the loss's recoveries.
///
/// # Errors
/// [`Corrupt::Overdrawn`] when more was paid than recovered.
pub fn claimable(
    state: &State,
    id: LossId,
    account: AccountId,
) -> Result<Vec<(u8, u32, Amount)>, Corrupt> {
    let loss = state.losses.expect(id)?;
    let mut parts = Vec::new();
    for (at, row) in (0u8..).zip(&loss.rows) {
        let (own, all) = bearers(state, loss.market, &row.row, account)?;
        // Assets without an owner, which only a scenario can open, are nobody's to claim.
        if all == 0 {
            continue;
        }
        for (bearer, weight) in own {
            let due = match row.row.cohort {
                Cohort::Haircut { .. } => haircut::due(state.haircut_shares.expect(bearer)?, row)?,
                _ => row.recovered.mul_div_floor(weight, all).map_err(|_| Corrupt::Overdrawn)?,
            };
            let claim = state.labels.claims.get((id, at, bearer));
            let paid = claim.and_then(|claim| state.claims.get(claim));
            let paid = paid.map_or(Amount::ZERO, |claim| claim.paid);
            let amount = due.checked_sub(paid).ok_or(Corrupt::Overdrawn)?;
            if !amount.is_zero() {
                parts.push((at, bearer, amount));
            }
        }
    }
    Ok(parts)
}

pub(crate) fn claim(
    txn: &mut Txn<'_>,
    _: &Context<'_>,
    command: &ClaimRecovery,
) -> Result<(), Halt> {
    let state = txn.state();
    let account = state.account_id(command.account)?;
    let asset = cleared_asset(state, find(state, command.loss)?.market)?;
    let parts = claimable(state, command.loss, account)?;
    if parts.is_empty() {
        return Err(Reject::got(RejectCode::NothingToClaim, command.account).into());
    }
    parts.into_iter().try_for_each(|(row, position, amount)| {
        txn.emit(Event::RecoveryClaimed {
            loss: command.loss,
            row,
            position,
            account,
            asset,
            amount,
        })
    })
}
