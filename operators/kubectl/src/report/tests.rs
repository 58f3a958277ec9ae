//! Reports as text, and what they must never do with names from a cluster.
#![allow(clippy::unwrap_used)]

use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Container, Cpu, Memory, Report, Row, csv, html, table};
use crate::paint::Paint;

fn report() -> Report {
    let app = Container {
        name: "app".to_owned(),
        cpu: Cpu {
            request: Some(500),
            proposed_request: Some(120),
            p50: Some(80),
            p95: Some(98),
            p99: Some(110),
            maximum: Some(131),
            ..Cpu::default()
        },
        memory: Memory {
            request: Some(512 << 20),
            proposed_request: Some(256 << 20),
            limit: Some(512 << 20),
            proposed_limit: Some(256 << 20),
            typical_daily_peak: Some(180 << 20),
            maximum: Some((190 << 20) - 5),
        },
        samples: 4032,
        days: 14,
        ..Container::default()
    };
    let proxy = Container { name: "proxy".to_owned(), is_left_alone: true, ..Container::default() };
    let web = Row {
        namespace: "shop".to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
        policy: Some("tried".to_owned()),
        policy_today: Some("services".to_owned()),
        outcome: "Recommended".to_owned(),
        message: "CPU at most 98m, \"nearly\" always. It saves 12.30 USD a month.".to_owned(),
        cpu: "500m→120m".to_owned(),
        memory: "512Mi→256Mi".to_owned(),
        monthly_savings: Some("12.3".to_owned()),
        currency: Some("USD".to_owned()),
        confidence_percent: Some(96),
        risk: Some("Low".to_owned()),
        containers: vec![app, proxy],
        ..Row::default()
    };
    let none = Row {
        namespace: "shop".to_owned(),
        kind: "StatefulSet".to_owned(),
        name: "db".to_owned(),
        policy: Some("tried".to_owned()),
        outcome: "NoUsageData".to_owned(),
        message: "=cmd|' /C calc'!A0 <script>alert(1)</script>".to_owned(),
        ..Row::default()
    };
    let id = WorkloadId::new(WorkloadKind::CronJob, "shop", "report");
    let kept = Row::not_taken(&id, Some("jobs".to_owned()), "selected, and jobs counts".to_owned());
    Report {
        title: "A <b>title</b>".to_owned(),
        source: "http://prometheus:9090".to_owned(),
        time: "2026-11-21 12:00:00Z".to_owned(),
        monthly_savings: [("USD".to_owned(), "12.30".to_owned())].into(),
        workloads: vec![web, none, kept],
        notes: vec!["a & b".to_owned()],
    }
}

#[test]
fn the_table_has_a_line_for_each_container() {
    assert_eq!(
        table(&report(), true, true, true, Paint(false)),
        "\
NAMESPACE   WORKLOAD     CONTAINER   CPU         P50   P95   P99    MAX    MEMORY                            DAILY PEAK   MAX     SAVINGS     CONF%   RISK   POLICY            WHY NOT
shop        deploy/web   app         500m→120m   80m   98m   110m   131m   512Mi→256Mi (limit 512Mi→256Mi)   180Mi        190Mi   12.30 USD   96      Low    services→tried
                         proxy       -           -     -     -      -      -                                 -            -
shop        sts/db       -           -           -     -     -      -      -                                 -            -       -           -       -      tried             NoUsageData
shop        cj/report    -           -           -     -     -      -      -                                 -            -       -           -       -      stays with jobs   selected, and jobs counts
"
    );
    let plain = table(&report(), false, false, false, Paint(false));
    assert!(plain.starts_with("deploy/web") && !plain.contains("POLICY") && !plain.contains("tried"), "{plain}");
    assert_eq!(table(&Report::default(), true, true, true, Paint(false)), "");
    assert_eq!(
        report().summary(),
        "3 workloads: 1 with a recommendation, 0 right-sized, 2 skipped; savings 12.30 USD a month"
    );
}

#[test]
fn csv_is_whole_and_runs_nothing() {
    let text = csv(&report());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(
        lines[1].starts_with("shop,Deployment,web,app,Recommended,tried,services,500,120,,,80,98,110,131,536870912,")
    );
    assert!(
        lines[1].ends_with(",\"CPU at most 98m, \"\"nearly\"\" always. It saves 12.30 USD a month.\""),
        "{}",
        lines[1]
    );
    assert!(lines[3].ends_with(",\"'=cmd|' /C calc'!A0 <script>alert(1)</script>\""), "{}", lines[3]);
    for (field, expected) in [
        ("=1+1", "\"'=1+1\""),
        ("+x", "\"'+x\""),
        ("@SUM(A1)", "\"'@SUM(A1)\""),
        ("-x", "\"'-x\""),
        ("\tx", "\"'\tx\""),
        ("-2.50", "-2.50"),
        ("plain", "plain"),
        ("-inf", "\"'-inf\""),
    ] {
        assert_eq!(csv::field(field), expected, "{field:?}");
    }
}

#[test]
fn html_is_one_page_and_nothing_in_it_runs() {
    let page = html(&report());
    assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"), "{page}");
    assert!(page.contains("A &lt;b&gt;title&lt;/b&gt;") && page.contains("a &amp; b"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    for never in ["<script", "<b>", "http-equiv=\"refresh\"", "src=", "href=", "url("] {
        assert!(!page.contains(never), "{never}: {page}");
    }
    assert!(page.contains("<td class=\"down\">256Mi (limit 512Mi→256Mi)</td>"), "{page}");
    assert!(page.contains("<td class=\"down\">120m</td>") && page.contains("12.30 USD"), "{page}");
}

#[test]
fn json_has_the_figures_as_numbers() {
    let value = serde_json::to_value(report()).unwrap();
    let cpu = &value["workloads"][0]["containers"][0]["cpu"];
    assert_eq!((&cpu["p99"], &cpu["proposedRequest"]), (&110.into(), &120.into()));
    assert_eq!(value["workloads"][0]["policyToday"], "services");
}

#[test]
fn a_limit_that_changes_alone_is_shown_too() {
    let mut report = report();
    let c = &mut report.workloads[0].containers[0];
    (c.cpu.proposed_request, c.cpu.limit, c.cpu.proposed_limit) = (Some(500), Some(1000), Some(2000));
    (c.memory.limit, c.memory.proposed_limit) = (None, None);
    let text = table(&report, false, false, false, Paint(false));
    assert!(text.contains("500m (limit 1→2)") && text.contains("512Mi→256Mi   180Mi"), "{text}");
    assert!(html(&report).contains("<td class=\"up\">500m (limit 1→2)</td>"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["workloads"][0]["containers"][0]["cpu"]["proposedLimit"], 2000);
    assert!(csv(&report).contains(",500,500,1000,2000,"));
}
