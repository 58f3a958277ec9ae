//! Rollouts as they count for limits and hold workloads. In: the rollout in a Recommendation's status. Out: what the
//! limiter of `trimtab-driver` knows of it. Pure.

use trimtab_api::rollout::RolloutStatus;
use trimtab_driver::limiter::{Hold, LastChange, Limiter};
use trimtab_rollout::elsewhere::Elsewhere;

use crate::Key;

/// Rollouts by policy. Recommendations proposed by people have the empty policy name.
pub type RolloutLimiter = Limiter<String, Key, Elsewhere>;

/// The last rollout of the Recommendation `key`.
pub fn last_change(key: &Key, rollout: Option<&RolloutStatus>) -> Option<LastChange<Elsewhere>> {
    let rollout = rollout?;
    let hold =
        if rollout.is_under_way() { Some(Hold::UnderWay) } else { rollout.is_in_force().then_some(Hold::InForce) };
    let (uid, started) = (rollout.target_uid.clone(), rollout.started.0);
    Some(LastChange { uid, hold, started, end: Elsewhere::ended(&key.1, rollout) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rollout(stage: &str, result: Option<&str>) -> RolloutStatus {
        let time = "1970-01-12T00:00:00Z";
        let mut status = serde_json::json!({"proposalDigest": "sha256:1", "targetUid": "u1", "template": "1",
            "approvedBy": {"kind": "Person", "name": "ada"}, "stage": stage, "step": 1, "steps": 1, "progress": "0/1",
            "started": time, "stageSince": time, "delivery": "Manual", "former": [], "desired": [], "rollbacks": 1,
            "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
        if result != Some("Applied") {
            status["undo"] = serde_json::json!({"reason": "ChecksFailed", "message": "worse", "since": time});
        }
        if let Some(result) = result {
            (status["result"], status["ended"]) = (result.into(), time.into());
        }
        serde_json::from_value(status).unwrap()
    }

    #[test]
    fn a_workload_is_held_until_nothing_of_the_rollout_is_left_and_its_end_is_known_then() {
        let key = ("shop".to_owned(), "first".to_owned());
        assert_eq!(last_change(&key, None), None);
        for (stage, result, hold, undone) in [
            ("Watching", None, Some(Hold::UnderWay), None),
            ("Undoing", None, Some(Hold::UnderWay), None),
            ("Ended", Some("Applied"), Some(Hold::InForce), Some(false)),
            ("Ended", Some("RolledBack"), None, Some(true)),
        ] {
            let change = last_change(&key, Some(&rollout(stage, result))).unwrap();
            assert_eq!((change.uid.as_str(), change.started.as_second()), ("u1", 950_400));
            let end = change.end.map(|end| (end.on, end.undone.is_some()));
            assert_eq!((change.hold, end), (hold, undone.map(|undone| ("first".to_owned(), undone))), "{stage}");
        }
    }
}
