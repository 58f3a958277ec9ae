//! Which policy takes precedence if several select the same workload.
//!
//! The rule, as the API states it: the greater priority, then the older policy, then the first name in alphabetical
//! order. So the answer never depends on the order in which objects arrive. Pure.

use std::cmp::Ordering;

use crate::validate::ValidatedPolicy;

/// Orders policies by precedence: the one that counts comes first.
pub fn by_precedence(a: &ValidatedPolicy, b: &ValidatedPolicy) -> Ordering {
    b.priority
        .cmp(&a.priority)
        // A policy without a time has not been stored yet, so it is the youngest.
        .then_with(|| a.created.is_none().cmp(&b.created.is_none()))
        .then_with(|| a.created.cmp(&b.created))
        .then_with(|| a.name.cmp(&b.name))
}
