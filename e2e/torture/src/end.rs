//! How a rollout ended, and how it got there by the API server's own log. In: a namespace and the audit log. Out: what
//! must equal the undisturbed run, and what must never happen.

use anyhow::Result;
use kube::api::{DynamicObject, ListParams};
use serde_json::{Value, json};
use trimtab_e2e::AuditEvent;

use crate::{
    bed::{Bed, OWN, api},
    scenario::{FORMER_CPU, SECOND_CPU, Until},
    writes::Subject,
};

/// The result of one workload's run.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Pods, template, entry, status: must be the same whatever went wrong.
    pub state: Value,
    /// For each resized pod, the sizes it was given in order.
    pub resized: Vec<String>,
    /// Resizes that were accepted and changed nothing.
    pub repeated: usize,
    /// What must never be.
    pub wrong: Vec<String>,
}

/// Examines the end of `subject`; `events` are those of the audit log since its beginning.
///
/// # Errors
/// Where an object cannot be read.
pub async fn look(bed: &Bed, subject: &Subject, pods: usize, until: Until, events: &[AuditEvent]) -> Result<End> {
    let namespace = Some(subject.namespace.as_str());
    let of = |version: &str, kind: &str| api(&bed.admin, version, kind, namespace);
    let rec = of("trimtab.dev/v1alpha1", "Recommendation").get_opt(&subject.recommendation).await?;
    let app = format!("app={}", subject.workload);
    let live = of("v1", "Pod").list(&ListParams::default().labels(&app)).await?.items;
    let live: Vec<_> = live.iter().filter(|p| p.metadata.deletion_timestamp.is_none()).collect();
    let names: Vec<&str> = live.iter().filter_map(|p| p.metadata.name.as_deref()).collect();
    let mut sizes: Vec<Value> = live.iter().map(|p| p.data["spec"]["containers"][0]["resources"].clone()).collect();
    sizes.sort_by_key(Value::to_string);
    let template = of("apps/v1", "Deployment").get(&subject.workload).await?;
    let noted = of("trimtab.dev/v1alpha1", "AppliedSizes").get_opt("trimtab").await?;
    let noted = noted.map(|noted| noted.data["spec"].clone()).unwrap_or_default();
    let key = format!("Deployment/{}", subject.workload);
    let mut entry = noted["workloads"][&key].clone();
    for key in ["uid", "proposalDigest"] {
        entry.as_object_mut().and_then(|e| e.remove(key));
    }
    let remembered = &noted["history"][&key];
    // The policy has the name of the namespace.
    let undone = &remembered["undone"][0];
    let why = undone["message"].as_str().map(|why| why.replace(&subject.namespace, "NAME"));
    let mut wrong = Vec::new();
    if rec.is_some() == (until == Until::Gone) && until != Until::Superseded {
        wrong.push(format!("the Recommendation is {}", if rec.is_some() { "still there" } else { "gone" }));
    }
    if matches!(until, Until::Gone | Until::Superseded) && !entry.is_null() {
        wrong.push(format!("it is over, and new pods get {entry}"));
    }
    if sizes.len() != pods {
        wrong.push(format!("{} pods, not {pods}", sizes.len()));
    }
    // Whatever the result: no pod ends half-way.
    if sizes.windows(2).any(|pair| pair[0] != pair[1]) {
        wrong.push(format!("pods have different sizes: {sizes:?}"));
    }
    let former = matches!(until, Until::RolledBack | Until::Superseded | Until::Gone);
    if former && sizes.iter().any(|size| size["requests"]["cpu"] != FORMER_CPU) {
        wrong.push(format!("pods have not their former size: {sizes:?}"));
    }
    // Whether one that is superseded is withdrawn depends on what its policy sees.
    let status = rec.filter(|_| until != Until::Superseded).map(|rec| rec.data["status"].clone()).unwrap_or_default();
    let rollout = &status["rollout"];
    let conditions: Vec<Value> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| json!([c["type"], c["status"], c["reason"]]))
        .collect();
    let kept = ["stage", "result", "former", "desired", "delivery", "delivered", "rollbacks"]
        .map(|key| json!([key, rollout[key]]));
    let state = json!({
        "pods": sizes,
        "template": template.data["spec"]["template"]["spec"]["containers"][0]["resources"],
        "entry": entry,
        "conditions": conditions,
        "gates": status["gates"],
        "approval": [status["approval"]["decision"], status["approval"]["by"]],
        "remembered": [remembered["rejected"][0]["by"], undone["rollbacks"], why],
        "rollout": kept,
        "undo": rollout["undo"]["reason"],
    });
    let (resized, repeated) = history(subject, until, events, &names, &mut wrong);
    Ok(End { state, resized, repeated, wrong })
}

