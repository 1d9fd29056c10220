//! Conformance cases and golden scenarios, through the same runner as `backstop run`.

mod bankruptcy;
mod cases;
mod conformance;
mod drift;
mod drift_formulas;
mod groups;
mod hosted;
mod incidents;
mod kamino;
mod kamino_farms;
mod kamino_pools;
mod kamino_vaults;
mod kamino_yields;
mod kana;
mod marginfi;
mod perp_v2;
mod perps;
mod scenarios;
mod standing;
mod umbrella;
