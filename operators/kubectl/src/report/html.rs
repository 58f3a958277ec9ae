//! A report as one self-contained HTML file: no script, no font, no picture. Everything in it that came from the
//! cluster is escaped, and a policy in its head forbids a browser to load or run anything.

use std::fmt::Write;

use super::{
    RECOMMENDED, Report, Row,
    table::{cpu_text, limit_change, memory_text},
};
use crate::words;

const STYLE: &str = "\
body{font:14px/1.4 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}\
h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:right;padding:.25rem .5rem;border-bottom:1px solid #ddd;white-space:nowrap}\
th{position:sticky;top:0;background:#f4f4f4}th.t,td.t{text-align:left}td.why{white-space:normal;min-width:16rem}\
.up{color:#a40000}.down{color:#006b2d}tr.next td{border-top:2px solid #bbb}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#181818}th{background:#242424}\
th,td{border-color:#3a3a3a}.up{color:#ff8f8f}.down{color:#7fd49b}}";

/// Text with its markup escaped.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not allowed in a page.
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The whole page.
pub fn html(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{summary}.<br>Usage from {source}, {time}.</p>\n",
        title = escaped(&report.title),
        summary = escaped(&report.summary()),
        source = escaped(&report.source),
        time = escaped(&report.time),
    );
    for note in &report.notes {
        let _ = writeln!(page, "<p>{}</p>", escaped(note));
    }
    page.push_str(
        "<table>\n<thead><tr><th class=\"t\">Namespace</th><th class=\"t\">Workload</th><th class=\"t\">Container</th>\
         <th>CPU request</th><th>proposed</th><th>p50</th><th>p95</th><th>p99</th><th>max</th>\
         <th>Memory request</th><th>proposed</th><th>typical daily peak</th><th>max</th>\
         <th>Savings a month</th><th>Confidence</th><th>Risk</th><th class=\"t\">Outcome</th></tr></thead>\n<tbody>\n",
    );
    for row in &report.workloads {
        rows(row, &mut page);
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

fn rows(row: &Row, page: &mut String) {
    for (at, c) in row.lines().iter().enumerate() {
        let once = |text: String| if at == 0 { escaped(&text) } else { String::new() };
        let outcome = match row.outcome.as_str() {
            RECOMMENDED => row.risk_factors.join("; "),
            other => format!("{other}: {}", row.message),
        };
        let _ = writeln!(
            page,
            "<tr{}><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td>\
             <td>{}</td>{}{}<td>{}</td>{}{}\
             <td>{}</td><td>{}</td><td>{}</td><td class=\"t why\">{}</td></tr>",
            if at == 0 { " class=\"next\"" } else { "" },
            once(row.namespace.clone()),
            once(format!("{} {}", row.kind, row.name)),
            escaped(&c.name),
            cpu_text(c.cpu.request),
            proposed((c.cpu.request, c.cpu.proposed_request), (c.cpu.limit, c.cpu.proposed_limit), cpu_text),
            cells(&c.cpu.used()),
            memory_text(c.memory.request),
            proposed(
                (c.memory.request, c.memory.proposed_request),
                (c.memory.limit, c.memory.proposed_limit),
                memory_text
            ),
            cells(&c.memory.used()),
            once(row.savings_text().unwrap_or_default()),
            once(row.confidence_percent.map(|p| format!("{p} %")).unwrap_or_default()),
            once(row.risk.clone().unwrap_or_default()),
            once(outcome),
        );
    }
}

fn cells(texts: &[String]) -> String {
    texts.iter().map(|text| format!("<td>{text}</td>")).collect()
}

/// The proposed request, and the limit where that changes.
fn proposed(
    request: (Option<i64>, Option<i64>),
    limit: (Option<i64>, Option<i64>),
    text: fn(Option<i64>) -> String,
) -> String {
    // The request decides the colour; where it is unchanged, the limit does.
    let (from, to) = if request.0 == request.1 { limit } else { request };
    let class = match (from, to) {
        (from, to) if from == to => return "<td></td>".to_owned(),
        (Some(from), Some(to)) if to < from => "down",
        _ => "up",
    };
    let limit = limit_change(limit, text);
    format!("<td class=\"{class}\">{}</td>", words::with_limit(&text(request.1), limit.as_deref()))
}
