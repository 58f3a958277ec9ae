//! The contents of one run: workloads, namespaces, policies. In: [`Args`]. Out: [`World`].

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::{
    args::Args,
    fleet::{self, NAMESPACES, Namespace, RECORDED, Shows, Workload},
    model::Recording,
};

/// How many recorded series are replayed.
const MOST_SERIES: usize = 20;
/// What is applied for the simulated fleet: the repository's examples, and a policy whose rollouts take seconds.
pub(super) const SIMULATED: [&str; 5] = [
    "examples/pricebook-rack.yaml",
    "examples/policy-balanced-namespace.yaml",
    "examples/policy-resilient-databases.yaml",
    "examples/policy-savings-batch.yaml",
    "e2e/demo/policy-quick.yaml",
];
/// What is applied for recorded series.
pub(super) const FOR_RECORDED: [&str; 2] = ["examples/pricebook-rack.yaml", "e2e/demo/policy-recorded.yaml"];

/// The contents of this run of the demo.
pub(super) struct World {
    pub workloads: &'static [Workload],
    pub namespaces: Vec<Namespace>,
    pub policies: &'static [&'static str],
}

/// The simulated fleet, or recorded series.
///
/// # Errors
/// When expected series are missing.
pub(super) fn choose(args: &Args) -> Result<World> {
    // Only simulated nodes kill pods.
    let adapt = |mut w: Workload| {
        w.shows = w.shows.filter(|s| !args.existing_cluster || *s != Shows::OomKills);
        w
    };
    let Some(dir) = &args.series else {
        return Ok(World {
            workloads: Vec::leak(fleet::simulated().into_iter().map(adapt).collect()),
            namespaces: NAMESPACES.to_vec(),
            policies: &SIMULATED,
        });
    };
    let recordings = Recording::read_all(dir, MOST_SERIES, Timestamp::now().as_second())?;
    if recordings.is_empty() {
        bail!("{}: index.csv lists no series", dir.display());
    }
    Ok(World {
        workloads: Vec::leak(fleet::recorded(&recordings)),
        namespaces: vec![RECORDED],
        policies: &FOR_RECORDED,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;

    use trimtab_api::{OptimizationPolicy, PriceBook};
    use trimtab_e2e::repository;

    use super::*;
    use crate::drive::apply;

    #[test]
    fn what_is_applied_are_policies_and_price_books_for_every_namespace_of_the_demo() {
        for (files, namespaces) in [(&SIMULATED[..], &NAMESPACES[..]), (&FOR_RECORDED[..], &[RECORDED][..])] {
            let mut targeted = BTreeSet::new();
            for object in files.iter().flat_map(|f| apply::documents(&repository().join(f)).unwrap()) {
                if object["kind"] == "PriceBook" {
                    let _: PriceBook = serde_json::from_value(object).unwrap();
                } else {
                    let policy: OptimizationPolicy = serde_json::from_value(object).unwrap();
                    targeted.extend(policy.spec.target_namespaces.unwrap());
                }
            }
            for n in namespaces {
                assert!(targeted.contains(n.name), "{}", n.name);
            }
        }
    }
}
