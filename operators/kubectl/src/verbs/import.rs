//! `import vpa`: reads VerticalPodAutoscalers and writes policies.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams},
    core::GroupVersionKind,
};
use serde_json::Value;
use trimtab_optimization_policy::validate::{Scope, ValidatedPolicy, validate};

use crate::{
    cli::ImportArgs,
    cluster::{Session, answer},
    import::{self, Target, Vpa},
    problem::Problem,
    refusal::Tried,
};

/// The group of VPAs.
const GROUP: &str = "autoscaling.k8s.io";
/// Its versions, the newest first.
const VERSIONS: [&str; 2] = ["v1", "v1beta2"];

/// `import vpa`.
pub async fn vpa(session: &Session, args: &ImportArgs) -> Result<(), Problem> {
    if !args.names.is_empty() {
        session.one_namespace()?;
    }
    let mut found = autoscalers(session).await?;
    if !args.names.is_empty() {
        let have = |name: &String| found.iter().any(|o| o.metadata.name.as_deref() == Some(name));
        if let Some(absent) = args.names.iter().find(|name| !have(name)) {
            let namespace = session.namespace();
            return Err(Problem::Failed(format!("there is no VerticalPodAutoscaler {namespace}/{absent}")));
        }
        found.retain(|o| o.metadata.name.as_ref().is_some_and(|name| args.names.contains(name)));
    }
    if found.is_empty() {
        let place = session.scope().map_or_else(|| "the cluster".to_owned(), |n| format!("namespace {n}"));
        session.screen.note(&format!("there is no VerticalPodAutoscaler in {place}"));
        return Ok(());
    }
    let mut read: BTreeMap<(String, String), Vec<DynamicObject>> = BTreeMap::new();
    let mut vpas = Vec::new();
    // Without the CRDs there is no conflicting policy.
    let policies = session.installed_policies().await.unwrap_or_else(|why| {
        session.screen.note(&format!("note: which policies select these workloads already is not known: {why}"));
        Vec::new()
    });
    let valid: Vec<ValidatedPolicy> = policies.iter().filter_map(|p| validate(p).ok()).collect();
    let mut labels_of: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for object in found {
        let target = &object.data["spec"]["targetRef"];
        let (kind, name) = (text(target, "kind"), text(target, "name"));
        let namespace = object.metadata.namespace.clone().unwrap_or_default();
        let key = (namespace.clone(), kind.clone());
        if !read.contains_key(&key) {
            let workloads = workloads(session, &namespace, &text(target, "apiVersion"), &kind).await?;
            read.insert(key.clone(), workloads);
        }
        if !labels_of.contains_key(&namespace) && valid.iter().any(|p| matches!(p.scope, Scope::Selector(_))) {
            let found = Api::<Namespace>::all(session.client.clone()).get_metadata(&namespace).await;
            let labels = found.ok().and_then(|n| n.metadata.labels).unwrap_or_default();
            labels_of.insert(namespace.clone(), labels);
        }
        let workloads = read.get(&key).map(Vec::as_slice).unwrap_or_default();
        let is = |w: &&DynamicObject| w.metadata.name.as_deref() == Some(&name);
        let labels = |w: &DynamicObject| w.metadata.labels.clone().unwrap_or_default();
        let target = workloads.iter().find(is).map(|w| target_of(&kind, &name, w));
        let of_namespace = labels_of.get(&namespace);
        let selects = |p: &&ValidatedPolicy| {
            target.as_ref().is_some_and(|target| import::selects(p, &namespace, of_namespace, target))
        };
        vpas.push(Vpa {
            selected_by: valid.iter().filter(selects).map(|p| (p.name.clone(), p.priority)).collect(),
            target,
            others: workloads
                .iter()
                .filter(|w| !is(w))
                .map(|w| (w.metadata.name.clone().unwrap_or_default(), labels(w)))
                .collect(),
            object: serde_json::to_value(&object).map_err(|e| Problem::Failed(format!("cannot read a VPA: {e}")))?,
        });
    }
    session.screen.say(&import::yaml(&vpas))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

async fn autoscalers(session: &Session) -> Result<Vec<DynamicObject>, Problem> {
    for version in VERSIONS {
        let gvk = GroupVersionKind::gvk(GROUP, version, "VerticalPodAutoscaler");
        let resource = ApiResource::from_gvk_with_plural(&gvk, "verticalpodautoscalers");
        let api: Api<DynamicObject> = match session.scope() {
            Some(namespace) => Api::namespaced_with(session.client.clone(), namespace, &resource),
            None => Api::all_with(session.client.clone(), &resource),
        };
        match api.list(&ListParams::default()).await {
            Ok(list) => return Ok(list.items),
            Err(error) if answer(&error).is_some_and(|s| s.code == 404) => {}
            Err(error) if answer(&error).is_some_and(|s| s.code == 403) => {
                return Err(Problem::Failed(format!(
                    "no permission to list VerticalPodAutoscalers: it needs the verb list on \
                     verticalpodautoscalers.{GROUP}"
                )));
            }
            Err(error) => return Err(session.problem(error, Tried::Read("VerticalPodAutoscalers"))),
        }
    }
    Err(Problem::Failed(format!(
        "the cluster has no VerticalPodAutoscaler: the VPA's CRDs ({GROUP}) are not installed, so there is \
         nothing to import"
    )))
}

/// The workloads of a kind in a namespace. An unserved kind has none.
async fn workloads(
    session: &Session,
    namespace: &str,
    api_version: &str,
    kind: &str,
) -> Result<Vec<DynamicObject>, Problem> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let plural = format!("{}s", kind.to_lowercase());
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural);
    let api: Api<DynamicObject> = Api::namespaced_with(session.client.clone(), namespace, &resource);
    match api.list(&ListParams::default()).await {
        Ok(list) => Ok(list.items),
        Err(error) if answer(&error).is_some_and(|s| s.code == 404) => Ok(Vec::new()),
        Err(error) => Err(session.problem(error, Tried::Read(&format!("{kind}s in namespace {namespace}")))),
    }
}

fn target_of(kind: &str, name: &str, object: &DynamicObject) -> Target {
    let path = if kind == "CronJob" { "/spec/jobTemplate/spec/template/spec" } else { "/spec/template/spec" };
    let containers = object.data.pointer(path).and_then(|s| s["containers"].as_array()).cloned().unwrap_or_default();
    let requests = |c: &Value| -> BTreeMap<String, String> {
        let requests = c["resources"]["requests"].as_object().into_iter().flatten();
        requests.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    Target {
        kind: kind.to_owned(),
        name: name.to_owned(),
        labels: object.metadata.labels.clone().unwrap_or_default(),
        containers: containers.iter().map(|c| (text(c, "name"), requests(c))).collect(),
    }
}
