//! One frozen log for each rules version: it replays and is decided again to the same state for ever.
//!
//! `tests/golden/rules-v1.bin` holds records, each behind its length in four bytes, little end first;
//! `rules-v1.hash` the state after the last. `BACKSTOP_FREEZE=1` writes them where they are missing and
//! never touches those that exist: a rule that must change is a new version with a log of its own.

use crate::{
    adl::{open, three, winners_second},
    inventory::{bid, fill, mark, rules, take},
    risk_message,
    run::lose,
    samples::DRAWDOWN,
};
use backstop_core::{
    Asked, Body, Command, Entry, Event, Record, State,
    command::{
        AddSpike, BidAuction, BookConversion, CheckDrawdown, CloseAdl, CloseEquity,
        CommitReservation, CoverDeficit, CreateFund, CreateMarket, CreateTranche,
        DeleverageInventory, Direction, DistributeSurplus, EndSpike, Execute, FillInventory,
        FundPnlPool, GrantProtocolShares, MarkInventory, MoveIdle, OpenAdl, OpenEquity, Opening,
        OpeningAccount, OpeningShares, Party, PauseEntries, PayRevenue, Propose, RecoverLoss,
        RedeemProtocolShares, RegisterAsset, RegisterFeed, RegisterIndex, ReleaseReservation,
        RepayHouse, ReportConditions, ReportDeposits, ReportHouse, ReportPrice, ReportResults,
        ReportRisk, Reporter, RequestUnstake, Reserve, RetireFeed, RunAdl, RunControl, RunEquity,
        SetControl, SetCovers, SetDrawdown, SetHouse, SetIndexPolicy, SetInventory, SetMarketRules,
        SetMarketTier, SetOfflineBudget, SetOpenInterestMax, SetPools, SetRevenue, SetRoles,
        SetSplit, SetThreshold, SetTier, SetVault, SetWaterfall, SettleBadDebt, SettleBasis,
        SettleLiquidation, SettleRevenue, Stake, StakeProtocol, StartAuction, SubmitAdlPart,
        SubmitEquityPart, TakeOver, VoidLoss, WithdrawExcess,
    },
    invariants,
    loss::adl::Candidate,
    policy::{
        Causes, ControlPolicy, FundKind, FundPolicy, HousePolicy, IdlePolicy, IndexPolicy,
        LayerPolicy, LayerSource, MarketPolicy, Netting, PoolPolicy, RevenuePolicy, Role, Roles,
        Routes, SpikeCause, SplitPolicy, SurplusRoute, TierPolicy, TranchePolicy, Underwater,
    },
    recheck, replay, replay_genesis,
    state::Lent,
};
use backstop_testkit::{
    Script, World,
    generator::{Ranges, script_of},
    hosted, keys, label,
    world::{FUNDS, MARKETS, layer, market},
};
use backstop_units::{
    Amount, Base, Hash, Label, LossId, MarketId, Ppm, Price, Shares, Signed, Span, Timestamp,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::{collections::BTreeSet, path::PathBuf, sync::Once};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The discriminants of the events in a log.
fn kinds<'a>(events: impl IntoIterator<Item = &'a Event>) -> BTreeSet<u16> {
    let kind = |event: &Event| {
        let bytes = borsh::to_vec(event).expect("an event");
        let part = matches!(
            event,
            Event::Lending(_)
                | Event::Vault(_)
                | Event::Farm(_)
                | Event::Pool(_)
                | Event::Compensation(_)
        );
        if part { u16::from_be_bytes([bytes[0], bytes[1]]) } else { bytes[0].into() }
    };
    events.into_iter().map(kind).collect()
}

/// What no log of version 1 holds: it is the first, so there was nothing to switch on; and assets
/// without an owner, which few setups leave behind (`stakes.rs` does).
const NEVER: [u16; 2] = [5, 143];

fn missing(log: &[Record]) -> Vec<u16> {
    let known = kinds(log.iter().flat_map(|record| &record.events));
    let all = kinds(&crate::samples::events());
    all.difference(&known).copied().filter(|code| !NEVER.contains(code)).collect()
}

/// Scripts that are tried for the frozen log.
const TRIES: usize = 4_000;

