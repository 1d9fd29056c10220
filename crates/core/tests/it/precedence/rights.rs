//! The envelope, the council's signatures, proposals.

use super::*;

/// A council of three, two of whom must sign.
fn council(delay: Span) -> World {
    of(|setup| {
        setup.council = (3, 2);
        setup.reserve = atoms(20_000);
        setup.fund.withdraw_delay = delay;
    })
}

fn withdraw(fund: &str) -> Body {
    WithdrawExcess { fund: label(fund), amount: atoms(100) }.into()
}

/// A command under approvals.
fn signed(world: &mut World, actor: &str, body: &Body, approvals: &Approvals) -> Command {
    Command { approvals: Some(approvals.clone()), ..world.command(actor, body.clone()) }
}

/// Spoils the last signature.
fn forged(mut approvals: Approvals) -> Approvals {
    if let Some(last) = approvals.signatures.last_mut() {
        last.bytes.0[40] ^= 1;
    }
    approvals
}

/// Signed once more by the first member.
fn doubled(mut approvals: Approvals) -> Approvals {
    let first = approvals.signatures[0];
    approvals.signatures.insert(1, first);
    approvals
}

#[test]
fn the_envelope() {
    let world = &mut of(|setup| {
        setup.limits.sandbox = false;
        setup.limits.steps_max = 2;
        setup.balance = Amount::ZERO;
    });
    let (asset, balance, signature) = (label("usdt"), Amount::ZERO, None);
    let future = Body::from(Reconcile { asset, balance, as_of: days(1), signature });
    let nested = Body::from(Execute { proposal: PROPOSAL });
    let account = OpeningAccount::Account(label(NOTHING));
    let opening = Body::from(Opening { account, asset, amount: atoms(1) });
    let bad = Body::from(declare(0));
    let linked = |steps: &[&Body]| Linked { steps: steps.iter().copied().cloned().collect() };
    let mut ladder = Ladder::default();
    let all = linked(&[&bad, &opening, &nested, &future]);
    ladder.rung(world, NOTHING, all, C::OccurredAtSkew);
    ladder.rung(world, NOTHING, linked(&[&bad, &opening, &nested]), C::BatchTooLarge);
    ladder.rung(world, NOTHING, linked(&[&opening, &nested]), C::BatchNested);
    ladder.rung(world, NOTHING, linked(&[&bad, &opening]), C::SandboxOnly);
    ladder.rung(world, NOTHING, linked(&[&bad]), C::UnknownActor);
    ladder.rung(world, "alice", linked(&[&bad]), C::RoleMissing);
    ladder.rung(world, "risk", linked(&[&bad]), C::ZeroAmount);

    let mut ladder = Ladder::default();
    let late = Command { occurred_at: Some(days(1)), ..world.command(NOTHING, opening.clone()) };
    ladder.command(world, &late, C::OccurredAtSkew);
    ladder.rung(world, NOTHING, opening, C::SandboxOnly);
    let mut ladder = Ladder::default();
    let expires_at = START;
    let inner = Body::from(linked(&[&bad]));
    let propose = Propose { body: Box::new(inner), nonce: 0, expires_at };
    ladder.rung(world, NOTHING, propose, C::BatchNested);
    let propose = Propose { body: Box::new(bad), nonce: 0, expires_at };
    ladder.rung(world, NOTHING, propose.clone(), C::UnknownActor);
    ladder.rung(world, "alice", propose.clone(), C::RoleMissing);
    ladder.rung(world, "op", propose.clone(), C::ApprovalExpired);
    ladder.rung(world, "op", Propose { expires_at: days(1), ..propose }, C::NotProposable);
}

/// What the sender may not do is told before what is wrong with signatures that nobody asked for, and
/// these before what the command is about.
#[test]
fn signatures_that_nobody_asked_for() {
    let world = &mut World::new();
    let ledger = world.state.meta.ledger;
    let body = Body::from(declare(0));
    let good = keys::approve(ledger, &body, 1, days(1), &[1, 2]);
    let mut ladder = Ladder::default();
    for (actor, approvals, code) in [
        (NOTHING, forged(doubled(good.clone())), C::UnknownActor),
        ("alice", forged(doubled(good.clone())), C::RoleMissing),
        ("risk", forged(doubled(good.clone())), C::BadSignature),
        ("risk", doubled(good.clone()), C::DuplicateSigner),
        ("risk", good, C::ZeroAmount),
    ] {
        let command = signed(world, actor, &body, &approvals);
        ladder.command(world, &command, code);
    }
    // Also where the sender's right hangs on what is not there.
    let (fund, until) = (label(NOTHING), days(1));
    for body in [
        Body::from(SetTarget { fund, target: Amount::ZERO }),
        ClaimUnstake { ticket: TICKET }.into(),
        CancelProposal { proposal: PROPOSAL }.into(),
        Execute { proposal: PROPOSAL }.into(),
    ] {
        let approvals = forged(keys::approve(ledger, &body, 1, until, &[1]));
        let command = signed(world, "alice", &body, &approvals);
        Ladder::default().command(world, &command, C::BadSignature);
    }
}

