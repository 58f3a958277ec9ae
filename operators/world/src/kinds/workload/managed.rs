//! `managedFields` on the wire.
//!
//! In: the managed fields of a workload. Out: the object's managers, and who wrote which container's resources.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use super::ResourceManager;
use crate::{
    intern::Interner,
    wire::{self, item_name},
};

/// One entry of `managedFields`.
pub(crate) type ManagedField = wire::ManagedField<Fields>;

/// The path through a field set to the containers of a pod template, also through a CronJob's job template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<Box<Fields>>,
    #[serde(rename = "f:template")]
    template: Option<Box<Fields>>,
    #[serde(rename = "f:jobTemplate")]
    job_template: Option<Box<Fields>>,
    #[serde(rename = "f:containers")]
    containers: Option<HashMap<String, Container>>,
    #[serde(rename = "f:initContainers")]
    init_containers: Option<HashMap<String, Container>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    #[serde(rename = "f:resources")]
    resources: Option<IgnoredAny>,
}

impl Fields {
    fn pod_spec(&self) -> Option<&Self> {
        let spec = self.spec.as_deref()?;
        let holder = match &spec.job_template {
            Some(job) => job.spec.as_deref()?,
            None => spec,
        };
        holder.template.as_deref()?.spec.as_deref()
    }
}

/// The managers of the object's spec and metadata, each once.
pub(crate) fn managers(fields: &[ManagedField]) -> Vec<&str> {
    let mut names: Vec<_> = fields
        .iter()
        .filter(|f| f.subresource.as_deref().unwrap_or("").is_empty())
        .map(|f| f.manager.as_deref().unwrap_or_default())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Who wrote the resources of which container, sorted.
pub(crate) fn resource_managers(fields: &[ManagedField], interner: &mut Interner) -> Box<[ResourceManager]> {
    let mut found = Vec::new();
    for field in fields {
        let Some(spec) = field.fields.as_ref().and_then(Fields::pod_spec) else { continue };
        for (key, container) in spec.containers.iter().chain(&spec.init_containers).flatten() {
            if let (Some(name), Some(_)) = (item_name(key), container.resources) {
                let manager = field.manager.as_deref().unwrap_or_default();
                found.push(ResourceManager { container: interner.text(name), manager: interner.text(manager) });
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found.into()
}