/// Always the same: of many long scripts under a council the first that meets every kind of event, or
/// the one that meets most.
fn lived() -> World {
    let ranges = Ranges { extreme: false, council: true, chapters: 500 };
    let mut runner = TestRunner::deterministic();
    let mut best: Option<(usize, World)> = None;
    for _ in 0..TRIES {
        let script = script_of(ranges).new_tree(&mut runner).expect("a script").current();
        let world = live(&script);
        let log: Option<Vec<Record>> = world.log.iter().map(|r| Record::decode(r).ok()).collect();
        let missing = missing(&log.expect("a log that can be read")).len();
        if best.as_ref().is_none_or(|(least, _)| missing < *least) {
            best = Some((missing, world));
        }
        if missing == 0 {
            break;
        }
    }
    best.expect("a script").1
}

/// Sends a script, and then what no script sends.
fn live(script: &Script) -> World {
    let mut world = World::of(&script.setup);
    decided(&mut world);
    controlled(&mut world);
    for step in &script.steps {
        world.wait(step.wait);
        let command = step.command(&mut world);
        let _ = world.try_command(&command);
    }
    rare(&mut world);
    deleveraged(&mut world);
    let fund = label("main");
    let roles = Roles::of(&[Role::Keeper, Role::Curator]);
    approved(&mut world, SetSplit { fund, split: SplitPolicy::default() });
    approved(&mut world, SetRoles { account: label("keeper"), roles });
    listing(&mut world);
    untouched(&mut world);
    lent(&mut world);
    housed(&mut world);
    short_of_winnings(&mut world);
    prices(&mut world);
    converted(&mut world);
    taken_over(&mut world);
    positions(&mut world);
    loans(&mut world);
    world
}

/// Sends what two of three members of the council have signed.
fn approved(world: &mut World, body: impl Into<Body>) {
    let body = body.into();
    let nonce = world.state.meta.nonce + 1;
    let until = world.now.plus(Span::days(1));
    let approvals = keys::approve(world.state.meta.ledger, &body, nonce, until, &[1, 3]);
    world.send_approved("op", body, approvals).expect("two of three have signed");
}

/// Proposes by all who must sign, waits out the longest delay, and executes.
fn after_delay(world: &mut World, body: Body) {
    let (nonce, by) = (world.state.meta.nonce + 1, world.now.plus(Span::days(90)));
    let approvals = keys::approve(world.state.meta.ledger, &body, nonce, by, &[1, 2]);
    let propose = Propose { body: Box::new(body), nonce, expires_at: by };
    let proposal = world.state.proposals.next_id();
    let command = Command { approvals: Some(approvals), ..world.command("op", propose) };
    world.send_command(&command).expect("signed by two of three");
    world.wait(Span::days(30));
    let _ = world.send("keeper", Execute { proposal });
}

/// What the council decides before anything else happens.
fn decided(world: &mut World) {
    let (sol, tier) = (label("sol"), label("b"));
    for market in MARKETS.map(|market| label(market.0)) {
        let _ = world.send("venue", FundPnlPool { market, amount: Amount::new(1) });
    }
    after_delay(world, SetCovers { fund: label("main"), covers: Causes::INSURED }.into());
    let ceiling = Amount::MAX;
    let policy = TierPolicy { insurance_max: ceiling, imbalance_max: ceiling, period_max: ceiling };
    after_delay(world, SetTier { label: tier, tier: policy }.into());
    after_delay(world, SetMarketTier { market: sol, tier: Some(tier) }.into());
    after_delay(world, SetPools { market: sol, pools: None }.into());
    let revenue = RevenuePolicy::default();
    after_delay(world, SetRevenue { fund: label("main"), revenue }.into());
    let (tranche, account, shares) = (label("jun"), label("bob"), Shares::new(1));
    let _ = world.send("bob", StakeProtocol { tranche, account, amount: Amount::new(5_000) });
    after_delay(world, GrantProtocolShares { tranche, account, shares }.into());
    after_delay(world, RedeemProtocolShares { tranche, shares, amount: None }.into());
    let layers = [LayerSource::FeePool, LayerSource::Reserve(label("main"))].map(layer).to_vec();
    after_delay(world, SetWaterfall { market: label("btc"), layers }.into());
    let (market, underwater, adl) = (label("doge"), Underwater::Nothing, None);
    let rules =
        SetMarketRules { market, underwater, mark: None, mark_band: Ppm::ZERO, adl, equity: None };
    after_delay(world, rules.into());
    let (fund, amount) = (label("main"), Amount::new(1));
    after_delay(world, WithdrawExcess { fund, amount }.into());
}

