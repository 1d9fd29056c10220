//! `risk message`: what a report asks of a fund, signed by the model's key.

use crate::{args::RiskMessageArgs, commands::keys, exit::Failure, files, printer::Printer};
use backstop_core::{command::ReportRisk, fund::risk_message::risk_bytes, policy::SignatureBytes};
use backstop_engine::{Clock, SystemClock};
use backstop_risk::{
    data::digest,
    desk::{Report, outcome::VERSION},
    sizing::money,
};
use backstop_units::Hash;
use ed25519_dalek::Signer;
use serde_json::json;

/// Prints a line for `apply`.
pub(super) fn run(args: &RiskMessageArgs, printer: &Printer) -> Result<(), Failure> {
    let text = files::read(&args.report)?;
    let name = args.report.display();
    let report: Report = serde_json::from_str(&text).map_err(|error| {
        Failure::Input(format!(
            "{name}: {error}\n\nhint: give the report.json that `backstop risk report` wrote"
        ))
    })?;
    if report.version > VERSION {
        let got = report.version;
        return Err(Failure::Input(format!(
            "{name}: a report of form {got}, this program reads up to {VERSION}: use a newer backstop"
        )));
    }
    let lacks = |what: &str| Failure::Input(format!("{name}: the report has no {what}"));
    let size = report.size.as_ref().ok_or_else(|| lacks("recommended size"))?;
    let need = report.need.as_ref().ok_or_else(|| lacks("need"))?;
    let two = need.cover.iter().find(|line| line.groups == 2);
    let two = two.ok_or_else(|| lacks("Cover-2"))?.amount;
    let refused = |error: &dyn std::fmt::Display| Failure::Input(format!("{name}: {error}"));
    let atoms = |text: &str| backstop_units::parse_decimal(text, 0).map_err(|e| refused(&e));
    let message = ReportRisk {
        fund: args.fund,
        sequence: args.sequence,
        made_at: args.made_at.unwrap_or_else(|| SystemClock::default().now()),
        until: args.until,
        target: backstop_units::Amount::new(atoms(&size.atoms)?),
        cover_two: money(two, size.decimals).map_err(|error| refused(&error))?,
        fee: args.fee,
        hold: args.hold,
        evidence: Hash::parse(&digest(&text)).unwrap_or_default(),
        signature: SignatureBytes([0; 64]),
    };
    let secret = keys::load(&args.key)?;
    let signature = SignatureBytes(secret.sign(&risk_bytes(args.ledger, &message)).to_bytes());
    let message = ReportRisk { signature, ..message };
    let body = json!({ "actor": args.actor, "body": { "report_risk": message } });
    printer.text(&format!("{body}\n"))
}
