//! The verbs that decide: `approve`, `reject`. Each writes only `spec.approval`, as `undo` does the same way.

use kube::api::{Patch, PatchParams};
use trimtab_api::{approval::Decision, recommendation::Recommendation};
use trimtab_core::text::count;

use super::{
    follow::{Followed, Goal, follow, judged},
    workload,
};
use crate::{
    cli::{ApproveArgs, DryRun, RejectArgs},
    cluster::{MANAGER, Session, answer},
    decision::{self, Bounds, Decidable, Subject},
    irreversible, listing,
    problem::Problem,
    refusal::Tried,
    undo,
    words::{self, Sums},
};

/// How often a decision is retried after a conflict with a change to another part of the object.
pub(super) const ATTEMPTS: u32 = 5;

/// The decision and who makes it.
pub(super) struct Decided<'a> {
    pub(super) subject: Subject,
    pub(super) decision: Decision,
    pub(super) user: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) dry_run: bool,
}

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
    let warned = warned(session, &recs, &decided);
    if warned != Warned::default() {
        let these = these(recs.len(), warned);
        confirmed(session, args, &these, &format!("Approve {these} anyway?"))?;
    }
    each(session, &recs, &decided).await?;
    warn(session).await;
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
    warn(session).await;
    if failed { Err(Problem::Said) } else { Ok(()) }
}

/// What each one is about, before anything is asked or decided.
async fn shown(session: &Session, recs: &[Recommendation]) -> Result<(), Problem> {
    let present = workload::present_of_each(session, recs).await;
    recs.iter().zip(&present).try_for_each(|(rec, present)| session.screen.say(&decision::line(rec, present)))
}

/// How many of those still to be approved need a second thought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Warned {
    /// They could not be undone.
    lasting: usize,
    /// Their risk is High or Critical.
    risky: usize,
}

/// Warns about each one still to be approved that could not be undone, or whose risk is high, and counts them.
fn warned(session: &Session, recs: &[Recommendation], decided: &Decided<'_>) -> Warned {
    let is_open = |rec: &&Recommendation| {
        matches!(decision::standing(rec, decided.subject, decided.decision, decided.user), Decidable::Open(_))
    };
    let told = |warning: fn(&Recommendation) -> Option<String>| {
        let warnings: Vec<String> = recs.iter().filter(is_open).filter_map(warning).collect();
        warnings.iter().for_each(|warning| session.screen.note(&format!("warning: {warning}")));
        warnings.len()
    };
    Warned { lasting: told(irreversible::warning), risky: told(decision::risk_warning) }
}

/// `3 recommendations (1 cannot be undone, 2 of High or Critical risk)`.
fn these(all: usize, warned: Warned) -> String {
    let these = count(all, "recommendation");
    let parts: Vec<String> = [(warned.lasting, "cannot be undone"), (warned.risky, "of High or Critical risk")]
        .into_iter()
        .filter_map(|(n, what)| (n > 0).then(|| format!("{n} {what}")))
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
        }
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
    let digest = match decision::standing(rec, decided.subject, decided.decision, decided.user) {
        Decidable::Open(digest) => digest,
        Decidable::Made(text) => {
            session.screen.say(&text)?;
            return Ok(Ok(()));
        }
        Decidable::Impossible(text) => {
            session.screen.note(&format!("error: {text}"));
            return Ok(Err(()));
        }
    };
    match write(session, rec, decided, &digest).await {
        Ok(()) => {
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

/// Writes the decision. Where only another part of the object changed meanwhile, such as its status, it is retried;
/// never for another proposal than the one shown, and never over another decision.
async fn write(session: &Session, rec: &Recommendation, decided: &Decided<'_>, digest: &str) -> Result<(), Problem> {
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

/// Prints what blocks the rollout of an approval, as far as that can be read.
async fn warn(session: &Session) {
    let (emergency_stop, guard) = futures::join!(session.emergency_stop(), session.guard());
    if let Ok(Some(emergency_stop)) = emergency_stop {
        session.screen.note(&format!(
            "note: the emergency stop is {}; nothing is applied until kubectl trimtab resume",
            emergency_stop.text()
        ));
    }
    if let Some(lacks) = guard.ok().and_then(|g| g.lacks) {
        session
            .screen
            .note(&format!("note: the approval guard is not in force, so Trimtab honours no approval: {lacks}"));
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
