#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::{Crds, Fact, Lead, Operator, absence, crds, operator};
use crate::testkit::now;

#[test]
fn a_lease_says_who_leads() {
    let of = |spec: serde_json::Value| {
        let lease = json!({"metadata": {"creationTimestamp": "2026-11-21T11:00:00Z"}, "spec": spec});
        Lead::from(Some(serde_json::from_value(lease).unwrap()))
    };
    let held = |renewed: &str, expires: &str| {
        let (renewed, expires) = (renewed.parse().unwrap(), expires.parse().unwrap());
        Lead::Held(Operator { holder: "trimtab-1".to_owned(), renewed, expires })
    };
    assert_eq!(Lead::from(None), Lead::Absent);
    // As it is released, by this program and by others.
    for released in
        [json!(null), json!({"leaseTransitions": 3}), json!({"holderIdentity": "", "leaseDurationSeconds": 1})]
    {
        assert_eq!(of(released.clone()), Lead::Released, "{released}");
    }
    let renewed =
        json!({"holderIdentity": "trimtab-1", "leaseDurationSeconds": 15, "renewTime": "2026-11-21T11:59:57.000000Z"});
    assert_eq!(of(renewed), held("2026-11-21T11:59:57Z", "2026-11-21T12:00:12Z"));
    let never_renewed = json!({"holderIdentity": "trimtab-1"});
    assert_eq!(of(never_renewed), held("2026-11-21T11:00:00Z", "2026-11-21T11:00:00Z"));
}

#[test]
fn held_expired_released_and_absent_are_told_apart() {
    let until = |expires: &str| {
        Lead::Held(Operator {
            holder: "trimtab-1".to_owned(),
            renewed: "2026-11-21T11:59:00Z".parse().unwrap(),
            expires: expires.parse().unwrap(),
        })
    };
    let (held, expired) = (until("2026-11-21T12:00:10Z"), until("2026-11-21T11:59:49Z"));
    assert_eq!(absence(&held, now()), None);
    let gone = absence(&expired, now()).unwrap();
    assert_eq!(gone.text, "no Trimtab is running (trimtab-1 led until 11s ago)");
    assert!(gone.is_certain);
    for (lead, says) in [
        (Lead::Released, "the Lease trimtab-controller is released: the Trimtab that led has ended"),
        (Lead::Absent, "there is no Lease trimtab-controller: Trimtab is not installed there, has never led"),
    ] {
        let absence = absence(&lead, now()).unwrap();
        assert!(!absence.is_certain && absence.text.contains(says), "{absence:?}");
        assert!(operator(&Fact::Known(lead), now()).text.contains(says));
    }
    assert_eq!(operator(&Fact::Known(held.clone()), now()).text, "trimtab-1 leads, seen 60s ago");
    assert_eq!(operator(&Fact::Known(expired), now()).text, "gone: trimtab-1 led until 11s ago");
    let data = json!([held, Lead::Released, Lead::Absent]);
    assert_eq!((&data[0]["holder"], &data[1], &data[2]), (&json!("trimtab-1"), &json!(null), &json!(null)));
}

#[test]
fn what_is_said_about_older_crds_helps_where_somebody_edited_them() {
    let lack = Some("recommendations.trimtab.dev lacks status.risk".to_owned());
    let said = crds(&Fact::Known(Crds { current: false, lack, accept: None })).text;
    assert!(said.starts_with("recommendations.trimtab.dev lacks status.risk, which trimtab "), "{said}");
    assert!(said.ends_with(" needs: kubectl apply --server-side --force-conflicts -f crds/"), "{said}");
}
