#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::future::{join_all, pending};
use serde_json::json;
use tokio::time::{Instant, sleep};
use trimtab_api::delivery::DeliveryMode;
use trimtab_gates::Rules;
use trimtab_metrics_sources::{Batch, Freshness, ReadReport, ReadRequest, SampleSink};
use trimtab_rollout::view::{Share, StepSetting};

use super::*;
use crate::moves::{Moves, moved, unless};

/// A server that behaves as the query says: a number of seconds after which to answer, `fails`, or anything else to
/// hang.
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
    async fn answer(&self, question: &str) -> Result<Option<f64>, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _one = UnderWay(self.under_way.clone());
        self.most.fetch_max(now, Ordering::SeqCst);
        match question.parse() {
            Ok(seconds) => sleep(Duration::from_secs(seconds)).await,
            Err(_) if question == "fails" => return Err(SourceError::NotFound { server: "fake".to_owned() }),
            Err(_) => pending().await,
        }
        Ok(Some(0.5))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl UsageSource for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn server(&self) -> &str {
        "fake"
    }

    fn has_history(&self) -> bool {
        true
    }

    fn plan(&self, _: &ReadRequest) -> Vec<Batch> {
        Vec::new()
    }

    async fn read(&self, _: &Batch, _: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        pending().await
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        pending().await
    }

    async fn ask(&self, question: &str, _: i64) -> Result<Option<f64>, SourceError> {
        self.answer(question).await
    }
}

fn queries(promql: &[&str]) -> Vec<VerificationQuery> {
    let query = |(at, promql): (usize, &&str)| VerificationQuery {
        name: format!("q{at}"),
        promql: (*promql).to_owned(),
        max_worse_percent: 10,
    };
    promql.iter().enumerate().map(query).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn before(name: &str) -> Purpose {
    Purpose { key: ("shop".to_owned(), name.to_owned()), digest: "sha256:1".to_owned(), watch: None, decides: true }
}

/// A watch from `since` to `ends`, in seconds.
fn watched(since: i64, ends: i64) -> Purpose {
    let watch = Watch { stage: Stage::Watching, since: at(since), ends: at(ends) };
    Purpose { watch: Some(watch), ..before("web") }
}

/// A Recommendation whose rollout is in `stage`, with two steps that are watched for 20 s and 40 s.
fn rollout(stage: &str, step: i32) -> (RecommendationRow, RolloutStatus, Settings) {
    let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]}}});
    let row = RecommendationRow::of(&serde_json::from_value(object).unwrap()).unwrap();
    let rollout = json!({"proposalDigest": row.digest, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u",
        "template": "0", "stage": stage, "step": step, "steps": 2, "progress": "1/2", "started": at(0), "stageSince": at(0),
        "former": [], "desired": [], "delivery": "Manual", "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0,
        "pendingPods": 0, "readyNeighbours": 0}});
    let steps = [20, 40].map(|pause_s| StepSetting { share: Share::Percent(100), pause_s }).to_vec();
    let rules = Rules { steps, verification_window_s: 300, ..Rules::default() };
    (row, serde_json::from_value(rollout).unwrap(), rules.rollout_settings(DeliveryMode::Manual, true))
}

#[test]
fn a_watch_ends_when_the_machine_ends_it() {
    for (stage, step, ends) in [
        ("Watching", 1, Some(20)),
        ("Watching", 2, Some(40)),
        ("Watching", 9, Some(40)),
        ("Verifying", 2, Some(300)),
        ("Resizing", 1, None),
    ] {
        let (row, rollout, settings) = rollout(stage, step);
        let purpose = Purpose::of(&row, Some(&rollout), &settings, &Ok(None), &[]);
        assert_eq!(purpose.watch.map(|w| w.ends), ends.map(at), "{stage} {step}");
    }
}