/// A waterfall that asks winners first, where the market has rules for it, and a loss that they are cut
/// for.
fn deleveraged(world: &mut World) {
    let layers = [LayerSource::Adl, LayerSource::Equity].map(layer).to_vec();
    after_delay(world, SetWaterfall { market: label("sol"), layers }.into());
    let (market, underwater, adl) = (label("sol"), Underwater::Nothing, winners_second().adl);
    let equity = Some(crate::equity::RULES);
    let mark_band = Ppm::ZERO;
    let rules = SetMarketRules { market, underwater, mark: None, mark_band, adl, equity };
    after_delay(world, rules.into());
    // A market that lenders lost all on settles nothing; another script is tried.
    let sol = world.state.markets.get(MarketId::new(0)).expect("a market");
    if sol.deposits.as_deref().is_some_and(Lent::is_dead) {
        return;
    }
    lose(world, 600);
    let loss = LossId::new(u32::try_from(world.state.losses.len()).expect("a short script") - 1);
    let list = vec![Candidate { collateral: Amount::new(9), ..three()[1] }];
    let (announced, part) =
        (OpenAdl { loss, ..open(&list) }, SubmitAdlPart { loss, entries: list });
    let bodies: [Body; 4] =
        [announced.into(), part.into(), RunAdl { loss }.into(), CloseAdl { loss }.into()];
    for body in bodies {
        let _ = world.send("venue", body);
    }
    let list = crate::equity::three();
    let open = OpenEquity { loss, ..crate::equity::open(&list) };
    let part = SubmitEquityPart { loss, entries: list };
    // Three holders, two to a step.
    let [first, second] = [RunEquity { loss }, RunEquity { loss }].map(Body::from);
    let bodies: [Body; 5] = [open.into(), part.into(), first, second, CloseEquity { loss }.into()];
    for body in bodies {
        let _ = world.send("venue", body);
    }
}

/// A position taken over, marked, filled, auctioned and closed against the other side.
fn taken_over(world: &mut World) {
    let market = label("over");
    let layers = vec![layer(LayerSource::Reserve(label("aside")))];
    let (fund, venue, policy) = (label("aside"), label("venue"), Box::new(self::market(layers)));
    approved(world, CreateMarket { label: market, fund, venue, policy });
    approved(world, SetInventory { market, policy: Box::new(rules()) });
    let (account, asset, amount) = (label("bob"), label("gold"), Amount::new(5_000));
    for account in [OpeningAccount::Account(account), OpeningAccount::Reserve(fund)] {
        world.must("op", Opening { account, asset, amount });
    }
    world.must("venue", TakeOver { market, ..take("alice", 40, 95, 95, 9) });
    world.must("venue", MarkInventory { market, ..mark(94) });
    world.must("venue", FillInventory { market, ..fill(-10, 93) });
    world.must("risk", StartAuction { market });
    world.must("bob", BidAuction { market, ..bid("bob", 10, 94) });
    world.wait(Span::hours(1));
    world.must("venue", MarkInventory { market, ..mark(96) });
    world.must("keeper", DeleverageInventory { market });
}

/// An asset and a fund that no script has touched: nothing holds its excess or its market's waterfall.
fn untouched(world: &mut World) {
    let (fund, asset, amount) = (label("aside"), label("gold"), Amount::new(1_000));
    world.must("op", RegisterAsset { label: asset, decimals: 6, custodian: None });
    let create = CreateFund {
        label: fund,
        asset,
        kind: FundKind::Shared,
        treasury: label("treasury"),
        threshold: Amount::ZERO,
        target: Amount::ZERO,
        policy: Box::new(FundPolicy { withdraw_delay: Span::ZERO, ..FundPolicy::default() }),
    };
    world.must("op", create);
    world.must("op", Opening { account: OpeningAccount::Reserve(fund), asset, amount });
    let layers = vec![layer(LayerSource::Reserve(fund))];
    let (name, venue, policy) = (label("aside"), label("venue"), market(layers.clone()));
    approved(world, CreateMarket { label: name, fund, venue, policy: Box::new(policy) });
    approved(world, SetWaterfall { market: name, layers });
    let policy = Some(DRAWDOWN);
    approved(world, SetDrawdown { fund, policy });
    approved(world, WithdrawExcess { fund, amount });
    // An empty fund has fallen, until its peak is forgotten.
    world.must("alice", CheckDrawdown { fund });
    world.wait(Span::hours(9));
    world.must("alice", CheckDrawdown { fund });
    wiped(world, fund, asset);
}

