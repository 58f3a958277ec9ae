//! Workloads whose controllers cannot create pods. In: events of reason `FailedCreate`, which the controllers of all
//! kinds write. Out: why the newest pod of a workload could not be created since its rollout began.
//!
//! Another admission policy may admit a template and deny the size that new pods get: then no pod is created, and only
//! such an event reports it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::events::v1::Event;
use kube::{Client, ResourceExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use trimtab_admission_sizes::amounts;
use trimtab_api::{resources::ContainerResources, rollout::RolloutStatus};
use trimtab_core::{WorkloadId, WorkloadKind, text::printable};
use trimtab_runtime::store::{Key, Store};
use trimtab_world::row::{PodPhase, PodRow, WorkloadRow};

/// Maximum length of a message that is passed on, in characters.
const MESSAGE: usize = 500;

/// Maximum age of an event, in seconds: controllers retry and write it again while they cannot create pods.
const FRESH_S: i64 = 180;

/// Message parts that show that a pod was not created for a reason other than its size.
const OTHER_CAUSES: [&str; 9] = [
    "violates PodSecurity",
    "error looking up service account",
    "failed calling webhook",
    "already exists",
    "PriorityClass",
    "etcdserver",
    "timed out",
    "connection refused",
    "is being terminated",
];

/// A pod that could not be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedPod {
    namespace: String,
    kind: String,
    name: String,
    at: Timestamp,
    message: String,
}

/// Known pods that could not be created. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RefusedPods(Store<RefusedPod>);

impl RefusedPods {
    /// Watches the events.
    pub fn start(client: Client, page_size: u32, shutdown: CancellationToken) -> Self {
        Self(Store::start_selected(client, page_size, "reason=FailedCreate", refused, shutdown))
    }

    /// The same over an existing watch.
    pub const fn with(store: Store<RefusedPod>) -> Self {
        Self(store)
    }

    /// The keys of events from now on.
    pub fn follow(&self) -> UnboundedReceiver<Key> {
        self.0.follow()
    }

    /// The workloads that the event under `key` may concern.
    pub fn workloads(&self, key: &Key) -> Vec<WorkloadId> {
        let event = self.0.entry(&key.0, &key.1).and_then(Result::ok);
        event.map(|event| event.workloads()).unwrap_or_default()
    }

    /// Why pods of `workload` cannot be created `now`, while new pods get the size of `rollout`; `None` if it has all
    /// its pods, or nothing says so.
    pub fn of(
        &self,
        workload: &WorkloadRow,
        pods: &[Arc<PodRow>],
        rollout: &RolloutStatus,
        now: Timestamp,
    ) -> Option<String> {
        let live = pods.iter().filter(|p| !p.terminating && !matches!(p.phase, PodPhase::Succeeded | PodPhase::Failed));
        let wanted = if workload.id.kind.runs_to_completion() { 1 } else { workload.desired };
        // In the workload's own rollout, the former pods stay until the new ones are available.
        let updated = workload.id.kind.runs_to_completion() || workload.updated >= workload.desired;
        if u32::try_from(live.count()).unwrap_or(u32::MAX) >= wanted && updated {
            return None;
        }
        let fresh = now.saturating_sub(SignedDuration::from_secs(FRESH_S)).unwrap_or(Timestamp::MIN);
        let since = rollout.started.0.max(fresh);
        let about = |event: &RefusedPod| event.at > since && event.workloads().contains(&workload.id);
        let events = self.0.keys_where(about);
        let newest = events.iter().filter_map(|key| self.0.entry(&key.0, &key.1)?.ok()).max_by_key(|event| event.at)?;
        may_be_the_size(&newest.message, rollout).then(|| newest.message.clone())
    }
}

impl RefusedPod {
    /// The possible owners of the pod. ReplicaSets and Jobs are named after their owner, but do not name its kind.
    fn workloads(&self) -> Vec<WorkloadId> {
        let of = |kinds: &[WorkloadKind], name: &str| -> Vec<WorkloadId> {
            kinds.iter().map(|kind| WorkloadId::new(*kind, self.namespace.as_str(), name)).collect()
        };
        let maker = self.name.rsplit_once('-').map_or("", |(maker, _)| maker);
        match self.kind.as_str() {
            "ReplicaSet" => of(&[WorkloadKind::Deployment, WorkloadKind::Rollout], maker),
            "Job" => of(&[WorkloadKind::CronJob], maker),
            kind => kind.parse().map_or_else(|()| Vec::new(), |kind| of(&[kind], &self.name)),
        }
    }
}

/// Whether a size that `rollout` brought may be the cause. An exhausted quota is not, if nothing requests more than
/// before.
fn may_be_the_size(message: &str, rollout: &RolloutStatus) -> bool {
    if OTHER_CAUSES.iter().any(|cause| message.contains(cause)) {
        return false;
    }
    !message.contains("exceeded quota") || asks_for_more(message, &rollout.former, &rollout.desired)
}

/// Whether `desired` requests more than `former` of a resource that a quota names as requested, such as `requested:
/// requests.cpu=500m,limits.memory=1Gi`.
fn asks_for_more(message: &str, former: &[ContainerResources], desired: &[ContainerResources]) -> bool {
    let requested = message.split("requested: ").nth(1).unwrap_or_default();
    let requested = requested.split(", used").next().unwrap_or_default();
    let sum = |containers: &[ContainerResources], name: &str| -> u64 {
        let of = |c: &ContainerResources| {
            let Ok(has) = amounts::read(&c.requests, &c.limits) else { return u64::MAX };
            let amount = match name {
                "limits.cpu" => has.cpu_limit,
                "limits.memory" => has.memory_limit,
                name if name.ends_with("cpu") => has.cpu_request,
                _ => has.memory_request,
            };
            amount.unwrap_or(0)
        };
        containers.iter().map(of).fold(0, u64::saturating_add)
    };
    let names = requested.split(',').filter_map(|part| part.split('=').next()).map(str::trim);
    names
        .filter(|name| name.ends_with("cpu") || name.ends_with("memory"))
        .any(|name| sum(desired, name) > sum(former, name))
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
#[path = "refused_pods_tests.rs"]
mod tests;
