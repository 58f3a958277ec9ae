//! Workloads whose controllers cannot create pods. In: events of reason `FailedCreate`, which the controllers of all kinds write.
//! Out: why the newest pod of a workload could not be created since its rollout began.
//!
//! Another admission policy may let a template pass and refuse the size that new pods get: then no pod is made, and nothing but such
//! an event tells.

use jiff::Timestamp;
use k8s_openapi::api::events::v1::Event;
use kube::{Client, ResourceExt};
use tokio_util::sync::CancellationToken;
use trimtab_api::{recommendation::ContainerResources, recommendation_rollout::RolloutStatus};
use trimtab_core::{WorkloadId, WorkloadKind, quantity, text::printable};
use trimtab_runtime::shelf::Shelf;
use trimtab_world::row::{PodPhase, PodRow, WorkloadRow};

/// The longest part of a message that is passed on, in characters.
const MESSAGE: usize = 500;

/// Refusals that have nothing to do with the size of a pod.
const OTHER_CAUSES: [&str; 2] = ["violates PodSecurity", "error looking up service account"];

/// A pod that could not be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedPod {
    namespace: String,
    kind: String,
    name: String,
    at: Timestamp,
    message: String,
}

/// What is known of pods that could not be created. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RefusedPods(Shelf<RefusedPod>);

impl RefusedPods {
    /// Watches the events.
    pub fn start(client: Client, page_size: u32, shutdown: CancellationToken) -> Self {
        Self(Shelf::start_selected(client, page_size, "reason=FailedCreate", refused, shutdown))
    }

    /// The same over rows that are watched already.
    pub const fn with(shelf: Shelf<RefusedPod>) -> Self {
        Self(shelf)
    }

    /// The key of each event that comes from now on.
    pub fn follow(&self) -> tokio::sync::mpsc::UnboundedReceiver<trimtab_runtime::shelf::Key> {
        self.0.follow()
    }

    /// The workload that the event under `key` is about.
    pub fn workload(&self, key: &trimtab_runtime::shelf::Key) -> Option<WorkloadId> {
        let event = self.0.entry(&key.0, &key.1)?.ok()?;
        event.workload()
    }

    /// Why pods of `workload` cannot be created since `rollout` began; `None` where it has all its pods, or nothing says so.
    pub fn of(
        &self,
        workload: &WorkloadRow,
        pods: &[std::sync::Arc<PodRow>],
        rollout: &RolloutStatus,
    ) -> Option<String> {
        let live = pods.iter().filter(|p| !p.terminating && !matches!(p.phase, PodPhase::Succeeded | PodPhase::Failed));
        let wanted = if workload.id.kind.runs_to_completion() { 1 } else { workload.desired };
        if u32::try_from(live.count()).unwrap_or(u32::MAX) >= wanted {
            return None;
        }
        let since = rollout.started.0;
        let about = |event: &RefusedPod| event.at > since && event.workload().is_some_and(|id| id == workload.id);
        let events = self.0.keys_where(about);
        let newest = events.iter().filter_map(|key| self.0.entry(&key.0, &key.1)?.ok()).max_by_key(|event| event.at)?;
        may_be_the_size(&newest.message, rollout).then(|| newest.message.clone())
    }
}

impl RefusedPod {
    fn workload(&self) -> Option<WorkloadId> {
        let of = |kind, name: &str| Some(WorkloadId::new(kind, self.namespace.as_str(), name));
        // ReplicaSets and Jobs are named after what made them.
        let maker = || self.name.rsplit_once('-').map(|(maker, _)| maker);
        match self.kind.as_str() {
            "ReplicaSet" => of(WorkloadKind::Deployment, maker()?),
            "Job" => of(WorkloadKind::CronJob, maker()?),
            kind => of(kind.parse().ok()?, &self.name),
        }
    }
}

