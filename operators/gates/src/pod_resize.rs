//! What the API server lets change in a running pod. In: its discovery and version. Out: one of three answers.

use k8s_openapi::apimachinery::pkg::version::Info;
use trimtab_core::server;

/// The first minor version of Kubernetes 1 that lowers a memory limit without a restart of the container.
const LOWERS_LIMITS: u32 = 34;

/// What the API server lets change in a running pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodResize {
    /// Nothing: it has no `pods/resize`.
    Absent,
    /// All but one thing: memory limits are lowered only where the container's `resizePolicy` restarts it.
    KeepsMemoryLimits,
    /// All that can be resized.
    Full,
}

impl PodResize {
    /// `served`: whether the API server has `pods/resize`. A version that is no number counts as a new one: then the
    /// server itself refuses what it does not allow.
    ///
    /// The rule is in the code of 1.33 and behind no feature, so a later server does not have it however it is started.
    pub fn of(served: bool, version: &Info) -> Self {
        match server::minor(version) {
            _ if !served => Self::Absent,
            Some(minor) if minor < LOWERS_LIMITS => Self::KeepsMemoryLimits,
            _ => Self::Full,
        }
    }

    /// Whether pods can be resized in place at all.
    pub fn is_served(self) -> bool {
        self != Self::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PodResize::{Absent, Full, KeepsMemoryLimits};

    #[test]
    fn only_a_server_that_is_known_to_be_old_keeps_memory_limits() {
        for (served, major, minor, expected) in [
            (true, "1", "33", KeepsMemoryLimits),
            (true, "1", "33+", KeepsMemoryLimits),
            (true, "1", "33-gke.1", KeepsMemoryLimits),
            (true, "1", "34", Full),
            (true, "1", "34+", Full),
            (true, "1", "100", Full),
            (true, "2", "0", Full),
            (true, "1", "", Full),
            (true, "1", "+", Full),
            (true, "", "", Full),
            (true, "1", "99999999999999999999", Full),
            (false, "1", "33", Absent),
            (false, "1", "36", Absent),
            (false, "", "", Absent),
        ] {
            let version = Info { major: major.to_owned(), minor: minor.to_owned(), ..Info::default() };
            assert_eq!(PodResize::of(served, &version), expected, "{served} {major:?} {minor:?}");
        }
    }

    #[test]
    fn the_version_of_the_code_counts_and_not_the_one_that_is_emulated() {
        let version = Info {
            major: "1".to_owned(),
            minor: "36".to_owned(),
            emulation_major: Some("1".to_owned()),
            emulation_minor: Some("33".to_owned()),
            ..Info::default()
        };
        assert_eq!(PodResize::of(true, &version), Full);
    }
}
