//! The place of a plan: a namespace with its workloads, Recommendations and policy. In: the bed, a plan. Out: the
//! objects, the actions on them, and waits for their end states.

use anyhow::{Context, Result};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use trimtab_e2e::eventually;

use crate::{
    bed::{Bed, api, deployment, ready},
    end::reached,
    fault::Fault,
    hands::{again, decide, delete, owners, recreate},
    plan::Plan,
    run::PATIENCE,
    scenario::{Act, OWNER, Until, recommendation, subject},
    second,
    writes::Subject,
};

/// The place of one plan.
pub(crate) struct Site<'a> {
    pub(crate) bed: &'a Bed,
    pub(crate) namespace: String,
    pub(crate) interval: &'static str,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) digests: Vec<String>,
}

impl<'a> Site<'a> {
    /// Creates its objects.
    pub(crate) async fn make(bed: &'a Bed, lane: usize, namespace: &str, plan: &Plan) -> Result<Self> {
        let scenario = plan.scenario;
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        bed.apply(&[made, scenario.policy(namespace)]).await?;
        let (mut subjects, mut digests) = (Vec::new(), Vec::new());
        for workload in scenario.workloads() {
            let manifest = deployment(namespace, workload, &lane.to_string(), scenario.pods(), scenario.labels());
            // Created as people do with kubectl: an applied object counts as owned by whoever applied it.
            let created = PostParams { field_manager: Some("kubectl-create".to_owned()), ..PostParams::default() };
            let deployments = api(&bed.admin, "apps/v1", "Deployment", Some(namespace));
            deployments.create(&created, &serde_json::from_value(manifest)?).await?;
        }
        for workload in scenario.workloads() {
            ready(&bed.admin, namespace, workload, scenario.pods()).await?;
            let uid = api(&bed.admin, "apps/v1", "Deployment", Some(namespace)).get(workload).await?.metadata.uid;
            let subject = subject(namespace, workload);
            let (mut object, digest) = recommendation(&subject, &uid.context("no uid")?)?;
            if let Some((_, Act::DeleteOwner)) = scenario.act() {
                object["metadata"]["ownerReferences"] = owners(bed, namespace).await?;
            }
            // As the policy controller would: approval needs the digest, but not the figures.
            let recs = api(&bed.trimtab, "trimtab.dev/v1alpha1", "Recommendation", Some(namespace));
            recs.create(&PostParams::default(), &serde_json::from_value(object)?).await.context("recommendation")?;
            let shown = Patch::Merge(json!({"status": {"proposalDigest": digest}}));
            recs.patch_status(&subject.recommendation, &PatchParams::default(), &shown).await.context("digest")?;
            subjects.push(subject);
            digests.push(digest);
        }
        Ok(Self { bed, namespace: namespace.to_owned(), interval: scenario.interval(), subjects, digests })
    }

    /// Removes them.
    pub(crate) async fn remove(&self) {
        // Leftovers disturb no other plan.
        let now = DeleteParams::background();
        // Trimtab no longer runs, and would be waited for.
        let recs = api(&self.bed.trimtab, "trimtab.dev/v1alpha1", "Recommendation", Some(&self.namespace));
        let let_go = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        for rec in recs.list(&ListParams::default()).await.into_iter().flat_map(|list| list.items) {
            let name = rec.metadata.name.unwrap_or_default();
            let _ = recs.patch(&name, &PatchParams::default(), &let_go).await;
        }
        let policies = api(&self.bed.admin, "trimtab.dev/v1alpha1", "OptimizationPolicy", None);
        let _ = policies.delete(&self.namespace, &now).await;
        let _ = api(&self.bed.admin, "v1", "Namespace", None).delete(&self.namespace, &now).await;
    }

    /// Waits until all of `subjects` exist.
    pub(crate) async fn wait(&self, until: Until, subjects: &[Subject]) -> Result<()> {
        let recs = api(&self.bed.admin, "trimtab.dev/v1alpha1", "Recommendation", Some(&self.namespace));
        for subject in subjects {
            let name = &subject.recommendation;
            let check = async || reached(recs.get_opt(name).await?.as_ref(), until);
            eventually(PATIENCE, &format!("{name} is {until:?}"), check).await?;
        }
        Ok(())
    }

    /// Waits for the end of the struck rollout, and of a second one, if proposed.
    pub(crate) async fn end(&self, plan: &Plan, until: Until) -> Result<()> {
        let struck = self.subjects.get(..1).unwrap_or_default();
        match (plan.fault, struck.first(), self.digests.first()) {
            (Fault::SecondProposal, Some(subject), _) => second::end(self.bed, subject, plan.scenario, until).await,
            (Fault::GuardGap, Some(subject), Some(digest)) => again(self.bed, subject, digest, until).await,
            _ => self.wait(until, struck).await,
        }
    }

    /// Performs the action on the rollout.
    pub(crate) async fn act(&self, act: Act) -> Result<()> {
        let (subject, digest) = self.subjects.first().zip(self.digests.first()).context("no workload")?;
        let now = DeleteParams::background();
        match act {
            Act::Reject => decide(self.bed, subject, digest, "Rejected", "").await,
            Act::Delete => delete(self.bed, subject, &subject.recommendation).await,
            Act::DeleteOwner => {
                api(&self.bed.admin, "v1", "ConfigMap", Some(&self.namespace)).delete(OWNER, &now).await?;
                Ok(())
            }
            Act::Recreate => recreate(self.bed, subject).await,
            Act::DeletePolicy => {
                let policies = api(&self.bed.admin, "trimtab.dev/v1alpha1", "OptimizationPolicy", None);
                policies.delete(&self.namespace, &now).await?;
                Ok(())
            }
        }
    }
}
