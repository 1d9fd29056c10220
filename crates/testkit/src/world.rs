//! A ledger to test in: a cast of accounts, two funds, three markets, and a scenario clock.
//!
//! ```text
//!   fund main (shared)   tranches jun, sen    markets sol, btc
//!   fund iso (isolated)  tranche ijun         market  doge
//! ```

use crate::keys;
use backstop_core::{
    Body, Checked, Command, Entry, Event, Genesis, Halt, RULES_VERSION, Record, Reject, State,
    apply, begin,
    command::{
        Approvals, CreateFund, CreateMarket, CreateTranche, OpenAccount, Opening, OpeningAccount,
        RegisterAsset, RegisterFeed, RegisterIndex, ReportPrice, Reporter, SetControl, SetCouncil,
        SetRoles,
    },
    policy::{
        BadDebtPolicy, ControlPolicy, FundKind, FundPolicy, IndexPolicy, LayerPolicy, LayerSource,
        Limits, MarketPolicy, Payout, Role, Roles, TranchePolicy, Underwater,
    },
    record,
};
use backstop_units::{Amount, Label, Ppm, Price, Seq, Span, Timestamp};

/// When every world begins.
pub const START: Timestamp = Timestamp::from_ms(1_760_000_000_000);
/// Accounts with a balance that trade, stake and give.
pub const TRADERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
/// Offices of the venue and the roles they hold.
pub const OFFICES: [(&str, &[Role]); 7] = [
    ("op", &[Role::Operator]),
    ("venue", &[Role::Venue]),
    ("risk", &[Role::Risk]),
    ("guardian", &[Role::Guardian]),
    ("keeper", &[Role::Keeper]),
    ("custodian", &[Role::Custodian]),
    ("treasury", &[]),
];
/// Funds, in the order of their handles.
pub const FUNDS: [&str; 2] = ["main", "iso"];
/// Tranches and their funds, in the order of their handles.
pub const TRANCHES: [(&str, &str); 3] = [("jun", "main"), ("sen", "main"), ("ijun", "iso")];
/// Markets and their funds, in the order of their handles.
pub const MARKETS: [(&str, &str); 3] = [("sol", "main"), ("btc", "main"), ("doge", "iso")];
/// The price index that markets may compare their marks with.
pub const INDEX: &str = "mark";
/// Its feeds, in the order of their handles, each with its family and the seed of its key; the one
/// without a key is reported by the venue.
pub const FEEDS: [(&str, &str, Option<u8>); 5] = [
    ("north", "one", Some(101)),
    ("south", "one", Some(102)),
    ("east", "two", Some(103)),
    ("west", "three", Some(104)),
    ("own", "venue", None),
];
/// Assets; funds hold the first.
pub const ASSETS: [&str; 2] = ["usdt", "eth"];

/// Reads a label that is written out in a test.
///
/// # Panics
/// When it is no label.
pub fn label(text: &str) -> Label {
    Label::parse(text).expect("a label written in a test")
}

/// A layer without limits.
pub fn layer(source: LayerSource) -> LayerPolicy {
    LayerPolicy {
        source,
        payout: Payout::Partial,
        per_event: None,
        per_1h: None,
        per_8h: None,
        per_24h: None,
        lifetime: None,
        haircut: None,
    }
}

/// A market with this waterfall and nothing else set.
pub fn market(waterfall: Vec<LayerPolicy>) -> MarketPolicy {
    MarketPolicy {
        waterfall,
        underwater: Underwater::Nothing,
        event_window: Span::hours(1),
        pools: None,
        tier: None,
        mark: None,
        mark_band: Ppm::new(20_000),
        adl: None,
        equity: None,
        bad_debt: BadDebtPolicy::default(),
        hosted: None,
    }
}

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Limits of the ledger; opening balances need `sandbox`.
    pub limits: Limits,
    /// How many members the council has (keys 1 to this), and how many must sign.
    pub council: (u8, u8),
    /// Rules of both funds.
    pub fund: FundPolicy,
    /// Threshold of both funds.
    pub threshold: Amount,
    /// Target of both funds.
    pub target: Amount,
    /// Rules of the tranches, in the order of [`TRANCHES`].
    pub tranches: [TranchePolicy; 3],
    /// Rules of the markets, in the order of [`MARKETS`].
    pub markets: [MarketPolicy; 3],
    /// Rules of the price index, if there is one.
    pub index: Option<IndexPolicy>,
    /// What each trader begins with.
    pub balance: Amount,
    /// What each reserve begins with.
    pub reserve: Amount,
    /// Fee control and bands of the funds, in the order of [`FUNDS`]; those that have none begin
    /// without.
    pub controls: [Option<ControlPolicy>; 2],
}

