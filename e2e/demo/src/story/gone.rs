//! Policies that are deleted while one of their changes is half-way. In: a cluster in which another change is in force.
//! Out: the state at that moment, and once all was settled.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{Client, api::Api};
use trimtab_api::{Recommendation, rollout::Stage};
use trimtab_e2e::eventually;

use super::{
    Subject,
    act::{pods, rec, show},
};
use crate::drive::Installed;

/// How long a pod and the watch of a step may take, and the undo after it.
const SOON: Duration = Duration::from_secs(30);

/// What happened.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The change under way when its policy is deleted.
    pub subject: Subject,
    /// Its pods before.
    pub before: Vec<Pod>,
    /// Its pods when the policy was deleted.
    pub halfway: Vec<Pod>,
    /// Its pods once its Recommendation was gone.
    pub after: Vec<Pod>,
    /// The remaining Recommendations of the namespace.
    pub left: Vec<Recommendation>,
}

impl Gone {
    /// Has `subject` approved, deletes `policies` while one of its pods has the new size, and waits until all is settled.
    ///
    /// # Errors
    /// When the first pod does not get the new size, or the API server does not answer. The check finds what is not
    /// settled.
    pub async fn tell(
        client: &Client,
        installed: &Installed,
        subject: Subject,
        policies: &[&str],
        stays: &str,
    ) -> Result<Self> {
        let Subject { namespace, rec: name, .. } = subject;
        let before = pods(client, subject).await?;
        installed
            .approver
            .must(&format!("kubectl trimtab approve {name} -n {namespace} --reason 'one step a day'"))
            .await?;
        eventually(SOON, "one pod has the new size and is watched", async || {
            let rollout = rec(client, subject).await?.status.and_then(|s| s.rollout).context("it has not begun")?;
            ensure!(rollout.stage == Stage::Watching, "{:?}", rollout.stage);
            Ok(())
        })
        .await?;
        show(&installed.admin, subject).await?;
        let halfway = pods(client, subject).await?;
        installed.admin.must(&format!("kubectl delete optpol {}", policies.join(" "))).await?;
        let api = Api::<Recommendation>::namespaced(client.clone(), namespace);
        let _ = eventually(SOON, "what the policies left is settled", async || {
            let left = api.list(&Default::default()).await?.items;
            let names: Vec<_> = left.iter().filter_map(|r| r.metadata.name.clone()).collect();
            ensure!(names == [stays], "{names:?}");
            Ok(())
        })
        .await;
        println!("\nThe pod has its former size again, and its Recommendation is gone:");
        show(&installed.admin, subject).await?;
        println!("\nOnly the Recommendation whose size is in force is left:");
        installed.admin.must(&format!("kubectl get rec -n {namespace}")).await?;
        let left = api.list(&Default::default()).await?.items;
        Ok(Self { subject, before, halfway, after: pods(client, subject).await?, left })
    }
}
