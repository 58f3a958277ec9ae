//! The outcome of a decision on one workload.

use serde::Serialize;
use trimtab_api::{
    evidence::Evidence, recommendation::Proposal, recommendation_status::Summary, resources::ContainerResources,
    risk::Risk, savings::Savings,
};
use trimtab_core::WorkloadKind;
use trimtab_pricing::Money;
use trimtab_world::row::WorkloadRow;

use crate::realisable::realisable;

/// The outcome of one workload. Exactly one of these applies to each selected workload at any time, so the counts in a
/// policy's status add up.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A change is worth proposing.
    Recommend(Box<Draft>),
    /// Its size is good enough.
    RightSized,
    /// Nothing is proposed, for this reason.
    Skip(Skip),
}

/// What is kept of an outcome after it was acted on: the counts of a policy's status.
#[derive(Clone, Debug, PartialEq)]
pub enum Tally {
    /// A change is proposed.
    Recommended {
        /// Its monthly savings; negative if it costs.
        monthly: Money,
        /// The part of them that can lower the bill.
        realisable: Money,
        /// The currency.
        currency: String,
        /// Whether a price is a stated estimate.
        estimated: bool,
    },
    /// Its size is good enough.
    RightSized,
    /// Nothing is proposed, for this reason.
    Skipped(Skip),
}

impl From<&Outcome> for Tally {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Recommend(draft) => Self::Recommended {
                monthly: draft.monthly,
                realisable: realisable(&draft.savings, draft.monthly),
                currency: draft.savings.currency.0.clone(),
                estimated: draft.savings.estimated,
            },
            Outcome::RightSized => Self::RightSized,
            Outcome::Skip(skip) => Self::Skipped(*skip),
        }
    }
}

/// A recommendation before it is an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The workload's uid.
    pub uid: String,
    /// The proposed sizes.
    pub proposal: Proposal,
    /// The current sizes of the same containers.
    pub current: Vec<ContainerResources>,
    /// The change in a few characters.
    pub summary: Summary,
    /// The digest that an approval names.
    pub digest: String,
    /// Lower bound of the share of past days on which the size would have held, in percent.
    pub confidence_percent: i32,
    /// Its risk.
    pub risk: Risk,
    /// Its monthly savings; negative if it costs.
    pub monthly: Money,
    /// The same as written to the status.
    pub savings: Savings,
    /// Its evidence.
    pub evidence: Evidence,
    /// Why, in plain words.
    pub explanation: String,
    /// The change as a strategic merge patch.
    pub patch: String,
}

/// Why a workload gets no recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Skip {
    /// It, or its namespace, has the annotation `trimtab.dev/mode: Off`.
    OptedOut,
    /// The policy excludes all of its containers.
    ContainersExcluded,
    /// It has no pod template, and the one to which it refers does not exist.
    NoPodTemplate,
    /// A Rollout references its template and runs its pods.
    SizedAsRollout,
    /// It was never measured.
    NoUsageData,
    /// Too little of its history is known.
    InsufficientHistory,
    /// The newest data about it is too old.
    StaleMetrics,
    /// It is scaled to zero, so nothing can be measured.
    ScaledToZero,
    /// It is a DaemonSet, and no node matches it.
    NoMatchingNodes,
    /// An autoscaler scales it on the utilisation of the only resource that should change.
    HpaOnSameResource,
    /// A VerticalPodAutoscaler sizes its pods.
    ManagedByVpa,
    /// The bounds of policy, workload and namespace leave no value.
    ContradictingBounds,
    /// The rules lead to more than a certain multiple of the highest usage ever seen.
    FarAboveUse,
    /// The pod as a whole would request more than the largest node on which it can run has.
    AboveNode,
    /// It would need more than the namespace's quota has left.
    QuotaExceeded,
    /// It, or its namespace, is being deleted.
    Terminating,
    /// The Job has ended.
    Finished,
    /// The pod has pod-level requests or limits.
    PodLevelResources,
    /// An annotation on it or its namespace cannot be applied.
    InvalidAnnotation,
    /// The usage source could not be read for its namespace.
    MetricsUnavailable,
    /// Two clusters report pods of its names, so none of its usage is read.
    MetricsAmbiguous,
    /// Its nodes have no price, or prices in more than one currency.
    PriceUnknown,
    /// A person proposed a Recommendation of the name that it would get.
    NameTaken,
}

