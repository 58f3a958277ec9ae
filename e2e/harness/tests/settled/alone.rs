//! Two Recommendations for one workload, a policy's and a person's, approved at the same moment.

use anyhow::{Context, Result, bail, ensure};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::stage::{A_ROLLOUT, Stage, TEMPLATE};

const NAMES: [&str; 2] = ["deploy-web", "mine"];

/// One rolls out and the other waits until that one is deleted, and so undone.
pub async fn one_at_a_time(stage: &Stage) -> Result<()> {
    let pauses = json!([{"replicas": 1, "pause": "10m"}, {"replicas": "100%"}]);
    stage.policy("alone", |spec| spec["rolloutStrategy"]["steps"] = pauses).await?;
    stage.propose("alone", "web", json!([])).await?;
    for name in NAMES {
        stage.stands("alone", name, "PendingApproval").await?;
    }
    let [policys, persons] = NAMES.map(|name| stage.guarded.decide("alone", name, "Approved"));
    let (policys, persons) = futures::join!(policys, persons);
    policys?;
    persons?;

    let (first, second) = eventually(A_ROLLOUT, "one rolls out and the other waits for it", async || {
        let [one, other] = [stage.recs("alone").get(NAMES[0]).await?, stage.recs("alone").get(NAMES[1]).await?];
        let (first, second) = if blocked_by(&other, NAMES[0]) {
            (NAMES[0], NAMES[1])
        } else if blocked_by(&one, NAMES[1]) {
            (NAMES[1], NAMES[0])
        } else {
            bail!("{}\n{}", one.data["status"]["gates"], other.data["status"]["gates"]);
        };
        let changed = stage.memory("alone", "web").await?.iter().filter(|m| *m != TEMPLATE).count();
        ensure!(changed == 1, "{changed} pods are changed");
        Ok((first, second))
    })
    .await?;
    let waits = stage.recs("alone").get(second).await?;
    ensure!(waits.data["status"]["rollout"].is_null(), "{}", waits.data["status"]["rollout"]);
    let once = stage.resizes("alone")?;
    ensure!(once.len() == 1 && once[0].1.len() == 1, "one pod, once: {once:?}");

    // A deletion says nothing against the change: no back-off follows.
    let of_first = stage.recs("alone").get(first).await?.data["status"]["rollout"].clone();
    let uid = stage.delete("alone", first).await?;
    stage.is_gone("alone", first, &uid).await?;
    let began = eventually(A_ROLLOUT, "the second begins", async || {
        let rec = stage.recs("alone").get(second).await?;
        ensure!(rec.data["status"]["rollout"].is_object(), "{}", rec.data["status"]["gates"]);
        Ok(rec.data["status"]["rollout"].clone())
    })
    .await?;
    let template =
        json!([{"name": "app", "requests": {"cpu": "500m", "memory": TEMPLATE}, "limits": {"memory": TEMPLATE}}]);
    ensure!(began["former"] == template, "{began}");
    // Each pod: the size of the first, back, and then that of the second.
    let sizes = |rec: &Value| rec["desired"][0]["requests"]["memory"].as_str().map(str::to_owned).context("memory");
    let (of_first, of_second) = (sizes(&of_first)?, sizes(&began)?);
    eventually(A_ROLLOUT, "a pod gets the second size", async || {
        let memory = stage.memory("alone", "web").await?;
        ensure!(memory.contains(&of_second), "{memory:?}");
        Ok(())
    })
    .await?;
    let all = stage.resizes("alone")?;
    let given: Vec<&String> = all.iter().flat_map(|(_, sizes)| sizes).collect();
    ensure!(given.iter().filter(|size| ***size == of_first).count() == 1, "{all:?}");
    for (pod, sizes) in &all {
        let back = sizes.first() != Some(&of_first) || sizes.get(1).is_some_and(|size| size == TEMPLATE);
        ensure!(back && sizes.len() <= 3, "{pod}: {sizes:?}");
    }
    Ok(())
}

/// Whether the gate that blocks `rec` names `other`.
fn blocked_by(rec: &DynamicObject, other: &str) -> bool {
    let gates = rec.data["status"]["gates"].as_array();
    gates.is_some_and(|gates| {
        gates.iter().any(|gate| {
            gate["gate"] == "OtherRecommendation"
                && gate["reason"] == "AnotherUnderWay"
                && gate["message"].as_str().is_some_and(|m| m.contains(&format!("Recommendation {other} ")))
        })
    })
}
