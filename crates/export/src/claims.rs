//! The claims on a loss of a vault with their proofs, for contracts and auditors elsewhere: one JSON document.
//!
//! ```text
//!   { "types": ["uint256", "bytes32", "uint256"], "loss", "asset", "root", "count", "total", "published", "stands_at", "counted",
//!     "claims": [ { "index", "account", "word", "amount", "proof": [..] }, .. ] }
//! ```
//!
//! Hashes and words begin with `0x`; amounts and totals are strings of atoms. `word` is the label as it stands in the
//! leaf. `root` is the one that these claims come to; `published` the one that the ledger has, none before, and the
//! same unless somebody was wrong. The list is in the order in which holders came.

use crate::ExportError;
use backstop_core::{
    Halt, State,
    compensation::{
        claims::leaves,
        root::{Leaf, Tree},
    },
};
use backstop_units::{Amount, Hash, Label, VaultLossId};
use std::io::Write;

/// Writes all claims on a loss whose claims were opened.
///
/// # Errors
/// [`ExportError::Refused`] where they were not, [`ExportError::Io`].
pub fn write(state: &State, loss: VaultLossId, out: &mut dyn Write) -> Result<(), ExportError> {
    let leaves = leaves(state, loss).map_err(refused)?;
    let tree = Tree::new(leaves.iter().map(Leaf::hash).collect());
    let sum = |sum: Amount, leaf: &Leaf| sum.saturating_add(leaf.amount);
    let total = leaves.iter().fold(Amount::ZERO, sum);
    let vault = state.vault_losses.get(loss).and_then(|record| state.vaults.get(record.vault));
    let asset = vault.and_then(|vault| state.assets.get(vault.asset));
    let asset = asset.map_or(Label::NONE, |asset| asset.label);
    let published = state.compensation(loss).and_then(|held| held.root);
    let root = tree.root().unwrap_or_default();
    writeln!(out, "{{\n  \"types\": [\"uint256\", \"bytes32\", \"uint256\"],")?;
    writeln!(out, "  \"loss\": \"{loss}\",\n  \"asset\": \"{asset}\",\n  \"root\": \"0x{root}\",")?;
    writeln!(out, "  \"count\": {},\n  \"total\": \"{total}\",", leaves.len())?;
    match published {
        Some(root) => writeln!(
            out,
            "  \"published\": \"0x{}\",\n  \"stands_at\": \"{}\",\n  \"counted\": {},",
            root.root, root.stands_at, root.counted
        )?,
        None => {
            writeln!(out, "  \"published\": null,\n  \"stands_at\": null,\n  \"counted\": false,")?;
        }
    }
    write!(out, "  \"claims\": [")?;
    for (at, leaf) in leaves.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        line(out, leaf, &tree.proof(leaf.hash()).unwrap_or_default())?;
    }
    Ok(writeln!(out, "\n  ]\n}}")?)
}

fn refused(halt: Halt) -> ExportError {
    match halt {
        Halt::Reject(reject) => ExportError::Refused(reject),
        Halt::Corrupt(corrupt) => ExportError::Corrupt(corrupt),
    }
}

fn line(out: &mut dyn Write, leaf: &Leaf, proof: &[Hash]) -> Result<(), ExportError> {
    let Leaf { index, account, amount } = leaf;
    write!(out, "    {{ \"index\": {index}, \"account\": \"{account}\", \"word\": \"0x")?;
    for byte in account.bytes() {
        write!(out, "{byte:02x}")?;
    }
    write!(out, "{}\", \"amount\": \"{amount}\", \"proof\": [", "0".repeat(32))?;
    for (at, hash) in proof.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(out, "{comma}\"0x{hash}\"")?;
    }
    Ok(write!(out, "] }}")?)
}
