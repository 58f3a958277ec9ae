//! Since when approvals are guarded without a gap. Pure.
//!
//! In: the objects of the guard, whenever all are seen as this or an earlier release shipped them. Out: since when, at the
//! latest, one such guard after the other is in force. The API server increments the generation of an object with every
//! change of its spec. So where the generation has grown by one since the last look, nothing was there in between: the
//! guard of one release was replaced by that of another in one write, and each API server evaluates the one or the other.
//! Where it has grown by more, or the object is another, the guard may have been altered meanwhile.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::check::{Found, since};

/// Identifies an object and its spec.
type Version = (Option<String>, Option<i64>);

/// The guard as it was last seen, and since when there is no gap.
#[derive(Debug, Default)]
pub(crate) struct Unbroken(Option<(Vec<Version>, Timestamp)>);

impl Unbroken {
    /// Since when, at the latest, approvals are guarded; `None` if the API server does not say when the objects were
    /// created.
    pub(crate) fn since(&mut self, guard: &[Found<'_>], now: Timestamp) -> Option<Timestamp> {
        let version =
            |meta: Option<&ObjectMeta>| meta.map(|meta| (meta.uid.clone(), meta.generation)).unwrap_or_default();
        let both = |(policy, binding): &Found<'_>| {
            [version(policy.map(|policy| &policy.metadata)), version(binding.map(|binding| &binding.metadata))]
        };
        let seen: Vec<Version> = guard.iter().flat_map(both).collect();
        let unbroken = self.0.as_ref().filter(|(before, _)| follows(before, &seen)).map(|(_, since)| *since);
        let since = unbroken.or_else(|| youngest(guard, now))?;
        self.0 = Some((seen, since));
        Some(since)
    }
}

/// Since when, at the latest, each of the objects is in force. An earlier release may have shipped fewer.
fn youngest(guard: &[Found<'_>], now: Timestamp) -> Option<Timestamp> {
    let shipped = guard.iter().filter_map(|(policy, binding)| policy.zip(*binding));
    shipped.map(|(policy, binding)| since(policy, binding, now)).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Whether at most one write lies between two looks. Two writes, one of each object, may have been made in either order:
/// in between, the rules of one release were bound as another release binds them.
fn follows(before: &[Version], seen: &[Version]) -> bool {
    let mut writes = 0;
    for ((uid, generation), (uid_seen, generation_seen)) in before.iter().zip(seen) {
        let grown = match (generation, generation_seen) {
            _ if uid != uid_seen => return false,
            (None, None) => 0,
            (Some(before), Some(seen)) if seen >= before => seen.saturating_sub(*before),
            _ => return false,
        };
        writes += i64::min(grown, 2);
    }
    writes <= 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::Unbroken;

    const INSTALLED: &str = "2026-11-21T10:00:00Z";
    const STARTED: &str = "2026-11-21T12:00:00Z";
    const LATER: &str = "2026-11-21T13:00:00Z";

    /// The uid and the generation of the policy, and of the binding.
    type Look = ((&'static str, i64), (&'static str, i64));

    fn object(uid: &str, generation: i64) -> Value {
        json!({"metadata": {"uid": uid, "generation": generation, "creationTimestamp": INSTALLED}})
    }

    fn since(looks: &[(Look, &str)]) -> String {
        let mut unbroken = Unbroken::default();
        let mut found = None;
        for (((policy, of_policy), (binding, of_binding)), now) in looks {
            let policy = serde_json::from_value(object(policy, *of_policy)).unwrap();
            let binding = serde_json::from_value(object(binding, *of_binding)).unwrap();
            found = unbroken.since(&[(Some(&policy), Some(&binding))], now.parse().unwrap());
        }
        found.unwrap().to_string()
    }

    #[test]
    fn one_write_leaves_no_gap_and_two_may() {
        let first = (("p", 1), ("b", 1));
        let cases: [(&str, Look, &str); 9] = [
            ("nothing was written", first, INSTALLED),
            ("the policy of another release", (("p", 2), ("b", 1)), INSTALLED),
            ("the binding of another release", (("p", 1), ("b", 2)), INSTALLED),
            ("altered, and replaced", (("p", 3), ("b", 1)), LATER),
            ("both in either order", (("p", 2), ("b", 2)), LATER),
            ("created again", (("q", 1), ("b", 1)), INSTALLED),
            ("created again, and altered", (("q", 2), ("b", 1)), LATER),
            ("the binding created again, and altered", (("p", 1), ("c", 2)), LATER),
            ("an older state", (("p", 0), ("b", 1)), LATER),
        ];
        for (what, second, expected) in cases {
            assert_eq!(since(&[(first, STARTED), (second, LATER)]), expected, "{what}");
        }
    }

    #[test]
    fn what_was_written_over_before_is_guarded_since_it_was_first_seen() {
        let at = |generation: i64| (("p", generation), ("b", 1));
        assert_eq!(since(&[(at(3), STARTED)]), STARTED);
        assert_eq!(since(&[(at(3), STARTED), (at(3), LATER)]), STARTED);
        assert_eq!(since(&[(at(3), STARTED), (at(4), LATER)]), STARTED, "one release replaced another");
        assert_eq!(since(&[(at(3), STARTED), (at(5), LATER)]), LATER);
        assert_eq!(since(&[(at(3), STARTED), (at(4), LATER), (at(5), LATER)]), STARTED, "an upgrade and the way back");
    }

    /// Each by itself was written once: in between, the rules of two releases were in force side by side.
    #[test]
    fn of_several_policies_all_follow_one_another_or_none() {
        let read = |(uid, generation): (&str, i64)| serde_json::from_value(object(uid, generation)).unwrap();
        let look = |unbroken: &mut Unbroken, second: i64, third: i64, now: &str| {
            let (first, binding, other) =
                (read(("p", second)), serde_json::from_value(object("b", 1)).unwrap(), read(("q", third)));
            let both = [(Some(&first), Some(&binding)), (Some(&other), Some(&binding))];
            unbroken.since(&both, now.parse().unwrap()).unwrap().to_string()
        };
        let mut unbroken = Unbroken::default();
        assert_eq!(look(&mut unbroken, 1, 1, STARTED), INSTALLED);
        assert_eq!(look(&mut unbroken, 2, 1, LATER), INSTALLED);
        assert_eq!(look(&mut unbroken, 3, 2, LATER), LATER);
    }
}
