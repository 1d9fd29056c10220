//! `reference`: the tables of commands, refusals, problems, fees, checks, verbs and settings, from their own
//! declarations.

mod verbs;

use crate::{
    args::{ReferenceArgs, ReferenceTable},
    exit::Failure,
    printer::Printer,
};
use backstop_api::{CHECKS, FEES, http::openapi};
use backstop_core::{COMMANDS, RejectCode};
use backstop_server::config::SETTINGS;
use serde_json::{Value, json};
use std::fmt::Write;

pub(crate) fn run(args: &ReferenceArgs, printer: &Printer) -> Result<(), Failure> {
    match args.table {
        ReferenceTable::Commands => printer.either(&commands(), commands_text),
        ReferenceTable::Fees => printer.either(&backstop_api::fees(), fees_text),
        ReferenceTable::Checks => printer.either(&checks(), checks_text),
        ReferenceTable::Openapi => printer.either(&openapi(), || format!("{:#}\n", openapi())),
        ReferenceTable::Problems => {
            printer.either(&backstop_api::http::problem_codes(), backstop_api::http::problems_text)
        }
        ReferenceTable::Cli => printer.either(&verbs::value(), verbs::text),
        ReferenceTable::Config => printer.either(&settings(), settings_text),
        ReferenceTable::Rejects => printer.either(&rejects(), backstop_core::reject::reject_table),
    }
}

fn commands() -> Value {
    let rows = COMMANDS.iter().map(|command| {
        let fields = command.fields.iter().map(|field| {
            json!({ "name": field.name, "type": field.kind, "doc": field.doc.trim() })
        });
        json!({ "code": command.code, "word": command.word, "doc": command.doc.trim(), "fields": fields.collect::<Vec<_>>() })
    });
    rows.collect()
}

fn commands_text() -> String {
    let mut text = String::new();
    for command in COMMANDS {
        // Writing into a String can't fail.
        let _ =
            writeln!(text, "## `{}` ({})\n\n{}\n", command.word, command.code, command.doc.trim());
        let _ = writeln!(text, "| field | type | what |\n| --- | --- | --- |");
        for field in command.fields {
            let kind = field.kind.replace("backstop_units::", "");
            let _ = writeln!(text, "| `{}` | `{kind}` | {} |", field.name, field.doc.trim());
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn fees_text() -> String {
    let head = "| fee | setting | recipient | basis | purpose | default | recommended |";
    let mut text = format!("{head}\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for fee in FEES {
        let default = fee.default.told();
        let [of, setting] = [fee.of, fee.setting];
        // Writing into a String can't fail.
        let _ = writeln!(
            text,
            "| {} | {of}: `{setting}` | {} | {} | {} | {default} | {} |",
            fee.name, fee.recipient, fee.basis, fee.purpose, fee.recommended
        );
    }
    text
}

fn checks() -> Value {
    let rows = CHECKS
        .iter()
        .copied()
        .flatten()
        .map(|check| json!({ "check": check.name, "why": check.why, "do": check.advice }));
    rows.collect()
}

fn checks_text() -> String {
    let mut text = "| check | why | what to do |\n| --- | --- | --- |\n".to_owned();
    for check in CHECKS.iter().copied().flatten() {
        // Writing into a String can't fail.
        let _ = writeln!(text, "| `{}` | {} | {} |", check.name, check.why, check.advice);
    }
    text
}

fn settings() -> Value {
    let rows = SETTINGS.iter().map(|setting| {
        json!({
            "name": setting.name, "default": setting.default, "variable": setting.variable(), "what": setting.what,
        })
    });
    rows.collect()
}

fn settings_text() -> String {
    let mut text =
        "| setting | default | variable | what |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in SETTINGS {
        let default = match setting.default {
            "" => "empty".to_owned(),
            default => format!("`{default}`"),
        };
        let (name, variable, what) = (setting.name, setting.variable(), setting.what);
        // Writing into a String can't fail.
        let _ = writeln!(text, "| `{name}` | {default} | `{variable}` | {what} |");
    }
    text
}

fn rejects() -> Value {
    let rows = RejectCode::ALL.iter().map(|code| {
        json!({ "number": code.number(), "code": code.name(), "rule": code.what(), "hint": code.hint() })
    });
    rows.collect()
}
