//! Classifies the pods of a workload. In: pods and the rollout under way. Out: which have the new size, which the
//! former, which neither, and which of them block the rollout.

use jiff::Timestamp;
use trimtab_api::rollout::RolloutStatus;
use trimtab_engine::text::after;

use crate::{
    sizes::{Has, has},
    view::{Pod, Resize, View},
};

/// How long a node may keep failing a resize, in seconds. It retries by itself: memory in use cannot be reclaimed, but
/// can be once it is free.
const FAILED_S: i64 = 30;

/// The pods that are not being deleted, grouped by their size. Each list is ordered by name.
pub struct Sorted<'a> {
    /// All of them.
    pub live: Vec<&'a Pod>,
    /// Those that have the new size in their spec.
    pub new: Vec<&'a Pod>,
    /// Those that have the former size, or the size that the template, unchanged since the start, gives to recreated
    /// pods. The two differ if an earlier recommendation was applied to the pods alone.
    pub former: Vec<&'a Pod>,
    /// Those that have another size, or lack a container.
    pub other: Vec<&'a Pod>,
}

impl<'a> Sorted<'a> {
    /// The pods of `view`, grouped with respect to `rollout`.
    pub fn of(view: &'a View, rollout: &RolloutStatus) -> Self {
        let mut sorted = Self { live: live(view), new: Vec::new(), former: Vec::new(), other: Vec::new() };
        let own = view.target.as_ref().filter(|t| t.template == rollout.template).map(|t| t.template_sizes.as_slice());
        let made_anew = own.filter(|sizes| has(sizes, &rollout.former) != Has::Missing);
        for pod in &sorted.live {
            if has(&pod.spec, &rollout.desired) == Has::Yes {
                sorted.new.push(pod);
            } else if has(&pod.spec, &rollout.former) == Has::Yes
                || made_anew.is_some_and(|sizes| has(&pod.spec, sizes) == Has::Yes)
            {
                sorted.former.push(pod);
            } else {
                sorted.other.push(pod);
            }
        }
        sorted
    }

    /// The first pod that can be given the new size.
    pub fn candidate(&self) -> Option<&'a Pod> {
        self.former.iter().find(|p| p.bound).copied()
    }

    /// Pods with the new size that do not run with it yet, or are not ready.
    pub fn unsettled(&self) -> Vec<&'a Pod> {
        self.new.iter().filter(|p| p.resize != Resize::Settled || !p.ready).copied().collect()
    }

    /// Pods with the new size whose nodes cannot provide it, each with its node's message.
    pub fn stuck(&self, deferred_timeout_s: i64, now: Timestamp) -> Vec<(&'a Pod, String)> {
        self.new.iter().filter_map(|p| stuck(p, deferred_timeout_s, now).map(|why| (*p, why))).collect()
    }

    /// When the first pod whose node does not resize it is given up.
    pub fn given_up_at(&self, deferred_timeout_s: i64) -> Option<Timestamp> {
        self.new.iter().filter_map(|p| deadline(p, deferred_timeout_s)).min()
    }
}

/// The pods of `view` that are not being deleted, ordered by name.
pub fn live(view: &View) -> Vec<&Pod> {
    let mut live: Vec<&Pod> = view.pods.iter().filter(|p| !p.terminating).collect();
    // The view is in this order already; a machine that relied on that would pick other pods if it were not.
    live.sort_by(|a, b| a.name.cmp(&b.name));
    live
}

/// When a pod is given up, if its node may still resize it.
fn deadline(pod: &Pod, timeout_s: i64) -> Option<Timestamp> {
    let (since_s, timeout_s) = match &pod.resize {
        Resize::Deferred { since_s, .. } => (since_s, timeout_s),
        Resize::Failed { since_s, .. } => (since_s, timeout_s.min(FAILED_S)),
        Resize::Settled | Resize::InProgress | Resize::Infeasible { .. } => return None,
    };
    Some(after(Timestamp::from_second(*since_s).unwrap_or(Timestamp::MIN), timeout_s))
}

fn stuck(pod: &Pod, timeout_s: i64, now: Timestamp) -> Option<String> {
    let name = &pod.name;
    let late = || deadline(pod, timeout_s).is_some_and(|end| now >= end);
    match &pod.resize {
        Resize::Infeasible { message } => Some(format!("the node of pod {name} can never fit it: {message}")),
        Resize::Failed { message, .. } if late() => {
            Some(format!("the node of pod {name} failed to resize it: {message}"))
        }
        Resize::Deferred { message, .. } if late() => {
            Some(format!("the node of pod {name} had no room for it within {timeout_s} s (deferredTimeout): {message}"))
        }
        Resize::Settled | Resize::InProgress | Resize::Failed { .. } | Resize::Deferred { .. } => None,
    }
}
