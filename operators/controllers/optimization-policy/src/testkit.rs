//! Builders for tests, named by their meaning: a workload with its usage and surroundings, and a policy for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use jiff::{Timestamp, civil::date};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use trimtab_api::{
    OptimizationPolicy,
    recommendation::Proposal,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_core::{WorkloadId, WorkloadKind, quantity};
use trimtab_pricing::{
    Currency, Money, NodeFacts, NodePrice, PriceMix, PriceSource, PriceSourceKind, Shape, Units, classify,
};
use trimtab_sizing::{ContainerHistory, ContainerInput, Kill, NodeRoom};
use trimtab_world::row::{
    ContainerKind, HpaMetric, HpaRow, HpaTarget, HpaTargetValue, Labels, LimitRangeItem, LimitRangeRow,
    LimitRangeScope, LimitRatio, NamespaceRow, Owner, PdbRow, PodContainer, QuotaAmounts, QuotaRow, ResourceAmounts,
    Resources, Runtime, RuntimeName, Template, TemplateContainer, VpaMode, VpaRow, WorkloadRow,
};

use crate::{
    amount,
    attempt::Attempt,
    decide::decide,
    observed::{Observed, PodUse},
    outcome::{Draft, Outcome, Skip},
    pods::Running,
    validate::{ValidatedPolicy, validate},
};

pub const DAY: i64 = 86_400;
pub const MIB: f64 = 1_048_576.0;
/// Noon of some day.
pub const NOW_S: i64 = 20_000 * DAY + DAY / 2;

pub fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

/// Cores and bytes at a time.
pub type Usage = Box<dyn Fn(i64) -> (f64, f64)>;

/// Constant usage in cores and MiB.
pub fn steady(cores: f64, mib: f64) -> Usage {
    Box::new(move |_| (cores, mib * MIB))
}

/// The millicores and MiB for steady usage under the default policy without further bounds: what a decision does with
/// them is tested here, not how they are computed.
pub fn asked(cores: f64, mib: f64) -> (i64, i64) {
    let scene = a_deployment().using(steady(cores, mib), 14);
    let decision = trimtab_sizing::decide(&scene.policy.rules, &ContainerInput::of(&scene.usage[0].1), NOW_S);
    (decision.cpu.target.unwrap(), decision.memory.target.unwrap() >> 20)
}

/// Whether sizes as [`Scene::proposed`] writes them are the expected ones, where `C` and `M` are what usage of 0.12 cores and
/// 180 MiB asks for, `2M` is twice that, and `*` is anything.
pub fn matches(found: &str, expected: &str) -> bool {
    let (c, m) = asked(0.12, 180.0);
    let parts = |text: &str| text.split(['/', ' ']).map(str::to_owned).collect::<Vec<_>>();
    let (found, expected) = (parts(found), parts(expected));
    found.len() == expected.len()
        && found.iter().zip(&expected).all(|(found, expected)| match expected.as_str() {
            "*" => true,
            "C" => *found == amount::cpu(c),
            times if times.ends_with('M') => {
                let times = times.trim_end_matches('M').parse().unwrap_or(1);
                *found == amount::memory((times * m) << 20)
            }
            exactly => found == exactly,
        })
}

/// A policy with these fields besides the namespace that it names.
pub fn a_policy(fields: Value) -> OptimizationPolicy {
    let mut spec = json!({"targetNamespaces": ["shop"]});
    for (key, value) in fields.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy",
        "metadata": {"name": "balanced"}, "spec": spec,
    }))
    .unwrap()
}

/// A workload with the whole input of a decision.
#[derive(Clone)]
pub struct Scene {
    pub policy: ValidatedPolicy,
    pub row: WorkloadRow,
    pub namespace: NamespaceRow,
    pub pods: u32,
    pub pods_on_gpu_nodes: u32,
    pub running: Running,
    pub node: NodeRoom,
    pub per_pod: Vec<PodUse>,
    pub usage: Vec<(Arc<str>, ContainerHistory)>,
    pub hpas: Vec<Arc<HpaRow>>,
    pub vpas: Vec<Arc<VpaRow>>,
    pub pdbs: Vec<Arc<PdbRow>>,
    pub quotas: Vec<Arc<QuotaRow>>,
    pub limit_ranges: Vec<Arc<LimitRangeRow>>,
    pub undone: u32,
    pub attempt: Option<Attempt>,
    pub other_attempts: Vec<Attempt>,
    pub unmeasured_pods: usize,
    pub pods_known_s: Option<i64>,
    pub unknown_kinds: Vec<&'static str>,
    pub prices: PriceMix,
    pub former: Option<Proposal>,
    pub source: &'static str,
}

