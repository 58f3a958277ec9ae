//! How a policy sizes, by what a VPA says about containers.
//!
//! In: `resourcePolicy` and `updatePolicy`. Out: lines of YAML under `spec`, with comments.

use serde_json::Value;
use trimtab_core::quantity;

use super::{Vpa, quoted, text};

/// The least that a policy proposes where it says nothing, in millicores and bytes.
const LEAST: [(&str, u64, &str); 2] = [("cpu", 10, "10m"), ("memory", 32 << 20, "32Mi")];

/// What one entry of `containerPolicies` says.
#[derive(Clone, Copy, Debug)]
struct Entry<'a>(&'a Value);

impl Entry<'_> {
    fn is_off(self) -> bool {
        text(self.0, "/mode") == "Off"
    }

    fn controls(self, resource: &str) -> bool {
        match self.0["controlledResources"].as_array() {
            Some(list) => list.iter().any(|r| r == resource),
            None => true,
        }
    }

    fn bound(self, which: &str, resource: &str) -> Option<String> {
        let value = &self.0[which][resource];
        let text = value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))?;
        value_of(resource, &text).map(|_| text)
    }

    fn limit(self) -> &'static str {
        if text(self.0, "/controlledValues") == "RequestsOnly" { "Keep" } else { "KeepRatio" }
    }
}

fn value_of(resource: &str, text: &str) -> Option<u64> {
    if resource == "cpu" { quantity::cpu_millis(text).ok() } else { quantity::bytes(text).ok() }
}

/// Writes what is left of the spec after selectors.
pub fn spec(vpa: &Vpa, lines: &mut Vec<String>) {
    let none = Vec::new();
    let entries = vpa.object.pointer("/spec/resourcePolicy/containerPolicies").and_then(Value::as_array);
    let entries = entries.unwrap_or(&none);
    let default = serde_json::json!({});
    let all = Entry(entries.iter().find(|e| e["containerName"] == "*").unwrap_or(&default));
    let named: Vec<(&str, Entry<'_>)> = entries
        .iter()
        .filter_map(|e| Some((e["containerName"].as_str()?, Entry(e))))
        .filter(|(name, _)| *name != "*")
        .collect();
    let containers = vpa.target.iter().flat_map(|t| &t.containers);
    let requests = |name: &str, resource: &str| {
        containers.clone().find(|(n, _)| n == name).and_then(|(_, r)| r.get(resource)).cloned()
    };

    lines.push("  sizing:".to_owned());
    if !all.is_off() {
        for (resource, _, _) in LEAST {
            if all.controls(resource) {
                lines.push(format!("    {resource}: {}", resource_line(all, resource)));
            }
        }
    }
    let mut exceptions: Vec<String> = Vec::new();
    for (name, entry) in &named {
        if entry.is_off() {
            exceptions.push(format!("      - name: {name}\n        mode: \"Off\""));
            continue;
        }
        let mut own = vec![format!("      - name: {name}")];
        for (resource, _, _) in LEAST {
            match entry.controls(resource) {
                true => own.push(format!("        {resource}: {}", resource_line(*entry, resource))),
                false => own.push(pinned(resource, requests(name, resource), "        ")),
            }
            if entry.controls(resource)
                && ["minAllowed", "maxAllowed"]
                    .iter()
                    .any(|which| entry.bound(which, resource).is_none() && all.bound(which, resource).is_some())
            {
                own.push(format!(
                    "        # Differs: what is absent here comes from sizing.{resource} above; in the VPA it is unbounded."
                ));
            }
        }
        exceptions.push(own.join("\n"));
    }
    let unnamed = containers.clone().map(|(name, _)| name.as_str()).filter(|n| !named.iter().any(|(m, _)| m == n));
    let partly: Vec<&str> = LEAST.iter().map(|(r, _, _)| *r).filter(|r| !all.controls(r)).collect();
    for name in unnamed {
        if all.is_off() {
            exceptions.push(format!("      - name: {name}\n        mode: \"Off\""));
        } else if !partly.is_empty() {
            let pins: Vec<String> = partly.iter().map(|r| pinned(r, requests(name, r), "        ")).collect();
            exceptions.push(format!("      - name: {name}\n{}", pins.join("\n")));
        }
    }
    if all.is_off() && vpa.target.is_none() {
        lines.push(
            "    # Differs: containers that the VPA does not name are off there; name them here with mode: \"Off\"."
                .to_owned(),
        );
    }
    if !exceptions.is_empty() {
        lines.push("    containers:".to_owned());
        lines.extend(exceptions);
    }
    if lines.last().is_some_and(|last| last == "  sizing:") {
        lines.pop();
    }
    update_mode(text(&vpa.object, "/spec/updatePolicy/updateMode"), lines);
}

/// `{min: 50m, max: 2, limit: Keep}`.
fn resource_line(entry: Entry<'_>, resource: &str) -> String {
    let (mut min, max) = (entry.bound("minAllowed", resource), entry.bound("maxAllowed", resource));
    let least = LEAST.iter().find(|(r, _, _)| *r == resource).map_or(0, |(_, least, _)| *least);
    if min.is_none() && max.as_deref().and_then(|max| value_of(resource, max)).is_some_and(|max| max < least) {
        // A maximum under the default minimum needs a minimum of its own.
        min.clone_from(&max);
    }
    let part = |key: &str, value: Option<String>| value.map(|v| format!("{key}: {}", quoted(&v)));
    let limit = Some(format!("limit: {}", entry.limit()));
    let parts: Vec<String> = [part("min", min), part("max", max), limit].into_iter().flatten().collect();
    format!("{{{}}}", parts.join(", "))
}

/// A resource that the VPA leaves alone: its request of today is the least and the most.
fn pinned(resource: &str, request: Option<String>, indent: &str) -> String {
    match request {
        Some(now) => format!(
            "{indent}# The VPA leaves its {resource} alone: held at the request of today.\n\
             {indent}{resource}: {{min: {now}, max: {now}, limit: Keep}}",
            now = quoted(&now)
        ),
        None => format!(
            "{indent}# Differs: the VPA leaves its {resource} alone; without a request there is nothing to hold it at, so it is sized."
        ),
    }
}

fn update_mode(mode: &str, lines: &mut Vec<String>) {
    match mode {
        "Off" => lines.push(
            "  # updateMode Off: it only recommends, as this policy does without autoApprove: every change waits for a person."
                .to_owned(),
        ),
        "Initial" => lines.push(
            "  # Differs: updateMode Initial sizes new pods alone. Here every change waits for a person; without an approval\n  \
             # no pod gets another size, new ones neither."
                .to_owned(),
        ),
        mode => {
            let mode = if mode.is_empty() { "Auto, the default" } else { mode };
            lines.push(format!(
                "  # updateMode {mode}: the VPA applies what it recommends. Here every change waits for a person until you take\n  \
                 # the # away from these lines:\n  # autoApprove:\n  #   minConfidencePercent: 90\n  #   maxRiskLevel: Low"
            ));
        }
    }
}
