//! A workload with its surroundings, in which every gate is open: tests change one thing and evaluate a gate.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    names::MODE_ANNOTATION,
    quantity::Quantity,
    resources::{ContainerResources, Resources as Amounts},
    target::TargetRef,
    time::Duration,
    windows::{Window, WindowKind},
};
use trimtab_core::{
    WorkloadId,
    WorkloadKind::{self, Deployment},
    quantity,
};
use trimtab_engine::{
    gate::Gate,
    input::{Around, Common, EmergencyStop, Found, Policy},
};
use trimtab_world::row::{
    ContainerKind, HpaMetric, HpaRow, HpaTarget, Labels, LimitRangeItem, LimitRangeRow, LimitRangeScope, LimitRatio,
    NamespaceRow, NodeCapacity, NodeRow, Owner, PdbRow, PodContainer, PodPhase, PodRow, QuotaAmounts, QuotaRow,
    ResourceAmounts, Resources, Template, TemplateContainer, VpaMode, VpaRow, WorkloadRow,
};

use crate::{
    PodResize,
    input::{Input, NodeRoom, Surroundings},
    rules::Rules,
};

pub const NOW: &str = "2026-11-21T12:00:00Z";

pub struct Scene<'a> {
    pub now: Timestamp,
    pub emergency_stop: EmergencyStop<'a>,
    pub unknown_kinds: &'a [&'a str],
    pub policy: Policy<'a>,
    pub rules: Rules,
    pub proposal: Vec<ContainerResources>,
    pub approved_by_person: bool,
    pub approved_for: Option<&'a str>,
    pub target: TargetRef,
    pub workload: WorkloadRow,
    pub gone: bool,
    pub namespace: NamespaceRow,
    pub namespace_gone: bool,
    pub pods: Vec<Arc<PodRow>>,
    pub hpas: Vec<Arc<HpaRow>>,
    pub vpas: Vec<Arc<VpaRow>>,
    pub pdbs: Vec<Arc<PdbRow>>,
    pub quotas: Vec<Arc<QuotaRow>>,
    pub limit_range_items: Vec<LimitRangeItem>,
    pub nodes: Vec<NodeRoom>,
    pub data_age_s: Option<i64>,
    pub memory_peaks: Vec<(Arc<str>, u64)>,
    pub under_way: u32,
    pub started_last_hour: u32,
    pub other: Option<(&'a str, bool)>,
    pub last_ended: Option<Timestamp>,
    pub pod_resize: PodResize,
    pub admission: bool,
}

impl<'a> Scene<'a> {
    /// Deployment `web` in `shop`: three pods with container `app` of 500m/1 and 512Mi/1Gi, two on `node-a`, one on
    /// `node-b`; proposed are 250m/1 and 256Mi/1Gi.
    pub fn new() -> Self {
        let mut scene = Self {
            now: NOW.parse().unwrap(),
            emergency_stop: EmergencyStop::Off,
            unknown_kinds: &[],
            policy: Policy::Named("services"),
            rules: Rules::default(),
            proposal: vec![size("app", "250m/1", "256Mi/1Gi")],
            approved_by_person: false,
            approved_for: None,
            target: TargetRef {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                name: "web".to_owned(),
                uid: Some("6f1e2d3c-0a1b-4c2d-8e9f-001122334455".to_owned()),
            },
            workload: a_workload(),
            gone: false,
            namespace: NamespaceRow {
                name: "shop".into(),
                labels: Labels::default(),
                annotations: Labels::default(),
                terminating: false,
            },
            namespace_gone: false,
            pods: Vec::new(),
            hpas: Vec::new(),
            vpas: Vec::new(),
            pdbs: Vec::new(),
            quotas: Vec::new(),
            limit_range_items: Vec::new(),
            nodes: vec![node("node-a", 4000, 8 << 30), node("node-b", 4000, 8 << 30)],
            data_age_s: Some(60),
            memory_peaks: vec![("app".into(), 200 << 20)],
            under_way: 0,
            started_last_hour: 0,
            other: None,
            last_ended: None,
            pod_resize: PodResize::Full,
            admission: true,
        };
        scene.add_container("app", ContainerKind::App, "500m/1", "512Mi/1Gi");
        scene.scale(3);
        scene
    }

    pub fn of_kind(mut self, kind: WorkloadKind) -> Self {
        self.workload.id.kind = kind;
        self.target.kind = kind.as_str().to_owned();
        self.target.api_version = kind.api_version().to_owned();
        self
    }

    pub fn template(&mut self) -> &mut Template {
        Arc::make_mut(&mut self.workload.template)
    }

