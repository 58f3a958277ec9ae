//! The verbs that decide: `approve`, `reject`. Each writes only `spec.approval`, as `undo` does the same way.

use trimtab_api::{approval::Decision, recommendation::Recommendation};
use trimtab_core::text::count;

use super::{
    around,
    follow::{Followed, Goal, follow, judged},
    past,
    record::{Decided, Outcome, anew, write},
    workload,
};
use crate::{
    cli::{ApproveArgs, DryRun, RejectArgs},
    cluster::Session,
    decision::{self, Bounds, Decidable, Subject},
    decision_text, irreversible, listing,
    problem::Problem,
    undo,
    words::{self, Sums},
};

/// `approve`.
pub async fn approve(session: &Session, args: &ApproveArgs) -> Result<(), Problem> {
    let user = session.user().await?;
    let dry_run = args.dry_run == DryRun::Server;
    let subject = Subject::Proposal;
    let decided =
        Decided { subject, decision: Decision::Approved, user: &user, reason: args.reason.as_deref(), dry_run };
    if args.all {
        return approve_all(session, args, &decided).await;
    }
    session.one_namespace()?;
    if args.watch && args.names.len() > 1 {
        return Err(Problem::Usage("--watch follows one rollout: name one Recommendation".to_owned()));
    }
    let recs = read(session, &args.names).await?;
    shown(session, &recs).await?;
    past::tell(session, Some(session.namespace()), &recs).await;
    let warned = warned(session, &recs, &decided);
    if warned != Warned::default() {
        let these = these(recs.len(), warned);
        confirmed(session, args, &these, &format!("Approve {these} anyway?"))?;
    }
    each(session, &recs, &decided).await?;
    around::approved(session, decided.dry_run).await;
    match recs.first().filter(|_| args.watch) {
        Some(rec) => {
            let digest = words::digest(rec).map(str::to_owned);
            watch(session, rec, digest, Goal::Applied).await
        }
        None => Ok(()),
    }
}

async fn approve_all(session: &Session, args: &ApproveArgs, decided: &Decided<'_>) -> Result<(), Problem> {
    let bounds = Bounds { policy: args.policy.clone(), min_confidence: args.min_confidence, max_risk: args.max_risk };
    let mut recs = session.listed(session.scope()).await?;
    recs.retain(|rec| decision::is_among(rec, &bounds, decided.user));
    listing::sort(&mut recs);
    if recs.is_empty() {
        session.screen.note("nothing within these bounds waits for a decision");
        return Ok(());
    }
    let mut sums = Sums::default();
    shown(session, &recs).await?;
    past::tell(session, session.scope(), &recs).await;
    for rec in &recs {
        if let Some(s) = rec.status.as_ref().and_then(|s| s.savings.as_ref()) {
            sums.add(&s.monthly, &s.currency.0);
        }
    }
    let these = these(recs.len(), warned(session, &recs, decided));
    confirmed(session, args, &these, &format!("Approve {these}, {} a month?", sums.text()))?;
    let mut failed = false;
    for rec in &recs {
        failed |= one(session, rec, decided).await?.is_err();
    }
    around::approved(session, decided.dry_run).await;
    if failed { Err(Problem::Said) } else { Ok(()) }
}

/// What each one is about, before anything is asked or decided.
async fn shown(session: &Session, recs: &[Recommendation]) -> Result<(), Problem> {
    let present = workload::present_of_each(session, recs).await;
    recs.iter().zip(&present).try_for_each(|(rec, present)| session.screen.say(&decision_text::line(rec, present)))
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
fn warned(session: &Session, recs: &[Recommendation], decided: &Decided<'_>) -> Warned {
    let is_open = |rec: &&Recommendation| {
        let standing = decision::standing(rec, decided.subject, decided.decision, decided.user);
        matches!(standing, Decidable::Open(_) | Decidable::Again { .. })
    };
    let told = |warning: fn(&Recommendation) -> Option<String>| {
        let warnings: Vec<String> = recs.iter().filter(is_open).filter_map(warning).collect();
        warnings.iter().for_each(|warning| session.screen.note(&format!("warning: {warning}")));
        warnings.len()
    };
    told(irreversible::removal);
    Warned { lasting: told(irreversible::warning), risky: told(decision_text::risk_warning) }
}

/// `3 recommendations (1 cannot be undone, 2 of High or Critical risk)`.
fn these(all: usize, warned: Warned) -> String {
    let these = count(all, "recommendation");
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
    let user = session.user().await?;
    let recs = read(session, &args.names).await?;
    let mut undoes = false;
    for rec in &recs {
        if let Some(digest) = decision::earlier_in_force(rec) {
            let (namespace, name) = (rec.metadata.namespace.as_deref().unwrap_or_default(), words::name(rec));
            let of = words::short(digest);
            session.screen.note(&format!(
                "note: an earlier proposal of {namespace}/{name}, {of}, is in force and stays; kubectl trimtab undo {name} -n \
                 {namespace} takes it back"
            ));
        } else if let Ok(consequences) = undo::preview(rec) {
            session
                .screen
                .say(&format!("{} is in force: this takes it back.\n{consequences}", words::full_name(rec)))?;
            undoes = true;
        }
    }
    match undoes {
        true => around::guarded(session).await?,
        false => around::rejected(session).await,
    }
    shown(session, &recs).await?;
    let dry_run = args.dry_run == DryRun::Server;
    each(
        session,
        &recs,
        &Decided {
            subject: Subject::Proposal,
            decision: Decision::Rejected,
            user: &user,
            reason: args.reason.as_deref(),
            dry_run,
        },
    )
    .await
}

/// All of them, before any is decided on: with a wrong name nothing is decided.
async fn read(session: &Session, names: &[String]) -> Result<Vec<Recommendation>, Problem> {
    let mut recs = Vec::new();
    for name in names {
        recs.push(session.find_recommendation(name).await?);
    }
    Ok(recs)
}

async fn each(session: &Session, recs: &[Recommendation], decided: &Decided<'_>) -> Result<(), Problem> {
    let mut failed = false;
    for rec in recs {
        failed |= one(session, rec, decided).await?.is_err();
    }
    if failed { Err(Problem::Said) } else { Ok(()) }
}

/// Decides on one, and prints the result. The inner error has been printed.
pub(super) async fn one(
    session: &Session,
    rec: &Recommendation,
    decided: &Decided<'_>,
) -> Result<Result<(), ()>, Problem> {
    let name = words::full_name(rec);
    let (digest, again) = match decision::standing(rec, decided.subject, decided.decision, decided.user) {
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
        true => anew(session, rec, decided, &digest).await,
        false => write(session, rec, decided, &digest).await,
    };
    match written {
        Ok(Outcome::Made(text)) => {
            session.screen.say(&text)?;
            Ok(Ok(()))
        }
        Ok(Outcome::Written) => {
            let dry = if decided.dry_run { " (server dry run)" } else { "" };
            session.screen.say(&format!("{} {name} as {}{dry}", decision::verb(decided.decision), decided.user))?;
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

pub(super) async fn watch(
    session: &Session,
    rec: &Recommendation,
    digest: Option<String>,
    goal: Goal,
) -> Result<(), Problem> {
    let followed = Followed {
        namespace: rec.metadata.namespace.clone().unwrap_or_default(),
        name: words::name(rec).to_owned(),
        digest,
        goal,
        named: false,
    };
    judged(&followed, follow(session, &followed).await?)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
