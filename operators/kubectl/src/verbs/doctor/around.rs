//! What is around the controller: who may approve, what is proposed, what leads to its metrics, and other Trimtabs.
//!
//! In: a session. Out: what was read, or why it could not be.

use std::{collections::BTreeMap, fmt::Debug};

use futures::future::join_all;
use k8s_openapi::api::{
    apps::v1::Deployment,
    coordination::v1::Lease,
    core::v1::Service,
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
};
use kube::{
    Api, Resource,
    api::{ApiResource, DynamicObject, ListParams},
    core::GroupVersionKind,
};
use serde::de::DeserializeOwned;
use trimtab_api::Recommendation;

use super::rights;
use crate::{
    cluster::{LEASE, Session, answer},
    doctor::{Approvers, Installed, KINDS, Labelled, Metrics, Told},
    health::{Lead, Read},
    own::SELECTOR,
};

/// Who may approve.
pub(super) async fn approvers(session: &Session) -> Approvers {
    let (roles, local, groups, bindings, cluster_bindings) = futures::join!(
        roles(session),
        everywhere::<Role>(session, "roles"),
        rights::approving(session),
        everywhere::<RoleBinding>(session, "rolebindings"),
        everywhere::<ClusterRoleBinding>(session, "clusterrolebindings"),
    );
    Approvers { roles, local, groups, bindings, cluster_bindings }
}

async fn roles(session: &Session) -> Read<BTreeMap<String, ClusterRole>> {
    let found = Api::<ClusterRole>::all(session.client.clone()).list(&ListParams::default()).await;
    let found = found.map_err(|e| session.unread(e, "ClusterRoles"))?;
    Ok(found.items.into_iter().filter_map(|role| Some((role.metadata.name.clone()?, role))).collect())
}

/// All objects of a kind.
async fn everywhere<K>(session: &Session, plural: &str) -> Read<Vec<K>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let listed = Api::<K>::all(session.client.clone()).list(&ListParams::default()).await;
    listed.map(|list| list.items).map_err(|e| unlisted(session, e, plural))
}

/// All Recommendations.
pub(super) async fn recommendations(session: &Session) -> Read<Vec<Recommendation>> {
    session.list(None).await.map_err(|e| session.unread(e, "Recommendations"))
}

/// What leads to `/metrics`; `reviews` is what Trimtab lacks to ask who may read them.
pub(super) async fn metrics(session: &Session, reviews: impl Future<Output = Read<Vec<String>>>) -> Metrics {
    let api = Api::<Service>::namespaced(session.client.clone(), session.own());
    let all = ListParams::default();
    let kinds = join_all(KINDS.map(|(kind, plural)| told(session, kind, plural)));
    let (services, told, missing) = futures::join!(api.list(&all), kinds, reviews);
    let services = services.map(|list| list.items);
    Metrics {
        services: services.map_err(|e| session.unread(e, &format!("Services in namespace {}", session.own()))),
        told: told.into_iter().collect::<Read<Vec<_>>>().map(|all| all.into_iter().flatten().collect()),
        missing,
    }
}

