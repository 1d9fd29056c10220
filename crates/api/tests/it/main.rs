//! Conformance cases and golden scenarios, through the same runner as `backstop run`.

mod conformance;
mod drift;
mod kana;
mod scenarios;
