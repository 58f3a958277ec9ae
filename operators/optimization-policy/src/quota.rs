//! Whether a larger size fits into what a namespace's quotas have left. Pure.

use std::sync::Arc;

use trimtab_world::row::QuotaRow;

use crate::sized::{self, SizedContainer};

/// Whether what `pods` pods would ask for in addition fits every quota. What is given back needs no room. Quotas that
/// count only some pods are passed over: which ones cannot be said here, and the API server has the last word.
pub fn fits(containers: &[SizedContainer], pods: u32, quotas: &[Arc<QuotaRow>]) -> bool {
    let (from, to) = (sized::pod_request(containers, |c| c.from), sized::pod_request(containers, |c| c.to));
    let (from_limit, to_limit) = (sized::pod_limit(containers, |c| c.from), sized::pod_limit(containers, |c| c.to));
    let more = |before: i64, after: i64| u64::try_from(after - before).unwrap_or(0).saturating_mul(u64::from(pods));
    let needs =
        [more(from.0, to.0), more(from.1, to.1), more(from_limit.0, to_limit.0), more(from_limit.1, to_limit.1)];
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

#[cfg(test)]
mod tests;
