//! Condition types and the reasons that each can carry: one constant each, so that code, docs and alerts agree.
//!
//! Conditions are a list map by `type`, carry `observedGeneration` and a non-empty CamelCase `reason`, and are written at
//! the first visit. Merging them is the work of `trimtab-core`.

/// Condition types.
pub mod types {
    /// The object does what it is for. Its reason is the one word that people read.
    pub const READY: &str = "Ready";
    /// A bounded object has done what it is for; unknown until it has been decided on and carried out.
    pub const SUCCEEDED: &str = "Succeeded";
    /// Work is under way or will be retried.
    pub const RECONCILING: &str = "Reconciling";
    /// Only a person can bring this forward: the spec is wrong.
    pub const STALLED: &str = "Stalled";
    /// Usage data can be read and is fresh.
    pub const METRICS_AVAILABLE: &str = "MetricsAvailable";
    /// Some series of the usage source are not of this cluster, or do not say plainly whose they are.
    pub const METRICS_AMBIGUOUS: &str = "MetricsAmbiguous";
    /// Prices of some nodes are stated estimates.
    pub const PRICES_ESTIMATED: &str = "PricesEstimated";
    /// Another policy selects some of the same workloads.
    pub const OVERLAPPING: &str = "Overlapping";
    /// A name that the policy or an annotation gives matches nothing. Absent where all names match.
    pub const NAMES_UNMATCHED: &str = "NamesUnmatched";
}

/// Reasons of `Ready` and the others on an OptimizationPolicy, a UsageProfile and a PriceBook.
pub mod reasons {
    /// All selected workloads were looked at.
    pub const ANALYZED: &str = "Analyzed";
    /// The first pass is under way.
    pub const ANALYZING: &str = "Analyzing";
    /// The policy is suspended: its recommendations stay as they are.
    pub const SUSPENDED: &str = "Suspended";
    /// A selector is empty. An empty selector never means everything.
    pub const EMPTY_SELECTOR: &str = "EmptySelector";
    /// Fields of the spec contradict each other.
    pub const INVALID_SPEC: &str = "InvalidSpec";
    /// No workload is selected.
    pub const NO_WORKLOADS: &str = "NoWorkloads";
    /// A namespace that the policy names does not exist.
    pub const NAMESPACE_NOT_FOUND: &str = "NamespaceNotFound";
    /// The usage source cannot be read.
    pub const METRICS_UNAVAILABLE: &str = "MetricsUnavailable";
    /// The newest usage data is too old to decide on.
    pub const METRICS_STALE: &str = "MetricsStale";
    /// Usage data is read and fresh.
    pub const METRICS_FRESH: &str = "MetricsFresh";
    /// Every series that is read belongs to a pod of this cluster.
    pub const METRICS_UNAMBIGUOUS: &str = "MetricsUnambiguous";
    /// The usage source holds series of another cluster, which are left out.
    pub const FOREIGN_SERIES: &str = "ForeignSeries";
    /// kube-state-metrics is scraped by a job that does not honour labels.
    pub const LABELS_NOT_HONORED: &str = "LabelsNotHonored";
    /// A kind that decisions need cannot be watched.
    pub const WORLD_INCOMPLETE: &str = "WorldIncomplete";
    /// Every price came from a price book or the built-in table.
    pub const PRICES_KNOWN: &str = "PricesKnown";
    /// Some nodes are priced by a stated estimate.
    pub const NODE_TYPE_UNKNOWN: &str = "NodeTypeUnknown";
    /// Nothing else selects these workloads.
    pub const NO_OVERLAP: &str = "NoOverlap";
    /// Another policy takes precedence for some workloads.
    pub const PRECEDENCE_LOST: &str = "PrecedenceLost";
    /// This policy takes precedence for workloads that others select too.
    pub const PRECEDENCE_WON: &str = "PrecedenceWon";
    /// A container that the policy or an annotation names is in none of the workloads that it is about.
    pub const CONTAINER_NOT_FOUND: &str = "ContainerNotFound";
    /// An annotation of a workload or a namespace begins with `trimtab.dev/` and is not one that is read there.
    pub const UNKNOWN_ANNOTATION: &str = "UnknownAnnotation";
    /// A price book whose every entry can be used.
    pub const ACCEPTED: &str = "Accepted";
    /// An entry of a price book cannot be used.
    pub const INVALID_ENTRY: &str = "InvalidEntry";
    /// A usage profile that is kept up to date.
    pub const RECORDING: &str = "Recording";
    /// A usage profile whose stored history cannot be read; recording starts anew.
    pub const HISTORY_UNREADABLE: &str = "HistoryUnreadable";
    /// Changes to the Kubernetes API could not be written.
    pub const WRITE_FAILED: &str = "WriteFailed";
}

