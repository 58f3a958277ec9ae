//! Why a workload has no Recommendation: which policy takes it, what that policy decides, and the figures behind it.
//!
//! In: policies, the workload, and the result of the controller's own code or a policy's status. Out: text and values.
//! Pure.

use serde::Serialize;
use serde_json::Value;
use trimtab_api::{OptimizationPolicy, runbooks::Runbooks};
use trimtab_core::WorkloadId;
use trimtab_optimization_policy::{
    plan::Plan,
    validate::{Scope, ValidatedPolicy, validate},
};
use trimtab_world::row::{NamespaceRow, WorkloadRow};

use crate::{
    paint::{Paint, Tint},
    report::{Container, RECOMMENDED, RIGHT_SIZED, Row, cpu_text, memory_text},
    table::{Cell, indented, table},
    target, words,
};

/// How a policy relates to a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// The policy.
    pub policy: String,
    /// Whether it takes the workload.
    pub takes: bool,
    /// The relation, in words.
    pub how: String,
}

/// What a policy's status reports about a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The policy.
    pub policy: String,
    /// The reason, in one word.
    pub reason: String,
    /// What it means.
    pub message: String,
}

/// Everything that is known.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The namespace of the workload.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Each policy.
    pub policies: Vec<Selection>,
    /// The present result of the controller's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Row>,
    /// Where its usage came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Why nothing could be decided here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
    /// What the status of the policy that takes it reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}

/// How each policy relates to a workload. `plan` is the plan of all of them.
pub fn standings(
    policies: &[OptimizationPolicy],
    plan: &Plan,
    namespace: Option<&NamespaceRow>,
    workload: &WorkloadRow,
) -> Vec<Selection> {
    let taker = plan.assigned.get(&workload.id).and_then(|at| plan.policies.get(*at)).map(|p| p.name.as_str());
    policies
        .iter()
        .map(|policy| {
            let name = policy.metadata.name.clone().unwrap_or_default();
            let valid = match validate(policy) {
                Ok(valid) => valid,
                Err(error) => {
                    return Selection { policy: name, takes: false, how: format!("is invalid: {error}") };
                }
            };
            let takes = taker == Some(name.as_str());
            let how = match (unselected(&valid, namespace, workload), taker) {
                (Some(why), _) => format!("does not select it: {why}"),
                (None, _) if takes && policy.spec.suspend => {
                    "takes it, but is suspended: nothing is decided until it is resumed".to_owned()
                }
                (None, Some(other)) if !takes => {
                    format!("selects it too; {other} counts, by priority, then age, then name")
                }
                (None, _) => "takes it".to_owned(),
            };
            Selection { policy: name, takes, how }
        })
        .collect()
}

/// Why a policy does not select a workload; `None` where it does.
fn unselected(policy: &ValidatedPolicy, namespace: Option<&NamespaceRow>, workload: &WorkloadRow) -> Option<String> {
    let here = &workload.id.namespace;
    match &policy.scope {
        Scope::Names(names) if !names.iter().any(|n| **n == **here) => {
            return Some(format!("targetNamespaces does not name {here}"));
        }
        Scope::Selector(selector) if !namespace.is_some_and(|n| selector.matches(|key| n.labels.get(key))) => {
            return Some(format!("namespaceSelector does not match the labels of the namespace {here}"));
        }
        Scope::Names(_) | Scope::Selector(_) => {}
    }
    if !policy.kinds.contains(&workload.id.kind) {
        return Some(format!("kinds does not name {}", workload.id.kind));
    }
    let selector = policy.workload_selector.as_ref()?;
    (!selector.matches(|key| workload.labels.get(key))).then(|| {
        "workloadSelector does not match the workload's own labels (those of its pods do not count)".to_owned()
    })
}

/// What a policy's status reports about a workload: whether it is among the skipped ones.
pub fn reported(policies: &[OptimizationPolicy], id: &WorkloadId) -> Option<Reported> {
    let text = id.to_string();
    policies.iter().find_map(|policy| {
        // Read as plain values: a server of another version may list workloads under another name.
        let status = serde_json::to_value(policy.status.as_ref()?).ok()?;
        let skipped = status["skipped"].as_array()?.clone();
        let lists = |entry: &Value| {
            let lists = [&entry["workloads"], &entry["examples"]];
            lists.iter().filter_map(|l| l.as_array()).flatten().any(|w| w.as_str() == Some(&text))
        };
        let entry = skipped.into_iter().find(lists)?;
        let word = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let name = policy.metadata.name.clone().unwrap_or_default();
        Some(Reported { policy: name, reason: word("reason"), message: word("message") })
    })
}

impl Why {
    /// The reason in one word, and what it means.
    fn verdict(&self) -> (String, String) {
        if let Some(row) = &self.decided {
            let message = match row.outcome.as_str() {
                RECOMMENDED => format!(
                    "CPU {}, memory {} would be proposed now; the controller has not written it: kubectl trimtab status says \
                     whether it runs",
                    words::with_limit(&row.cpu, row.cpu_limit.as_deref()),
                    words::with_limit(&row.memory, row.memory_limit.as_deref())
                ),
                _ => row.message.clone(),
            };
            return (row.outcome.clone(), message);
        }
        if !self.policies.iter().any(|p| p.takes) {
            let none = match self.policies.is_empty() {
                true => "there is no OptimizationPolicy in the cluster",
                false => "no OptimizationPolicy selects it",
            };
            return ("NotSelected".to_owned(), none.to_owned());
        }
        match &self.reported {
            Some(said) => (said.reason.clone(), format!("{} (the status of {} says so)", said.message, said.policy)),
            None => (
                "NotKnown".to_owned(),
                "the policy that takes it lists it under no reason for being skipped: it is right-sized, or has not \
                 been evaluated yet"
                    .to_owned(),
            ),
        }
    }

