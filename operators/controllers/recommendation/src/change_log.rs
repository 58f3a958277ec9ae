//! The log of changes: one line for each change of a workload, for each rollout that begins or ends, and for each
//! request that failed. In: requests with their answers, rollouts before and after a write. Out: log lines.

use trimtab_api::{
    quantity::Quantity,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_core::text::count;
use trimtab_engine::protocol::Response;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{Request, effect::Effect};

/// The names of a container's amounts, in the order of [`amounts`].
const WORDS: [&str; 4] = ["cpu", "memory", "cpu limit", "memory limit"];

/// What happened to a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Started,
    Undoing,
    Ended(RolloutResult),
}

/// A change of a rollout that is worth a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct News {
    what: What,
    sizes: String,
    /// Who approved it.
    by: String,
    /// Why it is undone; empty if it is not.
    why: String,
}

impl News {
    /// What writing `now` over `before` means; `None` if it is progress only.
    pub(crate) fn of(before: Option<&RolloutStatus>, now: &RolloutStatus) -> Option<Self> {
        let stage = before.map(|b| b.stage);
        let what = match now.stage {
            Stage::Ended if stage == Some(Stage::Ended) && before.and_then(|b| b.result) == now.result => None,
            Stage::Ended => now.result.map(What::Ended),
            Stage::Undoing => (stage != Some(Stage::Undoing)).then_some(What::Undoing),
            _ => {
                let same = before.is_some_and(|b| b.proposal_digest == now.proposal_digest);
                (stage == Some(Stage::Ended) || !same).then_some(What::Started)
            }
        }?;
        let restored = matches!(what, What::Undoing | What::Ended(RolloutResult::RolledBack));
        let (from, to) = if restored { (&now.desired, &now.former) } else { (&now.former, &now.desired) };
        Some(Self {
            what,
            sizes: resized(from, to),
            by: now.approved_by.to_string(),
            why: now.undo.as_ref().map(|undo| format!("{}: {}", undo.reason, undo.message)).unwrap_or_default(),
        })
    }

    /// Logs it, once the status shows it.
    pub(crate) fn log(&self, row: &RecommendationRow) {
        let (namespace, recommendation, workload) = (&row.namespace, &row.name, workload(row));
        let Self { what, sizes, by, why } = self;
        match what {
            What::Started => {
                tracing::info!(%namespace, %recommendation, %workload, %sizes, approved_by = %by, "rollout started");
            }
            What::Undoing => {
                tracing::warn!(%namespace, %recommendation, %workload, %sizes, %why, "rollout is being undone");
            }
            What::Ended(RolloutResult::Applied) => {
                tracing::info!(%namespace, %recommendation, %workload, %sizes, result = "Applied", "rollout ended");
            }
            What::Ended(RolloutResult::RolledBack) => {
                tracing::warn!(%namespace, %recommendation, %workload, %sizes, result = "RolledBack", %why, "rollout ended");
            }
            What::Ended(RolloutResult::Superseded) => {
                tracing::warn!(%namespace, %recommendation, %workload, result = "Superseded", %why, "rollout ended");
            }
        }
    }
}

/// Logs a change of a workload, or a request that failed; the latter as a warning while a rollout is being undone. What
/// only concerns Trimtab's own records is no change.
pub(crate) fn sent(row: &RecommendationRow, request: &Request, answer: &Response) {
    let (namespace, recommendation, workload) = (&row.namespace, &row.name, workload(row));
    let undo = row.rollout.as_ref().is_some_and(|rollout| rollout.stage == Stage::Undoing);
    if let Some(error) = failure(request, answer) {
        let request = describe(request);
        if undo {
            tracing::warn!(%namespace, %recommendation, %workload, %request, undo, error, "a request of a rollout failed");
        } else {
            tracing::info!(%namespace, %recommendation, %workload, %request, undo, error, "a request of a rollout failed");
        }
        return;
    }
    if *answer != Response::Done {
        return;
    }
    let Request::Effect(effect) = request else { return };
    match effect {
        Effect::Resize { pod, containers, .. } => {
            let sizes = sizes(containers);
            tracing::info!(%namespace, %recommendation, %workload, %pod, %sizes, undo, "pod resized");
        }
        Effect::Evict { pod, .. } => {
            tracing::info!(%namespace, %recommendation, %workload, %pod, undo, "pod evicted");
        }
        Effect::PutSizes { from, to, .. } => {
            let sizes = resized(from, to);
            tracing::info!(%namespace, %recommendation, %workload, %sizes, undo, "AppliedSizes entry set");
        }
        Effect::DropSizes => {
            tracing::info!(%namespace, %recommendation, %workload, undo, "AppliedSizes entry removed");
        }
        Effect::PatchTemplate { containers, .. } => {
            let sizes = sizes(containers);
            tracing::info!(%namespace, %recommendation, %workload, %sizes, undo, "template patched");
        }
    }
}

