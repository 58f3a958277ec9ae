//! One approved recommendation: the state before and after.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Event, Pod, PodTemplateSpec},
};
use kube::{
    Client,
    api::{Api, ListParams},
};
use trimtab_api::{AppliedSizes, Recommendation, recommendation::Proposal, rollout::RolloutResult};
use trimtab_e2e::eventually;

use crate::{
    drive::{Said, Shell},
    manifests::NAME_LABEL,
};

/// How long the last messages of a rollout, and pods, may take.
const SOON: Duration = Duration::from_secs(15);
/// Name, size and restarts of pods.
const COLUMNS: &str = "custom-columns-file=e2e/demo/pods.columns";

/// The subject of an act.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its namespace.
    pub namespace: &'static str,
    /// The Deployment.
    pub workload: &'static str,
    /// Its Recommendation.
    pub rec: &'static str,
}

/// What happened to one.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its subject.
    pub subject: Subject,
    /// The proposal.
    pub proposed: Recommendation,
    /// Its pods before.
    pub before: Vec<Pod>,
    /// The template before.
    pub template: Option<PodTemplateSpec>,
    /// What the approval with `--watch` printed.
    pub said: Said,
    /// What `kubectl get --watch` printed meanwhile; empty where it was not run.
    pub seen: String,
    /// The Recommendation afterwards.
    pub rec: Recommendation,
    /// Its pods afterwards.
    pub after: Vec<Pod>,
    /// Its pods after scaling; none where it was not scaled.
    pub grown: Vec<Pod>,
    /// The final template.
    pub template_after: Option<PodTemplateSpec>,
    /// Whether new pods finally get a size of their own.
    pub lasts: bool,
    /// Reasons of the events about the Recommendation.
    pub events: Vec<String>,
    /// The next proposal, where it was waited for.
    pub next: Option<Proposal>,
}

impl Act {
    /// Shows the present pods.
    ///
    /// # Errors
    /// When there is no such Recommendation or workload.
    pub async fn begin(client: &Client, shell: &Shell, subject: Subject) -> Result<Self> {
        show(shell, subject).await?;
        let proposed = rec(client, subject).await?;
        Ok(Self {
            subject,
            rec: proposed.clone(),
            proposed,
            before: pods(client, subject).await?,
            template: template(client, subject).await?,
            said: Said::default(),
            seen: String::new(),
            after: Vec::new(),
            grown: Vec::new(),
            template_after: None,
            lasts: false,
            events: Vec::new(),
            next: None,
        })
    }

    /// Waits for what is written just after the end that `--watch` shows: the event, the savings, pods that are ready
    /// again. The check finds what is missing.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn settle(&mut self, client: &Client, end: RolloutResult) -> Result<()> {
        let subject = self.subject;
        let word = format!("{end:?}");
        let _ = eventually(SOON, &word, async || {
            let status = rec(client, subject).await?.status.unwrap_or_default();
            ensure!(status.rollout.is_some_and(|r| r.result == Some(end)), "another end");
            ensure!(end != RolloutResult::Applied || status.realised_savings.is_some(), "no savings");
            ensure!(events(client, subject).await?.contains(&word), "no event");
            ensure!(pods(client, subject).await?.iter().all(is_ready), "not ready");
            Ok(())
        })
        .await;
        self.rec = rec(client, subject).await?;
        self.events = events(client, subject).await?;
        Ok(())
    }

    /// Waits until the proposal differs from the applied one.
    ///
    /// # Errors
    /// When it does not, or the API server does not answer.
    pub async fn learnt(&mut self, client: &Client) -> Result<()> {
        let subject = self.subject;
        let tried = self.proposed.spec.proposal.clone();
        self.next = eventually(SOON, &format!("another proposal for {}", subject.workload), async || {
            let rec = rec(client, subject).await?;
            let digests =
                rec.status.as_ref().map(|s| (&s.proposal_digest, s.rollout.as_ref().map(|r| &r.proposal_digest)));
            ensure!(rec.spec.proposal != tried, "the same proposal");
            ensure!(digests.is_some_and(|(new, old)| new.as_ref() != old), "no digest yet");
            Ok(Some(rec.spec.proposal))
        })
        .await?;
        Ok(())
    }

    /// Shows the resulting pods.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn end(&mut self, client: &Client, shell: &Shell) -> Result<()> {
        show(shell, self.subject).await?;
        self.after = pods(client, self.subject).await?;
        self.look_at_what_lasts(client).await
    }

    /// Waits until there are `n` ready pods, and shows them.
    ///
    /// # Errors
    /// When they do not appear.
    pub async fn scaled(&mut self, client: &Client, shell: &Shell, n: i32) -> Result<()> {
        let subject = self.subject;
        self.grown = eventually(SOON, &format!("{n} pods of {}", subject.workload), async || {
            let pods = pods(client, subject).await?;
            let ready = pods.iter().filter(|p| is_ready(p)).count();
            ensure!(i32::try_from(ready)? == n, "{ready} are ready");
            Ok(pods)
        })
        .await?;
        show(shell, subject).await?;
        self.look_at_what_lasts(client).await
    }

    async fn look_at_what_lasts(&mut self, client: &Client) -> Result<()> {
        self.template_after = template(client, self.subject).await?;
        let sizes = Api::<AppliedSizes>::namespaced(client.clone(), self.subject.namespace).get_opt("trimtab").await?;
        let key = format!("Deployment/{}", self.subject.workload);
        self.lasts = sizes.is_some_and(|s| s.spec.workloads.contains_key(&key));
        Ok(())
    }
}

pub(super) async fn show(shell: &Shell, subject: Subject) -> Result<()> {
    let Subject { namespace, workload, .. } = subject;
    shell.must(&format!("kubectl get pods -n {namespace} -l {NAME_LABEL}={workload} -o {COLUMNS}")).await
}

pub(super) async fn rec(client: &Client, subject: Subject) -> Result<Recommendation> {
    let api = Api::<Recommendation>::namespaced(client.clone(), subject.namespace);
    api.get(subject.rec).await.with_context(|| format!("Recommendation {}/{}", subject.namespace, subject.rec))
}

/// Its pods by name.
pub(super) async fn pods(client: &Client, subject: Subject) -> Result<Vec<Pod>> {
    let params = ListParams::default().labels(&format!("{NAME_LABEL}={}", subject.workload));
    let mut pods = Api::<Pod>::namespaced(client.clone(), subject.namespace).list(&params).await?.items;
    pods.retain(|p| p.metadata.deletion_timestamp.is_none());
    pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    Ok(pods)
}

async fn template(client: &Client, subject: Subject) -> Result<Option<PodTemplateSpec>> {
    let deployment = Api::<Deployment>::namespaced(client.clone(), subject.namespace).get(subject.workload).await?;
    Ok(deployment.spec.map(|s| s.template))
}

async fn events(client: &Client, subject: Subject) -> Result<Vec<String>> {
    let params = ListParams::default().fields(&format!("involvedObject.name={}", subject.rec));
    let events = Api::<Event>::namespaced(client.clone(), subject.namespace).list(&params).await?;
    Ok(events.items.into_iter().filter_map(|e| e.reason).collect())
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    conditions.is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
}
