#![allow(clippy::unwrap_used)]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;
use crate::moves::{Moves, moved, unless};

/// Answers, as they are kept: those that arrived in time.
type Answers = Vec<Option<u64>>;

/// A server that answers after a number of seconds, or never.
#[derive(Default)]
struct Fake {
    asked: AtomicUsize,
    under_way: Arc<AtomicUsize>,
    most: AtomicUsize,
}

/// Counts a query for as long as its answer is awaited.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fake {
    async fn answer(&self, after: Option<u64>) -> u64 {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _one = UnderWay(self.under_way.clone());
        self.most.fetch_max(now, Ordering::SeqCst);
        let Some(seconds) = after else { return pending().await };
        sleep(Duration::from_secs(seconds)).await;
        seconds
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// An evaluation whose queries are answered `after` these times.
    async fn look(
        &self,
        questions: &Questions<String, Answers>,
        purpose: &Purpose<String>,
        after: &[Option<u64>],
        second: i64,
    ) -> Result<Answers, &'static str> {
        let ask = async { questions.ask(after.iter().map(|after| self.answer(*after)).collect()).await };
        questions.answers(purpose, &queries(), at(second), ask).await
    }
}

fn queries() -> Vec<VerificationQuery> {
    vec![VerificationQuery { name: "errors".to_owned(), promql: "vector(0)".to_owned(), max_worse_percent: 10 }]
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn before(name: &str) -> Purpose<String> {
    Purpose { key: name.to_owned(), digest: "sha256:1".to_owned(), watch: None, decides: true }
}

/// A watch from `since` to `ends`, in seconds.
fn watched(since: i64, ends: i64) -> Purpose<String> {
    Purpose { watch: Some(Watch { since: at(since), ends: at(ends) }), ..before("web") }
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_time_counts_and_the_rest_is_given_up() {
    let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
    let after = [Some(3), None, Some(9), Some(11)];
    let answers = fake.look(&questions, &before("web"), &after, 0).await;
    assert_eq!(answers, Ok(vec![Some(3), None, Some(9), None]));
    assert_eq!((began.elapsed(), fake.asked(), fake.under_way.load(Ordering::SeqCst)), (BUDGET, 4, 0));
    // What was not answered counts as that for as long as an answer would.
    assert_eq!(fake.look(&questions, &before("web"), &after, 14).await, answers);
    assert_eq!((began.elapsed(), fake.asked()), (BUDGET, 4));
}

#[tokio::test(start_paused = true)]
async fn a_change_ends_the_questions_within_a_second_and_nothing_is_kept_of_them() {
    let (fake, questions, moves) = (Fake::default(), Questions::default(), Moves::default());
    let (purpose, began) = (before("web"), Instant::now());
    let changed = moved(moves.follow(&purpose.key), 7);
    let a_no = async {
        sleep(Duration::from_millis(2300)).await;
        moves.saw(&purpose.key, 8);
    };
    let (seen, ()) = tokio::join!(unless(changed, fake.look(&questions, &purpose, &[None; 4], 0)), a_no);
    assert_eq!(seen, None);
    assert_eq!(began.elapsed(), Duration::from_millis(2300), "at once, not at the end of the budget");
    assert_eq!(fake.under_way.load(Ordering::SeqCst), 0);
    assert_eq!(questions.places.available_permits(), AT_ONCE);
    let again = fake.look(&questions, &purpose, &[None; 4], 3).await;
    assert_eq!((fake.asked(), again.map(|answers| answers.len())), (8, Ok(4)));
}

#[tokio::test(start_paused = true)]
async fn few_looks_ask_at_the_same_time_and_the_wait_for_a_place_counts() {
    for (after, seconds, places, late) in [(Some(4), 10, 8, 4), (None, 10, 8, 20), (Some(1), 3, 8, 0)] {
        let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
        let purposes: Vec<_> = (0..20).map(|n| before(&n.to_string())).collect();
        let after = [after];
        let answers = join_all(purposes.iter().map(|purpose| fake.look(&questions, purpose, &after, 0))).await;
        assert_eq!((began.elapsed().as_secs(), fake.most.load(Ordering::SeqCst)), (seconds, places), "{after:?}");
        assert_eq!(answers.iter().filter(|a| **a == Ok(vec![None])).count(), late, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_watch_asks_every_quarter_of_a_minute_and_once_more_after_its_end() {
    let (fake, questions) = (Fake::default(), Questions::default());
    let mut asked = Vec::new();
    for second in (0..80).step_by(2) {
        let before = fake.asked();
        let _ = fake.look(&questions, &watched(0, 60), &[Some(0)], second).await;
        if fake.asked() > before {
            asked.push(second);
        }
    }
    assert_eq!(asked, [0, 16, 32, 60, 76]);
}

#[test]
fn a_verdict_that_ends_a_watch_rests_on_answers_from_after_its_end() {
    let queries = queries();
    let heard =
        |purpose: Purpose<String>, second| Kept { purpose, queries: queries.clone(), at: at(second), answers: 1 };
    let other = Purpose { digest: "sha256:2".to_owned(), ..watched(0, 60) };
    let idle = Purpose { decides: false, ..watched(0, 60) };
    for (what, kept, purpose, now, expected) in [
        ("nothing is known", None, watched(0, 60), 2, "asks"),
        ("the state before is good enough at first", Some(heard(before("web"), -5)), watched(0, 60), 2, "keeps"),
        ("and not for ever", Some(heard(before("web"), -14)), watched(0, 60), 1, "asks"),
        ("from the watch", Some(heard(watched(0, 60), 10)), watched(0, 60), 24, "keeps"),
        ("too old", Some(heard(watched(0, 60), 10)), watched(0, 60), 25, "asks"),
        ("about something else", Some(heard(other, 10)), watched(0, 60), 12, "asks"),
        ("from a clock that was set back", Some(heard(watched(0, 60), 10)), watched(0, 60), 9, "asks"),
        ("soon at the end", Some(heard(watched(0, 60), 40)), watched(0, 60), 54, "keeps"),
        ("soon at the end, and nothing is known", Some(heard(watched(0, 60), 30)), watched(0, 60), 46, "none"),
        ("a short watch", None, watched(0, 5), 1, "none"),
        ("young, and from before the end", Some(heard(watched(0, 60), 59)), watched(0, 60), 60, "asks"),
        ("from after the end", Some(heard(watched(0, 60), 60)), watched(0, 60), 74, "keeps"),
        ("from after the end, and too old", Some(heard(watched(0, 60), 60)), watched(0, 60), 75, "asks"),
        ("from the end of the watch before", Some(heard(watched(0, 5), 6)), watched(6, 6), 6, "asks"),
        ("nothing depends on it", None, idle.clone(), 61, "none"),
        ("nothing depends on what is known", Some(heard(watched(0, 60), 59)), idle, 61, "keeps"),
    ] {
        let found = match origin(kept.as_ref(), &purpose, &queries, at(now)) {
            Origin::Server => "asks",
            Origin::Before(answers) => {
                assert_eq!(answers, 1);
                "keeps"
            }
            Origin::Nowhere(_) => "none",
        };
        assert_eq!(found, expected, "{what}");
    }
    let edited = vec![VerificationQuery { max_worse_percent: 5, ..queries[0].clone() }];
    assert_eq!(origin(Some(&heard(before("web"), 0)), &before("web"), &edited, at(1)), Origin::Server);
}