/// A loss that takes all a tranche has, and begins a new series of its shares.
fn wiped(world: &mut World, fund: Label, asset: Label) {
    let (tranche, account) = (label("aside"), label("alice"));
    // Without a cooldown a waterfall that draws on stakers needs no delay.
    let policy = TranchePolicy { cooldown: Span::ZERO, ..TranchePolicy::default() };
    world.must("op", CreateTranche { label: tranche, fund, policy });
    let amount = Amount::new(500);
    let opening = Opening { account: OpeningAccount::Account(account), asset, amount };
    world.must("op", opening);
    world.must("alice", Stake { tranche, account, asset, amount, min_shares: Shares::ZERO });
    let policy = Box::new(market(vec![layer(LayerSource::Staked(tranche))]));
    let (name, venue) = (label("wiping"), label("venue"));
    approved(world, CreateMarket { label: name, fund, venue, policy });
    let settle = SettleLiquidation {
        market: name,
        account,
        liquidator: label("bob"),
        outcome: Signed::new(-700),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    };
    world.must("venue", settle);
}

/// A market that can't pay its winners, and a fund that covers it.
fn short_of_winnings(world: &mut World) {
    let (name, fund, venue) = (label("short"), label("aside"), label("venue"));
    let (asset, amount) = (label("gold"), Amount::new(100));
    world.must("op", Opening { account: OpeningAccount::Reserve(fund), asset, amount });
    let pools = PoolPolicy {
        buffer: Amount::ZERO,
        fee_share: Ppm::new(0),
        period_max: amount,
        imbalance_max: Amount::new(10),
    };
    let layers = vec![layer(LayerSource::Reserve(fund))];
    let policy = Box::new(MarketPolicy { pools: Some(pools), ..market(layers) });
    approved(world, CreateMarket { label: name, fund, venue, policy });
    let results = ReportResults {
        market: name,
        exchange_fees: Amount::ZERO,
        liquidation_fees: Amount::ZERO,
        surplus: Signed::new(-50),
        net_revenue: Signed::ZERO,
    };
    world.must("venue", results);
    let evidence = Hash::new([1; 32]);
    world.must("venue", CoverDeficit { market: name, net_pnl: Amount::new(60), evidence });
}

/// Deposits on a market, and a loss that lenders bear.
fn lent(world: &mut World) {
    let (name, fund, venue) = (label("lent"), label("aside"), label("venue"));
    let policy = Box::new(market(vec![layer(LayerSource::Depositors)]));
    approved(world, CreateMarket { label: name, fund, venue, policy });
    world.must("venue", ReportDeposits { market: name, ..crate::lenders::deposits(1_000, 0) });
    let settle = SettleLiquidation {
        market: name,
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-300),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    };
    world.must("venue", settle);
    world.must("venue", SettleBadDebt { market: name, ..crate::bad_debt::debt(100) });
}

/// An account of a fund's own at a venue: it owes, is repaid, gains, and gives its surplus away.
fn housed(world: &mut World) {
    use crate::house::{policy, report};
    let (fund, asset, market) = (label("aside"), label("gold"), label("lent"));
    let reserve = OpeningAccount::Reserve(fund);
    world.must("op", Opening { account: reserve, asset, amount: Amount::new(50) });
    world.must("op", SetThreshold { fund, threshold: Amount::new(30) });
    approved(world, SetHouse { fund, house: Some(HousePolicy { market, ..policy() }) });
    let evidence = Hash::new([1; 32]);
    let told = |value, free, moves| ReportHouse { fund, evidence, ..report(value, free, moves) };
    world.must("venue", told(-10, 0, 0));
    world.must("alice", RepayHouse { fund });
    world.must("venue", told(100, 60, 1));
    world.must("alice", DistributeSurplus { fund });
}

/// Opening state and forced balances, and shares that outgrow what is left.
fn rare(world: &mut World) {
    let (tranche, account) = (label("jun"), label("alice"));
    let shares = Shares::new(1_000_000_000_000_000);
    let ask = RequestUnstake { tranche, account, shares: Shares::new(1), amount: None };
    let until = world.now.plus(Span::hours(1));
    let bodies: [(&str, Body); 5] = [
        ("guardian", PauseEntries { fund: label("iso"), until }.into()),
        ("op", OpeningShares { tranche, account: Some(account), shares }.into()),
        ("op", SetVault { tranche, amount: Amount::new(1) }.into()),
        ("alice", ask.into()),
        ("op", SetVault { tranche, amount: Amount::new(1_000) }.into()),
    ];
    for (actor, body) in bodies {
        let _ = world.send(actor, body);
    }
}