impl Default for Setup {
    fn default() -> Self {
        let limits = Limits { sandbox: true, config_delay: Span::ZERO, ..Limits::default() };
        let fund = FundPolicy {
            threshold_delay: Span::ZERO,
            withdraw_delay: Span::ZERO,
            ..FundPolicy::default()
        };
        let main = |tranche| {
            market(vec![
                layer(LayerSource::FeePool),
                layer(LayerSource::Reserve(label("main"))),
                layer(LayerSource::Staked(label(tranche))),
                layer(LayerSource::Socialised),
            ])
        };
        let isolated = market(vec![
            layer(LayerSource::Reserve(label("iso"))),
            layer(LayerSource::Staked(label("ijun"))),
        ]);
        Self {
            limits,
            council: (0, 0),
            fund,
            threshold: Amount::new(10_000),
            target: Amount::ZERO,
            tranches: [TranchePolicy::default(); 3],
            markets: [main("jun"), main("sen"), isolated],
            index: None,
            balance: Amount::new(1_000_000),
            reserve: Amount::ZERO,
            controls: [None, None],
        }
    }
}

impl Setup {
    /// The genesis that builds this.
    pub fn genesis(&self) -> Genesis {
        let mut setup = Vec::new();
        self.registry(&mut setup);
        self.prices(&mut setup);
        self.funds(&mut setup);
        self.openings(&mut setup);
        Genesis {
            ledger: label("test-ledger"),
            rules: RULES_VERSION,
            preset: label("test"),
            limits: self.limits,
            setup,
        }
    }

    fn registry(&self, setup: &mut Vec<Body>) {
        for asset in ASSETS {
            let custodian = (asset == "eth").then(|| keys::public(keys::CUSTODIAN));
            setup.push(RegisterAsset { label: label(asset), decimals: 6, custodian }.into());
        }
        for (name, roles) in OFFICES {
            setup.push(OpenAccount { label: label(name), group: None, venue: None }.into());
            setup.push(SetRoles { account: label(name), roles: Roles::of(roles) }.into());
        }
        for name in TRADERS {
            // Dave and Erin have one owner.
            let group = matches!(name, "dave" | "erin").then(|| label("family"));
            setup.push(
                OpenAccount { label: label(name), group, venue: Some(label("venue")) }.into(),
            );
        }
        if self.council.0 > 0 {
            let (keys, threshold) = (keys::council(self.council.0), self.council.1);
            setup.push(SetCouncil { keys, threshold }.into());
        }
    }

    fn prices(&self, setup: &mut Vec<Body>) {
        let Some(policy) = self.index else { return };
        let (index, quote) = (label(INDEX), label(ASSETS[0]));
        setup.push(RegisterIndex { label: index, asset: None, quote, policy }.into());
        for (name, family, seed) in FEEDS {
            let reporter = match seed {
                Some(seed) => Reporter::Key(keys::public(seed)),
                None => Reporter::Account(label("venue")),
            };
            let (label, family) = (label(name), label(family));
            setup.push(RegisterFeed { label, index, family, reporter }.into());
        }
    }

    fn funds(&self, setup: &mut Vec<Body>) {
        for (name, kind) in FUNDS.iter().zip([FundKind::Shared, FundKind::Isolated]) {
            let fund = CreateFund {
                label: label(name),
                asset: label(ASSETS[0]),
                kind,
                treasury: label("treasury"),
                threshold: self.threshold,
                target: self.target,
                policy: Box::new(self.fund),
            };
            setup.push(fund.into());
        }
        for ((name, fund), policy) in TRANCHES.iter().zip(self.tranches) {
            let (label, fund) = (label(name), label(fund));
            setup.push(CreateTranche { label, fund, policy }.into());
        }
        for ((name, fund), policy) in MARKETS.iter().zip(&self.markets) {
            let (label, fund, venue) = (label(name), label(fund), label("venue"));
            setup
                .push(CreateMarket { label, fund, venue, policy: Box::new(policy.clone()) }.into());
        }
    }

    fn openings(&self, setup: &mut Vec<Body>) {
        let asset = label(ASSETS[0]);
        if !self.balance.is_zero() {
            for name in TRADERS {
                let account = OpeningAccount::Account(label(name));
                setup.push(Opening { account, asset, amount: self.balance }.into());
            }
        }
        if !self.reserve.is_zero() {
            for name in FUNDS {
                let account = OpeningAccount::Reserve(label(name));
                setup.push(Opening { account, asset, amount: self.reserve }.into());
            }
        }
        for (name, policy) in FUNDS.iter().zip(&self.controls) {
            let set = |policy: &ControlPolicy| {
                let policy = Box::new(policy.clone());
                SetControl { fund: label(name), policy }.into()
            };
            setup.extend(policy.as_ref().map(set));
        }
    }
}

/// A running ledger with its clock and its log.
#[derive(Clone, Debug)]
pub struct World {
    /// The ledger.
    pub state: State,
    /// The scenario clock: the time of the next command.
    pub now: Timestamp,
    /// The log so far: every record's encoding, the genesis first.
    pub log: Vec<Vec<u8>>,
    /// The events of the last command that was accepted.
    pub events: Vec<Event>,
    count: u64,
}

