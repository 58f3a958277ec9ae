//! `kubectl trimtab` as people use it: against a real API server with the approval guard, as users with and without rights.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use support::{Cluster, SOON, add, deployment, modest, namespace, now, policy, prometheus};
use trimtab_e2e::{Backfill, Output, PlaneOptions, Process, eventually, repository, rule, trimtab_bin};

const OWN: &str = "trimtab-system";
const DIGEST: &str = "sha256:6e1bd4c0a7f26e1bd4c0a7f26e1bd4c0";

/// The plugin as one user runs it.
struct Plugin {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Plugin {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TRIMTAB_") {
                command.env_remove(&name);
            }
        }
        command.args(args).env("KUBECONFIG", &self.kubeconfig).env("TERM", "xterm");
        command
    }

    async fn run(&self, args: &[&str]) -> Result<Output> {
        self.run_with(args, &[]).await
    }

    async fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Result<Output> {
        let mut command = self.command(args);
        command.envs(env.iter().copied()).stdin(std::process::Stdio::null());
        let out = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let output = Output { status: out.status, stdout: text(&out.stdout), stderr: text(&out.stderr) };
        println!("$ kubectl trimtab {}\n{}{}", args.join(" "), output.stdout, output.stderr);
        ensure!(!output.stderr.contains("panicked"), "{}", output.stderr);
        ensure!(
            !output.stdout.contains('\x1b') && !output.stderr.contains('\x1b'),
            "colour without a terminal: {output:?}"
        );
        Ok(output)
    }

    /// Runs it, demands this exit code, and gives what it said.
    async fn says(&self, code: i32, args: &[&str], parts: &[&str]) -> Result<String> {
        let output = self.run(args).await?;
        let all = format!("{}{}", output.stdout, output.stderr);
        ensure!(output.status.code() == Some(code), "{args:?} ended with {}, not {code}: {all}", output.status);
        for part in parts {
            ensure!(all.contains(part), "{args:?}: {part:?} is not in\n{all}");
        }
        Ok(all)
    }

    fn start(&self, name: &str, args: &[&str], dir: &Path) -> Result<Process> {
        Process::spawn(name, &mut self.command(args), dir)
    }
}

/// A cluster with the guard, where Trimtab's account writes what Trimtab would.
struct World {
    cluster: Cluster,
    trimtab: Client,
}

fn recommendations() -> ApiResource {
    ApiResource::from_gvk_with_plural(
        &GroupVersionKind::gvk("trimtab.dev", "v1alpha1", "Recommendation"),
        "recommendations",
    )
}

