//! Rollouts that have no template of their own and take that of a Deployment.
//!
//! In: rows as they arrive, in any order. Out: the Rollout's row has the Deployment's template, and the Deployment's
//! row names the Rollout that uses it.

use std::{collections::BTreeSet, sync::Arc};

use trimtab_core::WorkloadKind;

use super::WorkloadRow;
use crate::tables::{Space, Tables};

/// Carries over into a new row of the same workload what came from another one.
pub(super) fn carry_over(old: &WorkloadRow, row: &mut WorkloadRow) {
    row.template_for.clone_from(&old.template_for);
    if row.template_from.is_some() && row.template_from == old.template_from {
        row.template = old.template.clone();
        row.resource_managers.clone_from(&old.resource_managers);
    }
}

/// The Deployments whose links may have changed with these rows.
pub(super) fn lenders<'a>(rows: impl IntoIterator<Item = &'a WorkloadRow>) -> BTreeSet<Arc<str>> {
    let lender = |row: &WorkloadRow| match row.id.kind {
        WorkloadKind::Deployment => Some(row.id.name.clone()),
        WorkloadKind::Rollout => row.template_from.clone(),
        _ => None,
    };
    rows.into_iter().filter_map(lender).collect()
}

impl Space {
    fn borrowers(&self, deployment: &str) -> Vec<Arc<str>> {
        let first = (WorkloadKind::Rollout, Arc::from(""));
        let rollouts = self.workloads.range(first..).take_while(|((kind, _), _)| *kind == WorkloadKind::Rollout);
        let of = |row: &WorkloadRow| row.template_from.as_deref() == Some(deployment);
        rollouts.filter(|(_, row)| of(row)).map(|((_, name), _)| name.clone()).collect()
    }
}

impl Tables {
    /// Copies the template of each of these Deployments to the Rollouts that refer to it.
    pub(super) fn relink(&mut self, namespace: &Arc<str>, deployments: &BTreeSet<Arc<str>>) {
        for deployment in deployments {
            let Some(space) = self.spaces.get_mut(namespace) else { return };
            let borrowers = space.borrowers(deployment);
            let mut changed = Vec::new();
            let mut lent = (Arc::default(), Box::default());
            if let Some(row) = space.workloads.get_mut(&(WorkloadKind::Deployment, deployment.clone())) {
                lent = (row.template.clone(), row.resource_managers.clone());
                if row.template_for.as_ref() != borrowers.first() {
                    Arc::make_mut(row).template_for = borrowers.first().cloned();
                    changed.push(row.id.clone());
                }
            }
            for name in borrowers {
                let Some(row) = space.workloads.get_mut(&(WorkloadKind::Rollout, name)) else { continue };
                if row.template != lent.0 || row.resource_managers != lent.1 {
                    let row = Arc::make_mut(row);
                    (row.template, row.resource_managers) = (lent.0.clone(), lent.1.clone());
                    changed.push(row.id.clone());
                }
            }
            for id in changed {
                self.touch_workload(id);
            }
        }
    }
}
