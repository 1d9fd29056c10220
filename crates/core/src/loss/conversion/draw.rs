//! What a layer in another asset could pay, and what is taken of it.

use super::{Rate, rate};
use crate::{
    event::{Converted, Event},
    ledger::LedgerAccount,
    loss::capacity::{Holdings, holdings},
    policy::Cause,
    reject::{Corrupt, Halt},
    state::{Layer, Market, Source, State},
};
use alloc::{boxed::Box, vec::Vec};
use arrayvec::ArrayVec;
use backstop_units::{Amount, AssetId, MarketId, Ppm, Timestamp};

/// What a layer could pay toward a loss in `asset`, before its limits. An empty layer needs no price.
///
/// **Rounding** down.
///
/// # Errors
/// As [`rate`] when the layer has something and there is no price for it.
pub(crate) fn available(
    state: &State,
    (market, asset): (&Market, AssetId),
    (layer, haircut): (&Layer, Ppm),
    (cause, at): (Cause, Timestamp),
) -> Result<Amount, Halt> {
    let found = holdings(state, market, layer.source, (cause, at))?;
    let Holdings { fund, own, house } = found.ok_or(Corrupt::DanglingHandle)?;
    // Money in a house account is not taken to be sold; what the account owes is not there.
    let atoms = own.saturating_sub(house.negative());
    if atoms.is_zero() {
        return Ok(Amount::ZERO);
    }
    let assets = (state.funds.expect(fund)?.asset, asset);
    Ok(rate(state, assets, haircut, at)?.worth(atoms)?)
}

/// Takes `draw` of a layer: one event for each account that gives. Answers what the first one stands
/// for in the market's asset; the rest, if there is any, is the contributions'.
///
/// **Rounding** the atoms taken are rounded up; of a reserve's two parts the first stands for its share,
/// rounded down, the contributions for the rest.
pub(crate) fn draw(
    state: &State,
    (market, asset): (MarketId, AssetId),
    (layer, haircut): (&Layer, Ppm),
    (draw, at): (Amount, Timestamp),
    events: &mut Vec<Event>,
) -> Result<Amount, Halt> {
    let conversion = layer.conversion.ok_or(Corrupt::DanglingHandle)?;
    let fund = state.conversions.expect(conversion)?.fund;
    let held = state.funds.expect(fund)?.asset;
    let rate = rate(state, (held, asset), haircut, at)?;
    let parts = parts(state, (layer.source, held), &rate, draw)?;
    let first = parts.first().map_or(Amount::ZERO, |(_, _, owed)| *owed);
    for (from, taken, owed) in parts {
        let pays = from;
        events.push(Event::LayerConverted(Box::new(Converted {
            conversion,
            market,
            fund,
            from,
            asset: held,
            taken,
            pays,
            into: asset,
            owed,
            haircut,
        })));
    }
    Ok(first)
}

/// An account that gives, the atoms that it gives, and what they stand for in the market's asset.
type Part = (LedgerAccount, Amount, Amount);

fn parts(
    state: &State,
    (source, held): (Source, AssetId),
    rate: &Rate,
    draw: Amount,
) -> Result<ArrayVec<Part, 2>, Halt> {
    let all = rate.atoms(draw)?;
    let mut parts = ArrayVec::new();
    match source {
        Source::Staked(tranche) => parts.push((LedgerAccount::Tranche(tranche), all, draw)),
        Source::Reserve(fund) => {
            // Contributions are consumed last within the reserve.
            let own = state.ledger.owed(LedgerAccount::Reserve(fund), held).min(all);
            let given = all.saturating_sub(own);
            let share = draw.mul_div_floor(own.get(), all.get())?;
            parts.push((LedgerAccount::Reserve(fund), own, share));
            if !given.is_zero() {
                let rest = draw.saturating_sub(share);
                parts.push((LedgerAccount::Contributions(fund), given, rest));
            }
        }
        Source::FeePool
        | Source::Socialised
        | Source::Adl
        | Source::Depositors
        | Source::Equity
        | Source::Haircut => {
            return Err(Corrupt::DanglingHandle.into());
        }
    }
    Ok(parts)
}
