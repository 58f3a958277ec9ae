//! A small cluster as a value: a Deployment, a node with pods, a RemediationAction, and all that can happen to them.
//!
//! Time is counted in units of five minutes, and versions are counted, so that there are finitely many clusters where few
//! disturbances happen.

// Each test binary uses its own part of it.
#![allow(dead_code)]

pub mod ghost;
pub mod server;
pub mod state;

use std::{
    hash::{Hash, Hasher},
    sync::{Arc, LazyLock},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_api::{
    approval::{Approver, Decision, HonouredApproval},
    remediation::{spec::RemediationActionSpec, step::Step},
    verification::{Check, Verdict},
};
use trimtab_engine::{gate::closed, header::Place};
use trimtab_remediation::{
    REPLICAS, UNSCHEDULABLE,
    object::Object,
    observed::{About, Controller, Field, Look, Node, Observed, Pod, PodPhase, Room, Workload},
    run::Run,
    settings::Settings,
    view::{Symptom, View},
    writer::Writer,
};

const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
/// The unit of time: longer than any hold, as long as the watch after the last step, half of a timeout.
const UNIT_S: i64 = 300;

/// What the action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Does {
    /// Scales the Deployment from 2 to 4.
    Scale,
    /// Cordons the node.
    Cordon,
    /// Drains the node.
    Drain,
    /// Cordons the node, then drains it.
    CordonThenDrain,
    /// Scales the Deployment, then cordons the node.
    ScaleThenCordon,
}

pub const ALL: [Does; 5] = [Does::Scale, Does::Cordon, Does::Drain, Does::CordonThenDrain, Does::ScaleThenCordon];

impl Does {
    fn steps(self) -> &'static [&'static str] {
        match self {
            Self::Scale => &["ScaleWorkload"],
            Self::Cordon => &["CordonNode"],
            Self::Drain => &["DrainNode"],
            Self::CordonThenDrain => &["CordonNode", "DrainNode"],
            Self::ScaleThenCordon => &["ScaleWorkload", "CordonNode"],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    pub does: Does,
    /// Whether it is undone by itself.
    pub temporary: bool,
    /// Whether a failure leaves what was done.
    pub stop: bool,
    /// Whether somebody had cordoned the node before.
    pub cordoned: bool,
    pub pods: u8,
}

/// The spec of a configuration.
fn spec(config: Config) -> RemediationActionSpec {
    let step = |(at, action): (usize, &&str)| {
        let target = if *action == "ScaleWorkload" {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
        } else {
            json!({"apiVersion": "v1", "kind": "Node", "name": "n0"})
        };
        let mut step = json!({"name": format!("s{at}"), "action": action, "target": target});
        if *action == "ScaleWorkload" {
            step["scaleWorkload"] = json!({"replicas": 4});
        }
        step
    };
    let steps: Vec<Value> = config.does.steps().iter().enumerate().map(step).collect();
    let mut spec = json!({"steps": steps, "mode": "Execute", "timeout": "10m", "startDeadline": "15m",
        "verify": {"window": "5m"}, "onFailure": if config.stop { "Stop" } else { "Undo" }});
    if config.temporary {
        spec["undo"] = json!({"after": "10m"});
    }
    serde_json::from_value(spec).unwrap()
}

static STEPS: LazyLock<Vec<Arc<[Step]>>> = LazyLock::new(|| {
    let config = |does| Config { does, temporary: false, stop: false, cordoned: false, pods: 0 };
    ALL.iter().map(|does| spec(config(*does)).steps.into()).collect()
});

static SETTINGS: LazyLock<Vec<Settings>> = LazyLock::new(|| {
    let config = |temporary, stop| Config { does: Does::Scale, temporary, stop, cordoned: false, pods: 0 };
    let all = [(false, false), (true, false), (false, true), (true, true)];
    all.iter().map(|(temporary, stop)| Settings::read(&spec(config(*temporary, *stop)), Cluster::at(1))).collect()
});

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Val {
    Absent,
    True,
    Number(u8),
}

impl Val {
    pub fn json(self) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::True => Some(json!(true)),
            Self::Number(n) => Some(json!(n)),
        }
    }

    pub fn of(value: &Option<Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Bool(true)) => Self::True,
            Some(Value::Number(n)) => Self::Number(n.as_u64().unwrap().try_into().unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

/// Who owns a field, as managedFields has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    Nobody,
    Us,
    Person(u8),
}

