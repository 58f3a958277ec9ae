//! Delivery of a new size: which mode is used if the policy leaves it open, and which are unavailable.

use trimtab_api::{delivery::DeliveryMode, gates::ClosedGate};
use trimtab_world::row::{Owner, WorkloadRow};

use trimtab_engine::gate::closed;

/// The name of the gate.
pub(crate) const NAME: &str = "Delivery";

/// Whether Argo CD or Flux owns the workload, and would revert an edited template.
pub fn is_gitops(workload: &WorkloadRow) -> bool {
    workload.owners.iter().any(Owner::is_gitops)
}

/// The mode to use: never `Auto`, never `Git`. `admission`: whether the admission policy is in force. `gitops`:
/// whether a GitOps tool owns the workload.
///
/// # Errors
/// The gate that is closed because the mode that the policy asks for is not available.
pub fn resolve(mode: DeliveryMode, admission: bool, gitops: bool) -> Result<DeliveryMode, ClosedGate> {
    match mode {
        DeliveryMode::Auto if admission => Ok(DeliveryMode::Admission),
        DeliveryMode::Auto if gitops => Ok(DeliveryMode::Manual),
        DeliveryMode::Auto => Ok(DeliveryMode::Template),
        DeliveryMode::Admission if !admission => Err(closed(
            NAME,
            "AdmissionNotAvailable",
            "delivery.mode is Admission, and the admission policy trimtab-sizes is not in force: install it (it needs \
             Kubernetes 1.36 or newer), or choose Auto, Template or Manual",
        )),
        DeliveryMode::Git => Err(closed(
            NAME,
            "DeliveryNotAvailable",
            "delivery.mode is Git, and pull requests cannot be made yet: choose Auto, Admission, Template or Manual",
        )),
        DeliveryMode::Admission | DeliveryMode::Template | DeliveryMode::Manual => Ok(mode),
    }
}

/// The mode to use for a Rollout or a custom resource, of kind `kind`: a new template would start its steps, or have
/// unknown effects, and the admission policy does not cover its pods. So running pods are resized in place, and the
/// template is left to people.
///
/// # Errors
/// The gate that is closed because the policy asks for another mode.
pub fn left_to_people(mode: DeliveryMode, kind: &str) -> Result<DeliveryMode, ClosedGate> {
    match mode {
        DeliveryMode::Auto | DeliveryMode::Manual => Ok(DeliveryMode::Manual),
        DeliveryMode::Admission | DeliveryMode::Template | DeliveryMode::Git => Err(closed(
            NAME,
            "DeliveryNotAvailable",
            &format!("the workload is a {kind}, whose template is left to people: choose delivery.mode Auto or Manual"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryMode::{Admission, Auto, Git, Manual, Template};

    #[test]
    fn the_template_of_a_rollout_is_never_patched() {
        for (mode, expected) in
            [(Auto, Ok(Manual)), (Manual, Ok(Manual)), (Admission, Err(())), (Template, Err(())), (Git, Err(()))]
        {
            assert_eq!(left_to_people(mode, "Rollout").map_err(|_| ()), expected, "{mode:?}");
        }
    }

    #[test]
    fn every_mode_with_and_without_admission_and_gitops() {
        for (mode, admission, gitops, expected) in [
            (Auto, true, false, Ok(Admission)),
            (Auto, true, true, Ok(Admission)),
            (Auto, false, false, Ok(Template)),
            (Auto, false, true, Ok(Manual)),
            (Admission, true, true, Ok(Admission)),
            (Admission, false, false, Err("AdmissionNotAvailable")),
            (Template, true, false, Ok(Template)),
            // Ownership of the template is checked by another gate.
            (Template, false, true, Ok(Template)),
            (Manual, true, true, Ok(Manual)),
            (Git, true, true, Err("DeliveryNotAvailable")),
        ] {
            let found = resolve(mode, admission, gitops).map_err(|g| g.reason);
            assert_eq!(found, expected.map_err(str::to_owned), "{mode:?} admission={admission} gitops={gitops}");
        }
    }
}
