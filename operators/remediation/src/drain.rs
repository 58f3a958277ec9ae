//! DrainNode: cordons a node, and evicts its pods within their disruption budgets, as `kubectl drain` does.
//!
//! In: the step and the node with its pods. Out: the plan, or why there is none; which pods are evicted once the node is
//! cordoned; and whether they are gone. Better than kubectl's: budgets are summed up over all pods before anything is evicted, and
//! each pod is known by its uid.

pub mod filters;
pub mod room;

use trimtab_api::remediation::{outcome::StepPod, params::nodes::DrainNode};
use trimtab_core::text::{count, first_of, verb};

use crate::{
    budgets::{Blocker, Verdict, blockers},
    cordon,
    drain::filters::{Fate, fate},
    observed::{Node, Observed, Pod},
    plan::Draft,
    refusal::{EMPTY_SELECTOR, EVICTION_BLOCKED, FLAG_NEEDED, KIND_NOT_ACCEPTED, Refusal, TOO_MANY_PODS},
    risk::Raise,
};

/// How many pods one action may evict: their names and uids stand in its status, which has a bound.
pub const MOST_PODS: usize = 256;
/// How many names a message has.
const NAMES: usize = 5;

/// The pods of a node, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted<'a> {
    /// Those to evict, in order of namespace and name. Those that are being deleted already are among them: they are waited for.
    pub evict: Vec<&'a Pod>,
    /// Those that stay.
    pub stay: Vec<&'a Pod>,
    /// Those that need a flag which is not set, with what it is.
    pub refused: Vec<(&'a Pod, &'static str)>,
    /// What is lost with those to evict: a word, and the pod.
    pub lost: Vec<(&'static str, &'a Pod)>,
}

/// The pods of `node`, sorted by the flags.
pub fn sorted<'a>(params: &DrainNode, node: &'a Node) -> Sorted<'a> {
    let mut sorted = Sorted::default();
    for pod in &node.pods {
        match fate(pod, params) {
            Fate::Evict(lost) => {
                sorted.evict.push(pod);
                sorted.lost.extend(lost.into_iter().map(|what| (what, pod)));
            }
            Fate::Stay => sorted.stay.push(pod),
            Fate::Refuse(flag) => sorted.refused.push((pod, flag)),
        }
    }
    sorted.evict.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    sorted
}

/// The pods to evict from `node`, which is cordoned; or why none is. `elsewhere`: how many other steps of the action evict.
///
/// # Errors
/// If a pod needs a flag that is not set, if there are too many, or if a budget never lets them go, whoever becomes healthy.
pub(crate) fn listed(params: &DrainNode, node: &Node, elsewhere: usize) -> Result<Vec<StepPod>, Refusal> {
    let sorted = checked(params, node)?;
    few_enough(sorted.evict.len() + elsewhere)?;
    let never: Vec<Blocker> =
        blocked(&sorted, node).into_iter().filter(|b| b.verdict == Verdict::Never && !b.may_recover()).collect();
    if let Some(refusal) = refused(&never) {
        return Err(refusal);
    }
    Ok(pods(&sorted))
}

fn checked<'a>(params: &DrainNode, node: &'a Node) -> Result<Sorted<'a>, Refusal> {
    let sorted = sorted(params, node);
    if let Some((_, flag)) = sorted.refused.first() {
        let needs = |(pod, needed): &(&Pod, &'static str)| (needed == flag).then(|| pod.title());
        let names: Vec<String> = sorted.refused.iter().filter_map(needs).collect();
        let message = format!("{}: {flag}; nothing is evicted", first_of(&names, NAMES));
        return Err(Refusal::now(FLAG_NEEDED, message));
    }
    Ok(sorted)
}

/// Whether an action may evict so many pods.
///
/// # Errors
/// If they are too many.
pub(crate) fn few_enough(pods: usize) -> Result<(), Refusal> {
    if pods <= MOST_PODS {
        return Ok(());
    }
    let message =
        format!("{} would be evicted, and one action evicts {MOST_PODS} at most: use podSelector", count(pods, "pod"));
    Err(Refusal::now(TOO_MANY_PODS, message))
}

fn pods(sorted: &Sorted<'_>) -> Vec<StepPod> {
    let pod = |p: &&Pod| StepPod { namespace: p.namespace.clone(), name: p.name.clone(), uid: p.uid.clone() };
    sorted.evict.iter().map(pod).collect()
}

