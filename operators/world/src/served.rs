//! Whether the API server serves a kind that it need not serve, and a custom resource under which names.
//!
//! In: discovery of the kind's group and version. Out: whether the server has it; of a custom resource the address of
//! its objects, or why it cannot be sized.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Client;
use trimtab_core::CustomKind;

use crate::{kinds::Kind, refusal::Refusal, wire::Address};

/// Why a kind is not watched.
#[derive(Debug)]
pub(crate) enum Absence {
    /// The server does not serve it, or not as a workload.
    Refused(Refusal),
    /// The server did not answer.
    Unknown(kube::Error),
}

/// Discovers the address of the objects of `kind`.
pub(crate) async fn address(client: &Client, kind: CustomKind) -> Result<Address, Absence> {
    match client.list_api_group_resources(kind.api_version()).await {
        Ok(list) => find(kind, &list).map_err(Absence::Refused),
        Err(kube::Error::Api(status)) if status.code == 404 => Err(Absence::Refused(not_served(kind))),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            Err(Absence::Refused(Refusal::Forbidden { verb: "get", on: format!("/apis/{}", kind.api_version()) }))
        }
        Err(error) => Err(Absence::Unknown(error)),
    }
}

/// Whether the server has an optional kind that it forbids to list: permissions are checked first, so it forbids what
/// it does not have just the same. In doubt it has it.
pub(crate) async fn has(client: &Client, kind: Kind) -> bool {
    match client.list_api_group_resources(&format!("{}/{}", kind.group(), kind.version())).await {
        Ok(list) => list.resources.iter().any(|resource| resource.name == kind.plural()),
        Err(kube::Error::Api(status)) => status.code != 404,
        Err(_) => true,
    }
}

fn not_served(kind: CustomKind) -> Refusal {
    Refusal::NotFound(format!("the API server has no {} in {}", kind.as_str(), kind.api_version()))
}

fn find(kind: CustomKind, list: &APIResourceList) -> Result<Address, Refusal> {
    let resource = list.resources.iter().find(|r| r.kind == kind.as_str() && !r.name.contains('/'));
    let resource = resource.ok_or_else(|| not_served(kind))?;
    if !resource.namespaced {
        return Err(Refusal::NotScalable(format!("{} is in no namespace", kind.as_str())));
    }
    let scale = format!("{}/scale", resource.name);
    if !list.resources.iter().any(|r| r.name == scale) {
        return Err(Refusal::NotScalable(format!("{} has no subresource scale", kind.as_str())));
    }
    Ok(Address { kind: Kind::Custom(kind), plural: resource.name.clone().into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_core::WorkloadKind;

    use super::*;

    #[test]
    fn only_what_lives_in_a_namespace_and_can_be_scaled_is_a_workload() {
        let WorkloadKind::Custom(kind) = WorkloadKind::named("Herd.v1.example.com").unwrap() else { unreachable!() };
        let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "kind": kind, "namespaced": namespaced, "singularName": "", "verbs": ["list"]});
        let scale = resource("herden/scale", "Scale", true);
        let (own, whole) = (resource("herden", "Herd", true), resource("herden", "Herd", false));
        let status = resource("herden/status", "Herd", true);
        for (resources, expected) in [
            (vec![&status, &scale, &own], Ok("herden")),
            (vec![&own, &status], Err("NotScalable: Herd has no subresource scale")),
            (vec![&whole, &scale], Err("NotScalable: Herd is in no namespace")),
            (vec![&status, &scale], Err("NotFound: the API server has no Herd in example.com/v1")),
        ] {
            let list = json!({"groupVersion": "example.com/v1", "resources": resources});
            let list: APIResourceList = serde_json::from_value(list).unwrap();
            let found = find(kind, &list).map(|a| a.plural.into_owned()).map_err(|refusal| refusal.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{resources:?}");
        }
    }
}
