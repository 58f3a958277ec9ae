//! What Trimtab's account has to be allowed, by feature, and which policies ask for a feature.
//!
//! In: policies, Recommendations, and permissions that were found missing. Out: words. Pure. The table is that of the chart's
//! roles and of `deploy/rbac.yaml`: a test compares them.

use std::{borrow::Cow, collections::BTreeMap};

use trimtab_api::{
    OptimizationPolicy, Recommendation, approval::Decision, delivery::DeliveryMode, rollout_strategy::IfInfeasible,
};

use crate::{carried::rollout, words};

/// What Trimtab can be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Read the cluster, propose, and record decisions.
    Recommend,
    /// Resize running pods in place.
    Resize,
    /// Evict pods that cannot be resized.
    Evict,
    /// Patch the templates of workloads.
    Template,
    /// Give new pods their sizes by admission.
    Admission,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Recommend, Self::Resize, Self::Evict, Self::Template, Self::Admission];

    /// Its name, as the values of the chart have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recommend => "recommend",
            Self::Resize => "resize",
            Self::Evict => "evict",
            Self::Template => "template",
            Self::Admission => "admission",
        }
    }

    /// What Trimtab does not do without it.
    pub(super) fn without(self) -> &'static str {
        match self {
            Self::Recommend => "Trimtab cannot read what it decides on, or not write what it proposes",
            Self::Resize => "approved changes are not applied to running pods",
            Self::Evict => "pods that cannot be resized are not evicted",
            Self::Template => "templates of workloads are not patched",
            Self::Admission => "new pods do not get their sizes by admission",
        }
    }

    /// The policies that ask for it by name.
    pub(super) fn asked_by(self, policies: &[OptimizationPolicy]) -> Vec<&str> {
        let asks = |policy: &&OptimizationPolicy| {
            let spec = &policy.spec;
            match self {
                Self::Recommend => true,
                Self::Resize => spec.auto_approve.is_some(),
                Self::Evict => spec.rollout_strategy.if_infeasible == IfInfeasible::Evict,
                Self::Template => spec.delivery.mode == DeliveryMode::Template,
                Self::Admission => spec.delivery.mode == DeliveryMode::Admission,
            }
        };
        policies.iter().filter(asks).filter_map(|policy| policy.metadata.name.as_deref()).collect()
    }

    /// The Recommendations whose rollout needs it: it is under way, or was approved and has not begun.
    pub(super) fn needed_by(self, recommendations: &[Recommendation]) -> Vec<String> {
        let needs = |rec: &&Recommendation| match rollout(rec).filter(|rollout| rollout.is_under_way()) {
            Some(rollout) => match self {
                Self::Recommend | Self::Resize => true,
                Self::Evict => false,
                Self::Template => rollout.delivery == DeliveryMode::Template,
                Self::Admission => rollout.delivery == DeliveryMode::Admission,
            },
            None => self == Self::Resize && is_to_begin(rec),
        };
        recommendations.iter().filter(needs).map(words::full_name).collect()
    }
}

/// Whether an approval is honoured whose proposal has not been rolled out.
fn is_to_begin(rec: &Recommendation) -> bool {
    let approval = rec.status.as_ref().and_then(|status| status.approval.as_ref());
    approval.is_some_and(|approval| {
        let is_new = rollout(rec).is_none_or(|rollout| rollout.proposal_digest != approval.proposal_digest);
        approval.decision == Decision::Approved && is_new
    })
}

/// One permission that a feature takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The feature.
    pub feature: Feature,
    /// The verb.
    pub verb: &'static str,
    /// The API group.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/resize`.
    pub resource: &'static str,
    /// The one object that it is about.
    pub name: Option<Cow<'static, str>>,
    /// Whether it is about Trimtab's namespace alone.
    pub own: bool,
}

