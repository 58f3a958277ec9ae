//! Rules about source files and docs that no compiler enforces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use support::{is_test, program};
use trimtab_api::runbooks::{RUNBOOKS, Runbooks};

const SOURCES: &[&str] = &["operators", "e2e/harness", "e2e/demo", "e2e/torture", "bench", "fuzz/fuzz_targets"];
const OPERATORS: &[&str] = &["operators"];

/// Maximum size of any file, except tests and test data.
const MOST_BYTES: usize = 20 * 1024;
/// Maximum size of a program file without an entry in [`LARGE`].
const USUAL_BYTES: usize = 12 * 1024;
/// Program files above [`USUAL_BYTES`], each of which cannot be split sensibly.
const LARGE: &[&str] = &[
    "operators/api/src/conditions.rs",
    "operators/controllers/optimization-policy/src/round.rs",
    "operators/pricing/src/node_class.rs",
    "operators/runtime/src/lease.rs",
    "operators/runtime/src/metrics/mod.rs",
    "operators/metrics-sources/src/prometheus/config.rs",
];

/// Files of `operators/` that read the monotonic clock: to wait, or to measure a duration.
const STOPWATCHES: &[&str] = &[
    "operators/controllers/optimization-policy/src/controller.rs",
    "operators/controllers/recommendation/src/nodes.rs",
    "operators/controllers/recommendation/src/rollouts.rs",
    "operators/driver/src/emergency_stop.rs",
    "operators/driver/src/work_queue.rs",
    "operators/runtime/",
    "operators/admission-sizes/src/keeper/overlay.rs",
    "operators/metrics-sources/src/attempts.rs",
    "operators/controllers/usage-profile/src/controller.rs",
    "operators/world/src/watching.rs",
    "operators/world/src/world.rs",
];
/// Files of `operators/` that read the time of day or generate random numbers: the binary, which passes both down as
/// arguments, and the runtime, which stamps what it sends.
const CLOCKS: &[&str] = &["operators/manager/src/", "operators/runtime/src/"];

/// Lines of code that contain one of `words`, as `path:line`.
fn lines_with(files: &[(String, String)], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        for (at, line) in text.lines().enumerate() {
            let is_code = !line.trim_start().starts_with("//");
            if is_code && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = support::files(SOURCES, "rs");
    assert!(files.len() > 150, "only {} files found", files.len());
    let silent = |(path, text): &(String, String)| {
        // The name of a module of tests shows what it is.
        let is_module_of_tests = is_test(path) && !path.contains("/tests/") && !path.contains("/examples/");
        (!is_module_of_tests && !text.starts_with("//! ")).then(|| path.clone())
    };
    let silent: Vec<String> = files.iter().filter_map(silent).collect();
    assert!(silent.is_empty(), "no module header: {silent:#?}");
}

#[test]
fn files_are_small_rooms() {
    let files = support::files(SOURCES, "rs");
    let huge: Vec<_> = files.iter().filter(|(_, text)| text.len() > MOST_BYTES).map(|(path, _)| path).collect();
    assert!(huge.is_empty(), "over {MOST_BYTES} bytes: {huge:#?}");
    let large: BTreeSet<&str> = files
        .iter()
        .filter(|(path, text)| text.len() > USUAL_BYTES && !is_test(path))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        large,
        LARGE.iter().copied().collect(),
        "left: program files over {USUAL_BYTES} bytes; right: those named"
    );
}

#[test]
fn only_the_edge_reads_the_time_of_day_or_draws_a_number() {
    let words = ["Timestamp::now", "SystemTime::now", "Zoned::now", "Utc::now", "fastrand::", "rand::"];
    let mut found = lines_with(&program(OPERATORS), &words);
    found.retain(|line| !CLOCKS.iter().any(|allowed| line.starts_with(allowed)));
    assert!(found.is_empty(), "a clock or a random number where `now` should be an argument: {found:#?}");
}

