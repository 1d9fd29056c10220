//! Settlements, losses, money that comes back, transfers, excess.

use super::*;

#[test]
fn settlements() {
    let world = &mut of(|setup| {
        setup.markets[0].underwater = Underwater::FullFee { fee: Bps::WHOLE };
    });
    let bad = SettleLiquidation {
        market: label(NOTHING),
        account: label(NOTHING),
        liquidator: label(NOTHING),
        notional: Amount::MAX,
        evidence: None,
        ..settle(-5)
    };
    Ladder::default().rung(world, "alice", bad.clone(), C::UnknownAccount);
    let unknown = bad.clone();
    let bad = SettleLiquidation { market: label("sol"), ..bad };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "venue", bad.clone(), C::UnknownAccount);
    let bad = SettleLiquidation { account: label("bob"), ..bad };
    let bad = SettleLiquidation { liquidator: label("bob"), ..bad };
    let (account, liquidator) = (label("bob"), label("bob"));
    let nowhere = SettleLiquidation { account, liquidator, ..unknown };
    ladder.rung(world, "venue", nowhere, C::UnknownMarket);
    // A full fee is added for another group's liquidator only, so no sum overflows for bob himself.
    let other = SettleLiquidation { liquidator: label("alice"), ..bad.clone() };
    ladder.rung(world, "venue", other, C::Overflow);
    let bad = SettleLiquidation { notional: atoms(5), ..bad };
    ladder.rung(world, "venue", bad.clone(), C::SelfLiquidation);
    ladder.rung(
        world,
        "venue",
        SettleLiquidation { account: label("alice"), ..bad },
        C::NoEvidence,
    );

    let mut ladder = Ladder::default();
    let fees = |market| PayFees { market: label(market), amount: Amount::ZERO };
    ladder.rung(world, "venue", fees(NOTHING), C::UnknownMarket);
    Ladder::default().rung(world, "alice", fees("sol"), C::RoleMissing);
    Ladder::default().rung(world, "venue", fees("sol"), C::ZeroAmount);
}

#[test]
fn house_accounts() {
    use crate::house::{housed, policy, report, set};
    let world = &mut housed(0, 100, backstop_core::policy::Payout::Partial);
    let bad = SetHouse {
        fund: label(NOTHING),
        ..set(HousePolicy { market: label(NOTHING), beneficiary: Some(label(NOTHING)), ..policy() })
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "op", bad.clone(), C::UnknownAccount);
    let house = HousePolicy { beneficiary: None, ..bad.house.unwrap() };
    let bad = SetHouse { house: Some(house), ..bad };
    ladder.rung(world, "op", bad.clone(), C::UnknownFund);
    let bad = SetHouse { fund: label("main"), ..bad };
    ladder.rung(world, "op", bad.clone(), C::UnknownMarket);
    let house = HousePolicy { market: label("doge"), ..house };
    ladder.rung(world, "op", SetHouse { house: Some(house), ..bad }, C::BadPolicy);

    let blind = |fund: &str, moves| ReportHouse {
        fund: label(fund),
        evidence: Hash::ZERO,
        ..report(5, 5, moves)
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", blind("main", 3), C::RoleMissing);
    ladder.rung(world, "venue", blind(NOTHING, 3), C::UnknownFund);
    ladder.rung(world, "venue", blind("main", 3), C::NoEvidence);
    ladder.rung(world, "venue", ReportHouse { evidence: EVIDENCE, ..blind("iso", 3) }, C::HouseOff);
    ladder.rung(world, "venue", report(5, 5, 3), C::HouseLate);

    let give = DistributeSurplus { fund: label("main") };
    world.must("op", set(HousePolicy { beneficiary: None, ..policy() }));
    world.must("risk", declare(5));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", DistributeSurplus { fund: label(NOTHING) }, C::UnknownFund);
    ladder.rung(world, "alice", give.clone(), C::LossOpen);
    world.wait(Span::days(1));
    ladder.rung(world, "alice", give.clone(), C::BelowThreshold);
    world.must("venue", report(200, 0, 0));
    ladder.rung(world, "alice", give.clone(), C::NoBeneficiary);
    world.must("op", set(policy()));
    ladder.rung(world, "alice", give, C::NothingToMove);
}

#[test]
fn bad_debts() {
    use crate::bad_debt::{bank, debt};
    let world = &mut bank(0, 1_000);
    world.must("venue", debt(1_000));
    let bad = SettleBadDebt {
        market: label(NOTHING),
        account: label(NOTHING),
        debts: Amount::ZERO,
        evidence: Hash::ZERO,
        ..debt(0)
    };
    Ladder::default().rung(world, "alice", bad.clone(), C::UnknownAccount);
    let bad = SettleBadDebt { market: label("sol"), ..bad };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "venue", bad.clone(), C::UnknownAccount);
    let bad = SettleBadDebt { account: label("dave"), ..bad };
    ladder.rung(world, "venue", bad.clone(), C::ZeroAmount);
    let bad = SettleBadDebt { amount: atoms(5), ..bad };
    ladder.rung(world, "venue", bad.clone(), C::NotBankrupt);
    let bad = SettleBadDebt { debts: debt(5).debts, ..bad };
    ladder.rung(world, "venue", bad.clone(), C::NoEvidence);
    ladder.rung(world, "venue", SettleBadDebt { evidence: EVIDENCE, ..bad }, C::MarketDead);
}

