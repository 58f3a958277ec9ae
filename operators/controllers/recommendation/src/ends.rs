//! How the last rollout of each Recommendation ended, by workload. In: rollouts. Out: what others of a workload show.

use std::collections::{BTreeMap, HashMap};

use trimtab_api::rollout::RolloutStatus;
use trimtab_rollout::elsewhere::Elsewhere;

use crate::Key;

/// The ends of rollouts.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// By the workload's uid.
    shown: HashMap<String, BTreeMap<Key, Elsewhere>>,
    uids: HashMap<Key, String>,
}

impl Ends {
    /// Records the rollout of `key`; `None` if it has none, or is gone.
    pub(crate) fn put(&mut self, key: &Key, rollout: Option<&RolloutStatus>) {
        if let Some(uid) = self.uids.remove(key)
            && let Some(shown) = self.shown.get_mut(&uid)
        {
            shown.remove(key);
            if shown.is_empty() {
                self.shown.remove(&uid);
            }
        }
        if let Some(rollout) = rollout
            && let Some(end) = Elsewhere::ended(&key.1, rollout)
        {
            self.shown.entry(rollout.target_uid.clone()).or_default().insert(key.clone(), end);
            self.uids.insert(key.clone(), rollout.target_uid.clone());
        }
    }

    /// What Recommendations other than `key` show of the workload with this uid, ordered by name.
    pub(crate) fn of_others(&self, uid: &str, key: &Key) -> Vec<Elsewhere> {
        let shown = self.shown.get(uid).into_iter().flatten();
        shown.filter(|(other, _)| *other != key).map(|(_, end)| end.clone()).collect()
    }
}
