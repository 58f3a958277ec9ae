//! Inputs that once led to wrong advice, as objects: workloads, what injects into them, and the policies that select
//! them.

use serde_json::{Value, json};

/// The namespaces: for most workloads; one that another cluster has too; for kube-state-metrics; for injected sidecars;
/// for pods that no workload owns; for names that match nothing.
pub const NAMESPACES: [&str; 6] = ["adv", "adv-mc", "adv-mon", "adv-inj", "adv-own", "adv-typo"];

/// Requests and limits of one container; an empty amount is left out.
pub fn resources(requests: [&str; 2], limits: [&str; 2]) -> Value {
    let amounts = |[cpu, memory]: [&str; 2]| {
        let both = [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, amount)| !amount.is_empty());
        both.map(|(name, amount)| (name.to_owned(), json!(amount))).collect::<serde_json::Map<_, _>>()
    };
    json!({"requests": amounts(requests), "limits": amounts(limits)})
}

/// A workload of one container `app`.
pub fn workload(kind: &str, namespace: &str, name: &str, replicas: u32, resources: &Value) -> Value {
    let container = json!({"name": "app", "image": "registry.example/team/app:1", "resources": resources});
    let mut object = json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}}});
    if kind != "DaemonSet" {
        object["spec"]["replicas"] = json!(replicas);
    }
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = json!(name);
    }
    object
}

fn deployment(name: &str, requests: [&str; 2], limits: [&str; 2]) -> Value {
    workload("Deployment", "adv", name, 2, &resources(requests, limits))
}

/// Adds to the pod's only container.
fn container(mut object: Value, more: Value) -> Value {
    let container = &mut object["spec"]["template"]["spec"]["containers"][0];
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// Adds to the pod's spec.
fn pod(mut object: Value, more: Value) -> Value {
    object["spec"]["template"]["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn annotated(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"] = json!({key: value});
    object
}

/// A Deployment whose container is OOM-killed again and again.
fn killed(name: &str) -> Value {
    let mut object = workload("Deployment", "adv", name, 1, &resources(["100m", "64Mi"], ["", "64Mi"]));
    object["spec"]["template"]["metadata"]["labels"]["e2e.trimtab.dev/behaviour"] = json!("oom");
    let short = json!({"e2e.trimtab.dev/lives-for": "500ms", "e2e.trimtab.dev/back-off": "1s"});
    object["spec"]["template"]["metadata"]["annotations"] = short;
    object
}

fn cron_job(name: &str, schedule: &str) -> Value {
    let resources = resources(["1", "1Gi"], ["", "1Gi"]);
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "job", "image": "x", "resources": resources}]});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": "adv"},
        "spec": {"schedule": schedule, "suspend": true, "jobTemplate": {"spec": {"template": {"spec": pod}}}}})
}

/// A Deployment that is deleted and recreated.
pub fn reborn() -> Value {
    deployment("reborn", ["500m", "1Gi"], ["", ""])
}

/// Prerequisites of the workloads: namespaces, a CRD, an injector, and a container that it injects.
pub fn ground() -> Vec<Value> {
    let namespaces =
        NAMESPACES.map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "verticalpodautoscalers.autoscaling.k8s.io", "annotations": {
            "api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/63797"}},
        "spec": {"group": "autoscaling.k8s.io", "scope": "Namespaced",
            "names": {"kind": "VerticalPodAutoscaler", "listKind": "VerticalPodAutoscalerList",
                "plural": "verticalpodautoscalers", "singular": "verticalpodautoscaler", "shortNames": ["vpa"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let every = injector("mesh-proxy", "true");
    let some = injector("istio-proxy", "object.metadata.?labels['app'].orValue('') == 'meshed'");
    namespaces.into_iter().chain([crd]).chain(every).chain(some).collect()
}

/// Injects a container of this name into the pods of namespaces that meet a condition.
fn injector(container: &str, condition: &str) -> [Value; 2] {
    let proxy = format!(
        r#"Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: "{container}", image: "proxy:1",
        resources: Object.spec.containers.resources{{requests: {{"cpu": "100m", "memory": "128Mi"}},
        limits: {{"cpu": "2", "memory": "1Gi"}}}}}}]}}}}"#
    );
    let once = format!("{condition} && !object.spec.containers.exists(c, c.name == '{container}')");
    let injector = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": container}, "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
            "matchConditions": [{"name": "once", "expression": once}],
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": proxy}}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": container}, "spec": {"policyName": container, "matchResources": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "adv-inj"}}}}});
    [injector, binding]
}

