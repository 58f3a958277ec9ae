#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Mutex;

use http::Response;
use serde_json::{Value, json};

use super::*;

/// An API server with one Lease, which may be cut off.
#[derive(Clone, Default)]
struct Server {
    lease: Arc<Mutex<Option<Value>>>,
    writes: Arc<AtomicU64>,
}

impl Server {
    fn client(&self, cut_off: Arc<AtomicBool>) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, cut_off) = (server.clone(), Arc::clone(&cut_off));
            async move {
                if cut_off.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                let (parts, body) = request.into_parts();
                let bytes = body.collect_bytes().await?;
                let (code, answer) = server.answer(&parts.method, &parts.headers, &bytes);
                Ok::<_, BoxError>(Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()))?)
            }
        });
        Client::new(service, "default")
    }

    fn answer(&self, method: &Method, headers: &http::HeaderMap, body: &[u8]) -> (u16, Value) {
        let failure = |code: u16, reason: &str| {
            (code, json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason}))
        };
        let mut lease = self.lease.lock().unwrap();
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        if method != Method::GET {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        match (lease.as_mut(), method) {
            (None, &Method::POST) => {
                *lease = Some(sent.clone());
                (201, sent)
            }
            (Some(_), &Method::POST) => failure(409, "AlreadyExists"),
            (None, _) => failure(404, "NotFound"),
            (Some(lease), &Method::PATCH) => {
                let apply = headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"application/apply"));
                let holder = &lease["spec"]["holderIdentity"];
                if apply && !holder.is_null() && *holder != sent["spec"]["holderIdentity"] {
                    return failure(409, "Conflict");
                }
                // A merge patch, which is what strategic merge does to a Lease.
                json_patch::merge(lease, &sent);
                (200, lease.clone())
            }
            (Some(lease), _) => (200, lease.clone()),
        }
    }

    fn holder(&self) -> Option<String> {
        let lease = self.lease.lock().unwrap();
        lease.as_ref()?["spec"]["holderIdentity"].as_str().map(str::to_owned)
    }
}

fn options(identity: &str) -> LeaseOptions {
    LeaseOptions {
        duration: Duration::from_secs(3),
        renew_every: Duration::from_secs(1),
        ..LeaseOptions::new("trimtab", "default", identity)
    }
}

fn join(server: &Server, identity: &str) -> (Leadership, JoinHandle<()>, CancellationToken, Arc<AtomicBool>) {
    let cut_off = Arc::new(AtomicBool::new(false));
    let stop = CancellationToken::new();
    let client = server.client(Arc::clone(&cut_off));
    let (leadership, task) =
        elect(&client, options(identity), Metrics::new("1", None), eligible(), stop.clone()).unwrap();
    (leadership, task, stop, cut_off)
}

/// Always eligible.
fn eligible() -> watch::Receiver<bool> {
    watch::channel(true).1
}

async fn soon<F: Future>(future: F) -> F::Output {
    with_timeout("election", Duration::from_secs(15), future).await.unwrap()
}

#[tokio::test]
async fn a_partitioned_leader_stops_before_its_successor_starts() {
    let server = Server::default();
    let (mut a, a_task, a_stop, a_cut) = join(&server, "a");
    soon(a.acquired()).await;
    assert!(a.is_leader());
    let (mut b, b_task, b_stop, _) = join(&server, "b");
    assert!(!b.is_leader());

    a_cut.store(true, Ordering::SeqCst);
    tokio::select! {
        () = soon(a.lost()) => {}
        () = soon(b.acquired()) => panic!("two leaders"),
    }
    assert!(!a.is_leader());
    soon(b.acquired()).await;
    assert_eq!(server.holder().as_deref(), Some("b"));

    // Reconnected, the first one finds that it has lost; then the second one shuts down cleanly.
    a_cut.store(false, Ordering::SeqCst);
    b_stop.cancel();
    soon(b_task).await.unwrap();
    assert!(!b.is_leader());
    soon(a.acquired()).await;
    assert_eq!(server.holder().as_deref(), Some("a"));
    a_stop.cancel();
    soon(a_task).await.unwrap();
    assert_eq!(server.holder(), None);
}

#[tokio::test]
async fn a_leader_writes_once_for_each_renewal_and_a_standby_never() {
    let server = Server::default();
    let (mut a, a_task, a_stop, _) = join(&server, "a");
    soon(a.acquired()).await;
    let before = server.writes.load(Ordering::SeqCst);
    // Create, then acquire in two steps.
    assert!(before <= 3, "{before}");
    let (b, b_task, b_stop, _) = join(&server, "b");
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert!(a.is_leader() && !b.is_leader());
    let renewals = server.writes.load(Ordering::SeqCst) - before;
    assert!((2..=4).contains(&renewals), "{renewals} writes in 3.5 s at one renewal a second");
    b_stop.cancel();
    soon(b_task).await.unwrap();
    assert_eq!(server.holder().as_deref(), Some("a"));
    a_stop.cancel();
    soon(a_task).await.unwrap();
}

