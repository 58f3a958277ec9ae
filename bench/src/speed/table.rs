//! The human-readable table: the figures, beside others, and the targets. Pure.

use std::fmt::Write as _;

use super::{
    figures::{Figures, mib},
    references::{ATTUNE, KRR, Reference, VPA},
    targets::{Verdict, mean},
    world::Size,
};

const NONE: &str = "–";

/// Markdown of two tables: the figures beside those of others, and the targets.
pub fn markdown(
    size: &Size,
    trimtab: &Figures,
    vpa: Option<&Figures>,
    large: Option<&Figures>,
    verdicts: &[Verdict],
) -> String {
    let mut text = format!(
        "{} Deployments of {} pods on {} nodes; load average at the start {:.1}\n\n",
        size.deployments, size.replicas, size.nodes, trimtab.load_average
    );
    let vpa_title = if vpa.is_some() { "VPA 1.7.1 (this run)" } else { "VPA 1.7.1 ¹" };
    let _ = writeln!(text, "| | Trimtab | {vpa_title} | attune ¹ | KRR simple ¹ |\n|---|---|---|---|---|");
    for (title, own, peer) in rows() {
        let vpa = vpa.map_or_else(|| peer(&VPA), own);
        let _ = writeln!(text, "| {title} | {} | {vpa} | {} | {} |", own(trimtab), peer(&ATTUNE), peer(&KRR));
    }
    let (title, peer) = ("with 20,000 pods: all after / resident steady / peak", large_of);
    let own = large.map_or_else(
        || "not measured".to_owned(),
        |l| large_text(l.all_seconds, mib(l.resident_steady_bytes), mib(l.resident_peak_bytes)),
    );
    let _ = writeln!(text, "| {title} | {own} | {} ¹ | {} | {} |", peer(&VPA), peer(&ATTUNE), peer(&KRR));
    text.push_str("\n¹ measured earlier on a machine of this kind\n\n| target | | measured | |\n|---|---|---|---|\n");
    for v in verdicts {
        let met = if v.met { "met" } else { "**missed**" };
        let _ = writeln!(text, "| {} | {} | {} | {met} |", v.figure, v.target, v.measured);
    }
    text
}

type Row = (&'static str, fn(&Figures) -> String, fn(&Reference) -> String);

fn rows() -> [Row; 8] {
    [
        (
            "from start to all recommendations",
            |f| format!("{:.1} s", f.all_seconds),
            |r| format!("{} s", r.all_seconds),
        ),
        (
            "resident memory, steady / peak (MiB)",
            |f| format!("{:.0} / {:.0}", mib(f.resident_steady_bytes), mib(f.resident_peak_bytes)),
            |r| format!("{} / {:.0}", some(r.steady_mib), r.peak_mib),
        ),
        ("own processor time until then", |f| format!("{:.2} s", f.cpu_seconds), |r| format!("{} s", r.cpu_seconds)),
        (
            "Prometheus: queries / samples read / its processor time",
            |f| {
                let load = |l: &super::figures::QueryLoad| {
                    format!("{} / {:.1} M / {:.1} s", l.queries, l.samples as f64 / 1e6, l.cpu_seconds)
                };
                f.first_pass.as_ref().map_or_else(|| NONE.to_owned(), load)
            },
            |r| r.prometheus.map_or_else(|| NONE.to_owned(), |(q, s, c)| format!("{q} / {s} M / {c} s")),
        ),
        (
            "the same for a later pass",
            |f| {
                mean(&f.later_passes).map_or_else(
                    || NONE.to_owned(),
                    |m| format!("{:.1} / {:.3} M / {:.2} s", m.queries, m.samples / 1e6, m.cpu_seconds),
                )
            },
            |_| NONE.to_owned(),
        ),
        (
            "API writes a minute when nothing changes",
            |f| format!("{:.0}", f.writes_per_minute),
            |r| some(r.writes_per_minute),
        ),
        (
            "own processor time then (thousandths of a core)",
            |f| format!("{:.1}", f.steady_millicores),
            |_| NONE.to_owned(),
        ),
        (
            "API server's processor time until all recommendations",
            |f| format!("{:.1} s", f.plane_cpu_seconds),
            |_| NONE.to_owned(),
        ),
    ]
}

fn large_of(reference: &Reference) -> String {
    reference.large.map_or_else(|| NONE.to_owned(), |(all, steady, peak)| large_text(all, steady, peak))
}

fn large_text(all_seconds: f64, steady_mib: f64, peak_mib: f64) -> String {
    format!("{all_seconds:.1} s / {steady_mib:.0} / {peak_mib:.0} MiB")
}

fn some(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::figures::QueryLoad;
    use super::*;

    #[test]
    fn every_row_has_all_columns_and_misses_are_seen() {
        let size = Size { nodes: 1, deployments: 2, replicas: 3 };
        let figures = Figures {
            all_seconds: 4.25,
            first_pass: Some(QueryLoad { queries: 52, samples: 8_100_000, cpu_seconds: 7.5 }),
            ..Figures::default()
        };
        let missed = Verdict { figure: "x", target: "≤ 1".into(), measured: "2".into(), met: false };
        let text = markdown(&size, &figures, None, Some(&figures), &[missed]);
        assert!(text.contains("| 4.2 s |"), "{text}");
        assert!(text.contains("| 52 / 8.1 M / 7.5 s |"), "{text}");
        assert!(text.contains("| x | ≤ 1 | 2 | **missed** |"), "{text}");
        for line in text.lines().take_while(|l| !l.starts_with('¹')).filter(|l| l.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
    }
}
