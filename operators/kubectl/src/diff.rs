//! The change to a workload as a diff: its containers' present sizes, against the proposal.
//!
//! In: the workload as the server gives it, and a proposal. Out: lines. Pure.

use serde_json::Value;
use trimtab_api::{Approvable, quantity::Quantity, recommendation::Recommendation, resources::ContainerResources};

use crate::{
    paint::{Paint, Tint},
    words,
};

/// The diff, and whether there is any difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The lines.
    pub text: String,
    /// Whether anything would change.
    pub differs: bool,
}

/// The path of the pod spec in a workload of this kind.
pub(crate) fn pod_spec(kind: &str) -> &'static str {
    if kind == "CronJob" { "/spec/jobTemplate/spec/template/spec" } else { "/spec/template/spec" }
}

/// The workload's containers now against the proposal.
pub fn diff(rec: &Recommendation, workload: &Value, paint: Paint) -> Diff {
    let spec = workload.pointer(pod_spec(&rec.spec.target_ref.kind)).unwrap_or(&Value::Null);
    let live: Vec<&Value> =
        ["containers", "initContainers"].iter().filter_map(|key| spec[*key].as_array()).flatten().collect();
    let digest = rec.shown_digest().map(|d| format!(" {d}")).unwrap_or_default();
    let mut lines = Lines { text: String::new(), paint, differs: false };
    lines.add(
        Tint::Strong,
        &format!("--- {} in {}, as it is", words::target(rec), rec.metadata.namespace.as_deref().unwrap_or_default()),
    );
    lines.add(Tint::Strong, &format!("+++ {}, as {} proposes it{digest}", words::target(rec), words::name(rec)));
    for proposed in &rec.spec.proposal.containers {
        lines.add(Tint::Faint, &format!("@@ container {} @@", proposed.name));
        match live.iter().find(|c| c["name"] == proposed.name.as_str()) {
            Some(container) => lines.container(&container["resources"], proposed),
            None => lines.add(Tint::Warn, &format!("! the workload has no container {} any more", proposed.name)),
        }
    }
    Diff { text: lines.text, differs: lines.differs }
}

struct Lines {
    text: String,
    paint: Paint,
    differs: bool,
}

impl Lines {
    fn add(&mut self, tint: Tint, line: &str) {
        self.text.push_str(&self.paint.text(tint, line));
        self.text.push('\n');
    }

    fn container(&mut self, live: &Value, proposed: &ContainerResources) {
        self.add(Tint::Plain, "   resources:");
        for (part, wanted) in [("requests", &proposed.requests), ("limits", &proposed.limits)] {
            let live = &live[part];
            let others: Vec<(&String, &Value)> =
                live.as_object().into_iter().flatten().filter(|(k, _)| *k != "cpu" && *k != "memory").collect();
            let pairs = [
                ("cpu", text(&live["cpu"]), &wanted.cpu, words::same_cpu as fn(&str, &str) -> bool),
                ("memory", text(&live["memory"]), &wanted.memory, words::same_memory),
            ];
            if others.is_empty() && pairs.iter().all(|(_, before, after, _)| before.is_none() && after.is_none()) {
                continue;
            }
            self.add(Tint::Plain, &format!("     {part}:"));
            for (resource, before, after, same) in pairs {
                self.one(resource, before.as_deref(), after.as_ref(), same);
            }
            for (resource, amount) in others {
                self.add(Tint::Plain, &format!("       {resource}: {}", text(amount).unwrap_or_default()));
            }
        }
    }

    fn one(&mut self, resource: &str, before: Option<&str>, after: Option<&Quantity>, same: fn(&str, &str) -> bool) {
        let after = after.map(|q| q.0.as_str());
        // Removing an amount of 0 changes nothing.
        if let (Some(zero), None) = (before, after)
            && same(zero, "0")
        {
            return self.add(Tint::Plain, &format!("       {resource}: {zero}"));
        }
        if let (Some(a), Some(b)) = (before, after)
            && same(a, b)
        {
            return self.add(Tint::Plain, &format!("       {resource}: {a}"));
        }
        if let Some(amount) = before {
            self.differs = true;
            self.add(Tint::Bad, &format!("-      {resource}: {amount}"));
        }
        if let Some(amount) = after {
            self.differs = true;
            self.add(Tint::Good, &format!("+      {resource}: {amount}"));
        }
    }
}

/// A quantity, which may be written as a number.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::diff;
    use crate::{
        paint::Paint,
        testkit::{DIGEST, rec},
    };

    #[test]
    fn what_changes_has_signs_and_what_stays_has_none() {
        let workload = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "proxy"},
            {"name": "app", "resources": {"requests": {"cpu": "0.5", "memory": "256Mi", "example.com/gpu": 1}, "limits": {"cpu": 2, "memory": "512Mi"}}},
        ]}}}});
        let found = diff(&rec(json!({})), &workload, Paint(false));
        let expected = format!(
            "--- Deployment/web in shop, as it is
+++ Deployment/web, as deploy-web proposes it {DIGEST}
@@ container app @@
   resources:
     requests:
-      cpu: 0.5
+      cpu: 120m
       memory: 256Mi
       example.com/gpu: 1
     limits:
-      cpu: 2
-      memory: 512Mi
+      memory: 256Mi
"
        );
        assert_eq!(found.text, expected);
        assert!(found.differs);
        let painted = diff(&rec(json!({})), &workload, Paint(true)).text;
        assert!(painted.contains("\x1b[31m-      cpu: 0.5\x1b[0m\n\x1b[32m+      cpu: 120m\x1b[0m"), "{painted:?}");
    }

    #[test]
    fn the_same_amount_in_other_words_is_no_difference() {
        let containers = json!([{"name": "app", "resources": {"requests": {"cpu": "0.12", "memory": "262144Ki"}, "limits": {"memory": "256Mi"}}}]);
        for (kind, workload) in [
            ("Deployment", json!({"spec": {"template": {"spec": {"containers": containers}}}})),
            ("Deployment", json!({"spec": {"template": {"spec": {"initContainers": containers}}}})),
            ("CronJob", json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": containers}}}}}})),
        ] {
            let found = diff(&rec(json!({"spec": {"targetRef": {"kind": kind}}})), &workload, Paint(false));
            assert!(!found.differs, "{}", found.text);
        }
        let gone = diff(&rec(json!({})), &json!({}), Paint(false));
        assert!(gone.text.contains("no container app any more") && !gone.differs, "{}", gone.text);
    }
}