impl World {
    async fn start() -> Result<Self> {
        let cluster = Cluster::start(PlaneOptions::default()).await?;
        cluster.apply(&[namespace("shop"), namespace("mail"), namespace(OWN)]).await?;
        for file in ["roles.yaml", "approval.yaml"] {
            let path = repository().join("policies").join(file);
            cluster.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().unwrap()]).await?;
        }
        let all = rule(&["trimtab.dev"], &["recommendations", "recommendations/status"], &["*"]);
        let kubeconfig = cluster.plane.service_account_kubeconfig(OWN, "trimtab", &[all]).await?;
        let trimtab = cluster.plane.client_with(&kubeconfig).await?;
        let world = Self { cluster, trimtab };
        world.guarded().await?;
        Ok(world)
    }

    /// Waits until the guard refuses what it should: the API server reads it some moments after it is there.
    async fn guarded(&self) -> Result<()> {
        let probe = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "probe"},
            "spec": {"type": "RightSize", "policyRef": {"name": "p"}, "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "probe"},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]}}});
        let api: Api<DynamicObject> = Api::namespaced_with(self.cluster.client.clone(), "shop", &recommendations());
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        eventually(SOON, "the guard is in force", async || {
            let answer = api.create(&dry, &serde_json::from_value(probe.clone())?).await;
            ensure!(answer.is_err_and(|e| e.to_string().contains("only Trimtab can say so")), "not refused yet");
            Ok(())
        })
        .await
    }

    fn plugin(&self, kubeconfig: PathBuf) -> Result<Plugin> {
        let program = self.cluster.plane.dir().join("kubectl-trimtab");
        if !program.exists() {
            symlink(trimtab_bin()?, &program)?;
        }
        Ok(Plugin { program, kubeconfig })
    }

    /// A user who has these ClusterRoles of `policies/roles.yaml` everywhere, and more.
    async fn user(
        &self,
        name: &str,
        verbs: &[&str],
        more: &[k8s_openapi::api::rbac::v1::PolicyRule],
    ) -> Result<Plugin> {
        let mut rules = vec![rule(&["trimtab.dev"], &["recommendations"], verbs)];
        rules.extend(more.iter().cloned());
        self.plugin(self.cluster.plane.user(name, &[], &rules).await?)
    }

    /// The platform engineer: everything that the plugin can show and do.
    async fn ada(&self) -> Result<Plugin> {
        let more = [
            rule(&["trimtab.dev"], &["optimizationpolicies", "usageprofiles"], &["get", "list"]),
            rule(&["apps"], &["deployments"], &["get"]),
            rule(&["coordination.k8s.io"], &["leases"], &["get"]),
            rule(&[""], &["configmaps"], &["get", "create", "delete"]),
            rule(
                &["admissionregistration.k8s.io"],
                &["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
                &["get"],
            ),
        ];
        self.user("ada", &["get", "list", "watch", "patch", "update", "approve"], &more).await
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.trimtab.clone(), namespace, &recommendations())
    }

    /// Makes a Recommendation for a Deployment, as Trimtab does.
    async fn recommend(&self, namespace: &str, workload: &str, status: Value) -> Result<()> {
        let name = format!("deploy-{workload}");
        let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": name},
            "spec": {"type": "RightSize", "policyRef": {"name": "services"},
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "120m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}]}}});
        self.api(namespace).create(&PostParams::default(), &serde_json::from_value(object)?).await?;
        if !status.is_null() {
            self.status(namespace, &name, status).await?;
        }
        Ok(())
    }

    async fn status(&self, namespace: &str, name: &str, status: Value) -> Result<()> {
        let patch = json!({"status": status});
        self.api(namespace).patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Value> {
        Ok(serde_json::to_value(self.api(namespace).get(name).await?)?)
    }

    async fn approval(&self, namespace: &str, name: &str) -> Result<Value> {
        Ok(self.get(namespace, name).await?["spec"]["approval"].clone())
    }
}

fn ready(reason: &str, message: &str) -> Value {
    json!([{"type": "Ready", "status": "False", "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"}])
}

/// What Trimtab says of a proposal that waits.
fn pending(monthly: &str, confidence: i32, risk: &str) -> Value {
    json!({
        "conditions": ready("PendingApproval", "it waits for somebody to approve it"), "proposalDigest": DIGEST,
        "summary": {"cpu": "500m→120m", "memory": "512Mi→256Mi"}, "confidencePercent": confidence,
        "current": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}],
        "risk": {"level": risk, "factors": [{"reason": "ShortHistory", "level": risk, "message": "only 9 days are known"}]},
        "savings": {"monthly": monthly, "currency": "USD", "priceSource": "a test", "pods": 1, "estimated": false},
        "explanation": "Container app: CPU at most 98m in 95 % of its samples.",
    })
}

/// A rollout as Trimtab writes it.
fn rollout(stage: &str, progress: &str, result: Option<&str>) -> Value {
    let sizes = |cpu: &str, memory: &str| json!([{"name": "app", "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}]);
    json!({
        "proposalDigest": DIGEST, "approvedBy": "ada", "targetUid": "u", "template": "ab", "stage": stage, "step": 1, "steps": 2,
        "progress": progress, "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z",
        "former": sizes("500m", "512Mi"), "desired": sizes("120m", "256Mi"), "delivery": "Admission", "delivered": result.is_some(),
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0},
        "result": result, "ended": result.map(|_| "2026-01-01T00:10:00Z"),
    })
}

fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("no JSON: {text}"))
}

