//! For tests: a clock that is the runtime's, a minimal API server, and a metrics-server that is a counter.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use http::{Method, Request, Response};
use jiff::Timestamp;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::BoxError;
use trimtab_metrics_sources::{
    Batch, Freshness, Metric, Origin, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
};

pub(crate) const START: i64 = 1_800_000_000;

thread_local! {
    static BEGUN: Instant = Instant::now();
}

/// The paused clock of the test's runtime.
pub(crate) fn clock() -> Timestamp {
    Timestamp::from_second(START + BEGUN.with(|b| i64::try_from(b.elapsed().as_secs()).unwrap())).unwrap()
}

/// A minimal API server: profiles by namespace and name, and the requests it received.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) profiles: Mutex<BTreeMap<(String, String), Value>>,
    pub(crate) asked: Mutex<Vec<(i64, String)>>,
    pub(crate) refuse: Mutex<Option<(&'static str, u16)>>,
    uids: Mutex<u32>,
}

impl Server {
    pub(crate) fn client(self: &Arc<Self>) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let sent = serde_json::from_slice(&body.collect_bytes().await?).unwrap_or(Value::Null);
                let (code, body) = server.answer(&parts.method, &parts.uri, &sent);
                Ok::<_, BoxError>(Response::builder().status(code).body(Body::from(body.to_string().into_bytes()))?)
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, method: &Method, uri: &http::Uri, sent: &Value) -> (u16, Value) {
        let asked = format!("{method} {}", uri.path());
        self.asked.lock().unwrap().push((clock().as_second() - START, asked.clone()));
        let failure = |code: u16, reason: &str| {
            let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                "reason": reason, "message": reason, "details": {"name": "x"}, "metadata": {}});
            (code, body)
        };
        if let Some((part, code)) = *self.refuse.lock().unwrap()
            && asked.contains(part)
        {
            return failure(code, if code == 403 { "Forbidden" } else { "Conflict" });
        }
        let path: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
        let mut profiles = self.profiles.lock().unwrap();
        match (method, path.as_slice()) {
            (&Method::GET, ["apis", "trimtab.dev", "v1alpha1", "usageprofiles"]) => {
                let query = uri.query().unwrap_or_default();
                let number = |key: &str| {
                    query.split('&').find_map(|p| p.strip_prefix(key)?.strip_prefix('=')?.parse::<usize>().ok())
                };
                let (from, limit) = (number("continue").unwrap_or(0), number("limit").unwrap());
                let items: Vec<_> = profiles.values().skip(from).take(limit).cloned().collect();
                let next = if from + limit < profiles.len() { (from + limit).to_string() } else { String::new() };
                let list = json!({"kind": "List", "apiVersion": "v1",
                    "metadata": {"resourceVersion": "9", "continue": next}, "items": items});
                (200, list)
            }
            (_, ["apis", "trimtab.dev", "v1alpha1", "namespaces", namespace, "usageprofiles", name, rest @ ..]) => {
                let key = ((*namespace).to_owned(), (*name).to_owned());
                let stored = profiles.get(&key).cloned();
                let wanted = sent.pointer("/metadata/uid").or(sent.pointer("/preconditions/uid"));
                match (method, rest, stored) {
                    (&Method::DELETE, [], Some(_)) => {
                        profiles.remove(&key);
                        (200, json!({"kind": "Status", "status": "Success", "code": 200}))
                    }
                    (_, ["status"], None) | (&Method::DELETE, ..) => failure(404, "NotFound"),
                    (_, _, Some(stored)) if wanted.is_some_and(|uid| *uid != stored["metadata"]["uid"]) => {
                        failure(409, "Conflict")
                    }
                    (_, ["status"], Some(mut stored)) => {
                        stored["status"] = sent["status"].clone();
                        profiles.insert(key, stored.clone());
                        (200, stored)
                    }
                    (_, _, stored) => {
                        let mut made = sent.clone();
                        let uid = stored.as_ref().map_or_else(
                            || {
                                *self.uids.lock().unwrap() += 1;
                                json!(format!("p-{}", self.uids.lock().unwrap()))
                            },
                            |s| s["metadata"]["uid"].clone(),
                        );
                        made["metadata"]["uid"] = uid;
                        made["metadata"]["generation"] = json!(1);
                        if let Some(stored) = stored {
                            made["status"] = stored["status"].clone();
                        }
                        profiles.insert(key, made.clone());
                        (201, made)
                    }
                }
            }
            _ => (201, sent.clone()),
        }
    }

    /// Number of requests whose method and path contain `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(_, asked)| asked.contains(part)).count()
    }

    pub(crate) fn profile(&self, name: &str) -> Option<Value> {
        self.profiles.lock().unwrap().get(&("shop".to_owned(), name.to_owned())).cloned()
    }

    pub(crate) fn samples(&self, name: &str) -> i64 {
        self.profile(name).map_or(0, |p| p["status"]["samples"].as_i64().unwrap_or(0))
    }
}

/// metrics-server: one container for each workload, measured ten seconds ago.
pub(crate) struct Meter {
    pub(crate) workloads: usize,
    pub(crate) down: AtomicBool,
}

#[async_trait]
impl UsageSource for Meter {
    fn name(&self) -> &'static str {
        "metrics-server"
    }

    fn server(&self) -> &str {
        "test"
    }

    fn has_history(&self) -> bool {
        false
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        vec![Batch {
            metrics: vec![Metric::CpuCores, Metric::MemoryWorkingSet],
            namespaces: request.namespaces.iter().map(|n| n.name.clone()).collect(),
            start_s: request.start_s,
            end_s: request.end_s,
            step_s: request.step_s,
            expected_points: 1,
            ..Batch::default()
        }]
    }

    async fn read(&self, _: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(SourceError::MetricsApiAbsent { server: "test".to_owned() });
        }
        for n in 0..self.workloads {
            let pod = format!("db{n}-0");
            for (metric, value) in [(Metric::CpuCores, 0.1), (Metric::MemoryWorkingSet, 2e8)] {
                let origin = Origin::none();
                let key = SeriesKey {
                    metric,
                    namespace: "shop",
                    pod: &pod,
                    container: "app",
                    origin,
                    begins: false,
                    stranger: None,
                };
                sink.series(key, &[Sample { time_s: clock().as_second() - 10, value }]);
            }
        }
        Ok(ReadReport { requests: 1, ..ReadReport::default() })
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }

    fn circuit_open(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }
}