/// Why a request failed. The emergency stop is no failure, nor are pods that changed before the last look at them.
fn failure<'a>(request: &Request, answer: &'a Response) -> Option<&'a str> {
    match answer {
        Response::Stale if matches!(request, Request::Confirm(_)) => None,
        Response::Stale => Some("the object was changed or deleted meanwhile"),
        Response::Refused { message, .. } | Response::NoBudget { message } | Response::Unknown { message } => {
            Some(message)
        }
        Response::Done | Response::Halted { .. } => None,
    }
}

/// A request in a few words, such as `resize pod web-1: app cpu 120m, memory 256Mi`.
pub fn describe(request: &Request) -> String {
    match request {
        Request::Reserve { .. } => "reserve a slot for the rollout".to_owned(),
        Request::GiveBack => "release the slot for the rollout".to_owned(),
        Request::Confirm(pods) => format!("reread {} and AppliedSizes", count(pods.len(), "pod")),
        Request::WriteStatus(rollout) => format!("write status.rollout, stage {:?}", rollout.stage),
        Request::Protect => "set the finalizer of the Recommendation".to_owned(),
        Request::Remember(_) => "record the workload's history in AppliedSizes".to_owned(),
        Request::Release => "remove the finalizer of the Recommendation".to_owned(),
        Request::Effect(effect) => describe_effect(effect),
    }
}

fn describe_effect(effect: &Effect) -> String {
    match effect {
        Effect::Resize { pod, containers, .. } => format!("resize pod {pod}: {}", sizes(containers)),
        Effect::Evict { pod, .. } => format!("evict pod {pod}"),
        Effect::PutSizes { from, to, .. } => format!("set the entry in AppliedSizes: {}", resized(from, to)),
        Effect::DropSizes => "remove the entry in AppliedSizes".to_owned(),
        Effect::PatchTemplate { containers, .. } => format!("patch the template: {}", sizes(containers)),
    }
}

/// The sizes of containers, such as `app cpu 120m, memory 256Mi; log cpu 10m`.
fn sizes(containers: &[ContainerResources]) -> String {
    resized(&[], containers)
}

/// How sizes change, such as `app cpu 500m→120m, memory 256Mi`.
fn resized(from: &[ContainerResources], to: &[ContainerResources]) -> String {
    let before = |to: &ContainerResources| from.iter().find(|from| from.name == to.name);
    to.iter().map(|to| container(before(to).unwrap_or(to), to)).collect::<Vec<_>>().join("; ")
}

fn container(from: &ContainerResources, to: &ContainerResources) -> String {
    let pairs = amounts(from).into_iter().zip(amounts(to));
    let shown: Vec<String> = WORDS
        .iter()
        .zip(pairs)
        .filter(|(_, (from, to))| from.is_some() || to.is_some())
        .map(|(word, (from, to))| {
            let before = if from == to { String::new() } else { format!("{}→", amount(from)) };
            format!("{word} {before}{}", amount(to))
        })
        .collect();
    let shown = if shown.is_empty() { "no requests or limits".to_owned() } else { shown.join(", ") };
    format!("{} {shown}", to.name)
}

fn amounts(c: &ContainerResources) -> [Option<&Quantity>; 4] {
    [c.requests.cpu.as_ref(), c.requests.memory.as_ref(), c.limits.cpu.as_ref(), c.limits.memory.as_ref()]
}

fn amount(quantity: Option<&Quantity>) -> &str {
    quantity.map_or("none", |quantity| quantity.0.as_str())
}

/// The workload, also of a kind that Trimtab does not size.
fn workload(row: &RecommendationRow) -> String {
    row.workload.as_ref().map_or_else(|| format!("{}/{}", row.target.kind, row.target.name), ToString::to_string)
}

#[cfg(test)]
#[path = "change_log_tests.rs"]
mod tests;
