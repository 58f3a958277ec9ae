//! Finding and deleting Trimtab's objects. What is already gone counts as deleted.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef};
use kube::{
    Api,
    api::{ApiResource, DeleteParams, ListParams},
    core::{DynamicObject, GroupVersionKind, ObjectMeta},
};
use trimtab_core::text::count;

use crate::{
    cluster::{PAGE, Session, answer},
    problem::Problem,
    refusal::Tried,
    uninstall::{
        Object,
        kinds::{KINDS, Kind, Part, Place},
    },
};

/// How often a refused deletion is retried, and the interval: API servers evaluate a guard for some moments after it is
/// deleted.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);
/// How often to check whether all is gone.
const LOOKS: u32 = 90;

/// The label that identifies the objects of the manifests.
const LABEL: &str = "app.kubernetes.io/name";

fn api(session: &Session, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk(kind.group, kind.version, kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, kind.plural);
    match namespace {
        Some(namespace) => Api::namespaced_with(session.client.clone(), namespace, &resource),
        None => Api::all_with(session.client.clone(), &resource),
    }
}

/// All of Trimtab's existing objects.
pub async fn inventory(session: &Session) -> Result<Vec<Object>, Problem> {
    let (mut found, mut lacks) = (Vec::new(), Vec::new());
    for answered in futures::future::join_all(KINDS.iter().map(|kind| of_kind(session, kind))).await {
        match answered {
            Ok(objects) => found.extend(objects),
            Err((kind, error)) if answer(&error).is_some_and(|s| s.code == 403) => lacks.push(kind.resource()),
            Err((kind, error)) => return Err(session.problem(error, Tried::Read(&kind.resource()))),
        }
    }
    if lacks.is_empty() {
        return Ok(found);
    }
    let user = session.user().await?;
    Err(Problem::Failed(format!(
        "{user} may not list {}, so it is not known what would be left. Nothing was deleted",
        lacks.join(", ")
    )))
}

