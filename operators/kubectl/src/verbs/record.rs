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

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was written.
    Written,
    /// Somebody made the same decision meanwhile, as the text says: nothing is left to write.
    Made(String),
}

/// Writes the decision. Where only another part of the object changed meanwhile, such as its status, it is retried;
/// never for another proposal than the one shown, and never over another decision.
pub(super) async fn write(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<Outcome, Problem> {
    let namespace = rec.metadata.namespace.as_deref().unwrap_or_default();
    let name = words::name(rec);
    let api = session.recommendations(Some(namespace));
    let params =
        PatchParams { dry_run: decided.dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut read = rec.clone();
    for _ in 0..ATTEMPTS {
        let patch = decision::patch(&read, decided.decision, decided.user, digest, decided.reason);
        let error = match api.patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(Outcome::Written),
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
        } else if read.spec.approval == rec.spec.approval {
            None
        } else if let Some(made) = made(&read, decided) {
            return Ok(Outcome::Made(made));
        } else {
            Some(otherwise(&read, digest))
        };
        if let Some(what) = what {
            return Err(Problem::Failed(format!(
                "{namespace}/{name} was not {}: {what} meanwhile; check it with kubectl trimtab explain {name} \
                 -n {namespace}",
                decision::verb(decided.decision)
            )));
        }
    }
    Err(late(namespace, name))
}

fn late(namespace: &str, name: &str) -> Problem {
    Problem::Failed(format!("{namespace}/{name} keeps changing: {ATTEMPTS} attempts were too late; try again"))
}

/// That the decision stands in the object by now, and who made it.
fn made(rec: &Recommendation, decided: &Decided<'_>) -> Option<String> {
    decision::made(rec, decided.subject, decided.decision, decided.subject.digest(rec)?, decided.user)
}

/// What was decided instead.
fn otherwise(rec: &Recommendation, digest: &str) -> String {
    match &rec.spec.approval {
        None => "the former decision was withdrawn".to_owned(),
        Some(a) if a.proposal_digest == digest => format!("{} {} it", a.approver, decision::verb(a.decision)),
        Some(a) => format!("{} {} {}", a.approver, decision::verb(a.decision), words::short(&a.proposal_digest)),
    }
}

/// Makes a decision that was made before, but that Trimtab does not honour, or not for the present workload. Written
/// over itself it would change nothing: the API server would keep its date, and Trimtab would not see it arrive. So it
/// is withdrawn first, and where Trimtab has recorded it, that has to be seen.
pub(super) async fn anew(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<Outcome, Problem> {
    let former = rec.spec.approval.as_ref().filter(|a| a.approver == decided.user);
    let decided = Decided { reason: decided.reason.or(former.and_then(|a| a.reason.as_deref())), ..*decided };
    let bare = withdraw(session, rec, &decided).await?;
    if let Some(made) = made(&bare, &decided) {
        return Ok(Outcome::Made(made));
    }
    if decided.dry_run {
        return Ok(Outcome::Written);
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

/// Withdraws the decision, so that `decided` can be made, as long as it stands as it was read: what Trimtab honours
/// meanwhile is not taken back. Where there is none, nothing is written; nor where somebody else withdrew it meanwhile,
/// or made the same decision as is about to be made. Returns the object as it is then.
pub(super) async fn withdraw(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
) -> Result<Recommendation, Problem> {
    let Some(former) = &rec.spec.approval else { return Ok(rec.clone()) };
    let Decided { user, dry_run, .. } = *decided;
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
        // One with the same words may be another one: only the generation tells that it was written again.
        let (before, now) = (&rec.metadata, &read.metadata);
        let was_rewritten = now.uid == before.uid && now.generation != before.generation;
        let is_given = read.spec.approval == rec.spec.approval;
        let is_honoured =
            honoured(&read) != honoured(rec) && decision::is_honoured(&read, decided.decision, &former.proposal_digest);
        let stands = (was_rewritten || is_honoured) && made(&read, decided).is_some();
        if stands || (was_rewritten && read.spec.approval.is_none()) {
            return Ok(read);
        }
        if !is_given || honoured(&read) != honoured(rec) {
            let what = match is_given {
                true => "Trimtab processed it".to_owned(),
                false => otherwise(&read, &former.proposal_digest),
            };
            return Err(Problem::Failed(format!(
                "the decision on {namespace}/{name} changed meanwhile: {what}; nothing was written: try again"
            )));
        }
    }
    Err(late(namespace, name))
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