/// Whether a size that `rollout` brought may be why. A quota that is used up is not, where nothing asks for more than before.
fn may_be_the_size(message: &str, rollout: &RolloutStatus) -> bool {
    if OTHER_CAUSES.iter().any(|cause| message.contains(cause)) {
        return false;
    }
    !message.contains("exceeded quota") || !asks_for_no_more(&rollout.former, &rollout.desired)
}

fn asks_for_no_more(former: &[ContainerResources], desired: &[ContainerResources]) -> bool {
    let amounts = |c: &ContainerResources| {
        let cpu = |q: &Option<trimtab_api::quantity::Quantity>| {
            q.as_ref().map_or(Ok(0), |q| quantity::cpu_millis(&q.0)).unwrap_or(u64::MAX)
        };
        let bytes = |q: &Option<trimtab_api::quantity::Quantity>| {
            q.as_ref().map_or(Ok(0), |q| quantity::bytes(&q.0)).unwrap_or(u64::MAX)
        };
        [cpu(&c.requests.cpu), bytes(&c.requests.memory), cpu(&c.limits.cpu), bytes(&c.limits.memory)]
    };
    desired.iter().all(|new| {
        let before = former.iter().find(|f| f.name == new.name).map(amounts);
        before.is_some_and(|before| amounts(new).iter().zip(before).all(|(new, before)| *new <= before))
    })
}

fn refused(event: &Event) -> Option<RefusedPod> {
    let regarding = event.regarding.as_ref()?;
    let series = event.series.as_ref().map(|s| s.last_observed_time.0);
    let times = [
        event.event_time.as_ref().map(|t| t.0),
        event.deprecated_last_timestamp.as_ref().map(|t| t.0),
        event.metadata.creation_timestamp.as_ref().map(|t| t.0),
        series,
    ];
    Some(RefusedPod {
        namespace: regarding.namespace.clone().or_else(|| event.namespace())?,
        kind: regarding.kind.clone()?,
        name: regarding.name.clone()?,
        at: times.into_iter().flatten().max()?,
        message: printable(event.note.as_deref().unwrap_or_default()).chars().take(MESSAGE).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn event(kind: &str, name: &str) -> RefusedPod {
        let event = json!({"metadata": {"name": "e", "namespace": "shop", "creationTimestamp": "2026-11-21T12:00:00Z"},
            "reason": "FailedCreate", "regarding": {"kind": kind, "name": name, "namespace": "shop"},
            "deprecatedLastTimestamp": "2026-11-21T12:05:00Z", "eventTime": null, "note": "Error creating: pods \"web\" is forbidden"});
        refused(&serde_json::from_value(event).unwrap()).unwrap()
    }

    #[test]
    fn an_event_is_about_the_workload_that_wants_the_pod() {
        for (kind, name, expected) in [
            ("ReplicaSet", "web-shop-5d4c", Some("Deployment/web-shop")),
            ("Job", "report-29100000", Some("CronJob/report")),
            ("StatefulSet", "db", Some("StatefulSet/db")),
            ("DaemonSet", "log", Some("DaemonSet/log")),
            ("Other", "x", None),
        ] {
            let found = event(kind, name).workload().map(|id| format!("{}/{}", id.kind, id.name));
            assert_eq!(found.as_deref(), expected, "{kind} {name}");
        }
        assert_eq!(event("StatefulSet", "db").at.to_string(), "2026-11-21T12:05:00Z", "the last time counts");
    }

    #[test]
    fn a_quota_is_no_reason_against_a_size_that_asks_for_less() {
        let sizes = |cpu: &str| -> Vec<ContainerResources> {
            serde_json::from_value(json!([{"name": "app", "requests": {"cpu": cpu}}])).unwrap()
        };
        assert!(asks_for_no_more(&sizes("500m"), &sizes("250m")));
        assert!(!asks_for_no_more(&sizes("250m"), &sizes("0.5")));
        assert!(!asks_for_no_more(&[], &sizes("250m")), "nobody knows what it had");
    }
}
