//! What an autoscaler refers to, on the wire.

use std::sync::Arc;

use serde::Deserialize;
use trimtab_core::{WorkloadId, WorkloadKind};

use crate::{intern::Interner, row::HpaTarget};

/// `scaleTargetRef` or `targetRef` of an autoscaler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TargetRef {
    api_version: String,
    kind: String,
    name: String,
}

impl TargetRef {
    /// What is meant, in the namespace of the object that refers to it.
    pub(super) fn row(&self, namespace: &Arc<str>, interner: &mut Interner) -> HpaTarget {
        let name = interner.text(&self.name);
        let workload = self
            .kind
            .parse::<WorkloadKind>()
            .ok()
            // The version is the author's choice; the group is what tells a Deployment from a namesake.
            .filter(|k| self.api_version.split('/').next() == k.api_version().split('/').next())
            .map(|kind| WorkloadId { namespace: namespace.clone(), kind, name: name.clone() });
        HpaTarget { kind: interner.text(&self.kind), name, workload }
    }
}
