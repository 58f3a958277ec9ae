//! The verbs that decide: `approve`, `reject`. Each writes only the decision, as `undo` does the same way.

use trimtab_api::{approval::Decision, recommendation::Recommendation, remediation::spec::RemediationAction};
use trimtab_core::text::count;

use super::{
    around,
    follow::{Followed, to_its_end},
    kinds::Told,
    record::{Decided, Outcome, anew, write},
};
use crate::{
    bounds::{Bounds, is_among},
    cli::{ApproveArgs, DryRun, RejectArgs},
    cluster::Session,
    course::Goal,
    decided_on::{DecidedOn, name_in},
    decision::{self, Decidable, Subject},
    decision_text, listing,
    problem::Problem,
    words::{self, Sums},
};

/// Whether all of these name actions. The words before the `/` say so, and without any it is a Recommendation.
fn are_actions(names: &[String]) -> Result<bool, Problem> {
    match names.iter().filter(|name| name_in::<RemediationAction>(name).is_some()).count() {
        0 => Ok(false),
        n if n == names.len() => Ok(true),
        _ => {
            Err(Problem::Usage("these are of two kinds: decide on one kind at a time; nothing was written".to_owned()))
        }
    }
}

/// `approve`.
pub async fn approve(session: &Session, args: &ApproveArgs) -> Result<(), Problem> {
    if args.all {
        return approve_all(session, args).await;
    }
    session.one_namespace()?;
    if args.watch && args.names.len() > 1 {
        return Err(Problem::Usage("--watch follows one rollout: name one Recommendation".to_owned()));
    }
    match are_actions(&args.names)? {
        false => approve_named::<Recommendation>(session, args).await,
        true => approve_named::<RemediationAction>(session, args).await,
    }
}

async fn approve_named<K: Told>(session: &Session, args: &ApproveArgs) -> Result<(), Problem> {
    let user = session.identity().await?;
    let dry_run = args.dry_run == DryRun::Server;
    let (subject, decision, reason) = (Subject::Proposal, Decision::Approved, args.reason.as_deref());
    let decided = Decided { subject, decision, user: &user, reason, dry_run };
    let objects = read::<K>(session, &args.names).await?;
    shown(session, &objects).await?;
    K::tell_held(session, Some(session.namespace()), &objects).await;
    let warned = warned(session, &objects, &decided);
    if warned != Warned::default() {
        let these = these::<K>(objects.len(), warned);
        confirmed(session, args, &these, &format!("Approve {these} anyway?"))?;
    }
    each(session, &objects, &decided).await?;
    around::approved(session, decided.dry_run).await;
    match objects.first().filter(|_| args.watch) {
        Some(object) => {
            let digest = object.shown_digest().map(str::to_owned);
            to_its_end::<K>(session, &Followed::of(object, digest, Goal::Applied)).await
        }
        None => Ok(()),
    }
}

async fn approve_all(session: &Session, args: &ApproveArgs) -> Result<(), Problem> {
    let user = session.identity().await?;
    let dry_run = args.dry_run == DryRun::Server;
    let (subject, decision, reason) = (Subject::Proposal, Decision::Approved, args.reason.as_deref());
    let decided = Decided { subject, decision, user: &user, reason, dry_run };
    let bounds = Bounds { policy: args.policy.clone(), min_confidence: args.min_confidence, max_risk: args.max_risk };
    let mut recs = session.listed(session.scope()).await?;
    recs.retain(|rec| is_among(rec, &bounds, decided.user_name()));
    listing::sort(&mut recs);
    if recs.is_empty() {
        session.screen.note("nothing within these bounds waits for a decision");
        return Ok(());
    }
    let mut sums = Sums::default();
    shown(session, &recs).await?;
    Recommendation::tell_held(session, session.scope(), &recs).await;
    for rec in &recs {
        if let Some(s) = rec.status.as_ref().and_then(|s| s.savings.as_ref()) {
            sums.add(&s.monthly, &s.currency.0);
        }
    }
    let these = these::<Recommendation>(recs.len(), warned(session, &recs, &decided));
    confirmed(session, args, &these, &format!("Approve {these}, {} a month?", sums.text()))?;
    let result = each(session, &recs, &decided).await;
    around::approved(session, decided.dry_run).await;
    result
}

/// What each one is about, before anything is asked or decided.
async fn shown<K: Told>(session: &Session, objects: &[K]) -> Result<(), Problem> {
    K::lines(session, objects).await.iter().try_for_each(|line| session.screen.say(line))
}

/// How many of those still to be approved need a second thought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Warned {
    /// They could not be undone.
    lasting: usize,
    /// Their risk is High or Critical.
    risky: usize,
}

