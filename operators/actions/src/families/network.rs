//! Actions on Services, Ingresses and network policies.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{High, Medium};

use super::{FIELDS, GET, GET_CREATE_DELETE, GET_PATCH, LIST};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::{HTTP_ROUTE, INGRESS, NETWORK_POLICY, SERVICE},
    request::Request,
    right::{Right, all},
};

const BASE: Action = Action {
    family: Family::Network,
    undo: Undo::Exact(FIELDS),
    risk: Risk::always(Medium),
    standing: Standing::On,
    ..Action::BASE
};

const POLICIES: &[&str] = &["networkpolicies"];
const SERVICES: &[Right] = &[all("", &["services"], GET_PATCH), all("discovery.k8s.io", &["endpointslices"], LIST)];

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "PatchNetworkPolicy",
        summary: "Adds rules to a network policy.",
        params: &[optional("addIngress", Shape::Objects), optional("addEgress", Shape::Objects)],
        targets: Targets::Kinds(&[NETWORK_POLICY]),
        requests: &[Request::patch("networking.k8s.io", POLICIES, "spec.ingress and spec.egress")],
        rights: &[all("networking.k8s.io", POLICIES, GET_PATCH)],
        risk: Risk::always(High),
        preconditions: &["Each rule names selectors or address ranges: an empty rule would let everything pass."],
        outcome: "The policy has the rules.",
        ..BASE
    },
    Action {
        name: "RemoveNetworkPolicy",
        summary: "Deletes a network policy that blocks traffic.",
        targets: Targets::Kinds(&[NETWORK_POLICY]),
        requests: &[
            Request::delete("networking.k8s.io", POLICIES, "the policy, by its uid"),
            Request::create("networking.k8s.io", POLICIES, "the policy, as it was").undoes(),
        ],
        rights: &[all("networking.k8s.io", POLICIES, GET_CREATE_DELETE)],
        undo: Undo::Exact("The policy is created again with the same content. It has another uid."),
        risk: Risk::always(High),
        preconditions: &["The whole policy has at most 64 KiB, so that it can be kept for the undo."],
        outcome: "The policy is gone.",
        ..BASE
    },
    Action {
        name: "PatchServiceSelector",
        summary: "Sets the selector of a Service.",
        params: &[required("selector", Shape::Map)],
        targets: Targets::Kinds(&[SERVICE]),
        requests: &[Request::patch("", &["services"], "spec.selector")],
        rights: SERVICES,
        preconditions: &["The selector is not empty, and matches at least one ready pod, all of one workload."],
        outcome: "The Service has ready endpoints.",
        ..BASE
    },
    Action {
        name: "PatchServicePort",
        summary: "Sets the port of the pods to which a port of a Service leads.",
        params: &[required("port", Shape::Integer), required("targetPort", Shape::IntOrText)],
        targets: Targets::Kinds(&[SERVICE]),
        requests: &[Request::patch("", &["services"], "targetPort of the port in spec.ports")],
        rights: SERVICES,
        preconditions: &[
            "The Service has the port.",
            "A container of the selected pods names or serves the target port.",
        ],
        outcome: "The Service has ready endpoints with this port.",
        ..BASE
    },
    Action {
        name: "PatchIngressBackend",
        summary: "Leads a path of an Ingress or of an HTTPRoute to another Service.",
        params: &[
            optional("host", Shape::Text),
            required("path", Shape::Text),
            required("service", Shape::Text),
            required("port", Shape::Integer),
        ],
        targets: Targets::Kinds(&[INGRESS, HTTP_ROUTE]),
        requests: &[
            Request::patch(
                "networking.k8s.io",
                &["ingresses"],
                "the backend of the path, by a JSON patch that tests and replaces",
            ),
            Request::patch("gateway.networking.k8s.io", &["httproutes"], "the same"),
        ],
        rights: &[
            all("networking.k8s.io", &["ingresses"], GET_PATCH),
            all("gateway.networking.k8s.io", &["httproutes"], GET_PATCH),
            all("", &["services"], GET),
        ],
        preconditions: &["Exactly one rule has this host and path.", "The Service exists and has the port."],
        outcome: "The path leads to the Service, and its controller reports no error.",
        ..BASE
    },
];
