//! Coverage bands: how much risk a market may take on while its fund is covered so far.
//!
//! A band is entered downward at once and left upward slowly: coverage must lie above the next edge
//! by a margin, for a while. So a coverage that flutters around an edge does not flap the limits.

use super::control::fine;
use crate::policy::{Band, ControlPolicy};
use backstop_units::{Ppm, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where a fund stands among its bands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// The band, counted from the lowest.
    pub band: u8,
    /// The band that coverage has been good for, and since when; none while it is not above this one.
    pub rising: Option<(u8, Timestamp)>,
}

/// The highest band whose edge, raised by `margin`, coverage has reached; the first one if none.
fn reached(bands: &[Band], coverage: u128, margin: Ppm) -> u8 {
    let found = (0u8..).zip(bands).filter(|(at, band)| {
        let edge = if *at == 0 { Ppm::ZERO } else { band.from.saturating_add(margin) };
        fine(edge) <= coverage
    });
    found.last().map_or(0, |(at, _)| at)
}

/// The band that coverage lies in. `coverage` in trillionths.
pub fn band_of(bands: &[Band], coverage: u128) -> u8 {
    reached(bands, coverage, Ppm::ZERO)
}

/// Where a fund stands once coverage was looked at: down at once, up after the delay.
pub fn moved(policy: &ControlPolicy, before: Standing, coverage: u128, now: Timestamp) -> Standing {
    let lowest = band_of(&policy.bands, coverage);
    if lowest < before.band {
        return Standing { band: lowest, rising: None };
    }
    let good_for = reached(&policy.bands, coverage, policy.band_margin);
    if good_for <= before.band {
        return Standing { band: before.band, rising: None };
    }
    // Good for a higher band since then means good for each lower one since then.
    let (band, since) =
        before.rising.map_or((good_for, now), |(band, since)| (band.min(good_for), since));
    if now >= since.plus(policy.loosen_delay) {
        let more = (good_for > band).then_some((good_for, now));
        return Standing { band, rising: more };
    }
    Standing { band: before.band, rising: Some((band, since)) }
}

/// The band that holds now: the one that was reached, or a lower one that coverage has fallen to since.
pub fn holds(policy: &ControlPolicy, standing: Standing, coverage: u128) -> u8 {
    standing.band.min(band_of(&policy.bands, coverage))
}

/// What a band allows; the first band's for a table of none.
pub fn limits(policy: &ControlPolicy, band: u8) -> Option<&Band> {
    policy.bands.get(usize::from(band)).or(policy.bands.first())
}

/// Whether `new` allows anything at some coverage that `old` does not, or sends surplus elsewhere.
///
/// **Complexity** edges × bands; a table has at most eight.
pub fn loosens(old: &[Band], new: &[Band]) -> bool {
    let at = |bands: &[Band], edge: Ppm| {
        let band = band_of(bands, fine(edge));
        bands.get(usize::from(band)).copied()
    };
    old.iter().chain(new).any(|edge| {
        let (Some(old), Some(new)) = (at(old, edge.from), at(new, edge.from)) else { return true };
        new.open_interest > old.open_interest
            || new.leverage > old.leverage
            || new.listings && !old.listings
            || new.surplus != old.surplus
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SurplusRoute;
    use backstop_units::Span;
    use std::vec::Vec;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_ms(hours * 3_600_000)
    }

    /// Edges at 0, 50, 80, 100 and 110 %, a margin of 2 %, a delay of a day.
    #[test]
    fn down_at_once_and_up_slowly() {
        let policy = ControlPolicy::default();
        let mut standing = Standing { band: 2, rising: None };
        for (hour, coverage, band, rising) in [
            (0, 900_000, 2, None),
            (1, 799_999, 1, None),
            // Above the edge, not above the margin.
            (2, 819_999, 1, None),
            (3, 820_000, 1, Some((2, at(3)))),
            (20, 1_200_000, 1, Some((2, at(3)))),
            // Good for the third band for a day; for the fifth one only from now on.
            (27, 1_200_000, 2, Some((4, at(27)))),
            (40, 1_050_000, 2, Some((3, at(27)))),
            (51, 1_050_000, 3, None),
            (52, 1_000_000, 3, None),
            (53, 100_000, 0, None),
        ] {
            standing = moved(&policy, standing, fine(Ppm::new(coverage)), at(hour));
            assert_eq!(standing, Standing { band, rising }, "hour {hour}");
        }
        let quick = ControlPolicy { loosen_delay: Span::ZERO, ..policy };
        let high = moved(&quick, Standing::default(), fine(Ppm::new(2_000_000)), at(60));
        assert_eq!(high, Standing { band: 4, rising: None });
        assert_eq!(holds(&quick, high, fine(Ppm::new(600_000))), 1);
        assert_eq!(limits(&quick, 1).map(|band| band.leverage), Some(Ppm::new(5_000_000)));
    }

    #[test]
    fn what_is_looser() {
        let bands = ControlPolicy::default().bands;
        let with = |change: fn(&mut Vec<Band>)| {
            let mut changed = bands.clone();
            change(&mut changed);
            loosens(&bands, &changed)
        };
        assert!(!with(|_| ()));
        assert!(!with(|bands| bands[1].leverage = Ppm::new(4_000_000)));
        assert!(!with(|bands| bands[1].from = Ppm::new(600_000)));
        assert!(!with(|bands| bands[2].listings = false));
        assert!(with(|bands| bands[1].leverage = Ppm::new(5_000_001)));
        assert!(with(|bands| bands[1].from = Ppm::new(499_999)));
        assert!(with(|bands| bands[1].open_interest = Ppm::new(500_001)));
        assert!(with(|bands| bands[0].listings = true));
        assert!(with(|bands| bands[4].surplus = SurplusRoute::Stakers));
        // Without the lowest edge above it, the band below holds further up.
        assert!(!with(|bands| bands.retain(|band| band.from != Ppm::WHOLE)));
        assert!(with(Vec::clear));
    }
}