/// Fee control, reservations, idle cash, before the script: what it does not send.
fn controlled(world: &mut World) {
    let (fund, market, amount) = (label("main"), label("sol"), Amount::new(10));
    let (venue, part_max) = (label("yield"), Ppm::new(100_000));
    let idle = IdlePolicy { venue, part_max, notice: Span::days(1), reach: Span::days(2) };
    let messages = Some(risk_message::caps());
    let policy = ControlPolicy { idle: Some(idle), messages, ..ControlPolicy::default() };
    approved(world, SetControl { fund, policy: Box::new(policy) });
    let made = world.now.plus(Span::hours(2));
    // It lets the bands be, which what follows is about.
    let (target, cover_two) = (Amount::new(1), Amount::new(1));
    let plain = ReportRisk { target, cover_two, ..risk_message::message(1, made) };
    let told = keys::risk(world.state.meta.ledger, plain);
    let (minute, day) = (Span::from_ms(60_000), world.now.plus(Span::days(1)));
    let held =
        |id, now: Timestamp| Reserve { market, id: label(id), amount, until: now.plus(minute) };
    let settlement = Box::new(SettleLiquidation {
        market,
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-1),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    });
    let report = ReportConditions {
        fund,
        open_interest: Ppm::new(1_200_000),
        volatility: Ppm::new(1_500_000),
        headroom: Some(Ppm::new(200_000)),
        forecast: Some(Ppm::new(700_000)),
    };
    let (reserve, size) = (OpeningAccount::Reserve(fund), Ppm::new(30_000));
    let opening = Opening { account: reserve, asset: label("usdt"), amount: Amount::new(100) };
    let mut send = |wait, actor, body: Body| {
        world.wait(wait);
        world.must(actor, body);
        world.now
    };
    let now = Span::ZERO;
    send(now, "op", opening.into());
    send(now, "risk", report.into());
    send(now, "risk", AddSpike { fund, size, cause: SpikeCause::Event, until: day }.into());
    send(Span::hours(1), "keeper", RunControl { fund }.into());
    send(Span::hours(1), "keeper", RunControl { fund }.into());
    send(now, "risk", EndSpike { fund, spike: 0 }.into());
    let at = send(now, "op", MoveIdle { fund, direction: Direction::Out, amount }.into());
    send(now, "venue", held("first", at).into());
    send(now, "venue", held("second", at).into());
    send(now, "venue", ReleaseReservation { market, id: label("first") }.into());
    send(now, "venue", CommitReservation { id: label("second"), settlement }.into());
    send(now, "keeper", told.into());
    send(now, "risk", SetOfflineBudget { market, budget: Amount::ZERO, span: now }.into());
    let max = Some(Base::new(1 << 100));
    send(now, "risk", SetOpenInterestMax { market, max }.into());
    routed(world, fund);
}

/// From here on every band lists new markets, however little is left.
fn listing(world: &mut World) {
    let mut policy = ControlPolicy::default();
    policy.bands.truncate(1);
    policy.bands[0].listings = true;
    for fund in FUNDS.map(label) {
        approved(world, SetControl { fund, policy: Box::new(policy.clone()) });
    }
}

/// Revenue that a band sends to the treasury.
fn routed(world: &mut World, fund: Label) {
    let mut policy = ControlPolicy { routes: Some(Routes::default()), ..ControlPolicy::default() };
    policy.bands.truncate(1);
    policy.bands[0].surplus = SurplusRoute::Treasury;
    approved(world, SetControl { fund, policy: Box::new(policy) });
    let from = Party::Account(label("alice"));
    world.must("alice", PayRevenue { fund, from, amount: Amount::new(1_000) });
    world.wait(Span::days(1));
    let _ = world.send("keeper", SettleRevenue { fund });
    approved(world, SetControl { fund, policy: Box::default() });
}