#[test]
fn losses() {
    let world = &mut World::new();
    for _ in 0..64 {
        world.must("risk", declare(5));
    }
    let bad = DeclareLoss {
        market: label(NOTHING),
        cause: Cause::BadDebt,
        account: Some(label(NOTHING)),
        estimate: Amount::ZERO,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "risk", bad.clone(), C::UnknownAccount);
    ladder.rung(world, "risk", DeclareLoss { account: None, ..bad }, C::UnknownMarket);
    ladder.rung(world, "risk", declare(0), C::ZeroAmount);
    ladder.rung(world, "risk", declare(5), C::TooManyOpenLosses);

    let assess = |loss, amount, evidence| AssessLoss {
        loss: LossId::new(loss),
        amount: atoms(amount),
        evidence,
    };
    world.wait(Span::days(1));
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", assess(99, 0, Hash::ZERO), C::RoleMissing);
    ladder.rung(world, "risk", assess(99, 0, Hash::ZERO), C::ZeroAmount);
    ladder.rung(world, "risk", assess(99, 5, Hash::ZERO), C::NoEvidence);
    ladder.rung(world, "risk", assess(99, 5, EVIDENCE), C::UnknownLoss);
    ladder.rung(world, "risk", assess(0, 5, EVIDENCE), C::LossState);
}

