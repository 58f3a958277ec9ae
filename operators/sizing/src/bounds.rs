//! From the wanted request to the decision: bounds, limits, tolerance, for either resource.
//!
//! In: an [`Ask`] in one unit (millicores or bytes). Out: a [`ResourceDecision`]. Precedence, weakest first: usage,
//! what must not be lowered, the rules' maximum, the namespace's LimitRange, the largest node, a limit that is kept.

use crate::{
    decision::{Bound, KeepReason, RefuseReason, ResourceDecision, Verdict},
    rules::LimitMode,
};

/// The greatest ratio of limit to request that is kept. A limit further away than this was hardly chosen as a multiple
/// of its request: it stays unchanged.
pub const MOST_RATIO: f64 = 4.0;

/// A wanted request, and everything that can move it.
pub(crate) struct Ask {
    /// The request that usage asks for.
    pub wanted: i64,
    /// The minimum a limit must reach: the present one does harm, or a lower one would.
    pub limit_floor: Option<i64>,
    /// The value to which a limit grows where its request outgrows it.
    pub limit_grown: Option<i64>,
    /// A limit below this is not lowered, and none is lowered below it.
    pub limit_held: Option<i64>,
    /// Whether evidence of harm justifies even a small change.
    pub urgent: bool,
    /// What already moved the wanted request.
    pub moved: Vec<Bound>,
    pub current_request: Option<i64>,
    pub current_limit: Option<i64>,
    pub mode: LimitMode,
    /// A request is not lowered below any of these, and none of them raises one.
    pub held: Vec<(i64, Bound)>,
    /// Nothing is lowered at all.
    pub raise_only: bool,
    pub rule_max: Option<i64>,
    pub range_min: Option<i64>,
    pub range_max: Option<i64>,
    pub range_ratio: Option<f64>,
    /// The capacity of the largest node.
    pub node_max: Option<i64>,
    pub tolerance_percent: f64,
    pub round_up: fn(f64) -> i64,
    pub round_down: fn(i64) -> i64,
}

/// A decision that changes nothing.
pub(crate) fn refused(reason: RefuseReason) -> ResourceDecision {
    let refuse = Verdict::Refuse { reason };
    ResourceDecision { request: refuse, limit: refuse, target: None, bounds: Vec::new() }
}

impl Ask {
    /// The decision.
    pub fn settle(mut self) -> ResourceDecision {
        let mut request = self.wanted;
        let mut bounds = std::mem::take(&mut self.moved);
        for (least, bound) in std::mem::take(&mut self.held) {
            let least = self.current_request.map(|current| current.min(least));
            raise(&mut request, least, bound, &mut bounds);
        }
        if self.raise_only {
            raise(&mut request, self.current_request, Bound::FewSamples, &mut bounds);
        }
        // With too little evidence nothing is lowered, whatever maximum the policy or the nodes set.
        let at_most = |most: Option<i64>| {
            most.map(|most| if self.raise_only { most.max(self.current_request.unwrap_or(0)) } else { most })
        };
        lower(&mut request, at_most(self.rule_max), Bound::RuleMaximum, &mut bounds);
        raise(&mut request, self.range_min, Bound::LimitRangeMinimum, &mut bounds);
        lower(&mut request, self.range_max, Bound::LimitRangeMaximum, &mut bounds);
        // Today's largest node bounds only raises: a running pod that requests more proves that larger ones exist.
        let node = self.node_max.map(|most| most.max(self.current_request.unwrap_or(0)));
        lower(&mut request, node, Bound::NodeMaximum, &mut bounds);
        if let (Some(least), Some(most)) = (self.range_min, self.range_max)
            && least > most
        {
            return refused(RefuseReason::ContradictingBounds);
        }
        let limit = match self.limit_for(&mut request, &mut bounds) {
            Ok(limit) => limit,
            Err(reason) => return refused(reason),
        };
        if self.range_min.is_some_and(|least| request < least) {
            return refused(RefuseReason::ContradictingBounds);
        }
        let limit_verdict = verdict_of_limit(self.current_limit, limit, self.mode);
        let request_verdict = match self.current_request {
            // A limit that moves takes its request along, preserving the pair that was evaluated.
            Some(current) if self.is_near(current, request) && !(self.urgent && request > current) => {
                if limit_verdict.is_change() && !self.urgent && self.mode != LimitMode::Remove {
                    let value = self.current_request;
                    let keep = Verdict::Keep { value, reason: KeepReason::WithinTolerance };
                    let limit = Verdict::Keep { value: self.current_limit, reason: KeepReason::WithinTolerance };
                    return ResourceDecision { request: keep, limit, target: Some(request), bounds };
                }
                let few = self.raise_only && bounds.contains(&Bound::FewSamples);
                let reason = if few { KeepReason::FewSamples } else { KeepReason::WithinTolerance };
                Verdict::Keep { value: Some(current), reason }
            }
            from => Verdict::Resize { from, to: request },
        };
        ResourceDecision { request: request_verdict, limit: limit_verdict, target: Some(request), bounds }
    }

