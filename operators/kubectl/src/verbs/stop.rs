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
