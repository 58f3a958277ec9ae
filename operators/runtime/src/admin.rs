//! `/healthz`, `/readyz`, `/metrics`. In: named checks and the metrics. Out: an HTTP server for kubelet and Prometheus.
//!
//! `/healthz` says that the process answers. `/readyz` is 200 when every check passes, else 503; the body names each
//! failing check and why, and with `?verbose` all of them, in the form that Kubernetes components use. Both are open
//! to all, and so is `/metrics` unless it is given an [`Access`].

use std::{fmt::Write, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{Access, Refusal},
    listen::listen,
    metrics::{self, Metrics},
};

type Probe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The named checks behind `/readyz`. Cheap to clone; checks may be added while the server runs.
#[derive(Clone, Default)]
pub struct Checks(Arc<Mutex<Vec<(String, Probe)>>>);

impl Checks {
    /// No checks: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check, or replaces the one of this name. `probe` is called for each request: it must be quick. Its error
    /// is shown to anybody who asks, so it must not contain secrets.
    pub fn add(&self, name: impl Into<String>, probe: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        let name = name.into();
        let mut checks = self.0.lock();
        checks.retain(|(existing, _)| *existing != name);
        checks.push((name, Box::new(probe)));
    }

    /// Whether all pass, and the text for people: failing checks, or all of them when `verbose`.
    pub fn evaluate(&self, verbose: bool) -> (bool, String) {
        let mut ready = true;
        let mut body = String::new();
        for (name, probe) in self.0.lock().iter() {
            let _ = match probe() {
                Ok(()) if verbose => writeln!(body, "[+]{name} ok"),
                Ok(()) => Ok(()),
                Err(why) => {
                    ready = false;
                    writeln!(body, "[-]{name} failed: {why}")
                }
            };
        }
        match (ready, verbose) {
            (true, false) => body.push_str("ok"),
            (true, true) => body.push_str("readyz check passed\n"),
            (false, _) => body.push_str("readyz check failed\n"),
        }
        (ready, body)
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checks")
    }
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The requested address.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Starts the server; port 0 takes a free one. `access` says who may read the metrics; without it, everybody. Returns
/// the address that it listens on, and the task, which ends after `shutdown` once the requests in flight are answered.
///
/// # Errors
/// [`BindError`].
///
/// # Panics
/// Outside a Tokio runtime.
pub fn serve(
    address: SocketAddr,
    checks: Checks,
    metrics: Arc<Metrics>,
    access: Option<Arc<Access>>,
    shutdown: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), BindError> {
    let fail = |source| BindError { address, source };
    let listener = listen(address).map_err(fail)?;
    let local = listener.local_addr().map_err(fail)?;
    let app = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readyz).with_state(checks))
        .route("/metrics", get(scrape).with_state((metrics, access)));
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "admin server ended");
        }
    });
    tracing::debug!(address = %local, "admin server listens");
    Ok((local, task))
}

async fn readyz(State(checks): State<Checks>, RawQuery(query): RawQuery) -> Response {
    let verbose = query.is_some_and(|q| q.split('&').any(|p| p.split('=').next() == Some("verbose")));
    let (ready, body) = checks.evaluate(verbose);
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, body).into_response()
}

type Scraped = (Arc<Metrics>, Option<Arc<Access>>);

async fn scrape(State((metrics, access)): State<Scraped>, headers: HeaderMap) -> Response {
    if let Some(access) = access {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Err(refusal) = access.admit(authorization).await {
            return refused(&refusal);
        }
    }
    ([(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE))], metrics.encode()).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let body = format!("{refusal}\n");
    match refusal {
        Refusal::NoToken | Refusal::Unknown => {
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))], body).into_response()
        }
        Refusal::Forbidden(_) => (StatusCode::FORBIDDEN, body).into_response(),
        Refusal::Unavailable(_) => {
            tracing::warn!(error = %refusal, "metrics are not shown");
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::future::BoxFuture;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::access::{Reviewer, Verdict};

    async fn get(address: SocketAddr, path: &str) -> String {
        get_with(address, path, "").await
    }

    /// With additional header lines.
    async fn get_with(address: SocketAddr, path: &str, headers: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn readiness_follows_the_checks_and_the_server_stops() {
        let synced = Arc::new(AtomicBool::new(false));
        let checks = Checks::new();
        checks.add("source", || Ok(()));
        let seen = Arc::clone(&synced);
        checks.add("world", move || {
            if seen.load(Ordering::Acquire) { Ok(()) } else { Err("pods are not listed yet".to_owned()) }
        });
        let stop = CancellationToken::new();
        let metrics = Metrics::new("1", None);
        let (address, task) =
            serve("127.0.0.1:0".parse().unwrap(), checks, Arc::clone(&metrics), None, stop.clone()).unwrap();

        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("[-]world failed: pods are not listed yet\n"), "{answer}");
        assert!(!answer.contains("[+]source"), "{answer}");
        let answer = get(address, "/readyz?verbose").await;
        assert!(
            answer.contains("[+]source ok\n[-]world failed: pods are not listed yet\nreadyz check failed"),
            "{answer}"
        );

        synced.store(true, Ordering::Release);
        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok"), "{answer}");
        assert!(get(address, "/readyz?verbose=1").await.contains("[+]world ok\nreadyz check passed\n"));
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        let answer = get(address, "/metrics").await;
        assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
        assert!(answer.contains("trimtab_build_info{version=\"1\",commit=\"unknown\"} 1\n"), "{answer}");

        let taken = serve(address, Checks::new(), metrics, None, stop.clone()).unwrap_err();
        assert_eq!(taken.address, address);
        stop.cancel();
        task.await.unwrap();
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }

    struct Fake;

    impl Reviewer for Fake {
        fn review<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Verdict, String>> {
            let said = match token {
                "good" => Ok(Verdict::Allowed),
                "poor" => Ok(Verdict::Forbidden("eve".to_owned())),
                "down" => Err("connection refused".to_owned()),
                _ => Ok(Verdict::Unknown),
            };
            Box::pin(async move { said })
        }
    }

    #[tokio::test]
    async fn metrics_that_are_guarded_are_shown_to_those_who_may_and_probes_to_all() {
        let stop = CancellationToken::new();
        let (metrics, access) = (Metrics::new("1", None), Access::new(Fake));
        let any = "127.0.0.1:0".parse().unwrap();
        let (address, task) = serve(any, Checks::new(), metrics, Some(access), stop.clone()).unwrap();
        for (token, code, says) in [
            (None, 401, "a bearer token is needed"),
            (Some("bad"), 401, "the API server does not know this token"),
            (Some("poor"), 403, "eve may not get the path /metrics"),
            (Some("down"), 503, "the API server cannot review this token and its permissions: connection refused"),
            (Some("good"), 200, "trimtab_build_info"),
        ] {
            let headers = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
            let answer = get_with(address, "/metrics", &headers).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {code}")) && answer.contains(says), "{token:?}: {answer}");
            assert_eq!(answer.contains("www-authenticate: Bearer"), code == 401, "{answer}");
            assert_eq!(answer.contains("process_"), code == 200, "{answer}");
        }
        for open in ["/healthz", "/readyz"] {
            assert!(get(address, open).await.starts_with("HTTP/1.1 200"), "{open}");
        }
        stop.cancel();
        task.await.unwrap();
    }
}
