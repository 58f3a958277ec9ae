//! Actions on autoscalers, disruption budgets and quotas. All are temporary.
//!
//! In: nothing. Out: their entries.

use trimtab_api::risk::RiskLevel::{High, Medium};

use super::{FIELDS, GET_PATCH};
use crate::{
    action::{Action, Family, LONGEST_HOURS, Risk, Shape, Standing, Targets, Undo, optional, required},
    kinds::{AUTOSCALER, BUDGET, QUOTA},
    request::Request,
    right::all,
};

const BASE: Action = Action {
    family: Family::Scaling,
    undo: Undo::Exact(FIELDS),
    temporary_hours: Some(LONGEST_HOURS),
    standing: Standing::On,
    ..Action::BASE
};

pub(crate) const ACTIONS: &[Action] = &[
    Action {
        name: "PatchHorizontalPodAutoscaler",
        summary: "Changes the bounds or the target of an autoscaler for a while.",
        params: &[
            optional("minReplicas", Shape::Integer),
            optional("maxReplicas", Shape::Integer),
            optional("targetUtilizationPercent", Shape::Integer),
        ],
        targets: Targets::Kinds(&[AUTOSCALER]),
        requests: &[Request::patch(
            "autoscaling",
            &["horizontalpodautoscalers"],
            "minReplicas, maxReplicas and the target for CPU",
        )],
        rights: &[all("autoscaling", &["horizontalpodautoscalers"], GET_PATCH)],
        risk: Risk::always(Medium),
        preconditions: &[
            "No ScaledObject owns the autoscaler.",
            "It is at its maximum, or a higher minimum is asked for.",
            "The nodes have room for the additional pods.",
        ],
        outcome: "The autoscaler is below its maximum, or at the minimum that was asked for.",
        ..BASE
    },
    Action {
        name: "RelaxPodDisruptionBudget",
        summary: "Relaxes a disruption budget for a while, so that a drain or an eviction can go on.",
        params: &[optional("minAvailable", Shape::IntOrText), optional("maxUnavailable", Shape::IntOrText)],
        targets: Targets::Kinds(&[BUDGET]),
        requests: &[Request::patch(
            "policy",
            &["poddisruptionbudgets"],
            "minAvailable or maxUnavailable; one may replace the other",
        )],
        rights: &[all("policy", &["poddisruptionbudgets"], GET_PATCH)],
        risk: Risk::always(High),
        preconditions: &[
            "The budget blocks a drain or an eviction that the plan names.",
            "At least one pod of the budget stays.",
        ],
        outcome: "The budget allows at least one disruption.",
        ..BASE
    },
    Action {
        name: "RaiseQuota",
        summary: "Raises hard limits of a quota for a while, at most to twice what they are.",
        params: &[required("hard", Shape::Map)],
        targets: Targets::Kinds(&[QUOTA]),
        requests: &[Request::patch("", &["resourcequotas"], "spec.hard of the named resources")],
        rights: &[all("", &["resourcequotas"], GET_PATCH)],
        risk: Risk::always(High),
        preconditions: &[
            "At least 90 % of each resource are used, or the quota has kept pods from being created.",
            "No limit is more than doubled, and none is lowered.",
        ],
        outcome: "The pods that were missing exist.",
        ..BASE
    },
];