/// Short, for failing property cases: histories are left out.
impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let containers = self.row.template.containers.iter().map(|c| (&c.name, &c.resources, &c.runtime));
        f.debug_struct("Scene")
            .field("workload", &self.row.id)
            .field("containers", &containers.collect::<Vec<_>>())
            .field("measured", &self.usage.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("annotations", &self.row.annotations)
            .field("limit_ranges", &self.limit_ranges)
            .field("rules", &self.policy.rules)
            .field("hpas", &self.hpas.len())
            .finish_non_exhaustive()
    }
}

/// A rollout that began at 2026-01-01T00:00:00Z, from memory to memory, rolled back because of `why` if it has `ended`.
pub fn an_attempt(from: &str, to: &str, ended: Option<&str>, why: &str) -> Attempt {
    let sizes = |memory: &str| json!([{"name": "app", "requests": {"memory": memory}, "limits": {"memory": memory}}]);
    let undo = json!({"reason": "ChecksFailed", "message": why, "since": "2026-01-01T00:10:00Z"});
    Attempt::of(&RolloutStatus {
        stage: if ended.is_some() { Stage::Ended } else { Stage::Undoing },
        former: serde_json::from_value(sizes(from)).unwrap(),
        desired: serde_json::from_value(sizes(to)).unwrap(),
        result: ended.map(|_| RolloutResult::RolledBack),
        ended: ended.map(|at| Time(at.parse().unwrap())),
        undo: serde_json::from_value(undo).unwrap(),
        ..a_rollout()
    })
}

