//! Who may write: leader election by a Lease, with a fence.
//!
//! In: a client, the Lease's name and namespace, this process's identity, and whether it is eligible. Out: [`Leadership`],
//! read before each write. An instance that is not eligible leaves the Lease to another: it neither takes nor keeps it.
//!
//! `kube-lease-manager` holds the Lease; four things are added here, because it reports a loss only after it has
//! reread the Lease, which it cannot do while the API server is unreachable:
//! - **a fence**: leadership also ends when the last renewal that is known to have succeeded is older than the Lease's
//!   duration less a margin, by this process's monotonic clock, counted from *before* the request was sent. So writes
//!   end here before another instance can take over.
//! - **a deadline for each call**, so that a hung connection does not outlive the Lease.
//! - **a Lease that somebody deleted is created again**, after the time for which a leader may still believe to hold it.
//! - **a read of the Lease every two seconds while another instance leads**, so that one that shuts down cleanly is
//!   succeeded at once, and not when its Lease would have expired.
//!
//! Cost: one PATCH and one GET for each renewal (every `renew_every`); a standby instance sends one GET every two
//! seconds, as with client-go, and writes nothing. Permissions: `get`, `create`, `patch` on
//! `leases.coordination.k8s.io`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Method, Request};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, client::Body};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError, LeaseParams};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::BoxError;

use crate::{
    metrics::{LeaderLabels, Metrics},
    one_line,
    timeout::with_timeout,
};

/// Subtracted from the Lease's duration for the fence: clock drift and the time a write is in flight.
const MARGIN: Duration = Duration::from_secs(1);
/// Pause after a failed call, short enough to try a renewal several times before the Lease expires.
const RETRY: Duration = Duration::from_secs(1);
/// Time between two reads of a Lease that another instance holds; client-go's retry period.
const LOOK: Duration = Duration::from_secs(2);

/// How the Lease is held.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// Name of the Lease object.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Unique to this process, see [`identity`].
    pub identity: String,
    /// How long a Lease is valid after its last renewal; whole seconds, 15 by default. A killed leader is replaced
    /// after this time and about one second.
    pub duration: Duration,
    /// Time between renewals; whole seconds, 5 by default.
    pub renew_every: Duration,
}

impl LeaseOptions {
    /// The defaults: 15 s duration, renewed every 5 s.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            identity: identity.into(),
            duration: Duration::from_secs(15),
            renew_every: Duration::from_secs(5),
        }
    }
}

/// The Lease options are invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The times contradict each other.
    #[error("lease duration must be at least 3s and more than 1s longer than the renewal interval of at least 1s")]
    Times,
}

/// Whether this process may write. Cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct Leadership {
    fence: Arc<Fence>,
    changes: watch::Receiver<bool>,
}

impl Leadership {
    /// Always the leader: for tests, and through [`alone`] for a single instance without a Lease.
    pub fn always() -> Self {
        Self::fixed(true)
    }

    /// Never the leader: for an instance that only reads.
    pub fn never() -> Self {
        Self::fixed(false)
    }

    fn fixed(leader: bool) -> Self {
        let fence = Fence::new();
        fence.held.store(leader, Ordering::Release);
        fence.until_ms.store(u64::MAX, Ordering::Release);
        Self { fence: Arc::new(fence), changes: watch::channel(leader).1 }
    }

    /// Whether this process may write now. Read it before each write: it turns false the moment the fence is reached.
    pub fn is_leader(&self) -> bool {
        self.fence.is_up()
    }

    /// Completes when this process is the leader. Never completes if the election has ended.
    pub async fn acquired(&mut self) {
        self.wait(true).await;
    }

    /// Completes when this process is not the leader, also when the election has ended.
    pub async fn lost(&mut self) {
        self.wait(false).await;
    }

    async fn wait(&mut self, want: bool) {
        if self.changes.wait_for(|leader| *leader == want).await.is_err() && self.is_leader() != want {
            std::future::pending::<()>().await;
        }
    }
}

/// The state behind [`Leadership`]: what the Lease says, and until when that is valid.
#[derive(Debug)]
struct Fence {
    start: Instant,
    held: AtomicBool,
    /// Milliseconds after `start`.
    until_ms: AtomicU64,
    changed: Notify,
}