/// An index from its beginning to its end, and a deficit on a market that checks its marks.
fn prices(world: &mut World) {
    let (index, feed, quote) = (label("late"), label("late-feed"), label("gold"));
    let policy = IndexPolicy { quorum: 1, families: 1, ..IndexPolicy::default() };
    world.must("op", RegisterIndex { label: index, asset: Some(label("eth")), quote, policy });
    let (family, reporter) = (label("one"), Reporter::Key(keys::public(120)));
    approved(world, RegisterFeed { label: feed, index, family, reporter });
    let (ledger, price, at) = (world.state.meta.ledger, Price::new(1_000), world.now);
    let signature = Some(keys::report(120, ledger, (index, feed), price, at));
    world.must("keeper", ReportPrice { feed, price, at, signature });
    let policy = IndexPolicy { quorum: 2, ..policy };
    world.must("risk", SetIndexPolicy { index, policy });
    let waterfall = vec![layer(LayerSource::Reserve(label("aside")))];
    let policy = MarketPolicy { mark: Some(index), ..market(waterfall) };
    let (name, fund, venue) = (label("checked"), label("aside"), label("venue"));
    approved(world, CreateMarket { label: name, fund, venue, policy: Box::new(policy) });
    let settle = SettleLiquidation {
        market: name,
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-9),
        notional: Amount::ZERO,
        mark: price,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    };
    world.must("venue", settle);
    world.must("guardian", RetireFeed { feed });
}

/// A layer of gold under a market in silver: a deficit that waits for its price, one that is paid, and sales
/// that fall short.
fn converted(world: &mut World) {
    let (feed, index) = (label("silver-feed"), label("silver-gold"));
    let (silver, gold) = (label("silver"), label("gold"));
    world.must("op", RegisterAsset { label: silver, decimals: 6, custodian: None });
    let policy = IndexPolicy { quorum: 1, families: 1, ..IndexPolicy::default() };
    world.must("op", RegisterIndex { label: index, asset: Some(silver), quote: gold, policy });
    let (family, reporter) = (label("two"), Reporter::Key(keys::public(121)));
    approved(world, RegisterFeed { label: feed, index, family, reporter });
    let (fund, treasury, amount) = (label("silvers"), label("treasury"), Amount::ZERO);
    let (asset, kind, policy) = (silver, FundKind::Shared, Box::default());
    let create = CreateFund {
        label: fund,
        asset,
        kind,
        treasury,
        threshold: amount,
        target: amount,
        policy,
    };
    world.must("op", create);
    let source = LayerSource::Reserve(label("aside"));
    let (account, amount) = (OpeningAccount::Reserve(label("aside")), Amount::new(1_000));
    world.must("op", Opening { account, asset: gold, amount });
    let layers = vec![LayerPolicy { haircut: Some(Ppm::new(200_000)), ..layer(source) }];
    let (market, venue, policy) = (label("mixed"), label("venue"), Box::new(market(layers)));
    approved(world, CreateMarket { label: market, fund, venue, policy });
    let settle = SettleLiquidation {
        market,
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(-80),
        notional: Amount::ZERO,
        mark: Price::ZERO,
        open_interest: None,
        evidence: Some(Hash::new([1; 32])),
    };
    world.must("venue", settle.clone());
    let (ledger, at) = (world.state.meta.ledger, world.now);
    // An atom of silver for an atom of gold.
    let price = Price::new(1_000_000_000_000_000);
    let signature = Some(keys::report(121, ledger, (index, feed), price, at));
    world.must("keeper", ReportPrice { feed, price, at, signature });
    let loss = LossId::new(u32::try_from(world.state.losses.len()).expect("a short log") - 1);
    approved(world, VoidLoss { loss });
    world.must("venue", settle);
    let sale = |sold, received| BookConversion {
        market,
        layer: source,
        sold: Amount::new(sold),
        received: Amount::new(received),
        any_price: false,
    };
    world.must("venue", sale(60, 48));
    approved(world, BookConversion { any_price: true, ..sale(40, 10) });
    world.must("keeper", SettleBasis { market, layer: source });
    let from = Party::Clearing(market);
    let loss = LossId::new(loss.get() + 1);
    world.must("venue", RecoverLoss { loss, from, amount: Amount::new(30) });
    world.must("keeper", SettleBasis { market, layer: source });
}

