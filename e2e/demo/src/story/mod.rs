//! Three approved recommendations: one is rolled out, one fails on purpose and is undone, and the policy of one is
//! deleted when it is half-way.
//!
//! In: a cluster in which Trimtab is installed and has made proposals. Out: commands and their output, and a [`Story`]
//! of the state before and after, to be checked.

mod act;
mod gone;

use anyhow::Result;
use kube::{Client, api::Api};
use trimtab_api::{Recommendation, rollout::RolloutResult};

use crate::drive::{Installed, Said};
pub use act::{Act, Subject};
pub use gone::Gone;

/// The over-provisioned web service.
const GOOD: Subject = Subject { namespace: "shop", workload: "storefront", rec: "deploy-storefront" };
/// Its pods need more memory than was ever measured.
const BAD: Subject = Subject { namespace: "shop", workload: "promotions", rec: "deploy-promotions" };
/// Half of its pods have the new size when its policy is deleted.
const HALFWAY: Subject = Subject { namespace: "shop", workload: "checkout", rec: "deploy-checkout" };
/// The policies of the namespace.
const POLICIES: [&str; 2] = ["services", "quick"];
/// How many pods the web service has in the end.
const SCALED: i32 = 4;

/// What happened.
#[derive(Clone, Debug)]
pub struct Story {
    /// The one that was rolled out, before and after.
    pub applied: Act,
    /// The one that was undone.
    pub undone: Act,
    /// All recommendations at that time.
    pub all: Vec<Recommendation>,
    /// The one whose policy was deleted.
    pub gone: Gone,
}

/// Has them approved, and shows the results.
///
/// # Errors
/// When a command cannot be run, or one that shows something fails.
pub async fn tell(client: &Client, installed: &Installed) -> Result<Story> {
    installed.guarded().await;
    let applied = applied(client, installed).await?;
    let undone = undone(client, installed).await?;
    println!("\n== Where all of it stands");
    installed.admin.must("kubectl get rec -n shop").await?;
    installed.admin.must("kubectl trimtab status").await?;
    let all = Api::<Recommendation>::all(client.clone()).list(&Default::default()).await?.items;
    println!(
        "\n== A policy is deleted in mid-rollout: what was changed is settled before anything goes\n\
         With the policy goes how a change is verified, so what is under way is undone. What is in force stays, and something to undo\n\
         it by stays with it."
    );
    let gone = Gone::tell(client, installed, HALFWAY, &POLICIES, GOOD.rec).await?;
    Ok(Story { applied, undone, all, gone })
}

async fn applied(client: &Client, installed: &Installed) -> Result<Act> {
    println!(
        "\n== Approved, and carried out: the storefront asks for a quarter of what it had\n\
         First one pod gets the new size in place, without a restart; then half of them; then all. Each step is watched and\n\
         compared with before. The policy e2e/demo/policy-quick.yaml does that in seconds, so that you can look on; a policy\n\
         that says nothing of it watches each step for 5 to 10 minutes and the whole for 15."
    );
    let Subject { namespace, workload, .. } = GOOD;
    let mut act = Act::begin(client, &installed.admin, GOOD).await?;
    act.said = approve(installed, GOOD, "agreed with the team").await?;
    act.settle(client, RolloutResult::Applied).await?;
    println!("\nThe same pods have another size, and none was restarted:");
    act.end(client, &installed.admin).await?;
    println!("\nWhat was compared, and what it really saves:");
    rollout(installed, GOOD).await?;
    println!("\nIt lasts: the template is as it was, and a pod made from now on has the new size from the beginning:");
    installed.admin.must(&format!("kubectl scale deployment/{workload} -n {namespace} --replicas={SCALED}")).await?;
    act.scaled(client, &installed.admin, SCALED).await?;
    Ok(act)
}

async fn undone(client: &Client, installed: &Installed) -> Result<Act> {
    println!(
        "\n== Approved, goes wrong, and is undone by itself: the promotions need memory that two weeks did not show\n\
         They need 1000Mi when a campaign begins, and none began in these weeks. Here one begins when a pod has the new size:\n\
         the simulated node kills it for want of memory a second later."
    );
    let Subject { namespace, rec, .. } = BAD;
    let mut act = Act::begin(client, &installed.admin, BAD).await?;
    let beside = installed.admin.start(&format!("kubectl get rec {rec} -n {namespace} --watch"))?;
    act.said = approve(installed, BAD, "looks safe to me").await?;
    act.settle(client, RolloutResult::RolledBack).await?;
    println!("\nThe former size is back. One pod was killed; the others never had the new size:");
    act.end(client, &installed.admin).await?;
    println!("\nWhat was compared:");
    rollout(installed, BAD).await?;
    println!("\nThe events say:");
    let columns = "-o custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message";
    let of = format!("--field-selector involvedObject.name={rec}");
    installed.admin.must(&format!("kubectl get events -n {namespace} {of} {columns}")).await?;
    act.learnt(client).await?;
    println!(
        "\nThis is what another terminal showed meanwhile. At the end there is a new proposal: the kill counts, so it asks for\n\
         more memory than was too little. The proposal that failed is not applied again, and another one only after a day."
    );
    act.seen = beside.end().await?;
    Ok(act)
}

/// Approves one and follows it to its end.
async fn approve(installed: &Installed, subject: Subject, reason: &str) -> Result<Said> {
    let Subject { namespace, rec, .. } = subject;
    installed.approver.run(&format!("kubectl trimtab approve {rec} -n {namespace} --reason '{reason}' --watch")).await
}

/// Shows the part about its rollout.
async fn rollout(installed: &Installed, subject: Subject) -> Result<()> {
    let Subject { namespace, rec, .. } = subject;
    let part = "sed -n '/^ROLLOUT/,/^$/p'";
    installed.admin.must(&format!("kubectl trimtab explain {rec} -n {namespace} | {part}")).await
}
