//! Keeps the answer up to date: one watch of policies, one of bindings.
//!
//! In: the objects on the API server. Out: an [`InForce`], and a wake-up when it changes. Whatever is not known counts
//! as not in force: before the initial lists are complete, while a watch is refused, and after a watch broke, until
//! both kinds are relisted. Needs permission to list and watch both kinds.

use std::{sync::Arc, time::Duration};

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
use trimtab_api::Recommendation;
use trimtab_runtime::store::Store;

use crate::{
    Expected, GuardFault, Kind, NAME,
    arrivals::{Arrivals, Key},
    check::recognise,
    trust::settled,
    trustworthy,
    unbroken::Unbroken,
};

/// Since when the guard is in force, or why it is not known to be.
pub type InForce = Result<Timestamp, GuardFault>;

/// How often broken watches are checked for, which no change reports.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the guard is in force. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    standing: watch::Receiver<InForce>,
    arrivals: Arc<Mutex<Arrivals>>,
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
        match Expected::new(own_account) {
            Ok(expected) => {
                let (sender, standing) = watch::channel(Err(GuardFault::NotRead));
                tokio::spawn(keep(client, page_size, expected, now, sender, shutdown));
                Self::following(standing)
            }
            Err(fault) => Self::following(watch::channel(Err(fault)).1),
        }
    }

    /// A guard whose state is determined elsewhere.
    pub fn following(standing: watch::Receiver<InForce>) -> Self {
        Self { standing, arrivals: Arc::default() }
    }

    /// Whether it is in force.
    ///
    /// # Errors
    /// Why no approval is honoured.
    pub fn state(&self) -> Result<(), GuardFault> {
        self.standing.borrow().clone().map(drop)
    }

    /// Records a recommendation as soon as a watch shows it, at `now`; `approved` is the object, if it has an
    /// approval. What arrives under the guard of an earlier release is honoured once that of this release has replaced it.
    pub fn note(&self, key: &Key, uid: &str, approved: Option<&Recommendation>, now: Timestamp) {
        let since = match &*self.standing.borrow() {
            Ok(since) => Some(*since),
            Err(GuardFault::Outdated { since, .. }) => *since,
            Err(_) => None,
        };
        let guarded = since.is_some_and(|since| now > settled(since));
        self.arrivals.lock().note(key, uid, approved, guarded);
    }

    /// Forgets a recommendation that is gone.
    pub fn forget(&self, key: &Key) {
        self.arrivals.lock().forget(key);
    }

    /// Whether it is in force and vouches for the approval of this recommendation.
    ///
    /// # Errors
    /// Why this approval is not honoured.
    pub fn trust(&self, recommendation: &Recommendation, now: Timestamp) -> Result<(), GuardFault> {
        let since = self.standing.borrow().clone()?;
        let came_under_guard = self.arrivals.lock().came_under_guard(recommendation);
        trustworthy(recommendation, since, came_under_guard, now)
    }

    /// Wakes whenever it comes into force, is no longer in force, or is so for another reason.
    pub fn changes(&self) -> watch::Receiver<InForce> {
        self.standing.clone()
    }
}

/// The present policy and binding. Other objects of these kinds are not kept.
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
            (object.meta().name.as_deref() == Some(NAME)).then(|| object.clone())
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

    fn standing(&mut self, expected: &Expected, unbroken: &mut Unbroken, now: Timestamp) -> InForce {
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
        let policy = on(&self.policies, Kind::Policy)?;
        let binding = on(&self.bindings, Kind::Binding)?;
        let earlier = recognise(expected, policy.as_deref(), binding.as_deref())?;
        let both = policy.as_deref().zip(binding.as_deref());
        let since = both.and_then(|(policy, binding)| unbroken.since(policy, binding, now));
        match earlier {
            Some(release) => Err(GuardFault::Outdated { release, since }),
            None => since
                .ok_or_else(|| GuardFault::Undecodable(Kind::Policy, "it does not say when it was created".to_owned())),
        }
    }
}

fn on<R: Send + Sync + 'static>(store: &Store<R>, kind: Kind) -> Result<Option<Arc<R>>, GuardFault> {
    match store.entry("", NAME) {
        None => Ok(None),
        Some(Ok(row)) => Ok(Some(row)),
        Some(Err(broken)) => Err(GuardFault::Undecodable(kind, broken.error.clone())),
    }
}

async fn keep(
    client: Client,
    page_size: u32,
    expected: Expected,
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
        let standing = stores.standing(&expected, &mut unbroken, now());
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
