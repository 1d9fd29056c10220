//! What signers are asked for is what the rules then accept, and nothing less.

use backstop_core::{
    Body, RejectCode as C,
    command::{Approve, DisputeRelease, Linked, OpenAccount, Propose, SetPoolSigner, SetRoles},
    governance::{Signatories, Stamp, body_digest, signed_bytes, signing},
    policy::{PoolMode, PoolSigner, Role, Roles},
};
use backstop_testkit::{
    Setup, World, keys, label,
    pool::{COUNCIL, NOMINEE, accept, announce, offer, release, signed},
    vault::SAFE,
};
use backstop_units::{ProposalId, Span};

use crate::pool::{lent, lose};

/// A command of the pool is asked of these keys above this nonce. Sent at that nonce or with one signature less it is
/// refused, then taken.
#[track_caller]
fn asked(world: &mut World, body: impl Into<Body>, seeds: &[u8], last: u64) {
    let body = body.into();
    let found = signing(&world.state, &body).unwrap().expect("signatures");
    let keys: Vec<_> = seeds.iter().map(|seed| keys::public(*seed)).collect();
    assert_eq!(
        (found.of, &found.keys, found.stamp),
        (Signatories::Pool, &keys, Stamp::Above(last))
    );
    let enough = &seeds[..usize::from(found.threshold)];
    for (nonce, by, code) in
        [(last, enough, C::NonceUsed), (last + 1, &enough[1..], C::TooFewSignatures)]
    {
        let refused = signed(world, "carol", body.clone(), (nonce, by)).unwrap_err();
        assert_eq!(refused.code, code, "{}", body.word());
    }
    signed(world, "carol", body, (last + 1, enough)).unwrap();
}

#[test]
fn every_command_of_a_pool_is_asked_of_the_keys_that_decide_it() {
    let world = &mut lent(PoolMode::Reimburse);
    lose(world, 300);
    asked(world, release(0, 1_000), &[COUNCIL, NOMINEE], 0);
    asked(world, announce(0, 2_000, Some(PoolSigner::Council)), &[COUNCIL], 1);
    asked(world, DisputeRelease { release: 0, signer: PoolSigner::Nominee }, &[NOMINEE], 2);
    let both: &[u8] = &[COUNCIL, 60];
    for plain in [announce(0, 1, None).into(), Body::from(offer(both, 2))] {
        assert_eq!(signing(&world.state, &plain), Ok(None), "{}", plain.word());
    }
    world.must("carol", offer(both, 2));
    asked(world, accept(both, 2), both, 3);
    asked(world, offer(&[COUNCIL, 60, 61], 2), both, 4);
    let signer = PoolSigner::Nominee;
    asked(
        world,
        SetPoolSigner { vault: label(SAFE), signer, key: keys::public(51) },
        &[COUNCIL],
        5,
    );
    let unknown = DisputeRelease { release: 9, signer };
    assert!(signing(&world.state, &unknown.into()).is_err());
}

fn roles() -> SetRoles {
    SetRoles { account: label("alice"), roles: Roles::of(&[Role::Keeper]) }
}

#[test]
fn the_council_is_asked_above_its_last_nonce_and_for_a_proposal_under_the_one_it_states() {
    let world = &mut World::of(&Setup { council: (3, 2), ..Setup::default() });
    let until = world.now.plus(Span::days(1));
    let ledger = world.state.meta.ledger;
    let stamp = |world: &World, body: &Body| {
        let found = signing(&world.state, body).unwrap()?;
        assert_eq!((found.of, found.threshold), (Signatories::Council, 2));
        assert_eq!(found.keys, keys::council(3));
        Some(found.stamp)
    };
    let set = Body::from(roles());
    assert_eq!(stamp(world, &set), Some(Stamp::Above(0)));
    let by = |body: &Body, nonce| keys::approve(ledger, body, nonce, until, &[1, 2]);
    world.send_approved("op", set.clone(), by(&set, 7)).unwrap();
    assert_eq!(stamp(world, &set), Some(Stamp::Above(7)));
    let again = world.send_approved("op", set.clone(), by(&set, 7)).unwrap_err();
    assert_eq!(again.code, C::NonceUsed);

    let open = Body::from(OpenAccount { label: label("new"), group: None, venue: None });
    assert_eq!(stamp(world, &open), None);
    let linked = Body::from(Linked { steps: vec![open, set.clone()] });
    assert_eq!(stamp(world, &linked), Some(Stamp::Above(7)));
    world.send_approved("op", linked.clone(), by(&linked, 8)).unwrap();

    let propose = Propose { body: Box::new(set.clone()), nonce: 9, expires_at: until };
    let propose = Body::from(propose);
    assert_eq!(stamp(world, &propose), Some(Stamp::Exactly(9, until)));
    // What is signed is the command that is proposed, not the proposing.
    let (digest, bytes) = signed_bytes(ledger, &propose, 9, until);
    assert_eq!(digest, body_digest(&set));
    let one = |seed| backstop_core::command::Approvals {
        nonce: 9,
        expires_at: until,
        signatures: vec![keys::sign(seed, &bytes)],
    };
    world.send_approved("op", propose, one(1)).unwrap();
    let approve = Body::from(Approve { proposal: ProposalId::new(0), digest });
    assert_eq!(stamp(world, &approve), Some(Stamp::Exactly(9, until)));
    assert_eq!(signed_bytes(ledger, &approve, 9, until).1, bytes);
    world.send_approved("op", approve, one(2)).unwrap();
    let unknown = Approve { proposal: ProposalId::new(5), digest };
    assert!(signing(&world.state, &unknown.into()).is_err());
}

#[test]
fn nobody_is_asked_where_there_is_no_council() {
    assert_eq!(signing(&World::new().state, &roles().into()), Ok(None));
}
