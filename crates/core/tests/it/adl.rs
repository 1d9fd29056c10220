//! Deleveraging on a ledger: from a loss over a sealed list to cuts, residual and recovery.

use crate::run::{lose, property};
use backstop_core::{
    Event, Reject, RejectCode,
    command::{
        BeginTransfer, ClaimRecovery, CloseAdl, Direction, OpenAccount, OpenAdl, Party,
        RecoverLoss, RunAdl, SetMarketRules, SubmitAdlPart, VoidLoss,
    },
    event::Cohort,
    invariants,
    ledger::LedgerAccount,
    loss::{
        adl::{Candidate, Cut, Need, Terms, order, quantiles, select},
        claim::{Entries, Tally},
    },
    policy::{AdlPolicy, AdlRank, AdlSelect, LayerSource, MarketPolicy, PositionSide, Underwater},
    state::LayerClaim,
};
use backstop_testkit::{
    Setup, World,
    generator::Winners,
    label,
    world::{layer, market},
};
use backstop_units::{Amount, Base, Label, LossId, MarketId, Ppm, Price, Span};
use proptest::{collection::vec, prelude::*, sample};

const LOSS: LossId = LossId::new(0);
const SOL: MarketId = MarketId::new(0);

/// Quote atoms for a lot, as a price of a base unit of one lot.
pub(crate) fn price(atoms: u128) -> Price {
    Price::new(atoms * 1_000_000_000)
}

/// One lot a unit and two cuts a step.
pub(crate) const QUEUE: AdlPolicy = AdlPolicy {
    rank: AdlRank::ProfitTimesLeverage,
    select: AdlSelect::Queue,
    hedge_aware: false,
    gains_only: true,
    base_unit: Base::new(1),
    batch: 2,
    candidates_max: 100,
    deadline: Span::hours(1),
};

/// A market whose reserve pays first, then winners.
pub(crate) fn winners_second() -> MarketPolicy {
    let layers = vec![layer(LayerSource::Reserve(label("main"))), layer(LayerSource::Adl)];
    MarketPolicy { adl: Some(QUEUE), ..market(layers) }
}

/// A world with 1,000 in reserve and a loss of 1,600: 600 of it is put on winners.
pub(crate) fn asked() -> World {
    let mut setup = Setup { reserve: Amount::new(1_000), ..Setup::default() };
    setup.markets[0] = winners_second();
    let mut world = World::of(&setup);
    lose(&mut world, 1_600);
    world
}

/// A long that bought at 50, of this leverage at a mark of 100.
pub(crate) fn winner(name: &str, size: u128, leverage: u128) -> Candidate {
    Candidate {
        account: label(name),
        side: PositionSide::Long,
        size: Base::new(size),
        hedged: Base::ZERO,
        entry: price(50),
        equity: Amount::new(size * 100 / leverage),
        collateral: Amount::ZERO,
        maintenance: Amount::ZERO,
    }
}

/// Announces a list that is closed at 90 with a mark of 100: a lot forgoes 10.
pub(crate) fn open(list: &[Candidate]) -> OpenAdl {
    let mut tally = Tally::default();
    for candidate in list {
        tally.push(candidate).unwrap();
    }
    OpenAdl {
        loss: LOSS,
        side: PositionSide::Long,
        price: price(90),
        mark: price(100),
        count: tally.count,
        lots: Base::new(tally.sum.get()),
        root: tally.root(),
    }
}

pub(crate) fn submit(list: &[Candidate]) -> SubmitAdlPart {
    SubmitAdlPart { loss: LOSS, entries: list.to_vec() }
}

/// Three winners with 110 lots, of whom alice ranks first and carol last.
pub(crate) fn three() -> Vec<Candidate> {
    vec![winner("carol", 40, 2), winner("alice", 30, 10), winner("bob", 40, 5)]
}

fn rows(world: &World) -> Vec<(Cohort, u128, u128)> {
    let rows = &world.state.losses.get(LOSS).unwrap().rows;
    rows.iter().map(|r| (r.row.cohort, r.row.amount.get(), r.recovered.get())).collect()
}