    /// Adds a container to the template and to every pod.
    pub fn add_container(&mut self, name: &str, kind: ContainerKind, cpu: &str, memory: &str) {
        let resources = Arc::new(sizes(cpu, memory));
        let added = TemplateContainer {
            name: name.into(),
            kind,
            resources,
            cpu_resize_restarts: false,
            memory_resize_restarts: false,
            runtime: None,
            memory_volumes: 0,
        };
        let template = self.template();
        template.containers = template.containers.iter().cloned().chain([added]).collect();
        self.scale(self.workload.desired);
    }

    /// Gives a container other sizes, in the template and in every pod.
    pub fn resize(&mut self, name: &str, cpu: &str, memory: &str) {
        for c in self.template().containers.iter_mut().filter(|c| *c.name == *name) {
            c.resources = Arc::new(sizes(cpu, memory));
        }
        self.scale(self.workload.desired);
    }

    /// Creates `pods` pods from the template, all ready.
    pub fn scale(&mut self, pods: u32) {
        let w = &mut self.workload;
        (w.desired, w.ready, w.updated) = (pods, pods, pods);
        self.pods = (0..pods).map(|i| Arc::new(a_pod(&self.workload.template, i))).collect();
    }

    pub fn with<R>(&self, ask: impl FnOnce(&Input<'_>) -> R) -> R {
        let items = self.limit_range_items.clone().into();
        let range = LimitRangeRow { namespace: "shop".into(), name: "range".into(), items };
        let uid = self.workload.uid.to_string();
        let found = Found {
            uid: &uid,
            terminating: self.workload.terminating,
            mode: self.workload.annotations.get(MODE_ANNOTATION),
        };
        let around = Around {
            name: &self.namespace.name,
            terminating: self.namespace.terminating,
            mode: self.namespace.annotations.get(MODE_ANNOTATION),
        };
        let common = Common {
            now: self.now,
            emergency_stop: self.emergency_stop,
            unknown_kinds: self.unknown_kinds,
            policy_kind: "OptimizationPolicy",
            policy: self.policy,
            limits: &self.rules.limits,
            run: "rollout",
            target: &self.target,
            approved_for: self.approved_for,
            found: (!self.gone).then_some(found),
            namespace: (!self.namespace_gone).then_some(around),
            under_way: self.under_way,
            started_last_hour: self.started_last_hour,
            last_ended: self.last_ended,
        };
        ask(&Input {
            common,
            rules: &self.rules,
            proposal: &self.proposal,
            digest: "sha256:this",
            approved_by_person: self.approved_by_person,
            workload: (!self.gone).then_some(&self.workload),
            pods: &self.pods,
            hpas: &self.hpas,
            vpas: &self.vpas,
            pdbs: &self.pdbs,
            quotas: &self.quotas,
            limit_ranges: &[Arc::new(range)],
            nodes: &self.nodes,
            data_age_s: self.data_age_s,
            memory_peaks: &self.memory_peaks,
            other: self.other,
            pod_resize: self.pod_resize,
            admission: self.admission,
        })
    }
}

/// Reason and message of a closed gate; `None` if it is open.
pub fn asked(gate: &Gate<Surroundings>, scene: &Scene<'_>) -> Option<(String, String)> {
    let closed = scene.with(|input| gate.ask(input))?;
    assert_eq!(closed.gate, gate.name);
    assert!(gate.reasons.iter().any(|r| r.word == closed.reason), "{} is no reason of {}", closed.reason, gate.name);
    Some((closed.reason, closed.message))
}

fn a_workload() -> WorkloadRow {
    WorkloadRow {
        id: WorkloadId::new(Deployment, "shop", "web"),
        uid: "6f1e2d3c-0a1b-4c2d-8e9f-001122334455".into(),
        generation: 7,
        observed_generation: 7,
        created: None,
        terminating: false,
        desired: 0,
        ready: 0,
        updated: 0,
        active: 0,
        suspended: false,
        schedule: None,
        completions: None,
        finished: false,
        labels: Labels::default(),
        annotations: Labels::default(),
        owners: Box::new([]),
        resource_managers: Box::new([]),
        template_from: None,
        template_for: None,
        template: Arc::default(),
    }
}

pub fn a_pod(template: &Template, index: u32) -> PodRow {
    let container = |c: &TemplateContainer| PodContainer {
        name: c.name.clone(),
        kind: c.kind,
        ready: true,
        restart_count: 0,
        resources: Arc::new(c.resources.with_defaulted_requests()),
        sized_by_trimtab: false,
        actual: None,
        waiting_reason: None,
        last_termination: None,
    };
    PodRow {
        namespace: "shop".into(),
        name: format!("web-{index}").into(),
        uid: format!("pod-{index}").as_str().into(),
        version: 1,
        generation: Some(1),
        node: Some(if index < 2 { "node-a" } else { "node-b" }.into()),
        controller: None,
        phase: PodPhase::Running,
        qos: None,
        ready: true,
        terminating: false,
        created: None,
        started: None,
        pod_resources: None,
        resize: None,
        containers: template.containers.iter().map(container).collect(),
    }
}

fn pair(text: &str) -> (Option<&str>, Option<&str>) {
    let (request, limit) = text.split_once('/').unwrap();
    let some = |t: &'static str, s| if s == t { None } else { Some(s) };
    (some("", request), some("", limit))
}

/// Sizes written `request/limit`.
pub fn sizes(cpu: &str, memory: &str) -> Resources {
    let (c, m) = (pair(cpu), pair(memory));
    Resources {
        cpu_request: c.0.map(|t| quantity::cpu_millis(t).unwrap()),
        cpu_limit: c.1.map(|t| quantity::cpu_millis(t).unwrap()),
        memory_request: m.0.map(|t| quantity::bytes(t).unwrap()),
        memory_limit: m.1.map(|t| quantity::bytes(t).unwrap()),
    }
}

/// The proposed size of one container, written `request/limit`.
pub fn size(name: &str, cpu: &str, memory: &str) -> ContainerResources {
    let (c, m) = (pair(cpu), pair(memory));
    let amount = |t: Option<&str>| t.map(|t| Quantity(t.to_owned()));
    ContainerResources {
        name: name.to_owned(),
        requests: Amounts { cpu: amount(c.0), memory: amount(m.0) },
        limits: Amounts { cpu: amount(c.1), memory: amount(m.1) },
    }
}

pub fn vpa(mode: VpaMode, cpu: bool, memory: bool) -> Arc<VpaRow> {
    Arc::new(VpaRow {
        namespace: "shop".into(),
        name: "web".into(),
        target: HpaTarget { kind: "Deployment".into(), name: "web".into(), workload: None },
        mode,
        update_mode: "Auto".into(),
        cpu,
        memory,
    })
}

pub fn ago(seconds: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() - SignedDuration::from_secs(seconds)
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

pub fn argo_cd() -> Owner {
    Owner::ArgoCd { app: Some("shop".into()) }
}

pub fn window(kind: WindowKind, schedule: &str, duration: &str, time_zone: &str) -> Window {
    Window {
        kind,
        schedule: schedule.to_owned(),
        duration: Duration(duration.to_owned()),
        time_zone: time_zone.to_owned(),
    }
}

pub fn hpa(metric: HpaMetric) -> Arc<HpaRow> {
    Arc::new(HpaRow {
        namespace: "shop".into(),
        name: "web".into(),
        target: HpaTarget { kind: "Deployment".into(), name: "web".into(), workload: None },
        min_replicas: 2,
        max_replicas: 10,
        current_replicas: 3,
        desired_replicas: 3,
        metrics: Box::new([metric]),
    })
}

pub fn pdb(allowed: u32, healthy: u32, desired: u32) -> Arc<PdbRow> {
    Arc::new(PdbRow {
        namespace: "shop".into(),
        name: "web".into(),
        selector: None,
        disruptions_allowed: allowed,
        current_healthy: healthy,
        desired_healthy: desired,
        expected_pods: 3,
    })
}

pub fn quota(hard: Resources, used: Resources) -> Arc<QuotaRow> {
    let amounts = |resources| QuotaAmounts { resources, pods: None };
    Arc::new(QuotaRow {
        namespace: "shop".into(),
        name: "team".into(),
        hard: amounts(hard),
        used: amounts(used),
        scoped: false,
    })
}

pub fn limit_range(scope: LimitRangeScope, min: ResourceAmounts, max: ResourceAmounts) -> LimitRangeItem {
    LimitRangeItem {
        scope,
        min,
        max,
        default_limit: ResourceAmounts::default(),
        default_request: ResourceAmounts::default(),
        max_limit_request_ratio: LimitRatio::default(),
    }
}

/// A node with this much left.
pub fn node(name: &str, cpu: u64, memory: u64) -> NodeRoom {
    let allocatable = NodeCapacity { cpu: 2000 + cpu, memory: (4 << 30) + memory, pods: 110, gpus: 0 };
    let row = NodeRow { name: name.into(), capacity: allocatable, allocatable, ready: true, ..NodeRow::default() };
    NodeRoom { node: Arc::new(row), cpu_requested: 2000, memory_requested: 4 << 30 }
}
