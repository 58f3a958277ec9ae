//! Removing Recommendations: deleted, waiting until Trimtab has undone what they changed; or, where sizes stay, without
//! Trimtab.

use std::{collections::BTreeMap, time::Duration};

use kube::api::{Patch, PatchParams};
use serde_json::json;
use trimtab_api::{names::FINALIZER, recommendation::Recommendation};
use trimtab_core::text::count;

use super::{recommendations, remove};
use crate::{
    cluster::{LEASE, MANAGER, Session, answer},
    health::Lead,
    problem::Problem,
    refusal::Tried,
    uninstall::{
        self as plan, Object,
        kinds::{KINDS, Part},
    },
    words,
};

/// The interval between two polls.
const PAUSE: Duration = Duration::from_secs(1);
/// After how many polls to check whether Trimtab still runs.
const HEALTH: u32 = 10;
/// How often the removal of a finalizer is tried again that was refused.
const REFUSALS: u32 = 10;
/// How many polls a controller has to end, or a Lease to expire.
const STOPPING: u32 = 60;

fn object(rec: &Recommendation) -> Option<Object> {
    Some(Object {
        kind: KINDS.iter().find(|kind| kind.part == Part::Recommendations)?,
        namespace: rec.metadata.namespace.clone(),
        name: words::name(rec).to_owned(),
        terminating: rec.metadata.deletion_timestamp.is_some(),
    })
}

/// Deletes all Recommendations and waits until they are gone, printing what each waits for.
pub async fn settle(session: &Session) -> Result<(), Problem> {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let mut looks = 0;
    let mut first = None;
    loop {
        let recs = recommendations(session).await?;
        if first.is_none() && !recs.is_empty() {
            let n = count(recs.len(), "Recommendation");
            session
                .screen
                .say(&format!("deleting {n}; Ctrl-C stops the wait and is safe: run this again to continue"))?;
        }
        first = first.or(Some(recs.len()));
        if recs.is_empty() {
            return match first {
                Some(n) if n > 0 => session.screen.say(&format!("deleted {}", count(n, "Recommendation"))),
                _ => Ok(()),
            };
        }
        for rec in &recs {
            let Some(object) = object(rec) else { continue };
            // One created meanwhile is deleted as well.
            let refused = if object.terminating { Ok(()) } else { remove::delete(session, &object, false).await? };
            let line = plan::waits(rec, refused.as_ref().err().map(String::as_str));
            let known = told.get(&object.full_name());
            // One that has just been deleted is mostly gone by the next poll.
            if known != Some(&line) && (object.terminating || refused.is_err()) {
                session.screen.say(&format!("{}  {line}", session.now().strftime("%H:%M:%SZ")))?;
                told.insert(object.full_name(), line);
            }
        }
        looks += 1;
        if looks % HEALTH == 0 {
            let operator = session.operator().await.map_err(Problem::Failed)?;
            let emergency_stop = session.emergency_stop().await.map_err(Problem::Failed)?;
            let lease = format!("{}/{LEASE}", session.own());
            if let Some(why) = plan::refusal(&recs, &operator, emergency_stop.as_ref(), &lease, session.now()) {
                return Err(Problem::Failed(format!("{why}. Then run this again to continue")));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until no Trimtab leads any more: a leader would undo what is to stay.
pub async fn stopped(session: &Session) -> Result<(), Problem> {
    let mut holder = String::new();
    for _ in 0..STOPPING {
        match session.operator().await.map_err(Problem::Failed)? {
            Lead::Held(operator) if operator.expires >= session.now() => holder = operator.holder,
            _ => return Ok(()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Problem::Failed(format!(
        "{holder} still renews the Lease {}/{LEASE}, and would undo what should stay: stop it, and run this again",
        session.own()
    )))
}

/// Releases all Recommendations without Trimtab: what they changed stays as it is.
pub async fn leave(session: &Session) -> Result<(), Problem> {
    let recs = recommendations(session).await?;
    for rec in &recs {
        let Some(object) = object(rec) else { continue };
        remove::surely(session, &object).await?;
        release(session, rec).await?;
    }
    match recs.len() {
        0 => Ok(()),
        n => session.screen.say(&format!("deleted {}", count(n, "Recommendation"))),
    }
}

/// Removes Trimtab's finalizer, and no other.
async fn release(session: &Session, rec: &Recommendation) -> Result<(), Problem> {
    let others: Vec<&String> = rec.metadata.finalizers.iter().flatten().filter(|f| *f != FINALIZER).collect();
    if others.len() == rec.metadata.finalizers.iter().flatten().count() {
        return Ok(());
    }
    let (namespace, name) = (rec.metadata.namespace.as_deref().unwrap_or_default(), words::name(rec));
    let patch = json!({"metadata": {"uid": rec.metadata.uid, "finalizers": others}});
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let mut refusals = 0;
    loop {
        let error = match session.recommendations(Some(namespace)).patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match answer(&error).map(|status| status.code) {
            Some(404) => return Ok(()),
            // API servers evaluate the guard for some moments after it is deleted.
            Some(_) if refusals < REFUSALS => refusals += 1,
            _ => return Err(session.problem(error, Tried::Write(&format!("Recommendation {namespace}/{name}")))),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
