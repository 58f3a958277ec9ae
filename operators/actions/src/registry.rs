//! The registry: all actions, in the order of the documentation.
//!
//! In: the name of an action. Out: its entry.

use crate::{
    action::Action,
    families::{
        configuration, delivery, evidence, jobs, network, nodes, privileged, rollouts, scaling, storage, template,
        workloads,
    },
};

/// The entries of each file. Those of one family follow each other.
const FILES: [&[Action]; 12] = [
    workloads::ACTIONS,
    rollouts::ACTIONS,
    template::ACTIONS,
    scaling::ACTIONS,
    jobs::ACTIONS,
    configuration::ACTIONS,
    privileged::ACTIONS,
    nodes::ACTIONS,
    storage::ACTIONS,
    network::ACTIONS,
    delivery::ACTIONS,
    evidence::ACTIONS,
];

/// Every action.
pub fn all() -> impl Iterator<Item = &'static Action> {
    FILES.into_iter().flatten()
}

/// Every action that is available where nobody chose otherwise.
pub fn on_by_default() -> impl Iterator<Item = &'static Action> {
    all().filter(|action| action.is_on_by_default())
}

/// The action of this name; `None` if there is none.
#[must_use]
pub fn named(name: &str) -> Option<&'static Action> {
    all().find(|action| action.name == name)
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
