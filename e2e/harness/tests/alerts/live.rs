//! A live Trimtab, scraped by two real Prometheuses with the shipped rules, each in a way of its own, while a change is
//! rolled out, another is blocked by a gate, and the guard is removed.

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{
    Fault, FaultyHttp, PlaneOptions, Prometheus, PrometheusOptions, Sample, WorkDir, eventually, repository,
};

use super::{
    files, names,
    support::{Guarded, Running, SOON, deployment, modest, namespace, policy, prometheus},
};

/// Series that exist only in trouble, and which trouble.
const ONLY_IN_TROUBLE: [(&str, &str); 2] =
    [("trimtab_errors_total", "an error was counted"), ("trimtab_api_retries_total", "a call had to be tried again")];

/// Panels that may be empty while Trimtab runs, and why.
const MAY_BE_EMPTY: [(&str, &str); 5] = [
    ("Time in the current stage", "no rollout is under way"),
    ("Paused rollouts", "none is paused"),
    ("Policies and price books that are not ready", "all are ready"),
    ("Errors per second", "no error was counted"),
    ("Retries per second", "no call had to be tried again"),
];

/// Labels that Prometheus and its operator give to what they scrape, and the one that tells clusters apart. Of two with
/// one name, Prometheus keeps that of the scrape.
const OF_THE_SCRAPE: [&str; 9] =
    ["cluster", "job", "instance", "namespace", "pod", "container", "service", "endpoint", "node"];

/// A value of labels that only [`foreign`] has.
const FOREIGN: &str = "foreign";

/// Another operator, whose metrics have the names of Trimtab's.
async fn foreign() -> Result<FaultyHttp> {
    let metrics = format!(
        "leader_election_master_status{{name=\"{FOREIGN}\"}} 0\n\
         controller_runtime_reconcile_total{{controller=\"{FOREIGN}\",result=\"error\"}} 7\n\
         controller_runtime_reconcile_errors_total{{controller=\"{FOREIGN}\"}} 7\n\
         controller_runtime_reconcile_time_seconds_bucket{{controller=\"{FOREIGN}\",le=\"+Inf\"}} 7\n\
         controller_runtime_active_workers{{controller=\"{FOREIGN}\"}} 9\n\
         controller_runtime_max_concurrent_reconciles{{controller=\"{FOREIGN}\"}} 9\n\
         rest_client_requests_total{{code=\"{FOREIGN}\",method=\"PATCH\",host=\"{FOREIGN}\"}} 7\n\
         rest_client_request_duration_seconds_bucket{{verb=\"{FOREIGN}\",host=\"{FOREIGN}\",le=\"+Inf\"}} 7\n\
         process_resident_memory_bytes 7\n\
         process_cpu_seconds_total 7\n"
    );
    let server = FaultyHttp::start(None).await?;
    let kind = ("content-type".to_owned(), "text/plain; version=0.0.4; charset=utf-8".to_owned());
    server.set(Fault::Answer(200, vec![kind], metrics));
    Ok(server)
}

/// The labels that a ServiceMonitor gives to what it has scraped.
fn by_monitor(namespace: &str) -> Value {
    json!({"namespace": namespace, "pod": "a-0", "container": "a", "service": "a", "endpoint": "metrics"})
}

/// Those of a Prometheus that one for many clusters reads from, and that knows pods by their addresses alone.
fn by_cluster(_: &str) -> Value {
    json!({"cluster": "north"})
}

/// A Prometheus that scrapes `trimtab` and the other operator, in one job and with these `labels`, and has the shipped
/// rules, evaluated each second. The guard's alert fires after 2 s.
async fn watching(
    trimtab: &Running,
    foreign: &FaultyHttp,
    dir: &WorkDir,
    labels: fn(&str) -> Value,
) -> Result<Prometheus> {
    let text = files::read("rules.yaml").replace("    rules:\n", "    interval: 1s\n    rules:\n");
    let guard = text.find("alert: TrimtabApprovalGuardMissing").context("no alert about the guard")?;
    let (before, after) = text.split_at(guard);
    let rules = dir.path().join("rules.yaml");
    fs::write(&rules, format!("{before}{}", after.replacen("for: 5m", "for: 2s", 1)))?;
    let target = |address: &str, namespace: &str| json!({"targets": [address], "labels": labels(namespace)});
    let own = format!("127.0.0.1:{}", trimtab.port);
    let targets = [target(&own, "trimtab-system"), target(address(foreign), "elsewhere")];
    let scrape = json!({"job_name": "metrics", "static_configs": targets}).to_string();
    let interval = Some(Duration::from_secs(1));
    let options = PrometheusOptions {
        scrape_configs: vec![scrape],
        scrape_interval: interval,
        rule_files: vec![rules],
        ..Default::default()
    };
    Prometheus::start(options).await
}

fn address(server: &FaultyHttp) -> &str {
    server.url().trim_start_matches("http://")
}

/// The one value of `promql`.
async fn value(prometheus: &Prometheus, promql: &str) -> Result<f64> {
    let samples = prometheus.query(promql).await?;
    ensure!(samples.len() == 1, "{promql}: {samples:?}");
    Ok(samples[0].value)
}

