//! Risks of pods that differ from the template or the measurements.
//!
//! In: what was observed, and decisions. Out: factors. A proposal is computed from the template; if pods run with
//! something else, applying it would change what it does not show.

use trimtab_api::risk::RiskLevel::{self, High, Medium};
use trimtab_core::WorkloadKind;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_sizing::{Evidence, Sizes};
use trimtab_world::row::WorkloadRow;

use crate::{amount, decided::Decided, observed::Observed, sized, text::count};

pub(super) fn about_running_pods(
    observed: &Observed<'_>,
    decided: &[Decided],
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    let row = observed.workload;
    if observed.unmeasured_pods > 0 {
        let (unmeasured, all) = (observed.unmeasured_pods, count(observed.pods, "pod"));
        add(
            "PodsUnmeasured",
            Medium,
            format!("no usage is read for {unmeasured} of its {all}: their nodes may not be scraped"),
        );
    }
    about_an_earlier_one(observed, decided, add);
    // During a rollout of a template there are pods of two, and runs keep the one with which they began.
    let rolling = row.updated < row.desired && !matches!(row.id.kind, WorkloadKind::Custom(_));
    if rolling || row.id.kind.runs_to_completion() {
        return;
    }
    for (name, resources) in &observed.running.sizes {
        let Some(c) = decided.iter().map(|d| &d.sized).find(|c| c.name == *name && c.changes()) else { continue };
        let has = sized::in_force(*resources);
        let mut attempts = observed.attempt.into_iter().chain(observed.other_attempts);
        if has == c.from || attempts.any(|attempt| attempt.explains(name, has)) {
            continue;
        }
        add(
            "SizesDiffer",
            High,
            format!(
                "pods run container {name} with {}, and the template says {}: somebody resized them, or an admission policy sizes them, \
                 and this change would take that away",
                told(has),
                told(c.from)
            ),
        );
    }
}

/// The name of the factor about an earlier workload of that name.
const RECREATED: &str = "RecreatedWorkload";

/// A workload younger than this, in seconds, shows little about itself.
const YOUNG_S: i64 = 86_400;
/// Series may begin this long before their workload, in seconds, because clocks and steps differ.
const BEFORE_S: i64 = 7_200;

/// Whether `row` is about an earlier workload of the name of `workload`, or says that there was one.
pub fn recreated(row: &RecommendationRow, workload: &WorkloadRow) -> bool {
    let another = row.target.uid.as_deref().is_some_and(|uid| uid != workload.uid.to_string());
    another || row.risk.as_ref().is_some_and(|risk| risk.reasons.iter().any(|reason| reason == RECREATED))
}

/// A name may be reused for another application, and only the present workload shows what that needs.
fn about_an_earlier_one(observed: &Observed<'_>, decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    let Some(at) = observed.workload.created else { return };
    let created = at.as_second();
    let mut evidence =
        decided.iter().filter(|d| d.sized.changes()).filter_map(|d| Some(&d.decision.as_ref().ok()?.evidence));
    let other = |e: &Evidence| e.to_seconds - created < YOUNG_S && e.from_seconds < created - BEFORE_S;
    if evidence.any(|e| other(e) && owns_little(observed, e, created)) {
        add(
            RECREATED,
            High,
            format!(
                "it was created at {at}, and its history is nearly all of an earlier one of that name: it is not known \
                 whether that was the same application"
            ),
        );
    }
}

/// Whether little in `e` is of the workload's own pods, which include those that it adopted.
fn owns_little(observed: &Observed<'_>, e: &Evidence, created_s: i64) -> bool {
    match observed.workload.id.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Rollout => {
            match observed.pods_known_s {
                Some(known) => known < YOUNG_S,
                // Nothing is read of its pods: its Recommendation knows, else all was read before its creation.
                None => observed.recreated.unwrap_or(e.to_seconds <= created_s),
            }
        }
        // It adopts no Job, so runs from before its creation are not its own.
        WorkloadKind::CronJob => true,
        // Each Job follows an earlier one of its name: that is how it runs again.
        WorkloadKind::Job => false,
        // Pods are not known individually, and its controller may adopt them.
        WorkloadKind::Custom(_) => false,
    }
}

fn told(sizes: Sizes) -> String {
    let pair = |what: &str, request: Option<i64>, limit: Option<i64>, format: fn(i64) -> String| {
        let one = |v: Option<i64>| v.map_or("none".to_owned(), format);
        format!("{what} {} (limit {})", one(request), one(limit))
    };
    let cpu = pair("CPU", sizes.cpu_request, sizes.cpu_limit, amount::cpu);
    format!("{cpu} and {}", pair("memory", sizes.memory_request, sizes.memory_limit, amount::memory))
}
