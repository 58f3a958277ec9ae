//! Trimtab's output at one moment, and how a row of the table queries it.

use std::{collections::BTreeMap, fmt::Debug, ops::RangeInclusive};

use anyhow::{Context, Result, ensure};
use kube::{
    ResourceExt,
    api::{ListParams, ObjectList},
    core::DynamicObject,
};
use serde_json::{Value, json};
use trimtab_core::quantity;

use super::support::Cluster;

pub const MI: u64 = 1 << 20;
pub const GI: u64 = 1 << 30;

/// Everything that Trimtab wrote.
pub struct Snapshot {
    /// Spec and status by `namespace/name`.
    recommendations: BTreeMap<String, Value>,
    /// Status by name.
    policies: BTreeMap<String, Value>,
    events: Vec<String>,
}

/// One container with its proposed size: millicores and bytes, 0 where nothing is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub cpu: u64,
    pub memory: u64,
    pub cpu_limit: u64,
    pub memory_limit: u64,
}

impl Snapshot {
    pub async fn take(cluster: &Cluster) -> Result<Self> {
        let all = async |kind: &str, plural: &str| -> Result<ObjectList<DynamicObject>> {
            Ok(cluster.api(kind, plural, None).list(&ListParams::default()).await?)
        };
        let recommendations = all("Recommendation", "recommendations").await?.items.into_iter();
        let key = |r: &DynamicObject| format!("{}/{}", r.namespace().unwrap_or_default(), r.name_any());
        let policies = all("OptimizationPolicy", "optimizationpolicies").await?.items.into_iter();
        let events: Value =
            serde_json::from_str(&cluster.plane.kubectl(&["get", "events", "-A", "-o", "json"]).await?)?;
        // Events of kubelets and controllers are not Trimtab's.
        let ours = |e: &&Value| e.to_string().contains("trimtab");
        let text = |e: &Value| format!("{} {}: {}", e["involvedObject"]["name"], e["reason"], e["message"]);
        Ok(Self {
            recommendations: recommendations.map(|r| (key(&r), r.data)).collect(),
            policies: policies.map(|p| (p.name_any(), p.data["status"].clone())).collect(),
            events: events["items"].as_array().context("events")?.iter().filter(ours).map(text).collect(),
        })
    }

    /// Whether each policy was evaluated completely, with its status written.
    pub fn is_whole(&self, policies: usize) -> Result<()> {
        ensure!(self.policies.len() == policies, "{} policies", self.policies.len());
        for (name, status) in &self.policies {
            let ready = of_type(&status["conditions"], "Ready");
            ensure!(!matches!(ready["reason"].as_str(), None | Some("Analyzing")), "{name}: {ready}");
        }
        let blank = self.recommendations.iter().find(|(_, data)| data["status"]["proposalDigest"].is_null());
        ensure!(blank.is_none(), "{:?} has no status", blank.map(|(name, _)| name));
        Ok(())
    }

    pub fn recommendation(&self, key: &str) -> Option<&Value> {
        self.recommendations.get(key)
    }

