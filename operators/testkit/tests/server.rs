//! The server answers as an API server does, as far as the code under test can tell.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, WatchEvent, WatchParams},
};
use serde_json::{Value, json};
use trimtab_testkit::{Server, Then};

fn server() -> Server {
    Server::new(|| Timestamp::from_second(1_800_000_000).unwrap())
}

fn maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, "shop")
}

fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data})
}

fn code<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn objects_are_made_read_patched_and_deleted() {
    let server = server();
    let api = maps(server.client());
    assert_eq!(code(api.get("a").await), (404, "NotFound".to_owned()));
    let object: ConfigMap = serde_json::from_value(map("a", json!({"x": "1", "y": "1"}))).unwrap();
    let made = api.create(&PostParams::default(), &object).await.unwrap();
    assert_eq!(code(api.create(&PostParams::default(), &object).await), (409, "AlreadyExists".to_owned()));
    let patch = Patch::Merge(json!({"data": {"x": null, "z": "2"}}));
    let patched = api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(json!(patched.data), json!({"y": "1", "z": "2"}));
    assert_eq!(patched.metadata.uid, made.metadata.uid);
    let version = |map: &ConfigMap| map.metadata.resource_version.as_deref().unwrap().parse::<u64>().unwrap();
    assert!(version(&patched) > version(&made));
    let again = api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(version(&again), version(&patched), "what changes nothing gives no version");
    for old in [json!({"uid": "another"}), json!({"resourceVersion": made.metadata.resource_version})] {
        let stale = Patch::Merge(json!({"metadata": old, "data": {"z": "3"}}));
        assert_eq!(code(api.patch("a", &PatchParams::default(), &stale).await), (409, "Conflict".to_owned()));
    }
    let another = Preconditions { uid: Some("another".to_owned()), resource_version: None };
    let delete = DeleteParams { preconditions: Some(another), ..DeleteParams::default() };
    assert_eq!(code(api.delete("a", &delete).await).0, 409);
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(server.get("configmaps", "shop", "a"), None);
}

#[tokio::test]
async fn an_apply_replaces_what_its_manager_applied_and_respects_others() {
    let server = server();
    let api = maps(server.client());
    let apply = |manager: &'static str, force: bool, data: Value| {
        let params = PatchParams { field_manager: Some(manager.to_owned()), force, ..PatchParams::default() };
        let api = api.clone();
        async move { api.patch("a", &params, &Patch::Apply(map("a", data))).await }
    };
    apply("one", false, json!({"x": "1", "y": "1"})).await.unwrap();
    apply("two", false, json!({"y": "1", "z": "1"})).await.unwrap();
    assert_eq!(code(apply("two", false, json!({"x": "2"})).await), (409, "Conflict".to_owned()));
    let after = apply("one", false, json!({})).await.unwrap();
    assert_eq!(json!(after.data), json!({"y": "1", "z": "1"}), "what another owns too stays");
    let forced = apply("one", true, json!({"z": "3"})).await.unwrap();
    assert_eq!(forced.data.unwrap()["z"], "3");
    let fields = server.get("configmaps", "shop", "a").unwrap()["metadata"]["managedFields"].clone();
    let of = |manager: &str| {
        let all = fields.as_array().unwrap();
        all.iter().find(|entry| entry["manager"] == manager).map(|entry| entry["fieldsV1"].clone()).unwrap()
    };
    assert_eq!(of("one"), json!({"f:data": {"f:z": {}}}));
    assert_eq!(of("two"), json!({"f:data": {"f:y": {}}}));
}

