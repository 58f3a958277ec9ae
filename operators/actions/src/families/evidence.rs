//! Actions that tell people something, and change nothing that runs.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::Low;

use super::{CREATE, GET, LIST};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds,
    request::Request,
    right::{Right, Verb, all},
};

const BASE: Action = Action {
    family: Family::Evidence,
    targets: Targets::Kinds(kinds::SUBJECTS),
    risk: Risk::always(Low),
    standing: Standing::On,
    ..Action::BASE
};

/// What an action of this family is about is read, so that its uid is known.
const WORKLOADS: Right = all("apps", &["deployments", "statefulsets", "daemonsets"], GET);
const RUNS: Right = all("batch", &["jobs", "cronjobs"], GET);
const PODS: Right = all("", &["pods"], GET);

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "SilenceAlert",
        summary: "Silences alerts of this namespace in Alertmanager, in the requester's name.",
        params: &[required("matchers", Shape::Objects), required("duration", Shape::Duration)],
        requests: &[
            Request::other(Verb::Create, "/api/v2/silences", "the silence, at most 24 hours long"),
            Request::other(Verb::Delete, "/api/v2/silence/ID", "the silence").undoes(),
        ],
        rights: &[WORKLOADS, RUNS, PODS],
        undo: Undo::Exact("The silence is deleted."),
        preconditions: &[
            "One matcher demands equality with this namespace, and another one narrows it further.",
            "No alert of Trimtab's own is covered.",
        ],
        outcome: "The alerts are suppressed by this silence.",
        ..BASE
    },
    Action {
        name: "CollectDiagnostics",
        summary: "Collects logs, events and objects in a ConfigMap, with secrets masked.",
        params: &[optional("logs", Shape::Object), optional("events", Shape::Flag), optional("objects", Shape::Flag)],
        requests: &[Request::create(
            "",
            &["configmaps"],
            "a ConfigMap of at most 512 KiB that goes with the RemediationAction",
        )],
        rights: &[
            WORKLOADS,
            RUNS,
            PODS,
            all("", &["pods/log"], GET),
            all("events.k8s.io", &["events"], LIST),
            all("", &["configmaps"], CREATE),
        ],
        undo: Undo::Nothing,
        preconditions: &["The requester may read each part."],
        outcome: "The ConfigMap lists its parts and says what was cut.",
        ..BASE
    },
    Action {
        name: "Notify",
        summary: "Tells people about an object, by an Event and a signed webhook.",
        params: &[required("text", Shape::Text), optional("channel", Shape::Text)],
        requests: &[
            Request::create("events.k8s.io", &["events"], "an Event about the target"),
            Request::other(Verb::Create, "the URL of the channel", "the text, signed with an HMAC"),
        ],
        rights: &[WORKLOADS, RUNS, PODS, all("events.k8s.io", &["events"], CREATE)],
        undo: Undo::Nothing,
        preconditions: &["The text comes from the RemediationAction alone, and never from the logs of a pod."],
        outcome: "The channel has accepted the message.",
        ..BASE
    },
];
