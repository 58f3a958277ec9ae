//! Reads profiles back when this instance begins to lead.
//!
//! In: the stored profiles. Out: histories in the store and a [`ProfileWriter`] that knows them. A profile that cannot
//! be read is marked, and affects no other; one whose workload is gone is deleted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::{Client, core::ObjectMeta};
use trimtab_api::{UsageProfile, UsageProfileSpec, target::TargetRef};
use trimtab_core::WorkloadId;
use trimtab_runtime::ApplyError;
use trimtab_usage_history::Containers;
use trimtab_world::World;

use crate::{
    controller::CONTROLLER,
    events,
    keeper::{Kept, Mark, ProfileWriter},
    object, read,
    recall::{self, Live, Verdict},
};

/// What a stored profile requires.
enum Finding {
    /// Without `Kept` if the next write has to take the profile over for this workload.
    Restore(WorkloadId, Containers, Option<Kept>),
    /// With the workload, if it can be determined.
    Unreadable(Option<WorkloadId>, Box<UsageProfile>, String),
    Gone(Box<UsageProfile>),
}

/// Restores everything into the keeper's store, which holds no samples yet.
///
/// # Errors
/// [`ApplyError`] when the profiles cannot be listed; then nothing was restored.
pub(crate) async fn restore(
    keeper: &mut ProfileWriter,
    client: &Client,
    page_size: u32,
    interval_s: i64,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let world = keeper.world.clone();
    let findings = read::profiles(client, page_size, |stored| finding(stored, &world)).await?;
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for finding in findings {
        let word = match finding {
            Finding::Restore(workload, containers, kept) => {
                keeper.store.restore(&world, &workload, containers);
                if let Some(kept) = kept {
                    keeper.kept.insert(workload, kept);
                }
                "restored"
            }
            Finding::Unreadable(workload, profile, why) => {
                unreadable(keeper, workload, *profile, &why, interval_s, now).await;
                "unreadable"
            }
            Finding::Gone(profile) => {
                // The uid is a precondition: one recreated meanwhile stays.
                note(keeper, "delete", keeper.writer.delete(&*profile).await);
                "deleted"
            }
        };
        *counts.entry(word).or_default() += 1;
    }
    keeper.follow_world();
    keeper.admit(now.as_second());
    tracing::info!(profiles = ?counts, "usage histories restored");
    Ok(())
}

fn finding(stored: read::Stored, world: &World) -> Option<Finding> {
    let profile = match stored {
        Ok(profile) => profile,
        Err((metadata, error)) => {
            let why = format!("the profile cannot be read: {error}");
            return Some(Finding::Unreadable(None, Box::new(blank(metadata)), why));
        }
    };
    match recall::judge(&profile, |workload| live(world, workload)) {
        Verdict::Restore(workload, containers) => {
            let kept = kept(&profile, Mark::of(&containers));
            Some(Finding::Restore(workload, containers, Some(kept)))
        }
        Verdict::Inherit(workload, containers) => Some(Finding::Restore(workload, containers, None)),
        Verdict::Unreadable(workload, why) => Some(Finding::Unreadable(Some(workload), Box::new(profile), why)),
        Verdict::Gone => Some(Finding::Gone(Box::new(profile))),
        Verdict::Unseen | Verdict::Foreign => None,
    }
}

fn kept(profile: &UsageProfile, mark: Mark) -> Kept {
    Kept {
        uid: profile.metadata.uid.clone().unwrap_or_default(),
        generation: profile.metadata.generation,
        conditions: profile.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default(),
        mark,
    }
}

fn live(world: &World, workload: &WorkloadId) -> Live {
    match world.workload(workload) {
        Some(row) => Live::Uid(row.uid.to_string()),
        // A namespace that does not exist is not watched, or is deleted along with its profiles.
        None if world.namespace(&workload.namespace).is_none() => Live::Unseen,
        None if trimtab_usage_history::world::sees(world, workload) => Live::Gone,
        None => Live::Unseen,
    }
}

/// A profile of which only the metadata is known. Only its status is written.
fn blank(metadata: ObjectMeta) -> UsageProfile {
    let target_ref = TargetRef { api_version: String::new(), kind: String::new(), name: String::new(), uid: None };
    UsageProfile { metadata, spec: UsageProfileSpec { target_ref }, status: None }
}

async fn unreadable(
    keeper: &mut ProfileWriter,
    workload: Option<WorkloadId>,
    mut profile: UsageProfile,
    why: &str,
    interval_s: i64,
    now: Timestamp,
) {
    let name = profile.metadata.name.clone().unwrap_or_default();
    let namespace = profile.metadata.namespace.clone().unwrap_or_default();
    tracing::warn!(namespace, name, why, "the usage history of a profile cannot be read");
    let (before, generation) = (profile.status.take().unwrap_or_default(), profile.metadata.generation);
    profile.status = Some(object::unreadable(before, why, &keeper.runbooks, generation, now));
    let result = keeper.writer.apply_status(&profile).await;
    note(keeper, "status", result);
    keeper.events.publish(&profile, events::history_unreadable(&object::what_to_do(why)));
    if let Some(workload) = workload {
        // Leave as much time as possible to save its content.
        keeper.schedule.postpone(&workload, now.as_second() + interval_s);
        keeper.kept.insert(workload, kept(&profile, Mark::default()));
    }
}

fn note(keeper: &ProfileWriter, operation: &'static str, result: Result<(), ApplyError>) {
    if let Err(error) = result
        && !error.is_gone()
    {
        tracing::warn!(%error, "a usage profile could not be put in order");
        keeper.metrics.count_error(CONTROLLER, operation, &error);
    }
}
