//! What makes Recommendations due other than they themselves. In: changes of policies, the guard, AppliedSizes, the
//! admission policy of sizes, refused pods and the world. Out: keys.

use tokio::sync::{mpsc::UnboundedReceiver, watch::Receiver};
use trimtab_admission_sizes::{AppliedSizesWriter, NotInForce};
use trimtab_api::{applied_sizes::key, conditions::recommendation::SIZE_NOT_DELIVERED, rollout::RolloutStatus};
use trimtab_guard::{GuardFault, watch::InForce};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::store::{Version, complete};
use trimtab_world::Changes;

use crate::{Key, gather::Sources, policies::Specs, recommendations::Recommendations};

/// What is followed in a term.
pub struct Wakes {
    policies: UnboundedReceiver<Key>,
    sizes: UnboundedReceiver<Key>,
    refused: UnboundedReceiver<Key>,
    guard: Receiver<InForce>,
    admission: [Receiver<Version>; 2],
    world: Changes,
    /// Whether the admission policy was in force at the last look.
    in_force: Result<(), NotInForce>,
    specs: Specs,
}

impl std::fmt::Debug for Wakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wakes").field("in_force", &self.in_force).finish_non_exhaustive()
    }
}

impl Wakes {
    /// Follows them from now on.
    pub(crate) fn of(sources: &Sources) -> Self {
        let Sources { world, policies, sizes, guard, admission, refused_pods, .. } = sources;
        let (followed, mut guard) = (policies.follow(), guard.changes());
        // It was waited for.
        guard.mark_unchanged();
        Self {
            policies: followed,
            sizes: sizes.follow(),
            refused: refused_pods.follow(),
            guard,
            admission: admission.changes(),
            world: world.changes(),
            in_force: admission.in_force(),
            specs: Specs::of(policies),
        }
    }

    /// Waits for a change. Returns what is due because of it.
    pub(crate) async fn next(&mut self, sources: &Sources, all: &Recommendations) -> Vec<Key> {
        let Sources { policies, sizes, admission, refused_pods, .. } = sources;
        tokio::select! {
            Some((_, name)) = self.policies.recv() => {
                if self.specs.take(&name, policies.entry("", &name).as_ref()) {
                    all.keys_where(|row| row.policy.as_deref() == Some(&name))
                } else {
                    Vec::new()
                }
            }
            Ok(()) = self.guard.changed() => all.keys_where(|row| row.is_live() || row.policy.is_some()),
            () = either(&mut self.admission) => {
                let now = admission.in_force();
                if std::mem::replace(&mut self.in_force, now.clone()) == now {
                    Vec::new()
                } else {
                    all.keys_where(|row| row.rollout.as_ref().is_some_and(RolloutStatus::is_admitted))
                }
            }
            Some((namespace, _)) = self.sizes.recv() => {
                all.keys_where(|row| row.namespace == namespace && concerns(row, sizes))
            }
            Some(event) = self.refused.recv() => all.of(&refused_pods.workloads(&event)),
            dirty = self.world.next() => all.touched(&dirty),
        }
    }
}

/// Waits until everything that reconciles read is loaded.
pub(crate) async fn loaded(sources: &Sources, all: &Recommendations) {
    let Sources { world, policies, sizes, guard, .. } = sources;
    world.wait_synced().await;
    complete(&mut [all.rows.changes(), policies.changes(), sizes.changes()]).await;
    // A guard that is not read yet would count as missing: every decision would be removed from its status, and restored a
    // moment later.
    let _ = guard.changes().wait_for(|standing| !matches!(standing, Err(GuardFault::NotRead))).await;
}

/// Completes when either may have changed.
async fn either([one, other]: &mut [Receiver<Version>; 2]) {
    tokio::select! {
        Ok(()) = one.changed() => {}
        Ok(()) = other.changed() => {}
        else => std::future::pending::<()>().await,
    }
}

/// Whether a change of the AppliedSizes of its namespace may concern `row`: it is under way, or applied and its entry
/// is missing, now or as its status says. Most changes are about others, of which there may be thousands.
fn concerns(row: &RecommendationRow, sizes: &AppliedSizesWriter) -> bool {
    let told = || row.conditions.iter().any(|c| c.reason == SIZE_NOT_DELIVERED);
    let missing = || row.workload.as_ref().is_some_and(|id| sizes.entry(&id.namespace, &key(id)).is_none());
    row.is_under_way() || (row.rollout.as_ref().is_some_and(RolloutStatus::is_admitted) && (told() || missing()))
}
