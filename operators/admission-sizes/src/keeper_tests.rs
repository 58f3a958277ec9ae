#![allow(clippy::unwrap_used)]
use http::{Method, Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;
use trimtab_runtime::{Explain, Leadership, Terms};
use trimtab_world::{Namespaces, Tables, World};

use super::*;

/// An API server with one namespace `shop`: its object, if it exists, and the writes that it received.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    object: Option<BTreeMap<String, Value>>,
    version: u64,
    writes: Vec<(Method, Value)>,
}

impl Server {
    fn with(workloads: &[(&str, WorkloadSizes)]) -> Self {
        let server = Self::default();
        let map = workloads.iter().map(|(key, entry)| ((*key).to_owned(), json!(entry))).collect();
        server.0.lock().object = Some(map);
        server
    }

    fn object(&self) -> Value {
        let state = self.0.lock();
        json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes",
            "metadata": {"name": "trimtab", "namespace": "shop", "resourceVersion": state.version.to_string()},
            "spec": {"workloads": state.object}})
    }

    fn answer(&self, method: &Method, body: Value) -> (u16, Value) {
        let failed = |code: u16, reason: &str, details: Value| {
            (
                code,
                json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason, "details": details}),
            )
        };
        if *method == Method::GET {
            let items = if self.0.lock().object.is_some() { vec![self.object()] } else { vec![] };
            return (
                200,
                json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizesList", "metadata": {"resourceVersion": "1"}, "items": items}),
            );
        }
        let mut state = self.0.lock();
        state.writes.push((method.clone(), body.clone()));
        let changes = body["spec"]["workloads"].as_object().unwrap().clone();
        if changes.values().any(|entry| entry["uid"] == "refused") {
            return failed(422, "Invalid", json!({"name": "trimtab"}));
        }
        if changes.values().any(|entry| entry["uid"] == "large") {
            return (
                500,
                json!({"kind": "Status", "status": "Failure", "code": 500, "message": "etcdserver: request is too large"}),
            );
        }
        let there = state.object.is_some();
        if *method == Method::PATCH && !there {
            return failed(404, "NotFound", json!({"name": "trimtab"}));
        }
        let map = state.object.get_or_insert_default();
        for (key, entry) in changes {
            if entry.is_null() { _ = map.remove(&key) } else { _ = map.insert(key, entry) }
        }
        state.version += 1;
        drop(state);
        (200, self.object())
    }

    async fn keeper(&self) -> AppliedSizesWriter {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, sent) = request.into_parts();
                if parts.uri.query().is_some_and(|q| q.contains("watch=")) {
                    // The watch never reports anything: writes are known from their answers alone.
                    std::future::pending::<()>().await;
                }
                let body = serde_json::from_slice(&sent.collect_bytes().await?).unwrap_or(Value::Null);
                let (code, answer) = server.answer(&parts.method, body);
                Ok::<_, BoxError>(
                    Response::builder().status(code).body(Body::from(answer.to_string().into_bytes())).unwrap(),
                )
            }
        });
        let client = Client::new(service, "default");
        let writer = Writer::new(client.clone(), "trimtab-sizes", Leadership::always());
        let keeper = AppliedSizesWriter::start(client, writer, 500, CancellationToken::new());
        keeper.changes().wait_for(|v| v.complete).await.unwrap();
        keeper
    }

    fn writes(&self) -> Vec<Method> {
        self.0.lock().writes.iter().map(|(method, _)| method.clone()).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().object.iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}

fn an_entry(uid: &str) -> WorkloadSizes {
    WorkloadSizes {
        uid: uid.into(),
        recommendation: "r".into(),
        proposal_digest: "sha256:0123".into(),
        containers: vec![],
    }
}

#[tokio::test]
async fn entries_that_come_together_are_written_together() {
    let server = Server::with(&[("Deployment/old", an_entry("u"))]);
    let keeper = server.keeper().await;
    let puts: Vec<_> = (0..50)
        .map(|i| {
            let keeper = keeper.clone();
            tokio::spawn(async move { keeper.put("shop", &format!("Deployment/w{i}"), an_entry("u")).await })
        })
        .collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!(server.writes(), [Method::PATCH]);
    assert_eq!(server.keys().len(), 51);
    assert_eq!(keeper.entry("shop", "Deployment/w7"), Some(an_entry("u")), "before the watch shows it");
    assert_eq!(keeper.entry("shop", "Deployment/old"), Some(an_entry("u")));
}

