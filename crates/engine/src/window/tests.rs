use super::*;
use crate::ids::uuid7;

fn limits(count: u64, window_ms: u64) -> Limits {
    Limits { id_count: count, id_window: Span::from_ms(window_ms), ..Limits::default() }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(ms)
}

/// A window that begins at record 1 and ids that were recorded when they were made.
fn filled(limits: &Limits, made: impl IntoIterator<Item = u64>) -> IdWindow {
    let mut window = IdWindow::new(IdLog::new(1), limits, 0);
    for (ms, n) in made.into_iter().zip(0..) {
        assert_eq!(window.find(uuid7(at(ms), n), at(ms)), Ok(None));
        window.record(uuid7(at(ms), n), at(ms));
    }
    window
}

#[test]
fn known_ids_lead_to_their_records() {
    let window = filled(&limits(1 << 20, 1 << 40), (0..5_000).map(|n| 1_000_000 + n / 7));
    for n in 0..5_000 {
        let id = uuid7(at(1_000_000 + n / 7), n);
        assert_eq!(window.find(id, at(1_001_000)), Ok(Some(n + 1)), "id {n}");
    }
    assert_eq!(window.find(uuid7(at(1_000_000), 5_001), at(1_001_000)), Ok(None));
}

#[test]
fn an_evicted_id_is_refused_and_never_free() {
    let limits = limits(100, 1 << 40);
    let window = filled(&limits, (0..1_000).map(|n| 1_000_000 + n));
    for n in 0..1_000 {
        let found = window.find(uuid7(at(1_000_000 + n), n), at(1_001_000));
        match n {
            900.. => assert_eq!(found, Ok(Some(n + 1)), "id {n}"),
            _ => assert_eq!(found.map_err(|r| r.code), Err(RejectCode::IdTooOld), "id {n}"),
        }
    }
}

#[test]
fn one_fast_clock_does_not_lock_out_the_others() {
    // Every tenth id is made four minutes ahead; the window holds only twenty ids.
    let limits = limits(20, 1 << 40);
    let mut window = IdWindow::new(IdLog::new(1), &limits, 0);
    let mut used = Vec::new();
    for n in 0..300u64 {
        let now = at(1_000_000 + n * 10);
        let made = if n % 10 == 0 { now.plus(Span::from_ms(240_000)) } else { now };
        let id = uuid7(made, n);
        assert_eq!(window.find(id, now), Ok(None), "fresh id {n}");
        window.record(id, now);
        used.push(id);
        let free = |id: &&Label| window.find(**id, now) == Ok(None);
        assert_eq!(used.iter().find(free), None, "a used id is free again after {n}");
    }
}

#[test]
fn many_ids_of_one_moment_stay_used() {
    let limits = limits(10, 1 << 40);
    let mut window = IdWindow::new(IdLog::new(1), &limits, 0);
    for n in 0..500 {
        let id = uuid7(at(5_000), n);
        if window.find(id, at(5_000)) == Ok(None) {
            window.record(id, at(5_000));
        }
        assert_ne!(window.find(uuid7(at(5_000), 0), at(5_000)), Ok(None), "after {n}");
    }
}

#[test]
fn time_closes_the_window() {
    let limits = limits(1_000, 60_000);
    let mut window = filled(&limits, [1_000_000, 1_030_000]);
    let first = uuid7(at(1_000_000), 0);
    assert_eq!(window.find(first, at(1_060_000)), Ok(Some(1)));
    assert_eq!(window.find(first, at(1_060_001)).map_err(|r| r.code), Err(RejectCode::IdTooOld));
    let ahead = uuid7(at(1_060_001 + AHEAD_MAX.ms()), 9);
    assert_eq!(window.find(ahead, at(1_060_000)).map_err(|r| r.code), Err(RejectCode::IdInFuture));
    assert_eq!(window.find(ahead, at(1_060_001)), Ok(None));
    window.record(uuid7(at(1_200_000), 5), at(1_200_000));
    assert_eq!(window.log.ids.len(), 1, "what is too old takes no memory");
}

#[test]
fn the_list_alone_gives_the_same_window() {
    let limits = limits(64, 1 << 40);
    // Clocks that differ by a few milliseconds.
    let made = |n: u64| 1_000_000 + n - n * 7 % 10;
    let mut log = IdLog::new(1);
    let window = filled(&limits, (0..1_000).map(made));
    for n in 0..1_000 {
        log.record(uuid7(at(made(n)), n), at(made(n)), &limits);
    }
    assert_eq!(window.log, log);
    let bytes = borsh::to_vec(&log).unwrap();
    let read: IdLog = borsh::from_slice(&bytes).unwrap();
    assert_eq!(read, log);
    let again = IdWindow::new(read, &limits, 10);
    for n in 0..1_000 {
        let id = uuid7(at(made(n)), n);
        let found = again.find(id, at(1_001_000));
        assert_eq!(found, window.find(id, at(1_001_000)), "id {n}");
        assert_ne!(found, Ok(None), "id {n} is free again");
    }
}