#[tokio::test]
async fn a_finalizer_holds_an_object_and_a_status_is_written_apart() {
    let server = server();
    let pods: Api<Pod> = Api::namespaced(server.client(), "shop");
    server.put(
        "pods",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"containers": [{"name": "a", "image": "a", "resources": {"requests": {"cpu": "1"}}}, {"name": "b"}]},
        "status": {"phase": "Pending"}}),
    );
    let params = PatchParams::apply("one");
    let body = |finalizers: Value| {
        Patch::Apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "finalizers": finalizers}}))
    };
    pods.patch("p", &params, &body(json!(["x/y"]))).await.unwrap();
    let both = Patch::Merge(json!({"spec": {"nodeName": "n"}, "status": {"phase": "Running"}}));
    let status = pods.patch_status("p", &PatchParams::default(), &both).await.unwrap();
    assert_eq!(json!(status.status.unwrap().phase), "Running");
    assert_eq!(status.spec.unwrap().node_name, None);
    let spec = pods.patch("p", &PatchParams::default(), &Patch::Merge(json!({"status": {"phase": "Failed"}}))).await;
    assert_eq!(json!(spec.unwrap().status.unwrap().phase), "Running");
    let cpu = json!({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "2"}}}]}});
    let resized = pods.patch_subresource("resize", "p", &PatchParams::default(), &Patch::Strategic(cpu)).await.unwrap();
    let containers = json!(resized.spec.unwrap().containers);
    assert_eq!(
        (&containers[0]["image"], &containers[0]["resources"]),
        (&json!("a"), &json!({"requests": {"cpu": "2"}}))
    );
    assert_eq!(containers[1]["name"], "b");
    let fields = server.get("pods", "shop", "p").unwrap()["metadata"]["managedFields"].clone();
    let of_resize: Vec<_> = fields.as_array().unwrap().iter().filter(|e| e["subresource"] == "resize").collect();
    assert_eq!(of_resize.len(), 1, "{fields}");
    let owned = json!({"k:{\"name\":\"a\"}": {"f:resources": {"f:requests": {"f:cpu": {}}}}});
    assert_eq!(of_resize[0]["fieldsV1"], json!({"f:spec": {"f:containers": owned}}), "what it changed, and no more");
    pods.delete("p", &DeleteParams::default()).await.unwrap();
    let held = pods.get("p").await.unwrap();
    assert!(held.metadata.deletion_timestamp.is_some());
    pods.patch("p", &params, &body(json!([]))).await.unwrap();
    assert_eq!(code(pods.get("p").await).0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_watch_reports_each_change_once_and_lags_when_told_to() {
    let server = server();
    let api = maps(server.client());
    server.put("configmaps", map("a", json!({})));
    let list = api.list(&ListParams::default().fields("metadata.name=a")).await.unwrap();
    assert_eq!(list.items.len(), 1);
    let from = list.metadata.resource_version.unwrap();
    let mut events = api.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    server.lag("configmaps");
    server.put("configmaps", map("b", json!({"x": "1"})));
    server.delete("configmaps", "shop", "a");
    let waits = tokio::time::timeout(Duration::from_secs(60), events.next()).await;
    assert!(waits.is_err(), "{waits:?}");
    assert_eq!(api.list(&ListParams::default()).await.unwrap().items.len(), 1, "a list shows all");
    server.catch_up("configmaps");
    let Some(Ok(WatchEvent::Added(b))) = events.next().await else { panic!("b was added") };
    assert_eq!(b.metadata.name.as_deref(), Some("b"));
    assert!(matches!(events.next().await, Some(Ok(WatchEvent::Deleted(_)))));
}

#[tokio::test]
async fn faults_strike_the_chosen_request() {
    let server = server();
    let api = maps(server.client());
    server.put("configmaps", map("a", json!({})));
    let patch = |n: &str| {
        let (api, body) = (api.clone(), json!({"data": {"n": n}}));
        async move { api.patch("a", &PatchParams::default(), &Patch::Merge(body)).await }
    };
    let n = || server.get("configmaps", "shop", "a").unwrap()["data"]["n"].clone();
    server.at(2, "patch", "configmaps", Then::refuse(403, "Forbidden", "no"));
    server.at(3, "patch", "configmaps", Then::LoseReply);
    let act = |server: &Server| server.edit(("configmaps", "shop", "a"), "other", |a| a["data"]["by"] = json!("other"));
    server.at(4, "patch", "configmaps", Then::meanwhile(act));
    patch("1").await.unwrap();
    assert_eq!((code(patch("2").await).0, n()), (403, json!("1")));
    assert!(matches!(patch("3").await, Err(kube::Error::Service(_))));
    assert_eq!(n(), "3");
    assert_eq!(patch("4").await.unwrap().data.unwrap()["by"], "other");
    let codes: Vec<_> = server.writes().iter().map(|asked| asked.code).collect();
    assert_eq!(codes, [Some(200), Some(403), None, Some(200)]);
    let released = std::sync::Arc::new(tokio::sync::Notify::new());
    server.always("patch", "", Then::Hold(released.clone()));
    let held = tokio::spawn(patch("5"));
    server.until("it is held", Duration::from_secs(10), |s| (s.writes().len() == 5).then_some(())).await.unwrap();
    assert_eq!(n(), "4");
    released.notify_one();
    held.await.unwrap().unwrap();
    assert_eq!(n(), "5");
}
