//! A Kubernetes client with counted requests, bounded retries and a deadline for every call.
//!
//! In: [`ClientOptions`]. Out: a [`kube::Client`]. From the outside in, a request passes: deadline for all attempts
//! together → retries on 429, 503 and 504, which honour `Retry-After` → counting of each attempt → kube's own stack
//! (authentication, base URI, TLS, proxy). The deadline runs until the headers of the answer, so a watch may stay open; a
//! silent connection is closed by the read timeout.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{HeaderValue, Method, Request, Response, header::USER_AGENT};
use kube::{
    Client,
    client::{Body, ClientBuilder, retry::RetryPolicy},
};
use tower::{
    BoxError, Service,
    buffer::BufferLayer,
    layer::layer_fn,
    retry::{Policy, RetryLayer},
};

pub use crate::connection::{ClientError, ClientOptions};
use crate::{
    connection,
    metrics::{Metrics, RequestDurationLabels, RequestLabels},
    telemetry::redact_url,
    timeout::TimedOut,
};

/// Longer than the longest pause in a healthy watch, where bookmarks arrive about every minute.
const READ_TIMEOUT: Duration = Duration::from_secs(330);
/// Requests that may wait for the connection pool.
const QUEUE: usize = 1024;

/// A client and what it is connected to.
#[derive(Clone)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// The API server's URL, without credentials: fit for logs.
    pub server: String,
    /// The namespace of the context or of the pod.
    pub namespace: String,
}

/// Makes ring the TLS provider of the process. Call it first in `main`; later calls change nothing.
pub fn install_tls_provider() {
    // It only fails when a provider is installed already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Reads the configuration and creates a client. Nothing is sent yet.
///
/// # Errors
/// [`ClientError`] says which part of the configuration is at fault.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn connect(options: &ClientOptions, metrics: Arc<Metrics>) -> Result<Connection, ClientError> {
    let mut config = connection::config(options)?;
    config.connect_timeout = Some(options.connect_timeout);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    // Retries happen in a layer of our own, outside the counting, so that every attempt is counted.
    config.default_retry = false;
    let agent = HeaderValue::from_static(concat!("trimtab/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    let server = redact_url(&config.cluster_url.to_string());
    if let Some(proxy) = &config.proxy_url {
        tracing::info!(proxy = redact_url(&proxy.to_string()), "the API server is reached through a proxy");
    }
    let namespace = config.default_namespace.clone();
    let host = config.cluster_url.authority().map(|a| format!("{}{}", a.host(), port(a))).unwrap_or_default();

    let stack = ClientBuilder::try_from(config).map_err(|e| ClientError::Build(Box::new(e)))?;
    let client = with_limits(stack, options.request_timeout, options.retries, host, metrics).build();
    Ok(Connection { client, server, namespace })
}

fn port(authority: &http::uri::Authority) -> String {
    authority.port_u16().map(|p| format!(":{p}")).unwrap_or_default()
}

/// Wraps a stack in the layers that the module header lists.
fn with_limits<S, B>(
    stack: ClientBuilder<S>,
    after: Duration,
    retries: u32,
    host: String,
    metrics: Arc<Metrics>,
) -> ClientBuilder<impl Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send> + Send>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    // Only fails when the bounds contradict each other, which constants do not.
    let policy =
        RetryPolicy::new(Duration::from_millis(100), Duration::from_secs(5), retries, true).unwrap_or_default();
    let retry = Retry { policy, metrics: Arc::clone(&metrics) };
    stack
        .with_layer(&layer_fn(move |inner| Counted { inner, host: host.clone(), metrics: Arc::clone(&metrics) }))
        .with_layer(&BufferLayer::new(QUEUE))
        .with_layer(&RetryLayer::new(retry))
        .with_layer(&layer_fn(move |inner| Deadline { inner, after }))
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

/// Counts each attempt and its duration.
struct Counted<S> {
    inner: S,
    host: String,
    metrics: Arc<Metrics>,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Answer<B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (method, verb) = (request.method().to_string(), verb(&request));
        let (host, metrics) = (self.host.clone(), Arc::clone(&self.metrics));
        let started = Instant::now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let result = answer.await;
            let code = result.as_ref().map_or_else(|_| "<error>".to_owned(), |r| r.status().as_str().to_owned());
            metrics.requests.get_or_create(&RequestLabels { code, method, host: host.clone() }).inc();
            let labels = RequestDurationLabels { verb, host };
            metrics.request_duration.get_or_create(&labels).observe(started.elapsed().as_secs_f64());
            result
        })
    }
}

/// The method, except that opening a watch is not measured as a read.
fn verb(request: &Request<Body>) -> String {
    let watch = request.uri().query().is_some_and(|q| q.split('&').any(|p| p == "watch=true" || p == "watch=1"));
    if watch && request.method() == Method::GET { "WATCH".to_owned() } else { request.method().to_string() }
}

/// kube's retry policy, counted.
#[derive(Clone)]
struct Retry {
    policy: RetryPolicy,
    metrics: Arc<Metrics>,
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Retry {
    type Future = tokio::time::Sleep;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        let pause = self.policy.retry(request, result)?;
        self.metrics.count_retry("kubernetes");
        Some(pause)
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Policy::<_, Response<B>, _>::clone_request(&mut self.policy, request)
    }
}

/// Ends a call that takes too long with [`TimedOut`].
struct Deadline<S> {
    inner: S,
    after: Duration,
}

impl<S, B> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Answer<B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (after, operation) = (self.after, format!("{} {}", request.method(), request.uri().path()));
        let answer = self.inner.call(request);
        Box::pin(async move {
            match tokio::time::timeout(after, answer).await {
                Ok(result) => result,
                Err(_) => Err(TimedOut { operation, after }.into()),
            }
        })
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