#[tokio::test]
async fn what_is_there_is_shown() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let policy = policy("services", &["shop", "mail"]);
    world.cluster.apply(&[deployment("shop", "web", 1), policy]).await?;
    world.recommend("shop", "web", pending("12.3", 96, "Low")).await?;
    world.recommend("shop", "api", pending("40", 81, "Medium")).await?;
    let mut done = pending("3", 99, "Low");
    done["conditions"] = ready("Applied", "done");
    done["rollout"] = rollout("Ended", "1/1", Some("Applied"));
    done["realisedSavings"] = json!({"monthly": "2.5", "total": "0.1", "currency": "USD", "pods": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-01-01T01:00:00Z"});
    world.recommend("mail", "imap", done).await?;

    // The table, by savings; filters; other forms.
    let all = ada.says(0, &["recommendations", "-A"], &["NAMESPACE   NAME          STATUS"]).await?;
    let order: Vec<&str> = all.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
    assert_eq!(order, ["deploy-api", "deploy-web", "deploy-imap"], "the greatest savings first");
    let shop = ada.says(0, &["recs", "-n", "shop"], &["500m→120m", "512Mi→256Mi", "12.30 USD", "Low"]).await?;
    ensure!(!shop.contains("NAMESPACE") && !shop.contains("imap"), "one namespace needs no column: {shop}");
    ada.says(0, &["rec", "-A", "-o", "wide"], &["WORKLOAD", "Deployment/web", "services", "it waits for somebody"])
        .await?;
    for (filter, expected) in [
        (vec!["--policy", "services"], 3),
        (vec!["--policy", "others"], 0),
        (vec!["--min-savings", "12.30"], 2),
        (vec!["--risk", "medium,high"], 1),
        (vec!["--status", "PendingApproval"], 2),
    ] {
        let args = [&["recs", "-A", "--no-headers"], filter.as_slice()].concat();
        let lines = ada.run(&args).await?.stdout.lines().count();
        assert_eq!(lines, expected, "{filter:?}");
    }
    let list = parsed(&ada.run(&["recs", "-A", "-o", "json"]).await?.stdout)?;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert_eq!(list["items"][0]["metadata"]["name"], "deploy-api");
    ensure!(
        list["items"][0]["metadata"]["managedFields"].is_null() && list["items"][0]["kind"] == "Recommendation",
        "{list}"
    );
    let yaml: Value = serde_yaml::from_str(&ada.run(&["recs", "-n", "shop", "-o", "yaml"]).await?.stdout)?;
    assert_eq!(yaml["items"].as_array().unwrap().len(), 2);
    ada.says(1, &["recs", "deploy-ghost", "-n", "shop"], &["there is no Recommendation shop/deploy-ghost"]).await?;
    for env in [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")] {
        ada.run_with(&["recs", "-A"], &[env]).await?;
    }

    // The screen: the operator by its Lease, the guard, policies, sums.
    ada.says(0, &["status"], &["not seen: no Lease", "Emergency stop   off", "Approval guard   in force"]).await?;
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "trimtab-controller", "namespace": OWN},
        "spec": {"holderIdentity": "trimtab-0", "leaseDurationSeconds": 3600, "renewTime": time}});
    world.cluster.apply(&[lease]).await?;
    let screen = ada
        .says(
            0,
            &["status"],
            &[
                "trimtab-0 leads, seen",
                "services",
                "PendingApproval   2       52.30 USD",
                "2.50 USD a month now, 0.10 USD in all, by 1 change",
                "ROLLOUTS UNDER WAY\n  none",
            ],
        )
        .await?;
    ensure!(screen.contains("Applied           1       3.00 USD"), "{screen}");
    let data = parsed(&ada.run(&["status", "-o", "json"]).await?.stdout)?;
    assert_eq!(data["approvalGuard"]["known"]["inForce"], true, "{data}");
    assert_eq!(data["operator"]["known"]["holder"], "trimtab-0");
    ada.says(0, &["status", "-n", "mail"], &["RECOMMENDATIONS IN mail"]).await?;
    ada.says(0, &["status", "-w"], &["no rollout is under way"]).await?;

    // Whoever may see less is told what is not known, and by which right it would be.
    let vic = world.user("vic", &["get", "list", "watch"], &[]).await?;
    vic.says(
        0,
        &["status"],
        &["not known: no right to read Lease", "not known: no right to read ValidatingAdmissionPolicies", "52.30 USD"],
    )
    .await?;
    let nora = world.user("nora", &["create"], &[rule(&[""], &["pods"], &["get"])]).await?;
    nora.says(1, &["recs", "-n", "shop"], &["no right to read Recommendations in namespace shop", "trimtab-viewer"])
        .await?;

    // Why, with usage from a real Prometheus; without one that is said.
    ada.says(
        0,
        &["explain", "deploy-web", "-n", "shop"],
        &[
            "shop/deploy-web for Deployment/web, made by the policy services",
            "CPU request      500m    120m",
            "Container app: CPU at most 98m",
            "say --prometheus-url",
            "To approve it: kubectl trimtab approve deploy-web -n shop",
            "it approves nothing by itself",
        ],
    )
    .await?;
    let history = add(Backfill::new(), "shop", "web-7d9f8c6b5-x2x9z", "app", 8, now() / 60 * 60, modest);
    let (server, _data) = prometheus(history).await?;
    let chart = ada
        .says(
            0,
            &["explain", "deploy-web", "-n", "shop", "--prometheus-url", server.url()],
            &["app CPU\n    ", "request now 500m █", "proposed 120m", "app memory"],
        )
        .await?;
    let row = chart.lines().skip_while(|l| !l.contains("app CPU")).nth(1).unwrap().trim();
    ensure!(row.chars().count() == 56 && row.contains('▂'), "a wave between 80m and 120m of 500m: {row:?}");
    let url = "http://127.0.0.1:9";
    ada.says(0, &["explain", "deploy-web", "-n", "shop", "--prometheus-url", url], &["USAGE", url]).await?;
    ada.says(1, &["explain", "deploy-ghost", "-n", "shop"], &["there is no Recommendation shop/deploy-ghost"]).await?;
    assert_eq!(
        parsed(&ada.run(&["explain", "deploy-web", "-n", "shop", "-o", "json"]).await?.stdout)?["metadata"]["name"],
        "deploy-web"
    );

    // The workload as it is now, against the proposal.
    ada.says(
        0,
        &["diff", "deploy-web", "-n", "shop"],
        &["--- Deployment/web", "-      cpu: 500m\n+      cpu: 120m", "-      memory: 512Mi\n+      memory: 256Mi"],
    )
    .await?;
    ada.says(1, &["diff", "deploy-api", "-n", "shop"], &["there is no Deployment shop/api"]).await?;

    // Completion by names of the cluster.
    let completer = world.cluster.plane.dir().join("kubectl_complete-trimtab");
    symlink(trimtab_bin()?, &completer)?;
    let completer = Plugin { program: completer, kubeconfig: ada.kubeconfig.clone() };
    completer.says(0, &["explain", "-n", "shop", "deploy-w"], &["deploy-web\n:4\n"]).await?;
    completer.says(0, &["app"], &["approve\n:4\n"]).await?;

    // It goes on with what changes.
    let mut watching = ada.start("watch", &["recs", "-n", "shop", "-w"], world.cluster.plane.dir())?;
    watching.line("deploy-web", SOON).await?;
    world.status("shop", "deploy-web", json!({"conditions": ready("RollingOut", "step 1")})).await?;
    eventually(SOON, "the change is shown", async || {
        let log = watching.log();
        ensure!(log.contains("RollingOut") && log.matches("deploy-api").count() == 1, "{log}");
        Ok(())
    })
    .await?;
    watching.kill()?;
    Ok(())
}

