//! Custom resources on the wire: those of any definition that has a pod template at `spec.template`.
//!
//! What makes a size safe is read as strictly as for every other kind: the template. Counts are read where they are what
//! the kinds of Kubernetes call by that name, and are unset where the definition means something else by it.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{
    Object, Wire,
    managed::ManagedField,
    pairs::{All, Marks, Pairs},
    template::TemplateWire,
    workload::{self, Generation, WorkloadSpec, WorkloadStatus},
};
use crate::{kind::Kind, tables::Tables};

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

/// A kind of custom resource that Trimtab was told to size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Custom;

impl Wire for Custom {
    type Labels = Pairs<All>;
    type Annotations = Pairs<Marks>;
    type ManagedFields = Option<Vec<ManagedField>>;
    type Spec = CustomSpec;
    type Status = CustomStatus;

    fn store(kind: Kind, object: Object<Self>, tables: &mut Tables) {
        let Some(kind) = kind.workload() else { return };
        let Object { head, spec, status, .. } = object;
        let spec = WorkloadSpec { replicas: spec.replicas, template: spec.template, ..WorkloadSpec::default() };
        let status = WorkloadStatus {
            observed_generation: status.observed_generation,
            replicas: status.replicas,
            ready_replicas: status.ready_replicas.or(status.number_ready),
            updated_replicas: status.updated_replicas.or(status.updated_number_scheduled),
            desired_number_scheduled: status.desired_number_scheduled,
            ..WorkloadStatus::default()
        };
        workload::store(kind, head, spec, status, tables);
    }
}
