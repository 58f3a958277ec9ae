//! `trimtab replay` as people run it: on recorded series, on a live server, and on wrong input.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, fs, io::Write, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use support::{DAY, add, hungry, modest, now, prometheus};
use trimtab_e2e::{Backfill, Fault, FaultyHttp, Output, Trimtab, WorkDir};

use crate::support;

/// Midnight of a Monday, where the recordings begin.
const START: i64 = 1_767_571_200;
const STEP: i64 = 300;

/// A recording: cores and bytes at each time after [`START`].
fn rows(days: i64, usage: impl Fn(i64) -> (f64, f64)) -> Vec<String> {
    let mut rows = vec!["timestamp_seconds,cpu_cores,memory_bytes".to_owned()];
    rows.extend((0..days * DAY / STEP).map(|i| {
        let (cores, bytes) = usage(i * STEP);
        format!("{},{cores:.4},{bytes:.0}", START + i * STEP)
    }));
    rows
}

fn record(dir: &Path, series: &[(&str, Vec<String>)]) -> Result<()> {
    let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
    fs::write(dir.join("index.csv"), format!("series,note\n{}\n", names.map_join()))?;
    for (name, rows) in series {
        gzip(&dir.join(format!("{name}.csv.gz")), &rows.join("\n"))?;
    }
    Ok(())
}

trait MapJoin {
    fn map_join(&self) -> String;
}

impl MapJoin for Vec<&str> {
    fn map_join(&self) -> String {
        self.iter().map(|name| format!("{name},made up")).collect::<Vec<_>>().join("\n")
    }
}

fn gzip(path: &Path, text: &str) -> Result<()> {
    let mut file = GzEncoder::new(fs::File::create(path)?, Compression::fast());
    file.write_all(text.as_bytes())?;
    file.finish()?;
    Ok(())
}

async fn replay(args: &[&str]) -> Result<Output> {
    let mut all = vec!["replay"];
    all.extend(args);
    // A replay contacts no cluster: a missing kubeconfig must not matter.
    Trimtab::new(Path::new("/nonexistent/kubeconfig"), &all)?.output().await
}

/// The decisions of a directory, as written.
async fn decisions(dir: &Path, more: &[&str]) -> Result<(Vec<Value>, String)> {
    let output = dir.join("decisions.jsonl");
    let mut args = vec!["--series", dir.to_str().unwrap(), "--output", output.to_str().unwrap()];
    args.extend(more);
    let run = replay(&args).await?;
    ensure!(run.status.success(), "{}", run.stderr);
    let lines = fs::read_to_string(&output)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok((lines, run.stdout))
}

#[tokio::test]
async fn recorded_series_become_a_decision_a_day() -> Result<()> {
    let dir = WorkDir::new("replay")?;
    record(dir.path(), &[("steady", rows(16, |t| modest(t % DAY))), ("busy", rows(12, |t| hungry(t % DAY)))])?;
    let (lines, summary) = decisions(dir.path(), &["--from-day", "9", "--every", "24h"]).await?;

    let mut by_series: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for line in &lines {
        let keys: Vec<&String> = line.as_object().context("an object a line")?.keys().collect();
        assert_eq!(keys, ["confidence_percent", "cpu_cores", "memory_bytes", "series", "time_seconds"], "{line}");
        by_series.entry(line["series"].as_str().context("a name")?).or_default().push(line);
    }
    assert_eq!(by_series["steady"].len(), 7, "days 9 to 15 of 16: {summary}");
    assert_eq!(by_series["busy"].len(), 3, "days 9 to 11 of 12: {summary}");
    for (name, usage) in [("steady", modest as support::Usage), ("busy", hungry)] {
        let used: Vec<(f64, f64)> = (0..DAY / STEP).map(|i| usage(i * STEP)).collect();
        let most = |f: fn(&(f64, f64)) -> f64| used.iter().map(f).fold(0.0, f64::max);
        for (day, line) in (9..).zip(&by_series[name]) {
            assert_eq!(line["time_seconds"], START + day * DAY, "{line}");
            let (cores, bytes) = (line["cpu_cores"].as_f64().unwrap(), line["memory_bytes"].as_i64().unwrap() as f64);
            assert!((most(|u| u.0) * 0.8..most(|u| u.0) * 1.6).contains(&cores), "{name}: {cores} cores");
            assert!((most(|u| u.1)..most(|u| u.1) * 1.6).contains(&bytes), "{name}: {bytes} bytes");
            assert!((0..=100).contains(&line["confidence_percent"].as_i64().unwrap()), "{line}");
        }
    }
    for says in ["series                         2", "decisions                      10", "stated confidence"] {
        assert!(summary.contains(says), "{says:?} is not in\n{summary}");
    }
    Ok(())
}

