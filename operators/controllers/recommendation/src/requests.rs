//! Sends the requests that only rollouts make. In: a request, its Recommendation. Out: the answer, and the versions that
//! writes gave. The emergency stop was read just before each that changes something.

use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta},
};
use serde_json::{Value, json};
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_api::{
    applied_sizes::{WorkloadHistory, key},
    resources::ContainerResources,
};
use trimtab_core::{WorkloadId, WorkloadKind, resource_version};
use trimtab_driver::controller::Sent;
use trimtab_engine::protocol::Response;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::effect::{Effect, SeenPod};
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write, Writer};
use trimtab_world::{World, row::ContainerKind};

use crate::{answers, confirm, spec_patch::spec_patch};

type Meta = PartialObjectMeta<DynamicObject>;

/// The dependencies for sending requests.
#[derive(Clone)]
pub struct Sender {
    /// Writes under this controller's name.
    pub writer: Writer,
    /// Reads a template just before it is patched.
    pub client: Client,
    /// The AppliedSizes objects.
    pub sizes: AppliedSizesWriter,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl Sender {
    /// Records the decisions that outlive the Recommendation.
    pub async fn record(&self, row: &RecommendationRow, history: &WorkloadHistory) -> Response {
        let Some(id) = &row.workload else { return not_sized(row).response };
        let result = self.remember(row, id, history).await;
        result.map_or_else(|error| answers::answer(error, false), |()| Response::Done)
    }

    /// Changes something.
    pub async fn change(&self, row: &RecommendationRow, world: &World, effect: &Effect) -> Sent {
        let Some(id) = &row.workload else { return not_sized(row) };
        let result = match effect {
            Effect::Resize { pod, uid, resource_version, containers } => {
                self.resize(world, id, pod, uid, resource_version, containers).await
            }
            Effect::Evict { pod, uid } => self.evict(id, pod, uid).await,
            Effect::PutSizes { uid, from, to } => return self.put_sizes(row, world, id, uid, from, to).await,
            Effect::DropSizes => {
                let key = key(id);
                match self.sizes.entry(&id.namespace, &key) {
                    Some(entry) => self.sizes.drop_entry(&id.namespace, &key, &entry.uid).await.map(|()| 0),
                    None => Ok(0),
                }
            }
            Effect::PatchTemplate { uid, containers } => self.patch_template(row, world, id, uid, containers).await,
        };
        match result {
            Ok(version) => Sent { response: Response::Done, version },
            Err(error) => Sent::plain(answers::answer(error, matches!(effect, Effect::Evict { .. }))),
        }
    }

    /// Reads the pods and the entry once more, on which the end of a rollout is decided.
    pub async fn confirm(&self, row: &RecommendationRow, world: &World, pods: &[SeenPod]) -> Response {
        // Nothing can be read of a kind that is not sized here.
        let Some(id) = &row.workload else { return Response::Done };
        match confirm::holds(&self.client, world, &self.sizes, id, pods).await {
            Ok(true) => Response::Done,
            Ok(false) => Response::Stale,
            Err(error) => Response::Unknown { message: error.to_string() },
        }
    }

    async fn resize(
        &self,
        world: &World,
        id: &WorkloadId,
        pod: &str,
        uid: &str,
        resource_version: &str,
        containers: &[ContainerResources],
    ) -> Result<u64, ApplyError> {
        let row = world.pod(&id.namespace, pod);
        let sidecar = |name: &str| {
            row.as_deref().and_then(|p| p.container(name)).is_some_and(|c| c.kind == ContainerKind::Sidecar)
        };
        let write = Write {
            verb: Verb::Strategic,
            resource: resource("", "v1", "Pod", "pods"),
            namespace: Some(id.namespace.to_string()),
            name: pod.to_owned(),
            subresource: Some("resize"),
            body: json!({"spec": spec_patch(containers, sidecar)}),
            precondition: Precondition {
                uid: Some(uid.to_owned()),
                resource_version: Some(resource_version.to_owned()),
            },
            force: false,
            answer: Answer::Metadata,
        };
        let meta: Meta = self.writer.execute(&write).await?;
        Ok(resource_version::number(meta.metadata.resource_version.as_deref()))
    }

    async fn evict(&self, id: &WorkloadId, pod: &str, uid: &str) -> Result<u64, ApplyError> {
        let write = Write {
            verb: Verb::Create,
            resource: resource("", "v1", "Pod", "pods"),
            namespace: Some(id.namespace.to_string()),
            name: pod.to_owned(),
            subresource: Some("eviction"),
            body: json!({
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": pod, "namespace": &*id.namespace},
                "deleteOptions": {"preconditions": {"uid": uid}},
            }),
            precondition: Precondition::default(),
            force: false,
            answer: Answer::Object,
        };
        self.writer.execute::<Value>(&write).await.map(|_| 0)
    }

    async fn put_sizes(
        &self,
        row: &RecommendationRow,
        world: &World,
        id: &WorkloadId,
        uid: &str,
        from: &[ContainerResources],
        to: &[ContainerResources],
    ) -> Sent {
        let template = world.workload(id).map(|w| w.template.clone()).unwrap_or_default();
        let sidecars: Vec<&str> =
            template.containers.iter().filter(|c| c.kind == ContainerKind::Sidecar).map(|c| &*c.name).collect();
        let digest = row.rollout.as_ref().map_or(row.digest.as_str(), |r| r.proposal_digest.as_str());
        let entry = match trimtab_admission_sizes::entry(&row.name, digest, uid, from, to, &sidecars) {
            Ok(entry) => entry,
            Err(refusal) => {
                let message = format!("the size of {id} cannot be delivered by admission: {refusal}");
                return Sent::refused("SizesRefused", message);
            }
        };
        match self.sizes.put(&id.namespace, &key(id), entry).await {
            Ok(()) => Sent::plain(Response::Done),
            Err(error) => Sent::plain(answers::answer(error, false)),
        }
    }

    /// The template is read and compared just before it is patched: only then can the patch carry the version that was
    /// compared.
    async fn patch_template(
        &self,
        row: &RecommendationRow,
        world: &World,
        id: &WorkloadId,
        uid: &str,
        containers: &[ContainerResources],
    ) -> Result<u64, ApplyError> {
        let (group, version_) = row.target.api_version.split_once('/').unwrap_or(("", row.target.api_version.as_str()));
        let resource = ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk(group, version_, id.kind.as_str()),
            &format!("{}s", id.kind.as_str().to_lowercase()),
        );
        let mut write = Write {
            verb: Verb::Strategic,
            resource: resource.clone(),
            namespace: Some(id.namespace.to_string()),
            name: id.name.to_string(),
            subresource: None,
            body: Value::Null,
            precondition: Precondition { uid: Some(uid.to_owned()), resource_version: None },
            force: false,
            answer: Answer::Metadata,
        };
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &id.namespace, &resource);
        let classify = |error| trimtab_runtime::apply::classify(error, &write.target());
        let live = api.get(&id.name).await.map_err(classify)?;
        let seen = world.workload(id);
        let same = live.metadata.uid.as_deref() == Some(uid)
            && seen.as_ref().is_some_and(|w| live.metadata.generation == Some(w.generation));
        if !same {
            let message = "it was changed since it was read".to_owned();
            return Err(ApplyError::Stale { target: Box::new(write.target()), message });
        }
        let template = seen.map(|w| w.template.clone()).unwrap_or_default();
        let sidecar = |name: &str| template.container(name).is_some_and(|c| c.kind == ContainerKind::Sidecar);
        let template = json!({"template": {"spec": spec_patch(containers, sidecar)}});
        write.body = match id.kind {
            WorkloadKind::CronJob => json!({"spec": {"jobTemplate": {"spec": template}}}),
            _ => json!({"spec": template}),
        };
        write.precondition.resource_version = live.metadata.resource_version;
        self.writer.execute::<Meta>(&write).await.map(|_| 0)
    }
}

fn not_sized(row: &RecommendationRow) -> Sent {
    Sent::refused("KindNotSupported", format!("{} is not a kind that Trimtab sizes", row.target.kind))
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}
