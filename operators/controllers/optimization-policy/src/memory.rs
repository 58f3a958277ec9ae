//! State kept between passes. All of it can be recovered from the cluster: losing it costs a full pass.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;
use trimtab_core::WorkloadId;
use trimtab_runtime::undecodable::Told;

use crate::{feed::UnusableUsage, outcome::Tally};

/// A Recommendation by its namespace and name.
pub type Name = (String, String);

/// The coverage of the last full pass.
#[derive(Debug)]
pub struct Before {
    /// When, in seconds since the epoch.
    pub(crate) at_s: i64,
    /// Which workloads.
    pub(crate) workloads: BTreeSet<WorkloadId>,
}

/// State kept between passes.
#[derive(Debug, Default)]
pub struct Memory {
    /// The outcome of each assigned workload, and the policy that decided.
    pub tallies: BTreeMap<WorkloadId, (String, Tally)>,
    /// The digest last written for each workload.
    pub written: HashMap<WorkloadId, String>,
    /// The coverage of the last full pass.
    pub before: Option<Before>,
    /// Up to which time usage was read.
    pub read_until_s: i64,
    /// The problem with each policy's usage.
    pub faults: HashMap<String, UnusableUsage>,
    /// How many Recommendations the last pass wrote or deleted, or tried to.
    pub writes: usize,
    /// Whether the last pass failed: Trimtab itself could not work. What others refuse is no failure.
    pub is_failing: bool,
    /// Workloads whose Recommendation could not be written, with the error.
    pub failed: BTreeMap<WorkloadId, String>,
    /// Proposals of people whose risk could not be written, with the digest that it rates.
    pub unassessed: HashMap<Name, String>,
    /// Policies that do not decode, with the error last written to their status.
    pub undecodable: Told,
    /// The last report about a workload's annotations, so that it is not repeated in each pass.
    pub told: Mutex<HashMap<WorkloadId, String>>,
    /// For each policy, the unmatched names already reported.
    pub told_names: HashMap<String, BTreeSet<String>>,
}
