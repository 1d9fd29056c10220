//! When a delivery is tried again.

use std::time::{Duration, SystemTime};

/// The longest that a receiver can put off the next attempt.
const ASKED_MAX: Duration = Duration::from_secs(24 * 3_600);

/// How long to wait after so many failed attempts in a row; none after the last. `noise` is any number: up to a fifth of
/// the wait is added by it, so that receivers which failed together are not tried together. A receiver that asks for more time gets
/// it.
pub(super) fn wait(
    schedule: &[Duration],
    failures: u32,
    asked: Option<Duration>,
    noise: u16,
) -> Option<Duration> {
    let place = usize::try_from(failures).ok()?.checked_sub(1)?;
    let planned = *schedule.get(place)?;
    let more = planned.checked_mul(noise.into()).unwrap_or_default() / (5 * (1 << 16));
    let asked = asked.unwrap_or_default().min(ASKED_MAX);
    Some(planned.saturating_add(more).max(asked))
}

/// What the header `Retry-After` asks for: seconds, or a moment.
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = httpdate::parse_http_date(text).ok()?;
    Some(moment.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_follow_the_plan_and_end_with_it() {
        let plan = [5 * SECOND, 300 * SECOND];
        assert_eq!(wait(&plan, 1, None, 0), Some(5 * SECOND));
        assert_eq!(wait(&plan, 2, None, 0), Some(300 * SECOND));
        for ended in [0, 3, u32::MAX] {
            assert_eq!(wait(&plan, ended, Some(SECOND), 9), None, "{ended}");
        }
        let most = wait(&plan, 2, None, u16::MAX).unwrap();
        assert!(most > 359 * SECOND && most < 360 * SECOND, "{most:?}");
    }

    #[test]
    fn who_asks_for_more_time_gets_it_up_to_a_day() {
        let plan = [5 * SECOND];
        assert_eq!(wait(&plan, 1, Some(60 * SECOND), 0), Some(60 * SECOND));
        assert_eq!(wait(&plan, 1, Some(2 * SECOND), 0), Some(5 * SECOND));
        assert_eq!(wait(&plan, 1, Some(Duration::MAX), 0), Some(ASKED_MAX));
    }

    #[test]
    fn retry_after_is_seconds_or_a_moment() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 08:00:00 GMT").unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 22 Nov 2026 08:01:00 GMT", Some(60)),
            ("Sun, 22 Nov 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