impl Fence {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            held: AtomicBool::new(false),
            until_ms: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    fn is_up(&self) -> bool {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.held.load(Ordering::Acquire) && elapsed < self.until_ms.load(Ordering::Acquire)
    }

    /// A write to the Lease that was sent at `sent` has succeeded.
    fn renewed(&self, sent: Instant, duration: Duration) {
        let until = sent.duration_since(self.start) + duration.saturating_sub(MARGIN);
        self.until_ms.fetch_max(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::AcqRel);
        self.changed.notify_one();
    }

    fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Release);
        self.changed.notify_one();
    }

    fn until(&self) -> Instant {
        self.start + Duration::from_millis(self.until_ms.load(Ordering::Acquire))
    }
}

/// A name for this process: the host's name and a random UUID, as other controllers use.
pub fn identity() -> String {
    let read = |path: &str| std::fs::read_to_string(path).ok().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
    let host = read("/proc/sys/kernel/hostname").unwrap_or_else(|| "trimtab".to_owned());
    // Without the kernel's UUID, the process id still tells two processes of one host apart.
    let unique = read("/proc/sys/kernel/random/uuid").unwrap_or_else(|| std::process::id().to_string());
    format!("{host}_{unique}")
}

/// Leads without a Lease while this instance is `eligible`, until `shutdown`: for a single instance. `name` is that of the
/// Lease which it does without: the metric says that it leads, like that of an elected instance.
pub fn alone(
    name: &str,
    metrics: Arc<Metrics>,
    mut eligible: watch::Receiver<bool>,
    shutdown: CancellationToken,
) -> (Leadership, JoinHandle<()>) {
    let labels = LeaderLabels { name: name.to_owned() };
    let fence = Arc::new(Fence::new());
    fence.until_ms.store(u64::MAX, Ordering::Release);
    let (sender, changes) = watch::channel(false);
    let leadership = Leadership { fence: Arc::clone(&fence), changes };
    let task = tokio::spawn(async move {
        let mut leads = false;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = becomes(&mut eligible, !leads) => leads = !leads,
            }
            fence.hold(leads);
            metrics.leader.get_or_create(&labels).set(i64::from(leads));
            sender.send_replace(leads);
        }
    });
    (leadership, task)
}

/// Takes part in the election while this instance is `eligible`, until `shutdown` is cancelled; then releases the Lease,
/// if held, and the task ends.
///
/// # Errors
/// [`LeaseError::Times`]. Failures of the API server are retried and logged, never returned.
pub fn elect(
    client: &Client,
    options: LeaseOptions,
    metrics: Arc<Metrics>,
    mut eligible: watch::Receiver<bool>,
    shutdown: CancellationToken,
) -> Result<(Leadership, JoinHandle<()>), LeaseError> {
    let whole = |d: Duration| d.as_secs() >= 1 && d.subsec_nanos() == 0;
    let (duration, every) = (options.duration, options.renew_every);
    if !whole(duration) || !whole(every) || duration <= every + MARGIN || duration < Duration::from_secs(3) {
        return Err(LeaseError::Times);
    }
    let fence = Arc::new(Fence::new());
    let (sender, changes) = watch::channel(false);
    let leadership = Leadership { fence: Arc::clone(&fence), changes };
    let client = observed(client.clone(), Arc::clone(&fence), duration, every);
    let labels = LeaderLabels { name: options.name.clone() };
    metrics.leader.get_or_create(&labels).set(0);

    let task = tokio::spawn(async move {
        let done = CancellationToken::new();
        let publisher = tokio::spawn(publish(Arc::clone(&fence), sender, metrics, labels, done.clone()));
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = becomes(&mut eligible, true) => take_part(&client, &options, &fence, &mut eligible, &shutdown).await,
            }
        }
        done.cancel();
        let _ = publisher.await;
    });
    Ok((leadership, task))
}

/// A client for the Lease alone: every call has a deadline, every write that succeeds moves the fence.
fn observed(inner: Client, fence: Arc<Fence>, duration: Duration, deadline: Duration) -> Client {
    let namespace = inner.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (inner, fence) = (inner.clone(), Arc::clone(&fence));
        async move {
            let write = request.method() == Method::PATCH;
            let sent = Instant::now();
            let response = with_timeout("lease call", deadline, inner.send(request)).await??;
            if write && response.status().is_success() {
                fence.renewed(sent, duration);
            }
            Ok::<_, BoxError>(response)
        }
    });
    Client::new(service, namespace)
}

