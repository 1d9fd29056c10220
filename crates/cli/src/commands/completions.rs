//! `completions`: a script for a shell.

use crate::{
    args::{Cli, CompletionsArgs},
    exit::Failure,
    printer::Printer,
};
use clap::CommandFactory;

pub(crate) fn run(args: &CompletionsArgs, printer: &Printer) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "backstop", &mut script);
    printer.text(&String::from_utf8_lossy(&script))
}
