//! What of a vault's loss is made good, and to whom.

use super::asset_label;
use backstop_core::{
    Halt, Reject, RejectCode, State,
    compensation::{
        book::money,
        claims::{entitled, leaves},
        root::{Leaf, Tree},
    },
    state::Compensation,
};
use backstop_units::{AccountId, Label, VaultLossId};
use serde_json::{Value, json};

/// How far a loss has come.
const fn status(held: Option<&Compensation>) -> &'static str {
    let Some(held) = held else { return "recorded" };
    match held.claims {
        Some(claims) if claims.closed => "closed",
        Some(_) => "open",
        None if held.disputed => "disputed",
        None => "assessed",
    }
}

fn name(state: &State, account: AccountId) -> Label {
    state.accounts.get(account).map_or(Label::NONE, |account| account.label)
}

/// A loss of a vault with its compensation; for an account, what it is due with the proof.
///
/// # Errors
/// A reject when there is no such loss or account.
pub(crate) fn compensation_view(
    state: &State,
    loss: VaultLossId,
    account: Option<Label>,
) -> Result<Value, Halt> {
    let unknown = || Reject::got(RejectCode::UnknownVaultLoss, loss.get());
    let record = state.vault_losses.get(loss).ok_or_else(unknown)?;
    let vault = state.vaults.expect(record.vault)?;
    let (amounts, held) = (record.amounts(state)?, state.compensation(loss));
    let due = match account {
        Some(label) => Some(due(state, loss, state.account_id(label)?)?),
        None => None,
    };
    let named = |accounts: &[AccountId]| -> Vec<Label> {
        accounts.iter().map(|id| name(state, *id)).collect()
    };
    let assessment = held.map(|held| {
        let it = &held.assessment;
        json!({
            "amount": it.amount, "eligible": it.eligible, "excluded": named(&it.excluded),
            "evidence": it.evidence, "revision": it.revision, "at": it.at,
        })
    });
    let paid_in = held.map(|held| {
        let paid = held.paid_in.iter();
        paid.map(|(from, amount)| json!({ "account": name(state, *from), "amount": amount }))
            .collect::<Vec<_>>()
    });
    let shortfall = held.map(|held| held.shortfall(state)).transpose()?;
    let made_good = held.map(|held| held.made_good(state)).transpose()?;
    let claims = held.and_then(|held| held.claims);
    let root = held.and_then(|held| held.root);
    Ok(json!({
        "loss": loss,
        "vault": vault.label,
        "reserve": state.reserves.expect(record.reserve)?.label,
        "asset": asset_label(state, vault.asset),
        "decimals": state.assets.expect(vault.asset)?.decimals,
        "occurred_at": record.at,
        "noticed_at": record.noticed_at,
        "provisional": amounts.provisional.floor(),
        "socialised": amounts.socialised.floor(),
        "released": amounts.released.floor(),
        "borne_by": record.borne_by(),
        "status": status(held),
        "assessment": assessment,
        "paid_in": paid_in,
        "money": money(state, loss)?.1,
        "shortfall": shortfall,
        "made_good": made_good.map(|it| json!({
            "paid": it.paid, "waits": it.waits, "missing": it.missing,
        })),
        "claims": claims.map(|it| json!({
            "money": it.money, "shares": it.shares, "until": it.until, "paid": it.paid,
            "handed": it.handed, "claimed": it.claimed,
        })),
        "claims_root": root.map(|it| json!({
            "root": it.root, "count": it.count, "total": it.total, "at": it.at,
            "stands_at": it.stands_at, "counted": it.counted,
        })),
        "due": due,
    }))
}

/// What an account's claim comes to, and its leaf's proof in the tree over all of them.
fn due(state: &State, loss: VaultLossId, account: AccountId) -> Result<Value, Halt> {
    let claim = entitled(state, loss, account)?;
    let leaves = leaves(state, loss)?;
    let tree = Tree::new(leaves.iter().map(Leaf::hash).collect());
    let leaf = leaves.iter().find(|leaf| leaf.index == claim.holding).map(Leaf::hash);
    Ok(json!({
        "account": name(state, account),
        "held": claim.held,
        "amount": claim.amount,
        "shares": claim.shares,
        "paid": state.is_claimed(loss, claim.holding),
        "index": claim.holding,
        "leaf": leaf,
        "root": tree.root(),
        "proof": leaf.and_then(|leaf| tree.proof(leaf)),
    }))
}
