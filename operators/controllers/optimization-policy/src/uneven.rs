//! How evenly the pods of a workload use their resources.
//!
//! In: the maximum usage of each pod, with its node's type, and the proposed sizes. Out: how many pods use little of
//! them, and the remedy. Pure. Each pod gets the same size, which must fit the busiest. If the nodes of a DaemonSet
//! differ, the answer is one DaemonSet per node type; if replicas differ, work is not shared evenly between them.

use std::collections::BTreeMap;

use crate::{
    amount,
    decided::Decided,
    observed::{Observed, PodUse},
    text::count,
};

/// With fewer pods nothing can be said about most of them.
const LEAST_PODS: usize = 3;
/// A pod uses little if it uses less than this fraction: one over so many.
const PART: f64 = 4.0;
/// Usage is uneven if at least this share of pods use little, in percent.
const LEAST_PERCENT: usize = 50;
/// One of the replicas must use at least this fraction: else the size is due to past pods that are gone, and says
/// nothing about how the present ones share their work.
const BUSY_PART: f64 = 2.0;
/// Maximum number of node types that are named.
const MOST_CLASSES: usize = 4;

/// That most pods use little of what each would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uneven {
    /// How many pods use less than a quarter of it, in percent of all.
    pub percent: usize,
    /// The unit that gets the same size: `node` or `pod`.
    pub each: &'static str,
    /// Whether the change gives every pod more of that resource than at present.
    pub raises: bool,
    /// The fact, as a part of a sentence.
    pub fact: String,
    /// The remedy, as a sentence.
    pub advice: String,
}

/// The resource of which most pods use little; if there are several, the one with the most such pods.
pub fn find(observed: &Observed<'_>, decided: &[Decided]) -> Option<Uneven> {
    let mut found: Vec<Uneven> = Vec::new();
    for sized in decided.iter().map(|d| &d.sized).filter(|sized| sized.changes()) {
        let pods: Vec<&PodUse> = observed.per_pod.iter().filter(|p| p.container == sized.name).collect();
        if pods.len() < LEAST_PODS {
            continue;
        }
        let (from, to) = (sized.from, sized.to);
        for resource in [
            Resource {
                what: "CPU",
                from: from.cpu_request,
                to: to.cpu_request,
                used: |p| p.cpu * 1000.0,
                written: |v| amount::measured_cpu(v / 1000.0),
            },
            Resource {
                what: "memory",
                from: from.memory_request,
                to: to.memory_request,
                used: |p| p.memory,
                written: amount::measured_memory,
            },
        ] {
            found.extend(resource.uneven(&sized.name, &pods, observed.workload.id.kind.has_replicas()));
        }
    }
    found.into_iter().max_by_key(|u| (u.raises, u.percent))
}

struct Resource {
    what: &'static str,
    from: Option<i64>,
    to: Option<i64>,
    used: fn(&PodUse) -> f64,
    written: fn(f64) -> String,
}

impl Resource {
    fn uneven(&self, container: &str, pods: &[&PodUse], replicas: bool) -> Option<Uneven> {
        let to = self.to?;
        if replicas && !pods.iter().any(|p| (self.used)(p) * BUSY_PART >= to as f64) {
            return None;
        }
        let little = pods.iter().filter(|p| (self.used)(p) * PART < to as f64).count();
        let percent = little * 100 / pods.len();
        (percent >= LEAST_PERCENT).then(|| Uneven {
            percent,
            each: if replicas { "pod" } else { "node" },
            raises: self.from.is_none_or(|from| to > from),
            fact: format!(
                "{percent}% of its pods ({little} of {}) use less than a quarter of the {} of {} that each would request \
                 for container {container}",
                pods.len(),
                (self.written)(to as f64),
                self.what,
            ),
            advice: if replicas { self.about_sharing(pods) } else { self.about_nodes(pods) },
        })
    }

    fn about_sharing(&self, pods: &[&PodUse]) -> String {
        let mut used: Vec<f64> = pods.iter().map(|p| (self.used)(p)).collect();
        used.sort_by(f64::total_cmp);
        let middle = used.get(used.len() / 2).copied().unwrap_or(0.0);
        let most = used.last().copied().unwrap_or(0.0);
        format!(
            "The busiest uses up to {}, the one in the middle {}: look at how work is shared between them, for example whether \
             one of them leads, or holds most of the connections",
            (self.written)(most),
            (self.written)(middle),
        )
    }

