//! The watches: one for each kind (and namespace, where namespaces are watched one by one), each on its own task.
//!
//! In: a client. Out: rows in the world, and how each watch fares. Objects are read straight into the few fields that rows
//! hold. Should one not read, its kind is watched anew in a guarded way that is slower and leaves out such objects alone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::{
    Api, Client, Resource,
    core::DeserializeGuard,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::{
    kind::Kind,
    state::Scope,
    tables::Malformed,
    wire::{self, Object, Wire},
    world::{Namespaces, Options, World},
};

/// Every watch that `options` ask for.
pub(crate) fn scopes(options: &Options) -> Vec<Scope> {
    Kind::ALL
        .into_iter()
        .flat_map(|kind| match &options.namespaces {
            Namespaces::Only(names) if kind.namespaced() => names.iter().map(|n| (kind, Some(n.clone()))).collect(),
            _ => vec![(kind, None)],
        })
        .collect()
}

/// Runs all watches until `shutdown` resolves.
pub(crate) async fn run(
    world: Arc<World>,
    client: Client,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let config = watcher::Config::default().page_size(options.page_size);
    let config = if options.streaming_lists { config.streaming_lists() } else { config };
    let mut tasks = JoinSet::new();
    for scope in scopes(&options) {
        let task = Task { world: world.clone(), client: client.clone(), config: config.clone(), scope };
        match task.scope.0 {
            Kind::Namespace => tasks.spawn(task.of_cluster::<wire::Namespace>()),
            Kind::Node => tasks.spawn(task.of_cluster::<wire::Node>()),
            Kind::Pod => tasks.spawn(task.of_namespaces::<wire::Pod>()),
            Kind::ReplicaSet => tasks.spawn(task.of_namespaces::<wire::ReplicaSet>()),
            Kind::Deployment => tasks.spawn(task.of_namespaces::<wire::Deployment>()),
            Kind::StatefulSet => tasks.spawn(task.of_namespaces::<wire::StatefulSet>()),
            Kind::DaemonSet => tasks.spawn(task.of_namespaces::<wire::DaemonSet>()),
            Kind::Job => tasks.spawn(task.of_namespaces::<wire::Job>()),
            Kind::CronJob => tasks.spawn(task.of_namespaces::<wire::CronJob>()),
            Kind::HorizontalPodAutoscaler => tasks.spawn(task.of_namespaces::<wire::HorizontalPodAutoscaler>()),
            Kind::PodDisruptionBudget => tasks.spawn(task.of_namespaces::<wire::PodDisruptionBudget>()),
            Kind::ResourceQuota => tasks.spawn(task.of_namespaces::<wire::ResourceQuota>()),
            Kind::LimitRange => tasks.spawn(task.of_namespaces::<wire::LimitRange>()),
            Kind::Rollout => tasks.spawn(task.of_namespaces::<wire::Rollout>()),
            Kind::VerticalPodAutoscaler => tasks.spawn(task.of_namespaces::<wire::VerticalPodAutoscaler>()),
        };
    }
    shutdown.await;
    tasks.shutdown().await;
}

/// An object as one of the two ways of watching delivers it.
trait Delivered: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static {
    type Wire: Wire;

    fn read(self) -> Result<Object<Self::Wire>, Malformed>;
}

impl<W: Wire> Delivered for Object<W> {
    type Wire = W;

    fn read(self) -> Result<Self, Malformed> {
        Ok(self)
    }
}

impl<W: Wire> Delivered for DeserializeGuard<Object<W>> {
    type Wire = W;

    fn read(self) -> Result<Object<W>, Malformed> {
        self.0.map_err(|invalid| Malformed {
            kind: W::KIND,
            namespace: invalid.metadata.namespace.unwrap_or_default(),
            name: invalid.metadata.name.unwrap_or_default(),
            message: invalid.error,
        })
    }
}

/// Why a watch was given up.
enum Stop {
    /// An answer could not be read.
    Unreadable,
    /// The server does not have the optional kind, or does not give it to us; `before`: it did a moment ago.
    NotServed { before: bool },
}

/// When an optional kind that is not served is asked for again: a definition that is installed later is noticed, at the
/// price of six requests an hour.
const ASKED_AGAIN: Duration = Duration::from_secs(600);
/// The same where it was served a moment ago: an API server that starts has no extensions at first.
const ASKED_AGAIN_SOON: Duration = Duration::from_secs(30);

struct Task {
    world: Arc<World>,
    client: Client,
    config: watcher::Config,
    scope: Scope,
}

impl Task {
    async fn of_cluster<W: Wire<Scope = ClusterResourceScope>>(self) {
        let all = || Api::<Object<W>>::all(self.client.clone());
        let guarded = || Api::<DeserializeGuard<Object<W>>>::all(self.client.clone());
        self.keep_following(all, guarded).await;
    }

    async fn of_namespaces<W: Wire<Scope = NamespaceResourceScope>>(self) {
        self.keep_following(|| self.api::<Object<W>>(), || self.api::<DeserializeGuard<Object<W>>>()).await;
    }

