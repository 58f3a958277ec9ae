//! Custom resources that Trimtab is configured to size: any definition with a pod template at `spec.template`.
//!
//! In: a custom resource as the API server sends it. Out: a workload. What makes a size safe, the template, is read as
//! strictly as for every other kind. Counts are read where they mean what Kubernetes' own kinds mean by that name, and
//! stay unset where the definition uses the name for something else.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use trimtab_core::{CustomKind, WorkloadKind};

use super::{
    Watched,
    kind::Api,
    workload::{
        Generation, Replicas, TemplateWire, Workload, WorkloadHead, WorkloadSpec, WorkloadStatus, WorkloadWire,
        Workloads,
    },
};
use crate::wire::{Parts, count};

/// The API names of the configured kinds.
pub(crate) fn api(kind: CustomKind) -> Api {
    Api::new(kind.group(), kind.version(), kind.as_str(), kind.plural()).workload(WorkloadKind::Custom(kind))
}

/// The value if it is of the expected type.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any<T> {
        Expected(T),
        Other(IgnoredAny),
    }
    Ok(match Any::deserialize(deserializer)? {
        Any::Expected(value) => Some(value),
        Any::Other(_) => None,
    })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CustomSpec {
    #[serde(deserialize_with = "lenient")]
    replicas: Option<i64>,
    template: Option<TemplateWire>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CustomStatus {
    #[serde(deserialize_with = "lenient")]
    observed_generation: Option<Generation>,
    #[serde(deserialize_with = "lenient")]
    replicas: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    ready_replicas: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    updated_replicas: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    desired_number_scheduled: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    number_ready: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    updated_number_scheduled: Option<i64>,
}

/// The fields read from a custom resource.
pub(crate) type CustomWire = Parts<WorkloadHead, CustomSpec, CustomStatus>;

/// A kind of custom resource that Trimtab is configured to size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Custom;

impl Watched for Custom {
    type Wire = CustomWire;
    type Store = Workloads;
}

impl From<CustomWire> for WorkloadWire {
    fn from(CustomWire { head, spec, status }: CustomWire) -> Self {
        let spec = WorkloadSpec { replicas: spec.replicas, template: spec.template, ..WorkloadSpec::default() };
        let status = WorkloadStatus {
            observed_generation: status.observed_generation,
            replicas: status.replicas,
            ready_replicas: status.ready_replicas.or(status.number_ready),
            updated_replicas: status.updated_replicas.or(status.updated_number_scheduled),
            desired_number_scheduled: status.desired_number_scheduled,
            ..WorkloadStatus::default()
        };
        Self { head, spec, status }
    }
}

impl Workload for Custom {
    fn replicas(spec: &WorkloadSpec, status: &WorkloadStatus) -> Replicas {
        Replicas {
            desired: count(spec.replicas.or(status.desired_number_scheduled).or(status.replicas), 1),
            ready: count(status.ready_replicas, 0),
            updated: count(status.updated_replicas, 0),
        }
    }
}