/// Reasons of `Ready` on a Recommendation.
pub mod recommendation {
    /// It waits for somebody to approve it.
    pub const PENDING_APPROVAL: &str = "PendingApproval";
    /// The workload that it is for does not exist.
    pub const TARGET_NOT_FOUND: &str = "TargetNotFound";
    /// What it proposes cannot be applied to that workload.
    pub const INVALID_PROPOSAL: &str = "InvalidProposal";
    /// A newer proposal stands in its place.
    pub const SUPERSEDED: &str = "Superseded";
    /// Somebody decided against it.
    pub const REJECTED: &str = "Rejected";
    /// Approved, and gates keep it from starting.
    pub const BLOCKED: &str = "Blocked";
    /// Pods get the new size.
    pub const ROLLING_OUT: &str = "RollingOut";
    /// Pods with the new size are watched.
    pub const VERIFYING: &str = "Verifying";
    /// Under way, and something keeps it from going on that has no reason of its own.
    pub const PAUSED: &str = "Paused";
    /// The former values are being restored.
    pub const ROLLING_BACK: &str = "RollingBack";
    /// All pods have the new size.
    pub const APPLIED: &str = "Applied";
    /// The former values were restored.
    pub const ROLLED_BACK: &str = "RolledBack";
    /// Paused: it cannot be told which approvals are honoured, because the admission policy that guards them is not in force.
    pub const APPROVAL_GUARD_MISSING: &str = "ApprovalGuardMissing";
    /// Paused: the emergency stop is on.
    pub const HALTED: &str = "Halted";
    /// Paused: a check cannot say whether the workload is worse than before.
    pub const CHECKS_INCONCLUSIVE: &str = "ChecksInconclusive";
    /// Paused, or kept from starting: pods have other sizes than the rollout knows.
    pub const PODS_DIFFER: &str = "PodsDiffer";
    /// Paused, or kept from starting: there are no pods.
    pub const NO_PODS: &str = "NoPods";
    /// Paused: a disruption budget does not let a pod go.
    pub const NO_DISRUPTION_BUDGET: &str = "NoDisruptionBudget";
    /// Paused: the API server does not answer.
    pub const NO_ANSWER: &str = "NoAnswer";
    /// Paused: Trimtab lacks a right.
    pub const FORBIDDEN: &str = "Forbidden";
    /// Paused: the API server refused a write that the rollout cannot do without.
    pub const WRITE_REFUSED: &str = "WriteRefused";
    /// Paused: the former values cannot be restored at present.
    pub const UNDO_BLOCKED: &str = "UndoBlocked";
    /// Paused: `status.rollout` contradicts itself.
    pub const ROLLOUT_UNREADABLE: &str = "RolloutUnreadable";
    /// Undone: the approval was removed.
    pub const APPROVAL_WITHDRAWN: &str = "ApprovalWithdrawn";
    /// Undone: the proposal was changed.
    pub const PROPOSAL_CHANGED: &str = "ProposalChanged";
    /// Undone: somebody else changed the workload's pod template.
    pub const TEMPLATE_CHANGED: &str = "TemplateChanged";
    /// Undone: a check found the workload worse than before.
    pub const CHECKS_FAILED: &str = "ChecksFailed";
    /// Undone: a node cannot give a pod the new size.
    pub const RESIZE_INFEASIBLE: &str = "ResizeInfeasible";
    /// Undone: the API server does not let a pod have the new size.
    pub const RESIZE_REFUSED: &str = "ResizeRefused";
    /// Undone: the API server does not let the new size last.
    pub const DELIVERY_REFUSED: &str = "DeliveryRefused";
    /// Undone: the workload's controller cannot create pods with the new size.
    pub const PODS_REFUSED: &str = "PodsRefused";
    /// Undone: its policy was deleted.
    pub const POLICY_DELETED: &str = "PolicyDeleted";
    /// Undone: the Recommendation is being deleted.
    pub const DELETED: &str = "Deleted";
}

/// Where the pages about reasons and alerts are.
pub const RUNBOOKS: &str = "https://trimtab.dev/docs/runbooks";

/// The address of the page about `reason`, for reasons that ask something of somebody. Others have none: all is well, or it
/// was meant so, or the message itself says all there is to do.
pub fn runbook(reason: &str) -> Option<String> {
    use {reasons as r, recommendation as rec};
    const ASKING: [&str; 38] = [
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
        rec::ROLLED_BACK,
        rec::APPROVAL_GUARD_MISSING,
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
        rec::DELIVERY_REFUSED,
        rec::PODS_REFUSED,
    ];
    ASKING.contains(&reason).then(|| format!("{RUNBOOKS}/{reason}.md"))
}
