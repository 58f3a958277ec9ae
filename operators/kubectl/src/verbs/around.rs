//! What surrounds a decision: whether it counts, and whether anybody is there to act on it.

use crate::{
    cluster::Session,
    health::{self, Absence, Guard},
    problem::Problem,
};

/// What the approval guard lacks, so that a decision would not count. `None` where it is in force, where it is that of an
/// earlier release, or where that may not be read.
async fn lacks(session: &Session) -> Option<String> {
    session.guard().await.ok().filter(|guard| guard.release.is_none())?.lacks
}

/// Refuses to undo while the approval guard is not in force: Trimtab honours no decision of that time, not even later.
pub(super) async fn guarded(session: &Session) -> Result<(), Problem> {
    match lacks(session).await {
        None => Ok(()),
        Some(lacks) => Err(Problem::Failed(format!(
            "the approval guard is not in force, so Trimtab would not honour this decision: apply policies/ and run it \
             again ({lacks}); nothing was written"
        ))),
    }
}

/// Warns where a rejection does not count.
pub(super) async fn rejected(session: &Session) {
    if let Some(lacks) = lacks(session).await {
        session.screen.note(&format!(
            "warning: the approval guard is not in force, so Trimtab does not honour this rejection: {lacks}; apply \
             policies/ and reject it again"
        ));
    }
}

/// Whether no Trimtab runs; `None` also where that may not be read.
pub(super) async fn absence(session: &Session) -> Option<Absence> {
    health::absence(&session.operator().await.ok()?, session.now())
}

/// Tells where no Trimtab runs that would act on a decision.
pub(super) async fn unattended(session: &Session) {
    if let Some(absence) = absence(session).await {
        session.screen.note(&format!("note: {}: it begins once one runs", absence.text));
    }
}

/// Prints what blocks the rollout of an approval, as far as that can be read.
pub(super) async fn approved(session: &Session, dry_run: bool) {
    if !dry_run {
        unattended(session).await;
    }
    let (emergency_stop, guard) = futures::join!(session.emergency_stop(), session.guard());
    if let Ok(Some(emergency_stop)) = emergency_stop {
        session.screen.note(&format!(
            "note: the emergency stop is {}; nothing is applied until kubectl trimtab resume",
            emergency_stop.text()
        ));
    }
    match guard {
        Ok(Guard { release: Some(release), .. }) => session.screen.note(&format!(
            "note: the approval guard is that of release {release}: if Trimtab is newer, this begins once policies/ of its \
             release are applied"
        )),
        Ok(Guard { lacks: Some(lacks), .. }) => session.screen.note(&format!(
            "note: the approval guard is not in force, so Trimtab honours no approval: {lacks}; apply policies/ and \
             approve it again"
        )),
        _ => {}
    }
}

#[cfg(test)]
#[path = "around_tests.rs"]
mod tests;
