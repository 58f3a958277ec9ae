//! The rollouts to try: what is installed for them, what a user does, and how they must end. In: nothing. Out: objects
//! and a script.

use anyhow::Result;
use serde_json::{Value, json};
use trimtab_api::quantity::Quantity;
use trimtab_api::{
    recommendation::Proposal,
    resources::{ContainerResources, Resources},
    target::TargetRef,
};
use trimtab_core::digest;

use crate::{bed::METER, writes::Subject};

/// The workload whose writes the faults strike.
pub const WORKLOAD: &str = "web";
/// A workload that is rolled out at the same time, if any.
pub const OTHER: &str = "side";
/// The CPU request of templates.
pub const FORMER_CPU: &str = "500m";
/// The proposed CPU request.
const CPU: &str = "250m";
/// The CPU request in somebody else's proposal for the same workload.
pub const SECOND_CPU: &str = "300m";
/// The name of that proposal.
pub const SECOND: &str = "second";
/// The ConfigMap that owns the Recommendation, if any.
pub const OWNER: &str = "owner";

/// A rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scenario {
    /// Approved, delivered by admission, applied.
    Forward,
    /// Rejected while two of three pods have the new size.
    UndoneMidway,
    /// Rejected after it was applied.
    UndoneAfter,
    /// Approved, delivered by the template, applied.
    Template,
    /// The same, rejected after it was applied.
    TemplateUndone,
    /// Nodes refuse the resize; pods are evicted and recreated with the new size.
    Evicted,
    /// Two workloads of a namespace at once; the second is never struck.
    Company,
    /// Deleted by the garbage collector while two of three pods have the new size.
    DeletedMidway,
    /// Deleted after it was applied.
    DeletedAfter,
    /// Its owner is deleted while two of three pods have the new size.
    OwnerDeleted,
    /// Its policy is deleted while two of three pods have the new size.
    PolicyDeleted,
    /// Its workload is deleted without its pods while two of three have the new size, and created again.
    RecreatedMidway,
    /// The same after it was applied.
    RecreatedAfter,
}

/// What somebody does to a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The approver rejects.
    Reject,
    /// The garbage collector deletes the Recommendation.
    Delete,
    /// Somebody deletes its owner.
    DeleteOwner,
    /// Somebody deletes its policy.
    DeletePolicy,
    /// Somebody deletes its workload with `--cascade=orphan`, and creates it again.
    Recreate,
}

/// What a user waits for before the next decision, and a plan at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Two pods have the new size and are watched.
    Midway,
    /// It ended as applied.
    Applied,
    /// It ended as rolled back.
    RolledBack,
    /// Its workload is another one: it ended as superseded, or is gone, because its policy saw no workload in between.
    Superseded,
    /// The Recommendation is gone.
    Gone,
}