/// A rollout of the proposal `sha256:1`, applied at 2026-01-01T00:00:00Z.
pub fn a_rollout() -> RolloutStatus {
    let rollout = json!({"proposalDigest": "sha256:1", "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u",
        "template": "1", "stage": "Ended", "result": "Applied", "step": 1, "steps": 1, "progress": "1/1",
        "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z", "delivery": "Manual", "former": [],
        "desired": [],
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
    serde_json::from_value(rollout).unwrap()
}

pub fn a_deployment() -> Scene {
    a_workload(WorkloadKind::Deployment)
}

/// Three pods of one container `app` without requests or usage.
pub fn a_workload(kind: WorkloadKind) -> Scene {
    let row = WorkloadRow {
        id: WorkloadId::new(kind, "shop", "web"),
        uid: "6f1e2d3c-0a1b-4c2d-8e9f-001122334455".into(),
        generation: 1,
        observed_generation: 1,
        created: None,
        terminating: false,
        desired: 3,
        ready: 3,
        updated: 3,
        active: 0,
        suspended: false,
        schedule: None,
        completions: None,
        finished: false,
        labels: Labels::default(),
        annotations: Labels::default(),
        owners: Box::default(),
        resource_managers: Box::default(),
        template_from: None,
        template_for: None,
        template: Arc::new(Template::default()),
    };
    let namespace = NamespaceRow {
        name: "shop".into(),
        labels: Labels::default(),
        annotations: Labels::default(),
        terminating: false,
    };
    Scene {
        policy: validate(&a_policy(json!({}))).unwrap(),
        row,
        namespace,
        pods: 3,
        pods_on_gpu_nodes: 0,
        running: Running::default(),
        node: NodeRoom::default(),
        per_pod: Vec::new(),
        usage: Vec::new(),
        hpas: Vec::new(),
        vpas: Vec::new(),
        pdbs: Vec::new(),
        quotas: Vec::new(),
        limit_ranges: Vec::new(),
        undone: 0,
        attempt: None,
        other_attempts: Vec::new(),
        unmeasured_pods: 0,
        pods_known_s: None,
        unknown_kinds: Vec::new(),
        prices: prices(&[("0.04", "0.005", false)]),
        former: None,
        source: "Prometheus",
    }
    .container("app")
}

/// A mix of nodes with one pod each: price of a core, of a GiB, and whether it is an estimate.
pub fn prices(nodes: &[(&str, &str, bool)]) -> PriceMix {
    let nodes: Vec<NodePrice> = nodes
        .iter()
        .map(|(core, gib, estimated)| NodePrice {
            hourly: Money::ZERO,
            units: Units {
                cpu_core_hourly: Money::parse(core).unwrap(),
                memory_gib_hourly: Money::parse(gib).unwrap(),
                gpu_hourly: Money::ZERO,
            },
            currency: Currency::USD,
            shape: Shape { cpu_millis: 4000, memory_bytes: 16 << 30, gpus: 0 },
            class: classify(&NodeFacts::default()),
            source: Arc::new(PriceSource {
                kind: PriceSourceKind::BuiltInTable,
                name: "built-in table".into(),
                subject: "aws us-east-1 m5.large on demand".into(),
                as_of: date(2026, 7, 20),
                region_used: None,
                estimated: *estimated,
                stale: false,
                discount_percent: 0,
                notes: Vec::new(),
            }),
        })
        .collect();
    PriceMix::new(nodes.iter().map(|n| (n, 1))).unwrap()
}

/// CPU and memory from quantities; empty for none.
fn amounts(cpu: &str, memory: &str) -> (Option<u64>, Option<u64>) {
    let read =
        |text: &str, f: fn(&str) -> Result<u64, quantity::QuantityError>| (!text.is_empty()).then(|| f(text).unwrap());
    (read(cpu, quantity::cpu_millis), read(memory, quantity::bytes))
}

pub fn some(cpu: &str, memory: &str) -> ResourceAmounts {
    let (cpu, memory) = amounts(cpu, memory);
    ResourceAmounts { cpu, memory }
}

pub fn an_item(scope: LimitRangeScope) -> LimitRangeItem {
    LimitRangeItem {
        scope,
        min: ResourceAmounts::default(),
        max: ResourceAmounts::default(),
        default_limit: ResourceAmounts::default(),
        default_request: ResourceAmounts::default(),
        max_limit_request_ratio: LimitRatio::default(),
    }
}

pub fn annotations(pairs: &[(&'static str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| (Arc::from(*k), Arc::from(*v))).collect()
}

impl Scene {
    pub fn under(mut self, fields: Value) -> Self {
        self.policy = validate(&a_policy(fields)).unwrap();
        self
    }

    pub fn row(mut self, change: impl FnOnce(&mut WorkloadRow)) -> Self {
        change(&mut self.row);
        self
    }

    pub fn template(self, change: impl FnOnce(&mut Template)) -> Self {
        self.row(|row| change(Arc::make_mut(&mut row.template)))
    }

    fn push(self, name: &str, kind: ContainerKind) -> Self {
        self.template(|t| {
            let mut containers = t.containers.to_vec();
            containers.push(TemplateContainer {
                name: name.into(),
                kind,
                resources: Arc::default(),
                cpu_resize_restarts: false,
                memory_resize_restarts: false,
                runtime: None,
                memory_volumes: 0,
            });
            t.containers = containers.into();
        })
    }

    pub fn container(self, name: &str) -> Self {
        self.push(name, ContainerKind::App)
    }

    pub fn sidecar(self, name: &str) -> Self {
        self.push(name, ContainerKind::Sidecar)
    }

    pub fn init(self, name: &str) -> Self {
        self.push(name, ContainerKind::Init)
    }

    /// Changes the container that was added last.
    pub fn last(self, change: impl FnOnce(&mut TemplateContainer)) -> Self {
        self.template(|t| change(t.containers.last_mut().unwrap()))
    }

    pub fn resources(self, change: impl FnOnce(&mut Resources)) -> Self {
        self.last(|c| change(Arc::make_mut(&mut c.resources)))
    }

    pub fn requesting(self, cpu: &str, memory: &str) -> Self {
        self.resources(|r| (r.cpu_request, r.memory_request) = amounts(cpu, memory))
    }

    /// Sets the size for its usage of 0.12 cores and 180 MiB.
    pub fn fitting(self) -> Self {
        let (cpu, mib) = asked(0.12, 180.0);
        self.requesting(&format!("{cpu}m"), &format!("{mib}Mi"))
    }

    pub fn limited_to(self, cpu: &str, memory: &str) -> Self {
        self.resources(|r| (r.cpu_limit, r.memory_limit) = amounts(cpu, memory))
    }

    pub fn jvm(self, xmx_bytes: Option<u64>) -> Self {
        let name = RuntimeName::Jvm;
        let runtime = xmx_bytes.map(|bytes| Runtime::Told { bytes, name });
        self.last(|c| c.runtime = runtime.or(Some(Runtime::FromLimit { percent_hundredths: 2500, name })))
    }

    /// Sets the usage of the container added last, every five minutes of so many days up to now.
    pub fn using(self, usage: Usage, days: i64) -> Self {
        self.sampled(usage, days, 300, 300)
    }

    /// Sets the usage of an injected container, every five minutes of so many days up to now.
    pub fn injected_using(self, name: &str, usage: Usage, days: i64) -> Self {
        let own = self.usage.last().cloned();
        let mut scene = self.using(usage, days);
        if let Some((_, history)) = scene.usage.pop() {
            scene.usage.retain(|(known, _)| **known != *name);
            scene.usage.push((name.into(), history));
        }
        scene.usage.extend(own);
        scene
    }

    /// The same with another sample interval and this age of the newest sample.
    pub fn sampled(mut self, usage: Usage, days: i64, step: usize, age: i64) -> Self {
        let name = self.row.template.containers.last().unwrap().name.clone();
        let mut history = ContainerHistory::new();
        for time in (NOW_S - days * DAY..=NOW_S - age).step_by(step) {
            let (cores, bytes) = usage(time);
            history.observe_cpu(time, cores, 1);
            history.observe_memory(time, bytes);
        }
        self.usage.retain(|(known, _)| *known != name);
        self.usage.push((name, history));
        self
    }

    /// Changes the history of the last container.
    pub fn history(mut self, change: impl FnOnce(&mut ContainerHistory)) -> Self {
        change(&mut self.usage.last_mut().unwrap().1);
        self
    }

    /// A container of its pods that the template lacks.
    pub fn injected(mut self, name: &str, resources: Resources) -> Self {
        self.running.injected.push(PodContainer {
            name: name.into(),
            kind: ContainerKind::App,
            ready: true,
            restart_count: 0,
            resources: Arc::new(resources),
            sized_by_trimtab: false,
            actual: None,
            waiting_reason: None,
            last_termination: None,
        });
        self
    }

    pub fn oom_killed(self, times: i64, mib: i64) -> Self {
        self.history(|h| {
            (0..times).for_each(|i| {
                h.observe_kill(Kill { time: NOW_S - DAY - i * 3600, request: None, limit: Some(mib << 20) })
            })
        })
    }

    pub fn killed_at(self, request_mib: i64, limit_mib: i64) -> Self {
        let (request, limit) = (Some(request_mib << 20), Some(limit_mib << 20));
        self.history(|h| h.observe_kill(Kill { time: NOW_S - DAY, request, limit }))
    }

    pub fn throttled(self, percent: u32) -> Self {
        self.history(|h| (0..14).for_each(|day| h.observe_throttling(NOW_S - 600 - day * DAY, percent * 10, 1000)))
    }

    pub fn scaled_on(mut self, metric: HpaMetric) -> Self {
        let id = &self.row.id;
        self.hpas.push(Arc::new(HpaRow {
            namespace: id.namespace.clone(),
            name: "web".into(),
            target: HpaTarget { kind: id.kind.as_str().into(), name: id.name.clone(), workload: Some(id.clone()) },
            min_replicas: 2,
            max_replicas: 9,
            current_replicas: 3,
            desired_replicas: 3,
            metrics: Box::new([metric]),
        }));
        self
    }

    pub fn with_vpa(mut self, mode: VpaMode, resources: (bool, bool)) -> Self {
        let id = &self.row.id;
        self.vpas.push(Arc::new(VpaRow {
            namespace: id.namespace.clone(),
            name: "web".into(),
            target: HpaTarget { kind: id.kind.as_str().into(), name: id.name.clone(), workload: Some(id.clone()) },
            mode,
            update_mode: "Auto".into(),
            cpu: resources.0,
            memory: resources.1,
        }));
        self
    }

    pub fn with_hpa_on_cpu(self) -> Self {
        self.scaled_on(HpaMetric::Cpu { container: None, target: HpaTargetValue::Utilization(80) })
    }

    pub fn guarded(mut self, disruptions_allowed: u32) -> Self {
        self.pdbs.push(Arc::new(PdbRow {
            namespace: "shop".into(),
            name: "web".into(),
            selector: None,
            disruptions_allowed,
            current_healthy: 3,
            desired_healthy: 3,
            expected_pods: 3,
        }));
        self
    }

    /// A quota, hard and used.
    pub fn quota(mut self, hard: Resources, used: Resources) -> Self {
        let amounts = |resources| QuotaAmounts { resources, pods: None };
        self.quotas.push(Arc::new(QuotaRow {
            namespace: "shop".into(),
            name: "quota".into(),
            hard: amounts(hard),
            used: amounts(used),
            scoped: false,
        }));
        self
    }

    pub fn limit_range(mut self, item: LimitRangeItem) -> Self {
        self.limit_ranges.push(Arc::new(LimitRangeRow {
            namespace: "shop".into(),
            name: "range".into(),
            items: Box::new([item]),
        }));
        self
    }

    pub fn annotated(self, pairs: &[(&'static str, &str)]) -> Self {
        self.row(|row| row.annotations = annotations(pairs))
    }

    pub fn owned_by(self, owner: Owner) -> Self {
        self.row(|row| row.owners = Box::new([owner]))
    }

    pub fn proposing(mut self, former: &Proposal) -> Self {
        self.former = Some(former.clone());
        self
    }

    pub fn observed(&self) -> Observed<'_> {
        Observed {
            workload: &self.row,
            namespace: &self.namespace,
            pods: self.pods,
            pods_on_gpu_nodes: self.pods_on_gpu_nodes,
            running: &self.running,
            node: self.node,
            per_pod: &self.per_pod,
            usage: &self.usage,
            hpas: &self.hpas,
            vpas: &self.vpas,
            pdbs: &self.pdbs,
            quotas: &self.quotas,
            limit_ranges: &self.limit_ranges,
            undone: self.undone,
            attempt: self.attempt.as_ref(),
            other_attempts: &self.other_attempts,
            unmeasured_pods: self.unmeasured_pods,
            pods_known_s: self.pods_known_s,
            recreated: None,
            unknown_kinds: &self.unknown_kinds,
            prices: Some(&self.prices),
            source: self.source,
            step_seconds: match self.source {
                "MetricsServer" => crate::feed::step_of(false, 60, self.row.id.kind),
                _ => crate::feed::step_of(true, 300, self.row.id.kind),
            },
        }
    }

    pub fn decide(&self) -> Outcome {
        decide(&self.policy, &self.observed(), self.former.as_ref(), now())
    }

    pub fn draft(&self) -> Draft {
        match self.decide() {
            Outcome::Recommend(draft) => *draft,
            other => panic!("no recommendation: {other:?}"),
        }
    }

    pub fn skip(&self) -> Skip {
        match self.decide() {
            Outcome::Skip(skip) => skip,
            other => panic!("not skipped: {other:?}"),
        }
    }

    /// Request and limit of CPU and memory after the proposal, as written; `-` for none, `=` for an unchanged
    /// container.
    pub fn proposed(&self, container: &str) -> String {
        let draft = self.draft();
        let Some(c) = draft.proposal.containers.iter().find(|c| c.name == container) else { return "=".into() };
        let one = |q: &Option<trimtab_api::quantity::Quantity>| q.as_ref().map_or("-".to_owned(), |q| q.0.clone());
        format!("{}/{} {}/{}", one(&c.requests.cpu), one(&c.limits.cpu), one(&c.requests.memory), one(&c.limits.memory))
    }
}
