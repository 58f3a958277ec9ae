//! Labels, annotations, field managers and the rule by which objects that Trimtab makes are named.

use std::hash::Hasher;

use fnv::FnvHasher;

/// How a workload or a namespace limits what policies may do with it: `Off`, `Recommend` or `Apply`.
pub const MODE_ANNOTATION: &str = "trimtab.dev/mode";
/// Least CPU request, as `CONTAINER=QUANTITY` or `QUANTITY` for all, comma separated. It can only narrow a policy's bounds.
pub const MIN_CPU_ANNOTATION: &str = "trimtab.dev/min-cpu";
/// Greatest CPU request; see [`MIN_CPU_ANNOTATION`].
pub const MAX_CPU_ANNOTATION: &str = "trimtab.dev/max-cpu";
/// Least memory request; see [`MIN_CPU_ANNOTATION`].
pub const MIN_MEMORY_ANNOTATION: &str = "trimtab.dev/min-memory";
/// Greatest memory request; see [`MIN_CPU_ANNOTATION`].
pub const MAX_MEMORY_ANNOTATION: &str = "trimtab.dev/max-memory";
/// How much memory the process was told that it may use, where the template does not show it, as `CONTAINER=QUANTITY` or
/// `QUANTITY` for all, comma separated. No memory limit is proposed below it.
pub const RUNTIME_MEMORY_ANNOTATION: &str = "trimtab.dev/runtime-memory";
/// Set by people on a policy to have it looked at now; any new value will do.
pub const REQUESTED_AT_ANNOTATION: &str = "trimtab.dev/requested-at";

/// What every label and annotation of Trimtab begins with.
pub const PREFIX: &str = "trimtab.dev/";
/// Annotations that bound the size of containers, for all of them or by `CONTAINER=AMOUNT`.
pub const BOUND_ANNOTATIONS: &[&str] =
    &[MIN_CPU_ANNOTATION, MAX_CPU_ANNOTATION, MIN_MEMORY_ANNOTATION, MAX_MEMORY_ANNOTATION, RUNTIME_MEMORY_ANNOTATION];
/// Annotations that are read on workloads, beside [`BOUND_ANNOTATIONS`].
pub const WORKLOAD_ANNOTATIONS: &[&str] = &[MODE_ANNOTATION];
/// Annotations that are read on namespaces.
pub const NAMESPACE_ANNOTATIONS: &[&str] = &[MODE_ANNOTATION];
/// Annotations that are read on policies.
pub const POLICY_ANNOTATIONS: &[&str] = &[REQUESTED_AT_ANNOTATION];

/// On objects that a policy made: that policy's name, cut to 63 characters.
pub const POLICY_LABEL: &str = "trimtab.dev/policy";
/// On objects that are about a workload: its kind.
pub const WORKLOAD_KIND_LABEL: &str = "trimtab.dev/workload-kind";

/// On a Recommendation that must not go before Trimtab has done something about it: undone what it changed, or noted what was
/// decided.
pub const FINALIZER: &str = "trimtab.dev/settle";

/// The longest name that Kubernetes accepts for an object.
const MAX_NAME: usize = 253;

/// The stable name of an object about one workload: the kind's short name, a dash, the workload's name, and `suffix`
/// where there is one (`deploy-web`, `sts-db-replicas`).
///
/// Where that would be longer than Kubernetes allows, the end is replaced by a hash of the whole (FNV-1a, 64 bits), so
/// that two long names never meet.
pub fn about_workload(kind: &str, name: &str, suffix: &str) -> String {
    let short = match kind {
        "Deployment" => "deploy",
        "StatefulSet" => "sts",
        "DaemonSet" => "ds",
        "CronJob" => "cronjob",
        "Job" => "job",
        other => return bounded(format!("{}-{name}{suffix}", other.to_ascii_lowercase())),
    };
    bounded(format!("{short}-{name}{suffix}"))
}

fn bounded(full: String) -> String {
    if full.len() <= MAX_NAME {
        return full;
    }
    let mut hasher = FnvHasher::default();
    hasher.write(full.as_bytes());
    let start = &full[..full.floor_char_boundary(MAX_NAME - 17)];
    format!("{}-{:016x}", start.trim_end_matches(['-', '.']), hasher.finish())
}

/// `text` cut so that it can be a label's value: at most 63 characters, starting and ending alphanumeric.
pub fn label_value(text: &str) -> &str {
    text[..text.floor_char_boundary(63)].trim_matches(|c: char| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every annotation is read somewhere. One that is missing from these lists would be reported as a typing error.
    #[test]
    fn every_annotation_is_listed_where_it_is_read() {
        let listed =
            [BOUND_ANNOTATIONS, WORKLOAD_ANNOTATIONS, NAMESPACE_ANNOTATIONS, POLICY_ANNOTATIONS].map(<[&str]>::iter);
        let listed: Vec<&str> = listed.into_iter().flatten().copied().collect();
        let defined: Vec<&str> = include_str!("names.rs")
            .lines()
            .filter(|line| line.starts_with("pub const ") && line.contains("_ANNOTATION: &str = "))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        assert!(defined.len() >= 6, "{defined:?}");
        for key in defined {
            assert!(listed.contains(&key) && key.starts_with(PREFIX), "{key} is in none of the lists above");
        }
    }

    #[test]
    fn names_are_stable_short_and_never_meet() {
        assert_eq!(about_workload("Deployment", "web", ""), "deploy-web");
        assert_eq!(about_workload("StatefulSet", "web", "-replicas"), "sts-web-replicas");
        let long = "a".repeat(250);
        let (a, b) = (
            about_workload("Deployment", &format!("{long}aa"), ""),
            about_workload("Deployment", &format!("{long}ab"), ""),
        );
        assert!(a.len() <= 253 && a != b);
        // Objects are found again by it: another hash would orphan them.
        assert!(about_workload("Deployment", &long, "").ends_with("a-929338694d2dfcf3"));
        assert_eq!(about_workload("Deployment", &"x".repeat(63), "").len(), 70);
    }

    #[test]
    fn label_values_are_valid() {
        assert_eq!(label_value("production"), "production");
        assert_eq!(label_value(&format!("{}--tail", "p".repeat(62))).len(), 62);
    }
}
