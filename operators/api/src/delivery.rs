//! How a new size is made permanent.
//!
//! In: nothing. Out: the type of `spec.delivery` of a policy, and of `delivery` of a rollout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a new size is made permanent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeliveryMode {
    /// Admission if the API server supports it, otherwise Manual if the workload is managed by GitOps, otherwise
    /// Template.
    #[default]
    Auto,
    /// An admission policy sets the size on new pods. The pod template is not changed.
    Admission,
    /// The pod template of the workload is patched.
    Template,
    /// A pull request. Not supported yet.
    Git,
    /// A person applies the patch from the status.
    Manual,
}

/// How a new size is made permanent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The delivery mode. `Admission`: an admission policy sets the size on new pods, and the pod template is not
    /// changed. `Template`: the pod template is patched, which restarts the pods. `Git`: a pull request. It is not
    /// supported yet: with it, no change is applied. `Manual`: a person applies the patch from the recommendation's
    /// status. `Auto`: Admission if the API server supports it, otherwise Manual if the workload is managed by
    /// GitOps, otherwise Template.
    #[serde(default)]
    pub mode: DeliveryMode,
}
