//! The watches against a minimal API server: a refused kind, an unreadable object, one list per kind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use common::{id, object, pod};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::service_fn;
use trimtab_core::WorkloadKind;
use trimtab_world::{Fares, Kind, Options, Refusal, World};

/// What the server says of Rollouts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Rollouts {
    #[default]
    Shown,
    /// They may not be listed.
    Forbidden,
    /// They may not be listed, and there is no such group.
    Absent,
}

#[derive(Default)]
struct Server {
    broken: AtomicBool,
    rollouts: Rollouts,
    /// Lists by path.
    lists: Mutex<BTreeMap<String, u32>>,
}

impl Server {
    fn answer(&self, path: &str) -> (u16, Value) {
        let plural = path.rsplit('/').next().unwrap_or("");
        let refused = |code: u16, reason: &str| {
            let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": "no"});
            (code, status)
        };
        if path == "/apis/argoproj.io/v1alpha1" {
            let rollout = json!({"name": "rollouts", "kind": "Rollout", "singularName": "", "namespaced": true, "verbs": ["list"]});
            let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "argoproj.io/v1alpha1", "resources": [rollout]});
            return if self.rollouts == Rollouts::Absent { refused(404, "NotFound") } else { (200, list) };
        }
        *self.lists.lock().unwrap().entry(plural.to_owned()).or_default() += 1;
        if plural == Kind::VerticalPodAutoscaler.plural() {
            return refused(404, "NotFound");
        }
        let hidden = plural == Kind::Rollout.plural() && self.rollouts != Rollouts::Shown;
        if hidden || plural == Kind::PodDisruptionBudget.plural() {
            return refused(403, "Forbidden");
        }
        let mut bad = pod("bad", ("apps/v1", "StatefulSet", "db"));
        bad["spec"]["containers"] = json!("none");
        let items = match plural {
            "pods" if self.broken.load(Ordering::SeqCst) => {
                vec![bad, pod("db-0", ("apps/v1", "StatefulSet", "db"))]
            }
            "pods" => vec![pod("db-0", ("apps/v1", "StatefulSet", "db"))],
            "statefulsets" => vec![object("db")],
            _ => vec![],
        };
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items}))
    }

    fn client(self: &Arc<Self>) -> Client {
        let server = self.clone();
        let service = service_fn(move |request: http::Request<Body>| {
            let server = server.clone();
            async move {
                if request.uri().query().is_some_and(|q| q.contains("watch=true")) {
                    // No event ever arrives.
                    std::future::pending::<()>().await;
                }
                let (code, json) = server.answer(request.uri().path());
                let body = Body::from(serde_json::to_vec(&json).unwrap());
                Ok::<_, std::convert::Infallible>(http::Response::builder().status(code).body(body).unwrap())
            }
        });
        Client::new(service, "default")
    }
}

async fn started(server: Server) -> (Arc<Server>, Arc<World>) {
    let server = Arc::new(server);
    let world = World::start(server.client(), Options::default(), std::future::pending());
    tokio::time::timeout(Duration::from_secs(20), world.wait_synced()).await.unwrap();
    (server, world)
}

#[tokio::test]
async fn each_kind_is_listed_once_and_a_refused_one_is_named() {
    let (server, world) = started(Server::default()).await;
    assert_eq!(world.workload_of_pod("shop", "db-0"), Some(id(WorkloadKind::StatefulSet, "db")));
    let missing: Vec<_> = world.missing().into_iter().map(|m| (m.kind, m.reason)).collect();
    assert_eq!(
        missing,
        [(Kind::PodDisruptionBudget, Refusal::Forbidden { verb: "list", on: "poddisruptionbudgets".to_owned() })]
    );
    let lists = server.lists.lock().unwrap().clone();
    assert_eq!(lists.len(), Kind::ALL.len());
    assert!(lists.iter().all(|(kind, n)| *n == 1 || kind == "poddisruptionbudgets"), "{lists:?}");
}

#[tokio::test]
async fn an_optional_kind_that_is_forbidden_is_missing_unless_the_server_has_none() {
    let forbidden = "Forbidden: verb list on rollouts.argoproj.io";
    for (rollouts, expected) in
        [(Rollouts::Shown, None), (Rollouts::Forbidden, Some(forbidden)), (Rollouts::Absent, None)]
    {
        let (_, world) = started(Server { rollouts, ..Server::default() }).await;
        let missing = world.missing().into_iter().find(|m| m.kind == Kind::Rollout).map(|m| m.reason.to_string());
        assert_eq!(missing.as_deref(), expected, "{rollouts:?}");
        let well = matches!(world.fares(Kind::Rollout), Fares::Well);
        assert_eq!(well, expected.is_none(), "{rollouts:?}");
        assert!(world.missing().iter().all(|m| m.kind != Kind::VerticalPodAutoscaler), "it is not served");
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_read_harms_no_other() {
    let (server, world) = started(Server { broken: true.into(), ..Server::default() }).await;
    assert!(world.pod("shop", "db-0").is_some());
    let malformed = world.malformed();
    let [bad] = &malformed[..] else { panic!("{malformed:?}") };
    assert_eq!((bad.kind, bad.namespace.as_str(), bad.name.as_str()), (Kind::Pod, "shop", "bad"));
    let lists = server.lists.lock().unwrap().clone();
    assert_eq!(lists["pods"], 2, "once as ever, once in the guarded way");
}

#[tokio::test]
async fn shutdown_ends_the_watches() {
    let server = Arc::new(Server::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let world = World::start(server.client(), Options::default(), async {
        let _ = stopped.await;
    });
    tokio::time::timeout(Duration::from_secs(20), world.wait_synced()).await.unwrap();
    stop.send(()).unwrap();
    // The tasks hold the world; without them only this test does.
    tokio::time::timeout(Duration::from_secs(20), async {
        while Arc::strong_count(&world) > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
