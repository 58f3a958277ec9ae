//! The target of an autoscaler of either kind.
//!
//! In: its reference. Out: the kind and the name in it, and the workload that it resolves to.

use std::sync::Arc;

use trimtab_core::WorkloadId;

/// The target of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaTarget {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The workload, if it is of a kind that Trimtab sizes.
    pub workload: Option<WorkloadId>,
}
