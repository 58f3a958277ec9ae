//! A fake Prometheus whose series are functions of time: for histories that no scrape would produce in a test, such as
//! runs of two minutes, a kill ten days ago, or another cluster's live pods.
//!
//! In: series, each with labels, a function and, if it ended, a span. Out: `query_range` and `query` over plain
//! selectors, `max`, `timestamp` and the functions `…_over_time` named below; any other query is refused with 422 and
//! its text. A series has a value at each time of its span: there is no look-back, so a step outside a run sees nothing
//! of it.

mod query;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::faulty_http::{SeenRequest, read_request};
use query::Query;

/// A value at a Unix time in seconds.
type Shape = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// One series.
#[derive(Clone)]
pub struct FakeSeries {
    labels: BTreeMap<String, String>,
    shape: Shape,
    span: Option<(f64, f64)>,
}

impl fmt::Debug for FakeSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeSeries").field("labels", &self.labels).field("span", &self.span).finish_non_exhaustive()
    }
}

impl FakeSeries {
    /// A series that has always existed and still does. `shape` takes a Unix time in seconds.
    pub fn new(name: &str, labels: &[(&str, &str)], shape: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        let all = labels.iter().copied().chain([("__name__", name)]);
        let labels = all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { labels, shape: Arc::new(shape), span: None }
    }

    /// Samples from `from` to `to` only, both included, in Unix seconds.
    #[must_use]
    pub fn between(mut self, from: f64, to: f64) -> Self {
        self.span = Some((from, to));
        self
    }

    /// The same with each value replaced by `change` of the time and the value.
    #[must_use]
    pub fn with(mut self, change: impl Fn(f64, f64) -> f64 + Send + Sync + 'static) -> Self {
        let shape = self.shape;
        self.shape = Arc::new(move |time| change(time, shape(time)));
        self
    }

    fn at(&self, time: f64) -> Option<f64> {
        self.span.is_none_or(|(from, to)| (from..=to).contains(&time)).then(|| (self.shape)(time))
    }

    /// Whether it has a sample between these times, so that a query can skip runs that are long over.
    fn is_within(&self, from: f64, to: f64) -> bool {
        self.span.is_none_or(|(begin, end)| begin <= to && from <= end)
    }
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct FakePrometheus {
    url: String,
    series: Arc<Mutex<Arc<Vec<FakeSeries>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl FakePrometheus {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start(series: Vec<FakeSeries>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let series = Arc::new(Mutex::new(Arc::new(series)));
        let asked = Arc::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&series), Arc::clone(&asked)));
        Ok(Self { url, series, asked, task })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces all series by these.
    pub fn set(&self, series: Vec<FakeSeries>) {
        *self.series.lock() = Arc::new(series);
    }

    /// The text of each query so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

impl Drop for FakePrometheus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, series: Arc<Mutex<Arc<Vec<FakeSeries>>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let known = Arc::clone(&series.lock());
        connections.spawn(connection(stream, known, Arc::clone(&asked)));
    }
}

async fn connection(mut stream: TcpStream, series: Arc<Vec<FakeSeries>>, asked: Arc<Mutex<Vec<String>>>) {
    let Ok(request) = read_request(&mut stream).await else { return };
    let query = request.param("query").unwrap_or_default().to_owned();
    asked.lock().push(query);
    // A window of two weeks is millions of values: not on a thread of the runtime.
    let answer = tokio::task::spawn_blocking(move || answer(&request, &series)).await;
    let (status, body) = match answer {
        Ok(Ok(body)) => (200, body),
        Ok(Err(error)) => (422, refusal(&format!("{error:#}"))),
        Err(panic) => (500, refusal(&panic.to_string())),
    };
    let head = format!(
        "HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // The client may have disconnected: that is not an error here.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn refusal(why: &str) -> String {
    json!({"status": "error", "errorType": "bad_data", "error": why}).to_string()
}

fn answer(request: &SeenRequest, series: &[FakeSeries]) -> Result<String> {
    let query = Query::parse(request.param("query").context("no query")?)?;
    let number = |name: &str| -> Result<f64> { Ok(request.param(name).with_context(|| name.to_owned())?.parse()?) };
    if request.path.ends_with("/query_range") {
        let (start, end, step) = (number("start")?, number("end")?, number("step")?);
        Ok(body("matrix", "values", &query.evaluate(series, start, end, step)))
    } else {
        let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        let time = number("time").unwrap_or(now);
        Ok(body("vector", "value", &query.evaluate(series, time, time, 1.0)))
    }
}

/// The envelope; written by hand, since a window of two weeks is tens of megabytes.
fn body(kind: &str, field: &str, rows: &[query::Row]) -> String {
    let mut text = format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":["#);
    for (index, row) in rows.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, r#"{comma}{{"metric":{},"{field}":"#, json!(row.labels));
        let points: Vec<String> = row.points.iter().map(|(time, value)| format!(r#"[{time},"{value}"]"#)).collect();
        let points = points.join(",");
        let _ = if field == "value" { write!(text, "{points}") } else { write!(text, "[{points}]") };
        text.push('}');
    }
    text.push_str("]}}");
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::Value;

    use super::*;

    fn run(start: f64) -> FakeSeries {
        FakeSeries::new("m", &[("namespace", "n"), ("pod", "p")], |t| t).between(start, start + 120.0)
    }

    async fn ask(prometheus: &FakePrometheus, path: &str, fields: &[(&str, &str)], post: bool) -> Value {
        crate::plane::install_tls_provider();
        let client = reqwest::Client::new();
        let url = format!("{}/api/v1/{path}", prometheus.url());
        let request = if post { client.post(url).form(fields) } else { client.get(url).query(fields) };
        request.send().await.unwrap().json().await.unwrap()
    }

    #[tokio::test]
    async fn steps_beside_a_run_see_nothing_of_it_and_a_window_over_it_does() {
        let prometheus = FakePrometheus::start(vec![run(310.0)]).await.unwrap();
        let range = |query: &'static str| [("query", query), ("start", "0"), ("end", "900"), ("step", "300")];
        let beside = ask(&prometheus, "query_range", &range(r#"m{namespace="n"}"#), true).await;
        assert_eq!(beside["data"]["result"], json!([]));
        let over = ask(&prometheus, "query_range", &range(r#"max_over_time(m{namespace=~"n|o"}[5m])"#), false).await;
        assert_eq!(over["data"]["result"][0]["values"], json!([[600, "430"]]));
        let newest = ask(&prometheus, "query", &[("query", "max(timestamp(m))"), ("time", "330")], true).await;
        assert_eq!(newest["data"]["result"], json!([{"metric": {}, "value": [330, "330"]}]));
        let refused = ask(&prometheus, "query", &[("query", "absent(m)")], true).await;
        assert_eq!(refused["status"], "error");
        assert_eq!(prometheus.asked().len(), 4);
    }
}