#[tokio::test]
async fn decisions_are_held_to_rights() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    for (workload, status) in [
        ("web", pending("12.3", 96, "Low")),
        ("api", pending("40", 81, "Low")),
        ("job", pending("1", 97, "Medium")),
        ("cron", pending("2", 97, "Low")),
        ("new", Value::Null),
    ] {
        world.recommend("shop", workload, status).await?;
    }
    let shop = |args: &[&'static str]| [args, &["-n", "shop"]].concat();

    // Whoever lacks the right is told which, and nothing is written.
    let eve = world.user("eve", &["get", "list", "patch"], &[]).await?;
    eve.says(
        1,
        &shop(&["approve", "deploy-web"]),
        &["the approval guard refused", "eve may not approve", "trimtab-approver", "--user=eve"],
    )
    .await?;
    let vic = world.user("vic", &["get", "list", "watch"], &[]).await?;
    vic.says(
        1,
        &shop(&["approve", "deploy-web"]),
        &["vic has no right to decide on shop/deploy-web", "--clusterrole=trimtab-approver --user=vic"],
    )
    .await?;
    ada.says(
        0,
        &shop(&["approve", "deploy-web", "--dry-run=server"]),
        &["approved shop/deploy-web as ada (server dry run)"],
    )
    .await?;
    assert_eq!(world.approval("shop", "deploy-web").await?, Value::Null, "nothing was written");

    // The approval, in one's own name, for the digest that was shown.
    ada.says(0, &shop(&["approve", "deploy-web", "--reason", "agreed"]), &[
        "shop/deploy-web  Deployment/web  cpu 500m→120m  memory 512Mi→256Mi  saves 12.30 USD a month  confidence 96 %  risk Low",
        "approved shop/deploy-web as ada\n",
    ])
    .await?;
    let object = world.get("shop", "deploy-web").await?;
    assert_eq!(
        object["spec"]["approval"],
        json!({"decision": "Approved", "approver": "ada", "reason": "agreed", "proposalDigest": DIGEST})
    );
    ensure!(object["metadata"]["managedFields"].to_string().contains("kubectl-trimtab"), "{object}");
    ada.says(0, &shop(&["approve", "deploy-web"]), &["approved already by you"]).await?;
    ada.says(0, &shop(&["explain", "deploy-web"]), &["Approved by ada: agreed", "has not honoured it yet"]).await?;
    ada.says(0, &shop(&["reject", "deploy-web", "--reason", "a sale"]), &["rejected shop/deploy-web as ada"]).await?;
    assert_eq!(world.approval("shop", "deploy-web").await?["decision"], "Rejected");
    ada.says(1, &shop(&["approve", "deploy-new"]), &["shop/deploy-new shows no digest yet"]).await?;
    ada.says(1, &shop(&["approve", "deploy-api", "deploy-ghost"]), &["there is no Recommendation shop/deploy-ghost"])
        .await?;
    assert_eq!(world.approval("shop", "deploy-api").await?, Value::Null, "a wrong name decides nothing");

    // Many at once: never unasked, and never beyond the bounds.
    let many = ["approve", "--all", "--policy", "services", "--min-confidence", "90", "--max-risk", "Low"];
    ada.says(2, &shop(&many), &["shop/deploy-cron", "say --yes; nothing was approved"]).await?;
    assert_eq!(world.approval("shop", "deploy-cron").await?, Value::Null);
    let said = ada.says(0, &shop(&[&many[..], &["--yes"]].concat()), &["approved shop/deploy-cron as ada"]).await?;
    assert_eq!(said.matches("approved ").count(), 1, "{said}");
    for (workload, expected) in
        [("cron", json!("Approved")), ("api", Value::Null), ("job", Value::Null), ("web", json!("Rejected"))]
    {
        assert_eq!(world.approval("shop", &format!("deploy-{workload}")).await?["decision"], expected, "{workload}");
    }
    ada.says(0, &shop(&[&many[..], &["--yes"]].concat()), &["nothing within these bounds"]).await?;

    // An undo needs something in force, and says what it does.
    ada.says(
        1,
        &shop(&["undo", "deploy-api"]),
        &["never been carried out", "kubectl trimtab reject deploy-api -n shop"],
    )
    .await?;
    world.status("shop", "deploy-cron", json!({"rollout": rollout("Ended", "1/1", Some("Applied"))})).await?;
    ada.says(
        0,
        &shop(&["undo", "deploy-cron", "--reason", "latency rose"]),
        &[
            "Deployment/cron goes back",
            "app: requests cpu 500m, memory 512Mi; limits memory 512Mi",
            "new pods stop getting the new size",
            "rejected shop/deploy-cron as ada",
        ],
    )
    .await?;
    assert_eq!(world.approval("shop", "deploy-cron").await?["reason"], "latency rose");
    world.status("shop", "deploy-cron", json!({"rollout": rollout("Ended", "1/1", Some("RolledBack"))})).await?;
    ada.says(1, &shop(&["undo", "deploy-cron"]), &["rolled back already"]).await?;
    ada.says(1, &shop(&["approve", "deploy-cron"]), &["never carried out twice"]).await?;

    // The emergency stop.
    ada.says(0, &["halt", "--reason", "incident 4711"], &["emergency stop on, by ada since ", ": incident 4711"])
        .await?;
    let map = world.cluster.plane.kubectl(&["get", "configmap", "trimtab-halt", "-n", OWN, "-o", "json"]).await?;
    let map = parsed(&map)?;
    assert_eq!((map["data"]["by"].as_str(), map["data"]["reason"].as_str()), (Some("ada"), Some("incident 4711")));
    map["data"]["since"].as_str().unwrap().parse::<jiff::Timestamp>()?;
    ada.says(0, &["halt"], &["was on, by ada"]).await?;
    ada.says(0, &["status"], &["Emergency stop   on, by ada"]).await?;
    ada.says(0, &shop(&["approve", "deploy-api"]), &["approved shop/deploy-api", "note: the emergency stop is on"])
        .await?;
    eve.says(1, &["resume"], &["no right to change ConfigMap trimtab-system/trimtab-halt"]).await?;
    ada.says(0, &["resume"], &["emergency stop off; it was on, by ada"]).await?;
    ada.says(0, &["resume"], &["off already"]).await?;
    ada.says(1, &["halt", "--trimtab-namespace", "nowhere"], &["nowhere", "--trimtab-namespace"]).await?;

    // Without the guard nothing is honoured, and that is said.
    world.cluster.plane.kubectl(&["delete", "validatingadmissionpolicybinding", "trimtab-approval"]).await?;
    ada.says(0, &["status"], &["not in force", "ValidatingAdmissionPolicyBinding is missing"]).await?;
    ada.says(0, &shop(&["approve", "deploy-job"]), &["note: the approval guard is not in force"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_rollout_is_followed_to_its_end() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let dir = world.cluster.plane.dir();
    for workload in ["good", "bad", "stale", "back"] {
        world.recommend("shop", workload, pending("12.3", 96, "Low")).await?;
    }
    let policy = policy("services", &["shop"]);
    world.cluster.apply(&[policy]).await?;

    let mut good = ada.start("good", &["approve", "deploy-good", "-n", "shop", "--watch"], dir)?;
    seen(&good, "approved, waiting for Trimtab to take it up").await?;
    let gate = json!([{"gate": "Window", "reason": "Closed", "message": "opens at 22:00 UTC"}]);
    for (change, line) in [
        (json!({"gates": gate}), "approved, held by Window: opens at 22:00 UTC"),
        (json!({"gates": [], "rollout": rollout("Resizing", "0/2", None)}), "step 1/2, pods 0/2: resizing"),
        (json!({"rollout": rollout("Watching", "1/2", None)}), "step 1/2, pods 1/2: watching until "),
        (json!({"rollout": rollout("Verifying", "2/2", None)}), "pods 2/2: verifying until 2026-01-01 00:15:00Z"),
    ] {
        world.status("shop", "deploy-good", change).await?;
        seen(&good, line).await?;
    }
    ada.says(0, &["status"], &["shop/deploy-good", "pods 2/2: verifying until 2026-01-01 00:15:00Z"]).await?;
    let mut all = ada.start("all", &["status", "--watch"], dir)?;
    seen(&all, "shop/deploy-good: step 1/2, pods 2/2: verifying").await?;
    world.status("shop", "deploy-good", json!({"rollout": rollout("Ended", "2/2", Some("Applied"))})).await?;
    assert_eq!(good.wait(SOON).await?.code(), Some(0), "{}", good.log());
    assert_eq!(all.wait(SOON).await?.code(), Some(0), "{}", all.log());
    seen(&good, "Applied after 10m: pods 2/2 have the new size").await?;
    ada.says(0, &["explain", "deploy-good", "-n", "shop", "-w"], &["Applied after 10m"]).await?;

    let mut bad = ada.start("bad", &["approve", "deploy-bad", "-n", "shop", "--watch"], dir)?;
    seen(&bad, "waiting for Trimtab").await?;
    let mut undoing = rollout("Undoing", "1/2", None);
    undoing["undo"] =
        json!({"reason": "CheckFailed", "message": "3 restarts, 0 before", "since": "2026-01-01T00:05:00Z"});
    world.status("shop", "deploy-bad", json!({"rollout": undoing.clone()})).await?;
    seen(&bad, "undoing, pods 1/2 still have the new size; CheckFailed: 3 restarts, 0 before").await?;
    for (key, value) in [("stage", "Ended"), ("result", "RolledBack"), ("ended", "2026-01-01T00:10:00Z")] {
        undoing[key] = json!(value);
    }
    world.status("shop", "deploy-bad", json!({"rollout": undoing})).await?;
    assert_eq!(bad.wait(SOON).await?.code(), Some(1), "{}", bad.log());
    seen(&bad, "RolledBack after 10m: every pod has its former values: CheckFailed").await?;

    // A proposal that changes takes its approval with it.
    let mut stale = ada.start("stale", &["approve", "deploy-stale", "-n", "shop", "--watch"], dir)?;
    seen(&stale, "waiting for Trimtab").await?;
    world.status("shop", "deploy-stale", json!({"proposalDigest": "sha256:00000000000000000000000000000000"})).await?;
    assert_eq!(stale.wait(SOON).await?.code(), Some(1), "{}", stale.log());
    seen(&stale, "the proposal changed to sha256:00000000").await?;

    let applied = rollout("Ended", "2/2", Some("Applied"));
    world.status("shop", "deploy-back", json!({"rollout": applied})).await?;
    let mut back = ada.start("back", &["undo", "deploy-back", "-n", "shop", "--watch"], dir)?;
    seen(&back, "waiting for Trimtab to begin").await?;
    world.status("shop", "deploy-back", json!({"rollout": rollout("Undoing", "1/2", None)})).await?;
    seen(&back, "undoing, pods 1/2").await?;
    world.status("shop", "deploy-back", json!({"rollout": rollout("Ended", "0/2", Some("RolledBack"))})).await?;
    assert_eq!(back.wait(SOON).await?.code(), Some(0), "{}", back.log());
    ada.says(1, &["explain", "deploy-back", "-n", "shop", "-w"], &["RolledBack"]).await?;
    Ok(())
}

async fn seen(process: &Process, line: &str) -> Result<()> {
    eventually(SOON, line, async || {
        let log = process.log();
        ensure!(log.contains(line), "{log}");
        Ok(())
    })
    .await
}

/// What needs no cluster, and what is wrong before one is asked.
#[tokio::test]
async fn usage_is_taught_and_wrong_usage_is_told() -> Result<()> {
    let dir = trimtab_e2e::WorkDir::new("kubectl")?;
    let program = dir.path().join("kubectl-trimtab");
    symlink(trimtab_bin()?, &program)?;
    let plugin = Plugin { program, kubeconfig: dir.path().join("none") };
    plugin.says(0, &["version"], &["kubectl-trimtab ", "trimtab.dev/v1alpha1"]).await?;
    plugin.says(0, &["--help"], &["Usage: kubectl trimtab [OPTIONS] <COMMAND>", "A usual day:"]).await?;
    for verb in
        ["status", "recommendations", "explain", "approve", "reject", "diff", "undo", "halt", "resume", "completion"]
    {
        plugin.says(0, &[verb, "--help"], &["Examples:\n  ", &format!("kubectl trimtab {verb}")]).await.or_else(
            |e| match verb {
                // Its examples use the short name.
                "recommendations" | "completion" => Ok(String::new()),
                _ => Err(e),
            },
        )?;
    }
    for shell in ["bash", "zsh", "fish"] {
        plugin.says(0, &["completion", shell], &["kubectl-trimtab", "recommendations"]).await?;
    }
    // A shell that uses the script: a verb's flags, and the values of a flag.
    let script = dir.path().join("completion.bash");
    std::fs::write(&script, plugin.run(&["completion", "bash"]).await?.stdout)?;
    for (words, expected) in [("app", "approve"), ("status --wa", "--watch"), ("recs --output js", "json")] {
        let ask = format!(
            "source {}; COMP_WORDS=(kubectl-trimtab {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _kubectl__trimtab kubectl-trimtab \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let said = Command::new("bash").args(["-c", &ask]).output()?;
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), expected, "{words}: {said:?}");
    }
    for (args, says) in [
        (vec![], "Usage: kubectl trimtab"),
        (vec!["frobnicate"], "unrecognized subcommand"),
        (vec!["recs", "--risk", "none"], "expected Low, Medium, High or Critical"),
        (vec!["recs", "-A", "-n", "shop"], "cannot be used with"),
        (vec!["approve"], "required"),
        (vec!["approve", "a", "--min-confidence", "90"], "cannot be used with"),
        (vec!["reject", "a", "--reason", ""], "the reason is empty"),
        (vec!["completion", "tcsh"], "possible values"),
    ] {
        plugin.says(2, &args, &[says]).await?;
    }
    // The kubeconfig that KUBECONFIG names is not there.
    plugin.says(1, &["recs"], &["error: ", "--kubeconfig"]).await?;
    plugin.says(1, &["recs", "--context", "ghost"], &["error: ", "--context"]).await?;
    let direct = Plugin { program: trimtab_bin()?, kubeconfig: dir.path().join("none") };
    direct.says(0, &["kubectl", "version"], &["kubectl-trimtab "]).await?;
    direct.says(2, &["kubectl", "approve"], &["Usage: trimtab kubectl approve"]).await?;
    // Whoever stops reading, as head does, is no error.
    let mut command = plugin.command(&["completion", "bash"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let end = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    ensure!(end.status.success() && end.stderr.is_empty(), "{end:?}");
    Ok(())
}
