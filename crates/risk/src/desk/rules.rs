//! Settings as the engine of the need takes them.

use super::setup::{Setup, Shape};
use crate::need::{Closing, Curve, Pressure, Rules, Thinning};

/// Settings as the engine of the need takes them; the engine checks their ranges.
pub(super) fn rules(setup: &Setup) -> Rules {
    let (close, impact) = (&setup.closing, &setup.impact);
    Rules {
        closing: Closing {
            latency: close.latency_seconds,
            crash_latency: close.crash_latency,
            jump_share: close.jump_share,
            unwind: close.unwind_seconds,
            surplus_share: close.surplus_share,
        },
        pressure: Pressure {
            curve: match impact.shape {
                Shape::Linear => Curve::Linear,
                Shape::SquareRoot => Curve::SquareRoot { factor: impact.factor },
            },
            thinning: Thinning { full_move: impact.full_move, floor: impact.floor },
            permanent: impact.permanent,
            band: impact.band,
            rounds_max: impact.rounds_max,
        },
    }
}
