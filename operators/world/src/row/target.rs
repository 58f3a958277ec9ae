//! What an autoscaler of either kind is about.
//!
//! In: its reference. Out: the kind and the name that it says, and the workload that this is.

use std::sync::Arc;

use trimtab_core::WorkloadId;

/// What an autoscaler scales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaTarget {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The workload that it is, when it is one of the kinds that Trimtab sizes.
    pub workload: Option<WorkloadId>,
}
