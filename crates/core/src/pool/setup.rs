//! A vault's insurance pool begins. What can't be changed later is checked here.

use crate::{
    command::CreateInsurancePool,
    event::{Event, PoolEvent},
    loss::conversion,
    policy::{InsurancePolicy, MatchPolicy, PublicKey},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{AccountId, AssetId, Hash, Span, VaultId};

/// Most open exits of one staker.
const TICKETS_MAX: u8 = 64;

pub(crate) fn create(state: &State, command: &CreateInsurancePool) -> Result<Event, Halt> {
    let matching = command.policy.matching.as_ref();
    let named = matching.map(|matching| named(state, matching)).transpose()?;
    let vault = state.vault_id(command.vault)?;
    let asset = state.vaults.expect(vault)?.asset;
    rails(&command.policy)?;
    if state.vaults.expect(vault)?.pool.is_some() {
        return Err(Reject::got(RejectCode::InsurancePoolExists, command.vault).into());
    }
    two_keys(&command.council, &command.nominee)?;
    of_council(state, &command.council)?;
    if let (Some((_, quote)), Some(matching)) = (named, matching)
        && quote != asset
        && !conversion::comparable(state, asset, quote)
    {
        return Err(Reject::got(RejectCode::MatchUnpriced, matching.quote).into());
    }
    Ok(created(state, vault, command, named))
}

fn created(
    state: &State,
    vault: VaultId,
    command: &CreateInsurancePool,
    matcher: Option<(AccountId, AssetId)>,
) -> Event {
    Event::Pool(PoolEvent::InsurancePoolCreated {
        pool: state.insurance_pools.next_id(),
        vault,
        council: command.council,
        nominee: command.nominee,
        matcher,
        policy: command.policy.clone(),
    })
}

fn named(state: &State, matching: &MatchPolicy) -> Result<(AccountId, AssetId), Reject> {
    let quote = state.asset_id(matching.quote)?;
    Ok((state.account_id(matching.matcher)?, quote))
}

fn rails(policy: &InsurancePolicy) -> Result<(), Reject> {
    let (day, year) = InsurancePolicy::EXIT_DELAY;
    let (soonest, latest) = InsurancePolicy::SILENCE;
    let spans = [
        (policy.exit_delay, day, year),
        (policy.release_delay, Span::ZERO, InsurancePolicy::RELEASE_DELAY_MAX),
        (policy.silence, soonest, latest),
    ];
    for (got, least, most) in spans {
        if got < least || got > most {
            let limit = if got < least { least } else { most };
            return Err(Reject::new(RejectCode::BadPolicy, got, limit));
        }
    }
    let tickets = policy.tickets_max;
    if tickets == 0 || tickets > TICKETS_MAX {
        let (got, limit) = (u32::from(tickets), u32::from(TICKETS_MAX));
        return Err(Reject::new(RejectCode::BadPolicy, got, limit));
    }
    Ok(())
}

/// One key can't sign for both sides.
pub(crate) fn two_keys(council: &PublicKey, nominee: &PublicKey) -> Result<(), Reject> {
    if council == nominee {
        return Err(Reject::got(RejectCode::OneSigner, Hash::new(nominee.0)));
    }
    Ok(())
}

/// Where the ledger has a council, nobody else's key stands for it.
pub(crate) fn of_council(state: &State, key: &PublicKey) -> Result<(), Reject> {
    if state.council.keys.is_empty() || state.council.keys.contains(key) {
        return Ok(());
    }
    Err(Reject::got(RejectCode::NotOfCouncil, Hash::new(key.0)))
}
