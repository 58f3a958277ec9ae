//! A label for each of Trimtab's writes, the same in every run: `resize up 1`, `status Resizing 1/2`, `sizes put`.
//! Names of pods, versions and times differ from run to run, the labels do not.

use std::collections::HashMap;

use serde_json::Value;

/// The pods seen in one run, numbered in the order in which they are resized.
#[derive(Debug, Default)]
pub struct Numbering {
    pods: HashMap<(String, String), usize>,
}

/// The subject of a run: one workload and its Recommendation.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The namespace.
    pub namespace: String,
    /// The Deployment.
    pub workload: String,
    /// The Recommendation.
    pub recommendation: String,
    /// The proposed CPU request, as written in a resize.
    pub cpu: String,
}

/// The label of a write, or none where it does not belong to a rollout of `subject`.
pub fn label(subject: &Subject, method: &str, path: &str, body: &Value, numbering: &mut Numbering) -> Option<String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let at = parts.iter().position(|p| *p == "namespaces")?;
    let (namespace, rest) = (*parts.get(at + 1)?, parts.get(at + 2..)?);
    if namespace != subject.namespace {
        return None;
    }
    match (method, rest) {
        ("PATCH", ["recommendations", name, "status"]) if *name == subject.recommendation => Some(status(body)),
        ("PATCH", ["recommendations", name]) if *name == subject.recommendation => finalizer(body),
        ("DELETE", ["recommendations", name]) if *name == subject.recommendation => Some("withdraw".to_owned()),
        ("PATCH", ["pods", pod, "resize"]) if is_of(pod, &subject.workload) => {
            let cpu = body.pointer("/spec/containers/0/resources/requests/cpu").and_then(Value::as_str);
            let way = if cpu == Some(&subject.cpu) { "up" } else { "down" };
            Some(format!("resize {way} {}", numbering.number(way, pod)))
        }
        ("POST", ["pods", pod, "eviction"]) if is_of(pod, &subject.workload) => {
            Some(format!("evict {}", numbering.number("evict", pod)))
        }
        (_, ["appliedsizes", ..]) => sizes(subject, body),
        ("PATCH", ["deployments", name]) if *name == subject.workload => {
            let cpu = body.pointer("/spec/template/spec/containers/0/resources/requests/cpu").and_then(Value::as_str);
            Some(format!("template {}", if cpu == Some(&subject.cpu) { "new" } else { "former" }))
        }
        (_, ["events", ..]) => event(subject, body),
        _ => None,
    }
}

impl Numbering {
    fn number(&mut self, way: &str, pod: &str) -> usize {
        let next = self.pods.keys().filter(|(other, _)| other == way).count() + 1;
        *self.pods.entry((way.to_owned(), pod.to_owned())).or_insert(next)
    }
}

/// Whether `pod` belongs to the Deployment `workload`: its name has two random suffixes.
fn is_of(pod: &str, workload: &str) -> bool {
    pod.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| rest.split('-').count() == 2)
}

fn status(body: &Value) -> String {
    let status = &body["status"];
    let rollout = &status["rollout"];
    let ready = status["conditions"].as_array().and_then(|list| list.iter().find(|c| c["type"] == "Ready"));
    let reason = ready.and_then(|c| c["reason"].as_str()).unwrap_or("none");
    match rollout["stage"].as_str() {
        None => format!("status {reason}"),
        Some("Ended") => format!("status Ended {} {reason}", rollout["result"].as_str().unwrap_or("without result")),
        Some(stage) => {
            let kept = if rollout["delivered"] == true { " delivered" } else { "" };
            format!("status {stage} {}/{}{kept} {reason}", rollout["step"], rollout["steps"])
        }
    }
}

fn finalizer(body: &Value) -> Option<String> {
    let finalizers = body.pointer("/metadata/finalizers")?.as_array()?;
    Some(if finalizers.is_empty() { "finalizer off" } else { "finalizer on" }.to_owned())
}

fn sizes(subject: &Subject, body: &Value) -> Option<String> {
    let key = format!("Deployment/{}", subject.workload);
    if body.pointer("/spec/history").is_some_and(|history| history.get(&key).is_some()) {
        return Some("history".to_owned());
    }
    let entry = body.pointer("/spec/workloads")?.get(&key)?;
    Some(if entry.is_null() { "sizes drop" } else { "sizes put" }.to_owned())
}

fn event(subject: &Subject, body: &Value) -> Option<String> {
    let about = body["regarding"]["name"].as_str().or(body["involvedObject"]["name"].as_str())?;
    (about == subject.recommendation).then(|| format!("event {}", body["reason"].as_str().unwrap_or("none")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_have_the_same_words_in_every_run() {
        let subject = Subject {
            namespace: "p1".into(),
            workload: "web".into(),
            recommendation: "deploy-web".into(),
            cpu: "250m".into(),
        };
        let resize =
            |cpu: &str| json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]}});
        let rollout = json!({"status": {"rollout": {"stage": "Resizing", "step": 1, "steps": 2},
            "conditions": [{"type": "Ready", "reason": "RollingOut"}]}});
        let entry = |entry: Value| json!({"spec": {"workloads": {"Deployment/web": entry}}});
        let mut numbering = Numbering::default();
        let mut of = |method: &str, path: &str, body: Value| label(&subject, method, path, &body, &mut numbering);
        let pod = |name: &str| format!("/api/v1/namespaces/p1/pods/{name}/resize");
        assert_eq!(of("PATCH", &pod("web-1-a"), resize("250m")).unwrap(), "resize up 1");
        assert_eq!(of("PATCH", &pod("web-1-b"), resize("250m")).unwrap(), "resize up 2");
        assert_eq!(of("PATCH", &pod("web-1-a"), resize("250m")).unwrap(), "resize up 1", "the same pod once more");
        assert_eq!(of("PATCH", &pod("web-1-b"), resize("500m")).unwrap(), "resize down 1");
        assert_eq!(of("PATCH", &pod("web-side-1-b"), resize("250m")), None, "a pod of another workload");
        let path = "/apis/trimtab.dev/v1alpha1/namespaces/p1/recommendations/deploy-web/status";
        assert_eq!(of("PATCH", path, rollout.clone()).unwrap(), "status Resizing 1/2 RollingOut");
        assert_eq!(of("PATCH", &path.replace("p1", "p2"), rollout), None, "another namespace");
        let path = "/apis/trimtab.dev/v1alpha1/namespaces/p1/appliedsizes/trimtab";
        assert_eq!(of("PATCH", path, entry(json!({"uid": "u"}))).unwrap(), "sizes put");
        assert_eq!(of("PATCH", path, entry(Value::Null)).unwrap(), "sizes drop");
        assert_eq!(of("PATCH", path, json!({"spec": {"workloads": {"Deployment/side": {}}}})), None);
        assert_eq!(of("PATCH", path, json!({"spec": {"history": {"Deployment/web": {}}}})).unwrap(), "history");
        let path = "/apis/trimtab.dev/v1alpha1/namespaces/p1/recommendations/deploy-web";
        let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
        assert_eq!(of("PATCH", path, finalizers(json!(["trimtab.dev/settle"]))).unwrap(), "finalizer on");
        assert_eq!(of("PATCH", path, finalizers(json!([]))).unwrap(), "finalizer off");
        assert_eq!(of("PATCH", path, json!({"spec": {}})), None);
        assert_eq!(of("DELETE", path, Value::Null).unwrap(), "withdraw");
    }
}
