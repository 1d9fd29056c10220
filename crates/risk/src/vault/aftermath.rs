//! After the week: losses are assessed, the pool is released by two signatures, claims are paid in parts and closed.

use super::{
    stage::{Names, Signers},
    told,
    walk::Walk,
};
use crate::{error::RiskError, ledger::Ledger};
use backstop_core::{
    Body, Halt, State,
    command::{
        Approvals, AssessVaultLoss, CloseClaims, OpenClaims, PayClaims, ReleasePool, Signature,
    },
    compensation::claims::{PART_MAX, due},
    governance::{approval_bytes, body_digest},
    lending::vault::{touch::preview, worth::stands_for},
    merkle,
    policy::PoolSigner,
    pool::liable::{answering, releasable},
    state::VaultLoss,
};
use backstop_units::{
    Amount, Hash, Label, Shares, Span, Timestamp, VaultId, VaultLossId,
    split::largest_remainder_of_many,
};

/// How long signatures are good for.
const SIGNED_FOR: Span = Span::days(1);

/// What was done about losses.
#[derive(Clone, Debug, Default)]
pub(super) struct Settled {
    /// Losses that were assessed.
    pub(super) assessed: Vec<VaultLossId>,
    /// Those of them on which claims were opened.
    pub(super) open: Vec<VaultLossId>,
    /// Claims that were paid.
    pub(super) claims: u64,
    /// When the last one was paid, if any was.
    pub(super) paid_at: Option<Timestamp>,
}

/// Assesses what those with a claim have lost, releases what the pool has for it, and pays all claims.
pub(super) fn settle(
    walk: &mut Walk<'_>,
    signers: &impl Signers,
    ledger: &mut impl Ledger,
) -> Result<Settled, RiskError> {
    let names = walk.names;
    let mut settled = Settled { assessed: assess(walk, ledger)?, ..Settled::default() };
    let released = release(walk, &settled.assessed, signers, ledger)?;
    let window = ledger.read(|state| {
        let vault = state.vaults.get(state.vault_id(names.vault).ok()?)?;
        Some(vault.policy.dispute_window)
    })?;
    walk.now = walk.now.plus(window.unwrap_or(Span::ZERO));
    let open = |loss: &VaultLossId| OpenClaims { loss: *loss }.into();
    // Where the pool is too small only who assesses may say that no more is to come.
    ledger.send_all(walk.now, names.risk, released.iter().map(open).collect())?;
    for loss in &released {
        let claims = claimants(walk, *loss, ledger)?;
        for part in claims.chunks(PART_MAX) {
            let pay = PayClaims { loss: *loss, accounts: part.to_vec() };
            ledger.send(walk.now, names.keeper, pay.into())?;
        }
        settled.claims += claims.len() as u64;
        settled.paid_at = Some(walk.now);
    }
    settled.open = released;
    Ok(settled)
}

/// Once claims are over, what rounding left goes back.
pub(super) fn close(
    walk: &Walk<'_>,
    settled: &Settled,
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let names = walk.names;
    let window = ledger.read(|state| {
        let vault = state.vaults.get(state.vault_id(names.vault).ok()?)?;
        Some(vault.policy.claim_window)
    })?;
    let over = walk.now.plus(window.unwrap_or(Span::ZERO));
    let close = |loss: &VaultLossId| CloseClaims { loss: *loss }.into();
    ledger.send_all(over, names.keeper, settled.open.iter().map(close).collect())?;
    Ok(())
}

/// The losses of the vault, and of each what is to be made good.
fn borne(state: &State) -> Result<Vec<(VaultLossId, Amount)>, Halt> {
    let all = state.vault_losses.iter();
    all.map(|(loss, record)| Ok((loss, releasable(state, loss, record)?))).collect()
}

/// The risk desk's evidence is a root over all loans of the vault's reserves as they stand.
fn assess(walk: &Walk<'_>, ledger: &mut impl Ledger) -> Result<Vec<VaultLossId>, RiskError> {
    let names = walk.names;
    let (borne, evidence) = ledger.read(|state| {
        let leaves: Vec<Hash> = state.loans.iter().map(|(_, loan)| merkle::leaf_of(loan)).collect();
        (borne(state), merkle::root_of(&leaves))
    })?;
    let borne = borne.map_err(told)?;
    let lost: Vec<VaultLossId> =
        borne.into_iter().filter(|(_, amount)| !amount.is_zero()).map(|(loss, _)| loss).collect();
    let assess = |loss: &VaultLossId| -> Body {
        AssessVaultLoss { loss: *loss, amount: None, evidence, excluded: Vec::new() }.into()
    };
    ledger.send_all(walk.now, names.risk, lost.iter().map(assess).collect())?;
    Ok(lost)
}