    /// Follows the kind for ever, first as it is, then in the guarded way, with pauses while it is not served.
    async fn keep_following<D: Delivered, G: Delivered>(
        &self,
        plain: impl Fn() -> Api<D>,
        guarded: impl Fn() -> Api<G>,
    ) {
        loop {
            let stop = match self.follow(plain(), true).await {
                Stop::Unreadable => self.follow(guarded(), false).await,
                stop => stop,
            };
            match stop {
                Stop::Unreadable => {}
                Stop::NotServed { before: true } => tokio::time::sleep(ASKED_AGAIN_SOON).await,
                Stop::NotServed { before: false } => {
                    // What was there has gone with its definition.
                    let (kind, namespace) = (self.scope.0, self.scope.1.as_deref());
                    self.world.update(|t| {
                        t.begin_list(kind, namespace);
                        t.finish_list(kind, namespace);
                    });
                    self.world.with_watches(|w| w.listed(&self.scope));
                    tokio::time::sleep(ASKED_AGAIN).await;
                }
            }
        }
    }

    fn api<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>>(&self) -> Api<K> {
        match &self.scope.1 {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// Follows a watch; with `until_unreadable`, until an answer cannot be read.
    async fn follow<D: Delivered>(&self, api: Api<D>, until_unreadable: bool) -> Stop {
        let mut events = watcher(api, self.config.clone()).default_backoff().boxed();
        let mut served = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    served |= matches!(event, Event::InitDone);
                    self.take(event);
                }
                Err(error) if until_unreadable && is_unreadable(&error) => {
                    warn!(kind = %self.scope.0, %error, "an object cannot be read: its kind is watched in the guarded way");
                    return Stop::Unreadable;
                }
                Err(error) if self.scope.0.is_optional() && refusal(&error, self.scope.0).is_some() => {
                    self.tell_of_absence(&error);
                    return Stop::NotServed { before: served };
                }
                Err(error) => self.fail(&error),
            }
        }
        // The stream of a watcher has no end.
        Stop::Unreadable
    }

    /// A kind that the server does not have is no fault; a right that is missing is said, since nobody can see the one
    /// from the other.
    fn tell_of_absence(&self, error: &watcher::Error) {
        let kind = self.scope.0;
        match refusal(error, kind) {
            Some(reason) if reason.starts_with("Forbidden") => {
                info!(%kind, namespace = self.scope.1, reason, "an optional kind may not be watched: where the cluster has it, it goes unnoticed");
            }
            _ => debug!(%kind, "the server does not have this optional kind"),
        }
    }

    fn take<D: Delivered>(&self, event: Event<D>) {
        let (kind, namespace) = (self.scope.0, self.scope.1.as_deref());
        self.world.touch();
        match event {
            Event::Init => {
                self.world.update(|t| t.begin_list(kind, namespace));
                return;
            }
            Event::InitDone => {
                self.world.update(|t| t.finish_list(kind, namespace));
                self.world.with_watches(|w| w.listed(&self.scope));
                debug!(%kind, "listed");
                return;
            }
            Event::Delete(object) => {
                let meta = object.meta();
                let (namespace, name) = (meta.namespace.as_deref().unwrap_or(""), meta.name.as_deref().unwrap_or(""));
                self.world.update(|t| t.delete(kind, namespace, name));
            }
            Event::InitApply(object) | Event::Apply(object) => match object.read() {
                Ok(object) => self.world.update(|t| t.put(object)),
                Err(malformed) => {
                    if self.world.update(|t| t.note_malformed(malformed.clone())) {
                        warn!(error = %malformed, "an object is left out");
                    }
                }
            },
        }
        self.world.with_watches(|w| w.delivered(&self.scope));
    }

    fn fail(&self, error: &watcher::Error) {
        let kind = self.scope.0;
        match refusal(error, kind) {
            Some(reason) => {
                if self.world.with_watches(|w| w.refused(&self.scope, reason.clone(), Instant::now())) {
                    warn!(%kind, namespace = self.scope.1, reason, "the world does without this kind");
                }
            }
            None => info!(%kind, %error, "a watch failed and is tried again"),
        }
    }
}

fn cause(error: &watcher::Error) -> Option<&kube::Error> {
    match error {
        watcher::Error::InitialListFailed(e) | watcher::Error::WatchStartFailed(e) | watcher::Error::WatchFailed(e) => {
            Some(e)
        }
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => None,
    }
}

fn is_unreadable(error: &watcher::Error) -> bool {
    matches!(cause(error), Some(kube::Error::SerdeError(_)))
}

/// Why the API server refuses, if it does so for good: no right (403) or no such kind (404).
fn refusal(error: &watcher::Error, kind: Kind) -> Option<String> {
    let verb = if matches!(error, watcher::Error::InitialListFailed(_)) { "list" } else { "watch" };
    let code = match (cause(error), error) {
        (Some(kube::Error::Api(status)), _) => status.code,
        (_, watcher::Error::WatchError(status)) => status.code,
        _ => return None,
    };
    match code {
        403 => Some(format!("Forbidden: verb {verb} on {}", kind.plural())),
        404 => {
            Some(format!("NotFound: {} {}", if kind.group().is_empty() { "core" } else { kind.group() }, kind.plural()))
        }
        _ => None,
    }
}
