//! Condition types and their reasons: one constant each, so that code, docs and alerts agree.
//!
//! Conditions are a list map by `type`, have `observedGeneration` and a non-empty CamelCase `reason`, and are written
//! at the first reconciliation. `trimtab-core` merges them.

/// Condition types.
pub mod types {
    /// The object works as intended. The reason is a one-word summary of its state.
    pub const READY: &str = "Ready";
    /// A Recommendation has been applied. Unknown until it has been decided on and rolled out.
    pub const SUCCEEDED: &str = "Succeeded";
    /// Work is in progress or will be retried.
    pub const RECONCILING: &str = "Reconciling";
    /// The spec is wrong, and only a change of it can help.
    pub const STALLED: &str = "Stalled";
    /// Usage data is available and fresh.
    pub const METRICS_AVAILABLE: &str = "MetricsAvailable";
    /// Some series of the metrics source belong to another cluster, or cannot be attributed to a cluster.
    pub const METRICS_AMBIGUOUS: &str = "MetricsAmbiguous";
    /// The prices of some nodes are estimates.
    pub const PRICES_ESTIMATED: &str = "PricesEstimated";
    /// Another policy selects some of the same workloads.
    pub const OVERLAPPING: &str = "Overlapping";
    /// A name in the policy or in an annotation matches nothing. Not set if all names match.
    pub const NAMES_UNMATCHED: &str = "NamesUnmatched";
}

/// Reasons of `Ready` and other conditions on an OptimizationPolicy, a UsageProfile and a PriceBook.
pub mod reasons {
    /// All selected workloads were analyzed.
    pub const ANALYZED: &str = "Analyzed";
    /// The first pass is in progress.
    pub const ANALYZING: &str = "Analyzing";
    /// The policy is suspended: its recommendations are no longer updated.
    pub const SUSPENDED: &str = "Suspended";
    /// A selector is empty. An empty selector never means everything.
    pub const EMPTY_SELECTOR: &str = "EmptySelector";
    /// Fields of the spec contradict each other.
    pub const INVALID_SPEC: &str = "InvalidSpec";
    /// No workload is selected.
    pub const NO_WORKLOADS: &str = "NoWorkloads";
    /// A namespace that the policy names does not exist.
    pub const NAMESPACE_NOT_FOUND: &str = "NamespaceNotFound";
    /// The metrics source cannot be read.
    pub const METRICS_UNAVAILABLE: &str = "MetricsUnavailable";
    /// The newest usage data is too old to be used.
    pub const METRICS_STALE: &str = "MetricsStale";
    /// Usage data is available and fresh.
    pub const METRICS_FRESH: &str = "MetricsFresh";
    /// All series that are used belong to pods of this cluster.
    pub const METRICS_UNAMBIGUOUS: &str = "MetricsUnambiguous";
    /// The metrics source contains series of another cluster, which are ignored.
    pub const FOREIGN_SERIES: &str = "ForeignSeries";
    /// kube-state-metrics is scraped by a job that does not honour labels.
    pub const LABELS_NOT_HONORED: &str = "LabelsNotHonored";
    /// A kind that is required for decisions cannot be watched.
    pub const WORLD_INCOMPLETE: &str = "WorldIncomplete";
    /// All prices come from a price book or the built-in table.
    pub const PRICES_KNOWN: &str = "PricesKnown";
    /// The prices of some nodes are estimates.
    pub const NODE_TYPE_UNKNOWN: &str = "NodeTypeUnknown";
    /// No other policy selects these workloads.
    pub const NO_OVERLAP: &str = "NoOverlap";
    /// Another policy takes precedence for some workloads.
    pub const PRECEDENCE_LOST: &str = "PrecedenceLost";
    /// This policy takes precedence for workloads that other policies select too.
    pub const PRECEDENCE_WON: &str = "PrecedenceWon";
    /// A container named in the policy or in an annotation does not exist in any of the workloads concerned.
    pub const CONTAINER_NOT_FOUND: &str = "ContainerNotFound";
    /// An annotation of a workload or a namespace begins with `trimtab.dev/`, but Trimtab does not read it there.
    pub const UNKNOWN_ANNOTATION: &str = "UnknownAnnotation";
    /// All entries of a price book are valid.
    pub const ACCEPTED: &str = "Accepted";
    /// An entry of a price book is not valid.
    pub const INVALID_ENTRY: &str = "InvalidEntry";
    /// A usage profile is up to date.
    pub const RECORDING: &str = "Recording";
    /// The stored history of a usage profile cannot be read. Recording starts again from the beginning.
    pub const HISTORY_UNREADABLE: &str = "HistoryUnreadable";
    /// Changes could not be written to the Kubernetes API.
    pub const WRITE_FAILED: &str = "WriteFailed";
}

