//! Labels, annotations, finalizers, and the names of objects that Trimtab creates.

use std::hash::Hasher;

use fnv::FnvHasher;

/// Limits what policies may do with a workload or a namespace: `Off`, `Recommend` or `Apply`.
pub const MODE_ANNOTATION: &str = "trimtab.dev/mode";
/// The minimum CPU request, as `CONTAINER=QUANTITY`, or `QUANTITY` for all containers, comma-separated. It can only
/// narrow the bounds of a policy.
pub const MIN_CPU_ANNOTATION: &str = "trimtab.dev/min-cpu";
/// The maximum CPU request; see [`MIN_CPU_ANNOTATION`].
pub const MAX_CPU_ANNOTATION: &str = "trimtab.dev/max-cpu";
/// The minimum memory request; see [`MIN_CPU_ANNOTATION`].
pub const MIN_MEMORY_ANNOTATION: &str = "trimtab.dev/min-memory";
/// The maximum memory request; see [`MIN_CPU_ANNOTATION`].
pub const MAX_MEMORY_ANNOTATION: &str = "trimtab.dev/max-memory";
/// The memory that the process is configured to use, if the template does not show it, as `CONTAINER=QUANTITY`, or
/// `QUANTITY` for all containers, comma-separated. No memory limit is proposed below it.
pub const RUNTIME_MEMORY_ANNOTATION: &str = "trimtab.dev/runtime-memory";
/// Set by people on a policy to request an analysis now. Any new value works.
pub const REQUESTED_AT_ANNOTATION: &str = "trimtab.dev/requested-at";

/// The prefix of all labels and annotations of Trimtab.
pub const PREFIX: &str = "trimtab.dev/";
/// Annotations that bound the size of containers, for all of them or by `CONTAINER=QUANTITY`.
pub const BOUND_ANNOTATIONS: &[&str] =
    &[MIN_CPU_ANNOTATION, MAX_CPU_ANNOTATION, MIN_MEMORY_ANNOTATION, MAX_MEMORY_ANNOTATION, RUNTIME_MEMORY_ANNOTATION];
/// Annotations that are read on workloads, in addition to [`BOUND_ANNOTATIONS`].
pub const WORKLOAD_ANNOTATIONS: &[&str] = &[MODE_ANNOTATION];
/// Annotations that are read on namespaces.
pub const NAMESPACE_ANNOTATIONS: &[&str] = &[MODE_ANNOTATION];
/// Annotations that are read on policies.
pub const POLICY_ANNOTATIONS: &[&str] = &[REQUESTED_AT_ANNOTATION];

/// On objects that a policy created: the name of the policy, truncated to 63 characters.
pub const POLICY_LABEL: &str = "trimtab.dev/policy";
/// On objects for a workload: its kind.
pub const WORKLOAD_KIND_LABEL: &str = "trimtab.dev/workload-kind";

/// On a Recommendation that must not be deleted before Trimtab has undone its changes, or has recorded the decision.
pub const FINALIZER: &str = "trimtab.dev/settle";

/// The longest name that Kubernetes accepts for an object.
const MAX_NAME: usize = 253;

/// The stable name of an object for one workload: the short name of the kind, a dash, the workload's name, and
/// `suffix` if there is one (`deploy-web`, `sts-db-replicas`).
///
/// If that is longer than Kubernetes allows, the end is replaced by a hash of the whole name (FNV-1a, 64 bits), so
/// that two long names do not collide.
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

/// `text` truncated to a valid label value: at most 63 characters, starting and ending with an alphanumeric
/// character.
pub fn label_value(text: &str) -> &str {
    text[..text.floor_char_boundary(63)].trim_matches(|c: char| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every annotation is read somewhere. One that is missing from these lists would be reported as a typo.
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
        // Objects are found by this name: another hash would orphan them.
        assert!(about_workload("Deployment", &long, "").ends_with("a-929338694d2dfcf3"));
        assert_eq!(about_workload("Deployment", &"x".repeat(63), "").len(), 70);
    }

    #[test]
    fn label_values_are_valid() {
        assert_eq!(label_value("production"), "production");
        assert_eq!(label_value(&format!("{}--tail", "p".repeat(62))).len(), 62);
    }
}
