//! Classification of nodes.
//!
//! In: [`NodeFacts`]. Out: [`NodeClass`]. Only data on the node counts: the provider id first, then labels set by a
//! provider's own components. A node without either is [`Provider::Unknown`].

use crate::node::{CapacityType, NodeClass, NodeFacts, Provider, label};

/// Prefixes of provider ids of on-premises machines or machines without a price of their own.
const ON_PREMISES: [&str; 10] = [
    "kind://",
    "k3s://",
    "rke2://",
    "vsphere://",
    "metal3://",
    "baremetalhost://",
    "tinkerbell://",
    "nutanix://",
    "proxmox://",
    "harvester://",
];

/// The class of a node.
pub fn classify(node: &NodeFacts) -> NodeClass {
    let provider = provider(node);
    let zone = label_of(node, &[label::ZONE, label::ZONE_BETA]).or_else(|| zone_in_provider_id(provider, node));
    let region = label_of(node, &[label::REGION, label::REGION_BETA])
        .map(str::to_owned)
        .or_else(|| zone.and_then(|z| region_of_zone(provider, z)));
    NodeClass {
        provider,
        region,
        zone: zone.map(str::to_owned),
        instance_type: label_of(node, &[label::INSTANCE_TYPE, label::INSTANCE_TYPE_BETA]).map(str::to_owned),
        capacity: capacity(node),
        windows: label_of(node, &[label::OS]) == Some("windows"),
    }
}

/// The first of these labels that is set and not empty.
fn label_of<'a>(node: &'a NodeFacts, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| node.labels.get(*key)).map(String::as_str).filter(|v| !v.is_empty())
}

fn provider(node: &NodeFacts) -> Provider {
    let id = node.provider_id.as_str();
    let has = |key: &str| node.labels.contains_key(key);
    match id.split_once("://").map(|(scheme, _)| scheme) {
        Some("aws") => Provider::Aws,
        Some("gce") => Provider::Gcp,
        Some("azure") => Provider::Azure,
        Some(_) if ON_PREMISES.iter().any(|prefix| id.starts_with(prefix)) => Provider::OnPremises,
        // Any other cloud is identified by its provider id; labels do not overrule that.
        Some(scheme) if scheme != "kwok" => Provider::Unknown,
        _ if has(label::EKS_NODEGROUP) || has(label::EKS_CAPACITY) || has(label::KARPENTER_AWS_FAMILY) => Provider::Aws,
        _ if has(label::GKE_NODEPOOL) || has(label::GKE_PROVISIONING) => Provider::Gcp,
        _ if has(label::AKS_CLUSTER) || has(label::AKS_PRIORITY) => Provider::Azure,
        _ => Provider::Unknown,
    }
}

/// `aws:///ZONE/i-…` and `gce://PROJECT/ZONE/NAME` name the zone.
fn zone_in_provider_id(provider: Provider, node: &NodeFacts) -> Option<&str> {
    let (_, path) = node.provider_id.split_once("://")?;
    match provider {
        Provider::Aws | Provider::Gcp => path.split('/').nth(1).filter(|zone| region_of_zone(provider, zone).is_some()),
        Provider::Azure | Provider::OnPremises | Provider::Unknown => None,
    }
}

/// The region in a zone's name: `us-east-1a` and the local zone `us-east-1-bos-1a` (AWS), `us-central1-a` (Google
/// Cloud), `eastus-1` (Azure, where a bare `0` is a fault domain and names no region).
fn region_of_zone(provider: Provider, zone: &str) -> Option<String> {
    match provider {
        Provider::Aws => {
            let number = zone.char_indices().find(|(i, c)| c.is_ascii_digit() && zone[..*i].ends_with('-'))?.0;
            let end = zone[number..].find(|c: char| !c.is_ascii_digit())? + number;
            (number > 3).then(|| zone[..end].to_owned())
        }
        Provider::Gcp => {
            let (region, letter) = zone.rsplit_once('-')?;
            let named = letter.len() == 1 && region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit());
            named.then(|| region.to_owned())
        }
        Provider::Azure => {
            let (region, number) = zone.rsplit_once('-')?;
            let named = !region.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            named.then(|| region.to_owned())
        }
        Provider::OnPremises | Provider::Unknown => None,
    }
}