impl Skip {
    /// The reason in one CamelCase word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::OptedOut => "OptedOut",
            Self::ContainersExcluded => "ContainersExcluded",
            Self::NoPodTemplate => "NoPodTemplate",
            Self::SizedAsRollout => "SizedAsRollout",
            Self::NoUsageData => "NoUsageData",
            Self::InsufficientHistory => "InsufficientHistory",
            Self::StaleMetrics => "StaleMetrics",
            Self::ScaledToZero => "ScaledToZero",
            Self::NoMatchingNodes => "NoMatchingNodes",
            Self::HpaOnSameResource => "HpaOnSameResource",
            Self::ManagedByVpa => "ManagedByVpa",
            Self::ContradictingBounds => "ContradictingBounds",
            Self::FarAboveUse => "FarAboveUse",
            Self::AboveNode => "AboveNode",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::Terminating => "Terminating",
            Self::Finished => "Finished",
            Self::PodLevelResources => "PodLevelResources",
            Self::InvalidAnnotation => "InvalidAnnotation",
            Self::MetricsUnavailable => "MetricsUnavailable",
            Self::MetricsAmbiguous => "MetricsAmbiguous",
            Self::PriceUnknown => "PriceUnknown",
            Self::NameTaken => "NameTaken",
        }
    }

    /// Whether its usage is missing, short or old.
    pub fn is_unmeasured(self) -> bool {
        matches!(self, Self::NoUsageData | Self::InsufficientHistory | Self::StaleMetrics)
    }

    /// The same reason, or a better one if usage is missing because `workload` is meant to have no pods: then nobody
    /// can fix its metrics.
    pub fn explained_by(self, workload: &WorkloadRow) -> Self {
        match workload.id.kind {
            _ if !self.is_unmeasured() || workload.desired > 0 => self,
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::Rollout | WorkloadKind::Custom(_) => {
                Self::ScaledToZero
            }
            WorkloadKind::DaemonSet => Self::NoMatchingNodes,
            WorkloadKind::CronJob | WorkloadKind::Job => self,
        }
    }

    /// Whether it stands for something unknown, as opposed to a known obstacle. Doubt withdraws nothing.
    pub fn is_doubt(self) -> bool {
        matches!(
            self,
            Self::NoPodTemplate
                | Self::NoUsageData
                | Self::InsufficientHistory
                | Self::StaleMetrics
                | Self::ScaledToZero
                | Self::NoMatchingNodes
                | Self::MetricsUnavailable
                | Self::MetricsAmbiguous
                | Self::PriceUnknown
        )
    }

    /// What it means and what can be done.
    pub fn message(self) -> &'static str {
        match self {
            Self::OptedOut => "the workload or its namespace is annotated trimtab.dev/mode: Off",
            Self::ContainersExcluded => "sizing.containers excludes all of its containers",
            Self::NoPodTemplate => {
                "it has no containers in spec.template, and refers to no Deployment that has: a Rollout is sized where its \
                 workloadRef names a Deployment that exists, a custom resource where spec.template is a pod template"
            }
            Self::SizedAsRollout => {
                "a Rollout refers to it with workloadRef and runs its pods, and is sized in its place: see the Rollout"
            }
            Self::NoUsageData => {
                "there is no usage data for it, or for one of its containers: check that its pods run and are scraped"
            }
            Self::InsufficientHistory => {
                "it, or one of its containers, has less usage history than history.minimum: wait, or lower history.minimum"
            }
            Self::StaleMetrics => {
                "its latest usage sample is older than metrics.maxAge: check that its pods run and are scraped"
            }
            Self::ScaledToZero => {
                "it is scaled to zero, so there is no recent usage to decide on; a recommendation that it has stays for \
                 when it is scaled up again"
            }
            Self::NoMatchingNodes => {
                "no node matches the DaemonSet, so it has no pods and no recent usage: check its nodeSelector, affinity \
                 and tolerations"
            }
            Self::HpaOnSameResource => {
                "an autoscaler scales it on the utilization of that resource, so a different request would shift its \
                 target: let the autoscaler use averageValue, or size it by hand"
            }
            Self::ManagedByVpa => {
                "a VerticalPodAutoscaler writes the requests of its pods, and two would undo each other's work: set the \
                 VPA's updateMode to Off or delete it, or leave the workload out of the policy"
            }
            Self::ContradictingBounds => {
                "no value satisfies the bounds of the policy, the workload's annotations and the namespace's LimitRange: \
                 widen one of them"
            }
            Self::FarAboveUse => {
                "the policy's numbers lead to more than three times the greatest usage ever seen, which is never proposed: \
                 lower headroomPercent or oomHeadroomPercent, or check the LimitRange's minimum and ratio"
            }
            Self::AboveNode => {
                "its containers together need more than the largest node has that its pods can run on, so nothing is raised: \
                 offer a larger node, or split the pod"
            }
            Self::QuotaExceeded => "it needs more than the namespace's ResourceQuota has left: raise the quota",
            Self::Terminating => "it or its namespace is being deleted",
            Self::Finished => "the Job has ended",
            Self::PodLevelResources => "its pods set pod-level resources, which are not sized yet",
            Self::InvalidAnnotation => {
                "a trimtab.dev annotation on it or its namespace cannot be applied, and may be there to protect it: correct or \
                 remove it"
            }
            Self::MetricsUnavailable => "usage could not be read for its namespace; this is retried",
            Self::MetricsAmbiguous => {
                "the server holds series of two clusters under the names of its pods, so none of them is read: set \
                 --prometheus-cluster LABEL=VALUE; the policy's condition MetricsAmbiguous names the label"
            }
            Self::PriceUnknown => {
                "its nodes have no price, or prices in more than one currency: list them in one PriceBook with one currency"
            }
            Self::NameTaken => "a Recommendation of that name was created by hand: decide on it or delete it",
        }
    }
}