#[test]
fn nothing_is_asked_once_the_machine_goes_back_or_waits_anyway() {
    let (row, active, settings) = rollout("Watching", 1);
    let honoured = |decision: &str, digest: &str| -> Result<Option<HonouredApproval>, ClosedGate> {
        Ok(Some(
            serde_json::from_value(
                json!({"decision": decision, "by": {"kind": "Person", "name": "ada"}, "rule": "spec.approval",
                "proposalDigest": digest, "since": at(0), "at": at(0)}),
            )
            .unwrap(),
        ))
    };
    let gate = |gate: &str| ClosedGate { gate: gate.to_owned(), reason: "R".to_owned(), message: String::new() };
    for (what, honoured, gates, expected) in [
        ("approved", honoured("Approved", &row.digest), vec![], true),
        ("suspended: a failure still undoes it", honoured("Approved", &row.digest), vec![gate("Policy")], true),
        ("a no", honoured("Rejected", &row.digest), vec![], false),
        ("withdrawn", Ok(None), vec![], false),
        ("about another proposal", honoured("Approved", "sha256:other"), vec![], false),
        ("no guard", Err(gate("ApprovalGuard")), vec![], false),
        ("stopped", honoured("Approved", &row.digest), vec![gate("EmergencyStop")], false),
    ] {
        assert_eq!(Purpose::of(&row, Some(&active), &settings, &honoured, &gates).decides, expected, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_questions_that_hang_cost_one_budget() {
    let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
    let queries = queries(&["hangs"; 16]);
    let answers = questions.answers(Some(&fake), &before("web"), Some("hangs too".to_owned()), &queries, at(0)).await;
    assert_eq!((began.elapsed(), fake.asked()), (BUDGET, 17));
    assert_eq!(answers.queries.len(), 16);
    for answer in &answers.queries {
        assert!(answer.value.is_none() && answer.unanswered.as_ref().unwrap().contains("within 10 s"), "{answer:?}");
    }
    assert!(answers.unheard.unwrap().contains("throttling, q0, q1"));
    assert_eq!(fake.under_way.load(Ordering::SeqCst), 0, "they are given up");
    // They count as answered with nothing for as long as an answer would.
    questions.answers(Some(&fake), &before("web"), None, &queries, at(14)).await;
    assert_eq!((began.elapsed(), fake.asked()), (BUDGET, 17));
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_time_counts_beside_what_is_not() {
    let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
    let queries = queries(&["3", "hangs", "fails", "9"]);
    let answers = questions.answers(Some(&fake), &before("web"), Some("5".to_owned()), &queries, at(0)).await;
    let heard: Vec<_> = answers.queries.iter().map(|q| (q.value, q.unanswered.is_some())).collect();
    assert_eq!(heard, [(Some(0.5), false), (None, true), (None, false), (Some(0.5), false)]);
    assert_eq!((answers.throttled_thousandths, began.elapsed()), (Some(500), BUDGET));
    assert!(answers.unheard.unwrap().ends_with(": q1"), "one that failed is not late");
}

#[tokio::test(start_paused = true)]
async fn a_change_ends_the_questions_within_a_second_and_nothing_is_kept_of_them() {
    let (fake, questions, moves) = (Fake::default(), Questions::default(), Moves::default());
    let (key, queries, began) = (before("web").key, queries(&["hangs"; 4]), Instant::now());
    let changed = moved(moves.follow(&key), 7);
    let a_no = async {
        sleep(Duration::from_millis(2300)).await;
        moves.saw(&key, 8);
    };
    let purpose = before("web");
    let look = questions.answers(Some(&fake), &purpose, None, &queries, at(0));
    let (seen, ()) = tokio::join!(unless(changed, look), a_no);
    assert_eq!(seen, None);
    assert_eq!(began.elapsed(), Duration::from_millis(2300), "at once, not at the end of the budget");
    assert_eq!(fake.under_way.load(Ordering::SeqCst), 0);
    assert_eq!(questions.places.available_permits(), AT_ONCE);
    let again = questions.answers(Some(&fake), &before("web"), None, &queries, at(3)).await;
    assert_eq!((fake.asked(), again.queries.len()), (8, 4));
}

#[tokio::test(start_paused = true)]
async fn few_looks_ask_at_the_same_time_and_the_wait_for_a_place_counts() {
    for (promql, seconds, places, late) in [("4", 10, 8, 4), ("hangs", 10, 8, 20), ("1", 3, 8, 0)] {
        let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
        let (queries, names) = (queries(&[promql]), (0..20).map(|n| before(&n.to_string())));
        let (fake_ref, questions_ref, queries_ref) = (&fake, &questions, &queries);
        let looks = names.map(|purpose| async move {
            questions_ref.answers(Some(fake_ref), &purpose, None, queries_ref, at(0)).await
        });
        let answers = join_all(looks).await;
        assert_eq!((began.elapsed().as_secs(), fake.most.load(Ordering::SeqCst)), (seconds, places), "{promql}");
        assert_eq!(answers.iter().filter(|a| a.unheard.is_some()).count(), late, "{promql}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_watch_asks_every_quarter_of_a_minute_and_once_more_after_its_end() {
    let (fake, questions, queries) = (Fake::default(), Questions::default(), queries(&["0"]));
    let mut asked = Vec::new();
    for second in (0..80).step_by(2) {
        let before = fake.asked();
        questions.answers(Some(&fake), &watched(0, 60), None, &queries, at(second)).await;
        if fake.asked() > before {
            asked.push(second);
        }
    }
    assert_eq!(asked, [0, 16, 32, 60, 76]);
}

#[test]
fn a_verdict_that_ends_a_watch_rests_on_answers_from_after_its_end() {
    let queries = queries(&["0"]);
    let heard = |purpose: Purpose, second| Kept {
        purpose,
        queries: queries.clone(),
        at: at(second),
        answers: Answers { throttled_thousandths: Some(1), ..Answers::default() },
    };
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
                assert_eq!(answers.throttled_thousandths, Some(1));
                "keeps"
            }
            Origin::Nowhere(_) => "none",
        };
        assert_eq!(found, expected, "{what}");
    }
    let edited = vec![VerificationQuery { max_worse_percent: 5, ..queries[0].clone() }];
    assert_eq!(origin(Some(&heard(before("web"), 0)), &before("web"), &edited, at(1)), Origin::Server);
}
