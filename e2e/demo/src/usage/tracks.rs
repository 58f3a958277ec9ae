//! Which pods had usage from when to when: the running ones, and their predecessors.
//!
//! In: the fleet, the pods of the cluster, the time. Out: [`Track`]s. Pure.

use crate::{
    fleet::{Kind, Workload},
    model::{
        DAY_S, SLOT_S, Source,
        noise::{mix, seed, suffix},
    },
};

/// A pod of the cluster, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LivePod {
    /// Its namespace.
    pub namespace: String,
    /// The workload that its label names.
    pub workload: String,
    /// Its name.
    pub name: String,
    /// The node that it runs on; empty if none yet.
    pub node: String,
    /// When it was created, in seconds since the epoch.
    pub created_s: i64,
}

/// One pod's span of usage.
#[derive(Clone, Debug)]
pub struct Track<'a> {
    /// Whose pod it is.
    pub workload: &'a Workload,
    /// The pod's name.
    pub pod: String,
    /// The node that it runs on.
    pub node: String,
    /// Its index among the workload's pods, which determines its noise.
    pub index: u64,
    /// When its usage begins; a multiple of a minute.
    pub from_s: i64,
    /// When it ended; `None` while it runs.
    pub to_s: Option<i64>,
}

impl Track<'_> {
    /// The seed of the noise of one of its containers.
    pub fn seed(&self, container: &str) -> u64 {
        mix(seed(&[self.workload.namespace, &self.workload.name, container]), self.index)
    }
}

/// The running pods, each with its workload's history. A new pod of a workload with a history, such as one created by a
/// rollout after `now_s`, has none of its own: see [`started`].
pub fn running<'a>(fleet: &'a [Workload], pods: &[LivePod], now_s: i64) -> Vec<Track<'a>> {
    let mut pods = pods.to_vec();
    pods.sort();
    fleet
        .iter()
        .flat_map(|w| {
            let mine = pods.iter().filter(move |p| p.namespace == w.namespace && p.workload == w.name);
            mine.zip(0..).map(move |(p, index)| Track {
                workload: w,
                pod: p.name.clone(),
                node: p.node.clone(),
                index,
                from_s: minute(match w.kind {
                    Kind::CronJob(_) => p.created_s.min(now_s),
                    _ => w.rolled_out_days_ago.map_or(begin(w, now_s), |days| now_s - days * DAY_S),
                }),
                to_s: None,
            })
        })
        .collect()
}

/// A pod that appeared while the demo runs. `index` is used by no other pod of its workload.
pub fn started<'a>(fleet: &'a [Workload], pod: &LivePod, index: u64, now_s: i64) -> Option<Track<'a>> {
    let workload = fleet.iter().find(|w| w.namespace == pod.namespace && w.name == pod.workload)?;
    let (pod, node) = (pod.name.clone(), pod.node.clone());
    Some(Track { workload, pod, node, index, from_s: now_s, to_s: None })
}

/// The predecessors: pods of former ReplicaSets, and of former runs of CronJobs.
pub fn former(fleet: &[Workload], now_s: i64) -> Vec<Track<'_>> {
    fleet.iter().flat_map(|w| if let Kind::CronJob(_) = w.kind { runs(w, now_s) } else { replaced(w, now_s) }).collect()
}

fn replaced(w: &Workload, now_s: i64) -> Vec<Track<'_>> {
    let (Some(days), Kind::Deployment(replicas)) = (w.rolled_out_days_ago, w.kind) else { return Vec::new() };
    let hash = suffix(seed(&[&w.name, "former"]), 10);
    (0..u64::from(replicas))
        .map(|index| Track {
            workload: w,
            pod: format!("{}-{hash}-{}", w.name, suffix(mix(seed(&[&w.name]), index), 5)),
            node: String::new(),
            index: index + 1_000,
            from_s: minute(begin(w, now_s)),
            to_s: Some(minute(now_s - days * DAY_S)),
        })
        .collect()
}

fn runs(w: &Workload, now_s: i64) -> Vec<Track<'_>> {
    let Kind::CronJob(schedule) = w.kind else { return Vec::new() };
    schedule
        .runs(begin(w, now_s), now_s)
        .into_iter()
        .zip(1_000..)
        .map(|(start, index)| Track {
            workload: w,
            // A CronJob names its Jobs by the minute of their start.
            pod: format!("{}-{}-{}", w.name, start / 60, suffix(mix(seed(&[&w.name]), index), 5)),
            node: String::new(),
            index,
            from_s: start,
            to_s: Some(start + schedule.run_s()),
        })
        .collect()
}

fn begin(w: &Workload, now_s: i64) -> i64 {
    let recorded = w.containers.iter().map(|c| match &c.source {
        Source::Recorded(r) => r.begins_s(),
        Source::Simulated(_) => i64::MIN,
    });
    recorded.fold(now_s - w.history_hours * 3_600, i64::max)
}

fn minute(t: i64) -> i64 {
    t.div_euclid(SLOT_S) * SLOT_S
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fleet::simulated;

    const NOW: i64 = 1_780_272_000 + 4_000;

    fn pod(workload: &str, name: &str) -> LivePod {
        LivePod {
            namespace: "shop".into(),
            workload: workload.into(),
            name: name.into(),
            node: "n1".into(),
            created_s: NOW,
        }
    }

    #[test]
    fn a_rollout_divides_the_history_between_two_sets_of_pods() {
        let fleet = simulated();
        let live = running(&fleet, &[pod("storefront", "storefront-1-b"), pod("storefront", "storefront-1-a")], NOW);
        let names: Vec<_> = live.iter().map(|t| (t.pod.as_str(), t.index)).collect();
        assert_eq!(names, [("storefront-1-a", 0), ("storefront-1-b", 1)]);
        let old: Vec<_> = former(&fleet, NOW).into_iter().filter(|t| t.workload.name == "storefront").collect();
        assert_eq!(old.len(), 3);
        assert!(old.iter().all(|t| t.to_s == Some(live[0].from_s) && t.from_s <= NOW - 14 * DAY_S + 60));
        assert_ne!(live[0].seed("web"), live[1].seed("web"));
    }

    #[test]
    fn runs_of_cron_jobs_have_pods_of_their_own() {
        let fleet = simulated();
        let all = former(&fleet, NOW);
        let count = |name: &str| all.iter().filter(|t| t.workload.name == name).count();
        assert_eq!(count("weekly-invoices"), 2);
        assert!((330..=336).contains(&count("sync-inventory")), "{}", count("sync-inventory"));
        assert_eq!(all.iter().map(|t| &t.pod).collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|t| t.to_s.is_some_and(|end| end <= NOW && end > t.from_s)));
    }

    #[test]
    fn the_young_are_young() {
        let fleet = simulated();
        let live = running(&fleet, &[pod("gift-cards", "gift-cards-1-a"), pod("unknown", "x")], NOW);
        assert_eq!(live.len(), 1);
        assert!((NOW - live[0].from_s - 6 * 3_600).abs() < 60);
    }
}
