//! PriceBook: prices per node type, vCPU, GiB and storage; discounts; where each came from and when.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::{Amount, Currency},
    selector::LabelSelector,
};

/// Who runs the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// Microsoft Azure.
    Azure,
    /// Your own machines.
    OnPremises,
}

/// How nodes are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CapacityType {
    /// By the hour at the list price.
    OnDemand,
    /// Capacity that can be taken away.
    Spot,
    /// Committed capacity.
    Reserved,
}

/// The price of some nodes. Either the whole node, or its CPU and memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.hourly) != (has(self.cpuCoreHourly) && has(self.memoryGibHourly)) && has(self.cpuCoreHourly) == has(self.memoryGibHourly)")
    .message("give either hourly, or both cpuCoreHourly and memoryGibHourly"))]
#[x_kube(validation = Rule::new("has(self.nodeSelector) != has(self.instanceType)")
    .message("say which nodes: exactly one of nodeSelector and instanceType must be set"))]
#[x_kube(validation = Rule::new("self.free || ((!has(self.hourly) || double(self.hourly) > 0.0) && (!has(self.cpuCoreHourly) || double(self.cpuCoreHourly) > 0.0) && (!has(self.memoryGibHourly) || double(self.memoryGibHourly) > 0.0))")
    .message("a price is zero, which would hide the cost of these nodes: give the price, or say that it is meant with free: true"))]
#[x_kube(validation = Rule::new("!self.free || (has(self.hourly) && double(self.hourly) == 0.0) || (has(self.cpuCoreHourly) && double(self.cpuCoreHourly) == 0.0) || (has(self.memoryGibHourly) && double(self.memoryGibHourly) == 0.0)")
    .message("free: true says that a price of zero is meant, but none is zero: remove free, or set the price to \"0\""))]
pub struct NodePriceEntry {
    /// A name for this entry, each name once; figures that use it say so.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Nodes with these labels. Exactly one of `nodeSelector` and `instanceType` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<LabelSelector>,
    /// Nodes whose label `node.kubernetes.io/instance-type` is this, such as `m5.large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub instance_type: Option<String>,
    /// Only nodes whose label `topology.kubernetes.io/region` is this. Absent: any region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub region: Option<String>,
    /// Only nodes that are paid for in this way: `OnDemand`, `Spot` or `Reserved`. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_type: Option<CapacityType>,
    /// The price of a whole node an hour, such as `"0.096"`; either this or the two below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hourly: Option<Amount>,
    /// The price of a CPU core an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_core_hourly: Option<Amount>,
    /// The price of a GiB of memory an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_gib_hourly: Option<Amount>,
    /// Says that a price of zero is meant, so that such nodes count as costing nothing. Without it a price of zero is
    /// refused, and with it one of the prices must be zero.
    #[serde(default)]
    pub free: bool,
}

/// What nodes cost that no entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("double(self.cpuCoreHourly) > 0.0 && double(self.memoryGibHourly) > 0.0")
    .message("default prices must be above zero, or unknown nodes would seem to cost nothing: give both, or leave default out for Trimtab's own estimate"))]
pub struct UnitPrices {
    /// The price of a CPU core an hour.
    pub cpu_core_hourly: Amount,
    /// The price of a GiB of memory an hour.
    pub memory_gib_hourly: Amount,
}

/// The price of storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoragePrice {
    /// The name of a StorageClass, each name once.
    #[schemars(length(min = 1, max = 253))]
    pub storage_class: String,
    /// The price of a GiB a month of 730 hours.
    pub gib_monthly: Amount,
}

/// A discount on list prices. Of several that fit a node, the first in the list counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    /// A name for it, each name once; figures that use it say so.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Only nodes of this provider: `Aws`, `Gcp`, `Azure` or `OnPremises`. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Only nodes that are paid for in this way: `OnDemand`, `Spot` or `Reserved`. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_type: Option<CapacityType>,
    /// Only instance types that start so, such as `m5.` or `Standard_D`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub instance_type_prefix: Option<String>,
    /// How much less than the list price, in percent. 0 keeps what it fits from the discounts that follow. Nodes that cost
    /// nothing are said by an entry with `free: true`, not by 100.
    #[schemars(range(min = 0, max = 99))]
    pub percent: i32,
}

/// Says what nodes and storage cost here. The first book in the alphabet counts where there are several.
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
    doc = "Says what nodes and storage cost here. The first book in the alphabet counts where there are several.",
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
    /// The currency of every amount in this book, as an ISO 4217 code such as `EUR`. Built-in prices are in USD: with another currency only this book's own
    /// prices are used.
    #[serde(default)]
    pub currency: Currency,
    /// Where these prices come from, for people: a contract, an invoice, a page.
    #[schemars(length(min = 1, max = 253))]
    pub source: String,
    /// The date of these prices, as `2026-07-20`. Every figure that uses them carries it.
    #[schemars(length(min = 10, max = 10), regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), extend("format" = "date"))]
    pub as_of: String,
    /// Prices of nodes. The first entry that fits a node counts; they go before the built-in table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub nodes: Vec<NodePriceEntry>,
    /// What nodes cost that no entry names and the built-in table does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<UnitPrices>,
    /// Prices of storage, by StorageClass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["storageClass"]))]
    pub storage: Vec<StoragePrice>,
    /// Discounts on prices of the built-in table; prices of this book are taken as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub discounts: Vec<Discount>,
}

/// Whether the book can be used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceBookStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is true of it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// How many entries can be used.
    #[serde(default)]
    pub entries: i32,
}