/// Turns the fence into a watch value and a metric, also when it falls because time has passed.
async fn publish(
    fence: Arc<Fence>,
    sender: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    labels: LeaderLabels,
    done: CancellationToken,
) {
    loop {
        let up = fence.is_up();
        metrics.leader.get_or_create(&labels).set(i64::from(up));
        let changed = sender.send_if_modified(|now| std::mem::replace(now, up) != up);
        if changed && up {
            tracing::info!(lease = %labels.name, "became the leader");
        } else if changed {
            tracing::warn!(lease = %labels.name, "is no longer the leader, writes have stopped");
        }
        let fall = async {
            if up {
                tokio::time::sleep_until(fence.until()).await;
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = done.cancelled() => break,
            () = fence.changed.notified() => {}
            () = fall => {}
        }
    }
    metrics.leader.get_or_create(&labels).set(0);
    sender.send_replace(false);
}

/// Completes when this instance is eligible, or is not, as `wanted`. Without anybody who says so, nothing changes.
async fn becomes(eligible: &mut watch::Receiver<bool>, wanted: bool) {
    if eligible.wait_for(|is| *is == wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Takes part until this instance is not eligible any more, or the program ends; then the Lease is released, if held.
async fn take_part(
    client: &Client,
    options: &LeaseOptions,
    fence: &Fence,
    eligible: &mut watch::Receiver<bool>,
    shutdown: &CancellationToken,
) {
    let mut manager: Option<LeaseManager> = None;
    loop {
        let result = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = becomes(eligible, false) => break,
            () = given_up(client, options), if !fence.held.load(Ordering::Acquire) => {
                // A new manager rereads the Lease; the old one sleeps until it would have expired.
                manager = None;
                continue;
            }
            result = next(client, options, &mut manager) => result,
        };
        match result {
            Ok(held) => fence.hold(held),
            Err(error) => {
                let pause = match error {
                    // Somebody deleted it. It is created again once nobody can still believe to hold the former one.
                    LeaseManagerError::NonexistentLease(_) => {
                        fence.hold(false);
                        manager = None;
                        tracing::warn!(lease = %options.name, "the lease was deleted, and is created again in {} s", options.duration.as_secs());
                        options.duration
                    }
                    error => {
                        let error = one_line::text(&error);
                        tracing::warn!(lease = %options.name, %error, "cannot read or renew the lease, retrying");
                        RETRY
                    }
                };
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = becomes(eligible, false) => break,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
    let held = fence.held.load(Ordering::Acquire);
    fence.hold(false);
    if let (true, Some(manager)) = (held, manager) {
        // A task of its own: the manager panics on a conflict here, and that must not stop the shutdown.
        let release = tokio::spawn(async move { manager.release().await });
        match with_timeout("release the lease", options.renew_every, release).await {
            Ok(Ok(Ok(()))) => tracing::info!(lease = %options.name, "lease released"),
            other => tracing::warn!(lease = %options.name, ?other, "lease not released, it expires by itself"),
        }
    }
}

/// Completes when nobody holds the Lease, [`LOOK`] from now at the earliest.
async fn given_up(client: &Client, options: &LeaseOptions) {
    let leases: Api<Lease> = Api::namespaced(client.clone(), &options.namespace);
    loop {
        tokio::time::sleep(LOOK).await;
        // Other errors are reported by the manager's own requests.
        if let Ok(Some(lease)) = leases.get_opt(&options.name).await
            && lease.spec.and_then(|s| s.holder_identity).is_none_or(|holder| holder.is_empty())
        {
            return;
        }
    }
}

/// Waits for the next change of hands, after the Lease exists.
async fn next(
    client: &Client,
    options: &LeaseOptions,
    manager: &mut Option<LeaseManager>,
) -> Result<bool, LeaseManagerError> {
    let manager = match manager {
        Some(manager) => manager,
        None => {
            let grace = options.duration - options.renew_every;
            let params = LeaseParams::new(&options.identity, options.duration.as_secs(), grace.as_secs())
                .with_field_manager(format!("trimtab-lease-{}", options.identity));
            let built = LeaseManagerBuilder::new(client.clone(), &options.name)
                .with_namespace(&options.namespace)
                .with_parameters(params)
                .build()
                .await?;
            manager.insert(built)
        }
    };
    manager.changed().await
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
