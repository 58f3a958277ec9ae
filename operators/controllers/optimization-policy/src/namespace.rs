//! What a namespace allows its containers and pods: its LimitRanges, and the limits that its quotas require.
//!
//! In: LimitRanges and ResourceQuotas. Out: bounds for the sizing of one container, and whether a pod is within them.
//! Pure. What the API server would reject must never be proposed: a pod that cannot be created is worse than any waste.

use std::sync::Arc;

use trimtab_sizing::{
    ContainerDecision, LimitMode, LimitRange, RefuseReason, ResourceDecision, Sizes, SizingRules, Verdict,
};
use trimtab_world::row::{LimitRangeItem, LimitRangeRow, LimitRangeScope, QuotaRow, Resources};

use crate::sized::{self, SizedContainer};

/// The constraints on every container of a namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamespaceBounds {
    /// The tightest bounds for one container.
    pub limit_range: LimitRange,
    /// The defaults of a container that sets nothing.
    pub defaults: Resources,
    /// Whether a container without a CPU limit would get a default, or be denied.
    pub cpu_limit_required: bool,
    /// Whether a container without a memory limit would get a default, or be denied.
    pub memory_limit_required: bool,
}

impl NamespaceBounds {
    /// Combines these objects of one namespace.
    pub fn new(limit_ranges: &[Arc<LimitRangeRow>], quotas: &[Arc<QuotaRow>]) -> Self {
        let limit_range = limit_range(limit_ranges);
        let defaults = Resources::default().with_defaults(items(limit_ranges, LimitRangeScope::Container));
        let by_quota = |of: fn(&Resources) -> Option<u64>| quotas.iter().any(|q| of(&q.hard.resources).is_some());
        Self {
            cpu_limit_required: defaults.cpu_limit.is_some()
                || limit_range.cpu_max.is_some()
                || by_quota(|r| r.cpu_limit),
            memory_limit_required: defaults.memory_limit.is_some()
                || limit_range.memory_max.is_some()
                || by_quota(|r| r.memory_limit),
            limit_range,
            defaults,
        }
    }

    /// `rules` restricted to what the namespace allows; `None` if the two leave no value. A limit that the namespace
    /// requires is kept instead of removed.
    pub fn bound(&self, rules: SizingRules) -> Option<SizingRules> {
        let mut rules = rules.validated().ok()?;
        let range = &self.limit_range;
        let apart = |min: i64, max: Option<i64>, least: Option<i64>, most: Option<i64>| {
            max.zip(least).is_some_and(|(max, least)| max < least)
                || most.is_some_and(|most| most < min || least.is_some_and(|least| most < least))
        };
        if apart(rules.cpu.min_millicores, rules.cpu.max_millicores, range.cpu_min, range.cpu_max)
            || apart(rules.memory.min_bytes, rules.memory.max_bytes, range.memory_min, range.memory_max)
        {
            return None;
        }
        for (mode, required) in
            [(&mut rules.cpu.limit, self.cpu_limit_required), (&mut rules.memory.limit, self.memory_limit_required)]
        {
            if *mode == LimitMode::Remove && required {
                *mode = LimitMode::Keep;
            }
        }
        Some(rules)
    }
}

fn items(rows: &[Arc<LimitRangeRow>], scope: LimitRangeScope) -> impl Iterator<Item = &LimitRangeItem> {
    rows.iter().flat_map(|row| row.items.iter()).filter(move |item| item.scope == scope)
}

fn limit_range(rows: &[Arc<LimitRangeRow>]) -> LimitRange {
    let amount = |value: Option<u64>| value.map(|v| i64::try_from(v).unwrap_or(i64::MAX));
    let ratio = |thousandths: Option<u64>| thousandths.map(|t| t as f64 / 1000.0);
    let (least, most) = (
        |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).max(),
        |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min(),
    );
    let lower = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
    items(rows, LimitRangeScope::Container).fold(LimitRange::default(), |r, item| LimitRange {
        cpu_min: least(r.cpu_min, amount(item.min.cpu)),
        cpu_max: most(r.cpu_max, amount(item.max.cpu)),
        memory_min: least(r.memory_min, amount(item.min.memory)),
        memory_max: most(r.memory_max, amount(item.max.memory)),
        cpu_max_ratio: lower(r.cpu_max_ratio, ratio(item.max_limit_request_ratio.cpu_thousandths)),
        memory_max_ratio: lower(r.memory_max_ratio, ratio(item.max_limit_request_ratio.memory_thousandths)),
    })
}

