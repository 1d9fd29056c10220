//! How near a layer that pays later is: what would have to be lost first.

use super::Kind;
use crate::{
    fund::gauge::extremes,
    loss::capacity::capacities,
    policy::Cause,
    reject::Corrupt,
    state::{Source, State},
};
use backstop_units::{Amount, MarketId, Timestamp};

/// Lights of a gauge that are all on when the next loss reaches the layer.
pub const LIGHTS: u8 = 5;

/// How near a market's winners are to being deleveraged, or its accounts to sharing by equity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimGauge {
    /// The largest loss that the layers before them bear alone, in atoms.
    pub cushion: Amount,
    /// What the cushion is measured by: the fund's target, or without one its peak of thirty days.
    pub reference: Amount,
    /// One light for each fifth of the reference that the cushion lacks: 0 far away, 5 next.
    pub lights: u8,
}

/// A market's gauge for losses of one cause; none where the layer does not stand in its waterfall.
///
/// **Rounding** a started fifth of cushion puts no light out.
///
/// # Errors
/// [`Corrupt`] when the waterfall names what does not exist.
pub fn gauge(
    state: &State,
    (id, kind): (MarketId, Kind),
    cause: Cause,
    now: Timestamp,
) -> Result<Option<ClaimGauge>, Corrupt> {
    let market = state.markets.expect(id)?;
    let source = match kind {
        Kind::Adl => Source::Adl,
        Kind::Equity => Source::Equity,
    };
    let Some(ahead) = state.layers_of(market).position(|(_, layer)| layer.source == source) else {
        return Ok(None);
    };
    let fund = state.funds.expect(market.fund)?;
    let [_, month] = extremes(state, market.fund, now)?;
    let reference = if fund.target.is_zero() { month.high } else { fund.target };
    let capacities = capacities(state, id, market, cause, now)?;
    let cushion = capacities
        .iter()
        .take(ahead)
        .fold(Amount::ZERO, |sum, layer| sum.saturating_add(layer.available.min(layer.headroom)));
    Ok(Some(ClaimGauge { cushion, reference, lights: lights(cushion, reference) }))
}

fn lights(cushion: Amount, reference: Amount) -> u8 {
    let fifths = cushion.min(reference).mul_div_floor(u128::from(LIGHTS), reference.get());
    // Without a reference only an empty cushion is near.
    let out = fifths.map_or(if cushion.is_zero() { 0 } else { LIGHTS }, |fifths| {
        u8::try_from(fifths.get()).unwrap_or(LIGHTS)
    });
    LIGHTS.saturating_sub(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_for_each_fifth_that_is_missing() {
        for (cushion, reference, on) in [
            (0, 100, 5),
            (1, 100, 5),
            (19, 100, 5),
            (20, 100, 4),
            (99, 100, 1),
            (100, 100, 0),
            (u128::MAX, 100, 0),
            (u128::MAX, u128::MAX, 0),
            (0, 0, 5),
            (1, 0, 0),
        ] {
            assert_eq!(
                lights(Amount::new(cushion), Amount::new(reference)),
                on,
                "{cushion} of {reference}"
            );
        }
    }
}
