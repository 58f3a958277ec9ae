//! The sizing section of a policy, from a VPA's container policies.
//!
//! In: `resourcePolicy` and `updatePolicy`. Out: lines of YAML under `spec`, with comments.

use serde_json::Value;
use trimtab_optimization_policy::amount;

use super::{Vpa, quoted, text};

/// The minimum that a policy proposes by default, in millicores and bytes.
const LEAST: [(&str, i64, &str); 2] = [("cpu", 10, "10m"), ("memory", 32 << 20, "32Mi")];
/// An ineffective maximum: more than any machine has.
const MOST: [(&str, &str); 2] = [("cpu", "1000"), ("memory", "1Pi")];

/// The content of one entry of `containerPolicies`.
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

    /// A bound as written; `None` where it is not set.
    fn bound(self, which: &str, resource: &str) -> Option<String> {
        let value = &self.0[which][resource];
        value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))
    }

    fn limit(self) -> &'static str {
        if text(self.0, "/controlledValues") == "RequestsOnly" { "Keep" } else { "KeepRatio" }
    }
}

/// An amount that a policy accepts as a bound.
fn value_of(resource: &str, text: &str) -> Option<i64> {
    if resource == "cpu" { amount::sane_cpu(text) } else { amount::sane_memory(text) }
}

/// Whether this is a valid container name: a DNS label. No other is written, as YAML might interpret it.
fn is_container_name(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(inside) && !name.starts_with('-') && !name.ends_with('-')
}

/// Writes the rest of the spec after the selectors.
pub fn spec(vpa: &Vpa, lines: &mut Vec<String>) {
    let none = Vec::new();
    let entries = vpa.object.pointer("/spec/resourcePolicy/containerPolicies").and_then(Value::as_array);
    let entries = entries.unwrap_or(&none);
    let default = serde_json::json!({});
    let all = Entry(entries.iter().find(|e| e["containerName"] == "*").unwrap_or(&default));
    let mut named: Vec<(&str, Entry<'_>)> = Vec::new();
    for (name, entry) in entries.iter().filter_map(|e| Some((e["containerName"].as_str()?, Entry(e)))) {
        if name != "*" && !is_container_name(name) {
            lines.push(format!("  # Differs: containerName {name:?} is not a container name: its entry is left out."));
            continue;
        }
        // Of several entries for a container, VPA uses the first.
        if name != "*" && !named.iter().any(|(n, _)| *n == name) {
            named.push((name, entry));
        }
    }
    let containers = vpa.target.iter().flat_map(|t| &t.containers);
    let requests = |name: &str, resource: &str| {
        let written = containers.clone().find(|(n, _)| n == name).and_then(|(_, r)| r.get(resource)).cloned();
        written.filter(|text| value_of(resource, text).is_some_and(|v| v > 0))
    };
    let outer = |resource: &str| match all.is_off() || !all.controls(resource) {
        true => Bounds::default(),
        false => Bounds::of(all, resource),
    };

    lines.push("  sizing:".to_owned());
    if !all.is_off() {
        for (resource, _, _) in LEAST {
            if all.controls(resource) {
                let bounds = outer(resource);
                lines.extend(bounds.said.iter().map(|text| format!("    # Differs: {text}")));
                lines.push(format!("    {resource}: {}", resource_line(all, &bounds)));
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
            if !entry.controls(resource) {
                own.push(pinned(resource, requests(name, resource), "        "));
                continue;
            }
            let bounds = Bounds::of(*entry, resource).apart_from(&outer(resource), resource);
            own.extend(bounds.said.iter().map(|text| format!("        # Differs: {text}")));
            own.push(format!("        {resource}: {}", resource_line(*entry, &bounds)));
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

/// The bounds of a proposed request.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bounds {
    min: Option<String>,
    max: Option<String>,
    /// What differs from the VPA.
    said: Vec<String>,
}

impl Bounds {
    /// Those of an entry, in a form that a policy accepts.
    fn of(entry: Entry<'_>, resource: &str) -> Self {
        let mut said = Vec::new();
        let mut sane = |which: &str, least: i64| {
            let text = entry.bound(which, resource)?;
            let fits = value_of(resource, &text).is_some_and(|v| v >= least);
            if !fits {
                said.push(format!("{which}.{resource} {text} is not a bound that a policy takes: left out."));
            }
            fits.then_some(text)
        };
        let (mut min, max) = (sane("minAllowed", 0), sane("maxAllowed", 1));
        let value = |text: &Option<String>| text.as_deref().and_then(|t| value_of(resource, t));
        if let (Some(low), Some(high), Some(least), Some(most)) = (value(&min), value(&max), &min, &max)
            && low > high
        {
            said.push(format!(
                "minAllowed.{resource} {least} is above maxAllowed.{resource} {most}, which a policy does not allow; \
                 VPA then uses the maximum, and so does this."
            ));
            min.clone_from(&max);
        }
        if let Some(least) = min.as_ref().filter(|_| value(&min).is_some_and(|least| least > 0)) {
            said.push(format!(
                "minAllowed.{resource} becomes min {least}, and VPA raises every request to it; a policy only keeps requests \
                 from being lowered below it, and raises none that is below it already."
            ));
        }
        let least = LEAST.iter().find(|(r, _, _)| *r == resource).map_or(0, |(_, least, _)| *least);
        if min.is_none() && value(&max).is_some_and(|max| max < least) {
            // A maximum below the default minimum needs a minimum of its own.
            min.clone_from(&max);
        }
        Self { min, max, said }
    }

    /// The same where `all` applies to every container: in a VPA, a container's entry replaces it as a whole, and in a
    /// policy field by field.
    fn apart_from(mut self, all: &Self, resource: &str) -> Self {
        if self.min.is_none() && all.min.is_some() {
            self.min = LEAST.iter().find(|(r, _, _)| *r == resource).map(|(_, _, text)| (*text).to_owned());
        }
        if self.max.is_none() && all.max.is_some() {
            self.max = MOST.iter().find(|(r, _)| *r == resource).map(|(_, text)| (*text).to_owned());
        }
        self
    }
}

/// `{min: 50m, max: 2, limit: Keep}`.
fn resource_line(entry: Entry<'_>, bounds: &Bounds) -> String {
    let part = |key: &str, value: &Option<String>| value.as_deref().map(|v| format!("{key}: {}", quoted(v)));
    let limit = Some(format!("limit: {}", entry.limit()));
    let parts: Vec<String> =
        [part("min", &bounds.min), part("max", &bounds.max), limit].into_iter().flatten().collect();
    format!("{{{}}}", parts.join(", "))
}

/// A resource that the VPA does not control: its present request is both minimum and maximum.
fn pinned(resource: &str, request: Option<String>, indent: &str) -> String {
    match request {
        Some(now) => format!(
            "{indent}# The VPA leaves its {resource} alone: held at the current request.\n\
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
             # no pod gets another size, not even a new one."
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
