//! Whether the size can be delivered in the mode that the policy asks for.

use trimtab_api::delivery::DeliveryMode;

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    delivery::NAME,
    input::{Input, Surroundings},
};

const ADMISSION: &str = "AdmissionNotAvailable";
const NOT_YET: &str = "DeliveryNotAvailable";
const MANUAL: &str = "ManualDelivery";

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: NAME,
    reasons: &[
        Reason {
            word: ADMISSION,
            when: "`delivery.mode` is `Admission` and the admission policy `trimtab-sizes` is not in force",
            opens: "installing it (Kubernetes 1.36 or newer), or another mode",
        },
        Reason {
            word: NOT_YET,
            when: "`delivery.mode` is `Git`, or the workload is a Rollout or a custom resource and the mode is `Admission` or `Template`",
            opens: "another mode",
        },
        Reason {
            word: MANUAL,
            when: "delivery is `Manual` and no pod can be resized in place: there is nothing that Trimtab may change",
            opens: "a person who applies `status.patch`, or another mode",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let delivery = match input.delivery() {
        Ok(delivery) => delivery,
        Err(gate) if gate.reason == ADMISSION => return blocked(ADMISSION, gate.message),
        Err(gate) => return blocked(NOT_YET, gate.message),
    };
    if delivery != DeliveryMode::Manual || input.workload.is_none() || input.resizes_in_place() {
        return None;
    }
    let why = if input.pod_resize.is_served() {
        "its pods run to completion and are not resized"
    } else {
        "the API server has no pods/resize (Kubernetes 1.33 or newer has it)"
    };
    let what = "delivery is Manual: apply status.patch by hand, or let delivery.mode be Admission or Template";
    blocked(MANUAL, format!("nothing of {} can be changed: {why}, and {what}", input.common.target_name()))
}

#[cfg(test)]
mod tests {
    use trimtab_api::delivery::DeliveryMode::{Admission, Auto, Git, Manual, Template};
    use trimtab_core::WorkloadKind;

    use super::*;
    use crate::{
        PodResize::{Absent, Full},
        testkit::{Scene, argo_cd, asked},
    };

    #[test]
    fn closed_for_what_cannot_be_had() {
        for (mode, admission, pod_resize, gitops, expected) in [
            (Auto, true, Full, true, None),
            (Auto, false, Absent, false, None),
            (Auto, false, Full, true, None),
            (Auto, false, Absent, true, Some(MANUAL)),
            (Admission, true, Full, false, None),
            (Admission, false, Full, false, Some(ADMISSION)),
            (Template, false, Absent, false, None),
            (Manual, true, Full, false, None),
            (Manual, true, Absent, false, Some(MANUAL)),
            (Git, true, Full, true, Some(NOT_YET)),
        ] {
            let mut scene = Scene::new();
            (scene.rules.delivery, scene.admission, scene.pod_resize) = (mode, admission, pod_resize);
            if gitops {
                scene.workload.owners = Box::new([argo_cd()]);
            }
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{mode:?} {admission} {pod_resize:?} {gitops}");
        }
        for kind in ["Rollout.v1alpha1.argoproj.io", "Flock.v1.example.com"].map(WorkloadKind::named) {
            for (mode, expected) in
                [(Auto, None), (Manual, None), (Template, Some(NOT_YET)), (Admission, Some(NOT_YET))]
            {
                let mut scene = Scene::new().of_kind(kind.clone().unwrap_or(WorkloadKind::Job));
                (scene.rules.delivery, scene.admission) = (mode, true);
                let found = asked(&GATE, &scene).map(|(reason, _)| reason);
                assert_eq!(found.as_deref(), expected, "{kind:?} {mode:?}");
            }
        }
        let mut scene = Scene::new().of_kind(WorkloadKind::CronJob);
        scene.rules.delivery = Manual;
        assert!(asked(&GATE, &scene).is_some_and(|(_, m)| m.contains("run to completion")));
    }
}
