//! Nodes of two clouds and one rack, with their labels and provider ids.
//!
//! In: nothing, or the requests of recorded workloads. Out: Node objects for simulated nodes. Pure.

use serde_json::{Map, Value, json};

use crate::fleet::{Pool, Workload};

/// Simulated nodes carry this label, so that real ones are left alone.
const SIMULATED: (&str, &str) = ("type", "kwok");

/// CPU in millicores and memory in MiB.
type Size = (u32, u32);

struct Model {
    pool: Pool,
    name: String,
    provider_id: Option<String>,
    capacity: Size,
    /// System reserve, as in those services.
    reserved: Size,
    labels: Vec<(&'static str, String)>,
}

/// The node selector of a pool's workloads.
pub fn pool_labels(pool: Pool) -> Vec<(&'static str, &'static str)> {
    match pool {
        Pool::Aws => vec![("eks.amazonaws.com/nodegroup", "web")],
        Pool::AwsSpot => vec![("eks.amazonaws.com/nodegroup", "web-spot")],
        Pool::Gcp => vec![("cloud.google.com/gke-nodepool", "apps")],
        Pool::GcpSpot => vec![("cloud.google.com/gke-nodepool", "apps-spot")],
        Pool::Rack => vec![("topology.kubernetes.io/zone", "fra-rack-1")],
        Pool::Everywhere => Vec::new(),
    }
}

/// The simulated fleet's nodes: three of each cloud, one of them spot, and two machines in a rack.
pub fn nodes() -> Vec<Value> {
    let aws = [(11, "a", Pool::Aws), (27, "b", Pool::Aws), (34, "c", Pool::AwsSpot)]
        .map(|(n, zone, pool)| aws_node(n, zone, pool));
    let gcp = [("k3f1", "b", Pool::Gcp), ("p8zq", "c", Pool::Gcp), ("w2mv", "d", Pool::GcpSpot)]
        .map(|(id, zone, pool)| gcp_node(id, zone, pool));
    let rack = [1, 2].map(|n| rack_node(n, (16_000, 65_536)));
    aws.iter().chain(&gcp).chain(&rack).map(object).collect()
}

/// As many machines in the rack as recorded workloads need.
pub fn racks_for(fleet: &[Workload]) -> Vec<Value> {
    let requests = || fleet.iter().flat_map(|w| &w.containers).map(|c| c.requests);
    // At least two of the largest fit on a machine, besides the system reserve.
    let greatest = requests().fold((16_000, 65_536), |m, r| (m.0.max(2 * r.0 + 200), m.1.max(2 * r.1 + 1_024)));
    let sum = requests().fold((0, 0), |s: Size, r| (s.0.saturating_add(r.0), s.1.saturating_add(r.1)));
    // A third on top: bin packing leaves gaps.
    let fit = |sum: u32, one: u32| sum.saturating_add(sum / 3) / one + 1;
    let count = fit(sum.0, greatest.0).max(fit(sum.1, greatest.1)).min(200);
    (1..=count).map(|n| object(&rack_node(n, greatest))).collect()
}

fn aws_node(number: u32, zone: &str, pool: Pool) -> Model {
    let spot = pool == Pool::AwsSpot;
    let zone = format!("us-east-1{zone}");
    Model {
        pool,
        name: format!("ip-10-0-{number}-{}.ec2.internal", 100 + number),
        provider_id: Some(format!("aws:///{zone}/i-0a1b2c3d4e5f6{number:04}")),
        capacity: (4_000, 15_748),
        reserved: (80, 1_024),
        labels: vec![
            ("node.kubernetes.io/instance-type", "m5.xlarge".to_owned()),
            ("topology.kubernetes.io/region", "us-east-1".to_owned()),
            ("topology.kubernetes.io/zone", zone),
            ("eks.amazonaws.com/capacityType", if spot { "SPOT" } else { "ON_DEMAND" }.to_owned()),
        ],
    }
}

fn gcp_node(id: &str, zone: &str, pool: Pool) -> Model {
    let zone = format!("europe-west1-{zone}");
    let name = format!("gke-main-apps-7c41d2f0-{id}");
    let mut labels = vec![
        ("node.kubernetes.io/instance-type", "e2-standard-4".to_owned()),
        ("topology.kubernetes.io/region", "europe-west1".to_owned()),
        ("topology.kubernetes.io/zone", zone.clone()),
        ("cloud.google.com/machine-family", "e2".to_owned()),
        ("cloud.google.com/gke-provisioning", if pool == Pool::GcpSpot { "spot" } else { "standard" }.to_owned()),
    ];
    if pool == Pool::GcpSpot {
        labels.push(("cloud.google.com/gke-spot", "true".to_owned()));
    }
    Model {
        pool,
        provider_id: Some(format!("gce://example-project/{zone}/{name}")),
        name,
        capacity: (4_000, 16_004),
        reserved: (80, 2_800),
        labels,
    }
}

fn rack_node(number: u32, capacity: Size) -> Model {
    Model {
        pool: Pool::Rack,
        name: format!("rack1-server{number:02}"),
        provider_id: None,
        capacity,
        reserved: (200, 1_024),
        labels: vec![("topology.kubernetes.io/region", "fra".to_owned())],
    }
}

fn object(model: &Model) -> Value {
    let labels: Map<String, Value> = [
        (SIMULATED.0, SIMULATED.1),
        ("kubernetes.io/hostname", model.name.as_str()),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
    ]
    .into_iter()
    .chain(model.labels.iter().map(|(k, v)| (*k, v.as_str())))
    .chain(pool_labels(model.pool))
    .map(|(k, v)| (k.to_owned(), json!(v)))
    .collect();
    let (cpu, memory) = model.capacity;
    let amounts =
        |cpu: u32, memory: u32| json!({"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi"), "pods": "110"});
    let mut node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": model.name, "labels": labels},
        "spec": {},
        "status": {
            "capacity": amounts(cpu, memory),
            "allocatable": amounts(cpu - model.reserved.0, memory - model.reserved.1),
        },
    });
    if let Some(id) = &model.provider_id {
        node["spec"]["providerID"] = json!(id);
    }
    node
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::{BTreeMap, BTreeSet};

    use k8s_openapi::api::core::v1::Node;

    use super::*;
    use crate::fleet::{Kind, simulated};

    fn parsed() -> Vec<Node> {
        nodes().into_iter().map(|n| serde_json::from_value(n).unwrap()).collect()
    }

    #[test]
    fn nodes_are_of_two_clouds_and_a_rack_under_names_of_their_own() {
        let nodes = parsed();
        let names: BTreeSet<_> = nodes.iter().map(|n| n.metadata.name.clone().unwrap()).collect();
        assert_eq!((nodes.len(), names.len()), (8, 8));
        let ids = nodes.iter().filter_map(|n| n.spec.as_ref()?.provider_id.clone());
        let providers = ids.map(|id| id.split(':').next().unwrap().to_owned()).fold(BTreeMap::new(), |mut m, p| {
            *m.entry(p).or_insert(0) += 1;
            m
        });
        assert_eq!(providers, BTreeMap::from([("aws".to_owned(), 3), ("gce".to_owned(), 3)]));
    }

    #[test]
    fn the_rack_grows_with_what_is_recorded() {
        let big = |n: u32| {
            let c = crate::fleet::Container::new("app", "i", (12_000, 100_000));
            (0..n)
                .map(|i| Workload::new("recorded", &format!("w{i}"), Kind::Deployment(1), Pool::Rack).with(c.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(racks_for(&big(1)).len(), 1);
        let nodes: Vec<Node> = racks_for(&big(20)).into_iter().map(|n| serde_json::from_value(n).unwrap()).collect();
        // Two of these fit on a node, besides the system reserve.
        assert!(nodes.len() >= 14, "{}", nodes.len());
    }

    #[test]
    fn each_workload_has_nodes_with_room_for_it() {
        let nodes = parsed();
        let fleet = simulated();
        for pool in [Pool::Aws, Pool::AwsSpot, Pool::Gcp, Pool::GcpSpot, Pool::Rack] {
            let wanted = pool_labels(pool);
            let fits = |n: &&Node| {
                let labels = n.metadata.labels.clone().unwrap();
                wanted.iter().all(|(k, v)| labels.get(*k).map(String::as_str) == Some(*v))
            };
            let millicores: u32 = nodes
                .iter()
                .filter(fits)
                .map(|n| {
                    n.status.as_ref().unwrap().allocatable.as_ref().unwrap()["cpu"].0.trim_end_matches('m').to_owned()
                })
                .map(|cpu| cpu.parse::<u32>().unwrap())
                .sum();
            let asked: u32 = fleet
                .iter()
                .filter(|w| w.pool == pool)
                .map(|w| {
                    let one: u32 = w.containers.iter().map(|c| c.requests.0).sum();
                    match w.kind {
                        Kind::Deployment(n) | Kind::StatefulSet(n) => n * one,
                        _ => one,
                    }
                })
                .sum();
            assert!(asked > 0 && asked * 10 < millicores * 8, "{pool:?}: {asked}m of {millicores}m");
        }
    }
}
