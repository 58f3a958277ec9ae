//! What the LimitRanges and quotas of a namespace do to a container: what it is given where it says nothing, and whether
//! it is let in.
//!
//! In: their rows. Out: [`Bounds`]. Pure. It reckons as the admission plugins LimitRanger and ResourceQuota of the API
//! server do, over CPU and memory.

use std::sync::Arc;

use trimtab_world::row::{LimitRangeItem, LimitRangeRow, LimitRangeScope, QuotaRow, Resources};

/// The LimitRanges and quotas of one namespace.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    limit_ranges: Vec<Arc<LimitRangeRow>>,
    quotas: Vec<Arc<QuotaRow>>,
}

impl Bounds {
    /// What these objects of one namespace say together.
    pub fn new(limit_ranges: Vec<Arc<LimitRangeRow>>, quotas: Vec<Arc<QuotaRow>>) -> Self {
        Self { limit_ranges, quotas }
    }

    fn items(&self, scope: LimitRangeScope) -> impl Iterator<Item = &LimitRangeItem> {
        self.limit_ranges.iter().flat_map(|row| row.items.iter()).filter(move |item| item.scope == scope)
    }

    /// What a container has in a pod whose spec says `written`: requests equal limits where they are not set, and then the
    /// LimitRanges fill in what is still missing.
    pub fn defaulted(&self, written: Resources) -> Resources {
        let pod = written.with_defaulted_requests();
        self.items(LimitRangeScope::Container).fold(pod, |r, item| Resources {
            cpu_request: r.cpu_request.or(item.default_request.cpu),
            cpu_limit: r.cpu_limit.or(item.default_limit.cpu),
            memory_request: r.memory_request.or(item.default_request.memory),
            memory_limit: r.memory_limit.or(item.default_limit.memory),
        })
    }

    /// Why a container with exactly this would not be let in, if so.
    pub fn refuses_container(&self, container: &Resources) -> Option<String> {
        self.items(LimitRangeScope::Container)
            .find_map(|item| breach(item, container, "container"))
            .or_else(|| self.quotas.iter().find_map(|quota| required(quota, container)))
    }

    /// Why a pod with these sums would not be let in while one with the `former` sums would, if so.
    pub fn refuses_pod(&self, pod: &Resources, former: &Resources) -> Option<String> {
        let ranges = self.items(LimitRangeScope::Pod).find_map(|item| breach(item, pod, "pod"));
        ranges.or_else(|| self.quotas.iter().filter(|q| !q.scoped).find_map(|quota| no_room(quota, pod, former)))
    }
}

/// Both resources of a set: their name, request and limit.
fn both(r: &Resources) -> [(&'static str, Option<u64>, Option<u64>); 2] {
    [("cpu", r.cpu_request, r.cpu_limit), ("memory", r.memory_request, r.memory_limit)]
}

/// How an item of a LimitRange is broken, as LimitRanger sees it.
fn breach(item: &LimitRangeItem, has: &Resources, what: &str) -> Option<String> {
    let ratio = item.max_limit_request_ratio;
    let bounds = [
        (item.min.cpu, item.max.cpu, ratio.cpu_thousandths),
        (item.min.memory, item.max.memory, ratio.memory_thousandths),
    ];
    both(has).into_iter().zip(bounds).find_map(|((name, request, limit), (min, max, ratio))| {
        if let Some(min) = min
            && (request.is_none_or(|r| r < min) || limit.is_some_and(|l| l < min))
        {
            return Some(format!("a LimitRange wants at least {min} of {name} for each {what}"));
        }
        if let Some(max) = max
            && (limit.is_none_or(|l| l > max) || request.is_some_and(|r| r > max))
        {
            return Some(format!("a LimitRange allows at most {max} of {name} for each {what}"));
        }
        let too_wide = |(request, limit): (u64, u64), ratio: u64| {
            request == 0 || limit == 0 || u128::from(limit) * 1000 > u128::from(request) * u128::from(ratio)
        };
        if let Some(ratio) = ratio
            && request.zip(limit).is_none_or(|pair| too_wide(pair, ratio))
        {
            return Some(format!(
                "a LimitRange holds the {name} limit of each {what} to {ratio} thousandths of its request"
            ));
        }
        None
    })
}

/// What a quota wants every container to say, and this one does not.
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

/// What a quota has no room for, although it has for the former.
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
