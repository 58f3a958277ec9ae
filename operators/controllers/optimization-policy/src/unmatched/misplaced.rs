//! Annotations meant for a workload or a namespace in the wrong place: among labels, or on the pod template.
//!
//! In: a row. Out: what is not read there, with where it belongs. Pure. Many tools read such settings on pods or among
//! labels, and whoever wrote one believes the workload protected. Other labels with the same prefix are left alone:
//! policies select by them.

use trimtab_api::{
    conditions::reasons::UNKNOWN_ANNOTATION,
    names::{MODE_ANNOTATION, NAMESPACE_ANNOTATIONS, PREFIX},
};
use trimtab_world::row::{Labels, NamespaceRow, WorkloadRow};

use super::{HELD_BACK, ON_WORKLOADS, Place, Unmatched, shown};

/// On a workload.
pub(super) fn on_workload(row: &WorkloadRow) -> Vec<Unmatched> {
    let object = row.id.to_string();
    let found = |labels, place: &str| misplaced(labels, &row.annotations, &ON_WORKLOADS, &object, place);
    let mut all = found(&row.labels, "a label");
    all.extend(found(&row.template.annotations, "an annotation of its pod template"));
    all.extend(found(&row.template.labels, "a label of its pod template"));
    all
}

/// On a namespace.
pub(super) fn on_namespace(row: &NamespaceRow) -> Vec<Unmatched> {
    misplaced(&row.labels, &row.annotations, &[NAMESPACE_ANNOTATIONS], &format!("Namespace {}", row.name), "a label")
}

/// One that also exists where it belongs is in force, and duplicates elsewhere do no harm.
fn misplaced(labels: &Labels, annotations: &Labels, known: &[&[&str]], object: &str, place: &str) -> Vec<Unmatched> {
    let is_meant = |key: &str| key.starts_with(PREFIX) && known.iter().any(|list| list.contains(&key));
    labels
        .iter()
        .filter(|(key, _)| is_meant(key) && annotations.get(key).is_none())
        .map(|(key, value)| Unmatched {
            place: Place::Policy,
            reason: UNKNOWN_ANNOTATION,
            message: format!(
                "{object}: Trimtab does not read {key}={:?} as {place}: write it as an annotation of the object itself; no \
                 {HELD_BACK}",
                shown(value)
            ),
            means_mode: key == MODE_ANNOTATION,
            holds_back: true,
        })
        .collect()
}
