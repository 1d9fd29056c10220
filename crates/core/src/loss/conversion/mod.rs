//! Layers in another asset: drawn at fresh prices after a haircut, sold later, the gap booked as basis.
//!
//! ```text
//!   place   layer ── atoms ──▶ conversion        conversion ── market's atoms ──▶ layer ──▶ clearing
//!   sell    conversion ── sold ──▶ venue         clearing ── received ──▶ conversion
//!   end     unsold: back to the layer            still owed: basis of the fund, made good from its reserve
//! ```
//!
//! The rows of a loss stay in the market's asset, so recoveries and claims know nothing of this. What
//! comes back to a row of a fund's own money stays with the fund in the market's asset until
//! `settle_basis` pays with it what the fund's conversion still owes; stakers are paid in it.
//!
//! A layer without a haircut never comes here.

pub(crate) mod book;
pub(crate) mod draw;
pub(crate) mod evolve;
mod rate;

pub use rate::{Quoted, Rate};

use crate::{
    oracle::price,
    policy::LayerPolicy,
    reject::{Halt, Reject, RejectCode},
    state::{Fund, Source, State},
};
use backstop_units::{AssetId, IndexId, Ppm, Timestamp};

/// Where the price of an asset comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Priced {
    /// It is the other one's quote asset.
    Par,
    /// An index.
    By(IndexId),
}

/// Where the prices of two different assets come from so that they are in one quote; none if they are not.
fn priced(state: &State, layer: AssetId, need: AssetId) -> Option<(Priced, Priced)> {
    let index = |asset| {
        let id = state.assets.get(asset)?.index?;
        state.indexes.get(id).map(|index| (id, index.quote))
    };
    let par = |asset| state.assets.get(asset).and_then(|asset| Quoted::par(asset.decimals));
    match (index(layer), index(need)) {
        (Some((id, quote)), _) if quote == need => par(need).map(|_| (Priced::By(id), Priced::Par)),
        (_, Some((id, quote))) if quote == layer => {
            par(layer).map(|_| (Priced::Par, Priced::By(id)))
        }
        (Some((id, quote)), Some((other, same))) if quote == same => {
            Some((Priced::By(id), Priced::By(other)))
        }
        _ => None,
    }
}

/// Whether two assets have prices in one quote, fresh or not.
pub(crate) fn comparable(state: &State, one: AssetId, other: AssetId) -> bool {
    priced(state, one, other).is_some()
}

/// What atoms of `layer` stand for in `need` at `now`, after a haircut.
///
/// # Errors
/// [`RejectCode::ConversionUnpriced`], [`RejectCode::ConversionDisputed`],
/// [`RejectCode::ConversionSuspect`]: as the price that is missing.
pub fn rate(
    state: &State,
    (layer, need): (AssetId, AssetId),
    haircut: Ppm,
    now: Timestamp,
) -> Result<Rate, Halt> {
    let none = Reject::none(RejectCode::ConversionUnpriced);
    let (of_layer, of_need) = priced(state, layer, need).ok_or(none)?;
    let quoted = |asset, priced| {
        let decimals = state.assets.expect(asset)?.decimals;
        match priced {
            Priced::Par => Quoted::par(decimals).ok_or(Halt::from(none)),
            Priced::By(index) => {
                let agreed = price(state, index, now).map_err(unpriced)?;
                Ok(Quoted { price: agreed.price, decimals })
            }
        }
    };
    Ok(Rate::new(quoted(layer, of_layer)?, quoted(need, of_need)?, haircut)?)
}

/// What is wrong with a price, as a reject of the command that needs it.
fn unpriced(price: Reject) -> Reject {
    let code = match price.code {
        RejectCode::TooFewFamilies | RejectCode::FeedsDisagree => RejectCode::ConversionDisputed,
        RejectCode::PriceOutOfBand | RejectCode::PriceJumped => RejectCode::ConversionSuspect,
        _ => RejectCode::ConversionUnpriced,
    };
    Reject { code, ..price }
}

/// Whether a placement was refused for want of a price, so that the loss can wait for one.
pub(crate) const fn waits_for_price(code: RejectCode) -> bool {
    matches!(
        code,
        RejectCode::ConversionUnpriced
            | RejectCode::ConversionDisputed
            | RejectCode::ConversionSuspect
    )
}

/// A haircut is less than all, and stands only where a fund pays.
pub(crate) fn rails(layers: &[LayerPolicy], payers: &[Source]) -> Result<(), Reject> {
    for (layer, payer) in layers.iter().zip(payers) {
        let Some(haircut) = layer.haircut else { continue };
        let most = match payer {
            Source::Reserve(_) | Source::Staked(_) => Ppm::WHOLE.saturating_sub(Ppm::new(1)),
            Source::FeePool
            | Source::Socialised
            | Source::Adl
            | Source::Depositors
            | Source::Equity
            | Source::Haircut => Ppm::ZERO,
        };
        if haircut > most || most == Ppm::ZERO {
            return Err(Reject::new(RejectCode::BadPolicy, haircut.get(), most.get()));
        }
    }
    Ok(())
}

/// A layer of another asset has a haircut, and both assets a price in one quote; no other has one.
pub(crate) fn check(
    state: &State,
    market: &Fund,
    payer: &Fund,
    layer: &LayerPolicy,
) -> Result<(), Reject> {
    let other = payer.asset != market.asset;
    let allowed = match layer.haircut {
        None => !other,
        Some(_) => other && priced(state, payer.asset, market.asset).is_some(),
    };
    if allowed {
        return Ok(());
    }
    Err(Reject::new(RejectCode::LayerAsset, payer.label, market.label))
}