/// An object with the one field that actions change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thing {
    pub uid: u8,
    pub version: u8,
    pub value: Val,
    pub by: By,
    /// Whether its last write, a removal too, was made by the action. Nobody can see that.
    pub ours: bool,
    /// Edits by others. Each is made in a second of its own.
    pub edits: u8,
    /// The version that the last of them made. Nobody can see that.
    pub edited: u8,
    pub ready: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FakePod {
    pub name: u8,
    pub uid: u8,
    pub node: u8,
    pub terminating: bool,
}

/// A run, compared by what decisions depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Status(pub Arc<Run>);

impl Eq for Status {}

impl Hash for Status {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let run = &self.0;
        run.ended.as_ref().map(|t| t.0).hash(h);
        run.undo.due_at.as_ref().map(|t| t.0).hash(h);
        run.undo.ended.as_ref().map(|t| t.0).hash(h);
        run.undo.cause.as_ref().map(|c| &c.reason).hash(h);
        run.result.hash(h);
        for step in &run.steps {
            (step.phase, step.started.as_ref().map(|t| t.0), step.ended.as_ref().map(|t| t.0), &step.pods).hash(h);
            step.snapshot.iter().for_each(|field| (&field.uid, &field.written, &field.version).hash(h));
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ra {
    pub version: u8,
    pub approved: bool,
    pub cancel: bool,
    pub undo_now: bool,
    pub deleted: bool,
    pub protected: bool,
    pub status: Option<Status>,
}

impl Ra {
    pub fn run(&self) -> Option<&Run> {
        self.status.as_ref().map(|status| &*status.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    pub config: Config,
    pub time: u8,
    pub web: Thing,
    pub node: Thing,
    pub pods: Vec<FakePod>,
    /// Pods that were ever made.
    pub made: u8,
    pub ra: Option<Ra>,
    pub halted: bool,
    pub no_budget: bool,
    pub worse: bool,
    /// Whether the admission policy that guards approvals is in force.
    pub guard: bool,
}

impl Cluster {
    pub fn new(config: Config) -> Self {
        let thing = |uid, value, by| Thing { uid, version: 1, value, by, ours: false, edits: 0, edited: 1, ready: 2 };
        let (value, by) = if config.cordoned { (Val::True, By::Person(0)) } else { (Val::Absent, By::Nobody) };
        let ra = Ra {
            version: 1,
            approved: true,
            cancel: false,
            undo_now: false,
            deleted: false,
            protected: false,
            status: None,
        };
        Self {
            config,
            time: 1,
            web: thing(1, Val::Number(2), By::Person(0)),
            node: thing(2, value, by),
            pods: (0..config.pods).map(|i| FakePod { name: i, uid: 10 + i, node: 0, terminating: false }).collect(),
            made: config.pods,
            ra: Some(ra),
            halted: false,
            no_budget: false,
            worse: false,
            guard: true,
        }
    }

    pub fn at(time: u8) -> Timestamp {
        START + SignedDuration::from_secs(i64::from(time) * UNIT_S)
    }

    pub fn now(&self) -> Timestamp {
        Self::at(self.time)
    }

    pub fn run(&self) -> Option<&Run> {
        self.ra.as_ref().and_then(Ra::run)
    }

    /// The things that the steps of the action are aimed at, in order.
    pub fn things(&self) -> Vec<&Thing> {
        let of = |action: &&str| if *action == "ScaleWorkload" { &self.web } else { &self.node };
        self.config.does.steps().iter().map(of).collect()
    }

    fn look(&self, action: &str) -> Look {
        let thing = if action == "ScaleWorkload" { &self.web } else { &self.node };
        let writer = match thing.by {
            By::Nobody => Writer::Nobody,
            By::Us => Writer::ThisAction,
            By::Person(at) => Writer::Other {
                manager: "kubectl".to_owned(),
                at: Some(START + SignedDuration::from_secs(i64::from(at))),
            },
        };
        let is_node = action != "ScaleWorkload";
        let named = |group: &str, resource: &str, kind: &str, name: &str| Object {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            kind: kind.to_owned(),
            namespace: (!is_node).then(|| "shop".to_owned()),
            name: name.to_owned(),
            uid: thing.uid.to_string(),
        };
        let field = |subresource: &str, path: &str| Field {
            subresource: subresource.to_owned(),
            path: path.to_owned(),
            value: thing.value.json(),
            writer: writer.clone(),
        };
        let (object, field, about) = if is_node {
            let node = Node {
                is_ready: true,
                nodes: 10,
                usable: 10,
                pool: 10,
                pods: self.pods.iter().map(pod).collect(),
                others: vec![Room { pods: 100, cpu_m: 100_000, memory: 1 << 40 }],
                ..Node::default()
            };
            (named("", "nodes", "Node", "n0"), field("", UNSCHEDULABLE), About::Node(Box::new(node)))
        } else {
            let ready = u32::from(thing.ready);
            let workload = Workload { pods: ready, ready, ..Workload::default() };
            (named("apps", "deployments", "Deployment", "web"), field("scale", REPLICAS), About::Workload(workload))
        };
        Look::Here(Box::new(Observed {
            object,
            version: thing.version.to_string(),
            is_terminating: false,
            is_chosen: false,
            in_production: false,
            was_undone: false,
            fields: vec![field],
            about,
        }))
    }

    /// What a controller would see; `None` if the action is gone.
    pub fn view(&self, place: Option<Place>) -> Option<View> {
        let ra = self.ra.as_ref()?;
        let Config { temporary, stop, .. } = self.config;
        let settings = SETTINGS[usize::from(temporary) + 2 * usize::from(stop)].clone();
        let settings = Settings { cancel: ra.cancel, undo_now: ra.undo_now, ..settings };
        let steps = STEPS[ALL.iter().position(|does| *does == self.config.does).unwrap()].clone();
        let view = View {
            settings,
            steps,
            in_own_namespace: true,
            world: self.config.does.steps().iter().map(|action| self.look(action)).collect(),
            plan: Err(Vec::new()),
            run: ra.run().cloned(),
            approval: None,
            approval_known: if self.guard {
                Ok(())
            } else {
                Err(closed("ApprovalGuard", "ApprovalGuardMissing", "gone"))
            },
            is_deleted: ra.deleted,
            is_protected: ra.protected,
            place,
            policy_deleted: None,
            start_gates: Vec::new(),
            forward_gates: Vec::new(),
            checks: vec![Check {
                name: "Readiness".to_owned(),
                verdict: if self.worse { Verdict::Fail } else { Verdict::Pass },
                message: String::new(),
            }],
            symptom: Symptom::Gone,
        };
        let view = if view.run.is_none() { view.planned() } else { view };
        let approval = ra.approved.then(|| HonouredApproval {
            decision: Decision::Approved,
            by: Approver::person("anna"),
            rule: String::new(),
            proposal_digest: view.digest().to_owned(),
            since: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(START),
            target_uid: None,
        });
        Some(View { approval, ..view })
    }
}

fn pod(pod: &FakePod) -> Pod {
    Pod {
        namespace: "shop".to_owned(),
        name: format!("web-{}", pod.name),
        uid: pod.uid.to_string(),
        node: format!("n{}", pod.node),
        phase: PodPhase::Running,
        is_ready: true,
        is_terminating: pod.terminating,
        controller: Some(Controller { kind: "ReplicaSet".to_owned(), name: "web".to_owned(), exists: true }),
        ..Pod::default()
    }
}
