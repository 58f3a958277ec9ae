//! A write as data. In: the decided change. Out: the HTTP request for it, with its preconditions.

use std::fmt;

use kube::{
    Resource,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy, ValidationDirective},
    core::{ApiResource, DynamicObject, Request},
};
use serde_json::{Value, json};

use super::{ApplyError, Target};

/// What a [`Write`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Server-side apply.
    Apply,
    /// Create; fails if the object exists.
    Create,
    /// JSON merge patch (RFC 7396).
    Merge,
    /// Strategic merge patch; for the built-in kinds only.
    Strategic,
    /// Delete.
    Delete,
}

impl Verb {
    /// One lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Merge => "merge",
            Self::Strategic => "strategic-merge",
            Self::Delete => "delete",
        }
    }

    /// The verb that RBAC asks for.
    pub const fn rbac(self) -> &'static str {
        match self {
            Self::Apply | Self::Merge | Self::Strategic => "patch",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What must still hold for the write to be made; the server checks it in the same transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Precondition {
    /// `metadata.uid`: the same object, not one of the same name.
    pub uid: Option<String>,
    /// `metadata.resourceVersion`: nobody has changed it since.
    pub resource_version: Option<String>,
}

/// What the server should return. What nobody reads is not worth encoding, sending and decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The whole object as it is now.
    #[default]
    Object,
    /// Its metadata alone (`PartialObjectMetadata`).
    Metadata,
}

impl Answer {
    /// Its `Accept` header. A server that does not know the first form falls back to the whole object, which has the
    /// metadata in the same place.
    const METADATA: http::HeaderValue =
        http::HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
}

/// One write, ready to be sent, compared or shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// What to do.
    pub verb: Verb,
    /// The kind and its plural.
    pub resource: ApiResource,
    /// None for a cluster-scoped object.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// `status`, `resize`, `scale`; none for the object itself.
    pub subresource: Option<&'static str>,
    /// The object or patch; ignored by [`Verb::Delete`].
    pub body: Value,
    /// What must still hold.
    pub precondition: Precondition,
    /// Take over fields of other managers; only for [`Verb::Apply`] of a status.
    pub force: bool,
    /// What the server should return.
    pub answer: Answer,
}

impl Write {
    /// What the write is about, for errors and logs.
    pub fn target(&self) -> Target {
        let resource = match self.subresource {
            Some(sub) => format!("{}/{sub}", self.resource.plural),
            None => self.resource.plural.clone(),
        };
        Target {
            verb: self.verb.rbac(),
            group: self.resource.group.clone(),
            resource,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// The request, under a field manager.
    pub(super) fn request(&self, manager: &str) -> Result<http::Request<Vec<u8>>, ApplyError> {
        let request = Request::new(DynamicObject::url_path(&self.resource, self.namespace.as_deref()));
        let encode = |e: &dyn fmt::Display| ApplyError::Encode { message: e.to_string() };
        let patch = |patch: Patch<Value>| {
            let params = PatchParams {
                field_manager: Some(manager.to_owned()),
                force: self.force && self.subresource == Some("status") && matches!(patch, Patch::Apply(_)),
                // Else the server parses each patch a second time, to warn of unknown and of repeated fields. Nobody
                // reads such warnings, and what it refuses it refuses all the same.
                field_validation: Some(ValidationDirective::Ignore),
                ..PatchParams::default()
            };
            match self.subresource {
                Some(sub) => request.patch_subresource(sub, &self.name, &params, &patch),
                None => request.patch(&self.name, &params, &patch),
            }
        };
        match self.verb {
            Verb::Apply => patch(Patch::Apply(self.with_preconditions())),
            Verb::Merge => patch(Patch::Merge(self.with_preconditions())),
            Verb::Strategic => patch(Patch::Strategic(self.with_preconditions())),
            Verb::Create => {
                let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
                let bytes = serde_json::to_vec(&self.body).map_err(|e| encode(&e))?;
                match self.subresource {
                    Some(sub) => request.create_subresource(sub, &self.name, &params, bytes),
                    None => request.create(&params, bytes),
                }
            }
            Verb::Delete => {
                let preconditions = Preconditions {
                    uid: self.precondition.uid.clone(),
                    resource_version: self.precondition.resource_version.clone(),
                };
                let params = DeleteParams {
                    propagation_policy: Some(PropagationPolicy::Background),
                    preconditions: Some(preconditions),
                    ..DeleteParams::default()
                };
                request.delete(&self.name, &params)
            }
        }
        .map(|mut request| {
            if self.answer == Answer::Metadata {
                request.headers_mut().insert(http::header::ACCEPT, Answer::METADATA);
            }
            request
        })
        .map_err(|e| encode(&e))
    }

    /// The body with the preconditions in its metadata, where the server expects them, without fields that it refuses.
    fn with_preconditions(&self) -> Value {
        let mut body = self.body.clone();
        let Some(object) = body.as_object_mut() else { return body };
        let applied = self.verb == Verb::Apply;
        if !applied && self.precondition == Precondition::default() && !object.contains_key("metadata") {
            return body;
        }
        if let Some(meta) = object.entry("metadata").or_insert_with(|| json!({})).as_object_mut() {
            for field in ["managedFields", "creationTimestamp", "generation", "uid", "resourceVersion"] {
                meta.remove(field);
            }
            if applied {
                meta.insert("name".to_owned(), json!(self.name));
                if let Some(namespace) = &self.namespace {
                    meta.insert("namespace".to_owned(), json!(namespace));
                }
            }
            if let Some(uid) = &self.precondition.uid {
                meta.insert("uid".to_owned(), json!(uid));
            }
            if let Some(version) = &self.precondition.resource_version {
                meta.insert("resourceVersion".to_owned(), json!(version));
            }
        }
        body
    }
}