#[tokio::test(start_paused = true)]
async fn entries_that_come_just_after_a_write_are_written_together() {
    let server = Server::with(&[]);
    let keeper = server.keeper().await;
    keeper.put("shop", "Deployment/first", an_entry("u")).await.unwrap();
    let puts: Vec<_> = (0..3)
        .map(|i| {
            let keeper = keeper.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(50 * i)).await;
                keeper.put("shop", &format!("Deployment/w{i}"), an_entry("u")).await
            })
        })
        .collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!((server.writes().len(), server.keys().len()), (2, 4));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = tokio::time::Instant::now();
    keeper.put("shop", "Deployment/last", an_entry("u")).await.unwrap();
    assert!(asked.elapsed() < Duration::from_millis(50), "one that comes alone does not wait: {:?}", asked.elapsed());
}

#[tokio::test]
async fn nothing_is_sent_for_what_is_so_already() {
    let server = Server::with(&[("Deployment/web", an_entry("u"))]);
    let keeper = server.keeper().await;
    keeper.put("shop", "Deployment/web", an_entry("u")).await.unwrap();
    keeper.drop_entry("shop", "Deployment/web", "another").await.unwrap();
    keeper.drop_entry("shop", "Deployment/none", "u").await.unwrap();
    keeper.drop_entry("mail", "Deployment/web", "u").await.unwrap();
    assert_eq!(server.writes(), [] as [Method; 0]);
    keeper.drop_entry("shop", "Deployment/web", "u").await.unwrap();
    assert_eq!((server.writes().len(), server.keys().len()), (1, 0));
    assert_eq!(keeper.entry("shop", "Deployment/web"), None);
}

#[tokio::test]
async fn the_first_entry_makes_the_object() {
    let server = Server::default();
    let keeper = server.keeper().await;
    keeper.put("shop", "Deployment/web", an_entry("u")).await.unwrap();
    assert_eq!(server.writes(), [Method::PATCH, Method::POST]);
    assert_eq!(server.keys(), ["Deployment/web"]);
}

#[tokio::test]
async fn an_entry_that_is_refused_does_not_take_others_with_it() {
    let server = Server::with(&[]);
    let keeper = server.keeper().await;
    for (uid, word) in [("refused", "Invalid"), ("large", "TooLarge")] {
        let good = format!("Deployment/good-{uid}");
        let (good, bad) = tokio::join!(
            keeper.put("shop", &good, an_entry("u")),
            keeper.put("shop", "Deployment/bad", an_entry(uid)),
        );
        good.unwrap();
        assert_eq!(bad.unwrap_err().reason(), word);
        assert_eq!(keeper.entry("shop", "Deployment/bad"), None);
    }
    assert_eq!(server.keys(), ["Deployment/good-large", "Deployment/good-refused"]);
}

#[tokio::test]
async fn of_two_changes_of_one_key_the_later_holds() {
    let server = Server::with(&[("Deployment/web", an_entry("former"))]);
    let keeper = server.keeper().await;
    let (put, dropped) = tokio::join!(
        keeper.put("shop", "Deployment/web", an_entry("u")),
        keeper.drop_entry("shop", "Deployment/web", "former"),
    );
    put.unwrap();
    dropped.unwrap();
    assert_eq!(keeper.entry("shop", "Deployment/web"), Some(an_entry("u")), "the drop was of the former");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_stand_goes_once_an_instance_leads() {
    let server = Server::with(&[("Deployment/gone", an_entry("u"))]);
    let (keeper, world) = (server.keeper().await, World::fixed(Tables::default()));
    for (leadership, expected) in [(Leadership::never(), ["Deployment/gone"].as_slice()), (Leadership::always(), &[])] {
        let stop = CancellationToken::new();
        let terms = Terms::new(leadership, stop.clone());
        let sweeps =
            tokio::spawn(crate::sweep(keeper.clone(), world.clone(), Namespaces::All, jiff::Timestamp::now, terms));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(server.keys(), expected);
        stop.cancel();
        sweeps.await.unwrap();
    }
}
