//! The check of who may approve: the verb `approve` is for those whom somebody named, and not for all who may deploy.
//!
//! In: the roles of the cluster and of its namespaces, what binds them, and the groups that hold the verb. Out: a line. Pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use trimtab_core::text::first_of;

use super::{Line, NAMED, checks::APPLY_POLICIES};
use crate::health::Read;

const CHECK: &str = "Approvers";
const APPROVER: &str = "trimtab-approver";
/// The label by which a role is added to a built-in one.
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";
/// Roles that are not for approving. Built-in ones are sums of others.
const OURS: [&str; 2] = ["trimtab-viewer", "trimtab-editor"];
const BUILT_IN: [&str; 3] = ["view", "edit", "admin"];

/// The groups that everybody is in, or every pod.
pub const GROUPS: [&str; 3] = ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"];
/// The group of every pod of a namespace begins with it.
const ACCOUNTS_OF: &str = "system:serviceaccounts:";
/// What an approval takes: verb, group, resource.
pub const APPROVE: [&str; 3] = ["approve", "trimtab.dev", "recommendations"];

/// Who may approve.
#[derive(Clone, Debug, PartialEq)]
pub struct Approvers {
    /// All ClusterRoles, by name.
    pub roles: Read<BTreeMap<String, ClusterRole>>,
    /// The Roles of all namespaces.
    pub local: Read<Vec<Role>>,
    /// Those of [`GROUPS`] that may approve in all namespaces.
    pub groups: Read<Vec<&'static str>>,
    /// The RoleBindings of all namespaces.
    pub bindings: Read<Vec<RoleBinding>>,
    /// The ClusterRoleBindings.
    pub cluster_bindings: Read<Vec<ClusterRoleBinding>>,
}

/// A fault, and what to do about it.
type Fault = (String, String);

fn holds(words: Option<&Vec<String>>, word: &str) -> bool {
    words.into_iter().flatten().any(|one| one == word || one == "*")
}

fn grants(role: &ClusterRole) -> bool {
    allows(role.rules.as_deref())
}

/// Whether the rules of a role have the verb.
fn allows(rules: Option<&[PolicyRule]>) -> bool {
    let [verb, group, resource] = APPROVE;
    let does = |rule: &PolicyRule| {
        holds(Some(&rule.verbs), verb)
            && holds(rule.api_groups.as_ref(), group)
            && holds(rule.resources.as_ref(), resource)
    };
    rules.into_iter().flatten().any(does)
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
    let ours = OURS.into_iter().filter(|&name| granting(name)).map(|name| (wide(name), apply()));
    let causes: Vec<Fault> = added.chain(ours).collect();
    if causes.is_empty() {
        let shown = |name: &str| format!("kubectl get clusterroles -l {AGGREGATE}{name}=true shows which role adds it");
        faults.extend(BUILT_IN.into_iter().filter(|&name| granting(name)).map(|name| (wide(name), shown(name))));
    }
    faults.extend(causes);
    faults
}

/// The groups of everybody among the subjects of a binding.
fn everybody(subjects: Option<&Vec<Subject>>) -> Vec<&str> {
    let groups = subjects.into_iter().flatten().filter(|subject| subject.kind == "Group");
    let names = groups.map(|subject| subject.name.as_str());
    names.filter(|name| GROUPS.contains(name) || name.starts_with(ACCOUNTS_OF)).collect()
}

/// What is wrong with a binding of a role that grants the verb: it is for everybody. Others keep what it gives them.
fn bound(kind: &str, metadata: &ObjectMeta, subjects: Option<&Vec<Subject>>) -> Option<Fault> {
    let groups = everybody(subjects);
    if groups.is_empty() {
        return None;
    }
    let name = metadata.name.as_deref().unwrap_or_default();
    let (place, flag) = match metadata.namespace.as_deref() {
        Some(namespace) => (format!(" in namespace {namespace}"), format!(" -n {namespace}")),
        None => (String::new(), String::new()),
    };
    let (all, object) = (groups.join(" and "), kind.to_lowercase());
    let remedy = match subjects.is_some_and(|subjects| subjects.len() > groups.len()) {
        true => format!("kubectl edit {object}{flag} {name} and remove {all}"),
        false => format!("kubectl delete {object}{flag} {name}"),
    };
    Some((format!("everybody in {all} can approve{place} ({kind} {name})"), remedy))
}

