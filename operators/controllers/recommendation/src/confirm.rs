//! A final check before a rollout is reported as ended: reads pods and the AppliedSizes entry from the API server,
//! because a watch may lag. In: the pods on which the end was decided. Out: whether they still are as they were then.

use k8s_openapi::api::core::v1::{Pod, ResourceRequirements};
use kube::{Api, Client, ResourceExt, api::ListParams};
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_api::{
    AppliedSizes,
    applied_sizes::{APPLIED_SIZES_NAME, key},
    quantity::Quantity,
    resources::{ContainerResources, Resources},
};
use trimtab_core::WorkloadId;
use trimtab_rollout::{effect::SeenPod, sizes};
use trimtab_runtime::ApplyError;
use trimtab_world::World;

/// Whether the pods still are as they were `seen`, and the entry as the watch shows it.
///
/// # Errors
/// If the API server gives no answer.
pub async fn holds(
    client: &Client,
    world: &World,
    keeper: &AppliedSizesWriter,
    id: &WorkloadId,
    seen: &[SeenPod],
) -> Result<bool, ApplyError> {
    Ok(pods_hold(client, world, id, seen).await? && entry_holds(client, keeper, id).await?)
}

async fn pods_hold(client: &Client, world: &World, id: &WorkloadId, seen: &[SeenPod]) -> Result<bool, ApplyError> {
    // A workload that is gone has no pods to check.
    let Some(workload) = world.workload(id) else { return Ok(true) };
    let labels: Vec<String> = workload.template.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let api: Api<Pod> = Api::namespaced(client.clone(), &id.namespace);
    let params = ListParams::default().labels(&labels.join(","));
    let pods = api.list(&params).await.map_err(|e| failed(e, "pods", id))?;
    for pod in pods {
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        if pod.metadata.deletion_timestamp.is_some() || matches!(phase, Some("Succeeded" | "Failed")) {
            continue;
        }
        let uid = pod.uid().unwrap_or_default();
        match seen.iter().find(|p| p.uid == uid) {
            Some(seen) if sizes::same(&seen.spec, &live(&pod, &seen.spec)) => {}
            Some(_) => return Ok(false),
            // A pod that the world does not know yet may be ours; one that it knows and that is not in the view is not.
            None if world.pod(&id.namespace, &pod.name_any()).is_none_or(|known| known.uid.to_string() != uid) => {
                return Ok(false);
            }
            None => {}
        }
    }
    Ok(true)
}

async fn entry_holds(client: &Client, keeper: &AppliedSizesWriter, id: &WorkloadId) -> Result<bool, ApplyError> {
    let api: Api<AppliedSizes> = Api::namespaced(client.clone(), &id.namespace);
    let params = ListParams::default().fields(&format!("metadata.name={APPLIED_SIZES_NAME}"));
    let objects = match api.list(&params).await.map_err(|e| failed(e, "appliedsizes", id)) {
        Ok(objects) => objects,
        // The kind is gone, and all entries with it: whoever deletes all kinds at once does not wait for an order.
        Err(ApplyError::KindNotServed { .. }) => return Ok(true),
        Err(error) => return Err(error),
    };
    let live = objects.items.first().and_then(|object| object.spec.workloads.get(&key(id)).cloned());
    Ok(live == keeper.entry(&id.namespace, &key(id)))
}

fn failed(error: kube::Error, resource: &str, id: &WorkloadId) -> ApplyError {
    let target = trimtab_runtime::apply::Target {
        verb: "list",
        group: if resource == "pods" { String::new() } else { trimtab_api::GROUP.to_owned() },
        resource: resource.to_owned(),
        namespace: Some(id.namespace.to_string()),
        name: String::new(),
    };
    trimtab_runtime::apply::classify(error, &target)
}

/// The requests and limits in a pod's spec of the containers in `like`.
fn live(pod: &Pod, like: &[ContainerResources]) -> Vec<ContainerResources> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let all = || spec.init_containers.iter().flatten().chain(&spec.containers);
    like.iter()
        .filter_map(|c| {
            let resources = all().find(|found| found.name == c.name)?.resources.clone().unwrap_or_default();
            Some(written(&c.name, &resources))
        })
        .collect()
}

fn written(name: &str, resources: &ResourceRequirements) -> ContainerResources {
    type Map = std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>;
    let half = |map: Option<&Map>| {
        let get = |name: &str| map.and_then(|m| m.get(name)).map(|q| Quantity(q.0.clone()));
        Resources { cpu: get("cpu"), memory: get("memory") }
    };
    let (mut requests, limits) = (half(resources.requests.as_ref()), half(resources.limits.as_ref()));
    requests.cpu = requests.cpu.or_else(|| limits.cpu.clone());
    requests.memory = requests.memory.or_else(|| limits.memory.clone());
    ContainerResources { name: name.to_owned(), requests, limits }
}
