//! A small ledger with something of everything, made through the engine's own commands.

use backstop_core::{
    Body, Checked, Command, Entry, Genesis, Record, State, apply, begin,
    command::{
        AssessLoss, BeginTransfer, BookConversion, ClaimRecovery, ClaimUnstake, Contribute,
        CreateFund, CreateMarket, CreateTranche, DeclareLoss, Direction, Linked, OpenAccount,
        Opening, OpeningAccount, Outcome, Party, PayFees, PlaceLoss, Reconcile, RecoverLoss,
        RegisterAsset, RegisterFeed, RegisterIndex, ReportOpenInterest, ReportPrice, Reporter,
        RequestUnstake, ResolveTransfer, SetRoles, SettleBasis, SettleLiquidation, Stake, VoidLoss,
    },
    policy::{
        BadDebtPolicy, Cause, FundKind, FundPolicy, IndexPolicy, LayerPolicy, LayerSource, Limits,
        MarketPolicy, Payout, Role, Roles, TranchePolicy, Underwater,
    },
};
use backstop_export::loss::History;
use backstop_units::{
    Amount, Base, Hash, Label, LossId, Ppm, Price, Shares, Signed, Span, TicketId, Timestamp,
    TransferId,
};
use std::path::PathBuf;

/// A log and the state after it.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) records: Vec<Record>,
    pub(crate) history: History,
}

pub(crate) fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

/// Whole units of the six-decimal asset.
pub(crate) fn usdt(units: u128) -> Amount {
    Amount::new(units * 1_000_000)
}

fn layer(source: LayerSource, per_event: Option<u128>) -> LayerPolicy {
    LayerPolicy {
        source,
        payout: Payout::Partial,
        per_event: per_event.map(usdt),
        per_1h: None,
        per_8h: None,
        per_24h: None,
        lifetime: None,
        haircut: None,
    }
}

fn open(account: &str, roles: &[Role]) -> Vec<Body> {
    let account = label(account);
    // Whoever has no office is the venue's user.
    let venue = roles.is_empty().then(|| label("venue"));
    let mut bodies = vec![OpenAccount { label: account, group: None, venue }.into()];
    if !roles.is_empty() {
        bodies.push(SetRoles { account, roles: Roles::of(roles) }.into());
    }
    bodies
}

fn opening(account: OpeningAccount, asset: &str, amount: Amount) -> Body {
    Opening { account, asset: label(asset), amount }.into()
}

/// Everything that the ledger begins with; `:b-` and `x-1.` are labels that ask for trouble.
pub(crate) fn setup() -> Vec<Body> {
    let mut setup: Vec<Body> = [("usdt", 6), ("x-1.", 0)]
        .map(|(name, decimals)| {
            RegisterAsset { label: label(name), decimals, custodian: None }.into()
        })
        .to_vec();
    for (name, roles) in [
        ("op", &[Role::Operator, Role::Risk][..]),
        ("venue", &[Role::Venue]),
        ("alice", &[]),
        ("bob", &[]),
        (":b-", &[]),
        ("keeper", &[]),
    ] {
        setup.extend(open(name, roles));
    }
    let (main, junior) = (label("main"), label("junior"));
    let policy = FundPolicy::default();
    let (threshold, target) = (usdt(210), usdt(1_000));
    let (asset, treasury, kind) = (label("usdt"), label("op"), FundKind::Shared);
    let fund = CreateFund {
        label: main,
        asset,
        kind,
        treasury,
        threshold,
        target,
        policy: Box::new(policy),
    };
    let tranche_policy = TranchePolicy { cooldown: Span::days(1), ..TranchePolicy::default() };
    let waterfall = vec![
        layer(LayerSource::FeePool, None),
        layer(LayerSource::Reserve(main), None),
        layer(LayerSource::Staked(junior), Some(300)),
        layer(LayerSource::Socialised, Some(250)),
    ];
    let (underwater, event_window) = (Underwater::Nothing, Span::hours(1));
    let policy = MarketPolicy {
        waterfall,
        underwater,
        event_window,
        pools: None,
        tier: None,
        mark: None,
        mark_band: Ppm::ZERO,
        adl: None,
        equity: None,
        bad_debt: BadDebtPolicy::default(),
        hosted: None,
    };
    setup.extend([
        fund.into(),
        CreateTranche { label: junior, fund: main, policy: tranche_policy }.into(),
        CreateMarket {
            label: label("sol-perp"),
            fund: main,
            venue: label("venue"),
            policy: Box::new(policy),
        }
        .into(),
        opening(OpeningAccount::Reserve(main), "usdt", usdt(150)),
        opening(OpeningAccount::Account(label("alice")), "usdt", usdt(1_000)),
        opening(OpeningAccount::Account(label("bob")), "usdt", usdt(500)),
        opening(OpeningAccount::Account(label(":b-")), "usdt", Amount::new(80_000_001)),
        opening(OpeningAccount::Account(label(":b-")), "x-1.", Amount::new(7)),
    ]);
    setup
}