/// The objects of a kind of the Prometheus operator with Trimtab's label; none where the cluster does not have the kind.
async fn told(session: &Session, kind: &'static str, plural: &str) -> Read<Vec<Told>> {
    let gvk = GroupVersionKind::gvk("monitoring.coreos.com", "v1", kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
    let api: Api<DynamicObject> = Api::all_with(session.client.clone(), &resource);
    let of = |object: DynamicObject| Told {
        kind,
        namespace: object.metadata.namespace.unwrap_or_default(),
        name: object.metadata.name.unwrap_or_default(),
        data: object.data,
    };
    match api.list(&ListParams::default().labels(SELECTOR)).await {
        Ok(list) => Ok(list.items.into_iter().map(of).collect()),
        Err(error) if answer(&error).is_some_and(|status| status.code == 404) => Ok(Vec::new()),
        Err(error) => Err(unlisted(session, error, plural)),
    }
}

/// The Trimtabs of all namespaces.
pub(super) async fn installed(session: &Session) -> Installed {
    let deployments = Api::<Deployment>::all(session.client.clone());
    let leases = Api::<Lease>::all(session.client.clone());
    let (labelled, named) =
        (ListParams::default().labels(SELECTOR), ListParams::default().fields(&format!("metadata.name={LEASE}")));
    let (deployments, leases) = futures::join!(deployments.list(&labelled), leases.list(&named));
    let place = |deployment: Deployment| Labelled {
        namespace: deployment.metadata.namespace.unwrap_or_default(),
        name: deployment.metadata.name.unwrap_or_default(),
        // Without a number it is one.
        is_scaled_up: deployment.spec.is_none_or(|spec| spec.replicas != Some(0)),
    };
    let leader = |lease: Lease| Some((lease.metadata.namespace.clone()?, Lead::from(lease).holder().cloned()?));
    Installed {
        deployments: deployments
            .map(|list| list.items.into_iter().map(place).collect())
            .map_err(|e| unlisted(session, e, "deployments")),
        leaders: leases
            .map(|list| list.items.into_iter().filter_map(leader).collect())
            .map_err(|e| unlisted(session, e, "leases")),
    }
}

/// Why a kind could not be listed.
fn unlisted(session: &Session, error: kube::Error, plural: &str) -> String {
    match answer(&error).is_some_and(|status| status.code == 403) {
        true => format!("may not list {plural} in all namespaces"),
        false => session.unread(error, plural),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit::session;

    /// A list with one object.
    fn list(object: &Value) -> Value {
        json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": [object]})
    }

    #[tokio::test]
    async fn what_is_around_is_read() {
        let lease = json!({"metadata": {"name": "trimtab-controller", "namespace": "tools"},
            "spec": {"holderIdentity": "sizer-1", "renewTime": "2026-11-21T11:59:57.000000Z", "leaseDurationSeconds": 15}});
        let deployment = json!({"metadata": {"name": "sizer", "namespace": "tools"},
            "spec": {"selector": {}, "template": {}}});
        let idle = json!({"metadata": {"name": "idle", "namespace": "tools"},
            "spec": {"replicas": 0, "selector": {}, "template": {}}});
        let deployments = json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": [deployment, idle]});
        let monitor = json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
            "metadata": {"name": "trimtab", "namespace": "m"}, "spec": {"selector": {}}});
        let objects = json!({"/leases": list(&lease), "/deployments": deployments, "/podmonitors": list(&monitor),
            "/rolebindings": list(&json!({"metadata": {"name": "all"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}})),
            "/services": list(&json!({"metadata": {"name": "trimtab-metrics"}})),
            "/clusterroles": list(&json!({"metadata": {"name": "trimtab-approver"}})),
            "/roles": list(&json!({"metadata": {"name": "own", "namespace": "shop"}})),
            "/clusterrolebindings": list(&json!({"metadata": {"name": "everybody"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}})),
            "/subjectaccessreviews": {"spec": {}, "status": {"allowed": true}}});
        let session = session(objects, 404);
        let found = installed(&session).await;
        let labelled =
            |name: &str, is_scaled_up| Labelled { namespace: "tools".to_owned(), name: name.to_owned(), is_scaled_up };
        assert_eq!(found.deployments, Ok(vec![labelled("sizer", true), labelled("idle", false)]));
        let leaders = found.leaders.unwrap();
        assert_eq!((leaders[0].0.as_str(), leaders[0].1.holder.as_str()), ("tools", "sizer-1"));
        let found = metrics(&session, async { Ok(Vec::new()) }).await;
        assert_eq!(found.services.unwrap().len(), 1);
        let told = found.told.unwrap();
        assert_eq!((told.len(), told[0].kind, told[0].namespace.as_str()), (1, "PodMonitor", "m"));
        let found = approvers(&session).await;
        assert_eq!(found.roles.unwrap().into_keys().collect::<Vec<_>>(), ["trimtab-approver"]);
        assert_eq!((found.groups.unwrap().len(), found.bindings.unwrap().len()), (3, 1));
        assert_eq!((found.local.unwrap().len(), found.cluster_bindings.unwrap().len()), (1, 1));
    }

    #[tokio::test]
    async fn who_may_list_nothing_is_told_what() {
        let session = session(json!({}), 403);
        let found = installed(&session).await;
        assert_eq!(found.deployments.unwrap_err(), "may not list deployments in all namespaces");
        assert_eq!(found.leaders.unwrap_err(), "may not list leases in all namespaces");
        let found = metrics(&session, async { Ok(Vec::new()) }).await;
        assert_eq!(found.services.unwrap_err(), "no permission to read Services in namespace trimtab-system");
        assert_eq!(found.told.unwrap_err(), "may not list servicemonitors in all namespaces");
        let found = approvers(&session).await;
        assert_eq!(found.roles.unwrap_err(), "no permission to read ClusterRoles");
        assert_eq!(found.bindings.unwrap_err(), "may not list rolebindings in all namespaces");
        assert_eq!(found.local.unwrap_err(), "may not list roles in all namespaces");
        assert_eq!(found.cluster_bindings.unwrap_err(), "may not list clusterrolebindings in all namespaces");
        assert_eq!(found.groups.unwrap_err(), "needs create on subjectaccessreviews.authorization.k8s.io");
        assert_eq!(recommendations(&session).await.unwrap_err(), "no permission to read Recommendations");
    }
}
