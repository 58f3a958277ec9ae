//! Actions on the replicas and the pods of workloads.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{CREATE, GET, GET_CREATE_DELETE, GET_DELETE, GET_PATCH, LIST, TEMPLATED, case};
use crate::{
    action::{Action, Family, Param, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::{self, DEPLOYMENT, POD, REPLICA_SET, STATEFUL_SET},
    request::Request,
    right::{Choice, Verb, all, chosen},
};

const BASE: Action = Action { family: Family::Workloads, standing: Standing::On, ..Action::BASE };

const GRACE: Param = optional("gracePeriodSeconds", Shape::Integer);

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "ScaleWorkload",
        summary: "Sets the number of replicas of a workload.",
        params: &[required("replicas", Shape::Integer)],
        targets: Targets::Scalable(&[DEPLOYMENT, STATEFUL_SET, REPLICA_SET]),
        requests: &[
            Request::patch("apps", &["deployments", "statefulsets", "replicasets"], "spec.replicas").of("scale"),
            Request::chosen(Verb::Patch, Choice::Scalable, "spec.replicas").of("scale"),
        ],
        rights: &[
            all("apps", &["deployments/scale", "statefulsets/scale", "replicasets/scale"], GET_PATCH),
            chosen(Choice::Scalable, "scale", GET_PATCH),
        ],
        undo: Undo::Exact("The former number of replicas."),
        risk: Risk {
            floor: Low,
            cases: &[
                case("FewerReplicas", Medium, "with fewer replicas than before"),
                case("ZeroReplicas", High, "with no replicas"),
            ],
        },
        preconditions: &[
            "No HorizontalPodAutoscaler and no ScaledObject scales the workload.",
            "A ReplicaSet belongs to no Deployment.",
            "The quota of the namespace has room for the additional pods.",
        ],
        outcome: "The workload has as many ready pods as replicas, and no others.",
        ..BASE
    },
    Action {
        name: "RestartWorkload",
        summary: "Replaces all pods of a workload, as `kubectl rollout restart` does.",
        targets: Targets::Kinds(kinds::TEMPLATED),
        requests: &[Request::patch(
            "apps",
            TEMPLATED,
            "the annotation kubectl.kubernetes.io/restartedAt of the template",
        )],
        rights: &[all("apps", TEMPLATED, GET_PATCH)],
        undo: Undo::None { harmless: true },
        risk: Risk::always(Medium),
        preconditions: &[
            "The workload is not paused, and no rollout of it is in progress.",
            "Where Flux or Argo CD owns the workload, it keeps the annotation, so that no second restart follows.",
        ],
        outcome: "All pods are newer than the request, and as many are ready as before.",
        ..BASE
    },
    Action {
        name: "UnstickStatefulSet",
        summary: "Deletes the one pod of an older revision that keeps a StatefulSet from rolling out its present template.",
        targets: Targets::Kinds(&[STATEFUL_SET]),
        requests: &[Request::delete("", &["pods"], "the pod that blocks, by its uid")],
        rights: &[all("apps", &["statefulsets"], GET), all("", &["pods"], GET_DELETE)],
        risk: Risk::always(High),
        preconditions: &[
            "The pods are replaced in order, and the pod has an older revision than the template.",
            "The pod is not ready, and its ordinal is not below the partition.",
            "The pod's node answers: otherwise a second pod could write to the same volume.",
        ],
        outcome: "The pod has the present revision and is ready, and the next ordinal moves.",
        ..BASE
    },
    Action {
        name: "EvictPod",
        summary: "Evicts up to ten pods within their disruption budgets.",
        params: &[optional("pods", Shape::Texts), optional("selector", Shape::Object), GRACE],
        targets: Targets::Kinds(&[POD, DEPLOYMENT, STATEFUL_SET, REPLICA_SET]),
        requests: &[Request::create("", &["pods"], "an eviction with the pod's uid as precondition").of("eviction")],
        rights: &[
            all("apps", &["deployments", "statefulsets", "replicasets"], GET),
            all("", &["pods"], GET),
            all("", &["pods/eviction"], CREATE),
        ],
        undo: Undo::None { harmless: true },
        risk: Risk::always(Low),
        preconditions: &[
            "A controller owns each pod and replaces it.",
            "The disruption budget of each pod has room, with all pods of the plan counted.",
            "A node other than the present one has room for the replacement.",
        ],
        outcome: "Each pod has a ready replacement that is not on the same node again.",
        ..BASE
    },
    Action {
        name: "DeletePod",
        summary: "Deletes a pod that does not end by itself.",
        params: &[optional("force", Shape::Flag)],
        targets: Targets::Kinds(&[POD]),
        requests: &[Request::delete("", &["pods"], "the pod, by its uid; with force, without a grace period")],
        rights: &[all("", &["pods"], GET_DELETE), all("", &["nodes"], GET)],
        risk: Risk {
            floor: High,
            cases: &[case("ForcedStatefulSetPod", Critical, "with force, for a pod of a StatefulSet")],
        },
        preconditions: &[
            "The pod has been terminating for more than five minutes.",
            "With force: its node is gone, or has the taint node.kubernetes.io/out-of-service.",
        ],
        outcome: "The pod is gone, and at most one pod has its name.",
        standing: Standing::OnDespite(
            "A pod that never ends is frequent and safe to delete. Only with force, and only of a StatefulSet, it is \
             Critical, which needs a person and a node that is gone.",
        ),
        ..BASE
    },
    Action {
        name: "IsolatePod",
        summary: "Takes a pod out of its workload and its Services and keeps it for examination.",
        params: &[optional("denyTraffic", Shape::Flag)],
        targets: Targets::Kinds(&[POD]),
        requests: &[
            Request::patch("", &["pods"], "the labels that selectors match, and the label trimtab.dev/isolated"),
            Request::create(
                "networking.k8s.io",
                &["networkpolicies"],
                "with denyTraffic: a policy that denies the pod all traffic",
            ),
            Request::delete("networking.k8s.io", &["networkpolicies"], "that policy, by its uid").undoes(),
        ],
        rights: &[
            all("", &["pods"], GET_PATCH),
            all("", &["services"], LIST),
            all("discovery.k8s.io", &["endpointslices"], LIST),
            all("networking.k8s.io", &["networkpolicies"], GET_CREATE_DELETE),
        ],
        undo: Undo::Exact(
            "The pod gets its former labels, and the policy is deleted. Its owner then has a pod more than it wants and deletes one.",
        ),
        risk: Risk::always(Medium),
        preconditions: &[
            "A controller owns the pod and makes another one.",
            "The quota of the namespace has room for one more pod.",
        ],
        outcome: "The replacement is ready, and the pod is in no EndpointSlice.",
        ..BASE
    },
];
