//! Objects for tests: a Deployment, a node and a pod as they are where nothing is wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_api::remediation::{spec::RemediationActionSpec, step::Step};

use crate::{
    cordon::UNSCHEDULABLE,
    object::Object,
    observed::{About, Controller, Field, Look, Node, Observed, Pod, PodPhase, Room, Workload},
    plan::ActionPlan,
    planning::{Input, plan},
    refusal::Refusal,
    scale::REPLICAS,
    settings::Settings,
    writer::Writer,
};

pub const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub fn other(manager: &str) -> Writer {
    Writer::Other { manager: manager.to_owned(), at: Some(NOW) }
}

fn object(group: &str, resource: &str, kind: &str, name: &str, uid: &str) -> Object {
    Object {
        group: group.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        namespace: (kind != "Node").then(|| "shop".to_owned()),
        name: name.to_owned(),
        uid: uid.to_owned(),
    }
}

/// Deployment `web` with so many replicas, all ready.
pub fn workload(replicas: u32) -> Observed {
    Observed {
        object: object("apps", "deployments", "Deployment", "web", "w-1"),
        version: "7".to_owned(),
        is_terminating: false,
        is_chosen: false,
        in_production: false,
        was_undone: false,
        fields: vec![Field {
            subresource: "scale".to_owned(),
            path: REPLICAS.to_owned(),
            value: Some(json!(replicas)),
            writer: other("kubectl"),
        }],
        about: About::Workload(Workload { pods: replicas, ready: replicas, ..Workload::default() }),
    }
}

/// A ready node of ten.
pub fn node(name: &str) -> Observed {
    Observed {
        object: object("", "nodes", "Node", name, "n-1"),
        fields: vec![Field {
            subresource: String::new(),
            path: UNSCHEDULABLE.to_owned(),
            value: None,
            writer: Writer::Nobody,
        }],
        about: About::Node(Box::new(Node {
            is_ready: true,
            nodes: 10,
            usable: 10,
            pool: 10,
            others: vec![Room { pods: 100, cpu_m: 100_000, memory: 1 << 40 }; 2],
            ..Node::default()
        })),
        ..workload(0)
    }
}

/// A ready pod of a ReplicaSet in `shop`.
pub fn pod(name: &str, node: &str) -> Pod {
    Pod {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        node: node.to_owned(),
        labels: [("app".to_owned(), "web".to_owned())].into(),
        phase: PodPhase::Running,
        is_ready: true,
        controller: Some(Controller { kind: "ReplicaSet".to_owned(), name: "web-1".to_owned(), exists: true }),
        cpu_m: 100,
        memory: 1 << 20,
        ..Pod::default()
    }
}

pub fn as_node(observed: &mut Observed) -> &mut Node {
    match &mut observed.about {
        About::Node(node) => node,
        About::Workload(_) => panic!("it is a workload"),
    }
}

pub fn as_workload(observed: &mut Observed) -> &mut Workload {
    match &mut observed.about {
        About::Workload(workload) => workload,
        About::Node(_) => panic!("it is a node"),
    }
}

/// A step of `action` at `target`, with its parameters.
pub fn step(name: &str, action: &str, target: &Observed, params: Value) -> Step {
    let object = &target.object;
    let version = if object.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", object.group) };
    let mut step = json!({"name": name, "action": action,
        "target": {"apiVersion": version, "kind": object.kind, "name": object.name}});
    if !params.is_null() {
        let member = action[..1].to_lowercase() + &action[1..];
        step[member] = params;
    }
    serde_json::from_value(step).unwrap()
}

/// The settings of a spec with these fields, and no others, created now.
pub fn settings(fields: Value) -> Settings {
    let mut spec = json!({"steps": [], "mode": "Execute"});
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    let spec: RemediationActionSpec = serde_json::from_value(spec).unwrap();
    Settings::read(&spec, NOW)
}

/// The plan of these steps with these targets.
pub fn planned(steps: &[Step], world: &[Observed], fields: Value) -> Result<ActionPlan, Vec<Refusal>> {
    let world: Vec<Look> = world.iter().map(|observed| Look::Here(Box::new(observed.clone()))).collect();
    let settings = settings(fields);
    plan(&Input { steps, world: &world, settings: &settings, in_own_namespace: true })
}
