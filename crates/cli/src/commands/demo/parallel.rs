//! Several pieces of work at once.

use crate::exit::Failure;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Threads that are asked for, or as many as there are processors.
pub(super) fn threads(asked: Option<usize>) -> usize {
    asked.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1)
}

/// Does all the work; results in the order of the jobs, whoever ended first.
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
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(worker);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
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
    }

    #[test]
    fn after_a_failure_none_is_begun() {
        let jobs: Vec<usize> = (0..50).collect();
        let begun = AtomicUsize::new(0);
        let failed = in_parallel(&jobs, 1, |_, job| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *job < 20 { Ok(*job) } else { Err(Failure::Input(job.to_string())) }
        });
        assert!(matches!(failed, Err(Failure::Input(told)) if told == "20"));
        assert_eq!(begun.into_inner(), 21);
    }
}
