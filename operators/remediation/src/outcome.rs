//! Whether a step has come to its outcome, and how far it is. In: the step of the spec, the step of the run, its target. Out:
//! what still lacks, in words.

use trimtab_api::remediation::{outcome::StepStatus, step::Step};

use crate::{cordon, drain, observed::Observed, scale};

/// Why the outcome of `step` does not hold yet.
pub(crate) fn check(step: &Step, observed: &Observed) -> Result<(), String> {
    match (step.action.as_str(), &step.scale_workload) {
        ("ScaleWorkload", Some(params)) => scale::outcome(params, observed),
        ("CordonNode", _) => cordon::outcome(observed),
        ("DrainNode", _) => drain::outcome(&step.drain_node.clone().unwrap_or_default(), observed),
        (other, _) => Err(format!("this version of Trimtab does not know when {other} is done")),
    }
}

/// How far `run`, the status of `step`, is.
pub(crate) fn progress(step: &Step, run: &StepStatus, observed: &Observed) -> Option<String> {
    match (step.action.as_str(), &step.scale_workload, &run.pods) {
        ("ScaleWorkload", Some(params), _) => scale::progress(params, observed),
        ("DrainNode", _, Some(pods)) => Some(drain::progress(pods, observed)),
        _ => None,
    }
}