fn adl(world: &World) -> &LayerClaim {
    world.state.layer_claims.get(0).unwrap()
}

fn held(world: &World, account: LedgerAccount) -> u128 {
    let asset = world.state.asset_id(label("usdt")).unwrap();
    world.state.ledger.held(account, asset).get()
}

/// The cuts of the events of the last command: who, lots, money.
fn cuts(world: &World) -> Vec<Cut> {
    let ran = world.events.iter().filter_map(|event| match event {
        Event::AdlRan { cuts, .. } => Some(cuts.clone()),
        _ => None,
    });
    ran.flatten().collect()
}

fn cut(at: u32, name: &str, lots: u128, forgone: u128) -> Cut {
    Cut { at, account: label(name), lots: Base::new(lots), forgone: Amount::new(forgone) }
}

fn claim(name: &str) -> ClaimRecovery {
    ClaimRecovery { loss: LOSS, account: label(name) }
}

fn recover(amount: u128) -> RecoverLoss {
    RecoverLoss { loss: LOSS, from: Party::Clearing(label("sol")), amount: Amount::new(amount) }
}

/// Sends a list in one part, runs it to its end and closes.
fn carry_out(world: &mut World, list: &[Candidate]) -> Vec<Cut> {
    world.must("venue", open(list));
    world.must("venue", submit(list));
    let mut all = Vec::new();
    while !adl(world).done {
        world.must("keeper", RunAdl { loss: LOSS });
        all.extend(cuts(world));
        invariants::check(&world.state).unwrap();
    }
    world.must("keeper", CloseAdl { loss: LOSS });
    invariants::check(&world.state).unwrap();
    all
}

#[test]
fn from_the_loss_to_the_last_claim() {
    let mut world = asked();
    // The row is placed at once and the venue is owed the whole loss, before anybody is named.
    assert_eq!(rows(&world)[1], (Cohort::Adl { adl: 0 }, 600, 0));
    assert_eq!(held(&world, LedgerAccount::Deleveraged(SOL)), 600);
    assert_eq!(world.owed(LedgerAccount::Clearing(SOL)).get(), 1_600);

    let list = three();
    world.must("venue", open(&list));
    world.must("venue", submit(&list[..1]));
    world.must("venue", submit(&list[1..]));
    assert_eq!(adl(&world).tally.count, 3);
    // 60 lots bring 600: all of alice's, then bob's. Two cuts fit a step, and a third is not needed.
    world.must("keeper", RunAdl { loss: LOSS });
    assert_eq!(cuts(&world), [cut(1, "alice", 30, 300), cut(2, "bob", 30, 300)]);
    assert!(adl(&world).done);
    assert_eq!(adl(&world).measure.get(), 60);
    world.must("keeper", CloseAdl { loss: LOSS });
    assert_eq!(rows(&world).len(), 2);
    // Of the 1,600 the ledger has paid 1,000; the venue collects the rest from the winners.
    let pay = |amount| BeginTransfer {
        direction: Direction::Out,
        party: Party::Clearing(label("sol")),
        asset: label("usdt"),
        amount: Amount::new(amount),
        reference: Label::NONE,
    };
    let refused = Reject::new(RejectCode::NothingOwed, Amount::new(1_001), Amount::new(1_000));
    assert_eq!(world.clone().send("venue", pay(1_001)).unwrap_err(), refused);
    // The list is forgotten; the cuts stay.
    let empty = Entries::Adl(Vec::new());
    assert!(world.state.list_parts.iter().all(|(_, part)| part.entries == empty));
    assert_eq!(world.state.claim_shares.len(), 2);

    // 500 come back, to the last row first: 250 each for alice and bob, nothing for carol.
    world.must("venue", recover(500));
    assert_eq!(rows(&world)[1].2, 500);
    assert_eq!(world.owed(LedgerAccount::Recoveries(LOSS)).get(), 500);
    world.must("alice", claim("alice"));
    assert_eq!(world.balance("alice").get(), 1_000_250);
    let nothing = Reject::got(RejectCode::NothingToClaim, label("carol"));
    assert_eq!(world.send("carol", claim("carol")).unwrap_err(), nothing);
    // The rest, and what is left of it for the reserve.
    world.must("venue", recover(150));
    for name in ["alice", "bob"] {
        world.must("venue", claim(name));
        assert_eq!(world.balance(name).get(), 1_000_300);
    }
    assert_eq!(world.owed(LedgerAccount::Recoveries(LOSS)).get(), 0);
    assert_eq!(rows(&world)[0].2, 50);
    invariants::check(&world.state).unwrap();
}

