//! Deposits: streamed rewards, the crank fee, then shares.
