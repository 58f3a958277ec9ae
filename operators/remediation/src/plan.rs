//! A plan: the exact requests of an action with former and new values, its risk, and what is named by an approval.
//!
//! In: planned steps. Out: the digest, and the plan as the status shows it. The digest covers action, parameters, uids of
//! targets, former and new values, and risk. It does not cover resourceVersions, nor which pods a drain finds: these come and
//! go, and are announced before the first of them is evicted.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use trimtab_actions::action::{Action, Undo};
use trimtab_api::{
    remediation::{
        outcome::StepPod,
        plan::{Plan, PlannedRequest, PlannedVerb},
        step::Step,
    },
    risk::Risk,
};
use trimtab_core::{conditions::whole_seconds, digest, text::cut};

use crate::{
    budgets::Blocker,
    field::FieldChange,
    object::Object,
    risk::{Raise, of_all},
};

/// How many requests a status shows.
const REQUESTS: usize = 128;
/// How many notes a status shows.
const NOTES: usize = 32;
/// The longest note.
const NOTE: usize = 512;
/// The longest difference of one request.
const DIFF: usize = 8192;

/// What an action makes of a step and its target, before it is assessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    /// The fields that change.
    pub changes: Vec<FieldChange>,
    /// The pods that are evicted, as of now.
    pub evictions: Vec<StepPod>,
    /// The cases of the registry's risk that apply.
    pub cases: Vec<&'static str>,
    /// What raises the risk.
    pub raises: Vec<Raise>,
    /// What evictions wait for.
    pub blockers: Vec<Blocker>,
    /// What else happens, and what should be known.
    pub notes: Vec<String>,
}

/// A planned step.
#[derive(Clone, Debug)]
pub struct StepPlan {
    /// The name of the step.
    pub name: String,
    /// The action.
    pub action: &'static Action,
    /// The target.
    pub object: Object,
    /// The fields that change; none if the target is as it is to be.
    pub changes: Vec<FieldChange>,
    /// The pods that are evicted, as of now.
    pub evictions: Vec<StepPod>,
    /// The risk.
    pub risk: Risk,
    /// What evictions wait for.
    pub blockers: Vec<Blocker>,
    /// What else happens, and what should be known.
    pub notes: Vec<String>,
    /// The digest of this step.
    pub digest: String,
}

/// The plan of a whole action.
#[derive(Clone, Debug)]
pub struct ActionPlan {
    /// The steps, in order.
    pub steps: Vec<StepPlan>,
    /// The risk of the riskiest step.
    pub risk: Risk,
    /// What an approval names.
    pub digest: String,
}

/// The parameters of `step`, as they are written.
fn params(step: &Step) -> Value {
    let mut all = json!(step);
    if let Some(fields) = all.as_object_mut() {
        fields.retain(|field, _| !["name", "action", "target"].contains(&field.as_str()));
    }
    all
}

/// The digest of `value`. What cannot be serialised has none, and is approved by nobody.
fn digest_of(value: &Value) -> String {
    digest::of(value).unwrap_or_default()
}

impl StepPlan {
    /// The plan of `step`.
    pub(crate) fn new(step: &Step, action: &'static Action, object: Object, risk: Risk, draft: Draft) -> Self {
        let change = |c: &FieldChange| json!({"object": c.object.title(), "uid": c.object.uid, "path": c.path, "former": c.former, "written": c.written});
        let reasons: Vec<&str> = risk.factors.iter().map(|factor| factor.reason.as_str()).collect();
        let digest = digest_of(&json!({
            "action": action.name,
            "version": action.version,
            "params": params(step),
            "target": object.uid,
            "changes": draft.changes.iter().map(change).collect::<Vec<_>>(),
            "risk": risk.level,
            "factors": reasons,
        }));
        let Draft { changes, evictions, blockers, notes, .. } = draft;
        Self { name: step.name.clone(), action, object, changes, evictions, risk, blockers, notes, digest }
    }

    fn requests(&self) -> impl Iterator<Item = PlannedRequest> {
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "not set".to_owned(), Value::to_string);
        let patch = move |c: &FieldChange| PlannedRequest {
            step: self.name.clone(),
            verb: PlannedVerb::Patch,
            resource: c.object.resource_title(&c.subresource),
            name: Some(c.object.name.clone()),
            uid: Some(c.object.uid.clone()),
            diff: Some(cut(&format!("{}: {} -> {}", c.path, shown(&c.former), shown(&c.written)), DIFF)),
        };
        let evict = move |pod: &StepPod| PlannedRequest {
            step: self.name.clone(),
            verb: PlannedVerb::Evict,
            resource: "pods/eviction".to_owned(),
            name: Some(pod.name.clone()),
            uid: Some(pod.uid.clone()),
            diff: Some(format!("namespace {}", pod.namespace)),
        };
        self.changes.iter().map(patch).chain(self.evictions.iter().map(evict))
    }

    fn notes(&self) -> impl Iterator<Item = String> {
        let undo = match self.action.undo {
            Undo::Exact(_) | Undo::Nothing => None,
            Undo::Partial(what) => Some(format!("undo: {what}")),
            Undo::None { .. } => Some("it cannot be undone".to_owned()),
        };
        let nothing = self.changes.is_empty() && self.evictions.is_empty();
        let nothing = nothing.then(|| format!("{} is as it is to be: nothing is sent", self.object.title()));
        let blockers = self.blockers.iter().map(ToString::to_string);
        let all = nothing.into_iter().chain(blockers).chain(self.notes.iter().cloned()).chain(undo);
        all.map(move |note| cut(&format!("step {}: {note}", self.name), NOTE))
    }
}

impl ActionPlan {
    /// The plan of `steps`. `undo_after_s`: after which time it is undone by itself.
    pub(crate) fn new(steps: Vec<StepPlan>, undo_after_s: Option<i64>) -> Self {
        let risk = of_all(steps.iter().map(|step| &step.risk));
        let digests: Vec<&str> = steps.iter().map(|step| step.digest.as_str()).collect();
        let digest = digest_of(&json!({"steps": digests, "undoAfter": undo_after_s, "risk": risk.level}));
        Self { steps, risk, digest }
    }

    /// The plan as the status shows it.
    pub fn shown(&self, made: Timestamp) -> Plan {
        let mut requests: Vec<PlannedRequest> = self.steps.iter().flat_map(StepPlan::requests).collect();
        let omitted = requests.len().saturating_sub(REQUESTS);
        requests.truncate(REQUESTS);
        Plan {
            made: Time(whole_seconds(made)),
            requests,
            omitted: i32::try_from(omitted).unwrap_or(i32::MAX),
            notes: self.steps.iter().flat_map(StepPlan::notes).take(NOTES).collect(),
        }
    }
}
