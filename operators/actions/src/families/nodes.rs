//! Actions on nodes. They are only accepted in Trimtab's own namespace.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{CREATE, FIELDS, GET, GET_CREATE_DELETE, GET_LIST, GET_PATCH, LIST, case};
use crate::{
    action::{Action, Family, Param, Risk, Scope, Shape, Standing, Targets, Undo, optional, required},
    kinds::NODE,
    request::Request,
    right::{Choice, Verb, all, chosen},
};

const BASE: Action = Action {
    family: Family::Nodes,
    scope: Scope::Cluster,
    targets: Targets::Kinds(&[NODE]),
    rights: &[all("", &["nodes"], GET_PATCH)],
    undo: Undo::Exact(FIELDS),
    standing: Standing::On,
    ..Action::BASE
};

const EFFECT: Param = required("effect", Shape::Choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"]));
const TAINTS: &str = "spec.taints, by a JSON patch that tests the whole list";

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "CordonNode",
        summary: "Keeps new pods from a node.",
        requests: &[Request::patch("", &["nodes"], "spec.unschedulable")],
        risk: Risk::always(Low),
        preconditions: &["Enough nodes stay ready and schedulable: 51 % of them, if nothing else is set."],
        outcome: "The node is unschedulable.",
        ..BASE
    },
    Action {
        name: "UncordonNode",
        summary: "Lets new pods onto a node again.",
        requests: &[Request::patch("", &["nodes"], "spec.unschedulable")],
        risk: Risk::always(Medium),
        preconditions: &["The node has been ready for five minutes.", "Nobody else is draining it."],
        outcome: "The node is schedulable.",
        ..BASE
    },
    Action {
        name: "DrainNode",
        summary: "Cordons a node and evicts its pods within their disruption budgets, as `kubectl drain` does.",
        params: &[
            optional("gracePeriodSeconds", Shape::Integer),
            optional("ignoreDaemonSets", Shape::Flag),
            optional("deleteEmptyDirData", Shape::Flag),
            optional("force", Shape::Flag),
            optional("podSelector", Shape::Object),
        ],
        requests: &[
            Request::patch("", &["nodes"], "spec.unschedulable"),
            Request::create("", &["pods"], "an eviction with the pod's uid as precondition").of("eviction"),
        ],
        rights: &[all("", &["nodes"], GET_PATCH), all("", &["pods"], GET_LIST), all("", &["pods/eviction"], CREATE)],
        undo: Undo::Partial(
            "The node is uncordoned if this action cordoned it and nobody has changed that since. Evicted pods stay where \
             they are now.",
        ),
        risk: Risk::always(High),
        preconditions: &[
            "No pod needs a flag that is not set: for DaemonSets, for emptyDir volumes, for pods without a controller.",
            "The disruption budgets have room for all pods of the plan together, now or later.",
            "Other nodes have room for the pods.",
        ],
        outcome: "No pod is left on the node but those that the flags leave there.",
        ..BASE
    },
    Action {
        name: "TaintNode",
        summary: "Adds a taint to a node.",
        params: &[required("key", Shape::Text), optional("value", Shape::Text), EFFECT],
        requests: &[Request::patch("", &["nodes"], TAINTS)],
        risk: Risk { floor: Medium, cases: &[case("NoExecute", High, "with the effect NoExecute, which evicts pods")] },
        preconditions: &["The key does not begin with node.kubernetes.io/."],
        outcome: "The node has the taint.",
        ..BASE
    },
    Action {
        name: "UntaintNode",
        summary: "Removes a taint from a node.",
        params: &[required("key", Shape::Text), EFFECT],
        requests: &[Request::patch("", &["nodes"], TAINTS)],
        risk: Risk::always(High),
        preconditions: &[
            "The node has the taint.",
            "Neither the kubelet, nor an autoscaler, nor another action has set it.",
        ],
        outcome: "The taint is gone, and pods that waited for the node are placed.",
        ..BASE
    },
    Action {
        name: "MarkOutOfService",
        summary: "States that a node is shut down, so that its volumes can be attached elsewhere.",
        requests: &[Request::patch(
            "",
            &["nodes"],
            "the taint node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
        )],
        rights: &[all("", &["nodes"], GET_PATCH), all("storage.k8s.io", &["volumeattachments"], LIST)],
        risk: Risk::always(Critical),
        preconditions: &[
            "The node has not been ready for five minutes.",
            "The approver has written `poweredOff: confirmed` as the reason.",
        ],
        outcome: "No volume is attached to the node any more.",
        standing: Standing::Off("If the node still runs, two pods write to one volume, which destroys its data."),
        ..BASE
    },
    Action {
        name: "RequestNodeRemediation",
        summary: "Asks what remedies nodes in this cluster to remedy one.",
        params: &[optional("templateRef", Shape::Object), optional("machineRef", Shape::Object)],
        requests: &[
            Request::chosen(Verb::Create, Choice::Remediations, "an object of the template's kind, named as the node"),
            Request::patch("cluster.x-k8s.io", &["machines"], "the annotation cluster.x-k8s.io/remediate-machine"),
            Request::chosen(Verb::Delete, Choice::Remediations, "that object, by its uid").undoes(),
        ],
        rights: &[
            all("", &["nodes"], GET),
            chosen(Choice::RemediationTemplates, "", GET),
            chosen(Choice::Remediations, "", GET_CREATE_DELETE),
            all("cluster.x-k8s.io", &["machines"], GET_PATCH),
        ],
        undo: Undo::Partial(
            "The object or the annotation is removed again. A node that was restarted or replaced stays so.",
        ),
        risk: Risk::always(Critical),
        preconditions: &[
            "At least 51 % of the nodes are healthy.",
            "No other node is being remedied; of the control plane, one at a time.",
        ],
        outcome: "The remediation has succeeded, and the node is ready.",
        standing: Standing::Off("It restarts or replaces a machine. The installer names the kinds of remediation."),
        ..BASE
    },
    Action {
        name: "LabelNode",
        summary: "Sets and removes labels of a node.",
        params: &[optional("labels", Shape::Map), optional("remove", Shape::Texts)],
        requests: &[Request::patch("", &["nodes"], "the labels")],
        rights: &[all("", &["nodes"], GET_PATCH), all("", &["persistentvolumes"], LIST)],
        risk: Risk::always(Medium),
        preconditions: &[
            "No key is of kubernetes.io or k8s.io.",
            "No PersistentVolume and no topology depends on the labels.",
        ],
        outcome: "The node has the labels that were set, and none that was removed.",
        ..BASE
    },
];
