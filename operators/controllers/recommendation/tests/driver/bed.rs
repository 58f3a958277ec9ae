//! The controller as the program runs it, on an API server in memory. In: workloads and Recommendations. Out: what the
//! server has and was sent. The clock is paused: time passes when everybody waits.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use trimtab_admission_sizes::{AppliedSizesWriter, SizesAdmission, SizesRow};
use trimtab_api::{OptimizationPolicy, runbooks::Runbooks};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_driver::{emergency_stop::EmergencyStop, schedule};
use trimtab_guard::Guard;
use trimtab_recommendation::{
    CONTROLLER,
    gather::{Sources, Usage},
    pod_resize::PodResize,
    policies::policy_row,
    refused_pods::RefusedPods,
    requests::Sender,
    rollouts::reconciler,
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{Leadership, Metrics, Terms, Writer, events::Events, store::Store};
use trimtab_testkit::{Asked, Server};
use trimtab_usage_history::UsageStore;
use trimtab_world::{Options, World};

use crate::{fixtures, meter::Meter};

/// Trimtab's own namespace and account.
pub const OWN: &str = "trimtab-system";
const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";

/// The time at which a test begins.
pub const START: i64 = 1_800_000_000;

/// The deadline of everything that is waited for, by the paused clock.
const SOON: Duration = Duration::from_secs(7200);

thread_local! {
    static BEGUN: Instant = Instant::now();
}

/// The paused clock.
pub fn clock() -> Timestamp {
    let passed = BEGUN.with(|begun| i64::try_from(begun.elapsed().as_millis()).unwrap());
    Timestamp::from_millisecond(START * 1000 + passed).unwrap()
}

/// A running controller with its server.
pub struct Bed {
    pub server: Server,
    pub metrics: Arc<Metrics>,
    /// What the server lets change in a running pod: anything, until a test says otherwise.
    pub pod_resize: watch::Sender<PodResize>,
    stop: CancellationToken,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Bed {
    /// A cluster with these Deployments of two pods each, an installed guard and a policy; the controller runs and
    /// leads.
    pub async fn start(workloads: &[&str]) -> Self {
        let server = Server::new(clock);
        fixtures::cluster(&server, ACCOUNT);
        for name in workloads {
            fixtures::deployment(&server, name);
        }
        let (stop, metrics) = (CancellationToken::new(), Metrics::new("test", None));
        let (pod_resize, known) = watch::channel(PodResize::Full);
        run(&server, &stop, &metrics, workloads, known);
        Self { server, metrics, pod_resize, stop }
    }

    /// The policy's Recommendation for a Deployment, approved by a person once its digest is shown.
    pub async fn approved(&self, workload: &str) -> String {
        let name = self.proposed(workload).await;
        self.decide(&name, "Approved");
        name
    }

    /// The policy's Recommendation for a Deployment, not decided on.
    pub async fn proposed(&self, workload: &str) -> String {
        let name = fixtures::recommendation(&self.server, workload);
        self.stands(&name, "PendingApproval").await;
        name
    }

    /// Decides on a Recommendation as a person.
    pub fn decide(&self, name: &str, decision: &str) {
        fixtures::decide(&self.server, name, decision);
    }

    /// Waits until `Ready` of a Recommendation has this reason.
    pub async fn stands(&self, name: &str, reason: &str) -> Value {
        let what = format!("{name} is {reason}");
        self.until(&what, |server| {
            let rec = rec(server, name)?;
            (ready(&rec)["reason"] == reason).then_some(rec)
        })
        .await
    }

    /// Waits until `look` returns something.
    pub async fn until<T>(&self, what: &str, look: impl FnMut(&Server) -> Option<T>) -> T {
        match self.server.until(what, SOON, look).await {
            Ok(found) => found,
            Err(late) => panic!("{late}\n{:#?}\n{:#?}", self.story(), self.server.all("recommendations")),
        }
    }

    /// Lets so much time pass by the paused clock, which takes none.
    pub async fn later(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Lets so much time pass in one step, as on a machine that was suspended: what falls due meanwhile falls due once.
    /// For waits of hours in which every look would find the same: thousands of them would take a minute.
    pub async fn leap(&self, seconds: u64) {
        // Everybody waits first, so that no request is under way that would be found late.
        self.later(1).await;
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    /// The writes that were not refused, without those of tests and without events, one line each. Of a status, the
    /// stage of the rollout, once for each in a row.
    pub fn story(&self) -> Vec<String> {
        let ours = |asked: &Asked| asked.resource != "events" && asked.code.is_none_or(|code| code < 300);
        let writes = self.server.writes().into_iter().filter(ours);
        let mut lines: Vec<String> = writes.map(|asked| line(&asked)).collect();
        lines.dedup();
        lines
    }

    /// The pods that were resized, each as often as it was.
    pub fn resized(&self) -> Vec<String> {
        let story = self.server.writes().into_iter().filter(|asked| asked.resource == "pods/resize");
        story.filter(|asked| asked.code.is_none_or(|code| code < 300)).map(|asked| asked.name).collect()
    }

    /// Asserts that an event with this reason was sent about a Recommendation that is gone: once, and before it went.
    pub fn told_before_it_went(&self, name: &str, reason: &str) {
        let writes = self.server.writes();
        let at = |is: &dyn Fn(&Asked) -> bool| -> Vec<usize> {
            writes.iter().enumerate().filter(|(_, asked)| is(asked)).map(|(at, _)| at).collect()
        };
        let told = at(&|asked| {
            let (about, said) = (&asked.body["regarding"]["name"], &asked.body["reason"]);
            asked.resource == "events" && *about == name && *said == reason
        });
        let went = at(&|asked| line(asked) == format!("release {name}"));
        let well = told.len() == 1 && went.iter().all(|went| *went > told[0]) && !went.is_empty();
        assert!(well, "{reason} was told at {told:?}, it went at {went:?}: {:#?}", self.story());
    }

    /// The CPU request of each pod of a workload.
    pub fn sizes(&self, workload: &str) -> Vec<String> {
        let pods = self.server.all("pods").into_iter().filter(|pod| pod["metadata"]["labels"]["app"] == workload);
        pods.map(|pod| pod["spec"]["containers"][0]["resources"]["requests"]["cpu"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The entry of a workload in AppliedSizes.
    pub fn entry(&self, workload: &str) -> Option<Value> {
        let sizes = self.server.get("appliedsizes", "shop", "trimtab")?;
        sizes["spec"]["workloads"].get(format!("Deployment/{workload}")).cloned()
    }
}

/// A Recommendation as the server has it.
pub fn rec(server: &Server, name: &str) -> Option<Value> {
    server.get("recommendations", "shop", name)
}

/// The condition `Ready`.
pub fn ready(rec: &Value) -> Value {
    let conditions = rec["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|c| c["type"] == "Ready").unwrap_or_default()
}

/// The stage in a body that is written to a status; empty if there is no rollout in it.
pub fn stage(asked: &Asked) -> &str {
    asked.body["status"]["rollout"]["stage"].as_str().unwrap_or_default()
}

fn line(asked: &Asked) -> String {
    match asked.resource.as_str() {
        "recommendations/status" => format!("status {} {}", asked.name, stage(asked)).trim_end().to_owned(),
        "recommendations" if asked.body["metadata"]["finalizers"] == json!([]) => format!("release {}", asked.name),
        "recommendations" => format!("protect {}", asked.name),
        "pods/resize" => format!("resize {}", asked.name),
        _ => asked.line(),
    }
}

fn run(
    server: &Server,
    stop: &CancellationToken,
    metrics: &Arc<Metrics>,
    workloads: &[&str],
    pod_resize: watch::Receiver<PodResize>,
) {
    let client = server.client();
    let leadership = Leadership::always();
    let writer = |name: &str| Writer::new(client.clone(), name, leadership.clone());
    let store = Arc::new(UsageStore::new());
    for name in workloads {
        let id = WorkloadId::new(WorkloadKind::Deployment, "shop", *name);
        store.with_container(&id, "app", |history| history.observe_cpu(START + 86_400, 0.1, 1));
    }
    let emergency_stop = EmergencyStop::new(client.clone(), OWN);
    let applied = Store::start(client.clone(), 500, SizesRow::of, stop.clone());
    let sizes = AppliedSizesWriter::with(applied, writer("trimtab-sizes"));
    let sources = Sources {
        world: World::start(client.clone(), Options::default(), stop.clone().cancelled_owned()),
        policies: Store::start(client.clone(), 500, |p: &OptimizationPolicy| Some(policy_row(p)), stop.clone()),
        guard: Guard::start(client.clone(), 500, ACCOUNT, clock, stop.clone()),
        sizes: sizes.clone(),
        admission: SizesAdmission::start(client.clone(), stop.clone()),
        usage: Some(Usage { source: Arc::new(Meter), store }),
        emergency_stop,
        pod_resize,
        limiter: Arc::default(),
        refused_pods: RefusedPods::start(client.clone(), 500, stop.clone()),
        nodes: Arc::default(),
        questions: Arc::default(),
    };
    let sender = Sender { writer: writer(&format!("trimtab-{CONTROLLER}")), client: client.clone(), sizes };
    let rows = Store::start(client.clone(), 500, RecommendationRow::of, stop.clone());
    let events = Events::new(client.clone(), "recommendation", "test", leadership.clone(), metrics.clone());
    let reconciler = reconciler(rows, sources, sender, events, metrics.clone(), Runbooks::default(), clock);
    tokio::spawn(schedule::run(reconciler, Terms::new(leadership, stop.clone())));
}
