use std::{future::pending, time::Duration};

use tokio::time::Instant;

use super::*;

/// Namespace and name.
type Key = (String, String);

fn key(name: &str) -> Key {
    ("shop".to_owned(), name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_change_ends_a_look_that_hangs_and_an_echo_or_another_object_does_not() {
    let (moves, began) = (Moves::default(), Instant::now());
    let changed = moves.follow(&key("web"));
    let people = async {
        for (second, name, version) in [(1, "web", 7), (2, "api", 9), (3, "web", 8)] {
            tokio::time::sleep_until(began + Duration::from_secs(second)).await;
            moves.saw(&key(name), version);
        }
    };
    let (seen, ()) = tokio::join!(unless(moved(changed, 7), pending::<()>()), people);
    assert_eq!((seen, began.elapsed().as_secs()), (None, 3));
}

#[tokio::test(start_paused = true)]
async fn what_came_between_the_row_and_the_look_counts_and_a_look_that_waits_for_nothing_is_done() {
    let moves = Moves::default();
    let changed = moves.follow(&key("web"));
    moves.saw(&key("web"), GONE);
    assert_eq!(unless(moved(changed.clone(), 7), pending::<()>()).await, None);
    assert_eq!(unless(moved(changed.clone(), 7), async { 1 }).await, Some(1));
    moves.end(&key("web"));
    assert!(moves.0.lock().is_empty());
    let later = tokio::time::timeout(Duration::from_secs(60), moved(moves.follow(&key("web")), 7)).await;
    assert!(later.is_err(), "a new run knows nothing of what the last one saw");
}
