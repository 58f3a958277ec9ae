//! Parameters of actions on volume claims.
//!
//! In: nothing. Out: the types of members of a step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NAME_PATTERN;
use crate::{quantity::Quantity, time::Duration};

/// Parameters of `ExpandVolume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpandVolume {
    /// The new size, such as `50Gi`. A volume cannot be made smaller again.
    pub size: Quantity,
    /// The largest size to which the claim may ever be expanded by an action. If the new size is above it, the action is
    /// refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
}

/// Parameters of `SnapshotVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotVolume {
    /// The name of the VolumeSnapshotClass. If not set, the default class of the driver of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub class: Option<String>,
}

/// Whether a snapshot is taken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SnapshotFirst {
    /// A snapshot is taken, and must be ready to use.
    Required,
    /// No snapshot is taken. All data of the claim is lost.
    Waived,
}

/// Parameters of `RecreateVolumeClaim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecreateVolumeClaim {
    /// Whether a snapshot is taken first. `Required`: the new claim is filled from it. `Waived`: the new claim is empty,
    /// and all data of the old one is lost.
    pub snapshot: SnapshotFirst,
    /// The name of the VolumeSnapshotClass. If not set, the default class of the driver of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub class: Option<String>,
}

/// Parameters of `DeleteOrphanedVolumeClaim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteOrphanedVolumeClaim {
    /// The minimum age of the claim, such as `30d`. A younger one is not deleted.
    pub min_age: Duration,
    /// The name of the VolumeSnapshotClass. If not set, the default class of the driver of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub class: Option<String>,
}
