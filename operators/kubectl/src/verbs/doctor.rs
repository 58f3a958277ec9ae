//! `doctor`: reads what an installation consists of. Nothing is written but reviews of permissions, which are not stored.

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::{
    apps::v1::Deployment,
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, api::PostParams};
use trimtab_core::{CustomKind, WorkloadKind};

use crate::{
    cli::DoctorArgs,
    cluster::{Session, answer},
    doctor::{self, Controller, DEPLOYMENT, Facts, NamedKind, Needed, VERBS},
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
    let (crds, guard, has_mutating, requester, sizes, missing, kinds, policies, operator) = futures::join!(
        session.crds(),
        session.guard(),
        session.has_mutating_policies(),
        session.requester_admission(),
        session.sizes_admission(),
        missing(session, account),
        kinds(session, &controller, account),
        session.policies(),
        session.operator(),
    );
    let own = session.own().to_owned();
    Facts { server, own, crds, guard, has_mutating, requester, sizes, missing, kinds, policies, operator, controller }
}

/// The controller, by its Deployment.
async fn controller(session: &Session) -> Read<Option<Controller>> {
    let found = Api::<Deployment>::namespaced(session.client.clone(), session.own()).get_opt(DEPLOYMENT).await;
    let found = found.map_err(|e| session.unread(e, &format!("Deployment {}/{DEPLOYMENT}", session.own())))?;
    Ok(found.as_ref().map(Controller::from))
}

/// The permissions that Trimtab's account lacks.
async fn missing(session: &Session, account: &str) -> Read<Vec<Needed>> {
    let asked = doctor::needed().into_iter().map(move |needed| async move {
        let allowed = is_allowed(session, account, attributes(&needed, session.own())).await?;
        Ok::<_, String>((!allowed).then_some(needed))
    });
    let answers: Vec<Option<Needed>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The custom resources that the controller is told to size: by its Deployment, else by the flag of this command.
async fn kinds(session: &Session, controller: &Read<Option<Controller>>, account: &str) -> Read<Vec<NamedKind>> {
    let told = match controller {
        Ok(Some(controller)) => controller.kinds.clone(),
        Ok(None) => Err(format!("there is no Deployment {}/{DEPLOYMENT}", session.own())),
        Err(why) => Err(why.clone()),
    };
    let given: Vec<CustomKind> = CustomKind::all().collect();
    let names: Vec<String> = match told {
        Err(why) if given.is_empty() => return Err(why),
        Err(_) => given.into_iter().map(|k| format!("{}.{}.{}", k.as_str(), k.version(), k.group())).collect(),
        Ok(names) => names,
    };
    let mut found = Vec::new();
    for name in names {
        match WorkloadKind::named(&name) {
            Ok(WorkloadKind::Custom(kind)) => found.push(named(session, account, name, kind).await?),
            // A kind that every controller reads.
            Ok(_) => {}
            Err(why) => found.push(NamedKind { name, resource: Err(why), missing: Ok(Vec::new()) }),
        }
    }
    Ok(found)
}

/// Whether the API server has a kind, and what Trimtab's account lacks on it.
async fn named(session: &Session, account: &str, name: String, kind: CustomKind) -> Read<NamedKind> {
    let plural = match session.client.list_api_group_resources(kind.api_version()).await {
        Ok(served) => doctor::plural(kind.as_str(), &served),
        Err(error) if answer(&error).is_some_and(|status| status.code == 404) => {
            Err("the API server does not serve it".to_owned())
        }
        Err(error) => return Err(session.unread(error, &format!("what {} serves", kind.api_version()))),
    };
    let plural = match plural {
        Ok(plural) => plural,
        Err(why) => return Ok(NamedKind { name, resource: Err(why), missing: Ok(Vec::new()) }),
    };
    let resource = Ok(format!("{plural}.{}", kind.group()));
    let mut missing = Vec::new();
    for verb in VERBS {
        let attributes = ResourceAttributes {
            verb: Some(verb.to_owned()),
            group: Some(kind.group().to_owned()),
            resource: Some(plural.clone()),
            ..ResourceAttributes::default()
        };
        match is_allowed(session, account, attributes).await {
            Ok(true) => {}
            Ok(false) => missing.push(verb),
            Err(why) => return Ok(NamedKind { name, resource, missing: Err(why) }),
        }
    }
    Ok(NamedKind { name, resource, missing: Ok(missing) })
}

/// Whether Trimtab's account has a permission.
async fn is_allowed(session: &Session, account: &str, attributes: ResourceAttributes) -> Read<bool> {
    let api = Api::<SubjectAccessReview>::all(session.client.clone());
    let asked = api.create(&PostParams::default(), &review(attributes, session.own(), account)).await;
    asked.map(|answer| answer.status.is_some_and(|status| status.allowed)).map_err(|error| {
        match answer(&error).is_some_and(|status| status.code == 403) {
            true => "needs create on subjectaccessreviews.authorization.k8s.io".to_owned(),
            false => session.unread(error, "the permissions of Trimtab (SubjectAccessReview)"),
        }
    })
}

fn attributes(needed: &Needed, own: &str) -> ResourceAttributes {
    let (resource, subresource) = match needed.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource)),
        None => (needed.resource, None),
    };
    ResourceAttributes {
        verb: Some(needed.verb.to_owned()),
        group: Some(needed.group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: subresource.map(str::to_owned),
        name: needed.name.map(str::to_owned),
        namespace: needed.own.then(|| own.to_owned()),
        ..ResourceAttributes::default()
    }
}

/// The question whether Trimtab's account has a permission.
fn review(attributes: ResourceAttributes, own: &str, account: &str) -> SubjectAccessReview {
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
