//! The Prometheus adapter against a small HTTP server that responds well, badly, late or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use futures::StreamExt;
use trimtab_metrics_sources::{
    Batch, Bearer, Ca, Metric, NamespaceLoad, PrometheusConfig, PrometheusSettings, PrometheusSource, ReadKind,
    ReadReport, ReadRequest, Responsible, Sample, SampleSink, SeriesKey, SourceError, UsageSource, read_batch,
};

/// What the server does with one request.
#[derive(Clone)]
enum Reply {
    Says(u16, &'static str),
    /// Repeats the request's headers and URL.
    Echo(u16),
    Redirect,
    /// Announces more than it sends.
    BreaksOff(&'static str),
    Never,
    Gzip,
}

#[derive(Clone, Debug)]
struct Asked {
    uri: String,
    headers: HeaderMap,
    form: Vec<(String, String)>,
}

impl Asked {
    fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

#[derive(Clone)]
struct Server {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    url: String,
}

const EMPTY: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
const ONE: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"container_cpu_usage_seconds_total","container":"app","cpu":"total","namespace":"shop","pod":"web-1"},"values":[[600,"10"],[900,"160"],[1200,"NaN"],[1500,"460"]]},{"metric":{"__name__":"container_memory_working_set_bytes","container":"app","namespace":"shop","pod":"web-1"},"values":[[600,"1"],[900,"1e6"],[1200,"-5"]]}]}}"#;
const WARNED: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"container_memory_working_set_bytes","container":"app","namespace":"shop","pod":"web-1"},"values":[[900,"1"]]}]},"warnings":["store gateway down"]}"#;
const TOO_MANY: &str =
    r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}"#;

/// The last reply is repeated forever.
async fn server(replies: &[Reply]) -> Server {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server {
        replies: Arc::new(Mutex::new(replies.iter().cloned().collect())),
        asked: Arc::default(),
        url: format!("http://{}", listener.local_addr().unwrap()),
    };
    let router = Router::new().fallback(answer).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    server
}

async fn answer(State(server): State<Server>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let form = url::form_urlencoded::parse(&body).into_owned().collect();
    server.asked.lock().unwrap().push(Asked { uri: uri.to_string(), headers: headers.clone(), form });
    let reply = {
        let mut replies = server.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
    };
    let response = Response::builder();
    match reply {
        Reply::Says(status, text) => response.status(status).body(Body::from(text)),
        Reply::Echo(status) => response.status(status).body(Body::from(format!("{uri} {headers:?}"))),
        Reply::Redirect => {
            response.status(302).header("location", "http://elsewhere.invalid/login").body(Body::empty())
        }
        Reply::BreaksOff(text) => {
            let pieces = futures::stream::iter([Ok(Bytes::from(text)), Err(std::io::Error::other("gone"))]);
            // A pause lets the first piece leave before the connection is dropped.
            let pieces = pieces.then(|piece| async {
                tokio::task::yield_now().await;
                piece
            });
            response.status(200).body(Body::from_stream(pieces))
        }
        Reply::Never => std::future::pending().await,
        Reply::Gzip => response.status(200).header("content-encoding", "gzip").body(Body::from("zip")),
    }
    .unwrap()
}

#[derive(Default)]
struct Seen {
    series: Vec<(Metric, String, Vec<Sample>)>,
    done: Vec<(i64, i64)>,
}

impl SampleSink for Seen {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let name = format!("{}/{}/{}", key.namespace, key.pod, key.container);
        self.series.push((key.metric, name, samples.to_vec()));
    }
    fn done(&mut self, batch: &Batch) {
        self.done.push((batch.start_s, batch.end_s));
    }
}

fn batch() -> Batch {
    Batch {
        metrics: vec![Metric::CpuCores, Metric::MemoryWorkingSet],
        namespaces: vec!["shop".into()],
        start_s: 600,
        end_s: 1_800,
        step_s: 300,
        expected_points: 10,
        ..Batch::default()
    }
}

fn source(server: &Server, change: impl FnOnce(&mut PrometheusSettings)) -> PrometheusSource {
    let mut settings = PrometheusSettings::new(&server.url);
    settings.request_timeout = Duration::from_secs(1);
    settings.deadline = Duration::from_secs(20);
    settings.attempts = 1;
    change(&mut settings);
    PrometheusSource::new(PrometheusConfig::check(settings).unwrap()).unwrap()
}

