//! How a new size is made to last.
//!
//! In: nothing. Out: the type of `spec.delivery` of a policy, and of `delivery` of a rollout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a new size is made to last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeliveryMode {
    /// Admission where the server has it, else Manual where GitOps owns the workload, else Template.
    #[default]
    Auto,
    /// New pods get the size from an admission policy; the template is not touched.
    Admission,
    /// The workload's template is patched.
    Template,
    /// A pull request, which cannot be made yet.
    Git,
    /// A person applies the patch in the status.
    Manual,
}

/// How a new size is made to last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The way that is taken. `Admission`: new pods get the size from an admission policy, the template is not touched.
    /// `Template`: the workload's template is patched, which restarts its pods. `Git`: a pull request, which cannot be
    /// made yet: with it nothing is carried out. `Manual`: a person applies the patch that stands in the recommendation's
    /// status. `Auto`: Admission where the server has it, else Manual where GitOps owns the workload, else Template.
    #[serde(default)]
    pub mode: DeliveryMode,
}
