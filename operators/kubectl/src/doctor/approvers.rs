//! The check of who may approve: the verb `approve` is for those whom somebody named, and not for all who may deploy.
//!
//! In: the ClusterRoles that are about Recommendations, what binds them, and the groups that hold the verb. Out: a line. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, RoleBinding};
use trimtab_core::text::{count, verb};

use super::{Line, NAMED, checks::APPLY_POLICIES};
use crate::health::Read;

const CHECK: &str = "Approvers";
const APPROVER: &str = "trimtab-approver";
/// The label by which a role is added to a built-in one.
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";
/// Roles that are not for approving. Built-in ones are sums of others.
const OURS: [&str; 2] = ["trimtab-viewer", "trimtab-editor"];
const BUILT_IN: [&str; 3] = ["view", "edit", "admin"];

/// The roles that are looked at.
pub const ROLES: [&str; 6] = [APPROVER, OURS[0], OURS[1], BUILT_IN[0], BUILT_IN[1], BUILT_IN[2]];
/// The groups that everybody is in, or every pod.
pub const GROUPS: [&str; 3] = ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"];
/// What an approval takes: verb, group, resource.
pub const APPROVE: [&str; 3] = ["approve", "trimtab.dev", "recommendations"];

/// Who may approve.
#[derive(Clone, Debug, PartialEq)]
pub struct Approvers {
    /// Those of [`ROLES`] that exist, by name.
    pub roles: Read<BTreeMap<String, ClusterRole>>,
    /// Those of [`GROUPS`] that may approve in all namespaces.
    pub groups: Read<Vec<&'static str>>,
    /// The RoleBindings of all namespaces.
    pub bindings: Read<Vec<RoleBinding>>,
}

/// A fault, and what to do about it.
type Fault = (String, String);

fn holds(words: Option<&Vec<String>>, word: &str) -> bool {
    words.into_iter().flatten().any(|one| one == word || one == "*")
}

/// Whether a role has the verb.
fn grants(role: &ClusterRole) -> bool {
    let [verb, group, resource] = APPROVE;
    let does = |rule: &PolicyRule| {
        holds(Some(&rule.verbs), verb)
            && holds(rule.api_groups.as_ref(), group)
            && holds(rule.resources.as_ref(), resource)
    };
    role.rules.iter().flatten().any(does)
}

/// The built-in roles that a role is added to.
fn added_to(role: &ClusterRole) -> Vec<&str> {
    let labels = role.metadata.labels.iter().flatten().filter(|(_, value)| *value == "true");
    labels.filter_map(|(label, _)| label.strip_prefix(AGGREGATE)).collect()
}

/// What is wrong with the roles. Built-in ones are sums: where the cause is known, they are not told too.
fn of_roles(roles: &BTreeMap<String, ClusterRole>) -> Vec<Fault> {
    let apply = || format!("{APPLY_POLICIES}roles.yaml, or policies.roles: true in the values of the chart");
    let approver = roles.get(APPROVER);
    let granting = |name: &str| roles.get(name).is_some_and(grants);
    let wide = |name: &str| format!("ClusterRole {name} grants approve, so everybody with it can approve");
    let mut faults: Vec<Fault> = Vec::new();
    if approver.is_none() {
        faults.push((format!("ClusterRole {APPROVER} is missing, so nobody can be made an approver by it"), apply()));
    } else if !granting(APPROVER) {
        faults.push((format!("ClusterRole {APPROVER} does not grant approve, so who has it cannot approve"), apply()));
    }
    let added = approver.map(added_to).unwrap_or_default().into_iter().map(|sum| {
        let message = format!("ClusterRole {APPROVER} is added to {sum}, so everybody with {sum} can approve");
        (message, format!("kubectl label clusterrole {APPROVER} {AGGREGATE}{sum}-"))
    });
    let ours = OURS.into_iter().filter_map(|name| granting(name).then(|| (wide(name), apply())));
    let causes: Vec<Fault> = added.chain(ours).collect();
    if causes.is_empty() {
        let shown = |name: &str| format!("kubectl get clusterroles -l {AGGREGATE}{name}=true shows which role adds it");
        faults.extend(BUILT_IN.into_iter().filter_map(|name| granting(name).then(|| (wide(name), shown(name)))));
    }
    faults.extend(causes);
    faults
}

/// The group of everybody that a RoleBinding lets approve in its namespace.
fn everybody(binding: &RoleBinding, roles: &BTreeMap<String, ClusterRole>) -> Option<&'static str> {
    let role = &binding.role_ref;
    if role.kind != "ClusterRole" || !roles.get(&role.name).is_some_and(grants) {
        return None;
    }
    let mut subjects = binding.subjects.iter().flatten().filter(|subject| subject.kind == "Group");
    subjects.find_map(|subject| GROUPS.into_iter().find(|group| *group == subject.name))
}

/// What is wrong with the RoleBindings of those roles.
fn of_bindings(bindings: &[RoleBinding], roles: &BTreeMap<String, ClusterRole>) -> Vec<Fault> {
    let of = |binding: &RoleBinding| {
        let group = everybody(binding, roles)?;
        let namespace = binding.metadata.namespace.as_deref().unwrap_or_default();
        let name = binding.metadata.name.as_deref().unwrap_or_default();
        let message = format!("everybody in {group} can approve in namespace {namespace} (RoleBinding {name})");
        Some((message, format!("kubectl delete rolebinding -n {namespace} {name}")))
    };
    let mut faults: Vec<Fault> = bindings.iter().filter_map(of).collect();
    let more = faults.len().saturating_sub(NAMED);
    faults.truncate(NAMED);
    if more > 0 {
        let message = format!("{} {} the same", count(more, "more RoleBinding"), verb(more, "does", "do"));
        faults.push((message, "kubectl get rolebindings --all-namespaces -o wide shows them".to_owned()));
    }
    faults
}

pub(super) fn line(approvers: &Approvers) -> Line {
    let (mut faults, mut open) = (Vec::new(), Vec::new());
    match (&approvers.roles, &approvers.bindings) {
        (Ok(roles), Ok(bindings)) => {
            faults.extend(of_roles(roles));
            faults.extend(of_bindings(bindings, roles));
        }
        (Ok(roles), Err(why)) => {
            faults.extend(of_roles(roles));
            open.push(why.as_str());
        }
        (Err(why), _) => open.push(why.as_str()),
    }
    match &approvers.groups {
        Ok(groups) => faults.extend(groups.iter().map(|group| {
            let shown = format!("kubectl get clusterrolebindings -o wide | grep {group} shows which binding to delete");
            (format!("everybody in {group} can approve"), shown)
        })),
        Err(why) => open.push(why),
    }
    let said: Vec<&str> = faults.iter().map(|(message, _)| message.as_str()).collect();
    match faults.first() {
        Some((_, remedy)) => Line::warning(CHECK, said.join("; "), remedy),
        None if !open.is_empty() => Line::not_checked(CHECK, open.join("; ")),
        None => Line::ok(CHECK, format!("only who has {APPROVER}, or a role of your own with that verb")),
    }
}

#[cfg(test)]
#[path = "approvers_tests.rs"]
mod tests;
