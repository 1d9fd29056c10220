//! Parameters of a read, checked by the route's own table: what it does not name is refused, and so is what
//! is not spelled as it says.

use crate::problem::{HttpProblem, Problem};
use axum::http::Uri;
use backstop_api::http::{Kind, NAMED_PARTIES, NUMBERED_PARTIES, Param, Place, Route, routes};
use backstop_core::COMMANDS;
use backstop_units::{Amount, Label, LossId, Seq, Timestamp, VaultLossId};
use std::collections::BTreeMap;

/// Rows of a page if nothing is said.
const LIMIT: usize = 50;

/// Parameters that fit their route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// Reads the query of an operation that has no reader of its own for it.
    ///
    /// # Errors
    /// 400 for what the table of routes does not allow.
    pub(crate) fn of(id: &str, uri: &Uri) -> Result<Self, Problem> {
        let route = routes().find(|route| route.id == id).ok_or_else(Problem::internal)?;
        Self::read(route, Vec::new(), uri.query().unwrap_or_default())
    }

    /// Reads path and query.
    pub(super) fn read(
        route: &Route,
        path: Vec<(String, String)>,
        query: &str,
    ) -> Result<Self, Problem> {
        let declared = route.params();
        let mut values = BTreeMap::new();
        for (name, value) in path {
            let param = declared.iter().find(|it| it.place == Place::Path && it.name == name);
            check(param, &name, &value)?;
            values.insert(name, value);
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Problem::parameter("query", query, "names and values"))?;
        for (name, value) in pairs {
            let param = declared.iter().find(|it| it.place == Place::Query && it.name == name);
            check(param, &name, &value)?;
            if values.insert(name.clone(), value.clone()).is_some() {
                return Err(Problem::parameter(&name, &value, "each parameter once"));
            }
        }
        for param in declared.iter().filter(|param| param.required) {
            if !values.contains_key(param.name) {
                return Err(Problem::parameter(param.name, "nothing", expected(param.kind)));
            }
        }
        Ok(Self { values })
    }

    /// A parameter as it was written.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A parameter that is there, as it was written; nothing for one that can't be absent.
    fn given(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A parameter as what it stands for.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A name in the path.
    pub(super) fn label(&self, name: &str) -> Label {
        Label::parse(self.given(name)).unwrap_or(Label::NONE)
    }

    /// A name that filters.
    pub(crate) fn filter(&self, name: &str) -> Option<Label> {
        self.text(name).and_then(|text| Label::parse(text).ok())
    }

    /// A sequence number.
    pub(crate) fn seq(&self, name: &str) -> Option<Seq> {
        self.parsed(name).map(Seq::new)
    }

    /// A moment.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(|text| Timestamp::parse(text).ok())
    }

    /// Atoms.
    pub(super) fn amount(&self, name: &str) -> Option<Amount> {
        self.parsed(name).map(Amount::new)
    }

    /// A loss.
    pub(super) fn loss(&self) -> LossId {
        LossId::new(index(self.given("loss"), "loss_").unwrap_or(u32::MAX))
    }

    /// A vault's loss.
    pub(super) fn vault_loss(&self) -> VaultLossId {
        VaultLossId::new(index(self.given("vault_loss"), "vloss_").unwrap_or(u32::MAX))
    }

    /// Rows of a page.
    pub(super) fn limit(&self) -> usize {
        self.parsed("limit").unwrap_or(LIMIT)
    }

    /// The cursor of a list whose places are numbers.
    ///
    /// # Errors
    /// 400 for what is no such cursor.
    pub(super) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(text) = self.text("after") else { return Ok(None) };
        text.parse().map(Some).map_err(|_| bad_cursor(text))
    }
}

/// The refusal of a cursor.
pub(super) fn bad_cursor(got: &str) -> Problem {
    let problem = backstop_api::http::Problem::http(HttpProblem::BadCursor);
    problem.got(got).at("?after", "not a cursor of this list").into()
}

/// The word of a command as its number; that of the genesis is 0.
///
/// # Errors
/// 400 for a word that stands for nothing.
pub(crate) fn command_code(word: &str) -> Result<u16, Problem> {
    if word == "genesis" {
        return Ok(0);
    }
    let found = COMMANDS.iter().find(|command| command.word == word).map(|command| command.code);
    found.ok_or_else(|| Problem::parameter("kind", word, expected(Kind::Command)))
}

/// The number in a handle of up to ten digits; one that no handle reaches stands for nothing that is there.
fn index(text: &str, prefix: &str) -> Option<u32> {
    let digits = text.strip_prefix(prefix)?;
    let spelled = (1..=10).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    spelled.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// Whether it names whom a record concerns.
fn is_party(text: &str) -> bool {
    let Some((kind, name)) = text.split_once(':') else { return false };
    let handle = |name: &str| name.strip_prefix(kind).is_some_and(|it| index(it, "_").is_some());
    (NAMED_PARTIES.contains(&kind) && Label::parse(name).is_ok())
        || (NUMBERED_PARTIES.contains(&kind) && handle(name))
}

fn check(param: Option<&Param>, name: &str, value: &str) -> Result<(), Problem> {
    let Some(param) = param else {
        return Err(Problem::parameter(name, value, "a parameter of this operation"));
    };
    if fits(param.kind, value) {
        return Ok(());
    }
    Err(Problem::parameter(name, value, expected(param.kind)))
}

fn fits(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Named("Label") => Label::parse(text).is_ok(),
        Kind::Named("Amount") => whole(text).is_some(),
        Kind::Named("Seq") => whole_seq(text).is_some(),
        Kind::Named("Timestamp") => Timestamp::parse(text).is_ok(),
        Kind::Named("LossId") => index(text, "loss_").is_some(),
        Kind::Named("VaultLossId") => index(text, "vloss_").is_some(),
        Kind::Named(name) => word_of(name).contains(&text),
        Kind::Count(least, most) => {
            whole(text).is_some_and(|count| (u128::from(least)..=most.into()).contains(&count))
        }
        Kind::Flag => matches!(text, "true" | "false"),
        Kind::Word(words) => words.contains(&text),
        Kind::Command => command_code(text).is_ok(),
        Kind::Party => is_party(text),
        Kind::Text(most) => {
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            (1..=most).contains(&length)
        }
    }
}

