//! One request that somebody sends, and that it is refused.

use anyhow::{Context, Result, bail, ensure};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::stage::Stage;

/// How it is sent.
#[derive(Clone)]
pub enum Act {
    Merge(Value),
    MergeStatus(Value),
    Json(Value),
    /// Server-side apply.
    Apply(Value),
    /// Server-side apply with force.
    Force(Value),
    ApplyStatus(Value),
    /// A replace of the object as it is, with this change.
    Put(fn(&mut Value)),
    PutStatus(fn(&mut Value)),
    Create(Value),
    Delete,
    DeleteAll,
    /// `kubectl replace` of the object as it is, with this change.
    KubectlReplace(fn(&mut Value)),
    Kubectl(&'static [&'static str]),
}

#[derive(Clone)]
pub struct Case {
    pub what: &'static str,
    pub who: &'static str,
    kind: &'static str,
    name: &'static str,
    act: Act,
    manager: &'static str,
    dry: bool,
    code: u16,
    says: &'static str,
}

/// A request about a Recommendation in namespace `shop` that is answered 403 with this text.
pub fn refused(what: &'static str, who: &'static str, name: &'static str, act: Act, says: &'static str) -> Case {
    Case { what, who, kind: "Recommendation", name, act, manager: "e2e", dry: false, code: 403, says }
}

impl Case {
    /// About another kind.
    pub fn of(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// By this field manager.
    pub fn manager(mut self, manager: &'static str) -> Self {
        self.manager = manager;
        self
    }

    pub fn dry(mut self) -> Self {
        self.dry = true;
        self
    }

    /// Refused by the schema, before the guard is evaluated.
    pub fn invalid(mut self) -> Self {
        self.code = 422;
        self
    }

    pub async fn is_refused(&self, stage: &Stage) -> Result<()> {
        let before = stage.seen(self.kind, self.name).await?;
        let answer = self.send(stage, before.as_ref()).await;
        let after = stage.seen(self.kind, self.name).await?;
        let Err(error) = answer else { bail!("it is not refused: {}", json!(after)) };
        let text = format!("{error:#}");
        ensure!(text.contains(self.says), "{:?} is not in: {text}", self.says);
        match error.downcast_ref::<kube::Error>() {
            Some(kube::Error::Api(status)) => ensure!(status.code == self.code, "{}: {text}", status.code),
            Some(_) => bail!("no answer: {text}"),
            None => ensure!(text.contains("(Forbidden)") || text.contains("forbidden"), "kubectl says: {text}"),
        }
        ensure!(before == after, "refused, and yet {} became {}", json!(before), json!(after));
        Ok(())
    }

    async fn send(&self, stage: &Stage, now: Option<&Value>) -> Result<()> {
        let api = stage.api(self.who, self.kind, "shop");
        let name = self.name;
        let there = || now.cloned().context("there is no such object");
        let params =
            PatchParams { dry_run: self.dry, field_manager: Some(self.manager.into()), ..PatchParams::default() };
        let post = PostParams { dry_run: self.dry, field_manager: Some(self.manager.into()) };
        let delete = DeleteParams { dry_run: self.dry, ..DeleteParams::default() };
        let changed = |change: &fn(&mut Value)| -> Result<Value> {
            let mut object = there()?;
            change(&mut object);
            Ok(object)
        };
        let whole = |body: &Value| {
            let mut body = body.clone();
            body["apiVersion"] = json!("trimtab.dev/v1alpha1");
            body["kind"] = json!(self.kind);
            body["metadata"]["name"] = json!(name);
            body["metadata"]["namespace"] = json!("shop");
            body
        };
        match &self.act {
            Act::Merge(body) => drop(api.patch(name, &params, &Patch::Merge(body)).await?),
            Act::MergeStatus(body) => drop(api.patch_status(name, &params, &Patch::Merge(body)).await?),
            Act::Json(body) => {
                let patch: Patch<Value> = Patch::Json(serde_json::from_value(body.clone())?);
                api.patch(name, &params, &patch).await?;
            }
            Act::Apply(body) => drop(api.patch(name, &params, &Patch::Apply(whole(body))).await?),
            Act::Force(body) => drop(api.patch(name, &params.force(), &Patch::Apply(whole(body))).await?),
            Act::ApplyStatus(body) => drop(api.patch_status(name, &params.force(), &Patch::Apply(whole(body))).await?),
            Act::Put(change) => {
                let object: DynamicObject = serde_json::from_value(changed(change)?)?;
                api.replace(name, &post, &object).await?;
            }
            Act::PutStatus(change) => {
                let object: DynamicObject = serde_json::from_value(changed(change)?)?;
                api.replace_status(name, &post, &object).await?;
            }
            Act::Create(body) => drop(api.create(&post, &serde_json::from_value(whole(body))?).await?),
            Act::Delete => drop(api.delete(name, &delete).await?),
            Act::DeleteAll => drop(api.delete_collection(&delete, &ListParams::default()).await?),
            Act::KubectlReplace(change) => {
                let path = stage.plane.dir().join("replace.json");
                std::fs::write(&path, serde_json::to_vec(&changed(change)?)?)?;
                stage.kubectl(self.who, &["replace", "-f", path.to_str().unwrap()]).await?;
            }
            Act::Kubectl(args) => drop(stage.kubectl(self.who, args).await?),
        }
        Ok(())
    }
}

/// An approval by somebody of the digest that ends in `digest`.
pub fn approval(approver: &str, digest: &str) -> Value {
    json!({"decision": "Approved", "approver": approver, "proposalDigest": digest})
}

/// A patch by which `by` rejects.
pub fn rejected(by: &str, digest: &str) -> Value {
    json!({"spec": {"approval": {"decision": "Rejected", "approver": by, "reason": "a sale begins", "proposalDigest": digest}}})
}

/// The same as a patch.
pub fn approve(approver: &str, digest: &str) -> Value {
    json!({"spec": {"approval": approval(approver, digest)}})
}

/// A proposal of one's own, in a form that could be sent.
pub fn proposal() -> Value {
    json!({"spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "proposal": {"containers": [{"name": "app", "requests": {"cpu": "200m"}}]}}})
}

/// The same with more of it.
pub fn proposal_with(more: Value) -> Value {
    let mut object = proposal();
    merge(&mut object, &more);
    object
}

fn merge(into: &mut Value, more: &Value) {
    match more.as_object() {
        Some(map) => map.iter().for_each(|(key, value)| {
            if into.is_null() {
                *into = json!({});
            }
            merge(&mut into[key], value);
        }),
        None => *into = more.clone(),
    }
}
