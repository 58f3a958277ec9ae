//! Releases, from their installation to their removal, as `docs/upgrade.md` and `charts/trimtab/README.md` say: one that takes
//! over what kubectl installed, and one of its own.

use std::{
    fmt::Write as _,
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trimtab_e2e::{FakeNode, Kwok, Plane, PlaneOptions, eventually, repository};

use super::helm::Helm;

/// The limit of a Secret, in bytes.
const SECRET: usize = 1024 * 1024;
/// How long it may take at most from `helm install` until the pods are ready.
const PROMISED: Duration = Duration::from_secs(20);
const OWN: &str = "trimtab-system";
const WAIT: [&str; 5] = ["-n", OWN, "--wait", "--timeout", "2m"];
const GUARD: [&str; 2] = ["validatingadmissionpolicy", "trimtab-approval"];
/// Rights that features bring, as `kubectl auth can-i` asks for them: `pods/resize` would be a pod of that name.
const RIGHTS: [&[&str]; 3] = [
    &["patch", "pods", "--subresource=resize"],
    &["create", "pods", "--subresource=eviction"],
    &["patch", "deployments.apps"],
];

async fn object(plane: &Plane, args: &[&str]) -> Result<Value> {
    let mut all = vec!["get", "-o", "json"];
    all.extend(args);
    Ok(serde_json::from_str(&plane.kubectl(&all).await?)?)
}

/// Everything of Trimtab that is still being deleted.
async fn terminating(plane: &Plane) -> Result<Vec<String>> {
    let kinds =
        "namespaces,customresourcedefinitions,deployments,pods,clusterroles,clusterrolebindings,services,secrets";
    let list = object(plane, &[kinds, "-A"]).await?;
    let going = list["items"].as_array().into_iter().flatten();
    let going = going.filter(|object| object["metadata"]["deletionTimestamp"].is_string());
    Ok(going.map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect())
}

/// Helm on a cluster with a node.
struct Releases {
    helm: Helm,
    _kwok: Kwok, // before the plane: fields are dropped in order
    plane: Plane,
    chart: String,
    /// The minor version of the API server.
    minor: u32,
}

impl Releases {
    async fn start() -> Result<Self> {
        let (helm, plane) = (Helm::find().await?, Plane::start(PlaneOptions::default()).await?);
        let kwok = Kwok::start(&plane).await?;
        kwok.add(&plane.client().await?, [FakeNode::new("kwok-0").capacity("8", "32Gi", 110)]).await?;
        let version: Value = serde_json::from_str(&plane.kubectl(&["version", "-o", "json"]).await?)?;
        let minor = version["serverVersion"]["minor"].as_str().context("a version")?.trim_end_matches('+').parse()?;
        Ok(Self { helm, _kwok: kwok, plane, chart: Helm::chart(), minor })
    }

    async fn run(&self, args: &[&str]) -> Result<String> {
        self.helm.run(args, Some(&self.plane.kubeconfig_path())).await
    }

    /// `helm install` or `helm upgrade`, which waits until the pods are ready.
    async fn apply(&self, verb: &str, more: &[&str]) -> Result<String> {
        self.run(&[&[verb, "trimtab", &self.chart][..], &WAIT, more].concat()).await
    }

    async fn uninstall(&self) -> Result<()> {
        self.run(&[&["uninstall", "trimtab"][..], &WAIT].concat()).await?;
        let crds = self.plane.kubectl(&["get", "crd", "-o", "name"]).await?;
        ensure!(crds.lines().filter(|name| name.ends_with(".trimtab.dev")).count() == 5, "{crds}");
        Ok(())
    }

    async fn deployment(&self) -> Result<Value> {
        object(&self.plane, &["deployment", "trimtab", "-n", OWN]).await
    }

    /// The generation of the approval guard: a new one makes the approvals before it unproven.
    async fn guard(&self) -> Result<i64> {
        object(&self.plane, &GUARD).await?["metadata"]["generation"].as_i64().context("a generation")
    }

    /// Waits until the account has the rights of the features, or none of them.
    async fn rights(&self, granted: bool) -> Result<()> {
        let account = format!("--as=system:serviceaccount:{OWN}:trimtab");
        eventually(Duration::from_secs(30), "the rights are those of the features", async || {
            for right in RIGHTS {
                let may = self.plane.kubectl(&[&["auth", "can-i"][..], right, &["-A", &account]].concat()).await;
                ensure!(may.is_ok() == granted, "it may {}: {}", right.join(" "), !granted);
            }
            Ok(())
        })
        .await
    }
}

/// What is there already is that of an installation with kubectl, in a namespace that enforces restricted pods.
async fn takes_over(releases: &Releases) -> Result<()> {
    let plane = &releases.plane;
    let kustomize = if releases.minor < 36 { "overlays/before-1.36" } else { "base" };
    let path = repository().join("deploy/kustomize").join(kustomize);
    plane.kubectl(&["apply", "--server-side", "-k", path.to_str().context("path")?]).await?;
    let uid = |deployment: &Value| deployment["metadata"]["uid"].clone();
    let (before, guard) = (releases.deployment().await?, releases.guard().await?);
    ensure!(releases.apply("install", &[]).await.is_err(), "Helm takes over what is not its own without being told to");
    // Where Helm applied in the server, kubectl would remain an owner of every field, and the first change be refused.
    let more = if releases.helm.minds_owners() { &["--server-side=false"][..] } else { &[] };
    let notes = releases.apply("install", &[&["--take-ownership"][..], more].concat()).await?;
    ensure!(notes.contains("kubectl"), "{notes}");
    ensure!(uid(&before) == uid(&releases.deployment().await?), "the Deployment is another");
    ensure!(releases.guard().await? == guard, "the approval guard was changed, so approvals before it are not proven");

    // Helm keeps the release in a Secret, which has a limit.
    let secrets = object(plane, &["secrets", "-n", OWN, "-l", "owner=helm"]).await?;
    for secret in secrets["items"].as_array().context("secrets")? {
        let size = secret["data"]["release"].as_str().context("a release")?.len();
        println!("the release takes {} KiB", size / 1024);
        ensure!(size * 2 <= SECRET, "{size} bytes");
    }

    // Nobody else changes the sum of the roles.
    let role = || object(plane, &["clusterrole", "trimtab-controller"]);
    let sum = role().await?;
    ensure!(sum["rules"].as_array().is_some_and(|rules| rules.len() > 10), "{sum}");
    releases.apply("upgrade", &[]).await?;
    ensure!(role().await?["metadata"]["resourceVersion"] == sum["metadata"]["resourceVersion"], "it was written again");

    releases.apply("upgrade", &["--set", "replicas=2"]).await?;
    let budget = object(plane, &["poddisruptionbudget", "trimtab", "-n", OWN]).await?;
    ensure!(budget["spec"]["maxUnavailable"] == 1, "{}", budget["spec"]);
    releases.run(&[&["rollback", "trimtab", "1"][..], &WAIT].concat()).await?;
    ensure!(releases.deployment().await?["spec"]["replicas"] == 1, "it was not rolled back");
    ensure!(releases.guard().await? == guard, "an upgrade or a rollback changed the approval guard");
    releases.uninstall().await
}

/// How long each step took.
struct Laps {
    began: Instant,
    text: String,
}

impl Laps {
    fn new() -> Self {
        Self { began: Instant::now(), text: String::new() }
    }

    /// The step that begins now is not the former one.
    fn begin(&mut self) {
        self.began = Instant::now();
    }

    fn end(&mut self, what: &str) -> Duration {
        let took = self.began.elapsed();
        let _ = write!(self.text, " {what} {:.1} s", took.as_secs_f64());
        self.begin();
        took
    }
}

/// A release by the defaults of this Helm, in the same namespace.
async fn of_its_own(releases: &Releases) -> Result<()> {
    let namespace = object(&releases.plane, &["namespace", OWN]).await?;
    ensure!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted", "{namespace}");
    let mut laps = Laps::new();
    releases.apply("install", &[]).await?;
    let installed = laps.end("install");
    let status = releases.deployment().await?["status"].clone();
    ensure!(status["readyReplicas"] == 1, "installed, and not ready: {status}");
    let guard = releases.guard().await?;

    laps.begin();
    releases.apply("upgrade", &["--set", "log.filter=debug"]).await?;
    laps.end("upgrade");
    ensure!(releases.guard().await? == guard, "an upgrade changed the approval guard");

    // Less rights at once, and all of them again. The controller manager adds the roles up, and so becomes an owner of the
    // sum: a Helm that minds it has to be told.
    let forced = if releases.helm.minds_owners() { &["--force-conflicts"][..] } else { &[] };
    let few = ["features.resize=false", "features.evict=false", "features.template=false", "features.admission=false"];
    let few = few.join(",");
    releases.apply("upgrade", &[&["--set", &few][..], forced].concat()).await?;
    releases.rights(false).await?;
    releases.apply("upgrade", &[&["--reset-values"][..], forced].concat()).await?;
    releases.rights(true).await?;

    laps.begin();
    releases.run(&[&["rollback", "trimtab", "1"][..], &WAIT, forced].concat()).await?;
    laps.end("rollback");
    ensure!(releases.guard().await? == guard, "a change of features or a rollback changed the approval guard");
    laps.begin();
    releases.uninstall().await?;
    laps.end("uninstall");
    // Past libtest's capture of passing tests: every run shows what it measured.
    let line = format!("\nCHART helm{} 1.{}{}\n", releases.helm.major(), releases.minor, laps.text);
    std::io::stderr().write_all(line.as_bytes())?;
    ensure!(installed <= PROMISED, "ready {:.1} s after it was installed", installed.as_secs_f64());
    Ok(())
}

#[tokio::test]
async fn a_release_is_installed_upgraded_and_removed() -> Result<()> {
    let releases = Releases::start().await?;
    takes_over(&releases).await?;
    of_its_own(&releases).await?;
    let plane = &releases.plane;
    plane.kubectl(&["delete", "namespace", OWN, "--wait=false"]).await?;
    eventually(Duration::from_secs(60), "nothing is left in deletion", async || {
        let going = terminating(plane).await?;
        ensure!(going.is_empty(), "{going:?}");
        Ok(())
    })
    .await
}
