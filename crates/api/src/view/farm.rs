//! Farms, and what one account has in them.

use backstop_core::{
    Halt, State,
    farm::{
        book::{Farm, Staked},
        touch::preview,
    },
};
use backstop_units::{FarmId, Label, Timestamp};
use serde_json::{Value, json};

fn label(state: &State, staked: Staked) -> Result<Value, Halt> {
    Ok(match staked {
        Staked::Asset(asset) => json!({ "asset": state.assets.expect(asset)?.label }),
        Staked::Vault(vault) => json!({ "vault": state.vaults.expect(vault)?.label }),
        Staked::Nothing => json!("nothing"),
    })
}

fn rewards(state: &State, was: &Farm, farm: &Farm) -> Result<Vec<Value>, Halt> {
    let mut rewards = Vec::new();
    for (held, now) in was.rewards.iter().zip(&farm.rewards) {
        rewards.push(json!({
            "asset": state.assets.expect(now.asset)?.label,
            "terms": now.terms,
            "left": now.left,
            "owed": now.owed,
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
        "owner": item.owner.map(name).transpose()?,
        "offered_to": item.offered.map(name).transpose()?,
        "treasury": name(item.treasury)?,
        "penalties_to": name(item.penalties_to)?,
        "held": item.held,
        "rewards": rewards(state, item, &farm)?,
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
