//! Finding what people mean in the cluster.
//!
//! In: what was typed. Out: a Recommendation or a workload, or a text that names the alternatives. Only names are read,
//! and in other namespaces only objects of that very name.

use kube::{
    Api,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta},
};
use trimtab_api::recommendation::Recommendation;
use trimtab_core::{WorkloadId, WorkloadKind};

use crate::{
    cluster::{Session, answer},
    problem::Problem,
    refusal::Tried,
    target::{Named, Wanted, typed},
    words,
};

/// What was meant.
#[derive(Debug)]
pub enum Found {
    /// A Recommendation.
    Recommendation(Box<Recommendation>),
    /// A workload without one.
    Workload(WorkloadId),
}

impl Session {
    /// Finds a Recommendation or a workload in the session's namespace.
    pub async fn find(&self, text: &str) -> Result<Found, Problem> {
        let wanted = Wanted::parse(text).map_err(Problem::Usage)?;
        let namespace = self.namespace();
        for name in wanted.recommendation_names() {
            match self.recommendations(Some(namespace)).get_opt(&name).await {
                Ok(Some(rec)) => return Ok(Found::Recommendation(Box::new(rec))),
                Ok(None) => {}
                // Without the CRDs there are still workloads.
                Err(error) if answer(&error).is_some_and(|s| s.code == 404) => {}
                Err(error) => {
                    return Err(self.problem(error, Tried::Read(&format!("Recommendation {namespace}/{name}"))));
                }
            }
        }
        let recs = self.list(Some(namespace)).await.unwrap_or_default();
        let mut here: Vec<Named> = recs.iter().map(Named::from).collect();
        here.extend(self.workloads(Some(namespace), None).await.into_iter().map(Named::Workload));
        match wanted.choose(&here).map_err(Problem::Failed)? {
            Some(Named::Recommendation { name, .. }) => {
                let found = recs.iter().find(|rec| words::name(*rec) == name).cloned();
                found.map(|rec| Found::Recommendation(Box::new(rec))).ok_or(Problem::Said)
            }
            Some(Named::Workload(id)) => Ok(Found::Workload(id.clone())),
            None => {
                let mut elsewhere = match wanted.is_recommendation {
                    true => Vec::new(),
                    false => self.workloads(None, Some(&wanted.name)).await,
                };
                elsewhere.retain(|id| *id.namespace != *namespace && wanted.kind.is_none_or(|kind| id.kind == kind));
                Err(Problem::Failed(wanted.missing(namespace, &here, &elsewhere)))
            }
        }
    }

    /// Finds a Recommendation; for a workload without one, tells how to see why.
    pub async fn find_recommendation(&self, text: &str) -> Result<Recommendation, Problem> {
        match self.find(text).await? {
            Found::Recommendation(rec) => Ok(*rec),
            Found::Workload(id) => Err(Problem::Failed(format!(
                "there is no Recommendation for {} {}/{}: kubectl trimtab explain {} -n {} says why",
                id.kind,
                id.namespace,
                id.name,
                typed(&id),
                id.namespace
            ))),
        }
    }

    /// The workloads of a namespace, or of all; with a name, only those of that name. Kinds that may not be listed are
    /// omitted.
    async fn workloads(&self, scope: Option<&str>, name: Option<&str>) -> Vec<WorkloadId> {
        let of_each_kind = WorkloadKind::all().map(|kind| self.names_of(kind, scope, name));
        futures::future::join_all(of_each_kind).await.concat()
    }

    /// The workloads of a kind. A cluster need not have Rollouts: an unserved kind has none.
    async fn names_of(&self, kind: WorkloadKind, scope: Option<&str>, name: Option<&str>) -> Vec<WorkloadId> {
        let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.as_str()));
        let api: Api<DynamicObject> = match scope {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let mut params = ListParams::default();
        if let Some(name) = name {
            params = params.fields(&format!("metadata.name={name}"));
        }
        let Ok(list) = api.list_metadata(&params).await else { return Vec::new() };
        let owned = |meta: &PartialObjectMeta<DynamicObject>| {
            kind == WorkloadKind::Job
                && meta.metadata.owner_references.iter().flatten().any(|o| o.kind == WorkloadKind::CronJob.as_str())
        };
        list.items
            .iter()
            // The Jobs of a CronJob count as its runs.
            .filter(|meta| !owned(meta))
            .filter_map(|meta| {
                let (namespace, name) = (meta.metadata.namespace.as_deref()?, meta.metadata.name.as_deref()?);
                Some(WorkloadId::new(kind, namespace, name))
            })
            .collect()
    }
}
