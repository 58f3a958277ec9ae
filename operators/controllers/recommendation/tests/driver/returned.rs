//! A pod that is out of its workload's reach while its rollout is undone.

use serde_json::{Value, json};

use crate::{
    bed::{Bed, rec},
    fixtures::{FORMER, NEW},
};

#[tokio::test(start_paused = true)]
async fn a_pod_that_comes_back_after_an_undo_gets_its_former_size() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.until("one pod has the new size and is watched", |server| {
        (rec(server, &name)?["status"]["rollout"]["stage"] == "Watching").then_some(())
    })
    .await;
    assert_eq!(bed.sizes("web"), [NEW, FORMER]);
    let pod = ("pods", "shop", "web-1-a");
    // The ReplicaSet gives up a pod whose label somebody changes, and adopts it again.
    let mut owners = Value::Null;
    bed.server.edit(pod, "kubectl-label", |pod| {
        owners = pod["metadata"]["ownerReferences"].take();
        pod["metadata"]["labels"]["app"] = json!("looked-into");
    });
    bed.decide(&name, "Rejected");
    bed.stands(&name, "RolledBack").await;
    bed.server.edit(pod, "kubectl-label", |pod| {
        pod["metadata"]["ownerReferences"] = owners.clone();
        pod["metadata"]["labels"]["app"] = json!("web");
    });
    assert_eq!(bed.sizes("web"), [NEW, FORMER]);
    bed.until("it has its former size", |_| (bed.sizes("web") == [FORMER, FORMER]).then_some(())).await;
    let rec = bed.stands(&name, "RolledBack").await;
    let undo = &rec["status"]["rollout"]["undo"];
    assert_eq!((undo["reason"].as_str(), &rec["status"]["rollout"]["rollbacks"]), (Some("Rejected"), &json!(1)));
    assert!(undo["message"].as_str().unwrap().ends_with("pod web-1-a came back with the new size"), "{undo}");
}