impl World {
    pub(crate) fn begin(setup: Vec<Body>) -> Self {
        let now = Timestamp::parse("2025-10-10T21:00:00Z").unwrap();
        let limits = Limits { sandbox: true, ..Limits::default() };
        let (ledger, preset) = (label("books:test"), label("hand"));
        let genesis = Genesis { ledger, rules: 1, preset, limits, setup };
        let (state, events) = begin(&genesis, now).unwrap();
        let (seq, entry) = (backstop_units::Seq::default(), Entry::Genesis(genesis));
        let record = Record { seq, time: now, rules: 1, entry, events };
        let mut world = Self { state, records: Vec::new(), history: History::default() };
        world.keep(record);
        world
    }

    fn keep(&mut self, record: Record) {
        self.history.observe(&self.state, &record).unwrap();
        self.records.push(record);
    }

    pub(crate) fn apply(&mut self, actor: &str, after: Span, body: impl Into<Body>) {
        let (seq, time) = (self.state.meta.next, self.state.meta.now.plus(after));
        let id = Label::from_bytes((1_000 + u128::from(seq.get())).to_be_bytes());
        let (actor, body) = (label(actor), body.into());
        let command = Command { id, actor, occurred_at: None, body, approvals: None };
        let mut events = Vec::new();
        let checked = Checked::new(self.state.meta.ledger, &command).unwrap();
        apply(&mut self.state, &checked, time, &mut events)
            .unwrap_or_else(|halt| panic!("{seq} {command:?}: {halt:?}"));
        backstop_core::invariants::check(&self.state).unwrap();
        self.keep(Record { seq, time, rules: 1, entry: Entry::Command(command), events });
    }

    fn transfer(
        &mut self,
        direction: Direction,
        party: Party,
        amount: Amount,
        outcome: Option<Outcome>,
    ) {
        let transfer = TransferId::new(u32::try_from(self.state.transfers.len()).unwrap());
        let (asset, reference) = (label("usdt"), label("wire:1"));
        let begin = BeginTransfer { direction, party, asset, amount, reference };
        let actor = if direction == Direction::In { "op" } else { "venue" };
        self.apply(actor, Span::from_ms(1_250), begin);
        if let Some(outcome) = outcome {
            self.apply("op", Span::hours(1), ResolveTransfer { transfer, outcome });
        }
    }

    fn settle(&mut self, account: &str, outcome: i128) {
        let settle = SettleLiquidation {
            market: label("sol-perp"),
            account: label(account),
            liquidator: label("keeper"),
            outcome: Signed::new(outcome),
            notional: usdt(5_000),
            mark: Price::new(141_250_000_000_000_000),
            open_interest: None,
            evidence: (outcome < 0).then(|| Hash::new([0xab; 32])),
        };
        self.apply("venue", Span::from_ms(400), settle);
    }

    /// Something of everything.
    pub(crate) fn full() -> Self {
        let mut w = Self::begin(setup());
        let (market, soon) = (label("sol-perp"), Span::from_ms(500));
        let (venue, given) = (Party::Clearing(market), usdt(50));
        w.transfer(Direction::In, venue, usdt(2_000), Some(Outcome::Confirmed));
        w.transfer(Direction::In, Party::Account(label("alice")), usdt(5), Some(Outcome::Failed));
        w.transfer(Direction::In, Party::Account(label("bob")), usdt(30), None);
        let (fund, asset, account) = (label("main"), label("usdt"), label("bob"));
        w.apply("bob", soon, Contribute { fund, account, asset, amount: given });
        for (who, amount) in [("alice", usdt(300)), (":b-", usdt(80))] {
            let (tranche, account, min_shares) = (label("junior"), label(who), Shares::ZERO);
            w.apply(who, soon, Stake { tranche, account, asset, amount, min_shares });
        }
        w.apply("venue", soon, PayFees { market, amount: usdt(40) });
        w.apply("venue", soon, ReportOpenInterest { market, base: Base::new(7_000_000) });
        w.settle("alice", 100_000_001);
        w.settle("bob", -30_000_000);
        w.settle("bob", -1_000_000_000);
        let (loss, from) = (LossId::new(1), Party::Clearing(market));
        w.apply("venue", Span::days(1), RecoverLoss { loss, from, amount: usdt(700) });
        w.apply("alice", soon, ClaimRecovery { loss, account: label("alice") });
        let (tranche, account) = (label("junior"), label("alice"));
        let shares = Shares::new(100_000_000);
        w.apply("alice", soon, RequestUnstake { tranche, account, shares, amount: None });
        w.apply("alice", Span::days(1), ClaimUnstake { ticket: TicketId::new(0) });
        let alice = Party::Account(label("alice"));
        w.transfer(Direction::Out, alice, usdt(100), Some(Outcome::Confirmed));
        w.transfer(Direction::Out, alice, usdt(60), Some(Outcome::Failed));
        w.transfer(Direction::Out, venue, usdt(10), None);
        for balance in [usdt(1_910), usdt(1_890)] {
            let (as_of, signature) = (w.state.meta.now, None);
            w.apply("op", soon, Reconcile { asset, balance, as_of, signature });
        }
        let linked = vec![
            PayFees { market, amount: usdt(3) }.into(),
            Contribute { fund, account: label("bob"), asset, amount: usdt(1) }.into(),
            PayFees { market, amount: usdt(4) }.into(),
        ];
        w.apply("venue", soon, Linked { steps: linked });
        w.slow_losses();
        w
    }

