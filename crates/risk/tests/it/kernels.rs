//! Kernels against naive loops: the same answer on every instruction set, on any number of threads, pruned or not.

mod paths;
mod stress;

use backstop_risk::random::Random;

/// Does something on so many threads.
fn on<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// A number from a seed between two others.
fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    low + (high - low) * random.uniform()
}
