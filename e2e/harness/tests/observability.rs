//! What operators of Trimtab see: health, metrics, logs, traces, help; and that none of it contains a secret.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, io::Write, path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{Cluster, Running, SOON, deployment, modest, namespace, policy, prometheus};
use trimtab_e2e::{Fault, FaultyHttp, PlaneOptions, Trimtab, eventually, prometheus_dir, repository};

use crate::support;

const TOKEN: &str = "planted-bearer-token-5f0c";
const HEADER: &str = "planted-header-value-a911";
const PASSWORD: &str = "planted-password-77d2";

#[tokio::test]
async fn a_controller_shows_how_it_fares_and_keeps_secrets() -> Result<()> {
    let options = PlaneOptions { restartable_apiserver: true, ..PlaneOptions::default() };
    let cluster = Cluster::start(options).await?;
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 2), policy("shop", &["shop"])]).await?;
    cluster.ready("shop", "web", 2).await?;
    let history = cluster.history(3, |_| Some(modest)).await?;
    let (server, _data) = prometheus(history).await?;
    let front = FaultyHttp::start(Some(server.url())).await?;
    let collector = FaultyHttp::start(None).await?;
    collector.set(Fault::Answer(200, Vec::new(), String::new()));
    let dir = cluster.plane.dir().to_owned();
    let bearer = dir.join("bearer-token");
    fs::write(&bearer, format!("{TOKEN}\n"))?;

    // A server that refuses and repeats its input: the most that a status or a log could reveal.
    let echo = format!("{{\"status\":\"error\",\"error\":\"no rights for Bearer {TOKEN} with {HEADER}\"}}");
    front.set(Fault::Answer(401, vec![("content-type".into(), "application/json".into())], echo));
    cluster.plane.kill_apiserver().await?;
    let header = format!("X-Tenant-Key={HEADER}");
    let args = [
        "--log-format",
        "json",
        "--log",
        "debug",
        "--interval",
        "5s",
        "--prometheus-url",
        front.url(),
        "--otlp-endpoint",
        collector.url(),
        "--prometheus-bearer-file",
        bearer.to_str().unwrap(),
        "--prometheus-header",
        &header,
    ];
    let mut trimtab = cluster.run("observed", &args)?;
    not_ready_without_an_api_server(&trimtab).await?;
    cluster.plane.start_apiserver().await?;
    trimtab.ready(SOON).await?;
    let (code, body) = trimtab.get("/readyz?verbose").await?;
    ensure!(code == 200 && body.contains("[+]pods ok") && body.ends_with("readyz check passed\n"), "{code} {body}");

    let refused = eventually(SOON, "the policy says that access is refused", async || {
        let (status, reason, message) = cluster.condition("shop", "MetricsAvailable").await?;
        ensure!(status == "False" && reason == "MetricsUnavailable", "{status} {reason}: {message}");
        Ok(message)
    })
    .await?;
    println!("{refused}");
    ensure!(refused.contains("access refused (401)") && refused.contains("no rights for Bearer"), "{refused}");
    front.heal();
    eventually(SOON, "a recommendation", async || cluster.recommendation("shop", "deploy-web").await).await?;
    eventually(SOON, "the policy is ready", async || {
        let (status, reason, message) = cluster.condition("shop", "Ready").await?;
        ensure!(status == "True", "{reason}: {message}");
        Ok(())
    })
    .await?;
    let sent = front.seen();
    ensure!(sent.iter().all(|r| r.header("authorization") == Some(&format!("Bearer {TOKEN}"))), "the token is sent");
    ensure!(sent.iter().all(|r| r.header("x-tenant-key") == Some(HEADER)), "the header is sent");

    let (_, metrics) = trimtab.get("/metrics").await?;
    metrics_are_what_dashboards_ask_for(&metrics)?;
    promtool(&metrics).await?;
    traces(&collector).await?;
    ensure!(trimtab.process.stop(SOON).await?.success(), "{}", trimtab.log());
    let log = trimtab.log();
    log_lines_are_json(&log)?;

    let everything = [
        ("the log", log),
        ("/metrics", metrics),
        ("events", cluster.plane.kubectl(&["get", "events", "-A", "-o", "yaml"]).await?),
        ("policies", cluster.plane.kubectl(&["get", "optpol", "-o", "yaml"]).await?),
        ("recommendations", cluster.plane.kubectl(&["get", "rec", "-A", "-o", "yaml"]).await?),
        ("traces", collector.seen().iter().map(|r| String::from_utf8_lossy(&r.body).into_owned()).collect()),
    ];
    for (place, text) in &everything {
        for secret in [TOKEN, HEADER] {
            let around = text.find(secret).map(|at| &text[at.saturating_sub(200)..at]);
            assert!(around.is_none(), "{secret} is in {place}, behind: {}", around.unwrap());
        }
    }
    ensure!(everything[2].1.contains("access refused (401)"), "the event tells: {}", everything[2].1);
    Ok(())
}

