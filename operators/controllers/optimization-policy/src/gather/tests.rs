#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_trait::async_trait;
use serde_json::json;
use trimtab_metrics_sources::{
    Batch, Freshness, Metric, Origin, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
};
use trimtab_world::Tables;

use super::*;

#[test]
fn a_missing_right_to_a_custom_resource_is_said_with_the_right_to_give() {
    let WorkloadKind::Custom(hidden) = WorkloadKind::named("Hidden.v1.example.com").unwrap() else { unreachable!() };
    let because = |reason| unseen_because(&Missing { kind: Kind::Custom(hidden), namespace: None, reason });
    let forbidden = |on: &str| Refusal::Forbidden { verb: "list", on: on.to_owned() };
    assert_eq!(
        because(forbidden("hiddens.example.com")),
        "Hidden is named by --workload-kinds but not sized, Forbidden: verb list on hiddens.example.com: grant the \
         controller list and watch on hiddens of apiGroup example.com"
    );
    for reason in [forbidden("/apis/example.com/v1"), Refusal::NotScalable("Hidden is in no namespace".to_owned())] {
        let text = format!("Hidden is named by --workload-kinds but not sized, {reason}");
        assert_eq!(because(reason), text);
    }
}

/// Pods of the namespace `shop`, each with the first and the last time at which its CPU is reported.
struct Reported(Vec<(&'static str, i64, i64)>);

#[async_trait]
impl UsageSource for Reported {
    fn name(&self) -> &'static str {
        "reported"
    }

    fn server(&self) -> &str {
        "reported"
    }

    fn has_history(&self) -> bool {
        false
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        vec![Batch {
            metrics: vec![Metric::CpuCores],
            namespaces: request.namespaces.iter().map(|n| n.name.clone()).collect(),
            start_s: request.start_s,
            end_s: request.end_s,
            step_s: request.step_s,
            expected_points: 1,
            ..Batch::default()
        }]
    }

    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        let (time_s, origin) = (batch.end_s, Origin::none());
        for &(pod, _, _) in self.0.iter().filter(|(_, first, last)| (*first..=*last).contains(&time_s)) {
            let key = SeriesKey {
                metric: Metric::CpuCores,
                namespace: "shop",
                pod,
                container: "app",
                origin,
                begins: false,
                stranger: None,
            };
            sink.series(key, &[Sample { time_s, value: 0.1 }]);
        }
        Ok(ReadReport { requests: 1, ..ReadReport::default() })
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }
}

#[tokio::test]
async fn the_pods_of_a_recreated_daemon_set_are_known_since_they_are_read() {
    let mut tables = Tables::default();
    tables
        .apply_json(Kind::DaemonSet, &json!({"metadata": {"name": "agent", "namespace": "shop", "uid": "u"}}))
        .unwrap();
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "u", "controller": true}]);
    let pod = json!({"metadata": {"name": "agent-bc2df", "namespace": "shop", "uid": "p", "ownerReferences": owner},
        "spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Running"}});
    tables.apply_json(Kind::Pod, &pod).unwrap();
    let (world, store) = (World::fixed(tables), UsageStore::new());
    let id = WorkloadId::new(WorkloadKind::DaemonSet, "shop", "agent");
    let now = 1_800_000_000;
    let new = now - 1200;
    let known = |store: &UsageStore, now_s| {
        let per_pod = per_pod(&world, store, &id, Timestamp::from_second(now_s).unwrap());
        (per_pod.used.len(), per_pod.known_s)
    };
    // The pod of the former DaemonSet is reported for two days, and then that of the present one.
    let source = Reported(vec![("agent-x2x9z", 0, new - 1), ("agent-bc2df", new, now)]);
    for (at, expected) in
        [(now - 172_800, (0, None)), (new - 60, (0, None)), (new, (1, Some(0))), (now, (1, Some(1200)))]
    {
        store.sample(&source, vec![load(&world, "shop")], at, 60, &WorldResolver(&world)).await.unwrap();
        assert_eq!(known(&store, at), expected, "{} before the end", now - at);
    }
}
