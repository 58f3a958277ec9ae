#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use trimtab_api::OptimizationPolicy;

use super::{Crds, EmergencyStop, Guard, Lead, Seen, overview, screen};
use crate::{
    health::Operator,
    paint::Paint,
    testkit::{now, rec, rollout},
};

fn policy() -> OptimizationPolicy {
    serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": "services"},
        "spec": {"targetNamespaces": ["shop"], "verification": {"window": "15m"}},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Analyzed", "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}],
            "workloads": {"selected": 9, "recommended": 4, "rightSized": 3, "skipped": 2}, "savings": {"monthly": "40.5", "currency": "USD"}}}))
    .unwrap()
}

fn seen() -> Seen {
    let applied = json!({"metadata": {"name": "sts-db"}, "status": {
        "conditions": [{"type": "Ready", "status": "True", "reason": "Applied", "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}],
        "rollout": rollout(json!({"stage": "Ended", "result": "Applied"})),
        "realisedSavings": {"monthly": "11", "total": "0.42", "currency": "USD", "pods": 3, "since": "2026-11-20T12:00:00Z", "until": "2026-11-21T12:00:00Z"}}});
    let rolling = json!({"metadata": {"name": "deploy-api"}, "status": {
        "conditions": [{"type": "Ready", "status": "False", "reason": "Verifying", "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}],
        "rollout": rollout(json!({"stage": "Verifying", "step": 3, "progress": "10/10"}))}});
    Seen {
        operator: Ok(Lead::Held(Operator {
            holder: "trimtab-7d9f8c6b5-x2x9z".to_owned(),
            renewed: "2026-11-21T11:59:57Z".parse().unwrap(),
            expires: "2026-11-21T12:00:12Z".parse().unwrap(),
        })),
        emergency_stop: Ok(None),
        guard: Ok(Guard::in_force()),
        sizes_admission: Ok(Guard::in_force()),
        crds: Ok(Crds { current: true, ..Crds::default() }),
        policies: Ok(vec![policy()]),
        recommendations: vec![
            rec(json!({})),
            rec(json!({"metadata": {"name": "deploy-mail"}})),
            rec(applied),
            rec(rolling),
        ],
        scope: None,
    }
}

#[test]
fn one_screen_says_how_things_stand() {
    let text = screen(&overview(&seen()), now(), Paint(false));
    let expected = "\
Operator         trimtab-7d9f8c6b5-x2x9z leads, seen 3s ago
Emergency stop   off
Approval guard   in force
New pods         sizes by admission: in force
CRDs             as trimtab VERSION needs them

POLICIES
  NAME       STATUS     SELECTED   RECOMMENDED   SAVINGS A MONTH
  services   Analyzed   9          4             40.50 USD

RECOMMENDATIONS
  STATUS            COUNT   SAVINGS A MONTH
  Applied           1       12.30 USD
  PendingApproval   2       24.60 USD
  Verifying         1       12.30 USD

ROLLOUTS IN PROGRESS
  RECOMMENDATION    WORKLOAD         PROGRESS
  shop/deploy-api   Deployment/web   step 3/3, pods 10/10: verifying until 2026-11-21 12:13:00Z

REALISED SAVINGS
  11.00 USD a month now, 0.42 USD in all, by 1 change
";
    assert_eq!(text, expected.replace("VERSION", env!("CARGO_PKG_VERSION")), "{text}");
}

#[test]
fn what_is_wrong_is_said_and_what_is_not_known_is_not_guessed() {
    let emergency_stop = EmergencyStop {
        by: Some("ada".into()),
        reason: Some("incident".into()),
        since: Some("2026-11-21T11:00:00Z".into()),
    };
    let mut bad = seen();
    let led = bad.operator.unwrap().holder().unwrap().clone();
    bad.operator = Ok(Lead::Held(Operator { expires: "2026-11-21T11:00:00Z".parse().unwrap(), ..led }));
    bad.emergency_stop = Ok(Some(emergency_stop));
    bad.guard = Ok(Guard::lacking("its binding is missing", "apply it"));
    bad.sizes_admission = Ok(Guard::lacking("its binding is missing too", "apply it"));
    bad.crds = Ok(Crds { current: false, lack: Some("pricebooks.trimtab.dev lacks status.x".into()), accept: None });
    bad.policies = Err("no right".into());
    bad.recommendations.clear();
    bad.scope = Some("shop".into());
    let text = screen(&overview(&bad), now(), Paint(false));
    for part in [
        "gone: trimtab-7d9f8c6b5-x2x9z led until 60m ago",
        "on, by ada since 2026-11-21T11:00:00Z: incident",
        "not in force, so no approval is honoured: its binding is missing",
        "sizes by admission: not in force: its binding is missing too",
        "CRDs             pricebooks.trimtab.dev lacks status.x, which trimtab ",
        "POLICIES\n  not known: no right",
        "RECOMMENDATIONS IN shop\n  none",
        "REALISED SAVINGS\n  none yet",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    bad.operator = Ok(Lead::Released);
    bad.emergency_stop = Err("no right either".into());
    bad.policies = Ok(Vec::new());
    let text = screen(&overview(&bad), now(), Paint(false));
    for part in
        ["not seen: the Lease trimtab-controller is released", "not known: no right either", "POLICIES\n  none: "]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_machine_gets_the_same_as_data() {
    let data: Value = serde_json::to_value(overview(&seen())).unwrap();
    assert_eq!(data["emergencyStop"], json!({"known": null}));
    assert_eq!(data["approvalGuard"]["known"]["inForce"], true);
    assert_eq!(data["sizesAdmission"]["known"]["inForce"], true);
    assert_eq!(data["crds"]["known"], json!({"current": true, "lack": null}));
    assert_eq!(
        data["recommendations"][1],
        json!({"status": "PendingApproval", "count": 2, "monthlySavings": {"USD": "24.60"}})
    );
    assert_eq!(data["rollouts"][0]["progress"], "10/10");
    assert_eq!(data["realised"]["monthly"]["USD"], "11.00");
}
