#![allow(clippy::unwrap_used)]

use super::*;

fn key(name: &str) -> Key {
    ("shop".to_owned(), name.to_owned())
}

#[test]
fn places_are_taken_once_and_come_free_again() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    assert!(limiter.reserve("p", &key("a"), "ua", (2, 10), now));
    assert!(limiter.reserve("p", &key("b"), "ub", (2, 10), now));
    assert!(!limiter.reserve("p", &key("c"), "uc", (2, 10), now), "two are under way");
    assert!(limiter.reserve("other", &key("c"), "uc", (2, 10), now), "another policy has places of its own");
    assert!(limiter.reserve("p", &key("a"), "ua", (2, 10), now), "its own place does not stand in its way");
    assert_eq!(limiter.under_way(), 3, "of all policies");
    limiter.see("p", &key("a"), 1, None);
    assert_eq!(limiter.under_way(), 2);
    assert!(limiter.reserve("p", &key("d"), "ud", (2, 10), now));
}

#[test]
fn starts_count_for_an_hour() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    for name in ["a", "b"] {
        assert!(limiter.reserve("p", &key(name), name, (10, 2), now));
        limiter.take("p", &key(name), None, Some(now));
    }
    assert!(!limiter.reserve("p", &key("c"), "c", (10, 2), now));
    let later = Timestamp::from_second(1_003_600).unwrap();
    assert!(limiter.reserve("p", &key("c"), "c", (10, 2), later));
}

#[test]
fn one_recommendation_at_a_workload() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    let (policys, persons) = (key("deploy-web"), key("mine"));
    assert!(limiter.reserve("p", &policys, "u1", (10, 10), now));
    assert!(!limiter.reserve("", &persons, "u1", (10, 10), now), "it is being changed");
    assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::UnderWay)));
    assert_eq!(limiter.other("u1", &policys), None);
    assert!(limiter.reserve("", &persons, "u2", (10, 10), now), "another workload of that name");
    limiter.forget(&persons);
    limiter.take("p", &policys, Some((Hold::InForce, "u1")), Some(now));
    assert!(!limiter.reserve("", &persons, "u1", (10, 10), now), "its size is in force");
    assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::InForce)));
    assert!(limiter.reserve("p", &policys, "u1", (10, 10), now), "the next change of the same one");
    limiter.take("p", &policys, None, None);
    assert!(limiter.reserve("", &persons, "u1", (10, 10), now));
    limiter.forget(&persons);
    assert!(limiter.holders.is_empty() && limiter.held.is_empty(), "nothing is left of what is gone");
}

#[test]
fn a_place_stays_until_it_is_known_what_became_of_it() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let free = |limiter: &RolloutLimiter| limiter.other("u1", &second).is_none();
    limiter.see("", &first, 5, None);
    assert!(limiter.reserve("", &first, "u1", (10, 10), now));
    limiter.see("", &first, 5, None);
    assert!(!free(&limiter), "no answer came, and the watch is as before");
    limiter.see("", &first, 6, None);
    assert!(free(&limiter), "a later version says that nothing began");
    limiter.take("", &first, Some((Hold::UnderWay, "u1")), None);
    limiter.see("", &first, 3, None);
    assert!(!free(&limiter), "a watch that is behind says nothing");
}

#[test]
fn a_place_is_given_back_until_a_beginning_was_announced() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let place = |announced| Some(Place { uid: "u1".to_owned(), announced });
    limiter.see("p", &first, 5, None);
    assert!(limiter.reserve("p", &first, "u1", (1, 1), now));
    assert_eq!(limiter.place(&first), place(false));
    limiter.give_back("p", &first, None);
    assert!(limiter.place(&first).is_none() && limiter.other("u1", &second).is_none());
    assert_eq!(limiter.counts("p", &second, now), Counts::default(), "it did not begin");
    assert!(limiter.reserve("p", &first, "u1", (1, 1), now));
    limiter.announce(&first);
    assert_eq!(limiter.place(&first), place(true), "nobody knows whether it began");
    limiter.give_back("p", &first, None);
    assert!(limiter.reserve("p", &first, "u1", (1, 1), now) && limiter.place(&first) == place(true), "its own place");
    assert!(limiter.other("u1", &second).is_some());
    limiter.see("p", &first, 6, None);
    assert!(limiter.other("u1", &second).is_none(), "a later version says that nothing began");
}

#[test]
fn who_gets_a_workload_next_knows_how_the_rollout_before_ended() {
    let (mut limiter, now) = (RolloutLimiter::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let rollout = |stage: &str| -> RolloutStatus {
        let time = "1970-01-12T00:00:00Z";
        let mut status = serde_json::json!({"proposalDigest": "sha256:1", "targetUid": "u1", "template": "1",
            "approvedBy": {"kind": "Person", "name": "ada"}, "stage": stage, "step": 1, "steps": 1, "progress": "0/1",
            "started": time, "stageSince": time, "delivery": "Manual", "former": [], "desired": [], "rollbacks": 1,
            "undo": {"reason": "ChecksFailed", "message": "worse", "since": time},
            "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
        if stage == "Ended" {
            (status["result"], status["ended"]) = ("RolledBack".into(), time.into());
        }
        serde_json::from_value(status).unwrap()
    };
    limiter.see("", &first, 5, Some(&rollout("Undoing")));
    assert!(limiter.other("u1", &second).is_some() && limiter.ended("u1", &second).is_empty());
    limiter.see("", &first, 6, Some(&rollout("Ended")));
    assert!(limiter.reserve("", &second, "u1", (10, 10), now), "the workload is free");
    let ended = limiter.ended("u1", &second);
    assert_eq!((ended.len(), ended[0].on.as_str(), ended[0].undone.is_some()), (1, "first", true));
    limiter.see("", &first, 5, Some(&rollout("Undoing")));
    assert_eq!(limiter.ended("u1", &second), ended, "a watch that is behind says nothing");
    assert!(limiter.ended("u1", &first).is_empty() && limiter.ended("u2", &second).is_empty(), "of others, here");
    limiter.forget(&first);
    assert!(limiter.ended("u1", &second).is_empty(), "the decision record has it from now on");
}
