//! The object: a lamp and its status. In: the object as the server has it. Out: what the reconciler has to know of it.

use std::borrow::Cow;

use k8s_openapi::{
    NamespaceResourceScope,
    apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta},
};
use kube::{Resource, core::DynamicObject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_api::{conditions::recommendation as reasons, names::FINALIZER};
use trimtab_core::resource_version;
use trimtab_driver::{
    limiter::{Hold, LastChange},
    reconciled::{Meta, Reconciled},
};
use trimtab_engine::parts::{Parts, Phase};
use trimtab_runtime::{events::Event, store::Key};

use crate::{
    change::{Lighting, Run},
    lamps::Lamps,
};

#[derive(Clone, Debug, Deserialize)]
pub struct Lamp {
    pub metadata: ObjectMeta,
    pub spec: Spec,
    #[serde(default)]
    pub status: Option<Status>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Where it is: the target, which one lamp can have.
    pub socket: String,
    #[serde(default)]
    pub approved_by: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

impl Resource for Lamp {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Lamp".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "test.trimtab.dev".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "lamps".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// The words that are told. All are reasons of `Ready`.
const TOLD: [&str; 9] = [
    reasons::PENDING_APPROVAL,
    reasons::BLOCKED,
    reasons::ROLLING_OUT,
    reasons::VERIFYING,
    reasons::APPLIED,
    reasons::ROLLING_BACK,
    reasons::ROLLED_BACK,
    reasons::HALTED,
    reasons::FORBIDDEN,
];

fn reasons_of(conditions: &[Condition]) -> Vec<&str> {
    conditions.iter().map(|c| c.reason.as_str()).collect()
}

impl Reconciled for Lamps {
    type Resource = Lamp;
    type Change = Lighting;
    type Row = Lamp;
    type Status = Status;
    type Group = ();
    type End = String;

    fn meta(lamp: &Lamp) -> Meta<'_> {
        let meta = &lamp.metadata;
        Meta {
            namespace: meta.namespace.as_deref().unwrap_or_default(),
            name: meta.name.as_deref().unwrap_or_default(),
            uid: meta.uid.as_deref().unwrap_or_default(),
            version: resource_version::number(meta.resource_version.as_deref()),
            is_deleted: meta.deletion_timestamp.is_some(),
            is_protected: meta.finalizers.iter().flatten().any(|f| f == FINALIZER),
        }
    }

    fn conditions(lamp: &Lamp) -> &[Condition] {
        lamp.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn run(lamp: &Lamp) -> Option<&Run> {
        lamp.status.as_ref()?.run.as_ref()
    }

    fn group(_: &Lamp) {}

    fn last_change(key: &Key, run: &Run) -> Option<LastChange<String>> {
        let is_ended = Lighting::phase(run) == Phase::Ended;
        let hold = if is_ended { run.undo.is_none().then_some(Hold::InForce) } else { Some(Hold::UnderWay) };
        let end = is_ended.then(|| key.1.clone());
        Some(LastChange { uid: run.socket.clone(), hold, started: run.started.0, end })
    }

    fn stored(object: &DynamicObject) -> ((), Option<Run>) {
        let run = object.data.pointer("/status/run").cloned();
        ((), run.and_then(|run| serde_json::from_value(run).ok()))
    }

    fn show_status(lamp: &mut Lamp, version: u64, status: &Status) {
        lamp.metadata.resource_version = Some(version.to_string());
        lamp.status = Some(status.clone());
    }

    fn show_finalizer(lamp: &mut Lamp, version: u64, is_protected: bool) {
        lamp.metadata.resource_version = Some(version.to_string());
        lamp.metadata.finalizers = is_protected.then(|| vec![FINALIZER.to_owned()]);
    }

    fn written_conditions(status: &Status) -> &[Condition] {
        &status.conditions
    }

    fn body(_: &Lamp, status: &Status) -> Value {
        json!({"status": status})
    }

    fn differs(lamp: &Lamp, status: &Status) -> bool {
        lamp.status.as_ref() != Some(status)
    }

    fn is_news(lamp: &Lamp, status: &Status) -> bool {
        reasons_of(Self::conditions(lamp)) != reasons_of(&status.conditions) || Self::run(lamp) != status.run.as_ref()
    }

    fn is_undecided(lamp: &Lamp, status: &Status) -> bool {
        lamp.spec.approved_by.is_none() && status.run.is_none()
    }

    fn event(before: Option<&str>, after: &str, message: &str) -> Option<Event> {
        let word = TOLD.into_iter().find(|word| *word == after)?;
        (before != Some(after)).then(|| Event::normal(word, "Light", message))
    }
}
