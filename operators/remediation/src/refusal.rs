//! Why a step is not planned.
//!
//! In: a reason with objects and values. Out: the closed gate that the status lists.

use trimtab_api::gates::ClosedGate;
use trimtab_engine::gate::closed;

/// The gate that is closed while the action has no plan.
pub const GATE: &str = "Plan";

/// Why a step is not planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the step.
    pub step: String,
    /// Why, in one CamelCase word.
    pub reason: &'static str,
    /// Why, with objects and values, and what to do.
    pub message: String,
    /// Whether nothing in the cluster can change it: the action is refused for good.
    pub is_final: bool,
}

impl Refusal {
    /// A refusal that a change in the cluster may lift.
    pub(crate) fn now(reason: &'static str, message: impl Into<String>) -> Self {
        Self { step: String::new(), reason, message: message.into(), is_final: false }
    }

    /// A refusal for good.
    pub(crate) fn for_good(reason: &'static str, message: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::now(reason, message) }
    }

    /// The same, of this step.
    pub(crate) fn of(self, step: &str) -> Self {
        Self { step: step.to_owned(), ..self }
    }

    /// The gate as the status lists it.
    pub fn gate(&self) -> ClosedGate {
        closed(GATE, self.reason, &format!("step {}: {}", self.step, self.message))
    }
}

/// The target does not exist.
pub const TARGET_NOT_FOUND: &str = "TargetNotFound";
/// The target was created again.
pub const TARGET_REPLACED: &str = "TargetReplaced";
/// The target is being deleted.
pub const TARGET_TERMINATING: &str = "TargetTerminating";
/// The target could not be read.
pub const TARGET_UNREADABLE: &str = "TargetUnreadable";
/// The action is not for targets of this kind.
pub const KIND_NOT_ACCEPTED: &str = "KindNotAccepted";
/// There is no such action, or this version cannot do it.
pub const UNKNOWN_ACTION: &str = "UnknownAction";
/// A parameter is missing.
pub const NO_PARAMETERS: &str = "NoParameters";
/// The action is for objects without a namespace, and was not created in Trimtab's own.
pub const WRONG_NAMESPACE: &str = "WrongNamespace";
/// It cannot be undone, and nobody has accepted that.
pub const NOT_ACCEPTED: &str = "IrreversibleNotAccepted";
/// The risk is higher than the action allows.
pub const RISK_TOO_HIGH: &str = "RiskTooHigh";
/// An autoscaler owns the number of replicas.
pub const HPA_OWNS_REPLICAS: &str = "HpaOwnsReplicas";
/// A controller owns the target.
pub const OWNED_BY_CONTROLLER: &str = "OwnedByController";
/// A quota has no room.
pub const NO_QUOTA: &str = "NoQuota";
/// Too few nodes would stay.
pub const NOT_ENOUGH_NODES: &str = "NotEnoughNodes";
/// A pod needs a flag that is not set.
pub const FLAG_NEEDED: &str = "FlagNeeded";
/// The plan has more pods than one action may evict.
pub const TOO_MANY_PODS: &str = "TooManyPods";
/// A budget never lets pods go.
pub const EVICTION_BLOCKED: &str = trimtab_api::conditions::remediation::EVICTION_BLOCKED;
/// A selector is empty.
pub const EMPTY_SELECTOR: &str = "EmptySelector";
