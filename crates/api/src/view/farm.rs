//! Farms, and what one account has in them.

use backstop_core::{
    Halt, State,
    farm::{
        accrual::{Reward, bent},
        book::{Farm, Staked},
        touch::preview,
    },
    policy::{RewardKind, RewardTerms},
};
use backstop_units::{Amount, FarmId, Label, Span, Timestamp};
use serde_json::{Value, json};

fn label(state: &State, staked: Staked) -> Result<Value, Halt> {
    Ok(match staked {
        Staked::Asset(asset) => json!({ "asset": state.assets.expect(asset)?.label }),
        Staked::Vault(vault) => json!({ "vault": state.vaults.expect(vault)?.label }),
        Staked::Nothing => json!("nothing"),
    })
}

/// Decimals of what is staked: of the asset, or of a vault's shares, which count as its asset does.
fn decimals(state: &State, staked: Staked) -> Result<u8, Halt> {
    let asset = match staked {
        Staked::Asset(asset) => asset,
        Staked::Vault(vault) => state.vaults.expect(vault)?.asset,
        Staked::Nothing => return Ok(0),
    };
    Ok(state.assets.expect(asset)?.decimals)
}

/// The rate that holds at a moment, and from when on another one does.
fn rate(terms: &RewardTerms, now: Timestamp) -> (Amount, Option<Timestamp>) {
    let rate = terms.points.iter().rev().find(|point| point.at <= now).map(|point| point.rate);
    let next = terms.points.iter().find(|point| point.at > now).map(|point| point.at);
    (rate.unwrap_or_default(), next)
}

/// Atoms that a day brings at a reward's present rate, whatever is left; and the moment at which nothing is left.
fn pace(
    reward: &Reward,
    (rate, staked): (Amount, Amount),
    now: Timestamp,
) -> (Amount, Option<Timestamp>) {
    let unit = 10_u128.saturating_pow(reward.terms.decimals.into());
    let each = match reward.terms.kind {
        RewardKind::Proportional => rate,
        RewardKind::Constant => rate.mul_div_floor(staked.get(), 1).unwrap_or(Amount::MAX),
        RewardKind::Targeted => {
            Amount::new(bent(rate.get(), staked.get(), reward.terms.target.get()))
        }
    };
    let daily = each.mul_div_floor(86_400, unit).unwrap_or(Amount::MAX);
    // A rate that lasts for longer than moments go has no end.
    let lasts = reward.left.mul_div_floor(unit.saturating_mul(1_000), each.get()).ok();
    let lasts = lasts.and_then(|ms| u64::try_from(ms.get()).ok());
    (daily, lasts.map(|ms| now.plus(Span::from_ms(ms))))
}

fn rewards(state: &State, (was, farm): (&Farm, &Farm), now: Timestamp) -> Result<Vec<Value>, Halt> {
    let mut rewards = Vec::new();
    for (held, new) in was.rewards.iter().zip(&farm.rewards) {
        let (rate, until) = rate(&new.terms, now);
        let (daily, empty_at) = pace(new, (rate, farm.held.amount), now);
        let asset = state.assets.expect(new.asset)?;
        rewards.push(json!({
            "asset": asset.label,
            "decimals": asset.decimals,
            "terms": new.terms,
            "rate": rate,
            "rate_until": until,
            "per_day": daily,
            "empty_at": empty_at,
            "left": new.left,
            "owed": new.owed,
            "held": {
                "left": held.left,
                "owed": held.owed,
                "index": held.index,
                "carry": held.carry,
                "at": held.at,
            },
        }));
    }
    Ok(rewards)
}

/// A farm: what is staked, and its rewards as they were last brought up to now and as they are at this moment.
///
/// # Errors
/// A reject when a number does not fit.
pub(crate) fn farm_view(state: &State, id: FarmId, now: Timestamp) -> Result<Value, Halt> {
    let item = state.farms.expect(id)?;
    let (farm, _) = preview(state, id, None, now)?;
    let name = |account| state.accounts.expect(account).map(|account| account.label);
    Ok(json!({
        "farm": item.label,
        "kind": item.kind,
        "staked": label(state, item.staked)?,
        "decimals": decimals(state, item.staked)?,
        "owner": item.owner.map(name).transpose()?,
        "offered_to": item.offered.map(name).transpose()?,
        "treasury": name(item.treasury)?,
        "penalties_to": name(item.penalties_to)?,
        "held": item.held,
        "rewards": rewards(state, (item, &farm), now)?,
        "policy": item.policy,
    }))
}

/// What one account has in a farm: its stake, what waits, and what it could claim at this moment.
///
/// # Errors
/// A reject when the account or the farm is unknown, or the account has no place in it.
pub(crate) fn staker_view(
    state: &State,
    (account, farm): (Label, Label),
    now: Timestamp,
) -> Result<Value, Halt> {
    let (owner, id) = (state.account_id(account)?, state.farm_id(farm)?);
    let item = state.farms.expect(id)?;
    let Some((staker, place)) = state.staker(id, owner) else {
        return Ok(json!({ "account": account, "farm": farm, "shares": "0", "rewards": [] }));
    };
    let (_, earned) = preview(state, id, Some(staker), now)?;
    let mut rewards = Vec::new();
    for (at, (reward, earned)) in item.rewards.iter().zip(&earned).enumerate() {
        rewards.push(json!({
            "asset": state.assets.expect(reward.asset)?.label,
            "unclaimed": earned.unclaimed,
            "held": place.earned.get(at),
        }));
    }
    Ok(json!({
        "account": account,
        "farm": farm,
        "shares": place.shares,
        "worth": item.held.worth(place.shares).unwrap_or_default(),
        "since": place.since,
        "staked_at": place.staked_at,
        "tickets": place.tickets,
        "rewards": rewards,
    }))
}
