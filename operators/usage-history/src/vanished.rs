//! Deleted workloads, whose histories are kept in case they come back.
//!
//! In: the deleted ones, with their newest samples. Out: which of them exceed the maximum. Pure.

use trimtab_core::{WorkloadId, WorkloadKind};

/// How many are kept: some kilobytes per container.
const MOST: usize = 500;
/// How many of these are Jobs, most of which never come back under their name.
const MOST_JOBS: usize = 100;

/// Those to drop: the ones that ended first.
pub(crate) fn too_many(mut gone: Vec<(WorkloadId, Option<i64>)>) -> Vec<WorkloadId> {
    gone.sort_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
    let (mut kept, mut jobs) = (0, 0);
    gone.retain(|(workload, _)| {
        let job = workload.kind == WorkloadKind::Job;
        let stays = kept < MOST && (!job || jobs < MOST_JOBS);
        kept += usize::from(stays);
        jobs += usize::from(stays && job);
        !stays
    });
    gone.into_iter().map(|(workload, _)| workload).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_jobs_do_not_crowd_out_others() {
        let of = |kind, n: i64| (WorkloadId::new(kind, "a", format!("w{n}")), Some(n));
        let mut gone: Vec<_> = (0..1000).map(|n| of(WorkloadKind::Job, n + 10_000)).collect();
        gone.extend((0..600).map(|n| of(WorkloadKind::Deployment, n)));
        let dropped = too_many(gone);
        let jobs = dropped.iter().filter(|id| id.kind == WorkloadKind::Job).count();
        assert_eq!((jobs, dropped.len() - jobs), (1000 - MOST_JOBS, 600 - (MOST - MOST_JOBS)));
        assert!(dropped.contains(&of(WorkloadKind::Deployment, 0).0));
        assert!(!dropped.contains(&of(WorkloadKind::Deployment, 599).0));
        assert!(too_many(vec![of(WorkloadKind::Job, 1)]).is_empty());
    }
}
