//! Which instructions a kernel runs on, and how its blocks are spread over threads.

use super::error::KernelError;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use fearless_simd::Level;
use rayon::prelude::*;

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub struct Lanes(Level);

impl Lanes {
    /// The widest of this machine.
    pub fn best() -> Self {
        Self(Level::new())
    }

    /// All of this machine, the widest first: results must not depend on which one is taken.
    pub fn all() -> Vec<Self> {
        let best = Level::new();
        #[cfg(target_arch = "x86_64")]
        let levels = [
            best.as_avx512().map(Level::Avx512),
            best.as_avx2().map(Level::Avx2),
            best.as_sse4_2().map(Level::Sse4_2),
            best.as_sse2().map(Level::Sse2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let levels = [Some(best)];
        levels.into_iter().flatten().map(Self).collect()
    }

    /// Its name, for reports of speed.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Sse4_2(_) => "SSE4.2",
            #[cfg(target_arch = "x86_64")]
            Level::Sse2(_) => "SSE2",
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => "NEON",
            _ => "scalar",
        }
    }

    pub(super) const fn level(self) -> Level {
        self.0
    }
}

/// How a kernel runs: on which instructions, and who watches.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// On which instructions.
    pub lanes: Lanes,
    /// Is told after each block how many are done and how many there are; `false` stops the run. Called from any thread.
    pub watch: Option<&'a Watch<'a>>,
}

/// See [`Run::watch`].
pub type Watch<'a> = dyn Fn(u64, u64) -> bool + Sync + 'a;

impl Default for Run<'_> {
    fn default() -> Self {
        Self { lanes: Lanes::best(), watch: None }
    }
}

impl core::fmt::Debug for Run<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { lanes, watch } = self;
        out.debug_struct("Run").field("lanes", lanes).field("watched", &watch.is_some()).finish()
    }
}

impl Run<'_> {
    /// Does every item on any thread and hands the results on in their order, a wave of items at a time, so that only so
    /// many results are kept at once.
    pub(super) fn in_order<I: Sync, R: Send>(
        &self,
        items: &[I],
        work: impl Fn(&I) -> R + Sync,
        mut take: impl FnMut(R),
    ) -> Result<(), KernelError> {
        let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let one = |item: &I| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let result = work(item);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if self.watch.is_some_and(|watch| !watch(done, total)) {
                stop.store(true, Ordering::Relaxed);
            }
            Some(result)
        };
        for wave in items.chunks(WAVE) {
            let results: Vec<Option<R>> = wave.par_iter().with_max_len(1).map(one).collect();
            if stop.load(Ordering::Relaxed) && done.load(Ordering::Relaxed) < total {
                return Err(KernelError::Stopped { done: done.into_inner(), total });
            }
            results.into_iter().flatten().for_each(&mut take);
        }
        Ok(())
    }
}

/// Items of one wave.
const WAVE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        let items: Vec<u64> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut seen = Vec::new();
            pool.install(|| Run::default().in_order(&items, |item| item * 3, |r| seen.push(r)))
                .unwrap();
            assert_eq!(seen, items.iter().map(|item| item * 3).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_watch_sees_every_block_and_may_stop() {
        let calls = AtomicU64::new(0);
        let watch = |done: u64, total: u64| {
            calls.fetch_add(1, Ordering::Relaxed);
            assert!(done <= total);
            done < 300
        };
        let run = Run { watch: Some(&watch), ..Run::default() };
        let items: Vec<u64> = (0..1000).collect();
        let ended = run.in_order(&items, |item| *item, drop);
        assert!(matches!(ended, Err(KernelError::Stopped { done: 300..=384, total: 1000 })));
        let all: Vec<u64> = (0..300).collect();
        assert_eq!(run.in_order(&all, |item| *item, drop), Ok(()), "stopped only when done");
    }

    #[test]
    fn each_instruction_set_has_a_name() {
        let all = Lanes::all();
        assert_eq!(all[0].name(), Lanes::best().name());
        assert!(!all.is_empty());
    }
}
