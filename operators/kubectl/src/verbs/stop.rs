//! The emergency stop: `halt` creates its ConfigMap, `resume` deletes it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, ObjectMeta, PostParams},
};
use trimtab_core::text::printable;

use crate::{
    cli::HaltArgs,
    cluster::{HALT, MANAGER, Session, answer},
    health::EmergencyStop,
    problem::Problem,
    refusal::Tried,
};

/// `halt`.
pub async fn halt(session: &Session, args: &HaltArgs) -> Result<(), Problem> {
    session.not_elsewhere().await?;
    let user = session.user().await?;
    let wanted = EmergencyStop {
        by: Some(user),
        // It is shown on many terminals, this one first.
        reason: args.reason.as_deref().map(|reason| printable(reason).into_owned()),
        since: Some(session.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    };
    let entries = [("by", &wanted.by), ("reason", &wanted.reason), ("since", &wanted.since)];
    let data: BTreeMap<String, String> =
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect();
    let map = ConfigMap {
        metadata: ObjectMeta { name: Some(HALT.to_owned()), ..ObjectMeta::default() },
        data: Some(data),
        ..ConfigMap::default()
    };
    let api = Api::<ConfigMap>::namespaced(session.client.clone(), session.own());
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&params, &map).await {
        Ok(_) => session.screen.say(&format!(
            "emergency stop {}\nNothing that changes a pod or a workload is sent until: kubectl trimtab resume",
            wanted.text()
        )),
        Err(error) if answer(&error).is_some_and(|s| s.code == 409) => {
            let by = session.emergency_stop().await.ok().flatten().unwrap_or_default();
            session.screen.say(&format!("emergency stop was already {}", by.text()))
        }
        Err(error) => Err(session.problem(error, Tried::Write(&what(session)))),
    }
}

/// `resume`.
pub async fn resume(session: &Session) -> Result<(), Problem> {
    session.not_elsewhere().await?;
    let before = session.emergency_stop().await;
    let api = Api::<ConfigMap>::namespaced(session.client.clone(), session.own());
    match api.delete(HALT, &DeleteParams::default()).await {
        Ok(_) => {
            let was = before.ok().flatten().map(|h| format!("; it was {}", h.text())).unwrap_or_default();
            session.screen.say(&format!("emergency stop off{was}\nRollouts continue from where they were."))
        }
        Err(error) if answer(&error).is_some_and(|s| s.code == 404) => {
            session.screen.say(&format!("emergency stop was already off: there is no {}", what(session)))
        }
        Err(error) => Err(session.problem(error, Tried::Write(&what(session)))),
    }
}

fn what(session: &Session) -> String {
    format!("ConfigMap {}/{HALT}", session.own())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::testkit;

    /// A session with a guard that names an account of this namespace.
    fn session(namespace: &str) -> Session {
        let account = format!("'system:serviceaccount:{namespace}:sizer'");
        let guard = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "trimtab-approval"},
            "spec": {"variables": [{"name": "trimtab", "expression": account}]}});
        testkit::session(json!({"validatingadmissionpolicies/trimtab-approval": guard}), 404)
    }

    #[tokio::test]
    async fn no_emergency_stop_is_confirmed_that_no_controller_sees() {
        let there = session("tools");
        for refused in [halt(&there, &HaltArgs { reason: None }).await, resume(&there).await] {
            let why = refused.unwrap_err().to_string();
            for part in ["--trimtab-namespace tools, or --trimtab-namespace trimtab-system", "Nothing was changed"] {
                assert!(why.contains(part), "{why}");
            }
        }
        // It was off already.
        assert!(resume(&session("trimtab-system")).await.is_ok());
        assert!(resume(&testkit::session(json!({}), 404)).await.is_ok(), "nothing shows where Trimtab runs");
    }
}
