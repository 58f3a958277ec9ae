//! `undo`: finds Trimtab's change in force for a workload, says what it restores, and writes the decision that triggers
//! the undo.

use kube::Api;
use trimtab_api::{
    Approvable,
    applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes},
    approval::Decision,
    recommendation::Recommendation,
    target::TargetRef,
};

use super::{
    around,
    decide::one,
    follow::{Followed, to_its_end},
    record::{Decided, withdraw, withdrawn},
    workload,
};
use crate::{
    carried::{earlier_in_force, is_earlier_size, is_spent, rollout},
    cli::{DryRun, UndoArgs},
    cluster::{Session, answer},
    course::Goal,
    decision::Subject,
    decision_text, lookup,
    problem::Problem,
    target::Wanted,
    undo::{self, Found},
    words,
};

/// `undo`.
pub async fn undo(session: &Session, args: &UndoArgs) -> Result<(), Problem> {
    session.one_namespace()?;
    let rec = found(session, &args.name).await?;
    if let Some(already) = undo::being_undone(&rec) {
        session.screen.say(&already)?;
        return if args.watch { followed(session, &rec).await } else { Ok(()) };
    }
    let preview = undo::preview(&rec).map_err(Problem::Failed)?;
    session.screen.say(&preview)?;
    around::guarded(session).await?;
    let user = session.identity().await?;
    let dry_run = args.dry_run == DryRun::Server;
    let subject = Subject::Carried;
    let decided = Decided { subject, decision: Decision::Rejected, user: &user, reason: Some(&args.reason), dry_run };
    if let Some(digest) = earlier_in_force(&rec) {
        let present = rec.shown_digest().map(|d| format!(", {},", words::short(d))).unwrap_or_default();
        session.screen.say(&format!(
            "What is in force is an earlier proposal, {}: that one is undone. The current proposal{present} has no decision \
             then: approve or reject it separately.",
            words::short(digest)
        ))?;
    } else {
        session.screen.say(&decision_text::line(&rec, &workload::present(session, &rec).await))?;
    }
    let rec = match undo::withdraw_first(&rec, decided.user_name()) {
        true if dry_run => return withdraw(session, &rec, &decided).await.map(drop),
        true => withdrawn(session, &withdraw(session, &rec, &decided).await?, is_spent).await?,
        false => rec,
    };
    if one(session, &rec, &decided).await?.is_err() {
        return Err(Problem::Said);
    }
    if !dry_run {
        around::unattended(session).await;
    }
    if let Ok(Some(emergency_stop)) = session.emergency_stop().await {
        session.screen.note(&format!(
            "note: the emergency stop is {}; the undo waits for kubectl trimtab resume",
            emergency_stop.text()
        ));
    }
    if args.watch { followed(session, &rec).await } else { Ok(()) }
}

/// Follows the undo to its end.
async fn followed(session: &Session, rec: &Recommendation) -> Result<(), Problem> {
    let digest = rollout(rec).map(|r| r.proposal_digest.clone());
    let earlier = rollout(rec).is_some_and(is_earlier_size);
    let goal = if earlier { Goal::EarlierUndone } else { Goal::Undone };
    to_its_end::<Recommendation>(session, &Followed::of(rec, digest, goal)).await
}

/// The Recommendation with a change in force or under way for what was typed.
async fn found(session: &Session, text: &str) -> Result<Recommendation, Problem> {
    let wanted = Wanted::parse(text).map_err(Problem::Usage)?;
    // A user with permissions for a single name may not list.
    let Ok(recs) = session.list(Some(session.namespace())).await else {
        return session.find_recommendation(text).await;
    };
    match undo::find(&wanted, &recs).map_err(Problem::Failed)? {
        Found::One(rec, others) => {
            if let Some(note) = undo::beside(rec, &others) {
                session.screen.note(&note);
            }
            Ok(rec.clone())
        }
        Found::Nothing(rec, why) => {
            Err(Problem::Failed(format!("{why}{}", what_it_has(session, &rec.spec.target_ref).await)))
        }
        Found::Unknown => match session.find(text).await? {
            lookup::Found::Recommendation(rec) => Ok(*rec),
            lookup::Found::Workload(id) => {
                let target = TargetRef {
                    api_version: id.kind.api_version().to_owned(),
                    kind: id.kind.as_str().to_owned(),
                    name: id.name.to_string(),
                    uid: None,
                };
                let has = what_it_has(session, &target).await;
                Err(Problem::Failed(format!(
                    "nothing of Trimtab is in force for {}/{}: it has no Recommendation{has}",
                    id.kind, id.name
                )))
            }
        },
    }
}

/// A workload's sizes by its template, and what new pods get instead; nothing where it cannot be read.
async fn what_it_has(session: &Session, target: &TargetRef) -> String {
    let mut text = match workload::read(session, session.namespace(), target).await {
        Ok(workload) => format!(
            "\nBy its template {}/{} has:\n{}",
            target.kind,
            target.name,
            undo::of_template(&target.kind, &workload.data)
        ),
        Err(error) if answer(&error).is_some_and(|s| s.code == 404) => {
            format!("\nThere is no {} {} in namespace {}.", target.kind, target.name, session.namespace())
        }
        Err(_) => String::new(),
    };
    let sizes: Api<AppliedSizes> = Api::namespaced(session.client.clone(), session.namespace());
    let entry = sizes.get(APPLIED_SIZES_NAME).await.ok();
    let entry = entry.and_then(|s| s.spec.workloads.get(&format!("{}/{}", target.kind, target.name)).cloned());
    if let Some(entry) = entry {
        text.push_str(&format!(
            "\nAppliedSizes {}/{APPLIED_SIZES_NAME} still has an entry for it, of Recommendation {}.",
            session.namespace(),
            entry.recommendation
        ));
    }
    text
}
