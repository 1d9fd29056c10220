//! Lines on standard error: text for a terminal, JSON for a machine. No secret and no body is logged.

use crate::config::{LogForm, Settings};
use std::io::IsTerminal;
use tracing_subscriber::{filter::LevelFilter, fmt};

/// Starts the log; a second call changes nothing.
pub fn init(settings: &Settings) {
    let json = match settings.log {
        LogForm::Json => true,
        LogForm::Text => false,
        LogForm::Auto => !std::io::stderr().is_terminal(),
    };
    let level = LevelFilter::from_level(settings.log_level);
    let lines = fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // The first one stays: tests start several servers in one process.
    let _ = if json {
        tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish())
    } else {
        tracing::subscriber::set_global_default(
            lines.with_ansi(std::io::stderr().is_terminal()).finish(),
        )
    };
}
