//! Whether a workload may be sized at all.
//!
//! In: what was observed of it. Out: nothing, or why not. Pure.

use trimtab_api::mode::Mode;

use crate::{annotations, bounds, observed::Observed, outcome::Skip};

/// Whether the workload as a whole may be sized; if not, why.
pub(crate) fn may_be_sized(observed: &Observed<'_>) -> Result<(), Skip> {
    let row = observed.workload;
    if row.terminating || observed.namespace.terminating {
        return Err(Skip::Terminating);
    }
    match bounds::mode(&row.annotations, &observed.namespace.annotations) {
        Ok(Mode::Off) => return Err(Skip::OptedOut),
        Ok(Mode::Recommend | Mode::Apply) | Err(_) => {}
    }
    if annotations::fault(row, observed.namespace, &observed.running.injected, observed.usage).is_some() {
        return Err(Skip::InvalidAnnotation);
    }
    if observed.vpas.iter().any(|vpa| vpa.writes()) {
        return Err(Skip::ManagedByVpa);
    }
    if row.template_for.is_some() {
        return Err(Skip::SizedAsRollout);
    }
    if row.template.containers.is_empty() {
        return Err(Skip::NoPodTemplate);
    }
    if row.finished {
        return Err(Skip::Finished);
    }
    if row.template.pod_resources.as_ref().is_some_and(|r| !r.is_empty()) {
        return Err(Skip::PodLevelResources);
    }
    Ok(())
}