/// Whether pods of these containers are within the LimitRanges for pods after the change.
pub fn pod_allows(rows: &[Arc<LimitRangeRow>], containers: &[SizedContainer]) -> bool {
    let pod = sized::pod_total(containers, |c| c.to);
    items(rows, LimitRangeScope::Pod).all(|item| item.breach(&pod).is_none())
}

/// How a container with these sizes violates the LimitRanges for containers.
pub fn container_breach(rows: &[Arc<LimitRangeRow>], to: Sizes) -> Option<String> {
    let has = sized::resources(to);
    items(rows, LimitRangeScope::Container).find_map(|item| item.breach(&has))
}

/// The range to which one resource of a container may be set.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Not lowered below this.
    held: i64,
    least: i64,
    most_request: Option<i64>,
    most_limit: Option<i64>,
    most_ratio: Option<f64>,
}

impl Span {
    fn admits(&self, now: Option<i64>, request: Option<i64>, limit: Option<i64>) -> bool {
        let held = self.held.min(now.unwrap_or(0));
        request.is_none_or(|r| r > 0 && r >= self.least.max(held) && self.most_request.is_none_or(|most| r <= most))
            && limit.is_none_or(|l| self.most_limit.is_none_or(|most| l <= most))
            && request
                .zip(limit)
                .is_none_or(|(r, l)| r <= l && self.most_ratio.is_none_or(|ratio| l as f64 <= r as f64 * ratio))
    }
}

fn refused(decision: &ResourceDecision) -> ResourceDecision {
    let refuse = Verdict::Refuse { reason: RefuseReason::ContradictingBounds };
    ResourceDecision { request: refuse, limit: refuse, ..decision.clone() }
}

/// The range to which a container may be set: the rules and the LimitRange combined.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    cpu: Span,
    memory: Span,
}

impl Room {
    /// The room that rules, narrowed by annotations, and a LimitRange leave.
    pub fn new(rules: &SizingRules, range: &LimitRange) -> Self {
        let lower = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min();
        Self {
            cpu: Span {
                held: rules.cpu.min_millicores,
                least: range.cpu_min.unwrap_or(0),
                most_request: lower(rules.cpu.max_millicores, range.cpu_max),
                most_limit: range.cpu_max,
                most_ratio: range.cpu_max_ratio,
            },
            memory: Span {
                held: rules.memory.min_bytes,
                least: range.memory_min.unwrap_or(0),
                most_request: lower(rules.memory.max_bytes, range.memory_max),
                most_limit: range.memory_max,
                most_ratio: range.memory_max_ratio,
            },
        }
    }

    /// Reverts changes outside it. An unchanged limit can force a request out of its bounds, through the ratio that a
    /// LimitRange requires: then no value satisfies all of them.
    pub fn refuse_outside(&self, decision: &mut ContainerDecision, sized: &mut SizedContainer) {
        let (from, to) = (sized.from, sized.to);
        if sized.cpu_changes() && !self.admits_cpu(from.cpu_request, to.cpu_request, to.cpu_limit) {
            (sized.to.cpu_request, sized.to.cpu_limit) = (from.cpu_request, from.cpu_limit);
            decision.cpu = refused(&decision.cpu);
        }
        if sized.memory_changes() && !self.admits_memory(from.memory_request, to.memory_request, to.memory_limit) {
            (sized.to.memory_request, sized.to.memory_limit) = (from.memory_request, from.memory_limit);
            decision.memory = refused(&decision.memory);
        }
    }

    /// Whether a CPU request and limit, in millicores, are within it, for a container that requests `now`.
    pub fn admits_cpu(&self, now: Option<i64>, request: Option<i64>, limit: Option<i64>) -> bool {
        self.cpu.admits(now, request, limit)
    }

    /// Whether a memory request and limit, in bytes, are within it, for a container that requests `now`.
    pub fn admits_memory(&self, now: Option<i64>, request: Option<i64>, limit: Option<i64>) -> bool {
        self.memory.admits(now, request, limit)
    }
}

#[cfg(test)]
mod tests;
