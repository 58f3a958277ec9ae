//! A real Prometheus for the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::query_log::{self, LoggedQuery};
use crate::{Process, WorkDir, eventually, free_port, paths, plane};

/// Start options of a Prometheus.
#[derive(Debug, Clone, Default)]
pub struct PrometheusOptions {
    /// Data directory, filled by [`crate::Backfill`] or by an earlier run; a new one if `None`.
    pub data: Option<PathBuf>,
    /// Scrape configurations in YAML, one each, such as [`crate::Kwok::scrape_config`] gives.
    pub scrape_configs: Vec<String>,
    /// How often they are scraped; 15 s if `None`.
    pub scrape_interval: Option<Duration>,
    /// Files with rules.
    pub rule_files: Vec<PathBuf>,
    /// It listens on ::1 and nowhere else.
    pub ipv6: bool,
    /// Files with its certificate and its key: it speaks https.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Extra flags, as `--query.max-samples=1000`.
    pub args: Vec<String>,
}

/// A running Prometheus. It and, if it created one, its data directory are removed with this value.
#[derive(Debug)]
pub struct Prometheus {
    process: Process, // before the directory: fields are dropped in order
    dir: WorkDir,
    url: String,
    http: reqwest::Client,
}

/// One sample of an instant query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels of its series.
    pub labels: BTreeMap<String, String>,
    /// Unix time in seconds.
    pub time: f64,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    /// When there is no Prometheus on this machine, or, with the end of its log, when it does not come up.
    pub async fn start(options: PrometheusOptions) -> Result<Self> {
        let bin = tokio::task::spawn_blocking(paths::prometheus_dir).await??.join("prometheus");
        plane::install_tls_provider();
        let dir = WorkDir::new("prometheus")?;
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, configuration(&options, dir.path())?)?;
        let data = options.data.clone().unwrap_or_else(|| dir.path().join("data"));
        let host = if options.ipv6 { "[::1]" } else { "127.0.0.1" };
        let address = format!("{host}:{}", free_port()?);
        let flag = |name: &str, value: &Path| format!("--{name}={}", value.display());
        let mut command = Command::new(bin);
        command
            .arg(flag("config.file", &config))
            .arg(flag("storage.tsdb.path", &data))
            .arg(format!("--web.listen-address={address}"))
            // Backfilled history must not be dropped for its age, and compacting it would cost CPU time in the middle
            // of a measurement.
            .arg("--storage.tsdb.retention.time=10y")
            .args(["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"])
            .args(["--web.enable-lifecycle", "--web.enable-admin-api"])
            .args(&options.args);
        let mut http = reqwest::Client::builder().timeout(Duration::from_secs(60));
        let mut scheme = "http";
        if let Some((certificate, key)) = &options.certificate {
            let web = dir.path().join("web.yml");
            // JSON is YAML.
            let tls = serde_json::json!({"tls_server_config": {"cert_file": certificate, "key_file": key}});
            std::fs::write(&web, tls.to_string())?;
            command.arg(flag("web.config.file", &web));
            // Whom to trust is the matter of the program under test.
            http = http.tls_danger_accept_invalid_certs(true);
            scheme = "https";
        }
        let process = Process::spawn("prometheus", &mut command, dir.path())?;
        let mut server = Self { process, dir, url: format!("{scheme}://{address}"), http: http.build()? };
        server.ready().await?;
        Ok(server)
    }

    async fn ready(&mut self) -> Result<()> {
        let url = format!("{}/-/ready", self.url);
        let ready = eventually(Duration::from_secs(60), "Prometheus ready", async || {
            Ok(self.http.get(&url).send().await?.error_for_status()?)
        })
        .await;
        if self.process.exited()?.is_some() || ready.is_err() {
            ready.with_context(|| crate::process::tail(&self.process.log()))?;
        }
        Ok(())
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process, for its resource use.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Evaluates `promql` now; a scalar is a sample without labels.
    ///
    /// # Errors
    /// With the server's message, when it refuses the query, or when the answer is a range.
    pub async fn query(&self, promql: &str) -> Result<Vec<Sample>> {
        let url = format!("{}/api/v1/query", self.url);
        let answer: Answer = self.http.post(url).form(&[("query", promql)]).send().await?.json().await?;
        ensure!(answer.status == "success", "{promql}: {}", answer.error);
        let data = answer.data.context("an answer without data")?;
        if data.result_type == "scalar" {
            let value: RawValue = serde_json::from_value(data.result)?;
            return Ok(vec![value.sample(BTreeMap::new())?]);
        }
        ensure!(data.result_type == "vector", "{promql}: a {}", data.result_type);
        let series: Vec<RawSeries> = serde_json::from_value(data.result)?;
        series.into_iter().map(|s| s.value.sample(s.metric)).collect()
    }

    /// The answered queries, in order, with the samples that each read.
    ///
    /// # Errors
    /// When a line of its query log cannot be read.
    pub fn queries(&self) -> Result<Vec<LoggedQuery>> {
        let text = std::fs::read_to_string(self.dir.path().join("query.log")).unwrap_or_default();
        query_log::parse(&text)
    }
}

fn configuration(options: &PrometheusOptions, dir: &Path) -> Result<String> {
    let scrapes = options.scrape_configs.iter().map(|yaml| Ok(serde_yaml::from_str(yaml)?));
    let scrapes = scrapes.collect::<Result<Vec<serde_json::Value>>>()?;
    let interval = options.scrape_interval.unwrap_or(Duration::from_secs(15)).as_millis();
    // JSON is YAML.
    Ok(serde_json::json!({
        "global": {
            "scrape_interval": format!("{interval}ms"),
            "scrape_timeout": format!("{}ms", interval.min(10_000)),
            "query_log_file": dir.join("query.log"),
        },
        "rule_files": options.rule_files,
        "scrape_configs": scrapes,
    })
    .to_string())
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct RawSeries {
    metric: BTreeMap<String, String>,
    value: RawValue,
}

#[derive(Deserialize)]
struct RawValue(f64, String);

impl RawValue {
    fn sample(self, labels: BTreeMap<String, String>) -> Result<Sample> {
        Ok(Sample { labels, time: self.0, value: self.1.parse()? })
    }
}
