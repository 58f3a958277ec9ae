//! The installed CRDs: whether they have what this release needs.
//!
//! In: the CRDs, as the server has them. Out: a [`Crds`]. They are compared with those of the plugin's own release, as the
//! controller compares them with those of its release.

use futures::future::join_all;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
};
use serde_json::Value;
use trimtab_api::{crds, skew};

use crate::{
    cluster::Session,
    health::{Crds, Read},
};

/// What is wrong with a CRD: it is missing, or lacks something.
fn behind(name: &str, installed: Option<&Value>) -> Option<String> {
    let Some(installed) = installed else { return Some(format!("{name} is not installed")) };
    let wanted = crds::named(name).ok().flatten()?;
    let missing = skew::lacks(&wanted, installed);
    (!missing.is_empty()).then(|| format!("{name} lacks {}", skew::named(&missing)))
}

impl Session {
    /// Whether the installed CRDs have what this release needs.
    pub async fn crds(&self) -> Read<Crds> {
        let resource = ApiResource::erase::<CustomResourceDefinition>(&());
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let mut faults = Vec::new();
        let all = crds::names().map(|name| {
            let api = api.clone();
            async move { (name, api.get_opt(name).await) }
        });
        for (name, found) in join_all(all).await {
            let found = found.map_err(|e| self.unread(e, "CustomResourceDefinitions"))?;
            faults.extend(behind(name, found.as_ref().map(|crd| &crd.data)));
        }
        Ok(Crds { current: faults.is_empty(), lack: (!faults.is_empty()).then(|| faults.join(", ")) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Map;

    use super::*;
    use crate::testkit;

    /// A session with a server that has these CRDs; `code` is the answer for others.
    fn session(all: &[Value], code: u16) -> Session {
        let by_name = all.iter().map(|crd| (format!("/{}", crd["metadata"]["name"].as_str().unwrap()), crd.clone()));
        testkit::session(Value::Object(by_name.collect::<Map<String, Value>>()), code)
    }

    #[tokio::test]
    async fn crds_that_are_older_or_missing_are_named() {
        let all: Vec<Value> = crds::all().unwrap().into_iter().map(|(_, crd)| crd).collect();
        assert_eq!(session(&all, 404).crds().await, Ok(Crds { current: true, lack: None }));
        let mut older = all;
        older.retain(|crd| crd["metadata"]["name"] != "pricebooks.trimtab.dev");
        let rec = older.iter_mut().find(|crd| crd["metadata"]["name"] == "recommendations.trimtab.dev").unwrap();
        let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
        rec.pointer_mut(status).unwrap().as_object_mut().unwrap().remove("rollout");
        let found = session(&older, 404).crds().await.unwrap();
        let lack = found.lack.unwrap();
        assert!(!found.current && lack.contains("recommendations.trimtab.dev lacks status.rollout"), "{lack}");
        assert!(lack.contains("pricebooks.trimtab.dev is not installed"), "{lack}");
        let unknown = session(&older, 403).crds().await.unwrap_err();
        assert_eq!(unknown, "no permission to read CustomResourceDefinitions");
    }
}
