//! The metrics-server adapter against a Kubernetes client whose server is a function.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;

use http::{Request, Response};
use kube::client::Body;
use trimtab_metrics_sources::{
    Metric, MetricsServerSource, NamespaceLoad, ReadKind, ReadRequest, Sample, SampleSink, SeriesKey, UsageSource,
};

const PODS: &str = r#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[
 {"metadata":{"name":"web-1","namespace":"shop","labels":{"a":"b"}},"timestamp":"2026-01-01T00:00:10Z","window":"10s",
  "containers":[{"name":"app","usage":{"cpu":"250000000n","memory":"184320Ki"}},{"name":"odd","usage":{"cpu":"-1","memory":""}}]},
 {"metadata":{"name":"web-2","namespace":"shop"},"timestamp":"then","window":"10s","containers":[]},
 {"metadata":{"name":"other","namespace":"elsewhere"},"timestamp":"2026-01-01T00:00:20Z","containers":[{"name":"app","usage":{"cpu":"1","memory":"1"}}]}
]}"#;

fn source(status: u16, body: &'static str) -> MetricsServerSource {
    let server = tower::service_fn(move |request: Request<Body>| async move {
        assert_eq!(request.uri().path(), "/apis/metrics.k8s.io/v1beta1/pods");
        let response = Response::builder().status(status).header("content-type", "application/json");
        Ok::<_, Infallible>(response.body(Body::from(body.as_bytes().to_vec())).unwrap())
    });
    MetricsServerSource::new(kube::Client::new(server, "default"), "https://cluster")
}

#[derive(Default)]
struct Seen(Vec<(Metric, String, Sample)>);

impl SampleSink for Seen {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        self.0.push((key.metric, format!("{}/{}/{}", key.namespace, key.pod, key.container), samples[0]));
    }
}

fn request(namespaces: &[&str]) -> ReadRequest {
    let namespaces = namespaces
        .iter()
        .map(|name| NamespaceLoad { name: (*name).to_owned(), containers: 2, ..NamespaceLoad::default() })
        .collect();
    ReadRequest { namespaces, start_s: 0, end_s: 600, step_s: 60, kind: ReadKind::Recent }
}

#[tokio::test]
async fn one_list_is_one_sample_of_each_container() {
    let source = source(200, PODS);
    let batches = source.plan(&request(&["shop", "empty"]));
    assert_eq!(batches.len(), 1);
    let mut seen = Seen::default();
    let report = source.read(&batches[0], &mut seen).await.unwrap();
    let time_s = 1_767_225_610;
    assert_eq!(
        seen.0,
        vec![
            (Metric::CpuCores, "shop/web-1/app".to_owned(), Sample { time_s, value: 0.25 }),
            (Metric::MemoryWorkingSet, "shop/web-1/app".to_owned(), Sample { time_s, value: 188_743_680.0 }),
        ]
    );
    assert_eq!((report.requests, report.samples, report.refused, report.newest_sample_s), (1, 2, 3, Some(time_s)));
    assert_eq!(source.check(0).await.unwrap().newest_sample_s, Some(time_s + 10));
    assert!(!source.has_history());
    assert!(source.plan(&request(&[])).is_empty());
}

// Retries pause; with the clock paused that takes no time.
#[tokio::test(start_paused = true)]
async fn absent_forbidden_and_broken_are_told_apart() {
    const ABSENT: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","code":404}"#;
    const FORBIDDEN: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods.metrics.k8s.io is forbidden","reason":"Forbidden","code":403}"#;
    const BROKEN: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"error trying to reach service","reason":"InternalError","code":500}"#;
    let table = [
        (404, ABSENT, "MetricsApiAbsent"),
        (404, "404 page not found", "MetricsApiAbsent"),
        (403, FORBIDDEN, "MetricsUnauthorized"),
        (500, BROKEN, "MetricsServerFailure"),
        (200, "<html>", "MetricsNonsense"),
        (200, r#"{"items":[{"metadata":{}}]}"#, "MetricsNonsense"),
    ];
    for (status, body, reason) in table {
        let error = source(status, body).check(0).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{error}");
    }
}