async fn firing(prometheus: &Prometheus) -> Result<BTreeSet<String>> {
    let samples = prometheus.query("max by (alertname) (ALERTS{alertstate=\"firing\"})").await?;
    Ok(samples.into_iter().map(|s: Sample| s.labels["alertname"].clone()).collect())
}

async fn fires(prometheus: &Prometheus, alert: &str) -> Result<()> {
    eventually(SOON, &format!("{alert} fires"), async || {
        let firing = firing(prometheus).await?;
        ensure!(firing.contains(alert), "{firing:?}");
        Ok(())
    })
    .await
}

/// A policy whose rollouts take seconds.
fn quick() -> Value {
    let mut policy = policy("shop", &["shop"]);
    policy["spec"]["rolloutStrategy"] =
        json!({"steps": [{"replicas": 1, "pause": "3s"}, {"replicas": "100%", "pause": "3s"}]});
    policy["spec"]["verification"] = json!({"window": "3s"});
    policy["spec"]["limits"] = json!({"cooldown": "0s"});
    policy
}

#[tokio::test]
async fn every_query_has_an_answer_in_a_live_trimtab_and_the_alerts_fire() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    let held = {
        let mut held = deployment("shop", "held", 1);
        held["metadata"]["annotations"] = json!({"trimtab.dev/mode": "Recommend"});
        held
    };
    let waits = deployment("shop", "waits", 1);
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 2), held, waits]).await?;
    cluster.ready("shop", "web", 2).await?;
    cluster.ready("shop", "held", 1).await?;
    cluster.ready("shop", "waits", 1).await?;
    let history = cluster.history(9, |_| Some(modest)).await?;
    cluster.apply(&[quick()]).await?;
    let (usage, _data) = prometheus(history).await?;
    let own = ["--namespace", "trimtab-system", "--interval", "5s", "--prometheus-url", usage.url()];
    let trimtab = Running::start_as_installed(&guarded.kubeconfig, cluster.plane.dir(), "trimtab", &own)?;
    let dir = WorkDir::new("rules")?;
    let foreign = foreign().await?;
    let watch = watching(&trimtab, &foreign, &dir, by_monitor).await?;
    let other = watching(&trimtab, &foreign, &dir, by_cluster).await?;

    guarded.stands("shop", "deploy-waits", "PendingApproval", SOON).await?;
    for name in ["deploy-web", "deploy-held"] {
        guarded.stands("shop", name, "PendingApproval", SOON).await?;
        guarded.decide("shop", name, "Approved").await?;
    }
    guarded.stands("shop", "deploy-held", "Blocked", SOON).await?;
    guarded.stands("shop", "deploy-web", "Applied", SOON).await?;
    eventually(SOON, "what is saved is in the metrics and in the policy's status", async || {
        let monthly =
            value(&watch, "sum(trimtab_realised_savings_monthly{resource_namespace=\"shop\",policy=\"shop\"})").await?;
        let status = cluster.policy_status("shop").await?;
        let shown = status["realisedSavings"]["monthly"].as_str().context("nothing in the status")?.parse::<f64>()?;
        ensure!(monthly > 0.0 && (monthly - shown).abs() < 0.01, "{monthly} and {shown}");
        println!("saves {monthly} a month");
        Ok(())
    })
    .await?;
    ensure!(value(&watch, "sum(trimtab_applied_sizes)").await? == 1.0, "one workload is sized by admission");
    ensure!(
        value(&watch, "sum(trimtab_gates_closed{gate=\"Mode\",reason=\"RecommendOnly\"})").await? == 1.0,
        "one gate"
    );
    for switch in ["trimtab_approval_guard_in_force", "trimtab_admission_in_force"] {
        ensure!(value(&watch, switch).await? == 1.0, "{switch}");
    }
    ensure!(firing(&watch).await?.is_empty(), "all is well, and {:?} fire", firing(&watch).await?);

    guarded.decide("shop", "deploy-web", "Rejected").await?;
    guarded.stands("shop", "deploy-web", "RolledBack", SOON).await?;
    fires(&watch, "TrimtabChangeUndone").await?;
    eventually(SOON, "what was undone saves nothing", async || {
        let monthly = value(&watch, "sum(trimtab_realised_savings_monthly)").await?;
        ensure!(monthly == 0.0, "{monthly}");
        Ok(())
    })
    .await?;

    // The dashboard shows the same from either data source.
    for source in [&watch, &other] {
        eventually(SOON, "the other operator is scraped", async || {
            value(source, &format!("controller_runtime_active_workers{{controller=\"{FOREIGN}\"}}")).await
        })
        .await?;
        every_query_is_answered(source, address(&foreign)).await?;
    }
    let (_, metrics) = trimtab.get("/metrics").await?;
    metrics_are_sound(&metrics, &dir)?;

    cluster.plane.kubectl(&["create", "configmap", "trimtab-halt", "-n", "trimtab-system"]).await?;
    eventually(SOON, "the emergency stop is seen", async || {
        ensure!(value(&watch, "trimtab_halted").await? == 1.0, "off");
        Ok(())
    })
    .await?;
    ensure!(!firing(&watch).await?.contains("TrimtabApprovalGuardMissing"), "the guard is there");
    cluster.plane.kubectl(&["delete", "validatingadmissionpolicybinding", "trimtab-approval"]).await?;
    fires(&watch, "TrimtabApprovalGuardMissing").await?;
    println!("firing at the end: {:?}", firing(&watch).await?);
    Ok(())
}

