//! Geneses, hand-made books, and a ledger that writes down what it was sent.

use backstop_core::{
    Body, Event, Genesis, RULES_VERSION, State,
    command::{
        Approvals, BeginTransfer, Contribute, CreateMarket, Direction, Outcome, Party,
        ResolveTransfer,
    },
    policy::{
        AdlPolicy, HostedPolicy, LayerPolicy, LayerSource, Limits, MarketPolicy, PositionSide,
        Throttle,
    },
};
use backstop_risk::{
    Book, Crash, Ledger, LedgerError, Memory, Venue, VenueParams,
    book::{Account, Opening, numbered},
    demo::stage,
    venue::{Listing, Names, VenueSetup},
};
use backstop_units::{Amount, Base, Label, Price, Span, Timestamp};

#[derive(serde::Deserialize)]
struct Preset {
    name: Label,
    #[serde(default)]
    limits: Limits,
    setup: Vec<Body>,
}

pub(crate) fn label(text: &str) -> Label {
    Label::parse(text).unwrap()
}

fn genesis(text: &str) -> Genesis {
    let preset: Preset = toml::from_str(text).unwrap();
    Genesis {
        ledger: label("test"),
        rules: RULES_VERSION,
        preset: preset.name,
        limits: preset.limits,
        setup: preset.setup,
    }
}

pub(crate) fn backstop() -> Genesis {
    genesis(include_str!("../../../../presets/backstop.toml"))
}

pub(crate) fn kana() -> Genesis {
    genesis(include_str!("../../../../presets/kana.toml"))
}

/// Preset `dydx` with a market for SOL that counts and asks as the venue does.
pub(crate) fn dydx() -> Genesis {
    let preset = genesis(include_str!("../../../../presets/dydx.toml"));
    stage(preset, &Crash::MAIN.feeds(6).unwrap(), &VenueParams::DEMO).unwrap()
}

/// Preset `marginfi` with a bank for SOL.
pub(crate) fn marginfi() -> Genesis {
    let preset = genesis(include_str!("../../../../presets/marginfi.toml"));
    stage(preset, &Crash::MAIN.feeds(6).unwrap(), &VenueParams::DEMO).unwrap()
}

/// Preset `dydx` with its market's rules changed, and without limits for one account.
pub(crate) fn hosted(change: impl Fn(&mut HostedPolicy)) -> Genesis {
    let mut genesis = dydx();
    for body in &mut genesis.setup {
        match body {
            Body::SetMarginPool(pool) => pool.policy.throttle = Throttle::default(),
            Body::CreateMarket(market) => {
                if let Some(hosted) = &mut market.policy.hosted {
                    change(hosted);
                }
            }
            _ => {}
        }
    }
    genesis
}

/// Brings atoms into an account through custody.
pub(crate) fn bring(ledger: &mut Recorder, account: Label, amount: u128) {
    let asset = ledger.read(|state| state.assets.iter().next().unwrap().1.label).unwrap();
    let begin = BeginTransfer {
        direction: Direction::In,
        party: Party::Account(account),
        asset,
        amount: Amount::new(amount),
        reference: account,
    };
    let custodian = label("custodian");
    let now = ledger.memory.state().meta.now;
    let events = ledger.send(now, custodian, begin.into()).unwrap();
    let transfer = events.iter().find_map(|event| match event {
        Event::TransferBegun { transfer, .. } => Some(*transfer),
        _ => None,
    });
    let (transfer, outcome) = (transfer.unwrap(), Outcome::Confirmed);
    ledger.send(now, custodian, ResolveTransfer { transfer, outcome }.into()).unwrap();
}

/// Gives a fund so many whole dollars, if any.
pub(crate) fn fill_reserve(ledger: &mut Recorder, fund: &str, dollars: u128) {
    if dollars == 0 {
        return;
    }
    let (account, amount) = (label("operator"), Amount::new(dollars * 1_000_000));
    bring(ledger, account, amount.get());
    let asset = ledger.read(|state| state.assets.iter().next().unwrap().1.label).unwrap();
    let gift = Contribute { fund: label(fund), account, asset, amount };
    let now = ledger.memory.state().meta.now;
    ledger.send(now, account, gift.into()).unwrap();
}

/// Every preset that there is, by name.
pub(crate) fn presets() -> Vec<Genesis> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../presets");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut presets: Vec<Genesis> =
        files.map(|file| genesis(&std::fs::read_to_string(file).unwrap())).collect();
    presets.sort_by_key(|genesis| genesis.preset);
    presets
}

/// The preset with the reserve and then the winners as its only layers.
pub(crate) fn winners_pay(adl: AdlPolicy) -> Genesis {
    let mut genesis = backstop();
    for body in &mut genesis.setup {
        if let Body::CreateMarket(market) = body {
            market.policy.waterfall.retain(|layer| matches!(layer.source, LayerSource::Reserve(_)));
            let limitless = market.policy.waterfall[0];
            market.policy.waterfall.push(LayerPolicy { source: LayerSource::Adl, ..limitless });
            market.policy.adl = Some(adl);
        }
    }
    genesis
}