impl World {
    /// A world of the default setup.
    pub fn new() -> Self {
        Self::of(&Setup::default())
    }

    /// A world of this setup.
    pub fn of(setup: &Setup) -> Self {
        Self::begin(&setup.genesis())
    }

    /// A world that begins with this genesis at [`START`].
    ///
    /// # Panics
    /// When the core refuses the genesis.
    pub fn begin(genesis: &Genesis) -> Self {
        let (state, events) = begin(genesis, START).expect("a genesis of the test kit");
        let record = Record {
            seq: Seq::default(),
            time: START,
            rules: genesis.rules,
            entry: Entry::Genesis(genesis.clone()),
            events,
        };
        let log = vec![record.encode()];
        Self { state, now: START, log, events: Vec::new(), count: 0 }
    }

    /// Moves the clock on.
    pub fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }

    /// A fresh id that begins with the time, as `UUIDv7` does.
    pub fn next_id(&mut self) -> Label {
        self.count += 1;
        let time = u128::from(self.now.ms()) << 80;
        Label::from_bytes((time | 7 << 76 | 2 << 62 | u128::from(self.count)).to_be_bytes())
    }

    /// A command of this actor with a fresh id and without approvals.
    pub fn command(&mut self, actor: &str, body: impl Into<Body>) -> Command {
        let id = self.next_id();
        Command { id, actor: label(actor), occurred_at: None, body: body.into(), approvals: None }
    }

    /// Sends a body; its events are in [`World::events`].
    ///
    /// # Errors
    /// The reject.
    ///
    /// # Panics
    /// When an invariant breaks.
    pub fn send(&mut self, actor: &str, body: impl Into<Body>) -> Result<&[Event], Reject> {
        let command = self.command(actor, body);
        self.send_command(&command)
    }

    /// Sends a body under approvals.
    ///
    /// # Errors
    /// The reject.
    pub fn send_approved(
        &mut self,
        actor: &str,
        body: impl Into<Body>,
        approvals: Approvals,
    ) -> Result<&[Event], Reject> {
        let command = Command { approvals: Some(approvals), ..self.command(actor, body) };
        self.send_command(&command)
    }

    /// Sends a whole command.
    ///
    /// # Errors
    /// The reject.
    ///
    /// # Panics
    /// When an invariant breaks.
    pub fn send_command(&mut self, command: &Command) -> Result<&[Event], Reject> {
        match self.try_command(command) {
            Ok(()) => Ok(&self.events),
            Err(Halt::Reject(reject)) => Err(reject),
            Err(Halt::Corrupt(corrupt)) => panic!("{corrupt} by {command:?} at {}", self.now),
        }
    }

    /// Sends a whole command and also answers what must never happen.
    ///
    /// # Errors
    /// The core's own answer.
    pub fn try_command(&mut self, command: &Command) -> Result<(), Halt> {
        let head = (self.state.meta.next, self.now, self.state.meta.rules);
        let checked = Checked::new(self.state.meta.ledger, command)?;
        let mut events = Vec::new();
        apply(&mut self.state, &checked, self.now, &mut events)?;
        let mut bytes = Vec::new();
        record::encode_command(&mut bytes, head, command, &events);
        self.log.push(bytes);
        self.events = events;
        Ok(())
    }

    /// Sends what must be accepted.
    ///
    /// # Panics
    /// When it is refused.
    pub fn must(&mut self, actor: &str, body: impl Into<Body>) -> &[Event] {
        let body = body.into();
        let word = body.word();
        match self.send(actor, body) {
            Ok(events) => events,
            Err(reject) => panic!("{word}: {reject}"),
        }
    }

    /// What an account can freely use of the first asset.
    ///
    /// # Panics
    /// When there is no such account.
    pub fn balance(&self, account: &str) -> Amount {
        let id = self.state.account_id(label(account)).expect("an account of the world");
        let asset = self.state.asset_id(label(ASSETS[0])).expect("an asset of the world");
        self.state.ledger.owed(backstop_core::ledger::LedgerAccount::Balance(id), asset)
    }

    /// What any ledger account is owed of the first asset.
    ///
    /// # Panics
    /// When the world has no asset.
    pub fn owed(&self, account: backstop_core::ledger::LedgerAccount) -> Amount {
        let asset = self.state.asset_id(label(ASSETS[0])).expect("an asset of the world");
        self.state.ledger.owed(account, asset)
    }
}

/// A report of one of [`FEEDS`], signed if it has a key.
///
/// # Panics
/// When there is no such feed.
pub fn report(ledger: Label, feed: &str, price: Price, at: Timestamp) -> ReportPrice {
    let (name, _, seed) = FEEDS.into_iter().find(|(name, ..)| *name == feed).expect("a feed");
    let feed = label(name);
    let signature = seed.map(|seed| keys::report(seed, ledger, (label(INDEX), feed), price, at));
    ReportPrice { feed, price, at, signature }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
