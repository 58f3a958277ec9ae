//! The watches: one per kind (and namespace, where namespaces are watched individually), each on its own task.
//!
//! In: a client. Out: rows in the world, and the state of each watch. Objects are parsed straight into the few fields
//! that rows hold. If one cannot be parsed, its kind is watched again in a guarded way that is slower and leaves out
//! only such objects.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Api, Client, Resource,
    core::{DeserializeGuard, DynamicResourceScope},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::{
    kinds::{Kind, Watched},
    refusal::{Refusal, is_unreadable, refusal, said, watch_said},
    served::{self, Absence},
    state::Scope,
    tables::Malformed,
    wire::{Address, Object},
    world::{Namespaces, Options, World},
};

/// Every watch that `options` require.
pub(crate) fn scopes(options: &Options) -> Vec<Scope> {
    Kind::ALL
        .into_iter()
        .chain(options.custom.iter().copied().map(Kind::Custom))
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
        tasks.spawn((task.scope.0.descriptor().watch)(task));
    }
    shutdown.await;
    tasks.shutdown().await;
}

/// An object as delivered by one of the two ways of watching.
trait Delivered:
    Resource<DynamicType = Address, Scope = DynamicResourceScope>
    + Clone
    + std::fmt::Debug
    + DeserializeOwned
    + Send
    + 'static
{
    type Kind: Watched;

    fn read(self, kind: Kind) -> Result<Object<Self::Kind>, Malformed>;
}

impl<K: Watched> Delivered for Object<K> {
    type Kind = K;

    fn read(self, _: Kind) -> Result<Self, Malformed> {
        Ok(self)
    }
}

impl<K: Watched> Delivered for DeserializeGuard<Object<K>> {
    type Kind = K;

    fn read(self, kind: Kind) -> Result<Object<K>, Malformed> {
        self.0.map_err(|invalid| Malformed {
            kind,
            namespace: invalid.metadata.namespace.unwrap_or_default(),
            name: invalid.metadata.name.unwrap_or_default(),
            message: invalid.error,
        })
    }
}

/// Why a watch was stopped.
enum Stop {
    /// An answer could not be parsed.
    Unreadable,
    /// The server does not serve the kind; `before`: it served it a moment ago.
    NotServed { before: bool, reason: Refusal },
}

/// Retry interval for an optional kind that is not served: a definition installed later is noticed, at the cost of six
/// requests an hour.
const ASKED_AGAIN: Duration = Duration::from_secs(600);
/// The same where it was served a moment ago: a starting API server has no extensions at first.
const ASKED_AGAIN_SOON: Duration = Duration::from_secs(30);

/// One watch, to be run.
pub(crate) struct Task {
    world: Arc<World>,
    client: Client,
    config: watcher::Config,
    scope: Scope,
}

impl Task {
    /// Watches the kind forever, with pauses while it is not served.
    pub(crate) async fn run<K: Watched>(self) {
        let kind = self.scope.0;
        loop {
            let address = match kind.custom() {
                Some(custom) => served::address(&self.client, custom).await,
                None => Ok(Address { kind, plural: kind.plural().into() }),
            };
            let pause = match address {
                Ok(address) => match self.follow_both::<K>(&address).await {
                    Stop::Unreadable => continue,
                    Stop::NotServed { before: true, .. } => ASKED_AGAIN_SOON,
                    Stop::NotServed { before: false, reason } => self.do_without(&reason),
                },
                Err(Absence::Refused(reason)) => self.do_without(&reason),
                Err(Absence::Unknown(error)) => {
                    let error = said(&error);
                    self.failed(&error);
                    info!(%kind, %error, "it is not known yet whether the kind is served; retrying");
                    ASKED_AGAIN_SOON
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Watches the kind directly, then in the guarded way.
    async fn follow_both<K: Watched>(&self, address: &Address) -> Stop {
        match self.follow(self.api::<Object<K>>(address), address, true).await {
            Stop::Unreadable => self.follow(self.api::<DeserializeGuard<Object<K>>>(address), address, false).await,
            stop => stop,
        }
    }

    /// Its objects are gone with its definition. Returns the retry interval.
    fn do_without(&self, reason: &Refusal) -> Duration {
        let (kind, namespace) = (self.scope.0, self.scope.1.as_deref());
        self.world.update(|t| {
            t.begin_list(kind, namespace);
            t.finish_list(kind, namespace);
        });
        // A configured kind is reported as missing; one that a cluster need not have is not.
        if kind.custom().is_some() {
            self.refuse(reason);
            if !matches!(reason, Refusal::Forbidden { .. }) {
                self.world.with_watches(|w| w.absent(&self.scope, reason.clone(), Instant::now()));
            }
            return ASKED_AGAIN_SOON;
        }
        self.world.with_watches(|w| w.listed(&self.scope));
        ASKED_AGAIN
    }

    fn api<D: Delivered>(&self, address: &Address) -> Api<D> {
        match &self.scope.1 {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, address),
            None => Api::all_with(self.client.clone(), address),
        }
    }

    /// Runs a watch; with `until_unreadable`, until an answer cannot be parsed.
    async fn follow<D: Delivered>(&self, api: Api<D>, address: &Address, until_unreadable: bool) -> Stop {
        let mut events = watcher(api, self.config.clone()).default_backoff().boxed();
        let mut served = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    served |= matches!(event, Event::InitDone);
                    self.take(event);
                }
                Err(error) if until_unreadable && is_unreadable(&error) => {
                    let error = watch_said(&error);
                    warn!(kind = %self.scope.0, %error, "an object cannot be read: its kind is watched in the guarded way");
                    return Stop::Unreadable;
                }
                Err(error) => match refusal(&error, address) {
                    Some(reason) if self.scope.0.is_optional() => {
                        if self.is_withheld(&reason).await {
                            self.refuse(&reason);
                            continue;
                        }
                        debug!(kind = %self.scope.0, "the server does not have this optional kind");
                        return Stop::NotServed { before: served, reason };
                    }
                    // Its definition was deleted, or has another version now.
                    Some(reason @ Refusal::NotFound(_)) if self.scope.0.custom().is_some() => {
                        return Stop::NotServed { before: served, reason };
                    }
                    Some(reason) => self.refuse(&reason),
                    None => {
                        let error = watch_said(&error);
                        self.failed(&error);
                        info!(kind = %self.scope.0, %error, "a watch failed; retrying");
                    }
                },
            }
        }
        // The stream of a watcher never ends.
        Stop::Unreadable
    }

    /// Whether the server has the optional kind and only refuses to show it. Objects that are not shown are not gone.
    async fn is_withheld(&self, reason: &Refusal) -> bool {
        matches!(reason, Refusal::Forbidden { .. }) && served::has(&self.client, self.scope.0).await
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
            Event::InitApply(object) | Event::Apply(object) => match object.read(kind) {
                Ok(object) => self.world.update(|t| t.put::<D::Kind>(kind, object.wire)),
                Err(malformed) => {
                    if self.world.update(|t| t.note_malformed(malformed.clone())) {
                        warn!(error = %malformed, "an object is left out");
                    }
                }
            },
        }
        self.world.with_watches(|w| w.delivered(&self.scope));
    }

    fn failed(&self, error: &str) {
        self.world.with_watches(|w| w.failed(&self.scope, error.to_owned(), Instant::now()));
    }

    fn refuse(&self, reason: &Refusal) {
        if self.world.with_watches(|w| w.refused(&self.scope, reason.clone(), Instant::now())) {
            warn!(kind = %self.scope.0, namespace = self.scope.1, reason = reason.to_string(), "this kind is not watched");
        }
    }
}
