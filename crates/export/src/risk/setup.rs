//! All settings, as a file has them, and the command that makes the report again.

use super::part::{Block, Part};
use backstop_risk::desk::Report;

/// The name that the page gives to the file of settings.
pub const SETTINGS: &str = "risk.toml";

/// The command that makes a report again from its own settings.
pub const AGAIN: &str = "backstop risk report --setup risk.toml --out report";

pub(super) fn part(report: &Report) -> Part {
    let mut part = Part::new("setup", "Run it again");
    part.words(format!(
        "Made by {} at {}, in form {} of the report. The same settings and files give the same figures on any machine.",
        report.program, report.made_at, report.version
    ));
    part.words(format!(
        "Save these settings as {SETTINGS} beside the files of the data part, then:"
    ));
    part.blocks.push(Block::Code(AGAIN.to_owned()));
    part.blocks.push(Block::Code(report.setup.to_toml()));
    part
}
