//! What the LimitRanges and ResourceQuotas of a namespace do to a container: which defaults it gets, and whether it is
//! admitted.
//!
//! In: their rows. Out: [`Bounds`]. Pure. Computes as the API server's admission plugins LimitRanger and ResourceQuota
//! do, for CPU and memory.

use std::sync::Arc;

use trimtab_world::row::{LimitRangeRow, LimitRangeScope, QuotaRow, Resources};

/// The LimitRanges and ResourceQuotas of one namespace.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    limit_ranges: Vec<Arc<LimitRangeRow>>,
    quotas: Vec<Arc<QuotaRow>>,
}

impl Bounds {
    /// Combines these objects of one namespace.
    pub fn new(limit_ranges: Vec<Arc<LimitRangeRow>>, quotas: Vec<Arc<QuotaRow>>) -> Self {
        Self { limit_ranges, quotas }
    }

    fn breach(&self, scope: LimitRangeScope, has: &Resources) -> Option<String> {
        self.limit_ranges.iter().find_map(|row| {
            let breach = row.items.iter().filter(|item| item.scope == scope).find_map(|item| item.breach(has))?;
            Some(format!("LimitRange {} does not allow {breach}", row.name))
        })
    }

    /// The resources of a container whose pod spec says `written`: unset requests equal limits, and then the
    /// LimitRanges fill in what is still missing. Neither fills in a written 0, which is unset in the end.
    pub fn defaulted(&self, written: Resources) -> Resources {
        let items = self.limit_ranges.iter().flat_map(|row| row.items.iter());
        let items = items.filter(|item| item.scope == LimitRangeScope::Container);
        written.with_defaulted_requests().with_defaults(items).without_zeros()
    }

    /// The name of the LimitRange that fills in something that `written` leaves out, if one does.
    pub fn filling_in(&self, written: Resources) -> Option<String> {
        let own = written.with_defaulted_requests();
        let fills = |row: &&Arc<LimitRangeRow>| {
            let items = row.items.iter().filter(|item| item.scope == LimitRangeScope::Container);
            own.with_defaults(items).without_zeros() != own.without_zeros()
        };
        self.limit_ranges.iter().find(fills).map(|row| row.name.to_string())
    }

    /// Why a container with exactly these resources would be denied, if it would.
    pub fn refuses_container(&self, container: &Resources) -> Option<String> {
        self.breach(LimitRangeScope::Container, container)
            .or_else(|| self.quotas.iter().find_map(|quota| required(quota, container)))
    }

    /// Why a pod with these sums would be denied while one with the `former` sums would be admitted, if so.
    pub fn refuses_pod(&self, pod: &Resources, former: &Resources) -> Option<String> {
        let range = self.breach(LimitRangeScope::Pod, pod).map(|breach| format!("the pod: {breach}"));
        range.or_else(|| self.quotas.iter().filter(|q| !q.scoped).find_map(|quota| no_room(quota, pod, former)))
    }
}

/// Both resources of a set: name, request and limit.
fn both(r: &Resources) -> [(&'static str, Option<u64>, Option<u64>); 2] {
    [("cpu", r.cpu_request, r.cpu_limit), ("memory", r.memory_request, r.memory_limit)]
}

/// A value that a quota requires of every container and this one lacks.
fn required(quota: &QuotaRow, has: &Resources) -> Option<String> {
    let hard = both(&quota.hard.resources);
    hard.into_iter().zip(both(has)).find_map(|((name, hard_request, hard_limit), (_, request, limit))| {
        let missing = if hard_request.is_some() && request.is_none() {
            "request"
        } else if hard_limit.is_some() && limit.is_none() {
            "limit"
        } else {
            return None;
        };
        Some(format!("quota {} wants every container to have a {name} {missing}", quota.name))
    })
}

/// A quota that has no room for the pod, although it has for the former one.
fn no_room(quota: &QuotaRow, pod: &Resources, former: &Resources) -> Option<String> {
    let full = |hard: Option<u64>, used: Option<u64>, new: Option<u64>, former: Option<u64>| {
        let left = hard?.saturating_sub(used.unwrap_or(0));
        (new.unwrap_or(0) > left && former.unwrap_or(0) <= left).then_some(left)
    };
    let (hard, used) = (&quota.hard.resources, &quota.used.resources);
    [
        ("requests.cpu", full(hard.cpu_request, used.cpu_request, pod.cpu_request, former.cpu_request)),
        ("limits.cpu", full(hard.cpu_limit, used.cpu_limit, pod.cpu_limit, former.cpu_limit)),
        ("requests.memory", full(hard.memory_request, used.memory_request, pod.memory_request, former.memory_request)),
        ("limits.memory", full(hard.memory_limit, used.memory_limit, pod.memory_limit, former.memory_limit)),
    ]
    .into_iter()
    .find_map(|(name, left)| left.map(|left| format!("quota {} has only {left} of {name} left", quota.name)))
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
pub(crate) mod tests;