/// Hosted markets from their beginning to their end.
fn positions(world: &mut World) {
    let layers = [LayerSource::Haircut(Ppm::WHOLE)];
    let policies = [hosted::policy(), hosted::policy()];
    for body in hosted::bodies(policies, hosted::pool(Netting::Pool), &layers) {
        if matches!(body, Body::CreateFund(_)) {
            world.must("op", body);
        } else {
            approved(world, body);
        }
    }
    // What came before may have spent what this fund has, and it may not cover this.
    let (account, amount) = (OpeningAccount::Reserve(label("main")), Amount::new(10_000));
    world.must("op", Opening { account, asset: label("usdt"), amount });
    let body = SetCovers { fund: label("main"), covers: Causes::INSURED };
    after_delay(world, body.into());
    crate::hosted::story(world, approved);
    short_pool(world);
}

/// A pool that is short by far more than its reserve can have: one leaves it, another closes the gap.
fn short_pool(world: &mut World) {
    world.must("op", hosted::opening("carol", "main", 1_000_000_000_000_000));
    world.must("op", hosted::opening("erin", "main", 1_000));
    world.must("venue", hosted::mark("perp", 100));
    world.must("venue", hosted::trade("perp", ("erin", "carol"), 1, 100));
    world.must("venue", hosted::trade("perp", ("carol", "erin"), 1, 100));
    world.must("op", hosted::opening("erin", "main", -300_000_000_000_000));
    world.must("keeper", hosted::bankrupt("erin", "main"));
    world.wait(Span::hours(1));
    world.must("carol", hosted::withdraw("carol", "main", 1_000_000));
    world.must("carol", hosted::recapitalise("carol", "main", 1));
}

/// A lending reserve from its beginning to a loss, a vault over it, and farms.
fn loans(world: &mut World) {
    crate::lending::story(world, approved);
    crate::vault::story(world, approved);
    crate::farm::story(world, approved);
    crate::vault_loss::story(world);
    crate::compensation::story(world);
    crate::pool::story(world);
}

fn freeze() {
    if file("rules-v1.bin").exists() || std::env::var_os("BACKSTOP_FREEZE").is_none() {
        return;
    }
    let world = lived();
    let mut bytes = Vec::new();
    for record in &world.log {
        let length = u32::try_from(record.len()).expect("a short record");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(record);
    }
    std::fs::create_dir_all(file("")).expect("a writable folder");
    std::fs::write(file("rules-v1.bin"), bytes).expect("a writable file");
    std::fs::write(file("rules-v1.hash"), format!("{}\n", world.state.hash())).expect("a file");
}

fn records() -> Vec<Record> {
    static FREEZE: Once = Once::new();
    FREEZE.call_once(freeze);
    let bytes = std::fs::read(file("rules-v1.bin"));
    let bytes = bytes.expect("the frozen log of rules version 1; BACKSTOP_FREEZE=1 makes it, once");
    let mut rest = &bytes[..];
    let mut records = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).expect("a length");
        let (record, tail) = tail.split_at(length);
        records.push(Record::decode(record).expect("a record of rules version 1"));
        rest = tail;
    }
    assert!(rest.is_empty(), "a torn end");
    records
}

fn frozen_hash() -> String {
    let hash = std::fs::read_to_string(file("rules-v1.hash")).expect("the frozen hash");
    hash.trim().to_owned()
}

#[test]
fn the_log_of_rules_version_1_replays() {
    let records = records();
    let (first, rest) = records.split_first().expect("a log");
    let mut state = replay_genesis(first).expect("a genesis");
    for record in rest {
        replay(&mut state, record).unwrap_or_else(|corrupt| panic!("{corrupt}: {record:?}"));
        invariants::check(&state).unwrap_or_else(|corrupt| panic!("{corrupt}: {record:?}"));
    }
    assert_eq!(state.hash().to_string(), frozen_hash());
}

#[test]
fn the_log_of_rules_version_1_is_decided_again() {
    let records = records();
    let Entry::Genesis(genesis) = &records[0].entry else { panic!("no genesis") };
    let time = records[0].time;
    let mut state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, time);
    let mut scratch = Vec::new();
    for record in &records {
        let bytes = record.encode();
        let asked = Asked::decode(&bytes).expect("a record");
        recheck(&mut state, &asked, true, &mut scratch)
            .unwrap_or_else(|corrupt| panic!("{corrupt}: {record:?}"));
    }
    assert_eq!(state.hash().to_string(), frozen_hash());
}

/// A frozen log that leaves a rule out would not hold it.
#[test]
fn the_log_of_rules_version_1_knows_nearly_every_event() {
    let records = records();
    let missing = missing(&records);
    assert!(missing.is_empty(), "events without a record: {missing:?}");
}
