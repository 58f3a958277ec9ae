//! PriceBook: prices of nodes, CPU, memory and storage, and discounts, with their source and date.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::{Amount, Currency},
    selector::LabelSelector,
};

/// The provider of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// Microsoft Azure.
    Azure,
    /// On-premises machines.
    OnPremises,
}

/// How nodes are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CapacityType {
    /// Billed by the hour at the list price.
    OnDemand,
    /// Capacity that can be reclaimed.
    Spot,
    /// Committed capacity.
    Reserved,
}

/// The price of a set of nodes: either per node, or per CPU core and GiB of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.hourly) != (has(self.cpuCoreHourly) && has(self.memoryGibHourly)) && has(self.cpuCoreHourly) == has(self.memoryGibHourly)")
    .message("either hourly, or both cpuCoreHourly and memoryGibHourly must be set"))]
#[x_kube(validation = Rule::new("has(self.nodeSelector) != has(self.instanceType)")
    .message("exactly one of nodeSelector and instanceType must be set, to select nodes"))]
#[x_kube(validation = Rule::new("self.free || ((!has(self.hourly) || double(self.hourly) > 0.0) && (!has(self.cpuCoreHourly) || double(self.cpuCoreHourly) > 0.0) && (!has(self.memoryGibHourly) || double(self.memoryGibHourly) > 0.0))")
    .message("a price is zero, which hides the cost of these nodes: set the price, or confirm it with free: true"))]
#[x_kube(validation = Rule::new("!self.free || (has(self.hourly) && double(self.hourly) == 0.0) || (has(self.cpuCoreHourly) && double(self.cpuCoreHourly) == 0.0) || (has(self.memoryGibHourly) && double(self.memoryGibHourly) == 0.0)")
    .message("free: true requires a price of zero, but no price is zero: remove free, or set the price to \"0\""))]
pub struct NodePriceEntry {
    /// A name for this entry. Figures that use the entry mention it. Each name may appear only once.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Selects nodes by label. Exactly one of `nodeSelector` and `instanceType` must be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<LabelSelector>,
    /// Selects nodes by the label `node.kubernetes.io/instance-type`, such as `m5.large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub instance_type: Option<String>,
    /// Selects only nodes with this value of the label `topology.kubernetes.io/region`. If not set, nodes in all
    /// regions match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub region: Option<String>,
    /// Selects only nodes of this capacity type: `OnDemand`, `Spot` or `Reserved`. If not set, all types match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_type: Option<CapacityType>,
    /// The price per hour of a whole node, such as `"0.096"`. Set either this or both `cpuCoreHourly` and
    /// `memoryGibHourly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hourly: Option<Amount>,
    /// The price per hour of a CPU core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_core_hourly: Option<Amount>,
    /// The price per hour of a GiB of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_gib_hourly: Option<Amount>,
    /// Confirms that a price of zero is intended, so these nodes cost nothing. Without it, a price of zero is
    /// rejected. With it, at least one of the prices must be zero.
    #[serde(default)]
    pub free: bool,
}

/// Prices for nodes that match no entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("double(self.cpuCoreHourly) > 0.0 && double(self.memoryGibHourly) > 0.0")
    .message("default prices must be above zero, otherwise unknown nodes seem to cost nothing: set both, or remove default to use Trimtab's own estimate"))]
pub struct UnitPrices {
    /// The price per hour of a CPU core.
    pub cpu_core_hourly: Amount,
    /// The price per hour of a GiB of memory.
    pub memory_gib_hourly: Amount,
}

/// The price of storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoragePrice {
    /// The name of the StorageClass. Each name may appear only once.
    #[schemars(length(min = 1, max = 253))]
    pub storage_class: String,
    /// The price of a GiB per month of 730 hours.
    pub gib_monthly: Amount,
}

/// A discount on list prices. If several match a node, the first one applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    /// A name for this discount. Figures that use the discount mention it. Each name may appear only once.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Applies only to nodes of this provider: `Aws`, `Gcp`, `Azure` or `OnPremises`. If not set, it applies to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Applies only to nodes of this capacity type: `OnDemand`, `Spot` or `Reserved`. If not set, it applies to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_type: Option<CapacityType>,
    /// Applies only to instance types with this prefix, such as `m5.` or `Standard_D`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub instance_type_prefix: Option<String>,
    /// The discount on the list price, in percent. With 0, matching nodes are excluded from the discounts that
    /// follow. For nodes that cost nothing, use an entry with `free: true` instead of 100.
    #[schemars(range(min = 0, max = 99))]
    pub percent: i32,
}

/// Defines the prices of nodes and storage. If there are several price books, only the first one in alphabetical
/// order is used.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "PriceBook",
    plural = "pricebooks",
    shortname = "prices",
    category = "trimtab",
    cel,
    status = "PriceBookStatus",
    doc = "Defines the prices of nodes and storage. If there are several price books, only the first one in alphabetical order is used.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Currency", type_ = "string", json_path = ".spec.currency"),
    printcolumn(name = "Entries", type_ = "integer", json_path = ".status.entries"),
    printcolumn(name = "AsOf", type_ = "string", json_path = ".spec.asOf"),
    printcolumn(name = "Source", type_ = "string", json_path = ".spec.source", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PriceBookSpec {
    /// The currency of all amounts in this price book, as an ISO 4217 code such as `EUR`. Built-in prices are in USD.
    /// With any other currency, only the prices of this price book are used.
    #[serde(default)]
    pub currency: Currency,
    /// Where these prices come from, such as a contract, an invoice or a web page. For information only.
    #[schemars(length(min = 1, max = 253))]
    pub source: String,
    /// The date of these prices, such as `2026-07-20`. It is shown with every figure that uses them.
    #[schemars(length(min = 10, max = 10), regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), extend("format" = "date"))]
    pub as_of: String,
    /// Node prices. The first entry that matches a node is used. Entries take precedence over the built-in table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub nodes: Vec<NodePriceEntry>,
    /// Prices for nodes that match no entry and are not in the built-in table. If not set, Trimtab uses its own
    /// estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<UnitPrices>,
    /// Storage prices by StorageClass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["storageClass"]))]
    pub storage: Vec<StoragePrice>,
    /// Discounts on prices from the built-in table. They do not apply to the prices in this price book.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub discounts: Vec<Discount>,
}

/// The state of the price book.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceBookStatus {
    /// The generation of the spec that this status was calculated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The current state of the price book.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The number of valid entries.
    #[serde(default)]
    pub entries: i32,
}
