//! Before Kubernetes 1.34 no memory limit is lowered in place: a change that would lower one waits, for an upgrade too.

use serde_json::{Value, json};
use trimtab_recommendation::pod_resize::PodResize;

use crate::{
    bed::{Bed, rec},
    fixtures::{self, FORMER},
};

/// A person's proposal of less memory, request and limit.
async fn proposed(bed: &Bed) {
    fixtures::by_hand(&bed.server, "web", "mine", FORMER);
    bed.server.edit(("recommendations", "shop", "mine"), "kubectl-edit", |rec| {
        let app = &mut rec["spec"]["proposal"]["containers"][0];
        for part in ["requests", "limits"] {
            app[part]["memory"] = json!("256Mi");
        }
    });
    bed.until("its digest is that of less memory", |server| {
        let rec = rec(server, "mine")?;
        (rec["status"]["proposalDigest"] == fixtures::digest(&rec)).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_memory_limit_is_lowered_once_the_server_does_that() {
    let bed = Bed::start(&["web"]).await;
    let _ = bed.pod_resize.send_replace(PodResize::KeepsMemoryLimits);
    proposed(&bed).await;
    bed.decide("mine", "Approved");
    let gates = bed.stands("mine", "Blocked").await["status"]["gates"].clone();
    let reasons: Vec<&Value> = gates.as_array().unwrap().iter().map(|gate| &gate["reason"]).collect();
    assert_eq!(reasons, ["MemoryLimitCannotBeLowered"], "{gates}");

    bed.later(3600).await;
    assert!(rec(&bed.server, "mine").unwrap()["status"]["rollout"].is_null(), "{:#?}", bed.story());
    assert_eq!(bed.resized(), [] as [String; 0]);

    // The API server is upgraded.
    let _ = bed.pod_resize.send_replace(PodResize::Full);
    bed.until("a pod is resized", |_| (!bed.resized().is_empty()).then_some(())).await;
}
