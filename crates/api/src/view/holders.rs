//! Who holds a vault, and what the vault has lost.

use super::asset_label;
use backstop_core::{
    Halt, Reject, State,
    compensation::book::money,
    lending::vault::{snapshot::shares_of, touch, worth::stands_for},
    state::VaultLoss,
};
use backstop_units::{
    Amount, Fixed60, Label, Shares, Timestamp, VaultId, VaultLossId, format_decimal,
};
use serde_json::{Value, json};

/// Asset atoms for a share with twelve digits behind the point, rounded down; one for one where there is no share.
pub(super) fn share_price(net: Fixed60, shares: Shares) -> Result<String, Halt> {
    let price = if shares.is_zero() {
        Fixed60::UNIT
    } else {
        net.mul_div_floor(1, shares.get()).map_err(Reject::from)?
    };
    let digits = price.mul_div_floor(1_000_000_000_000, Fixed60::ONE).map_err(Reject::from)?;
    Ok(format_decimal(digits.get(), 12))
}

/// A vault's holders, the largest first: shares at hand, in farms and in the queue, with what they are worth.
/// A question for people: it takes a step for each holder.
///
/// # Errors
/// A reject when the vault is unknown.
pub(crate) fn holders_view(
    state: &State,
    (label, limit): (Label, usize),
    now: Timestamp,
) -> Result<Value, Halt> {
    let id = state.vault_id(label)?;
    let (vault, valued) = touch::preview(state, id, now)?;
    let net = valued.net(vault.held.pending);
    let mut holders = Vec::new();
    for (_, holding) in state.holdings.iter().filter(|(_, holding)| holding.vault == id) {
        let shares = shares_of(state, holding)?;
        if !shares.is_zero() {
            holders.push((shares, state.accounts.expect(holding.account)?.label, holding.staked));
        }
    }
    holders.sort_by_key(|(shares, label, _)| (std::cmp::Reverse(*shares), *label));
    let rows = holders.iter().take(limit).map(|(shares, account, staked)| {
        let worth = stands_for(net, vault.held.shares, *shares).map_err(Reject::from)?;
        let part = of(*shares, vault.held.shares)?;
        Ok(json!({
            "account": account, "shares": shares, "staked": staked, "worth": worth, "part": part,
        }))
    });
    let rows = rows.collect::<Result<Vec<_>, Halt>>()?;
    let held = &vault.held;
    Ok(json!({
        "vault": label,
        "asset": asset_label(state, vault.asset),
        "decimals": state.assets.expect(vault.asset)?.decimals,
        "shares": held.shares,
        "dead_shares": held.dead,
        "pooled_shares": held.pooled,
        "escrowed_shares": held.escrowed,
        "holders": holders.len(),
        "largest": rows,
    }))
}

/// A part of shares as a percentage with four digits, rounded down.
fn of(shares: Shares, all: Shares) -> Result<String, Halt> {
    let parts = shares.mul_div_floor(1_000_000, all.get()).map_err(Reject::from)?;
    Ok(format!("{}%", format_decimal(parts.get(), 4)))
}

/// What a vault has lost, the newest first: what is provisional, certain and released, who bore it, and what was
/// made good.
///
/// # Errors
/// A reject when the vault is unknown.
pub(crate) fn vault_losses_view(state: &State, label: Label) -> Result<Value, Halt> {
    let id = state.vault_id(label)?;
    let vault = state.vaults.expect(id)?;
    let of = state.vault_losses.iter().rev().filter(|(_, loss)| loss.vault == id);
    let rows = of.map(|(id, loss)| row(state, id, loss)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({
        "vault": label,
        "asset": asset_label(state, vault.asset),
        "decimals": state.assets.expect(vault.asset)?.decimals,
        "losses": rows,
    }))
}

fn row(state: &State, id: VaultLossId, loss: &VaultLoss) -> Result<Value, Halt> {
    let amounts = loss.amounts(state)?;
    let (_, there) = money(state, id)?;
    let compensation = match state.compensation(id) {
        None => Value::Null,
        Some(held) => json!({
            "assessed": held.assessment.amount,
            "disputed": held.disputed,
            "held": there,
            "paid": held.claims.map_or(Amount::ZERO, |claims| claims.paid),
            "shortfall": held.shortfall(state)?,
            "claims": held.claims.map(|claims| if claims.closed { "closed" } else { "open" }),
            "until": held.claims.map(|claims| claims.until),
        }),
    };
    Ok(json!({
        "loss": id.to_string(),
        "reserve": state.reserves.expect(loss.reserve)?.label,
        "at": loss.at,
        "noticed_at": loss.noticed_at,
        "standing": amounts.standing(),
        "provisional": amounts.provisional.ceil(),
        "socialised": amounts.socialised.ceil(),
        "released": amounts.released.floor(),
        "by_fees": loss.cushioned.floor(),
        "by_pool": loss.absorbed.floor(),
        "by_holders": loss.borne_of(state, loss.borne_by())?.ceil(),
        "holders_shares": loss.borne_by(),
        "shares": loss.shares,
        "compensation": compensation,
    }))
}

/// How many losses of a vault are recorded, and the sum of what is certain of them, in atoms.
pub(super) fn lost(state: &State, id: VaultId) -> Result<Value, Halt> {
    let (mut count, mut open, mut certain) = (0_u32, Amount::ZERO, Amount::ZERO);
    for (_, loss) in state.vault_losses.iter().filter(|(_, loss)| loss.vault == id) {
        let amounts = loss.amounts(state)?;
        count = count.saturating_add(1);
        open = open.saturating_add(amounts.provisional.ceil());
        certain = certain.saturating_add(amounts.socialised.ceil());
    }
    Ok(json!({ "recorded": count, "provisional": open, "certain": certain }))
}
