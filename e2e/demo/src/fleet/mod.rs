//! The demo's workloads, of well-known kinds, each with its expected outcome.
//!
//! In: nothing, or recorded series. Out: [`Workload`]s, from which manifests, usage and expectations are derived. Pure.

mod batch;
mod data;
mod expect;
mod platform;
mod recorded;
mod shop;
mod workload;

pub use expect::{Change, Expect, Shows};
pub use recorded::recorded;
pub use workload::{Autoscaler, Container, Kind, Pool, Workload};

/// A namespace of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: &'static str,
    /// Minimum CPU (millicores) and memory (MiB) of a container, by a LimitRange.
    pub least: Option<(u32, u32)>,
    /// Total CPU (cores) and memory (GiB) that may be requested, by a ResourceQuota.
    pub quota: Option<(u32, u32)>,
}

/// The namespaces of the simulated fleet.
pub const NAMESPACES: [Namespace; 4] = [
    Namespace { name: "shop", least: Some((20, 48)), quota: None },
    Namespace { name: "platform", least: None, quota: None },
    Namespace { name: "data", least: None, quota: Some((16, 48)) },
    Namespace { name: "batch", least: None, quota: None },
];

/// The namespace of recorded series.
pub const RECORDED: Namespace = Namespace { name: "recorded", least: None, quota: None };

/// The simulated fleet.
pub fn simulated() -> Vec<Workload> {
    [shop::workloads(), platform::workloads(), data::workloads(), batch::workloads()].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_workload_has_a_name_of_its_own_in_a_namespace_of_the_demo() {
        let fleet = simulated();
        assert!(fleet.len() >= 18, "{}", fleet.len());
        let names: BTreeSet<_> = fleet.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(names.len(), fleet.len());
        for w in &fleet {
            assert!(NAMESPACES.iter().any(|n| n.name == w.namespace), "{}", w.name);
            let containers: BTreeSet<_> = w.containers.iter().chain(&w.init).map(|c| c.name.as_str()).collect();
            assert_eq!(containers.len(), w.containers.len() + usize::from(w.init.is_some()), "{}", w.name);
        }
    }

    #[test]
    fn all_kinds_of_outcome_are_among_them() {
        let fleet = simulated();
        let any = |f: &dyn Fn(&Workload) -> bool| fleet.iter().any(f);
        let to = |cpu, memory| move |w: &Workload| w.expect == Expect::Recommended { cpu, memory };
        assert!(any(&to(Change::Down, Change::Down)) && any(&to(Change::Up, Change::Up)));
        assert!(any(&to(Change::Keep, Change::Down)) && any(&to(Change::Down, Change::Keep)));
        assert!(any(&|w| w.expect == Expect::RightSized));
        assert!(any(&|w| w.expect == Expect::Skipped("OptedOut")));
        assert!(any(&|w| w.expect == Expect::Skipped("InsufficientHistory")));
    }
}