/// Reasons of `Ready` on a Recommendation.
pub mod recommendation {
    /// It waits for approval.
    pub const PENDING_APPROVAL: &str = "PendingApproval";
    /// The workload does not exist.
    pub const TARGET_NOT_FOUND: &str = "TargetNotFound";
    /// The proposal cannot be applied to the workload.
    pub const INVALID_PROPOSAL: &str = "InvalidProposal";
    /// A newer proposal has replaced it.
    pub const SUPERSEDED: &str = "Superseded";
    /// A person rejected it.
    pub const REJECTED: &str = "Rejected";
    /// It is approved, but gates keep it from starting.
    pub const BLOCKED: &str = "Blocked";
    /// Pods are being resized.
    pub const ROLLING_OUT: &str = "RollingOut";
    /// Pods with the new size are being watched.
    pub const VERIFYING: &str = "Verifying";
    /// The rollout is paused for a cause that has no reason of its own.
    pub const PAUSED: &str = "Paused";
    /// The former values are being restored.
    pub const ROLLING_BACK: &str = "RollingBack";
    /// All pods have the new size.
    pub const APPLIED: &str = "Applied";
    /// It was applied, and new pods no longer get the new size.
    pub const SIZE_NOT_DELIVERED: &str = "SizeNotDelivered";
    /// The former values were restored.
    pub const ROLLED_BACK: &str = "RolledBack";
    /// Paused: approvals cannot be trusted, because the admission policy that guards them is not in force.
    pub const APPROVAL_GUARD_MISSING: &str = "ApprovalGuardMissing";
    /// Paused: the admission policy that guards approvals is that of an earlier release.
    pub const APPROVAL_GUARD_OUTDATED: &str = "ApprovalGuardOutdated";
    /// Paused, or without effect: the decision may not have been made under that admission policy.
    pub const APPROVAL_NOT_PROVEN: &str = "ApprovalNotProven";
    /// Paused: the emergency stop is on.
    pub const HALTED: &str = "Halted";
    /// Paused: a check cannot determine whether the workload is worse than before.
    pub const CHECKS_INCONCLUSIVE: &str = "ChecksInconclusive";
    /// Paused, or kept from starting: pods have sizes that the rollout does not know.
    pub const PODS_DIFFER: &str = "PodsDiffer";
    /// Paused, or kept from starting: there are no pods.
    pub const NO_PODS: &str = "NoPods";
    /// Paused: a disruption budget does not allow a pod to be evicted.
    pub const NO_DISRUPTION_BUDGET: &str = "NoDisruptionBudget";
    /// Paused: the API server does not answer.
    pub const NO_ANSWER: &str = "NoAnswer";
    /// Paused: Trimtab lacks a permission.
    pub const FORBIDDEN: &str = "Forbidden";
    /// Paused: the API server rejected a required write.
    pub const WRITE_REFUSED: &str = "WriteRefused";
    /// Paused: the former values currently cannot be restored.
    pub const UNDO_BLOCKED: &str = "UndoBlocked";
    /// Paused: `status.rollout` is inconsistent.
    pub const ROLLOUT_UNREADABLE: &str = "RolloutUnreadable";
    /// Undone: the approval was removed.
    pub const APPROVAL_WITHDRAWN: &str = "ApprovalWithdrawn";
    /// Undone: the proposal was changed.
    pub const PROPOSAL_CHANGED: &str = "ProposalChanged";
    /// Undone: somebody else changed the workload's pod template.
    pub const TEMPLATE_CHANGED: &str = "TemplateChanged";
    /// Undone: a check found the workload worse than before.
    pub const CHECKS_FAILED: &str = "ChecksFailed";
    /// Undone: a node cannot resize a pod.
    pub const RESIZE_INFEASIBLE: &str = "ResizeInfeasible";
    /// Undone: the API server rejected the new size of a pod.
    pub const RESIZE_REFUSED: &str = "ResizeRefused";
    /// Undone, or paused before the next attempt: something else sets the size of a pod back.
    pub const RESIZE_SET_BACK: &str = "ResizeSetBack";
    /// Undone: the API server rejected the change that makes the new size permanent.
    pub const DELIVERY_REFUSED: &str = "DeliveryRefused";
    /// Undone: the workload's controller cannot create pods with the new size.
    pub const PODS_REFUSED: &str = "PodsRefused";
    /// Undone: its policy was deleted.
    pub const POLICY_DELETED: &str = "PolicyDeleted";
    /// Undone: the Recommendation is being deleted.
    pub const DELETED: &str = "Deleted";
}