/// The preset with a second market on the same fund.
pub(crate) fn two_markets() -> Genesis {
    let mut genesis = backstop();
    let policy: Option<Box<MarketPolicy>> = genesis.setup.iter().find_map(|body| match body {
        Body::CreateMarket(market) => Some(market.policy.clone()),
        _ => None,
    });
    let second = CreateMarket {
        label: label("btc-perp"),
        fund: label("main"),
        venue: label("venue"),
        policy: policy.unwrap(),
    };
    genesis.setup.push(second.into());
    genesis
}

pub(crate) fn usd(dollars: f64) -> Price {
    // Test prices have at most two decimals.
    let cents = format!("{dollars:.2}").replace('.', "").parse::<u128>().unwrap();
    Price::new(cents * 10_000 * 1_000_000_000)
}

pub(crate) fn second(second: u64) -> Timestamp {
    Timestamp::from_ms(1_000_000 + second * 1_000)
}

/// An account with whole dollars and whole base units, at most one position a market.
pub(crate) fn account(number: u32, dollars: u128, positions: &[(usize, i64)]) -> Account {
    let opening = |(market, units): &(usize, i64)| Opening {
        market: *market,
        side: if *units < 0 { PositionSide::Short } else { PositionSide::Long },
        base: Base::new(u128::from(units.unsigned_abs()) * 1_000_000_000),
    };
    Account {
        label: numbered("trader", number).unwrap(),
        collateral: Amount::new(dollars * 1_000_000),
        positions: positions.iter().map(opening).collect(),
    }
}

/// Depth without end, no latency: only margin decides.
pub(crate) fn plain() -> VenueParams {
    VenueParams { latency: Span::ZERO, depth_per_percent: f64::INFINITY, ..VenueParams::DEMO }
}

/// A venue over a fresh ledger whose accounts are open, the fund empty.
pub(crate) fn open(
    genesis: &Genesis,
    params: &VenueParams,
    accounts: Vec<Account>,
    prices: &[(&str, f64)],
) -> (Venue, Recorder) {
    let mut ledger = Recorder::begin(genesis);
    let liquidator = label("liquidator-00001");
    let open =
        |label| backstop_core::command::OpenAccount { label, group: None, venue: None }.into();
    let others = [liquidator, label("maker")];
    let labels = accounts.iter().map(|account| account.label).chain(others);
    ledger.send_all(second(0), label("venue"), labels.map(open).collect()).unwrap();
    let asset = ledger.read(|state| state.assets.iter().next().unwrap().1.label).unwrap();
    let names = Names {
        venue: label("venue"),
        custodian: label("custodian"),
        liquidators: vec![liquidator],
        maker: label("maker"),
        asset,
    };
    let listings: Vec<Listing> = prices
        .iter()
        .map(|(market, price)| Listing { market: label(market), price: usd(*price) })
        .collect();
    let book = Book { accounts };
    let setup = VenueSetup {
        params,
        book: &book,
        listings: &listings,
        names,
        at: second(0),
        quote_atoms: Amount::new(1_000_000),
    };
    let mut venue = Venue::open(setup, &mut ledger).unwrap();
    venue.end_bar(0, &mut ledger).unwrap();
    (venue, ledger)
}

/// A ledger in memory that keeps all commands.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) memory: Memory,
    pub(crate) sent: Vec<(Timestamp, Label, Body)>,
    pub(crate) events: Vec<Event>,
}

impl Recorder {
    pub(crate) fn begin(genesis: &Genesis) -> Self {
        let memory = Memory::begin(genesis, Timestamp::from_ms(1)).unwrap();
        Self { memory, sent: Vec::new(), events: Vec::new() }
    }

    pub(crate) fn settlements(&self) -> Vec<&backstop_core::command::SettleLiquidation> {
        self.sent
            .iter()
            .filter_map(|(.., body)| match body {
                Body::SettleLiquidation(settle) => Some(settle),
                _ => None,
            })
            .collect()
    }
}

impl Ledger for Recorder {
    fn send_all(
        &mut self,
        at: Timestamp,
        actor: Label,
        bodies: Vec<Body>,
    ) -> Result<Vec<Event>, LedgerError> {
        self.sent.extend(bodies.iter().map(|body| (at, actor, body.clone())));
        let events = self.memory.send_all(at, actor, bodies)?;
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    fn send_signed(
        &mut self,
        at: Timestamp,
        actor: Label,
        body: Body,
        approvals: Approvals,
    ) -> Result<Vec<Event>, LedgerError> {
        self.sent.push((at, actor, body.clone()));
        let events = self.memory.send_signed(at, actor, body, approvals)?;
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    fn read<R>(&mut self, look: impl FnOnce(&State) -> R) -> Result<R, LedgerError> {
        self.memory.read(look)
    }
}
