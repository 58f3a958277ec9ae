//! The reconciler of lamps on an API server in memory. In: lamps. Out: what the server has and was sent. The clock is
//! paused: time passes when everybody waits.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use trimtab_driver::{
    controller::LimiterOf,
    emergency_stop::EmergencyStop,
    ran::Ran,
    reconciler::{Context, Reconciler},
    schedule,
};
use trimtab_runtime::{Leadership, Metrics, Terms, Writer, events::Events, store::Store};
use trimtab_testkit::{Asked, Server};

use crate::{
    lamp::Lamp,
    lamps::{Lamps, Wall},
};

/// Trimtab's own namespace.
pub const OWN: &str = "trimtab-system";
/// The verb and the resource of a status write.
pub const STATUS: (&str, &str) = ("apply", "lamps/status");

const START: i64 = 1_800_000_000;
/// The deadline of everything that is waited for, by the paused clock.
const SOON: Duration = Duration::from_secs(3600);

thread_local! {
    static BEGUN: Instant = Instant::now();
}

/// The paused clock.
fn clock() -> Timestamp {
    let passed = BEGUN.with(|begun| i64::try_from(begun.elapsed().as_millis()).unwrap());
    Timestamp::from_millisecond(START * 1000 + passed).unwrap()
}

pub struct Bed {
    pub server: Server,
    pub wall: Arc<watch::Sender<Wall>>,
    pub limiter: Arc<Mutex<LimiterOf<Lamps>>>,
    done: Arc<Mutex<Vec<String>>>,
    rows: Store<Lamp>,
    events: Events,
    metrics: Arc<Metrics>,
    /// None once it is scheduled.
    reconciler: Option<Reconciler<Lamps>>,
    stop: CancellationToken,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Bed {
    /// No lamp yet, and nobody who reconciles but tests.
    pub fn start() -> Self {
        let (server, stop, metrics) = (Server::new(clock), CancellationToken::new(), Metrics::new("test", None));
        let (client, leadership) = (server.client(), Leadership::always());
        let rows = Store::start(client.clone(), 500, |lamp: &Lamp| Some(lamp.clone()), stop.clone());
        let events = Events::new(client.clone(), "lamps", "test", leadership.clone(), metrics.clone());
        let (wall, limiter, done) = (Arc::new(watch::Sender::default()), Arc::default(), Arc::default());
        let lamps = Lamps {
            rows: rows.clone(),
            wall: Arc::clone(&wall),
            limiter: Arc::clone(&limiter),
            done: Arc::clone(&done),
        };
        let context = Context {
            client: client.clone(),
            writer: Writer::new(client.clone(), "trimtab-lamps", leadership),
            emergency_stop: EmergencyStop::new(client, OWN),
            events: events.clone(),
            metrics: metrics.clone(),
            now: clock,
            stopwatch: || Instant::now().into_std(),
        };
        let reconciler = Some(Reconciler::new(lamps, context));
        Self { server, wall, limiter, done, rows, events, metrics, reconciler, stop }
    }

    /// From now on lamps are reconciled when they are due.
    pub fn schedule(&mut self) {
        let reconciler = self.reconciler.take().unwrap();
        tokio::spawn(schedule::run(reconciler, Terms::new(Leadership::always(), self.stop.clone())));
    }

    /// Reconciles a lamp, once the watch shows everything.
    pub async fn run(&self, name: &str) -> Ran {
        self.seen().await;
        self.run_blind(name).await
    }

    /// The same, whatever the watch shows.
    pub async fn run_blind(&self, name: &str) -> Ran {
        self.reconciler.as_ref().unwrap().run(&("house".to_owned(), name.to_owned())).await
    }

    /// Puts a lamp into a socket.
    pub fn lamp(&self, name: &str, socket: &str) {
        lamp(&self.server, name, json!({"socket": socket}));
    }

    pub fn approve(&self, name: &str) {
        edit(&self.server, name, |lamp| lamp["spec"]["approvedBy"] = json!("anna"));
    }

    /// Waits until the watch shows all lamps as the server has them.
    pub async fn seen(&self) {
        let mut changes = self.rows.changes();
        loop {
            changes.borrow_and_update();
            let text = |lamp: &Value, field: &str| lamp["metadata"][field].as_str().unwrap().to_owned();
            let stored = self.server.all("lamps").into_iter();
            let stored: Vec<_> = stored.map(|lamp| (text(&lamp, "name"), text(&lamp, "resourceVersion"))).collect();
            let shown = self.rows.entries().into_iter();
            let shown: Vec<_> = shown.map(|(key, lamp)| (key.1, version(&lamp.unwrap()))).collect();
            if self.rows.is_complete() && stored == shown {
                return;
            }
            changes.changed().await.unwrap();
        }
    }

    /// Waits until `Ready` of a lamp has this reason.
    pub async fn stands(&self, name: &str, reason: &str) {
        let what = format!("{name} is {reason}");
        let found = self.server.until(&what, SOON, |server| {
            let lamp = server.get("lamps", "house", name)?;
            (ready(&lamp)["reason"] == reason).then_some(())
        });
        found.await.unwrap_or_else(|late| panic!("{late}: {:#?} {:#?}", self.story(), self.server.all("lamps")));
    }

    /// The reason of `Ready` of a lamp.
    pub fn word(&self, name: &str) -> String {
        let lamp = self.server.get("lamps", "house", name).unwrap();
        ready(&lamp)["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// What was done, in order.
    pub fn done(&self) -> Vec<String> {
        self.done.lock().clone()
    }

    /// The writes that were not refused, one line each, without those of tests. Events come late, so they are left out.
    pub fn story(&self) -> Vec<String> {
        let well = |asked: &Asked| asked.resource != "events" && asked.code.is_none_or(|code| code < 300);
        self.server.writes().iter().filter(|asked| well(asked)).map(line).collect()
    }

    /// The events, in order: the lamp and the reason.
    pub async fn told(&self) -> Vec<String> {
        self.events.flush(Duration::from_secs(5)).await;
        self.server.writes().iter().filter(|asked| asked.resource == "events").map(line).collect()
    }

    /// How many status writes failed by the metrics.
    pub fn failed_writes(&self) -> usize {
        let text = self.metrics.encode();
        let is_ours = |line: &&str| line.starts_with("trimtab_errors_total") && line.contains("operation=\"status\"");
        let numbers = text.lines().filter(is_ours).filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
        numbers.sum()
    }
}

/// A write in a line.
pub fn line(asked: &Asked) -> String {
    match asked.resource.as_str() {
        "events" => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", text(&asked.body["regarding"]["name"]), text(&asked.body["reason"]))
        }
        "lamps/status" => {
            let stage = asked.body["status"]["run"]["stage"].as_str().unwrap_or_default();
            format!("status {} {stage}", asked.name).trim_end().to_owned()
        }
        "lamps" if asked.body["metadata"]["finalizers"] == json!([]) => format!("release {}", asked.name),
        "lamps" => format!("protect {}", asked.name),
        _ => asked.line(),
    }
}

pub fn lamp(server: &Server, name: &str, spec: Value) {
    let metadata = json!({"name": name, "namespace": "house"});
    server
        .put("lamps", json!({"apiVersion": "test.trimtab.dev/v1", "kind": "Lamp", "metadata": metadata, "spec": spec}));
}

pub fn edit(server: &Server, name: &str, change: impl FnOnce(&mut Value)) {
    server.edit(("lamps", "house", name), "kubectl-edit", change);
}

/// Deletes a lamp whatever holds it, and puts another one in its place that is approved.
pub fn replace(server: &Server, name: &str) {
    let spec = server.get("lamps", "house", name).unwrap()["spec"].clone();
    edit(server, name, |lamp| lamp["metadata"]["finalizers"] = json!([]));
    server.delete("lamps", "house", name);
    assert!(server.get("lamps", "house", name).is_none());
    lamp(server, name, spec);
}

fn version(lamp: &Lamp) -> String {
    lamp.metadata.resource_version.clone().unwrap()
}

fn ready(lamp: &Value) -> Value {
    let conditions = lamp["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default()
}
