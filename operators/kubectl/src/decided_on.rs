//! The kinds that people decide on, and what differs between them.
//!
//! In: objects. Out: what each kind says of itself: how it is called, what keeps a decision on it from being made, and what
//! holds it up. What decides, words, records and follows a decision is written once, over this trait. Pure.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResourceExt;
use serde::{Serialize, de::DeserializeOwned};
use trimtab_api::{Approvable, approval::Decision, gates::ClosedGate, remediation::identity::Identity, risk::Risk};

/// What there is against a decision, because of what happened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It can never be made.
    Never(String),
    /// The same decision was made before and does not count any more: only one that is made anew can.
    Anew(String),
}

/// A kind that people decide on.
pub trait DecidedOn:
    Approvable + CustomResourceExt + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What an object is called in a sentence.
    const NOUN: &'static str;
    /// What is done once it is approved, as in "to begin the …".
    const RUN: &'static str;
    /// The ClusterRole that lets people decide on it, if one is shipped.
    const ROLE: Option<&'static str>;
    /// Whether `spec.approver` says who decided, with their groups.
    const HAS_APPROVER: bool;

    /// `spec.approver`.
    fn approver(&self) -> Option<&Identity>;

    /// The conditions that its status shows.
    fn conditions(&self) -> &[Condition];

    /// The gates that are closed.
    fn gates(&self) -> &[ClosedGate];

    /// The risk of what its status shows. `None` where it is not assessed.
    fn risk(&self) -> Option<&Risk>;

    /// Whether it counts as High while its risk is not assessed.
    fn is_high_until_assessed(&self) -> bool;

    /// Whether it begins only once somebody has approved it.
    fn needs_approval(&self) -> bool;

    /// What there is against this decision.
    fn hindrance(&self, decision: Decision, digest: &str) -> Option<Hindrance>;

    /// Whether something is under way or in force that a rejection undoes.
    fn is_undoable(&self) -> bool;

    /// The command that shows more of it.
    fn shown_by(&self) -> String;

    /// Whether the rejection in it has undone something already, and something before that is left to be undone.
    fn is_spent(&self) -> bool;
}

/// Whether people mean the kind by this word: by its short name, singular or plural, or by its name, with or without the
/// group.
pub fn is_word_for<K: DecidedOn>(word: &str) -> bool {
    let (resource, singular) = (K::crd_name(), K::KIND.to_ascii_lowercase());
    let short = K::shortnames().iter().any(|short| word == *short || word.strip_suffix('s') == Some(*short));
    short || word == singular || word == resource || resource.split('.').next() == Some(word)
}

/// The name in `KIND/NAME`, where the kind is this one.
pub fn name_in<K: DecidedOn>(text: &str) -> Option<&str> {
    text.split_once('/').and_then(|(word, name)| is_word_for::<K>(word).then_some(name))
}

#[cfg(test)]
mod tests {
    use trimtab_api::{recommendation::Recommendation, remediation::spec::RemediationAction};

    use super::*;

    #[test]
    fn a_kind_is_found_by_whatever_word_kubectl_accepts_for_it() {
        for word in ["rec", "recs", "recommendation", "recommendations", "recommendations.trimtab.dev"] {
            assert!(is_word_for::<Recommendation>(word) && !is_word_for::<RemediationAction>(word), "{word}");
        }
        for word in ["ra", "ras", "remediationaction", "remediationactions", "remediationactions.trimtab.dev"] {
            assert!(is_word_for::<RemediationAction>(word) && !is_word_for::<Recommendation>(word), "{word}");
        }
        for word in ["", "s", "r", "deploy", "recommendations.apps", "trimtab"] {
            assert!(!is_word_for::<Recommendation>(word) && !is_word_for::<RemediationAction>(word), "{word}");
        }
        assert_eq!(name_in::<RemediationAction>("ra/drain"), Some("drain"));
        assert_eq!(name_in::<RemediationAction>("drain"), None);
        assert_eq!(name_in::<Recommendation>("deploy/web"), None);
    }
}
