//! A record, its proof and a checkpoint convince; anything else does not.

use backstop_engine::{Engine, RecordProof, prove, verify_proof};
use backstop_journal::checkpoint::Checkpoint;
use backstop_units::Seq;
use ed25519_dalek::SigningKey;

use crate::support::{Maker, genesis};

#[test]
fn an_outsider_can_check_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(1);
    let engine = Engine::create(folder.path().join("j.db"), &genesis(), maker.options()).unwrap();
    for _ in 0..300 {
        engine.call(maker.any()).unwrap();
    }
    let journal = engine.journal().unwrap();
    assert!(prove(&journal, Seq::new(5)).is_err(), "no checkpoint yet");
    let key = SigningKey::from_bytes(&[5; 32]);
    let head = engine.head();
    let checkpoint =
        Checkpoint { origin: "test".into(), size: head.size, root: *head.root.bytes() };
    engine.put_checkpoint(head.size, checkpoint.sign(&key, "log").unwrap()).unwrap();
    let public = key.verifying_key();
    for seq in [0, 1, 255, 256, 300] {
        let proof = prove(&journal, Seq::new(seq)).unwrap();
        let record = verify_proof(&proof, Some(("log", &public))).unwrap();
        assert_eq!(record.seq, Seq::new(seq));
        assert!(verify_proof(&proof, None).is_ok());
    }
    assert!(prove(&journal, Seq::new(301)).is_err());
    let proof = prove(&journal, Seq::new(17)).unwrap();
    let mut record = proof.record.clone();
    let last = record.len() - 1;
    record[last] ^= 1;
    for wrong in [
        RecordProof { seq: Seq::new(18), ..proof.clone() },
        RecordProof { record, ..proof.clone() },
        RecordProof { path: proof.path[1..].to_vec(), ..proof.clone() },
        RecordProof { checkpoint: proof.checkpoint.replace("301", "300"), ..proof.clone() },
    ] {
        assert!(verify_proof(&wrong, Some(("log", &public))).is_err(), "{wrong:?}");
    }
    let stranger = SigningKey::from_bytes(&[6; 32]).verifying_key();
    assert!(verify_proof(&proof, Some(("log", &stranger))).is_err());
}