/// The largest sequence number that JSON carries.
const SEQ_MAX: u128 = (1 << 53) - 1;

/// A sequence number as it is written in a request.
pub(crate) fn whole_seq(text: &str) -> Option<Seq> {
    let seq = whole(text).filter(|seq| *seq <= SEQ_MAX)?;
    u64::try_from(seq).ok().map(Seq::new)
}

/// Digits and nothing else.
fn whole(text: &str) -> Option<u128> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// The words of a choice of the core.
fn word_of(name: &str) -> Vec<&'static str> {
    match name {
        "Cause" => backstop_core::policy::Cause::ALL.iter().map(|cause| cause.word()).collect(),
        "LossStatus" => vec!["declared", "open", "placed", "closed", "void"],
        _ => Vec::new(),
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Named("Label") => {
            "a name: up to 16 characters of a-z 0-9 . _ : - that are no handle such as fund_0, or a UUID"
        }
        Kind::Named("Amount") => "atoms as decimal digits",
        Kind::Named("Seq") => "a sequence number",
        Kind::Named("Timestamp") => "a moment such as 2025-10-10T21:19:00Z",
        Kind::Named("LossId") => "a loss such as loss_3",
        Kind::Named("VaultLossId") => "a vault's loss such as vloss_0",
        Kind::Named(_) | Kind::Word(_) => "one of the words that /v1/openapi.json lists",
        Kind::Command => {
            "the word of a command as `backstop reference commands` has it, or genesis"
        }
        Kind::Party => {
            "a kind and a name, such as fund:main, account:alice, market:btc, loss:loss_3"
        }
        Kind::Count(..) => "a whole number within the bounds that /v1/openapi.json names",
        Kind::Flag => "true or false",
        Kind::Text(_) => "a text that is not empty and not longer than /v1/openapi.json says",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_api::http::routes;

    fn read(id: &str, path: &[(&str, &str)], query: &str) -> Result<Params, Problem> {
        let route = routes().find(|route| route.id == id).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Params::read(route, path.iter().map(owned).collect(), query)
    }

    /// What the description calls a handle is one, however large: nothing is there then.
    #[test]
    fn handles_that_nothing_reaches_are_handles() {
        for (text, fits) in [
            ("loss_0", true),
            ("loss_4294967296", true),
            ("loss_9999999999", true),
            ("loss_10000000000", false),
            ("loss_", false),
            ("loss_+1", false),
            ("vloss_1", false),
        ] {
            assert_eq!(super::fits(Kind::Named("LossId"), text), fits, "{text}");
        }
        let params = read("get_loss", &[("loss", "loss_9999999999")], "").unwrap();
        assert_eq!(params.loss(), LossId::new(u32::MAX));
    }

    #[test]
    fn filters_take_words_and_parties_that_the_description_allows() {
        for (query, fits) in [
            ("kind=stake", true),
            ("kind=genesis", true),
            ("kind=0", false),
            ("kind=", false),
            ("party=fund:main", true),
            ("party=loss:loss_3", true),
            ("party=loss:loss_9999999999", true),
            ("party=loss:vloss_3", false),
            ("party=loss:3", false),
            ("party=fund:fund_0", false),
            ("party=fund", false),
            ("party=weather:main", false),
        ] {
            assert_eq!(read("list_records", &[], query).is_ok(), fits, "{query}");
        }
    }

    #[test]
    fn parameters_are_those_of_the_table() {
        let path = [("market", "btc-perp")];
        let params = read("explain_waterfall", &path, "loss=100&cause=bad_debt").unwrap();
        assert_eq!(params.amount("loss"), Some(Amount::new(100)));
        assert_eq!(params.label("market"), Label::parse("btc-perp").unwrap());
        for (query, name) in [
            ("", "?loss"),
            ("loss=-1", "?loss"),
            ("loss=1&loss=2", "?loss"),
            ("loss=1&cause=weather", "?cause"),
            ("loss=1&colour=red", "?colour"),
            ("loss=1&loss", "?loss"),
            ("loss=1&at_seq=99999999999999999999", "?at_seq"),
        ] {
            let problem = read("explain_waterfall", &path, query).unwrap_err().0;
            assert_eq!((problem.status, problem.code), (400, "BAD_PARAMETER"), "{query}");
            assert_eq!(problem.errors[0].pointer, name, "{query}");
        }
        for query in ["limit=0", "limit=501", "limit=x"] {
            assert_eq!(read("list_funds", &[], query).unwrap_err().0.status, 400, "{query}");
        }
        assert_eq!(read("list_funds", &[], "").unwrap().limit(), 50);
        let cursor = read("list_funds", &[], "after=x").unwrap().after::<u32>();
        assert_eq!(cursor.unwrap_err().0.code, "BAD_CURSOR");
    }
}
