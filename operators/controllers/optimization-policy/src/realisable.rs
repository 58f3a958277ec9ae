//! The part of the savings that can lower the bill.
//!
//! In: a workload with the location of its pods, and the savings of its change. Out: the realisable part, and why the
//! rest is not. Pure. A node that exists for its GPU stays, however much of its CPU is freed.

use trimtab_api::savings::{NotRealisable, Savings};
use trimtab_core::WorkloadKind;
use trimtab_pricing::Money;

use crate::{observed::Observed, text::count};

/// How many pods run on nodes that stay for their accelerators, of how many. A pod that requests one keeps its node; a
/// DaemonSet's pod is on its node because the node exists. Another pod on such a node only fills it up: the room that
/// it frees is taken by what would need another node.
fn pinned(observed: &Observed<'_>) -> (u32, u32) {
    let row = observed.workload;
    let pods = observed.pods.max(1);
    match row.id.kind {
        _ if row.template.accelerator => (pods, pods),
        WorkloadKind::DaemonSet => (observed.pods_on_gpu_nodes.min(pods), pods),
        _ => (0, pods),
    }
}

/// `savings` of a change that saves `monthly`, with the part that cannot be realised. Costs are always real.
pub fn with_realisable(observed: &Observed<'_>, monthly: Money, savings: Savings) -> Savings {
    let (pinned, pods) = pinned(observed);
    if pinned == 0 || monthly <= Money::ZERO {
        return savings;
    }
    let realisable = monthly.checked_mul_div(u64::from(pods - pinned), u64::from(pods)).unwrap_or(Money::ZERO);
    let which = if pinned == pods {
        "its pods run on nodes that are".to_owned()
    } else {
        format!("{} of {} run on nodes that are", pinned, count(pods, "pod"))
    };
    Savings {
        realisable_monthly: Some(realisable.fixed(2)),
        not_realisable: Some(NotRealisable {
            reason: "GpuNode".to_owned(),
            message: format!("{which} there for their GPUs, so freeing CPU and memory on them gives no node back"),
        }),
        ..savings
    }
}

/// The realisable part of a change that saves `monthly`, according to `savings`.
pub fn realisable(savings: &Savings, monthly: Money) -> Money {
    savings.realisable_monthly.as_deref().map_or(monthly, |text| Money::parse_signed(text).unwrap_or(Money::ZERO))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::{outcome::Tally, testkit::*};

    fn scene(kind: WorkloadKind) -> Scene {
        a_workload(kind).requesting("2", "4Gi").using(steady(0.12, 180.0), 14)
    }

    #[test]
    fn what_becomes_free_on_a_gpu_node_gives_no_node_back() {
        let gpu = |kind| scene(kind).template(|t| t.accelerator = true);
        let draft = gpu(WorkloadKind::Deployment).draft();
        let why = draft.savings.not_realisable.clone().unwrap();
        assert_eq!((draft.savings.realisable_monthly.as_deref(), why.reason.as_str()), (Some("0.00"), "GpuNode"));
        assert!(draft.monthly > Money::ZERO);
        let says = " 0.00 USD of it can be realised: its pods run on nodes that are there for their GPUs, so freeing CPU and \
                    memory on them gives no node back.\n";
        assert!(draft.explanation.contains(says), "{}", draft.explanation);
        let Tally::Recommended { monthly, realisable, .. } =
            Tally::from(&crate::outcome::Outcome::Recommend(Box::new(draft)))
        else {
            panic!("recommended")
        };
        assert!(monthly > Money::ZERO && realisable == Money::ZERO);
        // Higher costs are real there too.
        let dear = gpu(WorkloadKind::Deployment).requesting("10m", "64Mi").draft();
        assert_eq!((dear.monthly < Money::ZERO, dear.savings.not_realisable), (true, None));
    }

    #[test]
    fn other_pods_count_by_where_they_run() {
        for (kind, on_gpu_nodes, expected) in [
            (WorkloadKind::DaemonSet, 0, None),
            (WorkloadKind::DaemonSet, 1, Some(2)),
            (WorkloadKind::DaemonSet, 3, Some(0)),
            (WorkloadKind::Deployment, 3, None),
        ] {
            let mut scene = scene(kind);
            scene.pods_on_gpu_nodes = on_gpu_nodes;
            let draft = scene.draft();
            let expected = expected.map(|pods| draft.monthly.checked_mul_div(pods, 3).unwrap().fixed(2));
            assert_eq!(draft.savings.realisable_monthly, expected, "{kind} {on_gpu_nodes}");
        }
    }
}
