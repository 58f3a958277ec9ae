//! What passes remember from one to the next. All of it can be found again from the cluster: losing it costs a full pass.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;
use trimtab_core::WorkloadId;
use trimtab_runtime::undecodable::Told;

use crate::{feed::UnusableUsage, outcome::Tally};

/// A recommendation by its namespace and name.
pub type Name = (String, String);

/// What the last full pass looked at.
#[derive(Debug)]
pub struct Before {
    /// When, in seconds since the epoch.
    pub(crate) at_s: i64,
    /// Which workloads.
    pub(crate) workloads: BTreeSet<WorkloadId>,
}

/// What is remembered between passes.
#[derive(Debug, Default)]
pub struct Memory {
    /// What came of each assigned workload, and the policy that decided.
    pub tallies: BTreeMap<WorkloadId, (String, Tally)>,
    /// The digest last written for each workload.
    pub written: HashMap<WorkloadId, String>,
    /// What the last full pass looked at.
    pub before: Option<Before>,
    /// Up to which time usage was read.
    pub read_until_s: i64,
    /// What was wrong with the usage of each policy.
    pub faults: HashMap<String, UnusableUsage>,
    /// Workloads whose recommendation could not be written, with the error.
    pub failed: BTreeMap<WorkloadId, String>,
    /// Proposals of people whose risk could not be written, with the digest that it was about.
    pub unassessed: HashMap<Name, String>,
    /// Policies that do not decode, with the error that was last written into their status.
    pub undecodable: Told,
    /// What was last told of a workload's annotations, so that the same news is not told again in each pass.
    pub told: Mutex<HashMap<WorkloadId, String>>,
    /// For each policy, what was told of names that match nothing.
    pub told_names: HashMap<String, BTreeSet<String>>,
}