async fn of_kind(session: &Session, kind: &'static Kind) -> Result<Vec<Object>, (&'static Kind, kube::Error)> {
    let api = api(session, kind, (kind.place == Place::Own).then(|| session.own()));
    let ours = |meta: ObjectMeta| {
        let name = meta.name?;
        let label = meta.labels.as_ref().and_then(|l| l.get(LABEL)).map(String::as_str);
        kind.is_ours(&name, label, session.own()).then_some(Object {
            kind,
            namespace: meta.namespace,
            name,
            terminating: meta.deletion_timestamp.is_some(),
        })
    };
    let (mut found, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut page = ListParams::default().limit(PAGE);
        page.continue_token = token;
        match api.list_metadata(&page).await {
            Ok(list) => {
                found.extend(list.items.into_iter().filter_map(|object| ours(object.metadata)));
                token = list.metadata.continue_.filter(|t| !t.is_empty());
            }
            // A cluster need not have the kind.
            Err(error) if answer(&error).is_some_and(|s| s.code == 404) => return Ok(found),
            Err(error) => return Err((kind, error)),
        }
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Sends one deletion; the text is the API server's refusal.
pub async fn delete(session: &Session, object: &Object, dry_run: bool) -> Result<Result<(), String>, Problem> {
    let params = DeleteParams { dry_run, ..DeleteParams::background() };
    match api(session, object.kind, object.namespace.as_deref()).delete(&object.name, &params).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => match answer(&error) {
            Some(status) if status.code == 404 => Ok(Ok(())),
            Some(status) => {
                let said =
                    status.message.rsplit_once("denied request: ").map_or(status.message.as_str(), |(_, why)| why);
                Ok(Err(said.to_owned()))
            }
            None => Err(session.problem(error, Tried::Write(&format!("{} {}", object.kind.kind, object.full_name())))),
        },
    }
}

/// Dry-runs the deletions that the API server can judge now; those that the guard blocks until it is gone are skipped.
pub async fn dry_run(session: &Session, objects: &[Object]) -> Result<(), Problem> {
    let mut refused = false;
    for object in objects.iter().filter(|o| o.kind.part != Part::Records) {
        if let Err(why) = delete(session, object, true).await? {
            session.screen.note(&format!("error: {} {}: {why}", object.kind.kind, object.full_name()));
            refused = true;
        }
    }
    if refused { Err(Problem::Said) } else { Ok(()) }
}

/// Deletes one, retrying for a while where that is refused.
pub async fn surely(session: &Session, object: &Object) -> Result<(), Problem> {
    let mut answered = delete(session, object, false).await?;
    for _ in 1..ATTEMPTS {
        if answered.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
        answered = delete(session, object, false).await?;
    }
    answered.map_err(|why| {
        let what = format!("{} {}", object.kind.kind, object.full_name());
        Problem::Failed(format!("{what} could not be deleted: {why}. Run this again to continue"))
    })
}

/// Deletes these in order, and prints the number of each kind.
pub async fn each(session: &Session, objects: &[Object]) -> Result<(), Problem> {
    for kind in KINDS {
        let of_kind: Vec<&Object> = objects.iter().filter(|o| o.kind == kind && !o.terminating).collect();
        for object in &of_kind {
            surely(session, object).await?;
        }
        match of_kind.as_slice() {
            [] => {}
            [one] => session.screen.say(&format!("deleted {} {}", kind.kind, one.full_name()))?,
            many => session.screen.say(&format!("deleted {} {}", many.len(), kind.resource()))?,
        }
    }
    Ok(())
}

/// Deletes what was recreated meanwhile, and waits until all is gone. A terminating namespace counts as gone.
pub async fn rest(session: &Session, namespace_too: bool) -> Result<(), Problem> {
    let mut left = Vec::new();
    for _ in 0..LOOKS {
        left = inventory(session).await?;
        left.retain(|o| o.kind.part != Part::Namespace || (namespace_too && !o.terminating));
        if left.is_empty() {
            return Ok(());
        }
        for object in left.iter().filter(|o| !o.terminating) {
            // A refused deletion is retried in a moment.
            let _ = delete(session, object, false).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let names: Vec<String> = left.iter().map(|o| format!("{} {}", o.kind.kind, o.full_name())).collect();
    Err(Problem::Failed(format!(
        "{} not gone yet: {}. Run this again to continue",
        count(left.len(), "object"),
        names.join(", ")
    )))
}

/// User-created bindings to Trimtab's ClusterRoles, as far as they can be read.
pub async fn bindings(session: &Session) -> Vec<String> {
    let ours = |role: &RoleRef| {
        let kind = KINDS.iter().find(|kind| kind.kind == "ClusterRole");
        role.kind == "ClusterRole" && kind.is_some_and(|kind| kind.names.contains(&role.name.as_str()))
    };
    let all = ListParams::default();
    let cluster = Api::<ClusterRoleBinding>::all(session.client.clone()).list(&all).await;
    let roles = Api::<RoleBinding>::all(session.client.clone()).list(&all).await;
    let cluster =
        cluster.into_iter().flatten().filter(|b| ours(&b.role_ref)).map(|b| (b.metadata, "ClusterRoleBinding"));
    let roles = roles.into_iter().flatten().filter(|b| ours(&b.role_ref)).map(|b| (b.metadata, "RoleBinding"));
    // What is deleted with the rest does not stay.
    let stays = |(meta, kind): &(ObjectMeta, &str)| {
        let Some(of) = KINDS.iter().find(|of| of.kind == *kind) else { return true };
        let is_there = of.place != Place::Own || meta.namespace.as_deref() == Some(session.own());
        let label = meta.labels.as_ref().and_then(|l| l.get(LABEL)).map(String::as_str);
        !(is_there && of.is_ours(meta.name.as_deref().unwrap_or_default(), label, session.own()))
    };
    let named = |(meta, kind): (ObjectMeta, &str)| {
        let namespace = meta.namespace.map(|n| format!("{n}/")).unwrap_or_default();
        format!("{kind} {namespace}{}", meta.name.unwrap_or_default())
    };
    cluster.chain(roles).filter(stays).map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::bindings;
    use crate::testkit::session;

    fn list(kind: &str, bindings: &[(Option<&str>, &str, &str)]) -> Value {
        let items: Vec<Value> = bindings
            .iter()
            .map(|(namespace, name, role)| {
                json!({"metadata": {"name": name, "namespace": namespace},
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}})
            })
            .collect();
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {}, "items": items})
    }

    #[tokio::test]
    async fn only_what_people_created_is_said_to_stay() {
        let cluster = [
            (None, "trimtab-controller", "trimtab-controller"),
            (None, "approvers", "trimtab-approver"),
            (None, "admins", "cluster-admin"),
        ];
        let roles = [
            (Some("trimtab-system"), "trimtab-controller", "trimtab-controller-recommend"),
            (Some("shop"), "trimtab-controller", "trimtab-viewer"),
        ];
        let objects = json!({
            "/clusterrolebindings": list("ClusterRoleBindingList", &cluster),
            "/rolebindings": list("RoleBindingList", &roles),
        });
        let stay = ["ClusterRoleBinding approvers", "RoleBinding shop/trimtab-controller"];
        assert_eq!(bindings(&session(objects, 404)).await, stay);
    }
}
