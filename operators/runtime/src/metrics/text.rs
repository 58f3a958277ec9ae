//! Converts OpenMetrics text to the Prometheus text format 0.0.4.
//!
//! The registry writes OpenMetrics, where a counter family is named without `_total` and may therefore not share its
//! stem with a gauge (`trimtab_recommendations_total`, `trimtab_recommendations`). In the older format, which every
//! scraper reads, the family's name is the sample's name.

/// Renames counter and info families after their samples, and drops what the older format does not support.
pub(super) fn from_open_metrics(open: &str) -> String {
    let mut out = String::with_capacity(open.len() + 512);
    // The help line precedes the type line, which determines the family's name.
    let mut help: Option<&str> = None;
    for line in open.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = Some(rest);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            let text = help.take().and_then(|h| h.split_once(' ')).map_or("", |(_, text)| text);
            super::scrape::describe(&format!("{name}{suffix}"), text, kind, &mut out);
        } else if !line.starts_with('#') {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::from_open_metrics;

    #[test]
    fn counters_and_infos_take_the_name_of_their_samples() {
        let open = "# HELP a Things.\n# TYPE a counter\na_total{x=\"# y\"} 1\n# HELP b_seconds Time.\n\
                    # TYPE b_seconds histogram\n# UNIT b_seconds seconds\nb_seconds_sum 1.5\n# HELP c About.\n\
                    # TYPE c info\nc_info{v=\"1\"} 1\n# EOF\n";
        let text = "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"# y\"} 1\n# HELP b_seconds Time.\n\
                    # TYPE b_seconds histogram\nb_seconds_sum 1.5\n# HELP c_info About.\n\
                    # TYPE c_info gauge\nc_info{v=\"1\"} 1\n";
        assert_eq!(from_open_metrics(open), text);
    }
}