#[test]
fn the_quorum() {
    for (delay, last) in [(Span::ZERO, C::UnknownFund), (Span::days(3), C::Timelocked)] {
        let world = &mut council(delay);
        let ledger = world.state.meta.ledger;
        // Nonce 5 is used up.
        let roles = Body::from(SetCouncil { keys: keys::council(3), threshold: 2 });
        let approvals = keys::approve(ledger, &roles, 5, days(9), &[1, 2]);
        let command = signed(world, "op", &roles, &approvals);
        world.send_command(&command).expect("the same council again");

        // An unknown fund with a delay of its own hides only how long one would have to wait.
        let fund = if delay.is_zero() { NOTHING } else { "main" };
        let body = withdraw(fund);
        let by = |nonce, until, members: &[u8]| keys::approve(ledger, &body, nonce, until, members);
        let mut ladder = Ladder::default();
        for (approvals, code) in [
            (forged(doubled(by(5, START, &[9, 1]))), C::UnknownSigner),
            (forged(doubled(by(5, START, &[1, 2]))), C::BadSignature),
            (doubled(by(5, START, &[1])), C::DuplicateSigner),
            (by(5, START, &[1]), C::NonceUsed),
            (by(6, START, &[1]), C::ApprovalExpired),
            (by(6, days(1), &[1]), C::TooFewSignatures),
            (by(6, days(1), &[1, 2]), last),
        ] {
            let command = signed(world, "op", &body, &approvals);
            ladder.command(world, &command, code);
        }
    }
    // The configuration's delay is known whatever the command names.
    let world = &mut of(|setup| setup.limits.config_delay = Span::days(3));
    let covers = SetCovers { fund: label(NOTHING), covers: Causes::NONE };
    let mut ladder = Ladder::default();
    ladder.rung(world, "alice", covers.clone(), C::RoleMissing);
    ladder.rung(world, "op", covers, C::Timelocked);
}

#[test]
fn proposing() {
    let world = &mut council(Span::days(2));
    let ledger = world.state.meta.ledger;
    let used = Body::from(SetCouncil { keys: keys::council(3), threshold: 2 });
    let approvals = keys::approve(ledger, &used, 5, days(9), &[1, 2]);
    let command = signed(world, "op", &used, &approvals);
    world.send_command(&command).expect("the same council again");

    let inner = Body::from(declare(5));
    let propose = |nonce, expires_at| {
        Body::from(Propose { body: Box::new(inner.clone()), nonce, expires_at })
    };
    let by = |nonce, members: &[u8]| keys::approve(ledger, &inner, nonce, days(1), members);
    let mut ladder = Ladder::default();
    for (actor, body, approvals, code) in [
        ("alice", propose(5, START), forged(doubled(by(7, &[9, 1]))), C::RoleMissing),
        ("op", propose(5, START), forged(doubled(by(7, &[9, 1]))), C::UnknownSigner),
        ("op", propose(5, START), forged(doubled(by(7, &[1, 2]))), C::BadSignature),
        ("op", propose(5, START), doubled(by(7, &[1])), C::DuplicateSigner),
        ("op", propose(5, START), by(7, &[1]), C::NonceUsed),
        ("op", propose(6, START), by(7, &[1]), C::ApprovalExpired),
        ("op", propose(6, days(1)), by(7, &[1]), C::ProposalMismatch),
        ("op", propose(6, days(1)), by(6, &[1]), C::NotProposable),
    ] {
        let command = signed(world, actor, &body, &approvals);
        ladder.command(world, &command, code);
    }
}

/// A proposal with nonce 5 and one signature of two.
fn half_signed() -> World {
    let mut world = council(Span::days(2));
    let inner = withdraw("main");
    let first = keys::approve(world.state.meta.ledger, &inner, 5, UNTIL, &[1]);
    let propose = Propose { body: Box::new(inner), nonce: 5, expires_at: UNTIL };
    let command = signed(&mut world, "op", &propose.into(), &first);
    world.send_command(&command).expect("a proposal with one signature");
    world
}

const UNTIL: Timestamp = START.plus(Span::days(5));

fn approve(proposal: u32, digest: Hash) -> Body {
    Approve { proposal: ProposalId::new(proposal), digest }.into()
}

fn by(digest: &Hash, nonce: u64, members: &[u8]) -> Approvals {
    keys::approve_digest(label("test-ledger"), digest, nonce, UNTIL, members)
}