/// Follows the accepted writes of one rollout in the order in which the API server accepted them.
fn history(
    subject: &Subject,
    until: Until,
    events: &[AuditEvent],
    live: &[&str],
    wrong: &mut Vec<String>,
) -> (Vec<String>, usize) {
    let account = format!("system:serviceaccount:{OWN}:trimtab");
    let mut pods: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    let (mut repeated, mut started, mut step) = (0, Vec::<&Value>::new(), 0);
    let (mut stage, none) = ("", Value::Null);
    let mut evicted: Vec<&str> = Vec::new();
    for event in events.iter().filter(|e| e.namespace == subject.namespace && (200..300).contains(&e.code)) {
        let body = event.request_object.as_ref().unwrap_or(&none);
        let ours = event.name.strip_prefix(subject.workload.as_str()).is_some_and(|rest| rest.starts_with('-'));
        match event.target().as_str() {
            "recommendations/status" if event.name == subject.recommendation => {
                let rollout = &body["status"]["rollout"];
                if let Some(now) = rollout["stage"].as_str() {
                    if !started.contains(&&rollout["started"]) {
                        started.push(&rollout["started"]);
                    }
                    stage = now;
                    step = rollout["step"].as_i64().unwrap_or(0);
                }
            }
            "pods/eviction" if ours => evicted.push(&event.name),
            "pods/resize" if ours => {
                if event.user != account {
                    wrong.push(format!("{} resized {}", event.user, event.name));
                }
                let cpu = body.pointer("/spec/containers/0/resources/requests/cpu").and_then(Value::as_str);
                let way = match cpu {
                    Some(SECOND_CPU) => "second",
                    cpu if cpu == Some(&subject.cpu) => "new",
                    _ => "former",
                };
                let sizes = pods.entry(&event.name).or_default();
                if sizes.last() == Some(&way) {
                    repeated += 1;
                    continue;
                }
                let of_second = way == "second" || sizes.last() == Some(&"second");
                sizes.push(way);
                if of_second {
                    // The other one has the workload to itself.
                    if way == "second" && !matches!(stage, "" | "Ended") {
                        wrong.push(format!("{} was given the second size in stage {stage:?} of the first", event.name));
                    }
                    continue;
                }
                // An evicted pod no longer belongs to the workload.
                let there = pods.iter().filter(|(name, _)| !evicted.contains(*name));
                let changed = there.filter(|(_, sizes)| sizes.contains(&"new")).count();
                if way == "new" && (step == 0 || (step == 1 && changed > 1) || matches!(stage, "Undoing" | "Ended")) {
                    wrong.push(format!(
                        "{} was given the new size as pod {changed} in step {step}, {stage}",
                        event.name
                    ));
                }
                if way == "former" && stage != "Undoing" {
                    wrong.push(format!("{} was given the former size in stage {stage:?}", event.name));
                }
            }
            _ => {}
        }
    }
    if started.len() != 1 {
        wrong.push(format!("{} rollouts of one approval: {started:?}", started.len()));
    }
    pods.values_mut().for_each(|sizes| *sizes = without_second(sizes));
    pods.retain(|_, sizes| !sizes.is_empty());
    let mut resized: Vec<String> = pods.values().map(|sizes| sizes.join(", ")).collect();
    resized.sort();
    // Pods made from a template with the new size only get the former one; those that were replaced need not.
    for (pod, sizes) in &pods {
        let right = match (until, sizes.join(", ").as_str()) {
            (Until::RolledBack | Until::Superseded | Until::Gone, "new, former" | "former") => true,
            (Until::RolledBack | Until::Superseded | Until::Gone, "new") => !live.contains(pod),
            (Until::Applied | Until::Midway, "new") => true,
            _ => false,
        };
        if !right {
            wrong.push(format!("{pod} was given: {}", sizes.join(", ")));
        }
    }
    (resized, repeated)
}

/// The sizes of a pod without those that a second rollout gave it and undid.
fn without_second<'a>(sizes: &[&'a str]) -> Vec<&'a str> {
    let mut rest = Vec::new();
    let mut sizes = sizes.iter().peekable();
    while let Some(size) = sizes.next() {
        if *size == "second" && sizes.peek() == Some(&&"former") {
            sizes.next();
        } else {
            rest.push(*size);
        }
    }
    rest
}

/// The condition `Ready`, if any.
pub fn ready(rec: &DynamicObject) -> Value {
    let conditions = rec.data["status"]["conditions"].as_array();
    conditions.and_then(|list| list.iter().find(|c| c["type"] == "Ready")).cloned().unwrap_or_default()
}

/// Whether `rec` has reached the state a plan waits for; `None`: it is gone.
///
/// # Errors
/// With its present state.
pub fn reached(rec: Option<&DynamicObject>, until: Until) -> Result<()> {
    let Some(rec) = rec else {
        anyhow::ensure!(matches!(until, Until::Gone | Until::Superseded), "it is gone");
        return Ok(());
    };
    let (rollout, ready) = (&rec.data["status"]["rollout"], ready(rec));
    let there = match until {
        Until::Midway => rollout["stage"] == "Watching" && rollout["step"] == 2,
        Until::Applied => rollout["result"] == "Applied" && ready["reason"] == "Applied",
        Until::RolledBack => rollout["result"] == "RolledBack" && ready["reason"] == "RolledBack",
        Until::Superseded => rollout["result"] == "Superseded" && ready["reason"] == "Superseded",
        Until::Gone => false,
    };
    anyhow::ensure!(
        there,
        "{} {}/{}, {}: {}",
        rollout["stage"],
        rollout["step"],
        rollout["steps"],
        ready["reason"],
        ready["message"]
    );
    Ok(())
}
