//! What accounts may do, each permission asked of the API server. In: a session. Out: what is missing, or allowed.

use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};
use trimtab_core::{CustomKind, WorkloadKind};

use crate::{
    cluster::{Session, answer},
    doctor::{self, APPROVE, Controller, DEPLOYMENT, GROUPS, NamedKind, Needed, REVIEWS, VERBS},
    health::Read,
};

/// Concurrent reviews of permissions.
const AT_ONCE: usize = 16;
/// Concurrent kinds, each with a few requests.
const KINDS_AT_ONCE: usize = 4;

/// The permissions that Trimtab's account lacks.
pub(super) async fn missing(
    session: &Session,
    controller: &Read<Option<Controller>>,
    account: &str,
) -> Read<Vec<Needed>> {
    let secret = controller.as_ref().ok().and_then(|found| found.as_ref()?.secret.as_deref()).map(doctor::of_secret);
    let asked = doctor::needed().into_iter().chain(secret).map(move |needed| async move {
        let allowed = is_allowed(session, account, attributes(&needed, session.own())).await?;
        Ok::<_, String>((!allowed).then_some(needed))
    });
    let answers: Vec<Option<Needed>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// The custom resources that the controller is told to size: by its Deployment, else by the flag of this command.
pub(super) async fn kinds(
    session: &Session,
    controller: &Read<Option<Controller>>,
    account: &str,
) -> Read<Vec<NamedKind>> {
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
    let asked = names.into_iter().map(move |name| async move {
        match WorkloadKind::named(&name) {
            Ok(WorkloadKind::Custom(kind)) => named(session, account, name, kind).await.map(Some),
            // A kind that every controller reads.
            Ok(_) => Ok(None),
            Err(why) => Ok(Some(NamedKind { name, resource: Err(why), missing: Ok(Vec::new()) })),
        }
    });
    let found: Vec<Option<NamedKind>> = stream::iter(asked).buffered(KINDS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
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
    let asked = VERBS.map(|verb| {
        let attributes = everywhere(verb, kind.group(), &plural);
        async move { is_allowed(session, account, attributes).await.map(|allowed| (!allowed).then_some(verb)) }
    });
    let missing = try_join_all(asked).await.map(|all| all.into_iter().flatten().collect());
    Ok(NamedKind { name, resource, missing })
}

/// Whether Trimtab's account has a permission.
async fn is_allowed(session: &Session, account: &str, attributes: ResourceAttributes) -> Read<bool> {
    let own = session.own();
    let all = "system:serviceaccounts";
    let spec = SubjectAccessReviewSpec {
        user: Some(format!("system:serviceaccount:{own}:{account}")),
        groups: Some(vec![all.to_owned(), format!("{all}:{own}"), "system:authenticated".to_owned()]),
        resource_attributes: Some(attributes),
        ..SubjectAccessReviewSpec::default()
    };
    reviewed(session, spec).await
}

/// What Trimtab lacks to ask who may read its metrics; nothing where it is not told to ask.
pub(super) async fn reviews(
    session: &Session,
    controller: &Read<Option<Controller>>,
    account: &str,
) -> Read<Vec<String>> {
    if !controller.as_ref().is_ok_and(|found| found.as_ref().is_some_and(|found| found.reviews)) {
        return Ok(Vec::new());
    }
    let asked = REVIEWS.map(|(group, resource)| async move {
        let allowed = is_allowed(session, account, everywhere("create", group, resource)).await?;
        Ok::<_, String>((!allowed).then(|| format!("create {resource}.{group}")))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// The groups of everybody that may approve in all namespaces.
pub(super) async fn approving(session: &Session) -> Read<Vec<&'static str>> {
    let [verb, group, resource] = APPROVE;
    let asked = GROUPS.map(|everybody| {
        let spec = SubjectAccessReviewSpec {
            groups: Some(vec![everybody.to_owned()]),
            resource_attributes: Some(everywhere(verb, group, resource)),
            ..SubjectAccessReviewSpec::default()
        };
        async move { reviewed(session, spec).await.map(|allowed| allowed.then_some(everybody)) }
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// The answer to a review of permissions.
async fn reviewed(session: &Session, spec: SubjectAccessReviewSpec) -> Read<bool> {
    let api = Api::<SubjectAccessReview>::all(session.client.clone());
    let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let asked = api.create(&PostParams::default(), &review).await;
    asked.map(|answer| answer.status.is_some_and(|status| status.allowed)).map_err(|error| {
        match answer(&error).is_some_and(|status| status.code == 403) {
            true => "needs create on subjectaccessreviews.authorization.k8s.io".to_owned(),
            false => session.unread(error, "permissions (SubjectAccessReview)"),
        }
    })
}

/// A permission on all objects of a kind.
fn everywhere(verb: &str, group: &str, resource: &str) -> ResourceAttributes {
    ResourceAttributes {
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        ..ResourceAttributes::default()
    }
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
        name: needed.name.as_deref().map(str::to_owned),
        namespace: needed.own.then(|| own.to_owned()),
        ..ResourceAttributes::default()
    }
}