#[test]
fn only_named_files_read_the_monotonic_clock() {
    let mut found = lines_with(&program(OPERATORS), &["Instant::now"]);
    let reading: Vec<&str> =
        STOPWATCHES.iter().copied().filter(|s| found.iter().any(|line| line.starts_with(s))).collect();
    assert_eq!(reading, STOPWATCHES, "a name here that needs no clock any more");
    found.retain(|line| !STOPWATCHES.iter().any(|allowed| line.starts_with(allowed)));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_program_does_not_stop_at_a_surprise_and_nothing_is_left_for_later() {
    let stops = lines_with(&program(OPERATORS), &[".unwrap()", ".expect(", "panic!(", "unreachable!("]);
    assert!(stops.is_empty(), "{stops:#?}");
    let later = lines_with(&support::files(SOURCES, "rs"), &[concat!("todo", "!("), concat!("unimplemented", "!(")]);
    assert!(later.is_empty(), "{later:#?}");
}

#[test]
fn nothing_is_printed_that_panics_where_nobody_reads() {
    let macros = [" print!(", "println!(", " eprint!("];
    let found = lines_with(&program(OPERATORS), &macros);
    assert!(found.is_empty(), "write with trimtab_kubectl::screen: {found:#?}");
}

/// The names that follow `before` in a text, such as those of functions after `pub fn `.
fn names_after(text: &str, before: &str) -> Vec<String> {
    let rests = text.split(before).skip(1);
    rests.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn every_series_has_a_caller_that_moves_it() {
    let home = "operators/runtime/src/metrics/";
    let (own, others): (Vec<_>, Vec<_>) = program(OPERATORS).into_iter().partition(|(path, _)| path.starts_with(home));
    let of = |file: &str| &own.iter().find(|(path, _)| *path == format!("{home}{file}")).unwrap().1;
    let where_stands = |word: &str| -> String {
        others.iter().filter(|(_, text)| text.contains(word)).map(|(_, text)| text.as_str()).collect()
    };
    let mut idle = Vec::new();
    // Each file with a word that appears wherever its handles are used.
    for (file, word) in [("mod.rs", "etrics"), ("reconcile.rs", "metrics.controller("), ("queue.rs", "QueueMetrics")] {
        let callers = where_stands(word);
        let handles = names_after(of(file), "    pub fn ").into_iter().filter(|name| name != "new");
        idle.extend(handles.filter(|name| !callers.contains(&format!(".{name}("))));
    }
    let outcomes = of("reconcile.rs").split("pub enum Outcome {").nth(1).unwrap().split('}').next().unwrap();
    let used = names_after(&where_stands("metrics"), "Outcome::");
    idle.extend(names_after(outcomes, "\n    ").into_iter().filter(|name| !name.is_empty() && !used.contains(name)));
    let families = names_after(of("scrape.rs"), "pub const ");
    assert!(families.len() >= 15, "{families:?}");
    let registered = names_after(&where_stands("gauges::"), "gauges::");
    idle.extend(families.into_iter().filter(|family| !registered.contains(family)));
    assert!(idle.is_empty(), "nobody moves them: {idle:?}");
}

#[test]
fn unsafe_code_is_forbidden_for_all() {
    assert!(support::read("Cargo.toml").contains("unsafe_code = \"forbid\""));
    let lifted = lines_with(&support::files(SOURCES, "rs"), &["allow(unsafe_code"]);
    let lifted: Vec<_> = lifted.iter().filter(|line| !line.starts_with("operators/manager/tests/rules.rs")).collect();
    assert!(lifted.is_empty(), "{lifted:#?}");
}

/// The values of `pub const NAME: &str = "Value";` in the modules `names` of a source file.
fn constants(source: &str, modules: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for module in modules {
        let body = source.split(&format!("pub mod {module} {{")).nth(1).unwrap().split("\n}").next().unwrap();
        let values = body.lines().filter(|l| l.trim_start().starts_with("pub const "));
        found.extend(values.map(|l| l.split('"').nth(1).unwrap().to_owned()));
    }
    found
}

#[test]
fn every_reason_has_its_runbook() {
    let conditions = constants(&support::read("operators/api/src/conditions.rs"), &["reasons", "recommendation"]);
    assert!(conditions.len() >= 25, "{conditions:?}");
    let outcome = support::read("operators/controllers/optimization-policy/src/outcome.rs");
    let skips: BTreeSet<String> = outcome
        .lines()
        .filter_map(|l| l.trim().strip_prefix("Self::")?.split_once(" => \"")?.1.strip_suffix("\",").map(str::to_owned))
        .filter(|reason| reason.chars().all(|c| c.is_ascii_alphanumeric()))
        .collect();
    assert!(skips.len() >= 15, "{skips:?}");
    let rules = support::read("deploy/monitoring/rules.yaml");
    let alerts: BTreeSet<&str> = rules.lines().filter_map(|l| l.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 15, "{alerts:?}");
    let pages = support::files(&["docs/runbooks"], "md");
    let has_page = |reason: &str| pages.iter().any(|(path, _)| *path == format!("docs/runbooks/{reason}.md"));
    let has_section = |reason: &str| pages.iter().any(|(_, text)| text.lines().any(|l| l == format!("## {reason}")));
    let missing: Vec<_> = conditions.union(&skips).filter(|r| !has_page(r) && !has_section(r)).collect();
    assert!(missing.is_empty(), "no page docs/runbooks/REASON.md and no section: {missing:#?}");
    for (path, text) in pages.iter().filter(|(path, _)| !path.ends_with("README.md")) {
        let reason = path.rsplit('/').next().unwrap().trim_end_matches(".md");
        let known = conditions.contains(reason) || skips.contains(reason) || alerts.contains(reason);
        assert!(known, "{path} is about a reason or an alert that does not exist");
        for part in ["# ", "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"] {
            assert!(text.lines().any(|l| l.starts_with(part)), "{path} has no {part:?}");
        }
    }
}

/// Reasons with a page to which no message links: they require no action, or the message says everything.
const CALM: [&str; 6] = ["PendingApproval", "PrecedenceWon", "Rejected", "RollingBack", "Superseded", "Suspended"];

#[test]
fn messages_and_alerts_lead_to_their_runbook() {
    let exists = |page: &str| {
        let file = page.strip_prefix(RUNBOOKS).unwrap_or_else(|| panic!("{page} is not under {RUNBOOKS}"));
        assert!(support::root().join(format!("docs/runbooks{file}")).is_file(), "{page}");
    };
    let conditions = constants(&support::read("operators/api/src/conditions.rs"), &["reasons", "recommendation"]);
    for reason in &conditions {
        match Runbooks::default().page(reason) {
            Some(page) => exists(&page),
            None => {
                let page = support::root().join(format!("docs/runbooks/{reason}.md"));
                assert_eq!(page.exists(), CALM.contains(&reason.as_str()), "no message leads to {}", page.display());
            }
        }
    }
    let rules = support::read("deploy/monitoring/rules.yaml");
    let alerts: Vec<&str> = rules.lines().filter_map(|l| l.trim().strip_prefix("runbook_url: ")).collect();
    assert!(alerts.len() >= 15, "{alerts:?}");
    alerts.into_iter().for_each(exists);
}

#[test]
fn every_flag_of_the_controller_is_documented() {
    let cli = support::read("operators/manager/src/cli.rs");
    let fields: BTreeSet<String> = ["ControllerArgs", "PrometheusArgs"]
        .iter()
        .flat_map(|name| {
            let body = cli.split(&format!("pub struct {name} {{")).nth(1).unwrap().split("\n}").next().unwrap();
            let named = body.split("#[arg(").skip(1).filter(|rest| rest.contains("long"));
            named
                .filter_map(|rest| rest.split("pub ").nth(1)?.split(':').next().map(|f| f.replace('_', "-")))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(fields.len() >= 20, "{fields:?}");
    let docs = support::read("docs/operations.md") + &support::read("docs/prometheus.md");
    let missing: Vec<_> = fields.iter().filter(|f| !docs.contains(&format!("`--{f}"))).collect();
    assert!(missing.is_empty(), "flags without a word in docs/operations.md or docs/prometheus.md: {missing:#?}");
}

#[test]
fn profiles_are_documented_as_they_are() {
    let rules = support::read("operators/sizing/src/rules.rs");
    let docs = support::read("docs/how-sizing-works.md");
    let rows: Vec<&str> =
        rules.lines().filter_map(|l| l.trim().strip_prefix("/// ")).filter(|l| l.starts_with("| ")).collect();
    assert!(rows.len() >= 4, "{rows:?}");
    for row in rows {
        assert!(docs.lines().any(|l| l == row), "docs/how-sizing-works.md lacks {row}");
    }
}