/// Its owner believes it protected.
fn mislaid() -> Value {
    let mut object = deployment("mislaid", ["500m", "1Gi"], ["", ""]);
    object["spec"]["template"]["metadata"]["annotations"] = json!({"trimtab.dev/mode": "Off"});
    object
}

/// The workloads.
pub fn workloads() -> Vec<Value> {
    let jvm = || ["1", "4Gi"];
    let stateful = |name: &str, image: &str| {
        let object = workload("StatefulSet", "adv", name, 2, &resources(jvm(), ["", "4Gi"]));
        container(object, json!({"image": image}))
    };
    let kafka = json!({"env": [{"name": "KAFKA_HEAP_OPTS", "value": "-Xms2g -Xmx2g"}]});
    let gpu = json!({"resources": {"requests": {"cpu": "5", "memory": "20Gi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "20Gi", "nvidia.com/gpu": "1"}}});
    let on_gpu = json!({"nodeSelector": {"gpu": "yes"}, "tolerations": [{"operator": "Exists"}]});
    let from_map = json!({"envFrom": [{"configMapRef": {"name": "jvm", "optional": true}}]});
    let one = |name: &str, requests, limits| workload("Deployment", "adv", name, 1, &resources(requests, limits));
    let mut meshed = workload("Deployment", "adv-typo", "meshed", 1, &resources(["500m", "1Gi"], ["", ""]));
    let proxy = json!({"name": "istio-proxy", "image": "x", "resources": resources(["500m", "1Gi"], ["", ""])});
    meshed["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(proxy);
    vec![
        deployment("control", ["500m", "1Gi"], ["", ""]),
        deployment("fixed", ["100m", "512Mi"], ["", "2Gi"]),
        deployment("nodeoom", ["100m", "100Mi"], ["", "8Gi"]),
        deployment("ratio", ["100m", "100Mi"], ["", "1Gi"]),
        deployment("units", ["0.1", "400m"], ["", "1.5G"]),
        deployment("huge", ["100m", "1Gi"], ["", "100Gi"]),
        workload("Deployment", "adv-mc", "web", 2, &resources(["500m", "512Mi"], ["", ""])),
        workload("Deployment", "adv-mc", "ended", 2, &resources(["500m", "512Mi"], ["", ""])),
        deployment("pair", ["500m", "1Gi"], ["", ""]),
        workload("StatefulSet", "adv-mc", "twin", 1, &resources(["500m", "512Mi"], ["", ""])),
        workload("StatefulSet", "adv-mc", "both", 1, &resources(["500m", "512Mi"], ["", ""])),
        workload("StatefulSet", "adv-mc", "blurred", 1, &resources(["500m", "512Mi"], ["", ""])),
        deployment("broken", ["500m", "1Gi"], ["", ""]),
        cron_job("nightly", "0 2 * * *"),
        cron_job("short", "*/10 * * * *"),
        cron_job("nightoom", "0 3 * * *"),
        deployment("glitch", ["500m", "512Mi"], ["500m", "512Mi"]),
        deployment("young", ["1", "350Mi"], ["", ""]),
        deployment("leak", ["150m", "1Gi"], ["", "1Gi"]),
        container(stateful("kafka", "apache/kafka:3.8.0"), kafka),
        stateful("elastic", "docker.elastic.co/elasticsearch/elasticsearch:8.15.0"),
        container(
            annotated(deployment("jvmref", jvm(), ["", "4Gi"]), "trimtab.dev/runtime-memory", "2560Mi"),
            from_map,
        ),
        container(
            deployment("gomem", ["100m", "2Gi"], ["", "2Gi"]),
            json!({"env": [{"name": "GOMEMLIMIT", "value": "1200MiB"}]}),
        ),
        container(
            deployment("postgres", ["100m", "4Gi"], ["", "4Gi"]),
            json!({"image": "postgres:17", "args": ["-c", "shared_buffers=2GB"]}),
        ),
        container(
            deployment("redis", ["100m", "4Gi"], ["", "4Gi"]),
            json!({"image": "redis:8", "args": ["--maxmemory", "2gb"]}),
        ),
        container(
            workload("Deployment", "adv-mon", "kube-state-metrics", 1, &resources(["200m", "512Mi"], ["", "512Mi"])),
            json!({"name": "kube-state-metrics"}),
        ),
        container(
            deployment("mariadb", ["100m", "4Gi"], ["", "4Gi"]),
            json!({"image": "bitnami/mariadb:11", "env": [
                {"name": "MARIADB_EXTRA_FLAGS", "value": "--innodb-buffer-pool-size=2G"}]}),
        ),
        container(
            deployment("golimit", ["500m", "2Gi"], ["", "2Gi"]),
            json!({"env": [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]}),
        ),
        container(
            deployment("above", ["500m", "512Mi"], ["", "512Mi"]),
            json!({"command": ["sh", "-c", "exec java $JAVA_OPTS -jar app.jar"],
                "env": [{"name": "JAVA_OPTS", "value": "-Xmx2g"}]}),
        ),
        workload("Deployment", "adv-inj", "web", 2, &resources(["500m", "1Gi"], ["500m", "1Gi"])),
        workload("Deployment", "adv-inj", "meshed", 2, &resources(["500m", "1Gi"], ["", ""])),
        deployment("zeros", ["0", "0"], ["0", "0"]),
        deployment("zerolim", ["100m", ""], ["", "0"]),
        killed("bootloop"),
        reborn(),
        deployment("tiny", ["5m", "8Mi"], ["", ""]),
        meshed,
        annotated(deployment("misspelt", ["500m", "1Gi"], ["", ""]), "trimtab.dev/min-memmory", "900Mi"),
        annotated(deployment("noproxy", ["500m", "1Gi"], ["", ""]), "trimtab.dev/min-memory", "istio-poxy=900Mi"),
        mislaid(),
        deployment("vpa-owned", ["500m", "1Gi"], ["", ""]),
        json!({"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
            "metadata": {"name": "vpa-owned", "namespace": "adv"}, "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "vpa-owned"},
                "updatePolicy": {"updateMode": "Recreate"}}}),
        workload("DaemonSet", "adv", "logs", 0, &resources(["200m", "256Mi"], ["", ""])),
        workload("ReplicaSet", "adv-own", "orphan", 2, &resources(["500m", "1Gi"], ["", ""])),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "namespace": "adv-own"}, "spec": {
            "containers": [{"name": "app", "image": "x", "resources": resources(["500m", "1Gi"], ["", ""])}]}}),
        one("pinned", ["4", "8Gi"], ["4", "8Gi"]),
        pod(container(one("gpu", ["", ""], ["", ""]), gpu), on_gpu),
        deployment("nothing", ["", ""], ["", ""]),
        deployment("loose", ["100m", "300Mi"], ["", "3Gi"]),
        workload("Deployment", "adv", "asleep", 0, &resources(["500m", "1Gi"], ["", ""])),
    ]
}

/// The policies: one for all namespaces except those with a policy of their own.
pub fn policies() -> Vec<Value> {
    let policy = |name: &str, spec: Value| json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": name}, "spec": spec});
    vec![
        policy("advice", json!({"targetNamespaces": ["adv", "adv-mc", "adv-mon", "adv-inj"]})),
        policy("own", json!({"targetNamespaces": ["adv-own"]})),
        policy(
            "typo",
            json!({"targetNamespaces": ["adv-typo"], "sizing": {"containers": [{"name": "istio-poxy", "mode": "Off"}]}}),
        ),
    ]
}
