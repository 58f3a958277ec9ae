//! The label sets of all families, in the order in which they are written. Values are bounded: fixed words, names of
//! controllers and dependencies; never names of objects.
//!
//! No label has a name that Prometheus gives to what it scrapes (`namespace`, `pod`, `job`, …) or that tells clusters
//! apart (`cluster`): where both exist, Prometheus renames one of them.

use prometheus_client::encoding::EncodeLabelSet;

/// `leader_election_master_status`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct LeaderLabels {
    pub name: String,
}

/// `rest_client_requests_total`; `code` is the status or `<error>`, as in client-go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub code: String,
    pub method: String,
    pub host: String,
}

/// `rest_client_request_duration_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestDurationLabels {
    pub verb: String,
    pub host: String,
}

/// `trimtab_events_total`; `result` is `published`, `failed`, `limited` or `dropped`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EventLabels {
    pub controller: String,
    pub result: &'static str,
}

/// Families with one series per controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ControllerLabels {
    pub controller: &'static str,
}

/// `controller_runtime_reconcile_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabels {
    pub controller: &'static str,
    pub result: &'static str,
}

/// `workqueue_*`: both labels carry the controller's name, as in controller-runtime.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct QueueLabels {
    pub name: &'static str,
    pub controller: &'static str,
}

/// `trimtab_errors_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ErrorLabels {
    pub component: &'static str,
    pub operation: &'static str,
    pub class: &'static str,
    pub severity: &'static str,
}

/// Families about something outside: `kubernetes`, `prometheus`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DependencyLabels {
    pub dependency: String,
}

impl DependencyLabels {
    pub(crate) fn new(dependency: &str) -> Self {
        Self { dependency: dependency.to_owned() }
    }
}

/// `trimtab_recommendations_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RecommendationLabels {
    pub r#type: &'static str,
    pub result: &'static str,
}

/// `trimtab_source_*_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabels {
    pub source: String,
}
