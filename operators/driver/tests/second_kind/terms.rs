//! What makes objects due while this instance leads, and what it takes over from the previous leader.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use trimtab_testkit::Server;

use crate::bed::{Bed, edit};

#[tokio::test(start_paused = true)]
async fn objects_are_due_when_they_change_when_something_else_does_and_when_time_passes() {
    let mut bed = Bed::start();
    bed.lamp("first", "s-1");
    bed.schedule();
    bed.stands("first", "PendingApproval").await;
    bed.lamp("second", "s-2");
    bed.stands("second", "PendingApproval").await;
    bed.wall.send_modify(|wall| wall.is_watched = true);
    bed.approve("first");
    bed.stands("first", "Verifying").await;
    // No lamp changes.
    let began = Instant::now();
    bed.wall.send_modify(|wall| wall.is_watched = false);
    bed.stands("first", "Applied").await;
    assert!(began.elapsed() < Duration::from_secs(1), "it was due at once: {:?}", began.elapsed());
    bed.server.delete("lamps", "house", "first");
    let gone = |server: &Server| server.get("lamps", "house", "first").is_none().then_some(());
    bed.server.until("it is gone", Duration::from_secs(60), gone).await.unwrap();
    assert_eq!(bed.done(), ["Changing", "on", "Watched", "Ended", "Undoing", "off", "Ended"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let key = ("house".to_owned(), "first".to_owned());
    assert_eq!(bed.limiter.lock().hold(&key), None, "it is forgotten");
    assert_eq!(bed.limiter.lock().ended("s-1", &("house".to_owned(), "second".to_owned())), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_at_a_target_where_the_previous_leader_began_something_that_the_watch_does_not_show() {
    let mut bed = Bed::start();
    for name in ["first", "second"] {
        bed.lamp(name, "s-1");
    }
    bed.approve("second");
    bed.seen().await;
    bed.server.lag("lamps");
    edit(&bed.server, "first", |lamp| {
        let by = json!({"kind": "Person", "name": "anna"});
        let run = json!({"stage": "Changing", "by": by, "socket": "s-1", "started": "2027-01-15T08:00:00Z"});
        lamp["status"] = json!({"run": run});
    });
    bed.schedule();
    bed.stands("second", "Blocked").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bed.done(), [""; 0]);
    bed.server.catch_up("lamps");
    // Nobody approved the first one.
    bed.stands("first", "RolledBack").await;
    bed.stands("second", "Applied").await;
}
