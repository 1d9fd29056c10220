//! What runs: every crash under every preset that has a market, and on how many threads.

use crate::{args::DemoArgs, exit::Failure};
use backstop_api::{PRESETS, Preset};
use backstop_core::Genesis;
use backstop_risk::{
    CRASHES, Crash, Feed,
    demo::{Cast, stage},
};
use backstop_units::Label;
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// The preset of the main run.
const MAIN: &str = "backstop";

/// One run: a crash under a preset's rules.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) crash: &'static Crash,
    pub(crate) preset: &'static str,
    pub(crate) genesis: Genesis,
    pub(crate) feeds: Vec<Feed>,
}

impl Job {
    /// Where it lies below a folder: the first run in the folder itself.
    pub(super) fn place(&self, top: &Path, is_first: bool) -> PathBuf {
        if is_first {
            top.to_owned()
        } else {
            top.join(format!("runs/{}-{}", self.crash.name, self.preset))
        }
    }
}

/// The runs that the arguments ask for, the main crash first and its main preset first in each.
///
/// # Errors
/// [`Failure::Input`] for a crash or preset that there is not, or a preset without a market.
pub(super) fn jobs(args: &DemoArgs) -> Result<Vec<Job>, Failure> {
    let crashes = chosen(CRASHES, &args.crash, |crash| crash.name, "crash")?;
    let mut jobs = Vec::new();
    for crash in crashes {
        for preset in presets(&args.preset)? {
            let genesis = genesis(preset, args.seed)?;
            // Without a market a preset's losses come from elsewhere: nothing of it can be shown here.
            let Ok(cast) = Cast::of(&genesis) else { continue };
            let feeds = crash.feeds(cast.decimals).map_err(|error| Failure::machine(&error))?;
            let genesis = stage(genesis, &feeds).map_err(|error| Failure::machine(&error))?;
            jobs.push(Job { crash, preset, genesis, feeds });
        }
    }
    if jobs.is_empty() {
        return Err(Failure::Input("no preset that was named has a market".to_owned()));
    }
    Ok(jobs)
}

fn presets(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut known: Vec<&'static str> = PRESETS.iter().map(|(name, _)| *name).collect();
    known.sort_by_key(|name| *name != MAIN);
    Ok(chosen(&known, names, |name| name, "preset")?.into_iter().copied().collect())
}

/// Those of these names in the order of `all`; all without a name.
fn chosen<'a, T>(
    all: &'a [T],
    names: &[String],
    name: impl Fn(&'a T) -> &'static str,
    what: &str,
) -> Result<Vec<&'a T>, Failure> {
    if let Some(unknown) = names.iter().find(|wanted| all.iter().all(|one| name(one) != **wanted)) {
        let known: Vec<&str> = all.iter().map(&name).collect();
        return Err(Failure::Input(format!(
            "no {what} {unknown:?}\n\nhint: there are {}",
            known.join(", ")
        )));
    }
    Ok(all.iter().filter(|one| names.is_empty() || names.iter().any(|n| n == name(one))).collect())
}

fn genesis(preset: &str, seed: u64) -> Result<Genesis, Failure> {
    let preset = Preset::named(preset).map_err(|error| Failure::Input(error.to_string()))?;
    let label = format!("demo-{seed:x}");
    let label = Label::parse(label.get(..16).unwrap_or(&label))
        .map_err(|error| Failure::Input(error.to_string()))?;
    Ok(preset.genesis(label))
}

/// Does all the work, several at once; results in the order of the jobs, whoever ended first.
///
/// # Errors
/// The failure of the first job that has one; none is begun after a failure.
pub(super) fn in_parallel<T: Sync, R: Send>(
    jobs: &[T],
    threads: usize,
    work: impl Fn(usize, &T) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<R, Failure>)>> = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { return };
            let result = work(at, job);
            if result.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(worker);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_jobs() {
        let jobs: Vec<usize> = (0..50).collect();
        for threads in [0, 1, 2, 7, 99] {
            let squares = in_parallel(&jobs, threads, |at, job| Ok((at, job * job))).unwrap();
            assert_eq!(squares, jobs.iter().map(|job| (*job, job * job)).collect::<Vec<_>>());
        }
        let failed = in_parallel(&jobs, 3, |_, job| {
            if *job < 20 { Ok(*job) } else { Err(Failure::Input(job.to_string())) }
        });
        assert!(failed.is_err());
    }
}
