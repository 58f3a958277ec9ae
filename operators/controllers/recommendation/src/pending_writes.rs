//! Own writes that the watches do not show yet, as far as they concern one Recommendation (see
//! [`trimtab_driver::pending`]). In: answers to writes. Out: up-to-date rows.

use std::sync::Arc;

use trimtab_api::{
    approval::HonouredApproval, resources::ContainerResources, rollout::RolloutStatus, savings::RealisedSavings,
};
use trimtab_driver::pending::{Pending, PendingByKey};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{Request, effect::Effect};

/// A write of a Recommendation's status.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The resulting version.
    pub version: u64,
    /// The rollout.
    pub rollout: Option<RolloutStatus>,
    /// The decision.
    pub honoured: Option<HonouredApproval>,
    /// The conditions.
    pub conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
    /// The gates.
    pub gates: Vec<trimtab_api::gates::ClosedGate>,
    /// The realised savings.
    pub realised: Option<RealisedSavings>,
    /// The displayed digest.
    pub shown_digest: Option<String>,
    /// The observed generation.
    pub observed_generation: Option<i64>,
}

/// The writes of one Recommendation's reconciles.
#[derive(Clone, Debug, Default)]
pub struct PendingWrites {
    status: Pending<Written>,
    /// Whether the finalizer is set.
    finalizer: Pending<bool>,
    /// By pod uid: the sizes of its containers.
    pods: PendingByKey<String, Vec<ContainerResources>>,
}

impl PendingWrites {
    /// Records a status write.
    pub fn wrote(&mut self, written: Written) {
        self.status.wrote(written.version, written);
    }

    /// Records that `request` was done, which gave its object `version`.
    pub fn sent(&mut self, request: &Request, version: u64) {
        match request {
            Request::Effect(Effect::Resize { uid, containers, .. }) => {
                self.resized(uid.clone(), version, containers.clone());
            }
            Request::Protect => self.finalized(version, true),
            Request::Release => self.finalized(version, false),
            _ => {}
        }
    }

    /// Records that the finalizer was set or removed.
    fn finalized(&mut self, version: u64, protected: bool) {
        self.finalizer.wrote(version, protected);
    }

    /// Records the resize of a pod.
    fn resized(&mut self, uid: String, version: u64, containers: Vec<ContainerResources>) {
        self.pods.wrote(uid, version, containers);
    }

    /// The up-to-date row.
    pub fn over(&mut self, mut shared: Arc<RecommendationRow>) -> Arc<RecommendationRow> {
        let watched = shared.version;
        if let Some((version, written)) = self.status.beyond(watched) {
            let row = Arc::make_mut(&mut shared);
            row.version = version;
            row.rollout.clone_from(&written.rollout);
            row.honoured.clone_from(&written.honoured);
            row.conditions.clone_from(&written.conditions);
            row.gates.clone_from(&written.gates);
            row.realised.clone_from(&written.realised);
            row.shown_digest.clone_from(&written.shown_digest);
            row.observed_generation = written.observed_generation;
        }
        if let Some((version, protected)) = self.finalizer.beyond(watched) {
            let row = Arc::make_mut(&mut shared);
            (row.version, row.protected) = (row.version.max(version), *protected);
        }
        shared
    }

    /// What was written to the pod with this uid, if the watch shows a version up to `version`.
    pub fn pod(&mut self, uid: &str, version: u64) -> Option<(u64, &[ContainerResources])> {
        self.pods.beyond(uid, version).map(|(written, containers)| (written, containers.as_slice()))
    }

    /// Whether the watches have caught up with all writes.
    pub fn is_empty(&self) -> bool {
        self.status.is_empty() && self.finalizer.is_empty() && self.pods.is_empty()
    }

    /// Forgets pods that no longer exist.
    pub fn keep_pods(&mut self, exists: impl Fn(&str) -> bool) {
        self.pods.keep(|uid| exists(uid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_api::{Recommendation, recommendation::RecommendationType};

    fn row(version: u64) -> Arc<RecommendationRow> {
        let spec = serde_json::json!({
            "type": RecommendationType::RightSize,
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]},
        });
        let object = serde_json::json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "spec": spec,
            "metadata": {"name": "deploy-web", "namespace": "shop", "resourceVersion": version.to_string()},
        });
        #[allow(clippy::unwrap_used)]
        Arc::new(RecommendationRow::of(&serde_json::from_value::<Recommendation>(object).unwrap()).unwrap())
    }

    fn written(version: u64) -> Written {
        Written {
            version,
            rollout: None,
            honoured: None,
            conditions: Vec::new(),
            gates: Vec::new(),
            realised: None,
            shown_digest: Some("sha256:new".to_owned()),
            observed_generation: Some(7),
        }
    }

    #[test]
    fn an_own_write_shows_until_the_watch_has_it_and_not_a_moment_longer() {
        let mut pending = PendingWrites::default();
        pending.wrote(written(5));
        let behind = pending.over(row(4));
        assert_eq!((behind.version, behind.shown_digest.as_deref()), (5, Some("sha256:new")));
        let level = pending.over(row(5));
        assert_eq!((level.version, level.shown_digest.as_deref()), (5, None), "from here on the watch is believed");
        let again = pending.over(row(4));
        assert_eq!(again.version, 4, "what was forgotten does not come back");
    }

    #[test]
    fn a_finalizer_shows_until_the_watch_has_it() {
        let mut pending = PendingWrites::default();
        pending.finalized(5, true);
        let seen = pending.over(row(4));
        assert_eq!((seen.version, seen.protected), (5, true));
        pending.wrote(written(6));
        let seen = pending.over(row(4));
        assert_eq!(
            (seen.version, seen.protected, seen.shown_digest.is_some()),
            (6, true, true),
            "the later of both writes"
        );
        let seen = pending.over(row(5));
        assert_eq!((seen.version, seen.protected, seen.shown_digest.is_some()), (6, false, true));
        pending.over(row(6));
        assert!(pending.is_empty());
    }

    #[test]
    fn a_resize_shows_until_the_pod_is_seen_with_it() {
        let mut pending = PendingWrites::default();
        pending.resized("uid-1".to_owned(), 9, Vec::new());
        assert_eq!(pending.pod("uid-1", 8).map(|(version, _)| version), Some(9));
        assert_eq!(pending.pod("uid-2", 8), None);
        assert_eq!(pending.pod("uid-1", 9), None);
        assert_eq!(pending.pod("uid-1", 8), None);
        pending.resized("uid-3".to_owned(), 9, Vec::new());
        pending.keep_pods(|uid| uid != "uid-3");
        assert!(pending.is_empty(), "a pod that is gone is forgotten");
    }
}
