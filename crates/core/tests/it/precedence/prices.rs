//! Indexes, feeds, reports.

use super::*;
use backstop_core::{
    command::{
        LapseDeclaration, RegisterFeed, RegisterIndex, ReportPrice, Reporter, RetireFeed,
        SetIndexPolicy, SetMarketRules,
    },
    policy::{IndexPolicy, Role, Roles},
};
use backstop_testkit::world::{INDEX, report};

#[test]
fn setup_of_indexes() {
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let policy = IndexPolicy { quorum: 0, ..IndexPolicy::default() };
    let bad = RegisterIndex {
        label: label(INDEX),
        asset: Some(label(NOTHING)),
        quote: label(NOTHING),
        policy,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAsset);
    let eth = RegisterIndex { label: label("eth-usdt"), asset: Some(label("eth")), ..bad.clone() };
    let eth = RegisterIndex { quote: label("usdt"), policy: IndexPolicy::default(), ..eth };
    world.must("op", eth);
    let bad = RegisterIndex { asset: Some(label("eth")), ..bad };
    Ladder::default().rung(world, "op", bad.clone(), C::UnknownAsset);
    let bad = RegisterIndex { quote: label("usdt"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::DuplicateLabel);
    let bad = RegisterIndex { label: label("new"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::BadPolicy);
    ladder.rung(
        world,
        "op",
        RegisterIndex { policy: IndexPolicy::default(), ..bad },
        C::AssetPriced,
    );

    let bad = |index, policy| SetIndexPolicy { index: label(index), policy };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad(INDEX, policy), C::RoleMissing);
    ladder.rung(world, "op", bad(NOTHING, policy), C::BadPolicy);
    ladder.rung(world, "op", bad(NOTHING, IndexPolicy::default()), C::UnknownIndex);
}

#[test]
fn feeds() {
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let key = Reporter::Key(keys::public(101));
    let bad = RegisterFeed {
        label: label("north"),
        index: label(NOTHING),
        family: label("four"),
        reporter: Reporter::Account(label(NOTHING)),
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAccount);
    let bad = RegisterFeed { reporter: key, ..bad };
    ladder.rung(world, "op", bad.clone(), C::DuplicateLabel);
    let bad = RegisterFeed { label: label("new"), ..bad };
    let full = &mut world.clone();
    for seed in 0..11u8 {
        let name = label(&format!("more-{seed}"));
        let reporter = Reporter::Key(keys::public(110 + seed));
        let index = label(INDEX);
        full.must("op", RegisterFeed { label: name, index, reporter, ..bad.clone() });
    }
    let known = RegisterFeed { index: label(INDEX), ..bad.clone() };
    let mut many = Ladder::default();
    many.rung(full, "op", known.clone(), C::CapacityReached);
    many.rung(world, "op", known, C::ReporterTaken);
    ladder.rung(world, "op", bad, C::UnknownIndex);
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", RetireFeed { feed: label(NOTHING) }, C::RoleMissing);
    ladder.rung(world, "risk", RetireFeed { feed: label(NOTHING) }, C::UnknownFeed);
}

#[test]
fn reports() {
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let ledger = world.state.meta.ledger;
    let said = report(ledger, "north", Price::new(9), days(1));
    let own = ReportPrice { feed: label("own"), price: Price::ZERO, at: days(1), signature: None };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", own.clone(), C::RoleMissing);
    ladder.rung(world, "risk", own.clone(), C::NotOwner);
    ladder.rung(world, "venue", own.clone(), C::ReportAhead);
    ladder.rung(world, "venue", ReportPrice { at: START, ..own.clone() }, C::PriceZero);
    // Its office was taken away: then the venue is a stranger like others.
    let roles = Roles::of(&[Role::Keeper]);
    let (account, mut former) = (label("venue"), world.clone());
    former.must("op", backstop_core::command::SetRoles { account, roles });
    Ladder::default().rung(&mut former, "venue", own, C::RoleMissing);

    let nowhere = ReportPrice { feed: label(NOTHING), price: Price::ZERO, ..said.clone() };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", nowhere.clone(), C::UnknownFeed);
    let mut retired = world.clone();
    retired.must("guardian", RetireFeed { feed: label("north") });
    let bad = ReportPrice { feed: label("north"), ..nowhere };
    ladder.rung(&mut retired, "alice", bad.clone(), C::FeedRetired);
    ladder.rung(world, "alice", bad, C::BadReportSignature);
    let zero = |at| report(ledger, "north", Price::ZERO, at);
    world.wait(Span::days(1));
    world.must("alice", said);
    ladder.rung(world, "alice", zero(days(1)), C::ReportOutOfOrder);
    ladder.rung(world, "alice", zero(days(3)), C::ReportAhead);
    ladder.rung(world, "alice", zero(world.now.plus(Span::from_ms(1))), C::PriceZero);
}

#[test]
fn marks_of_markets() {
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let index = RegisterIndex {
        label: label("other"),
        asset: None,
        quote: label("eth"),
        policy: IndexPolicy::default(),
    };
    world.must("op", index);
    let of = |name: &str, mark: &str, layers: &[LayerPolicy], band| {
        let mut policy = market(layers.to_vec());
        (policy.mark, policy.mark_band) = (Some(label(mark)), backstop_units::Ppm::new(band));
        let (fund, venue) = (label("main"), label("venue"));
        CreateMarket { label: label(name), fund, venue, policy: Box::new(policy) }
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", of("sol", "other", &[], 1_000_001), C::DuplicateLabel);
    ladder.rung(world, "op", of("new", "other", &[], 1_000_001), C::WrongAsset);
    ladder.rung(world, "op", of("new", NOTHING, &[], 1_000_001), C::BadPolicy);
    ladder.rung(world, "op", of("new", NOTHING, &[], 1), C::NoWaterfall);
    ladder.rung(world, "op", of("new", NOTHING, &[reserve("main")], 1), C::UnknownIndex);
    world.must("op", of("new", INDEX, &[reserve("main")], 1));
}

#[test]
fn rules_of_markets() {
    let world = &mut of(|setup| setup.index = Some(IndexPolicy::default()));
    let index = RegisterIndex {
        label: label("other"),
        asset: None,
        quote: label("eth"),
        policy: IndexPolicy::default(),
    };
    world.must("op", index);
    let set = |market: &str, mark: &str, band| SetMarketRules {
        market: label(market),
        underwater: Underwater::Nothing,
        mark: Some(label(mark)),
        mark_band: backstop_units::Ppm::new(band),
        adl: None,
        equity: None,
    };
    world.must("risk", declare(5));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", set(NOTHING, "other", 1_000_001), C::RoleMissing);
    ladder.rung(world, "op", set(NOTHING, "other", 1_000_001), C::UnknownMarket);
    ladder.rung(world, "op", set("sol", "other", 1_000_001), C::WrongAsset);
    ladder.rung(world, "op", set("sol", NOTHING, 1_000_001), C::LossOpen);
    world.wait(Span::days(1));
    world.must("alice", LapseDeclaration { loss: LossId::new(0) });
    ladder.rung(world, "op", set("sol", NOTHING, 1_000_001), C::BadPolicy);
    ladder.rung(world, "op", set("sol", NOTHING, 1), C::UnknownIndex);
    world.must("op", set("sol", INDEX, 1));
}
