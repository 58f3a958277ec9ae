//! An HTTP server with faults on demand: beside or in front of a real Prometheus.

mod request;
mod respond;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use parking_lot::{Mutex, MutexGuard};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use request::SeenRequest;
pub(crate) use request::read as read_request;

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is forwarded, and the answer is returned unchanged; 502 without an upstream. What is asked of it as an HTTP proxy
    /// goes to the upstream too, whatever the host.
    None,
    /// This status, with a short text.
    Status(u16),
    /// This status, these headers and this body.
    Answer(u16, Vec<(String, String)>, String),
    /// It is forwarded after this delay.
    Slow(Duration),
    /// Nothing is ever answered; the connection stays open.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// 200 with a body that is not JSON.
    Nonsense,
    /// It is forwarded, but the connection closes in the middle of the response body.
    Partial,
    /// It is forwarded with `time`, `start` and `end` shifted back: past data, with true timestamps.
    Earlier(Duration),
}

#[derive(Debug, Default)]
struct Script {
    fault: Option<Fault>,
    next: VecDeque<Fault>,
    by_text: Vec<(String, Fault)>,
    seen: Vec<SeenRequest>,
}

impl Script {
    // `next` takes precedence over the permanent fault; texts over both.
    fn choose(&mut self, request: &SeenRequest) -> Fault {
        let by_text = self.by_text.iter().find(|(text, _)| request.contains(text)).map(|(_, fault)| fault.clone());
        by_text.or_else(|| self.next.pop_front()).or_else(|| self.fault.clone()).unwrap_or(Fault::None)
    }
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct FaultyHttp {
    url: String,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl FaultyHttp {
    /// Starts one on a free port of 127.0.0.1, in front of `upstream` (a base URL) if there is one. Without a fault it
    /// forwards.
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start(upstream: Option<&str>) -> Result<Self> {
        crate::plane::install_tls_provider();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let script = Arc::new(Mutex::new(Script::default()));
        let upstream = upstream.map(|u| u.trim_end_matches('/').to_owned());
        let client = reqwest::Client::builder().build()?;
        let task = tokio::spawn(serve(listener, Arc::clone(&script), upstream, client));
        Ok(Self { url, script, task })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Applies this fault to every request from now on.
    pub fn set(&self, fault: Fault) {
        self.script().fault = Some(fault);
    }

    /// Applies this fault to the next `n` requests; then the previous one.
    pub fn next(&self, n: usize, fault: Fault) {
        self.script().next.extend(std::iter::repeat_n(fault, n));
    }

    /// Applies this fault to requests whose path, query string or form contains `text` (decoded).
    pub fn when(&self, text: &str, fault: Fault) {
        self.script().by_text.push((text.to_owned(), fault));
    }

    /// Clears all faults.
    pub fn heal(&self) {
        let mut script = self.script();
        script.fault = None;
        script.next.clear();
        script.by_text.clear();
    }

    /// The requests received so far.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.script().seen.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock()
    }
}

impl Drop for FaultyHttp {
    fn drop(&mut self) {
        self.task.abort(); // drops the set of connections, which aborts each
    }
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>, upstream: Option<String>, client: reqwest::Client) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {} // those that have ended
        connections.spawn(connection(stream, Arc::clone(&script), upstream.clone(), client.clone()));
    }
}

// One request per connection: an answer says `Connection: close`.
async fn connection(
    mut stream: TcpStream,
    script: Arc<Mutex<Script>>,
    upstream: Option<String>,
    client: reqwest::Client,
) {
    let Ok(request) = request::read(&mut stream).await else { return };
    let fault = {
        let mut script = script.lock();
        script.seen.push(request.clone());
        script.choose(&request)
    };
    // The client may have disconnected: that is not an error here.
    let _ = respond::respond(&mut stream, &request, fault, upstream.as_deref(), &client).await;
}
