//! Writes decisions: only `spec.approval`, and only over the object that was shown.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::json;
use trimtab_api::{approval::Decision, recommendation::Recommendation};

use crate::{
    cluster::{MANAGER, Session, answer},
    decision::{self, Subject},
    problem::Problem,
    refusal::Tried,
    words,
};

/// How often a decision is retried after a conflict with a change to another part of the object.
pub(super) const ATTEMPTS: u32 = 5;
/// How often to check whether Trimtab has seen a withdrawal, and the interval.
const LOOKS: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);

/// The decision and who makes it.
#[derive(Clone, Copy)]
pub(super) struct Decided<'a> {
    pub(super) subject: Subject,
    pub(super) decision: Decision,
    pub(super) user: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) dry_run: bool,
}

/// Writes the decision. Where only another part of the object changed meanwhile, such as its status, it is retried;
/// never for another proposal than the one shown, and never over another decision.
pub(super) async fn write(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<(), Problem> {
    let namespace = rec.metadata.namespace.as_deref().unwrap_or_default();
    let name = words::name(rec);
    let api = session.recommendations(Some(namespace));
    let params =
        PatchParams { dry_run: decided.dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut read = rec.clone();
    for _ in 0..ATTEMPTS {
        let patch = decision::patch(&read, decided.decision, decided.user, digest, decided.reason);
        let error = match api.patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if answer(&error).map(|s| s.code) != Some(409) {
            return Err(session.problem(error, Tried::Decide { namespace, name, user: decided.user }));
        }
        read = session.get(namespace, name).await?;
        let what = if read.metadata.uid != rec.metadata.uid {
            Some("it was deleted and recreated".to_owned())
        } else if decided.subject.digest(&read) != Some(digest) {
            let present = decided.subject.digest(&read).map_or("none", words::short);
            Some(format!("its proposal changed from {} to {present}", words::short(digest)))
        } else if read.spec.approval != rec.spec.approval {
            Some("somebody else decided on it".to_owned())
        } else {
            None
        };
        if let Some(what) = what {
            return Err(Problem::Failed(format!(
                "{namespace}/{name} was not {}: {what} meanwhile; check it with kubectl trimtab explain {name} \
                 -n {namespace}",
                decision::verb(decided.decision)
            )));
        }
    }
    Err(Problem::Failed(format!("{namespace}/{name} keeps changing: {ATTEMPTS} attempts were too late; try again")))
}

/// Makes a decision that was made before, but that Trimtab does not honour, or not for the present workload. Written
/// over itself it would change nothing: the API server would keep its date, and Trimtab would not see it arrive. So it
/// is withdrawn first, and where Trimtab has recorded it, that has to be seen.
pub(super) async fn anew(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<(), Problem> {
    let former = rec.spec.approval.as_ref().filter(|a| a.approver == decided.user);
    let decided = Decided { reason: decided.reason.or(former.and_then(|a| a.reason.as_deref())), ..*decided };
    let bare = withdraw(session, rec, decided.user, decided.dry_run).await?;
    if decided.dry_run {
        return Ok(());
    }
    let is_recorded = |rec: &Recommendation| decision::is_recorded(rec, decided.decision, digest, decided.user);
    let bare = match is_recorded(&bare) {
        true => withdrawn(session, &bare, is_recorded).await?,
        false => bare,
    };
    write(session, &bare, &decided, digest).await.map_err(|problem| match problem.said() {
        Some(text) => Problem::Failed(format!("{text}; the former decision stays withdrawn")),
        None => problem,
    })
}

/// Withdraws the decision, as long as it stands as it was read: what Trimtab honours meanwhile is not taken back. Where
/// there is none, nothing is written.
pub(super) async fn withdraw(
    session: &Session,
    rec: &Recommendation,
    user: &str,
    dry_run: bool,
) -> Result<Recommendation, Problem> {
    let Some(former) = &rec.spec.approval else { return Ok(rec.clone()) };
    let honoured = |rec: &Recommendation| rec.status.as_ref().and_then(|s| s.approval.clone());
    let (namespace, name) = (rec.metadata.namespace.as_deref().unwrap_or_default(), words::name(rec));
    let params = PatchParams { dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut read = rec.clone();
    for _ in 0..ATTEMPTS {
        let meta = &read.metadata;
        let patch = json!({"metadata": {"resourceVersion": meta.resource_version, "uid": meta.uid},
            "spec": {"approval": null}});
        match session.recommendations(Some(namespace)).patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(written) => {
                let dry = if dry_run { " (server dry run); it would be given again then" } else { "" };
                session
                    .screen
                    .say(&format!("withdrew the former decision of {} on {namespace}/{name}{dry}", former.approver))?;
                return Ok(written);
            }
            Err(error) if answer(&error).is_some_and(|s| s.code == 409) => {}
            Err(error) => return Err(session.problem(error, Tried::Decide { namespace, name, user })),
        }
        read = session.get(namespace, name).await?;
        if read.spec.approval != rec.spec.approval || honoured(&read) != honoured(rec) {
            break;
        }
    }
    Err(Problem::Failed(format!(
        "the decision on {namespace}/{name} changed meanwhile; nothing was written: try again"
    )))
}

/// Waits until Trimtab has seen the withdrawal of the decision: until then the object `shows` it.
pub(super) async fn withdrawn(
    session: &Session,
    rec: &Recommendation,
    shows: impl Fn(&Recommendation) -> bool,
) -> Result<Recommendation, Problem> {
    let (namespace, name) = (rec.metadata.namespace.as_deref().unwrap_or_default(), words::name(rec));
    for _ in 0..LOOKS {
        let read = session.get(namespace, name).await?;
        if !shows(&read) {
            return Ok(read);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Problem::Failed(format!(
        "Trimtab has not yet processed the withdrawal of the former decision on {namespace}/{name}, so nothing new is \
         decided: see kubectl trimtab status, and run this again"
    )))
}
