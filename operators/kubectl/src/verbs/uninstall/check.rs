//! `uninstall --check`: reads what is there and says it. Nothing is written.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::ListParams};
use trimtab_api::{AppliedSizes, recommendation::Recommendation};

use crate::{
    cluster::{LEASE, Session, answer},
    problem::Problem,
    refusal::Tried,
    uninstall::{self as plan, Object, check::Found},
};

/// Says what is under way and what would stay. Returns what is in the way of `uninstall`, a line each. `lacks`: the
/// permissions that the user lacks for it, or Trimtab's account.
pub async fn check(
    session: &Session,
    objects: &[Object],
    recs: &[Recommendation],
    lacks: Vec<String>,
) -> Result<Vec<String>, Problem> {
    let operator = session.operator().await.map_err(Problem::Failed)?;
    let emergency_stop = session.emergency_stop().await.map_err(Problem::Failed)?;
    let lease = format!("{}/{LEASE}", session.own());
    let refusal = plan::refusal(recs, &operator, emergency_stop.as_ref(), &lease, session.now());
    let refused: Vec<String> = refusal.into_iter().chain(lacks).collect();
    let (sizes, leaving) = (sizes(session).await?, leaving(session).await);
    let found = Found { objects, recs, sizes: &sizes, leaving: &leaving, refused: &refused };
    session.screen.say(&found.text())?;
    Ok(found.in_the_way())
}

/// Says what is in the way; an error if anything is.
pub fn verdict(session: &Session, in_the_way: &[String]) -> Result<(), Problem> {
    if in_the_way.is_empty() {
        return session.screen.say("Nothing is in the way of kubectl trimtab uninstall.");
    }
    session.screen.say(&format!("In the way:\n  {}", in_the_way.join("\n  ")))?;
    Err(Problem::Said)
}

/// All AppliedSizes; none where the kind is not there.
async fn sizes(session: &Session) -> Result<Vec<AppliedSizes>, Problem> {
    match Api::<AppliedSizes>::all(session.client.clone()).list(&ListParams::default()).await {
        Ok(list) => Ok(list.items),
        Err(error) if answer(&error).is_some_and(|s| s.code == 404) => Ok(Vec::new()),
        Err(error) => Err(session.problem(error, Tried::Read("AppliedSizes"))),
    }
}

/// The namespaces that are being deleted, as far as they can be read.
async fn leaving(session: &Session) -> Vec<String> {
    let all = Api::<Namespace>::all(session.client.clone()).list_metadata(&ListParams::default()).await;
    let deleted = all.into_iter().flatten().filter(|namespace| namespace.metadata.deletion_timestamp.is_some());
    deleted.filter_map(|namespace| namespace.metadata.name).collect()
}
