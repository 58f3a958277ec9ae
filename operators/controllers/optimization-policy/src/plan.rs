//! Which policy applies to which workload in a pass.
//!
//! In: the valid policies and the workloads of the cluster. Out: each workload with the one policy that counts for it,
//! and overlaps. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use trimtab_core::{WorkloadId, selector::Selector};
use trimtab_world::row::{NamespaceRow, WorkloadRow};

use crate::{
    precedence::by_precedence,
    validate::{Scope, ValidatedPolicy},
};

/// The assignment of a pass.
#[derive(Debug, Default)]
pub struct Plan {
    /// Policies in order of precedence.
    pub policies: Vec<ValidatedPolicy>,
    /// For each workload that any policy selects: the index of the one that counts.
    pub assigned: BTreeMap<WorkloadId, usize>,
    /// For each policy: the others that take workloads which it selects too, with how many.
    pub lost_to: Vec<BTreeMap<String, usize>>,
    /// For each policy: the others that select workloads which it takes, with how many.
    pub won_from: Vec<BTreeMap<String, usize>>,
    /// For each policy: the selected namespaces.
    pub namespaces: Vec<Vec<Arc<str>>>,
    /// For each policy: the namespaces that it names and that do not exist.
    pub missing_namespaces: Vec<Vec<String>>,
}

impl Plan {
    /// Assigns workloads to policies. `workloads_in` returns the workloads of a namespace.
    pub fn new(
        mut policies: Vec<ValidatedPolicy>,
        namespaces: &[Arc<NamespaceRow>],
        workloads_in: impl Fn(&str) -> Vec<Arc<WorkloadRow>>,
    ) -> Self {
        policies.sort_by(by_precedence);
        let mut plan = Self {
            lost_to: vec![BTreeMap::new(); policies.len()],
            won_from: vec![BTreeMap::new(); policies.len()],
            namespaces: vec![Vec::new(); policies.len()],
            missing_namespaces: vec![Vec::new(); policies.len()],
            ..Self::default()
        };
        for (index, policy) in policies.iter().enumerate() {
            if let Scope::Names(names) = &policy.scope {
                let known: BTreeSet<&str> = namespaces.iter().map(|n| &*n.name).collect();
                plan.missing_namespaces[index] =
                    names.iter().filter(|n| !known.contains(n.as_str())).cloned().collect();
            }
        }
        for namespace in namespaces {
            let selecting: Vec<usize> =
                (0..policies.len()).filter(|i| selects_namespace(&policies[*i], namespace)).collect();
            for index in &selecting {
                plan.namespaces[*index].push(namespace.name.clone());
            }
            if selecting.is_empty() {
                continue;
            }
            for workload in workloads_in(&namespace.name) {
                let mut by = selecting.iter().copied().filter(|i| selects(&policies[*i], &workload));
                let Some(winner) = by.next() else { continue };
                for loser in by {
                    *plan.lost_to[loser].entry(policies[winner].name.clone()).or_default() += 1;
                    *plan.won_from[winner].entry(policies[loser].name.clone()).or_default() += 1;
                }
                plan.assigned.insert(workload.id.clone(), winner);
            }
        }
        plan.policies = policies;
        plan
    }
}

fn selects_namespace(policy: &ValidatedPolicy, namespace: &NamespaceRow) -> bool {
    match &policy.scope {
        Scope::Names(names) => names.iter().any(|n| **n == *namespace.name),
        Scope::Selector(selector) => selector.matches(|key| namespace.labels.get(key)),
    }
}

fn selects(policy: &ValidatedPolicy, workload: &WorkloadRow) -> bool {
    let by_label = |s: &Selector| s.matches(|key| workload.labels.get(key));
    policy.kinds.contains(&workload.id.kind) && policy.workload_selector.as_ref().is_none_or(by_label)
}

#[cfg(test)]
mod tests;
