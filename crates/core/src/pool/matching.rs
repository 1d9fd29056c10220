//! Matched money: one share beside each of the stakers', up to a cap that is valued when it is matched, and back pro
//! rata as they leave.

use super::{
    book::{InsurancePool, Tranche},
    stake::{locked, no_open_loss},
};
use crate::{
    command::MatchPool,
    event::{Event, PoolEvent, Unmatched},
    governance::Context,
    lending::{supply::some, vault::touch::touch},
    loss::conversion,
    policy::MatchYield,
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::Txn,
};
use alloc::boxed::Box;
use backstop_units::{AccountId, Amount, AssetId, Fixed60, Ppm, Shares, Timestamp};

/// Net assets and shares of a vault.
pub type SharePrice = (Fixed60, Shares);

/// Who matches a pool.
pub(crate) fn matcher(pool: &InsurancePool) -> Result<(AccountId, AssetId), Reject> {
    pool.matcher.ok_or(Reject::none(RejectCode::NotMatched))
}

pub(crate) fn add(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    command: &MatchPool,
) -> Result<(), Halt> {
    let state = txn.state();
    if let Some(shares) = command.shares {
        some(Amount::new(shares.get()))?;
    }
    let (id, pool) = state.insurance_pool(command.vault)?;
    let ((account, quote), vault) = (matcher(pool)?, pool.vault);
    let net = touch(txn, context, vault)?.net;
    let state = txn.state();
    let pool = state.insurance_pools.expect(id)?;
    let vault = state.vaults.expect(vault)?;
    let valuing = Valuing { price: (net, vault.held.shares), assets: (vault.asset, quote) };
    let room = room(pool)?;
    let shares = if let Some(shares) = command.shares {
        shares
    } else {
        let held = state.holding(pool.vault, account).map_or(Shares::ZERO, |(_, h)| h.shares);
        let most = valuing.most(state, left(pool), context.now)?;
        // Where nothing fits, one share tells why.
        room.min(held).min(most).max(Shares::new(1))
    };
    let staked = locked(state, (id, pool), (account, true), shares)?;
    let (principal, value) = valuing.value(state, shares, context.now)?;
    let used = pool.used().checked_add(value).ok_or(Reject::overflow())?;
    let cap = cap(pool);
    if used > cap {
        return Err(Reject::new(RejectCode::AboveMatchCap, used, cap).into());
    }
    if shares > room {
        return Err(Reject::new(RejectCode::AboveStake, shares, room).into());
    }
    no_open_loss(state, pool)?;
    let staked = Box::new(staked);
    txn.emit(Event::Pool(PoolEvent::PoolMatched { staked, principal, value }))
}

/// The cap of a pool's rules.
fn cap(pool: &InsurancePool) -> Amount {
    pool.policy.matching.map_or(Amount::ZERO, |matching| matching.cap)
}

/// What is left of the cap.
fn left(pool: &InsurancePool) -> Amount {
    cap(pool).saturating_sub(pool.used())
}

/// How many shares can be matched: as many as stakers have locked that are not on their way out, less those that
/// are matched already.
///
/// # Errors
/// None in a state that is whole.
pub fn room(pool: &InsurancePool) -> Result<Shares, Halt> {
    Ok(pool.own.live()?.saturating_sub(pool.matched.shares))
}

/// What shares of a vault are worth in the asset of the cap.
struct Valuing {
    price: SharePrice,
    assets: (AssetId, AssetId),
}

impl Valuing {
    /// Shares in atoms of the vault's asset and of the cap's. **Rounding** up: never more fits under the cap than it
    /// allows.
    fn value(
        &self,
        state: &State,
        shares: Shares,
        now: Timestamp,
    ) -> Result<(Amount, Amount), Halt> {
        let (net, all) = self.price;
        let atoms = net.mul_div_ceil(shares.get(), all.get())?.ceil();
        let (asset, quote) = self.assets;
        if asset == quote {
            return Ok((atoms, atoms));
        }
        let rate = conversion::rate(state, (asset, quote), Ppm::ZERO, now)?;
        Ok((atoms, rate.least(atoms)?))
    }

    /// The most shares of at most this value. **Rounding** down.
    fn most(&self, state: &State, value: Amount, now: Timestamp) -> Result<Shares, Halt> {
        let (asset, quote) = self.assets;
        let atoms = if asset == quote {
            value
        } else {
            conversion::rate(state, (quote, asset), Ppm::ZERO, now)?.worth(value)?
        };
        let (net, all) = self.price;
        // More than all net assets is all shares and more.
        let atoms = Fixed60::from_atoms(atoms.min(net.ceil())).ok_or(Reject::overflow())?;
        Ok(all.mul_div_floor(atoms.get(), net.get())?)
    }
}

/// What leaves of the matched tranche when units of a tranche are paid: the matcher's own exit, or the same part of
/// it as of the stakers' shares. What is on its way out already leaves by its own exit.
pub(crate) fn unmatched(
    state: &State,
    (id, pool): (u32, &InsurancePool),
    (matched, units): (bool, Shares),
    price: SharePrice,
) -> Result<Option<Unmatched>, Halt> {
    let Some((matcher, _)) = pool.matcher else { return Ok(None) };
    let Some((stake, _)) = state.pool_stake(id, (matcher, true)) else { return Ok(None) };
    let (own, tranche) = (&pool.own, &pool.matched);
    let (units, left) = if matched {
        (units, own.units)
    } else {
        let free = tranche.units.saturating_sub(tranche.exiting);
        (leaving(own, tranche, units)?.min(free), own.units.saturating_sub(units))
    };
    if units.is_zero() {
        return Ok(None);
    }
    let shares = tranche.worth(units)?;
    let part = |whole: Amount| whole.mul_div_floor(units.get(), tranche.units.get());
    let (principal, value) = (part(pool.principal)?, part(pool.used)?);
    let yielded = if left.is_zero() || own.is_wiped() {
        Shares::ZERO
    } else {
        yielded(pool, (shares, principal), price)?
    };
    let holding = state.holding(pool.vault, matcher).ok_or(Corrupt::DanglingHandle)?.0;
    let shares = shares.saturating_sub(yielded);
    Ok(Some(Unmatched { stake, holding, units, shares, yielded, principal, value }))
}

/// The matched units that leave when units of the stakers do. **Rounding** down; with the last staker all.
fn leaving(own: &Tranche, matched: &Tranche, units: Shares) -> Result<Shares, Halt> {
    if own.is_wiped() || own.units.is_zero() {
        return Ok(Shares::ZERO);
    }
    Ok(matched.units.mul_div_floor(units.get(), own.units.get())?)
}

/// The shares above what had been put in, where they are the stakers'. **Rounding** the matcher's part up.
fn yielded(
    pool: &InsurancePool,
    (shares, principal): (Shares, Amount),
    (net, all): SharePrice,
) -> Result<Shares, Halt> {
    let yields = pool.policy.matching.map(|matching| matching.yields);
    if yields != Some(MatchYield::Stakers) || net.is_zero() {
        return Ok(Shares::ZERO);
    }
    let due = Fixed60::from_atoms(principal).ok_or(Reject::overflow())?;
    let kept = all.mul_div_ceil(due.min(net).get(), net.get())?;
    Ok(shares.saturating_sub(kept))
}