    pub fn recommendations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.recommendations.iter()
    }

    /// The proposed size of a container, or nothing where none is proposed.
    pub fn proposed(&self, key: &str, container: &str) -> Option<Size> {
        let containers = self.recommendation(key)?["spec"]["proposal"]["containers"].as_array()?;
        containers.iter().find(|c| c["name"] == container).map(size)
    }

    /// The same; it is an error where nothing is proposed.
    pub fn must_propose(&self, key: &str) -> Result<Size> {
        self.proposed(key, "app").with_context(|| format!("nothing is proposed; {}", self.seen(key)))
    }

    /// The reason and message with which a workload is skipped.
    pub fn skipped(&self, workload: &str) -> Option<(String, String)> {
        let rows = self.policies.values().filter_map(|status| status["skipped"].as_array()).flatten();
        let row = rows.into_iter().find(|row| row["workloads"].to_string().contains(&format!("\"{workload}\"")))?;
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        Some((text("reason"), text("message")))
    }

    /// All text about a workload, in lines: its Recommendation's texts, why it is skipped, and events that name it.
    pub fn said(&self, key: &str, workload: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        if let Some(data) = self.recommendation(key) {
            let status = &data["status"];
            for part in ["explanation", "risk", "evidence", "savings", "conditions", "gates"] {
                lines.push(format!("{part}: {}", status[part]));
            }
        }
        lines.extend(self.skipped(workload).map(|(reason, message)| format!("skipped: {reason}: {message}")));
        lines.extend(self.events.iter().filter(|e| e.contains(workload)).cloned());
        lines.join("\n")
    }

    /// All text about a policy: its conditions, its skipped workloads, its events.
    pub fn said_of_policy(&self, policy: &str) -> String {
        let status = self.policies.get(policy).cloned().unwrap_or_default();
        let about = |e: &&String| e.starts_with(&format!("\"{policy}\" "));
        let events: Vec<&String> = self.events.iter().filter(about).collect();
        let parts = ["conditions", "skipped", "workloads", "unownedPods"].map(|part| status[part].to_string());
        format!("{}\n{events:?}", parts.join("\n"))
    }

    /// The outcome of each workload, in lines for people: the table of the docs is made from them.
    pub fn table(&self) -> Vec<String> {
        let proposed = self.recommendations.keys().map(|key| format!("{key}: {}", self.seen(key)));
        let rows = self.policies.values().filter_map(|status| status["skipped"].as_array()).flatten();
        let skipped = rows.map(|row| format!("{}: {}", row["reason"], row["workloads"]));
        proposed.chain(skipped).collect()
    }

    /// The reason and message of a policy's condition.
    pub fn condition(&self, policy: &str, kind: &str) -> Result<(String, String)> {
        let status = self.policies.get(policy).with_context(|| format!("no policy {policy}"))?;
        let found = of_type(&status["conditions"], kind);
        let text =
            |key: &str| found[key].as_str().map(str::to_owned).with_context(|| format!("{policy} has no {kind}"));
        Ok((text("reason")?, text("message")?))
    }

    /// Whether an event about a policy contains all of these words.
    pub fn event(&self, policy: &str, words: &[&str]) -> bool {
        let about = format!("\"{policy}\" ");
        self.events.iter().any(|e| e.starts_with(&about) && words.iter().all(|word| e.contains(word)))
    }

    /// How many pods without a workload a policy counts for a kind of owner.
    pub fn unowned(&self, policy: &str, owner: &str) -> Option<i64> {
        let rows = self.policies.get(policy)?["unownedPods"].as_array()?;
        rows.iter().find(|row| row["ownerKind"] == owner)?["pods"].as_i64()
    }

    /// What is proposed, in one line for people.
    pub fn seen(&self, key: &str) -> String {
        let Some(data) = self.recommendation(key) else {
            let (namespace, name) = key.split_once('/').unwrap_or_default();
            let name = name.split_once('-').unwrap_or_default().1;
            let ends = format!("{namespace}/{name}");
            let rows = self.policies.values().filter_map(|status| status["skipped"].as_array()).flatten();
            let mut rows = rows.filter(|row| row["workloads"].to_string().contains(&format!(" {ends}\"")));
            let why = rows.next().map_or("sized well, or not looked at".to_owned(), |row| {
                format!("skipped for {}: {}", row["reason"], row["message"])
            });
            return format!("no recommendation: {why}");
        };
        let status = &data["status"];
        let factors: Vec<&Value> =
            status["risk"]["factors"].as_array().into_iter().flatten().map(|f| &f["reason"]).collect();
        format!(
            "from {} to {}, confidence {}, risk {} {factors:?}, saves {}; {}",
            status["current"],
            data["spec"]["proposal"]["containers"],
            status["confidencePercent"],
            status["risk"]["level"],
            status["savings"]["monthly"],
            status["explanation"]
        )
    }
}

fn of_type(conditions: &Value, kind: &str) -> Value {
    let found = conditions.as_array().and_then(|list| list.iter().find(|c| c["type"] == kind));
    found.cloned().unwrap_or_default()
}

/// The amounts of a container of a proposal or of `status.current`.
pub fn size(container: &Value) -> Size {
    let text = |part: &str, resource: &str| container[part][resource].as_str().unwrap_or("0").to_owned();
    let cpu = |part: &str| quantity::cpu_millis(&text(part, "cpu")).unwrap_or(u64::MAX);
    let memory = |part: &str| quantity::bytes(&text(part, "memory")).unwrap_or(u64::MAX);
    Size { cpu: cpu("requests"), memory: memory("requests"), cpu_limit: cpu("limits"), memory_limit: memory("limits") }
}

/// An error unless `value` is within `bounds`; `seen` adds context.
pub fn within<T: PartialOrd + Debug>(what: &str, value: T, bounds: RangeInclusive<T>, seen: &str) -> Result<()> {
    ensure!(bounds.contains(&value), "{what} is {value:?}, not within {bounds:?}; {seen}");
    Ok(())
}

/// An error unless `text` contains one of `words`, ignoring case.
pub fn says(text: &str, words: &[&str]) -> Result<()> {
    // Some of it is JSON within JSON.
    let low = text.replace('\\', "").to_lowercase();
    ensure!(words.iter().any(|word| low.contains(&word.to_lowercase())), "none of {words:?} is said in: {text}");
    Ok(())
}

/// The risk factors of a recommendation.
pub fn factors(data: &Value) -> Vec<String> {
    let factors = data["status"]["risk"]["factors"].as_array().cloned().unwrap_or_default();
    factors.iter().filter_map(|f| Some(f["reason"].as_str()?.to_owned())).collect()
}

#[test]
fn amounts_are_read() {
    let container = json!({"requests": {"cpu": "0.1", "memory": "1Gi"}, "limits": {"memory": "0"}});
    assert_eq!(size(&container), Size { cpu: 100, memory: GI, cpu_limit: 0, memory_limit: 0 });
}
