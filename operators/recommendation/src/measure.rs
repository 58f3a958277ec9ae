//! How a workload fares now: what the world shows, and what Prometheus answers. In: rows, the policy's queries. Out:
//! [`Observed`], which checks compare with the baseline.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::{policy_rollout::VerificationQuery, recommendation_rollout::RolloutStatus};
use trimtab_gates::verify::{Autoscaler, Observed, QueryAnswer, count_pods};
use trimtab_rollout::sizes::{Has, has};
use trimtab_sources::{SourceError, UsageSource};
use trimtab_world::row::{ContainerKind, HpaRow, PodRow, WorkloadRow};

use crate::{nodes::Neighbours, pods};

/// Over how long throttling is looked at.
const THROTTLING_WINDOW: &str = "5m";
/// How many pods a question about throttling names at most.
const MOST_PODS: usize = 100;

/// The rows of one workload.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The workload.
    pub workload: &'a WorkloadRow,
    /// Its pods.
    pub pods: &'a [Arc<PodRow>],
    /// Its autoscalers.
    pub hpas: &'a [Arc<HpaRow>],
    /// Pods of others beside its own.
    pub neighbours: Neighbours,
}

/// What Prometheus said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Share of CPU periods in which the workload was throttled, in thousandths.
    pub throttled_thousandths: Option<i32>,
    /// The policy's queries.
    pub queries: Vec<QueryAnswer>,
}

/// The workload as it is now. `rollout`: the one under way.
pub fn observed(rows: Rows<'_>, rollout: Option<&RolloutStatus>, answers: Answers, rolling: bool) -> Observed {
    let changed = |pod: &PodRow| rollout.is_some_and(|r| has(&pods::sizes(pod, &r.desired), &r.desired) == Has::Yes);
    Observed {
        wanted_pods: rows.workload.desired,
        pods: count_pods(rows.pods, rollout.map(|r| r.started.0), changed),
        neighbours: rows.neighbours.all,
        ready_neighbours: rows.neighbours.ready,
        // What was not known before the change cannot be missed after it.
        has_metrics: rollout.is_some_and(|r| r.baseline.throttled_thousandths.is_some()),
        throttled_thousandths: answers.throttled_thousandths,
        autoscaler: rows.hpas.first().map(|h| Autoscaler { replicas: h.desired_replicas, max: h.max_replicas }),
        queries: answers.queries,
        rolling,
    }
}

/// Asks about throttling, where a container has a CPU limit, and the policy's own queries. What cannot be answered is
/// absent.
pub async fn ask(
    source: Option<&dyn UsageSource>,
    rows: Rows<'_>,
    queries: &[VerificationQuery],
    now: Timestamp,
) -> Answers {
    let Some(source) = source else {
        let queries = queries.iter().map(|q| answer(q, None)).collect();
        return Answers { throttled_thousandths: None, queries };
    };
    let mut answers = Answers::default();
    if let Some(query) = throttling(rows) {
        let share = heard(source.ask(&query, now.as_second()).await, "throttling");
        #[allow(clippy::cast_possible_truncation)]
        let thousandths = |share: f64| (share * 1000.0).round().clamp(0.0, 1000.0) as i32;
        answers.throttled_thousandths = share.filter(|s| s.is_finite()).map(thousandths);
    }
    for query in queries {
        let value = heard(source.ask(&query.promql, now.as_second()).await, &query.name);
        answers.queries.push(answer(query, value));
    }
    answers
}

fn answer(query: &VerificationQuery, value: Option<f64>) -> QueryAnswer {
    QueryAnswer { name: query.name.clone(), value, max_worse_percent: query.max_worse_percent }
}

fn heard(answer: Result<Option<f64>, SourceError>, name: &str) -> Option<f64> {
    answer.unwrap_or_else(|error| {
        tracing::warn!(query = name, %error, "a question of verification was not answered");
        None
    })
}

/// The share of CPU periods in which the workload's pods were throttled; `None` where none of them has a CPU limit.
fn throttling(rows: Rows<'_>) -> Option<String> {
    let limited = |pod: &&Arc<PodRow>| {
        pod.containers.iter().any(|c| c.kind != ContainerKind::Init && c.resources.cpu_limit.is_some())
    };
    let names: Vec<&str> =
        rows.pods.iter().filter(limited).filter(|p| !p.terminating).take(MOST_PODS).map(|p| &*p.name).collect();
    if names.is_empty() {
        return None;
    }
    // Names of pods hold no character that means anything in a regular expression but the dot.
    let pods = names.join("|").replace('.', "\\\\.");
    let of = |metric: &str| {
        let namespace = &rows.workload.id.namespace;
        format!("sum(increase({metric}{{namespace=\"{namespace}\",pod=~\"{pods}\"}}[{THROTTLING_WINDOW}]))")
    };
    Some(format!("{} / {}", of("container_cpu_cfs_throttled_periods_total"), of("container_cpu_cfs_periods_total")))
}