/// Releases for each loss what is lacking, or where the pool is too small each its part; returns for which losses
/// something was released.
fn release(
    walk: &Walk<'_>,
    losses: &[VaultLossId],
    signers: &impl Signers,
    ledger: &mut impl Ledger,
) -> Result<Vec<VaultLossId>, RiskError> {
    let (names, now) = (walk.names, walk.now);
    let planned = ledger.read(|state| plan(state, names, losses, now))?.map_err(told)?;
    let mut released = Vec::new();
    for (nonce, (loss, amount)) in (1u64..).zip(planned) {
        let (left, id) = ledger.read(|state| {
            let worth = plan(state, names, &[loss], now).map(|parts| !parts.is_empty());
            (worth, state.meta.ledger)
        })?;
        // Rounding of what was released before may have used up the pool.
        if !left.map_err(told)? {
            break;
        }
        let body: Body = ReleasePool { vault: names.vault, loss, amount }.into();
        let approvals = approved(&body, (id, nonce, now.plus(SIGNED_FOR)), signers);
        ledger.send_signed(now, names.keeper, body, approvals)?;
        released.push(loss);
    }
    Ok(released)
}

/// What to release for which loss: all that is lacking, or parts of what the pool is worth in proportion to it.
///
/// **Rounding** by largest remainders.
fn plan(
    state: &State,
    names: &Names,
    losses: &[VaultLossId],
    now: Timestamp,
) -> Result<Vec<(VaultLossId, Amount)>, Halt> {
    let Ok((_, pool)) = state.insurance_pool(names.vault) else { return Ok(Vec::new()) };
    let mut wanted = Vec::new();
    let mut there = Shares::ZERO;
    for loss in losses {
        let Some(record) = state.vault_losses.get(*loss) else { continue };
        let (own, matched) = answering(pool, record);
        there = there.max(own.saturating_add(matched));
        wanted.push((*loss, lacking(state, (*loss, record), !there.is_zero())?));
    }
    let worth = worth(state, pool.vault, there, now)?;
    let all = wanted.iter().fold(Amount::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
    if all > worth {
        let weights: Vec<u128> = wanted.iter().map(|(_, amount)| amount.get()).collect();
        let parts = largest_remainder_of_many(worth.get(), &weights)?;
        // The last one asks for all it lacks: what rounding left in the pool is its own.
        let last = wanted.len().saturating_sub(1);
        for (at, ((_, amount), part)) in wanted.iter_mut().zip(parts).enumerate() {
            *amount = if at == last { *amount } else { Amount::new(part) };
        }
    }
    wanted.retain(|(_, amount)| !amount.is_zero());
    Ok(wanted)
}

fn lacking(
    state: &State,
    (id, record): (VaultLossId, &VaultLoss),
    answers: bool,
) -> Result<Amount, Halt> {
    if answers { releasable(state, id, record) } else { Ok(Amount::ZERO) }
}

/// What shares of the vault are worth. **Rounding** down.
fn worth(state: &State, vault: VaultId, shares: Shares, now: Timestamp) -> Result<Amount, Halt> {
    let (held, valued) = preview(state, vault, now)?;
    Ok(stands_for(valued.net(held.held.pending), held.held.shares, shares)?)
}

/// Both signatures over the exact command.
fn approved(
    body: &Body,
    (ledger, nonce, expires_at): (Label, u64, Timestamp),
    signers: &impl Signers,
) -> Approvals {
    let bytes = approval_bytes(ledger, nonce, expires_at, &body_digest(body));
    let sign = |signer| Signature { key: signers.key(signer), bytes: signers.sign(signer, &bytes) };
    let signatures = [PoolSigner::Council, PoolSigner::Nominee].map(sign).into();
    Approvals { nonce, expires_at, signatures }
}

/// Who has a claim on a loss.
fn claimants(
    walk: &Walk<'_>,
    loss: VaultLossId,
    ledger: &mut impl Ledger,
) -> Result<Vec<Label>, RiskError> {
    let people = walk.book.depositors.iter().map(|one| one.label).chain([walk.names.matcher]);
    Ok(ledger.read(|state| {
        let has = |label: &Label| {
            let account = state.account_id(*label);
            account.is_ok_and(|account| due(state, loss, account).is_ok())
        };
        people.filter(has).collect()
    })?)
}
