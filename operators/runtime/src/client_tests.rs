#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};

use super::*;
use crate::apply::{ApplyError, Target, classify};

type Server = fn(usize) -> Option<Response<Body>>;

/// A client with our layers over a server that is given the number of the attempt, and hangs on `None`.
fn client(server: Server, metrics: &Arc<Metrics>) -> (Client, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&attempts);
    let service = tower::service_fn(move |_: Request<Body>| {
        let answer = server(seen.fetch_add(1, Ordering::SeqCst) + 1);
        async move {
            match answer {
                Some(response) => Ok::<_, BoxError>(response),
                None => std::future::pending().await,
            }
        }
    });
    let stack = ClientBuilder::new(service, "default");
    let built = with_limits(stack, Duration::from_secs(30), 5, "api:6443".to_owned(), Arc::clone(metrics)).build();
    (built, attempts)
}

fn answer(code: u16, body: &str) -> Option<Response<Body>> {
    Some(Response::builder().status(code).body(Body::from(body.as_bytes().to_vec())).unwrap())
}

async fn list(client: &Client) -> Result<usize, ApplyError> {
    let target = Target {
        verb: "list",
        group: String::new(),
        resource: "pods".to_owned(),
        namespace: None,
        name: String::new(),
    };
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default()).await;
    pods.map(|list| list.items.len()).map_err(|error| classify(error, &target))
}

#[tokio::test(start_paused = true)]
async fn busy_answers_are_retried_and_every_attempt_is_counted() {
    let metrics = Metrics::new("1", None);
    let (client, attempts) = client(
        |attempt| match attempt {
            1 => answer(429, "{}"),
            2 => answer(503, "{}"),
            _ => answer(200, r#"{"metadata":{},"items":[]}"#),
        },
        &metrics,
    );
    assert_eq!(list(&client).await.unwrap(), 0);
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    let text = metrics.encode();
    for line in [
        "rest_client_requests_total{code=\"429\",method=\"GET\",host=\"api:6443\"} 1",
        "rest_client_requests_total{code=\"503\",method=\"GET\",host=\"api:6443\"} 1",
        "rest_client_requests_total{code=\"200\",method=\"GET\",host=\"api:6443\"} 1",
        "rest_client_request_duration_seconds_count{verb=\"GET\",host=\"api:6443\"} 3",
        "trimtab_api_retries_total{dependency=\"kubernetes\"} 2",
    ] {
        assert!(text.lines().any(|l| l == line), "missing {line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end() {
    let metrics = Metrics::new("1", None);
    let (client, attempts) = client(|_| answer(503, r#"{"message":"down","code":503}"#), &metrics);
    assert!(matches!(list(&client).await.unwrap_err(), ApplyError::Unavailable { .. }));
    assert_eq!(attempts.load(Ordering::SeqCst), 6);
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_after_ends_at_the_deadline() {
    let metrics = Metrics::new("1", None);
    let slow = |_| {
        let busy = Response::builder().status(429).header("Retry-After", "3600");
        Some(busy.body(Body::from(b"{}".to_vec())).unwrap())
    };
    let (client, attempts) = client(slow, &metrics);
    let started = tokio::time::Instant::now();
    assert!(matches!(list(&client).await.unwrap_err(), ApplyError::Timeout(_)));
    assert_eq!(started.elapsed().as_secs(), 30);
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hung_server_ends_at_the_deadline_and_user_errors_are_not_retried() {
    let metrics = Metrics::new("1", None);
    let (hung, _) = client(|_| None, &metrics);
    let ApplyError::Timeout(timeout) = list(&hung).await.unwrap_err() else { panic!() };
    assert_eq!(timeout.to_string(), "GET /api/v1/pods did not finish within 30s");
    let (client, attempts) = client(|_| answer(403, r#"{"message":"no","reason":"Forbidden","code":403}"#), &metrics);
    assert!(matches!(list(&client).await.unwrap_err(), ApplyError::Forbidden { .. }));
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}
