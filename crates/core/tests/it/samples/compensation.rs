//! Samples of losses of vaults and their compensation.

use backstop_core::{Body, command::RecogniseLoss};
use backstop_testkit::label;

pub(super) fn command_samples() -> Vec<Body> {
    vec![RecogniseLoss { vault: label("safe") }.into()]
}