async fn read(source: &PrometheusSource) -> (Result<ReadReport, SourceError>, Seen) {
    let mut seen = Seen::default();
    let result = read_batch(source, &batch(), &mut seen).await;
    (result, seen)
}

#[tokio::test]
async fn a_good_answer_becomes_samples() {
    let server = server(&[Reply::Says(200, ONE)]).await;
    let (report, seen) = read(&source(&server, |_| {})).await;
    let report = report.unwrap();
    assert_eq!(
        seen.series,
        vec![
            (
                Metric::CpuCores,
                "shop/web-1/app".to_owned(),
                vec![Sample { time_s: 900, value: 0.5 }, Sample { time_s: 1_500, value: 0.5 }]
            ),
            (Metric::MemoryWorkingSet, "shop/web-1/app".to_owned(), vec![Sample { time_s: 900, value: 1e6 }]),
        ]
    );
    assert_eq!((report.requests, report.series, report.samples, report.points, report.refused), (1, 2, 3, 7, 2));
    assert_eq!((report.newest_sample_s, report.bytes), (Some(1_500), ONE.len() as u64));
    assert_eq!(seen.done, vec![(600, 1_800)]);
}

#[tokio::test]
async fn a_query_carries_what_was_configured() {
    let server = server(&[Reply::Says(200, EMPTY)]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first-token\n").unwrap();
    let source = source(&server, |settings| {
        settings.path_prefix = Some("/prometheus".into());
        settings.headers = vec![("X-Scope-OrgID".into(), "tenant-1".into())];
        settings.bearer = Some(Bearer::File(file.path().to_owned()));
        settings.query_parameters = vec![("dedup".into(), "true".into())];
        settings.cluster_label = Some("cluster=eu 1".into());
    });
    read(&source).await.0.unwrap();
    std::fs::write(file.path(), "second-token").unwrap();
    read(&source).await.0.unwrap();
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked[0].uri, "/prometheus/api/v1/query_range?dedup=true");
    assert_eq!(asked[0].headers["x-scope-orgid"], "tenant-1");
    assert_eq!(asked[0].headers["authorization"], "Bearer first-token");
    assert_eq!(asked[1].headers["authorization"], "Bearer second-token");
    let fields = ["start", "end", "step", "timeout"].map(|name| asked[0].field(name).to_owned());
    assert_eq!(fields, ["600", "1800", "300", "1s"]);
    assert!(asked[0].field("query").contains(r#"namespace="shop""#), "{:?}", asked[0]);
    assert!(asked[0].field("query").ends_with(r#"cluster="eu 1"}"#), "{:?}", asked[0]);
}

#[tokio::test]
async fn every_failure_has_its_name_and_nothing_is_handed_over() {
    let table = [
        (Reply::Says(401, "who are you"), "MetricsUnauthorized", Responsible::User),
        (Reply::Says(403, ""), "MetricsUnauthorized", Responsible::User),
        (Reply::Says(404, "404 page not found"), "MetricsApiNotFound", Responsible::User),
        (
            Reply::Says(400, r#"{"status":"error","errorType":"bad_data","error":"x"}"#),
            "MetricsQueryRefused",
            Responsible::User,
        ),
        (Reply::Says(500, "boom"), "MetricsServerFailure", Responsible::System),
        (Reply::Says(429, ""), "MetricsServerFailure", Responsible::System),
        (Reply::Never, "MetricsTimeout", Responsible::System),
        (Reply::Says(200, "<html><title>Sign in</title></html>"), "MetricsNonsense", Responsible::System),
        (Reply::Says(200, ""), "MetricsNonsense", Responsible::System),
        (Reply::Says(200, "{}"), "MetricsNonsense", Responsible::System),
        (Reply::Redirect, "MetricsNonsense", Responsible::System),
        (Reply::Gzip, "MetricsNonsense", Responsible::System),
        (
            Reply::Says(200, r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
            "MetricsNonsense",
            Responsible::System,
        ),
        (
            Reply::Says(
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1]]}]}}"#,
            ),
            "MetricsTruncated",
            Responsible::System,
        ),
        (
            Reply::Says(
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"container_memory_working_set_bytes","namespace":"n","pod":"p","container":"c"},"values":[[900,"1","2"]]}]}}"#,
            ),
            "MetricsNonsense",
            Responsible::System,
        ),
        // Not as Prometheus writes it: what is not recognised is not taken for nothing.
        (
            Reply::Says(
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result": [{"metric":{"__name__":"container_memory_working_set_bytes","namespace":"n","pod":"p","container":"c"},"values":[[900,"1"]]}]}}"#,
            ),
            "MetricsNonsense",
            Responsible::System,
        ),
        (
            Reply::Says(200, r#"{"status":"error","errorType":"timeout","error":"slow"}"#),
            "MetricsServerFailure",
            Responsible::System,
        ),
        (Reply::Says(200, WARNED), "MetricsPartial", Responsible::System),
        (Reply::Says(200, &ONE[..400]), "MetricsTruncated", Responsible::System),
        (Reply::BreaksOff(&ONE[..400]), "MetricsTruncated", Responsible::System),
    ];
    for (reply, reason, fault) in table {
        let server = server(&[reply]).await;
        let (result, seen) = read(&source(&server, |_| {})).await;
        let error = result.unwrap_err();
        assert_eq!((error.reason(), error.fault()), (reason, fault), "{error}");
        assert!(error.to_string().starts_with(&format!("{}: ", server.url)), "{error}");
        assert!(seen.series.is_empty() && seen.done.is_empty(), "{error}");
        assert_eq!(server.asked.lock().unwrap().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let there = server(&[Reply::Never]).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (result, _) = read(&source(&there, |settings| settings.url = closed)).await;
    assert_eq!(result.unwrap_err().reason(), "MetricsUnreachable");
    let https = there.url.replace("http:", "https:");
    let ca = include_str!("ca.pem");
    let (result, _) = read(&source(&there, |settings| {
        settings.url = https;
        settings.ca = Some(Ca::Pem(ca.into()));
    }))
    .await;
    assert_eq!(result.unwrap_err().reason(), "MetricsTlsFailed");
}

#[tokio::test]
async fn what_can_pass_is_tried_again_and_what_cannot_is_not() {
    let passing = server(&[Reply::Says(500, ""), Reply::BreaksOff(&ONE[..400]), Reply::Says(200, ONE)]).await;
    let (result, seen) = read(&source(&passing, |settings| settings.attempts = 3)).await;
    assert_eq!(result.unwrap().requests, 3);
    assert_eq!(seen.series.len(), 2, "what was read of the broken answer is not handed over twice");
    let refused = server(&[Reply::Says(401, "")]).await;
    assert!(read(&source(&refused, |settings| settings.attempts = 3)).await.0.is_err());
    assert_eq!(refused.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_too_large_is_read_in_halves() {
    let server = server(&[Reply::Says(422, TOO_MANY), Reply::Says(200, EMPTY)]).await;
    let (result, seen) = read(&source(&server, |_| {})).await;
    assert_eq!(result.unwrap().requests, 3);
    assert_eq!(seen.done, vec![(600, 1_200), (1_200, 1_800)]);
    let asked = server.asked.lock().unwrap();
    assert_eq!((asked[1].field("end"), asked[2].field("start")), ("1200", "1200"));
}

#[tokio::test]
async fn a_batch_that_no_halving_helps_fails_in_the_end() {
    let server = server(&[Reply::Says(422, TOO_MANY)]).await;
    let (result, seen) = read(&source(&server, |_| {})).await;
    assert_eq!(result.unwrap_err().reason(), "MetricsTooLarge");
    assert!(seen.done.is_empty());
}

#[tokio::test]
async fn the_circuit_opens_after_five_failures_and_spares_the_server() {
    let server = server(&[Reply::Says(503, "")]).await;
    let source = source(&server, |_| {});
    for _ in 0..5 {
        assert!(!source.circuit_open());
        assert_eq!(read(&source).await.0.unwrap_err().reason(), "MetricsServerFailure");
    }
    assert!(source.circuit_open());
    let error = read(&source).await.0.unwrap_err();
    assert_eq!(error.reason(), "MetricsCircuitOpen");
    assert!(error.to_string().contains("failed (503)"), "{error}");
    assert_eq!(server.asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let server = server(&[Reply::Echo(401), Reply::Echo(500), Reply::Echo(400), Reply::Echo(200), Reply::Never]).await;
    let settings = |settings: &mut PrometheusSettings| {
        settings.headers = vec![("X-Api-Key".into(), "header-s3cret".into())];
        settings.query_parameters = vec![("token".into(), "query-s3cret".into())];
    };
    let bearer = source(&server, |s| {
        settings(s);
        s.bearer = Some(Bearer::Token("bearer-s3cret".into()));
    });
    let basic = source(&server, |s| {
        settings(s);
        s.basic = Some(("user".into(), "basic-s3cret".into()));
    });
    for source in [&bearer, &basic, &bearer, &basic, &bearer] {
        let error = read(source).await.0.unwrap_err();
        let shown = format!("{error} {error:?} {source:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("dXNlcjp"), "{shown}");
    }
    let asked = server.asked.lock().unwrap();
    assert_eq!(asked[1].headers["authorization"], "Basic dXNlcjpiYXNpYy1zM2NyZXQ=", "they were sent");
    assert!(asked[1].uri.contains("query-s3cret"));
}

#[tokio::test]
async fn a_server_is_reached_through_the_proxy_that_is_named() {
    let proxy = server(&[Reply::Says(200, EMPTY)]).await;
    let source = source(&proxy, |s| {
        s.url = "http://prometheus.invalid:9090".into();
        s.proxy = Some(proxy.url.replace("http://", "http://ada:p%40ss@").into());
    });
    read(&source).await.0.unwrap();
    let asked = proxy.asked.lock().unwrap();
    assert_eq!(asked[0].uri, "http://prometheus.invalid:9090/api/v1/query_range");
    assert_eq!(asked[0].headers["proxy-authorization"], "Basic YWRhOnBAc3M=");
}

#[tokio::test]
async fn credentials_that_cannot_be_read() {
    let server = server(&[Reply::Says(200, EMPTY)]).await;
    let missing = std::path::PathBuf::from("/nonexistent/token");
    let (result, _) = read(&source(&server, |s| s.bearer = Some(Bearer::File(missing.clone())))).await;
    assert_eq!(result.unwrap_err().reason(), "MetricsCredentialsInvalid");
    assert!(server.asked.lock().unwrap().is_empty());
    for ca in [Ca::File(missing), Ca::Pem("no certificate".into())] {
        let mut settings = PrometheusSettings::new(&server.url);
        settings.ca = Some(ca);
        let error = PrometheusSource::new(PrometheusConfig::check(settings).unwrap()).unwrap_err();
        assert_eq!(error.reason(), "MetricsCredentialsInvalid");
    }
}

#[tokio::test]
async fn freshness_is_checked() {
    const FRESH: &str =
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[2000,"1970.5"]}]}}"#;
    const NONE: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let server = server(&[Reply::Says(200, FRESH), Reply::Says(200, NONE), Reply::Says(200, ONE)]).await;
    let source = source(&server, |_| {});
    let fresh = source.check(2_000).await.unwrap();
    assert_eq!(fresh.newest_sample_s, Some(1_970));
    let none = source.check(2_000).await.unwrap();
    assert_eq!(none.newest_sample_s, None);
    assert_eq!(source.check(2_000).await.unwrap_err().reason(), "MetricsNonsense");
    assert_eq!(server.asked.lock().unwrap()[0].field("time"), "2000");
}

#[tokio::test]
async fn the_trait_is_object_safe_and_plans() {
    let server = server(&[Reply::Says(200, EMPTY)]).await;
    let source: Arc<dyn UsageSource> = Arc::new(source(&server, |_| {}));
    let request = ReadRequest {
        namespaces: vec![NamespaceLoad { name: "shop".into(), containers: 3, ..NamespaceLoad::default() }],
        start_s: 0,
        end_s: 86_400,
        step_s: 300,
        kind: ReadKind::History,
    };
    let batches = source.plan(&request);
    assert_eq!(batches.len(), 2);
    for batch in &batches {
        read_batch(&*source, batch, &mut Seen::default()).await.unwrap();
    }
    assert!(server.asked.lock().unwrap()[1].field("query").contains("reason=~\"|OOMKilled\""));
    assert_eq!((source.name(), source.server(), source.has_history()), ("prometheus", server.url.as_str(), true));
}
