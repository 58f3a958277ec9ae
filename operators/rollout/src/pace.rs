//! How soon to look again while the machine waits. In: the rollout, where it stands, whether anybody decided. Out: seconds.
//!
//! Most of what a wait ends with is told by a watch. What is not: the readiness of pods, the emergency stop, and time itself.

use trimtab_api::rollout::{RolloutStatus, Stage};

use crate::ask::Standing;

/// Pods that are being changed. A size that is in force wakes by itself; readiness wakes nobody.
const CHANGING_S: i64 = 1;
/// Pods that are watched.
const WATCHED_S: i64 = 2;
/// A closed gate: nobody tells when the emergency stop is lifted.
const GATE_S: i64 = 10;
/// A change that is in force, or was decided on.
const REST_S: i64 = 60;

/// How soon to look again at the latest, in seconds; `None`: when something tells. `undecided`: nobody decided anything about it, and
/// nothing of it was ever begun.
pub fn look_again_s(rollout: Option<&RolloutStatus>, standing: &Standing, undecided: bool) -> Option<i64> {
    match rollout.map(|r| r.stage) {
        Some(Stage::Watching | Stage::Verifying) => Some(WATCHED_S),
        Some(Stage::Resizing | Stage::Delivering | Stage::Undoing) => Some(CHANGING_S),
        None | Some(Stage::Ended) if matches!(standing, Standing::Blocked(_)) => Some(GATE_S),
        // What waits for a person is woken by what that person does.
        None | Some(Stage::Ended) => (!undecided).then_some(REST_S),
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
}
