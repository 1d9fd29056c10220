//! The demo's lending act: a vault through real weeks, side by side without a pool and with one of either mode.

use super::{
    parallel::{in_parallel, threads},
    plan::WeekJob,
    sealed,
    text::vault_page,
    verified,
};
use crate::{
    args::DemoArgs,
    exit::Failure,
    files,
    ledger::{Durable, engine_failure, walk},
    printer::Printer,
};
use backstop_core::policy::{PoolSigner, PublicKey, SignatureBytes};
use backstop_engine::verify::VerifyReport;
use backstop_export::ledger::LedgerWriter;
use backstop_risk::{
    LendingParams, WeekReport, WeekSetup,
    path::STEPS_PER_LEG,
    vault::{Signers, run},
};
use backstop_units::Span;
use ed25519_dalek::{Signer as _, SigningKey};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One run and where it lies.
pub(crate) struct VaultRun {
    pub(crate) folder: PathBuf,
    pub(crate) report: WeekReport,
    pub(crate) verified: VerifyReport,
}

impl VaultRun {
    /// Its name among the runs, as that of its folder.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.report.week, self.report.cover.name())
    }

    pub(super) fn value(&self) -> Value {
        json!({
            "folder": self.folder,
            "report": self.report,
            "records": self.verified.size,
            "root": self.verified.root,
            "state_hash": self.verified.state_hash,
            "sound": self.verified.is_clean(),
        })
    }
}

/// Keys of those who sign releases, made of the seed, so that two runs write the same bytes. They prove nothing
/// about who signed.
#[derive(Debug)]
pub(super) struct Keys {
    council: SigningKey,
    nominee: SigningKey,
}

impl Keys {
    pub(super) fn of(seed: u64) -> Self {
        let key = |first: u8| {
            let mut bytes = [first; 32];
            bytes.iter_mut().zip(seed.to_le_bytes()).for_each(|(to, from)| *to = from);
            SigningKey::from_bytes(&bytes)
        };
        Self { council: key(0x43), nominee: key(0x4E) }
    }

    const fn of_signer(&self, signer: PoolSigner) -> &SigningKey {
        match signer {
            PoolSigner::Council => &self.council,
            PoolSigner::Nominee => &self.nominee,
        }
    }
}

impl Signers for Keys {
    fn key(&self, signer: PoolSigner) -> PublicKey {
        PublicKey(self.of_signer(signer).verifying_key().to_bytes())
    }

    fn sign(&self, signer: PoolSigner, bytes: &[u8]) -> SignatureBytes {
        SignatureBytes(self.of_signer(signer).sign(bytes).to_bytes())
    }
}

/// Does all runs below `partial`, several at once; `folder` is where they will lie.
pub(super) fn all(
    args: &DemoArgs,
    jobs: &[WeekJob],
    partial: &Path,
    folder: &Path,
    printer: &Printer,
) -> Result<Vec<VaultRun>, Failure> {
    // A run reports its days.
    let bar = printer.bar(jobs.len() as u64 * 7, "weeks of a vault");
    let runs = in_parallel(jobs, threads(args.threads), |_, job| {
        let place = PathBuf::from("runs").join(job.name());
        let mut run = one(args, job, partial.join(&place), &bar)?;
        run.folder = folder.join(place);
        Ok(run)
    });
    bar.finish_and_clear();
    runs
}

/// One run into its folder: journal, checkpoint, books, report; then verifies the journal.
fn one(
    args: &DemoArgs,
    job: &WeekJob,
    folder: PathBuf,
    bar: &ProgressBar,
) -> Result<VaultRun, Failure> {
    let WeekJob { week, cover, genesis } = job;
    // As many steps for an hour's bar as the venue's crashes have: fewer there are fewer here.
    let whole = u64::from(STEPS_PER_LEG) * LendingParams::DEMO.step.ms();
    let step = Span::from_ms(whole.div_euclid(u64::from(args.steps)));
    let params = LendingParams { step, ..LendingParams::DEMO };
    let setup = WeekSetup { seed: args.seed, week, cover: *cover, genesis, params: &params };
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let journal = folder.join("journal.db");
    let mut durable = Durable::unfinished(&journal, genesis, week.begins_at())
        .map_err(|error| engine_failure(&journal, &error))?;
    let report = run(&setup, &Keys::of(args.seed), &mut durable, &mut |_| bar.inc(1));
    drop(durable);
    let report = report.map_err(|error| Failure::file(&journal, &error))?;
    let kept = sealed(args.seed, &journal, &folder)?;
    books(&journal, &folder.join("books.ledger"))?;
    let json = serde_json::to_string_pretty(&report).map_err(|error| Failure::machine(&error))?;
    let page = vault_page(week.title, &report);
    for (name, text) in [("report.json", json + "\n"), ("vault.md", page)] {
        let path = folder.join(name);
        files::write(&path, |out| {
            out.write_all(text.as_bytes()).map_err(|error| Failure::file(&path, &error))
        })?;
    }
    let verified = verified(&journal, kept)?;
    Ok(VaultRun { folder, report, verified })
}

/// The books of a journal.
fn books(journal: &Path, to: &Path) -> Result<(), Failure> {
    files::write(to, |out| {
        let told = |error| Failure::machine(&error);
        let mut books = LedgerWriter::new(out);
        let state = walk(journal, |state, record| books.record(state, record).map_err(told))?;
        books.finish(&state).map_err(told)?;
        Ok(())
    })
}
