//! How long to wait after a failure: before another change of what was changed and undone, and before a failed request is
//! sent again. In: how often it failed in a row. Out: seconds, or when the wait ends.

use jiff::Timestamp;

use crate::text::after;

/// The first back-off after an undo, in seconds.
const FIRST_S: i64 = 24 * 3600;

/// The longest back-off after an undo, in seconds.
const LONGEST_S: i64 = 30 * 24 * 3600;

/// When another change may start, after `undone` changes in a row were undone, the last of them at `ended`. At least one
/// counts.
pub fn over_at(undone: i32, ended: Timestamp) -> Timestamp {
    after(ended, seconds(u32::try_from(undone.max(1)).unwrap_or(1)))
}

/// The back-off after so many undos in a row, in seconds: a day, doubled by each further one, at most thirty days.
fn seconds(undone: u32) -> i64 {
    match undone {
        0 => 0,
        // Five doublings exceed the maximum.
        n => LONGEST_S.min(FIRST_S << (n - 1).min(5)),
    }
}

/// The delay before a request is sent again after `tries` failures in a row, in seconds: 1, 2, 4 … 30.
pub fn growing(tries: u32) -> i64 {
    1_i64.checked_shl(tries.saturating_sub(1).min(5)).map_or(30, |s| s.min(30))
}

#[cfg(test)]
mod tests {
    use super::{growing, seconds};

    #[test]
    fn back_off_doubles_to_thirty_days() {
        const DAY: i64 = 24 * 3600;
        let days = [0, 1, 2, 3, 5, 6, 1000, u32::MAX].map(|n| seconds(n) / DAY);
        assert_eq!(days, [0, 1, 2, 4, 16, 30, 30, 30]);
    }

    #[test]
    fn delays_grow_to_half_a_minute() {
        let delays: Vec<_> = [1, 2, 3, 4, 5, 6, 7, u32::MAX].into_iter().map(growing).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
