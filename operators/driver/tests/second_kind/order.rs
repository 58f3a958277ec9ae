//! The order of requests: of a change that goes well, of one that is undone, under the emergency stop, and beside another
//! change of the same target.

use std::time::Duration;

use serde_json::json;
use trimtab_driver::ran::Ran;

use crate::bed::{Bed, OWN, line};

#[tokio::test(start_paused = true)]
async fn each_change_is_announced_and_its_end_is_told() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    assert_eq!(bed.run("hall").await, Ran::default(), "it waits for a person, and for no time");
    assert_eq!((bed.story(), bed.done()), (vec!["status hall".to_owned()], Vec::new()));
    bed.approve("hall");
    let ran = bed.run("hall").await;
    assert_eq!(ran, Ran { again: Some(Duration::from_secs(60)), failed: false });
    let expected = ["status hall", "status hall Changing", "protect hall", "status hall Watched", "status hall Ended"];
    assert_eq!(bed.story(), expected);
    assert_eq!(bed.done(), ["Changing", "on", "Watched", "Ended"]);
    assert_eq!(bed.told().await, ["hall PendingApproval", "hall RollingOut", "hall Applied"]);
    bed.run("hall").await;
    assert_eq!(bed.story(), expected, "it stands as it did");
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_undone_and_told_before_it_is_let_go() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.run("hall").await;
    bed.server.delete("lamps", "house", "hall");
    assert_eq!(bed.run("hall").await, Ran::default());
    assert!(bed.server.get("lamps", "house", "hall").is_none());
    assert_eq!(bed.done(), ["Changing", "on", "Watched", "Ended", "Undoing", "off", "Ended"]);
    let writes: Vec<String> = bed.server.writes().iter().map(line).collect();
    let at = |what: &str| writes.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what}: {writes:#?}"));
    assert!(at("hall RolledBack") < at("release hall"), "{writes:#?}");
    assert_eq!(bed.limiter.lock().under_way(), 0);
    assert_eq!(bed.run("hall").await, Ran::default(), "nothing is left to do");
    assert_eq!(bed.server.writes().len(), writes.len());
}

#[tokio::test(start_paused = true)]
async fn the_emergency_stop_is_read_before_each_effect_and_lets_records_pass() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    let stop = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trimtab-halt", "namespace": OWN}});
    bed.server.put("configmaps", stop);
    let ran = bed.run("hall").await;
    assert!(ran.again.is_some() && !ran.failed, "{ran:?}");
    assert_eq!(bed.done(), ["Changing"]);
    assert_eq!(bed.story(), ["status hall Changing", "protect hall", "status hall Changing"]);
    assert_eq!(bed.word("hall"), "Halted");
    bed.server.delete("configmaps", OWN, "trimtab-halt");
    tokio::time::advance(Duration::from_secs(10)).await;
    bed.run("hall").await;
    assert_eq!((bed.word("hall").as_str(), bed.done()[1].as_str()), ("Applied", "on"));
}

#[tokio::test(start_paused = true)]
async fn of_two_with_one_target_the_second_waits_until_the_first_is_settled() {
    let bed = Bed::start();
    for name in ["hall", "other"] {
        bed.lamp(name, "s-1");
        bed.approve(name);
    }
    bed.run("hall").await;
    bed.run("other").await;
    assert_eq!((bed.word("hall").as_str(), bed.word("other").as_str()), ("Applied", "Blocked"));
    assert_eq!(bed.limiter.lock().ended("s-1", &("house".to_owned(), "other".to_owned())), ["hall"]);
    bed.server.delete("lamps", "house", "hall");
    bed.run("hall").await;
    bed.run("other").await;
    assert_eq!(bed.word("other"), "Applied");
    assert_eq!(
        bed.done(),
        ["Changing", "on", "Watched", "Ended", "Undoing", "off", "Ended", "Changing", "on", "Watched", "Ended"]
    );
}