/// Later samples never change earlier decisions.
#[tokio::test]
async fn a_decision_sees_only_the_past() -> Result<()> {
    let turn = 12 * DAY;
    let calm = |t: i64| modest(t % DAY);
    let (before, after) = (WorkDir::new("replay")?, WorkDir::new("replay")?);
    record(before.path(), &[("a", rows(16, calm))])?;
    record(after.path(), &[("a", rows(16, |t| if t < turn { calm(t) } else { (7.5, 400e6) }))])?;
    let (before, _) = decisions(before.path(), &[]).await?;
    let (after, _) = decisions(after.path(), &[]).await?;
    assert_eq!(before.len(), after.len());
    // The decision at the boundary itself may see the sample of that very second, and none after it.
    for (a, b) in before.iter().zip(&after).filter(|(a, _)| a["time_seconds"].as_i64().unwrap() < START + turn) {
        assert_eq!(a, b);
    }
    let last = |lines: &[Value]| lines.last().unwrap()["memory_bytes"].as_i64().unwrap();
    assert!(last(&after) > 400_000_000 && last(&before) < 300_000_000, "the change itself is seen: {after:?}");
    Ok(())
}

#[tokio::test]
async fn a_policy_file_decides_how() -> Result<()> {
    let dir = WorkDir::new("replay")?;
    record(dir.path(), &[("a", rows(12, |t| modest(t % DAY)))])?;
    let file = dir.path().join("policy.yaml");
    let policy = |sizing: &str| {
        format!(
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {{name: a}}\nspec:\n  targetNamespaces: [a]\n  sizing: {sizing}\n"
        )
    };
    fs::write(&file, policy("{memory: {headroomPercent: 100}}"))?;
    let (roomy, _) = decisions(dir.path(), &["--policy", file.to_str().unwrap()]).await?;
    let (usual, _) = decisions(dir.path(), &[]).await?;
    let memory = |lines: &[Value]| lines[0]["memory_bytes"].as_f64().unwrap();
    assert!(memory(&roomy) > 1.5 * memory(&usual), "{} and {}", memory(&roomy), memory(&usual));
    Ok(())
}