#[test]
fn recoveries() {
    let world = &mut World::new();
    world.must("risk", declare(5));
    let gold = CreateFund {
        label: label("gold"),
        asset: label("eth"),
        kind: FundKind::Shared,
        treasury: label("treasury"),
        threshold: Amount::ZERO,
        target: Amount::ZERO,
        policy: Box::default(),
    };
    world.must("op", gold);
    let (name, fund, venue) = (label("xau"), label("gold"), label("venue"));
    let policy = market(vec![reserve("gold")]);
    world.must("op", CreateMarket { label: name, fund, venue, policy: Box::new(policy) });

    let account = |name| Party::Account(label(name));
    let bad = RecoverLoss { loss: LossId::new(9), from: account(NOTHING), amount: Amount::ZERO };
    Ladder::default().rung(world, "alice", bad.clone(), C::UnknownAccount);
    let other = RecoverLoss { loss: LOSS, from: Party::Clearing(name), amount: Amount::ZERO };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", other.clone(), C::RoleMissing);
    ladder.rung(world, "venue", other.clone(), C::ZeroAmount);
    let other = RecoverLoss { amount: atoms(9), ..other };
    ladder.rung(world, "venue", other, C::WrongAsset);

    let bad = RecoverLoss { from: account("treasury"), ..bad };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::NotOwner);
    ladder.rung(world, "treasury", bad.clone(), C::ZeroAmount);
    let bad = RecoverLoss { amount: atoms(9), ..bad };
    Ladder::default().rung(world, "treasury", bad.clone(), C::UnknownLoss);
    let bad = RecoverLoss { loss: LOSS, ..bad };
    ladder.rung(world, "treasury", bad.clone(), C::InsufficientBalance);
    let bad = RecoverLoss { from: account("alice"), ..bad };
    ladder.rung(world, "alice", bad.clone(), C::LossState);
    world.must("risk", AssessLoss { loss: LOSS, amount: atoms(5), evidence: EVIDENCE });
    world.must("keeper", backstop_core::command::PlaceLoss { loss: LOSS });
    ladder.rung(world, "alice", bad, C::RecoveryAboveLoss);

    let claim = |loss, name| ClaimRecovery { loss: LossId::new(loss), account: label(name) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "bob", claim(9, NOTHING), C::UnknownAccount);
    ladder.rung(world, "bob", claim(9, "bob"), C::UnknownLoss);
    ladder.rung(world, "bob", claim(0, "bob"), C::NothingToClaim);
    Ladder::default().rung(world, "alice", claim(9, "bob"), C::NotOwner);
}

#[test]
fn deleveragings() {
    use crate::adl::{asked, open, price, submit, three, winner};
    let world = &mut asked();
    world.must("risk", declare(5));
    let list = three();
    let bad = OpenAdl { loss: LossId::new(9), count: 101, price: price(100), ..open(&list) };
    Ladder::default().rung(world, "alice", bad.clone(), C::UnknownLoss);
    let other = OpenAdl { loss: LossId::new(1), ..bad.clone() };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", other.clone(), C::RoleMissing);
    ladder.rung(world, "venue", other, C::ClaimUnknown);
    let bad = OpenAdl { loss: LOSS, ..bad };
    ladder.rung(world, "venue", bad.clone(), C::ListTooLong);
    ladder.rung(world, "venue", OpenAdl { count: 3, ..bad.clone() }, C::AdlPrice);

    let stray = Candidate { side: PositionSide::Short, ..winner("bob", 999, 3) };
    let broken = Candidate { size: Base::ZERO, ..list[0] };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", submit(&[]), C::RoleMissing);
    ladder.rung(world, "venue", submit(&[]), C::ListNotOpen);
    world.must("venue", open(&list));
    ladder.rung(world, "venue", submit(&[]), C::ListPartTooLarge);
    ladder.rung(world, "venue", submit(&[broken, stray]), C::AdlSide);
    ladder.rung(world, "venue", submit(&[winner("bob", 999, 3), broken]), C::AdlCandidate);
    ladder.rung(world, "venue", submit(&[winner("bob", 999, 3)]), C::ListSeal);

    let (run, close) = (RunAdl { loss: LOSS }, CloseAdl { loss: LOSS });
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", run.clone(), C::RoleMissing);
    ladder.rung(world, "keeper", RunAdl { loss: LossId::new(9) }, C::UnknownLoss);
    ladder.rung(world, "keeper", RunAdl { loss: LossId::new(1) }, C::ClaimUnknown);
    ladder.rung(world, "keeper", run.clone(), C::ClaimNotComplete);
    world.must("venue", submit(&list));
    world.must("keeper", run.clone());
    ladder.rung(world, "keeper", run.clone(), C::ClaimDone);
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", bad.clone(), C::ClaimStarted);
    world.must("keeper", close.clone());
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", close.clone(), C::RoleMissing);
    ladder.rung(world, "keeper", close, C::ClaimClosed);
    ladder.last = None;
    ladder.rung(world, "venue", bad, C::ClaimClosed);

    let world = &mut asked();
    let set =
        |layers: &[LayerPolicy]| SetWaterfall { market: label("sol"), layers: layers.to_vec() };
    let low = LayerPolicy { lifetime: Some(atoms(999)), ..reserve("main") };
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", set(&[]), C::NoWaterfall);
    ladder.rung(world, "op", set(&[low]), C::LimitBelowUsed);
    ladder.rung(world, "op", set(&[reserve("main")]), C::ClaimOpen);
}

