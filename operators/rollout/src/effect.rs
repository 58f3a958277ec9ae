//! The requests that change something, as only changes of sizes do. In: pods, sizes, uids. Out: data, with their
//! preconditions.

use trimtab_api::resources::ContainerResources;

/// A request that changes pods, a template or the sizes of new pods.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// `PATCH pods/resize` with uid and resourceVersion.
    Resize {
        /// The pod.
        pod: String,
        /// Its uid.
        uid: String,
        /// The version that the decision was based on.
        resource_version: String,
        /// The desired resources of each container.
        containers: Vec<ContainerResources>,
    },
    /// `POST pods/eviction` with the uid, subject to the pod's disruption budgets.
    Evict {
        /// The pod.
        pod: String,
        /// Its uid.
        uid: String,
    },
    /// Puts the entry of this rollout into the namespace's AppliedSizes.
    PutSizes {
        /// The uid of the workload.
        uid: String,
        /// The sizes in the template.
        from: Vec<ContainerResources>,
        /// The sizes that admission sets.
        to: Vec<ContainerResources>,
    },
    /// Removes the workload's entry from the namespace's AppliedSizes.
    DropSizes,
    /// Patches the containers of the workload's template, with its uid and resourceVersion.
    PatchTemplate {
        /// The uid of the workload.
        uid: String,
        /// The desired resources of each container.
        containers: Vec<ContainerResources>,
    },
}

/// Identifies an [`Effect`], regardless of the object version that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EffectKey {
    /// A resize of the pod with this uid to these sizes: what holds back the way forward does not hold back the undo.
    Resize(String, Vec<ContainerResources>),
    /// An eviction of the pod with this uid.
    Evict(String),
    /// The AppliedSizes entry is written.
    Put,
    /// The AppliedSizes entry is removed.
    Drop,
    /// A patch of the template.
    Patch,
}

impl EffectKey {
    /// The key of `effect`.
    pub(crate) fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Resize { uid, containers, .. } => Self::Resize(uid.clone(), containers.clone()),
            Effect::Evict { uid, .. } => Self::Evict(uid.clone()),
            Effect::PutSizes { .. } => Self::Put,
            Effect::DropSizes => Self::Drop,
            Effect::PatchTemplate { .. } => Self::Patch,
        }
    }

    /// The request in words, as the object of a sentence.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Resize(..) => "the resize of a pod",
            Self::Evict(_) => "the eviction of a pod",
            Self::Put | Self::Drop => "the workload's entry in AppliedSizes",
            Self::Patch => "the workload's template",
        }
    }
}

/// A pod as observed when the end of the rollout was decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenPod {
    /// Its uid.
    pub uid: String,
    /// Its containers' resources, see [`crate::view::Pod::spec`].
    pub spec: Vec<ContainerResources>,
}
