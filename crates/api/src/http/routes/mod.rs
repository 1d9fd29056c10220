//! Every route, declared once. The server builds its router from this table and the API description is
//! printed from it, so neither can have what the other lacks.

mod ledger;
mod lending;
mod money;
mod service;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, always: whether the service lives, and what it speaks.
    Anyone,
    /// Anybody where reads are public; otherwise whoever has a key of any role.
    Reader,
    /// A key that may send commands, as the accounts that it is bound to.
    Sender,
    /// A key of an operator.
    Operator,
}

/// An HTTP method. `HEAD` goes with `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a command, or creates.
    Post,
    /// Removes.
    Delete,
}

impl Method {
    /// As it stands in the API description.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Delete => "delete",
        }
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path, always required.
    Path,
    /// Behind the question mark.
    Query,
    /// In a header.
    Header,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A schema of the description by its name, such as `Label`.
    Named(&'static str),
    /// A whole number from the first to the second.
    Count(u64, u64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The word of a command, or `genesis`.
    Command,
    /// Whom a record concerns: a kind and a name, such as `fund:main`.
    Party,
    /// A text of at most so many characters.
    Text(u64),
}

/// Kinds of what a record can concern that have names, as [`Kind::Party`] writes them before the colon.
pub const NAMED_PARTIES: &[&str] =
    &["account", "fund", "tranche", "market", "reserve", "vault", "farm"];

/// Kinds that have only a handle, which stands behind the colon whole: `loss:loss_3`.
pub const NUMBERED_PARTIES: &[&str] = &["loss", "vloss", "proposal", "transfer", "ticket"];

/// Why a fund's money moves, as its history says it. A test of the server compares this with the read model.
pub const FUND_REASONS: &[&str] = &[
    "liquidation_allocation",
    "liquidation_bounty",
    "pool_flow",
    "contribution",
    "revenue",
    "income",
    "stake",
    "unstake",
    "orphaned",
    "excess_withdrawal",
    "protocol_withdrawal",
    "bankruptcy_loss",
    "loss_voided",
    "recovery",
    "takeover",
    "idle_move",
    "house_repayment",
    "conversion",
    "transfer",
    "merge",
    "opening",
    "dust",
    "other",
];

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it may be.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it does.
    pub doc: &'static str,
}

/// What a successful answer brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// `{seq, time, data}` with one view of this name.
    One(&'static str),
    /// `{seq, time, data, has_more, next_cursor}` with views of this name.
    List(&'static str),
    /// A JSON schema by its name, without an envelope.
    Bare(&'static str),
    /// Something else than JSON.
    Other(Media),
    /// Nothing.
    Empty,
}

/// A form that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Svg,
    /// Server-sent events.
    Events,
    /// Plain text.
    Text,
    /// The API description.
    OpenApi,
}

impl Media {
    /// The media type.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Events => "text/event-stream",
            Self::Text => "text/plain",
            Self::OpenApi => "application/json",
        }
    }
}

/// A successful answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What it brings.
    pub payload: Payload,
    /// When it is given.
    pub doc: &'static str,
}

/// How a read may be tied to a sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tied {
    /// Not at all.
    Free,
    /// `min_seq`: not before the reads have come so far.
    After,
    /// `min_seq`, and `at_seq`: as it was just after that record.
    At,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// Its name for generated clients.
    pub id: &'static str,
    /// The part of the API it belongs to.
    pub tag: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What else there is to know.
    pub doc: &'static str,
    /// Parameters of its own.
    pub own: &'static [Param],
    /// Whether it can be tied to a sequence number.
    pub tied: Tied,
    /// The schema of its JSON body, if it has one.
    pub body: Option<&'static str>,
    /// Its successful answers.
    pub answers: &'static [Answer],
    /// Who may call it.
    pub who: Who,
}

/// The parts of the API with what they are about, in order.
pub const TAGS: &[(&str, &str)] = &[
    ("commands", "The one way to change anything."),
    ("ledger", "The log: records, proofs, checkpoints, what waits for signatures."),
    ("accounts", "Who holds what."),
    ("funds", "Insurance funds, their stakers and everything that moved them."),
    ("markets", "Markets, their waterfalls and how near deleveraging is."),
    ("losses", "Losses: who paid, who bore what, what came back."),
    ("lending", "Reserves, vaults, farms, insurance pools, compensation."),
    ("live", "What happens now: server-sent events and webhooks."),
    ("service", "The service itself."),
];

/// Every operation.
pub const ROUTES: &[&[Route]] = &[ledger::ROUTES, money::ROUTES, lending::ROUTES, service::ROUTES];

/// Every operation, one after the other.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().copied().flatten()
}

const MIN_SEQ: Param = Param {
    name: "min_seq",
    place: Place::Query,
    kind: Kind::Named("Seq"),
    required: false,
    doc: "Wait a moment until the reads have this record; 412 if they have not then. Send what a command answered.",
};
const AT_SEQ: Param = Param {
    name: "at_seq",
    place: Place::Query,
    kind: Kind::Named("Seq"),
    required: false,
    doc: "As it was just after this record. 412 if it is ahead, 422 if it lies too far back to be replayed at once.",
};
const LIMIT: Param = Param {
    name: "limit",
    place: Place::Query,
    kind: Kind::Count(1, 500),
    required: false,
    doc: "At most so many; 50 if left out.",
};
const AFTER: Param = Param {
    name: "after",
    place: Place::Query,
    kind: Kind::Text(128),
    required: false,
    doc: "Go on behind this cursor, as `next_cursor` gave it.",
};

