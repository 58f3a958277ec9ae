//! Actions on the rollouts of workloads.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{Low, Medium};

use super::{FIELDS, GET, GET_LIST, GET_PATCH, PATCH, TEMPLATED};
use crate::{
    action::{Action, Family, Risk, Shape, Standing, Targets, Undo, optional},
    kinds::{self, DEPLOYMENT, ROLLOUT},
    request::Request,
    right::all,
};

const BASE: Action = Action { family: Family::Workloads, standing: Standing::On, ..Action::BASE };

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "RollbackWorkload",
        summary: "Restores the template of an earlier revision of a workload.",
        params: &[optional("toRevision", Shape::Integer)],
        targets: Targets::Kinds(kinds::TEMPLATED),
        requests: &[Request::patch("apps", TEMPLATED, "spec.template, as in the ReplicaSet or the ControllerRevision")],
        rights: &[
            all("apps", TEMPLATED, GET_PATCH),
            all("apps", &["replicasets"], GET),
            all("apps", &["controllerrevisions"], GET_LIST),
            all("", &["configmaps"], GET),
        ],
        undo: Undo::Exact("The template that was rolled back."),
        risk: Risk::always(Medium),
        preconditions: &[
            "The revision exists, differs from the present one, and all its pods were once ready.",
            "The ConfigMaps that it names exist.",
            "Secrets are not read: those that it names and the present template does not are listed in the plan.",
        ],
        outcome: "The rollout is complete.",
        ..BASE
    },
    Action {
        name: "PauseRollout",
        summary: "Pauses the rollout of a Deployment.",
        targets: Targets::Kinds(&[DEPLOYMENT]),
        requests: &[Request::patch("apps", &["deployments"], "spec.paused")],
        rights: &[all("apps", &["deployments"], GET_PATCH)],
        undo: Undo::Exact(FIELDS),
        risk: Risk::always(Low),
        preconditions: &["A rollout of the Deployment is in progress."],
        outcome: "The Deployment reports that it is paused.",
        ..BASE
    },
    Action {
        name: "ResumeRollout",
        summary: "Resumes the paused rollout of a Deployment.",
        targets: Targets::Kinds(&[DEPLOYMENT]),
        requests: &[Request::patch("apps", &["deployments"], "spec.paused")],
        rights: &[all("apps", &["deployments"], GET_PATCH)],
        undo: Undo::Exact(FIELDS),
        risk: Risk::always(Low),
        preconditions: &["The Deployment is paused."],
        outcome: "The rollout makes progress.",
        ..BASE
    },
    Action {
        name: "AbortRollout",
        summary: "Aborts the update of an Argo Rollout, so that the stable version serves all traffic.",
        targets: Targets::Kinds(&[ROLLOUT]),
        requests: &[Request::patch("argoproj.io", &["rollouts"], "status.abort").of("status")],
        rights: &[all("argoproj.io", &["rollouts"], GET), all("argoproj.io", &["rollouts/status"], PATCH)],
        undo: Undo::Exact("The abort is taken back, and the update is tried again."),
        risk: Risk::always(Medium),
        preconditions: &[
            "An update is in progress: without one, some versions of Argo Rollouts scale the stable version to zero.",
        ],
        outcome: "The stable version serves all traffic.",
        ..BASE
    },
];
