//! What a change would save, and what it really saved.
//!
//! In: nothing. Out: the types of `status.savings` and `status.realisedSavings`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// What a change saves, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Savings {
    /// Per month of 730 hours over all pods, as a decimal; negative where the change costs.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// The currency of the amount.
    pub currency: Currency,
    /// Where the prices of its nodes come from.
    #[schemars(length(max = 512))]
    pub price_source: String,
    /// The date of those prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub as_of: Option<String>,
    /// Whether a price is a stated estimate.
    #[serde(default)]
    pub estimated: bool,
    /// How many pods the amount is for.
    pub pods: i32,
    /// What of `monthly` can lower the bill; absent where all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub realisable_monthly: Option<String>,
    /// Why the rest cannot; absent where all of it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_realisable: Option<NotRealisable>,
}

/// Why savings cannot be realised: CPU and memory become free, and no node can be given back for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRealisable {
    /// Why, in one CamelCase word: `GpuNode`.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The same in plain words.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// What a change really saved, by what the pods asked for and what their nodes cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RealisedSavings {
    /// Per month of 730 hours at the present number of pods, as a decimal; negative where the change costs.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub monthly: String,
    /// Saved since the change, as a decimal.
    #[schemars(length(max = 24), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"))]
    pub total: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Pods that really have the new size now.
    pub pods: i32,
    /// Since when it counts.
    pub since: Time,
    /// Until when `total` is counted.
    pub until: Time,
}
