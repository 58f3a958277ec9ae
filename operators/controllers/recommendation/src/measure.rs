//! Measures the present state of a workload from the world and from Prometheus. In: rows, answers to the policy's
//! queries. Out: [`Observed`], which checks compare with the baseline, and [`Progress`].

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::{
    quantity::Quantity,
    resources::{ContainerResources, Resources},
    rollout::RolloutStatus,
    verification::VerificationQuery,
};
use trimtab_driver::questions::BUDGET;
use trimtab_engine::query::QueryAnswer;
use trimtab_gates::verify::{Autoscaler, Observed, Progress, count_pods, starting};
use trimtab_metrics_sources::SourceError;
use trimtab_rollout::sizes::{Has, has};
use trimtab_world::row::{ContainerKind, HpaRow, PodRow, WorkloadRow};

use crate::{nodes::Neighbours, pods};

/// The range over which throttling is measured.
const THROTTLING_WINDOW: &str = "5m";
/// Maximum number of pods named in a throttling query.
const MOST_PODS: usize = 100;

/// The rows of one workload.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The workload.
    pub workload: &'a WorkloadRow,
    /// Its pods.
    pub pods: &'a [Arc<PodRow>],
    /// Its HorizontalPodAutoscalers.
    pub hpas: &'a [Arc<HpaRow>],
    /// Pods of other workloads on the same nodes.
    pub neighbours: Neighbours,
}

/// The result of one query.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A number, or the answer that there is none.
    Number(Option<f64>),
    /// The server, or the connection to it, failed.
    Failed(SourceError),
    /// No answer in time.
    Late,
}

impl From<Result<Option<f64>, SourceError>> for Heard {
    fn from(answer: Result<Option<f64>, SourceError>) -> Self {
        answer.map_or_else(Self::Failed, Self::Number)
    }
}

/// Answers of Prometheus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Share of CPU periods in which the workload was throttled, in thousandths.
    pub throttled_thousandths: Option<i32>,
    /// The policy's queries.
    pub queries: Vec<QueryAnswer>,
    /// Which queries were not answered in time, or why none was sent, in a sentence.
    pub unheard: Option<String>,
}

/// The workload's present state. `rollout`: the one under way.
pub fn observed(rows: Rows<'_>, rollout: Option<&RolloutStatus>, answers: Answers, rolling: bool) -> Observed {
    let changed = |pod: &PodRow| rollout.is_some_and(|r| has(&pods::sizes(pod, &r.desired), &r.desired) == Has::Yes);
    Observed {
        wanted_pods: rows.workload.desired,
        pods: count_pods(rows.pods, rollout.map(|r| r.started.0), changed),
        starting: rollout.map(|r| starting(rows.pods, r.started.0, r.stage_since.0)).unwrap_or_default(),
        neighbours: rows.neighbours.all,
        ready_neighbours: rows.neighbours.ready,
        // A metric that was unknown before the change cannot be missing after it.
        has_metrics: rollout.is_some_and(|r| r.baseline.throttled_thousandths.is_some()),
        throttled_thousandths: answers.throttled_thousandths,
        autoscaler: rows.hpas.first().map(|h| Autoscaler { replicas: h.desired_replicas, max: h.max_replicas }),
        queries: answers.queries,
        rolling,
        runs_to_completion: rows.workload.id.kind.runs_to_completion(),
    }
}