#[tokio::test]
async fn wrong_input_is_named() -> Result<()> {
    let dir = WorkDir::new("replay")?;
    let root = dir.path();
    let make = |name: &str| -> Result<std::path::PathBuf> {
        let path = root.join(name);
        fs::create_dir(&path)?;
        Ok(path)
    };
    let good = make("good")?;
    record(&good, &[("a", rows(10, |t| modest(t % DAY)))])?;
    let good = good.to_str().unwrap();

    make("no-index")?;
    fs::write(make("empty-index")?.join("index.csv"), "series\n")?;
    fs::write(make("other-column")?.join("index.csv"), "name\na\n")?;
    fs::write(make("escapes")?.join("index.csv"), "series\n../good/a\n")?;
    fs::write(make("missing")?.join("index.csv"), "series\nghost\n")?;
    for (name, rows) in [
        ("no-number", "timestamp_seconds,cpu_cores,memory_bytes\n1,much,2"),
        ("short-row", "timestamp_seconds,cpu_cores,memory_bytes\n1,2"),
        ("other-header", "time,cpu,memory\n1,2,3"),
        ("milliseconds", "timestamp_seconds,cpu_cores,memory_bytes\n1785542400000,1,2"),
    ] {
        record(&make(name)?, &[("a", vec![rows.to_owned()])])?;
    }
    let plain = make("not-gzip")?;
    fs::write(plain.join("index.csv"), "series\na\n")?;
    fs::write(plain.join("a.csv.gz"), "timestamp_seconds,cpu_cores,memory_bytes\n1,2,3\n")?;
    let cut = make("cut-off")?;
    record(&cut, &[("a", rows(3, |t| modest(t % DAY)))])?;
    let file = cut.join("a.csv.gz");
    let bytes = fs::read(&file)?;
    fs::write(&file, &bytes[..bytes.len() / 2])?;
    for (name, text) in [
        ("tabs.yaml", "spec:\n\t- x"),
        ("none.yaml", "kind: ConfigMap\n"),
        ("two.yaml", "kind: OptimizationPolicy\n---\nkind: OptimizationPolicy\n"),
        (
            "typed.yaml",
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {name: a}\nspec: {targetNamespaces: 7}\n",
        ),
        (
            "bounds.yaml",
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {name: a}\nspec: {targetNamespaces: [a], sizing: {cpu: {min: '2', max: '1'}}}\n",
        ),
        (
            "units.yaml",
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {name: a}\nspec: {targetNamespaces: [a], history: {window: 2weeks}}\n",
        ),
    ] {
        fs::write(root.join(name), text)?;
    }
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let series = |name: &str| vec!["--series".to_owned(), path(name)];
    let policy = |name: &str| vec!["--series".to_owned(), good.to_owned(), "--policy".to_owned(), path(name)];
    let live =
        |url: &str, workload: &str| ["--prometheus-url", url, "--workload", workload].map(str::to_owned).to_vec();
    let nonsense = FaultyHttp::start(None).await?;
    nonsense.set(Fault::Nonsense);

    let cases: Vec<(&str, Vec<String>, i32, &[&str])> = vec![
        ("a directory without an index", series("no-index"), 1, &["cannot open", "index.csv"]),
        ("no directory at all", series("ghost"), 1, &["cannot open", "index.csv"]),
        ("an empty index", series("empty-index"), 1, &["index.csv lists no series"]),
        ("an index without the column", series("other-column"), 1, &["index.csv", "missing field `series`"]),
        ("a name that leads out of the directory", series("escapes"), 1, &["\"../good/a\" is not a file name"]),
        ("a series that is not there", series("missing"), 1, &["cannot open", "ghost.csv.gz"]),
        ("a value that is no number", series("no-number"), 1, &["a.csv.gz", "line: 2", "field 1: invalid float"]),
        ("a row that is too short", series("short-row"), 1, &["a.csv.gz"]),
        ("another header", series("other-header"), 1, &["a.csv.gz", "its header has no column timestamp_seconds"]),
        ("times in milliseconds", series("milliseconds"), 1, &["a.csv.gz", "is not a number of seconds since 1970"]),
        ("a file that is not compressed", series("not-gzip"), 1, &["a.csv.gz is not compressed with gzip"]),
        ("a file that was cut off", series("cut-off"), 1, &["a.csv.gz"]),
        ("a policy that is no YAML", policy("tabs.yaml"), 1, &["tabs.yaml: this is not YAML"]),
        ("a file without a policy", policy("none.yaml"), 1, &["none.yaml holds no OptimizationPolicy"]),
        ("a file with two", policy("two.yaml"), 1, &["holds more than one OptimizationPolicy"]),
        ("a policy with a wrong type", policy("typed.yaml"), 1, &["typed.yaml is not an OptimizationPolicy"]),
        ("bounds that contradict each other", policy("bounds.yaml"), 1, &["the policy is invalid"]),
        ("a unit that there is not", policy("units.yaml"), 1, &["history.window", "2weeks"]),
        ("a policy that is not there", policy("ghost.yaml"), 1, &["cannot read", "ghost.yaml"]),
        ("nothing to replay", Vec::new(), 2, &["--series"]),
        (
            "a duration without a unit",
            [series("good"), vec!["--every".into(), "24".into()]].concat(),
            2,
            &["expected a duration such as"],
        ),
        ("no workload", live("http://127.0.0.1:9", "x")[..2].to_vec(), 1, &["name at least one --workload"]),
        (
            "a workload without a namespace",
            live("http://127.0.0.1:9", "web"),
            1,
            &["\"web\" is neither NAMESPACE/NAME"],
        ),
        (
            "a kind that is no workload",
            live("http://127.0.0.1:9", "shop/Pod/web"),
            1,
            &["\"Pod\" is not a workload kind"],
        ),
        (
            "a server that is not there",
            live("http://127.0.0.1:9", "shop/web"),
            1,
            &["http://127.0.0.1:9", "can't be reached"],
        ),
        (
            "a server that is something else",
            live(nonsense.url(), "shop/web"),
            1,
            &["not from a Prometheus-compatible server"],
        ),
        ("a URL that is none", live("prometheus", "shop/web"), 1, &["not a URL"]),
    ];
    for (what, args, code, says) in cases {
        let run = replay(&args.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        assert_eq!(run.status.code(), Some(code), "{what}: {}{}", run.stdout, run.stderr);
        for text in says {
            assert!(run.stderr.contains(text), "{what}: {text:?} is not in {}", run.stderr);
        }
        assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
        assert!(code == 2 || run.stderr.trim().lines().count() == 1, "{what}: {}", run.stderr);
        assert!(run.stderr.matches("os error").count() < 2, "{what}: the cause is said once: {}", run.stderr);
        println!("{what}: {}", run.stderr.trim());
    }
    Ok(())
}

#[tokio::test]
async fn a_live_server_is_replayed() -> Result<()> {
    let until = now() / 60 * 60;
    let pods =
        [("web-7d9f8c6b5-x2x9z", modest as support::Usage), ("web-front-7d9f8c6b5-abcde", hungry), ("web-0", hungry)];
    let history =
        pods.into_iter().fold(Backfill::new(), |b, (pod, usage)| add(b, "shop", pod, "app", 12, until, usage));
    let (server, _data) = prometheus(history).await?;
    let dir = WorkDir::new("replay")?;
    let output = dir.path().join("live.jsonl");
    let run = replay(&[
        "--prometheus-url",
        server.url(),
        "--workload",
        "shop/Deployment/web",
        "--output",
        output.to_str().unwrap(),
    ])
    .await?;
    ensure!(run.status.success(), "{}", run.stderr);
    let text = fs::read_to_string(&output)?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!((2..=4).contains(&lines.len()), "a decision on each day from the ninth: {text}");
    for line in &lines {
        assert_eq!(line["series"], "shop/web/app");
        let cores = line["cpu_cores"].as_f64().unwrap();
        assert!((0.1..0.2).contains(&cores), "that of its own pods, not of web-front: {line}");
    }
    let absent = replay(&["--prometheus-url", server.url(), "--workload", "shop/nobody"]).await?;
    assert_eq!(absent.status.code(), Some(1));
    assert!(absent.stderr.contains("the server has no usage of these workloads"), "{}", absent.stderr);
    Ok(())
}

/// A replay of a month of a machine takes seconds, not minutes, even unoptimised.
#[tokio::test]
async fn a_month_is_replayed_in_time() -> Result<()> {
    let dir = WorkDir::new("replay")?;
    record(dir.path(), &[("a", rows(30, |t| modest(t % DAY)))])?;
    let (lines, _) = tokio::time::timeout(Duration::from_secs(60), decisions(dir.path(), &[])).await??;
    assert_eq!(lines.len(), 21);
    Ok(())
}
