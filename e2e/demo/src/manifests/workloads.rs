//! Workloads with their HPAs and PodDisruptionBudgets.

use serde_json::{Map, Value, json};

use super::{NAME_LABEL, Target, pods::template};
use crate::fleet::{Kind, Workload};

/// How long simulated pods of Jobs run; read by the simulated node.
const DURATION_ANNOTATION: &str = "e2e.trimtab.dev/duration";

/// The objects of one workload, itself first.
pub fn workload(w: &Workload, target: Target) -> Vec<Value> {
    let meta = || {
        let mut meta = json!({"name": w.name, "namespace": w.namespace, "labels": {NAME_LABEL: w.name}});
        if !w.annotations.is_empty() {
            meta["annotations"] =
                w.annotations.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect::<Map<_, _>>().into();
        }
        meta
    };
    let plain = json!({"name": w.name, "namespace": w.namespace});
    let selector = json!({"matchLabels": {NAME_LABEL: w.name}});
    let template = template(w, target);
    let main = match w.kind {
        Kind::Deployment(replicas) => json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(),
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        }),
        Kind::StatefulSet(replicas) => json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(),
            "spec": {
                "replicas": replicas, "serviceName": w.name, "selector": selector, "template": template,
                "podManagementPolicy": "Parallel",
            },
        }),
        Kind::DaemonSet => json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta(),
            "spec": {"selector": selector, "template": template},
        }),
        Kind::CronJob(schedule) => {
            let mut template = template;
            template["spec"]["restartPolicy"] = json!("Never");
            template["metadata"]["annotations"] = json!({DURATION_ANNOTATION: format!("{}s", schedule.run_s())});
            json!({
                "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta(),
                "spec": {
                    "schedule": schedule.cron(), "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid",
                    "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}},
                },
            })
        }
    };
    let mut all = vec![main];
    if let (Some(hpa), Kind::Deployment(least)) = (w.autoscaler, w.kind) {
        all.push(json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": plain,
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": w.name},
                "minReplicas": least, "maxReplicas": hpa.most,
                "metrics": [{
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": hpa.percent}},
                }],
            },
        }));
    }
    if let Some(least) = w.min_available {
        all.push(json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": plain,
            "spec": {"minAvailable": least, "selector": selector},
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;

    use k8s_openapi::api::{
        apps::v1::{DaemonSet, Deployment, StatefulSet},
        autoscaling::v2::HorizontalPodAutoscaler,
        batch::v1::CronJob,
        policy::v1::PodDisruptionBudget,
    };
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;
    use crate::fleet::simulated;

    /// Deserialising and serialising must lose nothing: a misspelt field would be lost.
    fn survives<T: DeserializeOwned + Serialize>(object: &Value) {
        let typed: T = serde_json::from_value(object.clone()).unwrap();
        let mut back = serde_json::to_value(typed).unwrap();
        drop_empty(&mut back);
        let mut object = object.clone();
        drop_empty(&mut object);
        assert_eq!(back, object);
    }

    fn drop_empty(v: &mut Value) {
        match v {
            Value::Object(map) => {
                map.values_mut().for_each(drop_empty);
                map.retain(|_, v| !v.is_null() && v.as_object().is_none_or(|m| !m.is_empty()));
            }
            Value::Array(all) => all.iter_mut().for_each(drop_empty),
            _ => {}
        }
    }

    #[test]
    fn all_objects_are_what_they_say() {
        for target in [Target::OwnNodes, Target::ExistingCluster] {
            let mut names = BTreeSet::new();
            for object in simulated().iter().flat_map(|w| workload(w, target)) {
                match object["kind"].as_str().unwrap() {
                    "Deployment" => survives::<Deployment>(&object),
                    "StatefulSet" => survives::<StatefulSet>(&object),
                    "DaemonSet" => survives::<DaemonSet>(&object),
                    "CronJob" => survives::<CronJob>(&object),
                    "HorizontalPodAutoscaler" => survives::<HorizontalPodAutoscaler>(&object),
                    "PodDisruptionBudget" => survives::<PodDisruptionBudget>(&object),
                    other => panic!("{other}"),
                }
                let name =
                    format!("{} {} {}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"]);
                assert!(names.insert(name.clone()), "twice: {name}");
            }
        }
    }

    #[test]
    fn a_cluster_that_is_there_needs_no_nodes_of_ours() {
        let text = serde_json::to_string(
            &simulated().iter().flat_map(|w| workload(w, Target::ExistingCluster)).collect::<Vec<_>>(),
        )
        .unwrap();
        assert!(!text.contains("nodeSelector") && !text.contains("registry.example.com"));
    }
}
