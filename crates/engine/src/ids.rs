//! Command ids: a moment in the first 48 bits, as `UUIDv7` has it.

use backstop_units::{Label, Timestamp};

/// Bits below the moment.
const BELOW: u32 = 80;
/// Version 7, in its place.
const VERSION: u128 = 7 << 76;
/// The variant of RFC 9562, in its place.
const VARIANT: u128 = 0b10 << 62;
/// A moment has 48 bits.
const MOMENT_MAX: u64 = (1 << 48) - 1;

/// The id with number `counter` at `time`: for scenarios and demos, where ids must come out the same
/// in every run. Distinct pairs give distinct ids.
///
/// **Example**
/// ```
/// use backstop_engine::ids;
/// use backstop_units::Timestamp;
/// let id = ids::uuid7(Timestamp::from_ms(1_760_130_000_000), 7);
/// assert_eq!(id.to_string(), "0199cfec-6480-7000-8000-000000000007");
/// assert_eq!(ids::time_of(id), Timestamp::from_ms(1_760_130_000_000));
/// ```
pub fn uuid7(time: Timestamp, counter: u64) -> Label {
    let moment = u128::from(time.ms().min(MOMENT_MAX)) << BELOW;
    // 62 bits fit behind the variant, the other two into the 12 bits behind the version.
    let counter = u128::from(counter);
    let low = counter & ((1 << 62) - 1);
    let high = (counter >> 62) << 64;
    Label::from_bytes((moment | VERSION | high | VARIANT | low).to_be_bytes())
}

/// The moment at which an id says that it was made.
pub fn time_of(id: Label) -> Timestamp {
    Timestamp::from_ms(u64::try_from(id.get() >> BELOW).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_moment_and_differ() {
        let time = Timestamp::from_ms(1_760_130_000_000);
        let counters = [0, 1, (1 << 62) - 1, 1 << 62, u64::MAX];
        for (at, counter) in counters.iter().enumerate() {
            let id = uuid7(time, *counter);
            assert_eq!(time_of(id), time);
            assert_eq!(id.bytes()[6] >> 4, 7, "version");
            assert_eq!(id.bytes()[8] >> 6, 0b10, "variant");
            assert!(counters[..at].iter().all(|other| uuid7(time, *other) != id));
        }
        assert_eq!(time_of(uuid7(Timestamp::MAX, 1)), Timestamp::from_ms(MOMENT_MAX));
    }
}