#[test]
fn executing() {
    let world = &mut half_signed();
    let (ledger, digest) = (world.state.meta.ledger, body_digest(&withdraw("main")));
    let execute = |proposal| Body::from(Execute { proposal: ProposalId::new(proposal) });
    // Too few have signed, so it is not ready either.
    let mut ladder = Ladder::default();
    ladder.rung(world, "keeper", execute(0), C::TooFewSignatures);
    Ladder::default().rung(world, "keeper", execute(9), C::UnknownProposal);
    let mut ready = world.clone();
    let command = signed(&mut ready, "alice", &approve(0, digest), &by(&digest, 5, &[2]));
    ready.send_command(&command).expect("the second signature");
    ladder.rung(&mut ready, "keeper", execute(0), C::ProposalNotReady);
    // Executed, its first signer gone, expired: all at once.
    ready.wait(Span::days(2));
    ready.must("keeper", Execute { proposal: PROPOSAL });
    let mut gone = ready.clone();
    let resign =
        Body::from(SetCouncil { keys: vec![keys::public(2), keys::public(3)], threshold: 2 });
    let approvals = keys::approve(ledger, &resign, 6, days(9), &[2, 3]);
    let command = signed(&mut gone, "op", &resign, &approvals);
    gone.send_command(&command).expect("a new council");
    (gone.now, ready.now) = (UNTIL, UNTIL);
    let mut ladder = Ladder::default();
    ladder.rung(&mut gone, "keeper", execute(0), C::UnknownSigner);
    ladder.rung(&mut ready, "keeper", execute(0), C::ApprovalExpired);
    ready.now = days(3);
    Ladder::default().rung(&mut ready, "keeper", execute(0), C::ProposalClosed);
}

#[test]
fn approving() {
    let world = &mut half_signed();
    let ledger = world.state.meta.ledger;
    let zero = Hash::ZERO;
    let mut ladder = Ladder::default();
    for (proposal, digest, approvals, code) in [
        (9, zero, forged(doubled(by(&zero, 7, &[9, 1]))), C::UnknownSigner),
        (9, zero, forged(doubled(by(&zero, 7, &[1, 2]))), C::BadSignature),
        (9, zero, doubled(by(&zero, 7, &[1])), C::DuplicateSigner),
        (9, zero, by(&zero, 7, &[1]), C::UnknownProposal),
        (0, zero, by(&zero, 7, &[1]), C::ProposalMismatch),
    ] {
        let command = signed(world, "alice", &approve(proposal, digest), &approvals);
        ladder.command(world, &command, code);
    }
    Ladder::default().rung(world, "alice", approve(9, zero), C::TooFewSignatures);

    // The nonce is used by another, so the proposal can't be completed; then it is withdrawn.
    let other = Body::from(SetCouncil { keys: keys::council(3), threshold: 2 });
    let approvals = keys::approve(ledger, &other, 5, days(9), &[1, 2]);
    let command = signed(world, "op", &other, &approvals);
    world.send_command(&command).expect("the same council again");
    let mut withdrawn = world.clone();
    withdrawn.must("guardian", CancelProposal { proposal: PROPOSAL });
    for world in [world, &mut withdrawn] {
        let command = signed(world, "alice", &approve(0, zero), &by(&zero, 7, &[2]));
        Ladder::default().command(world, &command, C::NonceUsed);
        world.now = UNTIL;
        let mut ladder = Ladder::default();
        let command = signed(world, "alice", &approve(0, zero), &by(&zero, 7, &[1]));
        ladder.command(world, &command, C::ApprovalExpired);
        Ladder::default().rung(world, "alice", approve(0, zero), C::ApprovalExpired);
        world.now = days(1);
        Ladder::default().rung(world, "alice", approve(0, zero), C::TooFewSignatures);
        let open = !world.state.proposals.get(PROPOSAL).expect("a proposal").closed;
        let code = if open { C::ProposalMismatch } else { C::ProposalClosed };
        let command = signed(world, "alice", &approve(0, zero), &by(&zero, 7, &[1]));
        ladder.command(world, &command, code);
        if !open {
            let cancel = CancelProposal { proposal: PROPOSAL };
            let mut ladder = Ladder::default();
            ladder.rung(world, "alice", cancel.clone(), C::RoleMissing);
            ladder.rung(world, "op", cancel, C::ProposalClosed);
        }
    }
}

/// What was signed on a withdrawn proposal: after the delay, before what else is wrong with it.
#[test]
fn withdrawn_signatures() {
    for delay in [Span::ZERO, Span::days(2)] {
        let world = &mut council(delay);
        let body = withdraw("main");
        let digest = body_digest(&body);
        let propose = Propose { body: Box::new(body.clone()), nonce: 5, expires_at: UNTIL };
        let propose = Body::from(propose);
        world.must("op", propose.clone());
        world.must("guardian", CancelProposal { proposal: PROPOSAL });
        let mut ladder = Ladder::default();
        let command = signed(world, "op", &body, &by(&digest, 5, &[1]));
        ladder.command(world, &command, C::TooFewSignatures);
        let command = signed(world, "op", &body, &by(&digest, 5, &[1, 2]));
        let code = if delay.is_zero() { C::ProposalClosed } else { C::Timelocked };
        ladder.command(world, &command, code);
        let mut ladder = Ladder::default();
        let command = signed(world, "op", &propose, &by(&digest, 6, &[1]));
        ladder.command(world, &command, C::ProposalClosed);
    }
}
