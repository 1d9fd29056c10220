//! What was entered, and the command that it means.

use super::table::{Form, Kind, Whose};
use crate::problem::Problem;
use backstop_api::commands;
use backstop_core::{Command, State};
use backstop_units::{AssetId, Label, parse_decimal};
use serde_json::{Map, Value, json};

/// Fields of a form as they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Entered(Vec<(String, String)>);

/// What is wrong, and with which field.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) field: String,
    pub(super) what: String,
    pub(super) hint: String,
}

impl Wrong {
    fn new(field: &str, what: impl Into<String>) -> Self {
        Self { field: field.to_owned(), what: what.into(), hint: String::new() }
    }

    /// What a rule refused.
    pub(super) fn of(problem: &Problem) -> Self {
        let problem = &problem.0;
        Self { field: String::new(), what: problem.detail.clone(), hint: problem.hint.clone() }
    }
}

impl Entered {
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Reads a form's body.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn parse(body: &str) -> Result<Self, Problem> {
        let read = serde_urlencoded::from_str(body);
        read.map(Self).map_err(|_| Problem::parameter("body", "something else", "fields of a form"))
    }

    /// A field that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    }

    /// A field as it goes into its box again.
    pub(super) fn shown(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The id that the command was tried with.
    pub(super) fn id(&self) -> Option<Label> {
        self.get("id").and_then(|id| Label::parse(id).ok())
    }

    /// The form's own fields, to be sent again.
    pub(super) fn asked(&self, form: &Form) -> Vec<(String, String)> {
        let fields = form.fields.iter();
        fields.filter_map(|field| Some((field.name.into(), self.get(field.name)?.into()))).collect()
    }
}

/// The command that a form means.
///
/// # Errors
/// The field that is wrong.
pub(super) fn command(
    form: &Form,
    entered: &Entered,
    state: &State,
    id: Label,
) -> Result<Command, Wrong> {
    let mut fields = Map::new();
    let mut actor = entered.shown("account").to_owned();
    for field in form.fields {
        let Some(text) = entered.get(field.name) else {
            if field.required {
                return Err(Wrong::new(field.name, "this is needed"));
            }
            continue;
        };
        match field.kind {
            Kind::Actor => text.clone_into(&mut actor),
            Kind::Flag => {
                fields.insert(field.name.into(), Value::Bool(true));
            }
            Kind::Plain => {
                fields.insert(field.name.into(), json!(text));
            }
            Kind::Money(whose) => {
                let (asset, atoms) = atoms(state, entered, whose, (field.name, text))?;
                fields.insert(field.name.into(), json!(atoms.to_string()));
                if names_asset(form) {
                    fields.insert("asset".into(), json!(asset));
                }
            }
        }
    }
    let text = json!({ "id": id, "actor": actor, "body": { form.word: fields } }).to_string();
    let mut read = commands(&text, |_| id).map_err(|fault| {
        let pointer = backstop_api::http::Problem::malformed(&fault, &text);
        let pointer = pointer.errors.first().map_or("", |error| error.pointer.as_str()).to_owned();
        let field = pointer.rsplit('/').next().unwrap_or_default().to_owned();
        Wrong {
            field,
            what: format!("{}, got {}", fault.what, fault.got),
            hint: fault.hint.to_string(),
        }
    })?;
    read.pop().ok_or_else(|| Wrong::new("", "nothing was entered"))
}

/// Whether the form's command says which asset it is about.
fn names_asset(form: &Form) -> bool {
    let spec = backstop_core::command::COMMANDS.iter().find(|spec| spec.word == form.word);
    spec.is_some_and(|spec| spec.fields.iter().any(|field| field.name == "asset"))
}

/// An amount in atoms, and the name of its asset.
fn atoms(
    state: &State,
    entered: &Entered,
    whose: Whose,
    (field, text): (&str, &str),
) -> Result<(Label, u128), Wrong> {
    let (named, word) = match whose {
        Whose::Fund => ("fund", "fund"),
        Whose::Tranche => ("tranche", "tranche"),
        Whose::Vault => ("vault", "vault"),
    };
    let unknown = || Wrong::new(named, format!("there is no {word} of this name"));
    let label = Label::parse(entered.shown(named)).map_err(|_| unknown())?;
    let asset = asset(state, whose, label).ok_or_else(unknown)?;
    let asset = state.assets.get(asset).ok_or_else(unknown)?;
    let atoms = parse_decimal(&text.replace(',', ""), asset.decimals);
    atoms.map(|atoms| (asset.label, atoms)).map_err(|error| Wrong::new(field, error.to_string()))
}

fn asset(state: &State, whose: Whose, label: Label) -> Option<AssetId> {
    match whose {
        Whose::Fund => Some(state.funds.get(state.fund_id(label).ok()?)?.asset),
        Whose::Tranche => {
            let tranche = state.tranches.get(state.tranche_id(label).ok()?)?;
            Some(state.funds.get(tranche.fund)?.asset)
        }
        Whose::Vault => Some(state.vaults.get(state.vault_id(label).ok()?)?.asset),
    }
}