/// Permissions of a feature: each verb on each resource.
type Rule = (Feature, &'static str, &'static [&'static str], &'static [&'static str]);

const KINDS: &str = "trimtab.dev";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// In the whole cluster.
const RULES: &[Rule] = &[
    (Feature::Recommend, "", &["namespaces", "nodes", "pods", "resourcequotas", "limitranges"], &["list", "watch"]),
    (Feature::Recommend, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"], &["list", "watch"]),
    (Feature::Recommend, "batch", &["jobs", "cronjobs"], &["list", "watch"]),
    (Feature::Recommend, "autoscaling", &["horizontalpodautoscalers"], &["list", "watch"]),
    (Feature::Recommend, "policy", &["poddisruptionbudgets"], &["list", "watch"]),
    (Feature::Recommend, "autoscaling.k8s.io", &["verticalpodautoscalers"], &["list", "watch"]),
    (Feature::Recommend, "argoproj.io", &["rollouts"], &["list", "watch"]),
    (Feature::Recommend, "metrics.k8s.io", &["pods"], &["list"]),
    (Feature::Recommend, KINDS, &["optimizationpolicies", "pricebooks"], &["list", "watch"]),
    (Feature::Recommend, KINDS, &["optimizationpolicies/status", "pricebooks/status"], &["patch"]),
    (Feature::Recommend, KINDS, &["recommendations"], &["list", "watch", "create", "patch", "delete"]),
    (Feature::Recommend, KINDS, &["usageprofiles"], &["list", "create", "patch", "delete"]),
    (Feature::Recommend, KINDS, &["recommendations/status", "usageprofiles/status"], &["patch"]),
    (Feature::Recommend, KINDS, &["appliedsizes"], &["list", "watch", "create", "patch"]),
    (
        Feature::Recommend,
        ADMISSION,
        &["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
        &["list", "watch"],
    ),
    (Feature::Recommend, "events.k8s.io", &["events"], &["create", "patch"]),
    (Feature::Resize, "", &["pods/resize"], &["patch"]),
    (Feature::Evict, "", &["pods/eviction"], &["create"]),
    (Feature::Template, "apps", &["deployments", "statefulsets", "daemonsets"], &["get", "patch"]),
    (Feature::Template, "batch", &["cronjobs"], &["get", "patch"]),
    (
        Feature::Admission,
        ADMISSION,
        &["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"],
        &["list", "watch"],
    ),
    (Feature::Admission, "events.k8s.io", &["events"], &["list", "watch"]),
];

/// The CRDs, each of which is read by its name.
const CRDS: [&str; 5] = [
    "appliedsizes.trimtab.dev",
    "optimizationpolicies.trimtab.dev",
    "pricebooks.trimtab.dev",
    "recommendations.trimtab.dev",
    "usageprofiles.trimtab.dev",
];

/// A permission of its own: verb, group, resource, name.
type Own = (&'static str, &'static str, &'static str, Option<&'static str>);

/// In Trimtab's namespace. The Secret for Prometheus is read only where a flag names it ([`of_secret`]).
const OWN: [Own; 4] = [
    ("create", "coordination.k8s.io", "leases", None),
    ("get", "coordination.k8s.io", "leases", Some("trimtab-controller")),
    ("patch", "coordination.k8s.io", "leases", Some("trimtab-controller")),
    ("get", "", "configmaps", Some("trimtab-halt")),
];

/// All of them.
pub fn needed() -> Vec<Needed> {
    let everywhere = RULES.iter().flat_map(|&(feature, group, resources, verbs)| {
        let each = move |&resource: &&'static str| {
            verbs.iter().map(move |&verb| Needed { feature, verb, group, resource, name: None, own: false })
        };
        resources.iter().flat_map(each)
    });
    let recommend = |(verb, group, resource, name): Own, own| Needed {
        feature: Feature::Recommend,
        verb,
        group,
        resource,
        name: name.map(Cow::Borrowed),
        own,
    };
    let crds = CRDS
        .into_iter()
        .map(|name| recommend(("get", "apiextensions.k8s.io", "customresourcedefinitions", Some(name)), false));
    everywhere.chain(crds).chain(OWN.into_iter().map(|own| recommend(own, true))).collect()
}

/// What it takes to read the Secret with credentials for Prometheus.
pub fn of_secret(name: &str) -> Needed {
    let name = Some(Cow::Owned(name.to_owned()));
    Needed { feature: Feature::Recommend, verb: "get", group: "", resource: "secrets", name, own: true }
}

/// These permissions, the verbs on a resource together: `list, watch nodes; patch pods/resize`.
pub(super) fn text(missing: &[&Needed], own: &str) -> String {
    let mut by_resource: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for needed in missing {
        let group = if needed.group.is_empty() { String::new() } else { format!(".{}", needed.group) };
        let name = needed.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        let place = if needed.own { format!(" in namespace {own}") } else { String::new() };
        by_resource.entry(format!("{}{group}{name}{place}", needed.resource)).or_default().push(needed.verb);
    }
    let each = by_resource.iter().map(|(resource, verbs)| format!("{} {resource}", verbs.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
