//! How long something took, counted into buckets: for metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper ends of the buckets, in microseconds; longer ones are in none but the count.
pub const BUCKETS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];

/// Durations in buckets; threads add to it without waiting for each other.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// What a [`Histogram`] holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// For each of [`BUCKETS`], how many took at most that long.
    pub at_most: [u64; BUCKETS.len()],
    /// How many there were.
    pub count: u64,
    /// How long they took together, in microseconds.
    pub micros: u64,
}

impl Histogram {
    /// Counts one.
    pub fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BUCKETS.iter().position(|end| micros <= *end);
        if let Some(bucket) = place.and_then(|place| self.buckets.get(place)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// What it holds now.
    pub fn timings(&self) -> Timings {
        let mut below = 0u64;
        let at_most = std::array::from_fn(|place| {
            let here = self.buckets.get(place).map_or(0, |bucket| bucket.load(Ordering::Relaxed));
            below = below.saturating_add(here);
            below
        });
        let count = self.count.load(Ordering::Relaxed).max(below);
        Timings { at_most, count, micros: self.micros.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_all_that_took_at_most_so_long() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 900_000, 6_000_000] {
            histogram.add(Duration::from_micros(micros));
        }
        let timings = histogram.timings();
        assert_eq!(timings.at_most[..3], [2, 3, 3]);
        assert_eq!(timings.at_most[11..], [3, 4, 4]);
        assert_eq!((timings.count, timings.micros), (5, 6_900_201));
    }
}