/// The first of many bindings, and what shows the others.
fn told(found: &[Fault], shows: &str) -> Option<Fault> {
    let messages: Vec<String> = found.iter().map(|(message, _)| message.clone()).collect();
    let others = format!("{shows} shows the others");
    let mut remedies: Vec<&str> = found.iter().take(NAMED).map(|(_, remedy)| remedy.as_str()).collect();
    if found.len() > NAMED {
        remedies.push(&others);
    }
    (!found.is_empty()).then(|| (first_of(&messages, NAMED), remedies.join("; ")))
}

/// What is wrong with the bindings of all namespaces at once. `groups` may approve in all of them, by whatever binding.
fn of_all_namespaces(all: &[ClusterRoleBinding], groups: &[&str], roles: &BTreeMap<String, ClusterRole>) -> Vec<Fault> {
    let granting = || all.iter().filter(move |binding| roles.get(&binding.role_ref.name).is_some_and(grants));
    let of = |binding: &ClusterRoleBinding| bound("ClusterRoleBinding", &binding.metadata, binding.subjects.as_ref());
    let found: Vec<Fault> = granting().filter_map(of).collect();
    let known: Vec<&str> = granting().flat_map(|binding| everybody(binding.subjects.as_ref())).collect();
    let unknown = groups.iter().filter(|group| !known.contains(*group)).map(|group| of_group(group));
    told(&found, "kubectl get clusterrolebindings -o wide").into_iter().chain(unknown).collect()
}

/// A group that may approve by a binding that is not known.
fn of_group(group: &str) -> Fault {
    let shown = format!("kubectl get clusterrolebindings -o wide | grep {group} shows which binding to delete");
    (format!("everybody in {group} can approve"), shown)
}

/// What is wrong with the RoleBindings: of ClusterRoles, and of the Roles of their own namespaces.
fn of_namespaces(bindings: &[RoleBinding], local: &[Role], roles: &BTreeMap<String, ClusterRole>) -> Option<Fault> {
    let granting = local.iter().filter(|role| allows(role.rules.as_deref()));
    let granting: BTreeSet<_> = granting.map(|role| (&role.metadata.namespace, role.metadata.name.as_ref())).collect();
    let grants = |binding: &&RoleBinding| match binding.role_ref.kind.as_str() {
        "ClusterRole" => roles.get(&binding.role_ref.name).is_some_and(grants),
        _ => granting.contains(&(&binding.metadata.namespace, Some(&binding.role_ref.name))),
    };
    let of = |binding: &RoleBinding| bound("RoleBinding", &binding.metadata, binding.subjects.as_ref());
    let found: Vec<Fault> = bindings.iter().filter(grants).filter_map(of).collect();
    told(&found, "kubectl get rolebindings --all-namespaces -o wide")
}

pub(super) fn line(approvers: &Approvers) -> Line {
    let Approvers { roles, local, groups, bindings, cluster_bindings } = approvers;
    let mut faults = Vec::new();
    let groups_or_none = groups.as_deref().unwrap_or_default();
    let unread = [cluster_bindings.as_ref().err(), bindings.as_ref().err(), local.as_ref().err()];
    let mut open: Vec<&str> = match roles {
        Ok(roles) => {
            faults.extend(of_roles(roles));
            faults.extend(of_all_namespaces(cluster_bindings.as_deref().unwrap_or_default(), groups_or_none, roles));
            let local = local.as_deref().unwrap_or_default();
            faults.extend(of_namespaces(bindings.as_deref().unwrap_or_default(), local, roles));
            unread.into_iter().flatten().map(String::as_str).collect()
        }
        Err(why) => {
            faults.extend(groups_or_none.iter().map(|group| of_group(group)));
            vec![why.as_str()]
        }
    };
    open.extend(groups.as_ref().err().map(String::as_str));
    let said: Vec<&str> = faults.iter().map(|(message, _)| message.as_str()).collect();
    let mut remedies: Vec<&str> = Vec::new();
    for (_, remedy) in &faults {
        if !remedies.contains(&remedy.as_str()) {
            remedies.push(remedy);
        }
    }
    if !faults.is_empty() {
        Line::warning(CHECK, said.join("; "), remedies.join("; "))
    } else if !open.is_empty() {
        Line::not_checked(CHECK, open.join("; "))
    } else {
        Line::ok(CHECK, format!("only who has {APPROVER}, or a role of your own with that verb"))
    }
}

#[cfg(test)]
#[path = "approvers_tests.rs"]
mod tests;
