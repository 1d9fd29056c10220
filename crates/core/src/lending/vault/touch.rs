//! What comes first in every rule that looks at a vault's money: losses are noticed, rewards stream in, fees
//! are charged.

use super::{
    book::Vault,
    fees::{Charged, charge, raised},
    loss,
    worth::{Valued, value},
};
use crate::{
    event::{Event, Marks, VaultEvent},
    governance::Context,
    lending::book::LendingReserve,
    pool::first_loss,
    reject::Halt,
    state::State,
    txn::Txn,
};
use backstop_units::{Amount, Fixed60, Label, Shares, Timestamp, VaultId};

/// A vault that was brought up to now.
pub(crate) struct Touched {
    /// Its reserves and money.
    pub(crate) valued: Valued,
    /// Its net assets.
    pub(crate) net: Fixed60,
}

/// Records losses, lets rewards in, charges fees, and lets a pool in first-loss mode bear what is left.
pub(crate) fn touch(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    id: VaultId,
) -> Result<Touched, Halt> {
    loss::notice(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    if let Some(amount) = streamed(vault, context.now) {
        let (asset, at) = (vault.asset, context.now);
        txn.emit(Event::Vault(VaultEvent::RewardsStreamed { vault: id, asset, amount, at }))?;
    }
    let vault = txn.state().vaults.expect(id)?;
    let valued = value(txn.state(), vault, (|reserve| reserve.held, context.now))?;
    let (charged, high) = fees(vault, &valued, context.now)?;
    let held = &vault.held;
    let unchanged = held.charged_at == Some(context.now)
        && charged.fee.is_zero()
        && charged.written_down.is_zero()
        && (charged.basis, high) == (held.basis, held.high);
    if !unchanged {
        let at = context.now;
        txn.emit(Event::Vault(VaultEvent::FeesCharged { vault: id, charged, high, at }))?;
        loss::cushion(txn, id, charged.written_down)?;
    }
    let net = valued.net(txn.state().vaults.expect(id)?.held.pending);
    first_loss::absorb(txn, id, net)?;
    Ok(Touched { valued, net })
}

/// The fees due at a moment, and the high after them.
fn fees(
    vault: &Vault,
    valued: &Valued,
    now: Timestamp,
) -> Result<(Charged, (Fixed60, Shares)), Halt> {
    let charged = charge(&vault.policy, &vault.held, valued.holdings, now)?;
    let high = if vault.held.shares.is_zero() || vault.held.charged_at.is_none() {
        vault.held.high
    } else {
        raised(&vault.held, charged.basis)
    };
    Ok((charged, high))
}

/// What the stream of rewards brings up to a moment; nothing while no second is over.
fn streamed(vault: &Vault, now: Timestamp) -> Option<Amount> {
    let stream = &vault.held.rewards;
    let seconds = now.since(stream.at).ms().checked_div(1_000).unwrap_or(0);
    if stream.left.is_zero() || stream.per_second.is_zero() || seconds == 0 {
        return None;
    }
    // What comes while nobody holds a share waits for those who will.
    if vault.held.shares.is_zero() {
        return Some(Amount::ZERO);
    }
    let due = stream.per_second.mul_div_floor(seconds.into(), 1).unwrap_or(Amount::MAX);
    Some(due.min(stream.left))
}

/// As [`touch`], with the vault valued as who leaves sees it.
pub(crate) fn leaving(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    id: VaultId,
) -> Result<Touched, Halt> {
    touch(txn, context, id)?;
    let vault = txn.state().vaults.expect(id)?;
    let valued = value(txn.state(), vault, (LendingReserve::sound, context.now))?;
    let net = valued.net(vault.held.pending);
    Ok(Touched { valued, net })
}

/// A vault under a label, brought up to now.
pub(crate) fn touched(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    label: Label,
) -> Result<(VaultId, Touched), Halt> {
    let id = txn.state().vault_id(label)?;
    Ok((id, touch(txn, context, id)?))
}

/// Net assets after a change, and the high: it is kept, since entry and exit leave a share's worth as it was but for
/// dust that helps those who stay.
pub(crate) fn marks(vault: &Vault, basis: Fixed60) -> Marks {
    Marks { basis, high: vault.held.high }
}

/// As [`marks`], for the deposit that begins a vault: what was paid is the high.
pub(crate) fn first(basis: Fixed60, shares: Shares) -> Marks {
    Marks { basis, high: (basis, shares) }
}

/// A vault at a moment without changing it, for reads.
///
/// # Errors
/// [`RejectCode::Overflow`] when it does not fit.
pub fn preview(state: &State, id: VaultId, now: Timestamp) -> Result<(Vault, Valued), Halt> {
    let mut vault = state.vaults.expect(id)?.clone();
    if let Some(amount) = streamed(&vault, now) {
        vault.stream(amount, now)?;
    }
    let valued = value(state, &vault, (|reserve| reserve.held, now))?;
    let (charged, high) = fees(&vault, &valued, now)?;
    vault.charge(&charged, high, now)?;
    let net = valued.net(vault.held.pending);
    let (own, matched) =
        first_loss::foreseen(state, (id, &vault), (net, charged.written_down), now)?;
    let burned = own.saturating_add(matched);
    vault.held.shares = vault.held.shares.saturating_sub(burned);
    vault.held.pooled = vault.held.pooled.saturating_sub(burned);
    Ok((vault, valued))
}
