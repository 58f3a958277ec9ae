//! Which data of a read namespace counts, with a single warning about what is left out.
//!
//! In: a staged namespace. Out: its news; a warning in the log when something begins to be left out.

use crate::{neighbours::When, news::News, staging::Space, store::UsageStore, whose::Whose};

impl UsageStore {
    /// The news of a namespace. `whole` means that it was read from its beginning.
    pub(crate) fn judge(&self, namespace: String, mut space: Space, when: When, whole: bool) -> News {
        let mut neighbours = self.neighbours.lock();
        if whole {
            neighbours.begin(&namespace);
        }
        let known = neighbours.mixture(&namespace).is_some();
        let guests = neighbours.judge(&namespace, &mut space, when);
        if let Some(mixture) = neighbours.mixture(&namespace).filter(|_| !known) {
            tracing::warn!(
                namespace,
                foreign_pods = mixture.foreign_pods,
                past_pods = mixture.past_pods,
                ambiguous_workloads = mixture.ambiguous.len(),
                labels = ?mixture.labels,
                node = ?mixture.node,
                "the server holds series of another cluster, which are left out: set --prometheus-cluster LABEL=VALUE"
            );
        }
        drop(neighbours);
        self.note_whose(&namespace, std::mem::take(&mut space.whose), whole);
        News::new(namespace, space, guests)
    }

    /// Keeps which pods were named. `whole` replaces what was known.
    fn note_whose(&self, namespace: &str, read: Whose, whole: bool) {
        let mut all = self.whose.lock();
        let known = all.entry(Box::from(namespace)).or_default();
        if whole {
            *known = read;
        } else {
            known.join(read);
        }
    }

    /// Series with exported labels were returned among others.
    pub(crate) fn note_exported(&self, series: u64) {
        if series > 0 && self.exported.lock().seen() {
            warn_of_exported();
        }
    }

    /// Series with exported labels were queried, and this many were returned.
    pub(crate) fn probed_exported(&self, series: u64) {
        if self.exported.lock().probed(series) {
            warn_of_exported();
        }
    }
}

fn warn_of_exported() {
    tracing::warn!(
        "kube-state-metrics is scraped by a job that does not honour labels: its pods are read from exported_pod; set \
         honor_labels: true on the job"
    );
}
