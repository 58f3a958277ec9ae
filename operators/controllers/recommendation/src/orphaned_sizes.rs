//! Sizes of new pods whose Recommendation is gone, though it was not settled: an approver took its finalizer away, say. Nothing
//! could undo them any more. In: the entries of AppliedSizes, and which Recommendations exist. Out: those entries removed.
//!
//! Running pods keep what they have: what they had before was known to the Recommendation alone.

use std::time::Duration;

use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_driver::emergency_stop::EmergencyStop;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{ApplyError, store::Store};

use crate::{Key, gather::Sources};

/// Delay before the next attempt, after a failure or while the emergency stop is on.
const RETRY: Duration = Duration::from_secs(5);

/// An entry whose Recommendation is gone.
#[derive(Debug)]
struct Orphan {
    /// The Recommendation.
    of: Key,
    /// The key of the entry.
    entry: String,
    /// The uid in the entry.
    uid: String,
}

/// Removes the entries whose Recommendation does not exist, of all or of the one under `key`. They are written in tasks of
/// their own, until they succeed, the Recommendation is back, or this instance does not lead any more.
pub(crate) fn remove(sources: &Sources, rows: &Store<RecommendationRow>, key: Option<&Key>) {
    let concerns = |of: &Key| key.is_none_or(|key| key == of) && rows.entry(&of.0, &of.1).is_none();
    for (namespace, row) in sources.sizes.rows() {
        for (entry, sizes) in &row.workloads {
            let of = (namespace.clone(), sizes.recommendation.clone());
            if concerns(&of) {
                let orphan = Orphan { of, entry: entry.clone(), uid: sizes.uid.clone() };
                let (sizes, stop) = (sources.sizes.clone(), sources.emergency_stop.clone());
                tokio::spawn(removed(sizes, stop, rows.clone(), orphan));
            }
        }
    }
}

async fn removed(
    sizes: AppliedSizesWriter,
    stop: EmergencyStop,
    rows: Store<RecommendationRow>,
    Orphan { of: (namespace, recommendation), entry, uid }: Orphan,
) {
    while rows.entry(&namespace, &recommendation).is_none() {
        if stop.read().await.message().is_none() {
            match sizes.drop_entry(&namespace, &entry, &uid).await {
                Ok(()) => {
                    tracing::info!(
                        namespace,
                        workload = entry,
                        recommendation,
                        "the Recommendation is gone: new pods get the size of the template again"
                    );
                    return;
                }
                Err(ApplyError::NotLeader) => return,
                Err(error) if error.is_gone() => return,
                Err(error) => {
                    tracing::warn!(namespace, workload = entry, %error, "an entry of AppliedSizes could not be removed; retrying");
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
