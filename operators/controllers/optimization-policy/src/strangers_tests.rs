#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::mpsc;
use trimtab_core::WorkloadKind;
use trimtab_metrics_sources::{
    Batch, Freshness, Metric, Origin, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
};
use trimtab_usage_history::{Span, WorldResolver, world::load};
use trimtab_world::{Kind, Tables};

use super::*;

const NOW: i64 = 1_796_094_900;
const CREATED: &str = "2026-12-01T00:00:00Z";
/// 2026-11-26T03:10:00Z.
const DAYS_AGO: i64 = 1_795_662_600;

/// One sample of memory for each of these pods of the namespace `shop`, with the label `cluster` if that is not empty.
struct Has(Vec<(&'static str, &'static str, i64)>);

#[async_trait]
impl UsageSource for Has {
    fn name(&self) -> &'static str {
        "has"
    }

    fn server(&self) -> &str {
        "has"
    }

    fn has_history(&self) -> bool {
        true
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        let ReadRequest { start_s, end_s, step_s, .. } = *request;
        let namespaces = request.namespaces.iter().map(|n| n.name.clone()).collect();
        vec![Batch { metrics: vec![Metric::MemoryWorkingSet], namespaces, start_s, end_s, step_s, ..Batch::default() }]
    }

    async fn read(&self, _: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        for (pod, cluster, time_s) in &self.0 {
            let origin = Origin::new([("cluster".to_owned(), (*cluster).to_owned())]);
            let key = SeriesKey {
                metric: Metric::MemoryWorkingSet,
                namespace: "shop",
                pod,
                container: "app",
                origin: &origin,
                begins: false,
                stranger: None,
            };
            sink.series(key, &[Sample { time_s: *time_s, value: 1e8 }]);
        }
        Ok(ReadReport::default())
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }
}

/// A cluster with one pod of DaemonSet shop/agent, in this phase.
fn cluster(phase: &str) -> Arc<World> {
    let mut tables = Tables::default();
    let agent = json!({"metadata": {"name": "agent", "namespace": "shop", "uid": "u"}});
    tables.apply_json(Kind::DaemonSet, &agent).unwrap();
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "u", "controller": true}]);
    let pod = json!({"metadata": {"name": "agent-bc2df", "namespace": "shop", "uid": "p", "ownerReferences": owner,
        "creationTimestamp": CREATED}, "spec": {"containers": [{"name": "app"}]}, "status": {"phase": phase}});
    tables.apply_json(Kind::Pod, &pod).unwrap();
    World::fixed(tables)
}

/// What is said after a read of a server.
async fn told(phase: &str, has: Vec<(&'static str, &'static str, i64)>, kind: WorkloadKind) -> Option<String> {
    let (world, store) = (cluster(phase), UsageStore::new());
    let (ready, _arrivals) = mpsc::unbounded_channel();
    let span = Span { end_s: NOW, window_s: 14 * 86_400, step_s: 300 };
    store.refresh(&Has(has), vec![load(&world, "shop")], span, &WorldResolver(&world), &ready).await;
    let ids = [WorkloadId::new(kind, "shop", "agent")];
    message("Prometheus", &store, &world, ids.iter(), store.newest_sample_s())
}

#[tokio::test]
async fn a_server_without_a_series_of_a_running_pod_is_told_from_one_that_is_late() {
    let agent = WorkloadKind::DaemonSet;
    let theirs = || vec![("agent-x2x9z", "prod", DAYS_AGO), ("other-0", "prod", DAYS_AGO - 300)];
    let message = told("Running", theirs(), agent).await.unwrap();
    for part in [
        "no series in Prometheus is of a pod that runs in this cluster: those of namespace shop, with cluster=\"prod\", \
         are of 2 pods that do not, the newest of 2026-11-26T03:10:00Z. Check that",
        "--prometheus-url",
        "--prometheus-cluster",
    ] {
        assert!(message.contains(part), "{message} should contain {part}");
    }
    // A pod of the same name that ended before this cluster's was created.
    let message = told("Running", vec![("agent-bc2df", "", DAYS_AGO)], agent).await.unwrap();
    assert!(message.contains("those of namespace shop are of 1 pod that does not, the newest of"), "{message}");
    let message = told("Running", Vec::new(), agent).await.unwrap();
    let none =
        "Prometheus has no usage of any selected workload: it has no series of CPU or memory of namespace shop. Check";
    assert!(message.starts_with(none), "{message}");

    // The right server, which stopped an hour ago; pods that do not run; and a workload that runs at times.
    let late = ("agent-bc2df", "", NOW - 3600);
    assert_eq!(told("Running", vec![late, ("agent-x2x9z", "prod", DAYS_AGO)], agent).await, None);
    assert_eq!(told("Pending", theirs(), agent).await, None);
    assert_eq!(told("Running", theirs(), WorkloadKind::CronJob).await, None);
}

#[test]
fn nothing_is_said_of_what_was_never_read() {
    let ids = [WorkloadId::new(WorkloadKind::DaemonSet, "shop", "agent")];
    assert_eq!(message("Prometheus", &UsageStore::new(), &cluster("Running"), ids.iter(), None), None);
}
