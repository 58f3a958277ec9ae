//! `explain` for a workload without a Recommendation.

use std::collections::BTreeSet;

use trimtab_core::WorkloadId;
use trimtab_optimization_policy::{analyzer::Extent, preview, validate::validate};
use trimtab_world::Namespaces;

use crate::{
    cli::ExplainArgs,
    cluster::Session,
    engine::viewed,
    problem::Problem,
    report,
    why::{Why, reported, standings, unknown},
};

/// Explains why there is none.
pub async fn explain(session: &Session, args: &ExplainArgs, id: &WorkloadId) -> Result<(), Problem> {
    if args.watch {
        return Err(Problem::Failed(format!(
            "{} {}/{} has no Recommendation, so there is no rollout to follow",
            id.kind, id.namespace, id.name
        )));
    }
    let why = gathered(session, args, id).await?;
    if args.output.is_machine() {
        return session.screen.machine(args.output, &why);
    }
    session.screen.say(&why.text(&args.runbook_url, session.screen.paint))
}

async fn gathered(session: &Session, args: &ExplainArgs, id: &WorkloadId) -> Result<Why, Problem> {
    let mut why = unknown(id);
    // Without the CRDs there is no policy, which is also an answer.
    let policies = session.installed_policies().await.map_err(|unread| {
        let what = format!("{} {}/{}", id.kind, id.namespace, id.name);
        Problem::Failed(format!("{what} has no Recommendation, and why is not known: {unread}"))
    })?;
    let cluster = session.world(Namespaces::Only(vec![id.namespace.to_string()])).await?;
    let world = &cluster.world;
    let Some(row) = world.workload(id) else {
        // Another kind that is not shown explains nothing.
        let hidden = world.missing().into_iter().find(|m| m.kind.workload() == Some(id.kind));
        return Err(Problem::Failed(format!(
            "{} {}/{} cannot be seen: {}",
            id.kind,
            id.namespace,
            id.name,
            hidden.map_or_else(|| "it was just deleted".to_owned(), |m| m.reason.to_string())
        )));
    };
    let plan = preview::plan(world, policies.iter().filter_map(|p| validate(p).ok()).collect());
    why.policies = standings(&policies, &plan, world.namespace(&id.namespace).as_deref(), &row);
    why.reported = reported(&policies, id);
    if !why.policies.iter().any(|p| p.takes) {
        why.undecided = Some("No policy takes it, so nothing is decided.".to_owned());
        return Ok(why);
    }
    let source = match session.source(&args.prometheus).await {
        Ok(source) => source,
        Err(problem) => {
            why.undecided = Some(format!("Not decided here: {}.", problem.said().unwrap_or_default()));
            return Ok(why);
        }
    };
    let mut analyzer = session.analyzer(world, &source, viewed(policies)).await?;
    let extent = Extent::Only(BTreeSet::from([id.clone()]), BTreeSet::new());
    let preview = analyzer.preview(&extent, session.now()).await;
    why.source = Some(source.found);
    match preview.workloads.first() {
        Some(found) => why.decided = Some(report::row(found)),
        None => why.undecided = Some(format!("Not decided here: {}.", preview.blind.join("; "))),
    }
    if let Some((_, error)) = preview.unread.first() {
        why.undecided = Some(error.clone());
    }
    Ok(why)
}