    /// The decision with nothing lowered: the request not below its present value, the limit not below `limit_floor`.
    pub fn settle_not_lowered(mut self, limit_floor: i64) -> ResourceDecision {
        let wanted = self.wanted;
        let floor = self.current_request.unwrap_or(limit_floor);
        let (request_now, limit_now) = (self.current_request, self.current_limit);
        if wanted < floor {
            self.moved.push(Bound::RuntimeHeap);
            let keep = |value| Verdict::Keep { value, reason: KeepReason::RuntimeHeapFromLimit };
            return ResourceDecision {
                request: keep(request_now),
                limit: keep(limit_now),
                target: Some(floor),
                bounds: self.moved,
            };
        }
        // A maximum may still lower the request, unless request and limit are one.
        self.limit_held = Some(self.limit_held.map_or(limit_floor, |held| held.max(limit_floor)));
        self.settle()
    }

    /// The limit that goes with `request`; moves the request where the limit cannot move.
    ///
    /// # Errors
    /// Where the LimitRange allows less than the required minimum.
    fn limit_for(&self, request: &mut i64, bounds: &mut Vec<Bound>) -> Result<Option<i64>, RefuseReason> {
        let Some(mut limit) = self.by_mode(request) else { return Ok(None) };
        let held = self.limit_held.zip(self.current_limit).map_or(0, |(held, current)| held.min(current));
        if self.range_max.is_some_and(|most| most < held) {
            return Err(RefuseReason::ContradictingBounds);
        }
        limit = limit.max(held);
        if self.raise_only {
            limit = limit.max(self.current_limit.unwrap_or(0));
        }
        if self.mode == LimitMode::EqualsRequest {
            // Request and limit are one: the request takes what the limit needs, as far as a node has it and the rules
            // allow it.
            let mut cut = Vec::new();
            let reach = (*request).max(self.current_limit.unwrap_or(0));
            lower(&mut limit, self.node_max.map(|most| most.max(reach)), Bound::NodeMaximum, &mut cut);
            lower(&mut limit, self.rule_max.map(|most| most.max(reach)), Bound::RuleMaximum, &mut cut);
            cut.retain(|bound| !bounds.contains(bound));
            bounds.append(&mut cut);
            *request = (*request).max(limit);
        }
        // Capacity that no node has is unusable: a growing limit is capped there, one that is kept is reported.
        if let (Some(most), Some(current)) = (self.node_max, self.current_limit) {
            limit = limit.min(most.max(*request).max(current));
        }
        if let Some(most) = self.range_max {
            limit = limit.min(most);
        }
        if *request > limit {
            // Only a limit that is kept, or one cut by the LimitRange, can be below the request.
            if self.range_max.is_some_and(|most| *request > most) {
                *request = limit;
                bounds.push(Bound::CurrentLimit);
            } else {
                limit = *request;
            }
        }
        if let Some(ratio) = self.range_ratio.filter(|ratio| *ratio >= 1.0)
            && limit as f64 > *request as f64 * ratio
        {
            bounds.push(Bound::LimitRangeRatio);
            let kept =
                if self.mode == LimitMode::Keep { limit } else { limit.min(held.max(self.limit_floor.unwrap_or(0))) };
            if self.mode == LimitMode::Keep || kept as f64 > *request as f64 * ratio {
                // A limit that must not go lower takes its request along.
                limit = kept;
                *request = (self.round_up)(limit as f64 / ratio).min(limit);
            } else {
                return Ok(Some((self.round_down)((*request as f64 * ratio) as i64).max(*request)));
            }
        }
        Ok(Some(limit))
    }

