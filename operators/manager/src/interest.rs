//! Which namespaces are worth sampling: those that some policy selects.
//!
//! In: the policies in their store and the namespaces of the world. Out: a function that answers at any time.

use std::sync::Arc;

use trimtab_api::OptimizationPolicy;
use trimtab_optimization_policy::validate::{Scope, validate};
use trimtab_runtime::store::Store;
use trimtab_usage_profile::NamespacesOfInterest;
use trimtab_world::World;

/// The namespaces that policies select, except those being deleted.
pub fn namespaces(world: Arc<World>, policies: Store<OptimizationPolicy>) -> NamespacesOfInterest {
    Arc::new(move || {
        let scopes: Vec<Scope> =
            policies.entries().iter().filter_map(|(_, p)| Some(validate(p.as_ref().ok()?).ok()?.scope)).collect();
        let selected = |scope: &Scope, namespace: &trimtab_world::row::NamespaceRow| match scope {
            Scope::Names(names) => names.iter().any(|n| **n == *namespace.name),
            Scope::Selector(selector) => selector.matches(|key| namespace.labels.get(key)),
        };
        world
            .namespaces()
            .iter()
            .filter(|n| !n.terminating && scopes.iter().any(|scope| selected(scope, n)))
            .map(|n| n.name.to_string())
            .collect()
    })
}
