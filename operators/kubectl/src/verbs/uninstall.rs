//! `uninstall`: says what will go, refuses if it could not finish, and then proceeds part by part: what is in force is
//! undone before anything that could undo it is deleted. With `--check`, says what is in the way and changes nothing.
//!
//! No state is kept between runs: each starts from what exists, so it can be interrupted at any time and run again.

mod check;
mod remove;
mod settle;

use std::collections::BTreeSet;

use trimtab_api::recommendation::Recommendation;
use trimtab_core::text::count;

use crate::{
    cli::{DryRun, UninstallArgs},
    cluster::{LEASE, Session, answer},
    problem::Problem,
    refusal::Tried,
    uninstall::{self as plan, Object, Right, kinds::Part},
};

/// `uninstall`.
pub async fn uninstall(session: &Session, args: &UninstallArgs) -> Result<(), Problem> {
    if session.is_namespace_named() || session.scope().is_none() {
        let why = "uninstall applies to the whole cluster: omit --namespace and --all-namespaces; set the namespace of \
                   Trimtab with --trimtab-namespace";
        return Err(Problem::Usage(why.to_owned()));
    }
    session.not_elsewhere().await?;
    let mut objects = remove::inventory(session).await?;
    let namespace = objects.iter().any(|o| o.kind.part == Part::Namespace && !o.terminating);
    if !args.namespace_too {
        objects.retain(|o| o.kind.part != Part::Namespace);
    }
    if objects.iter().all(|o| o.kind.part == Part::Namespace && o.terminating) {
        session.screen.say("nothing of Trimtab is left in this cluster")?;
        return said_of_the_rest(session, namespace && !args.namespace_too).await;
    }
    let recs = recommendations(session).await?;
    if args.check {
        let lacks = lacking(session, &plan::rights(&objects, &recs, false)).await?;
        let lacks = lacks.into_iter().chain(cannot_undo(session, &recs).await).collect();
        let in_the_way = check::check(session, &objects, &recs, lacks).await?;
        said_of_the_rest(session, namespace).await?;
        return check::verdict(session, &in_the_way);
    }
    refuse(session, args, &objects, &recs).await?;
    session.screen.say(&format!(
        "This removes Trimtab from the cluster {}, in this order:\n{}\n{}",
        session.server(),
        plan::listed(&objects, args.leave_sizes),
        plan::sizes(&recs, args.leave_sizes)
    ))?;
    if args.dry_run == DryRun::Server {
        remove::dry_run(session, &objects).await?;
        return session.screen.say("nothing was deleted (server dry run)");
    }
    confirmed(session, args)?;
    for part in plan::order(args.leave_sizes) {
        let of_part: Vec<Object> = objects.iter().filter(|o| o.kind.part == part).cloned().collect();
        match part {
            Part::Recommendations if args.leave_sizes => settle::leave(session).await?,
            Part::Recommendations => settle::settle(session).await?,
            Part::Controller if args.leave_sizes => {
                remove::each(session, &of_part).await?;
                settle::stopped(session).await?;
            }
            _ => remove::each(session, &of_part).await?,
        }
    }
    remove::rest(session, args.namespace_too).await?;
    session.screen.say("Trimtab is uninstalled")?;
    said_of_the_rest(session, namespace && !args.namespace_too).await
}

/// All Recommendations; none where the kind is not there.
async fn recommendations(session: &Session) -> Result<Vec<Recommendation>, Problem> {
    match session.list(None).await {
        Ok(recs) => Ok(recs),
        Err(error) if answer(&error).is_some_and(|s| s.code == 404) => Ok(Vec::new()),
        Err(error) => Err(session.problem(error, Tried::Read("Recommendations"))),
    }
}

/// Refuses before anything is deleted: without the permissions, or with nobody to undo what is in force.
async fn refuse(
    session: &Session,
    args: &UninstallArgs,
    objects: &[Object],
    recs: &[Recommendation],
) -> Result<(), Problem> {
    if let Some(lacks) = lacking(session, &plan::rights(objects, recs, args.leave_sizes)).await? {
        return Err(Problem::Failed(format!("{lacks}. Nothing was deleted")));
    }
    if args.leave_sizes {
        return Ok(());
    }
    let operator = session.operator().await.map_err(Problem::Failed)?;
    let emergency_stop = session.emergency_stop().await.map_err(Problem::Failed)?;
    let lease = format!("{}/{LEASE}", session.own());
    let refusal = plan::refusal(recs, &operator, emergency_stop.as_ref(), &lease, session.now());
    match refusal.or(cannot_undo(session, recs).await) {
        Some(why) => Err(Problem::Failed(format!("{why}. Nothing was deleted"))),
        None => Ok(()),
    }
}

/// Why Trimtab's account could not undo what is in force; nothing where that cannot be asked.
async fn cannot_undo(session: &Session, recs: &[Recommendation]) -> Option<String> {
    if plan::sized(recs).is_empty() {
        return None;
    }
    plan::cannot_undo(recs, &super::doctor::missing(session).await.unwrap_or_default())
}

/// Which of these permissions the user lacks.
async fn lacking(session: &Session, rights: &BTreeSet<Right>) -> Result<Option<String>, Problem> {
    let mut lacks = Vec::new();
    for right in rights {
        if !session.may(right).await? {
            lacks.push(right.text(session.own()));
        }
    }
    if lacks.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!("{} may not: {}", session.user().await?, lacks.join("; "))))
}

fn confirmed(session: &Session, args: &UninstallArgs) -> Result<(), Problem> {
    if args.yes {
        return Ok(());
    }
    match session.screen.ask("Uninstall Trimtab?")? {
        Some(true) => Ok(()),
        Some(false) => {
            session.screen.note("nothing was deleted");
            Err(Problem::Said)
        }
        None => Err(Problem::Usage(
            "there is no terminal to confirm the uninstall: use --yes; nothing was deleted".to_owned(),
        )),
    }
}

/// Lists what stays because people created it.
async fn said_of_the_rest(session: &Session, namespace: bool) -> Result<(), Problem> {
    if namespace {
        session.screen.say(&format!(
            "Namespace {} stays, with what people created in it, such as the Secret for Prometheus: --namespace-too deletes it.",
            session.own()
        ))?;
    }
    let bindings = remove::bindings(session).await;
    if bindings.is_empty() {
        return Ok(());
    }
    let one = bindings.len() == 1;
    session.screen.say(&format!(
        "{} to ClusterRoles of Trimtab {} people's own, and {}: {}",
        count(bindings.len(), "binding"),
        if one { "is" } else { "are" },
        if one { "stays" } else { "stay" },
        bindings.join(", ")
    ))
}
