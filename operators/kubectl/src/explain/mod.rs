//! Everything about one Recommendation on a few screens: what, why, its confidence and risk, what blocks it, who
//! decided, its progress.
//!
//! In: the object, the policy that made it, usage, the emergency stop, a back-off, the time. Out: text. Pure.

mod course;
mod figures;
mod verdict;

use jiff::Timestamp;
use trimtab_api::{
    gates::ClosedGate, optimization_policy::OptimizationPolicySpec, recommendation::Recommendation,
    resources::ContainerResources,
};

use crate::{
    chart::Usage,
    health::EmergencyStop,
    paint::{self, Paint, Tint},
    table::indented,
    words,
};

/// Context besides the Recommendation itself.
#[derive(Clone, Debug)]
pub struct Beside<'a> {
    /// The policy that made it, if readable.
    pub policy: Option<&'a OptimizationPolicySpec>,
    /// The present sizes of its containers, as far as they are known.
    pub present: &'a [ContainerResources],
    /// What its containers used.
    pub usage: &'a Result<UsageKnown, String>,
    /// The emergency stop, where it is on.
    pub emergency_stop: Option<&'a EmergencyStop>,
    /// The back-off that will hold it up once it is approved.
    pub back_off: Option<&'a ClosedGate>,
    /// Now.
    pub now: Timestamp,
}

/// What the containers of a workload used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageKnown {
    /// Its source, and the time span.
    pub source: String,
    /// Each container.
    pub containers: Vec<ContainerUsage>,
}

/// Usage of one container: of its busiest pod, at each time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerUsage {
    /// Its name.
    pub name: String,
    /// CPU in millicores.
    pub cpu: Usage,
    /// Memory in bytes.
    pub memory: Usage,
}

/// The whole text.
pub fn explain(rec: &Recommendation, beside: &Beside<'_>, paint: Paint) -> String {
    let mut text = head(rec, paint);
    let mut section = |title: &str, body: String| {
        text.push('\n');
        text.push_str(&paint.text(Tint::Strong, title));
        text.push('\n');
        text.push_str(&indented(&body));
    };
    let title = if figures::is_in_force(rec) { "IN FORCE, FOR EACH POD" } else { "PROPOSED, FOR EACH POD" };
    section(title, figures::proposed(rec, beside.present, paint));
    if let Some(why) = rec.status.as_ref().and_then(|s| s.explanation.as_deref()) {
        section("WHY", why.to_owned());
    }
    if let Some(evidence) = figures::evidence(rec, paint) {
        section("EVIDENCE", evidence);
    }
    section("USAGE", figures::usage(rec, beside, paint));
    section("RISK", figures::risk(rec, paint));
    section("APPROVAL", course::approval(rec, beside.now));
    section("GATES", course::gates(rec, beside, paint));
    if let Some(rollout) = course::rollout(rec, beside, paint) {
        section("ROLLOUT", rollout);
    }
    section("WHAT WOULD CHANGE THE VERDICT", verdict::changes(rec, beside.policy));
    text
}

fn head(rec: &Recommendation, paint: Paint) -> String {
    let made = match &rec.spec.policy_ref {
        Some(policy) => format!("created by the policy {}", policy.name),
        None => "proposed by hand".to_owned(),
    };
    let title = format!("{} for {}, {made}", words::full_name(rec), words::target(rec));
    let word = words::status_word(rec);
    let message = words::ready(rec).map(|(_, message)| format!(": {message}")).unwrap_or_default();
    format!("{}\n{}{message}\n", paint.text(Tint::Strong, &title), paint.text(paint::status(word), word))
}

#[cfg(test)]
mod tests;
