//! Pods in the namespaces of a policy that no workload of a sized kind owns: unless they are reported, a namespace full
//! of them looks as if nothing ran there.
//!
//! In: counts by owner kind. Out: the list in the policy's status, and a sentence. Pure.

use std::{collections::BTreeMap, sync::Arc};

use trimtab_api::optimization_policy::UnownedPods;

use crate::text::{count, cut};

/// Counts by owner kind; `None` for pods without an owner.
pub type Counts = BTreeMap<Option<Arc<str>>, u32>;

/// Maximum number of listed kinds, and maximum length of a kind's name, as bounded by the schema.
const MOST_KINDS: usize = 16;
const LONGEST_KIND: usize = 63;
/// Maximum number of kinds that a sentence names.
const MOST_NAMED: usize = 3;
/// Stands for no owner.
const NOBODY: &str = "None";

/// The sum of the counts of several namespaces.
pub fn sum(counts: impl IntoIterator<Item = Counts>) -> Counts {
    let mut all = Counts::new();
    for (kind, n) in counts.into_iter().flatten() {
        let sum = all.entry(kind).or_default();
        *sum = sum.saturating_add(n);
    }
    all
}

/// The list in the status, most frequent first. A count stays as it was `before` while it has changed by less than a
/// fifth: pods come and go.
pub fn listed(counts: &Counts, before: &[UnownedPods]) -> Vec<UnownedPods> {
    // Names that differ only in the truncated part are merged.
    let mut by_kind: BTreeMap<String, u32> = BTreeMap::new();
    for (kind, n) in counts {
        let sum = by_kind.entry(cut(kind.as_deref().unwrap_or(NOBODY).to_owned(), LONGEST_KIND)).or_default();
        *sum = sum.saturating_add(*n);
    }
    let mut list: Vec<UnownedPods> = by_kind
        .into_iter()
        .map(|(owner_kind, n)| {
            let now = i32::try_from(n).unwrap_or(i32::MAX);
            let stays = |was: &&UnownedPods| {
                was.owner_kind == owner_kind && i64::from(was.pods.abs_diff(now)) * 5 < i64::from(was.pods)
            };
            let pods = before.iter().find(stays).map_or(now, |was| was.pods);
            UnownedPods { owner_kind, pods }
        })
        .collect();
    list.sort_by(|a, b| b.pods.cmp(&a.pods).then_with(|| a.owner_kind.cmp(&b.owner_kind)));
    list.truncate(MOST_KINDS);
    list
}

/// Such as `5 pods there belong to no kind that is sized: 3 of kind Workflow, 2 without an owner`; `None` if there are
/// none.
pub fn sentence(list: &[UnownedPods]) -> Option<String> {
    let total: u64 = list.iter().map(|u| u64::from(u.pods.unsigned_abs())).sum();
    let named = list.iter().take(MOST_NAMED).map(|u| {
        if u.owner_kind == NOBODY {
            format!("{} without an owner", u.pods)
        } else {
            format!("{} of kind {}", u.pods, u.owner_kind)
        }
    });
    let mut parts: Vec<String> = named.collect();
    let rest: u64 = list.iter().skip(MOST_NAMED).map(|u| u64::from(u.pods.unsigned_abs())).sum();
    if rest > 0 {
        parts.push(format!("{rest} of other kinds"));
    }
    let verb = if total == 1 { "belongs" } else { "belong" };
    (total > 0).then(|| format!("{} there {verb} to no sized kind: {}", count(total, "pod"), parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u32)]) -> Counts {
        pairs.iter().map(|(kind, n)| ((!kind.is_empty()).then(|| Arc::from(*kind)), *n)).collect()
    }

    #[test]
    fn a_sentence_names_the_most_frequent_owners() {
        for (found, expected) in [
            (&[][..], None),
            (&[("", 1)][..], Some("1 pod there belongs to no sized kind: 1 without an owner")),
            (
                &[("Workflow", 3), ("", 2)][..],
                Some("5 pods there belong to no sized kind: 3 of kind Workflow, 2 without an owner"),
            ),
            (
                &[("A", 1), ("B", 2), ("C", 3), ("D", 4), ("E", 5)][..],
                Some("15 pods there belong to no sized kind: 5 of kind E, 4 of kind D, 3 of kind C, 3 of other kinds"),
            ),
        ] {
            assert_eq!(sentence(&listed(&counts(found), &[])).as_deref(), expected);
        }
    }

    #[test]
    fn a_count_that_moves_little_stays_and_the_list_is_bounded() {
        let before = listed(&counts(&[("Workflow", 10), ("", 2)]), &[]);
        assert_eq!(listed(&counts(&[("Workflow", 11), ("", 2)]), &before), before);
        let after = listed(&counts(&[("Workflow", 12), ("", 2)]), &before);
        assert_eq!(after[0].pods, 12);
        let names: Vec<String> = (0..40).map(|n| format!("Kind{n}{}", "x".repeat(90))).collect();
        let many: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let list = listed(&counts(&many), &[]);
        assert!(list.len() == 16 && list.iter().all(|u| u.owner_kind.len() <= 63), "{list:?}");
        assert_eq!(sum([counts(&[("A", 1)]), counts(&[("A", 2), ("", 1)])]), counts(&[("A", 3), ("", 1)]));
    }
}
