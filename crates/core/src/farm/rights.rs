//! Which right each command about farms needs.

use super::setup::eases;
use crate::{
    command::Body, governance::authority::Authority, policy::Roles, reject::Halt, state::State,
};
use backstop_units::Label;

/// The right that a command about farms needs. Who runs a farm is its owner; a vault's farm is the council's.
pub(crate) fn of_farms(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Anyone, Council, Owner};
    let owner = |label| state.account_id(label).map(Owner);
    let delay = state.meta.limits.config_delay;
    let run = |label: Label| -> Result<Authority, Halt> {
        Ok(state.farms.expect(state.farm_id(label)?)?.owner.map_or(Council(delay), Owner))
    };
    Ok(match body {
        Body::CreateFarm(c) => owner(c.owner)?,
        Body::AttachFarm(c) => Owner(state.vaults.expect(state.vault_id(c.vault)?)?.curator),
        Body::SetFarmPolicy(c) if eases(state, c)? => run(c.farm)?,
        Body::SetFarmPolicy(_) => Council(delay),
        Body::OfferFarm(c) => run(c.farm)?,
        Body::TakeFarm(c) => {
            let farm = state.farms.expect(state.farm_id(c.farm)?)?;
            farm.offered.map_or(Anyone, Owner)
        }
        Body::SetReward(c) => run(c.farm)?,
        Body::DefundFarm(c) => run(c.farm)?,
        Body::SetFarmStake(c) => run(c.farm)?,
        Body::RewardOnce(c) => run(c.farm)?,
        Body::FundFarm(c) => owner(c.account)?,
        Body::GiveFarmStake(c) => owner(c.account)?,
        Body::StakeFarm(c) => owner(c.account)?,
        Body::UnstakeFarm(c) => owner(c.account)?,
        Body::CancelFarmTicket(c) => owner(c.account)?,
        Body::WithdrawFarm(c) => owner(c.account)?,
        Body::TransferFarmStake(c) => owner(c.account)?,
        Body::HarvestFarm(c) => {
            let farm = state.farms.expect(state.farm_id(c.farm)?)?;
            if farm.policy.open_harvest { Anyone } else { owner(c.account)? }
        }
        // Opening a place begins its clocks, so that is its owner's; bringing one up to now is anybody's.
        Body::RefreshFarm(c) => match c.account {
            Some(label) => {
                let (farm, account) = (state.farm_id(c.farm)?, state.account_id(label)?);
                if state.staker(farm, account).is_some() { Anyone } else { Owner(account) }
            }
            None => Anyone,
        },
        Body::CompoundFarm(_) | Body::PayPenalties(_) => Anyone,
        // Every other command has its right above; one that was forgotten is nobody's to send.
        _ => Authority::Role(Roles::NONE),
    })
}