    fn about_nodes(&self, pods: &[&PodUse]) -> String {
        let mut classes: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
        for pod in pods {
            let (most, n) = classes.entry(pod.class.as_deref().unwrap_or("other nodes")).or_default();
            *most = most.max((self.used)(pod));
            *n += 1;
        }
        let mut classes: Vec<(&str, f64, u64)> =
            classes.into_iter().map(|(class, (most, n))| (class, most, n)).collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        let differ = matches!(classes.as_slice(), [(_, most, _), .., (_, least, _)] if least * 2.0 <= *most);
        if !differ {
            return "The instance type does not distinguish the busy nodes: give them a label, and run one DaemonSet \
                    for them and one for the rest, by nodeSelector"
                .to_owned();
        }
        let named: Vec<String> = classes
            .iter()
            .take(MOST_CLASSES)
            .map(|(class, most, n)| format!("{} on {class} ({})", (self.written)(*most), count(*n, "pod")))
            .collect();
        let more = classes.len().saturating_sub(MOST_CLASSES);
        let more = if more > 0 { format!(" and less on {more} more") } else { String::new() };
        format!(
            "By instance type, its pods use at most {}{more}: run one DaemonSet for each, by nodeSelector, and each gets \
             its own size",
            named.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use trimtab_core::WorkloadKind;

    use super::*;
    use crate::testkit::*;

    /// Fifty nodes: on `busy` of them the pod uses 0.8 cores, on the others 0.02; memory is the same everywhere.
    fn logs(busy: usize, class: impl Fn(usize) -> &'static str) -> Scene {
        let mut scene = a_workload(WorkloadKind::DaemonSet)
            .requesting("200m", "256Mi")
            .using(Box::new(|t| (if t.rem_euclid(1500) < 300 { 0.8 } else { 0.02 }, 180.0 * MIB)), 14);
        scene.per_pod = (0..50)
            .map(|n| PodUse {
                container: "app".into(),
                class: Some(class(n).into()),
                cpu: if n < busy { 0.8 } else { 0.02 },
                memory: 180.0 * MIB,
            })
            .collect();
        scene
    }

    #[test]
    fn most_pods_that_use_little_are_counted_and_classes_of_nodes_are_the_answer() {
        let draft = logs(4, |n| if n < 4 { "m5.4xlarge" } else { "m5.large" }).draft();
        let factor = draft.risk.factors.iter().find(|f| f.reason == "UnevenUsage").unwrap();
        assert_eq!(factor.level.as_str(), "Medium");
        assert!(factor.message.starts_with("92% of its pods (46 of 50) use less than a quarter of the "), "{factor:?}");
        let says = "By instance type, its pods use at most 800m on m5.4xlarge (4 pods), 20m on m5.large (46 pods): run one \
                    DaemonSet for each, by nodeSelector, and each gets its own size.";
        assert!(draft.explanation.contains("Every node gets this size, but 92% of its pods"), "{}", draft.explanation);
        assert!(draft.explanation.contains(says), "{}", draft.explanation);
    }

    #[test]
    fn where_the_busy_nodes_are_like_the_others_they_need_a_label() {
        let draft = logs(4, |_| "m5.large").draft();
        assert!(draft.explanation.contains("give them a label"), "{}", draft.explanation);
    }

    /// Sixteen replicas: `busy` of them use 1.5 cores and the others 50m.
    fn replicas(kind: WorkloadKind, busy: usize) -> Scene {
        let mut scene = a_workload(kind)
            .requesting("300m", "256Mi")
            .using(Box::new(|t| (if t.rem_euclid(3000) < 300 { 1.5 } else { 0.05 }, 180.0 * MIB)), 14);
        scene.row.desired = 16;
        scene.per_pod = (0..16)
            .map(|n| PodUse {
                container: "app".into(),
                class: None,
                cpu: if n < busy { 1.5 } else { 0.05 },
                memory: 180.0 * MIB,
            })
            .collect();
        scene
    }

    #[test]
    fn one_busy_replica_that_sizes_all_is_a_risk_and_nodes_are_not_the_answer() {
        for kind in [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::Rollout] {
            let draft = replicas(kind, 1).draft();
            let factor = draft.risk.factors.iter().find(|f| f.reason == "UnevenUsage").unwrap();
            assert_eq!(factor.level.as_str(), "Medium", "{kind:?}");
            assert!(
                factor.message.starts_with("93% of its pods (15 of 16) use less than a quarter of the "),
                "{factor:?}"
            );
            assert!(
                draft.explanation.contains("Every pod gets this size, but 93% of its pods"),
                "{}",
                draft.explanation
            );
            let says =
                "The busiest uses up to 1500m, the one in the middle 50m: look at how work is shared between them";
            assert!(draft.explanation.contains(says), "{}", draft.explanation);
            assert!(!draft.explanation.contains("DaemonSet"), "{}", draft.explanation);
        }
    }

    #[test]
    fn replicas_that_are_all_idle_say_nothing_of_how_they_share() {
        let draft = replicas(WorkloadKind::Deployment, 0).draft();
        assert!(!draft.risk.factors.iter().any(|f| f.reason == "UnevenUsage"), "{:?}", draft.risk);
        assert!(!draft.explanation.contains("Every pod gets"), "{}", draft.explanation);
    }

    #[test]
    fn even_usage_and_few_pods_say_nothing() {
        for (case, scene) in [
            ("even", logs(50, |_| "m5.large")),
            ("half and more", logs(26, |_| "m5.large")),
            ("too few", {
                let mut scene = logs(1, |_| "m5.large");
                scene.per_pod.truncate(2);
                scene
            }),
        ] {
            let draft = scene.draft();
            assert!(!draft.risk.factors.iter().any(|f| f.reason == "UnevenUsage"), "{case}: {:?}", draft.risk);
            assert!(!draft.explanation.contains("Every node gets"), "{case}: {}", draft.explanation);
        }
    }

    #[test]
    fn a_lower_request_is_no_risk_but_it_is_said() {
        let draft = logs(4, |_| "m5.large").requesting("8", "256Mi").draft();
        assert!(!draft.risk.factors.iter().any(|f| f.reason == "UnevenUsage"), "{:?}", draft.risk);
        assert!(draft.explanation.contains("Every node gets this size, but 92%"), "{}", draft.explanation);
    }
}
