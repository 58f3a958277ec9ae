#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn what_cannot_be_seen_is_not_gone() {
    let history = WorkloadHistory { uid: "u-1".to_owned(), rejected: None, undone: None };
    for (key, uid, hidden, expected) in [
        ("Deployment/web", Some("u-1"), false, false),
        ("Deployment/web", Some("u-2"), false, true),
        ("Deployment/web", None, false, true),
        ("Deployment/web", None, true, false),
        ("Deployment/web", Some("u-2"), true, false),
        // A kind that only another Trimtab sizes.
        ("CloneSet.apps.kruise.io/web", None, false, false),
    ] {
        let all = BTreeMap::from([(key.to_owned(), history.clone())]);
        let found = gone(&all, "shop", |_| uid.map(str::to_owned), |_| hidden);
        assert_eq!(!found.is_empty(), expected, "{key} {uid:?} {hidden}");
    }
}
