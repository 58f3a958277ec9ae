//! An action: every column of the registry.
//!
//! In: nothing. Out: the type of an entry, and a base for entries. A column that an entry leaves out gets the most
//! careful value: off, Critical, and not undone.

use trimtab_api::risk::RiskLevel;

use crate::{kinds::Kind, request::Request, right::Right};

/// The oldest Kubernetes that Trimtab supports, as the minor version.
pub const OLDEST_SERVER: u8 = 33;
/// The longest time that a temporary change may stay, in hours.
pub const LONGEST_HOURS: u8 = 24;

/// A group of actions in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Replicas, rollouts and pods of workloads.
    Workloads,
    /// Sizes, images, environment and probes.
    Template,
    /// Autoscalers, disruption budgets and quotas.
    Scaling,
    /// Jobs and CronJobs.
    Jobs,
    /// ConfigMaps and other configuration.
    Configuration,
    /// Nodes.
    Nodes,
    /// Volume claims and snapshots.
    Storage,
    /// Services, Ingresses and network policies.
    Network,
    /// Certificates and GitOps.
    Delivery,
    /// Alerts, diagnostics and messages.
    Evidence,
}

impl Family {
    /// The heading of the family in the documentation.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Workloads => "Workloads",
            Self::Template => "Size and template",
            Self::Scaling => "Scaling, budgets, quota",
            Self::Jobs => "Jobs",
            Self::Configuration => "Configuration",
            Self::Nodes => "Nodes",
            Self::Storage => "Storage",
            Self::Network => "Network",
            Self::Delivery => "Certificates and GitOps",
            Self::Evidence => "Alerts and evidence",
        }
    }
}

/// The JSON type of a parameter. Its bounds stand in the schema of the API, and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An integer.
    Integer,
    /// A string.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`, which is the default.
    Flag,
    /// A resource quantity such as `10Gi`.
    Quantity,
    /// A number or a name, or a number or a percentage.
    IntOrText,
    /// A duration such as `30m`.
    Duration,
    /// A list of strings.
    Texts,
    /// A map of strings.
    Map,
    /// An object with fields of its own.
    Object,
    /// A list of such objects.
    Objects,
}

/// A parameter of an action: a field of the member of a step that is named after the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name of the field, in camelCase.
    pub name: &'static str,
    /// Its type.
    pub shape: Shape,
    /// Whether it must be set.
    pub required: bool,
}

/// A parameter that must be set.
#[must_use]
pub const fn required(name: &'static str, shape: Shape) -> Param {
    Param { name, shape, required: true }
}

/// A parameter that may be left out.
#[must_use]
pub const fn optional(name: &'static str, shape: Shape) -> Param {
    Param { name, shape, required: false }
}

/// What an action may be aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Objects of these kinds.
    Kinds(&'static [Kind]),
    /// Objects of these kinds, and of any kind with a scale subresource that the installer names.
    Scalable(&'static [Kind]),
    /// Objects of the kinds that the installer names.
    Chosen,
}

impl Targets {
    /// The kinds that need nobody to name them.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Kinds(kinds) | Self::Scalable(kinds) => kinds,
            Self::Chosen => &[],
        }
    }
}

/// Where the target of an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the namespace of the RemediationAction.
    Namespace,
    /// In no namespace. Such an action is only accepted in Trimtab's own namespace.
    Cluster,
}

/// What an undo restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Everything that the action changed. The text says how.
    Exact(&'static str),
    /// A part. The text says what is restored and what is not, and is shown before anybody approves.
    Partial(&'static str),
    /// Nothing: what was done cannot be undone. Unless it is `harmless`, a RemediationAction must say that it accepts
    /// this.
    None {
        /// Whether it is accepted without saying so: the cluster itself replaces what the action took away.
        harmless: bool,
    },
    /// There is nothing to undo: the action changes no state that anybody depends on.
    Nothing,
}

/// A case in which an action is riskier than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskCase {
    /// The name of the risk factor, in CamelCase.
    pub reason: &'static str,
    /// The risk in this case.
    pub level: RiskLevel,
    /// When it applies, as the end of a sentence that begins with the level.
    pub when: &'static str,
}

