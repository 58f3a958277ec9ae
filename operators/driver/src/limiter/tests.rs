#![allow(clippy::unwrap_used)]

use super::*;

/// Namespace and name.
type Key = (String, String);
type OfPolicies = Limiter<&'static str, Key, &'static str>;

fn key(name: &str) -> Key {
    ("shop".to_owned(), name.to_owned())
}

#[test]
fn places_are_taken_once_and_come_free_again() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    assert!(limiter.reserve(&"p", &key("a"), "ua", (2, 10), now));
    assert!(limiter.reserve(&"p", &key("b"), "ub", (2, 10), now));
    assert!(!limiter.reserve(&"p", &key("c"), "uc", (2, 10), now), "two are under way");
    assert!(limiter.reserve(&"other", &key("c"), "uc", (2, 10), now), "another policy has places of its own");
    assert!(limiter.reserve(&"p", &key("a"), "ua", (2, 10), now), "its own place does not stand in its way");
    assert_eq!(limiter.under_way(), 3, "of all policies");
    limiter.see(&"p", &key("a"), 1, None);
    assert_eq!(limiter.under_way(), 2);
    assert!(limiter.reserve(&"p", &key("d"), "ud", (2, 10), now));
}

#[test]
fn starts_count_for_an_hour() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    for name in ["a", "b"] {
        assert!(limiter.reserve(&"p", &key(name), name, (10, 2), now));
        limiter.take(&"p", &key(name), None, Some(now));
    }
    assert!(!limiter.reserve(&"p", &key("c"), "c", (10, 2), now));
    let later = Timestamp::from_second(1_003_600).unwrap();
    assert!(limiter.reserve(&"p", &key("c"), "c", (10, 2), later));
}

#[test]
fn one_holder_at_a_target() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    let (policys, persons) = (key("deploy-web"), key("mine"));
    assert!(limiter.reserve(&"p", &policys, "u1", (10, 10), now));
    assert!(!limiter.reserve(&"", &persons, "u1", (10, 10), now), "it is being changed");
    assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::UnderWay)));
    assert_eq!(limiter.other("u1", &policys), None);
    assert!(limiter.reserve(&"", &persons, "u2", (10, 10), now), "another target of that name");
    limiter.forget(&persons);
    limiter.take(&"p", &policys, Some((Hold::InForce, "u1".to_owned())), Some(now));
    assert!(!limiter.reserve(&"", &persons, "u1", (10, 10), now), "it is in force");
    assert_eq!(limiter.other("u1", &persons), Some((policys.clone(), Hold::InForce)));
    assert!(limiter.reserve(&"p", &policys, "u1", (10, 10), now), "the next change of the same one");
    limiter.take(&"p", &policys, None, None);
    assert!(limiter.reserve(&"", &persons, "u1", (10, 10), now));
    limiter.forget(&persons);
    assert!(limiter.holders.is_empty() && limiter.held.is_empty(), "nothing is left of what is gone");
}

#[test]
fn a_place_stays_until_it_is_known_what_became_of_it() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let free = |limiter: &OfPolicies| limiter.other("u1", &second).is_none();
    limiter.see(&"", &first, 5, None);
    assert!(limiter.reserve(&"", &first, "u1", (10, 10), now));
    limiter.see(&"", &first, 5, None);
    assert!(!free(&limiter), "no answer came, and the watch is as before");
    limiter.see(&"", &first, 6, None);
    assert!(free(&limiter), "a later version says that nothing began");
    limiter.take(&"", &first, Some((Hold::UnderWay, "u1".to_owned())), None);
    limiter.see(&"", &first, 3, None);
    assert!(!free(&limiter), "a watch that is behind says nothing");
}

#[test]
fn a_place_is_given_back_until_a_beginning_was_announced() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let place = |announced| Some(Place { uid: "u1".to_owned(), announced });
    limiter.see(&"p", &first, 5, None);
    assert!(limiter.reserve(&"p", &first, "u1", (1, 1), now));
    assert_eq!(limiter.place(&first), place(false));
    limiter.give_back(&"p", &first, None);
    assert!(limiter.place(&first).is_none() && limiter.other("u1", &second).is_none());
    assert_eq!(limiter.counts(&"p", &second, now), Counts::default(), "it did not begin");
    assert!(limiter.reserve(&"p", &first, "u1", (1, 1), now));
    limiter.announce(&first);
    assert_eq!(limiter.place(&first), place(true), "nobody knows whether it began");
    limiter.give_back(&"p", &first, None);
    assert!(limiter.reserve(&"p", &first, "u1", (1, 1), now) && limiter.place(&first) == place(true), "its own place");
    assert!(limiter.other("u1", &second).is_some());
    limiter.see(&"p", &first, 6, None);
    assert!(limiter.other("u1", &second).is_none(), "a later version says that nothing began");
}

#[test]
fn who_gets_a_target_next_knows_how_the_change_before_ended() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    let (first, second) = (key("first"), key("second"));
    let change = |hold, end| Some(LastChange { uid: "u1".to_owned(), hold, started: now, end });
    let (undoing, ended) = (|| change(Some(Hold::UnderWay), None), || change(None, Some("undone")));
    limiter.see(&"", &first, 5, undoing());
    assert!(limiter.other("u1", &second).is_some() && limiter.ended("u1", &second).is_empty());
    limiter.see(&"", &first, 6, ended());
    assert!(limiter.reserve(&"", &second, "u1", (10, 10), now), "the target is free");
    assert_eq!(limiter.ended("u1", &second), ["undone"]);
    limiter.see(&"", &first, 5, undoing());
    assert_eq!(limiter.ended("u1", &second), ["undone"], "a watch that is behind says nothing");
    assert!(limiter.ended("u1", &first).is_empty() && limiter.ended("u2", &second).is_empty(), "of others, here");
    limiter.forget(&first);
    assert!(limiter.ended("u1", &second).is_empty(), "a record that outlives the object has it from now on");
}

#[test]
fn who_holds_a_former_target_of_the_name_counts_where_nobody_holds_the_present_one() {
    let (mut limiter, now) = (OfPolicies::default(), Timestamp::from_second(1_000_000).unwrap());
    let (me, former, present) = (key("me"), key("former"), key("present"));
    let others = || [key("idle"), former.clone()];
    assert_eq!(limiter.holder(Some("u2"), &me, others()), None);
    limiter.take(&"p", &former, Some((Hold::InForce, "u1".to_owned())), Some(now));
    assert_eq!(limiter.holder(Some("u2"), &me, others()), Some((former.clone(), Hold::InForce)));
    assert_eq!(limiter.holder(None, &me, others()), Some((former.clone(), Hold::InForce)), "there is no present one");
    assert!(limiter.reserve(&"p", &present, "u2", (10, 10), now));
    assert_eq!(limiter.holder(Some("u2"), &me, others()), Some((present, Hold::UnderWay)));
}
