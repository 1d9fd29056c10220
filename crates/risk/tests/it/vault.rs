//! A vault through its weeks, without a pool and with one of either mode.

use crate::fixture::{Recorder, backstop, label};
use backstop_core::policy::{PoolSigner, PublicKey, SignatureBytes};
use backstop_risk::{
    Cover, LendingParams, WEEKS, Week, WeekReport, WeekSetup,
    vault::{Signers, run, stage},
};
use backstop_testkit::keys;

struct Keys;

const fn seed(signer: PoolSigner) -> u8 {
    match signer {
        PoolSigner::Council => 1,
        PoolSigner::Nominee => 50,
    }
}

impl Signers for Keys {
    fn key(&self, signer: PoolSigner) -> PublicKey {
        keys::public(seed(signer))
    }

    fn sign(&self, signer: PoolSigner, bytes: &[u8]) -> SignatureBytes {
        keys::sign(seed(signer), bytes).bytes
    }
}

fn take(week: &Week, cover: Cover, params: &LendingParams) -> (WeekReport, Recorder) {
    let genesis = stage(backstop(), (week, cover), params, &Keys).unwrap();
    let setup = WeekSetup { seed: 7, week, cover, genesis: &genesis, params };
    let mut ledger = Recorder::begin(&genesis);
    let report = run(&setup, &Keys, &mut ledger, &mut |_| {}).unwrap();
    ledger.memory.check().unwrap();
    (report, ledger)
}

#[test]
fn look_at_it() {
    for week in WEEKS {
        for cover in Cover::ALL {
            let at = std::time::Instant::now();
            let (report, ledger) = take(week, cover, &LendingParams::DEMO);
            println!("{report:?} {} commands {:?}", ledger.memory.commands(), at.elapsed());
        }
    }
    let _ = label("x");
}