/// The least risk of an action. Facts about the target can only raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The risk where no case applies.
    pub floor: RiskLevel,
    /// Cases that are riskier. The highest that applies counts.
    pub cases: &'static [RiskCase],
}

impl Risk {
    /// The same risk in every case.
    #[must_use]
    pub const fn always(floor: RiskLevel) -> Self {
        Self { floor, cases: &[] }
    }

    /// The highest risk of all cases.
    #[must_use]
    pub fn highest(self) -> RiskLevel {
        self.cases.iter().map(|case| case.level).fold(self.floor, RiskLevel::max)
    }
}

/// Whether an action is available where nobody chose otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is on.
    On,
    /// It is on, although a case of it is Critical. The text says why.
    OnDespite(&'static str),
    /// It is off: its role is not installed. The text says why.
    Off(&'static str),
}

/// An entry of the registry. What holds for every action is not repeated in entries: the target is found by uid, the
/// requester is allowed to send each request, the server has tried each request without storing it, and the namespaces
/// of the system are out of reach.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// The name, in CamelCase. It never changes its meaning.
    pub name: &'static str,
    /// The group in which it is documented.
    pub family: Family,
    /// What it does, as one sentence.
    pub summary: &'static str,
    /// Its parameters. Without any, a step has no member for it.
    pub params: &'static [Param],
    /// What it may be aimed at.
    pub targets: Targets,
    /// Where its target is.
    pub scope: Scope,
    /// What it writes, in this order, and what its undo writes where that is something else.
    pub requests: &'static [Request],
    /// What Trimtab must be allowed to do for it, beyond what it watches anyway.
    pub rights: &'static [Right],
    /// What an undo restores.
    pub undo: Undo,
    /// If the change is temporary, the most hours after which it is undone by itself.
    pub temporary_hours: Option<u8>,
    /// Its least risk.
    pub risk: Risk,
    /// What must hold before it starts, each as one sentence.
    pub preconditions: &'static [&'static str],
    /// What must hold when it has ended, as one sentence.
    pub outcome: &'static str,
    /// The oldest Kubernetes on which it works, as the minor version.
    pub least_server: u8,
    /// The version of this entry. It grows when parameters, requests or outcome change.
    pub version: u8,
    /// Whether it is available where nobody chose otherwise.
    pub standing: Standing,
}

impl Action {
    /// What entries are made from.
    pub(crate) const BASE: Self = Self {
        name: "",
        family: Family::Workloads,
        summary: "",
        params: &[],
        targets: Targets::Kinds(&[]),
        scope: Scope::Namespace,
        requests: &[],
        rights: &[],
        undo: Undo::None { harmless: false },
        temporary_hours: None,
        risk: Risk::always(RiskLevel::Critical),
        preconditions: &[],
        outcome: "",
        least_server: OLDEST_SERVER,
        version: 1,
        standing: Standing::Off(""),
    };

    /// Whether it is available where nobody chose otherwise.
    #[must_use]
    pub fn is_on_by_default(&self) -> bool {
        !matches!(self.standing, Standing::Off(_))
    }

    /// Whether a RemediationAction must say that it accepts that this cannot be undone.
    #[must_use]
    pub fn must_be_accepted(&self) -> bool {
        self.undo == Undo::None { harmless: false }
    }

    /// The name of the member of a step that has its parameters (`scaleWorkload`). `None` if it has no parameters.
    #[must_use]
    pub fn member(&self) -> Option<String> {
        let mut letters = self.name.chars();
        let first = letters.next().filter(|_| !self.params.is_empty())?;
        Some(first.to_ascii_lowercase().to_string() + letters.as_str())
    }
}
