//! Whether a larger size fits into what a namespace's quotas have left. Pure.

use std::sync::Arc;

use trimtab_sizing::Sizes;
use trimtab_world::row::QuotaRow;

use crate::sized::{self, SizedContainer};

/// Whether what all pods would ask for in addition fits every quota. Quotas that count only some pods are passed over:
/// which ones cannot be said here, and the API server has the last word.
pub fn fits(containers: &[SizedContainer], pods: u32, quotas: &[Arc<QuotaRow>]) -> bool {
    let (from, to) = (sized::pod_request(containers, |c| c.from), sized::pod_request(containers, |c| c.to));
    let limits = |side: fn(&SizedContainer) -> Sizes, of: fn(Sizes) -> Option<i64>| -> i64 {
        containers.iter().map(|c| of(side(c)).unwrap_or(0)).sum()
    };
    let more = |before: i64, after: i64| u64::try_from((after - before) * i64::from(pods)).unwrap_or(0);
    let needs = [
        more(from.0, to.0),
        more(from.1, to.1),
        more(limits(|c| c.from, |s| s.cpu_limit), limits(|c| c.to, |s| s.cpu_limit)),
        more(limits(|c| c.from, |s| s.memory_limit), limits(|c| c.to, |s| s.memory_limit)),
    ];
    quotas.iter().filter(|q| !q.scoped).all(|q| {
        let (hard, used) = (q.hard.resources, q.used.resources);
        let left = [
            (hard.cpu_request, used.cpu_request),
            (hard.memory_request, used.memory_request),
            (hard.cpu_limit, used.cpu_limit),
            (hard.memory_limit, used.memory_limit),
        ];
        needs.iter().zip(left).all(|(need, (hard, used))| {
            *need == 0 || hard.is_none_or(|hard| used.unwrap_or(0).saturating_add(*need) <= hard)
        })
    })
}