#[test]
fn what_winners_lack_is_residual() {
    let mut world = asked();
    // 17 lots of 10, and 30 lots of a gain of only 8 each: 170 and 240 atoms, 24 lots.
    let mut list = vec![winner("alice", 17, 5), winner("bob", 30, 5)];
    list[1].entry = price(92);
    let all = carry_out(&mut world, &list);
    assert_eq!(all, [cut(0, "alice", 17, 170), cut(1, "bob", 24, 240)]);
    let reserve = world.state.fund_id(label("main")).unwrap();
    assert_eq!(
        rows(&world),
        [
            (Cohort::Reserve(reserve), 1_000, 0),
            (Cohort::Adl { adl: 0 }, 410, 0),
            (Cohort::Residual, 190, 0)
        ]
    );
    assert_eq!(held(&world, LedgerAccount::Deleveraged(SOL)), 410);
    assert_eq!(held(&world, LedgerAccount::Residual(SOL)), 190);
    // The layer has used no more than it brought.
    let layer = world.state.layers_of(world.state.markets.get(SOL).unwrap()).nth(1).unwrap().1;
    assert_eq!(layer.used.get(), 410);
    // Residual is the last row: it recovers first.
    world.must("venue", recover(200));
    assert_eq!(rows(&world).iter().map(|row| row.2).collect::<Vec<_>>(), [0, 10, 190]);
}

#[test]
fn nobody_comes_and_the_deadline_ends_it() {
    for list in [None, Some(three())] {
        let mut world = asked();
        if let Some(list) = list {
            world.must("venue", open(&list));
            world.must("venue", submit(&list[..2]));
        }
        world.wait(Span::from_ms(3_599_999));
        let early = world.send("keeper", CloseAdl { loss: LOSS }).unwrap_err();
        assert_eq!(early.code, RejectCode::ClaimNotComplete);
        world.wait(Span::from_ms(1));
        world.must("keeper", CloseAdl { loss: LOSS });
        assert_eq!(rows(&world)[1..], [(Cohort::Adl { adl: 0 }, 0, 0), (Cohort::Residual, 600, 0)]);
        assert_eq!(held(&world, LedgerAccount::Deleveraged(SOL)), 0);
        invariants::check(&world.state).unwrap();
    }
    // A list of nobody is complete at once.
    let mut world = asked();
    world.must("venue", open(&[]));
    world.must("keeper", RunAdl { loss: LOSS });
    world.must("keeper", CloseAdl { loss: LOSS });
    assert_eq!(rows(&world)[2], (Cohort::Residual, 600, 0));
}

#[test]
fn a_list_is_announced_anew_until_the_first_cut() {
    let mut world = asked();
    world.must("venue", open(&three()[..1]));
    world.must("venue", submit(&three()[..1]));
    let all = carry_out(&mut world, &three());
    assert_eq!(all.len(), 2);
    assert_eq!(world.state.list_parts.len(), 2);
}

