#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use opentelemetry::trace::TracerProvider;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The output in `format` while `log` runs, with or without traces.
fn written(format: LogFormat, traces: bool, redactor: Redactor, log: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let writer = RedactingWriter::new(buffer.clone(), redactor);
    let logs = lines(format, false, traces, writer);
    let provider = SdkTracerProvider::builder().build();
    let layer = traces.then(|| tracing_opentelemetry::layer().with_tracer(provider.tracer("test")));
    let subscriber = tracing_subscriber::registry().with(logs).with(layer);
    tracing::subscriber::with_default(subscriber, log);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn secrets_are_masked_in_both_formats() {
    let redactor = Redactor::new();
    redactor.register("s3cr\"et");
    for format in [LogFormat::Json, LogFormat::Text] {
        let line = written(format, false, redactor.clone(), || {
            tracing::info!(url = "http://x?t=s3cr\"et", debug = ?"s3cr\"et", "token s3cr\"et used");
        });
        assert!(!line.contains("s3cr"), "{line}");
        assert_eq!(line.matches("***").count(), 3, "{line}");
    }
}

#[test]
fn json_is_one_flat_object_a_line_and_the_default_off_a_terminal() {
    let line = written(LogFormat::Auto, false, Redactor::new(), || {
        tracing::info!(workload = "shop/web", "two\nlines");
    });
    let value: serde_json::Value = serde_json::from_str(line.trim_end()).unwrap();
    assert_eq!(value["workload"], "shop/web");
    assert_eq!(value["message"], "two\nlines");
    assert_eq!(value["level"], "INFO");
    assert!(value.get("trace_id").is_none());
}

#[test]
fn lines_inside_a_span_carry_its_trace_id() {
    let log = || {
        tracing::info_span!("analyze").in_scope(|| tracing::info!("inside"));
        tracing::info!("outside");
    };
    let text = written(LogFormat::Json, true, Redactor::new(), log);
    let values: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(values[0]["trace_id"].as_str().unwrap().len(), 32, "{text}");
    assert!(values[1].get("trace_id").is_none(), "{text}");
    let text = written(LogFormat::Text, true, Redactor::new(), log);
    assert!(text.lines().next().unwrap().contains(" trace_id="), "{text}");
}

#[test]
fn filters_are_checked_and_win_over_the_quiet_list() {
    assert_eq!(filter(Some("no such=level".to_owned())).unwrap_err().reason(), "LogFilterInvalid");
    for misspelt in ["verbose", "warning", "info, notice"] {
        let error = filter(Some(misspelt.to_owned())).unwrap_err().to_string();
        assert!(error.contains("is no level: they are off, error, warn, info, debug and trace"), "{error}");
    }
    for well in ["off", "WARN", "3", "trimtab_world=debug", "trimtab_world", "info,trimtab_world::kinds=trace"] {
        assert!(filter(Some(well.to_owned())).is_ok(), "{well}");
    }
    let text = filter(Some("debug,hyper=trace".to_owned())).unwrap().to_string();
    assert!(text.contains("hyper=trace") && !text.contains("hyper=info"), "{text}");
    assert!(filter(None).unwrap().to_string().contains("info"));
}

/// The output with the usual filter while `log` runs.
fn filtered(log: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let writer = RedactingWriter::new(buffer.clone(), Redactor::new());
    let logs = lines(LogFormat::Text, false, false, writer).with_filter(filter(None).unwrap());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs), log);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn whole_answers_of_the_api_server_and_what_is_reported_better_are_left_out() {
    let broken = serde_json::from_str::<u8>("{\"password\": \"s3cret\"}").unwrap_err();
    let text = filtered(|| {
        tracing::warn!(target: "kube_client::client", "{}, {:?}", "{\"password\": \"s3cret\"}", broken);
        tracing::error!(target: "kube_client::client::builder", "failed with status 503");
        tracing::warn!(target: "kube_runtime::watcher", "watch list error with 403: forbidden");
        tracing::warn!(target: "kube_client::client", "eof in poll: {:?}", std::io::Error::other("cut off"));
        tracing::warn!(target: "kube_client::client::tls", path = "/ca.crt", "failed to reload CA bundle; keeping stale roots");
        tracing::warn!("{}, {:?}", "our own", broken);
    });
    for left_out in ["s3cret", "failed with status", "watch list error"] {
        assert!(!text.contains(left_out), "{left_out}: {text}");
    }
    for kept in ["eof in poll", "keeping stale roots", "our own"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}

#[tokio::test]
async fn the_client_does_not_log_what_it_cannot_read() {
    let answer = |_: http::Request<kube::client::Body>| async {
        let body = kube::client::Body::from(br#"{"password": "s3cret"}"#.to_vec());
        Ok::<_, std::convert::Infallible>(http::Response::new(body))
    };
    let client = kube::Client::new(tower::service_fn(answer), "default");
    let buffer = Buffer::default();
    let writer = RedactingWriter::new(buffer.clone(), Redactor::new());
    let logs = lines(LogFormat::Text, false, false, writer).with_filter(filter(None).unwrap());
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(logs));
    let request = http::Request::get("/api/v1/pods").body(Vec::new()).unwrap();
    assert!(client.request::<Vec<u8>>(request).await.is_err());
    tracing::info!("after it");
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("after it") && !text.contains("s3cret"), "{text}");
}

#[test]
fn formats_have_names() {
    for format in [LogFormat::Auto, LogFormat::Text, LogFormat::Json] {
        assert_eq!(format.to_string().parse::<LogFormat>().unwrap(), format);
    }
    assert!("yaml".parse::<LogFormat>().is_err());
}

#[test]
fn without_an_endpoint_there_is_no_exporter() {
    // The variables are not set where tests run.
    assert!(otlp::provider(None).unwrap().is_none());
    assert!(otlp::provider(Some("")).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_a_collector() {
    crate::client::install_tls_provider();
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let collect = move |body: Vec<u8>| {
        let _ = sender.send(body);
        std::future::ready("")
    };
    let app = axum::Router::new().route(
        "/v1/traces",
        axum::routing::post(move |request: axum::extract::Request| async move {
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            collect(body.to_vec()).await
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let provider = otlp::provider(Some(&endpoint)).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(otlp::layer(&provider));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("analyze_workload").in_scope(|| ());
        tracing::info_span!(target: "hyper", "of_a_library").in_scope(|| ());
    });
    Telemetry { provider: Some(provider) }.shutdown(Duration::from_secs(10)).await;

    let body = received.try_recv().expect("spans are sent before the shutdown ends");
    let holds = |text: &str| body.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("analyze_workload") && holds("trimtab") && !holds("of_a_library"));
    server.abort();
}
