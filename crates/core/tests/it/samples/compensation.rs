//! Samples of losses of vaults and their compensation.

use backstop_core::{
    Body, Event,
    command::{
        AssessVaultLoss, ChallengeClaimsRoot, ClaimCompensation, CloseClaims, CountClaims,
        DisputeVaultLoss, OpenClaims, PayClaims, PayCompensation, PublishClaimsRoot, RecogniseLoss,
    },
    compensation::root::{Leaf, Stream},
    event::{
        Assessment, ClaimCount, ClaimsClosed, ClaimsCounted, ClaimsRoot, CompensationClaimed,
        CompensationEvent, Marks, PoolRefund,
    },
};
use backstop_testkit::label;
use backstop_units::{
    AccountId, Amount, AssetId, Fixed60, Hash, Shares, Timestamp, VaultId, VaultLossId,
};

const LOSS: VaultLossId = VaultLossId::new(1);

pub(super) fn command_samples() -> Vec<Body> {
    let (account, amount, evidence) = (label("alice"), Amount::new(2), Hash::new([3; 32]));
    vec![
        RecogniseLoss { vault: label("safe") }.into(),
        AssessVaultLoss { loss: LOSS, amount: Some(amount), evidence, excluded: vec![account] }
            .into(),
        DisputeVaultLoss { loss: LOSS, evidence }.into(),
        PayCompensation { account, loss: LOSS, amount }.into(),
        OpenClaims { loss: LOSS }.into(),
        ClaimCompensation { account, loss: LOSS, proof: Some(vec![evidence]) }.into(),
        PayClaims { loss: LOSS, accounts: vec![account, label("bob")] }.into(),
        CloseClaims { loss: LOSS }.into(),
        PublishClaimsRoot { loss: LOSS, root: evidence, count: 4, total: amount }.into(),
        ChallengeClaimsRoot { loss: LOSS, index: 5, account, amount, proof: vec![evidence] }.into(),
        CountClaims { account, loss: LOSS, count: 6, from: 7, holders: vec![account] }.into(),
    ]
}

pub(super) fn event_samples() -> Vec<Event> {
    let (compensation, loss, at) = (2, LOSS, Timestamp::from_ms(3));
    let (account, asset, amount) = (AccountId::new(4), AssetId::new(5), Amount::new(6));
    let (shares, evidence) = (Shares::new(7), Hash::new([8; 32]));
    let assessment = Assessment {
        loss,
        amount,
        eligible: shares,
        excluded: vec![account],
        evidence,
        revision: 9,
        at,
    };
    let claimed = CompensationClaimed {
        compensation,
        loss,
        holding: 10,
        account,
        held: Shares::new(11),
        asset,
        amount,
        shares,
    };
    let refund = PoolRefund {
        pool: 10,
        vault: VaultId::new(11),
        money: amount,
        minted: shares,
        own: Shares::new(12),
        matched: Shares::new(13),
        handed: vec![(14, account, shares)],
        marks: Marks { basis: Fixed60::new(15), high: (Fixed60::new(16), shares) },
    };
    let root = ClaimsRoot {
        loss,
        root: evidence,
        count: 12,
        total: amount,
        at,
        stands_at: at,
        counted: true,
    };
    let leaf = Box::new(Leaf { index: 13, account: label("alice"), amount });
    let mut stream = Stream::new(14);
    assert!(stream.take(evidence));
    let count = ClaimCount { loss, account, stream, total: amount, held: shares, waited: 15 };
    let counted = ClaimsCounted { compensation, id: 16, count, root: Some(root) };
    let (returned, refund) = (vec![(account, amount)], Some(refund));
    let closed = ClaimsClosed { compensation, loss, asset, returned, refund };
    [
        CompensationEvent::VaultLossAssessed { compensation, assessment: Box::new(assessment) },
        CompensationEvent::VaultLossDisputed { compensation, loss, evidence },
        CompensationEvent::CompensationPaidIn { compensation, loss, account, asset, amount },
        CompensationEvent::ClaimsOpened { compensation, loss, money: amount, shares, until: at },
        CompensationEvent::CompensationClaimed(Box::new(claimed)),
        CompensationEvent::ClaimsClosed(Box::new(closed)),
        CompensationEvent::ClaimsRootPublished { compensation, root: Box::new(root) },
        CompensationEvent::ClaimsRootStruck { compensation, loss, root: evidence, leaf },
        CompensationEvent::ClaimsCounted(Box::new(counted)),
    ]
    .map(Event::Compensation)
    .to_vec()
}
