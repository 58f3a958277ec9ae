//! The installed CRDs: whether they have what this release needs.
//!
//! In: the CRDs, as the server has them. Out: a [`Crds`]. They are compared with those of the plugin's own release, as the
//! controller compares them with those of its release.

use futures::future::{join, join_all};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
};
use serde_json::Value;
use trimtab_api::{crds, skew};
use trimtab_core::server;

use crate::{
    cluster::Session,
    health::{Crds, Read},
};

/// The first minor version of Kubernetes 1 that takes all rules of the CRDs.
const TAKES_ALL_RULES: u32 = 34;

/// Compares CRDs with those of this release for a server of this minor version: which are missing or lack something, and which
/// accept or refuse more.
fn compared(all: &[(&str, Option<Value>)], minor: Option<u32>) -> Crds {
    let (mut lack, mut accept) = (Vec::new(), Vec::new());
    for (name, installed) in all {
        let Ok(Some(mut wanted)) = crds::named(name) else { continue };
        if minor.is_some_and(|minor| minor < TAKES_ALL_RULES) {
            crds::for_server_before_1_34(&mut wanted);
        }
        let Some(installed) = installed else {
            lack.push(format!("{name} is not installed"));
            continue;
        };
        let missing = skew::lacks(&wanted, installed);
        if !missing.is_empty() {
            lack.push(format!("{name} lacks {}", skew::named(&missing)));
        }
        let more = [skew::accepts_more(&wanted, installed), skew::refuses_more(&wanted, installed)].concat();
        if !more.is_empty() {
            accept.push(format!("{name} lacks {}", skew::named(&more)));
        }
    }
    let said = |all: Vec<String>| (!all.is_empty()).then(|| all.join(", "));
    Crds { current: lack.is_empty(), lack: said(lack), accept: said(accept) }
}

impl Session {
    /// Whether the installed CRDs have what this release needs.
    pub async fn crds(&self) -> Read<Crds> {
        let resource = ApiResource::erase::<CustomResourceDefinition>(&());
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let all = crds::names().map(|name| {
            let api = api.clone();
            async move { (name, api.get_opt(name).await) }
        });
        let (version, found) = join(self.client.apiserver_version(), join_all(all)).await;
        let mut read = Vec::new();
        for (name, found) in found {
            let found = found.map_err(|e| self.unread(e, "CustomResourceDefinitions"))?;
            read.push((name, found.map(|crd| crd.data)));
        }
        // Where it is not known, the server is taken for a new one.
        let minor = version.ok().as_ref().and_then(server::minor);
        Ok(compared(&read, minor))
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
        assert_eq!(session(&all, 404).crds().await, Ok(Crds { current: true, ..Crds::default() }));
        let mut older = all;
        older.retain(|crd| crd["metadata"]["name"] != "pricebooks.trimtab.dev");
        let rec = older.iter_mut().find(|crd| crd["metadata"]["name"] == "recommendations.trimtab.dev").unwrap();
        let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
        rec.pointer_mut(status).unwrap().as_object_mut().unwrap().remove("rollout");
        let found = session(&older, 404).crds().await.unwrap();
        let lack = found.lack.unwrap();
        assert!(!found.current && lack.contains("recommendations.trimtab.dev lacks status.rollout"), "{lack}");
        assert!(lack.contains("pricebooks.trimtab.dev is not installed"), "{lack}");
        assert_eq!(found.accept, None, "what is not there accepts nothing");
        let unknown = session(&older, 403).crds().await.unwrap_err();
        assert_eq!(unknown, "no permission to read CustomResourceDefinitions");
    }

    #[test]
    fn before_1_34_the_rules_that_such_a_server_refuses_are_not_missed() {
        let mut all = crds::all().unwrap();
        all.iter_mut().for_each(|(_, crd)| crds::for_server_before_1_34(crd));
        let names: Vec<String> =
            all.iter().map(|(_, crd)| crd["metadata"]["name"].as_str().unwrap().to_owned()).collect();
        let installed: Vec<_> = names.iter().zip(all).map(|(name, (_, crd))| (name.as_str(), Some(crd))).collect();
        let accepted = |minor| compared(&installed, minor).accept;
        assert_eq!(accepted(Some(33)), None);
        for minor in [Some(34), Some(37), None] {
            let accept = accepted(minor).unwrap();
            assert!(accept.contains("recommendations.trimtab.dev lacks the rule"), "{minor:?}: {accept}");
        }
    }

    #[tokio::test]
    async fn crds_without_their_rules_serve_and_accept_more() {
        let mut all: Vec<Value> = crds::all().unwrap().into_iter().map(|(_, crd)| crd).collect();
        let rec = all.iter_mut().find(|crd| crd["metadata"]["name"] == "usageprofiles.trimtab.dev").unwrap();
        let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
        rec.pointer_mut(spec).unwrap().as_object_mut().unwrap().remove("x-kubernetes-validations").unwrap();
        let found = session(&all, 404).crds().await.unwrap();
        assert!(found.current && found.lack.is_none(), "{found:?}");
        let accept = found.accept.unwrap();
        assert!(accept.starts_with("usageprofiles.trimtab.dev lacks the rule \""), "{accept}");
        assert!(accept.ends_with("\" of spec"), "{accept}");
    }
}