/// Warns about each one still to be approved that would not start or could not be undone, or whose risk is high, and
/// counts the latter two.
fn warned<K: Told>(session: &Session, objects: &[K], decided: &Decided<'_>) -> Warned {
    let is_open = |object: &&K| {
        let standing = decision::standing(*object, decided.subject, decided.decision, decided.user_name());
        matches!(standing, Decidable::Open(_) | Decidable::Again { .. })
    };
    let told = |warning: fn(&K) -> Option<String>| {
        let warnings: Vec<String> = objects.iter().filter(is_open).filter_map(warning).collect();
        warnings.iter().for_each(|warning| session.screen.note(&format!("warning: {warning}")));
        warnings.len()
    };
    told(K::never_begins);
    Warned { lasting: told(K::is_for_good), risky: told(decision_text::risk_warning::<K>) }
}

/// `3 recommendations (1 cannot be undone, 2 of High or Critical risk)`.
fn these<K: DecidedOn>(all: usize, warned: Warned) -> String {
    let these = count(all, K::NOUN);
    let parts: Vec<String> = [(warned.lasting, "cannot be undone"), (warned.risky, "of High or Critical risk")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    if parts.is_empty() { these } else { format!("{these} ({})", parts.join(", ")) }
}

/// Asks for confirmation, unless given on the command line or nothing is written anyway.
fn confirmed(session: &Session, args: &ApproveArgs, these: &str, question: &str) -> Result<(), Problem> {
    if args.yes || args.dry_run == DryRun::Server {
        return Ok(());
    }
    match session.screen.ask(question)? {
        Some(true) => Ok(()),
        Some(false) => {
            session.screen.note("nothing was approved");
            Err(Problem::Said)
        }
        None => {
            Err(Problem::Usage(format!("there is no terminal to confirm {these}: use --yes; nothing was approved")))
        }
    }
}

/// `reject`.
pub async fn reject(session: &Session, args: &RejectArgs) -> Result<(), Problem> {
    session.one_namespace()?;
    match are_actions(&args.names)? {
        false => reject_named::<Recommendation>(session, args).await,
        true => reject_named::<RemediationAction>(session, args).await,
    }
}

async fn reject_named<K: Told>(session: &Session, args: &RejectArgs) -> Result<(), Problem> {
    let user = session.identity().await?;
    let objects = read::<K>(session, &args.names).await?;
    let mut undoes = false;
    for object in &objects {
        undoes |= object.tell_taken_back(session)?;
    }
    match undoes {
        true => around::guarded(session).await?,
        false => around::rejected(session).await,
    }
    shown(session, &objects).await?;
    let dry_run = args.dry_run == DryRun::Server;
    let (subject, decision, reason) = (Subject::Proposal, Decision::Rejected, args.reason.as_deref());
    each(session, &objects, &Decided { subject, decision, user: &user, reason, dry_run }).await
}

/// All of them, before any is decided on: with a wrong name nothing is decided.
async fn read<K: Told>(session: &Session, names: &[String]) -> Result<Vec<K>, Problem> {
    let mut objects = Vec::new();
    for name in names {
        objects.push(K::meant(session, name).await?);
    }
    Ok(objects)
}

async fn each<K: DecidedOn>(session: &Session, objects: &[K], decided: &Decided<'_>) -> Result<(), Problem> {
    let mut failed = false;
    for object in objects {
        failed |= one(session, object, decided).await?.is_err();
    }
    if failed { Err(Problem::Said) } else { Ok(()) }
}

/// Decides on one, and prints the result. The inner error has been printed.
pub(super) async fn one<K: DecidedOn>(
    session: &Session,
    object: &K,
    decided: &Decided<'_>,
) -> Result<Result<(), ()>, Problem> {
    let (name, user) = (words::full_name(object), decided.user_name());
    let (digest, again) = match decision::standing(object, decided.subject, decided.decision, user) {
        Decidable::Open(digest) => (digest, false),
        Decidable::Again { digest, note } => {
            session.screen.note(&format!("note: {note}"));
            (digest, true)
        }
        Decidable::Made(text) => {
            session.screen.say(&text)?;
            return Ok(Ok(()));
        }
        Decidable::Impossible(text) => {
            session.screen.note(&format!("error: {text}"));
            return Ok(Err(()));
        }
    };
    let written = match again {
        true => anew(session, object, decided, &digest).await,
        false => write(session, object, decided, &digest).await,
    };
    match written {
        Ok(Outcome::Made(text)) => {
            session.screen.say(&text)?;
            Ok(Ok(()))
        }
        Ok(Outcome::Written) => {
            let dry = if decided.dry_run { " (server dry run)" } else { "" };
            session.screen.say(&format!("{} {name} as {user}{dry}", decision::verb(decided.decision)))?;
            Ok(Ok(()))
        }
        Err(problem) => match problem.said() {
            Some(text) => {
                session.screen.note(&format!("error: {text}"));
                Ok(Err(()))
            }
            None => Err(problem),
        },
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
