//! Following what was decided line by line, until it ends.

use std::{pin::pin, time::Duration};

use futures::StreamExt;
use kube::runtime::{
    WatchStreamExt,
    watcher::{self, watch_object},
};

use super::{around, kinds::Told};
use crate::{
    cluster::{Session, answer},
    course::{Course, End, Goal},
    problem::Problem,
    refusal::Tried,
    words,
};

/// How often to check whether a Trimtab runs, while nothing happens.
const LOOK: Duration = Duration::from_secs(10);

/// What to follow.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Namespace of the object.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The digest whose course to follow; any if `None`.
    pub digest: Option<String>,
    /// The end to wait for.
    pub goal: Goal,
    /// Whether each line names the object.
    pub named: bool,
}

impl Followed {
    /// This object, for one who waits for its end.
    pub(super) fn of<K: Told>(object: &K, digest: Option<String>, goal: Goal) -> Self {
        let namespace = object.meta().namespace.clone().unwrap_or_default();
        Self { namespace, name: words::name(object).to_owned(), digest, goal, named: false }
    }
}

/// Prints each change of the course, and returns the end.
///
/// # Errors
/// Where it cannot be watched.
async fn follow<K: Told>(session: &Session, what: &Followed) -> Result<Option<End>, Problem> {
    let api = session.objects::<K>(&what.namespace);
    let mut stream = pin!(watch_object(api, &what.name).default_backoff());
    let full = format!("{}/{}", what.namespace, what.name);
    let (mut last, mut beside, mut seen) = (None, None, None);
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
            Ok(Some(Ok(Some(object)))) => {
                if beside.is_none() {
                    beside = K::beside(&object, session).await;
                }
                seen = Some(object);
            }
            Ok(Some(Ok(None))) => {
                say(&format!("the {} was deleted", K::KIND))?;
                return Ok(None);
            }
            Ok(Some(Err(error))) => {
                refused(session, error, &full)?;
                continue;
            }
        }
        let Some(object) = &seen else { continue };
        let course = K::course(object, what.digest.as_deref(), what.goal, beside.as_ref());
        // How long it has been absent is no news.
        let news = (course.line().to_owned(), absence.is_some());
        if last.as_ref() != Some(&news) {
            say(&course.line_without(absence.as_ref()))?;
            last = Some(news);
        }
        if let Course::Ended(_, end) = course {
            return Ok(end);
        }
    }
    Err(Problem::Failed(format!("{} {full} cannot be followed any further: the watch ended", K::KIND)))
}

/// Follows it to its end, and fails where that is not the one to wait for.
///
/// # Errors
/// Where it cannot be watched, or ends otherwise, which has been printed.
pub(super) async fn to_its_end<K: Told>(session: &Session, what: &Followed) -> Result<(), Problem> {
    let end = follow::<K>(session, what).await?;
    if what.goal.is_reached(end) { Ok(()) } else { Err(Problem::Said) }
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
