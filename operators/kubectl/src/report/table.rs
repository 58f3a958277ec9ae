//! A report for people: a table with a line for each container.

use trimtab_core::quantity;

use super::{RECOMMENDED, RIGHT_SIZED, Report, Row};
use crate::{
    listing,
    paint::{Paint, Tint},
    table::{Cell, table as lines},
    words::{self, NOTHING},
};

/// The columns, without the namespace.
const HEADINGS: [&str; 15] = [
    "WORKLOAD",
    "CONTAINER",
    "CPU",
    "P50",
    "P95",
    "P99",
    "MAX",
    "MEMORY",
    "DAILY PEAK",
    "MAX",
    "SAVINGS",
    "CONF%",
    "RISK",
    "POLICY",
    "WHY NOT",
];

/// Millicores as Kubernetes writes them; `-` for none.
pub fn cpu_text(millis: Option<i64>) -> String {
    millis.map_or_else(|| NOTHING.to_owned(), |v| quantity::format_cpu(u64::try_from(v).unwrap_or(0)))
}

/// Bytes as Kubernetes writes them, in whole mebibytes from 1Mi on; `-` for none.
pub fn memory_text(bytes: Option<i64>) -> String {
    bytes.map_or_else(
        || NOTHING.to_owned(),
        |v| {
            let v = u64::try_from(v).unwrap_or(0);
            quantity::format_bytes(if v < 1 << 20 { v } else { v.div_ceil(1 << 20) << 20 })
        },
    )
}

/// `500m→120m`, or one amount where it is unchanged.
fn change(from: Option<i64>, to: Option<i64>, text: fn(Option<i64>) -> String) -> String {
    if from == to { text(from) } else { format!("{}→{}", text(from), text(to)) }
}

/// The request, and the limit where that changes: `512Mi→370Mi (limit 2Gi→1480Mi)`.
fn changes(
    request: (Option<i64>, Option<i64>),
    limit: (Option<i64>, Option<i64>),
    text: fn(Option<i64>) -> String,
) -> Cell {
    let tint = if request.0 == request.1 && limit.0 == limit.1 { Tint::Plain } else { Tint::Good };
    Cell::tinted(words::with_limit(&change(request.0, request.1, text), limit_change(limit, text).as_deref()), tint)
}

/// `2Gi→1480Mi`; `None` where it is unchanged.
pub fn limit_change(limit: (Option<i64>, Option<i64>), text: fn(Option<i64>) -> String) -> Option<String> {
    (limit.0 != limit.1).then(|| change(limit.0, limit.1, text))
}

/// The whole text: the table, sums, notes.
pub fn table(report: &Report, namespaces: bool, policies: bool, headers: bool, paint: Paint) -> String {
    let keep = |heading: &&str| policies || *heading != "POLICY";
    let headings: Vec<&str> =
        namespaces.then_some("NAMESPACE").into_iter().chain(HEADINGS.into_iter().filter(keep)).collect();
    let rows: Vec<Vec<Cell>> = report.workloads.iter().flat_map(|row| containers(row, namespaces, policies)).collect();
    if rows.is_empty() {
        return String::new();
    }
    lines(if headers { &headings } else { &[] }, &rows, paint)
}

fn containers(row: &Row, namespaces: bool, policies: bool) -> Vec<Vec<Cell>> {
    let first = |at: usize, text: String| if at == 0 { text } else { String::new() };
    let mut cells = Vec::new();
    for (at, c) in row.lines().iter().enumerate() {
        let mut line: Vec<Cell> = Vec::new();
        if namespaces {
            line.push(first(at, row.namespace.clone()).into());
        }
        line.extend([
            first(at, row.typed()).into(),
            if c.name.is_empty() { NOTHING.into() } else { c.name.as_str().into() },
            changes((c.cpu.request, c.cpu.proposed_request), (c.cpu.limit, c.cpu.proposed_limit), cpu_text),
        ]);
        line.extend(c.cpu.used().map(Cell::from));
        line.push(changes(
            (c.memory.request, c.memory.proposed_request),
            (c.memory.limit, c.memory.proposed_limit),
            memory_text,
        ));
        line.extend(c.memory.used().map(Cell::from));
        let dash = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
        let risk = row.risk.as_deref().and_then(|r| words::risk_level(r).ok());
        line.push(first(at, dash(row.savings_text())).into());
        line.push(first(at, dash(row.confidence_percent.map(|c| c.to_string()))).into());
        line.push(Cell::tinted(first(at, dash(row.risk.clone())), listing::risk_tint(risk)));
        if policies {
            line.push(first(at, policy(row)).into());
        }
        line.push(first(at, why_not(row)).into());
        cells.push(line);
    }
    cells
}

/// The policy that takes it, and the one it is taken from.
fn policy(row: &Row) -> String {
    match (&row.policy, &row.policy_today) {
        (Some(new), Some(today)) if new != today => format!("{today}→{new}"),
        (Some(new), _) => new.clone(),
        (None, Some(today)) => format!("stays with {today}"),
        (None, None) => NOTHING.to_owned(),
    }
}

fn why_not(row: &Row) -> String {
    match row.outcome.as_str() {
        RECOMMENDED => String::new(),
        RIGHT_SIZED => RIGHT_SIZED.to_owned(),
        "NotTaken" => row.message.clone(),
        reason => reason.to_owned(),
    }
}