impl Param {
    /// Whether it names what may not be there: everything in a path, and filters by a name.
    fn names_something(&self) -> bool {
        let named = matches!(self.kind, Kind::Named("Label") | Kind::Party);
        self.place == Place::Path || (self.place == Place::Query && named)
    }
}

impl Route {
    /// A read of one thing.
    const fn one(
        path: &'static str,
        id: &'static str,
        view: &'static [Answer],
        [tag, summary, doc]: [&'static str; 3],
    ) -> Self {
        let (method, who, tied) = (Method::Get, Who::Reader, Tied::At);
        Self { method, path, id, tag, summary, doc, own: &[], tied, body: None, answers: view, who }
    }

    /// With parameters of its own.
    const fn with(mut self, own: &'static [Param]) -> Self {
        self.own = own;
        self
    }

    /// Tied as history is, or not at all.
    const fn tied(mut self, tied: Tied) -> Self {
        self.tied = tied;
        self
    }

    /// For these callers.
    const fn open_to(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    /// With this method and body.
    const fn sends(mut self, method: Method, body: Option<&'static str>) -> Self {
        self.method = method;
        self.body = body;
        self.tied = Tied::Free;
        self
    }

    /// Whether it answers with a list.
    pub fn is_list(&self) -> bool {
        self.answers.iter().any(|answer| matches!(answer.payload, Payload::List(_)))
    }

    /// All its parameters: its own, then those that its kind of read takes.
    pub fn params(&self) -> Vec<Param> {
        let mut all = self.own.to_vec();
        if self.is_list() {
            all.extend([LIMIT, AFTER]);
        }
        match self.tied {
            Tied::Free => {}
            Tied::After => all.push(MIN_SEQ),
            Tied::At => all.extend([MIN_SEQ, AT_SEQ]),
        }
        all
    }

    /// The statuses that a refusal of this operation can have, rising.
    pub fn problems(&self) -> Vec<u16> {
        let mut all = vec![406, 408, 414, 429, 431, 500, 503];
        let params = self.params();
        if !params.is_empty() || self.body.is_some() {
            all.push(400);
        }
        if params.iter().any(Param::names_something) {
            all.push(404);
        }
        if params.iter().any(|param| param.name == "after_seq") {
            all.push(412);
        }
        match self.who {
            Who::Anyone => {}
            Who::Reader => all.push(401),
            Who::Sender | Who::Operator => all.extend([401, 403]),
        }
        match self.tied {
            Tied::Free => {}
            Tied::After => all.push(412),
            Tied::At => all.extend([412, 422]),
        }
        if self.body.is_some() {
            all.extend([413, 415, 422]);
        }
        if self.id == "send_command" {
            all.extend([409, 410]);
        }
        all.extend(self.own.iter().any(|param| param.name == "loss").then_some(422));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A label in the path.
const fn label(name: &'static str, doc: &'static str) -> Param {
    Param { name, place: Place::Path, kind: Kind::Named("Label"), required: true, doc }
}

/// Something else in the path.
const fn in_path(name: &'static str, kind: Kind, doc: &'static str) -> Param {
    Param { name, place: Place::Path, kind, required: true, doc }
}

/// A filter behind the question mark.
const fn filter(name: &'static str, kind: Kind, doc: &'static str) -> Param {
    Param { name, place: Place::Query, kind, required: false, doc }
}

/// One view.
const fn view(name: &'static str) -> Answer {
    Answer { status: 200, payload: Payload::One(name), doc: "What was asked for." }
}

/// A page of a list.
const fn list(name: &'static str) -> Answer {
    Answer { status: 200, payload: Payload::List(name), doc: "A page of the list." }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_operation_is_declared_once_and_whole() {
        let (mut places, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for route in routes() {
            assert!(places.insert((route.path, route.method)), "{} twice", route.path);
            assert!(ids.insert(route.id), "{} twice", route.id);
            assert!(TAGS.iter().any(|(tag, _)| *tag == route.tag), "{}", route.id);
            assert!(!route.answers.is_empty() && !route.doc.is_empty(), "{}", route.id);
            assert!(route.summary.ends_with('.') && route.doc.ends_with('.'), "{}", route.id);
            assert!(route.body.is_none() || route.method == Method::Post, "{}", route.id);
        }
        for (tag, _) in TAGS {
            assert!(routes().any(|route| route.tag == *tag), "nothing about {tag}");
        }
    }

    #[test]
    fn parameters_of_paths_are_those_in_braces() {
        for route in routes() {
            let braces = route.path.split('/').filter_map(|part| part.strip_prefix('{'));
            let braces: Vec<&str> =
                braces.filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
            let params = route.params();
            let named = params.iter().filter(|param| param.place == Place::Path);
            assert_eq!(named.map(|param| param.name).collect::<Vec<_>>(), braces, "{}", route.id);
            let names: BTreeSet<&str> = params.iter().map(|param| param.name).collect();
            assert_eq!(names.len(), params.len(), "{}", route.id);
        }
    }
}
