//! A report as CSV: a line for each container, amounts in whole millicores and bytes.
//!
//! Object names are harmless, but annotations and errors could contain anything: a field that a spreadsheet would take
//! for a formula is turned into text by an apostrophe.

use super::{Container, Report, Row};

/// The columns. New ones are added at the end.
const HEADINGS: [&str; 29] = [
    "namespace",
    "kind",
    "workload",
    "container",
    "outcome",
    "policy",
    "policy_today",
    "cpu_request_millicores",
    "cpu_proposed_request_millicores",
    "cpu_limit_millicores",
    "cpu_proposed_limit_millicores",
    "cpu_p50_millicores",
    "cpu_p95_millicores",
    "cpu_p99_millicores",
    "cpu_max_millicores",
    "memory_request_bytes",
    "memory_proposed_request_bytes",
    "memory_limit_bytes",
    "memory_proposed_limit_bytes",
    "memory_typical_daily_peak_bytes",
    "memory_max_bytes",
    "samples",
    "oom_kills",
    "restarts",
    "workload_monthly_savings",
    "currency",
    "confidence_percent",
    "risk",
    "message",
];

/// The whole text, with headings.
pub fn csv(report: &Report) -> String {
    let mut text = line(&HEADINGS.map(str::to_owned));
    for row in &report.workloads {
        for (at, container) in row.lines().iter().enumerate() {
            text.push_str(&line(&fields(row, container, at == 0)));
        }
    }
    text
}

/// Figures of the whole workload appear only on its first line, so that a column can be summed.
fn fields(row: &Row, c: &Container, first: bool) -> Vec<String> {
    let number = |value: Option<i64>| value.map(|v| v.to_string()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let once = |value: String| if first { value } else { String::new() };
    vec![
        row.namespace.clone(),
        row.kind.clone(),
        row.name.clone(),
        c.name.clone(),
        row.outcome.clone(),
        text(&row.policy),
        text(&row.policy_today),
        number(c.cpu.request),
        number(c.cpu.proposed_request),
        number(c.cpu.limit),
        number(c.cpu.proposed_limit),
        number(c.cpu.p50),
        number(c.cpu.p95),
        number(c.cpu.p99),
        number(c.cpu.maximum),
        number(c.memory.request),
        number(c.memory.proposed_request),
        number(c.memory.limit),
        number(c.memory.proposed_limit),
        number(c.memory.typical_daily_peak),
        number(c.memory.maximum),
        c.samples.to_string(),
        c.oom_kills.to_string(),
        c.restarts.to_string(),
        once(text(&row.monthly_savings)),
        once(text(&row.currency)),
        once(row.confidence_percent.map(|p| p.to_string()).unwrap_or_default()),
        once(text(&row.risk)),
        // A line for each container, for line-based tools.
        row.message.replace(['\r', '\n'], " "),
    ]
}

fn line(fields: &[String]) -> String {
    let mut text = fields.iter().map(|f| field(f)).collect::<Vec<_>>().join(",");
    // A terminal shows the carriage return of RFC 4180 escaped, and nothing that reads CSV needs it.
    text.push('\n');
    text
}

/// One field per RFC 4180, and such that no spreadsheet executes it. A number stays one.
pub fn field(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number;
    let safe = if runs { format!("'{text}") } else { text.to_owned() };
    match safe.contains(['"', ',', '\n', '\r', '\'']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}
