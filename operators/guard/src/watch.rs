//! Keeps the answer up to date: one watch of policies, one of bindings.
//!
//! In: the objects on the API server. Out: an [`InForce`], and a wake-up when it changes. Whatever is not known counts
//! as not in force: before the initial lists are complete, while a watch is refused, and after a watch broke, until
//! both kinds are relisted. Needs permission to list and watch both kinds.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy as Policy, ValidatingAdmissionPolicyBinding as Binding,
};
use kube::{Client, Resource};
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use trimtab_api::{Approvable, Recommendation};
use trimtab_runtime::store::Store;

use crate::{
    GuardFault,
    arrivals::{Arrivals, Key},
    check::{Found, recognise_all},
    expected::ShippedGuard,
    manifests::{Kind, MANIFESTS, Manifest},
    trust::{settled, trustworthy},
    unbroken::Unbroken,
};

/// Since when the guard is in force, or why it is not known to be.
pub type InForce = Result<Timestamp, GuardFault>;

/// How often broken watches are checked for, which no change reports.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the guard is in force, and which approvals of a kind it vouches for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard<K = Recommendation> {
    standing: watch::Receiver<InForce>,
    arrivals: Arc<Mutex<Arrivals>>,
    kind: PhantomData<K>,
}

impl Guard {
    /// Starts both watches. Trimtab runs as `own_account`, such as `system:serviceaccount:trimtab-system:trimtab`: the
    /// guard has to name it.
    pub fn start(
        client: Client,
        page_size: u32,
        own_account: &str,
        now: fn() -> Timestamp,
        shutdown: CancellationToken,
    ) -> Self {
        match ShippedGuard::new(own_account) {
            Ok(shipped) => {
                let (sender, standing) = watch::channel(Err(GuardFault::NotRead));
                tokio::spawn(keep(client, page_size, shipped, now, sender, shutdown));
                Self::following(standing)
            }
            Err(fault) => Self::following(watch::channel(Err(fault)).1),
        }
    }

    /// A guard whose state is determined elsewhere.
    pub fn following(standing: watch::Receiver<InForce>) -> Self {
        Self { standing, arrivals: Arc::default(), kind: PhantomData }
    }
}

impl<K: Approvable> Guard<K> {
    /// The same guard for another kind. It is in force for all kinds or for none. What arrives is recorded for each by itself,
    /// because objects of two kinds may have one name.
    #[must_use]
    pub fn of<L: Approvable>(&self) -> Guard<L> {
        Guard { standing: self.standing.clone(), arrivals: Arc::default(), kind: PhantomData }
    }

    /// Whether it is in force.
    ///
    /// # Errors
    /// Why no approval is honoured.
    pub fn state(&self) -> Result<(), GuardFault> {
        self.standing.borrow().clone().map(drop)
    }

    /// Records an object as soon as a watch shows it, at `now`; `approved` is the object itself, if it has an approval. What
    /// arrives under the guard of an earlier release is honoured once that of this release has replaced it.
    pub fn note(&self, key: &Key, uid: &str, approved: Option<&K>, now: Timestamp) {
        let since = match &*self.standing.borrow() {
            Ok(since) => Some(*since),
            Err(GuardFault::Outdated { since, .. }) => *since,
            Err(_) => None,
        };
        let guarded = since.is_some_and(|since| now > settled(since));
        self.arrivals.lock().note(key, uid, approved, guarded);
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, key: &Key) {
        self.arrivals.lock().forget(key);
    }

    /// Whether it is in force and vouches for the approval of this object.
    ///
    /// # Errors
    /// Why this approval is not honoured.
    pub fn trust(&self, object: &K, now: Timestamp) -> Result<(), GuardFault> {
        let since = self.standing.borrow().clone()?;
        let came_under_guard = self.arrivals.lock().came_under_guard(object);
        trustworthy(object, since, came_under_guard, now)
    }

    /// Wakes whenever it comes into force, is no longer in force, or is so for another reason.
    pub fn changes(&self) -> watch::Receiver<InForce> {
        self.standing.clone()
    }
}

