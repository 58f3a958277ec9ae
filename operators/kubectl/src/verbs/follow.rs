//! Following a rollout line by line, until it ends.

use std::{pin::pin, time::Duration};

use futures::StreamExt;
use kube::runtime::{
    WatchStreamExt,
    watcher::{self, watch_object},
};
use trimtab_api::rollout::RolloutResult;

use super::around;
use crate::{
    cluster::{Session, answer},
    problem::Problem,
    progress::{self, Course},
    refusal::Tried,
};

/// How often to check whether a Trimtab runs, while nothing happens.
const LOOK: Duration = Duration::from_secs(10);

/// The end to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// All pods have the new size.
    Applied,
    /// All pods have the former one.
    Undone,
    /// All pods have the size from before the earlier one, which is in force although the last change was undone.
    EarlierUndone,
}

/// What to follow.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Namespace of the Recommendation.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The digest whose rollout to follow; any if `None`.
    pub digest: Option<String>,
    /// The end to wait for.
    pub goal: Goal,
    /// Whether each line names the Recommendation.
    pub named: bool,
}

/// Prints each change of the course, and returns the end.
///
/// # Errors
/// Where it cannot be watched.
pub async fn follow(session: &Session, what: &Followed) -> Result<Option<RolloutResult>, Problem> {
    let api = session.recommendations(Some(&what.namespace));
    let mut stream = pin!(watch_object(api, &what.name).default_backoff());
    let full = format!("{}/{}", what.namespace, what.name);
    let (mut last, mut policy, mut seen) = (None, None, None);
    let mut absence = around::absence(session).await;
    let say = |line: &str| {
        let name = if what.named { format!("{full}: ") } else { String::new() };
        session.screen.say(&format!("{}  {name}{line}", session.now().strftime("%H:%M:%SZ")))
    };
    loop {
        match tokio::time::timeout(LOOK, stream.next()).await {
            // Nothing happens: perhaps because nobody is there to do it.
            Err(_) => absence = around::absence(session).await,
            Ok(None) => break,
            Ok(Some(Ok(Some(rec)))) => {
                if policy.is_none() {
                    policy = session.policy(&rec).await;
                }
                seen = Some(rec);
            }
            Ok(Some(Ok(None))) => {
                say("the Recommendation was deleted")?;
                return Ok(None);
            }
            Ok(Some(Err(error))) => {
                refused(session, error, &full)?;
                continue;
            }
        }
        let Some(rec) = &seen else { continue };
        let course = progress::course(rec, what.digest.as_deref(), policy.as_ref());
        let course = match what.goal {
            Goal::Applied => course,
            Goal::Undone => progress::of_undo(course, rec, false),
            Goal::EarlierUndone => progress::of_undo(course, rec, true),
        };
        // How long it has been absent is no news.
        let news = (course.line().to_owned(), absence.is_some());
        if last.as_ref() != Some(&news) {
            say(&course.line_without(absence.as_ref()))?;
            last = Some(news);
        }
        if let Course::Ended(_, result) = course {
            return Ok(result);
        }
    }
    Err(Problem::Failed(format!("Recommendation {full} cannot be followed any further: the watch ended")))
}

/// Fails where the server denies the watch; otherwise the watch restarts by itself.
pub fn refused(session: &Session, error: watcher::Error, what: &str) -> Result<(), Problem> {
    let inner = match error {
        watcher::Error::InitialListFailed(e) | watcher::Error::WatchStartFailed(e) | watcher::Error::WatchFailed(e) => {
            e
        }
        _ => return Ok(()),
    };
    match answer(&inner).map(|s| s.code) {
        Some(401 | 403 | 404) => Err(session.problem(inner, Tried::Read(what))),
        _ => {
            if let Some(text) = session.problem(inner, Tried::Read(what)).said() {
                session.screen.note(&format!("{text}; trying again"));
            }
            Ok(())
        }
    }
}

/// Whether the end is the expected one.
pub fn judged(what: &Followed, result: Option<RolloutResult>) -> Result<(), Problem> {
    let wanted = match what.goal {
        Goal::Applied => RolloutResult::Applied,
        Goal::Undone | Goal::EarlierUndone => RolloutResult::RolledBack,
    };
    if result == Some(wanted) { Ok(()) } else { Err(Problem::Said) }
}
