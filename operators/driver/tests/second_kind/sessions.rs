//! What a reconcile remembers, and how long it goes on.

use std::time::Duration;

use trimtab_driver::ran::Ran;
use trimtab_testkit::Then;

use crate::bed::{Bed, replace};

#[tokio::test(start_paused = true)]
async fn a_request_that_was_refused_waits_in_the_next_reconcile_too() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.wall.send_modify(|wall| wall.forbids = true);
    let ran = bed.run("hall").await;
    assert!(ran.failed, "a permission is missing");
    assert_eq!(bed.word("hall"), "Forbidden");
    bed.wall.send_modify(|wall| wall.forbids = false);
    bed.run("hall").await;
    assert_eq!(bed.done(), ["Changing"], "it is held back");
    tokio::time::advance(Duration::from_secs(10)).await;
    bed.run("hall").await;
    assert_eq!(bed.done(), ["Changing", "on", "Watched", "Ended"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_deleted_and_made_again_begins_with_an_empty_session() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.wall.send_modify(|wall| wall.forbids = true);
    bed.run("hall").await;
    replace(&bed.server, "hall");
    bed.wall.send_modify(|wall| wall.forbids = false);
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Applied", "what the first one has to wait for does not hold the second one");
    assert_eq!(bed.done(), ["Changing", "Changing", "on", "Watched", "Ended"]);
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_does_not_go_on_with_another_object_of_the_name() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.wall.send_modify(|wall| wall.forbids = true);
    bed.server.at(1, "get", "configmaps", Then::meanwhile(|server| replace(server, "hall")));
    assert_eq!(bed.run("hall").await, Ran { again: None, failed: true });
    assert_eq!(bed.word("hall"), "", "nothing was said of it");
    bed.wall.send_modify(|wall| wall.forbids = false);
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Applied");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_never_waits_lets_others_have_their_turn() {
    let bed = Bed::start();
    bed.wall.send_modify(|wall| wall.records = Some(0));
    bed.lamp("hall", "s-1");
    assert_eq!(bed.run("hall").await, Ran { again: Some(Duration::from_secs(1)), failed: false });
    assert_eq!(bed.wall.borrow().records, Some(10_000));
}