/// The present policies and bindings of the guard. Other objects of these kinds are not kept.
struct Shelves {
    policies: Store<Policy>,
    bindings: Store<Binding>,
    /// Ends both watches.
    end: CancellationToken,
    /// The last fault, until both are complete.
    fault: Option<GuardFault>,
}

impl Shelves {
    fn start(client: &Client, page_size: u32, shutdown: &CancellationToken, fault: Option<GuardFault>) -> Self {
        fn own<K: Resource + Clone>(object: &K) -> Option<K> {
            let name = object.meta().name.as_deref();
            MANIFESTS.iter().any(|manifest| name == Some(manifest.name())).then(|| object.clone())
        }
        let end = shutdown.child_token();
        Self {
            policies: Store::start(client.clone(), page_size, own::<Policy>, end.clone()),
            bindings: Store::start(client.clone(), page_size, own::<Binding>, end.clone()),
            end,
            fault,
        }
    }

    fn complete(&self) -> bool {
        self.policies.is_complete() && self.bindings.is_complete()
    }

    /// Why one of them cannot be watched at present.
    fn broken(&self) -> Option<GuardFault> {
        let policies = self.policies.fault().map(|error| GuardFault::Unwatchable(Kind::Policy, error));
        policies.or_else(|| self.bindings.fault().map(|error| GuardFault::Unwatchable(Kind::Binding, error)))
    }

    fn standing(&mut self, shipped: &ShippedGuard, unbroken: &mut Unbroken, now: Timestamp) -> InForce {
        if let Some(fault) = self.broken() {
            self.fault = Some(fault);
        } else if self.complete() {
            self.fault = None;
        }
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if !self.complete() {
            return Err(GuardFault::NotRead);
        }
        let both = |manifest: &Manifest| -> Result<_, GuardFault> {
            Ok((on(&self.policies, manifest.policy)?, on(&self.bindings, manifest.binding)?))
        };
        let rows = MANIFESTS.iter().map(both).collect::<Result<Vec<_>, _>>()?;
        let found: Vec<Found<'_>> =
            rows.iter().map(|(policy, binding)| (policy.as_deref(), binding.as_deref())).collect();
        let earlier = recognise_all(&shipped.0, &found)?;
        let since = unbroken.since(&found, now);
        match earlier {
            Some(release) => Err(GuardFault::Outdated { release, since }),
            None => since
                .ok_or_else(|| GuardFault::Undecodable(Kind::Policy, "it does not say when it was created".to_owned())),
        }
    }
}

fn on<R: Send + Sync + 'static>(store: &Store<R>, kind: Kind) -> Result<Option<Arc<R>>, GuardFault> {
    match store.entry("", kind.name()) {
        None => Ok(None),
        Some(Ok(row)) => Ok(Some(row)),
        Some(Err(broken)) => Err(GuardFault::Undecodable(kind, broken.error.clone())),
    }
}

async fn keep(
    client: Client,
    page_size: u32,
    shipped: ShippedGuard,
    now: fn() -> Timestamp,
    sender: watch::Sender<InForce>,
    shutdown: CancellationToken,
) {
    let mut stores = Shelves::start(&client, page_size, &shutdown, None);
    let mut unbroken = Unbroken::default();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (mut policies, mut bindings) = (stores.policies.changes(), stores.bindings.changes());
        // A broken watch recovers by itself without any report of it: only a new list is certain.
        if stores.complete()
            && let Some(fault) = stores.broken()
        {
            stores.end.cancel();
            stores = Shelves::start(&client, page_size, &shutdown, Some(fault));
            (policies, bindings) = (stores.policies.changes(), stores.bindings.changes());
        }
        let standing = stores.standing(&shipped, &mut unbroken, now());
        let news = sender.send_if_modified(|before| {
            let news = *before != standing;
            if news {
                before.clone_from(&standing);
            }
            news
        });
        match &standing {
            Ok(since) if news => tracing::info!(%since, "approvals are guarded"),
            Err(GuardFault::NotRead) | Ok(_) => {}
            Err(fault) if news => tracing::warn!(%fault, "no approval is honoured"),
            Err(_) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            Ok(()) = policies.changed() => {}
            Ok(()) = bindings.changed() => {}
            _ = look.tick() => {}
        }
    }
}

#[cfg(test)]
mod tests;