#[tokio::test]
async fn a_released_lease_is_not_waited_for() {
    let server = Server::default();
    let usual = |identity: &str| LeaseOptions::new("trimtab", "default", identity);
    let (client, stop) = (server.client(Arc::default()), CancellationToken::new());
    let (mut a, a_task) = elect(&client, usual("a"), Metrics::new("1", None), eligible(), stop.clone()).unwrap();
    soon(a.acquired()).await;
    let (mut b, b_task) =
        elect(&client, usual("b"), Metrics::new("1", None), eligible(), CancellationToken::new()).unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(a.is_leader() && !b.is_leader(), "a look at the lease takes nothing away");
    stop.cancel();
    a_task.await.unwrap();
    // It was renewed for 15 s.
    with_timeout("follow", Duration::from_secs(4), b.acquired()).await.unwrap();
    assert!(b.is_leader());
    b_task.abort();
}

#[tokio::test]
async fn a_lease_that_somebody_deletes_is_created_again_and_nobody_leads_beside_another() {
    let server = Server::default();
    let (mut a, a_task, a_stop, _) = join(&server, "a");
    soon(a.acquired()).await;
    let (mut b, b_task, b_stop, _) = join(&server, "b");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    *server.lease.lock().unwrap() = None;
    soon(a.lost()).await;
    assert!(!b.is_leader());
    tokio::select! {
        () = soon(a.acquired()) => assert!(!b.is_leader()),
        () = soon(b.acquired()) => assert!(!a.is_leader()),
    }
    assert!(server.holder().is_some());
    for (stop, task) in [(a_stop, a_task), (b_stop, b_task)] {
        stop.cancel();
        soon(task).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_not_eligible_neither_takes_nor_keeps_the_lease() {
    let server = Server::default();
    let (client, stop) = (server.client(Arc::default()), CancellationToken::new());
    let (say, eligible) = watch::channel(false);
    let (mut a, a_task) = elect(&client, options("a"), Metrics::new("1", None), eligible, stop.clone()).unwrap();
    let (mut b, b_task, b_stop, _) = join(&server, "b");
    soon(b.acquired()).await;
    // A Lease that is free is not taken either.
    b_stop.cancel();
    soon(b_task).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(server.holder(), None);
    assert!(!a.is_leader());

    say.send_replace(true);
    soon(a.acquired()).await;
    assert_eq!(server.holder().as_deref(), Some("a"));
    let (mut b, b_task, b_stop, _) = join(&server, "b");
    say.send_replace(false);
    soon(a.lost()).await;
    assert!(!a.is_leader());
    soon(b.acquired()).await;
    say.send_replace(true);
    b_stop.cancel();
    soon(b_task).await.unwrap();
    soon(a.acquired()).await;
    // Whoever said so is gone: it stays as it is.
    drop(say);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(a.is_leader());
    stop.cancel();
    soon(a_task).await.unwrap();
    assert_eq!(server.holder(), None);
}

#[tokio::test]
async fn a_single_instance_leads_while_it_is_eligible() {
    let (say, eligible) = watch::channel(false);
    let stop = CancellationToken::new();
    let metrics = Metrics::new("1", None);
    let (mut alone, task) = alone("trimtab", Arc::clone(&metrics), eligible, stop.clone());
    let leads = |expected: i64| {
        let text = metrics.encode();
        assert!(text.contains(&format!("leader_election_master_status{{name=\"trimtab\"}} {expected}\n")), "{text}");
    };
    tokio::task::yield_now().await;
    assert!(!alone.is_leader());
    for _ in 0..2 {
        say.send_replace(true);
        soon(alone.acquired()).await;
        assert!(alone.is_leader());
        leads(1);
        say.send_replace(false);
        soon(alone.lost()).await;
        assert!(!alone.is_leader());
        leads(0);
    }
    say.send_replace(true);
    soon(alone.acquired()).await;
    drop(say);
    stop.cancel();
    soon(task).await.unwrap();
    assert!(alone.is_leader(), "the last writes of a program that ends are still allowed");
}

#[tokio::test]
async fn times_that_contradict_each_other_are_refused() {
    let client = Server::default().client(Arc::default());
    for (duration, every) in [(2000, 1000), (5000, 4000), (5000, 0), (5500, 1000), (15_000, 20_000)] {
        let options = LeaseOptions {
            duration: Duration::from_millis(duration),
            renew_every: Duration::from_millis(every),
            ..options("a")
        };
        let refused = elect(&client, options, Metrics::new("1", None), eligible(), CancellationToken::new());
        assert_eq!(refused.err(), Some(LeaseError::Times), "{duration} {every}");
    }
    assert!(Leadership::always().is_leader() && !Leadership::never().is_leader());
    assert_ne!(identity(), identity());
}