#[test]
fn a_void_loss_gives_back_to_those_who_were_cut() {
    let mut world = asked();
    let unsettled = world.send("op", VoidLoss { loss: LOSS }).unwrap_err();
    assert_eq!(unsettled.code, RejectCode::ClaimUnsettled);
    carry_out(&mut world, &[winner("alice", 20, 5), winner("bob", 10, 5)]);
    world.must("op", VoidLoss { loss: LOSS });
    // The venue is owed nothing any more; alice and bob claim what they gave up, out of what it collected.
    assert_eq!(world.owed(LedgerAccount::Clearing(SOL)).get(), 0);
    assert_eq!(held(&world, LedgerAccount::Deleveraged(SOL)), 300);
    world.must("venue", claim("alice"));
    world.must("venue", claim("bob"));
    assert_eq!((world.balance("alice").get(), world.balance("bob").get()), (1_000_200, 1_000_100));
    invariants::check(&world.state).unwrap();
}

#[test]
fn whoever_has_no_account_claims_when_he_opens_one() {
    let mut world = asked();
    // Zoe holds two positions.
    let list = vec![winner("zoe", 10, 5), winner("alice", 30, 9), winner("zoe", 90, 2)];
    let all = carry_out(&mut world, &list);
    assert_eq!(all.iter().map(|cut| cut.at).collect::<Vec<_>>(), [1, 0, 2]);
    world.must("venue", recover(600));
    world.must("op", OpenAccount { label: label("zoe"), group: None, venue: None });
    world.must("zoe", claim("zoe"));
    assert_eq!(world.balance("zoe").get(), 300);
}

#[test]
fn a_market_without_rules_asks_no_winners() {
    let mut setup = Setup::default();
    setup.markets[0] = MarketPolicy { adl: None, ..winners_second() };
    let mut world = World::of(&setup);
    lose(&mut world, 600);
    assert_eq!(rows(&world), [(Cohort::Residual, 600, 0)]);
}

/// New rules are for later losses: one that is placed is shared by those that it was placed under.
#[test]
fn a_deleveraging_keeps_the_rules_it_began_with() {
    let began = asked();
    let expected = carry_out(&mut began.clone(), &three());
    for adl in [None, Some(AdlPolicy { select: AdlSelect::ProRataGains, ..QUEUE })] {
        let mut world = began.clone();
        let (market, underwater) = (label("sol"), Underwater::Nothing);
        let rules = SetMarketRules {
            market,
            underwater,
            mark: None,
            mark_band: Ppm::ZERO,
            adl,
            equity: None,
        };
        world.must("op", rules);
        assert_eq!(carry_out(&mut world, &three()), expected);
        lose(&mut world, 600);
        let rows = &world.state.losses.get(LossId::new(1)).unwrap().rows;
        let cohort = adl.map_or(Cohort::Residual, |_| Cohort::Adl { adl: 1 });
        assert_eq!(rows.iter().map(|r| r.row.cohort).collect::<Vec<_>>(), [cohort]);
        invariants::check(&world.state).unwrap();
    }
}

/// A list of ten thousand, in parts of 4,096, cut in steps of 4,096.
#[test]
fn a_long_list_comes_in_parts() {
    let mut setup = Setup::default();
    let adl_policy = AdlPolicy {
        select: AdlSelect::ProRataGains,
        batch: AdlPolicy::PART_MAX,
        candidates_max: 10_000,
        ..winners_second().adl.unwrap()
    };
    setup.markets[0] = MarketPolicy { adl: Some(adl_policy), ..winners_second() };
    let mut world = World::of(&setup);
    lose(&mut world, 777_777);
    let list: Vec<Candidate> =
        (0..10_000u128).map(|n| winner(&format!("t{n}"), 20 + n % 7, 3)).collect();
    world.must("venue", open(&list));
    for part in list.chunks(4_096) {
        world.must("venue", submit(part));
    }
    let mut steps = Vec::new();
    while !adl(&world).done {
        world.must("keeper", RunAdl { loss: LOSS });
        steps.push(cuts(&world).len());
    }
    assert_eq!(steps, [4_096, 4_096, 1_808]);
    // 77,778 lots bring 777,780 atoms; the last of them keeps three.
    assert_eq!((adl(&world).measure.get(), adl(&world).brought.get()), (77_778, 777_777));
    world.must("keeper", CloseAdl { loss: LOSS });
    invariants::check(&world.state).unwrap();
}

