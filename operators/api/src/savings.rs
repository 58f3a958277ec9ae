//! The expected and actual savings from a change.
//!
//! In: nothing. Out: the types of `status.savings` and `status.realisedSavings`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// The savings from a change, and how they were calculated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Savings {
    /// Savings per month of 730 hours for all pods, as a decimal. Negative if the change costs more than it saves.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// The currency of the amount.
    pub currency: Currency,
    /// The source of the node prices.
    #[schemars(length(max = 512))]
    pub price_source: String,
    /// The date of those prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub as_of: Option<String>,
    /// Whether a price is an estimate.
    #[serde(default)]
    pub estimated: bool,
    /// The number of pods that the amount is for.
    pub pods: i32,
    /// The part of `monthly` that can lower the bill. Not set if all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub realisable_monthly: Option<String>,
    /// Why the rest cannot lower the bill. Not set if all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_realisable: Option<NotRealisable>,
}

/// Why savings cannot be realised: CPU and memory become free, but no node can be removed because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRealisable {
    /// The reason in CamelCase: `GpuNode`.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The reason as text.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// The actual savings from a change, calculated from the requests of the pods and the prices of their nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RealisedSavings {
    /// Savings per month of 730 hours for the current number of pods, as a decimal. Negative if the change costs more
    /// than it saves.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// Total savings since the change, as a decimal.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub total: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The number of pods that currently have the new size.
    pub pods: i32,
    /// The time since which savings are counted.
    pub since: Time,
    /// The time until which `total` is counted.
    pub until: Time,
}
