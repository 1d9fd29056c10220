//! The binary `backstop`: an insurance fund's ledger from the command line.
//!
//! Data goes to standard output, everything else to standard error; `--json` works everywhere; exit
//! codes are in [`exit`]. Each verb is one file under `commands`.

#![expect(clippy::format_push_string, reason = "pages of text are built once, for people")]
#![expect(clippy::needless_pass_by_value, reason = "adapters for map_err take what it hands them")]

mod args;
mod commands;
mod exit;
mod files;
mod ledger;
mod printer;

use args::{Cli, Verb};
use clap::Parser;
use exit::Failure;
use printer::Printer;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let mut printer = Printer::new(cli.json, cli.no_progress);
    match files::clean_up_when_interrupted().and_then(|()| dispatch(cli, &mut printer)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&printer),
    }
}

fn dispatch(cli: Cli, printer: &mut Printer) -> Result<(), Failure> {
    use commands as c;
    let db = cli.db;
    match cli.verb {
        Verb::Demo(args) => c::demo::run(&args, printer),
        Verb::Init(args) => c::init::run(&args, &db, printer),
        Verb::Serve(args) => c::serve::run(&args, &db, printer),
        Verb::Backup(args) => c::backup::backup(&args, &db, printer),
        Verb::Restore(args) => c::backup::restore(&args, &db, printer),
        Verb::Apply(args) => c::apply::run(&args, &db, printer),
        Verb::Run(args) => c::run::run(&args, printer),
        Verb::Verify(args) => c::verify::run(&args, printer),
        Verb::Checkpoint(args) => c::checkpoint::run(&args, &db, printer),
        Verb::Proof(args) => c::proof::run(&args, &db, printer),
        Verb::Fund(args) => c::show::fund(&args, &db, printer),
        Verb::Loss(args) => c::show::loss(&args, &db, printer),
        Verb::Waterfall(args) => c::show::waterfall(&args, &db, printer),
        Verb::Picture(args) => c::picture::run(&args, &db, printer),
        Verb::Vault(args) => c::lending::vault(&args, &db, printer),
        Verb::Reserve(args) => c::lending::reserve(&args, &db, printer),
        Verb::Farm(args) => c::lending::farm(&args, &db, printer),
        Verb::Pool(args) => c::lending::pool(&args, &db, printer),
        Verb::Compensation(args) => c::lending::compensation(&args, &db, printer),
        Verb::Export(args) => c::export::run(&args, &db, printer),
        Verb::Report(args) => c::report::run(&args, printer),
        Verb::Risk(args) => c::risk::run(&args, &db, printer),
        Verb::Config(args) => c::config::run(&args, &db, printer),
        Verb::Keys(args) => c::keys::run(&args, &db, printer),
        Verb::Webhooks(args) => c::webhooks::run(&args, &db, printer),
        Verb::State => c::state::run(&db, printer),
        Verb::Reference(args) => c::reference::run(&args, printer),
        Verb::Completions(args) => c::completions::run(&args, printer),
    }
}
