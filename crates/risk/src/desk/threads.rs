//! On how many threads a run goes; what comes out does not depend on it.

/// Runs work on so many threads, or on as many as the machine has.
pub fn on<T: Send>(threads: Option<usize>, work: impl FnOnce() -> T + Send) -> T {
    let Some(threads) = threads else { return work() };
    match rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build() {
        Ok(pool) => pool.install(work),
        // A machine that gives no threads still has the one that asks.
        Err(_) => work(),
    }
}
