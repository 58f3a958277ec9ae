#![allow(clippy::unwrap_used)]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use tokio::time::{Instant, sleep};
use trimtab_api::delivery::DeliveryMode;
use trimtab_driver::questions::BUDGET;
use trimtab_gates::Rules;
use trimtab_metrics_sources::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, SourceError};
use trimtab_rollout::view::{Share, StepSetting};

use super::*;

/// A server that behaves as the query says: a number of seconds after which to answer, `fails`, or anything else to
/// hang.
#[derive(Default)]
struct Fake {
    asked: AtomicUsize,
    under_way: Arc<AtomicUsize>,
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
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let _one = UnderWay(self.under_way.clone());
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

fn before(name: &str) -> Purpose<Key> {
    Purpose { key: ("shop".to_owned(), name.to_owned()), digest: "sha256:1".to_owned(), watch: None, decides: true }
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
        let purpose = purpose(&row, Some(&rollout), &settings, &Ok(None), &[]);
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
        assert_eq!(purpose(&row, Some(&active), &settings, &honoured, &gates).decides, expected, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_questions_that_hang_cost_one_budget() {
    let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
    let queries = queries(&["hangs"; 16]);
    let throttling = Some("hangs too".to_owned());
    let answers = answers(&questions, Some(&fake), &before("web"), throttling, &queries, at(0)).await;
    assert_eq!((began.elapsed(), fake.asked()), (BUDGET, 17));
    assert_eq!(answers.queries.len(), 16);
    for answer in &answers.queries {
        assert!(answer.value.is_none() && answer.unanswered.as_ref().unwrap().contains("within 10 s"), "{answer:?}");
    }
    assert!(answers.unheard.unwrap().contains("throttling, q0, q1"));
    assert_eq!(fake.under_way.load(Ordering::SeqCst), 0, "they are given up");
    // They count as answered with nothing for as long as an answer would.
    super::answers(&questions, Some(&fake), &before("web"), None, &queries, at(14)).await;
    assert_eq!((began.elapsed(), fake.asked()), (BUDGET, 17));
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_time_counts_beside_what_is_not() {
    let (fake, questions, began) = (Fake::default(), Questions::default(), Instant::now());
    let queries = queries(&["3", "hangs", "fails", "9"]);
    let answers = answers(&questions, Some(&fake), &before("web"), Some("5".to_owned()), &queries, at(0)).await;
    let heard: Vec<_> = answers.queries.iter().map(|q| (q.value, q.unanswered.is_some())).collect();
    assert_eq!(heard, [(Some(0.5), false), (None, true), (None, false), (Some(0.5), false)]);
    assert_eq!((answers.throttled_thousandths, began.elapsed()), (Some(500), BUDGET));
    assert!(answers.unheard.unwrap().ends_with(": q1"), "one that failed is not late");
}

#[tokio::test(start_paused = true)]
async fn without_a_purpose_nothing_is_asked_and_the_answers_say_why() {
    let (fake, questions, queries) = (Fake::default(), Questions::default(), queries(&["0"]));
    let idle = Purpose { decides: false, ..before("web") };
    let answers = answers(&questions, Some(&fake), &idle, Some("0".to_owned()), &queries, at(0)).await;
    assert_eq!((fake.asked(), answers.throttled_thousandths, answers.queries[0].value), (0, None, None));
    assert!(answers.queries[0].unanswered.as_ref().unwrap().contains("nothing depends on the result"), "{answers:?}");
}