async fn not_ready_without_an_api_server(trimtab: &Running) -> Result<()> {
    eventually(SOON, "alive, and not ready with a reason", async || {
        let (code, body) = trimtab.get("/healthz").await?;
        ensure!(code == 200 && body == "ok", "{code} {body}");
        let (code, body) = trimtab.get("/readyz").await?;
        ensure!(code == 503, "{code} {body}");
        ensure!(body.contains("[-]pods failed:"), "{body}");
        ensure!(body.contains("[-]optimizationpolicies failed:") && body.contains("onnect"), "it says why: {body}");
        Ok(())
    })
    .await
}

fn metrics_are_what_dashboards_ask_for(text: &str) -> Result<()> {
    let value = |series: &str| -> Result<f64> {
        let line = text.lines().find(|l| l.starts_with(series)).with_context(|| format!("no {series} in\n{text}"))?;
        Ok(line.rsplit(' ').next().context("a value")?.parse()?)
    };
    for (series, least) in [
        ("trimtab_build_info{version=", 1.0),
        ("trimtab_recommendations{resource_namespace=\"shop\",type=\"RightSize\",state=\"PendingApproval\"}", 1.0),
        ("trimtab_recommendations_total{type=\"RightSize\",result=\"Proposed\"}", 1.0),
        ("trimtab_savings_monthly{resource_namespace=\"shop\",state=\"proposed\",currency=\"USD\"}", 1.0),
        (
            "trimtab_resource_condition{kind=\"OptimizationPolicy\",resource_namespace=\"\",name=\"shop\",type=\"Ready\",status=\"True\"",
            1.0,
        ),
        ("trimtab_world_objects{kind=\"Pod\"}", 2.0),
        ("trimtab_world_age_seconds", 0.0),
        ("trimtab_circuit_open{dependency=\"prometheus\"}", 0.0),
        ("trimtab_source_queries_total{source=\"Prometheus\"}", 1.0),
        ("trimtab_source_samples_total{source=\"Prometheus\"}", 100.0),
        ("trimtab_source_bytes_total{source=\"Prometheus\"}", 100.0),
        ("trimtab_errors_total{component=\"usage\",operation=\"read\",class=\"user\",severity=\"error\"}", 1.0),
        ("trimtab_events_total", 1.0),
        ("trimtab_analysis_duration_seconds_count", 1.0),
        ("controller_runtime_reconcile_total{controller=\"optimization-policy\",result=\"requeue_after\"}", 1.0),
        ("controller_runtime_reconcile_time_seconds_count{controller=\"optimization-policy\"}", 1.0),
        ("controller_runtime_max_concurrent_reconciles{controller=\"optimization-policy\"}", 1.0),
        ("workqueue_adds_total{name=\"recommendation\"", 1.0),
        ("workqueue_queue_duration_seconds_count{name=\"recommendation\"", 1.0),
        ("workqueue_work_duration_seconds_count{name=\"recommendation\"", 1.0),
        ("rest_client_requests_total{code=\"200\",method=\"GET\"", 1.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_cpu_seconds_total", 0.0),
    ] {
        let seen = value(series)?;
        ensure!(seen >= least, "{series} is {seen}");
    }
    let queues = text.lines().filter(|l| l.starts_with("workqueue_") && !l.contains("name=\"recommendation\""));
    ensure!(queues.clone().count() == 0, "of a controller without a queue: {:?}", queues.collect::<Vec<_>>());
    Ok(())
}

/// The linter of Prometheus reports nothing.
async fn promtool(metrics: &str) -> Result<()> {
    let promtool = prometheus_dir()?.join("promtool");
    let mut child = std::process::Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no pipe")?.write_all(metrics.as_bytes())?;
    let out = child.wait_with_output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    ensure!(out.status.success() && said.trim().is_empty(), "promtool: {said}");
    Ok(())
}

async fn traces(collector: &FaultyHttp) -> Result<()> {
    eventually(SOON, "spans arrive at the collector", async || {
        let seen = collector.seen();
        let spans = seen.iter().filter(|r| r.method == "POST" && r.path == "/v1/traces").collect::<Vec<_>>();
        let says = |text: &str| spans.iter().any(|r| r.body.windows(text.len()).any(|w| w == text.as_bytes()));
        for name in ["trimtab", "pass", "fetch_metrics", "write_policy_statuses"] {
            ensure!(says(name), "no {name} in {} requests", spans.len());
        }
        Ok(())
    })
    .await
}

fn log_lines_are_json(log: &str) -> Result<()> {
    let mut messages = Vec::new();
    for line in log.lines() {
        let value: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        for key in ["timestamp", "level", "target"] {
            ensure!(value[key].is_string(), "no {key}: {line}");
        }
        messages.push(value["message"].as_str().unwrap_or_default().to_owned());
    }
    for message in ["starting", "usage read", "usage could not be read", "pass done", "shutting down", "stopped"] {
        ensure!(messages.iter().any(|m| m == message), "no {message:?} in {messages:?}");
    }
    Ok(())
}

/// Settings that would reveal a secret, or cannot work, are refused before anything starts.
#[tokio::test]
async fn a_command_line_that_is_wrong_is_refused() -> Result<()> {
    let with_password = format!("http://trimtab:{PASSWORD}@127.0.0.1:9090");
    let header = format!("X Tenant={HEADER}");
    let kubeconfig = repository().join("e2e/nothing-here");
    // A valid kubeconfig that points nowhere.
    let dir = trimtab_e2e::WorkDir::new("config")?;
    let nowhere = dir.path().join("kubeconfig");
    fs::write(
        &nowhere,
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], \
         clusters: [{name: a, cluster: {server: 'http://127.0.0.1:9'}}], users: [{name: a, user: {}}]}",
    )?;
    let cases: [(&str, &Path, Vec<&str>, i32, &str); 10] = [
        (
            "a password in the URL",
            &nowhere,
            vec!["--prometheus-url", &with_password],
            1,
            "url: must not hold a user or password",
        ),
        (
            "a header without a value",
            &nowhere,
            vec!["--prometheus-url", "http://127.0.0.1:9", "--prometheus-header", HEADER],
            1,
            "expected NAME=VALUE",
        ),
        (
            "a header name that is none",
            &nowhere,
            vec!["--prometheus-url", "http://127.0.0.1:9", "--prometheus-header", &header],
            1,
            "`X Tenant` is not a header name",
        ),
        (
            "the API's path in the URL",
            &nowhere,
            vec!["--prometheus-url", "http://127.0.0.1:9/api/v1"],
            1,
            "must end before /api/v1",
        ),
        (
            "a token and a password, whether their files are there or not",
            &nowhere,
            vec![
                "--prometheus-url",
                "http://127.0.0.1:9",
                "--prometheus-bearer-file",
                "/nonexistent/t",
                "--prometheus-user",
                "a",
                "--prometheus-password-file",
                "/nonexistent/p",
            ],
            1,
            "bearer and basic authentication exclude each other",
        ),
        ("no kubeconfig", &kubeconfig, vec![], 1, "no kubeconfig and no service account found"),
        ("a filter that is none", &nowhere, vec!["--log", "a=b=c"], 1, "log filter `a=b=c`"),
        (
            "a duration without a unit",
            &nowhere,
            vec!["--interval", "30"],
            2,
            "expected a duration such as 30s, 5m or 1h30m",
        ),
        (
            "runbooks that are nowhere",
            &nowhere,
            vec!["--runbook-url", "wiki/trimtab"],
            2,
            "expected an address such as https://runbooks.example.org/trimtab",
        ),
        ("a flag that is none", &nowhere, vec!["--prometheus-password", PASSWORD], 2, "unexpected argument"),
    ];
    for (what, kubeconfig, args, code, says) in cases {
        let run = Trimtab::new(kubeconfig, &["controller", "--admin-address", "127.0.0.1:0"])?.args(&args).output();
        let run = tokio::time::timeout(SOON, run).await.with_context(|| what.to_owned())??;
        let text = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.status.code(), Some(code), "{what}: {text}");
        assert!(text.contains(says), "{what}: {says:?} is not in {text}");
        let is_one_line = run.stderr.lines().any(|line| line.starts_with("error: ") && line.contains(says));
        assert!(code == 2 || is_one_line, "{what}: not one line, or a dump: {}", run.stderr);
        for secret in [PASSWORD, HEADER] {
            assert!(!text.contains(secret), "{what}: the secret is in {text}");
        }
        println!("{what}: {}", run.stderr.trim().lines().last().unwrap_or_default());
    }
    Ok(())
}