    /// The whole text, which leads to `runbooks`.
    pub fn text(&self, runbooks: &Runbooks, paint: Paint) -> String {
        let title = format!("{}/{}, a {}, has no Recommendation", self.namespace, self.name, self.kind);
        let (word, message) = self.verdict();
        let tint = if word == RIGHT_SIZED { Tint::Good } else { Tint::Warn };
        let mut text = format!("{}\n{}: {message}\n", paint.text(Tint::Strong, &title), paint.text(tint, &word));
        let mut section = |title: &str, body: String| {
            text.push('\n');
            text.push_str(&paint.text(Tint::Strong, title));
            text.push('\n');
            text.push_str(&indented(&body));
        };
        section("POLICIES", self.policies_text(paint));
        section("EVIDENCE", self.evidence(paint));
        section("WHAT WOULD CHANGE IT", self.hint(&word, runbooks));
        text
    }

    fn policies_text(&self, paint: Paint) -> String {
        if self.policies.is_empty() {
            return "none\n".to_owned();
        }
        let row = |s: &Selection| {
            let tint = if s.takes { Tint::Good } else { Tint::Plain };
            vec![Cell::tinted(s.policy.clone(), tint), s.how.as_str().into()]
        };
        table(&[], &self.policies.iter().map(row).collect::<Vec<_>>(), paint)
    }

    fn evidence(&self, paint: Paint) -> String {
        let Some(row) = &self.decided else {
            return self.undecided.clone().unwrap_or_else(|| "nothing was measured".to_owned());
        };
        let mut text = self.source.as_ref().map(|s| format!("Usage from {s}.\n")).unwrap_or_default();
        let rows: Vec<Vec<Cell>> = row.containers.iter().flat_map(figures).collect();
        let headings =
            ["CONTAINER", "RESOURCE", "REQUEST", "LIMIT", "P50", "P95", "P99", "MAX", "SAMPLES", "DAYS", "OOM KILLS"];
        text.push_str(&table(&headings, &rows, paint));
        if row.containers.iter().any(|c| c.memory.typical_daily_peak.is_some()) {
            text.push_str("Memory is judged by the peaks of its days: P50 is that of the typical day.\n");
        }
        row.containers
            .iter()
            .filter_map(|c| c.advice.as_ref())
            .for_each(|advice| text.push_str(&format!("{advice}\n")));
        text
    }

    fn hint(&self, word: &str, runbooks: &Runbooks) -> String {
        let what = match word {
            RIGHT_SIZED => {
                "More or less usage, thresholds of the policy that let smaller changes through, or a higher maximum where one \
                 holds it."
            }
            "NotSelected" => {
                "A policy that selects it; kubectl trimtab try -f FILE shows what one would do before it is applied."
            }
            "NotKnown" => "Usage: set --prometheus, and it is decided here, as the controller does.",
            RECOMMENDED => "The controller: where it runs, it writes the Recommendation with its next pass.",
            reason => return format!("See {}\n", runbooks.about(reason)),
        };
        format!("{what}\n")
    }
}

/// Two lines for a container: CPU and memory.
fn figures(c: &Container) -> Vec<Vec<Cell>> {
    let dash = || Cell::from(words::NOTHING);
    let days = if c.days > 0 { c.days.to_string() } else { words::NOTHING.to_owned() };
    let left = if c.is_left_alone { " (left alone)" } else { "" };
    let mut cpu: Vec<Cell> = vec![format!("{}{left}", c.name).into(), "CPU".into()];
    cpu.extend([c.cpu.request, c.cpu.limit].map(|v| cpu_text(v).into()));
    cpu.extend(c.cpu.used().map(Cell::from));
    cpu.extend([c.samples.to_string().into(), days.into(), dash()]);
    let mut memory: Vec<Cell> = vec!["".into(), "memory".into()];
    memory.extend([c.memory.request, c.memory.limit].map(|v| memory_text(v).into()));
    let [typical, maximum] = c.memory.used();
    memory.extend([typical.into(), dash(), dash(), maximum.into(), "".into(), "".into()]);
    let tint = if c.oom_kills > 0 { Tint::Bad } else { Tint::Plain };
    memory.push(Cell::tinted(c.oom_kills.to_string(), tint));
    vec![cpu, memory]
}

/// The subject, before anything is known about it.
pub fn unknown(id: &WorkloadId) -> Why {
    Why {
        namespace: id.namespace.to_string(),
        kind: id.kind.as_str().to_owned(),
        name: id.name.to_string(),
        policies: Vec::new(),
        decided: None,
        source: None,
        undecided: None,
        reported: None,
    }
}

/// The command to have it explained again.
pub fn again(id: &WorkloadId) -> String {
    format!("kubectl trimtab explain {} -n {}", target::typed(id), id.namespace)
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
