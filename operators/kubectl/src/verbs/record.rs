//! Writes decisions: only `spec.approval`, and only over the object that was shown.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use trimtab_api::{approval::Decision, remediation::identity::Identity};

use crate::{
    cluster::{MANAGER, Session, answer},
    decided_on::DecidedOn,
    decision::{self, Subject},
    problem::Problem,
    refusal::{DecidedKind, Tried},
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
    pub(super) user: &'a Identity,
    pub(super) reason: Option<&'a str>,
    pub(super) dry_run: bool,
}

impl Decided<'_> {
    /// The name of the user.
    pub(super) fn user_name(&self) -> &str {
        &self.user.username
    }
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
pub(super) async fn write<K: DecidedOn>(
    session: &Session,
    object: &K,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<Outcome, Problem> {
    let (namespace, name) = place(object);
    let api = session.objects::<K>(namespace);
    let params =
        PatchParams { dry_run: decided.dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut read = object.clone();
    for _ in 0..ATTEMPTS {
        let patch = decision::patch(&read, decided.decision, decided.user, digest, decided.reason);
        let error = match api.patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(Outcome::Written),
            Err(error) => error,
        };
        if answer(&error).map(|s| s.code) != Some(409) {
            return Err(session.problem(error, tried::<K>(namespace, name, decided)));
        }
        read = session.get(namespace, name).await?;
        let what = if read.meta().uid != object.meta().uid {
            Some("it was deleted and recreated".to_owned())
        } else if decided.subject.digest(&read) != Some(digest) {
            let present = decided.subject.digest(&read).map_or("none", words::short);
            Some(format!("its proposal changed from {} to {present}", words::short(digest)))
        } else if read.approval() == object.approval() {
            None
        } else if let Some(made) = made(&read, decided) {
            return Ok(Outcome::Made(made));
        } else {
            Some(otherwise(&read, digest))
        };
        if let Some(what) = what {
            return Err(Problem::Failed(format!(
                "{namespace}/{name} was not {}: {what} meanwhile; check it with {}",
                decision::verb(decided.decision),
                object.shown_by()
            )));
        }
    }
    Err(late(namespace, name))
}

/// Namespace and name.
fn place<K: DecidedOn>(object: &K) -> (&str, &str) {
    (object.meta().namespace.as_deref().unwrap_or_default(), words::name(object))
}

fn tried<'a, K: DecidedOn>(namespace: &'a str, name: &'a str, decided: &Decided<'a>) -> Tried<'a> {
    Tried::Decide { on: DecidedKind::of::<K>(), namespace, name, user: &decided.user.username }
}

fn late(namespace: &str, name: &str) -> Problem {
    Problem::Failed(format!("{namespace}/{name} keeps changing: {ATTEMPTS} attempts were too late; try again"))
}

/// That the decision stands in the object by now, and who made it.
fn made<K: DecidedOn>(object: &K, decided: &Decided<'_>) -> Option<String> {
    let digest = decided.subject.digest(object)?;
    decision::made(object, decided.subject, decided.decision, digest, decided.user_name())
}

/// What was decided instead.
fn otherwise<K: DecidedOn>(object: &K, digest: &str) -> String {
    match object.approval() {
        None => "the former decision was withdrawn".to_owned(),
        Some(a) if a.proposal_digest == digest => format!("{} {} it", a.approver, decision::verb(a.decision)),
        Some(a) => format!("{} {} {}", a.approver, decision::verb(a.decision), words::short(&a.proposal_digest)),
    }
}

/// Makes a decision that was made before, but that Trimtab does not honour, or that does not count any more. Written
/// over itself it would change nothing: the API server would keep its date, and Trimtab would not see it arrive. So it
/// is withdrawn first, and where Trimtab has recorded it, that has to be seen.
pub(super) async fn anew<K: DecidedOn>(
    session: &Session,
    object: &K,
    decided: &Decided<'_>,
    digest: &str,
) -> Result<Outcome, Problem> {
    let former = object.approval().filter(|a| a.approver == decided.user_name());
    let decided = Decided { reason: decided.reason.or(former.and_then(|a| a.reason.as_deref())), ..*decided };
    let bare = withdraw(session, object, &decided).await?;
    if let Some(made) = made(&bare, &decided) {
        return Ok(Outcome::Made(made));
    }
    if decided.dry_run {
        return Ok(Outcome::Written);
    }
    let is_recorded = |object: &K| decision::is_recorded(object, decided.decision, digest, decided.user_name());
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
pub(super) async fn withdraw<K: DecidedOn>(session: &Session, object: &K, decided: &Decided<'_>) -> Result<K, Problem> {
    let Some(former) = object.approval() else { return Ok(object.clone()) };
    let dry_run = decided.dry_run;
    let (namespace, name) = place(object);
    let params = PatchParams { dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut read = object.clone();
    for _ in 0..ATTEMPTS {
        let patch = decision::withdrawal(&read);
        match session.objects::<K>(namespace).patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(written) => {
                let dry = if dry_run { " (server dry run); it would be given again then" } else { "" };
                session
                    .screen
                    .say(&format!("withdrew the former decision of {} on {namespace}/{name}{dry}", former.approver))?;
                return Ok(written);
            }
            Err(error) if answer(&error).is_some_and(|s| s.code == 409) => {}
            Err(error) => return Err(session.problem(error, tried::<K>(namespace, name, decided))),
        }
        read = session.get(namespace, name).await?;
        // One with the same words may be another one: only the generation tells that it was written again.
        let (before, now) = (object.meta(), read.meta());
        let was_rewritten = now.uid == before.uid && now.generation != before.generation;
        let is_given = read.approval() == object.approval();
        let is_processed = read.honoured() != object.honoured();
        let is_honoured = is_processed && decision::is_honoured(&read, decided.decision, &former.proposal_digest);
        let stands = (was_rewritten || is_honoured) && made(&read, decided).is_some();
        if stands || (was_rewritten && read.approval().is_none()) {
            return Ok(read);
        }
        if !is_given || is_processed {
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
pub(super) async fn withdrawn<K: DecidedOn>(
    session: &Session,
    object: &K,
    shows: impl Fn(&K) -> bool,
) -> Result<K, Problem> {
    let (namespace, name) = place(object);
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