/// The answer to a query, which has nothing of the other operator at `foreign`.
async fn of_trimtab(prometheus: &Prometheus, foreign: &str, title: &str, query: &str) -> Result<Vec<Sample>> {
    let answer = prometheus.query(query).await.with_context(|| title.to_owned())?;
    let other = answer.iter().find(|s| s.labels.values().any(|value| value == FOREIGN || value == foreign));
    ensure!(other.is_none(), "{title} is not about Trimtab: {other:?}");
    Ok(answer)
}

/// No query fails, none refers to something that does not exist, none answers with anything of the other operator, and
/// every panel shows something.
async fn every_query_is_answered(prometheus: &Prometheus, foreign: &str) -> Result<()> {
    let mut asked = BTreeSet::new();
    for rule in files::rules() {
        of_trimtab(prometheus, foreign, &rule.alert, &rule.expr).await?;
        asked.extend(names::metrics(&rule.expr));
    }
    let panels = files::queries();
    for (title, query) in &panels {
        asked.extend(names::metrics(query));
        if let Some((_, why)) = MAY_BE_EMPTY.iter().find(|(of, _)| of == title) {
            let rows = of_trimtab(prometheus, foreign, title, query).await?;
            println!("{title}: {} rows; none while {why}", rows.len());
            continue;
        }
        eventually(SOON, &format!("{title} shows something"), async || {
            let rows = of_trimtab(prometheus, foreign, title, query).await?;
            ensure!(!rows.is_empty(), "no row for {query}");
            Ok(())
        })
        .await?;
    }
    for (title, _) in MAY_BE_EMPTY {
        ensure!(panels.iter().any(|(of, _)| of == title), "there is no panel {title}");
    }
    ensure!(asked.len() > 30, "{asked:?}");
    asked.remove("ALERTS");
    for name in &asked {
        let seen = !prometheus.query(&format!("count(last_over_time({name}[1h]))")).await?.is_empty();
        match ONLY_IN_TROUBLE.iter().find(|(of, _)| of == name) {
            None => ensure!(seen, "{name} is asked for, and Trimtab never had it"),
            Some((_, when)) => println!("{name}: there once {when}; seen here: {seen}"),
        }
    }
    for (name, _) in ONLY_IN_TROUBLE {
        ensure!(asked.contains(name), "nobody asks for {name}");
    }
    let health = rule_health(prometheus).await?;
    ensure!(health.len() == files::rules().len() && health.iter().all(|h| h == "ok"), "{health:?}");
    println!("{} alerts and {} queries of panels, about {} metrics", health.len(), panels.len(), asked.len());
    Ok(())
}

async fn rule_health(prometheus: &Prometheus) -> Result<Vec<String>> {
    let url = format!("{}/api/v1/rules", prometheus.url());
    let answer: Value = reqwest::get(url).await?.json().await?;
    let groups = answer["data"]["groups"].as_array().context("no groups")?;
    let rules = groups.iter().flat_map(|g| g["rules"].as_array().cloned().unwrap_or_default());
    Ok(rules
        .map(|r| format!("{}{}", r["health"].as_str().unwrap_or_default(), r["lastError"].as_str().unwrap_or_default()))
        .collect())
}

/// The linter reports nothing, no label collides with those of the scrape, and every metric family of Trimtab's own is
/// documented.
fn metrics_are_sound(metrics: &str, dir: &WorkDir) -> Result<()> {
    let file = dir.path().join("metrics.txt");
    fs::write(&file, metrics)?;
    let said = promtool_with(&file)?;
    ensure!(said.is_empty(), "{said}");
    let has = |label: &str| ["{", ","].iter().any(|before| metrics.contains(&format!("{before}{label}=\"")));
    let taken: Vec<_> = OF_THE_SCRAPE.iter().filter(|label| has(label)).collect();
    ensure!(taken.is_empty(), "labels of the scrape: {taken:?}");
    let page = fs::read_to_string(repository().join("docs/metrics.md"))?;
    let families = metrics.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next());
    let missing: Vec<_> = families.filter(|f| f.starts_with("trimtab_") && !page.contains(&format!("`{f}`"))).collect();
    ensure!(missing.is_empty(), "docs/metrics.md does not have {missing:?}");
    Ok(())
}

fn promtool_with(metrics: &std::path::Path) -> Result<String> {
    let out = std::process::Command::new(trimtab_e2e::prometheus_dir()?.join("promtool"))
        .args(["check", "metrics"])
        .stdin(fs::File::open(metrics)?)
        .output()?;
    Ok(format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)).trim().to_owned())
}