fn capacity(node: &NodeFacts) -> CapacityType {
    let is = |key: &str, value: &str| node.labels.get(key).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let spot = is(label::KARPENTER_CAPACITY, "spot")
        || is(label::EKS_CAPACITY, "SPOT")
        || is(label::GKE_SPOT, "true")
        || is(label::GKE_PREEMPTIBLE, "true")
        || is(label::GKE_PROVISIONING, "spot")
        || is(label::GKE_PROVISIONING, "preemptible")
        || is(label::AKS_PRIORITY, "spot");
    if spot {
        CapacityType::Spot
    } else if is(label::KARPENTER_CAPACITY, "reserved") || is(label::EKS_CAPACITY, "CAPACITY_BLOCK") {
        CapacityType::Reserved
    } else {
        CapacityType::OnDemand
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(provider_id: &str, labels: &[(&str, &str)]) -> NodeFacts {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        NodeFacts { name: "node".into(), provider_id: provider_id.into(), labels, ..NodeFacts::default() }
    }

    /// provider, region, zone, machine type, capacity type.
    type Seen<'a> = (Provider, Option<&'a str>, Option<&'a str>, Option<&'a str>, CapacityType);

    fn check(what: &str, provider_id: &str, labels: &[(&str, &str)], want: Seen<'_>) {
        let class = classify(&node(provider_id, labels));
        let seen = (
            class.provider,
            class.region.as_deref(),
            class.zone.as_deref(),
            class.instance_type.as_deref(),
            class.capacity,
        );
        assert_eq!(seen, want, "{what}");
    }

    use CapacityType::{OnDemand, Reserved, Spot};
    use Provider::{Aws, Azure, Gcp, OnPremises, Unknown};

    const AKS_ID: &str = "azure:///subscriptions/0a1b/resourceGroups/mc_shop_shop_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-np-3-vmss/virtualMachines/0";

    #[test]
    fn nodes_of_aws() {
        let eks = [
            ("node.kubernetes.io/instance-type", "m5.large"),
            ("topology.kubernetes.io/region", "us-east-1"),
            ("topology.kubernetes.io/zone", "us-east-1a"),
            ("eks.amazonaws.com/nodegroup", "web"),
            ("eks.amazonaws.com/capacityType", "ON_DEMAND"),
            ("kubernetes.io/arch", "amd64"),
        ];
        let m5 = (Aws, Some("us-east-1"), Some("us-east-1a"), Some("m5.large"), OnDemand);
        check("EKS managed node group", "aws:///us-east-1a/i-0f1e2d3c", &eks, m5);
        check("the same before its provider id is set", "", &eks, m5);
        check(
            "EKS managed node group on spot, old labels",
            "aws:///eu-central-1b/i-0f",
            &[
                ("beta.kubernetes.io/instance-type", "t3.medium"),
                ("failure-domain.beta.kubernetes.io/region", "eu-central-1"),
                ("failure-domain.beta.kubernetes.io/zone", "eu-central-1b"),
                ("eks.amazonaws.com/capacityType", "SPOT"),
            ],
            (Aws, Some("eu-central-1"), Some("eu-central-1b"), Some("t3.medium"), Spot),
        );
        for (value, capacity) in [("spot", Spot), ("on-demand", OnDemand), ("reserved", Reserved)] {
            check(
                "Karpenter",
                "aws:///us-west-2c/i-0f",
                &[
                    ("karpenter.sh/capacity-type", value),
                    ("karpenter.sh/nodepool", "default"),
                    ("karpenter.k8s.aws/instance-family", "c7g"),
                    ("node.kubernetes.io/instance-type", "c7g.xlarge"),
                    ("topology.kubernetes.io/region", "us-west-2"),
                    ("topology.kubernetes.io/zone", "us-west-2c"),
                ],
                (Aws, Some("us-west-2"), Some("us-west-2c"), Some("c7g.xlarge"), capacity),
            );
        }
        check(
            "capacity block",
            "aws:///us-east-2a/i-0f",
            &[("eks.amazonaws.com/capacityType", "CAPACITY_BLOCK")],
            (Aws, Some("us-east-2"), Some("us-east-2a"), None, Reserved),
        );
        check(
            "Fargate",
            "aws:///ap-southeast-2a/8a7b6c/fargate-ip-10-0-1-2.ap-southeast-2.compute.internal",
            &[("eks.amazonaws.com/compute-type", "fargate")],
            (Aws, Some("ap-southeast-2"), Some("ap-southeast-2a"), None, OnDemand),
        );
        check(
            "a local zone",
            "aws:///us-east-1-bos-1a/i-0f",
            &[],
            (Aws, Some("us-east-1"), Some("us-east-1-bos-1a"), None, OnDemand),
        );
        check(
            "government cloud",
            "aws:///us-gov-west-1b/i-0f",
            &[],
            (Aws, Some("us-gov-west-1"), Some("us-gov-west-1b"), None, OnDemand),
        );
    }

    #[test]
    fn nodes_of_google_cloud() {
        let gke = |capacity: (&'static str, &'static str)| {
            [
                ("cloud.google.com/gke-nodepool", "default-pool"),
                ("node.kubernetes.io/instance-type", "e2-standard-4"),
                ("topology.kubernetes.io/region", "europe-west1"),
                ("topology.kubernetes.io/zone", "europe-west1-b"),
                capacity,
            ]
        };
        let id = "gce://shop-123/europe-west1-b/gke-shop-default-pool-0a1b2c3d-x1y2";
        for (said, capacity) in [
            (("cloud.google.com/gke-provisioning", "standard"), OnDemand),
            (("cloud.google.com/gke-provisioning", "spot"), Spot),
            (("cloud.google.com/gke-spot", "true"), Spot),
            (("cloud.google.com/gke-preemptible", "true"), Spot),
            (("cloud.google.com/gke-spot", "false"), OnDemand),
        ] {
            let want = (Gcp, Some("europe-west1"), Some("europe-west1-b"), Some("e2-standard-4"), capacity);
            check("GKE", id, &gke(said), want);
            check("the same before its provider id is set", "", &gke(said), want);
        }
        check("zone from the id alone", id, &[], (Gcp, Some("europe-west1"), Some("europe-west1-b"), None, OnDemand));
    }

    #[test]
    fn nodes_of_azure() {
        let aks = |zone: &'static str, priority: &'static str| {
            [
                ("kubernetes.azure.com/cluster", "mc_shop_shop_westeurope"),
                ("kubernetes.azure.com/scalesetpriority", priority),
                ("node.kubernetes.io/instance-type", "Standard_D2s_v3"),
                ("topology.kubernetes.io/zone", zone),
            ]
        };
        let d2 = Some("Standard_D2s_v3");
        let zonal = aks("westeurope-1", "regular");
        let want = (Azure, Some("westeurope"), Some("westeurope-1"), d2, OnDemand);
        check("AKS, region from the zone", AKS_ID, &zonal, want);
        check("the same before its provider id is set", "", &zonal, want);
        let flat = aks("0", "spot");
        check("AKS without zones, on spot: no region is made up", AKS_ID, &flat, (Azure, None, Some("0"), d2, Spot));
    }

    #[test]
    fn nodes_of_nobody_we_know_stay_unknown() {
        let hostname = [("kubernetes.io/hostname", "rack-7"), ("kubernetes.io/arch", "amd64")];
        let bare = (Unknown, None, None, None, OnDemand);
        check("kubeadm on own machines", "", &hostname, bare);
        check("no labels at all", "", &[], bare);
        check("kind", "kind://docker/kind/kind-worker", &hostname, (OnPremises, None, None, None, OnDemand));
        check("vSphere", "vsphere://4213-aa", &hostname, (OnPremises, None, None, None, OnDemand));
        check(
            "k3s",
            "k3s://pi-4",
            &[("node.kubernetes.io/instance-type", "k3s")],
            (OnPremises, None, None, Some("k3s"), OnDemand),
        );
        check(
            "another cloud",
            "hcloud://123456",
            &[("node.kubernetes.io/instance-type", "cx31"), ("topology.kubernetes.io/region", "nbg1")],
            (Unknown, Some("nbg1"), None, Some("cx31"), OnDemand),
        );
        check(
            "a private cloud whose zones look like a provider's",
            "openstack:///f00",
            &[("topology.kubernetes.io/zone", "us-east-1a")],
            (Unknown, None, Some("us-east-1a"), None, OnDemand),
        );
        let odd_zone = [("topology.kubernetes.io/zone", "edge-zone")];
        check(
            "a zone of Azure that names no region",
            AKS_ID,
            &odd_zone,
            (Azure, None, Some("edge-zone"), None, OnDemand),
        );
        for odd in
            ["aws", "aws://", "aws:///", "aws:////i-0f", "gce://p", "gce://p//n", "://", "azure:///", "aws:///ü-1/x"]
        {
            assert_eq!(classify(&node(odd, &[("topology.kubernetes.io/zone", "-")])).region, None, "{odd}");
        }
    }

    #[test]
    fn windows_is_seen() {
        assert!(classify(&node("", &[("kubernetes.io/os", "windows")])).windows);
        assert!(!classify(&node("", &[("kubernetes.io/os", "linux")])).windows);
    }
}
