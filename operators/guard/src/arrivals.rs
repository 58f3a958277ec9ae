//! The approvals that this process saw arrive while the guard was in force. Pure.
//!
//! In: the objects of one kind as a watch shows them, and whether the guard is in force at that moment. Out: whether an
//! approval arrived under it. The dates in `metadata.managedFields` are written by whoever writes the approval, and
//! without the guard nothing makes them truthful. So they alone prove nothing: an approval that existed when this
//! process started watching, or arrived while the guard was not known to be in force, stays unproven until somebody
//! decides again.

use std::collections::HashMap;

use trimtab_api::{Approvable, approval::Approval};

use crate::trust::dates;

/// Namespace and name of an object.
pub type Key = (String, String);

/// The last observation of each object of a kind.
#[derive(Debug, Default)]
pub struct Arrivals(HashMap<Key, Seen>);

#[derive(Debug)]
struct Seen {
    uid: String,
    decision: Option<Decision>,
    under_guard: bool,
}

/// An approval with its dates: one with the same contents but other dates is another decision.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    approval: Approval,
    dates: Vec<String>,
}

fn decision<K: Approvable>(object: &K) -> Option<Decision> {
    object.approval().map(|approval| Decision { approval: approval.clone(), dates: dates(object) })
}

impl Arrivals {
    /// Records an object as observed now: `approved` is the object itself, if it has an approval. `guarded`: the guard is
    /// known to be in force.
    pub fn note<K: Approvable>(&mut self, key: &Key, uid: &str, approved: Option<&K>, guarded: bool) {
        let decision = approved.and_then(decision);
        match self.0.get_mut(key).filter(|seen| seen.uid == uid) {
            None => {
                let seen = Seen { uid: uid.to_owned(), decision, under_guard: false };
                self.0.insert(key.clone(), seen);
            }
            Some(seen) if seen.decision == decision => {}
            Some(seen) => (seen.decision, seen.under_guard) = (decision, guarded),
        }
    }

    /// Forgets an object that is gone.
    pub fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }

    /// Whether the approval of this object was seen to arrive while the guard was in force.
    pub fn came_under_guard<K: Approvable>(&self, object: &K) -> bool {
        let meta = object.meta();
        let key = (meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default());
        self.0.get(&key).is_some_and(|seen| {
            seen.under_guard && meta.uid.as_ref() == Some(&seen.uid) && seen.decision == decision(object)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};
    use trimtab_api::Recommendation;

    use super::{Arrivals, Key};

    fn key() -> Key {
        ("shop".to_owned(), "deploy-web".to_owned())
    }

    fn note(arrivals: &mut Arrivals, recommendation: &Recommendation, guarded: bool) {
        let approved = recommendation.spec.approval.is_some().then_some(recommendation);
        arrivals.note(&key(), recommendation.metadata.uid.as_deref().unwrap(), approved, guarded);
    }

    fn approved(time: Option<&str>) -> Recommendation {
        let approval = time.map_or(
            Value::Null,
            |_| json!({"decision": "Approved", "approver": "bob", "proposalDigest": "sha256:0123"}),
        );
        serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "deploy-web", "namespace": "shop", "uid": "u1", "managedFields": [
                {"manager": "kubectl", "operation": "Update", "apiVersion": "trimtab.dev/v1alpha1", "fieldsType": "FieldsV1",
                 "time": time, "fieldsV1": {"f:spec": {"f:approval": {"f:decision": {}}}}}]},
            "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "proposal": {"containers": [{"name": "app"}]}, "approval": approval},
            "status": {"proposalDigest": "sha256:0123"}}))
        .unwrap()
    }

    #[test]
    fn only_what_arrives_under_the_guard_counts() {
        let (none, first, second) =
            (approved(None), approved(Some("2026-11-21T12:30:00Z")), approved(Some("2026-11-21T12:40:00Z")));
        for (what, seen, asked, expected) in [
            ("never seen", vec![], &first, false),
            ("there at the first look", vec![(&first, true)], &first, false),
            ("there at the first look, and looked at again", vec![(&first, true), (&first, true)], &first, false),
            ("it came", vec![(&none, true), (&first, true)], &first, true),
            ("it came once the guard was back", vec![(&none, false), (&first, true)], &first, true),
            ("it came without the guard", vec![(&none, true), (&first, false)], &first, false),
            ("the guard came back", vec![(&none, true), (&first, false), (&first, true)], &first, false),
            ("the guard went away later", vec![(&none, true), (&first, true), (&first, false)], &first, true),
            ("given again under the guard", vec![(&first, false), (&second, true)], &second, true),
            ("another than the one seen", vec![(&none, true), (&first, true)], &second, false),
            ("another than the one seen last", vec![(&none, true), (&first, true), (&second, false)], &first, false),
        ] {
            let mut arrivals = Arrivals::default();
            for (recommendation, guarded) in seen {
                note(&mut arrivals, recommendation, guarded);
            }
            assert_eq!(arrivals.came_under_guard(asked), expected, "{what}");
        }
        let mut arrivals = Arrivals::default();
        note(&mut arrivals, &none, true);
        arrivals.forget(&key());
        note(&mut arrivals, &first, true);
        assert!(!arrivals.came_under_guard(&first), "what is gone is forgotten");
    }
}
