//! A proxy in front of the API server, named in Trimtab's kubeconfig. In: requests of one Trimtab, a fault and the
//! write at which it strikes. Out: requests and answers, unchanged or altered by the fault; the log of writes.
//!
//! It serves plain HTTP and adds the credentials of Trimtab's account upstream. It shows this Trimtab only one
//! namespace's recommendations and sizes and one policy, so that several can be tried side by side on one cluster.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::Client;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use crate::{
    fault::Fault,
    narrowed::narrowed,
    stream::{self, Held, Reply},
    strikes::{State, choose},
    writes::{Subject, label},
};

pub use crate::strikes::{Command, Written};

/// How long watches are delayed.
pub const HELD: Duration = Duration::from_secs(3);

/// How long the guard is missing after a write: less than a plan continues after its end.
const GAP: Duration = Duration::from_secs(1);

struct Shared {
    upstream: Client,
    subject: Subject,
    state: Mutex<State>,
    held: watch::Sender<Held>,
    cut: watch::Sender<u64>,
    commands: mpsc::UnboundedSender<(Command, oneshot::Sender<()>)>,
}

/// A running proxy; it ends with this value.
pub struct Proxy {
    shared: Arc<Shared>,
    kubeconfig: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The commands of a proxy.
pub type Commands = mpsc::UnboundedReceiver<(Command, oneshot::Sender<()>)>;

impl Proxy {
    /// Starts one in front of `upstream`; its kubeconfig is written to `dir`.
    ///
    /// # Errors
    /// When no port is available or the kubeconfig cannot be written.
    pub async fn start(upstream: Client, subject: Subject, dir: &Path) -> Result<(Self, Commands)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let kubeconfig = dir.join(format!("proxy-{}.kubeconfig", subject.namespace));
        // JSON is YAML.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
            "clusters": [{"name": "proxy", "cluster": {"server": format!("http://{}", listener.local_addr()?)}}],
            "users": [{"name": "nobody", "user": {}}],
        });
        std::fs::write(&kubeconfig, config.to_string())?;
        let (commands, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            upstream,
            subject,
            state: Mutex::default(),
            held: watch::Sender::new(Held::Nothing),
            cut: watch::Sender::new(0),
            commands,
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Ok((Self { shared, kubeconfig, task }, received))
    }

    /// The kubeconfig that names it.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// From now on, `fault` strikes at the first write with this label.
    pub fn arm(&self, at: &str, fault: Fault) {
        let mut state = self.shared.state();
        state.left = fault.answer().map_or(0, |(times, ..)| times);
        state.fault = Some((at.to_owned(), fault));
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        self.shared.state().struck
    }

    /// The writes so far.
    pub fn written(&self) -> Vec<Written> {
        self.shared.state().written.clone()
    }

    /// The number of watches started so far.
    pub fn watches(&self) -> usize {
        self.shared.state().watches
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {} // those that have ended
        let shared = shared.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            // A received request is forwarded and answered even if the process that sent it is killed meanwhile.
            async move { tokio::spawn(shared.handle(request)).await? }
        });
        connections.spawn(async move {
            // Broken connections are expected here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The connection is to be closed without an answer.
fn cut() -> anyhow::Error {
    anyhow::anyhow!("cut")
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    async fn command(&self, command: Command) {
        let (done, wait) = oneshot::channel();
        if self.commands.send((command, done)).is_ok() {
            let _ = wait.await;
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Reply>> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        for name in [header::HOST, header::CONNECTION, header::AUTHORIZATION, header::CONTENT_LENGTH] {
            parts.headers.remove(name);
        }
        if parts.method == http::Method::GET {
            return self.read(parts).await;
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let (index, fault) = {
            let mut state = self.state();
            let label = label(&self.subject, parts.method.as_str(), &path, &said, &mut state.numbering);
            let fault = label.as_deref().map_or(Fault::None, |label| choose(&mut state, label));
            let request = format!("{} {path}", parts.method);
            state.written.push(Written { at: Instant::now(), label: label.clone(), request, code: None });
            (state.written.len() - 1, fault)
        };
        self.strike(fault, index, parts, body).await
    }

    /// Applies `fault` to the write number `index`.
    async fn strike(
        self: Arc<Self>,
        fault: Fault,
        index: usize,
        parts: http::request::Parts,
        body: Bytes,
    ) -> Result<Response<Reply>> {
        if let Some((_, code, status)) = fault.answer() {
            let mut answer = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
            if code == 429 {
                answer = answer.header(header::RETRY_AFTER, "1");
            }
            return Ok(answer.body(stream::full(status.to_string()))?);
        }
        match fault {
            Fault::KilledBefore => {
                self.command(Command::Kill).await;
                return Err(cut());
            }
            Fault::WatchesCut => self.cut.send_modify(|n| *n += 1),
            Fault::PodsStalled => self.hold(Held::Pods),
            Fault::AllStalled | Fault::RejectedUnseen => self.hold(Held::All),
            Fault::StaleServer => self.snapshot().await,
            Fault::GuardGap => self.command(Command::OpenGap).await,
            _ => {}
        }
        let answer = self.forward(parts, body).await?;
        let code = answer.status().as_u16();
        if let Some(written) = self.state().written.get_mut(index) {
            written.code = Some(code);
        }
        match fault {
            Fault::KilledAfter => {
                {
                    let mut state = self.state();
                    if !state.snapshot.is_empty() {
                        state.stale = std::mem::take(&mut state.snapshot);
                        drop(state);
                        self.hold(Held::All);
                    }
                }
                self.command(Command::Kill).await;
                Err(cut())
            }
            Fault::ReplyLost => Err(cut()),
            Fault::RejectedUnseen => {
                self.command(Command::Reject).await;
                Ok(answer)
            }
            Fault::SecondProposal => {
                self.command(Command::Propose).await;
                Ok(answer)
            }
            Fault::GuardGap => {
                tokio::spawn(async move {
                    tokio::time::sleep(GAP).await;
                    self.command(Command::CloseGap).await;
                });
                Ok(answer)
            }
            Fault::DoneBut504 => {
                let message = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
                    "reason": "Timeout", "message": "the server was unable to return a response in time", "code": 504});
                Ok(Response::builder().status(504).body(stream::full(message.to_string()))?)
            }
            _ => Ok(answer),
        }
    }

    fn hold(self: &Arc<Self>, what: Held) {
        self.held.send_replace(what);
        let shared = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(HELD).await;
            shared.held.send_replace(Held::Nothing);
        });
    }

    async fn read(self: &Arc<Self>, mut parts: http::request::Parts) -> Result<Response<Reply>> {
        let path = parts.uri.path().to_owned();
        if path.ends_with("/configmaps/trimtab-halt") && std::mem::take(&mut self.state().stop_unreadable) {
            return Ok(Response::builder().status(500).body(stream::full("{}".to_owned()))?);
        }
        let uri = narrowed(&parts.uri, &self.subject.namespace);
        parts.uri = uri.parse()?;
        let query = parts.uri.query().unwrap_or_default();
        let watches = query.contains("watch=true") || query.contains("watch=1");
        if !watches {
            if query.contains("limit=") && !query.contains("continue=") {
                self.state().lists.insert(uri.clone());
            }
            let known = self.state().stale.remove(&uri);
            if let Some(known) = known {
                let answer = Response::builder().header(header::CONTENT_TYPE, "application/json");
                return Ok(answer.body(stream::full(known))?);
            }
            return self.forward(parts, Bytes::new()).await;
        }
        self.state().watches += 1;
        let answer = self.upstream.send(Request::from_parts(parts, kube::client::Body::empty())).await?;
        let pods = path == "/api/v1/pods";
        Ok(answer.map(|body| stream::watched(body, pods, self.held.subscribe(), self.cut.subscribe())))
    }

    async fn forward(&self, parts: http::request::Parts, body: Bytes) -> Result<Response<Reply>> {
        let answer = self.upstream.send(Request::from_parts(parts, body.into())).await?;
        let (parts, body) = answer.into_parts();
        // Read to its end, so that the write is complete before a process is killed.
        let body = body.collect().await.context("the API server's answer ended early")?.to_bytes();
        Ok(Response::from_parts(parts, stream::full(body)))
    }

    /// Takes a snapshot of all lists.
    async fn snapshot(&self) {
        let uris: Vec<String> = self.state().lists.iter().cloned().collect();
        for uri in uris {
            let Ok(request) = Request::get(&uri).body(kube::client::Body::empty()) else { continue };
            let Ok(answer) = self.upstream.send(request).await else { continue };
            let Ok(body) = answer.into_body().collect().await else { continue };
            self.state().snapshot.insert(uri, body.to_bytes());
        }
        let mut state = self.state();
        state.kills = 1;
        // Without any list there is no stale state.
        state.struck = !state.snapshot.is_empty();
    }
}