/// Reasons of `Ready` on a RemediationAction, and of its undo, that a Recommendation does not have.
pub mod remediation {
    /// It was a dry run: the plan is shown, and nothing was changed.
    pub const PLANNED: &str = "Planned";
    /// Its requests are being sent.
    pub const RUNNING: &str = "Running";
    /// What was changed is being undone.
    pub const UNDOING: &str = "Undoing";
    /// All steps are done.
    pub const SUCCEEDED: &str = "Succeeded";
    /// A step failed, and what was done stays.
    pub const FAILED: &str = "Failed";
    /// What was done was undone.
    pub const UNDONE: &str = "Undone";
    /// A part of what was done was not undone, because somebody else has changed it since.
    pub const UNDO_REFUSED: &str = "UndoRefused";
    /// It was refused or rejected.
    pub const REFUSED: &str = "Refused";
    /// It was cancelled. Also why it is undone.
    pub const CANCELLED: &str = "Cancelled";
    /// It did not start in time.
    pub const EXPIRED: &str = "Expired";
    /// Paused: the status of the action contradicts itself.
    pub const STATUS_UNREADABLE: &str = "StatusUnreadable";
    /// Paused: the plan of a step differs from the one that was approved.
    pub const PLAN_CHANGED: &str = "PlanChanged";
    /// Undone: its time is over.
    pub const UNDO_DUE: &str = "UndoDue";
    /// Undone: somebody asked for it.
    pub const UNDO_REQUESTED: &str = "UndoRequested";
    /// Undone: the outcome of a step did not hold in time.
    pub const TIMED_OUT: &str = "TimedOut";
    /// Undone: somebody else changed the same field.
    pub const FIELD_CHANGED: &str = "FieldChanged";
    /// Undone: the target was deleted or replaced.
    pub const TARGET_GONE: &str = "TargetGone";
    /// Undone: the API server refused a request.
    pub const REQUEST_REFUSED: &str = "RequestRefused";
    /// Undone: it is not known whether a request took effect.
    pub const OUTCOME_UNKNOWN: &str = "OutcomeUnknown";
    /// Undone: somebody lets new pods onto the node that is being drained.
    pub const UNCORDONED: &str = "Uncordoned";
    /// Undone: pods cannot be evicted.
    pub const EVICTION_BLOCKED: &str = "EvictionBlocked";
}

/// Whether messages about `reason` lead to its runbook, because it requires action. Other reasons do not: all is well,
/// the state is intended, or the message contains everything.
pub fn has_runbook(reason: &str) -> bool {
    use {reasons as r, recommendation as rec};
    const ASKING: [&str; 42] = [
        r::EMPTY_SELECTOR,
        r::INVALID_SPEC,
        r::NO_WORKLOADS,
        r::NAMESPACE_NOT_FOUND,
        r::METRICS_UNAVAILABLE,
        r::METRICS_STALE,
        r::FOREIGN_SERIES,
        r::LABELS_NOT_HONORED,
        r::WORLD_INCOMPLETE,
        r::NODE_TYPE_UNKNOWN,
        r::PRECEDENCE_LOST,
        r::CONTAINER_NOT_FOUND,
        r::UNKNOWN_ANNOTATION,
        r::INVALID_ENTRY,
        r::HISTORY_UNREADABLE,
        r::WRITE_FAILED,
        rec::BLOCKED,
        rec::PAUSED,
        rec::SIZE_NOT_DELIVERED,
        rec::ROLLED_BACK,
        rec::APPROVAL_GUARD_MISSING,
        rec::APPROVAL_GUARD_OUTDATED,
        rec::APPROVAL_NOT_PROVEN,
        rec::HALTED,
        rec::CHECKS_INCONCLUSIVE,
        rec::PODS_DIFFER,
        rec::NO_PODS,
        rec::NO_DISRUPTION_BUDGET,
        rec::NO_ANSWER,
        rec::FORBIDDEN,
        rec::WRITE_REFUSED,
        rec::UNDO_BLOCKED,
        rec::ROLLOUT_UNREADABLE,
        rec::APPROVAL_WITHDRAWN,
        rec::PROPOSAL_CHANGED,
        rec::TEMPLATE_CHANGED,
        rec::CHECKS_FAILED,
        rec::RESIZE_INFEASIBLE,
        rec::RESIZE_REFUSED,
        rec::RESIZE_SET_BACK,
        rec::DELIVERY_REFUSED,
        rec::PODS_REFUSED,
    ];
    ASKING.contains(&reason)
}
