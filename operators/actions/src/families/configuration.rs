//! Actions on ConfigMaps and other configuration, those that are on by default.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::High;

use super::{GET_CREATE_PATCH_DELETE, GET_PATCH, TEMPLATED};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::{AUTOSCALER, BUDGET, CONFIG_MAP, INGRESS, NETWORK_POLICY, SERVICE},
    request::Request,
    right::all,
};

const BASE: Action =
    Action { family: Family::Configuration, risk: Risk::always(High), standing: Standing::On, ..Action::BASE };

const RESTORED: &str = "the object, by server-side apply without force, or created where it is absent";
const MADE: &str = "the object, by its uid, where it was absent";

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "SetConfigMapKey",
        summary: "Sets or removes one key of a ConfigMap and restarts the workloads that read it.",
        params: &[
            required("key", Shape::Text),
            optional("value", Shape::Text),
            optional("remove", Shape::Flag),
            optional("restart", Shape::Objects),
        ],
        targets: Targets::Kinds(&[CONFIG_MAP]),
        requests: &[
            Request::patch("", &["configmaps"], "the key in data"),
            Request::patch("apps", TEMPLATED, "the annotation kubectl.kubernetes.io/restartedAt of the template"),
        ],
        rights: &[all("", &["configmaps"], GET_PATCH), all("apps", TEMPLATED, GET_PATCH)],
        undo: Undo::Exact(
            "The key gets its former value or is removed again, and the workloads are restarted once more.",
        ),
        preconditions: &[
            "The ConfigMap is not immutable, has less than 256 KiB, and does not have the key in binaryData.",
            "Each workload to restart reads the ConfigMap.",
        ],
        outcome: "The workloads that read it were restarted, and are as ready as before.",
        ..BASE
    },
    Action {
        name: "RestoreObject",
        summary: "Restores an object from the snapshot of an earlier action or from a manifest.",
        params: &[optional("snapshot", Shape::Object), optional("manifest", Shape::Text)],
        targets: Targets::Kinds(&[CONFIG_MAP, SERVICE, INGRESS, NETWORK_POLICY, AUTOSCALER, BUDGET]),
        requests: &[
            Request::patch("", &["configmaps", "services"], RESTORED),
            Request::patch("networking.k8s.io", &["ingresses", "networkpolicies"], RESTORED),
            Request::patch("autoscaling", &["horizontalpodautoscalers"], RESTORED),
            Request::patch("policy", &["poddisruptionbudgets"], RESTORED),
            Request::create("", &["configmaps", "services"], RESTORED),
            Request::create("networking.k8s.io", &["ingresses", "networkpolicies"], RESTORED),
            Request::create("autoscaling", &["horizontalpodautoscalers"], RESTORED),
            Request::create("policy", &["poddisruptionbudgets"], RESTORED),
            Request::delete("", &["configmaps", "services"], MADE).undoes(),
            Request::delete("networking.k8s.io", &["ingresses", "networkpolicies"], MADE).undoes(),
            Request::delete("autoscaling", &["horizontalpodautoscalers"], MADE).undoes(),
            Request::delete("policy", &["poddisruptionbudgets"], MADE).undoes(),
        ],
        rights: &[
            all("", &["configmaps", "services"], GET_CREATE_PATCH_DELETE),
            all("networking.k8s.io", &["ingresses", "networkpolicies"], GET_CREATE_PATCH_DELETE),
            all("autoscaling", &["horizontalpodautoscalers"], GET_CREATE_PATCH_DELETE),
            all("policy", &["poddisruptionbudgets"], GET_CREATE_PATCH_DELETE),
        ],
        undo: Undo::Exact("The fields get their former values; an object that was absent is deleted."),
        preconditions: &[
            "The object is absent, or nobody else owns the fields that are restored.",
            "It is no Secret, no part of access control, no webhook and no pod.",
        ],
        outcome: "The object exists as restored, and what depends on it is ready.",
        ..BASE
    },
];
