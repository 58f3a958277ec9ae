//! How soon a change is looked at again while the machine waits. In: its phase, its standing, whether anybody decided.
//! Out: seconds. And how often a change under way writes what it waits for. In: how many are under way. Out: seconds.
//!
//! Most waits end with a watch event. Exceptions: the readiness of pods, the emergency stop, and the passing of time.

use crate::{parts::Phase, standing::Standing};

/// Something is being changed. A size that takes effect triggers a watch event; readiness does not.
const CHANGING_S: i64 = 1;
/// What was changed is being watched.
const WATCHED_S: i64 = 2;
/// A gate is closed: no event reports that the emergency stop was lifted.
const GATE_S: i64 = 10;
/// A change is in force, or was decided on.
const REST_S: i64 = 60;

/// Minimum interval between status writes of a change under way that only update a number or what is waited for. At 10 s,
/// with 400 rollouts at once, they were 1.25 of the 4.25 status writes of each.
const MESSAGE_S: i64 = 30;
/// All changes together write at most so many of them in a second: where a thousand are under way, each takes longer, and
/// nobody follows the messages of one.
const MESSAGES_PER_S: i64 = 10;

/// The interval, in seconds, while so many changes are under way.
pub fn message_every_s(under_way: usize) -> i64 {
    let share = i64::try_from(under_way).unwrap_or(i64::MAX) / MESSAGES_PER_S;
    share.max(MESSAGE_S)
}

/// The longest delay before the next reconcile, in seconds; `None`: wait for an event. `phase`: that of the last run, if there
/// was one. `undecided`: there is no decision on it, and no run of it was ever begun.
pub fn look_again_s(phase: Option<Phase>, standing: &Standing, undecided: bool) -> Option<i64> {
    match phase {
        Some(Phase::Watched) => Some(WATCHED_S),
        Some(Phase::Changing | Phase::Undoing) => Some(CHANGING_S),
        None | Some(Phase::Ended) if matches!(standing, Standing::Blocked(_)) => Some(GATE_S),
        // What waits for a person is triggered by that person's action.
        None | Some(Phase::Ended) => (!undecided).then_some(REST_S),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_and_the_emergency_stop_are_looked_for_and_people_are_waited_for() {
        let blocked = Standing::Blocked(Vec::new());
        for (standing, undecided, expected) in [
            (Standing::Pending, true, None),
            (Standing::Rejected, false, Some(REST_S)),
            (blocked.clone(), false, Some(GATE_S)),
            (Standing::Applied(String::new()), false, Some(REST_S)),
        ] {
            assert_eq!(look_again_s(None, &standing, undecided), expected, "{standing:?}");
        }
    }

    #[test]
    fn messages_come_every_half_minute_and_more_rarely_where_hundreds_are_under_way() {
        for (under_way, expected) in [(0, 30), (1, 30), (309, 30), (310, 31), (1_000, 100)] {
            assert_eq!(message_every_s(under_way), expected, "{under_way}");
        }
    }
}
