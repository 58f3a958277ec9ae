//! Whether the additional requests and limits of the change fit the quotas of the namespace.

use trimtab_world::row::Resources;

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes::{self, Sized},
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Quota",
    reasons: &[
        Reason {
            word: "QuotaExceeded",
            when: "what all pods together would request in addition is more than a ResourceQuota has left",
            opens: "room in the quota, or a smaller proposal",
        },
        Reason {
            word: "QuotaUnknown",
            when: "a ResourceQuota limits what would grow and does not yet say how much is used",
            opens: "the quota's controller counting it",
        },
    ],
    check,
};

/// Decreases need no room. Quotas that count only some pods are skipped: which pods cannot be determined here, and the
/// API server has the last word.
fn check(input: &Input<'_>) -> Option<Blocked> {
    let shapes = sizes::shapes(input);
    for quota in input.quotas.iter().filter(|q| !q.scoped) {
        for (what, amount) in sizes::AMOUNTS {
            let Some(hard) = amount(&quota.hard.resources) else { continue };
            let need = more(input, &shapes, amount);
            if need == 0 {
                continue;
            }
            let text = |v: u64| if what.ends_with("cpu") { sizes::cpu(v) } else { sizes::memory(v) };
            let name = &quota.name;
            let Some(used) = amount(&quota.used.resources) else {
                let hard = text(hard);
                let why = format!("limits {what} to {hard} and does not yet say how much is used: waiting for it");
                return blocked("QuotaUnknown", format!("ResourceQuota {name} {why}"));
            };
            if used.saturating_add(need) > hard {
                let (need, left, hard) = (text(need), text(hard.saturating_sub(used)), text(hard));
                return blocked(
                    "QuotaExceeded",
                    format!("{need} more {what} would be needed, ResourceQuota {name} has {left} of {hard} left"),
                );
            }
        }
    }
    None
}

/// The total increase over all pods. Decreases are not offset against increases, because the order is not known.
/// Desired pods that do not exist yet count as created from the template.
fn more(input: &Input<'_>, shapes: &[Vec<Sized<'_>>], amount: fn(&Resources) -> Option<u64>) -> u64 {
    let grown = |containers: &Vec<Sized<'_>>| {
        let of = |side| amount(&sizes::pod_total(containers, side)).unwrap_or(0);
        of(|c| c.to).saturating_sub(of(|c| c.from))
    };
    let there: u64 = shapes.iter().map(grown).fold(0, u64::saturating_add);
    match (input.live().next(), input.workload) {
        // The only shape is that of the template.
        (None, Some(workload)) => there.saturating_mul(u64::from(workload.desired)),
        _ => there,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trimtab_world::row::QuotaRow;

    use super::*;
    use crate::testkit::{Scene, asked, quota, size};

    #[test]
    fn closed_where_the_increase_of_all_pods_does_not_fit() {
        // Three pods of 500m/1 and 512Mi/1Gi; the quota counts CPU requests in millicores.
        for (hard, used, cpu, expected) in [
            (Some(1800), Some(1500), "600m/1", None),
            (Some(1799), Some(1500), "600m/1", Some("QuotaExceeded")),
            // Already exceeded: what shrinks or stays needs no room.
            (Some(1000), Some(1500), "400m/1", None),
            (Some(1000), Some(1500), "500m/1", None),
            (Some(1000), Some(1500), "501m/1", Some("QuotaExceeded")),
            (Some(9999), None, "600m/1", Some("QuotaUnknown")),
            (Some(9999), None, "500m/1", None),
            (None, None, "900m/1", None),
        ] {
            let mut scene = Scene::new();
            scene.quotas = vec![quota(
                Resources { cpu_request: hard, ..<_>::default() },
                Resources { cpu_request: used, ..<_>::default() },
            )];
            scene.proposal = vec![size("app", cpu, "512Mi/1Gi")];
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{hard:?} {used:?} {cpu}");
        }
    }

    #[test]
    fn each_amount_counts_and_a_scoped_quota_does_not() {
        for (hard, proposal) in [
            (Resources { cpu_limit: Some(3000), ..<_>::default() }, size("app", "500m/1001m", "512Mi/1Gi")),
            (Resources { memory_request: Some(1536 << 20), ..<_>::default() }, size("app", "500m/1", "513Mi/1Gi")),
            (Resources { memory_limit: Some(3 << 30), ..<_>::default() }, size("app", "500m/1", "512Mi/1025Mi")),
        ] {
            let mut scene = Scene::new();
            let full = quota(hard, hard);
            scene.quotas = vec![full.clone()];
            assert_eq!(asked(&GATE, &scene), None, "a smaller size needs no room");
            scene.proposal = vec![proposal];
            assert!(asked(&GATE, &scene).is_some(), "{hard:?}");
            scene.quotas = vec![Arc::new(QuotaRow { scoped: true, ..(*full).clone() })];
            assert_eq!(asked(&GATE, &scene), None);
        }
    }

    #[test]
    fn pods_that_are_not_there_count_as_made_from_the_template() {
        let mut scene = Scene::new();
        scene.pods.clear();
        let room = |hard| Resources { cpu_request: Some(hard), ..<_>::default() };
        scene.proposal = vec![size("app", "600m/1", "512Mi/1Gi")];
        scene.quotas = vec![quota(room(300), room(0))];
        assert_eq!(asked(&GATE, &scene), None);
        scene.quotas = vec![quota(room(299), room(0))];
        assert!(asked(&GATE, &scene).is_some_and(|(_, m)| m.starts_with("300m more requests.cpu")));
    }
}