impl Scenario {
    /// All.
    pub const ALL: [Self; 13] = [
        Self::Forward,
        Self::UndoneMidway,
        Self::UndoneAfter,
        Self::Template,
        Self::TemplateUndone,
        Self::Evicted,
        Self::Company,
        Self::DeletedMidway,
        Self::DeletedAfter,
        Self::OwnerDeleted,
        Self::PolicyDeleted,
        Self::RecreatedMidway,
        Self::RecreatedAfter,
    ];

    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Forward => "forward, sizes by admission",
            Self::UndoneMidway => "rejected midway",
            Self::UndoneAfter => "rejected after Applied",
            Self::Template => "forward, template",
            Self::TemplateUndone => "template, rejected after Applied",
            Self::Evicted => "infeasible, evicted",
            Self::Company => "two workloads at once",
            Self::DeletedMidway => "deleted midway",
            Self::DeletedAfter => "deleted after Applied",
            Self::OwnerDeleted => "owner deleted midway",
            Self::PolicyDeleted => "policy deleted midway",
            Self::RecreatedMidway => "recreated around its pods midway",
            Self::RecreatedAfter => "recreated around its pods after Applied",
        }
    }

    /// The state after which somebody acts on it, and how.
    pub fn act(self) -> Option<(Until, Act)> {
        match self {
            Self::UndoneMidway => Some((Until::Midway, Act::Reject)),
            Self::UndoneAfter | Self::TemplateUndone => Some((Until::Applied, Act::Reject)),
            Self::DeletedMidway => Some((Until::Midway, Act::Delete)),
            Self::DeletedAfter => Some((Until::Applied, Act::Delete)),
            Self::OwnerDeleted => Some((Until::Midway, Act::DeleteOwner)),
            Self::PolicyDeleted => Some((Until::Midway, Act::DeletePolicy)),
            Self::RecreatedMidway => Some((Until::Midway, Act::Recreate)),
            Self::RecreatedAfter => Some((Until::Applied, Act::Recreate)),
            _ => None,
        }
    }

    /// How it must end.
    pub fn end(self) -> Until {
        match self.act() {
            None => Until::Applied,
            Some((_, Act::Reject)) => Until::RolledBack,
            Some((_, Act::Recreate)) => Until::Superseded,
            Some(_) => Until::Gone,
        }
    }

    /// The interval of Trimtab's full passes: leftovers of a deleted policy are withdrawn then.
    pub fn interval(self) -> &'static str {
        if self == Self::PolicyDeleted { "3s" } else { "10m" }
    }

    /// How many pods each workload has.
    pub fn pods(self) -> usize {
        if matches!(self, Self::Template | Self::TemplateUndone | Self::Evicted) { 2 } else { 3 }
    }

    /// The workloads.
    pub fn workloads(self) -> &'static [&'static str] {
        if self == Self::Company { &[WORKLOAD, OTHER] } else { &[WORKLOAD] }
    }

    /// Labels of the pods that tell the simulated nodes how to behave.
    pub fn labels(self) -> Value {
        if self == Self::Evicted { json!({"e2e.trimtab.dev/resize": "infeasible"}) } else { json!({}) }
    }

    /// The policy, with the name of the namespace.
    pub fn policy(self, namespace: &str) -> Value {
        let steps = match self.act() {
            Some((Until::Midway, _)) => json!([{"replicas": 1}, {"replicas": 2, "pause": "1h"}, {"replicas": "100%"}]),
            _ => json!([{"replicas": 1, "pause": "1s"}, {"replicas": "100%"}]),
        };
        let delivery = if matches!(self, Self::Template | Self::TemplateUndone) { "Template" } else { "Admission" };
        let infeasible = if self == Self::Evicted { "Evict" } else { "Undo" };
        json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": namespace},
        "spec": {
            "targetNamespaces": [namespace, METER],
            "metrics": {"maxAge": "24h"},
            "rolloutStrategy": {"steps": steps, "ifInfeasible": infeasible},
            "verification": {"window": "1s"},
            "limits": {"cooldown": "0s"},
            "delivery": {"mode": delivery}}})
    }
}

/// The subject for a workload in `namespace`.
pub fn subject(namespace: &str, workload: &str) -> Subject {
    Subject {
        namespace: namespace.to_owned(),
        workload: workload.to_owned(),
        recommendation: format!("deploy-{workload}"),
        cpu: CPU.to_owned(),
    }
}

/// The Recommendation for a workload as its policy would write it, and its digest.
///
/// # Errors
/// Never: plain data can be written as JSON.
pub fn recommendation(subject: &Subject, uid: &str) -> Result<(Value, String)> {
    let (mut object, digest) = proposal(subject, uid, CPU, &subject.recommendation)?;
    object["spec"]["policyRef"] = json!({"name": subject.namespace});
    Ok((object, digest))
}

/// Another one for the same workload, as a person would propose it, and its digest.
///
/// # Errors
/// Never: plain data can be written as JSON.
pub fn second(subject: &Subject, uid: &str) -> Result<(Value, String)> {
    proposal(subject, uid, SECOND_CPU, SECOND)
}

fn proposal(subject: &Subject, uid: &str, cpu: &str, name: &str) -> Result<(Value, String)> {
    let amounts = |cpu: Option<&str>| Resources {
        cpu: cpu.map(|cpu| Quantity(cpu.to_owned())),
        memory: Some(Quantity("384Mi".to_owned())),
    };
    let container = ContainerResources { name: "app".to_owned(), requests: amounts(Some(cpu)), limits: amounts(None) };
    let proposal = Proposal { containers: vec![container] };
    let target = TargetRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: subject.workload.clone(),
        uid: Some(uid.to_owned()),
    };
    let digest = digest::of(&(&target, &proposal))?;
    let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": name, "namespace": subject.namespace},
        "spec": {"type": "RightSize", "targetRef": target, "proposal": proposal}});
    Ok((object, digest))
}
