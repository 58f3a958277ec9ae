//! The target reference of an autoscaler, on the wire.
//!
//! In: a reference. Out: its target, and the workload that it resolves to.

use std::sync::Arc;

use serde::Deserialize;
use trimtab_core::{WorkloadId, WorkloadKind};

use crate::{intern::Interner, row::HpaTarget};

/// `scaleTargetRef` or `targetRef` of an autoscaler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TargetRef {
    api_version: String,
    kind: String,
    name: String,
}

impl TargetRef {
    /// Its target, in the namespace of the referring object.
    pub(crate) fn row(&self, namespace: &Arc<str>, interner: &mut Interner) -> HpaTarget {
        let name = interner.text(&self.name);
        let workload = WorkloadKind::of(&self.api_version, &self.kind).map(|kind| WorkloadId {
            namespace: namespace.clone(),
            kind,
            name: name.clone(),
        });
        HpaTarget { kind: interner.text(&self.kind), name, workload }
    }

    /// The name of the Deployment, if the target is one.
    pub(crate) fn deployment(&self) -> Option<&str> {
        let kind = WorkloadKind::of(&self.api_version, &self.kind);
        (kind == Some(WorkloadKind::Deployment)).then_some(&self.name)
    }
}
