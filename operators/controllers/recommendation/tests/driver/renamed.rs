//! A workload of another name adopts the pods of one that was changed. Its first rollout does not take their size for
//! the former one.

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    bed::{Bed, rec},
    fixtures::{self, FORMER, NEW},
};

/// The size that a person proposes for the workload of the other name.
const PROPOSED: &str = "350m";

/// The Deployment `web`, whose change is in force, is deleted with `--cascade=orphan`, and `site` adopts its ReplicaSet
/// before Trimtab sees the pods without a workload.
async fn renamed() -> Bed {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    let server = &bed.server;
    let mut object = server.get("deployments", "shop", "web").unwrap();
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object["metadata"]["name"] = json!("site");
    let uid = server.put("deployments", object)["metadata"]["uid"].clone();
    server.edit(("replicasets", "shop", "web-1"), "", |set| {
        let owner = &mut set["metadata"]["ownerReferences"][0];
        (owner["name"], owner["uid"]) = (json!("site"), uid);
    });
    server.delete("deployments", "shop", "web");
    bed.until("the change of the former workload is over", |server| {
        (rec(server, &name)?["status"]["rollout"]["result"] == "Superseded").then_some(())
    })
    .await;
    assert_eq!(bed.sizes("web"), [NEW, NEW], "they were out of reach");
    bed
}

/// A person proposes and approves a size for the workload of the other name.
async fn propose(bed: &Bed) {
    fixtures::by_hand(&bed.server, "site", "mine", PROPOSED);
    bed.stands("mine", "PendingApproval").await;
    bed.decide("mine", "Approved");
}

/// Waits until the rollout is blocked by its pods; returns what the gate says.
async fn blocked(bed: &Bed) -> String {
    let mine = bed.stands("mine", "Blocked").await;
    let gates = mine["status"]["gates"].as_array().cloned().unwrap_or_default();
    let of_pods = gates.iter().find(|gate| gate["gate"] == "Pods").unwrap_or_else(|| panic!("{gates:?}"));
    assert_eq!(of_pods["reason"], "LeftoverSize", "{of_pods}");
    of_pods["message"].as_str().unwrap().to_owned()
}

/// Waits until it has begun; returns the former CPU request.
async fn former(bed: &Bed) -> Value {
    let begun = bed.until("it has begun", |server| {
        let rollout = rec(server, "mine")?["status"]["rollout"].clone();
        rollout.is_object().then_some(rollout)
    });
    begun.await["former"][0]["requests"]["cpu"].clone()
}

/// The pods are made anew from the template.
fn restarted(bed: &Bed) {
    for (old, new) in [("a", "c"), ("b", "d")] {
        fixtures::pod(&bed.server, "web", new);
        bed.server.delete("pods", "shop", &format!("web-1-{old}"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_for_another_workload_is_no_former_size_until_the_pods_are_restarted() {
    let bed = renamed().await;
    let before = bed.resized();
    propose(&bed).await;
    let said = blocked(&bed).await;
    for part in ["on pods web-1-a, web-1-b of 2 pods", "app: requests.cpu 250m instead of 500m"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(said.ends_with("kubectl rollout restart deployment/site"), "{said}");
    bed.later(300).await;
    assert_eq!((bed.sizes("web"), bed.resized()), (vec![NEW.to_owned(), NEW.to_owned()], before));
    assert!(rec(&bed.server, "mine").unwrap()["status"]["rollout"].is_null());
    restarted(&bed);
    assert_eq!(former(&bed).await, FORMER);
}

#[tokio::test(start_paused = true)]
async fn a_size_from_the_creation_is_recognised_too() {
    let bed = renamed().await;
    restarted(&bed);
    for pod in ["c", "d"] {
        bed.server.edit(("pods", "shop", &format!("web-1-{pod}")), "", |pod| {
            pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(NEW);
            pod["metadata"]["annotations"] = json!({"trimtab.dev/sized-by": "deploy-web"});
        });
    }
    propose(&bed).await;
    assert!(blocked(&bed).await.contains("on pods web-1-c, web-1-d of 2 pods"));
}

#[tokio::test(start_paused = true)]
async fn a_size_that_a_person_gave_the_pods_since_is_theirs() {
    let bed = renamed().await;
    let pods: Api<Pod> = Api::namespaced(bed.server.client(), "shop");
    let params = PatchParams { field_manager: Some("kubectl-patch".to_owned()), ..PatchParams::default() };
    let body = json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "300m"}}}]}});
    for pod in ["web-1-a", "web-1-b"] {
        pods.patch_subresource("resize", pod, &params, &Patch::Strategic(&body)).await.unwrap();
    }
    propose(&bed).await;
    assert_eq!(former(&bed).await, "300m");
}