/// Builds the answers from the results: of the throttling query, and of each policy query in order. What cannot be
/// answered is absent.
pub fn answers(throttling: Option<Heard>, queries: &[VerificationQuery], heard: Vec<Heard>) -> Answers {
    let mut late = Vec::new();
    let mut number = |heard: Heard, name: &str| match heard {
        Heard::Number(value) => value,
        Heard::Failed(error) => {
            tracing::warn!(query = name, %error, "a verification query failed");
            None
        }
        Heard::Late => {
            late.push(name.to_owned());
            None
        }
    };
    #[allow(clippy::cast_possible_truncation)]
    let thousandths = |share: f64| (share * 1000.0).round().clamp(0.0, 1000.0) as i32;
    let share = throttling.and_then(|heard| number(heard, "throttling"));
    let mut heard = heard.into_iter();
    let queries = queries
        .iter()
        .map(|query| {
            let heard = heard.next().unwrap_or(Heard::Number(None));
            let unanswered = (heard == Heard::Late)
                .then(|| format!("no response within {} s: it has no result and is retried", BUDGET.as_secs()));
            QueryAnswer { unanswered, ..answer(query, number(heard, &query.name)) }
        })
        .collect();
    let unheard = (!late.is_empty()).then(|| {
        let unheard = format!("no response within {} s from the metrics server: {}", BUDGET.as_secs(), late.join(", "));
        tracing::warn!("verification: {unheard}");
        unheard
    });
    Answers { throttled_thousandths: share.filter(|s| s.is_finite()).map(thousandths), queries, unheard }
}

/// No answers at all, and the reason.
pub fn silence(queries: &[VerificationQuery], why: &str) -> Answers {
    let queries =
        queries.iter().map(|query| QueryAnswer { unanswered: Some(why.to_owned()), ..answer(query, None) }).collect();
    Answers { queries, unheard: Some(why.to_owned()), ..Answers::default() }
}

fn answer(query: &VerificationQuery, value: Option<f64>) -> QueryAnswer {
    QueryAnswer { name: query.name.clone(), value, unanswered: None, max_worse_percent: query.max_worse_percent }
}

/// The query for the share of CPU periods in which the workload's pods were throttled; `None` if none of them has a CPU
/// limit.
pub fn throttling(rows: Rows<'_>) -> Option<String> {
    let limited = |pod: &&Arc<PodRow>| {
        pod.containers.iter().any(|c| c.kind != ContainerKind::Init && c.resources.cpu_limit.is_some())
    };
    let names: Vec<&str> =
        rows.pods.iter().filter(limited).filter(|p| !p.terminating).take(MOST_PODS).map(|p| &*p.name).collect();
    if names.is_empty() {
        return None;
    }
    // The dot is the only character of a pod name with a meaning in a regular expression.
    let pods = names.join("|").replace('.', "\\\\.");
    let of = |metric: &str| {
        let namespace = &rows.workload.id.namespace;
        format!("sum(increase({metric}{{namespace=\"{namespace}\",pod=~\"{pods}\"}}[{THROTTLING_WINDOW}]))")
    };
    Some(format!("{} / {}", of("container_cpu_cfs_throttled_periods_total"), of("container_cpu_cfs_periods_total")))
}

/// How far the present stage of `rollout` is, which is what its checks allow for.
pub fn progress(rollout: &RolloutStatus, workload: &WorkloadRow, pods: &[Arc<PodRow>], now: Timestamp) -> Progress {
    let changed = |pod: &&Arc<PodRow>| has(&pods::sizes(pod, &rollout.desired), &rollout.desired) == Has::Yes;
    let restarts_per_pod = rollout.desired.iter().filter(|wanted| restarts(rollout, workload, wanted)).count();
    Progress {
        pods_resized: u32::try_from(pods.iter().filter(changed).count()).unwrap_or(u32::MAX),
        restarts_per_pod: u32::try_from(restarts_per_pod).unwrap_or(u32::MAX),
        stage_s: now.duration_since(rollout.stage_since.0).as_secs(),
    }
}

/// Whether the resize to `wanted` restarts its container.
fn restarts(rollout: &RolloutStatus, workload: &WorkloadRow, wanted: &ContainerResources) -> bool {
    let former = rollout.former.iter().find(|f| f.name == wanted.name);
    let (cpu, memory) = former.map_or((true, true), |f| {
        let differs = |of: fn(&Resources) -> Option<&Quantity>| {
            of(&f.requests) != of(&wanted.requests) || of(&f.limits) != of(&wanted.limits)
        };
        (differs(|r| r.cpu.as_ref()), differs(|r| r.memory.as_ref()))
    });
    let container = workload.template.container(&wanted.name);
    container.is_some_and(|c| (cpu && c.cpu_resize_restarts) || (memory && c.memory_resize_restarts))
}
