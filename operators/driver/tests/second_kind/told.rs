//! What is written and told when an answer is lost, an object changes meanwhile, or there is nothing new to say.

use std::time::Duration;

use serde_json::json;
use tokio::time::advance;
use trimtab_driver::ran::Ran;
use trimtab_testkit::Then;

use crate::bed::{Bed, STATUS, edit};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_status_write_whose_reply_is_lost_is_told_once_and_not_repeated() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.server.at(1, STATUS.0, STATUS.1, Then::LoseReply);
    assert_eq!(bed.run("hall").await, Ran { again: Some(2 * SECOND), failed: true });
    assert_eq!((bed.told().await.len(), bed.failed_writes()), (0, 1), "nobody knows whether it was done");
    for _ in 0..2 {
        assert_eq!(bed.run("hall").await, Ran::default());
        assert_eq!(bed.told().await, ["hall PendingApproval"]);
    }
    assert_eq!(bed.story(), ["status hall"]);
}

#[tokio::test(start_paused = true)]
async fn a_status_write_that_was_refused_is_told_when_it_is_repeated() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.server.at(1, STATUS.0, STATUS.1, Then::refuse(500, "InternalError", "no"));
    assert_eq!(bed.run("hall").await, Ran { again: Some(2 * SECOND), failed: true });
    assert_eq!(bed.told().await, [""; 0]);
    bed.run("hall").await;
    assert_eq!(bed.told().await, ["hall PendingApproval"]);
}

#[tokio::test(start_paused = true)]
async fn a_beginning_whose_reply_is_lost_is_told_once_and_begins_nothing_twice() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.run("hall").await;
    bed.approve("hall");
    bed.seen().await;
    bed.server.lag("lamps");
    bed.server.at(1, STATUS.0, STATUS.1, Then::LoseReply);
    assert_eq!(bed.run_blind("hall").await, Ran { again: Some(2 * SECOND), failed: true });
    assert_eq!(bed.told().await, ["hall PendingApproval"]);
    bed.server.catch_up("lamps");
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Applied");
    assert_eq!(bed.told().await, ["hall PendingApproval", "hall RollingOut", "hall Applied"]);
    let begun = bed.story().iter().filter(|line| *line == "status hall Changing").count();
    assert_eq!(begun, 1, "{:#?}", bed.story());
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_looked_at_again_and_tells_nothing() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.run("hall").await;
    let pending = ["hall PendingApproval"];
    bed.approve("hall");
    // The approval is taken back at the very moment of the announcement.
    let withdraw = Then::meanwhile(|server| edit(server, "hall", |lamp| lamp["spec"] = json!({"socket": "s-1"})));
    bed.server.at(1, STATUS.0, STATUS.1, withdraw);
    assert_eq!(bed.run("hall").await, Ran { again: Some(SECOND), failed: false });
    assert_eq!(bed.told().await, pending);
    let before = bed.server.writes().len();
    bed.run("hall").await;
    assert_eq!(bed.told().await, pending);
    assert_eq!(bed.server.writes().iter().skip(before).filter(|w| w.resource == STATUS.1).count(), 0);
    assert_eq!((bed.done(), bed.limiter.lock().under_way()), (Vec::new(), 0), "nothing began, and the place is free");
}

#[tokio::test(start_paused = true)]
async fn after_a_conflict_with_somebody_elses_note_it_begins_all_the_same() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.run("hall").await;
    bed.approve("hall");
    let note =
        Then::meanwhile(|server| edit(server, "hall", |lamp| lamp["metadata"]["annotations"] = json!({"a": "b"})));
    bed.server.at(1, STATUS.0, STATUS.1, note);
    assert_eq!(bed.run("hall").await, Ran { again: Some(SECOND), failed: false });
    bed.run("hall").await;
    assert_eq!(bed.told().await, ["hall PendingApproval", "hall RollingOut", "hall Applied"]);
    let codes: Vec<_> = bed.server.writes().iter().filter(|w| w.resource == STATUS.1).map(|w| w.code).collect();
    assert_eq!(codes[..3], [Some(200), Some(409), Some(200)]);
}

/// Lets `pause` pass while only a number differs, and asserts that the status is written at its end, and not before.
async fn quiet(bed: &Bed, pause: u64, looks: u64) {
    let writes = || bed.story().len();
    let (before, told) = (writes(), bed.told().await);
    for hours in [1, 2] {
        bed.wall.send_modify(|wall| wall.hours = hours);
        assert_eq!(bed.run("hall").await, Ran { again: Some(Duration::from_secs(looks)), failed: false });
        assert_eq!(writes(), before);
        advance(Duration::from_secs(pause) / 2 - SECOND / 2).await;
    }
    bed.run("hall").await;
    assert_eq!(writes(), before, "a second is missing");
    advance(SECOND).await;
    bed.run("hall").await;
    assert_eq!(writes(), before + 1);
    assert_eq!(bed.told().await, told, "it is not worth an event");
}

#[tokio::test(start_paused = true)]
async fn a_number_alone_is_written_every_ten_minutes_while_nothing_is_under_way() {
    let bed = Bed::start();
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Applied");
    quiet(&bed, 600, 60).await;
}

#[tokio::test(start_paused = true)]
async fn a_number_alone_is_written_every_half_minute_while_it_is_under_way() {
    let bed = Bed::start();
    bed.wall.send_modify(|wall| wall.is_watched = true);
    bed.lamp("hall", "s-1");
    bed.approve("hall");
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Verifying");
    quiet(&bed, 30, 2).await;
    bed.wall.send_modify(|wall| wall.is_watched = false);
    bed.run("hall").await;
    assert_eq!(bed.word("hall"), "Applied", "what is news waits for no pause");
}
