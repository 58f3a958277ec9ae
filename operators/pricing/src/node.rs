//! Node data relevant to prices, and the class derived from it.
//!
//! In: name, provider id, labels and capacity, as in the Node object. Out: the keys for price look-ups.

use std::{collections::BTreeMap, fmt};

/// Well-known labels that describe a node. Compact node copies must keep these, and those that a price book selects by.
pub mod label {
    /// The machine type.
    pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";
    /// The machine type, before Kubernetes 1.17.
    pub const INSTANCE_TYPE_BETA: &str = "beta.kubernetes.io/instance-type";
    /// The region.
    pub const REGION: &str = "topology.kubernetes.io/region";
    /// The region, before Kubernetes 1.17.
    pub const REGION_BETA: &str = "failure-domain.beta.kubernetes.io/region";
    /// The zone.
    pub const ZONE: &str = "topology.kubernetes.io/zone";
    /// The zone, before Kubernetes 1.17.
    pub const ZONE_BETA: &str = "failure-domain.beta.kubernetes.io/zone";
    /// The operating system.
    pub const OS: &str = "kubernetes.io/os";
    /// Karpenter: `spot`, `on-demand` or `reserved`.
    pub const KARPENTER_CAPACITY: &str = "karpenter.sh/capacity-type";
    /// Managed node groups of EKS: `SPOT`, `ON_DEMAND` or `CAPACITY_BLOCK`.
    pub const EKS_CAPACITY: &str = "eks.amazonaws.com/capacityType";
    /// GKE: `true` on Spot VMs.
    pub const GKE_SPOT: &str = "cloud.google.com/gke-spot";
    /// GKE: `true` on preemptible VMs, the predecessor of Spot VMs.
    pub const GKE_PREEMPTIBLE: &str = "cloud.google.com/gke-preemptible";
    /// GKE: `spot`, `preemptible` or `standard`.
    pub const GKE_PROVISIONING: &str = "cloud.google.com/gke-provisioning";
    /// AKS: `spot` or `regular`.
    pub const AKS_PRIORITY: &str = "kubernetes.azure.com/scalesetpriority";

    /// EKS: the managed node group; a sign of AWS.
    pub const EKS_NODEGROUP: &str = "eks.amazonaws.com/nodegroup";
    /// Karpenter on AWS: the family of the machine type; a sign of AWS.
    pub const KARPENTER_AWS_FAMILY: &str = "karpenter.k8s.aws/instance-family";
    /// GKE: the node pool; a sign of Google Cloud.
    pub const GKE_NODEPOOL: &str = "cloud.google.com/gke-nodepool";
    /// AKS: the cluster; a sign of Azure.
    pub const AKS_CLUSTER: &str = "kubernetes.azure.com/cluster";

    /// All of them.
    pub const ALL: [&str; 17] = [
        INSTANCE_TYPE,
        INSTANCE_TYPE_BETA,
        REGION,
        REGION_BETA,
        ZONE,
        ZONE_BETA,
        OS,
        KARPENTER_CAPACITY,
        EKS_CAPACITY,
        GKE_SPOT,
        GKE_PREEMPTIBLE,
        GKE_PROVISIONING,
        AKS_PRIORITY,
        EKS_NODEGROUP,
        KARPENTER_AWS_FAMILY,
        GKE_NODEPOOL,
        AKS_CLUSTER,
    ];
}

/// The fields of a Node object that determine its price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// `metadata.name`.
    pub name: String,
    /// `spec.providerID`; empty where there is none.
    pub provider_id: String,
    /// `metadata.labels`, at least [`label::ALL`] and those that a price book selects by.
    pub labels: BTreeMap<String, String>,
    /// `status.capacity.cpu` in thousandths of a core; 0 where unknown.
    pub cpu_millis: u64,
    /// `status.capacity.memory` in bytes; 0 where unknown.
    pub memory_bytes: u64,
    /// GPUs of any vendor in `status.capacity`.
    pub gpus: u32,
}

/// The provider of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// Microsoft Azure.
    Azure,
    /// Own hardware: bare metal, vSphere, a laptop.
    OnPremises,
    /// Nothing on the node identifies it, or it is a provider without known prices.
    Unknown,
}

impl Provider {
    /// Its name in the built-in table and in price sources.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::OnPremises => "on-premises",
            Self::Unknown => "unknown provider",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The capacity type of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapacityType {
    /// By the hour at the list price; also assumed for a node that says nothing.
    OnDemand,
    /// Interruptible capacity: spot and preemptible machines.
    Spot,
    /// Committed capacity.
    Reserved,
}

impl fmt::Display for CapacityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on demand",
            Self::Spot => "spot",
            Self::Reserved => "reserved",
        })
    }
}

/// The keys for price look-ups. Whatever the node does not say is `None`, never a guess.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeClass {
    /// The provider.
    pub provider: Provider,
    /// The region, from its label or otherwise from the zone.
    pub region: Option<String>,
    /// The zone.
    pub zone: Option<String>,
    /// The machine type, as the provider writes it.
    pub instance_type: Option<String>,
    /// The capacity type.
    pub capacity: CapacityType,
    /// Whether it runs Windows, whose licence the list prices here do not include.
    pub windows: bool,
}