    /// The limit by its mode alone, not below its required minimum.
    fn by_mode(&self, request: &i64) -> Option<i64> {
        let floor = self.limit_floor.unwrap_or(0);
        let limit = match (self.mode, self.current_limit) {
            (LimitMode::Remove, _) | (LimitMode::Keep | LimitMode::KeepRatio, None) => return None,
            (LimitMode::Keep, Some(limit)) => limit,
            (LimitMode::KeepRatio, Some(limit)) => self.by_ratio(*request, limit, floor),
            (LimitMode::EqualsRequest, _) => *request,
            (LimitMode::PercentOfRequest(percent), _) => {
                (self.round_up)(*request as f64 * f64::from(percent.max(100)) / 100.0)
            }
        };
        let outgrown = self.current_limit.is_some_and(|now| now < *request) && self.mode != LimitMode::EqualsRequest;
        let grown = self.limit_grown.filter(|_| outgrown).unwrap_or(0);
        Some(limit.max(floor).max(grown))
    }

    /// The limit that keeps its ratio to the request, as far as the ratio is kept: it falls with the request, and grows
    /// only as far as it must.
    fn by_ratio(&self, request: i64, limit: i64, floor: i64) -> i64 {
        // A limit without a request is also the request: Kubernetes copies it.
        let now = self.current_request.filter(|now| *now > 0).unwrap_or(limit).max(1);
        let ratio = (limit as f64 / now as f64).max(1.0);
        let needed = request.max(floor);
        if request >= now {
            // Keeping the ratio would make it jump as soon as the peak barely exceeds it.
            return limit.max(needed);
        }
        if ratio > MOST_RATIO { limit.max(needed) } else { (self.round_up)(request as f64 * ratio) }
    }

    fn is_near(&self, current: i64, request: i64) -> bool {
        let difference = (request - current).abs() as f64;
        difference <= current as f64 * self.tolerance_percent / 100.0
    }
}

fn raise(value: &mut i64, least: Option<i64>, bound: Bound, bounds: &mut Vec<Bound>) {
    if let Some(least) = least
        && *value < least
    {
        *value = least;
        bounds.push(bound);
    }
}

fn lower(value: &mut i64, most: Option<i64>, bound: Bound, bounds: &mut Vec<Bound>) {
    if let Some(most) = most
        && *value > most
    {
        *value = most;
        bounds.push(bound);
    }
}

fn verdict_of_limit(current: Option<i64>, limit: Option<i64>, mode: LimitMode) -> Verdict {
    match (current, limit) {
        (Some(from), None) => Verdict::Remove { from },
        (None, None) => Verdict::Keep { value: None, reason: KeepReason::NotSet },
        (from, Some(to)) if from == Some(to) => {
            let reason = if mode == LimitMode::Keep { KeepReason::ByRule } else { KeepReason::WithinTolerance };
            Verdict::Keep { value: from, reason }
        }
        (from, Some(to)) => Verdict::Resize { from, to },
    }
}
