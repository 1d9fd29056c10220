//! The rights that commands about lending reserves, vaults and their insurance pools need.

use super::{ALERTS, Authority, GUARDIAN, OPERATOR, PLACES};
use crate::{
    command::Body,
    compensation, lending,
    policy::{PoolSigner, Role, Roles},
    pool,
    reject::Halt,
    state::State,
};

/// Who says what of a vault's loss is to be made good.
const ASSESSES: Roles = Roles::of(&[Role::Risk, Role::Operator]);
const COUNCIL: Roles = Roles::of(&[Role::Council]);

/// The right that a command about lending needs.
pub(super) fn of_lending(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Anyone, Council, Owner};
    let owner = |label| state.account_id(label).map(Owner);
    Ok(match body {
        Body::SetReserveStatus(c) if lending::setup::pauses(state, c)? => Authority::Role(ALERTS),
        Body::CreateReserve(_) | Body::SetReserve(_) | Body::SetReserveStatus(_) => {
            Council(state.meta.limits.config_delay)
        }
        Body::Supply(c) => owner(c.account)?,
        Body::WithdrawSupply(c) => owner(c.account)?,
        Body::Pledge(c) => owner(c.account)?,
        Body::Unpledge(c) => owner(c.account)?,
        Body::Borrow(c) => owner(c.account)?,
        Body::Repay(c) => owner(c.payer)?,
        Body::LiquidateLoan(c) => owner(c.liquidator)?,
        Body::SocialiseLoan(_) => Authority::Role(PLACES),
        Body::AccrueInterest(_) | Body::CollectInterest(_) | Body::MarkImpairment(_) => Anyone,
        _ => of_vaults(state, body)?,
    })
}

/// The right that a command about vaults needs: what could hurt depositors is the curator's after a veto's time, or
/// the council's; what protects them is the curator's at once.
fn of_vaults(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Anyone, Council, Owner};
    let owner = |label| state.account_id(label).map(Owner);
    let curator = |label| -> Result<_, Halt> {
        Ok(Owner(state.vaults.expect(state.vault_id(label)?)?.curator))
    };
    let delay = state.meta.limits.config_delay;
    Ok(match body {
        Body::OpeningReserve(_) | Body::OpeningVault(_) => Authority::Role(OPERATOR),
        Body::CreateVault(c) => owner(c.curator)?,
        Body::SetVaultPolicy(c) if lending::vault::curate::eases(state, c)? => curator(c.vault)?,
        Body::SetVaultPolicy(_) | Body::ListReserve(_) => Council(delay),
        Body::SetAllocation(c) => curator(c.vault)?,
        Body::RemoveAllocation(c) => curator(c.vault)?,
        Body::VetoAllocation(_) => Authority::Role(GUARDIAN),
        Body::DepositVault(c) => owner(c.account)?,
        Body::WithdrawVault(c) => owner(c.account)?,
        Body::RedeemInKind(c) => owner(c.account)?,
        Body::QueueWithdrawal(c) => owner(c.account)?,
        Body::LeaveQueue(c) => owner(c.account)?,
        Body::BorrowConditional(c) => owner(c.account)?,
        Body::Invest(c) => owner(c.payer)?,
        Body::TakeFees(c) => curator(c.vault)?,
        Body::GiveUpFees(c) => curator(c.vault)?,
        Body::FundRewards(c) => owner(c.account)?,
        Body::ApplyAllocation(_)
        | Body::ChargeFees(_)
        | Body::RecogniseLoss(_)
        | Body::FillQueue(_)
        | Body::ClaimQueued(_) => Anyone,
        _ => of_compensation(state, body)?,
    })
}

/// The right that a command about compensation needs.
fn of_compensation(state: &State, body: &Body) -> Result<Authority, Halt> {
    Ok(match body {
        Body::AssessVaultLoss(_) => Authority::Role(ASSESSES),
        Body::DisputeVaultLoss(_) => Authority::Role(GUARDIAN),
        Body::PayCompensation(c) => Authority::Owner(state.account_id(c.account)?),
        Body::PublishClaimsRoot(_) => Authority::Role(PLACES),
        Body::CountClaims(c) => Authority::Owner(state.account_id(c.account)?),
        Body::OpenClaims(c) if !compensation::claims::anyone_opens(state, c.loss)? => {
            Authority::Role(ASSESSES)
        }
        Body::ChallengeClaimsRoot(_)
        | Body::OpenClaims(_)
        | Body::ClaimCompensation(_)
        | Body::PayClaims(_)
        | Body::CloseClaims(_) => Authority::Anyone,
        _ => of_pools(state, body)?,
    })
}

/// The right that a command about insurance pools needs.
fn of_pools(state: &State, body: &Body) -> Result<Authority, Halt> {
    use Authority::{Own, Owner};
    let curator = |label| -> Result<_, Halt> {
        Ok(Owner(state.vaults.expect(state.vault_id(label)?)?.curator))
    };
    Ok(match body {
        Body::CreateInsurancePool(c) => curator(c.vault)?,
        Body::StakePool(c) => Owner(state.account_id(c.account)?),
        Body::ExitPool(c) => Owner(state.account_id(c.account)?),
        Body::MatchPool(c) => Owner(pool::matching::matcher(state.insurance_pool(c.vault)?.1)?.0),
        Body::CancelPoolExit(c) => Owner(pool::exit::owner(state, c.ticket)?),
        Body::ClaimPoolExit(c) => Owner(pool::exit::owner(state, c.ticket)?),
        Body::OfferPool(c) if state.insurance_pool(c.vault)?.1.owner.is_some() => Own,
        Body::OfferPool(c) => curator(c.vault)?,
        Body::AcceptPool(_) | Body::ReleasePool(_) | Body::DisputeRelease(_) => Own,
        Body::AnnounceRelease(c) if c.signer.is_some() => Own,
        Body::AnnounceRelease(c) if pool::release::overdue(state, c)? => Authority::Anyone,
        Body::AnnounceRelease(c) => Owner(pool::release::curator(state, c)?),
        Body::CarryRelease(_) => Authority::Anyone,
        Body::SetPoolSigner(c) => match c.signer {
            PoolSigner::Council => Authority::Role(COUNCIL),
            PoolSigner::Nominee => curator(c.vault)?,
        },
        _ => crate::farm::rights::of_farms(state, body)?,
    })
}
