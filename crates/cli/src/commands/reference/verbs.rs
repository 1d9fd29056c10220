//! `reference cli`: every verb with its flags, as the program itself declares them.

use crate::args::Cli;
use clap::{Arg, ArgAction, Command, CommandFactory, builder::StyledStr};
use serde_json::{Value, json};
use std::fmt::Write;

/// Every verb that does something, with the words that lead to it.
fn verbs() -> Vec<(String, Command)> {
    let mut cli = Cli::command();
    cli.build();
    let mut found = Vec::new();
    gather(&cli, "backstop", &mut found);
    found
}

fn gather(of: &Command, name: &str, found: &mut Vec<(String, Command)>) {
    for verb in of.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("{name} {}", verb.get_name());
        if verb.has_subcommands() {
            gather(verb, &name, found);
        } else {
            found.push((name, verb.clone()));
        }
    }
}

/// What a verb takes, without what every verb does.
fn own(verb: &Command) -> impl Iterator<Item = &Arg> {
    let asks_for_help = |arg: &Arg| {
        matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong)
    };
    verb.get_arguments().filter(move |arg| !arg.is_global_set() && !asks_for_help(arg))
}

/// As it is written: `FILE`, `--out <DIR>`.
fn spelled(arg: &Arg) -> String {
    let value = || {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().fold(String::new(), |text, name| text + " <" + name + ">")
    };
    match arg.get_long() {
        Some(long) if arg.get_action().takes_values() => format!("--{long}{}", value()),
        Some(long) => format!("--{long}"),
        None => value().trim().to_owned(),
    }
}

/// Words of the declaration, which come without their full stop.
fn sentence(words: Option<&StyledStr>) -> String {
    words.map(|words| format!("{words}.")).unwrap_or_default()
}

/// What is to be written, and what is taken if it is not.
fn what(arg: &Arg) -> String {
    let mut text = sentence(arg.get_help());
    // A shell's names are those that the library knows, a format's are ours.
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    let defaults: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        let _ = write!(text, " Default `{}`.", defaults.join(" "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(text, " Variable `{}`.", variable.to_string_lossy());
    }
    text.trim().replace('|', "/")
}

fn must(arg: &Arg) -> &'static str {
    if arg.is_required_set() { "yes" } else { "" }
}

/// The reference as Markdown.
pub(super) fn text() -> String {
    let cli = Cli::command();
    let mut text = String::from("Every verb takes these:\n\n");
    table(&mut text, cli.get_arguments().filter(|arg| arg.is_global_set()));
    for (name, verb) in verbs() {
        let about = sentence(verb.get_about());
        // Writing into a String can't fail.
        let _ = writeln!(text, "\n## `{name}`\n\n{about}");
        if own(&verb).next().is_some() {
            text.push('\n');
            table(&mut text, own(&verb));
        }
    }
    text
}

fn table<'a>(text: &mut String, args: impl Iterator<Item = &'a Arg>) {
    text.push_str("| flag | must | what |\n| --- | --- | --- |\n");
    for arg in args {
        let _ = writeln!(text, "| `{}` | {} | {} |", spelled(arg), must(arg), what(arg));
    }
}

/// The reference as JSON.
pub(super) fn value() -> Value {
    let row = |arg: &Arg| json!({ "flag": spelled(arg), "must": arg.is_required_set(), "what": what(arg) });
    let rows = verbs().into_iter().map(|(name, verb)| {
        let about = verb.get_about().map(ToString::to_string);
        json!({ "verb": name, "about": about, "flags": own(&verb).map(row).collect::<Vec<_>>() })
    });
    rows.collect()
}
