//! What is read of a live object for an action. A controller fills it from live reads; nothing here comes from a cache of
//! decisions.
//!
//! In: nothing. Out: plain data: the fields that actions change with who set them, and the facts that plans and outcomes depend
//! on.

use std::collections::BTreeMap;

use serde_json::Value;
use trimtab_core::selector::Selector;

use crate::{object::Object, writer::Writer};

/// What a look at the target of a step has shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// It is there.
    Here(Box<Observed>),
    /// It does not exist.
    Gone,
    /// It could not be read, for this reason. It is not assumed to be gone.
    Unknown(String),
}

impl Look {
    /// The object with this uid, if it was seen.
    pub fn of(&self, uid: &str) -> Option<&Observed> {
        self.here().filter(|observed| observed.object.uid == uid)
    }

    /// The object that was seen.
    pub fn here(&self) -> Option<&Observed> {
        match self {
            Self::Here(observed) => Some(observed),
            Self::Gone | Self::Unknown(_) => None,
        }
    }
}

/// A live object.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The object.
    pub object: Object,
    /// Its resourceVersion.
    pub version: String,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Whether the installer named its kind for this action.
    pub is_chosen: bool,
    /// Whether it or its namespace says that it is part of production.
    pub in_production: bool,
    /// Whether an action on it was undone within the last 24 hours.
    pub was_undone: bool,
    /// The fields that actions change.
    pub fields: Vec<Field>,
    /// What else is known, by its kind.
    pub about: About,
}

impl Observed {
    /// The field at `path`.
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == path)
    }

    /// What is known of it as a workload.
    pub fn workload(&self) -> Option<&Workload> {
        match &self.about {
            About::Workload(workload) => Some(workload),
            About::Node(_) => None,
        }
    }

    /// What is known of it as a node.
    pub fn node(&self) -> Option<&Node> {
        match &self.about {
            About::Node(node) => Some(node),
            About::Workload(_) => None,
        }
    }
}

/// A field that actions change.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The subresource through which it is written; empty for the object itself.
    pub subresource: String,
    /// The field as a JSON pointer.
    pub path: String,
    /// Its value; `None` if it is not set. What the API server leaves out, such as `unschedulable: false`, is not set.
    pub value: Option<Value>,
    /// Who set it last.
    pub writer: Writer,
}

/// What is known of an object beside its fields.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// It is a workload with a scale.
    Workload(Workload),
    /// It is a node.
    Node(Box<Node>),
}

/// What is known of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Whether its pods have identities of their own, as those of a StatefulSet.
    pub is_stateful: bool,
    /// Its generation.
    pub generation: i64,
    /// The generation that its status was calculated for.
    pub observed_generation: i64,
    /// Its pods, also those that are not ready.
    pub pods: u32,
    /// Its ready pods.
    pub ready: u32,
    /// What scales it by itself, such as `HorizontalPodAutoscaler web`.
    pub scalers: Vec<String>,
    /// What owns it, such as `Deployment web` of a ReplicaSet.
    pub owner: Option<String>,
    /// How many further pods the quotas of its namespace have room for; `None` if there is no quota.
    pub room: Option<u32>,
}

/// What is known of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Whether it is ready.
    pub is_ready: bool,
    /// Whether it runs the control plane, or is reserved for the system.
    pub is_system: bool,
    /// All nodes of the cluster.
    pub nodes: u32,
    /// The nodes that are ready and schedulable, this one included if it is.
    pub usable: u32,
    /// The nodes of its pool.
    pub pool: u32,
    /// The pods that are on it. Whatever the step selects: the drain sorts them.
    pub pods: Vec<Pod>,
    /// The disruption budgets of the namespaces of these pods.
    pub budgets: Vec<Budget>,
    /// The room on other nodes that are ready and schedulable.
    pub others: Vec<Room>,
}

/// The phase of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PodPhase {
    /// It has not started.
    Pending,
    /// It runs.
    #[default]
    Running,
    /// It has ended well.
    Succeeded,
    /// It has failed.
    Failed,
    /// It cannot be asked.
    Unknown,
}

/// The controller of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it exists. Looked up for DaemonSets alone.
    pub exists: bool,
}

/// A pod on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The uid.
    pub uid: String,
    /// The node that it is bound to.
    pub node: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The phase.
    pub phase: PodPhase,
    /// Whether it is ready.
    pub is_ready: bool,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Whether the kubelet made it from a file (the annotation `kubernetes.io/config.mirror`).
    pub is_mirror: bool,
    /// Its controller.
    pub controller: Option<Controller>,
    /// Whether it has an emptyDir volume.
    pub has_empty_dir: bool,
    /// The CPU that it requests, in thousandths.
    pub cpu_m: u64,
    /// The memory that it requests, in bytes.
    pub memory: u64,
}

impl Pod {
    /// Its namespace and name, for messages.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// Its selector. An empty one selects all pods of the namespace; `None` selects none.
    pub selector: Option<Selector>,
    /// Whether unhealthy pods may always be evicted (`unhealthyPodEvictionPolicy: AlwaysAllow`).
    pub always_allow_unhealthy: bool,
    /// Whether its status is older than its spec: then nothing is allowed.
    pub is_outdated: bool,
    /// `status.disruptionsAllowed`.
    pub allowed: u32,
    /// `status.currentHealthy`.
    pub healthy: u32,
    /// `status.desiredHealthy`.
    pub desired: u32,
    /// `status.expectedPods`.
    pub expected: u32,
}

impl Budget {
    /// Its namespace and name, for messages.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether it counts for `pod`.
    pub fn selects(&self, pod: &Pod) -> bool {
        let label = |key: &str| pod.labels.get(key).map(String::as_str);
        let selects = |selector: &Selector| selector.is_empty() || selector.matches(label);
        self.namespace == pod.namespace && self.selector.as_ref().is_some_and(selects)
    }
}

/// The room that is left on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Pods.
    pub pods: u32,
    /// CPU, in thousandths.
    pub cpu_m: u64,
    /// Memory, in bytes.
    pub memory: u64,
}