#[test]
fn claims_by_equity() {
    use crate::equity::{asked, holder, open, submit, three};
    let world = &mut asked(&[]);
    world.must("risk", declare(5));
    let list = three();
    let bad = OpenEquity { loss: LossId::new(9), count: 101, ..open(&list) };
    Ladder::default().rung(world, "alice", bad.clone(), C::UnknownLoss);
    let other = OpenEquity { loss: LossId::new(1), ..bad.clone() };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", other.clone(), C::RoleMissing);
    ladder.rung(world, "venue", other, C::ClaimUnknown);
    let bad = OpenEquity { loss: LOSS, ..bad };
    ladder.rung(world, "venue", bad.clone(), C::ListTooLong);

    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", submit(&[]), C::RoleMissing);
    ladder.rung(world, "venue", submit(&[]), C::ListNotOpen);
    world.must("venue", open(&list));
    ladder.rung(world, "venue", submit(&[]), C::ListPartTooLarge);
    ladder.rung(world, "venue", submit(&[holder("bob", 9_999), holder("dave", 0)]), C::ListSeal);
    ladder.rung(world, "venue", submit(&[holder("dave", 0)]), C::EquityHolder);

    let (run, close) = (RunEquity { loss: LOSS }, CloseEquity { loss: LOSS });
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", run.clone(), C::RoleMissing);
    ladder.rung(world, "keeper", RunEquity { loss: LossId::new(9) }, C::UnknownLoss);
    ladder.rung(world, "keeper", RunEquity { loss: LossId::new(1) }, C::ClaimUnknown);
    ladder.rung(world, "keeper", run.clone(), C::ClaimNotComplete);
    world.must("venue", submit(&list));
    world.must("keeper", run.clone());
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", bad, C::ClaimStarted);
    ladder.rung(world, "keeper", close.clone(), C::ClaimNotComplete);
    world.must("keeper", run.clone());
    ladder.rung(world, "keeper", run, C::ClaimDone);
    world.must("keeper", close.clone());
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", close.clone(), C::RoleMissing);
    ladder.rung(world, "keeper", close, C::ClaimClosed);
}

#[test]
fn transfers() {
    let world = &mut World::new();
    suspense(world);
    let bad = BeginTransfer {
        direction: Direction::Out,
        party: Party::Account(label(NOTHING)),
        asset: label(NOTHING),
        amount: Amount::ZERO,
        reference: Label::NONE,
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::UnknownAsset);
    ladder.rung(world, "alice", BeginTransfer { asset: label("usdt"), ..bad }, C::UnknownAccount);
    let (party, asset) = (Party::Account(label("treasury")), label("usdt"));
    let bad = BeginTransfer { party, asset, ..bad };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", bad.clone(), C::NotOwner);
    ladder.rung(world, "treasury", bad.clone(), C::ZeroAmount);
    let bad = BeginTransfer { amount: atoms(5), ..bad };
    ladder.rung(world, "treasury", bad.clone(), C::InsufficientBalance);
    let account = OpeningAccount::Account(label("treasury"));
    world.must("op", Opening { account, asset, amount: atoms(9) });
    ladder.rung(world, "treasury", bad.clone(), C::SuspenseOpen);

    let clearing = |market, asset, amount| BeginTransfer {
        party: Party::Clearing(label(market)),
        asset: label(asset),
        amount: atoms(amount),
        ..bad.clone()
    };
    let mut ladder = Ladder::default();
    ladder.rung(world, "venue", clearing(NOTHING, NOTHING, 0), C::UnknownAsset);
    ladder.rung(world, "venue", clearing(NOTHING, "eth", 0), C::UnknownMarket);
    ladder.rung(world, "venue", clearing("sol", "eth", 0), C::ZeroAmount);
    ladder.rung(world, "venue", clearing("sol", "eth", 5), C::WrongAsset);
    ladder.rung(world, "venue", clearing("sol", "usdt", 5), C::NothingOwed);
}

