//! Annotations that cannot be applied as intended: unreadable, misspelt, or naming a container that does not exist.
//!
//! In: what is known of a workload. Out: the fault in its annotations or those of its namespace, if any. Pure. Such an
//! annotation may have been meant to protect the workload, so nothing is proposed for it until that is clear.

use std::sync::Arc;

use trimtab_api::names::RUNTIME_MEMORY_ANNOTATION;
use trimtab_sizing::{ContainerHistory, SizingRules};
use trimtab_world::row::{NamespaceRow, PodContainer, WorkloadRow};

use crate::{bounds, unmatched};

/// What is wrong with an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidAnnotation {
    /// Its value cannot be read.
    Unreadable(String),
    /// It is not read there, or names something that does not exist; the condition `NamesUnmatched` reports that too.
    Unmatched(String),
}

impl InvalidAnnotation {
    /// The fault in a sentence.
    pub fn message(&self) -> &str {
        let (Self::Unreadable(message) | Self::Unmatched(message)) = self;
        message
    }
}

/// The first annotation of the workload or its namespace that cannot be applied.
pub fn fault(
    row: &WorkloadRow,
    namespace: &NamespaceRow,
    injected: &[PodContainer],
    usage: &[(Arc<str>, ContainerHistory)],
) -> Option<InvalidAnnotation> {
    unreadable(row, namespace).map(InvalidAnnotation::Unreadable).or_else(|| {
        let misspelt = unmatched::not_applied(row, namespace).into_iter().next();
        misspelt.or_else(|| absent(row, injected, usage)).map(InvalidAnnotation::Unmatched)
    })
}

fn unreadable(row: &WorkloadRow, namespace: &NamespaceRow) -> Option<String> {
    if let Err(error) = bounds::mode(&row.annotations, &namespace.annotations) {
        return Some(format!("{}: {error}", row.id));
    }
    let rules = SizingRules::default();
    let error = row.template.containers.iter().find_map(|c| {
        let bound = bounds::narrowed(&rules, &row.annotations, &c.name).err();
        bound.or_else(|| bounds::memory_wished(&row.annotations, RUNTIME_MEMORY_ANNOTATION, &c.name).err())
    })?;
    Some(format!("{}: {error}", row.id))
}

/// A container with usage is known, though it may be in no pod at present: one that is injected into the runs of a
/// CronJob.
fn absent(row: &WorkloadRow, injected: &[PodContainer], usage: &[(Arc<str>, ContainerHistory)]) -> Option<String> {
    let others = || injected.iter().map(|c| &c.name).chain(usage.iter().map(|(name, _)| name));
    let (key, name) = unmatched::absent_containers(row, |name| others().any(|other| **other == *name)).next()?;
    let known = row.template.containers.iter().map(|c| &c.name).chain(others()).cloned().collect();
    Some(unmatched::absent(row, key, name, &known))
}

#[cfg(test)]
#[path = "annotations_tests.rs"]
mod tests;
