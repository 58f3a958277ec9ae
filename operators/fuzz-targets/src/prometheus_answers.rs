//! What holds for every response of a Prometheus-compatible server.

use serde_json::Value;
use trimtab_metrics_sources::{
    Batch, Freshness, LabelNames, Metric, Pods, ReadReport, RunNames, RunsByNamespace, SourceError,
    prometheus::{answer, instant, range::RangeResponse},
};

use crate::{
    assert_shown,
    sink::{Handed, Sink},
};

const SERVER: &str = "http://prometheus.monitoring:9090";
/// Few, so that the limit is reached.
const MOST_POINTS: u64 = 1_000;
/// A multiple of each step.
const START_S: i64 = 1_700_000_100;

/// Checks a body as the response to a range query, as that to an instant query, and as a refusal.
///
/// # Panics
/// Where a property does not hold.
pub fn prometheus_answers(data: &[u8]) {
    let labels = LabelNames::default();
    for batch in [coarse(), fine(), exported()] {
        let whole = range(&batch, &labels, data, data.len().max(1));
        // Chunks are of any size, but a byte each takes long.
        let chunk = if data.len() < 400 { 1 } else { 61 };
        assert_eq!(range(&batch, &labels, data, chunk), whole, "in chunks of {chunk}");
        match whole {
            Ok((report, _)) => loses_nothing(data, &report),
            Err(error) => shown(&error),
        }
    }
    match answer::judge(SERVER, data, answer::VECTOR, MOST_POINTS).and_then(|()| instant::numbers(SERVER, data)) {
        Ok(numbers) => freshness(data, &numbers),
        Err(error) => shown(&error),
    }
    for status in [200, 302, 400, 401, 404, 413, 422, 429, 500] {
        shown(&answer::refusal(SERVER, status, data, MOST_POINTS));
    }
}

/// The response in chunks of this many bytes: what was handed over, or why nothing was.
fn range(batch: &Batch, labels: &LabelNames, body: &[u8], chunk: usize) -> Result<(ReadReport, Handed), SourceError> {
    let mut response = RangeResponse::new(SERVER, batch, labels, MOST_POINTS);
    for chunk in body.chunks(chunk) {
        response.push(chunk)?;
    }
    let grid = response.finish(|envelope| answer::judge(SERVER, envelope, answer::MATRIX, MOST_POINTS))?;
    let mut sink = Sink::new(batch);
    let report = grid.hand_over(&mut sink);
    Ok((report, sink.all(&report)))
}

/// Each series of a response that was read is in the report, in one way or another.
fn loses_nothing(body: &[u8], report: &ReadReport) {
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return };
    let series = json["data"]["result"].as_array().map_or(0, Vec::len) as u64;
    let told = report.points + report.foreign_series + report.exported_series;
    assert!(told >= series, "{series} series, and {report:?}");
}

/// There is a number for each series, and the time of a newest sample is one in whole seconds, unless it is no number.
fn freshness(body: &[u8], numbers: &[Option<f64>]) {
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        assert_eq!(json["data"]["result"].as_array().map_or(0, Vec::len), numbers.len());
    }
    for number in numbers {
        let time = number.filter(|time| time.is_finite());
        let newest = Freshness::of(*number).newest_sample_s;
        assert_eq!(newest.is_some(), time.is_some(), "{number:?}");
        // Greater ones are cut to what fits.
        if let (Some(newest), Some(time)) = (newest, time.filter(|time| time.abs() < 1e15)) {
            assert_eq!(newest as f64, time.trunc(), "{number:?}");
        }
    }
}

fn shown(error: &SourceError) {
    assert_shown(&error.to_string(), SERVER);
    assert!(error.reason().starts_with("Metrics"), "{error}");
}

/// Everything that is read, at the usual step.
fn coarse() -> Batch {
    Batch {
        metrics: vec![
            Metric::CpuCores,
            Metric::MemoryWorkingSet,
            Metric::CpuPeriods,
            Metric::CpuThrottledPeriods,
            Metric::Restarts,
            Metric::OomKilled,
            Metric::MemoryRequest,
            Metric::MemoryLimit,
        ],
        namespaces: vec!["shop".to_owned()],
        start_s: START_S,
        end_s: START_S + 40 * 300,
        step_s: 300,
        expected_points: 100,
        ..Batch::default()
    }
}

/// The pods of a CronJob, at the step for what lives for minutes.
fn fine() -> Batch {
    let names = RunNames { cron_jobs: ["nightly".to_owned()].into(), ..RunNames::default() };
    let pods = Pods::Only(RunsByNamespace::from([("shop".to_owned(), names)]));
    let metrics = vec![Metric::CpuCores, Metric::MemoryWorkingSet];
    Batch { metrics, pods, end_s: START_S + 40 * 30, step_s: 30, ..coarse() }
}

/// Series whose pod is in labels that the scrape job has renamed.
fn exported() -> Batch {
    Batch { metrics: vec![Metric::Restarts, Metric::OomKilled], exported: true, ..coarse() }
}
