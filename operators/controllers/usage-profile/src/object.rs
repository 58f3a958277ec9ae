//! UsageProfiles as objects: what is sent to the API server for a workload.
//!
//! In: a workload and its histories. Out: the spec part, and statuses that report problems. Pure.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, OwnerReference};
use trimtab_api::{
    UsageProfile, UsageProfileSpec, UsageProfileStatus,
    conditions::{reasons, types},
    names::{WORKLOAD_KIND_LABEL, about_workload},
    runbooks::Runbooks,
    target::TargetRef,
};
use trimtab_core::{
    WorkloadId,
    conditions::{Observation, merge},
};
use trimtab_sizing::ContainerHistory;
use trimtab_usage_history::profile;
use trimtab_world::row::WorkloadRow;

/// Maximum number of containers in a profile.
const MAX_CONTAINERS: usize = 64;

/// The name of the profile of a workload: `deploy-web`, `sts-db`, `cronjob-report`.
pub fn name(workload: &WorkloadId) -> String {
    about_workload(workload.kind.label(), &workload.name, "")
}

/// The profile of a workload without its status. It is deleted with the workload.
pub fn profile(row: &WorkloadRow) -> UsageProfile {
    let (kind, uid) = (row.id.kind, row.uid.to_string());
    let owner = OwnerReference {
        api_version: kind.api_version().to_owned(),
        kind: kind.as_str().to_owned(),
        name: row.id.name.to_string(),
        uid: uid.clone(),
        controller: None,
        block_owner_deletion: None,
    };
    UsageProfile {
        metadata: ObjectMeta {
            name: Some(name(&row.id)),
            namespace: Some(row.id.namespace.to_string()),
            labels: Some(BTreeMap::from([(WORKLOAD_KIND_LABEL.to_owned(), kind.as_str().to_owned())])),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: UsageProfileSpec {
            target_ref: TargetRef {
                api_version: kind.api_version().to_owned(),
                kind: kind.as_str().to_owned(),
                name: row.id.name.to_string(),
                uid: Some(uid),
            },
        },
        status: None,
    }
}

/// The status of a profile with these histories, following one with the conditions `before`.
pub fn recording(
    before: &[Condition],
    containers: &[(Arc<str>, ContainerHistory)],
    generation: Option<i64>,
    now: Timestamp,
) -> UsageProfileStatus {
    let before = UsageProfileStatus { conditions: before.to_vec(), ..UsageProfileStatus::default() };
    let kept = containers.get(..MAX_CONTAINERS).unwrap_or(containers);
    profile::status(&before, kept, generation, now)
}

/// The status of a profile whose history cannot be read, whose message leads to `runbooks`. Its content stays until the
/// next regular write.
pub fn unreadable(
    before: UsageProfileStatus,
    why: &str,
    runbooks: &Runbooks,
    generation: Option<i64>,
    now: Timestamp,
) -> UsageProfileStatus {
    let observed = Observation::no(types::READY, reasons::HISTORY_UNREADABLE, what_to_do(why));
    UsageProfileStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &[observed], |reason| runbooks.page(reason), generation, now),
        ..before
    }
}

/// The message about a history that cannot be read.
pub fn what_to_do(why: &str) -> String {
    format!(
        "{why}. Recording starts over, and the next write replaces the old history. If a newer Trimtab wrote it, run \
         that version again before then; otherwise nothing needs to be done."
    )
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;
    use trimtab_core::WorkloadKind;
    use trimtab_world::{Kind, Tables};

    /// The row of a workload `name` in the namespace `shop`.
    pub(crate) fn row(kind: Kind, of: WorkloadKind, name: &str, uid: &str) -> Arc<WorkloadRow> {
        let mut tables = Tables::default();
        tables.apply_json(kind, &json!({"metadata": {"name": name, "namespace": "shop", "uid": uid}})).unwrap();
        tables.workload(&WorkloadId::new(of, "shop", name)).unwrap()
    }

    #[test]
    fn profiles_go_with_their_workload() {
        for (kind, of, expected) in [
            (Kind::Deployment, WorkloadKind::Deployment, ("deploy-web", "apps/v1", "Deployment")),
            (Kind::StatefulSet, WorkloadKind::StatefulSet, ("sts-web", "apps/v1", "StatefulSet")),
            (Kind::CronJob, WorkloadKind::CronJob, ("cronjob-web", "batch/v1", "CronJob")),
        ] {
            let object = profile(&row(kind, of, "web", "u-1"));
            let owner = &object.metadata.owner_references.as_ref().unwrap()[0];
            assert_eq!(object.metadata.name.as_deref(), Some(expected.0));
            assert_eq!((owner.api_version.as_str(), owner.kind.as_str()), (expected.1, expected.2));
            assert_eq!((owner.name.as_str(), owner.uid.as_str()), ("web", "u-1"));
            assert_eq!(object.spec.target_ref.uid.as_deref(), Some("u-1"));
            assert_eq!(object.metadata.labels.as_ref().unwrap()[WORKLOAD_KIND_LABEL], expected.2);
        }
    }

    #[test]
    fn an_unreadable_history_stays_until_it_is_replaced() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut history = ContainerHistory::new();
        history.observe_cpu(1_799_999_000, 0.1, 1);
        let before = recording(&[], &[("app".into(), history)], Some(1), now);
        let after = unreadable(before.clone(), "no base64", &Runbooks::default(), Some(1), now);
        assert_eq!(after.containers, before.containers);
        assert_eq!(
            (after.conditions[0].status.as_str(), after.conditions[0].reason.as_str()),
            ("False", "HistoryUnreadable")
        );
        let message = &after.conditions[0].message;
        assert!(message.starts_with("no base64. Recording starts over"), "{message}");
        assert!(message.ends_with("/HistoryUnreadable.md"), "{message}");
    }

    #[test]
    fn more_containers_than_the_schema_allows_are_cut() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let many: Vec<_> = (0..70).map(|n| (Arc::from(format!("c{n}")), ContainerHistory::new())).collect();
        assert_eq!(recording(&[], &many, None, now).containers.len(), 64);
    }
}
