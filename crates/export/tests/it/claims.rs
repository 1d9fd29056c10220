//! The list of claims, read back and checked hash by hash.

use backstop_core::{
    command::{
        AssessVaultLoss, ClaimCompensation, CloseClaims, OpenClaims, PayCompensation,
        PublishClaimsRoot, RecogniseLoss,
    },
    compensation::root::{Leaf, includes},
};
use backstop_export::{
    ExportError, claims,
    picture::{Form, Picture},
    standing,
};
use backstop_testkit::{
    World, label,
    lending::{CASH, borrow, impair, liquidate, pledge, price, socialise},
    vault::{SAFE, deposit, invest, policy, world},
};
use backstop_units::{Amount, Hash, Label, Span, VaultLossId};
use serde_json::Value;

const LOSS: VaultLossId = VaultLossId::new(0);

/// A vault whose holders lost 250 of 1,000, of which 200 are shared.
fn lost() -> World {
    let mut world = world(policy());
    for (name, amount) in [("alice", 500), ("dave", 300), ("erin", 150), ("carol", 50)] {
        world.must(name, deposit(name, amount));
    }
    world.must("erin", invest(CASH));
    world.must("bob", pledge("bob", 1_000));
    world.must("bob", borrow("bob", 500));
    price(&mut world, 250);
    world.must("keeper", impair("bob"));
    world.must("keeper", RecogniseLoss { vault: label(SAFE) });
    world.must("erin", liquidate("bob", "erin", 500));
    world.must("risk", socialise("bob", None));
    let (evidence, excluded) = (Hash::new([7; 32]), Vec::new());
    world.must("op", AssessVaultLoss { loss: LOSS, amount: None, evidence, excluded });
    let amount = Amount::new(200);
    world.must("bob", PayCompensation { account: label("bob"), loss: LOSS, amount });
    world.wait(Span::days(3));
    world
}

fn written(world: &World) -> Result<Value, ExportError> {
    let mut bytes = Vec::new();
    claims::write(&world.state, LOSS, &mut bytes)?;
    Ok(serde_json::from_slice(&bytes).unwrap())
}

fn hash(value: &Value) -> Hash {
    Hash::parse(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

#[test]
fn every_claim_is_proved() {
    let mut world = lost();
    let refused = written(&world).unwrap_err().to_string();
    assert!(refused.starts_with("COMPENSATION_STATE"), "{refused}");
    world.must("risk", OpenClaims { loss: LOSS });
    let list = written(&world).unwrap();
    assert_eq!((&list["published"], &list["counted"]), (&Value::Null, &Value::Bool(false)));
    let claims = list["claims"].as_array().unwrap();
    let told: Vec<_> = claims
        .iter()
        .map(|claim| (claim["account"].as_str().unwrap(), claim["amount"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("alice", "105"), ("dave", "63"), ("erin", "31")]);
    assert_eq!((&list["total"], &list["count"]), (&"199".into(), &3.into()));
    let root = hash(&list["root"]);
    for claim in claims {
        let account = Label::parse(claim["account"].as_str().unwrap()).unwrap();
        let amount = Amount::new(claim["amount"].as_str().unwrap().parse().unwrap());
        let index = u32::try_from(claim["index"].as_u64().unwrap()).unwrap();
        let proof: Vec<Hash> = claim["proof"].as_array().unwrap().iter().map(hash).collect();
        assert!(includes(Leaf { index, account, amount }.hash(), &proof, root));
        let word = hash(&claim["word"]);
        assert_eq!(
            (&word.bytes()[..16], &word.bytes()[16..]),
            (&account.bytes()[..], &[0; 16][..])
        );
    }
    let total = Amount::new(199);
    world.must("risk", PublishClaimsRoot { loss: LOSS, root, count: 3, total });
    let list = written(&world).unwrap();
    assert_eq!((hash(&list["published"]), list["claims"].as_array().unwrap().len()), (root, 3));
}

#[test]
fn what_is_made_good_adds_up_to_what_was_assessed() {
    let mut world = lost();
    let sizes = |world: &World| {
        let picture = standing::claims(&world.state, LOSS).unwrap().unwrap();
        assert_eq!(picture.table().rows.len(), 4);
        assert!(picture.svg(Form::Inline).contains("paid to claimants"));
        let [paid, waits, missing] = [0, 1, 2].map(|at| picture.parts[at].size);
        let assessed = world.state.compensation(LOSS).unwrap().assessment.amount.get();
        assert_eq!(paid + waits + missing, assessed);
        (paid, waits, picture.parts[1].name.clone())
    };
    assert_eq!(sizes(&world), (0, 200, "waits for claims to open".to_owned()));
    world.must("risk", OpenClaims { loss: LOSS });
    world.must("alice", ClaimCompensation { account: label("alice"), loss: LOSS, proof: None });
    assert_eq!(sizes(&world), (105, 95, "waits for claimants".to_owned()));
    world.wait(Span::days(400));
    world.must("keeper", CloseClaims { loss: LOSS });
    assert_eq!(sizes(&world), (105, 95, "unclaimed".to_owned()));
    assert!(standing::claims(&world.state, VaultLossId::new(5)).unwrap().is_none());
}
