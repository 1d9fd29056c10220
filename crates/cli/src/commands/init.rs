//! `init`: a new ledger from a preset.

use crate::{
    args::InitArgs, commands::show::halted, exit::Failure, files, ledger::engine_failure,
    printer::Printer,
};
use backstop_api::Preset;
use backstop_core::{Body, RejectCode, command::SetCouncil, policy::PublicKey};
use backstop_engine::{Engine, Options};
use backstop_units::{Label, parse_hex};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &InitArgs, db: &Path, printer: &Printer) -> Result<(), Failure> {
    let ledger = match args.ledger {
        Some(label) => label,
        None => random_label()?,
    };
    let mut genesis = preset(&args.preset)?.genesis(ledger);
    if !args.council.is_empty() {
        genesis.setup.push(council(args)?);
    }
    let engine = Engine::create(db, &genesis, Options::default())
        .map_err(|error| engine_failure(db, &error))?;
    let (seq, hash) = engine.read(|state| (state.meta.next, state.hash()));
    drop(engine);
    if args.council.is_empty() {
        printer.note("No council: the operator alone decides what a council would. Give --council for each member's key.");
    }
    let value = json!({
        "schema": "backstop.init.v1", "db": db, "ledger": ledger, "preset": genesis.preset, "next_seq": seq,
        "state_hash": hash,
    });
    printer.either(&value, || {
        format!(
            "{} began ledger {ledger} with preset {}\nhint: backstop --db {} fund list\n",
            db.display(),
            genesis.preset,
            db.display()
        )
    })
}

/// A preset by its name, or from a file.
///
/// # Errors
/// [`Failure::Input`] for a name that there is not, a text fault for a file.
pub(crate) fn preset(name: &str) -> Result<Preset, Failure> {
    let path = Path::new(name);
    if path.extension().is_some() {
        return Preset::parse(&files::read(path)?).map_err(|fault| Failure::text(path, fault));
    }
    Preset::named(name).map_err(|error| Failure::Input(error.to_string()))
}

fn council(args: &InitArgs) -> Result<Body, Failure> {
    let key = |text: &String| {
        let mut bytes = [0; 32];
        let read = parse_hex(text, &mut bytes).then_some(PublicKey(bytes));
        read.ok_or_else(|| {
            Failure::Input(format!(
                "{text:?} is no public key: 64 hex digits, as `backstop keys new` prints"
            ))
        })
    };
    let keys = args.council.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let majority = u8::try_from(keys.len() / 2 + 1)
        .map_err(|_| halted(backstop_core::Reject::bare(RejectCode::BadCouncil).into()))?;
    Ok(Body::SetCouncil(SetCouncil { keys, threshold: args.threshold.unwrap_or(majority) }))
}

fn random_label() -> Result<Label, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Environment(format!("random numbers: {error}")))?;
    // The marks of a random UUID, so that it can't read as text.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(Label::from_bytes(bytes))
}
