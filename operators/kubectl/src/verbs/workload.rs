//! Reads the workloads that Recommendations are about.

use futures::{StreamExt, stream};
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use trimtab_api::{recommendation::Recommendation, resources::ContainerResources, target::TargetRef};

use crate::{cluster::Session, proposal};

/// Concurrent reads.
const AT_ONCE: usize = 16;

/// One workload.
pub(super) async fn read(session: &Session, namespace: &str, target: &TargetRef) -> Result<DynamicObject, kube::Error> {
    let (group, version) = target.api_version.split_once('/').unwrap_or(("", &target.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &target.kind));
    Api::<DynamicObject>::namespaced_with(session.client.clone(), namespace, &resource).get(&target.name).await
}

/// The present size of each container, as far as it can be read: a user who may decide need not be allowed to read
/// workloads.
pub(super) async fn present(session: &Session, rec: &Recommendation) -> Vec<ContainerResources> {
    if proposal::is_present_known(rec) {
        return proposal::present(rec, None);
    }
    let namespace = rec.metadata.namespace.as_deref().unwrap_or_default();
    let workload = read(session, namespace, &rec.spec.target_ref).await.ok();
    proposal::present(rec, workload.as_ref().map(|w| &w.data))
}

/// As [`present`], of each.
pub(super) async fn present_of_each(session: &Session, recs: &[Recommendation]) -> Vec<Vec<ContainerResources>> {
    stream::iter(recs).map(|rec| present(session, rec)).buffered(AT_ONCE).collect().await
}

/// The uid of the workload, as the Recommendation names it, else as it can be read.
pub(super) async fn uid(session: &Session, rec: &Recommendation) -> Option<String> {
    let target = &rec.spec.target_ref;
    if target.uid.is_some() {
        return target.uid.clone();
    }
    read(session, rec.metadata.namespace.as_deref().unwrap_or_default(), target).await.ok()?.metadata.uid
}

/// As [`uid`], of each.
pub(super) async fn uid_of_each(session: &Session, recs: &[Recommendation]) -> Vec<Option<String>> {
    stream::iter(recs).map(|rec| uid(session, rec)).buffered(AT_ONCE).collect().await
}