#[test]
fn reconciliations() {
    let world = &mut World::new();
    let (ledger, eth, balance) = (world.state.meta.ledger, label("eth"), atoms(5));
    let signed = |as_of| Some(keys::balance(ledger, eth, balance, as_of));
    world.must(
        "custodian",
        Reconcile { asset: eth, balance, as_of: START, signature: signed(START) },
    );
    let early = START.minus(Span::hours(1));
    let bad = Reconcile { asset: label(NOTHING), balance, as_of: days(1), signature: None };
    let mut ladder = Ladder::default();
    ladder.rung(world, NOTHING, bad.clone(), C::OccurredAtSkew);
    let bad = Reconcile { as_of: early, ..bad };
    ladder.rung(world, NOTHING, bad.clone(), C::UnknownActor);
    ladder.rung(world, "alice", bad.clone(), C::RoleMissing);
    ladder.rung(world, "custodian", bad.clone(), C::UnknownAsset);
    let bad = Reconcile { asset: eth, ..bad };
    ladder.rung(world, "custodian", bad.clone(), C::TimeRunsBack);
    ladder.rung(world, "custodian", Reconcile { as_of: START, ..bad.clone() }, C::UnsignedBalance);
    let mut ladder = Ladder::default();
    let forged = Reconcile { signature: signed(START), ..bad.clone() };
    ladder.rung(world, "custodian", forged, C::BadSignature);
    let late = Reconcile { signature: signed(early), ..bad };
    ladder.rung(world, "custodian", late, C::TimeRunsBack);
}

#[test]
fn excess() {
    let world = &mut of(|setup| {
        setup.reserve = atoms(9_000);
        setup.target = atoms(9_500);
    });
    world.must("risk", declare(5));
    suspense(world);
    let take = |fund, amount| WithdrawExcess { fund: label(fund), amount: atoms(amount) };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", take(NOTHING, 0), C::RoleMissing);
    ladder.rung(world, "op", take(NOTHING, 0), C::UnknownFund);
    ladder.rung(world, "op", take("main", 0), C::ZeroAmount);
    ladder.rung(world, "op", take("main", 5), C::LossOpen);
    world.wait(Span::days(1));
    ladder.rung(world, "op", take("main", 5), C::SuspenseOpen);
    let (asset, balance, as_of) = (label("usdt"), Amount::ZERO, world.now);
    world.must("custodian", Reconcile { asset, balance, as_of, signature: None });
    ladder.rung(world, "op", take("main", 5), C::CoverageLow);
    world.must("op", SetTarget { fund: label("main"), target: Amount::ZERO });
    ladder.rung(world, "op", take("main", 5), C::BelowThreshold);
    let amount = atoms(1_001);
    let reserve = OpeningAccount::Reserve(label("main"));
    world.must("op", Opening { account: reserve, asset, amount });
    ladder.rung(world, "op", take("main", 5), C::AboveExcess);

    // A target whose band does not fit 128 bits is told before anything that is compared with it.
    let world = &mut of(|setup| setup.fund.coverage_min = Bps::new(100_000));
    world.must("op", SetTarget { fund: label("main"), target: Amount::MAX });
    world.must("risk", declare(5));
    let mut ladder = Ladder::default();
    ladder.rung(world, "op", take("main", 5), C::Overflow);
    world.must("op", SetTarget { fund: label("main"), target: Amount::ZERO });
    ladder.rung(world, "op", take("main", 5), C::LossOpen);
}
