#![allow(clippy::unwrap_used)]
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::applied_sizes::{RejectedSize, UndoneChange};

use super::*;

#[test]
fn a_record_outlives_its_workload_by_thirty_days_and_what_cannot_be_seen_is_not_gone() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let ago = |days: i64| Time(now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap());
    let no = |days: i64| RejectedSize { by: "ada".to_owned(), since: ago(days), containers: Vec::new() };
    let undone = |days: i64| UndoneChange {
        proposal_digest: format!("sha256:{days}"),
        ended: ago(days),
        rollbacks: 1,
        message: String::new(),
        rejected: None,
    };
    let web = "Deployment/web";
    for (key, exists, hidden, days, expected) in [
        (web, true, false, &[90][..], false),
        (web, false, false, &[31], true),
        (web, false, false, &[90, 29], false),
        (web, false, false, &[], true),
        (web, false, true, &[31], false),
        // A kind that only another Trimtab sizes.
        ("CloneSet.apps.kruise.io/web", false, false, &[31], false),
    ] {
        let rejected =
            WorkloadHistory { rejected: days.iter().copied().map(no).collect(), ..WorkloadHistory::default() };
        let undone =
            WorkloadHistory { undone: days.iter().copied().map(undone).collect(), ..WorkloadHistory::default() };
        for history in [rejected, undone] {
            let all = BTreeMap::from([(key.to_owned(), history)]);
            let found = gone(&all, "shop", |_| exists, |_| hidden, now);
            assert_eq!(!found.is_empty(), expected, "{key} {exists} {hidden} {days:?}");
        }
    }
}