#[test]
fn a_trader_sees_his_lights() {
    let (list, rules) = (three(), winners_second().adl.unwrap());
    let terms = Terms {
        side: PositionSide::Long,
        mark: price(100),
        price: price(90),
        base_unit: rules.base_unit,
    };
    let order = order(rules.rank, &terms, &list).unwrap();
    // 30, 70 and 110 of 110 lots.
    assert_eq!(
        (order.as_slice(), quantiles(&order, &list).unwrap()),
        (&[1, 2, 0][..], vec![5, 2, 4])
    );
}

fn rules() -> impl Strategy<Value = AdlPolicy> {
    let rule = (sample::select(AdlRank::ALL), sample::select(AdlSelect::ALL));
    (rule, any::<bool>(), any::<bool>(), 1u16..6).prop_map(
        |(rule, hedge_aware, gains_only, batch)| {
            let (rank, select) = rule;
            AdlPolicy {
                rank,
                select,
                hedge_aware,
                gains_only,
                batch,
                ..winners_second().adl.unwrap()
            }
        },
    )
}

/// However a list is cut into parts and steps, the same are cut by the same; and what is not, is
/// residual: the rows add up, to the atom.
#[test]
fn parts_and_steps_change_nothing() {
    let lists = (any::<u32>(), 0u8..12).prop_map(|(seed, count)| Winners { seed, count });
    let strategy = (lists, rules(), 1u128..900, vec(1usize..5, 12), 50u128..150);
    property(strategy, |(list, rules, claim, parts, at)| {
        let list = list.candidates();
        let sound = |candidate: &Candidate| !candidate.equity.is_zero();
        let list: Vec<Candidate> = list.into_iter().filter(sound).collect();
        let whole = run(&AdlPolicy { batch: 4_096, ..rules }, &list, claim, at, &[99])?;
        let stepped = run(&rules, &list, claim, at, &parts)?;
        if whole != stepped {
            return Err(format!("{whole:?} at once, {stepped:?} in steps"));
        }
        Ok(())
    });
}

/// Cuts and rows of one loss that only winners are asked for.
fn run(
    rules: &AdlPolicy,
    list: &[Candidate],
    claim: u128,
    at: u128,
    parts: &[usize],
) -> Result<(Vec<Cut>, Vec<u128>), String> {
    let mut setup = Setup::default();
    let policy = MarketPolicy { adl: Some(*rules), ..market(vec![layer(LayerSource::Adl)]) };
    setup.markets[0] = policy;
    let mut world = World::of(&setup);
    lose(&mut world, claim);
    let mark = Price::new(6_000_000_000);
    let away = Price::new(at * 20_000_000);
    let side = list.first().map_or(PositionSide::Long, |candidate| candidate.side);
    let price = match side {
        PositionSide::Long => mark.saturating_sub(away),
        PositionSide::Short => mark.saturating_add(away),
    };
    world.must("venue", OpenAdl { side, price, mark, ..open(list) });
    let mut rest = list;
    let mut sizes = parts.iter().cycle();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        world.must("venue", submit(part));
        rest = after;
    }
    let mut all = Vec::new();
    while !adl(&world).done {
        world.must("keeper", RunAdl { loss: LOSS });
        let some = cuts(&world);
        if some.len() > usize::from(rules.batch) {
            return Err(format!("{} cuts in one step", some.len()));
        }
        all.extend(some);
    }
    // The steps are the pure selection, no more and no less.
    let terms = Terms { side, mark, price, base_unit: rules.base_unit };
    let chosen = select(rules, &terms, Need::Atoms(Amount::new(claim)), list).unwrap();
    if chosen.cuts != all || adl(&world).measure.get() != chosen.lots.get() {
        return Err(format!("{all:?}, not {chosen:?}"));
    }
    world.must("keeper", CloseAdl { loss: LOSS });
    invariants::check(&world.state).map_err(|corrupt| corrupt.to_string())?;
    Ok((all, rows(&world).iter().map(|row| row.1).collect()))
}