/// `--help` as files, so that each change of the command line is seen in review. `UPDATE_GOLDEN=1` rewrites them.
#[tokio::test]
async fn help_is_what_it_was() -> Result<()> {
    let golden = repository().join("e2e/harness/tests/golden");
    for (name, args) in [
        ("help.txt", vec!["--help"]),
        ("help-controller.txt", vec!["controller", "--help"]),
        ("help-replay.txt", vec!["replay", "--help"]),
        ("help-crds.txt", vec!["crds", "--help"]),
    ] {
        let run = Trimtab::new(Path::new("/nonexistent"), &args)?
            .env("TRIMTAB_PROMETHEUS_HEADERS", &format!("X-Tenant-Key={HEADER}"))
            .env("TRIMTAB_PROMETHEUS_PARAMETERS", &format!("token={TOKEN}"))
            .env("TRIMTAB_PROMETHEUS_URL", &format!("http://a:{PASSWORD}@b"))
            .output()
            .await?;
        ensure!(run.status.success(), "{}", run.stderr);
        for secret in [HEADER, TOKEN, PASSWORD] {
            ensure!(!run.stdout.contains(secret), "help repeats a secret of the environment: {}", run.stdout);
        }
        let file = golden.join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
            fs::create_dir_all(&golden)?;
            fs::write(&file, &run.stdout)?;
        }
        let expected =
            fs::read_to_string(&file).with_context(|| format!("{}: UPDATE_GOLDEN=1 makes it", file.display()))?;
        assert_eq!(run.stdout, expected, "{name}: if the change is meant, run with UPDATE_GOLDEN=1");
    }
    Ok(())
}
