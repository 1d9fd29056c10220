//! Samples of insurance pools.

use backstop_core::{
    Body, Event,
    command::{
        AcceptPool, AnnounceRelease, CancelPoolExit, CarryRelease, ClaimPoolExit,
        CreateInsurancePool, DisputeRelease, ExitPool, MatchPool, OfferPool, ReleasePool,
        SetPoolSigner, StakePool,
    },
    event::{LossAbsorbed, Marks, PoolEvent, PoolExit, PoolStaked, Released, Unmatched},
    policy::{
        BreachCause, InsurancePolicy, MatchExit, MatchPolicy, MatchYield, PoolMode, PoolSigner,
        PublicKey, ReleaseBy, ReleaseStatus,
    },
    pool::book::{Multisig, PoolBreach, PoolRelease},
};
use backstop_testkit::label;
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, Shares, Span, Timestamp, VaultId, VaultLossId,
};

fn atoms(amount: u128) -> Amount {
    Amount::new(amount)
}
fn shares(count: u128) -> Shares {
    Shares::new(count)
}

/// No two settings alike.
fn policy() -> InsurancePolicy {
    InsurancePolicy {
        mode: PoolMode::FirstLoss,
        exit_delay: Span::from_ms(1),
        tickets_max: 2,
        release_delay: Span::from_ms(3),
        silence: Span::from_ms(4),
        matching: Some(MatchPolicy {
            matcher: label("dave"),
            quote: label("usdt"),
            cap: atoms(5),
            yields: MatchYield::Stakers,
            exits: MatchExit::Notice,
        }),
    }
}

fn keys() -> Vec<PublicKey> {
    vec![PublicKey([1; 32]), PublicKey([2; 32])]
}

pub(super) fn command_samples() -> Vec<Body> {
    let (account, vault) = (label("alice"), label("safe"));
    let (council, nominee) = (PublicKey([1; 32]), PublicKey([2; 32]));
    vec![
        CreateInsurancePool { vault, council, nominee, policy: Box::new(policy()) }.into(),
        StakePool { account, vault, shares: shares(1) }.into(),
        MatchPool { vault, shares: Some(shares(1)) }.into(),
        ExitPool { account, vault, matched: true, units: Some(shares(1)) }.into(),
        CancelPoolExit { ticket: 1 }.into(),
        ClaimPoolExit { ticket: 1 }.into(),
        OfferPool { vault, keys: keys(), threshold: 2 }.into(),
        AcceptPool { vault, keys: keys(), threshold: 2 }.into(),
        SetPoolSigner { vault, signer: PoolSigner::Nominee, key: nominee }.into(),
        ReleasePool { vault, loss: LOSS, amount: atoms(2) }.into(),
        AnnounceRelease { vault, loss: LOSS, amount: atoms(2), signer: Some(PoolSigner::Nominee) }
            .into(),
        DisputeRelease { release: 1, signer: PoolSigner::Nominee }.into(),
        CarryRelease { release: 1 }.into(),
    ]
}

pub(super) fn event_samples() -> Vec<Event> {
    let (pool, account, holding) = (1, AccountId::new(2), 3);
    let staked = PoolStaked {
        pool,
        stake: 4,
        account,
        holding,
        shares: shares(5),
        units: shares(6),
        fresh: true,
    };
    let unmatched = Unmatched {
        stake: 7,
        holding: 8,
        units: shares(9),
        shares: shares(10),
        yielded: shares(11),
        principal: atoms(12),
        value: atoms(13),
    };
    let exit = PoolExit {
        ticket: 4,
        pool,
        account,
        holding,
        units: shares(5),
        shares: shares(6),
        unmatched: Some(unmatched),
    };
    let owner = Box::new(Multisig { keys: keys(), threshold: 2 });
    let events = [
        PoolEvent::InsurancePoolCreated {
            pool,
            vault: VaultId::new(2),
            council: PublicKey([3; 32]),
            nominee: PublicKey([4; 32]),
            matcher: Some((account, AssetId::new(5))),
            policy: Box::new(policy()),
        },
        PoolEvent::PoolStaked(Box::new(staked)),
        PoolEvent::PoolMatched { staked: Box::new(staked), principal: atoms(7), value: atoms(8) },
        PoolEvent::PoolExitSignalled {
            ticket: 4,
            pool,
            stake: 5,
            account,
            units: shares(6),
            shares: shares(7),
            due: Timestamp::from_ms(8),
        },
        PoolEvent::PoolExitCancelled { ticket: 4 },
        PoolEvent::PoolExitPaid(Box::new(exit)),
        PoolEvent::PoolOffered { pool, owner, nonce: Some(3) },
        PoolEvent::PoolAccepted { pool, nonce: 3 },
        PoolEvent::PoolSignerSet {
            pool,
            signer: PoolSigner::Nominee,
            key: PublicKey([3; 32]),
            nonce: 4,
        },
    ];
    events.into_iter().chain(releases()).map(Event::Pool).collect()
}

const LOSS: VaultLossId = VaultLossId::new(14);

fn releases() -> Vec<PoolEvent> {
    let (pool, vault, loss) = (1, VaultId::new(2), LOSS);
    let released = Released {
        pool,
        vault,
        asset: AssetId::new(3),
        loss,
        own: shares(4),
        matched: shares(5),
        value: atoms(6),
        money: atoms(7),
        payment: 8,
        release: Some(9),
        nonce: Some(10),
        marks: Marks { basis: Fixed60::new(11), high: (Fixed60::new(12), shares(13)) },
    };
    let announced = PoolRelease {
        pool,
        loss,
        amount: atoms(2),
        by: ReleaseBy::Nominee,
        ready_at: Timestamp::from_ms(3),
        status: ReleaseStatus::Announced,
    };
    let broken = PoolBreach {
        pool,
        account: Some(AccountId::new(2)),
        cause: BreachCause::CouncilSilent,
        loss,
        at: Timestamp::from_ms(3),
    };
    let absorbed = LossAbsorbed {
        pool,
        vault,
        loss,
        own: shares(3),
        matched: shares(4),
        amount: Fixed60::new(5),
    };
    let (signer, nonce) = (PoolSigner::Nominee, 3);
    vec![
        PoolEvent::PoolReleased(Box::new(released)),
        PoolEvent::ReleaseAnnounced { release: 4, announced: Box::new(announced), nonce: Some(5) },
        PoolEvent::ReleaseDisputed { release: 4, pool, signer, nonce },
        PoolEvent::CommitmentBroken { breach: 4, broken: Box::new(broken) },
        PoolEvent::LossAbsorbed(Box::new(absorbed)),
    ]
}