    /// A market in `usdt` whose one layer is a fund of whole stones: drawn, sold too low, made good in part,
    /// and reversed.
    pub(crate) fn converted() -> Self {
        let (stone, fund, index) = (label("stone"), label("stones"), label("stone-usdt"));
        let mut setup = setup();
        let create = CreateFund {
            label: fund,
            asset: stone,
            kind: FundKind::Shared,
            treasury: label("op"),
            threshold: Amount::ZERO,
            target: Amount::ZERO,
            policy: Box::default(),
        };
        let policy = IndexPolicy { quorum: 1, families: 1, ..IndexPolicy::default() };
        let quote = label("usdt");
        let (feed, reporter) = (label("desk"), Reporter::Account(label("op")));
        let source = LayerSource::Reserve(fund);
        let cut = LayerPolicy { haircut: Some(Ppm::new(200_000)), ..layer(source, None) };
        let (name, venue) = (label("sol-stone"), label("venue"));
        let rules = MarketPolicy {
            waterfall: vec![cut],
            underwater: Underwater::Nothing,
            event_window: Span::hours(1),
            pools: None,
            tier: None,
            mark: None,
            mark_band: Ppm::ZERO,
            adl: None,
            equity: None,
            bad_debt: BadDebtPolicy::default(),
            hosted: None,
        };
        setup.extend([
            RegisterAsset { label: stone, decimals: 0, custodian: None }.into(),
            create.into(),
            RegisterIndex { label: index, asset: Some(stone), quote, policy }.into(),
            RegisterFeed { label: feed, index, family: label("op"), reporter }.into(),
            CreateMarket { label: name, fund: label("main"), venue, policy: Box::new(rules) }
                .into(),
            opening(OpeningAccount::Reserve(fund), "stone", Amount::new(9)),
        ]);
        let mut w = Self::begin(setup);
        let (soon, at) = (Span::from_ms(1), w.state.meta.now);
        let price = Price::new(100 * 1_000_000 * 1_000_000_000);
        w.apply("op", Span::ZERO, ReportPrice { feed, price, at, signature: None });
        let settle = SettleLiquidation {
            market: name,
            account: label("alice"),
            liquidator: label("keeper"),
            outcome: Signed::new(-500_000_000),
            notional: Amount::ZERO,
            mark: Price::ZERO,
            open_interest: None,
            evidence: Some(Hash::new([0xab; 32])),
        };
        w.apply("venue", soon, settle);
        let sale = |sold, received, any_price| BookConversion {
            market: name,
            layer: source,
            sold: Amount::new(sold),
            received: usdt(received),
            any_price,
        };
        w.apply("venue", soon, sale(2, 170, false));
        w.apply("op", soon, sale(5, 250, true));
        w.apply("op", soon, SettleBasis { market: name, layer: source });
        w.apply("op", soon, VoidLoss { loss: LossId::new(0) });
        w.apply("op", soon, SettleBasis { market: name, layer: source });
        w
    }

    /// A loss that is declared, assessed, placed and withdrawn, and one that is only declared.
    fn slow_losses(&mut self) {
        let (market, loss, soon) = (label("sol-perp"), LossId::new(2), Span::from_ms(1));
        let (cause, account, estimate) = (Cause::KeyCompromise, None, usdt(9));
        let declare = DeclareLoss { market, cause, account, estimate };
        self.apply("op", soon, declare.clone());
        let evidence = Hash::new([0xcd; 32]);
        self.apply("op", soon, AssessLoss { loss, amount: usdt(400), evidence });
        self.apply("op", soon, PlaceLoss { loss });
        self.apply("op", soon, VoidLoss { loss });
        self.apply("op", soon, declare);
    }
}

/// Compares with a file under `tests/golden`; `UPDATE_GOLDEN=1` rewrites it.
pub(crate) fn golden(name: &str, got: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    if want != got {
        let line = want.lines().zip(got.lines()).position(|(a, b)| a != b);
        panic!("{name} differs from line {line:?} on; look, then UPDATE_GOLDEN=1\n{got}");
    }
}
