//! `doctor`: reads what an installation consists of. Nothing is written but reviews of permissions, which are not stored.

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::{
    apps::v1::Deployment,
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, api::PostParams};

use crate::{
    cli::DoctorArgs,
    cluster::{Session, answer},
    doctor::{self, Controller, DEPLOYMENT, Facts, Needed},
    health::Read,
    problem::Problem,
};

/// Concurrent reviews of permissions.
const AT_ONCE: usize = 16;
/// The account that is asked about where the Deployment may not be read.
const ACCOUNT: &str = "trimtab";

/// `doctor`.
pub async fn doctor(session: &Session, args: &DoctorArgs) -> Result<(), Problem> {
    let lines = match session.client.apiserver_version().await {
        Ok(info) => {
            let server = format!("Kubernetes {} at {}", info.git_version, session.server());
            doctor::lines(&facts(session, server).await, session.now())
        }
        Err(error) => vec![doctor::unreachable(&session.unread(error, "the version of the API server"))],
    };
    match args.output.is_machine() {
        true => session.screen.machine(args.output, &lines)?,
        false => {
            session.screen.say(&doctor::text(&lines, session.screen.paint))?;
            session.screen.note(&doctor::summary(&lines));
        }
    }
    match doctor::exit_code(&lines) {
        0 => Ok(()),
        code => Err(Problem::Ended(code)),
    }
}

async fn facts(session: &Session, server: String) -> Facts {
    let controller = controller(session).await;
    let account = controller.as_ref().ok().and_then(Option::as_ref).map_or(ACCOUNT, |found| found.account.as_str());
    let (crds, guard, has_mutating, requester, sizes, missing, policies, operator) = futures::join!(
        session.crds(),
        session.guard(),
        session.has_mutating_policies(),
        session.requester_admission(),
        session.sizes_admission(),
        missing(session, account),
        session.policies(),
        session.operator(),
    );
    let own = session.own().to_owned();
    Facts { server, own, crds, guard, has_mutating, requester, sizes, missing, policies, operator, controller }
}

/// The controller, by its Deployment.
async fn controller(session: &Session) -> Read<Option<Controller>> {
    let found = Api::<Deployment>::namespaced(session.client.clone(), session.own()).get_opt(DEPLOYMENT).await;
    let found = found.map_err(|e| session.unread(e, &format!("Deployment {}/{DEPLOYMENT}", session.own())))?;
    Ok(found.as_ref().map(Controller::from))
}

/// The permissions that Trimtab's account lacks.
async fn missing(session: &Session, account: &str) -> Read<Vec<Needed>> {
    let api = &Api::<SubjectAccessReview>::all(session.client.clone());
    let asked = doctor::needed().into_iter().map(move |needed| async move {
        let answer = api.create(&PostParams::default(), &review(&needed, session.own(), account)).await?;
        Ok::<_, kube::Error>((!answer.status.is_some_and(|status| status.allowed)).then_some(needed))
    });
    let answers: Result<Vec<Option<Needed>>, kube::Error> = stream::iter(asked).buffered(AT_ONCE).try_collect().await;
    answers.map(|answers| answers.into_iter().flatten().collect()).map_err(|error| {
        match answer(&error).is_some_and(|status| status.code == 403) {
            true => "needs create on subjectaccessreviews.authorization.k8s.io".to_owned(),
            false => session.unread(error, "the permissions of Trimtab (SubjectAccessReview)"),
        }
    })
}

/// The question whether Trimtab's account has a permission.
fn review(needed: &Needed, own: &str, account: &str) -> SubjectAccessReview {
    let (resource, subresource) = match needed.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource)),
        None => (needed.resource, None),
    };
    let attributes = ResourceAttributes {
        verb: Some(needed.verb.to_owned()),
        group: Some(needed.group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: subresource.map(str::to_owned),
        name: needed.name.map(str::to_owned),
        namespace: needed.own.then(|| own.to_owned()),
        ..ResourceAttributes::default()
    };
    let all = "system:serviceaccounts";
    let groups = vec![all.to_owned(), format!("{all}:{own}"), "system:authenticated".to_owned()];
    let spec = SubjectAccessReviewSpec {
        user: Some(format!("system:serviceaccount:{own}:{account}")),
        groups: Some(groups),
        resource_attributes: Some(attributes),
        ..SubjectAccessReviewSpec::default()
    };
    SubjectAccessReview { spec, ..SubjectAccessReview::default() }
}