fn blocked(sorted: &Sorted<'_>, node: &Node) -> Vec<Blocker> {
    let waiting: Vec<&Pod> = sorted.evict.iter().filter(|pod| !pod.is_terminating).copied().collect();
    let homeless = room::without(&waiting, &node.others);
    blockers(&waiting, &node.budgets, &homeless)
}

fn refused(never: &[Blocker]) -> Option<Refusal> {
    let said: Vec<String> = never.iter().map(ToString::to_string).collect();
    (!said.is_empty()).then(|| Refusal::now(EVICTION_BLOCKED, format!("{}; nothing is evicted", first_of(&said, 3))))
}

/// The plan to drain `observed`.
pub(crate) fn plan(params: &DrainNode, observed: &Observed) -> Result<Draft, Refusal> {
    if params.pod_selector.as_ref().is_some_and(|s| s.match_labels.is_empty() && s.match_expressions.is_empty()) {
        let message = "podSelector is empty, which selects nothing: leave it out to drain all pods";
        return Err(Refusal::for_good(EMPTY_SELECTOR, message));
    }
    let title = observed.object.title();
    let Some(node) = observed.node() else {
        return Err(Refusal::for_good(KIND_NOT_ACCEPTED, format!("{title} is no node")));
    };
    let mut draft = cordon::plan(observed)?;
    let sorted = checked(params, node)?;
    draft.blockers = blocked(&sorted, node);
    let never: Vec<Blocker> = draft.blockers.iter().filter(|b| b.verdict == Verdict::Never).cloned().collect();
    if let Some(refusal) = refused(&never) {
        return Err(refusal);
    }
    let homeless = room::without(&sorted.evict, &node.others);
    if !homeless.is_empty() {
        let names: Vec<String> = homeless.iter().map(|pod| pod.title()).collect();
        let message = format!("no other node has room for {}: {}", count(names.len(), "pod"), first_of(&names, NAMES));
        draft.raises.push(Raise::new("NoRoomForPods", message));
    }
    for (reason, what) in [("EmptyDirData", filters::EMPTY_DIR_LOST), ("UnmanagedPods", filters::NOT_CREATED_AGAIN)] {
        let names: Vec<String> =
            sorted.lost.iter().filter(|(lost, _)| *lost == what).map(|(_, pod)| pod.title()).collect();
        if !names.is_empty() {
            draft.notes.push(format!("{what}: {} ({})", first_of(&names, NAMES), count(names.len(), "pod")));
            draft.raises.push(Raise::new(reason, format!("{what} of {}", count(names.len(), "pod"))));
        }
    }
    if !sorted.stay.is_empty() {
        let names: Vec<String> = sorted.stay.iter().map(|pod| pod.title()).collect();
        draft.notes.push(format!(
            "{} {}: {}",
            count(names.len(), "pod"),
            verb(names.len(), "stays", "stay"),
            first_of(&names, NAMES)
        ));
    }
    draft.evictions = pods(&sorted);
    Ok(draft)
}

/// The pods of the plan that are still on the node.
pub(crate) fn left<'a>(pods: &[StepPod], observed: &'a Observed) -> Vec<&'a Pod> {
    let name = &observed.object.name;
    let is_planned = |pod: &&Pod| pod.node == *name && pods.iter().any(|planned| planned.uid == pod.uid);
    let mut left: Vec<&Pod> = observed.node().into_iter().flat_map(|node| &node.pods).filter(is_planned).collect();
    left.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    left
}

/// Why the node is not empty but for what stays.
pub(crate) fn outcome(params: &DrainNode, observed: &Observed) -> Result<(), String> {
    cordon::outcome(observed)?;
    let Some(node) = observed.node() else { return Err("its pods are not known".to_owned()) };
    let sorted = sorted(params, node);
    let left: Vec<String> =
        sorted.evict.iter().copied().chain(sorted.refused.iter().map(|(pod, _)| *pod)).map(Pod::title).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(format!("{} on the node: {}", count(left.len(), "pod"), first_of(&left, NAMES)))
}

/// How far it is: pods that are gone, and all of the plan.
pub(crate) fn progress(pods: &[StepPod], observed: &Observed) -> String {
    format!("{}/{}", pods.len().saturating_sub(left(pods, observed).len()), pods.len())
}
