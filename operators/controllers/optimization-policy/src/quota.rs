//! Whether a larger size fits into what a namespace's quotas have left. Pure.

use std::sync::Arc;

use trimtab_world::row::{QuotaRow, Resources};

use crate::sized::{self, SizedContainer};

/// Whether the additional requests of `pods` pods fit every quota. Decreases need no room. Quotas that count only some
/// pods are ignored: which ones cannot be determined here, and the API server has the last word.
pub fn fits(containers: &[SizedContainer], pods: u32, quotas: &[Arc<QuotaRow>]) -> bool {
    let (from, to) = (sized::pod_total(containers, |c| c.from), sized::pod_total(containers, |c| c.to));
    let amounts: [fn(&Resources) -> Option<u64>; 4] =
        [|r| r.cpu_request, |r| r.memory_request, |r| r.cpu_limit, |r| r.memory_limit];
    quotas.iter().filter(|q| !q.scoped).all(|quota| {
        amounts.iter().all(|of| {
            let amount = |r: &Resources| of(r).unwrap_or(0);
            let need = amount(&to).saturating_sub(amount(&from)).saturating_mul(u64::from(pods));
            let used = amount(&quota.used.resources);
            need == 0 || of(&quota.hard.resources).is_none_or(|hard| used.saturating_add(need) <= hard)
        })
    })
}

#[cfg(test)]
mod tests;
